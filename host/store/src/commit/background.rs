//! Jobs that are asked for, and the step of background work that a commit is: last of all, so that everybody takes the
//! locks of these rows after those of records.

use crate::database::{Statement, Tx};
use crate::error::StoreError;
use crate::identity::values;
use lignaflow_core::background::{MAX_WAITING, NewJob, Next, Step};
use lignaflow_core::clock::Micros;
use lignaflow_core::commit::{Commit, Refusal};
use lignaflow_core::name::PluginId;
use lignaflow_core::{Id, OrganizationId};
use std::collections::BTreeMap;

pub(super) async fn keep(tx: &mut Tx, commit: &Commit) -> Result<(), Refusal> {
    let organization = commit.access.organization();
    if let Some(step) = &commit.background.step
        && !take(tx, organization, step, commit.at).await?
    {
        return Err(Refusal::Overtaken);
    }
    let mut of_plugins: BTreeMap<&PluginId, u32> = BTreeMap::new();
    for job in &commit.background.jobs {
        *of_plugins.entry(&job.plugin).or_default() += 1;
    }
    for (plugin, more) in of_plugins {
        if waiting(tx, organization, plugin).await? + more > MAX_WAITING {
            return Err(Refusal::Backlog { plugin: plugin.clone() });
        }
    }
    for job in &commit.background.jobs {
        ask(tx, organization, job, commit.background.depth, commit.at).await?;
    }
    for document in &commit.background.documents {
        crate::documents::ask(tx, organization, document, commit.at).await?;
    }
    Ok(())
}

/// Jobs of a plugin that wait, as far as it matters.
async fn waiting(tx: &mut Tx, organization: OrganizationId, plugin: &PluginId) -> Result<u32, StoreError> {
    let statement = Statement::new(
        "select count(*) from (select 1 as one from jobs where organization = $1 and plugin = $2 and state = 'waiting' \
         limit $3) as waiting",
        values![organization.0.uuid(), plugin.as_str(), i64::from(MAX_WAITING)],
    );
    Ok(u32::try_from(tx.fetch_one(statement).await?.i64(0)?).unwrap_or(u32::MAX))
}

/// One that waits under the same key, and was not begun, is it already: it will see what this commit leaves, since it
/// cannot begin before this has ended. One that was begun may have read before; it is done once more.
pub(crate) async fn ask(
    tx: &mut Tx,
    organization: OrganizationId,
    job: &NewJob,
    depth: u16,
    at: Micros,
) -> Result<(), StoreError> {
    let statement = Statement::new(
        "insert into jobs (organization, id, plugin, name, payload, deduplicate, state, run_after, depth, asked_at, \
         changed_at) values ($1, $2, $3, $4, $5, $6, 'waiting', $7, $8, $9, $9) \
         on conflict (organization, plugin, name, deduplicate) where state = 'waiting' and deduplicate is not null \
         do update set again = case when jobs.begun then excluded.payload else jobs.again end, \
         again_after = case when jobs.begun then excluded.run_after else jobs.again_after end",
        values![
            organization.0.uuid(),
            job.id.uuid(),
            job.plugin.as_str(),
            job.name.as_str(),
            job.payload.as_str(),
            job.deduplicate.clone(),
            job.run_after,
            i64::from(depth),
            at,
        ],
    );
    tx.execute(statement).await.map(|_| ())
}

/// Whether the work was still that of who takes the step.
async fn take(tx: &mut Tx, organization: OrganizationId, step: &Step, at: Micros) -> Result<bool, StoreError> {
    let statement = match step {
        Step::Job { id, holder, next: Some(next) } => goes_on(organization, *id, *holder, next, at),
        Step::Job { id, holder, next: None } => Statement::new(
            "update jobs set state = case when again is null then 'done' else 'waiting' end, \
             payload = coalesce(again, payload), run_after = coalesce(again_after, run_after), again = null, \
             again_after = null, cursor = null, slices = slices + 1, begun = false, attempts = 0, holder = null, \
             held_until = 0, error = null, changed_at = $4 \
             where organization = $1 and id = $2 and holder = $3 and state = 'waiting'",
            values![organization.0.uuid(), id.uuid(), holder.uuid(), at],
        ),
        Step::Told { plugin, holder, next } => {
            let mut values = values![organization.0.uuid(), plugin.as_str(), holder.uuid(), at];
            values.extend(crate::webhooks::parts(*next)?);
            Statement::new(
                "update subscribers set log_transaction = $5, log_sequence = $6, failures = 0, run_after = 0, \
                 holder = null, held_until = 0, error = null, changed_at = $4 \
                 where organization = $1 and plugin = $2 and holder = $3 and parked_at is null",
                values,
            )
        }
    };
    Ok(tx.execute(statement).await? > 0)
}

fn goes_on(organization: OrganizationId, id: Id, holder: Id, next: &Next, at: Micros) -> Statement {
    Statement::new(
        "update jobs set cursor = $5, run_after = $6, slices = slices + 1, attempts = 0, holder = null, \
         held_until = 0, error = null, changed_at = $4 \
         where organization = $1 and id = $2 and holder = $3 and state = 'waiting'",
        values![organization.0.uuid(), id.uuid(), holder.uuid(), at, next.cursor.as_str(), next.run_after],
    )
}
