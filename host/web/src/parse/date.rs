//! Dates and times as people type them, in the order of their region; ISO is always read.

use super::number::shortened;
use crate::format::{MONTHS, date as shown};
use crate::locale::{DateOrder, Locale};
use crate::reader::Reader;
use jiff::civil::{Date, DateTime, Time};
use jiff::{Timestamp, ToSpan};
use lignaflow_core::clock::Micros;

/// Reads a civil date.
pub(super) fn date(text: &str, reader: &Reader) -> Result<Date, String> {
    let typed = text.trim();
    let today = reader.today();
    match typed.to_lowercase().as_str() {
        "today" => return Ok(today),
        "yesterday" => return today.checked_sub(1.day()).map_err(|error| error.to_string()),
        "tomorrow" => return today.checked_add(1.day()).map_err(|error| error.to_string()),
        _ => {}
    }
    let fault = || format!("“{}” is not a date. Write it as {}", shortened(typed), shown(today, &reader.locale));
    let parts: Vec<&str> = typed
        .split(|c: char| matches!(c, '/' | '.' | '-' | ',') || c.is_whitespace())
        .filter(|p| !p.is_empty())
        .collect();
    let (year, month, day) = in_order(&parts, &reader.locale, today).ok_or_else(fault)?;
    made(year, month, day)
}

/// Which part is which. A part of four digits in front is a year, a word is a month, the rest follows the region.
fn in_order(parts: &[&str], locale: &Locale, today: Date) -> Option<(i16, i8, i8)> {
    let number = |text: &str| {
        (text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<i16>().ok()).flatten()
    };
    let small = |text: &str| number(text).and_then(|n| i8::try_from(n).ok());
    let year = |text: &str| match text.len() {
        1 | 2 => number(text).map(|short| whole_year(short, today.year())),
        4 => number(text),
        _ => None,
    };
    if let [whole] = parts {
        // `23112026` or `20261123`, as a number pad gives it.
        if whole.len() != 8 || !whole.is_ascii() {
            return None;
        }
        return match locale.date.order {
            DateOrder::DayMonthYear => Some((number(&whole[4..])?, small(&whole[2..4])?, small(&whole[..2])?)),
            DateOrder::MonthDayYear => Some((number(&whole[4..])?, small(&whole[..2])?, small(&whole[2..4])?)),
            DateOrder::YearMonthDay => Some((number(&whole[..4])?, small(&whole[4..6])?, small(&whole[6..])?)),
        };
    }
    if let Some(at) = parts.iter().position(|part| named_month(part).is_some()) {
        let month = named_month(parts[at])?;
        let others: Vec<&str> = parts.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, part)| *part).collect();
        return match others.as_slice() {
            [day] => Some((today.year(), month, small(day)?)),
            [day, last] => Some((year(last)?, month, small(day)?)),
            _ => None,
        };
    }
    match (parts, locale.date.order) {
        ([y, m, d], _) if y.len() == 4 => Some((number(y)?, small(m)?, small(d)?)),
        ([d, m, y], DateOrder::DayMonthYear) | ([m, d, y], DateOrder::MonthDayYear) => {
            Some((year(y)?, small(m)?, small(d)?))
        }
        ([y, m, d], DateOrder::YearMonthDay) => Some((year(y)?, small(m)?, small(d)?)),
        ([d, m], DateOrder::DayMonthYear) | ([m, d], DateOrder::MonthDayYear | DateOrder::YearMonthDay) => {
            Some((today.year(), small(m)?, small(d)?))
        }
        _ => None,
    }
}

/// `26` is the nearest year that ends so, at most 20 years ahead.
fn whole_year(short: i16, now: i16) -> i16 {
    let candidate = now - now % 100 + short;
    if candidate > now + 20 {
        candidate - 100
    } else if candidate <= now - 80 {
        candidate + 100
    } else {
        candidate
    }
}

