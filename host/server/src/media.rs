//! Files that records hold: taken in, kept, handed out, and swept away when no record holds them.
//!
//! | file | holds |
//! |---|---|
//! | [`place`] | where bytes are kept, as the settings say it |
//! | [`keep`] | bytes by their SHA-256 within the organization: put, read, removed |
//! | [`intake`] | an upload on its way in: bounded, measured, told what it is |
//! | [`made`] | documents that were made, put where uploads are |
//! | [`plugins`] | files as plugins read and make them |
//! | [`rights`] | who may read a file: whoever may read the record that holds it |
//! | [`picture`] | pictures made small |
//! | [`range`], [`hand_out`] | parts of a file (RFC 9110, 14); the answer with its headers |
//! | [`sweep`] | what no record has held for a day goes |
//!
//! What is known of a file is the database's; `lignaflow_store::media` says how the two are kept in step.

mod hand_out;
mod intake;
mod keep;
mod made;
mod picture;
mod place;
mod plugins;
mod range;
mod rights;
mod sweep;

pub use hand_out::Wish;
pub use intake::Upload;
pub use keep::{Keep, KeepFault};
pub use place::Place;
pub use plugins::PluginFiles;
pub use rights::find;

use crate::config::Config;
use lignaflow_core::clock::Clock;
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_store::{Store, StoreError};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Uploads that are read at once; their bytes stand on this machine's disk meanwhile.
const UPLOADS: usize = 64;

/// The files of all organizations. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Media(Arc<Inner>);

struct Inner {
    store: Store,
    keep: Keep,
    clock: Arc<dyn Clock>,
    settings: crate::config::Media,
    uploads: Semaphore,
    pictures: Semaphore,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("keep", &self.keep).finish_non_exhaustive()
    }
}

impl Media {
    /// Opens the place that the settings name; a folder is made.
    pub fn open(config: &Config, store: Store, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let place = Place::of(config).map_err(|message| anyhow::anyhow!("media.url {message}"))?;
        let keep = Keep::open(&place, config)?;
        let settings = config.media.clone();
        Ok(Self(Arc::new(Inner {
            store,
            keep,
            clock,
            settings,
            uploads: Semaphore::new(UPLOADS),
            pictures: Semaphore::new(1),
        })))
    }

    /// The largest file that is taken, in bytes.
    pub fn file_bytes(&self) -> u64 {
        self.0.settings.file_bytes
    }
}

/// What somebody is told when the database failed while a file was dealt with.
pub(crate) fn of_store(error: &StoreError) -> Fault {
    tracing::error!(%error, "a file's row could not be read or written");
    match error {
        StoreError::Full => Fault::new(ErrorCode::Quota, "There is no room left to save this. Nothing was changed."),
        StoreError::Unavailable(_) | StoreError::Contended | StoreError::Unknown => {
            Fault::new(ErrorCode::Unavailable, "The database cannot be reached just now. Try again shortly.")
        }
        _ => Fault::internal(),
    }
}

impl From<KeepFault> for Fault {
    fn from(fault: KeepFault) -> Self {
        tracing::error!(%fault, "the place where files are kept failed");
        match fault {
            KeepFault::Full => Self::new(ErrorCode::Quota, "There is no room left to save this. Nothing was changed."),
            KeepFault::Missing => Self::internal(),
            KeepFault::Failed(_) => {
                Self::new(ErrorCode::Unavailable, "The place where files are kept does not answer. Try again shortly.")
            }
        }
    }
}
