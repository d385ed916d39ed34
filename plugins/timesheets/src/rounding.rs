//! Billable time by the organization's policy. Raw times are never rounded, only what is charged.

use crate::typed::nearest;

/// Which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Way {
    #[default]
    None,
    Nearest,
    Up,
    Down,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rounding {
    pub(crate) way: Way,
    /// Seconds, 60 to 3600.
    pub(crate) unit: i64,
    /// Whether the sum of a day is rounded, rather than each entry.
    pub(crate) by_day: bool,
}

impl Rounding {
    /// One amount of time.
    pub(crate) fn apply(self, seconds: i64) -> i64 {
        let unit = self.unit.max(60);
        let size = seconds.abs();
        let rounded = match self.way {
            Way::None => size,
            Way::Nearest => nearest(size, unit),
            Way::Up => (size + unit - 1) / unit * unit,
            Way::Down => size / unit * unit,
        };
        if seconds < 0 { -rounded } else { rounded }
    }

    /// Whether what an entry is charged depends on the others of its day.
    pub(crate) fn shares(self) -> bool {
        self.by_day && self.way != Way::None
    }

    /// What a correction charges. What takes back takes back exactly what was charged, however that was rounded then; what
    /// stands in its place is charged as anything else.
    pub(crate) fn correction(self, seconds: i64, was_charged: i64, billable: bool) -> i64 {
        match (seconds <= 0, billable) {
            (true, _) => -was_charged,
            (false, true) => self.apply(seconds),
            (false, false) => 0,
        }
    }

    /// The entries of one day, in their order. By day, each is given what the rounded sum grows by with it, so that
    /// they add up to exactly the rounded sum.
    pub(crate) fn day(self, entries: &[i64]) -> Vec<i64> {
        if !self.by_day {
            return entries.iter().map(|seconds| self.apply(*seconds)).collect();
        }
        let (mut sum, mut told) = (0, 0);
        let mut shares = Vec::with_capacity(entries.len());
        for seconds in entries {
            sum += seconds;
            let next = self.apply(sum);
            shares.push(next - told);
            told = next;
        }
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rounding() -> impl Strategy<Value = Rounding> {
        let way = prop_oneof![Just(Way::None), Just(Way::Nearest), Just(Way::Up), Just(Way::Down)];
        (way, 1_i64..=60, any::<bool>()).prop_map(|(way, minutes, by_day)| Rounding { way, unit: minutes * 60, by_day })
    }

    proptest! {
        #[test]
        fn rounding_what_is_rounded_changes_nothing(
            rounding in rounding(),
            minutes in prop::collection::vec(0_i64..900, 0..12),
        ) {
            let entries: Vec<i64> = minutes.iter().map(|m| m * 60).collect();
            let once = rounding.day(&entries);
            prop_assert_eq!(rounding.day(&once), once);
        }

        #[test]
        fn shares_of_a_day_add_up_to_the_rounded_day(
            rounding in rounding(),
            minutes in prop::collection::vec(0_i64..900, 0..12),
        ) {
            let rounding = Rounding { by_day: true, ..rounding };
            let entries: Vec<i64> = minutes.iter().map(|m| m * 60).collect();
            let shares = rounding.day(&entries);
            prop_assert_eq!(shares.iter().sum::<i64>(), rounding.apply(entries.iter().sum()));
            prop_assert!(shares.iter().all(|share| *share >= 0));
        }

        #[test]
        fn what_corrects_takes_back_exactly_what_was_charged_whatever_the_policy_is_by_then(
            then in rounding(),
            now in rounding(),
            minutes in prop::collection::vec(0_i64..900, 1..12),
            billable in any::<bool>(),
        ) {
            let entries: Vec<i64> = minutes.iter().map(|m| m * 60).collect();
            for (seconds, charged) in entries.iter().zip(then.day(&entries)) {
                prop_assert_eq!(now.correction(-seconds, charged, billable) + charged, 0);
            }
        }
    }

    #[test]
    fn each_way_goes_its_way() {
        let of = |way| Rounding { way, unit: 900, by_day: false }.apply(38 * 60) / 60;
        assert_eq!([of(Way::None), of(Way::Nearest), of(Way::Up), of(Way::Down)], [38, 45, 45, 30]);
        let of = |way| Rounding { way, unit: 900, by_day: false }.apply(37 * 60) / 60;
        assert_eq!(of(Way::Nearest), 30);
    }
}
