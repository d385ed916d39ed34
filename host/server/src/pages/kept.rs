//! `/admin/plugins/{id}/kept`: what is kept of a plugin that nothing declares, its purge, and uninstalling.

use super::admin::{draw_one, find, may};
use super::house::Visit;
use crate::app::App;
use crate::plugins::Outlook;
use crate::problem::Problem;
use crate::rest::host::{From, by, plan, plugins as api};
use axum::Router;
use axum::extract::{Path, RawForm};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use lignaflow_core::Fault;
use lignaflow_core::caller::Permission;
use lignaflow_core::name::PluginId;
use lignaflow_store::plugins::Installed;
use lignaflow_web::admin::{KeptPage, KeptRow, PlanLine, PlanObstacle, PlanView, kept as draw_kept};
use lignaflow_web::paths;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/admin/plugins/{id}/kept", get(kept))
        .route("/admin/plugins/{id}/purge", post(purge))
        .route("/admin/plugins/{id}/uninstall", post(uninstall))
}

/// What would be done, as the page draws it.
pub(super) fn plan_view(outlook: &Outlook) -> PlanView {
    PlanView {
        steps: outlook
            .steps
            .iter()
            .map(|step| PlanLine { collection: step.collection.to_string(), sentence: step.sentence() })
            .collect(),
        obstacles: outlook
            .conflicts
            .iter()
            .map(|conflict| PlanObstacle {
                collection: conflict.collection.to_string(),
                field: conflict.field.clone(),
                sentence: conflict.message.clone(),
                records: conflict.records,
                examples: conflict.examples.iter().map(ToString::to_string).collect(),
            })
            .collect(),
        missing: outlook.missing.clone(),
        misfit: outlook.misfit.clone(),
        carries: outlook.carries_from.as_ref().map(|from| (from.version.clone(), outlook.to_carry)),
    }
}

/// Plugins that are not installed and of which something is kept, for who may purge it.
pub(super) async fn left(visit: &Visit, installed: &[Installed]) -> Result<Vec<String>, Fault> {
    if !may(visit, Permission::INSTALL_PLUGINS) {
        return Ok(Vec::new());
    }
    let stands = |id: &PluginId| installed.iter().any(|plugin| plugin.id == *id);
    let with_tables = visit.app.plugins.with_tables().await?;
    Ok(with_tables.into_iter().filter(|id| !stands(id)).map(|id| id.to_string()).collect())
}

async fn kept(visit: Visit, Path(id): Path<String>) -> Response {
    draw(&visit, &id, "", None).await
}

async fn draw(visit: &Visit, id: &str, typed: &str, fault: Option<&Fault>) -> Response {
    if let Err(fault) = api::may_install(&visit.signed) {
        return visit.fault(&fault);
    }
    let Ok(plugin) = id.parse::<PluginId>() else { return visit.not_found() };
    let found = match visit.app.plugins.kept(&plugin).await {
        Ok(found) => found,
        Err(fault) => return visit.fault(&fault),
    };
    let rows: Vec<KeptRow> = found
        .kept
        .iter()
        .map(|kept| KeptRow {
            name: kept.name.to_string(),
            kind: kept.kind.map_or_else(|| "collection".to_owned(), |kind| format!("{kind:?}").to_lowercase()),
            records: kept.records,
        })
        .collect();
    let told = fault.map(|fault| fault.issues.first().map_or(fault.message.as_str(), |issue| issue.message.as_str()));
    let view = KeptPage { plugin: plugin.as_str(), title: found.title.as_deref(), rows: &rows, typed, fault: told };
    let status = fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    visit.page_with(status, draw_kept(&visit.shell(), &view))
}

async fn purge(visit: Visit, From(client): From, Path(id): Path<String>, RawForm(body): RawForm) -> Response {
    if let Err(fault) = api::may_install_now(&visit.signed) {
        return visit.fault(&fault);
    }
    let typed = form_urlencoded::parse(&body).find(|(name, _)| name == "name").map(|(_, value)| value.into_owned());
    let typed = typed.unwrap_or_default();
    let purged = match plan::confirmed(&typed, &typed) {
        Ok(name) if name.collection.plugin.as_str() != id => Err(Fault::not_found(format_args!("kept `{typed}` here"))),
        Ok(name) => visit.app.plugins.purge(&name, by(&visit.signed, &client)).await,
        Err(fault) => Err(fault),
    };
    match purged {
        Ok(_) => visit.go(paths::PLUGINS, &format!("{typed} is purged.")),
        Err(fault) => draw(&visit, &id, &typed, Some(&fault)).await,
    }
}

async fn uninstall(visit: Visit, From(client): From, Path(id): Path<String>) -> Response {
    let installed = match find(&visit, &id).await {
        Ok(installed) => installed,
        Err(response) => return response,
    };
    let done = match api::may_install_now(&visit.signed) {
        Ok(()) => visit.app.plugins.uninstall(&installed.id, by(&visit.signed, &client)).await,
        Err(fault) => Err(fault),
    };
    match done {
        Ok(()) => visit.go(paths::PLUGINS, &format!("{} is uninstalled; its records are kept.", installed.title)),
        Err(fault) => draw_one(&visit, &id, Some(&fault)).await,
    }
}
