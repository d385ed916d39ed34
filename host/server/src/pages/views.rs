//! Saved views over lists: which one is opened, and what is done with one.

use super::house::Visit;
use super::{follow, lists, lookup, sharing};
use crate::rest::host::From;
use crate::uses;
use crate::views::{self, Declared, Wish, is_report};
use axum::extract::{Path, RawForm};
use axum::response::Response;
use lignaflow_core::Fault;
use lignaflow_core::caller::Permission;
use lignaflow_core::catalog::Schema;
use lignaflow_core::id::Id;
use lignaflow_store::views::View;
use lignaflow_web::ListQuery;
use lignaflow_web::collection::views::{SavedView, ViewBar};
use lignaflow_web::paths;
use std::sync::Arc;

/// The views of a list, and the query with the one that is opened: the one that is asked for, or where nothing is, the
/// one that the list opens with.
pub(super) async fn opened(
    visit: &Visit,
    schema: &Arc<Schema>,
    mut query: ListQuery,
) -> Result<(ListQuery, ViewBar), Fault> {
    let signed = &visit.signed;
    let views = match signed.caller.person() {
        Some(_) => views::list(&visit.app, signed, Some(&schema.name)).await?,
        None => Vec::new(),
    };
    // Reports stand on a page of their own.
    let views: Vec<View> = views.into_iter().filter(|view| !is_report(&view.query)).collect();
    let declared = views::declared(signed, &visit.snapshot, schema);
    let bare = query.is_plain() && !query.left;
    let wanted = match query.view.as_deref() {
        Some(text) => views.iter().find(|view| view.id.to_string() == text),
        None if bare => standard(&views, signed.caller.person().map(|person| person.0)),
        None => None,
    };
    let given = declared.iter().find(|of| Some(of.view.name.as_str()) == query.view.as_deref());
    if query.view.is_some() && wanted.is_none() && given.is_none() {
        query.view = Some(ListQuery::ALL.to_owned());
    }
    let mut bar = ViewBar {
        changed: false,
        may_save: visit.may_write(),
        may_choose: signed.caller.holds(Permission::ADMINISTER),
        fault: None,
        views: declared.iter().map(of_plugin).chain(views.iter().map(|view| saved(visit, view))).collect(),
        follow: None,
        share: None,
    };
    if let Some(view) = wanted {
        bar.follow = follow::of_view(visit, view, None).await?;
        bar.share = sharing::offered(visit, view);
        query.view = Some(view.id.to_string());
        let faults = views::faults(signed, &visit.snapshot, schema, &view.query);
        if let Some(first) = faults.first().filter(|_| bare) {
            let message = format!("The view “{}” does not fit this list any more: {}", view.name, first.message);
            bar.fault = Some(message);
        } else if bare {
            query = asked_by(&view.query, query);
        } else {
            bar.changed = query.kept() != asked_by(&view.query, ListQuery::default()).kept();
        }
    } else if let Some(of) = given {
        if bare {
            query = asked_by(&of.query, query);
        } else {
            bar.changed = query.kept() != of.query;
        }
    }
    Ok((query, bar))
}

/// What a view asks, at the place that an address is at.
fn asked_by(view: &str, at: ListQuery) -> ListQuery {
    let kept = ListQuery::of(form_urlencoded::parse(view.as_bytes()).into_owned());
    ListQuery { view: at.view, after: at.after, via: at.via, ..kept }
}

/// The reports that are kept of a collection.
pub(super) async fn reports(visit: &Visit, schema: &Schema) -> Result<Vec<View>, Fault> {
    let signed = &visit.signed;
    if signed.caller.person().is_none() {
        return Ok(Vec::new());
    }
    let mut views = views::list(&visit.app, signed, Some(&schema.name)).await?;
    views.retain(|view| is_report(&view.query));
    Ok(views)
}

/// One's own comes before everybody's.
fn standard(views: &[View], person: Option<Id>) -> Option<&View> {
    let own = |view: &&View| !view.shared && Some(view.owner.0) == person;
    let mut standard = views.iter().filter(|view| view.standard);
    standard.clone().find(own).or_else(|| standard.find(|view| view.shared))
}

