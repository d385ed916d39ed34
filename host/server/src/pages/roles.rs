//! `/admin/roles`: who can do what, and what each role of the organization brings.

use super::house::Visit;
use crate::app::App;
use crate::problem::Problem;
use crate::rest::host::people::offered;
use crate::rest::host::{From, roles};
use axum::Router;
use axum::extract::{Path, RawForm};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use lignaflow_core::Fault;
use lignaflow_core::caller::Role;
use lignaflow_identity::{RoleForm, asks_for_proof};
use lignaflow_web::admin::{HOST_ROLES, PermissionLine, RoleColumn, RoleKind, RolesPage, roles as draw_roles};
use lignaflow_web::paths;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(paths::ROLES, get(list).post(create))
        .route("/admin/roles/{role}", post(change))
        .route("/admin/roles/{role}/remove", post(remove))
}

async fn list(visit: Visit) -> Response {
    draw(&visit, None, None).await
}

/// `typed` is a new role that could not be made.
async fn draw(visit: &Visit, typed: Option<&RoleForm>, fault: Option<&Fault>) -> Response {
    if let Some(fault) = fault.filter(|fault| asks_for_proof(fault)) {
        return visit.fault(fault);
    }
    let found = async {
        let all = roles::all(&visit.app, &visit.signed).await?;
        Ok::<_, Fault>((all, roles::table(&visit.app, &visit.signed).await?))
    };
    let (all, table) = match found.await {
        Ok(found) => found,
        Err(fault) => return visit.fault(&fault),
    };
    let title = |role: Role| HOST_ROLES.iter().find(|(name, _)| *name == role.as_str()).map_or("", |(_, title)| title);
    let host = Role::ALL.iter().rev().map(|role| RoleColumn {
        name: role.as_str().to_owned(),
        plugin: String::new(),
        title: title(*role).to_owned(),
        kind: RoleKind::Host,
    });
    let plugin_of = |role: &str| {
        let plugin = role.split_once('.').and_then(|(plugin, _)| visit.snapshot.plugins.get(plugin));
        plugin.map(|plugin| plugin.descriptor().title.clone()).unwrap_or_default()
    };
    let others = all.into_iter().map(|role| RoleColumn {
        kind: match role.origin {
            "own" => RoleKind::Own,
            "changed" => RoleKind::Changed,
            _ => RoleKind::Plugin,
        },
        plugin: plugin_of(&role.role),
        name: role.role,
        title: role.title,
    });
    let columns: Vec<RoleColumn> = host.chain(others).collect();
    let permissions: Vec<PermissionLine> = table
        .into_iter()
        .map(|row| PermissionLine {
            name: row.permission,
            title: row.title,
            plugin: row.plugin,
            given: row.given,
            held_by: row.held_by,
        })
        .collect();
    let view = RolesPage {
        roles: &columns,
        permissions: &permissions,
        typed: typed.map_or(("", "", &[]), |typed| (&typed.name, &typed.title, &typed.permissions)),
        issues: fault.map_or(&[], |fault| fault.issues.as_slice()),
        fault: fault.filter(|fault| fault.issues.is_empty()).map(|fault| fault.message.as_str()),
    };
    let status = fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    visit.page_with(status, draw_roles(&visit.shell(), &view))
}

fn posted(body: &[u8], name: &str) -> RoleForm {
    let mut form = RoleForm { name: name.to_owned(), title: String::new(), permissions: Vec::new() };
    for (key, text) in form_urlencoded::parse(body) {
        match &*key {
            "name" if name.is_empty() => text.trim().clone_into(&mut form.name),
            "title" => text.trim().clone_into(&mut form.title),
            "permission" => form.permissions.push(text.into_owned()),
            _ => {}
        }
    }
    form
}

async fn create(visit: Visit, From(client): From, RawForm(body): RawForm) -> Response {
    let form = posted(&body, "");
    let declared = offered(&visit.app, &visit.signed);
    match visit.app.identity.make_role(&visit.signed.authenticated, client, form.clone(), &declared).await {
        Ok(_) => visit.go(paths::ROLES, "Made. Give it to people on their page."),
        Err(fault) => draw(&visit, Some(&form), Some(&fault)).await,
    }
}

async fn change(visit: Visit, From(client): From, Path(name): Path<String>, RawForm(body): RawForm) -> Response {
    let declared = offered(&visit.app, &visit.signed);
    let form = posted(&body, &name);
    match visit.app.identity.change_role_of_all(&visit.signed.authenticated, client, form, &declared).await {
        Ok(_) => visit.go(paths::ROLES, "Saved. It holds from everybody's next request on."),
        Err(fault) => draw(&visit, None, Some(&fault)).await,
    }
}

async fn remove(visit: Visit, From(client): From, Path(name): Path<String>) -> Response {
    match visit.app.identity.remove_role(&visit.signed.authenticated, client, &name).await {
        Ok(()) => visit.go(paths::ROLES, "Done. It holds from everybody's next request on."),
        Err(fault) => draw(&visit, None, Some(&fault)).await,
    }
}
