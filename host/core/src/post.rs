//! What plugins have told to people: notices, letters, and links for those without an account. As guest code asks for it,
//! and as a commit keeps it.

use crate::clock::Micros;
use crate::id::{Id, PersonId};
use crate::mail::Message;
use crate::name::{CollectionName, LocalName, PluginId};

/// The most people that one notice is for.
pub const MAX_PEOPLE: usize = 500;
/// The most characters of a notice's title, of what it says, and of its key.
pub const MAX_TITLE: usize = 200;
pub const MAX_TEXT: usize = 2_000;
pub const MAX_KEY: usize = 200;
/// The most arguments of a letter, and characters of one.
pub const MAX_ARGUMENTS: usize = 50;
pub const MAX_ARGUMENT: usize = 4_000;
/// The longest that a link is open: a year and a day.
pub const MAX_LINK: Micros = 366 * 24 * 60 * 60 * 1_000_000;
/// Letters of one organization that wait, and links of one plugin that are open in it.
pub const MAX_LETTERS: u32 = 5_000;
pub const MAX_OPEN: u32 = 50_000;
/// Notices, letters and links that one call asks for.
pub const MAX_AT_ONCE: usize = 200;

/// A line for people of the organization, as guest code asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub people: Vec<Id>,
    pub title: String,
    pub text: String,
    /// The record that it leads to: its collection and id.
    pub about: Option<(String, Id)>,
    /// Mailed at once, where somebody did not say otherwise.
    pub urgent: bool,
    /// While one of this key is unread, it is that one.
    pub key: Option<String>,
}

/// Whom a letter goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressee {
    Person(Id),
    Address { name: String, address: String },
}

/// A letter of a template, as guest code asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailing {
    /// As the descriptor declares it.
    pub template: String,
    pub to: Addressee,
    pub reply_to: Option<String>,
    pub arguments: Vec<(String, String)>,
    /// The link that its button leads by.
    pub link: Option<Id>,
    /// The record that its button leads to: its collection and id.
    pub about: Option<(String, Id)>,
    pub attachments: Vec<Id>,
}

/// A link that is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    pub id: Id,
    /// As the descriptor declares it.
    pub page: String,
    /// A record of the collection that the page is about.
    pub subject: Id,
    pub expires_at: Micros,
    /// For whom it is.
    pub label: String,
}

/// A link that is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    pub id: Id,
    pub why: ClosingReason,
}

/// Why a link leads nowhere any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClosingReason {
    Withdrawn,
    /// Something newer stands in its place.
    Superseded,
}

impl ClosingReason {
    pub const ALL: [Self; 2] = [Self::Withdrawn, Self::Superseded];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
        }
    }
}

/// What a commit keeps of all this.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Post {
    pub notices: Vec<NewNotice>,
    pub letters: Vec<NewLetter>,
    pub opened: Vec<NewLink>,
    pub closed: Vec<(PluginId, Closing)>,
    /// The link by which these changes are asked for: it must be open still.
    pub under: Option<Id>,
}

impl Post {
    pub fn is_kept(&self) -> bool {
        !(self.notices.is_empty() && self.letters.is_empty() && self.opened.is_empty() && self.closed.is_empty())
            || self.under.is_some()
    }
}

/// A notice for those of these people who are members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    /// Who tells it; nothing where the host does.
    pub plugin: Option<PluginId>,
    pub people: Vec<PersonId>,
    pub title: String,
    pub text: String,
    pub about: Option<(CollectionName, Id)>,
    /// The page that it leads to, where it is about no record: from its slash on.
    pub path: Option<String>,
    pub urgent: bool,
    pub key: Option<String>,
}

/// A letter, to the address that it has or to that of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLetter {
    pub message: Message,
    /// The member whose address stands for the one that it has.
    pub person: Option<PersonId>,
}

/// What a link opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opens {
    /// A page that the plugin declares, about one record.
    Page(LocalName),
    /// A kept list or report over records of the plugin, with what whoever made the link may see when it is looked at.
    View {
        maker: PersonId,
        /// Whether it may be taken as a file.
        files: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    pub id: Id,
    /// SHA-256 of its secret.
    pub hash: [u8; 32],
    pub plugin: PluginId,
    pub opens: Opens,
    /// A record of the collection that the page is about, or the view.
    pub subject: Id,
    pub label: String,
    pub expires_at: Micros,
}
