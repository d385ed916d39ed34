//! The organization's jobs, when they are done by themselves, and which plugins are told of changes.

use super::From;
use super::account::of_path;
use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use crate::rest::query::{DEFAULT_LIMIT, MAX_LIMIT};
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use lignaflow_core::clock::Micros;
use lignaflow_core::name::{LocalName, PluginId};
use lignaflow_core::record::escape;
use lignaflow_core::value::instant_text;
use lignaflow_core::{Fault, Issue};
use lignaflow_store::jobs::{Job as Row, State as JobState, Which};
use lignaflow_store::schedules::Scheduled;
use lignaflow_store::subscribers::Subscriber as SubscriberRow;
use serde::Serialize;
use std::fmt::Write as _;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Jobs {
    /// Those asked for last first. What ended is forgotten after a while, 30 days where nobody says otherwise.
    pub data: Vec<Job>,
    /// The address of the next page.
    pub next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Job {
    #[schema(format = Uuid)]
    pub id: String,
    pub plugin: String,
    /// As the plugin's descriptor declares it.
    pub name: String,
    /// `waiting`, `running`, `done`, `failed` or `cancelled`.
    pub state: &'static str,
    /// What it was asked for with.
    pub payload: serde_json::Value,
    /// While one of this key waits, another is that one.
    pub deduplicate: Option<String>,
    /// Slices that are done.
    pub slices: i64,
    /// Tries of the slice at hand.
    pub attempts: i64,
    /// While it waits: not before when it goes on.
    pub run_after: Option<String>,
    /// Why the last try failed.
    pub error: Option<String>,
    pub asked_at: String,
    pub changed_at: String,
}

fn state(row: &Row, now: Micros) -> &'static str {
    if row.state == JobState::Waiting && row.held_until > now { "running" } else { row.state.as_str() }
}

fn shown(row: Row, now: Micros) -> Job {
    Job {
        state: state(&row, now),
        run_after: (row.state == JobState::Waiting).then(|| instant_text(row.run_after)),
        id: row.id.to_string(),
        plugin: row.plugin.to_string(),
        name: row.name.to_string(),
        payload: serde_json::from_str(&row.payload).unwrap_or_default(),
        deduplicate: row.deduplicate,
        slices: row.slices,
        attempts: row.attempts,
        error: row.error,
        asked_at: instant_text(row.asked_at),
        changed_at: instant_text(row.changed_at),
    }
}

/// The organization's jobs
#[utoipa::path(
    get, path = "/jobs", tag = "host", operation_id = "host_list_jobs",
    params(
        ("plugin" = Option<String>, Query, description = "Those of this plugin."),
        ("name" = Option<String>, Query, description = "Those of this name."),
        ("state" = Option<String>, Query, description = "`waiting`, `running`, `done`, `failed` or `cancelled`."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200, description = "50 where left out."),
        ("after" = Option<String>, Query, description = "From `next`."),
    ),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "Those asked for last first.", body = Jobs))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    signed: Signed,
    RawQuery(raw): RawQuery,
) -> Result<Json<Jobs>, Problem> {
    let now = app.clock.now();
    let mut which = Which::default();
    let mut limit = DEFAULT_LIMIT;
    let mut again = String::new();
    let mut issues = Vec::new();
    for (name, text) in form_urlencoded::parse(raw.as_deref().unwrap_or_default().as_bytes()) {
        let mut fault = |code: &str, message: String| {
            issues.push(Issue::new(format!("/{}", escape(&name)), code, message));
        };
        match &*name {
            "plugin" => match text.parse::<PluginId>() {
                Ok(plugin) => which.plugin = Some(plugin),
                Err(error) => fault("name", format!("{error}.")),
            },
            "name" => match text.parse::<LocalName>() {
                Ok(job) => which.name = Some(job),
                Err(error) => fault("name", format!("{error}.")),
            },
            "state" => match (&*text, JobState::ALL.into_iter().find(|state| state.as_str() == text)) {
                ("running", _) => (which.state, which.running) = (Some(JobState::Waiting), Some((true, now))),
                (_, Some(JobState::Waiting)) => {
                    (which.state, which.running) = (Some(JobState::Waiting), Some((false, now)));
                }
                (_, Some(state)) => which.state = Some(state),
                _ => fault("choice", "A state is waiting, running, done, failed or cancelled.".to_owned()),
            },
            "limit" => match text.parse() {
                Ok(number) if (1..=MAX_LIMIT).contains(&number) => limit = number,
                _ => fault("limit", format!("A limit is 1 to {MAX_LIMIT}, not `{text}`.")),
            },
            "after" => match text.parse() {
                Ok(id) => which.before = Some(id),
                Err(_) => fault("cursor", "Give back what an answer said in `next`.".to_owned()),
            },
            other => fault(
                "unknown-parameter",
                format!("There is no parameter `{other}`; there are plugin, name, state, limit and after."),
            ),
        }
        if matches!(&*name, "plugin" | "name" | "state") {
            let _ = write!(again, "{name}={text}&");
        }
    }
    if !issues.is_empty() {
        return Err(Fault::invalid(issues).into());
    }
    let mut rows = app.jobs.all(&signed, &which, u32::from(limit) + 1).await?;
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows.last().filter(|_| more).map(|last| format!("/api/v1/jobs?{again}limit={limit}&after={}", last.id));
    Ok(Json(Jobs { data: rows.into_iter().map(|row| shown(row, now)).collect(), next }))
}

