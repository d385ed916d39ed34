//! A version that carries records over: the one before serves meanwhile, each record is carried over once, by whichever
//! host is there, and where it fails nothing has changed for anybody.

use crate::scene::{Scene, scene_with};
use lignaflow_core::clock::{Clock, Micros};
use lignaflow_core::mutation::Origin;
use lignaflow_server::app::SystemClock;
use lignaflow_testkit::plugins::{declared, fixture, redescribed, shipped};
use lignaflow_testkit::program::Program;
use lignaflow_testkit::{Answer, Client, Database, Method, PASSWORD, Race, Setup, on_both, on_one};
use serde_json::{Value as Json, json};
use std::sync::Arc;

on_both!(
    records_are_carried_over_while_the_version_before_serves,
    what_is_changed_meanwhile_is_carried_over_again,
    a_failing_migration_leaves_the_version_before_in_use,
    a_migration_goes_on_at_another_host_where_the_first_stopped,
    a_migration_goes_on_after_the_process_was_killed,
);

on_one!(
    a_version_that_carries_records_over_renames_nothing,
    a_version_that_is_not_covered_is_replaced_at_once,
    another_file_ends_a_migration_that_failed,
);

const CONTACTS: &str = "migrating/contacts";
const DESCRIPTOR: &str = include_str!("../../../../plugins/fixtures/migrating/plugin.toml");

/// Contacts with one name, at a version.
fn first(version: &str) -> Vec<u8> {
    declared(&format!(
        "id = \"migrating\"\nversion = \"{version}\"\ntitle = \"Contacts\"\napi = \"0.1\"\n\n[[collections]]\n\
         name = \"contacts\"\ntitle = {{ one = \"Contact\", many = \"Contacts\" }}\ndisplay = \"full_name\"\n\
         [collections.fields]\nfull_name = {{ type = \"text\", required = true }}\n\
         status = {{ type = \"choice\", of = [\"open\", \"closed\"], default = \"open\" }}\n\
         [[collections.transitions]]\nname = \"close\"\nfrom = [\"open\"]\nto = \"closed\"\nlocks = true\n"
    ))
}

/// The next version, so many records a call.
fn next(portion: u16) -> Vec<u8> {
    let descriptor = DESCRIPTOR.replace("portion = 10", &format!("portion = {portion}"));
    redescribed(&fixture("migrating"), DESCRIPTOR, &descriptor)
}

async fn with_contacts(database: &Database, version: &str) -> (Scene, Race) {
    let race = Race::default();
    let plugins = vec![shipped("projects"), first(version)];
    let setup = Setup { plugins, race: Some(race.clone()), ..Setup::default() };
    (scene_with(database, setup).await, race)
}

async fn install(api: &Client, bytes: impl Into<Vec<u8>>) -> Answer {
    let request = api.request(Method::POST, "plugins?grant=all").header("Content-Type", "application/wasm");
    api.send(request.body(bytes.into())).await
}

/// Asks until this holds of the migration. Each question is answered; nothing is slept through.
async fn until(api: &Client, holds: impl Fn(&Json) -> bool) -> Json {
    loop {
        let told = api.get("plugins/migrating/migration").await.is(200);
        if holds(&told.json) {
            return told.json;
        }
        let ended = ["failed", "done"].iter().any(|phase| told.json["phase"] == *phase);
        assert!(!ended, "{}", told.text);
        tokio::task::yield_now().await;
    }
}

async fn done(api: &Client) -> Json {
    until(api, |told| told["phase"] == "done").await
}

/// Once the next version serves here.
async fn in_use(api: &Client) {
    until(api, |told| told["phase"] == "sweeping" || told["phase"] == "done").await;
    while api.get(&format!("{CONTACTS}?fields=given&limit=1")).await.status != 200 {
        tokio::task::yield_now().await;
    }
}

async fn version(api: &Client) -> String {
    let listed = api.get("plugins").await.is(200);
    let found = listed.data().iter().find(|plugin| plugin["id"] == "migrating").unwrap();
    found["version"].as_str().unwrap().to_owned()
}

async fn fill(api: &Client, names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(api.make(CONTACTS, json!({ "full_name": name })).await);
    }
    ids
}

