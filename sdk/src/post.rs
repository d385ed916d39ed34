//! What people are told: notices on their page, letters of templates that `plugin.toml` declares, and links for those
//! without an account. All of it is returned among the writes, and happens with them or not at all.
//!
//! ```
//! use lignaflow_sdk::prelude::*;
//! # fn of(revision: Id, estimator: Id, until: Instant) -> Result<Vec<Mutation>, Fault> {
//! let link = context::new_id()?;
//! Ok(vec![
//!     open_link(link, "quote", revision).until(until).called("Ana Weiss").into(),
//!     mail("issued").to("Ana Weiss", "ana@client.example").with("number", "EST-0042").link(link).into(),
//!     notify([estimator], "EST-0042 is on its way").about("revisions", revision).into(),
//! ])
//! # }
//! ```

use crate::{Id, Instant, Mutation};
use lignaflow_core::mutation::{Addressee, Closing, ClosingReason, Mailing, Notice, Opening};

/// A line for people of the organization. Those who are no members any more are told nothing.
pub fn notify(people: impl IntoIterator<Item = Id>, title: impl Into<String>) -> Line {
    Line {
        notice: Notice {
            people: people.into_iter().collect(),
            title: title.into(),
            text: String::new(),
            about: None,
            urgent: false,
            key: None,
        },
    }
}

/// A notice. Made by [`notify`].
#[derive(Debug, Clone)]
#[must_use = "nobody is told unless it is returned"]
pub struct Line {
    notice: Notice,
}

impl Line {
    /// What it says under its title.
    pub fn saying(mut self, text: impl Into<String>) -> Self {
        self.notice.text = text.into();
        self
    }

    /// The record that it leads to.
    pub fn about(mut self, collection: impl Into<String>, id: Id) -> Self {
        self.notice.about = Some((collection.into(), id));
        self
    }

    /// Mailed at once, where somebody did not say otherwise; the rest is told in one letter in the morning.
    pub fn urgent(mut self) -> Self {
        self.notice.urgent = true;
        self
    }

    /// While a notice of this key is unread, it is that one, with what it says now.
    pub fn once(mut self, key: impl Into<String>) -> Self {
        self.notice.key = Some(key.into());
        self
    }
}

impl From<Line> for Mutation {
    fn from(line: Line) -> Self {
        Self::Notify(line.notice)
    }
}

/// A letter of a template that `plugin.toml` declares in `[[mails]]`. Without [`Envelope::to`] or
/// [`Envelope::to_person`] it goes nowhere, and is refused.
pub fn mail(template: impl Into<String>) -> Envelope {
    Envelope {
        mailing: Mailing {
            template: template.into(),
            to: Addressee::Address { name: String::new(), address: String::new() },
            reply_to: None,
            arguments: Vec::new(),
            link: None,
            about: None,
            attachments: Vec::new(),
        },
    }
}

/// A letter that is asked for. Made by [`mail`].
#[derive(Debug, Clone)]
#[must_use = "a letter is not sent unless it is returned"]
pub struct Envelope {
    mailing: Mailing,
}

impl Envelope {
    pub fn to(mut self, name: impl Into<String>, address: impl Into<String>) -> Self {
        self.mailing.to = Addressee::Address { name: name.into(), address: address.into() };
        self
    }

    /// To the address of somebody of the organization, as it is then.
    pub fn to_person(mut self, person: Id) -> Self {
        self.mailing.to = Addressee::Person(person);
        self
    }

    /// Where an answer goes.
    pub fn reply_to(mut self, address: impl Into<String>) -> Self {
        self.mailing.reply_to = Some(address.into());
        self
    }

    /// What stands for a name of the template. Each of its names has one.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.mailing.arguments.push((name.into(), value.into()));
        self
    }

    /// The link that its button leads by, opened along with it or before.
    pub fn link(mut self, link: Id) -> Self {
        self.mailing.link = Some(link);
        self
    }

    /// The record that its button leads to, for people of the organization.
    pub fn about(mut self, collection: impl Into<String>, id: Id) -> Self {
        self.mailing.about = Some((collection.into(), id));
        self
    }

    /// A file that goes with it.
    pub fn attaching(mut self, file: Id) -> Self {
        self.mailing.attachments.push(file);
        self
    }
}

impl From<Envelope> for Mutation {
    fn from(envelope: Envelope) -> Self {
        Self::Mail(envelope.mailing)
    }
}

/// Lets somebody without an account see one page, that `plugin.toml` declares with `link`, of one record. Until when is
/// said by [`Way::until`], without which it is refused.
pub fn open_link(id: Id, page: impl Into<String>, subject: Id) -> Way {
    Way { opening: Opening { id, page: page.into(), subject, expires_at: 0, label: String::new() } }
}

/// A link that is to be opened. Made by [`open_link`].
#[derive(Debug, Clone)]
#[must_use = "a link is not opened unless it is returned"]
pub struct Way {
    opening: Opening,
}

impl Way {
    /// At most a year ahead.
    pub fn until(mut self, instant: Instant) -> Self {
        self.opening.expires_at = instant.micros();
        self
    }

    /// For whom it is, in the organization's own list.
    pub fn called(mut self, label: impl Into<String>) -> Self {
        self.opening.label = label.into();
        self
    }
}

impl From<Way> for Mutation {
    fn from(way: Way) -> Self {
        Self::OpenLink(way.opening)
    }
}

/// Ends a link of the plugin's own: whoever opens it is told that it was withdrawn.
pub fn withdraw_link(id: Id) -> Mutation {
    Mutation::CloseLink(Closing { id, why: ClosingReason::Withdrawn })
}

/// Ends a link of the plugin's own: whoever opens it is told that something newer stands in its place.
pub fn supersede_link(id: Id) -> Mutation {
    Mutation::CloseLink(Closing { id, why: ClosingReason::Superseded })
}
