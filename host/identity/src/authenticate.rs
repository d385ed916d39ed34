//! A secret into a [`Caller`]: by one indexed statement, or by what that said a moment ago where nothing has changed
//! since. Whoever is demoted, deactivated or signed out is so at their next request.

use crate::holders::Told;
use crate::rights::Worth;
use crate::{Identity, SECOND, error, rights, secret};
use lignaflow_core::caller::{Caller, Declared, Permission, Permissions, Principal, Role};
use lignaflow_core::clock::Micros;
use lignaflow_core::name::PluginId;
use lignaflow_core::{Fault, Id, OrganizationId, PersonId, RequestId};
use lignaflow_store::identity::credentials::{self, SessionHolder, TokenHolder};
use lignaflow_store::identity::organizations::Organization;
use lignaflow_store::identity::people::Person;
use lignaflow_store::identity::tokens::Scope;
use lignaflow_store::identity::{organizations, sessions, tokens};
use std::fmt;
use std::sync::Arc;

/// What a request presents.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// The secret of a session, from its cookie.
    Session(String),
    /// An API token.
    Bearer(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Session(_) => "Session(…)",
            Self::Bearer(_) => "Bearer(…)",
        })
    }
}

/// An organization that somebody may work in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationSummary {
    pub id: OrganizationId,
    pub name: String,
    pub role: Role,
}

/// With what they proved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    Session(Id),
    Token(Id, Scope),
}

#[derive(Debug, Clone)]
pub struct Authenticated {
    pub caller: Caller,
    pub person: Arc<Person>,
    pub via: Via,
    /// When they last proved who they are; for a token, when it was made does not matter.
    pub proved_at: Micros,
    /// Whether their organization or the instance asks a second factor of them. Who signed in by PIN has one: the device.
    pub second_factor_demanded: bool,
    /// The enrolled device, where they signed in on one by PIN.
    pub device: Option<Id>,
    /// The one that the caller acts in.
    pub organization: Arc<Organization>,
    /// Those that the caller can switch to, this one included, by name; for a token this one alone.
    pub organizations: Vec<OrganizationSummary>,
}

impl Authenticated {
    /// The token that they prove themselves with, where it is one.
    pub fn token(&self) -> Option<Id> {
        match self.via {
            Via::Token(id, _) => Some(id),
            Via::Session(_) => None,
        }
    }

    /// The session, for what only the person may do, and no token on their behalf.
    pub(crate) fn session(&self) -> Result<Id, Fault> {
        match self.via {
            Via::Session(id) => Ok(id),
            Via::Token(..) => Err(Fault::denied("This takes somebody who is signed in; a token may not.")),
        }
    }
}

/// Whether it is written down that a credential was in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Noted,
    Unnoted,
}

/// Why a request is nobody's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthFault {
    /// The secret is unknown, has run out or was revoked, or its owner may not act any more. Which of these is in the
    /// log at debug level, and told to nobody.
    #[error("Sign in again, or send a token that is valid.")]
    Refused,
    #[error("{0}")]
    Fault(Fault),
}

fn refused(why: &'static str) -> AuthFault {
    tracing::debug!(why, "a credential was refused");
    AuthFault::Refused
}

fn summary(organization: &Organization, role: Role) -> OrganizationSummary {
    OrganizationSummary { id: organization.id, name: organization.name.clone(), role }
}

impl Identity {
    /// Who holds that credential, and what they may now. `declared` is what plugins add.
    pub async fn authenticate(
        &self,
        credential: Credential,
        request_id: RequestId,
        declared: &Arc<Declared>,
    ) -> Result<Authenticated, AuthFault> {
        self.prove(&credential, request_id, declared, Use::Noted).await
    }

    /// Whether a credential is still good, for what goes on by itself: that is no use of it, and a session that nobody
    /// uses runs out.
    pub async fn authenticate_again(
        &self,
        credential: &Credential,
        request_id: RequestId,
        declared: &Arc<Declared>,
    ) -> Result<Authenticated, AuthFault> {
        self.prove(credential, request_id, declared, Use::Unnoted).await
    }

    async fn prove(
        &self,
        credential: &Credential,
        request_id: RequestId,
        declared: &Arc<Declared>,
        noted: Use,
    ) -> Result<Authenticated, AuthFault> {
        match credential {
            Credential::Session(text) => self.by_session(text, request_id, declared, noted).await,
            Credential::Bearer(text) => self.by_token(text, request_id, declared, noted).await,
        }
    }

