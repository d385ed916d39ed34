//! How records lie in tables: every name of a table, column and index is made here, and every value passes here on its
//! way into columns and out of them.
//!
//! | field | columns |
//! |---|---|
//! | text | `f`, and `f__fold` as [`lignaflow_core::fold`] has it, for sorting; where it is searched, `f__words` |
//! | money | `f__minor`, `f__currency` |
//! | decimal | `f`, times ten to the field's scale |
//! | date, instant | `f`, days and microseconds since 1970 |
//! | references, people | `f`, the ids in their order, 16 bytes each; and a table `plugin__collection__f` to search by |
//! | files | `f`, the ids in their order, 16 bytes each; the table `media` knows who holds each |
//! | all else | `f` |
//! | what organizations add | all in `custom`, as JSON: [`custom`] |
//!
//! An empty list is kept as null, so that one thing has one form.
//!
//! `f__words` holds the words of [`lignaflow_core::search`], each behind a mark of its organization, with spaces between:
//! the index of words ([`search_table`], [`search_index`]) is of all organizations, and the mark keeps a search in it to
//! one of them.

pub mod custom;

use crate::database::{Dialect, Row};
use crate::error::StoreError;
use lignaflow_core::catalog::{Schema, SchemaField, SystemField};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::fold;
use lignaflow_core::name::CollectionName;
use lignaflow_core::record::Record;
use lignaflow_core::{Decimal, Id, Money, OrganizationId, PersonId, Value};
use sea_query::{Expr, Value as Sql};
use sha2::{Digest, Sha256};

pub const ORGANIZATION: &str = "organization";
pub const ID: &str = "id";
pub const VERSION: &str = "version";
pub const CREATED_AT: &str = "created_at";
pub const UPDATED_AT: &str = "updated_at";
pub const CREATED_BY: &str = "created_by";
pub const ARCHIVED_AT: &str = "archived_at";
/// Columns of the table of a list of references, beside the organization.
pub const RECORD: &str = "record";
pub const TARGET: &str = "target";

/// The longest text, in characters, that an index holds: its entries have at most 2,704 bytes on PostgreSQL.
pub const LONGEST_KEY: i64 = 600;

/// PostgreSQL cuts names at 63 bytes without a word.
const LONGEST: usize = 60;

/// Joins the parts of a name. One that is too long keeps its beginning and ends in a digest of the whole.
fn named(parts: &[&str]) -> String {
    let name = parts.join("__").replace('-', "_");
    if name.len() <= LONGEST {
        return name;
    }
    let digest = hex::encode(&Sha256::digest(name.as_bytes())[..5]);
    format!("{}_{digest}", &name[..LONGEST - 11])
}

/// The table of a collection's records.
pub fn table(collection: &CollectionName) -> String {
    named(&[collection.plugin.as_str(), collection.local.as_str()])
}

/// The table of the members of a field that holds many references or people.
pub fn link_table(collection: &CollectionName, field: &str) -> String {
    named(&[collection.plugin.as_str(), collection.local.as_str(), field])
}

/// The index by which a link table is searched for what it refers to.
pub fn link_index(collection: &CollectionName, field: &str) -> String {
    named(&[collection.plugin.as_str(), collection.local.as_str(), field, "by", TARGET])
}

/// The index of a collection over these fields.
pub fn index(collection: &CollectionName, fields: &[&str]) -> String {
    of_fields(collection, fields, "ix")
}

/// The index that holds a unique rule over these fields, among those of a condition where it has one.
pub fn unique_index(collection: &CollectionName, fields: &[&str], condition: Option<&str>) -> String {
    let Some(condition) = condition else { return of_fields(collection, fields, "uq") };
    let digest = hex::encode(&Sha256::digest(condition.as_bytes())[..4]);
    of_fields(collection, fields, &format!("uq_{digest}"))
}

fn of_fields(collection: &CollectionName, fields: &[&str], suffix: &str) -> String {
    let mut parts = vec![collection.plugin.as_str(), collection.local.as_str()];
    parts.extend(fields);
    parts.push(suffix);
    named(&parts)
}

