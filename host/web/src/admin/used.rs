//! What a plugin used over a day, on all hosts: charts drawn by the server, with the figures in a table behind them; and
//! what of it is set aside.

use super::plugin::PluginPage;
use crate::format::{bytes, count, integer, machine, moment, when};
use crate::icon::icon;
use crate::paths;
use crate::reader::Reader;
use crate::shell::Shell;
use lignaflow_core::clock::Micros;
use maud::{Markup, html};

/// What it used in an hour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsedRow {
    pub since: Micros,
    /// Empty where it is of all versions.
    pub version: String,
    pub calls: u64,
    /// Of these: what the plugin refused, what ended in a fault of its own, and what was not let in, since it was busy, set
    /// aside or not granted.
    pub refused: u64,
    pub faults: u64,
    pub turned_away: u64,
    /// How many calls ended how.
    pub outcomes: Vec<(&'static str, u64)>,
    /// Microseconds that half, 95 and 99 of a hundred calls were done within.
    pub within: Option<[u64; 3]>,
    /// Microseconds of computing.
    pub cpu: u64,
    /// The most instances at a time.
    pub instances: u64,
    /// The most memory that one call had, in bytes.
    pub memory: u64,
    pub rows: u64,
    pub bytes: u64,
    pub denied: u64,
}

/// What it used over a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsedView {
    /// Each of 24 hours, the last one last, of the version that is looked at or of all.
    pub hours: Vec<UsedRow>,
    /// All of them together.
    pub day: UsedRow,
    /// By hour and version, those alone in which something was, the last ones first.
    pub rows: Vec<UsedRow>,
    /// The versions that were called.
    pub versions: Vec<String>,
    /// The one that is looked at.
    pub version: Option<String>,
}

/// A part that kept failing and is not called any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsideRow {
    pub kind: String,
    pub name: String,
    /// What it failed with last.
    pub fault: String,
    pub since: Micros,
    /// In every organization; else in this one.
    pub everywhere: bool,
}

impl AsideRow {
    /// What it is, in words.
    fn said(&self) -> String {
        match self.kind.as_str() {
            "before-save" => "Its rules for what is saved".to_owned(),
            "subscriber" => "What it does when it is told of changes".to_owned(),
            kind => format!("Its {kind} `{}`", self.name),
        }
    }
}

pub(super) fn asides(shell: &Shell, view: &PluginPage<'_>) -> Markup {
    html! {
        @for aside in view.asides {
            div class="band" {
                div class="note note-bad" role="status" {
                    (icon("alert"))
                    div {
                        p {
                            b { (aside.said()) } " kept failing for several " @if aside.everywhere { "organizations and is set aside everywhere" } @else { "people and is set aside here" } " since " (when(aside.since, &shell.reader)) ": "
                            (aside.fault) ". " @if aside.kind == "before-save" { "Until it is called again, its collections take no changes." }
                        }
                        @if view.may_install {
                            form class="mt-2" method="post" action=(paths::plugin_call_again(&view.descriptor.id)) {
                                input type="hidden" name="kind" value=(aside.kind);
                                input type="hidden" name="name" value=(aside.name);
                                button class="btn btn-small" type="submit" { (icon("play")) "Call it again" }
                            }
                        }
                    }
                }
            }
            div class="mt-4" {}
        }
    }
}

/// Microseconds as people read them.
fn took(micros: u64) -> String {
    let (whole, tenth) = (micros / 1_000, micros % 1_000 / 100);
    if micros >= 1_000_000 {
        format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000)
    } else {
        format!("{whole}.{tenth} ms")
    }
}

fn number(value: u64, reader: &Reader) -> String {
    integer(i64::try_from(value).unwrap_or(i64::MAX), &reader.locale)
}

pub(super) fn section(shell: &Shell, view: &PluginPage<'_>) -> Markup {
    let (reader, used) = (&shell.reader, view.used);
    html! {
        section aria-labelledby="used" {
            div class="row-head" {
                h2 id="used" tabindex="-1" { "What it used" }
                span class="faint hide-phone" { "in 24 hours, on all servers" }
            }
            @if used.versions.len() > 1 { (versions(&paths::plugin(&view.descriptor.id), used)) }
            @if used.day.calls == 0 && used.day.denied == 0 {
                p class="faint" { "It was not called." }
            } @else {
                (charts(reader, used))
                details class="chart-table" { summary class="link small" { "As a table" } (table(reader, &used.rows)) }
            }
        }
    }
}

