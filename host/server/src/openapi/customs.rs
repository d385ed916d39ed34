//! Fields that organizations add: in the schemas of records, and the operations by which they are added.

use super::{answers, good, operation_id, schema_ref};
use lignaflow_core::caller::Permission;
use lignaflow_core::custom::{self, CUSTOM, CustomKind, LONGEST_HELP, LONGEST_TEXT, LONGEST_TITLE, MOST, MOST_OPTIONS};
use lignaflow_core::descriptor::{Collection, Descriptor};
use serde_json::{Map, Value as Json, json};

/// Puts a field among the properties of a record, those of the organization together.
pub(super) fn property(properties: &mut Map<String, Json>, name: &str, schema: Json) {
    match custom::within(name) {
        None => _ = properties.insert(name.to_owned(), schema),
        Some(own) => {
            let group = properties.entry(CUSTOM).or_insert_with(|| {
                json!({
                    "type": "object",
                    "title": "Own fields",
                    "description": "Fields that the organization added.",
                    "additionalProperties": false,
                    "properties": {},
                })
            });
            group["properties"][own] = schema;
        }
    }
}

/// Says that a field must be given.
pub(super) fn required(properties: &mut Map<String, Json>, required: &mut Vec<String>, name: &str) {
    let mut say = |name: &str| {
        if !required.iter().any(|known| known == name) {
            required.push(name.to_owned());
        }
    };
    match custom::within(name) {
        None => say(name),
        Some(own) => {
            say(CUSTOM);
            let group = &mut properties[CUSTOM];
            match group.get_mut("required").and_then(Json::as_array_mut) {
                Some(names) => names.push(json!(own)),
                None => group["required"] = json!([own]),
            }
        }
    }
}

/// Puts a value into an example of a record.
pub(super) fn member(object: &mut Map<String, Json>, name: &str, value: Json) {
    match custom::within(name) {
        None => _ = object.insert(name.to_owned(), value),
        Some(own) => object.entry(CUSTOM).or_insert_with(|| json!({}))[own] = value,
    }
}

/// The operations on the fields of one collection.
pub(super) fn add(descriptor: &Descriptor, collection: &Collection, paths: &mut Map<String, Json>) {
    let plugin = descriptor.id.as_str();
    let local = collection.name.as_str();
    let many = collection.title.many.to_lowercase();
    let root = format!("/api/v1/{plugin}/{local}/fields");
    let op = |verb: &str, summary: String, description: &str, permission: &str| {
        json!({
            "operationId": operation_id(&[plugin, verb, local]),
            "tags": [plugin],
            "summary": summary,
            "x-permission": permission,
            "description": format!("{description} Needs the permission `{permission}`."),
        })
    };
    let etag = json!({ "ETag": { "description": "The version, for `If-Match`.", "schema": { "type": "string" } } });
    let field =
        |status: &'static str, description: &str| (status, good(description, &schema_ref("CustomField"), &etag));
    let name = json!({ "name": "name", "in": "path", "required": true, "schema": { "type": "string" } });
    let if_match = json!({
        "name": "If-Match", "in": "header", "required": true, "schema": { "type": "string" }, "example": "\"1\"",
        "description": "The ETag that the field had when you read it; `*` for any.",
    });
    let flag = |name: &str, description: &str| json!({ "name": name, "in": "query", "schema": { "type": "boolean" }, "description": description });
    let body =
        |schema: &str| json!({ "required": true, "content": { "application/json": { "schema": schema_ref(schema) } } });

    let mut list = op(
        "list_fields_of",
        format!("Fields that the organization added to {many}"),
        "In their order. Records have them as `custom`.",
        Permission::READ,
    );
    list["parameters"] = json!([flag("archived", "`true` lists those that are archived, instead.")]);
    let listed = json!({
        "type": "object", "required": ["data"],
        "properties": { "data": { "type": "array", "items": schema_ref("CustomField") } },
    });
    list["responses"] = answers(vec![("200", good("The fields.", &listed, &Json::Null))], &["422"]);
    let mut create = op(
        "add_field_to",
        format!("Add a field to {many}"),
        &format!("A collection has at most {MOST}, archived ones among them."),
        Permission::ADMINISTER,
    );
    create["requestBody"] = body("NewCustomField");
    create["responses"] = answers(
        vec![(
            "201",
            good(
                "The field.",
                &schema_ref("CustomField"),
                &json!({ "ETag": { "schema": { "type": "string" } }, "Location": { "schema": { "type": "string" } } }),
            ),
        )],
        &["409", "415", "422"],
    );
    paths.insert(root.clone(), json!({ "get": list, "post": create }));

    let mut get = op(
        "get_field_of",
        format!("A field that the organization added to {many}"),
        "Archived or not.",
        Permission::READ,
    );
    get["parameters"] = json!([name]);
    get["responses"] = answers(vec![field("200", "The field.")], &[]);
    let mut change = op(
        "change_field_of",
        format!("Change a field of {many}"),
        "Its title, help, place and options, and whether it is required. Its name and type stay. An option that records \
         hold is not left out.",
        Permission::ADMINISTER,
    );
    change["parameters"] = json!([name, if_match]);
    change["requestBody"] = body("CustomFieldChange");
    change["responses"] =
        answers(vec![field("200", "The field as it stands now.")], &["409", "412", "415", "422", "423", "428"]);
    let mut archive = op(
        "archive_field_of",
        format!("Archive a field of {many}, or purge it"),
        "It is seen nowhere from then on; records keep what they hold in it. Purged, it goes with all of that, for good: \
         an archived one alone.",
        Permission::ADMINISTER,
    );
    archive["parameters"] =
        json!([name, if_match, flag("purge", "`true` takes an archived field and its values away.")]);
    let purged = json!({
        "type": "object", "required": ["records"],
        "properties": { "records": { "type": "integer", "description": "Records that held a value." } },
    });
    let (status, mut archived) = field("200", "The archived field; with `purge`, how many records held a value.");
    archived["content"]["application/json"]["schema"] = json!({ "anyOf": [schema_ref("CustomField"), purged] });
    archive["responses"] = answers(vec![(status, archived)], &["409", "412", "422", "428"]);
    paths.insert(format!("{root}/{{name}}"), json!({ "get": get, "patch": change, "delete": archive }));

    let mut restore = op(
        "restore_field_of",
        format!("Take an archived field of {many} back"),
        "With what records hold in it.",
        Permission::ADMINISTER,
    );
    let mut if_match = if_match;
    if_match["required"] = json!(false);
    restore["parameters"] = json!([name, if_match]);
    restore["responses"] = answers(vec![field("200", "The field.")], &["409", "412", "422"]);
    paths.insert(format!("{root}/{{name}}/restore"), json!({ "post": restore }));
}

