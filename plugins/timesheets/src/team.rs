//! A week of the team at once, for who approves it: of everybody, or of the crews that somebody leads.

use crate::by_project;
use crate::crews;
use crate::deciding::Desk;
use crate::review;
use crate::timer::me;
use crate::typed;
use crate::weeks;
use lignaflow_sdk::prelude::*;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Sheets that are approved at once.
const MOST: usize = 100;

/// Of whom a week is looked at, and on whose rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Of what the caller sees of others.
    Own,
    /// Of everybody: for who stands in for somebody who approves that.
    Everybody,
    /// Of the crews that these lead: for who stands in for them.
    Crews(Vec<Id>),
}

pub(crate) fn show(request: &RouteRequest) -> Result<RouteReply, Fault> {
    week(request, Sight::Own)
}

pub(crate) fn week(request: &RouteRequest, sight: Sight) -> Result<RouteReply, Fault> {
    let (me, caller) = me()?;
    let in_place = sight != Sight::Own;
    let leaders = match sight {
        Sight::Own if !caller.holds(crews::SEE_ALL) => Some(vec![me]),
        Sight::Own | Sight::Everybody => None,
        Sight::Crews(away) => Some(away),
    };
    // That what a path leads to is of a crew of theirs.
    let led = |path: &str| match &leaders {
        Some(leaders) => any(leaders.iter().map(|leader| field(path).includes(*leader))),
        None => all([]),
    };
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
        .columns(["id", "user", "week", "status", "total", "reason", "overlaps", "by_line", "crew.leaders"])
        .filter(all([field("week").at_least(week), field("week").at_most(last), led("crew.leaders")]))
        .sort("week")
        .limit(500);
    let asked = if in_place { asked.as_plugin() } else { asked };
    let found = records::find(asked)?;
    let sums = summarize("entries");
    let sums = if in_place { sums.as_plugin() } else { sums };
    let of_days = [field("local_date").at_least(week), field("local_date").at_most(last), led("sheet.crew.leaders")];
    let sums = records::summarize(
        sums.filter(all(of_days))
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
    let led_crews = leaders.as_deref().map(crews::led_by).transpose()?;
    let with = |keep: &dyn Fn(&lignaflow_sdk::values::Row<'_>) -> bool| -> BTreeSet<Id> {
        found.records().filter(|row| keep(row)).filter_map(|row| row.reference("id")).collect()
    };
    let lines = told_of_lines(&with(&|row| row.boolean("by_line") == Some(true)))?;
    // Who stands in for somebody opens no records of others, and sees here what the sums are of.
    let mut entries = if in_place {
        review::entries(&with(&|row| row.text("status") == Some("submitted") && row.boolean("by_line") != Some(true)))?
    } else {
        Some(BTreeMap::new())
    };
    let mut desk = Desk::read()?;
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
        let waits = status == "submitted" && !by_line;
        let ready = waits && desk.right(user, None, sheet.references("crew.leaders"))?.is_some();
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
    let mut there: BTreeSet<Id> = found.records().filter_map(|sheet| sheet.reference("user")).collect();
    let mut expected: BTreeSet<Id> = names.keys().copied().collect();
    if let Some(crews) = &led_crews {
        expected.retain(|id| crews.iter().flatten().any(|member| member == id));
    }
    if led_crews.is_some() && !expected.is_empty() {
        // Who came from another crew since has their sheet there.
        let elsewhere = [field("week").at_least(week), field("week").at_most(last)];
        let elsewhere = all(elsewhere).and(field("user").within(expected.iter().copied()));
        let elsewhere = select("sheets").as_plugin().columns(["id", "user"]).filter(elsewhere).limit(500);
        there.extend(records::find(elsewhere)?.records().filter_map(|sheet| sheet.reference("user")));
    }
    let missing: Vec<&String> = expected.difference(&there).filter_map(|id| names.get(id)).collect();
    let notes = if !in_place && caller.holds("timesheets.set-up") { who_leads_nobody()? } else { None };
    reply::json(&json!({
        "title": weeks::span(week),
        "week": week,
        "previous": week.plus_days(-7),
        "next": week.plus_days(7),
        "days": days,
        "rows": rows.into_iter().map(|(_, row)| row).collect::<Vec<Json>>(),
        "missing": missing,
        "notes": notes.into_iter().collect::<Vec<String>>(),
        "nothing": led_crews.filter(Vec::is_empty).map(|_| {
            "You lead no crew, so you see your own time alone. Whoever sets up timesheets says under Crews who leads whom."
        }),
    }))
}

/// What is left to do for who sets up, where somebody's role is for a crew and they lead none.
fn who_leads_nobody() -> Result<Option<String>, Fault> {
    let idle = crews::without()?;
    let verb = if idle.len() == 1 { "leads" } else { "lead" };
    Ok((!idle.is_empty()).then(|| {
        let names = idle.join(", ");
        format!(
            "{names} may approve or enter time for others, and {verb} no crew yet: say under Crews whose time that is."
        )
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

/// A timesheet that the caller decides about, with in whose place they do; also one that they merely see, of which the
/// check of what is saved says why they do not.
fn sheet(text: &str, path: String, desk: &mut Desk) -> Result<(Id, Option<Id>), Fault> {
    let id: Id =
        text.parse().map_err(|_| Fault::at(path.clone(), "type", "Expected the id of a timesheet, a UUID."))?;
    let found = records::get("sheets", id, &["user", "crew.leaders"])?;
    let user = found.as_ref().and_then(|sheet| sheet.reference("user"));
    let right = match (&found, user) {
        (Some(sheet), Some(user)) => desk.right(user, None, sheet.references("crew.leaders"))?,
        _ => None,
    };
    match right {
        Some(right) => Ok((id, right.place())),
        None if records::get_for_caller("sheets", id, &["id"])?.is_some() => Ok((id, None)),
        None => Err(Fault::at(path, "unknown-reference", "There is no such timesheet.")),
    }
}

/// Approves all of these, or none.
pub(crate) fn approve(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Approving = request.json()?;
    let mut desk = Desk::read()?;
    let mut sheets: Vec<(Id, Option<Id>)> = Vec::new();
    for (at, text) in body.ids.iter().enumerate() {
        let sheet = sheet(text, format!("/ids/{at}"), &mut desk)?;
        if !sheets.contains(&sheet) {
            sheets.push(sheet);
        }
    }
    if sheets.is_empty() || sheets.len() > MOST {
        return Err(Fault::at("/ids", "count", format!("Choose 1 to {MOST} timesheets.")));
    }
    let writes = sheets.iter().map(|(id, place)| transition("sheets", *id, "approve").set("in_place_of", *place));
    Ok(reply::json(&json!({ "approved": sheets.len() }))?.with_writes(writes))
}

/// Gives one back to who worked it, with the reason.
pub(crate) fn give_back(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Returning = request.json()?;
    if body.reason.trim().is_empty() {
        return Err(Fault::at("/reason", "required", "Say why it is returned."));
    }
    let (id, _) = sheet(&body.id, "/id".to_owned(), &mut Desk::read()?)?;
    let writes = [transition("sheets", id, "return").set("reason", body.reason.trim())];
    Ok(reply::saved("sheets", id).with_writes(writes))
}
