//! Upright bars that are made of parts.

use super::{ChartView, colour, frame, legend, percent, size, text};
use crate::collection::Cells;
use lignaflow_core::value::{Decimal, Value};
use maud::{Markup, html};

/// What of a part is drawn: nothing of what is below nothing, which the table tells.
fn height(part: &Value) -> Decimal {
    size(part).max(Decimal::ZERO)
}

pub(super) fn draw(view: &ChartView, cells: Cells<'_>) -> Markup {
    let whole = |parts: &[Value]| parts.iter().map(height).sum::<Decimal>();
    let largest = view.bars.iter().map(|bar| whole(&bar.parts)).max().unwrap_or_default();
    let share = |of: Decimal| {
        if largest <= Decimal::ZERO {
            return 0;
        }
        u32::try_from((of * Decimal::from(10_000) / largest).round()).unwrap_or(10_000).min(10_000)
    };
    let count = u32::try_from(view.bars.len()).unwrap_or(1).max(1);
    let step = 10_000 / count;
    let drawing = html! {
        @for (index, bar) in (0_u32..).zip(&view.bars) {
            @for (place, part) in bar.parts.iter().enumerate() {
                // From below: each part ends where the next begins, so that nothing is lost to rounding.
                @let (from, until) = (share(whole(&bar.parts[..place])), share(whole(&bar.parts[..=place])));
                @if until > from {
                    rect class=(colour(place)) x=(percent(index * step + step / 8)) width=(percent(step * 3 / 4))
                        y=(percent(10_000 - until)) height=(percent(until - from)) {
                        title {
                            (bar.label) ", " (view.series.get(place).map_or("", String::as_str)) ": " (text(view, part, cells))
                        }
                    }
                }
            }
        }
    };
    html! {
        (frame(view, cells, 10_000, &drawing, |index| index * step + step / 2))
        (legend(view))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Bar;
    use super::super::tests::{drawn, view};
    use super::*;
    use lignaflow_core::descriptor::ChartKind;

    #[test]
    fn parts_stand_on_each_other_and_are_told_by_name() {
        let bar = |label: &str, parts: &[i64]| Bar {
            label: label.into(),
            value: Value::Integer(parts.iter().sum()),
            href: None,
            parts: parts.iter().map(|part| Value::Integer(*part)).collect(),
        };
        let series = ["Cut", "Glue <g>"].map(str::to_owned).to_vec();
        let bars = vec![bar("Nov", &[3, 1]), bar("Dec", &[0, 2])];
        let html = drawn(&ChartView { kind: ChartKind::Stacked, series, bars, ..view(&[], true) });
        assert!(html.contains("class=\"d1\" x=\"6.25%\" width=\"37.50%\" y=\"25.00%\" height=\"75.00%\""), "{html}");
        assert!(html.contains("y=\"0.00%\" height=\"25.00%\"><title>Nov, Glue &lt;g&gt;: 1</title>"), "{html}");
        assert_eq!(html.matches("<title>Dec").count(), 1, "of nothing nothing is drawn");
        assert!(html.contains("<th scope=\"col\" class=\"num\">Cut</th>"), "the table has each: {html}");
    }
}
