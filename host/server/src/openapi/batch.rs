//! The operation that carries many changes of a collection.

use super::{answers, fields, good, operation_id, schema_ref};
use crate::rest::batch::MAX_OPERATIONS;
use lignaflow_core::caller::Permission;
use lignaflow_core::descriptor::{Collection, Descriptor};
use serde_json::{Map, Value as Json, json};

pub(super) fn add(
    descriptor: &Descriptor,
    collection: &Collection,
    paths: &mut Map<String, Json>,
    schemas: &mut Map<String, Json>,
) {
    let plugin = descriptor.id.as_str();
    let local = collection.name.as_str();
    let full = format!("{plugin}.{local}");
    let many = collection.title.many.to_lowercase();
    schemas.insert(format!("{full}.batch"), input(descriptor, collection, &full));
    let operation = json!({
        "operationId": operation_id(&[plugin, "batch", local]),
        "tags": [plugin],
        "summary": format!("Change many {many} at once"),
        "x-permission": Permission::WRITE,
        "description": format!(
            "All or none, with every fault of every operation; with `partial=true` each on its own, in their order. \
             At most {MAX_OPERATIONS}. An operation may refer to what one before it makes. Needs the permission `{}`.",
            Permission::WRITE
        ),
        "parameters": [{
            "name": "partial", "in": "query", "schema": { "type": "boolean", "default": false },
            "description": "Whether each operation stands alone.",
        }],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": schema_ref(&format!("{full}.batch")) } },
        },
        "responses": answers(
            vec![("200", good("What became of each operation, in their order.", &results(&full), &Json::Null))],
            &["409", "412", "415", "422", "423", "502", "504", "507"],
        ),
    });
    paths.insert(format!("/api/v1/{plugin}/{local}/batch"), json!({ "post": operation }));
}

fn input(descriptor: &Descriptor, collection: &Collection, full: &str) -> Json {
    let one = |verb: &str, input: Json| {
        json!({
            "type": "object", "title": verb, "required": [verb], "additionalProperties": false,
            "properties": { verb: input },
        })
    };
    let mut operations = vec![
        one("create", schema_ref(&format!("{full}.new"))),
        one("update", standing(fields::input(descriptor, collection, true), true)),
        one("remove", standing(bare(), true)),
        one("restore", standing(bare(), false)),
    ];
    for transition in collection.verbs() {
        let input = standing(fields::input(descriptor, collection, true), false);
        operations.push(one(transition.name.as_str(), input));
    }
    let example = fields::input(descriptor, collection, false)["examples"][0].clone();
    json!({
        "type": "object", "required": ["operations"], "additionalProperties": false,
        "properties": {
            "operations": {
                "type": "array", "minItems": 1, "maxItems": MAX_OPERATIONS, "items": { "oneOf": operations },
            },
        },
        "examples": [{ "operations": [{ "create": example }] }],
    })
}

fn bare() -> Json {
    json!({ "type": "object", "additionalProperties": false, "properties": {} })
}

/// What is said of a record that stands: which one, and the version that was read.
fn standing(mut schema: Json, versioned: bool) -> Json {
    schema["properties"]["id"] = json!({ "type": "string", "format": "uuid" });
    schema["properties"]["version"] = json!({
        "description": "The version that you read; `\"*\"` for any.",
        "anyOf": [{ "type": "integer", "minimum": 1 }, { "const": "*" }],
    });
    schema["required"] = if versioned { json!(["id", "version"]) } else { json!(["id"]) };
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("examples");
    }
    schema
}

fn results(full: &str) -> Json {
    json!({
        "type": "object", "required": ["results"],
        "properties": {
            "results": {
                "type": "array",
                "items": {
                    "type": "object", "required": ["status"],
                    "properties": {
                        "status": { "type": "integer", "description": "As the single request would have it." },
                        "record": schema_ref(full),
                        "problem": schema_ref("Problem"),
                    },
                },
            },
        },
    })
}
