//! What must hold of a cost: of its project, and billed no more than once.

use crate::findings::Findings;
use crate::{budget, closed, money, within};
use lignaflow_sdk::Origin;
use lignaflow_sdk::prelude::*;

const LINKS: [(&str, &str); 4] = [("phase", "name"), ("location", "name"), ("task", "title"), ("claim", "title")];
/// What a claim that stands rests on: what it bills, and that it is billed at all.
const HELD: [&str; 6] = ["project", "amount", "tax", "billable", "extra", "claim"];

pub(crate) fn check(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    closed::check(index, change, "costs", findings)?;
    let HookChange { before, after, related, .. } = change;
    if change.kind != ChangeKind::Remove {
        within::check(index, change, &LINKS, findings);
        money::one_currency(index, after, &["amount", "tax"], findings);
        money::same_way(index, change, findings);
    }
    let (was, is) = (before.reference("claim"), after.reference("claim"));
    let billable = after.boolean("billable") == Some(true);
    // What is claimed stays so, however the project is billed by now.
    let claimed = is.is_some() && was == is;
    if change.kind != ChangeKind::Remove && billable && !charged(change) && !claimed {
        if change.kind == ChangeKind::Update && before.boolean("billable") == Some(false) {
            let message = "The price of this project is fixed, or nobody pays for it: mark a cost as an extra where it is \
                           charged on top of a fixed price.";
            findings.add(index, "billable", "not-billable", message);
        } else {
            findings.verdict.set_field(index, "billable", false);
        }
    }
    if is.is_some() && was != is {
        let status = related.text("claim.status").unwrap_or("open");
        if status != "open" {
            let title = related.text("claim.title").unwrap_or("The claim");
            findings.lock(
                index,
                "claim",
                format!("{title} is {status}: nothing is added to it. Bill this cost with another claim."),
            );
        }
        if status == "open" && !matches!(change.origin, Origin::Route) {
            let title = related.text("claim.title").unwrap_or("The claim");
            let message = format!(
                "What {title} comes to would not follow. Bill this on the page “Bill costs” of its project, or cancel that \
                 claim first and bill all of it anew."
            );
            findings.add(index, "claim", "by-claiming", message);
        }
        if !billable || !charged(change) {
            findings.add(
                index,
                "claim",
                "not-billable",
                "This cost is not billable: mark it as billable first or, of a fixed price, as an extra.",
            );
        }
    }
    if let Some(was) = was
        && (change.kind == ChangeKind::Remove || HELD.iter().any(|name| before.value(name) != after.value(name)))
        && let Some(claim) = records::get("claims", was, &["status", "title", "number"])?
    {
        let what = [claim.text("number"), claim.text("title")].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let message = match claim.text("status") {
            Some("open") => format!("This cost is claimed with {what}: cancel that claim first."),
            Some("billed") => format!("This cost is billed with {what}: take that back and cancel it first."),
            Some("paid") => format!("This cost is paid with {what}: enter another for what differs."),
            _ => String::new(),
        };
        if !message.is_empty() {
            findings.lock(index, "claim", message);
        }
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
