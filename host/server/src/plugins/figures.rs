//! What plugins used, by version and hour: gathered by each host as it happens, and kept in the database for all of them,
//! so that it outlives the host and the version.

use super::{Plugins, unavailable};
use lignaflow_core::Fault;
use lignaflow_core::clock::Micros;
use lignaflow_core::name::PluginId;
use lignaflow_runtime::{HOUR, Used, UsedBy};
use lignaflow_store::plugins::{Figure, Joined, Noted};
use std::time::Duration;

/// How often what was used is kept. A host that is killed forgets no more than this.
pub(super) const KEEP: Duration = Duration::from_mins(1);
/// Days that figures are kept.
pub const DAYS: i64 = 31;

fn noted(by: &UsedBy) -> Noted {
    let joined = |is_largest| if is_largest { Joined::Largest } else { Joined::Added };
    let figures = by.used.parts().into_iter();
    Noted {
        plugin: by.plugin.clone(),
        version: by.version.clone(),
        since: by.used.since,
        figures: figures.map(|it| Figure { name: it.name, value: it.value, joined: joined(it.is_largest) }).collect(),
    }
}

fn used(noted: Noted) -> UsedBy {
    let mut used = Used::since(noted.since);
    for figure in noted.figures {
        used.put(&figure.name, figure.value);
    }
    UsedBy { plugin: noted.plugin, version: noted.version, used }
}

impl Plugins {
    /// Keeps what was used on this host since it was kept last, and forgets what is old.
    pub async fn keep_figures(&self) -> Result<(), Fault> {
        let taken = self.0.engine.take_figures();
        if taken.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.0.store.note_figures(taken.iter().map(noted).collect()).await {
            // It is kept with the next.
            self.0.engine.give_back_figures(&taken);
            return Err(unavailable(error));
        }
        self.0.store.forget_figures(self.0.clock.now() - DAYS * 24 * HOUR).await.map_err(unavailable)
    }

    /// What plugins used since an instant, of one or of all: by plugin, hour and version, those hours alone in which
    /// something was. Of other hosts it may lack the last minute.
    pub async fn used(&self, plugin: Option<&PluginId>, since: Micros) -> Result<Vec<UsedBy>, Fault> {
        self.keep_figures().await?;
        let kept = self.0.store.figures(plugin, since).await.map_err(unavailable)?;
        Ok(kept.into_iter().map(used).collect())
    }
}
