//! Computing time of one call, measured where it passes: in the polls of the call's future. Time in which the call
//! waits for a database or for its turn does not count, so a guest is never charged for a slow disk.
//!
//! A call that computes for long goes on in a slow lane, which is narrower than the machine: however many guests loop,
//! the others find a core that is free.

use crate::figures::Spent;
use rustix::time::{ClockId, clock_gettime};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Computing time after which a call goes on in the slow lane.
const QUICK: Duration = Duration::from_millis(10);
/// While no poll is under way.
const IDLE: u64 = u64::MAX;

#[derive(Debug)]
pub(crate) struct Meter {
    began: Instant,
    /// Nanoseconds of the polls that have ended.
    spent: AtomicU64,
    /// When the poll under way began, by the clock of its thread. A poll begins and ends on one thread.
    polled: AtomicU64,
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
        let ended = self.spent.load(Ordering::Relaxed);
        let under_way = match self.polled.load(Ordering::Relaxed) {
            IDLE => 0,
            polled => computed().saturating_sub(polled),
        };
        Duration::from_nanos(ended.saturating_add(under_way))
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
        self.polled.store(computed(), Ordering::Relaxed);
    }

    fn leave(&self) {
        // Who waits does not compute, whatever it waits for.
        self.lane.lock().unwrap_or_else(PoisonError::into_inner).take();
        let polled = self.polled.swap(IDLE, Ordering::Relaxed);
        if polled != IDLE {
            self.spent.fetch_add(computed().saturating_sub(polled), Ordering::Relaxed);
        }
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

    #[test]
    fn a_call_is_charged_for_what_its_thread_computes() {
        let before = computed();
        let (_silent, told) = std::sync::mpsc::channel::<()>();
        let _ = told.recv_timeout(Duration::from_millis(50));
        assert!(computed().saturating_sub(before) < 25_000_000);
    }
}
