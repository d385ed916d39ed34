//! Jobs of plugins: rows in, rows out. That one is asked for, and that a slice of it is done, is part of a commit
//! ([`crate::commit`]); here stands who does one, that a try failed, and what administrators do.
//!
//! Whoever takes a job over gives it a token of their own. What follows is refused to everybody with another token, so a
//! host that was thought to be gone does no harm when it comes back.

use crate::Store;
use crate::database::{Dialect, Row, Statement, Tx};
use crate::error::StoreError;
use crate::identity::{Source, values};
use crate::plugins::is_on;
use lignaflow_core::clock::Micros;
use lignaflow_core::name::{LocalName, PluginId};
use lignaflow_core::{Id, OrganizationId};
use sea_query::Value as SqlValue;
use std::fmt::Write as _;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// For its time, its turn, or the next try; or it is being done.
    Waiting,
    Done,
    /// The last try of a slice has failed.
    Failed,
    Cancelled,
}

impl State {
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Done, Self::Failed, Self::Cancelled];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub organization: OrganizationId,
    pub id: Id,
    pub plugin: PluginId,
    pub name: LocalName,
    /// JSON.
    pub payload: String,
    pub deduplicate: Option<String>,
    pub state: State,
    pub run_after: Micros,
    /// Where it goes on.
    pub cursor: Option<String>,
    /// Slices that are done.
    pub slices: i64,
    /// Tries of the slice at hand.
    pub attempts: i64,
    /// Until when whoever does it has it.
    pub held_until: Micros,
    /// Why the last try failed.
    pub error: Option<String>,
    pub depth: u16,
    pub asked_at: Micros,
    pub changed_at: Micros,
}

macro_rules! columns {
    ($j:literal) => {
        concat!(
            $j,
            "organization, ",
            $j,
            "id, ",
            $j,
            "plugin, ",
            $j,
            "name, ",
            $j,
            "payload, ",
            $j,
            "deduplicate, ",
            $j,
            "state, ",
            $j,
            "run_after, ",
            $j,
            "cursor, ",
            $j,
            "slices, ",
            $j,
            "attempts, ",
            $j,
            "held_until, ",
            $j,
            "error, ",
            $j,
            "depth, ",
            $j,
            "asked_at, ",
            $j,
            "changed_at"
        )
    };
}

fn unreadable(what: &str) -> StoreError {
    StoreError::Broken(format!("a job holds {what} that cannot be read"))
}

fn of_row(row: &Row) -> Result<Job, StoreError> {
    let state = row.text(6)?;
    Ok(Job {
        organization: OrganizationId(row.id(0)?),
        id: row.id(1)?,
        plugin: row.text(2)?.parse().map_err(|_| unreadable("a plugin"))?,
        name: row.text(3)?.parse().map_err(|_| unreadable("a name"))?,
        payload: row.text(4)?,
        deduplicate: row.opt_text(5)?,
        state: State::ALL.into_iter().find(|known| known.as_str() == state).ok_or_else(|| unreadable("a state"))?,
        run_after: row.i64(7)?,
        cursor: row.opt_text(8)?,
        slices: row.i64(9)?,
        attempts: row.i64(10)?,
        held_until: row.i64(11)?,
        error: row.opt_text(12)?,
        depth: u16::try_from(row.i64(13)?).map_err(|_| unreadable("a depth"))?,
        asked_at: row.i64(14)?,
        changed_at: row.i64(15)?,
    })
}

/// Which jobs may be taken over, in SQL.
macro_rules! due {
    () => {
        concat!("from jobs j where j.state = 'waiting' and j.run_after <= $1 and j.held_until <= $1 and ", is_on!())
    };
}

/// Those who have so much done at this moment that others come first: of them nothing is taken over.
#[derive(Debug, Default)]
pub struct Busy {
    pub organizations: Vec<OrganizationId>,
    pub plugins: Vec<PluginId>,
}

