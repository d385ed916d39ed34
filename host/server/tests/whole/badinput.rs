//! What cannot be understood is refused with the right status and a problem that says what is wrong and where, and
//! leaves nothing behind.

use crate::scene::{CLIENTS, PROJECTS, Scene, TASKS, scene};
use lignaflow_testkit::{Answer, Database, Method, on_one};
use serde_json::json;

on_one!(
    a_body_that_is_no_json_is_told_where_it_breaks,
    a_body_is_json_and_says_so,
    a_body_is_an_object,
    a_body_is_not_larger_than_what_is_taken,
    every_value_of_a_wrong_type_is_told_at_once,
    what_cannot_be_read_is_told_beside_what_is_missing_and_what_breaks_a_rule,
    texts_that_no_database_keeps_are_refused,
    an_address_that_leads_nowhere_is_a_problem,
    a_method_that_is_not_offered_is_told_which_are,
    a_head_is_a_get_without_its_body,
    strange_queries_are_refused,
    nobody_and_strangers_are_told_to_sign_in,
    nothing_of_a_refused_request_is_kept,
);

async fn send(scene: &Scene, kind: Option<&str>, body: impl Into<Vec<u8>>) -> Answer {
    let request = scene.org.request(Method::POST, CLIENTS).body(body.into());
    let request = match kind {
        Some(kind) => request.header("Content-Type", kind),
        None => request,
    };
    scene.org.send(request).await
}

async fn a_body_that_is_no_json_is_told_where_it_breaks(database: Database) {
    let scene = scene(&database).await;
    let broken = send(&scene, Some("application/json"), "{\"name\": \"Oak\",\n  \"phone\": }").await;
    let broken = broken.is_problem(400, "unparsable");
    assert!(broken.json["detail"].as_str().unwrap().contains("line 2"), "{}", broken.text);
    let deep = "[".repeat(100_000);
    for body in ["", "{", "{\"name\": \"Oak\"", "{\"name\": \"Oak\"} and more", "nul", "{'name': 'Oak'}", deep.as_str()]
    {
        let _ = send(&scene, Some("application/json"), body).await.is_problem(400, "unparsable");
    }
    let _ = send(&scene, Some("application/json"), b"{\"name\": \"\xff\xfe\"}".to_vec())
        .await
        .is_problem(400, "unparsable");
    let _ = send(&scene, Some("application/json"), "{\"name\": \"\\ud800\"}").await.is_problem(400, "unparsable");
}

async fn a_body_is_json_and_says_so(database: Database) {
    let scene = scene(&database).await;
    let good = "{\"name\": \"Nguyen\"}";
    for kind in
        [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("multipart/form-data"), Some("")]
    {
        let _ = send(&scene, kind, good).await.is_problem(415, "unsupported-media-type");
    }
    let _ = send(&scene, Some("Application/JSON; charset=utf-8"), good).await.is(201);
}

async fn a_body_is_an_object(database: Database) {
    let scene = scene(&database).await;
    for body in ["[]", "7", "\"Oak\"", "null", "true"] {
        let refused = send(&scene, Some("application/json"), body).await.is_problem(400, "unparsable");
        assert!(refused.json["detail"].as_str().unwrap().contains("an object"), "{}", refused.text);
    }
    let path = format!("{CLIENTS}/{}", scene.client);
    let _ = scene.org.patch(&path, "*", json!([])).await.is_problem(400, "unparsable");
}

async fn a_body_is_not_larger_than_what_is_taken(database: Database) {
    let scene = scene(&database).await;
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(1_048_576));
    let refused = send(&scene, Some("application/json"), large.clone()).await.is_problem(413, "too-large");
    assert!(refused.json["detail"].as_str().unwrap().contains("1048576"), "{}", refused.text);
    let _ = scene
        .org
        .patch(&format!("{CLIENTS}/{}", scene.client), "*", json!({ "notes": large }))
        .await
        .is_problem(413, "too-large");
    let long = send(&scene, Some("application/json"), format!("{{\"name\": \"{}\"}}", "x".repeat(9_000))).await;
    assert_eq!(long.is_problem(422, "invalid").issues(), [("/name", "too-long")]);
}

