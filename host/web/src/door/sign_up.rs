//! Asking for a letter that makes an organization.

use super::{fault, page};
use crate::control::{Control, Input};
use crate::document::Theme;
use crate::issues;
use crate::paths;
use lignaflow_core::error::Issue;
use maud::{Markup, html};

#[derive(Debug, Clone, Copy, Default)]
pub struct SignUpPage<'a> {
    pub theme: Theme,
    pub email: &'a str,
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
    /// Whether it was asked for: what is said then does not depend on whose the address is.
    pub asked: bool,
}

/// POST to [`paths::SIGN_UP`]: `email`.
pub fn sign_up(view: &SignUpPage<'_>) -> Markup {
    let body = html! {
        h1 { "Make an organization" }
        (fault(view.fault))
        @if view.asked {
            div class="note note-info" role="status" { p { "A letter is on its way to the address. Open the link in it within a day." } }
            a class="btn btn-wide mt-4" href=(paths::SIGN_IN) { "Sign in" }
        } @else {
            p class="muted" { "A letter with a link is sent to your address first. Who is asked to join a firm that is here already comes by its invitation, and not by this." }
            form method="post" action=(paths::SIGN_UP) class="fields" novalidate {
                (Control::new("email", "Email").required().errors(issues::at(view.issues, "email"))
                    .input("email", view.email, &Input { autofocus: true, ..Input::autocomplete("username") }))
                button class="btn btn-primary btn-wide" type="submit" { "Send the letter" }
            }
            p class="hint" { a class="link" href=(paths::SIGN_IN) { "Back to signing in" } }
        }
    };
    page(view.theme, "Make an organization", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_does_not_depend_on_whose_address_it_is() {
        let asked = |email| sign_up(&SignUpPage { email, asked: true, ..SignUpPage::default() }).into_string();
        assert_eq!(asked("ruth@halloran.example"), asked("nobody@example.com"));
    }
}
