//! What an organization holds of people: taken along as a file, and taken away, with history kept under a pseudonym.

use crate::scene::{CLIENTS, PROJECTS, TASKS, scene_with};
use lignaflow_testkit::site::{self, ENTRIES, Site};
use lignaflow_testkit::{
    Answer, Client, Database, HeldClock, Method, Org, Role, Scope, Server, Setup, on_both, on_one,
};
use serde_json::{Value as Json, json};
use std::sync::Arc;

on_both!(
    what_is_held_of_somebody_is_one_file,
    one_takes_along_what_one_may_read,
    who_has_left_a_trace_is_kept_and_the_day_is_named,
    who_is_erased_stays_under_a_pseudonym,
    who_belongs_elsewhere_keeps_their_account,
    who_may_not_be_erased_is_not,
);

on_one!(a_person_is_erased_on_their_page, a_long_file_comes_whole);

/// Thursday, 26 November 2026, 10:00 in Sydney.
const NOW: i64 = 1_795_647_600_000_000;
const YEAR: i64 = 366 * 86_400;

async fn held(database: &Database) -> (crate::scene::Scene, HeldClock) {
    let clock = HeldClock::at(NOW);
    let setup = Setup { clock: Arc::new(clock.clone()), ..Setup::default() };
    (scene_with(database, setup).await, clock)
}

async fn put(api: &Client, path: &str, body: Json) -> Answer {
    api.send(api.request(Method::PUT, path).json(&body)).await
}

async fn erase(api: &Client, person: &str, confirm: &str) -> Answer {
    api.post(&format!("people/{person}/erasure"), json!({ "confirm": confirm })).await
}

fn row(people: &Answer, id: &str) -> Json {
    people.data().iter().find(|row| row["id"] == id).cloned().unwrap_or_else(|| panic!("no {id}: {}", people.text))
}

async fn what_is_held_of_somebody_is_one_file(database: Database) {
    let (scene, _) = held(&database).await;
    let (server, org) = (&scene.server, &scene.org);
    let (mia, email, hers) = server.member(org, "Mia", Role::Member).await;
    let mia = mia.to_string();
    org.give_roles(&mia, &["projects.bookkeeper"]).await;
    let members = json!({ "members": [mia] });
    let _ = org.patch(&format!("{PROJECTS}/{}", scene.project), "*", members).await.is(200);
    let task = scene.task("Cut", json!({ "assignees": [mia] })).await;
    let _ = scene.task("Glue", json!({})).await;
    let done = scene.task("Sweep", json!({ "assignees": [mia] })).await;
    let _ = org.delete(&format!("{TASKS}/{done}"), "*").await.is(200);
    let own = hers.make(CLIENTS, json!({ "name": "Ana Weiss" })).await;
    let visitor = server.visitor();
    visitor.sign_in(&email, &org.password).await;
    let view = json!({ "collection": TASKS, "name": "Mine" });
    let _ = hers.post("views", view).await.is(201);

    let file = org.get(&format!("people/{mia}/export")).await.is(200);
    assert!(file.header("content-disposition").contains("attachment"), "{:?}", file.headers);
    assert_eq!(file.header("cache-control"), "private, no-store");
    let of = &file.json;
    assert_eq!((&of["person"]["name"], &of["person"]["email"]), (&json!("Mia"), &json!(email)));
    assert_eq!(of["membership"]["role"], "member");
    let ids = |collection: &str| -> Vec<String> {
        of["records"][collection].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(TASKS), [task, done], "also what is archived, and nothing else");
    assert_eq!((ids(PROJECTS), ids(CLIENTS)), (vec![scene.project.clone()], vec![own.clone()]));
    assert_eq!((of["views"][0]["name"].clone(), of["sessions"].as_array().unwrap().len()), (json!("Mine"), 1));
    assert_eq!(of["tokens"][0]["name"], "test");
    assert!(of["audit"].as_array().unwrap().iter().any(|line| line["kind"] == "session.opened"), "{}", file.text);
    let acts = of["acts"].as_array().unwrap();
    assert!(acts.iter().any(|act| act["record"] == own.as_str() && act["kind"] == "insert"), "{}", file.text);
    assert!(!file.text.contains(&org.password) && !file.text.contains("argon2"));

    let written = org.get("audit?kind=person.exported").await.is(200);
    assert_eq!((written.data().len(), &written.data()[0]["detail"]["person"]), (1, &json!(mia)));
    assert_eq!(written.data()[0]["person"], org.owner.to_string());
    let _ = hers.get(&format!("people/{}/export", org.owner)).await.is_problem(403, "denied");
    let _ = hers.get(&format!("people/{mia}/export")).await.is_problem(403, "denied");
    let other = server.organization("Elm").await;
    let _ = other.get(&format!("people/{mia}/export")).await.is_problem(404, "not-found");
    let _ = other.get(&format!("people/{mia}/erasure")).await.is_problem(404, "not-found");
    let _ = erase(&other, &mia, "Mia").await.is_problem(404, "not-found");
}

