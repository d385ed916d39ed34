//! Making an organization by oneself, where the instance lets people.

use super::From;
use super::account::Body;
use super::session::{set_cookie, set_mark, told};
use crate::app::App;
use crate::middleware::RequestContext;
use crate::problem::{Problem, ProblemBody};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use lignaflow_core::value::instant_text;
use lignaflow_identity::SetupForm;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignUp {
    #[schema(example = "jo@example.com")]
    pub email: String,
}

/// Ask to make an organization
///
/// A letter goes to the address, whether there is an account with it or not. 404 where the instance does not let people
/// sign up.
#[utoipa::path(
    post, path = "/auth/sign-up", tag = "host", operation_id = "host_ask_sign_up", request_body = SignUp,
    extensions(("x-permission" = json!("none"))),
    responses(
        (status = 202, description = "A letter is on its way."),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "The instance does not let people sign up.")
    )
)]
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
    From(client): From,
    Body(form): Body<SignUp>,
) -> Result<StatusCode, Problem> {
    app.rates.sign_in(context.client, &form.email)?;
    app.identity.ask_sign_up(&form.email, client).await.map_err(told)?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrganization {
    /// The last part of the link in the letter.
    #[schema(example = "0000000000000000000000000000000000000000000")]
    pub secret: String,
    /// The organization's name.
    #[schema(example = "Halloran & Beck")]
    pub organization: String,
    /// ISO 3166-1 alpha-2; Australia where left out.
    #[serde(default)]
    pub country: String,
    /// IANA; as usual in the country where left out.
    #[serde(default)]
    pub time_zone: String,
    /// ISO 4217; as usual in the country where left out.
    #[serde(default)]
    pub currency: String,
    /// BCP 47; as usual in the country where left out.
    #[serde(default)]
    pub locale: String,
    /// Of the owner.
    #[schema(example = "Jo")]
    pub name: String,
    #[schema(format = Password)]
    pub password: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Founded {
    #[schema(format = Uuid)]
    pub organization: String,
    #[schema(format = Uuid)]
    pub person: String,
    /// When the session ends however much it is used.
    pub expires_at: String,
}

/// Make an organization
///
/// Always a new one, owned by who has the address that the letter went to. Answers with a session's cookie.
#[utoipa::path(
    post, path = "/auth/organizations", tag = "host", operation_id = "host_sign_up", request_body = NewOrganization,
    extensions(("x-permission" = json!("none"))),
    responses(
        (status = 201, description = "The organization is made, and its owner signed in.", body = Founded),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "The link does not serve, or there is an organization of that name.")
    )
)]
pub(super) async fn complete(
    State(app): State<Arc<App>>,
    From(client): From,
    Body(form): Body<NewOrganization>,
) -> Result<Response, Problem> {
    let founding = SetupForm {
        organization: form.organization,
        country: form.country,
        time_zone: form.time_zone,
        currency: form.currency,
        locale: form.locale,
        name: form.name,
        email: String::new(),
        password: form.password,
    };
    let founded = app.identity.sign_up(&form.secret, founding, client).await?;
    let answer = Founded {
        organization: founded.organization.to_string(),
        person: founded.person.to_string(),
        expires_at: instant_text(founded.session.expires_at),
    };
    let mut response = (StatusCode::CREATED, Json(answer)).into_response();
    set_cookie(&mut response, &founded.session, app.clock.now());
    set_mark(&mut response, app.identity.mark(founded.person));
    Ok(response)
}
