//! `/account/second-factor` and `/account/prove`.

use super::held::{self, Carried};
use super::house::{Visit, own_address};
use super::people::code as qr;
use crate::app::App;
use crate::problem::Problem;
use crate::rest::host::{From, session};
use axum::Router;
use axum::extract::{Query, RawForm};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use lignaflow_core::Fault;
use lignaflow_web::paths;
use lignaflow_web::second_factor::{
    ProvePage, SecondFactorPage, SecondFactorState, prove as draw_prove, second_factor as draw_page,
};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(paths::SECOND_FACTOR, get(show).post(confirm))
        .route(paths::SECOND_FACTOR_OFF, post(off))
        .route(paths::SECOND_FACTOR_CODES, post(codes))
        .route(paths::PROVE, get(ask).post(prove))
}

fn draw(visit: &Visit, state: SecondFactorState<'_>, fault: Option<&Fault>) -> Response {
    let view = SecondFactorPage {
        state,
        demanded: visit.signed.authenticated.second_factor_demanded,
        issues: fault.map_or(&[], |fault| fault.issues.as_slice()),
        fault: fault.filter(|fault| fault.issues.is_empty()).map(|fault| fault.message.as_str()),
    };
    let status = fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    visit.page_with(status, draw_page(&visit.shell(), &view))
}

/// A new secret, or what there is.
async fn begin(visit: &Visit, fault: Option<&Fault>) -> Response {
    let (identity, actor) = (&visit.app.identity, &visit.signed.authenticated);
    if actor.person.second_factor {
        return match identity.recovery_codes_left(actor).await {
            Ok(left) => draw(visit, SecondFactorState::On { left }, fault),
            Err(fault) => visit.fault(&fault),
        };
    }
    match identity.begin_second_factor(actor).await {
        Ok(setup) => {
            let code = qr(&setup.url);
            draw(visit, SecondFactorState::Begin { secret: &setup.secret, code: code.as_ref() }, fault)
        }
        Err(fault) => visit.fault(&fault),
    }
}

async fn show(visit: Visit) -> Response {
    begin(&visit, None).await
}

fn field(body: &[u8], name: &str) -> String {
    form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, text)| text.into_owned()).unwrap_or_default()
}

async fn confirm(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let actor = &visit.signed.authenticated;
    match visit.app.identity.confirm_second_factor(actor, client, &field(&body, "code")).await {
        Ok(codes) => draw(&visit, SecondFactorState::Codes(&codes), None),
        Err(fault) => {
            let fault: Fault = fault.into();
            // The secret that was shown is not shown again: a new one takes its place.
            if lignaflow_identity::asks_for_proof(&fault) {
                visit.fault(&fault)
            } else {
                begin(&visit, Some(&fault)).await
            }
        }
    }
}

async fn off(visit: Visit, From(client): From) -> Response {
    match visit.app.identity.remove_second_factor(&visit.signed.authenticated, client).await {
        Ok(()) => visit.go(paths::ACCOUNT, "The second factor is off."),
        Err(fault) => visit.fault(&fault),
    }
}

async fn codes(visit: Visit, From(client): From) -> Response {
    match visit.app.identity.new_recovery_codes(&visit.signed.authenticated, client).await {
        Ok(codes) => draw(&visit, SecondFactorState::Codes(&codes), None),
        Err(fault) => visit.fault(&fault),
    }
}

fn form(visit: &Visit, next: &str, carried: &Carried, fault: Option<&Fault>) -> Response {
    let view = ProvePage {
        next,
        code: visit.signed.authenticated.person.second_factor,
        issues: fault.map_or(&[], |fault| fault.issues.as_slice()),
        fault: fault.filter(|fault| fault.issues.is_empty()).map(|fault| fault.message.as_str()),
        held: carried.held(),
    };
    let status = fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    visit.page_with(status, draw_prove(&visit.shell(), &view))
}

async fn ask(visit: Visit, Query(query): Query<HashMap<String, String>>) -> Response {
    form(&visit, own_address(query.get("next").map_or(paths::HOME, String::as_str)), &Carried::of(&[]), None)
}

async fn prove(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let next = field(&body, "next");
    let (password, code) = (field(&body, "password"), field(&body, "code"));
    match visit.app.identity.prove_again(&visit.signed.authenticated, client, &password, &code).await {
        Ok(opened) => {
            let who = (visit.signed.authenticated.person.name.as_str(), opened.organization);
            let mut response = held::after(&visit.app, visit.theme(), who, &body, own_address(&next)).await;
            session::set_cookie(&mut response, &opened, visit.app.clock.now());
            response
        }
        Err(fault) => form(&visit, own_address(&next), &Carried::of(&body), Some(&fault.into())),
    }
}
