//! Time as a parameter. Rooms take a [`Clock`]; only the binary and the tests decide which.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Microseconds since the Unix epoch, UTC.
pub type Micros = i64;

pub trait Clock: Send + Sync + std::fmt::Debug {
    fn now(&self) -> Micros;
}

/// A clock that stands still until it is told to move.
#[derive(Debug, Clone)]
pub struct HeldClock(Arc<AtomicI64>);

impl HeldClock {
    pub fn at(micros: Micros) -> Self {
        Self(Arc::new(AtomicI64::new(micros)))
    }

    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Micros {
        self.0.load(Ordering::SeqCst)
    }
}
