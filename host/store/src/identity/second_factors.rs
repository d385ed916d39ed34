//! Second factors: the sealed secret of an authenticator, and codes that stand in for it once each.

use super::{Source, values};
use crate::database::{Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::PersonId;
use lignaflow_core::clock::Micros;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    pub person: PersonId,
    /// Sealed.
    pub secret: Vec<u8>,
    /// Nothing until a first code has shown that the authenticator has it.
    pub confirmed_at: Option<Micros>,
}

pub async fn of(source: impl Source, person: PersonId) -> Result<Option<SecondFactor>, StoreError> {
    let statement =
        Statement::new("select secret, confirmed_at from second_factors where person = $1", values![person.0.uuid()]);
    source
        .optional(statement)
        .await?
        .map(|row| Ok(SecondFactor { person, secret: row.bytes(0)?, confirmed_at: row.opt_i64(1)? }))
        .transpose()
}

/// A secret that is to be confirmed, in the place of one that was not. Whether it is now the secret.
pub async fn begin(tx: &mut Tx, person: PersonId, secret: &[u8], at: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "insert into second_factors (person, secret, created_at, last_step) values ($1, $2, $3, 0) \
         on conflict (person) do update set secret = excluded.secret, created_at = excluded.created_at, last_step = 0 \
         where second_factors.confirmed_at is null",
        values![person.0.uuid(), secret.to_vec(), at],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Uses a step up: a code is taken once (RFC 6238, 5.2). Of several who try at once, one is told true.
pub async fn take_step(tx: &mut Tx, person: PersonId, step: i64) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update second_factors set last_step = $1 where person = $2 and last_step < $1",
        values![step, person.0.uuid()],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// From now on it is asked for.
pub async fn confirm(tx: &mut Tx, person: PersonId, at: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update second_factors set confirmed_at = $1 where person = $2 and confirmed_at is null",
        values![at, person.0.uuid()],
    );
    let confirmed = tx.execute(statement).await? > 0;
    let statement =
        Statement::new("update people set second_factor_at = $1 where id = $2", values![at, person.0.uuid()]);
    tx.execute(statement).await?;
    Ok(confirmed)
}

/// It is asked for no more, and no code serves.
pub async fn remove(tx: &mut Tx, person: PersonId) -> Result<bool, StoreError> {
    let none: Option<Micros> = None;
    let person = person.0.uuid();
    tx.execute(Statement::new("update people set second_factor_at = $1 where id = $2", values![none, person])).await?;
    tx.execute(Statement::new("delete from recovery_codes where person = $1", values![person])).await?;
    Ok(tx.execute(Statement::new("delete from second_factors where person = $1", values![person])).await? > 0)
}

/// These codes and no others, by their hashes.
pub async fn set_recovery(tx: &mut Tx, person: PersonId, hashes: &[[u8; 32]]) -> Result<(), StoreError> {
    tx.execute(Statement::new("delete from recovery_codes where person = $1", values![person.0.uuid()])).await?;
    for hash in hashes {
        tx.execute(Statement::new(
            "insert into recovery_codes (person, hash) values ($1, $2)",
            values![person.0.uuid(), hash.to_vec()],
        ))
        .await?;
    }
    Ok(())
}

/// Uses a code up. Of several who try at once, one is told true.
pub async fn take_recovery(tx: &mut Tx, person: PersonId, hash: &[u8; 32], at: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update recovery_codes set used_at = $1 where person = $2 and hash = $3 and used_at is null",
        values![at, person.0.uuid(), hash.to_vec()],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// How many codes are left.
pub async fn recovery_left(source: impl Source, person: PersonId) -> Result<i64, StoreError> {
    let statement = Statement::new(
        "select count(*) from recovery_codes where person = $1 and used_at is null",
        values![person.0.uuid()],
    );
    source.optional(statement).await?.map_or(Ok(0), |row| row.i64(0))
}
