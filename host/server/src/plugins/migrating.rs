//! Versions that carry records over before they are in use.
//!
//! The version before serves until every record of every organization was handed to the next one and what came of it was
//! written, each portion together with the place that it has come to; what somebody changes meanwhile is found by the
//! change log, and handed over again. Then the next version takes over, and what came in last follows. Where it fails,
//! the version before stays, and why is told; installed again, the same file goes on where it stood.

use super::{FOLLOW, Inspected, Plugins, inspect, schema_fault, unavailable};
use crate::background::{Duty, Round};
use lignaflow_core::caller::{Access, Caller, Permission, Principal};
use lignaflow_core::catalog::{Catalog, Schema};
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::{Descriptor, parse};
use lignaflow_core::id::{Id, OrganizationId, RequestId};
use lignaflow_core::mutation::Origin;
use lignaflow_core::name::{CollectionName, PluginId};
use lignaflow_core::record::Record;
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_records::{Carried, Carrying, Records};
use lignaflow_runtime::Snapshot;
use lignaflow_store::identity::organizations::{self, Organization};
use lignaflow_store::plugins::{DataMigration, Installed, Phase, Step};
use lignaflow_store::{Lease, LogPosition, SchemaFault};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One host goes on with what is under way.
pub const DUTY: Duty = Duty { name: "data migrations", every: FOLLOW };

/// How long after the next version took over calls of the one before may still commit: other hosts notice the change
/// well within, and what they had begun ends.
const SETTLED: Duration = Duration::from_secs(2);
/// How often what came in meanwhile is carried over before what the next version asks for must hold of all records.
const PASSES: usize = 8;
/// Entries of the change log that are looked at together.
const ENTRIES: u16 = 500;

/// The version that a file carries records over from.
#[derive(Debug, Clone)]
pub struct CarriesFrom {
    pub hash: [u8; 32],
    pub version: String,
    pub descriptor: Descriptor,
}

/// Where a migration goes on in an organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Place {
    /// Of the collections that are carried over, by position; with none left, what was changed since then follows.
    collection: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Id>,
    /// A position in the change log: up to there, what was changed was carried over or still comes.
    since: String,
}

impl Place {
    fn text(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(|_| Fault::internal())
    }
}

/// Everything that a pass works with.
struct Work<'a> {
    migration: &'a DataMigration,
    lease: &'a Lease,
    records: &'a Records,
    /// What runs, with the next version in the place of the one before.
    snapshot: Arc<Snapshot>,
    /// The collections that are carried over, as they hold what either version declares.
    schemas: Vec<Arc<Schema>>,
    portion: u16,
    tables: Catalog,
}

/// What a pass came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// This many records were handed over.
    Through(u64),
    Elsewhere,
}

impl Plugins {
    /// What a file carries records over from: the version in use, where its descriptor says so.
    pub(super) async fn carries_from(
        &self,
        descriptor: &Descriptor,
        hash: &[u8; 32],
        standing: Option<&Installed>,
    ) -> Result<Option<CarriesFrom>, Fault> {
        let (Some(migration), Some(standing)) = (&descriptor.migration, standing) else { return Ok(None) };
        if standing.hash == *hash || !migration.covers(&standing.version) {
            return Ok(None);
        }
        // Sweeping, the version in use is the one that others were carried over to.
        if self.migration(&descriptor.id).await?.is_some_and(|latest| latest.phase == Phase::Sweeping) {
            let message =
                "Records are being carried over to the version in use; install the next one when that is done.";
            return Err(Fault::new(ErrorCode::Conflict, message));
        }
        let before = parse(&standing.descriptor).map_err(|_| Fault::internal())?;
        Ok(Some(CarriesFrom { hash: standing.hash, version: standing.version.clone(), descriptor: before }))
    }

    /// The latest migration of a plugin.
    pub async fn migration(&self, plugin: &PluginId) -> Result<Option<DataMigration>, Fault> {
        Ok(self.migrations().await?.into_iter().find(|migration| migration.plugin == *plugin))
    }

    /// The latest migration of each plugin that had one.
    pub async fn migrations(&self) -> Result<Vec<DataMigration>, Fault> {
        self.0.store.data_migrations().await.map_err(unavailable)
    }

