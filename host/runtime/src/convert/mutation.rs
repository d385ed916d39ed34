//! What a guest asks to be written. Shapes are proved here; whether the fields exist and hold is for the records.

use super::predicate::{collections, from_wire_list};
use super::value::{fields_from, id};
use super::{Checked, Malformed, check_json, error};
use crate::contract::lignaflow::plugin::types::Entry;
use crate::contract::lignaflow::plugin::writing::{Document as WireDocument, Guard, Job, Mutation as Wire, Removal};
use lignaflow_core::background::{MAX_DATA, MAX_DELAY, MAX_KEY, MAX_PAYLOAD};
use lignaflow_core::media::MAX_NAME;
use lignaflow_core::mutation::{Document, Enqueue, Fields, Mailing, Mutation, Notice};
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
        Wire::Enqueue(it) => Mutation::Enqueue(job(it)?),
        Wire::Render(it) => Mutation::Render(document(it)?),
        Wire::Notify(it) => Mutation::Notify(super::post::notice(it)?),
        Wire::Mail(it) => Mutation::Mail(super::post::mailing(it)?),
        Wire::OpenLink(it) => Mutation::OpenLink(super::post::opening(it)?),
        Wire::CloseLink(it) => Mutation::CloseLink(super::post::closing(&it)?),
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

fn job(job: Job) -> Checked<Enqueue> {
    let Job { name, payload, delay_seconds, deduplicate } = job;
    if payload.len() > MAX_PAYLOAD {
        return Err(Malformed::new("/payload", format!("at most {MAX_PAYLOAD} bytes, not {}", payload.len())));
    }
    check_json(&payload).map_err(|fault| fault.under("/payload"))?;
    if delay_seconds > MAX_DELAY {
        return Err(Malformed::new("/delay-seconds", format!("at most {MAX_DELAY}, not {delay_seconds}")));
    }
    if let Some(key) = &deduplicate
        && !(1..=MAX_KEY).contains(&key.chars().count())
    {
        return Err(Malformed::new("/deduplicate", format!("a key has 1 to {MAX_KEY} characters")));
    }
    if deduplicate.as_deref().is_some_and(|key| key.contains('\0')) || payload.contains('\0') {
        return Err(Malformed::new("/payload", "no text holds a null character"));
    }
    Ok(Enqueue { name, payload, delay_seconds, deduplicate })
}

fn document(document: WireDocument) -> Checked<Document> {
    let WireDocument { id: text, template, name, data, date } = document;
    let id = id(&text).map_err(|fault| fault.under("/id"))?;
    if data.len() > MAX_DATA {
        return Err(Malformed::new("/data", format!("at most {MAX_DATA} bytes, not {}", data.len())));
    }
    check_json(&data).map_err(|fault| fault.under("/data"))?;
    if !(1..=MAX_NAME).contains(&name.chars().count()) || name.contains('\0') || data.contains('\0') {
        return Err(Malformed::new(
            "/name",
            format!("a name has 1 to {MAX_NAME} characters, and no text a null character"),
        ));
    }
    Ok(Document { id, template, name, data, date })
}

/// The collection that a mutation writes to, if it does.
pub(crate) fn written(mutation: &Mutation) -> Option<&str> {
    match mutation {
        Mutation::Insert { collection, .. }
        | Mutation::Update { collection, .. }
        | Mutation::Remove { collection, .. }
        | Mutation::Restore { collection, .. }
        | Mutation::Transition { collection, .. } => Some(collection),
        Mutation::EnsureNone { .. }
        | Mutation::EnsureSome { .. }
        | Mutation::Enqueue(_)
        | Mutation::Render(_)
        | Mutation::Notify(_)
        | Mutation::Mail(_)
        | Mutation::OpenLink(_)
        | Mutation::CloseLink(_) => None,
    }
}

/// The collections that a guard reads, or that somebody is led to.
pub(crate) fn read(mutation: &Mutation) -> Vec<&str> {
    match mutation {
        Mutation::EnsureNone { collection, filter, .. } | Mutation::EnsureSome { collection, filter, .. } => {
            let mut found = vec![collection.as_str()];
            collections(filter, &mut found);
            found
        }
        Mutation::Notify(Notice { about: Some((collection, _)), .. })
        | Mutation::Mail(Mailing { about: Some((collection, _)), .. }) => vec![collection.as_str()],
        _ => Vec::new(),
    }
}
