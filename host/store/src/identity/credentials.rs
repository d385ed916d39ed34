//! Who holds a secret: the one statement that every request begins with, and the one that a sign-in does.

use super::roles::{self, OwnRole};
use super::tokens::Scope;
use super::{Source, members, organizations, parsed, people, values};
use crate::database::{Database, Statement};
use crate::error::StoreError;
use lignaflow_core::caller::Role;
use lignaflow_core::clock::Micros;
use lignaflow_core::{Id, OrganizationId, PersonId};
use std::sync::Arc;

/// A session as it is, and whose: also one that has run out, or whose person may not act any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionHolder {
    pub id: Id,
    pub organization: OrganizationId,
    pub last_seen_at: Micros,
    pub expires_at: Micros,
    /// When the person has last proved who they are.
    pub proved_at: Micros,
    /// The enrolled device, where it was opened on one by PIN.
    pub device: Option<Id>,
    pub person: Arc<people::Person>,
    /// Where the person is an active member, by name; the session's own is missing if they are not one there any more.
    pub memberships: Vec<(Arc<organizations::Organization>, Role)>,
    /// Roles that they have in the session's own.
    pub roles: Vec<String>,
    /// What the session's own makes of roles.
    pub own_roles: Vec<OwnRole>,
}

pub async fn session(database: &Database, token_hash: &[u8; 32]) -> Result<Option<SessionHolder>, StoreError> {
    const PERSON: usize = 6;
    const ROLE: usize = PERSON + people::WIDTH;
    let statement = Statement::new(
        concat!(
            "select s.id, s.organization, s.last_seen_at, s.expires_at, s.proved_at, s.device, ",
            people::columns!(),
            ", m.role, m.roles, ",
            organizations::columns!(),
            " from sessions s join people p on p.id = s.person \
             left join memberships m on m.person = s.person and m.active \
             left join organizations o on o.id = m.organization where s.token_hash = $1 order by o.name_key"
        ),
        values![token_hash.to_vec()],
    );
    let rows = database.fetch_all(statement).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let mut memberships = Vec::with_capacity(rows.len());
    let mut roles = Vec::new();
    for row in &rows {
        if let Some(role) = row.opt_text(ROLE)? {
            let organization = organizations::of_row(row, ROLE + 2)?;
            if organization.id.0 == first.id(1)? {
                roles = members::roles_of(&row.text(ROLE + 1)?);
            }
            memberships.push((Arc::new(organization), parsed(&role, "memberships.role")?));
        }
    }
    Ok(Some(SessionHolder {
        id: first.id(0)?,
        organization: OrganizationId(first.id(1)?),
        last_seen_at: first.i64(2)?,
        expires_at: first.i64(3)?,
        proved_at: first.i64(4)?,
        device: first.opt_id(5)?,
        person: Arc::new(people::of_row(first, PERSON)?),
        memberships,
        roles,
        own_roles: roles::of(database, OrganizationId(first.id(1)?)).await?,
    }))
}

/// A token as it is, and whose: also one that was revoked, has run out, or whose owner may not act any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHolder {
    pub id: Id,
    pub scope: Scope,
    pub expires_at: Option<Micros>,
    pub last_used_at: Option<Micros>,
    pub revoked_at: Option<Micros>,
    pub person: Arc<people::Person>,
    pub role: Role,
    /// Roles that the owner has in the organization.
    pub roles: Vec<String>,
    /// What the organization makes of roles.
    pub own_roles: Vec<OwnRole>,
    /// Whether the owner still belongs to the organization.
    pub member: bool,
    pub organization: Arc<organizations::Organization>,
}

pub async fn token(database: &Database, hash: &[u8; 32]) -> Result<Option<TokenHolder>, StoreError> {
    const PERSON: usize = 5;
    const ROLE: usize = PERSON + people::WIDTH;
    let statement = Statement::new(
        concat!(
            "select t.id, t.scope, t.expires_at, t.last_used_at, t.revoked_at, ",
            people::columns!(),
            ", m.role, m.roles, m.active, ",
            organizations::columns!(),
            " from tokens t join people p on p.id = t.person \
             join memberships m on m.organization = t.organization and m.person = t.person \
             join organizations o on o.id = t.organization where t.hash = $1"
        ),
        values![hash.to_vec()],
    );
    let Some(row) = database.fetch_optional(statement).await? else { return Ok(None) };
    let organization = organizations::of_row(&row, ROLE + 3)?;
    Ok(Some(TokenHolder {
        id: row.id(0)?,
        scope: parsed(&row.text(1)?, "tokens.scope")?,
        expires_at: row.opt_i64(2)?,
        last_used_at: row.opt_i64(3)?,
        revoked_at: row.opt_i64(4)?,
        person: Arc::new(people::of_row(&row, PERSON)?),
        role: parsed(&row.text(ROLE)?, "memberships.role")?,
        roles: members::roles_of(&row.text(ROLE + 1)?),
        member: row.bool(ROLE + 2)?,
        own_roles: roles::of(database, organization.id).await?,
        organization: Arc::new(organization),
    }))
}

/// Somebody as a member of an organization, whether they may act there or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub person: people::Person,
    pub role: Role,
    /// Roles that they have in the organization.
    pub roles: Vec<String>,
    /// What the organization makes of roles.
    pub own_roles: Vec<OwnRole>,
    /// Whether they still belong to the organization.
    pub member: bool,
    pub organization: organizations::Organization,
}

pub async fn standing(
    database: &Database,
    organization: OrganizationId,
    person: PersonId,
) -> Result<Option<Standing>, StoreError> {
    const ROLE: usize = people::WIDTH;
    let statement = Statement::new(
        concat!(
            "select ",
            people::columns!(),
            ", m.role, m.roles, m.active, ",
            organizations::columns!(),
            " from memberships m join people p on p.id = m.person join organizations o on o.id = m.organization \
             where m.organization = $1 and m.person = $2"
        ),
        values![organization.0.uuid(), person.0.uuid()],
    );
    let Some(row) = database.fetch_optional(statement).await? else { return Ok(None) };
    Ok(Some(Standing {
        own_roles: roles::of(database, organization).await?,
        person: people::of_row(&row, 0)?,
        role: parsed(&row.text(ROLE)?, "memberships.role")?,
        roles: members::roles_of(&row.text(ROLE + 1)?),
        member: row.bool(ROLE + 2)?,
        organization: organizations::of_row(&row, ROLE + 3)?,
    }))
}

/// What a sign-in compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub person: people::Person,
    /// PHC string of argon2id.
    pub password_hash: Option<String>,
    /// Whether the person has signed in from that address and still has the session.
    pub at_home: bool,
}

/// `idle_since`: a session that was not seen since is over.
pub async fn account(
    source: impl Source,
    email_key: &str,
    address: &str,
    now: Micros,
    idle_since: Micros,
) -> Result<Option<Account>, StoreError> {
    let statement = Statement::new(
        concat!(
            "select ",
            people::columns!(),
            ", p.password_hash, exists (select 1 from sessions s where s.person = p.id and s.address = $2 \
             and s.expires_at > $3 and (s.device is not null or s.last_seen_at > $4)) from people p where p.email_key = $1"
        ),
        values![email_key, address, now, idle_since],
    );
    let Some(row) = source.optional(statement).await? else { return Ok(None) };
    Ok(Some(Account {
        person: people::of_row(&row, 0)?,
        password_hash: row.opt_text(people::WIDTH)?,
        at_home: row.bool(people::WIDTH + 1)?,
    }))
}
