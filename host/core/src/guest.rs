//! What a guest is handed and what it answers, in the host's own types: `host/runtime` turns them into those of `wit/`.

use crate::clock::Micros;
use crate::descriptor::ChangeKind;
use crate::error::Fault;
use crate::id::Id;
use crate::mutation::{Fields, Mutation, Origin};
use crate::query::{Selection, Summary};
use crate::reads::Reads;
use async_trait::async_trait;
use std::any::Any;
use std::sync::Arc;

/// One change, as a before-save hook sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct HookChange {
    /// The collection's name within the plugin.
    pub collection: String,
    pub kind: ChangeKind,
    pub id: Id,
    pub transition: Option<String>,
    pub origin: Origin,
    /// Empty for an insert.
    pub before: Fields,
    /// The whole record as it is to be; empty for a removal.
    pub after: Fields,
    /// By path, what the descriptor's `hook.with` names.
    pub related: Fields,
}

/// What a hook answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// Fields to overwrite in the change at that index.
    pub set: Vec<(u32, Fields)>,
    /// Further changes of the plugin's own collections, and guards. They call no hook.
    pub also: Vec<Mutation>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteRequest {
    /// The route's name in the descriptor.
    pub route: String,
    pub parameters: Vec<(String, String)>,
    pub query: Vec<(String, String)>,
    pub content_type: String,
    pub body: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    Empty,
    Json(String),
    /// A record as it stands after the commit: collection and id.
    Saved(String, Id),
    /// The host answers with these records itself.
    Found(Selection),
    Summarized(Summary),
    /// Content type and bytes.
    Bytes(String, Vec<u8>),
    /// The bytes of a file that the caller may read.
    Media(Id),
    /// The address of an open link of the plugin's own, also of one that the reply opens.
    Link(Id),
}

#[derive(Debug, Clone, PartialEq)]
pub struct RouteReply {
    pub status: u16,
    pub payload: Payload,
    pub writes: Vec<Mutation>,
}

/// One try of one slice of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobCall {
    /// The job's name in the descriptor.
    pub job: String,
    /// JSON.
    pub payload: String,
    /// What the slice before said; nothing at the beginning.
    pub cursor: Option<String>,
    /// The how many-th try of this slice, from 1.
    pub attempt: u16,
}

/// What a slice of a job comes to. Its writes and where it goes on are kept together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Slice {
    pub writes: Vec<Mutation>,
    /// Nothing where the job has ended.
    pub next: Option<Resume>,
}

/// Where a job goes on, and not before when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    pub cursor: String,
    pub delay_seconds: u32,
}

/// A call of a service by another plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCall {
    /// As the descriptor of the plugin that is called declares it.
    pub service: String,
    pub method: String,
    /// JSON.
    pub arguments: String,
}

/// What a service answers. Its writes join those of the plugin that calls.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceAnswer {
    /// JSON.
    pub value: String,
    pub writes: Vec<Mutation>,
}

/// What is left of an outer call's time and bounds, within which the calls that it makes remain. Only whoever runs
/// guests looks inside.
#[derive(Clone)]
pub struct Remainder(pub Arc<dyn Any + Send + Sync>);

impl std::fmt::Debug for Remainder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Remainder")
    }
}

/// What was done to a record that a plugin is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    Insert,
    Update,
    Remove,
    Restore,
}

impl EventKind {
    pub const ALL: [Self; 4] = [Self::Insert, Self::Update, Self::Remove, Self::Restore];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Remove => "remove",
            Self::Restore => "restore",
        }
    }
}

/// A change that was committed, as a subscriber is told of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Grows within an organization, with gaps.
    pub sequence: u64,
    pub at: Micros,
    /// Within the plugin by its name alone, else `plugin/collection`.
    pub collection: String,
    pub id: Id,
    /// The version that the change made.
    pub version: u64,
    pub kind: EventKind,
    pub transition: Option<String>,
    /// Who did it, where it was a person.
    pub person: Option<Id>,
    /// The fields that differ; of an insert all of them, in `after`.
    pub before: Fields,
    pub after: Fields,
}

/// A record of the version before, on its way to the next one.
#[derive(Debug, Clone, PartialEq)]
pub struct FormerRecord {
    pub id: Id,
    pub version: u64,
    pub archived: bool,
    /// Of both versions, as far as they are filled.
    pub fields: Fields,
}

/// Records of one collection that a version is handed to carry over, in one organization.
#[derive(Debug, Clone, PartialEq)]
pub struct Portion {
    /// The version whose records these are.
    pub from_version: String,
    pub to_version: String,
    /// The collection's name within the plugin.
    pub collection: String,
    pub records: Vec<FormerRecord>,
}

/// Why a call of guest code gave no answer. Each has its own status and problem code.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CallFault {
    /// The guest refused, in its own words: these reach the caller.
    #[error("{0}")]
    Refused(Fault),
    #[error("the plugin failed")]
    Trapped,
    /// It used its CPU time up.
    #[error("the plugin used up its computing time")]
    CpuExhausted,
    /// It, or what it called, took too long by the clock.
    #[error("the plugin took too long")]
    TimedOut,
    #[error("the plugin used up its memory")]
    OutOfMemory,
    /// Host calls, bytes or rows beyond the limit.
    #[error("the plugin used up its {0}")]
    Exhausted(&'static str),
    /// The answer is not one that the contract allows; the text is for the plugin's log.
    #[error("the plugin's answer is not valid: {0}")]
    BadAnswer(String),
    /// Every instance is in use.
    #[error("too many calls are under way")]
    Busy,
    /// The call needs a capability that has been revoked.
    #[error("the plugin was not granted {0}")]
    NotGranted(String),
    /// It failed too often, and an administrator has it called again.
    #[error("it is set aside, since it kept failing")]
    SetAside,
    /// The plugin has no code for this.
    #[error("the plugin has no code for this")]
    NoCode,
}

/// The code of one plugin. Implemented by `host/runtime` with wasmtime, and by tests with closures.
#[async_trait]
pub trait Guest: Send + Sync {
    /// Called once for a batch of changes to the plugin's collections, before the transaction.
    async fn before_save(&self, reads: Arc<dyn Reads>, changes: Vec<HookChange>) -> Result<Verdict, CallFault>;
    async fn handle(&self, reads: Arc<dyn Reads>, request: RouteRequest) -> Result<RouteReply, CallFault>;
    /// Called for one slice of a job.
    async fn run(&self, reads: Arc<dyn Reads>, call: JobCall) -> Result<Slice, CallFault>;
    /// Called with changes in the order of their commits.
    async fn receive(&self, reads: Arc<dyn Reads>, events: Vec<Event>) -> Result<Vec<Mutation>, CallFault>;
    /// Called for a version that carries records over, before it is in use.
    async fn migrate(&self, reads: Arc<dyn Reads>, portion: Portion) -> Result<Vec<Mutation>, CallFault>;
    /// Called by another plugin, within what is left of its own call.
    async fn invoke(
        &self,
        reads: Arc<dyn Reads>,
        call: ServiceCall,
        rest: Remainder,
    ) -> Result<ServiceAnswer, CallFault>;
}
