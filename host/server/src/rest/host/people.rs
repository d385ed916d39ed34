//! The members of the organization.

use super::From;
use super::account::{Body, of_path};
use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use lignaflow_core::caller::{Declared, Role};
use lignaflow_core::value::instant_text;
use lignaflow_core::{Fault, Issue, PersonId};
use lignaflow_identity::NewMember;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Members {
    pub data: Vec<Member>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Member {
    #[schema(format = Uuid)]
    pub id: String,
    pub name: String,
    /// Empty for somebody who does not sign in.
    pub email: String,
    /// `owner`, `admin` or `member`.
    pub role: &'static str,
    /// Further roles: `plugin.role`, and the organization's own.
    pub roles: Vec<String>,
    pub active: bool,
    /// When they joined.
    pub since: String,
}

/// The members of the organization
#[utoipa::path(
    get, path = "/people", tag = "host", operation_id = "host_list_people",
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 200, description = "By name.", body = Members))
)]
pub(super) async fn list(State(app): State<Arc<App>>, signed: Signed) -> Result<Json<Members>, Problem> {
    let members = app.identity.members(&signed.authenticated).await?;
    let data = members
        .into_iter()
        .map(|member| Member {
            id: member.person.id.to_string(),
            name: member.person.name,
            email: member.person.email,
            role: member.role.as_str(),
            roles: member.roles,
            active: member.active,
            since: instant_text(member.since),
        })
        .collect();
    Ok(Json(Members { data }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPerson {
    #[schema(example = "sam@example.com")]
    pub email: String,
    #[serde(default)]
    pub name: String,
    /// Their first password; not looked at where they are known already.
    #[serde(default)]
    #[schema(format = Password)]
    pub password: String,
    /// `owner`, `admin` or `member`.
    #[schema(example = "member")]
    pub role: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AddedPerson {
    #[schema(format = Uuid)]
    pub id: String,
    /// They were known already, and keep the password that they have.
    pub existed: bool,
}

/// Add a member
///
/// With a first password, at once. Where there are several organizations, administrators of the instance add people;
/// everybody else asks them to join (`POST /invitations`), and is answered 409 with the code `ask-them` here, whether the
/// address has an account or not.
#[utoipa::path(
    post, path = "/people", tag = "host", operation_id = "host_add_person", request_body = NewPerson,
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 201, description = "They belong to the organization.", body = AddedPerson))
)]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<NewPerson>,
) -> Result<(StatusCode, Json<AddedPerson>), Problem> {
    let new = NewMember { email: form.email, name: form.name, password: form.password, role: role(&form.role)? };
    let added = app.identity.add_member(&signed.authenticated, client, new).await?;
    let answer = AddedPerson { id: added.person.to_string(), existed: added.existed };
    Ok((StatusCode::CREATED, Json(answer)))
}

pub(super) fn role(text: &str) -> Result<Role, Fault> {
    text.parse().map_err(|_| Fault::invalid(vec![Issue::new("/role", "choice", "A role is owner, admin or member.")]))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Placeholder {
    #[schema(example = "Ron, until 2019")]
    pub name: String,
}

/// Add somebody who does not sign in
///
/// For imports, and for who has left. An invitation may make them somebody's.
#[utoipa::path(
    post, path = "/people/placeholders", tag = "host", operation_id = "host_add_placeholder",
    request_body = Placeholder,
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 201, description = "They belong to the organization.", body = AddedPerson))
)]
pub(super) async fn add_placeholder(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Body(form): Body<Placeholder>,
) -> Result<(StatusCode, Json<AddedPerson>), Problem> {
    let person = app.identity.add_placeholder(&signed.authenticated, client, &form.name).await?;
    Ok((StatusCode::CREATED, Json(AddedPerson { id: person.to_string(), existed: false })))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonChange {
    /// `owner`, `admin` or `member`.
    #[serde(default)]
    pub role: Option<String>,
    /// Whether they may act here. Ended, their sessions and tokens here serve no more.
    #[serde(default)]
    pub active: Option<bool>,
}

/// Change a member's role, or end or resume their membership
#[utoipa::path(
    patch, path = "/people/{id}", tag = "host", operation_id = "host_change_person", request_body = PersonChange,
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 204, description = "Changed."))
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
    Body(form): Body<PersonChange>,
) -> Result<StatusCode, Problem> {
    let person = PersonId(of_path(&id, "member")?);
    let new_role = form.role.as_deref().map(role).transpose()?;
    if let Some(active) = form.active {
        app.identity.set_member_active(&signed.authenticated, client.clone(), person, active).await?;
    }
    if let Some(new_role) = new_role {
        app.identity.change_role(&signed.authenticated, client, person, new_role).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What the plugins that are on for the caller's organization declare.
pub fn offered(app: &App, signed: &Signed) -> Declared {
    let snapshot = app.registry.current();
    Declared::by(snapshot.enabled_in(signed.caller.organization).map(|plugin| &**plugin.descriptor()))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RolesOf {
    /// `plugin.role`, or the organization's own; none takes all away.
    #[schema(example = json!([]))]
    pub roles: Vec<String>,
}

/// Give a member these roles and no others
#[utoipa::path(
    put, path = "/people/{id}/roles", tag = "host", operation_id = "host_set_roles", request_body = RolesOf,
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("organization.administer"))),
    responses((status = 204, description = "They hold from the next request on."))
)]
pub(super) async fn set_roles(
    State(app): State<Arc<App>>,
    signed: Signed,
    From(client): From,
    Path(id): Path<String>,
    Body(form): Body<RolesOf>,
) -> Result<StatusCode, Problem> {
    let person = PersonId(of_path(&id, "member")?);
    let declared = offered(&app, &signed);
    app.identity.set_member_roles(&signed.authenticated, client, person, form.roles, &declared).await?;
    Ok(StatusCode::NO_CONTENT)
}
