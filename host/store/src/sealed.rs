//! Everything that is kept sealed with a key of the instance, wherever it is, so that a new key finds all of it. A table
//! that keeps something sealed is told of here.

use crate::database::{Database, Statement, Tx};
use crate::error::StoreError;
use crate::identity::values;
use lignaflow_core::name::PluginId;
use lignaflow_core::{Id, OrganizationId, PersonId};

/// Where something sealed is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Webhook {
        organization: OrganizationId,
        id: Id,
    },
    /// The one that signs beside the present one for a while.
    FormerWebhook {
        organization: OrganizationId,
        id: Id,
    },
    Plugin {
        organization: OrganizationId,
        plugin: PluginId,
        name: String,
    },
    SecondFactor {
        person: PersonId,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub place: Place,
    pub bytes: Vec<u8>,
}

/// All of it, in every organization. Each is some hundred bytes.
pub async fn all(database: &Database) -> Result<Vec<Sealed>, StoreError> {
    let mut found = Vec::new();
    let webhooks = "select organization, id, secret, former_secret from webhooks order by organization, id";
    for row in database.fetch_all(Statement::new(webhooks, Vec::new())).await? {
        let (organization, id) = (OrganizationId(row.id(0)?), row.id(1)?);
        found.push(Sealed { place: Place::Webhook { organization, id }, bytes: row.bytes(2)? });
        if let Some(bytes) = row.opt_bytes(3)? {
            found.push(Sealed { place: Place::FormerWebhook { organization, id }, bytes });
        }
    }
    let plugins = "select organization, plugin, name, sealed from plugin_secrets order by organization, plugin, name";
    for row in database.fetch_all(Statement::new(plugins, Vec::new())).await? {
        let (organization, plugin, name) = (OrganizationId(row.id(0)?), row.text(1)?, row.text(2)?);
        let plugin = plugin
            .parse()
            .map_err(|_| StoreError::Broken(format!("plugin_secrets.plugin is `{plugin}`, which is no plugin's id")))?;
        found.push(Sealed { place: Place::Plugin { organization, plugin, name }, bytes: row.bytes(3)? });
    }
    let factors = "select person, secret from second_factors order by person";
    for row in database.fetch_all(Statement::new(factors, Vec::new())).await? {
        found.push(Sealed { place: Place::SecondFactor { person: PersonId(row.id(0)?) }, bytes: row.bytes(1)? });
    }
    Ok(found)
}

/// Puts `next` in the place of `before`, where that is still there. Whether it was.
pub async fn replace(tx: &mut Tx, place: &Place, before: &[u8], next: &[u8]) -> Result<bool, StoreError> {
    let (next, before) = (next.to_vec(), before.to_vec());
    let statement = match place {
        Place::Webhook { organization, id } => Statement::new(
            "update webhooks set secret = $1 where organization = $2 and id = $3 and secret = $4",
            values![next, organization.0.uuid(), id.uuid(), before],
        ),
        Place::FormerWebhook { organization, id } => Statement::new(
            "update webhooks set former_secret = $1 where organization = $2 and id = $3 and former_secret = $4",
            values![next, organization.0.uuid(), id.uuid(), before],
        ),
        Place::Plugin { organization, plugin, name } => Statement::new(
            "update plugin_secrets set sealed = $1 where organization = $2 and plugin = $3 and name = $4 and sealed = $5",
            values![next, organization.0.uuid(), plugin.as_str(), name.as_str(), before],
        ),
        Place::SecondFactor { person } => Statement::new(
            "update second_factors set secret = $1 where person = $2 and secret = $3",
            values![next, person.0.uuid(), before],
        ),
    };
    Ok(tx.execute(statement).await? > 0)
}
