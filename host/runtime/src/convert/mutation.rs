//! What a guest asks to be written. Shapes are proved here; whether the fields exist and hold is for the records.

use super::predicate::{collections, from_wire_list};
use super::value::{fields_from, id};
use super::{Checked, error};
use crate::contract::lignaflow::plugin::types::Entry;
use crate::contract::lignaflow::plugin::writing::{Guard, Mutation as Wire, Removal};
use lignaflow_core::mutation::{Fields, Mutation};
use lignaflow_core::query::Predicate;
use lignaflow_core::{Fault, Id};

pub(crate) fn mutations(list: Vec<Wire>, place: &str) -> Checked<Vec<Mutation>> {
    list.into_iter()
        .enumerate()
        .map(|(index, it)| mutation(it).map_err(|fault| fault.under(format_args!("/{place}/{index}"))))
        .collect()
}

fn mutation(mutation: Wire) -> Checked<Mutation> {
    let named = |text: &str| id(text).map_err(|fault| fault.under("/id"));
    Ok(match mutation {
        Wire::Insert(it) => {
            Mutation::Insert { id: named(&it.id)?, collection: it.collection, fields: fields(it.fields)? }
        }
        Wire::Update(it) => Mutation::Update {
            id: named(&it.id)?,
            collection: it.collection,
            expected: it.expected,
            fields: fields(it.fields)?,
        },
        Wire::Remove(it) => {
            let (collection, id, expected) = removal(it)?;
            Mutation::Remove { collection, id, expected }
        }
        Wire::Restore(it) => {
            let (collection, id, expected) = removal(it)?;
            Mutation::Restore { collection, id, expected }
        }
        Wire::Transition(it) => Mutation::Transition {
            id: named(&it.id)?,
            collection: it.collection,
            expected: it.expected,
            name: it.name,
            fields: fields(it.fields)?,
        },
        Wire::EnsureNone(it) => {
            let (collection, filter, fault) = guard(it)?;
            Mutation::EnsureNone { collection, filter, fault }
        }
        Wire::EnsureSome(it) => {
            let (collection, filter, fault) = guard(it)?;
            Mutation::EnsureSome { collection, filter, fault }
        }
    })
}

fn fields(entries: Vec<Entry>) -> Checked<Fields> {
    fields_from(entries).map_err(|fault| fault.under("/fields"))
}

fn removal(removal: Removal) -> Checked<(String, Id, Option<u64>)> {
    let id = id(&removal.id).map_err(|fault| fault.under("/id"))?;
    Ok((removal.collection, id, removal.expected))
}

fn guard(guard: Guard) -> Checked<(String, Predicate, Fault)> {
    let filter = from_wire_list(guard.where_).map_err(|fault| fault.under("/where"))?;
    Ok((guard.collection, filter, error::from_wire(guard.fault)))
}

/// The collection that a mutation writes to, if it does.
pub(crate) fn written(mutation: &Mutation) -> Option<&str> {
    match mutation {
        Mutation::Insert { collection, .. }
        | Mutation::Update { collection, .. }
        | Mutation::Remove { collection, .. }
        | Mutation::Restore { collection, .. }
        | Mutation::Transition { collection, .. } => Some(collection),
        Mutation::EnsureNone { .. } | Mutation::EnsureSome { .. } => None,
    }
}

/// The collections that a guard reads.
pub(crate) fn read(mutation: &Mutation) -> Vec<&str> {
    match mutation {
        Mutation::EnsureNone { collection, filter, .. } | Mutation::EnsureSome { collection, filter, .. } => {
            let mut found = vec![collection.as_str()];
            collections(filter, &mut found);
            found
        }
        _ => Vec::new(),
    }
}
