//! A kept list or report for people outside: its links, and the form that makes one.

use crate::admin::LinkChip;
use crate::empty::empty;
use crate::format::{count, when};
use crate::icon::icon;
use crate::issues;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::clock::Micros;
use lignaflow_core::error::Issue;
use maud::{Markup, html};

/// For how many days a link may be made here.
pub const DAYS: [i64; 4] = [7, 30, 90, 365];

#[derive(Debug, Clone)]
pub struct SharedLink {
    pub id: String,
    /// For whom it is.
    pub label: String,
    /// Where it leads, for whoever made it and as long as it is open.
    pub address: Option<String>,
    pub maker: String,
    pub files: bool,
    pub state: LinkChip,
    pub opened_at: Micros,
    pub expires_at: Micros,
    pub uses: i64,
    pub used_at: Option<Micros>,
}

/// What was typed of one that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareDraft {
    pub label: String,
    pub days: i64,
    pub files: bool,
}

impl Default for ShareDraft {
    fn default() -> Self {
        Self { label: String::new(), days: 30, files: false }
    }
}

#[derive(Debug)]
pub struct SharePage<'a> {
    /// What the view is called.
    pub name: &'a str,
    /// Its page.
    pub back: String,
    /// Where the form is sent.
    pub action: &'a str,
    pub links: &'a [SharedLink],
    /// Whether the reader may make one.
    pub may_make: bool,
    pub draft: &'a ShareDraft,
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
}

/// To the page of the links, beside a view.
pub(crate) fn button(href: &str) -> Markup {
    html! { a class="btn btn-small btn-quiet" href=(href) { (icon("link")) "Share" } }
}

pub fn page(shell: &Shell, view: &SharePage<'_>) -> Markup {
    let body = html! {
        (issues::summary(view.issues, &[("label", "For whom".to_owned())], view.fault))
        @if view.may_make {
            div class="band mt-4" {
                section aria-labelledby="h-new" {
                    h2 id="h-new" { "Show it to somebody outside" }
                    p class="muted" {
                        "Whoever has the link sees “" (view.name) "” as it stands when they open it, with what you may see by then, and nothing else."
                    }
                    (form(view))
                }
            }
        }
        div class="band mt-4" {
            section aria-labelledby="h-links" {
                div class="row-head" { h2 id="h-links" { "Links" } }
                @if view.links.is_empty() {
                    (empty("No link yet", "Nobody outside sees this.", &html! {}))
                } @else { (rows(shell, view)) }
            }
        }
    };
    let title = format!("Links to {}", view.name);
    let crumbs = vec![Crumb { title: view.name, href: view.back.clone() }];
    shell.page(&Head { title: &title, crumbs, sheets: &["css/plugins.css"], ..Head::default() }, &body)
}

fn form(view: &SharePage<'_>) -> Markup {
    let draft = view.draft;
    let wrong = issues::at(view.issues, "label");
    html! {
        form class="stack mt-4" method="post" action=(view.action) novalidate {
            div class="fields" {
                div class="field half" {
                    label for="f-label" { "For whom" }
                    input class="input" id="f-label" name="label" value=(draft.label) maxlength="200" autocomplete="off"
                        placeholder="Ana Weiss, Marrickville Dental" aria-invalid=[(!wrong.is_empty()).then_some("true")];
                    @for issue in &wrong { p class="field-error" { (icon("alert")) (issue) } }
                }
                div class="field half" {
                    label for="share-days" { "Open for" }
                    select class="input" id="share-days" name="days" {
                        @for days in DAYS { option value=(days) selected[days == draft.days] { (days) " days" } }
                    }
                }
            }
            div class="checks" {
                label class="hit" { input type="checkbox" name="files" value="true" checked[draft.files]; "They may take it as CSV, Excel and PDF" }
            }
            div { button class="btn btn-primary" type="submit" { (icon("link")) "Make a link" } }
        }
    }
}

fn rows(shell: &Shell, view: &SharePage<'_>) -> Markup {
    let reader = &shell.reader;
    html! {
        table class="table" {
            caption class="visually-hidden" { "Links" }
            thead { tr { th scope="col" { "For" } th scope="col" { "State" } th scope="col" class="p2" { "Until" } th scope="col" class="p3" { "Looked at" } th scope="col" { span class="visually-hidden" { "Withdraw" } } } }
            tbody {
                @for link in view.links {
                    tr {
                        th scope="row" class="wrap" {
                            span class="primary" { @if link.label.is_empty() { "Nobody named" } @else { (link.label) } }
                            span class="sub" {
                                "made " (when(link.opened_at, reader)) " by " (link.maker)
                                @if link.files { ", with files" }
                            }
                            @if let Some(address) = &link.address {
                                div class="token" { lf-copy data-text=(address) { code class="code" { (address) } } }
                            }
                        }
                        td { span class=(link.state.class()) { (link.state.title()) } }
                        td class="p2 muted" { (when(link.expires_at, reader)) }
                        td class="p3" {
                            (count(link.uses, "time", "times", &reader.locale))
                            @if let Some(at) = link.used_at { span class="sub" { (when(at, reader)) } }
                        }
                        td class="fit" {
                            @if link.state == LinkChip::Open {
                                form method="post" action={ (view.action) "/" (link.id) "/withdraw" } {
                                    button class="btn btn-small btn-danger" type="submit" aria-label={ "Withdraw: " (link.label) } { "Withdraw" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    fn link(state: LinkChip, address: Option<&str>) -> SharedLink {
        SharedLink {
            id: "018f".into(),
            label: "Ana <W>".into(),
            address: address.map(str::to_owned),
            maker: "Ruth".into(),
            files: true,
            state,
            opened_at: 0,
            expires_at: 86_400_000_000,
            uses: 3,
            used_at: None,
        }
    }

    fn html_of(links: &[SharedLink], may_make: bool) -> String {
        let view = SharePage {
            name: "Hours",
            back: "/t/e/report?view=9".into(),
            action: "/t/e/views/9/links",
            links,
            may_make,
            draft: &ShareDraft::default(),
            issues: &[],
            fault: None,
        };
        page(&shell(), &view).into_string()
    }

    #[test]
    fn an_open_link_is_told_and_withdrawn_and_an_ended_one_is_neither() {
        let html = html_of(&[link(LinkChip::Open, Some("https://a.example/l/s"))], true);
        assert!(html.contains("https://a.example/l/s") && html.contains("/t/e/views/9/links/018f/withdraw"), "{html}");
        assert!(html.contains("Ana &lt;W&gt;") && html.contains("value=\"30\" selected") && html.contains("3 times"));
        let html = html_of(&[link(LinkChip::Withdrawn, None)], false);
        assert!(!html.contains("018f/withdraw") && !html.contains("f-label"), "{html}");
    }
}
