//! What a role may do. Derived anew whenever the holder of a credential is asked for anew, so that a change of role acts
//! at the next request.

use lignaflow_core::caller::{Declared, Permission, Permissions, Role};
use lignaflow_store::identity::roles::OwnRole;
use lignaflow_store::identity::tokens::Scope;
use std::collections::BTreeSet;

pub(crate) const MEMBER: [&str; 2] = [Permission::READ, Permission::WRITE];
pub(crate) const ADMINISTRATOR: [&str; 4] =
    [Permission::SHARE, Permission::SWITCH_PLUGINS, Permission::ADMINISTER, Permission::AUDIT];

/// What roles are worth in an organization: as plugins declare them, and what it makes of them itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Worth<'a> {
    pub(crate) declared: &'a Declared,
    pub(crate) own: &'a [OwnRole],
}

impl<'a> Worth<'a> {
    /// Everything that a role brings. One that there is no more brings nothing.
    fn brought(self, role: &str) -> impl Iterator<Item = &'a String> + use<'a> {
        let own = self.own.iter().find(|own| own.name == role);
        let declared = self.declared.roles.get(role).filter(|_| own.is_none());
        let given = own.into_iter().flat_map(|own| &own.permissions).filter(|name| may_be_given(name));
        given.chain(declared.into_iter().flat_map(|role| &role.permissions).filter(|name| is_plugins(name)))
    }
}

/// Whether a role of an organization may bring a permission.
pub(crate) fn may_be_given(permission: &str) -> bool {
    is_plugins(permission) || Permission::GIVEN.contains(&permission)
}

/// Everything that somebody holds, narrowed to the scope of the token in use. `roles` are those beside the
/// host's own.
pub(crate) fn of(role: Role, roles: &[String], instance_admin: bool, scope: Scope, worth: Worth<'_>) -> Permissions {
    if scope == Scope::Read {
        return [Permission::READ.to_owned()].into();
    }
    let mut permissions = BTreeSet::from(MEMBER.map(str::to_owned));
    if administers(role) {
        permissions.extend(ADMINISTRATOR.map(str::to_owned));
        permissions.extend(worth.declared.permissions.iter().filter(|name| is_plugins(name)).cloned());
    } else {
        permissions.extend(roles.iter().flat_map(|role| worth.brought(role)).cloned());
    }
    if role == Role::Owner {
        permissions.insert(Permission::CONSENT.to_owned());
    }
    if instance_admin {
        permissions.insert(Permission::INSTALL_PLUGINS.to_owned());
    }
    permissions.into()
}

/// Whether somebody holds a permission, as [`of`] says: those that are not the host's own are plugins'.
pub(crate) fn brings(role: Role, roles: &[String], instance_admin: bool, permission: &str, worth: Worth<'_>) -> bool {
    if permission == Permission::INSTALL_PLUGINS {
        instance_admin
    } else if permission == Permission::CONSENT {
        role == Role::Owner
    } else {
        let given = || roles.iter().flat_map(|role| worth.brought(role)).any(|name| name == permission);
        MEMBER.contains(&permission) || administers(role) || given()
    }
}

/// A plugin cannot declare the host's own permissions, whatever it is called.
fn is_plugins(permission: &str) -> bool {
    !Permission::HOST.contains(&permission)
}

