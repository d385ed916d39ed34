//! Who is asking and when. Facts only: nothing here grants anything, and it needs no grant.

use crate::value::Currency;
use crate::{Date, Fault, Id, Instant};

/// On whose account a call runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    Person(Id),
    /// Somebody with a link: one page, one subject, until it expires.
    Link(Id),
    /// The plugin itself, with its own grants.
    Plugin,
    Anonymous,
}

/// The facts about the caller of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub organization: Id,
    pub principal: Principal,
    /// What the caller holds: the host's own are words, a plugin's are `plugin.name`.
    pub permissions: Vec<String>,
    /// BCP 47, such as `en-AU`.
    pub locale: String,
    /// IANA, such as `Australia/Sydney`.
    pub time_zone: String,
    pub currency: Currency,
    pub request_id: String,
    pub now: Instant,
}

impl Caller {
    pub fn holds(&self, permission: &str) -> bool {
        self.permissions.iter().any(|held| held == permission)
    }

    pub fn person(&self) -> Option<Id> {
        match self.principal {
            Principal::Person(person) => Some(person),
            _ => None,
        }
    }

    /// The day that it is where the caller is. Imports `calendar`.
    pub fn today(&self) -> Result<Date, Fault> {
        crate::calendar::to_local(self.now, &self.time_zone).map(|local| local.date)
    }
}

/// The caller of the call under way.
pub fn caller() -> Result<Caller, Fault> {
    #[cfg(target_arch = "wasm32")]
    return crate::wire::caller(crate::bindings::lignaflow::plugin::context::current());
    #[cfg(not(target_arch = "wasm32"))]
    Ok(crate::testing::call::with(crate::testing::call::Call::caller))
}

/// A fresh UUIDv7, so that one batch can refer to what it creates.
pub fn new_id() -> Result<Id, Fault> {
    #[cfg(target_arch = "wasm32")]
    return crate::wire::id(&crate::bindings::lignaflow::plugin::context::new_id());
    #[cfg(not(target_arch = "wasm32"))]
    Ok(crate::testing::call::with(crate::testing::call::Call::new_id))
}