    async fn by_session(
        &self,
        text: &str,
        request_id: RequestId,
        declared: &Arc<Declared>,
        noted: Use,
    ) -> Result<Authenticated, AuthFault> {
        if !secret::looks_right(text, "") {
            return Err(refused("it is no session's"));
        }
        let hash = secret::hash(text);
        let holder = self.session_holder(&hash).await?.ok_or_else(|| refused("there is no such session"))?;
        let now = self.now();
        let idle = holder.device.is_none() && holder.last_seen_at <= self.idle_since(now);
        if holder.expires_at <= now || idle {
            return Err(refused("the session has run out"));
        }
        if !holder.person.active {
            return Err(refused("the person is not active"));
        }
        // What a PIN opens is the device's organization alone.
        let reaches = |id: OrganizationId| holder.device.is_none() || id == holder.organization;
        let within = holder.memberships.iter().filter(|(organization, _)| reaches(organization.id));
        let organizations = within.map(|(organization, role)| summary(organization, *role)).collect();
        let current = holder.memberships.iter().find(|(organization, _)| organization.id == holder.organization);
        let (organization, role) = current.ok_or_else(|| refused("the person is no member any more"))?;
        if holder.device.is_some() && *role != Role::Member {
            return Err(refused("a PIN is for members alone"));
        }
        let unless_after = self.note_unless_after(now);
        if noted == Use::Noted && holder.last_seen_at <= unless_after {
            let (database, id) = (self.database().clone(), holder.id);
            self.0.touches.start(id, async move {
                database.write(move |tx| Box::pin(async move { sessions::seen(tx, id, now, unless_after).await })).await
            });
            let seen = SessionHolder { last_seen_at: now, ..SessionHolder::clone(&holder) };
            self.0.sessions.amend(&hash, holder.noted(seen));
        }
        let permissions = holder.permissions(declared, |holder| {
            let worth = Worth { declared, own: &holder.own_roles };
            rights::of(*role, &holder.roles, holder.person.instance_admin, Scope::All, worth)
        });
        let second_factor_demanded = holder.device.is_none() && self.demands(organization, *role);
        let caller = caller(&holder.person, organization, (*role, permissions), request_id, now);
        let caller = without_rights(caller, second_factor_demanded && !holder.person.second_factor);
        let (person, via) = (Arc::clone(&holder.person), Via::Session(holder.id));
        Ok(Authenticated {
            caller,
            person,
            via,
            proved_at: holder.proved_at,
            second_factor_demanded,
            device: holder.device,
            organization: Arc::clone(organization),
            organizations,
        })
    }

    async fn by_token(
        &self,
        text: &str,
        request_id: RequestId,
        declared: &Arc<Declared>,
        noted: Use,
    ) -> Result<Authenticated, AuthFault> {
        if !secret::looks_right(text, secret::TOKEN_PREFIX) {
            return Err(refused("it is no token"));
        }
        let hash = secret::hash(text);
        let holder = self.token_holder(&hash).await?.ok_or_else(|| refused("there is no such token"))?;
        let now = self.now();
        if holder.revoked_at.is_some() {
            return Err(refused("the token was revoked"));
        }
        if holder.expires_at.is_some_and(|end| end <= now) {
            return Err(refused("the token has run out"));
        }
        if !holder.person.active || !holder.member {
            return Err(refused("the token's owner is not active"));
        }
        let unless_after = self.note_unless_after(now);
        if noted == Use::Noted && holder.last_used_at.is_none_or(|used| used <= unless_after) {
            let (database, id) = (self.database().clone(), holder.id);
            self.0.touches.start(id, async move {
                database.write(move |tx| Box::pin(async move { tokens::used(tx, id, now, unless_after).await })).await
            });
            let used = TokenHolder { last_used_at: Some(now), ..TokenHolder::clone(&holder) };
            self.0.tokens.amend(&hash, holder.noted(used));
        }
        let permissions = holder.permissions(declared, |holder| {
            let worth = Worth { declared, own: &holder.own_roles };
            rights::of(holder.role, &holder.roles, holder.person.instance_admin, holder.scope, worth)
        });
        let second_factor_demanded = self.demands(&holder.organization, holder.role);
        let caller = caller(&holder.person, &holder.organization, (holder.role, permissions), request_id, now);
        Ok(Authenticated {
            caller: without_rights(caller, second_factor_demanded && !holder.person.second_factor),
            proved_at: now,
            second_factor_demanded,
            device: None,
            person: Arc::clone(&holder.person),
            via: Via::Token(holder.id, holder.scope),
            organizations: vec![summary(&holder.organization, holder.role)],
            organization: Arc::clone(&holder.organization),
        })
    }

