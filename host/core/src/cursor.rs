//! Cursors: the sort values of the last row of a page (of a summary the row), with the fingerprint of the question they
//! belong to. Opaque to clients; they hold nothing that the row did not show.

use crate::bound::{BoundPath, BoundSort};
use crate::descriptor::FieldKind;
use crate::record::value_from_json;
use crate::value::{Value, date_days};
use serde_json::Value as Json;

/// The cursor after a row with these sort values.
pub fn encode(fingerprint: u64, values: &[Value]) -> String {
    let list: Vec<Json> =
        std::iter::once(Json::String(format!("{fingerprint:016x}"))).chain(values.iter().map(Value::to_json)).collect();
    hex::encode(Json::Array(list).to_string())
}

/// The sort values of a cursor that belongs to this question.
pub fn decode(text: &str, fingerprint: u64, sort: &[BoundSort]) -> Result<Vec<Value>, String> {
    let columns: Vec<Kept> = sort.iter().map(|key| Kept::of(&key.path)).collect();
    decode_row(text, fingerprint, &columns)
}

/// What a cursor keeps of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub kind: FieldKind,
    /// Digits after the point, of a decimal.
    pub scale: u8,
    /// A sum or a mean, which may have more digits than a field.
    pub wide: bool,
}

impl Kept {
    /// The values of a path.
    pub fn of(path: &BoundPath) -> Self {
        Self { kind: path.kind(), scale: path.scale(), wide: false }
    }
}

/// The values of a cursor that belongs to this question, one for each column.
pub fn decode_row(text: &str, fingerprint: u64, columns: &[Kept]) -> Result<Vec<Value>, String> {
    let broken = || "The cursor is not one of ours: leave `after` out to begin anew.".to_owned();
    if text.len() > 16 * 1024 {
        return Err(broken());
    }
    let bytes = hex::decode(text).map_err(|_| broken())?;
    let list: Vec<Json> = serde_json::from_slice(&bytes).map_err(|_| broken())?;
    let (first, values) = list.split_first().ok_or_else(broken)?;
    if first.as_str() != Some(format!("{fingerprint:016x}").as_str()) {
        return Err("The cursor belongs to another filter or sort: leave `after` out to begin anew.".to_owned());
    }
    if values.len() != columns.len() {
        return Err(broken());
    }
    columns.iter().zip(values).map(|(column, json)| value_of(*column, json).ok_or_else(broken)).collect()
}

fn value_of(column: Kept, json: &Json) -> Option<Value> {
    if json.is_null() {
        return Some(Value::Null);
    }
    if column.kind == FieldKind::Date {
        // The week, quarter or fiscal year of the first day that there is begins before it.
        let day: jiff::civil::Date = json.as_str()?.parse().ok()?;
        return (day.year() >= 0).then(|| Value::Date(date_days(day)));
    }
    let field = crate::descriptor::Field::bare(column.kind);
    match value_from_json(&field, json).ok()? {
        Value::Decimal(decimal) => {
            if !column.wide {
                return crate::bind::fit_decimal(decimal, column.scale).map(Value::Decimal);
            }
            let mut fitted = decimal;
            fitted.rescale(u32::from(column.scale));
            (fitted == decimal && fitted.scale() == u32::from(column.scale)).then_some(Value::Decimal(fitted))
        }
        // No database takes it, and no row has it.
        Value::Text(text) if text.contains('\0') => None,
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_that_begins_before_the_first_day_is_gone_on_from() {
        let first = date_days(jiff::civil::date(1, 1, 1));
        let column = Kept { kind: FieldKind::Date, scale: 0, wide: false };
        let values = vec![Value::Date(first - 1)];
        assert_eq!(decode_row(&encode(7, &values), 7, &[column]), Ok(values));
    }
}