impl Busy {
    /// That it is none of theirs, of a row `j`, after another condition.
    pub(crate) fn spared(&self, values: &mut Vec<SqlValue>) -> String {
        let mut condition = String::new();
        let organizations = self.organizations.iter().map(|organization| organization.0.uuid().into());
        let plugins = self.plugins.iter().map(|plugin| plugin.as_str().into());
        let columns: [(&str, Vec<SqlValue>); 2] =
            [("organization", organizations.collect()), ("plugin", plugins.collect())];
        for (column, theirs) in columns {
            for value in theirs {
                values.push(value);
                let _ = write!(condition, " and j.{column} <> ${}", values.len());
            }
        }
        condition
    }
}

impl Store {
    /// Takes the job over that has been due for longest, of a plugin that is on, until some time. `holder` is a token for
    /// this once.
    pub async fn claim_job(
        &self,
        holder: Id,
        now: Micros,
        until: Micros,
        busy: &Busy,
    ) -> Result<Option<Job>, StoreError> {
        // Asked first, so that hosts which wait for work write nothing.
        let standing = Statement::new(concat!("select 1 ", due!(), " limit 1"), values![now]);
        if self.database().fetch_optional(standing).await?.is_none() {
            return Ok(None);
        }
        let mut values = values![now, holder.uuid(), until];
        let spared = busy.spared(&mut values);
        let lock = match self.dialect() {
            Dialect::Sqlite => "",
            Dialect::Postgres => " for update of j skip locked",
        };
        let sql = format!(
            "update jobs set holder = $2, held_until = $3, begun = true, attempts = attempts + 1, changed_at = $1 \
             where (organization, id) = (select j.organization, j.id {}{spared} order by j.run_after limit 1{lock}) \
             returning {}",
            due!(),
            columns!("")
        );
        let rows = self.database().write_once(Statement::composed(sql, values)).await?;
        rows.first().map(of_row).transpose()
    }

    /// Keeps a job for longer. `false` where it is another's by now.
    pub async fn hold_job(&self, job: &Job, holder: Id, until: Micros) -> Result<bool, StoreError> {
        let statement = Statement::new(
            "update jobs set held_until = $4 where organization = $1 and id = $2 and holder = $3 \
             and state = 'waiting' returning 1",
            values![job.organization.0.uuid(), job.id.uuid(), holder.uuid(), until],
        );
        Ok(!self.database().write_once(statement).await?.is_empty())
    }

    /// Gives a job back that nothing could be done of for now. It does not count as a try.
    pub async fn put_job_off(&self, job: &Job, holder: Id, run_after: Micros) -> Result<bool, StoreError> {
        let statement = Statement::new(
            "update jobs set holder = null, held_until = 0, attempts = attempts - 1, run_after = $4 \
             where organization = $1 and id = $2 and holder = $3 and state = 'waiting' returning 1",
            values![job.organization.0.uuid(), job.id.uuid(), holder.uuid(), run_after],
        );
        Ok(!self.database().write_once(statement).await?.is_empty())
    }

    /// What hosts have taken over and not given back, where this is the only one: those are gone.
    pub async fn free_jobs(&self) -> Result<(), StoreError> {
        if self.dialect() == Dialect::Sqlite {
            for sql in [
                "update jobs set held_until = 0 where held_until > 0 and state = 'waiting'",
                "update subscribers set held_until = 0 where held_until > 0",
            ] {
                self.database().write_once(Statement::new(sql, Vec::new())).await?;
            }
        }
        Ok(())
    }
}

