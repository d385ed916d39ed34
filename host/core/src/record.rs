//! One record, and how input becomes values: every fault of the input at once, each with its place and what would be
//! right.

use crate::catalog::{Schema, SchemaField};
use crate::clock::Micros;
use crate::custom::{self, CUSTOM};
use crate::descriptor::{Field, FieldKind};
use crate::error::Issue;
use crate::id::{Id, PersonId};
use crate::mutation::Fields;
use crate::value::{Decimal, Money, Value, parse_date, parse_instant};
use serde_json::Value as Json;

/// The most members of a list of references.
pub const MAX_REFERENCES: usize = 1000;
/// The most bytes of one JSON field.
pub const MAX_JSON: usize = 64 * 1024;

/// A record as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub id: Id,
    /// 1 for a new record, one more with each change. The ETag.
    pub version: u64,
    pub created_at: Micros,
    pub updated_at: Micros,
    pub created_by: Option<PersonId>,
    pub archived_at: Option<Micros>,
    /// A value for every field, in the collection's order.
    pub values: Vec<Value>,
}

impl Record {
    pub fn get(&self, schema: &Schema, field: &str) -> Option<&Value> {
        schema.position(field).map(|index| &self.values[index])
    }

    /// The declared fields by name.
    pub fn fields(&self, schema: &Schema) -> Fields {
        schema.fields.iter().zip(&self.values).map(|(f, value)| (f.name.as_str().to_owned(), value.clone())).collect()
    }

    /// As the API writes it.
    pub fn to_json(&self, schema: &Schema) -> Json {
        let flat = self.flat_json(schema);
        Json::Object(if schema.has_customs() { custom::nested(&flat) } else { flat })
    }

    /// The same by the full names of fields, as the change log has them.
    pub fn flat_json(&self, schema: &Schema) -> serde_json::Map<String, Json> {
        let mut object = serde_json::Map::new();
        object.insert("id".into(), Json::String(self.id.to_string()));
        object.insert("version".into(), Json::from(self.version));
        for (field, value) in schema.fields.iter().zip(&self.values) {
            object.insert(field.name.as_str().to_owned(), value.to_json());
        }
        object.insert("created_at".into(), Value::Instant(self.created_at).to_json());
        object.insert("updated_at".into(), Value::Instant(self.updated_at).to_json());
        object
            .insert("created_by".into(), self.created_by.map_or(Json::Null, |person| Json::String(person.to_string())));
        object.insert("archived_at".into(), self.archived_at.map_or(Json::Null, |at| Value::Instant(at).to_json()));
        object
    }
}

/// Reads the fields of a JSON object. Unknown fields and values of a wrong type are issues; what a rule says of a
/// value is checked by [`check_value`], which every door passes through.
pub fn fields_from_json(schema: &Schema, object: &serde_json::Map<String, Json>) -> (Fields, Vec<Issue>) {
    let mut fields = Fields::new();
    let mut issues = Vec::new();
    let mut read = |name: String, json: &Json| {
        let path = custom::pointer(&name);
        match schema.field(&name) {
            None => issues.push(unknown_field(schema, &name, path)),
            Some(field) => match value_from_json(&field.field, json) {
                Ok(value) => {
                    fields.insert(name, value);
                }
                Err(message) => issues.push(Issue::new(path, "type", message)),
            },
        }
    };
    let mut others = Vec::new();
    for (name, json) in object {
        match json {
            Json::Object(own) if name == CUSTOM => own.iter().for_each(|(name, json)| read(custom::named(name), json)),
            _ if name == CUSTOM || custom::is_custom(name) => others.push(name),
            _ => read(name.clone(), json),
        }
    }
    issues.extend(others.into_iter().map(|name| match custom::within(name) {
        Some(within) => {
            let message = format!("Write `\"custom\": {{ \"{within}\": … }}`.");
            Issue::new(format!("/{}", escape(name)), "unknown-field", message)
        }
        None => Issue::new("/custom", "type", "Expected an object of your organization's own fields."),
    }));
    (fields, issues)
}

