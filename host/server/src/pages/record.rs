//! The page of one record, and what can be done to it with one button.

use super::declared;
use super::house::{Visit, own_address};
use super::lookup;
use axum::extract::{Path, RawForm};
use axum::response::Response;
use lignaflow_core::Fault;
use lignaflow_core::caller::Principal;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::id::Id;
use lignaflow_core::mutation::{Fields, Mutation, Origin};
use lignaflow_core::query::{Authority, Predicate, Selection};
use lignaflow_core::record::{Record, value_from_json};
use lignaflow_core::value::Value;
use lignaflow_store::{LogEntry, LogKind};
use lignaflow_web::activity::{Actor, Deed, Entry, FieldChange};
use lignaflow_web::blocks::{BACK, TRANSITION};
use lignaflow_web::collection::VERSION;
use lignaflow_web::collection::record::{LockedWhole, RecordPage, Related, label, locked_by, page, transitions};
use lignaflow_web::labels::Wanted;
use lignaflow_web::paths;
use std::sync::Arc;

/// Related records of each collection, and changes, that the page shows.
const RELATED: usize = 20;
const ACTIVITY: u16 = 30;

pub(super) async fn show(visit: Visit, Path((plugin, collection, id)): Path<(String, String, String)>) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let Some(id) = lookup::id(&id) else { return visit.not_found() };
    match draw(&visit, &schema, id, None).await {
        Ok(response) => response,
        Err(fault) => visit.fault(&fault),
    }
}

async fn draw(visit: &Visit, schema: &Arc<Schema>, id: Id, refused: Option<&Fault>) -> Result<Response, Fault> {
    let caller = &visit.signed.caller;
    let access = caller.to_read()?;
    let catalog = &visit.snapshot.catalog;
    let record = visit.app.records.get(access, schema, id).await?;
    let mut wanted = Wanted::of(schema, [&record]);
    let mut related: Vec<(Arc<Schema>, usize, Vec<Record>, bool)> = Vec::new();
    for referrer in &schema.referrers {
        let Some(other) = catalog.schema(&referrer.collection) else { continue };
        if !visit.snapshot.is_enabled(caller.organization, &other.name.plugin) {
            continue;
        }
        let Some(via) = other.position(referrer.field.as_str()) else { continue };
        let filter = match other.fields[via].field.kind {
            FieldKind::References => Predicate::Includes { path: referrer.field.to_string(), id },
            _ => Predicate::equal(referrer.field.as_str(), Value::Reference(id)),
        };
        let sort = other.collection.sort.as_deref().unwrap_or(other.collection.display.as_str());
        let selection = Selection {
            collection: other.name.to_string(),
            authority: Authority::Caller,
            filter,
            sort: crate::rest::query::sort_keys(sort),
            select: Vec::new(),
            limit: u16::try_from(RELATED).unwrap_or(20),
            after: None,
        };
        let (records, next) = visit.app.records.list(access, catalog, &selection).await?;
        wanted.join(Wanted::of(other, &records));
        related.push((other.clone(), via, records, next.is_some()));
    }
    let log = visit.app.records.history(access, schema, id, ACTIVITY).await?;
    let activity: Vec<Entry> = log.iter().map(|entry| told(visit, schema, entry)).collect();
    wanted.people.extend(log.iter().filter_map(person_of));
    for change in activity.iter().flat_map(|entry| &entry.changes) {
        if let Some(field) = schema.field(&change.field) {
            wanted.add(field.field.kind, field.to.as_ref(), &change.before);
            wanted.add(field.field.kind, field.to.as_ref(), &change.after);
        }
    }
    let labels = lookup::labels(visit, &wanted).await?;
    let related: Vec<Related<'_>> = related
        .iter()
        .map(|(schema, via, records, more)| Related { schema, via: &schema.fields[*via].name, records, more: *more })
        .collect();
    let whole = locked_whole(visit, schema, &record).await?;
    let may_write =
        visit.may_write() && visit.app.records.may(access, schema, id, lignaflow_core::access::Deed::Update).await?;
    let may = |transition: &lignaflow_core::descriptor::Transition| {
        may_write
            && transition
                .permission
                .as_ref()
                .is_none_or(|permission| caller.holds(&format!("{}.{permission}", schema.name.plugin)))
    };
    let view = RecordPage {
        catalog,
        schema,
        record: &record,
        labels: &labels,
        may_write,
        locked_whole: whole.as_ref().map(|(schema, record, state)| LockedWhole { schema, record, state }),
        transitions: &transitions(schema, &record, may),
        related: &related,
        tabs: &declared::tabs(visit, schema, id, None),
        activity: &activity,
        fault: refused.map(|fault| fault.message.as_str()),
    };
    let status = refused.map_or(http::StatusCode::OK, |fault| crate::problem::Problem::from(fault.clone()).status());
    Ok(visit.page_with(status, page(&visit.shell(), &view)))
}

/// What a part belongs to, at whatever height, where it is in a state that refuses changes of its parts.
async fn locked_whole(
    visit: &Visit,
    schema: &Arc<Schema>,
    part: &Record,
) -> Result<Option<(Arc<Schema>, Record, String)>, Fault> {
    let access = visit.signed.caller.to_read()?;
    let (mut schema, mut values) = (schema.clone(), part.values.clone());
    while let Some((index, to)) = schema.whole() {
        let whole = visit.snapshot.catalog.schema(to).cloned();
        let (Some(whole), Some(id)) = (whole, values[index].as_reference()) else { break };
        // Whoever reads a part reads its whole.
        let record = visit.app.records.get(access, &whole, id).await?;
        if let Some(state) = locked_by(&whole, &record).map(str::to_owned) {
            return Ok(Some((whole, record, state)));
        }
        (schema, values) = (whole, record.values);
    }
    Ok(None)
}

