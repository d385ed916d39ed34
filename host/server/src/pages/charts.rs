//! What charts are drawn of: sums of values, and bars in parts.

use lignaflow_core::value::{Decimal, Money, Value};
use lignaflow_web::blocks::Bar;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Parts of a bar that are told by name; what is beyond them is one.
const SERIES: usize = 6;
const OTHERS: &str = "Others";

/// The size of a value in its own smallest unit, to compare it by.
pub(super) fn size(value: &Value) -> Decimal {
    match value {
        Value::Integer(number) => Decimal::from(*number),
        Value::Decimal(number) => *number,
        Value::Money(amount) => Decimal::from(amount.minor),
        _ => Decimal::MIN,
    }
}

/// What values come to; nothing of several currencies, and of nothing at all.
pub(super) fn summed<'a>(values: impl IntoIterator<Item = &'a Value>) -> Option<Value> {
    values.into_iter().filter(|value| !value.is_null()).try_fold(None, |sum: Option<Value>, value| {
        Some(Some(match (sum, value) {
            (None, value) => value.clone(),
            (Some(Value::Integer(sum)), Value::Integer(more)) => Value::Integer(sum.checked_add(*more)?),
            (Some(Value::Decimal(sum)), Value::Decimal(more)) => Value::Decimal(sum.checked_add(*more)?),
            (Some(Value::Money(sum)), Value::Money(more)) if sum.currency == more.currency => {
                Value::Money(Money { minor: sum.minor.checked_add(more.minor)?, currency: sum.currency })
            }
            _ => return None,
        }))
    })?
}

/// How much of a part there is in a group.
#[derive(Debug, Clone)]
pub(super) struct Portion {
    pub group: String,
    pub part: String,
    pub value: Value,
}

/// Bars in parts, in the order in which their groups come: what the parts are called, the largest first, and the bars.
/// Nothing where their values cannot be summed.
pub(super) fn stacked(portions: &[Portion]) -> Option<(Vec<String>, Vec<Bar>)> {
    let mut of_part: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for portion in portions {
        of_part.entry(&portion.part).or_default().push(&portion.value);
    }
    let mut parts = Vec::with_capacity(of_part.len());
    for (part, values) in of_part {
        // Where all of it is nothing, it is no part.
        if let Some(sum) = summed(values.iter().copied()) {
            parts.push((Reverse(size(&sum)), part));
        } else if values.iter().any(|value| !value.is_null()) {
            return None;
        }
    }
    parts.sort();
    let named = if parts.len() > SERIES { SERIES - 1 } else { parts.len() };
    let mut series: Vec<String> = parts.iter().take(named).map(|(_, part)| (*part).to_owned()).collect();
    if parts.len() > named {
        series.push(OTHERS.to_owned());
    }
    let place = |part: &str| series.iter().position(|name| name == part).unwrap_or(series.len().saturating_sub(1));
    let mut bars: Vec<(&str, Vec<Vec<&Value>>)> = Vec::new();
    for portion in portions.iter().filter(|portion| !portion.value.is_null()) {
        let known = bars.iter().position(|(group, _)| *group == portion.group);
        let at = known.unwrap_or(bars.len());
        if known.is_none() {
            bars.push((&portion.group, vec![Vec::new(); series.len()]));
        }
        bars[at].1[place(&portion.part)].push(&portion.value);
    }
    let bars = bars.into_iter().map(|(group, parts)| {
        let parts: Vec<Value> = parts.into_iter().map(|values| summed(values).unwrap_or(Value::Null)).collect();
        Some(Bar { label: group.to_owned(), value: summed(&parts)?, href: None, parts })
    });
    Some((series, bars.collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portions(of: &[(&str, &str, i64)]) -> Vec<Portion> {
        let portion = |(group, part, value): &(&str, &str, i64)| Portion {
            group: (*group).to_owned(),
            part: (*part).to_owned(),
            value: Value::Integer(*value),
        };
        of.iter().map(portion).collect()
    }

    #[test]
    fn the_largest_parts_have_names_and_bars_add_up() {
        let many: Vec<(String, i64)> = (1..=8).map(|number| (format!("P{number}"), number)).collect();
        let many: Vec<(&str, &str, i64)> = many.iter().map(|(name, number)| ("Nov", name.as_str(), *number)).collect();
        let (series, bars) = stacked(&portions(&many)).unwrap();
        assert_eq!(series, ["P8", "P7", "P6", "P5", "P4", "Others"]);
        assert_eq!(bars[0].parts[5], Value::Integer(6), "three, two and one");
        assert_eq!(bars[0].value, Value::Integer(36));
        let (series, bars) = stacked(&portions(&[("Nov", "Cut", 1), ("Dec", "Glue", 3), ("Nov", "Glue", 1)])).unwrap();
        assert_eq!(series, ["Glue", "Cut"]);
        assert_eq!(bars.iter().map(|bar| bar.label.as_str()).collect::<Vec<_>>(), ["Nov", "Dec"]);
        assert_eq!(bars[1].parts, [Value::Integer(3), Value::Null]);
    }

    #[test]
    fn of_several_currencies_nothing_is_drawn() {
        let of = |code: &str| Value::Money(Money { minor: 1, currency: code.parse().unwrap() });
        let portion = |code: &str| Portion { group: "Nov".into(), part: "Cut".into(), value: of(code) };
        assert!(stacked(&[portion("AUD"), portion("EUR")]).is_none());
        assert_eq!(summed([&of("AUD"), &Value::Null]), Some(of("AUD")));
        assert_eq!(summed([]), None);
    }
}
