//! `/admin/devices`, for administrators; `/enrol/…` and `/sign-in/pin`, on the device itself.

use super::account::device;
use super::held::{self, Carried};
use super::house::{Visit, html, no_link, own_address, theme as theme_of};
use super::people::code;
use crate::app::App;
use crate::middleware::RequestContext;
use crate::problem::Problem;
use crate::rest::host::From;
use crate::rest::host::devices::{device_cookie, let_in, link, set_device_cookie, state};
use axum::extract::{Path, Query, RawForm, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::{HeaderMap, StatusCode};
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_identity::{SignInFault, asks_for_proof};
use lignaflow_web::admin::{DeviceMade, DeviceRow, DevicesPage, devices as draw_devices};
use lignaflow_web::door::{EnrolPage, PinPage, enrol as draw_enrol, pin as draw_pin};
use lignaflow_web::message::{Message, alone};
use lignaflow_web::paths;
use std::collections::HashMap;
use std::sync::Arc;

/// Where to go from a link that does not serve.
const INSTEAD: (&str, &str) = ("Sign in", paths::SIGN_IN);

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(paths::DEVICES, get(list).post(make))
        .route("/admin/devices/{id}/revoke", post(revoke))
        .route("/enrol/{secret}", get(ask).post(enrol))
        .route(paths::SIGN_IN_PIN, get(pin_form).post(sign_in))
}

fn field(body: &[u8], name: &str) -> String {
    form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, text)| text.into_owned()).unwrap_or_default()
}

/// What the page shows beside what stands.
#[derive(Default)]
struct Shown<'a> {
    made: Option<DeviceMade>,
    typed: &'a str,
    fault: Option<&'a Fault>,
}

async fn draw(visit: &Visit, shown: Shown<'_>) -> Response {
    if let Some(fault) = shown.fault.filter(|fault| asks_for_proof(fault)) {
        return visit.fault(fault);
    }
    let rows = match visit.app.identity.devices(&visit.signed.authenticated).await {
        Ok(rows) => rows,
        Err(fault) => return visit.fault(&fault),
    };
    let now = visit.app.clock.now();
    let rows: Vec<DeviceRow> = rows
        .into_iter()
        .map(|row| DeviceRow {
            state: state(&row, now),
            id: row.id.to_string(),
            name: row.name,
            browser: if row.user_agent.is_empty() { String::new() } else { device(&row.user_agent) },
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        })
        .collect();
    let view = DevicesPage {
        rows: &rows,
        made: shown.made.as_ref(),
        typed: shown.typed,
        issues: shown.fault.map_or(&[], |fault| fault.issues.as_slice()),
        fault: shown.fault.filter(|fault| fault.issues.is_empty()).map(|fault| fault.message.as_str()),
    };
    let status = shown.fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    visit.page_with(status, draw_devices(&visit.shell(), &view))
}

async fn list(visit: Visit) -> Response {
    draw(&visit, Shown::default()).await
}

async fn make(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let name = field(&body, "name");
    match visit.app.identity.make_device(&visit.signed.authenticated, client, &name).await {
        Ok(made) => {
            let link = link(&visit.app, &made.secret);
            let made = code(&link).map(|code| DeviceMade { name: made.device.name, link, code });
            draw(&visit, Shown { made, ..Shown::default() }).await
        }
        Err(fault) => draw(&visit, Shown { typed: &name, fault: Some(&fault), ..Shown::default() }).await,
    }
}

async fn revoke(visit: Visit, From(client): From, Path(id): Path<String>) -> Response {
    let Some(id) = super::lookup::id(&id) else { return visit.not_found() };
    match visit.app.identity.revoke_device(&visit.signed.authenticated, client, id).await {
        Ok(()) => visit.go(paths::DEVICES, "Revoked. Who was signed in on it by PIN is signed out."),
        Err(fault) => draw(&visit, Shown { fault: Some(&fault), ..Shown::default() }).await,
    }
}

async fn ask(State(app): State<Arc<App>>, headers: HeaderMap, Path(secret): Path<String>) -> Response {
    match app.identity.device_asked(&secret).await {
        Ok((device, organization)) => {
            let theme = theme_of(&headers);
            let view = EnrolPage { theme, secret: &secret, device: &device.name, organization: &organization.name };
            html(StatusCode::OK, draw_enrol(&view))
        }
        Err(fault) => no_link(&headers, &fault, INSTEAD),
    }
}

async fn enrol(
    State(app): State<Arc<App>>,
    From(client): From,
    headers: HeaderMap,
    Path(secret): Path<String>,
) -> Response {
    match app.identity.enrol(&secret, client).await {
        Ok(enrolled) => {
            let mut response = Redirect::to(paths::SIGN_IN_PIN).into_response();
            set_device_cookie(&mut response, enrolled.secret.expose());
            response
        }
        Err(fault) => no_link(&headers, &fault, INSTEAD),
    }
}

async fn draw_pin_form(
    app: &App,
    headers: &HeaderMap,
    (username, next): (&str, &str),
    carried: &Carried,
    refused: Option<(StatusCode, &str)>,
) -> Response {
    match app.identity.device(&device_cookie(headers)).await {
        Ok(Some((device, organization))) => {
            let view = PinPage {
                theme: theme_of(headers),
                device: &device.name,
                organization: &organization.name,
                username,
                next,
                fault: refused.map(|(_, text)| text),
                held: carried.held(),
            };
            html(refused.map_or(StatusCode::OK, |(status, _)| status), draw_pin(&view))
        }
        Ok(None) => {
            let text =
                "This browser is not enrolled, or is not any more. An administrator makes a link that enrols it.";
            let message =
                Message::new("Not an enrolled device", text).action("Sign in with a password", paths::SIGN_IN);
            html(StatusCode::NOT_FOUND, alone(theme_of(headers), &message))
        }
        Err(fault) => html(Problem::from(fault.clone()).status(), alone(theme_of(headers), &Message::of(&fault))),
    }
}

async fn pin_form(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let next = own_address(query.get("next").map_or(paths::HOME, String::as_str));
    draw_pin_form(&app, &headers, ("", next), &Carried::of(&[]), None).await
}

async fn sign_in(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
    From(client): From,
    headers: HeaderMap,
    RawForm(body): RawForm,
) -> Response {
    let (username, next) = (field(&body, "username"), field(&body, "next"));
    let (next, cookie) = (own_address(&next), device_cookie(&headers));
    let opened = match app.rates.sign_in(context.client, &username) {
        Ok(()) => app.identity.sign_in_by_pin(&cookie, &username, &field(&body, "pin"), client).await,
        Err(problem) => Err(SignInFault::Fault(Fault::new(ErrorCode::RateLimited, problem.detail()))),
    };
    match opened {
        Ok(opened) => {
            let who = (opened.person.name.as_str(), opened.session.organization);
            let mut response = held::after(&app, theme_of(&headers), who, &body, next).await;
            let_in(&mut response, &app, &opened, &cookie);
            response
        }
        Err(fault) => {
            let told = fault.to_string();
            let status = crate::rest::host::session::told(fault).status();
            draw_pin_form(&app, &headers, (&username, next), &Carried::of(&body), Some((status, &told))).await
        }
    }
}
