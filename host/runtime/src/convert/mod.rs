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

/// How deep JSON of a guest nests at most: less than what any reader of it gives up at.
const DEEPEST: usize = 100;

/// Whether a text is JSON that can be read everywhere. How deep it nests is looked at first: it is told by as few bytes.
pub(crate) fn check_json(text: &str) -> Result<(), Malformed> {
    let (mut depth, mut within, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => within = !within,
            b'[' | b'{' if !within => depth += 1,
            b']' | b'}' if !within => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(Malformed::new("", format!("not JSON that nests at most {DEEPEST} deep")));
        }
    }
    let read: Result<serde::de::IgnoredAny, _> = serde_json::from_str(text);
    read.map(|_| ()).map_err(|error| Malformed::new("", format!("not JSON: {error}")))
}

/// As the guest that asked is told.
impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Self::at(malformed.at, "malformed", malformed.what)
    }
}

pub(crate) type Checked<T> = Result<T, Malformed>;
