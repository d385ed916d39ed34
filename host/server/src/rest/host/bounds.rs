//! `/api/v1/plugins/{id}/bounds`: what one call of a plugin may use.

use super::plugins::{id_of, may_install, may_see};
use super::{From, by};
use crate::app::App;
use crate::auth::Signed;
use crate::plugins::{Asked, tag};
use crate::problem::{Problem, ProblemBody};
use crate::rest::{body, etag};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, header};
use lignaflow_core::Fault;
use lignaflow_core::allowance::{Bound, Class, PluginBounds};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, Type};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BoundsOfPlugin {
    /// What is set for it, as it is put.
    #[schema(value_type = SetBounds)]
    pub set: PluginBounds,
    /// Each bound of the calls that it has, and how many instances there may be.
    pub data: Vec<BoundOfPlugin>,
}

/// One bound.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BoundOfPlugin {
    /// `hook`, `route`, `job`, `subscriber`, `service` or `migration`; null for what is of all calls together.
    #[schema(example = "job")]
    pub class: Option<&'static str>,
    #[schema(example = "cpu_ms")]
    pub bound: &'static str,
    /// What holds where nothing is set.
    pub usual: u64,
    /// What the plugin asks for.
    pub asked: Option<u64>,
    /// What is set for it.
    pub set: Option<u64>,
    /// What holds.
    pub holds: u64,
}

#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes the body, which is read as the type of the core")]
#[schema(example = json!({ "instances": 8, "job": { "cpu_ms": 20_000 } }))]
pub(super) struct SetBounds {
    /// Instances of it at a time on one host.
    #[schema(minimum = 1, maximum = 10_000)]
    instances: Option<u64>,
    #[schema(schema_with = of_class)]
    hook: Option<()>,
    #[schema(schema_with = of_class)]
    route: Option<()>,
    #[schema(schema_with = of_class)]
    job: Option<()>,
    #[schema(schema_with = of_class)]
    subscriber: Option<()>,
    #[schema(schema_with = of_class)]
    service: Option<()>,
    #[schema(schema_with = of_class)]
    migration: Option<()>,
}

/// The bounds of a class, those that are set.
fn of_class() -> Object {
    let mut object = ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(false)));
    for bound in Bound::ALL {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let whole = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .description(Some(bound.title()))
            .minimum(Some(number(*bound.range().start())))
            .maximum(Some(number(*bound.range().end())));
        object = object.property(bound.as_str(), whole);
    }
    object.build()
}

async fn answer(app: &App, id: &str) -> Result<Response, Fault> {
    let installed = super::grants::installed(app, &id_of(id)?).await?;
    let descriptor = lignaflow_core::descriptor::parse(&installed.descriptor).map_err(|_| Fault::internal())?;
    let etag = [(header::ETAG, etag::of(tag(&installed)))];
    let (usual, set, asked) = (app.plugins.usual(), installed.granted.bounds, &descriptor.grants.bounds);
    let holds = usual.with(&set);
    let classes = Class::ALL.into_iter().filter(|class| descriptor.has(*class));
    let each = classes.flat_map(|class| Bound::ALL.map(|bound| Some((class, bound))));
    let data = std::iter::once(None)
        .chain(each)
        .map(|of| BoundOfPlugin {
            class: of.map(|(class, _)| class.as_str()),
            bound: of.map_or("instances", |(_, bound)| bound.as_str()),
            usual: usual.usual(of),
            asked: asked.get(of),
            set: set.get(of),
            holds: holds.usual(of),
        })
        .collect();
    Ok((etag, Json(BoundsOfPlugin { set, data })).into_response())
}

/// What one call of a plugin may use
///
/// The `ETag` is of this and of its rights together.
#[utoipa::path(
    get, path = "/plugins/{id}/bounds", tag = "host", operation_id = "host_plugin_bounds",
    params(("id" = String, Path)),
    extensions(("x-permission" = json!("plugins.switch"))),
    responses((status = 200, description = "What is usual, asked for, set, and holds.", body = BoundsOfPlugin))
)]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    may_see(&signed)?;
    Ok(answer(&app, &id).await?)
}

/// Set what one call of a plugin may use
///
/// Higher or lower than what is usual here; what is left out is as usual. Calls under way keep what they began with.
#[utoipa::path(
    put, path = "/plugins/{id}/bounds", tag = "host", operation_id = "host_set_plugin_bounds",
    params(("id" = String, Path), ("If-Match" = String, Header, description = "The ETag, or `*`.")),
    request_body = SetBounds,
    extensions(("x-permission" = json!("instance.plugins"))),
    responses(
        (status = 200, description = "As they are now.", body = BoundsOfPlugin),
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
    bytes: Bytes,
) -> Result<Response, Problem> {
    may_install(&signed)?;
    let plugin = id_of(&id)?;
    let seen = etag::expected(&headers)?;
    let body = body::json(&headers, &bytes)?;
    if !body.is_object() {
        return Err(Fault::at("", "body", "The bounds are an object, by class of call.").into());
    }
    let bounds: PluginBounds =
        serde_json::from_value(body).map_err(|error| Fault::at("", "body", format!("{error}.")))?;
    let asked = Asked { rights: None, bounds: Some(bounds) };
    app.plugins.grant(&plugin, &asked, seen, by(&signed, &client)).await?;
    Ok(answer(&app, &id).await?)
}
