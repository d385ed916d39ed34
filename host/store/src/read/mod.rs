//! Reads: the query tree in SQL, one statement a question, on both databases. The organization comes from the
//! [`Access`] and stands in every condition, of the table in question and of each that its paths lead to; so do the
//! access rules of the caller whose it is.
//!
//! | module | holds |
//! |---|---|
//! | [`scope`] | tables and the joins of paths |
//! | [`predicate`] | predicates |
//! | [`order`] | sorts, and where a page begins |
//! | [`listing`] | pages |
//! | [`summary`], [`bucket`] | summaries, and the periods that they group dates by |
//!
//! What the tree leaves open is settled in [`lignaflow_core::memory`], against which all of it is tested.

mod bucket;
mod listing;
mod order;
mod predicate;
mod scope;
mod summary;

use crate::Store;
use crate::cache::{Answer, Question};
use crate::database::{Dialect, Statement, build};
use crate::error::StoreError;
use crate::layout;
use lignaflow_core::Id;
use lignaflow_core::bound::{BoundPredicate, BoundSelection, BoundSummary};
use lignaflow_core::caller::Access;
use lignaflow_core::catalog::Schema;
use lignaflow_core::clock::Micros;
use lignaflow_core::query::Page;
use lignaflow_core::record::Record;
use listing::Listing;
use scope::Scope;
use sea_query::{Expr, ExprTrait, Func, Order, SelectStatement};
use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;
use summary::{Summing, Sums};

/// Values of one statement at most: SQLite takes 32,766, PostgreSQL 65,535.
const MAX_VALUES: usize = 32_000;

