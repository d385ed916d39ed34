//! A form that is carried along while somebody signs in again, and is sent once they have.

use super::page;
use crate::document::Theme;
use crate::paths;
use maud::{Markup, html};

/// What was typed: where to, and the body as it was posted.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    pub to: &'a str,
    pub body: &'a str,
}

impl Held<'_> {
    /// The names of the fields that carry it.
    pub const TO: &'static str = "held_to";
    pub const BODY: &'static str = "held";
}

/// The fields that carry a form inside another.
pub(crate) fn carried(held: Option<Held<'_>>) -> Markup {
    html! {
        @if let Some(held) = held {
            input type="hidden" name=(Held::TO) value=(held.to);
            input type="hidden" name=(Held::BODY) value=(held.body);
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct HeldPage<'a> {
    pub theme: Theme,
    /// An address of this site.
    pub to: &'a str,
    pub fields: &'a [(String, String)],
    /// Files that came with it and could not be kept.
    pub left: &'a [&'a str],
    /// Who has signed in, and where they work: the form is sent as they.
    pub name: &'a str,
    pub organization: &'a str,
}

/// POST to the form's own address, of all that it had.
pub fn held(view: &HeldPage<'_>) -> Markup {
    let to = if paths::is_local(view.to) { view.to } else { paths::HOME };
    let body = html! {
        h1 { "What you typed is still here" }
        p class="muted" { "You are signed in as " b { (view.name) } @if !view.organization.is_empty() { " at " b { (view.organization) } } "." }
        @if !view.left.is_empty() {
            div class="note note-warn mt-4" {
                p { "Files that could not be kept: " b { (view.left.join(", ")) } ". Add them again once the rest is sent." }
            }
        }
        form method="post" action=(to) class="mt-4" {
            @for (name, text) in view.fields { input type="hidden" name=(name) value=(text); }
            button class="btn btn-primary btn-wide" type="submit" autofocus { "Send it now" }
        }
        a class="btn btn-quiet btn-wide mt-4" href=(paths::HOME) { "Leave it" }
    };
    page(view.theme, "Go on", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_comes_back_with_all_that_it_had_and_goes_to_this_site_alone() {
        let fields = [("note", "oak & \"ash\""), ("note", "elm")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let page = |to| {
            let left = &["plan <1>.pdf"];
            held(&HeldPage { theme: Theme::System, to, fields: &fields, left, name: "Mia", organization: "Oak" })
                .into_string()
        };
        let html = page("/projects/tasks");
        assert!(html.contains("action=\"/projects/tasks\"") && html.contains("value=\"elm\""));
        assert!(html.contains("value=\"oak &amp; &quot;ash&quot;\""), "{html}");
        assert!(html.contains("<b>plan &lt;1&gt;.pdf</b>") && !html.contains("~left"), "{html}");
        assert!(!page("//evil.example").contains("evil"));
    }
}
