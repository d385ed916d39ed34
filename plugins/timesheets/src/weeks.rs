//! Weeks, from Monday, and the sheet of a person and a week.

use lignaflow_sdk::prelude::*;

/// Monday of the week that a day lies in.
pub(crate) fn week_of(day: Date) -> Date {
    // 1 January 1970 was a Thursday.
    let since = (day.days() + 3).rem_euclid(7);
    day.plus_days(-since).unwrap_or(day)
}

/// The seven days of a week.
pub(crate) fn days_of(week: Date) -> Vec<Date> {
    (0..7).filter_map(|offset| week.plus_days(offset)).collect()
}

/// The one sheet of a person and a week. It follows from both, so that two writers who both find none make the same one,
/// and the second finds the first's.
pub(crate) fn sheet_of(user: Id, week: Date) -> Id {
    let mut chance = [0; 10];
    chance.copy_from_slice(&user.bytes()[6..]);
    Id::from_parts(i64::from(week.days()) * 86_400_000_000, chance)
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `23 Nov 2026`.
pub(crate) fn shown(day: Date) -> String {
    let (year, month, date) = day.civil();
    let month = usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default();
    format!("{date} {month} {year}")
}

/// `16 – 22 Nov 2026`.
pub(crate) fn span(week: Date) -> String {
    let last = week.plus_days(6).unwrap_or(week);
    let (first, end) = (week.civil(), last.civil());
    let end_text = shown(last);
    match () {
        () if first.0 != end.0 => format!("{} – {end_text}", shown(week)),
        () if first.1 != end.1 => format!("{} – {end_text}", shown(week).trim_end_matches(char::is_numeric).trim_end()),
        () => format!("{} – {end_text}", first.2),
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
    fn a_week_begins_on_monday() {
        assert_eq!(week_of(day("2026-11-22")), day("2026-11-16"));
        assert_eq!(week_of(day("2026-11-23")), day("2026-11-23"));
        assert_eq!(span(day("2026-11-16")), "16 – 22 Nov 2026");
        assert_eq!(span(day("2026-11-30")), "30 Nov – 6 Dec 2026");
        assert_eq!(span(day("2026-12-28")), "28 Dec 2026 – 3 Jan 2027");
    }

    proptest! {
        #[test]
        fn every_day_lies_in_the_week_that_begins_on_or_up_to_six_days_before(days in 0_i32..60_000) {
            let day = Date::from_days(days).unwrap();
            let week = week_of(day);
            prop_assert!((0..7).contains(&day.days_since(week)));
            prop_assert_eq!(week_of(week), week);
            prop_assert!(days_of(week).contains(&day));
        }

        #[test]
        fn each_person_has_one_sheet_a_week(one in 0_i32..3_000, other in 0_i32..3_000) {
            let (user, colleague) = (Id::fresh(), Id::fresh());
            let week = |number: i32| Date::from_days(4 + number * 7).unwrap();
            prop_assert_eq!(sheet_of(user, week(one)) == sheet_of(user, week(other)), one == other);
            prop_assert_ne!(sheet_of(user, week(one)), sheet_of(colleague, week(one)));
            prop_assert!(sheet_of(user, week(one)).is_v7());
        }
    }
}
