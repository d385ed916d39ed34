//! The key of a request that may come again, with its answer: written last, in the transaction of what it did, so that
//! the two are there together or not at all. Who comes second with the same key waits for the first, and is refused.

use crate::database::{Statement, Tx};
use crate::error::StoreError;
use crate::repeats::{columns, principal};
use lignaflow_core::commit::{Commit, Committed, Refusal, Repeat};
use lignaflow_core::repeat::KEPT;
use sea_query::Value as Sql;

/// Columns of a row, in the order of [`row`].
pub(super) const COLUMNS: &str = "organization, principal, key, fingerprint, at, done, status, headers, body";

pub(super) fn row(commit: &Commit, repeat: &Repeat, committed: &Committed) -> Result<[Sql; 9], StoreError> {
    let [status, headers, body] = columns((repeat.answer)(committed).as_ref())?;
    Ok([
        commit.access.organization().0.uuid().into(),
        principal(&commit.author.principal).into(),
        repeat.key.text.clone().into(),
        repeat.key.fingerprint.to_vec().into(),
        commit.at.into(),
        true.into(),
        status,
        headers,
        body,
    ])
}

pub(super) async fn take(tx: &mut Tx, commit: &Commit, committed: &Committed) -> Result<(), Refusal> {
    let Some(repeat) = &commit.repeat else { return Ok(()) };
    let mut values = row(commit, repeat, committed)?.to_vec();
    values.push((commit.at - KEPT).into());
    // A key of yesterday is free again.
    let sql = "insert into repeats (organization, principal, key, fingerprint, at, done, status, headers, body) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
               on conflict (organization, principal, key) do update set fingerprint = excluded.fingerprint, \
               at = excluded.at, done = excluded.done, status = excluded.status, headers = excluded.headers, \
               body = excluded.body where repeats.at <= $10";
    if tx.execute(Statement::new(sql, values)).await? == 0 { Err(Refusal::Repeated) } else { Ok(()) }
}
