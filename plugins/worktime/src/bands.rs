//! What time is paid as: each second of it is in exactly one band. It sorts time and computes no wages.

use crate::rules::{HolidaysOf, Item, Rulebook, Rules};
use lignaflow_sdk::calendar::Conventions;
use lignaflow_sdk::prelude::Date;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{AddAssign, SubAssign};

/// Seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Bands {
    pub ordinary: i64,
    pub overtime: i64,
    pub further_overtime: i64,
    pub saturday: i64,
    pub sunday: i64,
    pub on_holiday: i64,
}

impl Bands {
    /// Each with what it is called by.
    pub const fn items(self) -> [(Item, i64); 6] {
        [
            (Item::Ordinary, self.ordinary),
            (Item::Overtime, self.overtime),
            (Item::FurtherOvertime, self.further_overtime),
            (Item::Saturday, self.saturday),
            (Item::Sunday, self.sunday),
            (Item::OnHoliday, self.on_holiday),
        ]
    }

    /// All seconds of it.
    pub fn sum(self) -> i64 {
        self.items().into_iter().map(|(_, seconds)| seconds).sum()
    }
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

impl SubAssign for Bands {
    fn sub_assign(&mut self, less: Self) {
        self.ordinary -= less.ordinary;
        self.overtime -= less.overtime;
        self.further_overtime -= less.further_overtime;
        self.saturday -= less.saturday;
        self.sunday -= less.sunday;
        self.on_holiday -= less.on_holiday;
    }
}

/// What was worked on a day, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Time {
    /// Where it was no holiday. Less than nothing where what it takes back is not known of.
    pub own: i64,
    /// Where it was one.
    pub on_holiday: i64,
    /// What corrections come to that are told on the day that they were made on.
    pub corrected: i64,
}

impl Time {
    /// Adds what was worked in a zone on a day that may be a holiday there, or where the person is based.
    pub const fn add(&mut self, seconds: i64, is_holiday: bool) {
        if is_holiday {
            self.on_holiday += seconds;
        } else {
            self.own += seconds;
        }
    }
}

/// What one person has of ordinary time in the week that they are in. Days are given in their order.
#[derive(Debug, Default)]
pub struct Week {
    first: Option<Date>,
    ordinary: i64,
}

impl Rules {
    /// The zone whose holidays count for what somebody worked.
    pub fn zone_of<'a>(&self, worked: Option<&'a str>, based: &'a str) -> &'a str {
        match self.holidays_of {
            HolidaysOf::Person => based,
            HolidaysOf::Work => worked.unwrap_or(based),
        }
    }

    /// The time of a day by its bands: a band of the day itself, else ordinary up to what the pattern and the week leave,
    /// then the first band of overtime, then the rest. `usual` is what the day is by the pattern. What corrections come to
    /// is ordinary, whichever day they were made on, and counts in no week: it is of time that was paid before. What is less
    /// than nothing is less of ordinary time, or of the band of its day.
    pub fn sorted(&self, time: Time, day: Date, usual: i64, week: (Date, &mut Week)) -> Bands {
        let (first, so_far) = week;
        if so_far.first != Some(first) {
            *so_far = Week { first: Some(first), ordinary: 0 };
        }
        let mut bands = Bands { ordinary: time.corrected, ..Bands::default() };
        let mut beyond = time.on_holiday;
        if self.holiday {
            bands.on_holiday = std::mem::take(&mut beyond);
        }
        match day.weekday() {
            6 if self.saturday => bands.saturday = time.own + beyond,
            7 if self.sunday => bands.sunday = time.own + beyond,
            _ => {
                let of_day = if self.by_day { usual } else { i64::MAX };
                let of_week = self.by_week.map_or(i64::MAX, |most| (most - so_far.ordinary).max(0));
                // What is taken back of a holiday is no overtime that others could have.
                let ordinary = time.own.min(of_day).min(of_week) + beyond.min(0);
                beyond = time.own + beyond - ordinary;
                so_far.ordinary += ordinary;
                bands.ordinary += ordinary;
                bands.overtime = beyond.min(self.first_band);
                bands.further_overtime = beyond - bands.overtime;
            }
        }
        bands
    }
}