/// The table of SQLite's index of words. A field's name is never empty, so no other name is like it.
pub fn search_table(collection: &CollectionName) -> String {
    named(&[collection.plugin.as_str(), collection.local.as_str(), "", "words"])
}

/// PostgreSQL's index of words.
pub fn search_index(collection: &CollectionName) -> String {
    named(&[collection.plugin.as_str(), collection.local.as_str(), "", "words", "ix"])
}

/// The column of the words of a text.
pub fn words_column(field: &str) -> String {
    format!("{field}__words")
}

/// What stands before each word of an organization's records. That two organizations may share one only costs a look at
/// rows of the other, whose organization is asked for all the same.
fn mark(organization: OrganizationId) -> String {
    hex::encode(&organization.0.bytes()[12..])
}

/// Words as their column holds them, and as an index of words is asked for them.
pub fn marked_words(organization: OrganizationId, words: &[String]) -> Vec<String> {
    let mark = mark(organization);
    words.iter().map(|word| format!("{mark}{word}")).collect()
}

/// A text as its column of words holds it.
pub fn words_of(organization: OrganizationId, text: &str) -> String {
    marked_words(organization, &lignaflow_core::search::words(text)).join(" ")
}

/// The column in which a text is folded.
pub fn fold_column(field: &str) -> String {
    format!("{field}__fold")
}

pub fn minor_column(field: &str) -> String {
    format!("{field}__minor")
}

pub fn currency_column(field: &str) -> String {
    format!("{field}__currency")
}

/// The column of a field that the host gives to every record.
pub const fn system_column(field: SystemField) -> &'static str {
    field.as_str()
}

/// Whether a field keeps its members in a table of their own.
pub const fn is_linked(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::References | FieldKind::People)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    Uuid,
    /// 64 bits.
    Big,
    /// 32 bits.
    Integer,
    Boolean,
    Text,
    /// Compared byte by byte.
    Folded,
    Bytes,
    Json,
}

impl ColumnType {
    /// As a table's definition says it.
    pub const fn sql(self, dialect: Dialect) -> &'static str {
        match (dialect, self) {
            (Dialect::Postgres, Self::Uuid) => "uuid",
            (Dialect::Postgres, Self::Big) => "bigint",
            (Dialect::Postgres, Self::Boolean) => "boolean",
            (Dialect::Postgres, Self::Folded) => "text collate \"C\"",
            (Dialect::Postgres, Self::Bytes) => "bytea",
            (Dialect::Postgres, Self::Json) => "jsonb",
            (Dialect::Sqlite, Self::Uuid | Self::Bytes) => "blob",
            (Dialect::Postgres, Self::Integer) | (Dialect::Sqlite, Self::Big | Self::Boolean | Self::Integer) => {
                "integer"
            }
            (_, Self::Text) | (Dialect::Sqlite, Self::Folded | Self::Json) => "text",
        }
    }
}

/// All columns of a field, those that are read first.
pub fn columns(field: &str, kind: FieldKind) -> Vec<(String, ColumnType)> {
    use FieldKind as Kind;
    let plain = |kind| vec![(field.to_owned(), kind)];
    match kind {
        Kind::Text => vec![(field.to_owned(), ColumnType::Text), (fold_column(field), ColumnType::Folded)],
        Kind::Money => {
            vec![(minor_column(field), ColumnType::Big), (currency_column(field), ColumnType::Text)]
        }
        Kind::Integer | Kind::Decimal | Kind::Duration | Kind::Minutes | Kind::Percent | Kind::Instant => {
            plain(ColumnType::Big)
        }
        Kind::Date => plain(ColumnType::Integer),
        Kind::Boolean => plain(ColumnType::Boolean),
        Kind::Choice | Kind::Json => plain(ColumnType::Text),
        Kind::Reference | Kind::Person | Kind::Media => plain(ColumnType::Uuid),
        Kind::References | Kind::People | Kind::Files => plain(ColumnType::Bytes),
    }
}