async fn one_takes_along_what_one_may_read(database: Database) {
    let site = site::site(&database).await;
    let Site { mia, mia_id, org, .. } = &site;
    let hers = site.entry("Fit", mia_id, &site.kitchen, 10).await;
    let _ = site.entry("Slate", &site.ben_id, &site.roof, 20).await;
    let _ = mia.get("account/export").await.is_problem(403, "denied");
    let _ = site.server.client(None).get("account/export").await.is_problem(401, "unauthenticated");
    let visitor = site.mia_opens().await;
    let file = visitor.get("/api/v1/account/export").await.is(200);
    let entries = file.json["records"][ENTRIES].as_array().unwrap();
    assert_eq!((entries.len(), &entries[0]["id"]), (1, &json!(hers)));
    assert!(entries[0].get("rate").is_none(), "what she may not see is not in it: {}", file.text);
    assert!(!file.text.contains("Slate"), "{}", file.text);
    let page = visitor.get("/account/export").await.is(200);
    assert_eq!(page.json["person"]["id"], mia_id.as_str());
    let whole = org.get(&format!("people/{mia_id}/export")).await.is(200);
    assert!(whole.json["records"][ENTRIES][0].get("rate").is_some(), "{}", whole.text);
    assert_eq!(org.get("audit?kind=person.exported").await.data().len(), 3);
    visitor.get("/account").await.is(200).shows("href=\"/account/export\"");
}

async fn who_has_left_a_trace_is_kept_and_the_day_is_named(database: Database) {
    let (scene, clock) = held(&database).await;
    let (server, org) = (&scene.server, &scene.org);
    let (mia, ..) = server.member(org, "Mia", Role::Member).await;
    let (ben, ..) = server.member(org, "Ben", Role::Member).await;
    let (mia, ben) = (mia.to_string(), ben.to_string());
    let _ = scene.task("Cut", json!({ "assignees": [mia] })).await;
    let when = org.get(&format!("people/{mia}/erasure")).await.is(200);
    assert_eq!((&when.json["years"], &when.json["kept_until"]), (&json!(7), &json!("2033-11-26")), "{}", when.text);
    assert_eq!(when.json["records"], json!({ "projects/tasks": 1 }));
    let kept = erase(org, &mia, "Mia").await.is_problem(409, "conflict");
    assert_eq!(kept.issues(), [("/person", "retained")]);
    assert!(kept.message_at("/person").contains("2033-11-26"), "{}", kept.text);
    assert_eq!(row(&org.get("people").await, &mia)["name"], "Mia");
    // Of whom there is no trace, nothing is to be kept.
    assert_eq!(org.get(&format!("people/{ben}/erasure")).await.json["kept_until"], Json::Null);
    let _ = erase(org, &ben, "Ben").await.is(200);

    let wrong = put(org, "organization/retention", json!({ "years": 101 })).await.is_problem(422, "invalid");
    assert_eq!(wrong.issues(), [("/years", "range")]);
    let _ = put(org, "organization/retention", json!({ "years": 2 })).await.is(200);
    assert_eq!(org.get("organization/retention").await.json, json!({ "years": 2 }));
    assert_eq!(
        org.get("audit?kind=organization.retention-set").await.data()[0]["detail"],
        json!({ "before": 7, "after": 2 })
    );
    let kept = erase(org, &mia, "Mia").await.is_problem(409, "conflict");
    assert!(kept.message_at("/person").contains("2028-11-26"), "{}", kept.text);
    clock.advance_seconds(2 * YEAR);
    let _ = erase(org, &mia, "Mia").await.is(200);
}

