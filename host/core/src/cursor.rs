//! Cursors: the sort values of the last row of a page, with the fingerprint of the question they belong to. Opaque to
//! clients; they hold nothing that the row did not show.

use crate::bound::BoundSort;
use crate::descriptor::FieldKind;
use crate::record::value_from_json;
use crate::value::Value;
use serde_json::Value as Json;

/// The cursor after a row with these sort values.
pub fn encode(fingerprint: u64, values: &[Value]) -> String {
    let list: Vec<Json> =
        std::iter::once(Json::String(format!("{fingerprint:016x}"))).chain(values.iter().map(Value::to_json)).collect();
    hex::encode(Json::Array(list).to_string())
}

/// The sort values of a cursor that belongs to this question.
pub fn decode(text: &str, fingerprint: u64, sort: &[BoundSort]) -> Result<Vec<Value>, String> {
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
    if values.len() != sort.len() {
        return Err(broken());
    }
    sort.iter().zip(values).map(|(key, json)| value_of(&key.path, json).ok_or_else(broken)).collect()
}

fn value_of(path: &crate::bound::BoundPath, json: &Json) -> Option<Value> {
    if json.is_null() {
        return Some(Value::Null);
    }
    let plain = |kind: FieldKind| {
        let field = crate::descriptor::Field::bare(kind);
        value_from_json(&field, json).ok()
    };
    let value = plain(path.kind())?;
    match value {
        Value::Decimal(decimal) => crate::bind::fit_decimal(decimal, path.scale()).map(Value::Decimal),
        other => Some(other),
    }
}
