//! Access rules bind the caller in memory as they do in the host.

use super::MemoryHost;
use crate::prelude::*;
use serde_json::json;

const HOURS: &str = r#"
id = "hours"
version = "0.1.0"
title = "Hours"
api = "0.1"

[grants]
interfaces = ["records"]

[permissions]
see-all = "See all"
see-rates = "See rates"

[[collections]]
name = "sites"
title = { one = "Site", many = "Sites" }
display = "name"
[collections.access]
read = "members includes caller or has(see-all)"
[collections.fields]
name = { type = "text", required = true }
members = { type = "people" }

[[collections]]
name = "entries"
title = { one = "Entry", many = "Entries" }
display = "note"
[collections.access]
read = "user = caller or site.members includes caller or has(see-all)"
write = "user = caller or has(see-all)"
[collections.fields]
note = { type = "text", required = true }
user = { type = "person", default = "caller" }
site = { type = "reference", to = "sites" }
minutes = { type = "integer" }
rate = { type = "money", read = "has(see-rates)" }
review = { type = "text", read = "user = caller or has(see-all)", write = "has(see-all)" }

[[routes]]
name = "list"
title = "What somebody sees"
method = "GET"
path = "/seen/{who}"

[[routes]]
name = "note"
title = "Notes what the caller could not"
method = "POST"
path = "/entries/{id}/note"
answer = { record = "entries" }
"#;

struct Hours;

impl Plugin for Hours {
    fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
        let entries = select("entries").columns(["note", "site.name", "review"]).sort("note");
        match (request.route.as_str(), request.parameter("who")) {
            ("note", _) => {
                let id = request.id("id")?;
                Ok(reply::saved("entries", id).with_writes([update("entries", id).set("review", "Seen")]))
            }
            (_, Some("caller")) => Ok(reply::found(entries)),
            (_, Some("plugin")) => Ok(reply::found(entries.as_plugin())),
            (_, Some("rates")) => Ok(reply::found(select("entries").columns(["rate"]))),
            (_, Some("sum")) => Ok(reply::summarized(summarize("entries").measure(sum("minutes").named("minutes")))),
            (_, Some(id)) => {
                let id = id.parse().map_err(|_| Fault::not_found("entry"))?;
                reply::json(&records::get_for_caller("entries", id, &["note"])?.is_some())
            }
            _ => Ok(reply::empty()),
        }
    }
}

struct Scene {
    host: MemoryHost<Hours>,
    own: Id,
    shared: Id,
    hidden: Id,
    roof: Id,
}

/// Alex works on the kitchen; Ben, who did most, on the roof too.
fn scene() -> Scene {
    let mut host = MemoryHost::<Hours>::new(HOURS);
    let (alex, ben) = (host.caller.person().unwrap(), host.add_person("Ben"));
    host.caller.permissions.extend(["hours.see-all", "hours.see-rates"].map(str::to_owned));
    let kitchen = host.insert("sites", json!({ "name": "Kitchen", "members": [alex, ben] })).unwrap();
    let roof = host.insert("sites", json!({ "name": "Roof", "members": [ben] })).unwrap();
    let mut entry = |note: &str, user: Id, site: Id, minutes: i64| {
        let rate = json!({ "minor": 100, "currency": "AUD" });
        let body =
            json!({ "note": note, "user": user, "site": site, "minutes": minutes, "rate": rate, "review": "Fine" });
        host.insert("entries", body).unwrap()
    };
    let own = entry("Fit", alex, roof, 1);
    let shared = entry("Help", ben, kitchen, 2);
    let hidden = entry("Slate", ben, roof, 4);
    host.caller.permissions.retain(|held| !held.starts_with("hours."));
    Scene { host, own, shared, hidden, roof }
}

#[test]
fn a_route_finds_for_the_caller_what_they_may_read() {
    let Scene { mut host, shared, hidden, .. } = scene();
    let seen = host.get("/seen/caller", &[]).unwrap();
    let rows = [
        json!({ "note": "Fit", "site.name": null, "review": "Fine" }),
        json!({ "note": "Help", "site.name": "Kitchen", "review": null }),
    ];
    assert_eq!(seen.json()["data"], json!(rows));
    assert_eq!(host.get("/seen/plugin", &[]).unwrap().json()["data"].as_array().unwrap().len(), 3);
    assert_eq!(host.get("/seen/sum", &[]).unwrap().json()["data"], json!([{ "minutes": 3 }]));
    assert_eq!(host.get(&format!("/seen/{shared}"), &[]).unwrap().json(), &json!(true));
    assert_eq!(host.get(&format!("/seen/{hidden}"), &[]).unwrap().json(), &json!(false));
    let fault = host.get("/seen/rates", &[]).unwrap_err();
    assert_eq!(fault.issues[0].code, "unknown-field");
    host.caller.permissions.push("hours.see-all".to_owned());
    assert_eq!(host.get("/seen/caller", &[]).unwrap().json()["data"].as_array().unwrap().len(), 3);
}

#[test]
fn a_client_writes_what_the_rules_let_and_a_route_what_it_will() {
    let Scene { mut host, own, shared, hidden, roof } = scene();
    let note = |text: &str| json!({ "note": text });
    host.update("entries", own, note("Fit doors")).unwrap();
    assert_eq!(host.update("entries", shared, note("Mine")).unwrap_err().code, ErrorCode::Denied);
    assert_eq!(host.update("entries", hidden, note("Mine")).unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(host.remove("entries", hidden).unwrap_err().code, ErrorCode::NotFound);
    let ben = host.fields("entries", shared).unwrap().reference("user").unwrap();
    assert_eq!(host.update("entries", own, json!({ "user": ben })).unwrap_err().code, ErrorCode::Denied);
    let codes = |fault: Fault| fault.issues.into_iter().map(|issue| (issue.path, issue.code)).collect::<Vec<_>>();
    let at = |path: &str, code: &str| vec![(path.to_owned(), code.to_owned())];
    let rate = json!({ "rate": { "minor": 1, "currency": "AUD" } });
    assert_eq!(codes(host.update("entries", own, rate).unwrap_err()), at("/rate", "unknown-field"));
    let refused = host.update("entries", own, json!({ "review": "Good" })).unwrap_err();
    assert_eq!(codes(refused), at("/review", "denied"));
    host.update("entries", own, json!({ "review": "Fine", "site": roof })).expect("what stands is no change");
    let refused = host.insert("entries", json!({ "note": "Up", "site": roof })).unwrap_err();
    assert_eq!(codes(refused), at("/site", "unknown-reference"));

    let answer = host.post(&format!("/entries/{shared}/note"), &json!({})).unwrap();
    assert_eq!(host.record("entries", shared).unwrap()["review"], "Seen");
    let shown = answer.json();
    assert!(shown["review"].is_null() && shown.get("rate").is_none(), "the caller is shown what they see: {shown}");
}
