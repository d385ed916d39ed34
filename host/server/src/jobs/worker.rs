//! One thing after the other is taken over and done, by as many hosts as there are. Whoever takes something over has it
//! for a while, prolonged as long as the work goes on; of a host that is gone, another takes it over then. What is done is
//! kept in one commit with that it was done, so nothing is done twice and nothing is lost.

use super::{Jobs, unavailable};
use crate::background::{LEASE, RENEW, chance, spread};
use crate::shutdown::Shutdown;
use lignaflow_core::caller::Caller;
use lignaflow_core::clock::Micros;
use lignaflow_core::name::PluginId;
use lignaflow_core::{Fault, Id, OrganizationId, RequestId};
use lignaflow_records::background::{Tried, Trouble};
use lignaflow_store::identity::audit::{self, Event};
use lignaflow_store::jobs::{self, Busy, Job};
use lignaflow_store::subscribers::{self, Subscriber};
use lignaflow_store::{StoreError, Tx, notices};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How often it is looked for what is due.
const LOOK: Duration = Duration::from_millis(250);
/// How long what cannot be done now waits. It does not count as a try.
const OFF: Micros = 5 * SECOND;
/// Tries after which a plugin is told nothing more.
const TELLINGS: i64 = 8;
/// Tries of a job whose plugin does not say.
const TRIES: i64 = 8;

const SECOND: Micros = 1_000_000;
const MINUTE: Micros = 60 * SECOND;
const HOUR: Micros = 60 * MINUTE;

/// How long it waits after each try that failed; the last one stands for all after it.
const WAITS: [Micros; 7] = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR];

fn next_try(tries: i64, now: Micros, chance: u8) -> Micros {
    let last = WAITS.len() - 1;
    spread(WAITS[usize::try_from(tries - 1).unwrap_or_default().min(last)], now, chance)
}

/// What was taken over.
#[derive(Debug)]
enum Taken {
    Job(Box<Job>),
    Subscriber(Box<Subscriber>),
}

impl Taken {
    const fn organization(&self) -> OrganizationId {
        match self {
            Self::Job(job) => job.organization,
            Self::Subscriber(subscriber) => subscriber.organization,
        }
    }

    const fn plugin(&self) -> &PluginId {
        match self {
            Self::Job(job) => &job.plugin,
            Self::Subscriber(subscriber) => &subscriber.plugin,
        }
    }
}

/// Something that is being done of a plugin for an organization.
struct UnderWay(Jobs, (OrganizationId, PluginId));

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut under_way = self.0.0.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = under_way.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.1);
            }
        }
    }
}

/// Which of these have so many places that nothing is left for the others.
fn greedy<T: Ord>(places: impl Iterator<Item = (T, usize)>, most: usize) -> Vec<T> {
    let mut all: BTreeMap<T, usize> = BTreeMap::new();
    for (whose, count) in places {
        *all.entry(whose).or_default() += count;
    }
    all.into_iter().filter(|(_, count)| *count >= most).map(|(whose, _)| whose).collect()
}

impl Jobs {
    /// Does what is due until the shutdown begins, and what is under way then to its end.
    pub async fn work(self, shutdown: Shutdown) {
        if let Err(error) = self.0.store.free_jobs().await {
            tracing::warn!(%error, "what an earlier run of this host was doing is taken over later");
        }
        let places = Arc::new(Semaphore::new(usize::try_from(self.0.settings.at_once).unwrap_or(1)));
        let mut jobs_first = true;
        loop {
            let place = tokio::select! {
                () = shutdown.begun() => break,
                place = places.clone().acquire_owned() => place,
            };
            let Ok(place) = place else { break };
            jobs_first = !jobs_first;
            let holder = Id::fresh();
            match self.take(holder, jobs_first).await {
                Ok(Some(taken)) => {
                    let this = self.clone();
                    let under_way = this.begin(&taken);
                    tokio::spawn(async move {
                        Box::pin(this.see_through(taken, holder)).await;
                        drop((under_way, place));
                    });
                }
                nothing => {
                    if let Err(error) = nothing {
                        tracing::debug!(%error, "it cannot be looked for jobs");
                    }
                    drop(place);
                    tokio::select! {
                        () = shutdown.begun() => break,
                        () = tokio::time::sleep(LOOK) => {}
                        () = self.0.store.signal().asked() => {}
                    }
                }
            }
        }
        let _ = places.acquire_many(self.0.settings.at_once).await;
    }

    fn begin(&self, taken: &Taken) -> UnderWay {
        let whose = (taken.organization(), taken.plugin().clone());
        let mut under_way = self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        *under_way.entry(whose.clone()).or_default() += 1;
        drop(under_way);
        UnderWay(self.clone(), whose)
    }

