//! Issuing: the client's document is made of the revision as it stands, sealed and kept in the same commit; the estimate
//! gets its number with its first, and what was open before is superseded.

use crate::document::Document;
use crate::findings::Findings;
use crate::paper::Paper;
use crate::sending;
use crate::sheet::Sheet;
use lignaflow_sdk::prelude::*;

/// How long an offer stands where it does not say.
const DAYS_VALID: i64 = 30;

pub(crate) const ESTIMATE: [&str; 13] = [
    "title",
    "client",
    "site",
    "working",
    "number",
    "numbering",
    "open",
    "accepted",
    "kind",
    "project",
    "estimator",
    "template",
    "drawings",
];

/// Where quotes are reviewed first, a draft is not issued as it is.
pub(crate) fn reviewed(at: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    // What is brought in as it was went out before there was anything to review.
    let brought = !change.after.is_null("issued_at");
    let review = !brought && settings::all(["review"])?.boolean("review") == Some(true);
    if review && change.before.text("status") == Some("draft") {
        findings.refuse(at, ErrorCode::Conflict, "review", "Have it reviewed first: quotes are issued after that.");
    }
    Ok(())
}

pub(crate) fn issue(at: usize, sheet: &mut Sheet, findings: &mut Findings) -> Result<(), Fault> {
    let caller = context::caller()?;
    // A draft has no moment of issue but where it is brought in as it was.
    let brought = sheet.revision.instant("issued_at");
    let (now, today) = match brought {
        Some(at) => (at, calendar::to_local(at, &caller.time_zone)?.date),
        None => (caller.now, caller.today()?),
    };
    let days = settings::all(["valid_days"])?.integer("valid_days").unwrap_or(DAYS_VALID);
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    let until = sheet.revision.date("valid_until").or(today.plus_days(days)).unwrap_or(today);
    if until < today {
        findings.add(
            at,
            "valid_until",
            "past",
            format!("It would have expired already, on {until}: name a later day, or none."),
        );
    }
    if sheet.lines.is_empty() {
        findings.add(at, "status", "empty", "There is nothing to issue: write its lines first.");
    }
    if let Some(message) = sheet.discount_beyond()?.filter(|_| brought.is_none()) {
        findings.add(at, "discount", "too-much", message);
    }
    let estimate_id = sheet.revision.reference("estimate").ok_or_else(|| Fault::not_found("estimate"))?;
    let estimate = records::get("estimates", estimate_id, &ESTIMATE)?.ok_or_else(|| Fault::not_found("estimate"))?;
    if estimate.boolean("template") == Some(true) {
        let message = "It is kept as a template: begin another from it, and issue that.";
        findings.add(at, "status", "template", message);
    }
    if estimate.reference("accepted").is_some() {
        findings.add(
            at,
            "status",
            "accepted",
            "A revision of this estimate was accepted already; make a variation instead.",
        );
    }
    if findings.has_issues() {
        return Ok(());
    }
    let client = match estimate.reference("client") {
        Some(client) => records::get("projects/clients", client, &["name", "contact", "address", "tax_number"])?,
        None => None,
    };
    let document = Document::of(sheet, &estimate, client.as_ref(), today, until)?;
    let (text, hash) = document.sealed()?;
    if text.chars().count() > 100_000 {
        return Err(Fault::new(ErrorCode::Quota, "The document is too long to be kept: divide the estimate in two."));
    }
    findings.verdict.set_field(at, "valid_until", until);
    findings.verdict.set_field(at, "issued_at", now);
    findings.verdict.set_field(at, "hash", hash.as_str());
    let kept = insert("documents", context::new_id()?)
        .set("name", sheet.revision.text("name").unwrap_or("Document"))
        .set("revision", sheet.id)
        .set("issued_at", now)
        .set("hash", hash)
        .set("text", text);
    findings.verdict.also.push(kept.into());
    if brought.is_none() {
        findings.verdict.also.push(Paper { revision: sheet.id, signed: false }.asked()?);
    }
    if let Some(open) = estimate.reference("open").filter(|open| *open != sheet.id) {
        findings.verdict.also.push(transition("revisions", open, "supersede").into());
        findings.verdict.also.extend(sending::close(open, supersede_link)?);
    }
    if estimate.text("numbering") != Some("given") {
        findings.number(estimate_id);
    }
    let fields = findings.estimate(estimate_id);
    fields.insert("open".to_owned(), sheet.id.into_value());
    fields.insert("status".to_owned(), "issued".into_value());
    Ok(())
}
