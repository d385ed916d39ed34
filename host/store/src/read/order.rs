//! Sorts, and where in them a page begins. A sort is written so that the database can read it off an index and begin at
//! the cursor, whatever comes before.

use super::predicate::{place, rank};
use super::scope::Scope;
use crate::error::StoreError;
use crate::layout;
use lignaflow_core::bound::{BoundPath, BoundSort, Column};
use lignaflow_core::catalog::SystemField;
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::{Money, Value};
use sea_query::{Expr, ExprTrait, NullOrdering, Order, SelectStatement, Value as Sql};

/// One column of a sort. A key has one, or of money two.
#[derive(Clone)]
pub(super) struct SortColumn {
    expr: Expr,
    descending: bool,
    nullable: bool,
    /// Whether it is a column of the root, which an index may have.
    own: bool,
    after: After,
}

/// What the last row before the page has in a column.
#[derive(Clone)]
pub(super) enum After {
    /// There is no such row: the page is the first.
    Start,
    Nothing,
    Value(Sql),
}

impl From<Option<Sql>> for After {
    fn from(value: Option<Sql>) -> Self {
        value.map_or(Self::Nothing, Self::Value)
    }
}

impl After {
    /// What a value of the last row is in SQL, where there is such a row.
    pub(super) fn of(
        value: Option<&Value>,
        sql: impl FnOnce(&Value) -> Result<Option<Sql>, StoreError>,
    ) -> Result<Self, StoreError> {
        value.map_or(Ok(Self::Start), |value| sql(value).map(Self::from))
    }
}

/// The part of a sort that one statement reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// Where the first column is not null, or is.
    Present,
    Absent,
}

/// What each key is sorted by, and the cursor's values of it.
pub(super) fn columns(
    scope: &mut Scope<'_>,
    sort: &[BoundSort],
    after: Option<&[Value]>,
) -> Result<Vec<SortColumn>, StoreError> {
    let mut columns = Vec::with_capacity(sort.len() + 1);
    for (index, key) in sort.iter().enumerate() {
        let path = &key.path;
        let value = after.and_then(|values| values.get(index));
        let after =
            |of: fn(&BoundPath, &Value) -> Result<Option<Sql>, StoreError>| After::of(value, |value| of(path, value));
        let mut column = |expr: Expr, plain: bool, after: After| {
            columns.push(SortColumn {
                expr,
                descending: key.descending,
                nullable: !is_system(path),
                own: plain && path.hops.is_empty() && path.field().is_none_or(|field| field.custom.is_none()),
                after,
            });
        };
        match path.kind() {
            FieldKind::Text => {
                let folded = after(|path, value| Ok(value.as_text().map(|text| Sql::from(path.folded(text)))))?;
                column(scope.column_of(path, layout::fold_column)?, true, folded);
            }
            FieldKind::Choice => {
                let place = after(|path, value| Ok(place(path, value).map(Sql::from)))?;
                column(rank(path, &scope.column(path)?), false, place);
            }
            FieldKind::Money => {
                let currency = after(|_, value| Ok(money(value).map(|money| Sql::from(money.currency.as_str()))))?;
                let minor = after(|_, value| Ok(money(value).map(|money| Sql::from(money.minor))))?;
                column(scope.column_of(path, layout::currency_column)?, false, currency);
                column(scope.column(path)?, false, minor);
            }
            _ => {
                let plain = after(|path, value| match value {
                    Value::Null => Ok(None),
                    value => layout::scalar(path.kind(), path.scale(), value).map(Some),
                })?;
                column(scope.column(path)?, true, plain);
            }
        }
    }
    Ok(columns)
}

/// Whether a path ends in a field of the root that is never null.
fn is_system(path: &BoundPath) -> bool {
    let never_null = [SystemField::Id, SystemField::Version, SystemField::CreatedAt, SystemField::UpdatedAt];
    path.hops.is_empty() && matches!(path.column, Column::System(field) if never_null.contains(&field))
}

fn money(value: &Value) -> Option<Money> {
    match value {
        Value::Money(money) => Some(*money),
        _ => None,
    }
}

