//! What the plugin `projects` lets through and what not, seen from outside: its hooks run in WebAssembly, before the
//! commit, and hold when writers race.

use crate::scene::{CLIENTS, PROJECTS, TASKS, racing, scene};
use lignaflow_testkit::{Answer, Database, Method, on_both};
use serde_json::{Value as Json, json};

on_both!(
    a_task_neither_waits_for_itself_nor_is_part_of_itself,
    two_writers_who_close_a_circle_at_once_do_not_both_pass,
    two_parents_that_become_each_others_parts_at_once_do_not_both_pass,
    three_writers_who_close_a_circle_at_once_do_not_all_pass,
    a_link_made_while_its_counterpart_is_made_is_refused,
    a_task_does_not_slip_into_a_project_that_is_just_being_closed,
    links_stay_within_a_project,
    a_task_does_not_leave_those_that_wait_for_it,
    a_closed_project_and_its_tasks_refuse_changes,
    a_due_date_is_not_before_its_start,
    a_form_with_several_faults_is_told_all_of_them,
    a_state_is_changed_by_its_transitions_alone,
    a_transition_starts_where_it_is_declared_to,
    a_transition_of_two_at_once_happens_once,
);

fn link(field: &str, id: &str) -> Json {
    if field == "parent" { json!({ "parent": id }) } else { json!({ "depends_on": [id] }) }
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses
}

async fn a_task_neither_waits_for_itself_nor_is_part_of_itself(database: Database) {
    let scene = scene(&database).await;
    let ids =
        [scene.task("Order", json!({})).await, scene.task("Cut", json!({})).await, scene.task("Fit", json!({})).await];
    for field in ["depends_on", "parent"] {
        let path = format!("/{field}");
        let own = scene.org.patch(&format!("{TASKS}/{}", ids[0]), "*", link(field, &ids[0])).await;
        assert_eq!(own.is_problem(422, "invalid").issues(), [(path.as_str(), "cycle")]);
        for (from, to) in [(0, 1), (1, 2)] {
            let _ = scene.org.patch(&format!("{TASKS}/{}", ids[from]), "*", link(field, &ids[to])).await.is(200);
        }
        let closed = scene.org.patch(&format!("{TASKS}/{}", ids[2]), "*", link(field, &ids[0])).await;
        let closed = closed.is_problem(422, "invalid");
        assert_eq!(closed.issues(), [(path.as_str(), "cycle")]);
        assert!(closed.message_at(&path).contains("Fit → Order → Cut → Fit"), "{}", closed.message_at(&path));
    }
}

async fn close_at_once(database: &Database, field: &str) {
    let (scene, race) = racing(database).await;
    let (a, b) = (scene.task("Order", json!({})).await, scene.task("Cut", json!({})).await);
    race.meet(2);
    let (path_a, path_b) = (format!("{TASKS}/{a}"), format!("{TASKS}/{b}"));
    let first = scene.org.patch(&path_a, "\"1\"", link(field, &b));
    let second = scene.org.patch(&path_b, "\"1\"", link(field, &a));
    let (first, second) = tokio::join!(first, second);
    race.end();
    let answers = [first, second];
    assert_eq!(statuses(&answers), [200, 422]);
    let refused = answers.iter().find(|answer| answer.status == 422).unwrap();
    assert_eq!(refused.issues(), [(format!("/{field}").as_str(), "cycle")]);
    let linked = scene.org.get(TASKS).await;
    let linked = linked.data().iter().filter(|row| row[field] != json!([]) && !row[field].is_null()).count();
    assert_eq!(linked, 1);
}

async fn two_writers_who_close_a_circle_at_once_do_not_both_pass(database: Database) {
    close_at_once(&database, "depends_on").await;
}

async fn two_parents_that_become_each_others_parts_at_once_do_not_both_pass(database: Database) {
    close_at_once(&database, "parent").await;
}

async fn three_writers_who_close_a_circle_at_once_do_not_all_pass(database: Database) {
    let (scene, race) = racing(&database).await;
    let ids =
        [scene.task("Order", json!({})).await, scene.task("Cut", json!({})).await, scene.task("Fit", json!({})).await];
    race.meet(3);
    let paths: Vec<_> = ids.iter().map(|id| format!("{TASKS}/{id}")).collect();
    let linked = |from: usize, to: usize| scene.org.patch(&paths[from], "\"1\"", json!({ "depends_on": [ids[to]] }));
    let (a, b, c) = tokio::join!(linked(0, 1), linked(1, 2), linked(2, 0));
    race.end();
    assert_eq!(statuses(&[a, b, c]), [200, 200, 422]);
}

