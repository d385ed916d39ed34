//! Which plugins run: what the database says is installed and switched, loaded into the registry. Every change is
//! prepared aside, written in one transaction, and then swapped in; other hosts notice by the registry's version.
//!
//! | module | holds |
//! |---|---|
//! | [`granting`] | what a plugin may do, and what its calls may use |
//! | [`consenting`] | what organizations consent to |
//! | [`asides`] | parts that keep failing, set aside and called again |
//! | [`arriving`] | what the program and the folder beside it bring |
//! | [`program`] | what the program brings, installed by hand |
//! | [`planning`] | what an installation would do, told before it is done |
//! | [`migrating`] | versions that carry records over before they are in use |
//! | [`returning`] | going back to a version that was kept |
//! | [`keeping`] | uninstalling, what is kept, and its purge |
//! | [`figures`] | what they used |

mod arriving;
mod asides;
mod consenting;
pub mod figures;
mod granting;
mod keeping;
pub mod migrating;
mod planning;
mod program;
mod returning;

pub use arriving::{Packed, shipped};
pub use granting::{Asked, tag};
pub use keeping::KeptOf;
pub use planning::Outlook;
pub use program::InProgram;
pub use returning::{Wanted, WayBack};

use crate::customs::form::sentence;
use arriving::Folder;
use bytes::Bytes;
use lignaflow_core::clock::Clock;
use lignaflow_core::descriptor::{Descriptor, Grants};
use lignaflow_core::id::OrganizationId;
use lignaflow_core::name::PluginId;
use lignaflow_core::{ErrorCode, Fault, Issue};
use lignaflow_runtime::{Engine, LoadFault, LoadedPlugin, Registry, RegistryFault, Snapshot, behind, fit, needs};
use lignaflow_store::identity::audit::{self, Event};
use lignaflow_store::plugins::{By, Change, Installed, NewVersion, Registered, Switched};
use lignaflow_store::{SchemaFault, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// How long another host's change may go unnoticed.
pub const FOLLOW: Duration = Duration::from_millis(250);
/// How often a switch is decided anew where other hosts change plugins at the same time.
const SWITCH_ATTEMPTS: u32 = 8;

/// How a version came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrival {
    InProgram,
    InFolder,
    /// Somebody installed what the program brings, as it would: the next program may replace it.
    OfProgram,
    /// Somebody installed it: it is theirs to replace.
    ByHand,
}

/// The plugins of this instance.
#[derive(Clone)]
pub struct Plugins(Arc<Inner>);

struct Inner {
    store: Store,
    engine: Engine,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    /// Changes of this host take turns.
    turn: tokio::sync::Mutex<()>,
    /// The registry's version in the database that the snapshot was made from.
    seen: AtomicI64,
    /// Why a plugin that is installed does not run.
    faults: Mutex<BTreeMap<PluginId, String>>,
    folder: Folder,
    /// What the program brings: the name and the bytes of each file.
    program: OnceLock<Vec<Packed>>,
}

impl std::fmt::Debug for Plugins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugins").finish_non_exhaustive()
    }
}

/// A file that was looked at and not run.
#[derive(Debug, Clone)]
pub struct Inspected {
    pub descriptor: Descriptor,
    pub text: String,
    pub hash: [u8; 32],
    pub size: u64,
}

/// A file that was installed.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub inspected: Inspected,
    /// The version that it carries records over from, which serves until that is done.
    pub carries_from: Option<String>,
}