/// The parts to be read one after the other. An index holds nulls at one end, and which end depends on the database and
/// the direction; where they are to come last all the same, what is there and what is not are read apart, each off the
/// index.
pub(super) fn parts(columns: &[SortColumn]) -> &'static [Part] {
    match columns.first() {
        Some(SortColumn { after: After::Nothing, .. }) => &[Part::Absent],
        Some(SortColumn { own: true, nullable: true, descending, after, .. })
            if *descending || !matches!(after, After::Start) =>
        {
            &[Part::Present, Part::Absent]
        }
        _ => &[Part::Whole],
    }
}

/// Sorts a statement that reads one part, and has it begin after the cursor.
pub(super) fn apply(select: &mut SelectStatement, columns: &[SortColumn], part: Part) {
    let mut columns = columns.to_vec();
    match (part, columns.first_mut()) {
        (Part::Whole, _) | (_, None) => {}
        (Part::Present, Some(first)) => {
            select.and_where(first.expr.clone().is_not_null());
            first.nullable = false;
        }
        (Part::Absent, Some(_)) => {
            let first = columns.remove(0);
            select.and_where(first.expr.is_null());
            // A cursor among what is present lies before all of this.
            if !matches!(first.after, After::Nothing) {
                for column in &mut columns {
                    column.after = After::Start;
                }
            }
        }
    }
    if let Some(begin) = after(&columns) {
        select.and_where(begin);
    }
    for column in columns {
        let direction = if column.descending { Order::Desc } else { Order::Asc };
        if column.nullable {
            select.order_by_expr_with_nulls(column.expr, direction, NullOrdering::Last);
        } else {
            select.order_by_expr(column.expr, direction);
        }
    }
}

impl SortColumn {
    /// Of what no index has, and that may be null.
    pub(super) fn computed(expr: Expr, descending: bool, after: After) -> Self {
        Self { expr, descending, nullable: true, own: false, after }
    }

    /// Lies strictly behind a value, nothing not counted.
    fn behind(&self, value: Sql) -> Expr {
        if self.descending { self.expr.clone().lt(value) } else { self.expr.clone().gt(value) }
    }

    /// The cursor's value, where there is one.
    fn value(&self) -> Option<Sql> {
        match &self.after {
            After::Value(value) => Some(value.clone()),
            After::Start | After::Nothing => None,
        }
    }
}

/// That a row comes after the cursor. `None` without a cursor.
fn after(columns: &[SortColumn]) -> Option<Expr> {
    let first = columns.first()?;
    let alike = |column: &SortColumn| {
        !column.nullable && column.descending == first.descending && matches!(column.after, After::Value(_))
    };
    if columns.len() > 1 && columns.iter().all(alike) {
        let left = Expr::tuple(columns.iter().map(|column| column.expr.clone()));
        let right = Expr::tuple(columns.iter().filter_map(SortColumn::value).map(Expr::val));
        return Some(if first.descending { left.lt(right) } else { left.gt(right) });
    }
    let mut begin: Option<Expr> = None;
    for column in columns.iter().rev() {
        begin = Some(match (&column.after, begin) {
            (After::Start, _) => return None,
            // After nothing there is only nothing.
            (After::Nothing, Some(begin)) => column.expr.clone().is_null().and(begin),
            (After::Nothing, None) => super::predicate::constant(false),
            (After::Value(value), begin) => {
                let mut behind = column.behind(value.clone());
                if column.nullable {
                    behind = behind.or(column.expr.clone().is_null());
                }
                match begin {
                    Some(begin) => behind.or(column.expr.clone().eq(value.clone()).and(begin)),
                    None => behind,
                }
            }
        });
    }
    // An index begins where the first column says; what it lets through is then looked at closely.
    if let (Some(value), false, true) = (first.value(), first.nullable, columns.len() > 1) {
        let bound = if first.descending { first.expr.clone().lte(value) } else { first.expr.clone().gte(value) };
        begin = begin.map(|begin| bound.and(begin));
    }
    begin
}
