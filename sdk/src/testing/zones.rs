//! The tz database, as the host answers from it.

use crate::calendar::LocalTime;
use crate::{Date, Instant};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("There is no time zone `{name}`."))
}

pub(crate) fn to_local(instant: Instant, zone_name: &str) -> Result<LocalTime, String> {
    let moment = Timestamp::from_microsecond(instant.micros()).map_err(|error| error.to_string())?;
    let local = moment.to_zoned(zone(zone_name)?);
    let date = local.date();
    let date = Date::from_civil(date.year().into(), date.month().into(), date.day().into());
    let time = local.time();
    let second = i32::from(time.hour()) * 3600 + i32::from(time.minute()) * 60 + i32::from(time.second());
    Ok(LocalTime {
        date: date.ok_or("The instant lies outside the years 1 to 9999.")?,
        second: second.unsigned_abs(),
        offset_seconds: local.offset().seconds(),
    })
}

pub(crate) fn to_instant(date: Date, second: u32, zone_name: &str) -> Result<Instant, String> {
    let outside = || format!("{second} is not a second of a day.");
    let (hour, rest) = (second / 3600, second % 3600);
    let part = |number: u32| i8::try_from(number).map_err(|_| outside());
    let time = civil::Time::new(part(hour)?, part(rest / 60)?, part(rest % 60)?, 0).map_err(|_| outside())?;
    let (year, month, day) = date.civil();
    let small = |part: i32| i8::try_from(part).unwrap_or(1);
    let date = civil::Date::new(i16::try_from(year).unwrap_or(1), small(month), small(day));
    let date = date.map_err(|error| error.to_string())?;
    // As jiff resolves it by itself: a time that does not exist moves forward, of two the earlier is meant.
    let zoned = date.to_datetime(time).to_zoned(zone(zone_name)?).map_err(|error| error.to_string())?;
    Ok(Instant::from_micros(zoned.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_the_day_where_the_clock_hangs() {
        let local = to_local(at("2026-11-22T20:00:00Z"), "Australia/Sydney").unwrap();
        assert_eq!(
            (local.date.to_string().as_str(), local.second, local.offset_seconds),
            ("2026-11-23", 25_200, 39_600)
        );
        assert_eq!(
            to_local(at("2026-11-22T20:00:00Z"), "Mars/Base").unwrap_err(),
            "There is no time zone `Mars/Base`."
        );
    }

    #[test]
    fn a_time_left_out_moves_forward_and_one_told_twice_is_the_earlier() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        // Clocks in Sydney go from 2:00 to 3:00 on 4 October 2026, and from 3:00 back to 2:00 on 5 April.
        let half_past_two = 2 * 3600 + 1800;
        let skipped = to_instant(date("2026-10-04"), half_past_two, "Australia/Sydney").unwrap();
        assert_eq!(skipped, at("2026-10-03T16:30:00Z"));
        let twice = to_instant(date("2026-04-05"), half_past_two, "Australia/Sydney").unwrap();
        assert_eq!(twice, at("2026-04-04T15:30:00Z"));
        assert!(to_instant(date("2026-04-05"), 90_000, "Australia/Sydney").is_err());
    }
}
