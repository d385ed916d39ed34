//! Races that happen every time: writers meet, or one is held up, between plan and commit.

use lignaflow_core::mutation::Origin;
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
    /// At this door; at any that somebody asked at, where none is named.
    One(Option<Origin>, oneshot::Sender<()>, oneshot::Receiver<()>),
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

    /// The next writer whom somebody asked to write is held up; those after it are not.
    pub fn hold(&self) -> Held {
        self.hold_at(None)
    }

    /// The next one at a door where plugins come by themselves: a job, a subscriber, a migration.
    pub fn hold_own(&self, door: Origin) -> Held {
        self.hold_at(Some(door))
    }

    fn hold_at(&self, door: Option<Origin>) -> Held {
        let ((here, reached), (go, leave)) = (oneshot::channel(), oneshot::channel());
        *self.stop() = Stop::One(door, here, leave);
        Held { reached, go }
    }

    /// What the records are handed.
    pub fn pause(&self) -> Pause {
        let race = self.clone();
        Arc::new(move |origin, attempt| {
            let stop = if attempt == 0 { race.taken(origin) } else { Stop::Nobody };
            Box::pin(async move {
                match stop {
                    Stop::Nobody => {}
                    Stop::Meeting(barrier) => {
                        barrier.wait().await;
                    }
                    Stop::One(_, here, leave) => {
                        here.send(()).expect("a test that waits for it");
                        leave.await.expect("a test that lets it go");
                    }
                }
            })
        })
    }

    /// What stops the writer that comes now.
    fn taken(&self, origin: Origin) -> Stop {
        let asked = !matches!(origin, Origin::Job | Origin::Subscriber | Origin::Migration);
        let mut stop = self.stop();
        match &*stop {
            Stop::Meeting(barrier) if asked => Stop::Meeting(barrier.clone()),
            Stop::One(door, ..) if door.map_or(asked, |door| door == origin) => std::mem::take(&mut *stop),
            _ => Stop::Nobody,
        }
    }

    fn stop(&self) -> MutexGuard<'_, Stop> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
