//! Tables that routes of plugins work out, kept under a name: what the page of one posts, and its links. They are kept,
//! followed and shared as lists and reports over records are.

use super::house::Visit;
use super::report::told;
use super::views::posted;
use super::{follow, lookup, sharing};
use crate::rest::host::From;
use crate::{uses, views};
use axum::extract::{Path, RawForm};
use axum::response::Response;
use lignaflow_core::Fault;
use lignaflow_core::name::CollectionName;
use lignaflow_store::views::View;
use lignaflow_web::collection::share::ShareDraft;
use lignaflow_web::paths;

type At = (String, String, String);

/// The name of a page.
#[expect(clippy::result_large_err, reason = "the other answer is made once and sent")]
fn named(visit: &Visit, plugin: &str, page: &str) -> Result<CollectionName, Response> {
    format!("{plugin}/{page}").parse().map_err(|_| visit.not_found())
}

/// A kept table of that page, where whoever visits sees it.
async fn found(visit: &Visit, (plugin, page, id): &At) -> Result<View, Response> {
    let name = named(visit, plugin, page)?;
    let Some(id) = lookup::id(id) else { return Err(visit.not_found()) };
    let view = views::get(&visit.app, &visit.signed, id).await.map_err(|fault| visit.fault(&fault))?;
    if view.page && view.collection == name { Ok(view) } else { Err(visit.not_found()) }
}

/// Back to the page, which says what became of it.
fn answered(visit: &Visit, back: &str, done: Result<View, Fault>) -> Response {
    match done {
        Ok(view) => visit.go(&uses::address(&view), &format!("Saved the report “{}”.", view.name)),
        Err(fault) => visit.go(back, &told(&fault)),
    }
}

pub(super) async fn create(
    visit: Visit,
    Path((plugin, page)): Path<(String, String)>,
    RawForm(body): RawForm,
) -> Response {
    let name = match named(&visit, &plugin, &page) {
        Ok(name) => name,
        Err(response) => return response,
    };
    let wish = posted(&body).wish;
    let back = format!("{}?{}", paths::page(&name.plugin, &name.local), wish.query.as_deref().unwrap_or_default());
    let made = views::create_of_page(&visit.app, &visit.signed, &name, wish).await;
    answered(&visit, &back, made)
}

pub(super) async fn change(visit: Visit, Path(at): Path<At>, RawForm(body): RawForm) -> Response {
    let view = match found(&visit, &at).await {
        Ok(view) => view,
        Err(response) => return response,
    };
    let changed = views::change(&visit.app, &visit.signed, &visit.snapshot, view.id, posted(&body).wish).await;
    answered(&visit, &uses::address(&view), changed)
}

pub(super) async fn remove(visit: Visit, From(client): From, Path(at): Path<At>) -> Response {
    let view = match found(&visit, &at).await {
        Ok(view) => view,
        Err(response) => return response,
    };
    match views::remove(&visit.app, &visit.signed, &client, view.id).await {
        Ok(_) => visit.go(
            &paths::page(&view.collection.plugin, &view.collection.local),
            &format!("Deleted the report “{}”.", view.name),
        ),
        Err(fault) => visit.go(&uses::address(&view), &told(&fault)),
    }
}

/// On whose first page it stands, and when it is mailed to them.
pub(super) async fn set(visit: Visit, Path(at): Path<At>, RawForm(body): RawForm) -> Response {
    match found(&visit, &at).await {
        Ok(_) => follow::wished(&visit, &at.2, &body).await,
        Err(response) => response,
    }
}

pub(super) async fn links(visit: Visit, Path(at): Path<At>) -> Response {
    match found(&visit, &at).await {
        Ok(view) => sharing::page(&visit, &view, &ShareDraft::default(), None).await,
        Err(response) => response,
    }
}

pub(super) async fn share(visit: Visit, From(client): From, Path(at): Path<At>, RawForm(body): RawForm) -> Response {
    match found(&visit, &at).await {
        Ok(view) => sharing::made(&visit, &client, &view, &body).await,
        Err(response) => response,
    }
}

pub(super) async fn withdraw(
    visit: Visit,
    From(client): From,
    Path((plugin, page, id, link)): Path<(String, String, String, String)>,
) -> Response {
    match found(&visit, &(plugin, page, id)).await {
        Ok(view) => sharing::ended(&visit, &client, &view, &link).await,
        Err(response) => response,
    }
}
