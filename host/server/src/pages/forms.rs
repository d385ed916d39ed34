//! Forms of any collection: new, edit, and both again with their issues. What was typed is never lost.

use super::held::with_files;
use super::house::{Visit, own_address};
use super::lookup;
use super::posted::posted;
use crate::app::App;
use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use http::StatusCode;
use lignaflow_core::catalog::Schema;
use lignaflow_core::id::Id;
use lignaflow_core::mutation::{Mutation, Origin};
use lignaflow_core::record::Record;
use lignaflow_core::{ErrorCode, Fault, Issue};
use lignaflow_web::blocks::BACK;
use lignaflow_web::collection::conflict::{self, ConflictPage, Other};
use lignaflow_web::collection::form::{FormPage, Target, page};
use lignaflow_web::collection::record::label;
use lignaflow_web::labels::Wanted;
use lignaflow_web::{Draft, paths};
use std::sync::Arc;

type Pairs = Vec<(String, String)>;

fn pairs(raw: &[u8]) -> Pairs {
    form_urlencoded::parse(raw).into_owned().collect()
}

/// A form that is to be shown again.
struct Again<'a> {
    status: StatusCode,
    target: Target<'a>,
    issues: &'a [Issue],
    fault: Option<&'a str>,
}

async fn show(visit: &Visit, schema: &Schema, draft: &Draft, again: Again<'_>) -> Response {
    let find = |field: &str| draft.find.as_ref().filter(|find| find.field == field).map(|find| find.text.clone());
    let labels = lookup::labels(visit, &Wanted::of_draft(schema, draft, &[])).await;
    let choices = lookup::by_field(visit, schema, find).await;
    let (labels, choices) = match (labels, choices) {
        (Ok(labels), Ok(choices)) => (labels, choices),
        (Err(fault), _) | (_, Err(fault)) => return visit.fault(&fault),
    };
    let view = FormPage {
        schema,
        target: again.target,
        draft,
        issues: again.issues,
        fault: again.fault,
        choices: &choices,
        labels: &labels,
    };
    visit.page_with(again.status, page(&visit.shell(), &view))
}

/// The status of a refused form, and what is said above it beside the issues.
fn refused(fault: &Fault) -> (StatusCode, Option<&str>) {
    let status = crate::problem::Problem::from(fault.clone()).status();
    (status, (fault.code != ErrorCode::Invalid && fault.issues.is_empty()).then_some(fault.message.as_str()))
}

pub(super) async fn new(
    visit: Visit,
    Path((plugin, collection)): Path<(String, String)>,
    RawQuery(raw): RawQuery,
) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    if let Err(fault) = visit.signed.caller.to_write() {
        return visit.fault(&fault);
    }
    let person = visit.signed.caller.person().map(|person| person.0);
    let mut draft = Draft::blank(&schema, person, &visit.reader());
    draft.prefill(&schema, pairs(raw.as_deref().unwrap_or_default().as_bytes()));
    let again = Again { status: StatusCode::OK, target: Target::New, issues: &[], fault: None };
    show(&visit, &schema, &draft, again).await
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    visit: Result<Visit, Response>,
    Path((plugin, collection)): Path<(String, String)>,
    request: Request,
) -> Response {
    let visit = match visit {
        Ok(visit) => visit,
        Err(door) => return with_files(&app, request, door).await,
    };
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let posted = match posted(&visit, &schema, request).await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let pairs = posted.pairs;
    let draft = Draft::posted(&schema, pairs.iter().map(|(name, value)| (name, value)));
    if draft.find.is_some() {
        let again = Again { status: StatusCode::OK, target: Target::New, issues: &[], fault: None };
        return show(&visit, &schema, &draft, again).await;
    }
    let (fields, mut issues) = draft.read(&schema, &visit.reader());
    issues.extend(posted.issues);
    let mutation = Mutation::Insert { collection: schema.name.to_string(), id: Id::fresh(), fields };
    let saved = visit.app.records.write_beside(issues, &visit.signed.caller, Origin::Page, vec![mutation]).await;
    match saved {
        Ok(written) => {
            let Some(saved) = written.saved.first() else { return visit.fault(&Fault::internal()) };
            let name = label(&schema, &saved.record);
            let another = pairs.iter().any(|(name, _)| name == "another");
            let back = pairs.iter().find(|(name, _)| name == BACK).map(|(_, back)| own_address(back).to_owned());
            let to = match back {
                Some(back) => back,
                None if another => paths::new(&schema.name),
                None => paths::record(&schema.name, saved.record.id),
            };
            visit.go(&to, &format!("Saved “{name}”."))
        }
        Err(fault) => {
            let (status, told) = refused(&fault);
            let again = Again { status, target: Target::New, issues: &fault.issues, fault: told };
            show(&visit, &schema, &draft, again).await
        }
    }
}

