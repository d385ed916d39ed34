//! What a plugin used over a day, on the host that answers: charts drawn by the server, with the figures in a table behind
//! them; and what of it is set aside.

use super::plugin::PluginPage;
use crate::format::{bytes, count, integer, machine, when};
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
    pub calls: u64,
    /// Calls that ended in a fault of the plugin.
    pub faults: u64,
    /// Microseconds that half, 95 and 99 of a hundred calls were done within.
    pub within: Option<[u64; 3]>,
    /// Microseconds of computing.
    pub cpu: u64,
    /// The most memory that one call had, in bytes.
    pub memory: u64,
    pub rows: u64,
    pub bytes: u64,
    pub denied: u64,
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

pub(super) fn section(shell: &Shell, rows: &[UsedRow]) -> Markup {
    let reader = &shell.reader;
    let calls: u64 = rows.iter().map(|row| row.calls).sum();
    let faults: u64 = rows.iter().map(|row| row.faults).sum();
    let said =
        |value: u64, one: &str, many: &str| count(i64::try_from(value).unwrap_or(i64::MAX), one, many, &reader.locale);
    let slowest = rows.iter().filter_map(|row| row.within).map(|within| within[1]).max().unwrap_or(0);
    let most = rows.iter().map(|row| row.memory).max().unwrap_or(0);
    html! {
        section aria-labelledby="h-used" {
            div class="row-head" { h2 id="h-used" { "What it used" } span class="faint hide-phone" { "in 24 hours, on this server" } }
            @if calls == 0 {
                p class="faint" { "It was not called." }
            } @else {
                div class="plots" {
                    (plot("Calls", &format!("{}, {}", said(calls, "call", "calls"), said(faults, "fault", "faults")), rows, |row| (row.calls, row.faults)))
                    (plot("95 of 100 calls within", &format!("at most {} in an hour", took(slowest)), rows, |row| (row.within.map_or(0, |within| within[1]), 0)))
                    (plot("Memory of a call, at most", &bytes(most, &reader.locale), rows, |row| (row.memory, 0)))
                }
                details class="chart-table" { summary class="link small" { "As a table" } (table(reader, rows)) }
            }
        }
    }
}

/// One bar an hour; the second figure is a part of the first.
fn plot(title: &str, said: &str, rows: &[UsedRow], of: impl Fn(&UsedRow) -> (u64, u64)) -> Markup {
    let most = rows.iter().map(|row| of(row).0).max().unwrap_or(0).max(1);
    let height = |value: u64| if value == 0 { 0 } else { (u128::from(value) * 560 / u128::from(most)).max(10) };
    let tenths = |value: u128| format!("{}.{}", value / 10, value % 10);
    html! {
        figure class="plot" {
            figcaption { b { (title) } " " span class="faint" { (said) } }
            svg class="spark plot-bars" viewBox="0 0 120 60" preserveAspectRatio="none" role="img" aria-label={ (title) ": " (said) } {
                @for (at, row) in rows.iter().take(24).enumerate() {
                    @let (whole, part) = of(row);
                    @let tall = height(whole).max(5);
                    rect x=(at * 5) y=(tenths(600 - tall)) width="4" height=(tenths(tall)) {}
                    @if part > 0 {
                        @let tall = height(part).min(tall);
                        rect class="fault" x=(at * 5) y=(tenths(600 - tall)) width="4" height=(tenths(tall)) {}
                    }
                }
            }
        }
    }
}

fn table(reader: &Reader, rows: &[UsedRow]) -> Markup {
    html! {
        table class="table" {
            caption class="visually-hidden" { "What it used, by the hour" }
            thead {
                tr {
                    th scope="col" { "From" } th scope="col" class="num" { "Calls" } th scope="col" class="num" { "Faults" }
                    th scope="col" class="num p2" { "50, 95, 99 of 100" } th scope="col" class="num p3" { "Computing" }
                    th scope="col" class="num p3" { "Memory" } th scope="col" class="num p3" { "Rows" } th scope="col" class="num p3" { "Denied" }
                }
            }
            tbody {
                @for row in rows.iter().rev().filter(|row| row.calls > 0) {
                    tr {
                        th scope="row" { time datetime=(machine(row.since, reader)) { (when(row.since, reader)) } }
                        td class="num" { (number(row.calls, reader)) }
                        td class="num" { (number(row.faults, reader)) }
                        td class="num p2" { @if let Some([half, most, nearly]) = row.within { (took(half)) ", " (took(most)) ", " (took(nearly)) } }
                        td class="num p3" { (took(row.cpu)) }
                        td class="num p3" { (bytes(row.memory, &reader.locale)) }
                        td class="num p3" { (number(row.rows, reader)) }
                        td class="num p3" { (number(row.denied, reader)) }
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

    #[test]
    fn a_day_is_drawn_with_its_figures_behind() {
        let quiet = UsedRow::default();
        assert!(section(&shell(), std::slice::from_ref(&quiet)).into_string().contains("It was not called."));
        let busy = UsedRow {
            calls: 1_200,
            faults: 3,
            within: Some([900, 12_300, 1_250_000]),
            memory: 2 << 20,
            ..quiet.clone()
        };
        let html = section(&shell(), &[quiet, busy]).into_string();
        assert!(html.contains("1,200 calls, 3 faults") && html.contains("class=\"fault\""));
        assert!(html.contains("0.9 ms, 12.3 ms, 1.2 s"), "{html}");
        assert_eq!(html.matches("<svg").count(), 3);
    }
}
