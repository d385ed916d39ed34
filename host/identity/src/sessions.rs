//! Sessions: opened when somebody signs in, listed and ended by whose they are.

use crate::audit::{Kind, event};
use crate::authenticate::Authenticated;
use crate::client::Client;
use crate::devices::MISSES_KEPT;
use crate::error::Error;
use crate::secret::Secret;
use crate::{Identity, SECOND, error, secret};
use lignaflow_core::caller::{Caller, Declared};
use lignaflow_core::clock::Micros;
use lignaflow_core::{Fault, Id, OrganizationId, PersonId, RequestId};
use lignaflow_store::Tx;
use lignaflow_store::identity::{audit, credentials, members, one_time, sessions, tries};
use serde_json::json;

/// Sessions that one person has at most; the oldest give way.
const MOST: u32 = 50;
/// Sessions that are looked through for them: those that have run out are among them for a while.
const LOOKED_AT: u32 = 1000;
/// Seconds for which it is known of a session that has run out whose it was: what they typed meanwhile is kept for them.
pub const LINGERS: i64 = 30 * 24 * 60 * 60;

/// A session with the secret that goes into its cookie, which is nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    pub id: Id,
    pub secret: Secret,
    pub organization: OrganizationId,
    /// The end however much it is used.
    pub expires_at: Micros,
}

/// A session as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    pub id: Id,
    /// Whether it is the one that asks.
    pub current: bool,
    pub organization: OrganizationId,
    pub created_at: Micros,
    pub last_seen_at: Micros,
    pub expires_at: Micros,
    pub user_agent: String,
    pub address: String,
}

/// A session in the making: its secret, and its row but for whose it is.
pub(crate) struct Draft {
    id: Id,
    pub(crate) now: Micros,
    expires_at: Micros,
    /// Sessions not seen since are over.
    idle_since: Micros,
    client: Client,
    /// The device that it is opened on by PIN.
    device: Option<Id>,
}

/// Opens a session, and lets go of those of the person that have run out long ago or are too many.
pub(crate) async fn open(
    tx: &mut Tx,
    secret: Secret,
    draft: Draft,
    person: PersonId,
    organization: OrganizationId,
) -> Result<NewSession, Error> {
    let others = sessions::of(&mut *tx, person, u32::MAX).await?;
    let live = |session: &sessions::Session| {
        session.expires_at > draft.now && (session.device.is_some() || session.last_seen_at > draft.idle_since)
    };
    let over = |session: &sessions::Session| {
        let idle = session.device.is_none() && session.last_seen_at <= draft.idle_since - LINGERS * SECOND;
        idle || session.expires_at <= draft.now - LINGERS * SECOND
    };
    let mut kept = 0;
    for other in others {
        let is_live = live(&other);
        if is_live && kept + 1 < MOST {
            kept += 1;
        } else if is_live || over(&other) {
            sessions::end(tx, person, other.id).await?;
        }
    }
    let session = sessions::Session {
        id: draft.id,
        person,
        organization,
        created_at: draft.now,
        last_seen_at: draft.now,
        expires_at: draft.expires_at,
        user_agent: draft.client.user_agent().to_owned(),
        address: draft.client.address_text(),
        device: draft.device,
    };
    sessions::insert(tx, &session, &secret.hash()).await?;
    Ok(NewSession { id: session.id, secret, organization, expires_at: session.expires_at })
}

impl Identity {
    pub(crate) fn fresh_session(&self, now: Micros, client: &Client) -> Result<(Secret, Draft), Fault> {
        let expires_at = now + self.options().session_absolute * SECOND;
        let idle_since = self.idle_since(now);
        let draft = Draft { id: Id::fresh(), now, expires_at, idle_since, client: client.clone(), device: None };
        Ok((Secret::fresh()?, draft))
    }

    /// The same on an enrolled device, where it ends by time alone, used or not.
    pub(crate) fn fresh_session_on(&self, now: Micros, client: &Client, device: Id) -> Result<(Secret, Draft), Fault> {
        let (secret, draft) = self.fresh_session(now, client)?;
        let expires_at = now + self.options().session_device * SECOND;
        Ok((secret, Draft { expires_at, device: Some(device), ..draft }))
    }

    /// Ends the session that asks.
    pub async fn sign_out(&self, actor: &Authenticated, client: Client) -> Result<(), Fault> {
        let id = actor.session()?;
        self.end_session(actor, client, id, Kind::SessionClosed).await
    }

