//! Access rules at every door: what a caller may not read is not there, and what they may not write does not change.

use lignaflow_testkit::plugins::declared;
use lignaflow_testkit::site::{ENTRIES, HOURS, PROJECTS, racing, site};
use lignaflow_testkit::{Database, Race, on_both, on_one};
use serde_json::{Value as Json, json};

on_both!(
    a_record_that_may_not_be_read_is_at_no_door,
    what_a_reference_leads_to_is_no_oracle,
    a_field_that_may_not_be_read_is_nowhere,
    a_field_is_read_where_its_rule_holds_of_the_record,
    a_record_is_changed_by_whom_its_rules_let,
    a_rule_that_looks_elsewhere_holds_when_it_is_committed,
);

on_one!(a_rule_that_does_not_fit_is_told_when_the_plugin_is_installed);

const ROOMS: &str = "hours/rooms";
const KEYS: &str = "hours/keys";

async fn a_record_that_may_not_be_read_is_at_no_door(database: Database) {
    let site = site(&database).await;
    let own = site.entry("Fit", &site.mia_id, &site.kitchen, 10).await;
    let shared = site.entry("Help", &site.ben_id, &site.kitchen, 20).await;
    let hidden = site.entry("Slate", &site.ben_id, &site.roof, 40).await;
    let (mia, path) = (&site.mia, format!("{ENTRIES}/{hidden}"));

    let list = mia.get(&format!("{ENTRIES}?sort=note&count=true")).await.is(200);
    assert_eq!((list.column("note"), &list.json["count"]), (vec!["Fit".to_owned(), "Help".to_owned()], &json!(2)));
    assert!(mia.get(&format!("{ENTRIES}?filter[note]=Slate")).await.data().is_empty());
    assert!(mia.get(&format!("{ENTRIES}?filter[id]={hidden}")).await.data().is_empty());
    assert!(mia.get(&format!("{ENTRIES}?q=slate")).await.data().is_empty());
    let sum = mia.get(&format!("{ENTRIES}/summary?sum=minutes&count=id")).await.is(200);
    assert_eq!(sum.data(), [json!({ "sum_minutes": 30, "count": 2 })]);
    for asked in [path.clone(), format!("{path}?fields=note"), format!("{path}/history")] {
        let _ = mia.get(&asked).await.is_problem(404, "not-found");
    }
    let _ = mia.patch(&path, "*", json!({ "note": "Mine" })).await.is_problem(404, "not-found");
    let _ = mia.delete(&path, "*").await.is_problem(404, "not-found");
    let _ = mia.act(&format!("{path}/restore")).await.is_problem(404, "not-found");
    let _ = mia.get(&format!("{ENTRIES}/{own}/history")).await.is(200);
    let _ = mia.get(&format!("{ENTRIES}/{shared}")).await.is(200);
    assert_eq!(site.ben.get(ENTRIES).await.data().len(), 2, "his own");
    assert_eq!(site.org.get(ENTRIES).await.data().len(), 3, "all of them");

    let visitor = site.server.visitor();
    visitor.sign_in(&site.mia_email, &site.org.password).await;
    visitor.get("/hours/entries").await.is(200).shows("Help").hides("Slate");
    let _ = visitor.get(&format!("/hours/entries/{hidden}")).await.is(404);
    visitor.get("/hours/projects").await.is(200).shows("Kitchen").hides("Roof");
    visitor.get("/hours/projects/choices?q=").await.is(200).shows("Kitchen").hides("Roof");
    visitor.get("/hours/entries/new").await.is(200).shows("Kitchen").hides("Roof");
    visitor.get("/search?q=Slate").await.is(200).hides("Reviewed");
    visitor.get(&format!("/hours/projects/{}", site.kitchen)).await.is(200).shows("Help").hides("Slate");
}

async fn what_a_reference_leads_to_is_no_oracle(database: Database) {
    let site = site(&database).await;
    let own = site.entry("Carry", &site.mia_id, &site.roof, 10).await;
    let (mia, list) = (&site.mia, |query: &str| format!("{ENTRIES}?{query}"));
    assert!(mia.get(&list("filter[project.name]=Roof")).await.is(200).data().is_empty());
    assert!(mia.get(&list("filter[project.name][starts_with]=R")).await.is(200).data().is_empty());
    assert_eq!(mia.get(&list("filter[project.name][is_null]=true")).await.is(200).data().len(), 1);
    assert_eq!(mia.get(&list("sort=project.name")).await.is(200).data().len(), 1);
    let expanded = mia.get(&list("expand=project")).await.is(200);
    assert_eq!(expanded.data()[0]["project"], Json::Null);
    let expanded = mia.get(&format!("{ENTRIES}/{own}?expand=project")).await.is(200);
    assert_eq!(expanded.json["project"], Json::Null);
    let groups = mia.get(&format!("{ENTRIES}/summary?group=project.name")).await.is(200);
    assert_eq!(groups.data(), [json!({ "project.name": null, "count": 1 })]);
    let seen = site.ben.get(&list("filter[project.name]=Roof&expand=project")).await.is(200);
    assert_eq!(seen.data()[0]["project"]["name"], "Roof", "whose project it is sees it");
}

