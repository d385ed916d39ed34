//! What plugins used, by version and hour. Here it is gathered until somebody takes it to where it is kept, of all hosts
//! together; operators have the same and more at `/metrics`.

use crate::tallies::Outcome;
use lignaflow_core::clock::Micros;
use lignaflow_core::name::PluginId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// An hour, in microseconds.
pub const HOUR: Micros = 60 * 60 * 1_000_000;
/// Bounds of durations, in microseconds: from 32 µs, two to each doubling, up to some 35 s.
const BOUNDS: usize = 41;
const FIRST: f64 = 32.0;
/// What figures of outcomes and durations are named by, before what tells them apart.
const CALLS: &str = "calls.";
const TOOK: &str = "took.";

/// What calls used in an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// When it began.
    pub since: Micros,
    /// Computing time, in microseconds.
    pub cpu: u64,
    /// Rows and bytes handed to it.
    pub rows: u64,
    pub bytes: u64,
    /// The most memory that one call had, in bytes.
    pub memory: u64,
    /// The most instances that there were at a time on one host.
    pub instances: u64,
    /// What it wanted and was not granted.
    pub denied: u64,
    /// How many calls ended how.
    outcomes: [u64; Outcome::COUNT],
    /// How many calls took how long, by [`BOUNDS`].
    took: [u64; BOUNDS],
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

/// A number among what was used, under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    pub name: String,
    pub value: u64,
    /// Whether the largest counts, rather than the sum.
    pub is_largest: bool,
}

impl Used {
    /// Nothing, in the hour that began then.
    pub const fn since(since: Micros) -> Self {
        Self {
            since,
            cpu: 0,
            rows: 0,
            bytes: 0,
            memory: 0,
            instances: 0,
            denied: 0,
            outcomes: [0; Outcome::COUNT],
            took: [0; BOUNDS],
        }
    }

    fn add(&mut self, spent: Spent, outcome: Outcome, instances: usize) {
        let wide = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        self.outcomes[outcome as usize] += 1;
        self.cpu = self.cpu.saturating_add(u64::try_from(spent.cpu.as_micros()).unwrap_or(u64::MAX));
        self.rows = self.rows.saturating_add(wide(spent.rows));
        self.bytes = self.bytes.saturating_add(wide(spent.bytes));
        self.memory = self.memory.max(wide(spent.memory));
        self.instances = self.instances.max(wide(instances));
        // One that was not let in tells nothing of how long it takes.
        if outcome.is_of_code() {
            let bucket = (0..BOUNDS - 1).find(|at| spent.took <= bound(*at)).unwrap_or(BOUNDS - 1);
            self.took[bucket] += 1;
        }
    }

    /// Takes what was used elsewhere, or in another hour, into this one.
    pub fn merge(&mut self, other: &Self) {
        for part in other.parts() {
            self.put(&part.name, part.value);
        }
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    /// Calls that ended in a fault of the plugin: not those that it refused, or that were not let in.
    pub fn faults(&self) -> u64 {
        Outcome::ALL
            .into_iter()
            .filter(|outcome| outcome.is_fault())
            .map(|outcome| self.outcomes[outcome as usize])
            .sum()
    }

    /// How many calls ended how, those ways alone that there were.
    pub fn outcomes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let each = Outcome::ALL.into_iter().map(|outcome| (outcome.as_str(), self.outcomes[outcome as usize]));
        each.filter(|(_, calls)| *calls > 0)
    }

    /// The time that so many hundredths of the calls were done within, to some 40 %; nothing where there was none.
    pub fn within(&self, hundredths: u64) -> Option<Duration> {
        let all: u64 = self.took.iter().sum();
        let rank = (all * hundredths).div_ceil(100).max(1);
        let mut seen = 0;
        (all > 0).then(|| {
            let at = self.took.iter().position(|count| {
                seen += count;
                seen >= rank
            });
            bound(at.unwrap_or(BOUNDS - 1))
        })
    }

