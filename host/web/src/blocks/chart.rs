//! Charts, drawn as SVG by the server: lengths are attributes in per cent, and the figures themselves stand in a table, so
//! that nothing has to be read off a drawing. Here are bars; [`course`] are lines and areas, [`stacked`] bars in parts,
//! [`donut`] parts of a whole.

mod course;
mod donut;
mod stacked;

use super::anchor;
use crate::collection::Cells;
use crate::format::{is_figure, money, plain_text, scaled};
use lignaflow_core::descriptor::{ChartKind, Field};
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
    /// What it is made of, in the order of the chart's series; nothing where it has none.
    pub parts: Vec<Value>,
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
    pub kind: ChartKind,
    /// What the parts of each bar are called.
    pub series: Vec<String>,
    /// What of it is drawn, where that is not all.
    pub said: Option<String>,
    pub bars: Vec<Bar>,
}

/// What stands in a row of the table beside its figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nothing,
    Bar,
    /// The colour of its part.
    Swatch,
}

/// The colour of a part, by its place: a class of the style sheet.
const COLOURS: [&str; 6] = ["d1", "d2", "d3", "d4", "d5", "d6"];

fn colour(place: usize) -> &'static str {
    COLOURS[place.min(COLOURS.len() - 1)]
}

fn swatch(place: usize) -> Markup {
    html! { svg class="swatch" width="10" height="10" aria-hidden="true" { rect class=(colour(place)) width="10" height="10" {} } }
}

/// What each colour is of.
fn legend(view: &ChartView) -> Markup {
    html! {
        ul class="legend" {
            @for (place, name) in view.series.iter().enumerate() { li { (swatch(place)) (name) } }
        }
    }
}

pub(super) fn draw(view: &ChartView, cells: Cells<'_>) -> Markup {
    let id = anchor("c", &view.title);
    html! {
        section class="chart" aria-labelledby=(id) {
            div class="row-head" { h2 id=(id) { (view.title) } @if let Some(said) = &view.said { span class="faint" { (said) } } }
            @if view.bars.is_empty() {
                p class="faint" { "Nothing to draw yet." }
            } @else if view.kind == ChartKind::Donut && donut::is_whole(view) {
                div class="donut-split" { (donut::draw(view, cells)) (table(view, cells, Beside::Swatch)) }
            } @else if is_drawn(view) {
                (plot(view, cells))
                details class="chart-table" { summary class="link small" { "As a table" } (table(view, cells, Beside::Nothing)) }
            } @else {
                (table(view, cells, Beside::Bar))
            }
        }
    }
}

/// Whether there is a course to draw: some spans of time, or some groups in parts.
fn is_drawn(view: &ChartView) -> bool {
    let several = view.bars.len() > 1;
    fits(view)
        && match view.kind {
            ChartKind::Line | ChartKind::Area => several,
            ChartKind::Stacked => !view.bars.is_empty() && !view.series.is_empty(),
            ChartKind::Bar | ChartKind::Donut => view.over_time && several,
        }
}

/// Whether there are no more bars or points than a drawing holds.
pub(super) fn fits(view: &ChartView) -> bool {
    let most = match view.kind {
        ChartKind::Line | ChartKind::Area => course::MOST_POINTS,
        ChartKind::Bar | ChartKind::Stacked | ChartKind::Donut => MOST_COLUMNS,
    };
    view.bars.len() <= most
}

