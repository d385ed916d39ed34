//! A person's own account: the password changed by themselves, or reset by an operator; an account shut and opened.

use crate::audit::{Kind, event};
use crate::authenticate::Authenticated;
use crate::client::Client;
use crate::form::{Email, Reader};
use crate::resets::RESET;
use crate::sessions::{self, NewSession};
use crate::sign_in::{STEP, SignInFault};
use crate::{Identity, error, members, password};
use lignaflow_core::caller::Role;
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_store::identity::{audit, members as rows, one_time, organizations, people, sessions as session_rows};
use serde_json::json;

impl Identity {
    /// Changes the person's password. All their sessions end; the one that asks goes on under a new secret.
    pub async fn change_password(
        &self,
        actor: &Authenticated,
        client: Client,
        current: &str,
        new: &str,
    ) -> Result<NewSession, SignInFault> {
        actor.own_session()?;
        let (id, organization, now) = (actor.person.id, actor.caller.organization, self.now());
        // Who found a browser left open must not guess at leisure.
        let attempt = self.attempt(&format!("password of {id}"), &client, true).await?;
        let hash = people::password(self.database(), id).await.map_err(error::told)?;
        let mut reader = Reader::default();
        if self.passwords().verify(current, hash).await? {
            self.succeeded(attempt).await?;
        } else {
            self.note_failure("", client.clone(), Some(id)).await?;
            reader.note("/current_password", "wrong", "That is not your password.");
        }
        if new == current {
            reader.note("/new_password", "same", "That is the password that you have.");
        } else {
            let about = [actor.person.email.as_str(), actor.person.name.as_str()];
            password::check(new, &about, "/new_password", &mut reader.issues);
        }
        reader.finish()?;
        let hash = self.passwords().hash(new).await?;
        let (secret, draft) = self.fresh_session(now, &client)?;
        let session = self
            .write(move |tx| {
                Box::pin(async move {
                    people::set_password(tx, id, &hash, false).await?;
                    session_rows::end_all(tx, id, None).await?;
                    one_time::end_all(tx, id, RESET).await?;
                    one_time::end_all(tx, id, STEP).await?;
                    let session = sessions::open(tx, secret, draft, id, organization).await?;
                    let changed = event(Kind::PasswordChanged, now, &client, Some(organization), Some(id), json!({}));
                    audit::append(tx, &changed).await?;
                    Ok(session)
                })
            })
            .await?;
        Ok(session)
    }

    /// Sets somebody's password on an operator's word, and ends all their sessions. Their tokens stay.
    pub async fn reset_password(&self, email: &str, new: &str) -> Result<(), Fault> {
        let mut reader = Reader::default();
        let email = reader.email(email, "/email");
        let about = email.as_ref().map_or("", |email| &email.text);
        password::check(new, &[about], "/password", &mut reader.issues);
        reader.finish()?;
        let person = self.person_with(email).await?;
        let (hash, now) = (self.passwords().hash(new).await?, self.now());
        self.write(move |tx| {
            Box::pin(async move {
                people::set_password(tx, person.id, &hash, false).await?;
                session_rows::end_all(tx, person.id, None).await?;
                one_time::end_all(tx, person.id, RESET).await?;
                one_time::end_all(tx, person.id, STEP).await?;
                let detail = json!({ "person": person.id.to_string() });
                let client = Client::command_line();
                Ok(audit::append(tx, &event(Kind::PasswordReset, now, &client, None, None, detail)).await?)
            })
        })
        .await
    }

    /// Shuts or opens somebody's account for the whole instance on an operator's word. Shut, nothing of theirs serves,
    /// neither sessions nor tokens. Not for the last owner of an organization.
    pub async fn set_person_active(&self, email: &str, active: bool) -> Result<(), Fault> {
        let mut reader = Reader::default();
        let email = reader.email(email, "/email");
        reader.finish()?;
        let person = self.person_with(email).await?;
        let now = self.now();
        self.write(move |tx| {
            Box::pin(async move {
                // In the order of their names, so that two who do this wait for each other in one order.
                let mine = rows::organizations_of(&mut *tx, person.id).await?;
                let owned: Vec<_> = mine.into_iter().filter(|(_, role)| *role == Role::Owner).collect();
                for (organization, _) in &owned {
                    organizations::lock(tx, organization.id).await?;
                }
                people::set_active(tx, person.id, active).await?;
                for (organization, _) in &owned {
                    members::keep_an_owner(tx, organization.id).await?;
                }
                if !active {
                    session_rows::end_all(tx, person.id, None).await?;
                }
                let kind = if active { Kind::PersonActivated } else { Kind::PersonDeactivated };
                let detail = json!({ "person": person.id.to_string() });
                let client = Client::command_line();
                Ok(audit::append(tx, &event(kind, now, &client, None, None, detail)).await?)
            })
        })
        .await
    }

    /// Whoever has that address, for operators, who may know.
    pub(crate) async fn person_with(&self, email: Option<Email>) -> Result<people::Person, Fault> {
        let email = email.ok_or_else(Fault::internal)?;
        let person = people::by_email(self.database(), &email.key).await.map_err(error::told)?;
        person.ok_or_else(|| {
            let mut fault = Fault::at("/email", "unknown", format!("Nobody here has the address {}.", email.text));
            fault.code = ErrorCode::NotFound;
            fault
        })
    }
}
