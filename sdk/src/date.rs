//! Days and instants as types of their own, so that neither is taken for a plain number.

use crate::{Fault, Micros};
use lignaflow_core::value::{instant_text, parse_instant};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Days since 1970-01-01 of 0001-01-01 and 9999-12-31.
const FIRST: i32 = -719_162;
const LAST: i32 = 2_932_896;

/// A civil date between the years 1 and 9999. In JSON and text `2026-11-23`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

/// The text is not a date, or the day lies outside the years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotADate;

impl fmt::Display for NotADate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date is written as 2026-11-23, between the years 1 and 9999")
    }
}

impl std::error::Error for NotADate {}

impl Date {
    /// The day that lies this many days after 1970-01-01.
    pub fn from_days(days: i32) -> Option<Self> {
        (FIRST..=LAST).contains(&days).then_some(Self(days))
    }

    /// The day of a year (1 to 9999), month and day of the month.
    pub fn from_civil(year: i32, month: i32, day: i32) -> Option<Self> {
        let plausible = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        // A day that the month does not have would come back as one of the next.
        plausible.then(|| Self(days_of(year, month, day))).filter(|date| date.civil() == (year, month, day))
    }

    /// Year, month and day of the month, as [`Date::from_civil`] takes them.
    pub const fn civil(self) -> (i32, i32, i32) {
        let days = self.0 + DAYS_TO_EPOCH;
        let era = days.div_euclid(DAYS_OF_ERA);
        let day_of_era = days.rem_euclid(DAYS_OF_ERA);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400;
        (if month <= 2 { year + 1 } else { year }, month, day)
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// The day so many days later, or earlier; `None` outside the years 1 to 9999.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Option<Self> {
        self.0.checked_add(days).and_then(Self::from_days)
    }

    /// The day of the week, from 1, Monday, to 7, Sunday.
    pub const fn weekday(self) -> u8 {
        // 1 January 1970 was a Thursday.
        match (self.0 + 3).rem_euclid(7) {
            0 => 1,
            1 => 2,
            2 => 3,
            3 => 4,
            4 => 5,
            5 => 6,
            _ => 7,
        }
    }

    /// How many days this one lies after another; negative where it lies before.
    pub const fn days_since(self, earlier: Self) -> i32 {
        self.0 - earlier.0
    }
}

impl FromStr for Date {
    type Err = NotADate;
    fn from_str(text: &str) -> Result<Self, NotADate> {
        let number = |part: Option<&str>| part.filter(|p| p.bytes().all(|b| b.is_ascii_digit()))?.parse().ok();
        let whole = |text: &str| {
            let parts = (text.get(..4), text.get(4..5)?, text.get(5..7), text.get(7..8)?, text.get(8..10));
            let (year, "-", month, "-", day) = parts else { return None };
            Self::from_civil(number(year)?, number(month)?, number(day)?)
        };
        if text.len() == 10 { whole(text).ok_or(NotADate) } else { Err(NotADate) }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

// The civil calendar is computed here, in years that begin in March and eras of 400 of them (Hinnant, "chrono-compatible
// low-level date algorithms"): a calendar library would be a third of a plugin.
const DAYS_TO_EPOCH: i32 = 719_468;
const DAYS_OF_ERA: i32 = 146_097;

const fn days_of(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    year.div_euclid(400) * DAYS_OF_ERA + day_of_era - DAYS_TO_EPOCH
}

/// A point in time, to the microsecond, UTC. In JSON and text RFC 3339.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Micros);

impl Instant {
    /// Microseconds since the Unix epoch.
    pub const fn from_micros(micros: Micros) -> Self {
        Self(micros)
    }

    pub const fn micros(self) -> Micros {
        self.0
    }
}

impl FromStr for Instant {
    type Err = Fault;
    fn from_str(text: &str) -> Result<Self, Fault> {
        parse_instant(text).map(Self).ok_or_else(|| {
            Fault::at("", "type", "An instant is written with its offset, as 2026-11-23T07:00:00+11:00.")
        })
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&instant_text(self.0))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(|fault: Fault| serde::de::Error::custom(fault.message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::value::{date_text, parse_date};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_day_reads_as_the_host_reads_it(days in FIRST..=LAST) {
            let date = Date::from_days(days).unwrap();
            prop_assert_eq!(date.to_string(), date_text(days));
            prop_assert_eq!(date_text(days).parse(), Ok(date));
            let (year, month, day) = date.civil();
            prop_assert_eq!(Date::from_civil(year, month, day), Some(date));
        }

        #[test]
        fn any_text_is_a_date_exactly_where_it_is_one_for_the_host(text in "[0-9]{4}-[0-3][0-9]-[0-9]{2}|\\PC{0,11}") {
            prop_assert_eq!(text.parse::<Date>().ok().map(Date::days), parse_date(&text));
        }
    }

    #[test]
    fn the_calendar_ends_where_the_hosts_does() {
        assert_eq!(Date::from_days(FIRST).map(|date| date.to_string()).as_deref(), Some("0001-01-01"));
        assert_eq!(Date::from_days(LAST).map(|date| date.to_string()).as_deref(), Some("9999-12-31"));
        assert_eq!((Date::from_days(FIRST - 1), Date::from_days(LAST + 1)), (None, None));
        assert_eq!(Date::from_civil(2026, 2, 29), None);
    }

    #[test]
    fn days_are_counted_over_months_and_leap_days() {
        let start: Date = "2028-02-27".parse().unwrap();
        assert_eq!(start.plus_days(3), "2028-03-01".parse().ok());
        assert_eq!("2028-03-01".parse::<Date>().unwrap().days_since(start), 3);
        assert_eq!("9999-12-31".parse::<Date>().unwrap().plus_days(1), None);
        assert_eq!("2026-02-30".parse::<Date>(), Err(NotADate));
    }

    #[test]
    fn json_holds_dates_and_instants_as_text() {
        let date: Date = serde_json::from_str("\"2026-11-23\"").unwrap();
        assert_eq!(serde_json::to_string(&date).unwrap(), "\"2026-11-23\"");
        let instant: Instant = serde_json::from_str("\"2026-11-23T07:00:00+11:00\"").unwrap();
        assert_eq!(instant.to_string(), "2026-11-22T20:00:00Z");
        assert!(serde_json::from_str::<Instant>("\"2026-11-23\"").is_err());
    }
}
