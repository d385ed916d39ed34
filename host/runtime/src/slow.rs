//! Calls that are known to compute for long, and those of what keeps failing, run on threads of their own, fewer than the
//! machine has cores, which the system lets wait for all others. A guest gives way at each epoch, but not in the middle of
//! one instruction that copies a hundred megabytes, nor while the host reads what it said: there only the system can take
//! its turn away.
//!
//! Nobody knows of a call beforehand how long it will take. What is known is how long the last ones took of the same
//! route, job or hook, so the first of them takes up to an epoch of the common threads, and the next ones nothing.

use crate::aside::{Asides, Part};
use crate::tallies::Kind;
use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, PoisonError, RwLock};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};

/// Computing time of a call after which the next ones like it run here.
const LONG: Duration = Duration::from_millis(1);
/// Calls in a row that took less, after which the next ones run among the others again.
const QUICK: u32 = 50;
/// How far behind the others the system puts these threads: a tenth of the share of one that competes with them.
const NICE: i32 = 10;
/// How long one of them computes before whoever has become ready has its turn; milliseconds where nothing is said of it.
/// Linux heeds it since 6.12, and what it lets be said is not less.
const SLICE: Duration = Duration::from_micros(100);

thread_local! {
    static HERE: Cell<bool> = const { Cell::new(false) };
}

static THREADS: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let built = Builder::new_multi_thread()
        .worker_threads((cores / 2).max(1))
        .thread_name("guests")
        .on_thread_start(|| {
            HERE.set(true);
            stand_back(NICE);
        })
        .enable_all()
        .build();
    built.inspect_err(|error| tracing::warn!(%error, "no threads of their own for calls that compute for long")).ok()
});

/// Has this thread, and what it starts, give way to others, so far behind them as the system's `nice` counts it. Where the system does not let it, it is a thread like the others.
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
pub(crate) fn threads() -> Option<&'static Handle> {
    THREADS.as_ref().map(Runtime::handle)
}

/// Does what computes for long and waits for no task, behind all others: reading files that come from outside, say. Not
/// done where it panicked.
pub async fn behind<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let threads = threads().cloned().unwrap_or_else(Handle::current);
    threads.spawn_blocking(work).await.ok()
}

/// Computing time of this thread, where it is one of these: by the clock it would count what others computed meanwhile.
pub(crate) fn computed() -> Option<u64> {
    HERE.get().then(|| {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        let part = |number: i64| u64::try_from(number).unwrap_or_default();
        part(time.tv_sec).saturating_mul(1_000_000_000).saturating_add(part(time.tv_nsec))
    })
}

/// Which parts of a plugin compute for long, and how many quick calls in a row each lacks to be quick again.
#[derive(Debug, Default)]
pub(crate) struct Paces(RwLock<HashMap<Part, AtomicU32>>);

impl Paces {
    pub(crate) fn are_long(&self, kind: Kind, name: &str) -> bool {
        let long = self.0.read().unwrap_or_else(PoisonError::into_inner);
        !long.is_empty() && long.contains_key(&Asides::part(kind, name, None))
    }

    /// Notes how long a call computed, and whether it failed: what failed stands back like what is long.
    pub(crate) fn note(&self, kind: Kind, name: &str, computed: Duration, failed: bool) {
        if failed || computed >= LONG {
            let part = Asides::part(kind, name, None);
            if let Some(left) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&part) {
                left.store(QUICK, Ordering::Relaxed);
                return;
            }
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(part, AtomicU32::new(QUICK));
            return;
        }
        let is_quick = {
            let long = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if long.is_empty() {
                return;
            }
            long.get(&Asides::part(kind, name, None)).is_some_and(|left| {
                let one_less = |left: u32| Some(left.saturating_sub(1));
                left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok_and(|before| before <= 1)
            })
        };
        if is_quick {
            self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&Asides::part(kind, name, None));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_long_is_expected_to_until_it_has_been_quick_for_a_while() {
        let paces = Paces::default();
        paces.note(Kind::Route, "report", LONG / 2, false);
        assert!(!paces.are_long(Kind::Route, "report"));
        paces.note(Kind::Route, "report", LONG, false);
        assert!(paces.are_long(Kind::Route, "report"));
        assert!(!paces.are_long(Kind::Job, "report"));
        assert!(!paces.are_long(Kind::Route, "hello"));
        for _ in 1..QUICK {
            paces.note(Kind::Route, "report", Duration::ZERO, false);
        }
        assert!(paces.are_long(Kind::Route, "report"));
        paces.note(Kind::Route, "report", LONG, false);
        for _ in 0..QUICK {
            assert!(paces.are_long(Kind::Route, "report"));
            paces.note(Kind::Route, "report", Duration::ZERO, false);
        }
        assert!(!paces.are_long(Kind::Route, "report"));
        paces.note(Kind::Route, "panic", Duration::ZERO, true);
        assert!(paces.are_long(Kind::Route, "panic"));
    }

    #[tokio::test]
    async fn what_is_done_behind_the_others_comes_back_and_ends_where_it_panics() {
        assert_eq!(behind(|| HERE.get()).await, Some(true));
        assert_eq!(behind(|| -> u32 { panic!("on purpose") }).await, None);
    }

    #[tokio::test]
    async fn time_of_these_threads_is_what_they_computed() {
        assert_eq!(computed(), None);
        let threads = threads().unwrap();
        let asleep = threads.spawn(async {
            let before = computed().unwrap();
            let (_silent, told) = std::sync::mpsc::channel::<()>();
            let _ = told.recv_timeout(Duration::from_millis(50));
            computed().unwrap().saturating_sub(before)
        });
        assert!(asleep.await.unwrap() < 25_000_000);
    }
}
