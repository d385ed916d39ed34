//! The list of a collection.

use super::house::Visit;
use super::{bulk, in_place, lookup, views};
use crate::problem::Problem;
use crate::rest::accept::Format;
use crate::rest::export::{Export, TakenBy};
use crate::rest::host::From;
use crate::rest::query;
use axum::extract::{Path, RawQuery};
use axum::response::Response;
use http::StatusCode;
use lignaflow_core::Fault;
use lignaflow_core::bind::Binder;
use lignaflow_core::catalog::Schema;
use lignaflow_core::period::Almanac;
use lignaflow_core::query::{Predicate, Selection};
use lignaflow_identity::Client;
use lignaflow_web::ListQuery;
use lignaflow_web::collection::list::{ListPage, page};
use lignaflow_web::collection::views::ViewBar;
use lignaflow_web::labels::Wanted;
use std::sync::Arc;

pub(super) async fn list(
    visit: Visit,
    From(client): From,
    Path((plugin, collection)): Path<(String, String)>,
    RawQuery(raw): RawQuery,
) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let pairs = form_urlencoded::parse(raw.as_deref().unwrap_or_default().as_bytes()).into_owned();
    let pairs: query::Pairs = pairs.collect();
    let query = ListQuery::of(pairs.iter().map(|(name, value)| (name, value)));
    let (query, bar) = match views::opened(&visit, &schema, query).await {
        Ok(opened) => opened,
        Err(fault) => return visit.fault(&fault),
    };
    if let Some((_, format)) = pairs.iter().find(|(name, _)| name == "format") {
        return match file(&visit, &client, &schema, &query, format).await {
            Ok(response) => response,
            Err(fault) => visit.fault(&fault),
        };
    }
    match draw(&visit, &schema, &query, &bar, StatusCode::OK).await {
        Ok(response) => response,
        Err(fault) => visit.fault(&fault),
    }
}

/// The list again, where a view of it could not be kept.
pub(super) async fn refused(visit: &Visit, schema: &Arc<Schema>, query: ListQuery, fault: &Fault) -> Response {
    let status = Problem::from(fault.clone()).status();
    let (query, mut bar) = match views::opened(visit, schema, query).await {
        Ok(opened) => opened,
        Err(fault) => return visit.fault(&fault),
    };
    bar.fault = Some(fault.message.clone());
    match draw(visit, schema, &query, &bar, status).await {
        Ok(response) => response,
        Err(_) => visit.fault(fault),
    }
}

async fn draw(
    visit: &Visit,
    schema: &Arc<Schema>,
    query: &ListQuery,
    bar: &ViewBar,
    status: StatusCode,
) -> Result<Response, Fault> {
    let access = visit.signed.caller.to_read()?;
    let catalog = &visit.snapshot.catalog;
    let selection = selection(visit, schema, query)?;
    let (records, next) = visit.app.records.list(access, catalog, &selection).await?;
    let mut wanted = Wanted::of(schema, &records);
    for (key, value) in &query.filters {
        let field =
            key.strip_prefix("filter[").and_then(|rest| rest.split(']').next()).and_then(|name| schema.field(name));
        if let (Some(field), Ok(id)) = (field, value.parse()) {
            wanted.add(field.field.kind, field.to.as_ref(), &lignaflow_core::Value::Reference(id));
        }
    }
    let labels = lookup::labels(visit, &wanted).await?;
    let choices = lookup::by_field(visit, schema, |_| None).await?;
    let in_place = in_place::of(visit, schema, query, &records).await?;
    let deeds = bulk::offers(visit, schema, query.archived);
    let view = ListPage {
        catalog,
        schema,
        records: &records,
        labels: &labels,
        query,
        choices: &choices,
        next: next.as_deref(),
        may_write: visit.may_create(schema),
        views: bar,
        deeds: &deeds,
        in_place: &in_place,
    };
    Ok(visit.page_with(status, page(&visit.shell(), &view)))
}

/// Everything that the list shows, as a file.
async fn file(
    visit: &Visit,
    client: &Client,
    schema: &Arc<Schema>,
    query: &ListQuery,
    format: &str,
) -> Result<Response, Fault> {
    let format = Format::of_file(format, "A list")?;
    let Visit { app, signed, snapshot, .. } = visit;
    let (caller, taken_by) = (&signed.caller, TakenBy::Hand(&signed.authenticated, client));
    let export = Export { app, caller, taken_by, snapshot, schema, format, marked: true };
    export.list(&crate::views::listed(schema, query)).await
}

/// What an address asks for, in the API's words.
fn asked(query: &ListQuery) -> query::Pairs {
    let mut pairs: query::Pairs = query.filters.clone();
    for (name, value) in [("q", &query.q), ("sort", &query.sort), ("zone", &query.zone)] {
        if !value.is_empty() {
            pairs.push((name.to_owned(), value.clone()));
        }
    }
    pairs.extend(query.after.clone().map(|after| ("after".to_owned(), after)));
    pairs
}

/// What an address asks for, read as the API reads it.
fn selection(visit: &Visit, schema: &Arc<Schema>, query: &ListQuery) -> Result<Selection, Fault> {
    let binder = Binder { catalog: &visit.snapshot.catalog, home: None };
    let mut selection = query::list(&binder, schema, &Almanac::of(&visit.signed.caller), &asked(query))?.selection;
    if query.archived {
        let filter = Predicate::Not(Box::new(Predicate::IsNull("archived_at".into())));
        selection.filter = selection.filter.and(filter);
    }
    Ok(selection)
}