/// Which version is looked at.
fn versions(page: &str, used: &UsedView) -> Markup {
    let tab = |name: &str, href: String, on: bool| {
        html! { a href=(href) aria-current=[on.then_some("page")] { (name) } }
    };
    html! {
        nav class="tabs" aria-label="Version" {
            (tab("All versions", format!("{page}#used"), used.version.is_none()))
            @for version in &used.versions {
                (tab(version, format!("{page}?version={version}#used"), used.version.as_ref() == Some(version)))
            }
        }
    }
}

fn charts(reader: &Reader, used: &UsedView) -> Markup {
    let (hours, day) = (&used.hours, &used.day);
    let said = |value: u64, one: &str, many: &str| count(whole(value), one, many, &reader.locale);
    let answered = |row: &UsedRow| row.calls.saturating_sub(row.refused + row.faults + row.turned_away);
    let ends: Vec<(&str, String)> = [
        ("", answered(day), "answered"),
        ("b2", day.refused, "refused"),
        ("fault", day.faults, "failed"),
        ("b3", day.turned_away, "not let in"),
    ]
    .into_iter()
    .filter(|(_, calls, _)| *calls > 0)
    .map(|(class, calls, how)| (class, format!("{} {how}", number(calls, reader))))
    .collect();
    let [half, most, nearly] = day.within.unwrap_or_default();
    let times = [
        ("b1", format!("half within {}", took(half))),
        ("", format!("95 of 100 within {}", took(most))),
        ("b4", format!("99 within {}", took(nearly))),
    ];
    html! {
        div class="plots" {
            (plot("Calls", &number(day.calls, reader), &ends, hours, |row| vec![
                ("b3", row.calls),
                ("fault", row.calls.saturating_sub(row.turned_away)),
                ("b2", answered(row) + row.refused),
                ("", answered(row)),
            ]))
            (plot("Time", if day.within.is_some() { "of those let in" } else { "none" }, if day.within.is_some() { &times } else { &[] }, hours, |row| {
                let [half, most, nearly] = row.within.unwrap_or_default();
                vec![("b4", nearly), ("", most), ("b1", half)]
            }))
            (plot("Computing", &format!("{} in all", took(day.cpu)), &[], hours, |row| vec![("", row.cpu)]))
            (plot("Instances at a time", &format!("at most {}", number(day.instances, reader)), &[], hours, |row| vec![("", row.instances)]))
            (plot("Memory of a call", &format!("at most {}", bytes(day.memory, &reader.locale)), &[], hours, |row| vec![("", row.memory)]))
            (plot("Rows handed to it", &number(day.rows, reader), &[], hours, |row| vec![("", row.rows)]))
            (plot("Bytes handed to it", &bytes(day.bytes, &reader.locale), &[], hours, |row| vec![("", row.bytes)]))
            (plot("Denied", &said(day.denied, "time", "times"), &[], hours, |row| vec![("fault", row.denied)]))
        }
    }
}

