//! What a plugin's route puts on a page that people without an account open, or on one of a record: words in a shape,
//! which the host draws. All of it is text; nothing in it is markup.

use crate::id::Id;
use crate::name::LocalName;
use serde::Deserialize;

/// The most sections, and rows of one, that are drawn; past it the rest is told to be missing.
pub const MAX_SECTIONS: usize = 100;
pub const MAX_ROWS: usize = 1_000;
/// The most files that are shown.
pub const MAX_FILES: usize = 40;

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sheet {
    pub title: String,
    /// Paragraphs under the title.
    pub text: Vec<String>,
    pub facts: Vec<Fact>,
    pub sections: Vec<Section>,
    /// What the reader may tick.
    pub choices: Vec<Choice>,
    pub totals: Vec<Total>,
    /// Files of the plugin's records that the reader may open: pictures are shown, others stand by name.
    pub files: Vec<File>,
    /// Small print.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    pub name: String,
    pub value: String,
}

/// A file that a record of the plugin holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub file: Id,
    /// What it is called; by its own name where left out.
    #[serde(default)]
    pub title: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub title: String,
    #[serde(default)]
    pub text: String,
    /// The heads; the first is of words, the others of figures.
    #[serde(default)]
    pub columns: Vec<String>,
    #[serde(default)]
    pub rows: Vec<Vec<String>>,
    #[serde(default)]
    pub total: Option<String>,
}

/// Something that the reader may tick. It is posted with the form of that route, as one value of a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub route: LocalName,
    /// The property of the route's body that it belongs to.
    pub name: String,
    pub value: String,
    pub title: String,
    #[serde(default)]
    pub text: String,
    #[serde(default)]
    pub price: String,
    #[serde(default)]
    pub checked: bool,
    /// Choices of one group exclude each other.
    #[serde(default)]
    pub group: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Total {
    pub name: String,
    pub value: String,
    /// The largest figure of the page.
    #[serde(default)]
    pub grand: bool,
}
