//! What is done to plugins. Each act is one transaction: rows, the registry's version, and a line in the audit.

use super::{VERSIONS_KEPT, consents, migrations};
use crate::Store;
use crate::database::{Statement, Tx};
use crate::error::StoreError;
use crate::identity::audit::{self, Event};
use crate::identity::values;
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::Grants;
use lignaflow_core::name::PluginId;
use lignaflow_core::{Id, OrganizationId, PersonId};
use serde_json::json;

/// Who does it, when, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Nothing where the program does it itself or an operator does, on the command line.
    pub person: Option<PersonId>,
    /// Empty for the command line.
    pub address: String,
    /// The token that it is done with, where it is one.
    pub token: Option<Id>,
    pub at: Micros,
}

/// A version to install.
#[derive(Debug, Clone, PartialEq)]
pub struct NewVersion {
    pub plugin: PluginId,
    pub version: String,
    pub title: String,
    /// SHA-256 of the bytes.
    pub hash: [u8; 32],
    /// `plugin.toml` as it rides in the component.
    pub descriptor: String,
    pub bytes: Vec<u8>,
    pub granted: Grants,
    /// Whether somebody consents to it just now: its bounds then go before those that were set for the version in use, and
    /// otherwise after them.
    pub is_consented: bool,
    /// Whether organizations that never switched the plugin have it on. Read at its first installation alone.
    pub enabled_by_default: bool,
    /// Whether the program or the folder beside it brings it, and may bring the next one in its place.
    pub brought: bool,
}

/// A change of one plugin for the whole instance.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// On or off, whatever the organizations chose.
    Active(bool),
    /// What organizations have that never switched it.
    EnabledByDefault(bool),
    /// Back, or forth, to a version that was kept, with what is granted to it, where what the one in use is granted is still
    /// what was seen.
    Version { hash: [u8; 32], granted: Box<Grants>, seen: i64 },
}

/// What became of switching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switched {
    Done,
    /// There is no such plugin.
    Unknown,
    /// The registry is not the one any more that the switch was decided on.
    Changed,
}

/// What became of granting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granted {
    Done,
    /// There is no such plugin.
    Unknown,
    /// It is granted something else by now than was seen.
    Changed,
}

impl NewVersion {
    /// What was set for the version in use goes on with this one, whoever set it and when.
    pub(super) fn follow(&mut self, standing: Option<&Grants>) {
        let Some(set) = standing.map(|standing| &standing.bounds) else { return };
        let own = &self.granted.bounds;
        self.granted.bounds = if self.is_consented { own.or(set) } else { set.or(own) };
    }
}

pub(super) fn json_of(grants: &Grants) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(grants).map_err(|error| StoreError::Broken(format!("grants cannot be written: {error}")))
}

/// First in each transaction: it has those who change plugins take turns. PostgreSQL holds the row until the commit, and
/// SQLite has one writer.
pub(crate) async fn bump(tx: &mut Tx) -> Result<(), StoreError> {
    tx.execute(Statement::new("update registry_version set version = version + 1 where id = 1", Vec::new()))
        .await
        .map(|_| ())
}

/// The same where nothing has changed since; whether it is so.
async fn bump_from(tx: &mut Tx, version: i64) -> Result<bool, StoreError> {
    let text = "update registry_version set version = version + 1 where id = 1 and version = $1";
    Ok(tx.execute(Statement::new(text, values![version])).await? == 1)
}

pub(crate) async fn log(
    tx: &mut Tx,
    by: &By,
    organization: Option<OrganizationId>,
    kind: &str,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    let event = Event {
        organization,
        at: by.at,
        person: by.person,
        kind: kind.to_owned(),
        address: by.address.clone(),
        token: by.token,
        detail,
    };
    audit::append(tx, &event).await
}

pub(super) fn person(by: &By) -> Option<uuid::Uuid> {
    by.person.map(|person| person.0.uuid())
}

impl Store {
    /// Installs a plugin, or makes this version the one in use of a plugin that is there; its switches stay.
    pub async fn install_plugin(&self, new: NewVersion, by: By) -> Result<(), StoreError> {
        self.database().write(move |tx| Box::pin(async move { install(tx, new, &by).await })).await
    }

    /// Whether there is such a plugin, and such a version of it.
    pub async fn change_plugin(&self, plugin: PluginId, change: Change, by: By) -> Result<bool, StoreError> {
        self.database().write(move |tx| Box::pin(async move { apply(tx, &plugin, change, &by).await })).await
    }

    /// Grants a plugin this and nothing else, where what it is granted is still of the version that was seen.
    pub async fn grant_plugin(
        &self,
        plugin: PluginId,
        grants: Grants,
        seen: i64,
        by: By,
    ) -> Result<Granted, StoreError> {
        self.database()
            .write(move |tx| Box::pin(async move { grant_seen(tx, plugin.as_str(), &grants, seen, &by).await }))
            .await
    }

