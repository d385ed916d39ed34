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
    let back = [layout::ORGANIZATION, layout::TARGET, layout::RECORD].map(str::to_owned);
    vec![
        Statement::definition(format!(
            "create table {} ({columns}, primary key ({})){tail}",
            quoted(&table),
            key.join(", ")
        )),
        Statement::definition(format!(
            "create index {} on {} ({})",
            quoted(&layout::link_index(collection, field)),
            quoted(&table),
            list(&back)
        )),
    ]
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
