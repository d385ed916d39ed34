//! `/admin/plugins/{id}/settings`: what the organization fills in for a plugin.

use super::house::Visit;
use crate::app::App;
use crate::problem::Problem;
use crate::rest::host::From;
use crate::settings::{self, Form, View};
use axum::Router;
use axum::extract::{Path, Query, RawForm};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use lignaflow_core::Fault;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::Preset;
use lignaflow_core::id::Id;
use lignaflow_core::record::Record;
use lignaflow_core::settings::{read, value};
use lignaflow_core::value::Value;
use lignaflow_web::admin::{CLEAR, SECRET, SettingsPage, settings as draw, settings_schema};
use lignaflow_web::collection::Draft;
use lignaflow_web::paths;
use serde::Deserialize;
use serde_json::Value as Json;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/admin/plugins/{id}/settings", get(show).post(save))
}

fn draft(visit: &Visit, schema: Option<&Schema>, view: &View) -> Draft {
    let Some(schema) = schema else {
        let mut draft = Draft::default();
        draft.version = Some(view.version);
        return draft;
    };
    let now = |name: &str| value(&view.descriptor, &view.filled, name).unwrap_or(Value::Null);
    let record = Record {
        id: Id::fresh(),
        version: view.version,
        created_at: 0,
        updated_at: 0,
        created_by: None,
        archived_at: None,
        values: schema.fields.iter().map(|field| now(field.name.as_str())).collect(),
    };
    Draft::of(schema, &record, &visit.reader())
}

fn page(
    visit: &Visit,
    schema: Option<&Schema>,
    view: &View,
    draft: &Draft,
    taken: Option<&Preset>,
    fault: Option<&Fault>,
) -> Response {
    let status = fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    let issues: Vec<_> = fault.map(at_fields).unwrap_or_default();
    let descriptor = &view.descriptor;
    let presets: Vec<_> =
        descriptor.presets.iter().map(|preset| (preset, preset.holds(descriptor, &view.filled))).collect();
    let page = SettingsPage {
        descriptor,
        schema,
        draft,
        secrets: &view.secrets,
        presets: &presets,
        taken,
        fault: fault.filter(|_| issues.is_empty()).map(|fault| fault.message.as_str()),
        issues: &issues,
    };
    visit.page_with(status, draw(&visit.shell(), &page))
}

/// The form has one control for each, whichever part of the body it goes into.
fn at_fields(fault: &Fault) -> Vec<lignaflow_core::Issue> {
    let mut issues = fault.issues.clone();
    for issue in &mut issues {
        for part in ["/values/", "/secrets/"] {
            if let Some(rest) = issue.path.strip_prefix(part) {
                issue.path = format!("/{rest}");
            }
        }
    }
    issues
}

#[derive(Debug, Deserialize)]
struct Asked {
    preset: Option<String>,
}

/// The form as it is saved, or with what a preset fills in for whoever saves it then.
async fn show(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Response {
    let view = match settings::view(&visit.app, &visit.signed, &id).await {
        Ok(view) => view,
        Err(fault) => return visit.fault(&fault),
    };
    let schema = settings_schema(&view.descriptor);
    let mut draft = draft(&visit, schema.as_ref(), &view);
    let taken = asked.preset.map(|name| view.descriptor.presets.iter().find(|preset| preset.name.as_str() == name));
    let taken = match taken {
        Some(None) => return visit.fault(&Fault::not_found("preset")),
        taken => taken.flatten(),
    };
    if let (Some(preset), Some(schema)) = (taken, &schema) {
        for (name, json) in &preset.values {
            let field = view.descriptor.settings.get(name);
            if let Some(value) = field.and_then(|field| read(name, field, json).ok()) {
                draft.fill(schema, name.as_str(), &value, &visit.reader());
            }
        }
    }
    page(&visit, schema.as_ref(), &view, &draft, taken, None)
}

async fn save(visit: Visit, From(client): From, Path(id): Path<String>, RawForm(body): RawForm) -> Response {
    let view = match settings::view(&visit.app, &visit.signed, &id).await {
        Ok(view) => view,
        Err(fault) => return visit.fault(&fault),
    };
    let schema = settings_schema(&view.descriptor);
    let pairs: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let mut form = Form { values: view.filled.clone(), ..Form::default() };
    let mut posted = Draft::default();
    let mut issues = Vec::new();
    if let Some(schema) = &schema {
        posted = Draft::posted(schema, pairs_of(&pairs));
        let (fields, unread) = posted.read(schema, &visit.reader());
        issues = unread;
        // Only what was changed: the rest stays the default where it is one.
        form.values.extend(fields.into_iter().map(|(name, value)| (name, value.to_json())));
    }
    for (name, text) in &pairs {
        if name == "~version" {
            posted.version = text.parse().ok();
        } else if let Some(secret) = name.strip_prefix(SECRET).filter(|_| !text.is_empty()) {
            form.secrets.insert(secret.to_owned(), Json::from(text.as_str()));
        } else if let Some(secret) = name.strip_prefix(CLEAR) {
            form.secrets.entry(secret).or_insert(Json::Null);
        }
    }
    let saved = if issues.is_empty() {
        settings::fill_in(&visit.app, &visit.signed, &client, &id, posted.version, &form).await
    } else {
        Err(Fault::invalid(issues))
    };
    match saved {
        Ok(view) => visit.go(&paths::plugin_settings(&view.descriptor.id), "Saved."),
        Err(fault) => page(&visit, schema.as_ref(), &view, &posted, None, Some(&fault)),
    }
}

fn pairs_of(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
