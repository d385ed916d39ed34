//! What stands against what is asked for: steps, what must hold of the records before they are taken, and the shape
//! that comes out of it. No database is asked here.
//!
//! Checks and counts run before any step, so they speak of tables and columns by the names under which they stand;
//! steps are written for the names that they come after.

use super::check::{Check, Hindrance};
use super::ddl::{self, NewField};
use super::fields::{self, Fate};
use super::moves;
use super::shape::{FieldShape, Former, Shape, too_long, unique};
use super::{SchemaAction, SchemaConflict, words};
use crate::customs;
use crate::database::{Dialect, Statement, build};
use crate::error::StoreError;
use crate::layout::ColumnType;
use crate::{layout, read};
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::conditions::Conditions;
use lignaflow_core::descriptor::Unique;
use lignaflow_core::name::CollectionName;
use lignaflow_core::record::{check_value, value_from_json};
use sea_query::{Expr, ExprTrait, Func, Query, SelectStatement, SimpleExpr, Value as Sql};
use std::collections::{BTreeMap, BTreeSet};

/// What else speaks of a collection by its name: it becomes the first value where it was the second.
const FOLLOWING: [&str; 5] = [
    "update sequences set collection = $1 where collection = $2",
    "update media set collection = $1 where collection = $2",
    "update views set collection = $1 where collection = $2",
    "update imports set collection = $1 where collection = $2",
    "update deliveries set collection = $1 where collection = $2",
];

#[derive(Debug)]
pub(super) struct Difference {
    pub(super) collection: CollectionName,
    /// The name under which it stands, where that is another.
    pub(super) was: Option<CollectionName>,
    pub(super) checks: Vec<Check>,
    pub(super) steps: Vec<Planned>,
    pub(super) shape: Shape,
    /// Texts that are folded otherwise now.
    pub(super) refolded: Vec<String>,
}

/// A step, with the statements that take it and the one that counts the records that it is about.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) action: SchemaAction,
    pub(super) statements: Vec<Statement>,
    pub(super) counting: Option<SelectStatement>,
}

/// A collection as it is declared, and as it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) dialect: Dialect,
    pub(super) schema: &'a Schema,
    /// Of its unique rules.
    pub(super) conditions: Option<&'a Conditions>,
    /// Under this name.
    pub(super) was: &'a CollectionName,
    pub(super) old: Option<&'a Shape>,
    /// By its name now, what else was renamed.
    pub(super) moved: &'a BTreeMap<CollectionName, CollectionName>,
    /// The last entry of the change log that speaks of things by the names that they have had.
    pub(super) until: i64,
}

/// The difference, if there is one.
pub(super) fn compare(sides: Sides<'_>) -> Result<Option<Difference>, Vec<SchemaConflict>> {
    let schema = sides.schema;
    let named = schema.collection.unique.iter().flat_map(Unique::fields);
    let long: Vec<_> = named.filter(|f| too_long(schema, f.as_str())).collect();
    if !long.is_empty() {
        let message = format!("a text of more than {} characters cannot be held unique", layout::LONGEST_KEY);
        return Err(long.iter().map(|field| SchemaConflict::of(schema, field.as_str(), message.clone())).collect());
    }
    let renamed = sides.old.map_or_else(|| Ok(BTreeMap::new()), |old| moves::fields(schema, old))?;
    let mut held = BTreeMap::new();
    for (index, rule) in schema.collection.unique.iter().enumerate() {
        if let Some(condition) = sides.conditions.and_then(|all| all.unique(index)) {
            let named = rule.condition().unwrap_or_default();
            let told = |error: StoreError| vec![SchemaConflict::of(schema, named, error.to_string())];
            held.insert(unique(schema, rule).0, read::condition(sides.dialect, schema, condition).map_err(told)?);
        }
    }
    let was = (*sides.was != schema.name).then(|| sides.was.clone());
    let mut comparison = Comparison {
        sides,
        conditions: held,
        renamed,
        standing_columns: BTreeMap::new(),
        replaced: BTreeSet::new(),
        added: BTreeMap::new(),
        difference: Difference {
            collection: schema.name.clone(),
            was,
            checks: Vec::new(),
            steps: Vec::new(),
            shape: Shape::of(schema),
            refolded: Vec::new(),
        },
    };
    match sides.old {
        None => comparison.create(),
        Some(old) => comparison.alter(old),
    }
    let difference = comparison.difference;
    Ok((sides.old != Some(&difference.shape)).then_some(difference))
}

