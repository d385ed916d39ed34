//! What administrators see of letters, and what they do. Those of an organization are its administrators'; those about
//! accounts, which are no organization's, are the instance's.

use super::compose::Rendered;
use super::{Mail, unavailable};
use crate::auth::Signed;
use lignaflow_core::caller::Permission;
use lignaflow_core::mail::{Letter, Message, Recipient};
use lignaflow_core::{ErrorCode, Fault, Id, OrganizationId};
use lignaflow_identity::Client;
use lignaflow_store::identity::audit::{self, Event};
use lignaflow_store::mail::{self, Kept, State, Which};
use serde_json::json;

/// Whose letters are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Organization,
    /// Of accounts, which belong to no organization.
    Accounts,
}

impl Mail {
    fn may(signed: &Signed, whose: Whose) -> Result<Option<OrganizationId>, Fault> {
        let (permission, refusal) = match whose {
            Whose::Organization => (Permission::ADMINISTER, "Only administrators see an organization's mail."),
            Whose::Accounts => {
                (Permission::INSTALL_PLUGINS, "Only administrators of the instance see mail about accounts.")
            }
        };
        if !signed.caller.holds(permission) {
            return Err(Fault::denied(refusal));
        }
        Ok((whose == Whose::Organization).then_some(signed.caller.organization))
    }

    /// Letters, those asked for last first.
    pub async fn all(
        &self,
        signed: &Signed,
        whose: Whose,
        state: Option<State>,
        before: Option<Id>,
        limit: u32,
    ) -> Result<Vec<Kept>, Fault> {
        let organization = Self::may(signed, whose)?;
        let which = Which { organization, state, before };
        mail::of(self.0.store.database(), which, limit).await.map_err(unavailable)
    }

    pub async fn one_letter(&self, signed: &Signed, whose: Whose, id: Id) -> Result<Kept, Fault> {
        let organization = Self::may(signed, whose)?;
        let found = mail::one(self.0.store.database(), organization, id).await.map_err(unavailable)?;
        found.ok_or_else(|| Fault::not_found("letter"))
    }

    /// What a letter says, where this reader may know it. What only its addressee may know is shown where mail lies in a
    /// folder, to administrators of the instance, who can read that folder.
    pub async fn words(&self, signed: &Signed, kept: &Kept) -> Result<Option<Rendered>, Fault> {
        let open = !kept.message.secret || (self.is_local() && signed.caller.holds(Permission::INSTALL_PLUGINS));
        if kept.forgotten || !open { Ok(None) } else { self.rendered(kept).await.map(Some) }
    }

    /// Has a letter that has failed, or was sent, sent again.
    pub async fn send_again(&self, signed: &Signed, client: &Client, whose: Whose, id: Id) -> Result<Kept, Fault> {
        let organization = Self::may(signed, whose)?;
        self.one_letter(signed, whose, id).await?;
        let now = self.0.clock.now();
        let event = Event {
            organization,
            at: now,
            person: Some(signed.authenticated.person.id),
            kind: "mail.sent-again".to_owned(),
            address: client.address.map(|address| address.to_string()).unwrap_or_default(),
            token: signed.authenticated.token(),
            detail: json!({ "mail": id.to_string() }),
        };
        let again = self.write(move |tx| {
            Box::pin(async move {
                let again = mail::again(tx, organization, id, now).await?;
                if again {
                    audit::append(tx, &event).await?;
                }
                Ok(again)
            })
        });
        if !again.await? {
            return Err(Fault::new(
                ErrorCode::Conflict,
                "This letter waits to be sent already, or what it said is not known any more.",
            ));
        }
        self.one_letter(signed, whose, id).await
    }

    /// Sends a letter to whoever asks, to see whether mail arrives.
    pub async fn try_out(&self, signed: &Signed) -> Result<(), Fault> {
        let organization = Self::may(signed, Whose::Organization)?;
        let person = &signed.authenticated.person;
        let to = Recipient { address: person.email.clone(), name: person.name.clone() };
        let here = signed.authenticated.organizations.iter().find(|it| Some(it.id) == organization);
        let name = here.map_or("this organization", |it| it.name.as_str());
        let letter = Letter::new("Mail from here arrives")
            .text(format!("This was sent to see whether mail of {name} arrives. It does."))
            .small("Nobody needs to do anything.");
        self.send(vec![Message::new(organization, "test", to, letter)]).await
    }
}
