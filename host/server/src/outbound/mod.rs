//! What plugins send to hosts outside, in jobs: to names that an administrator granted, at addresses of the public
//! internet, with secrets that their code never sees. All of it is written down: where it went, when, and how it ended.
//!
//! | file | holds |
//! |---|---|
//! | [`send`] | one request: its secrets, the connection, its bounds, the answer |

mod send;

use crate::auth::Signed;
use crate::background::{Duty, Round};
use crate::config;
use crate::outside::Names;
use crate::webhooks::seal::Seal;
use lignaflow_core::caller::Permission;
use lignaflow_core::clock::Clock;
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_runtime::Registry;
use lignaflow_store::outbound::{Departure, Which, of};
use lignaflow_store::{Lease, Store, StoreError};
use reqwest::Client;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;

/// One host forgets what has been kept long enough.
pub const DUTY: Duty = Duty { name: "departures", every: Duration::from_hours(1) };

/// Requests of all plugins under way at once.
const AT_ONCE: usize = 64;
/// Rows that are forgotten at once.
const SOME: u32 = 5_000;
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// Sends for all plugins. Clones are one.
#[derive(Clone)]
pub struct Departures(Arc<Inner>);

struct Inner {
    store: Store,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    seal: Arc<Seal>,
    private: bool,
    authority: Option<PathBuf>,
    keep_days: u32,
    names: Arc<dyn Names>,
    places: Semaphore,
    /// Made when it is first needed: it reads the machine's certificates.
    client: OnceLock<Result<Client, String>>,
}

impl std::fmt::Debug for Departures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Departures").field("private", &self.0.private).finish_non_exhaustive()
    }
}

impl Departures {
    pub fn new(
        store: Store,
        registry: Arc<Registry>,
        clock: Arc<dyn Clock>,
        seal: Arc<Seal>,
        (settings, names): (&config::Outbound, Arc<dyn Names>),
    ) -> Self {
        let authority = Some(settings.authority.clone()).filter(|file| !file.as_os_str().is_empty());
        Self(Arc::new(Inner {
            store,
            registry,
            clock,
            seal,
            private: settings.private,
            authority,
            keep_days: settings.keep_days,
            names,
            places: Semaphore::new(AT_ONCE),
            client: OnceLock::new(),
        }))
    }

    /// What left the organization, the last first.
    pub async fn all(&self, signed: &Signed, which: &Which, limit: u32) -> Result<Vec<Departure>, Fault> {
        if !signed.caller.holds(Permission::ADMINISTER) {
            return Err(Fault::denied("Only administrators see what plugins sent."));
        }
        of(self.0.store.database(), signed.caller.organization, which, limit).await.map_err(|e| unavailable(&e))
    }

    /// One round of the duty.
    pub async fn round(self, _: Lease) -> Result<Round, Fault> {
        let before = self.0.clock.now() - i64::from(self.0.keep_days) * DAY;
        let gone = self.0.store.forget_departures(before, SOME).await.map_err(|error| unavailable(&error))?;
        Ok(if gone == u64::from(SOME) { Round::More } else { Round::Done })
    }
}

fn unavailable(error: &StoreError) -> Fault {
    tracing::error!(%error, "the table of what plugins sent could not be used");
    Fault::new(ErrorCode::Unavailable, "The database cannot be reached just now. Try again shortly.")
}
