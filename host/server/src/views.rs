//! Saved views: what may be kept, by whom, and what is still true of it. The API and the pages both come through here.

mod renamed;

use crate::app::App;
use crate::auth::Signed;
use crate::links;
use crate::pages::{Reading, statement};
use crate::rest::query;
use lignaflow_core::bind::Binder;
use lignaflow_core::caller::Permission;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::ListView;
use lignaflow_core::name::CollectionName;
use lignaflow_core::period::Almanac;
use lignaflow_core::{ErrorCode, Fault, Id, Issue, PersonId};
use lignaflow_identity::Client;
use lignaflow_runtime::Snapshot;
use lignaflow_store::StoreError;
use lignaflow_store::views::View;
use lignaflow_web::ListQuery;
use serde_json::json;
use std::sync::Arc;

/// Views that a person keeps of one collection, at most.
pub const MOST: i64 = 50;
/// Characters of a name.
pub const LONGEST_NAME: usize = 80;
/// Bytes of a query.
pub const LONGEST_QUERY: usize = 2000;

/// What is to become of a view; what is not named stays.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    pub name: Option<String>,
    pub query: Option<String>,
    pub shared: Option<bool>,
    pub standard: Option<bool>,
}

/// Whether a query is of sums over the collection rather than of its list.
pub fn is_report(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| query::SUMMING.contains(&name.as_ref()))
}

/// What a list asks for, in the API's words: what it is narrowed to, its order, and its columns where they are chosen,
/// with what the records are called by in front.
pub fn listed(schema: &Schema, query: &ListQuery) -> query::Pairs {
    let mut pairs: query::Pairs = query.filters.clone();
    for (name, value) in [("q", &query.q), ("sort", &query.sort), ("zone", &query.zone)] {
        if !value.is_empty() {
            pairs.push((name.to_owned(), value.clone()));
        }
    }
    if query.archived {
        pairs.push(("filter[archived_at][is_null]".to_owned(), "false".to_owned()));
    }
    if !query.fields.is_empty() {
        let display = schema.collection.display.as_str();
        let chosen = query.fields.iter().map(String::as_str).filter(|field| *field != display);
        let fields: Vec<&str> = std::iter::once(display).chain(chosen).collect();
        pairs.push(("fields".to_owned(), fields.join(",")));
    }
    pairs
}

pub(crate) fn of_store(error: &StoreError) -> Fault {
    tracing::error!(%error, "the saved views cannot be reached");
    match error {
        StoreError::Unavailable(_) | StoreError::Unknown | StoreError::Contended => {
            Fault::new(ErrorCode::Unavailable, "The database cannot be reached just now; try again shortly.")
        }
        _ => Fault::internal(),
    }
}

fn person(signed: &Signed) -> Result<PersonId, Fault> {
    signed.caller.person().ok_or_else(|| Fault::denied("Views are kept by people."))
}

/// What the caller sees, of one collection or of all.
pub async fn list(app: &App, signed: &Signed, collection: Option<&CollectionName>) -> Result<Vec<View>, Fault> {
    signed.caller.to_read()?;
    let views = app.store.views(signed.caller.organization, person(signed)?, collection).await;
    let snapshot = app.registry.seen_by(&signed.caller);
    let views = views.map_err(|error| of_store(&error))?.into_iter();
    // A page may be called as a collection is.
    let views = views.filter(|view| collection.is_none() || !view.page);
    Ok(views.map(|view| followed(&snapshot, view)).collect())
}

/// What the caller sees of what is kept of a page's table, by `plugin/page`.
pub async fn of_page(app: &App, signed: &Signed, page: &CollectionName) -> Result<Vec<View>, Fault> {
    signed.caller.to_read()?;
    let views = app.store.views(signed.caller.organization, person(signed)?, Some(page)).await;
    Ok(views.map_err(|error| of_store(&error))?.into_iter().filter(|view| view.page).collect())
}

pub async fn get(app: &App, signed: &Signed, id: Id) -> Result<View, Fault> {
    signed.caller.to_read()?;
    let view =
        app.store.view(signed.caller.organization, person(signed)?, id).await.map_err(|error| of_store(&error))?;
    let view = view.ok_or_else(|| Fault::not_found("view"))?;
    Ok(followed(&app.registry.seen_by(&signed.caller), view))
}

/// The view, by the names that its collection has for what it asks for.
pub(crate) fn followed(snapshot: &Snapshot, mut view: View) -> View {
    if let Some(schema) = snapshot.catalog.schema(&view.collection).filter(|_| !view.page) {
        view.query = renamed::followed(&snapshot.catalog, schema, &view.query);
    }
    view
}

/// Whether the caller may change a view: their own, and one that is shared where they administer the organization.
pub fn may_change(signed: &Signed, view: &View) -> bool {
    let own = signed.caller.person() == Some(view.owner);
    signed.caller.holds(Permission::WRITE) && (own || signed.caller.holds(Permission::ADMINISTER))
}

