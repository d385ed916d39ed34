//! Whatever is longer than a page says so and goes on; a file is whole; and what nobody asked for is told, never ignored.

use crate::scene::{CLIENTS, PROJECTS, Scene, TASKS, scene};
use lignaflow_testkit::{Answer, Client, Database, Method, Role, on_both};
use serde_json::{Value as Json, json};

on_both!(
    a_summary_goes_on_page_by_page_and_its_file_has_every_group,
    groups_go_on_where_they_ended_in_every_order,
    a_history_goes_on_from_the_newest_to_the_first,
    imports_go_on_from_the_newest_to_the_first,
    parameters_that_nothing_reads_are_refused,
);

/// The rows of all pages from an address on.
async fn all(api: &Client, address: &str) -> Vec<Json> {
    let mut rows = Vec::new();
    let mut next = Some(address.to_owned());
    while let Some(address) = next {
        let page = api.get(&address).await.is(200);
        rows.extend(page.data().iter().cloned());
        next = page.json["next"].as_str().map(str::to_owned);
    }
    rows
}

async fn clients(scene: &Scene, count: usize) {
    let numbers: Vec<usize> = (0..count).collect();
    for some in numbers.chunks(500) {
        let create = |number: &usize| json!({ "create": { "name": format!("Client {number:04}") } });
        let operations: Vec<Json> = some.iter().map(create).collect();
        let _ = scene.org.post(&format!("{CLIENTS}/batch"), json!({ "operations": operations })).await.is(200);
    }
}

async fn a_summary_goes_on_page_by_page_and_its_file_has_every_group(database: Database) {
    let scene = scene(&database).await;
    clients(&scene, 1_010).await;
    let path = format!("{CLIENTS}/summary?group=name");
    let first = scene.org.get(&path).await.is(200);
    assert_eq!(first.data().len(), 1_000);
    let rest = scene.org.get(first.json["next"].as_str().unwrap()).await.is(200);
    assert_eq!((rest.data().len(), &rest.json["next"]), (11, &Json::Null));
    assert_eq!(rest.column("name").last().unwrap(), "Marrickville Dental");
    let file = scene.org.send(scene.org.request(Method::GET, &path).header("Accept", "text/csv")).await.is(200);
    assert_eq!(file.text.lines().count(), 1 + 1_011);
    let paged = format!("{path}&limit=5&after=x");
    let paged = scene.org.send(scene.org.request(Method::GET, &paged).header("Accept", "text/csv")).await;
    let paged = paged.is_problem(422, "invalid");
    assert_eq!(paged.issues(), [("/limit", "not-in-a-file"), ("/after", "not-in-a-file")]);
}

async fn groups_go_on_where_they_ended_in_every_order(database: Database) {
    let scene = scene(&database).await;
    for (title, minutes, due, minor) in [
        ("Oak", Some(30), Some("2026-12-01"), Some((500, "AUD"))),
        ("oak", Some(60), None, Some((500, "NZD"))),
        ("Pine", None, Some("2026-12-03"), None),
        ("Ash", Some(60), Some("2027-01-15"), Some((100, "AUD"))),
        ("Elm", None, None, None),
    ] {
        let cost = minor.map(|(minor, currency)| json!({ "minor": minor, "currency": currency }));
        scene.task(title, json!({ "planned_minutes": minutes, "due": due, "planned_cost": cost })).await;
    }
    for query in [
        "group=title",
        "group=title&sort=-title",
        "group=title&sum=planned_minutes&sort=-sum_planned_minutes",
        "group=title&min=due&sort=-min_due",
        "group=title&sum=planned_cost&sort=sum_planned_cost",
        "group=title&average=planned_minutes&sort=-average_planned_minutes",
        "group=priority,due:month&count=id",
        "group=due:month&max=planned_minutes&sort=max_planned_minutes",
        "group=project&sum=planned_cost",
    ] {
        let whole = scene.org.get(&format!("{TASKS}/summary?{query}")).await.is(200);
        assert_eq!(whole.json["next"], Json::Null, "{query}");
        for limit in [1, 2] {
            assert_eq!(
                all(&scene.org, &format!("{TASKS}/summary?{query}&limit={limit}")).await,
                whole.data(),
                "{query}"
            );
        }
    }
    // A cursor belongs to its question, and one that nobody gave out to none.
    let first = scene.org.get(&format!("{TASKS}/summary?group=title&limit=1")).await.is(200);
    let cursor = first.json["next"].as_str().unwrap().rsplit('=').next().unwrap();
    for query in [format!("group=title&sort=-title&after={cursor}"), "group=title&after=00".to_owned()] {
        let refused = scene.org.get(&format!("{TASKS}/summary?{query}")).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [("/after", "cursor")], "{query}");
    }
}

