//! Uninstalling a plugin, which takes nothing of its records; what is kept that nothing declares; and its purge.

use super::{Plugins, unavailable};
use lignaflow_core::name::PluginId;
use lignaflow_core::{ErrorCode, Fault, Issue};
use lignaflow_identity::kept_until;
use lignaflow_runtime::{RegistryFault, fit};
use lignaflow_store::plugins::By;
use lignaflow_store::{Kept, KeptName, Purged};

/// What others would lack, each an issue.
pub(super) fn needed(lacking: &[String], message: &str) -> Fault {
    let mut fault = Fault::new(ErrorCode::Conflict, message);
    fault.issues.extend(lacking.iter().map(|text| Issue::new("", "needed", format!("It is needed: {text}."))));
    fault
}

/// What is kept of one plugin.
#[derive(Debug, Clone)]
pub struct KeptOf {
    pub plugin: PluginId,
    /// What it is called; nothing where it is not installed.
    pub title: Option<String>,
    pub kept: Vec<Kept>,
}

impl Plugins {
    /// Takes a plugin away. Its records are kept, and are there again when it is installed again.
    pub async fn uninstall(&self, plugin: &PluginId, by: By) -> Result<(), Fault> {
        {
            let _turn = self.0.turn.lock().await;
            let current = self.0.registry.current();
            let others = current.plugins.iter().filter(|(id, _)| *id != plugin).map(|(_, p)| &**p.descriptor());
            if let Err(RegistryFault::Missing(lacking)) = fit(others) {
                return Err(needed(&lacking, "Other plugins need it; uninstall them first."));
            }
            if !self.0.store.uninstall_plugin(plugin.clone(), by).await.map_err(unavailable)? {
                return Err(Fault::not_found(format_args!("plugin `{plugin}`")));
            }
        }
        self.reload().await
    }

    /// What is kept of a plugin, installed or not.
    pub async fn kept(&self, plugin: &PluginId) -> Result<KeptOf, Fault> {
        let standing = self.0.store.plugin(plugin).await.map_err(unavailable)?;
        let kept = self.0.store.kept(plugin).await.map_err(unavailable)?;
        if standing.is_none() && kept.is_empty() {
            return Err(Fault::not_found(format_args!("plugin `{plugin}`")));
        }
        Ok(KeptOf { plugin: plugin.clone(), title: standing.map(|plugin| plugin.title), kept })
    }

    /// Plugins of which tables stand, installed or not.
    pub async fn with_tables(&self) -> Result<Vec<PluginId>, Fault> {
        self.0.store.plugins_with_tables().await.map_err(unavailable)
    }

    /// Everything that is kept, of plugins that are installed and of those that were.
    pub async fn all_kept(&self) -> Result<Vec<KeptOf>, Fault> {
        let mut all = Vec::new();
        for plugin in self.with_tables().await? {
            let kept = self.kept(&plugin).await?;
            if !kept.kept.is_empty() {
                all.push(kept);
            }
        }
        Ok(all)
    }

    /// Takes what is kept under a name away for good, of all organizations. How many records, or values, went. Records are
    /// refused for as long as their organization keeps what it has.
    pub async fn purge(&self, name: &KeptName, by: By) -> Result<u64, Fault> {
        let declared = self.0.registry.current().catalog.schema(&name.collection).is_some();
        if name.field.is_none() && !declared {
            // Nobody changes what no plugin declares.
            let changes = self.0.store.last_changes(&name.collection).await.map_err(unavailable)?;
            let until = changes.iter().filter_map(|last| kept_until(last.at, last.years, &last.time_zone, by.at)).max();
            if let Some(day) = until {
                let message = format!(
                    "`{name}` has records that are kept until {day}: so many years after their last change as their \
                     organization keeps what it has, which its administrators set. Nothing was purged."
                );
                return Err(Fault::new(ErrorCode::Conflict, message));
            }
        }
        match self.0.store.purge(name.clone(), by).await.map_err(unavailable)? {
            Purged::Done(records) => Ok(records),
            Purged::Declared => {
                let message = format!("`{name}` is in use: the installed version declares it. Nothing was purged.");
                Err(Fault::new(ErrorCode::Conflict, message))
            }
            Purged::Unknown => Err(Fault::not_found(format_args!("kept `{name}`"))),
        }
    }
}
