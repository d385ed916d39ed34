//! Plugins that call each other: what a service writes is part of the call that it was made in, and what fails in it is
//! told to whoever called.

use lignaflow_server::config::Config;
use lignaflow_testkit::plugins::{fixture, redescribed};
use lignaflow_testkit::{Answer, Client, Database, Method, Org, Race, Server, Setup, on_both, on_one};
use serde_json::{Value as Json, json};

on_both!(
    what_a_service_writes_is_carried_out_with_what_its_caller_writes_or_not_at_all,
    what_a_service_read_is_checked_again_when_its_caller_commits,
    a_hook_and_a_reading_ask_a_service_and_have_nothing_written,
);

on_one!(
    a_service_that_fails_is_told_to_its_caller,
    a_service_of_a_plugin_that_is_off_is_not_there_and_one_that_is_needed_stays_on,
    services_are_called_four_deep_and_no_deeper,
    services_that_would_call_in_a_circle_are_refused_at_load,
    what_a_plugin_needs_is_switched_on_with_it_or_nothing_is,
    a_plugin_that_others_call_is_not_uninstalled,
    a_service_that_nobody_granted_is_not_called,
);

const ENTRIES: &str = "ledger/entries";
const SALES: &str = "shop/sales";
const SHOP: &str = include_str!("../../../../plugins/fixtures/shop/plugin.toml");
const RELAY: &str = include_str!("../../../../plugins/fixtures/relay/plugin.toml");

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
    let _ = org.get("shop/fail?how=loop").await.is_problem(504, "plugin-cpu");
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

async fn what_a_plugin_needs_is_switched_on_with_it_or_nothing_is(database: Database) {
    let Site { server, org, .. } = site(&database).await;
    let _ = org.act("plugins/shop/disable").await.is(204);
    let _ = org.act("plugins/ledger/disable").await.is(204);
    let visitor = server.signed_in(&org).await;
    let page = visitor.get("/admin/plugins/shop").await;
    let _ = page.shows("It needs Ledger, which is off.").shows("name=\"with\" value=\"needs\"");
    let _ = org.act("plugins/nothing/enable?with_needs=true").await.is_problem(404, "not-found");
    let _ = org.act("plugins/shop/enable?with_needs=true").await.is(204);
    assert_eq!(org.get("shop/total").await.is(200).json, json!({ "total": 0 }));
    let _ = org.act("plugins/shop/disable").await.is(204);
    let _ = org.act("plugins/ledger/disable").await.is(204);
    let on = visitor.post("/admin/plugins/shop/enable", &[("with", "needs")]).await;
    assert_eq!(on.status, 303, "{}", on.text);
    assert_eq!(org.get("shop/total").await.is(200).json, json!({ "total": 0 }));
    // With a plugin that is on there is nothing to do.
    let _ = org.act("plugins/shop/enable?with_needs=true").await.is(204);
}

async fn a_plugin_that_others_call_is_not_uninstalled(database: Database) {
    let Site { server: _server, org, .. } = site(&database).await;
    let fault = org.delete("plugins/ledger", "*").await.is_problem(409, "conflict");
    assert!(fault.text.contains("the service ledger.book, which `shop` calls"), "{}", fault.text);
    // Nor does a version come that has the service no more.
    let ledger = include_str!("../../../../plugins/fixtures/ledger/plugin.toml");
    let without = ledger.replace("name = \"book\"", "name = \"enter\"").replace("0.1.0", "0.2.0");
    let next = redescribed(&fixture("ledger"), ledger, &without);
    let plan = org.api.request(Method::POST, "plugins/inspect").header("Content-Type", "application/wasm");
    let plan = org.api.send(plan.body(next.clone())).await.is(200).json;
    assert_eq!(
        (&plan["fits"], &plan["missing"][0]),
        (&json!(false), &json!("the service ledger.book, which `shop` calls"))
    );
    let fault = install(&org.api, next).await.is_problem(409, "conflict");
    assert!(fault.text.contains("the service ledger.book, which `shop` calls"), "{}", fault.text);
}

