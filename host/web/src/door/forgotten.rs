//! A password that was forgotten: asking for a letter, and choosing a new one by the link in it.

use super::{fault, page};
use crate::control::{Control, Input};
use crate::document::Theme;
use crate::issues;
use crate::paths;
use lignaflow_core::error::Issue;
use maud::{Markup, html};

#[derive(Debug, Clone, Copy, Default)]
pub struct ForgottenPage<'a> {
    pub theme: Theme,
    pub email: &'a str,
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
    /// Whether it was asked for: then it is said what comes, whether the address is anybody's or not.
    pub asked: bool,
}

/// POST to [`paths::FORGOTTEN`]: `email`.
pub fn forgotten(view: &ForgottenPage<'_>) -> Markup {
    let body = html! {
        h1 { "Forgotten your password?" }
        (fault(view.fault))
        @if view.asked {
            div class="note note-info" role="status" {
                p { "If the address is that of an account, a letter is on its way to it. Open the link in it in this browser, within an hour." }
            }
            a class="btn btn-wide mt-4" href=(paths::SIGN_IN) { "Sign in" }
        } @else {
            p class="muted" { "A letter with a link is sent to your address." }
            form method="post" action=(paths::FORGOTTEN) class="fields" novalidate {
                (Control::new("email", "Email").required().errors(issues::at(view.issues, "email"))
                    .input("email", view.email, &Input { autofocus: true, ..Input::autocomplete("username") }))
                button class="btn btn-primary btn-wide" type="submit" { "Send the letter" }
            }
            p class="hint" { a class="link" href=(paths::SIGN_IN) { "Back to signing in" } }
        }
    };
    page(view.theme, "Forgotten password", &body)
}

#[derive(Debug, Clone, Copy)]
pub struct ResetPage<'a> {
    pub theme: Theme,
    /// The last part of the link.
    pub secret: &'a str,
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
    /// Fewest characters of a password.
    pub password_min: usize,
}

/// POST to [`paths::reset`]: `password`.
pub fn reset(view: &ResetPage<'_>) -> Markup {
    let body = html! {
        h1 { "Choose a new password" }
        (fault(view.fault))
        form method="post" action=(paths::reset(view.secret)) class="fields" novalidate {
            (Control::new("password", "New password").required().errors(issues::at(view.issues, "password"))
                .hint(format!("At least {} characters. Several words are better than one.", view.password_min))
                .input("password", "", &Input { autofocus: true, ..Input::autocomplete("new-password") }))
            button class="btn btn-primary btn-wide" type="submit" { "Set the password" }
        }
        p class="hint" { "You are signed out everywhere, and sign in with the new one." }
    };
    page(view.theme, "New password", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_does_not_depend_on_whose_address_it_is() {
        let asked = |email| forgotten(&ForgottenPage { email, asked: true, ..ForgottenPage::default() }).into_string();
        assert_eq!(asked("ruth@halloran.example"), asked("nobody@example.com"));
    }
}
