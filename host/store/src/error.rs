//! What can go wrong with a database, told once for both: drivers' errors are turned into [`StoreError`] here and
//! nowhere else, and [`StoreError`] into the [`Refusal`] of a commit.

use lignaflow_core::commit::Refusal;
use std::borrow::Cow;

/// A read, a write or an opening that did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A unique index or primary key refused a row.
    #[error("a unique index refused a row: {0}")]
    Unique(UniqueViolation),
    /// Another transaction was in the way. Nothing happened; the same again may succeed.
    #[error("another transaction was in the way")]
    Contended,
    /// Not now. Nothing happened.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The connection broke while a commit was under way: it may or may not have happened.
    #[error("the connection broke during a commit, whose outcome is not known")]
    Unknown,
    #[error("the disk or a quota is full")]
    Full,
    /// What was asked for is more than can be told: a sum beyond 64 bits, a query of too many values.
    #[error("{0}")]
    TooLarge(String),
    /// A statement that the database refused, or an answer that cannot be read: a fault of this program or its data.
    #[error("{0}")]
    Broken(String),
    #[error("{0}")]
    Open(#[from] OpenFault),
}

/// Which index it was: PostgreSQL names it, SQLite names its columns as `table.column`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueViolation {
    pub index: Option<String>,
    pub columns: Vec<String>,
}

impl std::fmt::Display for UniqueViolation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.index {
            Some(index) => f.write_str(index),
            None => f.write_str(&self.columns.join(", ")),
        }
    }
}

/// Why a database cannot be used. Each says what to do about it; none holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenFault {
    #[error("there is no database at {0}; `lignaflow serve` makes one")]
    Missing(String),
    #[error("{target} cannot be opened: {cause}")]
    Unreachable { target: String, cause: String },
    #[error("SQLite {found} is linked; at least {needed} is needed, earlier ones can corrupt the log")]
    OldLibrary { found: String, needed: &'static str },
    #[error(
        "the database is newer than this program: it has migration {found}, this program knows up to {known}; \
         run the program that migrated it, or a later one"
    )]
    Newer { found: i64, known: i64 },
    #[error(
        "migration {version} was applied in another form than this program holds; the database is not of this line"
    )]
    Changed { version: i64 },
    #[error("migration {version} did not end; restore the database from its backup")]
    Dirty { version: i64 },
    #[error("the database is not migrated: it lacks migration {missing}; run `lignaflow migrate`")]
    Behind { missing: i64 },
    #[error("migration failed: {0}")]
    Failed(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) => {
                let code = inner.code().unwrap_or(Cow::Borrowed(""));
                let told = if inner.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
                    sqlite(&code, inner.message())
                } else {
                    postgres(&code, inner.constraint())
                };
                told.unwrap_or_else(|| {
                    tracing::error!(%error, "the database refused a statement");
                    Self::Broken(format!("the database refused a statement: {}", inner.message()))
                })
            }
            sqlx::Error::PoolTimedOut => Self::Unavailable("no connection was free in time".to_owned()),
            sqlx::Error::PoolClosed => Self::Unavailable("the store is closed".to_owned()),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => {
                tracing::warn!(%error, "the connection to the database failed");
                Self::Unavailable("the connection failed".to_owned())
            }
            _ => {
                tracing::error!(%error, "the database's answer cannot be read");
                Self::Broken(format!("the database's answer cannot be read: {error}"))
            }
        }
    }
}

/// A statement for tables as they were: another version of a plugin has renamed something, and this host follows within
/// a moment.
fn renamed(message: &str) -> StoreError {
    tracing::warn!(message, "a statement does not fit the tables; they were changed a moment ago");
    StoreError::Unavailable("the tables were changed just now".to_owned())
}

/// SQLite's result codes (sqlite.org/rescode.html).
fn sqlite(code: &str, message: &str) -> Option<StoreError> {
    let extended: i32 = code.parse().ok()?;
    Some(match (extended & 0xff, extended) {
        (_, 2067 | 1555) => StoreError::Unique(UniqueViolation {
            index: None,
            columns: message.rsplit(": ").next().unwrap_or_default().split(", ").map(str::to_owned).collect(),
        }),
        (9, _) => StoreError::Unavailable("a statement took too long".to_owned()),
        (13, _) => StoreError::Full,
        // What `sum` says when it does.
        (1, _) if message == "integer overflow" => StoreError::TooLarge("a sum goes beyond 64 bits".to_owned()),
        (5 | 6, _) => StoreError::Unavailable("another program holds the database".to_owned()),
        (1, _) if message.starts_with("no such column") || message.starts_with("no such table") => renamed(message),
        _ => return None,
    })
}

/// PostgreSQL's SQLSTATE (appendix A of its manual).
fn postgres(code: &str, constraint: Option<&str>) -> Option<StoreError> {
    Some(match code {
        "23505" => StoreError::Unique(UniqueViolation { index: constraint.map(str::to_owned), columns: Vec::new() }),
        "40001" | "40P01" | "55P03" => StoreError::Contended,
        "53100" => StoreError::Full,
        "42703" | "42P01" => renamed("undefined column or table"),
        "57014" => StoreError::Unavailable("a statement took too long".to_owned()),
        _ if code.starts_with("53") || code.starts_with("57P") || code.starts_with("08") || code == "25006" => {
            StoreError::Unavailable("the server does not take statements".to_owned())
        }
        _ => return None,
    })
}

impl StoreError {
    /// What an error means that a COMMIT ended in, or a statement that is a transaction of its own. A refusal of the
    /// server is one; a connection that failed, or was ended, leaves the outcome open.
    pub(crate) fn during_commit(error: sqlx::Error) -> Self {
        let refused = match &error {
            sqlx::Error::Database(inner) => {
                !inner.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
            }
            _ => false,
        };
        match Self::from(error) {
            Self::Unavailable(_) if !refused => Self::Unknown,
            other => other,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Contended => Self::Changed,
            StoreError::Unavailable(_) => Self::Unavailable,
            StoreError::Unknown => Self::Unknown,
            StoreError::Full => Self::Full,
            StoreError::Unique(_) | StoreError::TooLarge(_) | StoreError::Broken(_) | StoreError::Open(_) => {
                tracing::error!(%error, "a commit failed");
                Self::Broken
            }
        }
    }
}
