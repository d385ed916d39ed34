//! Whether what the plan rests on still stands. On PostgreSQL the rows are locked as well, all of them in the order of
//! collection and id, so that two commits cannot wait for each other.

use super::{MAX_VALUES, PREPARED, inserted};
use crate::database::{Dialect, Tx, build};
use crate::layout;
use lignaflow_core::Id;
use lignaflow_core::commit::{Action, Commit, Refusal};
use lignaflow_core::name::CollectionName;
use sea_query::{Expr, ExprTrait, LockType, Order, Query};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

/// What must stand of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Must {
    /// Live, at this version.
    Live(u64),
    /// Not there, or archived.
    Absent,
    /// At this version: it is about to be changed.
    Version(u64),
    /// It is looked at by [`super::touched`], and only locked here.
    Any,
}

#[derive(Default)]
struct Rows {
    musts: BTreeMap<Id, Vec<Must>>,
    changed: bool,
    archived: bool,
}

pub(super) async fn check(tx: &mut Tx, commit: &Commit) -> Result<(), Refusal> {
    for (collection, rows) in wanted(commit, tx.dialect()) {
        let lock = if rows.archived {
            // Referring to a row takes a key-share lock, which nothing weaker stands against.
            LockType::Update
        } else if rows.changed {
            LockType::NoKeyUpdate
        } else {
            LockType::Share
        };
        let ids: Vec<Id> = rows.musts.keys().copied().collect();
        let mut found: HashMap<Id, (u64, bool)> = HashMap::new();
        for chunk in ids.chunks(MAX_VALUES) {
            let select = Query::select()
                .columns([layout::ID, layout::VERSION, layout::ARCHIVED_AT])
                .from(layout::table(collection))
                .and_where(Expr::col(layout::ORGANIZATION).eq(commit.access.organization().0.uuid()))
                .and_where(Expr::col(layout::ID).is_in(chunk.iter().map(|id| id.uuid())))
                .order_by(layout::ID, Order::Asc)
                .lock(lock)
                .take();
            let mut statement = build(tx.dialect(), &select);
            if chunk.len() > PREPARED {
                statement = statement.once();
            }
            for row in tx.fetch_all(statement).await? {
                found.insert(row.id(0)?, (layout::version(row.i64(1)?)?, row.opt_i64(2)?.is_none()));
            }
        }
        let holds = |(id, must): (&Id, &Must)| match (must, found.get(id)) {
            (Must::Live(version), Some((now, live))) => *live && now == version,
            (Must::Version(version), Some((now, _))) => now == version,
            (Must::Absent, Some((_, live))) => !live,
            (Must::Absent, None) | (Must::Any, _) => true,
            (Must::Live(_) | Must::Version(_), None) => false,
        };
        if !rows.musts.iter().flat_map(|(id, musts)| musts.iter().map(move |must| (id, must))).all(holds) {
            return Err(Refusal::Changed);
        }
    }
    Ok(())
}

/// What is to be looked at, by collection. Nothing where each row's own update will tell as much.
fn wanted(commit: &Commit, dialect: Dialect) -> BTreeMap<&CollectionName, Rows> {
    let new = inserted(commit);
    let is_new = |collection: &CollectionName, id: Id| new.get(collection).is_some_and(|ids| ids.contains(&id));
    let mut changes: HashMap<(&CollectionName, Id), u64> = HashMap::new();
    let mut wanted: BTreeMap<&CollectionName, Rows> = BTreeMap::new();
    for change in &commit.changes {
        let collection = &change.schema.name;
        if matches!(change.action, Action::Insert { .. }) || is_new(collection, change.id) {
            continue;
        }
        let archived = matches!(change.action, Action::Archive);
        let rows = wanted.entry(collection).or_default();
        rows.changed = true;
        rows.archived |= archived;
        // Of several changes of one record, the first speaks of the version that stands.
        if let Entry::Vacant(first) = changes.entry((collection, change.id)) {
            first.insert(change.expected);
            rows.musts.entry(change.id).or_default().push(Must::Version(change.expected));
        }
    }
    let mut reads = false;
    for read in &commit.reads {
        let collection = &read.schema.name;
        let must = match read.version {
            Some(version) if changes.get(&(collection, read.id)) == Some(&version) => continue,
            Some(version) => Must::Live(version),
            // The plan looked whether it is there before it made it; the insert will find out.
            None if is_new(collection, read.id) => continue,
            None => Must::Absent,
        };
        reads = true;
        wanted.entry(collection).or_default().musts.entry(read.id).or_default().push(must);
    }
    for touch in &commit.touched {
        let rows = wanted.entry(&touch.schema.name).or_default();
        rows.changed = true;
        rows.musts.entry(touch.id).or_default().push(Must::Any);
    }
    let rows: usize = wanted.values().map(|rows| rows.musts.len()).sum();
    let archives = wanted.values().any(|rows| rows.archived);
    let alone = !reads && !archives && rows <= 1;
    if alone || (dialect == Dialect::Sqlite && !reads) {
        wanted.clear();
    }
    wanted
}
