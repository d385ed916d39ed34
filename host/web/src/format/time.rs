//! Dates in the reader's order, instants in their zone, durations in hours and minutes.

use crate::format::number::{MINUS, integer};
use crate::locale::{DateOrder, Locale};
use crate::reader::Reader;
use jiff::civil::Date;
use jiff::{Timestamp, Zoned};
use lignaflow_core::clock::Micros;
use lignaflow_core::reckoning::{Rounding, Way};

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `23/11/2026` in Australia.
pub fn date(date: Date, locale: &Locale) -> String {
    let pattern = locale.date;
    let (day, month) = if pattern.padded {
        (format!("{:02}", date.day()), format!("{:02}", date.month()))
    } else {
        (date.day().to_string(), date.month().to_string())
    };
    let (year, s) = (date.year(), pattern.separator);
    match pattern.order {
        DateOrder::DayMonthYear => format!("{day}{s}{month}{s}{year:04}"),
        DateOrder::MonthDayYear => format!("{month}{s}{day}{s}{year:04}"),
        DateOrder::YearMonthDay => format!("{year:04}{s}{month}{s}{day}"),
    }
}

/// `23/11`, where the year goes without saying.
pub fn day_and_month(date: Date, locale: &Locale) -> String {
    let (day, month, s) = (date.day(), date.month(), locale.date.separator);
    match locale.date.order {
        DateOrder::DayMonthYear => format!("{day}{s}{month}"),
        DateOrder::MonthDayYear => format!("{month}{s}{day}"),
        DateOrder::YearMonthDay => format!("{month:02}{s}{day:02}"),
    }
}

/// `Thursday, 19 November`: a day as a heading.
pub fn long_day(date: Date) -> String {
    format!("{}, {} {}", weekday(date), date.day(), month(date.month()))
}

pub fn weekday(date: Date) -> &'static str {
    WEEKDAYS[usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0) % 7]
}

pub fn month(number: i8) -> &'static str {
    MONTHS[usize::try_from(number - 1).unwrap_or(0) % 12]
}

/// `23/11/2026, 14:05`, and seconds where there are some.
pub fn instant(micros: Micros, reader: &Reader) -> String {
    match zoned(micros, reader) {
        Some(zoned) => format!("{}, {}", date(zoned.date(), &reader.locale), time_of_day(&zoned)),
        None => String::new(),
    }
}

/// `23/11/2026, 14:05`: when something was, for whoever reads it and types nothing.
pub fn moment(micros: Micros, reader: &Reader) -> String {
    instant(micros - micros.rem_euclid(60_000_000), reader)
}

