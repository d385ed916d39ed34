//! The index of words of a collection: full-text search of SQLite (FTS5, over the columns of words as external content,
//! kept by triggers) and of PostgreSQL (a GIN index over them). Both take the words as the host wrote them.

use super::ddl::quoted;
use crate::database::{Dialect, Statement, Tx};
use crate::error::StoreError;
use crate::layout::{self, ColumnType};
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Id, OrganizationId};
use sea_query::Value as Sql;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Records that are given their words at a time.
const BATCH: usize = 500;

fn columns(fields: &BTreeSet<String>) -> Vec<String> {
    fields.iter().map(|field| layout::words_column(field)).collect()
}

fn list(columns: &[String], before: &str) -> String {
    columns.iter().map(|column| format!("{before}{}", quoted(column))).collect::<Vec<_>>().join(", ")
}

/// The words of these fields of a row, of the table of this name, as PostgreSQL's index has them.
pub(crate) fn vector(table: &str, fields: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let texts: Vec<String> = fields
        .into_iter()
        .map(|field| format!("coalesce({table}{}, '')", quoted(&layout::words_column(field.as_ref()))))
        .collect();
    format!("cast({} as tsvector)", texts.join(" || ' ' || "))
}

pub(super) fn add_column(dialect: Dialect, collection: &CollectionName, field: &str) -> Statement {
    Statement::definition(format!(
        "alter table {} add column {} {}",
        quoted(&layout::table(collection)),
        quoted(&layout::words_column(field)),
        ColumnType::Text.sql(dialect)
    ))
}

pub(super) fn drop_column(collection: &CollectionName, field: &str) -> Statement {
    let table = quoted(&layout::table(collection));
    Statement::definition(format!("alter table {table} drop column {}", quoted(&layout::words_column(field))))
}

/// Makes the index over what is there.
pub(super) fn create(dialect: Dialect, collection: &CollectionName, fields: &BTreeSet<String>) -> Vec<Statement> {
    let table = quoted(&layout::table(collection));
    if dialect == Dialect::Postgres {
        let index = quoted(&layout::search_index(collection));
        let words = vector("", fields);
        return vec![Statement::definition(format!("create index {index} on {table} using gin (({words}))"))];
    }
    let name = layout::search_table(collection);
    let index = quoted(&name);
    let columns = columns(fields);
    let names = list(&columns, "");
    let trigger = |event: &str| quoted(&format!("{name}_{event}"));
    let add = format!("insert into {index} (rowid, {names}) values (new.rowid, {})", list(&columns, "new."));
    let take = format!(
        "insert into {index} ({index}, rowid, {names}) values ('delete', old.rowid, {})",
        list(&columns, "old.")
    );
    let (inserted, updated, deleted) = (trigger("i"), trigger("u"), trigger("d"));
    [
        // Bytes from 128 on are letters to `ascii`, so that words stay as the host made them.
        format!(
            "create virtual table {index} using fts5 ({names}, content={table}, content_rowid='row', \
             tokenize='ascii', detail='column', columnsize=0)"
        ),
        format!("insert into {index} ({index}) values ('rebuild')"),
        format!("create trigger {inserted} after insert on {table} begin {add}; end"),
        format!("create trigger {updated} after update of {names} on {table} begin {take}; {add}; end"),
        format!("create trigger {deleted} after delete on {table} begin {take}; end"),
    ]
    .into_iter()
    .map(Statement::definition)
    .collect()
}

pub(super) fn remove(dialect: Dialect, collection: &CollectionName) -> Vec<Statement> {
    if dialect == Dialect::Postgres {
        return vec![Statement::definition(format!("drop index {}", quoted(&layout::search_index(collection))))];
    }
    let name = layout::search_table(collection);
    let triggers = ["i", "u", "d"].map(|event| format!("drop trigger {}", quoted(&format!("{name}_{event}"))));
    triggers.into_iter().chain([format!("drop table {}", quoted(&name))]).map(Statement::definition).collect()
}

/// Gives every record that has a text in one of these fields, and no words of it yet, its words.
pub(super) async fn fill(
    tx: &mut Tx,
    collection: &CollectionName,
    fields: &BTreeSet<String>,
) -> Result<(), StoreError> {
    let table = quoted(&layout::table(collection));
    let texts: Vec<String> = fields.iter().cloned().collect();
    let lacking: Vec<String> = texts
        .iter()
        .zip(columns(fields))
        .map(|(text, words)| format!("({} is not null and {} is null)", quoted(text), quoted(&words)))
        .collect();
    let mut after = (Id::from_bytes([0; 16]), Id::from_bytes([0; 16]));
    loop {
        let select = format!(
            "select organization, id, {} from {table} where (organization, id) > ($1, $2) and ({}) \
             order by organization, id limit {BATCH}",
            list(&texts, ""),
            lacking.join(" or ")
        );
        let values = vec![after.0.uuid().into(), after.1.uuid().into()];
        let rows = tx.fetch_all(Statement::composed(select, values)).await?;
        for row in &rows {
            after = (row.id(0)?, row.id(1)?);
            let organization = OrganizationId(after.0);
            let mut values: Vec<Sql> = vec![after.0.uuid().into(), after.1.uuid().into()];
            let mut set = String::new();
            for (index, column) in columns(fields).iter().enumerate() {
                let text = row.opt_text(index + 2)?;
                values.push(Sql::from(text.map(|text| layout::words_of(organization, &text))));
                let comma = if index == 0 { "" } else { ", " };
                let _ = write!(set, "{comma}{} = ${}", quoted(column), index + 3);
            }
            let update = format!("update {table} set {set} where organization = $1 and id = $2");
            tx.execute(Statement::composed(update, values)).await?;
        }
        if rows.len() < BATCH {
            return Ok(());
        }
    }
}
