//! Sessions of browsers, by the SHA-256 of their secret.

use super::{Source, optional_id, values};
use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::clock::Micros;
use lignaflow_core::{Id, OrganizationId, PersonId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: Id,
    pub person: PersonId,
    /// The organization that the person is working in.
    pub organization: OrganizationId,
    pub created_at: Micros,
    pub last_seen_at: Micros,
    /// The end however much it is used.
    pub expires_at: Micros,
    pub user_agent: String,
    pub address: String,
    /// The enrolled device, where it was opened on one by PIN.
    pub device: Option<Id>,
}

fn of_row(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.id(0)?,
        person: PersonId(row.id(1)?),
        organization: OrganizationId(row.id(2)?),
        created_at: row.i64(3)?,
        last_seen_at: row.i64(4)?,
        expires_at: row.i64(5)?,
        user_agent: row.text(6)?,
        address: row.text(7)?,
        device: row.opt_id(8)?,
    })
}

/// A person's sessions, also those that have run out and were not swept yet, the latest first.
pub async fn of(source: impl Source, person: PersonId, limit: u32) -> Result<Vec<Session>, StoreError> {
    let statement = Statement::new(
        "select id, person, organization, created_at, last_seen_at, expires_at, user_agent, address, device \
         from sessions where person = $1 order by created_at desc, id desc limit $2",
        values![person.0.uuid(), i64::from(limit)],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

pub async fn insert(tx: &mut Tx, session: &Session, token_hash: &[u8; 32]) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into sessions (token_hash, id, person, organization, created_at, last_seen_at, expires_at, \
         user_agent, address, proved_at, device) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $5, $10)",
        values![
            token_hash.to_vec(),
            session.id.uuid(),
            session.person.0.uuid(),
            session.organization.0.uuid(),
            session.created_at,
            session.last_seen_at,
            session.expires_at,
            session.user_agent.as_str(),
            session.address.as_str(),
            optional_id(session.device),
        ],
    ))
    .await
    .map(|_| ())
}

/// Notes that a session is in use, unless that was noted after `unless_after`.
pub async fn seen(tx: &mut Tx, id: Id, at: Micros, unless_after: Micros) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "update sessions set last_seen_at = $1 where id = $2 and last_seen_at <= $3",
        values![at, id.uuid(), unless_after],
    ))
    .await
    .map(|_| ())
}

/// Has a session work in another organization from now on, under a new secret. When it ends, where there is one.
pub async fn switch(
    tx: &mut Tx,
    id: Id,
    organization: OrganizationId,
    token_hash: &[u8; 32],
) -> Result<Option<Micros>, StoreError> {
    let statement = Statement::new(
        "update sessions set organization = $1, token_hash = $2 where id = $3 returning expires_at",
        values![organization.0.uuid(), token_hash.to_vec(), id.uuid()],
    );
    tx.fetch_optional(statement).await?.map(|row| row.i64(0)).transpose()
}

/// Ends a session, if it is that person's. Whether there was one.
pub async fn end(tx: &mut Tx, person: PersonId, id: Id) -> Result<bool, StoreError> {
    let statement =
        Statement::new("delete from sessions where id = $1 and person = $2", values![id.uuid(), person.0.uuid()]);
    Ok(tx.execute(statement).await? > 0)
}

/// Ends all sessions of a person, in one organization where it is given. How many there were.
pub async fn end_all(tx: &mut Tx, person: PersonId, organization: Option<OrganizationId>) -> Result<u64, StoreError> {
    let statement = match organization {
        None => Statement::new("delete from sessions where person = $1", values![person.0.uuid()]),
        Some(organization) => Statement::new(
            "delete from sessions where person = $1 and organization = $2",
            values![person.0.uuid(), organization.0.uuid()],
        ),
    };
    tx.execute(statement).await
}

/// Gives a session a new secret, since its person has proved again who they are. When it ends, where there is one.
pub async fn prove(tx: &mut Tx, id: Id, token_hash: &[u8; 32], now: Micros) -> Result<Option<Micros>, StoreError> {
    let statement = Statement::new(
        "update sessions set token_hash = $1, proved_at = $2 where id = $3 returning expires_at",
        values![token_hash.to_vec(), now, id.uuid()],
    );
    tx.fetch_optional(statement).await?.map(|row| row.i64(0)).transpose()
}

/// Ends all sessions of a person but one. How many there were.
pub async fn end_others(tx: &mut Tx, person: PersonId, but: Id) -> Result<u64, StoreError> {
    let statement =
        Statement::new("delete from sessions where person = $1 and id <> $2", values![person.0.uuid(), but.uuid()]);
    tx.execute(statement).await
}

/// Forgets what has run out: `expires_at` passed, or not seen since `idle_since`. How many there were.
pub async fn sweep(tx: &mut Tx, now: Micros, idle_since: Micros) -> Result<u64, StoreError> {
    tx.execute(Statement::new(
        "delete from sessions where expires_at <= $1 or (last_seen_at <= $2 and device is null)",
        values![now, idle_since],
    ))
    .await
}
