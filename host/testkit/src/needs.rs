//! What tests ask of the machine: found, or loudly left out, or a failure where `LIGNAFLOW_REQUIRE` names it.

use std::env;

/// Names, between commas, of what must be there: `postgres`, `browser`.
const REQUIRE: &str = "LIGNAFLOW_REQUIRE";

/// The value of a variable that says where something is; nothing, and loudly so, where it is not set.
pub fn found(variable: &str, need: &str) -> Option<String> {
    let value = env::var(variable).ok().filter(|value| !value.is_empty());
    if value.is_none() {
        let required = env::var(REQUIRE).unwrap_or_default();
        assert!(
            !required.split(',').any(|word| word.trim() == need),
            "{REQUIRE} asks for {need}, and {variable} is not set"
        );
        eprintln!("\n==> SKIPPED: {variable} is not set; `cargo xtask test` sets it where the machine has a {need}\n");
    }
    value
}
