//! Lines and areas over spans of time: what a figure was at each of them. It may go below nothing.

use super::{ChartView, frame, percent, size, text};
use crate::collection::Cells;
use crate::format::scaled;
use lignaflow_core::descriptor::ChartKind;
use lignaflow_core::value::Decimal;
use maud::{Markup, html};
use std::fmt::Write as _;

/// Points beyond this many are a table.
pub(super) const MOST_POINTS: usize = 120;
/// Up to this many are marked one by one.
const MARKED: usize = 40;

/// How far down a value lies between the highest and the lowest, in hundredths of a per cent.
fn depth(value: Decimal, low: Decimal, high: Decimal) -> u32 {
    if high <= low {
        return 10_000;
    }
    let depth = ((high - value) * Decimal::from(10_000) / (high - low)).round();
    u32::try_from(depth).unwrap_or(0).min(10_000)
}

/// A coordinate of the box of 100 by 100 that paths are drawn in.
fn at(hundredths: u32) -> String {
    scaled(hundredths.into(), 2)
}

pub(super) fn draw(view: &ChartView, cells: Cells<'_>) -> Markup {
    let sizes: Vec<Decimal> = view.bars.iter().map(|bar| size(&bar.value)).collect();
    let low = sizes.iter().copied().min().unwrap_or_default().min(Decimal::ZERO);
    let high = sizes.iter().copied().max().unwrap_or_default().max(Decimal::ZERO);
    let zero = depth(Decimal::ZERO, low, high);
    let last = u32::try_from(sizes.len().saturating_sub(1)).unwrap_or(1).max(1);
    let across = |index: u32| index * 10_000 / last;
    let mut line = String::new();
    for (index, size) in (0_u32..).zip(&sizes) {
        let word = if index == 0 { 'M' } else { 'L' };
        let _ = write!(line, "{word}{} {} ", at(across(index)), at(depth(*size, low, high)));
    }
    let line = line.trim_end();
    let area = format!("{line} L100.00 {} L0.00 {} Z", at(zero), at(zero));
    let drawing = html! {
        svg width="100%" height="100%" viewBox="0 0 100 100" preserveAspectRatio="none" overflow="visible" {
            @if view.kind == ChartKind::Area { path class="a-actual" d=(area) {} }
            path class="s-actual" d=(line) {}
        }
        @if sizes.len() <= MARKED {
            @for ((index, bar), size) in (0_u32..).zip(&view.bars).zip(&sizes) {
                circle class="dot" r="3" cx=(percent(across(index))) cy=(percent(depth(*size, low, high))) {
                    title { (bar.label) ": " (text(view, &bar.value, cells)) }
                }
            }
        }
    };
    frame(view, cells, zero, &drawing, across)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{drawn, view};
    use super::*;

    #[test]
    fn a_line_goes_from_the_first_to_the_last_and_below_nothing() {
        let html = drawn(&ChartView { kind: ChartKind::Line, ..view(&[30, 10, -10], true) });
        assert!(html.contains("d=\"M0.00 0.00 L50.00 50.00 L100.00 100.00\""), "{html}");
        assert!(
            html.contains("class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"75.00%\""),
            "nothing lies above the lowest: {html}"
        );
        assert!(!html.contains("a-actual") && html.contains("As a table"));
    }

    #[test]
    fn an_area_ends_at_nothing() {
        let html = drawn(&ChartView { kind: ChartKind::Area, ..view(&[4, 8], true) });
        assert!(html.contains("d=\"M0.00 50.00 L100.00 0.00 L100.00 100.00 L0.00 100.00 Z\""), "{html}");
        assert!(!drawn(&ChartView { kind: ChartKind::Area, ..view(&[4], true) }).contains("<path"), "one is no course");
        assert!(drawn(&ChartView { kind: ChartKind::Line, ..view(&[0, 0], true) }).contains("L100.00 100.00"));
    }
}
