//! Who belongs to which organization, as what.

use super::{Source, organizations, parsed, people, values};
use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::caller::Role;
use lignaflow_core::clock::Micros;
use lignaflow_core::{OrganizationId, PersonId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub person: people::Person,
    pub role: Role,
    pub active: bool,
    /// Roles that plugins declare, as `plugin.role`.
    pub roles: Vec<String>,
    /// When they joined.
    pub since: Micros,
    /// Who they were was taken away: they stand under a pseudonym, and are made nothing any more.
    pub erased: bool,
}

macro_rules! member {
    ($rest:literal) => {
        concat!(
            "select ",
            people::columns!(),
            ", m.role, m.active, m.roles, m.created_at, m.pseudonym from memberships m \
             join people p on p.id = m.person ",
            $rest
        )
    };
}

fn of_row(row: &Row) -> Result<Member, StoreError> {
    const AT: usize = people::WIDTH;
    let (mut person, pseudonym) = (people::of_row(row, 0)?, row.opt_text(AT + 4)?);
    let erased = pseudonym.is_some();
    if let Some(pseudonym) = pseudonym {
        // Elsewhere they may go by their name; here they do not.
        person = people::Person { email: String::new(), name: pseudonym, locale: None, time_zone: None, ..person };
    }
    Ok(Member {
        person,
        role: parsed(&row.text(AT)?, "memberships.role")?,
        active: row.bool(AT + 1)?,
        roles: roles_of(&row.text(AT + 2)?),
        since: row.i64(AT + 3)?,
        erased,
    })
}

/// Roles of plugins as a membership keeps them.
pub(super) fn roles_of(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// All members, also those who are not active any more, those of longest standing first.
pub async fn of(source: impl Source, organization: OrganizationId, limit: u32) -> Result<Vec<Member>, StoreError> {
    let statement = Statement::new(
        member!("where m.organization = $1 order by m.created_at, m.person limit $2"),
        values![organization.0.uuid(), i64::from(limit)],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

pub async fn one(
    source: impl Source,
    organization: OrganizationId,
    person: PersonId,
) -> Result<Option<Member>, StoreError> {
    let statement = Statement::new(
        member!("where m.organization = $1 and m.person = $2"),
        values![organization.0.uuid(), person.0.uuid()],
    );
    source.optional(statement).await?.map(|row| of_row(&row)).transpose()
}

/// The organizations that a person belongs to and may work in, with their role, by name.
pub async fn organizations_of(
    source: impl Source,
    person: PersonId,
) -> Result<Vec<(organizations::Organization, Role)>, StoreError> {
    let statement = Statement::new(
        concat!(
            "select m.role, ",
            organizations::columns!(),
            " from memberships m join organizations o on o.id = m.organization \
             where m.person = $1 and m.active order by o.name_key"
        ),
        values![person.0.uuid()],
    );
    source
        .all(statement)
        .await?
        .iter()
        .map(|row| Ok((organizations::of_row(row, 1)?, parsed(&row.text(0)?, "memberships.role")?)))
        .collect()
}

/// Owners who can act. Ask it after [`organizations::lock`] where a rule rests on it.
pub async fn active_owners(source: impl Source, organization: OrganizationId) -> Result<i64, StoreError> {
    let statement = Statement::new(
        "select count(*) from memberships m join people p on p.id = m.person \
         where m.organization = $1 and m.role = 'owner' and m.active and p.active",
        values![organization.0.uuid()],
    );
    source.optional(statement).await?.map_or(Ok(0), |row| row.i64(0))
}

pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    role: Role,
    at: Micros,
) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into memberships (organization, person, role, active, created_at) values ($1, $2, $3, $4, $5)",
        values![organization.0.uuid(), person.0.uuid(), role.as_str(), true, at],
    ))
    .await
    .map(|_| ())
}

/// Whether there was such a member.
pub async fn set(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    role: Role,
    active: bool,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update memberships set role = $1, active = $2 where organization = $3 and person = $4",
        values![role.as_str(), active, organization.0.uuid(), person.0.uuid()],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Takes a role away from all who have it, and answers how many there were.
pub async fn drop_role(tx: &mut Tx, organization: OrganizationId, role: &str) -> Result<u64, StoreError> {
    // Names of roles are letters, digits, dots and hyphens, so the pattern means itself.
    let statement = Statement::new(
        "update memberships set roles = trim(replace(' ' || roles || ' ', ' ' || $1 || ' ', ' ')) \
         where organization = $2 and ' ' || roles || ' ' like $3",
        values![role, organization.0.uuid(), format!("% {role} %")],
    );
    tx.execute(statement).await
}

/// Gives a member these roles of plugins and no others.
pub async fn set_roles(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    roles: &[String],
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update memberships set roles = $1 where organization = $2 and person = $3",
        values![roles.join(" "), organization.0.uuid(), person.0.uuid()],
    );
    Ok(tx.execute(statement).await? > 0)
}