fn named_month(word: &str) -> Option<i8> {
    let word = word.to_lowercase();
    if word.len() < 3 || !word.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let at = MONTHS.iter().position(|name| name.to_lowercase().starts_with(&word))?;
    i8::try_from(at + 1).ok()
}

fn made(year: i16, month: i8, day: i8) -> Result<Date, String> {
    if year < 1 {
        return Err("There is no year 0".to_owned());
    }
    if !(1..=12).contains(&month) {
        return Err(format!("There is no month {month}"));
    }
    Date::new(year, month, day).map_err(|_| {
        let first = Date::constant(year, month, 1);
        let name = MONTHS[usize::try_from(month - 1).unwrap_or(0)];
        let year = if month == 2 { format!(" {year}") } else { String::new() };
        format!("{name}{year} has {} days", first.days_in_month())
    })
}

/// Reads a date with a time of day in the reader's zone. A time that does not exist there moves forward; one that
/// exists twice is the earlier. RFC 3339 with an offset is read as it stands.
pub(super) fn instant(text: &str, reader: &Reader) -> Result<Micros, String> {
    let typed = text.trim();
    if let Ok(exact) = typed.parse::<Timestamp>() {
        return Ok(exact.as_microsecond());
    }
    let (day, time) = split(typed).ok_or_else(|| {
        format!("“{}” has no time. Write it as {}, 14:05", shortened(typed), shown(reader.today(), &reader.locale))
    })?;
    let date = if day.is_empty() { reader.today() } else { date(day, reader)? };
    let time = time_of_day(time)
        .ok_or_else(|| format!("“{}” is not a time of day. Write it as 14:05, or 2:05 pm", shortened(time)))?;
    DateTime::from_parts(date, time)
        .to_zoned(reader.zone.clone())
        .map(|zoned| zoned.timestamp().as_microsecond())
        .map_err(|_| "That is further away than can be kept".to_owned())
}

/// The day before the time: they meet at a comma, a `T`, or the last space before something with digits.
fn split(text: &str) -> Option<(&str, &str)> {
    if let Some((day, time)) = text.split_once(['T', 't']).filter(|(day, _)| day.len() == 10 && !day.contains(' ')) {
        return Some((day, time));
    }
    let colon = text.find(':');
    let lower = text.to_lowercase();
    let clock = colon.or_else(|| lower.find("am").or_else(|| lower.find("pm")))?;
    let digits = text[..clock]
        .trim_end()
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    Some((text[..digits].trim_end_matches([' ', ',']).trim(), text[digits..].trim()))
}

fn time_of_day(text: &str) -> Option<Time> {
    let lower = text.trim().to_lowercase();
    let (clock, half) = match lower.strip_suffix("am").or_else(|| lower.strip_suffix("pm")) {
        Some(clock) => (clock.trim(), Some(lower.ends_with("pm"))),
        None => (lower.as_str(), None),
    };
    let mut groups = clock.split(':');
    let hour: i8 = group(groups.next()?)?;
    let minute: i8 = match groups.next() {
        Some(minutes) if minutes.len() == 2 => group(minutes)?,
        None if half.is_some() => 0,
        _ => return None,
    };
    let (second, nanos) = match groups.next() {
        None => (0, 0),
        Some(seconds) => {
            let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
            let fraction_ok = fraction.len() <= 9 && fraction.bytes().all(|b| b.is_ascii_digit());
            (group(whole)?, fraction_ok.then(|| format!("{fraction:0<9}").parse().ok()).flatten()?)
        }
    };
    if groups.next().is_some() {
        return None;
    }
    let hour = match half {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(pm) => hour % 12 + if pm { 12 } else { 0 },
        None => hour,
    };
    Time::new(hour, minute, second, nanos).ok()
}

