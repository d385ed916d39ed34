//! Any bytes as a plugin's file: read without running anything, they are a plugin or it is told why not.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(fault) = lignaflow_runtime::inspect(bytes) {
        assert!(!fault.to_string().is_empty());
    }
});