    /// How many records there are to be carried over.
    pub(super) async fn to_carry(&self, inspected: &Inspected, tables: &Catalog) -> Result<u64, Fault> {
        let names = inspected.descriptor.migration.iter().flat_map(|migration| &migration.collections);
        let names = names.map(|name| CollectionName::new(&inspected.descriptor.id, name));
        let names = names.filter(|name| tables.schema(name).is_some());
        self.0.store.rows_of(&names.collect::<Vec<_>>()).await.map_err(unavailable)
    }

    /// What the tables are to hold: what the plugins of a snapshot declare, and beside one that records are carried over
    /// from what the next version declares.
    pub(super) async fn tables_of(&self, snapshot: &Snapshot) -> Result<Arc<Catalog>, Fault> {
        let mut beside: HashMap<PluginId, Descriptor> = HashMap::new();
        for migration in self.migrations().await?.iter().filter(|it| it.phase == Phase::Copying) {
            let Some(plugin) = snapshot.plugins.get(&migration.plugin) else { continue };
            if let Some(next) = self.version(&migration.plugin, &migration.hash).await? {
                beside.insert(migration.plugin.clone(), next.beside(plugin.descriptor()));
            }
        }
        if beside.is_empty() {
            return Ok(snapshot.catalog.clone());
        }
        let all = snapshot.plugins.iter().map(|(id, plugin)| beside.get(id).unwrap_or(plugin.descriptor()));
        // Where the next version does not fit any more, its migration is told so; the others run on.
        Ok(Catalog::new(all).map_or_else(|_| snapshot.catalog.clone(), Arc::new))
    }

    async fn version(&self, plugin: &PluginId, hash: &[u8; 32]) -> Result<Option<Descriptor>, Fault> {
        let versions = self.0.store.plugin_versions(plugin).await.map_err(unavailable)?;
        let found = versions.into_iter().find(|version| version.hash == *hash);
        Ok(found.and_then(|version| parse(&version.descriptor).ok()))
    }

    /// One round of the duty: everything that is under way, to its end.
    pub async fn carry_over(self, records: Records, lease: Lease) -> Result<Round, Fault> {
        for migration in self.migrations().await?.into_iter().filter(|migration| migration.phase.is_open()) {
            let plugin = &migration.plugin;
            let mut phase = migration.phase;
            match self.carry(&records, &migration, &mut phase, &lease).await {
                Ok(true) => self.end(&migration, Phase::Done, None, &lease).await?,
                Ok(false) => {}
                // Nothing is wrong with the plugin: it is tried again by and by.
                Err(fault) if fault.code.is_for_now() => {
                    tracing::warn!(%plugin, %fault, "a migration waits");
                }
                Err(fault) => {
                    let told = told(&fault);
                    tracing::error!(%plugin, fault = told, "a migration failed");
                    let ended = if phase == Phase::Sweeping { Phase::Done } else { Phase::Failed };
                    self.end(&migration, ended, Some(told), &lease).await?;
                    self.reload().await?;
                }
            }
        }
        Ok(Round::Done)
    }

    async fn end(
        &self,
        migration: &DataMigration,
        phase: Phase,
        fault: Option<String>,
        lease: &Lease,
    ) -> Result<(), Fault> {
        let ended = self.0.store.end_migration(migration, phase, fault, lease.clone(), self.0.clock.now());
        ended.await.map_err(unavailable)
    }

