//! The block in which the lines of a record are written: rows in sections, with a quantity, a price and what they come to.

use crate::name::{FieldName, LocalName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lines of the record whose page it is on. Which field plays which part is said here; what is left out is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineEditorBlock {
    pub title: String,
    /// The collection of the lines, which are parts of the record.
    pub lines: LocalName,
    /// The reference of a line to its section, a part of the same record.
    pub section: FieldName,
    /// Integers of line and section: their places.
    pub position: FieldName,
    /// A choice: what kind of line it is.
    #[serde(default)]
    pub kind: Option<FieldName>,
    /// A decimal, in which people may reckon: `2.4*3`.
    pub quantity: FieldName,
    #[serde(default)]
    pub unit: Option<FieldName>,
    /// What one unit costs.
    #[serde(default)]
    pub cost: Option<FieldName>,
    /// How the price comes about, such as a choice and a rate.
    #[serde(default)]
    pub rule: Vec<FieldName>,
    /// The price of one unit.
    pub price: FieldName,
    /// What the line comes to.
    pub amount: FieldName,
    /// What else is set behind the row's button, such as whether it is an option.
    #[serde(default)]
    pub more: Vec<FieldName>,
    /// What the columns of rows that are pasted are, in their order; the first is what a line is called.
    #[serde(default)]
    pub paste: Vec<FieldName>,
    /// The route that tells what the record comes to: a GET with `{id}`. It answers `{"sections": {id: minor}, "counted":
    /// [id], "totals": [{"name", "title", "minor"}], "payments": […], "panel": {"title", "figures", "head", "rows"}}`.
    pub totals: LocalName,
    /// Routes that copy a line and a section: POST with `{id}`.
    #[serde(default)]
    pub copy_line: Option<LocalName>,
    #[serde(default)]
    pub copy_section: Option<LocalName>,
    /// The route that sets the total: POST with `{id}` and `{"total": minor}`.
    #[serde(default)]
    pub set_total: Option<LocalName>,
    /// What can be taken into a section: by the name that the route's body has for it, the collection to choose from.
    #[serde(default)]
    pub take: Option<Taking>,
}

/// The route that takes something into a section: POST with `{id}` of the section and, say, `{"item": id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Taking {
    pub route: LocalName,
    pub from: indexmap::IndexMap<String, LocalName>,
}

impl LineEditorBlock {
    /// The fields of a line that a row may set, beside what it is called.
    pub fn fields(&self) -> impl Iterator<Item = &FieldName> {
        [self.kind.as_ref(), Some(&self.quantity), self.unit.as_ref(), self.cost.as_ref(), Some(&self.price)]
            .into_iter()
            .flatten()
            .chain(&self.rule)
            .chain(&self.more)
    }
}
