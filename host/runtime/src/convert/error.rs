//! Faults, in both directions. A guest's words reach people, so they are bounded; its codes are the contract's.

use crate::contract::lignaflow::plugin::types::{Error as Wire, ErrorCode as WireCode, Issue as WireIssue};
use lignaflow_core::{ErrorCode, Fault, Issue};

/// Characters of a message, and of each part of an issue.
const MESSAGE: usize = 2000;
const ISSUES: usize = 500;

pub(crate) fn to_wire(fault: Fault) -> Wire {
    Wire {
        code: match fault.code {
            ErrorCode::Invalid => WireCode::Invalid,
            ErrorCode::Denied => WireCode::Denied,
            ErrorCode::NotFound => WireCode::NotFound,
            // To a guest, which is run again on conflict, both are a race that was lost.
            ErrorCode::Conflict | ErrorCode::Stale => WireCode::Conflict,
            ErrorCode::Locked => WireCode::Locked,
            ErrorCode::Quota => WireCode::Quota,
            ErrorCode::RateLimited => WireCode::RateLimited,
            ErrorCode::Timeout | ErrorCode::PluginTimeout | ErrorCode::PluginCpu => WireCode::Timeout,
            ErrorCode::Unavailable | ErrorCode::PluginBusy => WireCode::Unavailable,
            ErrorCode::PluginFailed
            | ErrorCode::PluginOutOfMemory
            | ErrorCode::PluginExhausted
            | ErrorCode::PluginBadAnswer
            | ErrorCode::PluginSetAside
            | ErrorCode::Internal => WireCode::Internal,
        },
        message: fault.message,
        issues: fault
            .issues
            .into_iter()
            .map(|issue| WireIssue { path: issue.path, code: issue.code, message: issue.message })
            .collect(),
    }
}

pub(crate) fn from_wire(error: Wire) -> Fault {
    let message = if error.message.trim().is_empty() { "The plugin refused.".to_owned() } else { cut(error.message) };
    Fault {
        code: match error.code {
            WireCode::Invalid => ErrorCode::Invalid,
            WireCode::Denied => ErrorCode::Denied,
            WireCode::NotFound => ErrorCode::NotFound,
            WireCode::Conflict => ErrorCode::Conflict,
            WireCode::Locked => ErrorCode::Locked,
            WireCode::Quota => ErrorCode::Quota,
            WireCode::RateLimited => ErrorCode::RateLimited,
            WireCode::Timeout => ErrorCode::Timeout,
            WireCode::Unavailable => ErrorCode::Unavailable,
            // What went wrong inside a plugin is the plugin's failure, not the host's.
            WireCode::Internal => ErrorCode::PluginFailed,
        },
        message,
        issues: error
            .issues
            .into_iter()
            .take(ISSUES)
            .map(|issue| Issue::new(cut(issue.path), cut(issue.code), cut(issue.message)))
            .collect(),
    }
}

fn cut(mut text: String) -> String {
    if text.len() > MESSAGE {
        text.truncate(text.floor_char_boundary(MESSAGE));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guests_words_are_bounded_and_its_issues_kept() {
        let issue = WireIssue { path: "/0/due".into(), code: "order".into(), message: "ö".repeat(100_000) };
        let fault = from_wire(Wire { code: WireCode::Locked, message: String::new(), issues: vec![issue; 1000] });
        assert_eq!(fault.code, ErrorCode::Locked);
        assert_eq!(fault.message, "The plugin refused.");
        assert_eq!(fault.issues.len(), ISSUES);
        assert_eq!(fault.issues[0].path, "/0/due");
        assert!(fault.issues[0].message.len() < 2010);
    }

    #[test]
    fn a_stale_version_is_a_conflict_to_a_guest() {
        assert_eq!(to_wire(Fault::new(ErrorCode::Stale, "old")).code, WireCode::Conflict);
    }
}
