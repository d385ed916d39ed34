//! Weeks on their way: submitted by who worked them, approved by somebody else, returned with a reason, exported.

use crate::findings::Findings;
use crate::overlap;
use crate::policy::{Overlap, Policy};
use crate::rates::{self, Facts, Rate};
use crate::usage::Portion;
use crate::weeks;
use lignaflow_sdk::Origin;
use lignaflow_sdk::prelude::*;
use std::collections::BTreeMap;

/// Entries of one sheet that are frozen at once.
const MOST: usize = 2_000;
/// The permission to approve, as callers hold it.
pub(crate) const APPROVE: &str = "timesheets.approve";

pub(crate) fn check(changes: &[HookChange], findings: &mut Findings) -> Result<(), Fault> {
    let mut rates: Option<(Vec<Rate>, Policy)> = None;
    for (index, change) in changes.iter().enumerate() {
        if change.collection != "sheets" {
            continue;
        }
        let Some(transition) = change.transition.as_deref() else { continue };
        match transition {
            "submit" => submit(index, change, findings)?,
            "recall" => {
                only_their_own(change, "takes it back")?;
                reopen(index, change, findings);
            }
            "approve" => {
                not_their_own(change.after.reference("user"), "timesheet")?;
                if rates.is_none() {
                    rates = Some((rates::stored()?, Policy::read()?));
                }
                if let Some((rates, policy)) = &rates {
                    approve(index, change, rates, policy, findings)?;
                }
            }
            "return" => {
                not_their_own(change.after.reference("user"), "timesheet")?;
                if change.after.is_null("reason") {
                    findings.add(index, "reason", "required", "Say why it is returned.");
                }
                refuse_used(index, change, findings)?;
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

fn only_their_own(change: &HookChange, does: &str) -> Result<(), Fault> {
    if context::caller()?.person() == change.after.reference("user") {
        return Ok(());
    }
    Err(Fault::denied(format!("Only who worked a week {does}.")))
}

/// Nobody approves their own, unless nobody else could.
pub(crate) fn not_their_own(user: Option<Id>, what: &str) -> Result<(), Fault> {
    let me = context::caller()?.person();
    if me.is_none() || me != user {
        return Ok(());
    }
    if !others_who_approve(me)?.is_empty() {
        return Err(Fault::denied(format!("Somebody else approves your own {what}.")));
    }
    Ok(())
}

/// Those who may approve what is of a person, beside themselves.
pub(crate) fn others_who_approve(person: Option<Id>) -> Result<Vec<Id>, Fault> {
    let all = people::holding(Some(APPROVE))?;
    Ok(all.into_iter().filter(|other| other.active && Some(other.id) != person).map(|other| other.id).collect())
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
    Some(line.once(format!("returned:{}", change.id)).into())
}

/// What was paid or billed of it already holds it fast.
fn refuse_used(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    let used = any([field("pay_run").is_set(), field("billing_run").is_set()]);
    let used = select("entries").as_plugin().columns(["id"]).filter(field("sheet").eq(change.id).and(used)).limit(1);
    if !records::find(used)?.rows.is_empty() {
        let message = "Some of it is paid or billed: correct it by reversing entries, or cancel the run.";
        findings.lock(index, "status", message.to_owned());
    }
    Ok(())
}

/// What was said of it no longer holds.
fn reopen(index: usize, change: &HookChange, findings: &mut Findings) {
    findings.set(index, change, "attested", false);
    for field in ["submitted_at", "approver", "approved_at", "in_place_of", "overlaps"] {
        findings.set(index, change, field, Value::Null);
    }
}

/// Freezes what each entry is charged at and costs. A later rate changes nothing of it.
fn approve(
    index: usize,
    change: &HookChange,
    rates: &[Rate],
    policy: &Policy,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let caller = context::caller()?;
    findings.set(index, change, "approver", caller.person());
    findings.set(index, change, "approved_at", caller.now);
    findings.set(index, change, "reason", None::<&str>);
    let columns = [
        "id",
        "user",
        "task",
        "project",
        "activity",
        "project.client",
        "local_date",
        "duration",
        "billable",
        "own_rate",
        "corrects",
        "corrects.billable_duration",
        "sell_rate",
        "cost_rate",
        "started_at",
    ];
    let entries = select("entries")
        .as_plugin()
        .columns(columns)
        .filter(field("sheet").eq(change.id))
        .sort("local_date")
        .sort("started_at");
    let entries = records::find_all(entries, MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, format!("More than {MOST} entries are not approved at once.")))?;
    let charged = charged(&entries, policy);
    for (entry, charged) in entries.iter().zip(charged) {
        let Some(id) = entry.reference("id") else { continue };
        findings.looks.extend(Portion::of(entry.reference("project"), entry.date("local_date")));
        let mut write = update("entries", id).set("billable_duration", charged);
        // What corrects has the rate of what it corrects.
        if entry.is_null("corrects") {
            write = frozen(write, entry, rates);
        }
        findings.verdict.also.push(write.into());
    }
    Ok(())
}

/// The billable time of each entry, rounded by the policy: what is billed of a day adds up to the rounded day.
fn charged(entries: &[Fields], policy: &Policy) -> Vec<i64> {
    let mut charged = vec![0; entries.len()];
    let mut days: BTreeMap<Option<Date>, Vec<usize>> = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate() {
        let billable = entry.boolean("billable") == Some(true);
        // What corrects is no part of the day that it is entered on.
        if !entry.is_null("corrects") {
            let was = entry.integer("corrects.billable_duration").unwrap_or(0);
            charged[at] = policy.rounding.correction(entry.integer("duration").unwrap_or(0), was, billable);
        } else if billable {
            days.entry(entry.date("local_date")).or_default().push(at);
        }
    }
    for places in days.values() {
        let taken: Vec<i64> = places.iter().map(|at| entries[*at].integer("duration").unwrap_or(0)).collect();
        for (at, share) in places.iter().zip(policy.rounding.day(&taken)) {
            charged[*at] = share;
        }
    }
    charged
}

fn frozen(write: lignaflow_sdk::writes::Write, entry: &Fields, rates: &[Rate]) -> lignaflow_sdk::writes::Write {
    let work = Facts {
        task: entry.reference("task"),
        project: entry.reference("project"),
        activity: entry.reference("activity"),
        client: entry.reference("project.client"),
        user: entry.reference("user"),
    };
    let Some(day) = entry.date("local_date") else { return write };
    let sell = match entry.money("own_rate") {
        Some(own) => Some((own, "entry")),
        None => rates::resolve(rates, &work, day, |rate| rate.sell).map(|(rate, scope)| (rate, scope.as_str())),
    };
    let cost = rates::resolve(rates, &work, day, |rate| rate.cost).map(|(rate, scope)| (rate, scope.as_str()));
    write
        .set("sell_rate", sell.map(|(rate, _)| rate))
        .set("sell_source", sell.map(|(_, source)| source))
        .set("cost_rate", cost.map(|(rate, _)| rate))
        .set("cost_source", cost.map(|(_, source)| source))
}
