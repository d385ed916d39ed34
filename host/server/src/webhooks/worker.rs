//! From the change log to deliveries, and from deliveries to answers: by the host that holds the lease. What it writes
//! it writes under the lease, so that a host which has lost it without knowing does no harm; what it sends may arrive
//! twice then.

use super::acts::unavailable;
use super::outside::Letter;
use super::seal::signature;
use super::{Webhooks, says};
use crate::background::{Round, chance, spread};
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::clock::Micros;
use lignaflow_core::mutation::Origin;
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Fault, Id, OrganizationId, RequestId};
use lignaflow_store::identity::audit::{self, Event};
use lignaflow_store::webhooks::deliveries::{self, Delivery, State, Tried};
use lignaflow_store::webhooks::{self, Paused, Webhook};
use lignaflow_store::{Lease, Tx, notices};
use serde_json::json;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// A webhook of an organization.
pub(super) type Key = (OrganizationId, Id);

/// Changes that are turned into deliveries at once.
const SLICE: u16 = 200;
/// Webhooks that one round feeds, and that one looks for those with something to send.
const FED: u32 = 100;
const SENT: u32 = 200;
/// Records of one webhook that are told of at once.
const SIDE_BY_SIDE: u32 = 4;
/// How long the log of what was delivered is kept.
const KEEP: Micros = 30 * 24 * 60 * MINUTE;
const FORGOTTEN: u32 = 500;

const SECOND: Micros = 1_000_000;
const MINUTE: Micros = 60 * SECOND;
const HOUR: Micros = 60 * MINUTE;

/// How long it waits after each try that failed; after the one that follows the last, it is given up: after some
/// twenty hours.
const WAITS: [Micros; 7] = [10 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 12 * HOUR];
/// It is paused when nothing has arrived for so long, in so many tries.
const FAILING_FOR: Micros = 3 * 24 * HOUR;
const FAILING_TRIES: i64 = 16;

/// When to try again after so many tries. None where it is given up.
fn next_try(tries: i64, now: Micros, chance: u8) -> Option<Micros> {
    let wait = usize::try_from(tries - 1).ok().and_then(|index| WAITS.get(index))?;
    Some(spread(*wait, now, chance))
}

impl Webhooks {
    /// One round of the duty.
    pub async fn round(self, lease: Lease) -> Result<Round, Fault> {
        let mut more = self.forget(&lease).await?;
        let behind = webhooks::behind(self.0.store.database(), self.0.store.dialect(), FED).await;
        for webhook in behind.map_err(unavailable)? {
            more |= self.feed(&lease, webhook).await?;
        }
        let due = deliveries::due_webhooks(self.0.store.database(), self.0.clock.now(), SENT).await;
        for key in due.map_err(unavailable)? {
            self.begin(key, lease.clone());
        }
        Ok(if more { Round::More } else { Round::Done })
    }

    /// Turns the next slice of the log into deliveries of one webhook. Whether there is more.
    async fn feed(&self, lease: &Lease, webhook: Webhook) -> Result<bool, Fault> {
        let store = &self.0.store;
        let access = Access::of_plugin(webhook.organization);
        let horizon = store.log_horizon(access).await.map_err(unavailable)?;
        let snapshot = self.0.registry.current();
        let names: Vec<CollectionName> = snapshot
            .catalog
            .schemas()
            .map(|schema| &schema.name)
            .filter(|name| snapshot.is_enabled(webhook.organization, &name.plugin))
            .filter(|name| webhook.collections.is_empty() || webhook.collections.contains(name))
            .cloned()
            .collect();
        let entries = store.changes_between(access, webhook.position, horizon.position, Some(&names), SLICE);
        let mut entries = entries.await.map_err(unavailable)?;
        let full = entries.len() == usize::from(SLICE);
        let next = entries.last().filter(|_| full).map_or(horizon.position, |last| last.position);
        // Nobody did anything to a record that a plugin's next version has carried over.
        entries.retain(|entry| entry.origin != Origin::MIGRATION);
        entries.retain(|entry| webhook.begins.as_ref().is_none_or(|seen| !seen.holds(entry.position)));
        entries.retain(|entry| webhook.kinds.is_empty() || webhook.kinds.contains(&entry.kind));
        let (lease, now) = (lease.clone(), self.0.clock.now());
        self.write(move |tx| {
            Box::pin(async move {
                if lease.holds(tx).await? && webhooks::advance(tx, &webhook, next).await? {
                    deliveries::add(tx, &webhook, &entries, now).await?;
                }
                Ok(())
            })
        })
        .await?;
        Ok(full)
    }

