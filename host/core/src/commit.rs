//! One transaction of the record store: what the planner in `host/records` hands over and what comes back. All of it is
//! carried out, or none.

use crate::background::Background;
use crate::bound::BoundPredicate;
use crate::caller::{Access, Caller, Principal};
use crate::catalog::Schema;
use crate::clock::Micros;
use crate::derive::Trouble;
use crate::error::Fault;
use crate::id::{Id, RequestId};
use crate::mutation::{Fields, Origin};
use crate::name::{CollectionName, PluginId};
use crate::repeat::{Answer, RepeatKey};
use crate::value::Value;
use std::sync::Arc;

/// Who made a change, as the change log keeps it.
#[derive(Debug, Clone)]
pub struct Author {
    pub principal: Principal,
    /// The plugin whose route, job or subscriber returned the writes, with its version.
    pub through: Option<(PluginId, String)>,
    pub request: RequestId,
    pub origin: Origin,
}

/// A record that was read while planning, and the version that it had (`None`: there was none, or it was archived).
#[derive(Debug, Clone)]
pub struct ReadCheck {
    pub schema: Arc<Schema>,
    pub id: Id,
    pub version: Option<u64>,
}

/// Settings of a plugin that were read while planning, and the version that they had; 0 where nothing was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsCheck {
    pub plugin: PluginId,
    pub version: u64,
}

#[derive(Debug, Clone)]
pub enum Action {
    /// Every field has its value.
    Insert {
        values: Fields,
    },
    /// `set` holds only fields that change; `before` their former values.
    Update {
        set: Fields,
        before: Fields,
    },
    /// Hides the record, which other records may still refer to only where their reference allows it.
    Archive,
    Restore,
}

/// A field that is to be given the next number of its sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Its position.
    pub field: usize,
    /// The values that it is counted by, as JSON; empty where it is counted by none.
    pub per: String,
}

#[derive(Debug, Clone)]
pub struct Change {
    pub schema: Arc<Schema>,
    pub id: Id,
    /// The version that the plan was made on; 0 for an insert.
    pub expected: u64,
    pub action: Action,
    /// The declared transition that this is, for the log.
    pub transition: Option<String>,
    /// Fields that are to be given a number.
    pub numbers: Vec<Number>,
    /// Values of the fields in the collection's `serialize`, before and after: writers that share one take turns.
    pub serialize: Vec<(String, Value)>,
}

/// A record that others of the commit are parts of. It must be live and in no state that locks, which is looked at
/// inside the transaction, and is one version on when they are written. None that the commit changes itself.
#[derive(Debug, Clone)]
pub struct Touch {
    pub schema: Arc<Schema>,
    pub id: Id,
    /// What it is a part of itself, as the plan saw it.
    pub within: Option<Id>,
    /// Whether a state that locks it does not matter: to a migration alone.
    pub even_locked: bool,
}

/// Checked last, with everything of this commit in place.
#[derive(Debug, Clone)]
pub struct Guard {
    pub schema: Arc<Schema>,
    pub filter: BoundPredicate,
    pub archived: bool,
    /// Whether something must match, or nothing may.
    pub wants: bool,
    /// The `serialize` field and value that the filter pins.
    pub serialize: (String, Value),
    pub fault: Fault,
}

/// The answer of a commit that went well, made from what it left. Nothing where more has to be read for it.
pub type Answering = Arc<dyn Fn(&Committed) -> Option<Answer> + Send + Sync>;

/// That a request is not carried out a second time: its key is kept in the same transaction, with its answer.
#[derive(Clone)]
pub struct Repeat {
    pub key: RepeatKey,
    pub answer: Answering,
}

impl std::fmt::Debug for Repeat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repeat").field("key", &self.key).finish_non_exhaustive()
    }
}

/// When a right must hold: of the records as they were, or as the commit leaves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Before,
    After,
}

/// An access rule that must hold of records, archived or not, since whoever asked for the changes is bound by it. It
/// looks at other records, which may have changed since the plan was made; what looks at the record alone is settled in
/// the plan.
#[derive(Debug, Clone)]
pub struct Right {
    pub schema: Arc<Schema>,
    pub rule: BoundPredicate,
    pub moment: Moment,
    /// The records, with what it comes to where it does not hold.
    pub of: Vec<(Id, Refusal)>,
}

