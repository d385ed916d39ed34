//! What people are told: on their page of notices, and by mail as each wants it. What is urgent is mailed at once but at
//! night, the rest in one letter in the morning, where somebody did not say otherwise.
//!
//! | module | holds |
//! |---|---|
//! | [`worker`] | which notices become letters, and when |

pub mod worker;

use crate::auth::Signed;
use crate::background::{Duty, Rooms};
use futures_util::future::BoxFuture;
use lignaflow_core::clock::Clock;
use lignaflow_core::{ErrorCode, Fault, Id, OrganizationId, PersonId};
use lignaflow_store::notices::{self, Notice, Wish};
use lignaflow_store::{Store, StoreError, Tx};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

/// The duty of the host that has notices mailed.
pub const DUTY: Duty = Duty { name: "notices", every: Duration::from_millis(250) };

/// The notices of this instance. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Notices(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    /// When it was looked last for what is to be forgotten.
    forgot_at: AtomicI64,
}

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notices").finish_non_exhaustive()
    }
}

fn of(signed: &Signed) -> (OrganizationId, PersonId) {
    (signed.caller.organization, signed.authenticated.person.id)
}

impl Notices {
    pub fn new(rooms: Rooms) -> Self {
        let Rooms { store, clock, .. } = rooms;
        Self(Arc::new(Inner { store, clock, forgot_at: AtomicI64::new(0) }))
    }

    /// One's own notices, the latest first.
    pub async fn mine(
        &self,
        signed: &Signed,
        unread: bool,
        before: Option<Id>,
        limit: u32,
    ) -> Result<Vec<Notice>, Fault> {
        let (organization, person) = of(signed);
        let found = notices::of(self.0.store.database(), organization, person, unread, before, limit);
        found.await.map_err(unavailable)
    }

    /// How many one has not read, up to a hundred.
    pub async fn unread(&self, signed: &Signed) -> Result<u32, Fault> {
        let (organization, person) = of(signed);
        notices::unread(self.0.store.database(), organization, person).await.map_err(unavailable)
    }

    pub async fn read(&self, signed: &Signed, id: Id) -> Result<Notice, Fault> {
        let (organization, person) = of(signed);
        let now = self.0.clock.now();
        self.write(move |tx| Box::pin(async move { notices::read(tx, organization, person, id, now).await })).await?;
        let found = notices::one(self.0.store.database(), organization, person, id).await.map_err(unavailable)?;
        found.ok_or_else(|| Fault::not_found("notice"))
    }

    /// How many these were.
    pub async fn read_all(&self, signed: &Signed) -> Result<u64, Fault> {
        let (organization, person) = of(signed);
        let now = self.0.clock.now();
        self.write(move |tx| Box::pin(async move { notices::read_all(tx, organization, person, now).await })).await
    }

    pub async fn wish(&self, signed: &Signed) -> Result<Wish, Fault> {
        let (organization, person) = of(signed);
        notices::wish(self.0.store.database(), organization, person).await.map_err(unavailable)
    }

    pub async fn set_wish(&self, signed: &Signed, wish: Wish) -> Result<(), Fault> {
        let (organization, person) = of(signed);
        self.write(move |tx| Box::pin(async move { notices::set_wish(tx, organization, person, wish).await })).await
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
    tracing::error!(%error, "the tables of notices could not be used");
    Fault::new(
        ErrorCode::Unavailable,
        "The database cannot be reached just now. Nothing was changed; try again shortly.",
    )
}
