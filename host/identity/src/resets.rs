//! A password that was forgotten, and an address that changes: by one long code in a letter, which serves once, for an
//! hour. A reset serves in the browser that asked for it alone, and whoever asks is told the same in the same time,
//! whether the address is somebody's or not.

use crate::audit::{Kind, event};
use crate::authenticate::Authenticated;
use crate::client::Client;
use crate::form::{Email, Reader};
use crate::secret::{self, Secret};
use crate::sign_in::{STEP, SignInFault};
use crate::{Identity, SECOND, error, letters, password};
use lignaflow_core::{ErrorCode, Fault, Id};
use lignaflow_store::identity::one_time::{self, OneTime};
use lignaflow_store::identity::{audit, people, sessions};
use lignaflow_store::{Database, StoreError, mail};
use serde_json::json;
use subtle::ConstantTimeEq;

pub(crate) const RESET: &str = "password-reset";
const ADDRESS: &str = "address-change";
/// Seconds for which a code serves.
const SERVES: i64 = 60 * 60;

fn over() -> Fault {
    let message = "This link was used, has run out, or belongs to another browser. Ask for a new one.";
    Fault::new(ErrorCode::Conflict, message)
}

impl Identity {
    /// Has a letter sent to whoever has that address. What is answered is for the browser that asks to keep, and the same
    /// for every address: who has one is looked up beside the answer.
    pub async fn ask_reset(&self, email: &str, client: Client) -> Result<Secret, SignInFault> {
        let email = self.written_to(email, "reset", &client).await?;
        let now = self.now();
        let (code, binding) = (Secret::fresh()?, Secret::fresh()?);
        let (database, bound) = (self.database().clone(), binding.hash());
        self.0.touches.start(Id::fresh(), async move { mail_reset(&database, email, code, bound, client, now).await });
        Ok(binding)
    }

    /// Whether a link serves in this browser, before its form is shown.
    pub async fn check_reset(&self, code: &str, binding: &str) -> Result<(), Fault> {
        self.reset_of(code, binding).await.map(|_| ())
    }

    async fn reset_of(&self, code: &str, binding: &str) -> Result<OneTime, Fault> {
        if !secret::looks_right(code, "") {
            return Err(over());
        }
        let found = one_time::get(self.database(), &secret::hash(code), RESET, self.now()).await;
        let found = found.map_err(error::told)?.ok_or_else(over)?;
        let bound = found.binding.as_deref().unwrap_or_default();
        if bool::from(bound.ct_eq(&secret::hash(binding))) { Ok(found) } else { Err(over()) }
    }

    /// Sets a new password by the code of a letter, in the browser that asked for it. All sessions end.
    pub async fn reset_by_code(&self, code: &str, binding: &str, new: &str, client: Client) -> Result<(), Fault> {
        let found = self.reset_of(code, binding).await?;
        let id = found.person.ok_or_else(over)?;
        let person = people::one(self.database(), id).await.map_err(error::told)?;
        // The letter went to an address: it is worth nothing once the account has another.
        let same = |person: &people::Person| found.detail["email"] == person.email.to_lowercase().as_str();
        let person = person.filter(|person| person.active && same(person)).ok_or_else(over)?;
        let mut reader = Reader::default();
        password::check(new, &[&person.email, &person.name], "/password", &mut reader.issues);
        reader.finish()?;
        let (hash, code, now) = (self.passwords().hash(new).await?, secret::hash(code), self.now());
        self.write(move |tx| {
            Box::pin(async move {
                if !one_time::take(tx, &code, RESET, now).await? {
                    return Err(over().into());
                }
                people::set_password(tx, id, &hash, false).await?;
                sessions::end_all(tx, id, None).await?;
                one_time::end_all(tx, id, RESET).await?;
                one_time::end_all(tx, id, STEP).await?;
                let detail = json!({ "person": id.to_string() });
                let reset = event(Kind::PasswordReset, now, &client, None, Some(id), detail);
                Ok(audit::append(tx, &reset).await?)
            })
        })
        .await
    }

