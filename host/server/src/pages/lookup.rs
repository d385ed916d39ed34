//! Names of what pages refer to, and what a reference may be set to.

use super::house::{Reading, Visit};
use crate::problem::Problem;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use lignaflow_core::Fault;
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::id::Id;
use lignaflow_core::mutation::{Mutation, Origin};
use lignaflow_core::name::CollectionName;
use lignaflow_core::query::{Authority, Operator, Predicate, Selection, SortKey};
use lignaflow_core::value::Value;
use lignaflow_web::labels::{Choice, Choices, ChoicesByField, Labels, Wanted};
use std::collections::HashMap;
use std::sync::Arc;

/// Choices that a form offers at once; beyond these one searches.
const MOST: usize = 100;
/// Choices that a search answers.
pub(super) const FOUND: usize = 20;

/// The names of what is wanted.
pub(super) async fn labels(visit: &Visit, wanted: &Wanted) -> Result<Labels, Fault> {
    names(visit.reading(), wanted).await
}

/// The same, for whoever reads.
pub(super) async fn names(reading: Reading<'_>, wanted: &Wanted) -> Result<Labels, Fault> {
    let Reading { app, caller, snapshot } = reading;
    let access = caller.to_read()?;
    let found = app.records.labels(access, &snapshot.catalog, &wanted.records).await?;
    let mut labels: Labels = found.into_iter().collect();
    if !wanted.people.is_empty() {
        let people: Vec<Id> = wanted.people.iter().copied().collect();
        labels.extend(app.records.directory().names(caller.organization, &people).await?);
    }
    let files: Vec<Id> = wanted.files.iter().copied().collect();
    for file in app.media.of_ids(access, &files).await? {
        if file.pending
            && let Some(why) = app.documents.flaw(caller.organization, file.id).await?
        {
            labels.insert_flaw(file.id, why);
        }
        labels.insert_file(file);
    }
    Ok(labels)
}

/// The choices of every reference of a collection that a form or a filter offers.
pub(super) async fn by_field(
    visit: &Visit,
    schema: &Schema,
    search: impl Fn(&str) -> Option<String>,
) -> Result<ChoicesByField, Fault> {
    let mut all = ChoicesByField::new();
    for field in &schema.fields {
        if !field.field.refers() {
            continue;
        }
        let text = search(field.name.as_str()).unwrap_or_default();
        all.insert(field.name.as_str().to_owned(), of_field(visit, field, &text).await?);
    }
    Ok(all)
}

async fn of_field(visit: &Visit, field: &SchemaField, text: &str) -> Result<Choices, Fault> {
    let target = field.to.as_ref().and_then(|to| visit.snapshot.catalog.schema(to));
    let mut items = match (target, field.field.kind) {
        (_, FieldKind::Person | FieldKind::People) => people(visit, text).await?,
        (Some(target), _) => records(visit, target, text, MOST + 1).await?,
        _ => Vec::new(),
    };
    let more = items.len() > MOST;
    items.truncate(MOST);
    let new = target.filter(|target| visit.may_create(target) && made_of_a_name(target));
    Ok(Choices { items, more, new: new.map(|target| target.collection.title.one.to_lowercase()) })
}

/// Whether a record needs nothing but a name, so that a form that refers to it can make it in passing. What is numbered
/// is a document or a piece of work, and is begun on a page of its own.
fn made_of_a_name(target: &Schema) -> bool {
    let named = target.field(target.collection.display.as_str());
    let mut others = target.fields.iter().filter(|field| field.name != target.collection.display);
    named.is_some_and(|field| field.field.kind == FieldKind::Text && !field.field.read_only)
        && target.fields.iter().all(|field| field.field.sequence.is_none())
        && others.all(|field| !field.field.required || field.field.default.is_some())
}

/// Records of a collection, as a form offers them.
pub(super) async fn of_records(visit: &Visit, target: &Arc<Schema>) -> Result<Choices, Fault> {
    let mut items = records(visit, target, "", MOST + 1).await?;
    let more = items.len() > MOST;
    items.truncate(MOST);
    Ok(Choices { items, more, new: None })
}

