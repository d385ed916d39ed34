//! What becomes of records that refer to one that was archived. It is asked when all rows are written, so that a commit
//! may archive a record together with those that refer to it, in any order.

use super::rows::{self, RowUpdate};
use super::{MAX_VALUES, Versions, links};
use crate::database::{Tx, build};
use crate::layout;
use lignaflow_core::catalog::{Referrer, Schema};
use lignaflow_core::commit::{Action, Change, Commit, Refusal};
use lignaflow_core::descriptor::{FieldKind, OnDelete};
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Id, Value};
use sea_query::{Expr, ExprTrait, Func, LockType, Order, Query, SelectStatement, Value as Sql};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// A record that lost a reference because what it referred to was archived.
#[derive(Debug)]
pub(super) struct Cleared {
    pub(super) collection: CollectionName,
    pub(super) id: Id,
    pub(super) version: u64,
    pub(super) field: String,
    pub(super) before: Value,
    pub(super) after: Value,
}

pub(super) async fn settle(tx: &mut Tx, commit: &Commit, versions: &mut Versions) -> Result<Vec<Cleared>, Refusal> {
    let mut cleared = Vec::new();
    for (schema, ids) in archived(commit).into_values() {
        for referrer in schema.referrers.iter().filter(|referrer| referrer.on_delete == OnDelete::Restrict) {
            refuse(tx, commit, referrer, &ids).await?;
        }
        for referrer in schema.referrers.iter().filter(|referrer| referrer.on_delete == OnDelete::Clear) {
            cleared.extend(clear(tx, commit, referrer, &ids, versions).await?);
        }
        // The plan took along what was there; what is left came since, or with this very commit.
        for referrer in schema.referrers.iter().filter(|referrer| referrer.on_delete == OnDelete::Cascade) {
            let comes = |change: &Change| {
                change.schema.name == referrer.collection && !matches!(change.action, Action::Archive)
            };
            match refuse(tx, commit, referrer, &ids).await {
                Err(Refusal::Referred { .. }) if !commit.changes.iter().any(comes) => return Err(Refusal::Changed),
                other => other?,
            }
        }
    }
    Ok(cleared)
}

/// The records that this commit leaves archived, with the change that does it.
fn archived(commit: &Commit) -> BTreeMap<&CollectionName, (&Arc<Schema>, HashMap<Id, usize>)> {
    let mut all: BTreeMap<_, (_, HashMap<Id, usize>)> = BTreeMap::new();
    for (index, change) in commit.changes.iter().enumerate() {
        let entry = || (&change.schema, HashMap::new());
        match change.action {
            Action::Archive => {
                all.entry(&change.schema.name).or_insert_with(entry).1.insert(change.id, index);
            }
            Action::Restore => {
                all.entry(&change.schema.name).or_insert_with(entry).1.remove(&change.id);
            }
            Action::Insert { .. } | Action::Update { .. } => {}
        }
    }
    all
}

fn chunks(ids: &HashMap<Id, usize>) -> Vec<Vec<Id>> {
    let mut sorted: Vec<Id> = ids.keys().copied().collect();
    sorted.sort_unstable();
    sorted.chunks(MAX_VALUES).map(<[Id]>::to_vec).collect()
}

/// Refuses where a record that is not archived still refers to one of these.
async fn refuse(tx: &mut Tx, commit: &Commit, referrer: &Referrer, ids: &HashMap<Id, usize>) -> Result<(), Refusal> {
    let mut first: Option<(usize, u64)> = None;
    for chunk in chunks(ids) {
        let (mut select, target) = referring(commit, referrer, &chunk);
        select
            .and_where(Expr::col((layout::table(&referrer.collection), layout::ARCHIVED_AT)).is_null())
            .expr(target.clone())
            .expr(Func::count(target.clone()))
            .add_group_by([target]);
        for row in tx.fetch_all(build(tx.dialect(), &select).once()).await? {
            let index = ids.get(&row.id(0)?).copied().unwrap_or_default();
            if first.is_none_or(|(least, _)| index < least) {
                first = Some((index, u64::try_from(row.i64(1)?).unwrap_or_default()));
            }
        }
    }
    match first {
        Some((index, count)) => Err(Refusal::Referred { index, by: referrer.collection.clone(), count }),
        None => Ok(()),
    }
}

