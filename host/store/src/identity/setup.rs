//! The one-time secret that makes the first organization.

use super::{Source, values};
use crate::database::{Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::clock::Micros;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    pub token_hash: Vec<u8>,
    pub expires_at: Micros,
    pub used_at: Option<Micros>,
}

pub async fn get(source: impl Source) -> Result<Option<Setup>, StoreError> {
    let statement = Statement::new("select token_hash, expires_at, used_at from setup where id = 1", Vec::new());
    source
        .optional(statement)
        .await?
        .map(|row| Ok(Setup { token_hash: row.bytes(0)?, expires_at: row.i64(1)?, used_at: row.opt_i64(2)? }))
        .transpose()
}

/// A new secret in place of any before it, unless one was used: whether it is now the secret.
pub async fn replace(tx: &mut Tx, token_hash: &[u8; 32], expires_at: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "insert into setup (id, token_hash, expires_at) values (1, $1, $2) on conflict (id) do update \
         set token_hash = excluded.token_hash, expires_at = excluded.expires_at where setup.used_at is null",
        values![token_hash.to_vec(), expires_at],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Uses the secret up. Of several who try at once, one is told true.
pub async fn take(tx: &mut Tx, token_hash: &[u8; 32], now: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update setup set used_at = $1 where id = 1 and used_at is null and expires_at > $1 and token_hash = $2",
        values![now, token_hash.to_vec()],
    );
    Ok(tx.execute(statement).await? > 0)
}
