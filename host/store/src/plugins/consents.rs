//! What organizations have consented to of what plugins are granted. Nothing is kept of one where that is all of it: who
//! switches a plugin on consents to what it is granted then. Where it is granted more by another version or by an
//! administrator of the instance, what stood before is kept as what each organization consented to, and the plugin stands
//! still in it until an owner has consented to the rest (docs/adr/0021).

use super::By;
use super::changes::{bump, json_of, log};
use crate::Store;
use crate::database::{Statement, Tx};
use crate::error::StoreError;
use crate::identity::values;
use crate::notices;
use lignaflow_core::OrganizationId;
use lignaflow_core::descriptor::Grants;
use lignaflow_core::name::PluginId;
use serde_json::json;
use std::collections::BTreeMap;

/// What became of a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consented {
    Done,
    /// The plugin waits for none there.
    NotAsked,
    /// It is granted something else by now than was seen.
    Changed,
}

fn read(text: &str) -> Result<Grants, StoreError> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::Broken(format!("plugin_switches.consented cannot be read: {error}")))
}

impl Store {
    /// Has a plugin go on in an organization, with what it was seen to be granted.
    pub async fn consent(
        &self,
        organization: OrganizationId,
        plugin: PluginId,
        seen: Grants,
        by: By,
    ) -> Result<Consented, StoreError> {
        self.database()
            .write(move |tx| Box::pin(async move { consent(tx, organization, &plugin, &seen, &by).await }))
            .await
    }

    /// What an organization consented to before, of the plugins that stand still in it.
    pub async fn waiting(&self, organization: OrganizationId) -> Result<BTreeMap<PluginId, Grants>, StoreError> {
        let statement = Statement::new(
            "select plugin, consented from plugin_switches where organization = $1 and waits and consented is not null",
            values![organization.0.uuid()],
        );
        let rows = self.database().fetch_all(statement).await?;
        rows.iter().map(|row| Ok((super::reads::plugin_id(row, 0)?, read(&row.text(1)?)?))).collect()
    }

    /// Whether there is one organization alone.
    pub async fn is_of_one(&self) -> Result<bool, StoreError> {
        let statement = Statement::new("select 1 from organizations limit 2", Vec::new());
        Ok(self.database().fetch_all(statement).await?.len() == 1)
    }
}

async fn consent(
    tx: &mut Tx,
    organization: OrganizationId,
    plugin: &PluginId,
    seen: &Grants,
    by: &By,
) -> Result<Consented, StoreError> {
    bump(tx).await?;
    let (id, whose) = (plugin.as_str(), organization.0.uuid());
    let asked = Statement::new(
        "select p.granted, s.consented from plugins p join plugin_switches s on s.plugin = p.id \
         where p.id = $1 and s.organization = $2 and s.waits and s.consented is not null",
        values![id, whose],
    );
    let Some(row) = tx.fetch_optional(asked).await? else { return Ok(Consented::NotAsked) };
    let (granted, before) = (read(&row.text(0)?)?, read(&row.text(1)?)?);
    if granted != *seen {
        return Ok(Consented::Changed);
    }
    tx.execute(Statement::new(
        "update plugin_switches set consented = null, waits = false where plugin = $1 and organization = $2",
        values![id, whose],
    ))
    .await?;
    let detail = json!({ "plugin": id, "granted": granted.missing_from(&before) });
    log(tx, by, Some(organization), "plugin.consented", detail).await?;
    Ok(Consented::Done)
}

/// Those who have consented by the act itself: the organizations whose owner does it, who has read what is asked for. An
/// operator on the command line is the owner where there is one organization.
async fn consenting(tx: &mut Tx, by: &By) -> Result<Vec<OrganizationId>, StoreError> {
    let statement = match by.person {
        Some(person) => Statement::new(
            "select m.organization from memberships m where m.person = $1 and m.role = 'owner' and m.active",
            values![person.0.uuid()],
        ),
        None => Statement::new("select id from organizations limit 2", Vec::new()),
    };
    let found = tx.fetch_all(statement).await?;
    if by.person.is_none() && found.len() > 1 {
        return Ok(Vec::new());
    }
    found.iter().map(|row| row.id(0).map(OrganizationId)).collect()
}

