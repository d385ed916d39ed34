//! Who is asked to join: by a link that serves once, to an address or to whoever is shown it. Nobody who was asked has
//! any right before they accept, and what is accepted is never more than who asked may give at that moment.

use crate::audit::{Kind, event};
use crate::authenticate::Authenticated;
use crate::client::Client;
use crate::error::Error;
use crate::form::{Email, Reader};
use crate::members::{Actor, conflict, enter, too_high, within_reach};
use crate::secret::{self, Secret};
use crate::sessions::{self, NewSession};
use crate::sign_in::SignInFault;
use crate::{Identity, SECOND, error, letters, password};
use lignaflow_core::caller::{Declared, Permission, Role};
use lignaflow_core::clock::Micros;
use lignaflow_core::{ErrorCode, Fault, Id, OrganizationId, PersonId};
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
        Ok(Asked { invitation, organization, by: by.map_or_else(String::new, |by| by.name), known })
    }

    async fn invitation_of(&self, secret: &str) -> Result<Invitation, Fault> {
        let unknown = || Fault::not_found("such invitation");
        if !secret::looks_right(secret, "") {
            return Err(unknown());
        }
        let found = invitations::by_hash(self.database(), &secret::hash(secret)).await.map_err(error::told)?;
        found.ok_or_else(unknown)
    }

    /// Somebody new accepts, and is signed in. Who has an account signs in first.
    pub async fn join(&self, secret: &str, form: JoinForm, client: Client) -> Result<NewSession, SignInFault> {
        let invitation = self.invitation_of(secret).await?;
        let now = self.now();
        serves(&invitation, now)?;
        // A link that is for anybody tells whether an address has an account: not to who asks of many.
        let attempt = self.attempt(&format!("joining by {}", invitation.id), &client, true)?;
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
        self.0.throttle.succeeded(attempt);
        let password_hash = self.passwords().hash(&form.password).await?;
        let (session, draft) = self.fresh_session(now, &client)?;
        let session = self
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
                        let id = PersonId(Id::fresh());
                        let person = people::Person {
                            id,
                            email: email.text,
                            name,
                            password_temporary: false,
                            locale: None,
                            time_zone: None,
                            instance_admin: false,
                            second_factor: false,
                            active: true,
                            created_at: now,
                        };
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
                    Ok(session)
                })
            })
            .await?;
        Ok(session)
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
        if invitation.person.is_some() {
            let message =
                "This invitation is for somebody who has no account yet. Ask for one without a former person.";
            return Err(over(message));
        }
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
                accept(tx, &invitation, person, &client, now).await?;
                let switched = session_rows::switch(tx, session, invitation.organization, &secret.hash()).await?;
                let expires_at = switched.ok_or_else(|| Fault::not_found("such session"))?;
                Ok(NewSession { id: session, secret, organization: invitation.organization, expires_at })
            })
        })
        .await
    }
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
        let message = if member.active {
            format!("{} is a member already.", known.email)
        } else {
            format!("{} was a member. Make them active again instead.", known.email)
        };
        return Err(conflict("/email", if member.active { "member" } else { "former-member" }, message).into());
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
    let detail = json!({
        "invitation": invitation.id.to_string(), "person": person.to_string(), "role": invitation.role.as_str(),
        "roles": invitation.roles,
    });
    let accepted = event(Kind::InvitationAccepted, now, client, Some(invitation.organization), Some(person), detail);
    Ok(audit::append(tx, &accepted).await?)
}
