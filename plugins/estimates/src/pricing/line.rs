//! Prices and amounts of a line.

use super::number::{Fine, TooLarge, narrow, rounded};

const WHOLE: i128 = 10_000;

/// How a line's unit price comes about. Rates are basis points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pricing {
    /// On the cost: 20 % on 1,000.00 is 1,200.00.
    Markup(i64),
    /// Of the price: 20 % of 1,250.00 is what 1,000.00 of cost leaves.
    Margin(i64),
    Fixed(Fine),
}

/// What one unit is sold for. A price that is calculated has the digits of the currency, or as many as its cost has
/// where that is given finer.
pub(crate) fn unit_price(cost: Fine, pricing: Pricing, digits: u32) -> Result<Fine, TooLarge> {
    let figure = i128::from(cost.get());
    let (over, under) = match pricing {
        Pricing::Fixed(price) => return Ok(price),
        Pricing::Markup(rate) => (figure * (WHOLE + i128::from(rate)), WHOLE),
        Pricing::Margin(rate) => (figure * WHOLE, WHOLE - i128::from(rate)),
    };
    if under <= 0 {
        return Err(TooLarge);
    }
    let step = 10_i128.pow(Fine::PLACES - digits.max(cost.places()).min(Fine::PLACES));
    narrow(rounded(over, under * step).and_then(|steps| steps.checked_mul(step))).map(Fine::of)
}

/// What a quantity comes to at a price, as both are shown.
pub(crate) fn amount(quantity: Fine, price: Fine, digits: u32) -> Result<i64, TooLarge> {
    let product = i128::from(quantity.get()) * i128::from(price.get());
    let over = product.checked_mul(10_i128.pow(digits)).ok_or(TooLarge)?;
    narrow(rounded(over, 100_000_000))
}

/// The share of a price that its cost leaves, in basis points; of no price there is none.
pub(crate) fn margin_of(price: i64, cost: i64) -> Option<i64> {
    let (price, cost) = (i128::from(price), i128::from(cost));
    let over = (price - cost) * WHOLE * price.signum();
    (price != 0).then(|| rounded(over, price.abs())).flatten().and_then(|rate| i64::try_from(rate).ok())
}

/// The cost of one unit used, where some of what is bought is waste.
pub(crate) fn with_waste(cost: Fine, waste: i64) -> Result<Fine, TooLarge> {
    narrow(rounded(i128::from(cost.get()) * (WHOLE + i128::from(waste)), WHOLE)).map(Fine::of)
}
