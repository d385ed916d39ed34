//! Why the host ends a guest in the middle of its call, and what a failed call is to whoever made it.

use crate::log::{CallLog, Level};
use lignaflow_core::error::Fault;
use lignaflow_core::guest::CallFault;
use wasmtime::PoolConcurrencyLimitError;

/// Thrown by the host through the guest, which cannot catch it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum Stop {
    #[error("its computing time is used up")]
    Cpu,
    #[error("its {0} are used up")]
    Exhausted(&'static str),
    #[error("it was not granted {0}")]
    NotGranted(String),
    #[error("the host could not answer: {0}")]
    Refused(Fault),
}

/// What an error of wasmtime says of the call. `starved` tells that memory was refused before: a guest that runs out of
/// it ends in a trap which looks like a panic.
pub(crate) fn fault_of(error: &wasmtime::Error, starved: bool) -> CallFault {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return match stop.clone() {
            Stop::Cpu => CallFault::CpuExhausted,
            Stop::Exhausted(what) => CallFault::Exhausted(what),
            Stop::NotGranted(what) => CallFault::NotGranted(what),
            Stop::Refused(fault) => CallFault::Refused(fault),
        };
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return CallFault::Busy;
    }
    // The engine's own error for it has no public type.
    if error.root_cause().to_string().contains("fuel allocated for hostcalls") {
        return CallFault::Exhausted("bytes");
    }
    if starved { CallFault::OutOfMemory } else { CallFault::Trapped }
}

/// Says in the plugin's log what the caller is not told.
pub(crate) fn tell(log: &CallLog, fault: &CallFault, cause: Option<&wasmtime::Error>) {
    match (fault, cause) {
        // A refusal is an answer, and whoever was refused has it.
        (CallFault::Refused(_), _) => {}
        (_, Some(cause)) => log.host(Level::Error, format!("{fault}: {cause:?}")),
        (_, None) => log.host(Level::Error, fault.to_string()),
    }
}
