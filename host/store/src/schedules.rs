//! When jobs are done by themselves: one row an organization and job, with the next time.

use crate::Store;
use crate::commit::ask;
use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use crate::identity::{Source, values};
use crate::plugins::is_on;
use lignaflow_core::OrganizationId;
use lignaflow_core::background::NewJob;
use lignaflow_core::clock::Micros;
use lignaflow_core::name::{LocalName, PluginId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduled {
    pub organization: OrganizationId,
    pub plugin: PluginId,
    pub name: LocalName,
    pub schedule: String,
    pub time_zone: String,
    pub next_at: Micros,
    pub last_at: Option<Micros>,
}

macro_rules! scheduled {
    ($rest:expr) => {
        concat!(
            "select j.organization, j.plugin, j.name, j.schedule, j.time_zone, j.next_at, j.last_at \
             from job_schedules j ",
            $rest
        )
    };
}

fn unreadable(what: &str) -> StoreError {
    StoreError::Broken(format!("a schedule holds {what} that cannot be read"))
}

fn of_row(row: &Row) -> Result<Scheduled, StoreError> {
    Ok(Scheduled {
        organization: OrganizationId(row.id(0)?),
        plugin: row.text(1)?.parse().map_err(|_| unreadable("a plugin"))?,
        name: row.text(2)?.parse().map_err(|_| unreadable("a name"))?,
        schedule: row.text(3)?,
        time_zone: row.text(4)?,
        next_at: row.i64(5)?,
        last_at: row.opt_i64(6)?,
    })
}

impl Store {
    /// The organizations, with their zones, that have a plugin on and where a job of it is not yet to be done by this
    /// schedule, or by another zone. Some at a time.
    pub async fn unscheduled(
        &self,
        plugin: &PluginId,
        name: &LocalName,
        schedule: &str,
        limit: u32,
    ) -> Result<Vec<(OrganizationId, String)>, StoreError> {
        let statement = Statement::new(
            "select o.id, o.time_zone from organizations o join plugins p on p.id = $1 \
             left join plugin_switches s on s.organization = o.id and s.plugin = p.id \
             where p.active and coalesce(s.enabled, p.enabled_by_default) and not coalesce(s.waits, false) \
             and not exists (select 1 from job_schedules j where j.organization = o.id and j.plugin = $1 and j.name = $2 and j.schedule = $3 \
             and j.time_zone = o.time_zone) order by o.id limit $4",
            values![plugin.as_str(), name.as_str(), schedule, i64::from(limit)],
        );
        let rows = self.database().fetch_all(statement).await?;
        rows.iter().map(|row| Ok((OrganizationId(row.id(0)?), row.text(1)?))).collect()
    }

    /// Sets when a job is done next.
    pub async fn schedule(&self, scheduled: &Scheduled) -> Result<(), StoreError> {
        let statement = Statement::new(
            "insert into job_schedules (organization, plugin, name, schedule, time_zone, next_at) \
             values ($1, $2, $3, $4, $5, $6) on conflict (organization, plugin, name) do update \
             set schedule = excluded.schedule, time_zone = excluded.time_zone, next_at = excluded.next_at returning 1",
            values![
                scheduled.organization.0.uuid(),
                scheduled.plugin.as_str(),
                scheduled.name.as_str(),
                scheduled.schedule.as_str(),
                scheduled.time_zone.as_str(),
                scheduled.next_at,
            ],
        );
        self.database().write_once(statement).await.map(|_| ())
    }

    /// Forgets the times of jobs whose plugin is off: once it is on again, they are counted anew.
    pub async fn unschedule(&self) -> Result<(), StoreError> {
        let standing =
            Statement::new(concat!("select 1 from job_schedules j where not ", is_on!(), " limit 1"), values![]);
        if self.database().fetch_optional(standing).await?.is_some() {
            let statement = Statement::new(
                concat!(
                    "delete from job_schedules where (organization, plugin, name) in \
                     (select j.organization, j.plugin, j.name from job_schedules j where not ",
                    is_on!(),
                    ") returning 1"
                ),
                values![],
            );
            self.database().write_once(statement).await?;
        }
        Ok(())
    }

    /// Forgets the times of a plugin's jobs that are none of these.
    pub async fn unschedule_but(&self, plugin: &PluginId, names: &[&LocalName]) -> Result<(), StoreError> {
        let mut values = values![plugin.as_str()];
        let mut places = Vec::new();
        for name in names {
            values.push(name.as_str().into());
            places.push(format!("${}", values.len()));
        }
        let but = if places.is_empty() { String::new() } else { format!(" and name not in ({})", places.join(", ")) };
        let gone = format!("from job_schedules where plugin = $1{but}");
        let standing = Statement::composed(format!("select 1 {gone} limit 1"), values.clone());
        if self.database().fetch_optional(standing).await?.is_some() {
            self.database().write_once(Statement::composed(format!("delete {gone} returning 1"), values)).await?;
        }
        Ok(())
    }

    /// What is to be done now, of plugins that are on; what was due first comes first.
    pub async fn due_schedules(&self, now: Micros, limit: u32) -> Result<Vec<Scheduled>, StoreError> {
        let statement = Statement::new(
            concat!(scheduled!("where j.next_at <= $1 and "), is_on!(), " order by j.next_at limit $2"),
            values![now, i64::from(limit)],
        );
        self.database().fetch_all(statement).await?.iter().map(of_row).collect()
    }
}

/// Asks for a scheduled job and notes when it is done next. `false` where another host has done so.
pub async fn fire(tx: &mut Tx, due: &Scheduled, job: &NewJob, next_at: Micros, at: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update job_schedules set next_at = $5, last_at = $4 where organization = $1 and plugin = $2 and name = $3 \
         and next_at = $6",
        values![due.organization.0.uuid(), due.plugin.as_str(), due.name.as_str(), at, next_at, due.next_at],
    );
    if tx.execute(statement).await? == 0 {
        return Ok(false);
    }
    ask(tx, due.organization, job, 0, at).await?;
    Ok(true)
}

/// When jobs of an organization are done by themselves, the next one first.
pub async fn of(source: impl Source, organization: OrganizationId) -> Result<Vec<Scheduled>, StoreError> {
    let statement = Statement::new(
        scheduled!("where j.organization = $1 order by j.next_at, j.plugin, j.name"),
        values![organization.0.uuid()],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}
