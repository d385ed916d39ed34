//! Signing in and out by cookie, for programs that act as a browser does. Scripts are better off with a token.

use super::From;
use crate::app::{App, SESSION_COOKIE};
use crate::auth::Signed;
use crate::middleware::RequestContext;
use crate::problem::{Kind, Problem, ProblemBody};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lignaflow_core::value::instant_text;
use lignaflow_identity::{KNOWN, LINGERS, Mark, NewSession, SignInFault};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// Days for which a browser is remembered: as long as browsers keep a cookie.
const REMEMBERED: i64 = 400;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    #[schema(example = "jo@example.com")]
    pub email: String,
    #[schema(format = Password)]
    pub password: String,
    /// Of the second factor, where one is on.
    #[serde(default)]
    pub code: String,
}

/// Everything but the password.
impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").field("email", &self.email).finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SignedIn {
    pub person: String,
    pub name: String,
    /// When the session ends however much it is used.
    pub expires_at: String,
}

/// Sign in
///
/// Answers with the session's cookie.
#[utoipa::path(
    post, path = "/auth/session", tag = "host", operation_id = "host_sign_in", request_body = SignIn,
    extensions(("x-permission" = json!("none"))),
    responses((status = 201, description = "Signed in.", body = SignedIn), (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "The address and the password do not belong together."))
)]
pub async fn sign_in(
    State(app): State<Arc<App>>,
    From(client): From,
    Extension(context): Extension<RequestContext>,
    body: super::account::Body<SignIn>,
) -> Result<Response, Problem> {
    let form = body.0;
    app.rates.sign_in(context.client, &form.email)?;
    let signed = match app.identity.sign_in(&form.email, &form.password, client.clone()).await {
        Err(SignInFault::SecondFactor { pending }) if !form.code.is_empty() => {
            app.identity.sign_in_second(pending.expose(), &form.code, client).await
        }
        first => first,
    };
    let signed = signed.map_err(told)?;
    let answer = SignedIn {
        person: signed.person.id.to_string(),
        name: signed.person.name.clone(),
        expires_at: instant_text(signed.session.expires_at),
    };
    let mut response = (StatusCode::CREATED, Json(answer)).into_response();
    set_cookie(&mut response, &signed.session, app.clock.now());
    set_mark(&mut response, app.identity.mark(signed.person.id));
    Ok(response)
}

/// Sign out
#[utoipa::path(
    delete, path = "/auth/session", tag = "host", operation_id = "host_sign_out",
    extensions(("x-permission" = json!("session"))),
    responses((status = 204, description = "The session has ended."))
)]
pub async fn sign_out(State(app): State<Arc<App>>, signed: Signed, From(client): From) -> Result<Response, Problem> {
    app.identity.sign_out(&signed.authenticated, client).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    clear_cookie(&mut response);
    Ok(response)
}

/// What is told of a sign-in that failed.
pub fn told(fault: SignInFault) -> Problem {
    match fault {
        SignInFault::RateLimited { retry_after_seconds } => {
            Problem::new(lignaflow_core::ErrorCode::RateLimited, fault.to_string())
                .retry_after(Duration::from_secs(retry_after_seconds))
        }
        SignInFault::Refused | SignInFault::PinRefused | SignInFault::NoOrganization => {
            Problem::new(Kind::from(lignaflow_core::ErrorCode::Denied), fault.to_string())
        }
        SignInFault::SecondFactor { .. } => {
            let message = fault.to_string();
            let issue = lignaflow_core::Issue::new("/code", "second-factor", message.clone());
            Problem::new(Kind::from(lignaflow_core::ErrorCode::Denied), message).with_issues(vec![issue])
        }
        SignInFault::Fault(fault) => fault.into(),
    }
}

/// Gives a browser its session.
pub fn set_cookie(response: &mut Response, session: &NewSession, now: i64) {
    let mut cookie = Cookie::new(SESSION_COOKIE, session.secret.expose().to_owned());
    cookie.set_path("/");
    cookie.set_http_only(true);
    cookie.set_secure(true);
    cookie.set_same_site(SameSite::Lax);
    // A while longer than it serves: what somebody sends by then is kept for them.
    let serves = time::Duration::microseconds((session.expires_at - now).max(0));
    cookie.set_max_age(serves + time::Duration::seconds(LINGERS));
    put(response, &cookie);
}

/// Has a browser know who signed in with it, so that they are not written to when they do so again.
pub fn set_mark(response: &mut Response, mark: Option<Mark>) {
    let Some(mark) = mark else { return };
    let mut cookie = Cookie::new(mark.name, mark.value);
    cookie.set_path("/");
    cookie.set_http_only(true);
    cookie.set_secure(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_max_age(time::Duration::days(REMEMBERED));
    put(response, &cookie);
}

/// The marks that a browser sends.
pub(super) fn marks(headers: &HeaderMap) -> Vec<Mark> {
    CookieJar::from_headers(headers)
        .iter()
        .filter(|cookie| cookie.name().starts_with(KNOWN))
        .map(|cookie| Mark { name: cookie.name().to_owned(), value: cookie.value().to_owned() })
        .collect()
}

/// Takes it away.
pub fn clear_cookie(response: &mut Response) {
    let mut cookie = Cookie::from(SESSION_COOKIE);
    cookie.set_path("/");
    cookie.set_secure(true);
    cookie.make_removal();
    put(response, &cookie);
}

fn put(response: &mut Response, cookie: &Cookie<'_>) {
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
