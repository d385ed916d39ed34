//! Work that plugins do without a caller, as commits know of it: jobs that are asked for, and the step of a job or of a
//! subscriber that a commit is. Both are kept with the records of the commit, or nothing of either is.

use crate::clock::Micros;
use crate::id::Id;
use crate::name::{LocalName, PluginId};
use crate::position::LogPosition;
use crate::post::Post;

/// The most bytes of a job's payload or cursor, and characters of the key by which one that waits is told again.
pub const MAX_PAYLOAD: usize = 64 * 1024;
pub const MAX_KEY: usize = 200;
/// The longest that a job may be put off, in seconds: a year.
pub const MAX_DELAY: u32 = 366 * 24 * 60 * 60;
/// Jobs of one plugin that wait in one organization.
pub const MAX_WAITING: u32 = 10_000;
/// How often one change may lead to another through subscribers before it is told to none of them any more.
pub const MAX_DEPTH: u16 = 8;

/// A job that is to be done once the commit stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    pub id: Id,
    pub plugin: PluginId,
    /// As the plugin's descriptor declares it.
    pub name: LocalName,
    /// JSON.
    pub payload: String,
    pub run_after: Micros,
    /// While one of this key waits, it is that one. While one is being done, that one is done once more afterwards.
    pub deduplicate: Option<String>,
}

/// The most documents that one commit asks for, and bytes of the data of one.
pub const MAX_DOCUMENTS: usize = 50;
pub const MAX_DATA: usize = 1024 * 1024;

/// A document that is to be made once the commit stands. Its file is there from the commit on, and has no bytes yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDocument {
    /// Of the file as well.
    pub id: Id,
    pub plugin: PluginId,
    pub template: String,
    pub name: String,
    /// JSON.
    pub data: String,
    /// Days since 1970-01-01.
    pub date: i32,
}

/// Where a job goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    pub cursor: String,
    pub run_after: Micros,
}

/// What a commit is a step of. It is refused where another host has taken the work over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// One slice of a job, which goes on or has ended.
    Job { id: Id, holder: Id, next: Option<Next> },
    /// Changes that a plugin was told of, up to a place in the log.
    Told { plugin: PluginId, holder: Id, next: LogPosition },
}

/// What a commit has to do with background work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Background {
    pub jobs: Vec<NewJob>,
    pub documents: Vec<NewDocument>,
    /// Files that the calls behind this commit made, which its records may hold.
    pub files: Vec<Id>,
    pub step: Option<Step>,
    /// How many subscribers stand between these changes and what somebody did.
    pub depth: u16,
    /// What people are told.
    pub post: Post,
}

impl Background {
    /// Whether anything of it is kept.
    pub fn is_kept(&self) -> bool {
        !self.jobs.is_empty() || !self.documents.is_empty() || self.step.is_some() || self.post.is_kept()
    }
}
