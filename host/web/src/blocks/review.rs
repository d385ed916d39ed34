//! What waits for somebody: many approved at once, one given back with a reason.

use super::routed::{Day, Posting, Weeks, hours};
use crate::icon::icon;
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

/// What the data route of a review answers.
#[derive(Debug, Clone, Deserialize)]
pub struct ReviewData {
    #[serde(flatten)]
    pub weeks: Weeks,
    pub days: Vec<Date>,
    pub rows: Vec<Row>,
    /// Of whom there is nothing.
    #[serde(default)]
    pub missing: Vec<String>,
    /// What else is to be known of what waits.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What is said where there are no rows.
    #[serde(default)]
    pub nothing: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    pub id: String,
    pub title: String,
    /// What of theirs it is, where a row is not all of it.
    #[serde(default)]
    pub detail: String,
    pub cells: Vec<i64>,
    #[serde(default)]
    pub status: String,
    /// Whether whoever looks can approve it now.
    #[serde(default)]
    pub ready: bool,
    /// Whether they can give it back.
    #[serde(default)]
    pub returnable: bool,
    /// What is worth a look.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What the sums are of.
    #[serde(default)]
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    pub day: Date,
    pub title: String,
    #[serde(default)]
    pub detail: String,
    pub seconds: i64,
    #[serde(default)]
    pub note: String,
}

#[derive(Debug, Clone)]
pub struct ReviewView {
    pub title: String,
    pub data: ReviewData,
    pub posting: Posting,
    /// The address under which the rows are opened.
    pub records: Option<String>,
}

pub(super) fn draw(view: &ReviewView) -> Markup {
    let data = &view.data;
    let days = Day::all(&data.days, None, None);
    let ready = data.rows.iter().filter(|row| row.ready).count();
    // A page may have several.
    let (head, form) = (view.posting.id("h"), view.posting.id("approve"));
    html! {
        section class="review-block" aria-labelledby=(head) {
            div class="row-head" {
                h2 id=(head) { (view.title) }
                div class="end actions" { (data.weeks.switch(&view.posting)) }
            }
            (view.posting.note())
            @if data.rows.is_empty() {
                p class="muted" { (data.nothing.as_deref().unwrap_or("Nobody has entered anything for this week.")) }
            } @else {
                form method="post" action=(view.posting.to("approve")) id=(form) {
                    input type="hidden" name="week" value=(data.weeks.week);
                    @if ready > 0 {
                        div class="review-acts" {
                            button class="btn btn-primary" type="submit" { (icon("check")) "Approve what is ticked" }
                            span class="muted" { (ready) " of " (data.rows.len()) " wait for you" }
                        }
                    }
                }
                ul class="review" {
                    @for row in &data.rows { (drawn_row(view, &days, row, &form)) }
                }
            }
            @for note in &data.notes { p class="muted mt-4" { (note) } }
            @if !data.missing.is_empty() {
                p class="muted mt-4" { "Nothing yet of " (crate::format::list(&data.missing)) "." }
            }
        }
    }
}

