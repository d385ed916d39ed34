//! `/admin/people`: the members of the organization and the roles of plugins that they have.

use super::house::Visit;
use crate::app::App;
use crate::rest::host::From;
use crate::rest::host::people::offered;
use axum::Router;
use axum::extract::{Path, RawForm};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use lignaflow_core::caller::Role;
use lignaflow_core::{Fault, PersonId};
use lignaflow_web::admin::{MemberRow, PeoplePage, RoleChoice, people as draw_people};
use lignaflow_web::paths;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route(paths::PEOPLE, get(list)).route("/admin/people/{id}/roles", post(set_roles))
}

async fn list(visit: Visit) -> Response {
    draw(&visit, None).await
}

async fn draw(visit: &Visit, fault: Option<&Fault>) -> Response {
    let members = match visit.app.identity.members(&visit.signed.authenticated).await {
        Ok(members) => members,
        Err(fault) => return visit.fault(&fault),
    };
    let members: Vec<MemberRow> = members
        .into_iter()
        .map(|member| MemberRow {
            id: member.person.id.to_string(),
            name: member.person.name,
            email: member.person.email,
            role: match member.role {
                Role::Owner => "Owner",
                Role::Admin => "Administrator",
                Role::Member => "Member",
            },
            holds_all: member.role != Role::Member,
            active: member.active,
            roles: member.roles,
        })
        .collect();
    let title_of = |name: &str| {
        let plugin = name.split('.').next().unwrap_or_default();
        visit.snapshot.plugins.get(plugin).map(|plugin| plugin.descriptor().title.clone()).unwrap_or_default()
    };
    let roles: Vec<RoleChoice> = offered(&visit.app, &visit.signed)
        .roles
        .into_iter()
        .map(|(name, role)| RoleChoice { plugin: title_of(&name), title: role.title, name })
        .collect();
    let view = PeoplePage { members: &members, roles: &roles, fault: fault.map(|fault| fault.message.as_str()) };
    let status = fault.map_or(StatusCode::OK, |fault| crate::problem::Problem::from(fault.clone()).status());
    visit.page_with(status, draw_people(&visit.shell(), &view))
}

async fn set_roles(visit: Visit, From(client): From, Path(id): Path<String>, RawForm(body): RawForm) -> Response {
    let Some(person) = super::lookup::id(&id) else { return visit.not_found() };
    let declared = offered(&visit.app, &visit.signed);
    let posted = form_urlencoded::parse(&body).filter(|(name, _)| name == "role");
    let roles = posted.map(|(_, role)| role.into_owned()).collect();
    let identity = &visit.app.identity;
    let set = identity.set_member_roles(&visit.signed.authenticated, client, PersonId(person), roles, &declared).await;
    match set {
        Ok(()) => visit.go(paths::PEOPLE, "Saved. It holds from the next request on."),
        Err(fault) => draw(&visit, Some(&fault)).await,
    }
}
