//! The operations that every collection has.

use super::fields::Known;
use super::{answers, fields, good, operation_id, rows, schema_ref};
use crate::rest::accept::Format;
use crate::rest::query::{DEFAULT_LIMIT, MAX_LIMIT};
use lignaflow_core::caller::Permission;
use lignaflow_core::catalog::SystemField;
use lignaflow_core::descriptor::{Collection, Descriptor, FieldKind, humanize};
use serde_json::{Map, Value as Json, json};

pub(super) fn add(
    descriptor: &Descriptor,
    collection: &Collection,
    known: &Known<'_>,
    paths: &mut Map<String, Json>,
    schemas: &mut Map<String, Json>,
) {
    let plugin = descriptor.id.as_str();
    let local = collection.name.as_str();
    let full = format!("{plugin}.{local}");
    schemas.insert(full.clone(), fields::record(descriptor, collection, known));
    schemas.insert(format!("{full}.row"), rows::row(collection));
    schemas.insert(format!("{full}.new"), fields::input(descriptor, collection, false));
    schemas.insert(format!("{full}.change"), fields::input(descriptor, collection, true));
    let one = collection.title.one.to_lowercase();
    let many = collection.title.many.to_lowercase();
    let root = format!("/api/v1/{plugin}/{local}");
    let etag = json!({ "ETag": { "description": "The version, for `If-Match`.", "schema": { "type": "string" } } });
    let record = schema_ref(&full);
    let op = |verb: &str, summary: String, permission: &str| {
        json!({
            "operationId": operation_id(&[plugin, verb, local]),
            "tags": [plugin],
            "summary": summary,
            "x-permission": permission,
            "description": format!("Needs the permission `{permission}`."),
        })
    };

    let mut list = op("list", format!("List {many}"), Permission::READ);
    list["parameters"] = Json::Array(list_parameters(collection));
    list["responses"] = answers(
        vec![(
            "200",
            good(
                "A page, in the order asked for.",
                &json!({
                    "type": "object",
                    "required": ["data", "next"],
                    "properties": {
                        "data": { "type": "array", "items": record },
                        "next": { "type": ["string", "null"], "description": "The address of the next page." },
                        "count": { "type": "integer", "description": "With `count=true`: all that match." },
                    },
                }),
                &Json::Null,
            ),
        )],
        &["406", "422"],
    );
    as_files(&mut list);

    let made = json!({
        "ETag": { "schema": { "type": "string" } },
        "Location": { "schema": { "type": "string" } },
    });
    let mut create = op("create", format!("Create a {one}"), Permission::WRITE);
    create["requestBody"] = body(&format!("{full}.new"));
    create["responses"] = answers(
        vec![
            ("201", good("The record as it was made.", &record, &made)),
            ("200", good("The same create came before: what it made, as it was answered then.", &record, &made)),
        ],
        &["409", "415", "422", "423", "502", "504", "507"],
    );
    paths.insert(root.clone(), json!({ "get": list, "post": create }));

    let mut summary = op("summarize", format!("Count and sum {many}"), Permission::READ);
    summary["parameters"] = Json::Array(summary_parameters(collection));
    summary["responses"] = answers(
        vec![(
            "200",
            good(
                "A row for each group. Sums of money are by currency as well.",
                &json!({
                    "type": "object",
                    "required": ["data", "next"],
                    "properties": {
                        "data": { "type": "array", "items": schema_ref(&format!("{full}.row")) },
                        "next": { "type": ["string", "null"], "description": "The address of further groups." },
                    },
                }),
                &Json::Null,
            ),
        )],
        &["406", "422"],
    );
    as_files(&mut summary);
    paths.insert(format!("{root}/summary"), json!({ "get": summary }));

    let id = json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string", "format": "uuid" } });
    let if_match = json!({
        "name": "If-Match", "in": "header", "required": true, "schema": { "type": "string" }, "example": "\"1\"",
        "description": "The ETag that the record had when you read it; `*` for any.",
    });
    let mut if_match_optional = if_match.clone();
    if_match_optional["required"] = json!(false);
    let writes = &["409", "412", "415", "422", "423", "428", "502", "504", "507"];

    let mut get = op("get", format!("Read a {one}"), Permission::READ);
    get["parameters"] = json!([id, fields_parameter(), expand_parameter(collection), {
        "name": "If-None-Match", "in": "header", "schema": { "type": "string" },
    }]);
    get["responses"] = answers(
        vec![("200", good("The record.", &record, &etag)), ("304", json!({ "description": "Unchanged." }))],
        &["422"],
    );
    let mut update = op("update", format!("Change a {one}"), Permission::WRITE);
    update["parameters"] = json!([id, if_match]);
    update["requestBody"] = body(&format!("{full}.change"));
    update["responses"] = answers(vec![("200", good("The record as it stands now.", &record, &etag))], writes);
    let mut remove = op("archive", format!("Archive a {one}"), Permission::WRITE);
    remove["parameters"] = json!([id, if_match]);
    remove["responses"] = answers(vec![("200", good("The archived record.", &record, &etag))], writes);
    paths.insert(format!("{root}/{{id}}"), json!({ "get": get, "patch": update, "delete": remove }));

    let mut restore = op("restore", format!("Take an archived {one} back"), Permission::WRITE);
    restore["parameters"] = json!([id, if_match_optional]);
    restore["responses"] = answers(vec![("200", good("The record.", &record, &etag))], writes);
    paths.insert(format!("{root}/{{id}}/restore"), json!({ "post": restore }));

    let mut revert = op("revert", format!("Set a {one} back to what it was"), Permission::WRITE);
    revert["description"] = json!(format!(
        "To what its fields held at `version`, as the history counts them: those that a client may set. States are \
         changed by their transitions alone. Needs the permission `{}`.",
        Permission::WRITE
    ));
    revert["parameters"] = json!([id, if_match_optional]);
    revert["requestBody"] = json!({
        "required": true,
        "content": { "application/json": { "schema": {
            "type": "object", "required": ["version"], "additionalProperties": false,
            "properties": { "version": { "type": "integer", "minimum": 1 } },
            "examples": [{ "version": 1 }],
        } } },
    });
    revert["responses"] = answers(vec![("200", good("The record as it stands now.", &record, &etag))], writes);
    paths.insert(format!("{root}/{{id}}/revert"), json!({ "post": revert }));

    let mut history = op("history", format!("What happened to a {one}"), Permission::READ);
    history["parameters"] = json!([id, limit_parameter(), after_parameter()]);
    history["responses"] = answers(
        vec![(
            "200",
            good(
                "Changes, the newest first.",
                &json!({
                    "type": "object",
                    "required": ["data", "next"],
                    "properties": {
                        "data": { "type": "array", "items": schema_ref("LogEntry") },
                        "next": { "type": ["string", "null"], "description": "The address of earlier changes." },
                        "files": {
                            "type": "object",
                            "additionalProperties": { "type": "string" },
                            "description": "What the files are called that the changes speak of, by id.",
                        },
                    },
                }),
                &Json::Null,
            ),
        )],
        &["422"],
    );
    paths.insert(format!("{root}/{{id}}/history"), json!({ "get": history }));

    for transition in collection.verbs() {
        let name = transition.name.as_str();
        let permission = transition
            .permission
            .as_ref()
            .map_or_else(|| Permission::WRITE.to_owned(), |permission| format!("{plugin}.{permission}"));
        let title = transition.title.clone().unwrap_or_else(|| humanize(name));
        let mut operation = op(name, format!("{title} a {one}"), &permission);
        operation["description"] = json!(format!(
            "From {} to {}. Needs the permission `{permission}`.",
            transition.from.join(" or "),
            transition.to
        ));
        operation["parameters"] = json!([id, if_match_optional]);
        operation["requestBody"] = body(&format!("{full}.change"));
        operation["requestBody"]["required"] = json!(false);
        operation["responses"] = answers(vec![("200", good("The record as it stands now.", &record, &etag))], writes);
        paths.insert(format!("{root}/{{id}}/{name}"), json!({ "post": operation }));
    }
}

