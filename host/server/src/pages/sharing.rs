//! The links by which people outside see a kept list or report: what its page offers, makes and ends.

use super::house::Visit;
use super::lookup;
use super::report::told;
use super::routed::{self, Pairs};
use crate::problem::Problem;
use crate::rest::host::From;
use crate::sharing::{self, DAY, Wish};
use crate::{uses, views};
use axum::extract::{Path, RawForm};
use axum::response::Response;
use http::StatusCode;
use lignaflow_core::post::Opens;
use lignaflow_core::{Fault, Id};
use lignaflow_identity::Client;
use lignaflow_store::links::State as LinkState;
use lignaflow_store::views::View;
use lignaflow_web::admin::LinkChip;
use lignaflow_web::collection::share::{DAYS, ShareDraft, SharePage, SharedLink, page as draw};
use std::collections::HashMap;

/// Where a view is shared, where whoever visits may.
pub(super) fn offered(visit: &Visit, view: &View) -> Option<String> {
    sharing::may_share(&visit.signed).then(|| address(view))
}

/// Where the links of a view stand.
pub(super) fn address(view: &View) -> String {
    format!("{}/links", uses::posted_at(view))
}

pub(super) fn chip(state: LinkState) -> LinkChip {
    match state {
        LinkState::Open => LinkChip::Open,
        LinkState::Expired => LinkChip::Expired,
        LinkState::Withdrawn => LinkChip::Withdrawn,
        LinkState::Superseded => LinkChip::Superseded,
    }
}

/// The view of an address, where whoever visits sees it.
async fn found(visit: &Visit, (plugin, collection, id): (&str, &str, &str)) -> Result<View, Response> {
    let schema = visit.collection(plugin, collection)?;
    let Some(id) = lookup::id(id) else { return Err(visit.not_found()) };
    let view = views::get(&visit.app, &visit.signed, id).await.map_err(|fault| visit.fault(&fault))?;
    if view.collection == schema.name && !view.page { Ok(view) } else { Err(visit.not_found()) }
}

pub(super) async fn page(visit: &Visit, view: &View, draft: &ShareDraft, fault: Option<&Fault>) -> Response {
    let links = match links(visit, view).await {
        Ok(links) => links,
        Err(fault) => return visit.fault(&fault),
    };
    let page = SharePage {
        name: &view.name,
        back: uses::address(view),
        action: &address(view),
        links: &links,
        may_make: sharing::may_share(&visit.signed),
        draft,
        issues: fault.map_or(&[], |fault| fault.issues.as_slice()),
        fault: fault.map(|fault| fault.message.as_str()),
    };
    let status = fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    visit.page_with(status, draw(&visit.shell(), &page))
}

async fn links(visit: &Visit, view: &View) -> Result<Vec<SharedLink>, Fault> {
    let found = sharing::of(&visit.app, &visit.signed, view).await?;
    let makers: Vec<Id> = found.iter().filter_map(|link| link.maker().map(|maker| maker.0)).collect();
    let names = visit.app.records.directory().names(visit.signed.caller.organization, &makers).await?;
    let names: HashMap<Id, String> = names.into_iter().collect();
    let now = visit.app.clock.now();
    Ok(found
        .iter()
        .map(|link| SharedLink {
            id: link.id.to_string(),
            label: link.label.clone(),
            address: sharing::address(&visit.app, &visit.signed, link),
            maker: link.maker().and_then(|maker| names.get(&maker.0).cloned()).unwrap_or_default(),
            files: matches!(link.opens, Opens::View { files: true, .. }),
            state: chip(link.state(now)),
            opened_at: link.opened_at,
            expires_at: link.expires_at,
            uses: link.uses,
            used_at: link.used_at,
        })
        .collect())
}

/// `GET …/views/{id}/links`.
pub(super) async fn show(visit: Visit, Path((plugin, collection, id)): Path<(String, String, String)>) -> Response {
    match found(&visit, (&plugin, &collection, &id)).await {
        Ok(view) => page(&visit, &view, &ShareDraft::default(), None).await,
        Err(response) => response,
    }
}

/// `POST …/views/{id}/links`: makes one, whose address stands in the list from then on.
pub(super) async fn make(
    visit: Visit,
    From(client): From,
    Path((plugin, collection, id)): Path<(String, String, String)>,
    RawForm(body): RawForm,
) -> Response {
    match found(&visit, (&plugin, &collection, &id)).await {
        Ok(view) => made(&visit, &client, &view, &body).await,
        Err(response) => response,
    }
}

/// Makes what a form asks for.
pub(super) async fn made(visit: &Visit, client: &Client, view: &View, body: &[u8]) -> Response {
    let fields: Pairs = form_urlencoded::parse(body).into_owned().collect();
    let said = |name: &str| routed::first(&fields, name).unwrap_or_default();
    let usual = ShareDraft::default();
    let days = said("days").parse().ok().filter(|days| DAYS.contains(days)).unwrap_or(usual.days);
    let draft = ShareDraft { label: said("label").to_owned(), days, files: said("files") == "true" };
    let wish = Wish {
        label: draft.label.clone(),
        expires_at: Some(visit.app.clock.now() + draft.days * DAY),
        files: draft.files,
    };
    match sharing::make(&visit.app, &visit.signed, client, view.id, wish).await {
        Ok(_) => visit.go(&address(view), "The link is made: copy it and send it on."),
        Err(fault) => page(visit, view, &draft, Some(&fault)).await,
    }
}

/// `POST …/views/{id}/links/{link}/withdraw`.
pub(super) async fn withdraw(
    visit: Visit,
    From(client): From,
    Path((plugin, collection, id, link)): Path<(String, String, String, String)>,
) -> Response {
    match found(&visit, (&plugin, &collection, &id)).await {
        Ok(view) => ended(&visit, &client, &view, &link).await,
        Err(response) => response,
    }
}

/// Withdraws a link of a view.
pub(super) async fn ended(visit: &Visit, client: &Client, view: &View, link: &str) -> Response {
    let Some(link) = lookup::id(link) else { return visit.not_found() };
    let back = address(view);
    match sharing::withdraw(&visit.app, &visit.signed, client, view, link).await {
        Ok(_) => visit.go(&back, "Withdrawn: it shows nothing any more."),
        Err(fault) if fault.code == lignaflow_core::ErrorCode::Conflict => visit.go(&back, &told(&fault)),
        Err(fault) => visit.fault(&fault),
    }
}
