//! The tz database of the host, so that no plugin carries one. Needs no grant.

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

fn refused(message: String) -> Fault {
    Fault::new(crate::ErrorCode::Invalid, message)
}
