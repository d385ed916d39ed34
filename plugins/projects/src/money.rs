//! Amounts that go together.

use crate::findings::Findings;
use lignaflow_sdk::prelude::*;

/// Refuses amounts of one record in several currencies, told at each that differs from the first.
pub(crate) fn one_currency(index: usize, record: &Fields, names: &[&str], findings: &mut Findings) {
    let mut first = None;
    for name in names {
        let Some(amount) = record.money(name) else { continue };
        let expected = *first.get_or_insert(amount.currency);
        if amount.currency != expected {
            let message = format!(
                "This is in {}, the rest of the record in {expected}: give all of it in one currency.",
                amount.currency
            );
            findings.add(index, name, "currency", message);
        }
    }
}

/// Refuses a tax that goes the other way than what it is on, where it is typed so.
pub(crate) fn same_way(index: usize, change: &HookChange, findings: &mut Findings) {
    if ["amount", "tax"].iter().all(|name| change.before.value(name) == change.after.value(name)) {
        return;
    }
    let sign = |name: &str| change.after.money(name).map_or(0, |amount| amount.minor.signum());
    let (amount, tax) = (sign("amount"), sign("tax"));
    if amount * tax < 0 {
        let message = if tax < 0 {
            "The tax on what is more than nothing is no less than nothing."
        } else {
            "The tax of a credit is less than nothing, as its amount is."
        };
        findings.add(index, "tax", "sign", message);
    }
}

/// A share of an amount, in basis points, to the whole minor unit: half a unit is rounded away from zero, so that a credit
/// mirrors what it takes back. Nothing where it is more than can be told.
pub(crate) fn share(amount: Money, points: i64) -> Option<Money> {
    let exact = i128::from(amount.minor) * i128::from(points);
    let half = if exact < 0 { -5_000 } else { 5_000 };
    Some(Money { minor: i64::try_from((exact + half) / 10_000).ok()?, ..amount })
}

/// Minor units with the digits of their currency after the point.
pub(crate) fn plain(minor: i64, digits: u32) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let size = minor.unsigned_abs().to_string();
    let digits = usize::try_from(digits).unwrap_or(0);
    if digits == 0 {
        return format!("{sign}{size}");
    }
    let padded = format!("{size:0>width$}", width = digits + 1);
    let (whole, rest) = padded.split_at(padded.len() - digits);
    format!("{sign}{whole}.{rest}")
}

/// An amount in a sentence: `900.00 AUD`.
pub(crate) fn shown(amount: Money) -> String {
    format!("{} {}", plain(amount.minor, amount.currency.minor_digits()), amount.currency)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_sdk::Origin;

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        assert_eq!([plain(5, 2), plain(-1234, 2), plain(1234, 0), plain(1, 3)], ["0.05", "-12.34", "1234", "0.001"]);
    }

    #[test]
    fn a_tax_goes_the_way_of_its_amount() {
        let refused = |amount: i64, tax: i64| {
            let money = |minor| Money { minor, currency: Currency::AUD }.into_value();
            let after = [("amount".to_owned(), money(amount)), ("tax".to_owned(), money(tax))].into_iter().collect();
            let mut change = HookChange {
                collection: "costs".to_owned(),
                kind: ChangeKind::Insert,
                id: Id::fresh(),
                transition: None,
                origin: Origin::Api,
                before: Fields::new(),
                after,
                related: Fields::new(),
            };
            let told = |change: &HookChange| {
                let mut findings = Findings::default();
                same_way(0, change, &mut findings);
                findings.finish().is_err()
            };
            let new = told(&change);
            change.before.clone_from(&change.after);
            assert!(!told(&change), "what is there stays as it is");
            new
        };
        assert!(refused(100, -10) && refused(-100, 10));
        assert!(!refused(100, 10) && !refused(-100, -10) && !refused(0, 10) && !refused(100, 0));
    }

    #[test]
    fn a_share_is_rounded_half_away_from_zero_to_the_minor_unit() {
        let of = |minor, points| share(Money { minor, currency: Currency::AUD }, points).map(|money| money.minor);
        assert_eq!([of(104, 1_000), of(105, 1_000), of(-105, 1_000)], [Some(10), Some(11), Some(-11)]);
        assert_eq!([of(12_345, 0), of(3, 1_667), of(i64::MAX, 10_000)], [Some(0), Some(1), Some(i64::MAX)]);
        assert_eq!(of(i64::MAX, 20_000), None);
    }
}
