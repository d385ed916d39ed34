//! Plugins: installed by administrators of the instance, switched by those of an organization.

use super::migration::PluginMigration;
use super::plan::{AskedRight, PluginPlan};
use super::{From, by};
use crate::app::App;
use crate::auth::Signed;
use crate::plugins::{Arrived, Inspected, look_into};
use crate::problem::{Kind, Problem};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use lignaflow_core::Fault;
use lignaflow_core::caller::Permission;
use lignaflow_core::name::PluginId;
use lignaflow_core::value::instant_text;
use lignaflow_store::plugins::{Aside, Installed};
use lignaflow_web::admin::asks;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Serialize, ToSchema)]
pub struct Plugins {
    pub data: Vec<Plugin>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Plugin {
    pub id: String,
    pub title: String,
    pub version: String,
    /// Whether it runs, for those that have it on.
    pub active: bool,
    /// Whether the caller's organization has it on.
    pub enabled: bool,
    /// Why it does not run, where it could not be loaded.
    pub fault: Option<String>,
    /// What it may do, as sentences.
    pub grants: Vec<String>,
    /// What it is granted beyond what the caller's organization consented to. Until an owner does, it stands still there.
    pub waits_for: Vec<AskedRight>,
    /// The SHA-256 of its file.
    pub digest: String,
    /// What kept failing and is not called any more, until somebody has it called again.
    pub set_aside: Vec<SetAside>,
}

/// A part of a plugin that kept failing.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetAside {
    /// `before-save`, `route`, `job` or `subscriber`.
    #[schema(example = "route")]
    pub kind: String,
    /// The route's or job's name; `before-save`, `receive`.
    pub name: String,
    /// What it failed with last.
    pub fault: String,
    pub since: String,
    /// In every organization; else where people met it.
    pub everywhere: bool,
}

