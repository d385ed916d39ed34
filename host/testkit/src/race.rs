//! Races that happen every time: writers meet, or one is held up, between plan and commit.

use lignaflow_records::Pause;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Barrier, oneshot};

/// Where writers are stopped on their first attempt, their plan made. What is planned again afterwards runs free.
#[derive(Debug, Clone, Default)]
pub struct Race(Arc<Mutex<Stop>>);

#[derive(Debug, Default)]
enum Stop {
    #[default]
    Nobody,
    Meeting(Arc<Barrier>),
    One(oneshot::Sender<()>, oneshot::Receiver<()>),
}

/// A writer that is held up, or will be.
#[derive(Debug)]
pub struct Held {
    reached: oneshot::Receiver<()>,
    go: oneshot::Sender<()>,
}

impl Held {
    /// Waits until the writer's plan is made, lets others in between, then lets it go on.
    pub async fn meanwhile<T>(self, others: impl Future<Output = T>) -> T {
        self.reached.await.expect("a writer that is held up");
        let outcome = others.await;
        self.go.send(()).expect("a writer that still waits");
        outcome
    }

    /// Waits until the writer's plan is made, and never lets it go on: whatever ends it is among `others`.
    pub async fn abandon<T>(self, others: impl Future<Output = T>) -> T {
        self.reached.await.expect("a writer that is held up");
        others.await
    }
}

impl Race {
    /// From now on each first attempt waits until `writers` of them have come so far.
    pub fn meet(&self, writers: usize) {
        *self.stop() = Stop::Meeting(Arc::new(Barrier::new(writers)));
    }

    /// Nobody waits any more.
    pub fn end(&self) {
        *self.stop() = Stop::Nobody;
    }

    /// The next writer is held up; those after it are not.
    pub fn hold(&self) -> Held {
        let ((here, reached), (go, leave)) = (oneshot::channel(), oneshot::channel());
        *self.stop() = Stop::One(here, leave);
        Held { reached, go }
    }

    /// What the records are handed.
    pub fn pause(&self) -> Pause {
        let race = self.clone();
        Arc::new(move |attempt| {
            let stop = if attempt == 0 { race.taken() } else { Stop::Nobody };
            Box::pin(async move {
                match stop {
                    Stop::Nobody => {}
                    Stop::Meeting(barrier) => {
                        barrier.wait().await;
                    }
                    Stop::One(here, leave) => {
                        here.send(()).expect("a test that waits for it");
                        leave.await.expect("a test that lets it go");
                    }
                }
            })
        })
    }

    /// What stops the writer that comes now.
    fn taken(&self) -> Stop {
        let mut stop = self.stop();
        match &*stop {
            Stop::Meeting(barrier) => Stop::Meeting(barrier.clone()),
            _ => std::mem::take(&mut *stop),
        }
    }

    fn stop(&self) -> MutexGuard<'_, Stop> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
