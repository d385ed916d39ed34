//! A project that is closed or cancelled stands still: so does what it is made of.

use crate::findings::Findings;
use lignaflow_sdk::prelude::*;

/// States of a project in which nothing of it changes.
const CLOSED: [&str; 2] = ["closed", "cancelled"];

/// Refuses a change of something of a project that is closed, and one that carries it out of a closed project. `what`
/// is said to change: `tasks`.
pub(crate) fn check(index: usize, change: &HookChange, what: &str, findings: &mut Findings) -> Result<(), Fault> {
    refuse(index, &change.related, "project.", what, findings);
    if let Some(left) = left(change)
        && let Some(project) = records::get("projects", left, &["status", "name"])?
    {
        refuse(index, &project, "", what, findings);
    }
    Ok(())
}

/// Where a record was, if it is about to leave for another project.
pub(crate) fn left(change: &HookChange) -> Option<Id> {
    let (before, after) = (change.before.reference("project"), change.after.reference("project"));
    before.filter(|_| change.kind == ChangeKind::Update && before != after)
}

/// Refuses where the project, whose fields stand at `prefix`, is closed.
pub(crate) fn refuse(index: usize, project: &Fields, prefix: &str, what: &str, findings: &mut Findings) {
    let status = project.text(&format!("{prefix}status")).unwrap_or_default();
    if CLOSED.contains(&status) {
        let name = project.text(&format!("{prefix}name")).unwrap_or("The project");
        findings.lock(index, "project", format!("{name} is {status}: reopen it before its {what} change."));
    }
}
