//! Reading the change log: the history of one record, and what came after a position, in the order of commits.

use crate::Store;
use crate::database::{Dialect, Row, Statement};
use crate::error::StoreError;
use crate::layout;
use crate::schema::Renames;
use lignaflow_core::caller::{Access, Principal};
use lignaflow_core::catalog::Schema;
use lignaflow_core::clock::Micros;
use lignaflow_core::name::{CollectionName, PluginId};
pub use lignaflow_core::position::LogPosition;
use lignaflow_core::{Id, PersonId, RequestId};
use sea_query::Value as Sql;
use serde_json::{Map, Value as Json};
use std::collections::HashSet;
use std::fmt::Write as _;
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

/// How far a log can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Horizon {
    /// Everything up to here is there: nothing will be added before it.
    pub position: LogPosition,
    /// There is more beyond, which cannot be told before older transactions have ended.
    pub unsettled: bool,
    /// What was there when this was asked, beyond the position too. SQLite has nothing beyond.
    pub seen: Option<Seen>,
}

/// Which of PostgreSQL's transactions had ended at a moment: `earliest:end:those under way`, as it writes a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    text: String,
    /// Everything before it had ended.
    earliest: u64,
    /// Nothing from it on had begun.
    end: u64,
    /// Those between that had not ended.
    under_way: Vec<u64>,
}

impl Seen {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the change at a position was there.
    pub fn holds(&self, position: LogPosition) -> bool {
        let transaction = position.transaction;
        transaction < self.earliest || (transaction < self.end && !self.under_way.contains(&transaction))
    }
}

impl FromStr for Seen {
    type Err = StoreError;
    fn from_str(text: &str) -> Result<Self, StoreError> {
        let number = |word: &str| word.parse::<u64>().map_err(|_| unreadable("a snapshot"));
        let mut parts = text.splitn(3, ':');
        let mut next = || parts.next().unwrap_or_default();
        let (earliest, end, under_way) = (number(next())?, number(next())?, next());
        let under_way = under_way.split(',').filter(|word| !word.is_empty()).map(number).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), earliest, end, under_way })
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
    /// The import that made it, or that undid it.
    pub import: Option<Id>,
    pub collection: CollectionName,
    pub record: Id,
    pub kind: LogKind,
    pub transition: Option<String>,
    /// The version that it made.
    pub version: u64,
    /// The fields that differ, as the API writes them; of an insert all of them, in `after`.
    pub before: Map<String, Json>,
    pub after: Map<String, Json>,
    /// How many subscribers stand between it and what somebody did.
    pub depth: u16,
}

/// What [`entry`] reads, in its order. PostgreSQL's transaction numbers are read as text, which drivers know.
const fn columns(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "'0', sequence, at, principal_kind, principal_id, plugin, plugin_version, request, origin, collection, \
             record, kind, transition, version, before, after, import, depth"
        }
        Dialect::Postgres => {
            "xid::text, sequence, at, principal_kind, principal_id, plugin, plugin_version, request, origin, collection, \
             record, kind, transition, version, before, after, import, depth"
        }
    }
}

impl Store {
    /// The changes of one record, the latest first.
    pub async fn history(
        &self,
        access: Access<'_>,
        schema: &Schema,
        id: Id,
        limit: u16,
    ) -> Result<Vec<LogEntry>, StoreError> {
        self.history_before(access, schema, id, None, limit).await
    }

    /// The changes of one record, the latest first; of those before the one with that number, where one is named.
    pub async fn history_before(
        &self,
        access: Access<'_>,
        schema: &Schema,
        id: Id,
        before: Option<i64>,
        limit: u16,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let mut values = vec![access.organization().0.uuid().into(), id.uuid().into(), i64::from(limit).into()];
        let collection = self.spoken_of(&schema.name, &mut values);
        let mut earlier = String::new();
        if let Some(before) = before {
            values.push(before.into());
            earlier = format!(" and sequence < ${}", values.len());
        }
        let sql = format!(
            "select {} from changes where organization = $1 and ({collection}) and record = $2{earlier} \
             order by sequence desc limit $3",
            columns(self.dialect())
        );
        self.entries(Statement::composed(sql, values)).await
    }

