//! Summaries: the groups in one statement, sorted and cut off by the one around it, which begins after the last row of
//! the page before.

use super::order::{self, After, Part, SortColumn};
use super::predicate::{place, rank};
use super::scope::{Scope, col};
use super::{bucket, listing};
use crate::database::{Dialect, Row, Statement};
use crate::error::StoreError;
use crate::layout;
use lignaflow_core::bound::{BoundMetric, BoundPath, BoundPredicate, BoundSummary, SummaryColumn};
use lignaflow_core::caller::Access;
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::memory::{SumTooLarge, Unit};
use lignaflow_core::name::CollectionName;
use lignaflow_core::query::{MetricKind, Page};
use lignaflow_core::{Currency, Value};
use sea_query::{Condition, Expr, ExprTrait, Func, FunctionCall, SelectStatement, Value as Sql};

/// Groups that are fetched at most where the host sorts them.
const MAX_GROUPS: u32 = 100_000;
/// The groups, in the statement around them.
const GROUPS: &str = "s";

/// How sums are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sums {
    /// By the database. PostgreSQL's do not overflow; a statement of SQLite fails where one does.
    Whole,
    /// Of the upper and the lower 32 bits, put together here.
    Halves,
}

/// How a column of the page is read from a row.
enum Cell {
    Value { offset: usize, kind: FieldKind, scale: u8 },
    Currency { offset: usize },
    Count { offset: usize },
    Sum { offset: usize, unit: Measured },
    Average { offset: usize, count: usize, unit: Measured },
}

/// The unit of a sum: of money, with the place of its group's currency in the row.
struct Measured {
    unit: Unit,
    currency: Option<usize>,
}

/// How to read what a summary's statement answers.
pub(super) struct Summing {
    /// The collections that it reads.
    pub(super) reads: Vec<CollectionName>,
    cells: Vec<Cell>,
    dialect: Dialect,
    sums: Sums,
    /// Whether the host sorts: averages are divided here, and halves put together.
    hosted: bool,
}

impl Summing {
    /// A summary's statement, and how to read what it answers.
    pub(super) fn new(
        dialect: Dialect,
        access: Access<'_>,
        summary: &BoundSummary,
        sums: Sums,
    ) -> Result<(Statement, Self), StoreError> {
        let mut build = Build {
            scope: Scope::new(dialect, access, &summary.schema),
            inner: SelectStatement::new(),
            outer: SelectStatement::new(),
            width: 0,
            grouped: 0,
            cells: Vec::new(),
            currencies: Vec::new(),
            sums,
        };
        build.scope.seat(&mut build.inner, summary.archived)?;
        listing::restrict(&mut build.inner, &mut build.scope, &summary.filter)?;
        build.groups(summary)?;
        for (index, metric) in summary.metrics.iter().enumerate() {
            build.metric(index, metric)?;
        }
        let Build { scope, mut inner, mut outer, grouped, cells, .. } = build;
        scope.read_from(&mut inner);
        inner.add_group_by((1..=grouped).map(|position| Expr::cust(position.to_string())));
        outer.from_subquery(inner, GROUPS);
        let by_average = |(column, _): &(SummaryColumn, bool)| match column {
            SummaryColumn::Metric(index) => summary.metrics[*index].kind == MetricKind::Average,
            SummaryColumn::Group(_) => false,
        };
        let hosted = sums == Sums::Halves || summary.sort.iter().any(by_average);
        let rows = if hosted {
            MAX_GROUPS + 1
        } else {
            order::apply(&mut outer, &sort(dialect, summary)?, Part::Whole);
            // One more tells whether there is a next page.
            u32::from(summary.limit) + 1
        };
        let statement = listing::first_of(dialect, &[outer], rows)?;
        Ok((statement, Self { reads: scope.reads(), cells, dialect, sums, hosted }))
    }

