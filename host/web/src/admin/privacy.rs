//! What is held of one person: how much of what, taken along as a file, and taken away.

use crate::control::{Control, Input, Width};
use crate::format::{integer, moment};
use crate::icon::icon;
use crate::issues;
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::clock::Micros;
use lignaflow_core::error::Issue;
use maud::{Markup, html};

/// Records of one collection that refer to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceRow {
    /// What its records are called.
    pub title: String,
    /// The title of its plugin.
    pub plugin: String,
    pub records: u64,
}

#[derive(Debug, Clone, Copy)]
pub struct PrivacyPage<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub rows: &'a [TraceRow],
    /// When they last did anything, or something last changed that refers to them.
    pub last_trace: Option<Micros>,
    /// For how many years after that people are kept.
    pub years: i64,
    /// The first day on which they can be erased, as the reader writes days; nothing where that is now.
    pub kept_until: Option<&'a str>,
    /// Why they cannot be erased by this reader, whatever the day.
    pub never: Option<&'a str>,
    /// What was typed to confirm.
    pub typed: &'a str,
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
}

/// Who is to go is named by being typed, so that no slip of the hand takes them.
pub fn privacy(shell: &Shell, view: &PrivacyPage<'_>) -> Markup {
    let head = Head {
        title: view.name,
        crumbs: vec![Crumb { title: "People", href: paths::PEOPLE.to_owned() }],
        sheets: super::SHEETS,
        ..Head::default()
    };
    let body = html! {
        (issues::summary(view.issues, &[("confirm", "Their name".to_owned())], view.fault))
        div class="band mt-4" {
            div class="stack" {
                section aria-labelledby="h-held" {
                    div class="row-head" {
                        h2 id="h-held" { "What is held" }
                        @if let Some(last) = view.last_trace { span class="faint hide-phone" { "last trace " (moment(last, &shell.reader)) } }
                    }
                    (held(shell, view))
                    p class="mt-4" {
                        a class="btn" href=(paths::person_export(view.id)) download { (icon("export")) "Take it along as a file" }
                    }
                }
                section aria-labelledby="h-erase" {
                    div class="row-head" { h2 id="h-erase" { "Erase" } }
                    (erase(view))
                }
            }
        }
    };
    shell.page(&head, &body)
}

fn held(shell: &Shell, view: &PrivacyPage<'_>) -> Markup {
    if view.rows.is_empty() {
        return html! { p class="muted" { "No record refers to them. There is their account, with what was written down of it." } };
    }
    html! {
        table class="table" {
            caption class="visually-hidden" { "Records that refer to them" }
            thead { tr { th scope="col" { "Records" } th scope="col" { "Plugin" } th scope="col" class="num" { "How many" } } }
            tbody {
                @for row in view.rows {
                    tr {
                        th scope="row" { span class="primary" { (row.title) } }
                        td { (row.plugin) }
                        td class="num" { (integer(i64::try_from(row.records).unwrap_or(i64::MAX), &shell.reader.locale)) }
                    }
                }
            }
        }
    }
}

fn erase(view: &PrivacyPage<'_>) -> Markup {
    if let Some(never) = view.never {
        return html! { p class="muted" { (never) } };
    }
    if let Some(day) = view.kept_until {
        return html! {
            p class="note note-info" role="status" {
                (icon("lock"))
                span {
                    "What was done by them or refers to them is kept for " (view.years) " years. They can be erased on "
                    b { (day) } ". "
                    a href=(paths::ORGANIZATION) { "For how long is set for the organization." }
                }
            }
        };
    }
    html! {
        p class="muted" {
            "Their name, address, sessions, tokens, letters and notices go. What they did stays, under a pseudonym that nobody can lead back to them. There is no way back."
        }
        form class="inline-form" method="post" action=(paths::person_erase(view.id)) novalidate {
            (Control::new("confirm", "Their name").width(Width::Third).required().errors(issues::at(view.issues, "confirm"))
                .hint("As it stands above")
                .input("text", view.typed, &Input { autocomplete: Some("off"), spellcheck: Some("false"), ..Input::default() }))
            button class="btn btn-danger" type="submit" { "Erase " (view.name) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    fn page(kept_until: Option<&str>, never: Option<&str>) -> String {
        let rows = [TraceRow { title: "Tasks".into(), plugin: "Projects".into(), records: 3 }];
        let view = PrivacyPage {
            id: "018f",
            name: "Mia",
            rows: &rows,
            last_trace: None,
            years: 7,
            kept_until,
            never,
            typed: "",
            issues: &[],
            fault: None,
        };
        privacy(&shell(), &view).into_string()
    }

    #[test]
    fn who_is_kept_is_shown_until_when_and_no_button() {
        let html = page(Some("26/11/2033"), None);
        assert!(html.contains("26/11/2033") && !html.contains("name=\"confirm\""));
        assert!(html.contains("href=\"/admin/people/018f/export\""));
    }

    #[test]
    fn who_may_go_is_named_by_being_typed() {
        let html = page(None, None);
        assert!(html.contains("action=\"/admin/people/018f/erase\"") && html.contains("name=\"confirm\""));
        assert!(!page(None, Some("Nobody erases themselves.")).contains("name=\"confirm\""));
    }
}
