//! Rows are written in the order of the changes. Neighbours that do the same to one collection share a statement.

use super::{Failure, Grouping, MAX_VALUES, PREPARED, Versions, links};
use crate::database::{Dialect, Tx, build};
use crate::error::{StoreError, UniqueViolation};
use crate::layout::{
    self,
    custom::{given, put},
};
use lignaflow_core::caller::Principal;
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::commit::{Action, Change, Commit, Refusal};
use lignaflow_core::mutation::Fields;
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Id, OrganizationId, Value};
use sea_query::{Expr, ExprTrait, IntoIden, Query, TableRef, Value as Sql, ValueTuple};
use std::collections::HashSet;

/// Writes all changes. The version that each of them made, in their order.
pub(super) async fn write(
    tx: &mut Tx,
    commit: &Commit,
    grouping: Grouping,
    versions: &mut Versions,
) -> Result<Vec<u64>, Failure> {
    let mut written = Vec::with_capacity(commit.changes.len());
    let mut begin = 0;
    while begin < commit.changes.len() {
        let length = match grouping {
            Grouping::Together => run_length(&commit.changes[begin..]),
            Grouping::OneByOne => 1,
        };
        let run = &commit.changes[begin..begin + length];
        let result = match &run[0].action {
            Action::Insert { .. } => insert(tx, commit, run, versions).await,
            _ => update(tx, commit, run, versions).await,
        };
        result.map_err(|error| told(error, run, begin))?;
        written.extend(run.iter().map(|change| versions.of(&change.schema.name, change.id)));
        begin += length;
    }
    Ok(written)
}

/// How many changes from the first on do the same: to one collection, to the same fields, each to another record.
fn run_length(changes: &[Change]) -> usize {
    let first = &changes[0];
    let mut ids = HashSet::new();
    changes
        .iter()
        .take_while(|change| {
            change.schema.name == first.schema.name && alike(&change.action, &first.action) && ids.insert(change.id)
        })
        .count()
}

fn alike(one: &Action, other: &Action) -> bool {
    match (one, other) {
        (Action::Insert { .. }, Action::Insert { .. })
        | (Action::Archive, Action::Archive)
        | (Action::Restore, Action::Restore) => true,
        (Action::Update { set: one, .. }, Action::Update { set: other, .. }) => one.keys().eq(other.keys()),
        _ => false,
    }
}

async fn insert(tx: &mut Tx, commit: &Commit, run: &[Change], versions: &mut Versions) -> Result<(), Failure> {
    let schema = &run[0].schema;
    let organization = commit.access.organization();
    let creator = match commit.author.principal {
        Principal::Person(person) => Some(person.0.uuid()),
        _ => None,
    };
    let columns: Vec<String> = [layout::ORGANIZATION, layout::ID, layout::VERSION]
        .into_iter()
        .chain([layout::CREATED_AT, layout::UPDATED_AT, layout::CREATED_BY])
        .map(str::to_owned)
        .chain(layout::custom::inserted_columns(schema))
        .collect();
    for chunk in run.chunks((MAX_VALUES / columns.len()).max(1)) {
        let mut insert = Query::insert();
        insert.into_table(layout::table(&schema.name)).columns(columns.iter().cloned());
        for change in chunk {
            let mut row: Vec<Expr> = vec![
                organization.0.uuid().into(),
                change.id.uuid().into(),
                1_i64.into(),
                commit.at.into(),
                commit.at.into(),
                Expr::val(creator),
            ];
            let value = |field: &SchemaField| fields(change).get(field.name.as_str()).unwrap_or(&Value::Null);
            let own = layout::custom::inserted(organization, schema, value)?;
            row.extend(own.into_iter().map(|(column, value)| given(tx.dialect(), &column, Expr::val(value))));
            insert.values(row).map_err(unbalanced)?;
        }
        let statement = build(tx.dialect(), &insert);
        let statement = if chunk.len() > PREPARED { statement.once() } else { statement };
        tx.execute(statement).await.map_err(|error| violated(error, schema, chunk.len()))?;
    }
    for field in schema.fields.iter().filter(|field| layout::is_linked(field.field.kind)) {
        let members: Vec<_> = members(run, field.name.as_str()).collect();
        links::add(tx, organization, &schema.name, field.name.as_str(), &members).await?;
    }
    for change in run {
        versions.set(&schema.name, change.id, 1);
    }
    Ok(())
}

