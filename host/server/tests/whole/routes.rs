//! A plugin's own routes: what they are given is validated before they run, and what they write is written as a whole.

use crate::scene::{PROJECTS, Scene, TASKS, racing, scene};
use lignaflow_testkit::{Database, Method, on_both};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

on_both!(
    a_project_is_made_from_another_with_its_plan_moved,
    a_copy_is_made_as_a_whole_or_not_at_all,
    a_copy_of_a_project_that_changes_meanwhile_is_of_what_stands,
    a_body_is_validated_before_the_plugin_runs,
    progress_counts_tasks_and_effort,
    a_route_is_found_by_its_path_and_method,
);

/// A kitchen of three tasks, of which one has a parent and a dependency.
async fn kitchen(scene: &Scene) -> String {
    let body = json!({
        "name": "Kitchen", "code": "K-1", "client": scene.client, "start": "2026-11-02", "due": "2026-12-18",
        "budget": { "minor": 500_000, "currency": "AUD" }, "notes": "Oak.",
    });
    let kitchen = scene.org.make(PROJECTS, body).await;
    let dates = json!({ "start": "2026-11-02", "due": "2026-12-18" });
    let build = scene.task_of(&kitchen, "Build", dates).await;
    let cut =
        scene.task_of(&kitchen, "Cut", json!({ "parent": build, "due": "2026-11-10", "planned_minutes": 120 })).await;
    scene.task_of(&kitchen, "Glue", json!({ "parent": build, "depends_on": [cut], "planned_minutes": 60 })).await;
    let _ = scene.org.act(&format!("{TASKS}/{cut}/finish")).await.is(200);
    kitchen
}

async fn tasks_of(scene: &Scene, project: &str) -> BTreeMap<String, Json> {
    let tasks = scene.org.get(&format!("{TASKS}?filter[project]={project}")).await.is(200);
    tasks.data().iter().map(|task| (task["title"].as_str().unwrap().to_owned(), task.clone())).collect()
}

async fn a_project_is_made_from_another_with_its_plan_moved(database: Database) {
    let scene = scene(&database).await;
    let kitchen = kitchen(&scene).await;
    let wish = json!({ "name": "Bath", "code": "K-2", "start": "2027-02-01" });
    let copy = scene.org.post(&format!("{PROJECTS}/{kitchen}/copy"), wish).await.is(201);
    assert_eq!((copy.etag().as_str(), &copy.json["name"]), ("\"1\"", &json!("Bath")));
    assert_eq!((&copy.json["status"], &copy.json["client"]), (&json!("draft"), &json!(scene.client)));
    assert_eq!((&copy.json["start"], &copy.json["due"]), (&json!("2027-02-01"), &json!("2027-03-19")));
    assert_eq!(scene.org.get(&format!("{PROJECTS}/{}", copy.id())).await.is(200).json, copy.json);

    let (old, new) = (tasks_of(&scene, &kitchen).await, tasks_of(&scene, &copy.id()).await);
    assert_eq!(new.keys().collect::<Vec<_>>(), ["Build", "Cut", "Glue"]);
    assert_eq!((&new["Cut"]["due"], &new["Cut"]["status"]), (&json!("2027-02-09"), &json!("todo")));
    assert_eq!(new["Cut"]["planned_minutes"], 120);
    assert_eq!(new["Glue"]["parent"], new["Build"]["id"]);
    assert_eq!(new["Glue"]["depends_on"], json!([new["Cut"]["id"]]), "dependencies lead to the copies");
    assert_ne!(new["Cut"]["id"], old["Cut"]["id"]);
    let history = scene.org.get(&format!("{PROJECTS}/{}/history", copy.id())).await.is(200);
    assert!(history.text.contains("projects"), "it is told through which plugin it came: {}", history.text);
}

async fn a_copy_is_made_as_a_whole_or_not_at_all(database: Database) {
    let scene = scene(&database).await;
    let kitchen = kitchen(&scene).await;
    let path = format!("{PROJECTS}/{kitchen}/copy");
    let taken = scene.org.post(&path, json!({ "name": "Bath", "code": "K-1", "start": "2027-02-01" })).await;
    assert_eq!(taken.is_problem(409, "conflict").issues(), [("/code", "duplicate")]);
    let nowhere = "01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f";
    let wish = json!({ "name": "Bath", "start": "2027-02-01", "client": nowhere });
    assert_eq!(
        scene.org.post(&path, wish).await.is_problem(422, "invalid").issues(),
        [("/client", "unknown-reference")]
    );
    let far = scene.org.post(&path, json!({ "name": "Bath", "start": "9999-12-01" })).await.is_problem(422, "invalid");
    assert_eq!(far.issues(), [("/start", "range")]);
    let counted = scene.org.get(&format!("{TASKS}?count=true&limit=1")).await;
    assert_eq!(counted.json["count"], 3, "nothing half done");
    let _ = scene
        .org
        .post(&format!("{PROJECTS}/{nowhere}/copy"), json!({ "name": "Bath", "start": "2027-02-01" }))
        .await
        .is_problem(404, "not-found");
}

