//! The columns of a file: one for most fields, two where a reference is told by name and id, or an amount by its
//! currency. Every head is a path that `fields` takes, and that an import understands.

use super::cell::Cell;
use super::rows::Names;
use lignaflow_core::Issue;
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::{BoundPath, BoundSummary};
use lignaflow_core::catalog::{Schema, SystemField};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::name::CollectionName;
use lignaflow_core::query::MAX_HOPS;
use lignaflow_core::value::Value;
use std::sync::Arc;

/// Columns that one file may have.
const MAX_COLUMNS: usize = 500;

/// Whose names stand for ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    Records(CollectionName),
    People,
    Files,
}

/// How a cell is made of a row.
#[derive(Debug)]
enum Take {
    Value { at: usize, kind: FieldKind },
    Currency { at: usize },
    Names { at: usize, of: Named },
}

/// How a record or a person is told that a row refers to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Told {
    /// So that an import knows it again.
    #[default]
    ByNameAndId,
    ByName,
}

/// Heads, what is selected, and how rows become cells.
#[derive(Debug, Default)]
pub(super) struct Columns {
    told: Told,
    heads: Vec<String>,
    takes: Vec<Take>,
    select: Vec<String>,
}

impl Columns {
    /// Of a list: the paths asked for, or every field.
    pub(super) fn of_list(
        binder: &Binder<'_>,
        schema: &Arc<Schema>,
        fields: Option<&[String]>,
        told: Told,
    ) -> Result<Self, Vec<Issue>> {
        let all: Vec<String>;
        let paths = if let Some(fields) = fields {
            fields
        } else {
            let (leading, trailing) = SystemField::ALL.split_at(2);
            let own = schema.fields.iter().map(|field| field.name.as_str());
            let names = leading.iter().map(|f| f.as_str()).chain(own).chain(trailing.iter().map(|f| f.as_str()));
            all = names.map(str::to_owned).collect();
            &all
        };
        let mut columns = Self { told, ..Self::default() };
        let mut issues = Vec::new();
        for path in paths {
            match binder.path(schema, path) {
                Ok(bound) => columns.path(binder, &bound),
                Err(fault) => {
                    issues.extend(fault.issues.into_iter().map(|issue| Issue { path: "/fields".into(), ..issue }));
                }
            }
        }
        if columns.heads.is_empty() && issues.is_empty() {
            issues.push(Issue::new("/fields", "required", "A file has one column at least: name some `fields`."));
        }
        if columns.heads.len() > MAX_COLUMNS {
            let message = format!("A file has at most {MAX_COLUMNS} columns, not {}.", columns.heads.len());
            issues.push(Issue::new("/fields", "too-many", message));
        }
        if issues.is_empty() { Ok(columns) } else { Err(issues) }
    }

    /// Of a summary, whose rows are known by the labels of their columns.
    pub(super) fn of_summary(binder: &Binder<'_>, summary: &BoundSummary, told: Told) -> Self {
        let mut columns = Self { told, ..Self::default() };
        let labels = summary.labels();
        let metrics = labels.len() - summary.metrics.len();
        for (at, label) in labels.into_iter().enumerate() {
            if let Some(group) = summary.groups.get(at) {
                columns.resolved(binder, &group.path, group.kind(), at);
            } else {
                let kind = at.checked_sub(metrics).map_or(FieldKind::Text, |metric| measured(&summary.metrics[metric]));
                columns.push(label, Take::Value { at, kind });
            }
        }
        columns
    }

    /// Of rows that are cells already.
    pub(super) fn called(heads: Vec<String>) -> Self {
        Self { heads, ..Self::default() }
    }

    pub(super) fn select(&self) -> &[String] {
        &self.select
    }

    pub(super) fn heads(&self) -> &[String] {
        &self.heads
    }

    fn push(&mut self, head: String, take: Take) {
        self.heads.push(head);
        self.takes.push(take);
    }

