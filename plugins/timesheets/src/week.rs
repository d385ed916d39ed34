//! A week in rows of what time was for and columns of days: shown, typed into, copied from the week before, submitted.

use crate::absence;
use crate::by_project;
use crate::deciding::Desk;
use crate::overlap;
use crate::place;
use crate::planned;
use crate::policy::{Overlap, Policy};
use crate::timer::{Purpose, TOLD, me, names};
use crate::typed::{self, Typed};
use crate::weeks;
use lignaflow_plugin_worktime::patterns::{self, Patterns};
use lignaflow_sdk::prelude::*;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Entries of one person's week that are looked at.
const MOST: usize = 2_000;
/// Cells that are typed into at once.
const CELLS: usize = 500;
const STATES: [&str; 4] = ["open", "submitted", "approved", "exported"];

/// The entries of one row and day.
#[derive(Debug, Default)]
struct Cell<'a> {
    entries: Vec<&'a Fields>,
}

impl Cell<'_> {
    fn seconds(&self) -> i64 {
        self.entries.iter().filter_map(|entry| entry.integer("duration")).sum()
    }

    /// What has a start, which is not changed by typing a sum.
    fn timed(&self) -> i64 {
        let timed = self.entries.iter().filter(|entry| !entry.is_null("started_at"));
        timed.filter_map(|entry| entry.integer("duration")).sum()
    }
}

pub(crate) fn entries_of(user: Id, week: Date) -> Result<Vec<Fields>, Fault> {
    let last = week.plus_days(6).unwrap_or(week);
    let mut columns = TOLD.to_vec();
    columns.extend(["project.status", "billable", "corrects", "dispute"]);
    let entries = select("entries")
        .columns(columns)
        .filter(all([field("user").eq(user), field("local_date").at_least(week), field("local_date").at_most(last)]))
        .sort("local_date")
        .sort("started_at");
    records::find_all(entries, MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, format!("A week of more than {MOST} entries is not shown.")))
}

type Grid<'a> = BTreeMap<Purpose, BTreeMap<Date, Cell<'a>>>;

fn rows(entries: &[Fields]) -> Grid<'_> {
    let mut rows = Grid::new();
    for entry in entries {
        let Some(day) = entry.date("local_date") else { continue };
        rows.entry(Purpose::of(entry)).or_default().entry(day).or_default().entries.push(entry);
    }
    rows
}

/// The week of somebody that holds the day that is named.
pub(crate) fn week_named(text: Option<&str>, user: Id, today: Date) -> Result<Date, Fault> {
    let day = match text.filter(|text| !text.is_empty()) {
        Some(text) => {
            text.parse().map_err(|_| Fault::at("/week", "type", "Expected a date such as \"2026-11-23\"."))?
        }
        None => today,
    };
    Ok(weeks::Weeks::read()?.of(user, day)?.0)
}

/// Whose week it is: the caller's own, or that of another whom they may enter for.
fn whose(named: Option<&str>, me: Id, caller: &context::Caller) -> Result<Id, Fault> {
    let Some(text) = named.filter(|text| !text.is_empty()) else { return Ok(me) };
    let user: Id = text.parse().map_err(|_| Fault::at("/user", "type", "Expected the id of a person, a UUID."))?;
    if user != me && !caller.holds("timesheets.enter-for-others") {
        return Err(Fault::denied("You may not enter time for others."));
    }
    Ok(user)
}

