//! Before anybody is signed in: setup, sign-in; and what a visitor changes about their own visit.

use super::held::{self, Carried};
use super::house::{self, Visit, append_cookie, html, own_address, theme as theme_of};
use crate::app::App;
use crate::middleware::RequestContext;
use crate::rest::host::{From, devices, session};
use axum::extract::{Query, RawForm, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use axum_extra::extract::cookie::{Cookie, SameSite};
use http::{HeaderMap, StatusCode};
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_identity::{SHORTEST_PASSWORD, SetupForm, SignInFault, SignedIn};
use lignaflow_web::door::{
    CodePage, SetupPage, SignInPage, Typed, code as draw_code, setup as draw_setup, sign_in as draw_sign_in,
};
use lignaflow_web::message::{Message, alone};
use lignaflow_web::{Theme, paths};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(paths::SIGN_IN, get(sign_in_form).post(sign_in))
        .route(paths::SIGN_IN_CODE, post(second_step))
        .route(paths::SIGN_OUT, post(sign_out))
        .route(paths::SETUP, get(setup_form).post(setup))
        .route(paths::SWITCH_ORGANIZATION, post(switch))
}

fn typed(body: &[u8]) -> Typed {
    form_urlencoded::parse(body).into_owned().collect()
}

fn field<'a>(typed: &'a Typed, name: &str) -> &'a str {
    typed.get(name).map_or("", String::as_str)
}

async fn sign_in_form(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
    visit: Result<Visit, Response>,
) -> Response {
    let next = own_address(query.get("next").map_or(paths::HOME, String::as_str));
    if visit.is_ok() {
        return Redirect::to(next).into_response();
    }
    match app.identity.needs_setup().await {
        Ok(true) => {
            let text = "Nobody is here yet. Open the one-time address that the server printed when it started; \
                        `lignaflow setup-url` prints a new one.";
            html(StatusCode::OK, alone(theme_of(&headers), &Message::new("Set up LignaFlow", text)))
        }
        Ok(false) => {
            // Who opens an enrolled device signs in by PIN, unless they ask for the other.
            let enrolled = app.identity.device(&devices::device_cookie(&headers)).await;
            if !query.contains_key("by") && matches!(enrolled, Ok(Some(_))) {
                let address = format!("{}{}", paths::SIGN_IN_PIN, paths::query([("next", next)]));
                return Redirect::to(&address).into_response();
            }
            let sign_up = app.identity.sign_up_is_open();
            let view = SignInPage { theme: theme_of(&headers), next, sign_up, ..SignInPage::default() };
            html(StatusCode::OK, draw_sign_in(&view))
        }
        Err(fault) => html(StatusCode::SERVICE_UNAVAILABLE, alone(theme_of(&headers), &Message::of(&fault))),
    }
}

async fn sign_in(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
    From(client): From,
    headers: HeaderMap,
    RawForm(body): RawForm,
) -> Response {
    let typed = typed(&body);
    let email = field(&typed, "email");
    let next = own_address(field(&typed, "next"));
    let carried = Carried::of(&body);
    let signed = match app.rates.sign_in(context.client, email) {
        Ok(()) => app.identity.sign_in(email, field(&typed, "password"), client).await,
        Err(problem) => Err(SignInFault::Fault(Fault::new(ErrorCode::RateLimited, problem.detail()))),
    };
    match signed {
        Ok(signed) => let_in(&app, &headers, &signed, &body, next).await,
        Err(SignInFault::SecondFactor { pending }) => {
            let held = carried.held();
            let view = CodePage { theme: theme_of(&headers), pending: pending.expose(), next, fault: None, held };
            html(StatusCode::OK, draw_code(&view))
        }
        Err(fault) => {
            let told = fault.to_string();
            let status = session::told(fault).status();
            let (theme, held, sign_up) = (theme_of(&headers), carried.held(), app.identity.sign_up_is_open());
            let view = SignInPage { theme, email, next, fault: Some(&told), notice: None, held, sign_up };
            html(status, draw_sign_in(&view))
        }
    }
}

/// On, or to the form that was held, with the session that was opened.
async fn let_in(app: &App, headers: &HeaderMap, signed: &SignedIn, body: &[u8], next: &str) -> Response {
    let who = (signed.person.name.as_str(), signed.session.organization);
    let mut response = held::after(app, theme_of(headers), who, body, next).await;
    session::set_cookie(&mut response, &signed.session, app.clock.now());
    session::set_mark(&mut response, app.identity.mark(signed.person.id));
    response
}