async fn who_is_erased_stays_under_a_pseudonym(database: Database) {
    let (scene, clock) = held(&database).await;
    let (server, org) = (&scene.server, &scene.org);
    let (mia, email, hers) = server.member(org, "Mia", Role::Member).await;
    let mia = mia.to_string();
    org.give_roles(&mia, &["projects.bookkeeper"]).await;
    let task = scene.task("Cut", json!({ "assignees": [mia] })).await;
    let own = hers.make(CLIENTS, json!({ "name": "Ana Weiss" })).await;
    let visitor = server.visitor();
    let _ = visitor.post("/sign-in", &[("email", &email), ("password", "guessed wrongly")]).await.is(403);
    visitor.sign_in(&email, &org.password).await;
    let _ = org.post("invitations", json!({ "email": "sam@example.com", "name": "Sam" })).await.is(201);
    clock.advance_seconds(8 * YEAR);
    // A token that runs out after eight years would end the test rather than the person.
    let org = &renewed(server, org).await;

    let slip = erase(org, &mia, "Mai").await.is_problem(422, "invalid");
    assert_eq!(slip.issues(), [("/confirm", "confirm")]);
    let erased = erase(org, &mia, "Mia").await.is(200);
    let pseudonym = erased.json["pseudonym"].as_str().unwrap().to_owned();
    let people = org.get("people").await.is(200);
    let now = row(&people, &mia);
    assert_eq!((&now["name"], &now["email"], &now["active"]), (&json!(pseudonym), &json!(""), &json!(false)));
    assert!(!people.text.contains(&email) && !people.text.contains("\"Mia\""), "{}", people.text);

    // What they did and what refers to them stays.
    assert_eq!(org.get(&format!("{TASKS}/{task}")).await.is(200).json["assignees"], json!([mia]));
    assert_eq!(org.get(&format!("{CLIENTS}/{own}/history")).await.is(200).data()[0]["by"]["id"], mia.as_str());
    let owner = server.signed_in(org).await;
    owner.get(&format!("/{CLIENTS}/{own}")).await.is(200).shows(&pseudonym).hides("Mia");
    owner.get(&format!("/{TASKS}/{task}")).await.is(200).shows(&pseudonym).hides("Mia");
    owner.get("/admin/people").await.is(200).shows(&pseudonym).shows("erased").hides(&email);

    // Nothing of theirs lets anybody in, and nothing leads back.
    let _ = hers.get(TASKS).await.is_problem(401, "unauthenticated");
    assert_eq!(visitor.get("/").await.status, 303);
    let _ = visitor.post("/sign-in", &[("email", &email), ("password", &org.password)]).await.is(403);
    let audit = org.get("audit?limit=200").await.is(200);
    assert!(!audit.text.contains(&email) && !audit.text.contains("\"Mia\""), "{}", audit.text);
    let theirs = audit.data().iter().filter(|line| line["person"] == mia.as_str());
    assert!(theirs.clone().count() > 0 && theirs.into_iter().all(|line| line["address"] == ""), "{}", audit.text);
    assert!(org.get("audit?q=mia").await.data().is_empty());
    let line = org.get("audit?kind=person.erased").await.is(200).data()[0].clone();
    assert_eq!((&line["detail"]["person"], &line["detail"]["account"]), (&json!(mia), &json!(true)));
    let file = org.get(&format!("people/{mia}/export")).await.is(200);
    assert!(!file.text.contains(&email) && file.json["person"]["name"] == pseudonym.as_str(), "{}", file.text);

    // Nobody is made of them again.
    for answer in [
        org.patch(&format!("people/{mia}"), "*", json!({ "active": true })).await,
        org.patch(&format!("people/{mia}"), "*", json!({ "role": "admin" })).await,
        org.post("invitations", json!({ "person": mia })).await,
        erase(org, &mia, &pseudonym).await,
    ] {
        assert_eq!(answer.is_problem(409, "conflict").issues(), [("/person", "erased")]);
    }
    // Their address is free.
    let body = json!({ "email": email, "name": "Another Mia", "password": org.password, "role": "member" });
    let added = org.post("people", body).await.is(201);
    assert!(added.id() != mia && added.json["existed"] == false);
}

