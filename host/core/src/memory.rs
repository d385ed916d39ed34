//! The query tree over plain vectors: no index, no cleverness. Stores are tested against it, and plugins are tested
//! with it.
//!
//! What it settles where the tree leaves a choice:
//!
//! - A comparison with nothing is false, also `NotEqual`; so is one between amounts of two currencies.
//! - A list is never null: one that has no members, or that a path through nothing leads to, is the empty list, and
//!   `IsNull` holds of it. A count counts records of which it does not hold.
//! - Money sorts by currency, then amount. A choice that is no longer declared sorts as nothing does, last.
//! - The sum of nothing is zero; average, smallest and largest of nothing are nothing.

mod measure;
mod order;
mod summary;

pub use measure::{SumTooLarge, Unit};

use crate::bound::{BoundPath, BoundPredicate, BoundSelection, BoundSummary, Column};
use crate::caller::Caller;
use crate::catalog::{Schema, SystemField};
use crate::id::Id;
use crate::name::CollectionName;
use crate::query::Page;
use crate::record::Record;
use crate::search;
use crate::value::Value;
use order::{Key, compares, is_empty, key, sorted};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

/// The records of one organization.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    collections: HashMap<CollectionName, BTreeMap<Id, Record>>,
}

impl Memory {
    /// Adds a record, or puts it in the place of the one with its id, which is handed back.
    pub fn insert(&mut self, collection: &CollectionName, record: Record) -> Option<Record> {
        self.collections.entry(collection.clone()).or_default().insert(record.id, record)
    }

    /// A record, archived or not.
    pub fn get(&self, collection: &CollectionName, id: Id) -> Option<&Record> {
        self.collections.get(collection)?.get(&id)
    }

    /// All records of a collection by their ids, archived ones among them.
    pub fn records(&self, collection: &CollectionName) -> impl Iterator<Item = &Record> {
        self.collections.get(collection).into_iter().flat_map(BTreeMap::values)
    }

    /// The records as a viewer sees them: without those that they may not read, nothing where a path leads to one, and
    /// nothing in fields that they may not read. All is seen without a viewer. Queries are those of the whole catalog.
    pub const fn seen_by<'a>(&'a self, viewer: Option<&'a Caller>) -> View<'a> {
        View { memory: self, viewer }
    }

    /// One page of the selected values, sorted.
    pub fn find(&self, selection: &BoundSelection) -> Page {
        self.seen_by(None).find(selection)
    }

    /// How many records match, whatever the page.
    pub fn count(&self, selection: &BoundSelection) -> u64 {
        self.seen_by(None).count(selection)
    }

    /// One row a group, in the order asked for and then by the groups. Without any group there is always one row.
    pub fn summarize(&self, summary: &BoundSummary) -> Result<Page, SumTooLarge> {
        self.seen_by(None).summarize(summary)
    }

    /// What a path leads to from a record. Where a reference on the way is null or leads to nothing, so does the path.
    pub fn value(&self, path: &BoundPath, record: &Record) -> Value {
        self.seen_by(None).value(path, record)
    }

    /// Whether a predicate holds of a record of the collection that it was bound to.
    pub fn matches(&self, predicate: &BoundPredicate, record: &Record) -> bool {
        self.seen_by(None).matches(predicate, record)
    }

    /// Whether a predicate that follows no reference holds of a record, which is all that it is asked about.
    pub fn holds_of(predicate: &BoundPredicate, record: &Record) -> bool {
        Self::default().matches(predicate, record)
    }
}

/// Records as somebody sees them.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    memory: &'a Memory,
    viewer: Option<&'a Caller>,
}

impl<'m> View<'m> {
    fn reads(&self, schema: &Schema, record: &Record) -> bool {
        let rule = schema.readable(self.viewer);
        rule.is_always() || self.memory.matches(&rule, record)
    }

    fn reads_field(&self, schema: &Schema, index: usize, record: &Record) -> bool {
        let rule = schema.field_readable(index, self.viewer);
        rule.is_always() || self.memory.matches(&rule, record)
    }