impl Plugins {
    /// `folder` is where the operator lays plugins, files of at most `most` bytes.
    pub fn new(
        store: Store,
        engine: Engine,
        registry: Arc<Registry>,
        clock: Arc<dyn Clock>,
        (folder, most): (PathBuf, u64),
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            engine,
            registry,
            clock,
            turn: tokio::sync::Mutex::default(),
            seen: AtomicI64::new(0),
            faults: Mutex::default(),
            folder: Folder::new(folder, most),
            program: OnceLock::new(),
        }))
    }

    /// Loads what the database says, and swaps it in. What is loaded already and unchanged is kept.
    pub async fn reload(&self) -> Result<(), Fault> {
        let _turn = self.0.turn.lock().await;
        self.reload_in_turn().await
    }

    async fn reload_in_turn(&self) -> Result<(), Fault> {
        let registered = self.0.store.registered().await.map_err(unavailable)?;
        let current = self.0.registry.current();
        let mut loaded: BTreeMap<PluginId, Arc<LoadedPlugin>> = BTreeMap::new();
        let mut faults = BTreeMap::new();
        let mut widened = Vec::new();
        for installed in registered.plugins.iter().filter(|plugin| plugin.active) {
            let kept =
                current.plugins.get(&installed.id).filter(|plugin| plugin.digest() == hex::encode(installed.hash));
            let plugin = match kept {
                Some(plugin) => {
                    let plugin = plugin.clone();
                    // What was taken back is gone at once; what was added holds once it stands still where nobody has
                    // consented to it.
                    plugin.set_grants(installed.granted.within(&plugin.grants()));
                    widened.push((plugin.clone(), installed.granted.clone()));
                    Ok(plugin)
                }
                None => Box::pin(self.load(installed)).await,
            };
            match plugin {
                Ok(plugin) => {
                    loaded.insert(installed.id.clone(), plugin);
                }
                Err(fault) => {
                    tracing::error!(plugin = %installed.id, %fault, "a plugin could not be loaded");
                    faults.insert(installed.id.clone(), fault.message);
                }
            }
        }
        self.put_aside(&loaded).await?;
        let snapshot = self.compose(&registered, loaded, &mut faults).await?;
        self.0.registry.swap(snapshot);
        for (plugin, granted) in widened {
            plugin.set_grants(granted);
        }
        self.0.seen.store(registered.version, Ordering::SeqCst);
        *self.0.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
        Ok(())
    }

    /// The snapshot of these plugins, with their tables in place. A plugin that does not fit the others, or whose tables
    /// cannot be made, is left out and told of; the rest runs.
    async fn compose(
        &self,
        registered: &Registered,
        mut loaded: BTreeMap<PluginId, Arc<LoadedPlugin>>,
        faults: &mut BTreeMap<PluginId, String>,
    ) -> Result<Snapshot, Fault> {
        loop {
            let empty = Snapshot::default();
            let misfit = match empty.with_plugins(loaded.values().cloned()) {
                Err(fault) => loaded
                    .keys()
                    .find(|id| {
                        let others = loaded.iter().filter(|(other, _)| other != id).map(|(_, plugin)| plugin.clone());
                        empty.with_plugins(others).is_ok()
                    })
                    .or_else(|| loaded.keys().next_back())
                    .map(|id| (id.clone(), fault.to_string())),
                Ok(snapshot) => match self.0.store.apply_schema(&*self.tables_of(&snapshot).await?).await {
                    Ok(_) => return Ok(switched(&snapshot, registered)),
                    Err(fault) => match fault.plugin().filter(|id| loaded.contains_key(*id)).cloned() {
                        Some(id) => Some((id, fault.to_string())),
                        None => return Err(schema_fault(&fault)),
                    },
                },
            };
            let Some((id, why)) = misfit else { return Ok(switched(&empty, registered)) };
            tracing::error!(plugin = %id, why, "a plugin does not fit");
            loaded.remove(&id);
            faults.insert(id, why);
        }
    }

    async fn load(&self, installed: &Installed) -> Result<Arc<LoadedPlugin>, Fault> {
        let bytes = self.0.store.plugin_bytes(&installed.id, &installed.hash).await.map_err(unavailable)?;
        let bytes = bytes.ok_or_else(|| Fault::not_found(format_args!("file of the plugin {}", installed.id)))?;
        // What was taken back of what it asks for is refused at its calls, after a start and on every host as on the one where
        // it was taken back.
        let read = lignaflow_core::descriptor::parse(&installed.descriptor);
        let asked = read.map_err(|_| Fault::new(ErrorCode::PluginFailed, "Its descriptor cannot be read."))?.grants;
        let bounds = installed.granted.bounds.clone();
        let plugin = self.compile(bytes, Grants { bounds, ..asked }).await?;
        plugin.set_grants(installed.granted.clone());
        Ok(plugin)
    }

    /// Loads bytes where waiting for a compiler holds nobody up.
    async fn compile(&self, bytes: Vec<u8>, granted: Grants) -> Result<Arc<LoadedPlugin>, Fault> {
        let engine = self.0.engine.clone();
        let usual = engine.allowance().clone();
        behind(move || engine.load(&bytes, &granted, &usual))
            .await
            .ok_or_else(Fault::internal)?
            .map_err(|fault| load_fault(&fault))
    }

    /// Installs a file, or makes it the version in use, with these grants. Everything is tried before anything changes.
    /// A version that carries records over is in use when that is done.
    pub async fn install(
        &self,
        inspected: Inspected,
        bytes: Vec<u8>,
        granted: Grants,
        by: By,
    ) -> Result<Arrived, Fault> {
        let as_it_comes = granted == inspected.descriptor.grants && self.is_of_program(&bytes);
        let arrival = if as_it_comes { Arrival::OfProgram } else { Arrival::ByHand };
        let carries_from = Box::pin(self.put(inspected.clone(), bytes, granted, arrival, by)).await?;
        self.reload().await?;
        Ok(Arrived { inspected, carries_from })
    }

    /// The version that it carries records over from, where it is not in use yet.
    async fn put(
        &self,
        inspected: Inspected,
        bytes: Vec<u8>,
        granted: Grants,
        arrival: Arrival,
        by: By,
    ) -> Result<Option<String>, Fault> {
        // What does not fit is not compiled. And that takes long: whoever revokes or switches meanwhile does not wait for it.
        if !self.is_fitting(&inspected.descriptor) {
            Box::pin(self.outlook(inspected.clone())).await?.fits()?;
        }
        Box::pin(self.compile(bytes.clone(), granted.clone())).await?;
        let _turn = self.0.turn.lock().await;
        let id = inspected.descriptor.id.clone();
        let outlook = Box::pin(self.outlook(inspected.clone())).await?;
        outlook.fits()?;
        let version = NewVersion {
            plugin: id,
            version: inspected.descriptor.version.clone(),
            title: inspected.descriptor.title.clone(),
            hash: inspected.hash,
            descriptor: inspected.text,
            bytes,
            granted,
            is_consented: matches!(arrival, Arrival::ByHand | Arrival::OfProgram),
            enabled_by_default: arrival == Arrival::InProgram,
            brought: arrival != Arrival::ByHand,
        };
        match outlook.carries_from {
            Some(from) => {
                let before = (from.hash, from.version.clone());
                self.0.store.begin_migration(version, before, outlook.to_carry, by).await.map_err(unavailable)?;
                Ok(Some(from.version))
            }
            None => self.0.store.install_plugin(version, by).await.map(|()| None).map_err(unavailable),
        }
    }

    /// Switches a plugin for an organization.
    pub async fn switch(&self, organization: OrganizationId, plugin: &PluginId, on: bool, by: By) -> Result<(), Fault> {
        if on {
            self.is_consented(organization, plugin).await?;
        }
        self.switching(organization, plugin, on, by, |current| {
            // What it needs, or what needs it, is told before anything changes.
            current.with_enabled(organization, plugin, on)?;
            Ok(vec![plugin.clone()])
        })
        .await
        .map(|_| ())
    }

    /// Switches a plugin on for an organization, and before it whatever it needs that is off: all of it or nothing. What
    /// was switched on, in that order.
    pub async fn switch_on_with_needs(
        &self,
        organization: OrganizationId,
        plugin: &PluginId,
        by: By,
    ) -> Result<Vec<PluginId>, Fault> {
        self.is_consented(organization, plugin).await?;
        self.switching(organization, plugin, true, by, |current| current.to_switch_on(organization, plugin)).await
    }

    /// What waits for an owner's consent is on already, as far as switching goes.
    async fn is_consented(&self, organization: OrganizationId, plugin: &PluginId) -> Result<(), Fault> {
        if self.waiting(organization).await?.contains_key(plugin) {
            let message = "It waits for an owner's consent to what it newly may. Until then it stands still here.";
            return Err(Fault::new(ErrorCode::Conflict, message));
        }
        Ok(())
    }

    /// Switches what is decided on the registry as it stands in the database, which another host may have changed a moment
    /// ago. Decided again where it changes meanwhile.
    async fn switching(
        &self,
        organization: OrganizationId,
        plugin: &PluginId,
        on: bool,
        by: By,
        decide: impl Fn(&Snapshot) -> Result<Vec<PluginId>, RegistryFault>,
    ) -> Result<Vec<PluginId>, Fault> {
        for _ in 0..SWITCH_ATTEMPTS {
            let (version, current) = self.as_it_stands().await?;
            let chosen = decide(&current).map_err(|fault| match fault {
                RegistryFault::Unknown(id) if id == *plugin => Fault::not_found(format_args!("plugin `{id}`")),
                fault => Fault::new(ErrorCode::Conflict, format!("{fault}.")),
            })?;
            let switched = self.0.store.switch_plugins(organization, chosen.clone(), on, version, by.clone()).await;
            match switched.map_err(unavailable)? {
                Switched::Done => return self.reload().await.map(|()| chosen),
                Switched::Unknown => {
                    return Err(Fault::new(
                        ErrorCode::Conflict,
                        "A plugin was taken away meanwhile. Nothing was switched.",
                    ));
                }
                Switched::Changed => {}
            }
        }
        Err(Fault::new(ErrorCode::Conflict, "The plugins keep changing. Nothing was switched; try again."))
    }

    /// The registry with the version that it is of, loaded again where the database has a later one.
    async fn as_it_stands(&self) -> Result<(i64, Arc<Snapshot>), Fault> {
        if self.0.store.registry_version().await.map_err(unavailable)? != self.0.seen.load(Ordering::SeqCst) {
            self.catch_up().await?;
        }
        // Swapped before it is seen: a registry read after the number is of that number or later, never earlier.
        Ok((self.0.seen.load(Ordering::SeqCst), self.0.registry.current()))
    }

    /// Loads what another host, or a command beside this one, has changed.
    async fn catch_up(&self) -> Result<(), Fault> {
        // Whoever changed plugins may have changed tables, and on SQLite it was another program.
        self.0.store.forget_kept();
        self.reload().await
    }

    /// What is installed, by id.
    pub async fn installed(&self) -> Result<Vec<Installed>, Fault> {
        self.0.store.plugins().await.map_err(unavailable)
    }

    /// What was done to plugins, for an organization and for the instance, the latest first.
    pub async fn happenings(&self, organization: OrganizationId, limit: u32) -> Result<Vec<Event>, Fault> {
        let database = self.0.store.database();
        let mut events = audit::latest(database, Some(organization), 200).await.map_err(unavailable)?;
        events.extend(audit::latest(database, None, 200).await.map_err(unavailable)?);
        events.retain(|event| event.kind.starts_with("plugin."));
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(events)
    }

    /// Has a plugin run or not, whatever organizations chose. One that others need, or that needs what does not run, is
    /// left as it is.
    pub async fn activate(&self, plugin: &PluginId, active: bool, by: By) -> Result<(), Fault> {
        {
            let _turn = self.0.turn.lock().await;
            let unknown = || Fault::not_found(format_args!("plugin `{plugin}`"));
            let standing = self.0.store.plugin(plugin).await.map_err(unavailable)?.ok_or_else(unknown)?;
            let current = self.0.registry.current();
            let others = current.plugins.iter().filter(|(id, _)| *id != plugin).map(|(_, it)| &**it.descriptor());
            if active {
                let read = lignaflow_core::descriptor::parse(&standing.descriptor);
                let own = read.map_err(|_| Fault::new(ErrorCode::PluginFailed, "Its descriptor cannot be read."))?;
                if let Err(RegistryFault::Missing(lacking)) = fit(others.chain([&own])) {
                    return Err(keeping::needed(&lacking, "It needs what does not run; have that run first."));
                }
            } else if let Err(RegistryFault::Missing(lacking)) = fit(others) {
                return Err(keeping::needed(&lacking, "Other plugins need it; stop them first."));
            }
            let change = Change::Active(active);
            if !self.0.store.change_plugin(plugin.clone(), change, by).await.map_err(unavailable)? {
                return Err(unknown());
            }
        }
        self.reload().await
    }

    /// Why an installed plugin does not run.
    pub fn fault(&self, plugin: &PluginId) -> Option<String> {
        self.0.faults.lock().unwrap_or_else(PoisonError::into_inner).get(plugin).cloned()
    }

    /// Loads again whenever another host, or a command beside this one, has changed something. Until stopped.
    pub async fn follow(self, stopped: impl Future<Output = ()> + Send) {
        let mut kept = tokio::time::Instant::now();
        let mut ticks = tokio::time::interval(FOLLOW);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                () = &mut stopped => return,
                _ = ticks.tick() => {}
            }
            self.look_into_folder().await;
            self.keep_trips().await;
            if kept.elapsed() >= figures::KEEP {
                kept = tokio::time::Instant::now();
                if let Err(fault) = self.keep_figures().await {
                    tracing::debug!(%fault, "what plugins used is kept later");
                }
            }
            match self.0.store.registry_version().await {
                Ok(version) if version != self.0.seen.load(Ordering::SeqCst) => {
                    if let Err(fault) = self.catch_up().await {
                        tracing::error!(%fault, "the plugins could not be loaded again");
                    }
                }
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "the registry's version could not be read"),
            }
        }
    }

    /// Keeps a file until somebody consents to what it asks for.
    pub async fn wait_for_consent(&self, hash: [u8; 32], bytes: &Bytes, by: By) -> Result<(), Fault> {
        self.0.store.keep_upload(hash, bytes.to_vec(), by).await.map_err(unavailable)
    }

    /// The file that was consented to, if it still waits.
    pub async fn consented(&self, hash: &[u8; 32]) -> Result<Option<Bytes>, Fault> {
        let taken = self.0.store.take_upload(hash, self.0.clock.now()).await.map_err(unavailable)?;
        Ok(taken.map(Bytes::from))
    }
}