/// Read a job
#[utoipa::path(
    get, path = "/jobs/{id}", tag = "host", operation_id = "host_get_job",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The job.", body = Job))
)]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Json<Job>, Problem> {
    let row = app.jobs.one(&signed, of_path(&id, "job")?).await?;
    Ok(Json(shown(row, app.clock.now())))
}

/// Try a job again
///
/// One that failed or was cancelled goes on with the slice at which it stopped.
#[utoipa::path(
    post, path = "/jobs/{id}/retry", tag = "host", operation_id = "host_retry_job",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The job as it is now.", body = Job))
)]
pub(super) async fn retry(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<Json<Job>, Problem> {
    let row = app.jobs.retry(&signed, &client, of_path(&id, "job")?).await?;
    Ok(Json(shown(row, app.clock.now())))
}

/// Cancel a job
///
/// Slices that are done stay done. Nothing is kept of one that is being done.
#[utoipa::path(
    post, path = "/jobs/{id}/cancel", tag = "host", operation_id = "host_cancel_job",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The job as it is now.", body = Job))
)]
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<Json<Job>, Problem> {
    let row = app.jobs.cancel(&signed, &client, of_path(&id, "job")?).await?;
    Ok(Json(shown(row, app.clock.now())))
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Schedules {
    pub data: Vec<ScheduledJob>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduledJob {
    pub plugin: String,
    pub name: String,
    /// Minute, hour, day of the month, month, day of the week.
    #[schema(example = "0 16 * * 5")]
    pub schedule: String,
    #[schema(example = "Australia/Sydney")]
    pub time_zone: String,
    pub next_at: String,
    pub last_at: Option<String>,
}

fn scheduled(row: Scheduled) -> ScheduledJob {
    ScheduledJob {
        plugin: row.plugin.to_string(),
        name: row.name.to_string(),
        schedule: row.schedule,
        time_zone: row.time_zone,
        next_at: instant_text(row.next_at),
        last_at: row.last_at.map(instant_text),
    }
}

/// When jobs are done by themselves
#[utoipa::path(
    get, path = "/jobs/schedules", tag = "host", operation_id = "host_list_schedules",
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The next one first.", body = Schedules))
)]
pub(super) async fn schedules(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Schedules>, Problem> {
    let rows = app.jobs.schedules(&signed).await?;
    Ok(Json(Schedules { data: rows.into_iter().map(scheduled).collect() }))
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Subscribers {
    pub data: Vec<Subscriber>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Subscriber {
    pub plugin: String,
    /// `active`, `failing` where the last try failed, or `parked` where it is told nothing until it is resumed.
    pub state: &'static str,
    /// Tries in a row that failed.
    pub failures: i64,
    /// Why the last one did.
    pub error: Option<String>,
    pub parked_at: Option<String>,
    pub changed_at: String,
}

fn told(row: SubscriberRow) -> Subscriber {
    Subscriber {
        plugin: row.plugin.to_string(),
        state: match (row.parked_at, &row.error) {
            (Some(_), _) => "parked",
            (None, Some(_)) => "failing",
            (None, None) => "active",
        },
        failures: row.failures,
        error: row.error,
        parked_at: row.parked_at.map(instant_text),
        changed_at: instant_text(row.changed_at),
    }
}

/// The plugins that are told of changes
#[utoipa::path(
    get, path = "/jobs/subscribers", tag = "host", operation_id = "host_list_subscribers",
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "By plugin.", body = Subscribers))
)]
pub(super) async fn subscribers(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Subscribers>, Problem> {
    let rows = app.jobs.subscribers(&signed).await?;
    Ok(Json(Subscribers { data: rows.into_iter().map(told).collect() }))
}

/// Have a plugin told of changes again
///
/// It goes on with the change at which it was parked.
#[utoipa::path(
    post, path = "/jobs/subscribers/{plugin}/resume", tag = "host", operation_id = "host_resume_subscriber",
    params(("plugin" = String, Path)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "How it is told now.", body = Subscriber))
)]
pub(super) async fn resume(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(plugin): Path<String>,
) -> Result<Json<Subscriber>, Problem> {
    let plugin = plugin.parse::<PluginId>().map_err(|_| Fault::not_found(format_args!("plugin `{plugin}`")))?;
    Ok(Json(told(app.jobs.resume(&signed, &client, &plugin).await?)))
}