    /// The sessions of the person, the latest first.
    pub async fn sessions(&self, actor: &Authenticated) -> Result<Vec<SessionSummary>, Fault> {
        let current = actor.session()?;
        let now = self.now();
        let idle_since = self.idle_since(now);
        let rows = sessions::of(self.database(), actor.person.id, LOOKED_AT).await.map_err(error::told)?;
        let live = rows
            .into_iter()
            .filter(|row| row.expires_at > now && (row.device.is_some() || row.last_seen_at > idle_since));
        Ok(live
            .map(|row| SessionSummary {
                id: row.id,
                current: row.id == current,
                organization: row.organization,
                created_at: row.created_at,
                last_seen_at: row.last_seen_at,
                expires_at: row.expires_at,
                user_agent: row.user_agent,
                address: row.address,
            })
            .collect())
    }

    /// Ends one of the person's own sessions.
    pub async fn revoke_session(&self, actor: &Authenticated, client: Client, id: Id) -> Result<(), Fault> {
        actor.session()?;
        self.end_session(actor, client, id, Kind::SessionRevoked).await
    }

    /// Ends all of the person's sessions but the one that asks. How many there were.
    pub async fn end_other_sessions(&self, actor: &Authenticated, client: Client) -> Result<u64, Fault> {
        let (session, person, now) = (actor.session()?, actor.person.id, self.now());
        let organization = actor.caller.organization;
        self.write(move |tx| {
            Box::pin(async move {
                let ended = sessions::end_others(tx, person, session).await?;
                let detail = json!({ "sessions": ended });
                let event = event(Kind::SessionsEnded, now, &client, Some(organization), Some(person), detail);
                audit::append(tx, &event).await?;
                Ok(ended)
            })
        })
        .await
    }

    async fn end_session(&self, actor: &Authenticated, client: Client, id: Id, kind: Kind) -> Result<(), Fault> {
        let (person, organization, now) = (actor.person.id, actor.caller.organization, self.now());
        self.write(move |tx| {
            Box::pin(async move {
                if !sessions::end(tx, person, id).await? {
                    return Err(Fault::not_found("such session").into());
                }
                let detail = json!({ "session": id.to_string() });
                audit::append(tx, &event(kind, now, &client, Some(organization), Some(person), detail)).await?;
                Ok(())
            })
        })
        .await
    }

    /// Has the session work in another of the person's organizations. What it may changes, and so does its secret.
    pub async fn switch_organization(
        &self,
        actor: &Authenticated,
        client: Client,
        organization: OrganizationId,
    ) -> Result<NewSession, Fault> {
        let (id, person, now) = (actor.own_session()?, actor.person.id, self.now());
        let secret = Secret::fresh()?;
        self.write(move |tx| {
            Box::pin(async move {
                let member = members::one(&mut *tx, organization, person).await?;
                // One that is not theirs is not there for them.
                if !member.is_some_and(|member| member.active) {
                    return Err(Fault::not_found("such organization").into());
                }
                let switched = sessions::switch(tx, id, organization, &secret.hash()).await?;
                let expires_at = switched.ok_or_else(|| Fault::not_found("such session"))?;
                let detail = json!({ "session": id.to_string() });
                let switched =
                    event(Kind::OrganizationSwitched, now, &client, Some(organization), Some(person), detail);
                audit::append(tx, &switched).await?;
                Ok(NewSession { id, secret, organization, expires_at })
            })
        })
        .await
    }

    /// The member whose session a secret was, where it has run out by time alone and not long ago: for what they were
    /// sending to be kept for them, and for nothing else. A session that was ended is nobody's.
    pub async fn whose_it_was(
        &self,
        secret: &str,
        request_id: RequestId,
        declared: &Declared,
    ) -> Result<Option<Caller>, Fault> {
        if !secret::looks_right(secret, "") {
            return Ok(None);
        }
        let found = credentials::session(self.database(), &secret::hash(secret)).await.map_err(error::told)?;
        let Some(holder) = found else { return Ok(None) };
        let (now, remembered) = (self.now(), LINGERS * SECOND);
        let idle = |now| holder.device.is_none() && holder.last_seen_at <= self.idle_since(now);
        let ended = holder.expires_at <= now || idle(now);
        let long_ago = holder.expires_at <= now - remembered || idle(now - remembered);
        if !ended || long_ago {
            return Ok(None);
        }
        self.acting(holder.organization, holder.person.id, request_id, declared).await
    }

    /// Forgets the sessions that have run out long ago, of everybody. How many there were.
    pub async fn sweep(&self) -> Result<u64, Fault> {
        let now = self.now();
        let long_ago = now - LINGERS * SECOND;
        let idle_since = self.idle_since(long_ago);
        self.write(move |tx| {
            Box::pin(async move {
                one_time::sweep(tx, now).await?;
                tries::sweep(tx, now, now - MISSES_KEPT * SECOND).await?;
                Ok(sessions::sweep(tx, long_ago, idle_since).await?)
            })
        })
        .await
    }
}
