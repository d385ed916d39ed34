//! The values that fields hold. Money, hours and quantities are never floats.

use crate::clock::Micros;
use crate::id::Id;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::str::FromStr;

pub use rust_decimal::Decimal;

/// An ISO 4217 currency code, such as `AUD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three capital letters of ISO 4217, such as AUD")]
pub struct NotACurrency;

impl Currency {
    pub const AUD: Self = Self(*b"AUD");

    pub fn as_str(&self) -> &str {
        // Three ASCII capitals by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Digits after the point of the minor unit: 2 for most, 0 for the yen, 3 for the dinars (ISO 4217, 2018-08-29).
    pub fn minor_digits(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = NotACurrency;
    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(NotACurrency),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount in minor units (cents) of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

/// One value of a field. Which variant a field holds follows from its type; any field that is not required may be `Null`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Boolean(bool),
    /// Counts, seconds of a duration, basis points of a percentage.
    Integer(i64),
    Decimal(Decimal),
    Text(String),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since the Unix epoch, UTC.
    Instant(Micros),
    Money(Money),
    Reference(Id),
    /// In the order they were given, without doubles.
    References(Vec<Id>),
    Json(serde_json::Value),
}

impl Value {
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// As the API writes it: decimals as strings, dates ISO, instants RFC 3339 in UTC (`api.md` of the docs).
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::{Value as Json, json};
        match self {
            Self::Null => Json::Null,
            Self::Boolean(value) => Json::Bool(*value),
            Self::Integer(value) => Json::from(*value),
            Self::Decimal(value) => Json::String(value.to_string()),
            Self::Text(value) => Json::String(value.clone()),
            Self::Date(days) => Json::String(date_text(*days)),
            Self::Instant(micros) => Json::String(instant_text(*micros)),
            Self::Money(money) => json!({ "minor": money.minor, "currency": money.currency.as_str() }),
            Self::Reference(id) => Json::String(id.to_string()),
            Self::References(ids) => Json::Array(ids.iter().map(|id| Json::String(id.to_string())).collect()),
            Self::Json(value) => value.clone(),
        }
    }

    pub fn as_reference(&self) -> Option<Id> {
        match self {
            Self::Reference(id) => Some(*id),
            _ => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// What kind of value this is, for messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Boolean(_) => "true or false",
            Self::Integer(_) => "a whole number",
            Self::Decimal(_) => "a decimal",
            Self::Text(_) => "text",
            Self::Date(_) => "a date",
            Self::Instant(_) => "an instant",
            Self::Money(_) => "an amount of money",
            Self::Reference(_) => "a reference",
            Self::References(_) => "a list of references",
            Self::Json(_) => "JSON",
        }
    }
}

const EPOCH: jiff::civil::Date = jiff::civil::date(1970, 1, 1);

/// Days since 1970-01-01 of a civil date, between the years 1 and 9999.
pub fn date_days(date: jiff::civil::Date) -> i32 {
    date.since((jiff::Unit::Day, EPOCH)).map_or(0, |span| span.get_days())
}

/// The civil date of a number of days since 1970-01-01; `None` outside the years 1 to 9999.
pub fn civil_date(days: i32) -> Option<jiff::civil::Date> {
    let date = EPOCH.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
    (date.year() >= 1).then_some(date)
}

/// ISO 8601, `2026-11-23`. A week or a fiscal year that begins before the first day there is begins in the year 0000.
pub fn date_text(days: i32) -> String {
    let date = jiff::Span::new().try_days(days).and_then(|span| EPOCH.checked_add(span));
    date.map_or_else(|_| String::new(), |date| date.to_string())
}

/// Reads `2026-11-23`, nothing shorter or longer.
pub fn parse_date(text: &str) -> Option<i32> {
    if text.len() != 10 {
        return None;
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    (date.year() >= 1).then(|| date_days(date))
}

/// RFC 3339 in UTC with as many fractional digits as are needed, `2026-11-23T01:40:00Z`.
pub fn instant_text(micros: Micros) -> String {
    jiff::Timestamp::from_microsecond(micros).map_or_else(|_| String::new(), |instant| instant.to_string())
}

/// Reads RFC 3339 with an offset, to the microsecond; finer digits are cut.
pub fn parse_instant(text: &str) -> Option<Micros> {
    if !text.contains(['T', 't', ' ']) {
        return None;
    }
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_and_instants_read_back() {
        assert_eq!(parse_date("1970-01-01"), Some(0));
        assert_eq!(parse_date("2026-11-23").map(date_text).as_deref(), Some("2026-11-23"));
        let first = parse_date("0001-01-01").unwrap();
        assert_eq!(date_text(first - 1), "0000-12-31");
        assert_eq!(parse_date("2026-02-30"), None);
        assert_eq!(parse_date("20261123"), None);
        assert_eq!(parse_instant("2026-11-23T12:00:00+11:00"), parse_instant("2026-11-23T01:00:00Z"));
        assert_eq!(parse_instant("2026-11-23"), None);
    }

    #[test]
    fn a_currency_is_three_capitals() {
        assert_eq!("AUD".parse(), Ok(Currency::AUD));
        assert!("aud".parse::<Currency>().is_err());
        assert!("AU".parse::<Currency>().is_err());
    }

    proptest! {
        #[test]
        fn any_day_of_the_common_era_reads_back(days in -719_162..2_932_896_i32) {
            prop_assert_eq!(parse_date(&date_text(days)), Some(days));
        }

        #[test]
        fn any_instant_reads_back(micros in -62_000_000_000_000_000..253_000_000_000_000_000_i64) {
            prop_assert_eq!(parse_instant(&instant_text(micros)), Some(micros));
        }
    }
}