impl Store {
    /// The records with these ids, archived ones too, in any order. Those that are not there, or may not be read, are
    /// left out.
    pub async fn records(
        &self,
        access: Access<'_>,
        schema: &Arc<Schema>,
        ids: &[Id],
    ) -> Result<Vec<Record>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(MAX_VALUES / 2) {
            let mut scope = Scope::new(self.dialect(), access, schema);
            let mut select = SelectStatement::new();
            scope.whole(&mut select)?;
            scope.seat(&mut select, true)?;
            select.and_where(among(&scope, ids));
            scope.read_from(&mut select);
            for row in self.database().all(&select).await? {
                found.push(layout::shown_record(&row, 0, schema)?);
            }
        }
        Ok(found)
    }

    /// Records from behind an id on, archived ones too, in the order of their ids, at most so many.
    pub async fn records_after(
        &self,
        access: Access<'_>,
        schema: &Arc<Schema>,
        after: Option<Id>,
        limit: u16,
    ) -> Result<Vec<Record>, StoreError> {
        let mut scope = Scope::new(self.dialect(), access, schema);
        let mut select = SelectStatement::new();
        scope.whole(&mut select)?;
        scope.seat(&mut select, true)?;
        if let Some(after) = after {
            select.and_where(scope.own(layout::ID).gt(after.uuid()));
        }
        select.order_by_expr(scope.own(layout::ID), Order::Asc).limit(u64::from(limit));
        scope.read_from(&mut select);
        let rows = self.database().all(&select).await?;
        rows.iter().map(|row| layout::shown_record(row, 0, schema)).collect()
    }

    /// One record, archived or not.
    pub async fn get(&self, access: Access<'_>, schema: &Arc<Schema>, id: Id) -> Result<Option<Record>, StoreError> {
        Ok(self.records(access, schema, &[id]).await?.pop())
    }

    /// Records whose reference leads to one of these, at most so many: those that are not archived, or those that were
    /// archived at one of these times.
    pub async fn referring(
        &self,
        access: Access<'_>,
        schema: &Arc<Schema>,
        field: &str,
        ids: &[Id],
        archived_at: Option<&[Micros]>,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let mut found = Vec::new();
        for ids in ids.chunks(MAX_VALUES / 4) {
            let mut scope = Scope::new(self.dialect(), access, schema);
            let mut select = SelectStatement::new();
            scope.whole(&mut select)?;
            scope.seat(&mut select, archived_at.is_some())?;
            select.and_where(scope.own(field).is_in(ids.iter().map(|id| id.uuid())));
            if let Some(times) = archived_at {
                select.and_where(scope.own(layout::ARCHIVED_AT).is_in(times.iter().copied()));
            }
            select.order_by_expr(scope.own(layout::ID), Order::Asc);
            select.limit(u64::try_from(limit.saturating_sub(found.len())).unwrap_or(u64::MAX));
            scope.read_from(&mut select);
            let statement = crate::database::build(self.dialect(), &select).once();
            for row in self.database().fetch_all(statement).await? {
                found.push(layout::shown_record(&row, 0, schema)?);
            }
        }
        Ok(found)
    }

    /// One page. Its columns are named as the paths were written.
    pub async fn find(&self, access: Access<'_>, selection: &BoundSelection) -> Result<Page, StoreError> {
        let (statement, listing) = Listing::new(self.dialect(), access, selection)?;
        let statement = self.planned_for(statement, &selection.filter);
        let question = || Question {
            organization: access.organization(),
            // Paths that are selected twice, or written otherwise, stand once in the statement.
            key: key(&statement, (selection.fingerprint, columns(selection))),
            reads: listing.reads.clone(),
        };
        let read = async {
            let rows = self.database().fetch_all(statement.clone()).await?;
            listing.page(selection, &rows).map(Answer::Page)
        };
        // Whoever reads on, or reads everything page by page, does not come back to one of them.
        if selection.after.is_some() {
            return page_of(read.await?);
        }
        page_of(self.answer(question, read).await?)
    }

    /// A search is planned for its words: whether they are rare decides if the index of words or that of the order is
    /// read, and a plan that PostgreSQL keeps prepared knows no words.
    fn planned_for(&self, statement: Statement, filter: &BoundPredicate) -> Statement {
        if self.dialect() == Dialect::Postgres && filter.searches() { statement.once() } else { statement }
    }

    /// How many records match, whatever the page.
    pub async fn count(&self, access: Access<'_>, selection: &BoundSelection) -> Result<u64, StoreError> {
        let mut scope = Scope::new(self.dialect(), access, &selection.schema);
        let mut select = SelectStatement::new();
        select.expr(Func::count(scope.own(layout::ID)));
        scope.seat(&mut select, selection.archived)?;
        listing::restrict(&mut select, &mut scope, &selection.filter)?;
        scope.read_from(&mut select);
        let statement = self.planned_for(listing::first_of(self.dialect(), &[select], 1)?, &selection.filter);
        let question =
            || Question { organization: access.organization(), key: key(&statement, "count"), reads: scope.reads() };
        let read = async {
            let count = self.database().fetch_one(statement.clone()).await?.i64(0)?;
            Ok(Answer::Count(u64::try_from(count).unwrap_or_default()))
        };
        count_of(&self.answer(question, read).await?)
    }

    /// How many records match, and no more than this many. What it costs is bounded as well.
    pub async fn count_up_to(
        &self,
        access: Access<'_>,
        selection: &BoundSelection,
        most: u32,
    ) -> Result<u64, StoreError> {
        let mut scope = Scope::new(self.dialect(), access, &selection.schema);
        let mut select = SelectStatement::new();
        select.expr(Expr::cust("1"));
        scope.seat(&mut select, selection.archived)?;
        listing::restrict(&mut select, &mut scope, &selection.filter)?;
        scope.read_from(&mut select);
        let first = listing::first_of(self.dialect(), &[select], most)?;
        let sql = format!("select count(*) from ({}) as f", first.sql());
        let statement = Statement::composed(sql, first.values().to_vec());
        let question =
            || Question { organization: access.organization(), key: key(&statement, "count"), reads: scope.reads() };
        let read = async {
            let count = self.database().fetch_one(statement.clone()).await?.i64(0)?;
            Ok(Answer::Count(u64::try_from(count).unwrap_or_default()))
        };
        count_of(&self.answer(question, read).await?)
    }

    /// One row a group: groups by their paths, then currencies where sums of money are taken, then metrics by their
    /// labels. Without any group there is always one row.
    pub async fn summarize(&self, access: Access<'_>, summary: &BoundSummary) -> Result<Page, StoreError> {
        let (statement, summing) = Summing::new(self.dialect(), access, summary, Sums::Whole)?;
        let statement = self.planned_for(statement, &summary.filter);
        let question = || Question {
            organization: access.organization(),
            // Where the host sorts and cuts off, the statement does not say how.
            key: key(&statement, (summary.labels(), &summary.sort, summary.limit, summary.fingerprint)),
            reads: summing.reads.clone(),
        };
        let read = async {
            match self.database().fetch_all(statement.clone()).await {
                // A sum of SQLite overflowed, on its way or in its end.
                Err(StoreError::TooLarge(_)) if self.dialect() == Dialect::Sqlite => {
                    let (statement, summing) = Summing::new(self.dialect(), access, summary, Sums::Halves)?;
                    let rows = self.database().fetch_all(statement).await?;
                    summing.page(summary, &rows).map(Answer::Page)
                }
                rows => summing.page(summary, &rows?).map(Answer::Page),
            }
        };
        // Whoever reads on does not come back to one of the pages.
        if summary.after.is_some() {
            return page_of(read.await?);
        }
        page_of(self.answer(question, read).await?)
    }

    /// Which of these ids are there and not archived.
    pub async fn live(&self, access: Access<'_>, schema: &Arc<Schema>, ids: &[Id]) -> Result<HashSet<Id>, StoreError> {
        self.those(access, schema, ids, &BoundPredicate::always(), false).await
    }

    /// Of which of these records, archived ones too, a rule holds, whoever may read what it looks at. Those that may not
    /// be read themselves are left out.
    pub async fn holding(
        &self,
        access: Access<'_>,
        schema: &Arc<Schema>,
        ids: &[Id],
        rule: &BoundPredicate,
    ) -> Result<HashSet<Id>, StoreError> {
        self.those(access, schema, ids, rule, true).await
    }

    async fn those(
        &self,
        access: Access<'_>,
        schema: &Arc<Schema>,
        ids: &[Id],
        rule: &BoundPredicate,
        archived: bool,
    ) -> Result<HashSet<Id>, StoreError> {
        let mut found = HashSet::with_capacity(ids.len());
        for ids in ids.chunks(MAX_VALUES / 2) {
            let statement = build(self.dialect(), &holding(self.dialect(), access, schema, ids, rule, archived)?);
            for row in self.database().fetch_all(statement).await? {
                found.insert(row.id(0)?);
            }
        }
        Ok(found)
    }
}

