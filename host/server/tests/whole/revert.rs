//! A record set back to what it was, by the API and on its page.

use crate::scene::{PROJECTS, TASKS, opened, scene};
use lignaflow_testkit::{Database, on_both};
use serde_json::json;

on_both!(
    a_record_is_set_back_to_what_it_was_at_a_version,
    what_is_set_back_goes_through_rules_hooks_and_locks,
    a_version_that_never_was_is_refused,
    the_page_shows_what_would_change_before_it_does,
);

async fn a_record_is_set_back_to_what_it_was_at_a_version(database: Database) {
    let scene = scene(&database).await;
    let id = scene.task("Cut", json!({ "planned_minutes": 30, "notes": "Oak." })).await;
    let path = format!("{TASKS}/{id}");
    let _ = scene.org.patch(&path, "\"1\"", json!({ "title": "Saw", "planned_minutes": 45 })).await.is(200);
    let _ = scene.org.act(&format!("{path}/start")).await.is(200);
    let _ = scene.org.patch(&path, "\"3\"", json!({ "title": "Split", "notes": null })).await.is(200);

    let back = scene.org.post(&format!("{path}/revert"), json!({ "version": 1 })).await.is(200);
    assert_eq!(back.etag(), "\"5\"");
    assert_eq!(
        (&back.json["title"], &back.json["planned_minutes"], &back.json["notes"]),
        (&json!("Cut"), &json!(30), &json!("Oak."))
    );
    assert_eq!(back.json["status"], "in-progress", "a state is changed by its transitions");
    let history = scene.org.get(&format!("{path}/history")).await.is(200);
    assert_eq!((&history.data()[0]["origin"], &history.data()[0]["kind"]), (&json!("restore"), &json!("update")));

    let there = scene.org.post(&format!("{path}/revert"), json!({ "version": 4 })).await.is(200);
    assert_eq!((&there.json["title"], &there.json["notes"]), (&json!("Split"), &json!(null)));
    let same = scene.org.post(&format!("{path}/revert"), json!({ "version": 6 })).await.is(200);
    assert_eq!(same.etag(), "\"6\"", "what changes nothing makes no version");
}

async fn what_is_set_back_goes_through_rules_hooks_and_locks(database: Database) {
    let scene = scene(&database).await;
    let parent = scene.task("Assemble", json!({})).await;
    let id = scene.task("Cut", json!({ "parent": parent })).await;
    let path = format!("{TASKS}/{id}");
    let _ = scene.org.patch(&path, "\"1\"", json!({ "parent": null })).await.is(200);
    let _ = scene.org.delete(&format!("{TASKS}/{parent}"), "*").await.is(200);
    let dangling = scene.org.post(&format!("{path}/revert"), json!({ "version": 1 })).await.is_problem(422, "invalid");
    assert_eq!(dangling.issues()[0].0, "/parent", "{}", dangling.text);
    let stale = scene.org.request(lignaflow_testkit::Method::POST, &format!("{path}/revert"));
    let stale = scene.org.send(stale.header("If-Match", "\"1\"").json(&json!({ "version": 1 }))).await;
    let _ = stale.is_problem(412, "stale");

    let project = format!("{PROJECTS}/{}", scene.project);
    let _ = scene.org.patch(&project, "*", json!({ "name": "Second" })).await.is(200);
    scene.drive(&scene.project, &["cancel"]).await;
    let _ = scene.org.post(&format!("{project}/revert"), json!({ "version": 1 })).await.is_problem(423, "locked");
    assert_eq!(scene.org.get(&project).await.json["name"], "Second");
}

async fn a_version_that_never_was_is_refused(database: Database) {
    let scene = scene(&database).await;
    let path = format!("{PROJECTS}/{}/revert", scene.project);
    for (body, issue) in [
        (json!({ "version": 2 }), ("/version", "unknown-version")),
        (json!({ "version": 0 }), ("/version", "unknown-version")),
        (json!({}), ("/version", "required")),
        (json!({ "version": "1" }), ("/version", "required")),
        (json!({ "version": 1, "name": "x" }), ("/name", "unknown-field")),
    ] {
        let refused = scene.org.post(&path, body).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [issue], "{}", refused.text);
    }
    let _ = scene.org.get(&path).await.is_problem(405, "method-not-allowed");
}

async fn the_page_shows_what_would_change_before_it_does(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let id = scene.task("Cut", json!({})).await;
    let path = format!("{TASKS}/{id}");
    let _ = scene.org.patch(&path, "\"1\"", json!({ "title": "Saw" })).await.is(200);
    let ask = format!("/{path}/versions/1");
    visitor.get(&format!("/{path}")).await.shows("Restore this version").shows(&ask).hides("/versions/2");
    visitor.get(&ask).await.shows("Saw").shows("<b>Cut</b>").shows("Restore this version");
    assert_eq!(visitor.get(&format!("/{path}/versions/9")).await.status, 404);

    assert_eq!(visitor.post(&ask, &[("~version", "1")]).await.status, 412, "somebody changed it since");
    let done = visitor.post(&ask, &[("~version", "2")]).await;
    assert_eq!((done.status, done.to()), (303, format!("/{path}").as_str()));
    assert_eq!(scene.org.get(&path).await.json["title"], "Cut");
    visitor.get(&format!("/{path}/versions/1")).await.shows("Nothing that can be set back");
}