    /// A path of the statement, and where its value stands in a row.
    fn selected(&mut self, path: String) -> usize {
        self.select.push(path);
        self.select.len() - 1
    }

    fn path(&mut self, binder: &Binder<'_>, path: &BoundPath) {
        let display = display_of(binder, path).filter(|_| path.hops.len() < MAX_HOPS);
        if let Some((_, display)) = display {
            // The name comes with the same statement.
            let name = self.selected(format!("{}.{display}", path.text));
            self.push(path.text.clone(), Take::Value { at: name, kind: FieldKind::Text });
            if self.told == Told::ByNameAndId {
                let id = self.selected(path.text.clone());
                self.push(format!("{}.id", path.text), Take::Value { at: id, kind: FieldKind::Reference });
            }
        } else {
            let at = self.selected(path.text.clone());
            self.resolved(binder, path, path.kind(), at);
        }
    }

    /// A value that is there by itself: names are looked up.
    fn resolved(&mut self, binder: &Binder<'_>, path: &BoundPath, kind: FieldKind, at: usize) {
        let named = match kind {
            FieldKind::Person | FieldKind::People => Some(Named::People),
            FieldKind::Media | FieldKind::Files => Some(Named::Files),
            FieldKind::Reference => display_of(binder, path).map(|(name, _)| Named::Records(name)),
            FieldKind::References => path.field().and_then(|field| field.to.clone()).map(Named::Records),
            _ => None,
        };
        match named {
            Some(of) => {
                self.push(path.text.clone(), Take::Names { at, of });
                if self.told == Told::ByNameAndId {
                    self.push(format!("{}.id", path.text), Take::Value { at, kind });
                }
            }
            None => self.push(path.text.clone(), Take::Value { at, kind }),
        }
        if kind == FieldKind::Money {
            self.push(format!("{}.currency", path.text), Take::Currency { at });
        }
    }

    /// The ids of a row that are told by name.
    pub(super) fn wanted<'a>(&'a self, row: &'a [Value]) -> impl Iterator<Item = (&'a Named, lignaflow_core::Id)> {
        self.takes.iter().flat_map(|take| {
            let (at, of) = match take {
                Take::Names { at, of } => (Some(*at), Some(of)),
                _ => (None, None),
            };
            let ids = at.map_or(&[][..], |at| ids(&row[at]));
            ids.iter().filter_map(move |id| Some((of?, *id)))
        })
    }

    pub(super) fn cells(&self, row: &[Value], names: &Names) -> Vec<Cell> {
        self.takes
            .iter()
            .map(|take| match take {
                Take::Value { at, kind } => Cell::of(*kind, &row[*at]),
                Take::Currency { at } => match &row[*at] {
                    Value::Money(money) => Cell::Text(money.currency.to_string()),
                    _ => Cell::Empty,
                },
                Take::Names { at, .. } => Cell::joined(ids(&row[*at]).iter().map(|id| names.of(*id))),
            })
            .collect()
    }
}

fn ids(value: &Value) -> &[lignaflow_core::Id] {
    match value {
        Value::Reference(id) => std::slice::from_ref(id),
        Value::References(ids) => ids,
        _ => &[],
    }
}

/// Of a path that ends in a reference: what it leads to, and the field that it is called by.
fn display_of(binder: &Binder<'_>, path: &BoundPath) -> Option<(CollectionName, String)> {
    let field = path.field().filter(|field| field.field.kind == FieldKind::Reference)?;
    let target = binder.catalog.schema(field.to.as_ref()?)?;
    Some((target.name.clone(), target.collection.display.as_str().to_owned()))
}

/// The kind of what a metric measures.
fn measured(metric: &lignaflow_core::bound::BoundMetric) -> FieldKind {
    use lignaflow_core::query::MetricKind;
    match metric.kind {
        MetricKind::Count | MetricKind::CountDistinct => FieldKind::Integer,
        _ => metric.path.kind(),
    }
}
