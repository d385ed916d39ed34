//! A field's JSON Schema, for what is read and for what is written.

use super::{customs, schema_ref};
use lignaflow_core::custom::is_custom;
use lignaflow_core::descriptor::{Collection, Descriptor, Field, FieldKind, humanize};
use lignaflow_core::name::CollectionName;
use lignaflow_core::value::Currency;
use serde_json::{Map, Value as Json, json};

/// An id where one is shown.
pub(super) const EXAMPLE_ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// Whether a collection is one whose records the document has.
#[derive(Clone, Copy)]
pub(super) struct Known<'a>(pub(super) &'a dyn Fn(&CollectionName) -> bool);

/// Somebody as `expand` shows them.
pub(super) fn person() -> Json {
    json!({
        "type": "object",
        "title": "Person",
        "required": ["id", "name"],
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "name": { "type": ["string", "null"], "description": "A pseudonym where they were erased." },
        },
        "examples": [{ "id": EXAMPLE_ID, "name": "Mia Halloran" }],
    })
}

/// A record as it is read.
pub(super) fn record(descriptor: &Descriptor, collection: &Collection, known: &Known<'_>) -> Json {
    let mut properties = Map::new();
    properties.insert("id".into(), json!({ "type": "string", "format": "uuid", "description": "A version 7 UUID." }));
    properties.insert(
        "version".into(),
        json!({ "type": "integer", "minimum": 1, "description": "One more with each change; the ETag." }),
    );
    for (name, field) in &collection.fields {
        let schema = read(descriptor, name.as_str(), field, known);
        customs::property(&mut properties, name.as_str(), schema);
    }
    let instant = |description: &str| json!({ "type": "string", "format": "date-time", "description": description });
    properties.insert("created_at".into(), instant("When it was made."));
    properties.insert("updated_at".into(), instant("When it was changed last."));
    properties.insert(
        "created_by".into(),
        json!({
            "description": "Who made it; null where a plugin did. With `expand`, with their name.",
            "anyOf": [{ "type": "string", "format": "uuid" }, schema_ref("NamedPerson"), { "type": "null" }],
        }),
    );
    properties.insert(
        "archived_at".into(),
        json!({ "type": ["string", "null"], "format": "date-time", "description": "When it was archived." }),
    );
    json!({
        "type": "object",
        "title": collection.title.one,
        // With `fields`, what is not named is left out.
        "required": ["id"],
        "properties": properties,
        "examples": [shown(collection)],
    })
}

/// A record as an answer has it: the example of its body, with what the host adds.
fn shown(collection: &Collection) -> Json {
    let mut object = json!({ "id": EXAMPLE_ID, "version": 1 });
    let made = example(collection, false);
    for (name, value) in made.as_object().into_iter().flatten().filter(|(name, _)| *name != "id") {
        object[name] = value.clone();
    }
    for (name, field) in &collection.fields {
        if collection.is_state(name.as_str()) && !field.of.is_empty() {
            object[name.as_str()] = json!(field.of[0]);
        }
    }
    for (name, value) in [
        ("created_at", json!("2026-11-23T07:00:00Z")),
        ("updated_at", json!("2026-11-23T07:00:00Z")),
        ("created_by", json!(EXAMPLE_ID)),
        ("archived_at", Json::Null),
    ] {
        object[name] = value;
    }
    object
}

/// The body of a create, and with `partial` that of a change.
pub(super) fn input(descriptor: &Descriptor, collection: &Collection, partial: bool) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    if !partial {
        properties.insert(
            "id".into(),
            json!({ "type": "string", "format": "uuid", "description": "A version 7 UUID of your own; given where left out." }),
        );
    }
    for (name, field) in &collection.fields {
        if field.is_read_only() || collection.is_state(name.as_str()) {
            continue;
        }
        customs::property(&mut properties, name.as_str(), write(descriptor, name.as_str(), field));
        if field.required && field.default.is_none() && !partial {
            customs::required(&mut properties, &mut required, name.as_str());
        }
    }
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema["examples"] = json!([example(collection, partial)]);
    schema
}

