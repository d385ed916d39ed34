//! Fields that are calculated from the parts of a record: the parts are summed by the database, and the rest is
//! calculated by [`lignaflow_core::derive`], with every row of the commit in place and the whole's row locked.

use super::{MAX_VALUES, PREPARED};
use crate::database::{Dialect, Statement, Tx};
use crate::error::StoreError;
use crate::layout;
use lignaflow_core::catalog::Schema;
use lignaflow_core::derive::{Aggregate, Function, Trouble, derive_whole};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::mutation::Fields;
use lignaflow_core::name::CollectionName;
use lignaflow_core::record::Record;
use lignaflow_core::{Currency, Decimal, Id, Money, OrganizationId, Value};
use sea_query::{Expr, ExprTrait, Query};
use std::collections::HashMap;
use std::fmt::Write;

/// What the parts of a record come to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Calculated {
    pub(crate) id: Id,
    /// Every field that depends on parts.
    pub(crate) before: Fields,
    pub(crate) after: Fields,
    /// The first field that could not be calculated, by position; it is null in `after`.
    pub(crate) trouble: Option<(usize, Trouble)>,
}

/// Calculates these records, those of them that are there.
pub(crate) async fn calculate(
    tx: &mut Tx,
    organization: OrganizationId,
    schema: &Schema,
    ids: &[Id],
) -> Result<Vec<Calculated>, StoreError> {
    let mut calculated = Vec::with_capacity(ids.len());
    for ids in ids.chunks(MAX_VALUES / 2) {
        let parts = parts(tx, organization, schema, ids).await?;
        for record in records(tx, organization, schema, ids).await? {
            let mut fields = record.fields(schema);
            let mut values = Vec::with_capacity(schema.derived.aggregates.len());
            let mut trouble = None;
            for (index, aggregate) in schema.derived.aggregates.iter().enumerate() {
                match parts.get(&record.id).map(|found| found[index].clone()) {
                    Some(Ok(value)) => values.push(value),
                    None => values.push(nothing(aggregate)),
                    Some(Err(found)) => {
                        values.push(Value::Null);
                        trouble.get_or_insert(found);
                    }
                }
            }
            let troubles = derive_whole(schema, &mut fields, &values);
            let of_parts: Vec<usize> =
                schema.derived.derivations.iter().filter(|it| it.of_parts).map(|it| it.field).collect();
            let pick = |from: &dyn Fn(usize) -> Value| -> Fields {
                of_parts.iter().map(|index| (schema.fields[*index].name.as_str().to_owned(), from(*index))).collect()
            };
            let after = pick(&|index| fields.get(schema.fields[index].name.as_str()).cloned().unwrap_or(Value::Null));
            calculated.push(Calculated {
                id: record.id,
                before: pick(&|index| record.values[index].clone()),
                after,
                trouble: trouble
                    .and_then(|found| Some((*of_parts.first()?, found)))
                    .or_else(|| troubles.into_iter().next()),
            });
        }
    }
    Ok(calculated)
}

async fn records(
    tx: &mut Tx,
    organization: OrganizationId,
    schema: &Schema,
    ids: &[Id],
) -> Result<Vec<Record>, StoreError> {
    let select = Query::select()
        .exprs(layout::record_columns(tx.dialect(), schema))
        .from(layout::table(&schema.name))
        .and_where(Expr::col(layout::ORGANIZATION).eq(organization.0.uuid()))
        .and_where(Expr::col(layout::ID).is_in(ids.iter().map(|id| id.uuid())))
        .take();
    let statement = crate::database::build(tx.dialect(), &select);
    let statement = if ids.len() > PREPARED { statement.once() } else { statement };
    // A record with a value that cannot be read is mended by whoever writes it anew.
    tx.fetch_all(statement).await?.iter().map(|row| layout::shown_record(row, 0, schema)).collect()
}

type Sums = HashMap<Id, Vec<Result<Value, Trouble>>>;

