//! The page of a client who came by a link: the document as it was issued, with what they tick; their answer, and what
//! they ask. Everything is read on the plugin's own account, of the one revision that the link is for.

use crate::answering::{Issued, sealed};
use crate::offer::Offer;
use crate::sending;
use crate::wording;
use lignaflow_sdk::prelude::*;
use serde::Deserialize;
use std::collections::BTreeSet;

/// States in which an offer can be answered.
pub(crate) const OPEN: [&str; 2] = ["issued", "viewed"];
/// The routes that what is ticked is posted with: by the client, and by staff in their place.
const ACCEPT: &str = "client-accept";
const RECORD: &str = "record-acceptance";

/// A revision with its document, for who came by its link.
struct Opened {
    id: Id,
    revision: Fields,
    estimate: Fields,
    issued: Issued,
}

const REVISION: [&str; 7] = ["estimate", "name", "status", "valid_until", "answered_by", "answered_at", "reason"];

/// What answers in a client's place is a matter of those who issue.
const ISSUE: &str = "estimates.issue";

fn opened(request: &RouteRequest, permission: &str) -> Result<Opened, Fault> {
    let caller = context::caller()?;
    let by_link = matches!(caller.principal, context::Principal::Link(_));
    if !by_link && !caller.holds("estimates.see") {
        return Err(Fault::not_found("quote"));
    }
    if !by_link && !caller.holds(permission) {
        return Err(Fault::denied("This is for whoever holds the link of a quote."));
    }
    let id = request.id("id")?;
    let gone = || Fault::not_found("quote");
    let revision = records::get("revisions", id, &REVISION)?.ok_or_else(gone)?;
    let estimate = revision.reference("estimate").ok_or_else(gone)?;
    let estimate = records::get("estimates", estimate, &["number", "title", "estimator"])?.ok_or_else(gone)?;
    Ok(Opened { id, revision, estimate, issued: sealed(id)? })
}

/// What is kept as an answer by the link came by it.
fn came_by_link() -> Result<(), Fault> {
    match context::caller()?.principal {
        context::Principal::Link(_) => Ok(()),
        _ => Err(Fault::denied("This is for whoever holds the link: record an answer that came otherwise.")),
    }
}

impl Opened {
    fn status(&self) -> &str {
        self.revision.text("status").unwrap_or_default()
    }

    fn is_open(&self) -> bool {
        OPEN.contains(&self.status())
    }

    fn is_late(&self, today: Date) -> bool {
        self.revision.date("valid_until").is_some_and(|until| until < today)
    }

    /// Only what is open is answered.
    fn answerable(&self) -> Result<(), Fault> {
        if self.is_open() {
            return Ok(());
        }
        let told = match self.status() {
            "accepted" | "converted" => "This quote was accepted already.",
            "declined" => "This quote was declined already.",
            _ => "This quote is not open any more.",
        };
        Err(Fault::new(ErrorCode::Conflict, told))
    }

    /// Where it stands, where there is something to say.
    fn says(&self, today: Date) -> Vec<String> {
        let by = self.revision.text("answered_by").unwrap_or("you");
        let valid = || self.revision.date("valid_until").map(wording::day).unwrap_or_default();
        let told = match self.status() {
            "accepted" | "converted" => format!("Accepted by {by}. Thank you: we will be in touch about the start."),
            "declined" => format!("Declined by {by}. Ask below if you would like another quote."),
            "withdrawn" => "This quote was withdrawn.".to_owned(),
            "superseded" => "There is a newer quote in place of this one.".to_owned(),
            "expired" => format!("This quote was valid until {} and has expired. Ask below for a new one.", valid()),
            _ if self.is_late(today) => {
                format!("This quote was valid until {} and has expired. Ask below for a new one.", valid())
            }
            _ => return Vec::new(),
        };
        vec![told]
    }
}

/// What is ticked; nothing where the page is opened, and then it is as offered.
fn ticked(request: &RouteRequest) -> Result<Option<BTreeSet<Id>>, Fault> {
    let named: Vec<&str> =
        request.query.iter().filter(|(name, _)| name == "options").map(|(_, value)| value.as_str()).collect();
    if named.is_empty() && request.query_text("again").is_none() {
        return Ok(None);
    }
    let ids: Result<BTreeSet<Id>, _> = named.iter().map(|text| text.parse()).collect();
    ids.map(Some).map_err(|_| Fault::at("/options", "type", "Expected the ids of options."))
}

