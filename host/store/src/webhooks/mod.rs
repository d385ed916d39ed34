//! Who is told of changes elsewhere, and what they were told: rows in, rows out. `host/server` decides.
//!
//! A webhook has a place in the change log, up to which changes were turned into [`deliveries`]. Both are kept in one
//! transaction, so that each change is turned into one delivery, however often a host dies on the way.

pub mod deliveries;

use crate::database::{Dialect, Row, Statement, Tx};
use crate::error::StoreError;
use crate::identity::{Source, values};
use crate::log::{LogKind, LogPosition, Seen};
use lignaflow_core::clock::Micros;
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Id, OrganizationId, PersonId};
use sea_query::Value;

/// Deliveries that wait for one webhook at most. What comes after stays in the log until there is room.
pub const MAX_WAITING: i64 = 1_000;

/// Why nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Paused {
    ByHand,
    /// Every try has failed for too long.
    Failing,
    /// Whoever made it is not active any more, so there is nobody whose view could be told.
    Owner,
}

impl Paused {
    pub const ALL: [Self; 3] = [Self::ByHand, Self::Failing, Self::Owner];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ByHand => "by-hand",
            Self::Failing => "failing",
            Self::Owner => "owner",
        }
    }
}

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub organization: OrganizationId,
    pub id: Id,
    pub url: String,
    pub description: String,
    /// All, where none are named.
    pub collections: Vec<CollectionName>,
    /// All, where none are named.
    pub kinds: Vec<LogKind>,
    /// Sealed.
    pub secret: Vec<u8>,
    /// The one before, sealed, and until when it signs as well.
    pub former_secret: Option<(Vec<u8>, Micros)>,
    pub paused: Option<(Paused, Micros)>,
    /// Since when every try has failed.
    pub failing_since: Option<Micros>,
    pub failures: i64,
    /// It is told what they may see.
    pub created_by: PersonId,
    pub created_at: Micros,
    pub updated_at: Micros,
    /// How far the log was turned into deliveries.
    pub position: LogPosition,
    /// What was there already when it was made: it is not told of that, though it lies beyond its first position.
    pub begins: Option<Seen>,
}

macro_rules! columns {
    () => {
        "w.organization, w.id, w.url, w.description, w.collections, w.kinds, w.secret, w.former_secret, \
         w.former_until, w.paused, w.paused_at, w.failing_since, w.failures, w.created_by, w.created_at, w.updated_at, \
         w.log_transaction, w.log_sequence, w.begins"
    };
}

macro_rules! webhook {
    ($rest:literal) => {
        concat!("select ", columns!(), " from webhooks w ", $rest)
    };
}

fn unreadable(what: &str) -> StoreError {
    StoreError::Broken(format!("a webhook holds {what} that cannot be read"))
}

fn list<T>(text: &str, read: impl Fn(&str) -> Option<T>, what: &str) -> Result<Vec<T>, StoreError> {
    let words: Vec<String> = serde_json::from_str(text).map_err(|_| unreadable(what))?;
    words.iter().map(|word| read(word).ok_or_else(|| unreadable(what))).collect()
}

pub(crate) fn kind(word: &str) -> Option<LogKind> {
    LogKind::ALL.into_iter().find(|kind| kind.as_str() == word)
}

pub(crate) fn position(row: &Row, at: usize) -> Result<LogPosition, StoreError> {
    let transaction = row.i64(at)?.try_into().map_err(|_| unreadable("a transaction"))?;
    Ok(LogPosition { transaction, sequence: row.i64(at + 1)? })
}

/// A position as two columns hold it. PostgreSQL gives out 2⁶³ transactions before these would not fit.
pub(crate) fn parts(position: LogPosition) -> Result<[Value; 2], StoreError> {
    let transaction = i64::try_from(position.transaction).map_err(|_| unreadable("a transaction"))?;
    Ok([transaction.into(), position.sequence.into()])
}

fn of_row(row: &Row) -> Result<Webhook, StoreError> {
    let paused = match (row.opt_text(9)?, row.opt_i64(10)?) {
        (Some(word), at) => {
            let why = Paused::ALL.into_iter().find(|why| why.as_str() == word);
            Some((why.ok_or_else(|| unreadable("a reason to pause"))?, at.unwrap_or_default()))
        }
        (None, _) => None,
    };
    Ok(Webhook {
        organization: OrganizationId(row.id(0)?),
        id: row.id(1)?,
        url: row.text(2)?,
        description: row.text(3)?,
        collections: list(&row.text(4)?, |word| word.parse().ok(), "collections")?,
        kinds: list(&row.text(5)?, kind, "kinds")?,
        secret: row.bytes(6)?,
        former_secret: row.opt_bytes(7)?.zip(row.opt_i64(8)?),
        paused,
        failing_since: row.opt_i64(11)?,
        failures: row.i64(12)?,
        created_by: PersonId(row.id(13)?),
        created_at: row.i64(14)?,
        updated_at: row.i64(15)?,
        position: position(row, 16)?,
        begins: row.opt_text(18)?.map(|text| text.parse()).transpose()?,
    })
}

fn words<T: ToString>(list: &[T]) -> String {
    serde_json::Value::from(list.iter().map(ToString::to_string).collect::<Vec<_>>()).to_string()
}

