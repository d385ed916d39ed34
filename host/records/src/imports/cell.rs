//! One cell's text as a value of a field, in the spelling that the mapping says. Only the spelling is judged here: what a
//! rule says of a value is for the plan, through which every door goes.

use super::mapping::{DateOrder, DecimalMark, Unit};
use jiff::civil;
use lignaflow_core::catalog::SchemaField;
use lignaflow_core::descriptor::{Field, FieldKind};
use lignaflow_core::fold::fold;
use lignaflow_core::value::{Currency, Decimal, Money, Value, date_days, parse_date, parse_instant};

/// How a file spells what has more than one spelling.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spelling<'a> {
    pub dates: DateOrder,
    pub mark: DecimalMark,
    /// Of amounts that name none.
    pub currency: Currency,
    /// Of times that name none.
    pub zone: &'a jiff::tz::TimeZone,
}

/// Reads a cell that is not empty and refers to nothing.
pub(super) fn value(
    field: &SchemaField,
    text: &str,
    unit: Option<Unit>,
    currency: Option<&str>,
    spelling: &Spelling<'_>,
) -> Result<Value, String> {
    use FieldKind as Kind;
    let declared = &field.field;
    let typed = text.trim();
    Ok(match declared.kind {
        Kind::Text => Value::Text(text.replace("\r\n", "\n").trim().to_owned()),
        Kind::Integer => Value::Integer(whole(typed, spelling.mark)?),
        Kind::Decimal => Value::Decimal(number(typed, spelling.mark)?),
        Kind::Money => Value::Money(money(typed, currency, spelling)?),
        Kind::Boolean => Value::Boolean(boolean(typed)?),
        Kind::Date => Value::Date(date(typed, spelling.dates)?),
        Kind::Instant => Value::Instant(instant(typed, spelling)?),
        Kind::Duration => Value::Integer(duration(typed, unit, spelling.mark)?),
        Kind::Minutes => Value::Integer(minutes(typed, unit, spelling.mark)?),
        Kind::Percent => Value::Integer(percent(typed, unit, spelling.mark)?),
        Kind::Choice => Value::Text(choice(declared, typed)?),
        Kind::Json => Value::Json(
            serde_json::from_str(typed).map_err(|error| format!("`{}` is not JSON: {error}.", shown(typed)))?,
        ),
        other => return Err(format!("A cell cannot be read as {other:?}.")),
    })
}

/// A text short enough to be repeated.
pub(super) fn shown(text: &str) -> String {
    if text.chars().count() > 60 {
        format!("{}…", text.chars().take(60).collect::<String>())
    } else {
        text.to_owned()
    }
}

fn wrong<T>(text: &str, right: &str) -> Result<T, String> {
    Err(format!("`{}` is not {right}.", shown(text)))
}

/// A number with its mark and groups of three. What could be read in two ways is refused.
fn number(text: &str, mark: DecimalMark) -> Result<Decimal, String> {
    let right = match mark {
        DecimalMark::Point => "a number such as 1,234.50",
        DecimalMark::Comma => "a number such as 1.234,50",
    };
    let (mark, group) = match mark {
        DecimalMark::Point => ('.', ','),
        DecimalMark::Comma => (',', '.'),
    };
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’')).collect();
    let bare = bare.replace('\u{2212}', "-");
    let (bare, negative) = match bare.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        // As bookkeepers write what is below nothing.
        Some(inner) => (inner.to_owned(), true),
        None => (bare, false),
    };
    let (sign, digits) = match bare.strip_prefix(['-', '+']) {
        Some(rest) => (if bare.starts_with('-') { "-" } else { "" }, rest),
        None => ("", bare.as_str()),
    };
    let (whole, fraction) = digits.split_once(mark).unwrap_or((digits, ""));
    let groups: Vec<&str> = whole.split(group).collect();
    let grouped = groups.len() > 1;
    let in_groups =
        !grouped || ((1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|digits| digits.len() == 3));
    let digits_only = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let joined = groups.concat();
    let some = !joined.is_empty() || !fraction.is_empty();
    if !in_groups || !some || !digits_only(&joined) || !digits_only(fraction) || (negative && sign == "-") {
        return wrong(text, right);
    }
    let plain = format!(
        "{}{sign}{}.{}",
        if negative { "-" } else { "" },
        if joined.is_empty() { "0" } else { &joined },
        if fraction.is_empty() { "0" } else { fraction }
    );
    Decimal::from_str_exact(&plain).map(|number| number.normalize()).or_else(|_| wrong(text, right))
}

