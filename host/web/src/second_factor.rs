//! A second factor: turned on with an authenticator, its codes on paper, and proving once more who one is.

use crate::control::{Control, Input, Width};
use crate::door::{Held, carried};
use crate::issues;
use crate::paths;
use crate::qr::{self, Qr};
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::error::Issue;
use maud::{Markup, html};

/// What the page is about to do.
#[derive(Debug, Clone, Copy)]
pub enum SecondFactorState<'a> {
    /// It is to be turned on: the secret, and a code that holds it.
    Begin { secret: &'a str, code: Option<&'a Qr> },
    /// It is on; so many codes on paper are left.
    On { left: i64 },
    /// It was turned on, or has new codes on paper, which are shown this once.
    Codes(&'a [String]),
}

#[derive(Debug, Clone, Copy)]
pub struct SecondFactorPage<'a> {
    pub state: SecondFactorState<'a>,
    /// Whether the organization or the instance asks for one.
    pub demanded: bool,
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
}

pub fn second_factor(shell: &Shell, view: &SecondFactorPage<'_>) -> Markup {
    let body = html! {
        (issues::summary(view.issues, &[("code", "Code".to_owned())], view.fault))
        div class="band mt-4" {
            div class="stack" {
                @match view.state {
                    SecondFactorState::Begin { secret, code } => (begin(view, secret, code)),
                    SecondFactorState::On { left } => (on(view, left)),
                    SecondFactorState::Codes(codes) => (paper(codes)),
                }
            }
        }
    };
    let crumbs = vec![Crumb { title: "Account", href: paths::ACCOUNT.to_owned() }];
    shell.page(&Head { title: "Second factor", crumbs, ..Head::default() }, &body)
}

fn begin(view: &SecondFactorPage<'_>, secret: &str, code: Option<&Qr>) -> Markup {
    html! {
        @if view.demanded { p class="note note-info" { "Your organization asks for a second factor. You go on once it is on." } }
        section aria-labelledby="h-scan" {
            div class="row-head" { h2 id="h-scan" { "1. Scan it with an authenticator" } }
            @if let Some(code) = code { (qr::svg(code, "The secret as a QR code")) }
            p class="hint" { "Or type: " lf-copy data-text=(secret) { code class="code" { (secret) } } }
        }
        section aria-labelledby="h-code" {
            div class="row-head" { h2 id="h-code" { "2. Type the code that it shows" } }
            form class="inline-form" method="post" action=(paths::SECOND_FACTOR) novalidate {
                (Control::new("code", "Code").width(Width::Third).required().errors(issues::at(view.issues, "code"))
                    .input("text", "", &Input { inputmode: Some("numeric"), ..Input::autocomplete("one-time-code") }))
                button class="btn btn-primary" type="submit" { "Turn it on" }
            }
            p class="hint" { "From then on it is asked for at every sign-in. Your other sessions end." }
        }
    }
}

fn on(view: &SecondFactorPage<'_>, left: i64) -> Markup {
    html! {
        section aria-labelledby="h-on" {
            div class="row-head" { h2 id="h-on" { "It is on" } }
            p { (left) " codes on paper are left." }
            form method="post" action=(paths::SECOND_FACTOR_CODES) { button class="btn mt-4" type="submit" { "New codes on paper" } }
            @if view.demanded { p class="hint mt-4" { "Your organization asks for it, so it stays on." } }
            @else { form method="post" action=(paths::SECOND_FACTOR_OFF) { button class="btn btn-danger mt-4" type="submit" { "Turn it off" } } }
        }
    }
}

fn paper(codes: &[String]) -> Markup {
    html! {
        section class="note note-info" role="status" aria-labelledby="h-paper" {
            div {
                h2 id="h-paper" { "Your codes on paper" }
                p { "Each stands in for the authenticator once. They are shown now and never again." }
                ul { @for code in codes { li { code class="code" { (code) } } } }
                a class="btn mt-4" href=(paths::ACCOUNT) { "I have written them down" }
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct ProvePage<'a> {
    /// Where to go afterwards.
    pub next: &'a str,
    /// Whether a code is asked for as well.
    pub code: bool,
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
    /// A form that is sent once it is proved.
    pub held: Option<Held<'a>>,
}

/// POST to [`paths::PROVE`]: `password`, `code`, `next`.
pub fn prove(shell: &Shell, view: &ProvePage<'_>) -> Markup {
    let control = |name: &'static str, label: &'static str| {
        Control::new(name, label).width(Width::Half).required().errors(issues::at(view.issues, name))
    };
    let fields = [("password", "Password".to_owned()), ("code", "Code".to_owned())];
    let body = html! {
        (issues::summary(view.issues, &fields, view.fault))
        div class="band mt-4" {
            p { "What you are about to do takes that you have proved who you are within ten minutes." @if view.held.is_some() { " What you typed is kept." } }
            form class="inline-form mt-4" method="post" action=(paths::PROVE) novalidate {
                @if paths::is_local(view.next) { input type="hidden" name="next" value=(view.next); }
                (carried(view.held))
                input type="text" hidden readonly autocomplete="username" value=(shell.person.email) aria-label="Email";
                div class="fields" {
                    (control("password", "Password").input("password", "", &Input { autofocus: true, ..Input::autocomplete("current-password") }))
                    @if view.code {
                        (control("code", "Code of your authenticator").hint("Or one of those on paper").input("text", "", &Input::autocomplete("one-time-code")))
                    }
                }
                button class="btn btn-primary" type="submit" { "Go on" }
            }
        }
    };
    shell.page(&Head { title: "Is it you?", ..Head::default() }, &body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    #[test]
    fn what_an_organization_asks_for_is_not_offered_to_be_turned_off() {
        let page = |demanded| {
            let state = SecondFactorState::On { left: 7 };
            second_factor(&shell(), &SecondFactorPage { state, demanded, issues: &[], fault: None }).into_string()
        };
        assert!(
            page(false).contains("/account/second-factor/off") && !page(true).contains("/account/second-factor/off")
        );
    }

    #[test]
    fn nobody_is_sent_elsewhere_after_proving_who_they_are() {
        let page =
            |next| prove(&shell(), &ProvePage { next, code: true, issues: &[], fault: None, held: None }).into_string();
        assert!(page("/account").contains("value=\"/account\"") && !page("//evil.example").contains("evil"));
    }
}
