//! What administrators see and do: documents that cannot be made, the templates of plugins and their own, and the logo.

use super::order::{Making, Paper, ending};
use super::{Documents, Unmade, unavailable};
use crate::auth::Signed;
use lignaflow_core::caller::Permission;
use lignaflow_core::media::{HEAD, agrees, sniff};
use lignaflow_core::name::PluginId;
use lignaflow_core::{ErrorCode, Fault, Id, Issue, OrganizationId};
use lignaflow_documents::Flaw;
use lignaflow_identity::Client;
use lignaflow_runtime::LoadedPlugin;
use lignaflow_store::documents::{self, Again, Document, State, Template};
use lignaflow_store::identity::audit::{self, Event};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Bytes of a template.
pub const MOST_SOURCE: usize = 256 * 1024;
/// Bytes of a logo.
pub const MOST_LOGO: usize = 512 * 1024;

/// A template as the organization has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub plugin: PluginId,
    pub plugin_title: String,
    pub template: String,
    /// What is made of it.
    pub source: String,
    /// What the plugin brings.
    pub brought: String,
    /// What it is shown with: JSON.
    pub sample: String,
    /// The organization's own, where it is.
    pub own: Option<Template>,
}

/// What an act is tried with instead of what is kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trial<'a> {
    pub source: Option<&'a str>,
    /// JSON; the template's sample where it is not given.
    pub data: Option<&'a str>,
}

fn may(signed: &Signed) -> Result<(), Fault> {
    if signed.caller.holds(Permission::ADMINISTER) {
        return Ok(());
    }
    Err(Fault::denied("Only administrators see and change an organization's documents and templates."))
}

fn event(signed: &Signed, client: &Client, kind: &str, detail: Json) -> Event {
    Event {
        organization: Some(signed.caller.organization),
        at: signed.caller.now,
        person: Some(signed.authenticated.person.id),
        kind: kind.to_owned(),
        address: client.address.map(|address| address.to_string()).unwrap_or_default(),
        token: signed.authenticated.token(),
        detail,
    }
}

fn none(plugin: &PluginId, template: &str) -> Fault {
    Fault::not_found(format_args!("template `{template}` of the plugin {plugin}"))
}

/// A flaw of a template that somebody sent.
fn of_flaw(flaw: &Flaw) -> Fault {
    Fault::invalid(vec![Issue::new("/source", "template", format!("{flaw}"))])
}

impl Documents {
    /// The documents of the organization, those asked for last first.
    pub async fn all(
        &self,
        signed: &Signed,
        state: Option<State>,
        before: Option<Id>,
        limit: u32,
    ) -> Result<Vec<Document>, Fault> {
        may(signed)?;
        let database = self.0.store.database();
        documents::of(database, signed.caller.organization, state, before, limit).await.map_err(unavailable)
    }

    /// Has a document that failed made once more.
    pub async fn retry(&self, signed: &Signed, client: &Client, id: Id) -> Result<Document, Fault> {
        may(signed)?;
        let (organization, now) = (signed.caller.organization, self.0.clock.now());
        let none = || Fault::not_found("document");
        documents::one(self.0.store.database(), organization, id).await.map_err(unavailable)?.ok_or_else(none)?;
        let event = event(signed, client, "document.retried", json!({ "document": id.to_string() }));
        let retried = self.write(move |tx| {
            Box::pin(async move {
                let retried = documents::retry(tx, organization, &Again::One(id), now).await? > 0;
                if retried {
                    audit::append(tx, &event).await?;
                }
                Ok(retried)
            })
        });
        if !retried.await? {
            return Err(Fault::new(ErrorCode::Conflict, "Only a document that could not be made is tried again."));
        }
        self.0.store.signal().ask_for_documents();
        documents::one(self.0.store.database(), organization, id).await.map_err(unavailable)?.ok_or_else(none)
    }

    /// The plugins that are on and bring templates.
    fn with_templates(&self, signed: &Signed) -> Vec<Arc<LoadedPlugin>> {
        let snapshot = self.0.registry.current();
        let on = snapshot.enabled_in(signed.caller.organization);
        on.filter(|plugin| plugin.assets().templates().next().is_some()).cloned().collect()
    }

