//! How a total is paid: a deposit, stages, and a balance that makes them add up.

use super::number::{TooLarge, narrow, rounded};

/// A part of the total as it was agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stage {
    pub(crate) title: String,
    /// Basis points of the total.
    pub(crate) share: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) title: String,
    pub(crate) amount: i64,
}

/// Each stage its share, rounded; the last one what is left where the shares come to the whole, a balance otherwise. What
/// comes to nothing, or is paid back, is not paid in stages.
pub(crate) fn payments(total: i64, stages: &[Stage], balance: &str) -> Result<Vec<Payment>, TooLarge> {
    if total <= 0 {
        return Ok(Vec::new());
    }
    let whole = stages.iter().map(|stage| stage.share).sum::<i64>() >= 10_000;
    let mut left = total;
    let mut payments = Vec::with_capacity(stages.len() + 1);
    for (index, stage) in stages.iter().enumerate() {
        let amount = if whole && index + 1 == stages.len() {
            left
        } else {
            narrow(rounded(i128::from(total) * i128::from(stage.share), 10_000))?
        };
        left = left.checked_sub(amount).ok_or(TooLarge)?;
        payments.push(Payment { title: stage.title.clone(), amount });
    }
    if !stages.is_empty() && !whole {
        payments.push(Payment { title: balance.to_owned(), amount: left });
    }
    Ok(payments)
}