/// The person who made a change.
pub(super) fn person_of(entry: &LogEntry) -> Option<Id> {
    match entry.principal {
        Principal::Person(person) => Some(person.0),
        _ => None,
    }
}

/// A change as the page tells it.
fn told(visit: &Visit, schema: &Schema, entry: &LogEntry) -> Entry {
    let title = |id: &lignaflow_core::name::PluginId| {
        visit.snapshot.plugins.get(id).map_or_else(|| id.to_string(), |plugin| plugin.descriptor().title.clone())
    };
    let value = |name: &str, json: Option<&serde_json::Value>| {
        schema
            .field(name)
            .zip(json)
            .and_then(|(field, json)| value_from_json(&field.field, json).ok())
            .unwrap_or(Value::Null)
    };
    let changes = entry
        .after
        .keys()
        .filter(|_| entry.kind == LogKind::Update)
        .map(|name| FieldChange {
            field: name.clone(),
            before: value(name, entry.before.get(name)),
            after: value(name, entry.after.get(name)),
        })
        .collect();
    Entry {
        at: entry.at,
        actor: match &entry.principal {
            Principal::Person(person) => Actor::Person(person.0),
            Principal::Plugin(plugin) => Actor::Plugin(title(plugin)),
            Principal::Link(_) => Actor::Plugin("Somebody by a link".to_owned()),
            Principal::Anonymous => Actor::Plugin("Somebody".to_owned()),
        },
        through: entry.through.as_ref().map(|(plugin, _)| title(plugin)),
        deed: match (entry.kind, &entry.transition) {
            (_, Some(name)) => Deed::Transition(name.clone()),
            (LogKind::Insert, None) => Deed::Made,
            (LogKind::Update, None) => Deed::Changed,
            (LogKind::Remove, None) => Deed::Archived,
            (LogKind::Restore, None) => Deed::Restored,
        },
        changes,
        version: entry.version,
    }
}

/// One button's change of a record: done, or told on its page why not.
async fn act(
    visit: Visit,
    (plugin, collection, id): (String, String, String),
    body: &[u8],
    mutation: impl FnOnce(String, Id, Option<u64>) -> Mutation,
    deed: &str,
) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let Some(id) = lookup::id(&id) else { return visit.not_found() };
    let expected =
        form_urlencoded::parse(body).find(|(name, _)| name == VERSION).and_then(|(_, text)| text.parse().ok());
    let mutation = mutation(schema.name.to_string(), id, expected);
    let back = form_urlencoded::parse(body).find(|(name, _)| name == BACK).map(|(_, text)| text);
    match visit.app.records.write(&visit.signed.caller, Origin::Page, vec![mutation]).await {
        Ok(written) => {
            let name = written.saved.first().map(|saved| label(&schema, &saved.record)).unwrap_or_default();
            let to = back.map_or_else(|| paths::record(&schema.name, id), |back| own_address(&back).to_owned());
            visit.go(&to, &format!("{deed} “{name}”."))
        }
        Err(fault) => match draw(&visit, &schema, id, Some(&fault)).await {
            Ok(response) => response,
            Err(fault) => visit.fault(&fault),
        },
    }
}

pub(super) async fn archive(
    visit: Visit,
    Path(at): Path<(String, String, String)>,
    RawForm(body): RawForm,
) -> Response {
    let make = |collection, id, expected| Mutation::Remove { collection, id, expected };
    act(visit, at, &body, make, "Archived").await
}

pub(super) async fn restore(
    visit: Visit,
    Path(at): Path<(String, String, String)>,
    RawForm(body): RawForm,
) -> Response {
    let make = |collection, id, expected| Mutation::Restore { collection, id, expected };
    act(visit, at, &body, make, "Restored").await
}

pub(super) async fn transition(
    visit: Visit,
    Path((plugin, collection, id, name)): Path<(String, String, String, String)>,
    RawForm(body): RawForm,
) -> Response {
    let deed = format!("{}:", lignaflow_core::descriptor::humanize(&name));
    if let Some((schema, id)) = asking(&visit, &plugin, &collection, &id, &name)
        && let Some(transition) = schema.collection.transition(&name)
    {
        return super::asking::made(&visit, &schema, id, transition, &body).await;
    }
    let make =
        |collection, id, expected| Mutation::Transition { collection, id, expected, name, fields: Fields::new() };
    act(visit, (plugin, collection, id), &body, make, &deed).await
}

/// The record of a transition that asks for something before it is made.
fn asking(visit: &Visit, plugin: &str, collection: &str, id: &str, name: &str) -> Option<(Arc<Schema>, Id)> {
    let schema = visit.collection(plugin, collection).ok()?;
    let transition = schema.collection.transition(name).filter(|transition| !transition.by_code)?;
    (!transition.asks.is_empty()).then_some(())?;
    Some((schema, lookup::id(id)?))
}

/// A transition chosen from several, as a board's cards offer them.
pub(super) async fn moved(visit: Visit, Path(at): Path<(String, String, String)>, RawForm(body): RawForm) -> Response {
    let chosen = form_urlencoded::parse(&body).find(|(name, _)| name == TRANSITION).map(|(_, text)| text.into_owned());
    let Some(name) = chosen else { return visit.fault(&Fault::at("/transition", "required", "Choose what to do.")) };
    // What asks for something is asked for first.
    if let Some((schema, id)) = asking(&visit, &at.0, &at.1, &at.2, &name) {
        return visit.go(&paths::transition(&schema.name, id, &name), "");
    }
    let deed = format!("{}:", lignaflow_core::descriptor::humanize(&name));
    let make =
        |collection, id, expected| Mutation::Transition { collection, id, expected, name, fields: Fields::new() };
    act(visit, at, &body, make, &deed).await
}
