//! Changes told elsewhere: they arrive, in order, signed, once more where they did not, and to nobody who may not know.

use crate::scene::{CLIENTS, Scene, TASKS, scene, scene_with};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lignaflow_store::{Dialect, Statement, StoreError};
use lignaflow_testkit::{Answer, Database, HeldClock, On, Role, Setup, on, on_both};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

on_both!(
    a_change_arrives_with_both_sides_and_a_signature_that_verifies,
    what_does_not_arrive_is_tried_again_until_it_is_given_up_and_can_be_replayed,
    of_one_record_what_comes_later_waits_for_what_came_before,
    it_is_told_of_its_collections_and_kinds_alone,
    paused_it_goes_on_where_it_was,
    a_new_one_is_not_told_of_what_was_there_before_it,
    a_receiver_that_fails_for_days_is_paused_with_a_notice,
    who_made_it_and_leaves_pauses_it_and_another_takes_it_over,
    a_new_secret_signs_beside_the_former_one_for_a_day,
    what_is_said_wrong_is_told_at_once,
    it_goes_on_after_a_host_that_died,
    a_webhook_is_made_on_its_page_and_its_secret_shown_once,
    only_administrators_see_webhooks,
);

const HOUR: i64 = 3_600;
/// Whoever waits longer waits in vain.
const PATIENCE: Duration = Duration::from_mins(1);

/// One letter, as it arrived.
#[derive(Debug)]
pub(crate) struct Letter {
    headers: HeaderMap,
    body: Bytes,
}

impl Letter {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Seconds and signatures.
    fn signature(&self) -> (i64, Vec<String>) {
        let mut parts = self.header("lignaflow-signature").split(',');
        let seconds = parts.next().unwrap().strip_prefix("t=").unwrap().parse().unwrap();
        (seconds, parts.map(|part| part.strip_prefix("v1=").unwrap().to_owned()).collect())
    }

    /// Whether one of its signatures is by that secret.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        self.signature().1.contains(&self.signed_with(secret))
    }

    /// What a receiver computes, as `docs/api.md` has it.
    fn signed_with(&self, secret: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{}.", self.signature().0).as_bytes());
        mac.update(&self.body);
        hex::encode(mac.finalize().into_bytes())
    }
}

/// What is answered, one after the other.
type Answers = Arc<Mutex<VecDeque<u16>>>;

/// Somebody who is told, on a free port.
pub(crate) struct Receiver {
    pub(crate) url: String,
    letters: mpsc::UnboundedReceiver<Letter>,
    /// What is answered next; 204 once there is nothing.
    answers: Answers,
}

impl Receiver {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let (sent, letters) = mpsc::unbounded_channel();
        let answers = Answers::default();
        let state = (sent, answers.clone());
        let router = Router::new().route("/hooks", post(receive)).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, letters, answers }
    }

    pub(crate) async fn next(&mut self) -> Letter {
        tokio::time::timeout(PATIENCE, self.letters.recv()).await.expect("a letter").unwrap()
    }

    fn answer(&self, statuses: &[u16]) {
        self.answers.lock().unwrap().extend(statuses);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }
}

async fn receive(
    State((sent, answers)): State<(mpsc::UnboundedSender<Letter>, Answers)>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let status = answers.lock().unwrap().pop_front().unwrap_or(204);
    let _ = sent.send(Letter { headers, body });
    (StatusCode::from_u16(status).unwrap(), if status == 204 { String::new() } else { "not now".to_owned() })
}

