//! A week of everybody at once, for who approves it.

use crate::by_project;
use crate::deciding::Desk;
use crate::review;
use crate::sheets;
use crate::stand_ins::Right;
use crate::timer::me;
use crate::typed;
use crate::weeks;
use lignaflow_sdk::prelude::*;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Sheets that are approved at once.
const MOST: usize = 100;

/// On whose rights a week is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Of what the caller sees.
    Own,
    /// Of everybody: for who stands in for somebody.
    Everybody,
}

pub(crate) fn show(request: &RouteRequest) -> Result<RouteReply, Fault> {
    week(request, Sight::Own)
}

pub(crate) fn week(request: &RouteRequest, sight: Sight) -> Result<RouteReply, Fault> {
    let (me, caller) = me()?;
    let today = caller.today()?;
    let day = match request.query_text("week").filter(|text| !text.is_empty()) {
        Some(text) => {
            text.parse().map_err(|_| Fault::at("/week", "type", "Expected a date such as \"2026-11-23\"."))?
        }
        // Who approves looks at the week that is over.
        None => today.plus_days(-7).unwrap_or(today),
    };
    let week = weeks::Weeks::read()?.week_of(day);
    let days = weeks::days_of(week);
    let last = week.plus_days(6).unwrap_or(week);
    // A sheet of when weeks began with another day begins within this one.
    let asked = select("sheets")
        .columns(["id", "user", "week", "status", "total", "billable_total", "reason", "overlaps", "by_line"])
        .filter(field("week").at_least(week).and(field("week").at_most(last)))
        .sort("week")
        .limit(500);
    let asked = if sight == Sight::Everybody { asked.as_plugin() } else { asked };
    let found = records::find(asked)?;
    let sums = summarize("entries");
    let sums = if sight == Sight::Everybody { sums.as_plugin() } else { sums };
    let sums = records::summarize(
        sums.filter(field("local_date").at_least(week).and(field("local_date").at_most(last)))
            .group("sheet")
            .group_by("local_date", Bucket::Day)
            .measure(sum("duration").named("seconds"))
            .measure(count().named("disputed").filter(field("dispute").is_set())),
    )?;
    let mut by_day: BTreeMap<(Id, Date), (i64, i64)> = BTreeMap::new();
    for row in sums.records() {
        if let (Some(sheet), Some(day)) = (row.reference("sheet"), row.date("local_date")) {
            let number = |name| row.integer(name).unwrap_or(0);
            by_day.insert((sheet, day), (number("seconds"), number("disputed")));
        }
    }
    let names: BTreeMap<Id, String> =
        people::holding(None)?.into_iter().map(|person| (person.id, person.name)).collect();
    let alone = sheets::others_who_approve(Some(me))?.is_empty();
    let with = |keep: &dyn Fn(&lignaflow_sdk::values::Row<'_>) -> bool| -> BTreeSet<Id> {
        found.records().filter(|row| keep(row)).filter_map(|row| row.reference("id")).collect()
    };
    let lines = told_of_lines(&with(&|row| row.boolean("by_line") == Some(true)))?;
    // Who stands in for somebody opens no records of others, and sees here what the sums are of.
    let mut entries = match sight {
        Sight::Everybody => review::entries(&with(&|row| {
            row.text("status") == Some("submitted") && row.boolean("by_line") != Some(true)
        }))?,
        Sight::Own => Some(BTreeMap::new()),
    };
    let mut rows = Vec::new();
    for sheet in found.records() {
        let (Some(id), Some(user)) = (sheet.reference("id"), sheet.reference("user")) else { continue };
        let of = |day: &Date| by_day.get(&(id, *day)).copied().unwrap_or_default();
        let cells: Vec<i64> = days.iter().map(|day| of(day).0).collect();
        let total = sheet.integer("total").unwrap_or(0);
        let status = sheet.text("status").unwrap_or("open");
        let by_line = sheet.boolean("by_line") == Some(true);
        let mut notes = notes(&sheet, week, &cells, days.iter().any(|day| of(day).1 > 0));
        notes.extend(lines.get(&id).filter(|_| matches!(status, "submitted" | "returned")).cloned());
        let listed = match (status, &mut entries) {
            ("submitted", None) if !by_line => {
                notes.push("There is too much time in this week to be listed here.".to_owned());
                Vec::new()
            }
            (_, Some(entries)) => entries.remove(&id).unwrap_or_default(),
            _ => Vec::new(),
        };
        let ready = status == "submitted" && !by_line && (user != me || alone);
        let Some(name) = people_name(&names, user)? else { continue };
        rows.push((
            name.clone(),
            json!({
                "id": id, "title": name, "cells": cells, "total": total, "status": status,
                "ready": ready, "returnable": ready, "notes": notes, "entries": listed,
            }),
        ));
    }
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    let there: BTreeSet<Id> = found.records().filter_map(|sheet| sheet.reference("user")).collect();
    let missing: Vec<&String> = names.iter().filter(|(id, _)| !there.contains(id)).map(|(_, name)| name).collect();
    reply::json(&json!({
        "title": weeks::span(week),
        "week": week,
        "previous": week.plus_days(-7),
        "next": week.plus_days(7),
        "days": days,
        "rows": rows.into_iter().map(|(_, row)| row).collect::<Vec<Json>>(),
        "missing": missing,
    }))
}

