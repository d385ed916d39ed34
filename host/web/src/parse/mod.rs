//! What people type, read back into values. Pure; every refusal says what would be right.
//!
//! Only the spelling is judged here. Whether a field may be empty, how long a text may be and which records exist is
//! for the room that saves, so that a rule stands in one place.

mod arithmetic;
mod date;
mod duration;
mod money;
mod number;

use crate::reader::Reader;
use lignaflow_core::descriptor::{Field, FieldKind};
use lignaflow_core::error::Issue;
use lignaflow_core::id::Id;
use lignaflow_core::value::{Currency, Value, date_days};

/// The stable code of every issue made here.
pub const MALFORMED: &str = "malformed";

/// Reads one control's text as a value of the field called `name`. Nothing typed is null. Lists come comma-separated.
/// An amount that names no currency is in `currency`.
pub fn field(name: &str, field: &Field, text: &str, currency: Currency, reader: &Reader) -> Result<Value, Issue> {
    let typed = text.trim();
    if typed.is_empty() && field.kind != FieldKind::Boolean {
        return Ok(match field.kind {
            kind if kind.is_list() => Value::References(Vec::new()),
            _ => Value::Null,
        });
    }
    read(field, typed, text, currency, reader).map_err(|message| Issue::new(format!("/{name}"), MALFORMED, message))
}

/// [`field`], where people may also reckon in a decimal: `2.4*3`.
pub fn reckoned(name: &str, it: &Field, text: &str, currency: Currency, reader: &Reader) -> Result<Value, Issue> {
    if it.kind == FieldKind::Decimal && arithmetic::is_sum(text) {
        let sum = arithmetic::sum(text, u32::from(it.scale()), &reader.locale);
        return sum.map(Value::Decimal).map_err(|message| Issue::new(format!("/{name}"), MALFORMED, message));
    }
    field(name, it, text, currency, reader)
}

fn read(field: &Field, typed: &str, verbatim: &str, currency: Currency, reader: &Reader) -> Result<Value, String> {
    Ok(match field.kind {
        // What a person wrote stays as it is, but for the line ends of HTTP forms and space around a single line.
        FieldKind::Text if verbatim.contains('\n') => Value::Text(verbatim.replace("\r\n", "\n").trim_end().to_owned()),
        FieldKind::Text => Value::Text(typed.to_owned()),
        FieldKind::Integer => Value::Integer(number::integer(typed, &reader.locale)?),
        FieldKind::Decimal => Value::Decimal(number::decimal(typed, u32::from(field.scale()), &reader.locale)?),
        FieldKind::Money => Value::Money(money::money(typed, currency, reader)?),
        FieldKind::Boolean => Value::Boolean(matches!(typed, "true" | "on" | "1" | "yes")),
        FieldKind::Date => Value::Date(date_days(date::date(typed, reader)?)),
        FieldKind::Instant => Value::Instant(date::instant(typed, reader)?),
        FieldKind::Duration => Value::Integer(duration::duration(typed)?),
        FieldKind::Minutes => Value::Integer(duration::minutes(typed)?),
        FieldKind::Percent => {
            let bare = typed.strip_suffix('%').unwrap_or(typed).trim_end();
            Value::Integer(number::scaled(bare, 2, &reader.locale)?)
        }
        FieldKind::Choice => {
            if !field.of.iter().any(|choice| choice == typed) {
                return Err(format!("Choose one of {}", crate::format::list(&field.of)));
            }
            Value::Text(typed.to_owned())
        }
        FieldKind::Reference | FieldKind::Person | FieldKind::Media => Value::Reference(id(typed)?),
        FieldKind::References | FieldKind::People | FieldKind::Files => {
            let mut ids = Vec::new();
            for part in typed.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                let id = id(part)?;
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            Value::References(ids)
        }
        FieldKind::Json => Value::Json(serde_json::from_str(typed).map_err(|error| {
            format!(
                "Not JSON: line {}, column {}. Strings and keys stand in double quotes",
                error.line(),
                error.column()
            )
        })?),
    })
}

