//! Reports on pages: figures of a collection's records, grouped as whoever looks wants them, and tables that a route of
//! the plugin works out. Both are files as well, with the same figures.

use super::{Block, Descriptor, Field, FieldKind, Filters, Method, Page, Route};
use crate::name::{FieldName, LocalName};
use crate::period;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most columns of a route's table, and controls above one.
const MOST_COLUMNS: usize = 30;
const MOST_FIELDS: usize = 10;
const MOST_CHARTS: usize = 4;

/// Sums over the records of a collection, by what they are grouped by. Whoever looks chooses period, groups, measures and
/// filters, and keeps what they chose under a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportBlock {
    pub title: String,
    pub collection: String,
    /// The date field by which a period is chosen; the first of the collection where left out.
    #[serde(default)]
    pub date: Option<String>,
    /// Paths that may be grouped by, for dates with a bucket: `project.client`, `local_date:month`. All that can be where
    /// left out.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Paths whose sums may be shown; all figures of the collection where left out.
    #[serde(default)]
    pub measures: Vec<String>,
    /// What it is grouped by at first: up to four of the groups.
    #[serde(default)]
    pub group: Vec<String>,
    /// Whose sums are shown at first.
    #[serde(default)]
    pub sum: Vec<String>,
    /// Whether records are counted at first, which they are where nothing is summed.
    #[serde(default)]
    pub count: bool,
    /// What narrows it at first, the period among it.
    #[serde(default)]
    pub filter: Filters,
}

/// The table that a route answers with, and what it is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementBlock {
    pub title: String,
    /// A GET whose answer has a `table`.
    pub route: LocalName,
    /// What stands above the table to be chosen, by the names of the route's query and of the parameters of its path. On a
    /// page of a record the parameter is that record.
    #[serde(default)]
    pub fields: IndexMap<FieldName, Field>,
    /// That a period is chosen, as days `from` and `until` of the route's query: what it opens with, such as `last-month`.
    #[serde(default)]
    pub period: Option<String>,
    /// What of the rows is drawn above them, each by itself: hours and money have no scale in common.
    #[serde(default)]
    pub charts: Vec<StatementChart>,
    /// A file of the plugin's own making that is offered beside CSV and Excel, asked for with the same.
    #[serde(default)]
    pub file: Option<StatementFile>,
}

/// A drawing of a table's rows, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementChart {
    /// Above the drawing, where there are several.
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub kind: super::ChartKind,
    /// The column that tells what a row is.
    pub of: FieldName,
    /// The column whose figures are drawn; of a stacked chart the ones that they are made of.
    pub figures: Vec<FieldName>,
}

/// A file of what a table tells, in a form that another program wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementFile {
    pub title: String,
    /// A GET that answers with a `file`.
    pub route: LocalName,
}

/// What the rows of an answer hold, so that they are drawn as a table and written as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    #[serde(rename = "type")]
    pub kind: ColumnKind,
    #[serde(default)]
    pub title: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnKind {
    Text,
    /// A whole number.
    Integer,
    /// A whole number of minor units of the currency in `currency` of the answer.
    Money,
    /// Basis points.
    Percent,
    /// Seconds.
    Duration,
    /// Minutes.
    Minutes,
    /// `2026-11-23`.
    Date,
    /// A time of the clock, such as `7:30`.
    Time,
}

impl ColumnKind {
    /// As what its values are shown.
    pub const fn field_kind(self) -> FieldKind {
        match self {
            Self::Text | Self::Time => FieldKind::Text,
            Self::Integer => FieldKind::Integer,
            Self::Money => FieldKind::Money,
            Self::Percent => FieldKind::Percent,
            Self::Duration | Self::Minutes => FieldKind::Duration,
            Self::Date => FieldKind::Date,
        }
    }
}

/// The columns of an answer's rows, in their order.
pub type Columns = IndexMap<FieldName, Column>;

impl StatementBlock {
    /// Whether a field stands for a parameter of the route's path.
    pub fn is_of_path(route: &Route, name: &str) -> bool {
        parameters(route).any(|parameter| parameter == name)
    }
}