/// The aggregates of each record that has parts, in the schema's order: one statement for each collection of parts.
async fn parts(tx: &mut Tx, organization: OrganizationId, schema: &Schema, ids: &[Id]) -> Result<Sums, StoreError> {
    let aggregates = &schema.derived.aggregates;
    let empty: Vec<Result<Value, Trouble>> = aggregates.iter().map(|aggregate| Ok(nothing(aggregate))).collect();
    let mut sums = Sums::new();
    let mut done: Vec<(&str, &str)> = Vec::new();
    for first in aggregates {
        let group = (first.collection.as_str(), first.via.as_str());
        if done.contains(&group) {
            continue;
        }
        done.push(group);
        let members: Vec<(usize, &Aggregate)> = aggregates
            .iter()
            .enumerate()
            .filter(|(_, it)| (it.collection.as_str(), it.via.as_str()) == group)
            .collect();
        let mut sql = format!("select \"{}\"", first.via);
        for (_, aggregate) in &members {
            let _ = write!(sql, ", {}", expressions(tx.dialect(), aggregate));
        }
        let collection = CollectionName::new(&schema.name.plugin, &first.collection);
        let mut values = vec![organization.0.uuid().into()];
        values.extend(ids.iter().map(|id| sea_query::Value::from(id.uuid())));
        let places: Vec<String> = (2..=values.len()).map(|place| format!("${place}")).collect();
        let _ = write!(
            sql,
            " from \"{}\" where organization = $1 and archived_at is null and \"{via}\" in ({}) group by \"{via}\"",
            layout::table(&collection),
            places.join(", "),
            via = first.via,
        );
        let statement = Statement::composed(sql, values);
        let statement = if ids.len() > PREPARED { statement.once() } else { statement };
        for row in tx.fetch_all(statement).await? {
            let all = sums.entry(row.id(0)?).or_insert_with(|| empty.clone());
            let mut at = 1;
            for (index, aggregate) in &members {
                all[*index] = told(aggregate, row.opt_text(at)?.as_deref(), || {
                    Ok((row.opt_text(at + 1)?, row.opt_text(at + 2)?))
                })?;
                at += if aggregate.kind == FieldKind::Money { 3 } else { 1 };
            }
        }
    }
    Ok(sums)
}

/// What is selected for an aggregate: of money also its currencies, the first and the last.
fn expressions(dialect: Dialect, aggregate: &Aggregate) -> String {
    let field = aggregate.field.as_ref().map_or("", AsRef::as_ref);
    let column = if aggregate.kind == FieldKind::Money { layout::minor_column(field) } else { field.to_owned() };
    let number = match (aggregate.function, dialect) {
        (Function::Count, _) => "cast(count(*) as text)".to_owned(),
        (Function::Min, _) => format!("cast(min(\"{column}\") as text)"),
        (Function::Max, _) => format!("cast(max(\"{column}\") as text)"),
        (Function::Sum, Dialect::Postgres) => format!("cast(sum(\"{column}\") as text)"),
        // A sum of SQLite that goes beyond 64 bits is an error, also where it comes back: halves do not.
        (Function::Sum, Dialect::Sqlite) => {
            format!("sum(\"{column}\" >> 32) || ' ' || sum(\"{column}\" & 4294967295)")
        }
    };
    if aggregate.kind == FieldKind::Money {
        let currency = layout::currency_column(field);
        return format!("{number}, min(\"{currency}\"), max(\"{currency}\")");
    }
    number
}

/// A number as [`expressions`] writes it, of halves the whole.
fn number(text: &str) -> Option<i64> {
    match text.split_once(' ') {
        None => text.parse().ok(),
        Some((upper, lower)) => {
            let (upper, lower): (i64, i64) = (upper.parse().ok()?, lower.parse().ok()?);
            i64::try_from((i128::from(upper) << 32) + i128::from(lower)).ok()
        }
    }
}

/// What an aggregate is where there are no parts.
fn nothing(aggregate: &Aggregate) -> Value {
    match (aggregate.function, aggregate.kind) {
        (Function::Count, _)
        | (Function::Sum, FieldKind::Integer | FieldKind::Duration | FieldKind::Minutes | FieldKind::Percent) => {
            Value::Integer(0)
        }
        (Function::Sum, FieldKind::Decimal) => Value::Decimal(Decimal::new(0, u32::from(aggregate.scale))),
        // Nothing has no currency.
        _ => Value::Null,
    }
}

fn told(
    aggregate: &Aggregate,
    text: Option<&str>,
    currencies: impl FnOnce() -> Result<(Option<String>, Option<String>), StoreError>,
) -> Result<Result<Value, Trouble>, StoreError> {
    let Some(text) = text else { return Ok(Ok(nothing(aggregate))) };
    let Some(number) = number(text) else { return Ok(Err(Trouble::TooLarge)) };
    Ok(Ok(match aggregate.kind {
        _ if aggregate.function == Function::Count => Value::Integer(number),
        FieldKind::Decimal => Value::Decimal(Decimal::new(number, u32::from(aggregate.scale))),
        FieldKind::Date => Value::Date(i32::try_from(number).unwrap_or_default()),
        FieldKind::Instant => Value::Instant(number),
        FieldKind::Money => {
            let read = |text: Option<String>| -> Result<Currency, StoreError> {
                let text = text.unwrap_or_default();
                text.trim_end().parse().map_err(|_| StoreError::Broken(format!("`{text}` is no currency")))
            };
            let (first, last) = currencies()?;
            let (first, last) = (read(first)?, read(last)?);
            if first != last {
                return Ok(Err(Trouble::Currencies(first, last)));
            }
            Value::Money(Money { minor: number, currency: first })
        }
        _ => Value::Integer(number),
    }))
}
