//! Links for people without an account: who may see what until when, and how often it was used.

use crate::empty::empty;
use crate::format::when;
use crate::icon::icon;
use crate::paths;
use crate::shell::{Head, Shell};
use lignaflow_core::clock::Micros;
use maud::{Markup, html};

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkChip {
    Open,
    Expired,
    Withdrawn,
    Superseded,
}

impl LinkChip {
    pub const ALL: [Self; 4] = [Self::Open, Self::Expired, Self::Withdrawn, Self::Superseded];

    /// As the API and the page's address have it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Expired => "Expired",
            Self::Withdrawn => "Withdrawn",
            Self::Superseded => "Superseded",
        }
    }

    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Open => "tag tag-good",
            Self::Expired | Self::Superseded => "tag",
            Self::Withdrawn => "tag tag-bad",
        }
    }
}

#[derive(Debug, Clone)]
pub struct LinkRow {
    pub id: String,
    pub label: String,
    /// The plugin's title, and what the page or the kept view is called.
    pub plugin: String,
    pub page: String,
    /// Who made it, where it shows a kept view.
    pub maker: Option<String>,
    /// The page of its subject.
    pub href: Option<String>,
    pub state: LinkChip,
    pub opened_at: Micros,
    pub expires_at: Micros,
    pub uses: i64,
    pub used_at: Option<Micros>,
}

#[derive(Debug, Clone, Copy)]
pub struct LinksPage<'a> {
    pub links: &'a [LinkRow],
    /// How many are open in all.
    pub open: i64,
    pub state: Option<LinkChip>,
    pub next: Option<&'a str>,
    pub fault: Option<&'a str>,
}

pub fn links(shell: &Shell, view: &LinksPage<'_>) -> Markup {
    let reader = &shell.reader;
    let body = html! {
        @if let Some(fault) = view.fault {
            div class="band" { div class="note note-bad" role="alert" { (icon("alert")) p { (fault) } } }
        }
        div class="band mt-4" {
            section aria-labelledby="h-links" {
                div class="row-head" {
                    h2 id="h-links" { (view.open) " open" }
                    form class="actions" method="get" action=(paths::LINKS) {
                        label class="visually-hidden" for="f-state" { "State" }
                        select class="input" id="f-state" name="state" {
                            option value="" selected[view.state.is_none()] { "All" }
                            @for state in LinkChip::ALL { option value=(state.word()) selected[view.state == Some(state)] { (state.title()) } }
                        }
                        button class="btn btn-small" type="submit" { "Show" }
                    }
                }
                @if view.links.is_empty() {
                    (empty("No link here", "A plugin opens one where somebody without an account is to see and answer something, such as a quote; people make them of lists and reports.", &html! {}))
                } @else {
                    table class="table" {
                        caption class="visually-hidden" { "Links" }
                        thead { tr { th scope="col" { "For" } th scope="col" { "State" } th scope="col" class="p2" { "Until" } th scope="col" class="p3" { "Used" } th scope="col" { span class="visually-hidden" { "Withdraw" } } } }
                        tbody {
                            @for link in view.links {
                                tr {
                                    th scope="row" {
                                        span class="primary" { @if link.label.is_empty() { "Nobody named" } @else { (link.label) } }
                                        span class="sub" {
                                            (link.plugin) ", "
                                            @match &link.href { Some(href) => a class="link" href=(href) { (link.page) }, None => (link.page) }
                                            ", opened " (when(link.opened_at, reader))
                                            @if let Some(maker) = &link.maker { " by " (maker) }
                                        }
                                    }
                                    td { span class=(link.state.class()) { (link.state.title()) } }
                                    td class="p2 muted" { (when(link.expires_at, reader)) }
                                    td class="p3" { (link.uses) @if let Some(at) = link.used_at { span class="sub" { (when(at, reader)) } } }
                                    td class="fit" {
                                        @if link.state == LinkChip::Open {
                                            form method="post" action=(paths::link_withdraw(&link.id)) {
                                                button class="btn btn-small btn-danger" type="submit" aria-label={ "Withdraw: " (link.label) } { "Withdraw" }
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                    @if let Some(next) = view.next {
                        nav class="pager" aria-label="Pages" { span class="end" { a class="btn btn-small" href=(next) rel="next" { "Earlier" } } }
                    }
                }
            }
        }
    };
    shell.page(&Head { title: "Links", sheets: super::SHEETS, ..Head::default() }, &body)
}