/// What the API's document says of the plugin at hand.
fn of_hours(document: &serde_json::Value) -> String {
    let members = |of: &serde_json::Value| of.as_object().unwrap().clone();
    let all = members(&document["paths"]).into_iter().chain(members(&document["components"]["schemas"]));
    let own: Vec<_> = all.filter(|(name, _)| name.to_lowercase().contains("hours")).collect();
    assert!(own.iter().any(|(name, _)| name == "/api/v1/hours/entries"), "{:?}", own.first());
    serde_json::Value::from_iter(own).to_string()
}

async fn a_field_that_may_not_be_read_is_nowhere(database: Database) {
    let site = site(&database).await;
    let own = site.entry("Fit", &site.mia_id, &site.kitchen, 10).await;
    let path = format!("{ENTRIES}/{own}");
    assert_eq!(site.org.get(&path).await.json["rate"]["minor"], 1000);

    let mia = &site.mia;
    let list = mia.get(ENTRIES).await.is(200);
    assert!(list.data()[0].get("rate").is_none() && list.data()[0].get("minutes").is_some(), "{}", list.text);
    assert!(mia.get(&path).await.is(200).json.get("rate").is_none());
    for query in ["?filter[rate]=1000%20AUD", "?sort=rate", "?fields=rate", "/summary?sum=rate", "/summary?count=rate"]
    {
        let refused = mia.get(&format!("{ENTRIES}{query}")).await.is_problem(422, "invalid");
        assert_eq!(refused.issues()[0].1, "unknown-field", "{query}: {}", refused.text);
        assert!(!refused.text.contains("did you mean `rate`"), "{}", refused.text);
    }
    let money = json!({ "minor": 1, "currency": "AUD" });
    let refused = mia.post(ENTRIES, json!({ "note": "Own", "rate": money })).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/rate", "unknown-field")]);
    let refused = mia.patch(&path, "*", json!({ "rate": money })).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/rate", "unknown-field")]);
    let changed = mia.patch(&path, "*", json!({ "note": "Fit doors" })).await.is(200);
    assert!(changed.json.get("rate").is_none(), "{}", changed.text);
    assert_eq!(changed.json["note"], "Fit doors");
    assert_eq!(site.org.get(&path).await.json["rate"]["minor"], 1000, "what is not seen stays");
    let history = mia.get(&format!("{path}/history")).await.is(200);
    assert!(history.text.contains("Fit doors") && !history.text.contains("rate"), "{}", history.text);
    assert!(site.org.get(&format!("{path}/history")).await.text.contains("rate"));

    let seen = of_hours(&mia.get("/api/openapi.json").await.is(200).json);
    let all = of_hours(&site.org.get("/api/openapi.json").await.is(200).json);
    assert!(all.contains("filter[rate]") && !seen.contains("filter[rate]") && !seen.contains("\"rate\""));
    let visitor = site.server.visitor();
    visitor.sign_in(&site.mia_email, &site.org.password).await;
    for page in
        ["/hours/entries".to_owned(), format!("/{path}"), format!("/{path}/edit"), "/hours/entries/new".to_owned()]
    {
        visitor.get(&page).await.is(200).hides("Rate").hides("10.00");
    }
    site.server.signed_in(&site.org).await.get("/hours/entries").await.is(200).shows("Rate").shows("10.00");
}

async fn a_field_is_read_where_its_rule_holds_of_the_record(database: Database) {
    let site = site(&database).await;
    let own = site.entry("Fit", &site.mia_id, &site.kitchen, 10).await;
    let theirs = site.entry("Help", &site.ben_id, &site.kitchen, 20).await;
    let mia = &site.mia;
    let list = mia.get(&format!("{ENTRIES}?sort=note")).await.is(200);
    assert_eq!((&list.data()[0]["review"], &list.data()[1]["review"]), (&json!("Reviewed Fit"), &Json::Null));
    let found = mia.get(&format!("{ENTRIES}?filter[review][contains]=reviewed")).await.is(200);
    assert_eq!(found.column("note"), ["Fit"]);
    assert_eq!(mia.get(&format!("{ENTRIES}?q=reviewed")).await.is(200).column("note"), ["Fit"]);
    let sorted = mia.get(&format!("{ENTRIES}?sort=-review")).await.is(200);
    assert_eq!(sorted.column("note"), ["Fit", "Help"], "nothing comes last");
    let groups = mia.get(&format!("{ENTRIES}/summary?group=review&count=id")).await.is(200);
    assert_eq!(groups.data(), [json!({ "review": "Reviewed Fit", "count": 1 }), json!({ "review": null, "count": 1 })]);
    assert_eq!(mia.get(&format!("{ENTRIES}/{theirs}")).await.json["review"], Json::Null);
    let history = mia.get(&format!("{ENTRIES}/{theirs}/history")).await.is(200);
    assert!(!history.text.contains("Reviewed"), "{}", history.text);
    assert!(mia.get(&format!("{ENTRIES}/{own}/history")).await.text.contains("Reviewed"));

    let path = format!("{ENTRIES}/{own}");
    let refused = mia.patch(&path, "*", json!({ "review": "Fine" })).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/review", "denied")]);
    let refused = mia.post(ENTRIES, json!({ "note": "Own", "review": "Fine" })).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/review", "denied")]);
    let same = mia.patch(&path, "*", json!({ "review": "Reviewed Fit", "minutes": 11 })).await.is(200);
    assert_eq!(same.json["review"], "Reviewed Fit", "what is sent back as it was is no change");
    let _ = site.org.patch(&path, "*", json!({ "review": "Fine" })).await.is(200);
}

