//! Services of other plugins. Which are called must be covered by the grants as they stand at this moment; who answers,
//! and what becomes of it, is for the reads of the call at hand.

use crate::call::State;
use crate::contract::lignaflow::plugin::services::Host;
use crate::contract::lignaflow::plugin::types::Error;
use crate::convert::error;
use lignaflow_core::descriptor::service_parts;
use lignaflow_core::error::{ErrorCode, Fault};
use lignaflow_core::guest::ServiceCall;

impl Host for State {
    async fn call(
        &mut self,
        service: String,
        method: String,
        arguments: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        self.charge()?;
        let plugin = match service_parts(&service) {
            Some((plugin, name)) if self.calls(&plugin, name) => plugin,
            Some(_) => return Ok(Err(error::to_wire(self.may_not_call(&service)))),
            None => {
                let message = format!("`{service}` is not plugin.service.");
                return Ok(Err(error::to_wire(Fault::at("/service", "unknown-service", message))));
            }
        };
        if !self.may_go_deeper() {
            let message =
                format!("The call of {service} is deeper than `service_depth` of the calls around it allows.");
            return Ok(Err(error::to_wire(Fault::new(ErrorCode::Denied, message))));
        }
        let name = service[plugin.as_str().len() + 1..].to_owned();
        let reads = self.reads.clone();
        let call = ServiceCall { service: name, method, arguments };
        let answer = reads.call_service(&plugin, call, self.remainder()).await;
        self.go_on()?;
        match answer {
            Ok(value) => {
                self.hand_over(0, value.len())?;
                Ok(Ok(value))
            }
            Err(fault) => Ok(Err(error::to_wire(fault))),
        }
    }
}