/// All columns that [`encode`] writes, in its order.
pub fn written_columns(field: &SchemaField) -> impl Iterator<Item = String> {
    let name = field.name.as_str();
    let words = field.field.search.then(|| words_column(name));
    columns(name, field.field.kind).into_iter().map(|(name, _)| name).chain(words)
}

/// How many columns [`decode_kind`] reads.
pub const fn width(kind: FieldKind) -> usize {
    if matches!(kind, FieldKind::Money) { 2 } else { 1 }
}

/// The columns that [`decode`] reads, in its order.
pub fn read_columns(field: &str, kind: FieldKind) -> Vec<String> {
    let mut all = columns(field, kind);
    all.truncate(width(kind));
    all.into_iter().map(|(name, _)| name).collect()
}

/// The columns by which a field is compared in an index or a unique rule: texts by what they fold to.
pub fn key_columns(field: &str, kind: FieldKind) -> Vec<String> {
    match kind {
        FieldKind::Text => vec![fold_column(field)],
        _ => read_columns(field, kind),
    }
}

/// [`key_columns`] of a field of a collection, or of one that the host gives to every record.
pub fn key_columns_of(schema: &Schema, field: &str) -> Vec<String> {
    schema.field(field).map_or_else(|| vec![field.to_owned()], |found| key_columns(field, found.field.kind))
}

/// A decimal as its column holds it. `None` where it does not fit 64 bits at that scale.
pub fn scaled(decimal: Decimal, scale: u8) -> Option<i64> {
    let mut decimal = decimal;
    decimal.rescale(u32::from(scale));
    if decimal.scale() != u32::from(scale) {
        return None;
    }
    i64::try_from(decimal.mantissa()).ok()
}

/// Lists of ids as one column holds them.
pub fn packed(ids: &[Id]) -> Vec<u8> {
    ids.iter().flat_map(|id| *id.bytes()).collect()
}

/// The null of a kind's first column.
pub const fn null(kind: FieldKind) -> Sql {
    use FieldKind as Kind;
    match kind {
        Kind::Text | Kind::Choice | Kind::Json => Sql::String(None),
        Kind::Integer
        | Kind::Decimal
        | Kind::Duration
        | Kind::Minutes
        | Kind::Percent
        | Kind::Instant
        | Kind::Money => Sql::BigInt(None),
        Kind::Date => Sql::Int(None),
        Kind::Boolean => Sql::Bool(None),
        Kind::Reference | Kind::Person | Kind::Media => Sql::Uuid(None),
        Kind::References | Kind::People | Kind::Files => Sql::Bytes(None),
    }
}

/// A value as the first column of its field holds it: of text as it stands, of money the minor units.
pub fn scalar(kind: FieldKind, scale: u8, value: &Value) -> Result<Sql, StoreError> {
    use FieldKind as Kind;
    Ok(match (kind, value) {
        (_, Value::Null) => null(kind),
        (Kind::Text | Kind::Choice, Value::Text(text)) => Sql::from(text.as_str()),
        (Kind::Integer | Kind::Duration | Kind::Minutes | Kind::Percent, Value::Integer(number)) => Sql::from(*number),
        (Kind::Decimal, Value::Decimal(decimal)) => {
            Sql::from(scaled(*decimal, scale).ok_or_else(|| misfit(kind, value))?)
        }
        (Kind::Money, Value::Money(money)) => Sql::from(money.minor),
        (Kind::Boolean, Value::Boolean(truth)) => Sql::from(*truth),
        (Kind::Date, Value::Date(days)) => Sql::from(*days),
        (Kind::Instant, Value::Instant(micros)) => Sql::from(*micros),
        (Kind::Reference | Kind::Person | Kind::Media, Value::Reference(id)) => Sql::from(id.uuid()),
        (Kind::References | Kind::People | Kind::Files, Value::References(ids)) => {
            if ids.is_empty() {
                null(kind)
            } else {
                Sql::from(packed(ids))
            }
        }
        (Kind::Json, Value::Json(json)) => Sql::from(json.to_string()),
        _ => return Err(misfit(kind, value)),
    })
}

