//! A change with its record in full, as it was before and after, put together from the change log.

use crate::feed::{Seen, seen};
use crate::sight::Sight;
use crate::{Records, answers};
use lignaflow_core::caller::{Caller, Principal};
use lignaflow_core::custom::nested;
use lignaflow_core::value::instant_text;
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_runtime::Snapshot;
use lignaflow_store::{LogEntry, LogKind, LogPosition};
use serde_json::{Map, Value as Json, json};

/// Changes of one record that are put together at most.
pub(crate) const LONGEST: u32 = 20_000;

/// A change, as far as somebody may see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rebuilt {
    pub entry: LogEntry,
    /// What was changed and what it was and became; nothing where the record has left their view.
    pub states: Option<States>,
}

/// A record on both sides of a change.
#[derive(Debug, Clone, PartialEq)]
pub struct States {
    /// None for a record that was not there.
    pub before: Option<Map<String, Json>>,
    pub after: Map<String, Json>,
    pub changed: Vec<String>,
}

impl Records {
    /// The change at a position of the log, with what this caller may see of it now. `None` where that is nothing.
    pub async fn rebuilt(
        &self,
        caller: &Caller,
        snapshot: &Snapshot,
        position: LogPosition,
    ) -> Result<Option<Rebuilt>, Fault> {
        let access = caller.to_read()?;
        let Some(mut entry) = self.store.change_at(access, position).await.map_err(answers::of_store)? else {
            return Ok(None);
        };
        let schema = match self.schema(snapshot, caller, &entry.collection) {
            Ok(schema) => schema,
            Err(fault) if fault.code == ErrorCode::NotFound => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let found = self.store.records(access, &schema, &[entry.record]).await.map_err(answers::of_store)?;
        let record = match seen(&schema, &Sight::of(&schema, caller), &entry, found.first()) {
            Some(Seen::Record(_, record)) => record,
            Some(Seen::Gone) => {
                let Some(full) = snapshot.catalog.schema(&schema.name) else { return Ok(None) };
                let was = self.was_in_view(access, full, &entry).await?;
                return Ok(was.then_some(Rebuilt { entry, states: None }));
            }
            None => return Ok(None),
        };
        self.redact(access, &schema, std::slice::from_mut(&mut entry)).await?;
        let history = self.store.history_up_to(access, &entry.collection, entry.record, entry.version, LONGEST).await;
        let mut history = history.map_err(answers::of_store)?;
        self.redact(access, &schema, &mut history).await?;
        let (last, former) = match history.split_last() {
            Some((last, former)) if last.version == entry.version => (last, former),
            _ => return Err(Fault::new(ErrorCode::Quota, "A record has more changes than can be put together.")),
        };
        // What they may not see of the record as it stands, they may not see of it as it was.
        let visible = record.flat_json(&schema);
        // A field that came with an upgrade stands in no change before it: it was filled without one.
        let untold = |name: &str| if record.version == entry.version { visible[name].clone() } else { Json::Null };
        let pick = |state: &Map<String, Json>| -> Map<String, Json> {
            let of = |name: &String| (name.clone(), state.get(name).cloned().unwrap_or_else(|| untold(name)));
            visible.keys().map(of).collect()
        };
        let mut state = Map::new();
        for change in former {
            apply(&mut state, change);
        }
        let before = (!former.is_empty()).then(|| nested(&pick(&state)));
        apply(&mut state, last);
        let changed = entry.after.keys().filter(|name| visible.contains_key(*name)).cloned().collect();
        let states = States { before, after: nested(&pick(&state)), changed };
        Ok(Some(Rebuilt { entry, states: Some(states) }))
    }
}

/// What a record is after one more change.
pub(crate) fn apply(state: &mut Map<String, Json>, change: &LogEntry) {
    let mut put = |name: &str, value: Json| {
        state.insert(name.to_owned(), value);
    };
    if change.kind == LogKind::Insert {
        put("id", json!(change.record.to_string()));
        put("created_at", json!(instant_text(change.at)));
        put(
            "created_by",
            match &change.principal {
                Principal::Person(person) => json!(person.to_string()),
                Principal::Plugin(_) | Principal::Link(_) | Principal::Anonymous => Json::Null,
            },
        );
        put("archived_at", Json::Null);
    }
    put("version", json!(change.version));
    put("updated_at", json!(instant_text(change.at)));
    for (name, value) in &change.after {
        put(name, value.clone());
    }
}
