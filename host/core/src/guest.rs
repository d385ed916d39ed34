//! What a guest is handed and what it answers, in the host's own types: `host/runtime` turns them into those of `wit/`.

use crate::descriptor::ChangeKind;
use crate::error::Fault;
use crate::id::Id;
use crate::mutation::{Fields, Mutation, Origin};
use crate::query::{Selection, Summary};
use crate::reads::Reads;
use async_trait::async_trait;
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
}

#[derive(Debug, Clone, PartialEq)]
pub struct RouteReply {
    pub status: u16,
    pub payload: Payload,
    pub writes: Vec<Mutation>,
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
}
