//! Signing in with a password. What comes back says whether it worked and nothing about whether there is such an account.

use crate::audit::{Kind, event};
use crate::client::Client;
use crate::form::Email;
use crate::second_factor::{SecondProof, wrong_code};
use crate::secret::Secret;
use crate::sessions::{self, NewSession};
use crate::{Identity, SECOND, error, letters, secret};
use lignaflow_core::{ErrorCode, Fault, PersonId};
use lignaflow_store::identity::one_time::{self, OneTime};
use lignaflow_store::identity::people::Person;
use lignaflow_store::identity::{audit, credentials, members, people, sessions as rows};
use lignaflow_store::mail;
use serde_json::json;

/// Somebody who has just signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub person: Person,
    pub session: NewSession,
}

/// Why somebody is not signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInFault {
    /// Whether it is the address, the password or the account that is wrong is not told.
    #[error("That email address and password do not belong together.")]
    Refused,
    #[error("Too many attempts. Try again in {retry_after_seconds} seconds.")]
    RateLimited { retry_after_seconds: u64 },
    /// The password is right, and there is no organization that the person may work in.
    #[error("You do not belong to any organization here any more. Ask one of its administrators.")]
    NoOrganization,
    /// The password is right, and a second factor is on: the code of it is to come with this.
    #[error("Now the code of your authenticator, or one of those on paper.")]
    SecondFactor { pending: Secret },
    /// Whether it is the name, the PIN or the member that is wrong is not told.
    #[error("That name and PIN do not belong together on this device.")]
    PinRefused,
    #[error("{0}")]
    Fault(#[from] Fault),
}

/// What a second step is called among secrets that serve once, how long it waits, and how often it may be tried.
pub(crate) const STEP: &str = "second-step";
const WAITS: i64 = 10 * 60;
const TRIES: i64 = 5;

impl From<SignInFault> for Fault {
    fn from(fault: SignInFault) -> Self {
        let code = match fault {
            SignInFault::Fault(fault) => return fault,
            SignInFault::RateLimited { .. } => ErrorCode::RateLimited,
            SignInFault::Refused
            | SignInFault::PinRefused
            | SignInFault::NoOrganization
            | SignInFault::SecondFactor { .. } => ErrorCode::Denied,
        };
        Self::new(code, fault.to_string())
    }
}

impl Identity {
    /// Opens a session for whoever knows the password of that address.
    pub async fn sign_in(&self, email: &str, password: &str, client: Client) -> Result<SignedIn, SignInFault> {
        let now = self.now();
        let typed = email.trim().to_lowercase();
        let email = Email::parse(email);
        let key = email.as_ref().map_or("", |email| &email.key);
        let address = client.address_text();
        let idle_since = self.idle_since(now);
        let account = credentials::account(self.database(), key, &address, now, idle_since).await;
        let account = account.map_err(error::told)?;
        let known = account.as_ref().map(|account| account.person.id);
        let at_home = account.as_ref().is_some_and(|account| account.at_home);
        let attempt = self.attempt(&typed, &client, at_home).await?;
        let (person, hash) = match account {
            Some(account) if account.person.active => (Some(account.person), account.password_hash),
            // The same work for who is not there, or not any more.
            _ => (None, None),
        };
        let right = self.passwords().verify(password, hash).await?;
        let Some(person) = person.filter(|_| right) else {
            self.note_failure(key, client, known).await?;
            return Err(SignInFault::Refused);
        };
        self.succeeded(attempt).await?;
        if person.second_factor {
            let pending = Secret::fresh()?;
            let (hash, id) = (pending.hash(), person.id);
            let kept = OneTime {
                kind: STEP.to_owned(),
                person: Some(id),
                binding: None,
                detail: json!({}),
                tries: 0,
                created_at: now,
                expires_at: now + WAITS * SECOND,
            };
            self.write(move |tx| Box::pin(async move { Ok(one_time::insert(tx, &hash, &kept).await?) })).await?;
            return Err(SignInFault::SecondFactor { pending });
        }
        self.open_session(person, client, None).await
    }

