//! One's own notices, and how one wants to be told by mail.

use super::account::{Body, of_path};
use super::parameters::Parameters;
use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use lignaflow_core::value::instant_text;
use lignaflow_core::{Fault, Issue};
use lignaflow_store::notices::{By, Notice as Row, Wish};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Notices {
    /// The latest first.
    pub data: Vec<Notice>,
    /// The address of the next page.
    pub next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Notice {
    #[schema(format = Uuid)]
    pub id: String,
    /// Who tells it; nothing where the host does.
    pub plugin: Option<String>,
    pub title: String,
    pub text: String,
    /// The record that it is about.
    pub collection: Option<String>,
    #[schema(format = Uuid)]
    pub record: Option<String>,
    /// Whether it is mailed at once to who did not say otherwise.
    pub urgent: bool,
    pub at: String,
    pub read_at: Option<String>,
}

fn shown(row: Row) -> Notice {
    let (collection, record) = row.about.map(|(name, id)| (name.to_string(), id.to_string())).unzip();
    Notice {
        id: row.id.to_string(),
        plugin: row.plugin.map(|plugin| plugin.to_string()),
        title: row.title,
        text: row.text,
        collection,
        record,
        urgent: row.urgent,
        at: instant_text(row.at),
        read_at: row.read_at.map(instant_text),
    }
}

const UNREAD: [bool; 2] = [true, false];

/// One's notices
#[utoipa::path(
    get, path = "/notices", tag = "host", operation_id = "host_list_notices",
    params(
        ("unread" = Option<bool>, Query, description = "Whether only those that one has not read."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200, description = "50 where left out."),
        ("after" = Option<String>, Query, description = "From `next`."),
    ),
    extensions(("x-permission" = json!("signed-in"))),
    responses((status = 200, description = "The latest first.", body = Notices))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    signed: Signed,
    RawQuery(raw): RawQuery,
) -> Result<Json<Notices>, Problem> {
    let mut read = Parameters::read(raw.as_deref(), &["unread"]);
    let unread = read.word("unread", &UNREAD, |unread| if unread { "true" } else { "false" }).unwrap_or_default();
    let read = read.checked()?;
    let mut rows = app.notices.mine(&signed, unread, read.before, read.rows()).await?;
    let next = read.next("notices", &mut rows, |row| row.id);
    Ok(Json(Notices { data: rows.into_iter().map(shown).collect(), next }))
}

/// Mark a notice as read
#[utoipa::path(
    post, path = "/notices/{id}/read", tag = "host", operation_id = "host_read_notice",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("signed-in"))),
    responses((status = 200, description = "The notice as it is now.", body = Notice))
)]
pub(super) async fn read(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Json<Notice>, Problem> {
    Ok(Json(shown(app.notices.read(&signed, of_path(&id, "notice")?).await?)))
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Marked {
    /// How many were unread.
    pub read: u64,
}

/// Mark all notices as read
#[utoipa::path(
    post, path = "/notices/read", tag = "host", operation_id = "host_read_notices",
    extensions(("x-permission" = json!("signed-in"))),
    responses((status = 200, description = "How many were unread.", body = Marked))
)]
pub(super) async fn read_all(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Marked>, Problem> {
    Ok(Json(Marked { read: app.notices.read_all(&signed).await? }))
}

/// How one is told by mail.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Telling {
    /// `page` (never by mail), `digest` (what is urgent at once, the rest at 07:00) or `mail` (all at once).
    #[schema(example = "digest")]
    pub by: String,
    /// Whether nothing is mailed between 22:00 and 06:00.
    #[schema(example = true)]
    pub quiet: bool,
}

fn telling(wish: Wish) -> Telling {
    Telling { by: wish.by.as_str().to_owned(), quiet: wish.quiet }
}

/// How one is told by mail
#[utoipa::path(
    get, path = "/notices/settings", tag = "host", operation_id = "host_get_notice_settings",
    extensions(("x-permission" = json!("signed-in"))),
    responses((status = 200, description = "In this organization.", body = Telling))
)]
pub(super) async fn settings(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Telling>, Problem> {
    Ok(Json(telling(app.notices.wish(&signed).await?)))
}

/// Change how one is told by mail
#[utoipa::path(
    put, path = "/notices/settings", tag = "host", operation_id = "host_set_notice_settings",
    request_body = Telling,
    extensions(("x-permission" = json!("signed-in"))),
    responses((status = 200, description = "As it is now.", body = Telling))
)]
pub(super) async fn set_settings(
    State(app): State<Arc<App>>,
    signed: Signed,
    Body(form): Body<Telling>,
) -> Result<Json<Telling>, Problem> {
    let by = By::ALL
        .into_iter()
        .find(|by| by.as_str() == form.by)
        .ok_or_else(|| Fault::invalid(vec![Issue::new("/by", "choice", "One is told by page, digest or mail.")]))?;
    let wish = Wish { by, quiet: form.quiet };
    app.notices.set_wish(&signed, wish).await?;
    Ok(Json(telling(wish)))
}
