//! The one path of every write: plan, hooks, commit; and again, on fresh reads, when what it rests on has changed.

use crate::answers;
use crate::plan::{Desk, Found, Item, Plan};
use crate::{MAX_ATTEMPTS, Records};
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::catalog::Schema;
use lignaflow_core::commit::{Author, Commit, Committed, ReadCheck, Refusal};
use lignaflow_core::descriptor::ChangeKind;
use lignaflow_core::mutation::{Mutation, Origin};
use lignaflow_core::name::PluginId;
use lignaflow_core::record::Record;
use lignaflow_core::{ErrorCode, Fault, Id, Issue, Value};
use lignaflow_runtime::Snapshot;
use std::sync::Arc;

/// One record as a write left it.
#[derive(Debug, Clone)]
pub struct Saved {
    pub schema: Arc<Schema>,
    pub record: Record,
    pub kind: ChangeKind,
}

/// What a write left behind: one record for each mutation that asked for a change, in their order, then those that
/// hooks added.
#[derive(Debug, Clone, Default)]
pub struct Written {
    pub saved: Vec<Saved>,
}

/// Names of a circle that are told.
const MAX_NAMES: usize = 12;

/// What one attempt came to.
pub(crate) enum Attempt {
    Done(Written),
    /// Something it rests on has changed.
    Again,
}

/// What a client asks for. More than one at once are told apart by the index that begins the paths of issues.
fn items(origin: Origin, mutations: Vec<Mutation>) -> Vec<Item> {
    let alone = mutations.len() == 1 && origin != Origin::Batch;
    let prefix = |index| if alone { String::new() } else { format!("/{index}") };
    let items = mutations.into_iter().enumerate();
    items.map(|(index, mutation)| Item { mutation, prefix: prefix(index), by: None }).collect()
}

impl Records {
    /// Carries the mutations of a client out, all or none.
    pub async fn write(&self, caller: &Caller, origin: Origin, mutations: Vec<Mutation>) -> Result<Written, Fault> {
        let access = caller.to_write()?;
        let items = items(origin, mutations);
        for attempt in 0..MAX_ATTEMPTS {
            let snapshot = self.registry.current();
            let through = None;
            match self.attempt(&snapshot, caller, access, origin, through, items.clone(), Vec::new(), attempt).await? {
                Attempt::Done(written) => return Ok(written),
                Attempt::Again => {
                    metrics::counter!("lignaflow_write_retries_total").increment(1);
                }
            }
        }
        Err(answers::of_refusal(&Refusal::Changed, &Commit::empty(access, caller, origin, self.clock.now()), &[]))
    }

    /// [`Records::write`] of an input in which the door that it came in by has found faults already: values that could
    /// not be read, which the mutations are without. With any there, nothing is written, and the answer tells them
    /// together with everything else that is wrong.
    pub async fn write_beside(
        &self,
        found: Vec<Issue>,
        caller: &Caller,
        origin: Origin,
        mutations: Vec<Mutation>,
    ) -> Result<Written, Fault> {
        if found.is_empty() {
            return self.write(caller, origin, mutations).await;
        }
        let access = caller.to_write()?;
        let snapshot = self.registry.current();
        let desk = Desk { store: &self.store, snapshot: &snapshot, caller, access };
        let mut plan = Plan::default();
        desk.draft(&mut plan, items(origin, mutations)).await?;
        // A field whose value could not be read seems to be missing.
        plan.issues.retain(|issue| found.iter().all(|known| known.path != issue.path));
        plan.issues.splice(0..0, found);
        Err(self.every_fault(&desk, plan, origin).await)
    }

    /// The faults of an input with those that the hooks find beside them, which see it without the values at fault.
    async fn every_fault(&self, desk: &Desk<'_>, mut plan: Plan, origin: Origin) -> Fault {
        let mut issues = std::mem::take(&mut plan.issues);
        if let Err(fault) = self.run_hooks(desk, &mut plan, origin).await
            && fault.code == ErrorCode::Invalid
        {
            let more = fault.issues.into_iter().filter(|issue| issues.iter().all(|known| known.path != issue.path));
            let more: Vec<_> = more.collect();
            issues.extend(more);
        }
        Fault::invalid(issues)
    }

    /// What records of a circle are called, as far as whoever closed it may read them.
    async fn names(&self, access: Access, schema: &Arc<Schema>, ids: &[Id]) -> Result<Vec<String>, Fault> {
        let shown = &ids[..ids.len().min(MAX_NAMES)];
        let records = self.store.records(access, schema, shown).await.map_err(answers::of_store)?;
        let name = |id: &Id| {
            let record = records.iter().find(|record| record.id == *id);
            let name = record.and_then(|record| record.get(schema, schema.collection.display.as_str()));
            name.and_then(Value::as_text).unwrap_or("…").to_owned()
        };
        let mut names: Vec<String> = shown.iter().map(name).collect();
        if ids.len() > shown.len() {
            names.push("…".to_owned());
        }
        Ok(names)
    }

