//! Plugins that call each other: what a service writes is part of the call that it was made in, and what fails in it is
//! told to whoever called.

use lignaflow_testkit::plugins::{fixture, redescribed};
use lignaflow_testkit::{Answer, Client, Database, Method, Org, Race, Server, Setup, on_both, on_one};
use serde_json::json;

on_both!(
    what_a_service_writes_is_carried_out_with_what_its_caller_writes_or_not_at_all,
    what_a_service_read_is_checked_again_when_its_caller_commits,
    a_hook_and_a_reading_ask_a_service_and_have_nothing_written,
);

on_one!(
    a_service_that_fails_is_told_to_its_caller,
    a_service_of_a_plugin_that_is_off_is_not_there_and_one_that_is_needed_stays_on,
    a_service_that_nobody_granted_is_not_called,
);

const ENTRIES: &str = "ledger/entries";
const SALES: &str = "shop/sales";
const SHOP: &str = include_str!("../../../../plugins/fixtures/shop/plugin.toml");

struct Site {
    server: Server,
    org: Org,
    race: Race,
}

async fn site(database: &Database) -> Site {
    let race = Race::default();
    let plugins = vec![fixture("ledger"), fixture("shop")];
    let server = database.serve_with(Setup { race: Some(race.clone()), plugins, ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    Site { server, org, race }
}

async fn install(api: &Client, bytes: Vec<u8>) -> Answer {
    let request = api.request(Method::POST, "plugins?grant=all").header("Content-Type", "application/wasm");
    api.send(request.body(bytes)).await
}

async fn what_a_service_writes_is_carried_out_with_what_its_caller_writes_or_not_at_all(database: Database) {
    let Site { server: _server, org, .. } = site(&database).await;
    let sale = org.post("shop/sell", json!({ "title": "Bench", "amount": 40 })).await.is(201).json;
    let entries = org.get(ENTRIES).await.is(200).data().to_vec();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["id"], sale["entry"]);
    // The ledger's own hook saw it, and by which door it came.
    assert_eq!((&entries[0]["amount"], &entries[0]["came"]), (&json!(40), &json!("service")));
    let history = org.get(&format!("{ENTRIES}/{}/history", sale["entry"].as_str().unwrap())).await.is(200).json;
    assert_eq!(history["data"][0]["through"]["plugin"], "shop");

    let refused = json!({ "title": "Shelf", "amount": 7, "refused": true });
    let _ = org.post("shop/sell", refused).await.is_problem(409, "conflict");
    // What the ledger itself refuses takes the sale with it.
    let fault = org.post("shop/sell", json!({ "title": "Shelf", "amount": -7 })).await.is_problem(422, "invalid");
    assert!(fault.text.contains("at least 0"), "{}", fault.text);
    assert_eq!(org.get(ENTRIES).await.is(200).data().len(), 1);
    assert_eq!(org.get(SALES).await.is(200).data().len(), 1);
    assert_eq!(org.get("shop/total").await.is(200).json, json!({ "total": 40 }));
}

async fn what_a_service_read_is_checked_again_when_its_caller_commits(database: Database) {
    let Site { server: _server, org, race } = site(&database).await;
    let entry = org.make(ENTRIES, json!({ "title": "Oak", "amount": 5 })).await;
    let ours = org.api.clone();
    let path = format!("shop/double/{entry}");
    let held = race.hold();
    let doubling = tokio::spawn(async move { ours.act(&path).await });
    let path = format!("{ENTRIES}/{entry}");
    let changed = held.meanwhile(org.patch(&path, "*", json!({ "amount": 8 }))).await;
    let _ = changed.is(200);
    assert_eq!(doubling.await.unwrap().is(201).json["sum"], 16);
}

async fn a_hook_and_a_reading_ask_a_service_and_have_nothing_written(database: Database) {
    let Site { server: _server, org, .. } = site(&database).await;
    let sale = org.post("shop/sell", json!({ "title": "Bench", "amount": 40 })).await.is(201).json;
    let sale = format!("{SALES}/{}", sale["id"].as_str().unwrap());
    let changed = org.patch(&sale, "*", json!({ "title": "Long bench" })).await.is(200);
    assert_eq!(changed.json["sum"], 40);
    let fault = org.patch(&sale, "*", json!({ "title": "by a hook" })).await.is_problem(403, "denied");
    assert!(fault.text.contains("ledger.book"), "{}", fault.text);
    let _ = org.get("shop/peek").await.is_problem(403, "denied");
    assert_eq!(org.get(ENTRIES).await.is(200).data().len(), 1);
}

async fn a_service_that_fails_is_told_to_its_caller(database: Database) {
    let Site { server, org, .. } = site(&database).await;
    let refused = org.get("shop/fail?how=refuse").await.is(200).json;
    assert_eq!((&refused["code"], &refused["first"]), (&json!("invalid"), &json!("/how unwanted")));
    for how in ["panic", "answer"] {
        let told = org.get(&format!("shop/fail?how={how}")).await.is(200).json;
        assert_eq!(told["code"], "unavailable", "{how}: {told}");
        assert!(told["said"].as_str().unwrap().contains("ledger.book"), "{told}");
    }
    // What the schema does not allow never reaches the service.
    let told = org.get("shop/fail?how=other").await.is(200).json;
    assert_eq!((&told["code"], &told["first"]), (&json!("invalid"), &json!("/how enum")));
    // Its computing time is its caller's, so that both are at their end.
    let _ = org.get("shop/fail?how=loop").await.is_problem(504, "plugin-timeout");
    let metrics = server.client(None).get("/metrics").await.is(200);
    let calls = |line: &&str| line.contains("kind=\"service\"") && line.contains("outcome=\"trapped\"");
    assert!(metrics.text.lines().any(|line| calls(&line)), "{}", metrics.text);
}

async fn a_service_of_a_plugin_that_is_off_is_not_there_and_one_that_is_needed_stays_on(database: Database) {
    let Site { server: _server, org, .. } = site(&database).await;
    let fault = org.act("plugins/ledger/disable").await.is_problem(409, "conflict");
    assert!(fault.text.contains("shop"), "{}", fault.text);
    let _ = org.act("plugins/shop/disable").await.is(204);
    let _ = org.act("plugins/ledger/disable").await.is(204);
    let fault = org.act("plugins/shop/enable").await.is_problem(409, "conflict");
    assert!(fault.text.contains("ledger"), "{}", fault.text);
    let _ = org.act("plugins/ledger/enable").await.is(204);
    let _ = org.act("plugins/shop/enable").await.is(204);
    assert_eq!(org.get("shop/total").await.is(200).json, json!({ "total": 0 }));
}

async fn a_service_that_nobody_granted_is_not_called(database: Database) {
    let Site { server, org, .. } = site(&database).await;
    // Its code imports the interface, which the descriptor must name services for.
    let silent = SHOP.replace("services = [\"ledger.book\"]", "").replace("0.1.0", "0.2.0");
    let fault = install(&org.api, redescribed(&fixture("shop"), SHOP, &silent)).await.is_problem(422, "invalid");
    assert!(fault.text.contains("grants.services"), "{}", fault.text);
    // Taken back while it runs, it is refused at the next call.
    let visitor = server.signed_in(&org).await;
    let without = visitor.post("/admin/plugins/shop/grants", &[("grant", "interface records")]).await;
    assert_eq!(without.status, 303, "{}", without.text);
    let fault = org.get("shop/total").await.is_problem(403, "denied");
    assert!(fault.text.contains("ledger.book"), "{}", fault.text);
}