fn misfit(kind: FieldKind, value: &Value) -> StoreError {
    StoreError::Broken(format!("a field of the type {kind:?} was given {}", value.kind()))
}

/// A value as all columns of its field hold it in an organization's record, in the order of [`written_columns`].
pub fn encode(
    organization: OrganizationId,
    field: &SchemaField,
    value: &Value,
) -> Result<Vec<(String, Sql)>, StoreError> {
    let mut columns = encode_alike(field, value)?;
    if field.field.search {
        let words = value.as_text().map(|text| words_of(organization, text));
        columns.push((words_column(field.name.as_str()), Sql::from(words)));
    }
    Ok(columns)
}

/// The same without what differs between organizations: the columns of [`columns`].
pub fn encode_alike(field: &SchemaField, value: &Value) -> Result<Vec<(String, Sql)>, StoreError> {
    let name = field.name.as_str();
    let kind = field.field.kind;
    let first = scalar(kind, field.field.scale(), value)?;
    Ok(match kind {
        FieldKind::Text => {
            // What the host counts sorts by what it counts.
            let natural = field.field.sequence.is_some();
            let folded = value.as_text().map(if natural { fold::natural } else { fold::fold });
            vec![(name.to_owned(), first), (fold_column(name), Sql::from(folded))]
        }
        FieldKind::Money => {
            let currency = match value {
                Value::Money(money) => Some(money.currency.as_str().to_owned()),
                _ => None,
            };
            vec![(minor_column(name), first), (currency_column(name), Sql::from(currency))]
        }
        _ => vec![(name.to_owned(), first)],
    })
}

/// The value of a declared field whose [`read_columns`] begin at `offset`.
pub fn decode(row: &Row, offset: usize, field: &SchemaField) -> Result<Value, StoreError> {
    decode_kind(row, offset, field.field.kind, field.field.scale())
}

/// The value of a field that the host gives to every record.
pub fn decode_system(row: &Row, offset: usize, field: SystemField) -> Result<Value, StoreError> {
    decode_kind(row, offset, field.kind(), 0)
}

/// The same for whoever reads: what a column holds that cannot be read, as a hand or a disk may have left it there, is shown
/// as nothing and told in the log. One bad value takes neither its record nor the list that it stands in away.
pub fn decode_or_null(row: &Row, offset: usize, kind: FieldKind, scale: u8, of: &str) -> Value {
    decode_kind(row, offset, kind, scale).unwrap_or_else(|error| {
        tracing::error!(%error, field = of, "a value that cannot be read is shown as nothing");
        Value::Null
    })
}

/// The value of a field of this kind, and for decimals of this scale, whose [`read_columns`] begin at `offset`.
pub fn decode_kind(row: &Row, offset: usize, kind: FieldKind, scale: u8) -> Result<Value, StoreError> {
    use FieldKind as Kind;
    let value = match kind {
        Kind::Text | Kind::Choice => row.opt_text(offset)?.map(Value::Text),
        Kind::Integer | Kind::Duration | Kind::Minutes | Kind::Percent => row.opt_i64(offset)?.map(Value::Integer),
        Kind::Decimal => row.opt_i64(offset)?.map(|mantissa| Value::Decimal(Decimal::new(mantissa, u32::from(scale)))),
        Kind::Money => match (row.opt_i64(offset)?, row.opt_text(offset + 1)?) {
            (Some(minor), Some(currency)) => {
                let currency = currency.trim_end().parse().map_err(|_| unreadable("a currency"))?;
                Some(Value::Money(Money { minor, currency }))
            }
            _ => None,
        },
        Kind::Boolean => row.opt_bool(offset)?.map(Value::Boolean),
        Kind::Date => match row.opt_i64(offset)? {
            Some(days) if DAYS.contains(&days) => {
                Some(Value::Date(i32::try_from(days).map_err(|_| unreadable("a date"))?))
            }
            Some(_) => return Err(unreadable("a date")),
            None => None,
        },
        Kind::Instant => row.opt_i64(offset)?.map(Value::Instant),
        Kind::Reference | Kind::Person | Kind::Media => row.opt_id(offset)?.map(Value::Reference),
        Kind::References | Kind::People | Kind::Files => {
            Some(Value::References(unpacked(&row.opt_bytes(offset)?.unwrap_or_default())?))
        }
        Kind::Json => match row.opt_text(offset)? {
            Some(text) => Some(Value::Json(serde_json::from_str(&text).map_err(|_| unreadable("JSON"))?)),
            None => None,
        },
    };
    Ok(value.unwrap_or(Value::Null))
}

