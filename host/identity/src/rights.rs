//! What a role may do. Derived anew for every request, so that a change of role acts at the next one.

use lignaflow_core::caller::{Permission, Role};
use lignaflow_store::identity::tokens::Scope;
use std::collections::BTreeSet;

const MEMBER: [&str; 2] = [Permission::READ, Permission::WRITE];
const ADMINISTRATOR: [&str; 2] = [Permission::SWITCH_PLUGINS, Permission::ADMINISTER];

/// Everything that somebody holds, narrowed to the scope of the token in use. `declared` are the permissions that
/// plugins add, as `plugin.name`.
pub(crate) fn of(role: Role, instance_admin: bool, scope: Scope, declared: &[String]) -> BTreeSet<String> {
    if scope == Scope::Read {
        return BTreeSet::from([Permission::READ.to_owned()]);
    }
    let mut permissions = BTreeSet::from(MEMBER.map(str::to_owned));
    if administers(role) {
        permissions.extend(ADMINISTRATOR.map(str::to_owned));
        // A plugin cannot declare the host's own permissions, whatever it is called.
        permissions.extend(declared.iter().filter(|name| *name != Permission::INSTALL_PLUGINS).cloned());
    }
    if instance_admin {
        permissions.insert(Permission::INSTALL_PLUGINS.to_owned());
    }
    permissions
}

/// Whether a role brings a permission, as [`of`] says: those that are not the host's own are plugins'.
pub(crate) fn brings(role: Role, instance_admin: bool, permission: &str) -> bool {
    if permission == Permission::INSTALL_PLUGINS {
        instance_admin
    } else {
        MEMBER.contains(&permission) || administers(role)
    }
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

    fn held(role: Role, instance_admin: bool, scope: Scope) -> Vec<String> {
        of(role, instance_admin, scope, &["timesheets.approve".to_owned()]).into_iter().collect()
    }

    #[test]
    fn a_role_is_its_permissions() {
        assert_eq!(held(Role::Member, false, Scope::All), ["records.read", "records.write"]);
        let admin =
            ["organization.administer", "plugins.switch", "records.read", "records.write", "timesheets.approve"];
        assert_eq!(held(Role::Admin, false, Scope::All), admin);
        assert_eq!(held(Role::Owner, false, Scope::All), admin);
        assert_eq!(held(Role::Member, true, Scope::All), ["instance.plugins", "records.read", "records.write"]);
    }

    #[test]
    fn no_plugin_gives_away_what_is_the_hosts() {
        let declared = [Permission::INSTALL_PLUGINS.to_owned()];
        assert!(!of(Role::Owner, false, Scope::All, &declared).contains(Permission::INSTALL_PLUGINS));
    }

    #[test]
    fn who_holds_a_permission_is_told_alike_from_both_ends() {
        for role in Role::ALL {
            for instance_admin in [false, true] {
                let held = held(role, instance_admin, Scope::All);
                for permission in
                    [MEMBER.as_slice(), &ADMINISTRATOR, &[Permission::INSTALL_PLUGINS, "timesheets.approve"]].concat()
                {
                    let holds = held.iter().any(|name| name == permission);
                    assert_eq!(brings(role, instance_admin, permission), holds, "{role:?} {permission}");
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
