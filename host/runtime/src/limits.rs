//! The bounds of calls as the code that holds them needs them, and how many instances there may be. Nothing here is
//! unlimited.

use crate::tallies::Kind;
use lignaflow_core::allowance::{Allowance, Bounds, Class};
use std::time::Duration;

/// The bounds of one call. Past each the call ends with the fault that names it, and nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Computing time: the guest's own and what the host computes on its behalf, without waiting.
    pub(crate) cpu: Duration,
    /// By the clock, with everything that is waited for.
    pub(crate) wall: Duration,
    /// Bytes of linear memory.
    pub(crate) memory: usize,
    /// Elements of all tables together.
    pub(crate) table_elements: usize,
    /// Calls of the host's functions. Those of WASI are bounded by time alone.
    pub(crate) host_calls: u32,
    /// Rows read.
    pub(crate) rows: usize,
    /// Bytes handed to the guest.
    pub(crate) bytes_in: usize,
    /// Bytes that the guest hands over in one call of the host, or as its answer.
    pub(crate) bytes_out: usize,
    /// Mutations in one answer.
    pub(crate) writes: usize,
    /// Services within one another beneath it.
    pub(crate) service_depth: usize,
    /// Lines that one call leaves in the plugin's log; what is beyond is counted and dropped.
    pub(crate) log_lines: u32,
    /// Bytes that one call leaves in the plugin's log.
    pub(crate) log_bytes: usize,
}

impl From<&Bounds> for Limits {
    fn from(bounds: &Bounds) -> Self {
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        let count = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        Self {
            cpu: Duration::from_millis(bounds.cpu_ms),
            wall: Duration::from_millis(bounds.wall_ms),
            memory: size(bounds.memory_bytes),
            table_elements: size(bounds.table_elements),
            host_calls: count(bounds.host_calls),
            rows: size(bounds.rows),
            bytes_in: size(bounds.bytes_in),
            bytes_out: size(bounds.bytes_out),
            writes: size(bounds.writes),
            service_depth: size(bounds.service_depth),
            log_lines: count(bounds.log_lines),
            log_bytes: size(bounds.log_bytes),
        }
    }
}

/// What holds for one plugin.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Held {
    allowance: Allowance,
    classes: [Limits; Class::ALL.len()],
}

impl Held {
    pub(crate) fn new(allowance: Allowance) -> Self {
        Self { classes: Class::ALL.map(|class| Limits::from(allowance.class(class))), allowance }
    }

    pub(crate) const fn allowance(&self) -> &Allowance {
        &self.allowance
    }

    pub(crate) const fn of(&self, kind: Kind) -> &Limits {
        &self.classes[kind.class() as usize]
    }

    /// Instances of the plugin at a time.
    pub(crate) fn instances(&self) -> usize {
        usize::try_from(self.allowance.instances).unwrap_or(usize::MAX)
    }

    /// How long a call waits for an instance before it is told that all are busy.
    pub(crate) const fn queue(&self) -> Duration {
        Duration::from_millis(self.allowance.queue_ms)
    }
}