/// What of a week is worth a look.
fn notes(sheet: &impl ReadFields, week: Date, cells: &[i64], disputed: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if disputed {
        notes.push("Something is disputed.".to_owned());
    }
    if let Some(most) = cells.iter().max().filter(|most| **most > 12 * 3600) {
        notes.push(format!("A day of {}.", typed::shown(*most)));
    }
    if let Some(begins) = sheet.date("week").filter(|begins| *begins != week) {
        notes.push(format!("Of {}, as weeks began then.", weeks::span(begins)));
    }
    match sheet.integer("overlaps") {
        Some(1) => notes.push("One entry overlaps another.".to_owned()),
        Some(some) if some > 1 => notes.push(format!("{some} entries overlap others.")),
        _ => {}
    }
    // Where it is approved line by line, the lines say so.
    let whole = sheet.text("status") == Some("returned") && sheet.boolean("by_line") != Some(true);
    notes.extend(sheet.text("reason").filter(|_| whole).map(|why| format!("Returned: {why}")));
    notes
}

/// What became of the lines of these sheets, in one sentence of each.
fn told_of_lines(sheets: &BTreeSet<Id>) -> Result<BTreeMap<Id, String>, Fault> {
    if sheets.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut desk = Desk::read()?;
    let mut told: BTreeMap<Id, Vec<String>> = BTreeMap::new();
    for line in by_project::of_sheets(&sheets.iter().copied().collect::<Vec<_>>())? {
        let sentence = format!("{} {}", line.name(), line.told(&mut desk)?);
        told.entry(line.sheet).or_default().push(sentence);
    }
    Ok(told.into_iter().map(|(sheet, lines)| (sheet, lines.join("; "))).collect())
}

/// Who has left is still told of by name.
fn people_name(names: &BTreeMap<Id, String>, user: Id) -> Result<Option<String>, Fault> {
    match names.get(&user) {
        Some(name) => Ok(Some(name.clone())),
        None => Ok(people::person(user)?.map(|person| person.name)),
    }
}

/// What is approved, whole weeks or lines of them.
#[derive(Debug, Deserialize)]
pub(crate) struct Approving {
    pub ids: Vec<String>,
}

/// What is given back, and why.
#[derive(Debug, Deserialize)]
pub(crate) struct Returning {
    pub id: String,
    pub reason: String,
}

/// A timesheet that the caller sees; any, where they stand in for somebody.
fn sheet(text: &str, path: String, right: Right) -> Result<Id, Fault> {
    let id: Id =
        text.parse().map_err(|_| Fault::at(path.clone(), "type", "Expected the id of a timesheet, a UUID."))?;
    let found = match right {
        Right::For(_) => records::get("sheets", id, &["id"])?,
        _ => records::get_for_caller("sheets", id, &["id"])?,
    };
    match found {
        Some(_) => Ok(id),
        None => Err(Fault::at(path, "unknown-reference", "There is no such timesheet.")),
    }
}

/// Approves all of these, or none.
pub(crate) fn approve(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Approving = request.json()?;
    let right = Right::of_caller()?;
    let mut ids = Vec::new();
    for (at, text) in body.ids.iter().enumerate() {
        let id = sheet(text, format!("/ids/{at}"), right)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.is_empty() || ids.len() > MOST {
        return Err(Fault::at("/ids", "count", format!("Choose 1 to {MOST} timesheets.")));
    }
    let in_place = right.place()?;
    let writes = ids.iter().map(|id| transition("sheets", *id, "approve").set("in_place_of", in_place));
    Ok(reply::json(&json!({ "approved": ids.len() }))?.with_writes(writes))
}

/// Gives one back to who worked it, with the reason.
pub(crate) fn give_back(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Returning = request.json()?;
    let right = Right::of_caller()?;
    if body.reason.trim().is_empty() {
        return Err(Fault::at("/reason", "required", "Say why it is returned."));
    }
    let id = sheet(&body.id, "/id".to_owned(), right)?;
    right.place()?;
    let writes = [transition("sheets", id, "return").set("reason", body.reason.trim())];
    Ok(reply::saved("sheets", id).with_writes(writes))
}
