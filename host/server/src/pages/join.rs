//! `/join/…`: an invitation, opened by who was asked.

use super::house::{Visit, html, theme as theme_of};
use crate::app::App;
use crate::problem::Problem;
use crate::rest::host::{From, session};
use axum::Router;
use axum::extract::{Path, RawForm, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use lignaflow_core::Fault;
use lignaflow_core::caller::Role;
use lignaflow_identity::{JoinForm, Joined, SHORTEST_PASSWORD};
use lignaflow_web::door::{JoinPage, Typed, join as draw_join};
use lignaflow_web::message::{Message, alone};
use lignaflow_web::paths;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/join/{secret}", get(show).post(accept))
}

#[derive(Default)]
struct Tried<'a> {
    typed: Option<&'a Typed>,
    fault: Option<&'a Fault>,
    /// Whether a letter is on its way to the address that was typed.
    written: bool,
}

async fn draw(app: &App, headers: &HeaderMap, secret: &str, visit: Option<&Visit>, tried: Tried<'_>) -> Response {
    let asked = match app.identity.asked(secret).await {
        Ok(asked) => asked,
        Err(fault) => {
            let status = Problem::from(fault.clone()).status();
            let message =
                Message::new("This invitation does not serve", fault.message).action("Sign in", paths::SIGN_IN);
            return html(status, alone(theme_of(headers), &message));
        }
    };
    let nothing = Typed::new();
    let person = visit.map(|visit| &visit.signed.authenticated.person);
    let view = JoinPage {
        theme: theme_of(headers),
        secret,
        organization: &asked.organization.name,
        by: &asked.by,
        role: match asked.invitation.role {
            Role::Owner => "an owner",
            Role::Admin => "an administrator",
            Role::Member => "a member",
        },
        email: &asked.invitation.email,
        known: asked.known,
        by_letter: asked.by_letter,
        written: tried.written,
        signed_in: person.map(|person| (person.name.as_str(), person.email.as_str())),
        typed: tried.typed.unwrap_or(&nothing),
        issues: tried.fault.map_or(&[], |fault| fault.issues.as_slice()),
        fault: tried.fault.filter(|fault| fault.issues.is_empty()).map(|fault| fault.message.as_str()),
        password_min: SHORTEST_PASSWORD,
    };
    let status = tried.fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    html(status, draw_join(&view))
}

async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(secret): Path<String>,
    visit: Result<Visit, Response>,
) -> Response {
    draw(&app, &headers, &secret, visit.ok().as_ref(), Tried::default()).await
}

async fn accept(
    State(app): State<Arc<App>>,
    From(client): From,
    headers: HeaderMap,
    Path(secret): Path<String>,
    visit: Result<Visit, Response>,
    RawForm(body): RawForm,
) -> Response {
    let mut typed: Typed = form_urlencoded::parse(&body).into_owned().collect();
    if let Ok(visit) = &visit {
        return match app.identity.join_as(&visit.signed.authenticated, client, &secret).await {
            Ok(session) => {
                let mut response = visit.go(paths::HOME, "Welcome.");
                session::set_cookie(&mut response, &session, app.clock.now());
                response
            }
            Err(fault) => {
                let tried = Tried { typed: Some(&typed), fault: Some(&fault), written: false };
                draw(&app, &headers, &secret, Some(visit), tried).await
            }
        };
    }
    let form = JoinForm {
        name: typed.get("name").cloned().unwrap_or_default(),
        email: typed.get("email").cloned().unwrap_or_default(),
        password: typed.remove("password").unwrap_or_default(),
    };
    match app.identity.join(&secret, form, client).await {
        Ok(Joined::In { person, session: opened }) => {
            let mut response = Redirect::to(paths::HOME).into_response();
            session::set_cookie(&mut response, &opened, app.clock.now());
            session::set_mark(&mut response, app.identity.mark(person));
            response
        }
        Ok(Joined::Written) => {
            let tried = Tried { typed: Some(&typed), fault: None, written: true };
            draw(&app, &headers, &secret, None, tried).await
        }
        Err(fault) => {
            let fault: Fault = fault.into();
            let tried = Tried { typed: Some(&typed), fault: Some(&fault), written: false };
            draw(&app, &headers, &secret, None, tried).await
        }
    }
}
