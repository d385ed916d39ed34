//! What administrators do with webhooks, and what is written down of it.

use super::Webhooks;
use super::form::Form;
use super::seal::{Seal, SealFault};
use crate::auth::Signed;
use lignaflow_core::caller::{Access, Permission};
use lignaflow_core::clock::Micros;
use lignaflow_core::{ErrorCode, Fault, Id, OrganizationId, PersonId};
use lignaflow_identity::Client;
use lignaflow_store::identity::audit::{self, Event};
use lignaflow_store::webhooks::deliveries::{self, Delivery, Which};
use lignaflow_store::webhooks::{self, MAX_WAITING, Paused, Webhook};
use lignaflow_store::{StoreError, Tx};
use serde_json::{Value as Json, json};
use std::ops::Range;

/// Webhooks of one organization.
const MOST: usize = 20;
/// How long the former secret signs beside a new one, in microseconds.
const OVERLAP: Micros = 24 * 60 * 60 * 1_000_000;

/// Who acts, and on which organization's webhooks.
#[derive(Debug, Clone)]
struct Actor {
    organization: OrganizationId,
    person: PersonId,
    address: String,
    token: Option<Id>,
}

impl Actor {
    fn event(&self, at: Micros, kind: &str, webhook: Id, mut detail: Json) -> Event {
        detail["webhook"] = json!(webhook.to_string());
        Event {
            organization: Some(self.organization),
            at,
            person: Some(self.person),
            kind: kind.to_owned(),
            address: self.address.clone(),
            token: self.token,
            detail,
        }
    }
}

fn administrator(signed: &Signed, client: &Client) -> Result<Actor, Fault> {
    may(signed)?;
    Ok(Actor {
        organization: signed.caller.organization,
        person: signed.authenticated.person.id,
        address: client.address.map(|address| address.to_string()).unwrap_or_default(),
        token: signed.authenticated.token(),
    })
}

fn may(signed: &Signed) -> Result<(), Fault> {
    if signed.caller.holds(Permission::ADMINISTER) {
        return Ok(());
    }
    Err(Fault::denied("Only administrators see and change an organization's webhooks."))
}

