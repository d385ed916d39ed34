//! Who is asked to join an organization, by the SHA-256 of the secret in the link.

use super::{Source, members, optional_id, parsed, values};
use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use crate::mail::State;
use lignaflow_core::caller::Role;
use lignaflow_core::clock::Micros;
use lignaflow_core::{Id, OrganizationId, PersonId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: Id,
    pub organization: OrganizationId,
    /// Whose it is alone; empty where it is for whoever has the link.
    pub email: String,
    /// What is known of their name.
    pub name: String,
    /// The person without sign-in that is made somebody's.
    pub person: Option<PersonId>,
    pub role: Role,
    /// Roles that plugins declare, as `plugin.role`, and the organization's own.
    pub roles: Vec<String>,
    pub invited_by: PersonId,
    pub created_at: Micros,
    pub expires_at: Micros,
    pub accepted_at: Option<Micros>,
    pub accepted_by: Option<PersonId>,
    pub withdrawn_at: Option<Micros>,
    /// The letter that it went out with last, until that is forgotten.
    pub letter: Option<SentLetter>,
}

/// How a letter stands that an invitation went out with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentLetter {
    pub id: Id,
    pub state: State,
    pub attempts: i64,
    pub tried_at: Option<Micros>,
    /// Why the last try failed.
    pub error: Option<String>,
    /// Whether what it says is still known, so that the same can be sent again.
    pub known: bool,
}

macro_rules! invitation {
    ($rest:literal) => {
        concat!(
            "select i.id, i.organization, i.email, i.name, i.person, i.role, i.roles, i.invited_by, i.created_at, \
             i.expires_at, i.accepted_at, i.accepted_by, i.withdrawn_at, m.id, m.state, m.attempts, m.tried_at, \
             m.error, m.letter is not null from invitations i \
             left join mail m on m.id = i.letter and m.organization = i.organization ",
            $rest
        )
    };
}

fn of_row(row: &Row) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        id: row.id(0)?,
        organization: OrganizationId(row.id(1)?),
        email: row.text(2)?,
        name: row.text(3)?,
        person: row.opt_id(4)?.map(PersonId),
        role: parsed(&row.text(5)?, "invitations.role")?,
        roles: members::roles_of(&row.text(6)?),
        invited_by: PersonId(row.id(7)?),
        created_at: row.i64(8)?,
        expires_at: row.i64(9)?,
        accepted_at: row.opt_i64(10)?,
        accepted_by: row.opt_id(11)?.map(PersonId),
        withdrawn_at: row.opt_i64(12)?,
        letter: letter_of(row)?,
    })
}

fn letter_of(row: &Row) -> Result<Option<SentLetter>, StoreError> {
    let Some(id) = row.opt_id(13)? else { return Ok(None) };
    Ok(Some(SentLetter {
        id,
        state: State::of(&row.text(14)?)?,
        attempts: row.i64(15)?,
        tried_at: row.opt_i64(16)?,
        error: row.opt_text(17)?,
        known: row.bool(18)?,
    }))
}

/// Those of an organization, the latest first, also those that came to an end.
pub async fn of(source: impl Source, organization: OrganizationId, limit: u32) -> Result<Vec<Invitation>, StoreError> {
    let statement = Statement::new(
        invitation!("where i.organization = $1 order by i.created_at desc, i.id desc limit $2"),
        values![organization.0.uuid(), i64::from(limit)],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

/// How many of an organization may still be accepted.
pub async fn open(source: impl Source, organization: OrganizationId, now: Micros) -> Result<i64, StoreError> {
    let statement = Statement::new(
        "select count(*) from invitations where organization = $1 and expires_at > $2 and accepted_at is null \
         and withdrawn_at is null",
        values![organization.0.uuid(), now],
    );
    source.optional(statement).await?.map_or(Ok(0), |row| row.i64(0))
}

/// By the hash of its secret, whatever has become of it.
pub async fn by_hash(source: impl Source, hash: &[u8; 32]) -> Result<Option<Invitation>, StoreError> {
    let statement = Statement::new(invitation!("where i.hash = $1"), values![hash.to_vec()]);
    source.optional(statement).await?.map(|row| of_row(&row)).transpose()
}

pub async fn one(source: impl Source, organization: OrganizationId, id: Id) -> Result<Option<Invitation>, StoreError> {
    let statement = Statement::new(
        invitation!("where i.organization = $1 and i.id = $2"),
        values![organization.0.uuid(), id.uuid()],
    );
    source.optional(statement).await?.map(|row| of_row(&row)).transpose()
}

/// Keeps with which letter it goes out.
pub async fn set_letter(tx: &mut Tx, organization: OrganizationId, id: Id, letter: Id) -> Result<(), StoreError> {
    let statement = Statement::new(
        "update invitations set letter = $3 where organization = $1 and id = $2",
        values![organization.0.uuid(), id.uuid(), letter.uuid()],
    );
    tx.execute(statement).await.map(|_| ())
}

/// Has another secret serve in the place of the one before.
pub async fn renew(tx: &mut Tx, organization: OrganizationId, id: Id, hash: &[u8; 32]) -> Result<(), StoreError> {
    let statement = Statement::new(
        "update invitations set hash = $3 where organization = $1 and id = $2",
        values![organization.0.uuid(), id.uuid(), hash.to_vec()],
    );
    tx.execute(statement).await.map(|_| ())
}

pub async fn insert(tx: &mut Tx, invitation: &Invitation, email_key: &str, hash: &[u8; 32]) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into invitations (id, organization, hash, email, email_key, name, person, role, roles, invited_by, \
         created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        values![
            invitation.id.uuid(),
            invitation.organization.0.uuid(),
            hash.to_vec(),
            invitation.email.as_str(),
            email_key,
            invitation.name.as_str(),
            optional_id(invitation.person.map(|person| person.0)),
            invitation.role.as_str(),
            invitation.roles.join(" "),
            invitation.invited_by.0.uuid(),
            invitation.created_at,
            invitation.expires_at,
        ],
    ))
    .await
    .map(|_| ())
}

/// Uses an invitation up. Of several who try at once, one is told true.
pub async fn accept(tx: &mut Tx, id: Id, person: PersonId, now: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update invitations set accepted_at = $1, accepted_by = $2 where id = $3 and accepted_at is null \
         and withdrawn_at is null and expires_at > $1",
        values![now, person.0.uuid(), id.uuid()],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Whether there was one that could still be accepted.
pub async fn withdraw(tx: &mut Tx, organization: OrganizationId, id: Id, now: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update invitations set withdrawn_at = $1 where organization = $2 and id = $3 and accepted_at is null \
         and withdrawn_at is null",
        values![now, organization.0.uuid(), id.uuid()],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Withdraws those that an address or a person without sign-in still has: a new one takes their place.
pub async fn supersede(
    tx: &mut Tx,
    organization: OrganizationId,
    email_key: &str,
    person: Option<PersonId>,
    now: Micros,
) -> Result<(), StoreError> {
    let statement = Statement::new(
        "update invitations set withdrawn_at = $1 where organization = $2 and accepted_at is null \
         and withdrawn_at is null and (($3 <> '' and email_key = $3) or person = $4)",
        values![now, organization.0.uuid(), email_key, optional_id(person.map(|person| person.0))],
    );
    tx.execute(statement).await.map(|_| ())
}
