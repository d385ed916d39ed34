//! What was agreed before it came here: an estimate is given the states that it had, at the moments when it had them.
//!
//! Each state is a step of its own, as it would have been then. Nobody is written to, no paper is made that its client has
//! never seen, and what was accepted becomes a project only where that is asked for.

use crate::answering::Conversion;
use crate::{converting, editing};
use lignaflow_sdk::prelude::*;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct AsItWas {
    status: String,
    at: Option<Instant>,
    valid_until: Option<Date>,
    answered_by: Option<String>,
    answered_how: Option<String>,
    reason: Option<String>,
    project: Option<Id>,
    #[serde(default)]
    make_project: bool,
}

impl AsItWas {
    /// When it was; the answers of this plugin's hook count from there.
    fn at(&self) -> Result<Instant, Fault> {
        let now = context::caller()?.now;
        match self.at {
            Some(at) if at <= now => Ok(at),
            Some(_) => Err(Fault::at("/at", "future", "What was is not in the future.")),
            None => Err(Fault::at("/at", "required", "Say when that was.")),
        }
    }
}

pub(crate) fn as_it_was(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: AsItWas = request.json()?;
    let id = request.id("id")?;
    editing::seen("revisions", id)?;
    let mut writes: Vec<Mutation> = Vec::new();
    match body.status.as_str() {
        "issued" => {
            let step = transition("revisions", id, "issue").set("issued_at", body.at()?);
            let step = match body.valid_until {
                Some(until) => step.set("valid_until", until),
                None => step,
            };
            writes.push(step.into());
        }
        "accepted" => {
            let step = transition("revisions", id, "accept")
                .set("answered_at", body.at()?)
                .set("answered_by", body.answered_by.as_deref())
                .set("answered_how", body.answered_how.as_deref().unwrap_or("paper"));
            writes.push(step.into());
            if body.make_project {
                writes.push(enqueue("convert").with(&Conversion { revision: id })?.once(id.to_string()).into());
            }
        }
        "declined" => {
            let step = transition("revisions", id, "decline")
                .set("answered_at", body.at()?)
                .set("answered_by", body.answered_by.as_deref())
                .set("reason", body.reason.as_deref());
            writes.push(step.into());
        }
        "expired" => writes.push(transition("revisions", id, "expire").into()),
        "withdrawn" => writes.push(transition("revisions", id, "withdraw").into()),
        "converted" => {
            let project = body
                .project
                .ok_or_else(|| Fault::at("/project", "required", "Name the project that it has become."))?;
            if records::get_for_caller("projects/projects", project, &["id"])?.is_none() {
                let message = "This project is archived or not there: name another.";
                return Err(Fault::at("/project", "unknown-reference", message));
            }
            writes = converting::adopt(id, project)?;
        }
        _ => {
            return Err(Fault::at(
                "/status",
                "choice",
                "It was issued, accepted, declined, expired, withdrawn or converted.",
            ));
        }
    }
    Ok(reply::saved("revisions", id).with_writes(writes))
}
