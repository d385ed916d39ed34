//! Records that belong together: what is archived and restored with another, and wholes that are written with their
//! parts.

use crate::answers;
use crate::plan::{Desk, Draft, Found, Plan, locked_state};
use crate::rights::Claims;
use lignaflow_core::caller::Access;
use lignaflow_core::catalog::Schema;
use lignaflow_core::clock::Micros;
use lignaflow_core::commit::{Change, Touch};
use lignaflow_core::descriptor::{ChangeKind, OnDelete, humanize};
use lignaflow_core::id::Id;
use lignaflow_core::name::CollectionName;
use lignaflow_core::record::Record;
use lignaflow_core::value::Value;
use lignaflow_core::{ErrorCode, Fault, Issue};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How many records may go or come back with those that were asked for, and through how many references.
const MAX_FOLLOWING: usize = 5_000;
const MAX_LEVELS: usize = 16;

/// Wholes of drafted parts as they were read, by collection and id.
pub(crate) type Wholes = HashMap<(CollectionName, Id), Record>;

impl Desk<'_> {
    /// Drafts what goes with records that are archived, and what comes back with those that are restored, beginning
    /// with the draft at `begin`. Each is a draft like any other: its hooks are called, its own rules hold.
    pub(crate) async fn follow(&self, plan: &mut Plan, begin: usize, found: &mut Found) -> Result<(), Fault> {
        let (mut from, first) = (begin, plan.drafts.len());
        for _ in 0..MAX_LEVELS {
            let until = plan.drafts.len();
            let mut next = Vec::new();
            for (schema, leading) in leading(&plan.drafts[from..until], from) {
                for referrer in schema.referrers.iter().filter(|r| r.on_delete == OnDelete::Cascade) {
                    let Some(part) = self.snapshot.catalog.schema(&referrer.collection) else { continue };
                    let field = referrer.field.as_str();
                    let room = (MAX_FOLLOWING + first).saturating_sub(until + next.len());
                    next.extend(self.following(plan, part, field, &leading, room, found).await?);
                }
            }
            if next.is_empty() {
                return Ok(());
            }
            if until + next.len() - first > MAX_FOLLOWING {
                break;
            }
            plan.drafts.extend(next);
            from = until;
        }
        Err(Fault::new(
            ErrorCode::Conflict,
            format!(
                "More than {MAX_FOLLOWING} records belong to this, or too many levels of them. Archive some first."
            ),
        ))
    }

    async fn following(
        &self,
        plan: &Plan,
        schema: &Arc<Schema>,
        field: &str,
        leading: &HashMap<Id, (usize, Option<Micros>)>,
        room: usize,
        found: &mut Found,
    ) -> Result<Vec<Draft>, Fault> {
        let access = Access::of_plugin(self.access.organization());
        let mut drafts: Vec<Draft> = Vec::new();
        let mut going: Vec<Id> = Vec::new();
        let mut coming: (Vec<Id>, Vec<Micros>) = (Vec::new(), Vec::new());
        for (id, (_, archived_at)) in leading {
            match archived_at {
                None => going.push(*id),
                Some(at) => {
                    coming.0.push(*id);
                    coming.1.push(*at);
                }
            }
        }
        let mut records = Vec::new();
        for (ids, times) in [(&going, None), (&coming.0, Some(coming.1.as_slice()))] {
            if !ids.is_empty() {
                let read = self.store.referring(access, schema, field, ids, times, room + 1).await;
                records.extend(read.map_err(answers::of_store)?);
            }
        }
        for record in records {
            let to = record.get(schema, field).and_then(Value::as_reference);
            let Some((at, archived_at)) = to.and_then(|id| leading.get(&id)) else { continue };
            // What was archived at another time was archived by itself, and stays so.
            if record.archived_at != *archived_at {
                continue;
            }
            let lead = &plan.drafts[*at];
            let same = |draft: &&Draft| draft.id == record.id && draft.schema.name == schema.name;
            if let Some(known) = plan.drafts.iter().find(same) {
                if (known.kind, known.restores) != (lead.kind, lead.restores) {
                    let message = "This record is changed in the same batch that archives what it belongs to.";
                    found.add(Fault::at(format!("{}/id", known.prefix), "twice", message), "");
                }
                continue;
            }
            let draft = Draft {
                schema: schema.clone(),
                id: record.id,
                kind: lead.kind,
                after: record.fields(schema),
                before: Some(record),
                transition: None,
                restores: lead.restores,
                prefix: lead.prefix.clone(),
                by: lead.by.clone(),
                claims: Claims::of_follower(),
            };
            match self.refuse_locked(&draft) {
                Err(fault) if !draft.restores => found.add(of_another(&draft, fault), &draft.prefix),
                _ => drafts.push(draft),
            }
        }
        Ok(drafts)
    }

    /// Refuses parts of what is locked, those drafted from `begin` on, and keeps what was read of the wholes.
    pub(crate) async fn wholes(&self, plan: &mut Plan, begin: usize, found: &mut Found) -> Result<(), Fault> {
        let access = Access::of_plugin(self.access.organization());
        let mut open: Vec<(Arc<Schema>, Id, usize)> = Vec::new();
        for (index, draft) in plan.drafts.iter().enumerate().skip(begin) {
            open.extend(self.wholes_of(draft).into_iter().map(|(schema, id)| (schema, id, index)));
        }
        let mut told = HashSet::new();
        while !open.is_empty() {
            self.read_wholes(plan, access, &open).await?;
            let mut above = Vec::new();
            for (schema, id, part) in std::mem::take(&mut open) {
                let whole = Whole::of(plan, &schema, id);
                if !self.unlocked
                    && !plan.drafts[part].only_notes()
                    && let Some(state) = whole.locked(&schema)
                    && told.insert((schema.name.clone(), id, part))
                {
                    let draft = &plan.drafts[part];
                    found.add(refuses_parts(draft, &schema, &state), &draft.prefix);
                }
                // A whole that is drafted itself is asked about its own whole by its own draft.
                if let (Some((to, next)), None) = (self.above(&schema, whole.record()), whole.draft) {
                    above.push((to, next, part));
                }
            }
            open = above;
        }
        Ok(())
    }

    async fn read_wholes(
        &self,
        plan: &mut Plan,
        access: Access<'_>,
        open: &[(Arc<Schema>, Id, usize)],
    ) -> Result<(), Fault> {
        let mut wanted: HashMap<&CollectionName, (&Arc<Schema>, Vec<Id>)> = HashMap::new();
        for (schema, id, _) in open {
            let key = (schema.name.clone(), *id);
            let drafted = plan.drafts.iter().any(|draft| draft.id == *id && draft.schema.name == schema.name);
            if !drafted && !plan.wholes.contains_key(&key) {
                let ids = &mut wanted.entry(&schema.name).or_insert_with(|| (schema, Vec::new())).1;
                if !ids.contains(id) {
                    ids.push(*id);
                }
            }
        }
        for (name, (schema, ids)) in wanted {
            let records = self.store.records(access, schema, &ids).await.map_err(answers::of_store)?;
            plan.wholes.extend(records.into_iter().map(|record| ((name.clone(), record.id), record)));
        }
        Ok(())
    }

    /// What a draft is a part of, and was.
    fn wholes_of(&self, draft: &Draft) -> Vec<(Arc<Schema>, Id)> {
        let Some((index, name)) = draft.schema.whole() else { return Vec::new() };
        let Some(schema) = self.snapshot.catalog.schema(name) else { return Vec::new() };
        let was = draft.before.as_ref().and_then(|before| before.values[index].as_reference());
        let is = draft.after.get(draft.schema.fields[index].name.as_str()).and_then(Value::as_reference);
        let mut ids: Vec<Id> = was.into_iter().chain(is).collect();
        ids.dedup();
        ids.into_iter().map(|id| (schema.clone(), id)).collect()
    }

    /// What a record is a part of.
    fn above(&self, schema: &Schema, record: Option<&Record>) -> Option<(Arc<Schema>, Id)> {
        let (index, name) = schema.whole()?;
        let id = record?.values.get(index)?.as_reference()?;
        Some((self.snapshot.catalog.schema(name)?.clone(), id))
    }

    /// The wholes that these changes are written with, and the wholes of those.
    pub(crate) fn touched(&self, plan: &Plan, changes: &[Change]) -> Vec<Touch> {
        let changed: HashSet<(&CollectionName, Id)> = changes.iter().map(|c| (&c.schema.name, c.id)).collect();
        let mut touched: HashMap<(CollectionName, Id), Touch> = HashMap::new();
        for draft in plan.drafts.iter().filter(|draft| changed.contains(&(&draft.schema.name, draft.id))) {
            let mut open = self.wholes_of(draft);
            let even_locked = self.unlocked || draft.only_notes();
            while let Some((schema, id)) = open.pop() {
                let key = (schema.name.clone(), id);
                if changed.contains(&(&schema.name, id)) {
                    continue;
                }
                // What one part may, another may not.
                if touched.get(&key).is_some_and(|known: &Touch| !known.even_locked || even_locked) {
                    continue;
                }
                let above = self.above(&schema, Whole::of(plan, &schema, id).record());
                let within = above.as_ref().map(|(_, id)| *id);
                open.extend(above);
                touched.insert(key, Touch { schema, id, within, even_locked });
            }
        }
        touched.into_values().collect()
    }
}

