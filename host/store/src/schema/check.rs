//! Whether what a step takes for granted holds of the records that are there: if not, of how many, and of which.

use super::SchemaConflict;
use super::plan::counting;
use crate::database::Tx;
use crate::error::StoreError;
use crate::layout;
use lignaflow_core::Id;
use lignaflow_core::catalog::Schema;
use sea_query::{Alias, Expr, ExprTrait, Func, Order, Query, SelectStatement, SimpleExpr};

/// Records that are named where something stands in the way.
const EXAMPLES: u64 = 5;

/// What no record may hold in a field, by the name that the field is to have.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) field: String,
    pub(super) hindrance: Hindrance,
}

/// What stands in the way. Columns are named as they stand.
#[derive(Debug)]
pub(super) enum Hindrance {
    /// Anything at all: a new field is required and has no default.
    Records,
    /// A value in this field, which changes as told.
    Values {
        column: String,
        change: String,
    },
    /// A text longer than the new bound.
    Longer {
        column: String,
        max: i64,
    },
    Shorter {
        column: String,
        min: i64,
    },
    /// `held` is the bound in the units that the column holds still.
    Above {
        column: String,
        max: i64,
        held: i64,
    },
    Below {
        column: String,
        min: i64,
        held: i64,
    },
    /// A number with more digits after the point than there are to be.
    Inexact {
        column: String,
        factor: i64,
        change: String,
    },
    /// A number that has too many digits once it has its new ones.
    Beyond {
        column: String,
        most: i64,
        change: String,
    },
    /// A choice that is gone.
    Choices {
        column: String,
        gone: Vec<String>,
    },
    /// Nothing where a value is required.
    Nulls {
        column: String,
    },
    /// The same as another of the organization, neither archived.
    Duplicates {
        columns: Vec<String>,
        condition: Option<Expr>,
    },
}

impl Hindrance {
    /// What is true of each record that stands in the way; nothing where all do.
    fn condition(&self) -> Option<SimpleExpr> {
        let col = |column: &String| Expr::col(column.clone());
        let length = |column: &String| Expr::expr(Func::char_length(Expr::col(column.clone())));
        Some(match self {
            Self::Records | Self::Duplicates { .. } => return None,
            Self::Values { column, .. } => col(column).is_not_null(),
            Self::Longer { column, max } => length(column).gt(*max),
            Self::Shorter { column, min } => length(column).lt(*min),
            Self::Above { column, held, .. } => col(column).gt(*held),
            Self::Below { column, held, .. } => col(column).lt(*held),
            Self::Inexact { column, factor, .. } => col(column).modulo(*factor).ne(0),
            Self::Beyond { column, most, .. } => col(column).gt(*most).or(col(column).lt(-*most)),
            Self::Choices { column, gone } => col(column).is_in(gone.iter().cloned()),
            Self::Nulls { column } => col(column).is_null(),
        })
    }

    fn told(&self, count: u64) -> String {
        let records = if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
        let (hold, have) = if count == 1 { ("holds", "has") } else { ("hold", "have") };
        match self {
            Self::Records => {
                format!("the field is new and required, and {records} would have no value for it; give it a default")
            }
            Self::Values { change, .. } => format!("{change}, and what {records} {hold} in it would be lost"),
            Self::Longer { max, .. } => format!("at most {max} characters are to be kept, and {records} {hold} more"),
            Self::Shorter { min, .. } => format!("at least {min} characters are wanted, and {records} {hold} fewer"),
            Self::Above { max, .. } => format!("at most {max} is to be kept, and {records} {hold} more"),
            Self::Below { min, .. } => format!("at least {min} is wanted, and {records} {hold} less"),
            Self::Inexact { change, .. } => format!("{change}, and digits that {records} {hold} would be lost"),
            Self::Beyond { change, .. } => {
                format!("{change}, and what {records} {hold} would have more than 18 digits in all")
            }
            Self::Choices { gone, .. } => {
                format!("{records} {hold} a choice that is no longer there: {}", gone.join(", "))
            }
            Self::Nulls { .. } => {
                format!("the field is required now, and {records} {have} no value for it; give it a default")
            }
            Self::Duplicates { .. } => {
                let sets = match count {
                    1 => "one set of records shares".to_owned(),
                    _ => format!("{count} sets of records share"),
                };
                format!("it is to be unique, and {sets} a value")
            }
        }
    }
}

/// What stands in the way, if anything does, of a collection that stands in this table.
pub(super) async fn run(
    tx: &mut Tx,
    schema: &Schema,
    table: &str,
    check: &Check,
) -> Result<Option<SchemaConflict>, StoreError> {
    let (count, examples) = match &check.hindrance {
        Hindrance::Duplicates { columns, condition } => {
            (shared(table, columns, condition.as_ref()), sharing(table, columns, condition.as_ref()))
        }
        other => (counting(table, other.condition()), ids(table, other.condition())),
    };
    let count = u64::try_from(tx.one(&count).await?.i64(0)?).unwrap_or_default();
    if count == 0 {
        return Ok(None);
    }
    let rows = tx.all(&examples).await?;
    let examples = rows.iter().map(|row| row.id(0)).collect::<Result<Vec<Id>, _>>()?;
    let message = check.hindrance.told(count);
    Ok(Some(SchemaConflict { records: count, examples, ..SchemaConflict::of(schema, &check.field, message) }))
}

fn ids(table: &str, condition: Option<SimpleExpr>) -> SelectStatement {
    let mut select = Query::select();
    select.column(layout::ID).from(table.to_owned()).order_by(layout::ID, Order::Asc).limit(EXAMPLES);
    if let Some(condition) = condition {
        select.and_where(condition);
    }
    select
}

fn sets(table: &str, columns: &[String], condition: Option<&Expr>) -> SelectStatement {
    let mut shared = Query::select();
    shared
        .column(layout::ORGANIZATION)
        .from(table.to_owned())
        .and_where(Expr::col(layout::ARCHIVED_AT).is_null())
        .group_by_col(layout::ORGANIZATION)
        .and_having(Func::count(Expr::col(layout::ID)).gt(1));
    if let Some(condition) = condition {
        shared.and_where(condition.clone());
    }
    for column in columns {
        shared.and_where(Expr::col(column.clone()).is_not_null()).group_by_col(column.clone());
    }
    shared
}

/// How many sets of records share a value.
fn shared(table: &str, columns: &[String], condition: Option<&Expr>) -> SelectStatement {
    Query::select()
        .expr(Func::count(Expr::col(layout::ORGANIZATION)))
        .from_subquery(sets(table, columns, condition), Alias::new("shared"))
        .take()
}

/// Records of those sets.
fn sharing(table: &str, columns: &[String], condition: Option<&Expr>) -> SelectStatement {
    let among = |select: &mut SelectStatement| {
        select.and_where(Expr::col(layout::ARCHIVED_AT).is_null());
        if let Some(condition) = condition {
            select.and_where(condition.clone());
        }
    };
    let key = || std::iter::once(layout::ORGANIZATION.to_owned()).chain(columns.iter().cloned());
    let mut shared = Query::select();
    shared.columns(key()).from(table.to_owned()).and_having(Func::count(Expr::col(layout::ID)).gt(1));
    among(&mut shared);
    for column in key() {
        shared.and_where(Expr::col(column.clone()).is_not_null()).group_by_col(column);
    }
    let mut select = Query::select();
    select.column(layout::ID).from(table.to_owned()).order_by(layout::ID, Order::Asc).limit(EXAMPLES);
    among(&mut select);
    select.and_where(Expr::tuple(key().map(Expr::col)).in_subquery(shared));
    select
}
