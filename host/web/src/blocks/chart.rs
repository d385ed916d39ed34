//! Bars, drawn as SVG by the server: lengths are attributes in per cent, and the figures themselves stand in a table, so
//! that nothing has to be read off a drawing.

use super::anchor;
use crate::collection::Cells;
use crate::format::{is_figure, money, plain_text, scaled};
use lignaflow_core::descriptor::Field;
use lignaflow_core::value::{Decimal, Value};
use maud::{Markup, html};

/// Spans of time beyond this many are a table.
pub const MOST_COLUMNS: usize = 40;
/// Height of the plot in pixels.
const HEIGHT: u32 = 160;

/// One group.
#[derive(Debug, Clone)]
pub struct Bar {
    /// `Active`, `November 2026`.
    pub label: String,
    pub value: Value,
    /// The records behind it.
    pub href: Option<String>,
}

#[derive(Debug, Clone)]
pub struct ChartView {
    pub title: String,
    /// What the groups are: `Status`, `Month`.
    pub group: String,
    /// What is measured: `Projects`, `Budget`.
    pub measure: String,
    /// The field that was summed, or a bare integer for a count.
    pub field: Field,
    /// Whether the groups are spans of time, in order: then the bars stand upright, beside each other.
    pub over_time: bool,
    pub bars: Vec<Bar>,
}

pub(super) fn draw(view: &ChartView, cells: Cells<'_>) -> Markup {
    let id = anchor("c", &view.title);
    let upright = view.over_time && (2..=MOST_COLUMNS).contains(&view.bars.len());
    html! {
        section class="chart" aria-labelledby=(id) {
            div class="row-head" { h2 id=(id) { (view.title) } }
            @if view.bars.is_empty() {
                p class="faint" { "Nothing to draw yet." }
            } @else if upright {
                (columns(view, cells))
                details class="chart-table" { summary class="link small" { "As a table" } (table(view, cells, false)) }
            } @else {
                (table(view, cells, true))
            }
        }
    }
}

/// The size of a value in its own smallest unit.
fn size(value: &Value) -> Decimal {
    match value {
        Value::Integer(number) => Decimal::from(*number),
        Value::Decimal(number) => *number,
        Value::Money(amount) => Decimal::from(amount.minor),
        _ => Decimal::ZERO,
    }
}

/// Hundredths of a per cent that each of some values takes of the largest of them.
pub fn shares(values: &[Value]) -> Vec<u32> {
    let largest = values.iter().map(size).max().unwrap_or_default();
    values.iter().map(|value| share(value, largest)).collect()
}

/// Hundredths of a per cent that a value takes of the largest. What is below nothing draws nothing; the table tells it.
fn share(value: &Value, largest: Decimal) -> u32 {
    if largest <= Decimal::ZERO {
        return 0;
    }
    let share = (size(value).max(Decimal::ZERO) * Decimal::from(10_000) / largest).round();
    u32::try_from(share).unwrap_or(10_000).min(10_000)
}

fn percent(hundredths: u32) -> String {
    format!("{}%", scaled(hundredths.into(), 2))
}

fn largest(view: &ChartView) -> Decimal {
    view.bars.iter().map(|bar| size(&bar.value)).max().unwrap_or_default()
}

fn text(view: &ChartView, value: &Value, cells: Cells<'_>) -> String {
    match value {
        Value::Money(amount) => money(*amount, cells.reader.currency, &cells.reader.locale),
        other => plain_text(&view.field, other, cells.reader),
    }
}

/// Each group a row with its bar: the table is the chart.
fn table(view: &ChartView, cells: Cells<'_>, with_bars: bool) -> Markup {
    let largest = largest(view);
    let num = is_figure(view.field.kind).then_some("num");
    html! {
        table class="table bars" {
            caption class="visually-hidden" { (view.title) }
            thead {
                tr {
                    th scope="col" { (view.group) }
                    @if with_bars { th scope="col" class="p2" { span class="visually-hidden" { "As a bar" } } }
                    th scope="col" class=[num] { (view.measure) }
                }
            }
            tbody {
                @for bar in &view.bars {
                    tr {
                        th scope="row" {
                            @match &bar.href {
                                Some(href) => a class="primary" href=(href) { (bar.label) },
                                None => span class="primary" { (bar.label) },
                            }
                            @if with_bars { span class="only-narrow" aria-hidden="true" { (horizontal(share(&bar.value, largest))) } }
                        }
                        @if with_bars { td class="p2" aria-hidden="true" { (horizontal(share(&bar.value, largest))) } }
                        td class=[num] { (text(view, &bar.value, cells)) }
                    }
                }
            }
        }
    }
}