/// How many records of a table satisfy this, all of them without.
pub(super) fn counting(table: &str, condition: Option<SimpleExpr>) -> SelectStatement {
    let mut select = Query::select();
    select.expr(Func::count(Expr::col(layout::ID))).from(table.to_owned());
    if let Some(condition) = condition {
        select.and_where(condition);
    }
    select
}

pub(super) fn has_value(field: &str, shape: &FieldShape) -> SimpleExpr {
    Expr::col(layout::read_columns(field, shape.kind).swap_remove(0)).is_not_null()
}

/// Fields whose words are kept, by their names now, and whether their index is gone already.
#[derive(Default)]
struct Searched {
    words: BTreeSet<String>,
    dropped: bool,
}

struct Comparison<'a> {
    sides: Sides<'a>,
    /// The conditions of unique rules, by the names of their indexes.
    conditions: BTreeMap<String, Expr>,
    /// By their names now, the names under which fields stand that were renamed.
    renamed: BTreeMap<String, String>,
    /// By their names now, the names under which columns stand.
    standing_columns: BTreeMap<String, String>,
    /// Columns that are dropped and made anew.
    replaced: BTreeSet<String>,
    /// Columns that are new, and whether they have a default.
    added: BTreeMap<String, bool>,
    difference: Difference,
}

