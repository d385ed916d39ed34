//! Who may read a file: whoever may read the field of the record that holds it; while no record does, who brought it.

use super::of_store;
use crate::app::App;
use lignaflow_core::caller::Caller;
use lignaflow_core::media::{Media, Place, State};
use lignaflow_core::value::Value;
use lignaflow_core::{ErrorCode, Fault, Id};

/// The file, where the caller may read it. Whatever else it is, there is no such file.
pub async fn find(app: &App, caller: &Caller, id: Id) -> Result<Media, Fault> {
    let nothing = || Fault::not_found("file");
    let access = caller.to_read()?;
    let found = app.store.media(access, &[id]).await.map_err(|error| of_store(&error))?;
    let media = found.into_iter().next().filter(|media| media.state.is_whole()).ok_or_else(nothing)?;
    let may = match (media.state, &media.place) {
        (State::Attached, Some(place)) => holds(app, caller, place, id).await?,
        _ => media.created_by.is_some() && media.created_by == caller.person(),
    };
    if !may {
        return Err(nothing());
    }
    if media.pending { Err(unmade(app, access, id).await?) } else { Ok(media) }
}

/// Why a document has no bytes yet.
async fn unmade(app: &App, access: lignaflow_core::caller::Access<'_>, id: Id) -> Result<Fault, Fault> {
    Ok(match app.documents.flaw(access.organization(), id).await? {
        Some(why) => Fault::new(ErrorCode::PluginFailed, format!("The document could not be made: {why}")),
        None => Fault::new(ErrorCode::Unavailable, "The document is being made. Come back in a moment."),
    })
}

/// Whether the caller sees the file in the field that holds it.
async fn holds(app: &App, caller: &Caller, place: &Place, id: Id) -> Result<bool, Fault> {
    let snapshot = app.registry.current();
    // A plugin that is off has no records, and so no files.
    let Ok(schema) = app.records.schema(&snapshot, caller, &place.collection) else { return Ok(false) };
    let record = match app.records.get(caller.to_read()?, &schema, place.record).await {
        Ok(record) => record,
        Err(fault) if fault.code == ErrorCode::NotFound => return Ok(false),
        Err(fault) => return Err(fault),
    };
    Ok(match record.get(&schema, &place.field) {
        Some(Value::Reference(held)) => *held == id,
        Some(Value::References(held)) => held.contains(&id),
        _ => false,
    })
}