fn group(text: &str) -> Option<i8> {
    ((1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as day;
    use lignaflow_core::value::Currency;

    /// 2026-11-19, a Thursday, 14:05 in Sydney.
    const NOW: Micros = 1_795_057_500_000_000;

    fn at(locale: &str) -> Reader {
        Reader::new(locale, "Australia/Sydney", Currency::AUD, NOW)
    }

    #[test]
    fn dates_are_read_in_the_order_of_the_region() {
        let au = at("en-AU");
        for text in [
            "9/3/2026",
            "09/03/2026",
            "9.3.26",
            "9-3-2026",
            "09032026",
            "2026-03-09",
            "9 March 2026",
            "9 mar",
            "Mar 9, 2026",
            "9/3",
        ] {
            assert_eq!(date(text, &au), Ok(day(2026, 3, 9)), "{text}");
        }
        assert_eq!(date("3/9/2026", &at("en-US")), Ok(day(2026, 3, 9)));
        assert_eq!(date("2026-03-09", &at("fr-CA")), Ok(day(2026, 3, 9)));
        assert_eq!(date("Tomorrow", &au), Ok(day(2026, 11, 20)));
        assert_eq!(date("1/1/99", &au), Ok(day(1999, 1, 1)));
        assert_eq!(date("1/1/46", &au), Ok(day(2046, 1, 1)));
    }

    #[test]
    fn a_day_that_is_none_is_told_why() {
        let au = at("en-AU");
        assert_eq!(date("31/11/2026", &au).unwrap_err(), "November has 30 days");
        assert_eq!(date("29/2/2027", &au).unwrap_err(), "February 2027 has 28 days");
        assert_eq!(date("1/13/2026", &au).unwrap_err(), "There is no month 13");
        assert_eq!(date("soon", &au).unwrap_err(), "“soon” is not a date. Write it as 19/11/2026");
        assert_eq!(date("1/2/3/4", &au).unwrap_err(), "“1/2/3/4” is not a date. Write it as 19/11/2026");
        assert!(date("9/3/026", &au).is_err());
        assert!(date("128/1/2026", &au).is_err());
    }

    #[test]
    fn instants_are_read_in_the_readers_zone() {
        let au = at("en-AU");
        for text in [
            "19/11/2026, 14:05",
            "19/11/2026 14:05",
            "2026-11-19T14:05",
            "19/11/2026 2:05 pm",
            "14:05",
            "2:05pm",
            "19 nov 2026, 14:05:00",
            "2026-11-19T03:05:00Z",
            "today 14:05",
        ] {
            assert_eq!(instant(text, &au), Ok(NOW), "{text}");
        }
        assert_eq!(instant("19/11/2026 2pm", &au), Ok(NOW - 300_000_000));
        assert_eq!(instant("19/11/2026, 14:05:00.25", &au), Ok(NOW + 250_000));
    }

    #[test]
    fn daylight_saving_never_leaves_a_time_unread() {
        let au = at("en-AU");
        // On 4 October 2026 the clock goes from 2:00 to 3:00; on 5 April 2026 2:30 comes twice.
        let text = |micros| crate::format::instant(micros, &au);
        assert_eq!(text(instant("4/10/2026 2:30", &au).unwrap()), "4/10/2026, 03:30");
        let twice = instant("5/4/2026 2:30", &au).unwrap();
        assert_eq!(text(twice), text(twice + 3_600_000_000));
    }

    #[test]
    fn a_time_that_is_none_is_told_what_would_be() {
        let au = at("en-AU");
        assert_eq!(instant("19/11/2026", &au).unwrap_err(), "“19/11/2026” has no time. Write it as 19/11/2026, 14:05");
        assert_eq!(
            instant("19/11/2026 25:00", &au).unwrap_err(),
            "“25:00” is not a time of day. Write it as 14:05, or 2:05 pm"
        );
        assert_eq!(instant("31/11/2026 7:00", &au).unwrap_err(), "November has 30 days");
        assert!(instant("13:00 pm", &au).is_err());
        assert!(instant("7:5", &au).is_err());
    }
}
