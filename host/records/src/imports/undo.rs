//! An import taken back: what it made is archived, what it changed is set back, the latest first, through the one path of
//! every write. What has changed since is left, and named before anything is done.

use super::document::{Import, State};
use super::work::Bench;
use super::{Imports, NAMED};
use crate::answers;
use lignaflow_core::caller::Access;
use lignaflow_core::id::Id;
use lignaflow_core::mutation::{Fields, Mutation, Origin};
use lignaflow_core::record::{Record, value_from_json};
use lignaflow_core::{ErrorCode, Fault, Issue};
use lignaflow_store::leases::Lease;
use lignaflow_store::{LogEntry, LogKind};
use std::collections::{HashMap, HashSet};

/// Changes that are taken back in one commit.
const STEP: u16 = 500;

impl Imports {
    /// Refuses where records that an import touched have changed since, and names some of them.
    pub(super) async fn refuse_changed(&self, bench: &Bench, import: &Import) -> Result<(), Fault> {
        let own = Access::of_plugin(bench.caller.organization);
        let found = self.store().import_conflicts(own, &bench.schema, import.id, NAMED).await;
        let (count, ids) = found.map_err(answers::of_store)?;
        if count == 0 {
            return Ok(());
        }
        let titles = &bench.schema.collection.title;
        let what = if count == 1 { titles.one.to_lowercase() } else { titles.many.to_lowercase() };
        let message =
            format!("{count} {what} changed after the import. Set those back yourself, or leave the import as it is.");
        let mut fault = Fault::new(ErrorCode::Conflict, message);
        let wanted = [(bench.schema.name.clone(), ids.iter().copied().collect())].into_iter().collect();
        let labels: HashMap<Id, String> = self
            .records()
            .labels(bench.caller.to_read()?, &bench.snapshot.catalog, &wanted)
            .await?
            .into_iter()
            .collect();
        fault.issues = ids
            .iter()
            .map(|id| {
                let name = labels.get(id).map_or_else(|| id.to_string(), |label| format!("“{label}”"));
                Issue::new(format!("/records/{id}"), "changed-since", format!("{name} was changed after the import."))
            })
            .collect();
        Err(fault)
    }

    pub(super) async fn undo(&self, bench: &Bench, import: &mut Import, lease: &mut Lease) -> Result<(), Fault> {
        if import.document.progress.below.is_none() {
            self.refuse_changed(bench, import).await?;
            import.document.progress.below = Some(i64::MAX);
        }
        let own = Access::of_plugin(bench.caller.organization);
        loop {
            let below = import.document.progress.below.unwrap_or(i64::MAX);
            let entries = self.store().import_changes(own, &bench.schema, import.id, below, STEP).await;
            let entries = entries.map_err(answers::of_store)?;
            let Some(last) = entries.last() else { break };
            let last = last.position.sequence();
            let (archived, set_back) = self.take_back(bench, import.id, &entries).await?;
            let progress = &mut import.document.progress;
            progress.archived += archived;
            progress.set_back += set_back;
            progress.below = Some(last);
            self.step(bench, import, lease).await?;
        }
        import.state = State::Undone;
        self.step(bench, import, lease).await
    }

    /// One commit's worth. How many were archived, and how many set back.
    async fn take_back(&self, bench: &Bench, import: Id, entries: &[LogEntry]) -> Result<(u64, u64), Fault> {
        let own = Access::of_plugin(bench.caller.organization);
        let mut ids: Vec<Id> = entries.iter().map(|entry| entry.record).collect();
        ids.sort_unstable();
        ids.dedup();
        let standing = self.store().records(own, &bench.schema, &ids).await.map_err(answers::of_store)?;
        let standing: HashMap<Id, Record> = standing.into_iter().map(|record| (record.id, record)).collect();
        let collection = bench.schema.name.to_string();
        let mut made = HashSet::new();
        let mut before: HashMap<Id, Fields> = HashMap::new();
        let mut order = Vec::new();
        for entry in entries {
            // Archived already: by a step of this undoing that was not kept as done.
            let Some(record) = standing.get(&entry.record).filter(|record| record.archived_at.is_none()) else {
                continue;
            };
            match entry.kind {
                LogKind::Insert => {
                    made.insert(record.id);
                    order.push(record.id);
                }
                LogKind::Update => {
                    if !before.contains_key(&record.id) {
                        order.push(record.id);
                    }
                    // The latest comes first, so what came before it has the last word.
                    before.entry(record.id).or_default().extend(former(bench, entry));
                }
                LogKind::Remove | LogKind::Restore => {}
            }
        }
        self.refuse_overtaken(bench, import, entries, &standing).await?;
        let mut seen = HashSet::new();
        let order: Vec<Id> = order.into_iter().filter(|id| seen.insert(*id)).collect();
        let mutations: Vec<Mutation> = order
            .iter()
            .filter_map(|id| {
                let expected = Some(standing.get(id)?.version);
                Some(if made.contains(id) {
                    Mutation::Remove { collection: collection.clone(), id: *id, expected }
                } else {
                    let fields = before.remove(id)?;
                    Mutation::Update { collection: collection.clone(), id: *id, expected, fields }
                })
            })
            .collect();
        let archived = mutations.iter().filter(|mutation| matches!(mutation, Mutation::Remove { .. })).count();
        let set_back = mutations.len() - archived;
        if !mutations.is_empty() {
            self.records().write(&bench.caller, Origin::Undo(import), mutations).await?;
        }
        Ok((u64::try_from(archived).unwrap_or_default(), u64::try_from(set_back).unwrap_or_default()))
    }

    /// Refuses where a record has changed since it was looked at, by anybody but this import or its undoing.
    async fn refuse_overtaken(
        &self,
        bench: &Bench,
        import: Id,
        entries: &[LogEntry],
        standing: &HashMap<Id, Record>,
    ) -> Result<(), Fault> {
        let own = Access::of_plugin(bench.caller.organization);
        let mut latest = HashSet::new();
        for entry in entries.iter().filter(|entry| latest.insert(entry.record)) {
            let Some(record) = standing.get(&entry.record) else { continue };
            if record.version == entry.version {
                continue;
            }
            let later =
                self.store().history(own, &bench.schema, entry.record, STEP).await.map_err(answers::of_store)?;
            let mut later = later.iter().take_while(|later| later.version > entry.version);
            if later.any(|later| later.import != Some(import)) {
                let message =
                    "Records of this import were changed while it was being undone. What is left is as it was.";
                return Err(Fault::new(ErrorCode::Conflict, message));
            }
        }
        Ok(())
    }
}

/// What the fields were that a client may write; the others follow from them, as they did before.
fn former(bench: &Bench, entry: &LogEntry) -> Fields {
    let writable = |name: &&String| {
        bench
            .schema
            .field(name)
            .is_some_and(|field| !field.field.is_read_only() && !bench.schema.collection.is_state(name))
    };
    entry
        .before
        .iter()
        .filter(|(name, _)| writable(name))
        .filter_map(|(name, json)| {
            let field = bench.schema.field(name)?;
            Some((name.clone(), value_from_json(&field.field, json).ok()?))
        })
        .collect()
}
