//! What people work on each day of a week, by patterns from a day on.

use lignaflow_sdk::prelude::{Date, Id, ReadFields};
use std::collections::BTreeMap;

/// The fields of a pattern, Monday first.
pub const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// What a day is by itself where no pattern says otherwise, Monday first: 38 hours over five days.
pub const USUAL: [i64; 7] = [27_360, 27_360, 27_360, 27_360, 27_360, 0, 0];

/// The columns that a pattern is read by.
pub fn columns() -> impl Iterator<Item = &'static str> {
    ["id", "user", "effective_from"].into_iter().chain(WEEKDAYS)
}

/// Patterns of each person and, without one, of everybody.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    /// The latest first.
    known: BTreeMap<Option<Id>, Vec<(Date, [i64; 7])>>,
}

impl Patterns {
    pub fn of(rows: impl Iterator<Item = impl ReadFields>) -> Self {
        let mut known: BTreeMap<Option<Id>, Vec<(Date, [i64; 7])>> = BTreeMap::new();
        for row in rows {
            let Some(from) = row.date("effective_from") else { continue };
            let days = WEEKDAYS.map(|day| row.integer(day).unwrap_or(0));
            known.entry(row.reference("user")).or_default().push((from, days));
        }
        for patterns in known.values_mut() {
            patterns.sort_by_key(|(from, _)| std::cmp::Reverse(*from));
        }
        Self { known }
    }

    /// Seconds that a day is by itself: by the person's pattern, else by that of everybody, else by what is usual.
    pub fn usual(&self, person: Id, day: Date) -> i64 {
        let weekday = usize::from(day.weekday()) - 1;
        let of = |person: Option<Id>| self.known.get(&person)?.iter().find(|(from, _)| *from <= day);
        of(Some(person)).or_else(|| of(None)).map_or(USUAL[weekday], |(_, days)| days[weekday])
    }
}