pub(crate) fn show(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let (me, caller) = me()?;
    let today = caller.today()?;
    let week = week_named(request.query_text("week"), me, today)?;
    let days = weeks::days_of(week);
    let entries = entries_of(me, week)?;
    let columns = ["id", "status", "reason", "approver", "by_line"];
    let sheet = records::get_for_caller("sheets", weeks::sheet_of(me, week), &columns)?;
    let by_line = sheet.as_ref().is_some_and(|sheet| sheet.boolean("by_line") == Some(true));
    let lines = if by_line { by_project::of_sheets(&[weeks::sheet_of(me, week)])? } else { Vec::new() };
    let shut = by_project::shut(&lines);
    let mut standing = BTreeMap::new();
    if by_line {
        let mut desk = Desk::read()?;
        for line in &lines {
            standing.insert(line.project, (line.status.as_str(), line.note(&mut desk)?));
        }
    }
    let status = sheet.as_ref().and_then(|sheet| sheet.text("status")).unwrap_or("open").to_owned();
    let open = matches!(status.as_str(), "open" | "returned");
    let mut told = Vec::new();
    let mut known = BTreeSet::new();
    for (purpose, cells) in rows(&entries) {
        known.insert(purpose);
        let any = cells.values().flat_map(|cell| &cell.entries).next();
        let (title, detail) = any.map(|entry| names(*entry)).unwrap_or_default();
        let cells: Vec<Json> = days
            .iter()
            .map(|day| {
                let cell = cells.get(day);
                let entries = cell.map_or(&[][..], |cell| &cell.entries);
                json!({
                    "seconds": cell.map_or(0, Cell::seconds),
                    "noted": entries.iter().any(|entry| !entry.is_null("note")),
                    "live": entries.iter().any(|entry| !entry.is_null("started_at") && entry.is_null("ended_at")),
                })
            })
            .collect();
        let mut row = json!({ "title": title, "detail": detail, "key": purpose, "cells": cells });
        if let Some((status, note)) = standing.get(&purpose.project) {
            row["status"] = json!(status);
            row["note"] = json!(note);
            row["shut"] = json!(shut.contains(&purpose.project));
        }
        told.push(row);
    }
    told.sort_by_key(|row| (row["detail"].to_string(), row["title"].to_string()));
    let expected = expected(me, &days)?;
    let mut weeks = weeks::Weeks::read()?;
    let approver = sheet.as_ref().and_then(|sheet| sheet.reference("approver"));
    let approver = approver.map(people::person).transpose()?.flatten().map(|person| person.name);
    let at = STATES.iter().position(|state| *state == status).unwrap_or(0);
    let states = STATES.iter().enumerate().map(|(place, state)| {
        let title = match (*state, approver.as_deref()) {
            ("approved", Some(name)) if !by_line => format!("Approved by {name}"),
            _ => state[..1].to_uppercase() + &state[1..],
        };
        json!({ "title": title, "current": place == at })
    });
    reply::json(&json!({
        "title": weeks::span(week),
        "week": week,
        "previous": week.plus_days(-1).map(|day| weeks.of(me, day)).transpose()?.map(|(week, _)| week),
        "next": week.plus_days(7),
        "today": today,
        "days": days,
        "rows": told,
        "more": more(me, week, &known, &shut)?,
        "expected": expected,
        "status": status,
        "open": open,
        "notes": overlaps(me, week)?,
        "message": sheet.as_ref().filter(|_| status == "returned").and_then(|sheet| sheet.text("reason")),
        "states": states.collect::<Vec<_>>(),
    }))
}

/// What of a week overlaps other time, where that is let through with a warning.
fn overlaps(user: Id, week: Date) -> Result<Vec<String>, Fault> {
    if Policy::read()?.overlap != Overlap::Warn {
        return Ok(Vec::new());
    }
    let told = overlap::standing(user, week, week.plus_days(6).unwrap_or(week))?;
    Ok(told.into_iter().map(|what| format!("{what} overlaps other time of yours.")).collect())
}

/// What else time may be for: open tasks that are assigned, first those that are planned for this week, projects, and
/// activities.
fn more(user: Id, week: Date, known: &BTreeSet<Purpose>, shut: &BTreeSet<Option<Id>>) -> Result<Vec<Json>, Fault> {
    let mut more = Vec::new();
    let mut offer = |purpose: Purpose, title: String, planned: bool| {
        if !known.contains(&purpose) && !shut.contains(&purpose.project) {
            more.push(json!({ "title": title, "key": purpose, "planned": planned }));
        }
    };
    let open = ["draft", "active", "on-hold", "completed"];
    let tasks = select("projects/tasks")
        .columns(["id", "title", "project", "project.name", "start", "due"])
        .filter(all([
            field("assignees").includes(user),
            field("status").ne("done"),
            field("project.status").within(open),
        ]))
        .sort("project.name")
        .sort("title")
        .limit(200);
    let tasks = records::find(tasks)?;
    for wanted in [true, false] {
        for row in tasks.records().filter(|row| is_planned(row, week) == wanted) {
            let purpose = Purpose { project: row.reference("project"), task: row.reference("id"), activity: None };
            let text = |name: &str| row.text(name).unwrap_or_default().to_owned();
            let title = format!("{}, {}", text("title"), text("project.name"));
            offer(purpose, if wanted { format!("Planned: {title}") } else { title }, wanted);
        }
    }
    let projects =
        select("projects/projects").columns(["id", "name"]).filter(field("status").within(open)).sort("name");
    for row in records::find(projects.limit(100))?.records() {
        let purpose = Purpose { project: row.reference("id"), ..Purpose::default() };
        offer(purpose, row.text("name").unwrap_or_default().to_owned(), false);
    }
    for row in records::find(select("activities").columns(["id", "name"]).sort("name").limit(100))?.records() {
        let purpose = Purpose { activity: row.reference("id"), ..Purpose::default() };
        offer(purpose, row.text("name").unwrap_or_default().to_owned(), false);
    }
    Ok(more)
}