    /// All of it that is not nothing, number by number, to be kept and [`put`](Self::put) together again.
    pub fn parts(&self) -> Vec<Number> {
        let sum = |name: &str, value: u64| Number { name: name.to_owned(), value, is_largest: false };
        let largest = |name: &str, value: u64| Number { is_largest: true, ..sum(name, value) };
        let plain = [
            sum("cpu", self.cpu),
            sum("rows", self.rows),
            sum("bytes", self.bytes),
            sum("denied", self.denied),
            largest("memory", self.memory),
            largest("instances", self.instances),
        ];
        let outcomes = self.outcomes().map(|(outcome, calls)| sum(&format!("{CALLS}{outcome}"), calls));
        let took = self.took.iter().enumerate().map(|(at, calls)| sum(&format!("{TOOK}{at}"), *calls));
        plain.into_iter().chain(outcomes).chain(took).filter(|part| part.value > 0).collect()
    }

    /// Takes a number into what was used. One of a name that is not known is left out: a later program may know more.
    pub fn put(&mut self, name: &str, value: u64) {
        let sum = match name {
            "cpu" => &mut self.cpu,
            "rows" => &mut self.rows,
            "bytes" => &mut self.bytes,
            "denied" => &mut self.denied,
            "memory" => {
                self.memory = self.memory.max(value);
                return;
            }
            "instances" => {
                self.instances = self.instances.max(value);
                return;
            }
            _ => {
                let outcome = || Outcome::ALL.into_iter().find(|it| name.strip_prefix(CALLS) == Some(it.as_str()));
                let bucket = || name.strip_prefix(TOOK)?.parse().ok().filter(|at: &usize| *at < BOUNDS);
                match (outcome(), bucket()) {
                    (Some(outcome), _) => &mut self.outcomes[outcome as usize],
                    (None, Some(at)) => &mut self.took[at],
                    (None, None) => return,
                }
            }
        };
        *sum = sum.saturating_add(value);
    }
}

/// The upper bound of a bucket.
fn bound(at: usize) -> Duration {
    let halves = i32::try_from(at).unwrap_or(i32::MAX);
    Duration::from_secs_f64(FIRST * 1e-6 * 2_f64.powf(f64::from(halves) / 2.0))
}

/// What one version of a plugin used and nobody has taken yet, by the hour.
#[derive(Debug, Default)]
pub(crate) struct Figures(Mutex<BTreeMap<Micros, Used>>);

impl Figures {
    /// Counts a call, and how many instances there were at most at a time since the call before.
    pub(crate) fn call(&self, at: Micros, spent: Spent, outcome: Outcome, instances: usize) {
        self.on(at, |used| used.add(spent, outcome, instances));
    }

    pub(crate) fn denied(&self, at: Micros) {
        self.on(at, |used| used.denied += 1);
    }

    fn on(&self, at: Micros, note: impl FnOnce(&mut Used)) {
        let since = at - at.rem_euclid(HOUR);
        let mut hours = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        note(hours.entry(since).or_insert_with(|| Used::since(since)));
    }

    fn take(&self) -> Vec<Used> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_values().collect()
    }
}

/// What a version of a plugin used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedBy {
    pub plugin: PluginId,
    pub version: String,
    pub used: Used,
}

/// The figures of all plugins. They outlive the plugin that they are of: a call may end after another version is in use.
#[derive(Debug, Default)]
pub(crate) struct Gathered(Mutex<BTreeMap<(PluginId, String), Arc<Figures>>>);

