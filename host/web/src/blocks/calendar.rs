//! Records on the days of a month.

use super::anchor;
use crate::collection::Cells;
use crate::format::{long_day, month, weekday};
use crate::icon::icon;
use jiff::civil::Date;
use jiff::{Span, ToSpan as _};
use lignaflow_core::value::date_days;
use maud::{Markup, html};

/// Records of one day that are named; the rest is counted.
const NAMED: usize = 4;

#[derive(Debug, Clone)]
pub struct Entry {
    /// Days since 1970-01-01.
    pub day: i32,
    pub title: String,
    pub href: String,
}

#[derive(Debug, Clone)]
pub struct CalendarView {
    pub title: String,
    /// Its first day.
    pub month: Date,
    /// The day on which weeks begin: 1 is Monday.
    pub week_starts: i8,
    /// By their days.
    pub entries: Vec<Entry>,
    /// Addresses of the months before and after.
    pub before: String,
    pub after: String,
    /// The list of what is in this month.
    pub all: String,
}

/// The days of whole weeks that hold a month.
fn weeks(first: Date, week_starts: i8) -> Vec<Vec<Date>> {
    let back = (first.weekday().to_monday_one_offset() - week_starts).rem_euclid(7);
    let Ok(begin) = first.checked_sub(Span::new().days(i64::from(back))) else { return Vec::new() };
    let last = first.last_of_month();
    (0..6_i64)
        .filter_map(|week| {
            let monday = begin.checked_add((week * 7).days()).ok()?;
            (monday <= last).then_some(monday)
        })
        .map(|monday| (0..7_i64).filter_map(|day| monday.checked_add(day.days()).ok()).collect())
        .collect()
}

pub(super) fn draw(view: &CalendarView, cells: Cells<'_>) -> Markup {
    let id = anchor("d", &view.title);
    let weeks = weeks(view.month, view.week_starts);
    let today = cells.reader.today();
    html! {
        section class="month" aria-labelledby=(id) {
            div class="row-head" {
                h2 id=(id) { (view.title) " " span class="faint" { (month(view.month.month())) " " (view.month.year()) } }
                span class="end btn-group" role="group" aria-label="Month" {
                    a class="btn btn-small btn-icon" href=(view.before) aria-label="The month before" rel="prev" { (icon("left")) }
                    a class="btn btn-small btn-icon" href=(view.after) aria-label="The next month" rel="next" { (icon("right")) }
                    a class="btn btn-small" href=(view.all) { "All" }
                }
            }
            table class="calendar" {
                caption class="visually-hidden" { (view.title) ", " (month(view.month.month())) " " (view.month.year()) }
                thead { tr { @if let Some(week) = weeks.first() { @for day in week { th scope="col" { (&weekday(*day)[..3]) } } } } }
                tbody { @for week in &weeks { tr { @for day in week { (cell(view, *day, today)) } } } }
            }
            @if view.entries.is_empty() { p class="faint mt-2" { "Nothing in this month." } }
        }
    }
}

fn cell(view: &CalendarView, day: Date, today: Date) -> Markup {
    let number = date_days(day);
    let here: Vec<&Entry> = view.entries.iter().filter(|entry| entry.day == number).collect();
    let outside = day.month() != view.month.month();
    let class = match (outside, here.is_empty(), day == today) {
        (true, ..) => "is-outside",
        (_, true, true) => "is-today is-free",
        (_, false, true) => "is-today",
        (_, true, _) => "is-free",
        _ => "",
    };
    html! {
        td class=[(!class.is_empty()).then_some(class)] aria-current=[(day == today).then_some("date")] {
            @if !outside {
                span class="day" aria-hidden="true" { (day.day()) }
                span class="day-long" { (long_day(day)) }
                @if !here.is_empty() {
                    ul {
                        @for entry in here.iter().take(NAMED) { li { a class="trunc" href=(entry.href) title=(entry.title) { (entry.title) } } }
                        @if here.len() > NAMED { li class="faint small" { (here.len() - NAMED) " more" } }
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

    #[test]
    fn a_month_stands_in_whole_weeks_that_begin_where_one_is_told() {
        let november = Date::constant(2026, 11, 1);
        let monday = weeks(november, 1);
        assert_eq!((monday.len(), monday[0][0]), (6, Date::constant(2026, 10, 26)));
        let sunday = weeks(november, 7);
        assert_eq!((sunday.len(), sunday[0][0]), (5, november));
        assert_eq!(weeks(Date::constant(2027, 2, 1), 1).len(), 4);
    }

    #[test]
    fn a_full_day_names_some_and_counts_the_rest() {
        let day = date_days(Date::constant(2026, 11, 20));
        let entries = (0..6).map(|n| Entry { day, title: format!("Task {n}"), href: "/t".into() }).collect();
        let view = CalendarView {
            title: "Due".into(),
            month: Date::constant(2026, 11, 1),
            week_starts: 1,
            entries,
            before: "?month=2026-10".into(),
            after: "?month=2026-12".into(),
            all: "/all".into(),
        };
        let (reader, labels) = (reader(), labels());
        let html = draw(&view, Cells { reader: &reader, labels: &labels }).into_string();
        assert!(html.contains("Task 3") && !html.contains("Task 4") && html.contains("2 more"));
        assert!(html.contains("November 2026") && html.contains("Friday, 20 November"));
    }
}
