//! The faults of a batch, gathered so that a caller learns of all of them at once.

use crate::by_project::Line;
use crate::crews::Crew;
use crate::usage::Portion;
use crate::weeks::Weeks;
use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(crate) struct Findings {
    issues: Vec<Issue>,
    /// What the caller is told first where something is locked.
    locked: Option<String>,
    /// What the caller is told first where something collides and nothing else is wrong.
    clashed: Option<String>,
    invalid: bool,
    /// Of which projects and months time changed.
    pub(crate) looks: BTreeSet<Portion>,
    /// Whether what time costs changed.
    pub(crate) reckons: bool,
    /// The sheets of the batch, as far as they were looked up.
    pub(crate) weeks: Option<Weeks>,
    /// Who asks, once that was looked up.
    pub(crate) caller: Option<context::Caller>,
    /// The crews of people, as far as they were looked up or come about in the batch.
    pub(crate) crews: BTreeMap<Id, Option<Crew>>,
    /// The lines of sheets of the batch that are approved by project, as far as they were looked up.
    pub(crate) lines: BTreeMap<Id, Vec<Line>>,
    pub(crate) verdict: Verdict,
}

impl Findings {
    pub(crate) fn add(&mut self, index: usize, field: &str, code: &str, message: impl Into<String>) {
        self.invalid = true;
        self.issues.push(change_issue(index, field, code, message));
    }

    /// The change touches something that is closed: the whole batch is refused as locked.
    pub(crate) fn lock(&mut self, index: usize, field: &str, message: String) {
        self.issues.push(change_issue(index, field, "locked", message.clone()));
        self.locked.get_or_insert(message);
    }

    /// The change collides with another record.
    pub(crate) fn clash(&mut self, index: usize, field: &str, code: &str, message: String) {
        self.issues.push(change_issue(index, field, code, message.clone()));
        self.clashed.get_or_insert(message);
    }

    /// Sets a field where it is not so already.
    pub(crate) fn set<V: IntoValue>(&mut self, index: usize, change: &HookChange, field: &str, value: V) {
        let value = value.into_value();
        if change.after.value(field).unwrap_or(&Value::Null) != &value {
            self.verdict.set_field(index, field, value);
        }
    }

    /// What a record is called. Where nothing is known of what it is named after, it keeps the name that it has: that the
    /// other is not there is told by the host.
    pub(crate) fn name(&mut self, index: usize, change: &HookChange, label: String) {
        if label.chars().any(char::is_alphanumeric) {
            self.set(index, change, "label", label);
        }
    }

    pub(crate) fn finish(mut self) -> Result<Verdict, Fault> {
        for portion in std::mem::take(&mut self.looks) {
            self.verdict.also.push(portion.look()?);
        }
        if self.reckons {
            self.verdict.also.push(enqueue("reckon").once("rates").into());
        }
        match (self.locked, self.clashed) {
            (Some(message), _) => Err(Fault { code: ErrorCode::Locked, message, issues: self.issues }),
            (None, Some(message)) if !self.invalid => {
                Err(Fault { code: ErrorCode::Conflict, message, issues: self.issues })
            }
            _ if self.issues.is_empty() => Ok(self.verdict),
            _ => Err(Fault::invalid(self.issues)),
        }
    }
}