fn none() -> Fault {
    Fault::not_found("webhook")
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
pub(super) fn unavailable(error: StoreError) -> Fault {
    tracing::error!(%error, "the webhooks' tables could not be used");
    Fault::new(
        ErrorCode::Unavailable,
        "The database cannot be reached just now. Nothing was changed; try again shortly.",
    )
}

fn sealing(error: SealFault) -> Fault {
    tracing::error!(%error, "a webhook's secret could not be kept");
    Fault::internal()
}

impl Webhooks {
    /// The organization's webhooks, the oldest first.
    pub async fn all(&self, signed: &Signed) -> Result<Vec<Webhook>, Fault> {
        may(signed)?;
        let limit = u32::try_from(MOST).unwrap_or(u32::MAX);
        webhooks::of(self.0.store.database(), signed.caller.organization, limit).await.map_err(unavailable)
    }

    pub async fn one(&self, signed: &Signed, id: Id) -> Result<Webhook, Fault> {
        may(signed)?;
        let found = webhooks::one(self.0.store.database(), signed.caller.organization, id).await;
        found.map_err(unavailable)?.ok_or_else(none)
    }

    /// Makes a webhook that is told of what changes from now on. Its secret is answered here and never again.
    pub async fn create(&self, signed: &Signed, client: &Client, form: &Form) -> Result<(Webhook, String), Fault> {
        let actor = administrator(signed, client)?;
        let form = Form {
            url: Some(form.url.clone().unwrap_or_default()),
            description: Some(form.description.clone().unwrap_or_default()),
            collections: Some(form.collections.clone().unwrap_or_default()),
            kinds: Some(form.kinds.clone().unwrap_or_default()),
        };
        let (read, issues) = form.read(actor.organization, &self.0.registry.current(), self.0.outside.is_private());
        if !issues.is_empty() {
            return Err(Fault::invalid(issues));
        }
        let horizon = self.0.store.log_horizon(Access::of_plugin(actor.organization)).await.map_err(unavailable)?;
        let (now, id) = (self.0.clock.now(), Id::fresh());
        let secret = Seal::fresh().map_err(sealing)?;
        let webhook = Webhook {
            organization: actor.organization,
            id,
            url: read.url.unwrap_or_default(),
            description: read.description.unwrap_or_default(),
            collections: read.collections.unwrap_or_default(),
            kinds: read.kinds.unwrap_or_default(),
            secret: self.0.seal.close(actor.organization, id, &secret).map_err(sealing)?,
            former_secret: None,
            paused: None,
            failing_since: None,
            failures: 0,
            created_by: actor.person,
            created_at: now,
            updated_at: now,
            position: horizon.position,
            begins: horizon.seen,
        };
        let made = webhook.clone();
        let event = actor.event(now, "webhook.created", id, json!({ "url": made.url }));
        let room = self
            .write(move |tx| {
                Box::pin(async move {
                    lignaflow_store::identity::organizations::lock(tx, made.organization).await?;
                    let standing = webhooks::of(&mut *tx, made.organization, u32::MAX).await?;
                    if standing.len() >= MOST {
                        return Ok(false);
                    }
                    webhooks::insert(tx, &made).await?;
                    audit::append(tx, &event).await?;
                    Ok(true)
                })
            })
            .await?;
        if room {
            return Ok((webhook, secret));
        }
        Err(Fault::new(ErrorCode::Quota, format!("An organization has at most {MOST} webhooks; remove one first.")))
    }

    pub async fn change(&self, signed: &Signed, client: &Client, id: Id, form: &Form) -> Result<Webhook, Fault> {
        let actor = administrator(signed, client)?;
        let (read, issues) = form.read(actor.organization, &self.0.registry.current(), self.0.outside.is_private());
        if !issues.is_empty() {
            return Err(Fault::invalid(issues));
        }
        let detail = json!({ "url": read.url });
        self.save(actor, id, "webhook.changed", detail, move |webhook| {
            if let Some(url) = read.url {
                webhook.url = url;
            }
            if let Some(description) = read.description {
                webhook.description = description;
            }
            if let Some(collections) = read.collections {
                webhook.collections = collections;
            }
            if let Some(kinds) = read.kinds {
                webhook.kinds = kinds;
            }
        })
        .await
    }

    /// Gives it another secret. The former one signs as well for a day, so that receivers can follow.
    pub async fn rotate(&self, signed: &Signed, client: &Client, id: Id) -> Result<(Webhook, String), Fault> {
        let actor = administrator(signed, client)?;
        let secret = Seal::fresh().map_err(sealing)?;
        let sealed = self.0.seal.close(actor.organization, id, &secret).map_err(sealing)?;
        let until = self.0.clock.now() + OVERLAP;
        let webhook = self.save(actor, id, "webhook.secret-rotated", json!({}), move |webhook| {
            let former = std::mem::replace(&mut webhook.secret, sealed);
            webhook.former_secret = Some((former, until));
        });
        Ok((webhook.await?, secret))
    }

    /// Stops sending. What changes meanwhile is told once it is resumed.
    pub async fn pause(&self, signed: &Signed, client: &Client, id: Id) -> Result<Webhook, Fault> {
        let actor = administrator(signed, client)?;
        let now = self.0.clock.now();
        self.save(actor, id, "webhook.paused", json!({ "why": Paused::ByHand.as_str() }), move |webhook| {
            webhook.paused.get_or_insert((Paused::ByHand, now));
        })
        .await
    }

    /// Goes on where it was paused. Where its owner is gone, whoever resumes it becomes its owner.
    pub async fn resume(&self, signed: &Signed, client: &Client, id: Id) -> Result<Webhook, Fault> {
        let actor = administrator(signed, client)?;
        let person = actor.person;
        self.save(actor, id, "webhook.resumed", json!({}), move |webhook| {
            if matches!(webhook.paused, Some((Paused::Owner, _))) {
                webhook.created_by = person;
            }
            webhook.paused = None;
            webhook.failing_since = None;
            webhook.failures = 0;
        })
        .await
    }

    pub async fn remove(&self, signed: &Signed, client: &Client, id: Id) -> Result<(), Fault> {
        let actor = administrator(signed, client)?;
        let event = actor.event(self.0.clock.now(), "webhook.removed", id, json!({}));
        let organization = actor.organization;
        let removed = self
            .write(move |tx| {
                Box::pin(async move {
                    let removed = webhooks::remove(tx, organization, id).await?;
                    if removed {
                        audit::append(tx, &event).await?;
                    }
                    Ok(removed)
                })
            })
            .await?;
        if removed { Ok(()) } else { Err(none()) }
    }

    /// What it was told, the latest first.
    pub async fn deliveries(&self, signed: &Signed, id: Id, which: Which, limit: u32) -> Result<Vec<Delivery>, Fault> {
        self.one(signed, id).await?;
        let found = deliveries::of(self.0.store.database(), signed.caller.organization, id, which, limit).await;
        found.map_err(unavailable)
    }

    /// Has one delivery tried again.
    pub async fn replay(&self, signed: &Signed, client: &Client, id: Id, delivery: Id) -> Result<(), Fault> {
        let actor = administrator(signed, client)?;
        let now = self.0.clock.now();
        let event = actor.event(now, "webhook.replayed", id, json!({ "delivery": delivery.to_string() }));
        let organization = actor.organization;
        let there = self
            .write(move |tx| {
                Box::pin(async move {
                    let there = deliveries::replay(tx, organization, id, delivery, now).await?;
                    if there {
                        audit::append(tx, &event).await?;
                    }
                    Ok(there)
                })
            })
            .await?;
        if there { Ok(()) } else { Err(Fault::not_found("delivery")) }
    }

    /// Has the deliveries of what was changed in a time tried again. How many those are.
    pub async fn replay_range(
        &self,
        signed: &Signed,
        client: &Client,
        id: Id,
        range: Range<Micros>,
    ) -> Result<u64, Fault> {
        let actor = administrator(signed, client)?;
        self.one(signed, id).await?;
        let now = self.0.clock.now();
        let room = u32::try_from(MAX_WAITING).unwrap_or(u32::MAX);
        let organization = actor.organization;
        self.write(move |tx| {
            Box::pin(async move {
                let count = deliveries::replay_range(tx, organization, id, range, room, now).await?;
                let event = actor.event(now, "webhook.replayed", id, json!({ "count": count }));
                audit::append(tx, &event).await?;
                Ok(count)
            })
        })
        .await
    }

    async fn save(
        &self,
        actor: Actor,
        id: Id,
        kind: &'static str,
        detail: Json,
        change: impl FnOnce(&mut Webhook) + Send + 'static,
    ) -> Result<Webhook, Fault> {
        let now = self.0.clock.now();
        let kept = self
            .write(move |tx| {
                Box::pin(async move {
                    // Those who change webhooks take turns, also with the worker that pauses them.
                    lignaflow_store::identity::organizations::lock(tx, actor.organization).await?;
                    let Some(mut webhook) = webhooks::one(&mut *tx, actor.organization, id).await? else {
                        return Ok(None);
                    };
                    change(&mut webhook);
                    webhook.updated_at = now;
                    webhooks::save(tx, &webhook).await?;
                    audit::append(tx, &actor.event(now, kind, id, detail)).await?;
                    Ok(Some(webhook))
                })
            })
            .await?;
        kept.ok_or_else(none)
    }

    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, Fault>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> futures_util::future::BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
    {
        self.0.store.database().write(work).await.map_err(unavailable)
    }
}
