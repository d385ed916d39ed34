//! What administrators of the instance do with plugins beside installing a file: have them run or not, and install what is
//! part of the program.

use super::admin::{ask, draw_list, draw_one, find};
use super::house::Visit;
use crate::app::App;
use crate::rest::host::{From, by, plugins as api};
use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::post;
use lignaflow_core::Fault;
use lignaflow_core::name::PluginId;
use lignaflow_web::admin::ShippedRow;
use lignaflow_web::{format, paths};
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(paths::PLUGINS_SHIPPED, post(install_all))
        .route("/admin/plugins/{id}/install", post(read_one))
        .route("/admin/plugins/{id}/activate", post(activate))
        .route("/admin/plugins/{id}/deactivate", post(deactivate))
}

/// What is part of the program and not in use, for who may install it.
pub(super) async fn shipped(visit: &Visit) -> Result<Vec<ShippedRow>, Fault> {
    if api::may_install(&visit.signed).is_err() {
        return Ok(Vec::new());
    }
    let all = visit.app.plugins.in_program().await?;
    let rows = all.into_iter().filter(|it| !it.is_in_use()).map(|it| ShippedRow {
        id: it.id().to_string(),
        installed: it.standing.map(|standing| standing.version),
        title: it.inspected.descriptor.title,
        version: it.inspected.descriptor.version,
        description: it.inspected.descriptor.description,
    });
    Ok(rows.collect())
}

/// Shows what a plugin of the program asks for and changes, as with a file.
async fn read_one(visit: Visit, From(client): From, Path(id): Path<String>) -> Response {
    if let Err(fault) = api::may_install(&visit.signed) {
        return visit.fault(&fault);
    }
    let Ok(plugin) = id.parse::<PluginId>() else { return visit.not_found() };
    match visit.app.plugins.one_in_program(&plugin).await {
        Ok(one) => Box::pin(ask(&visit, &client, one.inspected, one.bytes, None)).await,
        Err(fault) => draw_list(&visit, Some(&fault)).await,
    }
}

async fn install_all(visit: Visit, From(client): From) -> Response {
    if let Err(fault) = api::may_install_now(&visit.signed) {
        return visit.fault(&fault);
    }
    let by = by(&visit.signed, &client);
    match Box::pin(visit.app.plugins.install_in_program(None, true, by)).await {
        Ok(arrived) if arrived.is_empty() => visit.go(paths::PLUGINS, "All of it is in use already."),
        Ok(arrived) => {
            let titles: Vec<String> = arrived.into_iter().map(|it| it.inspected.descriptor.title).collect();
            let are = if titles.len() == 1 { "is" } else { "are" };
            visit.go(paths::PLUGINS, &format!("{} {are} installed.", format::list(&titles)))
        }
        Err(fault) => draw_list(&visit, Some(&fault)).await,
    }
}

async fn set_active(visit: Visit, client: lignaflow_identity::Client, id: &str, active: bool) -> Response {
    let installed = match find(&visit, id).await {
        Ok(installed) => installed,
        Err(response) => return response,
    };
    let done = match api::may_install_now(&visit.signed) {
        Ok(()) => visit.app.plugins.activate(&installed.id, active, by(&visit.signed, &client)).await,
        Err(fault) => Err(fault),
    };
    let now = if active { "runs again" } else { "is stopped for everybody" };
    match done {
        Ok(()) => visit.go(&paths::plugin(&installed.id), &format!("{} {now}.", installed.title)),
        Err(fault) => draw_one(&visit, id, Some(&fault)).await,
    }
}

async fn activate(visit: Visit, From(client): From, Path(id): Path<String>) -> Response {
    set_active(visit, client, &id, true).await
}

async fn deactivate(visit: Visit, From(client): From, Path(id): Path<String>) -> Response {
    set_active(visit, client, &id, false).await
}
