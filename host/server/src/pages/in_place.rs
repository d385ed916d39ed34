//! Which cells of a list its reader may change where they stand: short fields that the form would let them write, of
//! records that take changes. What is refused all the same is told at the cell.

use super::house::Visit;
use lignaflow_core::access::Deed;
use lignaflow_core::catalog::Schema;
use lignaflow_core::query::{Authority, Predicate, Selection};
use lignaflow_core::record::Record;
use lignaflow_core::value::Value;
use lignaflow_core::{Fault, Id};
use lignaflow_web::ListQuery;
use lignaflow_web::collection::in_place::{InPlace, candidates};
use lignaflow_web::collection::record::locked_by;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The cells of a page of a list. As many statements as rules differ by record, however many rows there are.
pub(super) async fn of(
    visit: &Visit,
    schema: &Arc<Schema>,
    query: &ListQuery,
    records: &[Record],
) -> Result<InPlace, Fault> {
    let caller = &visit.signed.caller;
    let update = schema.allows(Deed::Update, Some(caller));
    if !visit.may_write() || query.archived || update.is_never() {
        return Ok(InPlace::default());
    }
    let access = caller.to_read()?;
    let standing: Vec<&Record> =
        records.iter().filter(|record| record.archived_at.is_none() && locked_by(schema, record).is_none()).collect();
    let ids = in_open_wholes(visit, schema, &standing).await?;
    let all = &visit.app.records;
    let mut found = InPlace::of(all.holding(access, schema, &ids, &update).await?);
    for index in candidates(&visit.snapshot.catalog, schema, query) {
        let rule = schema.field_writable(index, Some(caller));
        if rule.is_always() {
            found.allow(index, None);
        } else if !rule.is_never() {
            found.allow(index, Some(all.holding(access, schema, &ids, &rule).await?));
        }
    }
    Ok(found)
}

/// Those of the records above which no whole stands, at whatever height, in a state that refuses changes of its parts.
async fn in_open_wholes(visit: &Visit, schema: &Arc<Schema>, records: &[&Record]) -> Result<Vec<Id>, Fault> {
    let catalog = &visit.snapshot.catalog;
    let mut above: Vec<(usize, Arc<Schema>)> = Vec::new();
    let mut last = schema;
    while let Some((index, whole)) = last.whole().and_then(|(index, to)| Some((index, catalog.schema(to)?))) {
        above.push((index, whole.clone()));
        last = whole;
    }
    if records.is_empty() || above.iter().all(|(_, whole)| whole.collection.locked_states().next().is_none()) {
        return Ok(records.iter().map(|record| record.id).collect());
    }
    // Each record with what stands above it at the height that is looked at.
    let mut left: Vec<(Id, Option<Id>)> = match above.first() {
        Some((index, _)) => records.iter().map(|record| (record.id, record.values[*index].as_reference())).collect(),
        None => Vec::new(),
    };
    for (height, (_, whole)) in above.iter().enumerate() {
        let wanted: BTreeSet<Id> = left.iter().filter_map(|(_, id)| *id).collect();
        let selection = Selection {
            collection: whole.name.to_string(),
            authority: Authority::Caller,
            filter: Predicate::Within {
                path: "id".to_owned(),
                values: wanted.iter().copied().map(Value::Reference).collect(),
            },
            sort: Vec::new(),
            select: Vec::new(),
            limit: u16::try_from(wanted.len()).unwrap_or(u16::MAX).max(1),
            after: None,
        };
        let (found, _) = visit.app.records.list(visit.signed.caller.to_read()?, catalog, &selection).await?;
        let found: HashMap<Id, Record> = found.into_iter().map(|record| (record.id, record)).collect();
        let next = above.get(height + 1).map(|(index, _)| *index);
        left.retain_mut(|(_, id)| {
            let Some(record) = id.and_then(|id| found.get(&id)) else { return false };
            *id = next.and_then(|index| record.values[index].as_reference());
            locked_by(whole, record).is_none()
        });
    }
    Ok(left.into_iter().map(|(id, _)| id).collect())
}
