//! What was written down: who signed in, who changed what may be done, from where, and by which token.

use crate::control::{Control, Input, Width};
use crate::empty::empty;
use crate::format::instant;
use crate::icon::icon;
use crate::paths;
use crate::shell::{Head, Shell};
use lignaflow_core::clock::Micros;
use maud::{Markup, html};

#[derive(Debug, Clone)]
pub struct AuditRow {
    pub at: Micros,
    /// Such as `session.opened`.
    pub kind: String,
    /// Who acted; empty for the program itself.
    pub person: String,
    pub address: String,
    pub by_token: bool,
    /// The rest, as names and values.
    pub detail: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy)]
pub struct AuditPage<'a> {
    pub rows: &'a [AuditRow],
    /// All kinds that there are.
    pub kinds: &'a [String],
    /// Ids and names of people.
    pub people: &'a [(String, String)],
    /// What is asked for: `kind`, `person`, `q`.
    pub kind: &'a str,
    pub person: &'a str,
    pub text: &'a str,
    /// The query of this page, for the file.
    pub query: &'a str,
    pub next: Option<&'a str>,
}

pub fn audit(shell: &Shell, view: &AuditPage<'_>) -> Markup {
    let titles: Vec<(&str, String)> = view.kinds.iter().map(|kind| (kind.as_str(), said(kind))).collect();
    let kinds = std::iter::once(("", "Anything")).chain(titles.iter().map(|(kind, title)| (*kind, title.as_str())));
    let people =
        std::iter::once(("", "Anybody")).chain(view.people.iter().map(|(id, name)| (id.as_str(), name.as_str())));
    let actions = html! {
        a class="btn" href={ (paths::AUDIT_FILE) (view.query) } { (icon("file")) "CSV" }
    };
    let body = html! {
        div class="band" {
            form class="inline-form" method="get" action=(paths::AUDIT) role="search" {
                div class="fields" {
                    (Control::new("q", "Find").width(Width::Third).input("search", view.text, &Input::default()))
                    (Control::new("kind", "What").width(Width::Third).select(kinds, view.kind))
                    (Control::new("person", "By").width(Width::Third).select(people, view.person))
                }
                button class="btn" type="submit" { (icon("search")) "Show" }
            }
            @if view.rows.is_empty() {
                (empty("Nothing was written down of that", "Sign-ins, members, roles, tokens, plugins and exports are written down here and never changed.", &html! {}))
            } @else {
                table class="table table-stacks mt-4" {
                    caption class="visually-hidden" { "What was written down, the latest first" }
                    thead { tr { th scope="col" { "When" } th scope="col" { "What" } th scope="col" { "Who" } th scope="col" class="p2" { "From" } th scope="col" class="p3" { "More" } } }
                    tbody { @for row in view.rows { (line(shell, row)) } }
                }
            }
            @if let Some(next) = view.next { p class="mt-4" { a class="btn" href=(next) { "Earlier" } } }
        }
    };
    shell.page(&Head { title: "Audit", actions: Some(actions), sheets: super::SHEETS, ..Head::default() }, &body)
}

/// What happened, in words.
fn said(kind: &str) -> String {
    match kind {
        "session.opened" => "Signed in".to_owned(),
        "session.failed" => "Failed to sign in".to_owned(),
        "session.closed" => "Signed out".to_owned(),
        "session.others-ended" => "Other sessions ended".to_owned(),
        "session.organization-switched" => "Changed to another organization".to_owned(),
        "invitation.sent-again" => "Invitation sent again".to_owned(),
        _ => {
            let mut words = kind.replace(['.', '-'], " ");
            if let Some(first) = words.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            words
        }
    }
}

fn line(shell: &Shell, row: &AuditRow) -> Markup {
    html! {
        tr {
            td class="fit" { (instant(row.at - row.at.rem_euclid(1_000_000), &shell.reader)) }
            th scope="row" { span class="primary" title=(row.kind) { (said(&row.kind)) } }
            td {
                @if row.person.is_empty() { span class="faint" { "LignaFlow" } } @else { (row.person) }
                @if row.by_token { " " span class="chip" { "by token" } }
            }
            td class="p2 code" { (row.address) }
            td class="p3 small muted" {
                @for (index, (name, value)) in row.detail.iter().enumerate() {
                    @if index > 0 { " · " }
                    (name) " " (value)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    #[test]
    fn what_is_told_is_never_markup_and_the_file_has_the_same_query() {
        let row = AuditRow {
            at: 1_795_000_000_000_000,
            kind: "session.failed".into(),
            person: String::new(),
            address: "192.0.2.1".into(),
            by_token: true,
            detail: vec![("email".into(), "<b>@example.com".into())],
        };
        let view = AuditPage {
            rows: &[row],
            kinds: &["session.failed".into()],
            people: &[],
            kind: "session.failed",
            person: "",
            text: "",
            query: "?kind=session.failed",
            next: None,
        };
        let html = audit(&shell(), &view).into_string();
        assert!(html.contains("email &lt;b&gt;@example.com") && html.contains("by token"));
        assert!(html.contains("<option value=\"session.failed\" selected>Failed to sign in</option>"), "{html}");
        assert_eq!(said("member.roles-changed"), "Member roles changed");
        assert!(html.contains("href=\"/admin/audit.csv?kind=session.failed\""));
    }
}