    /// Has a letter sent to the address that the account is to have. Whether another account has it is not told.
    pub async fn ask_address(
        &self,
        actor: &Authenticated,
        client: Client,
        current: &str,
        email: &str,
    ) -> Result<(), SignInFault> {
        actor.own_session()?;
        let (id, now) = (actor.person.id, self.now());
        let attempt = self.attempt(&format!("password of {id}"), &client, true).await?;
        let mut reader = Reader::default();
        let email = reader.email(email, "/email");
        let hash = people::password(self.database(), id).await.map_err(error::told)?;
        if self.passwords().verify(current, hash).await? {
            self.succeeded(attempt).await?;
        } else {
            self.note_failure("", client, Some(id)).await?;
            reader.note("/current_password", "wrong", "That is not your password.");
        }
        reader.finish()?;
        let email = email.ok_or_else(Fault::internal)?;
        let taken = people::by_email(self.database(), &email.key).await.map_err(error::told)?.is_some();
        let code = Secret::fresh()?;
        let name = actor.person.name.clone();
        self.write(move |tx| {
            Box::pin(async move {
                one_time::end_all(tx, id, ADDRESS).await?;
                if taken {
                    return Ok(());
                }
                let kept = OneTime {
                    kind: ADDRESS.to_owned(),
                    person: Some(id),
                    binding: None,
                    detail: json!({ "email": email.text }),
                    tries: 0,
                    created_at: now,
                    expires_at: now + SERVES * SECOND,
                };
                one_time::insert(tx, &code.hash(), &kept).await?;
                mail::queue(tx, &letters::address_asked(&email.text, &name, code.expose()), now, now).await?;
                Ok(())
            })
        })
        .await?;
        Ok(())
    }

    /// Gives the account the address that the letter went to, and tells the one before. A reset that was asked for before
    /// goes to nobody.
    pub async fn confirm_address(&self, actor: &Authenticated, client: Client, code: &str) -> Result<String, Fault> {
        actor.own_session()?;
        if !secret::looks_right(code, "") {
            return Err(over());
        }
        let (id, organization, now) = (actor.person.id, actor.caller.organization, self.now());
        let (hash, before, name) = (secret::hash(code), actor.person.email.clone(), actor.person.name.clone());
        let found = one_time::get(self.database(), &hash, ADDRESS, now).await.map_err(error::told)?;
        let found = found.filter(|found| found.person == Some(id)).ok_or_else(over)?;
        let email = found.detail["email"].as_str().and_then(Email::parse).ok_or_else(Fault::internal)?;
        let told = email.text.clone();
        self.write(move |tx| {
            Box::pin(async move {
                if !one_time::take(tx, &hash, ADDRESS, now).await?
                    || people::by_email(&mut *tx, &email.key).await?.is_some()
                {
                    return Err(over().into());
                }
                people::set_email(tx, id, &email.text, &email.key).await?;
                one_time::end_all(tx, id, RESET).await?;
                mail::queue(tx, &letters::address_changed(&before, &name, &email.text), now, now).await?;
                let detail = json!({ "before": before, "after": email.text });
                let changed = event(Kind::AddressChanged, now, &client, Some(organization), Some(id), detail);
                Ok(audit::append(tx, &changed).await?)
            })
        })
        .await?;
        Ok(told)
    }
}

/// The letter of a reset, where somebody has that address.
async fn mail_reset(
    database: &Database,
    email: Email,
    code: Secret,
    bound: [u8; 32],
    client: Client,
    now: i64,
) -> Result<(), StoreError> {
    let person = people::by_email(database, &email.key).await?;
    let Some(person) = person.filter(|person| person.active) else { return Ok(()) };
    database
        .write(move |tx| {
            Box::pin(async move {
                one_time::end_all(tx, person.id, RESET).await?;
                let kept = OneTime {
                    kind: RESET.to_owned(),
                    person: Some(person.id),
                    binding: Some(bound.to_vec()),
                    detail: json!({ "email": email.key }),
                    tries: 0,
                    created_at: now,
                    expires_at: now + SERVES * SECOND,
                };
                one_time::insert(tx, &code.hash(), &kept).await?;
                mail::queue(tx, &letters::reset(&person.email, &person.name, code.expose()), now, now).await?;
                let detail = json!({ "person": person.id.to_string() });
                let asked = event(Kind::ResetAsked, now, &client, None, Some(person.id), detail);
                audit::append(tx, &asked).await
            })
        })
        .await
}