    /// Takes a plugin away, with its versions and switches; its records stay. Whether there was such a plugin.
    pub async fn uninstall_plugin(&self, plugin: PluginId, by: By) -> Result<bool, StoreError> {
        self.database().write(move |tx| Box::pin(async move { uninstall(tx, &plugin, &by).await })).await
    }

    /// Switches plugins for an organization, all of them or none. What stands in the way of it was decided on the
    /// registry as it was at `decided_at`: nothing is switched where that has changed since, also by another host.
    pub async fn switch_plugins(
        &self,
        organization: OrganizationId,
        plugins: Vec<PluginId>,
        enabled: bool,
        decided_at: i64,
        by: By,
    ) -> Result<Switched, StoreError> {
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    if !bump_from(tx, decided_at).await? {
                        return Ok(Switched::Changed);
                    }
                    for plugin in &plugins {
                        let known = Statement::new("select 1 from plugins where id = $1", values![plugin.as_str()]);
                        if tx.fetch_optional(known).await?.is_none() {
                            return Ok(Switched::Unknown);
                        }
                    }
                    for plugin in &plugins {
                        switch(tx, organization, plugin, enabled, &by).await?;
                    }
                    Ok(Switched::Done)
                })
            })
            .await
    }
}

async fn install(tx: &mut Tx, mut new: NewVersion, by: &By) -> Result<(), StoreError> {
    bump(tx).await?;
    let before = consents::standing(tx, new.plugin.as_str()).await?;
    new.follow(before.as_ref());
    let granted = json_of(&new.granted)?;
    let detail = json!({
        "plugin": new.plugin.as_str(), "version": new.version, "hash": hex::encode(new.hash), "granted": granted,
    });
    keep_version(tx, &new, by).await?;
    tx.execute(Statement::new(
        "insert into plugins (id, hash, granted, active, enabled_by_default, installed_at, installed_by, brought, \
         granted_version) values ($1, $2, $3, $4, $5, $6, $7, $8, (select version from registry_version where id = 1)) \
         on conflict (id) do update set hash = excluded.hash, \
         granted = excluded.granted, granted_version = excluded.granted_version, installed_at = excluded.installed_at, installed_by = excluded.installed_by, \
         brought = excluded.brought",
        values![
            new.plugin.as_str(),
            new.hash.to_vec(),
            granted.to_string(),
            true,
            new.enabled_by_default,
            by.at,
            person(by),
            new.brought,
        ],
    ))
    .await?;
    let back = values![new.plugin.as_str()];
    tx.execute(Statement::new("delete from plugins_uninstalled where plugin = $1", back)).await?;
    migrations::forget(tx, new.plugin.as_str()).await?;
    if let Some(before) = before {
        consents::regranted(tx, new.plugin.as_str(), &before, &new.granted, by).await?;
    }
    prune(tx, &new.plugin).await?;
    log(tx, by, None, "plugin.installed", detail).await
}

/// Keeps a version's file, with what is granted to it.
pub(super) async fn keep_version(tx: &mut Tx, new: &NewVersion, by: &By) -> Result<(), StoreError> {
    let granted = json_of(&new.granted)?;
    tx.execute(
        Statement::new(
            "insert into plugin_versions (plugin, hash, version, title, descriptor, bytes, granted, installed_at, \
             installed_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (plugin, hash) do update \
             set granted = excluded.granted, installed_at = excluded.installed_at, \
             installed_by = excluded.installed_by",
            values![
                new.plugin.as_str(),
                new.hash.to_vec(),
                new.version.as_str(),
                new.title.as_str(),
                new.descriptor.as_str(),
                new.bytes.clone(),
                granted.to_string(),
                by.at,
                person(by),
            ],
        )
        .once(),
    )
    .await?;
    Ok(())
}

async fn uninstall(tx: &mut Tx, plugin: &PluginId, by: &By) -> Result<bool, StoreError> {
    bump(tx).await?;
    let id = plugin.as_str();
    tx.execute(Statement::new("delete from plugin_switches where plugin = $1", values![id])).await?;
    migrations::remove(tx, id).await?;
    if tx.execute(Statement::new("delete from plugins where id = $1", values![id])).await? == 0 {
        return Ok(false);
    }
    tx.execute(Statement::new("delete from plugin_versions where plugin = $1", values![id])).await?;
    tx.execute(Statement::new(
        "insert into plugins_uninstalled (plugin, at, person) values ($1, $2, $3) on conflict (plugin) do update \
         set at = excluded.at, person = excluded.person",
        values![id, by.at, person(by)],
    ))
    .await?;
    log(tx, by, None, "plugin.uninstalled", json!({ "plugin": id })).await?;
    Ok(true)
}

/// Forgets the versions that were installed longest ago, beyond those that are kept.
async fn prune(tx: &mut Tx, plugin: &PluginId) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "delete from plugin_versions where plugin = $1 \
         and hash not in (select hash from plugins where id = $1) \
         and hash not in (select hash from plugin_versions where plugin = $1 \
         order by installed_at desc, hash limit $2)",
        values![plugin.as_str(), i64::from(VERSIONS_KEPT)],
    ))
    .await
    .map(|_| ())
}

