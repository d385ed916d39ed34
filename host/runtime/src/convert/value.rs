//! Values of fields, and fields by name.

use super::{Checked, Malformed};
use crate::contract::lignaflow::plugin::types::{Entry, Money as WireMoney, Value as Wire};
use indexmap::map::Entry as Slot;
use lignaflow_core::mutation::Fields;
use lignaflow_core::record::{MAX_JSON, MAX_REFERENCES};
use lignaflow_core::value::civil_date;
use lignaflow_core::{Decimal, Id, Money, Value};

/// Digits, sign and point of a decimal: its 96 bits never have more.
const DECIMAL: usize = 40;

pub(crate) fn id(text: &str) -> Checked<Id> {
    text.parse().map_err(|_| Malformed::new("", format!("`{}` is not an id", shown(text))))
}

pub(crate) fn from_wire(value: Wire) -> Checked<Value> {
    Ok(match value {
        Wire::Null => Value::Null,
        Wire::Boolean(value) => Value::Boolean(value),
        Wire::Integer(value) => Value::Integer(value),
        Wire::Decimal(text) => Value::Decimal(decimal(&text)?),
        Wire::Text(text) => Value::Text(text),
        Wire::Date(days) => match civil_date(days) {
            Some(_) => Value::Date(days),
            None => return Err(Malformed::new("", format!("day {days} lies outside the years 1 to 9999"))),
        },
        Wire::Instant(micros) => match jiff::Timestamp::from_microsecond(micros) {
            Ok(_) => Value::Instant(micros),
            Err(_) => {
                return Err(Malformed::new("", format!("instant {micros} lies outside the years that can be told")));
            }
        },
        Wire::Money(money) => Value::Money(Money {
            minor: money.minor,
            currency: money
                .currency
                .parse()
                .map_err(|_| Malformed::new("", format!("`{}` is not a currency", shown(&money.currency))))?,
        }),
        Wire::Reference(text) => Value::Reference(id(&text)?),
        Wire::References(texts) if texts.len() > MAX_REFERENCES => {
            return Err(Malformed::new("", format!("{} references; at most {MAX_REFERENCES}", texts.len())));
        }
        Wire::References(texts) => Value::References(texts.iter().map(|text| id(text)).collect::<Checked<_>>()?),
        Wire::Json(text) if text.len() > MAX_JSON => {
            return Err(Malformed::new("", format!("{} bytes of JSON; at most {MAX_JSON}", text.len())));
        }
        Wire::Json(text) => {
            Value::Json(serde_json::from_str(&text).map_err(|error| Malformed::new("", format!("not JSON: {error}")))?)
        }
    })
}

/// Exactly what was written, or nothing: a decimal is never rounded on its way.
fn decimal(text: &str) -> Checked<Decimal> {
    let parsed = if text.len() <= DECIMAL { Decimal::from_str_exact(text).ok() } else { None };
    parsed.ok_or_else(|| Malformed::new("", format!("`{}` is not a decimal that can be held exactly", shown(text))))
}

pub(crate) fn to_wire(value: Value) -> Wire {
    match value {
        Value::Null => Wire::Null,
        Value::Boolean(value) => Wire::Boolean(value),
        Value::Integer(value) => Wire::Integer(value),
        Value::Decimal(value) => Wire::Decimal(value.to_string()),
        Value::Text(text) => Wire::Text(text),
        Value::Date(days) => Wire::Date(days),
        Value::Instant(micros) => Wire::Instant(micros),
        Value::Money(money) => {
            Wire::Money(WireMoney { minor: money.minor, currency: money.currency.as_str().to_owned() })
        }
        Value::Reference(id) => Wire::Reference(id.to_string()),
        Value::References(ids) => Wire::References(ids.iter().map(Id::to_string).collect()),
        Value::Json(json) => Wire::Json(json.to_string()),
    }
}

/// How many bytes a value takes on its way to a guest, near enough to bound them.
pub(crate) fn weight(value: &Wire) -> usize {
    size_of::<Wire>()
        + match value {
            Wire::Decimal(text) | Wire::Text(text) | Wire::Reference(text) | Wire::Json(text) => text.len(),
            Wire::References(texts) => texts.iter().map(|text| text.len() + size_of::<String>()).sum(),
            Wire::Money(money) => money.currency.len(),
            Wire::Null | Wire::Boolean(_) | Wire::Integer(_) | Wire::Date(_) | Wire::Instant(_) => 0,
        }
}

