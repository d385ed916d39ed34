//! SQL on its way to a driver. The one place that vouches for text that is not a literal: it comes from sea-query, with
//! its values beside it, or from [`crate::schema`], whose names all went through [`crate::layout`].

use super::Dialect;
use sea_query::{PostgresQueryBuilder, QueryStatementWriter, SqliteQueryBuilder, Value, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres, Sqlite};
use std::borrow::Cow;
use std::fmt::Write;

/// One statement with its values.
#[derive(Debug, Clone)]
pub struct Statement {
    sql: Cow<'static, str>,
    values: Values,
    persistent: bool,
}

/// Writes a sea-query statement in a dialect.
pub fn build<S: QueryStatementWriter>(dialect: Dialect, statement: &S) -> Statement {
    let (sql, values) = match dialect {
        Dialect::Sqlite => statement.build(SqliteQueryBuilder),
        Dialect::Postgres => statement.build(PostgresQueryBuilder),
    };
    Statement { sql: Cow::Owned(sql), values, persistent: true }
}

/// The beginning of a transaction that takes these turns: advisory locks until its end. One trip to the server; numbers
/// need no quoting.
pub(super) fn beginning(turns: &[i64]) -> AssertSqlSafe<String> {
    let mut sql = String::from("begin isolation level read committed");
    for turn in turns {
        let _ = write!(sql, "; select pg_advisory_xact_lock({turn})");
    }
    AssertSqlSafe(sql)
}

impl Statement {
    /// SQL that both databases read as it stands, with `$1`, `$2`… for its values.
    pub fn new(sql: &'static str, values: Vec<Value>) -> Self {
        Self { sql: Cow::Borrowed(sql), values: Values(values), persistent: true }
    }

    /// SQL put together by this crate, with `$1`, `$2`… for its values.
    pub(crate) fn composed(sql: String, values: Vec<Value>) -> Self {
        Self { sql: Cow::Owned(sql), values: Values(values), persistent: true }
    }

    /// A statement that defines something, written by this crate; it is run once and not kept prepared.
    pub(crate) fn definition(sql: String) -> Self {
        Self { sql: Cow::Owned(sql), values: Values(Vec::new()), persistent: false }
    }

    /// Not worth keeping prepared: its text hardly ever comes again, as with many rows in one statement.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.persistent = false;
        self
    }

    pub fn sql(&self) -> &str {
        &self.sql
    }

    pub fn values(&self) -> &[Value] {
        &self.values.0
    }

    pub(super) fn sqlite(self) -> Query<'static, Sqlite, SqlxValues> {
        sqlx::query_with(AssertSqlSafe(self.sql), SqlxValues(self.values)).persistent(self.persistent)
    }

    pub(super) fn postgres(self) -> Query<'static, Postgres, SqlxValues> {
        sqlx::query_with(AssertSqlSafe(self.sql), SqlxValues(self.values)).persistent(self.persistent)
    }
}
