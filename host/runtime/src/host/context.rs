//! Who is asking and when. Facts only, so no grant is needed.

use crate::call::State;
use crate::contract::lignaflow::plugin::context::{Caller, Host, Principal};
use lignaflow_core::Id;
use lignaflow_core::caller::Principal as HostPrincipal;

impl Host for State {
    fn current(&mut self) -> wasmtime::Result<Caller> {
        self.charge()?;
        let caller = self.reads.caller();
        Ok(Caller {
            organization: caller.organization.to_string(),
            principal: match &caller.principal {
                HostPrincipal::Person(person) => Principal::Person(person.to_string()),
                HostPrincipal::Plugin(_) => Principal::Plugin,
                HostPrincipal::Link(link) => Principal::Link(link.to_string()),
                HostPrincipal::Anonymous => Principal::Anonymous,
            },
            permissions: caller.permissions.iter().cloned().collect(),
            locale: caller.locale.clone(),
            time_zone: caller.time_zone.clone(),
            currency: caller.currency.as_str().to_owned(),
            request_id: caller.request_id.to_string(),
            now: caller.now,
        })
    }

    fn new_id(&mut self) -> wasmtime::Result<String> {
        self.charge()?;
        Ok(Id::fresh().to_string())
    }
}
