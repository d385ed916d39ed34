//! Any text as `plugin.toml`: it is a descriptor or it is told why not, and one that is read fits a catalog or is told
//! why not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lignaflow_core::catalog::Catalog;
use lignaflow_core::descriptor::parse;

fuzz_target!(|text: &str| {
    match parse(text) {
        Ok(descriptor) => {
            let _ = Catalog::new(std::slice::from_ref(&descriptor));
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            for fault in &faults {
                assert!(!fault.to_string().is_empty());
            }
        }
    }
});
