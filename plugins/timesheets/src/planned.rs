//! A week filled from the calendar of tasks: what a day is expected to be and has no time for yet is shared out among the
//! tasks of whoever asks that are planned for that day. Nothing is filled ahead of the day that it is.

use crate::by_project;
use crate::place;
use crate::timer::{Purpose, me};
use crate::week::{entries_of, expected, week_named};
use crate::weeks;
use lignaflow_sdk::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Time is shared out in quarters of an hour.
const QUARTER: i64 = 900;

#[derive(Debug, Deserialize)]
struct Week {
    week: String,
}

/// A task of the person, and the days that it is planned for.
struct Planned {
    purpose: Purpose,
    start: Date,
    due: Date,
}

/// Whole quarters of an hour for each of so many, of which the first has what is left: together exactly that time.
fn shares(seconds: i64, count: usize) -> Vec<i64> {
    let Ok(parts) = i64::try_from(count) else { return Vec::new() };
    if parts == 0 || seconds <= 0 {
        return Vec::new();
    }
    let each = seconds / parts / QUARTER * QUARTER;
    let mut shares = vec![each; count];
    if let Some(first) = shares.first_mut() {
        *first += seconds - each * parts;
    }
    shares.retain(|share| *share > 0);
    shares
}

/// The span of days that a task is planned for, by what is known of it: one day where only one is.
pub(crate) fn span(task: &impl ReadFields) -> Option<(Date, Date)> {
    let (start, due) = (task.date("start").or(task.date("due")), task.date("due").or(task.date("start")));
    start.zip(due)
}

fn planned(user: Id, days: &[Date]) -> Result<Vec<Planned>, Fault> {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(Vec::new()) };
    let tasks = select("projects/tasks")
        .columns(["id", "project", "start", "due"])
        .filter(all([
            field("assignees").includes(user),
            field("status").ne("done"),
            field("project.status").within(["draft", "active", "on-hold", "completed"]),
            any([field("start").at_most(*last), field("due").at_most(*last), field("due").at_least(*first)]),
        ]))
        .sort("project.name")
        .sort("title")
        .limit(200);
    let tasks = records::find(tasks)?;
    let planned = tasks.records().filter_map(|row| {
        let (start, due) = span(&row)?;
        let purpose = Purpose { project: row.reference("project"), task: row.reference("id"), activity: None };
        (start <= *last && due >= *first).then_some(Planned { purpose, start, due })
    });
    Ok(planned.collect())
}

pub(crate) fn fill(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Week = request.json()?;
    let (me, caller) = me()?;
    let today = caller.today()?;
    let week = week_named(Some(&body.week), me, today)?;
    let days = weeks::days_of(week);
    let entries = entries_of(me, week)?;
    let mut there: BTreeMap<Date, i64> = BTreeMap::new();
    for entry in &entries {
        if let Some(day) = entry.date("local_date") {
            *there.entry(day).or_default() += entry.integer("duration").unwrap_or_default();
        }
    }
    // A timer that runs has no time yet, and its day is not done.
    let runs = |day: Date| {
        entries
            .iter()
            .any(|it| it.date("local_date") == Some(day) && !it.is_null("started_at") && it.is_null("ended_at"))
    };
    let shut = by_project::shut(&by_project::of_sheets(&[weeks::sheet_of(me, week)])?);
    let mut tasks = planned(me, &days)?;
    tasks.retain(|task| !shut.contains(&task.purpose.project));
    let mut zones: BTreeMap<Option<Id>, String> = BTreeMap::new();
    let mut writes: Vec<Mutation> = Vec::new();
    for (day, expected) in days.iter().zip(expected(me, &days)?) {
        let missing = expected - there.get(day).copied().unwrap_or_default();
        if *day > today || missing <= 0 || runs(*day) {
            continue;
        }
        let of_day: Vec<&Planned> = tasks.iter().filter(|task| task.start <= *day && *day <= task.due).collect();
        for (task, share) in of_day.iter().zip(shares(missing, of_day.len())) {
            let project = task.purpose.project;
            let zone = match zones.get(&project) {
                Some(zone) => zone.clone(),
                None => zones.entry(project).or_insert(place::zone_for(project, me)?).clone(),
            };
            let entry = insert("entries", context::new_id()?).set("user", me).set("local_date", *day);
            let entry = task.purpose.put(entry).set("zone", zone).set("duration", share);
            writes.push(entry.set("origin", "grid").into());
        }
    }
    if writes.is_empty() {
        let why = "No day of this week up to today has time left that is expected, and a task of yours planned for it.";
        return Err(Fault::new(ErrorCode::Conflict, why));
    }
    Ok(reply::empty().with_writes(writes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_shared_out_is_all_of_it_in_quarters_but_for_the_first(seconds in 0_i64..90_000, count in 0_usize..12) {
            let shares = shares(seconds, count);
            let whole = if count == 0 { 0 } else { seconds };
            prop_assert_eq!(shares.iter().sum::<i64>(), whole);
            prop_assert!(shares.len() <= count);
            prop_assert!(shares.iter().all(|share| *share > 0));
            prop_assert!(shares.iter().skip(1).all(|share| share % QUARTER == 0));
        }
    }
}
