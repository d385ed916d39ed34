//! Queries whose names are resolved: paths are positions, values fit their fields, bounds are kept. A store and the
//! in-memory model take these and need not check again.

use crate::catalog::{Schema, SchemaField, SystemField};
use crate::descriptor::FieldKind;
use crate::fold::{fold, natural};
use crate::id::Id;
use crate::query::{Bucket, MetricKind, Operator};
use crate::reckoning::{Offsets, Rounding};
use crate::value::Value;
use std::sync::Arc;

/// A field of a record: the host's or the collection's own, by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    System(SystemField),
    Field(usize),
}

/// A path such as `project.client.name`: references to follow, then the column of the last record.
#[derive(Debug, Clone)]
pub struct BoundPath {
    /// As it was written.
    pub text: String,
    /// The collection that the path begins in.
    pub root: Arc<Schema>,
    /// Each reference field by its position in the collection reached so far, and the collection that it leads to.
    pub hops: Vec<(usize, Arc<Schema>)>,
    pub column: Column,
}

impl BoundPath {
    /// The collection whose column it ends in.
    pub fn schema(&self) -> &Arc<Schema> {
        self.hops.last().map_or(&self.root, |(_, schema)| schema)
    }

    pub fn kind(&self) -> FieldKind {
        match self.column {
            Column::System(field) => field.kind(),
            Column::Field(index) => self.schema().fields[index].field.kind,
        }
    }

    /// The declared field that it ends in, if it is not one of the host's.
    pub fn field(&self) -> Option<&SchemaField> {
        match self.column {
            Column::System(_) => None,
            Column::Field(index) => Some(&self.schema().fields[index]),
        }
    }

    /// A text as it is compared with what the path leads to: numbers that the host gives by what they count.
    pub fn folded(&self, text: &str) -> String {
        if self.field().is_some_and(|field| field.field.sequence.is_some()) { natural(text) } else { fold(text) }
    }

    /// Digits after the point, of a decimal.
    pub fn scale(&self) -> u8 {
        self.field().map_or(0, |field| if field.field.kind == FieldKind::Decimal { field.field.scale() } else { 0 })
    }
}

/// Two-valued: a comparison of which either side is null is false.
#[derive(Debug, Clone)]
pub enum BoundPredicate {
    All(Vec<BoundPredicate>),
    Any(Vec<BoundPredicate>),
    Not(Box<BoundPredicate>),
    /// The value has the path's kind and is never null. Text is compared as it stands when for equality, folded
    /// otherwise ([`crate::fold`]); choices by their declared order; money only with money of the same currency.
    Compare {
        path: BoundPath,
        operator: Operator,
        value: Value,
    },
    /// Both paths have one kind.
    ComparePaths {
        left: BoundPath,
        operator: Operator,
        right: BoundPath,
    },
    Within {
        path: BoundPath,
        values: Vec<Value>,
    },
    /// The path ends in `references` or `people`.
    Includes {
        path: BoundPath,
        id: Id,
    },
    IsNull(BoundPath),
    /// Some record of `schema`, not archived, whose field `via` refers to this one, satisfies the child.
    Exists {
        schema: Arc<Schema>,
        via: usize,
        many: bool,
        child: Box<BoundPredicate>,
    },
    /// Every word, of [`crate::search`], is the beginning of one in these text fields.
    Search {
        schema: Arc<Schema>,
        words: Vec<String>,
        fields: Vec<usize>,
    },
}

impl BoundPredicate {
    pub const fn always() -> Self {
        Self::All(Vec::new())
    }

    /// Whether words are searched for in it.
    pub fn searches(&self) -> bool {
        match self {
            Self::All(children) | Self::Any(children) => children.iter().any(Self::searches),
            Self::Not(child) | Self::Exists { child, .. } => child.searches(),
            Self::Search { .. } => true,
            Self::Compare { .. }
            | Self::ComparePaths { .. }
            | Self::Within { .. }
            | Self::Includes { .. }
            | Self::IsNull(_) => false,
        }
    }

    pub const fn never() -> Self {
        Self::Any(Vec::new())
    }

    pub const fn constant(truth: bool) -> Self {
        if truth { Self::always() } else { Self::never() }
    }

    /// Whether it holds of every record without looking at one. One that has to look may always hold all the same.
    pub const fn is_always(&self) -> bool {
        matches!(self, Self::All(children) if children.is_empty())
    }

    /// Whether it holds of no record without looking at one.
    pub const fn is_never(&self) -> bool {
        matches!(self, Self::Any(children) if children.is_empty())
    }