    pub(super) fn page(&self, summary: &BoundSummary, rows: &[Row]) -> Result<Page, StoreError> {
        if self.hosted && rows.len() > MAX_GROUPS as usize {
            let message = format!("a summary of more than {MAX_GROUPS} groups cannot be sorted so: narrow the filter");
            return Err(StoreError::TooLarge(message));
        }
        let columns = summary.labels();
        let read = |row| self.cells.iter().zip(&columns).map(|(cell, label)| self.read(cell, label, row)).collect();
        let rows: Vec<Vec<Value>> = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(if self.hosted { summary.page(rows) } else { summary.cut(rows) })
    }

    fn read(&self, cell: &Cell, label: &str, row: &Row) -> Result<Value, StoreError> {
        Ok(match cell {
            Cell::Value { offset, kind, scale } => layout::decode_or_null(row, *offset, *kind, *scale, label),
            Cell::Currency { offset } => row.opt_text(*offset)?.map_or(Value::Null, Value::Text),
            Cell::Count { offset } => Value::Integer(row.i64(*offset)?),
            Cell::Sum { offset, unit } => {
                let too_large = || StoreError::TooLarge(SumTooLarge { label: label.to_owned() }.to_string());
                unit.read(row)?.sum(self.sum(row, *offset)?).ok_or_else(too_large)?
            }
            Cell::Average { offset, count, unit } => {
                let count = u64::try_from(row.i64(*count)?).unwrap_or_default();
                unit.read(row)?.average(self.sum(row, *offset)?, count)
            }
        })
    }

    fn sum(&self, row: &Row, offset: usize) -> Result<i128, StoreError> {
        Ok(match (self.sums, self.dialect) {
            (Sums::Halves, _) => (i128::from(row.i64(offset)?) << 32) + i128::from(row.i64(offset + 1)?),
            (Sums::Whole, Dialect::Sqlite) => i128::from(row.i64(offset)?),
            (Sums::Whole, Dialect::Postgres) => {
                let digits = row.text(offset)?;
                digits.parse().map_err(|_| StoreError::Broken(format!("`{digits}` is not a sum")))?
            }
        })
    }
}

impl Measured {
    fn read(&self, row: &Row) -> Result<Unit, StoreError> {
        let Some(offset) = self.currency else { return Ok(self.unit) };
        let currency: Option<Currency> = row.opt_text(offset)?.and_then(|text| text.parse().ok());
        Ok(Unit::Money(currency))
    }
}

/// Both statements in the making. The inner one's columns are named by what they are and their place: `g0` a group, `f0`
/// its folded text, `u0` a currency, `m0` a measure, `n0` the count or `l0` the lower half that goes with it.
struct Build<'a> {
    scope: Scope<'a>,
    inner: SelectStatement,
    outer: SelectStatement,
    /// Columns of the outer statement, and those of the inner by which it groups.
    width: usize,
    grouped: usize,
    cells: Vec<Cell>,
    /// The money that groups by currency, and where that stands in a row.
    currencies: Vec<(&'a BoundPath, usize)>,
    sums: Sums,
}

impl<'a> Build<'a> {
    fn tell(&mut self, expr: Expr) -> usize {
        self.outer.expr(expr);
        self.width += 1;
        self.width - 1
    }

    fn groups(&mut self, summary: &'a BoundSummary) -> Result<(), StoreError> {
        for (index, group) in summary.groups.iter().enumerate() {
            let (path, kind) = (&group.path, group.kind());
            let column = self.scope.column(path)?;
            let day = group.zone.as_ref().map_or_else(|| column.clone(), |zone| bucket::day(&column, zone));
            self.group(bucket::start(&day, group.bucket, summary.calendar), format!("g{index}"));
            if kind == FieldKind::Text {
                let folded = self.scope.column_of(path, layout::fold_column)?;
                self.group(folded, format!("f{index}"));
            }
            let offset = self.tell(col(GROUPS, &format!("g{index}")));
            self.cells.push(Cell::Value { offset, kind, scale: path.scale() });
        }
        for (index, path) in summary.money_paths().into_iter().enumerate() {
            let currency = self.scope.column_of(path, layout::currency_column)?;
            self.group(currency, format!("u{index}"));
            let offset = self.tell(col(GROUPS, &format!("u{index}")));
            self.cells.push(Cell::Currency { offset });
            self.currencies.push((path, offset));
        }
        Ok(())
    }

