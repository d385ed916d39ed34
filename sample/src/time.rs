//! A year of time, as each of them would have entered it, in weeks that were submitted and approved.

use crate::Firm;
use crate::id;
use crate::jobs::Job;
use crate::people::{People, Person};
use crate::words::NOTES;
use anyhow::{Context, Result};
use jiff::civil::{Date, Time, Weekday, time};
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

/// Weeks that are not approved yet.
const WAITING: i64 = 9;

/// What is done that is of no job, and whether a client pays for it.
const ACTIVITIES: [(&str, bool); 4] = [("Workshop", false), ("Travel", true), ("Quoting", false), ("Training", false)];

/// The days off that all of them have: the month and the day.
const HOLIDAYS: [(i8, i8, &str); 6] = [
    (1, 1, "New Year’s Day"),
    (1, 26, "Australia Day"),
    (4, 25, "Anzac Day"),
    (12, 25, "Christmas Day"),
    (12, 26, "Boxing Day"),
    (12, 31, "Workshop closed"),
];

pub(crate) async fn work(firm: &mut Firm, people: &People, jobs: &[Job]) -> Result<usize> {
    let activities = ACTIVITIES.map(|(name, billable)| (id(), name, billable));
    let made = activities.iter().map(|(id, name, billable)| json!({ "id": id, "name": name, "billable": billable }));
    firm.owner.create("timesheets/activities", made.collect()).await?;
    let activities: Vec<String> = activities.into_iter().map(|(id, ..)| id).collect();
    let mut holidays = Vec::new();
    for year in [firm.day(-firm.days).year(), firm.today.year()] {
        for (month, day, name) in HOLIDAYS {
            holidays.push(json!({ "day": Date::new(year, month, day)?.to_string(), "name": name }));
        }
    }
    holidays.sort_by_key(ToString::to_string);
    holidays.dedup();
    firm.owner.create("timesheets/holidays", holidays).await?;
    let mut entries = 0;
    for (place, person) in people.all().enumerate() {
        // The crew comes last, after those at a desk, who have no place in it.
        let member = place.checked_sub(people.all().count() - people.crew.len());
        let year = year(firm, person, member, jobs, &activities)?;
        entries += year.len();
        person.actor.create("timesheets/entries", year).await?;
    }
    Ok(entries)
}

fn year(
    firm: &mut Firm,
    person: &Person,
    member: Option<usize>,
    jobs: &[Job],
    activities: &[String],
) -> Result<Vec<Json>> {
    let zone = TimeZone::get(person.zone)?;
    // Two weeks that they were away, anywhere in the year.
    let away = firm.rng.i64(20..firm.days.max(60) - 30);
    let mut entries = Vec::new();
    for back in (1..=firm.days).rev() {
        let day = firm.day(-back);
        let closed = HOLIDAYS.iter().any(|(month, of, _)| (day.month(), day.day()) == (*month, *of));
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        if weekend || closed || (away - 13..=away).contains(&back) || firm.rng.u32(..40) == 0 {
            continue;
        }
        // What they may have been on that day: a job that ran, and a little past its day.
        let running: Vec<&Job> = jobs
            .iter()
            .filter(|job| job.start <= day && day <= job.due.saturating_add(jiff::Span::new().days(job.pace / 8)))
            .filter(|job| !job.tasks.is_empty() && member.is_none_or(|member| job.crew.contains(&member)))
            .collect();
        day_of(firm, person, &zone, day, &running, activities, &mut entries)?;
    }
    Ok(entries)
}

fn day_of(
    firm: &mut Firm,
    person: &Person,
    zone: &TimeZone,
    day: Date,
    running: &[&Job],
    activities: &[String],
    entries: &mut Vec<Json>,
) -> Result<()> {
    let mut minute = 7 * 60 + 5 * firm.rng.i64(-1..4);
    let end = minute + 7 * 60 + 36 + 30 + 15 * firm.rng.i64(0..3);
    let parts = firm.rng.i64(4..6);
    let length = ((end - minute - 30) / parts / 5 * 5).max(5);
    for part in 0..parts {
        if part == parts / 2 {
            // Lunch.
            minute += 30;
        }
        let until = if part + 1 == parts { end } else { minute + length };
        let mut entry = json!({
            "zone": person.zone, "started_at": instant(zone, day, minute)?, "ended_at": instant(zone, day, until)?,
            "origin": if part == 0 { "timer" } else { "grid" },
        });
        if running.is_empty() || firm.rng.u32(..100) >= person.on_jobs {
            entry["activity"] = json!(firm.one(activities));
        } else {
            let job = *firm.one(running);
            entry["project"] = json!(job.id);
            entry["task"] = json!(job.tasks[drawn(firm, job)].id);
        }
        if firm.rng.u32(..6) == 0 {
            entry["note"] = json!(firm.one(&NOTES));
        }
        entries.push(entry);
        minute = until;
    }
    Ok(())
}

/// A task, the likelier the more was planned for it.
fn drawn(firm: &mut Firm, job: &Job) -> usize {
    let all: i64 = job.tasks.iter().map(|task| task.planned + 30).sum();
    let mut at = firm.rng.i64(0..all.max(1));
    job.tasks
        .iter()
        .position(|task| {
            at -= task.planned + 30;
            at < 0
        })
        .unwrap_or(0)
}

/// A minute of a day, where somebody is.
fn instant(zone: &TimeZone, day: Date, minute: i64) -> Result<String> {
    let clock: Time = time(i8::try_from(minute / 60)?, i8::try_from(minute % 60)?, 0, 0);
    Ok(zone.to_timestamp(day.to_datetime(clock))?.to_string())
}

/// Everybody submits their weeks, and all but the last are approved.
pub(crate) async fn approve(firm: &mut Firm, people: &People) -> Result<usize> {
    let last = firm.day(-WAITING).to_string();
    let mut weeks = 0;
    for person in people.all() {
        let sheets = person
            .actor
            .list(&format!("timesheets/sheets?filter[user]={}&filter[week][lt]={last}&fields=week", person.id))
            .await?;
        let ids: Vec<String> = sheets
            .iter()
            .map(|sheet| sheet["id"].as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .context("a sheet has an id")?;
        person.actor.act("timesheets/sheets", "submit", &ids, &json!({ "attested": true })).await?;
        let approver = people.approver(person);
        approver.actor.act("timesheets/sheets", "approve", &ids, &json!({})).await?;
        weeks += ids.len();
    }
    Ok(weeks)
}