    /// Every one holds; what is settled is left out.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut open = Vec::new();
        for part in parts {
            if part.is_never() {
                return Self::never();
            }
            if !part.is_always() {
                open.push(part);
            }
        }
        if open.len() == 1 { open.swap_remove(0) } else { Self::All(open) }
    }

    /// Some one holds; what is settled is left out.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut open = Vec::new();
        for part in parts {
            if part.is_always() {
                return Self::always();
            }
            if !part.is_never() {
                open.push(part);
            }
        }
        if open.len() == 1 { open.swap_remove(0) } else { Self::Any(open) }
    }

    /// It does not hold.
    #[must_use]
    pub fn negated(self) -> Self {
        if self.is_always() {
            Self::never()
        } else if self.is_never() {
            Self::always()
        } else {
            Self::Not(Box::new(self))
        }
    }

    /// Whether it looks at other records than the one in question.
    pub fn looks_elsewhere(&self) -> bool {
        match self {
            Self::All(children) | Self::Any(children) => children.iter().any(Self::looks_elsewhere),
            Self::Not(child) => child.looks_elsewhere(),
            Self::Compare { path, .. }
            | Self::Within { path, .. }
            | Self::Includes { path, .. }
            | Self::IsNull(path) => !path.hops.is_empty(),
            Self::ComparePaths { left, right, .. } => !left.hops.is_empty() || !right.hops.is_empty(),
            Self::Exists { .. } => true,
            Self::Search { .. } => false,
        }
    }
}

#[derive(Debug, Clone)]
pub struct BoundSort {
    pub path: BoundPath,
    pub descending: bool,
}

/// A selection that may be run as it stands.
#[derive(Debug, Clone)]
pub struct BoundSelection {
    pub schema: Arc<Schema>,
    pub filter: BoundPredicate,
    /// Whether archived records are among those selected; they are when the filter speaks of `archived_at`.
    pub archived: bool,
    /// Ends in the id, so that the order is total. Nulls come last in either direction.
    pub sort: Vec<BoundSort>,
    pub columns: Vec<BoundPath>,
    pub limit: u16,
    /// The values of the sort keys of the row after which to begin.
    pub after: Option<Vec<Value>>,
    /// Of collection, filter and sort: a cursor of another question is refused.
    pub fingerprint: u64,
}

#[derive(Debug, Clone)]
pub struct BoundMetric {
    pub kind: MetricKind,
    pub path: BoundPath,
    pub filter: BoundPredicate,
    pub label: String,
    /// Of each duration, before it is measured.
    pub rounding: Option<Rounding>,
}

impl BoundMetric {
    /// A value as it is measured.
    pub fn measured(&self, value: Value) -> Value {
        match (self.rounding, value) {
            (Some(rounding), Value::Integer(seconds)) => Value::Integer(rounding.apply(seconds)),
            (_, value) => value,
        }
    }
}

#[derive(Debug, Clone)]
pub struct BoundGroup {
    pub path: BoundPath,
    pub bucket: Bucket,
    /// Of instants that are grouped by their days: those of this zone.
    pub zone: Option<Arc<Offsets>>,
}

impl BoundGroup {
    /// The kind of what records have in common: a day, where they are grouped by days.
    pub fn kind(&self) -> FieldKind {
        if self.zone.is_some() { FieldKind::Date } else { self.path.kind() }
    }

    /// What a record has in common with others, by the value of its path.
    pub fn key(&self, value: Value, calendar: Calendar) -> Value {
        let day = match (value, &self.zone) {
            (Value::Instant(at), Some(zone)) => Value::Date(zone.day(at)),
            (value, _) => value,
        };
        match day {
            Value::Date(days) => Value::Date(calendar.bucket_start(days, self.bucket)),
            other => other,
        }
    }
}

/// What rows of a summary are sorted by: the label of a metric, or a group, each by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SummaryColumn {
    Group(usize),
    Metric(usize),
}

#[derive(Debug, Clone)]
pub struct BoundSummary {
    pub schema: Arc<Schema>,
    pub filter: BoundPredicate,
    pub archived: bool,
    pub groups: Vec<BoundGroup>,
    pub metrics: Vec<BoundMetric>,
    pub sort: Vec<(SummaryColumn, bool)>,
    pub limit: u16,
    /// The row after which to begin, whole: its groups and currencies make the order total.
    pub after: Option<Vec<Value>>,
    /// Of everything that decides which rows there are and their order.
    pub fingerprint: u64,
    /// Where weeks and fiscal years begin.
    pub calendar: Calendar,
}

/// Where an organization's weeks and fiscal years begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Calendar {
    /// 1 is Monday, 7 is Sunday (ISO 8601).
    pub week_starts: u8,
    /// 1 is January.
    pub fiscal_year_starts: u8,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { week_starts: 1, fiscal_year_starts: 7 }
    }
}

impl Calendar {
    /// The first day of the bucket that a day falls in.
    pub fn bucket_start(self, days: i32, bucket: Bucket) -> i32 {
        let Some(date) = crate::value::civil_date(days) else { return days };
        let start = match bucket {
            Bucket::None | Bucket::Day => return days,
            Bucket::Week => {
                let back =
                    (i32::from(date.weekday().to_monday_one_offset()) - i32::from(self.week_starts)).rem_euclid(7);
                return days - back;
            }
            Bucket::Month => jiff::civil::Date::new(date.year(), date.month(), 1),
            Bucket::Quarter => jiff::civil::Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1),
            Bucket::Year => jiff::civil::Date::new(date.year(), 1, 1),
            Bucket::FiscalYear => {
                let first = i8::try_from(self.fiscal_year_starts.clamp(1, 12)).unwrap_or(1);
                let year = if date.month() >= first { date.year() } else { date.year() - 1 };
                jiff::civil::Date::new(year, first, 1)
            }
        };
        start.map_or(days, crate::value::date_days)
    }
}
