//! Records that belong together, as the host keeps them so: what is archived and restored with another, wholes that are
//! written with their parts, and references that may not lead in a circle.

use super::call::World;
use super::plan::{Desk, Draft, Plan};
use crate::{ChangeKind, ErrorCode, Fault, Id, Issue, Value};
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{OnDelete, humanize};
use lignaflow_core::memory::Memory;
use lignaflow_core::record::Record;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

impl Desk<'_> {
    /// Drafts what goes with records that are archived, and what comes back with those that are restored.
    pub(super) fn follow(&self, plan: &mut Plan, begin: usize, faults: &mut Vec<(String, Fault)>) {
        let mut at = begin;
        while let Some(lead) = plan.drafts.get(at) {
            at += 1;
            let (removes, restores) = (lead.kind == ChangeKind::Remove, lead.restores);
            if !removes && !restores {
                continue;
            }
            let was = lead.before.as_ref().and_then(|before| before.archived_at);
            let mut next: Vec<Draft> = Vec::new();
            for referrer in lead.schema.referrers.iter().filter(|it| it.on_delete == OnDelete::Cascade) {
                let Some(schema) = self.world.catalog.schema(&referrer.collection) else { continue };
                let memory = self.world.memory.borrow();
                for record in memory.records(&schema.name).filter(|record| record.archived_at == was) {
                    if record.get(schema, referrer.field.as_str()) != Some(&Value::Reference(lead.id)) {
                        continue;
                    }
                    let mut drafts = plan.drafts.iter().chain(&next);
                    if drafts.any(|draft| draft.id == record.id && draft.schema.name == schema.name) {
                        continue;
                    }
                    let draft = following(lead, schema, record);
                    match self.refuse_locked(&draft) {
                        Err(fault) if removes => faults.push((draft.prefix, fault)),
                        _ => next.push(draft),
                    }
                }
            }
            plan.drafts.extend(next);
        }
    }

    /// A fault for each part of what is locked.
    pub(super) fn locked_wholes(&self, plan: &Plan, begin: usize) -> Vec<(String, Fault)> {
        let mut faults = Vec::new();
        for draft in plan.drafts[begin..].iter().filter(|draft| !self.unlocked && !draft.only_notes()) {
            for (schema, id) in wholes(self.world, draft) {
                let drafted = drafted(plan, &schema, id);
                let stands = self.world.memory.borrow().get(&schema.name, id).cloned();
                let before = stands.and_then(|record| locked(&schema, |field| record.get(&schema, field).cloned()));
                let opened = drafted.is_some_and(|it| locked(&schema, |field| it.after.get(field).cloned()).is_none());
                let Some(state) = before.filter(|_| !opened) else { continue };
                let message = format!(
                    "This {} is {}, which refuses changes of its {}.",
                    schema.collection.title.one.to_lowercase(),
                    humanize(&state).to_lowercase(),
                    draft.schema.collection.title.many.to_lowercase()
                );
                let path = draft.schema.collection.part_of.as_ref().map_or("", AsRef::as_ref);
                let issues = vec![Issue::new(format!("{}/{path}", draft.prefix), "locked", message.clone())];
                faults.push((draft.prefix.clone(), Fault { code: ErrorCode::Locked, message, issues }));
            }
        }
        faults
    }
}

fn following(lead: &Draft, schema: &Arc<Schema>, record: &Record) -> Draft {
    Draft {
        schema: schema.clone(),
        id: record.id,
        kind: lead.kind,
        after: record.fields(schema),
        before: Some(record.clone()),
        transition: None,
        restores: lead.restores,
        prefix: lead.prefix.clone(),
        by_plugin: lead.by_plugin,
        set: BTreeSet::new(),
        follows: true,
    }
}

fn drafted<'a>(plan: &'a Plan, schema: &Schema, id: Id) -> Option<&'a Draft> {
    plan.drafts.iter().find(|draft| draft.id == id && draft.schema.name == schema.name)
}

/// The state in which a record refuses changes, if it is in one.
fn locked(schema: &Schema, field: impl Fn(&str) -> Option<Value>) -> Option<String> {
    let mut states = schema.collection.locked_states();
    let found = states.find(|(name, state)| field(name).is_some_and(|value| value.as_text() == Some(state)));
    found.map(|(_, state)| state.to_owned())
}

/// What a draft is a part of and was, and what these are parts of.
fn wholes(world: &World, draft: &Draft) -> Vec<(Arc<Schema>, Id)> {
    let Some((index, to)) = draft.schema.whole() else { return Vec::new() };
    let Some(schema) = world.catalog.schema(to) else { return Vec::new() };
    let was = draft.before.as_ref().and_then(|before| before.values[index].as_reference());
    let is = draft.after.get(draft.schema.fields[index].name.as_str()).and_then(Value::as_reference);
    let mut all: Vec<(Arc<Schema>, Id)> = was.into_iter().chain(is).map(|id| (schema.clone(), id)).collect();
    all.dedup_by_key(|(_, id)| *id);
    let mut at = 0;
    while let Some((schema, id)) = all.get(at).cloned() {
        at += 1;
        let above = schema.whole().and_then(|(index, to)| {
            let above = world.memory.borrow().get(&schema.name, id)?.values[index].as_reference()?;
            Some((world.catalog.schema(to)?.clone(), above))
        });
        all.extend(above);
    }
    all
}

/// Has every whole that changed parts are of, and that is not changed itself, come to its next version.
pub(super) fn touch(world: &World, next: &mut Memory, plan: &Plan, now: i64) {
    let stood = world.memory.borrow().clone();
    let changed = |draft: &&Draft| stood.get(&draft.schema.name, draft.id) != next.get(&draft.schema.name, draft.id);
    let changed: Vec<&Draft> = plan.drafts.iter().filter(changed).collect();
    let mut done: HashSet<(String, Id)> =
        changed.iter().map(|draft| (draft.schema.name.to_string(), draft.id)).collect();
    for draft in changed {
        for (schema, id) in wholes(world, draft) {
            let Some(record) = next.get(&schema.name, id).cloned() else { continue };
            if done.insert((schema.name.to_string(), id)) {
                next.insert(&schema.name, Record { version: record.version + 1, updated_at: now, ..record });
            }
        }
    }
}

/// Refuses references that lead in a circle and may not.
pub(super) fn check_circles(next: &Memory, draft: &Draft) -> Result<(), Fault> {
    for field in draft.schema.fields.iter().filter(|field| field.field.acyclic) {
        let name = field.name.as_str();
        let unchanged = draft.before.as_ref().is_some_and(|it| it.get(&draft.schema, name) == draft.after.get(name));
        if draft.kind == ChangeKind::Remove || unchanged {
            continue;
        }
        let of = |id: Id| -> Vec<Id> {
            match next.get(&draft.schema.name, id).and_then(|record| record.get(&draft.schema, name)) {
                Some(Value::Reference(to)) => vec![*to],
                Some(Value::References(to)) => to.clone(),
                _ => Vec::new(),
            }
        };
        let mut seen = HashSet::new();
        let mut open = of(draft.id);
        while let Some(id) = open.pop() {
            if id == draft.id {
                let message = format!("{} leads in a circle.", humanize(name));
                let issue = Issue::new(format!("{}/{name}", draft.prefix), "cycle", message);
                return Err(Fault::invalid(vec![issue]));
            }
            if seen.insert(id) {
                open.extend(of(id));
            }
        }
    }
    Ok(())
}
