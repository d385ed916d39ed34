//! How the columns of a file become fields, checked against the collection once, with every fault at once.

use lignaflow_core::Issue;
use lignaflow_core::catalog::{Catalog, Schema, SchemaField};
use lignaflow_core::descriptor::{FieldKind, humanize};
use lignaflow_core::name::CollectionName;
use lignaflow_core::record::unknown_field;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The name under which a record's own id is mapped.
pub const ID: &str = "id";
/// What follows the name of an amount where its currency has a column of its own.
pub const CURRENCY: &str = ".currency";
/// Constants of one mapping.
const MAX_CONSTANTS: usize = 100;
const MAX_CONSTANT: usize = 10_000;
const MAX_KEYS: usize = 4;

/// What a mapping says. Part of the API: `docs/api.md` has its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// One for each column of the file, in its order; a null column is ignored.
    pub columns: Vec<Option<Target>>,
    /// Values of fields that no column brings.
    pub constants: Vec<Constant>,
    /// The fields by which a record that stands is known: it is changed then, instead of made.
    pub key: Vec<String>,
    pub dates: DateOrder,
    pub decimal: DecimalMark,
    pub empty: EmptyCells,
    pub faulty: FaultyRows,
    /// The program that the file is of, where it is brought whole: only `dates` and `zone` are heeded then.
    pub program: Option<String>,
    /// IANA: where clocks showed what a program's file says; the organization's where it is left out.
    pub zone: Option<String>,
}

/// Where a column goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// A field, `id`, or `planned_cost.currency`.
    pub field: String,
    /// Of references: `id`, or a field of the record referred to. Of people: `id`, `name` or `email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Of durations and percentages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

/// A field that has the same text in every row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    pub field: String,
    pub value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// 2026-11-23, which is always understood.
    #[default]
    Iso,
    /// 23/11/2026
    Dmy,
    /// 11/23/2026
    Mdy,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecimalMark {
    #[default]
    Point,
    Comma,
}

/// What an empty cell means for a record that stands. A new record has its defaults there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmptyCells {
    #[default]
    Keep,
    Clear,
}

/// What becomes of rows that cannot be taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultyRows {
    /// They stop the import.
    #[default]
    Stop,
    /// They are left out, and listed.
    Skip,
}

/// What a plain number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    Seconds,
    Minutes,
    Hours,
    /// 12.5 is 12.5 %.
    Percent,
    /// 0.125 is 12.5 %.
    Fraction,
}

/// A mapping that fits its file and its collection.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub inputs: Vec<Input>,
    /// The column of the records' own ids.
    pub id: Option<Source>,
    /// Inputs by position; empty where every row is a new record, or is known by its id.
    pub key: Vec<usize>,
    pub mapping: Mapping,
}

/// One field and where its text comes from.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub source: Source,
    /// Of the schema.
    pub position: usize,
    pub known: Known,
    pub unit: Option<Unit>,
    /// Of an amount.
    pub currency: Option<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Column(usize),
    Constant(String),
}

impl Source {
    pub(super) fn text<'a>(&'a self, cells: &'a [String]) -> &'a str {
        match self {
            Self::Column(at) => cells.get(*at).map_or("", String::as_str),
            Self::Constant(text) => text,
        }
    }
}

/// By what the cells of an input are understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// They hold the value itself.
    Plain,
    /// They hold what this field of the record referred to holds, or its `id`.
    Record(CollectionName, String),
    PersonId,
    PersonName,
    PersonEmail,
}

impl Mapping {
    /// The mapping on a collection and a file of these heads. Paths of issues are those of the mapping.
    pub(super) fn bind(&self, catalog: &Catalog, schema: &Arc<Schema>, heads: usize) -> Result<Bound, Vec<Issue>> {
        let mut issues = Vec::new();
        if self.columns.len() > heads {
            let message = format!("The file has {heads} columns, not {}.", self.columns.len());
            issues.push(Issue::new("/columns", "too-many", message));
        }
        if self.constants.len() > MAX_CONSTANTS {
            issues.push(Issue::new("/constants", "too-many", format!("At most {MAX_CONSTANTS} constants.")));
        }
        let mut inputs: Vec<Input> = Vec::new();
        let mut id = None;
        let mut currencies: Vec<(String, Source, String)> = Vec::new();
        let columns = self.columns.iter().enumerate().filter_map(|(at, target)| {
            let target = target.as_ref()?;
            Some((format!("/columns/{at}"), Source::Column(at), target.clone()))
        });
        let constants = self.constants.iter().enumerate().map(|(at, constant)| {
            let target = Target { field: constant.field.clone(), by: constant.by.clone(), unit: constant.unit };
            (format!("/constants/{at}"), Source::Constant(constant.value.clone()), target)
        });
        for (path, source, target) in columns.chain(constants) {
            if matches!(&source, Source::Constant(text) if text.len() > MAX_CONSTANT) {
                issues.push(Issue::new(format!("{path}/value"), "too-long", format!("At most {MAX_CONSTANT} bytes.")));
            }
            if target.field == ID {
                if matches!(source, Source::Constant(_)) {
                    issues.push(Issue::new(format!("{path}/field"), "constant", "Each record has an id of its own."));
                } else if id.replace(source).is_some() {
                    issues.push(twice(&path, ID));
                }
                continue;
            }
            if let Some(amount) = target.field.strip_suffix(CURRENCY) {
                if currencies.iter().any(|(known, _, _)| known == amount) {
                    issues.push(twice(&path, &target.field));
                }
                currencies.push((amount.to_owned(), source, path));
                continue;
            }
            match input(catalog, schema, &target, source, &path) {
                Ok(input) if inputs.iter().any(|known| known.position == input.position) => {
                    issues.push(twice(&path, &target.field));
                }
                Ok(input) => inputs.push(input),
                Err(issue) => issues.push(issue),
            }
        }
        for (amount, source, path) in currencies {
            let of = inputs.iter_mut().find(|input| {
                let field = &schema.fields[input.position];
                field.name.as_str() == amount && field.field.kind == FieldKind::Money
            });
            if let Some(input) = of {
                input.currency = Some(source);
            } else {
                let message = format!("`{amount}` is no amount of money that is imported here.");
                issues.push(Issue::new(format!("{path}/field"), "no-amount", message));
            }
        }
        let key = self.bound_key(schema, &inputs, id.is_some(), &mut issues);
        if inputs.is_empty() && issues.is_empty() {
            issues.push(Issue::new("/columns", "required", "Say for one column at least which field it goes to."));
        }
        if issues.is_empty() { Ok(Bound { inputs, id, key, mapping: self.clone() }) } else { Err(issues) }
    }

