//! The contract as wit-bindgen writes it out. Nothing of it is part of this crate's interface; `plugin!` alone reaches in.

#![allow(
    clippy::pedantic,
    missing_debug_implementations,
    unreachable_pub,
    reason = "generated, and hidden from authors"
)]

wit_bindgen::generate!({
    path: "../wit",
    world: "component",
    generate_all,
    runtime_path: "::wit_bindgen::rt",
    pub_export_macro: true,
    export_macro_name: "__export_plugin",
    default_bindings_module: "::lignaflow_sdk::bindings",
});
