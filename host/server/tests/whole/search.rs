//! One search over everything that is on: whole words and their beginnings, where they stand, and for whom.

use crate::scene::{CLIENTS, PROJECTS, TASKS, opened, scene};
use lignaflow_testkit::{Database, on_both};
use serde_json::{Value as Json, json};

on_both!(
    a_search_finds_in_every_collection_and_shows_where,
    what_is_found_follows_what_is_written,
    each_collection_is_paged_by_itself,
    nothing_is_found_of_others_or_of_what_is_off,
    what_is_asked_wrongly_is_told_all_at_once,
    the_page_that_searches_shows_it_and_references_are_chosen_by_it,
);

/// The collections of an answer, each with what its records are called.
fn found(answer: &Json) -> Vec<(String, Vec<String>)> {
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let of = |group: &Json| {
        let records = group["records"].as_array().unwrap();
        (text(&group["collection"]), records.iter().map(|record| text(&record["label"])).collect())
    };
    answer["data"].as_array().unwrap().iter().map(of).collect()
}

async fn a_search_finds_in_every_collection_and_shows_where(database: Database) {
    let scene = scene(&database).await;
    let notes = "Measure twice. The owner wants solid oak, no veneer. Deliver by the back lane.";
    scene.task("Order timber", json!({ "notes": notes })).await;
    scene.task("Oak bench", json!({})).await;
    scene.org.make(PROJECTS, json!({ "name": "Counter", "code": "C-1042", "address": "12 Oak Street" })).await;
    let all = scene.org.get("search?q=oak").await.is(200);
    let expected = [
        ("projects/projects".to_owned(), vec!["Counter".to_owned()]),
        ("projects/tasks".to_owned(), vec!["Oak bench".to_owned(), "Order timber".to_owned()]),
    ];
    assert_eq!(found(&all.json), expected, "{}", all.text);
    let groups = all.data();
    assert_eq!(groups[0]["title"], "Projects");
    assert_eq!(groups[0]["records"][0]["snippet"], json!({ "field": "address", "text": "12 Oak Street" }));
    assert_eq!(groups[1]["records"][0]["snippet"], json!(null), "it is called so");
    assert_eq!(groups[1]["records"][1]["snippet"]["field"], "notes");
    assert!(groups[1]["records"][1]["snippet"]["text"].as_str().unwrap().contains("solid oak"));
    for (q, wanted) in [
        ("c-1042", vec!["Counter"]),
        ("p-0002", vec!["Counter"]),
        ("1042", vec!["Counter"]),
        ("104", vec!["Counter"]),
        ("042", vec![]),
        ("TIMB sol", vec!["Order timber"]),
        ("marrickville", vec!["Marrickville Dental"]),
    ] {
        let labels: Vec<_> = found(&scene.org.get(&format!("search?q={q}")).await.is(200).json);
        let labels: Vec<_> = labels.into_iter().flat_map(|(_, labels)| labels).collect();
        assert_eq!(labels, wanted, "{q}");
    }
}

async fn what_is_found_follows_what_is_written(database: Database) {
    let scene = scene(&database).await;
    let id = scene.task("Oak bench", json!({ "notes": "for the hall" })).await;
    let titles = async |q: &str| scene.org.get(&format!("{TASKS}?q={q}")).await.is(200).column("title");
    assert_eq!(titles("hall oak").await, ["Oak bench"]);
    let changed = scene.org.patch(&format!("{TASKS}/{id}"), "\"1\"", json!({ "title": "Ash bench" })).await.is(200);
    assert_eq!(titles("oak").await, [""; 0]);
    assert_eq!(titles("hall ash").await, ["Ash bench"], "what was not changed is found as before");
    let changed = scene.org.patch(&format!("{TASKS}/{id}"), &changed.etag(), json!({ "notes": null })).await.is(200);
    assert_eq!(titles("hall").await, [""; 0]);
    let gone = scene.org.delete(&format!("{TASKS}/{id}"), &changed.etag()).await.is(200);
    assert_eq!(titles("ash").await, [""; 0]);
    assert_eq!(titles("ash&filter[archived_at][is_null]=false").await, ["Ash bench"]);
    assert_eq!(found(&scene.org.get("search?q=ash").await.is(200).json), []);
    let back = scene.org.act(&format!("{TASKS}/{id}/restore")).await.is(200);
    assert_ne!(back.etag(), gone.etag());
    assert_eq!(titles("ash").await, ["Ash bench"]);
}

