//! Taking a whole organization away, on its owner's word or an operator's.
//!
//! Everything that is its goes in one transaction. Whoever belongs to no other organization loses their account with it,
//! but for those who administer the instance. There is no way back but a backup.

use crate::audit::{Kind, event};
use crate::authenticate::Authenticated;
use crate::client::Client;
use crate::error::Error;
use crate::members::{conflict, enter};
use crate::privacy::pseudonym;
use crate::{Identity, error};
use lignaflow_core::caller::Role;
use lignaflow_core::clock::Micros;
use lignaflow_core::fold::fold;
use lignaflow_core::{ErrorCode, Fault, Issue, OrganizationId, PersonId};
use lignaflow_store::Tx;
use lignaflow_store::identity::organizations::{self, Organization};
use lignaflow_store::identity::{audit, privacy, removal};
use serde_json::json;

/// On whose word it goes.
struct Word {
    client: Client,
    person: Option<PersonId>,
    at: Micros,
}

async fn take_away(tx: &mut Tx, organization: &Organization, word: &Word) -> Result<(), Error> {
    if !removal::has_others(tx, organization.id).await? {
        let message = "It is the only organization here. Make another one first, or take the whole instance away.";
        return Err(conflict("/confirm", "only-one", message).into());
    }
    let alone = removal::only_here(tx, organization.id).await?;
    removal::remove(tx, organization.id, word.at).await?;
    for person in &alone {
        privacy::forget(tx, *person, &pseudonym()).await?;
    }
    let detail = json!({
        "organization": organization.id.to_string(), "name": organization.name, "accounts": alone.len(),
    });
    // Of the instance: what was the organization's own has just gone.
    let removed = event(Kind::OrganizationRemoved, word.at, &word.client, None, word.person, detail);
    Ok(audit::append(tx, &removed).await?)
}

impl Identity {
    /// Takes the organization away with everything that is its. `confirm` is its name, so that none goes by a slip.
    pub async fn remove_organization(&self, actor: &Authenticated, client: Client, confirm: &str) -> Result<(), Fault> {
        actor.proved()?;
        let (organization, confirm) = (actor.organization.clone(), confirm.trim().to_owned());
        let actor = self.administrator(actor, client)?;
        self.write(move |tx| {
            Box::pin(async move {
                let actor = enter(tx, actor).await?;
                if confirm != organization.name {
                    let message = format!("Type the name as it stands, {}, to take it away.", organization.name);
                    return Err(Fault::invalid(vec![Issue::new("/confirm", "confirm", message)]).into());
                }
                if actor.role != Role::Owner {
                    return Err(Fault::denied("Only owners take their organization away.").into());
                }
                let word = Word { client: actor.client, person: Some(actor.person), at: actor.now };
                take_away(tx, &organization, &word).await
            })
        })
        .await
    }

    /// The same on an operator's word, who names it; which it was.
    pub async fn remove_organization_named(&self, name: &str) -> Result<OrganizationId, Fault> {
        let found = organizations::named(self.database(), &fold(name.trim())).await.map_err(error::told)?;
        let organization = found.ok_or_else(|| {
            let mut fault = Fault::at("/name", "unknown", format!("There is no organization named {}.", name.trim()));
            fault.code = ErrorCode::NotFound;
            fault
        })?;
        let (id, word) = (organization.id, Word { client: Client::command_line(), person: None, at: self.now() });
        self.write(move |tx| {
            Box::pin(async move {
                organizations::lock(tx, organization.id).await?;
                take_away(tx, &organization, &word).await
            })
        })
        .await?;
        Ok(id)
    }
}
