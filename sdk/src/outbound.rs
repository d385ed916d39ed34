//! HTTPS to other hosts, in jobs alone. Needs a grant for each: `[grants] outbound = ["api.xero.com"]`.
//!
//! What was sent stays sent, also where the slice is tried again or its writes do not come about. What must not be done
//! twice carries a key that its receiver knows again, or is a slice of its own, whose cursor says that it is done.
//!
//! ```
//! use lignaflow_sdk::prelude::*;
//! use serde_json::json;
//!
//! fn export(invoice: Id) -> Result<String, Fault> {
//!     let answer = outbound::post("https://api.xero.com/api.xro/2.0/Invoices")
//!         .header("Idempotency-Key", invoice.to_string())
//!         .secret("xero_token", "Authorization", "Bearer ")
//!         .json(&json!({ "Reference": invoice }))?
//!         .send()?;
//!     match answer.status {
//!         200 => answer.json::<serde_json::Value>().map(|told| told["Id"].as_str().unwrap_or_default().to_owned()),
//!         other => Err(Fault::new(ErrorCode::Unavailable, format!("Xero answers {other}."))),
//!     }
//! }
//! ```

use crate::Fault;
use lignaflow_core::outbound::SecretHeader;
pub use lignaflow_core::outbound::{OutboundRequest, OutboundResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A request that is put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending(OutboundRequest);

pub fn get(url: impl Into<String>) -> Sending {
    request("GET", url)
}

pub fn post(url: impl Into<String>) -> Sending {
    request("POST", url)
}

/// With a method of `GET`, `HEAD`, `POST`, `PUT`, `PATCH` and `DELETE`.
pub fn request(method: &str, url: impl Into<String>) -> Sending {
    Sending(OutboundRequest {
        method: method.to_owned(),
        url: url.into(),
        headers: Vec::new(),
        secrets: Vec::new(),
        body: Vec::new(),
        timeout_ms: 0,
    })
}

impl Sending {
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Has the host put a secret setting into a header, after a prefix such as `Bearer `.
    #[must_use]
    pub fn secret(mut self, setting: &str, header: &str, prefix: &str) -> Self {
        let (setting, header, prefix) = (setting.to_owned(), header.to_owned(), prefix.to_owned());
        self.0.secrets.push(SecretHeader { setting, header, prefix });
        self
    }

    /// With these bytes and what they are.
    #[must_use]
    pub fn body(mut self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.body = bytes.into();
        self.header("Content-Type", content_type)
    }

    pub fn json(self, value: &impl Serialize) -> Result<Self, Fault> {
        let bytes = serde_json::to_vec(value).map_err(|_| Fault::internal())?;
        Ok(self.body("application/json", bytes))
    }

    /// How long the answer may take, in milliseconds; at most 30,000, and 10,000 where nothing is said.
    #[must_use]
    pub fn within_ms(mut self, milliseconds: u32) -> Self {
        self.0.timeout_ms = milliseconds;
        self
    }

    /// Sends it. An answer of any status is one, also of 300 and more, which is followed nowhere. An error is the host's:
    /// `denied` where that host was not granted, `unavailable` where there was no answer.
    pub fn send(self) -> Result<OutboundResponse, Fault> {
        #[cfg(target_arch = "wasm32")]
        {
            use crate::bindings::lignaflow::plugin::outbound as wire;
            let OutboundRequest { method, url, headers, secrets, body, timeout_ms } = self.0;
            let secret = |it: SecretHeader| wire::Secret { setting: it.setting, header: it.header, prefix: it.prefix };
            let secrets = secrets.into_iter().map(secret).collect();
            let request = wire::Request { method, url, headers, secrets, body, timeout_ms };
            let answer = wire::send(&request).map_err(crate::wire::fault)?;
            Ok(OutboundResponse { status: answer.status, headers: answer.headers, body: answer.body })
        }
        #[cfg(not(target_arch = "wasm32"))]
        crate::testing::call::with(|call| call.send(self.0))
    }
}

/// Reading what was answered.
pub trait ReadResponse {
    fn json<T: DeserializeOwned>(&self) -> Result<T, Fault>;
    /// The first header of a name, whatever its case.
    fn header(&self, name: &str) -> Option<&str>;
}

impl ReadResponse for OutboundResponse {
    fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Fault::at("", "answer", format!("The answer cannot be read: {error}.")))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}
