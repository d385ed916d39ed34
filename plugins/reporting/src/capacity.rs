//! What people are expected to work: by their pattern or that of everybody, less holidays and approved leave. Nobody learns
//! of whom they do not see: it is read on the caller's rights, but for patterns, of which some were those of a crew then.

use crate::seen::Seen;
use crate::span::Span;
use lignaflow_plugin_worktime::holidays::{self, Holidays};
use lignaflow_plugin_worktime::patterns::{self, Patterns};
use lignaflow_sdk::Person;
use lignaflow_sdk::prelude::*;
use std::collections::BTreeMap;

/// Patterns, holidays and leave that are looked at.
const MOST: usize = 5_000;

/// One day of one person, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Day {
    /// By the pattern.
    pub(crate) usual: i64,
    /// Of it, what is a holiday, and what is leave.
    pub(crate) holiday: i64,
    pub(crate) leave: i64,
}

impl Day {
    /// What is left to work.
    pub(crate) const fn expected(self) -> i64 {
        self.usual - self.holiday - self.leave
    }
}

#[derive(Debug)]
pub(crate) struct Capacity {
    patterns: Patterns,
    holidays: Holidays,
    leave: BTreeMap<Id, Vec<Fields>>,
}

fn found(asked: impl Into<Selection>) -> Result<Vec<Fields>, Fault> {
    records::find_all(asked, MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, "Too much leave for one report: ask for fewer days."))
}

impl Capacity {
    /// Of those whose time the caller sees.
    pub(crate) fn read(span: Span, seen: &Seen) -> Result<Self, Fault> {
        let theirs = any([field("user").is_null(), field("user").within(seen.people().iter().map(|person| person.id))]);
        let asked = select("timesheets/work-patterns")
            .columns(patterns::columns())
            .filter(field("effective_from").at_most(span.last))
            .sort_descending("effective_from");
        // Who has moved to another crew since took their patterns along.
        let asked = if seen.leads() { asked.as_plugin().filter(theirs) } else { asked };
        let patterns = Patterns::of(found(asked)?.into_iter());
        let asked = select("timesheets/holidays").columns(holidays::COLUMNS).filter(span.holds("day")).sort("day");
        let holidays = Holidays::of(found(asked)?.into_iter());
        let asked = select("timesheets/leave")
            .columns(["id", "user", "first", "last", "per_day"])
            .filter(
                field("status")
                    .eq("approved")
                    .and(field("first").at_most(span.last))
                    .and(field("last").at_least(span.first)),
            )
            .sort("first");
        let mut leave: BTreeMap<Id, Vec<Fields>> = BTreeMap::new();
        for row in found(asked)? {
            if let Some(user) = row.reference("user") {
                leave.entry(user).or_default().push(row);
            }
        }
        Ok(Self { patterns, holidays, leave })
    }

    /// Whether a day is a holiday in a zone.
    pub(crate) fn is_holiday(&self, day: Date, zone: &str) -> bool {
        self.holidays.is_one(day, zone)
    }

    pub(crate) fn of(&self, person: &Person, day: Date) -> Day {
        self.of_day(person, day, self.is_holiday(day, &person.time_zone))
    }

    /// A day that is a holiday for somebody or not, whatever it is where they are based.
    pub(crate) fn of_day(&self, person: &Person, day: Date, is_holiday: bool) -> Day {
        let usual = self.patterns.usual(person.id, day);
        if is_holiday {
            return Day { usual, holiday: usual, leave: 0 };
        }
        let away = self.leave.get(&person.id).into_iter().flatten();
        let away = away.filter(|row| row.date("first") <= Some(day) && Some(day) <= row.date("last"));
        // Leave that says no time takes the whole day.
        let leave = away.map(|row| row.integer("per_day").unwrap_or(usual)).sum::<i64>();
        Day { usual, holiday: 0, leave: leave.clamp(0, usual) }
    }
}
