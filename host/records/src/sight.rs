//! What a caller's read rules look at, and so which changes can bring records into their view or take them out of it.

use lignaflow_core::bound::{BoundPath, BoundPredicate, Column};
use lignaflow_core::caller::Caller;
use lignaflow_core::catalog::Schema;
use lignaflow_core::name::CollectionName;
use lignaflow_store::{LogEntry, LogKind};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The fields that the rules of one collection look at, for one caller.
#[derive(Debug, Default)]
pub(crate) struct Sight {
    /// Of the record itself.
    own: BTreeSet<String>,
    /// Of records that it refers to, and of those that refer to it.
    elsewhere: BTreeSet<(CollectionName, String)>,
}

impl Sight {
    pub(crate) fn of(schema: &Arc<Schema>, caller: &Caller) -> Self {
        let mut sight = Self::default();
        sight.look(&schema.readable(Some(caller)), false);
        for index in 0..schema.fields.len() {
            if schema.restricts_field(index) {
                sight.look(&schema.field_readable(index, Some(caller)), false);
            }
        }
        sight
    }

    /// The other collections whose changes matter here.
    pub(crate) fn watched(&self) -> impl Iterator<Item = &CollectionName> {
        self.elsewhere.iter().map(|(collection, _)| collection)
    }

    /// Whether a change of the record itself can have taken it out of view.
    pub(crate) fn may_lose(&self, entry: &LogEntry) -> bool {
        entry.after.keys().any(|field| self.own.contains(field))
    }

    /// Whether a change of another record can have changed which records are in view. A new one is referred to by none
    /// yet.
    pub(crate) fn shifts_by(&self, entry: &LogEntry) -> bool {
        entry.kind != LogKind::Insert
            && entry.after.keys().any(|field| self.elsewhere.contains(&(entry.collection.clone(), field.clone())))
    }

    fn look(&mut self, predicate: &BoundPredicate, outside: bool) {
        match predicate {
            BoundPredicate::All(children) | BoundPredicate::Any(children) => {
                for child in children {
                    self.look(child, outside);
                }
            }
            BoundPredicate::Not(child) => self.look(child, outside),
            BoundPredicate::Compare { path, .. }
            | BoundPredicate::Within { path, .. }
            | BoundPredicate::Includes { path, .. }
            | BoundPredicate::IsNull(path) => self.follow(path, outside),
            BoundPredicate::ComparePaths { left, right, .. } => {
                self.follow(left, outside);
                self.follow(right, outside);
            }
            BoundPredicate::Exists { schema, via, child, .. } => {
                self.see(schema, schema.fields[*via].name.as_str(), true);
                self.look(child, true);
            }
            BoundPredicate::Search { schema, fields, .. } => {
                for field in fields {
                    self.see(schema, schema.fields[*field].name.as_str(), outside);
                }
            }
        }
    }

    fn follow(&mut self, path: &BoundPath, mut outside: bool) {
        let mut at = &path.root;
        for (field, next) in &path.hops {
            self.see(at, at.fields[*field].name.as_str(), outside);
            outside = true;
            at = next;
        }
        match path.column {
            Column::Field(index) => self.see(at, at.fields[index].name.as_str(), outside),
            Column::System(field) => self.see(at, field.as_str(), outside),
        }
    }

    fn see(&mut self, schema: &Schema, field: &str, outside: bool) {
        if outside {
            self.elsewhere.insert((schema.name.clone(), field.to_owned()));
        } else {
            self.own.insert(field.to_owned());
        }
    }
}
