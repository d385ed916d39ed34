//! What a delivery says.

use lignaflow_core::Id;
use lignaflow_core::caller::Principal;
use lignaflow_core::value::instant_text;
use lignaflow_records::rebuild::Rebuilt;
use serde_json::{Value as Json, json};

/// The body: the same at every try, but for what the webhook's owner may see.
pub fn body(event: Id, webhook: Id, organization: Id, change: &Rebuilt) -> Json {
    let entry = &change.entry;
    let mut body = json!({
        "id": event.to_string(),
        "webhook": webhook.to_string(),
        "organization": organization.to_string(),
        "collection": entry.collection.to_string(),
        "record": entry.record.to_string(),
        "kind": "gone",
        "before": null,
        "after": null,
    });
    let Some(states) = &change.states else { return body };
    let (by, id) = match &entry.principal {
        Principal::Person(person) => ("person", json!(person.to_string())),
        Principal::Plugin(plugin) => ("plugin", json!(plugin.as_str())),
        Principal::Link(link) => ("link", json!(link.to_string())),
        Principal::Anonymous => ("anonymous", Json::Null),
    };
    body["kind"] = json!(entry.kind.as_str());
    body["transition"] = json!(entry.transition);
    body["version"] = json!(entry.version);
    body["at"] = json!(instant_text(entry.at));
    body["by"] = json!({ "kind": by, "id": id });
    body["request_id"] = json!(entry.request.to_string());
    body["changed"] = json!(states.changed);
    body["before"] = json!(states.before);
    body["after"] = json!(states.after);
    body
}