    /// Goes on with a migration from where it stands; whether it has come to its end here.
    async fn carry(
        &self,
        records: &Records,
        migration: &DataMigration,
        phase: &mut Phase,
        lease: &Lease,
    ) -> Result<bool, Fault> {
        let plugin = &migration.plugin;
        let bytes = self.0.store.plugin_bytes(plugin, &migration.hash).await.map_err(unavailable)?;
        let bytes = bytes.ok_or_else(|| Fault::not_found(format_args!("file of the plugin {plugin}")))?;
        let next = inspect(&bytes)?.descriptor;
        let loaded = self.compile(bytes, migration.granted.clone()).await?;
        if !self.is_of_one().await? {
            // No owner has consented yet to what it newly may: it carries records over with what the one before could.
            let versions = self.0.store.plugin_versions(plugin).await.map_err(unavailable)?;
            if let Some(from) = versions.iter().find(|version| version.hash == migration.from_hash) {
                loaded.set_grants(migration.granted.within(&from.granted));
            }
        }
        let before = self.version(plugin, &migration.from_hash).await?.unwrap_or_else(|| next.clone());
        let work = || -> Result<Work<'_>, Fault> {
            let current = self.0.registry.current();
            // Also where it is off: its records are there all the same.
            let everywhere = current.plugins.keys().chain([plugin]).cloned().collect();
            let snapshot = current.with_switches(HashMap::new(), everywhere).with_plugin(loaded.clone());
            let snapshot = snapshot.map_err(|fault| Fault::new(ErrorCode::Conflict, fault.to_string()))?;
            let beside = next.beside(&before);
            let others = snapshot.plugins.iter().filter(|(id, _)| *id != plugin).map(|(_, it)| &**it.descriptor());
            let tables = Catalog::new(others.chain([&beside]));
            let tables = tables.map_err(|missing| Fault::new(ErrorCode::Conflict, missing.join(", ")))?;
            let asked = next.migration.as_ref().ok_or_else(Fault::internal)?;
            let names = asked.collections.iter().filter(|name| before.collection(name.as_str()).is_some());
            let schemas = names.filter_map(|name| tables.schema(&CollectionName::new(plugin, name)).cloned());
            Ok(Work {
                migration,
                lease,
                records,
                schemas: schemas.collect(),
                portion: asked.portion(),
                snapshot: Arc::new(snapshot),
                tables,
            })
        };
        if *phase == Phase::Copying {
            let mut passes = 0;
            loop {
                // Other plugins may have come and gone meanwhile.
                let work = work()?;
                self.0.store.apply_schema(&work.tables).await.map_err(|fault| schema_fault(&fault))?;
                passes += 1;
                match self.pass(&work).await? {
                    Pass::Elsewhere => return Ok(false),
                    Pass::Through(records) if records > 0 && passes < PASSES => continue,
                    Pass::Through(_) => {}
                }
                match self.0.store.apply_schema(&work.snapshot.catalog).await {
                    Ok(_) => break,
                    // What came in meanwhile lacks what the next version asks for.
                    Err(SchemaFault::Refused(_)) if passes < PASSES => {}
                    Err(fault) => return Err(schema_fault(&fault)),
                }
            }
            let switched = self.0.store.switch_migrated(migration, lease.clone(), self.0.clock.now());
            if !switched.await.map_err(unavailable)? {
                return Ok(false);
            }
            *phase = Phase::Sweeping;
            self.reload().await?;
        }
        self.sweep(work, migration).await
    }

    /// Carries over what the version before has written last.
    async fn sweep<'a>(
        &self,
        work: impl Fn() -> Result<Work<'a>, Fault> + Send + Sync,
        migration: &DataMigration,
    ) -> Result<bool, Fault> {
        let begun = Instant::now();
        loop {
            // Asked before, so that the pass sees what was not settled until then.
            let settled = begun.elapsed() >= SETTLED && !self.unsettled().await?;
            let work = work()?;
            match self.pass(&work).await? {
                Pass::Elsewhere => return Ok(false),
                Pass::Through(records) if settled && records == 0 => break,
                Pass::Through(_) => tokio::time::sleep(FOLLOW).await,
            }
        }
        if self.fault(&migration.plugin).is_some() {
            self.reload().await?;
        }
        Ok(true)
    }

    /// Whether some organization's log has entries that cannot be read yet.
    async fn unsettled(&self) -> Result<bool, Fault> {
        for organization in organizations::all(self.0.store.database()).await.map_err(unavailable)? {
            let horizon = self.0.store.log_horizon(Access::of_plugin(organization.id)).await;
            if horizon.map_err(unavailable)?.unsettled {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Every organization, from the place that it has come to up to now.
    async fn pass(&self, work: &Work<'_>) -> Result<Pass, Fault> {
        let all = organizations::all(self.0.store.database()).await.map_err(unavailable)?;
        let all: BTreeMap<OrganizationId, Organization> = all.into_iter().map(|it| (it.id, it)).collect();
        let mut handed = 0;
        for place in self.0.store.migration_places(&work.migration.plugin).await.map_err(unavailable)? {
            let Some(organization) = all.get(&place.organization) else { continue };
            match self.organization(work, organization, place.place).await? {
                Pass::Through(records) => handed += records,
                Pass::Elsewhere => return Ok(Pass::Elsewhere),
            }
        }
        Ok(Pass::Through(handed))
    }

    async fn organization(&self, work: &Work<'_>, organization: &Organization, text: String) -> Result<Pass, Fault> {
        let access = Access::of_plugin(organization.id);
        let horizon = self.0.store.log_horizon(access).await.map_err(unavailable)?.position;
        let mut from = text;
        let mut place = if from.is_empty() {
            Place { collection: 0, after: None, since: horizon.to_string() }
        } else {
            serde_json::from_str(&from).map_err(|_| Fault::internal())?
        };
        let mut handed = 0;
        loop {
            let (schema, records) = if let Some(schema) = work.schemas.get(place.collection) {
                let records = self.0.store.records_after(access, schema, place.after, work.portion).await;
                let records = records.map_err(unavailable)?;
                place.after = records.last().map(|last| last.id);
                if place.after.is_none() {
                    place.collection += 1;
                }
                (schema, records)
            } else {
                match self.changed(work, access, &mut place, horizon).await? {
                    Some(changed) => changed,
                    None => return Ok(Pass::Through(handed)),
                }
            };
            handed += u64::try_from(records.len()).unwrap_or(u64::MAX);
            let step = Step {
                plugin: work.migration.plugin.clone(),
                hash: work.migration.hash,
                lease: work.lease.clone(),
                to: place.text()?,
                through: place.collection >= work.schemas.len(),
                records: records.len(),
                writes: 0,
                from,
            };
            from = step.to.clone();
            let caller = caller(organization, &work.migration.plugin, self.0.clock.now());
            let carrying = Carrying {
                snapshot: &work.snapshot,
                caller: &caller,
                plugin: &work.migration.plugin,
                from_version: &work.migration.from_version,
            };
            if work.records.carry_over(carrying, schema, records, step).await? == Carried::Elsewhere {
                return Ok(Pass::Elsewhere);
            }
        }
    }

    /// The next records that somebody else changed since they were carried over, of one collection, and the place behind
    /// them. Nothing where there is none up to the horizon.
    async fn changed<'a>(
        &self,
        work: &'a Work<'_>,
        access: Access<'_>,
        place: &mut Place,
        horizon: LogPosition,
    ) -> Result<Option<(&'a Arc<Schema>, Vec<Record>)>, Fault> {
        let names: Vec<CollectionName> = work.schemas.iter().map(|schema| schema.name.clone()).collect();
        let mut since: LogPosition = place.since.parse().map_err(|_| Fault::internal())?;
        loop {
            let entries = self.0.store.changes_between(access, since, horizon, Some(&names), ENTRIES).await;
            let entries = entries.map_err(unavailable)?;
            let Some(last) = entries.last() else {
                // Its own writes are passed by once.
                let passed = std::mem::replace(&mut place.since, since.to_string()) != place.since;
                return Ok(work.schemas.first().filter(|_| passed).map(|schema| (schema, Vec::new())));
            };
            let mut collection: Option<&CollectionName> = None;
            let mut ids: Vec<Id> = Vec::new();
            let mut to = last.position;
            for entry in entries.iter().filter(|entry| entry.origin != Origin::MIGRATION) {
                let of = collection.get_or_insert(&entry.collection);
                if **of != entry.collection || ids.len() >= usize::from(work.portion) {
                    break;
                }
                if !ids.contains(&entry.record) {
                    ids.push(entry.record);
                }
                to = entry.position;
            }
            let schema = work.schemas.iter().find(|schema| Some(&schema.name) == collection);
            let Some(schema) = schema else {
                since = to;
                continue;
            };
            place.since = to.to_string();
            let records = self.0.store.records(access, schema, &ids).await.map_err(unavailable)?;
            return Ok(Some((schema, records)));
        }
    }
}

/// The plugin, on its own account, in an organization.
fn caller(organization: &Organization, plugin: &PluginId, now: Micros) -> Caller {
    Caller {
        organization: organization.id,
        principal: Principal::Plugin(plugin.clone()),
        role: None,
        permissions: [Permission::READ, Permission::WRITE].map(str::to_owned).into(),
        locale: organization.locale.clone(),
        time_zone: organization.time_zone.clone(),
        currency: organization.currency,
        calendar: organization.calendar,
        request_id: RequestId(Id::fresh()),
        now,
    }
}

/// A fault with every issue of it, in one text.
fn told(fault: &Fault) -> String {
    let issues = fault.issues.iter().map(|issue| format!("{} {}", issue.path, issue.message));
    std::iter::once(fault.message.clone()).chain(issues).collect::<Vec<_>>().join(" ")
}
