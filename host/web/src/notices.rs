//! One's own notices, and how one is told by mail.

use crate::empty::empty;
use crate::format::when;
use crate::icon::icon;
use crate::paths;
use crate::shell::{Head, Shell};
use lignaflow_core::clock::Micros;
use maud::{Markup, html};

#[derive(Debug, Clone)]
pub struct NoticeRow {
    pub id: String,
    pub title: String,
    pub text: String,
    /// Who tells it: a plugin's title, or the program.
    pub from: String,
    pub at: Micros,
    pub unread: bool,
    /// Whether it leads somewhere: opening it marks it as read.
    pub leads: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct NoticesPage<'a> {
    pub notices: &'a [NoticeRow],
    /// The address of the earlier ones.
    pub next: Option<&'a str>,
    /// `page`, `digest` or `mail`.
    pub by: &'a str,
    pub quiet: bool,
}

const WAYS: [(&str, &str, &str); 3] = [
    ("digest", "A letter in the morning", "At 07:00, with what is new. What is urgent comes at once."),
    ("mail", "Everything by mail at once", ""),
    ("page", "Here alone", "Nothing is mailed."),
];

pub fn page(shell: &Shell, view: &NoticesPage<'_>) -> Markup {
    let unread = view.notices.iter().any(|notice| notice.unread);
    let body = html! {
        div class="band" {
            div class="stack" {
                section aria-labelledby="h-notices" {
                    div class="row-head" {
                        h2 id="h-notices" { "What is new" }
                        @if unread {
                            form class="end" method="post" action=(paths::NOTICES_READ) {
                                button class="btn btn-small" type="submit" { "Mark all as read" }
                            }
                        }
                    }
                    @if view.notices.is_empty() {
                        (empty("Nothing is new", "What concerns you stands here: answers, returned work, what waits for you.", &html! {}))
                    } @else {
                        ul class="notices" { @for notice in view.notices { (line(shell, notice)) } }
                        @if let Some(next) = view.next {
                            nav class="pager" aria-label="Pages" { span class="end" { a class="btn btn-small" href=(next) rel="next" { "Earlier" } } }
                        }
                    }
                }
                (settings(view))
            }
        }
    };
    shell.page(&Head { title: "Notices", sheets: &["css/plugins.css"], ..Head::default() }, &body)
}

fn line(shell: &Shell, notice: &NoticeRow) -> Markup {
    let said = html! {
        span class="primary" { (notice.title) }
        @if notice.unread { " " span class="tag tag-warn" { "New" } }
        @if !notice.text.is_empty() { span class="sub" { (notice.text) } }
        span class="sub" { (notice.from) ", " (when(notice.at, &shell.reader)) }
    };
    html! {
        li {
            div { (said) }
            @if notice.leads || notice.unread {
                form method="post" action=(paths::notice(&notice.id)) {
                    @if notice.leads {
                        button class="btn btn-small" type="submit" aria-label={ "Open: " (notice.title) } { "Open" }
                    } @else {
                        button class="btn btn-small" type="submit" aria-label={ "Mark as read: " (notice.title) } { "Read" }
                    }
                }
            }
        }
    }
}

fn settings(view: &NoticesPage<'_>) -> Markup {
    html! {
        section aria-labelledby="h-by" {
            div class="row-head" { h2 id="h-by" { "By mail" } }
            form method="post" action=(paths::NOTICES_SETTINGS) {
                fieldset class="wishes" {
                    legend class="visually-hidden" { "How you are told by mail" }
                    @for (word, title, text) in WAYS {
                        label {
                            input type="radio" name="by" value=(word) checked[word == view.by];
                            span { (title) @if !text.is_empty() { span class="sub" { (text) } } }
                        }
                    }
                    label {
                        input type="checkbox" name="quiet" value="true" checked[view.quiet];
                        span { "Nothing at night" span class="sub" { "From 22:00 to 06:00, where you are." } }
                    }
                    div { button class="btn" type="submit" { (icon("check")) "Save" } }
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
    fn what_is_new_is_marked_and_leads_on() {
        let row = |id: &str, unread| NoticeRow {
            id: id.into(),
            title: "<b>Returned</b>".into(),
            text: String::new(),
            from: "Timesheets".into(),
            at: 1_795_000_000_000_000,
            unread,
            leads: unread,
        };
        let notices = [row("a", true), row("b", false)];
        let view = NoticesPage { notices: &notices, next: None, by: "digest", quiet: true };
        let html = page(&shell(), &view).into_string();
        assert!(html.contains("&lt;b&gt;Returned") && html.contains("Mark all as read"));
        assert_eq!(html.matches("tag-warn").count(), 1);
        assert!(html.contains("value=\"digest\" checked"));
    }
}
