//! Any bytes as a plugin's file: they are a plugin, compiled and ready to be called, or it is told why not. Nothing of it runs.
#![no_main]

use lignaflow_core::allowance::Allowance;
use lignaflow_runtime::{Engine, EngineOptions};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let options = EngineOptions { instances: 4, ..EngineOptions::default() };
    Engine::new(options).expect("an engine")
});

fuzz_target!(|bytes: &[u8]| {
    let told = match lignaflow_runtime::inspect(bytes) {
        // Whoever consents, consents to all that it asks for.
        Ok(read) => ENGINE.load(bytes, &read.descriptor.grants, &Allowance::default()).err(),
        Err(fault) => Some(fault),
    };
    if let Some(fault) = told {
        assert!(!fault.to_string().is_empty());
    }
});
