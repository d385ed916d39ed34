//! Setting a record back to what it was: first what would change, then the change.

use super::house::Visit;
use super::lookup;
use axum::extract::{Path, RawForm};
use axum::response::Response;
use http::StatusCode;
use lignaflow_core::Fault;
use lignaflow_core::catalog::Schema;
use lignaflow_core::id::Id;
use lignaflow_records::Earlier;
use lignaflow_web::collection::VERSION;
use lignaflow_web::collection::earlier::{EarlierPage, page};
use lignaflow_web::collection::record::label;
use lignaflow_web::labels::Wanted;
use lignaflow_web::paths;
use std::sync::Arc;

type At = (String, String, String, String);

pub(super) async fn show(visit: Visit, Path((plugin, collection, id, version)): Path<At>) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let (Some(id), Ok(version)) = (lookup::id(&id), version.parse()) else { return visit.not_found() };
    match draw(&visit, &schema, id, version, None).await {
        Ok(response) => response,
        Err(fault) => gone(&visit, &fault),
    }
}

/// A version that there is not is a page that there is not.
fn gone(visit: &Visit, fault: &Fault) -> Response {
    if fault.issues.iter().any(|issue| issue.path == "/version") { visit.not_found() } else { visit.fault(fault) }
}

async fn draw(
    visit: &Visit,
    schema: &Arc<Schema>,
    id: Id,
    version: u64,
    refused: Option<&Fault>,
) -> Result<Response, Fault> {
    let access = visit.signed.caller.to_read()?;
    let Earlier { record, fields } = visit.app.records.earlier(access, schema, id, version).await?;
    let made = visit.app.records.version(access, schema, id, version).await?;
    let mut wanted = Wanted::of(schema, [&record]);
    for (name, value) in &fields {
        if let Some(field) = schema.field(name) {
            wanted.add(field.field.kind, field.to.as_ref(), value);
        }
    }
    let labels = lookup::labels(visit, &wanted).await?;
    let told = refused.map(|fault| match fault.issues.as_slice() {
        [] => fault.message.clone(),
        issues => issues.iter().map(|issue| issue.message.as_str()).collect::<Vec<_>>().join(" "),
    });
    let view = EarlierPage {
        schema,
        record: &record,
        version,
        at: made.map(|entry| entry.at),
        fields: &fields,
        labels: &labels,
        may_write: visit.may_write(),
        fault: told.as_deref(),
    };
    let status = refused.map_or(StatusCode::OK, |fault| crate::problem::Problem::from(fault.clone()).status());
    Ok(visit.page_with(status, page(&visit.shell(), &view)))
}

pub(super) async fn restore(
    visit: Visit,
    Path((plugin, collection, id, version)): Path<At>,
    RawForm(body): RawForm,
) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let (Some(id), Ok(version)) = (lookup::id(&id), version.parse::<u64>()) else { return visit.not_found() };
    // A form without its version was not made here; it overwrites nothing.
    let expected = form_urlencoded::parse(&body).find(|(name, _)| name == VERSION);
    let expected = expected.and_then(|(_, text)| text.parse().ok()).unwrap_or(0);
    let done = visit.app.records.revert(&visit.signed.caller, &schema, id, Some(expected), version, None).await;
    match done {
        Ok(written) => {
            let name = written.saved.first().map(|saved| label(&schema, &saved.record)).unwrap_or_default();
            visit.go(&paths::record(&schema.name, id), &format!("“{name}” is as it was at version {version}."))
        }
        Err(fault) => match draw(&visit, &schema, id, version, Some(&fault)).await {
            Ok(response) => response,
            Err(fault) => gone(&visit, &fault),
        },
    }
}
