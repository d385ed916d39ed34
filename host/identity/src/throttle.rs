//! Guessing made slow without locking anybody out.
//!
//! Every attempt to sign in is counted by who it comes from, by the account that it names, whether there is one or not,
//! and by the two together; a success takes its own count back. Each count is a bucket that refills (the generic cell
//! rate algorithm), so the answer is always a number of seconds. An address from which the person is signed in already
//! does not ask the account's count: strangers elsewhere cannot keep them from signing in.
//!
//! Counts are kept by each host for itself: several hosts allow that many times as much, and a restart begins anew.
//! Both are far from what it takes to guess a password that [`crate::password`] lets through.

use lignaflow_core::clock::Micros;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

const SECOND: Micros = 1_000_000;

/// So many at once, then one each so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub burst: u32,
    pub seconds_each: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From one address (one /64 of IPv6): an office behind one address mistypes more than one person does.
    pub network: Limit,
    /// At one account from one address.
    pub pair: Limit,
    /// At one account from anywhere.
    pub account: Limit,
    /// Buckets kept; past it, the fullest stay.
    pub buckets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            network: Limit { burst: 30, seconds_each: 10 },
            pair: Limit { burst: 6, seconds_each: 15 },
            account: Limit { burst: 40, seconds_each: 60 },
            buckets: 50_000,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Network(Option<IpAddr>),
    /// The account by a hash of what was typed, which is not to be kept.
    Pair(Option<IpAddr>, [u8; 32]),
    Account([u8; 32]),
}

/// An attempt that was counted. Tell [`Throttle::succeeded`] of it if it did.
#[derive(Debug)]
pub(crate) struct Attempt(Vec<(Key, Limit)>);

#[derive(Debug)]
pub(crate) struct Throttle {
    limits: Limits,
    /// For each key, when its bucket will be empty.
    buckets: Mutex<HashMap<Key, Micros>>,
}

impl Limit {
    fn each(self) -> Micros {
        Micros::from(self.seconds_each) * SECOND
    }

    /// Micros to wait until a bucket that is empty at `empty_at` takes one more.
    fn wait(self, empty_at: Micros, now: Micros) -> Micros {
        let room = self.each() * Micros::from(self.burst.saturating_sub(1));
        (empty_at - room - now).max(0)
    }
}

impl Throttle {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, buckets: Mutex::default() }
    }

    /// Counts an attempt, or says after how many seconds the next one is heard; a refused attempt is not counted.
    pub(crate) fn attempt(
        &self,
        network: Option<IpAddr>,
        account: [u8; 32],
        at_home: bool,
        now: Micros,
    ) -> Result<Attempt, u64> {
        let mut keys =
            vec![(Key::Network(network), self.limits.network), (Key::Pair(network, account), self.limits.pair)];
        if !at_home {
            keys.push((Key::Account(account), self.limits.account));
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = keys
            .iter()
            .map(|(key, limit)| limit.wait(buckets.get(key).copied().unwrap_or(now), now))
            .max()
            .unwrap_or(0);
        if wait > 0 {
            return Err(u64::try_from(wait).unwrap_or(0).div_ceil(1_000_000));
        }
        self.make_room(&mut buckets, now);
        for (key, limit) in &keys {
            let empty_at = buckets.entry(key.clone()).or_insert(now);
            *empty_at = (*empty_at).max(now) + limit.each();
        }
        Ok(Attempt(keys))
    }

    /// Takes the attempt back. Only its own count: whoever has an account of their own could wash others away with it.
    pub(crate) fn succeeded(&self, attempt: Attempt) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, limit) in attempt.0 {
            if let Some(empty_at) = buckets.get_mut(&key) {
                *empty_at -= limit.each();
            }
        }
    }

    /// Forgets what is empty, and when that is not enough, the half that is nearest to it.
    fn make_room(&self, buckets: &mut HashMap<Key, Micros>, now: Micros) {
        if buckets.len() + 3 <= self.limits.buckets {
            return;
        }
        buckets.retain(|_, empty_at| *empty_at > now);
        if buckets.len() + 3 > self.limits.buckets && !buckets.is_empty() {
            let mut ends: Vec<Micros> = buckets.values().copied().collect();
            let middle = ends.len() / 2;
            let (_, median, _) = ends.select_nth_unstable(middle);
            let median = *median;
            buckets.retain(|_, empty_at| *empty_at > median);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: [u8; 32] = [1; 32];
    const NOW: Micros = 1_700_000_000 * SECOND;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn tries(throttle: &Throttle, from: u8, at_home: bool, now: Micros) -> usize {
        (0..1000).take_while(|_| throttle.attempt(Some(address(from)), ALICE, at_home, now).is_ok()).count()
    }

    #[test]
    fn a_guesser_is_slowed_and_never_shut_out() {
        let throttle = Throttle::new(Limits::default());
        assert_eq!(tries(&throttle, 1, false, NOW), 6);
        assert_eq!(throttle.attempt(Some(address(1)), ALICE, false, NOW).unwrap_err(), 15);
        assert_eq!(throttle.attempt(Some(address(1)), ALICE, false, NOW + 14_500_000).unwrap_err(), 1);
        assert_eq!(tries(&throttle, 1, false, NOW + 15 * SECOND), 1);
        assert_eq!(tries(&throttle, 1, false, NOW + 3600 * SECOND), 6);
    }

    #[test]
    fn guessers_in_many_places_do_not_keep_the_owner_out() {
        let throttle = Throttle::new(Limits::default());
        let guesses: usize = (1..=20).map(|from| tries(&throttle, from, false, NOW)).sum();
        assert_eq!(guesses, 40);
        assert_eq!(tries(&throttle, 200, false, NOW), 0);
        assert_eq!(tries(&throttle, 201, true, NOW), 6);
    }

    #[test]
    fn a_success_takes_only_its_own_count_back() {
        let throttle = Throttle::new(Limits::default());
        for _ in 0..5 {
            throttle.attempt(Some(address(1)), ALICE, false, NOW).unwrap();
        }
        let attempt = throttle.attempt(Some(address(1)), ALICE, false, NOW).unwrap();
        throttle.succeeded(attempt);
        assert_eq!(tries(&throttle, 1, false, NOW), 1);
    }

    #[test]
    fn counts_are_bounded_and_the_fullest_stay() {
        let throttle = Throttle::new(Limits { buckets: 100, ..Limits::default() });
        assert_eq!(tries(&throttle, 1, false, NOW), 6);
        for other in 0..200_u8 {
            throttle.attempt(Some(address(other)), [other; 32], false, NOW).unwrap_or(Attempt(Vec::new()));
            assert!(throttle.buckets.lock().unwrap().len() <= 100);
        }
        assert_eq!(tries(&throttle, 1, false, NOW), 0);
    }
}
