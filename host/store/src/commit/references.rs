//! Whether what is newly referred to is there: live, of the same organization, and there to stay. On PostgreSQL the rows
//! referred to are locked against being archived until the commit is done.

use super::{MAX_VALUES, PREPARED, inserted};
use crate::database::{Tx, build};
use crate::error::StoreError;
use crate::layout;
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::commit::{Action, Commit, Refusal};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Id, Value};
use sea_query::{Expr, ExprTrait, LockType, Order, Query, SelectStatement};
use std::collections::{BTreeMap, HashSet};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Target<'a> {
    Records(&'a CollectionName),
    People,
}

/// Where an id is referred to: the first place is told.
type Places<'a> = BTreeMap<Target<'a>, BTreeMap<Id, (usize, &'a str)>>;

pub(super) async fn check(tx: &mut Tx, commit: &Commit) -> Result<(), Refusal> {
    let restored = restored(tx, commit).await?;
    let places = places(commit, &restored);
    let new = inserted(commit);
    let back: HashSet<_> = restored
        .iter()
        .map(|(index, _)| {
            let change = &commit.changes[*index];
            (&change.schema.name, change.id)
        })
        .collect();
    let mut missing: Option<(usize, &str, Id)> = None;
    for (target, ids) in &places {
        let ours = |id: &Id| match target {
            Target::Records(name) => new.get(name).is_some_and(|ids| ids.contains(id)) || back.contains(&(*name, *id)),
            Target::People => false,
        };
        let asked: Vec<Id> = ids.keys().filter(|id| !ours(id)).copied().collect();
        let there = there(tx, commit, *target, &asked).await?;
        for id in asked.iter().filter(|id| !there.contains(id)) {
            let (index, field) = ids[id];
            if missing.is_none_or(|(first, ..)| index < first) {
                missing = Some((index, field, *id));
            }
        }
    }
    match missing {
        Some((index, field, id)) => Err(Refusal::Dangling { index, field: field.to_owned(), id }),
        None => Ok(()),
    }
}

fn places<'a>(commit: &'a Commit, restored: &'a [(usize, Vec<(&'a SchemaField, Value)>)]) -> Places<'a> {
    let mut places = Places::new();
    let mut add = |index: usize, field: &'a SchemaField, value: &Value, before: Option<&Value>| {
        let target = match (field.field.kind, &field.to) {
            (FieldKind::Reference | FieldKind::References, Some(to)) => Target::Records(to),
            (FieldKind::Person | FieldKind::People, _) => Target::People,
            _ => return,
        };
        for id in ids(value) {
            // A member that was there before may have left since, and stays for the record's history.
            if before.is_none_or(|before| !ids(before).contains(id)) {
                places.entry(target).or_default().entry(*id).or_insert((index, field.name.as_str()));
            }
        }
    };
    for (index, change) in commit.changes.iter().enumerate() {
        let (values, before) = match &change.action {
            Action::Insert { values } => (values, None),
            Action::Update { set, before } => (set, Some(before)),
            Action::Archive | Action::Restore => continue,
        };
        for (name, value) in values {
            if let Some(field) = change.schema.field(name) {
                add(index, field, value, before.and_then(|before| before.get(name)));
            }
        }
    }
    for (index, values) in restored {
        for (field, value) in values {
            add(*index, field, value, None);
        }
    }
    places
}

/// The ids that a value holds.
pub(super) fn ids(value: &Value) -> &[Id] {
    match value {
        Value::Reference(id) => std::slice::from_ref(id),
        Value::References(ids) => ids,
        _ => &[],
    }
}

/// Those of the ids that are there, and on PostgreSQL stay there.
async fn there(tx: &mut Tx, commit: &Commit, target: Target<'_>, asked: &[Id]) -> Result<HashSet<Id>, StoreError> {
    let mut found = HashSet::new();
    for chunk in asked.chunks(MAX_VALUES) {
        let select = match target {
            Target::Records(collection) => select(commit, layout::table(collection), layout::ID, chunk)
                .and_where(Expr::col(layout::ARCHIVED_AT).is_null())
                .lock(LockType::KeyShare)
                .take(),
            Target::People => {
                select(commit, "memberships".to_owned(), "person", chunk).and_where(Expr::col("active").eq(true)).take()
            }
        };
        let mut statement = build(tx.dialect(), &select);
        if chunk.len() > PREPARED {
            statement = statement.once();
        }
        for row in tx.fetch_all(statement).await? {
            found.insert(row.id(0)?);
        }
    }
    Ok(found)
}

fn select(commit: &Commit, table: String, column: &'static str, ids: &[Id]) -> SelectStatement {
    Query::select()
        .column(column)
        .from(table)
        .and_where(Expr::col(layout::ORGANIZATION).eq(commit.access.organization().0.uuid()))
        .and_where(Expr::col(column).is_in(ids.iter().map(|id| id.uuid())))
        .order_by(column, Order::Asc)
        .take()
}

/// What records that are to be restored refer to: it may be gone by now.
async fn restored<'a>(
    tx: &mut Tx,
    commit: &'a Commit,
) -> Result<Vec<(usize, Vec<(&'a SchemaField, Value)>)>, StoreError> {
    let mut all = Vec::new();
    for (index, change) in commit.changes.iter().enumerate() {
        if !matches!(change.action, Action::Restore) {
            continue;
        }
        let fields = references(&change.schema);
        if fields.is_empty() {
            all.push((index, Vec::new()));
            continue;
        }
        let select = Query::select()
            .columns(fields.iter().map(|field| field.name.as_str().to_owned()))
            .from(layout::table(&change.schema.name))
            .and_where(Expr::col(layout::ORGANIZATION).eq(commit.access.organization().0.uuid()))
            .and_where(Expr::col(layout::ID).eq(change.id.uuid()))
            .take();
        let mut values = Vec::new();
        if let Some(row) = tx.optional(&select).await? {
            for (offset, field) in fields.into_iter().enumerate() {
                values.push((field, layout::decode(&row, offset, field)?));
            }
        }
        all.push((index, values));
    }
    Ok(all)
}

/// Fields that refer to records. People who have left stay named in what comes back.
fn references(schema: &Schema) -> Vec<&SchemaField> {
    schema
        .fields
        .iter()
        .filter(|field| matches!(field.field.kind, FieldKind::Reference | FieldKind::References))
        .collect()
}
