//! Work beside the requests, which ends with the server. Of several hosts on one database one does it: who holds the
//! lease of its name.
//!
//! ```ignore
//! let duty = Duty { name: "mail", every: Duration::from_millis(500) };
//! shutdown.beside(duty.run(app.clone(), shutdown.clone(), move |lease| mail.clone().send_what_waits(lease)));
//! ```
//!
//! A round that is told to end is dropped where it waits; what it has written stands, and the next host goes on from
//! there. So a round writes as it goes, under [`Lease::holds`].

use crate::app::App;
use crate::shutdown::Shutdown;
use lignaflow_core::clock::{Clock, Micros};
use lignaflow_core::{Fault, Id};
use lignaflow_identity::Identity;
use lignaflow_records::Records;
use lignaflow_runtime::Registry;
use lignaflow_store::{Lease, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// How long a host that is gone keeps the others from taking over.
pub const LEASE: Micros = 30_000_000;
/// How often a holder prolongs its lease.
pub const RENEW: Duration = Duration::from_secs(10);

/// The rooms that such work is made of.
#[derive(Debug, Clone)]
pub struct Rooms {
    pub store: Store,
    pub identity: Identity,
    pub records: Records,
    pub registry: Arc<Registry>,
    pub clock: Arc<dyn Clock>,
}

/// When to try again what has to wait so long, with a fifth more or less, so that what failed together does not come back
/// together.
pub fn spread(wait: Micros, now: Micros, chance: u8) -> Micros {
    let fifth = wait / 5;
    now + wait - fifth + 2 * fifth * Micros::from(chance) / 255
}

pub fn chance() -> u8 {
    // The last byte of a fresh id is random.
    Id::fresh().bytes()[15]
}

/// A work that one host does.
#[derive(Debug, Clone, Copy)]
pub struct Duty {
    /// Of its lease.
    pub name: &'static str,
    /// How long it rests after a round that found nothing to do.
    pub every: Duration,
}

/// What a round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// There may be more: the next one follows at once.
    More,
    Done,
}

impl Duty {
    /// Goes through rounds while this host holds the lease, until the shutdown begins. Then the lease is given back.
    pub async fn run<W>(self, app: Arc<App>, shutdown: Shutdown, round: impl Fn(Lease) -> W)
    where
        W: Future<Output = Result<Round, Fault>>,
    {
        let host = Id::fresh();
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.begun() => return,
                _ = ticks.tick() => {}
            }
            let now = app.clock.now();
            match app.store.acquire_lease(self.name, host, now, now + LEASE).await {
                Ok(Some(lease)) => self.hold(&app, &shutdown, lease, &round).await,
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, duty = self.name, "its lease cannot be asked for"),
            }
        }
    }

    /// Rounds under a lease, until it is lost or the shutdown begins.
    async fn hold<W>(self, app: &App, shutdown: &Shutdown, lease: Lease, round: &impl Fn(Lease) -> W)
    where
        W: Future<Output = Result<Round, Fault>>,
    {
        tokio::select! {
            () = shutdown.begun() => {}
            () = self.rounds(&lease, round) => {}
            () = self.keep(app, &lease) => tracing::warn!(duty = self.name, "another host has taken its lease over"),
        }
        if let Err(error) = app.store.release_lease(&lease).await {
            tracing::debug!(%error, duty = self.name, "its lease could not be given back");
        }
    }

    async fn rounds<W>(self, lease: &Lease, round: &impl Fn(Lease) -> W)
    where
        W: Future<Output = Result<Round, Fault>>,
    {
        loop {
            match round(lease.clone()).await {
                Ok(Round::More) => tokio::task::yield_now().await,
                Ok(Round::Done) => tokio::time::sleep(self.every).await,
                Err(fault) => {
                    tracing::error!(%fault, duty = self.name, "a round of it failed");
                    tokio::time::sleep(self.every).await;
                }
            }
        }
    }

    /// Returns once the lease is lost.
    async fn keep(self, app: &App, lease: &Lease) {
        loop {
            tokio::time::sleep(RENEW).await;
            match app.store.renew_lease(lease, app.clock.now() + LEASE).await {
                Ok(Some(_)) => {}
                Ok(None) => return,
                Err(error) => tracing::warn!(%error, duty = self.name, "its lease could not be prolonged"),
            }
        }
    }
}
