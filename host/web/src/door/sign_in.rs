//! Signing in.

use super::held::{Held, carried};
use super::{fault, page};
use crate::control::{Control, Input};
use crate::document::Theme;
use crate::paths;
use maud::{Markup, html};

/// The form, again with what was typed where it failed. A password is never shown again.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignInPage<'a> {
    pub theme: Theme,
    pub email: &'a str,
    /// Where to go afterwards; only a path for which [`paths::is_local`] holds is kept.
    pub next: &'a str,
    pub fault: Option<&'a str>,
    /// Said above the form, such as that the session has ended.
    pub notice: Option<&'a str>,
    /// A form that is sent once somebody has signed in.
    pub held: Option<Held<'a>>,
    /// Whether people may make organizations by themselves.
    pub sign_up: bool,
}

/// POST to [`paths::SIGN_IN`]: `email`, `password`, `next`.
pub fn sign_in(view: &SignInPage<'_>) -> Markup {
    let body = html! {
        h1 { "Sign in" }
        (fault(view.fault))
        @if let Some(notice) = view.notice { div class="note note-info" role="status" { p { (notice) } } }
        form method="post" action=(paths::SIGN_IN) class="fields" {
            @if paths::is_local(view.next) { input type="hidden" name="next" value=(view.next); }
            (carried(view.held))
            (Control::new("email", "Email").input("email", view.email, &Input { autofocus: view.email.is_empty(), ..Input::autocomplete("username") }))
            (Control::new("password", "Password").input("password", "", &Input { autofocus: !view.email.is_empty(), ..Input::autocomplete("current-password") }))
            button class="btn btn-primary btn-wide" type="submit" { "Sign in" }
        }
        p class="hint" { a class="link" href=(paths::FORGOTTEN) { "Forgotten your password?" } }
        p class="hint" {
            "No account yet? An administrator of your organization invites you."
            @if view.sign_up { " Or " a class="link" href=(paths::SIGN_UP) { "make an organization of your own" } "." }
        }
    };
    page(view.theme, "Sign in", &body)
}

/// The second step.
#[derive(Debug, Clone, Copy)]
pub struct CodePage<'a> {
    pub theme: Theme,
    /// What the first step handed out.
    pub pending: &'a str,
    pub next: &'a str,
    pub fault: Option<&'a str>,
    /// A form that is sent once somebody has signed in.
    pub held: Option<Held<'a>>,
}

/// POST to [`paths::SIGN_IN_CODE`]: `pending`, `code`, `next`.
pub fn code(view: &CodePage<'_>) -> Markup {
    let body = html! {
        h1 { "Your code" }
        (fault(view.fault))
        form method="post" action=(paths::SIGN_IN_CODE) class="fields" {
            input type="hidden" name="pending" value=(view.pending);
            @if paths::is_local(view.next) { input type="hidden" name="next" value=(view.next); }
            (carried(view.held))
            (Control::new("code", "Code of your authenticator").hint("Or one of those on paper")
                .input("text", "", &Input { autofocus: true, spellcheck: Some("false"), ..Input::autocomplete("one-time-code") }))
            button class="btn btn-primary btn-wide" type="submit" { "Sign in" }
        }
        p class="hint" { a class="link" href=(paths::SIGN_IN) { "Begin again" } }
    };
    page(view.theme, "Sign in", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_kept_but_for_the_password_and_strange_ways_on() {
        let html = sign_in(&SignInPage {
            email: "ruth@halloran.example",
            next: "//evil.example",
            fault: Some("Email and password do not belong together."),
            ..SignInPage::default()
        })
        .into_string();
        assert!(html.contains("value=\"ruth@halloran.example\""));
        assert!(html.contains("role=\"alert\""));
        assert!(!html.contains("evil"));
        assert!(
            sign_in(&SignInPage { next: "/projects/tasks", ..SignInPage::default() })
                .into_string()
                .contains("value=\"/projects/tasks\"")
        );
    }
}
