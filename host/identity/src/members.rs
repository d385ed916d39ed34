//! Who belongs to an organization, and as what. Nobody gives more than they have, nobody touches who has more, and an
//! organization keeps an owner. Those who change members take turns, so that the last rule holds for two at once.

use crate::audit::{Kind, event};
use crate::authenticate::Authenticated;
use crate::client::Client;
use crate::error::Error;
use crate::form::{Email, Reader};
use crate::{Identity, error, password};
use lignaflow_core::caller::{Declared, Permission, Role};
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::nearest;
use lignaflow_core::{ErrorCode, Fault, Id, Issue, OrganizationId, PersonId};
use lignaflow_store::Tx;
use lignaflow_store::identity::members::Member;
use lignaflow_store::identity::{audit, members, organizations, people, roles as own_roles, sessions};
use serde_json::json;
use std::fmt;

/// Roles of plugins that one member has at most.
const MOST_ROLES: usize = 50;

/// Members that are listed at most.
const LISTED: u32 = 10_000;

/// Somebody to be added.
#[derive(Clone)]
pub struct NewMember {
    pub email: String,
    /// Not looked at where they are known already.
    pub name: String,
    /// Their first password, which they are told to change. Not looked at where they are known already.
    pub password: String,
    pub role: Role,
}

/// Everything but the password.
impl fmt::Debug for NewMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewMember").field("email", &self.email).field("role", &self.role).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    pub person: PersonId,
    /// They were there before, and sign in with the password that they have.
    pub existed: bool,
}

/// Who changes members, as they are within the transaction.
pub(crate) struct Actor {
    pub(crate) organization: OrganizationId,
    pub(crate) person: PersonId,
    pub(crate) role: Role,
    pub(crate) now: Micros,
    pub(crate) client: Client,
}

impl Actor {
    pub(crate) async fn log(&self, tx: &mut Tx, kind: Kind, detail: serde_json::Value) -> Result<(), Error> {
        let event = event(kind, self.now, &self.client, Some(self.organization), Some(self.person), detail);
        Ok(audit::append(tx, &event).await?)
    }
}

pub(crate) fn conflict(path: &str, code: &str, message: impl Into<String>) -> Fault {
    let mut fault = Fault::at(path, code, message);
    fault.code = ErrorCode::Conflict;
    fault
}

fn may_not() -> Fault {
    Fault::denied("Only administrators manage the members of an organization.")
}

/// What is told of every address to who may not know which of them have an account.
pub(crate) fn there_already(email: &str, active: bool) -> Fault {
    if active {
        conflict("/email", "member", format!("{email} is a member already."))
    } else {
        conflict("/email", "former-member", format!("{email} was a member. Make them active again instead."))
    }
}

fn asked_instead() -> Fault {
    let message = "Where there are several organizations, people are asked to join and accept by themselves. \
                   Invite them, or have an administrator of the instance add them.";
    conflict("/email", "ask-them", message)
}

pub(crate) fn too_high() -> Fault {
    let message = "You cannot give a role above your own.";
    let mut fault = Fault::at("/role", "denied", message);
    fault.code = ErrorCode::Denied;
    fault
}

/// Refuses to leave an organization without an owner who can act. Ask it after the change, under the lock.
pub(crate) async fn keep_an_owner(tx: &mut Tx, organization: OrganizationId) -> Result<(), Error> {
    if members::active_owners(&mut *tx, organization).await? > 0 {
        return Ok(());
    }
    Err(conflict("/role", "last-owner", "An organization keeps at least one owner. Make somebody else one first.")
        .into())
}

/// Has members changed one at a time, and reads anew what the actor is: they may have been demoted a moment ago.
pub(crate) async fn enter(tx: &mut Tx, mut actor: Actor) -> Result<Actor, Error> {
    organizations::lock(tx, actor.organization).await?;
    match members::one(&mut *tx, actor.organization, actor.person).await? {
        Some(member) if member.active && member.role >= Role::Admin => {
            actor.role = member.role;
            Ok(actor)
        }
        _ => Err(may_not().into()),
    }
}

impl Identity {
    pub(crate) fn administrator(&self, actor: &Authenticated, client: Client) -> Result<Actor, Fault> {
        match actor.caller.role {
            Some(role) if actor.caller.holds(Permission::ADMINISTER) => Ok(Actor {
                organization: actor.caller.organization,
                person: actor.person.id,
                role,
                now: self.now(),
                client: client.through(actor),
            }),
            _ => Err(may_not()),
        }
    }

    /// All members with their addresses, for administrators; also those who are not active any more.
    pub async fn members(&self, actor: &Authenticated) -> Result<Vec<Member>, Fault> {
        if !actor.caller.holds(Permission::ADMINISTER) {
            return Err(may_not());
        }
        members::of(self.database(), actor.caller.organization, LISTED).await.map_err(error::told)
    }

