//! One FROM: the table of the records in question, and those that its paths lead to, each joined once by organization
//! and id.

use crate::database::Dialect;
use crate::error::StoreError;
use crate::layout;
use lignaflow_core::bound::{BoundPath, Column};
use lignaflow_core::caller::Access;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::name::CollectionName;
use lignaflow_core::{Id, OrganizationId};
use sea_query::{Expr, ExprTrait, JoinType, SelectStatement};
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
    /// The references followed from the root, by position.
    hops: Vec<usize>,
    table: String,
    alias: String,
    /// Where the reference stands that is followed last.
    from: (String, String),
}

impl<'a> Scope<'a> {
    pub(super) fn new(dialect: Dialect, access: Access, schema: &'a Schema) -> Self {
        Self::at(dialect, access.organization().0.uuid(), schema, 0, Reads::default())
    }

    /// The table itself, under its own name, of all organizations: what an index is defined over.
    pub(super) fn of_table(dialect: Dialect, schema: &'a Schema) -> Self {
        Self { alias: layout::table(&schema.name), ..Self::at(dialect, Uuid::nil(), schema, 0, Reads::default()) }
    }

    /// Whether nothing but the root was reached.
    pub(super) fn is_alone(&self) -> bool {
        self.joins.is_empty()
    }

    fn at(dialect: Dialect, organization: Uuid, schema: &'a Schema, depth: usize, reads: Reads) -> Self {
        note(&reads, &schema.name);
        Self { dialect, organization, schema, depth, alias: format!("t{depth}"), joins: Vec::new(), reads }
    }

    /// A scope for a subquery within this one.
    pub(super) fn inner<'b>(&self, schema: &'b Schema) -> Scope<'b> {
        Scope::at(self.dialect, self.organization, schema, self.depth + 1, Arc::clone(&self.reads))
    }

    /// The collections whose records the statement reads so far.
    pub(super) fn reads(&self) -> Vec<CollectionName> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// The organization whose records it is about.
    pub(super) fn organization(&self) -> OrganizationId {
        OrganizationId(Id::from_bytes(*self.organization.as_bytes()))
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
    pub(super) fn stands(&self, archived: bool) -> Expr {
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
        for (index, next) in &path.hops {
            hops.push(*index);
            let known = self.joins.iter().find(|join| join.hops == hops).map(|join| join.alias.clone());
            alias = match known {
                Some(known) => known,
                None => self.join(&hops, next, (alias, schema.fields[*index].name.as_str().to_owned()))?,
            };
            schema = next;
        }
        Ok(alias)
    }

    fn join(&mut self, hops: &[usize], to: &Schema, from: (String, String)) -> Result<String, StoreError> {
        if self.joins.len() == MAX_JOINS {
            return Err(StoreError::TooLarge(format!("at most {MAX_JOINS} references can be followed at once")));
        }
        note(&self.reads, &to.name);
        let alias = format!("{}j{}", self.alias, self.joins.len());
        self.joins.push(Join { hops: hops.to_vec(), table: layout::table(&to.name), alias: alias.clone(), from });
        Ok(alias)
    }

    /// The first column of the field in which a path ends.
    pub(super) fn column(&mut self, path: &BoundPath) -> Result<Expr, StoreError> {
        let alias = self.reach(path)?;
        Ok(col(&alias, &path.first_column()))
    }

    /// A further column of the field in which a path ends, named by `of`.
    pub(super) fn column_of(&mut self, path: &BoundPath, of: fn(&str) -> String) -> Result<Expr, StoreError> {
        let alias = self.reach(path)?;
        Ok(col(&alias, &of(path.name())))
    }

    /// Has a statement read the root's table and all that were reached. Whatever reaches must be built before.
    pub(super) fn read_from(&self, select: &mut SelectStatement) {
        select.from_as(layout::table(&self.schema.name), self.alias.clone());
        for join in &self.joins {
            let found = self
                .within_organization(&join.alias)
                .and(col(&join.alias, layout::ID).eq(col(&join.from.0, &join.from.1)));
            select.join_as(JoinType::LeftJoin, join.table.clone(), join.alias.clone(), found);
        }
    }
}

fn note(reads: &Reads, collection: &CollectionName) {
    let mut reads = reads.lock().unwrap_or_else(PoisonError::into_inner);
    if !reads.contains(collection) {
        reads.insert(collection.clone());
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
