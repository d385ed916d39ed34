//! What must hold of a project beside its dates: its client is not in the archive, and its site is one of that client's.

use crate::budget;
use crate::findings::Findings;
use lignaflow_sdk::prelude::*;

pub(crate) fn check(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    let HookChange { before, after, related, kind, .. } = change;
    let comes = |name: &str| *kind == ChangeKind::Insert || before.reference(name) != after.reference(name);
    if after.reference("client").is_some() && comes("client") && related.text("client.standing") == Some("archived") {
        let name = related.text("client.name").unwrap_or("The client");
        findings.add(index, "client", "archived", format!("{name} is in the archive: take it out of there first."));
    }
    billed_to(index, change, findings)?;
    if after.reference("site").is_some() {
        if related.reference("site.client") == after.reference("client") {
            // Who works there need not see the client's sites.
            for name in ["address", "access_notes"] {
                if let Some(text) = related.text(&format!("site.{name}")).filter(|_| after.is_null(name)) {
                    findings.verdict.set_field(index, name, text);
                }
            }
        } else {
            let name = related.text("site.name").unwrap_or("This");
            findings.add(
                index,
                "site",
                "other-client",
                format!("{name} is not a site of this project's client: choose one of theirs, or none."),
            );
        }
    }
    let paid = after.text("billing") != Some("not-billable");
    if paid && begins(change) && after.is_null("estimate") && estimate_required()? {
        let message = "No estimate of this project was accepted yet: have one accepted, or say that the project is not \
                       billable.";
        findings.add(index, "estimate", "required", message);
    }
    if budget::differs(before, after) {
        findings.verdict.also.push(budget::look(change.id)?);
    }
    Ok(())
}

/// Whom an invoice went to is told by its project: that stays once one has.
fn billed_to(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    let HookChange { before, after, kind, .. } = change;
    if *kind != ChangeKind::Update || before.is_null("client") || before.value("client") == after.value("client") {
        return Ok(());
    }
    let billed = field("project").eq(change.id).and(field("status").within(["billed", "paid"]));
    let billed = select("claims").as_plugin().columns(["number", "invoice"]).filter(billed).sort("number").limit(1);
    let page = records::find(billed)?;
    if let Some(claim) = page.records().next() {
        let number = claim.text("invoice").or(claim.text("number")).unwrap_or("A claim").to_owned();
        let message = format!("{number} went to this client: make another project for what another one orders.");
        findings.add(index, "client", "billed", message);
    }
    Ok(())
}

/// Whether work that is paid for begins: a project that was not worked on is started, or reopened after it was cancelled;
/// or somebody is to pay for one that is worked on already.
fn begins(change: &HookChange) -> bool {
    let in_work = |status: Option<&str>| matches!(status, Some("active" | "on-hold" | "completed" | "closed"));
    let was_in_work = in_work(change.before.text("status"));
    let started = matches!(change.transition.as_deref(), Some("activate" | "reopen")) && !was_in_work;
    let was_paid = change.before.text("billing") != Some("not-billable");
    started || was_in_work && !was_paid
}

/// Whether the organization starts no work without an accepted estimate.
fn estimate_required() -> Result<bool, Fault> {
    Ok(settings::all(["estimate_required"])?.boolean("estimate_required") == Some(true))
}
