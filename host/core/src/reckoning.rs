//! By what a summary tells days apart and counts durations: the calendar, the zone in which an instant has its day, and
//! how durations are rounded before anything is made of them.

use crate::bound::Calendar;
use crate::caller::Caller;
use crate::clock::Micros;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt;
use std::str::FromStr;

/// Micros of a day.
pub const DAY: Micros = 86_400_000_000;
/// Seconds of a minute.
const MINUTE: i64 = 60;

#[derive(Debug, Clone)]
pub struct Reckoning {
    /// Where weeks and fiscal years begin.
    pub calendar: Calendar,
    /// Where days begin, of instants.
    pub zone: TimeZone,
    /// Of durations that are measured.
    pub rounding: Option<Rounding>,
}

impl Reckoning {
    /// That of who asks.
    pub fn of(caller: &Caller) -> Self {
        let zone = TimeZone::get(&caller.time_zone).unwrap_or(TimeZone::UTC);
        Self { calendar: caller.calendar, zone, rounding: None }
    }
}

impl Default for Reckoning {
    fn default() -> Self {
        Self { calendar: Calendar::default(), zone: TimeZone::UTC, rounding: None }
    }
}

/// Which way a duration is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// Halves away from nothing, so that what takes back takes back all of it.
    Nearest,
    /// Away from nothing.
    Up,
    Down,
}

impl Way {
    pub const ALL: [Self; 3] = [Self::Nearest, Self::Up, Self::Down];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nearest => "nearest",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// To how many minutes, and which way: `nearest:15`. Each duration is rounded by itself, so that a total is the sum of
/// what it is a total of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rounding {
    way: Way,
    /// 1 to 60.
    minutes: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("durations are rounded `nearest`, `up` or `down` to 1 to 60 minutes, such as `nearest:15`")]
pub struct NoRounding;

impl Rounding {
    /// Nothing where the minutes are not 1 to 60.
    pub fn new(way: Way, minutes: u8) -> Option<Self> {
        (1..=60).contains(&minutes).then_some(Self { way, minutes })
    }

    pub const fn way(self) -> Way {
        self.way
    }

    pub const fn minutes(self) -> u8 {
        self.minutes
    }

    /// Seconds to which it rounds.
    pub fn step(self) -> i64 {
        i64::from(self.minutes) * MINUTE
    }

    /// Seconds beyond a step, either way, from which on it is the next; nothing where it never is.
    pub fn turns(self) -> Option<i64> {
        match self.way {
            Way::Nearest => Some(self.step() / 2),
            Way::Up => Some(1),
            Way::Down => None,
        }
    }

    /// One duration, in seconds. What would go beyond 64 bits is cut down to its step.
    pub fn apply(self, seconds: i64) -> i64 {
        let (step, beyond) = (self.step(), seconds % self.step());
        let whole = seconds - beyond;
        let next = match self.turns() {
            Some(turns) if beyond >= turns => whole.checked_add(step),
            Some(turns) if beyond <= -turns => whole.checked_sub(step),
            _ => None,
        };
        next.unwrap_or(whole)
    }
}

impl fmt::Display for Rounding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.way.as_str(), self.minutes)
    }
}

impl FromStr for Rounding {
    type Err = NoRounding;

    fn from_str(text: &str) -> Result<Self, NoRounding> {
        let (way, minutes) = text.split_once(':').ok_or(NoRounding)?;
        let way = Way::ALL.into_iter().find(|known| known.as_str() == way).ok_or(NoRounding)?;
        let digits = !minutes.is_empty() && minutes.bytes().all(|digit| digit.is_ascii_digit());
        let minutes = minutes.parse().ok().filter(|_| digits).ok_or(NoRounding)?;
        Self::new(way, minutes).ok_or(NoRounding)
    }
}

/// How far the clocks of a zone are from UTC, as a table that whole-number arithmetic can look up. Before 1970 and after
/// 2100 they are taken to stay as they were then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offsets {
    first: Micros,
    changes: Vec<(Micros, Micros)>,
}