/// What a kept answer is found by: the statement with its values, and what it does not say.
fn key(statement: &Statement, beside: impl Debug) -> String {
    format!("{} {:?} {beside:?}", statement.sql(), statement.values())
}

fn columns(selection: &BoundSelection) -> Vec<&str> {
    selection.columns.iter().map(|path| path.text.as_str()).collect()
}

fn page_of(answer: Answer) -> Result<Page, StoreError> {
    match answer {
        Answer::Page(page) => Ok(page),
        Answer::Count(_) => Err(mixed_up()),
    }
}

fn count_of(answer: &Answer) -> Result<u64, StoreError> {
    match answer {
        Answer::Count(count) => Ok(*count),
        Answer::Page(_) => Err(mixed_up()),
    }
}

fn mixed_up() -> StoreError {
    StoreError::Broken("a kept answer is one of another question".to_owned())
}

/// A statement that answers those of some ids whose record a rule holds of. Rights are asked so inside a transaction.
pub(crate) fn holding(
    dialect: Dialect,
    access: Access<'_>,
    schema: &Schema,
    ids: &[Id],
    rule: &BoundPredicate,
    archived: bool,
) -> Result<SelectStatement, StoreError> {
    let mut scope = Scope::new(dialect, access, schema);
    let mut select = SelectStatement::new();
    select.expr(scope.own(layout::ID));
    scope.seat(&mut select, archived)?;
    select.and_where(among(&scope, ids));
    scope.freely(|scope| listing::restrict(&mut select, scope, rule))?;
    scope.read_from(&mut select);
    Ok(select)
}

fn among(scope: &Scope<'_>, ids: &[Id]) -> Expr {
    match ids {
        [id] => scope.own(layout::ID).eq(id.uuid()),
        ids => scope.own(layout::ID).is_in(predicate::padded(ids).iter().map(|id| id.uuid())),
    }
}

/// What a predicate that follows no reference says of a table's own columns, as the definition of an index takes it.
pub(crate) fn condition(dialect: Dialect, schema: &Schema, filter: &BoundPredicate) -> Result<Expr, StoreError> {
    let mut scope = Scope::of_table(dialect, schema);
    let expr = scope.predicate(filter)?;
    if scope.is_alone() { Ok(expr) } else { Err(StoreError::Broken("a condition looks at other records".to_owned())) }
}

/// A statement of one row and one column: whether any record matches. Guards are asked so inside a transaction.
pub(crate) fn any(
    dialect: Dialect,
    access: Access<'_>,
    schema: &Schema,
    filter: &BoundPredicate,
    archived: bool,
) -> Result<Statement, StoreError> {
    let mut scope = Scope::new(dialect, access, schema);
    let mut select = SelectStatement::new();
    select.expr(Expr::cust("1"));
    scope.seat(&mut select, archived)?;
    listing::restrict(&mut select, &mut scope, filter)?;
    scope.read_from(&mut select);
    let mut any = SelectStatement::new();
    any.expr(Expr::exists(select));
    listing::first_of(dialect, &[any], 1)
}

#[cfg(test)]
mod tests;
