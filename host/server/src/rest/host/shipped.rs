//! `/api/v1/plugins/shipped`: the plugins that are part of the program, installed by hand where somebody took one away or
//! has another version in use.

use super::plan::PluginPlan;
use super::plugins::{InstalledPlugin, id_of, may_consent, may_install, may_install_now};
use super::{From, by};
use crate::app::App;
use crate::auth::Signed;
use crate::plugins::InProgram;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShippedPlugins {
    /// By id.
    pub data: Vec<ShippedPlugin>,
}

/// A plugin that is part of the program.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShippedPlugin {
    pub id: String,
    pub title: String,
    pub version: String,
    /// The SHA-256 of its file.
    pub digest: String,
    /// The version in use now, where one is.
    pub installed: Option<String>,
    /// Whether it is this very file.
    pub in_use: bool,
}

impl std::convert::From<InProgram> for ShippedPlugin {
    fn from(it: InProgram) -> Self {
        Self {
            in_use: it.is_in_use(),
            digest: hex::encode(it.inspected.hash),
            installed: it.standing.map(|standing| standing.version),
            id: it.inspected.descriptor.id.to_string(),
            title: it.inspected.descriptor.title,
            version: it.inspected.descriptor.version,
        }
    }
}

/// The plugins that are part of the program
#[utoipa::path(
    get, path = "/plugins/shipped", tag = "host", operation_id = "host_list_shipped_plugins",
    extensions(("x-permission" = json!("instance.plugins"))),
    responses((status = 200, description = "By id, in use or not.", body = ShippedPlugins))
)]
pub(super) async fn list(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<ShippedPlugins>, Problem> {
    may_install(&signed)?;
    let all = app.plugins.in_program().await?;
    Ok(Json(ShippedPlugins { data: all.into_iter().map(ShippedPlugin::from).collect() }))
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InstalledPlugins {
    /// In the order in which they were installed; nothing where all of it was in use already.
    pub data: Vec<InstalledPlugin>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Whole {
    /// Switches them on for the caller's organization as well; its owners can.
    #[serde(default)]
    pub enable: bool,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct One {
    /// Installs before it what it needs of the program's others and is not there.
    #[serde(default)]
    pub with_needs: bool,
    /// Tells what would be done, and does nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Switches it on for the caller's organization as well, with what it needs; its owners can.
    #[serde(default)]
    pub enable: bool,
}

async fn install(
    app: &App,
    signed: &Signed,
    client: &lignaflow_identity::Client,
    (only, with_needs, enable): (Option<&str>, bool, bool),
) -> Result<InstalledPlugins, Problem> {
    may_install_now(signed)?;
    if enable {
        may_consent(signed)?;
    }
    let only = only.map(id_of).transpose()?;
    let arrived = app.plugins.install_in_program(only.as_ref(), with_needs, by(signed, client)).await?;
    if enable {
        let ready = arrived.iter().filter(|it| it.carries_from.is_none()).map(|it| &it.inspected.descriptor.id);
        for id in ready.chain(only.as_ref()) {
            let (organization, by) = (signed.caller.organization, by(signed, client));
            let _ = app.plugins.switch_on_with_needs(organization, id, by).await?;
        }
    }
    Ok(InstalledPlugins { data: arrived.into_iter().map(InstalledPlugin::from).collect() })
}

/// Install all that is part of the program
///
/// What is not in use of it, with all that it asks for, in the order in which one needs the other. It is of the program
/// from then on: the next one replaces it.
#[utoipa::path(
    post, path = "/plugins/shipped", tag = "host", operation_id = "host_install_shipped_plugins", params(Whole),
    extensions(("x-permission" = json!("instance.plugins"))),
    responses((status = 200, description = "What was installed.", body = InstalledPlugins))
)]
pub(super) async fn install_all(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Query(asked): Query<Whole>,
) -> Result<Json<InstalledPlugins>, Problem> {
    Box::pin(install(&app, &signed, &client, (None, true, asked.enable))).await.map(Json)
}

/// Install a plugin that is part of the program
///
/// With all that it asks for, in the place of whatever version is in use. With `dry_run` it is told what would be done.
#[utoipa::path(
    post, path = "/plugins/{id}/install", tag = "host", operation_id = "host_install_shipped_plugin",
    params(("id" = String, Path), One),
    extensions(("x-permission" = json!("instance.plugins"))),
    responses(
        (status = 200, description = "With `dry_run`: what would be done.", body = PluginPlan),
        (status = 201, description = "What was installed: it, and what it needs. Nothing where it is in use already.", body = InstalledPlugins),
    )
)]
pub(super) async fn install_one(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
    Query(asked): Query<One>,
) -> Result<Response, Problem> {
    may_install(&signed)?;
    if asked.dry_run {
        let one = app.plugins.one_in_program(&id_of(&id)?).await?;
        return Ok(Json(PluginPlan::from(app.plugins.outlook(one.inspected).await?)).into_response());
    }
    let installed = Box::pin(install(&app, &signed, &client, (Some(&id), asked.with_needs, asked.enable))).await?;
    Ok((http::StatusCode::CREATED, Json(installed)).into_response())
}
