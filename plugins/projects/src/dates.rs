//! Dates in order, and dates moved.

use crate::findings::Findings;
use lignaflow_sdk::prelude::*;

/// A due date is not before its start: of projects and tasks alike.
pub(crate) fn check(index: usize, change: &HookChange, findings: &mut Findings) {
    if let (Some(start), Some(due)) = (change.after.date("start"), change.after.date("due"))
        && due < start
    {
        findings.add(index, "due", "order", format!("It is due on {due}, before it starts on {start}."));
    }
}

/// The dates of one record, moved together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shift {
    days: i32,
}

impl Shift {
    /// By as many days as lie between two days.
    pub(crate) fn between(from: Date, to: Date) -> Self {
        Self { days: to.days_since(from) }
    }

    pub(crate) fn none() -> Self {
        Self { days: 0 }
    }

    /// The day moved. A day that would leave the calendar is a fault of the new start.
    pub(crate) fn apply(self, date: Option<Date>) -> Result<Option<Date>, Fault> {
        let Some(date) = date else { return Ok(None) };
        match date.plus_days(self.days) {
            Some(moved) => Ok(Some(moved)),
            None => Err(Fault::at("/start", "range", format!("{date} would move out of the years 1 to 9999."))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_outside_the_calendar_is_a_fault_of_the_start() {
        let shift = Shift::between(day("2026-01-01"), day("9999-01-01"));
        let fault = shift.apply(Some(day("2027-06-01"))).unwrap_err();
        assert_eq!(fault.issues[0].path, "/start");
        assert_eq!(Shift::none().apply(None), Ok(None));
    }

    proptest! {
        #[test]
        fn distances_between_days_survive_a_shift(from in 0..40_000_i32, to in 0..40_000_i32, a in 0..40_000_i32, b in 0..40_000_i32) {
            let of = |days| Date::from_days(days).unwrap();
            let shift = Shift::between(of(from), of(to));
            let moved = |days| shift.apply(Some(of(days))).unwrap().unwrap();
            prop_assert_eq!(moved(from), of(to));
            prop_assert_eq!(moved(b).days_since(moved(a)), b - a);
        }
    }
}