/// A value as a line of a log shows it.
pub(crate) fn spoken(value: &Wire) -> String {
    match value {
        Wire::Null => "null".to_owned(),
        Wire::Boolean(value) => value.to_string(),
        Wire::Integer(value) | Wire::Instant(value) => value.to_string(),
        Wire::Date(days) => lignaflow_core::value::date_text(*days),
        Wire::Decimal(text) | Wire::Reference(text) | Wire::Json(text) => text.clone(),
        Wire::Text(text) => format!("{text:?}"),
        Wire::Money(money) => format!("{} {}", money.minor, money.currency),
        Wire::References(texts) => texts.join(","),
    }
}

pub(crate) fn fields_from(entries: Vec<Entry>) -> Checked<Fields> {
    let mut fields = Fields::with_capacity(entries.len().min(256));
    for entry in entries {
        let value = from_wire(entry.value).map_err(|it| it.under(format_args!("/{}", shown(&entry.key))))?;
        match fields.entry(entry.key) {
            Slot::Vacant(slot) => {
                slot.insert(value);
            }
            Slot::Occupied(slot) => return Err(Malformed::new(format!("/{}", shown(slot.key())), "is given twice")),
        }
    }
    Ok(fields)
}

pub(crate) fn fields_to(fields: Fields) -> Vec<Entry> {
    fields.into_iter().map(|(key, value)| Entry { key, value: to_wire(value) }).collect()
}

/// The beginning of a guest's text, for a message.
pub(crate) fn shown(text: &str) -> &str {
    &text[..text.floor_char_boundary(60)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    fn fault(value: Wire) -> String {
        from_wire(value).unwrap_err().to_string()
    }

    #[test]
    fn values_cross_and_come_back_as_they_were() {
        let values = [
            Value::Null,
            Value::Boolean(true),
            Value::Integer(i64::MIN),
            Value::Decimal("12.5000".parse().unwrap()),
            Value::Text("Küche".to_owned()),
            Value::Date(-719_162),
            Value::Instant(1_796_000_000_000_000),
            Value::Money(Money { minor: -1, currency: "JPY".parse().unwrap() }),
            Value::Reference(ID.parse().unwrap()),
            Value::References(vec![ID.parse().unwrap()]),
            Value::Json(serde_json::json!({ "a": [1, null] })),
        ];
        for value in values {
            assert_eq!(from_wire(to_wire(value.clone())), Ok(value));
        }
    }

    #[test]
    fn a_decimal_keeps_its_digits() {
        let Ok(Value::Decimal(decimal)) = from_wire(Wire::Decimal("12.5000".into())) else { panic!() };
        assert_eq!(decimal.to_string(), "12.5000");
        assert_eq!(fault(Wire::Decimal("1e5".into())), "`1e5` is not a decimal that can be held exactly");
        assert!(from_wire(Wire::Decimal("0.12345678901234567890123456789".into())).is_err());
        assert!(from_wire(Wire::Decimal("1".repeat(1_000_000))).is_err());
    }

    #[test]
    fn nonsense_is_refused_with_its_reason() {
        assert_eq!(fault(Wire::Reference("x".into())), "`x` is not an id");
        assert_eq!(fault(Wire::Money(WireMoney { minor: 1, currency: "aud".into() })), "`aud` is not a currency");
        assert_eq!(fault(Wire::Date(i32::MAX)), "day 2147483647 lies outside the years 1 to 9999");
        assert!(fault(Wire::Instant(i64::MIN)).ends_with("outside the years that can be told"));
        assert!(fault(Wire::Json("{".into())).starts_with("not JSON"));
        assert!(from_wire(Wire::Json("[".repeat(10_000))).is_err());
        assert_eq!(fault(Wire::References(vec![String::new(); 1001])), "1001 references; at most 1000");
    }

    #[test]
    fn a_field_that_is_given_twice_is_refused() {
        let entry = |value| Entry { key: "name".into(), value: Wire::Integer(value) };
        assert_eq!(fields_from(vec![entry(1), entry(2)]).unwrap_err().to_string(), "/name: is given twice");
        assert_eq!(fields_from(vec![entry(1)]).unwrap()["name"], Value::Integer(1));
    }
}
