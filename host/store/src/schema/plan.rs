//! What stands against what is asked for: steps, what must hold of the records before they are taken, and the shape
//! that comes out of it. No database is asked here.

use super::ddl::{self, NewField};
use super::shape::{FieldShape, Shape, too_long, unique};
use super::{SchemaAction, SchemaConflict, SchemaStep, words};
use crate::database::{Dialect, Statement, build};
use crate::error::StoreError;
use crate::{layout, read};
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::conditions::Conditions;
use lignaflow_core::descriptor::Unique;
use lignaflow_core::name::CollectionName;
use lignaflow_core::record::{check_value, value_from_json};
use sea_query::{Expr, ExprTrait, Query, Value as Sql};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug)]
pub(super) struct Difference {
    pub(super) collection: CollectionName,
    pub(super) checks: Vec<Check>,
    pub(super) steps: Vec<(SchemaStep, Vec<Statement>)>,
    pub(super) shape: Shape,
    /// Texts that are folded otherwise now.
    pub(super) refolded: Vec<String>,
}

/// What the records that are there must not hold.
#[derive(Debug)]
pub(super) enum Check {
    /// Anything at all: a new field is required and has no default.
    Records { field: String },
    /// A value in this field, which changes as told.
    Values { field: String, column: String, change: String },
    /// A text longer than the new bound.
    Longer { field: String, max: i64 },
    /// A choice that is gone.
    Choices { field: String, gone: Vec<String> },
    /// Nothing where a value is required.
    Nulls { field: String, column: String },
    /// The same as another of the organization, neither archived.
    Duplicates { fields: String, columns: Vec<String>, condition: Option<Expr> },
}

/// The difference, if there is one.
pub(super) fn compare(
    dialect: Dialect,
    schema: &Schema,
    conditions: Option<&Conditions>,
    old: Option<&Shape>,
) -> Result<Option<Difference>, Vec<SchemaConflict>> {
    let named = schema.collection.unique.iter().flat_map(Unique::fields);
    let long: Vec<_> = named.filter(|f| too_long(schema, f.as_str())).collect();
    if !long.is_empty() {
        let conflict = |field: &&lignaflow_core::name::FieldName| SchemaConflict {
            collection: schema.name.clone(),
            field: field.to_string(),
            message: format!("a text of more than {} characters cannot be held unique", layout::LONGEST_KEY),
        };
        return Err(long.iter().map(conflict).collect());
    }
    let wanted = Shape::of(schema);
    let mut held = BTreeMap::new();
    for (index, rule) in schema.collection.unique.iter().enumerate() {
        if let Some(condition) = conditions.and_then(|all| all.unique(index)) {
            let told = |error: StoreError| SchemaConflict {
                collection: schema.name.clone(),
                field: rule.condition().unwrap_or_default().to_owned(),
                message: error.to_string(),
            };
            let condition = read::condition(dialect, schema, condition).map_err(|error| vec![told(error)])?;
            held.insert(unique(schema, rule).0, condition);
        }
    }
    let mut comparison = Comparison {
        dialect,
        schema,
        conditions: held,
        replaced: BTreeSet::new(),
        added: BTreeMap::new(),
        difference: Difference {
            collection: schema.name.clone(),
            checks: Vec::new(),
            steps: Vec::new(),
            shape: wanted,
            refolded: Vec::new(),
        },
    };
    match old {
        None => comparison.create(),
        Some(old) => comparison.alter(old),
    }
    let difference = comparison.difference;
    Ok((old != Some(&difference.shape)).then_some(difference))
}

struct Comparison<'a> {
    dialect: Dialect,
    schema: &'a Schema,
    /// The conditions of unique rules, by the names of their indexes.
    conditions: BTreeMap<String, Expr>,
    /// Columns that are dropped and made anew.
    replaced: BTreeSet<String>,
    /// Columns that are new, and whether they have a default.
    added: BTreeMap<String, bool>,
    difference: Difference,
}

