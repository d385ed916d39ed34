//! All loaded plugins, and which organization has which of them on: one atomic pointer. A change is built aside and
//! swapped in whole; calls under way finish on what they began with.

use crate::fitting::{fit, needs};
use crate::plugin::LoadedPlugin;
use arc_swap::ArcSwap;
use lignaflow_core::caller::Caller;
use lignaflow_core::catalog::Catalog;
use lignaflow_core::custom::CustomField;
use lignaflow_core::descriptor::Descriptor;
use lignaflow_core::id::OrganizationId;
use lignaflow_core::name::PluginId;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// Why the registry does not change as asked. Everything that stands in the way is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryFault {
    #[error("there is no plugin `{0}`")]
    Unknown(PluginId),
    /// Collections and services of other plugins that are asked for and not there.
    #[error("other plugins' parts are missing: {}", .0.join(", "))]
    Missing(Vec<String>),
    /// Plugins that call each other's services, each the next and the last the first.
    #[error("services call each other in a circle: {}", circle(.0))]
    Circle(Vec<PluginId>),
    #[error("`{plugin}` needs {} switched on first", named(.needs))]
    NeedsOn { plugin: PluginId, needs: Vec<PluginId> },
    #[error("`{plugin}` is needed by {}, which must be switched off first", named(.by))]
    NeededOn { plugin: PluginId, by: Vec<PluginId> },
    /// A version that needs more than the version before, where organizations have the one on and not the other.
    #[error("`{plugin}` now needs {}, which {organizations} of its organizations do not have on", named(.needs))]
    NeedsMore { plugin: PluginId, needs: Vec<PluginId>, organizations: usize },
}

fn named(plugins: &[PluginId]) -> String {
    plugins.iter().map(|plugin| format!("`{plugin}`")).collect::<Vec<_>>().join(", ")
}

fn circle(plugins: &[PluginId]) -> String {
    let around = plugins.iter().chain(plugins.first());
    around.map(|plugin| format!("`{plugin}`")).collect::<Vec<_>>().join(" → ")
}

/// The plugins as they stand at one moment. Never changed.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub plugins: Arc<BTreeMap<PluginId, Arc<LoadedPlugin>>>,
    pub catalog: Arc<Catalog>,
    /// What organizations have on that switched something.
    pub enabled: Arc<HashMap<OrganizationId, BTreeSet<PluginId>>>,
    /// What all others have on.
    pub defaults: Arc<BTreeSet<PluginId>>,
    /// One more with each change.
    pub generation: u64,
}

impl Snapshot {
    pub fn plugin(&self, id: &PluginId) -> Option<&Arc<LoadedPlugin>> {
        self.plugins.get(id)
    }

    /// The same with the catalog as a caller sees it: without the fields that they may not read. Writes are planned on
    /// the whole.
    #[must_use]
    pub fn seen_by(self: &Arc<Self>, caller: &Caller) -> Arc<Self> {
        let catalog = self.catalog.seen_by(caller);
        if Arc::ptr_eq(&catalog, &self.catalog) {
            return Arc::clone(self);
        }
        Arc::new(Self { catalog, ..(**self).clone() })
    }

    /// Whether it is loaded and the organization has it on.
    pub fn is_enabled(&self, organization: OrganizationId, plugin: &PluginId) -> bool {
        self.plugins.contains_key(plugin) && self.on(organization).contains(plugin)
    }

    fn on(&self, organization: OrganizationId) -> &BTreeSet<PluginId> {
        self.enabled.get(&organization).unwrap_or(&self.defaults)
    }

    /// The plugins that an organization has on, in the order of their ids.
    pub fn enabled_in(&self, organization: OrganizationId) -> impl Iterator<Item = &Arc<LoadedPlugin>> {
        self.on(organization).iter().filter_map(|plugin| self.plugins.get(plugin))
    }

    /// With a plugin more, or another version of one.
    pub fn with_plugin(&self, plugin: Arc<LoadedPlugin>) -> Result<Self, RegistryFault> {
        self.with_plugins([plugin])
    }