fn of_plugin(Declared { view, .. }: &Declared<'_>) -> SavedView {
    let (key, name) = (view.name.to_string(), view.title.clone());
    SavedView { key, name, given: true, shared: false, standard: false, own: false }
}

fn saved(visit: &Visit, view: &View) -> SavedView {
    SavedView {
        key: view.id.to_string(),
        given: false,
        name: view.name.clone(),
        shared: view.shared,
        standard: view.standard,
        own: views::may_change(&visit.signed, view),
    }
}

fn saved_text(view: &View) -> String {
    let what = if is_report(&view.query) { "report" } else { "view" };
    format!("Saved the {what} “{}”.", view.name)
}

/// What a form says.
pub(super) struct Posted {
    pub(super) wish: Wish,
    query: ListQuery,
}

pub(super) fn posted(body: &[u8]) -> Posted {
    let mut wish = Wish::default();
    let mut settings = false;
    for (name, text) in form_urlencoded::parse(body) {
        match &*name {
            "name" => wish.name = Some(text.into_owned()),
            "query" => wish.query = Some(text.into_owned()),
            "shared" => wish.shared = Some(text == "true"),
            "standard" => wish.standard = Some(text == "true"),
            "settings" => settings = true,
            _ => {}
        }
    }
    if settings {
        // A box that is not ticked is not sent.
        wish.shared.get_or_insert(false);
        wish.standard.get_or_insert(false);
    }
    let kept = wish.query.clone().unwrap_or_default();
    Posted { wish, query: ListQuery::of(form_urlencoded::parse(kept.as_bytes()).into_owned()) }
}

/// Done, or the list again with what was in the way.
async fn answered(
    visit: &Visit,
    schema: &Arc<Schema>,
    query: ListQuery,
    report: Option<String>,
    done: Result<(String, String), Fault>,
) -> Response {
    match (done, report) {
        (Ok((to, flash)), _) => visit.go(&to, &flash),
        (Err(fault), Some(report)) => {
            visit.go(&format!("{}?{report}", paths::report(&schema.name)), &super::report::told(&fault))
        }
        (Err(fault), None) => lists::refused(visit, schema, query, &fault).await,
    }
}

pub(super) async fn create(
    visit: Visit,
    Path((plugin, collection)): Path<(String, String)>,
    RawForm(body): RawForm,
) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let Posted { wish, query } = posted(&body);
    let report = wish.query.clone().filter(|query| is_report(query));
    let made = views::create(&visit.app, &visit.signed, &visit.snapshot, &schema, wish).await;
    let done = made.map(|view| (uses::address(&view), saved_text(&view)));
    answered(&visit, &schema, query, report, done).await
}

pub(super) async fn change(
    visit: Visit,
    Path((plugin, collection, id)): Path<(String, String, String)>,
    RawForm(body): RawForm,
) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let Some(id) = lookup::id(&id) else { return visit.not_found() };
    let Posted { wish, query } = posted(&body);
    let report = wish.query.clone().filter(|query| is_report(query));
    let query = ListQuery { view: Some(id.to_string()), ..query };
    let changed = views::change(&visit.app, &visit.signed, &visit.snapshot, id, wish).await;
    let done = changed.map(|view| (uses::address(&view), saved_text(&view)));
    answered(&visit, &schema, query, report, done).await
}

pub(super) async fn remove(
    visit: Visit,
    From(client): From,
    Path((plugin, collection, id)): Path<(String, String, String)>,
) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let Some(id) = lookup::id(&id) else { return visit.not_found() };
    let query = ListQuery { view: Some(id.to_string()), ..ListQuery::default() };
    let gone = views::remove(&visit.app, &visit.signed, &client, id).await;
    let done = gone.map(|view| {
        if is_report(&view.query) {
            (paths::report(&schema.name), format!("Deleted the report “{}”.", view.name))
        } else {
            (ListQuery::all(&paths::list(&schema.name)), format!("Deleted the view “{}”.", view.name))
        }
    });
    answered(&visit, &schema, query, None, done).await
}
