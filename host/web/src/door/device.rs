//! On a device: enrolling it, and signing in on it by a name and a PIN.

use super::held::{Held, carried};
use super::{fault, page};
use crate::control::{Control, Input};
use crate::document::Theme;
use crate::paths;
use maud::{Markup, html};

#[derive(Debug, Clone, Copy)]
pub struct EnrolPage<'a> {
    pub theme: Theme,
    /// The last part of the link.
    pub secret: &'a str,
    pub device: &'a str,
    pub organization: &'a str,
}

/// POST to [`paths::enrol`], of nothing.
pub fn enrol(view: &EnrolPage<'_>) -> Markup {
    let body = html! {
        h1 { "Enrol this device" }
        p { "This browser is to be " b { (view.device) } " of " b { (view.organization) } ". Members with a PIN sign in on it; nothing else changes." }
        form method="post" action=(paths::enrol(view.secret)) class="mt-4" {
            button class="btn btn-primary btn-wide" type="submit" autofocus { "Enrol this device" }
        }
    };
    page(view.theme, "Enrol this device", &body)
}

#[derive(Debug, Clone, Copy, Default)]
pub struct PinPage<'a> {
    pub theme: Theme,
    pub device: &'a str,
    pub organization: &'a str,
    /// As it was typed. A PIN is never shown again.
    pub username: &'a str,
    /// Where to go afterwards; only a path for which [`paths::is_local`] holds is kept.
    pub next: &'a str,
    pub fault: Option<&'a str>,
    /// A form that is sent once somebody has signed in.
    pub held: Option<Held<'a>>,
}

/// POST to [`paths::SIGN_IN_PIN`]: `username`, `pin`, `next`.
pub fn pin(view: &PinPage<'_>) -> Markup {
    let plain = || Input { autocomplete: Some("off"), spellcheck: Some("false"), ..Input::default() };
    let body = html! {
        h1 { (view.organization) }
        p class="muted" { (view.device) }
        (fault(view.fault))
        @if view.held.is_some() {
            div class="note note-info" role="status" { p { "Your session has ended. What you typed is kept: sign in, and it is sent." } }
        }
        form method="post" action=(paths::SIGN_IN_PIN) class="fields" {
            @if paths::is_local(view.next) { input type="hidden" name="next" value=(view.next); }
            (carried(view.held))
            (Control::new("username", "Name").input("text", view.username, &Input { autofocus: view.username.is_empty(), ..plain() }))
            (Control::new("pin", "PIN").input("password", "", &Input { autofocus: !view.username.is_empty(), inputmode: Some("numeric"), ..plain() }))
            button class="btn btn-primary btn-wide" type="submit" { "Sign in" }
        }
        p class="hint" { a class="link" href={ (paths::SIGN_IN) "?by=password" } { "Sign in with a password" } }
    };
    page(view.theme, "Sign in", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_typed_as_digits_and_never_shown_again() {
        let view = PinPage { username: "ron", fault: Some("No."), next: "//evil.example", ..PinPage::default() };
        let html = pin(&view).into_string();
        assert!(html.contains("value=\"ron\"") && html.contains("inputmode=\"numeric\"") && !html.contains("evil"));
        assert!(html.contains("role=\"alert\""));
    }
}
