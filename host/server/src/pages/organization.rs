//! `/admin/organization`: what the organization is set to.

use super::house::Visit;
use crate::app::App;
use crate::privacy;
use crate::problem::Problem;
use crate::rest::host::{From, session};
use axum::Router;
use axum::extract::RawForm;
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use lignaflow_core::Fault;
use lignaflow_core::caller::{Permission, Role};
use lignaflow_identity::{OrganizationChange, asks_for_proof};
use lignaflow_web::admin::{
    OWN_ACCENT, OrganizationPage, accent_choice, accent_figures, organization as draw_organization,
};
use lignaflow_web::door::Typed;
use lignaflow_web::paths;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route(paths::ORGANIZATION, get(show).post(change)).route(paths::ORGANIZATION_REMOVE, post(remove))
}

async fn draw(visit: &Visit, typed: &Typed, fault: Option<&Fault>) -> Response {
    let retention = match visit.app.identity.retention_years(&visit.signed.authenticated).await {
        Ok(years) => years,
        Err(fault) => return visit.fault(&fault),
    };
    let view = OrganizationPage {
        typed,
        retention,
        name: &visit.signed.authenticated.organization.name,
        may_remove: visit.signed.caller.role == Some(Role::Owner),
        issues: fault.map_or(&[], |fault| fault.issues.as_slice()),
        fault: fault.filter(|fault| fault.issues.is_empty()).map(|fault| fault.message.as_str()),
    };
    let status = fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    visit.page_with(status, draw_organization(&visit.shell(), &view))
}

/// The form as what is set fills it.
fn filled(visit: &Visit) -> Typed {
    let is = &visit.signed.authenticated.organization;
    [
        ("name", is.name.clone()),
        ("country", is.country.clone()),
        ("currency", is.currency.to_string()),
        ("time_zone", is.time_zone.clone()),
        ("locale", is.locale.clone()),
        ("week_starts", is.calendar.week_starts.to_string()),
        ("fiscal_year_starts", is.calendar.fiscal_year_starts.to_string()),
        ("tax_number", is.tax_number.clone()),
        ("second_factor", is.second_factor.as_str().to_owned()),
        ("accent", accent_choice(is.accent)),
        ("accent_hue", is.accent.hue().to_string()),
        ("accent_chroma", is.accent.chroma().to_string()),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into()
}

async fn show(visit: Visit) -> Response {
    if !visit.signed.caller.holds(Permission::ADMINISTER) {
        return visit.fault(&Fault::denied("Only administrators change what an organization is set to."));
    }
    draw(&visit, &filled(&visit), None).await
}

async fn remove(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let confirm = form_urlencoded::parse(&body).find(|(name, _)| name == "confirm").map(|(_, text)| text.into_owned());
    let confirm = confirm.unwrap_or_default();
    match privacy::remove_organization(&visit.app, &visit.signed.authenticated, client, &confirm).await {
        Ok(()) => {
            let mut response = visit.go(paths::SIGN_IN, "");
            session::clear_cookie(&mut response);
            response
        }
        Err(fault) if asks_for_proof(&fault) => visit.fault(&fault),
        Err(fault) => {
            let mut typed = filled(&visit);
            typed.insert("confirm".to_owned(), confirm);
            draw(&visit, &typed, Some(&fault)).await
        }
    }
}

async fn change(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let typed: Typed = form_urlencoded::parse(&body).into_owned().collect();
    let text = |name: &str| typed.get(name).cloned();
    // What is no number is no day and no month, and is told as such.
    let number = |name: &str| typed.get(name).map(|text| text.trim().parse().unwrap_or(0));
    let figure = |name: &str| typed.get(name).map(|text| text.trim().parse().unwrap_or(-1));
    // A colour with a name counts for itself, whatever stands in the fields for one of one's own.
    let (accent_hue, accent_chroma) = match typed.get("accent").map(String::as_str) {
        Some(OWN_ACCENT) | None => (figure("accent_hue"), figure("accent_chroma")),
        Some(choice) => match accent_figures(choice) {
            Some(accent) => (Some(accent.hue().into()), Some(accent.chroma().into())),
            None => (Some(-1), None),
        },
    };
    let change = OrganizationChange {
        name: text("name"),
        country: text("country"),
        currency: text("currency"),
        time_zone: text("time_zone"),
        locale: text("locale"),
        week_starts: number("week_starts"),
        fiscal_year_starts: number("fiscal_year_starts"),
        tax_number: text("tax_number"),
        second_factor: text("second_factor"),
        accent_hue,
        accent_chroma,
    };
    match visit.app.identity.change_organization(&visit.signed.authenticated, client, change).await {
        Ok(_) => visit.go(paths::ORGANIZATION, "Saved."),
        Err(fault) if asks_for_proof(&fault) => visit.fault(&fault),
        Err(fault) => draw(&visit, &typed, Some(&fault)).await,
    }
}
