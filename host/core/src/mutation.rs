//! What guest code asks the host to do, and what every door of the host turns a request into.

use crate::error::Fault;
use crate::id::Id;
pub use crate::post::{Addressee, Closing, ClosingReason, Mailing, Notice, Opening};
use crate::query::Predicate;
use crate::value::Value;
use indexmap::IndexMap;

/// Values by field name.
pub type Fields = IndexMap<String, Value>;

#[derive(Debug, Clone, PartialEq)]
pub enum Mutation {
    Insert {
        collection: String,
        id: Id,
        fields: Fields,
    },
    /// Only the named fields change.
    Update {
        collection: String,
        id: Id,
        expected: Option<u64>,
        fields: Fields,
    },
    /// Archives the record: it leaves lists and can be restored.
    Remove {
        collection: String,
        id: Id,
        expected: Option<u64>,
    },
    /// Takes an archived record back.
    Restore {
        collection: String,
        id: Id,
        expected: Option<u64>,
    },
    /// A declared change of state, with further fields set along with it.
    Transition {
        collection: String,
        id: Id,
        expected: Option<u64>,
        name: String,
        fields: Fields,
    },
    /// Nothing matches, checked last inside the transaction with the plugin's rights; else the fault.
    EnsureNone {
        collection: String,
        filter: Predicate,
        fault: Fault,
    },
    /// Something matches; else the fault.
    EnsureSome {
        collection: String,
        filter: Predicate,
        fault: Fault,
    },
    /// A job of the plugin that asks, to be done once everything else of this is carried out.
    Enqueue(Enqueue),
    /// A document of a template of the plugin that asks, made once everything else of this is carried out.
    Render(Document),
    /// A line for people of the organization.
    Notify(Notice),
    /// A letter of a template that the descriptor declares.
    Mail(Mailing),
    /// A way in for somebody without an account.
    OpenLink(Opening),
    CloseLink(Closing),
}

/// A job that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enqueue {
    /// As the descriptor declares it.
    pub name: String,
    /// JSON.
    pub payload: String,
    pub delay_seconds: u32,
    /// While one of this key waits, it is that one.
    pub deduplicate: Option<String>,
}

/// A document that is asked for. It is a file with this id, held by a field that the same writes set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub id: Id,
    /// The template's name among the plugin's assets.
    pub template: String,
    /// What the file is called.
    pub name: String,
    /// JSON.
    pub data: String,
    /// What the template takes for today, in days since 1970-01-01; nothing is the organization's day.
    pub date: Option<i32>,
}

impl Mutation {
    /// The collection that it is about.
    pub fn collection(&self) -> Option<&str> {
        match self {
            Self::Insert { collection, .. }
            | Self::Update { collection, .. }
            | Self::Remove { collection, .. }
            | Self::Restore { collection, .. }
            | Self::Transition { collection, .. }
            | Self::EnsureNone { collection, .. }
            | Self::EnsureSome { collection, .. } => Some(collection),
            Self::Enqueue(_)
            | Self::Render(_)
            | Self::Notify(_)
            | Self::Mail(_)
            | Self::OpenLink(_)
            | Self::CloseLink(_) => None,
        }
    }
}

/// The door that a change came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    Api,
    Page,
    Batch,
    Route,
    /// A job of a plugin, on its own account.
    Job,
    /// A plugin that was told of a change, on its own account.
    Subscriber,
    /// Another plugin, by a service: of the changes that a hook is handed, where the log has the outermost door.
    Service,
    /// The next version of a plugin, which carries its records over.
    Migration,
    /// Setting a record back to what it was.
    Restore,
    /// A file, by the import's id.
    Import(Id),
    /// An import taken back, by its id.
    Undo(Id),
    /// A dry run: planned and committed as by any other door, and then taken back, so that nothing of it is kept.
    Rehearsal(Id),
}

impl Origin {
    /// What the change log calls [`Origin::Migration`].
    pub const MIGRATION: &'static str = "migration";

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Page => "page",
            Self::Batch => "batch",
            Self::Route => "route",
            Self::Job => "job",
            Self::Subscriber => "subscriber",
            Self::Service => "service",
            Self::Migration => Self::MIGRATION,
            Self::Restore => "restore",
            Self::Import(_) => "import",
            Self::Undo(_) => "undo",
            Self::Rehearsal(_) => "rehearsal",
        }
    }

    /// The import that this door stands for.
    pub const fn import(self) -> Option<Id> {
        match self {
            Self::Import(id) | Self::Undo(id) | Self::Rehearsal(id) => Some(id),
            _ => None,
        }
    }

    /// Whether several changes come in together, each named by its place.
    pub const fn is_many(self) -> bool {
        matches!(self, Self::Batch | Self::Import(_) | Self::Undo(_) | Self::Rehearsal(_))
    }
}
