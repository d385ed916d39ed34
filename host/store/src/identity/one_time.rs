//! Secrets that stand for somebody once and for a short while, by their SHA-256: between two steps of signing in, or in a
//! message.

use super::{Source, optional_id, values};
use crate::database::{Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::PersonId;
use lignaflow_core::clock::Micros;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTime {
    /// What it is for.
    pub kind: String,
    pub person: Option<PersonId>,
    /// SHA-256 of what must come with it, such as a cookie of the browser that asked.
    pub binding: Option<Vec<u8>>,
    /// A JSON object.
    pub detail: serde_json::Value,
    pub tries: i64,
    pub created_at: Micros,
    pub expires_at: Micros,
}

pub async fn insert(tx: &mut Tx, hash: &[u8; 32], secret: &OneTime) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into one_time_secrets (hash, kind, person, binding, detail, tries, created_at, expires_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        values![
            hash.to_vec(),
            secret.kind.as_str(),
            optional_id(secret.person.map(|person| person.0)),
            secret.binding.clone(),
            secret.detail.to_string(),
            secret.tries,
            secret.created_at,
            secret.expires_at,
        ],
    ))
    .await
    .map(|_| ())
}

/// One that still serves.
pub async fn get(source: impl Source, hash: &[u8; 32], kind: &str, now: Micros) -> Result<Option<OneTime>, StoreError> {
    let statement = Statement::new(
        "select kind, person, binding, detail, tries, created_at, expires_at from one_time_secrets \
         where hash = $1 and kind = $2 and expires_at > $3",
        values![hash.to_vec(), kind, now],
    );
    source
        .optional(statement)
        .await?
        .map(|row| {
            let detail = row.text(3)?;
            Ok(OneTime {
                kind: row.text(0)?,
                person: row.opt_id(1)?.map(PersonId),
                binding: row.opt_bytes(2)?,
                detail: serde_json::from_str(&detail)
                    .map_err(|error| StoreError::Broken(format!("one_time_secrets.detail: {error}")))?,
                tries: row.i64(4)?,
                created_at: row.i64(5)?,
                expires_at: row.i64(6)?,
            })
        })
        .transpose()
}

/// Counts a try with it, up to so many. Whether it may be tried.
pub async fn attempt(tx: &mut Tx, hash: &[u8; 32], kind: &str, most: i64, now: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update one_time_secrets set tries = tries + 1 where hash = $1 and kind = $2 and tries < $3 and expires_at > $4",
        values![hash.to_vec(), kind, most, now],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Uses it up. Of several who try at once, one is told true.
pub async fn take(tx: &mut Tx, hash: &[u8; 32], kind: &str, now: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "delete from one_time_secrets where hash = $1 and kind = $2 and expires_at > $3",
        values![hash.to_vec(), kind, now],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Ends all of a person, of one kind.
pub async fn end_all(tx: &mut Tx, person: PersonId, kind: &str) -> Result<u64, StoreError> {
    let statement =
        Statement::new("delete from one_time_secrets where person = $1 and kind = $2", values![person.0.uuid(), kind]);
    tx.execute(statement).await
}

/// Forgets what has run out.
pub async fn sweep(tx: &mut Tx, now: Micros) -> Result<u64, StoreError> {
    tx.execute(Statement::new("delete from one_time_secrets where expires_at <= $1", values![now])).await
}
