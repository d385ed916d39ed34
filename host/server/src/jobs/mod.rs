//! Work of plugins without a caller: jobs when their time has come, and what plugins are told of once it is committed.
//!
//! | module | holds |
//! |---|---|
//! | [`worker`] | one thing after the other is taken over and done, by every host |
//! | [`schedules`] | when jobs are done by themselves, and who is told from where on |
//! | [`acts`] | what administrators see and do |

pub mod acts;
pub mod schedules;
pub mod worker;

use crate::background::{Duty, Rooms};
use futures_util::future::BoxFuture;
use lignaflow_core::clock::Clock;
use lignaflow_core::name::PluginId;
use lignaflow_core::{ErrorCode, Fault, OrganizationId};
use lignaflow_identity::Identity;
use lignaflow_records::Records;
use lignaflow_runtime::Registry;
use lignaflow_store::{Store, StoreError, Tx};
use std::collections::HashMap;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The duty of the host that looks for what is due.
pub const DUTY: Duty = Duty { name: "schedules", every: Duration::from_millis(250) };

/// The jobs of this instance. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

struct Inner {
    store: Store,
    identity: Identity,
    records: Records,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    /// What this host does just now, by organization and plugin.
    under_way: Mutex<HashMap<(OrganizationId, PluginId), usize>>,
    /// The registry's generation for which the times were looked through last, and when that was.
    looked: Mutex<Option<(u64, Instant)>>,
    /// When it was looked last for what is to be forgotten.
    forgot_at: AtomicI64,
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs").finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// What one host does at once, all organizations together.
    pub at_once: u32,
    /// Days for which jobs that ended are kept.
    pub keep_days: u32,
}

impl Jobs {
    pub fn new(rooms: Rooms, settings: Settings) -> Self {
        let Rooms { store, identity, records, registry, clock } = rooms;
        Self(Arc::new(Inner {
            store,
            identity,
            records,
            registry,
            clock,
            settings,
            under_way: Mutex::default(),
            looked: Mutex::default(),
            forgot_at: AtomicI64::new(0),
        }))
    }

    async fn write<T, F>(&self, work: F) -> Result<T, Fault>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
    {
        self.0.store.database().write(work).await.map_err(unavailable)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn unavailable(error: StoreError) -> Fault {
    tracing::error!(%error, "the tables of jobs could not be used");
    Fault::new(
        ErrorCode::Unavailable,
        "The database cannot be reached just now. Nothing was changed; try again shortly.",
    )
}
