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
            let message = format!("This is in {}, the rest of the record in {expected}.", amount.currency);
            findings.add(index, name, "currency", message);
        }
    }
}
