//! Calls that are known to compute for long, and those of what keeps failing, run on threads of their own, fewer than the
//! machine has cores, which the system lets wait for all others. A guest gives way at each epoch, but not in the middle of
//! one instruction that copies a hundred megabytes, nor while the host reads what it said: there only the system can take
//! its turn away.
//!
//! Those that take a quarter of a millisecond to two, as an honest report does, have other threads than what takes more or
//! keeps failing, and these stand back for them in turn: behind a queue of calls that each use up all that they may, a
//! report would wait for every one of them.
//!
//! Nobody knows of a call beforehand how long it will take. What is known is how long the last ones took of the same
//! route, job or hook, so the first of them takes up to an epoch of the common threads, and the next ones nothing. One that
//! is merely long is believed when it comes a second time.

use crate::aside::{Asides, Part};
use crate::figures::Spent;
use crate::tallies::Kind;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, PoisonError, RwLock};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Semaphore;

/// Computing time of a call after which the next ones like it run behind the others.
const LONG: Duration = Duration::from_micros(250);
/// And after which they run behind those as well.
const HEAVY: Duration = Duration::from_millis(2);
/// Calls in a row that took less, after which the next ones run where they are expected to be by that, and one that was long
/// is forgotten.
const CALM: u32 = 50;

/// Where calls run, by how long they are expected to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pace {
    /// Among the others.
    Quick,
    /// Behind the others.
    Long,
    /// Behind those that are long, because they take more, or fail.
    Heavy,
}

impl Pace {
    /// How far behind the others the system puts these threads: one that competes with them gets a third of their share, or a
    /// seventieth.
    const fn nice(self) -> i32 {
        match self {
            Self::Quick => 0,
            Self::Long => 5,
            Self::Heavy => 19,
        }
    }

    /// What a call lets the next ones be expected to do. What failed stands back like what takes long.
    fn after(spent: Spent, failed: bool) -> Self {
        if failed || spent.cpu >= HEAVY {
            Self::Heavy
        } else if spent.cpu >= LONG {
            Self::Long
        } else {
            Self::Quick
        }
    }
}

/// How long one of them computes before whoever has become ready has its turn; milliseconds where nothing is said of it.
/// Linux heeds it since 6.12, and what it lets be said is not less.
const SLICE: Duration = Duration::from_micros(100);

static LONG_THREADS: LazyLock<Option<Runtime>> = LazyLock::new(|| built("guests", Pace::Long));
static HEAVY_THREADS: LazyLock<Option<Runtime>> = LazyLock::new(|| built("heavy-guests", Pace::Heavy));

fn built(name: &str, pace: Pace) -> Option<Runtime> {
    let built = Builder::new_multi_thread()
        .worker_threads(half_the_cores())
        .thread_name(name)
        .on_thread_start(move || stand_back(pace.nice()))
        .enable_all()
        .build();
    built.inspect_err(|error| tracing::warn!(%error, "no threads of their own for calls that compute for long")).ok()
}

/// Has this thread, and what it starts, give way to others, so far behind them as the system's `nice` counts it. Where the
/// system does not let it, it is a thread like the others.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "no safe crate sets a slice")]
pub fn stand_back(nice: i32) {
    let attributes = libc::sched_attr {
        size: u32::try_from(size_of::<libc::sched_attr>()).unwrap_or_default(),
        sched_policy: libc::SCHED_OTHER.unsigned_abs(),
        sched_flags: 0,
        sched_nice: nice,
        sched_priority: 0,
        sched_runtime: u64::try_from(SLICE.as_nanos()).unwrap_or_default(),
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the system reads as many bytes of the attributes as they say themselves, and keeps no pointer to them.
    let refused = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) } != 0;
    if refused {
        let _ = rustix::process::nice(nice);
    }
}

#[cfg(not(target_os = "linux"))]
pub fn stand_back(nice: i32) {
    let _ = rustix::process::nice(nice);
}

/// Where such calls run; nowhere but among the others where the system gives no threads.
pub(crate) fn threads(pace: Pace) -> Option<&'static Handle> {
    let threads = match pace {
        Pace::Quick => return None,
        Pace::Long => &LONG_THREADS,
        Pace::Heavy => &HEAVY_THREADS,
    };
    threads.as_ref().map(Runtime::handle)
}

/// Does what computes for long and waits for no task, behind all others: reading files that come from outside, say. Not
/// done where it panicked. As many at a time as there are threads for such calls: a core that does nothing else is half as
/// fast for whoever shares its caches.
pub async fn behind<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    static PLACES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(half_the_cores()));
    let place = PLACES.acquire().await.ok()?;
    let threads = threads(Pace::Heavy).cloned().unwrap_or_else(Handle::current);
    // The work has its place to its end, also where nobody waits for it any more.
    let placed = move || {
        let _place = place;
        work()
    };
    threads.spawn_blocking(placed).await.ok()
}

fn half_the_cores() -> usize {
    (std::thread::available_parallelism().map_or(1, usize::from) / 2).max(1)
}

/// Which parts of a plugin compute for long.
#[derive(Debug, Default)]
pub(crate) struct Paces(RwLock<HashMap<Part, Behind>>);

