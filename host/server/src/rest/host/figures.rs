//! `/api/v1/plugins/{id}/figures`: what a plugin used, by the hour and version.

use super::plugins::{id_of, may_install};
use crate::app::App;
use crate::auth::Signed;
use crate::plugins::figures::DAYS;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, Query, State};
use lignaflow_core::Fault;
use lignaflow_core::value::instant_text;
use lignaflow_runtime::{HOUR, UsedBy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    /// How many days back, 1 where it is left out and at most 31.
    #[serde(default)]
    #[param(minimum = 1, maximum = 31, example = 1)]
    pub days: Option<u32>,
    /// Of this version alone.
    #[serde(default)]
    pub version: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PluginFigures {
    /// By hour and version, the last ones last; hours in which nothing was are left out.
    pub data: Vec<PluginHour>,
}

/// What a version of a plugin used in an hour, on all hosts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PluginHour {
    /// When the hour began.
    pub since: String,
    pub version: String,
    pub calls: u64,
    /// Calls that ended in a fault of the plugin.
    pub faults: u64,
    /// How many calls ended how: `answered`, `refused`, `trapped`, `cpu`, `timed-out`, `out-of-memory`, `exhausted`,
    /// `bad-answer`, `busy`, `not-granted`, `set-aside`, `no-code`; those alone that there were.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Milliseconds that half, 95 and 99 of a hundred calls were done within.
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// Milliseconds of computing.
    pub cpu_ms: u64,
    /// The most instances that there were at a time on one host.
    pub instances: u64,
    /// The most memory that one call had, in bytes.
    pub memory_bytes: u64,
    /// Rows and bytes handed to it.
    pub rows: u64,
    pub bytes: u64,
    /// What it wanted and was not granted.
    pub denied: u64,
}

impl std::convert::From<UsedBy> for PluginHour {
    fn from(by: UsedBy) -> Self {
        let UsedBy { version, used, .. } = by;
        let within = |hundredths| used.within(hundredths).map(|took| took.as_secs_f64() * 1e3);
        Self {
            since: instant_text(used.since),
            version,
            calls: used.calls(),
            faults: used.faults(),
            outcomes: used.outcomes().collect(),
            p50_ms: within(50),
            p95_ms: within(95),
            p99_ms: within(99),
            cpu_ms: used.cpu / 1_000,
            instances: used.instances,
            memory_bytes: used.memory,
            rows: used.rows,
            bytes: used.bytes,
            denied: used.denied,
        }
    }
}

/// What a plugin used
///
/// By the hour and version, on all hosts together; of other hosts than the one that answers the last minute may be
/// missing. It is kept for 31 days, over starts and versions.
#[utoipa::path(
    get, path = "/plugins/{id}/figures", tag = "host", operation_id = "host_plugin_figures",
    params(("id" = String, Path), Span),
    extensions(("x-permission" = json!("instance.plugins"))),
    responses((status = 200, description = "By hour and version.", body = PluginFigures))
)]
pub(super) async fn figures(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
    Query(span): Query<Span>,
) -> Result<Json<PluginFigures>, Problem> {
    may_install(&signed)?;
    let plugin = super::grants::installed(&app, &id_of(&id)?).await?;
    let days = i64::from(span.days.unwrap_or(1));
    if !(1..=DAYS).contains(&days) {
        return Err(Fault::at("/days", "out-of-range", format!("Figures are kept for 1 to {DAYS} days.")).into());
    }
    let now = app.clock.now();
    let used = app.plugins.used(Some(&plugin.id), now - now.rem_euclid(HOUR) - (days * 24 - 1) * HOUR).await?;
    let of_version = used.into_iter().filter(|by| span.version.as_ref().is_none_or(|version| *version == by.version));
    Ok(Json(PluginFigures { data: of_version.map(PluginHour::from).collect() }))
}