    /// Adds somebody at once. Who has no account yet gets one, with a first password that they are told to change.
    ///
    /// Where there are several organizations this is for administrators of the instance: others would learn by it, from
    /// the answer or by trying the password, which addresses have an account with another organization. Whoever else
    /// asks is told one thing of all addresses but those of their own members: that people are asked to join.
    pub async fn add_member(&self, actor: &Authenticated, client: Client, new: NewMember) -> Result<Added, Fault> {
        if new.role > Role::Member {
            actor.proved()?;
        }
        let may_know = self.may_know_accounts(actor).await?;
        let actor = self.administrator(actor, client)?;
        if new.role > actor.role {
            return Err(too_high());
        }
        let mut reader = Reader::default();
        let email = reader.email(&new.email, "/email");
        let known = match &email {
            Some(email) => people::by_email(self.database(), &email.key).await.map_err(error::told)?,
            None => None,
        };
        let mut name = String::new();
        if known.is_none() && may_know {
            name = reader.name(&new.name, "/name", "Their name");
            password::check(&new.password, &[new.email.trim(), &name], "/password", &mut reader.issues);
        }
        reader.finish()?;
        let email = email.ok_or_else(Fault::internal)?;
        if !may_know {
            // The same look at every address.
            let person = known.map_or_else(|| PersonId(Id::fresh()), |known| known.id);
            let member = members::one(self.database(), actor.organization, person).await.map_err(error::told)?;
            return Err(member.map_or_else(asked_instead, |member| there_already(&email.text, member.active)));
        }
        if let Some(person) = known {
            return self.link(actor, person, new.role).await;
        }
        let hash = self.passwords().hash(&new.password).await?;
        self.admit(actor, email, name, hash, new.role).await
    }

    /// Whether somebody may learn which addresses have an account here: all of them are their organization's, or they
    /// administer the instance.
    pub(crate) async fn may_know_accounts(&self, actor: &Authenticated) -> Result<bool, Fault> {
        let administers_instance = actor.caller.holds(Permission::INSTALL_PLUGINS);
        Ok(administers_instance || self.0.store.is_of_one().await.map_err(error::told)?)
    }