async fn a_link_made_while_its_counterpart_is_made_is_refused(database: Database) {
    let (scene, race) = racing(&database).await;
    let (a, b) = (scene.task("Order", json!({})).await, scene.task("Cut", json!({})).await);
    let held = race.hold();
    let (path_a, path_b) = (format!("{TASKS}/{a}"), format!("{TASKS}/{b}"));
    let late = scene.org.patch(&path_a, "\"1\"", link("depends_on", &b));
    let early = held.meanwhile(scene.org.patch(&path_b, "\"1\"", link("depends_on", &a)));
    let (late, early) = tokio::join!(late, early);
    let _ = early.is(200);
    assert_eq!(late.is_problem(422, "invalid").issues(), [("/depends_on", "cycle")]);
}

async fn a_task_does_not_slip_into_a_project_that_is_just_being_closed(database: Database) {
    let (scene, race) = racing(&database).await;
    scene.drive(&scene.project, &["activate", "complete"]).await;
    let held = race.hold();
    let late = scene.org.post(TASKS, json!({ "title": "Cut", "project": scene.project }));
    let close = format!("{PROJECTS}/{}/close", scene.project);
    let (late, close) = tokio::join!(late, held.meanwhile(scene.org.act(&close)));
    let _ = close.is(200);
    assert_eq!(late.is_problem(423, "locked").issues(), [("/project", "locked")]);
    assert!(scene.org.get(TASKS).await.data().is_empty());
}

async fn links_stay_within_a_project(database: Database) {
    let scene = scene(&database).await;
    let other = scene.org.make(PROJECTS, json!({ "name": "Kitchen" })).await;
    let foreign = scene.task_of(&other, "Hang doors", json!({})).await;
    let body = json!({ "title": "Cut", "project": scene.project, "parent": foreign, "depends_on": [foreign] });
    let refused = scene.org.post(TASKS, body).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/parent", "other-project"), ("/depends_on", "other-project")]);
}

async fn a_task_does_not_leave_those_that_wait_for_it(database: Database) {
    let scene = scene(&database).await;
    let other = scene.org.make(PROJECTS, json!({ "name": "Kitchen" })).await;
    let order = scene.task("Order", json!({})).await;
    let cut = scene.task("Cut", json!({ "depends_on": [order] })).await;
    let away = json!({ "project": other });
    let refused = scene.org.patch(&format!("{TASKS}/{order}"), "*", away.clone()).await.is_problem(409, "conflict");
    assert!(refused.json["detail"].as_str().unwrap().contains("Order"), "{}", refused.text);
    let _ = scene.org.patch(&format!("{TASKS}/{cut}"), "*", json!({ "depends_on": [] })).await.is(200);
    let _ = scene.org.patch(&format!("{TASKS}/{order}"), "*", away).await.is(200);
}

async fn a_closed_project_and_its_tasks_refuse_changes(database: Database) {
    let scene = scene(&database).await;
    let task = scene.task("Cut", json!({})).await;
    scene.drive(&scene.project, &["activate", "complete", "close"]).await;
    let (project, task) = (format!("{PROJECTS}/{}", scene.project), format!("{TASKS}/{task}"));
    let _ = scene.org.patch(&project, "*", json!({ "site": "3 Elm St" })).await.is_problem(423, "locked");
    let _ = scene.org.delete(&project, "*").await.is_problem(423, "locked");
    let _ = scene.org.patch(&task, "*", json!({ "title": "Saw" })).await.is_problem(423, "locked");
    let _ = scene.org.delete(&task, "*").await.is_problem(423, "locked");
    let _ = scene.org.act(&format!("{task}/start")).await.is_problem(423, "locked");
    let new = json!({ "title": "Fit", "project": scene.project });
    let refused = scene.org.post(TASKS, new.clone()).await.is_problem(423, "locked");
    assert!(refused.message_at("/project").contains("Reception fit-out is closed"), "{}", refused.text);

    scene.drive(&scene.project, &["reopen"]).await;
    let _ = scene.org.patch(&task, "*", json!({ "title": "Saw" })).await.is(200);
    let _ = scene.org.post(TASKS, new).await.is(201);
}

