//! What waits for who approves time line by line: a week of the lines that they decide about, approved many at once, one
//! given back. And the entries behind sums, for whoever judges time that they may not read by themselves.

use crate::by_project::Line;
use crate::deciding::{Desk, Right};
use crate::lines::Status;
use crate::team::{Approving, Returning};
use crate::timer::names;
use crate::{typed, weeks};
use lignaflow_sdk::prelude::*;
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Lines that are approved at once.
const MOST: usize = 100;
/// Lines that wait in an organization, and those of one week.
const MOST_LINES: usize = 5_000;
/// Entries that are listed at once.
const MOST_ENTRIES: usize = 5_000;

/// An entry as a review lists it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Listed {
    day: Date,
    title: String,
    detail: String,
    pub(crate) seconds: i64,
    note: String,
    #[serde(skip)]
    pub(crate) disputed: bool,
    #[serde(skip)]
    pub(crate) project: Option<Id>,
}

impl Listed {
    pub(crate) const fn on(&self) -> Date {
        self.day
    }
}

/// The entries of sheets in the order of their days, by sheet; nothing where there are too many to be listed.
pub(crate) fn entries(sheets: &BTreeSet<Id>) -> Result<Option<BTreeMap<Id, Vec<Listed>>>, Fault> {
    let columns = [
        "id",
        "sheet",
        "project",
        "project.name",
        "task.title",
        "activity.name",
        "local_date",
        "duration",
        "note",
        "dispute",
    ];
    let all: Vec<Id> = sheets.iter().copied().collect();
    let mut of: BTreeMap<Id, Vec<Listed>> = BTreeMap::new();
    let mut count = 0;
    for some in all.chunks(500) {
        let asked = select("entries").as_plugin().columns(columns).filter(field("sheet").within(some.to_vec()));
        let asked = asked.sort("local_date").sort("started_at").sort("id");
        let Some(found) = records::find_all(asked, MOST_ENTRIES - count)? else { return Ok(None) };
        count += found.len();
        for row in &found {
            let (Some(sheet), Some(day)) = (row.reference("sheet"), row.date("local_date")) else { continue };
            let (title, detail) = names(row);
            of.entry(sheet).or_default().push(Listed {
                day,
                title,
                detail,
                seconds: row.integer("duration").unwrap_or(0),
                note: row.text("note").unwrap_or_default().to_owned(),
                disputed: !row.is_null("dispute"),
                project: row.reference("project"),
            });
        }
    }
    Ok(Some(of))
}

/// Lines with the right by which whoever asks decides about each.
fn theirs(which: Predicate, desk: &mut Desk) -> Result<Vec<(Line, Right)>, Fault> {
    let asked = select("lines").as_plugin().columns(Line::COLUMNS).filter(which).sort("week").sort("id");
    let found = records::find_all(asked, MOST_LINES)?.ok_or_else(|| {
        Fault::new(ErrorCode::Quota, format!("More than {MOST_LINES} lines of timesheets are not looked at at once."))
    })?;
    let mut theirs = Vec::new();
    for line in found.iter().filter_map(Line::read) {
        if let Some(right) = desk.right(line.user, line.manager, &line.leaders)? {
            theirs.push((line, right));
        }
    }
    Ok(theirs)
}

