//! What time is paid as: each second of it is in exactly one band. It sorts time and computes no wages.

use crate::capacity::Day;
use lignaflow_sdk::prelude::{Date, Fault, ReadFields, settings};
use serde::Serialize;
use std::ops::AddAssign;

/// What overtime of the first band is by itself.
const FIRST_BAND: i64 = 7_200;
/// Ordinary time of a week by itself: 38 hours.
const WEEK: i64 = 136_800;

/// As the organization has settled it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    first_band: i64,
    /// Whether what is beyond the pattern of a day is overtime.
    by_day: bool,
    /// Ordinary time of a week, beyond which it is overtime.
    by_week: Option<i64>,
    /// Days whose time is a band of its own.
    saturday: bool,
    sunday: bool,
    holiday: bool,
}

/// Seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Bands {
    pub(crate) ordinary: i64,
    pub(crate) overtime: i64,
    pub(crate) further_overtime: i64,
    pub(crate) saturday: i64,
    pub(crate) sunday: i64,
    pub(crate) on_holiday: i64,
}

impl AddAssign for Bands {
    fn add_assign(&mut self, more: Self) {
        self.ordinary += more.ordinary;
        self.overtime += more.overtime;
        self.further_overtime += more.further_overtime;
        self.saturday += more.saturday;
        self.sunday += more.sunday;
        self.on_holiday += more.on_holiday;
    }
}

/// What was worked on a day, and what corrections that were made on it come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Time {
    pub(crate) own: i64,
    pub(crate) corrected: i64,
}

/// What one person has of ordinary time in the week that they are in. Days are given in their order.
#[derive(Debug, Default)]
pub(crate) struct Week {
    first: Option<Date>,
    ordinary: i64,
}

impl Rules {
    pub(crate) fn read() -> Result<Self, Fault> {
        let names =
            ["overtime_by", "overtime_first", "overtime_week", "saturday_apart", "sunday_apart", "holiday_apart"];
        let settled = settings::all(names)?;
        let by = settled.text("overtime_by").unwrap_or("day");
        let is = |name: &str| settled.boolean(name) == Some(true);
        Ok(Self {
            first_band: settled.integer("overtime_first").unwrap_or(FIRST_BAND),
            by_day: by != "week",
            by_week: (by != "day").then(|| settled.integer("overtime_week").unwrap_or(WEEK)),
            saturday: is("saturday_apart"),
            sunday: is("sunday_apart"),
            holiday: is("holiday_apart"),
        })
    }

    /// Whether days before those that are asked about have a say, as far as they are of the same week.
    pub(crate) const fn counts_weeks(&self) -> bool {
        self.by_week.is_some()
    }

