//! When jobs are done by themselves, counted in each organization's time zone, and from where on plugins are told of
//! changes: looked after by the host that holds the lease. A time that was missed, since no host ran, is made up for once.

use super::{Jobs, unavailable};
use crate::background::Round;
use jiff::tz::TimeZone;
use lignaflow_core::background::NewJob;
use lignaflow_core::clock::Micros;
use lignaflow_core::cron::Schedule;
use lignaflow_core::descriptor::Job as Declared;
use lignaflow_core::name::{LocalName, PluginId};
use lignaflow_core::value::instant_text;
use lignaflow_core::{Fault, Id};
use lignaflow_runtime::Snapshot;
use lignaflow_store::schedules::{self, Scheduled};
use lignaflow_store::{Lease, jobs};
use serde_json::json;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a new organization, or another time zone, may go unnoticed.
const LOOK: Duration = Duration::from_secs(5);
/// What one round sets, asks for and forgets, at most.
const SOME: u32 = 200;
/// The key under which a job waits that is asked for because its time has come: until it was begun, it is one.
const KEY: &str = "@schedule";

const HOUR: Micros = 60 * 60 * 1_000_000;

impl Jobs {
    /// One round of the duty.
    pub async fn round(self, lease: Lease) -> Result<Round, Fault> {
        let snapshot = self.0.registry.current();
        let mut more = self.look(&snapshot).await?;
        more |= self.fire(&snapshot, &lease).await?;
        more |= self.forget(&lease).await?;
        Ok(if more { Round::More } else { Round::Done })
    }

    /// Sets the times that are not set yet, or not by what is declared now. Whether there is more.
    async fn look(&self, snapshot: &Snapshot) -> Result<bool, Fault> {
        let looked = *self.0.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|(generation, at)| generation == snapshot.generation && at.elapsed() < LOOK) {
            return Ok(false);
        }
        let store = &self.0.store;
        store.unschedule().await.map_err(unavailable)?;
        store.forget_subscribers().await.map_err(unavailable)?;
        let mut more = false;
        for (id, plugin) in snapshot.plugins.iter() {
            let descriptor = plugin.descriptor();
            let timed: Vec<&Declared> = descriptor.jobs.iter().filter(|job| job.schedule.is_some()).collect();
            let names: Vec<&LocalName> = timed.iter().map(|job| &job.name).collect();
            store.unschedule_but(id, &names).await.map_err(unavailable)?;
            for job in timed {
                more |= self.set(id, job).await?;
            }
            if !descriptor.subscriptions.is_empty() {
                let added = store.add_subscribers(id, self.0.clock.now(), SOME).await.map_err(unavailable)?;
                more |= added == usize::try_from(SOME).unwrap_or(usize::MAX);
            }
        }
        if !more {
            *self.0.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some((snapshot.generation, Instant::now()));
        }
        Ok(more)
    }

    async fn set(&self, plugin: &PluginId, job: &Declared) -> Result<bool, Fault> {
        let Some(text) = &job.schedule else { return Ok(false) };
        let found = self.0.store.unscheduled(plugin, &job.name, text, SOME).await.map_err(unavailable)?;
        for (organization, time_zone) in &found {
            let Some(next_at) = next(text, time_zone, self.0.clock.now()) else { continue };
            let scheduled = Scheduled {
                organization: *organization,
                plugin: plugin.clone(),
                name: job.name.clone(),
                schedule: text.clone(),
                time_zone: time_zone.clone(),
                next_at,
                last_at: None,
            };
            self.0.store.schedule(&scheduled).await.map_err(unavailable)?;
        }
        Ok(found.len() == usize::try_from(SOME).unwrap_or(usize::MAX))
    }

    /// Asks for the jobs whose time has come. Whether there is more.
    async fn fire(&self, snapshot: &Snapshot, lease: &Lease) -> Result<bool, Fault> {
        let now = self.0.clock.now();
        let due = self.0.store.due_schedules(now, SOME).await.map_err(unavailable)?;
        let full = due.len() == usize::try_from(SOME).unwrap_or(usize::MAX);
        let mut fired = false;
        for due in due {
            // One that cannot be done here yet is asked for once it can.
            let declared =
                snapshot.plugin(&due.plugin).is_some_and(|plugin| plugin.descriptor().job(due.name.as_str()).is_some());
            let Some(next_at) = next(&due.schedule, &due.time_zone, now).filter(|_| declared) else { continue };
            let job = NewJob {
                id: Id::fresh(),
                plugin: due.plugin.clone(),
                name: due.name.clone(),
                payload: json!({ "due": instant_text(due.next_at) }).to_string(),
                run_after: now,
                deduplicate: Some(KEY.to_owned()),
            };
            let lease = lease.clone();
            fired |= self
                .write(move |tx| {
                    Box::pin(async move {
                        Ok(lease.holds(tx).await? && schedules::fire(tx, &due, &job, next_at, now).await?)
                    })
                })
                .await?;
        }
        if fired {
            self.0.store.signal().ask();
        }
        Ok(full && fired)
    }

    /// Forgets jobs that ended long ago. Whether there is more.
    async fn forget(&self, lease: &Lease) -> Result<bool, Fault> {
        let now = self.0.clock.now();
        if now - self.0.forgot_at.load(Ordering::Relaxed) < HOUR {
            return Ok(false);
        }
        let (lease, before) = (lease.clone(), now - i64::from(self.0.settings.keep_days) * 24 * HOUR);
        let forgotten = self
            .write(move |tx| {
                Box::pin(
                    async move { if lease.holds(tx).await? { jobs::forget(tx, before, SOME).await } else { Ok(0) } },
                )
            })
            .await?;
        let more = forgotten == u64::from(SOME);
        if !more {
            self.0.forgot_at.store(now, Ordering::Relaxed);
        }
        Ok(more)
    }
}

fn next(schedule: &str, time_zone: &str, now: Micros) -> Option<Micros> {
    let schedule: Schedule = schedule.parse().ok()?;
    let zone = TimeZone::get(time_zone).unwrap_or_else(|_| {
        tracing::warn!(time_zone, "the time zone of an organization is not known; its jobs go by UTC");
        TimeZone::UTC
    });
    schedule.after(now, &zone)
}
