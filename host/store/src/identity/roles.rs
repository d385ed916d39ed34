//! Roles of an organization's own, and what it makes of those that plugins declare.

use super::{Source, members, values};
use crate::database::{Row, Statement, Tx};
use crate::error::StoreError;
use lignaflow_core::OrganizationId;
use lignaflow_core::clock::Micros;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnRole {
    /// Without a dot where it is the organization's own, `plugin.role` where a plugin declares it.
    pub name: String,
    pub title: String,
    pub permissions: Vec<String>,
}

fn of_row(row: &Row) -> Result<OwnRole, StoreError> {
    Ok(OwnRole { name: row.text(0)?, title: row.text(1)?, permissions: members::roles_of(&row.text(2)?) })
}

/// All of an organization, by name.
pub async fn of(source: impl Source, organization: OrganizationId) -> Result<Vec<OwnRole>, StoreError> {
    let statement = Statement::new(
        "select name, title, permissions from roles where organization = $1 order by name",
        values![organization.0.uuid()],
    );
    source.all(statement).await?.iter().map(of_row).collect()
}

/// A new one, or another in the place of one of that name.
pub async fn put(tx: &mut Tx, organization: OrganizationId, role: &OwnRole, at: Micros) -> Result<(), StoreError> {
    tx.execute(Statement::new(
        "insert into roles (organization, name, title, permissions, changed_at) values ($1, $2, $3, $4, $5) \
         on conflict (organization, name) do update set title = excluded.title, permissions = excluded.permissions, \
         changed_at = excluded.changed_at",
        values![organization.0.uuid(), role.name.as_str(), role.title.as_str(), role.permissions.join(" "), at,],
    ))
    .await
    .map(|_| ())
}

/// Whether there was one.
pub async fn remove(tx: &mut Tx, organization: OrganizationId, name: &str) -> Result<bool, StoreError> {
    let statement =
        Statement::new("delete from roles where organization = $1 and name = $2", values![organization.0.uuid(), name]);
    Ok(tx.execute(statement).await? > 0)
}
