//! Times that come again, as cron writes them: `0 16 * * 5` is 16:00 on Fridays. Five fields, of minute, hour, day of the
//! month, month and day of the week; each `*`, a number, a range `1-5`, steps `*/15` or `8-18/2`, or several of them with
//! commas. Months and days of the week have names too (`jan`, `mon`), and Sunday is 0 or 7. Where days of the month and of
//! the week are both given, either is enough (POSIX, crontab).
//!
//! They are times of a clock on a wall. One that does not exist, since the clock is put forward, comes when it would have
//! been passed; one that exists twice comes once.

use crate::clock::Micros;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};
use std::str::FromStr;

/// Days that are looked through for the next time: 29 February comes again after eight years at most.
const DAYS: i32 = 8 * 366 + 2;

/// When something is done again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// One bit a value.
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    /// 0 is Sunday.
    weekdays: u64,
    /// Whether days of the month, or of the week, are left open.
    any_day: bool,
    any_weekday: bool,
}

/// Why a text is no schedule, as the end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotASchedule(String);

struct Kind {
    name: &'static str,
    least: u8,
    most: u8,
    names: &'static [&'static str],
}

const KINDS: [Kind; 5] = [
    Kind { name: "a minute", least: 0, most: 59, names: &[] },
    Kind { name: "an hour", least: 0, most: 23, names: &[] },
    Kind { name: "a day of the month", least: 1, most: 31, names: &[] },
    Kind {
        name: "a month",
        least: 1,
        most: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Kind { name: "a day of the week", least: 0, most: 7, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

impl Kind {
    fn number(&self, text: &str) -> Result<u8, NotASchedule> {
        let named = self.names.iter().position(|name| text.eq_ignore_ascii_case(name));
        let named = named.and_then(|place| u8::try_from(place).ok()).map(|place| place + self.least);
        let digits = Some(text).filter(|text| text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit()));
        named
            .or_else(|| digits?.parse().ok())
            .filter(|number| (self.least..=self.most).contains(number))
            .ok_or_else(|| NotASchedule(format!("{} is {} to {}, not `{text}`", self.name, self.least, self.most)))
    }

    /// The bits of one field.
    fn read(&self, text: &str) -> Result<u64, NotASchedule> {
        let mut bits = 0;
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => {
                    let step = step.parse().ok().filter(|step| (1..=self.most).contains(step));
                    let wrong = || NotASchedule(format!("steps of {} are 1 to {}, as in `*/5`", self.name, self.most));
                    (range, Some(step.ok_or_else(wrong)?))
                }
                None => (part, None),
            };
            let (first, last) = match range.split_once('-') {
                _ if range == "*" => (self.least, self.most),
                Some((first, last)) => (self.number(first)?, self.number(last)?),
                None => {
                    let first = self.number(range)?;
                    (first, if step.is_some() { self.most } else { first })
                }
            };
            if first > last {
                return Err(NotASchedule(format!("`{range}` ends before it begins")));
            }
            for number in (first..=last).step_by(usize::from(step.unwrap_or(1))) {
                bits |= 1 << number;
            }
        }
        Ok(bits)
    }
}

impl FromStr for Schedule {
    type Err = NotASchedule;

    fn from_str(text: &str) -> Result<Self, NotASchedule> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(NotASchedule(format!(
                "five fields are needed, such as `0 16 * * 5` for 16:00 on Fridays, not {}",
                fields.len()
            )));
        };
        let [of_minute, of_hour, of_day, of_month, of_weekday] = KINDS;
        let mut weekdays = of_weekday.read(weekday)?;
        weekdays = (weekdays | weekdays >> 7) & 0x7f;
        let schedule = Self {
            minutes: of_minute.read(minute)?,
            hours: of_hour.read(hour)?,
            days: of_day.read(day)?,
            months: of_month.read(month)?,
            weekdays,
            any_day: day.starts_with('*'),
            any_weekday: weekday.starts_with('*'),
        };
        if schedule.after(0, &TimeZone::UTC).is_none() {
            return Err(NotASchedule("there is no such day".to_owned()));
        }
        Ok(schedule)
    }
}

fn bits(bits: u64) -> impl Iterator<Item = i8> {
    (0_i8..60).filter(move |bit| bits & (1 << bit) != 0)
}

const fn has(bits: u64, number: i8) -> bool {
    bits & (1 << number) != 0
}

impl Schedule {
    /// The first time after an instant, in a zone.
    pub fn after(&self, after: Micros, zone: &TimeZone) -> Option<Micros> {
        let after = Timestamp::from_microsecond(after).ok()?;
        let local = after.to_zoned(zone.clone()).datetime();
        for days in 0..DAYS {
            let date = local.date().checked_add(days.days()).ok()?;
            if !self.comes_on(date) {
                continue;
            }
            for (hour, minute) in bits(self.hours).flat_map(|hour| bits(self.minutes).map(move |minute| (hour, minute)))
            {
                let time = date.at(hour, minute, 0, 0);
                if time <= local {
                    continue;
                }
                // In the hour that comes a second time it was before.
                if let Some(at) = instant(time, zone).filter(|at| *at > after) {
                    return Some(at.as_microsecond());
                }
            }
        }
        None
    }

    fn comes_on(&self, date: Date) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        let either = if self.any_day || self.any_weekday { day && weekday } else { day || weekday };
        either && has(self.months, date.month())
    }
}

