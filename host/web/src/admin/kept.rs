//! What is kept of plugins that nothing declares, and the way to be rid of it.

use crate::control::{Control, Input};
use crate::empty::empty;
use crate::format::integer;
use crate::icon::icon;
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use maud::{Markup, html};

/// A collection, or a field of one, that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRow {
    /// By which it is purged: `projects.tasks.old_field`.
    pub name: String,
    /// What it is: `collection`, or the type of the field.
    pub kind: String,
    pub records: u64,
}

#[derive(Debug, Clone, Copy)]
pub struct KeptPage<'a> {
    pub plugin: &'a str,
    /// What the plugin is called; nothing where it is not installed.
    pub title: Option<&'a str>,
    pub rows: &'a [KeptRow],
    /// What was typed, where it could not be purged, and why.
    pub typed: &'a str,
    pub fault: Option<&'a str>,
}

/// What is to go is named by being typed, so that no slip of the hand takes it.
pub fn kept(shell: &Shell, view: &KeptPage<'_>) -> Markup {
    let name = view.title.unwrap_or(view.plugin);
    let head = Head {
        title: "What is kept",
        crumbs: match view.title {
            Some(title) => vec![
                Crumb { title: "Plugins", href: paths::PLUGINS.to_owned() },
                Crumb { title, href: paths::plugin(view.plugin) },
            ],
            None => vec![Crumb { title: "Plugins", href: paths::PLUGINS.to_owned() }],
        },
        sheets: super::SHEETS,
        ..Head::default()
    };
    let body = html! {
        div class="band" {
            p class="muted" {
                @if view.title.is_some() {
                    "What earlier versions of " (name) " kept and the one in use no longer declares. It comes back with a version that declares it again."
                } @else {
                    "The plugin " span class="code" { (view.plugin) } " is not installed. What it kept comes back when it is installed again."
                }
            }
            @if view.rows.is_empty() {
                div class="mt-6" { (empty("Nothing is kept", "Everything that stands is declared.", &html! {})) }
            } @else {
                div class="split split-consent mt-6" { (table(shell, view)) (purge(view)) }
            }
        }
    };
    shell.page(&head, &body)
}

fn table(shell: &Shell, view: &KeptPage<'_>) -> Markup {
    html! {
        table class="table" {
            caption class="visually-hidden" { "What is kept and not declared" }
            thead { tr { th scope="col" { "Name" } th scope="col" class="p2" { "Type" } th scope="col" class="num" { "Records" } } }
            tbody {
                @for row in view.rows {
                    tr {
                        th scope="row" class="code" { (row.name) }
                        td class="p2 muted" { (row.kind) }
                        td class="num" { (integer(i64::try_from(row.records).unwrap_or(i64::MAX), &shell.reader.locale)) }
                    }
                }
            }
        }
    }
}

fn purge(view: &KeptPage<'_>) -> Markup {
    let errors: Vec<&str> = view.fault.into_iter().collect();
    let control =
        Control::new("name", "Name").hint("Type it as it stands in the list, such as the first.").errors(errors);
    html! {
        section class="consent" aria-labelledby="h-purge" {
            div { h2 id="h-purge" { "Purge for good" } }
            form method="post" action=(paths::plugin_purge(view.plugin)) {
                p class="mt-2" { "It goes in every organization of this instance, and there is no way back. The history tells of it still." }
                (control.required().input("text", view.typed, &Input::default()))
                div class="actions mt-4" { button class="btn btn-bad" type="submit" { (icon("alert")) "Purge it" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    #[test]
    fn what_is_kept_is_listed_and_purged_by_its_typed_name() {
        let rows = [KeptRow { name: "tools.tools.shelf".into(), kind: "integer".into(), records: 12 }];
        let view = KeptPage { plugin: "tools", title: Some("Tools"), rows: &rows, typed: "", fault: None };
        let html = kept(&shell(), &view).into_string();
        assert!(html.contains("tools.tools.shelf") && html.contains("action=\"/admin/plugins/tools/purge\""));
        let view = KeptPage { title: None, rows: &[], ..view };
        let html = kept(&shell(), &view).into_string();
        assert!(html.contains("is not installed") && html.contains("Nothing is kept") && !html.contains("Purge"));
    }
}
