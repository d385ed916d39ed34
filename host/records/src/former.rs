//! Whether a record was in a caller's view before a change that may have taken it out: of what never was, not even the
//! id is told.

use crate::{Records, answers, rebuild};
use futures_util::future::BoxFuture;
use lignaflow_core::Fault;
use lignaflow_core::bound::{BoundPath, BoundPredicate};
use lignaflow_core::caller::Access;
use lignaflow_core::catalog::Schema;
use lignaflow_core::id::{Id, PersonId};
use lignaflow_core::memory::Memory;
use lignaflow_core::record::{Record, value_from_json};
use lignaflow_core::value::{Value, parse_instant};
use lignaflow_store::LogEntry;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

impl Records {
    /// Whether the caller may have seen the record that this change is of, as it was before. `schema` is the collection
    /// in full. What other records say is asked as they stand now: where these have changed, the caller is told to read
    /// anew.
    pub(crate) async fn was_in_view(
        &self,
        access: Access<'_>,
        schema: &Arc<Schema>,
        entry: &LogEntry,
    ) -> Result<bool, Fault> {
        let unbound = access.unbound();
        let before = entry.version.saturating_sub(1);
        let history =
            self.store.history_up_to(unbound, &entry.collection, entry.record, before, rebuild::LONGEST).await;
        let history = history.map_err(answers::of_store)?;
        if history.last().is_none_or(|last| last.version != before) {
            // It cannot be put together any more.
            return Ok(true);
        }
        let mut state = Map::new();
        for change in &history {
            rebuild::apply(&mut state, change);
        }
        let record = record(schema, entry.record, &state);
        let rule = schema.readable(access.viewer());
        Ok(self.holds(unbound, &rule, &record).await?.unwrap_or(true))
    }

    /// Whether a rule holds of a record that no table has; `None` where that cannot be told.
    fn holds<'a>(
        &'a self,
        access: Access<'a>,
        rule: &'a BoundPredicate,
        record: &'a Record,
    ) -> BoxFuture<'a, Result<Option<bool>, Fault>> {
        Box::pin(async move {
            match rule {
                BoundPredicate::All(children) => self.settled(access, children, record, false).await,
                BoundPredicate::Any(children) => self.settled(access, children, record, true).await,
                BoundPredicate::Not(child) => Ok(self.holds(access, child, record).await?.map(|holds| !holds)),
                BoundPredicate::Compare { path, .. }
                | BoundPredicate::Within { path, .. }
                | BoundPredicate::Includes { path, .. }
                | BoundPredicate::IsNull(path)
                    if !path.hops.is_empty() =>
                {
                    self.elsewhere(access, rule, path, record).await.map(Some)
                }
                _ if rule.looks_elsewhere() => Ok(None),
                _ => Ok(Some(Memory::holds_of(rule, record))),
            }
        })
    }

    /// Whether all hold, or, where one settles it, any.
    async fn settled(
        &self,
        access: Access<'_>,
        children: &[BoundPredicate],
        record: &Record,
        settles: bool,
    ) -> Result<Option<bool>, Fault> {
        let mut told = Some(!settles);
        for child in children {
            match self.holds(access, child, record).await? {
                Some(holds) if holds == settles => return Ok(Some(settles)),
                Some(_) => {}
                None => told = None,
            }
        }
        Ok(told)
    }

    /// A comparison of what a reference of the record leads to.
    async fn elsewhere(
        &self,
        access: Access<'_>,
        rule: &BoundPredicate,
        path: &BoundPath,
        record: &Record,
    ) -> Result<bool, Fault> {
        let Some(((first, target), rest)) = path.hops.split_first() else { return Ok(false) };
        let Some(id) = record.values.get(*first).and_then(Value::as_reference) else {
            return Ok(matches!(rule, BoundPredicate::IsNull(_)));
        };
        let onward = BoundPath {
            text: path.text.split_once('.').map_or_else(String::new, |(_, rest)| rest.to_owned()),
            root: target.clone(),
            hops: rest.to_vec(),
            column: path.column,
        };
        let asked = match rule.clone() {
            BoundPredicate::Compare { operator, value, .. } => {
                BoundPredicate::Compare { path: onward, operator, value }
            }
            BoundPredicate::Within { values, .. } => BoundPredicate::Within { path: onward, values },
            BoundPredicate::Includes { id, .. } => BoundPredicate::Includes { path: onward, id },
            _ => BoundPredicate::IsNull(onward),
        };
        let holding = self.store.holding(access, target, &[id], &asked).await.map_err(answers::of_store)?;
        Ok(holding.contains(&id))
    }
}

/// What the log says of a record, as the record it was.
fn record(schema: &Schema, id: Id, state: &Map<String, Json>) -> Record {
    let value = |name: &str| state.get(name).unwrap_or(&Json::Null);
    let instant = |name: &str| value(name).as_str().and_then(parse_instant).unwrap_or_default();
    let values = schema.fields.iter().map(|field| {
        let told = value_from_json(&field.field, value(field.name.as_str()));
        told.unwrap_or_else(|_| crate::plan::empty_of(field))
    });
    Record {
        id,
        version: value("version").as_u64().unwrap_or_default(),
        created_at: instant("created_at"),
        updated_at: instant("updated_at"),
        created_by: value("created_by").as_str().and_then(|text| text.parse().ok()).map(PersonId),
        archived_at: None,
        values: values.collect(),
    }
}
