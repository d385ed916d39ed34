//! What a commit changed, appended to the change log in the same transaction: one row a change, with the fields that
//! differ.

use super::referrers::Cleared;
use super::rows::{unbalanced, version};
use super::{MAX_VALUES, PREPARED};
use crate::database::{Database, Statement, Tx, build};
use crate::error::StoreError;
use crate::layout;
use crate::log::LogKind;
use lignaflow_core::caller::Principal;
use lignaflow_core::commit::{Action, Change, Commit, Settled};
use lignaflow_core::mutation::Fields;
use lignaflow_core::{Id, Value};
use sea_query::{Expr, Query, Value as Sql};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

pub(super) const COLUMNS: [&str; 17] = [
    "organization",
    "at",
    "principal_kind",
    "principal_id",
    "plugin",
    "plugin_version",
    "request",
    "origin",
    "collection",
    "record",
    "kind",
    "transition",
    "version",
    "before",
    "after",
    "import",
    "depth",
];

struct Entry<'a> {
    collection: String,
    record: Id,
    kind: LogKind,
    transition: Option<&'a str>,
    version: u64,
    before: Json,
    after: Json,
}

pub(super) async fn append(
    tx: &mut Tx,
    commit: &Commit,
    written: &[u64],
    cleared: &[Cleared],
    settled: &[Settled],
) -> Result<(), StoreError> {
    // What the commit calculated of a record that it changed belongs to that change, its last one.
    let own = |record: &Settled| {
        commit.changes.iter().rposition(|it| it.id == record.id && it.schema.name == record.collection)
    };
    let mut calculated: HashMap<usize, &Settled> = HashMap::new();
    let mut others = Vec::new();
    for record in settled {
        match own(record) {
            Some(index) => {
                calculated.insert(index, record);
            }
            None => others.push(record),
        }
    }
    let changes = commit.changes.iter().zip(written).enumerate().map(|(index, (change, version))| {
        let mut entry = of_change(commit, change, *version);
        if let Some(record) = calculated.get(&index) {
            if !matches!(change.action, Action::Insert { .. }) {
                merge(&mut entry.before, &record.before);
            }
            merge(&mut entry.after, &record.fields);
        }
        entry
    });
    let entries: Vec<_> =
        changes.chain(cleared.iter().map(of_cleared)).chain(others.into_iter().map(of_settled)).collect();
    let names = commit.changes.iter().map(|change| &change.schema.name);
    let names = names.chain(cleared.iter().map(|it| &it.collection)).chain(settled.iter().map(|it| &it.collection));
    for name in names {
        tx.touch(commit.access.organization(), name);
    }
    for chunk in entries.chunks(MAX_VALUES / COLUMNS.len()) {
        let mut insert = Query::insert();
        insert.into_table("changes").columns(COLUMNS);
        for entry in chunk {
            insert.values(values(commit, entry)?.map(Expr::val)).map_err(unbalanced)?;
        }
        let statement = build(tx.dialect(), &insert);
        tx.execute(if chunk.len() > PREPARED { statement.once() } else { statement }).await?;
    }
    Ok(())
}

/// The row of one change, in the order of [`COLUMNS`].
pub(super) fn row(commit: &Commit, change: &Change, version: u64) -> Result<[Sql; COLUMNS.len()], StoreError> {
    values(commit, &of_change(commit, change, version))
}

fn values(commit: &Commit, entry: &Entry<'_>) -> Result<[Sql; COLUMNS.len()], StoreError> {
    let (principal_kind, principal_id) = match &commit.author.principal {
        Principal::Person(person) => ("person", Some(person.to_string())),
        Principal::Plugin(plugin) => ("plugin", Some(plugin.to_string())),
        Principal::Link(link) => ("link", Some(link.to_string())),
        Principal::Anonymous => ("anonymous", None),
    };
    let through = commit.author.through.as_ref();
    Ok([
        commit.access.organization().0.uuid().into(),
        commit.at.into(),
        principal_kind.into(),
        principal_id.into(),
        through.map(|(plugin, _)| plugin.to_string()).into(),
        through.map(|(_, version)| version.clone()).into(),
        commit.author.request.0.uuid().into(),
        commit.author.origin.as_str().into(),
        entry.collection.clone().into(),
        entry.record.uuid().into(),
        entry.kind.as_str().into(),
        entry.transition.map(str::to_owned).into(),
        version(entry.version)?.into(),
        entry.before.to_string().into(),
        entry.after.to_string().into(),
        commit.author.origin.import().map(Id::uuid).into(),
        i64::from(commit.background.depth).into(),
    ])
}

/// Whether the log has the one change of a commit, made by its request.
pub(super) async fn holds(database: &Database, commit: &Commit) -> Result<bool, StoreError> {
    let [change] = commit.changes.as_slice() else { return Ok(false) };
    let sql = "select count(*) from changes where organization = $1 and collection = $2 and record = $3 \
               and version = $4 and request = $5";
    let values = vec![
        commit.access.organization().0.uuid().into(),
        change.schema.name.to_string().into(),
        change.id.uuid().into(),
        version(change.expected + 1)?.into(),
        commit.author.request.0.uuid().into(),
    ];
    Ok(database.fetch_one(Statement::new(sql, values)).await?.i64(0)? > 0)
}

fn of_change<'a>(commit: &Commit, change: &'a Change, version: u64) -> Entry<'a> {
    let archived = |value: Value| Json::Object(Map::from_iter([(layout::ARCHIVED_AT.to_owned(), value.to_json())]));
    let (kind, before, after) = match &change.action {
        Action::Insert { values } => (LogKind::Insert, Json::Object(Map::new()), object(values)),
        Action::Update { set, before } => {
            let former: Fields = before
                .iter()
                .filter(|(name, _)| set.contains_key(*name))
                .map(|(n, v)| (n.clone(), v.clone()))
                .collect();
            (LogKind::Update, object(&former), object(set))
        }
        Action::Archive => (LogKind::Remove, archived(Value::Null), archived(Value::Instant(commit.at))),
        Action::Restore => (LogKind::Restore, Json::Object(Map::new()), archived(Value::Null)),
    };
    Entry {
        collection: change.schema.name.to_string(),
        record: change.id,
        kind,
        transition: change.transition.as_deref(),
        version,
        before,
        after,
    }
}

fn of_cleared(record: &Cleared) -> Entry<'_> {
    let one = |value: &Value| Json::Object(Map::from_iter([(record.field.clone(), value.to_json())]));
    Entry {
        collection: record.collection.to_string(),
        record: record.id,
        kind: LogKind::Update,
        transition: None,
        version: record.version,
        before: one(&record.before),
        after: one(&record.after),
    }
}

/// A whole that parts were written with, with what is calculated from them.
fn of_settled(record: &Settled) -> Entry<'_> {
    Entry {
        collection: record.collection.to_string(),
        record: record.id,
        kind: LogKind::Update,
        transition: None,
        version: record.version,
        before: object(&record.before),
        after: object(&record.fields),
    }
}

fn merge(entry: &mut Json, fields: &Fields) {
    if let Json::Object(entry) = entry {
        entry.extend(fields.iter().map(|(name, value)| (name.clone(), value.to_json())));
    }
}

fn object(fields: &Fields) -> Json {
    Json::Object(fields.iter().map(|(name, value)| (name.clone(), value.to_json())).collect())
}
