//! The change feed: nothing is skipped, nothing is told twice, and whoever may not know is not told.

use crate::scene::{CLIENTS, PROJECTS, TASKS, scene};
use lignaflow_testkit::{Client, Database, Method, On, Role, Scope, on, on_both};
use serde_json::{Value as Json, json};

on_both!(
    changes_are_told_in_their_order_each_with_its_record,
    a_page_goes_on_where_the_last_one_ended,
    only_the_collections_asked_for_are_told,
    who_begins_now_is_told_what_comes,
    with_other_rights_it_begins_anew,
    a_plugin_that_is_off_tells_nothing,
    what_is_asked_wrong_is_told_at_once,
    events_come_as_things_happen_and_go_on_after_a_break,
    a_stream_ends_with_its_token,
    a_stream_ends_with_the_server,
);

/// Follows the feed from a place until that many changes were told. On PostgreSQL they wait for every transaction that
/// is older, also of the tests beside this one.
async fn follow(api: &Client, query: &str, mut after: String, count: usize) -> (Vec<Json>, String) {
    let mut told = Vec::new();
    while told.len() < count {
        let page = api.get(&format!("changes?{query}&after={after}")).await.is(200);
        assert_eq!(page.json["reset"], Json::Null, "{}", page.text);
        told.extend(page.data().iter().cloned());
        page.json["next"].as_str().unwrap().clone_into(&mut after);
    }
    (told, after)
}

async fn now(api: &Client) -> String {
    api.get("changes?after=now").await.is(200).json["next"].as_str().unwrap().to_owned()
}

fn column<'a>(changes: &'a [Json], name: &str) -> Vec<&'a str> {
    changes.iter().map(|change| change[name].as_str().unwrap_or_default()).collect()
}

async fn changes_are_told_in_their_order_each_with_its_record(database: Database) {
    let scene = scene(&database).await;
    let org = &scene.org;
    let client = org.make(CLIENTS, json!({ "name": "Oak" })).await;
    let path = format!("{CLIENTS}/{client}");
    let _ = org.patch(&path, "\"1\"", json!({ "contact": "Ana" })).await.is(200);
    let (told, after) = follow(org, "collection=projects/clients", String::new(), 3).await;
    assert_eq!(column(&told, "kind"), ["insert", "insert", "update"]);
    assert_eq!(column(&told, "id"), [&scene.client, &client, &client]);
    let [_, insert, update] = &told[..] else { panic!("three") };
    assert_eq!((&insert["version"], &insert["deleted"]), (&json!(1), &json!(false)));
    assert_eq!((&update["version"], &update["changed"]), (&json!(2), &json!(["contact"])));
    assert_eq!(update["by"], json!({ "kind": "person", "id": org.owner.to_string() }));
    let standing = org.get(&path).await.json;
    assert_eq!((&insert["record"], &update["record"]), (&standing, &standing), "as it stands now");

    let archived = org.delete(&path, "\"2\"").await.is(200).json;
    let (told, after) = follow(org, "collection=projects/clients", after, 1).await;
    assert_eq!((&told[0]["kind"], &told[0]["deleted"]), (&json!("remove"), &json!(true)));
    assert_eq!(told[0]["record"], archived);
    let _ = org.act(&format!("{path}/restore")).await.is(200);
    let (told, _) = follow(org, "collection=projects/clients", after, 1).await;
    assert_eq!((&told[0]["kind"], &told[0]["deleted"]), (&json!("restore"), &json!(false)));

    let (_, after) = follow(org, "collection=projects/projects", String::new(), 1).await;
    scene.drive(&scene.project, &["activate"]).await;
    let (told, _) = follow(org, "collection=projects/projects", after, 1).await;
    assert_eq!((&told[0]["transition"], &told[0]["changed"]), (&json!("activate"), &json!(["status"])));
}