/// The code of a second factor, after the password.
async fn second_step(
    State(app): State<Arc<App>>,
    From(client): From,
    headers: HeaderMap,
    RawForm(body): RawForm,
) -> Response {
    let typed = typed(&body);
    let (pending, next) = (field(&typed, "pending"), own_address(field(&typed, "next")));
    let carried = Carried::of(&body);
    match app.identity.sign_in_second(pending, field(&typed, "code"), client).await {
        Ok(signed) => let_in(&app, &headers, &signed, &body, next).await,
        // The step is over, or was tried too often: it begins with the password again.
        Err(SignInFault::Refused) => {
            let told = "That took too long, or was tried too often. Sign in again.";
            let (theme, held) = (theme_of(&headers), carried.held());
            let view = SignInPage { theme, next, fault: Some(told), held, ..SignInPage::default() };
            html(StatusCode::FORBIDDEN, draw_sign_in(&view))
        }
        Err(fault) => {
            let told = fault.to_string();
            let view = CodePage { theme: theme_of(&headers), pending, next, fault: Some(&told), held: carried.held() };
            html(session::told(fault).status(), draw_code(&view))
        }
    }
}

async fn sign_out(visit: Visit, From(client): From) -> Response {
    if let Err(fault) = visit.app.identity.sign_out(&visit.signed.authenticated, client).await {
        return visit.fault(&fault);
    }
    let mut response = Redirect::to(paths::SIGN_IN).into_response();
    session::clear_cookie(&mut response);
    response
}

fn setup_page(theme: Theme, status: StatusCode, secret: &str, typed: &Typed, fault: Option<&Fault>) -> Response {
    let told = fault.filter(|fault| fault.issues.is_empty()).map(|fault| fault.message.as_str());
    let view = SetupPage {
        theme,
        secret,
        typed,
        issues: fault.map_or(&[], |fault| fault.issues.as_slice()),
        fault: told,
        password_min: SHORTEST_PASSWORD,
        signing_up: None,
    };
    html(status, draw_setup(&view))
}

async fn setup_form(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let secret = query.get("secret").map_or("", String::as_str);
    match app.identity.check_setup(secret).await {
        Ok(()) => setup_page(theme_of(&headers), StatusCode::OK, secret, &Typed::new(), None),
        Err(fault) => {
            let message = Message::new("This address does not serve", fault.message).action("Sign in", paths::SIGN_IN);
            html(StatusCode::FORBIDDEN, alone(theme_of(&headers), &message))
        }
    }
}

async fn setup(
    State(app): State<Arc<App>>,
    From(client): From,
    headers: HeaderMap,
    RawForm(body): RawForm,
) -> Response {
    let typed = typed(&body);
    let secret = field(&typed, "secret");
    let text = |name: &str| field(&typed, name).trim().to_owned();
    let form = SetupForm {
        organization: text("organization"),
        country: text("country"),
        time_zone: text("time_zone"),
        currency: text("currency"),
        locale: String::new(),
        name: text("name"),
        email: text("email"),
        password: field(&typed, "password").to_owned(),
    };
    match app.identity.complete_setup(secret, form, client).await {
        Ok(founded) => {
            let mut response = Redirect::to(paths::HOME).into_response();
            session::set_cookie(&mut response, &founded.session, app.clock.now());
            session::set_mark(&mut response, app.identity.mark(founded.person));
            response
        }
        Err(fault) => {
            let status = crate::problem::Problem::from(fault.clone()).status();
            setup_page(theme_of(&headers), status, secret, &typed, Some(&fault))
        }
    }
}

/// Another of the person's organizations.
async fn switch(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let typed = typed(&body);
    let Ok(organization) = field(&typed, "organization").parse() else { return visit.not_found() };
    match visit.app.identity.switch_organization(&visit.signed.authenticated, client, organization).await {
        Ok(session) => {
            let mut response = Redirect::to(paths::HOME).into_response();
            session::set_cookie(&mut response, &session, visit.app.clock.now());
            response
        }
        Err(fault) => visit.fault(&fault),
    }
}

/// Light, dark, or as the system has it: kept by the browser.
pub(super) async fn theme(RawForm(body): RawForm) -> Response {
    let typed = typed(&body);
    let chosen = Theme::of(field(&typed, "theme"));
    let mut response = Redirect::to(house::own_address(field(&typed, "back"))).into_response();
    let mut cookie = Cookie::new(Theme::COOKIE, chosen.as_str());
    cookie.set_path("/");
    cookie.set_secure(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_max_age(time::Duration::days(365));
    append_cookie(&mut response, &cookie);
    response
}
