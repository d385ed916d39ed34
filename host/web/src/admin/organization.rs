//! What the organization is set to.

use super::accent::accent_controls;
use crate::control::{Control, Input, Width};
use crate::door::{COUNTRIES, Typed};
use crate::issues;
use crate::paths;
use crate::shell::{Head, Shell};
use lignaflow_core::error::Issue;
use maud::{Markup, html};

const DAYS: [(&str, &str); 7] = [
    ("1", "Monday"),
    ("2", "Tuesday"),
    ("3", "Wednesday"),
    ("4", "Thursday"),
    ("5", "Friday"),
    ("6", "Saturday"),
    ("7", "Sunday"),
];
const MONTHS: [(&str, &str); 12] = [
    ("1", "January"),
    ("2", "February"),
    ("3", "March"),
    ("4", "April"),
    ("5", "May"),
    ("6", "June"),
    ("7", "July"),
    ("8", "August"),
    ("9", "September"),
    ("10", "October"),
    ("11", "November"),
    ("12", "December"),
];

const DEMANDS: [(&str, &str); 3] =
    [("nobody", "Nobody"), ("administrators", "Owners and administrators"), ("everybody", "Everybody")];

#[derive(Debug, Clone, Copy)]
pub struct OrganizationPage<'a> {
    /// As it is, or as it was typed: `name`, `country`, `currency`, `time_zone`, `locale`, `week_starts`,
    /// `fiscal_year_starts`, `tax_number`, `accent`, `accent_hue`, `accent_chroma`.
    pub typed: &'a Typed,
    /// For how many years after their last trace people are kept.
    pub retention: i64,
    /// What it is called now.
    pub name: &'a str,
    /// Whether the reader may take it away.
    pub may_remove: bool,
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
}

fn fields() -> [(&'static str, String); 12] {
    [
        ("name", "Name".to_owned()),
        ("country", "Country".to_owned()),
        ("currency", "Currency".to_owned()),
        ("time_zone", "Time zone".to_owned()),
        ("locale", "Language and region".to_owned()),
        ("week_starts", "Weeks begin on".to_owned()),
        ("fiscal_year_starts", "Fiscal years begin in".to_owned()),
        ("tax_number", "Tax number".to_owned()),
        ("confirm", "Its name".to_owned()),
        ("second_factor", "A second factor".to_owned()),
        ("accent_hue", "Its hue".to_owned()),
        ("accent_chroma", "Its strength".to_owned()),
    ]
}

/// POST to [`paths::ORGANIZATION`].
pub fn organization(shell: &Shell, view: &OrganizationPage<'_>) -> Markup {
    let text = |name: &str| view.typed.get(name).map_or("", String::as_str);
    let control = |name: &'static str, label: &'static str| {
        Control::new(name, label).width(Width::Half).errors(issues::at(view.issues, name))
    };
    let country = text("country");
    let mut countries: Vec<(&str, &str)> = COUNTRIES.iter().map(|country| (country.code, country.name)).collect();
    if !country.is_empty() && countries.iter().all(|(code, _)| *code != country) {
        countries.push((country, country));
    }
    let plain = Input { spellcheck: Some("false"), autocomplete: Some("off"), ..Input::default() };
    let body = html! {
        (issues::summary(view.issues, &fields(), view.fault))
        div class="band mt-4" {
            form class="inline-form" method="post" action=(paths::ORGANIZATION) novalidate {
                div class="fields" {
                    (control("name", "Name").required().input("text", text("name"), &Input::autocomplete("organization")))
                    (control("tax_number", "Tax number").input("text", text("tax_number"), &plain))
                    (control("country", "Country").select(countries, country))
                    (control("currency", "Currency").hint("Amounts that are there keep theirs").input("text", text("currency"), &plain))
                    (control("time_zone", "Time zone").input("text", text("time_zone"), &plain))
                    (control("locale", "Language and region").input("text", text("locale"), &plain))
                    (control("week_starts", "Weeks begin on").select(DAYS, text("week_starts")))
                    (control("fiscal_year_starts", "Fiscal years begin in").select(MONTHS, text("fiscal_year_starts")))
                    (control("second_factor", "A second factor is asked of").select(DEMANDS, text("second_factor")))
                    (accent_controls(view.typed, view.issues))
                }
                button class="btn btn-primary" type="submit" { "Save" }
            }
            form class="inline-form mt-6" method="post" action=(paths::RETENTION) novalidate {
                div class="fields" {
                    (control("years", "People are kept for").hint("Years after their last trace. Before, nobody is erased.")
                        .input("number", &view.retention.to_string(), &Input { autocomplete: Some("off"), ..Input::default() }))
                }
                button class="btn" type="submit" { "Keep" }
            }
            @if view.may_remove {
                section class="mt-6" aria-labelledby="h-remove" {
                    div class="row-head" { h2 id="h-remove" { "Take it away" } }
                    p class="muted" {
                        "Records, files, hours, links, roles, tokens and the audit of " (view.name) " go. Whoever belongs to no other organization loses their account. There is no way back but a backup; take along first what the law has you keep."
                    }
                    form class="inline-form" method="post" action=(paths::ORGANIZATION_REMOVE) novalidate {
                        div class="fields" {
                            (control("confirm", "Its name").required().hint("As it stands above").input("text", text("confirm"), &plain))
                        }
                        button class="btn btn-danger" type="submit" { "Take " (view.name) " away" }
                    }
                }
            }
        }
    };
    shell.page(&Head { title: "Organization", sheets: super::SHEETS, ..Head::default() }, &body)
}
