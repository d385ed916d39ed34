//! Values that the host keeps or watches: calculated fields, checks, and numbers.

use super::call::World;
use super::plan::{Desk, Draft, Plan};
use crate::context::Caller;
use crate::{ChangeKind, Fault, Id, Issue, Value};
use lignaflow_core::catalog::Schema;
use lignaflow_core::derive::{Aggregate, Function, derive, derive_whole};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::id::PersonId;
use lignaflow_core::memory::Memory;
use lignaflow_core::name::CollectionName;
use lignaflow_core::record::Record;
use lignaflow_core::sequence::Format;
use lignaflow_core::{Decimal, Money};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Desk<'_> {
    /// Calculates what follows from own fields, and refuses what breaks a check.
    pub(super) fn settle(&self, plan: &mut Plan, begin: usize) -> Result<(), Fault> {
        let mut issues = Vec::new();
        for draft in plan.drafts[begin..].iter_mut().filter(|draft| draft.kind != ChangeKind::Remove) {
            let schema = draft.schema.clone();
            let troubles = derive(&schema, &mut draft.after);
            issues.extend(troubles.iter().map(|(index, it)| it.issue(&schema.fields[*index], &draft.prefix)));
            let Some(conditions) = self.world.catalog.conditions(&schema.name) else { continue };
            for check in conditions.broken(&to_be(draft, self.caller)) {
                let field = check.field.as_ref().map_or_else(String::new, |field| format!("/{field}"));
                issues.push(Issue::new(format!("{}{field}", draft.prefix), "check", check.message.clone()));
            }
        }
        if issues.is_empty() { Ok(()) } else { Err(Fault::invalid(issues)) }
    }
}

fn to_be(draft: &Draft, caller: &Caller) -> Record {
    let values = draft.schema.fields.iter().map(|field| draft.after.get(field.name.as_str()).cloned());
    let values = values.map(|value| value.unwrap_or(Value::Null)).collect();
    match &draft.before {
        Some(before) => Record { values, ..before.clone() },
        None => Record {
            id: draft.id,
            version: 1,
            created_at: caller.now.micros(),
            updated_at: caller.now.micros(),
            created_by: caller.person().map(PersonId),
            archived_at: None,
            values,
        },
    }
}

/// Gives numbers to the records of a plan; what the sequences have come to is handed back, to be kept with the rest.
pub(super) fn number(world: &World, next: &mut Memory, plan: &Plan) -> Vec<(String, i64)> {
    let mut given: Vec<(String, i64)> = Vec::new();
    for draft in &plan.drafts {
        for (index, sequence) in draft.schema.sequences() {
            let name = draft.schema.fields[index].name.as_str();
            let now = match &sequence.on {
                None => draft.kind == ChangeKind::Insert,
                Some(on) => draft.transition.as_deref() == Some(on.as_str()),
            };
            let Some(mut record) = next.get(&draft.schema.name, draft.id).cloned() else { continue };
            if !now || !record.values[index].is_null() {
                continue;
            }
            let per: Vec<_> =
                sequence.per.iter().map(|name| record.get(&draft.schema, name.as_str()).cloned()).collect();
            let key = format!("{} {name} {per:?}", draft.schema.name);
            let last = given.iter().rev().find(|(known, _)| *known == key).map(|(_, last)| *last);
            let last = last.or_else(|| world.sequences.borrow().get(&key).copied());
            let number = last.map_or_else(|| sequence.start.map_or(1, i64::from), |last| last + 1);
            let format = Format::parse(&sequence.format).unwrap_or_else(|message| panic!("{message}"));
            record.values[index] = Value::Text(format.number(number));
            next.insert(&draft.schema.name, record);
            given.push((key, number));
        }
    }
    given
}

