//! Parts of a whole, as a ring.

use super::{ChartView, colour, said, size, text};
use crate::collection::Cells;
use crate::format::scaled;
use lignaflow_core::value::Decimal;
use maud::{Markup, html};

/// Parts beyond this many are read from bars.
const MOST: usize = 6;
/// Of the circle that is 100 long.
const RADIUS: &str = "15.915";

/// Whether the parts are of one whole that a ring can show: few of them, and none below nothing.
pub(super) fn is_whole(view: &ChartView) -> bool {
    let sizes = || view.bars.iter().map(|bar| size(&bar.value));
    (1..=MOST).contains(&view.bars.len())
        && sizes().all(|size| size >= Decimal::ZERO)
        && sizes().any(|size| size > Decimal::ZERO)
}

pub(super) fn draw(view: &ChartView, cells: Cells<'_>) -> Markup {
    let total: Decimal = view.bars.iter().map(|bar| size(&bar.value)).sum();
    let share = |of: Decimal| {
        let share = (of * Decimal::from(10_000) / total).round();
        u32::try_from(share).unwrap_or(10_000).min(10_000)
    };
    let until = |place: usize| share(view.bars[..place].iter().map(|bar| size(&bar.value)).sum());
    html! {
        svg class="plot donut" width="160" height="160" viewBox="0 0 42 42" role="img" aria-label=(said(view, cells)) {
            @for (place, bar) in view.bars.iter().enumerate() {
                @let (from, to) = (until(place), until(place + 1));
                circle class=(colour(place)) cx="21" cy="21" r=(RADIUS) fill="none" stroke-width="6" transform="rotate(-90 21 21)"
                    stroke-dasharray={ (scaled((to - from).into(), 2)) " " (scaled((10_000 - (to - from)).into(), 2)) }
                    stroke-dashoffset={ "-" (scaled(from.into(), 2)) } {
                    title { (bar.label) ": " (text(view, &bar.value, cells)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{drawn, view};
    use super::*;
    use lignaflow_core::descriptor::ChartKind;

    #[test]
    fn the_parts_of_a_ring_are_the_whole_and_each_has_its_colour_in_the_table() {
        let html = drawn(&ChartView { kind: ChartKind::Donut, ..view(&[1, 1, 1], false) });
        for part in ["33.33 66.67", "33.34 66.66"] {
            assert!(html.contains(&format!("stroke-dasharray=\"{part}\"")), "{part}: {html}");
        }
        assert!(
            html.contains("stroke-dashoffset=\"-66.67\"") && html.matches("class=\"swatch\"").count() == 3,
            "{html}"
        );
    }

    #[test]
    fn what_is_no_whole_is_told_by_bars() {
        for values in [&[4, -1][..], &[0, 0], &[1, 2, 3, 4, 5, 6, 7]] {
            let html = drawn(&ChartView { kind: ChartKind::Donut, ..view(values, false) });
            assert!(!html.contains("donut") && html.contains("class=\"bar\""), "{html}");
        }
    }
}