/// The people of the organization whose name has the text.
pub(super) async fn people(visit: &Visit, text: &str) -> Result<Vec<Choice>, Fault> {
    let text = lignaflow_core::fold::fold(text);
    let everybody = visit.app.records.directory().people(visit.signed.caller.organization, None).await?;
    let fits = |name: &str| text.is_empty() || lignaflow_core::fold::fold(name).contains(&text);
    Ok(everybody
        .into_iter()
        .filter(|person| fits(&person.name))
        .map(|person| Choice {
            id: person.id,
            hint: if person.active { String::new() } else { "no longer active".to_owned() },
            label: person.name,
        })
        .collect())
}

/// Records that a search finds, or else whose display field has the text, told apart by what their first reference or next text says.
async fn records(visit: &Visit, target: &Arc<Schema>, text: &str, most: usize) -> Result<Vec<Choice>, Fault> {
    let access = visit.signed.caller.to_read()?;
    let catalog = &visit.snapshot.catalog;
    let display = target.collection.display.as_str();
    let hint = target.fields.iter().find_map(|field| {
        let next = field.to.as_ref().filter(|_| field.field.kind == FieldKind::Reference)?;
        let schema = catalog.schema(next).filter(|schema| schema.name != target.name)?;
        Some(format!("{}.{}", field.name, schema.collection.display))
    });
    let filter = if text.trim().is_empty() {
        Predicate::always()
    } else if target.field(display).is_some_and(|field| field.field.search) {
        Predicate::Search(text.to_owned())
    } else {
        Predicate::Compare {
            path: display.to_owned(),
            operator: Operator::Contains,
            value: Value::Text(text.trim().to_owned()),
        }
    };
    let selection = Selection {
        collection: target.name.to_string(),
        authority: Authority::Caller,
        filter,
        sort: vec![SortKey { path: display.to_owned(), descending: false }],
        select: [Some("id".to_owned()), Some(display.to_owned()), hint].into_iter().flatten().collect(),
        limit: u16::try_from(most).unwrap_or(200),
        after: None,
    };
    let page = visit.app.records.find(access, catalog, &selection).await?;
    let text_of = |value: Option<&Value>| value.and_then(Value::as_text).unwrap_or_default().to_owned();
    Ok(page
        .rows
        .iter()
        .filter_map(|row| {
            let id = row.first()?.as_reference()?;
            Some(Choice { id, label: text_of(row.get(1)), hint: text_of(row.get(2)) })
        })
        .collect())
}

/// `GET /{plugin}/{collection}/choices?q=`: for the typeahead.
pub(super) async fn choices(
    visit: Visit,
    Path((plugin, collection)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let name: Result<CollectionName, _> = format!("{plugin}/{collection}").parse();
    let target = name.ok().and_then(|name| visit.snapshot.catalog.schema(&name).cloned());
    let Some(target) = target else { return Json(Choices::default()).into_response() };
    let text = query.get("q").map(String::as_str).unwrap_or_default();
    match records(&visit, &target, text, FOUND + 1).await {
        Ok(mut items) => {
            let more = items.len() > FOUND;
            items.truncate(FOUND);
            Json(Choices { items, more, new: None }).into_response()
        }
        Err(fault) => Problem::from(fault).into_response(),
    }
}

/// `POST /{plugin}/{collection}/choices`, with `name`: one more choice, made in passing.
pub(super) async fn new_choice(
    visit: Visit,
    Path((plugin, collection)): Path<(String, String)>,
    Form(posted): Form<HashMap<String, String>>,
) -> Response {
    let name: Result<CollectionName, _> = format!("{plugin}/{collection}").parse();
    let target = name.ok().and_then(|name| visit.snapshot.catalog.schema(&name).cloned());
    let Some(target) = target.filter(|target| made_of_a_name(target)) else {
        return Problem::from(Fault::not_found(&collection)).into_response();
    };
    let label = posted.get("name").map(|name| name.trim().to_owned()).unwrap_or_default();
    let fields = [(target.collection.display.to_string(), Value::Text(label.clone()))].into();
    let one = Mutation::Insert { collection: target.name.to_string(), id: Id::fresh(), fields };
    match visit.app.records.write_beside(Vec::new(), &visit.signed.caller, Origin::Page, vec![one]).await {
        Ok(written) => match written.saved.first() {
            Some(saved) => Json(Choice { id: saved.record.id, label, hint: String::new() }).into_response(),
            None => Problem::from(Fault::internal()).into_response(),
        },
        Err(fault) => Problem::from(fault).into_response(),
    }
}

/// The identifier of an address, where it is one.
pub(super) fn id(text: &str) -> Option<Id> {
    text.parse().ok()
}