fn administers(role: Role) -> bool {
    match role {
        Role::Owner | Role::Admin => true,
        Role::Member => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::caller::DeclaredRole;

    fn own() -> Vec<OwnRole> {
        let role = |name: &str, permissions: &[&str]| OwnRole {
            name: name.to_owned(),
            title: "Role".to_owned(),
            permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
        };
        vec![
            role("foreman", &["timesheets.see", Permission::AUDIT, Permission::ADMINISTER]),
            role("timesheets.lead", &["timesheets.see"]),
        ]
    }

    fn declared() -> Declared {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let role = |permissions: &[&str]| DeclaredRole { title: "Role".to_owned(), permissions: names(permissions) };
        Declared {
            permissions: names(&["timesheets.approve", "timesheets.see", Permission::INSTALL_PLUGINS]),
            roles: [
                ("timesheets.supervisor".to_owned(), role(&["timesheets.approve"])),
                ("timesheets.lead".to_owned(), role(&["timesheets.approve", "timesheets.see"])),
                ("organization.crook".to_owned(), role(&[Permission::ADMINISTER])),
            ]
            .into(),
        }
    }

    fn held(role: Role, instance_admin: bool, scope: Scope) -> Vec<String> {
        held_with(role, &[], instance_admin, scope)
    }

    fn held_with(role: Role, roles: &[&str], instance_admin: bool, scope: Scope) -> Vec<String> {
        let roles: Vec<_> = roles.iter().map(|role| (*role).to_owned()).collect();
        of(role, &roles, instance_admin, scope, Worth { declared: &declared(), own: &own() }).iter().cloned().collect()
    }

    #[test]
    fn a_role_of_a_plugin_brings_its_permissions() {
        let supervisor = held_with(Role::Member, &["timesheets.supervisor", "gone.role"], false, Scope::All);
        assert_eq!(supervisor, ["records.read", "records.write", "timesheets.approve"]);
        assert_eq!(held_with(Role::Member, &["timesheets.supervisor"], false, Scope::Read), ["records.read"]);
        assert_eq!(
            held_with(Role::Member, &["organization.crook"], false, Scope::All).len(),
            2,
            "no more than its own"
        );
    }

    #[test]
    fn an_organization_says_what_its_own_roles_and_those_of_plugins_bring() {
        let foreman = held_with(Role::Member, &["foreman"], false, Scope::All);
        assert_eq!(foreman, ["organization.audit", "records.read", "records.write", "timesheets.see"]);
        let lead = held_with(Role::Member, &["timesheets.lead"], false, Scope::All);
        assert_eq!(lead, ["records.read", "records.write", "timesheets.see"], "less than the plugin declares");
        assert_eq!(held_with(Role::Member, &["foreman"], false, Scope::Read), ["records.read"]);
    }

    #[test]
    fn a_role_is_its_permissions() {
        assert_eq!(held(Role::Member, false, Scope::All), ["records.read", "records.write"]);
        let admin = [
            "organization.administer",
            "organization.audit",
            "plugins.switch",
            "records.read",
            "records.share",
            "records.write",
            "timesheets.approve",
            "timesheets.see",
        ];
        assert_eq!(held(Role::Admin, false, Scope::All), admin);
        let mut owner: Vec<_> = admin.to_vec();
        owner.push(Permission::CONSENT);
        owner.sort_unstable();
        assert_eq!(held(Role::Owner, false, Scope::All), owner);
        assert_eq!(held(Role::Member, true, Scope::All), ["instance.plugins", "records.read", "records.write"]);
    }

    #[test]
    fn no_plugin_gives_away_what_is_the_hosts() {
        assert!(!held(Role::Owner, false, Scope::All).iter().any(|name| name == Permission::INSTALL_PLUGINS));
    }

    #[test]
    fn who_holds_a_permission_is_told_alike_from_both_ends() {
        let roles = |name: &str| vec![name.to_owned()];
        let all = [vec![], roles("timesheets.supervisor"), roles("foreman"), roles("timesheets.lead")];
        let (declared, own) = (declared(), own());
        let worth = Worth { declared: &declared, own: &own };
        for (role, roles) in Role::ALL.into_iter().flat_map(|role| all.iter().map(move |roles| (role, roles))) {
            for instance_admin in [false, true] {
                let held = of(role, roles, instance_admin, Scope::All, worth);
                for permission in [
                    MEMBER.as_slice(),
                    &ADMINISTRATOR,
                    &[Permission::INSTALL_PLUGINS, Permission::CONSENT, "timesheets.approve"],
                ]
                .concat()
                {
                    let holds = held.iter().any(|name| name == permission);
                    let brought = brings(role, roles, instance_admin, permission, worth);
                    assert_eq!(brought, holds, "{role:?} {roles:?} {permission}");
                }
            }
        }
    }

    #[test]
    fn a_token_that_reads_does_nothing_else_whoever_owns_it() {
        for role in Role::ALL {
            assert_eq!(held(role, true, Scope::Read), ["records.read"]);
        }
    }
}