/// The issue of a field that the collection does not have, with the nearest that it has.
pub fn unknown_field(schema: &Schema, name: &str, path: String) -> Issue {
    let near = crate::descriptor::nearest(name, schema.fields.iter().map(|field| field.name.as_str()));
    let message = match near {
        Some(near) => format!("There is no field `{name}`; did you mean `{near}`?"),
        None => format!("There is no field `{name}`."),
    };
    Issue::new(path, "unknown-field", message)
}

/// A JSON pointer's escaping (RFC 6901).
pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Reads one value of a field's type; the error says what would be right.
pub fn value_from_json(field: &Field, json: &Json) -> Result<Value, String> {
    use FieldKind as Kind;
    let wrong = |right: &str| Err(format!("Expected {right}, not {}.", shown(json)));
    if json.is_null() {
        return Ok(match field.kind {
            kind if kind.is_list() => Value::References(Vec::new()),
            _ => Value::Null,
        });
    }
    match field.kind {
        Kind::Text | Kind::Choice => match json.as_str() {
            Some(text) => Ok(Value::Text(text.to_owned())),
            None => wrong("text"),
        },
        Kind::Integer => json.as_i64().map_or_else(|| wrong("a whole number"), |n| Ok(Value::Integer(n))),
        Kind::Duration => json.as_i64().map_or_else(|| wrong("whole seconds"), |n| Ok(Value::Integer(n))),
        Kind::Minutes => json.as_i64().map_or_else(|| wrong("whole minutes"), |n| Ok(Value::Integer(n))),
        Kind::Percent => {
            json.as_i64().map_or_else(|| wrong("whole basis points; 1250 is 12.5 %"), |n| Ok(Value::Integer(n)))
        }
        Kind::Boolean => json.as_bool().map_or_else(|| wrong("true or false"), |b| Ok(Value::Boolean(b))),
        Kind::Decimal => match json.as_str().map(Decimal::from_str_exact) {
            Some(Ok(decimal)) => Ok(Value::Decimal(decimal)),
            _ => wrong("a decimal as a string, such as \"12.5\""),
        },
        Kind::Money => serde_json::from_value::<Money>(json.clone())
            .map_or_else(|_| wrong("money such as {\"minor\": 12550, \"currency\": \"AUD\"}"), |m| Ok(Value::Money(m))),
        Kind::Date => json
            .as_str()
            .and_then(parse_date)
            .map_or_else(|| wrong("a date such as \"2026-11-23\""), |days| Ok(Value::Date(days))),
        Kind::Instant => json.as_str().and_then(parse_instant).map_or_else(
            || wrong("an instant with its offset, such as \"2026-11-23T07:00:00+11:00\""),
            |micros| Ok(Value::Instant(micros)),
        ),
        Kind::Reference | Kind::Person => json
            .as_str()
            .and_then(|text| text.parse().ok())
            .map_or_else(|| wrong("the id of a record, a UUID"), |id| Ok(Value::Reference(id))),
        Kind::Media => json
            .as_str()
            .and_then(|text| text.parse().ok())
            .map_or_else(|| wrong("the id of a file, a UUID"), |id| Ok(Value::Reference(id))),
        Kind::References | Kind::People | Kind::Files => {
            let ids: Option<Vec<Id>> =
                json.as_array().and_then(|items| items.iter().map(|item| item.as_str()?.parse().ok()).collect());
            ids.map_or_else(|| wrong("a list of ids"), |ids| Ok(Value::References(ids)))
        }
        Kind::Json => Ok(Value::Json(json.clone())),
    }
}

