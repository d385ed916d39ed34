//! What organizations consent to: their owners do, for what a plugin is granted beyond what it was.

use super::{Plugins, unavailable};
use lignaflow_core::descriptor::Grants;
use lignaflow_core::id::OrganizationId;
use lignaflow_core::name::PluginId;
use lignaflow_core::{ErrorCode, Fault, Issue};
use lignaflow_store::plugins::{By, Consented};
use std::collections::BTreeMap;

impl Plugins {
    /// The plugins that stand still in an organization, with what it consented to before.
    pub async fn waiting(&self, organization: OrganizationId) -> Result<BTreeMap<PluginId, Grants>, Fault> {
        self.0.store.waiting(organization).await.map_err(unavailable)
    }

    /// Consents for an organization to what is named, which is to be all that the plugin waits for.
    pub async fn consent(
        &self,
        organization: OrganizationId,
        plugin: &PluginId,
        named: &[String],
        by: By,
    ) -> Result<(), Fault> {
        let installed = self.0.store.plugin(plugin).await.map_err(unavailable)?;
        let installed = installed.ok_or_else(|| Fault::not_found(format_args!("plugin `{plugin}`")))?;
        let waiting = self.waiting(organization).await?;
        let not_asked = || Fault::new(ErrorCode::Conflict, "It waits for no consent here.");
        let before = waiting.get(plugin).ok_or_else(not_asked)?;
        let asked = installed.granted.missing_from(before);
        let mut issues: Vec<Issue> = asked
            .iter()
            .filter(|key| !named.contains(key))
            .map(|key| {
                Issue::new(
                    "/grant",
                    "not-consented",
                    format!("It waits for `{key}` as well: name it, or leave it off."),
                )
            })
            .collect();
        issues.extend(named.iter().enumerate().filter(|(_, key)| !asked.contains(key)).map(|(index, key)| {
            Issue::new(format!("/grant/{index}"), "not-asked", format!("It does not wait for `{key}`."))
        }));
        if !issues.is_empty() {
            return Err(Fault::invalid(issues));
        }
        match self.0.store.consent(organization, plugin.clone(), installed.granted, by).await.map_err(unavailable)? {
            Consented::Done => self.reload().await,
            Consented::NotAsked => Err(not_asked()),
            Consented::Changed => {
                let message = "What it is granted has changed since you read it. Read it again.";
                Err(Fault::new(ErrorCode::Conflict, message))
            }
        }
    }

    /// Whether there is one organization alone: who installs and who consents are the same then.
    pub async fn is_of_one(&self) -> Result<bool, Fault> {
        self.0.store.is_of_one().await.map_err(unavailable)
    }

    /// The first of what would be switched on that the organization never had on or off: to switch it on is to consent to
    /// what it may.
    pub async fn new_to(
        &self,
        organization: OrganizationId,
        plugin: &PluginId,
        with_needs: bool,
    ) -> Result<Option<String>, Fault> {
        let known = self.0.store.switches_of(organization).await.map_err(unavailable)?;
        let installed = self.installed().await?;
        let all = match self.0.registry.current().to_switch_on(organization, plugin) {
            Ok(order) if with_needs => order,
            _ => vec![plugin.clone()],
        };
        let new = installed
            .into_iter()
            .find(|it| all.contains(&it.id) && !it.enabled_by_default && !known.contains_key(&it.id));
        Ok(new.map(|it| it.title))
    }
}