/// What is to be paid of one person's days beyond what was paid of them already: a band is decided over all that there is
/// of a week, so that time which comes late, or is taken back, may also move what was paid before. Days are given of whole
/// weeks, with all that is paid by now.
pub fn to_pay(
    book: &Rulebook,
    conventions: Conventions,
    usual: impl Fn(Date) -> i64,
    worked: &BTreeMap<Date, Time>,
    paid: &BTreeMap<Date, Bands>,
) -> BTreeMap<Date, Bands> {
    let mut week = Week::default();
    let days: BTreeSet<Date> = worked.keys().chain(paid.keys()).copied().collect();
    let of = |day: Date| {
        let time = worked.get(&day).copied().unwrap_or_default();
        let mut bands = book.rules(day).sorted(time, day, usual(day), (conventions.week_of(day), &mut week));
        bands -= paid.get(&day).copied().unwrap_or_default();
        (day, bands)
    };
    days.into_iter().map(of).filter(|(_, bands)| *bands != Bands::default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Up to 16 hours of a day with what it is by the pattern. Some of it was on a holiday, some of it corrects other time.
    fn worked() -> impl Strategy<Value = Vec<(Time, i64)>> {
        let corrected = prop_oneof![4 => Just(0), 1 => -30_000_i64..30_000];
        let day = (0_i64..57_600, corrected, 0_i64..36_000, 0_i64..8);
        let day = day.prop_map(|(worked, corrected, usual, eighths)| {
            // Of most days nothing, of some all, and of some what was worked in another zone.
            let on_holiday = worked * (eighths - 4).max(0) / 3;
            (Time { own: worked - on_holiday, on_holiday, corrected }, usual)
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
                holidays_of: HolidaysOf::Person,
            },
        )
    }

    #[derive(Debug, Clone, Copy)]
    enum Deed {
        /// So much, on a day of four weeks, which was a holiday there or not. Less than nothing takes back.
        Work(i32, i64, bool),
        /// All that there is up to a day.
        Pay(i32),
        Cancel(usize),
    }

    fn deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            4 => (0_i32..28, -20_000_i64..60_000, prop::bool::weighted(0.1)).prop_map(|(day, time, off)| Deed::Work(day, time, off)),
            2 => (0_i32..28).prop_map(Deed::Pay),
            1 => (0_usize..4).prop_map(Deed::Cancel),
        ]
    }

    fn sorted(rules: &Rules, from: Date, days: &[(Time, i64)], starts: u8) -> Vec<(Date, Bands)> {
        let conventions = Conventions { week_starts: starts, fiscal_year_starts: 7 };
        let mut week = Week::default();
        let dated = days.iter().zip(0..).map(|((time, usual), at)| (from.plus_days(at).unwrap(), *time, *usual));
        dated
            .map(|(day, time, usual)| (day, rules.sorted(time, day, usual, (conventions.week_of(day), &mut week))))
            .collect()
    }

    proptest! {
        #[test]
        fn each_second_is_in_exactly_one_band(
            rules in rules(), days in worked(), from in 20_000_i32..30_000, starts in 1_u8..=7,
        ) {
            let from = Date::from_days(from).unwrap();
            for ((day, bands), (time, usual)) in sorted(&rules, from, &days, starts).into_iter().zip(&days) {
                let Bands { ordinary, overtime, further_overtime, saturday, sunday, on_holiday } = bands;
                let own = ordinary - time.corrected;
                let all = [own, overtime, further_overtime, saturday, sunday, on_holiday];
                prop_assert_eq!(all.iter().sum::<i64>(), time.own + time.on_holiday);
                prop_assert!(all.iter().all(|seconds| *seconds >= 0) && overtime <= rules.first_band);
                prop_assert!(further_overtime == 0 || overtime == rules.first_band);
                prop_assert!(own <= time.own && (!rules.by_day || own <= *usual));
                prop_assert!(saturday == 0 || day.weekday() == 6);
                prop_assert!(sunday == 0 || day.weekday() == 7);
                prop_assert_eq!(on_holiday, if rules.holiday { time.on_holiday } else { 0 });
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
            let plain: Vec<_> = days.iter().map(|(time, usual)| (Time { corrected: 0, ..*time }, *usual)).collect();
            let (with, without) = (sorted(&rules, from, &days, starts), sorted(&rules, from, &plain, starts));
            for (((_, with), (_, without)), (time, _)) in with.into_iter().zip(without).zip(&days) {
                let mut expected = without;
                expected += Bands { ordinary: time.corrected, ..Bands::default() };
                prop_assert_eq!(with, expected);
            }
        }

        #[test]
        fn what_runs_pay_in_any_order_is_what_all_of_it_comes_to(
            rules in rules(), usual in 0_i64..36_000, starts in 1_u8..=7, deeds in prop::collection::vec(deed(), 1..30),
        ) {
            let conventions = Conventions { week_starts: starts, fiscal_year_starts: 7 };
            let monday: Date = "2026-11-23".parse().unwrap();
            let weeks = 4 * 7;
            let book = Rulebook::all_along(rules);
            // Time with the run that paid it, and what each run that stands paid.
            let mut time: Vec<(Date, Time, Option<usize>)> = Vec::new();
            let mut runs: BTreeMap<usize, BTreeMap<Date, Bands>> = BTreeMap::new();
            for (number, deed) in deeds.into_iter().chain([Deed::Pay(weeks)]).enumerate() {
                match deed {
                    Deed::Work(day, seconds, is_holiday) => {
                        let mut worked = Time::default();
                        worked.add(seconds, is_holiday);
                        time.push((monday.plus_days(day).unwrap(), worked, None));
                    }
                    Deed::Cancel(nth) => {
                        if let Some(run) = runs.keys().nth(nth).copied() {
                            runs.remove(&run);
                            time.iter_mut().filter(|(.., of)| *of == Some(run)).for_each(|(.., of)| *of = None);
                        }
                    }
                    Deed::Pay(until) => {
                        let until = monday.plus_days(until).unwrap();
                        let due: Vec<Date> = time.iter().filter(|(day, _, of)| of.is_none() && *day <= until).map(|(day, ..)| *day).collect();
                        let touched: BTreeSet<Date> = due.iter().map(|day| conventions.week_of(*day)).collect();
                        time.iter_mut().filter(|(day, _, of)| of.is_none() && *day <= until).for_each(|(.., of)| *of = Some(number));
                        let of_touched = |day: &Date| touched.contains(&conventions.week_of(*day));
                        let mut worked: BTreeMap<Date, Time> = BTreeMap::new();
                        for (day, of, run) in &time {
                            if run.is_some() && of_touched(day) {
                                let known = worked.entry(*day).or_default();
                                known.own += of.own;
                                known.on_holiday += of.on_holiday;
                            }
                        }
                        let mut paid: BTreeMap<Date, Bands> = BTreeMap::new();
                        for (day, bands) in runs.values().flatten().filter(|(day, _)| of_touched(day)) {
                            *paid.entry(*day).or_default() += *bands;
                        }
                        runs.insert(number, to_pay(&book, conventions, |_| usual, &worked, &paid));
                    }
                }
                // Each run that stands pays as much as is in it.
                for (run, bands) in &runs {
                    let in_it: i64 = time.iter().filter(|(.., of)| *of == Some(*run)).map(|(_, of, _)| of.own + of.on_holiday).sum();
                    prop_assert_eq!(bands.values().map(|bands| bands.sum()).sum::<i64>(), in_it);
                }
            }
            let mut worked: BTreeMap<Date, Time> = BTreeMap::new();
            for (day, of, _) in &time {
                let known = worked.entry(*day).or_default();
                known.own += of.own;
                known.on_holiday += of.on_holiday;
            }
            let whole = to_pay(&book, conventions, |_| usual, &worked, &BTreeMap::new());
            let mut paid: BTreeMap<Date, Bands> = BTreeMap::new();
            for (day, bands) in runs.values().flatten() {
                *paid.entry(*day).or_default() += *bands;
            }
            paid.retain(|_, bands| *bands != Bands::default());
            prop_assert_eq!(paid, whole);
        }
    }
}