async fn each_collection_is_paged_by_itself(database: Database) {
    let scene = scene(&database).await;
    for number in 0..5 {
        scene.task(&format!("Door {number}"), json!({})).await;
    }
    scene.org.make(CLIENTS, json!({ "name": "Doors & More" })).await;
    let first = scene.org.get("search?q=door&limit=2").await.is(200);
    assert_eq!(found(&first.json).len(), 2);
    assert_eq!(first.data()[0]["next"], json!(null));
    let mut labels = found(&first.json).remove(1).1;
    let mut next = first.data()[1]["next"].as_str().map(str::to_owned);
    while let Some(address) = next {
        let page = scene.org.get(&address).await.is(200);
        assert_eq!(page.data().len(), 1, "only the collection that is read on");
        labels.extend(found(&page.json).remove(0).1);
        next = page.data()[0]["next"].as_str().map(str::to_owned);
    }
    assert_eq!(labels, ["Door 0", "Door 1", "Door 2", "Door 3", "Door 4"]);
}

async fn nothing_is_found_of_others_or_of_what_is_off(database: Database) {
    let scene = scene(&database).await;
    let other = scene.server.organization("Other").await;
    assert_eq!(found(&other.get("search?q=marrickville").await.is(200).json), []);
    assert_eq!(other.get(&format!("{CLIENTS}?q=marrickville")).await.is(200).data(), [json!(null); 0]);
    let _ = scene.org.act("plugins/projects/disable").await.is(204);
    assert_eq!(found(&scene.org.get("search?q=marrickville").await.is(200).json), []);
    let _ = scene.org.get("search?q=marrickville&collection=projects/clients").await.is_problem(404, "not-found");
}

async fn what_is_asked_wrongly_is_told_all_at_once(database: Database) {
    let scene = scene(&database).await;
    let refused = scene.org.get("search?q=%20&limit=51&colection=x").await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/limit", "limit"), ("/colection", "unknown-parameter"), ("/q", "required")]);
    assert!(refused.message_at("/colection").contains("`collection`"));
    let long = "a".repeat(201);
    for (query, path, code) in [
        ("q=a&after=x", "/after", "cursor"),
        ("q=a&collection=tasks", "/collection", "unknown-collection"),
        ("q=a&collection=projects/tasks&after=x", "/after", "cursor"),
        (&format!("q={long}"), "/q", "too-long"),
        ("q=a b c d e f g h i j k l m n o p q", "/q", "too-many"),
    ] {
        let refused = scene.org.get(&format!("search?{query}")).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [(path, code)], "{query}");
    }
    let _ = scene.server.client(None).get("search?q=a").await.is_problem(401, "unauthenticated");
}

async fn the_page_that_searches_shows_it_and_references_are_chosen_by_it(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let task = scene.task("Order timber", json!({ "notes": "Solid oak, no veneer" })).await;
    let page = visitor.get("/search?q=oak").await.is(200);
    page.shows("id=\"found\"")
        .shows(&format!("href=\"/projects/tasks/{task}\">Order timber<span class=\"sub\">Solid oak, no veneer</span>"))
        .shows("Reception fit-out");
    visitor.get("/search?q=zebra").await.is(200).shows("Nothing found");
    let choices = visitor.get("/projects/clients/choices?q=dent+marr").await.is(200);
    choices.shows("Marrickville Dental");
    visitor.get("/projects/clients/choices?q=zebra").await.is(200).hides("Marrickville Dental");
}