    /// The templates of the plugins that are on.
    pub async fn templates(&self, signed: &Signed) -> Result<Vec<Known>, Fault> {
        may(signed)?;
        let own = documents::templates(self.0.store.database(), signed.caller.organization).await;
        let own = own.map_err(unavailable)?;
        let mut known = Vec::new();
        for plugin in self.with_templates(signed) {
            for name in plugin.assets().templates() {
                let own = own.iter().find(|it| it.plugin == *plugin.id() && it.template == name).cloned();
                known.extend(of_plugin(&plugin, name, own));
            }
        }
        Ok(known)
    }

    pub async fn template(&self, signed: &Signed, plugin: &PluginId, template: &str) -> Result<Known, Fault> {
        may(signed)?;
        let own = documents::template(self.0.store.database(), signed.caller.organization, plugin, template).await;
        let own = own.map_err(unavailable)?;
        let loaded = self.with_templates(signed).into_iter().find(|loaded| loaded.id() == plugin);
        loaded.and_then(|loaded| of_plugin(&loaded, template, own)).ok_or_else(|| none(plugin, template))
    }

    /// A template with its sample, or with what is tried, as a PDF. Nothing is kept.
    pub async fn preview(
        &self,
        signed: &Signed,
        plugin: &PluginId,
        template: &str,
        trial: Trial<'_>,
    ) -> Result<Vec<u8>, Fault> {
        let known = self.template(signed, plugin, template).await?;
        let data = trial.data.unwrap_or(&known.sample);
        if serde_json::from_str::<serde::de::IgnoredAny>(data).is_err() {
            return Err(Fault::at("/data", "json", "The data is not JSON."));
        }
        bounded(trial.source)?;
        let date = signed.caller.today().unwrap_or_default();
        let making = Making { plugin, template, source: trial.source, data, date };
        let order = self.order(signed.caller.organization, making).await?;
        match self.make(order).await {
            Ok(made) => Ok(made.pdf),
            Err(Unmade::Flawed(flaw)) => Err(of_flaw(&flaw)),
            Err(Unmade::Later(fault)) => Err(fault),
        }
    }

    /// Makes a paper of the host's own.
    pub async fn print(&self, organization: OrganizationId, paper: Paper<'_>) -> Result<Vec<u8>, Fault> {
        let order = self.order_of_paper(organization, paper).await?;
        match self.make(order).await {
            Ok(made) => Ok(made.pdf),
            Err(Unmade::Flawed(flaw)) => Err(of_flaw(&flaw)),
            Err(Unmade::Later(fault)) => Err(fault),
        }
    }

    /// Keeps a template of the organization's own. One that its sample cannot be made of is refused. Documents that
    /// could not be made are tried again with it.
    pub async fn keep_template(
        &self,
        signed: &Signed,
        client: &Client,
        (plugin, template): (&PluginId, &str),
        source: &str,
    ) -> Result<Known, Fault> {
        let trial = Trial { source: Some(source), data: None };
        self.preview(signed, plugin, template, trial).await?;
        let detail = json!({ "plugin": plugin.as_str(), "template": template });
        let event = event(signed, client, "template.changed", detail);
        let (organization, now) = (signed.caller.organization, self.0.clock.now());
        let kept = Template {
            plugin: plugin.clone(),
            template: template.to_owned(),
            source: source.to_owned(),
            changed_by: signed.caller.person(),
            changed_at: now,
        };
        self.write(move |tx| {
            Box::pin(async move {
                documents::keep_template(tx, organization, &kept).await?;
                documents::retry(tx, organization, &Again::Of(kept.plugin, kept.template), now).await?;
                audit::append(tx, &event).await
            })
        })
        .await?;
        self.0.store.signal().ask_for_documents();
        self.template(signed, plugin, template).await
    }

