//! What plugins have told to people: notices, letters and links, from what guest code asks for to what the commit keeps.
//! That there is such a template or page, and that the plugin may, was looked at when the guest asked for it.

use crate::{Records, answers};
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::clock::Micros;
use lignaflow_core::guest::CallFault;
use lignaflow_core::mail::{MAX_LETTER, Message, Recipient, Target};
use lignaflow_core::mutation::{Addressee, Mailing, Mutation, Notice, Opening};
use lignaflow_core::name::{CollectionName, PluginId};
use lignaflow_core::post::{MAX_AT_ONCE, MAX_LINK, NewLetter, NewLink, NewNotice, Opens, Post};
use lignaflow_core::value::instant_text;
use lignaflow_core::{ErrorCode, Fault, Id, OrganizationId, PersonId};
use lignaflow_runtime::Snapshot;
use lignaflow_store::{identity::organizations, links};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// One thing that a plugin asks people to be told.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub plugin: PluginId,
    pub mutation: Mutation,
    /// Where it stands in the input.
    pub prefix: String,
}

/// Where links lead: the secret of each is made of the instance's key and its id, so that a link can be told again, and
/// nothing that is kept lets anybody in.
#[derive(Clone)]
pub struct LinkAddresses {
    /// The address of this site, without a slash at its end.
    pub site: String,
    /// By the key in use, and by those before it.
    pub secrets: Vec<LinkSecret>,
}

/// The secret of a link, by one key.
pub type LinkSecret = Arc<dyn Fn(OrganizationId, Id) -> String + Send + Sync>;

impl std::fmt::Debug for LinkAddresses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkAddresses").field("site", &self.site).finish_non_exhaustive()
    }
}

impl LinkAddresses {
    /// The address of a link that is opened now, for whom it is for.
    pub fn address(&self, organization: OrganizationId, id: Id) -> String {
        self.leading(&self.secret(organization, id))
    }

    /// The address of a link of which this is kept; nothing where the key is not here any more that it was opened with.
    pub fn address_of(&self, organization: OrganizationId, id: Id, hash: &[u8]) -> Option<String> {
        let mut secrets = self.secrets.iter().map(|secret| secret(organization, id));
        secrets.find(|secret| Self::hash_of(secret) == hash).map(|secret| self.leading(&secret))
    }

    fn leading(&self, secret: &str) -> String {
        format!("{}/l/{secret}", self.site)
    }

    fn secret(&self, organization: OrganizationId, id: Id) -> String {
        self.secrets.first().map(|secret| secret(organization, id)).unwrap_or_default()
    }

    /// What is kept of a secret.
    pub fn hash_of(secret: &str) -> [u8; 32] {
        Sha256::digest(secret.as_bytes()).into()
    }

    pub fn hash(&self, organization: OrganizationId, id: Id) -> [u8; 32] {
        Self::hash_of(&self.secret(organization, id))
    }
}

impl Records {
    /// The same records, with the addresses of links that plugins open.
    #[must_use]
    pub fn linking(mut self, addresses: LinkAddresses) -> Self {
        self.links = Some(addresses);
        self
    }

    pub fn link_addresses(&self) -> Option<&LinkAddresses> {
        self.links.as_ref()
    }

    /// What a commit keeps of what plugins ask people to be told.
    pub(crate) async fn posted(
        &self,
        snapshot: &Snapshot,
        caller: &Caller,
        asked: Vec<Told>,
        at: Micros,
    ) -> Result<Post, Fault> {
        let mut post = Post { under: caller.link(), ..Post::default() };
        if asked.len() > MAX_AT_ONCE {
            let message = format!("{} notices, letters and links at once; at most {MAX_AT_ONCE}.", asked.len());
            return Err(Fault::new(ErrorCode::PluginExhausted, message));
        }
        // Letters lead by links that the same call opens, wherever it names them.
        let (links, rest): (Vec<_>, Vec<_>) =
            asked.into_iter().partition(|told| matches!(told.mutation, Mutation::OpenLink(_)));
        for told in links {
            if let Mutation::OpenLink(opening) = told.mutation {
                post.opened.push(self.opened(caller, told.plugin, opening, &told.prefix, at)?);
            }
        }
        let mut name = None;
        for Told { plugin, mutation, prefix } in rest {
            match mutation {
                Mutation::Notify(notice) => post.notices.push(new_notice(plugin, notice)?),
                Mutation::CloseLink(closing) => post.closed.push((plugin, closing)),
                Mutation::Mail(mailing) => {
                    let name = match &name {
                        Some(name) => name,
                        None => name.insert(self.organization_name(caller.organization).await?),
                    };
                    let letter = self.letter(snapshot, caller, &plugin, mailing, name, &post.opened, &prefix).await?;
                    post.letters.push(letter);
                }
                _ => {}
            }
        }
        Ok(post)
    }

    fn opened(
        &self,
        caller: &Caller,
        plugin: PluginId,
        opening: Opening,
        prefix: &str,
        at: Micros,
    ) -> Result<NewLink, Fault> {
        let Opening { id, page, subject, expires_at, label } = opening;
        if expires_at <= at || expires_at > at + MAX_LINK {
            let message = "A link is open until some time from now on, and for a year at most.";
            return Err(Fault::at(format!("{prefix}/expires-at"), "expiry", message));
        }
        let addresses = self.links.as_ref().ok_or_else(Fault::internal)?;
        let hash = addresses.hash(caller.organization, id);
        let opens = Opens::Page(page.parse().map_err(|_| Fault::internal())?);
        Ok(NewLink { id, hash, plugin, opens, subject, label, expires_at })
    }

