//! `wit/` as wasmtime's bindgen writes it out. Only [`crate::convert`], [`crate::host`] and [`crate::call`] look in.

#![allow(clippy::pedantic, missing_debug_implementations, unreachable_pub, reason = "generated")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "plugin",
    imports: {
        "lignaflow:plugin/records": async | trappable,
        "lignaflow:plugin/people": async | trappable,
        "lignaflow:plugin/settings": async | trappable,
        "lignaflow:plugin/services": async | trappable,
        "lignaflow:plugin/media": async | trappable,
        "lignaflow:plugin/outbound": async | trappable,
        default: trappable,
    },
    exports: { default: async },
});

/// What a component exports beside that where its descriptor declares a migration. The types are those of above.
pub mod carrying {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "migrating",
        with: {
            "lignaflow:plugin/types": crate::contract::lignaflow::plugin::types,
            "lignaflow:plugin/query": crate::contract::lignaflow::plugin::query,
            "lignaflow:plugin/writing": crate::contract::lignaflow::plugin::writing,
        },
        imports: { default: trappable },
        exports: { default: async },
    });
}
