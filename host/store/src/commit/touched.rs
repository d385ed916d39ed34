//! Wholes that parts are written with. Their rows are locked before anything is written, so that a part and a change of
//! the whole that locks it cannot both come about, and are one version on when everything is in place.

use super::rows::{self, RowUpdate};
use super::{MAX_VALUES, PREPARED};
use crate::database::{Tx, build};
use crate::layout;
use lignaflow_core::Id;
use lignaflow_core::commit::{Commit, Refusal, Settled, Touch};
use lignaflow_core::mutation::Fields;
use lignaflow_core::name::CollectionName;
use sea_query::{Expr, ExprTrait, LockType, Order, Query};
use std::collections::BTreeMap;

/// Wholes with the versions that they have.
pub(super) type Wholes<'a> = BTreeMap<&'a CollectionName, Vec<(&'a Touch, u64)>>;

/// Whether each is live, in no state that locks, and a part of what it was a part of when the plan was made.
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
                let mut holds = row.opt_i64(2)?.is_none();
                for (offset, field) in states.iter().enumerate() {
                    let state = row.opt_text(3 + offset)?;
                    holds &= !schema.collection.locked_states().any(|it| it.0 == *field && Some(it.1) == state.as_deref());
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
        // One that is not there is told of at the reference to it.
        wholes.insert(collection, found);
    }
    Ok(wholes)
}

/// Has each come to its next version.
pub(super) async fn write(tx: &mut Tx, commit: &Commit, wholes: Wholes<'_>) -> Result<Vec<Settled>, Refusal> {
    let mut settled = Vec::new();
    for (collection, found) in wholes {
        let updates: Vec<RowUpdate> =
            found.iter().map(|(touch, expected)| RowUpdate { id: touch.id, expected: *expected, set: Vec::new() }).collect();
        if !rows::apply(tx, commit.access.organization(), collection, commit.at, &updates).await? {
            return Err(Refusal::Changed);
        }
        settled.extend(found.iter().map(|(touch, expected)| Settled {
            collection: collection.clone(),
            id: touch.id,
            version: expected + 1,
            fields: Fields::new(),
        }));
    }
    Ok(settled)
}
