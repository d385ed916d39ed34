//! Stopping without breaking off what is under way: the first signal begins it, the second ends at once.

use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long work beside the requests has to come to its end.
const SETTLE: Duration = Duration::from_secs(2);

/// Shared by everything that has to end. Clones are the same shutdown.
#[derive(Debug, Clone)]
pub struct Shutdown {
    begun: CancellationToken,
    beside: TaskTracker,
    grace: Duration,
}

impl Shutdown {
    /// `grace` is what calls under way are given.
    pub fn new(grace: Duration) -> Self {
        Self { begun: CancellationToken::new(), beside: TaskTracker::new(), grace }
    }

    pub fn begin(&self) {
        self.begun.cancel();
    }

    pub fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Returns when it has begun. Streams that would never end by themselves listen to it.
    pub async fn begun(&self) {
        self.begun.cancelled().await;
    }

    /// Does work beside the requests, which listens to [`Shutdown::begun`] and is waited for in the end.
    pub fn beside(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.beside.spawn(work);
    }

    /// Waits until the work beside the requests has ended, for a short time.
    pub async fn settled(&self) {
        self.beside.close();
        if tokio::time::timeout(SETTLE, self.beside.wait()).await.is_err() {
            tracing::warn!(tasks = self.beside.len(), "work beside the requests did not end in time");
        }
    }

    pub fn grace(&self) -> Duration {
        self.grace
    }
}

/// Begins the shutdown on SIGTERM or SIGINT, ends the process on the second of them, and calls `reload` on each
/// SIGHUP. Runs until the process ends.
pub async fn on_signals(shutdown: Shutdown, reload: impl Fn() + Send + 'static) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        loop {
            tokio::select! {
                _ = terminate.recv() => stop(&shutdown),
                _ = interrupt.recv() => stop(&shutdown),
                _ = hang_up.recv() => {
                    tracing::info!("SIGHUP: certificates are read again");
                    reload();
                }
            }
        }
    }
    #[cfg(not(unix))]
    {
        drop(reload);
        loop {
            tokio::signal::ctrl_c().await?;
            stop(&shutdown);
        }
    }
}

fn stop(shutdown: &Shutdown) {
    if shutdown.has_begun() {
        tracing::warn!("stopped at once, on the second signal");
        crate::logging::flush();
        // 128 + SIGINT, as shells report it.
        std::process::exit(130);
    }
    tracing::info!(seconds = shutdown.grace().as_secs(), "stopping: requests under way are finished first");
    shutdown.begin();
}