impl std::fmt::Display for LogKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The webhooks of an organization, the oldest first.
pub async fn of(source: impl Source, organization: OrganizationId, limit: u32) -> Result<Vec<Webhook>, StoreError> {
    let statement = Statement::new(
        webhook!("where w.organization = $1 order by w.created_at, w.id limit $2"),
        values![organization.0.uuid(), i64::from(limit)],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

pub async fn one(source: impl Source, organization: OrganizationId, id: Id) -> Result<Option<Webhook>, StoreError> {
    let statement =
        Statement::new(webhook!("where w.organization = $1 and w.id = $2"), values![organization.0.uuid(), id.uuid()]);
    source.optional(statement).await?.map(|row| of_row(&row)).transpose()
}

pub async fn insert(tx: &mut Tx, webhook: &Webhook) -> Result<(), StoreError> {
    let mut values = values![
        webhook.organization.0.uuid(),
        webhook.id.uuid(),
        webhook.url.as_str(),
        webhook.description.as_str(),
        words(&webhook.collections),
        words(&webhook.kinds),
        webhook.secret.clone(),
        webhook.created_by.0.uuid(),
        webhook.created_at,
        webhook.updated_at,
    ];
    values.extend(parts(webhook.position)?);
    values.push(webhook.begins.as_ref().map(|seen| seen.as_str().to_owned()).into());
    tx.execute(Statement::new(
        "insert into webhooks (organization, id, url, description, collections, kinds, secret, created_by, created_at, \
         updated_at, log_transaction, log_sequence, begins) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        values,
    ))
    .await
    .map(|_| ())
}

/// Keeps what a person may change, with secrets and the pause.
pub async fn save(tx: &mut Tx, webhook: &Webhook) -> Result<bool, StoreError> {
    let (former, until) = webhook.former_secret.clone().unzip();
    let (paused, paused_at) = webhook.paused.unzip();
    let statement = Statement::new(
        "update webhooks set url = $3, description = $4, collections = $5, kinds = $6, secret = $7, former_secret = $8, \
         former_until = $9, paused = $10, paused_at = $11, failing_since = $12, failures = $13, created_by = $14, \
         updated_at = $15 where organization = $1 and id = $2",
        values![
            webhook.organization.0.uuid(),
            webhook.id.uuid(),
            webhook.url.as_str(),
            webhook.description.as_str(),
            words(&webhook.collections),
            words(&webhook.kinds),
            webhook.secret.clone(),
            former,
            until,
            paused.map(|why| why.as_str().to_owned()),
            paused_at,
            webhook.failing_since,
            webhook.failures,
            webhook.created_by.0.uuid(),
            webhook.updated_at,
        ],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// With everything that it was told.
pub async fn remove(tx: &mut Tx, organization: OrganizationId, id: Id) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "delete from webhooks where organization = $1 and id = $2",
        values![organization.0.uuid(), id.uuid()],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Those of all organizations for which the log holds something new, and who have room for it.
pub async fn behind(source: impl Source, dialect: Dialect, limit: u32) -> Result<Vec<Webhook>, StoreError> {
    const ROOM: &str = "(select count(*) from deliveries d where d.organization = w.organization and d.webhook = w.id \
                        and d.state = 'waiting') < $1";
    let sql = match dialect {
        Dialect::Sqlite => format!(
            "select {} from webhooks w where w.paused is null and {ROOM} and exists (select 1 from changes c \
             where c.organization = w.organization and c.sequence > w.log_sequence) \
             order by w.organization, w.id limit $2",
            columns!()
        ),
        Dialect::Postgres => format!(
            "select {} from webhooks w where w.paused is null and {ROOM} and exists (select 1 from changes c \
             where c.organization = w.organization \
             and (c.xid, c.sequence) > (w.log_transaction::text::xid8, w.log_sequence) \
             and c.xid < pg_snapshot_xmin(pg_current_snapshot())) order by w.organization, w.id limit $2",
            columns!()
        ),
    };
    let statement = Statement::composed(sql, values![MAX_WAITING, i64::from(limit)]);
    source.all(statement).await?.iter().map(of_row).collect()
}

/// Notes that the log was turned into deliveries up to `next`. `false` where it was by somebody else, or is paused.
pub async fn advance(tx: &mut Tx, webhook: &Webhook, next: LogPosition) -> Result<bool, StoreError> {
    let mut values = values![webhook.organization.0.uuid(), webhook.id.uuid()];
    values.extend(parts(webhook.position)?);
    values.extend(parts(next)?);
    let statement = Statement::new(
        "update webhooks set log_transaction = $5, log_sequence = $6 where organization = $1 and id = $2 \
         and log_transaction = $3 and log_sequence = $4 and paused is null",
        values,
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Notes that a try went well.
pub async fn succeeded(tx: &mut Tx, organization: OrganizationId, id: Id) -> Result<(), StoreError> {
    let statement = Statement::new(
        "update webhooks set failing_since = null, failures = 0 where organization = $1 and id = $2 and failures > 0",
        values![organization.0.uuid(), id.uuid()],
    );
    tx.execute(statement).await.map(|_| ())
}

/// Notes that a try failed. Since when every one has, and how many; `None` where the webhook is gone.
pub async fn failed(
    tx: &mut Tx,
    organization: OrganizationId,
    id: Id,
    at: Micros,
) -> Result<Option<(Micros, i64)>, StoreError> {
    let statement = Statement::new(
        "update webhooks set failing_since = coalesce(failing_since, $3), failures = failures + 1 \
         where organization = $1 and id = $2 returning failing_since, failures",
        values![organization.0.uuid(), id.uuid(), at],
    );
    let row = tx.fetch_optional(statement).await?;
    row.map(|row| Ok((row.i64(0)?, row.i64(1)?))).transpose()
}

/// Stops sending. `false` where it was stopped before.
pub async fn pause(
    tx: &mut Tx,
    organization: OrganizationId,
    id: Id,
    why: Paused,
    at: Micros,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update webhooks set paused = $3, paused_at = $4, updated_at = $4 \
         where organization = $1 and id = $2 and paused is null",
        values![organization.0.uuid(), id.uuid(), why.as_str(), at],
    );
    Ok(tx.execute(statement).await? > 0)
}
