//! Roles of an organization: its own, and what it makes of those that plugins declare. Owners, administrators and members
//! are what the host makes them; no role makes an owner or an administrator of anybody.

use crate::audit::Kind;
use crate::authenticate::Authenticated;
use crate::client::Client;
use crate::form::Reader;
use crate::members::{conflict, enter};
use crate::rights::{self, may_be_given};
use crate::{Identity, error};
use lignaflow_core::caller::{Declared, Permission, Role};
use lignaflow_core::descriptor::nearest;
use lignaflow_core::{Fault, Issue};
use lignaflow_store::identity::{members, roles};
use serde_json::json;

pub use lignaflow_store::identity::roles::OwnRole;

/// Roles of its own that an organization has at most, and permissions that one brings.
const MOST: usize = 100;
const MOST_PERMISSIONS: usize = 500;
/// Characters of a name.
const LONGEST: usize = 40;

/// What a role is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleForm {
    /// Without a dot where it is the organization's own, `plugin.role` where a plugin declares it.
    pub name: String,
    /// Not looked at where a plugin declares the role.
    pub title: String,
    pub permissions: Vec<String>,
}

/// What the host's own three roles bring.
pub fn brought_by(role: Role, declared: &Declared) -> Vec<String> {
    let mut brought: Vec<String> = rights::MEMBER.map(str::to_owned).to_vec();
    if role != Role::Member {
        brought.extend(rights::ADMINISTRATOR.map(str::to_owned));
        brought.extend(declared.permissions.iter().cloned());
    }
    if role == Role::Owner {
        brought.push(Permission::CONSENT.to_owned());
    }
    brought
}

fn is_own(name: &str) -> bool {
    let first = name.starts_with(|first: char| first.is_ascii_lowercase());
    first && name.len() <= LONGEST && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl Identity {
    /// The organization's own roles, and those of plugins that it changed.
    pub async fn own_roles(&self, actor: &Authenticated) -> Result<Vec<OwnRole>, Fault> {
        if !actor.caller.holds(Permission::ADMINISTER) {
            return Err(Fault::denied("Only administrators manage the members of an organization."));
        }
        roles::of(self.database(), actor.caller.organization).await.map_err(error::told)
    }

    /// Makes a role of the organization's own, which there must not be yet.
    pub async fn make_role(
        &self,
        actor: &Authenticated,
        client: Client,
        form: RoleForm,
        declared: &Declared,
    ) -> Result<OwnRole, Fault> {
        self.put_role(actor, client, form, declared, true).await
    }

    /// Changes a role of the organization's own, or what one that a plugin declares brings here.
    pub async fn change_role_of_all(
        &self,
        actor: &Authenticated,
        client: Client,
        form: RoleForm,
        declared: &Declared,
    ) -> Result<OwnRole, Fault> {
        self.put_role(actor, client, form, declared, false).await
    }

    async fn put_role(
        &self,
        actor: &Authenticated,
        client: Client,
        mut form: RoleForm,
        declared: &Declared,
        new: bool,
    ) -> Result<OwnRole, Fault> {
        actor.proved()?;
        let actor = self.administrator(actor, client)?;
        let mut reader = Reader::default();
        let of_plugin = declared.roles.get(&form.name).filter(|_| !new);
        let title = match of_plugin {
            Some(role) => role.title.clone(),
            None => reader.name(&form.title, "/title", "The role's title"),
        };
        let reserved = Role::ALL.iter().any(|role| role.as_str() == form.name);
        if new && (!is_own(&form.name) || reserved) {
            let message = format!(
                "A role's name is small letters, digits and hyphens, up to {LONGEST}, and none of owner, admin and member."
            );
            reader.note("/name", "name", message);
        }
        if form.permissions.len() > MOST_PERMISSIONS {
            reader.note("/permissions", "too-many", format!("At most {MOST_PERMISSIONS} permissions."));
        }
        let known = || declared.permissions.iter().map(String::as_str).chain(Permission::GIVEN);
        for (index, permission) in form.permissions.iter().enumerate().take(MOST_PERMISSIONS) {
            if !may_be_given(permission) || !known().any(|known| known == permission) {
                let near = nearest(permission, known());
                let meant = near.map_or_else(String::new, |near| format!(" Did you mean `{near}`?"));
                let message = format!("No role can bring the permission `{permission}`.{meant}");
                reader.issues.push(Issue::new(format!("/permissions/{index}"), "unknown-permission", message));
            }
        }
        reader.finish()?;
        form.permissions.sort_unstable();
        form.permissions.dedup();
        let (of_plugin, role) =
            (of_plugin.is_some(), OwnRole { name: form.name, title, permissions: form.permissions });
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                let own = roles::of(&mut *tx, actor.organization).await?;
                let before = own.iter().find(|own| own.name == role.name);
                if new && before.is_some() {
                    return Err(conflict("/name", "taken", format!("There is a role `{}` already.", role.name)).into());
                }
                if new && own.len() >= MOST {
                    return Err(conflict("/name", "too-many", format!("There are {MOST} roles already.")).into());
                }
                if !new && before.is_none() && !of_plugin {
                    return Err(Fault::not_found("such role").into());
                }
                if before == Some(&role) {
                    return Ok(role);
                }
                let detail = json!({ "role": role.name, "title": role.title,
                    "before": before.map(|before| before.permissions.clone()), "after": role.permissions });
                roles::put(tx, actor.organization, &role, actor.now).await?;
                actor.log(tx, Kind::RoleSet, detail).await?;
                Ok(role)
            })
        })
        .await
    }

    /// Takes a role of the organization's own away from all who have it; one that a plugin declares brings again what
    /// the plugin says.
    pub async fn remove_role(&self, actor: &Authenticated, client: Client, name: &str) -> Result<(), Fault> {
        actor.proved()?;
        let (actor, name) = (self.administrator(actor, client)?, name.to_owned());
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                if !roles::remove(tx, actor.organization, &name).await? {
                    return Err(Fault::not_found("such role").into());
                }
                let taken =
                    if name.contains('.') { 0 } else { members::drop_role(tx, actor.organization, &name).await? };
                actor.log(tx, Kind::RoleRemoved, json!({ "role": name, "members": taken })).await
            })
        })
        .await
    }
}
