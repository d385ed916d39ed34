//! What one call of guest code may use, and how many instances there may be. Nothing here is unlimited.

use std::time::Duration;

/// The bounds of one call. Past each the call ends with the fault that names it, and nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Computing time: the guest's own and what the host computes on its behalf, without waiting.
    pub cpu: Duration,
    /// By the clock, with everything that is waited for.
    pub wall: Duration,
    /// Bytes of linear memory.
    pub memory: usize,
    /// Elements of all tables together.
    pub table_elements: usize,
    /// Calls of the host's functions. Those of WASI are bounded by time alone.
    pub host_calls: u32,
    /// Rows read.
    pub rows: usize,
    /// Bytes handed to the guest.
    pub bytes_in: usize,
    /// Bytes that the guest hands over in one call of the host, or as its answer.
    pub bytes_out: usize,
    /// Mutations in one answer.
    pub writes: usize,
    /// Lines that one call leaves in the plugin's log; what is beyond is counted and dropped.
    pub log_lines: u32,
    /// Bytes that one call leaves in the plugin's log.
    pub log_bytes: usize,
    /// Instances of one plugin at a time.
    pub instances: usize,
    /// How long a call waits for an instance before it is told that all are busy.
    pub queue: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu: Duration::from_secs(1),
            wall: Duration::from_secs(10),
            memory: 64 << 20,
            table_elements: 20_000,
            host_calls: 10_000,
            rows: 50_000,
            bytes_in: 32 << 20,
            bytes_out: 16 << 20,
            writes: 5_000,
            log_lines: 200,
            log_bytes: 64 << 10,
            instances: 64,
            queue: Duration::from_secs(1),
        }
    }
}
