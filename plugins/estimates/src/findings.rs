//! What a batch comes to: its faults, all at once, and what is to be written along.

use lignaflow_sdk::prelude::*;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Findings {
    issues: Vec<Issue>,
    /// What the caller is told first where the batch is refused for more than its values.
    refused: Option<(ErrorCode, String)>,
    pub(crate) verdict: Verdict,
    /// What is to change of estimates, each once in a batch.
    estimates: BTreeMap<Id, Fields>,
    /// Those that are given their number.
    numbered: Vec<Id>,
}

impl Findings {
    pub(crate) fn add(&mut self, index: usize, field: &str, code: &str, message: impl Into<String>) {
        self.issues.push(change_issue(index, field, code, message));
    }

    /// The change may not be at all.
    pub(crate) fn refuse(&mut self, index: usize, code: ErrorCode, name: &str, message: impl Into<String>) {
        let message = message.into();
        self.issues.push(Issue::new(format!("/{index}"), name, message.clone()));
        self.refused.get_or_insert((code, message));
    }

    pub(crate) fn has_issues(&self) -> bool {
        !self.issues.is_empty()
    }

    /// What is to change of an estimate.
    pub(crate) fn estimate(&mut self, id: Id) -> &mut Fields {
        self.estimates.entry(id).or_default()
    }

    pub(crate) fn number(&mut self, estimate: Id) {
        self.estimate(estimate);
        self.numbered.push(estimate);
    }

    /// `changes` are those of estimates in the batch itself, by position: they take what is to change of theirs along.
    pub(crate) fn finish(mut self, changes: &[HookChange]) -> Result<Verdict, Fault> {
        if let Some((code, message)) = self.refused {
            return Err(Fault { code, message, issues: self.issues });
        }
        if !self.issues.is_empty() {
            return Err(Fault::invalid(self.issues));
        }
        for (id, fields) in self.estimates {
            let own = changes.iter().position(|change| change.collection == "estimates" && change.id == id);
            if let Some(at) = own {
                if self.numbered.contains(&id) {
                    let message = "Issue the document by itself, not together with changes of its estimate.";
                    return Err(Fault::new(ErrorCode::Conflict, message));
                }
                for (name, value) in fields {
                    self.verdict.set_field(at, &name, value);
                }
                continue;
            }
            let write = if self.numbered.contains(&id) {
                transition("estimates", id, "number")
            } else {
                update("estimates", id)
            };
            let write = fields.into_iter().fold(write, |write, (name, value)| write.set(name, value));
            self.verdict.also.push(write.into());
        }
        Ok(self.verdict)
    }
}
