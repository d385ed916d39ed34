//! What people were told: notices, letters as they read, and the links that are open.

use super::MemoryHost;
use super::call::World;
use crate::context::{Caller, Principal};
use crate::{Id, Mutation, Plugin};
use lignaflow_core::mail::{Letter, Target, is_address};
use lignaflow_core::mutation::{Addressee, Mailing, Notice, Opening};
use lignaflow_core::post::MAX_LINK;
use std::collections::BTreeSet;

/// Refuses what the host does: this is the plugin's own mistake, which no caller is to see.
pub(super) fn check(world: &World, caller: &Caller, told: &Mutation) {
    let descriptor = &world.descriptor;
    match told {
        Mutation::Mail(mailing) => {
            assert!(descriptor.grants.mail, "plugin.toml does not ask for `mail` in [grants]");
            let name = &mailing.template;
            let template = descriptor.mail(name).unwrap_or_else(|| panic!("plugin.toml declares no letter `{name}`"));
            let given: BTreeSet<&str> = mailing.arguments.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(given, template.arguments(), "the arguments of the letter `{name}`");
            if let Addressee::Address { address, .. } = &mailing.to {
                assert!(is_address(address), "`{address}` is no address that mail can be sent to");
            }
        }
        Mutation::OpenLink(opening) => {
            assert!(descriptor.grants.links, "plugin.toml does not ask for `links` in [grants]");
            let page = descriptor.page(&opening.page).filter(|page| page.link.is_some());
            assert!(page.is_some(), "plugin.toml declares no page `{}` that links open", opening.page);
            let now = caller.now.micros();
            assert!(
                opening.expires_at > now && opening.expires_at <= now + MAX_LINK,
                "a link is open until some time from now on, and for a year at most"
            );
        }
        Mutation::CloseLink(_) => {
            assert!(descriptor.grants.links, "plugin.toml does not ask for `links` in [grants]");
        }
        _ => {}
    }
}

impl<P: Plugin> MemoryHost<P> {
    /// The notices that people were told, in their order.
    pub fn notices(&self) -> Vec<Notice> {
        let told = self.world.post.borrow();
        let notices =
            told.iter().filter_map(|told| if let Mutation::Notify(it) = told { Some(it.clone()) } else { None });
        notices.collect()
    }

    /// The letters that were sent, in their order, each with what it says in the name of "The firm".
    pub fn letters(&self) -> Vec<(Mailing, Letter)> {
        let told = self.world.post.borrow();
        let letters =
            told.iter().filter_map(|told| if let Mutation::Mail(it) = told { Some(it.clone()) } else { None });
        let words = |mailing: Mailing| {
            let home = &self.world.descriptor.id;
            let to = match (&mailing.link, &mailing.about) {
                (Some(link), _) => Some(Target::Link(*link)),
                (None, Some((collection, id))) => Some(Target::Path(format!("/{home}/{collection}/{id}"))),
                (None, None) => None,
            };
            let template = self.world.descriptor.mail(&mailing.template)?;
            let letter = template.letter("The firm", &mailing.arguments, to);
            Some((mailing, letter))
        };
        letters.filter_map(words).collect()
    }

    /// The links that are open, in the order in which they were opened.
    pub fn links(&self) -> Vec<Opening> {
        let told = self.world.post.borrow();
        let mut open: Vec<Opening> = Vec::new();
        for told in told.iter() {
            match told {
                Mutation::OpenLink(opening) => open.push(opening.clone()),
                Mutation::CloseLink(closing) => open.retain(|link| link.id != closing.id),
                _ => {}
            }
        }
        open.retain(|link| link.expires_at > self.caller.now.micros());
        open
    }

    /// The next calls come from somebody without an account, by a link.
    ///
    /// # Panics
    ///
    /// Where the link is not open.
    pub fn come_by(&mut self, link: Id) {
        assert!(self.links().iter().any(|open| open.id == link), "no such link is open");
        self.caller.principal = Principal::Link(link);
        self.caller.permissions.clear();
    }
}
