//! What a registry is built from.

use crate::Store;
use crate::database::{Row, Statement};
use crate::error::StoreError;
use crate::identity::values;
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::Grants;
use lignaflow_core::name::PluginId;
use lignaflow_core::{OrganizationId, PersonId};
use std::collections::BTreeMap;

/// One plugin, in the version in use, without its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Installed {
    pub id: PluginId,
    pub version: String,
    pub title: String,
    /// SHA-256 of the bytes.
    pub hash: [u8; 32],
    /// `plugin.toml` as it rides in the component.
    pub descriptor: String,
    pub granted: Grants,
    /// Off for the whole instance where it is not.
    pub active: bool,
    /// Whether organizations that have not switched it have it on.
    pub enabled_by_default: bool,
    pub installed_at: Micros,
    /// Nothing where the program brought it itself or an operator did, on the command line.
    pub installed_by: Option<PersonId>,
    /// Whether the program or the folder beside it brought this version, and may bring the next one.
    pub brought: bool,
    /// Of what it is granted. Another number with every change of that.
    pub granted_version: i64,
}

/// What an organization chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    pub organization: OrganizationId,
    pub plugin: PluginId,
    pub enabled: bool,
    /// Whether it stands still until an owner has consented to what it is granted beyond what it was.
    pub waits: bool,
}

/// Everything that a registry is built from, no older than `version`.
#[derive(Debug, Clone, PartialEq)]
pub struct Registered {
    pub version: i64,
    /// By id.
    pub plugins: Vec<Installed>,
    pub switches: Vec<Switch>,
}

impl Registered {
    /// Whether an organization has a plugin on, and it does not wait for consent there. What is not installed, or off for
    /// the instance, is on nowhere.
    pub fn is_enabled(&self, organization: OrganizationId, plugin: &PluginId) -> bool {
        self.plugins.iter().find(|installed| installed.id == *plugin).is_some_and(|installed| {
            installed.active
                && self
                    .switches
                    .iter()
                    .find(|switch| switch.organization == organization && switch.plugin == *plugin)
                    .map_or(installed.enabled_by_default, |switch| switch.enabled && !switch.waits)
        })
    }
}

/// A version that may be returned to.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    pub version: String,
    pub title: String,
    pub hash: [u8; 32],
    pub descriptor: String,
    /// What was consented to when it was last in use.
    pub granted: Grants,
    pub installed_at: Micros,
    pub installed_by: Option<PersonId>,
    pub in_use: bool,
}

pub(super) fn hash(row: &Row, at: usize) -> Result<[u8; 32], StoreError> {
    row.bytes(at)?.try_into().map_err(|_| StoreError::Broken("a plugin's hash is not 32 bytes".to_owned()))
}

pub(super) fn granted(row: &Row, at: usize) -> Result<Grants, StoreError> {
    serde_json::from_str(&row.text(at)?)
        .map_err(|error| StoreError::Broken(format!("a plugin's grants cannot be read: {error}")))
}

pub(super) fn plugin_id(row: &Row, at: usize) -> Result<PluginId, StoreError> {
    row.text(at)?.parse().map_err(|error| StoreError::Broken(format!("a plugin's id cannot be read: {error}")))
}

macro_rules! installed {
    ($rest:literal) => {
        concat!(
            "select p.id, v.version, v.title, p.hash, v.descriptor, p.granted, p.active, p.enabled_by_default, \
             p.installed_at, p.installed_by, p.brought, p.granted_version \
             from plugins p join plugin_versions v on v.plugin = p.id and v.hash = p.hash ",
            $rest
        )
    };
}

fn installed(row: &Row) -> Result<Installed, StoreError> {
    Ok(Installed {
        id: plugin_id(row, 0)?,
        version: row.text(1)?,
        title: row.text(2)?,
        hash: hash(row, 3)?,
        descriptor: row.text(4)?,
        granted: granted(row, 5)?,
        active: row.bool(6)?,
        enabled_by_default: row.bool(7)?,
        installed_at: row.i64(8)?,
        installed_by: row.opt_id(9)?.map(PersonId),
        brought: row.bool(10)?,
        granted_version: row.i64(11)?,
    })
}

