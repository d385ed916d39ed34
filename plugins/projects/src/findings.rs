//! The faults of a batch, gathered so that a caller learns of all of them at once.

use lignaflow_sdk::prelude::*;

#[derive(Debug, Default)]
pub(crate) struct Findings {
    issues: Vec<Issue>,
    /// What the caller is told first where something is locked.
    locked: Option<String>,
    /// How many of them say that something is there already.
    clashes: usize,
    pub(crate) verdict: Verdict,
}

impl Findings {
    pub(crate) fn add(&mut self, index: usize, field: &str, code: &str, message: impl Into<String>) {
        self.issues.push(change_issue(index, field, code, message));
    }

    /// The change touches something that its state has closed: the whole batch is refused as locked.
    pub(crate) fn lock(&mut self, index: usize, field: &str, message: String) {
        self.add(index, field, "locked", message.clone());
        self.locked.get_or_insert(message);
    }

    /// The change makes what is there already: where that is all that is wrong, it is told as a collision.
    pub(crate) fn clash(&mut self, index: usize, field: &str, message: String) {
        self.add(index, field, "duplicate", message);
        self.clashes += 1;
    }

    pub(crate) fn finish(self) -> Result<Verdict, Fault> {
        match self.locked {
            Some(message) => Err(Fault { code: ErrorCode::Locked, message, issues: self.issues }),
            None if self.issues.is_empty() => Ok(self.verdict),
            None if self.issues.len() == self.clashes => {
                Err(Fault { code: ErrorCode::Conflict, ..Fault::invalid(self.issues) })
            }
            None => Err(Fault::invalid(self.issues)),
        }
    }
}