    async fn session_holder(&self, hash: &[u8; 32]) -> Result<Option<Arc<Told<SessionHolder>>>, AuthFault> {
        let standing = self.0.store.signal().standing();
        if let Some(holder) = self.0.sessions.get(hash, standing) {
            return Ok(Some(holder));
        }
        let found = Box::pin(credentials::session(self.database(), hash)).await;
        let found = found.map_err(|error| AuthFault::Fault(error::told(error)))?;
        Ok(found.map(|holder| self.0.sessions.keep(*hash, standing, holder)))
    }

    async fn token_holder(&self, hash: &[u8; 32]) -> Result<Option<Arc<Told<TokenHolder>>>, AuthFault> {
        let standing = self.0.store.signal().standing();
        if let Some(holder) = self.0.tokens.get(hash, standing) {
            return Ok(Some(holder));
        }
        let found = Box::pin(credentials::token(self.database(), hash)).await;
        let found = found.map_err(|error| AuthFault::Fault(error::told(error)))?;
        Ok(found.map(|holder| self.0.tokens.keep(*hash, standing, holder)))
    }

    /// Somebody on whose behalf the host itself does something, with what they may now; `None` where they may not act
    /// any more.
    pub async fn acting(
        &self,
        organization: OrganizationId,
        person: PersonId,
        request_id: RequestId,
        declared: &Declared,
    ) -> Result<Option<Caller>, Fault> {
        let standing = credentials::standing(self.database(), organization, person).await.map_err(error::told)?;
        Ok(standing.filter(|standing| standing.member && standing.person.active).map(|standing| {
            let worth = Worth { declared, own: &standing.own_roles };
            let (role, admin) = (standing.role, standing.person.instance_admin);
            let rights = (role, rights::of(role, &standing.roles, admin, Scope::All, worth));
            let missing = self.demands(&standing.organization, standing.role) && !standing.person.second_factor;
            without_rights(caller(&standing.person, &standing.organization, rights, request_id, self.now()), missing)
        }))
    }

    /// A plugin that does something on its own account in an organization, as a caller: what it may is decided by its
    /// grants, and it reads as itself. `None` where there is no such organization.
    pub async fn of_plugin(
        &self,
        organization: OrganizationId,
        plugin: &PluginId,
        request_id: RequestId,
    ) -> Result<Option<Caller>, Fault> {
        let found = organizations::one(self.database(), organization).await.map_err(error::told)?;
        Ok(found.map(|organization| Caller {
            organization: organization.id,
            principal: Principal::Plugin(plugin.clone()),
            role: None,
            permissions: [Permission::READ, Permission::WRITE].map(str::to_owned).into(),
            locale: organization.locale,
            time_zone: organization.time_zone,
            currency: organization.currency,
            calendar: organization.calendar,
            request_id,
            now: self.now(),
        }))
    }

    /// Somebody without an account, who comes by a link that is open, as a caller: without any right of their own.
    /// `None` where there is no such organization.
    pub async fn of_link(
        &self,
        organization: OrganizationId,
        link: Id,
        request_id: RequestId,
    ) -> Result<Option<(Caller, Organization)>, Fault> {
        let found = organizations::one(self.database(), organization).await.map_err(error::told)?;
        Ok(found.map(|organization| {
            let caller = Caller {
                organization: organization.id,
                principal: Principal::Link(link),
                role: None,
                permissions: Permissions::default(),
                locale: organization.locale.clone(),
                time_zone: organization.time_zone.clone(),
                currency: organization.currency,
                calendar: organization.calendar,
                request_id,
                now: self.now(),
            };
            (caller, organization)
        }))
    }

    /// Whether a second factor is asked of who has that role there.
    fn demands(&self, organization: &Organization, role: Role) -> bool {
        organization.second_factor.asks(role) || self.options().second_factor.asks(role)
    }

    /// A session that was not seen since is over.
    pub(crate) fn idle_since(&self, now: Micros) -> Micros {
        now - self.options().session_idle * SECOND
    }

    fn note_unless_after(&self, now: Micros) -> Micros {
        now - self.options().note_use_every * SECOND
    }
}

/// Who has no second factor where one is asked of them may see to it, and nothing else.
fn without_rights(caller: Caller, missing: bool) -> Caller {
    if missing { Caller { permissions: Permissions::default(), ..caller } } else { caller }
}

fn caller(
    person: &Person,
    organization: &Organization,
    (role, permissions): (Role, Permissions),
    request_id: RequestId,
    now: Micros,
) -> Caller {
    Caller {
        organization: organization.id,
        principal: Principal::Person(person.id),
        role: Some(role),
        permissions,
        locale: person.locale.clone().unwrap_or_else(|| organization.locale.clone()),
        time_zone: person.time_zone.clone().unwrap_or_else(|| organization.time_zone.clone()),
        currency: organization.currency,
        calendar: organization.calendar,
        request_id,
        now,
    }
}
