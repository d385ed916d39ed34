//! Who can do what: permissions against roles, and what each role of the organization brings.

use crate::control::{Control, Input, Width};
use crate::icon::icon;
use crate::issues;
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::error::Issue;
use maud::{Markup, html};

/// A role, as one column of the table.
#[derive(Debug, Clone)]
pub struct RoleColumn {
    /// `owner`, `plugin.role`, or the organization's own.
    pub name: String,
    pub title: String,
    /// The title of the plugin that declares it; several plugins may have a role of one title.
    pub plugin: String,
    pub kind: RoleKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleKind {
    /// Owner, admin, member: the host's, which nobody changes.
    Host,
    /// As a plugin declares it.
    Plugin,
    /// A plugin declares it, and it brings something else here.
    Changed,
    Own,
}

/// A permission, as one row.
#[derive(Debug, Clone)]
pub struct PermissionLine {
    pub name: String,
    pub title: String,
    /// The plugin's title; empty for the host's own.
    pub plugin: String,
    /// Whether a role may bring it.
    pub given: bool,
    /// Names of the roles that bring it.
    pub held_by: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
pub struct RolesPage<'a> {
    pub roles: &'a [RoleColumn],
    pub permissions: &'a [PermissionLine],
    /// What was typed for a new role: name, title and permissions.
    pub typed: (&'a str, &'a str, &'a [String]),
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
}

pub fn roles(shell: &Shell, view: &RolesPage<'_>) -> Markup {
    let fields = [("name", "Name".to_owned()), ("title", "Title".to_owned())];
    let body = html! {
        (issues::summary(view.issues, &fields, view.fault))
        div class="band mt-4" {
            div class="stack" {
                section aria-labelledby="h-table" {
                    div class="row-head" { h2 id="h-table" { "Who can do what" } }
                    div class="scroll-x" tabindex="0" role="region" aria-label="Who can do what" { (table(view)) }
                }
                section aria-labelledby="h-roles" {
                    div class="row-head" {
                        h2 id="h-roles" { "What roles bring" }
                        span class="faint hide-phone" { "from everybody's next request on" }
                    }
                    @for role in view.roles.iter().filter(|role| role.kind != RoleKind::Host) { (one(view, role)) }
                    (new(view))
                }
            }
        }
    };
    let crumbs = vec![Crumb { title: "People", href: paths::PEOPLE.to_owned() }];
    shell.page(&Head { title: "Roles", crumbs, sheets: super::SHEETS, ..Head::default() }, &body)
}

fn table(view: &RolesPage<'_>) -> Markup {
    html! {
        table class="table" {
            caption class="visually-hidden" { "Permissions, and the roles that bring them" }
            thead {
                tr {
                    th scope="col" { "May" }
                    @for role in view.roles { th scope="col" { (role.title) @if !role.plugin.is_empty() { span class="sub" { (role.plugin) } } } }
                }
            }
            tbody {
                @for line in view.permissions {
                    tr {
                        th scope="row" {
                            span class="primary" { (line.title) }
                            @if !line.plugin.is_empty() { span class="sub" { (line.plugin) } }
                        }
                        @for role in view.roles {
                            td {
                                @if line.held_by.contains(&role.name) { (icon("check")) span class="visually-hidden" { "yes" } }
                                @else { span class="faint" aria-label="no" { "–" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn one(view: &RolesPage<'_>, role: &RoleColumn) -> Markup {
    html! {
        details class="mt-4" {
            summary {
                b { (role.title) } " " @if !role.plugin.is_empty() { span class="muted" { (role.plugin) } " " } span class="faint code" { (role.name) }
                @if role.kind == RoleKind::Changed { " " span class="chip" { "changed here" } }
            }
            form class="inline-form" method="post" action=(paths::role(&role.name)) {
                @if role.kind == RoleKind::Own {
                    (Control::new("title", "Title").width(Width::Third).input("text", &role.title, &Input::default()))
                }
                (switches(view, &role.title, |line| line.held_by.contains(&role.name)))
                button class="btn btn-small" type="submit" { "Save" }
            }
            @match role.kind {
                RoleKind::Own => (away(role, "Remove the role")),
                RoleKind::Changed => (away(role, "As the plugin has it")),
                RoleKind::Plugin | RoleKind::Host => {}
            }
        }
    }
}

fn away(role: &RoleColumn, title: &str) -> Markup {
    html! {
        form method="post" action=(paths::role_remove(&role.name)) {
            button class="btn btn-small btn-danger" type="submit" { (title) }
        }
    }
}

fn switches(view: &RolesPage<'_>, title: &str, on: impl Fn(&PermissionLine) -> bool) -> Markup {
    html! {
        fieldset class="checks" {
            legend class="visually-hidden" { "What " (title) " brings" }
            @for line in view.permissions.iter().filter(|line| line.given) {
                label class="hit" {
                    input class="switch" type="checkbox" role="switch" name="permission" value=(line.name) checked[on(line)];
                    (line.title) " " span class="faint small" { (line.plugin) }
                }
            }
        }
    }
}

fn new(view: &RolesPage<'_>) -> Markup {
    let control = |name: &'static str, label: &'static str| {
        Control::new(name, label).width(Width::Third).errors(issues::at(view.issues, name))
    };
    html! {
        details class="mt-4" open[!view.issues.is_empty()] {
            summary { b { "A new role" } }
            form class="inline-form" method="post" action=(paths::ROLES) novalidate {
                div class="fields" {
                    (control("title", "Title").required().input("text", view.typed.1, &Input { placeholder: Some("Foreman"), ..Input::default() }))
                    (control("name", "Name").required().hint("Small letters; programs call it so")
                        .input("text", view.typed.0, &Input { placeholder: Some("foreman"), spellcheck: Some("false"), autocomplete: Some("off"), ..Input::default() }))
                }
                (switches(view, "the new role", |line| view.typed.2.contains(&line.name)))
                button class="btn" type="submit" { (icon("plus")) "Make the role" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    #[test]
    fn a_role_posts_what_it_is_to_bring_and_nobody_changes_the_hosts() {
        let role = |name: &str, kind| RoleColumn { name: name.into(), title: name.into(), plugin: String::new(), kind };
        let line = |name: &str, given, held_by: &[&str]| PermissionLine {
            name: name.into(),
            title: name.into(),
            plugin: String::new(),
            given,
            held_by: held_by.iter().map(|name| (*name).to_owned()).collect(),
        };
        let view = RolesPage {
            roles: &[role("owner", RoleKind::Host), role("foreman", RoleKind::Own)],
            permissions: &[line("organization.administer", false, &["owner"]), line("hours.see", true, &["foreman"])],
            typed: ("", "", &[]),
            issues: &[],
            fault: None,
        };
        let html = roles(&shell(), &view).into_string();
        assert!(html.contains("action=\"/admin/roles/foreman\"") && !html.contains("/admin/roles/owner"));
        assert!(html.contains("value=\"hours.see\" checked") && !html.contains("value=\"organization.administer\""));
    }
}
