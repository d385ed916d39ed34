//! The record store: SQL, all of it, on SQLite and PostgreSQL alike.
//!
//! | module | holds |
//! |---|---|
//! | [`options`], [`error`] | where the database is; what can go wrong with it |
//! | [`database`] | connections, statements, rows, transactions: the two drivers end here |
//! | [`layout`] | names of tables and columns, and values as columns hold them |
//! | [`schema`] | tables from descriptors, and from their next versions |
//! | [`commit`], [`log`] | transactions of records, and the log of what they changed |
//! | [`signal`] | who waits for changes of an organization is woken |
//! | [`read`] | the query tree in SQL: records, pages, counts, summaries |
//! | [`cache`] | results of reads, kept until what they rest on changes |
//! | [`repeats`] | answers of requests that may come again |
//! | [`identity`] | organizations, people, sessions, tokens, the audit of what is done with them |
//! | [`jobs`], [`schedules`], [`subscribers`] | work of plugins without a caller: what waits, what comes again, how far each was told |
//! | [`leases`] | which host does a work that only one is to do |
//! | [`webhooks`] | who is told of changes elsewhere, and what they were told |
//! | [`customs`] | fields that organizations add to collections |
//! | [`views`], [`view_uses`] | lists and reports that people keep under a name; who has one on their first page or in their mail |
//! | [`notices`], [`links`] | what people are told; ways in for people without an account |
//! | [`mail`] | letters that wait to be sent, and what became of them |
//! | [`media`] | what is known of the files that records hold |
//! | [`documents`] | documents that are to be made, and the templates that organizations have of their own |
//! | [`imports`] | files on their way to become records |
//! | [`foreign`] | tables of another program, read by who moves over from it |
//! | [`plugins`] | installed plugins, their versions and switches, what a registry is built from |

mod acts;
mod cache;
pub mod commit;
pub mod customs;
pub mod database;
pub mod documents;
pub mod error;
pub mod foreign;
pub mod identity;
pub mod imports;
pub mod jobs;
pub mod layout;
pub mod leases;
pub mod links;
pub mod log;
pub mod mail;
pub mod media;
pub mod notices;
pub mod options;
pub mod outbound;
pub mod plugins;
mod read;
pub mod repeats;
pub mod schedules;
pub mod schema;
pub mod sealed;
pub mod settings;
pub mod signal;
pub mod subscribers;
pub mod view_uses;
pub mod views;
pub mod webhooks;

pub use cache::{CacheCounts, CacheOptions};
pub use database::{Database, Dialect, Row, Statement, Tx, build};
pub use error::{OpenFault, StoreError, UniqueViolation};
pub use leases::Lease;
pub use log::{Horizon, LogEntry, LogKind, LogPosition, Seen};
pub use options::{DatabaseUrl, StoreOptions};
pub use repeats::Repeated;
use schema::Renames;
pub use schema::{
    Kept, KeptName, LastChange, NotKept, Purged, SchemaAction, SchemaConflict, SchemaFault, SchemaPlan, SchemaStep,
};
pub use signal::{Changes, Signal};
use std::sync::{Arc, RwLock};

/// An open store. Cheap to clone; all clones are one. What it does stands in the modules, one `impl` each.
#[derive(Debug, Clone)]
pub struct Store {
    database: Database,
    cache: Option<Arc<cache::Cache>>,
    signal: Signal,
    /// What the change log calls by other names, as of the schema applied last.
    renames: Arc<RwLock<Arc<Renames>>>,
}

impl Store {
    /// Connects, and asks nothing of the tables yet: [`Store::migrate`] or [`Store::check_migrated`] comes next.
    pub async fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        let database = Database::open(options).await?;
        let signal = Signal::new(database.dialect() == Dialect::Postgres);
        Ok(Self { database, cache: None, signal, renames: Arc::default() })
    }

    /// Questions that were asked of the database outside of transactions since it was opened.
    pub fn asked(&self) -> u64 {
        self.database.asked()
    }

    /// Brings the host's own tables to what this program needs. A database of a later program is refused.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.database.migrate().await?;
        self.adopt_log().await
    }

    /// Whether the host's own tables are those of this program, neither behind nor ahead.
    pub async fn check_migrated(&self) -> Result<(), StoreError> {
        self.database.check_migrated().await
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    pub fn dialect(&self) -> Dialect {
        self.database.dialect()
    }

    /// Whether the database answers now.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.database.ping().await
    }

    /// Lets what is under way end, then closes every connection.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
