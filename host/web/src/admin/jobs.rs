//! Jobs: what plugins do without a caller, when they do it by themselves, and whether they are told of changes.

use crate::empty::empty;
use crate::format::when;
use crate::icon::icon;
use crate::paths;
use crate::shell::{Head, Shell};
use lignaflow_core::clock::Micros;
use maud::{Markup, html};

/// How a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobChip {
    Waiting,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl JobChip {
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// As the API and the page's address have it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Running => "Running",
            Self::Done => "Done",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Waiting | Self::Cancelled => "tag",
            Self::Running => "tag tag-warn",
            Self::Done => "tag tag-good",
            Self::Failed => "tag tag-bad",
        }
    }
}

#[derive(Debug, Clone)]
pub struct JobRow {
    pub id: String,
    /// How people call it.
    pub title: String,
    /// The plugin's title.
    pub plugin: String,
    pub state: JobChip,
    /// Whether its plugin is off, so that it waits for that.
    pub paused: bool,
    pub slices: i64,
    pub attempts: i64,
    /// While it waits.
    pub run_after: Option<Micros>,
    /// Why the last try failed.
    pub error: Option<String>,
    pub asked_at: Micros,
    pub changed_at: Micros,
}

/// When a job is done by itself.
#[derive(Debug, Clone)]
pub struct TimeRow {
    pub title: String,
    pub plugin: String,
    pub schedule: String,
    pub time_zone: String,
    pub next_at: Micros,
    pub last_at: Option<Micros>,
}

/// A plugin that is told of changes.
#[derive(Debug, Clone)]
pub struct SubscriberRow {
    pub id: String,
    pub plugin: String,
    pub parked_at: Option<Micros>,
    /// Why the last try failed.
    pub error: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub struct JobsPage<'a> {
    /// Those asked for last first.
    pub jobs: &'a [JobRow],
    /// Which of them are asked for.
    pub state: Option<JobChip>,
    /// The address of the earlier ones.
    pub next: Option<&'a str>,
    pub times: &'a [TimeRow],
    pub subscribers: &'a [SubscriberRow],
    pub fault: Option<&'a str>,
}

pub fn jobs(shell: &Shell, view: &JobsPage<'_>) -> Markup {
    let body = html! {
        @if let Some(fault) = view.fault {
            div class="band" { div class="note note-bad" role="alert" { (icon("alert")) p { (fault) } } }
        }
        @for subscriber in view.subscribers.iter().filter(|it| it.parked_at.is_some()) { (parked(shell, subscriber)) }
        div class="band mt-4" {
            div class="stack" {
                section aria-labelledby="h-jobs" {
                    div class="row-head" { h2 id="h-jobs" { "Jobs" } (filter(view.state)) }
                    @if view.jobs.is_empty() {
                        (none(view.state))
                    } @else {
                        (table(shell, view))
                    }
                }
                @if !view.times.is_empty() { (times(shell, view.times)) }
                @if !view.subscribers.is_empty() { (told(view.subscribers)) }
            }
        }
    };
    shell.page(&Head { title: "Jobs", sheets: super::SHEETS, ..Head::default() }, &body)
}

fn none(state: Option<JobChip>) -> Markup {
    match state {
        None => empty(
            "No job waits",
            "Plugins do work here that needs nobody to wait for it: reminders, conversions, long calculations.",
            &html! {},
        ),
        Some(state) => html! { p class="muted" { "No job is " (state.title().to_lowercase()) "." } },
    }
}

fn filter(chosen: Option<JobChip>) -> Markup {
    html! {
        form class="actions" method="get" action=(paths::JOBS) {
            label class="visually-hidden" for="f-state" { "State" }
            select class="input" id="f-state" name="state" {
                option value="" selected[chosen.is_none()] { "All" }
                @for state in JobChip::ALL {
                    option value=(state.word()) selected[chosen == Some(state)] { (state.title()) }
                }
            }
            button class="btn btn-small" type="submit" { "Show" }
        }
    }
}

fn table(shell: &Shell, view: &JobsPage<'_>) -> Markup {
    let reader = &shell.reader;
    html! {
        table class="table" {
            caption class="visually-hidden" { "Jobs" }
            thead {
                tr {
                    th scope="col" { "Job" } th scope="col" { "State" } th scope="col" class="p2" { "Last" }
                    th scope="col" class="num p3" { "Slices" } th scope="col" class="num p3" { "Tries" }
                    th scope="col" { span class="visually-hidden" { "Change it" } }
                }
            }
            tbody {
                @for job in view.jobs {
                    tr {
                        th scope="row" {
                            span class="primary" { (job.title) }
                            span class="sub" { (job.plugin) ", asked for " (when(job.asked_at, reader)) }
                        }
                        td {
                            span class=(job.state.class()) { (job.state.title()) }
                            @if job.paused { span class="sub" { "its plugin is off" } }
                            @else if let Some(at) = job.run_after { span class="sub" { "from " (when(at, reader)) } }
                        }
                        td class="p2" {
                            @match &job.error {
                                Some(error) => { span class="sub" { (error) } },
                                None => span class="muted" { (when(job.changed_at, reader)) },
                            }
                        }
                        td class="num p3" { (job.slices) }
                        td class="num p3" { (job.attempts) }
                        td class="fit" { (act(job)) }
                    }
                }
            }
        }
        @if let Some(next) = view.next {
            nav class="pager" aria-label="Pages" { span class="end" { a class="btn btn-small" href=(next) rel="next" { "Earlier" } } }
        }
    }
}

