//! What follows when a document is seen, answered, or no longer stands.

use crate::document::Document;
use crate::findings::Findings;
use crate::paper::Paper;
use crate::sending;
use crate::sheet::Sheet;
use lignaflow_sdk::Origin;
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
            if change.after.is_null("answered_at") {
                findings.verdict.set_field(at, "answered_at", now);
                tell(change, estimate, "declined", findings)?;
            }
            "declined"
        }
        "withdraw" => {
            findings.verdict.also.extend(sending::close(change.id, withdraw_link)?);
            "withdrawn"
        }
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
    // What is open has no answer yet, but where it is brought in as it was.
    let brought = change.after.instant("answered_at");
    let (now, today) = match brought {
        Some(at) => (at, calendar::to_local(at, &caller.time_zone)?.date),
        None => (caller.now, caller.today()?),
    };
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
    // On their own page clients see what is ticked: nothing is nothing. Elsewhere nothing is what was offered.
    let by_link = change.after.text("answered_how") == Some("link");
    // So it is where staff tick it for them.
    let ticked = by_link || change.origin == Origin::Route && brought.is_none();
    let asked = (ticked || !asked.is_empty()).then_some(&asked);
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
    findings.verdict.set_field(at, "answered_at", now);
    // The revision keeps what it was offered for; lists, figures and win rates tell what was taken.
    findings.verdict.set_field(at, "accepted_total", sheet.money(totals.total));
    findings.estimate(estimate).insert("total".to_owned(), sheet.money(totals.total).into_value());
    let kept = insert("acceptances", context::new_id()?)
        .set("name", name)
        .set("revision", sheet.id)
        .set("hash", issued.hash)
        .set("chosen", serde_json::json!(taken))
        .set("net", sheet.money(totals.net))
        .set("total", sheet.money(totals.total))
        .set("how", change.after.text("answered_how").unwrap_or("paper"))
        .set("at", now)
        .set("day", today)
        .set("signature", change.after.text("signature"))
        .set("recorded_by", caller.person());
    if !change.after.is_null("signature") {
        findings.verdict.set_field(at, "signature", None::<String>);
    }
    findings.verdict.also.push(kept.into());
    if brought.is_none() {
        let convert = enqueue("convert").with(&Conversion { revision: sheet.id })?.once(sheet.id.to_string());
        findings.verdict.also.push(convert.into());
        findings.verdict.also.push(Paper { revision: sheet.id, signed: true }.asked()?);
        tell(change, estimate, "accepted", findings)?;
    }
    findings.estimate(estimate).insert("accepted".to_owned(), sheet.id.into_value());
    Ok(())
}

/// Whoever wrote the estimate is told at once what became of it, unless they recorded it themselves. The letter about an
/// acceptance brings the paper, and goes once that is asked for.
fn tell(change: &HookChange, estimate: Id, did: &str, findings: &mut Findings) -> Result<(), Fault> {
    let known = records::get("estimates", estimate, &["estimator"])?.unwrap_or_default();
    let Some(estimator) = known.reference("estimator") else { return Ok(()) };
    let who = change.after.text("answered_by").map(str::trim).filter(|name| !name.is_empty()).unwrap_or("The client");
    let title = change.after.text("name").unwrap_or("the quote");
    let reason = change.after.text("reason").unwrap_or_default();
    if context::caller()?.person() != Some(estimator) {
        let line =
            notify([estimator], format!("{who} {did} {title}")).saying(reason.chars().take(300).collect::<String>());
        findings.verdict.also.push(line.about("revisions", change.id).urgent().into());
        if did == "declined" {
            let letter = mail("answered").to_person(estimator).with("who", who).with("did", did).with("title", title);
            findings.verdict.also.push(letter.with("more", reason).about("revisions", change.id).into());
        }
    }
    Ok(())
}

/// What was accepted, and in whose name.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) how: String,
    pub(crate) day: Date,
    /// The options and choices that were taken, all of them.
    pub(crate) chosen: BTreeSet<Id>,
    pub(crate) pdf: Option<Id>,
    /// Strokes, where it was drawn.
    pub(crate) signature: Option<String>,
}

pub(crate) fn accepted(revision: Id) -> Result<Option<Accepted>, Fault> {
    let asked = select("acceptances").as_plugin().columns(["id", "name", "how", "day", "chosen", "pdf", "signature"]);
    let page = records::find(asked.filter(field("revision").eq(revision)).limit(1))?;
    let of = |row: lignaflow_sdk::values::Row<'_>| {
        let chosen = row.json("chosen").and_then(|chosen| chosen.as_array());
        Some(Accepted {
            id: row.reference("id")?,
            name: row.text("name").unwrap_or_default().to_owned(),
            how: row.text("how").unwrap_or("paper").to_owned(),
            day: row.date("day")?,
            chosen: chosen
                .map(|ids| ids.iter().filter_map(|id| id.as_str()?.parse().ok()).collect())
                .unwrap_or_default(),
            pdf: row.reference("pdf"),
            signature: row.text("signature").map(str::to_owned),
        })
    };
    Ok(page.records().next().and_then(of))
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