/// A record that others are parts of, drafted in the same plan or as it was read.
struct Whole<'a> {
    draft: Option<&'a Draft>,
    read: Option<&'a Record>,
}

impl<'a> Whole<'a> {
    fn of(plan: &'a Plan, schema: &Schema, id: Id) -> Self {
        Self {
            draft: plan.drafts.iter().find(|draft| draft.id == id && draft.schema.name == schema.name),
            read: plan.wholes.get(&(schema.name.clone(), id)),
        }
    }

    fn record(&self) -> Option<&'a Record> {
        self.draft.map_or(self.read, |draft| draft.before.as_ref())
    }

    /// The state in which it refuses changes of its parts, also after what the plan does to it.
    fn locked(&self, schema: &Schema) -> Option<String> {
        let before = locked_state(schema, &self.record()?.fields(schema))?;
        let opened = self.draft.is_some_and(|draft| locked_state(schema, &draft.after).is_none());
        (!opened).then_some(before)
    }
}

/// The records that lead others into the archive or out of it, by collection: each with its draft, and when it was
/// archived if it comes back.
type Leading = Vec<(Arc<Schema>, HashMap<Id, (usize, Option<Micros>)>)>;

fn leading(drafts: &[Draft], first: usize) -> Leading {
    let mut all: Leading = Vec::new();
    for (index, draft) in drafts.iter().enumerate() {
        let archived_at = match (draft.kind, draft.restores) {
            (ChangeKind::Remove, _) => None,
            (_, true) => draft.before.as_ref().and_then(|before| before.archived_at),
            _ => continue,
        };
        let at = all.iter().position(|(schema, _)| schema.name == draft.schema.name).unwrap_or_else(|| {
            all.push((draft.schema.clone(), HashMap::new()));
            all.len() - 1
        });
        all[at].1.insert(draft.id, (first + index, archived_at));
    }
    all
}

/// A fault of a record that was not asked for, told of by the name of its collection.
fn of_another(draft: &Draft, mut fault: Fault) -> Fault {
    let many = draft.schema.collection.title.many.to_lowercase();
    fault.message = format!("One of its {many} refuses changes, so that nothing was archived. {}", fault.message);
    fault
}

fn refuses_parts(draft: &Draft, whole: &Schema, state: &str) -> Fault {
    let title = |schema: &Schema| schema.collection.title.one.to_lowercase();
    let message = format!(
        "This {} is {}, which refuses changes of its {}.",
        title(whole),
        humanize(state).to_lowercase(),
        draft.schema.collection.title.many.to_lowercase()
    );
    let mut fault = Fault::new(ErrorCode::Locked, message.clone());
    if let Some(field) = &draft.schema.collection.part_of {
        fault.issues.push(Issue::new(format!("{}/{field}", draft.prefix), "locked", message));
    }
    fault
}