fn read(descriptor: &Descriptor, name: &str, field: &Field, known: &Known<'_>) -> Json {
    let mut schema = base(field);
    // With `expand`, the record itself stands in the place of its id, or somebody with their name.
    let shown = match field.kind {
        FieldKind::Reference | FieldKind::References => Some(target(descriptor, field, known)),
        FieldKind::Person | FieldKind::People => Some(schema_ref("NamedPerson")),
        _ => None,
    };
    if let Some(shown) = shown {
        if field.kind.is_list() {
            schema["items"] = json!({ "anyOf": [schema["items"].take(), shown] });
        } else {
            schema = json!({ "anyOf": [schema, shown, { "type": "null" }] });
        }
    } else if (!field.required || field.read.is_some() || is_custom(name)) && !field.kind.is_list() {
        // What an organization requires, records that were there before may lack.
        nullable(&mut schema);
    }
    described(descriptor, name, field, schema)
}

/// The record that a reference leads to.
fn target(descriptor: &Descriptor, field: &Field, known: &Known<'_>) -> Json {
    let name = field.to.as_deref().and_then(|to| CollectionName::within(&descriptor.id, to).ok());
    match name.filter(|name| known.0(name)) {
        Some(name) => schema_ref(&format!("{}.{}", name.plugin, name.local)),
        None => json!({ "type": "object" }),
    }
}

fn write(descriptor: &Descriptor, name: &str, field: &Field) -> Json {
    let mut schema = base(field);
    let number = |schema: &mut Json, key: &str, bound: Option<i64>| {
        if let Some(bound) = bound {
            schema[key] = json!(bound);
        }
    };
    match field.kind {
        FieldKind::Text => {
            schema["maxLength"] = json!(field.max_characters());
            if field.required {
                schema["minLength"] = json!(field.min.unwrap_or(1));
                schema["pattern"] = json!("\\S");
            }
        }
        FieldKind::Integer | FieldKind::Duration | FieldKind::Minutes | FieldKind::Percent => {
            number(&mut schema, "minimum", field.min);
            number(&mut schema, "maximum", field.max);
        }
        FieldKind::Files => schema["maxItems"] = json!(field.max_files()),
        FieldKind::References | FieldKind::People => {
            schema["maxItems"] = json!(lignaflow_core::record::MAX_REFERENCES);
        }
        _ => {}
    }
    if !field.required {
        nullable(&mut schema);
    }
    if let Some(default) = &field.default
        && !matches!(default.as_str(), Some("caller" | "today" | "now"))
    {
        schema["default"] = default.clone();
    }
    described(descriptor, name, field, schema)
}

/// The values of a field, whatever may stand in their place.
pub(super) fn base(field: &Field) -> Json {
    match field.kind {
        FieldKind::Text => json!({ "type": "string" }),
        FieldKind::Integer => json!({ "type": "integer", "format": "int64" }),
        FieldKind::Duration => json!({ "type": "integer", "format": "int64", "description": "Seconds." }),
        FieldKind::Minutes => json!({ "type": "integer", "format": "int64", "description": "Minutes." }),
        FieldKind::Percent => {
            json!({ "type": "integer", "format": "int64", "description": "Basis points: 1250 is 12.5 %." })
        }
        FieldKind::Decimal => {
            let scale = field.scale();
            let pattern = if scale == 0 {
                "^-?[0-9]{1,18}$".to_owned()
            } else {
                format!("^-?[0-9]{{1,{}}}([.][0-9]{{1,{scale}}})?$", 18 - u32::from(scale))
            };
            json!({ "type": "string", "format": "decimal", "pattern": pattern, "description": "An exact decimal." })
        }
        FieldKind::Money => json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["minor", "currency"],
            "properties": {
                "minor": { "type": "integer", "format": "int64", "description": "Minor units, such as cents." },
                "currency": { "type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217." },
            },
        }),
        FieldKind::Boolean => json!({ "type": "boolean" }),
        FieldKind::Date => json!({ "type": "string", "format": "date" }),
        FieldKind::Instant => json!({ "type": "string", "format": "date-time" }),
        FieldKind::Choice if !field.titles.is_empty() => {
            let named = |(value, title): (&String, &String)| format!("`{value}`: {title}");
            let titles: Vec<_> = field.titles.iter().map(named).collect();
            json!({ "type": "string", "enum": field.of, "description": format!("{}.", titles.join(", ")) })
        }
        FieldKind::Choice => json!({ "type": "string", "enum": field.of }),
        FieldKind::Reference | FieldKind::Person | FieldKind::Media => json!({ "type": "string", "format": "uuid" }),
        FieldKind::References | FieldKind::People | FieldKind::Files => {
            json!({ "type": "array", "items": { "type": "string", "format": "uuid" } })
        }
        FieldKind::Json => json!({}),
    }
}