/// The drawing by itself, where there is a table beside it.
pub(super) fn plot(view: &ChartView, cells: Cells<'_>) -> Markup {
    match view.kind {
        ChartKind::Line | ChartKind::Area if view.bars.len() > 1 => course::draw(view, cells),
        ChartKind::Stacked if !view.series.is_empty() => stacked::draw(view, cells),
        _ => columns(view, cells),
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

/// Each group a row: with its bar the table is the chart.
fn table(view: &ChartView, cells: Cells<'_>, beside: Beside) -> Markup {
    let largest = largest(view);
    let num = is_figure(view.field.kind).then_some("num");
    let with_bars = beside == Beside::Bar;
    html! {
        table class="table bars" {
            caption class="visually-hidden" { (view.title) }
            thead {
                tr {
                    th scope="col" { (view.group) }
                    @if with_bars { th scope="col" class="p2" { span class="visually-hidden" { "As a bar" } } }
                    @for name in &view.series { th scope="col" class=[num] { (name) } }
                    th scope="col" class=[num] { (view.measure) }
                }
            }
            tbody {
                @for (place, bar) in view.bars.iter().enumerate() {
                    tr {
                        th scope="row" {
                            @if beside == Beside::Swatch { (swatch(place)) " " }
                            @match &bar.href {
                                Some(href) => a class="primary" href=(href) { (bar.label) },
                                None => span class="primary" { (bar.label) },
                            }
                            @if with_bars { span class="only-narrow" aria-hidden="true" { (horizontal(share(&bar.value, largest))) } }
                        }
                        @if with_bars { td class="p2" aria-hidden="true" { (horizontal(share(&bar.value, largest))) } }
                        @for place in 0..view.series.len() {
                            td class=[num] { @if let Some(part) = bar.parts.get(place) { (text(view, part, cells)) } }
                        }
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

/// What a drawing is said to be, where it is not seen.
fn said(view: &ChartView, cells: Cells<'_>) -> String {
    let peak = view.bars.iter().max_by_key(|bar| size(&bar.value));
    peak.map_or_else(String::new, |bar| {
        let (count, largest) = (view.bars.len(), text(view, &bar.value, cells));
        format!("{}: {count} groups, the largest {} with {largest}", view.title, bar.label)
    })
}

/// Lines across, the largest figure, and the names of the groups below: what upright drawings have in common. `zero` is
/// how far down nothing lies, in hundredths of a per cent.
fn frame(view: &ChartView, cells: Cells<'_>, zero: u32, drawing: &Markup, middle: impl Fn(u32) -> u32) -> Markup {
    let count = u32::try_from(view.bars.len()).unwrap_or(1).max(1);
    let peak = view.bars.iter().max_by_key(|bar| size(&bar.value));
    html! {
        svg class="plot columns" height=(HEIGHT + 24) role="img" aria-label=(said(view, cells)) {
            svg y="16" width="100%" height=(HEIGHT - 16) overflow="visible" {
                line class="grid" x1="0" x2="100%" y1="0" y2="0" {}
                line class="grid" x1="0" x2="100%" y1="50%" y2="50%" {}
                line class="axis" x1="0" x2="100%" y1=(percent(zero)) y2=(percent(zero)) {}
                (drawing)
            }
            @if let Some(bar) = peak { text x="0" y="10" { (text(view, &bar.value, cells)) } }
            @for (index, bar) in (0_u32..).zip(&view.bars) {
                // On a narrow sheet every other name goes.
                @if count <= 12 || index % count.div_ceil(12) == 0 {
                    @let x = middle(index);
                    text class=[(index % 2 == 1).then_some("alt")] x=(percent(x)) y=(HEIGHT + 18) text-anchor=(anchored(x)) { (bar.label) }
                }
            }
        }
    }
}

/// Where a name stands beside its place: within the drawing, also at its edges.
fn anchored(x: u32) -> &'static str {
    match x {
        0..=100 => "start",
        9_900.. => "end",
        _ => "middle",
    }
}

/// Upright bars beside each other, with the largest named.
pub(super) fn columns(view: &ChartView, cells: Cells<'_>) -> Markup {
    let largest = largest(view);
    let count = u32::try_from(view.bars.len()).unwrap_or(1).max(1);
    let step = 10_000 / count;
    let drawing = html! {
        @for (index, bar) in (0_u32..).zip(&view.bars) {
            @let share = share(&bar.value, largest);
            rect class="column" x=(percent(index * step + step / 8)) width=(percent(step * 3 / 4))
                y=(percent(10_000 - share)) height=(percent(share)) {
                title { (bar.label) ": " (text(view, &bar.value, cells)) }
            }
        }
    };
    frame(view, cells, 10_000, &drawing, |index| index * step + step / 2)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::testing::{field_of, labels, reader};
    use lignaflow_core::descriptor::FieldKind;

    pub(super) fn drawn(view: &ChartView) -> String {
        let (reader, labels) = (reader(), labels());
        draw(view, Cells { reader: &reader, labels: &labels }).into_string()
    }

    pub(super) fn view(values: &[i64], over_time: bool) -> ChartView {
        ChartView {
            title: "By state".into(),
            group: "State".into(),
            measure: "Projects".into(),
            field: field_of(FieldKind::Integer),
            over_time,
            kind: ChartKind::Bar,
            said: None,
            series: Vec::new(),
            bars: values
                .iter()
                .map(|value| Bar {
                    label: format!("G{value}"),
                    value: Value::Integer(*value),
                    href: None,
                    parts: Vec::new(),
                })
                .collect(),
        }
    }

    fn chart(values: &[i64], over_time: bool) -> String {
        drawn(&view(values, over_time))
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
