//! The change log is never rewritten: what it says of things by the names that they had is read by the names that they
//! have.

use super::shape::{FieldShape, Former, Shape};
use crate::Store;
use lignaflow_core::name::CollectionName;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// What was renamed since the first entry of the change log.
#[derive(Debug, Default)]
pub(crate) struct Renames {
    /// By their names now.
    collections: BTreeMap<String, Collection>,
    /// By former names, with how far they reach, the names that collections have now.
    now: Vec<(Former, String)>,
}

#[derive(Debug, Default)]
struct Collection {
    former: Vec<Former>,
    fields: BTreeMap<String, FieldShape>,
}

impl Renames {
    pub(super) fn of(shapes: &BTreeMap<String, Shape>) -> Self {
        let mut renames = Self::default();
        for (name, shape) in shapes {
            let renamed = |field: &FieldShape| !field.former.is_empty() || !field.choices.is_empty();
            let fields = shape.fields.iter().filter(|(_, field)| renamed(field));
            let fields: BTreeMap<_, _> = fields.map(|(name, field)| (name.clone(), field.clone())).collect();
            if shape.former.is_empty() && fields.is_empty() {
                continue;
            }
            renames.now.extend(shape.former.iter().map(|former| (former.clone(), name.clone())));
            renames.collections.insert(name.clone(), Collection { former: shape.former.clone(), fields });
        }
        renames
    }

    /// The names under which the log speaks of a collection, beside its own, and up to which entry.
    pub(crate) fn former(&self, collection: &CollectionName) -> Vec<(String, i64)> {
        let found = self.collections.get(&collection.to_string());
        let former = found.map(|found| found.former.as_slice()).unwrap_or_default();
        former.iter().map(|former| (former.name.clone(), former.until)).collect()
    }

    /// The name that a collection has now, of which the log speaks at this place.
    pub(crate) fn collection(&self, name: String, sequence: i64) -> String {
        let mut known = self.now.iter();
        let found = known.find(|(former, _)| former.name == name && sequence <= former.until);
        found.map_or(name, |(_, now)| now.clone())
    }

    /// Fields and choices of an entry by the names that they have now.
    pub(crate) fn fields(&self, collection: &str, sequence: i64, fields: Map<String, Json>) -> Map<String, Json> {
        let Some(found) = self.collections.get(collection) else { return fields };
        let now = |name: &String| {
            let mut known = found.fields.iter();
            known.find(|(_, shape)| shape.former.iter().any(|f| f.name == *name && sequence <= f.until))
        };
        fields
            .into_iter()
            .map(|(name, value)| match now(&name).or_else(|| found.fields.get_key_value(&name)) {
                Some((now, shape)) => (now.clone(), chosen(shape, sequence, value)),
                None => (name, value),
            })
            .collect()
    }
}

/// A choice by its name now.
fn chosen(shape: &FieldShape, sequence: i64, value: Json) -> Json {
    let Json::String(mut choice) = value else { return value };
    for renamed in shape.choices.iter().filter(|renamed| sequence <= renamed.until) {
        if choice == renamed.from {
            choice.clone_from(&renamed.to);
        }
    }
    Json::String(choice)
}

impl Store {
    pub(crate) fn renames(&self) -> Arc<Renames> {
        self.renames.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_renames(&self, renames: Renames) {
        *self.renames.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(renames);
    }
}
