//! Under which name something stands that is declared under another now.

use super::SchemaConflict;
use super::shape::{Former, Shape};
use lignaflow_core::catalog::Schema;
use lignaflow_core::name::{CollectionName, LocalName};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What stands, of one kind of thing: the names of old, what each was called before, and which are declared still.
struct Standing<'a> {
    former: BTreeMap<&'a str, &'a [Former]>,
    declared: BTreeSet<&'a str>,
    taken: BTreeSet<String>,
}

impl Standing<'_> {
    /// The name under which `name` stands, if under another; the other name where both stand.
    fn claim<'f>(&mut self, name: &str, renamed_from: impl Iterator<Item = &'f str>) -> Result<Option<String>, String> {
        let free =
            |old: &str| self.former.contains_key(old) && !self.declared.contains(old) && !self.taken.contains(old);
        let mut left = renamed_from.filter(|old| free(old));
        let claimed = left.next();
        let other = if self.former.contains_key(name) { claimed } else { left.next() };
        if let Some(other) = other {
            return Err(other.to_owned());
        }
        if self.former.contains_key(name) {
            return Ok(None);
        }
        // A version that is returned to knows nothing of the name that the later one gave.
        let before = || {
            let mut known = self.former.iter();
            known.find(|(old, former)| free(old) && former.iter().any(|f| f.name == name)).map(|(old, _)| *old)
        };
        let found = claimed.or_else(before).map(str::to_owned);
        self.taken.extend(found.clone());
        Ok(found)
    }
}

/// By its name now, the name under which each collection of these plugins stands that was renamed.
pub(super) fn collections(
    schemas: &[Arc<Schema>],
    shapes: &BTreeMap<String, Shape>,
) -> Result<BTreeMap<CollectionName, CollectionName>, Vec<SchemaConflict>> {
    let declared: Vec<String> = schemas.iter().map(|schema| schema.name.to_string()).collect();
    let mut standing = Standing {
        former: shapes.iter().map(|(name, shape)| (name.as_str(), shape.former.as_slice())).collect(),
        declared: declared.iter().map(String::as_str).collect(),
        taken: BTreeSet::new(),
    };
    let mut moved = BTreeMap::new();
    let mut conflicts = Vec::new();
    for schema in schemas {
        let plugin = &schema.name.plugin;
        let full = |local: &LocalName| CollectionName::new(plugin, local).to_string();
        let from: Vec<String> = schema.collection.renamed_from.names().map(full).collect();
        match standing.claim(&schema.name.to_string(), from.iter().map(String::as_str)) {
            Ok(Some(old)) => {
                if let Ok(old) = old.parse::<CollectionName>() {
                    moved.insert(schema.name.clone(), old);
                }
            }
            Ok(None) => {}
            Err(other) => {
                conflicts.push(SchemaConflict::of(schema, "", both_stand(&other, schema.name.local.as_str())));
            }
        }
    }
    if conflicts.is_empty() { Ok(moved) } else { Err(conflicts) }
}

/// By its name now, the name under which each field stands that was renamed.
pub(super) fn fields(schema: &Schema, old: &Shape) -> Result<BTreeMap<String, String>, Vec<SchemaConflict>> {
    let mut standing = Standing {
        former: old.fields.iter().map(|(name, shape)| (name.as_str(), shape.former.as_slice())).collect(),
        declared: schema.fields.iter().map(|field| field.name.as_str()).collect(),
        taken: BTreeSet::new(),
    };
    let mut moved = BTreeMap::new();
    let mut conflicts = Vec::new();
    for field in &schema.fields {
        let name = field.name.as_str();
        match standing.claim(name, field.field.renamed_from.names().map(AsRef::as_ref)) {
            Ok(Some(old)) => {
                moved.insert(name.to_owned(), old);
            }
            Ok(None) => {}
            Err(other) => conflicts.push(SchemaConflict::of(schema, name, both_stand(&other, name))),
        }
    }
    if conflicts.is_empty() { Ok(moved) } else { Err(conflicts) }
}

fn both_stand(other: &str, name: &str) -> String {
    format!(
        "both `{other}` and `{name}` stand, each with values of its own; purge the one that is not wanted by its name"
    )
}
