//! One plugin's counters. Handles are made once: a label is a string, and strings at every call would cost more than
//! the call.

use crate::figures::Spent;
use lignaflow_core::allowance::Class;
use lignaflow_core::guest::CallFault;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

const CALLS: &str = "lignaflow_plugin_calls_total";
const DURATION: &str = "lignaflow_plugin_call_duration_seconds";
const INSTANCES: &str = "lignaflow_plugin_instances";
const CPU: &str = "lignaflow_plugin_cpu_seconds";
const MEMORY: &str = "lignaflow_plugin_memory_bytes";
const ROWS: &str = "lignaflow_plugin_rows_total";
const BYTES: &str = "lignaflow_plugin_bytes_total";
const DENIED: &str = "lignaflow_plugin_denied_total";

/// What a plugin is called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    BeforeSave,
    Route,
    Job,
    Subscriber,
    Migration,
    Service,
}

impl Kind {
    const COUNT: usize = 6;

    /// The class whose bounds hold for it.
    pub(crate) const fn class(self) -> Class {
        match self {
            Self::BeforeSave => Class::Hook,
            Self::Route => Class::Route,
            Self::Job => Class::Job,
            Self::Subscriber => Class::Subscriber,
            Self::Migration => Class::Migration,
            Self::Service => Class::Service,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::BeforeSave => "before-save",
            Self::Route => "route",
            Self::Job => "job",
            Self::Subscriber => "subscriber",
            Self::Migration => "migration",
            Self::Service => "service",
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    Refused,
    Trapped,
    Cpu,
    TimedOut,
    OutOfMemory,
    Exhausted,
    BadAnswer,
    Busy,
    NotGranted,
    SetAside,
    NoCode,
}

impl Outcome {
    pub(crate) const COUNT: usize = 12;
    pub(crate) const ALL: [Self; Self::COUNT] = [
        Self::Answered,
        Self::Refused,
        Self::Trapped,
        Self::Cpu,
        Self::TimedOut,
        Self::OutOfMemory,
        Self::Exhausted,
        Self::BadAnswer,
        Self::Busy,
        Self::NotGranted,
        Self::SetAside,
        Self::NoCode,
    ];

    /// Whether the plugin's own fault ended it.
    pub(crate) const fn is_fault(self) -> bool {
        match self {
            Self::Trapped | Self::Cpu | Self::TimedOut | Self::OutOfMemory | Self::Exhausted | Self::BadAnswer => true,
            Self::Answered | Self::Refused | Self::Busy | Self::NotGranted | Self::SetAside | Self::NoCode => false,
        }
    }

    /// Whether its code ran, rather than that it was not let in.
    pub(crate) const fn is_of_code(self) -> bool {
        !matches!(self, Self::Busy | Self::SetAside | Self::NoCode)
    }

    pub(crate) fn of<T>(result: &Result<T, CallFault>) -> Self {
        match result {
            Ok(_) => Self::Answered,
            Err(CallFault::Refused(_)) => Self::Refused,
            Err(CallFault::Trapped) => Self::Trapped,
            Err(CallFault::CpuExhausted) => Self::Cpu,
            Err(CallFault::TimedOut) => Self::TimedOut,
            Err(CallFault::OutOfMemory) => Self::OutOfMemory,
            Err(CallFault::Exhausted(_)) => Self::Exhausted,
            Err(CallFault::BadAnswer(_)) => Self::BadAnswer,
            Err(CallFault::Busy) => Self::Busy,
            Err(CallFault::NotGranted(_)) => Self::NotGranted,
            Err(CallFault::SetAside) => Self::SetAside,
            Err(CallFault::NoCode) => Self::NoCode,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Trapped => "trapped",
            Self::Cpu => "cpu",
            Self::TimedOut => "timed-out",
            Self::OutOfMemory => "out-of-memory",
            Self::Exhausted => "exhausted",
            Self::BadAnswer => "bad-answer",
            Self::Busy => "busy",
            Self::NotGranted => "not-granted",
            Self::SetAside => "set-aside",
            Self::NoCode => "no-code",
        }
    }
}

/// Handles of what calls use.
struct Used {
    cpu: Histogram,
    memory: Histogram,
    rows: Counter,
    bytes: Counter,
}

pub(crate) struct Tallies {
    plugin: String,
    version: String,
    calls: [[OnceLock<Counter>; Outcome::COUNT]; Kind::COUNT],
    durations: [OnceLock<Histogram>; Kind::COUNT],
    used: OnceLock<Used>,
    instances: OnceLock<Gauge>,
    /// Instances just now, and the most at a time since that was asked last.
    held: Arc<AtomicUsize>,
    most: AtomicUsize,
}

impl std::fmt::Debug for Tallies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tallies").field("plugin", &self.plugin).finish_non_exhaustive()
    }
}

