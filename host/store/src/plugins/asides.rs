//! Parts of plugins that are set aside, since they kept failing: a hook, a route, a job, a subscriber, alone, in one
//! organization or everywhere. Every host keeps to it. Another version is called again.

use super::changes::{By, bump, log};
use super::reads::{hash, plugin_id};
use crate::Store;
use crate::database::{Statement, Tx};
use crate::error::StoreError;
use crate::identity::values;
use crate::notices;
use lignaflow_core::OrganizationId;
use lignaflow_core::clock::Micros;
use lignaflow_core::name::PluginId;
use serde_json::json;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    pub plugin: PluginId,
    /// Where it is not called; everywhere where none is named.
    pub organization: Option<OrganizationId>,
    /// `before-save`, `route`, `job` or `subscriber`.
    pub kind: String,
    pub name: String,
    /// Of the version that failed.
    pub hash: [u8; 32],
    /// What it failed with last.
    pub fault: String,
    pub since: Micros,
}

impl Store {
    /// All that is set aside, of versions in use.
    pub async fn asides(&self) -> Result<Vec<Aside>, StoreError> {
        let statement = Statement::new(
            "select a.plugin, a.kind, a.name, a.hash, a.fault, a.since, a.organization from plugin_asides a \
             join plugins p on p.id = a.plugin and p.hash = a.hash \
             order by a.plugin, a.kind, a.name, a.organization",
            Vec::new(),
        );
        let rows = self.database().fetch_all(statement).await?;
        rows.iter()
            .map(|row| {
                Ok(Aside {
                    plugin: plugin_id(row, 0)?,
                    kind: row.text(1)?,
                    name: row.text(2)?,
                    hash: hash(row, 3)?,
                    fault: row.text(4)?,
                    since: row.i64(5)?,
                    organization: row.opt_id(6)?.map(OrganizationId),
                })
            })
            .collect()
    }

    /// Sets a part aside. `false` where it is already, by another host.
    pub async fn set_aside(&self, aside: Aside, by: By) -> Result<bool, StoreError> {
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    bump(tx).await?;
                    let organization = aside.organization.map(|at| at.0.uuid());
                    let former = Statement::new(
                        "delete from plugin_asides where plugin = $1 and kind = $2 and name = $3 and hash <> $4",
                        values![aside.plugin.as_str(), aside.kind.as_str(), aside.name.as_str(), aside.hash.to_vec()],
                    );
                    tx.execute(former).await?;
                    let statement = Statement::new(
                        "insert into plugin_asides (plugin, kind, name, hash, fault, since, organization) \
                         select $1, $2, $3, $4, $5, $6, $7 where not exists (select 1 from plugin_asides \
                         where plugin = $1 and kind = $2 and name = $3 \
                         and (organization = $7 or organization is null and $7 is null))",
                        values![
                            aside.plugin.as_str(),
                            aside.kind.as_str(),
                            aside.name.as_str(),
                            aside.hash.to_vec(),
                            aside.fault.as_str(),
                            aside.since,
                            organization,
                        ],
                    );
                    if tx.execute(statement).await? == 0 {
                        return Ok(false);
                    }
                    let detail = json!({ "plugin": aside.plugin.as_str(), "kind": aside.kind, "name": aside.name,
                        "fault": aside.fault });
                    log(tx, &by, aside.organization, "plugin.set-aside", detail).await?;
                    tell(tx, &aside, by.at).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// Has a part called again. `false` where it was not set aside.
    pub async fn call_again(
        &self,
        plugin: PluginId,
        (kind, name): (String, String),
        by: By,
    ) -> Result<bool, StoreError> {
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    bump(tx).await?;
                    let statement = Statement::new(
                        "delete from plugin_asides where plugin = $1 and kind = $2 and name = $3",
                        values![plugin.as_str(), kind.as_str(), name.as_str()],
                    );
                    if tx.execute(statement).await? == 0 {
                        return Ok(false);
                    }
                    let detail = json!({ "plugin": plugin.as_str(), "kind": kind, "name": name });
                    log(tx, &by, None, "plugin.called-again", detail).await?;
                    Ok(true)
                })
            })
            .await
    }
}

/// Tells the administrators of the organization, or of every one that has the plugin on.
async fn tell(tx: &mut Tx, aside: &Aside, at: Micros) -> Result<(), StoreError> {
    let plugin = aside.plugin.as_str();
    let known = Statement::new(
        "select o.id, v.title from organizations o \
         join plugins p on p.id = $1 join plugin_versions v on v.plugin = p.id and v.hash = p.hash \
         left join plugin_switches s on s.plugin = p.id and s.organization = o.id \
         where coalesce(s.enabled, p.enabled_by_default) and ($2 is null or o.id = $2) order by o.id",
        values![plugin, aside.organization.map(|at| at.0.uuid())],
    );
    for row in tx.fetch_all(known).await? {
        let (organization, title) = (OrganizationId(row.id(0)?), row.text(1)?);
        let said = format!("{title}: {} {} is set aside", aside.kind, aside.name);
        let why = format!("It kept failing ({}) and is not called until somebody has it called again.", aside.fault);
        let (key, path) = (format!("aside-{plugin}-{}-{}", aside.kind, aside.name), format!("/admin/plugins/{plugin}"));
        notices::tell_administrators(tx, organization, &key, (&said, &why), &path, at).await?;
    }
    Ok(())
}
