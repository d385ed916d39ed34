//! Roles: those that plugins declare, the organization's own, and what each of them brings.

use super::From;
use super::account::Body;
use super::people::offered;
use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use lignaflow_core::Fault;
use lignaflow_core::caller::{Permission, Role as HostRole};
use lignaflow_identity::{RoleForm as Form, brought_by};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Roles {
    pub data: Vec<Role>,
}

/// A role beside owner, admin and member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Role {
    /// `plugin.role`, or a name without a dot where it is the organization's own.
    pub role: String,
    pub title: String,
    /// What it brings here.
    pub permissions: Vec<String>,
    /// `plugin` as the plugin declares it, `changed` where it brings something else here, `own` where it is the
    /// organization's.
    pub origin: &'static str,
}

/// All roles beside the host's three, those of plugins that are on first.
pub async fn all(app: &App, signed: &Signed) -> Result<Vec<Role>, Fault> {
    let own = app.identity.own_roles(&signed.authenticated).await?;
    let mut roles: Vec<Role> = offered(app, signed)
        .roles
        .into_iter()
        .map(|(role, declared)| match own.iter().find(|own| own.name == role) {
            Some(own) => Role { role, title: declared.title, permissions: own.permissions.clone(), origin: "changed" },
            None => Role { role, title: declared.title, permissions: declared.permissions, origin: "plugin" },
        })
        .collect();
    let own = own.into_iter().filter(|own| !own.name.contains('.'));
    roles.extend(own.map(|own| Role { role: own.name, title: own.title, permissions: own.permissions, origin: "own" }));
    Ok(roles)
}

/// The roles beside owner, admin and member
#[utoipa::path(
    get, path = "/roles", tag = "host", operation_id = "host_list_roles",
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "Those of the plugins that are on, by plugin, then the organization's own.", body = Roles))
)]
pub(super) async fn list(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Roles>, Problem> {
    Ok(Json(Roles { data: all(&app, &signed).await? }))
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Permissions {
    pub data: Vec<PermissionRow>,
}

/// A permission and who holds it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PermissionRow {
    /// The host's own, or `plugin.name`.
    pub permission: String,
    pub title: String,
    /// The plugin's title; empty for the host's own.
    pub plugin: String,
    /// Whether a role may bring it.
    pub given: bool,
    /// The roles that bring it, owner, admin and member among them.
    pub held_by: Vec<String>,
}

fn title(permission: &str) -> &'static str {
    match permission {
        Permission::READ => "Read records",
        Permission::WRITE => "Make and change records",
        Permission::SHARE => "Share lists and reports with people outside, by a link",
        Permission::SWITCH_PLUGINS => "Switch plugins on and off",
        Permission::CONSENT => "Consent to what plugins may do with the organization's records",
        Permission::ADMINISTER => "Manage members, roles, fields, webhooks and jobs",
        Permission::AUDIT => "Read the audit",
        Permission::INSTALL_PLUGINS => "Install plugins, as an administrator of the instance",
        _ => "",
    }
}

/// Who can do what: each permission with the roles that bring it.
pub async fn table(app: &App, signed: &Signed) -> Result<Vec<PermissionRow>, Fault> {
    let roles = all(app, signed).await?;
    let declared = offered(app, signed);
    let snapshot = app.registry.current();
    let mut titles: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut names: Vec<String> = Permission::HOST
        .iter()
        .filter(|name| **name != Permission::INSTALL_PLUGINS)
        .map(|name| (*name).to_owned())
        .collect();
    for plugin in snapshot.enabled_in(signed.caller.organization) {
        let descriptor = plugin.descriptor();
        for (name, title) in &descriptor.permissions {
            let full = format!("{}.{name}", descriptor.id);
            names.push(full.clone());
            titles.insert(full, (title.clone(), descriptor.title.clone()));
        }
    }
    let host: Vec<(&str, Vec<String>)> =
        HostRole::ALL.iter().rev().map(|role| (role.as_str(), brought_by(*role, &declared))).collect();
    Ok(names
        .into_iter()
        .map(|permission| {
            let host =
                host.iter().filter(|(_, brought)| brought.contains(&permission)).map(|(role, _)| (*role).to_owned());
            let others =
                roles.iter().filter(|role| role.permissions.contains(&permission)).map(|role| role.role.clone());
            let (title_of, plugin) =
                titles.remove(&permission).unwrap_or_else(|| (title(&permission).to_owned(), String::new()));
            PermissionRow {
                given: !plugin.is_empty() || Permission::GIVEN.contains(&permission.as_str()),
                held_by: host.chain(others).collect(),
                title: title_of,
                plugin,
                permission,
            }
        })
        .collect())
}

/// Who can do what
#[utoipa::path(
    get, path = "/permissions", tag = "host", operation_id = "host_list_permissions",
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "Each permission with the roles that bring it: the host's own, then those of the plugins that are on.", body = Permissions))
)]
pub(super) async fn permissions(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Permissions>, Problem> {
    Ok(Json(Permissions { data: table(&app, &signed).await? }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRole {
    /// Small letters, digits and hyphens; it stays.
    #[schema(example = "foreman")]
    pub name: String,
    #[schema(example = "Foreman")]
    pub title: String,
    /// Those of plugins as `plugin.name`, `plugins.switch` and `organization.audit`.
    #[schema(example = json!(["organization.audit"]))]
    pub permissions: Vec<String>,
}

/// Make a role of the organization's own
#[utoipa::path(
    post, path = "/roles", tag = "host", operation_id = "host_create_role", request_body = NewRole,
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 201, description = "The role.", body = Role))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<NewRole>,
) -> Result<(StatusCode, Json<Role>), Problem> {
    let form = Form { name: form.name, title: form.title, permissions: form.permissions };
    let made = app.identity.make_role(&signed.authenticated, client, form, &offered(&app, &signed)).await?;
    let role = Role { role: made.name, title: made.title, permissions: made.permissions, origin: "own" };
    Ok((StatusCode::CREATED, Json(role)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleChange {
    /// Not looked at where a plugin declares the role.
    #[serde(default)]
    #[schema(example = "Foreman")]
    pub title: String,
    #[schema(example = json!([]))]
    pub permissions: Vec<String>,
}

/// Change what a role brings in this organization
#[utoipa::path(
    put, path = "/roles/{role}", tag = "host", operation_id = "host_change_role", request_body = RoleChange,
    params(("role" = String, Path, description = "`plugin.role`, or the organization's own.")),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 204, description = "It holds from everybody's next request on."))
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(name): Path<String>,
    Body(form): Body<RoleChange>,
) -> Result<StatusCode, Problem> {
    let form = Form { name, title: form.title, permissions: form.permissions };
    app.identity.change_role_of_all(&signed.authenticated, client, form, &offered(&app, &signed)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a role away
///
/// One of the organization's own is taken from all who have it; one of a plugin brings again what the plugin declares.
#[utoipa::path(
    delete, path = "/roles/{role}", tag = "host", operation_id = "host_remove_role",
    params(("role" = String, Path, description = "`plugin.role`, or the organization's own.")),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 204, description = "It holds from everybody's next request on."))
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    app.identity.remove_role(&signed.authenticated, client, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