async fn standing(visit: &Visit, schema: &Arc<Schema>, id: &str) -> Result<Record, Response> {
    let Some(id) = lookup::id(id) else { return Err(visit.not_found()) };
    let access = visit.signed.caller.to_read().map_err(|fault| visit.fault(&fault))?;
    visit.app.records.get(access, schema, id).await.map_err(|fault| visit.fault(&fault))
}

pub(super) async fn edit(visit: Visit, Path((plugin, collection, id)): Path<(String, String, String)>) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    if let Err(fault) = visit.signed.caller.to_write() {
        return visit.fault(&fault);
    }
    let record = match standing(&visit, &schema, &id).await {
        Ok(record) => record,
        Err(response) => return response,
    };
    let draft = Draft::of(&schema, &record, &visit.reader());
    let name = label(&schema, &record);
    let target = Target::Existing { id: record.id, label: &name };
    show(&visit, &schema, &draft, Again { status: StatusCode::OK, target, issues: &[], fault: None }).await
}

pub(super) async fn update(
    State(app): State<Arc<App>>,
    visit: Result<Visit, Response>,
    Path((plugin, collection, id)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let visit = match visit {
        Ok(visit) => visit,
        Err(door) => return with_files(&app, request, door).await,
    };
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let record = match standing(&visit, &schema, &id).await {
        Ok(record) => record,
        Err(response) => return response,
    };
    let posted = match posted(&visit, &schema, request).await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let name = label(&schema, &record);
    let target = Target::Existing { id: record.id, label: &name };
    // An organization's own field may be called so as well; then it is that.
    let back = posted.pairs.iter().find(|(name, _)| name == BACK && schema.field(BACK).is_none());
    let back = back.map(|(_, back)| own_address(back).to_owned());
    let mut draft = Draft::posted(&schema, posted.pairs);
    if draft.find.is_some() {
        return show(&visit, &schema, &draft, Again { status: StatusCode::OK, target, issues: &[], fault: None }).await;
    }
    let (fields, mut issues) = draft.read(&schema, &visit.reader());
    issues.extend(posted.issues);
    let mutation = Mutation::Update {
        collection: schema.name.to_string(),
        id: record.id,
        // A form without its version was not made here; it overwrites nothing.
        expected: Some(draft.version.unwrap_or(0)),
        fields,
    };
    let saved = visit.app.records.write_beside(issues, &visit.signed.caller, Origin::Page, vec![mutation]).await;
    match saved {
        Ok(written) => {
            let name = written.saved.first().map_or(name.clone(), |saved| label(&schema, &saved.record));
            let to = back.unwrap_or_else(|| paths::record(&schema.name, record.id));
            visit.go(&to, &format!("Saved “{name}”."))
        }
        Err(fault) if fault.code == ErrorCode::Stale => conflicting(&visit, &schema, &mut draft, record.id).await,
        Err(fault) => {
            let (status, told) = refused(&fault);
            show(&visit, &schema, &draft, Again { status, target, issues: &fault.issues, fault: told }).await
        }
    }
}

/// Somebody else was faster: the form with what was typed, put onto the record as it stands now.
async fn conflicting(visit: &Visit, schema: &Arc<Schema>, draft: &mut Draft, id: Id) -> Response {
    let current = match standing(visit, schema, &id.to_string()).await {
        Ok(record) => record,
        Err(response) => return response,
    };
    let moved = draft.rebase(schema, &current, &visit.reader());
    let mut wanted = Wanted::of_draft(schema, draft, &moved);
    let here = Wanted::of(schema, [&current]);
    wanted.people.extend(here.people);
    wanted.files.extend(here.files);
    for (name, ids) in here.records {
        wanted.records.entry(name).or_default().extend(ids);
    }
    let access = match visit.signed.caller.to_read() {
        Ok(access) => access,
        Err(fault) => return visit.fault(&fault),
    };
    let last =
        visit.app.records.history(access, schema, id, 1).await.ok().and_then(|entries| entries.into_iter().next());
    let person = last.as_ref().and_then(super::record::person_of);
    wanted.people.extend(person);
    let (labels, choices) =
        match (lookup::labels(visit, &wanted).await, lookup::by_field(visit, schema, |_| None).await) {
            (Ok(labels), Ok(choices)) => (labels, choices),
            (Err(fault), _) | (_, Err(fault)) => return visit.fault(&fault),
        };
    let name = label(schema, &current);
    let who = person.and_then(|id| labels.get(id)).map(str::to_owned);
    let view = ConflictPage {
        form: FormPage {
            schema,
            target: Target::Existing { id, label: &name },
            draft,
            issues: &[],
            fault: None,
            choices: &choices,
            labels: &labels,
        },
        current: &current,
        moved: &moved,
        other: who.as_deref().zip(last.as_ref()).map(|(name, entry)| Other { name, at: entry.at }),
    };
    visit.page_with(StatusCode::CONFLICT, conflict::page(&visit.shell(), &view))
}