async fn update(tx: &mut Tx, commit: &Commit, run: &[Change], versions: &mut Versions) -> Result<(), Failure> {
    let schema = &run[0].schema;
    let organization = commit.access.organization();
    let mut rows = Vec::with_capacity(run.len());
    for change in run {
        let expected = versions.get(&schema.name, change.id).unwrap_or(change.expected);
        let mut set = match change.action {
            Action::Archive => vec![(layout::ARCHIVED_AT.to_owned(), Sql::from(commit.at))],
            Action::Restore => vec![(layout::ARCHIVED_AT.to_owned(), Sql::BigInt(None))],
            Action::Insert { .. } | Action::Update { .. } => Vec::new(),
        };
        set.extend(layout::custom::changed(organization, named(schema, fields(change))?)?);
        rows.push(RowUpdate { id: change.id, expected, set });
    }
    let several = rows.len();
    let done = apply(tx, organization, &schema.name, commit.at, &rows).await;
    if !done.map_err(|error| violated(error, schema, several))? {
        return Err(Refusal::Changed.into());
    }
    for name in fields(&run[0]).keys() {
        if schema.field(name).is_some_and(|field| layout::is_linked(field.field.kind)) {
            let records: Vec<_> = run.iter().map(|change| change.id).collect();
            links::clear(tx, organization, &schema.name, name, &records).await?;
            let members: Vec<_> = members(run, name).collect();
            links::add(tx, organization, &schema.name, name, &members).await?;
        }
    }
    for row in &rows {
        versions.set(&schema.name, row.id, row.expected + 1);
    }
    Ok(())
}

/// Values with the fields that they are of.
pub(super) fn named<'a>(
    schema: &'a Schema,
    values: &'a Fields,
) -> Result<Vec<(&'a SchemaField, &'a Value)>, StoreError> {
    let unknown = |name: &str| StoreError::Broken(format!("{} has no field `{name}`", schema.name));
    values.iter().map(|(name, value)| Ok((schema.field(name).ok_or_else(|| unknown(name))?, value))).collect()
}

/// The values that a change writes.
fn fields(change: &Change) -> &Fields {
    static NONE: std::sync::LazyLock<Fields> = std::sync::LazyLock::new(Fields::new);
    match &change.action {
        Action::Insert { values } => values,
        Action::Update { set, .. } => set,
        Action::Archive | Action::Restore => &NONE,
    }
}

fn members<'a>(run: &'a [Change], field: &'a str) -> impl Iterator<Item = (Id, &'a [Id])> {
    run.iter().map(move |change| (change.id, fields(change).get(field).map_or(&[][..], super::references::ids)))
}

/// A row at a version, and what it is to hold.
pub(super) struct RowUpdate {
    pub(super) id: Id,
    pub(super) expected: u64,
    /// The same columns in the same order for all rows of one statement.
    pub(super) set: Vec<(String, Sql)>,
}

