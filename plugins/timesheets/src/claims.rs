//! What a billing run charges, claimed from clients where projects are kept: one claim of each project and currency, in
//! the batch that makes the run, and taken back with it. A claim that is cancelled by itself lets its time go, which falls
//! into the next run.

use crate::{runs, weeks};
use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const CLAIMS: &str = "projects/claims";
/// What the sources of claims of time begin with.
const SOURCE: &str = "timesheets/billing-runs";
/// Claims that are looked for at once.
const AT_ONCE: usize = 100;

/// What a claim says that it was made from. No two that stand say the same.
fn source(run: Id, project: Id, currency: Currency) -> String {
    format!("{SOURCE} {run} {project} {currency}")
}

/// The run, project and currency that a source names; nothing of what was made from anything else.
fn named(source: &str) -> Option<(Id, Id, Currency)> {
    let mut parts = source.strip_prefix(SOURCE)?.split_whitespace();
    let named = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(named)
}

/// The claims of a run. Time that has no rate is in no run: nobody would ever be asked to pay for it.
pub(crate) fn of_run(run: Id, until: Date, entries: &[Fields]) -> Result<Vec<Mutation>, Fault> {
    let mut sums: BTreeMap<String, (Id, Money)> = BTreeMap::new();
    let mut unpriced = entries.iter().filter(|entry| entry.money("amount").is_none());
    if let Some(first) = unpriced.next() {
        let what = first.text("label").unwrap_or("An entry");
        let more = match unpriced.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!(
            "{what}{more} has no rate: return the timesheet, set a rate, and approve it again. Then it can be billed."
        );
        return Err(Fault { code: ErrorCode::Conflict, ..Fault::at("/until", "no-rate", message) });
    }
    for entry in entries {
        let (Some(project), Some(amount)) = (entry.reference("project"), entry.money("amount")) else { continue };
        let (_, sum) = sums
            .entry(source(run, project, amount.currency))
            .or_insert((project, Money { minor: 0, currency: amount.currency }));
        sum.minor = sum
            .minor
            .checked_add(amount.minor)
            .ok_or_else(|| Fault::at("/until", "range", "This is more than can be added up: choose an earlier day."))?;
    }
    // What was taken back and what came in its place may come to nothing.
    let sums = sums.into_iter().filter(|(_, (_, sum))| sum.minor != 0);
    sums.map(|(source, (project, amount))| {
        let claim = insert(CLAIMS, context::new_id()?)
            .set("project", project)
            .set("title", format!("Time up to {}", weeks::shown(until)))
            .set("kind", "time")
            .set("amount", amount)
            .set("source", source);
        Ok(claim.into())
    })
    .collect()
}

/// Cancels the claims of a run that is cancelled, as long as none of them went out.
pub(crate) fn taken_back(run: Id, entries: &[Fields]) -> Result<Vec<Mutation>, Fault> {
    let sources: BTreeSet<String> = entries
        .iter()
        .filter_map(|entry| Some(source(run, entry.reference("project")?, entry.money("amount")?.currency)))
        .collect();
    let sources: Vec<String> = sources.into_iter().collect();
    let mut writes = Vec::new();
    for some in sources.chunks(AT_ONCE) {
        let wanted = field("source").within(some.iter().map(String::as_str));
        let claims = select(CLAIMS).as_plugin().columns(["id", "number", "status"]).filter(wanted);
        for claim in &records::find_all(claims, AT_ONCE * 10)?.ok_or_else(Fault::internal)? {
            match (claim.reference("id"), claim.text("status")) {
                (Some(id), Some("open")) => writes.push(transition(CLAIMS, id, "cancel").into()),
                (_, Some(status @ ("billed" | "paid"))) => {
                    let number = claim.text("number").unwrap_or("A claim");
                    let message = format!("{number} of this run is {status}: take that back first.");
                    return Err(Fault::new(ErrorCode::Conflict, message));
                }
                _ => {}
            }
        }
    }
    Ok(writes)
}

/// Claims were cancelled where they are kept: the time that they were of is unbilled again. Where it was with a run that
/// is cancelled, it is already.
pub(crate) fn cancelled(events: &[Event]) -> Result<Vec<Mutation>, Fault> {
    let mut of_runs: BTreeMap<Id, (Vec<(Id, Currency)>, String)> = BTreeMap::new();
    for event in events.iter().filter(|event| event.collection == CLAIMS) {
        let Some(claim) = records::get(CLAIMS, event.id, &["number", "status", "source"])? else { continue };
        let Some((run, project, currency)) = claim.text("source").and_then(named) else { continue };
        if claim.text("status") == Some("cancelled") {
            let number = claim.text("number").unwrap_or("Its claim").to_owned();
            of_runs.entry(run).or_insert((Vec::new(), number)).0.push((project, currency));
        }
    }
    let mut writes = Vec::new();
    for (run, (gone, number)) in of_runs {
        let of_claim = |entry: &Fields| {
            let (project, amount) = (entry.reference("project"), entry.money("amount"));
            gone.iter().any(|of| project == Some(of.0) && amount.is_some_and(|amount| amount.currency == of.1))
        };
        writes.extend(runs::let_go(run, of_claim, &format!("{number} was cancelled."))?);
    }
    Ok(writes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_names_what_it_was_made_of() {
        let (run, project) = (Id::fresh(), Id::fresh());
        assert_eq!(named(&source(run, project, Currency::AUD)), Some((run, project, Currency::AUD)));
        for other in ["", "estimates/revisions x", "timesheets/billing-runs", "timesheets/billing-runs a b AUD"] {
            assert_eq!(named(other), None, "{other}");
        }
    }
}
