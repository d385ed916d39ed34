//! What approval does to time: what each entry is charged at and costs is frozen, and it says that it is approved. Where
//! an approval falls, it says so no more.

use crate::days;
use crate::findings::Findings;
use crate::policy::Policy;
use crate::rates::{self, Facts, Rate};
use crate::usage::Portion;
use lignaflow_sdk::prelude::*;
use std::collections::BTreeMap;

/// Entries that are frozen at once.
const MOST: usize = 2_000;

/// By what time is charged, looked up once for all that is approved at once.
#[derive(Debug)]
pub(crate) struct Book {
    rates: Vec<Rate>,
    policy: Policy,
}

impl Book {
    pub(crate) fn read() -> Result<Self, Fault> {
        Ok(Self { rates: rates::stored()?, policy: Policy::read()? })
    }
}

/// Freezes these entries, which are approved together. A later rate changes nothing of them.
pub(crate) fn freeze(which: Predicate, book: &Book, findings: &mut Findings) -> Result<(), Fault> {
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
    let entries = select("entries").as_plugin().columns(columns).filter(which).sort("id");
    let mut entries = records::find_all(entries, MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, format!("More than {MOST} entries are not approved at once.")))?;
    entries.sort_by_key(|entry| days::order(entry.reference("id"), entry.instant("started_at")));
    let charged = charged(&entries, &book.policy);
    for (entry, charged) in entries.iter().zip(charged) {
        let Some(id) = entry.reference("id") else { continue };
        findings.looks.extend(Portion::of(entry.reference("project"), entry.date("local_date")));
        let mut write = update("entries", id).set("billable_duration", charged).set("approved", true);
        // What corrects has the rate of what it corrects.
        if entry.is_null("corrects") {
            write = frozen(write, entry, &book.rates);
        }
        findings.verdict.also.push(write.into());
    }
    Ok(())
}

/// Takes the approval of these entries back. What was paid or billed of them holds it fast, and so do allowances of the
/// same that were paid.
pub(crate) fn thaw(index: usize, which: Predicate, findings: &mut Findings) -> Result<(), Fault> {
    let columns = ["id", "pay_run", "billing_run", "approved"];
    let paid = select("allowances").as_plugin().columns(["id"]).filter(which.clone().and(field("pay_run").is_set()));
    let paid = !records::find(paid.limit(1))?.rows.is_empty();
    let touched = any([field("approved").eq(true), field("pay_run").is_set(), field("billing_run").is_set()]);
    let entries = records::find_all(select("entries").as_plugin().columns(columns).filter(which.and(touched)), MOST)?
        .ok_or_else(|| {
        Fault::new(ErrorCode::Quota, format!("More than {MOST} entries are not returned at once."))
    })?;
    if paid || entries.iter().any(|entry| !entry.is_null("pay_run") || !entry.is_null("billing_run")) {
        let message = "Some of it is paid or billed: correct it by reversing entries, or cancel the run.";
        findings.lock(index, "status", message.to_owned());
    }
    let approved = entries.iter().filter_map(|entry| entry.reference("id"));
    findings.verdict.also.extend(approved.map(|id| update("entries", id).set("approved", false).into()));
    Ok(())
}

/// The billable time of each entry, rounded by the policy: what is billed of a day adds up to the rounded day. Of a week
/// that is approved by project, that is a day of each project by itself, which no other line changes afterwards.
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
