//! Bars over dates with what waits for what, drawn as SVG by the server: lengths are attributes in per cent, and the same
//! stands in a table, so that nothing has to be read off a drawing.

use super::anchor;
use crate::collection::Cells;
use crate::format::{MONTHS, date};
use jiff::civil::Date;
use lignaflow_core::id::Id;
use lignaflow_core::value::civil_date;
use maud::{Markup, html};
use std::collections::HashMap;

/// Pixels of one row, of the head with the months, and of a bar.
const ROW: u32 = 44;
const HEAD: u32 = 24;
const BAR: u32 = 12;
/// Down to the bar from the top of its row, below the name.
const DOWN: u32 = 24;
/// Months beyond which every third is named, and years.
const FEW_MONTHS: usize = 14;

/// One record that has a date.
#[derive(Debug, Clone)]
pub struct Span {
    pub id: Id,
    pub title: String,
    pub href: String,
    /// Days since 1970-01-01, both of them part of it.
    pub start: i32,
    pub end: i32,
    pub done: bool,
    pub after: Vec<Id>,
}

#[derive(Debug, Clone)]
pub struct TimelineView {
    pub title: String,
    /// In the order of their starts.
    pub spans: Vec<Span>,
    /// How many have no date and so are not drawn.
    pub undated: i64,
    /// The list of these, where dates are put to them.
    pub without: String,
    /// Whether there are more than these.
    pub more: bool,
    /// The list of them all.
    pub all: String,
}

/// The days that are drawn, and where each stands.
#[derive(Debug, Clone, Copy)]
struct Scale {
    first: i32,
    days: i32,
}

impl Scale {
    /// From the first to the last day of all, and at least two weeks.
    fn of(spans: &[Span]) -> Option<Self> {
        let first = spans.iter().map(|span| span.start).min()?;
        let last = spans.iter().map(|span| span.end).max()?;
        Some(Self { first: first - 1, days: (last - first + 3).max(14) })
    }

    /// Hundredths of a per cent from the left.
    fn at(self, day: i32) -> u32 {
        let from = i64::from(day - self.first).clamp(0, i64::from(self.days));
        u32::try_from(from * 10_000 / i64::from(self.days)).unwrap_or(0)
    }

    /// The first days of the months that begin within.
    fn months(self) -> Vec<Date> {
        let mut months = Vec::new();
        let mut next = civil_date(self.first).map(Date::last_of_month).and_then(|last| last.tomorrow().ok());
        while let Some(month) = next.filter(|month| lignaflow_core::value::date_days(*month) < self.first + self.days) {
            months.push(month);
            next = month.last_of_month().tomorrow().ok();
        }
        months
    }
}

fn percent(hundredths: u32) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

pub(super) fn draw(view: &TimelineView, cells: Cells<'_>) -> Markup {
    let id = anchor("g", &view.title);
    html! {
        section class="timeline" aria-labelledby=(id) {
            div class="row-head" {
                h2 id=(id) { (view.title) }
                a class="link small end" href=(view.all) { "All" }
            }
            @match Scale::of(&view.spans) {
                None => p class="faint" { "Nothing here has a date yet." },
                Some(scale) => {
                    div class="scroll-x" tabindex="0" role="region" aria-label={ (view.title) ", drawn over time" } {
                        (drawing(view, scale, cells))
                    }
                    details class="chart-table" { summary class="link small" { "As a table" } (table(view, cells)) }
                }
            }
            @if view.undated > 0 {
                p class="hint mt-2" {
                    (view.undated) " without a date " @if view.undated == 1 { "is" } @else { "are" } " not drawn. "
                    a class="link" href=(view.without) { "Put dates to " @if view.undated == 1 { "it" } @else { "them" } }
                }
            }
            @if view.more { p class="hint mt-2" { "The rest is in the list." } }
        }
    }
}

fn drawing(view: &TimelineView, scale: Scale, cells: Cells<'_>) -> Markup {
    let rows = u32::try_from(view.spans.len()).unwrap_or(0);
    let height = HEAD + rows * ROW + 8;
    let months = scale.months();
    let step = if months.len() > FEW_MONTHS { 3 } else { 1 };
    let today = lignaflow_core::value::date_days(cells.reader.today());
    let said = format!("{}: {} over {}", view.title, rows, days_of(scale, cells));
    html! {
        svg class="gantt" height=(height) role="img" aria-label=(said) {
            @for (at, month) in months.iter().enumerate() {
                @let x = percent(scale.at(lignaflow_core::value::date_days(*month)));
                line class="grid" x1=(x) x2=(x) y1="0" y2=(height) {}
                @if at % step == 0 {
                    text class="month" x=(x) y="14" dx="4" {
                        (&MONTHS[usize::try_from(month.month() - 1).unwrap_or(0) % 12][..3])
                        @if month.month() == 1 || step > 1 { " " (month.year()) }
                    }
                }
            }
            @if today >= scale.first && today < scale.first + scale.days {
                @let x = percent(scale.at(today));
                line class="today" x1=(x) x2=(x) y1=(HEAD - 6) y2=(height) { title { "Today" } }
            }
            (links(view, scale))
            @for (row, span) in (0_u32..).zip(&view.spans) {
                @let top = HEAD + row * ROW;
                @let (from, to) = (scale.at(span.start), scale.at(span.end + 1));
                @let late = !span.done && span.end < today;
                @let class = if span.done { "span is-done" } else if late { "span is-late" } else { "span" };
                a href=(span.href) {
                    // A name at the right end would run out of the drawing.
                    @if from > 6_000 {
                        text class="name" x=(percent(to)) y=(top + 17) text-anchor="end" { (span.title) }
                    } @else {
                        text class="name" x=(percent(from)) y=(top + 17) { (span.title) }
                    }
                    rect class=(class) x=(percent(from)) width=(percent((to - from).max(40))) y=(top + DOWN) height=(BAR) rx="3" {
                        title { (span.title) ": " (dates(span, cells)) @if late { ", late" } }
                    }
                }
            }
        }
    }
}

