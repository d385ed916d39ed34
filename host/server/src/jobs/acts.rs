//! What administrators see of jobs, of the times at which they are done, and of what plugins are told; and what they do.

use super::{Jobs, unavailable};
use crate::auth::Signed;
use lignaflow_core::caller::Permission;
use lignaflow_core::name::PluginId;
use lignaflow_core::{ErrorCode, Fault, Id};
use lignaflow_identity::Client;
use lignaflow_store::identity::audit::{self, Event};
use lignaflow_store::jobs::{self, Job, Which};
use lignaflow_store::schedules::{self, Scheduled};
use lignaflow_store::subscribers::{self, Subscriber};
use lignaflow_store::{StoreError, Tx};
use serde_json::{Value as Json, json};

fn may(signed: &Signed) -> Result<(), Fault> {
    if signed.caller.holds(Permission::ADMINISTER) {
        return Ok(());
    }
    Err(Fault::denied("Only administrators see and change an organization's jobs."))
}

/// What is written down of an act.
fn event(signed: &Signed, client: &Client, kind: &str, detail: Json) -> Event {
    Event {
        organization: Some(signed.caller.organization),
        at: signed.caller.now,
        person: Some(signed.authenticated.person.id),
        kind: kind.to_owned(),
        address: client.address.map(|address| address.to_string()).unwrap_or_default(),
        token: signed.authenticated.token(),
        detail,
    }
}

impl Jobs {
    /// The jobs of the organization, those asked for last first.
    pub async fn all(&self, signed: &Signed, which: &Which, limit: u32) -> Result<Vec<Job>, Fault> {
        may(signed)?;
        jobs::of(self.0.store.database(), signed.caller.organization, which, limit).await.map_err(unavailable)
    }

    pub async fn one(&self, signed: &Signed, id: Id) -> Result<Job, Fault> {
        may(signed)?;
        let found = jobs::one(self.0.store.database(), signed.caller.organization, id).await.map_err(unavailable)?;
        found.ok_or_else(|| Fault::not_found("job"))
    }

    /// When jobs are done by themselves, the next one first.
    pub async fn schedules(&self, signed: &Signed) -> Result<Vec<Scheduled>, Fault> {
        may(signed)?;
        schedules::of(self.0.store.database(), signed.caller.organization).await.map_err(unavailable)
    }

    /// The plugins that are told of changes.
    pub async fn subscribers(&self, signed: &Signed) -> Result<Vec<Subscriber>, Fault> {
        may(signed)?;
        subscribers::of(self.0.store.database(), signed.caller.organization).await.map_err(unavailable)
    }

    /// Has a job that failed or was cancelled go on where it stopped.
    pub async fn retry(&self, signed: &Signed, client: &Client, id: Id) -> Result<Job, Fault> {
        self.one(signed, id).await?;
        let (organization, now) = (signed.caller.organization, self.0.clock.now());
        let event = event(signed, client, "job.retried", json!({ "job": id.to_string() }));
        let retried = self.0.store.database().write(move |tx: &mut Tx| {
            Box::pin(async move {
                let retried = jobs::retry(tx, organization, id, now).await?;
                if retried {
                    audit::append(tx, &event).await?;
                }
                Ok::<_, StoreError>(retried)
            })
        });
        match retried.await {
            Ok(true) => {}
            Ok(false) => {
                return Err(Fault::new(ErrorCode::Conflict, "Only a job that failed or was cancelled is tried again."));
            }
            Err(StoreError::Unique(_)) => {
                return Err(Fault::new(ErrorCode::Conflict, "The same was asked for anew, and waits already."));
            }
            Err(error) => return Err(unavailable(error)),
        }
        self.0.store.signal().ask();
        self.one(signed, id).await
    }

    /// Ends a job that waits or is being done. Nothing of what is being done just now is kept.
    pub async fn cancel(&self, signed: &Signed, client: &Client, id: Id) -> Result<Job, Fault> {
        self.one(signed, id).await?;
        let (organization, now) = (signed.caller.organization, self.0.clock.now());
        let event = event(signed, client, "job.cancelled", json!({ "job": id.to_string() }));
        let cancelled = self.write(move |tx| {
            Box::pin(async move {
                let cancelled = jobs::cancel(tx, organization, id, now).await?;
                if cancelled {
                    audit::append(tx, &event).await?;
                }
                Ok(cancelled)
            })
        });
        if !cancelled.await? {
            return Err(Fault::new(ErrorCode::Conflict, "This job has ended already."));
        }
        self.one(signed, id).await
    }

    /// Has a plugin told of changes again, from where it stopped.
    pub async fn resume(&self, signed: &Signed, client: &Client, plugin: &PluginId) -> Result<Subscriber, Fault> {
        let standing = self.subscribers(signed).await?;
        let none = || Fault::not_found(format_args!("plugin `{plugin}` that is told of changes"));
        let known = standing.into_iter().find(|subscriber| subscriber.plugin == *plugin).ok_or_else(none)?;
        if known.parked_at.is_none() {
            return Err(Fault::new(ErrorCode::Conflict, "This plugin is told of changes already."));
        }
        let (organization, now) = (signed.caller.organization, self.0.clock.now());
        let event = event(signed, client, "subscriber.resumed", json!({ "plugin": plugin.as_str() }));
        let resumed = plugin.clone();
        self.write(move |tx| {
            Box::pin(async move {
                if subscribers::resume(tx, organization, &resumed, now).await? {
                    audit::append(tx, &event).await?;
                }
                Ok(())
            })
        })
        .await?;
        let standing = self.subscribers(signed).await?;
        standing.into_iter().find(|subscriber| subscriber.plugin == *plugin).ok_or_else(none)
    }
}
