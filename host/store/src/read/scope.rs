//! One FROM: the table of the records in question, and those that its paths lead to, each joined once by organization
//! and id. What the viewer may not read is not there: neither rows, nor what a path leads to, nor the value of a field.

use crate::database::Dialect;
use crate::error::StoreError;
use crate::layout::{self, custom::located};
use lignaflow_core::bound::{BoundPath, BoundPredicate, Column};
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::catalog::{Schema, SystemField};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Id, OrganizationId};
use sea_query::{CaseStatement, Expr, ExprTrait, JoinType, SelectStatement};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// What a statement reads, gathered while it is put together.
type Reads = Arc<Mutex<BTreeSet<CollectionName>>>;

/// SQLite joins at most 64 tables.
const MAX_JOINS: usize = 60;

pub(super) struct Scope<'a> {
    pub(super) dialect: Dialect,
    organization: Uuid,
    /// Whose access rules hold here; all is seen without.
    viewer: Option<&'a Caller>,
    pub(super) schema: &'a Schema,
    /// How many scopes this one lies within; it tells their tables apart.
    depth: usize,
    alias: String,
    joins: Vec<Join>,
    /// The collections that the statement reads, shared with the scopes within.
    reads: Reads,
}

/// A table that a path leads to.
struct Join {
    /// The references followed from the root, by name.
    hops: Vec<String>,
    /// Whether it shows what the viewer may see, or all: access rules themselves look at all.
    veiled: bool,
    table: String,
    alias: String,
    on: Expr,
}

impl<'a> Scope<'a> {
    pub(super) fn new(dialect: Dialect, access: Access<'a>, schema: &'a Schema) -> Self {
        let organization = access.organization().0.uuid();
        Self::at(dialect, organization, access.viewer(), schema, 0, Reads::default())
    }

    /// The table itself, under its own name, of all organizations: what an index is defined over.
    pub(super) fn of_table(dialect: Dialect, schema: &'a Schema) -> Self {
        let within = Self::at(dialect, Uuid::nil(), None, schema, 0, Reads::default());
        Self { alias: layout::table(&schema.name), ..within }
    }

    /// Whether nothing but the root was reached.
    pub(super) fn is_alone(&self) -> bool {
        self.joins.is_empty()
    }

    fn at(
        dialect: Dialect,
        organization: Uuid,
        viewer: Option<&'a Caller>,
        schema: &'a Schema,
        depth: usize,
        reads: Reads,
    ) -> Self {
        note(&reads, &schema.name);
        Self { dialect, organization, viewer, schema, depth, alias: format!("t{depth}"), joins: Vec::new(), reads }
    }

    /// A scope for a subquery within this one.
    pub(super) fn inner<'b>(&'b self, schema: &'b Schema) -> Scope<'b> {
        let reads = Arc::clone(&self.reads);
        Scope::at(self.dialect, self.organization, self.viewer, schema, self.depth + 1, reads)
    }

    /// The collections whose records the statement reads so far.
    pub(super) fn reads(&self) -> Vec<CollectionName> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// The organization whose records it is about.
    pub(super) fn organization(&self) -> OrganizationId {
        OrganizationId(Id::from_bytes(*self.organization.as_bytes()))
    }

    /// Has a statement read the rows of the root that are the organization's, that are not archived unless they may be,
    /// and that the viewer may read.
    pub(super) fn seat(&mut self, select: &mut SelectStatement, archived: bool) -> Result<(), StoreError> {
        select.and_where(self.stands(archived));
        let rule = self.schema.readable(self.viewer);
        if !rule.is_always() {
            select.and_where(self.freely(|scope| scope.predicate(&rule))?);
        }
        Ok(())
    }

    /// Has a statement read whole records of the root, as [`layout::decode_record`] takes them.
    pub(super) fn whole(&self, select: &mut SelectStatement) -> Result<(), StoreError> {
        select.exprs(SystemField::ALL.map(|field| self.own(layout::system_column(field))));
        for (index, field) in self.schema.fields.iter().enumerate() {
            let lifts = self.lifts(&self.alias, self.schema, index)?;
            for column in layout::read_columns(field.name.as_str(), field.field.kind) {
                select.expr(shown(lifts.clone(), located(self.dialect, &self.alias, field, &column)));
            }
        }
        Ok(())
    }

    /// Builds something that looks at all records, whoever the viewer is.
    pub(super) fn freely<T>(&mut self, build: impl FnOnce(&mut Self) -> T) -> T {
        let viewer = self.viewer.take();
        let built = build(self);
        self.viewer = viewer;
        built
    }

    /// The name of the root's table here.
    pub(super) fn alias(&self) -> &str {
        &self.alias
    }

    /// A column of the root.
    pub(super) fn own(&self, column: &str) -> Expr {
        col(&self.alias, column)
    }

    /// That a row of the root is the organization's, and not archived unless it may be.
    fn stands(&self, archived: bool) -> Expr {
        let own = self.within_organization(&self.alias);
        if archived { own } else { own.and(self.own(layout::ARCHIVED_AT).is_null()) }
    }

    /// That a table's row belongs to the organization.
    pub(super) fn within_organization(&self, alias: &str) -> Expr {
        col(alias, layout::ORGANIZATION).eq(self.organization)
    }

    /// The name of the table in which a path ends, joined where it has not been yet.
    pub(super) fn reach(&mut self, path: &BoundPath) -> Result<String, StoreError> {
        let mut alias = self.alias.clone();
        let mut schema = &path.root;
        let mut hops = Vec::with_capacity(path.hops.len());
        let mut veiled = false;
        for (index, next) in &path.hops {
            hops.push(schema.fields[*index].name.as_str().to_owned());
            veiled |= self.viewer.is_some() && (next.restricts_reading() || schema.restricts_field(*index));
            let known = self.joins.iter().find(|join| join.hops == hops && join.veiled == veiled);
            alias = match known {
                Some(known) => known.alias.clone(),
                None => self.join(&hops, veiled, (&alias, schema, *index), next)?,
            };
            schema = next;
        }
        Ok(alias)
    }

