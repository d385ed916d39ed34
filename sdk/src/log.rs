//! The plugin's log, as its administrators read it. Needs no grant. What is logged may be kept: no secrets, no more of a
//! person than an id.

use crate::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// One line, with fields that can be searched for.
pub fn log(level: Level, message: &str, fields: &[(&str, Value)]) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::lignaflow::plugin::logging::log(
        crate::wire::level(level),
        message,
        &fields.iter().map(|(name, value)| crate::wire::entry(name, value)).collect::<Vec<_>>(),
    );
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::call::with(|call| call.log(level, message, fields));
}

pub fn info(message: &str, fields: &[(&str, Value)]) {
    log(Level::Info, message, fields);
}

pub fn warn(message: &str, fields: &[(&str, Value)]) {
    log(Level::Warn, message, fields);
}

pub fn error(message: &str, fields: &[(&str, Value)]) {
    log(Level::Error, message, fields);
}