/// The same organization, asked with a token of now.
async fn renewed(server: &Server, org: &Org) -> Org {
    let token = server.token(&org.email, &org.name, Scope::All).await;
    Org { api: server.client(Some(&token)), token, ..org.clone() }
}

async fn who_belongs_elsewhere_keeps_their_account(database: Database) {
    let server = database.serve().await;
    let (oak, elm) = (server.organization("Oak").await, server.organization("Elm").await);
    // Whoever administers the instance may add somebody who is known elsewhere.
    let (mia, email, there) = server.member(&elm, "Mia", Role::Member).await;
    let mia = mia.to_string();
    let _ = oak.post("people", json!({ "email": email, "role": "member" })).await.is(201);
    let here = server.client(Some(&server.token(&email, "Oak", Scope::All).await));
    let _ = here.get(TASKS).await.is(200);
    let erased = erase(&oak, &mia, "Mia").await.is(200);
    let pseudonym = erased.json["pseudonym"].as_str().unwrap();
    let oaks = oak.get("people").await.is(200);
    let name = row(&oaks, &mia)["name"].clone();
    assert!(name == pseudonym && !oaks.text.contains(&email), "{}", oaks.text);
    assert_eq!(row(&elm.get("people").await, &mia)["name"], "Mia");
    assert_eq!(oak.get("audit?kind=person.erased").await.data()[0]["detail"]["account"], false);
    let _ = here.get(TASKS).await.is_problem(401, "unauthenticated");
    let _ = there.get(TASKS).await.is(200);
    let visitor = server.visitor();
    visitor.sign_in(&email, &elm.password).await;
    assert_eq!(visitor.get("/api/v1/account").await.json["organizations"].as_array().unwrap().len(), 1);
    let _ = erase(&elm, &mia, "Mia").await.is(200);
    assert_ne!(row(&elm.get("people").await, &mia)["name"], pseudonym, "nobody tells one by the other");
    let _ = visitor.post("/sign-in", &[("email", &email), ("password", &elm.password)]).await.is(403);
}

