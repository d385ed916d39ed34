//! Integers, decimals and percentages as text. Exact: digits are moved, never computed with floats.

use crate::locale::Locale;

/// The sign that stands before a figure below zero; a hyphen is too short beside tabular digits.
pub const MINUS: char = '\u{2212}';

/// `12066` as `12,066`.
pub fn integer(value: i64, locale: &Locale) -> String {
    let digits = grouped(&value.unsigned_abs().to_string(), locale);
    if value < 0 { format!("{MINUS}{digits}") } else { digits }
}

/// A decimal in canonical text, such as `-1204.5000`, as `−1,204.5`: trailing zeros go.
pub fn decimal(canonical: &str, locale: &Locale) -> String {
    let (negative, whole, fraction) = parts(canonical);
    let fraction = fraction.trim_end_matches('0');
    joined(negative && (whole != "0" || !fraction.is_empty()), whole, fraction, locale)
}

/// The same for a field to type in: no grouping, a hyphen for the sign.
pub fn decimal_plain(canonical: &str, locale: &Locale) -> String {
    let (negative, whole, fraction) = parts(canonical);
    let fraction = fraction.trim_end_matches('0');
    let sign = if negative && (whole != "0" || !fraction.is_empty()) { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}{}{fraction}", locale.decimal) }
}

/// Basis points as per cent: `1250` as `12.5 %`.
pub fn percent(basis_points: i64, locale: &Locale) -> String {
    // A narrow no-break space, so that the sign never stands alone on a line.
    format!("{}\u{202f}%", decimal(&scaled(basis_points, 2), locale))
}

/// Basis points for a field to type in: `12.5`.
pub fn percent_plain(basis_points: i64, locale: &Locale) -> String {
    decimal_plain(&scaled(basis_points, 2), locale)
}

/// An integer of units of ten to the minus `scale`, as canonical text: `scaled(-5, 2)` is `-0.05`.
pub fn scaled(units: i64, scale: u32) -> String {
    let scale = scale as usize;
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if units < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

pub(super) fn parts(canonical: &str) -> (bool, &str, &str) {
    let (negative, rest) = match canonical.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, canonical),
    };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    (negative, whole, fraction)
}

pub(super) fn joined(negative: bool, whole: &str, fraction: &str, locale: &Locale) -> String {
    let mut text = String::with_capacity(whole.len() * 2 + fraction.len() + 2);
    if negative {
        text.push(MINUS);
    }
    text.push_str(&grouped(whole, locale));
    if !fraction.is_empty() {
        text.push(locale.decimal);
        text.push_str(fraction);
    }
    text
}

fn grouped(digits: &str, locale: &Locale) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push_str(locale.group);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_grouped_by_three() {
        let au = Locale::of("en-AU");
        assert_eq!(integer(0, &au), "0");
        assert_eq!(integer(999, &au), "999");
        assert_eq!(integer(12_066, &au), "12,066");
        assert_eq!(integer(-1_234_567, &au), "−1,234,567");
        assert_eq!(integer(i64::MIN, &au), "−9,223,372,036,854,775,808");
        assert_eq!(integer(12_066, &Locale::of("de-DE")), "12.066");
    }

    #[test]
    fn decimals_lose_trailing_zeros_only() {
        let au = Locale::of("en-AU");
        assert_eq!(decimal("12.5000", &au), "12.5");
        assert_eq!(decimal("100", &au), "100");
        assert_eq!(decimal("1200.0000", &au), "1,200");
        assert_eq!(decimal("-0.0500", &au), "−0.05");
        assert_eq!(decimal("-0.0000", &au), "0");
        assert_eq!(decimal_plain("-1204.5000", &au), "-1204.5");
        assert_eq!(decimal_plain("1204.5", &Locale::of("de-DE")), "1204,5");
    }

    #[test]
    fn percentages_come_from_basis_points() {
        let au = Locale::of("en-AU");
        assert_eq!(percent(1000, &au), "10\u{202f}%");
        assert_eq!(percent(1250, &au), "12.5\u{202f}%");
        assert_eq!(percent(-5, &au), "−0.05\u{202f}%");
        assert_eq!(percent_plain(-5, &au), "-0.05");
    }

    #[test]
    fn scaled_units_keep_their_zeros() {
        assert_eq!(scaled(5, 2), "0.05");
        assert_eq!(scaled(-123_456, 4), "-12.3456");
        assert_eq!(scaled(7, 0), "7");
    }
}