async fn a_page_goes_on_where_the_last_one_ended(database: Database) {
    let scene = scene(&database).await;
    let mut ids = vec![scene.client.clone()];
    for number in 0..12 {
        ids.push(scene.org.make(CLIENTS, json!({ "name": format!("Client {number}") })).await);
    }
    let (told, end) = follow(&scene.org, "collection=projects/clients&limit=5", String::new(), ids.len()).await;
    assert_eq!(column(&told, "id"), ids);
    let empty = scene.org.get(&format!("changes?collection=projects/clients&after={end}")).await.is(200);
    assert_eq!((empty.data().len(), &empty.json["more"]), (0, &json!(false)));
    // Each change's own position is a place to go on from as well.
    let middle = told[6]["position"].as_str().unwrap();
    let (rest, _) = follow(&scene.org, "collection=projects/clients", middle.to_owned(), ids.len() - 7).await;
    assert_eq!(column(&rest, "id"), ids[7..]);
}

async fn only_the_collections_asked_for_are_told(database: Database) {
    let scene = scene(&database).await;
    let task = scene.task("Measure", json!({})).await;
    // A project is made with its five phases.
    let (all, _) = follow(&scene.org, "", String::new(), 8).await;
    let mut collections = column(&all, "collection");
    collections.dedup();
    assert_eq!(collections, [CLIENTS, PROJECTS, "projects/phases", TASKS]);
    let (some, after) = follow(&scene.org, "collection=projects/tasks,projects/clients", String::new(), 2).await;
    assert_eq!(column(&some, "id"), [&scene.client, &task]);
    // What is passed over is not looked at again.
    let other = scene.org.get(&format!("changes?collection=projects/projects&after={after}")).await.is(200);
    assert_eq!(other.json["reset"], "view", "a cursor belongs to what was asked for");
    let stranger = scene.server.organization("Stranger").await;
    assert_eq!(stranger.get("changes").await.is(200).data().len(), 0);
    let theirs = stranger.get(&format!("changes?after={after}&collection=projects/tasks,projects/clients")).await;
    assert_eq!((theirs.is(200).json["reset"].as_str(), 0), (Some("view"), 0));
}

async fn who_begins_now_is_told_what_comes(database: Database) {
    let scene = scene(&database).await;
    let after = now(&scene.org).await;
    let client = scene.org.make(CLIENTS, json!({ "name": "Later" })).await;
    let mut told = Vec::new();
    // What was under way when it began may be told as well: twice is allowed here, missing is not.
    let mut from = after;
    while !column(&told, "id").contains(&client.as_str()) {
        let (more, next) = follow(&scene.org, "", from, 1).await;
        told.extend(more);
        from = next;
    }
}

async fn with_other_rights_it_begins_anew(database: Database) {
    let scene = scene(&database).await;
    let (person, email, member) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    scene.org.give_roles(person, &["projects.supervisor"]).await;
    let (_, after) = follow(&member, "", String::new(), 1).await;
    let _ = scene.org.patch(&format!("people/{person}"), "*", json!({ "role": "admin" })).await;
    let reset = member.get(&format!("changes?after={after}")).await.is(200);
    assert_eq!((&reset.json["reset"], reset.data().len()), (&json!("view"), 0));
    let next = reset.json["next"].as_str().unwrap();
    let on = member.get(&format!("changes?after={next}")).await.is(200);
    assert_eq!(on.json["reset"], Json::Null);
    // A token that carries less sees by other rights.
    let narrow = scene.server.client(Some(&scene.server.token(&email, &scene.org.name, Scope::Read).await));
    assert_eq!(narrow.get(&format!("changes?after={next}")).await.is(200).json["reset"], "view");
}

async fn a_plugin_that_is_off_tells_nothing(database: Database) {
    let scene = scene(&database).await;
    let (_, after) = follow(&scene.org, "", String::new(), 2).await;
    let _ = scene.org.act("plugins/projects/disable").await.is(204);
    let off = scene.org.get("changes").await.is(200);
    assert_eq!(off.data().len(), 0);
    let refused = scene.org.get("changes?collection=projects/tasks").await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/collection", "unknown-collection")]);
    assert_eq!(scene.org.get(&format!("changes?after={after}")).await.is(200).json["reset"], "view");
    let _ = scene.org.act("plugins/projects/enable").await.is(204);
    let _ = follow(&scene.org, "", String::new(), 2).await;
}

