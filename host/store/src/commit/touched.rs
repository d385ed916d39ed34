//! Wholes that parts are written with. Their rows are locked before anything is written, so that a part and a change of
//! the whole that locks it cannot both come about, and are one version on when everything is in place.

use super::rows::{self, RowUpdate};
use super::{MAX_VALUES, PREPARED, Versions, totals};
use crate::database::{Tx, build};
use crate::layout;
use lignaflow_core::Id;
use lignaflow_core::catalog::Schema;
use lignaflow_core::commit::{Action, Change, Commit, Refusal, Settled, Touch};
use lignaflow_core::mutation::Fields;
use lignaflow_core::name::CollectionName;
use sea_query::{Expr, ExprTrait, LockType, Order, Query};
use std::collections::BTreeMap;

/// Wholes with the versions that they have.
pub(super) type Wholes<'a> = BTreeMap<&'a CollectionName, Vec<(&'a Touch, u64)>>;

/// Whether each that is live is in no state that locks, and a part of what it was a part of when the plan was made.
pub(super) async fn check<'a>(tx: &mut Tx, commit: &'a Commit) -> Result<Wholes<'a>, Refusal> {
    let mut wanted: BTreeMap<&CollectionName, BTreeMap<Id, &Touch>> = BTreeMap::new();
    for touch in &commit.touched {
        wanted.entry(&touch.schema.name).or_default().insert(touch.id, touch);
    }
    let mut wholes = Wholes::new();
    for (collection, touches) in wanted {
        let Some(schema) = touches.values().next().map(|touch| &touch.schema) else { continue };
        let mut states: Vec<&str> = schema.collection.locked_states().map(|(field, _)| field).collect();
        states.dedup();
        let within = schema.whole().map(|(index, _)| schema.fields[index].name.as_str());
        let ids: Vec<Id> = touches.keys().copied().collect();
        let mut found = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(MAX_VALUES) {
            let select = Query::select()
                .columns([layout::ID, layout::VERSION, layout::ARCHIVED_AT])
                .columns(states.iter().chain(&within).map(|name| (*name).to_owned()))
                .from(layout::table(collection))
                .and_where(Expr::col(layout::ORGANIZATION).eq(commit.access.organization().0.uuid()))
                .and_where(Expr::col(layout::ID).is_in(chunk.iter().map(|id| id.uuid())))
                .order_by(layout::ID, Order::Asc)
                .lock(LockType::NoKeyUpdate)
                .take();
            let statement = build(tx.dialect(), &select);
            for row in tx.fetch_all(if chunk.len() > PREPARED { statement.once() } else { statement }).await? {
                let Some(touch) = touches.get(&row.id(0)?).copied() else { continue };
                // One that is archived is told of at the reference to it, like one that is not there.
                if row.opt_i64(2)?.is_some() {
                    continue;
                }
                let mut holds = true;
                for (offset, field) in states.iter().enumerate().filter(|_| !touch.even_locked) {
                    let state = row.opt_text(3 + offset)?;
                    holds &=
                        !schema.collection.locked_states().any(|it| it.0 == *field && Some(it.1) == state.as_deref());
                }
                if within.is_some() {
                    holds &= row.opt_id(3 + states.len())? == touch.within;
                }
                if !holds {
                    return Err(Refusal::Changed);
                }
                found.push((touch, layout::version(row.i64(1)?)?));
            }
        }
        wholes.insert(collection, found);
    }
    Ok(wholes)
}

/// A record that is written once more when everything is in place.
struct Open<'a> {
    schema: &'a Schema,
    /// By id, the version that a touched record has; nothing of one that the commit changed itself.
    records: BTreeMap<Id, Option<u64>>,
}