pub(super) fn nullable(schema: &mut Json) {
    if let Some(kind) = schema["type"].as_str().map(str::to_owned) {
        schema["type"] = json!([kind, "null"]);
        if let Some(choices) = schema.get_mut("enum").and_then(Json::as_array_mut) {
            choices.push(Json::Null);
        }
    }
}

fn described(descriptor: &Descriptor, name: &str, field: &Field, mut schema: Json) -> Json {
    schema["title"] = json!(field.title.clone().unwrap_or_else(|| humanize(name)));
    let mut sentences: Vec<String> = Vec::new();
    sentences.extend(field.help.clone());
    if let Some(to) = &field.to {
        let target = if to.contains('/') { to.clone() } else { format!("{}/{to}", descriptor.id) };
        sentences.push(format!("Refers to `{target}`."));
    }
    if matches!(field.kind, FieldKind::Person | FieldKind::People) {
        sentences.push("People of the organization.".to_owned());
    }
    if let Some(formula) = &field.derived {
        sentences.push(format!("Calculated: `{formula}`."));
    }
    if let Some(sequence) = &field.sequence {
        let when = sequence.on.as_ref().map_or_else(|| "when it is made".to_owned(), |on| format!("by `{on}`"));
        sentences.push(format!("A number such as `{}`, given once, {when}.", sequence.example()));
    }
    if field.kind.is_media() {
        sentences.push("Ids of `POST /api/v1/media`.".to_owned());
        if !field.accept.is_empty() {
            sentences.push(format!("Takes {}.", field.accept.join(", ")));
        }
        if let Some(most) = field.max_bytes {
            sentences.push(format!("At most {} each.", lignaflow_core::media::spoken_size(most)));
        }
    }
    sentences.extend(schema["description"].as_str().map(str::to_owned));
    if !sentences.is_empty() {
        schema["description"] = json!(sentences.join(" "));
    }
    schema
}

/// A body that shows each kind of value, without references, which no example could get right.
fn example(collection: &Collection, partial: bool) -> Json {
    let mut object = Map::new();
    for (name, field) in &collection.fields {
        let writable = !field.is_read_only() && !collection.is_state(name.as_str());
        if !writable || field.refers() || (partial && name != &collection.display) {
            continue;
        }
        let value = match field.kind {
            FieldKind::Text if name == &collection.display || field.required => {
                let most = field.max.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
                json!(format!("{} 1", collection.title.one).chars().take(most).collect::<String>())
            }
            FieldKind::Choice => json!(field.of.first()),
            FieldKind::Money => json!({ "minor": 125_000, "currency": Currency::AUD }),
            FieldKind::Boolean => json!(true),
            FieldKind::Date => json!("2026-11-23"),
            FieldKind::Decimal => json!("2"),
            FieldKind::Integer | FieldKind::Duration | FieldKind::Minutes | FieldKind::Percent if field.required => {
                json!(field.min.unwrap_or(1).max(1))
            }
            _ => continue,
        };
        customs::member(&mut object, name.as_str(), value);
    }
    for (name, field) in &collection.fields {
        if matches!(field.kind, FieldKind::Reference | FieldKind::Media) && field.required && !partial {
            object.insert(name.as_str().to_owned(), json!(EXAMPLE_ID));
        }
    }
    Json::Object(object)
}
