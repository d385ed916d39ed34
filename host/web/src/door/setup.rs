//! First run: the organization and its owner.

use super::{COUNTRIES, Typed, country, wide};
use crate::control::{Control, Input, Width};
use crate::document::Theme;
use crate::issues;
use crate::paths;
use crate::zones;
use lignaflow_core::error::Issue;
use maud::{Markup, html};

/// Names of the posted fields, with what each is called where an issue is told. `secret` comes unseen beside them.
/// `time_zone` and `currency` may come empty: then they are as usual in the country ([`country`]).
pub fn fields() -> [(&'static str, String); 7] {
    [
        ("organization", "Name of the organization".to_owned()),
        ("country", "Country".to_owned()),
        ("time_zone", "Time zone".to_owned()),
        ("currency", "Currency".to_owned()),
        ("name", "Your name".to_owned()),
        ("email", "Email".to_owned()),
        ("password", "Password".to_owned()),
    ]
}

#[derive(Debug, Clone, Copy)]
pub struct SetupPage<'a> {
    pub theme: Theme,
    /// The secret of the one-time address, carried through the form.
    pub secret: &'a str,
    pub typed: &'a Typed,
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
    /// Fewest characters of a password.
    pub password_min: usize,
    /// Where it is not the first organization: the address to post to, and the one of mail that is theirs.
    pub signing_up: Option<(&'a str, &'a str)>,
}

/// POST to [`paths::SETUP`], or to [`paths::sign_up`].
pub fn setup(view: &SetupPage<'_>) -> Markup {
    let text = |name: &str| view.typed.get(name).map_or("", String::as_str);
    let control =
        |name: &'static str, label: &'static str| Control::new(name, label).errors(issues::at(view.issues, name));
    let chosen = view.typed.get("country").map_or("AU", String::as_str);
    let usual = country(chosen).unwrap_or(&COUNTRIES[0]);
    let countries = COUNTRIES.iter().map(|country| (country.code, country.name));
    let mut currencies: Vec<&str> = COUNTRIES.iter().map(|country| country.currency).collect();
    currencies.sort_unstable();
    currencies.dedup();
    let usual_currency = format!("As usual: {}", usual.currency);
    let currency_options: Vec<(&str, &str)> =
        std::iter::once(("", usual_currency.as_str())).chain(currencies.iter().map(|code| (*code, *code))).collect();
    let action = view.signing_up.map_or(paths::SETUP, |(action, _)| action);
    let title = if view.signing_up.is_some() { "Make your organization" } else { "Set up LignaFlow" };
    let body = html! {
        h1 { (title) }
        p class="muted" { "One organization to begin with, and you as its owner. Everything here can be changed later." }
        (issues::summary(view.issues, &fields(), view.fault))
        lf-form {
            lf-setup {
                form method="post" action=(action) novalidate {
                    @if view.signing_up.is_none() { input type="hidden" name="secret" value=(view.secret); }
                    fieldset class="door-section" {
                        legend { "Organization" }
                        div class="fields" {
                            (control("organization", "Name of the organization").required()
                                .input("text", text("organization"), &Input { autofocus: view.issues.is_empty(), ..Input::autocomplete("organization") }))
                            (control("country", "Country").width(Width::Full).select(countries, chosen))
                            (control("time_zone", "Time zone").width(Width::Half)
                                .input("text", text("time_zone"), &Input { list: Some(zones::LIST), placeholder: Some(usual.zone), spellcheck: Some("false"), autocomplete: Some("off"), ..Input::default() }))
                            (control("currency", "Currency").width(Width::Half).select(currency_options, text("currency")))
                            p class="hint" id="usual" { "Left as they are, zone and currency follow the country." }
                        }
                    }
                    fieldset class="door-section" {
                        legend { "Owner" }
                        div class="fields" {
                            (control("name", "Your name").required().input("text", text("name"), &Input::autocomplete("name")))
                            @if let Some((_, address)) = view.signing_up {
                                div class="field" {
                                    span class="label" { "Email" }
                                    p { (address) }
                                    input type="text" hidden readonly autocomplete="username" value=(address) aria-label="Email";
                                }
                            } @else {
                                (control("email", "Email").required().input("email", text("email"), &Input::autocomplete("username")))
                            }
                            (control("password", "Password").required().hint(format!("At least {} characters. Several words are better than one.", view.password_min))
                                .input("password", "", &Input::autocomplete("new-password")))
                        }
                    }
                    button class="btn btn-primary btn-wide" type="submit" { "Make the organization" }
                    (zones::list())
                    // What script puts beside zone and currency when the country changes.
                    datalist id="countries" {
                        @for country in COUNTRIES { option value=(country.code) data-zone=(country.zone) data-currency=(country.currency) {} }
                    }
                }
            }
        }
    };
    wide(view.theme, title, "door door-wide", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_attempt_keeps_what_was_typed_but_for_the_password() {
        let typed: Typed = [("organization", "Halloran & Beck"), ("country", "NZ"), ("password", "oak")]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into();
        let issues = [Issue::new("/password", "too-short", "At least 12 characters")];
        let view = SetupPage {
            theme: Theme::System,
            secret: "s3",
            typed: &typed,
            issues: &issues,
            fault: None,
            password_min: 12,
            signing_up: None,
        };
        let html = setup(&view).into_string();
        assert!(html.contains("value=\"Halloran &amp; Beck\""));
        assert!(html.contains("placeholder=\"Pacific/Auckland\""));
        assert!(html.contains("As usual: NZD"));
        assert!(html.contains("href=\"#f-password\""));
        assert!(html.contains("name=\"secret\" value=\"s3\""));
        assert!(!html.contains("\"oak\""));
        assert!(html.contains("Australia/Perth"));
    }
}