pub(super) fn horizontal(share: u32) -> Markup {
    html! { svg class="bar" height="14" { rect class="done" y="3" width=(percent(share)) height="8" {} } }
}

/// Upright bars beside each other, with the first, the last and the largest named.
pub(super) fn columns(view: &ChartView, cells: Cells<'_>) -> Markup {
    let largest = largest(view);
    let count = u32::try_from(view.bars.len()).unwrap_or(1);
    let step = 10_000 / count;
    let peak = view.bars.iter().max_by_key(|bar| size(&bar.value));
    let said = peak.map_or_else(String::new, |bar| {
        format!("{}: {} groups, the largest {} with {}", view.title, count, bar.label, text(view, &bar.value, cells))
    });
    html! {
        svg class="plot columns" height=(HEIGHT + 24) role="img" aria-label=(said) {
            svg y="16" width="100%" height=(HEIGHT - 16) overflow="visible" {
                line class="grid" x1="0" x2="100%" y1="0" y2="0" {}
                line class="grid" x1="0" x2="100%" y1="50%" y2="50%" {}
                line class="axis" x1="0" x2="100%" y1="100%" y2="100%" {}
                @for (index, bar) in (0_u32..).zip(&view.bars) {
                    @let share = share(&bar.value, largest);
                    rect class="column" x=(percent(index * step + step / 8)) width=(percent(step * 3 / 4))
                        y=(percent(10_000 - share)) height=(percent(share)) {
                        title { (bar.label) ": " (text(view, &bar.value, cells)) }
                    }
                }
            }
            @if let Some(bar) = peak { text x="0" y="10" { (text(view, &bar.value, cells)) } }
            @for (index, bar) in (0_u32..).zip(&view.bars) {
                @let middle = percent(index * step + step / 2);
                // On a narrow sheet every other name goes.
                @if count <= 12 || index % count.div_ceil(12) == 0 {
                    text class=[(index % 2 == 1).then_some("alt")] x=(middle) y=(HEIGHT + 18) text-anchor="middle" { (bar.label) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{field_of, labels, reader};
    use lignaflow_core::descriptor::FieldKind;

    fn chart(values: &[i64], over_time: bool) -> String {
        let view = ChartView {
            title: "By state".into(),
            group: "State".into(),
            measure: "Projects".into(),
            field: field_of(FieldKind::Integer),
            over_time,
            bars: values
                .iter()
                .map(|value| Bar { label: format!("G{value}"), value: Value::Integer(*value), href: None })
                .collect(),
        };
        let (reader, labels) = (reader(), labels());
        draw(&view, Cells { reader: &reader, labels: &labels }).into_string()
    }

    #[test]
    fn lengths_are_shares_of_the_largest() {
        let html = chart(&[4, 1, 0, -2], false);
        for width in ["100.00%", "25.00%", "0.00%"] {
            assert!(html.contains(&format!("width=\"{width}\"")), "{width}: {html}");
        }
        assert!(html.contains("<td class=\"num\">−2</td>"), "the table tells what no bar can");
    }

    #[test]
    fn spans_of_time_stand_upright_with_a_table_behind() {
        let html = chart(&[4, 8], true);
        assert!(html.contains("aria-label=\"By state: 2 groups, the largest G8 with 8\""));
        assert!(html.contains("y=\"50.00%\" height=\"50.00%\""));
        assert!(html.contains("<summary class=\"link small\">As a table"));
        assert!(!chart(&[4], true).contains("columns"), "one bar is no course of time");
    }

    #[test]
    fn nothing_at_all_divides_by_nothing() {
        assert!(chart(&[0, 0], false).contains("width=\"0.00%\""));
        assert!(chart(&[], true).contains("Nothing to draw yet."));
    }
}