    /// The changes of one record after a version of it, the latest first.
    pub async fn history_after(
        &self,
        access: Access<'_>,
        schema: &Schema,
        id: Id,
        version: u64,
        limit: u16,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let sql = format!(
            "select {} from changes where organization = $1 and collection = $2 and record = $3 and version > $4 \
             order by sequence desc limit $5",
            columns(self.dialect())
        );
        let values = vec![
            access.organization().0.uuid().into(),
            schema.name.to_string().into(),
            id.uuid().into(),
            i64::try_from(version).unwrap_or(i64::MAX).into(),
            i64::from(limit).into(),
        ];
        self.entries(Statement::composed(sql, values)).await
    }

    /// The changes that made these records.
    pub async fn made(&self, access: Access<'_>, schema: &Schema, ids: &[Id]) -> Result<Vec<LogEntry>, StoreError> {
        let mut values = vec![access.organization().0.uuid().into(), schema.name.to_string().into()];
        let mut places = Vec::with_capacity(ids.len());
        for id in ids {
            values.push(id.uuid().into());
            places.push(format!("${}", values.len()));
        }
        let sql = format!(
            "select {} from changes where organization = $1 and collection = $2 and record in ({}) and kind = 'insert'",
            columns(self.dialect()),
            places.join(", ")
        );
        self.entries(Statement::composed(sql, values).once()).await
    }

    /// The changes of one record up to a version, the earliest first, from its beginning.
    pub async fn history_up_to(
        &self,
        access: Access<'_>,
        collection: &CollectionName,
        id: Id,
        version: u64,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let mut values = vec![
            access.organization().0.uuid().into(),
            id.uuid().into(),
            i64::try_from(version).unwrap_or(i64::MAX).into(),
            i64::from(limit).into(),
        ];
        let collection = self.spoken_of(collection, &mut values);
        let sql = format!(
            "select {} from changes where organization = $1 and ({collection}) and record = $2 and version <= $3 \
             order by version, sequence limit $4",
            columns(self.dialect())
        );
        self.entries(Statement::composed(sql, values)).await
    }

    /// Entries of a collection, by the name that it has and by those that it had; what is compared comes behind `values`.
    pub(crate) fn spoken_of(&self, collection: &CollectionName, values: &mut Vec<Sql>) -> String {
        values.push(collection.to_string().into());
        let mut spoken = format!("collection = ${}", values.len());
        for (name, until) in self.renames().former(collection) {
            values.extend([name.into(), until.into()]);
            let _ = write!(spoken, " or collection = ${} and sequence <= ${}", values.len() - 1, values.len());
        }
        spoken
    }

    /// The change at a position.
    pub async fn change_at(&self, access: Access<'_>, at: LogPosition) -> Result<Option<LogEntry>, StoreError> {
        let columns = columns(self.dialect());
        let organization = access.organization().0.uuid().into();
        let statement = match self.dialect() {
            Dialect::Sqlite => Statement::composed(
                format!("select {columns} from changes where organization = $1 and sequence = $2"),
                vec![organization, at.sequence.into()],
            ),
            Dialect::Postgres => Statement::composed(
                format!(
                    "select {columns} from changes where organization = $1 and xid = $2::text::xid8 and sequence = $3"
                ),
                vec![organization, at.transaction.to_string().into(), at.sequence.into()],
            ),
        };
        Ok(self.entries(statement).await?.pop())
    }

    /// How far the log of an organization can be read now.
    pub async fn log_horizon(&self, access: Access<'_>) -> Result<Horizon, StoreError> {
        let values = vec![access.organization().0.uuid().into()];
        match self.dialect() {
            Dialect::Sqlite => {
                let sql = "select max(sequence) from changes where organization = $1";
                let row = self.database().fetch_one(Statement::new(sql, values)).await?;
                let sequence = row.opt_i64(0)?.unwrap_or_default();
                Ok(Horizon { position: LogPosition { transaction: 0, sequence }, unsettled: false, seen: None })
            }
            Dialect::Postgres => {
                let sql = "select pg_current_snapshot()::text, exists (select 1 from changes \
                           where organization = $1 and xid >= pg_snapshot_xmin(pg_current_snapshot()))";
                let row = self.database().fetch_one(Statement::new(sql, values)).await?;
                let seen: Seen = row.text(0)?.parse()?;
                let position = LogPosition { transaction: seen.earliest.saturating_sub(1), sequence: i64::MAX };
                Ok(Horizon { position, unsettled: row.bool(1)?, seen: Some(seen) })
            }
        }
    }