/// A server whose webhooks may come to this machine, with the time in hand.
pub(crate) async fn held(database: &Database) -> (Scene, HeldClock, Receiver) {
    let clock = HeldClock::at(1_795_000_000_000_000);
    let setup = Setup { clock: Arc::new(clock.clone()), config: inside, ..Setup::default() };
    let scene = scene_with(database, setup).await;
    // On PostgreSQL what was made just now may wait for older transactions, and would be told of as well.
    let waited = async {
        while scene.org.get("changes").await.is(200).data().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.expect("what the scene made");
    (scene, clock, Receiver::open().await)
}

fn inside(config: &mut lignaflow_server::config::Config) {
    config.webhooks.private = true;
    config.secret_key = lignaflow_server::config::Secret::new("the hosts of a test share a key of their own");
}

/// A webhook of clients alone: the scene's other records are not waited for.
async fn of_clients(scene: &Scene, receiver: &Receiver) -> Answer {
    let body = json!({ "url": receiver.url, "collections": [CLIENTS] });
    scene.org.post("webhooks", body).await.is(201)
}

/// The deliveries of a webhook, once they are so.
async fn until(scene: &Scene, webhook: &str, are_so: impl Fn(&[Json]) -> bool) -> Vec<Json> {
    let path = format!("webhooks/{webhook}/deliveries");
    let waited = async {
        loop {
            let found = scene.org.get(&path).await.is(200).data().to_vec();
            if are_so(&found) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.expect("deliveries that are so")
}

fn delivered(count: usize) -> impl Fn(&[Json]) -> bool {
    move |all| all.iter().filter(|delivery| delivery["state"] == "delivered").count() == count
}

async fn a_change_arrives_with_both_sides_and_a_signature_that_verifies(database: Database) {
    let (scene, _, mut receiver) = held(&database).await;
    let made = of_clients(&scene, &receiver).await;
    let secret = made.json["secret"].as_str().unwrap();
    assert!(secret.starts_with("lfw_") && secret.len() == 68);
    let shown = scene.org.get(&format!("webhooks/{}", made.id())).await.is(200);
    assert!(!shown.text.contains(secret) && !shown.text.contains("secret"), "{}", shown.text);

    let created = scene.org.post(CLIENTS, json!({ "name": "Oak" })).await.is(201);
    let letter = receiver.next().await;
    assert_eq!(letter.signature().1, [letter.signed_with(secret)]);
    assert_eq!(letter.signature().0, 1_795_000_000);
    assert_eq!((letter.header("content-type"), letter.header("lignaflow-attempt")), ("application/json", "1"));
    let body = letter.json();
    assert_eq!(body["id"], letter.header("lignaflow-event"));
    assert_eq!((&body["kind"], &body["collection"]), (&json!("insert"), &json!(CLIENTS)));
    assert_eq!((&body["record"], &body["before"]), (&json!(created.id()), &Json::Null));
    assert_eq!(body["after"], created.json);
    assert_eq!(body["by"], json!({ "kind": "person", "id": scene.org.owner.to_string() }));
    assert_eq!(body["organization"], scene.org.id.0.to_string());

    let path = format!("{CLIENTS}/{}", created.id());
    let changed = scene.org.patch(&path, "\"1\"", json!({ "contact": "Ana" })).await.is(200);
    let archived = scene.org.delete(&path, "\"2\"").await.is(200);
    let restored = scene.org.act(&format!("{path}/restore")).await.is(200);
    let sides = [("update", &created, &changed), ("remove", &changed, &archived), ("restore", &archived, &restored)];
    for (kind, before, after) in sides {
        let body = receiver.next().await.json();
        assert_eq!(body["kind"], kind);
        assert_eq!((&body["before"], &body["after"]), (&before.json, &after.json), "{kind}");
    }
    let told = until(&scene, &made.id(), delivered(4)).await;
    assert_eq!((&told[0]["kind"], &told[0]["status"], &told[0]["tries"]), (&json!("restore"), &json!(204), &json!(1)));
}

async fn what_does_not_arrive_is_tried_again_until_it_is_given_up_and_can_be_replayed(database: Database) {
    let (scene, clock, mut receiver) = held(&database).await;
    let webhook = of_clients(&scene, &receiver).await.id();
    receiver.answer(&[500; 8]);
    scene.org.make(CLIENTS, json!({ "name": "Oak" })).await;
    let first = receiver.next().await;
    let waits = [10, 60, 300, 1_800, 2 * HOUR, 6 * HOUR, 12 * HOUR];
    for (wait, tries) in waits.into_iter().zip(1..) {
        let told = until(&scene, &webhook, |all| all[0]["tries"] == tries).await;
        let delivery = &told[0];
        assert_eq!((&delivery["state"], &delivery["status"]), (&json!("waiting"), &json!(500)));
        assert_eq!(delivery["answer"], "not now");
        let due: jiff::Timestamp = delivery["next_try_at"].as_str().unwrap().parse().unwrap();
        let tried: jiff::Timestamp = delivery["tried_at"].as_str().unwrap().parse().unwrap();
        let seconds = due.as_second() - tried.as_second();
        assert!((wait * 4 / 5..=wait * 6 / 5 + 1).contains(&seconds), "try {tries}: {seconds} s");
        assert!(receiver.is_empty(), "not before its time");
        clock.advance_seconds(seconds + 1);
        let again = receiver.next().await;
        assert_eq!(again.header("lignaflow-event"), first.header("lignaflow-event"));
        assert_eq!(again.header("lignaflow-attempt"), (tries + 1).to_string());
        assert_eq!(again.json(), first.json());
    }
    let told = until(&scene, &webhook, |all| all[0]["state"] == "given-up").await;
    assert_eq!((&told[0]["tries"], &told[0]["next_try_at"]), (&json!(8), &Json::Null));
    let delivery = told[0]["id"].as_str().unwrap();
    let _ = scene.org.act(&format!("webhooks/{webhook}/deliveries/{delivery}/replay")).await.is(204);
    assert_eq!(receiver.next().await.header("lignaflow-event"), first.header("lignaflow-event"));
    until(&scene, &webhook, delivered(1)).await;

    let range = json!({ "from": "2020-01-01T00:00:00Z", "until": "2090-01-01T00:00:00Z" });
    let replayed = scene.org.post(&format!("webhooks/{webhook}/replay"), range).await.is(200);
    assert_eq!(replayed.json["count"], 1);
    assert_eq!(receiver.next().await.header("lignaflow-event"), first.header("lignaflow-event"));
}

async fn of_one_record_what_comes_later_waits_for_what_came_before(database: Database) {
    let (scene, clock, mut receiver) = held(&database).await;
    let webhook = of_clients(&scene, &receiver).await.id();
    receiver.answer(&[503]);
    let oak = scene.org.make(CLIENTS, json!({ "name": "Oak" })).await;
    assert_eq!(receiver.next().await.json()["record"], oak);
    until(&scene, &webhook, |all| all[0]["tries"] == 1).await;
    let _ = scene.org.patch(&format!("{CLIENTS}/{oak}"), "*", json!({ "contact": "Ana" })).await.is(200);
    let ash = scene.org.make(CLIENTS, json!({ "name": "Ash" })).await;
    let other = receiver.next().await.json();
    assert_eq!((&other["record"], &other["kind"]), (&json!(ash), &json!("insert")), "another record need not wait");
    until(&scene, &webhook, delivered(1)).await;
    assert!(receiver.is_empty());
    clock.advance_seconds(13);
    let told = [receiver.next().await.json(), receiver.next().await.json()];
    assert_eq!(told.each_ref().map(|body| body["kind"].as_str().unwrap()), ["insert", "update"]);
}

async fn it_is_told_of_its_collections_and_kinds_alone(database: Database) {
    let (scene, _, mut receiver) = held(&database).await;
    let body = json!({ "url": receiver.url, "collections": [TASKS], "kinds": ["update"] });
    let webhook = scene.org.post("webhooks", body).await.is(201).id();
    let task = scene.task("Measure", json!({})).await;
    scene.org.make(CLIENTS, json!({ "name": "Oak" })).await;
    let _ = scene.org.patch(&format!("{TASKS}/{task}"), "*", json!({ "title": "Cut" })).await.is(200);
    let body = receiver.next().await.json();
    assert_eq!((&body["record"], &body["kind"], &body["changed"]), (&json!(task), &json!("update"), &json!(["title"])));
    let told = until(&scene, &webhook, delivered(1)).await;
    assert_eq!(told.len(), 1);
    let path = format!("webhooks/{webhook}");
    let changed = scene.org.patch(&path, "*", json!({ "kinds": [], "description": "All" })).await.is(200);
    assert_eq!((&changed.json["kinds"], &changed.json["collections"]), (&json!([]), &json!([TASKS])));
    let other = scene.task("Glue", json!({})).await;
    assert_eq!(receiver.next().await.json()["record"], other);
    let _ = scene.org.delete(&path, "*").await.is(204);
    let _ = scene.org.get(&format!("{path}/deliveries")).await.is_problem(404, "not-found");
}

async fn paused_it_goes_on_where_it_was(database: Database) {
    let (scene, _, mut receiver) = held(&database).await;
    let path = format!("webhooks/{}", of_clients(&scene, &receiver).await.id());
    let paused = scene.org.act(&format!("{path}/pause")).await.is(200);
    assert_eq!((&paused.json["state"], &paused.json["paused_because"]), (&json!("paused"), &json!("by-hand")));
    let mut made = Vec::new();
    for name in ["Oak", "Ash", "Elm"] {
        made.push(scene.org.make(CLIENTS, json!({ "name": name })).await);
    }
    let mut running = Receiver::open().await;
    let _ = of_clients(&scene, &running).await.id();
    made.push(scene.org.make(CLIENTS, json!({ "name": "Yew" })).await);
    assert_eq!(running.next().await.json()["record"], made[3], "not what was there before it");
    assert!(receiver.is_empty(), "another webhook was told, this one was not");
    let _ = scene.org.act(&format!("{path}/resume")).await.is(200);
    let mut told = BTreeSet::new();
    for _ in &made {
        told.insert(receiver.next().await.json()["record"].as_str().unwrap().to_owned());
    }
    assert_eq!(told, made.into_iter().collect());
}

async fn a_new_one_is_not_told_of_what_was_there_before_it(database: Database) {
    let (scene, _, mut receiver) = held(&database).await;
    let store = scene.server.app.store.database().clone();
    let (end, ended) = oneshot::channel::<()>();
    let (begin, begun) = oneshot::channel();
    // What another leaves under way keeps PostgreSQL's log from being read up to its end. SQLite has one writer.
    let other = (scene.server.app.store.dialect() == Dialect::Postgres).then(|| {
        tokio::spawn(async move {
            let held = store.write(move |tx| {
                Box::pin(async move {
                    tx.execute(Statement::new("select pg_current_xact_id()", Vec::new())).await?;
                    begin.send(()).unwrap();
                    ended.await.unwrap();
                    Ok::<(), StoreError>(())
                })
            });
            held.await.unwrap();
        })
    });
    if other.is_some() {
        begun.await.unwrap();
    }
    scene.org.make(CLIENTS, json!({ "name": "Before" })).await;
    let _ = of_clients(&scene, &receiver).await.id();
    let after = scene.org.make(CLIENTS, json!({ "name": "After" })).await;
    if let Some(other) = other {
        end.send(()).unwrap();
        other.await.unwrap();
    }
    assert_eq!(receiver.next().await.json()["record"], after);
}

async fn a_receiver_that_fails_for_days_is_paused_with_a_notice(database: Database) {
    let (scene, clock, mut receiver) = held(&database).await;
    let webhook = of_clients(&scene, &receiver).await.id();
    receiver.answer(&[500; 100]);
    let mut tries = 0;
    let is_paused = async || scene.org.get(&format!("webhooks/{webhook}")).await.is(200).json["state"] == "paused";
    let mut day = 0;
    while !is_paused().await {
        if tries % 8 == 0 {
            scene.org.make(CLIENTS, json!({ "name": format!("Client {day}") })).await;
            day += 1;
        }
        let _ = receiver.next().await;
        tries += 1;
        // The try was written down before time goes on.
        let done = |all: &[Json]| all.iter().map(|delivery| delivery["tries"].as_i64().unwrap()).sum::<i64>() == tries;
        until(&scene, &webhook, done).await;
        clock.advance_seconds(15 * HOUR);
    }
    assert!(tries >= 16, "paused after {tries} tries");
    let shown = scene.org.get(&format!("webhooks/{webhook}")).await.json;
    assert_eq!(shown["paused_because"], "failing");
    assert_eq!(scene.org.get("notices").await.is(200).column("title"), ["A webhook is paused"]);
    receiver.answers.lock().unwrap().clear();
    let late = scene.org.make(CLIENTS, json!({ "name": "Late" })).await;
    let visitor = scene.server.signed_in(&scene.org).await;
    let page = format!("/admin/webhooks/{webhook}");
    visitor.get(&page).await.is(200).shows("Nothing has arrived since").shows("500 in");
    assert_eq!(visitor.post(&format!("{page}/resume"), &[]).await.status, 303);
    assert_eq!(receiver.next().await.json()["record"], late);
}

async fn who_made_it_and_leaves_pauses_it_and_another_takes_it_over(database: Database) {
    let (scene, _, mut receiver) = held(&database).await;
    let (person, _, admin) = scene.server.member(&scene.org, "Ada", Role::Admin).await;
    let body = json!({ "url": receiver.url, "collections": [CLIENTS] });
    let made = admin.post("webhooks", body).await.is(201);
    let path = format!("webhooks/{}", made.id());
    assert_eq!(made.json["created_by"], person.to_string());
    let _ = scene.org.patch(&format!("people/{person}"), "*", json!({ "active": false })).await.is(204);
    let client = scene.org.make(CLIENTS, json!({ "name": "Oak" })).await;
    let waited = async {
        while scene.org.get(&path).await.is(200).json["paused_because"] != "owner" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.expect("a pause");
    assert!(receiver.is_empty());
    let resumed = scene.org.act(&format!("{path}/resume")).await.is(200);
    assert_eq!(resumed.json["created_by"], scene.org.owner.to_string());
    assert_eq!(receiver.next().await.json()["record"], client);
}

async fn a_new_secret_signs_beside_the_former_one_for_a_day(database: Database) {
    let (scene, clock, mut receiver) = held(&database).await;
    let made = of_clients(&scene, &receiver).await;
    let former = made.json["secret"].as_str().unwrap();
    let rotated = scene.org.act(&format!("webhooks/{}/rotate", made.id())).await.is(200);
    let secret = rotated.json["secret"].as_str().unwrap();
    assert_ne!(secret, former);
    scene.org.make(CLIENTS, json!({ "name": "Oak" })).await;
    let letter = receiver.next().await;
    assert_eq!(letter.signature().1, [letter.signed_with(secret), letter.signed_with(former)]);
    until(&scene, &made.id(), delivered(1)).await;
    clock.advance_seconds(24 * HOUR + 1);
    scene.org.make(CLIENTS, json!({ "name": "Ash" })).await;
    let letter = receiver.next().await;
    assert_eq!(letter.signature().1, [letter.signed_with(secret)]);
}

async fn what_is_said_wrong_is_told_at_once(database: Database) {
    // The settings of everybody: nothing inside may be asked.
    let scene = scene(&database).await;
    let wrong = json!({
        "url": "http://example.com/", "description": "x".repeat(201), "collections": ["projects/clients", "shop/x"],
        "kinds": ["insert", "explode"],
    });
    let refused = scene.org.post("webhooks", wrong).await.is_problem(422, "invalid");
    let expected = [
        ("/url", "https"),
        ("/description", "too-long"),
        ("/collections/1", "unknown-collection"),
        ("/kinds/1", "choice"),
    ];
    assert_eq!(refused.issues(), expected);
    for (url, code) in [
        ("", "required"),
        ("somewhere", "url"),
        ("ftp://example.com/", "https"),
        ("https://me:secret@example.com/", "url"),
        ("https://127.0.0.1/", "private-address"),
        ("https://[::1]:8443/", "private-address"),
        ("https://169.254.169.254/latest/meta-data/", "private-address"),
        ("https://0x7f000001/", "private-address"),
    ] {
        let refused = scene.org.post("webhooks", json!({ "url": url })).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [("/url", code)], "{url}");
    }
    let _ = scene.org.post("webhooks", json!({ "url": "https://a.invalid/", "x": 1 })).await.is_problem(422, "invalid");
    // A name that leads inside is found out when it is asked.
    let body = json!({ "url": "https://localhost:1/", "collections": [CLIENTS] });
    let webhook = scene.org.post("webhooks", body).await.is(201).id();
    scene.org.make(CLIENTS, json!({ "name": "Oak" })).await;
    let told = until(&scene, &webhook, |all| all.first().is_some_and(|delivery| delivery["tries"] == 1)).await;
    let error = told[0]["error"].as_str().unwrap();
    assert!(error.contains("inside this host's own network"), "{error}");
    let path = format!("webhooks/{webhook}");
    let refused = scene.org.get(&format!("{path}/deliveries?state=x&limit=0&page=2")).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/state", "choice"), ("/limit", "limit"), ("/page", "unknown-parameter")]);
    let range = json!({ "from": "yesterday", "until": "2026-11-23T00:00:00Z" });
    let refused = scene.org.post(&format!("{path}/replay"), range).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/from", "type")]);
    for _ in 1..20 {
        let _ = scene.org.post("webhooks", json!({ "url": "https://a.invalid/" })).await.is(201);
    }
    let _ = scene.org.post("webhooks", json!({ "url": "https://a.invalid/" })).await.is_problem(507, "quota");
}

async fn it_goes_on_after_a_host_that_died(database: Database) {
    let (scene, clock, mut receiver) = held(&database).await;
    let webhook = of_clients(&scene, &receiver).await.id();
    scene.org.make(CLIENTS, json!({ "name": "Oak" })).await;
    let _ = receiver.next().await;
    until(&scene, &webhook, delivered(1)).await;
    // The lease goes to a host that was killed before it gave it back.
    let store = scene.server.app.store.clone();
    let now = || lignaflow_core::clock::Clock::now(&clock);
    let dead = lignaflow_core::Id::fresh();
    clock.advance_seconds(31);
    let taken = async {
        while store.acquire_lease("webhooks", dead, now(), now() + 30_000_000).await.unwrap().is_none() {
            clock.advance_seconds(31);
        }
    };
    tokio::time::timeout(PATIENCE, taken).await.expect("the lease");
    let ash = scene.org.make(CLIENTS, json!({ "name": "Ash" })).await;
    clock.advance_seconds(31);
    assert_eq!(receiver.next().await.json()["record"], ash);
    let told = until(&scene, &webhook, delivered(2)).await;
    assert_eq!(told.len(), 2, "none was lost, none was made twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hosts_deliver_once() {
    on(On::Postgres, |database: Database| async move {
        let setup = || Setup { config: inside, ..Setup::default() };
        let (one, other) = (database.serve_with(setup()).await, database.serve_with(setup()).await);
        let org = one.organization("Halloran").await;
        let mut receiver = Receiver::open().await;
        let body = json!({ "url": receiver.url, "collections": [CLIENTS] });
        let webhook = org.post("webhooks", body).await.is(201).id();
        let there = other.client(Some(&org.token));
        while there.get(CLIENTS).await.status != 200 {
            tokio::task::yield_now().await;
        }
        let mut made = BTreeSet::new();
        for number in 0..10 {
            let api = if number % 2 == 0 { &org.api } else { &there };
            made.insert(api.make(CLIENTS, json!({ "name": format!("Client {number}") })).await);
        }
        let mut told = BTreeSet::new();
        for _ in 0..10 {
            assert!(told.insert(receiver.next().await.json()["record"].as_str().unwrap().to_owned()));
        }
        assert_eq!(told, made);
        // Whichever of them did it: the other one goes on.
        one.stop().await;
        let late = there.make(CLIENTS, json!({ "name": "Late" })).await;
        assert_eq!(receiver.next().await.json()["record"], late);
        let path = format!("webhooks/{webhook}/deliveries");
        let all = there.get(&path).await.is(200);
        assert_eq!(all.data().len(), 11);
        assert!(receiver.is_empty());
    })
    .await;
}

async fn a_webhook_is_made_on_its_page_and_its_secret_shown_once(database: Database) {
    let (scene, _, mut receiver) = held(&database).await;
    let visitor = scene.server.signed_in(&scene.org).await;
    visitor.get("/admin/webhooks").await.is(200).shows("Nobody is told yet").shows("Projects");
    let wrong = visitor.post("/admin/webhooks", &[("url", "ftp://x.invalid/"), ("description", "Books")]).await;
    wrong.is(422).shows("begins with https").shows("Books");
    let fields =
        [("url", receiver.url.as_str()), ("description", "Books"), ("collections", CLIENTS), ("kinds", "insert")];
    let made = visitor.post("/admin/webhooks", &fields).await.is(200);
    let secret = made.text.split("data-text=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let webhook = scene.org.get("webhooks").await.is(200).data()[0].clone();
    assert_eq!((&webhook["collections"], &webhook["kinds"]), (&json!([CLIENTS]), &json!(["insert"])));
    let id = webhook["id"].as_str().unwrap();
    let page = format!("/admin/webhooks/{id}");
    assert!(!visitor.get(&page).await.is(200).text.contains(&secret));
    scene.org.make(CLIENTS, json!({ "name": "Oak" })).await;
    let letter = receiver.next().await;
    assert_eq!(letter.signature().1, [letter.signed_with(&secret)]);
    let told = until(&scene, id, delivered(1)).await;
    visitor.get(&page).await.is(200).shows("Client made").shows("204 in");
    let again = format!("{page}/deliveries/{}/replay", told[0]["id"].as_str().unwrap());
    assert_eq!(visitor.post(&again, &[]).await.status, 303);
    assert_eq!(receiver.next().await.header("lignaflow-event"), letter.header("lignaflow-event"));
    until(&scene, id, delivered(1)).await;
    let days = [("from", "2020-01-01"), ("until", "2090-01-01")];
    assert_eq!(visitor.post(&format!("{page}/replay"), &days).await.status, 303);
    let _ = receiver.next().await;
    let back = visitor.post(&format!("{page}/replay"), &[("from", "2021-01-01"), ("until", "2020-01-01")]).await;
    back.is(422).shows("comes before the first");
    assert_eq!(visitor.post(&format!("{page}/remove"), &[]).await.status, 303);
    visitor.get("/admin/webhooks").await.is(200).shows("Nobody is told yet");
}

async fn only_administrators_see_webhooks(database: Database) {
    let (scene, _, receiver) = held(&database).await;
    let path = format!("webhooks/{}", of_clients(&scene, &receiver).await.id());
    let (_, email, member) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    let _ = member.get("webhooks").await.is_problem(403, "denied");
    let _ = member.get(&format!("{path}/deliveries")).await.is_problem(403, "denied");
    let visitor = scene.server.visitor();
    visitor.sign_in(&email, &scene.org.password).await;
    assert_eq!(visitor.get("/admin/webhooks").await.status, 403);
    let stranger = scene.server.organization("Stranger").await;
    let _ = stranger.get(&path).await.is_problem(404, "not-found");
    assert_eq!(stranger.get("webhooks").await.is(200).data().len(), 0);
}