impl Offsets {
    pub fn of(zone: &TimeZone) -> Self {
        let of = |seconds: i32| i64::from(seconds) * 1_000_000;
        let first = of(zone.to_offset(Timestamp::UNIX_EPOCH).seconds());
        let mut changes = Vec::new();
        let mut last = first;
        // 1 January 2100.
        let until = Timestamp::from_second(4_102_444_800).unwrap_or(Timestamp::UNIX_EPOCH);
        for change in zone.following(Timestamp::UNIX_EPOCH).take_while(|change| change.timestamp() < until) {
            let offset = of(change.offset().seconds());
            if offset != last {
                changes.push((change.timestamp().as_microsecond(), offset));
                last = offset;
            }
        }
        Self { first, changes }
    }

    /// The first offset, then when it changes, and what it is from then on; in micros.
    pub fn table(&self) -> (Micros, &[(Micros, Micros)]) {
        (self.first, &self.changes)
    }

    /// The day of an instant, counted from 1970-01-01.
    pub fn day(&self, instant: Micros) -> i32 {
        let past = self.changes.partition_point(|(at, _)| *at <= instant);
        let offset = past.checked_sub(1).map_or(self.first, |at| self.changes[at].1);
        let day = instant.saturating_add(offset).div_euclid(DAY);
        // Instants reach as far as years of four digits do.
        i32::try_from(day).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::date_days;
    use proptest::prelude::*;

    fn rounding() -> impl Strategy<Value = Rounding> {
        (proptest::sample::select(&Way::ALL[..]), 1..=60_u8).prop_map(|(way, minutes)| Rounding { way, minutes })
    }

    #[test]
    fn durations_are_rounded_as_people_mean_it() {
        let of = |text: &str, seconds| text.parse::<Rounding>().unwrap().apply(seconds);
        assert_eq!(of("nearest:15", 7 * 60 + 29), 0);
        assert_eq!(of("nearest:15", 7 * 60 + 30), 900);
        assert_eq!((of("up:15", 1), of("up:15", 0), of("up:15", 900)), (900, 0, 900));
        assert_eq!((of("down:6", 719), of("down:6", -719)), (360, -360));
        assert_eq!((of("up:60", -1), of("nearest:1", -30)), (-3_600, -60), "what takes back is rounded alike");
        assert_eq!(of("up:60", i64::MAX), i64::MAX / 3_600 * 3_600);
        for wrong in ["", "up", "up:", "up:0", "up:61", "up:+5", "sideways:5", "up:15:1"] {
            assert_eq!(wrong.parse::<Rounding>(), Err(NoRounding), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn rounding_is_idempotent_near_and_alike_both_ways(rounding in rounding(), seconds in -9_000_000_i64..9_000_000) {
            let rounded = rounding.apply(seconds);
            prop_assert_eq!(rounding.apply(rounded), rounded);
            prop_assert_eq!(rounded % rounding.step(), 0);
            prop_assert_eq!(rounding.apply(-seconds), -rounded);
            let beyond = rounded.abs() - seconds.abs();
            let near = match rounding.way() {
                Way::Nearest => 2 * beyond.abs() <= rounding.step(),
                Way::Up => (0..rounding.step()).contains(&beyond),
                Way::Down => (0..rounding.step()).contains(&-beyond),
            };
            prop_assert!(near);
            prop_assert_eq!(rounding.to_string().parse(), Ok(rounding));
        }

        #[test]
        fn the_day_of_an_instant_is_the_one_that_the_zones_calendar_says(
            zone in proptest::sample::select(vec![
                "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kathmandu", "America/New_York", "Europe/London",
                "Pacific/Apia", "Africa/Monrovia", "UTC",
            ]),
            // 1970 to 2099, and beside every midnight.
            day in 1..47_000_i64, of_day in prop_oneof![-2_i64..2, 0..DAY, -50_400_000_000_i64..50_400_000_000],
        ) {
            let instant = (day * DAY + of_day).max(0);
            let zone = TimeZone::get(zone).unwrap();
            let civil = Timestamp::from_microsecond(instant).unwrap().to_zoned(zone.clone()).date();
            prop_assert_eq!(Offsets::of(&zone).day(instant), date_days(civil));
        }
    }
}
