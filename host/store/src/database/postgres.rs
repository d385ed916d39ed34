//! PostgreSQL: a pool, and for each work a READ COMMITTED transaction in a task of its own.
//!
//! sqlx can hand a connection that is still inside a transaction on to the next caller, where the future that began it
//! was dropped or the beginning failed (its issue 4385). So transactions are begun and ended here by hand, and a
//! connection goes back to the pool only after its transaction has ended well; otherwise it is closed, which has the
//! server undo what it did.

use super::statement::beginning;
use super::tx::{Link, Tx};
use super::{Row, Statement, unreachable};
use crate::error::{OpenFault, StoreError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::pool::{PoolConnection, PoolConnectionMetadata};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPool, PgPoolOptions, PgRow};
use sqlx::{ConnectOptions, Connection, Executor};
use std::panic::AssertUnwindSafe;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A connection that lay idle this long is asked whether it still stands before it is used.
const PING_AFTER: Duration = Duration::from_secs(1);
/// How long opening may take before it is told that the server does not answer.
const OPENING: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Postgres {
    pub(super) pool: PgPool,
    options: PgConnectOptions,
    /// Connections made before this know statements that read columns of another type.
    renewed: Arc<Mutex<Instant>>,
    acquire: Duration,
}

impl Postgres {
    pub(super) async fn open(url: &str, target: &str, connections: u32, acquire: Duration) -> Result<Self, OpenFault> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| unreachable(target, &error))?
            .application_name("lignaflow")
            .statement_cache_capacity(512)
            // A statement that hangs, or a lock that is not given, must not hold a request for ever.
            .options([
                ("default_transaction_isolation", "read committed"),
                ("statement_timeout", "30s"),
                ("lock_timeout", "5s"),
                ("idle_in_transaction_session_timeout", "30s"),
                ("client_min_messages", "warning"),
            ]);
        // One connection by hand: a pool would try again until its time is up and then not say why.
        let first = tokio::time::timeout(OPENING, options.connect())
            .await
            .map_err(|_| unreachable(target, &sqlx::Error::PoolTimedOut))?
            .map_err(|error| unreachable(target, &error))?;
        drop(first.close().await);
        let renewed = Arc::new(Mutex::new(Instant::now()));
        let since = Arc::clone(&renewed);
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(acquire)
            .test_before_acquire(false)
            .before_acquire(move |connection, meta| {
                let renewed = since.lock().map_or(Duration::ZERO, |since| since.elapsed());
                Box::pin(still_stands(connection, meta, renewed))
            })
            .after_connect(|connection, _| Box::pin(notice_who_leaves(connection)))
            .connect_lazy_with(options.clone());
        Ok(Self { pool, options, renewed, acquire })
    }

    /// Has every connection made anew before it is used again.
    pub(super) fn renew(&self) {
        if let Ok(mut renewed) = self.renewed.lock() {
            *renewed = Instant::now();
        }
    }

    /// A connection beside the pool, for what is done once and takes its time.
    pub(super) async fn connect(&self) -> Result<PgConnection, StoreError> {
        let options = self.options.clone().options([("statement_timeout", "0")]);
        Ok(options.connect().await?)
    }

    /// A connection beside the pool that hears what is told on a channel.
    pub(super) async fn listen(&self, channel: &str) -> Result<PgListener, StoreError> {
        let pool = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let pool = pool.acquire_timeout(OPENING).connect_lazy_with(self.options.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(channel).await?;
        Ok(listener)
    }

    pub(super) async fn write<T, E, F>(&self, turns: Vec<i64>, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let task = tokio::spawn(transact(self.pool.clone(), self.acquire, turns, work));
        task.await.unwrap_or_else(|_| Err(E::from(StoreError::Unknown)))
    }

    /// Reads on any connection, and again where that one turns out to be gone.
    pub(super) async fn read(&self, statement: Statement) -> Result<Vec<PgRow>, StoreError> {
        let until = Instant::now() + self.acquire;
        loop {
            match Box::pin(self.ask(statement.clone())).await {
                Ok(rows) => return Ok(rows),
                Err(error) if broke(&error) && Instant::now() < until => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Closes the connection where nobody waits for the answer any more, which ends the statement.
    async fn ask(&self, statement: Statement) -> Result<Vec<PgRow>, sqlx::Error> {
        let mut lease = Lease { connection: self.pool.acquire().await?, ended: false };
        let rows = statement.postgres().fetch_all(&mut *lease.connection).await;
        lease.ended = true;
        rows
    }

    /// A statement that is a transaction of its own. Whoever leaves while it is under way leaves the server to end it.
    pub(super) async fn write_once(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let rows = statement.postgres().fetch_all(&mut *connection).await.map_err(StoreError::during_commit)?;
        Ok(rows.into_iter().map(Row::Postgres).collect())
    }
}

async fn still_stands(
    connection: &mut PgConnection,
    meta: PoolConnectionMetadata,
    renewed: Duration,
) -> Result<bool, sqlx::Error> {
    if meta.age >= renewed {
        return Ok(false);
    }
    if meta.idle_for > PING_AFTER {
        connection.ping().await?;
    }
    Ok(true)
}

/// Has the server end what it does for a connection that is closed, rather than find out when it is done. Where it runs on
/// a system that cannot tell, statements end by their timeout.
async fn notice_who_leaves(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    match connection.execute("set client_connection_check_interval = '250ms'").await {
        Err(error) if broke(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Whether it was the connection that failed, as all do when a server is started anew, and not the statement.
fn broke(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(inner) => inner.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

/// A connection inside a transaction, or while a question is asked on it. Unless that ends well, dropping it closes the
/// connection.
pub(super) struct Lease {
    pub(super) connection: PoolConnection<sqlx::Postgres>,
    ended: bool,
}

impl Lease {
    /// Begins, and takes these turns in the same trip to the server.
    async fn begin(pool: &PgPool, acquire: Duration, turns: &[i64]) -> Result<Self, StoreError> {
        let until = Instant::now() + acquire;
        loop {
            let mut lease = Self { connection: pool.acquire().await?, ended: false };
            match (&mut *lease.connection).execute(sqlx::raw_sql(beginning(turns))).await {
                Ok(_) => return Ok(lease),
                Err(error) if broke(&error) && Instant::now() < until => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn commit(mut self) -> Result<(), StoreError> {
        (&mut *self.connection).execute("commit").await.map_err(StoreError::during_commit)?;
        self.ended = true;
        Ok(())
    }

    async fn roll_back(mut self) {
        self.ended = (&mut *self.connection).execute("rollback").await.is_ok();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}

async fn transact<T, E, F>(pool: PgPool, acquire: Duration, turns: Vec<i64>, work: F) -> Result<T, E>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    E: From<StoreError>,
{
    let mut tx = Tx::new(Link::Postgres(Lease::begin(&pool, acquire, &turns).await?));
    let result = AssertUnwindSafe(work(&mut tx)).catch_unwind().await;
    let Tx { link: Link::Postgres(lease), failed, .. } = tx else {
        return Err(E::from(StoreError::Broken("the transaction changed its kind".to_owned())));
    };
    let result = match (result, failed) {
        (Err(_), _) => Err(E::from(StoreError::Broken("the work of a transaction panicked".to_owned()))),
        (Ok(Ok(_)), Some(error)) => Err(E::from(error)),
        (Ok(result), _) => result,
    };
    match result {
        Ok(value) => {
            lease.commit().await?;
            Ok(value)
        }
        Err(error) => {
            lease.roll_back().await;
            Err(error)
        }
    }
}