/// What each organization has on: what the database says, of what is loaded.
fn switched(snapshot: &Snapshot, registered: &Registered) -> Snapshot {
    let on = |organization| -> BTreeSet<PluginId> {
        let chosen = snapshot.plugins.keys().filter(|id| registered.is_enabled(organization, id)).cloned().collect();
        with_what_they_need(snapshot, chosen)
    };
    let organizations: BTreeSet<OrganizationId> =
        registered.switches.iter().map(|switch| switch.organization).collect();
    let enabled = organizations.into_iter().map(|organization| (organization, on(organization))).collect();
    let defaults = registered
        .plugins
        .iter()
        .filter(|plugin| plugin.active && plugin.enabled_by_default && snapshot.plugins.contains_key(&plugin.id))
        .map(|plugin| plugin.id.clone())
        .collect();
    snapshot.with_switches(enabled, defaults)
}

/// Those of them that have what they need among them: what needs one that waits for consent stands still with it.
fn with_what_they_need(snapshot: &Snapshot, mut chosen: BTreeSet<PluginId>) -> BTreeSet<PluginId> {
    loop {
        let lacks = |id: &PluginId| {
            snapshot.plugins.get(id).is_some_and(|plugin| !needs(plugin.descriptor()).is_subset(&chosen))
        };
        let lacking: Vec<PluginId> = chosen.iter().filter(|id| lacks(id)).cloned().collect();
        if lacking.is_empty() {
            return chosen;
        }
        chosen.retain(|id| !lacking.contains(id));
    }
}

