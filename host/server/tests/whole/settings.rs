//! What an organization fills in for a plugin: typed, its own, seen by code from the next call on, and secret where it
//! is to be.

use lignaflow_testkit::plugins::fixture;
use lignaflow_testkit::{Answer, Client, Database, Method, Org, Race, Role, Server, Setup, on_both, on_one};
use serde_json::{Value as Json, json};

on_both!(
    code_sees_what_the_organization_filled_in_and_the_defaults_of_the_rest,
    a_call_that_read_a_setting_is_made_again_when_it_changes,
    a_secret_is_kept_encrypted_and_told_to_nobody,
);

on_one!(
    settings_are_filled_in_on_their_page,
    a_preset_fills_the_form_in_and_nothing_changes_before_it_is_saved,
    who_takes_a_preset_over_the_api_sends_its_values,
    every_fault_of_what_is_filled_in_is_told,
    only_administrators_fill_in_and_what_they_change_is_written_down,
);

const PATH: &str = "plugins/shop/settings";
const SECRET: &str = "tk_live_a3f81c";

async fn site(database: &Database) -> (Server, Org, Race) {
    let race = Race::default();
    let plugins = vec![fixture("ledger"), fixture("shop")];
    let server = database.serve_with(Setup { race: Some(race.clone()), plugins, ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    (server, org, race)
}

async fn put(api: &Client, etag: &str, body: Json) -> Answer {
    api.send(api.request(Method::PUT, PATH).header("If-Match", etag).json(&body)).await
}

async fn code_sees_what_the_organization_filled_in_and_the_defaults_of_the_rest(database: Database) {
    let (server, org, _) = site(&database).await;
    let before = org.get(PATH).await.is(200);
    assert_eq!(before.json["values"]["most"], 10);
    assert_eq!(before.json["filled"], json!([]));
    let unseen = json!({
        "greeting": "Hello", "most": 10, "margin": 2000, "manner": "plain", "opens": false, "key": false, "other": false
    });
    assert_eq!(org.get("shop/greet").await.is(200).json, unseen);
    let values = json!({ "greeting": "G'day", "most": 3, "opens": "2026-12-01", "margin": null });
    let now = put(&org.api, &before.etag(), json!({ "values": values })).await.is(200);
    assert_eq!(now.json["values"]["greeting"], "G'day");
    let seen = org.get("shop/greet").await.is(200).json;
    assert_eq!(seen["greeting"], "G'day");
    assert_eq!((&seen["most"], &seen["margin"], &seen["opens"]), (&json!(3), &Json::Null, &json!(true)));
    let _ = put(&org.api, &before.etag(), json!({})).await.is_problem(412, "stale");
    let _ = org.api.send(org.api.request(Method::PUT, PATH).json(&json!({}))).await.is(428);
    let other = server.organization("Other").await;
    assert_eq!(other.get("shop/greet").await.is(200).json, unseen, "each organization has its own");
    // What is left out is the default again.
    let _ = put(&org.api, &now.etag(), json!({ "values": { "most": 4 } })).await.is(200);
    let seen = org.get("shop/greet").await.is(200).json;
    assert_eq!((&seen["greeting"], &seen["most"]), (&json!("Hello"), &json!(4)));
}

async fn a_call_that_read_a_setting_is_made_again_when_it_changes(database: Database) {
    let (_server, org, race) = site(&database).await;
    let held = race.hold();
    let ours = org.api.clone();
    let keeping = tokio::spawn(async move { ours.act("shop/keep").await });
    let filled = held.meanwhile(put(&org.api, "*", json!({ "values": { "greeting": "Later" } }))).await;
    let _ = filled.is(200);
    let kept = keeping.await.unwrap().is(201);
    assert!(kept.json["title"].as_str().unwrap().contains("Later"), "{}", kept.text);
}

async fn a_secret_is_kept_encrypted_and_told_to_nobody(database: Database) {
    let (server, org, _) = site(&database).await;
    let set = put(&org.api, "*", json!({ "secrets": { "key": SECRET } })).await.is(200);
    assert_eq!(set.json["secrets"], json!({ "key": true }));
    let read = org.get(PATH).await.is(200);
    let visitor = server.signed_in(&org).await;
    let page = visitor.get("/admin/plugins/shop/settings").await;
    for text in [&set.text, &read.text, &page.text] {
        assert!(!text.contains(SECRET));
    }
    assert_eq!(org.get("shop/greet").await.is(200).json["key"], false, "code has no way to it");
    // Left out it stays; null takes it away.
    let kept = put(&org.api, "*", json!({ "values": { "most": 2 } })).await.is(200);
    assert_eq!(kept.json["secrets"], json!({ "key": true }));
    let gone = put(&org.api, "*", json!({ "secrets": { "key": null } })).await.is(200);
    assert_eq!(gone.json["secrets"], json!({ "key": false }));
    let stray = put(&org.api, "*", json!({ "values": { "key": SECRET } })).await.is_problem(422, "invalid");
    assert_eq!(stray.issues(), [("/values/key", "unknown-field")]);
    assert!(!stray.text.contains(SECRET));
}

async fn settings_are_filled_in_on_their_page(database: Database) {
    let (server, org, _) = site(&database).await;
    let visitor = server.signed_in(&org).await;
    let plugin = visitor.get("/admin/plugins/shop").await;
    assert!(plugin.text.contains("/admin/plugins/shop/settings"), "{}", plugin.text);
    let page = visitor.get("/admin/plugins/shop/settings").await;
    assert!(page.text.contains("What customers are met with.") && page.text.contains("Key of the till"));
    let base = json!({ "greeting": "Hello", "most": "10", "margin": "20", "opens": "", "manner": "plain" }).to_string();
    let typed = |most: &'static str, version: &'static str, base: &str| {
        vec![
            ("~version", version.to_owned()),
            ("~base", base.to_owned()),
            ("greeting", "Hello".to_owned()),
            ("most", most.to_owned()),
            ("margin", "12.5".to_owned()),
            ("opens", String::new()),
            ("manner", "warm".to_owned()),
            ("~secret.key", SECRET.to_owned()),
        ]
    };
    let fields = typed("1000", "0", &base);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refused = visitor.post("/admin/plugins/shop/settings", &fields).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("at most 100") && !refused.text.contains(SECRET), "{}", refused.text);
    let fields = typed("20", "0", &base);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let saved = visitor.post("/admin/plugins/shop/settings", &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let now = org.get(PATH).await.is(200).json;
    assert_eq!((&now["values"]["most"], &now["values"]["margin"]), (&json!(20), &json!(1250)));
    assert_eq!(now["secrets"]["key"], true);
    // What nobody touched follows the plugin's default.
    assert!(!now["filled"].as_array().unwrap().contains(&json!("greeting")), "{now}");
    let late = visitor.post("/admin/plugins/shop/settings", &fields).await;
    assert_eq!(late.status, 412, "{}", late.text);
}

async fn a_preset_fills_the_form_in_and_nothing_changes_before_it_is_saved(database: Database) {
    let (server, org, _) = site(&database).await;
    let _ = put(&org.api, "*", json!({ "values": { "greeting": "G'day" } })).await.is(200);
    let visitor = server.signed_in(&org).await;
    let at = "/admin/plugins/shop/settings";
    let plain = visitor.get(at).await;
    assert!(plain.text.contains("Corner shop") && plain.text.contains("settings?preset=hall"), "{}", plain.text);
    assert!(!plain.text.contains("is filled in below") && !plain.text.contains("As it is"), "{}", plain.text);
    let filled = visitor.get(&format!("{at}?preset=corner")).await;
    assert!(filled.text.contains("“Corner shop” is filled in below and not saved yet."), "{}", filled.text);
    assert_eq!(org.get(PATH).await.is(200).json["values"]["most"], 10, "nothing is saved yet");
    assert!(filled.text.contains("value=\"warm\" selected"), "{}", filled.text);
    let form = ["~version", "~base", "greeting", "most", "margin", "opens"].map(|name| (name, filled.value(name)));
    let mut fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert!(fields.contains(&("most", "3")) && fields.contains(&("greeting", "G'day")), "{fields:?}");
    fields.push(("manner", "warm"));
    let saved = visitor.post(at, &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let now = org.get(PATH).await.is(200).json;
    assert_eq!((&now["values"]["most"], &now["values"]["manner"]), (&json!(3), &json!("warm")));
    assert_eq!(now["filled"], json!(["greeting", "most", "manner"]), "and the rest follows the plugin");
    assert!(visitor.get(at).await.text.contains("As it is"));
    assert_eq!(visitor.get(&format!("{at}?preset=stall")).await.status, 404);
}

async fn who_takes_a_preset_over_the_api_sends_its_values(database: Database) {
    let (_server, org, _) = site(&database).await;
    let before = org.get(PATH).await.is(200);
    let offered = before.json["presets"].as_array().unwrap();
    let told: Vec<_> = offered.iter().map(|preset| (preset["name"].as_str().unwrap(), &preset["holds"])).collect();
    assert_eq!(told, [("corner", &json!(false)), ("hall", &json!(false))]);
    assert_eq!(offered[0]["values"], json!({ "most": 3, "manner": "warm" }));
    let now = put(&org.api, &before.etag(), json!({ "values": offered[0]["values"] })).await.is(200).json;
    assert_eq!((&now["values"]["most"], &now["presets"][0]["holds"]), (&json!(3), &json!(true)));
}

async fn every_fault_of_what_is_filled_in_is_told(database: Database) {
    let (_server, org, _) = site(&database).await;
    let values = json!({ "greeting": "x".repeat(41), "most": 0, "manner": "gruff", "greting": "Hi", "opens": 7 });
    let refused = put(&org.api, "*", json!({ "values": values, "secrets": { "key": 7 } })).await;
    let refused = refused.is_problem(422, "invalid");
    let mut told = refused.issues();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("/secrets/key", "type"),
            ("/values/greeting", "too-long"),
            ("/values/greting", "unknown-field"),
            ("/values/manner", "choice"),
            ("/values/most", "too-small"),
            ("/values/opens", "type"),
        ]
    );
    assert!(refused.message_at("/values/greting").contains("`greeting`"), "{}", refused.text);
    let _ = put(&org.api, "*", json!({ "value": {} })).await.is_problem(422, "invalid");
    let _ = put(&org.api, "*", json!({ "values": [] })).await.is_problem(422, "invalid");
    let _ = org.get("plugins/ledger/settings").await.is_problem(404, "not-found");
    assert_eq!(org.get(PATH).await.is(200).json["filled"], json!([]));
}

async fn only_administrators_fill_in_and_what_they_change_is_written_down(database: Database) {
    let (server, org, _) = site(&database).await;
    let (_, _, member) = server.member(&org, "Mia", Role::Member).await;
    let _ = member.get(PATH).await.is_problem(403, "denied");
    let _ = put(&member, "*", json!({})).await.is_problem(403, "denied");
    let (ada, _, admin) = server.member(&org, "Ada", Role::Admin).await;
    let body = json!({ "values": { "most": 5 }, "secrets": { "key": SECRET } });
    let filled = put(&admin, "*", body).await.is(200);
    assert_eq!(filled.json["updated_by"], ada.to_string());
    let caller = server.caller(&org).await;
    let audit = lignaflow_store::identity::audit::latest(server.app.store.database(), Some(caller.organization), 5);
    let audit = audit.await.unwrap();
    let event = audit.iter().find(|event| event.kind == "plugin.settings-changed").unwrap();
    assert_eq!(event.person, Some(ada));
    assert_eq!(event.detail["after"], json!({ "most": 5 }));
    assert_eq!(event.detail["before"], json!({ "most": 10 }));
    assert_eq!(event.detail["secrets"], json!({ "key": "set" }));
    assert!(!event.detail.to_string().contains(SECRET));
}
