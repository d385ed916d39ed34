//! `/sign-up`: an organization that people make by themselves, where the instance lets them.

use super::house::{html, no_link, theme as theme_of};
use crate::app::App;
use crate::middleware::RequestContext;
use crate::problem::Problem;
use crate::rest::host::{From, session};
use axum::extract::{Path, RawForm, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderMap, StatusCode};
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_identity::{SHORTEST_PASSWORD, SetupForm, SignInFault};
use lignaflow_web::door::{SetupPage, SignUpPage, Typed, setup as draw_setup, sign_up as draw_sign_up};
use lignaflow_web::message::{Message, alone};
use lignaflow_web::paths;
use std::sync::Arc;

/// Where to go from a link that does not serve.
const INSTEAD: (&str, &str) = ("Sign in", paths::SIGN_IN);

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route(paths::SIGN_UP, get(form).post(ask)).route("/sign-up/{secret}", get(found_form).post(found))
}

/// What stands where the page would, on an instance that does not let people sign up.
fn closed(headers: &HeaderMap) -> Response {
    let text = "Organizations are not made by sign-up here. An administrator of yours invites you.";
    let message = Message::new("No sign-up here", text).action("Sign in", paths::SIGN_IN);
    html(StatusCode::NOT_FOUND, alone(theme_of(headers), &message))
}

async fn form(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if !app.identity.sign_up_is_open() {
        return closed(&headers);
    }
    html(StatusCode::OK, draw_sign_up(&SignUpPage { theme: theme_of(&headers), ..SignUpPage::default() }))
}

async fn ask(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
    From(client): From,
    headers: HeaderMap,
    RawForm(body): RawForm,
) -> Response {
    if !app.identity.sign_up_is_open() {
        return closed(&headers);
    }
    let typed: Typed = form_urlencoded::parse(&body).into_owned().collect();
    let email = typed.get("email").map_or("", String::as_str);
    let asked = match app.rates.sign_in(context.client, email) {
        Ok(()) => app.identity.ask_sign_up(email, client).await,
        Err(problem) => Err(SignInFault::Fault(Fault::new(ErrorCode::RateLimited, problem.detail()))),
    };
    let view = SignUpPage { theme: theme_of(&headers), email, ..SignUpPage::default() };
    match asked {
        Ok(()) => html(StatusCode::OK, draw_sign_up(&SignUpPage { asked: true, ..view })),
        Err(fault) => {
            let fault: Fault = fault.into();
            let told = Some(fault.message.as_str()).filter(|_| fault.issues.is_empty());
            let status = Problem::from(fault.clone()).status();
            html(status, draw_sign_up(&SignUpPage { issues: &fault.issues, fault: told, ..view }))
        }
    }
}

struct Tried<'a> {
    typed: &'a Typed,
    fault: Option<&'a Fault>,
}

fn draw(headers: &HeaderMap, secret: &str, email: &str, tried: &Tried<'_>) -> Response {
    let action = paths::sign_up(secret);
    let view = SetupPage {
        theme: theme_of(headers),
        secret: "",
        typed: tried.typed,
        issues: tried.fault.map_or(&[], |fault| fault.issues.as_slice()),
        fault: tried.fault.filter(|fault| fault.issues.is_empty()).map(|fault| fault.message.as_str()),
        password_min: SHORTEST_PASSWORD,
        signing_up: Some((&action, email)),
    };
    let status = tried.fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    html(status, draw_setup(&view))
}

async fn found_form(State(app): State<Arc<App>>, headers: HeaderMap, Path(secret): Path<String>) -> Response {
    match app.identity.check_sign_up(&secret).await {
        Ok(email) => draw(&headers, &secret, &email, &Tried { typed: &Typed::new(), fault: None }),
        Err(fault) => no_link(&headers, &fault, INSTEAD),
    }
}

async fn found(
    State(app): State<Arc<App>>,
    From(client): From,
    headers: HeaderMap,
    Path(secret): Path<String>,
    RawForm(body): RawForm,
) -> Response {
    let mut typed: Typed = form_urlencoded::parse(&body).into_owned().collect();
    let password = typed.remove("password").unwrap_or_default();
    let text = |name: &str| typed.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let form = SetupForm {
        organization: text("organization"),
        country: text("country"),
        time_zone: text("time_zone"),
        currency: text("currency"),
        locale: String::new(),
        name: text("name"),
        email: String::new(),
        password,
    };
    match app.identity.sign_up(&secret, form, client).await {
        Ok(founded) => {
            let mut response = Redirect::to(paths::HOME).into_response();
            session::set_cookie(&mut response, &founded.session, app.clock.now());
            session::set_mark(&mut response, app.identity.mark(founded.person));
            response
        }
        // What is wrong with the form is told in it; a link that does not serve, alone.
        Err(fault) => match app.identity.check_sign_up(&secret).await {
            Ok(email) => draw(&headers, &secret, &email, &Tried { typed: &typed, fault: Some(&fault) }),
            Err(over) => no_link(&headers, &over, INSTEAD),
        },
    }
}
