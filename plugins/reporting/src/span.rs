//! The days that a report is of.

use lignaflow_sdk::prelude::*;
use serde::Serialize;

/// The most days of one report: a year and some.
const MOST: i32 = 400;
/// Days that it is of where nothing is said, today among them.
const USUAL: i32 = 7;

/// From a first day to a last, both of them in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: Date,
    pub(crate) last: Date,
}

/// What a report of days answers: its rows, and what they come to.
#[derive(Debug, Serialize)]
pub(crate) struct Answer<R, T> {
    from: Date,
    until: Date,
    rows: Vec<R>,
    total: T,
}

impl Span {
    pub(crate) fn answer<R, T>(self, rows: Vec<R>, total: T) -> Answer<R, T> {
        Answer { from: self.first, until: self.last, rows, total }
    }

    /// `from` and `until` of the query.
    pub(crate) fn asked(request: &RouteRequest, caller: &context::Caller) -> Result<Self, Fault> {
        let mut issues = Vec::new();
        let mut day = |name: &str| {
            let text = request.query_text(name)?;
            let day = text.parse().ok();
            if day.is_none() {
                issues.push(Issue::new(format!("/{name}"), "type", "Expected a date such as 2027-02-01."));
            }
            day
        };
        let (from, until): (Option<Date>, Option<Date>) = (day("from"), day("until"));
        if !issues.is_empty() {
            return Err(Fault::invalid(issues));
        }
        let last = match until {
            Some(day) => day,
            None => from.and_then(|day| day.plus_days(USUAL - 1)).map_or_else(|| caller.today(), Ok)?,
        };
        let first = from.or_else(|| last.plus_days(1 - USUAL)).unwrap_or(last);
        let days = last.days_since(first) + 1;
        if days < 1 {
            return Err(Fault::invalid(vec![Issue::new("/until", "order", "It ends before it begins.")]));
        }
        if days > MOST {
            let message = format!("A report is of {MOST} days at most, not {days}.");
            return Err(Fault::invalid(vec![Issue::new("/from", "too-long", message)]));
        }
        Ok(Self { first, last })
    }

    pub(crate) fn days(self) -> impl Iterator<Item = Date> {
        (0..=self.last.days_since(self.first)).filter_map(move |day| self.first.plus_days(day))
    }

    /// That a date lies in it.
    pub(crate) fn holds(self, path: &str) -> Predicate {
        field(path).at_least(self.first).and(field(path).at_most(self.last))
    }

    /// The same in an address.
    pub(crate) fn address(self, path: &str) -> String {
        format!("&filter[{path}][gte]={}&filter[{path}][lte]={}", self.first, self.last)
    }
}