impl Store {
    /// Goes up with every change to plugins and switches.
    pub async fn registry_version(&self) -> Result<i64, StoreError> {
        let statement = Statement::new("select version from registry_version where id = 1", Vec::new());
        self.database().fetch_one(statement).await?.i64(0)
    }

    /// Everything that a registry is built from. The version is read first: what changes meanwhile is seen as a later
    /// version, and read again.
    pub async fn registered(&self) -> Result<Registered, StoreError> {
        let version = self.registry_version().await?;
        let plugins = self.plugins().await?;
        let statement = Statement::new(
            "select organization, plugin, enabled, waits from plugin_switches order by organization, plugin",
            Vec::new(),
        );
        let switches = self.database().fetch_all(statement).await?;
        let switches = switches
            .iter()
            .map(|row| {
                Ok(Switch {
                    organization: OrganizationId(row.id(0)?),
                    plugin: plugin_id(row, 1)?,
                    enabled: row.bool(2)?,
                    waits: row.bool(3)?,
                })
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(Registered { version, plugins, switches })
    }

    /// All plugins of the instance, by id.
    pub async fn plugins(&self) -> Result<Vec<Installed>, StoreError> {
        let statement = Statement::new(installed!("order by p.id"), Vec::new());
        self.database().fetch_all(statement).await?.iter().map(installed).collect()
    }

    pub async fn plugin(&self, plugin: &PluginId) -> Result<Option<Installed>, StoreError> {
        let statement = Statement::new(installed!("where p.id = $1"), values![plugin.as_str()]);
        self.database().fetch_optional(statement).await?.map(|row| installed(&row)).transpose()
    }

    /// Whether somebody uninstalled a plugin and nobody installed it since.
    pub async fn is_uninstalled(&self, plugin: &PluginId) -> Result<bool, StoreError> {
        let statement = Statement::new("select 1 from plugins_uninstalled where plugin = $1", values![plugin.as_str()]);
        Ok(self.database().fetch_optional(statement).await?.is_some())
    }

    /// The component itself, in one of the versions kept.
    pub async fn plugin_bytes(&self, plugin: &PluginId, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        let statement = Statement::new(
            "select bytes from plugin_versions where plugin = $1 and hash = $2",
            values![plugin.as_str(), hash.to_vec()],
        );
        self.database().fetch_optional(statement).await?.map(|row| row.bytes(0)).transpose()
    }

    /// The versions kept of a plugin, the latest installed first.
    pub async fn plugin_versions(&self, plugin: &PluginId) -> Result<Vec<Version>, StoreError> {
        let statement = Statement::new(
            "select v.version, v.title, v.hash, v.descriptor, v.granted, v.installed_at, v.installed_by, \
             exists (select 1 from plugins p where p.id = v.plugin and p.hash = v.hash) \
             from plugin_versions v where v.plugin = $1 order by v.installed_at desc, v.hash",
            values![plugin.as_str()],
        );
        self.database()
            .fetch_all(statement)
            .await?
            .iter()
            .map(|row| {
                Ok(Version {
                    version: row.text(0)?,
                    title: row.text(1)?,
                    hash: hash(row, 2)?,
                    descriptor: row.text(3)?,
                    granted: granted(row, 4)?,
                    installed_at: row.i64(5)?,
                    installed_by: row.opt_id(6)?.map(PersonId),
                    in_use: row.bool(7)?,
                })
            })
            .collect()
    }

    /// What one organization chose, by plugin; those it never switched are missing.
    pub async fn switches_of(&self, organization: OrganizationId) -> Result<BTreeMap<PluginId, bool>, StoreError> {
        let statement = Statement::new(
            "select plugin, enabled from plugin_switches where organization = $1",
            values![organization.0.uuid()],
        );
        let rows = self.database().fetch_all(statement).await?;
        rows.iter().map(|row| Ok((plugin_id(row, 0)?, row.bool(1)?))).collect()
    }
}
