//! What the program brings, installed by hand: where somebody uninstalled it, or has another version in use.

use super::{Arrived, Inspected, Plugins, inspect, keeping};
use bytes::Bytes;
use lignaflow_core::Fault;
use lignaflow_core::descriptor::Descriptor;
use lignaflow_core::name::PluginId;
use lignaflow_runtime::{RegistryFault, behind, fit, needs};
use lignaflow_store::plugins::{By, Installed};
use std::collections::BTreeSet;

/// A plugin that the program brings.
#[derive(Debug, Clone)]
pub struct InProgram {
    pub inspected: Inspected,
    pub bytes: Bytes,
    /// The version in use, where one is.
    pub standing: Option<Installed>,
}

impl InProgram {
    /// Whether it is what is in use.
    pub fn is_in_use(&self) -> bool {
        self.standing.as_ref().is_some_and(|standing| standing.hash == self.inspected.hash)
    }

    pub fn id(&self) -> &PluginId {
        &self.inspected.descriptor.id
    }
}

impl Plugins {
    /// Whether a file is one of the program's.
    pub(super) fn is_of_program(&self, file: &[u8]) -> bool {
        self.0.program.get().into_iter().flatten().any(|(_, bytes)| **bytes == *file)
    }

    /// What the program brings, by id.
    pub async fn in_program(&self) -> Result<Vec<InProgram>, Fault> {
        let program = self.0.program.get().cloned().unwrap_or_default();
        let read = move || -> Result<Vec<(Inspected, Bytes)>, Fault> {
            program.into_iter().map(|(_, bytes)| Ok((inspect(&bytes)?, bytes))).collect()
        };
        let read = behind(read).await.ok_or_else(Fault::internal)??;
        let installed = self.installed().await?;
        let standing = |id: &PluginId| installed.iter().find(|plugin| plugin.id == *id).cloned();
        let mut all: Vec<InProgram> = read
            .into_iter()
            .map(|(inspected, bytes)| InProgram { standing: standing(&inspected.descriptor.id), inspected, bytes })
            .collect();
        all.sort_by(|one, other| one.id().cmp(other.id()));
        Ok(all)
    }

    /// One of those that the program brings.
    pub async fn one_in_program(&self, plugin: &PluginId) -> Result<InProgram, Fault> {
        let all = self.in_program().await?;
        let names: Vec<String> = all.iter().map(|it| it.id().to_string()).collect();
        all.into_iter().find(|it| it.id() == plugin).ok_or_else(|| {
            let brings = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let unknown = Fault::not_found(format_args!("plugin `{plugin}` in this program"));
            Fault { message: format!("{} It brings {brings}.", unknown.message), ..unknown }
        })
    }

    /// Installs what the program brings and is not in use, with all that it asks for: one, perhaps with what it needs of
    /// the others, or every one. What is needed comes before what needs it; what would not fit is refused before any is
    /// installed.
    pub async fn install_in_program(
        &self,
        only: Option<&PluginId>,
        with_needs: bool,
        by: By,
    ) -> Result<Vec<Arrived>, Fault> {
        let all = self.in_program().await?;
        let mut wanted: BTreeSet<PluginId> = match only {
            Some(plugin) => BTreeSet::from([self.one_in_program(plugin).await?.id().clone()]),
            None => all.iter().map(|it| it.id().clone()).collect(),
        };
        if with_needs {
            wanted = with_what_they_lack(&all, wanted);
        }
        let chosen: Vec<&InProgram> = all.iter().filter(|it| wanted.contains(it.id()) && !it.is_in_use()).collect();
        self.fit_together(&chosen)?;
        let mut arrived = Vec::new();
        for one in in_order(chosen) {
            let granted = one.inspected.descriptor.grants.clone();
            let installed =
                Box::pin(self.install(one.inspected.clone(), one.bytes.to_vec(), granted, by.clone())).await;
            match installed {
                Ok(one) => arrived.push(one),
                Err(fault) if arrived.is_empty() => return Err(fault),
                Err(fault) => {
                    let names: Vec<_> = arrived.iter().map(|it| it.inspected.descriptor.id.as_str()).collect();
                    let message =
                        format!("{} was not installed, after {}: {}", one.id(), names.join(", "), fault.message);
                    return Err(Fault { message, ..fault });
                }
            }
        }
        Ok(arrived)
    }

    /// Whether these would stand beside the others.
    fn fit_together(&self, chosen: &[&InProgram]) -> Result<(), Fault> {
        let current = self.0.registry.current();
        let is_chosen = |id: &PluginId| chosen.iter().any(|it| it.id() == id);
        let others = current.plugins.iter().filter(|(id, _)| !is_chosen(id)).map(|(_, it)| &**it.descriptor());
        let all: Vec<&Descriptor> = others.chain(chosen.iter().map(|it| &it.inspected.descriptor)).collect();
        match fit(all) {
            Err(RegistryFault::Missing(lacking)) => {
                Err(keeping::needed(&lacking, "It needs what is not there; install that first, or with it."))
            }
            _ => Ok(()),
        }
    }
}

/// These, and what they need of the others that is not there in any version.
fn with_what_they_lack(all: &[InProgram], mut wanted: BTreeSet<PluginId>) -> BTreeSet<PluginId> {
    loop {
        let needed = all.iter().filter(|it| wanted.contains(it.id())).flat_map(|it| needs(&it.inspected.descriptor));
        let lacking = |id: &PluginId| all.iter().any(|it| it.id() == id && it.standing.is_none());
        let more: BTreeSet<PluginId> = needed.filter(lacking).collect();
        if more.is_subset(&wanted) {
            return wanted;
        }
        wanted.extend(more);
    }
}

/// What is needed before what needs it. Where they need each other in a circle, as they came.
fn in_order(mut left: Vec<&InProgram>) -> Vec<&InProgram> {
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let ids: BTreeSet<PluginId> = left.iter().map(|it| it.id().clone()).collect();
        let is_ready = |it: &&InProgram| needs(&it.inspected.descriptor).is_disjoint(&ids);
        let (ready, waiting): (Vec<_>, Vec<_>) = left.into_iter().partition(is_ready);
        let stuck = ready.is_empty();
        ordered.extend(ready);
        left = if stuck {
            ordered.extend(waiting);
            Vec::new()
        } else {
            waiting
        };
    }
    ordered
}