/// Notes that a try failed, and when the next one is made. `false` where the job is another's by now.
pub async fn failed(
    tx: &mut Tx,
    job: &Job,
    holder: Id,
    error: &str,
    run_after: Micros,
    at: Micros,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update jobs set holder = null, held_until = 0, run_after = $4, error = $5, changed_at = $6 \
         where organization = $1 and id = $2 and holder = $3 and state = 'waiting'",
        values![job.organization.0.uuid(), job.id.uuid(), holder.uuid(), run_after, error, at],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Notes that the last try failed. Where it was asked for again meanwhile, it begins anew with that. `false` where the
/// job is another's by now.
pub async fn give_up(tx: &mut Tx, job: &Job, holder: Id, error: &str, at: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update jobs set state = case when again is null then 'failed' else 'waiting' end, \
         payload = coalesce(again, payload), run_after = coalesce(again_after, run_after), \
         cursor = case when again is null then cursor else null end, \
         attempts = case when again is null then attempts else 0 end, begun = again is null, again = null, \
         again_after = null, holder = null, held_until = 0, error = $4, changed_at = $5 \
         where organization = $1 and id = $2 and holder = $3 and state = 'waiting'",
        values![job.organization.0.uuid(), job.id.uuid(), holder.uuid(), error, at],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Has a job that failed or was cancelled go on where it stopped. `false` where it is neither.
pub async fn retry(tx: &mut Tx, organization: OrganizationId, id: Id, at: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update jobs set state = 'waiting', attempts = 0, run_after = $3, changed_at = $3 \
         where organization = $1 and id = $2 and state in ('failed', 'cancelled')",
        values![organization.0.uuid(), id.uuid(), at],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Ends a job that waits, also where it is being done just now: nothing of the slice at hand is kept. `false` where it
/// does not wait.
pub async fn cancel(tx: &mut Tx, organization: OrganizationId, id: Id, at: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update jobs set state = 'cancelled', holder = null, held_until = 0, again = null, again_after = null, \
         changed_at = $3 where organization = $1 and id = $2 and state = 'waiting'",
        values![organization.0.uuid(), id.uuid(), at],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Forgets what ended before an instant, some at a time. How many were forgotten.
pub async fn forget(tx: &mut Tx, before: Micros, limit: u32) -> Result<u64, StoreError> {
    tx.execute(Statement::new(
        "delete from jobs where (organization, id) in (select organization, id from jobs where state <> 'waiting' \
         and changed_at < $1 order by changed_at limit $2)",
        values![before, i64::from(limit)],
    ))
    .await
}

/// Which jobs are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Which {
    pub plugin: Option<PluginId>,
    pub name: Option<LocalName>,
    pub state: Option<State>,
    /// Of those that wait: whether they are being done at this instant.
    pub running: Option<(bool, Micros)>,
    /// Those that were asked for before this one.
    pub before: Option<Id>,
}

/// The jobs of an organization, those asked for last first.
pub async fn of(
    source: impl Source,
    organization: OrganizationId,
    which: &Which,
    limit: u32,
) -> Result<Vec<Job>, StoreError> {
    let (running, now) = which.running.map_or((0, 0), |(running, now)| (if running { 1 } else { 2 }, now));
    let statement = Statement::new(
        concat!(
            "select ",
            columns!("j."),
            " from jobs j where j.organization = $1 and ($2 = '' or j.plugin = $2) and ($3 = '' or j.name = $3) \
             and ($4 = '' or j.state = $4) and ($5 = 0 or ($5 = 1 and j.held_until > $6) \
             or ($5 = 2 and j.held_until <= $6)) and j.id < $7 order by j.id desc limit $8"
        ),
        values![
            organization.0.uuid(),
            which.plugin.as_ref().map_or("", PluginId::as_str),
            which.name.as_ref().map_or("", LocalName::as_str),
            which.state.map_or("", State::as_str),
            i64::from(running),
            now,
            which.before.unwrap_or(Id::from_bytes([0xff; 16])).uuid(),
            i64::from(limit),
        ],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

pub async fn one(source: impl Source, organization: OrganizationId, id: Id) -> Result<Option<Job>, StoreError> {
    let statement = Statement::new(
        concat!("select ", columns!("j."), " from jobs j where j.organization = $1 and j.id = $2"),
        values![organization.0.uuid(), id.uuid()],
    );
    source.optional(statement).await?.map(|row| of_row(&row)).transpose()
}
