//! How far plugins were told of what was changed: one row an organization and plugin. Whoever tells one takes it over with
//! a token for that once, as with [`crate::jobs`]; that it was told is part of the commit of what it answers.

use crate::Store;
use crate::database::{Dialect, Row, Statement, Tx};
use crate::error::StoreError;
use crate::identity::{Source, values};
use crate::jobs::Busy;
use crate::log::LogPosition;
use crate::plugins::is_on;
use crate::webhooks::{parts, position};
use lignaflow_core::caller::Access;
use lignaflow_core::clock::Micros;
use lignaflow_core::name::PluginId;
use lignaflow_core::{Id, OrganizationId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    pub organization: OrganizationId,
    pub plugin: PluginId,
    /// How far it was told.
    pub position: LogPosition,
    /// Tries in a row that failed.
    pub failures: i64,
    pub run_after: Micros,
    /// Since when it is told nothing any more.
    pub parked_at: Option<Micros>,
    /// Why the last try failed.
    pub error: Option<String>,
    pub changed_at: Micros,
}

const COLUMNS: &str =
    "organization, plugin, log_transaction, log_sequence, failures, run_after, parked_at, error, changed_at";

fn unreadable(what: &str) -> StoreError {
    StoreError::Broken(format!("a subscriber holds {what} that cannot be read"))
}

fn of_row(row: &Row) -> Result<Subscriber, StoreError> {
    Ok(Subscriber {
        organization: OrganizationId(row.id(0)?),
        plugin: row.text(1)?.parse().map_err(|_| unreadable("a plugin"))?,
        position: position(row, 2)?,
        failures: row.i64(4)?,
        run_after: row.i64(5)?,
        parked_at: row.opt_i64(6)?,
        error: row.opt_text(7)?,
        changed_at: row.i64(8)?,
    })
}

impl Store {
    /// Takes a plugin over that is on and that the log holds something new for, until some time; the one that has waited
    /// for longest. `holder` is a token for this once.
    pub async fn claim_subscriber(
        &self,
        holder: Id,
        now: Micros,
        until: Micros,
        busy: &Busy,
    ) -> Result<Option<Subscriber>, StoreError> {
        let behind = match self.dialect() {
            Dialect::Sqlite => {
                "exists (select 1 from changes c where c.organization = j.organization and c.sequence > j.log_sequence)"
            }
            Dialect::Postgres => {
                "exists (select 1 from changes c where c.organization = j.organization \
                 and (c.xid, c.sequence) > (j.log_transaction::text::xid8, j.log_sequence) \
                 and c.xid < pg_snapshot_xmin(pg_current_snapshot()))"
            }
        };
        let due = format!(
            "from subscribers j where j.parked_at is null and j.run_after <= $1 and j.held_until <= $1 and {} and {behind}",
            is_on!()
        );
        let standing = Statement::composed(format!("select 1 {due} limit 1"), values![now]);
        if self.database().fetch_optional(standing).await?.is_none() {
            return Ok(None);
        }
        let lock = match self.dialect() {
            Dialect::Sqlite => "",
            Dialect::Postgres => " for update of j skip locked",
        };
        let mut values = values![now, holder.uuid(), until];
        let spared = busy.spared(&mut values);
        let sql = format!(
            "update subscribers set holder = $2, held_until = $3, failures = failures + 1 \
             where (organization, plugin) = (select j.organization, j.plugin {due}{spared} order by j.changed_at limit 1{lock}) \
             returning {COLUMNS}"
        );
        let rows = self.database().write_once(Statement::composed(sql, values)).await?;
        rows.first().map(of_row).transpose()
    }

    /// Keeps a subscriber for longer. `false` where it is another's by now.
    pub async fn hold_subscriber(
        &self,
        subscriber: &Subscriber,
        holder: Id,
        until: Micros,
    ) -> Result<bool, StoreError> {
        let statement = Statement::new(
            "update subscribers set held_until = $4 where organization = $1 and plugin = $2 and holder = $3 returning 1",
            values![subscriber.organization.0.uuid(), subscriber.plugin.as_str(), holder.uuid(), until],
        );
        Ok(!self.database().write_once(statement).await?.is_empty())
    }

    /// Gives a subscriber back that could not be told anything for now. It does not count as a try.
    pub async fn put_subscriber_off(
        &self,
        subscriber: &Subscriber,
        holder: Id,
        run_after: Micros,
    ) -> Result<bool, StoreError> {
        let statement = Statement::new(
            "update subscribers set holder = null, held_until = 0, failures = failures - 1, run_after = $4 \
             where organization = $1 and plugin = $2 and holder = $3 returning 1",
            values![subscriber.organization.0.uuid(), subscriber.plugin.as_str(), holder.uuid(), run_after],
        );
        Ok(!self.database().write_once(statement).await?.is_empty())
    }

