//! The first organization: made by whoever holds a one-time secret that the program printed on the machine itself, so
//! that nobody who merely reaches the address first can claim it.

use crate::audit::{Kind, event};
use crate::client::Client;
use crate::error::Error;
use crate::form::{Email, Reader};
use crate::organizations::{self, Owner, Plan, SetupForm};
use crate::secret::{self, Secret};
use crate::sessions::{self, Draft, NewSession};
use crate::{Identity, SECOND, error, password};
use lignaflow_core::clock::Micros;
use lignaflow_core::{Fault, OrganizationId, PersonId};
use lignaflow_store::Tx;
use lignaflow_store::identity::{audit, organizations as rows, people, setup};
use serde_json::json;
use subtle::ConstantTimeEq;

/// The secret of a setup address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupToken {
    pub secret: Secret,
    pub expires_at: Micros,
}

/// What setting up made, with the founder signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founded {
    pub organization: OrganizationId,
    pub person: PersonId,
    pub session: NewSession,
}

/// An organization about to be made by somebody new, who is signed in with it.
pub(crate) struct Founding {
    plan: Plan,
    owner: Owner,
    session: (Secret, Draft),
    client: Client,
}

impl Founding {
    pub(crate) fn email(&self) -> &Email {
        &self.plan.email
    }

    /// Within a transaction.
    pub(crate) async fn make(self, tx: &mut Tx) -> Result<Founded, Error> {
        let Self { plan, owner, session: (secret, draft), client } = self;
        let person = organizations::found(tx, &plan, &owner, &client).await?;
        let now = draft.now;
        let session = sessions::open(tx, secret, draft, person, plan.id()).await?;
        let detail = json!({ "session": session.id.to_string() });
        let opened = event(Kind::SessionOpened, now, &client, Some(plan.id()), Some(person), detail);
        audit::append(tx, &opened).await?;
        Ok(Founded { organization: plan.id(), person, session })
    }
}

fn refused() -> Fault {
    Fault::denied("This setup address was used, has run out or was replaced. `lignaflow setup-url` prints a new one.")
}

impl Identity {
    /// Whether there is nobody yet.
    pub async fn needs_setup(&self) -> Result<bool, Fault> {
        Ok(!rows::exist(self.database()).await.map_err(error::told)?)
    }

    /// A new secret in place of the one before; `None` once there is an organization.
    pub async fn setup_token(&self) -> Result<Option<SetupToken>, Fault> {
        if !self.needs_setup().await? {
            return Ok(None);
        }
        let secret = Secret::fresh()?;
        let (hash, expires_at) = (secret.hash(), self.now() + self.options().setup_lifetime * SECOND);
        let kept =
            self.write(move |tx| Box::pin(async move { Ok(setup::replace(tx, &hash, expires_at).await?) })).await?;
        Ok(kept.then_some(SetupToken { secret, expires_at }))
    }

    /// Whether a setup address serves, before its form is shown.
    pub async fn check_setup(&self, token: &str) -> Result<(), Fault> {
        if !secret::looks_right(token, "") {
            return Err(refused());
        }
        let current = setup::get(self.database()).await.map_err(error::told)?.ok_or_else(refused)?;
        let same = bool::from(current.token_hash.as_slice().ct_eq(&secret::hash(token)));
        let serves = same && current.used_at.is_none() && current.expires_at > self.now();
        if serves && self.needs_setup().await? { Ok(()) } else { Err(refused()) }
    }

    /// What a form of somebody new comes to, every fault of it at once; what takes time is done before the transaction.
    pub(crate) async fn founding(
        &self,
        form: &SetupForm,
        client: Client,
        now: Micros,
        instance_admin: bool,
    ) -> Result<Founding, Fault> {
        let mut reader = Reader::default();
        let plan = organizations::read(form, now, &mut reader);
        if form.name.trim().is_empty() {
            reader.note("/name", "required", "Your name is needed.");
        }
        let about = [form.email.trim(), form.name.trim(), form.organization.trim()];
        password::check(&form.password, &about, "/password", &mut reader.issues);
        reader.finish()?;
        let plan = plan.ok_or_else(Fault::internal)?;
        let owner = Owner::New { password_hash: self.passwords().hash(&form.password).await?, instance_admin };
        let session = self.fresh_session(now, &client)?;
        Ok(Founding { plan, owner, session, client })
    }

    /// Makes the first organization, its owner who administers the instance too, and signs them in.
    pub async fn complete_setup(&self, token: &str, form: SetupForm, client: Client) -> Result<Founded, Fault> {
        // Nobody without the secret has a form looked at or a password hashed.
        self.check_setup(token).await?;
        let now = self.now();
        let founding = self.founding(&form, client, now, true).await?;
        let hash = secret::hash(token);
        self.write(move |tx| {
            Box::pin(async move {
                if !setup::take(tx, &hash, now).await?
                    || rows::exist(&mut *tx).await?
                    || people::exist(&mut *tx).await?
                {
                    return Err(refused().into());
                }
                founding.make(tx).await
            })
        })
        .await
    }
}