    /// Joins the table that a reference of one that was joined leads to. Who may not read the reference, or the record
    /// that it leads to, finds nothing there.
    fn join(
        &mut self,
        hops: &[String],
        veiled: bool,
        (from, schema, index): (&str, &Schema, usize),
        to: &Schema,
    ) -> Result<String, StoreError> {
        if self.joins.len() == MAX_JOINS {
            return Err(StoreError::TooLarge(format!("at most {MAX_JOINS} references can be followed at once")));
        }
        note(&self.reads, &to.name);
        let alias = format!("{}j{}", self.alias, self.joins.len());
        let field = &schema.fields[index];
        let reference = located(self.dialect, from, field, field.name.as_str());
        let reference = shown(self.lifts(from, schema, index)?, reference);
        let mut on = self.within_organization(&alias).and(col(&alias, layout::ID).eq(reference));
        let rule = to.readable(self.viewer);
        if !rule.is_always() {
            on = on.and(self.holds_at(&alias, to, &rule)?);
        }
        self.joins.push(Join { hops: hops.to_vec(), veiled, table: layout::table(&to.name), alias: alias.clone(), on });
        Ok(alias)
    }

    /// Where the viewer reads a field of the table with this name, unless they always do.
    pub(super) fn lifts(&self, alias: &str, schema: &Schema, index: usize) -> Result<Option<Expr>, StoreError> {
        let rule = schema.field_readable(index, self.viewer);
        if rule.is_always() { Ok(None) } else { self.holds_at(alias, schema, &rule).map(Some) }
    }

    /// The same for the field in which a path ends, whose table was reached as `alias`.
    pub(super) fn lifts_at(&self, alias: &str, path: &BoundPath) -> Result<Option<Expr>, StoreError> {
        match path.column {
            Column::System(_) => Ok(None),
            Column::Field(index) => self.lifts(alias, path.schema(), index),
        }
    }

    /// That an access rule holds of the rows of a table, here or joined. One that follows references is asked in a
    /// statement of its own, by the row's id.
    fn holds_at(&self, alias: &str, schema: &Schema, rule: &BoundPredicate) -> Result<Expr, StoreError> {
        let mut there = self.inner(schema);
        there.viewer = None;
        if !rule.looks_elsewhere() {
            alias.clone_into(&mut there.alias);
            return there.predicate(rule);
        }
        let mut select = SelectStatement::new();
        let same = there.own(layout::ID).eq(col(alias, layout::ID));
        select.expr(Expr::cust("1")).and_where(there.stands(true)).and_where(same).and_where(there.predicate(rule)?);
        there.read_from(&mut select);
        Ok(Expr::exists(select))
    }

    /// The first column of the field in which a path ends.
    pub(super) fn column(&mut self, path: &BoundPath) -> Result<Expr, StoreError> {
        self.column_named(path, &path.first_column())
    }

    /// A further column of the field in which a path ends, named by `of`.
    pub(super) fn column_of(&mut self, path: &BoundPath, of: fn(&str) -> String) -> Result<Expr, StoreError> {
        self.column_named(path, &of(path.name()))
    }

    fn column_named(&mut self, path: &BoundPath, column: &str) -> Result<Expr, StoreError> {
        let alias = self.reach(path)?;
        Ok(shown(self.lifts_at(&alias, path)?, self.at_path(&alias, path, column)))
    }

    /// A column of the field in which a path ends, whose table was reached as `alias`.
    pub(super) fn at_path(&self, alias: &str, path: &BoundPath, column: &str) -> Expr {
        match path.field() {
            Some(field) => located(self.dialect, alias, field, column),
            None => col(alias, column),
        }
    }

    /// Has a statement read the root's table and all that were reached. Whatever reaches must be built before.
    pub(super) fn read_from(&self, select: &mut SelectStatement) {
        select.from_as(layout::table(&self.schema.name), self.alias.clone());
        for join in &self.joins {
            select.join_as(JoinType::LeftJoin, join.table.clone(), join.alias.clone(), join.on.clone());
        }
    }
}

fn note(reads: &Reads, collection: &CollectionName) {
    let mut reads = reads.lock().unwrap_or_else(PoisonError::into_inner);
    if !reads.contains(collection) {
        reads.insert(collection.clone());
    }
}

/// A column where it may be read, and null where not.
pub(super) fn shown(lifts: Option<Expr>, column: Expr) -> Expr {
    match lifts {
        Some(lifts) => CaseStatement::new().case(lifts, column).into(),
        None => column,
    }
}

pub(super) fn col(alias: &str, column: &str) -> Expr {
    Expr::col((alias.to_owned(), column.to_owned()))
}

/// How a path's column lies in its table.
pub(super) trait PathColumns {
    /// The name of the field in which it ends.
    fn name(&self) -> &str;
    /// The column that is null where there is nothing, and is compared by.
    fn first_column(&self) -> String;
}

impl PathColumns for BoundPath {
    fn name(&self) -> &str {
        match self.column {
            Column::System(field) => layout::system_column(field),
            Column::Field(index) => self.schema().fields[index].name.as_str(),
        }
    }

    fn first_column(&self) -> String {
        match self.kind() {
            FieldKind::Money => layout::minor_column(self.name()),
            _ => self.name().to_owned(),
        }
    }
}
