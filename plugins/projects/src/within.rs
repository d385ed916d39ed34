//! What belongs together is of one project: a task's phase, a cost's task, a claim's milestone.

use crate::findings::Findings;
use lignaflow_sdk::prelude::*;

/// Refuses references to what belongs to another project. Each is a field with the one by which its record is called;
/// `hook.with` names both that and its project.
pub(crate) fn check(index: usize, change: &HookChange, links: &[(&str, &str)], findings: &mut Findings) {
    let project = change.after.reference("project");
    for (field, title) in links {
        let Some(_) = change.after.reference(field) else { continue };
        if change.related.reference(&format!("{field}.project")) != project {
            let name = change.related.text(&format!("{field}.{title}")).unwrap_or("It");
            findings.add(
                index,
                field,
                "other-project",
                format!("{name} belongs to another project: choose one of this."),
            );
        }
    }
}
