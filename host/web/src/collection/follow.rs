//! What somebody has of a kept list or report: on their first page, or in their mail. One menu for both.

use crate::blocks::report::Offer;
use crate::icon::icon;
use maud::{Markup, html};

/// Whether a view is on the reader's first page, and how often they are mailed it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Follow {
    /// Where the menu is sent.
    pub action: String,
    pub home: bool,
    /// `daily`, `weekdays`, `weekly`, `monthly`; empty where it is not mailed.
    pub mailed: String,
    /// `link`, `csv`, `xlsx`.
    pub form: String,
    /// What the organization's weeks begin with: `Monday`.
    pub week_starts: &'static str,
    /// Of a report, what its first figure is told in: `hours`, `AUD`, or nothing. Of a list there is none.
    pub unit: Option<String>,
    /// When alone it is mailed: `above` or `below` a figure.
    pub alert: Option<(&'static str, String)>,
    /// Whom else it can be for.
    pub people: Vec<Offer>,
    /// Who else has it, and how, for who may change that.
    pub others: Vec<String>,
}

/// What it is called how often something is mailed.
pub fn times(mailed: &str, week_starts: &str) -> String {
    match mailed {
        "daily" => "every day".to_owned(),
        "weekdays" => "on weekdays".to_owned(),
        "weekly" => format!("on {week_starts}s"),
        "monthly" => "on the first of the month".to_owned(),
        _ => "never".to_owned(),
    }
}

pub(crate) fn menu(follow: &Follow) -> Markup {
    let forms = [("link", "a link"), ("csv", "a CSV file"), ("xlsx", "an Excel file")];
    let has = follow.home || !follow.mailed.is_empty();
    html! {
        lf-menu {
            details class="menu" {
                summary class="btn btn-small btn-quiet" { (icon("bell")) @if has { "Followed" } @else { "Follow" } }
                form class="menu-list menu-ask" method="post" action=(follow.action) {
                    div class="checks" {
                        label class="hit" { input type="checkbox" name="home" value="true" checked[follow.home]; "On the first page" }
                    }
                    div class="field" {
                        label for="follow-mailed" { "Mailed at 7 in the morning" }
                        select class="input" id="follow-mailed" name="mailed" {
                            @for value in ["", "daily", "weekdays", "weekly", "monthly"] {
                                option value=(value) selected[value == follow.mailed] { (times(value, follow.week_starts)) }
                            }
                        }
                    }
                    div class="field" {
                        label for="follow-form" { "As" }
                        select class="input" id="follow-form" name="form" {
                            @for (value, title) in forms { option value=(value) selected[value == follow.form] { (title) } }
                        }
                    }
                    @if let Some(unit) = &follow.unit { (alert(follow, unit)) }
                    @if !follow.people.is_empty() {
                        div class="field" {
                            label for="follow-person" { "For" }
                            select class="input" id="follow-person" name="person" {
                                option value="" { "me" }
                                @for person in &follow.people { option value=(person.value) { (person.title) } }
                            }
                        }
                    }
                    @for other in &follow.others { p class="hint" { (other) } }
                    button class="btn btn-primary" type="submit" { "Save" }
                }
            }
        }
    }
}

/// That it is mailed only where its first figure comes to something.
fn alert(follow: &Follow, unit: &str) -> Markup {
    let (than, figure) = follow.alert.as_ref().map_or(("", ""), |(than, figure)| (*than, figure.as_str()));
    html! {
        div class="field" {
            label for="follow-than" { "Only once its first figure is" }
            select class="input" id="follow-than" name="than" {
                @for (value, title) in [("", "anything"), ("above", "above"), ("below", "below")] {
                    option value=(value) selected[value == than] { (title) }
                }
            }
            input class="input" name="figure" inputmode="decimal" autocomplete="off" value=(figure) maxlength="20"
                aria-label={ "Figure" @if !unit.is_empty() { ", in " (unit) } } placeholder=[(!unit.is_empty()).then_some(unit)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_has_is_chosen_and_others_are_told_by_name() {
        let follow = Follow {
            action: "/t/e/views/9/use".into(),
            home: true,
            mailed: "weekly".into(),
            form: "xlsx".into(),
            week_starts: "Sunday",
            unit: Some("hours".into()),
            alert: Some(("above", "40".into())),
            people: vec![Offer { value: "1".into(), title: "Mia <M>".into() }],
            others: vec!["Ben: on the first page".into()],
        };
        let html = menu(&follow).into_string();
        assert!(html.contains("<option value=\"weekly\" selected>on Sundays") && html.contains("Followed"), "{html}");
        assert!(html.contains("name=\"home\" value=\"true\" checked") && html.contains("Mia &lt;M&gt;"), "{html}");
        assert!(html.contains("value=\"above\" selected") && html.contains("value=\"40\""), "{html}");
        let nothing = menu(&Follow { people: Vec::new(), ..Follow::default() }).into_string();
        assert!(nothing.contains("value=\"\" selected>never") && !nothing.contains("follow-person"), "{nothing}");
    }
}