    fn matching<'a>(
        &'a self,
        schema: &'a Schema,
        archived: bool,
        filter: &'a BoundPredicate,
    ) -> impl Iterator<Item = &'m Record> + 'a {
        let shown = move |record: &&Record| archived || record.archived_at.is_none();
        let records = self.memory.records(&schema.name).filter(shown);
        records.filter(|record| self.reads(schema, record) && self.matches(filter, record))
    }

    /// One page of the selected values, sorted.
    pub fn find(&self, selection: &BoundSelection) -> Page {
        let keys = |record: &Record| -> Vec<Option<Key>> {
            selection.sort.iter().map(|sort| key(&sort.path, &self.value(&sort.path, record))).collect()
        };
        let compare = |left: &[Option<Key>], right: &[Option<Key>]| {
            let mut orders = left.iter().zip(right).zip(&selection.sort);
            orders
                .find_map(|((left, right), sort)| {
                    Some(sorted(left.as_ref(), right.as_ref(), sort.descending)).filter(|order| order.is_ne())
                })
                .unwrap_or(Ordering::Equal)
        };
        let after: Option<Vec<Option<Key>>> = selection
            .after
            .as_ref()
            .map(|values| selection.sort.iter().zip(values).map(|(sort, value)| key(&sort.path, value)).collect());
        let mut found: Vec<(Vec<Option<Key>>, &Record)> = self
            .matching(&selection.schema, selection.archived, &selection.filter)
            .map(|record| (keys(record), record))
            .filter(|(keys, _)| after.as_ref().is_none_or(|after| compare(keys, after).is_gt()))
            .collect();
        found.sort_by(|(left, _), (right, _)| compare(left, right));
        let limit = usize::from(selection.limit);
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(_, record)| {
            let values: Vec<Value> = selection.sort.iter().map(|sort| self.value(&sort.path, record)).collect();
            crate::cursor::encode(selection.fingerprint, &values)
        });
        let rows = found
            .iter()
            .map(|(_, record)| selection.columns.iter().map(|path| self.value(path, record)).collect())
            .collect();
        Page { columns: selection.columns.iter().map(|path| path.text.clone()).collect(), rows, next }
    }

    /// How many records match, whatever the page.
    pub fn count(&self, selection: &BoundSelection) -> u64 {
        let matching = self.matching(&selection.schema, selection.archived, &selection.filter);
        u64::try_from(matching.count()).unwrap_or(u64::MAX)
    }

    /// What a path leads to from a record. Where a reference on the way is null or leads to nothing, so does the path.
    pub fn value(&self, path: &BoundPath, record: &Record) -> Value {
        let mut reached = Some(record);
        let mut from = &path.root;
        for (index, schema) in &path.hops {
            reached = reached
                .filter(|record| self.reads_field(from, *index, record))
                .and_then(|record| record.values.get(*index))
                .and_then(Value::as_reference)
                .and_then(|id| self.memory.get(&schema.name, id))
                .filter(|record| self.reads(schema, record));
            from = schema;
        }
        let value = reached.map_or(Value::Null, |record| match path.column {
            Column::System(field) => system_value(record, field),
            Column::Field(index) if self.reads_field(from, index, record) => {
                record.values.get(index).cloned().unwrap_or(Value::Null)
            }
            Column::Field(_) => Value::Null,
        });
        if path.kind().is_list() && value.is_null() { Value::References(Vec::new()) } else { value }
    }

    /// Whether a predicate holds of a record of the collection that it was bound to.
    pub fn matches(&self, predicate: &BoundPredicate, record: &Record) -> bool {
        match predicate {
            BoundPredicate::All(children) => children.iter().all(|child| self.matches(child, record)),
            BoundPredicate::Any(children) => children.iter().any(|child| self.matches(child, record)),
            BoundPredicate::Not(child) => !self.matches(child, record),
            BoundPredicate::Compare { path, operator, value } => {
                compares((path, &self.value(path, record)), *operator, (path, value))
            }
            BoundPredicate::ComparePaths { left, operator, right } => {
                compares((left, &self.value(left, record)), *operator, (right, &self.value(right, record)))
            }
            BoundPredicate::Within { path, values } => {
                let held = self.value(path, record);
                !held.is_null() && values.contains(&held)
            }
            BoundPredicate::Includes { path, id } => {
                matches!(self.value(path, record), Value::References(ids) if ids.contains(id))
            }
            BoundPredicate::IsNull(path) => is_empty(&self.value(path, record)),
            BoundPredicate::Exists { schema, via, child, .. } => {
                let mut others = self.memory.records(&schema.name).filter(|other| {
                    other.archived_at.is_none() && self.reads(schema, other) && self.reads_field(schema, *via, other)
                });
                others.any(|other| {
                    let refers = match other.values.get(*via) {
                        Some(Value::Reference(id)) => *id == record.id,
                        Some(Value::References(ids)) => ids.contains(&record.id),
                        _ => false,
                    };
                    refers && self.matches(child, other)
                })
            }
            BoundPredicate::Search { schema, words, fields } => {
                let seen = fields.iter().filter(|index| self.reads_field(schema, **index, record));
                let held: Vec<_> =
                    seen.filter_map(|index| record.values.get(*index)?.as_text().map(search::words)).collect();
                search::matches(words, &held)
            }
        }
    }
}

fn system_value(record: &Record, field: SystemField) -> Value {
    match field {
        SystemField::Id => Value::Reference(record.id),
        SystemField::Version => Value::Integer(i64::try_from(record.version).unwrap_or(i64::MAX)),
        SystemField::CreatedAt => Value::Instant(record.created_at),
        SystemField::UpdatedAt => Value::Instant(record.updated_at),
        SystemField::CreatedBy => record.created_by.map_or(Value::Null, |person| Value::Reference(person.0)),
        SystemField::ArchivedAt => record.archived_at.map_or(Value::Null, Value::Instant),
    }
}

#[cfg(test)]
mod tests;
