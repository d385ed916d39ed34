//! One's own account: password, API tokens and sessions.

use crate::control::{Control, Input, Width};
use crate::format::{moment, when};
use crate::icon::icon;
use crate::issues;
use crate::paths;
use crate::shell::{Head, Shell};
use lignaflow_core::clock::Micros;
use lignaflow_core::error::Issue;
use maud::{Markup, html};

/// A token as it is listed: its secret is known to nobody any more.
#[derive(Debug, Clone)]
pub struct Token {
    pub id: String,
    pub name: String,
    /// What it may do, in words: `everything you may`, `read only`.
    pub scope: String,
    pub created_at: Micros,
    pub expires_at: Option<Micros>,
    pub last_used_at: Option<Micros>,
    pub expired: bool,
}

/// A signed-in browser.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: String,
    /// As the browser calls itself, shortened.
    pub device: String,
    pub address: String,
    pub last_seen_at: Micros,
    /// The one that shows this page.
    pub current: bool,
}

/// A fixed choice of a form: value and title.
pub type Titled = (&'static str, &'static str);

/// How long a new token lives: the values that `expires` may have, in days, with nothing for never.
pub const TOKEN_LIVES: [Titled; 4] = [("30", "30 days"), ("90", "90 days"), ("365", "A year"), ("", "Never")];

#[derive(Debug, Clone, Copy)]
pub struct AccountPage<'a> {
    pub tokens: &'a [Token],
    pub sessions: &'a [Session],
    /// A token just made, with its secret, shown this once.
    pub made: Option<(&'a str, &'a str)>,
    /// What a token may be limited to: values of `scope` with their titles, the first one preset.
    pub scopes: &'a [(&'a str, &'a str)],
    /// The name typed for a token that could not be made.
    pub token_name: &'a str,
    /// Issues of `name`, `scope` and `expires` of a token, and of `current` and `password`.
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
    /// Whether they signed in by PIN on an enrolled device.
    pub by_pin: bool,
    pub password_min: usize,
    /// One's own language and time zone; empty where the organization's apply.
    pub locale: &'a str,
    pub time_zone: &'a str,
}

