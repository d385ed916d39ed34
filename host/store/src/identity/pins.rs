//! Names and PINs of members, which serve on enrolled devices of their organization alone.

use super::{Source, values};
use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::clock::Micros;
use lignaflow_core::{Id, OrganizationId, PersonId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    pub person: PersonId,
    pub username: String,
    /// PHC string of argon2id.
    pub hash: String,
}

macro_rules! pin {
    ($rest:literal) => {
        concat!("select person, username, hash from pins ", $rest)
    };
}

fn of_row(row: &Row) -> Result<Pin, StoreError> {
    Ok(Pin { person: PersonId(row.id(0)?), username: row.text(1)?, hash: row.text(2)? })
}

/// Those of an organization, by name.
pub async fn of(source: impl Source, organization: OrganizationId, limit: u32) -> Result<Vec<Pin>, StoreError> {
    let statement = Statement::new(
        pin!("where organization = $1 order by username_key limit $2"),
        values![organization.0.uuid(), i64::from(limit)],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

pub async fn named(source: impl Source, organization: OrganizationId, key: &str) -> Result<Option<Pin>, StoreError> {
    let statement =
        Statement::new(pin!("where organization = $1 and username_key = $2"), values![organization.0.uuid(), key]);
    source.optional(statement).await?.map(|row| of_row(&row)).transpose()
}

pub async fn one(
    source: impl Source,
    organization: OrganizationId,
    person: PersonId,
) -> Result<Option<Pin>, StoreError> {
    let statement = Statement::new(
        pin!("where organization = $1 and person = $2"),
        values![organization.0.uuid(), person.0.uuid()],
    );
    source.optional(statement).await?.map(|row| of_row(&row)).transpose()
}

/// A member's name and PIN, in the place of those before.
pub async fn set(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    (username, key): (&str, &str),
    hash: &str,
    at: Micros,
) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into pins (organization, person, username, username_key, hash, set_at) values ($1, $2, $3, $4, $5, $6) \
         on conflict (organization, person) do update set username = excluded.username, \
         username_key = excluded.username_key, hash = excluded.hash, set_at = excluded.set_at",
        values![organization.0.uuid(), person.0.uuid(), username, key, hash, at],
    ))
    .await
    .map(|_| ())
}

/// Whether there was one.
pub async fn remove(tx: &mut Tx, organization: OrganizationId, person: PersonId) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "delete from pins where organization = $1 and person = $2",
        values![organization.0.uuid(), person.0.uuid()],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Whether the PIN is that one still; until the transaction ends it is.
pub async fn stands(tx: &mut Tx, organization: OrganizationId, known: &Pin) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update pins set hash = hash where organization = $1 and person = $2 and hash = $3",
        values![organization.0.uuid(), known.person.0.uuid(), known.hash.as_str()],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Ends the sessions that a member has opened by PIN, but the one that asks.
pub async fn end_sessions(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    but: Option<Id>,
) -> Result<u64, StoreError> {
    let but = but.unwrap_or(Id::from_bytes([0; 16]));
    let statement = Statement::new(
        "delete from sessions where person = $1 and organization = $2 and device is not null and id <> $3",
        values![person.0.uuid(), organization.0.uuid(), but.uuid()],
    );
    tx.execute(statement).await
}