/// Calculates what depends on parts, of everything that a plan changed and of what that is a part of.
pub(super) fn total(world: &World, next: &mut Memory, plan: &Plan) -> Result<(), Fault> {
    let mut open: Vec<(Arc<Schema>, Id)> = Vec::new();
    for draft in &plan.drafts {
        let mut level = vec![(draft.schema.clone(), draft.id)];
        let was = draft.schema.whole().and_then(|(index, to)| {
            Some((world.catalog.schema(to)?.clone(), draft.before.as_ref()?.values[index].as_reference()?))
        });
        level.extend(was);
        for (mut schema, mut id) in level {
            open.push((schema.clone(), id));
            while let Some((index, to)) = schema.whole() {
                let above = next.get(&schema.name, id).and_then(|record| record.values[index].as_reference());
                let (Some(to), Some(above)) = (world.catalog.schema(to).cloned(), above) else { break };
                (schema, id) = (to, above);
                open.push((schema.clone(), id));
            }
        }
    }
    // Deeper parts first: each comes before every whole that stands above it.
    open.sort_by_key(|(schema, _)| std::cmp::Reverse(depth(world, schema)));
    let mut done = BTreeSet::new();
    for (schema, id) in open {
        if !schema.sums_parts() || !done.insert((schema.name.to_string(), id)) {
            continue;
        }
        let Some(record) = next.get(&schema.name, id).filter(|record| record.archived_at.is_none()).cloned() else {
            continue;
        };
        let parts: Vec<Value> =
            schema.derived.aggregates.iter().map(|it| aggregate(world, next, &schema, it, id)).collect();
        let mut fields = record.fields(&schema);
        if let Some((index, trouble)) = derive_whole(&schema, &mut fields, &parts).into_iter().next() {
            return Err(Fault::invalid(vec![trouble.issue(&schema.fields[index], "")]));
        }
        let values = schema.fields.iter().map(|field| fields.get(field.name.as_str()).cloned().unwrap_or(Value::Null));
        let values = values.collect();
        next.insert(&schema.name, Record { values, ..record });
    }
    Ok(())
}

fn depth(world: &World, schema: &Schema) -> usize {
    schema.whole().and_then(|(_, to)| world.catalog.schema(to)).map_or(0, |whole| 1 + depth(world, whole))
}

fn aggregate(world: &World, memory: &Memory, whole: &Schema, aggregate: &Aggregate, id: Id) -> Value {
    let name = CollectionName::new(&whole.name.plugin, &aggregate.collection);
    let Some(schema) = world.catalog.schema(&name) else { return Value::Null };
    let is_part = |record: &&Record| {
        record.archived_at.is_none() && record.get(schema, aggregate.via.as_str()) == Some(&Value::Reference(id))
    };
    let parts = memory.records(&name).filter(is_part);
    let Some(field) = &aggregate.field else { return Value::Integer(i64::try_from(parts.count()).unwrap_or(i64::MAX)) };
    let values: Vec<Value> = parts
        .filter_map(|record| record.get(schema, field.as_str()).cloned())
        .filter(|value| !value.is_null())
        .collect();
    match aggregate.function {
        Function::Sum => summed(aggregate, &values),
        Function::Max => values.into_iter().max_by(order).unwrap_or(Value::Null),
        Function::Count | Function::Min => values.into_iter().min_by(order).unwrap_or(Value::Null),
    }
}

fn order(one: &Value, other: &Value) -> std::cmp::Ordering {
    match (one, other) {
        (Value::Integer(one), Value::Integer(other)) | (Value::Instant(one), Value::Instant(other)) => one.cmp(other),
        (Value::Decimal(one), Value::Decimal(other)) => one.cmp(other),
        (Value::Date(one), Value::Date(other)) => one.cmp(other),
        (Value::Money(one), Value::Money(other)) => one.minor.cmp(&other.minor),
        _ => std::cmp::Ordering::Equal,
    }
}

fn summed(aggregate: &Aggregate, values: &[Value]) -> Value {
    let mut whole = 0_i64;
    let mut decimal = Decimal::new(0, u32::from(aggregate.scale));
    let mut money: Option<Money> = None;
    for value in values {
        match value {
            Value::Integer(number) => whole += number,
            Value::Decimal(number) => decimal += number,
            Value::Money(amount) => {
                let sum = money.map_or(0, |sum| {
                    assert_eq!(sum.currency, amount.currency, "a sum of two currencies; the host refuses it");
                    sum.minor
                });
                money = Some(Money { minor: sum + amount.minor, currency: amount.currency });
            }
            _ => {}
        }
    }
    match aggregate.kind {
        FieldKind::Money => money.map_or(Value::Null, Value::Money),
        FieldKind::Decimal => Value::Decimal(decimal),
        _ => Value::Integer(whole),
    }
}
