//! A comment stands with a project, or with something of one.

use crate::findings::Findings;
use crate::within;
use lignaflow_sdk::prelude::*;

const LINKS: [(&str, &str); 3] = [("task", "title"), ("cost", "title"), ("claim", "title")];

pub(crate) fn check(index: usize, change: &HookChange, findings: &mut Findings) {
    if change.after.reference("project").is_some() {
        within::check(index, change, &LINKS, findings);
        return;
    }
    // Who is on a task and not on its project names the task alone.
    let of = LINKS.iter().find_map(|(field, _)| change.related.reference(&format!("{field}.project")));
    match of {
        Some(project) => findings.verdict.set_field(index, "project", project),
        None => findings.add(index, "project", "required", "Say what this comment is about."),
    }
}