/// Updates rows, each one version on. Whether all of them were there at the expected version.
pub(super) async fn apply(
    tx: &mut Tx,
    organization: OrganizationId,
    collection: &CollectionName,
    at: i64,
    rows: &[RowUpdate],
) -> Result<bool, StoreError> {
    let width = rows.first().map_or(0, |row| row.set.len()) + 2;
    if tx.dialect() == Dialect::Postgres && rows.len() > 1 {
        for chunk in rows.chunks(MAX_VALUES / width) {
            let statement = build(tx.dialect(), &many(organization, collection, at, chunk)?).once();
            if tx.execute(statement).await? != chunk.len() as u64 {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let (dialect, table) = (tx.dialect(), layout::table(collection));
    let put = |column: &str, value: Expr| put(dialect, &table, column, value);
    // SQLite is in this process: a statement for each row costs no more than the row does.
    for row in rows {
        let expected = version(row.expected)?;
        let update = Query::update()
            .table(table.clone())
            .value(layout::VERSION, expected + 1)
            .value(layout::UPDATED_AT, at)
            .values(row.set.iter().map(|(column, value)| (column.clone(), put(column, value.clone().into()))))
            .and_where(Expr::col(layout::ORGANIZATION).eq(organization.0.uuid()))
            .and_where(Expr::col(layout::ID).eq(row.id.uuid()))
            .and_where(Expr::col(layout::VERSION).eq(expected))
            .take();
        if tx.run(&update).await? != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `update … from (values …)`: one statement for rows that each get their own values.
fn many(
    organization: OrganizationId,
    collection: &CollectionName,
    at: i64,
    rows: &[RowUpdate],
) -> Result<sea_query::UpdateStatement, StoreError> {
    const NEW: &str = "new";
    let table = layout::table(collection);
    let mut tuples = Vec::with_capacity(rows.len());
    for row in rows {
        let mut tuple = vec![Sql::from(row.id.uuid()), Sql::from(version(row.expected)?)];
        tuple.extend(row.set.iter().map(|(_, value)| value.clone()));
        tuples.push(ValueTuple::Many(tuple));
    }
    let given = |position: usize| Expr::col((NEW, format!("column{position}")));
    let mut update = Query::update();
    update
        .table(table.clone())
        .value(layout::VERSION, Expr::col((table.clone(), layout::VERSION)).add(1_i64))
        .value(layout::UPDATED_AT, at)
        .from(TableRef::ValuesList(tuples, NEW.into_iden()))
        .and_where(Expr::col((table.clone(), layout::ORGANIZATION)).eq(organization.0.uuid()))
        .and_where(Expr::col((table.clone(), layout::ID)).eq(given(1)))
        .and_where(Expr::col((table.clone(), layout::VERSION)).eq(given(2)));
    for (position, (column, _)) in rows.first().map_or(&[][..], |row| &row.set).iter().enumerate() {
        update.value(column.clone(), put(Dialect::Postgres, &table, column, given(position + 3)));
    }
    Ok(update)
}

pub(super) fn version(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Broken("a version is out of range".to_owned()))
}

pub(super) fn unbalanced(error: impl std::fmt::Display) -> StoreError {
    StoreError::Broken(format!("a row does not have its columns: {error}"))
}

/// A unique index of this collection that refused a row, as the refusal of the first change of the run.
fn violated(error: StoreError, schema: &Schema, rows: usize) -> Failure {
    match error {
        StoreError::Unique(_) if rows > 1 => Failure::OneOfSeveral,
        StoreError::Unique(violation) => match broken_rule(schema, &violation) {
            Some(Broken::Id) => Refusal::IdTaken { index: 0 }.into(),
            Some(Broken::Rule(rule)) => Refusal::Duplicate { index: 0, rule }.into(),
            None => StoreError::Unique(violation).into(),
        },
        other => other.into(),
    }
}

/// A refusal of a run of one, at the place of that one in the commit.
fn told(failure: Failure, run: &[Change], begin: usize) -> Failure {
    match failure {
        Failure::Refused(Refusal::IdTaken { .. }) if run.len() == 1 => Refusal::IdTaken { index: begin }.into(),
        Failure::Refused(Refusal::Duplicate { rule, .. }) if run.len() == 1 => {
            Refusal::Duplicate { index: begin, rule }.into()
        }
        other => other,
    }
}

enum Broken {
    Id,
    Rule(usize),
}

fn broken_rule(schema: &Schema, violation: &UniqueViolation) -> Option<Broken> {
    let table = layout::table(&schema.name);
    let columns: Vec<_> =
        violation.columns.iter().filter_map(|column| column.strip_prefix(table.as_str())?.strip_prefix('.')).collect();
    let of_columns = |wanted: &[String]| {
        columns.split_first().is_some_and(|(first, rest)| *first == layout::ORGANIZATION && rest == wanted)
    };
    if violation.index.as_deref() == Some(&format!("{table}_pkey")) || of_columns(&[layout::ID.to_owned()]) {
        return Some(Broken::Id);
    }
    // SQLite names columns alone: of several rules over the same ones, the first is told.
    let rule = schema.collection.unique.iter().position(|rule| {
        let names: Vec<_> = rule.fields().iter().map(AsRef::as_ref).collect();
        let key: Vec<_> = names.iter().flat_map(|name| layout::key_columns_of(schema, name)).collect();
        violation.index.as_deref() == Some(&layout::unique_index(&schema.name, &names, rule.condition()))
            || of_columns(&key)
    });
    rule.map(Broken::Rule)
}
