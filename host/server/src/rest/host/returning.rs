//! `/api/v1/plugins/{id}/versions` and `…/rollback`: the versions of a plugin that are kept, and the way back to one.

use super::plan::PluginPlan;
use super::plugins::{id_of, may_install, may_install_now};
use super::{From, by};
use crate::app::App;
use crate::auth::Signed;
use crate::plugins::Wanted;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, Query, State};
use lignaflow_core::value::instant_text;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PluginVersions {
    /// The latest installed first.
    pub data: Vec<PluginVersion>,
}

/// A version whose file is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PluginVersion {
    pub version: String,
    /// The SHA-256 of its file.
    pub digest: String,
    pub installed_at: String,
    pub in_use: bool,
    /// What was consented to when it was last in use, as sentences.
    pub grants: Vec<String>,
}

/// The versions of a plugin that are kept
///
/// The last eight that were installed, the one in use among them.
#[utoipa::path(
    get, path = "/plugins/{id}/versions", tag = "host", operation_id = "host_plugin_versions",
    params(("id" = String, Path)),
    extensions(("x-permission" = json!("instance.plugins"))),
    responses((status = 200, description = "The latest installed first.", body = PluginVersions))
)]
pub(super) async fn versions(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Json<PluginVersions>, Problem> {
    may_install(&signed)?;
    let kept = app.plugins.versions(&id_of(&id)?).await?;
    let one = |kept: lignaflow_store::plugins::Version| PluginVersion {
        digest: hex::encode(kept.hash),
        installed_at: instant_text(kept.installed_at),
        in_use: kept.in_use,
        grants: kept.granted.sentences(),
        version: kept.version,
    };
    Ok(Json(PluginVersions { data: kept.into_iter().map(one).collect() }))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct GoingBack {
    /// Its version, its digest or the beginning of that; the version before the one in use where it is left out.
    #[serde(default)]
    #[param(example = "0.1.0")]
    pub to: Option<String>,
    /// What is granted, comma-separated, as at an installation. Left out, it is what was consented to when it was last in
    /// use, except for what was taken back since.
    #[serde(default)]
    #[param(example = "all")]
    pub grant: Option<String>,
    /// Tells what would be done, and does nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// Go back to a version of a plugin that is kept
///
/// Its file is in use from then on, and calls under way end on the one that they began with. With `dry_run` it is told
/// what would be done. It is refused with 409 where the tables cannot follow without losing something, where the records
/// were carried over by a later version's code, and where other plugins need what it does not have.
#[utoipa::path(
    post, path = "/plugins/{id}/rollback", tag = "host", operation_id = "host_roll_back_plugin",
    params(("id" = String, Path), GoingBack),
    extensions(("x-permission" = json!("instance.plugins"))),
    responses((status = 200, description = "What was done. With `dry_run`: what would be.", body = PluginPlan))
)]
pub(super) async fn roll_back(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
    Query(asked): Query<GoingBack>,
) -> Result<Json<PluginPlan>, Problem> {
    may_install(&signed)?;
    let plugin = id_of(&id)?;
    let each = |grant: &str| grant.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>();
    let named = asked.grant.as_deref().map(each);
    let wanted = Wanted { to: asked.to.as_deref(), grants: named.as_deref() };
    let outlook = if asked.dry_run {
        app.plugins.way_back(&plugin, wanted).await?.outlook
    } else {
        may_install_now(&signed)?;
        app.plugins.go_back(&plugin, wanted, by(&signed, &client)).await?
    };
    Ok(Json(outlook.into()))
}