/// Reads what a file is, without running it.
pub fn inspect(bytes: &[u8]) -> Result<Inspected, Fault> {
    let read = lignaflow_runtime::inspect(bytes).map_err(|fault| load_fault(&fault))?;
    Ok(Inspected {
        size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        hash: read.hash,
        text: read.text,
        descriptor: read.descriptor,
    })
}

/// The same of a file that comes from outside: whoever sends it holds nobody up.
pub async fn look_into(file: Bytes) -> Result<Inspected, Fault> {
    behind(move || inspect(&file)).await.ok_or_else(Fault::internal)?
}

fn load_fault(fault: &LoadFault) -> Fault {
    let issues = match fault {
        LoadFault::NotGranted(missing) => {
            missing.iter().map(|grant| Issue::new("/grants", "not-granted", format!("It needs `{grant}`."))).collect()
        }
        LoadFault::Descriptor(faults) => {
            faults.iter().map(|fault| Issue::new("/plugin.toml", "descriptor", fault.to_string())).collect()
        }
        _ => Vec::new(),
    };
    let mut message = sentence(&fault.to_string());
    if matches!(fault, LoadFault::NotGranted(_)) {
        message.push_str(
            " It is installed with all that it asks for, or not at all; what is granted can be taken back later.",
        );
    }
    Fault { code: ErrorCode::Invalid, message, issues }
}

/// Every conflict is an issue of its own, with some of the records that stand in the way.
fn schema_fault(fault: &SchemaFault) -> Fault {
    let SchemaFault::Refused(conflicts) = fault else { return Fault::new(ErrorCode::Conflict, fault.to_string()) };
    let mut told = Fault::new(ErrorCode::Conflict, "It does not fit the records that are there. Nothing was changed.");
    told.issues.extend(conflicts.iter().map(|conflict| {
        let name = &conflict.collection;
        let field = if conflict.field.is_empty() { String::new() } else { format!("/{}", conflict.field) };
        let mut message = conflict.to_string();
        if !conflict.examples.is_empty() {
            let ids: Vec<_> = conflict.examples.iter().map(ToString::to_string).collect();
            message = format!("{message} (such as {})", ids.join(", "));
        }
        Issue::new(format!("/{}/{}{field}", name.plugin, name.local), "would-lose", message)
    }));
    told
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn unavailable(error: lignaflow_store::StoreError) -> Fault {
    tracing::error!(%error, "the plugins' tables could not be used");
    Fault::new(
        ErrorCode::Unavailable,
        "The database cannot be reached just now. Nothing was changed; try again shortly.",
    )
}
