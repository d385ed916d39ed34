//! What is mailed, in words: one shape for every letter, so that all of them look alike and none holds markup of its own.
//! `host/web` makes text and HTML of it, `host/server` sends it.

use crate::id::{Id, OrganizationId};
use crate::name::PluginId;
use serde::{Deserialize, Serialize};

/// The most characters of a subject, of an address, and of a name.
pub const MAX_SUBJECT: usize = 200;
pub const MAX_ADDRESS: usize = 254;
pub const MAX_NAME: usize = 200;
/// The most bytes of a letter as it is kept.
pub const MAX_LETTER: usize = 64 * 1024;
/// The most files that go with a letter.
pub const MAX_ATTACHMENTS: usize = 10;

/// What a letter says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    pub subject: String,
    pub parts: Vec<Part>,
}

/// One piece of a letter, from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// A paragraph.
    Text(String),
    /// Names with what they are.
    Facts(Vec<(String, String)>),
    /// The one thing to do.
    Button { title: String, to: Target },
    /// Something to be typed elsewhere.
    Code(String),
    /// What is to be looked at, each with its own page.
    Items(Vec<Item>),
    /// What is said beside it, at the end.
    Small(String),
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub title: String,
    #[serde(default)]
    pub text: String,
    #[serde(default)]
    pub to: Option<Target>,
}

/// Where a letter leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// A page of this site, from its slash on; what the site is called is put before it when it is sent.
    Path(String),
    /// A link for somebody without an account, by its id.
    Link(Id),
}

impl Letter {
    pub fn new(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), parts: Vec::new() }
    }

    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.with(Part::Text(text.into()))
    }

    #[must_use]
    pub fn facts(self, facts: &[(&str, &str)]) -> Self {
        self.with(Part::Facts(facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()))
    }

    /// A button to a page of this site, from its slash on.
    #[must_use]
    pub fn button(self, title: impl Into<String>, path: impl Into<String>) -> Self {
        self.with(Part::Button { title: title.into(), to: Target::Path(path.into()) })
    }

    #[must_use]
    pub fn code(self, code: impl Into<String>) -> Self {
        self.with(Part::Code(code.into()))
    }

    #[must_use]
    pub fn small(self, text: impl Into<String>) -> Self {
        self.with(Part::Small(text.into()))
    }

    #[must_use]
    pub fn with(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// The links that it leads by.
    pub fn links(&self) -> impl Iterator<Item = Id> {
        let targets = self.parts.iter().flat_map(|part| match part {
            Part::Button { to, .. } => vec![to],
            Part::Items(items) => items.iter().filter_map(|item| item.to.as_ref()).collect(),
            _ => Vec::new(),
        });
        targets.filter_map(|target| match target {
            Target::Link(id) => Some(*id),
            Target::Path(_) => None,
        })
    }
}

/// A letter with whom it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// In whose name; nothing where it is about an account and no organization.
    pub organization: Option<OrganizationId>,
    /// What it is, such as `invitation`, for lists.
    pub kind: String,
    /// The plugin that asks for it.
    pub plugin: Option<PluginId>,
    pub to: Recipient,
    /// Where an answer goes.
    pub reply_to: Option<String>,
    pub letter: Letter,
    /// Files of the organization.
    pub attachments: Vec<Id>,
    /// Whether who reads it can act as the one that it goes to: it is forgotten once it is sent, and shown to nobody
    /// else.
    pub secret: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    pub address: String,
    pub name: String,
}

impl Message {
    /// A letter of the host's own.
    pub fn new(organization: Option<OrganizationId>, kind: &str, to: Recipient, letter: Letter) -> Self {
        Self {
            organization,
            kind: kind.to_owned(),
            plugin: None,
            to,
            reply_to: None,
            letter,
            attachments: Vec::new(),
            secret: false,
        }
    }

    /// The same, with what only its reader may know in it.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

/// Whether a text can be an address to send to: something, an @, and a host; no blanks and no control characters.
pub fn is_address(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| !c.is_whitespace() && !c.is_control());
    plain(local)
        && plain(host)
        && text.chars().count() <= MAX_ADDRESS
        && !text.contains(['<', '>', ',', ';', '"', '\\'])
        && !local.contains('@')
}

/// One line of a head, with nothing in it that ends a line.
pub fn one_line(text: &str, most: usize) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_word_with_a_host() {
        assert!(is_address("ana@halloran.example") && is_address("ana+site@x.co"));
        for wrong in ["", "ana", "@x.co", "ana@", "a na@x.co", "ana@x.co\nBcc: b@x.co", "Ana <ana@x.co>", "a@b@x.co"] {
            assert!(!is_address(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_line_of_a_head_has_one_line() {
        assert_eq!(one_line("Your quote\r\nBcc: all@x.co", 200), "Your quote Bcc: all@x.co");
        assert_eq!(one_line("long", 2), "lo");
    }
}
