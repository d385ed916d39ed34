//! Forms that ask for what a deed needs: the fields of a transition, on a page before it; those that a route of a plugin
//! takes, as a block of one of its pages. What was typed stands there again where it is refused.

use super::declared::Place;
use super::house::Visit;
use super::lines::{Address, Sheet};
use super::lookup;
use super::routed::{self, Pairs};
use super::sheets::property;
use crate::problem::Problem;
use axum::extract::{Path, RawForm};
use axum::response::Response;
use http::StatusCode;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{Block, Descriptor, FormBlock, Page, Route, Transition, humanize};
use lignaflow_core::id::Id;
use lignaflow_core::mutation::{Fields, Mutation, Origin};
use lignaflow_core::name::PermissionName;
use lignaflow_core::record::Record;
use lignaflow_core::value::Value;
use lignaflow_core::{Fault, Issue};
use lignaflow_runtime::LoadedPlugin;
use lignaflow_web::blocks::BACK;
use lignaflow_web::collection::asking::{AskPage, AskView, asking_schema, page as draw};
use lignaflow_web::collection::record::{label, transitions};
use lignaflow_web::labels::Wanted;
use lignaflow_web::{Draft, paths};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// What is said of a form that was refused.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    issues: Vec<Issue>,
    fault: Option<String>,
    typed: Draft,
}

impl Refused {
    fn of(problem: &Problem, typed: Draft) -> Self {
        let issues = problem.issues().to_vec();
        let fault = issues.is_empty().then(|| problem.detail().to_owned());
        Self { status: problem.status(), issues, fault, typed }
    }

    /// No refusal, but a search for what may be chosen.
    const fn searched(typed: Draft) -> Self {
        Self { status: StatusCode::OK, issues: Vec::new(), fault: None, typed }
    }
}

/// What a form is of, whatever it is posted for.
struct Asked<'a> {
    title: &'a str,
    schema: Option<Arc<Schema>>,
    action: String,
    button: &'a str,
    id: Option<String>,
}

/// `says` is what the page's address says, of which fields of the form begin with what it names.
async fn view(
    visit: &Visit,
    asked: Asked<'_>,
    refused: Option<&Refused>,
    says: &Pairs,
) -> Result<(AskView, Wanted), Fault> {
    let person = visit.signed.caller.person().map(|person| person.0);
    let named = |schema: &Schema| says.iter().any(|(name, _)| schema.field(name).is_some());
    let draft = match (refused, &asked.schema) {
        (Some(refused), _) => refused.typed.clone(),
        (None, Some(schema)) if named(schema) => {
            let mut said = Draft::posted(schema, says.iter().map(|(name, value)| (name, value)));
            // A search among choices is that of the controls above, which asked for it.
            said.find = None;
            said
        }
        (None, Some(schema)) => Draft::blank(schema, person, &visit.reader()),
        (None, None) => Draft::default(),
    };
    let find = |field: &str| draft.find.as_ref().filter(|find| find.field == field).map(|find| find.text.clone());
    let (choices, wanted) = match &asked.schema {
        Some(schema) => (lookup::by_field(visit, schema, find).await?, Wanted::of_draft(schema, &draft, &[])),
        None => Default::default(),
    };
    let view = AskView {
        title: asked.title.to_owned(),
        schema: asked.schema,
        issues: refused.map(|refused| refused.issues.clone()).unwrap_or_default(),
        fault: refused.and_then(|refused| refused.fault.clone()),
        draft,
        choices,
        action: asked.action,
        button: asked.button.to_owned(),
        id: asked.id,
    };
    Ok((view, wanted))
}

// --- Of a transition -------------------------------------------------------------------------------------------------

/// The fields that a transition asks for, by themselves.
fn asked_of(visit: &Visit, schema: &Schema, transition: &Transition) -> Option<Schema> {
    let descriptor = visit.snapshot.plugins.get(&schema.name.plugin)?;
    let fields = transition.asks.iter().filter_map(|name| schema.field(name.as_str()));
    let title = transition.title.clone().unwrap_or_else(|| humanize(transition.name.as_str()));
    asking_schema(descriptor.descriptor(), &title, fields.map(|field| (field.name.clone(), field.field.clone())))
}

async fn before(
    visit: &Visit,
    schema: &Arc<Schema>,
    record: &Record,
    transition: &Transition,
    refused: Option<&Refused>,
) -> Result<Response, Fault> {
    let title = transition.title.clone().unwrap_or_else(|| humanize(transition.name.as_str()));
    let asked = Asked {
        title: &title,
        schema: asked_of(visit, schema, transition).map(Arc::new),
        action: paths::transition(&schema.name, record.id, &transition.name),
        button: &title,
        id: None,
    };
    let (mut ask, wanted) = view(visit, asked, refused, &Pairs::new()).await?;
    if refused.is_none() {
        ask.draft.version = Some(record.version);
    }
    let labels = lookup::labels(visit, &wanted).await?;
    let locks = transition.locks.then_some(transition.to.as_str());
    let view = AskPage { schema, id: record.id, label: &label(schema, record), locks, ask: &ask, labels: &labels };
    let status = refused.map_or(StatusCode::OK, |refused| refused.status);
    Ok(visit.page_with(status, draw(&visit.shell(), &view)))
}

