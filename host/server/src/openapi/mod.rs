//! The API document: what the host offers (utoipa) and, per organization, what its enabled plugins bring. Composed from
//! the live registry, so that it never speaks of what is not there.

mod batch;
mod collections;
mod customs;
mod fields;
mod host;
mod imports;
mod routes;
mod rows;
mod swagger;

pub use swagger::router;

use crate::rest::repeat;
use lignaflow_core::id::OrganizationId;
use lignaflow_core::name::{CollectionName, PluginId};
use lignaflow_core::repeat::RepeatKey;
use lignaflow_runtime::Snapshot;
use serde_json::{Map, Value as Json, json};

/// The document for an organization, or of the host alone for nobody; of the fields that the snapshot shows.
pub fn document(snapshot: &Snapshot, organization: Option<OrganizationId>, public_url: &str) -> Json {
    let mut document = host::document();
    document["servers"] = json!([{ "url": public_url }]);
    let mut paths = take(&mut document["paths"]);
    let mut schemas = take(&mut document["components"]["schemas"]);
    let mut tags = document["tags"].as_array().cloned().unwrap_or_default();
    let on = |id: &PluginId| organization.is_some_and(|organization| snapshot.is_enabled(organization, id));
    let known = fields::Known(&|name| on(&name.plugin) && snapshot.catalog.schema(name).is_some());
    for (id, plugin) in snapshot.plugins.iter() {
        if !on(id) {
            continue;
        }
        let descriptor = plugin.descriptor();
        tags.push(json!({ "name": id.as_str(), "description": about(descriptor) }));
        for collection in &descriptor.collections {
            // What the caller does not see is not told of.
            let name = CollectionName::new(id, &collection.name);
            let collection = snapshot.catalog.schema(&name).map_or(collection, |seen| &seen.collection);
            collections::add(descriptor, collection, &known, &mut paths, &mut schemas);
            batch::add(descriptor, collection, &mut paths, &mut schemas);
            imports::add(descriptor, collection, &mut paths);
            customs::add(descriptor, collection, &mut paths);
        }
        for route in &descriptor.routes {
            routes::add(descriptor, route, &known, &mut paths);
        }
    }
    for (path, operations) in &mut paths {
        if let Some(operation) = operations.get_mut("post").filter(|_| repeat::takes_a_key(path)) {
            take_a_key(operation);
        }
    }
    schemas.insert("NamedPerson".to_owned(), fields::person());
    imports::schemas(&mut schemas);
    customs::schemas(&mut schemas);
    document["paths"] = Json::Object(paths);
    document["components"]["schemas"] = Json::Object(schemas);
    document["tags"] = Json::Array(tags);
    document
}

/// Says that a request may be sent twice.
fn take_a_key(operation: &mut Json) {
    let parameter = json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "schema": { "type": "string", "minLength": 1, "maxLength": RepeatKey::MAX, "pattern": "^[!-~]+$" },
        "description": "A name of your own for this request: sent again under it within 24 hours, it is done once, and \
                        answered with the same bytes and `Idempotent-Replayed: true`.",
    });
    match operation.get_mut("parameters").and_then(Json::as_array_mut) {
        Some(parameters) => parameters.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}

fn about(descriptor: &lignaflow_core::descriptor::Descriptor) -> String {
    let first = format!("{} {}", descriptor.title, descriptor.version);
    if descriptor.description.is_empty() { first } else { format!("{first}. {}", descriptor.description) }
}

fn take(json: &mut Json) -> Map<String, Json> {
    match json.take() {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

/// A reference to a schema of the document.
fn schema_ref(name: &str) -> Json {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// An operation's answers: what it gives where all is well, and a problem for each status that may come instead.
fn answers(good: Vec<(&str, Json)>, problems: &[&str]) -> Json {
    let mut all = Map::new();
    for (status, answer) in good {
        all.insert(status.to_owned(), answer);
    }
    for status in problems.iter().chain(&["400", "401", "403", "404", "413", "429", "500", "503"]) {
        let description = match *status {
            "400" => "The request cannot be parsed.",
            "401" => "Nobody is signed in, or the token is not good.",
            "403" => "The caller may not.",
            "404" => "There is no such thing, or it belongs to another organization.",
            "406" => "None of the formats in `Accept` is offered.",
            "409" => "In conflict with what is there.",
            "412" => "Changed since it was read.",
            "413" => "The body is too large.",
            "415" => "The body's type is not understood.",
            "422" => "The input is not valid: every fault at once.",
            "423" => "Locked by its state, or archived.",
            "428" => "If-Match is required.",
            "429" => "Too many requests.",
            "502" => "The plugin failed.",
            "503" => "Not now; try again after `Retry-After` seconds.",
            "504" => "The plugin ran out of time.",
            "507" => "There is no room left.",
            _ => "Something went wrong.",
        };
        all.entry((*status).to_owned()).or_insert_with(|| {
            json!({
                "description": description,
                "content": { "application/problem+json": { "schema": schema_ref("Problem") } },
            })
        });
    }
    Json::Object(all)
}

/// A good answer of JSON.
fn good(description: &str, schema: &Json, headers: &Json) -> Json {
    let mut answer = json!({
        "description": description,
        "content": { "application/json": { "schema": schema } },
    });
    if headers.is_object() {
        answer["headers"] = headers.clone();
    }
    answer
}

/// `projects` and `list-tasks` as one operation id, `projects_list_tasks`.
fn operation_id(parts: &[&str]) -> String {
    parts.join("_").replace(['-', '/'], "_")
}
