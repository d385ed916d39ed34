//! Signing in with a password. What comes back says whether it worked and nothing about whether there is such an account.

use crate::audit::{Kind, event};
use crate::authenticate::PersonSummary;
use crate::client::Client;
use crate::form::Email;
use crate::sessions::{self, NewSession};
use crate::{Identity, error, secret};
use lignaflow_core::{ErrorCode, Fault, PersonId};
use lignaflow_store::identity::{audit, credentials, members, sessions as rows};
use serde_json::json;

/// Somebody who has just signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub person: PersonSummary,
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
    #[error("{0}")]
    Fault(#[from] Fault),
}

impl From<SignInFault> for Fault {
    fn from(fault: SignInFault) -> Self {
        let code = match fault {
            SignInFault::Fault(fault) => return fault,
            SignInFault::RateLimited { .. } => ErrorCode::RateLimited,
            SignInFault::Refused | SignInFault::NoOrganization => ErrorCode::Denied,
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
        let account = credentials::account(self.database(), key, &address).await.map_err(error::told)?;
        let known = account.as_ref().map(|account| account.person.id);
        let at_home = account.as_ref().is_some_and(|account| account.at_home);
        let attempt = self
            .0
            .throttle
            .attempt(client.network(), secret::hash(&typed), at_home, now)
            .map_err(|retry_after_seconds| SignInFault::RateLimited { retry_after_seconds })?;
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
        self.0.throttle.succeeded(attempt);
        let (secret, draft) = self.fresh_session(now, &client)?;
        let id = person.id;
        let session = self
            .write(move |tx| {
                Box::pin(async move {
                    let mine = members::organizations_of(&mut *tx, id).await?;
                    let last = rows::of(&mut *tx, id, 1).await?.first().map(|session| session.organization);
                    let chosen = mine.iter().find(|(organization, _)| Some(organization.id) == last).or(mine.first());
                    let Some((organization, _)) = chosen else { return Ok(None) };
                    let session = sessions::open(tx, secret, draft, id, organization.id).await?;
                    let detail = json!({ "session": session.id.to_string() });
                    let opened = event(Kind::SessionOpened, now, &client, Some(organization.id), Some(id), detail);
                    audit::append(tx, &opened).await?;
                    Ok(Some(session))
                })
            })
            .await?;
        let session = session.ok_or(SignInFault::NoOrganization)?;
        Ok(SignedIn { person: person.into(), session })
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