    #[expect(clippy::too_many_arguments, reason = "the facts of one attempt, each named where it is called")]
    pub(crate) async fn attempt(
        &self,
        snapshot: &Arc<Snapshot>,
        caller: &Caller,
        access: Access,
        origin: Origin,
        through: Option<&PluginId>,
        items: Vec<Item>,
        reads: Vec<ReadCheck>,
        number: usize,
    ) -> Result<Attempt, Fault> {
        let desk = Desk { store: &self.store, snapshot, caller, access };
        let mut plan = Plan { reads, ..Plan::default() };
        desk.draft(&mut plan, items).await?;
        if !plan.issues.is_empty() {
            return Err(self.every_fault(&desk, plan, origin).await);
        }
        self.run_hooks(&desk, &mut plan, origin).await?;
        let mut found = Found::default();
        for draft in &mut plan.drafts {
            found.issues.extend(draft.settle(&snapshot.catalog, caller));
        }
        desk.wholes(&mut plan, 0, &mut found).await?;
        found.finish()?;
        if let Some(pause) = &self.pause {
            pause(number).await;
        }
        let at = self.clock.now();
        let mut changes = Vec::with_capacity(plan.drafts.len());
        let mut prefixes = Vec::with_capacity(plan.drafts.len());
        let mut places = Vec::with_capacity(plan.drafts.len());
        for draft in &plan.drafts {
            let change = draft.change();
            places.push(change.as_ref().map(|_| changes.len()));
            if let Some(change) = change {
                prefixes.push(draft.prefix.clone());
                changes.push(change);
            }
        }
        let author = Author {
            principal: caller.principal.clone(),
            through: through.and_then(|id| {
                let version = snapshot.plugins.get(id)?.descriptor().version.clone();
                Some((id.clone(), version))
            }),
            request: caller.request_id,
            origin,
        };
        let touched = desk.touched(&plan, &changes);
        let commit = Commit { access, author, at, reads: plan.reads, changes, touched, guards: plan.guards };
        let Committed { versions, settled } = if commit.changes.is_empty() && commit.guards.is_empty() {
            Committed::default()
        } else {
            match self.store.commit(commit.clone()).await {
                Ok(committed) => committed,
                Err(Refusal::Changed) => return Ok(Attempt::Again),
                Err(Refusal::Circle { index, field, ids }) => {
                    let names = match commit.changes.get(index) {
                        Some(change) => self.names(access, &change.schema, &ids).await?,
                        None => Vec::new(),
                    };
                    let prefix = prefixes.get(index).map_or("", String::as_str);
                    return Err(answers::circle(&field, prefix, &names));
                }
                Err(refusal) => {
                    if matches!(refusal, Refusal::Broken | Refusal::Unknown | Refusal::Full) {
                        tracing::error!(%refusal, request_id = %caller.request_id, "a commit failed");
                    }
                    return Err(answers::of_refusal(&refusal, &commit, &prefixes));
                }
            }
        };
        let saved = plan
            .drafts
            .into_iter()
            .zip(places)
            .map(|(draft, place)| {
                let mut changed = place.and_then(|place| versions.get(place).copied());
                let before = draft.before;
                let mut after = draft.after;
                for it in settled.iter().filter(|it| it.id == draft.id && it.collection == draft.schema.name) {
                    changed = Some(it.version);
                    after.extend(it.fields.clone());
                }
                let archived_at = match draft.kind {
                    ChangeKind::Remove => Some(at),
                    _ => before.as_ref().and_then(|before| before.archived_at).filter(|_| !draft.restores),
                };
                let record = Record {
                    id: draft.id,
                    version: changed.or(before.as_ref().map(|before| before.version)).unwrap_or(1),
                    created_at: before.as_ref().map_or(at, |before| before.created_at),
                    updated_at: if changed.is_some() { at } else { before.as_ref().map_or(at, |b| b.updated_at) },
                    created_by: before.as_ref().map_or(caller.person(), |before| before.created_by),
                    archived_at,
                    values: draft
                        .schema
                        .fields
                        .iter()
                        .map(|field| after.swap_remove(field.name.as_str()).unwrap_or(lignaflow_core::Value::Null))
                        .collect(),
                };
                Saved { schema: draft.schema, record, kind: draft.kind }
            })
            .collect();
        Ok(Attempt::Done(Written { saved }))
    }
}
