//! What plugins do without a caller: jobs, their times, and who is told of changes.

use super::house::Visit;
use crate::app::App;
use crate::problem::Problem;
use crate::rest::host::From;
use axum::Router;
use axum::extract::{Path, Query};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::humanize;
use lignaflow_core::name::{LocalName, PluginId};
use lignaflow_core::{Fault, Id};
use lignaflow_store::jobs::{Job, State, Which};
use lignaflow_store::schedules::Scheduled;
use lignaflow_store::subscribers::Subscriber;
use lignaflow_web::admin::{JobChip, JobRow, JobsPage, SubscriberRow, TimeRow, jobs as draw};
use lignaflow_web::paths;
use std::collections::HashMap;
use std::sync::Arc;

/// Jobs of one page.
const SHOWN: usize = 50;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(paths::JOBS, get(list))
        .route("/admin/jobs/{id}/{act}", post(act))
        .route("/admin/jobs/subscribers/{plugin}/resume", post(resume))
}

async fn list(visit: Visit, Query(query): Query<HashMap<String, String>>) -> Response {
    let state = query.get("state").and_then(|word| JobChip::ALL.into_iter().find(|state| state.word() == word));
    let before = query.get("after").and_then(|text| text.parse().ok());
    page(&visit, state, before, None).await
}

async fn page(visit: &Visit, state: Option<JobChip>, before: Option<Id>, fault: Option<&Fault>) -> Response {
    let now = visit.app.clock.now();
    let which = Which { before, state: state.map(kept), running: running(state, now), ..Which::default() };
    let found = async {
        let jobs = &visit.app.jobs;
        let limit = u32::try_from(SHOWN + 1).unwrap_or(u32::MAX);
        let all = jobs.all(&visit.signed, &which, limit).await?;
        Ok::<_, Fault>((all, jobs.schedules(&visit.signed).await?, jobs.subscribers(&visit.signed).await?))
    };
    let (mut all, times, subscribers) = match found.await {
        Ok(found) => found,
        Err(fault) => return visit.fault(&fault),
    };
    let more = all.len() > SHOWN;
    all.truncate(SHOWN);
    let word = state.map_or("", JobChip::word);
    let next = all.last().filter(|_| more).map(|last| format!("{}?state={word}&after={}", paths::JOBS, last.id));
    let jobs: Vec<_> = all.into_iter().map(|job| row(visit, job, now)).collect();
    let times: Vec<_> = times.into_iter().map(|time| time_row(visit, time)).collect();
    let subscribers: Vec<_> = subscribers.into_iter().map(|it| subscriber_row(visit, it)).collect();
    let view = JobsPage {
        jobs: &jobs,
        state,
        next: next.as_deref(),
        times: &times,
        subscribers: &subscribers,
        fault: fault.map(|fault| fault.message.as_str()),
    };
    let status = fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    visit.page_with(status, draw(&visit.shell(), &view))
}

const fn kept(state: JobChip) -> State {
    match state {
        JobChip::Waiting | JobChip::Running => State::Waiting,
        JobChip::Done => State::Done,
        JobChip::Failed => State::Failed,
        JobChip::Cancelled => State::Cancelled,
    }
}

fn running(state: Option<JobChip>, now: Micros) -> Option<(bool, Micros)> {
    match state? {
        JobChip::Running => Some((true, now)),
        JobChip::Waiting => Some((false, now)),
        _ => None,
    }
}

fn plugin_title(visit: &Visit, plugin: &PluginId) -> String {
    visit.snapshot.plugin(plugin).map_or_else(|| plugin.to_string(), |plugin| plugin.descriptor().title.clone())
}

fn job_title(visit: &Visit, plugin: &PluginId, name: &LocalName) -> String {
    let declared = visit.snapshot.plugin(plugin).and_then(|plugin| plugin.descriptor().job(name.as_str()));
    declared.map_or_else(|| humanize(name.as_str()), lignaflow_core::descriptor::Job::title)
}

fn row(visit: &Visit, job: Job, now: Micros) -> JobRow {
    let waits = job.state == State::Waiting;
    let state = match job.state {
        State::Waiting if job.held_until > now => JobChip::Running,
        State::Waiting => JobChip::Waiting,
        State::Done => JobChip::Done,
        State::Failed => JobChip::Failed,
        State::Cancelled => JobChip::Cancelled,
    };
    JobRow {
        id: job.id.to_string(),
        title: job_title(visit, &job.plugin, &job.name),
        plugin: plugin_title(visit, &job.plugin),
        state,
        paused: waits && !visit.snapshot.is_enabled(job.organization, &job.plugin),
        slices: job.slices,
        attempts: job.attempts,
        run_after: (state == JobChip::Waiting).then_some(job.run_after),
        error: job.error,
        asked_at: job.asked_at,
        changed_at: job.changed_at,
    }
}

fn time_row(visit: &Visit, time: Scheduled) -> TimeRow {
    TimeRow {
        title: job_title(visit, &time.plugin, &time.name),
        plugin: plugin_title(visit, &time.plugin),
        schedule: time.schedule,
        time_zone: time.time_zone,
        next_at: time.next_at,
        last_at: time.last_at,
    }
}

fn subscriber_row(visit: &Visit, subscriber: Subscriber) -> SubscriberRow {
    SubscriberRow {
        id: subscriber.plugin.to_string(),
        plugin: plugin_title(visit, &subscriber.plugin),
        parked_at: subscriber.parked_at,
        error: subscriber.error,
    }
}

async fn act(visit: Visit, From(client): From, Path((id, act)): Path<(String, String)>) -> Response {
    let Ok(id) = id.parse::<Id>() else { return visit.not_found() };
    let jobs = &visit.app.jobs;
    let done = match act.as_str() {
        "retry" => jobs.retry(&visit.signed, &client, id).await.map(|_| "It is tried again."),
        "cancel" => jobs.cancel(&visit.signed, &client, id).await.map(|_| "Cancelled. What is done stays done."),
        _ => return visit.not_found(),
    };
    match done {
        Ok(text) => visit.go(paths::JOBS, text),
        Err(fault) => page(&visit, None, None, Some(&fault)).await,
    }
}

async fn resume(visit: Visit, From(client): From, Path(plugin): Path<String>) -> Response {
    let Ok(plugin) = plugin.parse::<PluginId>() else { return visit.not_found() };
    match visit.app.jobs.resume(&visit.signed, &client, &plugin).await {
        Ok(_) => visit.go(paths::JOBS, "It is told of changes again."),
        Err(fault) => page(&visit, None, None, Some(&fault)).await,
    }
}