#[derive(Debug)]
struct Behind {
    /// Quick where one call was long and no other since.
    pace: Pace,
    /// How many calls of less it lacks in a row.
    left: AtomicU32,
}

impl Paces {
    pub(crate) fn of(&self, kind: Kind, name: &str) -> Pace {
        let behind = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if behind.is_empty() {
            return Pace::Quick;
        }
        behind.get(&Asides::part(kind, name, None)).map_or(Pace::Quick, |behind| behind.pace)
    }

    /// Notes what a call spent, and whether it failed.
    pub(crate) fn note(&self, (kind, name): (Kind, &str), spent: Spent, failed: bool) {
        let next = Pace::after(spent, failed);
        let (part, pace) = {
            let behind = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if next == Pace::Quick && behind.is_empty() {
                return;
            }
            let part = Asides::part(kind, name, None);
            match behind.get(&part) {
                None if next == Pace::Quick => return,
                // Any call may be a long one once, by a page that it is the first to touch, say.
                None if next == Pace::Long => (part, Some(Pace::Quick)),
                Some(known) if next > known.pace => (part, Some(next)),
                Some(known) if next == known.pace && next != Pace::Quick => {
                    known.left.store(CALM, Ordering::Relaxed);
                    return;
                }
                Some(known) => {
                    let one_less = |left: u32| Some(left.saturating_sub(1));
                    let left = known.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
                    if left.is_ok_and(|left| left > 1) {
                        return;
                    }
                    (part, (next != Pace::Quick).then_some(next))
                }
                None => (part, Some(next)),
            }
        };
        let mut behind = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match pace {
            None => behind.remove(&part),
            Some(pace) => behind.insert(part, Behind { pace, left: AtomicU32::new(CALM) }),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(cpu: Duration) -> Spent {
        Spent { took: cpu, cpu, rows: 0, bytes: 0, memory: 0 }
    }

    #[test]
    fn what_took_long_is_expected_to_until_it_has_been_quick_for_a_while() {
        let paces = Paces::default();
        let note = |name: &str, cpu, failed| paces.note((Kind::Route, name), spent(cpu), failed);
        note("report", LONG / 2, false);
        assert_eq!(paces.of(Kind::Route, "report"), Pace::Quick);
        for _ in 0..3 {
            note("report", LONG, false);
            assert_eq!(paces.of(Kind::Route, "report"), Pace::Quick, "once is no habit");
            for _ in 0..CALM {
                note("report", LONG / 2, false);
            }
        }
        note("report", LONG, false);
        note("report", Duration::ZERO, false);
        note("report", LONG, false);
        assert_eq!(paces.of(Kind::Route, "report"), Pace::Long);
        assert_eq!(paces.of(Kind::Job, "report"), Pace::Quick);
        assert_eq!(paces.of(Kind::Route, "hello"), Pace::Quick);
        for _ in 1..CALM {
            note("report", Duration::ZERO, false);
        }
        assert_eq!(paces.of(Kind::Route, "report"), Pace::Long);
        note("report", LONG, false);
        for _ in 0..CALM {
            assert_eq!(paces.of(Kind::Route, "report"), Pace::Long);
            note("report", Duration::ZERO, false);
        }
        assert_eq!(paces.of(Kind::Route, "report"), Pace::Quick);
    }

    #[test]
    fn what_fails_or_takes_more_runs_behind_what_is_merely_long() {
        let paces = Paces::default();
        let note = |name: &str, cpu, failed| paces.note((Kind::Route, name), spent(cpu), failed);
        note("panic", Duration::ZERO, true);
        assert_eq!(paces.of(Kind::Route, "panic"), Pace::Heavy);
        note("sum", HEAVY, false);
        assert_eq!(paces.of(Kind::Route, "sum"), Pace::Heavy);
        for _ in 0..CALM {
            assert_eq!(paces.of(Kind::Route, "sum"), Pace::Heavy);
            note("sum", LONG, false);
        }
        assert_eq!(paces.of(Kind::Route, "sum"), Pace::Long);
        assert_eq!(paces.of(Kind::Route, "panic"), Pace::Heavy);
    }

    #[tokio::test]
    async fn what_is_done_behind_the_others_comes_back_and_ends_where_it_panics() {
        let name = behind(|| std::thread::current().name().map(str::to_owned)).await;
        assert_eq!(name.flatten().as_deref(), Some("heavy-guests"));
        assert_eq!(behind(|| -> u32 { panic!("on purpose") }).await, None);
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_keeps_its_place_until_it_is_done() {
        let mut done = Vec::new();
        for _ in 0..half_the_cores() {
            let (begun, began) = tokio::sync::oneshot::channel();
            let (end, ended) = std::sync::mpsc::channel::<()>();
            let work = tokio::spawn(behind(move || {
                let _ = begun.send(());
                let _ = ended.recv();
            }));
            began.await.unwrap();
            work.abort();
            assert!(work.await.unwrap_err().is_cancelled());
            done.push(end);
        }
        let mut next = tokio::spawn(behind(|| 7));
        assert!(tokio::time::timeout(Duration::from_millis(200), &mut next).await.is_err(), "there is no place left");
        drop(done);
        assert_eq!(next.await.unwrap(), Some(7));
    }
}
