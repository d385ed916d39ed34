//! One handle on either database.
//!
//! Reads go to any connection of a pool, and end when nobody waits for them any more, as those of a plugin whose time is
//! up. A write is a piece of work that is given a transaction; it runs to its end in a
//! task of its own, so that a caller who leaves does not leave a transaction open behind them. On SQLite the one writer
//! takes what waits into one transaction ([`sqlite`]); on PostgreSQL each work has its own ([`postgres`]).

mod migrations;
mod postgres;
mod readers;
mod row;
mod sqlite;
mod statement;
mod tx;

pub use row::Row;
pub use statement::{Statement, build};
pub use tx::Tx;

use crate::cache::marks::Marks;
use crate::error::{OpenFault, StoreError};
use crate::options::{DatabaseUrl, StoreOptions};
use futures_util::future::BoxFuture;
use sea_query::QueryStatementWriter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// Cheap to clone; all clones are one database.
#[derive(Debug, Clone)]
pub struct Database(Arc<Kind>, Arc<AtomicU64>);

#[derive(Debug)]
enum Kind {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

fn no_row() -> StoreError {
    StoreError::Broken("a statement that always has a row had none".to_owned())
}

impl Database {
    pub async fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        let connections = options.max_connections.max(1);
        let kind = match &options.url {
            DatabaseUrl::Sqlite(path) => {
                Kind::Sqlite(sqlite::Sqlite::open(path, connections, options.acquire, options.create).await?)
            }
            DatabaseUrl::Postgres(url) => Kind::Postgres(
                postgres::Postgres::open(url, &options.url.to_string(), connections, options.acquire).await?,
            ),
        };
        Ok(Self(Arc::new(kind), Arc::default()))
    }

    /// Questions that were asked of it outside of transactions since it was opened.
    pub fn asked(&self) -> u64 {
        self.1.load(Ordering::Relaxed)
    }

    pub fn dialect(&self) -> Dialect {
        match &*self.0 {
            Kind::Sqlite(_) => Dialect::Sqlite,
            Kind::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Brings the host's own tables to what this program needs.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match &*self.0 {
            Kind::Sqlite(sqlite) => migrations::run_sqlite(&mut sqlite.connect().await?).await?,
            Kind::Postgres(postgres) => migrations::run_postgres(&mut postgres.connect().await?).await?,
        }
        Ok(())
    }

    /// Whether the host's own tables are those of this program, neither behind nor ahead.
    pub async fn check_migrated(&self) -> Result<(), StoreError> {
        let (exists, list) = match self.dialect() {
            Dialect::Sqlite => (
                "select exists (select 1 from sqlite_master where type = 'table' and name = '_sqlx_migrations')",
                "select version from _sqlx_migrations where success order by version",
            ),
            Dialect::Postgres => (
                "select to_regclass('_sqlx_migrations') is not null",
                "select version from _sqlx_migrations where success order by version",
            ),
        };
        let mut applied = Vec::new();
        if self.fetch_one(Statement::new(exists, Vec::new())).await?.bool(0)? {
            for row in self.fetch_all(Statement::new(list, Vec::new())).await? {
                applied.push(row.i64(0)?);
            }
        }
        migrations::compare(&applied).map_err(StoreError::from)
    }

