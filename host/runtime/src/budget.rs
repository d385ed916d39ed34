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
    /// How many there may be: what the call that is outermost of them allows, and each that is in it.
    most: AtomicUsize,
}

/// A call that is within others, while it lasts.
pub(crate) struct Within {
    budget: Arc<Budget>,
    /// How many calls it is in.
    pub(crate) depth: usize,
    /// How many there might be before.
    most: usize,
}

impl Drop for Within {
    fn drop(&mut self) {
        self.budget.depth.store(self.depth, Ordering::Relaxed);
        self.budget.most.store(self.most, Ordering::Relaxed);
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
            most: AtomicUsize::new(usize::MAX),
        }
    }

    /// Another call, within those that there are, which may have so many within it. Calls of one account follow each other
    /// down and up.
    pub(crate) fn enter(self: Arc<Self>, beneath: usize) -> Within {
        let depth = self.depth.load(Ordering::Relaxed);
        let most = self.most.load(Ordering::Relaxed);
        self.depth.store(depth + 1, Ordering::Relaxed);
        self.most.store(most.min((depth + 1).saturating_add(beneath)), Ordering::Relaxed);
        Within { budget: self, depth, most }
    }

    /// Whether there may be one more call within those that there are.
    pub(crate) fn may_go_deeper(&self) -> bool {
        self.depth.load(Ordering::Relaxed) < self.most.load(Ordering::Relaxed)
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

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::allowance::{Bounds, Class};

    #[test]
    fn calls_go_as_deep_as_each_of_them_may() {
        let limits = Limits::from(&Bounds::usual(Class::Route));
        let budget = Arc::new(Budget::new(&limits, Arc::new(Meter::new())));
        let outermost = budget.clone().enter(2);
        assert_eq!((outermost.depth, budget.may_go_deeper()), (0, true));
        {
            let within = budget.clone().enter(4);
            assert_eq!((within.depth, budget.may_go_deeper()), (1, true));
            let deepest = budget.clone().enter(4);
            assert_eq!((deepest.depth, budget.may_go_deeper()), (2, false));
        }
        // One that may call nobody is no matter to those after it.
        drop(budget.clone().enter(0));
        let within = budget.clone().enter(1);
        assert_eq!((within.depth, budget.may_go_deeper()), (1, true));
    }
}
