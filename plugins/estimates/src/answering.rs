//! What follows when a document is seen, answered, or no longer stands.

use crate::document::Document;
use crate::findings::Findings;
use crate::sheet::Sheet;
use lignaflow_sdk::prelude::*;
use std::collections::BTreeSet;

/// What a job of conversion is asked for with.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Conversion {
    pub(crate) revision: Id,
}

pub(crate) fn follow(
    at: usize,
    transition: &str,
    change: &HookChange,
    sheet: &Sheet,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let estimate = sheet.revision.reference("estimate").ok_or_else(|| Fault::not_found("estimate"))?;
    let now = context::caller()?.now;
    let stands = match transition {
        "submit" => "in-review",
        "return" => "draft",
        "view" => {
            findings.verdict.set_field(at, "viewed_at", now);
            "viewed"
        }
        "accept" => {
            accept(at, change, sheet, estimate, findings)?;
            "accepted"
        }
        "decline" => {
            if change.after.text("reason").is_none_or(|reason| reason.trim().is_empty()) {
                findings.add(at, "reason", "required", "Say why it was declined, in a word or two.");
            }
            findings.verdict.set_field(at, "answered_at", now);
            "declined"
        }
        "withdraw" => "withdrawn",
        "expire" => {
            let today = context::caller()?.today()?;
            if change.after.date("valid_until").is_some_and(|until| until >= today) {
                findings.refuse(at, ErrorCode::Conflict, "valid", "It is still valid; withdraw it instead.");
            }
            "expired"
        }
        _ => return Ok(()),
    };
    let closes = matches!(transition, "accept" | "decline" | "withdraw" | "expire");
    let fields = findings.estimate(estimate);
    fields.insert("status".to_owned(), stands.into_value());
    if closes {
        fields.insert("open".to_owned(), Value::Null);
    }
    Ok(())
}

/// An acceptance binds to the document: it names its hash, what was chosen, and what that comes to.
fn accept(at: usize, change: &HookChange, sheet: &Sheet, estimate: Id, findings: &mut Findings) -> Result<(), Fault> {
    let caller = context::caller()?;
    let today = caller.today()?;
    if change.after.date("valid_until").is_some_and(|until| until < today) {
        findings.refuse(at, ErrorCode::Conflict, "expired", "It is no longer valid: issue a new revision.");
        return Ok(());
    }
    let name = change.after.text("answered_by").map(str::trim).filter(|name| !name.is_empty());
    let Some(name) = name else {
        findings.add(at, "answered_by", "required", "Whose acceptance is it? Give the name.");
        return Ok(());
    };
    let issued = sealed(sheet.id)?;
    let asked: BTreeSet<Id> = change.after.references("chosen").iter().copied().collect();
    let asked = (!asked.is_empty()).then_some(&asked);
    let totals = match issued.document.totals(asked) {
        Ok(totals) => totals,
        Err(fault) => {
            for issue in fault.issues {
                findings.add(at, "chosen", &issue.code, issue.message);
            }
            return Ok(());
        }
    };
    let taken: Vec<String> = issued.document.taken(&totals).iter().map(ToString::to_string).collect();
    findings.verdict.set_field(at, "answered_at", caller.now);
    let kept = insert("acceptances", context::new_id()?)
        .set("name", name)
        .set("revision", sheet.id)
        .set("hash", issued.hash)
        .set("chosen", serde_json::json!(taken))
        .set("net", sheet.money(totals.net))
        .set("total", sheet.money(totals.total))
        .set("how", change.after.text("answered_how").unwrap_or("paper"))
        .set("at", caller.now)
        .set("day", today)
        .set("recorded_by", caller.person());
    findings.verdict.also.push(kept.into());
    findings
        .verdict
        .also
        .push(enqueue("convert").with(&Conversion { revision: sheet.id })?.once(sheet.id.to_string()).into());
    findings.estimate(estimate).insert("accepted".to_owned(), sheet.id.into_value());
    Ok(())
}

/// A document as it was issued.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) hash: String,
    pub(crate) document: Document,
}

pub(crate) fn sealed(revision: Id) -> Result<Issued, Fault> {
    let asked =
        select("documents").as_plugin().columns(["hash", "text"]).filter(field("revision").eq(revision)).limit(1);
    let page = records::find(asked)?;
    let row = page.records().next().ok_or_else(|| Fault::not_found("document of this revision"))?;
    let (hash, text) = (row.text("hash").unwrap_or_default(), row.text("text").unwrap_or_default());
    Ok(Issued { document: Document::opened(text, hash)?, hash: hash.to_owned() })
}

/// Lets everything expire whose day is past, some at a time.
pub(crate) fn expire() -> Result<Slice, Fault> {
    let today = context::caller()?.today()?;
    let late = field("status").within(["issued", "viewed"]).and(field("valid_until").less_than(today));
    let page =
        records::find(select("revisions").as_plugin().columns(["id"]).filter(late).sort("valid_until").limit(50))?;
    let ids: Vec<Id> = page.records().filter_map(|row| row.reference("id")).collect();
    let slice = Slice::default().with_writes(ids.iter().map(|id| transition("revisions", *id, "expire")));
    if page.next.is_some() { slice.resuming(&ids.len()) } else { Ok(slice) }
}
