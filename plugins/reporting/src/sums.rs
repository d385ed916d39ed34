//! Amounts in one currency. What is in another is never added to it: it is left out, and said to be.

use lignaflow_sdk::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// Takes amounts of one currency and keeps the rest apart.
#[derive(Debug)]
pub(crate) struct Purse {
    pub(crate) currency: Currency,
    others: BTreeMap<String, i64>,
}

/// An amount that is in no figure.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LeftOut {
    pub(crate) minor: i64,
    pub(crate) currency: String,
}

impl Purse {
    pub(crate) fn new(currency: Currency) -> Self {
        Self { currency, others: BTreeMap::new() }
    }

    /// The amount, where it is of this currency; nothing is none.
    pub(crate) fn take(&mut self, amount: Option<Money>) -> i64 {
        match amount {
            None => 0,
            Some(amount) if amount.currency == self.currency => amount.minor,
            Some(amount) => {
                let other = self.others.entry(amount.currency.to_string()).or_default();
                *other = other.saturating_add(amount.minor);
                0
            }
        }
    }

    pub(crate) fn left_out(self) -> Vec<LeftOut> {
        self.others.into_iter().map(|(currency, minor)| LeftOut { minor, currency }).collect()
    }
}

/// In basis points, rounded half away from zero; of nothing there is no share.
pub(crate) fn share(part: i64, whole: i64) -> Option<i64> {
    if whole == 0 {
        return None;
    }
    let (part, whole) = (i128::from(part) * 10_000, i128::from(whole));
    let half = whole.abs() / 2;
    let rounded = if (part < 0) == (whole < 0) { part.abs() + half } else { -(part.abs() + half) } / whole.abs();
    i64::try_from(rounded).ok()
}

/// Groups of one summary.
const MOST: usize = 10_000;

/// All rows of a summary, which holds so many and no more.
pub(crate) fn all(page: Page) -> Result<Page, Fault> {
    if page.rows.len() < MOST {
        return Ok(page);
    }
    Err(Fault::new(ErrorCode::Quota, format!("{MOST} groups and more: ask for fewer of them, or for fewer days.")))
}

/// What there is of a plugin that may be off: then there is nothing of it, and no fault.
pub(crate) fn where_there<T>(found: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(fault) if fault.issues.iter().any(|issue| issue.code == "unknown-collection") => Ok(None),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_and_of_nothing_there_is_none() {
        assert_eq!(
            [share(1, 3), share(2, 3), share(-1, 3), share(1, 0)],
            [Some(3_333), Some(6_667), Some(-3_333), None]
        );
        assert_eq!(share(5, -10), Some(-5_000));
    }

    #[test]
    fn other_currencies_are_told_and_not_added() {
        let mut purse = Purse::new(Currency::AUD);
        let euro: Currency = "EUR".parse().unwrap();
        assert_eq!(purse.take(Some(Money { minor: 5, currency: Currency::AUD })), 5);
        assert_eq!(purse.take(Some(Money { minor: 7, currency: euro })), 0);
        assert_eq!(purse.take(Some(Money { minor: 1, currency: euro })), 0);
        assert_eq!(purse.left_out(), [LeftOut { minor: 8, currency: "EUR".into() }]);
    }
}
