//! An invitation, as who was asked opens it.

use super::{Typed, page};
use crate::control::{Control, Input};
use crate::document::Theme;
use crate::issues;
use crate::paths;
use lignaflow_core::error::Issue;
use maud::{Markup, html};

#[derive(Debug, Clone, Copy)]
pub struct JoinPage<'a> {
    pub theme: Theme,
    /// The last part of the link.
    pub secret: &'a str,
    pub organization: &'a str,
    /// Who asks.
    pub by: &'a str,
    /// What they are to be, in words.
    pub role: &'a str,
    /// Whose the invitation is; empty where it is for whoever has the link.
    pub email: &'a str,
    /// Whether that address has an account.
    pub known: bool,
    /// Whether somebody new has a letter sent to their address first.
    pub by_letter: bool,
    /// Whether it is on its way: what is said then does not depend on whose the address is.
    pub written: bool,
    /// Name and address of who is signed in.
    pub signed_in: Option<(&'a str, &'a str)>,
    pub typed: &'a Typed,
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
    /// Fewest characters of a password.
    pub password_min: usize,
}

fn fields() -> [(&'static str, String); 3] {
    [("name", "Your name".to_owned()), ("email", "Email".to_owned()), ("password", "Password".to_owned())]
}

/// POST to [`paths::join`]: nothing from who is signed in; `name`, `email` and `password` from somebody new, or `email`
/// alone where that is written to first.
pub fn join(view: &JoinPage<'_>) -> Markup {
    let address = paths::join(view.secret);
    let sign_in = format!("{}{}", paths::SIGN_IN, paths::query([("next", address.as_str())]));
    let body = html! {
        h1 { "Join " (view.organization) }
        p class="muted" { (view.by) " asks you to join as " (view.role) "." }
        (issues::summary(view.issues, &fields(), view.fault))
        @match view.signed_in {
            Some((name, email)) => {
                form method="post" action=(address) class="fields" {
                    p { "You are signed in as " b { (name) } " " span class="faint" { (email) } "." }
                    button class="btn btn-primary btn-wide" type="submit" { "Join as " (name) }
                }
                form method="post" action=(paths::SIGN_OUT) { button class="btn btn-quiet btn-wide mt-4" type="submit" { "That is not me: sign out" } }
            }
            None if view.known => {
                p { "There is an account of " b { (view.email) } " already." }
                a class="btn btn-primary btn-wide mt-4" href=(sign_in) { "Sign in and join" }
            }
            None if view.written => {
                div class="note note-info" role="status" {
                    p { "A letter is on its way to the address. Open the link in it to go on; it serves for a day." }
                }
                a class="btn btn-wide mt-4" href=(address) { "Take another address" }
            }
            None => {
                @if view.by_letter { p class="muted" { "A letter with a link is sent to your address first." } }
                (form(view, &address))
                p class="hint mt-4" { "You have an account here? " a class="link" href=(sign_in) { "Sign in and join with it" } }
            }
        }
    };
    page(view.theme, "Join", &body)
}

fn form(view: &JoinPage<'_>, address: &str) -> Markup {
    let text = |name: &str| view.typed.get(name).map_or("", String::as_str);
    let control = |name: &'static str, label: &'static str| {
        Control::new(name, label).required().errors(issues::at(view.issues, name))
    };
    html! {
        form method="post" action=(address) class="fields" novalidate {
            @if !view.by_letter { (control("name", "Your name").input("text", text("name"), &Input { autofocus: view.issues.is_empty(), ..Input::autocomplete("name") })) }
            @if view.email.is_empty() {
                (control("email", "Email").input("email", text("email"), &Input { autofocus: view.by_letter, ..Input::autocomplete("username") }))
            } @else {
                div class="field" {
                    span class="label" { "Email" }
                    p { (view.email) }
                    input type="text" hidden readonly autocomplete="username" value=(view.email) aria-label="Email";
                }
            }
            @if !view.by_letter { (control("password", "Password").hint(format!("At least {} characters. Several words are better than one.", view.password_min))
                .input("password", "", &Input::autocomplete("new-password"))) }
            button class="btn btn-primary btn-wide" type="submit" { (if view.by_letter { "Send the letter" } else { "Join" }) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(typed: &Typed) -> JoinPage<'_> {
        JoinPage {
            theme: Theme::System,
            secret: "s3cret",
            organization: "Halloran <& Beck>",
            by: "Ruth",
            role: "a member",
            email: "",
            known: false,
            by_letter: false,
            written: false,
            signed_in: None,
            typed,
            issues: &[],
            fault: None,
            password_min: 8,
        }
    }

    #[test]
    fn somebody_new_somebody_known_and_somebody_signed_in_are_asked_differently() {
        let typed: Typed = [("name", "Sam"), ("password", "oak")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        let new = join(&view(&typed)).into_string();
        assert!(new.contains("value=\"Sam\"") && !new.contains("\"oak\"") && new.contains("&lt;&amp; Beck&gt;"));
        assert!(new.contains("href=\"/sign-in?next=%2Fjoin%2Fs3cret\""));
        let known = join(&JoinPage { email: "sam@example.com", known: true, ..view(&typed) }).into_string();
        assert!(!known.contains("name=\"password\""));
        let signed = join(&JoinPage { signed_in: Some(("Sam", "sam@example.com")), ..view(&typed) }).into_string();
        assert!(signed.contains("Join as Sam") && !signed.contains("name=\"password\""));
    }

    #[test]
    fn who_is_written_to_first_gives_their_address_alone_and_is_told_the_same_of_all() {
        let by_letter = |email: &str, written| {
            let typed: Typed = [("email".to_owned(), email.to_owned())].into();
            join(&JoinPage { by_letter: true, written, ..view(&typed) }).into_string()
        };
        let asked = by_letter("sam@example.com", false);
        assert!(asked.contains("name=\"email\"") && asked.contains("Send the letter"), "{asked}");
        assert!(!asked.contains("name=\"password\"") && !asked.contains("name=\"name\""), "{asked}");
        assert_eq!(by_letter("sam@example.com", true), by_letter("tim@example.com", true));
    }
}