/// What is no longer true of a view's query, as its collection stands now.
pub fn faults(signed: &Signed, snapshot: &Snapshot, schema: &Arc<Schema>, query: &str) -> Vec<Issue> {
    match checked(signed, snapshot, schema, query) {
        Ok(_) => Vec::new(),
        Err(issues) => issues,
    }
}

/// A view that the plugin of a collection gives its list.
#[derive(Debug)]
pub struct Declared<'a> {
    pub view: &'a ListView,
    /// As a kept one has it.
    pub query: String,
}

/// What a collection's plugin gives its list, in its order, as far as the caller may read what it is of.
pub fn declared<'a>(signed: &Signed, snapshot: &Snapshot, schema: &'a Arc<Schema>) -> Vec<Declared<'a>> {
    let all = schema.collection.views.iter().map(|view| {
        let list = ListQuery {
            filters: query::pairs(&view.filter),
            sort: view.sort.clone().unwrap_or_default(),
            fields: view.list.iter().map(ToString::to_string).collect(),
            ..ListQuery::default()
        };
        Declared { view, query: list.kept() }
    });
    all.filter(|of| faults(signed, snapshot, schema, &of.query).is_empty()).collect()
}

/// The query in the form in which it is kept.
fn checked(signed: &Signed, snapshot: &Snapshot, schema: &Arc<Schema>, query: &str) -> Result<String, Vec<Issue>> {
    let at = |issue: Issue| issue.under("/query");
    if query.len() > LONGEST_QUERY {
        let message = format!("A view's query has at most {LONGEST_QUERY} bytes, not {}.", query.len());
        return Err(vec![Issue::new("/query", "too-long", message)]);
    }
    let query = query.strip_prefix('?').unwrap_or(query);
    let pairs: query::Pairs = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let binder = Binder { catalog: &snapshot.catalog, home: None };
    let almanac = Almanac::of(&signed.caller);
    if is_report(query) {
        let bound = query::summary(&binder, schema, &almanac, &pairs).and_then(|summed| summed.bound(&binder));
        let issues: Vec<Issue> = bound.err().into_iter().flat_map(|fault| fault.issues).map(at).collect();
        if !issues.is_empty() {
            return Err(issues);
        }
        return Ok(form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish());
    }
    let mut issues = Vec::new();
    let mut asked = query::Pairs::new();
    for (name, text) in &pairs {
        match name.as_str() {
            "archived" if matches!(text.as_str(), "true" | "false") => {}
            "archived" => issues.push(Issue::new("/query/archived", "type", "Expected true or false.")),
            "limit" | "after" | "count" | "expand" => {
                let message = format!(
                    "`{name}` is not kept in a view: filters, `q`, `sort`, `fields`, `zone` and `archived` are."
                );
                issues.push(Issue::new(format!("/query/{name}"), "unknown-parameter", message));
            }
            _ => asked.push((name.clone(), text.clone())),
        }
    }
    let bound = query::list(&binder, schema, &almanac, &asked).and_then(|list| binder.selection(&list.selection));
    issues.extend(bound.err().into_iter().flat_map(|fault| fault.issues).map(at));
    if !issues.is_empty() {
        return Err(issues);
    }
    Ok(form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

fn named(name: &str) -> Result<String, Issue> {
    let name = name.trim();
    let count = name.chars().count();
    if name.is_empty() {
        return Err(Issue::new("/name", "required", "A view has a name."));
    }
    if count > LONGEST_NAME || name.chars().any(char::is_control) {
        let message = format!("A view's name has at most {LONGEST_NAME} characters, in one line.");
        return Err(Issue::new("/name", "too-long", message));
    }
    Ok(name.to_owned())
}

/// Whether a list may open with a view: everybody's is for those who administer the organization.
fn may_open(signed: &Signed, view: &View) -> Result<(), Fault> {
    if view.standard && (view.page || is_report(&view.query)) {
        return Err(Fault::at("/standard", "report", "A list opens with a list: this view is a report."));
    }
    if view.standard && view.shared && !signed.caller.holds(Permission::ADMINISTER) {
        return Err(Fault::denied("Only who administers the organization chooses what everybody's list opens with."));
    }
    Ok(())
}

pub async fn create(
    app: &App,
    signed: &Signed,
    snapshot: &Snapshot,
    schema: &Arc<Schema>,
    wish: Wish,
) -> Result<View, Fault> {
    signed.caller.to_write()?;
    let owner = person(signed)?;
    let mut issues = Vec::new();
    let name = named(wish.name.as_deref().unwrap_or_default()).map_err(|issue| issues.push(issue));
    let query = checked(signed, snapshot, schema, wish.query.as_deref().unwrap_or_default());
    let query = query.map_err(|more| issues.extend(more));
    let (Ok(name), Ok(query)) = (name, query) else { return Err(Fault::invalid(issues)) };
    add(app, signed, fresh(app, schema.name.clone(), owner, name, query, &wish)).await
}

/// Keeps the table of a page, by `plugin/page`.
pub async fn create_of_page(app: &App, signed: &Signed, page: &CollectionName, wish: Wish) -> Result<View, Fault> {
    signed.caller.to_write()?;
    let owner = person(signed)?;
    let mut issues = Vec::new();
    let name = named(wish.name.as_deref().unwrap_or_default()).map_err(|issue| issues.push(issue));
    let query = stated(app, signed, page, wish.query.as_deref().unwrap_or_default());
    let query = query.map_err(|more| issues.extend(more));
    let (Ok(name), Ok(query)) = (name, query) else { return Err(Fault::invalid(issues)) };
    add(app, signed, View { page: true, ..fresh(app, page.clone(), owner, name, query, &wish) }).await
}

/// What is asked of a page's table, in the form in which it is kept.
fn stated(app: &App, signed: &Signed, page: &CollectionName, query: &str) -> Result<String, Vec<Issue>> {
    if query.len() > LONGEST_QUERY {
        let message = format!("A view's query has at most {LONGEST_QUERY} bytes, not {}.", query.len());
        return Err(vec![Issue::new("/query", "too-long", message)]);
    }
    let caller = &signed.caller;
    let snapshot = app.registry.seen_by(caller);
    statement::checked(Reading { app, caller, snapshot: &snapshot }, page, query)
}

/// What is no longer true of what a view asks of a page's table.
pub fn stated_faults(app: &App, signed: &Signed, view: &View) -> Vec<Issue> {
    stated(app, signed, &view.collection, &view.query).err().unwrap_or_default()
}

fn fresh(app: &App, collection: CollectionName, owner: PersonId, name: String, query: String, wish: &Wish) -> View {
    let now = app.clock.now();
    View {
        id: Id::fresh(),
        collection,
        page: false,
        owner,
        name,
        query,
        shared: wish.shared.unwrap_or_default(),
        standard: wish.standard.unwrap_or_default(),
        created_at: now,
        updated_at: now,
    }
}

async fn add(app: &App, signed: &Signed, view: View) -> Result<View, Fault> {
    may_open(signed, &view)?;
    let organization = signed.caller.organization;
    if !app.store.add_view(organization, view.clone(), MOST).await.map_err(|error| of_store(&error))? {
        let message = format!("You keep {MOST} views of this list already; remove one of them first.");
        return Err(Fault::new(ErrorCode::Conflict, message));
    }
    Ok(view)
}

pub async fn change(app: &App, signed: &Signed, snapshot: &Snapshot, id: Id, wish: Wish) -> Result<View, Fault> {
    signed.caller.to_write()?;
    let mut view = own(app, signed, id).await?;
    let mut issues = Vec::new();
    if let Some(name) = &wish.name {
        match named(name) {
            Ok(name) => view.name = name,
            Err(issue) => issues.push(issue),
        }
    }
    if let Some(query) = &wish.query {
        let checked = if view.page {
            stated(app, signed, &view.collection, query)
        } else {
            let schema = app.records.schema(snapshot, &signed.caller, &view.collection)?;
            checked(signed, snapshot, &schema, query)
        };
        match checked {
            Ok(query) => view.query = query,
            Err(more) => issues.extend(more),
        }
    }
    if !issues.is_empty() {
        return Err(Fault::invalid(issues));
    }
    view.shared = wish.shared.unwrap_or(view.shared);
    view.standard = wish.standard.unwrap_or(view.standard);
    may_open(signed, &view)?;
    view.updated_at = app.clock.now();
    let kept =
        app.store.change_view(signed.caller.organization, view.clone()).await.map_err(|error| of_store(&error))?;
    if kept { Ok(view) } else { Err(Fault::not_found("view")) }
}

/// Takes a view away; links to it end with it.
pub async fn remove(app: &App, signed: &Signed, client: &Client, id: Id) -> Result<View, Fault> {
    signed.caller.to_write()?;
    let view = own(app, signed, id).await?;
    let detail = json!({ "view": id.to_string(), "name": view.name, "removed": true });
    let withdrawn = links::event(signed, client, app.clock.now(), "link.withdrawn", detail);
    let gone = app.store.remove_view(signed.caller.organization, id, withdrawn).await;
    let gone = gone.map_err(|error| of_store(&error))?;
    if gone { Ok(view) } else { Err(Fault::not_found("view")) }
}

/// A view that the caller may change.
async fn own(app: &App, signed: &Signed, id: Id) -> Result<View, Fault> {
    let view = get(app, signed, id).await?;
    if may_change(signed, &view) { Ok(view) } else { Err(Fault::denied("This view is somebody else's.")) }
}
