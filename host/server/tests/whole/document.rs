//! The composed API document, read back as what can be called.

use lignaflow_testkit::{Answer, Client, Method};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Identifiers by what they stand for: `projects/clients`, `person`, `token`, `session`.
pub(crate) type Ids = BTreeMap<&'static str, String>;

#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) permission: String,
    /// The content type and the example of its body.
    pub(crate) body: Option<(String, Json)>,
    /// What each reference of its body leads to: a collection, or `person`.
    pub(crate) references: BTreeMap<String, (String, bool)>,
    /// The names of its filters that take an id.
    pub(crate) filters: Vec<String>,
}

/// Every operation that somebody can call.
pub(crate) fn operations(document: &Json) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, described) in methods.as_object().expect("methods") {
            operations.push(operation(document, path, method, described));
        }
    }
    assert!(operations.len() > 40, "the document has {} operations", operations.len());
    operations
}

fn operation(document: &Json, path: &str, method: &str, described: &Json) -> Operation {
    let text = |key: &str| described[key].as_str().unwrap_or_else(|| panic!("{method} {path} has no {key}")).to_owned();
    let content = described["requestBody"]["content"].as_object().and_then(|content| content.iter().next());
    let schema = content.map(|(_, content)| resolved(document, &content["schema"])).unwrap_or_default();
    let mut references = BTreeMap::new();
    for (field, property) in schema["properties"].as_object().into_iter().flatten() {
        let many = property["items"]["format"] == "uuid";
        let description = property["description"].as_str().unwrap_or_default();
        let to = match description.split_once("Refers to `") {
            Some((_, rest)) => rest.split('`').next().unwrap_or_default().to_owned(),
            None if description.contains("People of the organization") => "person".to_owned(),
            None if property["format"] == "uuid" && field != "id" => format!("{field}s"),
            None => continue,
        };
        references.insert(field.clone(), (to, many));
    }
    let parameters = described["parameters"].as_array().cloned().unwrap_or_default();
    let filters = parameters.iter().filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned);
    Operation {
        id: text("operationId"),
        method: method.to_uppercase().parse().expect("a method"),
        path: path.to_owned(),
        permission: text("x-permission"),
        body: content.map(|(kind, _)| (kind.clone(), example(&schema))),
        references,
        filters: filters.filter(|name| name.starts_with("filter[") && !name.contains("archived_at")).collect(),
    }
}

fn resolved(document: &Json, schema: &Json) -> Json {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).cloned().unwrap_or_default(),
        None => schema.clone(),
    }
}

fn example(schema: &Json) -> Json {
    let whole = schema["examples"][0].clone();
    if whole.is_null() { json!({}) } else { whole }
}

/// What a field is called that an organization added.
pub(crate) const OWN_FIELD: &str = "ledger";

impl Operation {
    /// The collection that it is about, such as `projects/tasks`; nothing for the host's own.
    pub(crate) fn collection(&self) -> Option<String> {
        let parts: Vec<_> = self.path.trim_start_matches("/api/v1/").split('/').collect();
        let own = self.id.starts_with("host_");
        (!own && parts.len() >= 2).then(|| format!("{}/{}", parts[0], parts[1]))
    }

    /// Its path, with an id of what it is about.
    pub(crate) fn path_with(&self, ids: &Ids) -> String {
        let kind = match self.collection() {
            Some(collection) => collection,
            None if self.path.contains("/people/") => "person".to_owned(),
            None if self.path.contains("/invitations/") => "invitation".to_owned(),
            None if self.path.contains("/views/") => "view".to_owned(),
            None if self.path.contains("/tokens/") => "token".to_owned(),
            None if self.path.contains("/sessions/") => "session".to_owned(),
            None if self.path.contains("/documents/{id}") => "document".to_owned(),
            None if self.path.contains("/documents/templates/") => "plugin".to_owned(),
            None if self.path.contains("/media/") => "media".to_owned(),
            None if self.path.contains("/plugins/") => "plugin".to_owned(),
            None if self.path.contains("/webhooks/") => "webhook".to_owned(),
            None if self.path.contains("/jobs/") => "job".to_owned(),
            None if ["/notices/", "/mail/", "/links/", "/devices/"].iter().any(|part| self.path.contains(part)) => {
                "job".to_owned()
            }
            None => return self.path.replace("{role}", "nothing"),
        };
        // Of a plugin's collections that no record was made of, one that is not there will do.
        let nowhere = || self.collection().map(|_| "01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f".to_owned());
        let id = ids.get(kind.as_str()).cloned().or_else(nowhere);
        let id = &id.unwrap_or_else(|| panic!("no id for `{kind}` of {}", self.path));
        let path = self.path.replace("{id}", id).replace("{delivery}", "01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f");
        let path = path.replace("{link}", "01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f");
        path.replace("{name}", OWN_FIELD).replace("{plugin}", "nothing").replace("{template}", "nothing")
    }

    /// Its example, with what it refers to among `ids`.
    pub(crate) fn body_with(&self, ids: &Ids) -> Json {
        let mut body = self.body.as_ref().map_or(Json::Null, |(_, example)| example.clone());
        for (field, (to, many)) in &self.references {
            let Some(id) = ids.get(to.as_str()) else { continue };
            body[field] = if *many { json!([id]) } else { json!(id) };
        }
        body
    }

    /// Calls it with that body.
    pub(crate) async fn call(&self, api: &Client, path: &str, body: &Json) -> Answer {
        let mut request = api.request(self.method.clone(), path);
        if matches!(self.method, Method::PUT | Method::PATCH | Method::DELETE) {
            request = request.header("If-Match", "*");
        }
        match &self.body {
            Some((kind, _)) if kind == "application/json" => request = request.json(body),
            Some((kind, _)) => request = request.header("Content-Type", kind).body("no plugin at all"),
            None => {}
        }
        api.send(request).await
    }
}