fn unpacked(bytes: &[u8]) -> Result<Vec<Id>, StoreError> {
    let (ids, rest) = bytes.as_chunks::<16>();
    if rest.is_empty() {
        Ok(ids.iter().map(|id| Id::from_bytes(*id)).collect())
    } else {
        Err(unreadable("a list of ids"))
    }
}

/// From the first day of the year 1 to the last of the year 9999, counted from that of 1970. A week or a fiscal year in which
/// the first of them lies begins up to a year before.
const DAYS: std::ops::RangeInclusive<i64> = -719_528..=2_932_896;

fn unreadable(what: &str) -> StoreError {
    StoreError::Broken(format!("a column does not hold {what} as it should"))
}

/// What [`decode_record`] reads of a collection's table, in its order: the host's own columns, then each field's.
pub fn record_columns(dialect: Dialect, schema: &Schema) -> Vec<Expr> {
    let table = table(&schema.name);
    let own = SystemField::ALL.into_iter().map(|field| Expr::col(system_column(field)));
    let fields = schema.fields.iter().flat_map(|field| {
        let columns = read_columns(field.name.as_str(), field.field.kind);
        columns.into_iter().map(|column| custom::located(dialect, &table, field, &column)).collect::<Vec<_>>()
    });
    own.chain(fields).collect()
}

/// A whole record whose [`record_columns`] begin at `offset`.
pub fn decode_record(row: &Row, offset: usize, schema: &Schema) -> Result<Record, StoreError> {
    record(row, offset, schema, decode)
}

/// The same for whoever reads, as [`decode_or_null`] takes values.
pub fn shown_record(row: &Row, offset: usize, schema: &Schema) -> Result<Record, StoreError> {
    record(row, offset, schema, |row, at, field| {
        Ok(decode_or_null(row, at, field.field.kind, field.field.scale(), field.name.as_str()))
    })
}

fn record(
    row: &Row,
    offset: usize,
    schema: &Schema,
    value: impl Fn(&Row, usize, &SchemaField) -> Result<Value, StoreError>,
) -> Result<Record, StoreError> {
    let mut at = offset + SystemField::ALL.len();
    let mut values = Vec::with_capacity(schema.fields.len());
    for field in &schema.fields {
        values.push(value(row, at, field)?);
        at += width(field.field.kind);
    }
    Ok(Record {
        id: row.id(offset)?,
        version: version(row.i64(offset + 1)?)?,
        created_at: row.i64(offset + 2)?,
        updated_at: row.i64(offset + 3)?,
        created_by: row.opt_id(offset + 4)?.map(PersonId),
        archived_at: row.opt_i64(offset + 5)?,
        values,
    })
}

/// A version as its column holds it.
pub fn version(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| unreadable("a version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_whatever_its_parts() {
        let collection: CollectionName = "a-plugin-of-24-character/a-collection-of-thirty-letters".parse().unwrap();
        let one = link_table(&collection, "a_field_of_forty_characters_is_the_most_a");
        let other = link_table(&collection, "a_field_of_forty_characters_is_the_most_b");
        assert_eq!((one.len(), other.len()), (60, 60));
        assert_ne!(one, other);
        assert_eq!(table(&"time-sheets/entries".parse().unwrap()), "time_sheets__entries");
    }

    #[test]
    fn decimals_are_whole_numbers_at_their_scale() {
        assert_eq!(scaled("12.5".parse().unwrap(), 4), Some(125_000));
        assert_eq!(scaled("-0.0001".parse().unwrap(), 4), Some(-1));
        assert_eq!(scaled(Decimal::MAX, 4), None);
    }
}
