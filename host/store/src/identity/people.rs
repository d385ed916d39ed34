//! People of the instance, whichever organizations they belong to.

use super::{Source, parsed, values};
use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::caller::Role;
use lignaflow_core::clock::Micros;
use lignaflow_core::{Id, OrganizationId, PersonId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    /// Empty for somebody without sign-in.
    pub email: String,
    pub name: String,
    /// Somebody else chose the password and still knows it.
    pub password_temporary: bool,
    /// BCP 47; nothing where the organization's applies.
    pub locale: Option<String>,
    /// IANA; nothing where the organization's applies.
    pub time_zone: Option<String>,
    pub instance_admin: bool,
    /// Whether a second factor is asked for.
    pub second_factor: bool,
    pub active: bool,
    pub created_at: Micros,
}

impl Person {
    /// Somebody new, active and nobody's administrator, who chose their own password if they have one. `email` is empty
    /// for somebody without sign-in.
    pub fn new(email: String, name: String, now: Micros) -> Self {
        Self {
            id: PersonId(Id::fresh()),
            email,
            name,
            password_temporary: false,
            locale: None,
            time_zone: None,
            instance_admin: false,
            second_factor: false,
            active: true,
            created_at: now,
        }
    }
}

/// The columns of [`Person`] in the order that [`of_row`] reads them.
macro_rules! columns {
    () => {
        "p.id, p.email, p.name, p.password_temporary, p.locale, p.time_zone, p.instance_admin, p.active, \
         p.created_at, p.second_factor_at is not null"
    };
}
pub(super) use columns;

/// How many columns a person takes.
pub(super) const WIDTH: usize = 10;

/// Reads a person whose columns begin at `at`.
pub(super) fn of_row(row: &Row, at: usize) -> Result<Person, StoreError> {
    Ok(Person {
        id: PersonId(row.id(at)?),
        email: row.text(at + 1)?,
        name: row.text(at + 2)?,
        password_temporary: row.bool(at + 3)?,
        locale: row.opt_text(at + 4)?,
        time_zone: row.opt_text(at + 5)?,
        instance_admin: row.bool(at + 6)?,
        active: row.bool(at + 7)?,
        created_at: row.i64(at + 8)?,
        second_factor: row.bool(at + 9)?,
    })
}

/// Whether there is any.
pub async fn exist(source: impl Source) -> Result<bool, StoreError> {
    Ok(source.optional(Statement::new("select 1 from people limit 1", Vec::new())).await?.is_some())
}

pub async fn by_email(source: impl Source, email_key: &str) -> Result<Option<Person>, StoreError> {
    let statement =
        Statement::new(concat!("select ", columns!(), " from people p where p.email_key = $1"), values![email_key]);
    source.optional(statement).await?.map(|row| of_row(&row, 0)).transpose()
}

/// The PHC string of a person's password; `None` also where they have none.
pub async fn password(source: impl Source, person: PersonId) -> Result<Option<String>, StoreError> {
    let statement = Statement::new("select password_hash from people where id = $1", values![person.0.uuid()]);
    match source.optional(statement).await? {
        Some(row) => row.opt_text(0),
        None => Ok(None),
    }
}

pub async fn insert(
    tx: &mut Tx,
    person: &Person,
    email_key: &str,
    password_hash: Option<&str>,
) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into people (id, email, email_key, name, password_hash, password_temporary, locale, time_zone, \
         instance_admin, active, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        values![
            person.id.0.uuid(),
            person.email.as_str(),
            email_key,
            person.name.as_str(),
            password_hash.map(str::to_owned),
            person.password_temporary,
            person.locale.clone(),
            person.time_zone.clone(),
            person.instance_admin,
            person.active,
            person.created_at,
        ],
    ))
    .await
    .map(|_| ())
}

/// Whether there was such a person.
pub async fn set_password(
    tx: &mut Tx,
    person: PersonId,
    password_hash: &str,
    temporary: bool,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update people set password_hash = $1, password_temporary = $2 where id = $3",
        values![password_hash, temporary, person.0.uuid()],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// What somebody without sign-in is kept under in the place of an address: no address has it, since it has no `@`.
pub fn no_address(person: PersonId) -> String {
    format!("#{person}")
}

/// Makes somebody without sign-in the one who has that address. Whether there was one.
pub async fn claim(
    tx: &mut Tx,
    person: PersonId,
    (email, email_key): (&str, &str),
    name: &str,
    password_hash: &str,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update people set email = $1, email_key = $2, name = $3, password_hash = $4, password_temporary = $5, \
         active = $6 where id = $7 and email = ''",
        values![email, email_key, name, password_hash, false, true, person.0.uuid()],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// Whether there was such a person.
pub async fn set_email(tx: &mut Tx, person: PersonId, email: &str, email_key: &str) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update people set email = $1, email_key = $2 where id = $3",
        values![email, email_key, person.0.uuid()],
    );
    Ok(tx.execute(statement).await? > 0)
}

