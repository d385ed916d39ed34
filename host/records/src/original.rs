//! A create that repeats an id of the client's own: where it is the same as it was then, it is answered with the record
//! that it made, however old, and makes nothing. A client that heard no answer may so send everything again.

use crate::answers;
use crate::plan::{Desk, Item, Plan};
use crate::{Records, Saved};
use lignaflow_core::caller::Access;
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::descriptor::ChangeKind;
use lignaflow_core::mutation::{Mutation, Origin};
use lignaflow_core::name::CollectionName;
use lignaflow_core::record::{check_value, value_from_json};
use lignaflow_core::{Fault, Id, Value};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;
use std::sync::Arc;

/// Creates of one collection by ids of the client's own, with their places among the items.
type Own = (Arc<Schema>, Vec<(usize, Id)>);

impl Records {
    /// Of these items, those that were carried out before, by their places among them.
    pub(crate) async fn originals(
        &self,
        desk: &Desk<'_>,
        origin: Origin,
        items: &[(Item, bool)],
    ) -> Result<HashMap<usize, Saved>, Fault> {
        let mut wanted: HashMap<CollectionName, Own> = HashMap::new();
        for (index, (item, own)) in items.iter().enumerate() {
            if let (Mutation::Insert { id, .. }, true) = (&item.mutation, own)
                && let Ok(schema) = desk.resolve(item)
            {
                wanted.entry(schema.name.clone()).or_insert_with(|| (schema, Vec::new())).1.push((index, *id));
            }
        }
        let mut originals = HashMap::new();
        let Ok(access) = desk.caller.to_read() else { return Ok(originals) };
        for (schema, places) in wanted.into_values() {
            let ids: Vec<Id> = places.iter().map(|(_, id)| *id).collect();
            let seen = desk.snapshot.catalog.seen_by(desk.caller);
            let schema = seen.schema(&schema.name).cloned().unwrap_or(schema);
            // What the caller may not read is not told to be there by its contents.
            let records = self.store.records(access, &schema, &ids).await.map_err(answers::of_store)?;
            if records.is_empty() {
                continue;
            }
            let there: Vec<Id> = records.iter().map(|record| record.id).collect();
            let own = Access::of_plugin(desk.caller.organization);
            let made = self.store.made(own, &schema, &there).await.map_err(answers::of_store)?;
            for record in records {
                let Some((index, _)) = places.iter().find(|(_, id)| *id == record.id) else { continue };
                let entry = made.iter().find(|entry| entry.record == record.id);
                let Some(entry) = entry.filter(|entry| entry.principal == desk.caller.principal) else { continue };
                if self.is_same(desk, origin, &items[*index].0, &entry.after).await? {
                    let saved = Saved { schema: schema.clone(), record, kind: ChangeKind::Insert, repeated: true };
                    originals.insert(*index, saved);
                }
            }
        }
        Ok(originals)
    }

    /// Whether a create asks for what was made then, after the same checks, defaults and hooks.
    async fn is_same(
        &self,
        desk: &Desk<'_>,
        origin: Origin,
        item: &Item,
        made: &Map<String, Json>,
    ) -> Result<bool, Fault> {
        let Mutation::Insert { fields: sent, .. } = &item.mutation else { return Ok(false) };
        let mut plan = Plan::default();
        // What is refused today, as a part of a whole that is locked by now, may have been taken then.
        let _ = desk.draft(&mut plan, vec![item.clone()]).await;
        let Some(draft) = plan.drafts.first().cloned() else { return Ok(false) };
        // A hook may refuse today what it took then; what it would make of the values is not known then.
        let hooked = self.run_hooks(desk, &mut plan, origin, None).await.is_ok();
        let Some(after) = plan.drafts.first().map(|draft| &draft.after) else { return Ok(false) };
        let same = draft.schema.fields.iter().all(|field| {
            let name = field.name.as_str();
            let planned =
                Planned { sent: sent.get(name).is_some(), drafted: draft.after.get(name), hooked: after.get(name) };
            planned.is(field, made.get(name), hooked)
        });
        Ok(same)
    }
}

/// What a field is to be.
struct Planned<'a> {
    /// Whether the client names it.
    sent: bool,
    drafted: Option<&'a Value>,
    /// The same once hooks have seen it.
    hooked: Option<&'a Value>,
}

impl Planned<'_> {
    /// Whether it is what was made then. `known` tells whether hooks had their say.
    fn is(&self, field: &SchemaField, made: Option<&Json>, known: bool) -> bool {
        let Some(made) = made else {
            // The field came later: nobody can have named it then.
            return !self.sent;
        };
        let was = value_from_json(&field.field, made).ok().map(|mut value| {
            // Only to put it into the form of today.
            let _ = check_value(field, &mut value, "");
            value
        });
        if was.as_ref() == self.drafted || was.as_ref() == self.hooked {
            return true;
        }
        // What nobody named is the program's: a moment, or what code makes of it.
        !self.sent && (is_momentary(field) || field.field.is_read_only() || !known || self.drafted != self.hooked)
    }
}

/// Whether a field's default differs from one moment to the next.
fn is_momentary(field: &SchemaField) -> bool {
    matches!(field.field.default.as_ref().and_then(Json::as_str), Some("now" | "today"))
}

/// What a write left, with what was there before it, in the order of what was asked.
pub(crate) fn merged(originals: &HashMap<usize, Saved>, written: Vec<Saved>) -> Vec<Saved> {
    let mut all = Vec::with_capacity(originals.len() + written.len());
    let mut written = written.into_iter();
    let mut index = 0;
    let mut left = originals.len();
    while left > 0 {
        match originals.get(&index) {
            Some(original) => {
                all.push(original.clone());
                left -= 1;
            }
            None => all.extend(written.next()),
        }
        index += 1;
    }
    all.extend(written);
    all
}