/// `GET /{plugin}/{collection}/{id}/to/{transition}`: what it asks for, where it can be made.
pub(super) async fn transition(
    visit: Visit,
    Path((plugin, collection, id, name)): Path<(String, String, String, String)>,
) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let Some(id) = lookup::id(&id) else { return visit.not_found() };
    let record = match visit.signed.caller.to_read() {
        Ok(access) => visit.app.records.get(access, &schema, id).await,
        Err(fault) => Err(fault),
    };
    let record = match record {
        Ok(record) => record,
        Err(fault) => return visit.fault(&fault),
    };
    let may = |transition: &Transition| {
        let holds = |permission| visit.signed.caller.holds(&format!("{plugin}.{permission}"));
        visit.may_write() && transition.permission.as_ref().is_none_or(holds)
    };
    let open = transitions(&schema, &record, may);
    let open = open.into_iter().find(|transition| transition.name.as_str() == name && !transition.asks.is_empty());
    let Some(transition) = open else { return visit.go(&paths::record(&schema.name, id), "") };
    match before(&visit, &schema, &record, transition, None).await {
        Ok(response) => response,
        Err(fault) => visit.fault(&fault),
    }
}

/// Makes a transition with what was typed for it.
pub(super) async fn made(
    visit: &Visit,
    schema: &Arc<Schema>,
    id: Id,
    transition: &Transition,
    body: &[u8],
) -> Response {
    let Some(asked) = asked_of(visit, schema, transition) else { return visit.not_found() };
    let pairs: Pairs = form_urlencoded::parse(body).into_owned().collect();
    let draft = Draft::posted(&asked, pairs.iter().map(|(name, value)| (name, value)));
    let refused = if draft.find.is_some() {
        Refused::searched(draft)
    } else {
        let (fields, issues) = draft.read(&asked, &visit.reader());
        let mutation = Mutation::Transition {
            collection: schema.name.to_string(),
            id,
            expected: draft.version,
            name: transition.name.to_string(),
            fields,
        };
        let made = visit.app.records.write_beside(issues, &visit.signed.caller, Origin::Page, vec![mutation]).await;
        match made {
            Ok(written) => {
                let name = written.saved.first().map(|saved| label(schema, &saved.record)).unwrap_or_default();
                let back = routed::first(&pairs, BACK).map(super::house::own_address);
                let to = back.map_or_else(|| paths::record(&schema.name, id), str::to_owned);
                return visit.go(&to, &format!("{}: “{name}”.", humanize(transition.name.as_str())));
            }
            Err(fault) => Refused::of(&Problem::from(fault), draft),
        }
    };
    let drawn = match visit.signed.caller.to_read() {
        Ok(access) => match visit.app.records.get(access, schema, id).await {
            Ok(record) => before(visit, schema, &record, transition, Some(&refused)).await,
            Err(fault) => Err(fault),
        },
        Err(fault) => Err(fault),
    };
    drawn.unwrap_or_else(|fault| visit.fault(&fault))
}

// --- Of a route ------------------------------------------------------------------------------------------------------

fn schema_of(descriptor: &Descriptor, form: &FormBlock) -> Option<Schema> {
    let fields = form.fields.iter().map(|(name, field)| (name.clone(), field.clone()));
    asking_schema(descriptor, &form.title, fields)
}

/// A form as a block; nothing where it is not for whoever visits, or not for a record in its state.
pub(super) async fn block(
    place: &Place<'_>,
    loaded: &LoadedPlugin,
    page: &Page,
    (index, form): (usize, &FormBlock),
    refused: Option<&Refused>,
) -> Result<Option<(AskView, Wanted)>, Fault> {
    let (visit, of) = (place.visit, place.of);
    let descriptor = loaded.descriptor();
    let Some(route) = descriptor.route(form.route.as_str()) else { return Ok(None) };
    let holds = |permission: &PermissionName| visit.signed.caller.holds(&permission.full(&descriptor.id));
    let stands = form.when.iter().all(|(field, states)| {
        let now = of.and_then(|of| of.record.get(&of.schema, field.as_str())).and_then(Value::as_text);
        now.is_some_and(|now| states.iter().any(|state| state == now))
    });
    if !visit.may_write() || !route.permission.as_ref().is_none_or(holds) || (!stands && refused.is_none()) {
        return Ok(None);
    }
    let action = match of {
        Some(of) => format!("{}/form/{index}", paths::record_page(&descriptor.id, &page.name, of.record.id)),
        None => format!("/{}/-/{}/{index}/send", descriptor.id, page.name),
    };
    let title = if form.title.is_empty() { page.title.as_str() } else { form.title.as_str() };
    let button = form.button.as_deref().unwrap_or(title);
    let schema = schema_of(descriptor, form).map(Arc::new);
    view(visit, Asked { title, schema, action, button, id: Some(format!("f-{}", form.route)) }, refused, place.asked)
        .await
        .map(Some)
}

