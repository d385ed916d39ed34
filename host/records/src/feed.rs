//! The change log as a caller may follow it: in the order of commits, each change with its record as it stands now and
//! as this caller sees it.
//!
//! A cursor is a position of the log with a fingerprint of the view that it was given for: who asks, what they may, which
//! plugins are on in which build, which collections were asked for. With another view, what was answered before no longer
//! holds: the caller is told to begin anew.

use crate::sight::Sight;
use crate::{Records, answers};
use lignaflow_core::Id;
use lignaflow_core::caller::{Access, Caller, Principal};
use lignaflow_core::catalog::Schema;
use lignaflow_core::name::CollectionName;
use lignaflow_core::record::Record;
use lignaflow_core::{Fault, Issue};
use lignaflow_runtime::Snapshot;
use lignaflow_store::{LogEntry, LogKind, LogPosition};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A place in what one view shows of the log. Its text is for whoever was given it to give back, and for nobody to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    position: LogPosition,
    view: View,
}

/// Stands for all that decides what a caller is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct View(u64);

/// The text was not given out as a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of the change log")]
pub struct NotACursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:016x}", self.position, self.view.0)
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let (position, view) = text.rsplit_once('.').ok_or(NotACursor)?;
        let position = position.parse().map_err(|_| NotACursor)?;
        let view = u64::from_str_radix(view, 16).map_err(|_| NotACursor)?;
        Ok(Self { position, view: View(view) })
    }
}

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// With the first change that there ever was.
    Beginning,
    /// With what comes from now on.
    Now,
    Cursor(Cursor),
}

/// Why nothing that was answered before holds any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// The caller, what they may, the plugins, or the collections asked for are others than before.
    View,
    /// The log does not reach there: the database was restored from a backup.
    Position,
}

impl Reset {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Position => "position",
        }
    }
}

/// What a caller is shown of a change.
#[derive(Debug, Clone)]
pub enum Seen {
    /// The record as it stands now; archived, it is a tombstone.
    Record(Arc<Schema>, Box<Record>),
    /// It has left what the caller sees.
    Gone,
}

/// One change.
#[derive(Debug, Clone)]
pub struct Told {
    pub cursor: Cursor,
    pub entry: LogEntry,
    pub seen: Seen,
}

/// A slice of the feed.
#[derive(Debug, Clone)]
pub struct Slice {
    pub changes: Vec<Told>,
    /// After everything that was looked at for this slice, told or not.
    pub next: Cursor,
    /// There is more to be had at once.
    pub more: bool,
    /// There is more, which waits for older transactions to end.
    pub unsettled: bool,
    pub reset: Option<Reset>,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Follow {
    pub since: Since,
    /// All that are on, where none are named.
    pub collections: Vec<CollectionName>,
    /// Changes that are looked at, at most.
    pub limit: u16,
}

impl Records {
    /// What was changed since, for this caller.
    pub async fn changes(&self, caller: &Caller, snapshot: &Snapshot, follow: &Follow) -> Result<Slice, Fault> {
        let access = caller.to_read()?;
        let schemas = self.followed(caller, snapshot, &follow.collections)?;
        let view = view(caller, snapshot, &schemas);
        let horizon = self.store.log_horizon(access).await.map_err(answers::of_store)?;
        let empty = |position, reset| Slice {
            changes: Vec::new(),
            next: Cursor { position, view },
            more: false,
            unsettled: horizon.unsettled,
            reset,
        };
        let after = match follow.since {
            Since::Beginning => LogPosition::START,
            Since::Now => return Ok(empty(horizon.position, None)),
            Since::Cursor(cursor) if cursor.view != view => return Ok(empty(horizon.position, Some(Reset::View))),
            Since::Cursor(cursor) if cursor.position > horizon.position => {
                // How far the log can be read never goes back, unless the database does.
                return Ok(empty(horizon.position, Some(Reset::Position)));
            }
            Since::Cursor(cursor) => cursor.position,
        };
        let sights: BTreeMap<&CollectionName, Sight> =
            schemas.values().map(|schema| (&schema.name, Sight::of(schema, caller))).collect();
        let watched = sights.values().flat_map(Sight::watched);
        let names: BTreeSet<CollectionName> = schemas.keys().chain(watched).cloned().collect();
        let names: Vec<CollectionName> = names.into_iter().collect();
        let log = self.store.changes_between(access, after, horizon.position, Some(&names), follow.limit);
        let entries = log.await.map_err(answers::of_store)?;
        // What others in view refer to has changed: which of them still are nobody can tell from the log.
        if entries.iter().any(|entry| sights.values().any(|sight| sight.shifts_by(entry))) {
            return Ok(empty(horizon.position, Some(Reset::View)));
        }
        let more = entries.len() == usize::from(follow.limit);
        let position = entries.last().filter(|_| more).map_or(horizon.position, |last| last.position);
        let records = self.standing(access, &schemas, &entries).await?;
        let mut changes = Vec::with_capacity(entries.len());
        for mut entry in entries {
            let (Some(schema), Some(sight)) = (schemas.get(&entry.collection), sights.get(&entry.collection)) else {
                continue;
            };
            let record = records.get(&(entry.collection.clone(), entry.record));
            let Some(seen) = seen(schema, sight, &entry, record) else { continue };
            if let (Seen::Gone, Some(full)) = (&seen, snapshot.catalog.schema(&entry.collection))
                && !self.was_in_view(access, full, &entry).await?
            {
                continue;
            }
            // The names of changed fields that may not be read are not told either.
            self.redact(access, schema, std::slice::from_mut(&mut entry)).await?;
            changes.push(Told { cursor: Cursor { position: entry.position, view }, entry, seen });
        }
        Ok(Slice { changes, next: Cursor { position, view }, more, unsettled: horizon.unsettled, reset: None })
    }

