//! How far a version is that carries records over before it is in use.

use super::plugins::{id_of, may_install};
use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use lignaflow_core::Fault;
use lignaflow_core::value::instant_text;
use lignaflow_store::plugins::DataMigration;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The latest migration of a plugin.
#[derive(Debug, Serialize, ToSchema)]
pub struct PluginMigration {
    pub id: String,
    pub from_version: String,
    pub to_version: String,
    /// `copying`: the version before serves. `sweeping`: the next one serves, and what came in last follows. `done`, or
    /// `failed`: the version before stays in use.
    pub phase: &'static str,
    /// Why it failed; of one that is done, what could not be carried over at its end.
    pub fault: Option<String>,
    pub started_at: String,
    pub ended_at: Option<String>,
    /// Records that there were at the beginning, of all organizations.
    pub expected: u64,
    /// Records that were handed over: one that was changed meanwhile counts again.
    pub records: u64,
    /// Changes that came of them.
    pub writes: u64,
    pub organizations: u64,
    /// Organizations of which every record was handed over once.
    pub through: u64,
}

impl From<DataMigration> for PluginMigration {
    fn from(migration: DataMigration) -> Self {
        Self {
            id: migration.plugin.to_string(),
            from_version: migration.from_version,
            to_version: migration.version,
            phase: migration.phase.as_str(),
            fault: migration.fault,
            started_at: instant_text(migration.started_at),
            ended_at: migration.ended_at.map(instant_text),
            expected: migration.expected,
            records: migration.records,
            writes: migration.writes,
            organizations: migration.organizations,
            through: migration.through,
        }
    }
}

/// How far a plugin's next version is with carrying records over
///
/// The latest one, also when it has ended.
#[utoipa::path(
    get, path = "/plugins/{id}/migration", tag = "host", operation_id = "host_plugin_migration",
    params(("id" = String, Path)),
    extensions(("x-permission" = json!("instance.plugins"))),
    responses((status = 200, description = "Where it stands.", body = PluginMigration))
)]
pub async fn latest(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Json<PluginMigration>, Problem> {
    may_install(&signed)?;
    let migration = app.plugins.migration(&id_of(&id)?).await?;
    let migration = migration.ok_or_else(|| Fault::not_found(format_args!("migration of the plugin `{id}`")))?;
    Ok(Json(migration.into()))
}
