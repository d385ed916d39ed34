//! Values that another record has already, found ahead of the commit: so that of an input at fault everything is told at
//! once. An input without other faults is not asked about twice, since the commit finds the first by itself.

use crate::answers;
use crate::imports::tuple_key as key;
use crate::plan::{Desk, Draft};
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::BoundPredicate;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{ChangeKind, FieldKind};
use lignaflow_core::id::Id;
use lignaflow_core::memory::Memory;
use lignaflow_core::name::{CollectionName, FieldName};
use lignaflow_core::query::{Authority, MAX_LIMIT, MAX_NODES, Operator, Predicate, Selection};
use lignaflow_core::record::Record;
use lignaflow_core::value::Value;
use lignaflow_core::{Fault, Issue};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// How many records one question can ask about by so many fields: a text takes two comparisons.
pub(crate) const fn at_once(fields: usize) -> usize {
    (MAX_NODES - 1) / (1 + 2 * fields)
}

/// What a unique rule compares: the values of its fields, as one text.
type Key = String;

impl Desk<'_> {
    /// The drafts whose values another record has, or another draft of theirs, by every unique rule.
    pub(crate) async fn doubles(&self, drafts: &[Draft]) -> Result<Vec<Issue>, Fault> {
        let mut collections: BTreeMap<CollectionName, Vec<&Draft>> = BTreeMap::new();
        for draft in drafts.iter().filter(|draft| draft.kind != ChangeKind::Remove) {
            collections.entry(draft.schema.name.clone()).or_default().push(draft);
        }
        let mut issues = Vec::new();
        for drafts in collections.values() {
            let schema = &drafts[0].schema;
            for rule in 0..schema.collection.unique.len() {
                let ruled: Vec<(&Draft, Vec<Value>)> =
                    drafts.iter().filter_map(|draft| Some((*draft, self.ruled(draft, rule)?))).collect();
                let taken = self.taken(schema, rule, &ruled).await?;
                let mut seen: HashMap<Key, Id> = HashMap::new();
                for (draft, values) in ruled {
                    let key = key(&values);
                    let first = *seen.entry(key.clone()).or_insert(draft.id);
                    if first != draft.id || taken.contains(&key) {
                        issues.extend(answers::duplicate(schema, rule, &draft.prefix));
                    }
                }
            }
        }
        Ok(issues)
    }

    /// What a draft has of the fields of a unique rule, where the rule is about it and it changes them.
    fn ruled(&self, draft: &Draft, rule: usize) -> Option<Vec<Value>> {
        let schema = &draft.schema;
        let condition = self.snapshot.catalog.conditions(&schema.name).and_then(|conditions| conditions.unique(rule));
        let fulfils = |record: &Record| condition.is_none_or(|condition| Memory::holds_of(condition, record));
        let values: Vec<Value> = schema.collection.unique[rule]
            .fields()
            .iter()
            .map(|name| draft.after.get(name.as_str()).filter(|value| !value.is_null()).cloned())
            .collect::<Option<_>>()?;
        let stays = draft.before.as_ref().filter(|before| before.archived_at.is_none()).is_some_and(|before| {
            let mut fields = schema.collection.unique[rule].fields().iter().zip(&values);
            fields.all(|(name, value)| before.get(schema, name.as_str()) == Some(value)) && fulfils(before)
        });
        (!stays && fulfils(&draft.record(self.caller))).then_some(values)
    }

    /// Those of the values that records beside these drafts have.
    async fn taken(
        &self,
        schema: &Arc<Schema>,
        rule: usize,
        ruled: &[(&Draft, Vec<Value>)],
    ) -> Result<HashSet<Key>, Fault> {
        let mut taken = HashSet::new();
        let own: HashSet<Id> = ruled.iter().map(|(draft, _)| draft.id).collect();
        let fields: Vec<&str> = schema.collection.unique[rule].fields().iter().map(FieldName::as_str).collect();
        let binder = Binder { catalog: &self.snapshot.catalog, home: None };
        let condition = self.snapshot.catalog.conditions(&schema.name).and_then(|conditions| conditions.unique(rule));
        for ruled in ruled.chunks(at_once(fields.len())) {
            let select = std::iter::once("id".to_owned()).chain(fields.iter().map(|field| (*field).to_owned()));
            let mut selection = binder.selection(&Selection {
                collection: schema.name.to_string(),
                authority: Authority::Plugin,
                filter: having(schema, &fields, ruled.iter().map(|(_, values)| values.as_slice())),
                sort: Vec::new(),
                select: select.collect(),
                limit: MAX_LIMIT,
                after: None,
            })?;
            if let Some(condition) = condition {
                selection.filter = BoundPredicate::all([selection.filter, condition.clone()]);
            }
            let wanted: HashSet<Key> = ruled.iter().map(|(_, values)| key(values)).collect();
            let page = self.store.find(self.access.unbound(), &selection).await.map_err(answers::of_store)?;
            for row in page.rows {
                if let [Value::Reference(id), values @ ..] = row.as_slice()
                    && !own.contains(id)
                    && wanted.contains(&key(values))
                {
                    taken.insert(key(values));
                }
            }
        }
        Ok(taken)
    }
}

/// Records whose fields hold all of one of these tuples, texts as they fold: as unique rules compare.
pub(crate) fn having<'v>(schema: &Schema, fields: &[&str], tuples: impl Iterator<Item = &'v [Value]>) -> Predicate {
    let is_text = |field: &str| schema.field(field).is_some_and(|field| field.field.kind == FieldKind::Text);
    let one = |tuple: &[Value]| {
        let each = fields.iter().zip(tuple).flat_map(|(field, value)| {
            let is = |operator| Predicate::Compare { path: (*field).to_owned(), operator, value: value.clone() };
            // A text equals as it is written, but is ordered as it folds.
            let operators: &[Operator] =
                if is_text(field) { &[Operator::AtLeast, Operator::AtMost] } else { &[Operator::Equal] };
            operators.iter().map(|operator| is(*operator)).collect::<Vec<_>>()
        });
        Predicate::All(each.collect())
    };
    Predicate::Any(tuples.map(one).collect())
}
