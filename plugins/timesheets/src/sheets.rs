//! Weeks on their way: submitted by who worked them, approved by somebody else, returned with a reason, exported.

use crate::by_project;
use crate::deciding::Desk;
use crate::findings::Findings;
use crate::freezing::{self, Book};
use crate::overlap;
use crate::policy::{Overlap, Policy};
use crate::weeks;
use lignaflow_sdk::Origin;
use lignaflow_sdk::prelude::*;

/// The permission to approve, as callers hold it.
pub(crate) const APPROVE: &str = "timesheets.approve";

pub(crate) fn check(changes: &[HookChange], findings: &mut Findings) -> Result<(), Fault> {
    let mut book: Option<Book> = None;
    let mut desk: Option<Desk> = None;
    for (index, change) in changes.iter().enumerate() {
        if change.collection != "sheets" {
            continue;
        }
        let Some(transition) = change.transition.as_deref() else { continue };
        match transition {
            "submit" => {
                submit(index, change, findings)?;
                by_project::submit(index, change, findings)?;
            }
            "recall" => {
                only_their_own(change, "takes it back")?;
                by_project::recall(change, findings)?;
                reopen(index, change, findings);
            }
            "approve" => {
                whole(change, "approve its lines")?;
                for_others(change, &mut desk)?;
                let book = match &mut book {
                    Some(book) => book,
                    none => none.insert(Book::read()?),
                };
                approve(index, change, book, findings)?;
            }
            "return" => {
                whole(change, "return the line that is wrong")?;
                for_others(change, &mut desk)?;
                if change.after.is_null("reason") {
                    findings.add(index, "reason", "required", "Say why it is returned.");
                }
                freezing::thaw(index, field("sheet").eq(change.id), findings)?;
                findings.verdict.also.extend(returned(change));
                reopen(index, change, findings);
            }
            // A run alone exports, and takes it back where it is cancelled.
            _ if change.origin != Origin::Route => {
                return Err(Fault::new(ErrorCode::Conflict, "A pay run does this: make one, or cancel it."));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A week that is approved by project is decided about in lines.
fn whole(change: &HookChange, instead: &str) -> Result<(), Fault> {
    if change.after.boolean("by_line") == Some(true) {
        let message = format!("This week is approved project by project: {instead}.");
        return Err(Fault::new(ErrorCode::Conflict, message));
    }
    Ok(())
}

fn only_their_own(change: &HookChange, does: &str) -> Result<(), Fault> {
    if context::caller()?.person() == change.after.reference("user") {
        return Ok(());
    }
    Err(Fault::denied(format!("Only who worked a week {does}.")))
}

/// A week is decided about by who approves the time of whoever worked it, also where a route asks for it.
fn for_others(change: &HookChange, desk: &mut Option<Desk>) -> Result<(), Fault> {
    let desk = match desk {
        Some(desk) => desk,
        none => none.insert(Desk::read()?),
    };
    let Some(user) = change.after.reference("user") else { return Ok(()) };
    desk.refuse(user, change.related.references("crew.leaders"), "timesheet")
}

fn submit(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    only_their_own(change, "submits it")?;
    if change.after.boolean("attested") != Some(true) {
        findings.add(index, "attested", "required", "Confirm that this is complete and true.");
    }
    let of_sheet = |predicate| {
        let entries = select("entries").as_plugin().columns(["id", "label"]).filter(field("sheet").eq(change.id));
        records::find(entries.filter(predicate).limit(1))
    };
    if !of_sheet(field("started_at").is_set().and(field("ended_at").is_null()))?.rows.is_empty() {
        findings.clash(index, "status", "running", "A timer of this week still runs: stop it first.".to_owned());
    }
    if let Some(entry) = of_sheet(field("dispute").is_set())?.records().next() {
        let what = entry.text("label").unwrap_or("An entry");
        findings.clash(index, "status", "disputed", format!("{what} is disputed: settle that first."));
    }
    let overlapping = match (Policy::read()?.overlap, change.after.reference("user"), change.after.date("week")) {
        (Overlap::Warn, Some(user), Some(week)) => {
            overlap::standing(user, week, week.plus_days(6).unwrap_or(week))?.len()
        }
        _ => 0,
    };
    findings.set(index, change, "overlaps", i64::try_from(overlapping).ok().filter(|count| *count > 0));
    findings.set(index, change, "submitted_at", context::caller()?.now);
    findings.set(index, change, "reason", None::<&str>);
    Ok(())
}

/// Who worked it is told at once.
fn returned(change: &HookChange) -> Option<Mutation> {
    let (user, week) = (change.after.reference("user")?, change.after.date("week")?);
    let line = notify([user], format!("Your week of {} was returned", weeks::span(week)));
    let line = line.saying(change.after.text("reason").unwrap_or_default()).about("sheets", change.id).urgent();
    // Each time anew: what was read of the last one says nothing of this one.
    Some(line.into())
}

/// What is said of a week on its way, and no longer holds where it is opened again.
pub(crate) const SAID: [&str; 5] = ["submitted_at", "approver", "approved_at", "in_place_of", "overlaps"];

fn reopen(index: usize, change: &HookChange, findings: &mut Findings) {
    findings.set(index, change, "attested", false);
    for field in SAID {
        findings.set(index, change, field, Value::Null);
    }
}

fn approve(index: usize, change: &HookChange, book: &Book, findings: &mut Findings) -> Result<(), Fault> {
    let caller = context::caller()?;
    findings.set(index, change, "approver", caller.person());
    findings.set(index, change, "approved_at", caller.now);
    findings.set(index, change, "reason", None::<&str>);
    freezing::freeze(field("sheet").eq(change.id), book, findings)
}
