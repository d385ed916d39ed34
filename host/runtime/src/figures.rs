//! What one plugin used lately, for its administrator: in quarters of an hour, over a day, kept in memory by each host.
//! Operators have the same and more at `/metrics`.

use lignaflow_core::clock::Micros;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A quarter of an hour, in microseconds.
pub const SPAN: Micros = 15 * 60 * 1_000_000;
/// Spans that are kept: a day.
const KEPT: usize = 96;
/// Bounds of durations, in microseconds: from 32 µs, two to each doubling, up to some 35 s.
const BOUNDS: usize = 41;
const FIRST: f64 = 32.0;

/// What calls used in one span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// When it began.
    pub since: Micros,
    pub calls: u64,
    /// Those that ended in a fault of the plugin: not those that it refused, or that were not let in.
    pub faults: u64,
    /// Computing time, in microseconds.
    pub cpu: u64,
    /// Rows and bytes handed to it.
    pub rows: u64,
    pub bytes: u64,
    /// The most memory that one call had, in bytes.
    pub memory: u64,
    /// What it wanted and was not granted.
    pub denied: u64,
    /// How many calls took how long, by [`BOUNDS`].
    took: [u32; BOUNDS],
}

/// One call, as it is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) took: Duration,
    pub(crate) cpu: Duration,
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
    pub(crate) memory: usize,
}

impl Spent {
    /// What was spent since then: of a service, as part of the call that it is in. Memory is what the largest of them had.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            took: self.took.saturating_sub(before.took),
            cpu: self.cpu.saturating_sub(before.cpu),
            rows: self.rows.saturating_sub(before.rows),
            bytes: self.bytes.saturating_sub(before.bytes),
            memory: self.memory,
        }
    }
}

impl Used {
    fn since(since: Micros) -> Self {
        Self { since, calls: 0, faults: 0, cpu: 0, rows: 0, bytes: 0, memory: 0, denied: 0, took: [0; BOUNDS] }
    }

    fn add(&mut self, spent: Spent, is_fault: bool) {
        let wide = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        self.calls += 1;
        self.faults += u64::from(is_fault);
        self.cpu = self.cpu.saturating_add(u64::try_from(spent.cpu.as_micros()).unwrap_or(u64::MAX));
        self.rows = self.rows.saturating_add(wide(spent.rows));
        self.bytes = self.bytes.saturating_add(wide(spent.bytes));
        self.memory = self.memory.max(wide(spent.memory));
        let bucket = (0..BOUNDS - 1).find(|at| spent.took <= bound(*at)).unwrap_or(BOUNDS - 1);
        self.took[bucket] = self.took[bucket].saturating_add(1);
    }

    /// Takes what another span used into this one.
    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.faults += other.faults;
        self.cpu = self.cpu.saturating_add(other.cpu);
        self.rows = self.rows.saturating_add(other.rows);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.memory = self.memory.max(other.memory);
        self.denied += other.denied;
        for (own, more) in self.took.iter_mut().zip(other.took) {
            *own = own.saturating_add(more);
        }
    }

    /// The time that so many hundredths of the calls were done within, to some 40 %; nothing where there was none.
    pub fn within(&self, hundredths: u64) -> Option<Duration> {
        let all: u64 = self.took.iter().copied().map(u64::from).sum();
        let rank = (all * hundredths).div_ceil(100).max(1);
        let mut seen = 0;
        (all > 0).then(|| {
            let at = self.took.iter().position(|count| {
                seen += u64::from(*count);
                seen >= rank
            });
            bound(at.unwrap_or(BOUNDS - 1))
        })
    }
}

/// The upper bound of a bucket.
fn bound(at: usize) -> Duration {
    let halves = i32::try_from(at).unwrap_or(i32::MAX);
    Duration::from_secs_f64(FIRST * 1e-6 * 2_f64.powf(f64::from(halves) / 2.0))
}

#[derive(Debug, Default)]
pub(crate) struct Figures(Mutex<VecDeque<Used>>);

impl Figures {
    pub(crate) fn call(&self, at: Micros, spent: Spent, is_fault: bool) {
        self.on(at, |used| used.add(spent, is_fault));
    }

    pub(crate) fn denied(&self, at: Micros) {
        self.on(at, |used| used.denied += 1);
    }

    fn on(&self, at: Micros, note: impl FnOnce(&mut Used)) {
        let since = at - at.rem_euclid(SPAN);
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A call that began before the last span did is counted in the last.
        if spans.back().is_none_or(|last| last.since < since) {
            if spans.len() == KEPT {
                spans.pop_front();
            }
            spans.push_back(Used::since(since));
        }
        if let Some(last) = spans.back_mut() {
            note(last);
        }
    }

    /// The spans of the day before an instant, each of them, also those in which nothing was done.
    pub(crate) fn lately(&self, now: Micros) -> Vec<Used> {
        let last = now - now.rem_euclid(SPAN);
        let spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = i64::try_from(KEPT).unwrap_or(i64::MAX);
        (0..kept)
            .rev()
            .map(|back| {
                let since = last - back * SPAN;
                spans.iter().find(|used| used.since == since).cloned().unwrap_or_else(|| Used::since(since))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(micros: u64) -> Spent {
        let took = Duration::from_micros(micros);
        Spent { took, cpu: took, rows: 2, bytes: 10, memory: usize::try_from(micros).unwrap() }
    }

    #[test]
    fn calls_are_counted_where_they_fall_and_a_day_is_kept() {
        let figures = Figures::default();
        for span in 0..200 {
            figures.call(span * SPAN + 5, spent(100), span == 199);
        }
        figures.denied(199 * SPAN + 6);
        let lately = figures.lately(199 * SPAN + 7);
        assert_eq!((lately.len(), lately[0].since, lately[95].since), (KEPT, 104 * SPAN, 199 * SPAN));
        assert!(lately.iter().all(|used| used.calls == 1 && used.rows == 2));
        assert_eq!((lately[95].faults, lately[94].faults, lately[95].denied), (1, 0, 1));
        let later = figures.lately(209 * SPAN);
        assert!(later[86..].iter().all(|used| used.calls == 0) && later[85].calls == 1);
    }

    #[test]
    fn percentiles_are_within_their_bounds() {
        let mut used = Used::since(0);
        assert_eq!(used.within(50), None);
        for micros in 1..=1000 {
            used.add(spent(micros), false);
        }
        for (hundredths, micros) in [(50, 500), (95, 950), (99, 990)] {
            let within = u64::try_from(used.within(hundredths).unwrap().as_micros()).unwrap();
            assert!(within >= micros && within <= micros * 3 / 2, "{hundredths}: {within}");
        }
        used.add(spent(600_000_000), true);
        let mut all = Used::since(0);
        all.merge(&used);
        assert_eq!(
            (all.calls, all.faults, all.memory, all.within(100)),
            (1001, 1, 600_000_000, Some(bound(BOUNDS - 1)))
        );
    }
}
