//! What is sent twice is done once: by its `Idempotency-Key`, or by an id of the client's own.

use crate::durability::furnished;
use crate::scene::{CLIENTS, PROJECTS, TASKS, racing, scene, scene_with};
use lignaflow_testkit::program::Program;
use lignaflow_testkit::{Answer, Client, Database, HeldClock, Method, Role, Setup, on_both};
use serde_json::{Value as Json, json};
use std::sync::Arc;

on_both!(
    a_request_that_comes_again_is_answered_with_the_same_bytes,
    a_key_belongs_to_one_request,
    a_key_belongs_to_who_sent_it,
    a_refused_request_is_judged_anew,
    a_key_is_kept_for_a_day,
    two_of_one_key_at_once_are_done_once,
    a_partial_batch_that_broke_off_goes_on_where_it_did,
    the_hosts_own_operations_take_a_key_where_no_secret_is_kept,
    a_create_that_repeats_its_own_id_is_answered_with_what_it_made,
    a_create_that_asks_for_something_else_under_its_id_is_in_conflict,
    what_a_hook_refuses_today_is_no_hindrance_to_what_it_took_then,
    a_batch_that_comes_again_makes_nothing_twice,
    an_id_of_somebody_else_tells_nothing,
);

const OWN: &str = "01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f";

async fn keyed(api: &Client, path: &str, key: &str, body: &Json) -> Answer {
    api.send(api.request(Method::POST, path).header("Idempotency-Key", key).json(body)).await
}

#[track_caller]
fn same(first: &Answer, again: &Answer) {
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    for header in ["content-type", "etag", "location", "cache-control"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
}

async fn a_request_that_comes_again_is_answered_with_the_same_bytes(database: Database) {
    let scene = scene(&database).await;
    let cut = scene.task("Cut", json!({})).await;
    let sand = scene.task("Sand", json!({})).await;
    let copy = json!({ "name": "Second fit-out", "start": "2027-02-01" });
    let one = |verb: &str, id: &str| json!({ "operations": [{ verb: { "id": id, "version": "*" } }] });
    let requests = [
        (TASKS.to_owned(), json!({ "title": "Glue", "project": scene.project })),
        (format!("{TASKS}/{cut}/start"), json!({ "notes": "Oak." })),
        (format!("{TASKS}/batch"), one("remove", &sand)),
        (format!("{TASKS}/batch?partial=true"), one("restore", &sand)),
        (format!("{PROJECTS}/{}/copy", scene.project), copy),
    ];
    let mut answers = Vec::new();
    for (index, (path, body)) in requests.iter().enumerate() {
        let first = keyed(&scene.org, path, &format!("k-{index}"), body).await;
        assert!(first.status < 300, "{path}: {}", first.text);
        same(&first, &keyed(&scene.org, path, &format!("k-{index}"), body).await);
        answers.push(first);
    }
    // However much happens in between.
    let glue = answers[0].id();
    let _ = scene.org.patch(&format!("{TASKS}/{glue}"), "\"1\"", json!({ "title": "Glue twice" })).await.is(200);
    let _ = scene.org.delete(&format!("{TASKS}/{cut}"), "*").await.is(200);
    for (index, ((path, body), first)) in requests.iter().zip(&answers).enumerate() {
        same(first, &keyed(&scene.org, path, &format!("k-{index}"), body).await);
    }
    let history = scene.org.get(&format!("{TASKS}/{sand}/history")).await.is(200);
    assert_eq!(history.column("kind"), ["restore", "remove", "insert"]);
    assert_eq!(scene.org.get(PROJECTS).await.data().len(), 2, "the copy was made once");
    let read = scene.org.get(&format!("{TASKS}/{glue}")).await.is(200);
    assert_eq!(read.json["title"], "Glue twice");
}

async fn a_key_belongs_to_one_request(database: Database) {
    let scene = scene(&database).await;
    let body = json!({ "name": "Nguyen" });
    let _ = keyed(&scene.org, CLIENTS, "once", &body).await.is(201);
    for (path, body) in [
        (CLIENTS.to_owned(), json!({ "name": "Tran" })),
        (format!("{CLIENTS}/batch"), body.clone()),
        (format!("{CLIENTS}?fields=name"), body.clone()),
    ] {
        let refused = keyed(&scene.org, &path, "once", &body).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [("/Idempotency-Key", "key-reused")], "{path}");
    }
    for bad in ["", "with space", &"k".repeat(201)] {
        let _ = keyed(&scene.org, CLIENTS, bad, &body).await.is_problem(400, "unparsable");
    }
}