/// The names of every field on the page, for the summary of issues.
fn fields() -> [(&'static str, String); 12] {
    [
        ("full_name", "Your name".to_owned()),
        ("locale", "Language and region".to_owned()),
        ("time_zone", "Time zone".to_owned()),
        ("name", "Name of the token".to_owned()),
        ("scope", "What it may do".to_owned()),
        ("expires", "Lives for".to_owned()),
        ("current", "Password now".to_owned()),
        ("password", "New password".to_owned()),
        ("email", "New address".to_owned()),
        ("proof", "Password now".to_owned()),
        ("pin_now", "PIN now".to_owned()),
        ("pin", "New PIN".to_owned()),
    ]
}

pub fn page(shell: &Shell, view: &AccountPage<'_>) -> Markup {
    let body = html! {
        (issues::summary(view.issues, &fields(), view.fault))
        (shell.password_note())
        @if let Some((name, secret)) = view.made { (made(name, secret)) }
        div class="band mt-4" {
            div class="stack" {
                (profile(shell, view))
                // Who came by PIN has no password here, and makes no token.
                @if !view.by_pin { (tokens(shell, view)) }
                (sessions(shell, view.sessions))
                @if view.by_pin { (pin(view)) } @else { (password(shell, view)) }
                (along())
            }
        }
    };
    shell.page(&Head { title: "Account", ..Head::default() }, &body)
}

/// What is held of whoever reads it, as a file.
fn along() -> Markup {
    html! {
        section aria-labelledby="h-along" {
            div class="row-head" { h2 id="h-along" { "What is held of you" } }
            p class="muted" { "Your account, what was written down of it, and the records that refer to you and that you may read. To have it erased, ask an administrator." }
            p class="mt-4" { a class="btn" href=(paths::ACCOUNT_EXPORT) download { (icon("export")) "Take it along as a file" } }
        }
    }
}

fn made(name: &str, secret: &str) -> Markup {
    html! {
        div class="band" {
            section class="note note-info token-made" role="status" aria-labelledby="h-made" {
                (icon("key"))
                div {
                    h2 id="h-made" { "Token " (name) }
                    p { "Copy it now: it is shown this once, and nobody can read it again." }
                    p class="token" { lf-copy data-text=(secret) { code class="code" { (secret) } } }
                    p class="hint" { "Send it as " span class="code" { "Authorization: Bearer …" } }
                }
            }
        }
    }
}

fn profile(shell: &Shell, view: &AccountPage<'_>) -> Markup {
    let control = |name: &'static str, label: &'static str| {
        Control::new(name, label).width(Width::Third).errors(issues::at(view.issues, name))
    };
    let plain = |placeholder| Input { spellcheck: Some("false"), placeholder: Some(placeholder), ..Input::default() };
    html! {
        section aria-labelledby="h-profile" {
            div class="row-head" { h2 id="h-profile" { "You" } }
            form class="inline-form" method="post" action=(paths::ACCOUNT_PROFILE) novalidate {
                div class="fields" {
                    (control("full_name", "Your name").required().input("text", &shell.person.name, &Input::autocomplete("name")))
                    (control("locale", "Language and region").input("text", view.locale, &plain("As the organization")))
                    (control("time_zone", "Time zone").input("text", view.time_zone, &plain("As the organization")))
                }
                button class="btn" type="submit" { "Save" }
            }
        }
    }
}

fn tokens(shell: &Shell, view: &AccountPage<'_>) -> Markup {
    let reader = &shell.reader;
    let control =
        |name: &'static str, label: &'static str| Control::new(name, label).errors(issues::at(view.issues, name));
    html! {
        section aria-labelledby="h-tokens" {
            div class="row-head" {
                h2 id="h-tokens" { "API tokens" }
                span class="faint hide-phone" { "for programs that act for you, with no more rights than you have" }
            }
            @if !view.tokens.is_empty() {
                table class="table" {
                    caption class="visually-hidden" { "Your API tokens" }
                    thead {
                        tr {
                            th scope="col" { "Name" } th scope="col" class="p2" { "May" } th scope="col" class="p3" { "Made" }
                            th scope="col" class="p2" { "Last used" } th scope="col" { "Until" } th scope="col" { span class="visually-hidden" { "Revoke" } }
                        }
                    }
                    tbody {
                        @for token in view.tokens {
                            tr {
                                th scope="row" { span class="primary" { (token.name) } }
                                td class="p2 muted" { (token.scope) }
                                td class="p3 muted" { (when(token.created_at, reader)) }
                                td class="p2 muted" { (token.last_used_at.map_or_else(|| "never".to_owned(), |at| when(at, reader))) }
                                td {
                                    @match token.expires_at {
                                        Some(at) if token.expired => span class="tag tag-bad" { "Expired " (when(at, reader)) },
                                        Some(at) => (when(at, reader)),
                                        None => span class="faint" { "no end" },
                                    }
                                }
                                td class="fit" {
                                    form method="post" action=(paths::token_revoke(&token.id)) {
                                        button class="btn btn-small btn-danger" type="submit" aria-label={ "Revoke " (token.name) } { "Revoke" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            form class="inline-form mt-4" method="post" action=(paths::ACCOUNT_TOKENS) novalidate {
                div class="fields" {
                    (control("name", "Name of the token").width(Width::Third).required()
                        .input("text", view.token_name, &Input { autocomplete: Some("off"), placeholder: Some("Payroll export"), ..Input::default() }))
                    (control("scope", "What it may do").width(Width::Third)
                        .select(view.scopes.iter().copied(), view.scopes.first().map_or("", |(value, _)| value)))
                    (control("expires", "Lives for").width(Width::Third).select(TOKEN_LIVES, "90"))
                }
                button class="btn" type="submit" { (icon("plus")) "Make a token" }
            }
        }
    }
}

fn sessions(shell: &Shell, sessions: &[Session]) -> Markup {
    html! {
        section aria-labelledby="h-sessions" {
            div class="row-head" {
                h2 id="h-sessions" { "Signed in" }
                span class="faint hide-phone" { "revoke what you do not know" }
                @if sessions.len() > 1 {
                    form method="post" action=(paths::ACCOUNT_SESSIONS_END) {
                        button class="btn btn-small" type="submit" { "Sign out everywhere else" }
                    }
                }
            }
            table class="table" {
                caption class="visually-hidden" { "Browsers that are signed in as you" }
                thead {
                    tr {
                        th scope="col" { "Browser" } th scope="col" class="p2" { "Address" } th scope="col" { "Last seen" }
                        th scope="col" { span class="visually-hidden" { "Revoke" } }
                    }
                }
                tbody {
                    @for session in sessions {
                        tr {
                            th scope="row" {
                                span class="primary" { (session.device) }
                                @if session.current { " " span class="chip chip-good" { "this one" } }
                            }
                            td class="p2 code" { (session.address) }
                            td { (seen(shell, session)) }
                            td class="fit" {
                                @if session.current {
                                    form method="post" action=(paths::SIGN_OUT) { button class="btn btn-small" type="submit" { "Sign out" } }
                                } @else {
                                    form method="post" action=(paths::session_revoke(&session.id)) {
                                        button class="btn btn-small btn-danger" type="submit" aria-label={ "Revoke " (session.device) } { "Revoke" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn seen(shell: &Shell, session: &Session) -> String {
    if session.current { "now".to_owned() } else { moment(session.last_seen_at, &shell.reader) }
}

fn pin(view: &AccountPage<'_>) -> Markup {
    let control = |name: &'static str, label: &'static str, autofill: &'static str| {
        let input = Input { inputmode: Some("numeric"), ..Input::autocomplete(autofill) };
        Control::new(name, label)
            .width(Width::Third)
            .required()
            .errors(issues::at(view.issues, name))
            .input("password", "", &input)
    };
    html! {
        section aria-labelledby="h-pin" {
            div class="row-head" { h2 id="h-pin" { "PIN" } }
            form class="inline-form" method="post" action=(paths::ACCOUNT_PIN) novalidate {
                div class="fields" {
                    (control("pin_now", "PIN now", "current-password"))
                    (control("pin", "New PIN", "new-password"))
                }
                p class="hint" { "Six to twelve digits. Other devices are signed out." }
                button class="btn" type="submit" { "Change PIN" }
            }
        }
    }
}

fn password(shell: &Shell, view: &AccountPage<'_>) -> Markup {
    let control = |name: &'static str, label: &'static str| {
        Control::new(name, label).width(Width::Third).required().errors(issues::at(view.issues, name))
    };
    html! {
        section aria-labelledby="h-password" {
            div class="row-head" {
                h2 id="h-password" { "Password" }
                a class="link" href=(paths::SECOND_FACTOR) { "Second factor" }
            }
            form class="inline-form" method="post" action=(paths::ACCOUNT_PASSWORD) novalidate {
                // For password managers, which want to know whose it is.
                input type="text" hidden readonly autocomplete="username" value=(shell.person.email) aria-label="Email";
                div class="fields" {
                    (control("current", "Password now").input("password", "", &Input::autocomplete("current-password")))
                    (control("password", "New password").hint(format!("At least {} characters", view.password_min))
                        .input("password", "", &Input::autocomplete("new-password")))
                }
                p class="hint" { "All other browsers are signed out. Tokens stay." }
                button class="btn" type="submit" { "Change password" }
            }
        }
        section aria-labelledby="h-address" {
            div class="row-head" { h2 id="h-address" { "Email" } }
            form class="inline-form" method="post" action=(paths::ACCOUNT_ADDRESS) novalidate {
                div class="fields" {
                    (control("email", "New address").input("email", "", &Input::autocomplete("email")))
                    (control("proof", "Password now").input("password", "", &Input::autocomplete("current-password")))
                }
                p class="hint" { "A letter goes to the new address; it is yours once you open the link in it." }
                button class="btn" type="submit" { "Change address" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    #[test]
    fn a_secret_is_shown_once_and_every_token_can_be_revoked() {
        let token = Token {
            id: "018f".into(),
            name: "Payroll <x>".into(),
            scope: "read only".into(),
            created_at: 1_795_000_000_000_000,
            expires_at: Some(1_795_050_000_000_000),
            last_used_at: None,
            expired: true,
        };
        let view = AccountPage {
            tokens: std::slice::from_ref(&token),
            sessions: &[],
            made: Some(("Payroll", "lf_secret")),
            scopes: &[("all", "Everything you may"), ("read", "Read only")],
            token_name: "",
            issues: &[],
            fault: None,
            password_min: 12,
            locale: "",
            time_zone: "",
            by_pin: false,
        };
        let html = page(&shell(), &view).into_string();
        assert!(html.contains("<code class=\"code\">lf_secret</code>"));
        assert!(html.contains("action=\"/account/tokens/018f/revoke\""));
        assert!(html.contains("aria-label=\"Revoke Payroll &lt;x&gt;\""));
        assert!(html.contains("tag tag-bad\">Expired 12:00"));
    }
}
