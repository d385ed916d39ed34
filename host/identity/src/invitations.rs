//! Who is asked to join: by a link that serves once, to an address or to whoever is shown it. Nobody who was asked has
//! any right before they accept, and what is accepted is never more than who asked may give at that moment.
//!
//! By a link that is for anybody one could learn of any address whether it has an account with another organization.
//! Where there are several, it leads to a letter first: to the address that was typed, with a link that is for it alone.

use crate::audit::{Kind, event};
use crate::authenticate::Authenticated;
use crate::client::Client;
use crate::error::Error;
use crate::form::{Email, Reader};
use crate::members::{Actor, conflict, enter, there_already, too_high, within_reach};
use crate::secret::{self, Secret};
use crate::sessions::{self, NewSession};
use crate::sign_in::SignInFault;
use crate::{Identity, SECOND, error, letters, password};
use lignaflow_core::caller::{Declared, Permission, Role};
use lignaflow_core::clock::Micros;
use lignaflow_core::{ErrorCode, Fault, Id, OrganizationId, PersonId};
use lignaflow_store::identity::one_time::{self, OneTime};
use lignaflow_store::identity::organizations::Organization;
use lignaflow_store::identity::{audit, invitations, members, organizations, people, sessions as session_rows};
use lignaflow_store::{Tx, mail};
use serde_json::json;
use std::fmt;

pub use lignaflow_store::identity::invitations::{Invitation, SentLetter};

/// Invitations of one organization that may be accepted at one time, and that are listed.
const MOST: i64 = 500;
const LISTED: u32 = 1000;
/// How long one may serve at most, in seconds.
const LONGEST: i64 = 90 * 24 * 60 * 60;
/// What the link of a letter to whoever holds an open link is called, and the seconds for which it serves at most.
const TO_ADDRESS: &str = "join-address";
const LETTER_SERVES: i64 = 24 * 60 * 60;

/// Somebody to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvitation {
    /// Whose it is alone; empty where it is for whoever is shown the link.
    pub email: String,
    /// What is known of their name.
    pub name: String,
    /// The person without sign-in that is made theirs.
    pub person: Option<PersonId>,
    pub role: Role,
    pub roles: Vec<String>,
    /// Nothing for as long as the instance lets it serve.
    pub expires_at: Option<Micros>,
}

/// An invitation that was made. The secret of its link is shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// Nothing where it goes to its address alone: by opening it one learns whether that has an account here, which is
    /// nobody's to know who does not administer the instance.
    pub secret: Option<Secret>,
    pub invitation: Invitation,
    pub organization: String,
}

/// What somebody who has the link is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub invitation: Invitation,
    pub organization: Organization,
    /// The name of who asks.
    pub by: String,
    /// Whether the address that it is for has an account here.
    pub known: bool,
    /// Whether somebody new has a letter sent to their address first.
    pub by_letter: bool,
}

/// What came of somebody new who accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joined {
    /// They belong to the organization, and are signed in.
    In { person: PersonId, session: NewSession },
    /// A letter is on its way to the address that they typed, whoever's it is.
    Written,
}

/// Somebody new who accepts.
#[derive(Clone, Default)]
pub struct JoinForm {
    pub name: String,
    /// Not looked at where the invitation is for an address.
    pub email: String,
    pub password: String,
}

/// Everything but the password.
impl fmt::Debug for JoinForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinForm").field("email", &self.email).finish_non_exhaustive()
    }
}

fn over(message: &str) -> Fault {
    Fault::new(ErrorCode::Conflict, message)
}

/// Whether it can still be accepted.
pub(crate) fn serves(invitation: &Invitation, now: Micros) -> Result<(), Fault> {
    if invitation.accepted_at.is_some() {
        return Err(over("This invitation was accepted already. Sign in."));
    }
    if invitation.withdrawn_at.is_some() {
        return Err(over("This invitation was withdrawn. Ask for a new one."));
    }
    if invitation.expires_at <= now {
        return Err(over("This invitation has run out. Ask for a new one."));
    }
    Ok(())
}

