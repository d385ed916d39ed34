//! "Set the total to…": unit prices scaled until the document comes to it, and what is left of the difference before tax
//! and, of what no price reaches, after it.

use super::line::amount;
use super::number::{Fine, TooLarge, narrow, rounded};
use super::sheet::{Line, Terms, Totals, totals};

/// What a line's amount is made of, where its price may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scalable {
    pub(crate) quantity: Fine,
    pub(crate) price: Fine,
}

/// What makes the document come to the total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set {
    /// New unit prices, of the lines that have one.
    pub(crate) prices: Vec<Option<Fine>>,
    pub(crate) adjustment: i64,
    pub(crate) rounding: i64,
    pub(crate) totals: Totals,
}

/// Sets the total. `scalable` are the lines over which the difference is spread; where there are none, or nothing to
/// spread over, it is one amount before tax.
pub(crate) fn set_total(
    lines: &[Line],
    scalable: &[Option<Scalable>],
    counts: &[bool],
    sections: usize,
    terms: &Terms,
    wanted: i64,
    digits: u32,
) -> Result<Set, TooLarge> {
    let mut terms = Terms { adjustment: 0, rounding: 0, round_to: None, ..terms.clone() };
    let mut lines = lines.to_vec();
    let spread = |index: usize| counts[index] && scalable[index].is_some();
    let bare: Vec<Line> = lines
        .iter()
        .enumerate()
        .map(|(index, line)| Line { amount: if spread(index) { 0 } else { line.amount }, ..line.clone() })
        .collect();
    let rest = totals(&bare, counts, sections, &terms)?.total;
    let whole = totals(&lines, counts, sections, &terms)?.total;
    // The total is a straight line over what is spread, but for roundings.
    let (over, under) = (i128::from(wanted) - i128::from(rest), i128::from(whole) - i128::from(rest));
    let mut prices = vec![None; lines.len()];
    if under != 0 && over.signum() == under.signum() {
        for (index, of) in scalable.iter().enumerate() {
            let Some(Scalable { quantity, price }) = of else { continue };
            let step = 10_i128.pow(Fine::PLACES - digits.max(price.places()).min(Fine::PLACES));
            let scaled = i128::from(price.get()).checked_mul(over.abs()).ok_or(TooLarge)?;
            let steps = rounded(scaled, under.abs().checked_mul(step).ok_or(TooLarge)?);
            let price = Fine::of(narrow(steps.and_then(|steps| steps.checked_mul(step)))?);
            lines[index].amount = amount(*quantity, price, digits)?;
            prices[index] = Some(price);
        }
    }
    // What is left are roundings: a few minor units for each line, which tax makes slightly more.
    let mut at = totals(&lines, counts, sections, &terms)?;
    for _ in 0..8 {
        let left = i128::from(wanted) - i128::from(at.total);
        if left == 0 {
            break;
        }
        let (net, gross) = (i128::from(at.net), i128::from(at.net) + i128::from(at.tax));
        let before = if net.signum() * gross.signum() > 0 {
            left.checked_mul(net.abs()).and_then(|over| rounded(over, gross.abs()))
        } else {
            Some(left)
        };
        let before = narrow(before)?;
        if before == 0 {
            break;
        }
        terms.adjustment = terms.adjustment.checked_add(before).ok_or(TooLarge)?;
        at = totals(&lines, counts, sections, &terms)?;
    }
    terms.rounding = narrow(Some(i128::from(wanted) - i128::from(at.total)))?;
    let totals = totals(&lines, counts, sections, &terms)?;
    Ok(Set { prices, adjustment: terms.adjustment, rounding: terms.rounding, totals })
}