    /// The changes of an organization after a position, in the order of their commits, up to a horizon that was asked
    /// for before. What a transaction that is still under way may yet add comes later, never before what was answered
    /// here. Of all collections, where none are named.
    pub async fn changes_between(
        &self,
        access: Access<'_>,
        after: LogPosition,
        horizon: LogPosition,
        collections: Option<&[CollectionName]>,
        limit: u16,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let columns = columns(self.dialect());
        let mut values = vec![access.organization().0.uuid().into()];
        let (window, order) = match self.dialect() {
            Dialect::Sqlite => {
                values.extend([after.sequence.into(), horizon.sequence.into()]);
                ("sequence > $2 and sequence <= $3", "sequence")
            }
            Dialect::Postgres => {
                values.extend([after.transaction.to_string().into(), after.sequence.into()]);
                values.extend([horizon.transaction.to_string().into(), horizon.sequence.into()]);
                let window = "(xid, sequence) > ($2::text::xid8, $3) and (xid, sequence) <= ($4::text::xid8, $5)";
                (window, "xid, sequence")
            }
        };
        let mut sql = format!("select {columns} from changes where organization = $1 and {window}");
        if let Some(collections) = collections {
            if collections.is_empty() {
                return Ok(Vec::new());
            }
            let spoken: Vec<String> = collections.iter().map(|name| self.spoken_of(name, &mut values)).collect();
            let _ = write!(sql, " and ({})", spoken.join(" or "));
        }
        let _ = write!(sql, " order by {order} limit ${}", values.len() + 1);
        values.push(i64::from(limit).into());
        self.entries(Statement::composed(sql, values)).await
    }

    /// The changes of an organization after a position, of all collections, as far as the log can be read now.
    pub async fn changes_after(
        &self,
        access: Access<'_>,
        after: LogPosition,
        limit: u16,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let horizon = self.log_horizon(access).await?;
        self.changes_between(access, after, horizon.position, None, limit).await
    }

