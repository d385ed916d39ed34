//! The tz database, bundled with the host, so that no plugin carries one and all agree; and where the organization's
//! weeks and years begin.

use crate::call::State;
use crate::contract::lignaflow::plugin::calendar::{Conventions, Host, LocalTime};
use crate::convert::value::shown;
use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use lignaflow_core::value::{civil_date, date_days};

const DAY: u32 = 86_400;

impl Host for State {
    fn to_local(&mut self, instant: i64, zone: String) -> wasmtime::Result<Result<LocalTime, String>> {
        self.charge()?;
        Ok(to_local(instant, &zone))
    }

    fn to_instant(&mut self, date: i32, second: u32, zone: String) -> wasmtime::Result<Result<i64, String>> {
        self.charge()?;
        Ok(to_instant(date, second, &zone))
    }

    fn of_organization(&mut self) -> wasmtime::Result<Conventions> {
        self.charge()?;
        let calendar = self.reads.caller().calendar;
        Ok(Conventions { week_starts: calendar.week_starts, fiscal_year_starts: calendar.fiscal_year_starts })
    }
}

fn named(zone: &str) -> Result<TimeZone, String> {
    TimeZone::get(zone).map_err(|_| format!("there is no time zone `{}`", shown(zone)))
}

fn to_local(instant: i64, zone: &str) -> Result<LocalTime, String> {
    let zone = named(zone)?;
    let outside = || format!("instant {instant} lies outside the years that can be told");
    let instant = Timestamp::from_microsecond(instant).map_err(|_| outside())?;
    let local = instant.to_zoned(zone);
    let (date, time) = (local.date(), local.time());
    if date.year() < 1 {
        return Err(outside());
    }
    let second = i32::from(time.hour()) * 3600 + i32::from(time.minute()) * 60 + i32::from(time.second());
    Ok(LocalTime {
        date: date_days(date),
        second: u32::try_from(second).unwrap_or(0),
        offset_seconds: local.offset().seconds(),
    })
}

/// A local time that does not exist moves forward by as much as the clocks did; of one that exists twice it is the
/// earlier (RFC 5545, 3.3.5).
fn to_instant(date: i32, second: u32, zone: &str) -> Result<i64, String> {
    let zone = named(zone)?;
    let date = civil_date(date).ok_or_else(|| format!("day {date} lies outside the years 1 to 9999"))?;
    let time = time(second).ok_or_else(|| format!("a day has {DAY} seconds, counted from 0, not {second}"))?;
    zone.to_ambiguous_timestamp(DateTime::from_parts(date, time))
        .compatible()
        .map(Timestamp::as_microsecond)
        .map_err(|_| "the instant lies outside the years that can be told".to_owned())
}

fn time(second: u32) -> Option<Time> {
    let part = |value: u32| i8::try_from(value).ok();
    Time::new(part(second / 3600)?, part(second / 60 % 60)?, part(second % 60)?, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::value::{instant_text, parse_date, parse_instant};

    const SYDNEY: &str = "Australia/Sydney";

    fn instant(date: &str, second: u32) -> String {
        instant_text(to_instant(parse_date(date).unwrap(), second, SYDNEY).unwrap())
    }

    #[test]
    fn a_morning_in_sydney_is_the_evening_before_in_utc() {
        let local = to_local(parse_instant("2026-11-22T20:00:00Z").unwrap(), SYDNEY).unwrap();
        assert_eq!(local.date, parse_date("2026-11-23").unwrap());
        assert_eq!((local.second, local.offset_seconds), (7 * 3600, 11 * 3600));
        assert_eq!(instant("2026-11-23", 7 * 3600), "2026-11-22T20:00:00Z");
    }

    #[test]
    fn a_time_that_does_not_exist_moves_forward() {
        // At 02:00 on 4 October 2026 the clocks go to 03:00.
        assert_eq!(instant("2026-10-04", 2 * 3600 + 1800), "2026-10-03T16:30:00Z");
        assert_eq!(instant("2026-10-04", 3 * 3600 + 1800), "2026-10-03T16:30:00Z");
    }

    #[test]
    fn a_time_that_exists_twice_is_the_earlier() {
        // At 03:00 on 5 April 2026 the clocks go back to 02:00.
        assert_eq!(instant("2026-04-05", 2 * 3600 + 1800), "2026-04-04T15:30:00Z");
    }

    #[test]
    fn nonsense_is_told_and_does_no_harm() {
        assert_eq!(to_instant(0, DAY, SYDNEY), Err("a day has 86400 seconds, counted from 0, not 86400".to_owned()));
        assert!(to_instant(0, u32::MAX, SYDNEY).is_err());
        assert_eq!(to_instant(0, 0, "Mars/Base").unwrap_err(), "there is no time zone `Mars/Base`");
        for (instant, date) in [(i64::MIN, i32::MIN), (i64::MAX, i32::MAX), (-62_135_596_800_000_000, -719_162)] {
            for zone in ["Pacific/Kiritimati", "America/Los_Angeles", "UTC"] {
                let _ = to_local(instant, zone);
                let _ = to_instant(date, DAY - 1, zone);
            }
        }
    }
}