impl Comparison<'_> {
    fn table(&self) -> String {
        layout::table(self.sides.was)
    }

    fn step(&mut self, action: SchemaAction, statements: Vec<Statement>, counting: Option<SelectStatement>) {
        self.difference.steps.push(Planned { action, statements, counting });
    }

    fn counted(&self, condition: Option<SimpleExpr>) -> SelectStatement {
        counting(&self.table(), condition)
    }

    fn create(&mut self) {
        let schema = self.sides.schema;
        let fields: Vec<_> = schema.fields.iter().map(new_field).collect();
        let statements = ddl::create_table(self.sides.dialect, &schema.name, &fields);
        self.step(SchemaAction::CreateCollection, statements, None);
        self.add_indexes(&Shape::default());
        self.search(&Searched::default(), true);
    }

    fn alter(&mut self, old: &Shape) {
        self.difference.shape.former.clone_from(&old.former);
        let searched = self.move_words(old);
        if let Some(was) = self.difference.was.clone() {
            self.rename_collection(&was, old);
        } else if old.gone {
            let counting = Some(self.counted(None));
            self.step(SchemaAction::RestoreCollection, Vec::new(), counting);
        }
        // Indexes go before their columns and come after them.
        let renames = self.field_renames(old);
        let (standing, index_renames) = self.drop_indexes(old);
        for (action, statements) in renames {
            self.step(action, statements, None);
        }
        // They come with the renaming of their collection or of a field of theirs, which is the last step by now.
        if let Some(last) = self.difference.steps.last_mut() {
            last.statements.extend(index_renames);
        }
        if !old.custom {
            let (name, kind) = (layout::custom::CUSTOM, ColumnType::Json);
            let statement = ddl::add_column(self.sides.dialect, &self.sides.schema.name, name, kind);
            self.step(SchemaAction::HoldOwnFields, vec![statement], None);
        }
        let schema = self.sides.schema;
        for field in &schema.fields {
            let stands_as = self.renamed.get(field.name.as_str()).cloned();
            let stands_as = stands_as.unwrap_or_else(|| field.name.as_str().to_owned());
            match old.fields.get(&stands_as) {
                None => self.add(field),
                Some(was) => self.change(field, &stands_as, was),
            }
        }
        for (name, was) in &old.fields {
            if schema.field(name).is_none() && self.renamed.values().all(|old| old != name) {
                if was.declared {
                    let counting = Some(self.counted(Some(has_value(name, was))));
                    self.step(SchemaAction::KeepField(name.clone()), Vec::new(), counting);
                }
                let kept = FieldShape { declared: false, to: self.followed(was), ..was.clone() };
                self.difference.shape.fields.insert(name.clone(), kept);
            }
        }
        self.calculate(old);
        self.add_indexes(&standing);
        self.search(&searched, false);
    }

    /// The fields of old whose words are kept, by their names now. What is renamed takes its columns of words along;
    /// SQLite's index of them speaks of its table and columns by name, and goes before.
    fn move_words(&mut self, old: &Shape) -> Searched {
        let now = |field: &String| {
            let mut renamed = self.renamed.iter();
            renamed.find(|(_, was)| *was == field).map_or_else(|| field.clone(), |(now, _)| now.clone())
        };
        let words: BTreeSet<String> = old.words.iter().map(now).collect();
        let moves = !old.words.is_empty() && (self.difference.was.is_some() || words != old.words);
        let dropped = moves && self.sides.dialect == Dialect::Sqlite;
        if dropped {
            self.step(SchemaAction::DropWords, words::remove(self.sides.dialect, self.sides.was), None);
        }
        Searched { words, dropped }
    }

    /// Brings the columns and the index of words to what is searched now.
    fn search(&mut self, old: &Searched, empty: bool) {
        let wanted = self.difference.shape.words.clone();
        let (dialect, collection) = (self.sides.dialect, &self.sides.schema.name);
        let changed = old.words != wanted;
        if changed && !old.words.is_empty() {
            let mut statements = if old.dropped { Vec::new() } else { words::remove(dialect, collection) };
            statements.extend(old.words.difference(&wanted).map(|field| words::drop_column(collection, field)));
            self.step(SchemaAction::DropWords, statements, None);
        }
        let new: Vec<_> = wanted.difference(&old.words).cloned().collect();
        // A default is the same for all organizations, and their words are not.
        let filled = |action: &SchemaAction| match action {
            SchemaAction::AddField(field) | SchemaAction::FillField(field) | SchemaAction::ReplaceField(field) => {
                wanted.contains(field)
            }
            _ => false,
        };
        let lacking = !new.is_empty() || self.difference.steps.iter().any(|step| filled(&step.action));
        let statements: Vec<_> = new.iter().map(|field| words::add_column(dialect, collection, field)).collect();
        if empty {
            if !wanted.is_empty() {
                let index = words::create(dialect, collection, &wanted);
                self.step(SchemaAction::IndexWords, [statements, index].concat(), None);
            }
            return;
        }
        if lacking {
            self.step(SchemaAction::FillWords, statements, None);
        }
        if (changed || old.dropped) && !wanted.is_empty() {
            self.step(SchemaAction::IndexWords, words::create(dialect, collection, &wanted), None);
        }
    }

    /// Fields that are calculated otherwise now, or folded.
    fn calculate(&mut self, old: &Shape) {
        let mut calculated = Vec::new();
        for (name, field) in self.difference.shape.fields.iter().filter(|(_, field)| field.declared) {
            let was = old.fields.get(self.renamed.get(name).unwrap_or(name));
            // What was kept undeclared has not been calculated meanwhile.
            let stale = |was: &FieldShape| old.gone || !was.declared || was.derived != field.derived;
            if field.derived.is_some() && was.is_none_or(stale) {
                calculated.push(name.clone());
            }
            if was.is_some_and(|was| was.numbered != field.numbered) {
                self.difference.refolded.push(name.clone());
            }
        }
        for name in calculated {
            self.step(SchemaAction::CalculateField(name), Vec::new(), None);
        }
    }

    /// What a field refers to, by its name now.
    fn followed(&self, was: &FieldShape) -> Option<CollectionName> {
        let to = was.to.as_ref()?;
        let moved = self.sides.moved.iter().find(|(_, old)| *old == to).map(|(now, _)| now);
        Some(moved.unwrap_or(to).clone())
    }

    fn rename_collection(&mut self, was: &CollectionName, old: &Shape) {
        let name = &self.sides.schema.name;
        let mut statements = vec![ddl::rename_table(&layout::table(was), &layout::table(name))];
        for (field, _) in old.fields.iter().filter(|(_, shape)| layout::is_linked(shape.kind)) {
            statements.extend(ddl::rename_links(self.sides.dialect, (was, field), (name, field)));
        }
        for moved in FOLLOWING {
            statements.push(Statement::new(moved, vec![name.to_string().into(), was.to_string().into()]));
        }
        // A list of names as JSON, in which each stands between quotes.
        let named = "update webhooks set collections = replace(collections, $2, $1)";
        let quoted = |name: &CollectionName| format!("\"{name}\"").into();
        statements.push(Statement::new(named, vec![quoted(name), quoted(was)]));
        statements.extend(customs::renamed(was, name));
        if !old.words.is_empty() && self.sides.dialect == Dialect::Postgres {
            statements.push(ddl::rename_index(&layout::search_index(was), &layout::search_index(name)));
        }
        let until = self.sides.until;
        self.difference.shape.former.push(Former { name: was.to_string(), until });
        let counting = Some(self.counted(None));
        self.step(SchemaAction::RenameCollection(was.local.as_str().to_owned()), statements, counting);
    }

    fn field_renames(&mut self, old: &Shape) -> Vec<(SchemaAction, Vec<Statement>)> {
        let name = &self.sides.schema.name;
        let mut renames = Vec::new();
        for (now, was) in &self.renamed {
            let Some(shape) = old.fields.get(was) else { continue };
            let table = layout::table(name);
            let columns = layout::columns(was, shape.kind).into_iter().zip(layout::columns(now, shape.kind));
            let mut statements = Vec::new();
            for ((from, _), (to, _)) in columns {
                statements.push(ddl::rename_column(&table, &from, &to));
                self.standing_columns.insert(to, from);
            }
            if layout::is_linked(shape.kind) {
                statements.extend(ddl::rename_links(self.sides.dialect, (name, was), (name, now)));
            }
            if old.words.contains(was) {
                statements.push(ddl::rename_column(&table, &layout::words_column(was), &layout::words_column(now)));
            }
            if shape.kind.is_media() {
                let moved = "update media set field = $1 where collection = $2 and field = $3";
                let values = vec![now.as_str().into(), name.to_string().into(), was.as_str().into()];
                statements.push(Statement::new(moved, values));
            }
            if shape.numbered {
                let moved = "update sequences set field = $1 where collection = $2 and field = $3";
                let values = vec![now.as_str().into(), name.to_string().into(), was.as_str().into()];
                statements.push(Statement::new(moved, values));
            }
            renames.push((SchemaAction::RenameField { from: was.clone(), to: now.clone() }, statements));
        }
        renames
    }

    fn add(&mut self, field: &SchemaField) {
        let new = new_field(field);
        if field.field.required && new.default.is_none() {
            self.difference.checks.push(Check { field: new.name.clone(), hindrance: Hindrance::Records });
        }
        for (column, _) in layout::columns(&new.name, new.kind) {
            self.added.insert(column, new.default.is_some());
        }
        let counting = new.default.is_some().then(|| self.counted(None));
        let statements = ddl::add_field(self.sides.dialect, &self.sides.schema.name, &new);
        self.step(SchemaAction::AddField(new.name), statements, counting);
    }

    fn change(&mut self, field: &SchemaField, stands_as: &str, was: &FieldShape) {
        let name = field.name.as_str().to_owned();
        let mut is = FieldShape::of(field);
        is.former.clone_from(&was.former);
        is.choices.clone_from(&was.choices);
        let until = self.sides.until;
        if stands_as != name {
            is.former.push(Former { name: stands_as.to_owned(), until });
        }
        let was = &FieldShape { to: self.followed(was), ..was.clone() };
        let alike = FieldShape { former: is.former.clone(), ..was.clone() } == is;
        if !alike {
            let change = fields::change(field, was, &is, stands_as, until);
            let check = |hindrance| Check { field: name.clone(), hindrance };
            self.difference.checks.extend(change.hindrances.into_iter().map(check));
            if !was.declared {
                let counting = Some(self.counted(Some(has_value(stands_as, was))));
                self.step(SchemaAction::RestoreField(name.clone()), Vec::new(), counting);
            }
            for renamed in change.choices {
                self.rename_choice(&name, stands_as, &renamed.from, &renamed.to);
                is.choices.push(renamed);
            }
            let replaced = matches!(change.fate, Fate::Replaced);
            match change.fate {
                Fate::Stays if was.declared => {
                    self.step(SchemaAction::AdjustField(name.clone()), Vec::new(), None);
                }
                Fate::Stays => {}
                Fate::Replaced => self.replace(field, was),
                Fate::Rescaled(by, told) => self.rescale(&name, stands_as, by, told),
                Fate::Spelled(told) => self.spell(&name, stands_as, was, told),
            }
            // While it was not declared, or not required, records came in without it.
            if is.required && !(was.required && was.declared) && !replaced {
                let column = layout::read_columns(stands_as, was.kind).swap_remove(0);
                match new_field(field).default {
                    None => {
                        let hindrance = Hindrance::Nulls { column };
                        self.difference.checks.push(Check { field: name.clone(), hindrance });
                    }
                    Some(default) => {
                        let counting = Some(self.counted(Some(Expr::col(column).is_null())));
                        let fill = self.fill(default);
                        self.step(SchemaAction::FillField(name.clone()), vec![fill], counting);
                    }
                }
            }
        }
        self.difference.shape.fields.insert(name, is);
    }

    fn rename_choice(&mut self, name: &str, stands_as: &str, from: &str, to: &str) {
        let counting = Some(self.counted(Some(Expr::col(stands_as.to_owned()).eq(from))));
        let update = Query::update()
            .table(layout::table(&self.sides.schema.name))
            .value(name.to_owned(), to)
            .and_where(Expr::col(name.to_owned()).eq(from))
            .take();
        let action = SchemaAction::RenameChoice { field: name.to_owned(), from: from.to_owned(), to: to.to_owned() };
        self.step(action, vec![build(self.sides.dialect, &update).once()], counting);
    }

    fn replace(&mut self, field: &SchemaField, was: &FieldShape) {
        let name = field.name.as_str();
        self.replaced.extend(layout::columns(name, was.kind).into_iter().map(|(column, _)| column));
        let mut statements = ddl::drop_field(&self.sides.schema.name, name, was.kind);
        let new = new_field(field);
        for (column, _) in layout::columns(&new.name, new.kind) {
            self.added.insert(column, new.default.is_some());
        }
        if field.field.required && new.default.is_none() {
            self.difference.checks.push(Check { field: new.name.clone(), hindrance: Hindrance::Records });
        }
        statements.extend(ddl::add_field(self.sides.dialect, &self.sides.schema.name, &new));
        self.step(SchemaAction::ReplaceField(new.name), statements, None);
    }

    /// Whole numbers that stand for more digits after the point, or fewer, from now on.
    fn rescale(&mut self, name: &str, stands_as: &str, by: i32, told: String) {
        let column = Expr::col(name.to_owned());
        let factor = fields::power(by.unsigned_abs());
        let value = if by >= 0 { column.clone().mul(factor) } else { column.clone().div(factor) };
        let update = Query::update()
            .table(layout::table(&self.sides.schema.name))
            .value(name.to_owned(), value)
            .and_where(column.is_not_null())
            .take();
        let counting = Some(self.counted(Some(Expr::col(stands_as.to_owned()).is_not_null())));
        let statements = if by == 0 { Vec::new() } else { vec![build(self.sides.dialect, &update).once()] };
        self.step(SchemaAction::ConvertField { field: name.to_owned(), change: told }, statements, counting);
    }

    /// Choices that are texts from now on.
    fn spell(&mut self, name: &str, stands_as: &str, was: &FieldShape, told: String) {
        let fold = layout::fold_column(name);
        let collection = &self.sides.schema.name;
        let kind = layout::ColumnType::Folded;
        let mut statements = vec![ddl::add_column(self.sides.dialect, collection, &fold, kind)];
        statements.extend(was.of.iter().map(|choice| {
            let update = Query::update()
                .table(layout::table(collection))
                .value(fold.clone(), lignaflow_core::fold::fold(choice))
                .and_where(Expr::col(name.to_owned()).eq(choice.as_str()))
                .take();
            build(self.sides.dialect, &update).once()
        }));
        self.standing_columns.insert(fold, stands_as.to_owned());
        let counting = Some(self.counted(Some(Expr::col(stands_as.to_owned()).is_not_null())));
        self.step(SchemaAction::ConvertField { field: name.to_owned(), change: told }, statements, counting);
    }

    fn fill(&self, default: Vec<(String, Sql)>) -> Statement {
        let first = default.first().map(|(column, _)| column.clone()).unwrap_or_default();
        let update = Query::update()
            .table(layout::table(&self.sides.schema.name))
            .values(default.into_iter().map(|(column, value)| (column, value.into())))
            .and_where(Expr::col(first).is_null())
            .take();
        build(self.sides.dialect, &update).once()
    }

    /// The columns of an index that stands, by their names now.
    fn now(&self, columns: &[String]) -> Vec<String> {
        let now = |column: &String| {
            let mut standing = self.standing_columns.iter();
            standing.find(|(_, old)| *old == column).map_or_else(|| column.clone(), |(now, _)| now.clone())
        };
        columns.iter().map(now).collect()
    }

    /// Drops the indexes that are no longer asked for or stand in the way. What is left of them, and what gives those
    /// the names that they are to have.
    fn drop_indexes(&mut self, old: &Shape) -> (Shape, Vec<Statement>) {
        let wanted = self.difference.shape.clone();
        // A field that changes its kind has other columns: its indexes are made anew.
        let changed = self.changed_columns(old);
        let mut left = Shape::default();
        let mut drops = Vec::new();
        let mut renames = Vec::new();
        for unique in [false, true] {
            let (stands, wanted) = if unique { (&old.unique, &wanted.unique) } else { (&old.indexes, &wanted.indexes) };
            for (name, columns) in stands {
                let now = self.now(columns);
                let sound = !now.iter().any(|column| changed.contains(column));
                let left = if unique { &mut left.unique } else { &mut left.indexes };
                if sound && wanted.get(name) == Some(&now) {
                    left.insert(name.clone(), now);
                    continue;
                }
                // One with a condition is made anew: its name tells which condition, and not that it means the same.
                let plain = |name: &str| !unique || (name.ends_with("__uq") && !self.conditions.contains_key(name));
                let other = wanted.iter().find(|(other, columns)| {
                    **columns == now
                        && !stands.contains_key(*other)
                        && !left.contains_key(*other)
                        && plain(name)
                        && plain(other)
                });
                match other {
                    Some((other, _)) if sound && self.sides.dialect == Dialect::Postgres => {
                        renames.push(ddl::rename_index(name, other));
                        left.insert(other.clone(), now);
                    }
                    _ if unique => drops.push((SchemaAction::DropUnique(name.clone()), name)),
                    _ => drops.push((SchemaAction::DropIndex(name.clone()), name)),
                }
            }
        }
        for (action, name) in drops {
            self.step(action, vec![ddl::drop_index(name)], None);
        }
        (left, renames)
    }

    /// Columns, by their names now, of fields whose values are kept in other columns from now on.
    fn changed_columns(&self, old: &Shape) -> BTreeSet<String> {
        let mut changed = BTreeSet::new();
        for field in &self.sides.schema.fields {
            let name = field.name.as_str();
            let stands_as = self.renamed.get(name).map_or(name, String::as_str);
            let Some(was) = old.fields.get(stands_as) else { continue };
            if layout::columns(name, was.kind) != layout::columns(name, field.field.kind) {
                changed.extend(layout::columns(name, was.kind).into_iter().map(|(column, _)| column));
            } else if !fields::is_the_same(was.kind, field.field.kind)
                && !fields::is_rescaled(was.kind, field.field.kind)
            {
                changed.extend(layout::columns(name, was.kind).into_iter().map(|(column, _)| column));
            }
        }
        changed
    }

    fn add_indexes(&mut self, standing: &Shape) {
        let wanted = self.difference.shape.clone();
        let collection = &self.sides.schema.name;
        for (name, columns) in &wanted.indexes {
            if !standing.indexes.contains_key(name) {
                let statement = ddl::add_index(collection, name, columns);
                self.step(SchemaAction::AddIndex(name.clone()), vec![statement], None);
            }
        }
        for (name, columns) in &wanted.unique {
            if !standing.unique.contains_key(name) {
                let condition = self.conditions.get(name).cloned();
                self.check_unique(columns, condition.clone());
                let statement = ddl::add_unique(self.sides.dialect, collection, name, columns, condition);
                self.step(SchemaAction::AddUnique(name.clone()), vec![statement], None);
            }
        }
    }

    fn check_unique(&mut self, columns: &[String], condition: Option<Expr>) {
        // A new table has no records, and new columns without a default share nothing.
        let creating = self.difference.steps.iter().any(|step| step.action == SchemaAction::CreateCollection);
        if creating || columns.iter().any(|column| self.added.get(column) == Some(&false)) {
            return;
        }
        // It speaks of fields by the names that they are to have; the index itself finds out.
        if condition.is_some() && !self.renamed.is_empty() {
            return;
        }
        let kept: Vec<_> = columns.iter().filter(|column| !self.added.contains_key(*column)).cloned().collect();
        let field = kept.join(", ").replace("__fold", "");
        let columns = kept.into_iter().map(|c| self.standing_columns.get(&c).cloned().unwrap_or(c)).collect();
        self.difference.checks.push(Check { field, hindrance: Hindrance::Duplicates { columns, condition } });
    }
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
