//! What plugins sent to hosts outside.

use super::parameters::Parameters;
use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{RawQuery, State};
use lignaflow_core::value::instant_text;
use lignaflow_store::outbound::{Departure as Row, Which};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Departures {
    /// The last first.
    pub data: Vec<Departure>,
    /// The address of the next page.
    pub next: Option<String>,
}

/// A request of a plugin to a host outside. What was said is not kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Departure {
    #[schema(format = Uuid)]
    pub id: String,
    pub at: String,
    pub plugin: String,
    /// The job that sent it.
    pub job: String,
    pub method: String,
    /// With its port, where that is not 443.
    pub host: String,
    /// Without a query.
    pub path: String,
    pub bytes_out: i64,
    /// Of the answer; null where there was none.
    pub status: Option<u16>,
    /// Null while it is under way, and where the host that sent it ended meanwhile.
    pub bytes_in: Option<i64>,
    pub took_ms: Option<i64>,
    /// Why there was no answer.
    pub error: Option<String>,
}

fn shown(row: Row) -> Departure {
    let (status, error) = row.ended.as_ref().map_or((None, None), |ended| (ended.status, ended.error.clone()));
    Departure {
        id: row.id.to_string(),
        at: instant_text(row.at),
        plugin: row.plugin.to_string(),
        job: row.job,
        method: row.method,
        host: row.host,
        path: row.path,
        bytes_out: row.bytes_out,
        status,
        bytes_in: row.ended.as_ref().map(|ended| ended.bytes_in),
        took_ms: row.ended.as_ref().map(|ended| ended.took_ms),
        error,
    }
}

/// What plugins sent to hosts outside
///
/// Every request that a job of a plugin made for this organization: where it went, when, and how it ended.
#[utoipa::path(
    get, path = "/outbound", tag = "host", operation_id = "host_list_outbound",
    params(
        ("plugin" = Option<String>, Query, description = "Those of this plugin."),
        ("host" = Option<String>, Query, description = "Those to this host."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200, description = "50 where left out."),
        ("after" = Option<String>, Query, description = "From `next`."),
    ),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The last first.", body = Departures))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    signed: Signed,
    RawQuery(raw): RawQuery,
) -> Result<Json<Departures>, Problem> {
    let mut read = Parameters::read(raw.as_deref(), &["plugin", "host"]);
    let plugin = read.parsed("plugin", "plugin");
    let host = read.parsed::<lignaflow_core::outbound::Host>("host", "host").map(|host| host.to_string());
    let read = read.checked()?;
    let which = Which { plugin, host, before: read.before };
    let mut rows = app.departures.all(&signed, &which, read.rows()).await?;
    let next = read.next("outbound", &mut rows, |row| row.id);
    Ok(Json(Departures { data: rows.into_iter().map(shown).collect(), next }))
}
