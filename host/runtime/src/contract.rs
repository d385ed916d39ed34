//! `wit/` as wasmtime's bindgen writes it out. Only [`crate::convert`], [`crate::host`] and [`crate::call`] look in.

#![allow(clippy::pedantic, missing_debug_implementations, unreachable_pub, reason = "generated")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "plugin",
    imports: {
        "lignaflow:plugin/records": async | trappable,
        "lignaflow:plugin/people": async | trappable,
        default: trappable,
    },
    exports: { default: async },
});
