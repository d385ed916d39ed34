//! Dates, times and lengths as other programs write them.

use crate::number::Fine;
use anyhow::{Result, bail};
use jiff::civil::{Date, Time};

/// How a file writes its dates, where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dates {
    /// Found out from all of them.
    Found,
    DayFirst,
    MonthFirst,
}

/// How a file writes its dates. Those of ISO 8601 are always understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DateStyle {
    month_first: bool,
}

impl DateStyle {
    /// Of all dates of a file: a number above twelve is no month. What may be either is asked for.
    pub(super) fn of<'a>(asked: Dates, dates: impl Iterator<Item = &'a str>) -> Result<Self> {
        let (mut day_first, mut month_first, mut either) = (false, false, None);
        for text in dates {
            let Some([first, second, _]) = numbers(text) else { continue };
            if first > 31 {
                continue;
            }
            day_first |= first > 12;
            month_first |= second > 12;
            either.get_or_insert(text);
        }
        let month_first = match (asked, day_first, month_first, either) {
            (Dates::DayFirst, ..) => false,
            (Dates::MonthFirst, ..) => true,
            (Dates::Found, true, true, _) => bail!("some dates of the file have the day first and some the month"),
            (Dates::Found, false, false, Some(date)) => {
                bail!(
                    "{date} may be either: say whether the day or the month comes first (`--dates` on the command line)"
                )
            }
            (Dates::Found, _, month_first, _) => month_first,
        };
        Ok(Self { month_first })
    }

    pub(super) fn date(self, text: &str) -> Option<Date> {
        // Workbooks have a time with their dates.
        let text = text.split(['T', ' ']).next()?;
        let [first, second, third] = numbers(text)?;
        let (year, month, day) = match (first > 31, self.month_first) {
            (true, _) => (first, second, third),
            (false, true) => (third, first, second),
            (false, false) => (third, second, first),
        };
        let year = if year < 100 { year + 2000 } else { year };
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    }
}

fn numbers(text: &str) -> Option<[u16; 3]> {
    let mut parts = text.split(['T', ' ']).next()?.split(['/', '-', '.']).map(|part| part.trim().parse::<u16>().ok());
    let all = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(all)
}

/// A day and a time in one cell, apart.
pub(super) fn with_day(text: &str) -> (Option<String>, String) {
    match text.split_once(['T', ' ']) {
        Some((day, time)) if numbers(day).is_some() => (Some(day.to_owned()), time.trim().to_owned()),
        _ => (None, text.to_owned()),
    }
}

/// `9:05`, `09:05:00`, `09:05:00 PM`.
pub(super) fn time(text: &str) -> Option<Time> {
    let lower = text.trim().to_lowercase().replace('.', "");
    let (clock, half) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some(0)),
        (_, Some(clock)) => (clock, Some(12)),
        _ => (lower.as_str(), None),
    };
    let mut parts = clock.trim().split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let hour = match half {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(half) => hour % 12 + half,
        None => hour,
    };
    Time::new(hour, minute, second, 0).ok()
}

/// `1:30`, `01:30:00`, `1.5`, `1,5`, `1h 30m`, in seconds. A plain number is hours.
pub(super) fn duration(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if text.contains(':') {
        let mut parts = text.split(':').map(|part| part.parse::<i64>().ok().filter(|part| *part >= 0));
        let (hours, minutes) = (parts.next()??, parts.next()??);
        let seconds = parts.next().unwrap_or(Some(0))?;
        return (minutes < 60 && seconds < 60 && parts.next().is_none())
            .then_some(hours * 3_600 + minutes * 60 + seconds);
    }
    if text.ends_with(['h', 'm', 's']) {
        let (mut seconds, mut digits) = (0, String::new());
        for c in text.chars().filter(|c| !c.is_whitespace()) {
            let each = match c {
                'h' => 3_600,
                'm' => 60,
                's' => 1,
                _ if c.is_ascii_digit() => {
                    digits.push(c);
                    continue;
                }
                _ => return None,
            };
            seconds += digits.parse::<i64>().ok()? * each;
            digits.clear();
        }
        return Some(seconds);
    }
    let hours = Fine::of(&text.replace(',', "."))?;
    i64::try_from(crate::number::rounded(hours.0 * 3_600, 10_000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_other_programs_write_them() {
        for (text, seconds) in [
            ("01:30:00", 5_400),
            ("0:06", 360),
            ("1.5", 5_400),
            ("1,25", 4_500),
            ("0.33", 1_188),
            ("1h 5m", 3_900),
            ("26:00", 93_600),
        ] {
            assert_eq!(duration(text), Some(seconds), "{text}");
        }
        for text in ["", "1:75", "soon", "1h x", "-1:00"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_read_with_twelve_hours_and_with_twenty_four() {
        for (text, clock) in
            [("9:05", "09:05:00"), ("09:05:30 PM", "21:05:30"), ("12:00 a.m.", "00:00:00"), ("23:59:59", "23:59:59")]
        {
            assert_eq!(time(text).map(|time| time.to_string()).as_deref(), Some(clock), "{text}");
        }
        assert_eq!((time("13:00 PM"), time("25:00"), time("nine")), (None, None, None));
    }

    #[test]
    fn a_file_tells_by_all_its_dates_which_part_is_the_month() {
        let style = |dates: &[&str]| DateStyle::of(Dates::Found, dates.iter().copied());
        assert!(!style(&["03/04/2026", "23/04/2026"]).unwrap().month_first);
        assert!(style(&["03/04/2026", "04/23/2026"]).unwrap().month_first);
        assert!(style(&["2026-04-23"]).is_ok());
        assert!(style(&["03/04/2026"]).unwrap_err().to_string().contains("--dates"));
        assert!(style(&["23/04/2026", "04/23/2026"]).is_err());
        let date = DateStyle { month_first: false }.date("3.4.26").unwrap();
        assert_eq!(date.to_string(), "2026-04-03");
    }
}
