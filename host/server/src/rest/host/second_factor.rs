//! One's second factor, and proving once more who one is.

use super::From;
use super::account::Body;
use super::session::{set_cookie, told};
use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Setup {
    /// In base 32, to be typed into an authenticator.
    pub secret: String,
    /// What a QR code for an authenticator holds.
    pub url: String,
}

/// Begin a second factor
///
/// It counts once it is confirmed with a first code. Takes a session that has proved who one is within ten minutes.
#[utoipa::path(
    post, path = "/account/second-factor", tag = "host", operation_id = "host_begin_second_factor",
    extensions(("x-permission" = json!("session"))),
    responses((status = 200, description = "What the authenticator is told; shown this once.", body = Setup))
)]
pub(super) async fn begin(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Setup>, Problem> {
    let setup = app.identity.begin_second_factor(&signed.authenticated).await?;
    Ok(Json(Setup { secret: setup.secret, url: setup.url }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    #[schema(example = "000000")]
    pub code: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecoveryCodes {
    /// Each stands in for the authenticator once; shown this once.
    pub codes: Vec<String>,
}

/// Confirm a second factor with a first code
///
/// From then on it is asked for at every sign-in. One's other sessions end.
#[utoipa::path(
    put, path = "/account/second-factor", tag = "host", operation_id = "host_confirm_second_factor",
    request_body = Code,
    extensions(("x-permission" = json!("session"))),
    responses((status = 200, description = "It is on; the codes on paper.", body = RecoveryCodes))
)]
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<Code>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let codes = app.identity.confirm_second_factor(&signed.authenticated, client, &form.code).await.map_err(told)?;
    Ok(Json(RecoveryCodes { codes }))
}

/// Turn the second factor off
#[utoipa::path(
    delete, path = "/account/second-factor", tag = "host", operation_id = "host_remove_second_factor",
    extensions(("x-permission" = json!("session"))),
    responses((status = 204, description = "It is asked for no more."))
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
) -> Result<StatusCode, Problem> {
    app.identity.remove_second_factor(&signed.authenticated, client).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make new codes on paper
#[utoipa::path(
    post, path = "/account/second-factor/recovery-codes", tag = "host", operation_id = "host_new_recovery_codes",
    extensions(("x-permission" = json!("session"))),
    responses((status = 200, description = "Those before serve no more.", body = RecoveryCodes))
)]
pub(super) async fn codes(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
) -> Result<Json<RecoveryCodes>, Problem> {
    let codes = app.identity.new_recovery_codes(&signed.authenticated, client).await?;
    Ok(Json(RecoveryCodes { codes }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    #[schema(format = Password)]
    pub password: String,
    /// Of the second factor, where one is on.
    #[serde(default)]
    pub code: String,
}

/// Prove once more who one is
///
/// For ten minutes, what would do harm in a browser left open is done: an operation that wants it answers 403 with an
/// issue of the code `prove-again`. The session goes on under a new cookie.
#[utoipa::path(
    post, path = "/auth/session/proof", tag = "host", operation_id = "host_prove", request_body = Proof,
    extensions(("x-permission" = json!("session"))),
    responses((status = 204, description = "Proved."))
)]
pub(super) async fn prove(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<Proof>,
) -> Result<Response, Problem> {
    let session =
        app.identity.prove_again(&signed.authenticated, client, &form.password, &form.code).await.map_err(told)?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, &session, app.clock.now());
    Ok(response)
}