    /// A database that was restored into another server brings transaction numbers that this one has yet to come to:
    /// what they stand at could not be read before, and what is new would stand before it. Such a log is put before
    /// everything, in the order of its sequence; whoever followed it is told to begin anew.
    pub(crate) async fn adopt_log(&self) -> Result<(), StoreError> {
        const AHEAD: &str = "select exists (select 1 from organizations o cross join lateral (select c.xid from changes c \
                             where c.organization = o.id order by c.xid desc limit 1) l \
                             where l.xid >= pg_snapshot_xmax(pg_current_snapshot()))";
        const ADOPT: [&str; 6] = [
            "set local statement_timeout = 0",
            "update webhooks w set begins = null, log_transaction = 1, log_sequence = (select coalesce(max(c.sequence), 0) from changes c \
             where c.organization = w.organization \
             and (c.xid, c.sequence) <= (w.log_transaction::text::xid8, w.log_sequence))",
            "update deliveries set log_transaction = 1",
            "update subscribers b set log_transaction = 1, log_sequence = (select coalesce(max(c.sequence), 0) from changes c \
             where c.organization = b.organization \
             and (c.xid, c.sequence) <= (b.log_transaction::text::xid8, b.log_sequence))",
            "update data_migration_places set place = '', through = false",
            "update changes set xid = '1'::xid8",
        ];
        if self.dialect() == Dialect::Sqlite
            || !self.database().fetch_one(Statement::new(AHEAD, Vec::new())).await?.bool(0)?
        {
            return Ok(());
        }
        tracing::warn!("the change log comes from another server: those who follow it begin anew");
        self.database()
            .write(|tx| {
                Box::pin(async move {
                    for sql in ADOPT {
                        tx.execute(Statement::new(sql, Vec::new())).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// The records that were changed last, the latest first, each once, among the last so many changes.
    pub async fn changed_last(
        &self,
        access: Access<'_>,
        changes: u16,
    ) -> Result<Vec<(CollectionName, Id)>, StoreError> {
        let order = match self.dialect() {
            Dialect::Sqlite => "sequence desc",
            Dialect::Postgres => "xid desc, sequence desc",
        };
        let sql =
            format!("select collection, record from changes where organization = $1 order by {order} limit {changes}");
        let statement = Statement::composed(sql, vec![access.organization().0.uuid().into()]);
        let mut seen = HashSet::new();
        let mut changed = Vec::new();
        for row in self.database().fetch_all(statement).await? {
            let collection = row.text(0)?.parse::<CollectionName>();
            let record =
                (collection.map_err(|_| StoreError::Broken("the change log names no collection".into()))?, row.id(1)?);
            if seen.insert(record.clone()) {
                changed.push(record);
            }
        }
        Ok(changed)
    }

    /// Entries that a condition written by this crate picks.
    pub(crate) async fn log_entries(
        &self,
        condition: &str,
        values: Vec<sea_query::Value>,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let sql = format!("select {} from changes {condition}", columns(self.dialect()));
        self.entries(Statement::composed(sql, values)).await
    }

    async fn entries(&self, statement: Statement) -> Result<Vec<LogEntry>, StoreError> {
        let renames = self.renames();
        self.database().fetch_all(statement).await?.iter().map(|row| entry(row, &renames)).collect()
    }
}

fn unreadable(what: &str) -> StoreError {
    StoreError::Broken(format!("the change log holds {what} that cannot be read"))
}

/// One row of the log, in the names that things have now.
fn entry(row: &Row, renames: &Renames) -> Result<LogEntry, StoreError> {
    let json = |index: usize| serde_json::from_str(&row.text(index)?).map_err(|_| unreadable("fields"));
    let principal = match (row.text(3)?.as_str(), row.opt_text(4)?) {
        ("person", Some(id)) => Principal::Person(id.parse::<PersonId>().map_err(|_| unreadable("a person"))?),
        ("plugin", Some(id)) => Principal::Plugin(id.parse().map_err(|_| unreadable("a plugin"))?),
        ("link", Some(id)) => Principal::Link(id.parse().map_err(|_| unreadable("a link"))?),
        ("anonymous", _) => Principal::Anonymous,
        _ => return Err(unreadable("a principal")),
    };
    let through = match (row.opt_text(5)?, row.opt_text(6)?) {
        (Some(plugin), Some(version)) => Some((plugin.parse().map_err(|_| unreadable("a plugin"))?, version)),
        _ => None,
    };
    let kind = row.text(11)?;
    let sequence = row.i64(1)?;
    let collection = renames.collection(row.text(9)?, sequence);
    let (before, after) = (json(14)?, json(15)?);
    Ok(LogEntry {
        position: LogPosition { transaction: row.text(0)?.parse().map_err(|_| unreadable("a transaction"))?, sequence },
        at: row.i64(2)?,
        principal,
        through,
        request: RequestId(row.id(7)?),
        origin: row.text(8)?,
        collection: collection.parse().map_err(|_| unreadable("a collection"))?,
        record: row.id(10)?,
        kind: LogKind::ALL.into_iter().find(|k| k.as_str() == kind).ok_or_else(|| unreadable("a kind"))?,
        transition: row.opt_text(12)?,
        version: layout::version(row.i64(13)?)?,
        before: renames.fields(&collection, sequence, before),
        after: renames.fields(&collection, sequence, after),
        import: row.opt_id(16)?,
        depth: u16::try_from(row.i64(17)?).map_err(|_| unreadable("a depth"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::{LogPosition, Seen};

    #[test]
    fn a_snapshot_tells_what_was_there() {
        let seen: Seen = "10:20:12,17".parse().unwrap();
        let there: Vec<u64> =
            (8..22).filter(|&transaction| seen.holds(LogPosition { transaction, sequence: 1 })).collect();
        assert_eq!(there, [8, 9, 10, 11, 13, 14, 15, 16, 18, 19]);
        assert_eq!(seen.as_str(), "10:20:12,17");
        assert!("7:7:".parse::<Seen>().unwrap().holds(LogPosition { transaction: 6, sequence: i64::MAX }));
        assert!(["", "7", "7:x:", "7:8:a"].iter().all(|text| text.parse::<Seen>().is_err()));
    }
}
