//! Rust has no instruction for tables; the linker makes one as large as it is told.

use std::env;

fn main() {
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo::rustc-link-arg-cdylib=--table-base=30000");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
