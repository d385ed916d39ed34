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
}

#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    pub id: String,
    pub title: String,
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
    html! {
        section class="review-block" aria-labelledby="h-review" {
            div class="row-head" {
                h2 id="h-review" { (view.title) }
                div class="end actions" { (data.weeks.switch(&view.posting)) }
            }
            (view.posting.note())
            @if data.rows.is_empty() {
                p class="muted" { "Nobody has entered anything for this week." }
            } @else {
                form method="post" action=(view.posting.to("approve")) id="approve" {
                    input type="hidden" name="week" value=(data.weeks.week);
                    @if ready > 0 {
                        div class="review-acts" {
                            button class="btn btn-primary" type="submit" { (icon("check")) "Approve what is ticked" }
                            span class="muted" { (ready) " of " (data.rows.len()) " wait for you" }
                        }
                    }
                }
                ul class="review" {
                    @for row in &data.rows { (drawn_row(view, &days, row)) }
                }
            }
            @if !data.missing.is_empty() {
                p class="muted mt-4" { "Nothing yet of " (crate::format::list(&data.missing)) "." }
            }
        }
    }
}

fn drawn_row(view: &ReviewView, days: &[Day], row: &Row) -> Markup {
    let total: i64 = row.cells.iter().sum();
    let name = html! {
        @match &view.records {
            Some(records) => a class="primary" href={ (records) "/" (row.id) } { (row.title) },
            None => span class="primary" { (row.title) },
        }
    };
    html! {
        li class="review-row" {
            div class="review-who" {
                @if row.ready {
                    label class="hit" { input type="checkbox" form="approve" name="id" value=(row.id) checked; span class="visually-hidden" { "Approve " (row.title) } }
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
            @if row.returnable {
                details class="review-return" {
                    summary class="btn btn-quiet btn-small" { (icon("back")) "Return" }
                    form method="post" action=(view.posting.to("give_back")) {
                        input type="hidden" name="week" value=(view.data.weeks.week);
                        input type="hidden" name="id" value=(row.id);
                        label { span class="visually-hidden" { "Why " (row.title) " gets it back" }
                            input class="input" type="text" name="reason" required maxlength="500" placeholder="What is missing or wrong" autocomplete="off"; }
                        button class="btn" type="submit" { "Return with this reason" }
                    }
                }
            }
        }
    }
}
