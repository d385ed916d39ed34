//! Somebody new makes an organization of their own, where the instance lets them: by a letter, so that the address is
//! theirs before anything is made. It is always a new organization; into one that is there leads an invitation alone.

use crate::audit::{Kind, event};
use crate::client::Client;
use crate::form::Email;
use crate::organizations::SetupForm;
use crate::secret::{self, Secret};
use crate::setup::Founded;
use crate::sign_in::SignInFault;
use crate::{Identity, SECOND, error, letters};
use lignaflow_core::{ErrorCode, Fault, Id};
use lignaflow_store::identity::one_time::{self, OneTime};
use lignaflow_store::identity::{audit, people};
use lignaflow_store::{Database, StoreError, mail};
use serde_json::json;

const SIGN_UP: &str = "sign-up";
/// Seconds for which a link serves.
const SERVES: i64 = 24 * 60 * 60;

fn closed() -> Fault {
    let mut fault = Fault::not_found("sign-up here");
    "Organizations are not made by sign-up here. Ask who runs this server.".clone_into(&mut fault.message);
    fault
}

fn over() -> Fault {
    Fault::new(ErrorCode::Conflict, "This link was used or has run out. Ask for a new one.")
}

impl Identity {
    /// Whether the instance lets people make organizations by themselves.
    pub fn sign_up_is_open(&self) -> bool {
        self.options().sign_up
    }

    /// Has a letter sent to an address: with a link that makes an organization where it is nobody's yet, and saying that
    /// there is an account where there is. What is answered is the same, in the same time.
    pub async fn ask_sign_up(&self, email: &str, client: Client) -> Result<(), SignInFault> {
        if !self.sign_up_is_open() {
            return Err(closed().into());
        }
        let email = self.written_to(email, "sign-up", &client).await?;
        let now = self.now();
        let code = Secret::fresh()?;
        let database = self.database().clone();
        self.0.touches.start(Id::fresh(), async move { mail_sign_up(&database, email, code, client, now).await });
        Ok(())
    }

    /// The address that a link was sent to, where it serves.
    pub async fn check_sign_up(&self, code: &str) -> Result<String, Fault> {
        self.sign_up_of(code).await.map(|email| email.text)
    }

    async fn sign_up_of(&self, code: &str) -> Result<Email, Fault> {
        if !self.sign_up_is_open() {
            return Err(closed());
        }
        if !secret::looks_right(code, "") {
            return Err(over());
        }
        let found = one_time::get(self.database(), &secret::hash(code), SIGN_UP, self.now()).await;
        let found = found.map_err(error::told)?.ok_or_else(over)?;
        found.detail["email"].as_str().and_then(Email::parse).ok_or_else(Fault::internal)
    }

    /// Makes an organization by the link of a letter, with who was sent it as its owner, who is signed in. The address of
    /// the form is not looked at.
    pub async fn sign_up(&self, code: &str, form: SetupForm, client: Client) -> Result<Founded, Fault> {
        let email = self.sign_up_of(code).await?;
        let form = SetupForm { email: email.text, ..form };
        let now = self.now();
        let founding = self.founding(&form, client, now, false).await?;
        let code = secret::hash(code);
        self.write(move |tx| {
            Box::pin(async move {
                if !one_time::take(tx, &code, SIGN_UP, now).await?
                    || people::by_email(&mut *tx, &founding.email().key).await?.is_some()
                {
                    return Err(over().into());
                }
                founding.make(tx).await
            })
        })
        .await
    }
}

async fn mail_sign_up(
    database: &Database,
    email: Email,
    code: Secret,
    client: Client,
    now: i64,
) -> Result<(), StoreError> {
    let known = people::by_email(database, &email.key).await?;
    if known.as_ref().is_some_and(|person| !person.active) {
        return Ok(());
    }
    database
        .write(move |tx| {
            Box::pin(async move {
                let asked = event(Kind::SignUpAsked, now, &client, None, None, json!({ "email": email.key }));
                if let Some(person) = known {
                    mail::queue(tx, &letters::known_already(&person.email, &person.name), now, now).await?;
                    return audit::append(tx, &asked).await;
                }
                let kept = OneTime {
                    kind: SIGN_UP.to_owned(),
                    person: None,
                    binding: None,
                    detail: json!({ "email": email.text }),
                    tries: 0,
                    created_at: now,
                    expires_at: now + SERVES * SECOND,
                };
                one_time::insert(tx, &code.hash(), &kept).await?;
                mail::queue(tx, &letters::sign_up(&email.text, code.expose()), now, now).await?;
                audit::append(tx, &asked).await
            })
        })
        .await
}