fn anas(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("Ana{n} Sousa"))
}

async fn records_are_carried_over_while_the_version_before_serves(database: Database) {
    let (scene, _) = with_contacts(&database, "0.1.4").await;
    let org = &scene.org;
    let ids = fill(org, anas(35)).await;
    let other = scene.server.organization("Other").await;
    let theirs = fill(&other, ["Cher".to_owned(), "Hookless Wonder".to_owned()]).await;
    // What a state locks and what is archived are carried over as well.
    let _ = org.act(&format!("{CONTACTS}/{}/close", ids[0])).await.is(200);
    let _ = org.delete(&format!("{CONTACTS}/{}", ids[1]), "*").await.is(200);
    let plan = org
        .send(org.request(Method::POST, "plugins/inspect").header("Content-Type", "application/wasm").body(next(10)));
    let plan = plan.await.is(200).json;
    assert_eq!((&plan["carries_from"], &plan["to_carry"], &plan["fits"]), (&json!("0.1.4"), &json!(37), &json!(true)));
    let begun = install(org, next(10)).await.is(202);
    assert_eq!((&begun.json["from_version"], &begun.json["to_version"]), (&json!("0.1.4"), &json!("0.2.0")));
    let told = done(org).await;
    assert_eq!((&told["organizations"], &told["through"], &told["expected"]), (&json!(2), &json!(2), &json!(37)));
    assert!(told["records"].as_u64().unwrap() >= 37 && told["writes"].as_u64().unwrap() >= 37, "{told}");
    assert_eq!((told["fault"].is_null(), version(org).await.as_str()), (true, "0.2.0"));
    for id in &ids {
        let record = org.get(&format!("{CONTACTS}/{id}")).await.is(200).json;
        assert_eq!(record["family"], "Sousa", "{record}");
    }
    assert_eq!(org.get(&format!("{CONTACTS}/{}", ids[0])).await.json["status"], "closed");
    assert!(!org.get(&format!("{CONTACTS}/{}", ids[1])).await.json["archived_at"].is_null());
    let cher = other.get(&format!("{CONTACTS}/{}", theirs[0])).await.is(200).json;
    assert_eq!((&cher["given"], &cher["family"]), (&json!("Cher"), &Json::Null));
    assert_eq!(other.get(&format!("{CONTACTS}/{}", theirs[1])).await.json["family"], "Wonder", "no hook was asked");
    let history = org.get(&format!("{CONTACTS}/{}/history", ids[3])).await.is(200);
    assert_eq!(history.data()[0]["by"], json!({ "kind": "plugin", "id": "migrating" }));
    assert_eq!(history.data()[0]["through"], json!({ "plugin": "migrating", "version": "0.2.0" }));
    assert_eq!(history.column("origin"), ["migration", "api"], "once and no more");
    // From now on the name is asked for, and the hook is.
    let refused = org.post(CONTACTS, json!({ "full_name": "x" })).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/given", "required")]);
    let hooked =
        org.post(CONTACTS, json!({ "full_name": "Hookless Wonder", "given": "H" })).await.is_problem(422, "invalid");
    assert_eq!(hooked.issues(), [("/full_name", "hooked")]);
}

async fn what_is_changed_meanwhile_is_carried_over_again(database: Database) {
    let (scene, race) = with_contacts(&database, "0.1.0").await;
    let org = &scene.org;
    let ids = fill(org, anas(15)).await;
    let first = race.hold_own(Origin::Migration);
    let _ = install(org, next(10)).await.is(202);
    let at = |id: &str| format!("{CONTACTS}/{id}");
    let second = first
        .meanwhile(async {
            // The first portion waits to be committed, and one of its records is changed under it.
            let _ = org.patch(&at(&ids[2]), "*", json!({ "full_name": "Bo Derek" })).await.is(200);
            assert_eq!(version(org).await, "0.1.0", "the version before serves");
            race.hold_own(Origin::Migration)
        })
        .await;
    let late = second
        .meanwhile(async {
            let told = org.get("plugins/migrating/migration").await.is(200).json;
            assert_eq!((&told["phase"], &told["records"]), (&json!("copying"), &json!(10)));
            let visitor = scene.server.signed_in(org).await;
            visitor.get("/admin/plugins").await.is(200).shows("goes on while its records are carried over to 0.2.0");
            // One that was carried over already, and one that is new.
            let _ = org.patch(&at(&ids[4]), "*", json!({ "full_name": "Jane Doe" })).await.is(200);
            org.make(CONTACTS, json!({ "full_name": "Late Comer" })).await
        })
        .await;
    done(org).await;
    for (id, given, family) in [(&ids[2], "Bo", "Derek"), (&ids[4], "Jane", "Doe"), (&late, "Late", "Comer")] {
        let record = org.get(&at(id)).await.is(200).json;
        assert_eq!((&record["given"], &record["family"]), (&json!(given), &json!(family)));
    }
    let history = org.get(&format!("{}/history", at(&ids[4]))).await.is(200);
    assert_eq!(history.column("origin"), ["migration", "api", "migration", "api"]);
    let history = org.get(&format!("{}/history", at(&ids[5]))).await.is(200);
    assert_eq!(history.column("origin"), ["migration", "api"]);
}

