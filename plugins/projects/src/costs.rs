//! What must hold of a cost: of its project, and billed no more than once.

use crate::findings::Findings;
use crate::{budget, closed, money, within};
use lignaflow_sdk::prelude::*;

const LINKS: [(&str, &str); 4] = [("phase", "name"), ("location", "name"), ("task", "title"), ("claim", "title")];
/// What a claim that is billed rests on.
const BILLED: [&str; 4] = ["project", "amount", "tax", "claim"];

pub(crate) fn check(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    closed::check(index, change, "costs", findings)?;
    let HookChange { before, after, related, .. } = change;
    if change.kind != ChangeKind::Remove {
        within::check(index, change, &LINKS, findings);
        money::one_currency(index, after, &["amount", "tax"], findings);
    }
    let billable = after.boolean("billable") == Some(true);
    if change.kind != ChangeKind::Remove && billable && !charged(change) {
        if change.kind == ChangeKind::Update && before.boolean("billable") == Some(false) {
            let message = "The price of this project is fixed, or nobody pays for it: mark a cost as an extra where it is \
                           charged on top of a fixed price.";
            findings.add(index, "billable", "not-billable", message);
        } else {
            findings.verdict.set_field(index, "billable", false);
        }
    }
    let (was, is) = (before.reference("claim"), after.reference("claim"));
    if is.is_some() && was != is {
        let status = related.text("claim.status").unwrap_or("open");
        if status != "open" {
            let title = related.text("claim.title").unwrap_or("The claim");
            findings.lock(index, "claim", format!("{title} is {status}: nothing is added to it."));
        }
        if !billable || !charged(change) {
            findings.add(index, "claim", "not-billable", "This cost is not billable: nobody is to pay for it.");
        }
    }
    if let Some(was) = was
        && (change.kind == ChangeKind::Remove || BILLED.iter().any(|name| before.value(name) != after.value(name)))
        && let Some(claim) = records::get("claims", was, &["status", "title"])?
        && matches!(claim.text("status"), Some("billed" | "paid"))
    {
        let title = claim.text("title").unwrap_or("a claim");
        findings.lock(index, "claim", format!("This cost is billed with {title}: take that back first."));
    }
    for project in [before.reference("project"), after.reference("project")].into_iter().flatten() {
        budget::look_where_set(change, project, findings)?;
    }
    Ok(())
}

/// Whether the client pays for a cost by itself: a fixed price is billed by its stages, which what is an extra comes on top
/// of.
fn charged(change: &HookChange) -> bool {
    let extra = change.after.boolean("extra") == Some(true) || change.related.boolean("task.extra") == Some(true);
    match change.related.text("project.billing") {
        Some("not-billable") => false,
        Some("fixed" | "milestones") => extra,
        _ => true,
    }
}