async fn a_key_belongs_to_who_sent_it(database: Database) {
    let scene = scene(&database).await;
    let (mia, _, member) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    scene.org.give_roles(mia, &["projects.manager"]).await;
    let other = scene.server.organization("Other").await;
    let body = json!({ "name": "Nguyen" });
    let first = keyed(&scene.org, CLIENTS, "once", &body).await.is(201);
    let _ = keyed(&member, CLIENTS, "once", &body).await.is_problem(409, "conflict");
    let theirs = keyed(&other, CLIENTS, "once", &body).await.is(201);
    assert_ne!(theirs.id(), first.id());
    let _ = keyed(&scene.server.client(None), CLIENTS, "once", &body).await.is_problem(401, "unauthenticated");
}

async fn a_refused_request_is_judged_anew(database: Database) {
    let scene = scene(&database).await;
    let _ = keyed(&scene.org, CLIENTS, "once", &json!({})).await.is_problem(422, "invalid");
    let first = keyed(&scene.org, CLIENTS, "once", &json!({ "name": "Nguyen" })).await.is(201);
    same(&first, &keyed(&scene.org, CLIENTS, "once", &json!({ "name": "Nguyen" })).await);
}

async fn a_key_is_kept_for_a_day(database: Database) {
    let clock = HeldClock::at(1_795_400_000_000_000);
    let scene = scene_with(&database, Setup { clock: Arc::new(clock.clone()), ..Setup::default() }).await;
    let body = json!({ "title": "Cut", "project": scene.project });
    let first = keyed(&scene.org, TASKS, "once", &body).await.is(201);
    let swept = || async { scene.server.app.store.sweep_repeats(scene.server.app.clock.now()).await.unwrap() };
    clock.advance_seconds(24 * 3600 - 1);
    same(&first, &keyed(&scene.org, TASKS, "once", &body).await);
    assert_eq!(swept().await, 0);
    clock.advance_seconds(1);
    let second = keyed(&scene.org, TASKS, "once", &body).await.is(201);
    assert_ne!(second.id(), first.id(), "the key is free again");
    same(&second, &keyed(&scene.org, TASKS, "once", &body).await);
    clock.advance_seconds(24 * 3600);
    assert_eq!(swept().await, 1);
    assert_eq!(swept().await, 0);
}

async fn two_of_one_key_at_once_are_done_once(database: Database) {
    let (scene, race) = racing(&database).await;
    let cut = scene.task("Cut", json!({})).await;
    for (path, body) in [
        (TASKS.to_owned(), json!({ "title": "Glue", "project": scene.project })),
        (format!("{TASKS}/{cut}/start"), json!({})),
        (
            format!("{TASKS}/batch"),
            json!({ "operations": [{ "update": { "id": cut, "version": 2, "notes": "Oak" } }] }),
        ),
    ] {
        race.meet(2);
        let (one, other) = tokio::join!(keyed(&scene.org, &path, &path, &body), keyed(&scene.org, &path, &path, &body));
        race.end();
        assert!(one.status < 300, "{path}: {}", one.text);
        assert_eq!((one.status, &one.text), (other.status, &other.text), "{path}");
        let replayed = [&one, &other].iter().filter(|answer| answer.header("idempotent-replayed") == "true").count();
        assert_eq!(replayed, 1, "{path}");
    }
    assert_eq!(scene.org.get(TASKS).await.data().len(), 2);
    assert_eq!(scene.org.get(&format!("{TASKS}/{cut}")).await.etag(), "\"3\"");
}

