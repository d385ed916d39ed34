//! `/admin/people/{id}/privacy`: what is held of one person; and what is held of oneself, as a file.

use super::house::Visit;
use crate::app::App;
use crate::privacy;
use crate::problem::Problem;
use crate::rest::host::From;
use axum::Router;
use axum::extract::{Path, RawForm};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use lignaflow_core::{Fault, PersonId};
use lignaflow_identity::asks_for_proof;
use lignaflow_web::admin::{PrivacyPage, TraceRow, privacy as draw_privacy};
use lignaflow_web::format::date;
use lignaflow_web::paths;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(paths::ACCOUNT_EXPORT, get(mine))
        .route(paths::RETENTION, post(retention))
        .route("/admin/people/{id}/privacy", get(show))
        .route("/admin/people/{id}/export", get(export))
        .route("/admin/people/{id}/erase", post(erase))
}

async fn draw(visit: &Visit, person: PersonId, typed: &str, fault: Option<&Fault>) -> Response {
    let (app, actor) = (&visit.app, &visit.signed.authenticated);
    let traces = match privacy::traces(app, actor, person).await {
        Ok(traces) => traces,
        Err(fault) => return visit.fault(&fault),
    };
    let (member, reader) = (&traces.about.member, visit.reader());
    let rows: Vec<TraceRow> = traces
        .records
        .iter()
        .map(|(schema, records)| TraceRow {
            title: schema.collection.title.many.clone(),
            plugin: visit
                .snapshot
                .plugins
                .get(&schema.name.plugin)
                .map_or_else(|| schema.name.plugin.to_string(), |plugin| plugin.descriptor().title.clone()),
            records: *records,
        })
        .collect();
    let day = traces.erasure.kept_until.as_deref();
    let day = day.map(|day| day.parse().map_or_else(|_| day.to_owned(), |day| date(day, &reader.locale)));
    let never = if member.erased {
        Some("They were erased. This is what was left.")
    } else if person == actor.person.id {
        Some("Nobody erases themselves. Another administrator can.")
    } else {
        (Some(member.role) > actor.caller.role).then_some("Only owners change what owners are.")
    };
    let view = PrivacyPage {
        id: &person.to_string(),
        name: &member.person.name,
        rows: &rows,
        last_trace: traces.erasure.last_trace,
        years: traces.erasure.years,
        kept_until: day.as_deref(),
        never,
        typed,
        issues: fault.map_or(&[], |fault| fault.issues.as_slice()),
        fault: fault.filter(|fault| fault.issues.is_empty()).map(|fault| fault.message.as_str()),
    };
    let status = fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    visit.page_with(status, draw_privacy(&visit.shell(), &view))
}

async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    let Some(person) = super::lookup::id(&id).map(PersonId) else { return visit.not_found() };
    draw(&visit, person, "", None).await
}

async fn export(visit: Visit, From(client): From, Path(id): Path<String>) -> Response {
    let Some(person) = super::lookup::id(&id).map(PersonId) else { return visit.not_found() };
    let actor = &visit.signed.authenticated;
    if let Err(fault) = visit.app.identity.retention_years(actor).await {
        return visit.fault(&fault);
    }
    match privacy::export(&visit.app, actor, client, person).await {
        Ok(file) => file,
        Err(fault) => visit.fault(&fault),
    }
}

async fn mine(visit: Visit, From(client): From) -> Response {
    let actor = &visit.signed.authenticated;
    match privacy::export(&visit.app, actor, client, actor.person.id).await {
        Ok(file) => file,
        Err(fault) => visit.fault(&fault),
    }
}

async fn erase(visit: Visit, From(client): From, Path(id): Path<String>, RawForm(body): RawForm) -> Response {
    let Some(person) = super::lookup::id(&id).map(PersonId) else { return visit.not_found() };
    let typed = form_urlencoded::parse(&body).find(|(name, _)| name == "confirm").map(|(_, text)| text.into_owned());
    let typed = typed.unwrap_or_default();
    match privacy::erase(&visit.app, &visit.signed.authenticated, client, person, &typed).await {
        Ok(pseudonym) => visit.go(paths::PEOPLE, &format!("Erased. What they did stands under {pseudonym}.")),
        Err(fault) if asks_for_proof(&fault) => visit.fault(&fault),
        Err(fault) => draw(&visit, person, &typed, Some(&fault)).await,
    }
}

async fn retention(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let typed = form_urlencoded::parse(&body).find(|(name, _)| name == "years").map(|(_, text)| text.into_owned());
    // What is no number is no number of years, and is told as such.
    let years = typed.and_then(|text| text.trim().parse().ok()).unwrap_or(-1);
    match visit.app.identity.set_retention_years(&visit.signed.authenticated, client, years).await {
        Ok(()) => visit.go(paths::ORGANIZATION, "Saved."),
        Err(fault) => visit.fault(&fault),
    }
}