/// What people say of themselves. Whether there was such a person.
pub async fn set_profile(
    tx: &mut Tx,
    person: PersonId,
    name: &str,
    locale: Option<String>,
    time_zone: Option<String>,
) -> Result<bool, StoreError> {
    let statement = Statement::new(
        "update people set name = $1, locale = $2, time_zone = $3 where id = $4",
        values![name, locale, time_zone, person.0.uuid()],
    );
    Ok(tx.execute(statement).await? > 0)
}

pub async fn one(source: impl Source, person: PersonId) -> Result<Option<Person>, StoreError> {
    let statement =
        Statement::new(concat!("select ", columns!(), " from people p where p.id = $1"), values![person.0.uuid()]);
    source.optional(statement).await?.map(|row| of_row(&row, 0)).transpose()
}

/// Whether there was such a person.
pub async fn set_active(tx: &mut Tx, person: PersonId, active: bool) -> Result<bool, StoreError> {
    let statement = Statement::new("update people set active = $1 where id = $2", values![active, person.0.uuid()]);
    Ok(tx.execute(statement).await? > 0)
}

/// Someone as the plugins of one organization see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub id: Id,
    pub name: String,
    pub active: bool,
    pub locale: String,
    pub time_zone: String,
    pub role: Role,
    pub instance_admin: bool,
    /// Roles that plugins declare, as `plugin.role`.
    pub roles: Vec<String>,
}

macro_rules! profile {
    ($rest:literal) => {
        concat!(
            "select p.id, coalesce(m.pseudonym, p.name), p.active and m.active, \
             case when m.pseudonym is null then coalesce(p.locale, o.locale) else o.locale end, \
             case when m.pseudonym is null then coalesce(p.time_zone, o.time_zone) else o.time_zone end, m.role, p.instance_admin, m.roles \
             from memberships m join people p on p.id = m.person join organizations o on o.id = m.organization ",
            $rest
        )
    };
}

fn profile_of_row(row: &Row) -> Result<Profile, StoreError> {
    Ok(Profile {
        id: row.id(0)?,
        name: row.text(1)?,
        active: row.bool(2)?,
        locale: row.text(3)?,
        time_zone: row.text(4)?,
        role: parsed(&row.text(5)?, "memberships.role")?,
        instance_admin: row.bool(6)?,
        roles: super::members::roles_of(&row.text(7)?),
    })
}

/// One of those who belong, or belonged, to an organization.
pub async fn profile(
    source: impl Source,
    organization: OrganizationId,
    person: PersonId,
) -> Result<Option<Profile>, StoreError> {
    let statement = Statement::new(
        profile!("where m.organization = $1 and m.person = $2"),
        values![organization.0.uuid(), person.0.uuid()],
    );
    source.optional(statement).await?.map(|row| profile_of_row(&row)).transpose()
}

/// What these are called who belong, or belonged, to an organization; whoever is erased has a pseudonym.
pub async fn names(
    source: impl Source,
    organization: OrganizationId,
    people: &[Id],
) -> Result<Vec<(Id, String)>, StoreError> {
    let mut values: Vec<sea_query::Value> = vec![organization.0.uuid().into()];
    let mut places = Vec::with_capacity(people.len());
    for person in people {
        values.push(person.uuid().into());
        places.push(format!("${}", values.len()));
    }
    let sql = format!(
        "select p.id, coalesce(m.pseudonym, p.name) from memberships m join people p on p.id = m.person \
         where m.organization = $1 and m.person in ({})",
        places.join(", ")
    );
    let rows = source.all(Statement::composed(sql, values).once()).await?;
    rows.iter().map(|row| Ok((row.id(0)?, row.text(1)?))).collect()
}

/// All who belong, or belonged, to an organization, those of longest standing first.
pub async fn profiles(
    source: impl Source,
    organization: OrganizationId,
    limit: u32,
) -> Result<Vec<Profile>, StoreError> {
    let statement = Statement::new(
        profile!("where m.organization = $1 order by m.created_at, m.person limit $2"),
        values![organization.0.uuid(), i64::from(limit)],
    );
    source.all(statement).await?.iter().map(profile_of_row).collect()
}