/// The formats that an answer comes in beside JSON, whole.
fn as_files(operation: &mut Json) {
    let content = &mut operation["responses"]["200"]["content"];
    for format in [Format::Csv, Format::Xlsx] {
        content[format.media_type()] = json!({ "schema": { "type": "string", "format": "binary" } });
    }
}

fn body(schema: &str) -> Json {
    json!({ "required": true, "content": { "application/json": { "schema": schema_ref(schema) } } })
}

fn list_parameters(collection: &Collection) -> Vec<Json> {
    let mut parameters = filters(collection);
    parameters.extend([
        json!({
            "name": "sort", "in": "query", "schema": { "type": "string" },
            "description": "Paths, comma-separated; `-` before one sorts it downwards.",
            "example": format!("-{}", collection.display),
        }),
        limit_parameter(),
        after_parameter(),
        json!({ "name": "count", "in": "query", "schema": { "type": "boolean" }, "description": "Count all that match, too." }),
        zone_parameter(),
        fields_parameter(),
        expand_parameter(collection),
    ]);
    parameters
}

pub(super) fn limit_parameter() -> Json {
    json!({
        "name": "limit", "in": "query",
        "schema": { "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT },
    })
}

pub(super) fn after_parameter() -> Json {
    json!({ "name": "after", "in": "query", "schema": { "type": "string" }, "description": "From `next`." })
}

/// Whose days a question speaks of.
fn zone_parameter() -> Json {
    json!({
        "name": "zone", "in": "query", "schema": { "type": "string" }, "example": "Europe/London",
        "description": "The zone of the tz database by whose days relative dates are understood, and instants grouped; \
                        one's own where left out.",
    })
}

fn summary_parameters(collection: &Collection) -> Vec<Json> {
    let mut parameters = filters(collection);
    let text = |name: &str, description: &str| json!({ "name": name, "in": "query", "schema": { "type": "string" }, "description": description });
    parameters.push(text("group", "Paths, comma-separated; dates and instants with a bucket, such as `start:month`."));
    parameters.push(text("count", "`id` counts records; another path counts those that have it."));
    parameters.push(text("distinct", "Paths whose different values are counted."));
    parameters.push(text("sum", "Paths to sum."));
    parameters.push(text("average", "Paths to take the exact mean of."));
    parameters.push(text("min", "Paths to take the smallest of."));
    parameters.push(text("max", "Paths to take the largest of."));
    parameters.push(text("sort", "Groups or measures, `-` before one sorts it downwards."));
    parameters.push(zone_parameter());
    parameters.push(json!({
        "name": "round", "in": "query",
        "schema": { "type": "string", "pattern": "^(nearest|up|down):([1-9]|[1-5][0-9]|60)$" },
        "example": "nearest:15",
        "description": "How durations are rounded before they are measured, each by itself: which way, and to how many minutes.",
    }));
    parameters.push(json!({
        "name": "limit", "in": "query",
        "schema": {
            "type": "integer", "minimum": 1, "maximum": lignaflow_core::query::MAX_GROUPS,
            "default": lignaflow_core::query::MAX_LIMIT,
        },
    }));
    parameters.push(after_parameter());
    parameters
}

fn filters(collection: &Collection) -> Vec<Json> {
    let mut parameters = Vec::new();
    if collection.fields.values().any(|field| field.search) {
        parameters.push(json!({
            "name": "q", "in": "query", "schema": { "type": "string" },
            "description": "Words that must all stand in the searched fields.",
        }));
    }
    for (name, field) in &collection.fields {
        if field.kind == FieldKind::Json {
            continue;
        }
        if field.kind.is_media() {
            parameters.push(json!({
                "name": format!("filter[{name}][is_null]"), "in": "query", "schema": { "type": "boolean" },
                "description": "Whether it holds no file.",
            }));
            continue;
        }
        let operators = match field.kind {
            FieldKind::Boolean | FieldKind::Reference | FieldKind::Person => "ne, in, is_null",
            FieldKind::References | FieldKind::People => "ne, in",
            FieldKind::Text => "ne, lt, lte, gt, gte, in, contains, starts_with, is_null",
            _ => "ne, lt, lte, gt, gte, in, is_null",
        };
        let periods = match field.kind {
            FieldKind::Date | FieldKind::Instant => ", or within a period such as `this-week` or `last-30-days`",
            _ => "",
        };
        let mut schema = json!({ "type": "string" });
        if field.kind == FieldKind::Choice {
            schema["enum"] = json!(field.of);
        }
        parameters.push(json!({
            "name": format!("filter[{name}]"), "in": "query", "schema": schema,
            "description": format!("Equal to{periods}; `filter[{name}][…]` with {operators} for more."),
        }));
    }
    parameters.push(json!({
        "name": "filter[archived_at][is_null]", "in": "query", "schema": { "type": "boolean" },
        "description": "`false` lists archived records; they are left out otherwise.",
    }));
    parameters
}

fn fields_parameter() -> Json {
    let system: Vec<_> = SystemField::ALL.iter().map(|field| field.as_str()).collect();
    json!({
        "name": "fields", "in": "query", "schema": { "type": "string" },
        "description": format!("Fields to show, comma-separated, also {}.", system.join(", ")),
    })
}

fn expand_parameter(collection: &Collection) -> Json {
    let named = |of: fn(FieldKind) -> bool| -> Vec<&str> {
        collection.fields.iter().filter(|(_, field)| of(field.kind)).map(|(name, _)| name.as_str()).collect()
    };
    let references = named(|kind| matches!(kind, FieldKind::Reference | FieldKind::References));
    let mut people = named(|kind| matches!(kind, FieldKind::Person | FieldKind::People));
    people.push(SystemField::CreatedBy.as_str());
    json!({
        "name": "expand", "in": "query", "schema": { "type": "string" },
        "description": format!(
            "References to show as the records they lead to, comma-separated, to a depth of 3: {}. People to show with \
             their names: {}.",
            if references.is_empty() { "there are none here".to_owned() } else { references.join(", ") },
            people.join(", ")
        ),
    })
}
