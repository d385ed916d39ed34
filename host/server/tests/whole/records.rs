//! One record: made, read, changed, archived, taken back, and what is remembered of it.

use crate::scene::{CLIENTS, PROJECTS, TASKS, scene};
use lignaflow_testkit::{Database, Method, on_both};
use serde_json::json;

on_both!(
    a_record_is_made_and_read,
    a_change_touches_the_named_fields_alone,
    a_change_names_the_version_that_it_is_meant_for,
    of_two_changes_of_one_version_one_is_told_to_read_again,
    an_unchanged_record_is_not_sent_again,
    a_client_may_bring_an_id_of_version_7,
    an_archived_record_leaves_the_lists_and_can_be_taken_back,
    what_is_referred_to_is_not_archived,
    what_is_unique_is_told_at_its_field,
    a_unique_name_is_free_again_once_its_record_is_archived,
    a_reference_leads_to_a_record_that_is_in_use,
    the_history_tells_who_changed_what_the_newest_first,
    a_plugin_tidies_what_it_is_given,
);

async fn a_record_is_made_and_read(database: Database) {
    let scene = scene(&database).await;
    let body = json!({
        "name": "Kitchen", "client": scene.client, "start": "2026-11-30", "budget_minutes": 2400,
        "budget": { "minor": 1_250_000, "currency": "AUD" }, "members": [scene.org.owner.to_string()],
    });
    let made = scene.org.post(PROJECTS, body).await.is(201);
    assert_eq!(made.location(), format!("/api/v1/{PROJECTS}/{}", made.id()));
    assert_eq!((made.etag().as_str(), made.json["version"].as_u64()), ("\"1\"", Some(1)));
    assert_eq!(made.json["status"], "draft", "the descriptor's default");
    assert_eq!(made.json["manager"], scene.org.owner.to_string(), "who made it manages it");
    assert_eq!(made.json["created_by"], scene.org.owner.to_string());
    assert_eq!(made.json["budget"], json!({ "minor": 1_250_000, "currency": "AUD" }));
    assert_eq!((&made.json["due"], &made.json["archived_at"]), (&json!(null), &json!(null)));

    let read = scene.org.get(made.location()).await.is(200);
    assert_eq!(read.json, made.json);
    assert_eq!(read.etag(), made.etag());
}

async fn a_change_touches_the_named_fields_alone(database: Database) {
    let scene = scene(&database).await;
    let body = json!({ "title": "Cut", "project": scene.project, "planned_minutes": 90, "notes": "Oak." });
    let made = scene.org.post(TASKS, body).await.is(201);
    let path = format!("{TASKS}/{}", made.id());
    let changed = scene.org.patch(&path, &made.etag(), json!({ "title": "Cut panels", "notes": null })).await.is(200);
    assert_eq!(changed.etag(), "\"2\"");
    assert_eq!((&changed.json["title"], &changed.json["notes"]), (&json!("Cut panels"), &json!(null)));
    assert_eq!(changed.json["planned_minutes"], 90);

    let same = scene.org.patch(&path, "\"2\"", json!({ "title": "Cut panels" })).await.is(200);
    assert_eq!(same.etag(), "\"2\"", "what changes nothing makes no version");
}

async fn a_change_names_the_version_that_it_is_meant_for(database: Database) {
    let scene = scene(&database).await;
    let path = format!("{CLIENTS}/{}", scene.client);
    let change = json!({ "phone": "02 9560 1234" });

    let blind = scene.org.request(Method::PATCH, &path).json(&change);
    let _ = scene.org.send(blind).await.is_problem(428, "precondition-required");
    let _ = scene.org.send(scene.org.request(Method::DELETE, &path)).await.is_problem(428, "precondition-required");
    let _ = scene.org.patch(&path, "7", change.clone()).await.is_problem(400, "unparsable");
    let stale = scene.org.patch(&path, "\"9\"", change.clone()).await.is_problem(412, "stale");
    assert!(stale.json["detail"].as_str().unwrap().contains("version is now 1"), "{}", stale.text);
    let _ = scene.org.delete(&path, "\"9\"").await.is_problem(412, "stale");
    assert_eq!(scene.org.get(&path).await.etag(), "\"1\"", "nothing was changed");

    let _ = scene.org.patch(&path, "\"1\"", change).await.is(200);
    let any = scene.org.patch(&path, "*", json!({ "phone": null })).await.is(200);
    assert_eq!(any.etag(), "\"3\"");
}

