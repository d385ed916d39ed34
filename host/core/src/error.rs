//! Faults as people meet them. They know no HTTP: `host/server` turns a code into a status, in one place.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What kind of fault it is. Stable: clients and plugins decide by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The input breaks a rule; the issues say which.
    Invalid,
    /// The caller may not.
    Denied,
    /// There is no such thing, or it belongs to another organization.
    NotFound,
    /// It collides with what is there: a duplicate, or a race lost five times.
    Conflict,
    /// The expected version is not the current one.
    Stale,
    /// The record's state refuses changes.
    Locked,
    /// A bound was reached.
    Quota,
    RateLimited,
    Timeout,
    /// Not now; the same call may succeed later.
    Unavailable,
    /// A plugin trapped.
    PluginFailed,
    /// A plugin used up its computing time.
    PluginCpu,
    /// A plugin took too long by the clock.
    PluginTimeout,
    PluginOutOfMemory,
    /// A plugin made more host calls, or handed over more, than it may.
    PluginExhausted,
    /// A plugin answered what the contract or its own schema does not allow.
    PluginBadAnswer,
    /// All instances that the plugin may have, or that there are, are at work.
    PluginBusy,
    /// What was called is set aside, since it kept failing.
    PluginSetAside,
    Internal,
}

impl ErrorCode {
    /// Whether the very same call may succeed a little later, whoever makes it.
    pub const fn is_for_now(self) -> bool {
        matches!(self, Self::Unavailable | Self::PluginBusy)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Denied => "denied",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Stale => "stale",
            Self::Locked => "locked",
            Self::Quota => "quota",
            Self::RateLimited => "rate-limited",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::PluginFailed => "plugin-failed",
            Self::PluginCpu => "plugin-cpu",
            Self::PluginTimeout => "plugin-timeout",
            Self::PluginOutOfMemory => "plugin-out-of-memory",
            Self::PluginExhausted => "plugin-exhausted",
            Self::PluginBadAnswer => "plugin-bad-answer",
            Self::PluginBusy => "plugin-busy",
            Self::PluginSetAside => "plugin-set-aside",
            Self::Internal => "internal",
        }
    }
}

/// One fault in the input. `path` is a JSON pointer (RFC 6901), `code` is stable, `message` is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    pub path: String,
    pub code: String,
    pub message: String,
}

impl Issue {
    pub fn new(path: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), code: code.into(), message: message.into() }
    }

    /// The same fault, seen from one level up: `/name` under `/3` is `/3/name`.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.path.insert_str(0, prefix);
        self
    }
}

/// What a caller is told. It holds nothing of an inner cause: those are logged where they happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub code: ErrorCode,
    pub message: String,
    pub issues: Vec<Issue>,
}

impl Fault {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), issues: Vec::new() }
    }

    /// Invalid input, all faults at once. The first one is repeated in the message.
    pub fn invalid(issues: Vec<Issue>) -> Self {
        let message = match issues.as_slice() {
            [] => "The input is not valid.".to_owned(),
            [only] => only.message.clone(),
            [first, rest @ ..] => {
                format!(
                    "{} And {} more {}.",
                    first.message,
                    rest.len(),
                    if rest.len() == 1 { "fault" } else { "faults" }
                )
            }
        };
        Self { code: ErrorCode::Invalid, message, issues }
    }

    /// One fault of the input at one place.
    pub fn at(path: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(vec![Issue::new(path, code, message)])
    }

    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(ErrorCode::NotFound, format!("There is no {what} here."))
    }

    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Denied, message)
    }

    pub fn internal() -> Self {
        Self::new(ErrorCode::Internal, "Something went wrong on our side. The request id helps to find it in the log.")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}
