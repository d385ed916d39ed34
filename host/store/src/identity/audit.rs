//! Who signed in, failed to, or changed rights, members, tokens or plugins. Appended to, never changed.

use super::{Source, optional_id, values};
use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::clock::Micros;
use lignaflow_core::{Id, OrganizationId, PersonId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Nothing for what concerns the instance, or nobody's organization yet.
    pub organization: Option<OrganizationId>,
    pub at: Micros,
    /// Who acted; nothing for the program itself, an operator on the command line, or somebody unknown.
    pub person: Option<PersonId>,
    /// Stable, such as `session.opened`.
    pub kind: String,
    /// From where; empty for the command line.
    pub address: String,
    /// The token that it was done with, where it was one.
    pub token: Option<Id>,
    /// A JSON object.
    pub detail: serde_json::Value,
}

/// An event, with what tells it from those of the same moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: Id,
    pub event: Event,
}

/// Which events are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Those earlier than this one.
    pub before: Option<(Micros, Id)>,
    pub from: Option<Micros>,
    pub until: Option<Micros>,
    /// A kind, or its beginning up to a dot: `session`, `session.failed`.
    pub kind: String,
    pub person: Option<PersonId>,
    /// A text that stands in the kind, the address, the detail or the name of who acted, without regard to case.
    pub text: String,
}

pub async fn append(tx: &mut Tx, event: &Event) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into audit (id, organization, at, person, kind, address, token, detail) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        values![
            Id::fresh().uuid(),
            optional_id(event.organization.map(|organization| organization.0)),
            event.at,
            optional_id(event.person.map(|person| person.0)),
            event.kind.as_str(),
            event.address.as_str(),
            optional_id(event.token),
            event.detail.to_string(),
        ],
    ))
    .await
    .map(|_| ())
}

fn of_row(row: &Row) -> Result<Line, StoreError> {
    let detail = row.text(7)?;
    let event = Event {
        organization: row.opt_id(1)?.map(OrganizationId),
        at: row.i64(2)?,
        person: row.opt_id(3)?.map(PersonId),
        kind: row.text(4)?,
        address: row.text(5)?,
        token: row.opt_id(6)?,
        detail: serde_json::from_str(&detail)
            .map_err(|error| StoreError::Broken(format!("audit.detail cannot be read: {error}")))?,
    };
    Ok(Line { id: row.id(0)?, event })
}

/// The latest events of an organization, or of the instance, the latest first.
pub async fn latest(
    source: impl Source,
    organization: Option<OrganizationId>,
    limit: u32,
) -> Result<Vec<Event>, StoreError> {
    let statement = match organization {
        Some(organization) => Statement::new(
            "select id, organization, at, person, kind, address, token, detail from audit where organization = $1 \
             order by at desc, id desc limit $2",
            values![organization.0.uuid(), i64::from(limit)],
        ),
        None => Statement::new(
            "select id, organization, at, person, kind, address, token, detail from audit where organization is null \
             order by at desc, id desc limit $1",
            values![i64::from(limit)],
        ),
    };
    source.all(statement).await?.iter().map(|row| of_row(row).map(|line| line.event)).collect()
}

/// `%text%` for `like`, where no character of the text means anything else.
fn within(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// What an organization may read of: its own events, and those of its members that belong to no organization, such as a
/// sign-in that failed. The latest first.
pub async fn search(
    source: impl Source,
    organization: OrganizationId,
    search: &Search,
    limit: u32,
) -> Result<Vec<Line>, StoreError> {
    let (at, id) = search.before.unwrap_or((Micros::MAX, Id::from_bytes([0xff; 16])));
    let (kind, below) = (search.kind.as_str(), format!("{}.%", search.kind));
    let text = if search.text.is_empty() { String::new() } else { within(&search.text) };
    let statement = Statement::new(
        "select a.id, a.organization, a.at, a.person, a.kind, a.address, a.token, a.detail from audit a \
         where (a.organization = $1 or (a.organization is null and a.person in \
         (select m.person from memberships m where m.organization = $1))) \
         and (a.at < $2 or (a.at = $2 and a.id < $3)) and a.at >= $4 and a.at < $5 \
         and ($6 = '' or a.kind = $6 or a.kind like $7) and ($8 = 0 or a.person = $9) \
         and ($10 = '' or lower(a.detail) like $10 escape '!' or a.kind like $10 escape '!' \
         or a.address like $10 escape '!' or exists (select 1 from people p where p.id = a.person \
         and not exists (select 1 from memberships e where e.organization = $1 and e.person = p.id \
         and e.erased_at is not null) and (lower(p.name) like $10 escape '!' or p.email_key like $10 escape '!'))) \
         order by a.at desc, a.id desc limit $11",
        values![
            organization.0.uuid(),
            at,
            id.uuid(),
            search.from.unwrap_or(Micros::MIN),
            search.until.unwrap_or(Micros::MAX),
            kind,
            below,
            i64::from(search.person.is_some()),
            search.person.map_or_else(|| Id::from_bytes([0; 16]), |person| person.0).uuid(),
            text,
            i64::from(limit),
        ],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

/// Whether somebody signed in before, and whether from that address.
pub async fn signed_in_before(
    source: impl Source,
    person: PersonId,
    address: &str,
) -> Result<(bool, bool), StoreError> {
    let statement = Statement::new(
        "select exists (select 1 from audit where person = $1 and kind = 'session.opened'), \
         exists (select 1 from audit where person = $1 and kind = 'session.opened' and address = $2)",
        values![person.0.uuid(), address],
    );
    match source.optional(statement).await? {
        Some(row) => Ok((row.bool(0)?, row.bool(1)?)),
        None => Ok((false, false)),
    }
}

/// The kinds of what an organization may read of, by name.
pub async fn kinds(source: impl Source, organization: OrganizationId) -> Result<Vec<String>, StoreError> {
    let statement = Statement::new(
        "select distinct kind from audit where organization = $1 order by kind",
        values![organization.0.uuid()],
    );
    source.all(statement).await?.iter().map(|row| row.text(0)).collect()
}
