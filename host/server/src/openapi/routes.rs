//! The operations that a plugin's own routes are.

use super::fields::{self, Known};
use super::{answers, good, operation_id, schema_ref};
use crate::rest::accept::Format;
use lignaflow_core::caller::Permission;
use lignaflow_core::descriptor::{Descriptor, Route};
use lignaflow_core::name::LocalName;
use serde_json::{Map, Value as Json, json};

pub(super) fn add(descriptor: &Descriptor, route: &Route, known: &Known<'_>, paths: &mut Map<String, Json>) {
    let plugin = descriptor.id.as_str();
    let held = if route.method.writes() { Permission::WRITE } else { Permission::READ };
    let permission = match &route.permission {
        Some(own) => format!("{held}` and `{}", own.full(&descriptor.id)),
        None => held.to_owned(),
    };
    let mut parameters: Vec<Json> = route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "format": "uuid" } })
        })
        .collect();
    for (name, schema) in &route.query {
        parameters.push(json!({ "name": name, "in": "query", "schema": schema }));
    }
    let success = match (&route.answer.record, &route.answer.records, &route.answer.json) {
        (Some(name), _, _) => good("The record.", &schema_ref(&format!("{plugin}.{name}")), &Json::Null),
        (_, Some(name), _) => good(
            "Records.",
            &json!({
                "type": "object",
                "required": ["data", "next"],
                "properties": {
                    "data": { "type": "array", "items": columns(descriptor, name, known) },
                    "next": { "type": ["string", "null"] },
                },
            }),
            &Json::Null,
        ),
        (_, _, Some(schema)) => {
            let mut answer = good("The answer.", &whole(schema), &Json::Null);
            if !route.answer.table.is_empty() {
                for format in [Format::Csv, Format::Xlsx] {
                    answer["content"][format.media_type()] = json!({ "schema": { "type": "string" } });
                }
            }
            answer
        }
        _ if route.answer.file.is_some() => json!({
            "description": "The file.",
            "content": { route.answer.file.as_deref().unwrap_or_default(): { "schema": { "type": "string" } } },
        }),
        _ if route.answer.link => good("The link's address, for whom it is for.", &link(), &Json::Null),
        _ => json!({ "description": "Done." }),
    };
    let status = if route.answer == lignaflow_core::descriptor::Answer::default() { "204" } else { "2XX" };
    let mut operation = json!({
        "operationId": operation_id(&[plugin, "route", route.name.as_str()]),
        "tags": [plugin],
        "summary": route.title,
        "description": format!("Needs the permission `{permission}`."),
        "x-permission": route.permission.as_ref().map_or_else(|| held.to_owned(), |own| own.full(&descriptor.id)),
        "parameters": parameters,
        "responses": answers(vec![(status, success)], &["409", "412", "415", "422", "423", "502", "504", "507"]),
    });
    if let Some(schema) = &route.body {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": whole(schema) } } });
    }
    let path = paths.entry(format!("/api/v1/{plugin}{}", route.path)).or_insert_with(|| json!({}));
    path[route.method.as_str().to_ascii_lowercase()] = operation;
}

/// How deep a definition may hold itself before the document says no more of it.
const DEPTH: usize = 6;

/// The schema with what it defines for itself in the places that refer to it: within a document, `#` is the document.
fn whole(schema: &Json) -> Json {
    let mut bare = schema.clone();
    let Some(definitions) = bare.as_object_mut().and_then(|object| object.remove("$defs")) else { return bare };
    put_in(&mut bare, &definitions, DEPTH);
    bare
}

fn put_in(schema: &mut Json, definitions: &Json, depth: usize) {
    let named =
        schema["$ref"].as_str().and_then(|to| to.strip_prefix("#/$defs/")).map(|name| definitions[name].clone());
    if let Some(definition) = named {
        *schema = if depth == 0 { json!({}) } else { definition };
        return put_in(schema, definitions, depth.saturating_sub(1));
    }
    match schema {
        Json::Object(object) => object.values_mut().for_each(|part| put_in(part, definitions, depth)),
        Json::Array(parts) => parts.iter_mut().for_each(|part| put_in(part, definitions, depth)),
        _ => {}
    }
}

/// Of a record what the route selects, which need not be all of it.
fn columns(descriptor: &Descriptor, name: &LocalName, known: &Known<'_>) -> Json {
    let mut schema = match descriptor.collection(name.as_str()) {
        Some(collection) => fields::record(descriptor, collection, known),
        None => json!({ "type": "object" }),
    };
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("required");
        schema.remove("examples");
    }
    schema["description"] = json!(format!("Columns of {}.{name}.", descriptor.id));
    schema
}

/// The address of a link.
fn link() -> Json {
    json!({
        "type": "object",
        "required": ["id", "url", "expires_at"],
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "url": { "type": "string", "format": "uri" },
            "expires_at": { "type": "string", "format": "date-time" },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_schema_defines_for_itself_stands_where_it_is_referred_to() {
        let schema = json!({
            "type": "array", "items": { "$ref": "#/$defs/figure" },
            "$defs": { "figure": { "type": "object", "properties": { "of": { "$ref": "#/$defs/figure" } } } },
        });
        let whole = whole(&schema);
        assert_eq!(whole["items"]["properties"]["of"]["type"], "object");
        let text = whole.to_string();
        assert!(!text.contains("$ref") && !text.contains("$defs"), "{text}");
        let plain = json!({ "type": "object" });
        assert_eq!(super::whole(&plain), plain);
    }
}