/// From the end of what comes before, down or up beside the start of what waits.
fn links(view: &TimelineView, scale: Scale) -> Markup {
    let rows: HashMap<Id, (u32, &Span)> =
        (0_u32..).zip(&view.spans).map(|(row, span)| (span.id, (row, span))).collect();
    let middle = |row: u32| HEAD + row * ROW + DOWN + BAR / 2;
    html! {
        @for (row, span) in (0_u32..).zip(&view.spans) {
            @for (before, earlier) in span.after.iter().filter_map(|id| rows.get(id)) {
                @let (x1, x2) = (percent(scale.at(earlier.end + 1)), percent(scale.at(span.start)));
                @let (y1, y2) = (middle(*before), middle(row));
                // What begins before the other ends stands out: it cannot be so.
                @let class = if span.start <= earlier.end { "dependency is-late" } else { "dependency" };
                line class=(class) x1=(x1) x2=(x2) y1=(y1) y2=(y1) {}
                line class=(class) x1=(x2) x2=(x2) y1=(y1) y2=(y2) {}
            }
        }
    }
}

fn dates(span: &Span, cells: Cells<'_>) -> String {
    let day = |days| civil_date(days).map(|day| date(day, &cells.reader.locale)).unwrap_or_default();
    if span.start == span.end { day(span.start) } else { format!("{} to {}", day(span.start), day(span.end)) }
}

fn days_of(scale: Scale, cells: Cells<'_>) -> String {
    let day = |days| civil_date(days).map(|day| date(day, &cells.reader.locale)).unwrap_or_default();
    format!("{} to {}", day(scale.first), day(scale.first + scale.days))
}

fn table(view: &TimelineView, cells: Cells<'_>) -> Markup {
    let titles: HashMap<Id, &str> = view.spans.iter().map(|span| (span.id, span.title.as_str())).collect();
    html! {
        table class="table" {
            caption class="visually-hidden" { (view.title) }
            thead { tr { th scope="col" { "What" } th scope="col" { "When" } th scope="col" class="p2" { "After" } } }
            tbody {
                @for span in &view.spans {
                    @let after: Vec<&str> = span.after.iter().filter_map(|id| titles.get(id).copied()).collect();
                    tr {
                        th scope="row" { a class="primary" href=(span.href) { (span.title) } }
                        td { (dates(span, cells)) }
                        td class="p2" { (crate::format::list(&after)) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{labels, reader};

    fn span(id: u8, title: &str, start: i32, end: i32, after: Vec<Id>) -> Span {
        Span { id: Id::from_bytes([id; 16]), title: title.into(), href: "/t".into(), start, end, done: false, after }
    }

    fn drawn(spans: Vec<Span>) -> String {
        let view = TimelineView {
            title: "Plan".into(),
            spans,
            undated: 1,
            without: "/undated".into(),
            more: false,
            all: "/all".into(),
        };
        let (reader, labels) = (reader(), labels());
        draw(&view, Cells { reader: &reader, labels: &labels }).into_string()
    }

    #[test]
    fn bars_lie_between_their_days_and_what_waits_is_joined() {
        let first = Id::from_bytes([1; 16]);
        let html = drawn(vec![span(1, "Cut", 20_000, 20_004, vec![]), span(2, "Glue", 20_005, 20_017, vec![first])]);
        // Twenty days and one on either side: five of them are a quarter.
        assert!(html.contains("x=\"5.00%\" width=\"25.00%\""), "{html}");
        assert!(html.contains("x=\"30.00%\" width=\"65.00%\""), "{html}");
        assert_eq!(html.matches("class=\"dependency\"").count(), 2);
        assert!(html.contains("1 without a date is not drawn.") && html.contains("href=\"/undated\""), "{html}");
    }

    #[test]
    fn what_begins_before_the_other_ends_stands_out() {
        let first = Id::from_bytes([1; 16]);
        let html = drawn(vec![span(1, "Cut", 20_000, 20_004, vec![]), span(2, "Glue", 20_002, 20_017, vec![first])]);
        assert_eq!(html.matches("dependency is-late").count(), 2);
    }

    #[test]
    fn without_a_date_there_is_nothing_to_draw() {
        let html = drawn(Vec::new());
        assert!(html.contains("Nothing here has a date yet.") && html.contains("Put dates to it"), "{html}");
    }
}