async fn a_failing_migration_leaves_the_version_before_in_use(database: Database) {
    let (scene, _) = with_contacts(&database, "0.1.0").await;
    let org = &scene.org;
    let ids = fill(org, anas(12)).await;
    let nobody = fill(org, ["Nobody".to_owned()]).await;
    let _ = install(org, next(10)).await.is(202);
    let failed = until(org, |told| told["phase"] == "failed").await;
    assert!(failed["fault"].as_str().unwrap().contains(&nobody[0]), "{failed}");
    assert_eq!(version(org).await, "0.1.0");
    let at = format!("{CONTACTS}/{}", nobody[0]);
    let record = org.get(&at).await.is(200).json;
    assert!(record.get("given").is_none(), "the version before knows nothing of it: {record}");
    let visitor = scene.server.signed_in(org).await;
    visitor.get("/admin/plugins/migrating").await.is(200).shows("stays in use").shows(&nobody[0]);
    // Mended, and installed again, it goes on where it stood.
    let _ = org.patch(&at, "*", json!({ "full_name": "Some Body" })).await.is(200);
    let _ = install(org, next(10)).await.is(202);
    in_use(org).await;
    assert_eq!(version(org).await, "0.2.0");
    assert_eq!(org.get(&at).await.json["family"], "Body");
    let early = org.get(&format!("{CONTACTS}/{}/history", ids[0])).await.is(200);
    assert_eq!(early.column("origin"), ["migration", "api"], "what was carried over before is not again");
}

async fn a_migration_goes_on_at_another_host_where_the_first_stopped(database: Database) {
    let (scene, race) = with_contacts(&database, "0.1.0").await;
    fill(&scene.org, anas(25)).await;
    let first = race.hold_own(Origin::Migration);
    let _ = install(&scene.org, next(10)).await.is(202);
    let second = first.meanwhile(async { race.hold_own(Origin::Migration) }).await;
    let token = scene.org.token.clone();
    // The second portion waits to be committed, and never is here.
    second
        .abandon(async {
            let told = scene.org.get("plugins/migrating/migration").await.is(200).json;
            assert_eq!(told["records"], 10);
            scene.server.stop().await;
        })
        .await;
    let server = database.serve_with(Setup { plugins: Vec::new(), ..Setup::default() }).await;
    let api = server.client(Some(&token));
    in_use(&api).await;
    assert_eq!(version(&api).await, "0.2.0");
    each_once(&api, 25).await;
}

/// Whether all of so many contacts were carried over, and no more than once.
async fn each_once(api: &Client, count: usize) {
    let listed = api.get(&format!("{CONTACTS}?filter[family]=Sousa&limit=200")).await.is(200);
    assert_eq!(listed.data().len(), count);
    for record in listed.data() {
        assert_eq!(record["version"], 2, "{record}");
    }
}

/// A clock on which the lease of a host that is gone has run out.
#[derive(Debug)]
struct Later;

impl Clock for Later {
    fn now(&self) -> Micros {
        SystemClock.now() + 60 * 1_000_000
    }
}

