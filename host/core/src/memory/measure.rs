//! Exact sums and averages, from the whole units that fields hold: integers, decimals at their scale, minor units.

use crate::bound::BoundPath;
use crate::descriptor::FieldKind;
use crate::value::{Currency, Decimal, Money, Value};

/// Digits after the point of an average of whole numbers.
pub(super) const AVERAGE_DIGITS: u8 = 4;

/// A sum of values that fit 64 bits does not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sum `{label}` goes beyond 64 bits: narrow the filter or group it further")]
pub struct SumTooLarge {
    pub label: String,
}

/// What numbers of a path are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Whole,
    /// Ten to the minus this.
    Decimal(u8),
    /// Minor units of a currency, or of none where there is no amount.
    Money(Option<Currency>),
}

impl Unit {
    /// The unit of a path's numbers; of money, with the currency that its group has.
    pub fn of(path: &BoundPath, currency: Option<Currency>) -> Self {
        match path.kind() {
            FieldKind::Decimal => Self::Decimal(path.scale()),
            FieldKind::Money => Self::Money(currency),
            _ => Self::Whole,
        }
    }

    /// This many units as a value; `None` beyond 64 bits. Money without a currency is nothing.
    pub fn sum(self, units: i128) -> Option<Value> {
        let units = i64::try_from(units).ok()?;
        Some(match self {
            Self::Whole => Value::Integer(units),
            Self::Decimal(scale) => Value::Decimal(Decimal::new(units, u32::from(scale))),
            Self::Money(Some(currency)) => Value::Money(Money { minor: units, currency }),
            Self::Money(None) => Value::Null,
        })
    }

    /// The sum divided by the count, halves away from zero: of whole numbers to four digits, else to the unit itself.
    /// Nothing where nothing was counted.
    pub fn average(self, units: i128, count: u64) -> Value {
        if count == 0 {
            return Value::Null;
        }
        let digits = if self == Self::Whole { AVERAGE_DIGITS } else { 0 };
        let quotient = divided(units * 10_i128.pow(u32::from(digits)), i128::from(count));
        match self {
            // An average lies between the numbers, so it fits as they did.
            Self::Whole => decimal(quotient, digits),
            Self::Decimal(scale) => decimal(quotient, scale),
            Self::Money(Some(currency)) => {
                i64::try_from(quotient).map_or(Value::Null, |minor| Value::Money(Money { minor, currency }))
            }
            Self::Money(None) => Value::Null,
        }
    }
}

fn decimal(units: i128, scale: u8) -> Value {
    Decimal::try_from_i128_with_scale(units, u32::from(scale)).map_or(Value::Null, Value::Decimal)
}

/// Halves away from zero, so that what is reversed averages to the reverse.
fn divided(units: i128, count: i128) -> i128 {
    let twice = 2 * units;
    if units < 0 { (twice - count) / (2 * count) } else { (twice + count) / (2 * count) }
}

/// A number in the whole units of its path.
pub(super) fn units(path: &BoundPath, value: &Value) -> Option<i128> {
    match value {
        Value::Integer(number) => Some(i128::from(*number)),
        Value::Decimal(decimal) => {
            let mut scaled = *decimal;
            scaled.rescale(u32::from(path.scale()));
            Some(scaled.mantissa())
        }
        Value::Money(money) => Some(i128::from(money.minor)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Value {
        Value::Decimal(text.parse().unwrap())
    }

    #[test]
    fn averages_are_exact_and_halves_go_away_from_zero() {
        assert_eq!(Unit::Whole.average(10, 3), number("3.3333"));
        assert_eq!(Unit::Whole.average(-20, 3), number("-6.6667"));
        assert_eq!(Unit::Decimal(2).average(5, 2), number("0.03"));
        assert_eq!(Unit::Decimal(2).average(-5, 2), number("-0.03"));
        assert_eq!(Unit::Decimal(2).average(4, 3), number("0.01"));
        assert_eq!(Unit::Whole.average(2 * i128::from(i64::MAX), 2), number("9223372036854775807"));
        assert_eq!(Unit::Whole.average(0, 0), Value::Null);
        let dollars = Unit::Money(Some(Currency::AUD));
        assert_eq!(dollars.average(-3, 2), Value::Money(Money { minor: -2, currency: Currency::AUD }));
    }

    #[test]
    fn a_sum_beyond_64_bits_is_told() {
        assert_eq!(Unit::Whole.sum(i128::from(i64::MAX)), Some(Value::Integer(i64::MAX)));
        assert_eq!(Unit::Whole.sum(i128::from(i64::MAX) + 1), None);
        assert_eq!(Unit::Money(None).sum(0), Some(Value::Null));
    }
}