    /// The second step: the code of an authenticator, or one of those on paper.
    pub async fn sign_in_second(&self, pending: &str, code: &str, client: Client) -> Result<SignedIn, SignInFault> {
        if !secret::looks_right(pending, "") {
            return Err(SignInFault::Refused);
        }
        let (hash, now) = (secret::hash(pending), self.now());
        let found = one_time::get(self.database(), &hash, STEP, now).await.map_err(error::told)?;
        let id = found.and_then(|found| found.person).ok_or(SignInFault::Refused)?;
        let attempt = self.code_attempt(&client, id).await?;
        // Counted before it is looked at, so that those who try at once are all counted.
        let may = self
            .write(move |tx| Box::pin(async move { Ok(one_time::attempt(tx, &hash, STEP, TRIES, now).await?) }))
            .await?;
        let person = people::one(self.database(), id).await.map_err(error::told)?;
        let person = person.filter(|person| may && person.active).ok_or(SignInFault::Refused)?;
        let proof = self.second_proof(id, code).await?;
        let email = person.email.to_lowercase();
        match self.open_session(person, client.clone(), Some((proof, hash))).await {
            Ok(signed) => {
                // They are let in, and a try that stays counted is no reason to be kept out.
                if let Err(fault) = self.succeeded(attempt).await {
                    tracing::warn!(%fault, "a try that succeeded stays counted");
                }
                Ok(signed)
            }
            Err(fault) => {
                self.note_failure(&email, client, Some(id)).await?;
                Err(fault)
            }
        }
    }

    /// Opens a session for who has proved who they are; with a code that is used up with it, and the step that it ends.
    async fn open_session(
        &self,
        person: Person,
        client: Client,
        proof: Option<(SecondProof, [u8; 32])>,
    ) -> Result<SignedIn, SignInFault> {
        let now = self.now();
        let (secret, draft) = self.fresh_session(now, &client)?;
        let id = person.id;
        let known = self.is_known(&client, id);
        let whose = (person.email.clone(), person.name.clone());
        let session = self
            .write(move |tx| {
                Box::pin(async move {
                    if let Some((proof, step)) = proof
                        && !(proof.take(tx, now).await? && one_time::take(tx, &step, STEP, now).await?)
                    {
                        return Err(wrong_code().into());
                    }
                    let mine = members::organizations_of(&mut *tx, id).await?;
                    let last = rows::of(&mut *tx, id, 1).await?.first().map(|session| session.organization);
                    let chosen = mine.iter().find(|(organization, _)| Some(organization.id) == last).or(mine.first());
                    let Some((organization, _)) = chosen else { return Ok(None) };
                    let (before, from_here) = audit::signed_in_before(&mut *tx, id, &client.address_text()).await?;
                    if before && !from_here && !known {
                        let from = (client.address_text(), client.user_agent().to_owned());
                        let letter = letters::new_place(&whose.0, &whose.1, (&from.0, &from.1), now);
                        mail::queue(tx, &letter, now, now).await?;
                    }
                    let session = sessions::open(tx, secret, draft, id, organization.id).await?;
                    let detail = json!({ "session": session.id.to_string() });
                    let opened = event(Kind::SessionOpened, now, &client, Some(organization.id), Some(id), detail);
                    audit::append(tx, &opened).await?;
                    Ok(Some(session))
                })
            })
            .await?;
        let session = session.ok_or(SignInFault::NoOrganization)?;
        Ok(SignedIn { person, session })
    }

    /// Writes a failure down. The address typed is kept where it is one: people type passwords into the wrong field.
    pub(crate) async fn note_failure(&self, key: &str, client: Client, person: Option<PersonId>) -> Result<(), Fault> {
        let now = self.now();
        let detail = if key.is_empty() { json!({}) } else { json!({ "email": key }) };
        self.write(move |tx| {
            Box::pin(async move {
                Ok(audit::append(tx, &event(Kind::SignInFailed, now, &client, None, person, detail)).await?)
            })
        })
        .await
    }
}
