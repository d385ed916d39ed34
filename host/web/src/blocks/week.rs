//! A week in rows and days, to be typed into. Totals add up what is shown.

use super::routed::{Day, Posting, Weeks, difference, hours};
use crate::icon::icon;
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What the data route of a week grid answers.
#[derive(Debug, Clone, Deserialize)]
pub struct WeekData {
    #[serde(flatten)]
    pub weeks: Weeks,
    #[serde(default)]
    pub today: Option<Date>,
    pub days: Vec<Date>,
    pub rows: Vec<Row>,
    /// What else a row may be.
    #[serde(default)]
    pub more: Vec<More>,
    /// Seconds that each day is expected to be; nothing of it is shown where left out.
    #[serde(default)]
    pub expected: Vec<i64>,
    /// The state of the week.
    #[serde(default)]
    pub status: String,
    /// Whether it can be written.
    pub open: bool,
    /// Said above the week.
    #[serde(default)]
    pub message: Option<String>,
    /// What is to be looked at again.
    #[serde(default)]
    pub notes: Vec<String>,
    #[serde(default)]
    pub states: Vec<State>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    pub title: String,
    #[serde(default)]
    pub detail: String,
    /// What the row is of, as the saving route takes it.
    pub key: serde_json::Value,
    pub cells: Vec<Cell>,
    /// What became of this row, where rows go their own ways.
    #[serde(default)]
    pub status: String,
    /// The same in a sentence: whom it waits for, why it was returned.
    #[serde(default)]
    pub note: String,
    /// Whether it stays as it is, also where the week can be written.
    #[serde(default)]
    pub shut: bool,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Cell {
    pub seconds: i64,
    #[serde(default)]
    pub noted: bool,
    #[serde(default)]
    pub live: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct More {
    pub title: String,
    pub key: serde_json::Value,
}

#[derive(Debug, Clone, Deserialize)]
pub struct State {
    pub title: String,
    pub current: bool,
}

#[derive(Debug, Clone)]
pub struct WeekView {
    pub title: String,
    pub data: WeekData,
    pub posting: Posting,
    pub copies: bool,
    /// Whether it is filled with what is planned.
    pub fills: bool,
    pub submits: bool,
    /// The day that is shown on a phone; today's or the first where it is none of the week.
    pub chosen: Option<Date>,
    /// What was typed where that was refused, by the name of the control; and what is wrong with it.
    pub typed: BTreeMap<String, String>,
    pub issues: BTreeMap<String, String>,
}

/// The name of a cell's control.
pub fn cell_name(row: usize, day: usize) -> String {
    format!("r{row}d{day}")
}

/// The name of the control of a new row's cell, and of what that row is of.
pub fn new_cell_name(day: usize) -> String {
    format!("nd{day}")
}
pub const NEW_KEY: &str = "nkey";

/// The name of the hidden control that holds what a row is of.
pub fn key_name(row: usize) -> String {
    format!("k{row}")
}

/// The name of the hidden control that holds what a row's cells were.
pub fn was_name(row: usize) -> String {
    format!("w{row}")
}

/// A cell as it is shown before anybody types.
pub fn cell_text(seconds: i64) -> String {
    hours(seconds)
}

pub(super) fn draw(view: &WeekView) -> Markup {
    let data = &view.data;
    let days = Day::all(&data.days, data.today, view.chosen);
    let posting = &view.posting;
    html! {
        section class="week-block" aria-labelledby="h-week" {
            div class="row-head" {
                h2 id="h-week" { (view.title) @if !data.status.is_empty() { " " (crate::collection::tag(&[], &data.status)) } }
                div class="end actions" {
                    (data.weeks.switch(posting))
                    @if view.fills && data.open {
                        form method="post" action=(posting.to("fill")) {
                            input type="hidden" name="week" value=(data.weeks.week);
                            button class="btn" type="submit" title="Up to today, from the tasks planned for each day" { (icon("week")) "Fill from the plan" }
                        }
                    }
                    @if view.copies && data.open {
                        form method="post" action=(posting.to("copy")) {
                            input type="hidden" name="week" value=(data.weeks.week);
                            button class="btn" type="submit" { (icon("copy")) "Copy last week" }
                        }
                    }
                }
            }
            (posting.note())
            @if let Some(message) = &data.message {
                div class="note note-warn" { (icon("back")) p { b { "Returned. " } (message) } }
            }
            @if !data.notes.is_empty() {
                div class="note note-warn" { (icon("alert")) div { @for note in &data.notes { p { (note) } } } }
            }
            (strip(view, &days))
            lf-week {
                form method="post" action=(posting.to("save")) id="week" {
                    input type="hidden" name="week" value=(data.weeks.week);
                    @for day in days.iter().filter(|day| day.chosen) { input type="hidden" name="day" value=(day.date); }
                    div class="scroll-x" {
                        table class="table table-bleed week" {
                            caption class="visually-hidden" { "Time by row and day, " (data.weeks.title) }
                            colgroup { col class="what"; @for _ in &days { col class="day"; } col class="sum"; }
                            (head(&days))
                            tbody {
                                @for (at, row) in data.rows.iter().enumerate() { (drawn_row(view, &days, at, row)) }
                                @if data.rows.is_empty() && !data.open {
                                    tr { th scope="row" colspan=(days.len() + 2) class="muted" { "Nothing was entered." } }
                                }
                                @if data.open && !data.more.is_empty() { (new_row(view, &days)) }
                            }
                            (foot(data, &days))
                        }
                    }
                    (submit(view))
                }
            }
        }
    }
}

/// The days as links, where only one of them has room.
fn strip(view: &WeekView, days: &[Day]) -> Markup {
    let week = view.posting.week(&view.data.weeks.week);
    html! {
        nav class="day-strip only-narrow" aria-label="Days" {
            @for (place, day) in days.iter().enumerate() {
                @let sum: i64 = view.data.rows.iter().filter_map(|row| row.cells.get(place)).map(|cell| cell.seconds).sum();
                a href={ (week) "&day=" (day.date) } aria-current=[day.chosen.then_some("date")] {
                    (day.short()) b { (day.date.day()) } @if sum == 0 { "–" } @else { (hours(sum)) }
                }
            }
        }
    }
}

fn head(days: &[Day]) -> Markup {
    html! {
        thead {
            tr {
                th scope="col" { "Task" }
                @for day in days {
                    th scope="col" class={ "num " (day.class()) } aria-current=[day.today.then_some("date")] { (day.short()) b { (day.date.day()) } }
                }
                th scope="col" class="num" { "Total" }
            }
        }
    }
}

fn drawn_row(view: &WeekView, days: &[Day], at: usize, row: &Row) -> Markup {
    let was: Vec<String> = row.cells.iter().map(|cell| cell.seconds.to_string()).collect();
    html! {
        tr {
            th scope="row" {
                span class="primary" { (row.title) }
                @if !row.detail.is_empty() { span class="sub" { (row.detail) } }
                @if !row.status.is_empty() { span class="row-state" { (crate::collection::tag(&[], &row.status)) } }
                @if !row.note.is_empty() { span class="sub" { (row.note) } }
                @if view.data.open {
                    input type="hidden" name=(key_name(at)) value=(row.key.to_string());
                    input type="hidden" name=(was_name(at)) value=(was.join(" "));
                }
            }
            @for (place, day) in days.iter().enumerate() {
                @let cell = row.cells.get(place).copied().unwrap_or_default();
                (drawn_cell(view, *day, &cell_name(at, place), cell, &row.title, row.shut))
            }
            td class="num strong" data-sum { (hours(row.cells.iter().map(|cell| cell.seconds).sum())) }
        }
    }
}

fn drawn_cell(view: &WeekView, day: Day, name: &str, cell: Cell, row: &str, shut: bool) -> Markup {
    let shown = view.typed.get(name).cloned().unwrap_or_else(|| hours(cell.seconds));
    let issue = view.issues.get(name);
    let label = format!("{row}, {}{}", day.spoken(), if cell.live { ", timer running" } else { "" });
    let noted = if cell.noted { " noted" } else { "" };
    let live = if cell.live { " live" } else { "" };
    html! {
        td class={ (day.class()) (noted) (live) } {
            @if view.data.open && !shut {
                input class="cell" name=(name) inputmode="text" autocomplete="off" placeholder="0:00" value=(shown) maxlength="40"
                    aria-label=(label) aria-invalid=[issue.map(|_| "true")] title=[issue] data-seconds=(cell.seconds);
                @if let Some(issue) = issue { span class="cell-issue" role="alert" { (issue) } }
            } @else {
                span class="cell cell-shut" data-seconds=(cell.seconds) { (shown) }
            }
        }
    }
}

fn new_row(view: &WeekView, days: &[Day]) -> Markup {
    let chosen = view.typed.get(NEW_KEY);
    html! {
        tr class="new" {
            th scope="row" {
                select class="input" name=(NEW_KEY) aria-label="Add a task" {
                    option value="" { "Add a task" }
                    @for more in &view.data.more {
                        @let key = more.key.to_string();
                        option value=(key) selected[chosen == Some(&key)] { (more.title) }
                    }
                }
            }
            @for (place, day) in days.iter().enumerate() {
                (drawn_cell(view, *day, &new_cell_name(place), Cell::default(), "New row", false))
            }
            td class="num strong" data-sum {}
        }
    }
}

/// The totals are of what stands above them.
fn foot(data: &WeekData, days: &[Day]) -> Markup {
    let sums: Vec<i64> = (0..days.len())
        .map(|place| data.rows.iter().filter_map(|row| row.cells.get(place)).map(|cell| cell.seconds).sum())
        .collect();
    let total: i64 = sums.iter().sum();
    let expected: i64 = data.expected.iter().sum();
    html! {
        tfoot {
            tr {
                th scope="row" { "Total" }
                @for (day, sum) in days.iter().zip(&sums) { td class={ "num " (day.class()) } data-day-sum { (hours(*sum)) } }
                td class="num" data-total { (hours(total)) }
            }
            @if expected > 0 {
                tr class="soft" {
                    th scope="row" { "Against what is expected" }
                    @for (place, day) in days.iter().enumerate() {
                        @let due = data.expected.get(place).copied().unwrap_or(0);
                        td class={ "num " (day.class()) } {
                            @if due > 0 && sums[place] == 0 { "due " (hours(due)) }
                            @else if sums[place] != 0 { (difference(sums[place] - due)) }
                        }
                    }
                    td class={ "num " @if total < expected { "short" } } { (difference(total - expected)) }
                }
            }
        }
    }
}

fn submit(view: &WeekView) -> Markup {
    let data = &view.data;
    html! {
        div class="submit" {
            @if !data.states.is_empty() {
                ol class="steps" aria-label="State of this week" {
                    @for state in &data.states { li aria-current=[state.current.then_some("step")] { (state.title) } }
                }
            }
            @if data.open {
                div class="end" {
                    button class="btn" type="submit" { "Save" }
                    @if view.submits {
                        label class="hit" { input type="checkbox" name="attested" value="yes"; " This is complete and true" }
                        button class="btn btn-primary" type="submit" formaction=(view.posting.to("submit")) { "Submit week" }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn view(rows: &[[i64; 7]], open: bool) -> WeekView {
        let days: Vec<String> = (16..23).map(|day| format!("2026-11-{day}")).collect();
        let rows: Vec<_> = rows
            .iter()
            .map(|cells| {
                let cells: Vec<_> = cells.iter().map(|minutes| json!({ "seconds": minutes * 60 })).collect();
                json!({ "title": "Cut", "detail": "Kitchen", "key": { "task": "a" }, "cells": cells })
            })
            .collect();
        let data = json!({
            "title": "16 – 22 Nov 2026", "week": "2026-11-16", "previous": "2026-11-09", "next": "2026-11-23",
            "today": "2026-11-19", "days": days, "rows": rows, "open": open, "status": "open",
            "expected": [27_360, 27_360, 27_360, 27_360, 27_360, 0, 0],
        });
        WeekView {
            title: "My week".into(),
            data: serde_json::from_value(data).unwrap(),
            posting: Posting { action: "/t/-/week/0".into(), page: "/t/-/week".into(), refused: None },
            copies: true,
            fills: true,
            submits: true,
            chosen: None,
            typed: BTreeMap::new(),
            issues: BTreeMap::new(),
        }
    }

    /// The minutes of every text of an element with this attribute.
    fn minutes(html: &str, attribute: &str) -> Vec<i64> {
        let mark = format!("{attribute}>");
        let found = html.split(&mark).skip(1).map(|rest| rest.split('<').next().unwrap_or_default());
        found
            .map(|text| match text.split_once(':') {
                Some((hours, minutes)) => hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap(),
                None => 0,
            })
            .collect()
    }

    #[test]
    fn the_totals_add_up_what_is_shown_both_ways() {
        let html = draw(&view(&[[450, 240, 0, 0, 0, 0, 0], [20, 0, 495, 1, 0, 0, 59]], true)).into_string();
        let (rows, days, total) =
            (minutes(&html, "data-sum"), minutes(&html, "data-day-sum"), minutes(&html, "data-total"));
        assert_eq!(rows, [690, 575]);
        assert_eq!(days, [470, 240, 495, 1, 0, 0, 59]);
        assert_eq!(total, [rows.iter().sum::<i64>()]);
        assert!(html.contains("+0:14") && html.contains("due 7:36"), "{html}");
    }

    #[test]
    fn a_week_that_is_closed_has_nothing_to_type_into() {
        let html = draw(&view(&[[450, 0, 0, 0, 0, 0, 0]], false)).into_string();
        assert!(
            html.contains("7:30") && !html.contains("<input class=\"cell\"") && !html.contains("Submit week"),
            "{html}"
        );
    }

    #[test]
    fn a_row_that_is_shut_in_a_week_that_is_open_says_why_and_has_nothing_to_type_into() {
        let mut view = view(&[[450, 0, 0, 0, 0, 0, 0], [60, 0, 0, 0, 0, 0, 0]], true);
        let row = &mut view.data.rows[0];
        (row.status, row.note, row.shut) = ("approved".into(), "By Ana".into(), true);
        let html = draw(&view).into_string();
        assert!(html.contains(">Approved<") && html.contains("By Ana"), "{html}");
        assert!(!html.contains("name=\"r0d0\"") && html.contains("name=\"r1d0\""), "{html}");
        // What its time was stays among the totals, and among what the form says of rows, so that none is counted off.
        assert!(html.contains("name=\"k0\"") && html.contains("name=\"k1\""), "{html}");
        assert_eq!(minutes(&html, "data-total"), [510]);
    }

    #[test]
    fn what_was_typed_and_refused_stands_in_its_cell_with_what_is_wrong() {
        let mut view = view(&[[450, 0, 0, 0, 0, 0, 0]], true);
        view.typed.insert(cell_name(0, 1), "eight".into());
        view.issues.insert(cell_name(0, 1), "“eight” is not a time.".into());
        let html = draw(&view).into_string();
        assert!(html.contains("value=\"eight\"") && html.contains("aria-invalid=\"true\""));
        assert_eq!(html.matches("“eight” is not a time.").count(), 2, "as a text and as a title");
    }
}