async fn a_partial_batch_that_broke_off_goes_on_where_it_did(database: Database) {
    let (scene, race) = racing(&database).await;
    let task = |title: &str| json!({ "create": { "title": title, "project": scene.project } });
    let path = format!("{TASKS}/batch?partial=true");
    let body = json!({ "operations": [task("Cut"), task("Sand"), task("Oil")] });
    // The first operation is let through by another writer; the second waits for one that never comes.
    race.meet(2);
    let api = scene.org.api.clone();
    let (sent, wish) = (path.clone(), body.clone());
    let broken = tokio::spawn(async move { keyed(&api, &sent, "once", &wish).await });
    let _ = scene.org.post(CLIENTS, json!({ "name": "Nguyen" })).await.is(201);
    while scene.org.get(TASKS).await.is(200).data().is_empty() {
        tokio::task::yield_now().await;
    }
    broken.abort();
    race.end();
    // Also where the host has not noticed yet that the client left, and goes on: what the one has done, the other tells.
    let done = keyed(&scene.org, &path, "once", &body).await.is(200);
    let results = done.json["results"].as_array().unwrap();
    let statuses: Vec<_> = results.iter().map(|result| result["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 201, 201], "{}", done.text);
    let mut titles = scene.org.get(TASKS).await.column("title");
    titles.sort_unstable();
    assert_eq!(titles, ["Cut", "Oil", "Sand"], "each was made once");
    same(&done, &keyed(&scene.org, &path, "once", &body).await);
}

async fn the_hosts_own_operations_take_a_key_where_no_secret_is_kept(database: Database) {
    let scene = scene(&database).await;
    let first = keyed(&scene.org, "plugins/projects/disable", "off", &json!({})).await;
    assert!(first.status < 300, "{}", first.text);
    let _ = scene.org.act("plugins/projects/enable").await;
    same(&first, &keyed(&scene.org, "plugins/projects/disable", "off", &json!({})).await);
    let _ = scene.org.get(CLIENTS).await.is(200);
    let other = keyed(&scene.org, "plugins/projects/enable", "off", &json!({})).await.is_problem(422, "invalid");
    assert_eq!(other.issues(), [("/Idempotency-Key", "key-reused")]);
    let ron = json!({ "name": "Ron" });
    let placeholder = keyed(&scene.org, "people/placeholders", "ron", &ron).await.is(201);
    same(&placeholder, &keyed(&scene.org, "people/placeholders", "ron", &ron).await);
    for path in [
        "tokens",
        "people",
        "invitations",
        "devices",
        "webhooks",
        "auth/session",
        "account/second-factor",
        "webhooks/01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f/rotate",
    ] {
        let refused = keyed(&scene.org, path, "secret", &json!({ "name": "x" })).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [("/Idempotency-Key", "key-refused")], "{path}");
    }
}

async fn a_create_that_repeats_its_own_id_is_answered_with_what_it_made(database: Database) {
    let scene = scene(&database).await;
    let body = json!({ "id": OWN, "title": "Cut", "project": scene.project, "planned_minutes": 30 });
    let made = scene.org.post(TASKS, body.clone()).await.is(201);
    let again = scene.org.post(TASKS, body.clone()).await.is(200);
    assert_eq!((&again.json, again.etag(), again.location()), (&made.json, made.etag(), made.location()));
    let mut spelled = body.clone();
    spelled["status"] = made.json["status"].clone();
    let _ = scene.org.post(TASKS, spelled).await.is(200);

    // With a key as well, what is answered is kept under it.
    let keyed_again = keyed(&scene.org, TASKS, "once", &body).await.is(200);
    same(&keyed_again, &keyed(&scene.org, TASKS, "once", &body).await);
    let _ = keyed(&scene.org, TASKS, "once", &json!({ "title": "Other" })).await.is_problem(422, "invalid");

    let path = format!("{TASKS}/{OWN}");
    let changed = scene.org.patch(&path, "\"1\"", json!({ "title": "Saw" })).await.is(200);
    let again = scene.org.post(TASKS, body.clone()).await.is(200);
    assert_eq!((&again.json, again.etag()), (&changed.json, changed.etag()), "as it stands now");
    let _ = scene.org.delete(&path, "*").await.is(200);
    assert!(scene.org.post(TASKS, body).await.is(200).json["archived_at"].is_string());
    let history = scene.org.get(&format!("{path}/history")).await.is(200);
    assert_eq!(history.column("kind"), ["remove", "update", "insert"]);
}

async fn a_create_that_asks_for_something_else_under_its_id_is_in_conflict(database: Database) {
    let scene = scene(&database).await;
    let body = json!({ "id": OWN, "title": "Cut", "project": scene.project });
    let _ = scene.org.post(TASKS, body.clone()).await.is(201);
    for (field, value) in [("title", json!("Saw")), ("planned_minutes", json!(5)), ("notes", json!("Oak."))] {
        let mut other = body.clone();
        other[field] = value;
        let refused = scene.org.post(TASKS, other).await.is_problem(409, "conflict");
        assert_eq!(refused.issues(), [("/id", "taken")], "{field}");
    }
    let empty = scene.org.post(TASKS, json!({ "id": OWN })).await.is_problem(422, "invalid");
    assert!(empty.issues().contains(&("/title", "required")), "{}", empty.text);
}

async fn what_a_hook_refuses_today_is_no_hindrance_to_what_it_took_then(database: Database) {
    let scene = scene(&database).await;
    let client = json!({ "id": OWN, "name": "Aotearoa Joinery", "currency": "nzd" });
    let made = scene.org.post(CLIENTS, client.clone()).await.is(201);
    assert_eq!(made.json["currency"], "NZD");
    assert_eq!(scene.org.post(CLIENTS, client).await.is(200).json, made.json, "its hook writes it in capitals again");

    let task = lignaflow_core::Id::fresh().to_string();
    let body = json!({ "id": task, "title": "Cut", "project": scene.project });
    let _ = scene.org.post(TASKS, body.clone()).await.is(201);
    scene.drive(&scene.project, &["activate", "complete", "close"]).await;
    let fresh = json!({ "title": "Cut", "project": scene.project });
    assert!(scene.org.post(TASKS, fresh).await.status >= 400, "the project takes no more tasks");
    assert_eq!(scene.org.post(TASKS, body).await.is(200).id(), task);
}

async fn a_batch_that_comes_again_makes_nothing_twice(database: Database) {
    let scene = scene(&database).await;
    let create = |id: &str, name: &str| json!({ "create": { "id": id, "name": name } });
    let (one, two, three) = (0..3)
        .map(|_| lignaflow_core::Id::fresh().to_string())
        .fold((String::new(), String::new(), String::new()), |(_, b, c), id| (b, c, id));
    let path = format!("{CLIENTS}/batch");
    let first = json!({ "operations": [create(&one, "One"), create(&two, "Two")] });
    let _ = scene.org.post(&path, first.clone()).await.is(200);
    let statuses = |answer: &Answer| -> Vec<u64> {
        answer.json["results"].as_array().unwrap().iter().map(|result| result["status"].as_u64().unwrap()).collect()
    };
    assert_eq!(statuses(&scene.org.post(&path, first).await.is(200)), [200, 200]);
    let more = json!({ "operations": [create(&one, "One"), create(&three, "Three"), create(&two, "Two")] });
    let done = scene.org.post(&path, more.clone()).await.is(200);
    assert_eq!(statuses(&done), [200, 201, 200], "{}", done.text);
    let names: Vec<_> =
        done.json["results"].as_array().unwrap().iter().map(|result| result["record"]["name"].clone()).collect();
    assert_eq!(names, ["One", "Three", "Two"]);
    let other = json!({ "operations": [create(&one, "One"), create(&two, "Other"), { "create": { "name": "Four" } }] });
    let refused = scene.org.post(&path, other).await.is_problem(409, "conflict");
    assert_eq!(refused.issues(), [("/operations/1/create/id", "taken")]);
    assert_eq!(statuses(&scene.org.post(&format!("{path}?partial=true"), more).await.is(200)), [200, 200, 200]);
    assert_eq!(scene.org.get(CLIENTS).await.data().len(), 4);
}

async fn an_id_of_somebody_else_tells_nothing(database: Database) {
    let scene = scene(&database).await;
    let (mia, _, member) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    scene.org.give_roles(mia, &["projects.manager"]).await;
    let other = scene.server.organization("Other").await;
    let body = json!({ "id": OWN, "name": "Nguyen" });
    let _ = scene.org.post(CLIENTS, body.clone()).await.is(201);
    let _ = member.post(CLIENTS, body.clone()).await.is_problem(409, "conflict");
    let _ = other.post(CLIENTS, body).await.is(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_commit_and_answer_leaves_a_request_done_once() {
    let folder = tempfile::tempdir().unwrap();
    let (program, token) = furnished(Program::new(env!("CARGO_BIN_EXE_lignaflow"), folder.path())).await;
    let mut server = program.serve().await;
    let api = server.client(Some(&token));
    let body = |n: usize| json!({ "name": format!("Client {n}") });
    let mut writers = Vec::new();
    let (acknowledged, mut answers) = tokio::sync::mpsc::unbounded_channel();
    for n in 0..200 {
        let (api, acknowledged) = (api.clone(), acknowledged.clone());
        writers.push(tokio::spawn(async move {
            let request =
                api.request(Method::POST, CLIENTS).header("Idempotency-Key", format!("key-{n}")).json(&body(n));
            let Ok(answer) = request.send().await else { return };
            if let Ok(text) = answer.text().await {
                let _ = acknowledged.send((n, text));
            }
        }));
    }
    drop(acknowledged);
    let mut kept = Vec::new();
    for _ in 0..60 {
        kept.extend(answers.recv().await);
    }
    server.kill().await;
    while let Some(answer) = answers.recv().await {
        kept.push(answer);
    }
    let server = program.serve().await;
    let api = server.client(Some(&token));
    let mut made = std::collections::BTreeSet::new();
    for n in 0..200 {
        let again = keyed(&api, CLIENTS, &format!("key-{n}"), &body(n)).await.is(201);
        if let Some((_, text)) = kept.iter().find(|(number, _)| *number == n) {
            assert_eq!(&again.text, text, "an acknowledged answer comes again");
            assert_eq!(again.header("idempotent-replayed"), "true");
        }
        made.insert(again.id());
    }
    assert_eq!(made.len(), 200);
    let count = api.get(&format!("{CLIENTS}?count=true&limit=1")).await.is(200);
    assert_eq!(count.json["count"], 200, "each of them once");
}