    fn group(&mut self, expr: Expr, name: String) {
        self.inner.expr_as(expr, name);
        self.grouped += 1;
    }

    fn metric(&mut self, index: usize, metric: &BoundMetric) -> Result<(), StoreError> {
        let column = self.scope.column(&metric.path)?;
        let column = match metric.rounding {
            Some(rounding) => bucket::rounded(column, rounding),
            None => column,
        };
        let filter = match &metric.filter {
            BoundPredicate::All(children) if children.is_empty() => None,
            filter => Some(self.scope.predicate(filter)?),
        };
        let of = |call: FunctionCall| match &filter {
            Some(filter) => call.filter(Condition::all().add(filter.clone())),
            None => call,
        };
        let name = format!("m{index}");
        let cell = match metric.kind {
            MetricKind::Count | MetricKind::CountDistinct => {
                let distinct = metric.kind == MetricKind::CountDistinct;
                let count = if distinct { Func::count_distinct(column) } else { Func::count(column) };
                self.inner.expr_as(of(count), name.clone());
                Cell::Count { offset: self.tell(col(GROUPS, &name)) }
            }
            MetricKind::Minimum | MetricKind::Maximum => {
                let least = metric.kind == MetricKind::Minimum;
                self.inner.expr_as(of(if least { Func::min(column) } else { Func::max(column) }), name.clone());
                let offset = self.tell(col(GROUPS, &name));
                Cell::Value { offset, kind: metric.path.kind(), scale: metric.path.scale() }
            }
            MetricKind::Sum | MetricKind::Average => {
                let currency = self.currencies.iter().find(|(path, _)| path.is(&metric.path)).map(|(_, at)| *at);
                let unit = Measured { unit: Unit::of(&metric.path, None), currency };
                let count = of(Func::count(column.clone()));
                let offset = self.sum(index, column, of);
                if metric.kind == MetricKind::Sum {
                    Cell::Sum { offset, unit }
                } else {
                    self.inner.expr_as(count, format!("n{index}"));
                    Cell::Average { offset, count: self.tell(col(GROUPS, &format!("n{index}"))), unit }
                }
            }
        };
        self.cells.push(cell);
        Ok(())
    }

    /// The sum of nothing is zero.
    fn sum(&mut self, index: usize, column: Expr, of: impl Fn(FunctionCall) -> FunctionCall) -> usize {
        let zero = || Expr::Constant(0_i32.into());
        let total = |column: Expr| Func::coalesce([of(Func::sum(column)).into(), zero()]);
        let (name, lower) = (format!("m{index}"), format!("l{index}"));
        match (self.sums, self.scope.dialect) {
            (Sums::Halves, _) => {
                let bits = Expr::Constant(u32::MAX.into());
                self.inner.expr_as(total(column.clone().right_shift(Expr::Constant(32_i32.into()))), name.clone());
                self.inner.expr_as(total(column.bit_and(bits)), lower.clone());
                let offset = self.tell(col(GROUPS, &name));
                self.tell(col(GROUPS, &lower));
                offset
            }
            (Sums::Whole, Dialect::Sqlite) => {
                self.inner.expr_as(total(column), name.clone());
                self.tell(col(GROUPS, &name))
            }
            (Sums::Whole, Dialect::Postgres) => {
                self.inner.expr_as(total(column), name.clone());
                self.tell(col(GROUPS, &name).cast_as("text"))
            }
        }
    }
}

