//! The contract's bindings for guests that misbehave, without the SDK's good manners: what the types allow can be sent,
//! however wrong it is.

#![allow(clippy::pedantic, missing_debug_implementations, unreachable_pub, reason = "generated")]

wit_bindgen::generate!({
    path: "../../../wit",
    world: "plugin",
    generate_all,
    runtime_path: "::wit_bindgen::rt",
    pub_export_macro: true,
    export_macro_name: "__export",
    default_bindings_module: "::hostile_kit",
});

use exports::lignaflow::plugin::{hooks, jobs, provider, routes, subscriber};
use lignaflow::plugin::types::Error;
use lignaflow::plugin::writing::Mutation;

/// The answer of a hook that changes nothing.
pub fn unchanged(_: &[hooks::Change]) -> Result<hooks::Verdict, Error> {
    Ok(hooks::Verdict { set: Vec::new(), also: Vec::new() })
}

/// A reply of JSON that writes nothing.
pub fn json(text: impl Into<String>) -> Result<routes::Reply, Error> {
    Ok(routes::Reply { status: 200, payload: routes::Payload::Json(text.into()), writes: Vec::new() })
}

/// The answer of a job that ends at once.
pub fn ended(_: &str, _: &str, _: Option<&str>, _: u16) -> Result<jobs::Slice, Error> {
    Ok(jobs::Slice { writes: Vec::new(), next: None })
}

/// The answer of a subscriber that does nothing.
pub fn unmoved(_: &[subscriber::Event]) -> Result<Vec<Mutation>, Error> {
    Ok(Vec::new())
}

/// The answer of a service that nobody declares.
pub fn unserved(_: &str, _: &str, _: &str) -> Result<provider::Answer, Error> {
    Ok(provider::Answer { value: "null".into(), writes: Vec::new() })
}

/// Makes functions the component's exports; without the others, its hook changes nothing, its job ends at once, and it
/// neither hears nor serves.
#[macro_export]
macro_rules! guest {
    ($handle:path) => {
        $crate::guest!($handle, $crate::unchanged);
    };
    ($handle:path, $before_save:path) => {
        $crate::guest!($handle, $before_save, $crate::ended, $crate::unmoved, $crate::unserved);
    };
    ($handle:path, $before_save:path, $run:path, $receive:path, $invoke:path) => {
        struct Guest;

        impl $crate::exports::lignaflow::plugin::routes::Guest for Guest {
            fn handle(
                request: $crate::exports::lignaflow::plugin::routes::Request,
            ) -> Result<
                $crate::exports::lignaflow::plugin::routes::Reply,
                $crate::lignaflow::plugin::types::Error,
            > {
                $handle(&request)
            }
        }

        impl $crate::exports::lignaflow::plugin::hooks::Guest for Guest {
            fn before_save(
                changes: Vec<$crate::exports::lignaflow::plugin::hooks::Change>,
            ) -> Result<
                $crate::exports::lignaflow::plugin::hooks::Verdict,
                $crate::lignaflow::plugin::types::Error,
            > {
                $before_save(&changes)
            }
        }

        impl $crate::exports::lignaflow::plugin::jobs::Guest for Guest {
            fn run(
                job: String,
                payload: String,
                cursor: Option<String>,
                attempt: u16,
            ) -> Result<
                $crate::exports::lignaflow::plugin::jobs::Slice,
                $crate::lignaflow::plugin::types::Error,
            > {
                $run(&job, &payload, cursor.as_deref(), attempt)
            }
        }

        impl $crate::exports::lignaflow::plugin::subscriber::Guest for Guest {
            fn receive(
                events: Vec<$crate::exports::lignaflow::plugin::subscriber::Event>,
            ) -> Result<
                Vec<$crate::lignaflow::plugin::writing::Mutation>,
                $crate::lignaflow::plugin::types::Error,
            > {
                $receive(&events)
            }
        }

        impl $crate::exports::lignaflow::plugin::provider::Guest for Guest {
            fn invoke(
                service: String,
                method: String,
                arguments: String,
            ) -> Result<
                $crate::exports::lignaflow::plugin::provider::Answer,
                $crate::lignaflow::plugin::types::Error,
            > {
                $invoke(&service, &method, &arguments)
            }
        }

        $crate::__export!(Guest with_types_in $crate);
    };
}
