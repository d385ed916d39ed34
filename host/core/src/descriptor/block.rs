//! The blocks that pages are made of.

use super::{DetailBlock, FormBlock, LineEditorBlock, ReviewBlock, SheetBlock, TimerBlock, WeekGridBlock};
use crate::name::FieldName;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One block of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Block {
    /// Records of a collection in rows.
    Table(TableBlock),
    /// One number.
    Figure(FigureBlock),
    /// Numbers by group, as bars with a table behind them.
    Chart(ChartBlock),
    /// A paragraph.
    Text(TextBlock),
    /// Fields of the record that the page is about; of a page that links open.
    Detail(DetailBlock),
    /// A sheet that a route of the plugin puts together; of a page that links open.
    Sheet(SheetBlock),
    /// A form that calls a route of the plugin; of a page that links open.
    Form(FormBlock),
    /// A week to type into.
    WeekGrid(WeekGridBlock),
    /// A timer, and what can be started.
    Timer(TimerBlock),
    /// What waits for approval.
    Review(ReviewBlock),
    /// Lines of a record, written in rows; on a page of that record.
    LineEditor(Box<LineEditorBlock>),
}

/// Filters are those of the API: `{ status = "active", "due[lt]" = "2026-12-01" }`.
pub type Filters = IndexMap<String, serde_json::Value>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableBlock {
    pub title: String,
    pub collection: String,
    /// Paths, such as `project.client.name`.
    pub columns: Vec<String>,
    /// On a page that links open: the reference by which its records belong to the one that the page is about.
    #[serde(default)]
    pub via: Option<FieldName>,
    #[serde(default)]
    pub filter: Filters,
    #[serde(default)]
    pub sort: Option<String>,
    /// Rows, 1 to 200; 20 where left out.
    #[serde(default)]
    pub limit: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureBlock {
    pub title: String,
    pub collection: String,
    #[serde(default)]
    pub filter: Filters,
    /// The path of which the sum is taken; the number of records where left out.
    #[serde(default)]
    pub sum: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChartBlock {
    pub title: String,
    pub collection: String,
    /// A path, for dates with a bucket: `start:month`.
    pub group: String,
    #[serde(default)]
    pub filter: Filters,
    /// The path of which the sum is taken; the number of records where left out.
    #[serde(default)]
    pub sum: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TextBlock {
    pub text: String,
}
