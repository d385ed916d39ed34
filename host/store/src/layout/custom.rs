//! Fields that organizations add lie in one JSON column, under keys of their own: a field of another organization, of
//! another type or of an earlier time never stands in the place of one. A key holds what a column of a declared field
//! would hold, so both are compared, sorted and summed alike: whole numbers, never floats.

use super::{ColumnType, columns, encode, encode_alike, written_columns};
use crate::database::Dialect;
use crate::error::StoreError;
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::{OrganizationId, Value};
use sea_query::{BinOper, Expr, ExprTrait, Func, Value as Sql};
use serde_json::{Map, Value as Json};

/// The column of every collection's table that holds them.
pub const CUSTOM: &str = lignaflow_core::custom::CUSTOM;

/// The key of a column of a field.
fn key(field: &SchemaField, column: &str) -> Option<String> {
    let custom = field.custom.as_ref()?;
    Some(format!("{}{}", custom.key, column.strip_prefix(field.name.as_str())?))
}

/// The keys of a field's values.
pub fn keys(field: &SchemaField) -> Vec<String> {
    let columns = columns(field.name.as_str(), field.field.kind);
    columns.iter().filter_map(|(column, _)| key(field, column)).collect()
}

/// A column of a field, in a table of this name: a column of the table, or what stands in the JSON for it.
pub fn located(dialect: Dialect, table: &str, field: &SchemaField, column: &str) -> Expr {
    let Some(key) = key(field, column) else { return Expr::col((table.to_owned(), column.to_owned())) };
    let kind = columns(field.name.as_str(), field.field.kind).into_iter().find(|(name, _)| name == column);
    let json = Expr::col((table.to_owned(), CUSTOM));
    let text = json.binary(BinOper::Custom("->>"), Expr::Constant(Sql::from(key)));
    match (dialect, kind.map_or(ColumnType::Text, |(_, kind)| kind)) {
        (Dialect::Sqlite, ColumnType::Uuid) => Func::cust("unhex").arg(text).into(),
        (Dialect::Sqlite, ColumnType::Big | ColumnType::Boolean) | (_, ColumnType::Integer) => text.cast_as("integer"),
        (Dialect::Postgres, ColumnType::Folded) => Expr::cust_with_expr("$1 COLLATE \"C\"", text.cast_as("text")),
        (Dialect::Postgres, ColumnType::Uuid) => text.cast_as("uuid"),
        (Dialect::Postgres, ColumnType::Big) => text.cast_as("bigint"),
        (Dialect::Postgres, ColumnType::Boolean) => text.cast_as("boolean"),
        _ => text.cast_as("text"),
    }
}

/// The columns that a new record is written with.
pub fn inserted_columns(schema: &Schema) -> impl Iterator<Item = String> {
    let declared = schema.fields.iter().filter(|field| field.custom.is_none()).flat_map(written_columns);
    declared.chain(schema.has_customs().then(|| CUSTOM.to_owned()))
}

/// The values of a new record, in the order of [`inserted_columns`].
pub fn inserted<'a>(
    organization: OrganizationId,
    schema: &'a Schema,
    value: impl Fn(&SchemaField) -> &'a Value,
) -> Result<Vec<(String, Sql)>, StoreError> {
    let mut columns = changed(organization, schema.fields.iter().map(|field| (field, value(field))))?;
    if let Some((_, json)) = columns.last_mut().filter(|(column, _)| column == CUSTOM)
        && let Sql::String(Some(text)) = &*json
    {
        // What is not there needs no key.
        let mut own: Map<String, Json> = serde_json::from_str(text).map_err(unwritable)?;
        own.retain(|_, value| !value.is_null());
        *json = Sql::String((!own.is_empty()).then(|| Json::Object(own).to_string()));
    }
    Ok(columns)
}

/// Values that a record is to have from now on, as its columns hold them. Those that an organization added come last, as
/// one patch of the JSON: see [`given`].
pub fn changed<'a>(
    organization: OrganizationId,
    values: impl IntoIterator<Item = (&'a SchemaField, &'a Value)>,
) -> Result<Vec<(String, Sql)>, StoreError> {
    let mut changed = Vec::new();
    let mut own = Map::new();
    for (field, value) in values {
        if field.custom.is_none() {
            changed.extend(encode(organization, field, value)?);
            continue;
        }
        for (column, value) in encode_alike(field, value)? {
            let key = key(field, &column).ok_or_else(|| unwritable(&column))?;
            own.insert(key, json(value)?);
        }
    }
    if !own.is_empty() {
        changed.push((CUSTOM.to_owned(), Sql::from(Json::Object(own).to_string())));
    }
    Ok(changed)
}

fn unwritable(what: impl std::fmt::Display) -> StoreError {
    StoreError::Broken(format!("a field of an organization cannot be written: {what}"))
}

fn json(value: Sql) -> Result<Json, StoreError> {
    Ok(match value {
        Sql::String(text) => text.map_or(Json::Null, Json::from),
        Sql::BigInt(number) => number.map_or(Json::Null, Json::from),
        Sql::Int(number) => number.map_or(Json::Null, Json::from),
        Sql::Bool(truth) => truth.map_or(Json::Null, Json::from),
        Sql::Uuid(id) => id.map_or(Json::Null, |id| Json::from(id.simple().to_string())),
        other => return Err(unwritable(format_args!("{other:?}"))),
    })
}

/// A value on its way into a column of a new row.
pub fn given(dialect: Dialect, column: &str, value: Expr) -> Expr {
    if column == CUSTOM && dialect == Dialect::Postgres { value.cast_as("jsonb") } else { value }
}

/// A value on its way into a column of a row that stands. Of the JSON only what it names is changed, and what is null
/// goes.
pub fn put(dialect: Dialect, table: &str, column: &str, value: Expr) -> Expr {
    if column != CUSTOM {
        return value;
    }
    let standing = Expr::col((table.to_owned(), CUSTOM));
    match dialect {
        Dialect::Sqlite => {
            let standing = Func::coalesce([standing, Expr::cust("'{}'")]);
            let patched = Func::cust("json_patch").args([standing.into(), value]);
            Func::cust("nullif").args([patched.into(), Expr::cust("'{}'")]).into()
        }
        Dialect::Postgres => {
            let empty = || Expr::cust("'{}'::jsonb");
            let standing: Expr = Func::coalesce([standing, empty()]).into();
            let patched = standing.binary(BinOper::Custom("||"), value.cast_as("jsonb"));
            let stripped: Expr = Func::cust("jsonb_strip_nulls").arg(patched).into();
            Func::cust("nullif").args([stripped, empty()]).into()
        }
    }
}
