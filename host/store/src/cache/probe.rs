//! PostgreSQL: whether anything relevant was committed since a snapshot. The change log keeps with each row the
//! transaction that wrote it, so a row is new when its transaction is not visible in the snapshot: also one that began
//! before it and was committed after.

use crate::Store;
use crate::database::{Row, Statement};
use crate::error::StoreError;
use lignaflow_core::OrganizationId;
use lignaflow_core::name::CollectionName;

/// Rows of the log that a probe looks at; beyond these it takes for granted that something has changed.
const MOST_ROWS: u32 = 1000;

/// What a read that begins after it is certain to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// `pg_snapshot` as text.
    text: String,
    /// Of the tables: columns are filled and altered without a word in the log.
    revision: i64,
}

impl Snapshot {
    fn of(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { text: row.text(0)?, revision: row.i64(1)? })
    }
}

const NOW: &str = "pg_current_snapshot()::text, (select revision from schema_revision where id = 1)";

impl Store {
    pub(super) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let statement = Statement::composed(format!("select {NOW}"), Vec::new());
        Snapshot::of(&self.database().fetch_one(statement).await?)
    }

    /// Where things stand now, and whether that is not where they stood, for these collections.
    pub(super) async fn changed_since(
        &self,
        then: &Snapshot,
        organization: OrganizationId,
        collections: &[CollectionName],
    ) -> Result<(Snapshot, bool), StoreError> {
        // In the order of the log's key, so that no plan looks at more of it.
        let sql = format!(
            "select {NOW}, (select coalesce(bool_or(n.collection = any(string_to_array($3::text, ','))), false) \
             or count(*) = {MOST_ROWS} from (select c.collection from changes c where c.organization = $1 \
             and c.xid >= pg_snapshot_xmin($2::text::pg_snapshot) \
             and not pg_visible_in_snapshot(c.xid, $2::text::pg_snapshot) \
             order by c.xid, c.sequence limit {MOST_ROWS}) n)"
        );
        let names: Vec<String> = collections.iter().map(ToString::to_string).collect();
        let values = vec![organization.0.uuid().into(), then.text.as_str().into(), names.join(",").into()];
        let row = self.database().fetch_one(Statement::composed(sql, values)).await?;
        let now = Snapshot::of(&row)?;
        let changed = row.bool(2)? || now.revision != then.revision;
        Ok((now, changed))
    }
}
