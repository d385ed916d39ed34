//! Tables of another program's PostgreSQL, for whoever moves over from it: read as text, as they all stood at one moment.
//! Nothing is written there.

use crate::database::{Database, Statement};
use crate::error::StoreError;
use crate::options::{DatabaseUrl, StoreOptions};
use sea_query::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Tables that are wanted, each with its columns; rows come in the order of the first.
pub type Wanted = &'static [(&'static str, &'static [&'static str])];
/// The rows of one table: as many texts as it has columns, none where one is null.
pub type Rows = Vec<Vec<Option<String>>>;

#[derive(Debug, thiserror::Error)]
pub enum ForeignFault {
    #[error("what is read is a PostgreSQL database: postgres://user:password@host/database")]
    NotPostgres,
    #[error("it lacks {0}")]
    Missing(String),
    #[error("{table} has more than {most} rows")]
    TooMany { table: &'static str, most: u32 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a session is to write in, whatever its server is set to.
const WRITTEN: [&str; 4] = [
    "set transaction isolation level repeatable read, read only",
    "set local time zone 'UTC'",
    "set local datestyle to 'ISO, YMD'",
    "set local intervalstyle to 'postgres'",
];

/// The rows of each table, at most so many of one. What is not there is named all at once.
pub async fn read(url: &str, wanted: Wanted, most: u32) -> Result<Vec<Rows>, ForeignFault> {
    let url: DatabaseUrl = url.parse().map_err(|_| ForeignFault::NotPostgres)?;
    if !matches!(url, DatabaseUrl::Postgres(_)) {
        return Err(ForeignFault::NotPostgres);
    }
    let options = StoreOptions { url, max_connections: 1, acquire: StoreOptions::ACQUIRE, create: false };
    let database = Database::open(&options).await?;
    let read = database.write(move |tx| {
        Box::pin(async move {
            for line in WRITTEN {
                tx.execute(Statement::new(line, Vec::new()).once()).await?;
            }
            let mut missing = Vec::new();
            for (table, columns) in wanted {
                let sql = "select column_name::text from information_schema.columns \
                           where table_name = $1 and table_schema::text = any (current_schemas(false)::text[])";
                let there = tx.fetch_all(Statement::new(sql, vec![Value::from(*table)])).await?;
                let there: BTreeSet<String> = there.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
                if there.is_empty() {
                    missing.push(format!("the table {table}"));
                    continue;
                }
                let lacking = columns.iter().filter(|column| !there.contains(**column));
                missing.extend(lacking.map(|column| format!("the column {column} of {table}")));
            }
            if !missing.is_empty() {
                return Err(ForeignFault::Missing(missing.join(", ")));
            }
            let mut tables = Vec::with_capacity(wanted.len());
            for (table, columns) in wanted {
                let rows = tx.fetch_all(Statement::composed(select(table, columns, most), Vec::new()).once()).await?;
                if rows.len() > usize::try_from(most).unwrap_or(usize::MAX) {
                    return Err(ForeignFault::TooMany { table, most });
                }
                let texts = |row: &crate::database::Row| (0..columns.len()).map(|at| row.opt_text(at)).collect();
                tables.push(rows.iter().map(texts).collect::<Result<Rows, StoreError>>()?);
            }
            Ok(tables)
        })
    });
    let read = read.await;
    database.close().await;
    read
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn select(table: &str, columns: &[&str], most: u32) -> String {
    let mut sql = String::from("select ");
    for (at, column) in columns.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(sql, "{comma}t.{}::text", quoted(column));
    }
    // By the column itself, and not by the text that it is read as.
    let _ = write!(sql, " from {} as t order by t.{} limit {}", quoted(table), quoted(columns[0]), u64::from(most) + 1);
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_programs_are_quoted() {
        assert_eq!(
            select("Project_manager_project", &["id", "a\"b"], 9),
            r#"select t."id"::text, t."a""b"::text from "Project_manager_project" as t order by t."id" limit 10"#
        );
    }
}
