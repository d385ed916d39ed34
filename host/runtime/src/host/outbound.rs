//! HTTPS to hosts that were granted, in jobs. Where it goes is looked at here, against the grants as they stand at this
//! moment; sending is for the reads of the call at hand.

use crate::call::State;
use crate::contract::lignaflow::plugin::outbound::{Host, Request, Response};
use crate::contract::lignaflow::plugin::types::Error;
use crate::convert::error;
use crate::stop::Stop;
use lignaflow_core::error::Fault;
use lignaflow_core::outbound::{MAX_SENT, OutboundRequest, SecretHeader};

impl Host for State {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, Error>> {
        self.charge()?;
        let request = OutboundRequest {
            method: request.method,
            url: request.url,
            headers: request.headers,
            secrets: request
                .secrets
                .into_iter()
                .map(|secret| SecretHeader { setting: secret.setting, header: secret.header, prefix: secret.prefix })
                .collect(),
            body: request.body,
            timeout_ms: request.timeout_ms,
        };
        let job = match self.sending(&request) {
            Ok(job) => job,
            Err(fault) => return Ok(Err(error::to_wire(fault))),
        };
        self.sent += 1;
        if self.sent > MAX_SENT {
            return Err(Stop::Exhausted("outbound requests").into());
        }
        let reads = self.reads.clone();
        let response = match reads.send(&job, request).await {
            Ok(response) => response,
            Err(fault) => return Ok(Err(error::to_wire(fault))),
        };
        let headers = response.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        self.hand_over(0, response.body.len() + headers)?;
        Ok(Ok(Response { status: response.status, headers: response.headers, body: response.body }))
    }
}

impl State {
    /// The job that sends, where it may.
    fn sending(&self, request: &OutboundRequest) -> Result<String, Fault> {
        let host = request.destination()?;
        if !self.sends_to(&host) {
            return Err(self.may_not_send(&host));
        }
        let Some(job) = &self.job else {
            return Err(Fault::denied("Only jobs send: have the call enqueue one."));
        };
        Ok(job.clone())
    }
}
