//! The connections of SQLite that read. A question ends with whoever waits for its answer, or when it takes too long: both
//! are found out between two steps of the statement.

use super::Statement;
use sqlx::ConnectOptions;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Steps of SQLite's machine between two looks at the clock, which are about a tenth of a millisecond.
const STEPS: i32 = 4_000;
/// How long a question may take, as on PostgreSQL.
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Readers {
    options: SqliteConnectOptions,
    connections: u32,
    acquire: Duration,
    places: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Reader>>>,
}

#[derive(Debug)]
struct Reader {
    connection: SqliteConnection,
    clock: Arc<Clock>,
}

/// Until when a connection may go on with what it does.
#[derive(Debug)]
struct Clock {
    began: Instant,
    /// Milliseconds since then; 0 for no longer.
    until: AtomicU64,
}

impl Clock {
    fn passed(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn set(&self) {
        let longest = u64::try_from(LONGEST.as_millis()).unwrap_or(u64::MAX);
        self.until.store(self.passed().saturating_add(longest), Ordering::Relaxed);
    }

    fn stop(&self) {
        self.until.store(0, Ordering::Relaxed);
    }

    fn goes_on(&self) -> bool {
        self.passed() < self.until.load(Ordering::Relaxed)
    }
}

impl Readers {
    pub(super) fn new(options: SqliteConnectOptions, connections: u32, acquire: Duration) -> Self {
        let places = usize::try_from(connections).unwrap_or(1).clamp(1, Semaphore::MAX_PERMITS);
        Self { options, connections, acquire, places: Arc::new(Semaphore::new(places)), idle: Arc::default() }
    }

    pub(super) async fn fetch_all(&self, statement: Statement) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let mut lease = self.lease().await?;
        let Some(reader) = &mut lease.reader else { return Err(sqlx::Error::WorkerCrashed) };
        let rows = statement.sqlite().fetch_all(&mut reader.connection).await;
        lease.end(rows)
    }

    pub(super) async fn fetch_optional(&self, statement: Statement) -> Result<Option<SqliteRow>, sqlx::Error> {
        let mut lease = self.lease().await?;
        let Some(reader) = &mut lease.reader else { return Err(sqlx::Error::WorkerCrashed) };
        let row = statement.sqlite().fetch_optional(&mut reader.connection).await;
        lease.end(row)
    }

    /// The connection that was used last, since it knows most; a new one where all are at work.
    async fn lease(&self) -> Result<Lease, sqlx::Error> {
        let place = match tokio::time::timeout(self.acquire, self.places.clone().acquire_owned()).await {
            Ok(Ok(place)) => place,
            Ok(Err(_)) => return Err(sqlx::Error::PoolClosed),
            Err(_) => return Err(sqlx::Error::PoolTimedOut),
        };
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = match idle {
            Some(reader) => reader,
            None => self.open().await?,
        };
        reader.clock.set();
        Ok(Lease { reader: Some(reader), place: Some(place), idle: self.idle.clone() })
    }

    async fn open(&self) -> Result<Reader, sqlx::Error> {
        let mut connection = self.options.connect().await?;
        let clock = Arc::new(Clock { began: Instant::now(), until: AtomicU64::new(0) });
        let looked = clock.clone();
        connection.lock_handle().await?.set_progress_handler(STEPS, move || {
            // What is asked for long lets what is asked quickly have its turn.
            std::thread::yield_now();
            looked.goes_on()
        });
        Ok(Reader { connection, clock })
    }

    /// Lets what is asked be answered, then closes every connection.
    pub(super) async fn close(&self) {
        // It fails where they are closed already.
        drop(self.places.acquire_many(self.connections).await);
        self.places.close();
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for reader in idle {
            drop(reader.connection.close().await);
        }
    }
}

/// A connection while a question is asked on it.
struct Lease {
    reader: Option<Reader>,
    place: Option<OwnedSemaphorePermit>,
    idle: Arc<Mutex<Vec<Reader>>>,
}

impl Lease {
    /// The connection is free again, unless it is what failed.
    fn end<T>(mut self, answer: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        let reader = self.reader.take();
        if matches!(answer, Ok(_) | Err(sqlx::Error::Database(_))) {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(reader);
        }
        answer
    }
}

impl Drop for Lease {
    /// Nobody waits for the answer any more.
    fn drop(&mut self) {
        let (Some(mut reader), place) = (self.reader.take(), self.place.take()) else { return };
        reader.clock.stop();
        let idle = self.idle.clone();
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                // Who has the handle knows that the statement has ended.
                let ended = reader.connection.lock_handle().await.is_ok();
                if ended {
                    idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
                }
                drop(place);
            });
        }
    }
}