pub(crate) fn show(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let mut desk = Desk::read()?;
    let asked = match request.query_text("week").filter(|text| !text.is_empty()) {
        Some(text) => Some(
            text.parse::<Date>().map_err(|_| Fault::at("/week", "type", "Expected a date such as \"2026-11-23\"."))?,
        ),
        None => None,
    };
    let waiting = theirs(field("status").eq("waiting"), &mut desk)?;
    let first = waiting.first().map(|(line, _)| line.week);
    let Some(day) = asked.or(first) else { return reply::json(&Json::Null) };
    let week = weeks::Weeks::read()?.week_of(day);
    let days = weeks::days_of(week);
    let last = week.plus_days(6).unwrap_or(week);
    let of_week = all([
        field("week").at_least(week),
        field("week").at_most(last),
        field("status").within(["waiting", "approved", "returned"]),
    ]);
    let theirs = theirs(of_week, &mut desk)?;
    let sheets: BTreeSet<Id> = theirs.iter().map(|(line, _)| line.sheet).collect();
    let entries = entries(&sheets)?.ok_or_else(|| {
        Fault::new(ErrorCode::Quota, format!("More than {MOST_ENTRIES} entries of one week are not shown at once."))
    })?;
    let mut rows = Vec::new();
    for (line, right) in &theirs {
        let listed = entries.get(&line.sheet).into_iter().flatten().filter(|entry| entry.project == line.project);
        let listed: Vec<&Listed> = listed.collect();
        let name = desk.name(line.user)?.unwrap_or_default();
        rows.push(((name.clone(), line.name().to_owned()), row(line, *right, &name, &days, &listed, &mut desk)?));
    }
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    let elsewhere = waiting.iter().filter(|(line, _)| line.week < week || line.week > last).count();
    let notes = match elsewhere {
        0 => Vec::new(),
        1 => vec!["One more waits for you in another week.".to_owned()],
        some => vec![format!("{some} more wait for you in other weeks.")],
    };
    reply::json(&json!({
        "title": weeks::span(week),
        "week": week,
        "previous": week.plus_days(-7),
        "next": week.plus_days(7),
        "days": days,
        "rows": rows.into_iter().map(|(_, row)| row).collect::<Vec<Json>>(),
        "missing": [],
        "notes": notes,
        "nothing": "Nothing of this week is for you to approve.",
    }))
}

fn row(
    line: &Line,
    right: Right,
    name: &str,
    days: &[Date],
    listed: &[&Listed],
    desk: &mut Desk,
) -> Result<Json, Fault> {
    let of = |day: &Date| listed.iter().filter(|entry| entry.on() == *day).map(|entry| entry.seconds).sum::<i64>();
    let cells: Vec<i64> = days.iter().map(of).collect();
    let total: i64 = listed.iter().map(|entry| entry.seconds).sum();
    let waits = line.status == Status::Waiting;
    let mut notes = Vec::new();
    if listed.iter().any(|entry| entry.disputed) {
        notes.push("Something is disputed.".to_owned());
    }
    if let Some(most) = cells.iter().max().filter(|most| **most > 12 * 3600) {
        notes.push(format!("A day of {}.", typed::shown(*most)));
    }
    if let (true, Some(away)) = (waits, right.place()) {
        notes.push(format!("In the place of {}.", desk.name(away)?.unwrap_or_default()));
    }
    if let (Status::Returned, Some(reason)) = (line.status, &line.reason) {
        notes.push(format!("Returned: {reason}"));
    }
    Ok(json!({
        "id": line.id, "title": name, "detail": line.name(), "cells": cells, "total": total,
        "status": line.status.as_str(), "ready": waits, "returnable": waits, "notes": notes, "entries": listed,
    }))
}

/// A line that whoever asks decides about; of any other there is nothing.
fn line(text: &str, path: String, desk: &mut Desk) -> Result<Id, Fault> {
    let id: Id = text.parse().map_err(|_| Fault::at(path.clone(), "type", "Expected the id of a line, a UUID."))?;
    let found = records::get("lines", id, &Line::COLUMNS)?.and_then(|row| Line::read(&row));
    let right = found.map(|line| desk.right(line.user, line.manager, &line.leaders)).transpose()?.flatten();
    match right {
        Some(_) => Ok(id),
        None => Err(Fault::at(path, "unknown-reference", "There is no such line that waits for you.")),
    }
}

/// Approves all of these, or none.
pub(crate) fn approve(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Approving = request.json()?;
    let mut desk = Desk::read()?;
    let mut ids = Vec::new();
    for (at, text) in body.ids.iter().enumerate() {
        let id = line(text, format!("/ids/{at}"), &mut desk)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.is_empty() || ids.len() > MOST {
        return Err(Fault::at("/ids", "count", format!("Choose 1 to {MOST} lines.")));
    }
    let writes = ids.iter().map(|id| transition("lines", *id, "approve"));
    Ok(reply::json(&json!({ "approved": ids.len() }))?.with_writes(writes))
}

/// Gives one back to who worked it, with the reason.
pub(crate) fn give_back(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Returning = request.json()?;
    if body.reason.trim().is_empty() {
        return Err(Fault::at("/reason", "required", "Say why it is returned."));
    }
    let id = line(&body.id, "/id".to_owned(), &mut Desk::read()?)?;
    let writes = [transition("lines", id, "return").set("reason", body.reason.trim())];
    Ok(reply::json(&json!({ "returned": id }))?.with_writes(writes))
}