/// Whether a task is planned for a week: it is begun by its last day, and not due before its first. A task of which only
/// one date is known is planned for the week of that day.
fn is_planned(task: &impl ReadFields, week: Date) -> bool {
    planned::span(task).is_some_and(|(start, due)| start.days_since(week) < 7 && due >= week)
}

/// What each day of a week is expected to be, by the person's work pattern or that of everybody, less holidays and leave.
pub(crate) fn expected(user: Id, days: &[Date]) -> Result<Vec<i64>, Fault> {
    let off = absence::off(user, days)?;
    let usual = usual(user, days)?;
    Ok(usual.into_iter().zip(off).map(|(usual, off)| (usual - off.unwrap_or(usual)).max(0)).collect())
}

/// What each day is by itself, by the person's work pattern or that of everybody.
pub(crate) fn usual(user: Id, days: &[Date]) -> Result<Vec<i64>, Fault> {
    let patterns = select("work-patterns")
        .as_plugin()
        .columns(patterns::columns())
        .filter(any([field("user").eq(user), field("user").is_null()]))
        .sort_descending("effective_from")
        .limit(200);
    let patterns = records::find(patterns)?;
    let patterns = Patterns::of(patterns.records());
    Ok(days.iter().map(|day| patterns.usual(user, *day)).collect())
}

#[derive(Debug, Deserialize)]
struct Typing {
    week: String,
    user: Option<String>,
    cells: Vec<TypedCell>,
}

#[derive(Debug, Deserialize)]
struct TypedCell {
    key: Purpose,
    day: Date,
    value: String,
}

/// Takes what was typed: each cell comes to the time that it says.
pub(crate) fn set(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Typing = request.json()?;
    let (me, caller) = me()?;
    let user = whose(body.user.as_deref(), me, &caller)?;
    let week = week_named(Some(&body.week), user, caller.today()?)?;
    if body.cells.len() > CELLS {
        return Err(Fault::at("/cells", "too-many", format!("At most {CELLS} cells are written at once.")));
    }
    let mut zones: BTreeMap<Option<Id>, String> = BTreeMap::new();
    let entries = entries_of(user, week)?;
    let rows = rows(&entries);
    let nothing = Cell::default();
    let (mut issues, mut writes): (Vec<Issue>, Vec<Mutation>) = (Vec::new(), Vec::new());
    let mut seen = BTreeMap::new();
    for (at, cell) in body.cells.iter().enumerate() {
        let path = format!("/cells/{at}/value");
        if !weeks::days_of(week).contains(&cell.day) {
            issues.push(Issue::new(format!("/cells/{at}/day"), "range", "This day lies in another week."));
            continue;
        }
        let there = rows.get(&cell.key).and_then(|days| days.get(&cell.day)).unwrap_or(&nothing);
        // What is in the week already may be for something that the caller no longer sees.
        let purpose = match seen.get(&cell.key) {
            Some(purpose) => *purpose,
            None if rows.contains_key(&cell.key) => cell.key,
            None => cell.key.seen()?,
        };
        seen.insert(cell.key, purpose);
        let zone = match zones.get(&purpose.project) {
            Some(zone) => zone.clone(),
            None => zones.entry(purpose.project).or_insert(place::zone_for(purpose.project, user)?).clone(),
        };
        let of = |write| purpose.put(write).set("user", user).set("zone", zone.as_str());
        match typed::read(&cell.value) {
            Err(message) => issues.push(Issue::new(path, "time", message)),
            Ok(Typed::Between(from, until)) => {
                let (start, end) = place::between(cell.day, from, until, &zone)?;
                let entry = insert("entries", context::new_id()?).set("started_at", start).set("ended_at", end);
                writes.push(of(entry).set("origin", "grid").into());
            }
            Ok(Typed::Taken(seconds)) => match filled(there, seconds) {
                Err(message) => issues.push(Issue::new(path, "timed", message)),
                Ok(Filling::Nothing) => {}
                Ok(Filling::New(seconds)) => {
                    let entry = insert("entries", context::new_id()?).set("local_date", cell.day);
                    writes.push(of(entry).set("duration", seconds).set("origin", "grid").into());
                }
                Ok(Filling::Change(changes)) => writes.extend(changes),
            },
        }
    }
    if !issues.is_empty() {
        return Err(Fault::invalid(issues));
    }
    Ok(reply::empty().with_writes(writes))
}