/// By what was asked for, then by the groups, each with what the row before the page has of it.
fn sort(dialect: Dialect, summary: &BoundSummary) -> Result<Vec<SortColumn>, StoreError> {
    let bytes = |name: &str| match dialect {
        Dialect::Sqlite => col(GROUPS, name),
        Dialect::Postgres => Expr::cust_with_expr("$1 COLLATE \"C\"", col(GROUPS, name)),
    };
    let money = summary.money_paths();
    let (first_currency, first_metric) = (summary.groups.len(), summary.groups.len() + money.len());
    let after = |index: usize| summary.after.as_ref().and_then(|row| row.get(index));
    let mut columns = Vec::new();
    let mut by =
        |expr: Expr, descending: bool, after: After| columns.push(SortColumn::computed(expr, descending, after));
    let text = |value: &Value| value.as_text().map(Sql::from);
    let currency = |at: usize| After::of(after(first_currency + at), |value| Ok(text(value)));
    let groups = (0..summary.groups.len()).map(|index| (SummaryColumn::Group(index), false));
    for (column, descending) in summary.sort.iter().copied().chain(groups) {
        match column {
            SummaryColumn::Group(index) => {
                let group = &summary.groups[index];
                let path = &group.path;
                let name = format!("g{index}");
                let value = after(index);
                match group.kind() {
                    FieldKind::Text => {
                        let folded =
                            After::of(value, |value| Ok(value.as_text().map(|text| Sql::from(path.folded(text)))))?;
                        by(col(GROUPS, &format!("f{index}")), descending, folded);
                    }
                    FieldKind::Choice => {
                        let place = After::of(value, |value| Ok(place(path, value).map(Sql::from)))?;
                        by(rank(path, &col(GROUPS, &name)), descending, place);
                    }
                    _ => {
                        let value = After::of(value, |value| of_kind(group.kind(), path.scale(), value))?;
                        by(col(GROUPS, &name), descending, value);
                        continue;
                    }
                }
                by(bytes(&name), descending, After::of(value, |value| Ok(text(value)))?);
            }
            SummaryColumn::Metric(index) => {
                let metric = &summary.metrics[index];
                let adds = matches!(metric.kind, MetricKind::Sum | MetricKind::Average);
                let at = money.iter().position(|known| known.is(&metric.path)).filter(|_| adds);
                if let Some(at) = at {
                    by(bytes(&format!("u{at}")), descending, currency(at)?);
                }
                let value = After::of(after(first_metric + index), |value| measured(metric, value))?;
                by(col(GROUPS, &format!("m{index}")), descending, value);
            }
        }
    }
    for at in 0..money.len() {
        by(bytes(&format!("u{at}")), false, currency(at)?);
    }
    Ok(columns)
}

/// A value as a column of its kind holds it; nothing of null.
fn of_kind(kind: FieldKind, scale: u8, value: &Value) -> Result<Option<Sql>, StoreError> {
    match value {
        Value::Null => Ok(None),
        value => layout::scalar(kind, scale, value).map(Some),
    }
}

/// A measure as the groups have it. A sum is never null there: money without a currency, which is told as nothing, is
/// zero.
fn measured(metric: &BoundMetric, value: &Value) -> Result<Option<Sql>, StoreError> {
    Ok(match (metric.kind, value) {
        (MetricKind::Count | MetricKind::CountDistinct, value) => value.as_integer().map(Sql::from),
        (MetricKind::Sum, Value::Null) => Some(Sql::from(0_i64)),
        (MetricKind::Sum, Value::Money(money)) => Some(Sql::from(money.minor)),
        (MetricKind::Sum, Value::Decimal(decimal)) => {
            let units = i64::try_from(decimal.mantissa()).map_err(|_| mismatched(&metric.label))?;
            Some(Sql::from(units))
        }
        (_, value) => of_kind(metric.path.kind(), metric.path.scale(), value)?,
    })
}

fn mismatched(label: &str) -> StoreError {
    StoreError::TooLarge(format!("the page that begins after such a sum of `{label}` cannot be found"))
}