/// A number times a power of ten, where that leaves nothing behind the point.
fn scaled(number: Decimal, digits: u32) -> Option<i64> {
    let factor = Decimal::from(10_i64.checked_pow(digits)?);
    let scaled = number.checked_mul(factor)?.normalize();
    if scaled.scale() != 0 { None } else { i64::try_from(scaled.mantissa()).ok() }
}

fn whole(text: &str, mark: DecimalMark) -> Result<i64, String> {
    match number(text, mark).ok().and_then(|number| scaled(number, 0)) {
        Some(number) => Ok(number),
        None => wrong(text, "a whole number"),
    }
}

fn money(text: &str, currency: Option<&str>, spelling: &Spelling<'_>) -> Result<Money, String> {
    let letters = |part: &str| part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let mut amount = text;
    let mut named = currency.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    if let Some(code) = text.get(..3).filter(|code| letters(code)) {
        (amount, named) = (text[3..].trim_start(), Some(code.to_owned()));
    } else if let Some(at) = text.len().checked_sub(3).filter(|at| text.get(*at..).is_some_and(letters)) {
        (amount, named) = (text[..at].trim_end(), Some(text[at..].to_owned()));
    }
    let amount: String = amount.chars().filter(|c| !matches!(c, '$' | '€' | '£' | '¥')).collect();
    let currency = match named {
        None => spelling.currency,
        Some(code) => match code.to_ascii_uppercase().parse() {
            Ok(currency) => currency,
            Err(_) => return wrong(&code, "a currency of three letters, such as AUD"),
        },
    };
    let number = number(amount.trim(), spelling.mark).or_else(|_| wrong(text, "an amount of money such as 125.50"))?;
    match scaled(number, currency.minor_digits()) {
        Some(minor) => Ok(Money { minor, currency }),
        None => Err(format!(
            "`{}` has more than the {} digits after the point that {currency} has.",
            shown(text),
            currency.minor_digits()
        )),
    }
}

fn boolean(text: &str) -> Result<bool, String> {
    match fold(text).as_str() {
        "true" | "yes" | "y" | "1" | "x" | "on" | "✓" | "ja" | "oui" | "si" => Ok(true),
        "false" | "no" | "n" | "0" | "off" | "-" | "nein" | "non" => Ok(false),
        _ => wrong(text, "yes or no"),
    }
}

/// The first of its two or four digits, as years are abbreviated: 68 and less are of this century (POSIX).
fn year(digits: &str) -> Option<i16> {
    let number: i16 = digits.parse().ok()?;
    match digits.len() {
        4 => Some(number),
        2 => Some(if number <= 68 { 2000 + number } else { 1900 + number }),
        _ => None,
    }
}

fn date(text: &str, order: DateOrder) -> Result<i32, String> {
    // A date of a workbook has one reading, and so has ISO 8601; a midnight that rides along says nothing.
    let day = text
        .split_once(['T', ' '])
        .filter(|(_, time)| matches!(*time, "00:00:00" | "00:00"))
        .map_or(text, |(day, _)| day);
    if let Some(days) = parse_date(day) {
        return Ok(days);
    }
    let right = match order {
        DateOrder::Iso => "a date such as 2026-11-23",
        DateOrder::Dmy => "a date such as 23/11/2026 or 2026-11-23",
        DateOrder::Mdy => "a date such as 11/23/2026 or 2026-11-23",
    };
    let parts: Vec<&str> = day.split(['/', '.', '-', ' ']).filter(|part| !part.is_empty()).collect();
    let civil = match (order, parts.as_slice()) {
        (DateOrder::Dmy, [d, m, y]) => year(y).and_then(|y| civil::Date::new(y, m.parse().ok()?, d.parse().ok()?).ok()),
        (DateOrder::Mdy, [m, d, y]) => year(y).and_then(|y| civil::Date::new(y, m.parse().ok()?, d.parse().ok()?).ok()),
        _ => None,
    };
    civil.map(date_days).map_or_else(|| wrong(text, right), Ok)
}

fn instant(text: &str, spelling: &Spelling<'_>) -> Result<i64, String> {
    if let Some(at) = parse_instant(text) {
        return Ok(at);
    }
    let right = "an instant such as 2026-11-23T07:00:00+11:00, or a date and a time";
    let (day, time) = text.split_once(['T', ' ']).map_or((text, "00:00"), |(day, time)| (day, time.trim()));
    let days = date(day, spelling.dates).or_else(|_| wrong(text, right))?;
    let time = time.parse::<civil::Time>().ok();
    let (Some(day), Some(time)) = (lignaflow_core::value::civil_date(days), time) else { return wrong(text, right) };
    // An hour that comes twice is its first, one that is left out is moved on (RFC 5545, 3.3.5).
    match spelling.zone.to_ambiguous_timestamp(day.to_datetime(time)).compatible() {
        Ok(instant) => Ok(instant.as_microsecond()),
        Err(_) => wrong(text, right),
    }
}

