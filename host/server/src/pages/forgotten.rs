//! `/forgotten` and `/reset/…`: a new password by a letter, in the browser that asked for it.

use super::house::{append_cookie, html, no_link, theme as theme_of};
use crate::app::App;
use crate::middleware::RequestContext;
use crate::problem::Problem;
use crate::rest::host::From;
use axum::extract::{Path, RawForm, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use http::{HeaderMap, StatusCode};
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_identity::{SHORTEST_PASSWORD, SignInFault};
use lignaflow_web::door::{ForgottenPage, ResetPage, forgotten as draw_forgotten, reset as draw_reset};
use lignaflow_web::paths;
use std::sync::Arc;

/// Where to go from a link that does not serve.
const INSTEAD: (&str, &str) = ("Ask for a new one", paths::FORGOTTEN);

/// Binds a letter to the browser that asked for it.
const COOKIE: &str = "__Host-lignaflow-reset";
/// For as long as a letter serves.
const SERVES: time::Duration = time::Duration::hours(1);

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route(paths::FORGOTTEN, get(form).post(ask)).route("/reset/{secret}", get(choose).post(set))
}

fn field(body: &[u8], name: &str) -> String {
    form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, text)| text.into_owned()).unwrap_or_default()
}

async fn form(headers: HeaderMap) -> Response {
    html(StatusCode::OK, draw_forgotten(&ForgottenPage { theme: theme_of(&headers), ..ForgottenPage::default() }))
}

async fn ask(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
    From(client): From,
    headers: HeaderMap,
    RawForm(body): RawForm,
) -> Response {
    let email = field(&body, "email");
    let asked = match app.rates.sign_in(context.client, &email) {
        Ok(()) => app.identity.ask_reset(&email, client).await,
        Err(problem) => Err(SignInFault::Fault(Fault::new(ErrorCode::RateLimited, problem.detail()))),
    };
    let view = ForgottenPage { theme: theme_of(&headers), email: &email, ..ForgottenPage::default() };
    match asked {
        Ok(binding) => {
            let mut response = html(StatusCode::OK, draw_forgotten(&ForgottenPage { asked: true, ..view }));
            let mut cookie = Cookie::new(COOKIE, binding.expose().to_owned());
            cookie.set_path("/");
            cookie.set_http_only(true);
            cookie.set_secure(true);
            cookie.set_same_site(SameSite::Lax);
            cookie.set_max_age(SERVES);
            append_cookie(&mut response, &cookie);
            response
        }
        Err(fault) => {
            let fault: Fault = fault.into();
            let told = Some(fault.message.as_str()).filter(|_| fault.issues.is_empty());
            let status = Problem::from(fault.clone()).status();
            html(status, draw_forgotten(&ForgottenPage { issues: &fault.issues, fault: told, ..view }))
        }
    }
}

fn binding(headers: &HeaderMap) -> String {
    CookieJar::from_headers(headers).get(COOKIE).map(|cookie| cookie.value().to_owned()).unwrap_or_default()
}

async fn choose(State(app): State<Arc<App>>, headers: HeaderMap, Path(secret): Path<String>) -> Response {
    match app.identity.check_reset(&secret, &binding(&headers)).await {
        Ok(()) => {
            let theme = theme_of(&headers);
            let view = ResetPage { theme, secret: &secret, issues: &[], fault: None, password_min: SHORTEST_PASSWORD };
            html(StatusCode::OK, draw_reset(&view))
        }
        Err(fault) => no_link(&headers, &fault, INSTEAD),
    }
}

async fn set(
    State(app): State<Arc<App>>,
    From(client): From,
    headers: HeaderMap,
    Path(secret): Path<String>,
    RawForm(body): RawForm,
) -> Response {
    let password = field(&body, "password");
    match app.identity.reset_by_code(&secret, &binding(&headers), &password, client).await {
        Ok(()) => {
            let mut response = Redirect::to(paths::SIGN_IN).into_response();
            let mut gone = Cookie::from(COOKIE);
            gone.set_path("/");
            gone.set_secure(true);
            gone.make_removal();
            append_cookie(&mut response, &gone);
            response
        }
        Err(fault) if fault.issues.is_empty() => no_link(&headers, &fault, INSTEAD),
        Err(fault) => {
            let view = ResetPage {
                theme: theme_of(&headers),
                secret: &secret,
                issues: &fault.issues,
                fault: None,
                password_min: SHORTEST_PASSWORD,
            };
            html(Problem::from(fault.clone()).status(), draw_reset(&view))
        }
    }
}