/// What the operations speak of.
pub(super) fn schemas(schemas: &mut Map<String, Json>) {
    let option = json!({
        "type": "object", "additionalProperties": false, "required": ["value", "title"],
        "properties": {
            "value": { "type": "string", "maxLength": LONGEST_TITLE, "description": "What records hold." },
            "title": { "type": "string", "maxLength": LONGEST_TITLE, "description": "What people read." },
        },
    });
    let options = json!({ "type": "array", "minItems": 1, "maxItems": MOST_OPTIONS, "items": option });
    let title = json!({ "type": "string", "minLength": 1, "maxLength": LONGEST_TITLE });
    let help = json!({ "type": "string", "maxLength": LONGEST_HELP, "description": "A sentence under the control." });
    let kinds = CustomKind::ALL.map(CustomKind::as_str);
    let name = json!({
        "type": "string", "pattern": "^[a-z][a-z0-9]*(_[a-z0-9]+)*$", "maxLength": 40,
        "description": "As it stands within `custom`. It stays.",
    });
    let kind = json!({ "type": "string", "enum": kinds, "description": "It stays." });
    let scale = json!({
        "type": "integer", "minimum": 0, "maximum": 9, "description": "Digits after the point, of a decimal; 2 where left out. It stays.",
    });
    let max = json!({
        "type": "integer", "minimum": 1, "maximum": LONGEST_TEXT, "description": "Characters of a text; 200 where left out.",
    });
    let required = json!({ "type": "boolean", "description": "Of forms and the API; plugins write records without." });
    let place = json!({ "type": "integer", "minimum": 1, "description": "Among the fields of the collection." });
    let to =
        json!({ "type": "string", "description": "What a reference leads to, such as `projects/clients`. It stays." });
    let instant = json!({ "type": "string", "format": "date-time" });
    schemas.insert(
        "CustomField".into(),
        json!({
            "type": "object",
            "required": ["name", "title", "help", "type", "required", "place", "version", "created_at", "updated_at", "archived_at"],
            "properties": {
                "name": name, "title": title, "help": help, "type": kind, "required": required, "place": place,
                "scale": scale, "max": max, "options": options, "to": to,
                "version": { "type": "integer", "minimum": 1, "description": "The ETag." },
                "created_at": instant, "updated_at": instant,
                "archived_at": { "type": ["string", "null"], "format": "date-time" },
            },
        }),
    );
    schemas.insert(
        "NewCustomField".into(),
        json!({
            "type": "object", "additionalProperties": false, "required": ["name", "type"],
            "properties": {
                "name": name, "type": kind, "title": title, "help": help, "required": required,
                "scale": scale, "max": max, "options": options, "to": to,
            },
            "examples": [{ "name": "cost_centre", "type": "text", "title": "Cost centre" }],
        }),
    );
    schemas.insert(
        "CustomFieldChange".into(),
        json!({
            "type": "object", "additionalProperties": false,
            "properties": {
                "title": title, "help": help, "required": required, "place": place, "max": max, "options": options,
            },
            "examples": [{ "title": "Cost centre" }],
        }),
    );
}
