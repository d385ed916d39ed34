//! A transaction under way, the same for both databases: the first statement that fails ends it, whatever the work
//! makes of the error, since PostgreSQL would and a commit after it would acknowledge what was not kept.

use super::postgres::Lease;
use super::{Dialect, Row, Statement, build};
use crate::cache::marks::Touched;
use crate::error::StoreError;
use lignaflow_core::OrganizationId;
use lignaflow_core::name::CollectionName;
use sea_query::QueryStatementWriter;
use sqlx::SqliteConnection;

pub struct Tx {
    pub(super) link: Link,
    pub(super) failed: Option<StoreError>,
    /// What the work has changed, on SQLite.
    pub(super) touched: Touched,
}

pub(super) enum Link {
    /// The writer's connection; the writer begins and ends its transactions.
    Sqlite(Box<SqliteConnection>),
    Postgres(Lease),
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tx({:?})", self.dialect())
    }
}

impl Tx {
    pub(super) fn new(link: Link) -> Self {
        Self { link, failed: None, touched: Touched::default() }
    }

    pub fn dialect(&self) -> Dialect {
        match self.link {
            Link::Sqlite(_) => Dialect::Sqlite,
            Link::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The work writes records of a collection. PostgreSQL finds that in the change log.
    pub(crate) fn touch(&mut self, organization: OrganizationId, collection: &CollectionName) {
        if self.dialect() == Dialect::Sqlite {
            self.touched.collection(organization, collection);
        }
    }

    /// The work changes tables, or rows without a word in the change log.
    pub(crate) async fn touch_everything(&mut self) -> Result<(), StoreError> {
        self.touched.everything();
        let sql = "update schema_revision set revision = revision + 1 where id = 1";
        self.execute(Statement::new(sql, Vec::new())).await.map(|_| ())
    }

    fn settle<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        result.map_err(|error| {
            let error = StoreError::from(error);
            self.failed = Some(error.clone());
            error
        })
    }

    fn check(&self) -> Result<(), StoreError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    pub async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.check()?;
        let rows = match &mut self.link {
            Link::Sqlite(connection) => {
                let rows = statement.sqlite().fetch_all(&mut **connection).await;
                rows.map(|rows| rows.into_iter().map(Row::Sqlite).collect())
            }
            Link::Postgres(lease) => {
                let rows = statement.postgres().fetch_all(&mut *lease.connection).await;
                rows.map(|rows| rows.into_iter().map(Row::Postgres).collect())
            }
        };
        self.settle(rows)
    }

    pub async fn fetch_optional(&mut self, statement: Statement) -> Result<Option<Row>, StoreError> {
        self.check()?;
        let row = match &mut self.link {
            Link::Sqlite(connection) => {
                statement.sqlite().fetch_optional(&mut **connection).await.map(|row| row.map(Row::Sqlite))
            }
            Link::Postgres(lease) => {
                statement.postgres().fetch_optional(&mut *lease.connection).await.map(|row| row.map(Row::Postgres))
            }
        };
        self.settle(row)
    }

    /// The one row of a statement that always has one.
    pub async fn fetch_one(&mut self, statement: Statement) -> Result<Row, StoreError> {
        self.fetch_optional(statement).await?.ok_or_else(super::no_row)
    }

    /// How many rows were written.
    pub async fn execute(&mut self, statement: Statement) -> Result<u64, StoreError> {
        self.check()?;
        let done = match &mut self.link {
            Link::Sqlite(connection) => {
                statement.sqlite().execute(&mut **connection).await.map(|done| done.rows_affected())
            }
            Link::Postgres(lease) => {
                statement.postgres().execute(&mut *lease.connection).await.map(|done| done.rows_affected())
            }
        };
        self.settle(done)
    }

    pub async fn all<S: QueryStatementWriter>(&mut self, statement: &S) -> Result<Vec<Row>, StoreError> {
        let statement = build(self.dialect(), statement);
        self.fetch_all(statement).await
    }

    pub async fn optional<S: QueryStatementWriter>(&mut self, statement: &S) -> Result<Option<Row>, StoreError> {
        let statement = build(self.dialect(), statement);
        self.fetch_optional(statement).await
    }

    pub async fn one<S: QueryStatementWriter>(&mut self, statement: &S) -> Result<Row, StoreError> {
        let statement = build(self.dialect(), statement);
        self.fetch_one(statement).await
    }

    /// How many rows a sea-query statement wrote.
    pub async fn run<S: QueryStatementWriter>(&mut self, statement: &S) -> Result<u64, StoreError> {
        let statement = build(self.dialect(), statement);
        self.execute(statement).await
    }
}
