//! Parts of plugins that keep failing are set aside, told of, and called again when somebody says so. A plugin as a whole
//! is never switched off by itself.

use super::{Plugins, unavailable};
use lignaflow_core::name::PluginId;
use lignaflow_core::{ErrorCode, Fault, OrganizationId};
use lignaflow_runtime::{LoadedPlugin, Part};
use lignaflow_store::plugins::{Aside, By};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Plugins {
    /// What is set aside anywhere, by plugin and part.
    pub async fn asides(&self) -> Result<Vec<Aside>, Fault> {
        self.0.store.asides().await.map_err(unavailable)
    }

    /// What of a plugin is set aside in an organization, there or everywhere.
    pub async fn asides_of(&self, plugin: &PluginId, organization: OrganizationId) -> Result<Vec<Aside>, Fault> {
        let mut asides = self.asides().await?;
        asides.retain(|aside| aside.plugin == *plugin && aside.organization.is_none_or(|at| at == organization));
        Ok(asides)
    }

    /// Keeps what was set aside on this host, for the others and for later.
    pub(super) async fn keep_trips(&self) {
        let snapshot = self.0.registry.current();
        for (id, plugin) in snapshot.plugins.iter() {
            for trip in plugin.take_trips() {
                let Part { kind, name, organization } = trip.part;
                tracing::error!(plugin = %id, kind, name, fault = trip.fault, "a part of a plugin is set aside");
                metrics::counter!("lignaflow_plugin_set_aside_total", "plugin" => id.to_string(), "kind" => kind.clone())
                    .increment(1);
                let at = self.0.clock.now();
                let (plugin, hash) = (id.clone(), digest(plugin));
                let aside = Aside { plugin, organization, kind, name, hash, fault: trip.fault, since: at };
                let by = By { person: None, address: String::new(), token: None, at };
                if let Err(error) = self.0.store.set_aside(aside, by).await {
                    // This host keeps to it until the next look at what all keep to, and finds out anew.
                    tracing::warn!(%error, "that a part of a plugin is set aside could not be kept");
                }
            }
        }
    }

    /// Sets aside in these plugins what is kept as such.
    pub(super) async fn put_aside(&self, loaded: &BTreeMap<PluginId, Arc<LoadedPlugin>>) -> Result<(), Fault> {
        let asides = self.asides().await?;
        for (id, plugin) in loaded {
            let own = asides.iter().filter(|aside| aside.plugin == *id && aside.hash == digest(plugin));
            let parts = own.map(|aside| {
                let (kind, name) = (aside.kind.clone(), aside.name.clone());
                (Part { kind, name, organization: aside.organization }, aside.fault.clone())
            });
            plugin.keep_aside(parts.collect());
        }
        Ok(())
    }

    /// Has a part called again that was set aside, wherever it was.
    pub async fn call_again(&self, plugin: &PluginId, part: (String, String), by: By) -> Result<(), Fault> {
        let there = self.0.store.call_again(plugin.clone(), part, by).await.map_err(unavailable)?;
        if !there {
            return Err(Fault::new(ErrorCode::Conflict, "This part of the plugin is not set aside."));
        }
        self.reload().await
    }
}

fn digest(plugin: &LoadedPlugin) -> [u8; 32] {
    let mut hash = [0; 32];
    // It is the hexadecimal of 32 bytes by construction.
    let _ = hex::decode_to_slice(plugin.digest(), &mut hash);
    hash
}
