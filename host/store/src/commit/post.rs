//! What people are told with a commit: notices, letters, and links that are opened and closed. That the link by which it
//! was asked for is open still is looked at here, where nobody can close it any more before the commit stands.

use crate::database::{Statement, Tx};
use crate::error::StoreError;
use crate::identity::values;
use crate::{links, mail, notices};
use lignaflow_core::commit::{Commit, Refusal};
use lignaflow_core::mail::Recipient;
use lignaflow_core::post::{MAX_LETTERS, MAX_OPEN};
use lignaflow_core::{OrganizationId, PersonId};

pub(super) async fn keep(tx: &mut Tx, commit: &Commit) -> Result<(), Refusal> {
    let organization = commit.access.organization();
    let post = &commit.background.post;
    if let Some(link) = post.under
        && !links::used(tx, organization, link, commit.at).await?
    {
        return Err(Refusal::LinkClosed);
    }
    if let Some(letter) = post.letters.first()
        && mail::waiting(tx, organization, MAX_LETTERS).await? >= MAX_LETTERS
        && let Some(plugin) = &letter.message.plugin
    {
        return Err(Refusal::Backlog { plugin: plugin.clone() });
    }
    if let Some(link) = post.opened.first()
        && links::open_of(tx, organization, &link.plugin, commit.at, MAX_OPEN).await? >= MAX_OPEN
    {
        return Err(Refusal::Backlog { plugin: link.plugin.clone() });
    }
    for link in &post.opened {
        links::add(tx, organization, link, commit.at).await?;
    }
    for (plugin, closing) in &post.closed {
        links::close(tx, organization, Some(plugin), closing.id, closing.why, commit.at).await?;
    }
    for notice in &post.notices {
        notices::tell(tx, organization, notice, commit.at).await?;
    }
    for letter in &post.letters {
        let mut message = letter.message.clone();
        if let Some(person) = letter.person {
            // Who is no member any more gets no letter.
            let Some(to) = member(tx, organization, person).await? else { continue };
            message.to = to;
        }
        mail::queue(tx, &message, commit.at, commit.at).await?;
    }
    Ok(())
}

async fn member(tx: &mut Tx, organization: OrganizationId, person: PersonId) -> Result<Option<Recipient>, StoreError> {
    let statement = Statement::new(
        "select p.email, p.name from memberships m join people p on p.id = m.person \
         where m.organization = $1 and m.person = $2 and m.active and p.active",
        values![organization.0.uuid(), person.0.uuid()],
    );
    let found = tx.fetch_optional(statement).await?;
    found.map(|row| Ok(Recipient { address: row.text(0)?, name: row.text(1)? })).transpose()
}