    /// The records that these changes are of, as they stand now and as far as they may be read.
    async fn standing(
        &self,
        access: Access<'_>,
        schemas: &BTreeMap<CollectionName, Arc<Schema>>,
        entries: &[LogEntry],
    ) -> Result<HashMap<(CollectionName, Id), Record>, Fault> {
        let mut ids: BTreeMap<&CollectionName, BTreeSet<Id>> = BTreeMap::new();
        for entry in entries {
            ids.entry(&entry.collection).or_default().insert(entry.record);
        }
        let mut records = HashMap::new();
        for (name, ids) in ids {
            let Some(schema) = schemas.get(name) else { continue };
            let ids: Vec<Id> = ids.into_iter().collect();
            let found = self.store.records(access, schema, &ids).await.map_err(answers::of_store)?;
            records.extend(found.into_iter().map(|record| ((name.clone(), record.id), record)));
        }
        Ok(records)
    }
}

/// What of a change can be told. A record that may not be read can have left the caller's view where the change may have
/// taken it out of it; whether it was in there, [`Records::was_in_view`] tells.
pub(crate) fn seen(schema: &Arc<Schema>, sight: &Sight, entry: &LogEntry, record: Option<&Record>) -> Option<Seen> {
    match record {
        Some(record) => Some(Seen::Record(schema.clone(), Box::new(record.clone()))),
        None if entry.kind == LogKind::Insert || !sight.may_lose(entry) => None,
        None => Some(Seen::Gone),
    }
}

impl Records {
    /// The collections asked for, which must be there and on, as the caller sees them.
    fn followed(
        &self,
        caller: &Caller,
        snapshot: &Snapshot,
        asked: &[CollectionName],
    ) -> Result<BTreeMap<CollectionName, Arc<Schema>>, Fault> {
        let schema = |name: &CollectionName| Some((name.clone(), self.schema(snapshot, caller, name).ok()?));
        if asked.is_empty() {
            return Ok(snapshot.catalog.schemas().filter_map(|all| schema(&all.name)).collect());
        }
        let mut found = BTreeMap::new();
        let mut issues = Vec::new();
        for name in asked {
            match schema(name) {
                Some((name, schema)) => {
                    found.insert(name, schema);
                }
                None => issues.push(Issue::new(
                    "/collection",
                    "unknown-collection",
                    format!("There is no collection `{name}` here, or its plugin is off."),
                )),
            }
        }
        if issues.is_empty() { Ok(found) } else { Err(Fault::invalid(issues)) }
    }
}

fn view(caller: &Caller, snapshot: &Snapshot, followed: &BTreeMap<CollectionName, Arc<Schema>>) -> View {
    let mut digest = Sha256::new();
    let mut put = |text: &str| {
        digest.update(text.as_bytes());
        digest.update([0]);
    };
    put(&caller.organization.0.to_string());
    match &caller.principal {
        Principal::Person(person) => put(&person.to_string()),
        Principal::Plugin(plugin) => put(plugin.as_str()),
        Principal::Link(link) => put(&link.to_string()),
        Principal::Anonymous => put(""),
    }
    put(caller.role.map_or("", |role| role.as_str()));
    for permission in caller.permissions.iter() {
        put(permission);
    }
    for (name, schema) in followed {
        put(&name.to_string());
        // A rule that speaks of today says something else tomorrow, without any change.
        if schema.is_read_by_day() {
            put(&caller.today().unwrap_or_default().to_string());
        }
        // Another build can have other fields and other rules.
        put(snapshot.plugin(&name.plugin).map_or("", |plugin| plugin.digest()));
        for custom in schema.customs().filter_map(|field| field.custom.as_ref()) {
            put(&custom.key);
        }
    }
    let digest = <[u8; 32]>::from(digest.finalize());
    View(digest.iter().take(8).fold(0, |view, byte| view << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_is_one() {
        let text = "4711.12.00ff00ff00ff00ff";
        assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
        for other in ["", "4711.12", "now", "4711.12.xyz", "x.12.00ff00ff00ff00ff"] {
            assert!(other.parse::<Cursor>().is_err(), "{other}");
        }
    }
}
