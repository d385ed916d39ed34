//! API tokens: a person's own, in one organization, never worth more than that person is there.

use crate::audit::{Kind, event};
use crate::authenticate::{Authenticated, Via};
use crate::client::Client;
use crate::error::Error;
use crate::form::Reader;
use crate::secret::Secret;
use crate::{Identity, error};
use lignaflow_core::caller::Permission;
use lignaflow_core::clock::Micros;
use lignaflow_core::{ErrorCode, Fault, Id, OrganizationId, PersonId};
use lignaflow_store::Tx;
use lignaflow_store::identity::tokens::{Scope, Token};
use lignaflow_store::identity::{audit, members, tokens};
use serde_json::json;

/// Tokens that one person has at most in one organization.
const MOST: u32 = 100;
/// Tokens of an organization that are listed at most.
const LISTED: u32 = 1000;

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// What it is for, in its owner's words.
    pub name: String,
    pub scope: Scope,
    /// Nothing for one that serves until it is revoked.
    pub expires_at: Option<Micros>,
}

/// A token that was made. The secret is shown once: nobody can find it out again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenIssued {
    pub secret: Secret,
    pub token: Token,
}

struct Owner {
    organization: OrganizationId,
    person: PersonId,
}

impl Identity {
    /// Makes a token of the person who asks, in the organization that they work in. Only somebody who is signed in can:
    /// a token that makes tokens would outlive its own end.
    pub async fn issue_token(
        &self,
        actor: &Authenticated,
        client: Client,
        new: NewToken,
    ) -> Result<TokenIssued, Fault> {
        actor.own_session()?;
        actor.proved()?;
        let owner = Owner { organization: actor.caller.organization, person: actor.person.id };
        self.make_token(owner, client, Some(actor.person.id), new).await
    }

    /// Makes a token of somebody on an operator's word.
    pub async fn create_token(&self, email: &str, organization: &str, new: NewToken) -> Result<TokenIssued, Fault> {
        let mut reader = Reader::default();
        let email = reader.email(email, "/email");
        reader.finish()?;
        let person = self.person_with(email).await?;
        let Some(found) = self.organization_named(organization).await? else {
            let message = format!("There is no organization named {organization}.");
            let mut fault = Fault::at("/organization", "unknown", message);
            fault.code = ErrorCode::NotFound;
            return Err(fault);
        };
        if !person.active {
            return Err(Fault::at("/email", "inactive", format!("{} was deactivated.", person.email)));
        }
        let owner = Owner { organization: found.id, person: person.id };
        self.make_token(owner, Client::command_line(), None, new).await
    }

    /// Makes a token of somebody for what the server does in their name, until they are told what came of it.
    pub async fn lend_token(
        &self,
        organization: OrganizationId,
        person: PersonId,
        new: NewToken,
    ) -> Result<TokenIssued, Fault> {
        self.make_token(Owner { organization, person }, Client::default(), Some(person), new).await
    }

    async fn make_token(
        &self,
        owner: Owner,
        client: Client,
        by: Option<PersonId>,
        new: NewToken,
    ) -> Result<TokenIssued, Fault> {
        let now = self.now();
        let mut reader = Reader::default();
        let name = reader.name(&new.name, "/name", "The token's name");
        if new.expires_at.is_some_and(|end| end <= now) {
            reader.note("/expires_at", "past", "That is past already.");
        }
        reader.finish()?;
        let secret = Secret::token()?;
        let token = Token {
            id: Id::fresh(),
            organization: owner.organization,
            person: owner.person,
            name,
            prefix: secret.prefix().to_owned(),
            scope: new.scope,
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        let (hash, row) = (secret.hash(), token.clone());
        self.write(move |tx| Box::pin(async move { keep(tx, &row, &hash, &client, by).await })).await?;
        Ok(TokenIssued { secret, token })
    }

    /// The tokens of the person who asks, in the organization that they work in, the latest first.
    pub async fn tokens(&self, actor: &Authenticated) -> Result<Vec<Token>, Fault> {
        let (organization, person) = (actor.caller.organization, actor.person.id);
        tokens::of(self.database(), organization, person, MOST).await.map_err(error::told)
    }

    /// Everybody's tokens in the organization, the latest first, for its administrators.
    pub async fn tokens_of_all(&self, actor: &Authenticated) -> Result<Vec<Token>, Fault> {
        if !actor.caller.holds(Permission::ADMINISTER) {
            return Err(Fault::denied("Only administrators see the tokens of others."));
        }
        tokens::of_all(self.database(), actor.caller.organization, LISTED).await.map_err(error::told)
    }

    /// Revokes a token: one's own, or as an administrator anybody's in the organization.
    pub async fn revoke_token(&self, actor: &Authenticated, client: Client, id: Id) -> Result<(), Fault> {
        // A token may end itself, whatever its scope: that is how a script cleans up after itself.
        let itself = matches!(actor.via, Via::Token(token, _) if token == id);
        if !itself && matches!(actor.via, Via::Token(_, Scope::Read)) {
            return Err(Fault::denied("A token that reads may revoke no other."));
        }
        let administers = actor.caller.holds(Permission::ADMINISTER);
        let (organization, person, now) = (actor.caller.organization, actor.person.id, self.now());
        let client = client.through(actor);
        self.write(move |tx| {
            Box::pin(async move {
                let token = tokens::one(&mut *tx, organization, id).await?;
                let theirs = token.is_some_and(|token| token.person == person || administers);
                if !theirs || !tokens::revoke(tx, organization, id, now).await? {
                    return Err(Fault::not_found("such token").into());
                }
                let detail = json!({ "token": id.to_string() });
                let revoked = event(Kind::TokenRevoked, now, &client, Some(organization), Some(person), detail);
                Ok(audit::append(tx, &revoked).await?)
            })
        })
        .await
    }
}

async fn keep(tx: &mut Tx, token: &Token, hash: &[u8; 32], client: &Client, by: Option<PersonId>) -> Result<(), Error> {
    let (organization, person) = (token.organization, token.person);
    let member = members::one(&mut *tx, organization, person).await?;
    if !member.is_some_and(|member| member.active) {
        return Err(Fault::at("/organization", "no-member", "They do not belong to that organization.").into());
    }
    let count = tokens::of(&mut *tx, organization, person, MOST).await?.len();
    if count >= usize::try_from(MOST).unwrap_or(usize::MAX) {
        let message = format!("There are {MOST} tokens already. Revoke those that are not used.");
        return Err(Fault::new(ErrorCode::Conflict, message).into());
    }
    tokens::insert(tx, token, hash).await?;
    let detail = json!({
        "token": token.id.to_string(), "owner": person.to_string(), "name": token.name, "prefix": token.prefix,
        "scope": token.scope.as_str(), "expires_at": token.expires_at,
    });
    let created = event(Kind::TokenCreated, token.created_at, client, Some(organization), by, detail);
    Ok(audit::append(tx, &created).await?)
}