    /// Does work in a transaction, which is kept if the work ends well and undone if not. The work runs to its end, and
    /// its transaction with it, even when the future returned here is dropped.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_in_turn(Vec::new(), work).await
    }

    /// Like [`Database::write`]; works that share one of these numbers take turns, each seeing what the one before
    /// left. Numbers must be sorted. With SQLite's one writer all works take turns.
    pub async fn write_in_turn<T, E, F>(&self, turns: Vec<i64>, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.0 {
            Kind::Sqlite(sqlite) => sqlite.write(work).await,
            Kind::Postgres(postgres) => postgres.write(turns, work).await,
        }
    }

    /// One statement as a transaction of its own.
    pub async fn write_once(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        match &*self.0 {
            Kind::Sqlite(sqlite) => {
                sqlite.write(move |tx| Box::pin(async move { tx.fetch_all(statement).await })).await
            }
            Kind::Postgres(postgres) => postgres.write_once(statement).await,
        }
    }

    pub async fn fetch_all(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Ok(match &*self.0 {
            Kind::Sqlite(sqlite) => {
                Box::pin(sqlite.readers.fetch_all(statement)).await?.into_iter().map(Row::Sqlite).collect()
            }
            Kind::Postgres(postgres) => postgres.read(statement).await?.into_iter().map(Row::Postgres).collect(),
        })
    }

    pub async fn fetch_optional(&self, statement: Statement) -> Result<Option<Row>, StoreError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Ok(match &*self.0 {
            Kind::Sqlite(sqlite) => Box::pin(sqlite.readers.fetch_optional(statement)).await?.map(Row::Sqlite),
            Kind::Postgres(postgres) => postgres.read(statement).await?.into_iter().next().map(Row::Postgres),
        })
    }

    /// The one row of a statement that always has one.
    pub async fn fetch_one(&self, statement: Statement) -> Result<Row, StoreError> {
        self.fetch_optional(statement).await?.ok_or_else(no_row)
    }

    pub async fn all<S: QueryStatementWriter + Sync>(&self, statement: &S) -> Result<Vec<Row>, StoreError> {
        self.fetch_all(build(self.dialect(), statement)).await
    }

    pub async fn optional<S: QueryStatementWriter + Sync>(&self, statement: &S) -> Result<Option<Row>, StoreError> {
        self.fetch_optional(build(self.dialect(), statement)).await
    }

    pub async fn one<S: QueryStatementWriter + Sync>(&self, statement: &S) -> Result<Row, StoreError> {
        self.fetch_one(build(self.dialect(), statement)).await
    }

    /// What is committed here, where this host alone writes.
    pub(crate) fn marks(&self) -> Option<&Marks> {
        match &*self.0 {
            Kind::Sqlite(sqlite) => Some(&sqlite.marks),
            Kind::Postgres(_) => None,
        }
    }

    /// Whether it answers now.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.fetch_one(Statement::new("select 1", Vec::new())).await.map(|_| ())
    }

    /// Columns have changed their type. SQLite finds out by itself; PostgreSQL goes on to refuse prepared statements that
    /// read them.
    pub(crate) fn renew(&self) {
        if let Kind::Postgres(postgres) = &*self.0 {
            postgres.renew();
        }
    }

    /// Hears what is told on a channel, on a connection of its own. Only PostgreSQL has channels.
    pub(crate) async fn listen(&self, channel: &str) -> Result<sqlx::postgres::PgListener, StoreError> {
        match &*self.0 {
            Kind::Postgres(postgres) => postgres.listen(channel).await,
            Kind::Sqlite(_) => Err(StoreError::Broken("SQLite has no channels".to_owned())),
        }
    }

    /// Lets what is under way end, then closes every connection.
    pub async fn close(&self) {
        match &*self.0 {
            Kind::Sqlite(sqlite) => sqlite.close().await,
            Kind::Postgres(postgres) => postgres.pool.close().await,
        }
    }
}

/// What a driver says when it cannot connect, without what it was given to connect with.
fn unreachable(target: &str, error: &sqlx::Error) -> OpenFault {
    let cause = match error {
        sqlx::Error::Database(inner) => inner.message().to_owned(),
        sqlx::Error::Io(inner) => inner.to_string(),
        sqlx::Error::Tls(inner) => format!("TLS: {inner}"),
        sqlx::Error::PoolTimedOut => "it does not answer".to_owned(),
        sqlx::Error::Configuration(_) => "its address cannot be read".to_owned(),
        other => other.to_string(),
    };
    OpenFault::Unreachable { target: target.to_owned(), cause }
}