impl Gathered {
    pub(crate) fn of(&self, plugin: &PluginId, version: &str) -> Arc<Figures> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry((plugin.clone(), version.to_owned())).or_default().clone()
    }

    /// All that nobody has taken yet.
    pub(crate) fn take(&self) -> Vec<UsedBy> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::new();
        all.retain(|(plugin, version), figures| {
            // Whoever holds it may go on counting; where nobody does, what is taken now is the last of it.
            let is_held = Arc::strong_count(figures) > 1;
            let hours = figures.take().into_iter();
            taken.extend(hours.map(|used| UsedBy { plugin: plugin.clone(), version: version.clone(), used }));
            is_held
        });
        taken
    }

    /// Puts back what could not be kept.
    pub(crate) fn give_back(&self, taken: &[UsedBy]) {
        for by in taken {
            self.of(&by.plugin, &by.version).on(by.used.since, |used| used.merge(&by.used));
        }
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
    fn calls_are_counted_in_the_hour_and_version_that_they_fall_in_and_taken_once() {
        let gathered = Gathered::default();
        let (tools, next): (PluginId, PluginId) = ("tools".parse().unwrap(), "next".parse().unwrap());
        let (first, second) = (gathered.of(&tools, "0.1.0"), gathered.of(&tools, "0.2.0"));
        first.call(5, spent(100), Outcome::Answered, 3);
        first.call(HOUR - 1, spent(300), Outcome::Trapped, 1);
        first.call(HOUR, spent(200), Outcome::Busy, 0);
        first.denied(HOUR + 7);
        second.call(HOUR, spent(50), Outcome::Refused, 1);
        drop((first, second));
        let last = gathered.of(&next, "1.0.0");
        let taken = gathered.take();
        let told: Vec<_> = taken
            .iter()
            .map(|by| (by.version.as_str(), by.used.since, by.used.calls(), by.used.faults(), by.used.denied))
            .collect();
        assert_eq!(told, [("0.1.0", 0, 2, 1, 0), ("0.1.0", HOUR, 1, 0, 1), ("0.2.0", HOUR, 1, 0, 0)]);
        let hour = &taken[0].used;
        assert_eq!((hour.rows, hour.bytes, hour.memory, hour.instances, hour.cpu), (4, 20, 300, 3, 400));
        assert_eq!(hour.outcomes().collect::<Vec<_>>(), [("answered", 1), ("trapped", 1)]);
        assert_eq!(taken[1].used.within(50), None, "who found no place took no time");
        assert_eq!(gathered.take(), []);
        assert_eq!(gathered.0.lock().unwrap().len(), 1, "of what nobody holds any more nothing is left");
        gathered.give_back(&taken);
        gathered.give_back(&taken[..1]);
        let again = gathered.take();
        assert_eq!((again.len(), again[0].used.calls(), again[0].used.memory), (3, 4, 300));
        drop(last);
    }

    #[test]
    fn what_is_kept_part_by_part_is_the_same_again() {
        let mut used = Used::since(HOUR);
        used.add(spent(700), Outcome::BadAnswer, 4);
        used.add(spent(90_000_000), Outcome::Answered, 2);
        used.denied = 3;
        let mut again = Used::since(HOUR);
        for part in used.parts() {
            again.put(&part.name, part.value);
        }
        again.put("something.later", 5);
        again.put("took.99", 5);
        assert_eq!(again, used);
        assert!(used.parts().iter().all(|part| part.is_largest == ["memory", "instances"].contains(&&*part.name)));
    }

    #[test]
    fn percentiles_are_within_their_bounds() {
        let mut used = Used::since(0);
        assert_eq!(used.within(50), None);
        for micros in 1..=1000 {
            used.add(spent(micros), Outcome::Answered, 1);
        }
        for (hundredths, micros) in [(50, 500), (95, 950), (99, 990)] {
            let within = u64::try_from(used.within(hundredths).unwrap().as_micros()).unwrap();
            assert!(within >= micros && within <= micros * 3 / 2, "{hundredths}: {within}");
        }
        used.add(spent(600_000_000), Outcome::TimedOut, 1);
        let mut all = Used::since(0);
        all.merge(&used);
        assert_eq!(
            (all.calls(), all.faults(), all.memory, all.within(100)),
            (1001, 1, 600_000_000, Some(bound(BOUNDS - 1)))
        );
    }
}
