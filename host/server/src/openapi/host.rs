//! The host's own operations: utoipa's document, with the problems that each may answer and how callers prove who they
//! are.

use super::answers;
use crate::app::SESSION_COOKIE;
use serde_json::{Value as Json, json};

pub(super) fn document() -> Json {
    let mut document = serde_json::to_value(crate::rest::host::document()).unwrap_or_default();
    if let Some(paths) = document["paths"].as_object_mut() {
        for operation in paths.values_mut().filter_map(Json::as_object_mut).flat_map(serde_json::Map::values_mut) {
            if let Some(given) = operation["responses"].as_object().cloned() {
                let given = given.iter().map(|(status, answer)| (status.as_str(), answer.clone())).collect();
                operation["responses"] = answers(given, &["409", "415", "422"]);
            }
            if operation["x-permission"] == "none" {
                operation["security"] = json!([]);
            }
        }
    }
    document["components"]["schemas"]["LogEntry"] = log_entry();
    document["components"]["securitySchemes"] = json!({
        "token": { "type": "http", "scheme": "bearer", "description": "A token such as `lf_…`." },
        "session": { "type": "apiKey", "in": "cookie", "name": SESSION_COOKIE },
    });
    document["security"] = json!([{ "token": [] }, { "session": [] }]);
    document["tags"] = json!([{ "name": "host", "description": "Signing in, tokens, people, plugins." }]);
    document["info"] = json!({
        "title": "LignaFlow",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "What the host offers, and the records and routes of the plugins that are on.",
    });
    document
}

fn log_entry() -> Json {
    json!({
        "type": "object",
        "required": ["at", "by", "kind", "version", "before", "after"],
        "properties": {
            "at": { "type": "string", "format": "date-time" },
            "by": {
                "type": "object",
                "properties": {
                    "kind": { "type": "string", "enum": ["person", "plugin", "link", "anonymous"] },
                    "id": { "type": ["string", "null"] },
                },
            },
            "through": {
                "type": ["object", "null"],
                "description": "The plugin whose route made the change.",
                "properties": { "plugin": { "type": "string" }, "version": { "type": "string" } },
            },
            "request_id": { "type": "string", "format": "uuid" },
            "origin": { "type": "string" },
            "import": { "type": ["string", "null"], "format": "uuid", "description": "The import that made or undid it." },
            "kind": { "type": "string", "enum": ["insert", "update", "remove", "restore"] },
            "transition": { "type": ["string", "null"] },
            "version": { "type": "integer" },
            "before": { "type": "object", "description": "The fields that differ, as they were." },
            "after": { "type": "object", "description": "As they became; of a new record all of them." },
        },
    })
}
