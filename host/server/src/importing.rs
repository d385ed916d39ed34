//! The work on imports: begun by a request, done in the background, and gone on with by whichever host comes first.

use async_trait::async_trait;
use lignaflow_core::caller::Caller;
use lignaflow_core::{Fault, Id, OrganizationId, PersonId, RequestId};
use lignaflow_identity::Identity;
use lignaflow_records::Records;
use lignaflow_records::imports::{Callers, Imports, Programs};
use lignaflow_runtime::Registry;
use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Imports that one host works on at once.
const PLACES: usize = 2;
/// How often one looks for work that another host has left.
const FOLLOW: Duration = Duration::from_secs(5);
/// Looks between two sweeps of what is not needed any more.
const SWEEP_EVERY: u32 = 720;

/// The imports of all organizations, and the places for work on them. Clones are one.
#[derive(Debug, Clone)]
pub struct Importing {
    imports: Imports,
    places: Arc<Semaphore>,
}

impl Deref for Importing {
    type Target = Imports;

    fn deref(&self) -> &Imports {
        &self.imports
    }
}

/// Members as they are now.
#[derive(Debug)]
struct Members {
    identity: Identity,
    registry: Arc<Registry>,
}

#[async_trait]
impl Callers for Members {
    async fn caller(
        &self,
        organization: OrganizationId,
        person: PersonId,
        permitted: &BTreeSet<String>,
    ) -> Result<Option<Caller>, Fault> {
        let declared = self.registry.current().catalog.declared().clone();
        let request = RequestId(Id::fresh());
        let caller = self.identity.acting(organization, person, request, &declared).await?;
        Ok(caller.map(|mut caller| {
            caller.permissions.retain(|permission| permitted.contains(permission));
            caller
        }))
    }
}

impl Importing {
    pub fn new(records: Records, identity: Identity, registry: Arc<Registry>, programs: Arc<dyn Programs>) -> Self {
        let imports = Imports::new(records, Arc::new(Members { identity, registry }), programs);
        Self { imports, places: Arc::new(Semaphore::new(PLACES)) }
    }

    /// Begins the work on an import. It goes on when whoever asked for it has left.
    pub fn start(&self, organization: OrganizationId, id: Id) {
        let this = self.clone();
        tokio::spawn(async move {
            let Ok(_place) = this.places.acquire().await else { return };
            if let Err(fault) = this.imports.work(organization, id).await {
                tracing::warn!(%fault, import = %id, "an import waits for the next round");
            }
        });
    }

    /// Goes on with what waits, here or left by another host, until `stopped` is done.
    pub async fn follow(self, stopped: impl Future<Output = ()> + Send) {
        let mut ticks = tokio::time::interval(FOLLOW);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tokio::pin!(stopped);
        let mut round: u32 = 0;
        loop {
            tokio::select! {
                () = &mut stopped => {
                    self.imports.stop();
                    return;
                }
                _ = ticks.tick() => {}
            }
            match self.imports.waiting().await {
                Ok(waiting) => waiting.into_iter().for_each(|(organization, id)| self.start(organization, id)),
                Err(fault) => tracing::debug!(%fault, "imports that wait could not be looked for"),
            }
            if round.is_multiple_of(SWEEP_EVERY)
                && let Err(fault) = self.imports.sweep().await
            {
                tracing::warn!(%fault, "rows of old imports could not be forgotten");
            }
            round = round.wrapping_add(1);
        }
    }
}