async fn of_two_changes_of_one_version_one_is_told_to_read_again(database: Database) {
    let scene = scene(&database).await;
    let path = format!("{CLIENTS}/{}", scene.client);
    let change = |text: &str| scene.org.patch(&path, "\"1\"", json!({ "contact": text }));
    let (one, other) = tokio::join!(change("Ana"), change("Ben"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    let winner = if one.status == 200 { "Ana" } else { "Ben" };
    assert_eq!(scene.org.get(&path).await.json["contact"], winner);
}

async fn an_unchanged_record_is_not_sent_again(database: Database) {
    let scene = scene(&database).await;
    let path = format!("{CLIENTS}/{}", scene.client);
    let conditional = |tag: &str| scene.org.request(Method::GET, &path).header("If-None-Match", tag);
    let unchanged = scene.org.send(conditional("\"4\", \"1\"")).await.is(304);
    assert_eq!((unchanged.text.as_str(), unchanged.etag().as_str()), ("", "\"1\""));
    let _ = scene.org.patch(&path, "\"1\"", json!({ "contact": "Ana" })).await.is(200);
    let _ = scene.org.send(conditional("\"1\"")).await.is(200);
}

async fn a_client_may_bring_an_id_of_version_7(database: Database) {
    let scene = scene(&database).await;
    let own = "01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f";
    let body = json!({ "id": own, "name": "Nguyen" });
    let made = scene.org.post(CLIENTS, body).await.is(201);
    assert_eq!((made.id().as_str(), made.location()), (own, format!("/api/v1/{CLIENTS}/{own}").as_str()));

    let again = scene.org.post(CLIENTS, json!({ "id": own, "name": "Other" })).await.is_problem(409, "conflict");
    assert_eq!(again.issues(), [("/id", "taken")]);
    for bad in [json!("d9428888-122b-4e9a-b3a3-6c5a5f5b7a11"), json!("oak"), json!(7)] {
        let refused = scene.org.post(CLIENTS, json!({ "id": bad, "name": "Third" })).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [("/id", "id")], "{bad}");
    }
}

async fn an_archived_record_leaves_the_lists_and_can_be_taken_back(database: Database) {
    let scene = scene(&database).await;
    let id = scene.task("Cut", json!({})).await;
    let path = format!("{TASKS}/{id}");
    let archived = scene.org.delete(&path, "\"1\"").await.is(200);
    assert_eq!(archived.etag(), "\"2\"");
    assert!(archived.json["archived_at"].is_string());

    assert!(scene.org.get(TASKS).await.data().is_empty());
    let there = scene.org.get(&format!("{TASKS}?filter[archived_at][is_null]=false")).await.is(200);
    assert_eq!(there.column("id"), [id.as_str()]);
    assert!(scene.org.get(&path).await.is(200).json["archived_at"].is_string());
    let _ = scene.org.patch(&path, "\"2\"", json!({ "title": "Saw" })).await.is_problem(423, "locked");
    let _ = scene.org.act(&format!("{path}/start")).await.is_problem(423, "locked");
    let _ = scene.org.delete(&path, "\"2\"").await.is_problem(423, "locked");

    let back = scene.org.act(&format!("{path}/restore")).await.is(200);
    assert_eq!((&back.json["archived_at"], back.etag().as_str()), (&json!(null), "\"3\""));
    assert_eq!(scene.org.get(TASKS).await.column("id"), [id.as_str()]);
    let _ = scene.org.act(&format!("{path}/restore")).await.is_problem(409, "conflict");
}

async fn what_is_referred_to_is_not_archived(database: Database) {
    let scene = scene(&database).await;
    let refused = scene.org.delete(&format!("{CLIENTS}/{}", scene.client), "*").await.is_problem(409, "conflict");
    assert!(refused.json["detail"].as_str().unwrap().contains("1 of projects"), "{}", refused.text);
    let _ = scene.org.delete(&format!("{PROJECTS}/{}", scene.project), "*").await.is(200);
    let _ = scene.org.delete(&format!("{CLIENTS}/{}", scene.client), "*").await.is(200);
}

async fn what_is_unique_is_told_at_its_field(database: Database) {
    let scene = scene(&database).await;
    let refused = scene.org.post(CLIENTS, json!({ "name": "MARRICKVILLE dental" })).await.is_problem(409, "conflict");
    assert_eq!(refused.issues(), [("/name", "duplicate")], "{}", refused.text);
    let other = scene.org.make(CLIENTS, json!({ "name": "Nguyen" })).await;
    let change = json!({ "name": "Marrickville Dental" });
    let refused = scene.org.patch(&format!("{CLIENTS}/{other}"), "*", change).await.is_problem(409, "conflict");
    assert_eq!(refused.issues(), [("/name", "duplicate")]);
    let _ = scene.org.make(CLIENTS, json!({ "name": "Okafor", "number": "K-7" })).await;
    let both = json!({ "name": "NGUYEN", "number": "k-7" });
    let refused = scene.org.post(CLIENTS, both).await.is_problem(409, "conflict");
    assert_eq!(refused.issues(), [("/name", "duplicate"), ("/number", "duplicate")], "{}", refused.text);
    let more = json!({ "name": "Nguyen", "number": "K-7", "currency": "DOLLARS" });
    let refused = scene.org.post(CLIENTS, more).await.is_problem(422, "invalid");
    let every = [("/currency", "too-long"), ("/name", "duplicate"), ("/number", "duplicate")];
    assert_eq!(refused.issues(), every, "{}", refused.text);
    let _ = scene.org.patch(&format!("{CLIENTS}/{other}"), "*", json!({ "name": "nguyen" })).await.is(200);
}

async fn a_unique_name_is_free_again_once_its_record_is_archived(database: Database) {
    let scene = scene(&database).await;
    let first = scene.org.make(CLIENTS, json!({ "name": "Nguyen" })).await;
    let _ = scene.org.delete(&format!("{CLIENTS}/{first}"), "*").await.is(200);
    let _ = scene.org.make(CLIENTS, json!({ "name": "Nguyen" })).await;
    let back = scene.org.act(&format!("{CLIENTS}/{first}/restore")).await.is_problem(409, "conflict");
    assert_eq!(back.issues(), [("/name", "duplicate")]);
}

async fn a_reference_leads_to_a_record_that_is_in_use(database: Database) {
    let scene = scene(&database).await;
    let nowhere = "01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f";
    let gone = scene.org.make(CLIENTS, json!({ "name": "Nguyen" })).await;
    let _ = scene.org.delete(&format!("{CLIENTS}/{gone}"), "*").await.is(200);
    for client in [nowhere, gone.as_str()] {
        let body = json!({ "name": "Kitchen", "client": client });
        let refused = scene.org.post(PROJECTS, body).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [("/client", "unknown-reference")], "{client}");
    }
    let body = json!({ "title": "Cut", "project": scene.project, "assignees": [nowhere] });
    let refused = scene.org.post(TASKS, body).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/assignees", "unknown-reference")]);
}

