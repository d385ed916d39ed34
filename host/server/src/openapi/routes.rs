//! The operations that a plugin's own routes are.

use super::{answers, good, operation_id, schema_ref};
use lignaflow_core::caller::Permission;
use lignaflow_core::descriptor::{Descriptor, Route};
use serde_json::{Map, Value as Json, json};

pub(super) fn add(descriptor: &Descriptor, route: &Route, paths: &mut Map<String, Json>) {
    let plugin = descriptor.id.as_str();
    let held = if route.method.writes() { Permission::WRITE } else { Permission::READ };
    let permission = match &route.permission {
        Some(own) => format!("{held}` and `{plugin}.{own}"),
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
                    "data": { "type": "array", "items": { "type": "object", "description": format!("Columns of {plugin}.{name}.") } },
                    "next": { "type": ["string", "null"] },
                },
            }),
            &Json::Null,
        ),
        (_, _, Some(schema)) => good("The answer.", schema, &Json::Null),
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
        "x-permission": route.permission.as_ref().map_or_else(|| held.to_owned(), |own| format!("{plugin}.{own}")),
        "parameters": parameters,
        "responses": answers(vec![(status, success)], &["409", "412", "415", "422", "423", "502", "504", "507"]),
    });
    if let Some(schema) = &route.body {
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    let path = paths.entry(format!("/api/v1/{plugin}{}", route.path)).or_insert_with(|| json!({}));
    path[route.method.as_str().to_ascii_lowercase()] = operation;
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
