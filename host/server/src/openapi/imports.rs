//! The operations by which files become records of a collection.

use super::collections::{after_parameter, limit_parameter};
use super::{answers, good, operation_id, schema_ref};
use lignaflow_core::caller::Permission;
use lignaflow_core::descriptor::{Collection, Descriptor};
use lignaflow_records::imports::{ATOMIC_ROWS, MAX_FAULTS, State};
use serde_json::{Map, Value as Json, json};

pub(super) fn add(descriptor: &Descriptor, collection: &Collection, paths: &mut Map<String, Json>) {
    let plugin = descriptor.id.as_str();
    let local = collection.name.as_str();
    let many = collection.title.many.to_lowercase();
    let root = format!("/api/v1/{plugin}/{local}/imports");
    let op = |verb: &str, summary: String, description: &str| {
        json!({
            "operationId": operation_id(&[plugin, verb, local]),
            "tags": [plugin],
            "summary": summary,
            "x-permission": Permission::WRITE,
            "description": format!("{description} Needs the permission `{}`.", Permission::WRITE),
        })
    };
    let import =
        |status: &'static str, description: &str| (status, good(description, &schema_ref("Import"), &Json::Null));
    let id = json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string", "format": "uuid" } });

    let mut list = op(
        "list_imports",
        format!("List imports of {many}"),
        "Those that the caller brought, all for an administrator; the newest first.",
    );
    let listed = json!({
        "type": "object", "required": ["data", "next"],
        "properties": {
            "data": { "type": "array", "items": schema_ref("Import") },
            "next": { "type": ["string", "null"], "description": "The address of earlier imports." },
        },
    });
    list["parameters"] = json!([limit_parameter(), after_parameter()]);
    list["responses"] = answers(vec![("200", good("The imports.", &listed, &Json::Null))], &["422"]);

    let mut upload =
        op("upload", format!("Upload a file of {many}"), "CSV or XLSX, read into rows; nothing becomes a record yet.");
    let binary = json!({ "schema": { "type": "string", "format": "binary" } });
    let form = json!({ "schema": {
        "type": "object", "required": ["file"],
        "properties": { "file": { "type": "string", "format": "binary" } },
    } });
    upload["parameters"] = json!([
        { "name": "name", "in": "query", "schema": { "type": "string" }, "description": "The file's name." },
        { "name": "sheet", "in": "query", "schema": { "type": "string" }, "description": "The sheet of a workbook; the first that is shown." },
    ]);
    upload["requestBody"] = json!({ "required": true, "content": {
        "text/csv": binary,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": binary,
        "multipart/form-data": form,
    } });
    let mut made = good(
        "The import, with a sample of its rows and a mapping to begin with.",
        &schema_ref("Import"),
        &json!({ "Location": { "schema": { "type": "string" } } }),
    );
    made["headers"]["Location"]["description"] = json!("Where the import is.");
    upload["responses"] = answers(vec![("201", made)], &["409", "415", "422", "507"]);
    paths.insert(root.clone(), json!({ "get": list, "post": upload }));

    let mut get = op("get_import", format!("Read an import of {many}"), "What it is, and how far it has come.");
    get["parameters"] = json!([id, {
        "name": "wait", "in": "query", "schema": { "type": "integer", "minimum": 0, "maximum": 25 },
        "description": "Seconds to wait for the end of what is under way.",
    }]);
    get["responses"] = answers(vec![import("200", "The import.")], &["422"]);
    let mut map = op(
        "map_import",
        format!("Say how a file becomes {many}"),
        "The named parts of the mapping are replaced; the whole must fit.",
    );
    map["parameters"] = json!([id]);
    map["requestBody"] =
        json!({ "required": true, "content": { "application/json": { "schema": schema_ref("ImportMapping") } } });
    map["responses"] = answers(vec![import("200", "The import.")], &["409", "415", "422"]);
    let mut forget = op(
        "forget_import",
        format!("Forget an import of {many}"),
        "What it made stays, and is not undone by it any more.",
    );
    forget["parameters"] = json!([id]);
    forget["responses"] = answers(vec![("204", json!({ "description": "It is forgotten." }))], &["409"]);
    paths.insert(format!("{root}/{{id}}"), json!({ "get": get, "patch": map, "delete": forget }));

    let acts = [
        (
            "dry-run",
            "try_import",
            "Try an import",
            "Every fault by row and column, and what would be made and changed. Nothing is written.".to_owned(),
        ),
        (
            "run",
            "run_import",
            "Run an import",
            format!(
                "Up to {ATOMIC_ROWS} rows are one commit, all or nothing; more go part by part. A run that was stopped goes on."
            ),
        ),
        (
            "undo",
            "undo_import",
            "Undo an import",
            "What it made is archived, what it changed is set back; 409 names what has changed since.".to_owned(),
        ),
    ];
    for (verb, name, summary, description) in acts {
        let mut act = op(name, format!("{summary} of {many}"), &description);
        act["parameters"] = json!([id]);
        act["responses"] = answers(
            vec![import("200", "What it came to."), import("202", "It goes on: ask the import with `wait`.")],
            &["409", "422"],
        );
        paths.insert(format!("{root}/{{id}}/{verb}"), json!({ "post": act }));
    }
}

