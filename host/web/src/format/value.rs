//! One value of a field as text: to be read, or to be typed over.

use super::{date, decimal, decimal_plain, duration, duration_plain, figure, instant, integer, money_plain, percent};
use super::{percent_plain, scaled};
use crate::reader::Reader;
use lignaflow_core::descriptor::{Field, FieldKind};
use lignaflow_core::value::{Value, civil_date};

/// Whether values of a type are figures: right-aligned, and summed by the eye.
pub const fn is_figure(kind: FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::Integer
            | FieldKind::Decimal
            | FieldKind::Money
            | FieldKind::Duration
            | FieldKind::Minutes
            | FieldKind::Percent
    )
}

/// A value to be read. References are their identifiers here; pages put their display value instead.
pub fn plain_text(field: &Field, value: &Value, reader: &Reader) -> String {
    let locale = &reader.locale;
    match (field.kind, value) {
        (_, Value::Null) => String::new(),
        (FieldKind::Duration, Value::Integer(seconds)) => duration(*seconds, locale),
        (FieldKind::Minutes, Value::Integer(minutes)) => duration(minutes.saturating_mul(60), locale),
        (FieldKind::Percent, Value::Integer(points)) => percent(*points, locale),
        (_, Value::Integer(number)) => integer(*number, locale),
        (_, Value::Decimal(number)) => decimal(&number.to_string(), locale),
        (_, Value::Money(amount)) => figure(*amount, reader.currency, locale),
        (_, Value::Boolean(yes)) => (if *yes { "Yes" } else { "No" }).to_owned(),
        (_, Value::Date(days)) => civil_date(*days).map_or_else(String::new, |day| date(day, locale)),
        (_, Value::Instant(micros)) => instant(*micros, reader),
        (FieldKind::Choice, Value::Text(choice)) => field.choice_title(choice),
        (_, Value::Text(text)) => text.clone(),
        (_, Value::Reference(id)) => id.to_string(),
        (_, Value::References(ids)) => ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        (_, Value::Json(json)) => serde_json::to_string_pretty(json).unwrap_or_default(),
    }
}

/// A value as its control shows it; [`crate::parse::field`] reads it back as the same value.
pub fn field_text(field: &Field, value: &Value, reader: &Reader) -> String {
    let locale = &reader.locale;
    match (field.kind, value) {
        (FieldKind::Duration, Value::Integer(seconds)) => duration_plain(*seconds),
        (FieldKind::Minutes, Value::Integer(minutes)) => duration_plain(minutes.saturating_mul(60)),
        (FieldKind::Percent, Value::Integer(points)) => percent_plain(*points, locale),
        (_, Value::Integer(number)) => scaled(*number, 0),
        (_, Value::Decimal(number)) => decimal_plain(&number.to_string(), locale),
        (_, Value::Money(amount)) => money_plain(*amount, locale),
        (_, Value::Boolean(yes)) => (if *yes { "true" } else { "" }).to_owned(),
        (FieldKind::Choice, Value::Text(choice)) => choice.clone(),
        _ => plain_text(field, value, reader),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{field_of, reader};
    use lignaflow_core::value::{Currency, Money};

    #[test]
    fn a_value_is_told_by_its_fields_type() {
        let reader = reader();
        let told = |kind, value| plain_text(&field_of(kind), &value, &reader);
        assert_eq!(told(FieldKind::Duration, Value::Integer(5400)), "1:30");
        assert_eq!(told(FieldKind::Minutes, Value::Integer(188)), "3:08");
        assert_eq!(told(FieldKind::Percent, Value::Integer(1250)), "12.5\u{202f}%");
        assert_eq!(told(FieldKind::Integer, Value::Integer(5400)), "5,400");
        assert_eq!(told(FieldKind::Decimal, Value::Decimal("2.4000".parse().unwrap())), "2.4");
        assert_eq!(told(FieldKind::Money, Value::Money(Money { minor: 412_000, currency: Currency::AUD })), "4,120.00");
        assert_eq!(told(FieldKind::Date, Value::Date(20_775)), "18/11/2026");
        assert_eq!(told(FieldKind::Choice, Value::Text("on-hold".into())), "On hold");
        assert_eq!(told(FieldKind::Text, Value::Null), "");
    }
}
