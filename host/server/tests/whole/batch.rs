//! Many changes in one request: all or none, or each on its own.

use crate::scene::{CLIENTS, PROJECTS, TASKS, scene};
use lignaflow_testkit::{Database, Role, Scope, on_both};
use serde_json::{Value as Json, json};

on_both!(
    a_batch_does_all_that_it_is_asked_in_its_order,
    a_batch_with_a_fault_does_nothing_and_tells_every_fault,
    faults_of_one_kind_keep_their_status,
    a_batch_may_refer_to_what_it_makes,
    a_partial_batch_does_what_can_be_done,
    a_batch_is_bounded_and_read_strictly,
    a_batch_needs_the_rights_of_what_it_does,
);

const OWN: &str = "01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f";

fn batch(operations: impl Into<Json>) -> Json {
    let operations: Json = operations.into();
    json!({ "operations": operations })
}

async fn a_batch_does_all_that_it_is_asked_in_its_order(database: Database) {
    let scene = scene(&database).await;
    let (cut, sand, oil) =
        (scene.task("Cut", json!({})).await, scene.task("Sand", json!({})).await, scene.task("Oil", json!({})).await);
    let gone = scene.task("Gone", json!({})).await;
    let _ = scene.org.delete(&format!("{TASKS}/{gone}"), "*").await.is(200);
    let operations = json!([
        { "create": { "title": "Glue", "project": scene.project } },
        { "update": { "id": cut, "version": 1, "planned_minutes": 30 } },
        { "remove": { "id": sand, "version": "*" } },
        { "restore": { "id": gone } },
        { "start": { "id": oil, "version": 1, "notes": "Two coats." } },
    ]);
    let done = scene.org.post(&format!("{TASKS}/batch"), batch(operations)).await.is(200);
    let results = done.json["results"].as_array().unwrap();
    let statuses: Vec<_> = results.iter().map(|result| result["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 200, 200, 200, 200], "{}", done.text);
    assert_eq!(results[0]["record"]["title"], "Glue");
    assert_eq!((&results[1]["record"]["planned_minutes"], &results[1]["record"]["version"]), (&json!(30), &json!(2)));
    assert!(results[2]["record"]["archived_at"].is_string());
    assert_eq!(results[3]["record"]["archived_at"], json!(null));
    assert_eq!(results[4]["record"]["notes"], "Two coats.");

    let read = scene.org.get(&format!("{TASKS}/{oil}")).await.is(200);
    assert_eq!(read.json, results[4]["record"], "what is told is what stands");
    let history = scene.org.get(&format!("{TASKS}/{oil}/history")).await.is(200);
    assert_eq!((&history.data()[0]["origin"], &history.data()[0]["transition"]), (&json!("batch"), &json!("start")));
}

async fn a_batch_with_a_fault_does_nothing_and_tells_every_fault(database: Database) {
    let scene = scene(&database).await;
    let cut = scene.task("Cut", json!({})).await;
    let operations = json!([
        { "create": { "title": "Glue", "project": scene.project } },
        { "create": { "title": 7, "planned_minutes": "long", "colour": "red" } },
        { "update": { "id": cut, "version": 9, "title": "Saw" } },
        { "update": { "id": OWN, "version": 1, "title": "Saw" } },
        { "remove": { "id": cut } },
        { "polish": { "id": cut } },
        { "start": { "id": "oak" } },
        "oak",
    ]);
    let refused = scene.org.post(&format!("{TASKS}/batch"), batch(operations)).await.is_problem(422, "invalid");
    let mut issues = refused.issues();
    issues.sort_unstable();
    assert_eq!(
        issues,
        [
            ("/operations/1/create/colour", "unknown-field"),
            ("/operations/1/create/planned_minutes", "type"),
            ("/operations/1/create/project", "required"),
            ("/operations/1/create/title", "type"),
            ("/operations/2/update", "stale"),
            ("/operations/3/update", "not-found"),
            ("/operations/4/remove/version", "required"),
            ("/operations/5/polish", "operation"),
            ("/operations/6/start/id", "type"),
            ("/operations/7", "operation"),
        ],
        "{}",
        refused.text
    );
    assert_eq!(scene.org.get(TASKS).await.column("title"), ["Cut"]);
    assert_eq!(scene.org.get(&format!("{TASKS}/{cut}")).await.etag(), "\"1\"");
}

async fn faults_of_one_kind_keep_their_status(database: Database) {
    let scene = scene(&database).await;
    let (cut, sand) = (scene.task("Cut", json!({})).await, scene.task("Sand", json!({})).await);
    let stale = json!([
        { "update": { "id": cut, "version": 3, "title": "Saw" } },
        { "remove": { "id": sand, "version": 2 } },
    ]);
    let refused = scene.org.post(&format!("{TASKS}/batch"), batch(stale)).await.is_problem(412, "stale");
    assert_eq!(refused.issues(), [("/operations/0/update", "stale"), ("/operations/1/remove", "stale")]);
    let referred = json!([{ "remove": { "id": scene.client, "version": "*" } }]);
    let refused = scene.org.post(&format!("{CLIENTS}/batch"), batch(referred)).await.is_problem(409, "conflict");
    assert_eq!(refused.issues(), [("/operations/0/remove", "conflict")]);
    let doubles = json!([{ "create": { "name": "Nguyen" } }, { "create": { "name": "NGUYEN" } }]);
    let refused = scene.org.post(&format!("{CLIENTS}/batch"), batch(doubles)).await.is_problem(409, "conflict");
    assert_eq!(refused.issues(), [("/operations/1/create/name", "duplicate")]);
}

async fn a_batch_may_refer_to_what_it_makes(database: Database) {
    let scene = scene(&database).await;
    for partial in [false, true] {
        let own = lignaflow_core::Id::fresh().to_string();
        let operations = json!([
            { "create": { "id": own, "title": "Assemble", "project": scene.project } },
            { "create": { "title": "Glue", "project": scene.project, "parent": own } },
        ]);
        let path = format!("{TASKS}/batch?partial={partial}");
        let done = scene.org.post(&path, batch(operations)).await.is(200);
        assert_eq!(done.json["results"][1]["record"]["parent"], own.as_str(), "{}", done.text);
    }
}

async fn a_partial_batch_does_what_can_be_done(database: Database) {
    let scene = scene(&database).await;
    let cut = scene.task("Cut", json!({})).await;
    let operations = json!([
        { "update": { "id": cut, "version": 1, "title": "Saw" } },
        { "create": { "planned_minutes": "long" } },
        { "update": { "id": cut, "version": 1, "title": "Chop" } },
        { "mangle": {} },
        { "update": { "id": cut, "version": 2, "title": "Split" } },
        { "remove": { "id": OWN, "version": "*" } },
    ]);
    let done = scene.org.post(&format!("{TASKS}/batch?partial=true"), batch(operations)).await.is(200);
    let results = done.json["results"].as_array().unwrap();
    let statuses: Vec<_> = results.iter().map(|result| result["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 422, 412, 422, 200, 404], "{}", done.text);
    let issues: Vec<_> = results[1]["problem"]["issues"].as_array().unwrap().iter().map(|i| &i["path"]).collect();
    assert!(issues.contains(&&json!("/operations/1/create/planned_minutes")), "{}", done.text);
    assert!(issues.contains(&&json!("/operations/1/create/title")), "{}", done.text);
    assert_eq!(results[2]["problem"]["code"], "stale");
    assert_eq!(results[2]["problem"]["request_id"], done.header("x-request-id"));
    let read = scene.org.get(&format!("{TASKS}/{cut}")).await.is(200);
    assert_eq!((&read.json["title"], read.etag().as_str()), (&json!("Split"), "\"3\""));
}

async fn a_batch_is_bounded_and_read_strictly(database: Database) {
    let scene = scene(&database).await;
    let path = format!("{TASKS}/batch");
    let many: Vec<_> = (0..501).map(|_| json!({ "restore": { "id": OWN } })).collect();
    let refused = scene.org.post(&path, batch(json!(many))).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/operations", "count")]);
    assert!(refused.text.contains("500"), "{}", refused.text);
    for (body, issue) in [
        (json!({}), ("/operations", "required")),
        (json!({ "operations": [] }), ("/operations", "count")),
        (json!({ "operations": {} }), ("/operations", "type")),
        (json!({ "operations": [{ "restore": { "id": OWN } }], "mode": "fast" }), ("/mode", "unknown-field")),
    ] {
        let refused = scene.org.post(&path, body).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [issue], "{}", refused.text);
    }
    let one = batch(json!([{ "restore": { "id": OWN, "title": "Saw" } }]));
    let refused = scene.org.post(&path, one.clone()).await.is_problem(422, "invalid");
    assert_eq!(refused.issues()[0], ("/operations/0/restore/title", "unknown-field"));
    let refused = scene.org.post(&format!("{path}?partly=true"), one.clone()).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/partly", "unknown-parameter")]);
    let _ = scene.org.post(&format!("{path}?partial=1"), one).await.is_problem(422, "invalid");
    let _ = scene.org.get(&path).await.is_problem(405, "method-not-allowed");
    let full: Vec<_> = (0..500).map(|n| json!({ "create": { "name": format!("Client {n}") } })).collect();
    let done = scene.org.post(&format!("{CLIENTS}/batch"), batch(json!(full))).await.is(200);
    assert_eq!(done.json["results"].as_array().unwrap().len(), 500);
}

async fn a_batch_needs_the_rights_of_what_it_does(database: Database) {
    let scene = scene(&database).await;
    let project = json!([{ "create": { "name": "Kitchen", "client": scene.client } }]);
    let reads = scene.server.client(Some(&scene.server.token(&scene.org.email, &scene.org.name, Scope::Read).await));
    let _ = reads.post(&format!("{PROJECTS}/batch"), batch(project.clone())).await.is_problem(403, "denied");
    let (mia, _, member) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    let refused = member.post(&format!("{PROJECTS}/batch"), batch(project.clone())).await;
    assert!(matches!(refused.status, 403 | 422), "{}", refused.text);
    scene.org.give_roles(mia, &["projects.manager"]).await;
    let _ = member.post(&format!("{PROJECTS}/batch"), batch(project)).await.is(200);
}