/// The relay under another name, which passes on to these.
fn relay(id: &str, to: &[&str]) -> Vec<u8> {
    let services: Vec<String> = to.iter().map(|id| format!("\"{id}.pass\"")).collect();
    let descriptor = RELAY
        .replace("id = \"relay\"", &format!("id = \"{id}\""))
        .replace("services = [\"ledger.book\"]", &format!("services = [{}]", services.join(", ")));
    redescribed(&fixture("relay"), RELAY, &descriptor)
}

async fn services_are_called_four_deep_and_no_deeper(database: Database) {
    // Also where there is one instance: no call waits for its own to end.
    let (plugins, config) = (vec![fixture("ledger")], |config: &mut Config| config.plugins.instances = 1);
    let server = database.serve_with(Setup { plugins, config, ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    let ids = ["last", "fifth", "fourth", "third", "second", "first"];
    // The ledger has no service of that name, and nothing of the plugin is kept.
    let fault = install(&org.api, relay("last", &["ledger"])).await.is_problem(409, "conflict");
    assert!(fault.text.contains("the service ledger.pass, which `last` calls"), "{}", fault.text);
    assert!(org.get("plugins").await.is(200).data().iter().all(|plugin| plugin["id"] != "last"));
    let last = RELAY.replace("id = \"relay\"", "id = \"last\"");
    let _ = install(&org.api, redescribed(&fixture("relay"), RELAY, &last)).await.is(201);
    for pair in ids.windows(2) {
        let _ = install(&org.api, relay(pair[1], &[pair[0]])).await.is(201);
    }
    for id in ids {
        let _ = org.act(&format!("plugins/{id}/enable")).await.is(204);
    }
    let way = |ids: &[&str]| Json::from(ids.iter().map(|id| format!("{id}.pass")).collect::<Vec<_>>());
    let deep = org.post("second/pass", way(&["third", "fourth", "fifth", "last"])).await.is(200);
    assert_eq!(deep.json, json!(4));
    let fault = org.post("first/pass", way(&["second", "third", "fourth", "fifth", "last"])).await;
    let fault = fault.is_problem(403, "denied");
    assert!(fault.text.contains("last.pass is deeper than `service_depth`"), "{}", fault.text);
    // Less deep where it is bounded so, whoever is in between.
    let bounds = json!({ "route": { "service_depth": 2 }, "service": { "service_depth": 3 } });
    let put = org.request(Method::PUT, "plugins/second/bounds").header("If-Match", "*").json(&bounds);
    let _ = org.send(put).await.is(200);
    assert_eq!(org.post("second/pass", way(&["third", "fourth"])).await.is(200).json, json!(2));
    let fault = org.post("second/pass", way(&["third", "fourth", "fifth"])).await.is_problem(403, "denied");
    assert!(fault.text.contains("fifth.pass is deeper"), "{}", fault.text);
    assert_eq!(org.post("first/pass", way(&["second", "third", "fourth", "fifth"])).await.is(200).json, json!(4));
    let bounds = json!({ "route": { "service_depth": 5 } });
    let put = org.request(Method::PUT, "plugins/second/bounds").header("If-Match", "*").json(&bounds);
    let fault = org.send(put).await.is_problem(422, "invalid");
    assert!(fault.text.contains("between 0 and 4"), "{}", fault.text);
}

async fn services_that_would_call_in_a_circle_are_refused_at_load(database: Database) {
    let Site { server: _server, org, .. } = site(&database).await;
    let _ = install(&org.api, redescribed(&fixture("relay"), RELAY, &RELAY.replace("id = \"relay\"", "id = \"one\"")))
        .await
        .is(201);
    let _ = install(&org.api, relay("two", &["one"])).await.is(201);
    let next = RELAY
        .replace("id = \"relay\"", "id = \"one\"")
        .replace("0.1.0", "0.2.0")
        .replace("services = [\"ledger.book\"]", "services = [\"two.pass\"]");
    let fault = install(&org.api, redescribed(&fixture("relay"), RELAY, &next)).await.is_problem(409, "conflict");
    assert!(fault.text.contains("circle: `one` → `two` → `one`"), "{}", fault.text);
    let plugins = org.get("plugins").await.is(200);
    let one = plugins.data().iter().find(|plugin| plugin["id"] == "one").unwrap().clone();
    assert_eq!(one["version"], "0.1.0");
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
