//! Hours as people type them: `2`, `2.5`, `2h`, `1:30`, `90m`, `2h 30m`, `7-11:30`.

use super::number::shortened;
use lignaflow_core::value::Decimal;
use rust_decimal::RoundingStrategy;
use rust_decimal::prelude::ToPrimitive;

const RIGHT: &str = "2.5, or 2:30, or 7-9:30";
const DAY: i64 = 24 * 3600;

/// Reads a duration in seconds.
pub(super) fn duration(text: &str) -> Result<i64, String> {
    let typed = text.trim();
    let fault = || format!("“{}” is not a length of time. Write it as {RIGHT}", shortened(typed));
    let lower = typed.to_lowercase().replace(',', ".");
    if let Some(seconds) = range(&lower)? {
        return Ok(seconds);
    }
    let (sign, rest) = match lower.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (-1, rest.trim_start()),
        None => (1, lower.as_str()),
    };
    let seconds = if rest.contains(':') { clock(rest)? } else { units(rest) };
    seconds.and_then(|seconds| seconds.checked_mul(sign)).ok_or_else(fault)
}

/// Reads a length of time in whole minutes.
pub(super) fn minutes(text: &str) -> Result<i64, String> {
    let seconds = duration(text)?;
    if seconds % 60 == 0 {
        Ok(seconds / 60)
    } else {
        Err(format!("“{}” is not a number of whole minutes. Write it as {RIGHT}", shortened(text.trim())))
    }
}

/// `7-11:30`: from and to on the clock; what ends before it starts went past midnight.
fn range(text: &str) -> Result<Option<i64>, String> {
    let Some((from, to)) = text.split_once(['-', '\u{2013}']) else { return Ok(None) };
    let (from, to) = (from.trim(), to.trim());
    if from.is_empty() || to.is_empty() {
        return Ok(None);
    }
    let (Some(from), Some(to)) = (time_of_day(from), time_of_day(to)) else {
        return Err("From and to are times of the day, as in 7-11:30".to_owned());
    };
    Ok(Some((to - from).rem_euclid(DAY)))
}

fn time_of_day(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':').unwrap_or((text, "0"));
    let (hours, minutes) = (small(hours)?, small(minutes)?);
    (hours <= 24 && minutes < 60 && hours * 60 + minutes <= 1440).then_some(hours * 3600 + minutes * 60)
}

/// `1:30` or `1:30:15`; a group after the first is below 60.
fn clock(text: &str) -> Result<Option<i64>, String> {
    let mut total = 0_i64;
    let mut groups = 0;
    for group in text.split(':') {
        let Some(number) = small(if group.is_empty() && groups == 0 { "0" } else { group }) else { return Ok(None) };
        if groups > 0 && number > 59 {
            let unit = if groups == 1 { "minutes" } else { "seconds" };
            return Err(format!("{number} {unit} do not fit an hour on the clock. Write it as {RIGHT}"));
        }
        total = total.saturating_mul(60).saturating_add(number);
        groups += 1;
    }
    Ok(match groups {
        2 => total.checked_mul(60),
        3 => Some(total),
        _ => None,
    })
}

/// `2`, `2.5`, `2h`, `90m`, `2h 30m`, `2h30`, `45s`. A bare number is hours, after hours it is minutes.
fn units(text: &str) -> Option<i64> {
    let mut total = Decimal::ZERO;
    let mut rest = text.trim();
    let mut smallest = i64::MAX;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: Decimal = if end == 0 { return None } else { rest[..end].parse().ok()? };
        rest = rest[end..].trim_start();
        let word_end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = match &rest[..word_end] {
            "" if smallest == i64::MAX => 3600,
            "" if smallest == 3600 => 60,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            _ => return None,
        };
        if unit >= smallest {
            return None;
        }
        smallest = unit;
        rest = rest[word_end..].trim_start();
        total = total.checked_add(number.checked_mul(Decimal::from(unit))?)?;
    }
    total.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64()
}

fn small(text: &str) -> Option<i64> {
    (text.len() <= 9 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_hours_is_read() {
        for (text, minutes) in [
            ("2", 120),
            ("2.5", 150),
            ("2,5", 150),
            ("2h", 120),
            ("2 h", 120),
            ("1:30", 90),
            (":45", 45),
            ("90m", 90),
            ("90 min", 90),
            ("2h 30m", 150),
            ("2h30", 150),
            ("7-11:30", 270),
            ("7:15 – 8", 45),
            ("22-6", 480),
            ("-1:30", -90),
            ("0", 0),
            ("100:00", 6000),
            ("1.25 hours", 75),
        ] {
            assert_eq!(duration(text), Ok(minutes * 60), "{text}");
        }
        assert_eq!(duration("1:30:15"), Ok(5415));
        assert_eq!(duration("45s"), Ok(45));
        assert_eq!(duration("0.3333"), Ok(1200));
    }

    #[test]
    fn what_is_no_length_of_time_is_told_what_would_be() {
        let right = "Write it as 2.5, or 2:30, or 7-9:30";
        for text in ["soon", "2x", "h", "1:2:3:4", "30m 2h", "", "2h 3h", "1..5", "."] {
            assert_eq!(duration(text).unwrap_err(), format!("“{text}” is not a length of time. {right}"), "{text}");
        }
        assert_eq!(duration("1:75").unwrap_err(), format!("75 minutes do not fit an hour on the clock. {right}"));
        assert_eq!(duration("7-25").unwrap_err(), "From and to are times of the day, as in 7-11:30");
        assert!(duration("99999999999999999999").is_err());
    }
}
