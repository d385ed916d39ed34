//! Reading the change log: the history of one record, and what came after a position, in the order of commits.

use crate::Store;
use crate::database::{Dialect, Row, Statement};
use crate::error::StoreError;
use crate::layout;
use lignaflow_core::caller::{Access, Principal};
use lignaflow_core::catalog::Schema;
use lignaflow_core::clock::Micros;
use lignaflow_core::name::{CollectionName, PluginId};
use lignaflow_core::{Id, PersonId, RequestId};
use serde_json::{Map, Value as Json};
use std::fmt;
use std::str::FromStr;

/// What was done to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogKind {
    Insert,
    Update,
    /// Archived.
    Remove,
    Restore,
}

impl LogKind {
    pub const ALL: [Self; 4] = [Self::Insert, Self::Update, Self::Remove, Self::Restore];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Remove => "remove",
            Self::Restore => "restore",
        }
    }
}

/// A place in the change log of an organization, between two changes. As text it is `transaction.sequence`; on SQLite,
/// which has one writer, the transaction is always 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPosition {
    transaction: u64,
    sequence: i64,
}

/// The text is not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position in the change log, such as 4711.12")]
pub struct NotAPosition;

impl LogPosition {
    /// Before the first change.
    pub const START: Self = Self { transaction: 0, sequence: 0 };
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.transaction, self.sequence)
    }
}

impl FromStr for LogPosition {
    type Err = NotAPosition;
    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        let (transaction, sequence) = text.split_once('.').ok_or(NotAPosition)?;
        let transaction = transaction.parse().map_err(|_| NotAPosition)?;
        let sequence = sequence.parse().map_err(|_| NotAPosition)?;
        Ok(Self { transaction, sequence })
    }
}

/// One change of one record.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    pub position: LogPosition,
    pub at: Micros,
    pub principal: Principal,
    /// The plugin whose route returned the writes, with its version.
    pub through: Option<(PluginId, String)>,
    pub request: RequestId,
    /// The door that it came in by.
    pub origin: String,
    pub collection: CollectionName,
    pub record: Id,
    pub kind: LogKind,
    pub transition: Option<String>,
    /// The version that it made.
    pub version: u64,
    /// The fields that differ, as the API writes them; of an insert all of them, in `after`.
    pub before: Map<String, Json>,
    pub after: Map<String, Json>,
}

/// What [`entry`] reads, in its order. PostgreSQL's transaction numbers are read as text, which drivers know.
const fn columns(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "'0', sequence, at, principal_kind, principal_id, plugin, plugin_version, request, origin, collection, \
             record, kind, transition, version, before, after"
        }
        Dialect::Postgres => {
            "xid::text, sequence, at, principal_kind, principal_id, plugin, plugin_version, request, origin, collection, \
             record, kind, transition, version, before, after"
        }
    }
}

impl Store {
    /// The changes of one record, the latest first.
    pub async fn history(
        &self,
        access: Access,
        schema: &Schema,
        id: Id,
        limit: u16,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let sql = format!(
            "select {} from changes where organization = $1 and collection = $2 and record = $3 \
             order by sequence desc limit $4",
            columns(self.dialect())
        );
        let values = vec![
            access.organization().0.uuid().into(),
            schema.name.to_string().into(),
            id.uuid().into(),
            i64::from(limit).into(),
        ];
        self.entries(Statement::composed(sql, values)).await
    }

    /// The changes of an organization after a position, in the order of their commits. What a transaction that is still
    /// under way may yet add comes later, never before what was answered here.
    pub async fn changes_after(
        &self,
        access: Access,
        after: LogPosition,
        limit: u16,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let organization = access.organization().0.uuid().into();
        let limit = i64::from(limit).into();
        let columns = columns(self.dialect());
        let statement = match self.dialect() {
            Dialect::Sqlite => Statement::composed(
                format!(
                    "select {columns} from changes where organization = $1 and sequence > $2 order by sequence limit $3"
                ),
                vec![organization, after.sequence.into(), limit],
            ),
            Dialect::Postgres => Statement::composed(
                format!(
                    "select {columns} from changes where organization = $1 and (xid, sequence) > ($2::text::xid8, $3) \
                     and xid < pg_snapshot_xmin(pg_current_snapshot()) order by xid, sequence limit $4"
                ),
                vec![organization, after.transaction.to_string().into(), after.sequence.into(), limit],
            ),
        };
        self.entries(statement).await
    }

    async fn entries(&self, statement: Statement) -> Result<Vec<LogEntry>, StoreError> {
        self.database().fetch_all(statement).await?.iter().map(entry).collect()
    }
}

fn entry(row: &Row) -> Result<LogEntry, StoreError> {
    let unreadable = |what: &str| StoreError::Broken(format!("the change log holds {what} that cannot be read"));
    let json = |index: usize| serde_json::from_str(&row.text(index)?).map_err(|_| unreadable("fields"));
    let principal = match (row.text(3)?.as_str(), row.opt_text(4)?) {
        ("person", Some(id)) => Principal::Person(id.parse::<PersonId>().map_err(|_| unreadable("a person"))?),
        ("plugin", Some(id)) => Principal::Plugin(id.parse().map_err(|_| unreadable("a plugin"))?),
        ("anonymous", _) => Principal::Anonymous,
        _ => return Err(unreadable("a principal")),
    };
    let through = match (row.opt_text(5)?, row.opt_text(6)?) {
        (Some(plugin), Some(version)) => Some((plugin.parse().map_err(|_| unreadable("a plugin"))?, version)),
        _ => None,
    };
    let kind = row.text(11)?;
    Ok(LogEntry {
        position: LogPosition {
            transaction: row.text(0)?.parse().map_err(|_| unreadable("a transaction"))?,
            sequence: row.i64(1)?,
        },
        at: row.i64(2)?,
        principal,
        through,
        request: RequestId(row.id(7)?),
        origin: row.text(8)?,
        collection: row.text(9)?.parse().map_err(|_| unreadable("a collection"))?,
        record: row.id(10)?,
        kind: LogKind::ALL.into_iter().find(|k| k.as_str() == kind).ok_or_else(|| unreadable("a kind"))?,
        transition: row.opt_text(12)?,
        version: layout::version(row.i64(13)?)?,
        before: json(14)?,
        after: json(15)?,
    })
}

#[cfg(test)]
mod tests {
    use super::LogPosition;

    #[test]
    fn a_position_reads_back() {
        assert_eq!("4711.12".parse::<LogPosition>().unwrap().to_string(), "4711.12");
        assert!("4711".parse::<LogPosition>().is_err());
    }
}
