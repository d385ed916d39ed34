//! What an installation would do; and what is kept of plugins that nothing declares, with its purge.

use super::account::Body;
use super::plugins::{id_of, is_file, may_install, may_install_now};
use super::{From, by};
use crate::app::App;
use crate::auth::Signed;
use crate::plugins::{KeptOf, Outlook, look_into};
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use lignaflow_core::Fault;
use lignaflow_core::descriptor::parse;
use lignaflow_store::KeptName;
use lignaflow_web::admin::{Ask, asks, bound_asks, changes, no_longer};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// What would come of a plugin's file.
#[derive(Debug, Serialize, ToSchema)]
pub struct PluginPlan {
    pub id: String,
    pub title: String,
    pub version: String,
    /// The SHA-256 of the file.
    pub digest: String,
    /// The version in use now.
    pub installed: Option<String>,
    /// Whether it can be installed as things stand: no conflict, nothing missing.
    pub fits: bool,
    /// The version that its code carries records over from, before it is in use.
    pub carries_from: Option<String>,
    /// How many records these are, of all organizations.
    pub to_carry: u64,
    /// Every right that it asks for.
    pub asks: Vec<AskedRight>,
    /// Rights that the version in use has, and this one does not ask for.
    pub no_longer_asks: Vec<AskedRight>,
    /// What is otherwise than in the version in use: records, routes, pages, settings, and what it does by itself. Of a
    /// plugin that is new, all of it.
    pub changes: Vec<PlanChange>,
    /// What would be done to the tables, in its order.
    pub steps: Vec<PlanStep>,
    /// What would be lost or misread, for which it is refused.
    pub conflicts: Vec<PlanConflict>,
    /// What it asks of other plugins, or they of it, and is not there.
    pub missing: Vec<String>,
    /// What else keeps it from standing beside the others: services that would call in a circle, or organizations that
    /// have it on and not what it now needs.
    pub misfit: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AskedRight {
    /// As `grant` names it.
    pub key: String,
    pub sentence: String,
    /// Whether the version in use has it already.
    pub granted: bool,
}

/// Something that is otherwise than in the version in use.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanChange {
    /// `records`, `routes`, `pages`, `settings` or `work`.
    #[schema(example = "routes")]
    pub part: &'static str,
    /// `add`, `remove` or `change`.
    #[schema(example = "add")]
    pub action: &'static str,
    #[schema(example = "Adds the route GET /tasks/{id}/progress.")]
    pub sentence: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PlanStep {
    pub collection: String,
    /// A stable word, such as `add-field`.
    pub action: &'static str,
    pub sentence: String,
    /// How many records it is about, of all organizations, where that tells something.
    pub records: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PlanConflict {
    pub collection: String,
    /// The field, or the fields of a unique rule; empty for the collection itself.
    pub field: String,
    pub sentence: String,
    /// How many records, or sets of them, stand in the way.
    pub records: u64,
    /// The ids of at most five of them.
    pub examples: Vec<String>,
}

impl std::convert::From<Outlook> for PluginPlan {
    fn from(outlook: Outlook) -> Self {
        let fits = outlook.fits().is_ok();
        let Outlook { inspected, standing, carries_from, to_carry, steps, conflicts, missing, misfit } = outlook;
        let granted = standing.as_ref().map(|plugin| plugin.granted.clone()).unwrap_or_default();
        let wanted = &inspected.descriptor.grants;
        let asked = asks(wanted, &granted).into_iter().chain(bound_asks(&wanted.bounds, &granted.bounds));
        let right = |ask: Ask| AskedRight { key: ask.key, sentence: ask.sentence, granted: ask.granted };
        let before = standing.as_ref().and_then(|plugin| parse(&plugin.descriptor).ok());
        let changes = changes(before.as_ref(), &inspected.descriptor).into_iter();
        Self {
            no_longer_asks: no_longer(&granted, wanted)
                .into_iter()
                .map(|ask| AskedRight { granted: true, ..right(ask) })
                .collect(),
            changes: changes
                .map(|told| PlanChange { part: told.part, action: told.action, sentence: told.sentence })
                .collect(),
            id: inspected.descriptor.id.to_string(),
            digest: hex::encode(inspected.hash),
            installed: standing.map(|plugin| plugin.version),
            fits,
            carries_from: carries_from.map(|from| from.version),
            to_carry,
            asks: asked.map(right).collect(),
            steps: steps
                .into_iter()
                .map(|step| PlanStep {
                    collection: step.collection.to_string(),
                    action: step.action.code(),
                    sentence: step.sentence(),
                    records: step.records,
                })
                .collect(),
            conflicts: conflicts
                .into_iter()
                .map(|conflict| PlanConflict {
                    collection: conflict.collection.to_string(),
                    field: conflict.field,
                    sentence: conflict.message,
                    records: conflict.records,
                    examples: conflict.examples.iter().map(ToString::to_string).collect(),
                })
                .collect(),
            missing,
            misfit,
            title: inspected.descriptor.title,
            version: inspected.descriptor.version,
        }
    }
}

/// What installing a plugin would do
///
/// The body is the `.wasm` file. Nothing of it runs, and nothing is changed.
#[utoipa::path(
    post, path = "/plugins/inspect", tag = "host", operation_id = "host_inspect_plugin",
    request_body(content = inline(String), content_type = "application/wasm"),
    extensions(("x-permission" = json!("instance.plugins"))),
    responses((status = 200, description = "The rights, the steps and what stands in the way.", body = PluginPlan))
)]
pub async fn inspect(
    State(app): State<Arc<App>>,
    signed: Signed,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<PluginPlan>, Problem> {
    may_install(&signed)?;
    is_file(&headers)?;
    Ok(Json(app.plugins.outlook(look_into(body).await?).await?.into()))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct KeptList {
    pub data: Vec<KeptThing>,
}

/// A collection or a field that no installed plugin declares.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeptThing {
    /// By which it is purged: `projects.tasks` or `projects.tasks.old_field`.
    pub name: String,
    pub collection: String,
    /// Nothing for a whole collection.
    pub field: Option<String>,
    /// Of a field, its type.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Records, or those that hold a value in the field, of all organizations.
    pub records: u64,
}

fn things(of: KeptOf) -> impl Iterator<Item = KeptThing> {
    of.kept.into_iter().map(|kept| KeptThing {
        name: kept.name.to_string(),
        collection: kept.name.collection.to_string(),
        field: kept.name.field.map(|field| field.to_string()),
        kind: kept.kind.map(|kind| format!("{kind:?}").to_lowercase()),
        records: kept.records,
    })
}

/// What is kept of a plugin that nothing declares
///
/// Fields and collections that its version in use no longer has, and everything of a plugin that was uninstalled.
#[utoipa::path(
    get, path = "/plugins/{id}/kept", tag = "host", operation_id = "host_plugin_kept",
    params(("id" = String, Path)),
    extensions(("x-permission" = json!("instance.plugins"))),
    responses((status = 200, description = "By name.", body = KeptList))
)]
pub async fn kept(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Json<KeptList>, Problem> {
    may_install(&signed)?;
    Ok(Json(KeptList { data: things(app.plugins.kept(&id_of(&id)?).await?).collect() }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Purge {
    /// What is to go, by its name: `projects.tasks.old_field`.
    pub name: String,
    /// The same once more: there is no way back.
    pub confirm: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PurgedThing {
    pub name: String,
    /// Records, or values, that are gone.
    pub records: u64,
}

/// Take something that is kept away for good
///
/// Of all organizations. What the change log tells of it stays.
#[utoipa::path(
    post, path = "/plugins/{id}/purge", tag = "host", operation_id = "host_purge_plugin",
    params(("id" = String, Path)), request_body = Purge,
    extensions(("x-permission" = json!("instance.plugins"))),
    responses((status = 200, description = "It is gone.", body = PurgedThing))
)]
pub async fn purge(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
    Body(asked): Body<Purge>,
) -> Result<Json<PurgedThing>, Problem> {
    may_install_now(&signed)?;
    let name = confirmed(&asked.name, &asked.confirm)?;
    if name.collection.plugin != id_of(&id)? {
        return Err(Fault::not_found(format_args!("kept `{name}`")).into());
    }
    let records = app.plugins.purge(&name, by(&signed, &client)).await?;
    Ok(Json(PurgedThing { name: name.to_string(), records }))
}

/// The name, where it was typed twice.
pub fn confirmed(name: &str, confirm: &str) -> Result<KeptName, Fault> {
    let parsed: KeptName =
        name.parse().map_err(|error: lignaflow_store::NotKept| Fault::at("/name", "name", format!("{error}.")))?;
    if confirm == name {
        Ok(parsed)
    } else {
        Err(Fault::at("/confirm", "unconfirmed", format!("Type `{name}` once more: there is no way back.")))
    }
}

/// Uninstall a plugin
///
/// Its records are kept until they are purged by name, and are there again when it is installed again.
#[utoipa::path(
    delete, path = "/plugins/{id}", tag = "host", operation_id = "host_uninstall_plugin",
    params(("id" = String, Path)),
    extensions(("x-permission" = json!("instance.plugins"))),
    responses((status = 204, description = "It no longer runs; what it kept stays."))
)]
pub async fn uninstall(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    may_install_now(&signed)?;
    app.plugins.uninstall(&id_of(&id)?, by(&signed, &client)).await?;
    Ok(StatusCode::NO_CONTENT)
}
