//! How much of the time that people are there for can be billed: the denominator is shown beside the share.

use crate::capacity::Capacity;
use crate::seen::Seen;
use crate::span::Span;
use crate::sums::{all, share};
use lignaflow_sdk::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// Seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Figures {
    capacity: i64,
    worked: i64,
    billable: i64,
    /// Billable time of the capacity, in basis points; of none there is no share.
    utilisation: Option<i64>,
}

impl Figures {
    fn settled(mut self) -> Self {
        self.utilisation = share(self.billable, self.capacity);
        self
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, more: Self) {
        self.capacity += more.capacity;
        self.worked += more.worked;
        self.billable += more.billable;
    }
}

#[derive(Debug, Serialize)]
struct Row {
    id: Id,
    title: String,
    #[serde(flatten)]
    figures: Figures,
    records: BTreeMap<&'static str, String>,
}

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let caller = context::caller()?;
    let span = Span::asked(request, &caller)?;
    let seen = Seen::read(&caller, span)?;
    let capacity = Capacity::read(span, &seen)?;
    let asked = summarize("timesheets/entries")
        .filter(span.holds("local_date"))
        .group("user")
        .measure(sum("duration").named("worked"))
        // Without a project there is nobody to bill.
        .measure(sum("billable_duration").named("billable").filter(field("project").is_set()));
    let mut worked: BTreeMap<Id, (i64, i64)> = BTreeMap::new();
    for row in all(records::summarize(asked)?)?.records() {
        if let Some(user) = row.reference("user") {
            worked.insert(user, (row.integer("worked").unwrap_or(0), row.integer("billable").unwrap_or(0)));
        }
    }
    let mut total = Figures::default();
    let mut rows = Vec::new();
    for person in seen.people() {
        let (worked, billable) = worked.get(&person.id).copied().unwrap_or_default();
        // Who has left has no capacity any more; what they worked counts.
        let days = span.days().filter(|day| person.active && seen.covers(person.id, *day));
        let expected: i64 = days.map(|day| capacity.of(person, day).expected()).sum();
        let figures = Figures { capacity: expected, worked, billable, utilisation: None }.settled();
        if figures == Figures::default() {
            continue;
        }
        total += figures;
        let entries = format!("/api/v1/timesheets/entries?filter[user]={}{}", person.id, span.address("local_date"));
        let records = BTreeMap::from([
            ("capacity", format!("/api/v1/timesheets/work-patterns?filter[user]={}", person.id)),
            ("worked", entries.clone()),
            ("billable", format!("{entries}&filter[billable]=true&filter[project][is_null]=false")),
        ]);
        rows.push(Row { id: person.id, title: person.name.clone(), figures, records });
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.figures.utilisation));
    reply::json(&span.answer(rows, total.settled()))
}
