//! The blocks that pages are made of.

use super::{
    DetailBlock, DownloadBlock, FormBlock, LineEditorBlock, ReportBlock, ReviewBlock, SheetBlock, StatementBlock,
    TimerBlock, WeekGridBlock,
};
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
    /// Records as cards in a lane for each of their states, moved by transitions.
    Board(BoardBlock),
    /// Records as bars over their dates, with what waits for what.
    Timeline(TimelineBlock),
    /// Records on the days of a month.
    Calendar(CalendarBlock),
    /// What was said of the record whose page it is, and a place to say more.
    Comments(CommentsBlock),
    /// Fields of the record that the page is about: of a page of a record, or one that links open.
    Detail(DetailBlock),
    /// A sheet that a route of the plugin puts together; of a page of a record, or one that links open.
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
    /// Sums over records, grouped as whoever looks wants them.
    Report(Box<ReportBlock>),
    /// A table that a route works out.
    Statement(Box<StatementBlock>),
    /// A file that a route makes.
    Download(DownloadBlock),
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

/// As what a chart is drawn. Behind each stands a table with its figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChartKind {
    /// Bars: upright over spans of time, else lying.
    #[default]
    Bar,
    /// Bars in parts.
    Stacked,
    /// The course of a figure over spans of time.
    Line,
    /// The same, with what lies below it filled.
    Area,
    /// Parts of a whole, as a ring; of up to six.
    Donut,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChartBlock {
    pub title: String,
    pub collection: String,
    /// As what it is drawn; bars where left out.
    #[serde(default)]
    pub kind: ChartKind,
    /// A path, for dates with a bucket: `start:month`.
    pub group: String,
    /// Of a stacked chart: the path by which each group is in parts.
    #[serde(default)]
    pub parts: Option<String>,
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

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardBlock {
    pub title: String,
    /// A collection of the plugin with transitions.
    pub collection: String,
    /// The choice field whose values are the lanes, which transitions change; `status` where left out.
    #[serde(default)]
    pub lanes: Option<String>,
    /// What a card says beside what its record is called: up to six paths.
    #[serde(default)]
    pub card: Vec<String>,
    #[serde(default)]
    pub filter: Filters,
    #[serde(default)]
    pub sort: Option<String>,
    /// Cards of one lane, 1 to 200; 50 where left out. The rest is a link away.
    #[serde(default)]
    pub limit: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimelineBlock {
    pub title: String,
    pub collection: String,
    /// Date fields between which a bar lies; a record with one of them alone is a point.
    pub start: String,
    pub end: String,
    /// References to records of the same collection that come before.
    #[serde(default)]
    pub depends_on: Option<String>,
    /// A choice field whose last value means that it is done.
    #[serde(default)]
    pub state: Option<String>,
    #[serde(default)]
    pub filter: Filters,
    /// Rows, 1 to 200; 100 where left out.
    #[serde(default)]
    pub limit: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarBlock {
    pub title: String,
    pub collection: String,
    /// The date field by which a record stands on a day.
    pub date: String,
    #[serde(default)]
    pub filter: Filters,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentsBlock {
    pub title: String,
    /// A collection of the plugin.
    pub collection: String,
    /// Its reference to the record that is spoken of.
    pub on: String,
    /// Its text and its person.
    pub text: String,
    pub author: String,
}

impl BoardBlock {
    /// The field whose values are the lanes.
    pub fn lanes(&self) -> &str {
        self.lanes.as_deref().unwrap_or("status")
    }
}
