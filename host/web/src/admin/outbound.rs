//! What plugins sent to hosts outside: where, when, and how it ended.

use crate::empty::empty;
use crate::format::{bytes, integer, machine, when};
use crate::icon::icon;
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::clock::Micros;
use maud::{Markup, html};

/// One request.
#[derive(Debug, Clone)]
pub struct DepartureRow {
    pub at: Micros,
    /// The plugin's title, and its job.
    pub plugin: String,
    pub job: String,
    pub method: String,
    pub host: String,
    pub path: String,
    pub bytes_out: u64,
    /// Nothing while it is under way, or where that was never known.
    pub ended: Option<DepartureEnd>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartureEnd {
    pub status: Option<u16>,
    pub bytes_in: u64,
    pub took_ms: i64,
    pub error: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub struct DeparturesPage<'a> {
    pub departures: &'a [DepartureRow],
    /// The plugins that may send, by id and title.
    pub plugins: &'a [(String, String)],
    /// The one whose requests are shown alone.
    pub plugin: Option<&'a str>,
    pub keep_days: u32,
    pub next: Option<&'a str>,
}

pub fn departures(shell: &Shell, view: &DeparturesPage<'_>) -> Markup {
    let reader = &shell.reader;
    let body = html! {
        div class="band mt-4" {
            section aria-labelledby="h-out" {
                div class="row-head" {
                    h2 id="h-out" { "Requests" }
                    form class="actions" method="get" action=(paths::OUTBOUND) {
                        label class="visually-hidden" for="f-plugin" { "Plugin" }
                        select class="input" id="f-plugin" name="plugin" {
                            option value="" selected[view.plugin.is_none()] { "All plugins" }
                            @for (id, title) in view.plugins { option value=(id) selected[view.plugin == Some(id)] { (title) } }
                        }
                        button class="btn btn-small" type="submit" { "Show" }
                    }
                }
                p class="small faint" { "What was said is not kept. Each of these is kept for " (view.keep_days) " days." }
                @if view.departures.is_empty() {
                    (empty("Nothing has left", "Plugins send in their jobs, and to the hosts alone that an administrator granted.", &html! {}))
                } @else {
                    table class="table" {
                        caption class="visually-hidden" { "Requests of plugins to hosts outside, the last first" }
                        thead { tr { th scope="col" { "Where" } th scope="col" { "How it ended" } th scope="col" class="p2" { "When" } th scope="col" class="num p3" { "Sent" } th scope="col" class="num p3" { "Received" } } }
                        tbody {
                            @for row in view.departures {
                                tr {
                                    th scope="row" {
                                        span class="primary" { (row.host) }
                                        span class="sub" { span class="code" { (row.method) " " (row.path) } " " (row.plugin) ", " (row.job) }
                                    }
                                    td { (ended(row, shell)) }
                                    td class="p2 muted" { time datetime=(machine(row.at, reader)) { (when(row.at, reader)) } }
                                    td class="num p3" { (bytes(row.bytes_out, &reader.locale)) }
                                    td class="num p3" { @if let Some(end) = &row.ended { (bytes(end.bytes_in, &reader.locale)) } }
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
    let crumbs = vec![Crumb { title: "Plugins", href: paths::PLUGINS.to_owned() }];
    shell.page(&Head { title: "What plugins sent", crumbs, sheets: super::SHEETS, ..Head::default() }, &body)
}

fn ended(row: &DepartureRow, shell: &Shell) -> Markup {
    html! {
        @match &row.ended {
            None => span class="tag" { "Not known" },
            Some(DepartureEnd { status: Some(status), took_ms, .. }) => {
                span class={ "tag" @if (200..300).contains(status) { " tag-good" } @else if *status >= 400 { " tag-bad" } } { (status) }
                span class="sub" { (integer(*took_ms, &shell.reader.locale)) " ms" }
            }
            Some(DepartureEnd { error, .. }) => {
                span class="tag tag-bad" { "No answer" }
                @if let Some(error) = error { span class="sub" { (error) } }
            }
        }
    }
}

/// The way to it from a plugin's own page, where it may send.
pub(super) fn leads(id: &str, hosts: &[String]) -> Markup {
    html! {
        @if !hosts.is_empty() {
            p class="mt-2" { (icon("send")) " " a class="link" href={ (paths::OUTBOUND) "?plugin=" (id) } { "What it sent" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    #[test]
    fn what_left_is_told_with_how_it_ended_and_nothing_runs_in_it() {
        let row = |ended: Option<DepartureEnd>| DepartureRow {
            at: 0,
            plugin: "Books".into(),
            job: "export".into(),
            method: "POST".into(),
            host: "api.xero.com".into(),
            path: "/<b>".into(),
            bytes_out: 1_200,
            ended,
        };
        let end = |status, error: Option<&str>| DepartureEnd {
            status,
            bytes_in: 20,
            took_ms: 1_234,
            error: error.map(str::to_owned),
        };
        let rows = [row(None), row(Some(end(Some(201), None))), row(Some(end(None, Some("No connection: refused."))))];
        let plugins = [("books".to_owned(), "Books".to_owned())];
        let view = DeparturesPage {
            departures: &rows,
            plugins: &plugins,
            plugin: Some("books"),
            keep_days: 30,
            next: Some("/admin/outbound?after=x"),
        };
        let html = departures(&shell(), &view).into_string();
        assert!(html.contains("api.xero.com") && html.contains("Not known") && html.contains("1,234 ms"), "{html}");
        assert!(html.contains("No connection: refused.") && html.contains("value=\"books\" selected"), "{html}");
        assert!(html.contains("/&lt;b&gt;") && !html.contains("/<b>"));
    }
}
