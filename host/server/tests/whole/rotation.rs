//! The secret key is changed and nothing is lost: a former one opens what it sealed until that is sealed anew, and then
//! it can go.

use crate::scene::CLIENTS;
use crate::second_factor::{code, turn_on};
use crate::webhooks::Receiver;
use lignaflow_identity::{Keys, SealFault};
use lignaflow_server::config::{Config, Secret};
use lignaflow_server::rotation::{Count, rotate};
use lignaflow_testkit::plugins::{fixture, shipped};
use lignaflow_testkit::{Answer, Database, HeldClock, Method, Org, Server, Setup, on_both};
use serde_json::json;
use std::sync::Arc;

on_both!(
    a_key_is_changed_and_nothing_is_lost,
    without_the_key_nothing_is_opened,
    a_link_is_told_again_while_its_key_is_there,
);

const FIRST: &str = "the first key, which becomes known one day";
const SECOND: &str = "the second key, which takes its place then";

fn first(config: &mut Config) {
    config.webhooks.private = true;
    config.secret_key = Secret::new(FIRST);
}

fn second(config: &mut Config) {
    config.webhooks.private = true;
    config.secret_key = Secret::new(SECOND);
}

fn both(config: &mut Config) {
    second(config);
    config.former_secret_keys = vec![Secret::new(FIRST)];
}

async fn serve(database: &Database, config: fn(&mut Config), clock: &HeldClock) -> Server {
    let plugins = vec![shipped("projects"), fixture("ledger"), fixture("shop"), fixture("offers")];
    database.serve_with(Setup { config, plugins, clock: Arc::new(clock.clone()), ..Setup::default() }).await
}

fn clock() -> HeldClock {
    HeldClock::at(1_795_000_000_000_000)
}

/// The same organization, asked on another host.
fn on(server: &Server, org: &Org) -> Org {
    Org { api: server.client(Some(&org.token)), ..org.clone() }
}

/// That a change is told, signed with that secret.
async fn is_told(org: &Org, receiver: &mut Receiver, secret: &str) {
    // Another each time: no two clients have one name.
    org.make(CLIENTS, json!({ "name": format!("Client {}", lignaflow_core::Id::fresh()) })).await;
    let letter = receiver.next().await;
    assert!(letter.is_signed_with(secret));
}

async fn fill_in(org: &Org) -> Answer {
    let put = org.request(Method::PUT, "plugins/shop/settings").header("If-Match", "*");
    org.send(put.json(&json!({ "secrets": { "key": "tk_live" } }))).await
}

/// Opens what seals a plugin's secret, as a request of the plugin does.
async fn of_the_plugin(server: &Server, org: &Org) -> Result<String, SealFault> {
    let plugin = "shop".parse().unwrap();
    let kept = lignaflow_store::settings::secret(server.app.store.database(), org.id, &plugin, "key").await.unwrap();
    let place = [org.id.0.bytes().as_slice(), b"shop/key"].concat();
    server.app.plugin_seal.open_at(&place, &kept.unwrap())
}

/// Everything that is sealed is read: a webhook signs, a plugin's secret opens, and a code of the authenticator serves.
async fn all_is_read(server: &Server, org: &Org, receiver: &mut Receiver, secrets: (&str, &str), clock: &HeldClock) {
    is_told(org, receiver, secrets.0).await;
    assert_eq!(of_the_plugin(server, org).await.unwrap(), "tk_live");
    clock.advance_seconds(30);
    server.visitor().sign_in_with(org, &code(secrets.1, server)).await;
}