pub(crate) fn sheet(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let opened = opened(request, "estimates.see")?;
    let caller = context::caller()?;
    let today = caller.today()?;
    let accepted = matches!(opened.status(), "accepted" | "converted");
    let answer = if accepted { crate::answering::accepted(opened.id)? } else { None };
    let signed = answer.as_ref().and_then(|it| it.pdf);
    let chosen = if accepted { answer.map(|it| it.chosen) } else { ticked(request)? };
    let number = opened.estimate.text("number").unwrap_or_default();
    let offer = Offer::of(&opened.issued, number, chosen.as_ref(), caller.currency)?;
    let route = match caller.principal {
        context::Principal::Link(_) => Some(ACCEPT),
        _ => caller.holds(ISSUE).then_some(RECORD),
    };
    let route = route.filter(|_| opened.is_open() && !opened.is_late(today));
    let mut files = Vec::new();
    match signed {
        Some(signed) => files.push((signed, "The signed quote as PDF")),
        None => files.extend(sending::paper(opened.id)?.map(|pdf| (pdf, "This quote as PDF"))),
    }
    files.extend(opened.issued.document.drawings.iter().map(|drawing| (*drawing, "")));
    reply::json(&offer.sheet(&opened.says(today), route, &files))
}

/// Somebody acted on the page: now it was seen.
pub(crate) fn seen(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let opened = opened(request, ISSUE)?;
    let view = (opened.status() == "issued").then(|| transition("revisions", opened.id, "view"));
    Ok(reply::empty().with_writes(view))
}

#[derive(Debug, Deserialize)]
struct Accepting {
    name: String,
    options: Option<Vec<Id>>,
    signature: Option<String>,
}

pub(crate) fn accept(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Accepting = request.json()?;
    let opened = opened(request, ISSUE)?;
    came_by_link()?;
    opened.answerable()?;
    if body.name.trim().is_empty() {
        return Err(Fault::at("/name", "required", "Type your name: it stands for your signature."));
    }
    let write = transition("revisions", opened.id, "accept")
        .set("answered_by", body.name.trim())
        .set("answered_how", "link")
        .set("signature", body.signature)
        .set("chosen", body.options.unwrap_or_default());
    Ok(reply::empty().with_writes([write]))
}

#[derive(Debug, Deserialize)]
struct Recording {
    answered_by: String,
    answered_how: String,
    options: Option<Vec<Id>>,
}

/// An acceptance that came by phone or on paper, with what was chosen.
pub(crate) fn record(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Recording = request.json()?;
    let id = request.id("id")?;
    records::get_for_caller("revisions", id, &["id"])?.ok_or_else(|| Fault::not_found("revision"))?;
    let opened = opened(request, ISSUE)?;
    opened.answerable()?;
    if body.answered_by.trim().is_empty() {
        return Err(Fault::at("/answered_by", "required", "Whose acceptance is it? Give the name."));
    }
    let write = transition("revisions", id, "accept")
        .set("answered_by", body.answered_by.trim())
        .set("answered_how", body.answered_how)
        .set("chosen", body.options.unwrap_or_default());
    Ok(reply::saved("revisions", id).with_writes([write]))
}

#[derive(Debug, Deserialize)]
struct Declining {
    reason: String,
    name: Option<String>,
}

pub(crate) fn decline(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Declining = request.json()?;
    let opened = opened(request, ISSUE)?;
    came_by_link()?;
    opened.answerable()?;
    if body.reason.trim().is_empty() {
        return Err(Fault::at("/reason", "required", "Tell us why, in a word or two."));
    }
    let write = transition("revisions", opened.id, "decline")
        .set("reason", body.reason.trim())
        .set("answered_how", "link")
        .set("answered_by", body.name.as_deref().map(str::trim).filter(|name| !name.is_empty()));
    Ok(reply::empty().with_writes([write]))
}

#[derive(Debug, Deserialize)]
struct Asking {
    kind: String,
    text: String,
    name: Option<String>,
}

/// A question, or a change that is asked for: it is kept, and whoever wrote the estimate is told.
pub(crate) fn ask(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Asking = request.json()?;
    let opened = opened(request, ISSUE)?;
    let text = body.text.trim();
    if text.is_empty() {
        return Err(Fault::at("/text", "required", "Write what you would like to know or to have changed."));
    }
    let name = body.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).unwrap_or("The client");
    let kind = if body.kind == "change" { "change" } else { "question" };
    let question = insert("questions", context::new_id()?)
        .set("revision", opened.id)
        .set("name", name)
        .set("kind", kind)
        .set("text", text)
        .set("at", wording::second(context::caller()?.now));
    let mut writes: Vec<Mutation> = vec![question.into()];
    if let Some(estimator) = opened.estimate.reference("estimator") {
        let what = opened.revision.text("name").unwrap_or("the quote");
        let does = if kind == "change" { "would like a change of" } else { "asks about" };
        let short: String = text.chars().take(300).collect();
        writes.push(
            notify([estimator], format!("{name} {does} {what}"))
                .saying(short)
                .about("revisions", opened.id)
                .urgent()
                .into(),
        );
    }
    Ok(reply::empty().with_writes(writes))
}
