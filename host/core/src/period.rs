//! Periods by name, as filters say them: `this-week`, `last-fiscal-year`, `last-30-days`. A word becomes days once for a
//! request, by the caller's day, the organization's weeks and its fiscal year, and `me` the caller; what is compared are
//! plain values.

use crate::bound::Calendar;
use crate::caller::Caller;
use crate::clock::Micros;
use crate::descriptor::{FieldKind, nearest};
use crate::id::Id;
use crate::query::{Bucket, Operator, Predicate};
use crate::reckoning::{Reckoning, Rounding};
use crate::value::{Value, civil_date, date_days};
use jiff::ToSpan;
use jiff::tz::TimeZone;

/// The words, in the order in which they are offered. Beside these any number of days may be said, `last-45-days`.
pub const NAMES: [&str; 23] = [
    "today",
    "yesterday",
    "tomorrow",
    "this-week",
    "last-week",
    "next-week",
    "this-month",
    "last-month",
    "next-month",
    "this-quarter",
    "last-quarter",
    "next-quarter",
    "this-year",
    "last-year",
    "next-year",
    "this-fiscal-year",
    "last-fiscal-year",
    "next-fiscal-year",
    "last-7-days",
    "last-30-days",
    "last-90-days",
    "next-7-days",
    "next-30-days",
];

/// In the place of a person: whoever asks.
pub const ME: &str = "me";

/// The most days that `last-…-days` counts: ten years.
const MOST_DAYS: i32 = 3_660;

/// From a first day to a last, both of them in it; days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub first: i32,
    pub last: i32,
}

/// Who asks, the day, the zone and the calendar by which words are understood.
#[derive(Debug, Clone)]
pub struct Almanac {
    me: Option<Id>,
    now: Micros,
    today: i32,
    zone: TimeZone,
    calendar: Calendar,
}

impl Almanac {
    /// That of who asks, now.
    pub fn of(caller: &Caller) -> Self {
        let zone = TimeZone::get(&caller.time_zone).unwrap_or(TimeZone::UTC);
        Self::at(caller.person().map(|person| person.0), caller.now, zone, caller.calendar)
    }

    fn at(me: Option<Id>, now: Micros, zone: TimeZone, calendar: Calendar) -> Self {
        let instant = jiff::Timestamp::from_microsecond(now).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Self { me, now, today: date_days(instant.to_zoned(zone.clone()).date()), zone, calendar }
    }

    /// The same moment where the clocks are those of another zone.
    #[must_use]
    pub fn within(&self, zone: TimeZone) -> Self {
        Self::at(self.me, self.now, zone, self.calendar)
    }

    /// By what a summary is reckoned that is asked here.
    pub fn reckoning(&self, rounding: Option<Rounding>) -> Reckoning {
        Reckoning { calendar: self.calendar, zone: self.zone.clone(), rounding }
    }

    /// Who [`ME`] is; nobody where no person asks.
    pub fn me(&self) -> Option<Id> {
        self.me
    }

    pub fn today(&self) -> i32 {
        self.today
    }

    /// The period of a word; `None` of what is no such word, or lies outside the years 1 to 9999.
    pub fn period(&self, word: &str) -> Option<Period> {
        let one = |day: i32| Some(Period { first: day, last: day });
        match word {
            "today" => return one(self.today),
            "yesterday" => return one(self.today - 1),
            "tomorrow" => return one(self.today + 1),
            _ => {}
        }
        let (which, rest) = word.split_once('-')?;
        if let Some(count) = rest.strip_suffix("-days") {
            let count = days(count)?;
            return match which {
                "last" => Some(Period { first: self.today - (count - 1), last: self.today }),
                "next" => Some(Period { first: self.today, last: self.today + (count - 1) }),
                _ => None,
            };
        }
        let bucket = match rest {
            "week" => Bucket::Week,
            "month" => Bucket::Month,
            "quarter" => Bucket::Quarter,
            "year" => Bucket::Year,
            "fiscal-year" => Bucket::FiscalYear,
            _ => return None,
        };
        let this = self.around(self.today, bucket)?;
        match which {
            "this" => Some(this),
            "last" => self.around(this.first - 1, bucket),
            "next" => self.around(this.last + 1, bucket),
            _ => None,
        }
    }

    /// The bucket that a day lies in, whole.
    fn around(&self, day: i32, bucket: Bucket) -> Option<Period> {
        let first = self.calendar.bucket_start(day, bucket);
        let begin = civil_date(first)?;
        let length = match bucket {
            Bucket::None | Bucket::Day => 1.day(),
            Bucket::Week => 7.days(),
            Bucket::Month => 1.month(),
            Bucket::Quarter => 3.months(),
            Bucket::Year | Bucket::FiscalYear => 1.year(),
        };
        Some(Period { first, last: date_days(begin.checked_add(length).ok()?) - 1 })
    }

    /// When a day begins in the zone.
    pub fn begins(&self, day: i32) -> Option<Micros> {
        let midnight = civil_date(day)?.to_zoned(self.zone.clone()).ok()?;
        Some(midnight.timestamp().as_microsecond())
    }