async fn a_copy_of_a_project_that_changes_meanwhile_is_of_what_stands(database: Database) {
    let (scene, race) = racing(&database).await;
    let kitchen = kitchen(&scene).await;
    let cut = tasks_of(&scene, &kitchen).await["Cut"]["id"].as_str().unwrap().to_owned();
    let held = race.hold();
    let copied = format!("{PROJECTS}/{kitchen}/copy");
    let copy = scene.org.post(&copied, json!({ "name": "Bath", "start": "2027-02-01" }));
    let renamed = format!("{TASKS}/{cut}");
    let rename = held.meanwhile(scene.org.patch(&renamed, "*", json!({ "title": "Cut to size" })));
    let (copy, rename) = tokio::join!(copy, rename);
    let _ = rename.is(200);
    let tasks = tasks_of(&scene, &copy.is(201).id()).await;
    assert_eq!(tasks.keys().collect::<Vec<_>>(), ["Build", "Cut to size", "Glue"], "what it read is read again");
}

async fn a_body_is_validated_before_the_plugin_runs(database: Database) {
    let scene = scene(&database).await;
    let path = format!("{PROJECTS}/{}/copy", scene.project);
    let body = json!({ "name": "", "start": "soon", "client": 7, "colour": "red" });
    let refused = scene.org.post(&path, body).await.is_problem(422, "invalid");
    let mut issues = refused.issues();
    issues.sort_unstable();
    let expected =
        [("/client", "type"), ("/colour", "additionalProperties"), ("/name", "minLength"), ("/start", "format")];
    assert_eq!(issues, expected);
    let missing = scene.org.post(&path, json!({})).await.is_problem(422, "invalid");
    assert_eq!(missing.issues(), [("/name", "required"), ("/start", "required")]);
    let listed = scene.org.post(&path, json!(["Bath"])).await.is_problem(422, "invalid");
    assert_eq!(listed.issues(), [("", "type")]);
    let _ = scene.org.act(&path).await.is_problem(415, "unsupported-media-type");
}

async fn progress_counts_tasks_and_effort(database: Database) {
    let scene = scene(&database).await;
    let empty = scene.org.get(&format!("{PROJECTS}/{}/progress", scene.project)).await.is(200);
    assert_eq!((&empty.json["by_tasks"], &empty.json["tasks"]["total"]), (&json!(null), &json!(0)));
    let kitchen = kitchen(&scene).await;
    scene.task_of(&kitchen, "Late", json!({ "due": "2020-01-01" })).await;
    let progress = scene.org.get(&format!("{PROJECTS}/{kitchen}/progress")).await.is(200);
    assert_eq!(progress.json["project"], kitchen);
    assert_eq!(progress.json["tasks"], json!({ "total": 4, "todo": 3, "in_progress": 0, "blocked": 0, "done": 1 }));
    assert_eq!(progress.json["planned_minutes"], json!({ "total": 180, "done": 120 }));
    assert_eq!((&progress.json["by_tasks"], &progress.json["by_effort"]), (&json!(2500), &json!(6666)));
    assert!(progress.json["overdue"].as_u64().unwrap() >= 1);
}

async fn a_route_is_found_by_its_path_and_method(database: Database) {
    let scene = scene(&database).await;
    let progress = format!("{PROJECTS}/{}/progress", scene.project);
    let wrong = scene.org.act(&progress).await.is_problem(405, "method-not-allowed");
    assert_eq!(wrong.header("allow"), "GET");
    let refused = scene.org.get(&format!("{progress}?verbose=true")).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/verbose", "unknown-parameter")]);
    let _ = scene.org.get(&format!("{PROJECTS}/kitchen/progress")).await.is_problem(404, "not-found");
    let with_body = scene.org.request(Method::GET, &progress).json(&json!({}));
    let _ = scene.org.send(with_body).await.is_problem(400, "unparsable");
}