impl Identity {
    /// Asks somebody to join.
    pub async fn invite(
        &self,
        actor: &Authenticated,
        client: Client,
        new: NewInvitation,
        declared: &Declared,
    ) -> Result<Invited, Fault> {
        let (organization, by) = (actor.organization.name.clone(), actor.person.name.clone());
        if new.role > Role::Member {
            actor.proved()?;
        }
        let is_shown = self.may_know_accounts(actor).await?;
        let actor = self.administrator(actor, client)?;
        if new.role > actor.role {
            return Err(too_high());
        }
        let mut reader = Reader::default();
        let email = if new.email.trim().is_empty() { None } else { reader.email(&new.email, "/email") };
        let name = if new.name.trim().is_empty() { String::new() } else { reader.name(&new.name, "/name", "A name") };
        let expires_at = new.expires_at.unwrap_or(actor.now + self.options().invitation_lifetime * SECOND);
        if expires_at <= actor.now {
            reader.note("/expires_at", "past", "That is past already.");
        } else if expires_at > actor.now + LONGEST * SECOND {
            reader.note("/expires_at", "too-long", "An invitation serves for 90 days at most.");
        }
        reader.finish()?;
        let roles = self.roles_to_give(actor.organization, new.roles, declared).await?;
        let secret = Secret::fresh()?;
        let hash = secret.hash();
        let email_key = email.as_ref().map_or_else(String::new, |email| email.key.clone());
        let row = Invitation {
            id: Id::fresh(),
            organization: actor.organization,
            email: email.map_or_else(String::new, |email| email.text),
            name,
            person: new.person,
            role: new.role,
            roles,
            invited_by: actor.person,
            created_at: actor.now,
            expires_at,
            accepted_at: None,
            accepted_by: None,
            withdrawn_at: None,
            letter: None,
        };
        let letter = (!row.email.is_empty()).then(|| {
            let (whose, to) = ((row.organization, organization.as_str()), (row.email.as_str(), row.name.as_str()));
            letters::invitation(whose, &by, to, secret.expose(), row.expires_at)
        });
        let now = self.now();
        let invitation = self
            .write(move |tx| {
                Box::pin(async move {
                    let kept = keep(tx, actor, row, email_key, hash).await?;
                    let Some(letter) = letter else { return Ok(kept) };
                    let letter = mail::queue(tx, &letter, now, now).await?;
                    invitations::set_letter(tx, kept.organization, kept.id, letter).await?;
                    as_kept(tx, kept.organization, kept.id).await
                })
            })
            .await?;
        let secret = Some(secret).filter(|_| is_shown || invitation.email.is_empty());
        Ok(Invited { secret, invitation, organization })
    }

    /// Who was asked, the latest first, also those whose invitations came to an end.
    pub async fn invitations(&self, actor: &Authenticated) -> Result<Vec<Invitation>, Fault> {
        if !actor.caller.holds(Permission::ADMINISTER) {
            return Err(Fault::denied("Only administrators manage the members of an organization."));
        }
        invitations::of(self.database(), actor.caller.organization, LISTED).await.map_err(error::told)
    }