    async fn link(&self, actor: Actor, person: people::Person, role: Role) -> Result<Added, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                if role > actor.role {
                    return Err(too_high().into());
                }
                if let Some(member) = members::one(&mut *tx, actor.organization, person.id).await? {
                    return Err(there_already(&person.email, member.active).into());
                }
                members::insert(tx, actor.organization, person.id, role, actor.now).await?;
                actor.log(tx, Kind::MemberAdded, added(person.id, role, true)).await?;
                Ok(Added { person: person.id, existed: true })
            })
        })
        .await
    }

    async fn admit(
        &self,
        actor: Actor,
        email: Email,
        name: String,
        password_hash: String,
        role: Role,
    ) -> Result<Added, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                if role > actor.role {
                    return Err(too_high().into());
                }
                let who = (email, name, password_hash);
                let person = make_member(tx, actor.organization, who, role, actor.now).await?;
                actor.log(tx, Kind::MemberAdded, added(person, role, false)).await?;
                Ok(Added { person, existed: false })
            })
        })
        .await
    }

    /// Adds somebody on an operator's word, who may know which addresses have an account. Nothing where theirs is with
    /// another organization: they are asked, and not taken.
    pub async fn enlist(&self, organization: OrganizationId, new: NewMember) -> Result<Option<Added>, Fault> {
        let mut reader = Reader::default();
        let email = reader.email(&new.email, "/email");
        let name = reader.name(&new.name, "/name", "Their name");
        password::check(&new.password, &[new.email.trim(), &name], "/password", &mut reader.issues);
        reader.finish()?;
        let email = email.ok_or_else(Fault::internal)?;
        if let Some(known) = people::by_email(self.database(), &email.key).await.map_err(error::told)? {
            let member = members::one(self.database(), organization, known.id).await.map_err(error::told)?;
            return Ok(member.map(|member| Added { person: member.person.id, existed: true }));
        }
        let (hash, now, role) = (self.passwords().hash(&new.password).await?, self.now(), new.role);
        let added = self
            .write(move |tx| {
                Box::pin(async move {
                    organizations::lock(tx, organization).await?;
                    let person = make_member(tx, organization, (email, name, hash), role, now).await?;
                    let client = Client::command_line();
                    let detail = added(person, role, false);
                    audit::append(tx, &event(Kind::MemberAdded, now, &client, Some(organization), None, detail))
                        .await?;
                    Ok(Added { person, existed: false })
                })
            })
            .await?;
        Ok(Some(added))
    }

    /// Makes somebody owner, admin or member. One may step down oneself.
    pub async fn change_role(
        &self,
        actor: &Authenticated,
        client: Client,
        person: PersonId,
        role: Role,
    ) -> Result<(), Fault> {
        actor.proved()?;
        let actor = self.administrator(actor, client)?;
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                let member = within_reach(tx, &actor, person).await?;
                if role > actor.role {
                    return Err(too_high().into());
                }
                if member.role == role {
                    return Ok(());
                }
                members::set(tx, actor.organization, person, role, member.active).await?;
                keep_an_owner(tx, actor.organization).await?;
                let detail =
                    json!({ "person": person.to_string(), "before": member.role.as_str(), "after": role.as_str() });
                actor.log(tx, Kind::MemberRoleChanged, detail).await
            })
        })
        .await
    }

    /// Gives somebody these roles, those of plugins as `plugin.role`, and no others.
    pub async fn set_member_roles(
        &self,
        actor: &Authenticated,
        client: Client,
        person: PersonId,
        roles: Vec<String>,
        declared: &Declared,
    ) -> Result<(), Fault> {
        actor.proved()?;
        let actor = self.administrator(actor, client)?;
        let roles = self.roles_to_give(actor.organization, roles, declared).await?;
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                let member = within_reach(tx, &actor, person).await?;
                if member.roles == roles {
                    return Ok(());
                }
                members::set_roles(tx, actor.organization, person, &roles).await?;
                let detail = json!({ "person": person.to_string(), "before": member.roles, "after": roles });
                actor.log(tx, Kind::MemberRolesChanged, detail).await
            })
        })
        .await
    }

    /// Roles that there are, each once and in order.
    pub(crate) async fn roles_to_give(
        &self,
        organization: OrganizationId,
        mut roles: Vec<String>,
        declared: &Declared,
    ) -> Result<Vec<String>, Fault> {
        let own = own_roles::of(self.database(), organization).await.map_err(error::told)?;
        let known = || own.iter().map(|own| own.name.as_str()).chain(declared.roles.keys().map(String::as_str));
        let mut issues = Vec::new();
        if roles.len() > MOST_ROLES {
            issues.push(Issue::new("/roles", "too-many", format!("At most {MOST_ROLES} roles, not {}.", roles.len())));
        }
        for (index, role) in roles.iter().enumerate().take(MOST_ROLES) {
            if !known().any(|known| known == role) {
                let near = nearest(role, known());
                let meant = near.map_or_else(String::new, |near| format!(" Did you mean `{near}`?"));
                let message = format!("There is no role `{role}` here.{meant}");
                issues.push(Issue::new(format!("/roles/{index}"), "unknown-role", message));
            }
        }
        if !issues.is_empty() {
            return Err(Fault::invalid(issues));
        }
        roles.sort_unstable();
        roles.dedup();
        Ok(roles)
    }

    /// Adds somebody who does not sign in: for imports, and for whoever has left. An invitation may make them somebody's.
    pub async fn add_placeholder(&self, actor: &Authenticated, client: Client, name: &str) -> Result<PersonId, Fault> {
        let actor = self.administrator(actor, client)?;
        let mut reader = Reader::default();
        let name = reader.name(name, "/name", "Their name");
        reader.finish()?;
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                let person = people::Person::new(String::new(), name, actor.now);
                let id = person.id;
                people::insert(tx, &person, &people::no_address(id), None).await?;
                members::insert(tx, actor.organization, id, Role::Member, actor.now).await?;
                actor.log(tx, Kind::PlaceholderAdded, json!({ "person": id.to_string() })).await?;
                Ok(id)
            })
        })
        .await
    }

    /// Ends or resumes a membership. Ended, sessions in the organization are over and tokens of it serve no more.
    pub async fn set_member_active(
        &self,
        actor: &Authenticated,
        client: Client,
        person: PersonId,
        active: bool,
    ) -> Result<(), Fault> {
        if !active {
            actor.proved()?;
        }
        let actor = self.administrator(actor, client)?;
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                let member = within_reach(tx, &actor, person).await?;
                if member.active == active {
                    return Ok(());
                }
                members::set(tx, actor.organization, person, member.role, active).await?;
                keep_an_owner(tx, actor.organization).await?;
                if !active {
                    sessions::end_all(tx, person, Some(actor.organization)).await?;
                }
                let kind = if active { Kind::MemberActivated } else { Kind::MemberDeactivated };
                actor.log(tx, kind, json!({ "person": person.to_string() })).await
            })
        })
        .await
    }
}

/// What is written down of somebody who was added.
fn added(person: PersonId, role: Role, existed: bool) -> serde_json::Value {
    json!({ "person": person.to_string(), "role": role.as_str(), "existed": existed })
}

/// Somebody new, who is told to change the password that they were given.
async fn make_member(
    tx: &mut Tx,
    organization: OrganizationId,
    (email, name, password_hash): (Email, String, String),
    role: Role,
    now: Micros,
) -> Result<PersonId, Error> {
    let person = people::Person { password_temporary: true, ..people::Person::new(email.text, name, now) };
    people::insert(tx, &person, &email.key, Some(&password_hash)).await?;
    members::insert(tx, organization, person.id, role, now).await?;
    Ok(person.id)
}

/// A member of the same organization whose role is not above the actor's.
pub(crate) async fn within_reach(tx: &mut Tx, actor: &Actor, person: PersonId) -> Result<Member, Error> {
    let member = members::one(&mut *tx, actor.organization, person).await?;
    let member = member.ok_or_else(|| Fault::not_found("such member"))?;
    if member.role > actor.role {
        return Err(Fault::denied("Only owners change what owners are.").into());
    }
    if member.erased {
        let message = format!("{} was erased. Nobody is made of that any more.", member.person.name);
        return Err(conflict("/person", "erased", message).into());
    }
    Ok(member)
}