    /// Organizations that leave one place to the others, and plugins that do.
    fn busy(&self) -> Busy {
        let most = usize::try_from(self.0.settings.at_once.saturating_sub(1)).unwrap_or(usize::MAX).max(1);
        let under_way = self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let places = || under_way.iter().map(|((organization, plugin), count)| (*organization, plugin, *count));
        Busy {
            organizations: greedy(places().map(|(organization, _, count)| (organization, count)), most),
            plugins: greedy(places().map(|(_, plugin, count)| (plugin.clone(), count)), most),
        }
    }

    async fn take(&self, holder: Id, jobs_first: bool) -> Result<Option<Taken>, StoreError> {
        let now = self.0.clock.now();
        let busy = self.busy();
        for jobs in [jobs_first, !jobs_first] {
            let taken = if jobs {
                let job = self.0.store.claim_job(holder, now, now + LEASE, &busy).await?;
                job.map(|job| Taken::Job(Box::new(job)))
            } else {
                let subscriber = self.0.store.claim_subscriber(holder, now, now + LEASE, &busy).await?;
                subscriber.map(|subscriber| Taken::Subscriber(Box::new(subscriber)))
            };
            if taken.is_some() {
                return Ok(taken);
            }
        }
        Ok(None)
    }

    /// Tries it once, and keeps what came of that.
    async fn see_through(&self, taken: Taken, holder: Id) {
        let begun = Instant::now();
        let tried = self.held(&taken, holder).await;
        let outcome = match &tried {
            Ok(Tried::Kept(_)) => "kept",
            Ok(Tried::Overtaken) => "overtaken",
            Err(Trouble::Failed(_)) => "failed",
            Err(Trouble::Later(_)) => "put-off",
        };
        let plugin = taken.plugin().to_string();
        match &taken {
            Taken::Job(job) => {
                let name = job.name.to_string();
                metrics::counter!("lignaflow_job_slices_total", "plugin" => plugin.clone(), "job" => name.clone(), "outcome" => outcome)
                    .increment(1);
                metrics::histogram!("lignaflow_job_slice_duration_seconds", "plugin" => plugin, "job" => name)
                    .record(begun.elapsed());
            }
            Taken::Subscriber(_) => {
                let told =
                    if let Ok(Tried::Kept(told)) = &tried { u64::try_from(*told).unwrap_or_default() } else { 0 };
                metrics::counter!("lignaflow_subscriber_events_total", "plugin" => plugin.clone()).increment(told);
                metrics::counter!("lignaflow_subscriber_calls_total", "plugin" => plugin, "outcome" => outcome)
                    .increment(1);
            }
        }
        let settled = match (tried, taken) {
            (Ok(_), _) => Ok(()),
            (Err(Trouble::Later(fault)), taken) => self.put_off(&taken, holder, &fault).await,
            (Err(Trouble::Failed(fault)), Taken::Job(job)) => self.job_failed(*job, holder, fault).await,
            (Err(Trouble::Failed(fault)), Taken::Subscriber(told)) => self.telling_failed(*told, holder, fault).await,
        };
        if let Err(fault) = settled {
            // Nothing of it is kept, so it is another try once the lease has run out.
            tracing::warn!(%fault, "what came of a job could not be noted");
        }
    }

    /// Tries it, and says for as long as it takes that it is being done.
    async fn held(&self, taken: &Taken, holder: Id) -> Result<Tried, Trouble> {
        let tried = self.tried(taken, holder);
        tokio::pin!(tried);
        loop {
            tokio::select! {
                outcome = &mut tried => return outcome,
                () = tokio::time::sleep(RENEW) => {}
            }
            let until = self.0.clock.now() + LEASE;
            let held = match taken {
                Taken::Job(job) => self.0.store.hold_job(job, holder, until).await,
                Taken::Subscriber(subscriber) => self.0.store.hold_subscriber(subscriber, holder, until).await,
            };
            if matches!(held, Ok(false)) {
                return Ok(Tried::Overtaken);
            }
        }
    }

    async fn tried(&self, taken: &Taken, holder: Id) -> Result<Tried, Trouble> {
        let caller = self.plugin(taken.organization(), taken.plugin()).await?;
        match taken {
            Taken::Subscriber(subscriber) => self.0.records.tell(&caller, subscriber, holder).await,
            Taken::Job(job) if job.attempts > self.tries(job) => Err(Trouble::Failed(Fault::internal())),
            Taken::Job(job) if self.is_undeclared(job) => Err(Trouble::Failed(Fault::not_found(format_args!(
                "job `{}` in this version of the plugin {}",
                job.name, job.plugin
            )))),
            Taken::Job(job) => self.0.records.run_job(&caller, job, holder).await,
        }
    }

