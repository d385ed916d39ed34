//! A portion of a migration: the next version of a plugin is handed records, and what it returns is committed together
//! with the place that this has come to. Its writes call no hook, and what is archived or locked by a state is open to
//! them: it is the plugin's own data, in a form that it alone knows.

use crate::plan::{Desk, Found, Item, Plan};
use crate::reads::GuestReads;
use crate::services::Reach;
use crate::{MAX_ATTEMPTS, Records, answers};
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::catalog::Schema;
use lignaflow_core::commit::{Author, Commit, Refusal};
use lignaflow_core::guest::{FormerRecord, Guest as _, Portion};
use lignaflow_core::id::Id;
use lignaflow_core::mutation::{Mutation, Origin};
use lignaflow_core::name::PluginId;
use lignaflow_core::record::Record;
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_runtime::Snapshot;
use lignaflow_store::plugins::Step;
use std::sync::Arc;

/// A migration in an organization.
#[derive(Debug, Clone, Copy)]
pub struct Carrying<'a> {
    /// What runs, with the next version in the place of the one before.
    pub snapshot: &'a Arc<Snapshot>,
    /// The plugin itself, in the organization.
    pub caller: &'a Caller,
    pub plugin: &'a PluginId,
    pub from_version: &'a str,
}

/// What became of a portion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    Done,
    /// Another host goes on with it, or nobody does any more.
    Elsewhere,
}

impl Records {
    /// Carries records over, which are of a collection that holds what either version declares, and takes the step.
    pub async fn carry_over(
        &self,
        carrying: Carrying<'_>,
        schema: &Arc<Schema>,
        mut records: Vec<Record>,
        step: Step,
    ) -> Result<Carried, Fault> {
        let Carrying { snapshot, caller, plugin, from_version } = carrying;
        let access = caller.to_write()?;
        let guest = snapshot.plugins.get(plugin).ok_or_else(|| Fault::not_found(format_args!("plugin `{plugin}`")))?;
        let ids: Vec<Id> = records.iter().map(|record| record.id).collect();
        for attempt in 0..MAX_ATTEMPTS {
            if attempt > 0 {
                let own = Access::of_plugin(caller.organization);
                records = self.store.records(own, schema, &ids).await.map_err(answers::of_store)?;
            }
            let mut step = Step { records: ids.len(), ..step.clone() };
            let reads = self.reads_of(snapshot, caller, plugin, Reach::reading());
            let mut writes = Vec::new();
            if !records.is_empty() {
                let portion = Portion {
                    from_version: from_version.to_owned(),
                    to_version: guest.version().to_owned(),
                    collection: schema.name.local.as_str().to_owned(),
                    records: records.iter().map(|record| former(schema, record)).collect(),
                };
                let called = guest.migrate(reads.clone(), portion).await;
                writes = called.map_err(|fault| answers::of_call(fault, plugin))?;
            }
            step.writes = writes.len();
            let commit = self.planned(carrying, access, writes, &reads).await?;
            if let Some(pause) = &self.pause {
                pause(Origin::Migration, attempt).await;
            }
            let (commit, prefixes) = commit;
            match self.store.commit_step(commit.clone(), step).await {
                Ok(true) => return Ok(Carried::Done),
                Ok(false) => return Ok(Carried::Elsewhere),
                Err(Refusal::Changed) => metrics::counter!("lignaflow_write_retries_total").increment(1),
                Err(refusal) => return Err(answers::of_refusal(&refusal, &commit, &prefixes)),
            }
        }
        Err(Fault::new(ErrorCode::Unavailable, "What it carries over goes on changing; it is tried again."))
    }

    /// The commit of what the guest asks for, with where each change stands in it.
    async fn planned(
        &self,
        carrying: Carrying<'_>,
        access: Access<'_>,
        writes: Vec<Mutation>,
        reads: &GuestReads,
    ) -> Result<(Commit, Vec<String>), Fault> {
        let Carrying { snapshot, caller, plugin, .. } = carrying;
        let desk = Desk { store: &self.store, snapshot, caller, access, unlocked: true };
        let taken = reads.taken()?;
        let mut plan = Plan { reads: taken.reads, settings: taken.settings, ..Plan::default() };
        let items = writes.into_iter().enumerate().map(|(index, mutation)| Item {
            prefix: place(index, &mutation),
            mutation,
            by: Some(plugin.clone()),
        });
        desk.draft(&mut plan, items.collect()).await?;
        let mut found = Found::default();
        found.issues.append(&mut plan.issues);
        found.issues.extend(desk.check_files(&plan).await?);
        found.finish()?;
        let version = snapshot.plugins.get(plugin).map(|guest| guest.version().to_owned()).unwrap_or_default();
        let author = Author {
            principal: caller.principal.clone(),
            through: Some((plugin.clone(), version)),
            request: caller.request_id,
            origin: Origin::Migration,
        };
        let drafts = plan.drafts.iter().filter_map(|draft| Some((draft.change()?, draft.prefix.clone())));
        let (changes, prefixes): (Vec<_>, Vec<_>) = drafts.unzip();
        let touched = desk.touched(&plan, &changes);
        let commit = Commit {
            author,
            reads: plan.reads,
            settings: plan.settings,
            changes,
            touched,
            guards: plan.guards,
            ..Commit::empty(access.unbound(), caller, Origin::Migration, self.clock.now())
        };
        Ok((commit, prefixes))
    }
}

/// Where a fault of a write is told: at the record, where it is about one.
fn place(index: usize, mutation: &Mutation) -> String {
    match mutation {
        Mutation::Insert { collection, id, .. }
        | Mutation::Update { collection, id, .. }
        | Mutation::Remove { collection, id, .. }
        | Mutation::Restore { collection, id, .. }
        | Mutation::Transition { collection, id, .. } => format!("/{collection}/{id}"),
        _ => format!("/writes/{index}"),
    }
}

fn former(schema: &Schema, record: &Record) -> FormerRecord {
    FormerRecord {
        id: record.id,
        version: record.version,
        archived: record.archived_at.is_some(),
        fields: record.fields(schema),
    }
}
