//! Exact numbers in between: fractions of 128-bit integers. Rounding happens once, at the end, half away from zero.

use std::cmp::Ordering;

/// A fraction in its lowest terms, its denominator positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ratio {
    over: i128,
    under: i128,
}

/// Numbers on the way went beyond what can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge;

impl Ratio {
    pub(super) const fn whole(number: i64) -> Self {
        Self { over: number as i128, under: 1 }
    }

    /// `over / under`; nothing where `under` is zero.
    pub(super) fn new(over: i128, under: i128) -> Option<Self> {
        if under == 0 {
            return None;
        }
        let divisor = gcd(over.unsigned_abs(), under.unsigned_abs());
        let divisor = i128::try_from(divisor).ok()?;
        let (over, under) = (over / divisor, under / divisor);
        if under < 0 {
            Some(Self { over: over.checked_neg()?, under: under.checked_neg()? })
        } else {
            Some(Self { over, under })
        }
    }

    fn made(over: Option<i128>, under: Option<i128>) -> Result<Self, TooLarge> {
        let (Some(over), Some(under)) = (over, under) else { return Err(TooLarge) };
        Self::new(over, under).ok_or(TooLarge)
    }

    pub(super) fn add(self, other: Self) -> Result<Self, TooLarge> {
        // Over the least common denominator, so that sums of cents stay small.
        let divisor =
            i128::try_from(gcd(self.under.unsigned_abs(), other.under.unsigned_abs())).map_err(|_| TooLarge)?;
        let (left, right) = (other.under / divisor, self.under / divisor);
        let over = self.over.checked_mul(left).zip(other.over.checked_mul(right));
        Self::made(over.and_then(|(one, two)| one.checked_add(two)), self.under.checked_mul(left))
    }

    pub(super) fn negated(self) -> Result<Self, TooLarge> {
        Self::made(self.over.checked_neg(), Some(self.under))
    }

    pub(super) fn times(self, other: Self) -> Result<Self, TooLarge> {
        // Crosswise in lowest terms first: what cancels out must not overflow.
        let one = Self::made(Some(self.over), Some(other.under))?;
        let two = Self::made(Some(other.over), Some(self.under))?;
        Self::made(one.over.checked_mul(two.over), one.under.checked_mul(two.under))
    }

    /// Nothing where the other is zero.
    pub(super) fn divided_by(self, other: Self) -> Result<Option<Self>, TooLarge> {
        match Self::new(other.under, other.over) {
            Some(turned) => self.times(turned).map(Some),
            None if other.over == 0 => Ok(None),
            None => Err(TooLarge),
        }
    }

    pub(super) const fn is_zero(self) -> bool {
        self.over == 0
    }

    /// The nearest whole number; of two equally near, the one further from zero.
    pub(super) fn rounded(self) -> Result<i64, TooLarge> {
        let (quotient, rest) = (self.over / self.under, self.over % self.under);
        let twice = rest.unsigned_abs().checked_mul(2).ok_or(TooLarge)?;
        let nearest = match twice.cmp(&self.under.unsigned_abs()) {
            Ordering::Less => quotient,
            Ordering::Equal | Ordering::Greater => quotient.checked_add(self.over.signum()).ok_or(TooLarge)?,
        };
        i64::try_from(nearest).map_err(|_| TooLarge)
    }
}

fn gcd(mut one: u128, mut other: u128) -> u128 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one.max(1)
}

#[cfg(test)]
mod tests {
    use super::Ratio;
    use proptest::prelude::*;
    use rust_decimal::{Decimal, RoundingStrategy};

    fn ratio(over: i64, under: i64) -> Ratio {
        Ratio::new(over.into(), under.into()).unwrap()
    }

    #[test]
    fn halves_go_away_from_zero() {
        let rounded = |over, under| ratio(over, under).rounded().unwrap();
        assert_eq!((rounded(5, 2), rounded(-5, 2), rounded(7, 3), rounded(-7, 3)), (3, -3, 2, -2));
        assert_eq!((rounded(1, 2), rounded(-1, 2), rounded(0, 7)), (1, -1, 0));
    }

    #[test]
    fn nothing_is_divided_by_zero() {
        assert_eq!(ratio(1, 2).divided_by(Ratio::whole(0)).unwrap(), None);
        assert!(Ratio::whole(i64::MAX).times(Ratio::whole(i64::MAX)).unwrap().rounded().is_err());
    }

    proptest! {
        #[test]
        fn sums_and_products_are_those_of_exact_decimals(a in -10_000_000i64..10_000_000, b in -10_000_000i64..10_000_000, s in 0u32..5, t in 0u32..5) {
            let decimal = |n, scale| Decimal::new(n, scale);
            let of = |n, scale: u32| ratio(n, 10i64.pow(scale));
            let round = |d: Decimal| i64::try_from(d.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)).unwrap();
            prop_assert_eq!(of(a, s).add(of(b, t)).unwrap().rounded().unwrap(), round(decimal(a, s) + decimal(b, t)));
            prop_assert_eq!(of(a, s).times(of(b, t)).unwrap().rounded().unwrap(), round(decimal(a, s) * decimal(b, t)));
        }

        #[test]
        fn a_division_undoes_a_multiplication(a in any::<i64>(), b in any::<i64>().prop_filter("not zero", |b| *b != 0)) {
            let product = Ratio::whole(a).times(Ratio::whole(b)).unwrap();
            prop_assert_eq!(product.divided_by(Ratio::whole(b)).unwrap().unwrap().rounded(), Ratio::whole(a).rounded());
        }
    }
}