    /// The time of a day by its bands: a band of the day itself, else ordinary up to what the pattern and the week leave,
    /// then the first band of overtime, then the rest. What corrections come to is ordinary, whichever day they were made
    /// on, and counts in no week: it is of time that was paid before.
    pub(crate) fn sorted(&self, time: Time, day: Date, known: Day, week: (Date, &mut Week)) -> Bands {
        let (first, so_far) = week;
        if so_far.first != Some(first) {
            *so_far = Week { first: Some(first), ordinary: 0 };
        }
        let mut bands = Bands { ordinary: time.corrected, ..Bands::default() };
        match day.weekday() {
            _ if self.holiday && known.is_holiday => bands.on_holiday = time.own,
            6 if self.saturday => bands.saturday = time.own,
            7 if self.sunday => bands.sunday = time.own,
            _ => {
                let of_day = match (known.is_holiday, self.by_day) {
                    (true, _) => 0,
                    (false, true) => known.usual,
                    (false, false) => i64::MAX,
                };
                let of_week = self.by_week.map_or(i64::MAX, |most| (most - so_far.ordinary).max(0));
                let ordinary = time.own.min(of_day).min(of_week);
                let beyond = time.own - ordinary;
                so_far.ordinary += ordinary;
                bands.ordinary += ordinary;
                bands.overtime = beyond.min(self.first_band);
                bands.further_overtime = beyond - bands.overtime;
            }
        }
        bands
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_sdk::calendar::Conventions;
    use proptest::prelude::*;

    /// 38 hours over five days, and up to 16 hours of own time on each; some days are holidays, some have corrections.
    fn worked() -> impl Strategy<Value = Vec<(Time, Day)>> {
        let day = (0_i64..57_600, prop_oneof![4 => Just(0), 1 => -30_000_i64..30_000], 0_i64..36_000, 0_u8..8);
        let day = day.prop_map(|(own, corrected, usual, chance)| {
            let is_holiday = chance == 0;
            let holiday = if is_holiday { usual } else { 0 };
            (Time { own, corrected }, Day { usual, holiday, leave: 0, is_holiday })
        });
        prop::collection::vec(day, 1..35)
    }

    fn rules() -> impl Strategy<Value = Rules> {
        (0_i64..20_000, any::<bool>(), prop::option::of(0_i64..200_000), any::<[bool; 3]>()).prop_map(
            |(first_band, by_day, by_week, [saturday, sunday, holiday])| Rules {
                first_band,
                by_day: by_day || by_week.is_none(),
                by_week,
                saturday,
                sunday,
                holiday,
            },
        )
    }

    fn sorted(rules: &Rules, from: Date, days: &[(Time, Day)], starts: u8) -> Vec<(Date, Bands)> {
        let conventions = Conventions { week_starts: starts, fiscal_year_starts: 7 };
        let mut week = Week::default();
        let dated = days.iter().zip(0..).map(|((time, known), at)| (from.plus_days(at).unwrap(), *time, *known));
        dated
            .map(|(day, time, known)| (day, rules.sorted(time, day, known, (conventions.week_of(day), &mut week))))
            .collect()
    }

    proptest! {
        #[test]
        fn each_second_is_in_exactly_one_band(
            rules in rules(), days in worked(), from in 20_000_i32..30_000, starts in 1_u8..=7,
        ) {
            let from = Date::from_days(from).unwrap();
            for ((day, bands), (time, known)) in sorted(&rules, from, &days, starts).into_iter().zip(&days) {
                let Bands { ordinary, overtime, further_overtime, saturday, sunday, on_holiday } = bands;
                let own = ordinary - time.corrected;
                let all = [own, overtime, further_overtime, saturday, sunday, on_holiday];
                prop_assert_eq!(all.iter().sum::<i64>(), time.own);
                prop_assert!(all.iter().all(|seconds| *seconds >= 0) && overtime <= rules.first_band);
                prop_assert!(further_overtime == 0 || overtime == rules.first_band);
                prop_assert!(!rules.by_day || own <= known.usual);
                prop_assert!(saturday == 0 || day.weekday() == 6);
                prop_assert!(sunday == 0 || day.weekday() == 7);
                prop_assert!(on_holiday == 0 || known.is_holiday);
                prop_assert!(!known.is_holiday || own == 0);
            }
        }

        #[test]
        fn a_week_has_so_much_ordinary_time_and_its_overtime_counts_nothing_twice(
            rules in rules(), days in worked(), from in 20_000_i32..30_000, starts in 1_u8..=7, most in 0_i64..200_000,
        ) {
            let from = Date::from_days(from).unwrap();
            let conventions = Conventions { week_starts: starts, fiscal_year_starts: 7 };
            let of_day = Rules { by_day: true, by_week: None, ..rules };
            let both = Rules { by_day: true, by_week: Some(most), ..rules };
            let (alone, both) = (sorted(&of_day, from, &days, starts), sorted(&both, from, &days, starts));
            let mut weeks: std::collections::BTreeMap<Date, (i64, i64, i64)> = std::collections::BTreeMap::new();
            for (((day, one), (_, other)), (time, _)) in alone.into_iter().zip(both).zip(&days) {
                let of = weeks.entry(conventions.week_of(day)).or_default();
                of.0 += one.ordinary - time.corrected;
                of.1 += other.ordinary - time.corrected;
                of.2 += other.overtime + other.further_overtime - one.overtime - one.further_overtime;
                prop_assert_eq!((one.saturday, one.sunday, one.on_holiday), (other.saturday, other.sunday, other.on_holiday));
            }
            for (without, with, more) in weeks.into_values() {
                // Only what the days left as ordinary becomes overtime of the week.
                prop_assert_eq!(with, without.min(most));
                prop_assert_eq!(more, without - with);
            }
        }

        #[test]
        fn a_week_is_paid_the_same_in_one_period_and_in_two(
            rules in rules(), days in worked(), from in 20_000_i32..30_000, starts in 1_u8..=7, cut in 0_usize..35,
        ) {
            // The second period begins to count with the first day of the week that it begins in.
            let from = Date::from_days(from).unwrap();
            let conventions = Conventions { week_starts: starts, fiscal_year_starts: 7 };
            let whole = sorted(&rules, from, &days, starts);
            let cut = cut.min(days.len() - 1);
            let back = usize::try_from(whole[cut].0.days_since(conventions.week_of(whole[cut].0))).unwrap().min(cut);
            let second = sorted(&rules, whole[cut - back].0, &days[cut - back..], starts);
            prop_assert_eq!(&whole[cut..], &second[back..]);
        }

        #[test]
        fn a_correction_is_ordinary_and_moves_nothing_else(
            rules in rules(), days in worked(), from in 20_000_i32..30_000, starts in 1_u8..=7,
        ) {
            let from = Date::from_days(from).unwrap();
            let plain: Vec<_> = days.iter().map(|(time, known)| (Time { corrected: 0, ..*time }, *known)).collect();
            let (with, without) = (sorted(&rules, from, &days, starts), sorted(&rules, from, &plain, starts));
            for (((_, with), (_, without)), (time, _)) in with.into_iter().zip(without).zip(&days) {
                let mut expected = without;
                expected += Bands { ordinary: time.corrected, ..Bands::default() };
                prop_assert_eq!(with, expected);
            }
        }
    }
}
