//! Mutations, as they leave.

use super::post;
use super::query::predicate;
use super::values::{entries, to_error};
use crate::bindings::lignaflow::plugin::writing as wit;
use crate::{Document, Enqueue, Fault, Mutation, Predicate};

pub(crate) fn mutation(mutation: Mutation) -> wit::Mutation {
    match mutation {
        Mutation::Insert { collection, id, fields } => {
            wit::Mutation::Insert(wit::Insertion { collection, id: id.to_string(), fields: entries(&fields) })
        }
        Mutation::Update { collection, id, expected, fields } => {
            wit::Mutation::Update(wit::Revision { collection, id: id.to_string(), expected, fields: entries(&fields) })
        }
        Mutation::Remove { collection, id, expected } => {
            wit::Mutation::Remove(wit::Removal { collection, id: id.to_string(), expected })
        }
        Mutation::Restore { collection, id, expected } => {
            wit::Mutation::Restore(wit::Removal { collection, id: id.to_string(), expected })
        }
        Mutation::Transition { collection, id, expected, name, fields } => wit::Mutation::Transition(wit::Transition {
            collection,
            id: id.to_string(),
            expected,
            name,
            fields: entries(&fields),
        }),
        Mutation::EnsureNone { collection, filter, fault } => {
            wit::Mutation::EnsureNone(guard(collection, &filter, fault))
        }
        Mutation::EnsureSome { collection, filter, fault } => {
            wit::Mutation::EnsureSome(guard(collection, &filter, fault))
        }
        Mutation::Enqueue(Enqueue { name, payload, delay_seconds, deduplicate }) => {
            wit::Mutation::Enqueue(wit::Job { name, payload, delay_seconds, deduplicate })
        }
        Mutation::Render(Document { id, template, name, data, date }) => {
            wit::Mutation::Render(wit::Document { id: id.to_string(), template, name, data, date })
        }
        Mutation::Notify(it) => wit::Mutation::Notify(post::notice(it)),
        Mutation::Mail(it) => wit::Mutation::Mail(post::mailing(it)),
        Mutation::OpenLink(it) => wit::Mutation::OpenLink(post::opening(it)),
        Mutation::CloseLink(it) => wit::Mutation::CloseLink(post::closing(it)),
    }
}

fn guard(collection: String, filter: &Predicate, fault: Fault) -> wit::Guard {
    wit::Guard { collection, where_: predicate(filter), fault: to_error(fault) }
}

pub(crate) fn mutations(list: Vec<Mutation>) -> Vec<wit::Mutation> {
    list.into_iter().map(mutation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::field;
    use crate::writes::{enqueue, ensure_none, insert, remove, render, restore, transition, update};
    use crate::{ErrorCode, Id};

    #[test]
    fn every_write_keeps_its_kind_and_parts() {
        let id = Id::fresh();
        let fault = Fault::new(ErrorCode::Conflict, "Others depend on it.");
        let sent = mutations(vec![
            insert("tasks", id).set("title", "Cut").into(),
            update("tasks", id).expecting(3).set("title", "Saw").into(),
            remove("tasks", id),
            restore("tasks", id),
            transition("tasks", id, "finish").set("notes", "Done").into(),
            ensure_none("tasks", field("project").eq(id), fault),
            enqueue("remind").with(&7).unwrap().after(60).once("tasks").into(),
            render(id, "quote").with(&7).unwrap().called("Q-7.pdf").into(),
        ]);
        assert!(matches!(&sent[0], wit::Mutation::Insert(it) if it.id == id.to_string() && it.fields.len() == 1));
        assert!(matches!(&sent[1], wit::Mutation::Update(it) if it.expected == Some(3) && it.fields[0].key == "title"));
        assert!(matches!(&sent[2], wit::Mutation::Remove(_)));
        assert!(matches!(&sent[3], wit::Mutation::Restore(_)));
        assert!(matches!(&sent[4], wit::Mutation::Transition(it) if it.name == "finish" && it.fields.len() == 1));
        assert!(matches!(&sent[5], wit::Mutation::EnsureNone(it) if it.where_.len() == 1));
        assert!(matches!(&sent[6], wit::Mutation::Enqueue(it) if (it.payload.as_str(), it.delay_seconds) == ("7", 60)));
        assert!(matches!(&sent[7], wit::Mutation::Render(it)
            if (it.template.as_str(), it.name.as_str(), it.data.as_str(), it.date) == ("quote", "Q-7.pdf", "7", None)));
    }
}
