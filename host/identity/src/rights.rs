//! What a role may do. Derived anew for every request, so that a change of role acts at the next one.

use lignaflow_core::caller::{Declared, Permission, Role};
use lignaflow_store::identity::tokens::Scope;
use std::collections::BTreeSet;

const MEMBER: [&str; 2] = [Permission::READ, Permission::WRITE];
const ADMINISTRATOR: [&str; 2] = [Permission::SWITCH_PLUGINS, Permission::ADMINISTER];

/// Everything that somebody holds, narrowed to the scope of the token in use. `roles` are those of plugins, `declared`
/// what plugins declare.
pub(crate) fn of(
    role: Role,
    roles: &[String],
    instance_admin: bool,
    scope: Scope,
    declared: &Declared,
) -> BTreeSet<String> {
    if scope == Scope::Read {
        return BTreeSet::from([Permission::READ.to_owned()]);
    }
    let mut permissions = BTreeSet::from(MEMBER.map(str::to_owned));
    if administers(role) {
        permissions.extend(ADMINISTRATOR.map(str::to_owned));
        permissions.extend(declared.permissions.iter().filter(|name| is_plugins(name)).cloned());
    } else {
        permissions.extend(declared.brought(roles).filter(|name| is_plugins(name)).cloned());
    }
    if instance_admin {
        permissions.insert(Permission::INSTALL_PLUGINS.to_owned());
    }
    permissions
}

/// Whether somebody holds a permission, as [`of`] says: those that are not the host's own are plugins'.
pub(crate) fn brings(
    role: Role,
    roles: &[String],
    instance_admin: bool,
    permission: &str,
    declared: &Declared,
) -> bool {
    if permission == Permission::INSTALL_PLUGINS {
        instance_admin
    } else {
        let given = || is_plugins(permission) && declared.brought(roles).any(|name| name == permission);
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

    fn declared() -> Declared {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let role = |permissions: &[&str]| DeclaredRole { title: "Role".to_owned(), permissions: names(permissions) };
        Declared {
            permissions: names(&["timesheets.approve", "timesheets.see", Permission::INSTALL_PLUGINS]),
            roles: [
                ("timesheets.supervisor".to_owned(), role(&["timesheets.approve"])),
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
        of(role, &roles, instance_admin, scope, &declared()).into_iter().collect()
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
    fn a_role_is_its_permissions() {
        assert_eq!(held(Role::Member, false, Scope::All), ["records.read", "records.write"]);
        let admin = [
            "organization.administer",
            "plugins.switch",
            "records.read",
            "records.write",
            "timesheets.approve",
            "timesheets.see",
        ];
        assert_eq!(held(Role::Admin, false, Scope::All), admin);
        assert_eq!(held(Role::Owner, false, Scope::All), admin);
        assert_eq!(held(Role::Member, true, Scope::All), ["instance.plugins", "records.read", "records.write"]);
    }

    #[test]
    fn no_plugin_gives_away_what_is_the_hosts() {
        assert!(!held(Role::Owner, false, Scope::All).iter().any(|name| name == Permission::INSTALL_PLUGINS));
    }

    #[test]
    fn who_holds_a_permission_is_told_alike_from_both_ends() {
        let (declared, all) = (declared(), [vec![], vec!["timesheets.supervisor".to_owned()]]);
        for (role, roles) in Role::ALL.into_iter().flat_map(|role| all.iter().map(move |roles| (role, roles))) {
            for instance_admin in [false, true] {
                let held = of(role, roles, instance_admin, Scope::All, &declared);
                for permission in
                    [MEMBER.as_slice(), &ADMINISTRATOR, &[Permission::INSTALL_PLUGINS, "timesheets.approve"]].concat()
                {
                    let holds = held.iter().any(|name| name == permission);
                    let brought = brings(role, roles, instance_admin, permission, &declared);
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
