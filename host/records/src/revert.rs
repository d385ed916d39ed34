//! A record set back to what it was: read from the change log, written like any other change.

use crate::answers;
use crate::write::Written;
use crate::{Asked, Records, Repeating, Write};
use lignaflow_core::Fault;
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::catalog::Schema;
use lignaflow_core::id::Id;
use lignaflow_core::mutation::{Fields, Mutation, Origin};
use lignaflow_core::record::{Record, check_value, value_from_json};
use lignaflow_store::LogEntry;
use std::sync::Arc;

/// How many changes may lie between a record and what it is set back to.
const MAX_CHANGES: u16 = 1000;

/// A record with what differed at an earlier version.
#[derive(Debug, Clone)]
pub struct Earlier {
    pub record: Record,
    /// Fields that had another value then, in the collection's order, with that value: those that a client may set. A
    /// state is changed by its transitions, and what the program keeps is its own.
    pub fields: Fields,
}

impl Records {
    /// What a record was at a version.
    pub async fn earlier(
        &self,
        access: Access<'_>,
        schema: &Arc<Schema>,
        id: Id,
        version: u64,
    ) -> Result<Earlier, Fault> {
        let record = self.get(access, schema, id).await?;
        if version == 0 || version > record.version {
            let message = format!("There is no version {version}; the record has 1 to {}.", record.version);
            return Err(Fault::at("/version", "unknown-version", message));
        }
        let after = self.store.history_after(access, schema, id, version, MAX_CHANGES + 1).await;
        let mut after = after.map_err(answers::of_store)?;
        self.redact(access, schema, &mut after).await?;
        if after.len() > usize::from(MAX_CHANGES) {
            let message = format!("Version {version} lies more than {MAX_CHANGES} changes back.");
            return Err(Fault::at("/version", "too-far", message));
        }
        let mut fields = Fields::new();
        for field in &schema.fields {
            let name = field.name.as_str();
            if field.field.is_read_only() || schema.collection.is_state(name) {
                continue;
            }
            // The oldest change after that version tells what it changed.
            let Some(was) = after.iter().rev().find_map(|entry| entry.before.get(name)) else { continue };
            // What is no longer of the field's type cannot be set again.
            let Ok(mut value) = value_from_json(&field.field, was) else { continue };
            // Only to put it into the form of today; whether it is valid is found out when it is written.
            let _ = check_value(field, &mut value, "");
            if record.get(schema, name) != Some(&value) {
                fields.insert(name.to_owned(), value);
            }
        }
        Ok(Earlier { record, fields })
    }

    /// The change that made a version of a record.
    pub async fn version(
        &self,
        access: Access<'_>,
        schema: &Arc<Schema>,
        id: Id,
        version: u64,
    ) -> Result<Option<LogEntry>, Fault> {
        if schema.restricts_reading() && self.readable(access, schema, &[id]).await?.is_empty() {
            return Ok(None);
        }
        let before = version.saturating_sub(1);
        let after = self.store.history_after(access, schema, id, before, MAX_CHANGES).await;
        let mut after = after.map_err(answers::of_store)?;
        self.redact(access, schema, &mut after).await?;
        Ok(after.into_iter().find(|entry| entry.version == version))
    }

    /// Sets a record back to what it was at a version, through hooks, rules and locks like any change.
    pub async fn revert(
        &self,
        caller: &Caller,
        schema: &Arc<Schema>,
        id: Id,
        expected: Option<u64>,
        version: u64,
        repeat: Option<Repeating>,
    ) -> Result<Written, Fault> {
        caller.to_write()?;
        let Earlier { record, fields } = self.earlier(caller.to_read()?, schema, id, version).await?;
        let collection = schema.name.to_string();
        // It is meant for the record as it was just read, where the caller names no version.
        let expected = Some(expected.unwrap_or(record.version));
        let mutation = Mutation::Update { collection, id, expected, fields };
        let asked = vec![Asked { mutation, place: String::new(), own_id: false }];
        self.carry_out(caller, Write { origin: Origin::Restore, asked, issues: Vec::new(), repeat }).await
    }
}