    /// Has the letter of an invitation sent again: the same, where what it says is still known; otherwise another with
    /// another link, and the one before serves no more.
    pub async fn send_invitation_again(
        &self,
        actor: &Authenticated,
        client: Client,
        id: Id,
    ) -> Result<Invitation, Fault> {
        let (name, by) = (actor.organization.name.clone(), actor.person.name.clone());
        let (actor, secret) = (self.administrator(actor, client)?, Secret::fresh()?);
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                let (organization, now) = (actor.organization, actor.now);
                let found = as_kept(tx, organization, id).await?;
                serves(&found, now)?;
                if found.role > actor.role {
                    return Err(too_high().into());
                }
                if found.email.is_empty() {
                    return Err(over("It went out by no letter: its link is for whoever was shown it.").into());
                }
                if found.letter.as_ref().is_some_and(|letter| letter.state == mail::State::Waiting) {
                    return Err(over("Its letter waits to be sent already.").into());
                }
                let same = match &found.letter {
                    Some(letter) if letter.known => mail::again(tx, Some(organization), letter.id, now).await?,
                    _ => false,
                };
                if !same {
                    let (whose, to) = ((organization, name.as_str()), (found.email.as_str(), found.name.as_str()));
                    let letter = letters::invitation(whose, &by, to, secret.expose(), found.expires_at);
                    let letter = mail::queue(tx, &letter, now, now).await?;
                    invitations::renew(tx, organization, id, &secret.hash()).await?;
                    invitations::set_letter(tx, organization, id, letter).await?;
                }
                let detail = json!({ "invitation": id.to_string(), "another_link": !same });
                actor.log(tx, Kind::InvitationSentAgain, detail).await?;
                as_kept(tx, organization, id).await
            })
        })
        .await
    }

    /// Has an invitation serve no more.
    pub async fn withdraw_invitation(&self, actor: &Authenticated, client: Client, id: Id) -> Result<(), Fault> {
        let actor = self.administrator(actor, client)?;
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                if !invitations::withdraw(tx, actor.organization, id, actor.now).await? {
                    return Err(Fault::not_found("such invitation").into());
                }
                actor.log(tx, Kind::InvitationWithdrawn, json!({ "invitation": id.to_string() })).await
            })
        })
        .await
    }

    /// What the holder of a link is told, where it serves.
    pub async fn asked(&self, secret: &str) -> Result<Asked, Fault> {
        let invitation = self.invitation_of(secret).await?;
        serves(&invitation, self.now())?;
        let database = self.database();
        let organization = organizations::one(database, invitation.organization).await.map_err(error::told)?;
        let organization = organization.ok_or_else(Fault::internal)?;
        let by = people::one(database, invitation.invited_by).await.map_err(error::told)?;
        let known = match Email::parse(&invitation.email) {
            Some(email) => people::by_email(database, &email.key).await.map_err(error::told)?.is_some(),
            None => false,
        };
        let by_letter = self.is_by_letter(&invitation).await?;
        let by = by.map_or_else(String::new, |by| by.name);
        Ok(Asked { invitation, organization, by, known, by_letter })
    }

    /// The invitation of a link, or of the link in the letter that an open one led to: that is for its address alone.
    async fn invitation_of(&self, secret: &str) -> Result<Invitation, Fault> {
        let unknown = || Fault::not_found("such invitation");
        if !secret::looks_right(secret, "") {
            return Err(unknown());
        }
        let hash = secret::hash(secret);
        if let Some(found) = invitations::by_hash(self.database(), &hash).await.map_err(error::told)? {
            return Ok(found);
        }
        let letter = one_time::get(self.database(), &hash, TO_ADDRESS, self.now()).await.map_err(error::told)?;
        let detail = letter.ok_or_else(unknown)?.detail;
        let id =
            |name: &str| detail[name].as_str().and_then(|text| text.parse::<Id>().ok()).ok_or_else(Fault::internal);
        let organization = OrganizationId(id("organization")?);
        let found = invitations::one(self.database(), organization, id("invitation")?).await.map_err(error::told)?;
        let email = detail["email"].as_str().unwrap_or_default().to_owned();
        Ok(Invitation { email, ..found.ok_or_else(unknown)? })
    }

    /// Whether who accepts by that link, and is new, is written to first.
    async fn is_by_letter(&self, invitation: &Invitation) -> Result<bool, Fault> {
        Ok(invitation.email.is_empty() && !self.0.store.is_of_one().await.map_err(error::told)?)
    }

    /// Has a letter sent to an address that somebody typed who holds an open link. What is done and answered is the same
    /// for every address.
    async fn write_to(&self, invitation: Invitation, typed: &str, client: &Client) -> Result<Joined, SignInFault> {
        let email = self.written_to(typed, "joining", client).await?;
        let organization = organizations::one(self.database(), invitation.organization).await.map_err(error::told)?;
        let organization = organization.ok_or_else(Fault::internal)?;
        let (code, now) = (Secret::fresh()?, self.now());
        let expires_at = invitation.expires_at.min(now + LETTER_SERVES * SECOND);
        self.write(move |tx| {
            Box::pin(async move {
                let (id, organization_id) = (invitation.id.to_string(), organization.id.to_string());
                let kept = OneTime {
                    kind: TO_ADDRESS.to_owned(),
                    person: None,
                    binding: None,
                    detail: json!({ "invitation": id, "organization": organization_id, "email": email.text }),
                    tries: 0,
                    created_at: now,
                    expires_at,
                };
                one_time::insert(tx, &code.hash(), &kept).await?;
                let whose = (organization.id, organization.name.as_str());
                mail::queue(tx, &letters::joining(whose, &email.text, code.expose(), expires_at), now, now).await?;
                Ok(())
            })
        })
        .await?;
        Ok(Joined::Written)
    }

    /// Somebody new accepts, and is signed in; or has a letter sent to their address first. Who has an account signs in
    /// first.
    pub async fn join(&self, secret: &str, form: JoinForm, client: Client) -> Result<Joined, SignInFault> {
        let invitation = self.invitation_of(secret).await?;
        let now = self.now();
        serves(&invitation, now)?;
        if self.is_by_letter(&invitation).await? {
            return self.write_to(invitation, &form.email, &client).await;
        }
        // The one organization that there is tells whether an address is a member's: not to who asks of many.
        let attempt = self.attempt(&format!("joining by {}", invitation.id), &client, true).await?;
        let mut reader = Reader::default();
        let email = reader.email(if invitation.email.is_empty() { &form.email } else { &invitation.email }, "/email");
        let name = reader.name(&form.name, "/name", "Your name");
        let about = [email.as_ref().map_or("", |email| &email.text), name.as_str()];
        password::check(&form.password, &about, "/password", &mut reader.issues);
        reader.finish()?;
        let email = email.ok_or_else(Fault::internal)?;
        if people::by_email(self.database(), &email.key).await.map_err(error::told)?.is_some() {
            let message = "This address has an account here. Sign in, and open the invitation again.";
            return Err(conflict("/email", "known", message).into());
        }
        self.succeeded(attempt).await?;
        let password_hash = self.passwords().hash(&form.password).await?;
        let (session, draft) = self.fresh_session(now, &client)?;
        let (person, session) = self
            .write(move |tx| {
                Box::pin(async move {
                    organizations::lock(tx, invitation.organization).await?;
                    may_still_give(tx, &invitation).await?;
                    let id = if let Some(id) = invitation.person {
                        let theirs = (email.text.as_str(), email.key.as_str());
                        if !people::claim(tx, id, theirs, &name, &password_hash).await? {
                            return Err(over("Who this invitation was for has an account by now.").into());
                        }
                        members::set(tx, invitation.organization, id, invitation.role, true).await?;
                        id
                    } else {
                        let person = people::Person::new(email.text, name, now);
                        let id = person.id;
                        people::insert(tx, &person, &email.key, Some(&password_hash)).await?;
                        members::insert(tx, invitation.organization, id, invitation.role, now).await?;
                        id
                    };
                    accept(tx, &invitation, id, &client, now).await?;
                    let session = sessions::open(tx, session, draft, id, invitation.organization).await?;
                    let detail = json!({ "session": session.id.to_string() });
                    let opened =
                        event(Kind::SessionOpened, now, &client, Some(invitation.organization), Some(id), detail);
                    audit::append(tx, &opened).await?;
                    Ok((id, session))
                })
            })
            .await?;
        Ok(Joined::In { person, session })
    }

    /// Somebody who is signed in accepts, and works in that organization from then on, under a new secret.
    pub async fn join_as(&self, actor: &Authenticated, client: Client, secret: &str) -> Result<NewSession, Fault> {
        let (session, person, now) = (actor.own_session()?, actor.person.id, self.now());
        let invitation = self.invitation_of(secret).await?;
        serves(&invitation, now)?;
        if !invitation.email.is_empty() && invitation.email.to_lowercase() != actor.person.email.to_lowercase() {
            return Err(Fault::denied("This invitation is for another address. Sign out, and open it again."));
        }
        let secret = Secret::fresh()?;
        self.write(move |tx| {
            Box::pin(async move {
                organizations::lock(tx, invitation.organization).await?;
                may_still_give(tx, &invitation).await?;
                match members::one(&mut *tx, invitation.organization, person).await? {
                    Some(member) if member.active => {
                        return Err(over("You are a member of this organization already.").into());
                    }
                    Some(_) => {
                        let message =
                            "You were a member of this organization. An administrator makes you active again.";
                        return Err(over(message).into());
                    }
                    None => members::insert(tx, invitation.organization, person, invitation.role, now).await?,
                }
                if let Some(former) = invitation.person {
                    stand_aside(tx, &invitation, former).await?;
                }
                accept(tx, &invitation, person, &client, now).await?;
                let switched = session_rows::switch(tx, session, invitation.organization, &secret.hash()).await?;
                let expires_at = switched.ok_or_else(|| Fault::not_found("such session"))?;
                Ok(NewSession { id: session, secret, organization: invitation.organization, expires_at })
            })
        })
        .await
    }
}

