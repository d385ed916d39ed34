//! Rules over a record's own values: the conditions of unique rules, and checks. Made once with the catalog.
//!
//! A check is asked in three values, as SQL's CHECK is: what compares with nothing is not known, and refuses nothing.

use crate::bound::BoundPredicate;
use crate::catalog::{Catalog, Schema};
use crate::descriptor::{Check, Collection, Descriptor};
use crate::memory::Memory;
use crate::record::Record;
use crate::value::Value;
use std::sync::Arc;

/// The conditions of one collection, in the descriptor's order.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    checks: Vec<(Check, BoundPredicate)>,
    unique: Vec<Option<BoundPredicate>>,
}

impl Conditions {
    /// Those of a loaded collection. What cannot be read was told with the descriptor, and is told here again.
    pub fn of(catalog: &Catalog, schema: &Arc<Schema>) -> Result<Self, Vec<String>> {
        let bound = |text: &str| -> Result<BoundPredicate, Vec<String>> {
            let rule = catalog.rule(schema, text)?;
            if rule.asks_who() || rule.follows_references() {
                return Err(vec![format!("`{text}` of {} does not speak of the record alone", schema.name)]);
            }
            Ok(rule.bind(None))
        };
        let collection = &schema.collection;
        let checks = collection.checks.iter().map(|check| Ok((check.clone(), bound(&check.rule)?)));
        let unique = collection.unique.iter().map(|rule| rule.condition().map(bound).transpose());
        Ok(Self { checks: checks.collect::<Result<_, Vec<String>>>()?, unique: unique.collect::<Result<_, _>>()? })
    }

    /// The condition of a unique rule, where it has one.
    pub fn unique(&self, rule: usize) -> Option<&BoundPredicate> {
        self.unique.get(rule)?.as_ref()
    }

    /// The checks that a record breaks.
    pub fn broken<'a>(&'a self, record: &'a Record) -> impl Iterator<Item = &'a Check> {
        self.checks.iter().filter(|(_, rule)| truth(rule, record) == Some(false)).map(|(check, _)| check)
    }

    pub fn has_checks(&self) -> bool {
        !self.checks.is_empty()
    }
}

/// Whether a rule holds; nothing where it compares with nothing (Kleene).
fn truth(rule: &BoundPredicate, record: &Record) -> Option<bool> {
    let alone = Memory::default();
    let known = |nothing: bool| (!nothing).then(|| alone.matches(rule, record));
    match rule {
        BoundPredicate::All(children) => {
            let all: Vec<_> = children.iter().map(|child| truth(child, record)).collect();
            if all.contains(&Some(false)) { Some(false) } else { (!all.contains(&None)).then_some(true) }
        }
        BoundPredicate::Any(children) => {
            let all: Vec<_> = children.iter().map(|child| truth(child, record)).collect();
            if all.contains(&Some(true)) { Some(true) } else { (!all.contains(&None)).then_some(false) }
        }
        BoundPredicate::Not(child) => truth(child, record).map(|truth| !truth),
        BoundPredicate::Compare { path, .. } | BoundPredicate::Within { path, .. } => {
            known(alone.value(path, record).is_null())
        }
        BoundPredicate::ComparePaths { left, right, .. } => {
            let is_null = |value: Value| value.is_null();
            known(is_null(alone.value(left, record)) || is_null(alone.value(right, record)))
        }
        _ => known(false),
    }
}

/// Whether a rule that can be read speaks of the record's own fields alone.
pub(crate) fn of_record_alone(descriptor: &Descriptor, collection: &Collection, text: &str) -> bool {
    crate::rule::typed(descriptor, collection, text).is_none_or(|rule| !rule.asks_who() && !rule.follows_references())
}
