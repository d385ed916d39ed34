//! The list of a collection.

use super::house::Visit;
use super::lookup;
use crate::rest::query;
use axum::extract::{Path, RawQuery};
use axum::response::Response;
use lignaflow_core::Fault;
use lignaflow_core::bind::Binder;
use lignaflow_core::catalog::Schema;
use lignaflow_core::query::{Predicate, Selection};
use lignaflow_web::ListQuery;
use lignaflow_web::collection::list::{ListPage, page};
use lignaflow_web::labels::Wanted;
use std::sync::Arc;

pub(super) async fn list(
    visit: Visit,
    Path((plugin, collection)): Path<(String, String)>,
    RawQuery(raw): RawQuery,
) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let pairs = form_urlencoded::parse(raw.as_deref().unwrap_or_default().as_bytes()).into_owned();
    let query = ListQuery::of(pairs);
    match draw(&visit, &schema, &query).await {
        Ok(response) => response,
        Err(fault) => visit.fault(&fault),
    }
}

async fn draw(visit: &Visit, schema: &Arc<Schema>, query: &ListQuery) -> Result<Response, Fault> {
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
    let view = ListPage {
        catalog,
        schema,
        records: &records,
        labels: &labels,
        query,
        choices: &choices,
        next: next.as_deref(),
        may_write: visit.may_write(),
    };
    Ok(visit.page(page(&visit.shell(), &view)))
}

/// What an address asks for, read as the API reads it.
fn selection(visit: &Visit, schema: &Arc<Schema>, query: &ListQuery) -> Result<Selection, Fault> {
    let binder = Binder { catalog: &visit.snapshot.catalog, home: None };
    let mut pairs: query::Pairs = query.filters.clone();
    for (name, value) in [("q", &query.q), ("sort", &query.sort)] {
        if !value.is_empty() {
            pairs.push((name.to_owned(), value.clone()));
        }
    }
    pairs.extend(query.after.clone().map(|after| ("after".to_owned(), after)));
    let mut selection = query::list(&binder, schema, &pairs)?.selection;
    if query.archived {
        let filter = Predicate::Not(Box::new(Predicate::IsNull("archived_at".into())));
        selection.filter = selection.filter.and(filter);
    }
    Ok(selection)
}