fn act(job: &JobRow) -> Markup {
    let (act, title) = match job.state {
        JobChip::Waiting | JobChip::Running => ("cancel", "Cancel"),
        JobChip::Failed | JobChip::Cancelled => ("retry", "Try again"),
        JobChip::Done => return html! {},
    };
    html! {
        form method="post" action=(paths::job_act(&job.id, act)) {
            button class="btn btn-small" type="submit" aria-label={ (title) ": " (job.title) } { (title) }
        }
    }
}

fn times(shell: &Shell, rows: &[TimeRow]) -> Markup {
    let reader = &shell.reader;
    html! {
        section aria-labelledby="h-times" {
            div class="row-head" { h2 id="h-times" { "By themselves" } span class="faint hide-phone" { "in the organization's time zone" } }
            table class="table" {
                caption class="visually-hidden" { "Times of jobs" }
                thead {
                    tr {
                        th scope="col" { "Job" } th scope="col" { "Next" } th scope="col" class="p2" { "When" }
                        th scope="col" class="p3" { "Last" }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { span class="primary" { (row.title) } span class="sub" { (row.plugin) } }
                            td { (when(row.next_at, reader)) }
                            td class="p2" { span class="code" { (row.schedule) } span class="sub" { (row.time_zone) } }
                            td class="p3 muted" { @if let Some(at) = row.last_at { (when(at, reader)) } @else { "not yet" } }
                        }
                    }
                }
            }
        }
    }
}

fn told(rows: &[SubscriberRow]) -> Markup {
    html! {
        section aria-labelledby="h-told" {
            div class="row-head" { h2 id="h-told" { "Told of changes" } }
            table class="table" {
                caption class="visually-hidden" { "Plugins that are told of changes" }
                thead { tr { th scope="col" { "Plugin" } th scope="col" { "State" } th scope="col" class="p2" { "Last fault" } } }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { span class="primary" { (row.plugin) } }
                            td {
                                @match (row.parked_at, &row.error) {
                                    (Some(_), _) => span class="tag tag-bad" { "Parked" },
                                    (None, Some(_)) => span class="tag tag-warn" { "Failing" },
                                    (None, None) => span class="tag tag-good" { "Active" },
                                }
                            }
                            td class="p2 muted" { @if let Some(error) = &row.error { (error) } }
                        }
                    }
                }
            }
        }
    }
}

fn parked(shell: &Shell, row: &SubscriberRow) -> Markup {
    html! {
        div class="band" {
            div class="note note-bad" role="status" {
                (icon("alert"))
                div {
                    p {
                        (row.plugin) " is told of no more changes since " @if let Some(at) = row.parked_at { (when(at, &shell.reader)) }
                        ": " (row.error.as_deref().unwrap_or("it failed too often")) " What changed since waits for it."
                    }
                    form class="mt-2" method="post" action=(paths::subscriber_resume(&row.id)) {
                        button class="btn btn-small" type="submit" { (icon("play")) "Resume" }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    const AT: Micros = 1_795_000_000_000_000;

    fn job(state: JobChip) -> JobRow {
        JobRow {
            id: "018f".into(),
            title: "Count <up>".into(),
            plugin: "Clockwork".into(),
            state,
            paused: false,
            slices: 3,
            attempts: 0,
            run_after: None,
            error: None,
            asked_at: AT,
            changed_at: AT,
        }
    }

    fn page(jobs: &[JobRow], subscribers: &[SubscriberRow]) -> String {
        let view = JobsPage { jobs, state: None, next: None, times: &[], subscribers, fault: None };
        super::jobs(&shell(), &view).into_string()
    }

    #[test]
    fn what_waits_is_cancelled_what_ended_badly_tried_again_and_what_is_done_left_alone() {
        for (state, act) in [
            (JobChip::Waiting, Some("cancel")),
            (JobChip::Running, Some("cancel")),
            (JobChip::Failed, Some("retry")),
            (JobChip::Cancelled, Some("retry")),
            (JobChip::Done, None),
        ] {
            let html = page(&[job(state)], &[]);
            assert!(html.contains("Count &lt;up&gt;"));
            assert_eq!(html.matches("/admin/jobs/018f/").count(), usize::from(act.is_some()));
            assert!(act.is_none_or(|act| html.contains(&format!("/admin/jobs/018f/{act}"))));
        }
    }

    #[test]
    fn a_plugin_that_is_parked_is_told_above_with_what_resumes_it() {
        let row = SubscriberRow {
            id: "clockwork".into(),
            plugin: "Clockwork".into(),
            parked_at: Some(AT),
            error: Some("It broke.".into()),
        };
        let html = page(&[], std::slice::from_ref(&row));
        assert!(html.contains("/admin/jobs/subscribers/clockwork/resume") && html.contains("No job waits"));
        let html = page(&[], &[SubscriberRow { parked_at: None, ..row }]);
        assert!(!html.contains("resume") && html.contains("Failing"));
    }
}