    /// The same for several at once, which may then refer to each other in any order.
    pub fn with_plugins(&self, plugins: impl IntoIterator<Item = Arc<LoadedPlugin>>) -> Result<Self, RegistryFault> {
        let mut all = BTreeMap::clone(&self.plugins);
        let mut changed = Vec::new();
        for plugin in plugins {
            changed.push(plugin.id().clone());
            all.insert(plugin.id().clone(), plugin);
        }
        let next = Self { catalog: catalog(&all)?, plugins: Arc::new(all), ..self.next() };
        for plugin in changed.iter().filter_map(|id| next.plugins.get(id)) {
            next.has_on_what_it_needs(plugin.descriptor())?;
        }
        Ok(next)
    }

    /// Without a plugin, in every organization.
    pub fn without_plugin(&self, id: &PluginId) -> Result<Self, RegistryFault> {
        let mut plugins = BTreeMap::clone(&self.plugins);
        plugins.remove(id).ok_or_else(|| RegistryFault::Unknown(id.clone()))?;
        let mut next = Self { catalog: catalog(&plugins)?, plugins: Arc::new(plugins), ..self.next() };
        let defaults = Arc::make_mut(&mut next.defaults);
        for enabled in Arc::make_mut(&mut next.enabled).values_mut().chain([defaults]) {
            enabled.remove(id);
        }
        Ok(next)
    }

    /// With what organizations have on, and what those have that switched nothing.
    #[must_use]
    pub fn with_switches(
        &self,
        enabled: HashMap<OrganizationId, BTreeSet<PluginId>>,
        defaults: BTreeSet<PluginId>,
    ) -> Self {
        Self { enabled: Arc::new(enabled), defaults: Arc::new(defaults), ..self.next() }
    }

    /// With a plugin switched on or off for one organization. What it needs is on before it, and goes off after it.
    pub fn with_enabled(
        &self,
        organization: OrganizationId,
        plugin: &PluginId,
        on: bool,
    ) -> Result<Self, RegistryFault> {
        let loaded = self.plugins.get(plugin).ok_or_else(|| RegistryFault::Unknown(plugin.clone()))?;
        let mut next = self.next();
        let enabled =
            Arc::make_mut(&mut next.enabled).entry(organization).or_insert_with(|| BTreeSet::clone(&self.defaults));
        if on {
            let needs: Vec<_> = needs(loaded.descriptor()).into_iter().filter(|id| !enabled.contains(id)).collect();
            if !needs.is_empty() {
                return Err(RegistryFault::NeedsOn { plugin: plugin.clone(), needs });
            }
            enabled.insert(plugin.clone());
        } else {
            let by: Vec<_> = self
                .enabled_in(organization)
                .filter(|other| other.id() != plugin && needs(other.descriptor()).contains(plugin))
                .map(|other| other.id().clone())
                .collect();
            if !by.is_empty() {
                return Err(RegistryFault::NeededOn { plugin: plugin.clone(), by });
            }
            enabled.remove(plugin);
        }
        Ok(next)
    }

    /// What is off in an organization and has to be on before a plugin is, what others need first, and itself last.
    pub fn to_switch_on(
        &self,
        organization: OrganizationId,
        plugin: &PluginId,
    ) -> Result<Vec<PluginId>, RegistryFault> {
        let on = self.on(organization);
        let mut order: Vec<PluginId> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut way = vec![(plugin.clone(), false)];
        while let Some((id, is_met)) = way.pop() {
            if is_met {
                order.push(id);
                continue;
            }
            if on.contains(&id) || !seen.insert(id.clone()) {
                continue;
            }
            let loaded = self.plugins.get(&id).ok_or_else(|| RegistryFault::Unknown(id.clone()))?;
            way.push((id, true));
            way.extend(needs(loaded.descriptor()).into_iter().map(|id| (id, false)));
        }
        Ok(order)
    }