    fn bound_key(&self, schema: &Schema, inputs: &[Input], has_id: bool, issues: &mut Vec<Issue>) -> Vec<usize> {
        if self.key.len() > MAX_KEYS {
            issues.push(Issue::new("/key", "too-many", format!("A key has at most {MAX_KEYS} fields.")));
        }
        if has_id && self.key.iter().any(|name| name != ID) {
            issues.push(Issue::new("/key", "id", "Where ids are mapped, records are known by them: leave `key` out."));
        }
        let mut bound = Vec::new();
        for (at, name) in self.key.iter().enumerate().filter(|(_, name)| !(has_id && *name == ID)) {
            let path = format!("/key/{at}");
            let Some(position) = schema.position(name) else {
                issues.push(unknown_field(schema, name, path));
                continue;
            };
            let kind = schema.fields[position].field.kind;
            if matches!(kind, FieldKind::References | FieldKind::People | FieldKind::Json | FieldKind::Boolean) {
                issues.push(Issue::new(path, "not-comparable", format!("Nothing is known by `{name}`.")));
                continue;
            }
            if let Some(input) = inputs.iter().position(|input| input.position == position) {
                bound.push(input);
            } else {
                let message = format!("`{name}` is a key, so a column goes to it.");
                issues.push(Issue::new(path, "not-mapped", message));
            }
        }
        bound
    }
}

fn twice(path: &str, field: &str) -> Issue {
    Issue::new(format!("{path}/field"), "twice", format!("Two columns go to `{field}`; one can."))
}

fn input(catalog: &Catalog, schema: &Arc<Schema>, target: &Target, source: Source, path: &str) -> Result<Input, Issue> {
    let at = format!("{path}/field");
    let Some(position) = schema.position(&target.field) else { return Err(unknown_field(schema, &target.field, at)) };
    let field = &schema.fields[position];
    if field.field.is_read_only() || schema.collection.is_state(&target.field) {
        let message = format!("{} is kept by the program; leave the column out.", humanize(&target.field));
        return Err(Issue::new(at, "read-only", message));
    }
    if field.field.kind.is_media() {
        let message =
            format!("{} holds files, which a table cannot bring; leave the column out.", humanize(&target.field));
        return Err(Issue::new(at, "file", message));
    }
    let known = known(catalog, field, target.by.as_deref())
        .map_err(|message| Issue::new(format!("{path}/by"), "by", message))?;
    let fits = match target.unit {
        None => true,
        Some(Unit::Minutes | Unit::Hours) => matches!(field.field.kind, FieldKind::Duration | FieldKind::Minutes),
        Some(Unit::Seconds) => field.field.kind == FieldKind::Duration,
        Some(Unit::Percent | Unit::Fraction) => field.field.kind == FieldKind::Percent,
    };
    if !fits {
        let message =
            "Durations are in seconds, minutes or hours, percentages in percent or as a fraction; others have no unit.";
        return Err(Issue::new(format!("{path}/unit"), "unit", message));
    }
    Ok(Input { source, position, known, unit: target.unit, currency: None })
}

fn known(catalog: &Catalog, field: &SchemaField, by: Option<&str>) -> Result<Known, String> {
    match (field.field.kind, by) {
        (FieldKind::Person | FieldKind::People, Some("id")) => Ok(Known::PersonId),
        (FieldKind::Person | FieldKind::People, None | Some("name")) => Ok(Known::PersonName),
        (FieldKind::Person | FieldKind::People, Some("email")) => Ok(Known::PersonEmail),
        (FieldKind::Person | FieldKind::People, Some(_)) => {
            Err("People are known by `name`, `email` or `id`.".to_owned())
        }
        (FieldKind::Reference | FieldKind::References, by) => {
            let target = field.to.as_ref().and_then(|to| catalog.schema(to)).ok_or("It refers to nothing here.")?;
            let name = by.unwrap_or(target.collection.display.as_str());
            let fits = name == ID
                || target.field(name).is_some_and(|field| {
                    matches!(field.field.kind, FieldKind::Text | FieldKind::Integer | FieldKind::Choice)
                });
            if fits {
                Ok(Known::Record(target.name.clone(), name.to_owned()))
            } else {
                Err(format!(
                    "Records of {} are known by `id` or by a field of text, choices or whole numbers; `{name}` is none.",
                    target.name
                ))
            }
        }
        (_, None) => Ok(Known::Plain),
        (_, Some(_)) => Err("Only references and people are known by something else.".to_owned()),
    }
}
