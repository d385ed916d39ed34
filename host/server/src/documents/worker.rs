//! One document after the other is taken over and made. Whoever takes one over has it for longer than making it can take;
//! of a host that is gone, another takes it over then.

use super::order::Making;
use super::{Documents, Unmade};
use crate::background::{chance, spread};
use crate::shutdown::Shutdown;
use lignaflow_core::clock::Micros;
use lignaflow_core::name::PluginId;
use lignaflow_core::{ErrorCode, Fault, Id, OrganizationId};
use lignaflow_documents::Flaw;
use lignaflow_store::StoreError;
use lignaflow_store::documents::{self, Document};
use lignaflow_store::identity::audit::{self, Event};
use serde_json::json;
use std::time::{Duration, Instant};

/// How often it is looked for what is due.
const LOOK: Duration = Duration::from_millis(500);
const SECOND: Micros = 1_000_000;
/// How long whoever takes one over has it, beyond what making it may take.
const SLACK: Micros = 60 * SECOND;
/// How long what cannot be made now waits.
const OFF: Micros = 5 * SECOND;
/// Tries of what fails for a reason that may pass.
const TRIES: i64 = 20;
/// How long a document that was made is remembered as one. Its file stays.
const KEEP: Micros = 30 * 24 * 3_600 * SECOND;
/// Looks between two times at which those are forgotten.
const FORGET_EVERY: u32 = 7_200;

impl Documents {
    /// Makes what is due until the shutdown begins.
    pub async fn work(self, shutdown: Shutdown) {
        if let Err(error) = self.0.store.free_documents().await {
            tracing::warn!(%error, "documents that an earlier run of this host was making are taken over later");
        }
        let mut round: u32 = 0;
        // Who asks for a great many does not have the others wait for all of them.
        let mut last = None;
        loop {
            let holder = Id::fresh();
            match self.take(holder, last.as_ref()).await {
                Ok(Some(document)) => {
                    last = Some((document.organization, document.plugin.clone()));
                    tokio::select! {
                        () = self.see_through(document, holder) => {}
                        // Its process ends with this; whoever comes next makes it.
                        () = shutdown.begun() => return,
                    }
                    continue;
                }
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "it cannot be looked for documents"),
            }
            if round.is_multiple_of(FORGET_EVERY) {
                self.forget().await;
            }
            round = round.wrapping_add(1);
            tokio::select! {
                () = shutdown.begun() => return,
                () = tokio::time::sleep(LOOK) => {}
                () = self.0.store.signal().asked_for_documents() => {}
            }
        }
    }

    async fn take(
        &self,
        holder: Id,
        last: Option<&(OrganizationId, PluginId)>,
    ) -> Result<Option<Document>, StoreError> {
        let now = self.0.clock.now();
        // Computing is bounded, and waiting is four times that.
        let most = SECOND.saturating_mul(i64::try_from(self.0.bounds.seconds).unwrap_or(600)).saturating_mul(4);
        self.0.store.claim_document(holder, now, now + most + SLACK, last).await
    }

    /// Makes it, and keeps what came of that.
    async fn see_through(&self, document: Document, holder: Id) {
        let begun = Instant::now();
        let made = self.made(&document, holder).await;
        let outcome = match &made {
            Ok(()) => "made",
            Err(Unmade::Flawed(_)) => "flawed",
            Err(Unmade::Later(_)) => "put-off",
        };
        let plugin = document.plugin.to_string();
        metrics::counter!("lignaflow_documents_total", "plugin" => plugin, "outcome" => outcome).increment(1);
        metrics::histogram!("lignaflow_document_duration_seconds").record(begun.elapsed());
        let settled = match made {
            Ok(()) => Ok(()),
            Err(Unmade::Flawed(flaw)) => self.give_up(document, holder, &flaw).await,
            Err(Unmade::Later(fault)) => self.put_off(document, holder, &fault).await,
        };
        if let Err(fault) = settled {
            // It is tried once more when the time is up for which it was taken over.
            tracing::warn!(%fault, "what came of a document could not be noted");
        }
    }

    async fn made(&self, document: &Document, holder: Id) -> Result<(), Unmade> {
        let making = Making {
            plugin: &document.plugin,
            template: &document.template,
            source: None,
            data: &document.data,
            date: document.date,
        };
        let order = self.order(document.organization, making).await.map_err(|fault| match fault.code {
            ErrorCode::NotFound => Unmade::Flawed(Flaw::of(fault.message)),
            _ => Unmade::Later(fault),
        })?;
        let made = self.make(order).await?;
        self.0.media.keep_document(document, holder, made.pdf).await.map_err(Unmade::Later)
    }

    async fn put_off(&self, document: Document, holder: Id, fault: &Fault) -> Result<(), Fault> {
        tracing::warn!(%fault, document = %document.id, "a document is put off");
        if document.attempts >= TRIES {
            return self.give_up(document, holder, &Flaw::of(fault.message.clone())).await;
        }
        let wait = OFF.saturating_mul(document.attempts.clamp(1, 60));
        let later = spread(wait, self.0.clock.now(), chance());
        let kept = self.0.store.put_document_off(&document, holder, (later, true), Some(&fault.message)).await;
        kept.map_err(super::unavailable)
    }

    async fn give_up(&self, document: Document, holder: Id, flaw: &Flaw) -> Result<(), Fault> {
        let (now, error) = (self.0.clock.now(), flaw.to_string().replace('\0', " "));
        tracing::warn!(target: "plugin", plugin = %document.plugin, template = document.template, error,
            "a document cannot be made");
        self.write(move |tx| {
            Box::pin(async move {
                if documents::give_up(tx, &document, holder, &error, now).await? {
                    let event = Event {
                        organization: Some(document.organization),
                        at: now,
                        person: None,
                        kind: "document.failed".to_owned(),
                        address: String::new(),
                        token: None,
                        detail: json!({ "document": document.id.to_string(), "plugin": document.plugin.as_str(),
                            "template": document.template, "error": error }),
                    };
                    audit::append(tx, &event).await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn forget(&self) {
        let before = self.0.clock.now() - KEEP;
        let forgotten = self.write(move |tx| Box::pin(documents::forget(tx, before, 1_000))).await;
        if let Err(fault) = forgotten {
            tracing::debug!(%fault, "documents that were made long ago could not be forgotten");
        }
    }
}
