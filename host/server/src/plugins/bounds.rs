//! What the calls of one plugin may use, lower or higher than what is usual here. It is part of what the plugin is granted,
//! so every host follows, and the audit has it.

use super::{Plugins, unavailable};
use lignaflow_core::Fault;
use lignaflow_core::allowance::{Allowance, PluginBounds};
use lignaflow_core::descriptor::Grants;
use lignaflow_core::name::PluginId;
use lignaflow_store::plugins::By;

impl Plugins {
    /// What calls may use where nothing is set for a plugin.
    pub fn usual(&self) -> &Allowance {
        self.0.engine.allowance()
    }

    /// Sets what the calls of a plugin may use; what is left out is as usual. Calls under way keep what they began with.
    pub async fn set_bounds(&self, plugin: &PluginId, bounds: PluginBounds, by: By) -> Result<(), Fault> {
        let issues = self.usual().faults(&bounds);
        if !issues.is_empty() {
            return Err(Fault::invalid(issues));
        }
        let standing = self.0.store.plugin(plugin).await.map_err(unavailable)?;
        let standing = standing.ok_or_else(|| Fault::not_found(format_args!("plugin `{plugin}`")))?;
        self.grant(plugin, Grants { bounds, ..standing.granted }, by).await
    }
}
