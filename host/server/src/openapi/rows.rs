//! A group of a summary as it is answered: what its records have in common, then what was counted and measured, each under
//! the name that the question gives it.

use super::fields::{base, nullable};
use lignaflow_core::custom::is_custom;
use lignaflow_core::descriptor::{Collection, Field, FieldKind};
use serde_json::{Map, Value as Json, json};

/// The groups of a collection. What follows references is named by its path, and measured by one with `_` for its dots.
pub(super) fn row(collection: &Collection) -> Json {
    let mut properties = Map::new();
    let mut example = Map::new();
    let count = json!({ "type": "integer", "minimum": 0 });
    for (name, field) in &collection.fields {
        let name = name.as_str();
        if groups(field.kind) {
            let value = or_nothing(base(field));
            // By their days, weeks or months instants are told by the first day.
            let day = json!({ "type": "string", "format": "date" });
            let value = if field.kind == FieldKind::Instant { json!({ "anyOf": [value, day] }) } else { value };
            properties.insert(name.to_owned(), value);
        }
        let label = name.replace('.', "_");
        for (word, schema) in figures(field) {
            properties.insert(format!("{word}_{label}"), schema);
        }
    }
    properties.insert("count".into(), count.clone());
    let currency = json!({ "type": ["string", "null"], "description": "Of the amounts that are summed; ISO 4217." });
    properties.insert("currency".into(), currency.clone());
    for (name, field) in &collection.fields {
        if field.kind == FieldKind::Choice && !field.of.is_empty() && !is_custom(name.as_str()) {
            example.insert(name.as_str().to_owned(), json!(field.of[0]));
            break;
        }
    }
    example.insert("count".into(), json!(12));
    json!({
        "type": "object",
        "description": "What was asked for is there, and nothing else.",
        "properties": properties,
        "patternProperties": {
            "^(count|distinct)_": count,
            "[.]currency$": currency,
        },
        "examples": [example],
    })
}

/// Whether records are grouped by it.
const fn groups(kind: FieldKind) -> bool {
    !kind.is_list() && !matches!(kind, FieldKind::Json | FieldKind::Money)
}

/// What is measured of a field, by the words of the query.
fn figures(field: &Field) -> Vec<(&'static str, Json)> {
    let decimal = || json!({ "type": "string", "format": "decimal" });
    let whole = || json!({ "type": "integer", "format": "int64" });
    match field.kind {
        FieldKind::Integer | FieldKind::Duration | FieldKind::Minutes | FieldKind::Percent => vec![
            ("sum", whole()),
            ("average", or_nothing(decimal())),
            ("min", or_nothing(whole())),
            ("max", or_nothing(whole())),
        ],
        FieldKind::Decimal => vec![
            ("sum", decimal()),
            ("average", or_nothing(decimal())),
            ("min", or_nothing(decimal())),
            ("max", or_nothing(decimal())),
        ],
        // Nothing of records without an amount.
        FieldKind::Money => vec![("sum", or_nothing(base(field))), ("average", or_nothing(base(field)))],
        FieldKind::Date | FieldKind::Instant => {
            vec![("min", or_nothing(base(field))), ("max", or_nothing(base(field)))]
        }
        _ => Vec::new(),
    }
}

fn or_nothing(mut schema: Json) -> Json {
    nullable(&mut schema);
    schema
}