fn duration(text: &str, unit: Option<Unit>, mark: DecimalMark) -> Result<i64, String> {
    let right = "a duration such as 1:30, 1:30:00 or a number";
    if text.contains(':') {
        let parts: Option<Vec<i64>> = text.split(':').map(|part| part.parse().ok().filter(|n| *n >= 0)).collect();
        return match parts.as_deref() {
            Some([hours, minutes]) if *minutes < 60 => Ok(hours.saturating_mul(3600) + minutes * 60),
            Some([hours, minutes, seconds]) if *minutes < 60 && *seconds < 60 => {
                Ok(hours.saturating_mul(3600).saturating_add(minutes * 60 + seconds))
            }
            _ => wrong(text, right),
        };
    }
    let factor = match unit {
        Some(Unit::Hours) => 3600,
        Some(Unit::Minutes) => 60,
        _ => 1,
    };
    let number = number(text, mark).or_else(|_| wrong(text, right))?;
    match number.checked_mul(Decimal::from(factor)).and_then(|seconds| scaled(seconds, 0)) {
        Some(seconds) => Ok(seconds),
        None => wrong(text, "a duration of whole seconds"),
    }
}

/// A number without a unit is one of minutes.
fn minutes(text: &str, unit: Option<Unit>, mark: DecimalMark) -> Result<i64, String> {
    let seconds = duration(text, unit.or(Some(Unit::Minutes)), mark)?;
    if seconds % 60 == 0 { Ok(seconds / 60) } else { wrong(text, "a duration of whole minutes") }
}

fn percent(text: &str, unit: Option<Unit>, mark: DecimalMark) -> Result<i64, String> {
    let bare = text.strip_suffix('%').map(str::trim_end);
    // A fraction that has its sign is none: 12.5 % is 12.5 %.
    let digits = if unit == Some(Unit::Fraction) && bare.is_none() { 4 } else { 2 };
    match number(bare.unwrap_or(text), mark).ok().and_then(|number| scaled(number, digits)) {
        Some(points) => Ok(points),
        None => wrong(text, "a percentage with at most two digits after the point, such as 12.5%"),
    }
}

