//! The organization's mail: what waits, was sent, or has failed, with why and from where.

use super::From;
use super::account::of_path;
use super::parameters::Parameters;
use crate::app::App;
use crate::auth::Signed;
use crate::mail::acts::Whose;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use http::StatusCode;
use lignaflow_core::value::instant_text;
use lignaflow_store::mail::{Kept, State as MailState};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Letters {
    /// Those asked for last first.
    pub data: Vec<Letter>,
    /// The address of the next page.
    pub next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Letter {
    #[schema(format = Uuid)]
    pub id: String,
    /// What it is, such as `invitation`, or a letter of a plugin by its name.
    pub kind: String,
    pub plugin: Option<String>,
    pub to: String,
    pub name: String,
    pub subject: String,
    /// `waiting`, `sent` or `failed`.
    pub state: &'static str,
    pub attempts: i64,
    /// While it waits: when it is tried next.
    pub due_at: Option<String>,
    pub tried_at: Option<String>,
    /// From where it was tried, and through which server.
    pub tried_from: Option<String>,
    /// Why the last try failed.
    pub error: Option<String>,
    pub asked_at: String,
    /// What it says; nothing where that is for its reader alone, or is not known any more. Of one letter alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

fn shown(kept: Kept, text: Option<String>) -> Letter {
    Letter {
        id: kept.id.to_string(),
        due_at: (kept.state == MailState::Waiting).then(|| instant_text(kept.due_at)),
        kind: kept.message.kind,
        plugin: kept.message.plugin.map(|plugin| plugin.to_string()),
        to: kept.message.to.address,
        name: kept.message.to.name,
        subject: kept.message.letter.subject,
        state: kept.state.as_str(),
        attempts: kept.attempts,
        tried_at: kept.tried_at.map(instant_text),
        tried_from: kept.tried_from,
        error: kept.error,
        asked_at: instant_text(kept.asked_at),
        text,
    }
}

/// The organization's mail
#[utoipa::path(
    get, path = "/mail", tag = "host", operation_id = "host_list_mail",
    params(
        ("state" = Option<String>, Query, description = "`waiting`, `sent` or `failed`."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200, description = "50 where left out."),
        ("after" = Option<String>, Query, description = "From `next`."),
    ),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "Those asked for last first.", body = Letters))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    signed: Signed,
    RawQuery(raw): RawQuery,
) -> Result<Json<Letters>, Problem> {
    let mut read = Parameters::read(raw.as_deref(), &["state"]);
    let state = read.word("state", &MailState::ALL, MailState::as_str);
    let read = read.checked()?;
    let mut rows = app.mail.all(&signed, Whose::Organization, state, read.before, read.rows()).await?;
    let next = read.next("mail", &mut rows, |row| row.id);
    Ok(Json(Letters { data: rows.into_iter().map(|row| shown(row, None)).collect(), next }))
}

/// Read a letter
#[utoipa::path(
    get, path = "/mail/{id}", tag = "host", operation_id = "host_get_mail",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The letter, with what it says where that may be read.", body = Letter))
)]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Json<Letter>, Problem> {
    let kept = app.mail.one_letter(&signed, Whose::Organization, of_path(&id, "letter")?).await?;
    let words = app.mail.words(&signed, &kept).await?;
    Ok(Json(shown(kept, words.map(|words| words.text))))
}

/// Send a letter again
#[utoipa::path(
    post, path = "/mail/{id}/send", tag = "host", operation_id = "host_send_mail_again",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The letter as it is now.", body = Letter))
)]
pub(super) async fn send(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<Json<Letter>, Problem> {
    let kept = app.mail.send_again(&signed, &client, Whose::Organization, of_path(&id, "letter")?).await?;
    Ok(Json(shown(kept, None)))
}

/// Send a letter to oneself
///
/// To see whether mail arrives.
#[utoipa::path(
    post, path = "/mail/test", tag = "host", operation_id = "host_test_mail",
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 202, description = "It is on its way."))
)]
pub(super) async fn test(State(app): State<Arc<App>>, signed: Signed) -> Result<StatusCode, Problem> {
    app.mail.try_out(&signed).await?;
    Ok(StatusCode::ACCEPTED)
}