fn whole(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Bars for each hour, one before the other from the tallest on, and what each colour is of.
fn plot(
    title: &str,
    said: &str,
    parts: &[(&str, String)],
    rows: &[UsedRow],
    of: impl Fn(&UsedRow) -> Vec<(&'static str, u64)>,
) -> Markup {
    let most = rows.iter().flat_map(&of).map(|(_, value)| value).max().unwrap_or(0).max(1);
    let height = |value: u64| if value == 0 { 0 } else { (u128::from(value) * 560 / u128::from(most)).max(10) };
    let tenths = |value: u128| format!("{}.{}", value / 10, value % 10);
    html! {
        figure class="plot" {
            figcaption {
                b { (title) } " " span class="faint" { (said) }
                @if !parts.is_empty() {
                    ul class="legend" {
                        @for (class, part) in parts {
                            li { svg class="spark plot-bars swatch" width="10" height="10" aria-hidden="true" { rect class=[Some(class).filter(|class| !class.is_empty())] width="10" height="10" {} } (part) }
                        }
                    }
                }
            }
            svg class="spark plot-bars" viewBox="0 0 120 60" preserveAspectRatio="none" role="img" aria-label={ (title) ": " (said) @for (_, part) in parts { ", " (part) } } {
                @for (at, row) in rows.iter().take(24).enumerate() {
                    rect class="ground" x=(at * 5) y="59.5" width="4" height="0.5" {}
                    @for (class, value) in of(row).into_iter().filter(|(_, value)| *value > 0) {
                        @let tall = height(value);
                        rect class=[Some(class).filter(|class| !class.is_empty())] x=(at * 5) y=(tenths(600 - tall)) width="4" height=(tenths(tall)) {}
                    }
                }
            }
        }
    }
}

fn table(reader: &Reader, rows: &[UsedRow]) -> Markup {
    html! {
        div class="scroll-x" {
            table class="table table-hours" {
                caption class="visually-hidden" { "What it used, by the hour and version" }
                thead {
                    tr {
                        th scope="col" { "From" } th scope="col" class="num" { "Calls" } th scope="col" { "How they ended" }
                        th scope="col" class="num" { "50, 95, 99 of 100" } th scope="col" class="num" { "Computing" }
                        th scope="col" class="num" { "Instances" } th scope="col" class="num" { "Memory" } th scope="col" class="num" { "Rows" }
                        th scope="col" class="num" { "Bytes" } th scope="col" class="num" { "Denied" }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" class="nowrap" { time datetime=(machine(row.since, reader)) { (moment(row.since, reader)) } span class="sub code" { (row.version) } }
                            td class="num" { (number(row.calls, reader)) }
                            td { @for (at, (how, calls)) in row.outcomes.iter().enumerate() { @if at > 0 { ", " } (number(*calls, reader)) " " (how) } }
                            td class="num nowrap" { @if let Some([half, most, nearly]) = row.within { (took(half)) ", " (took(most)) ", " (took(nearly)) } }
                            td class="num nowrap" { (took(row.cpu)) }
                            td class="num" { (number(row.instances, reader)) }
                            td class="num nowrap" { (bytes(row.memory, &reader.locale)) }
                            td class="num" { (number(row.rows, reader)) }
                            td class="num nowrap" { (bytes(row.bytes, &reader.locale)) }
                            td class="num" { (number(row.denied, reader)) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    fn busy() -> UsedRow {
        UsedRow {
            version: "0.2.0".to_owned(),
            calls: 1_200,
            refused: 100,
            faults: 3,
            turned_away: 97,
            outcomes: vec![("answered", 1_000), ("refused", 100), ("trapped", 3), ("busy", 97)],
            within: Some([900, 12_300, 1_250_000]),
            cpu: 2_500_000,
            instances: 7,
            memory: 2 << 20,
            rows: 4_321,
            bytes: 64_000,
            denied: 2,
            ..UsedRow::default()
        }
    }

    #[test]
    fn a_day_is_drawn_with_all_of_its_figures_and_told() {
        let used = UsedView {
            hours: vec![UsedRow::default(), busy()],
            day: busy(),
            rows: vec![busy()],
            versions: vec!["0.1.0".to_owned(), "0.2.0".to_owned()],
            version: Some("0.2.0".to_owned()),
        };
        let shell = shell();
        let html = charts(&shell.reader, &used).into_string();
        for told in [
            "Calls: 1,200, 1,000 answered, 100 refused, 3 failed, 97 not let in",
            "Time: of those let in, half within 0.9 ms, 95 of 100 within 12.3 ms, 99 within 1.2 s",
            "Computing: 2.5 s in all",
            "Instances at a time: at most 7",
            "Rows handed to it: 4,321",
            "Bytes handed to it: 64 kB",
            "Denied: 2 times",
        ] {
            assert!(html.contains(&format!("aria-label=\"{told}\"")), "{told}: {html}");
        }
        assert_eq!(html.matches("<svg class=\"spark plot-bars\" ").count(), 8);
        // Of 1,200 calls 1,103 were let in, 1,100 did not fail, and 1,000 were answered: bars of 56 units at most.
        for (class, top) in
            [(" class=\"b3\"", "4.0"), (" class=\"fault\"", "8.6"), (" class=\"b2\"", "8.7"), ("", "13.4")]
        {
            assert!(html.contains(&format!("<rect{class} x=\"5\" y=\"{top}\"")), "{class} {top}: {html}");
        }
        let html = table(&shell.reader, &used.rows).into_string();
        assert!(html.contains("1,000 answered, 100 refused, 3 trapped, 97 busy") && html.contains("0.2.0"), "{html}");
        let html = versions("/admin/plugins/tools", &used).into_string();
        assert!(html.contains("href=\"/admin/plugins/tools?version=0.1.0#used\">0.1.0"), "{html}");
        assert!(html.contains("aria-current=\"page\">0.2.0"), "{html}");
    }
}
