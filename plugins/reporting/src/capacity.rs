//! What people are expected to work: by their pattern or that of everybody, less holidays and approved leave. It is read
//! on the caller's rights, so that nobody learns of whom they do not see.

use crate::span::Span;
use lignaflow_sdk::Person;
use lignaflow_sdk::prelude::*;
use std::collections::BTreeMap;

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// What a day is by itself where no pattern says otherwise, Monday first: 38 hours over five days.
const USUAL: [i64; 7] = [27_360, 27_360, 27_360, 27_360, 27_360, 0, 0];
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
    /// Also where nothing would have been worked.
    pub(crate) is_holiday: bool,
}

impl Day {
    /// What is left to work.
    pub(crate) const fn expected(self) -> i64 {
        self.usual - self.holiday - self.leave
    }
}

#[derive(Debug)]
pub(crate) struct Capacity {
    /// The latest first, of each person and, without one, of everybody.
    patterns: BTreeMap<Option<Id>, Vec<Fields>>,
    /// Days with the zone that they are holidays in; everywhere where there is none.
    holidays: Vec<(Date, Option<String>)>,
    leave: BTreeMap<Id, Vec<Fields>>,
}

fn found(asked: impl Into<Selection>) -> Result<Vec<Fields>, Fault> {
    records::find_all(asked, MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, "Too much leave for one report: ask for fewer days."))
}

impl Capacity {
    pub(crate) fn read(span: Span) -> Result<Self, Fault> {
        let mut columns = vec!["id", "user", "effective_from"];
        columns.extend(WEEKDAYS);
        let asked = select("timesheets/work-patterns")
            .columns(columns)
            .filter(field("effective_from").at_most(span.last))
            .sort_descending("effective_from");
        let mut patterns: BTreeMap<Option<Id>, Vec<Fields>> = BTreeMap::new();
        for row in found(asked)? {
            patterns.entry(row.reference("user")).or_default().push(row);
        }
        let asked = select("timesheets/holidays").columns(["id", "day", "zone"]).filter(span.holds("day")).sort("day");
        let holidays = found(asked)?
            .iter()
            .filter_map(|row| Some((row.date("day")?, row.text("zone").map(str::to_owned))))
            .collect();
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

    pub(crate) fn of(&self, person: &Person, day: Date) -> Day {
        let weekday = usize::from(day.weekday()) - 1;
        let pattern = |of: Option<Id>| {
            let mut known = self.patterns.get(&of)?.iter();
            known.find(|row| row.date("effective_from").is_some_and(|from| from <= day))
        };
        let pattern = pattern(Some(person.id)).or_else(|| pattern(None));
        let usual = pattern.map_or(USUAL[weekday], |row| row.integer(WEEKDAYS[weekday]).unwrap_or(0));
        let is_holiday = |(on, zone): &(Date, Option<String>)| {
            *on == day && zone.as_deref().is_none_or(|zone| zone == person.time_zone)
        };
        if self.holidays.iter().any(is_holiday) {
            return Day { usual, holiday: usual, leave: 0, is_holiday: true };
        }
        let away = self.leave.get(&person.id).into_iter().flatten();
        let away = away.filter(|row| row.date("first") <= Some(day) && Some(day) <= row.date("last"));
        // Leave that says no time takes the whole day.
        let leave = away.map(|row| row.integer("per_day").unwrap_or(usual)).sum::<i64>();
        Day { usual, holiday: 0, leave: leave.clamp(0, usual), is_holiday: false }
    }
}

/// The people that a report is of: everybody for who sees everybody's time, else oneself.
pub(crate) fn people_of(caller: &context::Caller) -> Result<Vec<Person>, Fault> {
    if caller.holds("timesheets.see-all") {
        return people::holding(None);
    }
    Ok(caller.person().map(people::person).transpose()?.flatten().into_iter().collect())
}
