//! Links by which people without an account see a kept list or report.

use super::From;
use super::account::{Body, of_path};
use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use crate::sharing::{self, Wish};
use crate::views;
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use lignaflow_core::Fault;
use lignaflow_core::post::Opens;
use lignaflow_core::value::{instant_text, parse_instant};
use lignaflow_store::links::Link;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ViewLinks {
    /// Those made last first.
    pub data: Vec<ViewLink>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ViewLink {
    #[schema(format = Uuid)]
    pub id: String,
    /// For whom it is.
    pub label: String,
    /// Where it leads, told to who made it for as long as it is open.
    #[schema(example = "https://app.example/l/…")]
    pub url: Option<String>,
    /// Whether it may be taken as a file.
    pub files: bool,
    /// With whose rights it is read each time.
    #[schema(format = Uuid)]
    pub maker: Option<String>,
    /// `open`, `expired` or `withdrawn`.
    pub state: &'static str,
    #[schema(format = DateTime)]
    pub opened_at: String,
    #[schema(format = DateTime)]
    pub expires_at: String,
    #[schema(format = DateTime)]
    pub closed_at: Option<String>,
    /// How often it was looked at, and when last.
    pub uses: i64,
    #[schema(format = DateTime)]
    pub used_at: Option<String>,
}

fn shown(app: &App, signed: &Signed, link: &Link) -> ViewLink {
    ViewLink {
        id: link.id.to_string(),
        label: link.label.clone(),
        url: sharing::address(app, signed, link),
        files: matches!(link.opens, Opens::View { files: true, .. }),
        maker: link.maker().map(|maker| maker.to_string()),
        state: link.state(app.clock.now()).as_str(),
        opened_at: instant_text(link.opened_at),
        expires_at: instant_text(link.expires_at),
        closed_at: link.closed.map(|(_, at)| instant_text(at)),
        uses: link.uses,
        used_at: link.used_at.map(instant_text),
    }
}

/// The links to a view
///
/// All of them for who may change it or administers the organization, else one's own.
#[utoipa::path(
    get, path = "/views/{id}/links", tag = "host", operation_id = "host_list_view_links",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("records.read"))),
    responses((status = 200, description = "Those made last first.", body = ViewLinks))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Json<ViewLinks>, Problem> {
    signed.caller.to_read()?;
    let view = views::get(&app, &signed, of_path(&id, "view")?).await?;
    let links = sharing::of(&app, &signed, &view).await?;
    Ok(Json(ViewLinks { data: links.iter().map(|link| shown(&app, &signed, link)).collect() }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewViewLink {
    /// For whom it is.
    #[serde(default)]
    #[schema(example = "Ana Weiss, Marrickville Dental", max_length = 200)]
    pub label: String,
    /// Until when, for a year at most; for 30 days where left out.
    #[serde(default)]
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// Whether it may be taken as CSV, XLSX and PDF.
    #[serde(default)]
    pub files: bool,
}

/// Share a view by a link
///
/// Whoever has the link sees the view as it stands when they open it, with what who made it may see by then.
#[utoipa::path(
    post, path = "/views/{id}/links", tag = "host", operation_id = "host_share_view", request_body = NewViewLink,
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("records.share"))),
    responses((status = 201, description = "The link, with its address.", body = ViewLink))
)]
pub(super) async fn make(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
    Body(form): Body<NewViewLink>,
) -> Result<(StatusCode, Json<ViewLink>), Problem> {
    if !sharing::may_share(&signed) {
        return Err(Fault::denied("You may not share lists and reports outside.").into());
    }
    let id = of_path(&id, "view")?;
    let NewViewLink { label, expires_at, files } = form;
    let unreadable = || Fault::at("/expires_at", "type", "Expected an instant, such as 2026-12-24T12:00:00Z.");
    let expires_at = expires_at.map(|text| parse_instant(&text).ok_or_else(unreadable)).transpose()?;
    let link = sharing::make(&app, &signed, &client, id, Wish { label, expires_at, files }).await?;
    Ok((StatusCode::CREATED, Json(shown(&app, &signed, &link))))
}

/// Withdraw a link to a view
///
/// One's own, or of a view that one may change. Whoever opens it from then on is told that it was withdrawn.
#[utoipa::path(
    post, path = "/views/{id}/links/{link}/withdraw", tag = "host", operation_id = "host_withdraw_view_link",
    params(("id" = String, Path, format = Uuid), ("link" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("records.write"))),
    responses((status = 200, description = "The link as it is now.", body = ViewLink))
)]
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path((id, link)): Path<(String, String)>,
) -> Result<Json<ViewLink>, Problem> {
    signed.caller.to_write()?;
    let view = views::get(&app, &signed, of_path(&id, "view")?).await?;
    let link = sharing::withdraw(&app, &signed, &client, &view, of_path(&link, "link")?).await?;
    Ok(Json(shown(&app, &signed, &link)))
}
