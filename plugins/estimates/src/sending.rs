//! A document on its way to a client: a link of their own, that can be taken back, and a letter that brings it.

use crate::answering::sealed;
use crate::client::OPEN;
use crate::offer::Offer;
use crate::wording::second;
use lignaflow_sdk::prelude::*;
use serde::Deserialize;

/// Days that a link goes on after the offer does not, so that what was accepted can be read again.
const AFTERWARDS: i32 = 60;
/// Days that a link is open at most.
const LONGEST: i32 = 360;
/// Links of one revision.
const MOST: usize = 200;

#[derive(Debug, Deserialize)]
struct Sending {
    name: String,
    email: String,
}

pub(crate) fn send(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Sending = request.json()?;
    let (name, email) = (body.name.trim(), body.email.trim());
    if name.is_empty() {
        return Err(Fault::at("/name", "required", "Whom does it go to?"));
    }
    let id = request.id("id")?;
    let gone = || Fault::not_found("revision");
    records::get_for_caller("revisions", id, &["id"])?.ok_or_else(gone)?;
    let revision = records::get("revisions", id, &["estimate", "status", "valid_until"])?.ok_or_else(gone)?;
    if !revision.text("status").is_some_and(|status| OPEN.contains(&status)) {
        return Err(Fault::new(
            ErrorCode::Conflict,
            "Only what is issued and not answered yet is sent: issue it, or its next revision, first.",
        ));
    }
    let estimate = revision.reference("estimate").ok_or_else(gone)?;
    let estimate = records::get("estimates", estimate, &["number"])?.ok_or_else(gone)?;
    let caller = context::caller()?;
    let today = caller.today()?;
    let until = revision.date("valid_until").unwrap_or(today);
    let last = until.plus_days(AFTERWARDS).unwrap_or(until).min(today.plus_days(LONGEST).unwrap_or(until));
    let until_instant = calendar::to_instant(last, 0, &caller.time_zone)?;
    let offer = Offer::of(&sealed(id)?, estimate.text("number").unwrap_or_default(), None, caller.currency)?;
    let link = context::new_id()?;
    let sending = insert("sendings", context::new_id()?)
        .set("revision", id)
        .set("name", name)
        .set("email", email)
        .set("link", link.to_string())
        .set("sent_at", second(caller.now));
    let mut letter = mail("issued")
        .to(name, email)
        .with("contact", name)
        .with("number", offer.name())
        .with("title", &offer.title)
        .with("total", &offer.total.amount)
        .with("until", &offer.valid_until)
        .link(link);
    if let Some(pdf) = paper(id)? {
        letter = letter.attaching(pdf);
    }
    let writes: Vec<Mutation> =
        vec![sending.into(), open_link(link, "quote", id).until(until_instant).called(name).into(), letter.into()];
    Ok(reply::link(link).with_status(201).with_writes(writes))
}

/// The PDF of an issued document, once it is asked for.
pub(crate) fn paper(revision: Id) -> Result<Option<Id>, Fault> {
    let kept = select("documents").as_plugin().columns(["pdf"]).filter(field("revision").eq(revision)).limit(1);
    Ok(records::find(kept)?.records().next().and_then(|row| row.reference("pdf")))
}

/// Takes one link back.
pub(crate) fn withdraw(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let id = request.id("id")?;
    records::get_for_caller("sendings", id, &["id"])?.ok_or_else(|| Fault::not_found("sent quote"))?;
    let sending = records::get("sendings", id, &["link", "state"])?.ok_or_else(|| Fault::not_found("sent quote"))?;
    if sending.text("state") != Some("open") {
        return Err(Fault::new(ErrorCode::Conflict, "This link is closed already."));
    }
    Ok(reply::empty().with_writes(closing(id, &sending, withdraw_link)))
}

fn closing(id: Id, sending: &impl ReadFields, how: fn(Id) -> Mutation) -> Vec<Mutation> {
    let link = sending.text("link").and_then(|text| text.parse().ok()).map(how);
    std::iter::once(update("sendings", id).set("state", "closed").into()).chain(link).collect()
}

/// To whom a revision is open by a link.
pub(crate) fn open(revision: Id) -> Result<Vec<Fields>, Fault> {
    let open = field("revision").eq(revision).and(field("state").eq("open"));
    let open = select("sendings").as_plugin().columns(["id", "name", "email", "link"]).filter(open).sort("id");
    Ok(records::find_all(open, MOST)?.unwrap_or_default())
}

/// Closes every link of a revision.
pub(crate) fn close(revision: Id, how: fn(Id) -> Mutation) -> Result<Vec<Mutation>, Fault> {
    let open = open(revision)?;
    let each = open.iter().filter_map(|sending| Some(closing(sending.reference("id")?, sending, how)));
    Ok(each.flatten().collect())
}