#[derive(Debug, Clone)]
pub struct Commit {
    pub access: Access<'static>,
    pub author: Author,
    pub at: Micros,
    pub reads: Vec<ReadCheck>,
    pub settings: Vec<SettingsCheck>,
    pub changes: Vec<Change>,
    /// One for each record, in any order.
    pub touched: Vec<Touch>,
    pub guards: Vec<Guard>,
    pub repeat: Option<Repeat>,
    pub rights: Vec<Right>,
    pub background: Background,
}

impl Commit {
    /// A commit of nothing, to speak of one that never came about.
    pub fn empty(access: Access<'static>, caller: &Caller, origin: Origin, at: Micros) -> Self {
        let author = Author { principal: caller.principal.clone(), through: None, request: caller.request_id, origin };
        let (reads, changes, touched, guards) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (rights, settings, background) = (Vec::new(), Vec::new(), Background::default());
        Self { access, author, at, reads, settings, changes, touched, guards, repeat: None, rights, background }
    }
}

/// What a commit left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// The versions that the changes made, in their order.
    pub versions: Vec<u64>,
    /// What the store did to records beside what it was asked for.
    pub settled: Vec<Settled>,
}

/// A record that a commit changed, or gave values to, by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub collection: CollectionName,
    pub id: Id,
    pub version: u64,
    /// Values that it gave, and what stood there before.
    pub before: Fields,
    pub fields: Fields,
}

/// Why a commit did not happen. Nothing of it is kept.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Something that the plan rests on has changed since: plan again.
    #[error("what was read has changed")]
    Changed,
    #[error("change {index}: an id of that collection is taken")]
    IdTaken { index: usize },
    /// `unique[rule]` of the collection.
    #[error("change {index}: unique rule {rule} is broken")]
    Duplicate { index: usize, rule: usize },
    /// A reference or person that is not there, is archived, or belongs to another organization.
    #[error("change {index}: {field} refers to nothing")]
    Dangling { index: usize, field: String, id: Id },
    /// The record to be archived is referred to by this many records of a collection that restricts it.
    #[error("change {index}: {count} of {by} refer to it")]
    Referred { index: usize, by: CollectionName, count: u64 },
    /// The reference leads in a circle, from the record through these back to it; none where it is too large to be told.
    #[error("change {index}: {field} leads in a circle")]
    Circle { index: usize, field: String, ids: Vec<Id> },
    /// A field that is calculated in the commit cannot be, of this change's record or of a whole that it is a part of.
    #[error("change {index}: {collection}.{field} cannot be calculated: {trouble}")]
    Calculation { index: usize, collection: CollectionName, field: String, trouble: Trouble },
    /// The caller may not read the record that is to be changed.
    #[error("change {index}: the caller may not read it")]
    Hidden { index: usize },
    /// The caller may not change that record so.
    #[error("change {index}: the caller may not do that")]
    Denied { index: usize },
    /// The caller may not write that field of it.
    #[error("change {index}: the caller may not write {field}")]
    DeniedField { index: usize, field: String },
    #[error("guard {index} does not hold")]
    Guard { index: usize },
    /// A request of this key was carried out before, or at the same time.
    #[error("the request was carried out before")]
    Repeated,
    /// The step of background work that this was is another host's by now, or was taken back.
    #[error("the work was taken over")]
    Overtaken,
    /// So many jobs or letters of the plugin wait, or links of it are open, that no more are taken.
    #[error("too much of {plugin} waits")]
    Backlog { plugin: PluginId },
    /// The link by which it was asked for is closed.
    #[error("the link is closed")]
    LinkClosed,
    #[error("the disk or a quota is full")]
    Full,
    /// Not now; nothing happened.
    #[error("the database cannot be reached")]
    Unavailable,
    /// It may or may not have happened: the connection broke while the commit was under way.
    #[error("the outcome is not known")]
    Unknown,
    #[error("the database refused a statement")]
    Broken,
}
