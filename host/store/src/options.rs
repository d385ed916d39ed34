//! Where the database is. Passwords live here and nowhere in a message.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Which database, and how to reach it.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file that this one host writes.
    Sqlite(PathBuf),
    /// A server, as `postgres://user:password@host:port/database`.
    Postgres(String),
}

/// The text names no database that this program can open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a database is `sqlite:path/to/file.db` or `postgres://user:password@host:port/database`")]
pub struct NotADatabase;

impl FromStr for DatabaseUrl {
    type Err = NotADatabase;
    fn from_str(text: &str) -> Result<Self, NotADatabase> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        let path = text.strip_prefix("sqlite:").ok_or(NotADatabase)?;
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        if path.is_empty() || path == ":memory:" { Err(NotADatabase) } else { Ok(Self::Sqlite(path.into())) }
    }
}

/// What may be shown and logged: file, or host and database, never who signs in or with what.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "SQLite at {}", path.display()),
            Self::Postgres(url) => match url.parse::<sqlx::postgres::PgConnectOptions>() {
                Ok(options) => write!(
                    f,
                    "PostgreSQL database `{}` at {}:{}",
                    options.get_database().unwrap_or_else(|| options.get_username()),
                    options.get_host(),
                    options.get_port()
                ),
                Err(_) => f.write_str("PostgreSQL"),
            },
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    pub url: DatabaseUrl,
    /// Connections of the pool; on SQLite those that read, beside the one that writes.
    pub max_connections: u32,
    /// How long a caller waits for a connection, or for a place in the writer's queue, before it is told to come back.
    pub acquire: Duration,
    /// Whether a SQLite file that is not there is made. A PostgreSQL database is never made.
    pub create: bool,
}

impl StoreOptions {
    /// As long as a person waits who does not know why.
    pub const ACQUIRE: Duration = Duration::from_secs(2);
}

#[cfg(test)]
mod tests {
    use super::DatabaseUrl;

    #[test]
    fn a_database_is_named_without_its_password() {
        let url: DatabaseUrl = "postgres://lf:hush@db.example:5433/lignaflow".parse().unwrap();
        assert_eq!(
            format!("{url} {url:?}"),
            "PostgreSQL database `lignaflow` at db.example:5433 ".repeat(2).trim_end()
        );
        assert_eq!("sqlite:data/a.db?mode=rwc".parse(), Ok(DatabaseUrl::Sqlite("data/a.db".into())));
        assert_eq!("sqlite:///srv/a.db".parse(), Ok(DatabaseUrl::Sqlite("/srv/a.db".into())));
        assert!("mysql://x".parse::<DatabaseUrl>().is_err());
    }
}