async fn a_record_is_changed_by_whom_its_rules_let(database: Database) {
    let site = site(&database).await;
    let own = format!("{ENTRIES}/{}", site.entry("Fit", &site.mia_id, &site.kitchen, 10).await);
    let theirs = format!("{ENTRIES}/{}", site.entry("Help", &site.ben_id, &site.kitchen, 20).await);
    let mia = &site.mia;
    let _ = mia.patch(&own, "*", json!({ "minutes": 15 })).await.is(200);
    let _ = mia.patch(&theirs, "*", json!({ "minutes": 15 })).await.is_problem(403, "denied");
    let _ = mia.delete(&own, "*").await.is_problem(403, "denied");
    let _ = mia.patch(&own, "*", json!({ "user": site.ben_id })).await.is_problem(403, "denied");
    let _ = mia.post(ENTRIES, json!({ "note": "Theirs", "user": site.ben_id })).await.is_problem(403, "denied");
    let made = mia.post(ENTRIES, json!({ "note": "Own" })).await.is(201);
    assert_eq!(made.json["user"], site.mia_id.as_str());
    let _ = mia.post(PROJECTS, json!({ "name": "Shed" })).await.is_problem(403, "denied");

    let away = json!({ "project": site.roof });
    let refused = mia.patch(&own, "*", away).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/project", "unknown-reference")], "as of one that is not there");
    let nowhere = json!({ "project": "01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f" });
    let missing = mia.patch(&own, "*", nowhere).await.is_problem(422, "invalid");
    assert_eq!(missing.json["issues"], refused.json["issues"]);
    let refused = mia.post(ENTRIES, json!({ "note": "Up", "project": site.roof })).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/project", "unknown-reference")]);

    let visitor = site.server.visitor();
    visitor.sign_in(&site.mia_email, &site.org.password).await;
    visitor.get(&format!("/{own}")).await.is(200).shows("Edit");
    visitor.get(&format!("/{theirs}")).await.is(200).hides("Edit");
    visitor.get("/hours/projects").await.is(200).hides("/hours/projects/new");
    let posted = visitor.post(&format!("/{theirs}"), &[("note", "Mine"), ("version", "1")]).await;
    let _ = posted.is(403);
    assert_eq!(site.org.get(&theirs).await.json["note"], "Help");
}

async fn a_rule_that_looks_elsewhere_holds_when_it_is_committed(database: Database) {
    let race = Race::default();
    let site = racing(&database, race.clone()).await;
    let room = site.org.make(ROOMS, json!({ "name": "Store", "keepers": [site.mia_id] })).await;
    let other = site.org.make(ROOMS, json!({ "name": "Office", "keepers": [site.ben_id] })).await;
    let mia = &site.mia;
    let key = format!("{KEYS}/{}", mia.make(KEYS, json!({ "name": "Blue", "room": room })).await);
    let _ = mia.post(KEYS, json!({ "name": "Red", "room": other })).await.is_problem(403, "denied");
    let _ = mia.post(KEYS, json!({ "name": "Red" })).await.is_problem(403, "denied");
    let _ = site.ben.patch(&key, "*", json!({ "name": "Mine" })).await.is_problem(403, "denied");
    let _ = mia.patch(&key, "*", json!({ "room": other })).await.is_problem(403, "denied");
    let _ = mia.patch(&key, "*", json!({ "name": "Navy" })).await.is(200);

    let held = race.hold();
    let late = mia.patch(&key, "*", json!({ "name": "Sky" }));
    let room = format!("{ROOMS}/{room}");
    let leave = site.org.patch(&room, "*", json!({ "keepers": [] }));
    let (late, leave) = tokio::join!(late, held.meanwhile(leave));
    let _ = leave.is(200);
    let _ = late.is_problem(403, "denied");
    assert_eq!(site.org.get(&key).await.json["name"], "Navy");
}

async fn a_rule_that_does_not_fit_is_told_when_the_plugin_is_installed(database: Database) {
    let site = site(&database).await;
    let text = HOURS.replace("0.1.0", "0.2.0").replacen("user = caller or project", "usr = caller or project", 1);
    let request =
        site.org.request(lignaflow_testkit::Method::POST, "plugins").header("Content-Type", "application/wasm");
    let refused = site.org.send(request.body(declared(&text))).await.is_problem(422, "invalid");
    for part in ["line 29", "collections[1].access.read", "`entries` has no field `usr`; did you mean `user`?"] {
        assert!(refused.text.contains(part), "{part}: {}", refused.text);
    }
}
