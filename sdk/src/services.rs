//! Services of other plugins. Needs a grant for each: `[grants] services = ["projects.budget"]`.

use crate::{Fault, ServiceAnswer, ServiceCall};
use lignaflow_core::mutation::Mutation;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Calls a service by `plugin.service` and its method. What the service writes joins what this call returns, and is
/// carried out before it, all or none; a hook and a `GET` route have nothing written for them.
///
/// An error is the service's own, or [`crate::ErrorCode::Unavailable`] where its plugin is off or fails.
pub fn call<T: DeserializeOwned>(service: &str, method: &str, arguments: &impl Serialize) -> Result<T, Fault> {
    let arguments = serde_json::to_string(arguments).map_err(|_| Fault::internal())?;
    #[cfg(target_arch = "wasm32")]
    let answer =
        crate::bindings::lignaflow::plugin::services::call(service, method, &arguments).map_err(crate::wire::fault)?;
    #[cfg(not(target_arch = "wasm32"))]
    let answer = crate::testing::call::with(|call| call.service(service, method, &arguments))?;
    serde_json::from_str(&answer)
        .map_err(|error| Fault::at("", "service", format!("The answer of {service} cannot be read: {error}.")))
}

/// Reading what a service is called with. The host has checked it by the method's schema.
pub trait ReadService {
    fn json<T: DeserializeOwned>(&self) -> Result<T, Fault>;
}

impl ReadService for ServiceCall {
    fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_str(&self.arguments)
            .map_err(|error| Fault::at("", "arguments", format!("The arguments cannot be read: {error}.")))
    }
}

/// Putting together what a service answers.
pub trait BuildAnswer: Sized {
    fn of(value: &impl Serialize) -> Result<Self, Fault>;

    /// What the host is to do together with what the plugin that calls asks for.
    #[must_use]
    fn with_writes<M: Into<Mutation>>(self, writes: impl IntoIterator<Item = M>) -> Self;
}

impl BuildAnswer for ServiceAnswer {
    fn of(value: &impl Serialize) -> Result<Self, Fault> {
        let value = serde_json::to_string(value).map_err(|_| Fault::internal())?;
        Ok(Self { value, writes: Vec::new() })
    }

    fn with_writes<M: Into<Mutation>>(mut self, writes: impl IntoIterator<Item = M>) -> Self {
        self.writes.extend(writes.into_iter().map(M::into));
        self
    }
}
