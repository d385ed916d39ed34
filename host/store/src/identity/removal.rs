//! Taking an organization away with everything that is its.
//!
//! What is its is told by the tables themselves: every row is of the organization that its column `organization` names,
//! in the tables of this program as in those of plugins. A table that is added is thereby among them.

use super::values;
use crate::database::{Dialect, Statement, Tx};
use crate::error::StoreError;
use crate::plugins::changes::bump;
use crate::{Database, Store};
use lignaflow_core::clock::Micros;
use lignaflow_core::{OrganizationId, PersonId};

/// Tables whose rows refer to rows of other tables than `organizations`, and go before them.
const FIRST: [&str; 7] = ["tokens", "notices", "notice_wishes", "pins", "sessions", "deliveries", "invitations"];

/// Every table with rows of organizations, as the database tells them; those that refer to others first.
async fn tables(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "select m.name from sqlite_schema m join pragma_table_info(m.name) c on c.name = 'organization' \
             where m.type = 'table' and m.name <> 'removed_organizations' order by m.name"
        }
        Dialect::Postgres => {
            "select t.table_name::text from information_schema.columns c join information_schema.tables t \
             on t.table_schema = c.table_schema and t.table_name = c.table_name \
             where c.table_schema = current_schema() and c.column_name = 'organization' \
             and t.table_type = 'BASE TABLE' and t.table_name <> 'removed_organizations' order by t.table_name"
        }
    };
    let rows = tx.fetch_all(Statement::new(sql, Vec::new())).await?;
    let mut tables = rows.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
    tables.sort_by_key(|table| !FIRST.contains(&table.as_str()));
    Ok(tables)
}

/// Who belongs to this organization and to no other, and does not administer the instance.
pub async fn only_here(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<PersonId>, StoreError> {
    let statement = Statement::new(
        "select m.person from memberships m join people p on p.id = m.person \
         where m.organization = $1 and m.erased_at is null and not p.instance_admin and not exists \
         (select 1 from memberships o where o.person = m.person and o.organization <> $1 and o.erased_at is null)",
        values![organization.0.uuid()],
    );
    tx.fetch_all(statement).await?.iter().map(|row| Ok(PersonId(row.id(0)?))).collect()
}

/// Takes everything away. The files that its records held are remembered as still to go ([`Store::left_files`]).
pub async fn remove(tx: &mut Tx, organization: OrganizationId, at: Micros) -> Result<(), StoreError> {
    bump(tx).await?;
    // First, since lines of the audit go with their organization alone.
    tx.execute(Statement::new(
        "insert into removed_organizations (organization, removed_at, files_left) values ($1, $2, $3)",
        values![organization.0.uuid(), at, true],
    ))
    .await?;
    for table in tables(tx).await? {
        let sql = format!("delete from \"{table}\" where organization = $1");
        tx.execute(Statement::composed(sql, values![organization.0.uuid()]).once()).await?;
    }
    tx.execute(Statement::new("delete from organizations where id = $1", values![organization.0.uuid()])).await?;
    // Kept results and statements know nothing of rows that go without a word in the log.
    tx.touch_everything().await
}

/// Whether there is another organization.
pub async fn has_others(tx: &mut Tx, organization: OrganizationId) -> Result<bool, StoreError> {
    let statement =
        Statement::new("select 1 from organizations where id <> $1 limit 1", values![organization.0.uuid()]);
    Ok(tx.fetch_optional(statement).await?.is_some())
}

impl Store {
    /// Organizations that were removed and whose files may still be there.
    pub async fn left_files(&self) -> Result<Vec<OrganizationId>, StoreError> {
        let sql = "select organization from removed_organizations where files_left order by removed_at";
        let rows = self.database().fetch_all(Statement::new(sql, Vec::new())).await?;
        rows.iter().map(|row| Ok(OrganizationId(row.id(0)?))).collect()
    }

    /// Its files are gone.
    pub async fn files_gone(&self, organization: OrganizationId) -> Result<(), StoreError> {
        let statement = Statement::new(
            "update removed_organizations set files_left = $1 where organization = $2",
            values![false, organization.0.uuid()],
        );
        self.database().write_once(statement).await.map(|_| ())
    }
}

/// How many rows of an organization there are in each table that has any.
pub async fn rows_of(database: &Database, organization: OrganizationId) -> Result<Vec<(String, i64)>, StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                let mut counted = Vec::new();
                for table in tables(tx).await? {
                    let sql = format!("select count(*) from \"{table}\" where organization = $1");
                    let counting = Statement::composed(sql, values![organization.0.uuid()]).once();
                    let count = tx.fetch_one(counting).await?.i64(0)?;
                    if count > 0 {
                        counted.push((table, count));
                    }
                }
                Ok(counted)
            })
        })
        .await
}
