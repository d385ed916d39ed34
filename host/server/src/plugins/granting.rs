//! What a plugin may do, and what its calls may use: both are part of what it is granted, so every host follows, and the
//! audit has it. Whoever changes it says of which version of that they know, and nobody's change is lost.

use super::{Plugins, SWITCH_ATTEMPTS, unavailable};
use lignaflow_core::allowance::{Allowance, PluginBounds};
use lignaflow_core::descriptor::{Descriptor, Grants, parse};
use lignaflow_core::name::PluginId;
use lignaflow_core::{ErrorCode, Fault, Issue};
use lignaflow_store::plugins::{By, Granted, Installed};

/// What somebody has a plugin be granted. What is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The rights, each by its name, and no others: `interface records`, `read projects/tasks`.
    pub rights: Option<Vec<String>>,
    /// What its calls may use; what is left out of it is as usual.
    pub bounds: Option<PluginBounds>,
}

/// Of which version what a plugin is granted is, as whoever changes it names it.
pub fn tag(installed: &Installed) -> u64 {
    u64::try_from(installed.granted_version).unwrap_or_default()
}

/// The rights that are named, each of which the plugin is to ask for.
fn rights(descriptor: &Descriptor, named: &[String]) -> Result<Grants, Fault> {
    let wanted = descriptor.grants.missing_from(&Grants::default());
    let unknown = named.iter().enumerate().filter(|(_, name)| !wanted.contains(name));
    let issues: Vec<Issue> = unknown
        .map(|(index, name)| {
            let asks = if wanted.is_empty() { "nothing".to_owned() } else { wanted.join(", ") };
            let message = format!("It does not ask for `{name}`. It asks for {asks}.");
            Issue::new(format!("/grant/{index}"), "not-asked", message)
        })
        .collect();
    if issues.is_empty() { Ok(descriptor.grants.chosen(named)) } else { Err(Fault::invalid(issues)) }
}

impl Plugins {
    /// What calls may use where nothing is set for a plugin.
    pub fn usual(&self) -> &Allowance {
        self.0.engine.allowance()
    }

    /// Changes what a plugin may do, where what it is granted is still of the version that somebody saw; of any where they
    /// name none. Calls under way keep the bounds that they began with, and meet a right that is taken back at their next
    /// call of the host.
    pub async fn grant(&self, plugin: &PluginId, asked: &Asked, seen: Option<u64>, by: By) -> Result<(), Fault> {
        if let Some(bounds) = &asked.bounds {
            let issues = self.usual().faults(bounds);
            if !issues.is_empty() {
                return Err(Fault::invalid(issues));
            }
        }
        let turn = self.0.turn.lock().await;
        for _ in 0..SWITCH_ATTEMPTS {
            let standing = self.0.store.plugin(plugin).await.map_err(unavailable)?;
            let standing = standing.ok_or_else(|| Fault::not_found(format_args!("plugin `{plugin}`")))?;
            if seen.is_some_and(|seen| seen != tag(&standing)) {
                return Err(Fault::new(
                    ErrorCode::Stale,
                    "What it is granted was changed by somebody else since you read it. Nothing was changed; read it again.",
                ));
            }
            let mut grants = standing.granted.clone();
            if let Some(named) = &asked.rights {
                let descriptor = parse(&standing.descriptor).map_err(|_| Fault::internal())?;
                grants = Grants { bounds: grants.bounds, ..rights(&descriptor, named)? };
            }
            if let Some(bounds) = &asked.bounds {
                grants.bounds = bounds.clone();
            }
            let granted = self.0.store.grant_plugin(plugin.clone(), grants, standing.granted_version, by.clone()).await;
            match granted.map_err(unavailable)? {
                Granted::Done => {
                    drop(turn);
                    return self.reload().await;
                }
                Granted::Unknown => return Err(Fault::not_found(format_args!("plugin `{plugin}`"))),
                // Looked at anew: whoever named a version is told, and for who named none it is done on what stands now.
                Granted::Changed => {}
            }
        }
        Err(Fault::new(ErrorCode::Conflict, "What it is granted keeps changing. Nothing was changed; try again."))
    }
}
