//! The tz database of the host, so that no plugin carries one, and where the organization's weeks and years begin.
//! Needs no grant.

use crate::{Date, Fault, Instant};

/// What clocks in a zone show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    pub date: Date,
    /// Seconds since midnight by the clock.
    pub second: u32,
    /// East of UTC.
    pub offset_seconds: i32,
}

/// What clocks in the zone (IANA, such as `Australia/Sydney`) show at an instant.
pub fn to_local(instant: Instant, zone: &str) -> Result<LocalTime, Fault> {
    #[cfg(target_arch = "wasm32")]
    {
        let local = crate::bindings::lignaflow::plugin::calendar::to_local(instant.micros(), zone).map_err(refused)?;
        let date = Date::from_days(local.date).ok_or_else(crate::wire::broken)?;
        Ok(LocalTime { date, second: local.second, offset_seconds: local.offset_seconds })
    }
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::zones::to_local(instant, zone).map_err(refused)
}

/// The instant at which clocks in the zone show this. A time that does not exist moves forward; one that exists twice
/// is the earlier.
pub fn to_instant(date: Date, second: u32, zone: &str) -> Result<Instant, Fault> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::lignaflow::plugin::calendar::to_instant(date.days(), second, zone)
        .map(Instant::from_micros)
        .map_err(refused);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::zones::to_instant(date, second, zone).map_err(refused)
}

/// Where an organization's weeks and fiscal years begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conventions {
    /// The day that weeks begin with, from 1, Monday, to 7, Sunday.
    pub week_starts: u8,
    /// The month whose first day begins a fiscal year, from 1 to 12.
    pub fiscal_year_starts: u8,
}

impl Conventions {
    /// The first day of the week that a day lies in.
    pub fn week_of(self, day: Date) -> Date {
        let since = (i32::from(day.weekday()) - i32::from(self.week_starts)).rem_euclid(7);
        day.plus_days(-since).unwrap_or(day)
    }
}

/// Those of the caller's organization.
pub fn of_organization() -> Result<Conventions, Fault> {
    #[cfg(target_arch = "wasm32")]
    {
        let told = crate::bindings::lignaflow::plugin::calendar::of_organization();
        Ok(Conventions { week_starts: told.week_starts, fiscal_year_starts: told.fiscal_year_starts })
    }
    #[cfg(not(target_arch = "wasm32"))]
    Ok(crate::testing::call::with(crate::testing::call::Call::conventions))
}

fn refused(message: String) -> Fault {
    Fault::new(crate::ErrorCode::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_begins_as_the_organizations_does() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let week = |starts, of: &str| Conventions { week_starts: starts, fiscal_year_starts: 7 }.week_of(day(of));
        assert_eq!(week(1, "2026-11-22"), day("2026-11-16"));
        assert_eq!(week(7, "2026-11-22"), day("2026-11-22"));
        assert_eq!(week(7, "2026-11-28"), day("2026-11-22"));
        assert_eq!(week(6, "2026-11-20"), day("2026-11-14"));
        for days in 20_000..20_050 {
            let of = Date::from_days(days).unwrap();
            for starts in 1..=7 {
                let first = Conventions { week_starts: starts, fiscal_year_starts: 7 }.week_of(of);
                assert_eq!(first.weekday(), starts);
                assert!((0..7).contains(&of.days_since(first)));
            }
        }
    }
}