/// A choice by its value or its title, whatever the case.
fn choice(field: &Field, text: &str) -> Result<String, String> {
    let (of, wanted) = (&field.of, fold(text));
    let fits = |choice: &&String| fold(choice) == wanted || fold(&field.choice_title(choice)) == wanted;
    match of.iter().find(|choice| *choice == text).or_else(|| of.iter().find(fits)) {
        Some(choice) => Ok(choice.clone()),
        None => Err(format!("`{}` is none of {}.", shown(text), of.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_with(
        kind: FieldKind,
        text: &str,
        unit: Option<Unit>,
        comma: bool,
        dates: DateOrder,
    ) -> Result<Value, String> {
        let zone = jiff::tz::TimeZone::get("Australia/Sydney").unwrap();
        let mark = if comma { DecimalMark::Comma } else { DecimalMark::Point };
        let spelling = Spelling { dates, mark, currency: Currency::AUD, zone: &zone };
        let mut declared = Field::bare(kind);
        declared.of = vec!["in-progress".into(), "done".into()];
        let field = SchemaField { name: "it".parse().unwrap(), field: declared, to: None, custom: None };
        value(&field, text, unit, None, &spelling)
    }

    fn read(kind: FieldKind, text: &str) -> Result<Value, String> {
        read_with(kind, text, None, false, DateOrder::Dmy)
    }

    #[test]
    fn numbers_are_read_with_their_groups_and_refused_where_they_have_two_readings() {
        let point = |text: &str| number(text, DecimalMark::Point).map(|number| number.to_string()).ok();
        for (text, expected) in [
            ("1234.5", Some("1234.5")),
            ("1,234.50", Some("1234.5")),
            ("-1 234", Some("-1234")),
            ("(125.50)", Some("-125.5")),
            (".5", Some("0.5")),
            ("1,5", None),
            ("1,23,456", None),
            ("1.2.3", None),
            ("", None),
            ("-", None),
            ("12a", None),
            ("1e5", None),
        ] {
            assert_eq!(point(text).as_deref(), expected, "{text}");
        }
        assert_eq!(number("1.234,50", DecimalMark::Comma).unwrap().to_string(), "1234.5");
        assert!(number("1.5", DecimalMark::Comma).is_err(), "a group of one digit");
    }

    #[test]
    fn money_is_exact_and_in_the_currency_that_it_names() {
        let money = |text: &str| match read(FieldKind::Money, text) {
            Ok(Value::Money(money)) => Some((money.minor, money.currency.to_string())),
            _ => None,
        };
        assert_eq!(money("$1,250.5"), Some((125_050, "AUD".into())));
        assert_eq!(money("NZD 7"), Some((700, "NZD".into())));
        assert_eq!(money("700 jpy"), Some((700, "JPY".into())));
        assert_eq!(money("0.005"), None, "half a cent");
        assert_eq!(money("1 XY"), None);
    }

    #[test]
    fn dates_are_read_in_the_order_that_is_said_and_iso_always() {
        let date = |text: &str, order| match read_with(FieldKind::Date, text, None, false, order) {
            Ok(Value::Date(days)) => Some(lignaflow_core::value::date_text(days)),
            _ => None,
        };
        for order in [DateOrder::Iso, DateOrder::Dmy, DateOrder::Mdy] {
            assert_eq!(date("2026-11-03", order).as_deref(), Some("2026-11-03"));
            assert_eq!(date("2026-11-03T00:00:00", order).as_deref(), Some("2026-11-03"));
        }
        assert_eq!(date("3/11/2026", DateOrder::Dmy).as_deref(), Some("2026-11-03"));
        assert_eq!(date("3.11.26", DateOrder::Dmy).as_deref(), Some("2026-11-03"));
        assert_eq!(date("3/11/2026", DateOrder::Mdy).as_deref(), Some("2026-03-11"));
        assert_eq!(date("31/11/2026", DateOrder::Dmy), None);
        assert_eq!(date("3/11/2026", DateOrder::Iso), None);
    }

    #[test]
    fn times_without_a_zone_are_the_readers() {
        let instant = |text: &str| match read(FieldKind::Instant, text) {
            Ok(Value::Instant(at)) => Some(lignaflow_core::value::instant_text(at)),
            _ => None,
        };
        assert_eq!(instant("2026-11-23T07:00:00+11:00").as_deref(), Some("2026-11-22T20:00:00Z"));
        assert_eq!(instant("2026-11-23T07:00:00").as_deref(), Some("2026-11-22T20:00:00Z"));
        assert_eq!(instant("23/11/2026 7:00"), None, "an hour has two digits");
        assert_eq!(instant("23/11/2026 07:00").as_deref(), Some("2026-11-22T20:00:00Z"));
    }

    #[test]
    fn durations_and_percentages_have_their_units() {
        assert_eq!(read(FieldKind::Duration, "1:30"), Ok(Value::Integer(5400)));
        assert_eq!(read(FieldKind::Duration, "5400"), Ok(Value::Integer(5400)));
        assert_eq!(
            read_with(FieldKind::Duration, "1.5", Some(Unit::Hours), false, DateOrder::Iso),
            Ok(Value::Integer(5400))
        );
        assert!(read(FieldKind::Duration, "1:75").is_err());
        assert_eq!(read(FieldKind::Minutes, "1:30"), Ok(Value::Integer(90)));
        assert_eq!(read(FieldKind::Minutes, "90"), Ok(Value::Integer(90)));
        assert_eq!(
            read_with(FieldKind::Minutes, "1.5", Some(Unit::Hours), false, DateOrder::Iso),
            Ok(Value::Integer(90))
        );
        assert!(read(FieldKind::Minutes, "1:30:15").is_err());
        assert_eq!(read(FieldKind::Percent, "12.5 %"), Ok(Value::Integer(1250)));
        assert_eq!(read(FieldKind::Percent, "12.5"), Ok(Value::Integer(1250)));
        assert_eq!(
            read_with(FieldKind::Percent, "0.125", Some(Unit::Fraction), false, DateOrder::Iso),
            Ok(Value::Integer(1250))
        );
        assert!(read(FieldKind::Percent, "12.555").is_err());
    }

    #[test]
    fn choices_are_known_by_value_and_title() {
        assert_eq!(read(FieldKind::Choice, "In Progress"), Ok(Value::Text("in-progress".into())));
        assert_eq!(read(FieldKind::Choice, "done"), Ok(Value::Text("done".into())));
        assert_eq!(read(FieldKind::Choice, "ajar").unwrap_err(), "`ajar` is none of in-progress, done.");
        assert_eq!(read(FieldKind::Boolean, "Yes"), Ok(Value::Boolean(true)));
    }
}