fn drawn_row(view: &ReviewView, days: &[Day], row: &Row, form: &str) -> Markup {
    let total: i64 = row.cells.iter().sum();
    let name = html! {
        span class="review-name" {
            @match &view.records {
                Some(records) => a class="primary" href={ (records) "/" (row.id) } { (row.title) },
                None => span class="primary" { (row.title) },
            }
            @if !row.detail.is_empty() { span class="sub" { (row.detail) } }
        }
    };
    let spoken = if row.detail.is_empty() { row.title.clone() } else { format!("{}, {}", row.title, row.detail) };
    html! {
        li class="review-row" {
            div class="review-who" {
                @if row.ready {
                    label class="hit" { input type="checkbox" form=(form) name="id" value=(row.id) checked; span class="visually-hidden" { "Approve " (spoken) } }
                }
                (name) " " (crate::collection::tag(&[], &row.status))
            }
            ol class="review-days" {
                @for (day, seconds) in days.iter().zip(&row.cells) {
                    li class=(day.class()) {
                        span class="faint" { (day.short()) }
                        @if *seconds == 0 { span class="faint" { "–" } } @else { span { (hours(*seconds)) } }
                    }
                }
                li class="strong" { span class="faint" { "Total" } span { (crate::format::duration_plain(total)) } }
            }
            @for note in &row.notes { p class="review-note" { (icon("info")) (note) } }
            @if !row.entries.is_empty() { (entries(row, days)) }
            @if row.returnable {
                details class="review-return" {
                    summary class="btn btn-quiet btn-small" { (icon("back")) "Return" }
                    form method="post" action=(view.posting.to("give_back")) {
                        input type="hidden" name="week" value=(view.data.weeks.week);
                        input type="hidden" name="id" value=(row.id);
                        label { span class="visually-hidden" { "Why " (spoken) " gets it back" }
                            input class="input" type="text" name="reason" required maxlength="500" placeholder="What is missing or wrong" autocomplete="off"; }
                        button class="btn" type="submit" { "Return with this reason" }
                    }
                }
            }
        }
    }
}

/// What the sums of a row are of, day by day.
fn entries(row: &Row, days: &[Day]) -> Markup {
    let count = row.entries.len();
    html! {
        details class="review-entries" {
            summary class="btn btn-quiet btn-small" { (icon("clock")) (count) @if count == 1 { " entry" } @else { " entries" } }
            div class="scroll-x" {
                table class="table" {
                    caption class="visually-hidden" { "What the time of " (row.title) " is of" }
                    thead { tr { th scope="col" { "Day" } th scope="col" { "What" } th scope="col" { "Note" } th scope="col" class="num" { "Time" } } }
                    tbody {
                        @for entry in &row.entries {
                            tr {
                                td { @match days.iter().find(|day| day.date == entry.day) { Some(day) => { (day.short()) " " (entry.day.day()) } None => { (entry.day) } } }
                                td { span class="primary" { (entry.title) } @if !entry.detail.is_empty() { span class="sub" { (entry.detail) } } }
                                td { (entry.note) }
                                td class="num" { (crate::format::duration_plain(entry.seconds)) }
                            }
                        }
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

    fn drawn(rows: &serde_json::Value) -> String {
        let data = json!({
            "title": "16 – 22 Nov 2026", "week": "2026-11-16", "previous": "2026-11-09", "next": "2026-11-23",
            "days": ["2026-11-16", "2026-11-17"], "rows": rows, "notes": ["2 more wait for you in other weeks."],
            "nothing": "Nothing of this week is for you to approve.",
        });
        let data = serde_json::from_value(data).unwrap();
        let page = "/timesheets/-/project-lines".to_owned();
        let posting = Posting { action: format!("{page}/0"), page, refused: None };
        draw(&ReviewView { title: "Time".to_owned(), data, posting, records: None }).into_string()
    }

    #[test]
    fn a_row_says_of_which_part_of_a_week_it_is_and_what_its_sums_are_of() {
        let entry =
            json!({ "day": "2026-11-17", "title": "Cut", "detail": "Kitchen", "seconds": 5400, "note": "<oak>" });
        let html = drawn(&json!([{
            "id": "a", "title": "Mia", "detail": "Kitchen", "cells": [0, 5400], "status": "waiting", "ready": true,
            "returnable": true, "entries": [entry],
        }]));
        for told in ["Approve Mia, Kitchen", "1 entry<", "Tue 17", "&lt;oak&gt;", "1:30", "2 more wait", ">Waiting<"] {
            assert!(html.contains(told), "{told}: {html}");
        }
        assert!(html.contains("form=\"approve-timesheets-project-lines-0\""), "{html}");
        assert!(html.contains("id=\"approve-timesheets-project-lines-0\""), "{html}");
    }

    #[test]
    fn where_there_is_nothing_that_is_said_in_the_words_of_the_plugin() {
        let html = drawn(&json!([]));
        assert!(html.contains("Nothing of this week is for you to approve."), "{html}");
        assert!(!html.contains("<details"), "{html}");
    }
}