/// As an HTML `time` wants it: RFC 3339 with the reader's offset.
pub fn machine(micros: Micros, reader: &Reader) -> String {
    zoned(micros, reader).map_or_else(String::new, |zoned| zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// How long ago, by the day: `14:05` today, `Wed` within the week, `12/11` this year, the whole date before.
pub fn when(micros: Micros, reader: &Reader) -> String {
    let Some(zoned) = zoned(micros, reader) else { return String::new() };
    let (then, today) = (zoned.date(), reader.today());
    let days = today.since((jiff::Unit::Day, then)).map_or(i32::MAX, |span| span.get_days());
    match days {
        0 => format!("{}:{:02}", zoned.hour(), zoned.minute()),
        1..=6 => weekday(then)[..3].to_owned(),
        _ if then.year() == today.year() => day_and_month(then, &reader.locale),
        _ => date(then, &reader.locale),
    }
}

fn zoned(micros: Micros, reader: &Reader) -> Option<Zoned> {
    Timestamp::from_microsecond(micros).ok().map(|instant| instant.to_zoned(reader.zone.clone()))
}

fn time_of_day(zoned: &Zoned) -> String {
    if zoned.second() == 0 && zoned.subsec_nanosecond() == 0 {
        format!("{:02}:{:02}", zoned.hour(), zoned.minute())
    } else if zoned.subsec_nanosecond() == 0 {
        format!("{:02}:{:02}:{:02}", zoned.hour(), zoned.minute(), zoned.second())
    } else {
        // What a form shows must read back as the same instant.
        let micros = zoned.subsec_nanosecond() / 1000;
        let fraction = format!("{micros:06}");
        format!("{:02}:{:02}:{:02}.{}", zoned.hour(), zoned.minute(), zoned.second(), fraction.trim_end_matches('0'))
    }
}

/// How durations are rounded: `to the nearest 15 minutes`.
pub fn rounding(rounding: Rounding) -> String {
    let minutes = match rounding.minutes() {
        1 => "minute".to_owned(),
        60 => "hour".to_owned(),
        minutes => format!("{minutes} minutes"),
    };
    match rounding.way() {
        Way::Nearest => format!("to the nearest {minutes}"),
        Way::Up => format!("up to the next {minutes}"),
        Way::Down => format!("down to the last {minutes}"),
    }
}

/// Seconds as `1:30`; seconds follow only where the duration is not whole minutes.
pub fn duration(seconds: i64, locale: &Locale) -> String {
    let sign = if seconds < 0 { MINUS.to_string() } else { String::new() };
    let total = seconds.unsigned_abs();
    let hours = integer(i64::try_from(total / 3600).unwrap_or(i64::MAX), locale);
    format!("{sign}{hours}{}", below_the_hour(total))
}

/// The same for a field to type in.
pub fn duration_plain(seconds: i64) -> String {
    let total = seconds.unsigned_abs();
    format!("{}{}{}", if seconds < 0 { "-" } else { "" }, total / 3600, below_the_hour(total))
}

fn below_the_hour(total: u64) -> String {
    let (minutes, seconds) = (total / 60 % 60, total % 60);
    if seconds == 0 { format!(":{minutes:02}") } else { format!(":{minutes:02}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as day;
    use lignaflow_core::value::Currency;

    fn sydney() -> Reader {
        // 2026-11-19, a Thursday, 14:05 in Sydney.
        Reader::new("en-AU", "Australia/Sydney", Currency::AUD, 1_795_057_500_000_000)
    }

    #[test]
    fn dates_follow_the_region() {
        let date_of = |tag| date(day(2026, 3, 9), &Locale::of(tag));
        assert_eq!(date_of("en-AU"), "9/3/2026");
        assert_eq!(date_of("en-GB"), "09/03/2026");
        assert_eq!(date_of("en-US"), "3/9/2026");
        assert_eq!(date_of("de"), "9.3.2026");
        assert_eq!(date_of("en"), "2026-03-09");
        assert_eq!(long_day(day(2026, 11, 19)), "Thursday, 19 November");
    }

    #[test]
    fn instants_stand_in_the_readers_zone() {
        let reader = sydney();
        assert_eq!(instant(1_795_057_500_000_000, &reader), "19/11/2026, 14:05");
        assert_eq!(machine(1_795_057_500_000_000, &reader), "2026-11-19T14:05:00+11:00");
        assert_eq!(instant(1_795_057_507_000_000, &reader), "19/11/2026, 14:05:07");
        assert_eq!(instant(1_795_057_507_250_000, &reader), "19/11/2026, 14:05:07.25");
        assert_eq!(moment(1_795_057_507_250_000, &reader), "19/11/2026, 14:05");
        let perth = Reader { zone: jiff::tz::TimeZone::get("Australia/Perth").unwrap(), ..sydney() };
        assert_eq!(instant(1_795_057_500_000_000, &perth), "19/11/2026, 11:05");
        assert_eq!(reader.zone_name(), "Sydney");
    }

    #[test]
    fn the_past_is_told_by_the_day() {
        let reader = sydney();
        let hour = 3_600_000_000;
        let now = 1_795_057_500_000_000;
        assert_eq!(when(now - 5 * hour, &reader), "9:05");
        assert_eq!(when(now - 15 * hour, &reader), "Wed");
        assert_eq!(when(now - 7 * 24 * hour, &reader), "12/11");
        assert_eq!(when(now - 365 * 24 * hour, &reader), "19/11/2025");
        assert_eq!(when(now + 24 * hour, &reader), "20/11");
    }

    #[test]
    fn durations_are_hours_and_minutes() {
        let au = Locale::of("en-AU");
        assert_eq!(duration(5400, &au), "1:30");
        assert_eq!(duration(0, &au), "0:00");
        assert_eq!(duration(-900, &au), "−0:15");
        assert_eq!(duration(3_600_000, &au), "1,000:00");
        assert_eq!(duration(5415, &au), "1:30:15");
        assert_eq!(duration_plain(-5415), "-1:30:15");
    }
}