async fn a_due_date_is_not_before_its_start(database: Database) {
    let scene = scene(&database).await;
    let dates = json!({ "name": "Kitchen", "start": "2026-12-02", "due": "2026-12-01" });
    let refused = scene.org.post(PROJECTS, dates).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/due", "order")]);
    assert!(refused.message_at("/due").contains("2026-12-01"));
    let task = scene.task("Cut", json!({ "start": "2026-12-02" })).await;
    let refused = scene.org.patch(&format!("{TASKS}/{task}"), "*", json!({ "due": "2026-11-30" })).await;
    assert_eq!(refused.is_problem(422, "invalid").issues(), [("/due", "order")], "also against what stands");
    let _ = scene.org.patch(&format!("{TASKS}/{task}"), "*", json!({ "due": "2026-12-02" })).await.is(200);
}

async fn a_form_with_several_faults_is_told_all_of_them(database: Database) {
    let scene = scene(&database).await;
    let body = json!({ "title": "", "project": scene.project, "start": "2026-12-02", "due": "2026-12-01" });
    let refused = scene.org.post(TASKS, body).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/title", "required"), ("/due", "order")], "the host's and the plugin's");
    let body = json!({ "name": "x".repeat(201), "billing": "barter", "budget_minutes": -1, "budget": { "minor": -5, "currency": "AUD" } });
    let refused = scene.org.post(PROJECTS, body).await.is_problem(422, "invalid");
    let expected =
        [("/name", "too-long"), ("/billing", "choice"), ("/budget_minutes", "too-small"), ("/budget", "too-small")];
    assert_eq!(refused.issues(), expected);
}

async fn a_state_is_changed_by_its_transitions_alone(database: Database) {
    let scene = scene(&database).await;
    let path = format!("{PROJECTS}/{}", scene.project);
    let refused = scene.org.patch(&path, "*", json!({ "status": "closed" })).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/status", "by-transition")]);
    assert!(refused.message_at("/status").contains("activate"), "{}", refused.text);
    let new = json!({ "name": "Kitchen", "status": "active" });
    assert_eq!(scene.org.post(PROJECTS, new).await.is_problem(422, "invalid").issues(), [("/status", "by-transition")]);
    let _ = scene.org.post(PROJECTS, json!({ "name": "Kitchen", "status": "draft" })).await.is(201);

    let active = scene.org.post(&format!("{path}/activate"), json!({ "notes": "Go." })).await.is(200);
    assert_eq!((&active.json["status"], &active.json["notes"]), (&json!("active"), &json!("Go.")));
    assert_eq!(active.etag(), "\"2\"");
}

async fn a_transition_starts_where_it_is_declared_to(database: Database) {
    let scene = scene(&database).await;
    let path = format!("{PROJECTS}/{}", scene.project);
    let refused = scene.org.act(&format!("{path}/close")).await.is_problem(409, "conflict");
    assert!(refused.json["detail"].as_str().unwrap().contains("completed"), "{}", refused.text);
    let _ = scene.org.act(&format!("{path}/demolish")).await.is_problem(404, "not-found");
    let stale = scene.org.request(Method::POST, &format!("{path}/activate")).header("If-Match", "\"7\"");
    let _ = scene.org.send(stale).await.is_problem(412, "stale");
    let wrong = scene.org.get(&format!("{path}/activate")).await.is_problem(405, "method-not-allowed");
    assert_eq!(wrong.header("allow"), "POST");
}

async fn a_transition_of_two_at_once_happens_once(database: Database) {
    let (scene, race) = racing(&database).await;
    let path = format!("{PROJECTS}/{}/activate", scene.project);
    race.meet(2);
    let (one, other) = tokio::join!(scene.org.act(&path), scene.org.act(&path));
    race.end();
    assert_eq!(statuses(&[one, other]), [200, 409]);
    let history = scene.org.get(&format!("{PROJECTS}/{}/history", scene.project)).await;
    assert_eq!(history.column("kind"), ["update", "insert"]);
    let _ = scene.org.get(&format!("{CLIENTS}/{}", scene.client)).await.is(200);
}