/// Keeps what was consented to where a plugin is granted something else than before, and has it stand still where that
/// was less. To be called once the grants are written.
pub(super) async fn regranted(
    tx: &mut Tx,
    plugin: &str,
    before: &Grants,
    after: &Grants,
    by: &By,
) -> Result<(), StoreError> {
    if before == after {
        return Ok(());
    }
    let of_plugin = Statement::new(
        "select p.brought, p.enabled_by_default, v.title from plugins p \
         join plugin_versions v on v.plugin = p.id and v.hash = p.hash where p.id = $1",
        values![plugin],
    );
    let Some(row) = tx.fetch_optional(of_plugin).await? else { return Ok(()) };
    let (brought, by_default, title) = (row.bool(0)?, row.bool(1)?, row.text(2)?);
    let wider = !after.missing_from(before).is_empty();
    if wider && brought && by_default {
        // It is a part of the program, which was put there by whoever could read everything.
        let all = "update plugin_switches set consented = null, waits = false where plugin = $1";
        return tx.execute(Statement::new(all, values![plugin])).await.map(|_| ());
    }
    let stood = json_of(before)?.to_string();
    if by_default {
        tx.execute(Statement::new(
            "insert into plugin_switches (organization, plugin, enabled, changed_at) \
             select o.id, $1, true, $2 from organizations o where not exists \
             (select 1 from plugin_switches s where s.organization = o.id and s.plugin = $1)",
            values![plugin, by.at],
        ))
        .await?;
    }
    tx.execute(Statement::new(
        "update plugin_switches set consented = $2 where plugin = $1 and consented is null",
        values![plugin, stood],
    ))
    .await?;
    if wider {
        for organization in consenting(tx, by).await? {
            tx.execute(Statement::new(
                "update plugin_switches set consented = null, waits = false where plugin = $1 and organization = $2",
                values![plugin, organization.0.uuid()],
            ))
            .await?;
        }
    }
    measure(tx, plugin, after, &title, by).await
}

/// Has the plugin wait where it is granted more than was consented to, and nowhere else.
async fn measure(tx: &mut Tx, plugin: &str, granted: &Grants, title: &str, by: &By) -> Result<(), StoreError> {
    let kinds = Statement::new(
        "select distinct consented from plugin_switches where plugin = $1 and consented is not null order by consented",
        values![plugin],
    );
    for row in tx.fetch_all(kinds).await? {
        let kept = row.text(0)?;
        let consented = read(&kept)?;
        let waits = !granted.missing_from(&consented).is_empty();
        let newly = Statement::new(
            "select organization from plugin_switches where plugin = $1 and consented = $2 and enabled and not waits \
             order by organization",
            values![plugin, kept.as_str()],
        );
        let newly = if waits { tx.fetch_all(newly).await? } else { Vec::new() };
        tx.execute(Statement::new(
            "update plugin_switches set waits = $3 where plugin = $1 and consented = $2",
            values![plugin, kept.as_str(), waits],
        ))
        .await?;
        for row in newly {
            let organization = OrganizationId(row.id(0)?);
            let said = (
                format!("{title} waits for an owner's consent"),
                format!("It asks for more than it had: {}.", granted.missing_from(&consented).join(", ")),
            );
            let (key, path) = (format!("consent-{plugin}"), format!("/admin/plugins/{plugin}"));
            notices::tell_administrators(tx, organization, &key, (&said.0, &said.1), &path, by.at).await?;
            let detail = json!({ "plugin": plugin, "asked": granted.missing_from(&consented) });
            // Who installs it is not this organization's business.
            let host = By { person: None, address: String::new(), token: None, at: by.at };
            log(tx, &host, Some(organization), "plugin.consent-asked", detail).await?;
        }
    }
    Ok(())
}

/// What a plugin is granted now; nothing where it is not there.
pub(super) async fn standing(tx: &mut Tx, plugin: &str) -> Result<Option<Grants>, StoreError> {
    let statement = Statement::new("select granted from plugins where id = $1", values![plugin]);
    tx.fetch_optional(statement).await?.map(|row| read(&row.text(0)?)).transpose()
}