async fn what_is_asked_wrong_is_told_at_once(database: Database) {
    let scene = scene(&database).await;
    let wrong = "changes?after=yesterday&limit=201&collection=Clients&page=2";
    let refused = scene.org.get(wrong).await.is_problem(422, "invalid");
    let expected =
        [("/after", "cursor"), ("/limit", "limit"), ("/collection", "collection"), ("/page", "unknown-parameter")];
    assert_eq!(refused.issues(), expected);
    let _ = scene.server.client(None).get("changes").await.is_problem(401, "unauthenticated");
    let streamed = scene.org.request(Method::GET, "changes").header("Accept", "text/event-stream");
    let streamed = scene.org.send(streamed.header("Last-Event-ID", "7")).await.is_problem(422, "invalid");
    assert_eq!(streamed.issues(), [("/Last-Event-ID", "cursor")]);
    // Of another organization's cursor nothing is learnt.
    let far = scene.org.get("changes?after=99999999.1.0000000000000000").await.is(200);
    assert_eq!(far.json["reset"], "view");
    let mut own: Vec<String> = now(&scene.org).await.split('.').map(str::to_owned).collect();
    own[0] = (own[0].parse::<u64>().unwrap() + 1_000_000_000).to_string();
    let ahead = scene.org.get(&format!("changes?after={}", own.join("."))).await.is(200);
    assert_eq!(ahead.json["reset"], "position");
}

async fn events_come_as_things_happen_and_go_on_after_a_break(database: Database) {
    let scene = scene(&database).await;
    let org = &scene.org;
    let mut events = org.events("changes?collection=projects/tasks", None).await;
    let first = scene.task("Measure", json!({})).await;
    let event = events.next().await.unwrap();
    assert_eq!(
        (event.kind.as_str(), &event.data["id"], &event.data["kind"]),
        ("change", &json!(first), &json!("insert"))
    );
    assert_eq!(event.data["position"], event.id);
    assert_eq!(event.data["record"], org.get(&format!("{TASKS}/{first}")).await.json);
    let last = events.last.clone();
    drop(events);

    let second = scene.task("Cut", json!({})).await;
    let _ = org.patch(&format!("{TASKS}/{first}"), "*", json!({ "title": "Measure twice" })).await.is(200);
    let mut events = org.events("changes?collection=projects/tasks", Some(&last)).await;
    let told = [events.next().await.unwrap(), events.next().await.unwrap()];
    assert_eq!(told.each_ref().map(|event| event.data["id"].as_str().unwrap()), [&second, &first]);

    let _ = org.act("plugins/projects/disable").await.is(204);
    let _ = org.act("plugins/projects/enable").await.is(204);
    let third = scene.task("Glue", json!({})).await;
    let mut told = events.next().await.unwrap();
    while told.kind == "reset" {
        told = events.next().await.unwrap();
    }
    assert_eq!(told.data["id"], third);
}

async fn a_stream_ends_with_its_token(database: Database) {
    let scene = scene(&database).await;
    let (mia, _, member) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    let mut events = member.events("changes", None).await;
    scene.task("Measure", json!({ "assignees": [mia.to_string()] })).await;
    while events.next().await.unwrap().data["collection"] != TASKS {}
    let token = member.get("tokens").await.is(200).data()[0]["id"].as_str().unwrap().to_owned();
    let _ = member.delete(&format!("tokens/{token}"), "*").await.is(204);
    scene.task("Cut", json!({})).await;
    assert_eq!(events.next().await, None, "what comes after is not told");
}

async fn a_stream_ends_with_the_server(database: Database) {
    let scene = scene(&database).await;
    let mut events = scene.org.events("changes", None).await;
    let stopped = tokio::spawn(scene.server.stop());
    // It ends; else this waits in vain, and so does the server.
    while events.next().await.is_some() {}
    stopped.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_one_host_tells_what_another_did() {
    on(On::Postgres, |database: Database| async move {
        let (one, other) = (database.serve().await, database.serve().await);
        let org = one.organization("Halloran").await;
        let there = other.client(Some(&org.token));
        while there.get(TASKS).await.status != 200 {
            tokio::task::yield_now().await;
        }
        let mut events = there.events("changes?collection=projects/clients", None).await;
        let client = org.make(CLIENTS, json!({ "name": "Marrickville Dental" })).await;
        let mut told = events.next().await.unwrap();
        while told.kind == "reset" {
            told = events.next().await.unwrap();
        }
        assert_eq!(told.data["id"], client);
    })
    .await;
}
