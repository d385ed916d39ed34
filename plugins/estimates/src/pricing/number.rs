//! The rounding, figures of four places, and shares that add up to the whole.

use lignaflow_sdk::Decimal;
use std::cmp::Reverse;

/// A figure beyond what can be held: 64 bits of the smallest unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// A price or a quantity: ten-thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Fine(i64);

impl Fine {
    pub(crate) const PLACES: u32 = 4;
    pub(crate) const ONE: Self = Self(10_000);

    pub(crate) const fn of(ten_thousandths: i64) -> Self {
        Self(ten_thousandths)
    }

    pub(crate) const fn get(self) -> i64 {
        self.0
    }

    /// Of a field with at most four places; the descriptor has seen to that.
    pub(crate) fn of_decimal(decimal: Decimal) -> Result<Self, TooLarge> {
        let scale = decimal.scale().min(28);
        let mantissa = decimal.mantissa();
        let figure = if scale <= Self::PLACES {
            mantissa.checked_mul(10_i128.pow(Self::PLACES - scale)).ok_or(TooLarge)?
        } else {
            rounded(mantissa, 10_i128.pow(scale - Self::PLACES)).ok_or(TooLarge)?
        };
        i64::try_from(figure).map(Self).map_err(|_| TooLarge)
    }

    pub(crate) fn decimal(self) -> Decimal {
        Decimal::new(self.0, Self::PLACES)
    }

    /// How many places it takes to write it.
    pub(crate) const fn places(self) -> u32 {
        let mut places = Self::PLACES;
        let mut figure = self.0;
        while places > 0 && figure % 10 == 0 {
            figure /= 10;
            places -= 1;
        }
        places
    }
}

/// `over / under` to the nearest whole number; of two equally near, the one further from zero. `under` is positive.
pub(crate) const fn rounded(over: i128, under: i128) -> Option<i128> {
    let (whole, rest) = (over / under, over % under);
    let Some(twice) = rest.unsigned_abs().checked_mul(2) else { return None };
    if twice >= under.unsigned_abs() { whole.checked_add(over.signum()) } else { Some(whole) }
}

pub(crate) fn narrow(figure: Option<i128>) -> Result<i64, TooLarge> {
    figure.and_then(|figure| i64::try_from(figure).ok()).ok_or(TooLarge)
}

/// Shares of a whole in proportion to weights of one sign each way; together they are the whole exactly. Where the
/// weights come to nothing, so do the shares.
pub(crate) fn apportioned(whole: i64, weights: &[i64]) -> Result<Vec<i64>, TooLarge> {
    let sum: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if sum == 0 || whole == 0 {
        return Ok(vec![0; weights.len()]);
    }
    let mut shares = Vec::with_capacity(weights.len());
    let mut rests = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        let over = i128::from(whole) * i128::from(*weight) * sum.signum();
        shares.push(narrow(Some(over.div_euclid(sum.abs())))?);
        rests.push((over.rem_euclid(sum.abs()), index));
    }
    let given: i128 = shares.iter().map(|share| i128::from(*share)).sum();
    let left = usize::try_from(i128::from(whole) - given).map_err(|_| TooLarge)?;
    // The largest remainders first, and of equal ones the first.
    rests.sort_by_key(|(rest, index)| (Reverse(*rest), *index));
    for (_, index) in rests.into_iter().take(left) {
        shares[index] = shares[index].checked_add(1).ok_or(TooLarge)?;
    }
    Ok(shares)
}