async fn a_migration_goes_on_after_the_process_was_killed(database: Database) {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(env!("CARGO_BIN_EXE_lignaflow"), folder.path());
    let program = program.with("LIGNAFLOW_DATABASE_URL", database.url());
    let _ = program.run(&["migrate"]).await.done();
    let create = ["organization", "create", "Halloran", "--owner", "jo@example.com", "--password-stdin"];
    let _ = program.run_with(&create, PASSWORD).await.done();
    let file = folder.path().join("first.wasm");
    std::fs::write(&file, first("0.1.0")).unwrap();
    let _ = program.run(&["plugin", "install", file.to_str().unwrap()]).await.done();
    let _ = program.run(&["plugin", "enable", "migrating", "--organization", "Halloran"]).await.done();
    let words = ["token", "create", "--email", "jo@example.com", "--organization", "Halloran"];
    let token = program.run(&words).await.done().out.trim().to_owned();
    let mut serving = program.serve().await;
    let api = serving.client(Some(&token));
    let contacts: Vec<Json> = anas(200).map(|name| json!({ "create": { "full_name": name } })).collect();
    let _ = api.post(&format!("{CONTACTS}/batch"), json!({ "operations": contacts })).await.is(200);
    let _ = install(&api, next(1)).await.is(202);
    let killed = until(&api, |told| told["records"].as_u64().unwrap() > 0).await;
    serving.kill().await;
    assert_eq!(killed["phase"], "copying");
    let told = program.run(&["plugin", "migration", "migrating"]).await.done().out;
    assert!(told.contains("migrating 0.1.0 -> 0.2.0: copying") && told.contains("of 200 records"), "{told}");
    let setup = Setup { plugins: Vec::new(), clock: Arc::new(Later), ..Setup::default() };
    let server = database.serve_with(setup).await;
    let api = server.client(Some(&token));
    in_use(&api).await;
    each_once(&api, 200).await;
}

async fn a_version_that_carries_records_over_renames_nothing(database: Database) {
    let (scene, _) = with_contacts(&database, "0.1.0").await;
    fill(&scene.org, anas(1)).await;
    let renaming = DESCRIPTOR.replace("full_name = { type", "name = { renamed_from = \"full_name\", type");
    let renaming = renaming.replace("display = \"full_name\"", "display = \"name\"");
    let refused = install(&scene.org, redescribed(&fixture("migrating"), DESCRIPTOR, &renaming)).await;
    let refused = refused.is_problem(409, "conflict");
    assert_eq!(refused.issues()[0], ("/migrating/contacts/name", "would-lose"));
    assert_eq!(version(&scene.org).await, "0.1.0");
    let _ = scene.org.get("plugins/migrating/migration").await.is_problem(404, "not-found");
    let itself = DESCRIPTOR.replace("from = [\"0.1\"]", "from = [\"0.2\"]");
    let refused = install(&scene.org, redescribed(&fixture("migrating"), DESCRIPTOR, &itself)).await;
    assert!(refused.is_problem(422, "invalid").text.contains("migration.from"));
    let without = DESCRIPTOR.replace("hook = { on = [\"insert\", \"update\"] }\n", "");
    let refused = install(&scene.org, declared(&without)).await.is_problem(422, "invalid");
    assert!(refused.text.contains("lignaflow:plugin/migration"), "{}", refused.text);
}

async fn a_version_that_is_not_covered_is_replaced_at_once(database: Database) {
    let (scene, _) = with_contacts(&database, "0.0.9").await;
    let _ = install(&scene.org, next(10)).await.is(201);
    assert_eq!(version(&scene.org).await, "0.2.0");
    let _ = scene.org.get("plugins/migrating/migration").await.is_problem(404, "not-found");
}

async fn another_file_ends_a_migration_that_failed(database: Database) {
    let (scene, _) = with_contacts(&database, "0.1.0").await;
    let org = &scene.org;
    fill(org, ["Nobody".to_owned()]).await;
    let _ = install(org, next(10)).await.is(202);
    until(org, |told| told["phase"] == "failed").await;
    let _ = install(org, first("0.1.1")).await.is(201);
    assert_eq!(version(org).await, "0.1.1");
    let _ = org.get("plugins/migrating/migration").await.is_problem(404, "not-found");
    let _ = org.post(CONTACTS, json!({ "full_name": "Still Works" })).await.is(201);
}