async fn who_may_not_be_erased_is_not(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Oak").await;
    let (ada_id, _, ada) = server.member(&org, "Ada", Role::Admin).await;
    let (mia_id, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let name = format!("{}'s owner", org.name);
    let owner = org.owner.to_string();
    assert_eq!(erase(&org, &owner, &name).await.is_problem(409, "conflict").issues(), [("/person", "oneself")]);
    let _ = erase(&ada, &owner, &name).await.is_problem(403, "denied");
    let _ = erase(&mia, &ada_id.to_string(), "Ada").await.is_problem(403, "denied");
    let _ = org.patch(&format!("people/{ada_id}"), "*", json!({ "role": "owner" })).await.is(204);
    // The first owner administers the instance as well.
    let first = erase(&ada, &owner, &name).await.is_problem(409, "conflict");
    assert_eq!(first.issues(), [("/person", "instance-admin")]);
    let nobody = "01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f";
    let _ = erase(&org, nobody, "Mia").await.is_problem(404, "not-found");
    let _ = org.get(&format!("people/{nobody}/export")).await.is_problem(404, "not-found");
    let _ = mia.get("organization/retention").await.is_problem(403, "denied");
    let _ = put(&mia, "organization/retention", json!({ "years": 0 })).await.is_problem(403, "denied");
    assert_eq!(row(&org.get("people").await, &mia_id.to_string())["name"], "Mia");
}

async fn a_person_is_erased_on_their_page(database: Database) {
    let (scene, clock) = held(&database).await;
    let (server, org) = (&scene.server, &scene.org);
    let (mia, ..) = server.member(org, "Mia", Role::Member).await;
    let _ = scene.task("Cut", json!({ "assignees": [mia.to_string()] })).await;
    let path = format!("/admin/people/{mia}");
    let owner = server.signed_in(org).await;
    owner.get("/admin/people").await.is(200).shows(&format!("href=\"{path}/privacy\""));
    owner.get(&format!("{path}/privacy")).await.is(200).shows("2033").shows("Tasks").hides("name=\"confirm\"");
    let _ = owner.post(&format!("{path}/erase"), &[("confirm", "Mia")]).await.is(409);
    owner.get("/admin/organization").await.is(200).shows("name=\"years\"").shows("value=\"7\"");
    let _ = owner.post("/admin/organization/retention", &[("years", "seven")]).await.is(422);
    assert_eq!(owner.post("/admin/organization/retention", &[("years", "1")]).await.status, 303);
    clock.advance_seconds(YEAR);
    let owner = server.signed_in(org).await;
    owner.get(&format!("{path}/privacy")).await.is(200).shows("name=\"confirm\"");
    let wrong = owner.post(&format!("{path}/erase"), &[("confirm", "mia")]).await.is(422);
    wrong.shows("href=\"#f-confirm\"").shows("value=\"mia\"");
    assert_eq!(owner.get(&format!("{path}/export")).await.is(200).json["person"]["name"], "Mia");
    let done = owner.post(&format!("{path}/erase"), &[("confirm", "Mia")]).await;
    assert_eq!((done.status, done.to()), (303, "/admin/people"), "{}", done.text);
    owner.get(&format!("{path}/privacy")).await.is(200).shows("They were erased").hides("name=\"confirm\"");
    let (_, email, _) = server.member(org, "Ben", Role::Member).await;
    let ben = server.visitor();
    ben.sign_in(&email, &org.password).await;
    let _ = ben.get(&format!("{path}/privacy")).await.is(403);
    let _ = ben.get(&format!("{path}/export")).await.is(403);
    let _ = ben.post(&format!("{path}/erase"), &[("confirm", "Mia")]).await.is(403);
    let _ = ben.post("/admin/organization/retention", &[("years", "0")]).await.is(403);
}

/// More of everything than is read at once.
async fn a_long_file_comes_whole(database: Database) {
    let (scene, _) = held(&database).await;
    let (server, org) = (&scene.server, &scene.org);
    let (mia, _, hers) = server.member(org, "Mia", Role::Admin).await;
    for batch in 0..2 {
        let operations: Vec<Json> =
            (0..210).map(|n| json!({ "create": { "name": format!("Client {batch}.{n}") } })).collect();
        let _ = hers.post(&format!("{CLIENTS}/batch"), json!({ "operations": operations })).await.is(200);
    }
    for n in 0..205 {
        let _ = hers.post("views", json!({ "collection": TASKS, "name": format!("View {n}") })).await;
    }
    for n in 0..205 {
        let _ = hers.post("people/placeholders", json!({ "name": format!("Ron {n}") })).await.is(201);
    }
    let file = org.get(&format!("people/{mia}/export")).await.is(200).json;
    assert_eq!(file["records"][CLIENTS].as_array().unwrap().len(), 420);
    assert_eq!(file["acts"].as_array().unwrap().len(), 420);
    let added = file["audit"].as_array().unwrap().iter().filter(|line| line["kind"] == "member.placeholder-added");
    assert_eq!(added.count(), 205);
    let views = hers.get(&format!("views?collection={TASKS}")).await.is(200).data().len();
    assert_eq!(file["views"].as_array().unwrap().len(), views);
}
