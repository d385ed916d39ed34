//! What a guest says to its own log.

use crate::call::State;
use crate::contract::lignaflow::plugin::logging::{Host, Level as WireLevel};
use crate::contract::lignaflow::plugin::types::Entry;
use crate::convert::value::spoken;
use crate::log::Level;

/// Fields of one line.
const FIELDS: usize = 32;

impl Host for State {
    fn log(&mut self, level: WireLevel, message: String, fields: Vec<Entry>) -> wasmtime::Result<()> {
        self.charge()?;
        let mut line = message;
        for entry in fields.iter().take(FIELDS) {
            line.push(' ');
            line.push_str(&entry.key);
            line.push('=');
            line.push_str(&spoken(&entry.value));
        }
        self.log.guest(
            match level {
                WireLevel::Trace => Level::Trace,
                WireLevel::Debug => Level::Debug,
                WireLevel::Info => Level::Info,
                WireLevel::Warn => Level::Warn,
                WireLevel::Error => Level::Error,
            },
            &line,
        );
        Ok(())
    }
}