/// Has each whole come to its next version, and calculates what depends on parts, of wholes and of what the commit
/// changed itself. What is a part of another comes first, so that sums of sums are right.
pub(super) async fn write(
    tx: &mut Tx,
    commit: &Commit,
    wholes: Wholes<'_>,
    versions: &Versions,
) -> Result<Vec<Settled>, Refusal> {
    let mut open: BTreeMap<&CollectionName, Open<'_>> = BTreeMap::new();
    for (collection, found) in wholes {
        for (touch, version) in found {
            let entry =
                open.entry(collection).or_insert_with(|| Open { schema: &touch.schema, records: BTreeMap::new() });
            entry.records.insert(touch.id, Some(version));
        }
    }
    for change in commit.changes.iter().filter(|change| change.schema.sums_parts()) {
        // An archived one keeps what it had.
        if !matches!(change.action, Action::Archive) {
            let fresh = || Open { schema: &change.schema, records: BTreeMap::new() };
            open.entry(&change.schema.name).or_insert_with(fresh).records.insert(change.id, None);
        }
    }
    let mut settled = Vec::new();
    while let Some(next) = innermost(&open) {
        if let Some(Open { schema, records }) = open.remove(next) {
            settled.extend(settle(tx, commit, schema, &records, versions).await?);
        }
    }
    Ok(settled)
}

/// A collection of which none that is still open is a part.
fn innermost<'a>(open: &BTreeMap<&'a CollectionName, Open<'_>>) -> Option<&'a CollectionName> {
    let has_parts = |name: &CollectionName| open.values().any(|it| it.schema.whole().is_some_and(|(_, to)| to == name));
    open.keys().copied().find(|name| !has_parts(name)).or_else(|| open.keys().copied().next())
}

async fn settle(
    tx: &mut Tx,
    commit: &Commit,
    schema: &Schema,
    records: &BTreeMap<Id, Option<u64>>,
    versions: &Versions,
) -> Result<Vec<Settled>, Refusal> {
    let organization = commit.access.organization();
    let mut settled: BTreeMap<Id, Settled> = BTreeMap::new();
    for (id, expected) in records {
        let version = expected.map_or_else(|| versions.of(&schema.name, *id), |expected| expected + 1);
        let (before, fields) = (Fields::new(), Fields::new());
        settled.insert(*id, Settled { collection: schema.name.clone(), id: *id, version, before, fields });
    }
    if schema.sums_parts() {
        let ids: Vec<Id> = records.keys().copied().collect();
        for calculated in totals::calculate(tx, organization, schema, &ids).await? {
            if let Some((field, trouble)) = calculated.trouble {
                return Err(Refusal::Calculation {
                    index: blamed(commit, schema, calculated.id),
                    collection: schema.name.clone(),
                    field: schema.fields[field].name.as_str().to_owned(),
                    trouble,
                });
            }
            if let Some(record) = settled.get_mut(&calculated.id) {
                record.before = calculated.before;
                record.fields = calculated.after;
            }
        }
    }
    let mut updates = Vec::new();
    for record in settled.values_mut() {
        let mut set = Vec::new();
        for (name, value) in &record.fields {
            if let Some(field) = schema.field(name) {
                set.extend(layout::encode(organization, field, value)?);
            }
        }
        record.fields.retain(|name, value| record.before.get(name) != Some(value));
        record.before.retain(|name, _| record.fields.contains_key(name));
        match records.get(&record.id).copied().flatten() {
            Some(expected) => updates.push(RowUpdate { id: record.id, expected, set }),
            None if record.fields.is_empty() => {}
            None => {
                let update = Query::update()
                    .table(layout::table(&schema.name))
                    .values(set.into_iter().map(|(column, value)| (column, value.into())))
                    .and_where(Expr::col(layout::ORGANIZATION).eq(organization.0.uuid()))
                    .and_where(Expr::col(layout::ID).eq(record.id.uuid()))
                    .take();
                tx.run(&update).await?;
            }
        }
    }
    if !rows::apply(tx, organization, &schema.name, commit.at, &updates).await? {
        return Err(Refusal::Changed);
    }
    Ok(settled.into_values().collect())
}

/// The change that is told of what cannot be calculated: that of the record itself, or the first of a part of it.
fn blamed(commit: &Commit, schema: &Schema, id: Id) -> usize {
    let own = commit.changes.iter().position(|change| change.id == id && change.schema.name == schema.name);
    let is_part = |change: &Change| change.schema.whole().is_some_and(|(_, to)| *to == schema.name);
    own.or_else(|| commit.changes.iter().position(is_part)).unwrap_or_default()
}
