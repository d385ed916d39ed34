//! Who signed in, failed to, or changed rights, members, tokens or plugins. Appended to, never changed.

use super::{Source, optional_id, values};
use crate::database::{Statement, Tx};
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
    /// A JSON object.
    pub detail: serde_json::Value,
}

pub async fn append(tx: &mut Tx, event: &Event) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into audit (id, organization, at, person, kind, address, detail) values ($1, $2, $3, $4, $5, $6, $7)",
        values![
            Id::fresh().uuid(),
            optional_id(event.organization.map(|organization| organization.0)),
            event.at,
            optional_id(event.person.map(|person| person.0)),
            event.kind.as_str(),
            event.address.as_str(),
            event.detail.to_string(),
        ],
    ))
    .await
    .map(|_| ())
}

/// The latest events of an organization, or of the instance, the latest first.
pub async fn latest(
    source: impl Source,
    organization: Option<OrganizationId>,
    limit: u32,
) -> Result<Vec<Event>, StoreError> {
    let statement = match organization {
        Some(organization) => Statement::new(
            "select organization, at, person, kind, address, detail from audit where organization = $1 \
             order by at desc, id desc limit $2",
            values![organization.0.uuid(), i64::from(limit)],
        ),
        None => Statement::new(
            "select organization, at, person, kind, address, detail from audit where organization is null \
             order by at desc, id desc limit $1",
            values![i64::from(limit)],
        ),
    };
    source
        .all(statement)
        .await?
        .iter()
        .map(|row| {
            let detail = row.text(5)?;
            Ok(Event {
                organization: row.opt_id(0)?.map(OrganizationId),
                at: row.i64(1)?,
                person: row.opt_id(2)?.map(PersonId),
                kind: row.text(3)?,
                address: row.text(4)?,
                detail: serde_json::from_str(&detail)
                    .map_err(|error| StoreError::Broken(format!("audit.detail cannot be read: {error}")))?,
            })
        })
        .collect()
}
