//! What a call may use together with the services that it calls, directly and through others: they share one account of
//! computing time, host calls, rows and bytes, and one end by the clock. Memory is each instance's own.

use crate::limits::Limits;
use crate::meter::Meter;
use crate::stop::Stop;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) meter: Arc<Meter>,
    /// Of the outermost call.
    limits: Limits,
    ends: Instant,
    host_calls: AtomicU32,
    rows: AtomicUsize,
    bytes: AtomicUsize,
    /// How many calls are in one another at this moment.
    depth: AtomicUsize,
}

/// A call that is within others, while it lasts.
pub(crate) struct Within(Arc<Budget>);

impl Drop for Within {
    fn drop(&mut self) {
        self.0.depth.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Budget {
    pub(crate) fn new(limits: &Limits, meter: Arc<Meter>) -> Self {
        Self {
            meter,
            limits: limits.clone(),
            ends: Instant::now() + limits.wall,
            host_calls: AtomicU32::new(0),
            rows: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            depth: AtomicUsize::new(0),
        }
    }

    /// How many calls the next one is in, and that it is among them. Calls of one account follow each other down and up.
    pub(crate) fn enter(self: Arc<Self>) -> (usize, Within) {
        let depth = self.depth.fetch_add(1, Ordering::Relaxed);
        (depth, Within(self))
    }

    /// Time by the clock that is left.
    pub(crate) fn left(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }

    /// Whether the computing time of all of it is used up.
    pub(crate) fn is_spent(&self) -> bool {
        self.meter.spent() >= self.limits.cpu
    }

    /// Counts a call of the host.
    pub(crate) fn charge(&self) -> Result<(), Stop> {
        let made = self.host_calls.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if made > self.limits.host_calls { Err(Stop::Exhausted("host calls")) } else { Ok(()) }
    }

    /// Counts what is handed to a guest.
    pub(crate) fn hand_over(&self, rows: usize, bytes: usize) -> Result<(), Stop> {
        let rows = self.rows.fetch_add(rows, Ordering::Relaxed).saturating_add(rows);
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        self.meter.handed_over(rows, bytes);
        if rows > self.limits.rows {
            return Err(Stop::Exhausted("rows"));
        }
        if bytes > self.limits.bytes_in {
            return Err(Stop::Exhausted("bytes"));
        }
        Ok(())
    }
}