async fn a_history_goes_on_from_the_newest_to_the_first(database: Database) {
    let scene = scene(&database).await;
    let path = format!("{CLIENTS}/{}", scene.client);
    for number in 0..7 {
        let _ = scene.org.patch(&path, "*", json!({ "contact": format!("Ana {number}") })).await.is(200);
    }
    let whole = scene.org.get(&format!("{path}/history")).await.is(200);
    assert_eq!((whole.data().len(), &whole.json["next"]), (8, &Json::Null));
    assert_eq!(all(&scene.org, &format!("{path}/history?limit=3")).await, whole.data());
    for (query, issue) in [
        ("limit=0", ("/limit", "limit")),
        ("limit=201", ("/limit", "limit")),
        ("after=yesterday", ("/after", "cursor")),
        ("sort=at", ("/sort", "unknown-parameter")),
    ] {
        let refused = scene.org.get(&format!("{path}/history?{query}")).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [issue], "{query}");
    }
}

async fn imports_go_on_from_the_newest_to_the_first(database: Database) {
    let scene = scene(&database).await;
    let path = format!("{CLIENTS}/imports");
    let (person, _, mia) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    scene.org.give_roles(person, &["projects.manager"]).await;
    for number in 0..5 {
        // Those of others are not among one's own, nor do they make one's pages shorter.
        for api in [&scene.org.api, &mia] {
            let file = format!("name\nOak {number}\n");
            let request = api.request(Method::POST, &path).header("Content-Type", "text/csv").body(file);
            let _ = api.send(request).await.is(201);
        }
    }
    let whole = scene.org.get(&path).await.is(200);
    assert_eq!((whole.data().len(), &whole.json["next"]), (10, &Json::Null));
    assert_eq!(all(&scene.org, &format!("{path}?limit=3")).await, whole.data());
    assert_eq!(all(&mia, &format!("{path}?limit=2")).await.len(), 5);
    let page = mia.get(&format!("{path}?limit=2")).await.is(200);
    assert_eq!(page.data().len(), 2);
    let refused = mia.get(&format!("{path}?after=x&state=done")).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/after", "cursor"), ("/state", "unknown-parameter")]);
}

async fn parameters_that_nothing_reads_are_refused(database: Database) {
    let scene = scene(&database).await;
    let task = scene.task("Cut", json!({})).await;
    let body = json!({ "title": "Sand", "project": scene.project });
    let cases: [(Method, String, Json); 9] = [
        (Method::POST, TASKS.to_owned(), body),
        (Method::PATCH, format!("{TASKS}/{task}"), json!({ "title": "Sand" })),
        (Method::DELETE, format!("{TASKS}/{task}"), Json::Null),
        (Method::POST, format!("{TASKS}/{task}/start"), json!({})),
        (Method::POST, format!("{TASKS}/{task}/restore"), json!({})),
        (Method::POST, format!("{TASKS}/{task}/revert"), json!({ "version": 1 })),
        (Method::GET, format!("{TASKS}/{task}/history"), Json::Null),
        (Method::POST, format!("{TASKS}/fields"), json!({ "name": "x", "type": "text", "title": "X" })),
        (Method::POST, format!("{PROJECTS}/batch"), json!({ "operations": [] })),
    ];
    for (method, path, body) in cases {
        let request = scene.org.request(method.clone(), &format!("{path}?dry_run=true")).header("If-Match", "*");
        let request = if method == Method::GET { request } else { request.json(&body) };
        let refused: Answer = scene.org.send(request).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [("/dry_run", "unknown-parameter")], "{method} {path}");
    }
    let task = scene.org.get(&format!("{TASKS}/{task}")).await.is(200);
    assert_eq!((task.etag().as_str(), &task.json["status"]), ("\"1\"", &json!("todo")), "nothing was done");
}
