//! `/api/v1/plugins/{plugin}/settings`: what the organization filled in for a plugin.

use super::From;
use crate::app::App;
use crate::auth::Signed;
use crate::problem::{Problem, ProblemBody};
use crate::rest::{body, etag};
use crate::settings::{self, Form, View};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, header};
use lignaflow_core::value::instant_text;
use lignaflow_core::{Fault, Issue};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PluginSettings {
    /// Every setting that is no secret, by name, as the plugin sees it: what was filled in, or its default; null where
    /// it is empty.
    #[schema(value_type = Object)]
    pub values: Map<String, Value>,
    /// The names of those that were filled in.
    pub filled: Vec<String>,
    /// Whether each secret is set. What it is nobody is told.
    pub secrets: BTreeMap<String, bool>,
    /// What organizations of one kind usually fill in, as the plugin declares it. To take one over, send `values` with
    /// these among them.
    pub presets: Vec<SettingsPreset>,
    pub updated_at: Option<String>,
    /// The person who filled them in last.
    pub updated_by: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettingsPreset {
    pub name: String,
    pub title: String,
    pub text: Option<String>,
    /// By name, what it fills in; the other settings stay as they are.
    #[schema(value_type = Object)]
    pub values: Map<String, Value>,
    /// Whether all of it is so already.
    pub holds: bool,
}

#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes the body, which is read by hand so that every fault is told")]
pub(super) struct SettingsBody {
    /// By name; those left out are the defaults again, and null empties one.
    #[schema(value_type = Object, example = json!({}))]
    values: Map<String, Value>,
    /// Secrets that change, by name: a text sets one, null takes it away. Those left out stay as they are.
    #[schema(value_type = Object, example = json!({}))]
    secrets: Map<String, Value>,
}

fn answer(view: &View) -> Response {
    let is_set = |name: &str| view.secrets.iter().any(|(set, _)| set == name);
    let secrets = view.descriptor.settings.iter().filter(|(_, field)| field.secret);
    let presets = view.descriptor.presets.iter().map(|preset| SettingsPreset {
        name: preset.name.to_string(),
        title: preset.title.clone(),
        text: preset.text.clone(),
        values: preset.values.iter().map(|(name, value)| (name.to_string(), value.clone())).collect(),
        holds: preset.holds(&view.descriptor, &view.filled),
    });
    let settings = PluginSettings {
        values: view.values(),
        filled: view.filled.keys().cloned().collect(),
        secrets: secrets.map(|(name, _)| (name.to_string(), is_set(name.as_str()))).collect(),
        presets: presets.collect(),
        updated_at: view.updated_at.map(instant_text),
        updated_by: view.updated_by.map(|person| person.to_string()),
    };
    let mut response = Json(settings).into_response();
    response.headers_mut().insert(header::ETAG, etag::of(view.version));
    response
}

/// What the organization filled in for a plugin
#[utoipa::path(
    get, path = "/plugins/{plugin}/settings", tag = "host", operation_id = "host_plugin_settings",
    params(("plugin" = String, Path)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "With its ETag.", body = PluginSettings))
)]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(plugin): Path<String>,
) -> Result<Response, Problem> {
    Ok(answer(&settings::view(&app, &signed, &plugin).await?))
}

/// Fill in the settings of a plugin
///
/// The plugin sees them from its next call on. Secrets are kept encrypted, and no answer has them.
#[utoipa::path(
    put, path = "/plugins/{plugin}/settings", tag = "host", operation_id = "host_fill_in_plugin_settings",
    params(("plugin" = String, Path), ("If-Match" = String, Header, description = "The ETag, or `*`.")),
    request_body = SettingsBody,
    extensions(("x-permission" = json!("organization.administer"))),
    responses(
        (status = 200, description = "As they are now.", body = PluginSettings),
        (status = 412, description = "Changed since they were read.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is required.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn put(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(plugin): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    settings::view(&app, &signed, &plugin).await?;
    let expected = etag::expected(&headers)?;
    let form = form(body::object(&headers, &bytes)?)?;
    Ok(answer(&settings::fill_in(&app, &signed, &client, &plugin, expected, &form).await?))
}

fn form(body: Map<String, Value>) -> Result<Form, Fault> {
    let mut form = Form::default();
    let mut issues = Vec::new();
    for (name, json) in body {
        let part = match name.as_str() {
            "values" => &mut form.values,
            "secrets" => &mut form.secrets,
            _ => {
                let path = format!("/{}", lignaflow_core::record::escape(&name));
                issues.push(Issue::new(path, "unknown-field", "This takes `values` and `secrets`."));
                continue;
            }
        };
        match json {
            Value::Object(object) => *part = object,
            _ => issues.push(Issue::new(format!("/{name}"), "type", "Expected an object of settings by name.")),
        }
    }
    if issues.is_empty() { Ok(form) } else { Err(Fault::invalid(issues)) }
}