#[derive(Debug)]
enum Filling {
    Nothing,
    New(i64),
    Change(Vec<Mutation>),
}

/// What has a cell come to a sum: its times stay, and what has none makes up the rest.
fn filled(cell: &Cell<'_>, seconds: i64) -> Result<Filling, String> {
    let rest = seconds - cell.timed();
    if rest < 0 {
        let timed = typed::shown(cell.timed());
        return Err(format!("{timed} of it has a start and an end: change these entries."));
    }
    let mut untimed = cell.entries.iter().filter(|entry| entry.is_null("started_at") && entry.is_null("corrects"));
    let standing: i64 = untimed.clone().filter_map(|entry| entry.integer("duration")).sum();
    if standing == rest {
        return Ok(Filling::Nothing);
    }
    let mut changes: Vec<Mutation> = Vec::new();
    if rest > 0 {
        let Some(first) = untimed.next() else { return Ok(Filling::New(rest)) };
        changes.extend(first.reference("id").map(|id| update("entries", id).set("duration", rest).into()));
    }
    changes.extend(untimed.filter_map(|entry| Some(remove("entries", entry.reference("id")?))));
    Ok(Filling::Change(changes))
}

#[derive(Debug, Deserialize)]
struct Week {
    week: String,
    #[serde(default)]
    attested: bool,
}

/// Fills days of which nothing is known with what the same day of the week before had.
pub(crate) fn copy(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Week = request.json()?;
    let (me, caller) = me()?;
    let week = week_named(Some(&body.week), me, caller.today()?)?;
    let before = week.plus_days(-7).ok_or_else(|| Fault::at("/week", "range", "There is no week before this."))?;
    let (earlier, entries) = (entries_of(me, before)?, entries_of(me, week)?);
    let there = rows(&entries);
    let shut = by_project::shut(&by_project::of_sheets(&[weeks::sheet_of(me, week)])?);
    let mut writes: Vec<Mutation> = Vec::new();
    for (purpose, days) in rows(&earlier) {
        for (day, cell) in days {
            let Some(day) = day.plus_days(7) else { continue };
            let filled = there.get(&purpose).is_some_and(|days| days.contains_key(&day));
            let closed =
                cell.entries.iter().any(|entry| matches!(entry.text("project.status"), Some("closed" | "cancelled")));
            if filled || closed || shut.contains(&purpose.project) || cell.seconds() <= 0 {
                continue;
            }
            let entry = insert("entries", context::new_id()?).set("user", me).set("local_date", day);
            writes.push(purpose.put(entry).set("duration", cell.seconds()).set("origin", "grid").into());
        }
    }
    if writes.is_empty() {
        return Err(Fault::new(ErrorCode::Conflict, "There is nothing of last week that is not here already."));
    }
    Ok(reply::empty().with_writes(writes))
}

/// Submits a week of one's own.
pub(crate) fn submit(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Week = request.json()?;
    let (me, caller) = me()?;
    let week = week_named(Some(&body.week), me, caller.today()?)?;
    let sheet = weeks::sheet_of(me, week);
    if !body.attested {
        return Err(Fault::at("/attested", "required", "Confirm that this is complete and true."));
    }
    if records::get_for_caller("sheets", sheet, &["id"])?.is_none() {
        return Err(Fault::new(ErrorCode::Conflict, "Nothing has been entered for this week."));
    }
    let submit = transition("sheets", sheet, "submit").set("attested", true);
    Ok(reply::saved("sheets", sheet).with_writes([submit]))
}