async fn apply(tx: &mut Tx, plugin: &PluginId, change: Change, by: &By) -> Result<bool, StoreError> {
    bump(tx).await?;
    let id = plugin.as_str();
    let before = consents::standing(tx, id).await?;
    let (changed, kind, detail) = match change {
        Change::Active(active) => {
            let statement = Statement::new("update plugins set active = $1 where id = $2", values![active, id]);
            let kind = if active { "plugin.activated" } else { "plugin.deactivated" };
            (tx.execute(statement).await? > 0, kind, json!({ "plugin": id }))
        }
        Change::EnabledByDefault(enabled) => {
            let statement =
                Statement::new("update plugins set enabled_by_default = $1 where id = $2", values![enabled, id]);
            let detail = json!({ "plugin": id, "enabled_by_default": enabled });
            (tx.execute(statement).await? > 0, "plugin.default-changed", detail)
        }
        Change::Version { hash, granted, seen } => {
            let stands =
                Statement::new("select 1 from plugins where id = $1 and granted_version = $2", values![id, seen]);
            if tx.fetch_optional(stands).await?.is_none() {
                return Ok(false);
            }
            let granted = json_of(&granted)?;
            let names = Statement::new(
                "select v.version, (select u.version from plugin_versions u join plugins p on p.id = u.plugin \
                 and p.hash = u.hash where u.plugin = $1) from plugin_versions v where v.plugin = $1 and v.hash = $2",
                values![id, hash.to_vec()],
            );
            let Some(names) = tx.fetch_optional(names).await? else { return Ok(false) };
            let (version, from) = (names.text(0)?, names.opt_text(1)?);
            let statement = Statement::new(
                "update plugins set hash = $1, installed_at = $2, installed_by = $3, brought = false where id = $4 and exists \
                 (select 1 from plugin_versions v where v.plugin = $4 and v.hash = $1)",
                values![hash.to_vec(), by.at, person(by), id],
            );
            let changed = tx.execute(statement).await? > 0 && grant(tx, id, &granted).await?;
            // What was to take its place was to take over from the version that is left.
            migrations::forget(tx, id).await?;
            let detail = json!({
                "plugin": id, "version": version, "from": from, "hash": hex::encode(hash), "granted": granted,
            });
            (changed, "plugin.version-changed", detail)
        }
    };
    if changed {
        if let (Some(before), Some(after)) = (before, consents::standing(tx, id).await?) {
            consents::regranted(tx, id, &before, &after, by).await?;
        }
        log(tx, by, None, kind, detail).await?;
    }
    Ok(changed)
}

async fn grant_seen(tx: &mut Tx, id: &str, grants: &Grants, seen: i64, by: &By) -> Result<Granted, StoreError> {
    bump(tx).await?;
    let stands = Statement::new("select granted_version from plugins where id = $1", values![id]);
    match tx.fetch_optional(stands).await? {
        None => return Ok(Granted::Unknown),
        Some(row) if row.i64(0)? != seen => return Ok(Granted::Changed),
        Some(_) => {}
    }
    let before = consents::standing(tx, id).await?;
    let granted = json_of(grants)?;
    grant(tx, id, &granted).await?;
    if let Some(before) = before {
        migrations::follow(tx, id, &before, grants).await?;
        consents::regranted(tx, id, &before, grants, by).await?;
    }
    log(tx, by, None, "plugin.granted", json!({ "plugin": id, "granted": granted })).await?;
    Ok(Granted::Done)
}

/// Writes what is granted to the version in use, and beside the version for when it is returned to.
async fn grant(tx: &mut Tx, plugin: &str, granted: &serde_json::Value) -> Result<bool, StoreError> {
    let granted = granted.to_string();
    tx.execute(Statement::new(
        "update plugin_versions set granted = $1 where plugin = $2 \
         and hash = (select hash from plugins where id = $2)",
        values![granted.as_str(), plugin],
    ))
    .await?;
    let statement = Statement::new(
        "update plugins set granted = $1, granted_version = (select version from registry_version where id = 1) \
         where id = $2",
        values![granted, plugin],
    );
    Ok(tx.execute(statement).await? > 0)
}

async fn switch(
    tx: &mut Tx,
    organization: OrganizationId,
    plugin: &PluginId,
    enabled: bool,
    by: &By,
) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into plugin_switches (organization, plugin, enabled, changed_at, changed_by) \
         values ($1, $2, $3, $4, $5) on conflict (organization, plugin) do update \
         set enabled = excluded.enabled, changed_at = excluded.changed_at, changed_by = excluded.changed_by",
        values![organization.0.uuid(), plugin.as_str(), enabled, by.at, person(by)],
    ))
    .await?;
    let kind = if enabled { "plugin.switched-on" } else { "plugin.switched-off" };
    log(tx, by, Some(organization), kind, json!({ "plugin": plugin.as_str() })).await
}
