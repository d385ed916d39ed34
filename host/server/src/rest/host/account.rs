//! Oneself: who one is here, one's password, one's sessions.

use super::From;
use super::session::{set_cookie, told};
use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use crate::rest::body;
use axum::Json;
use axum::extract::{FromRequest, Path, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use lignaflow_core::value::instant_text;
use lignaflow_core::{Fault, Id, Issue};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A JSON body of a fixed shape. What does not fit is told with its place.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let headers = request.headers().clone();
        let bytes = Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        let object = body::object(&headers, &bytes).map_err(IntoResponse::into_response)?;
        serde_json::from_value(serde_json::Value::Object(object)).map(Self).map_err(|error| {
            let text = error.to_string();
            let field = text.split('`').nth(1).unwrap_or_default();
            let mut message = text.clone();
            if let Some(first) = message.get_mut(0..1) {
                first.make_ascii_uppercase();
            }
            let issue = Issue::new(format!("/{field}"), "shape", format!("{message}."));
            Problem::from(Fault::invalid(vec![issue])).into_response()
        })
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    pub person: Person,
    pub organization: Organization,
    /// Those that one can switch to.
    pub organizations: Vec<Membership>,
    pub permissions: Vec<String>,
    pub locale: String,
    pub time_zone: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MePerson)]
pub(super) struct Person {
    #[schema(format = Uuid)]
    pub id: String,
    pub name: String,
    pub email: String,
    pub instance_admin: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organization)]
pub(super) struct Organization {
    #[schema(format = Uuid)]
    pub id: String,
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 4217.
    pub currency: String,
    pub time_zone: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Membership {
    #[schema(format = Uuid)]
    pub id: String,
    pub name: String,
    pub role: &'static str,
}

/// Who one is here
#[utoipa::path(
    get, path = "/account", tag = "host", operation_id = "host_me",
    extensions(("x-permission" = json!("signed-in"))),
    responses((status = 200, description = "The caller.", body = Me))
)]
pub(super) async fn me(signed: Signed) -> Json<Me> {
    let known = signed.authenticated;
    Json(Me {
        person: Person {
            id: known.person.id.to_string(),
            name: known.person.name.clone(),
            email: known.person.email.clone(),
            instance_admin: known.person.instance_admin,
        },
        organization: Organization {
            id: known.organization.id.to_string(),
            name: known.organization.name.clone(),
            country: known.organization.country.clone(),
            currency: known.organization.currency.to_string(),
            time_zone: known.organization.time_zone.clone(),
        },
        organizations: known
            .organizations
            .into_iter()
            .map(|one| Membership { id: one.id.to_string(), name: one.name, role: one.role.as_str() })
            .collect(),
        permissions: signed.caller.permissions.iter().cloned().collect(),
        locale: signed.caller.locale,
        time_zone: signed.caller.time_zone,
    })
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ProfileChange {
    pub name: Option<String>,
    /// BCP 47; empty for the organization's.
    pub locale: Option<String>,
    /// IANA; empty for the organization's.
    pub time_zone: Option<String>,
}

/// Change one's name, language and time zone
#[utoipa::path(
    patch, path = "/account", tag = "host", operation_id = "host_change_me", request_body = ProfileChange,
    extensions(("x-permission" = json!("session"))),
    responses((status = 204, description = "Changed, in every organization of one's."))
)]
pub(super) async fn change_profile(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<ProfileChange>,
) -> Result<StatusCode, Problem> {
    let change = lignaflow_identity::ProfileChange { name: form.name, locale: form.locale, time_zone: form.time_zone };
    app.identity.change_profile(&signed.authenticated, client, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    #[schema(format = Password)]
    pub current_password: String,
    /// 8 to 128 characters, and none of the common ones.
    #[schema(format = Password, min_length = 8, max_length = 128)]
    pub new_password: String,
}

/// Change one's password
///
/// Ends one's other sessions; this one goes on under a new cookie. Takes a session, not a token.
#[utoipa::path(
    put, path = "/account/password", tag = "host", operation_id = "host_change_password", request_body = PasswordChange,
    extensions(("x-permission" = json!("session"))),
    responses((status = 204, description = "Changed."))
)]
pub(super) async fn change_password(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<PasswordChange>,
) -> Result<Response, Problem> {
    let session = app
        .identity
        .change_password(&signed.authenticated, client, &form.current_password, &form.new_password)
        .await
        .map_err(told)?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, &session, app.clock.now());
    Ok(response)
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sessions {
    pub data: Vec<Session>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Session {
    #[schema(format = Uuid)]
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    pub created_at: String,
    pub last_seen_at: String,
    pub expires_at: String,
    pub user_agent: String,
    pub address: String,
}

/// One's sessions
#[utoipa::path(
    get, path = "/account/sessions", tag = "host", operation_id = "host_list_sessions",
    extensions(("x-permission" = json!("session"))),
    responses((status = 200, description = "Where one is signed in.", body = Sessions))
)]
pub(super) async fn sessions(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Sessions>, Problem> {
    let sessions = app.identity.sessions(&signed.authenticated).await?;
    let data = sessions
        .into_iter()
        .map(|session| Session {
            id: session.id.to_string(),
            current: session.current,
            created_at: instant_text(session.created_at),
            last_seen_at: instant_text(session.last_seen_at),
            expires_at: instant_text(session.expires_at),
            user_agent: session.user_agent,
            address: session.address,
        })
        .collect();
    Ok(Json(Sessions { data }))
}

/// End all of one's other sessions
#[utoipa::path(
    delete, path = "/account/sessions", tag = "host", operation_id = "host_end_other_sessions",
    extensions(("x-permission" = json!("session"))),
    responses((status = 204, description = "The one that asks goes on."))
)]
pub(super) async fn end_other_sessions(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
) -> Result<StatusCode, Problem> {
    app.identity.end_other_sessions(&signed.authenticated, client).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddressChange {
    #[schema(format = Password)]
    pub current_password: String,
    #[schema(example = "jo@example.com")]
    pub email: String,
}

/// Ask for another address
///
/// A letter goes there; the address is one's own once the link in it is opened. Takes a session, not a token.
#[utoipa::path(
    post, path = "/account/address", tag = "host", operation_id = "host_ask_address", request_body = AddressChange,
    extensions(("x-permission" = json!("session"))),
    responses((status = 202, description = "A letter is on its way, unless another account has the address."))
)]
pub(super) async fn ask_address(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<AddressChange>,
) -> Result<StatusCode, Problem> {
    let actor = &signed.authenticated;
    app.identity.ask_address(actor, client, &form.current_password, &form.email).await.map_err(told)?;
    Ok(StatusCode::ACCEPTED)
}

/// End a session
#[utoipa::path(
    delete, path = "/account/sessions/{id}", tag = "host", operation_id = "host_revoke_session",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("session"))),
    responses((status = 204, description = "It has ended."))
)]
pub(super) async fn revoke_session(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.identity.revoke_session(&signed.authenticated, client, of_path(&id, "session")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An identifier in an address: what is none names nothing.
pub(super) fn of_path(text: &str, what: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Fault::not_found(what).into())
}