/// The plugins of this instance
#[utoipa::path(
    get, path = "/plugins", tag = "host", operation_id = "host_list_plugins",
    extensions(("x-permission" = json!("plugins.switch"))),
    responses((status = 200, description = "By id.", body = Plugins))
)]
pub async fn list(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Plugins>, Problem> {
    may_see(&signed)?;
    let installed = app.plugins.installed().await?;
    let snapshot = app.registry.current();
    let asides = app.plugins.asides().await?;
    let waiting = app.plugins.waiting(signed.caller.organization).await?;
    let waits_for = |plugin: &Installed| {
        let before = waiting.get(&plugin.id);
        let new = before.into_iter().flat_map(|before| asks(&plugin.granted, before)).filter(|ask| !ask.granted);
        new.map(|ask| AskedRight { key: ask.key, sentence: ask.sentence, granted: false }).collect()
    };
    let set_aside = |id: &PluginId| {
        let here = |aside: &&Aside| aside.organization.is_none_or(|at| at == signed.caller.organization);
        let own = asides.iter().filter(|aside| aside.plugin == *id).filter(here);
        own.map(|aside| SetAside {
            kind: aside.kind.clone(),
            name: aside.name.clone(),
            fault: aside.fault.clone(),
            since: instant_text(aside.since),
            everywhere: aside.organization.is_none(),
        })
        .collect()
    };
    let data = installed
        .into_iter()
        .map(|plugin| Plugin {
            active: plugin.active,
            set_aside: set_aside(&plugin.id),
            waits_for: waits_for(&plugin),
            enabled: snapshot.is_enabled(signed.caller.organization, &plugin.id),
            fault: app.plugins.fault(&plugin.id),
            grants: plugin.granted.sentences(),
            digest: hex::encode(plugin.hash),
            id: plugin.id.to_string(),
            title: plugin.title,
            version: plugin.version,
        })
        .collect();
    Ok(Json(Plugins { data }))
}

/// Whoever switches or installs plugins sees them.
pub fn may_see(signed: &Signed) -> Result<(), Fault> {
    let caller = &signed.caller;
    if caller.holds(Permission::SWITCH_PLUGINS) || caller.holds(Permission::INSTALL_PLUGINS) {
        Ok(())
    } else {
        Err(Fault::denied("Only administrators see the plugins."))
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// What is granted, comma-separated: `interface records,read projects/tasks`; `all` grants all that it asks for.
    #[serde(default)]
    pub grant: String,
    /// Tells what would be done, and does nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Switches it on for the caller's organization as well, with what it needs; its owners can.
    #[serde(default)]
    pub enable: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct InstalledPlugin {
    pub id: String,
    pub version: String,
    pub digest: String,
    /// The version that serves until its records are carried over, where they are.
    pub carries_from: Option<String>,
}

impl std::convert::From<Arrived> for InstalledPlugin {
    fn from(arrived: Arrived) -> Self {
        let Inspected { descriptor, hash, .. } = arrived.inspected;
        Self {
            id: descriptor.id.to_string(),
            version: descriptor.version,
            digest: hex::encode(hash),
            carries_from: arrived.carries_from,
        }
    }
}

/// Install a plugin, or its next version
///
/// The body is the `.wasm` file. What it asks for and is not granted is refused, all of it named. With `dry_run` it
/// answers 200 with what would be done, as `/plugins/inspect` does. A version that carries records over is answered with
/// 202: the one before serves until that is done.
#[utoipa::path(
    post, path = "/plugins", tag = "host", operation_id = "host_install_plugin", params(Consent),
    request_body(content = inline(String), content_type = "application/wasm"),
    extensions(("x-permission" = json!("instance.plugins"))),
    responses(
        (status = 200, description = "With `dry_run`: what would be done.", body = PluginPlan),
        (status = 201, description = "Installed and running.", body = InstalledPlugin),
        (status = 202, description = "In use once the records of the version before are carried over.", body = PluginMigration),
    )
)]
pub async fn install(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Query(consent): Query<Consent>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    may_install(&signed)?;
    is_file(&headers)?;
    if consent.dry_run {
        return Ok(Json(PluginPlan::from(app.plugins.outlook(look_into(body).await?).await?)).into_response());
    }
    may_install_now(&signed)?;
    if consent.enable {
        may_consent(&signed)?;
    }
    let inspected = look_into(body.clone()).await?;
    let asked = &inspected.descriptor.grants;
    let named: Vec<String> = consent.grant.split(',').map(|name| name.trim().to_owned()).collect();
    let granted = if consent.grant == "all" { asked.clone() } else { asked.chosen(&named) };
    let installed = app.plugins.install(inspected, body.to_vec(), granted, by(&signed, &client)).await?;
    let id = installed.inspected.descriptor.id.clone();
    if installed.carries_from.is_some()
        && let Some(migration) = app.plugins.migration(&id).await?
    {
        return Ok((StatusCode::ACCEPTED, Json(PluginMigration::from(migration))).into_response());
    }
    if consent.enable {
        let (organization, by) = (signed.caller.organization, by(&signed, &client));
        let _ = app.plugins.switch_on_with_needs(organization, &id, by).await?;
    }
    Ok((StatusCode::CREATED, Json(InstalledPlugin::from(installed))).into_response())
}

pub(super) fn is_file(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if ["application/wasm", "application/octet-stream"].contains(&kind) {
        Ok(())
    } else {
        Err(Problem::new(Kind::UnsupportedMediaType, "Send the file with Content-Type: application/wasm."))
    }
}

pub fn may_install(signed: &Signed) -> Result<(), Fault> {
    if signed.caller.holds(Permission::INSTALL_PLUGINS) {
        Ok(())
    } else {
        Err(Fault::denied("Only administrators of the instance install plugins."))
    }
}

/// The same for what runs code or ends what is kept: who does it has proved a moment ago who they are.
pub fn may_install_now(signed: &Signed) -> Result<(), Fault> {
    may_install(signed)?;
    signed.authenticated.proved()
}

pub fn may_switch(signed: &Signed) -> Result<(), Fault> {
    if signed.caller.holds(Permission::SWITCH_PLUGINS) {
        Ok(())
    } else {
        Err(Fault::denied("Only administrators switch plugins on and off."))
    }
}

/// Whether somebody may switch a plugin on: the first time, that is the organization's consent, which its owners give.
pub async fn may_switch_on(app: &App, signed: &Signed, id: &PluginId, with_needs: bool) -> Result<(), Fault> {
    may_switch(signed)?;
    if may_consent(signed).is_ok() {
        return Ok(());
    }
    match app.plugins.new_to(signed.caller.organization, id, with_needs).await? {
        Some(title) => Err(Fault::denied(format!(
            "{title} was never on here. The first time an owner switches it on, and consents to what it may."
        ))),
        None => Ok(()),
    }
}

pub fn may_consent(signed: &Signed) -> Result<(), Fault> {
    if signed.caller.holds(Permission::CONSENT) {
        Ok(())
    } else {
        Err(Fault::denied("Only owners consent to what plugins may do with the organization's records."))
    }
}

pub(super) fn id_of(text: &str) -> Result<PluginId, Fault> {
    text.parse().map_err(|_| Fault::not_found(format_args!("plugin `{text}`")))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Enabling {
    /// Switches on before it what it needs, all of it or nothing.
    #[serde(default)]
    pub with_needs: bool,
}

/// Switch a plugin on for the organization
///
/// Where it needs others that are off, it is refused, naming them, unless they are to be switched on with it.
#[utoipa::path(
    post, path = "/plugins/{id}/enable", tag = "host", operation_id = "host_enable_plugin",
    params(("id" = String, Path), Enabling),
    extensions(("x-permission" = json!("plugins.switch"))),
    responses((status = 204, description = "It is on."))
)]
pub async fn enable(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
    Query(enabling): Query<Enabling>,
) -> Result<StatusCode, Problem> {
    let (organization, id, by) = (signed.caller.organization, id_of(&id)?, by(&signed, &client));
    may_switch_on(&app, &signed, &id, enabling.with_needs).await?;
    if enabling.with_needs {
        let _ = app.plugins.switch_on_with_needs(organization, &id, by).await?;
    } else {
        app.plugins.switch(organization, &id, true, by).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Switch a plugin off for the organization
///
/// Its data stays.
#[utoipa::path(
    post, path = "/plugins/{id}/disable", tag = "host", operation_id = "host_disable_plugin",
    params(("id" = String, Path)),
    extensions(("x-permission" = json!("plugins.switch"))),
    responses((status = 204, description = "It is off."))
)]
pub async fn disable(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    may_switch(&signed)?;
    app.plugins.switch(signed.caller.organization, &id_of(&id)?, false, by(&signed, &client)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentBody {
    /// All that it waits for, as `waits_for` names it.
    #[schema(example = json!(["read projects/tasks"]))]
    pub grant: Vec<String>,
}

/// Consent to what a plugin is newly granted
///
/// Where another version asks for more than the organization consented to, or an administrator of the instance grants it
/// more, it stands still there until an owner has named all of it.
#[utoipa::path(
    post, path = "/plugins/{id}/consent", tag = "host", operation_id = "host_consent",
    params(("id" = String, Path)), request_body = ConsentBody,
    extensions(("x-permission" = json!("plugins.consent"))),
    responses((status = 204, description = "It goes on, where it is switched on."))
)]
pub(super) async fn consent(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
    super::account::Body(body): super::account::Body<ConsentBody>,
) -> Result<StatusCode, Problem> {
    may_consent(&signed)?;
    signed.authenticated.proved()?;
    app.plugins.consent(signed.caller.organization, &id_of(&id)?, &body.grant, by(&signed, &client)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartBody {
    #[schema(example = "route")]
    pub kind: String,
    #[schema(example = "stop-timer")]
    pub name: String,
}

/// Have a part of a plugin called again
///
/// That kept failing and was set aside. Where it still fails for several callers, it is set aside again.
#[utoipa::path(
    post, path = "/plugins/{id}/call-again", tag = "host", operation_id = "host_call_again",
    params(("id" = String, Path)), request_body = PartBody,
    extensions(("x-permission" = json!("instance.plugins"))),
    responses((status = 204, description = "It is called again."))
)]
pub async fn call_again(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    may_install(&signed)?;
    let id = id_of(&id)?;
    if app.registry.current().plugin(&id).is_none() {
        return Err(Fault::not_found(format_args!("plugin `{id}`")).into());
    }
    let part: PartBody = serde_json::from_value(crate::rest::body::json(&headers, &body)?)
        .map_err(|error| Fault::at("", "body", format!("{error}.")))?;
    app.plugins.call_again(&id, (part.kind, part.name), by(&signed, &client)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LogOf {
    /// Lines of this level and worse: `trace`, `debug`, `info`, `warn` or `error`.
    #[serde(default)]
    pub level: Option<String>,
    /// Lines of calls whose name begins so: `before-save`, `route stop-timer`.
    #[serde(default)]
    pub call: Option<String>,
    /// Lines of one request.
    #[serde(default)]
    pub request: Option<String>,
    /// Lines that have this text in them.
    #[serde(default)]
    pub q: Option<String>,
}

/// Which lines of a log are asked for.
#[derive(Debug, Default)]
pub struct LogFilter {
    least: Option<lignaflow_runtime::Level>,
    call: String,
    request: String,
    text: String,
}

impl LogFilter {
    pub fn of(asked: LogOf) -> Result<Self, Fault> {
        use lignaflow_runtime::Level;
        let levels = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error];
        let least = match asked.level.filter(|word| !word.is_empty()) {
            None => None,
            Some(word) => {
                let unknown = || Fault::at("/level", "choice", "A level is trace, debug, info, warn or error.");
                Some(levels.into_iter().find(|level| level.as_str() == word).ok_or_else(unknown)?)
            }
        };
        let text = |text: Option<String>| text.unwrap_or_default();
        Ok(Self { least, call: text(asked.call), request: text(asked.request), text: text(asked.q).to_lowercase() })
    }

    pub fn takes(&self, line: &lignaflow_runtime::LogLine) -> bool {
        self.least.is_none_or(|least| line.level >= least)
            && line.call.starts_with(&self.call)
            && (self.request.is_empty() || line.request.to_string() == self.request)
            && (self.text.is_empty() || line.text.to_lowercase().contains(&self.text))
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PluginLog {
    pub data: Vec<PluginLogLine>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PluginLogLine {
    pub at: String,
    pub level: &'static str,
    pub call: String,
    pub request_id: String,
    pub text: String,
}

/// What a plugin logged on this host, the newest last
#[utoipa::path(
    get, path = "/plugins/{id}/log", tag = "host", operation_id = "host_plugin_log",
    params(("id" = String, Path), LogOf),
    extensions(("x-permission" = json!("instance.plugins"))),
    responses((status = 200, description = "Its last lines.", body = PluginLog))
)]
pub async fn log(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
    Query(asked): Query<LogOf>,
) -> Result<Json<PluginLog>, Problem> {
    may_install(&signed)?;
    let filter = LogFilter::of(asked)?;
    let snapshot = app.registry.current();
    let plugin = snapshot.plugins.get(&id_of(&id)?).ok_or_else(|| Fault::not_found(format_args!("plugin `{id}`")))?;
    let data = plugin
        .log()
        .into_iter()
        .filter(|line| filter.takes(line))
        .map(|line| PluginLogLine {
            at: instant_text(line.at),
            level: line.level.as_str(),
            call: line.call.to_string(),
            request_id: line.request.to_string(),
            text: line.text,
        })
        .collect();
    Ok(Json(PluginLog { data }))
}