/// Has somebody without sign-in be no longer active, once who they were is a member by an account that they had: what was
/// theirs stays under their name.
async fn stand_aside(tx: &mut Tx, invitation: &Invitation, former: PersonId) -> Result<(), Error> {
    let member = members::one(&mut *tx, invitation.organization, former).await?;
    let Some(member) = member.filter(|member| member.person.email.is_empty() && !member.erased) else {
        return Err(over("Who this invitation was for has an account by now.").into());
    };
    members::set(tx, invitation.organization, former, member.role, false).await?;
    // Such as one that a PIN opened.
    session_rows::end_all(tx, former, Some(invitation.organization)).await?;
    Ok(())
}

async fn as_kept(tx: &mut Tx, organization: OrganizationId, id: Id) -> Result<Invitation, Error> {
    let found = invitations::one(&mut *tx, organization, id).await?;
    Ok(found.ok_or_else(|| Fault::not_found("such invitation"))?)
}

/// Keeps an invitation, in the place of those that are for the same.
async fn keep(
    tx: &mut Tx,
    actor: Actor,
    row: Invitation,
    email_key: String,
    hash: [u8; 32],
) -> Result<Invitation, Error> {
    let actor = enter(tx, actor).await?;
    if row.role > actor.role {
        return Err(too_high().into());
    }
    if let Some(person) = row.person {
        let member = within_reach(tx, &actor, person).await?;
        if !member.person.email.is_empty() {
            let message = format!("{} signs in already.", member.person.name);
            return Err(conflict("/person", "signs-in", message).into());
        }
    }
    if !email_key.is_empty()
        && let Some(known) = people::by_email(&mut *tx, &email_key).await?
        && let Some(member) = members::one(&mut *tx, actor.organization, known.id).await?
    {
        return Err(there_already(&known.email, member.active).into());
    }
    invitations::supersede(tx, actor.organization, &email_key, row.person, actor.now).await?;
    if invitations::open(&mut *tx, actor.organization, actor.now).await? >= MOST {
        let message = format!("There are {MOST} open invitations already. Withdraw those that are not wanted.");
        return Err(over(&message).into());
    }
    invitations::insert(tx, &row, &email_key, &hash).await?;
    let detail = json!({
        "invitation": row.id.to_string(), "email": row.email, "role": row.role.as_str(), "roles": row.roles,
        "person": row.person.map(|person| person.to_string()),
    });
    actor.log(tx, Kind::InvitationMade, detail).await?;
    Ok(row)
}