async fn the_history_tells_who_changed_what_the_newest_first(database: Database) {
    let scene = scene(&database).await;
    let id = scene.task("Cut", json!({ "planned_minutes": 60 })).await;
    let path = format!("{TASKS}/{id}");
    let _ = scene.org.patch(&path, "\"1\"", json!({ "planned_minutes": 90 })).await.is(200);
    let _ = scene.org.act(&format!("{path}/start")).await.is(200);
    let _ = scene.org.delete(&path, "*").await.is(200);
    let _ = scene.org.act(&format!("{path}/restore")).await.is(200);

    let history = scene.org.get(&format!("{path}/history")).await.is(200);
    assert_eq!(history.column("kind"), ["restore", "remove", "update", "update", "insert"]);
    let entries = history.data();
    assert_eq!(entries[2]["transition"], "start");
    assert_eq!(entries[3]["before"], json!({ "planned_minutes": 60 }));
    assert_eq!(entries[3]["after"], json!({ "planned_minutes": 90 }));
    assert_eq!(entries[4]["after"]["title"], "Cut");
    let versions: Vec<_> = entries.iter().map(|entry| entry["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, [5, 4, 3, 2, 1]);
    assert!(entries.iter().all(|entry| entry["by"]["id"] == scene.org.owner.to_string()), "{}", history.text);
}

async fn a_plugin_tidies_what_it_is_given(database: Database) {
    let scene = scene(&database).await;
    let made = scene.org.post(CLIENTS, json!({ "name": "Aotearoa Joinery", "currency": "nzd" })).await.is(201);
    assert_eq!(made.json["currency"], "NZD", "its hook writes a currency in capitals");
    let body = json!({ "name": "Third", "currency": "N2D", "email": "at home" });
    let refused = scene.org.post(CLIENTS, body).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/currency", "currency"), ("/email", "email")]);
}
