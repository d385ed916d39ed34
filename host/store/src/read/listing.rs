//! Pages of records: one statement each, whose rows are read straight into values.

use super::order::{self, Part};
use super::scope::{PathColumns, Scope, shown};
use crate::database::{Dialect, Row, Statement};
use crate::error::StoreError;
use crate::layout;
use lignaflow_core::Value;
use lignaflow_core::bound::{BoundPath, BoundPredicate, BoundSelection};
use lignaflow_core::caller::Access;
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::name::CollectionName;
use lignaflow_core::query::Page;
use sea_query::{PostgresQueryBuilder, QueryBuilder, SelectStatement, SqlWriterValues, SqliteQueryBuilder};
use std::fmt::Write;

/// Where a path's value stands in a row.
#[derive(Clone, Copy)]
struct Cell {
    offset: usize,
    kind: FieldKind,
    scale: u8,
}

impl Cell {
    fn read(self, row: &Row) -> Value {
        layout::decode_or_null(row, self.offset, self.kind, self.scale, "a path")
    }
}

/// What a statement selects, each path once.
#[derive(Default)]
struct Cells<'a> {
    known: Vec<(&'a BoundPath, Cell)>,
    width: usize,
}

impl<'a> Cells<'a> {
    fn of(
        &mut self,
        path: &'a BoundPath,
        scope: &mut Scope<'_>,
        select: &mut SelectStatement,
    ) -> Result<Cell, StoreError> {
        if let Some((_, cell)) = self.known.iter().find(|(known, _)| known.is(path)) {
            return Ok(*cell);
        }
        let alias = scope.reach(path)?;
        let lifts = scope.lifts_at(&alias, path)?;
        let cell = Cell { offset: self.width, kind: path.kind(), scale: path.scale() };
        for column in layout::read_columns(path.name(), path.kind()) {
            select.expr(shown(lifts.clone(), scope.at_path(&alias, path, &column)));
            self.width += 1;
        }
        self.known.push((path, cell));
        Ok(cell)
    }
}

/// How to read what a page's statement answers.
pub(super) struct Listing {
    /// The collections that it reads.
    pub(super) reads: Vec<CollectionName>,
    columns: Vec<Cell>,
    sort: Vec<Cell>,
}

/// Adds a filter to a statement, its parts side by side.
pub(super) fn restrict(
    select: &mut SelectStatement,
    scope: &mut Scope<'_>,
    filter: &BoundPredicate,
) -> Result<(), StoreError> {
    match filter {
        BoundPredicate::All(children) => {
            for child in children {
                select.and_where(scope.predicate(child)?);
            }
        }
        other => {
            select.and_where(scope.predicate(other)?);
        }
    }
    Ok(())
}

impl Listing {
    /// A page's statement, and how to read what it answers.
    pub(super) fn new(
        dialect: Dialect,
        access: Access<'_>,
        selection: &BoundSelection,
    ) -> Result<(Statement, Self), StoreError> {
        let mut scope = Scope::new(dialect, access, &selection.schema);
        let mut select = SelectStatement::new();
        scope.seat(&mut select, selection.archived)?;
        restrict(&mut select, &mut scope, &selection.filter)?;
        let mut cells = Cells::default();
        let mut cell = |path| cells.of(path, &mut scope, &mut select);
        let columns = selection.columns.iter().map(&mut cell).collect::<Result<_, _>>()?;
        let sort = selection.sort.iter().map(|key| cell(&key.path)).collect::<Result<_, _>>()?;
        let by = order::columns(&mut scope, &selection.sort, selection.after.as_deref())?;
        scope.read_from(&mut select);
        let mut parts = Vec::with_capacity(2);
        for part in order::parts(&by) {
            let mut select = if *part == Part::Present { select.clone() } else { select.take() };
            order::apply(&mut select, &by, *part);
            parts.push(select);
        }
        // One more tells whether there is a next page.
        let statement = first_of(dialect, &parts, u32::from(selection.limit) + 1)?;
        Ok((statement, Self { reads: scope.reads(), columns, sort }))
    }

    pub(super) fn page(&self, selection: &BoundSelection, rows: &[Row]) -> Result<Page, StoreError> {
        let limit = usize::from(selection.limit);
        let shown = &rows[..rows.len().min(limit)];
        let next = match shown.last() {
            Some(last) if rows.len() > limit => {
                // Where the next page begins is not guessed: from nothing it would leave rows out.
                let exact = |cell: &Cell| layout::decode_kind(last, cell.offset, cell.kind, cell.scale);
                let values: Vec<Value> = self.sort.iter().map(exact).collect::<Result<_, _>>()?;
                Some(lignaflow_core::cursor::encode(selection.fingerprint, &values))
            }
            _ => None,
        };
        let mut read = Vec::with_capacity(shown.len());
        for row in shown {
            let mut values = Vec::with_capacity(self.columns.len());
            for cell in &self.columns {
                values.push(cell.read(row));
            }
            read.push(values);
        }
        Ok(Page { columns: selection.columns.iter().map(|path| path.text.clone()).collect(), rows: read, next })
    }
}

/// The first rows of statements that are read one after the other. How many is written out, not bound: of a bound limit
/// PostgreSQL's planner expects a tenth of all rows, and leaves the index aside.
pub(super) fn first_of(dialect: Dialect, parts: &[SelectStatement], rows: u32) -> Result<Statement, StoreError> {
    let written = match dialect {
        Dialect::Sqlite => write(&SqliteQueryBuilder, parts, rows),
        Dialect::Postgres => write(&PostgresQueryBuilder, parts, rows),
    };
    let (sql, values) = written.map_err(|_| StoreError::Broken("a statement could not be written".to_owned()))?;
    if values.0.len() > super::MAX_VALUES {
        return Err(StoreError::TooLarge(format!("a query holds at most {} values", super::MAX_VALUES)));
    }
    Ok(Statement::composed(sql, values.0))
}

fn write(
    builder: &impl QueryBuilder,
    parts: &[SelectStatement],
    rows: u32,
) -> Result<(String, sea_query::Values), std::fmt::Error> {
    let (placeholder, numbered) = builder.placeholder();
    let mut sql = SqlWriterValues::new(placeholder, numbered);
    match parts {
        [only] => builder.prepare_select_statement(only, &mut sql),
        several => {
            for (index, part) in several.iter().enumerate() {
                sql.write_str(if index == 0 { "SELECT * FROM (" } else { " UNION ALL SELECT * FROM (" })?;
                builder.prepare_select_statement(part, &mut sql);
                write!(sql, " LIMIT {rows}) AS \"p{index}\"")?;
            }
        }
    }
    write!(sql, " LIMIT {rows}")?;
    Ok(sql.into_parts())
}