/// That who asked may still give what was promised: they may have been demoted or put out since.
async fn may_still_give(tx: &mut Tx, invitation: &Invitation) -> Result<(), Error> {
    let by = members::one(&mut *tx, invitation.organization, invitation.invited_by).await?;
    let may =
        by.is_some_and(|by| by.active && by.person.active && by.role >= Role::Admin && by.role >= invitation.role);
    if may { Ok(()) } else { Err(over("Who invited you may not do so any more. Ask for a new invitation.").into()) }
}

/// Uses the invitation up, with the roles that it promised.
async fn accept(
    tx: &mut Tx,
    invitation: &Invitation,
    person: PersonId,
    client: &Client,
    now: Micros,
) -> Result<(), Error> {
    if !invitations::accept(tx, invitation.id, person, now).await? {
        return Err(over("This invitation was accepted, was withdrawn, or has run out.").into());
    }
    members::set_roles(tx, invitation.organization, person, &invitation.roles).await?;
    let mut detail = json!({
        "invitation": invitation.id.to_string(), "person": person.to_string(), "role": invitation.role.as_str(),
        "roles": invitation.roles,
    });
    if let Some(former) = invitation.person.filter(|former| *former != person) {
        detail["formerly"] = json!(former.to_string());
    }
    let accepted = event(Kind::InvitationAccepted, now, client, Some(invitation.organization), Some(person), detail);
    Ok(audit::append(tx, &accepted).await?)
}
