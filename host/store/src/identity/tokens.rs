//! API tokens, by the SHA-256 of their secret.

use super::{Source, parsed, values};
use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::clock::Micros;
use lignaflow_core::{Id, OrganizationId, PersonId};
use std::str::FromStr;

/// How much of its owner's rights a token carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All that its owner may do, whenever it is used.
    All,
    /// Reading records.
    Read,
}

impl Scope {
    pub const ALL: [Self; 2] = [Self::All, Self::Read];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Read => "read",
        }
    }
}

/// The text names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is all or read")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: Id,
    pub organization: OrganizationId,
    pub person: PersonId,
    pub name: String,
    /// The first characters of the secret, to tell tokens apart.
    pub prefix: String,
    pub scope: Scope,
    pub created_at: Micros,
    pub expires_at: Option<Micros>,
    pub last_used_at: Option<Micros>,
    pub revoked_at: Option<Micros>,
}

macro_rules! token {
    ($rest:literal) => {
        concat!(
            "select id, organization, person, name, prefix, scope, created_at, expires_at, last_used_at, revoked_at \
             from tokens ",
            $rest
        )
    };
}

fn of_row(row: &Row) -> Result<Token, StoreError> {
    Ok(Token {
        id: row.id(0)?,
        organization: OrganizationId(row.id(1)?),
        person: PersonId(row.id(2)?),
        name: row.text(3)?,
        prefix: row.text(4)?,
        scope: parsed(&row.text(5)?, "tokens.scope")?,
        created_at: row.i64(6)?,
        expires_at: row.opt_i64(7)?,
        last_used_at: row.opt_i64(8)?,
        revoked_at: row.opt_i64(9)?,
    })
}

/// A person's tokens in an organization, the latest first, without those that were revoked.
pub async fn of(
    source: impl Source,
    organization: OrganizationId,
    person: PersonId,
    limit: u32,
) -> Result<Vec<Token>, StoreError> {
    let statement = Statement::new(
        token!(
            "where organization = $1 and person = $2 and revoked_at is null \
             order by created_at desc, id desc limit $3"
        ),
        values![organization.0.uuid(), person.0.uuid(), i64::from(limit)],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

/// All tokens of an organization, the latest first, without those that were revoked.
pub async fn of_all(source: impl Source, organization: OrganizationId, limit: u32) -> Result<Vec<Token>, StoreError> {
    let statement = Statement::new(
        token!("where organization = $1 and revoked_at is null order by created_at desc, id desc limit $2"),
        values![organization.0.uuid(), i64::from(limit)],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

pub async fn one(source: impl Source, organization: OrganizationId, id: Id) -> Result<Option<Token>, StoreError> {
    let statement =
        Statement::new(token!("where organization = $1 and id = $2"), values![organization.0.uuid(), id.uuid()]);
    source.optional(statement).await?.map(|row| of_row(&row)).transpose()
}

pub async fn insert(tx: &mut Tx, token: &Token, hash: &[u8; 32]) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into tokens (id, organization, person, name, prefix, hash, scope, created_at, expires_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        values![
            token.id.uuid(),
            token.organization.0.uuid(),
            token.person.0.uuid(),
            token.name.as_str(),
            token.prefix.as_str(),
            hash.to_vec(),
            token.scope.as_str(),
            token.created_at,
            token.expires_at,
        ],
    ))
    .await
    .map(|_| ())
}

/// Notes that a token is in use, unless that was noted after `unless_after`.
pub async fn used(tx: &mut Tx, id: Id, at: Micros, unless_after: Micros) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "update tokens set last_used_at = $1 where id = $2 and (last_used_at is null or last_used_at <= $3)",
        values![at, id.uuid(), unless_after],
    ))
    .await
    .map(|_| ())
}

/// Whether there was such a token that was not revoked before.
pub async fn revoke(tx: &mut Tx, organization: OrganizationId, id: Id, at: Micros) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update tokens set revoked_at = $1 where organization = $2 and id = $3 and revoked_at is null",
        values![at, organization.0.uuid(), id.uuid()],
    );
    Ok(tx.execute(statement).await? > 0)
}
