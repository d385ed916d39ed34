//! One cell of a file, as its type: numbers and dates stay numbers and dates, text is never anything else.

use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::value::{Currency, Decimal, Value};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Empty,
    Text(String),
    Boolean(bool),
    /// Exact, with its digits after the point.
    Number(Decimal),
    /// An amount in whole units of its currency, such as 125.50.
    Amount(Decimal),
    /// Hundredths, such as 12.5 for 12.5 %.
    Percent(Decimal),
    /// Days since 1970-01-01.
    Date(i32),
    Instant(Micros),
    /// Seconds.
    Duration(i64),
    Minutes(i64),
}

impl Cell {
    /// A value of a field of this kind. References are told by their ids, money by its amount alone.
    pub(super) fn of(kind: FieldKind, value: &Value) -> Self {
        match (kind, value) {
            (_, Value::Null) => Self::Empty,
            (_, Value::Boolean(value)) => Self::Boolean(*value),
            (FieldKind::Duration, Value::Integer(seconds)) => Self::Duration(*seconds),
            (FieldKind::Minutes, Value::Integer(minutes)) => Self::Minutes(*minutes),
            (FieldKind::Percent, Value::Integer(points)) => {
                Self::Percent(Decimal::from_i128_with_scale((*points).into(), 2).normalize())
            }
            (FieldKind::Percent, Value::Decimal(points)) => Self::Percent((*points / Decimal::ONE_HUNDRED).normalize()),
            (_, Value::Integer(value)) => Self::Number(Decimal::from(*value)),
            (_, Value::Decimal(value)) => Self::Number(*value),
            (_, Value::Text(text)) => Self::Text(text.clone()),
            (_, Value::Date(days)) => Self::Date(*days),
            (_, Value::Instant(at)) => Self::Instant(*at),
            (_, Value::Money(money)) => Self::Amount(amount(money.minor, money.currency)),
            (_, Value::Reference(id)) => Self::Text(id.to_string()),
            (_, Value::References(ids)) => Self::joined(ids.iter().map(ToString::to_string)),
            (_, Value::Json(json)) => Self::Text(json.to_string()),
        }
    }

    /// Several texts in one cell.
    pub(super) fn joined(texts: impl Iterator<Item = String>) -> Self {
        let text = texts.collect::<Vec<_>>().join("; ");
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }
}

fn amount(minor: i64, currency: Currency) -> Decimal {
    Decimal::from_i128_with_scale(minor.into(), currency.minor_digits())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::value::Money;

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        let of = |minor, currency: &str| {
            let money = Value::Money(Money { minor, currency: currency.parse().unwrap() });
            match Cell::of(FieldKind::Money, &money) {
                Cell::Amount(amount) => amount.to_string(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((of(12_550, "AUD"), of(-5, "AUD"), of(700, "JPY")), ("125.50".into(), "-0.05".into(), "700".into()));
    }

    #[test]
    fn a_percentage_is_told_in_hundredths() {
        assert_eq!(Cell::of(FieldKind::Percent, &Value::Integer(1250)), Cell::Percent("12.5".parse().unwrap()));
    }
}
