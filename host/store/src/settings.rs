//! What organizations filled in for plugins: one document of values for each, and secrets beside it, sealed before they
//! come here.

use crate::database::{Statement, Tx};
use crate::error::StoreError;
use crate::identity::{Source, values};
use lignaflow_core::clock::Micros;
use lignaflow_core::name::PluginId;
use lignaflow_core::{OrganizationId, PersonId};
use serde_json::{Map, Value as Json};

/// The values of one plugin in one organization.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stored {
    /// 0 where nothing was ever filled in.
    pub version: u64,
    pub values: Map<String, Json>,
    /// The names of secrets that are set, with when.
    pub secrets: Vec<(String, Micros)>,
    pub updated_at: Option<Micros>,
    pub updated_by: Option<PersonId>,
}

/// What becomes of one secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretChange {
    Set(Vec<u8>),
    Clear,
}

/// The next version of one plugin's values in one organization.
#[derive(Debug, Clone, PartialEq)]
pub struct Next {
    pub organization: OrganizationId,
    pub plugin: PluginId,
    /// The version that it takes the place of.
    pub expected: u64,
    pub values: Map<String, Json>,
    pub secrets: Vec<(String, SecretChange)>,
    pub at: Micros,
    pub by: PersonId,
}

fn version(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Broken(format!("plugin_settings.version is {number}")))
}

/// The version alone.
pub async fn version_of(
    source: impl Source,
    organization: OrganizationId,
    plugin: &PluginId,
) -> Result<u64, StoreError> {
    let sql = "select version from plugin_settings where organization = $1 and plugin = $2";
    let row = source.optional(Statement::new(sql, values![organization.0.uuid(), plugin.as_str()])).await?;
    row.map_or(Ok(0), |row| version(row.i64(0)?))
}

/// The values alone, with their version: all that code is handed.
pub async fn values_of(
    source: impl Source,
    organization: OrganizationId,
    plugin: &PluginId,
) -> Result<Stored, StoreError> {
    let sql = "select version, document, updated_at, updated_by from plugin_settings \
               where organization = $1 and plugin = $2";
    let row = source.optional(Statement::new(sql, values![organization.0.uuid(), plugin.as_str()])).await?;
    let Some(row) = row else { return Ok(Stored::default()) };
    let document = row.text(1)?;
    Ok(Stored {
        version: version(row.i64(0)?)?,
        values: serde_json::from_str(&document)
            .map_err(|error| StoreError::Broken(format!("plugin_settings.document cannot be read: {error}")))?,
        secrets: Vec::new(),
        updated_at: Some(row.i64(2)?),
        updated_by: row.opt_id(3)?.map(PersonId),
    })
}

/// The secrets that are set, by name; not what they are.
pub async fn secrets_of(
    source: impl Source,
    organization: OrganizationId,
    plugin: &PluginId,
) -> Result<Vec<(String, Micros)>, StoreError> {
    let sql = "select name, set_at from plugin_secrets where organization = $1 and plugin = $2 order by name";
    let rows = source.all(Statement::new(sql, values![organization.0.uuid(), plugin.as_str()])).await?;
    rows.iter().map(|row| Ok((row.text(0)?, row.i64(1)?))).collect()
}

/// One secret, as it was sealed.
pub async fn secret(
    source: impl Source,
    organization: OrganizationId,
    plugin: &PluginId,
    name: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "select sealed from plugin_secrets where organization = $1 and plugin = $2 and name = $3";
    let row = source.optional(Statement::new(sql, values![organization.0.uuid(), plugin.as_str(), name])).await?;
    row.map(|row| row.bytes(0)).transpose()
}

/// Puts the next version in place. Whether the one before still stood.
pub async fn put(tx: &mut Tx, next: &Next) -> Result<bool, StoreError> {
    let (organization, plugin) = (next.organization.0.uuid(), next.plugin.as_str());
    let document = Json::Object(next.values.clone()).to_string();
    let expected = i64::try_from(next.expected).map_err(|_| StoreError::Broken("a version is too large".to_owned()))?;
    let written = if expected == 0 {
        let sql = "insert into plugin_settings (organization, plugin, version, document, updated_at, updated_by) \
                   values ($1, $2, 1, $3, $4, $5) on conflict (organization, plugin) do nothing";
        let by = Some(next.by.0.uuid());
        tx.execute(Statement::new(sql, values![organization, plugin, document, next.at, by])).await?
    } else {
        let sql = "update plugin_settings set version = version + 1, document = $4, updated_at = $5, updated_by = $6 \
                   where organization = $1 and plugin = $2 and version = $3";
        let by = Some(next.by.0.uuid());
        tx.execute(Statement::new(sql, values![organization, plugin, expected, document, next.at, by])).await?
    };
    if written == 0 {
        return Ok(false);
    }
    for (name, change) in &next.secrets {
        let sql = "delete from plugin_secrets where organization = $1 and plugin = $2 and name = $3";
        tx.execute(Statement::new(sql, values![organization, plugin, name.as_str()])).await?;
        if let SecretChange::Set(sealed) = change {
            let sql = "insert into plugin_secrets (organization, plugin, name, sealed, set_at) \
                       values ($1, $2, $3, $4, $5)";
            let row = values![organization, plugin, name.as_str(), sealed.clone(), next.at];
            tx.execute(Statement::new(sql, row)).await?;
        }
    }
    Ok(true)
}
