//! What no record has held for a day goes: uploads of forms that were never sent, files that were taken off their
//! record, and what a program that ended left behind. An archived record keeps its files.

use super::{Media, of_store};
use lignaflow_core::Fault;
use lignaflow_store::media::Doom;
use std::time::Duration;

/// How long a file waits for a record, in microseconds.
const WAIT: i64 = 24 * 3_600 * 1_000_000;
/// How long a removal takes at most; what takes longer was left by a host that ended. In microseconds.
const REMOVAL: i64 = 10 * 60 * 1_000_000;
/// How often is looked.
const EVERY: Duration = Duration::from_mins(10);
/// Files that one look at the database finds.
const AT_ONCE: u32 = 200;

impl Media {
    /// Sweeps now and then, until stopped.
    pub async fn sweep_until(self, stopped: impl Future<Output = ()> + Send) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                () = &mut stopped => return,
                _ = ticks.tick() => {}
            }
            match self.sweep().await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "files that no record holds were removed"),
                Err(fault) => tracing::warn!(%fault, "files that no record holds could not be removed"),
            }
        }
    }

    /// Removes every file that no record has held for a day, and tells how many there were.
    pub async fn sweep(&self) -> Result<usize, Fault> {
        let at = self.0.clock.now();
        let doom = Doom { at, until: at - WAIT, begun: at - REMOVAL };
        let mut count = 0;
        loop {
            let unheld = self.0.store.unheld_media(doom, AT_ONCE).await.map_err(|error| of_store(&error))?;
            let found = unheld.len();
            for (organization, id) in unheld {
                let doomed = self.0.store.doom_media(organization, id, doom).await.map_err(|error| of_store(&error))?;
                let Some(doomed) = doomed else { continue };
                if doomed.last {
                    self.0.keep.remove(organization, &doomed.sha256).await?;
                }
                self.0.store.media_removed(doomed).await.map_err(|error| of_store(&error))?;
                count += 1;
            }
            if found < AT_ONCE as usize {
                break;
            }
        }
        count += self.sweep_after_organizations().await?;
        let keep = self.0.keep.clone();
        let cleared = tokio::task::spawn_blocking(move || keep.clear_incoming()).await;
        if let Ok(Err(error)) = cleared {
            tracing::warn!(%error, "uploads that were left could not be removed");
        }
        Ok(count)
    }

    /// Removes the files of organizations that were taken away, and tells of how many.
    pub async fn sweep_after_organizations(&self) -> Result<usize, Fault> {
        let left = self.0.store.left_files().await.map_err(|error| of_store(&error))?;
        for organization in &left {
            self.0.keep.remove_all(*organization).await?;
            self.0.store.files_gone(*organization).await.map_err(|error| of_store(&error))?;
        }
        Ok(left.len())
    }
}