    /// Forgets what was delivered long ago. Whether there is more.
    async fn forget(&self, lease: &Lease) -> Result<bool, Fault> {
        let now = self.0.clock.now();
        if now - self.0.forgot_at.load(Ordering::Relaxed) < HOUR {
            return Ok(false);
        }
        let (lease, before) = (lease.clone(), now - KEEP);
        let forgotten = self.write(move |tx| {
            Box::pin(async move {
                if !lease.holds(tx).await? {
                    return Ok(0);
                }
                deliveries::forget(tx, before, FORGOTTEN).await
            })
        });
        let more = forgotten.await? == u64::from(FORGOTTEN);
        if !more {
            self.0.forgot_at.store(now, Ordering::Relaxed);
        }
        Ok(more)
    }

    /// Has a webhook told what waits for it, unless it is being told already.
    fn begin(&self, key: Key, lease: Lease) {
        if !self.0.sending.lock().unwrap_or_else(PoisonError::into_inner).insert(key) {
            return;
        }
        let webhooks = self.clone();
        tokio::spawn(async move {
            let _sending = Sending(webhooks.clone(), key);
            if let Err(fault) = webhooks.tell(key, &lease).await {
                tracing::warn!(%fault, webhook = %key.1, "deliveries could not be sent");
            }
        });
    }

    /// Sends until nothing is due, or somebody else holds the lease.
    async fn tell(&self, (organization, id): Key, lease: &Lease) -> Result<(), Fault> {
        loop {
            let database = self.0.store.database();
            let webhook = webhooks::one(database, organization, id).await.map_err(unavailable)?;
            let Some(webhook) = webhook.filter(|webhook| webhook.paused.is_none()) else { return Ok(()) };
            let declared = self.0.registry.current().catalog.declared().clone();
            let request = RequestId(Id::fresh());
            let owner = self.0.identity.acting(organization, webhook.created_by, request, &declared).await?;
            let Some(owner) = owner.filter(|owner| owner.to_read().is_ok()) else {
                return self.pause_by_itself(&webhook, Paused::Owner, lease).await;
            };
            let due =
                deliveries::due(database, &webhook, self.0.clock.now(), SIDE_BY_SIDE).await.map_err(unavailable)?;
            if due.is_empty() {
                return Ok(());
            }
            let told = due.iter().map(|delivery| self.deliver(&webhook, &owner, delivery, lease));
            for kept in futures_util::future::join_all(told).await {
                if !kept? {
                    return Ok(());
                }
            }
        }
    }

    /// Sends one delivery once. Whether what came of it was kept.
    async fn deliver(
        &self,
        webhook: &Webhook,
        owner: &Caller,
        delivery: &Delivery,
        lease: &Lease,
    ) -> Result<bool, Fault> {
        let snapshot = self.0.registry.seen_by(owner);
        let change = self.0.records.rebuilt(owner, &snapshot, delivery.position).await?;
        let now = self.0.clock.now();
        let Some(change) = change else {
            let (lease, delivery) = (lease.clone(), delivery.clone());
            return self
                .write(move |tx| {
                    Box::pin(async move {
                        let held = lease.holds(tx).await?;
                        if held {
                            deliveries::withhold(tx, &delivery, now).await?;
                        }
                        Ok(held)
                    })
                })
                .await;
        };
        let body = says::body(delivery.id, webhook.id, webhook.organization.0, &change).to_string().into_bytes();
        let tried = match self.secrets(webhook, now) {
            Ok(secrets) => {
                let signature = signature(&secrets, now / SECOND, &body);
                let event = delivery.id.to_string();
                let letter = Letter { url: &webhook.url, event, attempt: delivery.tries + 1, signature, body };
                let _place = self.0.under_way.acquire().await;
                self.0.outside.send(letter, now).await
            }
            Err(fault) => {
                Tried { at: now, status: None, took_ms: 0, answer: None, error: Some(format!("Not sent: {fault}.")) }
            }
        };
        self.keep(webhook, delivery, tried, lease).await
    }