async fn every_value_of_a_wrong_type_is_told_at_once(database: Database) {
    let scene = scene(&database).await;
    let body = json!({
        "title": 7, "project": "Kitchen", "depends_on": "none", "priority": ["high"], "assignees": [1], "start": "soon",
        "due": "2026-02-30", "planned_minutes": 1.5, "planned_cost": 12.5, "billable": "yes", "colour": "red",
    });
    let refused = scene.org.post(TASKS, body).await.is_problem(422, "invalid");
    let wrong: Vec<_> =
        refused.issues().into_iter().filter(|(_, code)| *code == "type").map(|(path, _)| path).collect();
    let expected = [
        "/title",
        "/project",
        "/depends_on",
        "/priority",
        "/assignees",
        "/start",
        "/due",
        "/planned_minutes",
        "/planned_cost",
        "/billable",
    ];
    assert_eq!(wrong, expected, "{}", refused.text);
    assert!(refused.issues().contains(&("/colour", "unknown-field")));
    assert!(refused.message_at("/planned_cost").contains("\"minor\""));
    let large =
        format!("{{\"title\": \"A\", \"project\": \"{}\", \"planned_minutes\": 9223372036854775808}}", scene.project);
    let request = scene.org.request(Method::POST, TASKS).header("Content-Type", "application/json").body(large);
    assert_eq!(scene.org.send(request).await.is_problem(422, "invalid").issues(), [("/planned_minutes", "type")]);
    let money = json!({ "name": "Kitchen", "budget": { "minor": 5, "currency": "dollars", "more": 1 } });
    assert_eq!(scene.org.post(PROJECTS, money).await.is_problem(422, "invalid").issues(), [("/budget", "type")]);
}

async fn what_cannot_be_read_is_told_beside_what_is_missing_and_what_breaks_a_rule(database: Database) {
    let scene = scene(&database).await;
    let mut body =
        json!({ "start": "2026-12-02", "due": "2026-12-01", "planned_minutes": "many", "project": scene.project });
    let told = scene.org.post(TASKS, body.clone()).await.is_problem(422, "invalid");
    let mut paths: Vec<_> = told.issues().into_iter().map(|(path, _)| path).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/due", "/planned_minutes", "/title"], "{}", told.text);

    body["planned_minutes"] = json!(60);
    body["title"] = json!(7);
    let told = scene.org.post(TASKS, body).await.is_problem(422, "invalid");
    assert_eq!(told.issues(), [("/title", "type"), ("/due", "order")], "a field at fault is told once");
    assert!(scene.org.get(TASKS).await.data().is_empty());
}

async fn texts_that_no_database_keeps_are_refused(database: Database) {
    let scene = scene(&database).await;
    let refused = scene.org.post(CLIENTS, json!({ "name": "Oak\u{0}bench" })).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/name", "character")]);
    let strange = "'; drop table people; -- \u{202e}🪚 \\ \" %_";
    let made = scene.org.post(CLIENTS, json!({ "name": strange })).await.is(201);
    assert_eq!(made.json["name"], strange);
    let blank = scene.org.post(CLIENTS, json!({ "name": " \t\n " })).await.is_problem(422, "invalid");
    assert_eq!(blank.issues(), [("/name", "required")]);
    for path in [format!("{CLIENTS}?filter[name]=%00"), format!("{PROJECTS}/summary?filter[notes]=a%00b")] {
        let refused = scene.org.get(&path).await.is_problem(422, "invalid");
        assert_eq!(refused.issues()[0].1, "character", "{path}");
    }
    let _ = scene.org.get(&format!("{CLIENTS}?q=%00%ff")).await.is(200);
}

async fn an_address_that_leads_nowhere_is_a_problem(database: Database) {
    let scene = scene(&database).await;
    let id = &scene.client;
    for path in [
        "/api/v1/nothing/here".to_owned(),
        "/api/v1".to_owned(),
        "/api/v2/projects/tasks".to_owned(),
        "/api/v1/projects".to_owned(),
        "/api/v1/projects/nothing".to_owned(),
        "/api/v1/Projects/Tasks".to_owned(),
        "/api/v1/projects/clients/oak".to_owned(),
        format!("/api/v1/projects/clients/{id}/nothing"),
        format!("/api/v1/projects/clients/{id}/history/more"),
        "/api/v1/projects/clients/01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f".to_owned(),
        format!("/api/v1/projects/clients/{}", id.replace('-', "")),
        "/api/v1/projects//clients".to_owned(),
        "/api/v1/projects/../clients".to_owned(),
    ] {
        let _ = scene.org.get(&path).await.is_problem(404, "not-found");
    }
}