fn instant(time: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(time);
    match ambiguous.offset() {
        // The clock is put forward at an instant which lies between what the two offsets make of the time.
        AmbiguousOffset::Gap { after, .. } => {
            let early = after.to_timestamp(time).ok()?;
            zone.following(early).next().map(|change| change.timestamp())
        }
        _ => ambiguous.earlier().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn micros(text: &str) -> Micros {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    /// The next times, as they stand on the wall.
    fn times(schedule: &str, after: &str, name: &str, count: usize) -> Vec<String> {
        let (schedule, zone) = (schedule.parse::<Schedule>().unwrap(), zone(name));
        let mut at = micros(after);
        (0..count)
            .map(|_| {
                at = schedule.after(at, &zone).unwrap();
                let local = Timestamp::from_microsecond(at).unwrap().to_zoned(zone.clone());
                local.strftime("%a %F %H:%M %:z").to_string()
            })
            .collect()
    }

    #[test]
    fn it_comes_when_it_says() {
        let next = |schedule, count| times(schedule, "2026-11-26T00:00:00Z", "Australia/Sydney", count);
        assert_eq!(next("0 16 * * 5", 2), ["Fri 2026-11-27 16:00 +11:00", "Fri 2026-12-04 16:00 +11:00"]);
        assert_eq!(
            next("*/20 8-9 * * mon", 3),
            ["Mon 2026-11-30 08:00 +11:00", "Mon 2026-11-30 08:20 +11:00", "Mon 2026-11-30 08:40 +11:00"]
        );
        assert_eq!(next("30 6 1,15 * *", 2), ["Tue 2026-12-01 06:30 +11:00", "Tue 2026-12-15 06:30 +11:00"]);
        // Either the 13th or a Sunday, which is 0 and 7.
        assert_eq!(
            next("0 0 13 * 7", 3),
            ["Sun 2026-11-29 00:00 +11:00", "Sun 2026-12-06 00:00 +11:00", "Sun 2026-12-13 00:00 +11:00"]
        );
        assert_eq!(next("0 0 29 feb *", 1), ["Tue 2028-02-29 00:00 +11:00"]);
        assert_eq!(next("15/15 0 * * *", 2), ["Fri 2026-11-27 00:15 +11:00", "Fri 2026-11-27 00:30 +11:00"]);
    }

    #[test]
    fn a_time_that_does_not_exist_comes_once_the_clock_is_put_forward() {
        // In Sydney 02:00 becomes 03:00 on 4 October 2026.
        let next = times("30 2 * * *", "2026-10-02T20:00:00Z", "Australia/Sydney", 2);
        assert_eq!(next, ["Sun 2026-10-04 03:00 +11:00", "Mon 2026-10-05 02:30 +11:00"]);
        let next = times("*/30 2-3 4 10 *", "2026-10-02T20:00:00Z", "Australia/Sydney", 3);
        assert_eq!(next[..2], ["Sun 2026-10-04 03:00 +11:00", "Sun 2026-10-04 03:30 +11:00"]);
        // Samoa went over a whole day.
        assert_eq!(times("0 9 30 12 *", "2011-12-29T12:00:00Z", "Pacific/Apia", 1), ["Sat 2011-12-31 00:00 +14:00"]);
    }

    #[test]
    fn a_time_that_exists_twice_comes_once() {
        // In Sydney 03:00 becomes 02:00 on 4 April 2027.
        let next = times("30 2 * * *", "2027-04-02T20:00:00Z", "Australia/Sydney", 2);
        assert_eq!(next, ["Sun 2027-04-04 02:30 +11:00", "Mon 2027-04-05 02:30 +10:00"]);
    }

    #[test]
    fn what_is_no_schedule_is_told_why() {
        let told = |text: &str| text.parse::<Schedule>().unwrap_err().to_string();
        assert!(told("0 16 * *").starts_with("five fields are needed"));
        assert_eq!(told("60 * * * *"), "a minute is 0 to 59, not `60`");
        assert_eq!(told("0 0 * * funday"), "a day of the week is 0 to 7, not `funday`");
        assert_eq!(told("0 18-8 * * *"), "`18-8` ends before it begins");
        assert_eq!(told("*/0 * * * *"), "steps of a minute are 1 to 59, as in `*/5`");
        assert_eq!(told("0 0 30 2 *"), "there is no such day");
        assert_eq!(told("-1 * * * *"), "a minute is 0 to 59, not ``");
    }

    proptest! {
        #[test]
        fn the_next_time_is_later_and_fits(minute in 0_u8..60, hour in 0_u8..24, weekday in 0_u8..7, at in 0_i64..4_000_000_000) {
            let schedule: Schedule = format!("{minute} {hour} * * {weekday}").parse().unwrap();
            let zone = zone("Europe/Berlin");
            let next = schedule.after(at * 1_000_000, &zone).unwrap();
            prop_assert!(next > at * 1_000_000 && next - at * 1_000_000 <= 8 * 86_400_000_000);
            let local = Timestamp::from_microsecond(next).unwrap().to_zoned(zone);
            prop_assert_eq!(local.weekday().to_sunday_zero_offset(), i8::try_from(weekday).unwrap());
            prop_assert!(local.hour() == i8::try_from(hour).unwrap() || local.minute() == 0);
        }
    }
}
