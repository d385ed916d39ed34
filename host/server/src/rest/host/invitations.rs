//! Who is asked to join the organization, and how they accept.

use super::From;
use super::account::{Body, of_path};
use super::people::{offered, role};
use super::session::{set_cookie, set_mark, told};
use crate::app::App;
use crate::auth::Signed;
use crate::problem::{Problem, ProblemBody};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use lignaflow_core::clock::Micros;
use lignaflow_core::value::{instant_text, parse_instant};
use lignaflow_core::{Fault, PersonId};
use lignaflow_identity::{Invitation as Row, JoinForm, Joined as Outcome, NewInvitation, SentLetter};
use lignaflow_web::paths;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invitations {
    pub data: Vec<Invitation>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invitation {
    #[schema(format = Uuid)]
    pub id: String,
    /// Whose it is alone; empty where it is for whoever is shown the link.
    pub email: String,
    pub name: String,
    /// Who does not sign in yet, and is made theirs.
    #[schema(format = Uuid)]
    pub person: Option<String>,
    /// `owner`, `admin` or `member`.
    pub role: &'static str,
    /// Further roles.
    pub roles: Vec<String>,
    /// `open`, `accepted`, `withdrawn` or `expired`.
    pub state: &'static str,
    #[schema(format = Uuid)]
    pub invited_by: String,
    pub created_at: String,
    pub expires_at: String,
    /// The letter that it went out with last; null where it went out by none, or that is forgotten.
    pub letter: Option<InvitationLetter>,
    /// The address to open: shown once, when the invitation is made. One to an address is shown to administrators of the
    /// instance alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// How the letter of an invitation stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvitationLetter {
    /// As `/mail` has it.
    #[schema(format = Uuid)]
    pub id: String,
    /// `waiting`, `sent` or `failed`.
    pub state: &'static str,
    pub attempts: i64,
    pub tried_at: Option<String>,
    /// Why the last try failed.
    pub error: Option<String>,
}

impl std::convert::From<SentLetter> for InvitationLetter {
    fn from(letter: SentLetter) -> Self {
        Self {
            id: letter.id.to_string(),
            state: letter.state.as_str(),
            attempts: letter.attempts,
            tried_at: letter.tried_at.map(instant_text),
            error: letter.error,
        }
    }
}

/// What has become of an invitation.
pub fn state(row: &Row, now: Micros) -> &'static str {
    match row {
        Row { accepted_at: Some(_), .. } => "accepted",
        Row { withdrawn_at: Some(_), .. } => "withdrawn",
        Row { expires_at, .. } if *expires_at <= now => "expired",
        _ => "open",
    }
}

fn shown(row: Row, link: Option<String>, now: Micros) -> Invitation {
    Invitation {
        state: state(&row, now),
        id: row.id.to_string(),
        email: row.email,
        name: row.name,
        person: row.person.map(|person| person.to_string()),
        role: row.role.as_str(),
        roles: row.roles,
        invited_by: row.invited_by.to_string(),
        created_at: instant_text(row.created_at),
        expires_at: instant_text(row.expires_at),
        letter: row.letter.map(InvitationLetter::from),
        link,
    }
}

/// Where an invitation is opened.
pub fn link(app: &App, secret: &str) -> String {
    format!("{}{}", app.public_url(), paths::join(secret))
}

