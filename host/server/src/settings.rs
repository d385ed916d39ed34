//! What organizations fill in for plugins: read, written down and audited here, for the API and the page alike. A
//! secret goes in and never comes out again; only outbound requests of its plugin use it.

use crate::app::App;
use crate::auth::Signed;
use crate::webhooks::seal::{Seal, SealFault};
use lignaflow_core::caller::Permission;
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::{Descriptor, nearest};
use lignaflow_core::name::PluginId;
use lignaflow_core::record::escape;
use lignaflow_core::settings::{MAX_BYTES, read, value};
use lignaflow_core::{ErrorCode, Fault, Issue, OrganizationId, PersonId};
use lignaflow_identity::{Client, Keys};
use lignaflow_store::identity::audit::{self, Event};
use lignaflow_store::settings::{Next, SecretChange, Stored, put, secrets_of, values_of};
use lignaflow_store::{StoreError, Tx};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

const PURPOSE: &[u8] = b"lignaflow plugin secrets 1";

/// What seals the secrets of plugins.
pub fn seal(keys: &Keys) -> Result<Seal, SealFault> {
    Seal::for_purpose(keys, PURPOSE)
}

/// A secret is opened where it was sealed alone: in this organization, of this plugin, under this name.
pub(crate) fn secret_place(organization: OrganizationId, plugin: &PluginId, name: &str) -> Vec<u8> {
    [organization.0.bytes().as_slice(), plugin.as_str().as_bytes(), b"/", name.as_bytes()].concat()
}

/// The settings of one plugin in one organization, for whoever administers it.
#[derive(Debug, Clone)]
pub struct View {
    pub descriptor: Arc<Descriptor>,
    pub version: u64,
    /// What was filled in, as far as it is declared.
    pub filled: Map<String, Json>,
    /// When each secret was set that is.
    pub secrets: Vec<(String, Micros)>,
    pub updated_at: Option<Micros>,
    pub updated_by: Option<PersonId>,
}

impl View {
    /// Every setting that is no secret, as code is handed it; null where it is empty.
    pub fn values(&self) -> Map<String, Json> {
        let plain = self.descriptor.settings.iter().filter(|(_, field)| !field.secret);
        let now = |name: &str| value(&self.descriptor, &self.filled, name).map_or(Json::Null, |value| value.to_json());
        plain.map(|(name, _)| (name.to_string(), now(name.as_str()))).collect()
    }
}

