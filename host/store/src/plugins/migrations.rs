//! Versions that carry records over before they are in use: which, how far they have come in each organization, and what
//! went wrong. The host that holds the lease goes on with them, and writes under it.

use super::changes::{NewVersion, bump, json_of, keep_version, log, person};
use super::reads::{granted, hash, plugin_id};
use super::{By, consents};
use crate::Store;
use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use crate::identity::values;
use crate::layout;
use crate::leases::Lease;
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::Grants;
use lignaflow_core::name::{CollectionName, PluginId};
use lignaflow_core::{OrganizationId, PersonId};
use serde_json::json;

/// How far a migration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The version before serves.
    Copying,
    /// The next version serves, and what came in last is carried over.
    Sweeping,
    /// The version before serves on.
    Failed,
    Done,
}

impl Phase {
    const ALL: [Self; 4] = [Self::Copying, Self::Sweeping, Self::Failed, Self::Done];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Copying => "copying",
            Self::Sweeping => "sweeping",
            Self::Failed => "failed",
            Self::Done => "done",
        }
    }

    /// Whether a host is to go on with it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Copying | Self::Sweeping)
    }
}

/// The latest migration of a plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct DataMigration {
    pub plugin: PluginId,
    /// Of the next version's file.
    pub hash: [u8; 32],
    pub version: String,
    pub from_hash: [u8; 32],
    pub from_version: String,
    pub granted: Grants,
    pub brought: bool,
    pub phase: Phase,
    /// Why it failed; of one that is done, what could not be carried over at its end.
    pub fault: Option<String>,
    /// Records that there were at the beginning, of all organizations.
    pub expected: u64,
    pub started_at: Micros,
    pub started_by: Option<PersonId>,
    pub address: String,
    pub ended_at: Option<Micros>,
    /// Organizations of which every record was carried over once, of how many.
    pub through: u64,
    pub organizations: u64,
    /// Records that were handed over, and writes that came of them.
    pub records: u64,
    pub writes: u64,
}

/// One step of a migration in an organization: from a place to the next.
#[derive(Debug, Clone)]
pub struct Step {
    pub plugin: PluginId,
    pub hash: [u8; 32],
    pub lease: Lease,
    /// What [`Store::migration_places`] told; a step from elsewhere is not taken.
    pub from: String,
    pub to: String,
    pub through: bool,
    pub records: usize,
    pub writes: usize,
}

/// Where a migration stands in an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationPlace {
    pub organization: OrganizationId,
    /// The host's own words; empty before the beginning.
    pub place: String,
}

