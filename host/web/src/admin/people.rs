//! The members of an organization, and the roles of plugins that each has.

use crate::empty::empty;
use crate::icon::icon;
use crate::paths;
use crate::shell::{Head, Shell};
use maud::{Markup, html};

#[derive(Debug, Clone)]
pub struct MemberRow {
    pub id: String,
    pub name: String,
    pub email: String,
    /// What the host makes of them: `Owner`, `Administrator`, `Member`.
    pub role: &'static str,
    /// Whether they hold every permission without a role of a plugin.
    pub holds_all: bool,
    pub active: bool,
    /// Roles of plugins, as `plugin.role`.
    pub roles: Vec<String>,
}

/// A role that a plugin declares.
#[derive(Debug, Clone)]
pub struct RoleChoice {
    /// As `plugin.role`.
    pub name: String,
    pub title: String,
    /// The plugin's title.
    pub plugin: String,
}

#[derive(Debug, Clone, Copy)]
pub struct PeoplePage<'a> {
    pub members: &'a [MemberRow],
    pub roles: &'a [RoleChoice],
    /// Why the last change was refused.
    pub fault: Option<&'a str>,
}

/// Each member's switches are a form of their own, which posts `role` once for each that is on to
/// [`paths::person_roles`].
pub fn people(shell: &Shell, view: &PeoplePage<'_>) -> Markup {
    let body = html! {
        div class="band" {
            @if let Some(fault) = view.fault {
                div class="note note-bad" role="alert" { (icon("alert")) p { (fault) } }
            }
            @if view.roles.is_empty() {
                (empty("No plugin declares a role", "Members are owners, administrators or members; a plugin that is on may add roles of its own.", &html! {}))
            }
            table class="table" {
                caption class="visually-hidden" { "Members and their roles" }
                thead {
                    tr {
                        th scope="col" { "Person" }
                        th scope="col" class="p2" { "Role" }
                        @if !view.roles.is_empty() { th scope="col" { "Roles of plugins" } }
                    }
                }
                tbody { @for member in view.members { (row(view, member)) } }
            }
        }
    };
    shell.page(&Head { title: "People", sheets: super::SHEETS, ..Head::default() }, &body)
}

fn row(view: &PeoplePage<'_>, member: &MemberRow) -> Markup {
    html! {
        tr {
            th scope="row" {
                span class="primary" { (member.name) }
                span class="sub" { (member.email) @if !member.active { " · no longer active" } }
                span class="sub only-narrow" { (member.role) }
            }
            td class="p2" { (member.role) }
            @if !view.roles.is_empty() {
                td {
                    @if member.holds_all { p class="small faint" { "Holds every permission." } }
                    @else { (switches(view, member)) }
                }
            }
        }
    }
}

fn switches(view: &PeoplePage<'_>, member: &MemberRow) -> Markup {
    html! {
        form method="post" action=(paths::person_roles(&member.id)) {
            fieldset class="checks" {
                legend class="visually-hidden" { "Roles of " (member.name) }
                @for role in view.roles {
                    label class="hit" {
                        input class="switch" type="checkbox" role="switch" name="role" value=(role.name)
                            checked[member.roles.contains(&role.name)];
                        (role.title) " " span class="faint small" { (role.plugin) }
                    }
                }
                button class="btn btn-small" type="submit" { "Save" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    fn member(holds_all: bool) -> MemberRow {
        MemberRow {
            id: "018f".into(),
            name: "Mia".into(),
            email: "mia@example.com".into(),
            role: "Member",
            holds_all,
            active: true,
            roles: vec!["hours.supervisor".into()],
        }
    }

    fn page_of(members: &[MemberRow], roles: &[RoleChoice]) -> String {
        people(&shell(), &PeoplePage { members, roles, fault: None }).into_string()
    }

    #[test]
    fn a_members_roles_post_without_script() {
        let role = |name: &str| RoleChoice { name: name.into(), title: "Role".into(), plugin: "Hours".into() };
        let html = page_of(&[member(false)], &[role("hours.supervisor"), role("hours.bookkeeper")]);
        assert!(html.contains("action=\"/admin/people/018f/roles\""));
        assert!(html.contains("value=\"hours.supervisor\" checked"));
        assert!(html.contains("value=\"hours.bookkeeper\">"), "{html}");
    }

    #[test]
    fn who_holds_everything_is_given_nothing_more() {
        let role = RoleChoice { name: "hours.supervisor".into(), title: "Role".into(), plugin: "Hours".into() };
        assert!(!page_of(&[member(true)], &[role]).contains("/roles\""));
        assert!(!page_of(&[member(false)], &[]).contains("/roles\""));
    }
}
