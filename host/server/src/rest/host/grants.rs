//! `/api/v1/plugins/{id}/grants`: what a plugin may do once it is installed; and whether it runs at all.

use super::account::Body;
use super::plan::AskedRight;
use super::plugins::{id_of, may_install_now, may_see};
use super::{From, by};
use crate::app::App;
use crate::auth::Signed;
use crate::plugins::{Asked, tag};
use crate::problem::{Problem, ProblemBody};
use crate::rest::etag;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};
use lignaflow_core::Fault;
use lignaflow_core::allowance::PluginBounds;
use lignaflow_core::descriptor::parse;
use lignaflow_core::name::PluginId;
use lignaflow_identity::Client;
use lignaflow_store::plugins::Installed;
use lignaflow_web::admin::asks;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// What a plugin asks for, and what of it is granted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GrantsOfPlugin {
    /// Each right that it asks for.
    pub data: Vec<AskedRight>,
    /// What is set for its calls apart from what is usual, as `/plugins/{id}/bounds` tells in full.
    #[schema(value_type = super::bounds::SetBounds)]
    pub bounds: PluginBounds,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantsBody {
    /// Every right that it is to have, by its key; those that are left out are taken back.
    #[schema(example = json!([]))]
    pub grant: Vec<String>,
    /// What its calls may use; left out, that stays as it is.
    #[serde(default)]
    #[schema(value_type = Option<super::bounds::SetBounds>)]
    pub bounds: Option<PluginBounds>,
}

pub(super) async fn installed(app: &App, id: &PluginId) -> Result<Installed, Fault> {
    let found = app.plugins.installed().await?.into_iter().find(|plugin| plugin.id == *id);
    found.ok_or_else(|| Fault::not_found(format_args!("plugin `{id}`")))
}

async fn answer(app: &App, id: &PluginId) -> Result<Response, Fault> {
    let installed = installed(app, id).await?;
    let descriptor = parse(&installed.descriptor).map_err(|_| Fault::internal())?;
    let each = asks(&descriptor.grants, &installed.granted).into_iter();
    let data = each.map(|ask| AskedRight { key: ask.key, sentence: ask.sentence, granted: ask.granted }).collect();
    let etag = [(header::ETAG, etag::of(tag(&installed)))];
    Ok((etag, Json(GrantsOfPlugin { data, bounds: installed.granted.bounds })).into_response())
}

/// What a plugin may do
///
/// The `ETag` is of its rights and of what its calls may use together.
#[utoipa::path(
    get, path = "/plugins/{id}/grants", tag = "host", operation_id = "host_plugin_grants",
    params(("id" = String, Path)),
    extensions(("x-permission" = json!("plugins.switch"))),
    responses((status = 200, description = "Each right that it asks for.", body = GrantsOfPlugin))
)]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    may_see(&signed)?;
    Ok(answer(&app, &id_of(&id)?).await?)
}

/// Change what a plugin may do
///
/// These rights and no others from then on; one that is taken back is refused at the plugin's next call of the host. Where
/// it is granted more than an organization consented to, it stands still there until an owner does.
#[utoipa::path(
    put, path = "/plugins/{id}/grants", tag = "host", operation_id = "host_grant_plugin",
    params(("id" = String, Path), ("If-Match" = String, Header, description = "The ETag, or `*`.")),
    request_body = GrantsBody,
    extensions(("x-permission" = json!("instance.plugins"))),
    responses(
        (status = 200, description = "As they are now.", body = GrantsOfPlugin),
        (status = 412, description = "Changed since they were read.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is required.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn put(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(body): Body<GrantsBody>,
) -> Result<Response, Problem> {
    may_install_now(&signed)?;
    let id = id_of(&id)?;
    let seen = etag::expected(&headers)?;
    let asked = Asked { rights: Some(body.grant), bounds: body.bounds };
    app.plugins.grant(&id, &asked, seen, by(&signed, &client)).await.map_err(|mut fault| {
        for issue in &mut fault.issues {
            if !issue.path.starts_with("/grant") {
                issue.path = format!("/bounds{}", issue.path);
            }
        }
        fault
    })?;
    Ok(answer(&app, &id).await?)
}

/// Have a plugin run
///
/// For every organization that has it on. Refused where it needs another that does not run.
#[utoipa::path(
    post, path = "/plugins/{id}/activate", tag = "host", operation_id = "host_activate_plugin",
    params(("id" = String, Path)),
    extensions(("x-permission" = json!("instance.plugins"))),
    responses((status = 204, description = "It runs."))
)]
pub(super) async fn activate(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    run(&app, &signed, &client, &id, true).await
}

/// Stop a plugin for everybody
///
/// Whatever organizations chose, which is kept: it is on there again once it runs. Refused where others need it.
#[utoipa::path(
    post, path = "/plugins/{id}/deactivate", tag = "host", operation_id = "host_deactivate_plugin",
    params(("id" = String, Path)),
    extensions(("x-permission" = json!("instance.plugins"))),
    responses((status = 204, description = "It does not run."))
)]
pub(super) async fn deactivate(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    run(&app, &signed, &client, &id, false).await
}

async fn run(app: &App, signed: &Signed, client: &Client, id: &str, runs: bool) -> Result<StatusCode, Problem> {
    may_install_now(signed)?;
    app.plugins.activate(&id_of(id)?, runs, by(signed, client)).await?;
    Ok(StatusCode::NO_CONTENT)
}