    /// Begins to tell a plugin, in organizations that have it on and where it is not told yet: of what was changed from
    /// the moment on in which it came to be on. Some at a time; how many those were.
    pub async fn add_subscribers(&self, plugin: &PluginId, now: Micros, limit: u32) -> Result<usize, StoreError> {
        const NEW: &str = "select o.id, o.created_at, p.installed_at, coalesce(s.changed_at, 0) from organizations o \
                           join plugins p on p.id = $1 left join plugin_switches s on s.organization = o.id \
                           and s.plugin = p.id where p.active and coalesce(s.enabled, p.enabled_by_default) \
                           and not coalesce(s.waits, false) and not exists (select 1 from subscribers b where b.organization = o.id \
                           and b.plugin = p.id) order by o.id limit $2";
        let statement = Statement::new(NEW, values![plugin.as_str(), i64::from(limit)]);
        let rows = self.database().fetch_all(statement).await?;
        for row in &rows {
            let organization = OrganizationId(row.id(0)?);
            let since = row.i64(1)?.max(row.i64(2)?).max(row.i64(3)?);
            let position = self.position_before(organization, since).await?;
            let mut values = values![organization.0.uuid(), plugin.as_str(), now];
            values.extend(parts(position)?);
            let statement = Statement::new(
                "insert into subscribers (organization, plugin, log_transaction, log_sequence, changed_at) \
                 values ($1, $2, $4, $5, $3) on conflict (organization, plugin) do nothing returning 1",
                values,
            );
            self.database().write_once(statement).await?;
        }
        Ok(rows.len())
    }

    /// Behind the last change that was made before an instant.
    async fn position_before(&self, organization: OrganizationId, since: Micros) -> Result<LogPosition, StoreError> {
        let sql = match self.dialect() {
            Dialect::Sqlite => {
                "select 0, sequence from changes where organization = $1 and at < $2 order by sequence desc limit 1"
            }
            Dialect::Postgres => {
                "select xid::text::bigint, sequence from changes where organization = $1 and at < $2 \
                 order by xid desc, sequence desc limit 1"
            }
        };
        let horizon = self.log_horizon(Access::of_plugin(organization)).await?;
        let last = self.database().fetch_optional(Statement::new(sql, values![organization.0.uuid(), since])).await?;
        let last = last.map(|row| position(&row, 0)).transpose()?;
        // What is still under way may yet come before it.
        Ok(last.unwrap_or(LogPosition::START).min(horizon.position))
    }

    /// Forgets how far plugins were told that are not installed any more.
    pub async fn forget_subscribers(&self) -> Result<(), StoreError> {
        let gone = "from subscribers where plugin not in (select id from plugins)";
        if self
            .database()
            .fetch_optional(Statement::composed(format!("select 1 {gone} limit 1"), values![]))
            .await?
            .is_some()
        {
            self.database().write_once(Statement::composed(format!("delete {gone} returning 1"), values![])).await?;
        }
        Ok(())
    }
}

/// Notes that a try failed, and when the next one is made, or that it is told nothing any more. `false` where it is
/// another's by now.
pub async fn failed(
    tx: &mut Tx,
    subscriber: &Subscriber,
    holder: Id,
    error: &str,
    run_after: Option<Micros>,
    at: Micros,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update subscribers set holder = null, held_until = 0, run_after = $4, parked_at = $5, error = $6, \
         changed_at = $7 where organization = $1 and plugin = $2 and holder = $3",
        values![
            subscriber.organization.0.uuid(),
            subscriber.plugin.as_str(),
            holder.uuid(),
            run_after.unwrap_or_default(),
            if run_after.is_some() { None } else { Some(at) },
            error,
            at,
        ],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Has a plugin told again from where it stopped. `false` where it was not parked.
pub async fn resume(
    tx: &mut Tx,
    organization: OrganizationId,
    plugin: &PluginId,
    at: Micros,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update subscribers set parked_at = null, failures = 0, run_after = 0, error = null, changed_at = $3 \
         where organization = $1 and plugin = $2 and parked_at is not null",
        values![organization.0.uuid(), plugin.as_str(), at],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// The subscribers of an organization, by plugin.
pub async fn of(source: impl Source, organization: OrganizationId) -> Result<Vec<Subscriber>, StoreError> {
    let statement = Statement::composed(
        format!("select {COLUMNS} from subscribers where organization = $1 order by plugin"),
        values![organization.0.uuid()],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}