    /// The secrets that sign: the one in use, and for a while the one before.
    fn secrets(&self, webhook: &Webhook, now: Micros) -> Result<Vec<String>, super::seal::SealFault> {
        let open = |sealed: &[u8]| self.0.seal.open(webhook.organization, webhook.id, sealed);
        let mut secrets = vec![open(&webhook.secret)?];
        if let Some((former, until)) = &webhook.former_secret
            && *until > now
        {
            secrets.push(open(former)?);
        }
        Ok(secrets)
    }

    async fn keep(&self, webhook: &Webhook, delivery: &Delivery, tried: Tried, lease: &Lease) -> Result<bool, Fault> {
        let arrived = tried.status.is_some_and(|status| (200..300).contains(&status));
        metrics::counter!("webhook_tries_total", "arrived" => if arrived { "yes" } else { "no" }).increment(1);
        let now = self.0.clock.now();
        let (state, due_at) = match next_try(delivery.tries + 1, now, chance()) {
            _ if arrived => (State::Delivered, now),
            Some(later) => (State::Waiting, later),
            None => (State::GivenUp, now),
        };
        let (lease, webhook, delivery) = (lease.clone(), webhook.clone(), delivery.clone());
        self.write(move |tx| {
            Box::pin(async move {
                if !lease.holds(tx).await? || !deliveries::settle(tx, &delivery, state, due_at, &tried).await? {
                    return Ok(false);
                }
                if arrived {
                    webhooks::succeeded(tx, webhook.organization, webhook.id).await?;
                } else if let Some((since, failures)) =
                    webhooks::failed(tx, webhook.organization, webhook.id, now).await?
                    && now - since >= FAILING_FOR
                    && failures >= FAILING_TRIES
                {
                    paused(tx, &webhook, Paused::Failing, now).await?;
                }
                Ok(true)
            })
        })
        .await
    }

    async fn pause_by_itself(&self, webhook: &Webhook, why: Paused, lease: &Lease) -> Result<(), Fault> {
        let (lease, webhook, now) = (lease.clone(), webhook.clone(), self.0.clock.now());
        self.write(move |tx| {
            Box::pin(async move { if lease.holds(tx).await? { paused(tx, &webhook, why, now).await } else { Ok(()) } })
        })
        .await
    }
}

/// Pauses with a line in the audit, which its page shows as a notice.
async fn paused(tx: &mut Tx, webhook: &Webhook, why: Paused, now: Micros) -> Result<(), lignaflow_store::StoreError> {
    if webhooks::pause(tx, webhook.organization, webhook.id, why, now).await? {
        tracing::warn!(webhook = %webhook.id, why = why.as_str(), "a webhook was paused");
        let event = Event {
            organization: Some(webhook.organization),
            at: now,
            person: None,
            kind: "webhook.paused".to_owned(),
            address: String::new(),
            token: None,
            detail: json!({ "webhook": webhook.id.to_string(), "why": why.as_str() }),
        };
        audit::append(tx, &event).await?;
        let said = ("A webhook is paused", "Nothing is told to it until an administrator says so.");
        let (key, path) = (format!("webhook {}", webhook.id), format!("/admin/webhooks/{}", webhook.id));
        notices::tell_administrators(tx, webhook.organization, &key, said, &path, now).await?;
    }
    Ok(())
}

/// A webhook that is being told.
struct Sending(Webhooks, Key);

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.0.sending.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_farther_and_farther_apart_for_most_of_a_day_and_then_end() {
        let mut at = 0;
        let mut former = 0;
        for tries in 1..=7 {
            let (early, late) = (next_try(tries, at, 0).unwrap(), next_try(tries, at, 255).unwrap());
            let wait = late - at;
            assert!(wait > former && early < late && (early - at) * 3 == wait * 2, "{early} {late}");
            former = wait;
            at = late;
        }
        assert!((20 * HOUR..=26 * HOUR).contains(&at));
        assert_eq!(next_try(8, at, 0), None);
    }
}
