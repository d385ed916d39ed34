//! A file to be taken.

use super::anchor;
use crate::icon::icon;
use maud::{Markup, html};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DownloadView {
    pub title: String,
    /// What it is good for.
    pub text: String,
    pub button: String,
    pub href: String,
}

pub(super) fn draw(view: &DownloadView) -> Markup {
    let id = anchor("f", &view.title);
    html! {
        section aria-labelledby=(id) {
            div class="row-head" { h2 id=(id) { (view.title) } }
            @if !view.text.is_empty() { p class="hint" { (view.text) } }
            p { a class="btn" href=(view.href) download { (icon("export")) (view.button) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_link_that_says_what_it_is() {
        let view = DownloadView {
            title: "For the payroll".into(),
            button: "Download <CSV>".into(),
            href: "/t/-/pay/1?file=0".into(),
            ..DownloadView::default()
        };
        let html = draw(&view).into_string();
        assert!(
            html.contains("href=\"/t/-/pay/1?file=0\" download") && html.contains("Download &lt;CSV&gt;"),
            "{html}"
        );
        assert!(!html.contains("class=\"hint\""));
    }
}
