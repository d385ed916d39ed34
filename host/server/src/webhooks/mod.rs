//! Changes told elsewhere, over HTTPS: who is told what, and that it arrives.
//!
//! | module | holds |
//! |---|---|
//! | [`acts`] | what administrators do with webhooks |
//! | [`form`] | what they may say of one |
//! | [`worker`] | from the change log to deliveries, and from deliveries to answers |
//! | [`says`] | the body of a delivery |
//! | [`seal`] | secrets at rest, and signatures |
//! | [`outside`] | which addresses are asked, and the client that asks them |
//!
//! A change is told at least once, and of one record in order. It is told as whoever made the webhook may see it at
//! that moment.

pub mod acts;
pub mod form;
pub mod outside;
pub mod says;
pub mod seal;
pub mod worker;

use crate::background::{Duty, Rooms};
use lignaflow_core::clock::Clock;
use lignaflow_identity::{Identity, Keys};
use lignaflow_records::Records;
use lignaflow_runtime::Registry;
use lignaflow_store::Store;
use std::collections::HashSet;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;

/// The duty of the host that feeds and sends.
pub const DUTY: Duty = Duty { name: "webhooks", every: Duration::from_millis(500) };
/// Deliveries that are under way at once, all webhooks together.
const UNDER_WAY: usize = 32;

/// The webhooks of this instance. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Webhooks(Arc<Inner>);

struct Inner {
    store: Store,
    identity: Identity,
    records: Records,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    seal: seal::Seal,
    outside: outside::Outside,
    /// Webhooks whose deliveries are being sent by this host.
    sending: Mutex<HashSet<worker::Key>>,
    under_way: Arc<Semaphore>,
    /// When it was looked last for what is to be forgotten.
    forgot_at: AtomicI64,
}

impl std::fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhooks").finish_non_exhaustive()
    }
}

impl Webhooks {
    /// `keys` are the instance's secrets; `private` lets addresses inside and plain HTTP be asked.
    pub fn new(rooms: Rooms, keys: &Keys, private: bool) -> Result<Self, seal::SealFault> {
        let Rooms { store, identity, records, registry, clock } = rooms;
        Ok(Self(Arc::new(Inner {
            store,
            identity,
            records,
            registry,
            clock,
            seal: seal::Seal::new(keys)?,
            outside: outside::Outside::new(private),
            sending: Mutex::default(),
            under_way: Arc::new(Semaphore::new(UNDER_WAY)),
            forgot_at: AtomicI64::new(0),
        })))
    }
}
