//! Links for people without an account: found by their secret, counted, listed, and ended by administrators. Plugins open
//! and close them among their writes; people open those of kept views ([`crate::sharing`]).

use crate::auth::Signed;
use lignaflow_core::caller::Permission;
use lignaflow_core::clock::{Clock, Micros};
use lignaflow_core::post::ClosingReason;
use lignaflow_core::{ErrorCode, Fault, Id};
use lignaflow_identity::Client;
use lignaflow_store::identity::audit::{self, Event};
use lignaflow_store::identity::organizations::{self, Organization};
use lignaflow_store::links::{self, Link, Which};
use lignaflow_store::views::View;
use lignaflow_store::{Store, StoreError, Tx};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The links of this instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Links {
    store: Store,
    clock: Arc<dyn Clock>,
}

fn may(signed: &Signed) -> Result<(), Fault> {
    if signed.caller.holds(Permission::ADMINISTER) {
        return Ok(());
    }
    Err(Fault::denied("Only administrators see and close an organization's links."))
}

impl Links {
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// The link of a secret, whatever has become of it, with its organization.
    pub async fn by_secret(&self, hash: &[u8; 32]) -> Result<Option<(Link, Organization)>, Fault> {
        let found = links::by_hash(self.store.database(), hash).await.map_err(unavailable)?;
        let Some(link) = found else { return Ok(None) };
        let organization = organizations::one(self.store.database(), link.organization).await.map_err(unavailable)?;
        Ok(organization.map(|organization| (link, organization)))
    }

    /// The links of the organization, those opened last first.
    pub async fn all(&self, signed: &Signed, which: &Which, limit: u32) -> Result<Vec<Link>, Fault> {
        may(signed)?;
        links::of(self.store.database(), signed.caller.organization, which, limit).await.map_err(unavailable)
    }

    /// The views that links of the organization open, whosever they are.
    pub async fn views(&self, signed: &Signed) -> Result<Vec<View>, Fault> {
        may(signed)?;
        self.store.linked_views(signed.caller.organization).await.map_err(unavailable)
    }

    /// How many of them are open.
    pub async fn open(&self, signed: &Signed) -> Result<i64, Fault> {
        may(signed)?;
        links::open(self.store.database(), signed.caller.organization, self.clock.now()).await.map_err(unavailable)
    }

    pub async fn one(&self, signed: &Signed, id: Id) -> Result<Link, Fault> {
        may(signed)?;
        let found = links::one(self.store.database(), signed.caller.organization, id).await.map_err(unavailable)?;
        found.ok_or_else(|| Fault::not_found("link"))
    }

    /// Ends a link at once: whoever opens it is told that it was withdrawn.
    pub async fn withdraw(&self, signed: &Signed, client: &Client, id: Id) -> Result<Link, Fault> {
        let link = self.one(signed, id).await?;
        self.end(signed, client, link).await
    }

    /// The same, for who was found to be allowed to.
    pub(crate) async fn end(&self, signed: &Signed, client: &Client, link: Link) -> Result<Link, Fault> {
        let (organization, now, id) = (signed.caller.organization, self.clock.now(), link.id);
        let detail = json!({ "link": id.to_string(), "plugin": link.plugin.as_str(), "label": link.label });
        let event = event(signed, client, now, "link.withdrawn", detail);
        let closed = self.store.database().write(move |tx: &mut Tx| {
            Box::pin(async move {
                let closed = links::close(tx, organization, None, id, ClosingReason::Withdrawn, now).await?;
                if closed {
                    audit::append(tx, &event).await?;
                }
                Ok::<_, StoreError>(closed)
            })
        });
        if !closed.await.map_err(unavailable)? {
            return Err(Fault::new(ErrorCode::Conflict, "This link was closed already."));
        }
        Ok(Link { closed: Some((ClosingReason::Withdrawn, now)), ..link })
    }
}

/// What is written down of what somebody does with a link.
pub(crate) fn event(signed: &Signed, client: &Client, at: Micros, kind: &str, detail: Json) -> Event {
    Event {
        organization: Some(signed.caller.organization),
        at,
        person: Some(signed.authenticated.person.id),
        kind: kind.to_owned(),
        address: client.address.map(|address| address.to_string()).unwrap_or_default(),
        token: signed.authenticated.token(),
        detail,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
pub(crate) fn unavailable(error: StoreError) -> Fault {
    tracing::error!(%error, "the table of links could not be used");
    Fault::new(
        ErrorCode::Unavailable,
        "The database cannot be reached just now. Nothing was changed; try again shortly.",
    )
}
