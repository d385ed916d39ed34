//! A database of its own for each test, gone when the test is.

use futures_util::FutureExt as _;
use lignaflow_core::Id;
use lignaflow_store::{Database as Handle, DatabaseUrl, Statement, StoreError, StoreOptions};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// `postgres://user@host:port/database`, whose user may make databases.
pub(crate) const POSTGRES: &str = "LIGNAFLOW_TEST_POSTGRES";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

/// An empty database and an empty folder. Clones are the same.
#[derive(Debug, Clone)]
pub struct Database(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    on: On,
    url: String,
    folder: TempDir,
    hosts: AtomicUsize,
}

/// Each named `async fn(Database)` as a test on SQLite and one on PostgreSQL.
#[macro_export]
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    $crate::on($crate::On::Sqlite, super::$name).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    $crate::on($crate::On::Postgres, super::$name).await;
                }
            )+
        }
    };
}

/// Each named `async fn(Database)` as a test on SQLite alone: of what no database has a part in.
#[macro_export]
macro_rules! on_one {
    ($($name:ident),+ $(,)?) => {
        mod tests {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    $crate::on($crate::On::Sqlite, super::$name).await;
                }
            )+
        }
    };
}

/// Runs a test on a fresh database, and takes the database away however the test ends.
pub async fn on<F: Future<Output = ()>>(on: On, test: impl FnOnce(Database) -> F) {
    let Some(database) = Database::fresh(on).await else { return };
    let outcome = AssertUnwindSafe(test(database.clone())).catch_unwind().await;
    database.forget().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

impl Database {
    async fn fresh(on: On) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let url = match on {
            On::Sqlite => format!("sqlite:{}", folder.path().join("lignaflow.db").display()),
            On::Postgres => {
                let server = crate::needs::found(POSTGRES, "postgres")?;
                let name = format!("test_{}", Id::fresh().to_string().replace('-', ""));
                define(&server, format!("create database {name}")).await;
                let (before, _) = server.rsplit_once('/').expect("the server's address ends in a database");
                format!("{before}/{name}")
            }
        };
        Some(Self(Arc::new(Inner { on, url, folder, hosts: AtomicUsize::new(0) })))
    }

    async fn forget(self) {
        if self.0.on == On::Postgres
            && let Ok(server) = std::env::var(POSTGRES)
            && let Some((_, name)) = self.0.url.rsplit_once('/')
        {
            define(&server, format!("drop database if exists {name} with (force)")).await;
        }
    }

    pub fn kind(&self) -> On {
        self.0.on
    }

    /// As the setting `database_url` has it.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// A folder that is removed with the database.
    pub fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    /// Where one more host on this database keeps what is its own.
    pub(crate) fn host_folder(&self) -> PathBuf {
        self.folder().join(format!("host-{}", self.0.hosts.fetch_add(1, Ordering::SeqCst)))
    }

    /// Changes rows past everything that looks after them, as a hand or a disk may. How many they were.
    pub async fn behind_the_back(&self, sql: String) -> u64 {
        let url: DatabaseUrl = self.url().parse().expect("the test's own address");
        let options = StoreOptions { url, max_connections: 1, acquire: StoreOptions::ACQUIRE, create: false };
        let database = Handle::open(&options).await.expect("the test's database");
        // Statements are literals; a test's few more live as long as the test's process.
        let statement = Statement::new(String::leak(sql), Vec::new()).once();
        let done: Result<u64, StoreError> =
            database.write(move |tx| Box::pin(async move { tx.execute(statement).await })).await;
        database.close().await;
        done.expect("a statement that this database takes")
    }

    /// Makes it look as if a later program had migrated it.
    pub async fn come_from_the_future(&self) {
        let url: DatabaseUrl = self.url().parse().expect("the test's own address");
        let options = StoreOptions { url, max_connections: 1, acquire: StoreOptions::ACQUIRE, create: false };
        let database = Handle::open(&options).await.expect("the test's database");
        let sql = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                   select 999999, description, success, checksum, execution_time from _sqlx_migrations \
                   where version = (select max(version) from _sqlx_migrations)";
        let again = Statement::new(sql, Vec::new());
        let done: Result<u64, StoreError> =
            database.write(move |tx| Box::pin(async move { tx.execute(again).await })).await;
        assert_eq!(done.expect("a migration to copy"), 1);
        database.close().await;
    }
}

/// Runs a statement that defines something, outside any transaction.
pub(crate) async fn define(server: &str, sql: String) {
    let url = DatabaseUrl::Postgres(server.to_owned());
    let options = StoreOptions { url, max_connections: 1, acquire: StoreOptions::ACQUIRE, create: false };
    let database = Handle::open(&options).await.expect("the server of LIGNAFLOW_TEST_POSTGRES");
    // Statements are literals; a test's two more live as long as the test's process.
    let statement = Statement::new(String::leak(sql), Vec::new()).once();
    database.fetch_all(statement).await.expect("a database of the test's own");
    database.close().await;
}