/// Records of the referrer's collection whose field holds one of these ids, and the column that holds it.
fn referring(commit: &Commit, referrer: &Referrer, ids: &[Id]) -> (SelectStatement, Expr) {
    let organization = commit.access.organization().0.uuid();
    let table = layout::table(&referrer.collection);
    let field = referrer.field.as_str();
    let mut select = Query::select();
    select.from(table.clone()).and_where(Expr::col((table.clone(), layout::ORGANIZATION)).eq(organization));
    let target = if referrer.many {
        let links = layout::link_table(&referrer.collection, field);
        select
            .inner_join(links.clone(), Expr::col((links.clone(), layout::RECORD)).equals((table.clone(), layout::ID)))
            .and_where(Expr::col((links.clone(), layout::ORGANIZATION)).eq(organization));
        Expr::col((links, layout::TARGET))
    } else {
        Expr::col((table, field.to_owned()))
    };
    select.and_where(target.clone().is_in(ids.iter().map(|id| id.uuid())));
    (select, target)
}

/// Takes these ids out of the records that refer to them, also of archived ones, which may come back.
async fn clear(
    tx: &mut Tx,
    commit: &Commit,
    referrer: &Referrer,
    ids: &HashMap<Id, usize>,
    versions: &mut Versions,
) -> Result<Vec<Cleared>, Refusal> {
    let organization = commit.access.organization();
    let collection = &referrer.collection;
    let table = layout::table(collection);
    let field = referrer.field.as_str();
    let kind = if referrer.many { FieldKind::References } else { FieldKind::Reference };
    let mut cleared = Vec::new();
    let mut seen = HashSet::new();
    for chunk in chunks(ids) {
        let (mut select, _) = referring(commit, referrer, &chunk);
        select
            .column((table.clone(), layout::ID))
            .column((table.clone(), layout::VERSION))
            .column((table.clone(), field.to_owned()))
            .order_by((table.clone(), layout::ID), Order::Asc)
            .lock_with_tables(LockType::NoKeyUpdate, [table.clone()]);
        for row in tx.fetch_all(build(tx.dialect(), &select).once()).await? {
            let id = row.id(0)?;
            // Found once for each member that goes.
            if !seen.insert(id) {
                continue;
            }
            let before = layout::decode_kind(&row, 2, kind, 0)?;
            let after = match &before {
                Value::References(members) => {
                    Value::References(members.iter().filter(|member| !ids.contains_key(member)).copied().collect())
                }
                _ => Value::Null,
            };
            let version = layout::version(row.i64(1)?)? + 1;
            cleared.push(Cleared {
                collection: collection.clone(),
                id,
                version,
                field: field.to_owned(),
                before,
                after,
            });
        }
    }
    let mut updates = Vec::with_capacity(cleared.len());
    for record in &cleared {
        let value: Sql = layout::scalar(kind, 0, &record.after)?;
        let set = vec![(field.to_owned(), value)];
        updates.push(RowUpdate { id: record.id, expected: record.version - 1, set });
    }
    if !rows::apply(tx, organization, collection, commit.at, &updates).await? {
        return Err(Refusal::Changed);
    }
    if referrer.many {
        let records: Vec<Id> = cleared.iter().map(|record| record.id).collect();
        links::clear(tx, organization, collection, field, &records).await?;
        let members: Vec<_> = cleared.iter().map(|record| (record.id, super::references::ids(&record.after))).collect();
        links::add(tx, organization, collection, field, &members).await?;
    }
    for record in &cleared {
        if versions.get(collection, record.id).is_some() {
            versions.set(collection, record.id, record.version);
        }
    }
    Ok(cleared)
}
