//! Definitions in SQL. Names come from [`crate::layout`], are made of letters, digits and underscores, and are quoted
//! all the same, since a field may be called `order`.

use crate::database::{Dialect, Statement};
use crate::layout::{self, ColumnType};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::name::CollectionName;
use sea_query::{
    ConditionalStatement, Expr, ExprTrait, Index, PostgresQueryBuilder, QueryBuilder, SqliteQueryBuilder, Value as Sql,
};

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(super) fn list(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// A field that is to have columns, with what they hold in records that do not name them. Every column may be null: the
/// version before must go on to insert, and what is required is checked before a record comes here.
#[derive(Debug)]
pub(super) struct NewField {
    pub(super) name: String,
    pub(super) kind: FieldKind,
    pub(super) default: Option<Vec<(String, Sql)>>,
}

impl NewField {
    fn definitions(&self, dialect: Dialect) -> impl Iterator<Item = String> {
        layout::columns(&self.name, self.kind).into_iter().map(move |(name, column)| {
            let default = self
                .default
                .iter()
                .flatten()
                .find(|(of, _)| *of == name)
                .map(|(_, value)| format!(" default {}", literal(dialect, value)))
                .unwrap_or_default();
            format!("{} {}{default}", quoted(&name), column.sql(dialect))
        })
    }
}

/// The table of a collection, with the columns that the host gives to every record, and the tables of members.
pub(super) fn create_table(dialect: Dialect, collection: &CollectionName, fields: &[NewField]) -> Vec<Statement> {
    // A number of its own for each row, by which SQLite's index of words finds it; an implicit one may change.
    let row = (dialect == Dialect::Sqlite).then(|| "\"row\" integer primary key".to_owned());
    let host = [
        (layout::ORGANIZATION, ColumnType::Uuid, " not null"),
        (layout::ID, ColumnType::Uuid, " not null"),
        (layout::VERSION, ColumnType::Big, " not null"),
        (layout::CREATED_AT, ColumnType::Big, " not null"),
        (layout::UPDATED_AT, ColumnType::Big, " not null"),
        (layout::CREATED_BY, ColumnType::Uuid, ""),
        (layout::ARCHIVED_AT, ColumnType::Big, ""),
        (layout::custom::CUSTOM, ColumnType::Json, ""),
    ];
    let host = host.into_iter().map(|(name, kind, null)| format!("{} {}{null}", quoted(name), kind.sql(dialect)));
    let columns: Vec<_> =
        row.into_iter().chain(host).chain(fields.iter().flat_map(|field| field.definitions(dialect))).collect();
    let mut statements = vec![Statement::definition(format!(
        "create table {} ({}, {} ({}, {})){}",
        quoted(&layout::table(collection)),
        columns.join(", "),
        if dialect == Dialect::Sqlite { "unique" } else { "primary key" },
        quoted(layout::ORGANIZATION),
        quoted(layout::ID),
        if dialect == Dialect::Sqlite { " strict" } else { "" }
    ))];
    for field in fields.iter().filter(|field| layout::is_linked(field.kind)) {
        statements.extend(create_links(dialect, collection, &field.name));
    }
    statements
}

/// One column more, which is empty in every record.
pub(super) fn add_column(dialect: Dialect, collection: &CollectionName, name: &str, kind: ColumnType) -> Statement {
    let table = quoted(&layout::table(collection));
    Statement::definition(format!("alter table {table} add column {} {}", quoted(name), kind.sql(dialect)))
}

pub(super) fn add_field(dialect: Dialect, collection: &CollectionName, field: &NewField) -> Vec<Statement> {
    let table = quoted(&layout::table(collection));
    let mut statements: Vec<_> = field
        .definitions(dialect)
        .map(|column| Statement::definition(format!("alter table {table} add column {column}")))
        .collect();
    if layout::is_linked(field.kind) {
        statements.extend(create_links(dialect, collection, &field.name));
    }
    statements
}

fn literal(dialect: Dialect, value: &Sql) -> String {
    match (dialect, value) {
        (Dialect::Sqlite, Sql::Bool(Some(truth))) => u8::from(*truth).to_string(),
        (Dialect::Sqlite, _) => SqliteQueryBuilder.value_to_string(value),
        (Dialect::Postgres, _) => PostgresQueryBuilder.value_to_string(value),
    }
}

fn create_links(dialect: Dialect, collection: &CollectionName, field: &str) -> Vec<Statement> {
    let table = layout::link_table(collection, field);
    let uuid = ColumnType::Uuid.sql(dialect);
    let key = [layout::ORGANIZATION, layout::RECORD, layout::TARGET].map(quoted);
    let columns = key.iter().map(|name| format!("{name} {uuid} not null")).collect::<Vec<_>>().join(", ");
    let tail = if dialect == Dialect::Sqlite { " strict, without rowid" } else { "" };
    vec![
        Statement::definition(format!(
            "create table {} ({columns}, primary key ({})){tail}",
            quoted(&table),
            key.join(", ")
        )),
        link_index(collection, field),
    ]
}

/// Moves a table to another name; its rows stay where they are.
pub(super) fn rename_table(from: &str, to: &str) -> Statement {
    Statement::definition(format!("alter table {} rename to {}", quoted(from), quoted(to)))
}

pub(super) fn rename_column(table: &str, from: &str, to: &str) -> Statement {
    Statement::definition(format!("alter table {} rename column {} to {}", quoted(table), quoted(from), quoted(to)))
}

/// PostgreSQL alone: SQLite has an index made anew.
pub(super) fn rename_index(from: &str, to: &str) -> Statement {
    Statement::definition(format!("alter index {} rename to {}", quoted(from), quoted(to)))
}

/// Moves the members of a linked field along with the field, or with its collection.
pub(super) fn rename_links(
    dialect: Dialect,
    (from, was): (&CollectionName, &str),
    (to, is): (&CollectionName, &str),
) -> Vec<Statement> {
    let (old, new) = (layout::link_table(from, was), layout::link_table(to, is));
    let (old_index, new_index) = (layout::link_index(from, was), layout::link_index(to, is));
    let mut statements = Vec::new();
    match dialect {
        Dialect::Postgres => {
            statements.push(rename_table(&old, &new));
            statements.push(rename_index(&old_index, &new_index));
        }
        Dialect::Sqlite => {
            statements.push(drop_index(&old_index));
            statements.push(rename_table(&old, &new));
            statements.push(link_index(to, is));
        }
    }
    statements
}

fn link_index(collection: &CollectionName, field: &str) -> Statement {
    let back = [layout::ORGANIZATION, layout::TARGET, layout::RECORD].map(str::to_owned);
    Statement::definition(format!(
        "create index {} on {} ({})",
        quoted(&layout::link_index(collection, field)),
        quoted(&layout::link_table(collection, field)),
        list(&back)
    ))
}

/// Takes a collection and everything in it away.
pub(super) fn drop_collection<'a>(
    collection: &CollectionName,
    fields: impl Iterator<Item = (&'a str, FieldKind)>,
) -> Vec<Statement> {
    let links = fields
        .filter(|(_, kind)| layout::is_linked(*kind))
        .map(|(field, _)| format!("drop table {}", quoted(&layout::link_table(collection, field))));
    let table = format!("drop table {}", quoted(&layout::table(collection)));
    links.chain([table]).map(Statement::definition).collect()
}

pub(super) fn drop_field(collection: &CollectionName, field: &str, kind: FieldKind) -> Vec<Statement> {
    let table = quoted(&layout::table(collection));
    let mut statements: Vec<_> = layout::columns(field, kind)
        .into_iter()
        .map(|(name, _)| Statement::definition(format!("alter table {table} drop column {}", quoted(&name))))
        .collect();
    if layout::is_linked(kind) {
        let links = quoted(&layout::link_table(collection, field));
        statements.push(Statement::definition(format!("drop table {links}")));
    }
    statements
}

/// An index over these columns, of the organization first.
pub(super) fn add_index(collection: &CollectionName, name: &str, columns: &[String]) -> Statement {
    Statement::definition(format!(
        "create index {} on {} ({}, {})",
        quoted(name),
        quoted(&layout::table(collection)),
        quoted(layout::ORGANIZATION),
        list(columns)
    ))
}

/// An index that holds a unique rule among the records of an organization that are not archived, and of those that
/// fulfil a condition where there is one.
pub(super) fn add_unique(
    dialect: Dialect,
    collection: &CollectionName,
    name: &str,
    columns: &[String],
    condition: Option<Expr>,
) -> Statement {
    let mut index = Index::create();
    index.unique().name(name).table(layout::table(collection)).col(layout::ORGANIZATION);
    for column in columns {
        index.col(column.clone());
    }
    index.and_where(Expr::col(layout::ARCHIVED_AT).is_null());
    if let Some(condition) = condition {
        index.and_where(condition);
    }
    Statement::definition(match dialect {
        Dialect::Sqlite => index.to_string(SqliteQueryBuilder),
        Dialect::Postgres => index.to_string(PostgresQueryBuilder),
    })
}

pub(super) fn drop_index(name: &str) -> Statement {
    Statement::definition(format!("drop index {}", quoted(name)))
}
