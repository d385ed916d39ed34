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

/// What a group or a part is, and what it is called: two people may have one name.
pub(super) type Known = (Value, String);

/// How much of a part there is in a group.
#[derive(Debug, Clone)]
pub(super) struct Portion {
    pub group: Known,
    pub part: Known,
    pub value: Value,
}

/// By what one is told from others.
fn key((value, _): &Known) -> String {
    value.to_json().to_string()
}

/// Bars in parts, in the order in which their groups come: what the parts are called, the largest first, and the bars.
/// Nothing where their values cannot be summed.
pub(super) fn stacked(portions: &[Portion]) -> Option<(Vec<String>, Vec<Bar>)> {
    let mut of_part: BTreeMap<String, (&str, Vec<&Value>)> = BTreeMap::new();
    for portion in portions {
        of_part.entry(key(&portion.part)).or_insert((&portion.part.1, Vec::new())).1.push(&portion.value);
    }
    let mut parts = Vec::with_capacity(of_part.len());
    for (key, (name, values)) in of_part {
        // Where all of it is nothing, it is no part.
        if let Some(sum) = summed(values.iter().copied()) {
            parts.push((Reverse(size(&sum)), name, key));
        } else if values.iter().any(|value| !value.is_null()) {
            return None;
        }
    }
    parts.sort();
    let named = if parts.len() > SERIES { SERIES - 1 } else { parts.len() };
    let mut series: Vec<String> = parts.iter().take(named).map(|(_, name, _)| (*name).to_owned()).collect();
    if parts.len() > named {
        series.push(OTHERS.to_owned());
    }
    let places: BTreeMap<String, usize> =
        parts.into_iter().enumerate().map(|(place, (_, _, key))| (key, place.min(named))).collect();
    let mut bars: Vec<(&str, Vec<Vec<&Value>>)> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for portion in portions.iter().filter(|portion| !portion.value.is_null()) {
        let at = *known.entry(key(&portion.group)).or_insert(bars.len());
        if at == bars.len() {
            bars.push((&portion.group.1, vec![Vec::new(); series.len()]));
        }
        if let Some(place) = places.get(&key(&portion.part)) {
            bars[at].1[*place].push(&portion.value);
        }
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

    fn known(name: &str) -> Known {
        (Value::Text(name.to_owned()), name.to_owned())
    }

    fn portions(of: &[(&str, &str, i64)]) -> Vec<Portion> {
        let portion = |(group, part, value): &(&str, &str, i64)| Portion {
            group: known(group),
            part: known(part),
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
    fn what_has_one_name_is_one_only_where_it_is_the_same() {
        let [first, second] = [1, 2].map(|number| (Value::Integer(number), "Kim Lee".to_owned()));
        let of = |group: &Known, part: &Known, value| Portion {
            group: group.clone(),
            part: part.clone(),
            value: Value::Integer(value),
        };
        let (series, bars) =
            stacked(&[of(&known("Nov"), &first, 3), of(&known("Nov"), &second, 4), of(&known("Dec"), &first, 5)])
                .unwrap();
        assert_eq!(series, ["Kim Lee", "Kim Lee"]);
        assert_eq!(bars[0].parts, [3, 4].map(Value::Integer), "the larger in all comes first");
        assert_eq!(bars[1].parts, [Value::Integer(5), Value::Null]);
        let (_, bars) = stacked(&[of(&first, &known("Cut"), 3), of(&second, &known("Cut"), 4)]).unwrap();
        let told: Vec<_> = bars.iter().map(|bar| (bar.label.as_str(), bar.value.clone())).collect();
        assert_eq!(told, [("Kim Lee", Value::Integer(3)), ("Kim Lee", Value::Integer(4))]);
        let others = stacked(&portions(&[("Nov", "Others", 1), ("Nov", "Cut", 2)])).unwrap();
        assert_eq!(others.1[0].parts, [2, 1].map(Value::Integer), "one may be called as the rest is");
    }

    #[test]
    fn of_several_currencies_nothing_is_drawn() {
        let of = |code: &str| Value::Money(Money { minor: 1, currency: code.parse().unwrap() });
        let portion = |code: &str| Portion { group: known("Nov"), part: known("Cut"), value: of(code) };
        assert!(stacked(&[portion("AUD"), portion("EUR")]).is_none());
        assert_eq!(summed([&of("AUD"), &Value::Null]), Some(of("AUD")));
        assert_eq!(summed([]), None);
    }
}