fn shown(json: &Json) -> String {
    let text = match json {
        Json::Object(_) => return "an object".to_owned(),
        Json::Array(_) => return "a list".to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() > 40 { format!("{}…", text.chars().take(40).collect::<String>()) } else { text }
}

/// Whether a value is of a field's type and keeps its declared rules. Puts decimals to the field's scale, drops doubles
/// from lists, and turns an empty text into null. `path` is where the value stands in the input.
pub fn check_value(field: &SchemaField, value: &mut Value, path: &str) -> Option<Issue> {
    use FieldKind as Kind;
    let declared = &field.field;
    let title = declared.title.clone().unwrap_or_else(|| crate::descriptor::humanize(field.name.as_str()));
    let fault = |code: &str, message: String| Some(Issue::new(path, code, message));
    if matches!(value, Value::Text(text) if text.trim().is_empty()) {
        *value = Value::Null;
    }
    if declared.kind.is_list() && value.is_null() {
        *value = Value::References(Vec::new());
    }
    let empty = value.is_null() || matches!(value, Value::References(ids) if ids.is_empty());
    if empty {
        return if declared.required { fault("required", format!("{title} is required.")) } else { None };
    }
    let between = |number: i64, what: &str| {
        if declared.min.is_some_and(|min| number < min) {
            let min = declared.min.unwrap_or_default();
            return fault("too-small", format!("{title} is at least {min}{what}, not {number}."));
        }
        if declared.max.is_some_and(|max| number > max) {
            let max = declared.max.unwrap_or_default();
            return fault("too-large", format!("{title} is at most {max}{what}, not {number}."));
        }
        None
    };
    match (declared.kind, &mut *value) {
        (Kind::Text, Value::Text(text)) => {
            let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            if text.contains('\0') {
                return fault("character", format!("{title} contains a null character."));
            }
            if count > declared.max_characters() {
                return fault(
                    "too-long",
                    format!("{title} has {count} characters; at most {} are kept.", declared.max_characters()),
                );
            }
            if declared.min.is_some_and(|min| count < min) {
                return fault(
                    "too-short",
                    format!("{title} has {count} characters; it needs {}.", declared.min.unwrap_or_default()),
                );
            }
            None
        }
        (Kind::Choice, Value::Text(text)) => {
            if declared.of.iter().any(|choice| choice == text) {
                None
            } else {
                fault(
                    "choice",
                    format!(
                        "{title} is one of {}, not `{}`.",
                        declared.of.join(", "),
                        shown(&Json::from(text.as_str()))
                    ),
                )
            }
        }
        (Kind::Integer, Value::Integer(number)) => between(*number, ""),
        (Kind::Duration, Value::Integer(number)) => between(*number, " seconds"),
        (Kind::Minutes, Value::Integer(number)) => between(*number, " minutes"),
        (Kind::Percent, Value::Integer(number)) => between(*number, " basis points"),
        (Kind::Money, Value::Money(money)) => between(money.minor, " minor units"),
        (Kind::Decimal, Value::Decimal(decimal)) => {
            let scale = u32::from(declared.scale());
            let given = decimal.normalize();
            if given.scale() > scale {
                return fault(
                    "digits",
                    format!("{title} has at most {scale} digits after the point, not {}.", given.scale()),
                );
            }
            let mut scaled = given;
            scaled.rescale(scale);
            if scaled.scale() != scale || scaled.mantissa().unsigned_abs() >= 1_000_000_000_000_000_000 {
                return fault("too-large", format!("{title} has at most 18 digits in all."));
            }
            *decimal = scaled;
            None
        }
        (Kind::Date, Value::Date(days)) => match crate::value::civil_date(*days) {
            Some(_) => None,
            None => fault("range", format!("{title} lies outside the years 1 to 9999.")),
        },
        (Kind::Instant, Value::Instant(micros)) => {
            if crate::value::instant_text(*micros).is_empty() {
                fault("range", format!("{title} lies outside the years that can be told."))
            } else {
                None
            }
        }
        (Kind::References | Kind::People, Value::References(ids)) => {
            let mut seen = std::collections::HashSet::new();
            ids.retain(|id| seen.insert(*id));
            if ids.len() > MAX_REFERENCES {
                return fault("too-many", format!("{title} has {} members; at most {MAX_REFERENCES}.", ids.len()));
            }
            None
        }
        (Kind::Files, Value::References(ids)) => {
            let mut seen = std::collections::HashSet::new();
            ids.retain(|id| seen.insert(*id));
            let most = declared.max_files();
            if ids.len() > most {
                return fault("too-many", format!("{title} has {} files; at most {most}.", ids.len()));
            }
            None
        }
        (Kind::Json, Value::Json(json)) => {
            let bytes = json.to_string().len();
            if bytes > MAX_JSON {
                return fault("too-large", format!("{title} has {bytes} bytes; at most {MAX_JSON} are kept."));
            }
            None
        }
        (Kind::Boolean, Value::Boolean(_)) | (Kind::Reference | Kind::Person | Kind::Media, Value::Reference(_)) => {
            None
        }
        (_, other) => fault("type", format!("{title} cannot hold {}.", other.kind())),
    }
}
