//! Drafts into records, all or none: what the database ensures in the host.

use super::call::World;
use super::plan::{Draft, Plan};
use super::{family, kept, sight};
use crate::context::Caller;
use crate::{ChangeKind, ErrorCode, Fault, Id, Issue, Value};
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::descriptor::{OnDelete, humanize};
use lignaflow_core::id::PersonId;
use lignaflow_core::memory::Memory;
use lignaflow_core::record::Record;

pub(super) fn commit(world: &World, caller: &Caller, plan: &Plan) -> Result<(), Fault> {
    let mut next = world.memory.borrow().clone();
    for document in &plan.documents {
        let holds = |draft: &Draft| {
            let files = draft.schema.fields.iter().filter(|field| field.field.kind.is_media());
            files
                .filter_map(|field| draft.after.get(field.name.as_str()))
                .any(|value| held(value).contains(&document.id))
        };
        assert!(
            plan.drafts.iter().any(holds),
            "no field of a record that is written with it holds the document `{}`",
            document.template
        );
    }
    for draft in &plan.drafts {
        check_references(world, plan, draft, caller)?;
    }
    for draft in &plan.drafts {
        next.insert(&draft.schema.name, record(draft, caller));
    }
    let numbers = kept::number(world, &mut next, plan);
    for draft in &plan.drafts {
        check_unique(world, &next, draft)?;
        family::check_circles(&next, draft)?;
    }
    for draft in plan.drafts.iter().filter(|draft| draft.kind == ChangeKind::Remove) {
        release(world, &mut next, draft)?;
    }
    kept::total(world, &mut next, plan)?;
    for draft in &plan.drafts {
        sight::may_leave(world, &next, draft, caller)?;
    }
    family::touch(world, &mut next, plan, caller.now.micros());
    for guard in &plan.guards {
        let shown = |record: &&Record| guard.archived || record.archived_at.is_none();
        let some = next.records(&guard.schema.name).filter(shown).any(|record| next.matches(&guard.filter, record));
        if some != guard.wants {
            return Err(guard.fault.clone());
        }
    }
    world.memory.replace(next);
    world.sequences.borrow_mut().extend(numbers);
    Ok(())
}

pub(super) fn record(draft: &Draft, caller: &Caller) -> Record {
    let now = caller.now.micros();
    let value = |field: &SchemaField| draft.after.get(field.name.as_str()).cloned().unwrap_or(Value::Null);
    let values: Vec<Value> = draft.schema.fields.iter().map(value).collect();
    let removed = draft.kind == ChangeKind::Remove;
    match &draft.before {
        None => Record {
            id: draft.id,
            version: 1,
            created_at: now,
            updated_at: now,
            created_by: caller.person().map(PersonId),
            archived_at: None,
            values,
        },
        Some(before) if before.values == values && !removed && !draft.restores => before.clone(),
        Some(before) => Record {
            version: before.version + 1,
            updated_at: now,
            archived_at: removed.then_some(now),
            values,
            ..before.clone()
        },
    }
}

fn held(value: &Value) -> &[Id] {
    match value {
        Value::Reference(id) => std::slice::from_ref(id),
        Value::References(ids) => ids,
        _ => &[],
    }
}