impl Comparison<'_> {
    fn step(&mut self, action: SchemaAction, statements: Vec<Statement>) {
        let step = SchemaStep { collection: self.schema.name.clone(), action };
        self.difference.steps.push((step, statements));
    }

    fn create(&mut self) {
        let fields: Vec<_> = self.schema.fields.iter().map(new_field).collect();
        let statements = ddl::create_table(self.dialect, &self.schema.name, &fields);
        self.step(SchemaAction::CreateCollection, statements);
        self.add_indexes(&Shape::default());
        self.search(&BTreeSet::new(), true);
    }

    fn alter(&mut self, old: &Shape) {
        let schema = self.schema;
        let mut before: Vec<(SchemaAction, Vec<Statement>)> = Vec::new();
        for field in &schema.fields {
            match old.fields.get(field.name.as_str()) {
                None => before.push(self.add(field)),
                Some(was) => before.extend(self.change(field, was)),
            }
        }
        for (name, was) in &old.fields {
            if schema.field(name).is_none() {
                if was.declared {
                    before.push((SchemaAction::KeepField(name.clone()), Vec::new()));
                }
                let kept = FieldShape { declared: false, ..was.clone() };
                self.difference.shape.fields.insert(name.clone(), kept);
            }
        }
        for (name, field) in &self.difference.shape.fields {
            let was = old.fields.get(name);
            if field.declared && field.derived.is_some() && was.is_none_or(|was| was.derived != field.derived) {
                before.push((SchemaAction::CalculateField(name.clone()), Vec::new()));
            }
            if field.declared && was.is_some_and(|was| was.numbered != field.numbered) {
                self.difference.refolded.push(name.clone());
            }
        }
        // Indexes go before their columns and come after them.
        let standing = self.drop_indexes(old);
        for (action, statements) in before {
            self.step(action, statements);
        }
        self.add_indexes(&standing);
        self.search(&old.words, false);
    }

    /// Brings the columns and the index of words to what is searched now.
    fn search(&mut self, old: &BTreeSet<String>, empty: bool) {
        let wanted = self.difference.shape.words.clone();
        let collection = &self.schema.name;
        let changed = *old != wanted;
        if changed && !old.is_empty() {
            let mut statements = words::remove(self.dialect, collection);
            statements.extend(old.difference(&wanted).map(|field| words::drop_column(collection, field)));
            self.step(SchemaAction::DropWords, statements);
        }
        let new: Vec<_> = wanted.difference(old).cloned().collect();
        // A default is the same for all organizations, and their words are not.
        let filled = |action: &SchemaAction| match action {
            SchemaAction::AddField(field) | SchemaAction::FillField(field) | SchemaAction::ReplaceField(field) => {
                wanted.contains(field)
            }
            _ => false,
        };
        let lacking = !new.is_empty() || self.difference.steps.iter().any(|(step, _)| filled(&step.action));
        let statements: Vec<_> = new.iter().map(|field| words::add_column(self.dialect, collection, field)).collect();
        if empty {
            if !wanted.is_empty() {
                let index = words::create(self.dialect, collection, &wanted);
                self.step(SchemaAction::IndexWords, [statements, index].concat());
            }
            return;
        }
        if lacking {
            self.step(SchemaAction::FillWords, statements);
        }
        if changed && !wanted.is_empty() {
            self.step(SchemaAction::IndexWords, words::create(self.dialect, collection, &wanted));
        }
    }

    fn add(&mut self, field: &SchemaField) -> (SchemaAction, Vec<Statement>) {
        let new = new_field(field);
        if field.field.required && new.default.is_none() {
            self.difference.checks.push(Check::Records { field: new.name.clone() });
        }
        for (column, _) in layout::columns(&new.name, new.kind) {
            self.added.insert(column, new.default.is_some());
        }
        let statements = ddl::add_field(self.dialect, &self.schema.name, &new);
        (SchemaAction::AddField(new.name), statements)
    }

    fn change(&mut self, field: &SchemaField, was: &FieldShape) -> Vec<(SchemaAction, Vec<Statement>)> {
        let is = FieldShape::of(field);
        if is == *was {
            return Vec::new();
        }
        let name = field.name.as_str().to_owned();
        let column = layout::read_columns(&name, was.kind).swap_remove(0);
        let change = changed(was, &is);
        if let Some(change) = change {
            self.difference.checks.push(Check::Values { field: name.clone(), column, change });
            if is.kind == was.kind {
                return vec![(SchemaAction::AdjustField(name), Vec::new())];
            }
            self.replaced.extend(layout::columns(&name, was.kind).into_iter().map(|(column, _)| column));
            let mut statements = ddl::drop_field(&self.schema.name, &name, was.kind);
            statements.extend(self.add(field).1);
            return vec![(SchemaAction::ReplaceField(name), statements)];
        }
        if let (Some(max), Some(before)) = (is.max, was.max)
            && max < before
        {
            self.difference.checks.push(Check::Longer { field: name.clone(), max });
        }
        let gone: Vec<_> = was.of.iter().filter(|choice| !is.of.contains(choice)).cloned().collect();
        if !gone.is_empty() {
            self.difference.checks.push(Check::Choices { field: name.clone(), gone });
        }
        let mut steps = vec![(SchemaAction::AdjustField(name.clone()), Vec::new())];
        // While it was not declared, or not required, records came in without it.
        if is.required && !(was.required && was.declared) {
            match new_field(field).default {
                None => self.difference.checks.push(Check::Nulls { field: name, column }),
                Some(default) => {
                    let fill = self.fill(&column, default);
                    steps.push((SchemaAction::FillField(name), vec![fill]));
                }
            }
        }
        steps
    }

    fn fill(&self, column: &str, default: Vec<(String, Sql)>) -> Statement {
        let update = Query::update()
            .table(layout::table(&self.schema.name))
            .values(default.into_iter().map(|(column, value)| (column, value.into())))
            .and_where(Expr::col(column.to_owned()).is_null())
            .take();
        build(self.dialect, &update).once()
    }

    /// Drops the indexes that are no longer asked for or stand in the way. What is left of them.
    fn drop_indexes(&mut self, old: &Shape) -> Shape {
        let wanted = self.difference.shape.clone();
        let stays = |columns: &Vec<String>, wanted: Option<&Vec<String>>| {
            wanted == Some(columns) && !columns.iter().any(|column| self.replaced.contains(column))
        };
        let mut left = Shape::default();
        let mut drops = Vec::new();
        for (name, columns) in &old.indexes {
            if stays(columns, wanted.indexes.get(name)) {
                left.indexes.insert(name.clone(), columns.clone());
            } else {
                drops.push((SchemaAction::DropIndex(name.clone()), name));
            }
        }
        for (name, columns) in &old.unique {
            if stays(columns, wanted.unique.get(name)) {
                left.unique.insert(name.clone(), columns.clone());
            } else {
                drops.push((SchemaAction::DropUnique(name.clone()), name));
            }
        }
        for (action, name) in drops {
            self.step(action, vec![ddl::drop_index(name)]);
        }
        left
    }

    fn add_indexes(&mut self, standing: &Shape) {
        let wanted = self.difference.shape.clone();
        for (name, columns) in &wanted.indexes {
            if !standing.indexes.contains_key(name) {
                let statement = ddl::add_index(&self.schema.name, name, columns);
                self.step(SchemaAction::AddIndex(name.clone()), vec![statement]);
            }
        }
        for (name, columns) in &wanted.unique {
            if !standing.unique.contains_key(name) {
                let condition = self.conditions.get(name).cloned();
                self.check_unique(columns, condition.clone());
                let statement = ddl::add_unique(self.dialect, &self.schema.name, name, columns, condition);
                self.step(SchemaAction::AddUnique(name.clone()), vec![statement]);
            }
        }
    }

    fn check_unique(&mut self, columns: &[String], condition: Option<Expr>) {
        // A new table has no records, and new columns without a default share nothing.
        let creating = self.difference.steps.iter().any(|(s, _)| s.action == SchemaAction::CreateCollection);
        if creating || columns.iter().any(|column| self.added.get(column) == Some(&false)) {
            return;
        }
        let columns: Vec<_> = columns.iter().filter(|column| !self.added.contains_key(*column)).cloned().collect();
        let fields = columns.join(", ").replace("__fold", "");
        self.difference.checks.push(Check::Duplicates { fields, columns, condition });
    }
}

/// How a field would be misread, if it would.
fn changed(was: &FieldShape, is: &FieldShape) -> Option<String> {
    if was.kind != is.kind {
        return Some(format!("its type changes from {:?} to {:?}", was.kind, is.kind).to_lowercase());
    }
    if was.scale != is.scale {
        let digits = |scale: Option<u8>| scale.unwrap_or_default();
        return Some(format!("its digits after the point change from {} to {}", digits(was.scale), digits(is.scale)));
    }
    if was.to != is.to {
        let to = |to: &Option<CollectionName>| to.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
        return Some(format!("it changes from referring to {} to {}", to(&was.to), to(&is.to)));
    }
    None
}

/// A field with the columns of its default, where that is one value for all records.
fn new_field(field: &SchemaField) -> NewField {
    let default = field.field.default.as_ref().and_then(|json| {
        let mut value = value_from_json(&field.field, json).ok()?;
        if check_value(field, &mut value, "").is_some() || value.is_null() {
            return None;
        }
        layout::encode_alike(field, &value).ok()
    });
    NewField { name: field.name.as_str().to_owned(), kind: field.field.kind, default }
}