impl Tallies {
    pub(crate) fn new(plugin: &str, version: &str) -> Self {
        Self {
            plugin: plugin.to_owned(),
            version: version.to_owned(),
            calls: Default::default(),
            durations: Default::default(),
            used: OnceLock::new(),
            instances: OnceLock::new(),
            held: Arc::default(),
            most: AtomicUsize::new(0),
        }
    }

    pub(crate) fn called(&self, kind: Kind, outcome: Outcome, spent: Spent) {
        let counter = self.calls[kind as usize][outcome as usize].get_or_init(|| {
            counter!(
                CALLS,
                "plugin" => self.plugin.clone(),
                "version" => self.version.clone(),
                "kind" => kind.as_str(),
                "outcome" => outcome.as_str()
            )
        });
        counter.increment(1);
        let histogram = self.durations[kind as usize].get_or_init(|| {
            histogram!(
                DURATION,
                "plugin" => self.plugin.clone(),
                "version" => self.version.clone(),
                "kind" => kind.as_str()
            )
        });
        histogram.record(spent.took);
        let used = self.used.get_or_init(|| {
            let (plugin, version) = (self.plugin.clone(), self.version.clone());
            Used {
                cpu: histogram!(CPU, "plugin" => plugin.clone(), "version" => version.clone()),
                memory: histogram!(MEMORY, "plugin" => plugin.clone(), "version" => version.clone()),
                rows: counter!(ROWS, "plugin" => plugin.clone(), "version" => version.clone()),
                bytes: counter!(BYTES, "plugin" => plugin, "version" => version),
            }
        });
        used.cpu.record(spent.cpu);
        if spent.memory > 0 {
            used.memory.record(u32::try_from(spent.memory).unwrap_or(u32::MAX));
        }
        used.rows.increment(u64::try_from(spent.rows).unwrap_or_default());
        used.bytes.increment(u64::try_from(spent.bytes).unwrap_or_default());
    }

    /// Counts an instance for as long as the answer is held.
    pub(crate) fn instance(&self) -> Held {
        let gauge = self
            .instances
            .get_or_init(|| gauge!(INSTANCES, "plugin" => self.plugin.clone(), "version" => self.version.clone()));
        gauge.increment(1);
        let now = self.held.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        Held(gauge.clone(), self.held.clone())
    }

    /// The most instances at a time since this was asked last.
    pub(crate) fn most_instances(&self) -> usize {
        self.most.swap(self.held.load(Ordering::Relaxed), Ordering::Relaxed)
    }

    /// Counts something that the plugin wanted and was not granted.
    pub(crate) fn denied(&self, what: &str) {
        tracing::warn!(target: "plugin", plugin = %self.plugin, what, "denied");
        counter!(DENIED, "plugin" => self.plugin.clone(), "version" => self.version.clone()).increment(1);
    }
}

pub(crate) struct Held(Gauge, Arc<AtomicUsize>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.decrement(1);
        self.1.fetch_sub(1, Ordering::Relaxed);
    }
}