fn number(row: &Row, at: usize) -> Result<u64, StoreError> {
    Ok(u64::try_from(row.i64(at)?).unwrap_or_default())
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn migration(row: &Row) -> Result<DataMigration, StoreError> {
    let unreadable = |what: &str| StoreError::Broken(format!("{what} of a migration cannot be read"));
    let phase = row.text(7)?;
    Ok(DataMigration {
        plugin: plugin_id(row, 0)?,
        hash: hash(row, 1)?,
        version: row.text(2)?,
        from_hash: hash(row, 3)?,
        from_version: row.text(4)?,
        granted: serde_json::from_str(&row.text(5)?).map_err(|_| unreadable("what is granted"))?,
        brought: row.bool(6)?,
        phase: Phase::ALL.into_iter().find(|known| known.as_str() == phase).ok_or_else(|| unreadable("the phase"))?,
        fault: row.opt_text(8)?,
        expected: number(row, 9)?,
        started_at: row.i64(10)?,
        started_by: row.opt_id(11)?.map(PersonId),
        address: row.text(12)?,
        ended_at: row.opt_i64(13)?,
        through: number(row, 14)?,
        organizations: number(row, 15)?,
        records: number(row, 16)?,
        writes: number(row, 17)?,
    })
}

impl Store {
    /// Keeps a version that is to be in use once records are carried over from the one with that hash. The same file goes
    /// on where it stood; while it is under way there is nothing to begin.
    pub async fn begin_migration(
        &self,
        new: NewVersion,
        from: ([u8; 32], String),
        expected: u64,
        by: By,
    ) -> Result<(), StoreError> {
        self.database().write(move |tx| Box::pin(async move { begin(tx, new, &from, expected, &by).await })).await
    }

    /// The latest migration of each plugin that had one, by plugin.
    pub async fn data_migrations(&self) -> Result<Vec<DataMigration>, StoreError> {
        let list = Statement::new(
            "select m.plugin, m.hash, m.version, m.from_hash, m.from_version, m.granted, m.brought, m.phase, m.fault, \
             m.expected, m.started_at, m.started_by, m.address, m.ended_at, \
             (select count(*) from data_migration_places p where p.plugin = m.plugin and p.through), \
             (select count(*) from organizations), \
             (select cast(coalesce(sum(p.records), 0) as bigint) from data_migration_places p where p.plugin = m.plugin), \
             (select cast(coalesce(sum(p.writes), 0) as bigint) from data_migration_places p where p.plugin = m.plugin) \
             from data_migrations m order by m.plugin",
            Vec::new(),
        );
        self.database().fetch_all(list).await?.iter().map(migration).collect()
    }

    /// How many records these collections have, of all organizations.
    pub async fn rows_of(&self, collections: &[CollectionName]) -> Result<u64, StoreError> {
        let mut rows = 0;
        for collection in collections {
            let count = format!("select count(*) from \"{}\"", layout::table(collection));
            rows += number(&self.database().fetch_one(Statement::composed(count, Vec::new())).await?, 0)?;
        }
        Ok(rows)
    }

    /// Where each organization stands, new ones too.
    pub async fn migration_places(&self, plugin: &PluginId) -> Result<Vec<MigrationPlace>, StoreError> {
        let plugin = plugin.clone();
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    let lacking = Statement::new(
                        "insert into data_migration_places (organization, plugin, place, through, records, writes) \
                         select id, $1, '', false, 0, 0 from organizations where not exists (select 1 \
                         from data_migration_places p where p.organization = organizations.id and p.plugin = $1)",
                        values![plugin.as_str()],
                    );
                    tx.execute(lacking).await?;
                    let list = Statement::new(
                        "select organization, place from data_migration_places where plugin = $1 order by organization",
                        values![plugin.as_str()],
                    );
                    let rows = tx.fetch_all(list).await?;
                    let place = |row: &Row| {
                        Ok(MigrationPlace { organization: OrganizationId(row.id(0)?), place: row.text(1)? })
                    };
                    rows.iter().map(place).collect()
                })
            })
            .await
    }

    /// Makes the next version the one in use; what came in last is yet to be carried over. Whether this host was still
    /// the one to do it.
    pub async fn switch_migrated(
        &self,
        migration: &DataMigration,
        lease: Lease,
        now: Micros,
    ) -> Result<bool, StoreError> {
        let migration = migration.clone();
        self.database().write(move |tx| Box::pin(async move { switch(tx, &migration, &lease, now).await })).await
    }

    /// Ends a migration, well or with a fault.
    pub async fn end_migration(
        &self,
        migration: &DataMigration,
        phase: Phase,
        fault: Option<String>,
        lease: Lease,
        now: Micros,
    ) -> Result<(), StoreError> {
        let (plugin, hash, version) = (migration.plugin.clone(), migration.hash, migration.version.clone());
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    if !lease.holds(tx).await? {
                        return Ok(());
                    }
                    let end = Statement::new(
                        "update data_migrations set phase = $3, fault = $4, ended_at = $5 where plugin = $1 \
                         and hash = $2 and phase in ('copying', 'sweeping')",
                        values![plugin.as_str(), hash.to_vec(), phase.as_str(), fault.clone(), now],
                    );
                    if tx.execute(end).await? == 0 {
                        return Ok(());
                    }
                    let by = By { person: None, address: String::new(), token: None, at: now };
                    let kind = if phase == Phase::Failed { "plugin.migration-failed" } else { "plugin.migrated" };
                    let detail = json!({ "plugin": plugin.as_str(), "version": version, "fault": fault });
                    log(tx, &by, None, kind, detail).await
                })
            })
            .await
    }
}

async fn begin(
    tx: &mut Tx,
    mut new: NewVersion,
    (from_hash, from_version): &([u8; 32], String),
    expected: u64,
    by: &By,
) -> Result<(), StoreError> {
    // Hosts that follow have the tables hold both versions.
    bump(tx).await?;
    let granted = consents::standing(tx, new.plugin.as_str()).await?;
    new.follow(granted.as_ref());
    let plugin = new.plugin.as_str();
    let standing = Statement::new(
        "select 1 from data_migrations where plugin = $1 and hash = $2 and phase in ('copying', 'sweeping')",
        values![plugin, new.hash.to_vec()],
    );
    if tx.fetch_optional(standing).await?.is_some() {
        return Ok(());
    }
    // Nor is a file kept that was to take this place and never did.
    tx.execute(Statement::new(
        "delete from plugin_versions where plugin = $1 and hash <> $2 and hash in (select hash from data_migrations \
         where plugin = $1 and phase in ('copying', 'failed')) and hash not in (select hash from plugins where id = $1)",
        values![plugin, new.hash.to_vec()],
    ))
    .await?;
    keep_version(tx, &new, by).await?;
    // Places of another file are of no use to this one.
    tx.execute(Statement::new(
        "delete from data_migration_places where plugin = $1 and not exists \
         (select 1 from data_migrations m where m.plugin = $1 and m.hash = $2 and m.from_hash = $3 and m.phase = 'failed')",
        values![plugin, new.hash.to_vec(), from_hash.to_vec()],
    ))
    .await?;
    tx.execute(Statement::new(
        "insert into data_migrations (plugin, hash, version, from_hash, from_version, granted, brought, phase, expected, \
         started_at, started_by, address) values ($1, $2, $3, $4, $5, $6, $7, 'copying', $8, $9, $10, $11) \
         on conflict (plugin) do update set hash = excluded.hash, version = excluded.version, \
         from_hash = excluded.from_hash, from_version = excluded.from_version, granted = excluded.granted, \
         brought = excluded.brought, phase = excluded.phase, fault = null, expected = excluded.expected, \
         started_at = excluded.started_at, started_by = excluded.started_by, address = excluded.address, ended_at = null",
        values![
            plugin,
            new.hash.to_vec(),
            new.version.as_str(),
            from_hash.to_vec(),
            from_version.as_str(),
            json_of(&new.granted)?.to_string(),
            new.brought,
            i64::try_from(expected).unwrap_or(i64::MAX),
            by.at,
            person(by),
            by.address.as_str(),
        ],
    ))
    .await?;
    let detail = json!({ "plugin": plugin, "from": from_version, "version": new.version });
    log(tx, by, None, "plugin.migration-begun", detail).await
}