/// Calls the route of a form with what was typed: says where to go, or what is wrong with it.
pub(super) async fn send(
    visit: &Visit,
    loaded: &LoadedPlugin,
    page: &Page,
    form: &FormBlock,
    of: Option<&Sheet>,
    pairs: &Pairs,
) -> Result<Response, Box<Refused>> {
    let descriptor = loaded.descriptor();
    let schema = schema_of(descriptor, form);
    let draft = match &schema {
        Some(schema) => Draft::posted(schema, pairs.iter().map(|(name, value)| (name, value))),
        None => Draft::default(),
    };
    if draft.find.is_some() {
        return Err(Box::new(Refused::searched(draft)));
    }
    let (fields, issues) =
        schema.as_ref().map_or_else(|| (Fields::new(), Vec::new()), |schema| draft.read(schema, &visit.reader()));
    if !issues.is_empty() {
        return Err(Box::new(Refused::of(&Problem::from(Fault::invalid(issues)), draft)));
    }
    let route = descriptor.route(form.route.as_str());
    let mut body: Map<String, Json> = fields
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.clone(), value.to_json()))
        .collect();
    if page.blocks.iter().any(|block| matches!(block, Block::Sheet(_))) {
        body.extend(ticked(route, form, pairs));
    }
    let body = route.is_some_and(|route| route.body.is_some()).then_some(Json::Object(body));
    let parameter = route.and_then(|route| route.path.split('{').nth(1)?.split('}').next());
    let parameters = parameter.zip(of).map(|(name, of)| (name.to_owned(), of.record.id.to_string()));
    let parameters = parameters.into_iter().collect();
    let answer = routed::call(visit, loaded, &form.route, parameters, Vec::new(), body.as_ref()).await;
    let answer = answer.map_err(|problem| Box::new(Refused::of(&problem, draft)))?;
    // What was made of it is shown where it is a record; else the page again.
    let made = route.and_then(|route| route.answer.record.as_ref()).and_then(|collection| {
        let id: Id = serde_json::from_slice::<Json>(&answer).ok()?["id"].as_str()?.parse().ok()?;
        Some(format!("/{}/{collection}/{id}", descriptor.id))
    });
    let here = match of {
        Some(of) => paths::record_page(&descriptor.id, &page.name, of.record.id),
        None => format!("/{}/-/{}", descriptor.id, page.name),
    };
    Ok(visit.go(&made.unwrap_or(here), form.done.as_deref().unwrap_or("Done.")))
}

/// What was ticked in the sheet beside the form: the lists of the route's body that the form does not ask for.
fn ticked(route: Option<&Route>, form: &FormBlock, pairs: &Pairs) -> Vec<(String, Json)> {
    let properties = route.and_then(|route| route.body.as_ref()).and_then(|body| body["properties"].as_object());
    let lists = properties.into_iter().flatten().filter(|(name, schema)| {
        schema["type"] == "array" && form.fields.keys().all(|field| field.as_str() != name.as_str())
    });
    let of = |name: &str| -> Vec<&str> {
        let mine = pairs.iter().filter(|(posted, value)| property(posted) == name && !value.is_empty());
        mine.map(|(_, value)| value.as_str()).collect()
    };
    lists.map(|(name, _)| (name.clone(), Json::from(of(name)))).collect()
}

/// `POST /{plugin}/-/{page}/{id}/form/{index}`: the form on a page of a record.
pub(super) async fn on_record(
    visit: Visit,
    Path((plugin, name, id, index)): Path<(String, String, String, usize)>,
    RawForm(body): RawForm,
) -> Response {
    let address: Address = (plugin, name, id);
    let sheet = match super::lines::sheet(&visit, &address).await {
        Ok(sheet) => sheet,
        Err(response) => return response,
    };
    let Some(Block::Form(form)) = sheet.page.blocks.get(index) else { return visit.not_found() };
    let pairs: Pairs = form_urlencoded::parse(&body).into_owned().collect();
    match send(&visit, &sheet.plugin, &sheet.page, form, Some(&sheet), &pairs).await {
        Ok(response) => response,
        Err(refused) => super::declared::asked_again(&visit, &sheet, index, &refused, &pairs).await,
    }
}