/// Who was asked to join
#[utoipa::path(
    get, path = "/invitations", tag = "host", operation_id = "host_list_invitations",
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The latest first, also those that came to an end.", body = Invitations))
)]
pub(super) async fn list(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Invitations>, Problem> {
    let rows = app.identity.invitations(&signed.authenticated).await?;
    Ok(Json(Invitations { data: rows.into_iter().map(|row| shown(row, None, signed.caller.now)).collect() }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InvitationForm {
    /// Whose it is alone; left out where it is for whoever is shown the link.
    #[serde(default)]
    #[schema(example = "sam@example.com")]
    pub email: String,
    #[serde(default)]
    pub name: String,
    /// Who does not sign in yet, and is made theirs.
    #[serde(default)]
    #[schema(format = Uuid)]
    pub person: Option<String>,
    /// `owner`, `admin` or `member`.
    #[serde(default = "member")]
    #[schema(example = "member")]
    pub role: String,
    /// Further roles: `plugin.role`, or the organization's own.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub roles: Vec<String>,
    /// When it ends, RFC 3339: within 90 days, and as the instance is set where left out.
    #[serde(default)]
    pub expires_at: Option<String>,
}

fn member() -> String {
    "member".to_owned()
}

/// Ask somebody to join
///
/// The link in the answer is never shown again. One to an address goes there by letter, and the link is in the answer
/// for administrators of the instance alone: who opens it sees whether that address has an account. Who accepts has the role, and nobody has any right before.
#[utoipa::path(
    post, path = "/invitations", tag = "host", operation_id = "host_invite", request_body = InvitationForm,
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 201, description = "The invitation with its link.", body = Invitation))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<InvitationForm>,
) -> Result<(StatusCode, Json<Invitation>), Problem> {
    let role = role(&form.role)?;
    let expires_at = match form.expires_at.as_deref().map(parse_instant) {
        Some(None) => {
            let message = "Expected an instant such as \"2027-01-01T00:00:00Z\".";
            return Err(Fault::at("/expires_at", "type", message).into());
        }
        Some(at) => at,
        None => None,
    };
    let person = match form.person.as_deref().map(str::parse) {
        Some(Err(_)) => return Err(Fault::at("/person", "type", "Expected the id of a person.").into()),
        Some(Ok(person)) => Some(PersonId(person)),
        None => None,
    };
    let new = NewInvitation { email: form.email, name: form.name, person, role, roles: form.roles, expires_at };
    let declared = offered(&app, &signed);
    let invited = app.identity.invite(&signed.authenticated, client, new, &declared).await?;
    let link = invited.secret.map(|secret| link(&app, secret.expose()));
    Ok((StatusCode::CREATED, Json(shown(invited.invitation, link, signed.caller.now))))
}

/// Send the letter of an invitation again
///
/// The same, where what it says is still known; otherwise another with another link, and the one before serves no more.
#[utoipa::path(
    post, path = "/invitations/{id}/send", tag = "host", operation_id = "host_send_invitation_again",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "The invitation as it is now.", body = Invitation))
)]
pub(super) async fn send(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<Json<Invitation>, Problem> {
    let id = of_path(&id, "invitation")?;
    let sent = app.identity.send_invitation_again(&signed.authenticated, client, id).await?;
    Ok(Json(shown(sent, None, signed.caller.now)))
}

/// Withdraw an invitation
#[utoipa::path(
    delete, path = "/invitations/{id}", tag = "host", operation_id = "host_withdraw_invitation",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 204, description = "Its link serves no more."))
)]
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.identity.withdraw_invitation(&signed.authenticated, client, of_path(&id, "invitation")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Joining {
    /// The last part of the link.
    #[schema(example = "0000000000000000000000000000000000000000000")]
    pub secret: String,
    #[serde(default)]
    #[schema(example = "Sam")]
    pub name: String,
    /// Not looked at where the invitation is for an address.
    #[serde(default)]
    #[schema(example = "sam@example.com")]
    pub email: String,
    #[serde(default)]
    #[schema(format = Password)]
    pub password: String,
}

/// What came of an open link where there are several organizations.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Written {
    /// The address that a letter is on its way to, whoever's it is.
    #[schema(example = "sam@example.com")]
    pub written_to: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Joined {
    #[schema(format = Uuid)]
    pub organization: String,
    /// When the session ends however much it is used.
    pub expires_at: String,
}

/// Accept an invitation as somebody new
///
/// Answers with a session's cookie. Who has an account signs in and accepts by `/account/memberships`. A link that is for
/// anybody, where there are several organizations, leads to a letter first: to `email`, whoever's it is; the link in it is
/// for that address alone, and the name and the password are given with its secret.
#[utoipa::path(
    post, path = "/auth/join", tag = "host", operation_id = "host_join", request_body = Joining,
    extensions(("x-permission" = json!("none"))),
    responses(
        (status = 201, description = "They belong to the organization, and are signed in.", body = Joined),
        (status = 202, description = "A letter is on its way to the address.", body = Written),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "There is no such invitation.")
    )
)]
pub(super) async fn join(
    State(app): State<Arc<App>>,
    From(client): From,
    Body(form): Body<Joining>,
) -> Result<Response, Problem> {
    let written_to = form.email.trim().to_owned();
    let who = JoinForm { name: form.name, email: form.email, password: form.password };
    let (person, session) = match app.identity.join(&form.secret, who, client).await.map_err(told)? {
        Outcome::In { person, session } => (person, session),
        Outcome::Written => return Ok((StatusCode::ACCEPTED, Json(Written { written_to })).into_response()),
    };
    let answer =
        Joined { organization: session.organization.to_string(), expires_at: instant_text(session.expires_at) };
    let mut response = (StatusCode::CREATED, Json(answer)).into_response();
    set_cookie(&mut response, &session, app.clock.now());
    set_mark(&mut response, app.identity.mark(person));
    Ok(response)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Accepting {
    /// The last part of the link.
    pub secret: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    #[schema(format = Uuid)]
    pub organization: String,
}

/// Accept an invitation as oneself
///
/// The session works in that organization from then on, under a new cookie. Takes a session, not a token.
#[utoipa::path(
    post, path = "/account/memberships", tag = "host", operation_id = "host_accept_invitation",
    request_body = Accepting,
    extensions(("x-permission" = json!("session"))),
    responses((status = 201, description = "One belongs to the organization.", body = Accepted))
)]
pub(super) async fn accept(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<Accepting>,
) -> Result<Response, Problem> {
    let session = app.identity.join_as(&signed.authenticated, client, &form.secret).await?;
    let answer = Accepted { organization: session.organization.to_string() };
    let mut response = (StatusCode::CREATED, Json(answer)).into_response();
    set_cookie(&mut response, &session, app.clock.now());
    Ok(response)
}