    fn next(&self) -> Self {
        Self { generation: self.generation + 1, ..self.clone() }
    }

    /// Whether the organizations that have a plugin on have what this version of it needs.
    pub fn has_on_what_it_needs(&self, descriptor: &Descriptor) -> Result<(), RegistryFault> {
        let id = &descriptor.id;
        let wanted = needs(descriptor);
        let mut lacking = BTreeSet::new();
        let mut organizations = 0;
        for enabled in self.enabled.values().chain([&*self.defaults]).filter(|enabled| enabled.contains(id)) {
            let lacks: Vec<_> = wanted.difference(enabled).cloned().collect();
            organizations += usize::from(!lacks.is_empty());
            lacking.extend(lacks);
        }
        if lacking.is_empty() {
            return Ok(());
        }
        Err(RegistryFault::NeedsMore { plugin: id.clone(), needs: lacking.into_iter().collect(), organizations })
    }
}

/// The collections of all plugins, where each that one asks of another is there.
fn catalog(plugins: &BTreeMap<PluginId, Arc<LoadedPlugin>>) -> Result<Arc<Catalog>, RegistryFault> {
    fit(plugins.values().map(|plugin| &**plugin.descriptor())).map(Arc::new)
}

/// The fields that organizations added, of those that did.
pub type Customs = HashMap<OrganizationId, Arc<[CustomField]>>;

/// The one pointer to the snapshot that new requests begin with, and beside it what organizations added to it.
#[derive(Debug, Default)]
pub struct Registry {
    current: ArcSwap<Snapshot>,
    customs: ArcSwap<Customs>,
    /// Snapshots of organizations that added fields, as they were last asked for.
    own: Mutex<HashMap<OrganizationId, Own>>,
}

/// A snapshot with the fields of an organization, and what it was made of.
#[derive(Debug)]
struct Own {
    from: Arc<Snapshot>,
    fields: Arc<[CustomField]>,
    snapshot: Arc<Snapshot>,
}

/// Organizations whose snapshots are kept. Of more, some are made anew, which takes no question to the database.
const MAX_OWN: usize = 1024;

impl Registry {
    pub fn new(snapshot: Snapshot) -> Self {
        Self { current: ArcSwap::from_pointee(snapshot), ..Self::default() }
    }

    pub fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// The snapshot with the fields that an organization added.
    pub fn current_of(&self, organization: OrganizationId) -> Arc<Snapshot> {
        let current = self.current();
        let customs = self.customs.load();
        let Some(fields) = customs.get(&organization) else { return current };
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = own.get(&organization)
            && Arc::ptr_eq(&known.from, &current)
            && Arc::ptr_eq(&known.fields, fields)
        {
            return Arc::clone(&known.snapshot);
        }
        let catalog = Arc::new(current.catalog.with_customs(fields));
        let snapshot = Arc::new(Snapshot { catalog, ..(*current).clone() });
        if own.len() >= MAX_OWN {
            own.clear();
        }
        let made = Own { from: current, fields: Arc::clone(fields), snapshot: Arc::clone(&snapshot) };
        own.insert(organization, made);
        snapshot
    }

    /// The snapshot as a caller sees it: with the fields of their organization, and without those that they may not
    /// read.
    pub fn seen_by(&self, caller: &Caller) -> Arc<Snapshot> {
        self.current_of(caller.organization).seen_by(caller)
    }

    /// Puts the next snapshot in place. Whoever builds snapshots takes turns: the last one to swap wins.
    pub fn swap(&self, next: Snapshot) -> Arc<Snapshot> {
        self.current.swap(Arc::new(next))
    }

    /// The fields of all organizations as they are known here.
    pub fn customs(&self) -> Arc<Customs> {
        self.customs.load_full()
    }

    /// Puts the fields of organizations in place. Whoever reads them anew takes turns.
    pub fn swap_customs(&self, next: Customs) {
        self.own
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|organization, _| next.contains_key(organization));
        self.customs.store(Arc::new(next));
    }
}
