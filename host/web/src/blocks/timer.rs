//! The timer of whoever looks: what runs, stopping it, also after the fact, and what can be started.

use super::routed::Posting;
use crate::icon::icon;
use crate::reader::Reader;
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

/// What the data route of a timer answers.
#[derive(Debug, Clone, Deserialize)]
pub struct TimerData {
    pub running: Option<Running>,
    /// Seconds of today so far, without what runs.
    #[serde(default)]
    pub today: i64,
    #[serde(default)]
    pub starts: Vec<Start>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Running {
    pub id: String,
    pub title: String,
    #[serde(default)]
    pub detail: String,
    pub started_at: Timestamp,
    /// The clock when it was started.
    #[serde(default)]
    pub since: String,
    /// Times of the clock at which it may have been meant to stop.
    #[serde(default)]
    pub forgotten: Vec<String>,
    /// Seconds of a break to ask for.
    #[serde(default)]
    pub pause: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Start {
    pub title: String,
    #[serde(default)]
    pub detail: String,
    /// What the starting route takes.
    pub body: serde_json::Value,
}

#[derive(Debug, Clone)]
pub struct TimerView {
    pub title: String,
    pub data: TimerData,
    pub posting: Posting,
    /// The form of the running timer's record.
    pub edit: Option<String>,
}

pub(super) fn draw(view: &TimerView, reader: &Reader) -> Markup {
    let next = if view.data.running.is_some() { "Change to" } else { "Start" };
    html! {
        section class="phone-main site-timer" aria-label=(view.title) {
            (view.posting.note())
            @match &view.data.running {
                Some(running) => (drawn_running(view, running, reader)),
                None => {
                    div class="now now-idle" {
                        p class="task" { "Nothing runs." }
                        p class="muted" { "Today " b class="strong" { (crate::format::duration_plain(view.data.today)) } }
                    }
                }
            }
            section class="starts" aria-labelledby="h-next" {
                h2 id="h-next" { (next) }
                @if view.data.starts.is_empty() {
                    p class="muted" { "What you worked on last and what is assigned to you stands here." }
                } @else {
                    form method="post" action=(view.posting.to("start")) {
                        @for (at, start) in view.data.starts.iter().enumerate() {
                            @let key = (at == 0 && view.data.running.is_none()).then_some("t");
                            button class="start" type="submit" name="body" value=(start.body.to_string()) data-key=[key] {
                                span { span class="task" { (start.title) } span class="faint small" { (start.detail) } }
                                span class="go" aria-hidden="true" { (icon("play")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn drawn_running(view: &TimerView, running: &Running, reader: &Reader) -> Markup {
    let seconds = (reader.now.as_second() - running.started_at.as_second()).max(0);
    let stop = view.posting.to("stop");
    html! {
        section class="now" aria-labelledby="running" {
            div class="now-job" {
                p class="task" id="running" { (running.title) }
                @if !running.detail.is_empty() { p class="muted" { (running.detail) } }
            }
            p class="now-clock" {
                lf-timer data-since=(running.started_at) data-today=(view.data.today) {
                    time role="timer" datetime={ "PT" (seconds) "S" } { (crate::format::duration_plain(seconds / 60 * 60)) }
                    @if !running.since.is_empty() { span class="since" { "since" br; (running.since) } }
                    span class="since sum" { "today" br; b class="strong" data-sum { (crate::format::duration_plain((view.data.today + seconds) / 60 * 60)) } }
                }
            }
            form class="now-acts" method="post" action=(stop) {
                button class="btn btn-stop btn-site whole" type="submit" data-key="t" { (icon("stop")) "Stop" @if running.pause.is_some() { ", no break" } }
                @if let Some(pause) = running.pause {
                    button class={ "btn btn-site" @if view.edit.is_none() { " whole" } } type="submit" name="break_time" value=(pause) {
                        (icon("cup")) "Stop, " (pause / 60) " min break"
                    }
                }
                @if let Some(edit) = &view.edit {
                    a class={ "btn btn-site" @if running.pause.is_none() { " whole" } } href=(edit) { (icon("camera")) "Photo or note" }
                }
            }
        }
        details class="forgot" {
            summary { (icon("back")) "I forgot to stop" (icon("down")) }
            form method="post" action=(stop) {
                div class="picks" {
                    @for time in &running.forgotten {
                        button class="btn btn-site" type="submit" name="at_time" value=(time) { "at " (time) }
                    }
                }
            }
            form class="picks-other" method="post" action=(stop) {
                label class="visually-hidden" for="at-time" { "When it should have stopped" }
                input class="input" id="at-time" type="time" name="at_time" required;
                button class="btn btn-site" type="submit" { "Stop then" }
            }
        }
    }
}