    /// Goes back to what the plugin brings.
    pub async fn drop_template(
        &self,
        signed: &Signed,
        client: &Client,
        plugin: &PluginId,
        template: &str,
    ) -> Result<(), Fault> {
        self.template(signed, plugin, template).await?;
        let detail = json!({ "plugin": plugin.as_str(), "template": template });
        let event = event(signed, client, "template.dropped", detail);
        let organization = signed.caller.organization;
        let (of, name) = (plugin.clone(), template.to_owned());
        let dropped = self.write(move |tx| {
            Box::pin(async move {
                let dropped = documents::drop_template(tx, organization, &of, &name).await?;
                if dropped {
                    audit::append(tx, &event).await?;
                }
                Ok(dropped)
            })
        });
        if dropped.await? { Ok(()) } else { Err(Fault::not_found("template of your own")) }
    }

    /// The organization's logo: its content type and bytes.
    pub async fn logo(&self, signed: &Signed) -> Result<(String, Vec<u8>), Fault> {
        may(signed)?;
        let logo = documents::logo(self.0.store.database(), signed.caller.organization).await.map_err(unavailable)?;
        logo.ok_or_else(|| Fault::not_found("logo"))
    }

    /// Whether there is one.
    pub async fn has_logo(&self, signed: &Signed) -> Result<bool, Fault> {
        may(signed)?;
        let logo = documents::logo(self.0.store.database(), signed.caller.organization).await.map_err(unavailable)?;
        Ok(logo.is_some())
    }

    /// Keeps a logo: a picture in PNG, JPEG or SVG.
    pub async fn keep_logo(
        &self,
        signed: &Signed,
        client: &Client,
        content_type: Option<&str>,
        bytes: Vec<u8>,
    ) -> Result<(), Fault> {
        may(signed)?;
        if bytes.len() > MOST_LOGO {
            let message = format!("A logo has at most {} kB; this has {}.", MOST_LOGO / 1024, bytes.len() / 1024);
            return Err(Fault::at("", "too-large", message));
        }
        let head = &bytes[..bytes.len().min(HEAD + 1)];
        let kind = agrees(sniff(head), content_type, "logo.svg").ok().filter(|kind| ending(kind).is_some());
        let kind = kind.ok_or_else(|| Fault::at("", "file-type", "A logo is a picture in PNG, JPEG or SVG."))?;
        let event = event(signed, client, "logo.changed", json!({ "content_type": kind }));
        let (organization, by) = (signed.caller.organization, (signed.caller.person(), self.0.clock.now()));
        self.write(move |tx| {
            Box::pin(async move {
                documents::keep_logo(tx, organization, (kind, bytes), by).await?;
                audit::append(tx, &event).await
            })
        })
        .await
    }

    pub async fn drop_logo(&self, signed: &Signed, client: &Client) -> Result<(), Fault> {
        may(signed)?;
        let event = event(signed, client, "logo.dropped", json!({}));
        let organization = signed.caller.organization;
        let dropped = self.write(move |tx| {
            Box::pin(async move {
                let dropped = documents::drop_logo(tx, organization).await?;
                if dropped {
                    audit::append(tx, &event).await?;
                }
                Ok(dropped)
            })
        });
        if dropped.await? { Ok(()) } else { Err(Fault::not_found("logo")) }
    }
}

fn bounded(source: Option<&str>) -> Result<(), Fault> {
    match source {
        Some(source) if source.len() > MOST_SOURCE => {
            let message =
                format!("A template has at most {} kB; this has {}.", MOST_SOURCE / 1024, source.len() / 1024);
            Err(Fault::at("/source", "too-large", message))
        }
        Some(source) if source.contains('\0') => Err(Fault::at("/source", "null", "No text holds a null character.")),
        _ => Ok(()),
    }
}

fn of_plugin(plugin: &LoadedPlugin, template: &str, own: Option<Template>) -> Option<Known> {
    let brought = plugin.assets().template(template)?.to_owned();
    Some(Known {
        plugin: plugin.id().clone(),
        plugin_title: plugin.descriptor().title.clone(),
        template: template.to_owned(),
        source: own.as_ref().map_or_else(|| brought.clone(), |own| own.source.clone()),
        brought,
        sample: plugin.assets().sample(template).unwrap_or("{}").to_owned(),
        own,
    })
}
