//! SQLite: a pool that reads, and one task that writes. Each commit costs a flush to the disk; so the writer takes what
//! waits into one transaction, gives each work a savepoint of its own, and answers all of them once the shared commit
//! is on the disk.

use super::readers::Readers;
use super::tx::{Link, Tx};
use super::unreachable;
use crate::cache::marks::{Marks, Touched};
use crate::error::{OpenFault, StoreError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Earlier libraries can corrupt a log that was reset while it was read (sqlite.org/wal.html, the WAL-reset bug).
const NEEDED: &str = "3.51.3";
/// Works that may wait for the writer.
const QUEUE: usize = 1024;
/// Works that share one commit at most, and how long the first of them may wait for the others.
const BATCH: usize = 64;
const BATCH_FOR: Duration = Duration::from_millis(20);
/// How long to wait for another program, such as the command line, that writes to the same file.
const BUSY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Sqlite {
    pub(super) readers: Box<Readers>,
    writer: mpsc::Sender<Message>,
    pub(super) marks: Arc<Marks>,
    options: SqliteConnectOptions,
    acquire: Duration,
}

enum Message {
    Work(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

impl Sqlite {
    pub(super) async fn open(
        path: &Path,
        connections: u32,
        acquire: Duration,
        create: bool,
    ) -> Result<Self, StoreError> {
        let shown = path.display().to_string();
        if !create && !path.exists() {
            return Err(OpenFault::Missing(shown).into());
        }
        if create {
            make_private(path).map_err(|error| OpenFault::Unreachable {
                target: format!("the database at {shown}"),
                cause: error.to_string(),
            })?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .statement_cache_capacity(256)
            .pragma("cache_size", "-16384")
            .pragma("temp_store", "memory");
        let told = |error: sqlx::Error| StoreError::from(unreachable(&format!("the database at {shown}"), &error));
        let mut writer = options.connect().await.map_err(told)?;
        let version: String =
            sqlx::query_scalar("select sqlite_version()").fetch_one(&mut writer).await.map_err(told)?;
        if numbers(&version) < numbers(NEEDED) {
            return Err(OpenFault::OldLibrary { found: version, needed: NEEDED }.into());
        }
        let reading = options.clone().create_if_missing(false).pragma("query_only", "on");
        let readers = Box::new(Readers::new(reading, connections, acquire));
        let (sender, receiver) = mpsc::channel(QUEUE);
        let marks = Arc::new(Marks::default());
        tokio::spawn(serve(Tx::new(Link::Sqlite(Box::new(writer))), receiver, Arc::clone(&marks)));
        Ok(Self { readers, writer: sender, marks, options, acquire })
    }

    /// A connection beside the writer, for what is done once.
    pub(super) async fn connect(&self) -> Result<SqliteConnection, StoreError> {
        Ok(self.options.connect().await?)
    }

    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Work { todo: Some(work), result: None, answer: Some(answer) };
        match tokio::time::timeout(self.acquire, self.writer.send(Message::Work(Box::new(job)))).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(StoreError::Unavailable("the store is closed".to_owned()).into()),
            Err(_) => return Err(StoreError::Unavailable("too many writes are waiting".to_owned()).into()),
        }
        answered.await.unwrap_or_else(|_| Err(E::from(StoreError::Unknown)))
    }

    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.writer.send(Message::Close(done)).await.is_ok() {
            drop(closed.await);
        }
        self.readers.close().await;
    }
}

/// Makes the file where there is none, and takes everybody's rights to it but its owner's. SQLite gives the files that it
/// keeps beside it the same rights.
#[cfg(unix)]
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode().trailing_zeros() >= 6 {
        return Ok(());
    }
    for name in ["", "-wal", "-shm"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(name);
        match std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_private(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

/// A work that waits, with who waits for it.
trait Job: Send {
    /// Does the work, which is to be kept if it ends well. If not, the statement that failed in it is told, if one did.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Result<(), Option<StoreError>>>;
    /// Answers, once it is known how the shared commit ended.
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Work<T, E, F> {
    todo: Option<F>,
    result: Option<Result<T, E>>,
    answer: Option<oneshot::Sender<Result<T, E>>>,
}

impl<T, E, F> Job for Work<T, E, F>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Result<(), Option<StoreError>>> {
        Box::pin(async move {
            let Some(work) = self.todo.take() else { return Err(None) };
            let result = AssertUnwindSafe(work(tx)).catch_unwind().await;
            let failed = tx.failed.take();
            let result = match (result, failed.clone()) {
                (Err(_), _) => Err(E::from(StoreError::Broken("the work of a transaction panicked".to_owned()))),
                (Ok(Ok(_)), Some(error)) => Err(E::from(error)),
                (Ok(result), _) => result,
            };
            let keep = result.is_ok();
            self.result = Some(result);
            if keep { Ok(()) } else { Err(failed) }
        })
    }

    fn finish(mut self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match committed {
            Ok(()) => self.result.take().unwrap_or_else(|| Err(E::from(StoreError::Unknown))),
            // Also of a work that failed by itself: what it failed on may have been another's that is undone now.
            Err(error) => Err(E::from(error)),
        };
        if let Some(answer) = self.answer.take() {
            // Whoever asked may have left.
            drop(answer.send(result));
        }
    }
}

async fn serve(mut tx: Tx, mut messages: mpsc::Receiver<Message>, marks: Arc<Marks>) {
    let mut closing = None;
    while closing.is_none() {
        match messages.recv().await {
            Some(Message::Work(job)) => closing = batch(&mut tx, job, &mut messages, &marks).await,
            Some(Message::Close(done)) => closing = Some(done),
            None => break,
        }
    }
    messages.close();
    if let Link::Sqlite(connection) = tx.link {
        drop(connection.close().await);
    }
    if let Some(done) = closing {
        // Whoever closes may not wait for it.
        let _ = done.send(());
    }
}

/// One shared transaction: this job, and those that come while it runs. Each runs under a savepoint, which is undone if
/// it fails. An error outside of a job means that the whole transaction is lost.
async fn batch(
    tx: &mut Tx,
    first: Box<dyn Job>,
    messages: &mut mpsc::Receiver<Message>,
    marks: &Marks,
) -> Option<oneshot::Sender<()>> {
    if let Err(error) = control(tx, "begin immediate; savepoint job").await {
        first.finish(Err(error.into()));
        return None;
    }
    let begun = Instant::now();
    let mut closing = None;
    let mut done: Vec<Box<dyn Job>> = Vec::new();
    let mut kept = false;
    let mut lost = None;
    let mut touched = Touched::default();
    let mut next = Some(first);
    while let Some(mut job) = next.take() {
        let ran = job.run(tx).await;
        done.push(job);
        kept |= ran.is_ok();
        let by_job = std::mem::take(&mut tx.touched);
        if ran.is_ok() {
            touched.add(by_job);
        }
        if done.len() < BATCH && begun.elapsed() < BATCH_FOR {
            match messages.try_recv() {
                Ok(Message::Work(job)) => next = Some(job),
                Ok(Message::Close(sender)) => closing = Some(sender),
                Err(_) => {}
            }
        }
        let more = kept || next.is_some();
        let passed = match ran {
            Ok(()) if next.is_some() => control(tx, "release job; savepoint job").await.map_err(StoreError::from),
            // SQLite undoes a transaction by itself when it can go no further, as on a full disk: then this fails.
            Err(failed) if more => {
                control(tx, "rollback to job").await.map_err(|error| failed.unwrap_or_else(|| error.into()))
            }
            _ => Ok(()),
        };
        if let Err(error) = passed {
            lost = Some(error);
            break;
        }
    }
    let ended = match lost {
        Some(error) => Err(error),
        None if kept => {
            marks.begin(&touched);
            let ended = control(tx, "release job; commit").await.map_err(committing);
            marks.end(&touched);
            ended
        }
        None => Ok(()),
    };
    if ended.is_err() || !kept {
        // It fails where SQLite has undone the transaction by itself, which is as well.
        drop(control(tx, "rollback").await);
    }
    metrics::histogram!("lignaflow_store_shared_commit").record(u32::try_from(done.len()).unwrap_or(u32::MAX));
    for job in done.into_iter().chain(next) {
        job.finish(ended.clone());
    }
    closing
}

/// Statements that begin and end transactions; the first that fails is the last.
async fn control(tx: &mut Tx, sql: &'static str) -> Result<(), sqlx::Error> {
    match &mut tx.link {
        Link::Sqlite(connection) => connection.execute(sqlx::query(sql)).await.map(|_| ()),
        Link::Postgres(_) => Err(sqlx::Error::WorkerCrashed),
    }
}

/// A commit that fails on a full disk has not happened; of one that fails otherwise nobody knows.
fn committing(error: sqlx::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Full => StoreError::Full,
        _ => StoreError::Unknown,
    }
}