async fn a_method_that_is_not_offered_is_told_which_are(database: Database) {
    let scene = scene(&database).await;
    let record = format!("{CLIENTS}/{}", scene.client);
    for (method, path, allowed) in [
        (Method::PUT, CLIENTS.to_owned(), "GET, POST"),
        (Method::DELETE, CLIENTS.to_owned(), "GET, POST"),
        (Method::PUT, record.clone(), "GET, PATCH, DELETE"),
        (Method::POST, record.clone(), "GET, PATCH, DELETE"),
        (Method::POST, format!("{CLIENTS}/summary"), "GET"),
        (Method::DELETE, format!("{record}/history"), "GET"),
        (Method::GET, format!("{record}/restore"), "POST"),
        (Method::GET, format!("{PROJECTS}/{}/close", scene.project), "POST"),
        (Method::PUT, format!("{PROJECTS}/{}/copy", scene.project), "POST"),
    ] {
        let refused = scene.org.send(scene.org.request(method.clone(), &path)).await;
        assert_eq!(refused.is_problem(405, "method-not-allowed").header("allow"), allowed, "{method} {path}");
    }
}

async fn a_head_is_a_get_without_its_body(database: Database) {
    let scene = scene(&database).await;
    for path in [CLIENTS.to_owned(), format!("{CLIENTS}/{}", scene.client)] {
        let get = scene.org.get(&path).await.is(200);
        let head = scene.org.send(scene.org.request(Method::HEAD, &path)).await.is(200);
        assert_eq!((head.text.as_str(), head.header("content-type")), ("", get.header("content-type")));
        assert_eq!(head.etag(), get.etag());
    }
}

async fn strange_queries_are_refused(database: Database) {
    let scene = scene(&database).await;
    for query in ["filter=open", "filter[]=x", "filter[name", "filter[name][eq][more]=x", "filter[.]=x", "=x", "%ff=x"]
    {
        let _ = scene.org.get(&format!("{CLIENTS}?{query}")).await.is_problem(422, "invalid");
    }
    let many = vec!["01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f"; 1_001].join(",");
    let _ = scene.org.get(&format!("{CLIENTS}?filter[id][in]={many}")).await.is_problem(422, "invalid");
    let nested = "filter[name]=x&".repeat(300);
    let _ = scene.org.get(&format!("{CLIENTS}?{nested}")).await.is_problem(422, "invalid");
    let after = "f".repeat(17_000);
    let _ = scene.org.get(&format!("{CLIENTS}?after={after}")).await.is_problem(422, "invalid");
}

async fn nobody_and_strangers_are_told_to_sign_in(database: Database) {
    let scene = scene(&database).await;
    let forged = format!("lf_{}", "A".repeat(43));
    let garbled = format!("{}x", scene.org.token);
    for token in [None, Some(""), Some("lf_"), Some("oak"), Some(forged.as_str()), Some(garbled.as_str())] {
        let refused = scene.org.with_token(token).get(CLIENTS).await.is_problem(401, "unauthenticated");
        assert!(refused.header("www-authenticate").starts_with("Bearer"), "{token:?}");
    }
    let nobody = scene.org.with_token(None);
    let basic = nobody.request(Method::GET, CLIENTS).header("Authorization", "Basic b2FrOm9haw==");
    let _ = nobody.send(basic).await.is_problem(401, "unauthenticated");
}

async fn nothing_of_a_refused_request_is_kept(database: Database) {
    let scene = scene(&database).await;
    let _ = scene.org.post(CLIENTS, json!({ "name": "Nguyen", "email": "at home" })).await.is_problem(422, "invalid");
    let _ = scene.org.post(CLIENTS, json!({ "name": "Nguyen", "colour": "red" })).await.is_problem(422, "invalid");
    assert_eq!(scene.org.get(CLIENTS).await.column("name"), ["Marrickville Dental"]);
    let history = scene.org.get(&format!("{CLIENTS}/{}/history", scene.client)).await;
    assert_eq!(history.column("kind"), ["insert"]);
}