    /// That a date or an instant lies in a period, or on a side of it. `None` where the operator or the kind has
    /// nothing to do with periods.
    pub fn compare(&self, path: &str, kind: FieldKind, operator: Operator, period: Period) -> Option<Predicate> {
        let value = |day: i32| match kind {
            FieldKind::Date => Some(Value::Date(day)),
            FieldKind::Instant => self.begins(day).map(Value::Instant),
            _ => None,
        };
        // From here on, and up to before this: the same for days as for instants.
        let (from, until) = (value(period.first)?, value(period.last + 1)?);
        let by = |operator, value| Predicate::Compare { path: path.to_owned(), operator, value };
        Some(match operator {
            Operator::Equal => Predicate::All(vec![by(Operator::AtLeast, from), by(Operator::Less, until)]),
            Operator::NotEqual => Predicate::Any(vec![by(Operator::Less, from), by(Operator::AtLeast, until)]),
            Operator::Less | Operator::AtLeast => by(operator, from),
            Operator::AtMost => by(Operator::Less, until),
            Operator::Greater => by(Operator::AtLeast, until),
            Operator::Contains | Operator::StartsWith => return None,
        })
    }
}

/// How many days a word counts.
fn days(count: &str) -> Option<i32> {
    let digits = !count.is_empty() && count.bytes().all(|digit| digit.is_ascii_digit());
    count.parse().ok().filter(|count| digits && (1..=MOST_DAYS).contains(count))
}

/// Whether it is a word for a period.
pub fn is_word(text: &str) -> bool {
    let counted = text.strip_prefix("last-").or_else(|| text.strip_prefix("next-"));
    NAMES.contains(&text) || counted.and_then(|rest| days(rest.strip_suffix("-days")?)).is_some()
}

/// The word that was probably meant.
pub fn near(word: &str) -> Option<&'static str> {
    nearest(word, NAMES.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{date_text, parse_date, parse_instant};
    use proptest::prelude::*;

    fn almanac(today: i32, week_starts: u8, fiscal_year_starts: u8) -> Almanac {
        let zone = TimeZone::get("Australia/Sydney").unwrap();
        Almanac { me: None, now: 0, today, zone, calendar: Calendar { week_starts, fiscal_year_starts } }
    }

    fn told(word: &str) -> String {
        let period = almanac(parse_date("2026-11-26").unwrap(), 1, 7).period(word).unwrap();
        format!("{} {}", date_text(period.first), date_text(period.last))
    }

    #[test]
    fn words_are_the_periods_that_people_mean() {
        // A Thursday.
        assert_eq!(told("today"), "2026-11-26 2026-11-26");
        assert_eq!(told("yesterday"), "2026-11-25 2026-11-25");
        assert_eq!(told("this-week"), "2026-11-23 2026-11-29");
        assert_eq!(told("next-week"), "2026-11-30 2026-12-06");
        assert_eq!(told("last-month"), "2026-10-01 2026-10-31");
        assert_eq!(told("this-quarter"), "2026-10-01 2026-12-31");
        assert_eq!(told("last-year"), "2025-01-01 2025-12-31");
        assert_eq!(told("this-fiscal-year"), "2026-07-01 2027-06-30");
        assert_eq!(told("last-fiscal-year"), "2025-07-01 2026-06-30");
        assert_eq!(told("last-7-days"), "2026-11-20 2026-11-26");
        assert_eq!(told("next-2-days"), "2026-11-26 2026-11-27");
    }

    #[test]
    fn what_is_no_period_is_none() {
        let here = almanac(0, 1, 1);
        assert!(is_word("next-8-days"));
        for word in ["", "this", "this-day", "last-0-days", "last-+7-days", "last--days", "last-3661-days", "week"] {
            assert_eq!((here.period(word), is_word(word)), (None, false), "{word}");
        }
        assert_eq!(near("this-wek"), Some("this-week"));
        assert_eq!(near("soon"), None);
    }

    #[test]
    fn a_day_of_instants_is_the_callers_day() {
        let here = almanac(parse_date("2026-11-26").unwrap(), 1, 7);
        let today = here.period("today").unwrap();
        let Some(Predicate::All(bounds)) = here.compare("at", FieldKind::Instant, Operator::Equal, today) else {
            panic!("a range has two bounds");
        };
        let at = |text: &str| Value::Instant(parse_instant(text).unwrap());
        let by = |operator, value| Predicate::Compare { path: "at".into(), operator, value };
        let wanted = [
            by(Operator::AtLeast, at("2026-11-26T00:00:00+11:00")),
            by(Operator::Less, at("2026-11-27T00:00:00+11:00")),
        ];
        assert_eq!(bounds, wanted);
    }

    proptest! {
        #[test]
        fn periods_meet_without_gap_or_overlap(
            today in -700_000..2_900_000_i32, week in 1..=7_u8, fiscal in 1..=12_u8,
        ) {
            let here = almanac(today, week, fiscal);
            for unit in ["week", "month", "quarter", "year", "fiscal-year"] {
                let of = |which: &str| here.period(&format!("{which}-{unit}")).unwrap();
                let (last, this, next) = (of("last"), of("this"), of("next"));
                prop_assert!((this.first..=this.last).contains(&today));
                prop_assert_eq!(last.last + 1, this.first);
                prop_assert_eq!(this.last + 1, next.first);
                prop_assert!(last.first <= last.last && next.first <= next.last);
            }
        }

        #[test]
        fn every_word_that_is_offered_is_understood(today in -700_000..2_900_000_i32, count in 1..3_660_i32) {
            let here = almanac(today, 1, 7);
            for name in NAMES {
                let period = here.period(name).unwrap();
                prop_assert!(period.first <= period.last && is_word(name), "{}", name);
            }
            let last = here.period(&format!("last-{count}-days")).unwrap();
            prop_assert_eq!((last.last, last.last - last.first + 1), (today, count));
        }
    }
}
