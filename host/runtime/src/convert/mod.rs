//! Between the contract's types and the host's. What goes to a guest always fits; what comes from one is proved here,
//! once, and names its place where it does not hold. Nothing a guest sends makes this panic.

pub(crate) mod error;
pub(crate) mod hook;
pub(crate) mod migration;
pub(crate) mod mutation;
mod post;
pub(crate) mod predicate;
pub(crate) mod query;
pub(crate) mod reply;
pub(crate) mod value;
pub(crate) mod work;

use lignaflow_core::error::Fault;
use std::fmt;

/// Where a guest's data does not hold, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// A JSON pointer into what the guest sent, such as `/where/3`.
    pub(crate) at: String,
    pub(crate) what: String,
}

impl Malformed {
    pub(crate) fn new(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at: at.into(), what: what.into() }
    }

    /// The same, seen from one level up.
    pub(crate) fn under(mut self, prefix: impl fmt::Display) -> Self {
        self.at = format!("{prefix}{}", self.at);
        self
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() { f.write_str(&self.what) } else { write!(f, "{}: {}", self.at, self.what) }
    }
}

/// As the guest that asked is told.
impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Self::at(malformed.at, "malformed", malformed.what)
    }
}

pub(crate) type Checked<T> = Result<T, Malformed>;
