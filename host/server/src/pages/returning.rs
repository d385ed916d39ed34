//! `/admin/plugins/{id}/rollback`: what going back to a version that is kept would change, and going back.

use super::admin::{draw_one, find, may, named};
use super::house::Visit;
use super::kept::plan_view;
use crate::app::App;
use crate::plugins::{Outlook, Wanted, WayBack};
use crate::problem::Problem;
use crate::rest::host::{From, by, plugins as api};
use axum::Router;
use axum::extract::{Path, Query, RawForm};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use lignaflow_core::Fault;
use lignaflow_core::caller::Permission;
use lignaflow_core::descriptor::parse;
use lignaflow_core::name::PluginId;
use lignaflow_web::admin::{ConsentPage, VersionRow, consent};
use lignaflow_web::paths;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/admin/plugins/{id}/rollback", get(ask).post(go))
}

/// The versions that are kept, for who may go back to one.
pub(super) async fn versions(visit: &Visit, plugin: &PluginId) -> Result<Vec<VersionRow>, Fault> {
    if !may(visit, Permission::INSTALL_PLUGINS) {
        return Ok(Vec::new());
    }
    let kept = visit.app.plugins.versions(plugin).await?;
    let row = |version: lignaflow_store::plugins::Version| VersionRow {
        version: version.version,
        digest: hex::encode(version.hash),
        installed_at: version.installed_at,
        in_use: version.in_use,
    };
    Ok(kept.into_iter().map(row).collect())
}

async fn ask(visit: Visit, Path(id): Path<String>, Query(asked): Query<HashMap<String, String>>) -> Response {
    Box::pin(draw(&visit, &id, asked.get("to").map(String::as_str), None)).await
}

async fn draw(visit: &Visit, id: &str, to: Option<&str>, fault: Option<&Fault>) -> Response {
    let installed = match find(visit, id).await {
        Ok(installed) => installed,
        Err(response) => return response,
    };
    if let Err(fault) = api::may_install(&visit.signed) {
        return visit.fault(&fault);
    }
    let way = match visit.app.plugins.way_back(&installed.id, Wanted { to, grants: None }).await {
        Ok(way) => way,
        Err(fault) => return draw_one(visit, id, Some(&fault)).await,
    };
    let WayBack { outlook, .. } = way;
    let plan = plan_view(&outlook);
    let Outlook { inspected, standing, .. } = outlook;
    let before = standing.and_then(|plugin| Some((parse(&plugin.descriptor).ok()?, plugin.granted)));
    let digest = hex::encode(inspected.hash);
    let action = paths::plugin_rollback(&installed.id);
    let hidden = [("to".to_owned(), digest.clone())];
    let view = ConsentPage {
        descriptor: &inspected.descriptor,
        installed: before.as_ref().map(|(descriptor, grants)| (descriptor, grants)),
        plan: &plan,
        size: inspected.size,
        digest: &digest[..16],
        action: &action,
        hidden: &hidden,
        back: true,
        switch_on: None,
        fault: fault.map(|fault| fault.message.as_str()),
    };
    let status = fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    visit.page_with(status, consent(&visit.shell(), &view))
}

async fn go(visit: Visit, From(client): From, Path(id): Path<String>, RawForm(body): RawForm) -> Response {
    let installed = match find(&visit, &id).await {
        Ok(installed) => installed,
        Err(response) => return response,
    };
    if let Err(fault) = api::may_install_now(&visit.signed) {
        return visit.fault(&fault);
    }
    let to = form_urlencoded::parse(&body).find(|(name, _)| name == "to").map(|(_, value)| value.into_owned());
    let grants = named(&body);
    let wanted = Wanted { to: to.as_deref(), grants: Some(&grants) };
    match visit.app.plugins.go_back(&installed.id, wanted, by(&visit.signed, &client)).await {
        Ok(done) => {
            let told = format!("{} is back at {}.", installed.title, done.inspected.descriptor.version);
            visit.go(&paths::plugin(&installed.id), &told)
        }
        Err(fault) => Box::pin(draw(&visit, &id, to.as_deref(), Some(&fault))).await,
    }
}
