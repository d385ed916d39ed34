//! Who reads the page: the facts by which figures and dates are written for them, and read back from them.

use crate::locale::Locale;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use lignaflow_core::caller::Caller;
use lignaflow_core::clock::Micros;
use lignaflow_core::value::Currency;

#[derive(Debug, Clone)]
pub struct Reader {
    pub locale: Locale,
    pub zone: TimeZone,
    /// The organization's own currency, written with the bare symbol.
    pub currency: Currency,
    pub now: Timestamp,
}

impl Reader {
    /// A zone that is not in the database reads as UTC, and says so wherever a time is shown.
    pub fn new(locale: &str, time_zone: &str, currency: Currency, now: Micros) -> Self {
        Self {
            locale: Locale::of(locale),
            zone: TimeZone::get(time_zone).unwrap_or(TimeZone::UTC),
            currency,
            now: Timestamp::from_microsecond(now).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }

    pub fn of(caller: &Caller) -> Self {
        Self::new(&caller.locale, &caller.time_zone, caller.currency, caller.now)
    }

    /// The civil date where the reader is.
    pub fn today(&self) -> civil::Date {
        self.now.to_zoned(self.zone.clone()).date()
    }

    /// `Sydney` for `Australia/Sydney`: what to put beside a time of day.
    pub fn zone_name(&self) -> String {
        let name = self.zone.iana_name().unwrap_or("UTC");
        name.rsplit('/').next().unwrap_or(name).replace('_', " ")
    }
}
