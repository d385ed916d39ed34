//! PDFs: of what was issued, and of what was accepted with whose name. Each is made once, after the commit that it tells
//! of, when the document has its number.

use crate::answering::{accepted, sealed};
use crate::offer::{Offer, Signed};
use crate::sending;
use crate::wording;
use lignaflow_sdk::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Paper {
    pub(crate) revision: Id,
    pub(crate) signed: bool,
}

impl Paper {
    pub(crate) fn asked(self) -> Result<Mutation, Fault> {
        let key = format!("{} {}", self.revision, if self.signed { "signed" } else { "issued" });
        Ok(enqueue("paper").with(&self)?.once(key).into())
    }
}

pub(crate) fn make(call: &JobCall) -> Result<Slice, Fault> {
    let Paper { revision, signed } = call.json()?;
    let gone = || Fault::not_found("revision");
    let Some(record) = records::get("revisions", revision, &["estimate", "name"])? else { return Ok(Slice::default()) };
    let estimate = record.reference("estimate").ok_or_else(gone)?;
    let estimate = records::get("estimates", estimate, &["number", "estimator"])?.ok_or_else(gone)?;
    let number = estimate.text("number").unwrap_or_default();
    let home = context::caller()?.currency;
    let issued = sealed(revision)?;
    let pdf = context::new_id()?;
    if !signed {
        let kept = select("documents").as_plugin().columns(["id", "pdf"]).filter(field("revision").eq(revision));
        let page = records::find(kept.limit(1))?;
        let Some(kept) = page.records().next().filter(|kept| kept.is_null("pdf")) else {
            return Ok(Slice::default());
        };
        let offer = Offer { letterhead: letterhead()?, ..Offer::of(&issued, number, None, home)? };
        let write = kept.reference("id").map(|id| update("documents", id).set("pdf", pdf).into());
        let paper = render(pdf, "quote").with(&offer)?.called(format!("{}.pdf", offer.name()));
        let paper = paper.dated(issued.document.issued_on);
        return Ok(Slice::default().with_writes(write.into_iter().chain([Mutation::from(paper)])));
    }
    let Some(kept) = accepted(revision)?.filter(|kept| kept.pdf.is_none()) else { return Ok(Slice::default()) };
    let mut offer = Offer::of(&issued, number, Some(&kept.chosen), home)?;
    offer.letterhead = letterhead()?;
    let how = if kept.how == "link" { "by the link that was sent".to_owned() } else { format!("by {}", kept.how) };
    offer.signed = Some(Signed {
        name: kept.name.clone(),
        on: wording::day(kept.day),
        how: how.replace('-', " "),
        signature: kept.signature.clone(),
    });
    let paper = render(pdf, "quote").with(&offer)?.called(format!("{} accepted.pdf", offer.name())).dated(kept.day);
    let mut writes: Vec<Mutation> = vec![update("acceptances", kept.id).set("pdf", pdf).into(), paper.into()];
    // Both sides have the same paper.
    for sent in sending::open(revision)? {
        let (Some(name), Some(email)) = (sent.text("name"), sent.text("email")) else { continue };
        let letter = mail("accepted")
            .to(name, email)
            .with("contact", name)
            .with("number", offer.name())
            .with("title", &offer.title)
            .with("total", &offer.total.amount)
            .with("by", &kept.name);
        let letter = match sent.text("link").and_then(|link| link.parse().ok()) {
            Some(link) => letter.link(link),
            None => letter,
        };
        writes.push(letter.attaching(pdf).into());
    }
    if let Some(estimator) = estimate.reference("estimator") {
        let letter = mail("answered")
            .to_person(estimator)
            .with("who", &kept.name)
            .with("did", "accepted")
            .with("title", record.text("name").unwrap_or_default())
            .with("more", format!("It comes to {}.", offer.total.amount))
            .about("revisions", revision);
        writes.push(letter.attaching(pdf).into());
    }
    Ok(Slice::default().with_writes(writes))
}

/// Where the firm is to be found, as its settings say now.
fn letterhead() -> Result<Vec<String>, Fault> {
    let firm = settings::all(["address", "phone", "email"])?;
    let lines = ["address", "phone", "email"].into_iter().filter_map(|name| firm.text(name)).flat_map(str::lines);
    Ok(lines.map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}