/// What is granted to a version that waits follows what is changed of the one that serves until then.
pub(super) async fn follow(tx: &mut Tx, plugin: &str, before: &Grants, after: &Grants) -> Result<(), StoreError> {
    let waiting = Statement::new(
        "select hash, granted from data_migrations where plugin = $1 and phase in ('copying', 'failed')",
        values![plugin],
    );
    let Some(row) = tx.fetch_optional(waiting).await? else { return Ok(()) };
    let hash = hash(&row, 0)?;
    let granted = json_of(&granted(&row, 1)?.following(before, after))?.to_string();
    for sql in [
        "update data_migrations set granted = $1 where plugin = $2 and hash = $3",
        "update plugin_versions set granted = $1 where plugin = $2 and hash = $3",
    ] {
        tx.execute(Statement::new(sql, values![granted.as_str(), plugin, hash.to_vec()])).await?;
    }
    Ok(())
}

/// Whatever was to take a plugin's place is no longer asked for, and its file, which never was in use, no longer kept.
pub(super) async fn forget(tx: &mut Tx, plugin: &str) -> Result<(), StoreError> {
    for sql in [
        "delete from plugin_versions where plugin = $1 and hash in (select hash from data_migrations \
         where plugin = $1 and phase in ('copying', 'failed')) and hash not in (select hash from plugins where id = $1)",
        "delete from data_migrations where plugin = $1 and phase in ('copying', 'failed')",
        "delete from data_migration_places where plugin = $1 \
         and not exists (select 1 from data_migrations m where m.plugin = $1)",
    ] {
        tx.execute(Statement::new(sql, values![plugin])).await?;
    }
    Ok(())
}

/// The same of a plugin that goes.
pub(super) async fn remove(tx: &mut Tx, plugin: &str) -> Result<(), StoreError> {
    for sql in ["delete from data_migrations where plugin = $1", "delete from data_migration_places where plugin = $1"]
    {
        tx.execute(Statement::new(sql, values![plugin])).await?;
    }
    Ok(())
}

async fn switch(tx: &mut Tx, migration: &DataMigration, lease: &Lease, now: Micros) -> Result<bool, StoreError> {
    bump(tx).await?;
    let (plugin, hash) = (migration.plugin.as_str(), migration.hash.to_vec());
    let sweep = Statement::new(
        "update data_migrations set phase = 'sweeping' where plugin = $1 and hash = $2 and phase = 'copying'",
        values![plugin, hash.clone()],
    );
    if !lease.holds(tx).await? || tx.execute(sweep).await? == 0 {
        return Ok(false);
    }
    let by = By { person: migration.started_by, address: migration.address.clone(), token: None, at: now };
    let granted = json_of(&migration.granted)?;
    let before = consents::standing(tx, plugin).await?;
    tx.execute(Statement::new(
        "update plugins set hash = $2, granted = $3, installed_at = $4, installed_by = $5, brought = $6, \
         granted_version = (select version from registry_version where id = 1) where id = $1",
        values![plugin, hash, granted.to_string(), now, person(&by), migration.brought],
    ))
    .await?;
    let detail = json!({ "plugin": plugin, "version": migration.version, "hash": hex::encode(migration.hash), "granted": granted });
    if let Some(before) = before {
        consents::regranted(tx, plugin, &before, &migration.granted, &by).await?;
    }
    log(tx, &by, None, "plugin.installed", detail).await?;
    Ok(true)
}

/// Takes a step, where it is still to be taken from that place and this host is the one to take it.
pub(crate) async fn advance(tx: &mut Tx, organization: OrganizationId, step: &Step) -> Result<bool, StoreError> {
    if !step.lease.holds(tx).await? {
        return Ok(false);
    }
    let advance = Statement::new(
        "update data_migration_places set place = $4, through = $5, records = records + $6, writes = writes + $7 \
         where organization = $1 and plugin = $2 and place = $3 and exists (select 1 from data_migrations m \
         where m.plugin = $2 and m.hash = $8 and m.phase in ('copying', 'sweeping'))",
        values![
            organization.0.uuid(),
            step.plugin.as_str(),
            step.from.as_str(),
            step.to.as_str(),
            step.through,
            signed(step.records),
            signed(step.writes),
            step.hash.to_vec(),
        ],
    );
    Ok(tx.execute(advance).await? > 0)
}
