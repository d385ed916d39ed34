//! Saved views of lists.

use super::From;
use super::account::{Body, of_path};
use crate::app::App;
use crate::auth::Signed;
use crate::problem::{IssueBody, Problem};
use crate::views::{self, Wish};
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lignaflow_core::name::CollectionName;
use lignaflow_core::value::instant_text;
use lignaflow_core::{Fault, Issue};
use lignaflow_runtime::Snapshot;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Views {
    pub data: Vec<View>,
    /// What plugins give the lists of their collections: nobody keeps them, and nobody changes them.
    pub declared: Vec<DeclaredView>,
}

/// A view that a plugin gives a list of its own.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeclaredView {
    #[schema(example = "projects/tasks")]
    pub collection: String,
    /// By which the address of the list opens it: `?view=overdue`.
    #[schema(example = "overdue")]
    pub name: String,
    #[schema(example = "Overdue")]
    pub title: String,
    /// The query of the list, as a kept view has it.
    #[schema(example = "filter%5Bdue%5D%5Blt%5D=today")]
    pub query: String,
}

/// Those of one collection, or of all that the caller reads.
fn declared(app: &App, signed: &Signed, snapshot: &Snapshot, collection: Option<&CollectionName>) -> Vec<DeclaredView> {
    let all = snapshot.catalog.schemas().filter(|schema| {
        collection.is_none_or(|name| schema.name == *name)
            && app.records.schema(snapshot, &signed.caller, &schema.name).is_ok()
    });
    all.flat_map(|schema| {
        views::declared(signed, snapshot, schema).into_iter().map(|of| DeclaredView {
            collection: schema.name.to_string(),
            name: of.view.name.to_string(),
            title: of.view.title.clone(),
            query: of.query,
        })
    })
    .collect()
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct View {
    #[schema(format = Uuid)]
    pub id: String,
    /// Over whose records it is; null where it is of a page's table.
    #[schema(example = "projects/tasks")]
    pub collection: Option<String>,
    /// The page whose table it is of, which a route of the plugin works out.
    #[schema(example = "reporting/hours")]
    pub page: Option<String>,
    pub name: String,
    /// The query of the list: filters, `q`, `sort`, `fields`, and `archived=true` for what is archived.
    #[schema(example = "filter%5Bstatus%5D=todo&sort=-due")]
    pub query: String,
    /// Whether everybody of the organization sees it.
    pub shared: bool,
    /// Whether the list opens with it: one's own, or where it is shared everybody's.
    pub standard: bool,
    /// Whose it is.
    #[schema(format = Uuid)]
    pub owner: String,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// What of the query is not true of the collection any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<IssueBody>,
}

fn shown(app: &App, signed: &Signed, snapshot: &Snapshot, view: lignaflow_store::views::View) -> View {
    let issues = match app.records.schema(snapshot, &signed.caller, &view.collection) {
        _ if view.page => views::stated_faults(app, signed, &view),
        Ok(schema) => views::faults(signed, snapshot, &schema, &view.query),
        Err(fault) => vec![Issue::new("/collection", "unknown-collection", fault.message)],
    };
    let of = view.collection.to_string();
    let (collection, page) = if view.page { (None, Some(of)) } else { (Some(of), None) };
    View {
        id: view.id.to_string(),
        collection,
        page,
        name: view.name,
        query: view.query,
        shared: view.shared,
        standard: view.standard,
        owner: view.owner.to_string(),
        created_at: instant_text(view.created_at),
        updated_at: instant_text(view.updated_at),
        issues: issues.into_iter().map(|Issue { path, code, message }| IssueBody { path, code, message }).collect(),
    }
}

/// Saved views
///
/// One's own and those that are shared, by name, and what plugins give their lists.
#[utoipa::path(
    get, path = "/views", tag = "host", operation_id = "host_list_views",
    params(("collection" = Option<String>, Query, description = "Those of one collection, such as `projects/tasks`.")),
    extensions(("x-permission" = json!("records.read"))),
    responses((status = 200, description = "By collection and name.", body = Views))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    signed: Signed,
    RawQuery(raw): RawQuery,
) -> Result<Json<Views>, Problem> {
    let snapshot = app.registry.seen_by(&signed.caller);
    let mut collection = None;
    for (name, text) in form_urlencoded::parse(raw.as_deref().unwrap_or_default().as_bytes()) {
        if name != "collection" {
            let message = format!("There is no parameter `{name}`; views take `collection`.");
            let path = format!("/{}", lignaflow_core::record::escape(&name));
            return Err(Fault::at(path, "unknown-parameter", message).into());
        }
        let named = text.parse().map_err(|_| Fault::at("/collection", "type", "Expected plugin/collection."))?;
        collection = Some(named);
    }
    let views = views::list(&app, &signed, collection.as_ref()).await?;
    let data = views.into_iter().map(|view| shown(&app, &signed, &snapshot, view)).collect();
    Ok(Json(Views { data, declared: declared(&app, &signed, &snapshot, collection.as_ref()) }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewView {
    /// Over whose records it is; this or `page`.
    #[serde(default)]
    #[schema(example = "projects/tasks")]
    pub collection: Option<String>,
    /// The page whose table is kept, as `plugin/page`: its query is what the page's address asks.
    #[serde(default)]
    pub page: Option<String>,
    #[schema(example = "Late", max_length = 80)]
    pub name: String,
    #[serde(default)]
    #[schema(example = "filter%5Bstatus%5D=todo&sort=-due", max_length = 2000)]
    pub query: String,
    #[serde(default)]
    pub shared: bool,
    #[serde(default)]
    pub standard: bool,
}

/// Keep a view
///
/// A person keeps at most 50 of one collection.
#[utoipa::path(
    post, path = "/views", tag = "host", operation_id = "host_create_view", request_body = NewView,
    extensions(("x-permission" = json!("records.write"))),
    responses((status = 201, description = "The view.", body = View))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    signed: Signed,
    Body(form): Body<NewView>,
) -> Result<(StatusCode, HeaderMap, Json<View>), Problem> {
    signed.caller.to_write()?;
    let snapshot = app.registry.seen_by(&signed.caller);
    let NewView { collection, page, name, query, shared, standard } = form;
    let wish = Wish { name: Some(name), query: Some(query), shared: Some(shared), standard: Some(standard) };
    let view = match (collection, page) {
        (Some(collection), None) => {
            let schema = collection.parse().ok();
            let schema = schema.and_then(|name| app.records.schema(&snapshot, &signed.caller, &name).ok());
            let schema = schema.ok_or_else(|| {
                let message = format!("There is no collection `{collection}` here.");
                Fault::at("/collection", "unknown-collection", message)
            })?;
            views::create(&app, &signed, &snapshot, &schema, wish).await?
        }
        (None, Some(page)) => {
            let unknown = || Fault::at("/page", "unknown-page", "Expected the page of a plugin, as `plugin/page`.");
            let page = page.parse().map_err(|_| unknown())?;
            views::create_of_page(&app, &signed, &page, wish).await?
        }
        _ => {
            let message = "Say either of which `collection` it is, or whose `page` has the table.";
            return Err(Fault::at("/collection", "required", message).into());
        }
    };
    let mut headers = HeaderMap::new();
    if let Ok(location) = HeaderValue::from_str(&format!("/api/v1/views/{}", view.id)) {
        headers.insert(header::LOCATION, location);
    }
    Ok((StatusCode::CREATED, headers, Json(shown(&app, &signed, &snapshot, view))))
}

/// A view
#[utoipa::path(
    get, path = "/views/{id}", tag = "host", operation_id = "host_get_view",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("records.read"))),
    responses((status = 200, description = "The view.", body = View))
)]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Json<View>, Problem> {
    signed.caller.to_read()?;
    let view = views::get(&app, &signed, of_path(&id, "view")?).await?;
    Ok(Json(shown(&app, &signed, &app.registry.seen_by(&signed.caller), view)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ViewChange {
    #[serde(default)]
    #[schema(max_length = 80)]
    pub name: Option<String>,
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub query: Option<String>,
    #[serde(default)]
    pub shared: Option<bool>,
    #[serde(default)]
    pub standard: Option<bool>,
}

/// Change a view
///
/// One's own, or a shared one where one administers the organization.
#[utoipa::path(
    patch, path = "/views/{id}", tag = "host", operation_id = "host_change_view", request_body = ViewChange,
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("records.write"))),
    responses((status = 200, description = "The view as it stands now.", body = View))
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
    Body(form): Body<ViewChange>,
) -> Result<Json<View>, Problem> {
    signed.caller.to_write()?;
    let snapshot = app.registry.seen_by(&signed.caller);
    let ViewChange { name, query, shared, standard } = form;
    let wish = Wish { name, query, shared, standard };
    let view = views::change(&app, &signed, &snapshot, of_path(&id, "view")?, wish).await?;
    Ok(Json(shown(&app, &signed, &snapshot, view)))
}

/// Remove a view
///
/// It leaves first pages and the mail, and its links end.
#[utoipa::path(
    delete, path = "/views/{id}", tag = "host", operation_id = "host_remove_view",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("records.write"))),
    responses((status = 204, description = "It is gone."))
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    signed.caller.to_write()?;
    views::remove(&app, &signed, &client, of_path(&id, "view")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