/// What is to be filled in. Of the values all of them: those left out are the defaults again. Of the secrets those that
/// change: null takes one away.
#[derive(Debug, Clone, Default)]
pub struct Form {
    pub values: Map<String, Json>,
    pub secrets: Map<String, Json>,
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn unavailable(error: StoreError) -> Fault {
    tracing::error!(%error, "the settings of plugins could not be used");
    Fault::new(
        ErrorCode::Unavailable,
        "The database cannot be reached just now. Nothing was changed; try again shortly.",
    )
}

/// The settings that a plugin declares, where it does.
fn declared(app: &App, signed: &Signed, plugin: &str) -> Result<Arc<Descriptor>, Fault> {
    if !signed.caller.holds(Permission::ADMINISTER) {
        return Err(Fault::denied("Only who administers the organization sees and changes the settings of plugins."));
    }
    let loaded = app.registry.current().plugins.get(plugin).map(|loaded| loaded.descriptor().clone());
    loaded.filter(|found| !found.settings.is_empty()).ok_or_else(|| Fault::not_found("plugin with settings"))
}

pub async fn view(app: &App, signed: &Signed, plugin: &str) -> Result<View, Fault> {
    let descriptor = declared(app, signed, plugin)?;
    let (database, organization) = (app.store.database(), signed.caller.organization);
    let stored = values_of(database, organization, &descriptor.id).await.map_err(unavailable)?;
    let secrets = secrets_of(database, organization, &descriptor.id).await.map_err(unavailable)?;
    let Stored { version, values, updated_at, updated_by, .. } = stored;
    let is = |name: &str, secret: bool| descriptor.settings.get(name).is_some_and(|field| field.secret == secret);
    let filled = values.into_iter().filter(|(name, _)| is(name, false)).collect();
    let secrets = secrets.into_iter().filter(|(name, _)| is(name, true)).collect();
    Ok(View { descriptor, version, filled, secrets, updated_at, updated_by })
}

/// Fills in, on top of the version that is expected; of any where none is.
pub async fn fill_in(
    app: &App,
    signed: &Signed,
    client: &Client,
    plugin: &str,
    expected: Option<u64>,
    form: &Form,
) -> Result<View, Fault> {
    let now = view(app, signed, plugin).await?;
    let descriptor = now.descriptor.clone();
    if expected.is_some_and(|expected| expected != now.version) {
        return Err(stale());
    }
    let mut issues = Vec::new();
    let values = checked_values(&descriptor, &form.values, &mut issues);
    let secrets = checked_secrets(&descriptor, &form.secrets, &mut issues);
    if !issues.is_empty() {
        return Err(Fault::invalid(issues));
    }
    if Json::Object(values.clone()).to_string().len() > MAX_BYTES {
        let message = format!("All settings together are at most {} KiB.", MAX_BYTES / 1024);
        return Err(Fault::at("", "too-large", message));
    }
    let (organization, person) = (signed.caller.organization, signed.authenticated.person.id);
    let mut sealed = Vec::with_capacity(secrets.len());
    for (name, secret) in &secrets {
        let change = match secret {
            Some(secret) => {
                let place = secret_place(organization, &descriptor.id, name);
                SecretChange::Set(app.plugin_seal.close_at(&place, secret).map_err(|error| {
                    tracing::error!(%error, "a secret of a plugin could not be kept");
                    Fault::internal()
                })?)
            }
            None => SecretChange::Clear,
        };
        sealed.push((name.clone(), change));
    }
    let at = app.clock.now();
    let event = Event {
        organization: Some(organization),
        at,
        person: Some(person),
        kind: "plugin.settings-changed".to_owned(),
        address: client.address.map(|address| address.to_string()).unwrap_or_default(),
        token: signed.authenticated.token(),
        detail: changes(&descriptor, &now, &values, &secrets),
    };
    let next = Next {
        organization,
        plugin: descriptor.id.clone(),
        expected: now.version,
        values,
        secrets: sealed,
        at,
        by: person,
    };
    let written: Result<bool, StoreError> = app
        .store
        .database()
        .write(move |tx: &mut Tx| {
            Box::pin(async move {
                let written = put(tx, &next).await?;
                if written {
                    audit::append(tx, &event).await?;
                }
                Ok(written)
            })
        })
        .await;
    if !written.map_err(unavailable)? {
        return Err(stale());
    }
    view(app, signed, plugin).await
}

fn stale() -> Fault {
    Fault::new(ErrorCode::Stale, "These settings have been changed since you read them. Read them again and repeat.")
}

/// What was changed to what, of secrets only that they were.
fn changes(
    descriptor: &Descriptor,
    now: &View,
    values: &Map<String, Json>,
    secrets: &[(String, Option<String>)],
) -> Json {
    let (mut before, mut after) = (Map::new(), Map::new());
    for (name, was) in now.values() {
        let is = value(descriptor, values, &name).map_or(Json::Null, |value| value.to_json());
        if was != is {
            before.insert(name.clone(), was);
            after.insert(name, is);
        }
    }
    let word = |secret: &Option<String>| if secret.is_some() { "set" } else { "cleared" };
    let secrets: Map<String, Json> = secrets.iter().map(|(name, secret)| (name.clone(), json!(word(secret)))).collect();
    json!({ "plugin": descriptor.id.as_str(), "before": before, "after": after, "secrets": secrets })
}

/// The issue of a name that is no setting of that kind.
fn unknown(descriptor: &Descriptor, name: &str, secret: bool) -> Issue {
    let path = format!("/{}/{}", if secret { "secrets" } else { "values" }, escape(name));
    if descriptor.settings.get(name).is_some_and(|field| field.secret != secret) {
        let (is, place) = if secret { ("no secret", "values") } else { ("a secret", "secrets") };
        return Issue::new(path, "unknown-field", format!("`{name}` is {is}: it stands in `{place}`."));
    }
    let names = descriptor.settings.iter().filter(|(_, field)| field.secret == secret).map(|(name, _)| name.as_str());
    let message = match nearest(name, names) {
        Some(near) => format!("There is no setting `{name}`; did you mean `{near}`?"),
        None => format!("There is no setting `{name}`."),
    };
    Issue::new(path, "unknown-field", message)
}

fn checked_values(descriptor: &Descriptor, given: &Map<String, Json>, issues: &mut Vec<Issue>) -> Map<String, Json> {
    let mut values = Map::new();
    for (name, json) in given {
        let Some((key, field)) = descriptor.settings.get_key_value(name.as_str()).filter(|(_, field)| !field.secret)
        else {
            issues.push(unknown(descriptor, name, false));
            continue;
        };
        match read(key, field, json) {
            Ok(value) => _ = values.insert(name.clone(), value.to_json()),
            Err(issue) => issues.push(Issue { path: format!("/values{}", issue.path), ..issue }),
        }
    }
    for (name, field) in descriptor.settings.iter().filter(|(_, field)| field.required && !field.secret) {
        let missing = !given.contains_key(name.as_str()) && field.default.is_none();
        if missing {
            let path = format!("/values/{}", escape(name.as_str()));
            issues.push(Issue::new(path, "required", format!("`{name}` is required.")));
        }
    }
    values
}

fn checked_secrets(
    descriptor: &Descriptor,
    given: &Map<String, Json>,
    issues: &mut Vec<Issue>,
) -> Vec<(String, Option<String>)> {
    let mut secrets = Vec::new();
    for (name, json) in given {
        let Some((key, field)) = descriptor.settings.get_key_value(name.as_str()).filter(|(_, field)| field.secret)
        else {
            issues.push(unknown(descriptor, name, true));
            continue;
        };
        match read(key, field, json) {
            Ok(value) => secrets.push((name.clone(), value.as_text().map(str::to_owned))),
            // What was sent is not told again, not even to whoever sent it.
            Err(issue) if issue.code == "type" => {
                let path = format!("/secrets{}", issue.path);
                issues.push(Issue::new(path, "type", "Expected text, or null to take it away."));
            }
            Err(issue) => issues.push(Issue { path: format!("/secrets{}", issue.path), ..issue }),
        }
    }
    secrets
}
