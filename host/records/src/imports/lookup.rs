//! What the texts of a file stand for: records by what a field of theirs holds, people by name or address. Asked once for
//! all rows at hand, with the rights of whoever imports.

use crate::Records;
use crate::doubles::{at_once, having};
use lignaflow_core::Fault;
use lignaflow_core::caller::Caller;
use lignaflow_core::catalog::{Catalog, Schema};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::fold::fold;
use lignaflow_core::id::Id;
use lignaflow_core::query::{Authority, MAX_LIMIT, MAX_VALUES, Predicate, Selection};
use lignaflow_core::value::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Pages of one question that are read at most: a text that thousands share is told as ambiguous all the same.
const MAX_PAGES: usize = 20;

/// Where lookups look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Desk<'a> {
    pub records: &'a Records,
    pub catalog: &'a Catalog,
    pub caller: &'a Caller,
}

/// The ids that each text stands for.
pub(super) type Found = HashMap<String, Vec<Id>>;

impl Desk<'_> {
    async fn rows(&self, schema: &Schema, filter: Predicate, select: Vec<String>) -> Result<Vec<Vec<Value>>, Fault> {
        let mut selection = Selection {
            collection: schema.name.to_string(),
            authority: Authority::Caller,
            filter,
            sort: Vec::new(),
            select,
            limit: MAX_LIMIT,
            after: None,
        };
        let mut rows = Vec::new();
        for _ in 0..MAX_PAGES {
            let page = self.records.find(self.caller.to_read()?, self.catalog, &selection).await?;
            rows.extend(page.rows);
            match page.next {
                Some(after) => selection.after = Some(after),
                None => break,
            }
        }
        Ok(rows)
    }

    /// The records of a collection whose `field`, or `id`, holds one of these texts.
    pub(super) async fn by_field(
        &self,
        target: &Arc<Schema>,
        field: &str,
        texts: &BTreeSet<String>,
    ) -> Result<Found, Fault> {
        let mut found = Found::new();
        let kind = target.field(field).map(|field| &field.field);
        let value = |text: &String| match kind {
            None => text.parse().ok().map(Value::Reference),
            Some(field) if field.kind == FieldKind::Integer => text.parse().ok().map(Value::Integer),
            Some(field) if field.kind == FieldKind::Choice && !field.of.contains(text) => None,
            Some(_) => Some(Value::Text(text.clone())),
        };
        let values: Vec<Value> = texts.iter().filter_map(value).collect();
        for values in values.chunks(MAX_VALUES) {
            let filter = Predicate::Within { path: field.to_owned(), values: values.to_vec() };
            for row in self.rows(target, filter, vec!["id".into(), field.to_owned()]).await? {
                if let [Value::Reference(id), value] = row.as_slice()
                    && let Some(text) = text_of(value)
                {
                    found.entry(text).or_default().push(*id);
                }
            }
        }
        Ok(found)
    }

    /// The records whose fields hold all of one of these tuples, by [`tuple_key`], with their versions.
    pub(super) async fn by_tuple(
        &self,
        schema: &Arc<Schema>,
        fields: &[&str],
        tuples: &[Vec<Value>],
    ) -> Result<HashMap<String, Vec<(Id, u64)>>, Fault> {
        let mut found: HashMap<String, Vec<(Id, u64)>> = HashMap::new();
        let mut select = vec!["id".to_owned(), "version".to_owned()];
        select.extend(fields.iter().map(|field| (*field).to_owned()));
        let wanted: BTreeSet<String> = tuples.iter().map(|tuple| tuple_key(tuple)).collect();
        for tuples in tuples.chunks(at_once(fields.len())) {
            let filter = having(schema, fields, tuples.iter().map(Vec::as_slice));
            for row in self.rows(schema, filter, select.clone()).await? {
                if let [Value::Reference(id), Value::Integer(version), rest @ ..] = row.as_slice() {
                    let key = tuple_key(rest);
                    if wanted.contains(&key) {
                        found.entry(key).or_default().push((*id, version.unsigned_abs()));
                    }
                }
            }
        }
        Ok(found)
    }

    /// The people of the organization by their names, folded; those who are active where several share one.
    pub(super) async fn by_name(&self) -> Result<Found, Fault> {
        let people = self.records.directory().people(self.caller.organization, None).await?;
        let mut found: HashMap<String, Vec<(bool, Id)>> = HashMap::new();
        for person in people {
            found.entry(fold(&person.name)).or_default().push((person.active, person.id));
        }
        let chosen = |people: Vec<(bool, Id)>| {
            let active: Vec<Id> = people.iter().filter(|(active, _)| *active).map(|(_, id)| *id).collect();
            if active.is_empty() { people.into_iter().map(|(_, id)| id).collect() } else { active }
        };
        Ok(found.into_iter().map(|(name, people)| (name, chosen(people))).collect())
    }

    /// People by their addresses, or by their ids.
    pub(super) async fn people(&self, texts: &BTreeSet<String>, by_email: bool) -> Result<Found, Fault> {
        let directory = self.records.directory();
        let organization = self.caller.organization;
        let mut found = Found::new();
        for text in texts {
            let id = if by_email {
                directory.addressed(organization, text).await?
            } else {
                match text.parse() {
                    Ok(id) => directory.person(organization, id).await?.map(|person| person.id),
                    Err(_) => None,
                }
            };
            found.extend(id.map(|id| (text.clone(), vec![id])));
        }
        Ok(found)
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Reference(id) => Some(id.to_string()),
        _ => None,
    }
}

/// Values as one text: equal where all of them are, as filters and unique rules compare.
pub(crate) fn tuple_key(values: &[Value]) -> String {
    serde_json::Value::Array(
        values
            .iter()
            .map(|value| match value {
                Value::Decimal(decimal) => serde_json::Value::String(decimal.normalize().to_string()),
                Value::Text(text) => serde_json::Value::String(fold(text)),
                other => other.to_json(),
            })
            .collect(),
    )
    .to_string()
}
