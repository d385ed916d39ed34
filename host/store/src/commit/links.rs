//! The tables of members of lists: one row for each member, beside the list itself, to search by.

use super::MAX_VALUES;
use crate::database::{Tx, build};
use crate::error::StoreError;
use crate::layout;
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Id, OrganizationId};
use sea_query::{Expr, ExprTrait, Query};

/// Members of one field of these records, all of them.
pub(super) async fn add(
    tx: &mut Tx,
    organization: OrganizationId,
    collection: &CollectionName,
    field: &str,
    members: &[(Id, &[Id])],
) -> Result<(), StoreError> {
    let rows: Vec<_> =
        members.iter().flat_map(|(record, targets)| targets.iter().map(|target| (*record, *target))).collect();
    for chunk in rows.chunks(MAX_VALUES / 3) {
        let mut insert = Query::insert();
        insert.into_table(layout::link_table(collection, field)).columns([
            layout::ORGANIZATION,
            layout::RECORD,
            layout::TARGET,
        ]);
        for (record, target) in chunk {
            let row = [organization.0.uuid(), record.uuid(), target.uuid()].map(Expr::from);
            insert.values(row).map_err(super::rows::unbalanced)?;
        }
        let statement = build(tx.dialect(), &insert);
        tx.execute(if chunk.len() > super::PREPARED { statement.once() } else { statement }).await?;
    }
    Ok(())
}

/// Takes all members of one field of these records away.
pub(super) async fn clear(
    tx: &mut Tx,
    organization: OrganizationId,
    collection: &CollectionName,
    field: &str,
    records: &[Id],
) -> Result<(), StoreError> {
    for chunk in records.chunks(MAX_VALUES) {
        let delete = Query::delete()
            .from_table(layout::link_table(collection, field))
            .and_where(Expr::col(layout::ORGANIZATION).eq(organization.0.uuid()))
            .and_where(Expr::col(layout::RECORD).is_in(chunk.iter().map(|id| id.uuid())))
            .take();
        let statement = build(tx.dialect(), &delete);
        tx.execute(if chunk.len() > super::PREPARED { statement.once() } else { statement }).await?;
    }
    Ok(())
}
