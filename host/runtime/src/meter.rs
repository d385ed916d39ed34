//! Computing time of one call, measured where it passes: in the polls of the call's future. Time in which the call
//! waits for a database or for its turn does not count, so a guest is never charged for a slow disk.
//!
//! A poll that is over within [`NEAR`] is charged what it took by the clock, which is read without a call of the system.
//! One that takes longer is charged what its thread has computed, and [`NEAR`] at most of what the thread did before: its
//! own clock is such a call, and asked once in so long.
//!
//! A call that computes for long goes on in a slow lane, which is narrower than the machine: however many guests loop,
//! the others find a core that is free.

use crate::figures::Spent;
use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Computing time after which a call goes on in the slow lane.
const QUICK: Duration = Duration::from_millis(10);
/// How exactly a poll is charged. Less than what makes a call a long one: a quick one that is interrupted stays quick.
const NEAR: Duration = Duration::from_micros(100);
/// While no poll is under way.
const IDLE: u64 = u64::MAX;

thread_local! {
    /// When this thread's own clock was read, and what it said.
    static READ: Cell<Option<(Instant, u64)>> = const { Cell::new(None) };
}

#[derive(Debug)]
pub(crate) struct Meter {
    began: Instant,
    /// Nanoseconds of the polls that have ended.
    spent: AtomicU64,
    /// When the poll under way began, in nanoseconds of the call, and what its thread had computed by then or [`NEAR`] it.
    /// A poll begins and ends on one thread.
    polled: AtomicU64,
    computed: AtomicU64,
    /// Rows and bytes handed to the guest, and the most memory that it had.
    rows: AtomicUsize,
    bytes: AtomicUsize,
    memory: AtomicUsize,
    /// The call's place in the slow lane, while it computes there.
    lane: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            spent: AtomicU64::new(0),
            polled: AtomicU64::new(IDLE),
            computed: AtomicU64::new(0),
            rows: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            memory: AtomicUsize::new(0),
            lane: Mutex::new(None),
        }
    }

    /// Notes what the guest was handed so far.
    pub(crate) fn handed_over(&self, rows: usize, bytes: usize) {
        self.rows.store(rows, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// Notes how much memory the guest has.
    pub(crate) fn grown(&self, memory: usize) {
        self.memory.fetch_max(memory, Ordering::Relaxed);
    }

    /// All that the call has used.
    pub(crate) fn used(&self) -> Spent {
        Spent {
            took: self.elapsed(),
            cpu: self.spent(),
            rows: self.rows.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            memory: self.memory.load(Ordering::Relaxed),
        }
    }

    /// Computing time so far, the poll under way included.
    pub(crate) fn spent(&self) -> Duration {
        Duration::from_nanos(self.spent.load(Ordering::Relaxed).saturating_add(self.under_way()))
    }

    /// What the poll under way has computed so far, in nanoseconds.
    fn under_way(&self) -> u64 {
        let polled = self.polled.load(Ordering::Relaxed);
        if polled == IDLE {
            return 0;
        }
        let by_clock = nanos(self.elapsed()).saturating_sub(polled);
        if by_clock < nanos(NEAR) {
            return by_clock;
        }
        by_clock.min(computed().saturating_sub(self.computed.load(Ordering::Relaxed)))
    }

    /// Time by the clock since the call began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Lets others have their turn; a call that has computed for long waits for a place in the slow lane as well.
    pub(crate) async fn give_way(self: Arc<Self>, lane: Arc<Semaphore>) {
        tokio::task::yield_now().await;
        if self.spent() >= QUICK
            && let Ok(place) = lane.acquire_owned().await
        {
            *self.lane.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
        }
    }

    fn enter(&self) {
        let now = Instant::now();
        self.computed.store(computed_near(now), Ordering::Relaxed);
        self.polled.store(nanos(now.duration_since(self.began)), Ordering::Relaxed);
    }

    fn leave(&self) {
        // Who waits does not compute, whatever it waits for.
        self.lane.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.spent.fetch_add(self.under_way(), Ordering::Relaxed);
        self.polled.store(IDLE, Ordering::Relaxed);
    }
}

/// A future whose polls are measured.
pub(crate) struct Metered<F> {
    pub(crate) meter: Arc<Meter>,
    pub(crate) inner: Pin<Box<F>>,
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.meter.enter();
        let outcome = self.inner.as_mut().poll(context);
        self.meter.leave();
        outcome
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// What this thread had computed at a moment that is no more than [`NEAR`] before `now`.
fn computed_near(now: Instant) -> u64 {
    if let Some((at, computed)) = READ.get()
        && now.duration_since(at) < NEAR
    {
        return computed;
    }
    let computed = computed();
    READ.set(Some((now, computed)));
    computed
}

/// Nanoseconds that this thread has computed. By the clock, a call would be charged for what others computed meanwhile.
fn computed() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let part = |number: i64| u64::try_from(number).unwrap_or_default();
    part(time.tv_sec).saturating_mul(1_000_000_000).saturating_add(part(time.tv_nsec))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[tokio::test]
    async fn the_slow_lane_is_left_while_a_call_waits() {
        let (meter, lane) = (Arc::new(Meter::new()), Arc::new(Semaphore::new(1)));
        meter.spent.store(u64::try_from(QUICK.as_nanos()).unwrap(), Ordering::Relaxed);
        let reached = AtomicBool::new(false);
        let call = async {
            meter.clone().give_way(lane.clone()).await;
            assert_eq!(lane.available_permits(), 0);
            reached.store(true, Ordering::Relaxed);
            std::future::pending::<()>().await;
        };
        let mut metered = Metered { meter: meter.clone(), inner: Box::pin(call) };
        while !reached.load(Ordering::Relaxed) {
            assert!(
                std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut metered).poll(context))).await.is_pending()
            );
        }
        assert_eq!(lane.available_permits(), 1);
    }

    #[tokio::test]
    async fn a_quick_call_takes_no_place_in_the_slow_lane() {
        let (meter, lane) = (Arc::new(Meter::new()), Arc::new(Semaphore::new(0)));
        meter.give_way(lane).await;
    }

    #[tokio::test]
    async fn waiting_is_not_computing() {
        let meter = Arc::new(Meter::new());
        let (tell, told) = tokio::sync::oneshot::channel::<()>();
        let waiting = Metered { meter: meter.clone(), inner: Box::pin(told) };
        let teller = async {
            // The other side computes for a while: none of it is the waiting call's.
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(20) {
                std::hint::spin_loop();
            }
            tell.send(()).unwrap();
        };
        let (told, ()) = tokio::join!(waiting, teller);
        told.unwrap();
        assert!(meter.elapsed() >= meter.spent() + Duration::from_millis(20));
    }

    /// What one poll is charged that does this.
    fn charged(poll: impl FnOnce()) -> Duration {
        let meter = Meter::new();
        meter.enter();
        poll();
        meter.leave();
        assert_eq!(meter.under_way(), 0);
        meter.spent()
    }

    #[test]
    fn a_poll_is_charged_for_what_its_thread_computes() {
        let (_silent, told) = std::sync::mpsc::channel::<()>();
        let slept = charged(|| {
            let _ = told.recv_timeout(Duration::from_millis(50));
        });
        assert!(slept < Duration::from_millis(25), "{slept:?}");

        for computing in [NEAR / 10, NEAR * 200] {
            let looped = charged(|| {
                let until = computed() + nanos(computing);
                while computed() < until {
                    std::hint::spin_loop();
                }
            });
            assert!(looped >= computing && looped <= computing + 100 * NEAR, "{looped:?} of {computing:?}");
        }
    }
}
