//! The organization's links for people without an account.

use super::From;
use super::account::of_path;
use super::parameters::Parameters;
use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use lignaflow_core::clock::Micros;
use lignaflow_core::post::Opens;
use lignaflow_core::value::instant_text;
use lignaflow_store::links::{Link as Row, State as LinkState, Which};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Links {
    /// Those opened last first.
    pub data: Vec<Link>,
    /// The address of the next page.
    pub next: Option<String>,
    /// How many of the organization's links are open.
    pub open: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Link {
    #[schema(format = Uuid)]
    pub id: String,
    /// Whose page it opens, or over whose records the kept list or report is.
    pub plugin: String,
    /// The page that it opens, as the plugin's descriptor declares it; null where it opens a kept list or report.
    pub page: Option<String>,
    /// The record that the page shows, or the view.
    #[schema(format = Uuid)]
    pub subject: String,
    /// Who made it, and with whose rights it is read, where it opens a kept list or report.
    #[schema(format = Uuid)]
    pub maker: Option<String>,
    /// Whether it may be taken as a file.
    pub files: bool,
    /// For whom it is.
    pub label: String,
    /// `open`, `expired`, `withdrawn` or `superseded`.
    pub state: &'static str,
    pub opened_at: String,
    pub expires_at: String,
    pub closed_at: Option<String>,
    /// How often something was done by it. Of a page reading is not counted, since mail scanners follow links; of a kept
    /// list or report it is what is counted.
    pub uses: i64,
    pub used_at: Option<String>,
}

fn shown(row: Row, now: Micros) -> Link {
    let (page, maker, files) = match &row.opens {
        Opens::Page(page) => (Some(page.to_string()), None, false),
        Opens::View { maker, files } => (None, Some(maker.to_string()), *files),
    };
    Link {
        state: row.state(now).as_str(),
        id: row.id.to_string(),
        plugin: row.plugin.to_string(),
        page,
        subject: row.subject.to_string(),
        maker,
        files,
        label: row.label,
        opened_at: instant_text(row.opened_at),
        expires_at: instant_text(row.expires_at),
        closed_at: row.closed.map(|(_, at)| instant_text(at)),
        uses: row.uses,
        used_at: row.used_at.map(instant_text),
    }
}

/// The organization's links
#[utoipa::path(
    get, path = "/links", tag = "host", operation_id = "host_list_links",
    params(
        ("state" = Option<String>, Query, description = "`open`, `expired`, `withdrawn` or `superseded`."),
        ("plugin" = Option<String>, Query, description = "Those of this plugin."),
        ("subject" = Option<String>, Query, description = "Those to this record, or to this view."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200, description = "50 where left out."),
        ("after" = Option<String>, Query, description = "From `next`."),
    ),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "Those opened last first.", body = Links))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    signed: Signed,
    RawQuery(raw): RawQuery,
) -> Result<Json<Links>, Problem> {
    let now = app.clock.now();
    let mut read = Parameters::read(raw.as_deref(), &["state", "plugin", "subject"]);
    let state = read.word("state", &LinkState::ALL, LinkState::as_str);
    let plugin = read.parsed("plugin", "plugin");
    let subject = read.parsed("subject", "identifier");
    let read = read.checked()?;
    let state = state.map(|state| (state, now));
    let which = Which { plugin, subject, state, before: read.before, ..Which::default() };
    let mut rows = app.links.all(&signed, &which, read.rows()).await?;
    let next = read.next("links", &mut rows, |row| row.id);
    let open = app.links.open(&signed).await?;
    Ok(Json(Links { data: rows.into_iter().map(|row| shown(row, now)).collect(), next, open }))
}

/// Read a link
#[utoipa::path(
    get, path = "/links/{id}", tag = "host", operation_id = "host_get_link",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The link; its address is told by the plugin alone, or to who made it with their view.", body = Link))
)]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Json<Link>, Problem> {
    let row = app.links.one(&signed, of_path(&id, "link")?).await?;
    Ok(Json(shown(row, app.clock.now())))
}

/// Withdraw a link
///
/// Whoever opens it from then on is told that it was withdrawn.
#[utoipa::path(
    post, path = "/links/{id}/withdraw", tag = "host", operation_id = "host_withdraw_link",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The link as it is now.", body = Link))
)]
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<Json<Link>, Problem> {
    let row = app.links.withdraw(&signed, &client, of_path(&id, "link")?).await?;
    Ok(Json(shown(row, app.clock.now())))
}