/// What the operations speak of.
pub(super) fn schemas(schemas: &mut Map<String, Json>) {
    let count = || json!({ "type": "integer", "minimum": 0 });
    let text_or_null = json!({ "type": ["string", "null"] });
    let target = json!({
        "type": ["object", "null"], "required": ["field"], "additionalProperties": false,
        "properties": {
            "field": { "type": "string", "description": "A field, `id`, or an amount with `.currency`." },
            "by": { "type": "string", "description": "Of references: `id` or a field of the record; of people: `id`, `name` or `email`." },
            "unit": { "type": "string", "enum": ["seconds", "minutes", "hours", "percent", "fraction"] },
        },
    });
    let mut constant = target.clone();
    constant["type"] = json!("object");
    constant["required"] = json!(["field", "value"]);
    constant["properties"]["value"] = json!({ "type": "string" });
    schemas.insert("ImportMapping".into(), json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "columns": { "type": "array", "items": target, "description": "One for each column, in order; null ignores it." },
            "constants": { "type": "array", "items": constant },
            "key": { "type": "array", "items": { "type": "string" }, "maxItems": 4, "description": "Fields by which a record that stands is known." },
            "dates": { "type": "string", "enum": ["iso", "dmy", "mdy"] },
            "decimal": { "type": "string", "enum": ["point", "comma"] },
            "empty": { "type": "string", "enum": ["keep", "clear"] },
            "faulty": { "type": "string", "enum": ["stop", "skip"] },
            "program": { "type": ["string", "null"], "description": "The program that the file is of, where it is brought whole." },
            "zone": { "type": ["string", "null"], "description": "IANA: where clocks showed what a program's file says." },
        },
        "examples": [{ "dates": "dmy", "faulty": "skip" }],
    }));
    let fault = json!({
        "type": "object", "required": ["row", "code", "message"],
        "properties": {
            "row": { "type": "integer", "minimum": 1 }, "column": text_or_null, "field": text_or_null,
            "code": { "type": "string" }, "message": { "type": "string" },
        },
    });
    let states: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
    let counted = ["rows", "created", "updated", "unchanged", "skipped", "archived", "set_back"];
    schemas.insert("Import".into(), json!({
        "type": "object",
        "required": ["id", "collection", "state", "file", "heads", "rows", "mapping", "progress", "fault_count"],
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "collection": { "type": "string" },
            "state": { "type": "string", "enum": states },
            "file": { "type": "string" },
            "shape": { "type": "object" },
            "heads": { "type": "array", "items": { "type": "string" } },
            "rows": count(),
            "mapping": schema_ref("ImportMapping"),
            "sample": { "type": "array", "items": {
                "type": "object",
                "properties": { "row": { "type": "integer" }, "cells": { "type": "array", "items": { "type": "string" } } },
            } },
            "progress": { "type": "object", "properties": counted.iter().map(|name| ((*name).to_owned(), count())).collect::<Map<String, Json>>() },
            "faults": { "type": "array", "maxItems": MAX_FAULTS, "items": fault },
            "fault_count": count(),
            "stopped": { "type": ["object", "null"], "properties": { "code": { "type": "string" }, "message": { "type": "string" } } },
            "made_by": { "type": ["string", "null"], "format": "uuid" },
            "made_at": { "type": "string", "format": "date-time" },
            "changed_at": { "type": "string", "format": "date-time" },
        },
    }));
}