    fn is_undeclared(&self, job: &Job) -> bool {
        let snapshot = self.0.registry.current();
        snapshot.plugin(&job.plugin).is_some_and(|plugin| plugin.descriptor().job(job.name.as_str()).is_none())
    }

    fn tries(&self, job: &Job) -> i64 {
        let snapshot = self.0.registry.current();
        let declared = snapshot.plugin(&job.plugin).and_then(|plugin| plugin.descriptor().job(job.name.as_str()));
        declared.map_or(TRIES, |declared| i64::from(declared.attempts()))
    }

    /// The plugin as a caller.
    async fn plugin(&self, organization: OrganizationId, plugin: &PluginId) -> Result<Caller, Trouble> {
        let caller = self.0.identity.of_plugin(organization, plugin, RequestId(Id::fresh())).await;
        caller.map_err(Trouble::Later)?.ok_or_else(|| Trouble::Failed(Fault::not_found("organization")))
    }

    async fn put_off(&self, taken: &Taken, holder: Id, fault: &Fault) -> Result<(), Fault> {
        tracing::debug!(%fault, plugin = %taken.plugin(), "work of a plugin is put off");
        let later = self.0.clock.now() + OFF;
        let put_off = match taken {
            Taken::Job(job) => self.0.store.put_job_off(job, holder, later).await,
            Taken::Subscriber(subscriber) => self.0.store.put_subscriber_off(subscriber, holder, later).await,
        };
        put_off.map(|_| ()).map_err(unavailable)
    }

    async fn job_failed(&self, job: Job, holder: Id, fault: Fault) -> Result<(), Fault> {
        let now = self.0.clock.now();
        let error = told(&fault);
        let last = job.attempts >= self.tries(&job);
        let later = next_try(job.attempts, now, chance());
        self.write(move |tx| {
            Box::pin(async move {
                if !last {
                    return jobs::failed(tx, &job, holder, &error, later, now).await.map(|_| ());
                }
                if jobs::give_up(tx, &job, holder, &error, now).await? {
                    tracing::warn!(job = %job.id, plugin = %job.plugin, name = %job.name, error, "a job has failed");
                    let detail = json!({ "job": job.id.to_string(), "plugin": job.plugin.as_str(), "name": job.name.as_str(), "error": error });
                    notice(tx, job.organization, "job.failed", detail, now).await?;
                    let title = format!("A job of {} has failed", job.plugin);
                    let key = format!("job {} {}", job.plugin, job.name);
                    let path = "/admin/jobs?state=failed";
                    notices::tell_administrators(tx, job.organization, &key, (&title, &error), path, now).await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn telling_failed(&self, subscriber: Subscriber, holder: Id, fault: Fault) -> Result<(), Fault> {
        let now = self.0.clock.now();
        let error = told(&fault);
        let later = (subscriber.failures < TELLINGS).then(|| next_try(subscriber.failures, now, chance()));
        self.write(move |tx| {
            Box::pin(async move {
                let kept = subscribers::failed(tx, &subscriber, holder, &error, later, now).await?;
                if kept && later.is_none() {
                    tracing::warn!(plugin = %subscriber.plugin, error, "a plugin is told of no more changes");
                    let detail = json!({ "plugin": subscriber.plugin.as_str(), "error": error });
                    notice(tx, subscriber.organization, "subscriber.parked", detail, now).await?;
                    let title = format!("{} is told of no more changes", subscriber.plugin);
                    let key = format!("subscriber {}", subscriber.plugin);
                    let said = (title.as_str(), error.as_str());
                    notices::tell_administrators(tx, subscriber.organization, &key, said, "/admin/jobs", now).await?;
                }
                Ok(())
            })
        })
        .await
    }
}

/// A fault with its issues, as it is kept.
fn told(fault: &Fault) -> String {
    let mut text = fault.message.clone();
    for issue in fault.issues.iter().take(5).filter(|issue| !fault.message.contains(&issue.message)) {
        text.push(' ');
        text.push_str(&issue.message);
    }
    text.replace('\0', " ").chars().take(1_000).collect()
}

/// A line in the audit, which pages show as a notice.
async fn notice(
    tx: &mut Tx,
    organization: OrganizationId,
    kind: &str,
    detail: Json,
    at: Micros,
) -> Result<(), StoreError> {
    let event = Event {
        organization: Some(organization),
        at,
        person: None,
        kind: kind.to_owned(),
        address: String::new(),
        token: None,
        detail,
    };
    audit::append(tx, &event).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_farther_and_farther_apart() {
        let mut former = 0;
        for tries in 1..=7 {
            let (early, late) = (next_try(tries, 0, 0), next_try(tries, 0, 255));
            assert!(late > former && early < late && early * 3 == late * 2, "{early} {late}");
            former = late;
        }
        assert_eq!(next_try(20, 0, 255), next_try(7, 0, 255));
    }
}
