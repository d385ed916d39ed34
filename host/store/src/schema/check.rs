//! Whether what a step takes for granted holds of the records that are there.

use super::SchemaConflict;
use super::plan::Check;
use crate::database::Tx;
use crate::error::StoreError;
use crate::layout;
use lignaflow_core::catalog::Schema;
use sea_query::{Alias, Expr, ExprTrait, Func, Query, SelectStatement};

/// What stands in the way, if anything does.
pub(super) async fn run(tx: &mut Tx, schema: &Schema, check: &Check) -> Result<Option<SchemaConflict>, StoreError> {
    let (field, statement) = match check {
        Check::Records { field } => (field, counting(schema)),
        Check::Values { field, column, .. } => {
            (field, counting(schema).and_where(Expr::col(column.clone()).is_not_null()).take())
        }
        Check::Longer { field, max } => {
            let length = Func::char_length(Expr::col(field.clone()));
            (field, counting(schema).and_where(Expr::expr(length).gt(*max)).take())
        }
        Check::Choices { field, gone } => {
            (field, counting(schema).and_where(Expr::col(field.clone()).is_in(gone.iter().cloned())).take())
        }
        Check::Nulls { field, column } => {
            (field, counting(schema).and_where(Expr::col(column.clone()).is_null()).take())
        }
        Check::Duplicates { fields, columns, condition } => (fields, duplicates(schema, columns, condition.as_ref())),
    };
    let count = tx.one(&statement).await?.i64(0)?;
    if count == 0 {
        return Ok(None);
    }
    let (records, hold, have) = match count {
        1 => ("1 record".to_owned(), "holds", "has"),
        _ => (format!("{count} records"), "hold", "have"),
    };
    let message = match check {
        Check::Records { .. } => {
            format!("the field is new and required, and {records} would have no value for it; give it a default")
        }
        Check::Values { change, .. } => format!("{change}, and what {records} {hold} in it would be lost"),
        Check::Longer { max, .. } => format!("at most {max} characters are to be kept, and {records} {hold} more"),
        Check::Choices { gone, .. } => {
            format!("{records} {hold} a choice that is no longer there: {}", gone.join(", "))
        }
        Check::Nulls { .. } => {
            format!("the field is required now, and {records} {have} no value for it; give it a default")
        }
        Check::Duplicates { .. } => {
            let sets = if count == 1 { "one set of records shares" } else { "several sets of records share" };
            format!("it is to be unique, and {sets} a value")
        }
    };
    Ok(Some(SchemaConflict { collection: schema.name.clone(), field: field.clone(), message }))
}

fn counting(schema: &Schema) -> SelectStatement {
    Query::select().expr(Func::count(Expr::col(layout::ID))).from(layout::table(&schema.name)).take()
}

fn duplicates(schema: &Schema, columns: &[String], condition: Option<&Expr>) -> SelectStatement {
    let mut shared = Query::select();
    shared
        .column(layout::ORGANIZATION)
        .from(layout::table(&schema.name))
        .and_where(Expr::col(layout::ARCHIVED_AT).is_null())
        .group_by_col(layout::ORGANIZATION)
        .and_having(Func::count(Expr::col(layout::ID)).gt(1));
    if let Some(condition) = condition {
        shared.and_where(condition.clone());
    }
    for column in columns {
        shared.and_where(Expr::col(column.clone()).is_not_null()).group_by_col(column.clone());
    }
    Query::select()
        .expr(Func::count(Expr::col(layout::ORGANIZATION)))
        .from_subquery(shared, Alias::new("shared"))
        .take()
}