/// What is new refers to what is there and not archived, or comes with the same batch. So does all of a record out of
/// the archive, but for people: who has left stays named in it.
fn check_references(world: &World, plan: &Plan, draft: &Draft, caller: &Caller) -> Result<(), Fault> {
    let memory = world.memory.borrow();
    for field in draft.schema.fields.iter().filter(|field| field.field.refers()) {
        let name = field.name.as_str();
        let known = |_: &&Record| !draft.restores || field.to.is_none();
        let before = draft.before.as_ref().filter(known).and_then(|before| before.get(&draft.schema, name));
        let before = before.map_or(&[] as &[Id], held);
        let there = |id: &Id| match &field.to {
            Some(to) => {
                let comes = |other: &Draft| other.kind == ChangeKind::Insert || other.restores;
                let words = draft.by_plugin || draft.set.contains(name);
                let seen = |target: &Record| words || sight::may_refer(world, to, target, caller);
                memory.get(to, *id).is_some_and(|target| target.archived_at.is_none() && seen(target))
                    || plan.drafts.iter().any(|other| other.id == *id && other.schema.name == *to && comes(other))
            }
            None => world.people.borrow().iter().any(|person| person.id == *id && person.active),
        };
        let after = draft.after.get(name).map_or(&[] as &[Id], held);
        if after.iter().any(|id| !before.contains(id) && !there(id)) {
            let path = format!("{}/{}", draft.prefix, field.name);
            let message = format!("{} refers to nothing that is in use.", humanize(field.name.as_str()));
            return Err(Fault::invalid(vec![Issue::new(path, "unknown-reference", message)]));
        }
    }
    Ok(())
}

/// Lets go of a record that is archived, or refuses where referrers that are not hold on to it.
fn release(world: &World, next: &mut Memory, draft: &Draft) -> Result<(), Fault> {
    for referrer in &draft.schema.referrers {
        let Some(schema) = world.catalog.schema(&referrer.collection) else { continue };
        let Some(index) = schema.position(referrer.field.as_str()) else { continue };
        let refers = |record: &&Record| held(&record.values[index]).contains(&draft.id);
        let holding: Vec<Record> = next.records(&referrer.collection).filter(refers).cloned().collect();
        if referrer.on_delete != OnDelete::Clear {
            let live = holding.iter().filter(|record| record.archived_at.is_none()).count();
            if live == 0 {
                continue;
            }
            let message = format!("{live} of {} still refer to it.", referrer.collection.local);
            return Err(Fault::new(ErrorCode::Conflict, message));
        }
        for mut record in holding {
            record.values[index] = match &record.values[index] {
                Value::References(ids) => Value::References(ids.iter().copied().filter(|id| *id != draft.id).collect()),
                _ => Value::Null,
            };
            record.version += 1;
            next.insert(&referrer.collection, record);
        }
    }
    Ok(())
}

fn check_unique(world: &World, next: &Memory, draft: &Draft) -> Result<(), Fault> {
    let Some(record) = next.get(&draft.schema.name, draft.id).filter(|record| record.archived_at.is_none()) else {
        return Ok(());
    };
    let conditions = world.catalog.conditions(&draft.schema.name);
    for (index, rule) in draft.schema.collection.unique.iter().enumerate() {
        let condition = conditions.and_then(|all| all.unique(index));
        let of = |record: &Record| -> Option<Vec<Value>> {
            if condition.is_some_and(|condition| !next.matches(condition, record)) {
                return None;
            }
            let values = rule.fields().iter().map(|field| shared(&draft.schema, record, field.as_str()));
            values.collect()
        };
        let Some(own) = of(record) else { continue };
        let mut others = next.records(&draft.schema.name).filter(|it| it.archived_at.is_none() && it.id != record.id);
        if others.any(|other| of(other).as_ref() == Some(&own)) {
            let one = draft.schema.collection.title.one.to_lowercase();
            let spoken: Vec<_> = rule.fields().iter().map(|field| humanize(field.as_str()).to_lowercase()).collect();
            let message = rule
                .message()
                .map_or_else(|| format!("Another {one} has the same {} already.", spoken.join(" and ")), str::to_owned);
            let issue = |field| Issue::new(format!("{}/{field}", draft.prefix), "duplicate", message.clone());
            let issues = rule.fields().iter().map(issue).collect();
            return Err(Fault { code: ErrorCode::Conflict, message, issues });
        }
    }
    Ok(())
}

/// A value that two records may not share; a null shares nothing.
fn shared(schema: &Schema, record: &Record, field: &str) -> Option<Value> {
    let index = schema.position(field)?;
    debug_assert!(!schema.fields[index].field.kind.is_list());
    Some(record.values[index].clone()).filter(|value| !value.is_null())
}