    async fn organization_name(&self, organization: OrganizationId) -> Result<String, Fault> {
        let found = organizations::one(self.store.database(), organization).await.map_err(answers::of_store)?;
        Ok(found.map(|it| it.name).unwrap_or_default())
    }

    #[expect(clippy::too_many_arguments, reason = "a letter is put together of all of it")]
    async fn letter(
        &self,
        snapshot: &Snapshot,
        caller: &Caller,
        plugin: &PluginId,
        mailing: Mailing,
        organization: &str,
        opened: &[NewLink],
        prefix: &str,
    ) -> Result<NewLetter, Fault> {
        let declared = snapshot.plugins.get(plugin).and_then(|it| it.descriptor().mail(&mailing.template).cloned());
        let template = declared.ok_or_else(Fault::internal)?;
        let Mailing { to, reply_to, arguments, link, about, attachments, .. } = mailing;
        if let Some(id) = link
            && !opened.iter().any(|opened| opened.id == id && opened.plugin == *plugin)
        {
            self.open_link(caller, plugin, id, &format!("{prefix}/link")).await?;
        }
        self.may_attach(snapshot, caller, plugin, &attachments, prefix).await?;
        let target = match (link, about) {
            (Some(id), _) => Some(Target::Link(id)),
            (None, Some((collection, id))) => Some(Target::Path(format!("/{}/{id}", within(plugin, &collection)?))),
            (None, None) => None,
        };
        let letter = template.letter(organization, &arguments, target);
        if serde_json::to_string(&letter).map_or(0, |text| text.len()) > MAX_LETTER {
            let message = format!("A letter comes to {MAX_LETTER} bytes at most.");
            return Err(Fault::at(format!("{prefix}/arguments"), "too-long", message));
        }
        let (person, to) = match to {
            Addressee::Person(id) => (Some(PersonId(id)), Recipient { address: String::new(), name: String::new() }),
            Addressee::Address { name, address } => (None, Recipient { address, name }),
        };
        let message = Message {
            organization: Some(caller.organization),
            kind: template.name.to_string(),
            plugin: Some(plugin.clone()),
            to,
            reply_to,
            letter,
            attachments,
            // Who reads it can act by the link.
            secret: link.is_some(),
        };
        Ok(NewLetter { message, person })
    }

    /// A link of a plugin's own that is open.
    async fn open_link(&self, caller: &Caller, plugin: &PluginId, id: Id, at: &str) -> Result<links::Link, Fault> {
        let found = links::one(self.store.database(), caller.organization, id).await.map_err(answers::of_store)?;
        found
            .filter(|link| link.is_of(plugin) && link.state(self.clock.now()) == links::State::Open)
            .ok_or_else(|| Fault::at(at, "no-link", "There is no open link of that id."))
    }

    /// Files go out that the plugin may read: those of collections that it may, and what no record holds yet.
    async fn may_attach(
        &self,
        snapshot: &Snapshot,
        caller: &Caller,
        plugin: &PluginId,
        files: &[Id],
        prefix: &str,
    ) -> Result<(), Fault> {
        if files.is_empty() {
            return Ok(());
        }
        let access = Access::of_plugin(caller.organization);
        let found = self.store.media(access, files).await.map_err(answers::of_store)?;
        for file in found {
            let Some(place) = &file.place else { continue };
            let granted = snapshot.plugins.get(plugin).is_some_and(|it| it.grants().reads(plugin, &place.collection));
            if !granted {
                let message = format!("The plugin {plugin} may not send files of {}.", place.collection);
                return Err(Fault::at(format!("{prefix}/attachments"), "denied", message));
            }
        }
        Ok(())
    }

    /// The address of a link as a route answers it: of one that its reply opens, or of one that is open.
    pub(crate) async fn told_link(
        &self,
        caller: &Caller,
        plugin: &PluginId,
        id: Id,
        writes: &[Mutation],
    ) -> Result<String, Fault> {
        let addresses = self.links.as_ref().ok_or_else(Fault::internal)?;
        let opens = writes.iter().find_map(|write| match write {
            Mutation::OpenLink(opening) if opening.id == id => Some(opening.expires_at),
            _ => None,
        });
        let (expires_at, url) = if let Some(expires_at) = opens {
            (expires_at, addresses.address(caller.organization, id))
        } else {
            let link = self.open_link(caller, plugin, id, "").await?;
            let url = addresses.address_of(caller.organization, id, &link.hash).ok_or_else(|| {
                let message = "The secret key that this link was opened with is not here any more: open another.";
                Fault::at("", "no-link", message)
            })?;
            (link.expires_at, url)
        };
        Ok(json!({ "id": id.to_string(), "url": url, "expires_at": instant_text(expires_at) }).to_string())
    }
}

fn within(plugin: &PluginId, collection: &str) -> Result<CollectionName, Fault> {
    CollectionName::within(plugin, collection)
        .map_err(|error| answers::of_call(CallFault::BadAnswer(error.to_string()), plugin))
}

fn new_notice(plugin: PluginId, notice: Notice) -> Result<NewNotice, Fault> {
    let Notice { people, title, text, about, urgent, key } = notice;
    let about = about.map(|(collection, id)| Ok::<_, Fault>((within(&plugin, &collection)?, id))).transpose()?;
    let people = people.into_iter().map(PersonId).collect();
    Ok(NewNotice { plugin: Some(plugin), people, title, text, about, path: None, urgent, key })
}