fn id(typed: &str) -> Result<Id, String> {
    typed.parse().map_err(|_| format!("Nothing found for “{}”. Choose one from the list", number::shortened(typed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::field_text;
    use crate::testing::{field_of, reader};

    fn read_as(kind: FieldKind, text: &str) -> Result<Value, String> {
        field("it", &field_of(kind), text, Currency::AUD, &reader()).map_err(|issue| {
            assert_eq!((issue.path.as_str(), issue.code.as_str()), ("/it", MALFORMED));
            issue.message
        })
    }

    #[test]
    fn nothing_typed_is_nothing() {
        assert_eq!(read_as(FieldKind::Money, "  "), Ok(Value::Null));
        assert_eq!(read_as(FieldKind::Text, ""), Ok(Value::Null));
        assert_eq!(read_as(FieldKind::References, ""), Ok(Value::References(Vec::new())));
        assert_eq!(read_as(FieldKind::Boolean, ""), Ok(Value::Boolean(false)));
    }

    #[test]
    fn text_keeps_its_lines_and_loses_what_a_form_adds() {
        assert_eq!(read_as(FieldKind::Text, " Oak "), Ok(Value::Text("Oak".into())));
        assert_eq!(read_as(FieldKind::Text, "  a\r\n  b\r\n\r\n"), Ok(Value::Text("  a\n  b".into())));
    }

    #[test]
    fn each_type_is_read() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let other = "01890a5d-ac96-774b-bcce-b302099a8058";
        let found = |text: &str| text.parse::<Id>().unwrap();
        assert_eq!(read_as(FieldKind::Minutes, "1:30"), Ok(Value::Integer(90)));
        assert_eq!(read_as(FieldKind::Duration, "1:30"), Ok(Value::Integer(5400)));
        assert_eq!(read_as(FieldKind::Percent, "12.5 %"), Ok(Value::Integer(1250)));
        assert_eq!(read_as(FieldKind::Boolean, "true"), Ok(Value::Boolean(true)));
        assert_eq!(read_as(FieldKind::Reference, id), Ok(Value::Reference(found(id))));
        assert_eq!(
            read_as(FieldKind::People, &format!("{id}, {other},{id}")),
            Ok(Value::References(vec![found(id), found(other)]))
        );
        assert_eq!(read_as(FieldKind::Json, "{\"a\": 1}"), Ok(Value::Json(serde_json::json!({"a": 1}))));
        assert_eq!(read_as(FieldKind::Choice, "open"), Ok(Value::Text("open".into())));
    }

    #[test]
    fn a_refusal_says_what_would_be_right() {
        assert_eq!(read_as(FieldKind::Choice, "ajar").unwrap_err(), "Choose one of open and closed");
        assert_eq!(
            read_as(FieldKind::Reference, "Balmain").unwrap_err(),
            "Nothing found for “Balmain”. Choose one from the list"
        );
        assert_eq!(
            read_as(FieldKind::Json, "{a: 1}").unwrap_err(),
            "Not JSON: line 1, column 2. Strings and keys stand in double quotes"
        );
    }

    /// A small generator of our own: values from a counter, so that a failure names its seed.
    fn numbers(seed: u64) -> impl Iterator<Item = i64> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        std::iter::from_fn(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let magnitude = 1_i64.checked_shl(u32::try_from(state >> 58).unwrap_or(0) % 46).unwrap_or(1);
            Some(i64::try_from(state >> 2).unwrap_or(0) % magnitude - magnitude / 2)
        })
    }

    #[test]
    fn what_a_form_shows_reads_back_as_the_same_value_in_every_region() {
        use lignaflow_core::value::{Decimal, Money};
        for tag in ["en-AU", "en-US", "en-GB", "de-DE", "fr-FR", "fr-CA", "de-CH", "sv-SE", "tlh"] {
            let reader = Reader::new(tag, "Australia/Sydney", Currency::AUD, 1_795_057_500_000_000);
            for number in numbers(7).take(2000) {
                let currency: Currency =
                    ["AUD", "JPY", "KWD"][usize::try_from(number.rem_euclid(3)).unwrap()].parse().unwrap();
                // Within the years 1900 to 2099 no hour is so crooked that a zone offset has seconds; skip the hour that
                // comes twice, which a text cannot tell apart.
                let micros = number.rem_euclid(4_000_000_000) * 1_000_000 + number.rem_euclid(1_000_000);
                let twice = reader.zone.to_ambiguous_timestamp(
                    jiff::Timestamp::from_microsecond(micros).unwrap().to_zoned(reader.zone.clone()).datetime(),
                );
                let values = [
                    (FieldKind::Integer, Value::Integer(number)),
                    (FieldKind::Duration, Value::Integer(number % 10_000_000)),
                    (FieldKind::Minutes, Value::Integer(number % 100_000)),
                    (FieldKind::Percent, Value::Integer(number)),
                    (FieldKind::Decimal, Value::Decimal(Decimal::try_from_i128_with_scale(number.into(), 4).unwrap())),
                    (FieldKind::Money, Value::Money(Money { minor: number, currency })),
                    (FieldKind::Date, Value::Date(i32::try_from(number.rem_euclid(40_000)).unwrap())),
                    (FieldKind::Instant, Value::Instant(micros)),
                ];
                for (kind, value) in values {
                    if kind == FieldKind::Instant && twice.is_ambiguous() {
                        continue;
                    }
                    let text = field_text(&field_of(kind), &value, &reader);
                    let read = field("it", &field_of(kind), &text, currency, &reader);
                    assert_eq!(read.as_ref(), Ok(&value), "{tag} {kind:?} {text}");
                }
            }
        }
    }

    #[test]
    fn no_text_at_all_makes_reading_fail_otherwise_than_by_an_issue() {
        let pieces = [
            "1",
            "-",
            ":",
            ".",
            ",",
            "/",
            "é",
            "O",
            " ",
            "h",
            "pm",
            "2026",
            "$",
            "USD",
            "−",
            "\u{202f}",
            "\"",
            "T",
            "9999999999",
        ];
        let reader = reader();
        for seed in 1..4000 {
            let text: String = numbers(seed)
                .take(usize::try_from(seed % 7).unwrap())
                .map(|n| pieces[usize::try_from(n.rem_euclid(i64::try_from(pieces.len()).unwrap())).unwrap()])
                .collect();
            for kind in crate::testing::EVERY_KIND {
                let _ = field("it", &field_of(kind), &text, Currency::AUD, &reader);
            }
        }
    }
}