async fn a_key_is_changed_and_nothing_is_lost(database: Database) {
    let clock = clock();
    let mut receiver = Receiver::open().await;
    let server = serve(&database, first, &clock).await;
    let org = server.organization("Halloran").await;
    let _ = fill_in(&org).await.is(200);
    let made = org.post("webhooks", json!({ "url": receiver.url, "collections": [CLIENTS] })).await.is(201);
    let rotated = org.act(&format!("webhooks/{}/rotate", made.id())).await.is(200);
    let secret = rotated.json["secret"].as_str().unwrap().to_owned();
    let owner = server.signed_in(&org).await;
    let (shared, _) = turn_on(&server, &owner).await;
    let secrets = (secret.as_str(), shared.as_str());
    all_is_read(&server, &org, &mut receiver, secrets, &clock).await;
    server.stop().await;

    // Both are accepted for reading.
    let server = serve(&database, both, &clock).await;
    let org = on(&server, &org);
    all_is_read(&server, &org, &mut receiver, secrets, &clock).await;
    let keys = Keys::new(SECOND, [FIRST.to_owned()]);
    let done = rotate(&server.app.store, &keys).await.unwrap();
    let counted = |renewed, current| Count { renewed, current };
    // The webhook has one, and the one before it that signs for a day.
    let each = [("second factors", counted(1, 0)), ("settings of plugins", counted(1, 0)), ("webhooks", counted(2, 0))];
    assert_eq!((done.counts.into_iter().collect::<Vec<_>>(), done.lost), (each.to_vec(), Vec::new()));
    let again = rotate(&server.app.store, &keys).await.unwrap();
    assert_eq!((again.renewed(), again.current()), (0, 4));
    all_is_read(&server, &org, &mut receiver, secrets, &clock).await;
    server.stop().await;

    // The former one is gone.
    let server = serve(&database, second, &clock).await;
    let org = on(&server, &org);
    all_is_read(&server, &org, &mut receiver, secrets, &clock).await;
    // With neither, each is named, and left as it is.
    let other = Keys::new("a third key, which has sealed nothing here", []);
    let lost = rotate(&server.app.store, &other).await.unwrap();
    assert_eq!((lost.renewed(), lost.current(), lost.lost.len()), (0, 0, 4));
    for named in [made.id(), "`key`".to_owned(), format!("second factor of person {}", org.owner)] {
        assert!(lost.lost.iter().any(|it| it.contains(&named)), "{named}: {:?}", lost.lost);
    }
    all_is_read(&server, &org, &mut receiver, secrets, &clock).await;
}

/// What was sealed before is not read without its key: the test above would not notice a seal that opens anything.
async fn without_the_key_nothing_is_opened(database: Database) {
    let clock = clock();
    let server = serve(&database, first, &clock).await;
    let org = server.organization("Halloran").await;
    let _ = fill_in(&org).await.is(200);
    server.stop().await;
    let server = serve(&database, second, &clock).await;
    assert_eq!(of_the_plugin(&server, &org).await, Err(SealFault::OtherKey));
}

async fn a_link_is_told_again_while_its_key_is_there(database: Database) {
    let clock = clock();
    let server = serve(&database, first, &clock).await;
    let org = server.organization("Halloran").await;
    let offer = org.make("offers/offers", json!({ "number": "Q-1", "client": "Ana" })).await;
    let send = format!("offers/offers/{offer}/send");
    let sent = org.post(&send, json!({ "address": "ana@client.example" })).await.is(201);
    let url = sent.json["url"].as_str().unwrap().to_owned();
    let path = url[url.find("/l/").unwrap()..].to_owned();
    server.stop().await;
    let server = serve(&database, both, &clock).await;
    let _ = server.visitor().get(&path).await.is(303);
    let org = on(&server, &org);
    let addresses = server.app.records.link_addresses().unwrap();
    let id = sent.json["id"].as_str().unwrap().parse().unwrap();
    let kept = lignaflow_store::links::one(server.app.store.database(), org.id, id).await.unwrap().unwrap();
    assert!(addresses.address_of(org.id, id, &kept.hash).unwrap().ends_with(&path));
    assert!(!addresses.address(org.id, id).ends_with(&path), "a new one is of the key of now");
    server.stop().await;
    let server = serve(&database, second, &clock).await;
    let _ = server.visitor().get(&path).await.is(303);
    let addresses = server.app.records.link_addresses().unwrap();
    assert_eq!(addresses.address_of(org.id, id, &kept.hash), None);
}
