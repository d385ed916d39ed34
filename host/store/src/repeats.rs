//! Requests that came with an Idempotency-Key, and their answers, for as long as they are kept. Those of records are
//! written by [`crate::commit`], with what they did.

use crate::Store;
use crate::database::{Row, Statement};
use crate::error::StoreError;
use lignaflow_core::OrganizationId;
use lignaflow_core::caller::Principal;
use lignaflow_core::clock::Micros;
use lignaflow_core::repeat::{Answer, KEPT, RepeatKey};
use sea_query::Value as Sql;

/// Rows of one sweep at most: it holds the writer no longer than a commit does.
const SWEPT: i64 = 500;

/// A request that was sent before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated {
    pub key: String,
    pub fingerprint: Vec<u8>,
    pub at: Micros,
    /// Whether what it does is done, and not under way.
    pub done: bool,
    /// Nothing where it was lost with the process that was to give it.
    pub answer: Option<Answer>,
}

/// Whose key it is.
pub(crate) fn principal(principal: &Principal) -> String {
    match principal {
        Principal::Person(person) => person.to_string(),
        Principal::Plugin(plugin) => plugin.to_string(),
        Principal::Link(link) => link.to_string(),
        Principal::Anonymous => "anonymous".to_owned(),
    }
}

/// Status, headers and body of an answer as their columns hold them.
pub(crate) fn columns(answer: Option<&Answer>) -> Result<[Sql; 3], StoreError> {
    let Some(answer) = answer else { return Ok([Sql::BigInt(None), Sql::String(None), Sql::Bytes(None)]) };
    let headers = serde_json::to_string(&answer.headers)
        .map_err(|error| StoreError::Broken(format!("headers cannot be written: {error}")))?;
    Ok([i64::from(answer.status).into(), headers.into(), answer.body.clone().into()])
}

fn read(row: &Row) -> Result<Repeated, StoreError> {
    let unreadable = |what: &str| StoreError::Broken(format!("a kept answer has {what} that cannot be read"));
    let answer = match (row.opt_i64(4)?, row.opt_text(5)?) {
        (Some(status), Some(headers)) => Some(Answer {
            status: u16::try_from(status).map_err(|_| unreadable("a status"))?,
            headers: serde_json::from_str(&headers).map_err(|_| unreadable("headers"))?,
            body: row.opt_bytes(6)?.unwrap_or_default(),
        }),
        _ => None,
    };
    Ok(Repeated { key: row.text(0)?, fingerprint: row.bytes(1)?, at: row.i64(2)?, done: row.bool(3)?, answer })
}

impl Store {
    /// The request of that key, where it is still kept.
    pub async fn repeated(
        &self,
        organization: OrganizationId,
        whose: &Principal,
        key: &RepeatKey,
        now: Micros,
    ) -> Result<Option<Repeated>, StoreError> {
        let sql = "select key, fingerprint, at, done, status, headers, body from repeats \
                   where organization = $1 and principal = $2 and key = $3 and at > $4";
        let values =
            vec![organization.0.uuid().into(), principal(whose).into(), key.text.clone().into(), (now - KEPT).into()];
        self.database().fetch_optional(Statement::new(sql, values)).await?.as_ref().map(read).transpose()
    }

    /// The parts of a request that were carried out, where it broke off between them.
    pub async fn repeated_parts(
        &self,
        organization: OrganizationId,
        whose: &Principal,
        key: &RepeatKey,
        now: Micros,
    ) -> Result<Vec<Repeated>, StoreError> {
        let sql = "select key, fingerprint, at, done, status, headers, body from repeats \
                   where organization = $1 and principal = $2 and key > $3 and key < $4 and at > $5";
        let (from, to) = key.parts();
        let values =
            vec![organization.0.uuid().into(), principal(whose).into(), from.into(), to.into(), (now - KEPT).into()];
        self.database().fetch_all(Statement::new(sql, values)).await?.iter().map(read).collect()
    }

    /// Takes a key for a request whose work is not one transaction. Whether it was free: neither kept, nor under way
    /// since `begun_after`.
    pub async fn reserve_repeat(
        &self,
        organization: OrganizationId,
        whose: &Principal,
        key: &RepeatKey,
        now: Micros,
        begun_after: Micros,
    ) -> Result<bool, StoreError> {
        let sql = "insert into repeats (organization, principal, key, fingerprint, at, done) \
                   values ($1, $2, $3, $4, $5, $6) \
                   on conflict (organization, principal, key) do update set fingerprint = excluded.fingerprint, \
                   at = excluded.at, done = excluded.done, status = null, headers = null, body = null \
                   where repeats.at <= $7 or (not repeats.done and repeats.at <= $8)";
        let values = vec![
            organization.0.uuid().into(),
            principal(whose).into(),
            key.text.clone().into(),
            key.fingerprint.to_vec().into(),
            now.into(),
            false.into(),
            (now - KEPT).into(),
            begun_after.into(),
        ];
        self.write_repeat(Statement::new(sql, values)).await.map(|rows| rows > 0)
    }

    /// Gives a key back whose request did nothing.
    pub async fn release_repeat(
        &self,
        organization: OrganizationId,
        whose: &Principal,
        key: &RepeatKey,
    ) -> Result<(), StoreError> {
        let sql = "delete from repeats where organization = $1 and principal = $2 and key = $3 and not done";
        let values = vec![organization.0.uuid().into(), principal(whose).into(), key.text.clone().into()];
        self.write_repeat(Statement::new(sql, values)).await.map(|_| ())
    }

    /// Keeps the answer of a request that could not be kept with what it did. One that is kept already stays.
    pub async fn keep_repeat(
        &self,
        organization: OrganizationId,
        whose: &Principal,
        key: &RepeatKey,
        now: Micros,
        answer: &Answer,
    ) -> Result<(), StoreError> {
        let sql = "insert into repeats (organization, principal, key, fingerprint, at, done, status, headers, body) \
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                   on conflict (organization, principal, key) do update set at = excluded.at, done = excluded.done, \
                   status = excluded.status, headers = excluded.headers, body = excluded.body, \
                   fingerprint = excluded.fingerprint \
                   where repeats.at <= $10 or (repeats.status is null and repeats.fingerprint = excluded.fingerprint)";
        let [status, headers, body] = columns(Some(answer))?;
        let values = vec![
            organization.0.uuid().into(),
            principal(whose).into(),
            key.text.clone().into(),
            key.fingerprint.to_vec().into(),
            now.into(),
            true.into(),
            status,
            headers,
            body,
            (now - KEPT).into(),
        ];
        self.write_repeat(Statement::new(sql, values)).await.map(|_| ())
    }

    /// Forgets what is kept no longer. How many rows that were; there may be more.
    pub async fn sweep_repeats(&self, now: Micros) -> Result<u64, StoreError> {
        let sql = "delete from repeats where (organization, principal, key) in \
                   (select organization, principal, key from repeats where at <= $1 order by at limit $2)";
        self.write_repeat(Statement::new(sql, vec![(now - KEPT).into(), SWEPT.into()])).await
    }

    async fn write_repeat(&self, statement: Statement) -> Result<u64, StoreError> {
        self.database().write(move |tx| Box::pin(async move { tx.execute(statement).await })).await
    }
}