/// What stands in a route's path for records.
fn parameters(route: &Route) -> impl Iterator<Item = &str> {
    route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

pub(super) fn check(descriptor: &Descriptor, page: &Page, key: &str, say: &mut impl FnMut(String, String)) {
    let is_report = |block: &&Block| matches!(block, Block::Report(_) | Block::Statement(_));
    let count = page.blocks.iter().filter(is_report).count();
    if count > 1 {
        say(format!("{key}.blocks"), "a page has one report: what its address asks for is asked of that".into());
    }
    let asked = page.blocks.iter().any(|block| matches!(block, Block::Report(_)));
    if count > 0 && (page.home || page.link.is_some()) || asked && page.record.is_some() {
        say(format!("{key}.blocks"), "a report stands on a page of its own in the menu".into());
    }
    for (at, block) in page.blocks.iter().enumerate() {
        let Block::Statement(statement) = block else { continue };
        let key = format!("{key}.blocks[{at}]");
        let Some(route) = descriptor.route(statement.route.as_str()) else {
            say(format!("{key}.route"), format!("there is no route `{}`", statement.route));
            continue;
        };
        if route.method != Method::Get || route.answer.table.is_empty() {
            say(format!("{key}.route"), format!("`{}` is no GET whose answer has a `table`", statement.route));
        }
        if statement.charts.len() > MOST_CHARTS {
            say(format!("{key}.charts"), format!("a report is drawn up to {MOST_CHARTS} times"));
        }
        for (at, chart) in statement.charts.iter().enumerate() {
            let key = format!("{key}.charts[{at}]");
            let known = |name: &FieldName| route.answer.table.contains_key(name.as_str());
            for name in std::iter::once(&chart.of).chain(&chart.figures).filter(|name| !known(name)) {
                say(key.clone(), format!("`{name}` is no column of `{}`", statement.route));
            }
            let several = chart.kind == super::ChartKind::Stacked;
            if chart.figures.is_empty() || (chart.figures.len() > 1) != several {
                say(format!("{key}.figures"), "a stacked chart is of several figures, any other of one".into());
            }
        }
        if statement.fields.len() > MOST_FIELDS {
            say(format!("{key}.fields"), format!("a report asks for up to {MOST_FIELDS} things"));
        }
        for name in statement.fields.keys() {
            let known = route.query.contains_key(name.as_str()) || StatementBlock::is_of_path(route, name.as_str());
            if !known {
                say(format!("{key}.fields.{name}"), format!("the route `{}` is not asked for `{name}`", route.name));
            }
        }
        let takes = |name: &str| route.query.contains_key(name);
        if statement.period.is_some() && !(takes("from") && takes("until")) {
            say(format!("{key}.period"), "a period is asked for by `from` and `until` of the route's query".into());
        }
        if let Some(word) = statement.period.as_deref().filter(|word| !period::NAMES.contains(word)) {
            say(format!("{key}.period"), format!("`{word}` is no period such as last-month"));
        }
        let named = |name: &str| statement.fields.keys().any(|field| field.as_str() == name);
        let of_path: Vec<&str> = parameters(route).collect();
        match of_path.as_slice() {
            _ if page.record.is_none() => {
                for name in of_path.iter().filter(|name| !named(name)) {
                    say(format!("{key}.fields"), format!("the route needs `{name}` to be chosen"));
                }
            }
            [name] if named(name) => {
                say(format!("{key}.fields.{name}"), "is the record whose page it is, and not chosen".into());
            }
            [_] => {}
            _ => say(format!("{key}.route"), "on a page of a record its path has one parameter, the record".into()),
        }
        if let Some(file) = &statement.file {
            of_file(descriptor, statement, route, file, &key, say);
        }
    }
}

/// A file beside a table is asked for as the table is.
fn of_file(
    descriptor: &Descriptor,
    statement: &StatementBlock,
    table: &Route,
    file: &StatementFile,
    key: &str,
    say: &mut impl FnMut(String, String),
) {
    let key = format!("{key}.file.route");
    let Some(route) = descriptor.route(file.route.as_str()) else {
        say(key, format!("there is no route `{}`", file.route));
        return;
    };
    if route.method != Method::Get || route.answer.file.is_none() {
        say(key.clone(), format!("`{}` is no GET that answers with a `file`", file.route));
    }
    if !parameters(route).eq(parameters(table)) {
        say(key.clone(), format!("the path of `{}` has other parameters than that of `{}`", route.name, table.name));
    }
    let days = statement.period.iter().flat_map(|_| ["from", "until"]);
    let chosen = statement.fields.keys().map(FieldName::as_str).filter(|name| !StatementBlock::is_of_path(table, name));
    for name in chosen.chain(days).filter(|name| !route.query.contains_key(*name)) {
        say(key.clone(), format!("`{}` is not asked for `{name}`", route.name));
    }
}

/// What a route says of the rows of its answer.
pub(super) fn check_table(route: &Route, key: &str, say: &mut impl FnMut(String, String)) {
    let columns = &route.answer.table;
    if !columns.is_empty() && route.answer.json.is_none() {
        say(format!("{key}.answer.table"), "the table is that of the rows of `json`".into());
    }
    if columns.len() > MOST_COLUMNS {
        say(format!("{key}.answer.table"), format!("a table has up to {MOST_COLUMNS} columns"));
    }
}
