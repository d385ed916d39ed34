//! Lists that people keep under a name: by the API, and over the list itself.

use crate::scene::{TASKS, opened, scene};
use lignaflow_testkit::plugins::shipped;
use lignaflow_testkit::{Database, Role, Setup, on_both};
use serde_json::json;

on_both!(
    a_view_is_kept_and_read_back,
    a_view_must_fit_its_list,
    a_view_is_seen_by_whom_it_is_for,
    a_list_opens_with_one_view,
    views_are_bounded,
    a_list_is_kept_renamed_shared_and_let_go_without_script,
    a_view_that_no_longer_fits_says_so,
    a_list_has_the_views_of_its_plugin_beside_those_that_are_kept,
    every_view_that_is_shipped_fits_its_list,
);

async fn a_view_is_kept_and_read_back(database: Database) {
    let scene = scene(&database).await;
    let body =
        json!({ "collection": TASKS, "name": " Late ", "query": "filter[status]=todo&sort=-due&fields=title,due" });
    let made = scene.org.post("views", body).await.is(201);
    assert_eq!(made.location(), format!("/api/v1/views/{}", made.id()));
    assert_eq!(made.json["name"], "Late");
    assert_eq!(made.json["query"], "filter%5Bstatus%5D=todo&sort=-due&fields=title%2Cdue");
    assert_eq!((&made.json["shared"], &made.json["standard"]), (&json!(false), &json!(false)));
    let path = format!("views/{}", made.id());
    assert_eq!(scene.org.get(&path).await.is(200).json, made.json);
    // Its query is one that the list takes.
    scene.task("Cut", json!({ "due": "2026-11-30" })).await;
    let query = made.json["query"].as_str().unwrap();
    assert_eq!(scene.org.get(&format!("{TASKS}?{query}")).await.is(200).column("title"), ["Cut"]);

    let changed = scene.org.patch(&path, "*", json!({ "name": "Soon", "shared": true })).await.is(200);
    assert_eq!((&changed.json["name"], &changed.json["query"]), (&json!("Soon"), &made.json["query"]));
    assert_eq!(scene.org.get(&format!("views?collection={TASKS}")).await.column("name"), ["Soon"]);
    assert!(scene.org.get("views?collection=projects/clients").await.data().is_empty());
    let _ = scene.org.delete(&path, "*").await.is(204);
    let _ = scene.org.get(&path).await.is_problem(404, "not-found");
}

async fn a_view_must_fit_its_list(database: Database) {
    let scene = scene(&database).await;
    for (query, issues) in [
        ("filter[colour]=red", vec![("/query/filter/colour", "unknown-field")]),
        ("filter[planned_minutes]=long", vec![("/query/filter/planned_minutes", "filter")]),
        ("sort=colour", vec![("/query/sort", "unknown-field")]),
        ("limit=5&page=2", vec![("/query/limit", "unknown-parameter"), ("/query/page", "unknown-parameter")]),
        ("archived=maybe", vec![("/query/archived", "type")]),
    ] {
        let refused = scene.org.post("views", json!({ "collection": TASKS, "name": "x", "query": query })).await;
        assert_eq!(refused.is_problem(422, "invalid").issues(), issues, "{query}");
    }
    let refused = scene.org.post("views", json!({ "collection": TASKS, "name": " ", "query": "sort=colour" })).await;
    assert_eq!(refused.is_problem(422, "invalid").issues(), [("/name", "required"), ("/query/sort", "unknown-field")]);
    let refused = scene.org.post("views", json!({ "collection": "projects/beds", "name": "x" })).await;
    assert_eq!(refused.is_problem(422, "invalid").issues(), [("/collection", "unknown-collection")]);
}

async fn a_view_is_seen_by_whom_it_is_for(database: Database) {
    let scene = scene(&database).await;
    let (_, _, member) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    let view = |name: &str, shared: bool| json!({ "collection": TASKS, "name": name, "shared": shared });
    let own = scene.org.post("views", view("Own", false)).await.is(201).id();
    let shared = scene.org.post("views", view("Shared", true)).await.is(201).id();
    assert_eq!(member.get("views").await.column("name"), ["Shared"]);
    let _ = member.get(&format!("views/{own}")).await.is_problem(404, "not-found");
    let _ = member.patch(&format!("views/{shared}"), "*", json!({ "name": "Mine" })).await.is_problem(403, "denied");
    let _ = member.delete(&format!("views/{shared}"), "*").await.is_problem(403, "denied");
    let theirs = member.post("views", view("Theirs", true)).await.is(201).id();
    let _ = scene.org.patch(&format!("views/{theirs}"), "*", json!({ "shared": false })).await.is(200);
    assert_eq!(scene.org.get("views").await.column("name"), ["Own", "Shared"]);
}

async fn a_list_opens_with_one_view(database: Database) {
    let scene = scene(&database).await;
    let (_, _, member) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    let view =
        |name: &str, shared: bool| json!({ "collection": TASKS, "name": name, "shared": shared, "standard": true });
    for name in ["First", "Second"] {
        let _ = scene.org.post("views", view(name, true)).await.is(201);
    }
    assert_eq!(scene.org.get("views").await.column("standard"), ["false", "true"]);
    let _ = member.post("views", view("For all", true)).await.is_problem(403, "denied");
    let _ = member.post("views", view("Mine", false)).await.is(201);
    assert_eq!(member.get("views").await.column("standard"), ["false", "true", "true"], "one's own beside everybody's");
}

async fn views_are_bounded(database: Database) {
    let scene = scene(&database).await;
    for n in 0..50 {
        let _ = scene.org.post("views", json!({ "collection": TASKS, "name": format!("View {n}") })).await.is(201);
    }
    let full = scene.org.post("views", json!({ "collection": TASKS, "name": "One more" })).await;
    assert!(full.is_problem(409, "conflict").text.contains("50"));
    let _ = scene.org.post("views", json!({ "collection": "projects/clients", "name": "Another list" })).await.is(201);
    for body in [
        json!({ "collection": "projects/projects", "name": "x".repeat(81) }),
        json!({ "collection": "projects/projects", "name": "x", "query": format!("q={}", "x".repeat(2000)) }),
    ] {
        let refused = scene.org.post("views", body).await.is_problem(422, "invalid");
        assert_eq!(refused.issues()[0].1, "too-long");
    }
}

async fn a_list_is_kept_renamed_shared_and_let_go_without_script(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let cut = scene.task("Cut", json!({ "due": "2026-11-30" })).await;
    let done = scene.task("Sand", json!({})).await;
    let _ = scene.org.act(&format!("{TASKS}/{done}/finish")).await.is(200);
    let list = format!("/{TASKS}");
    // Their rows; their names stand among the filters as well.
    let (cut, sand) = (format!("{list}/{cut}\""), format!("{list}/{done}\""));
    visitor.get(&list).await.is(200).hides("Save view");
    let narrowed = visitor.get(&format!("{list}?filter[status]=done")).await.is(200);
    narrowed.shows("Save view");
    let query = narrowed.value("query");
    let kept = visitor.post(&format!("{list}/views"), &[("name", "Finished"), ("query", &query)]).await;
    assert_eq!(kept.status, 303, "{}", kept.text);
    let at = kept.to().to_owned();
    visitor.get(&at).await.is(200).shows("Finished").shows(&sand).hides(&cut).shows("Edit view");
    visitor.get(&list).await.is(200).shows(&cut).shows(&sand);

    let id = at.split("view=").nth(1).unwrap();
    let form = format!("{list}/views/{id}");
    let renamed = visitor.post(&form, &[("settings", "true"), ("name", "Done"), ("standard", "true")]).await;
    assert_eq!(renamed.status, 303, "{}", renamed.text);
    visitor.get(&list).await.shows("Done").shows(&sand).hides(&cut);
    visitor.get(&format!("{list}?view=all")).await.shows(&cut).shows(&sand);
    let changed = visitor.get(&format!("{list}?view={id}&filter[status]=todo")).await.is(200);
    changed.shows("Update view").shows(&cut).hides(&sand);
    let query = changed.value("query");
    assert_eq!(visitor.post(&form, &[("query", &query)]).await.status, 303);
    visitor.get(&list).await.shows(&cut).hides(&sand);

    let nameless = visitor.post(&form, &[("settings", "true"), ("name", " ")]).await.is(422);
    nameless.shows("A view has a name.");
    assert_eq!(visitor.post(&format!("{form}/remove"), &[]).await.status, 303);
    visitor.get(&list).await.shows(&cut).shows(&sand).hides("Edit view");
    assert_eq!(visitor.post(&form, &[("name", "Gone")]).await.status, 404);
}

async fn a_view_that_no_longer_fits_says_so(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let view = scene.org.post("views", json!({ "collection": TASKS, "name": "Old" })).await.is(201).id();
    // As an upgrade of the plugin would leave it.
    let app = &scene.server.app;
    let kept = app.store.view(scene.org.id, scene.org.owner, view.parse().unwrap()).await.unwrap().unwrap();
    let old = lignaflow_store::views::View { query: "filter%5Bcolour%5D=red".to_owned(), ..kept };
    assert!(app.store.change_view(scene.org.id, old).await.unwrap());
    let read = scene.org.get(&format!("views/{view}")).await.is(200);
    assert_eq!(read.json["issues"][0]["path"], "/query/filter/colour", "{}", read.text);
    let page = visitor.get(&format!("/{TASKS}?view={view}")).await.is(200);
    page.shows("does not fit this list any more").shows("Delete view");
}

async fn a_list_has_the_views_of_its_plugin_beside_those_that_are_kept(database: Database) {
    let scene = scene(&database).await;
    let (mia_id, email, mia) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    let members = json!({ "members": [scene.org.owner.to_string(), mia_id.to_string()] });
    let _ = scene.org.patch(&format!("projects/projects/{}", scene.project), "*", members).await.is(200);
    for (title, who, due) in [
        ("Cut", scene.org.owner.to_string(), "2020-01-01"),
        ("Glue", scene.org.owner.to_string(), "2999-01-01"),
        ("Sand", mia_id.to_string(), "2020-01-01"),
    ] {
        scene.task(title, json!({ "assignees": [who], "due": due })).await;
    }
    let body = json!({ "collection": TASKS, "name": "Late", "query": "sort=-due", "shared": true });
    let _ = scene.org.post("views", body).await.is(201);

    let visitor = scene.server.signed_in(&scene.org).await;
    let page = visitor.get(&format!("/{TASKS}")).await.is(200);
    let [all, mine, late] = [">All tasks", ">Mine", ">Late"].map(|tab| page.text.find(tab).unwrap());
    assert!(all < mine && mine < late, "the plugin's come first");
    let mine = visitor.get(&format!("/{TASKS}?view=mine")).await.is(200);
    mine.shows("aria-current=\"page\">Mine").shows("Cut").shows("Glue").shows("2 shown");
    mine.shows("<b class=\"facet-value\">me</b>").hides("Edit view").hides("Delete view").shows("Save view");
    visitor.get(&format!("/{TASKS}?view=overdue")).await.is(200).shows("Cut").shows("Sand").shows("2 shown");
    let wrong = visitor.get(&format!("/{TASKS}?view=hers")).await.is(200);
    wrong.shows("aria-current=\"page\">All tasks");
    // Whoever looks is who it is of.
    let hers = scene.server.visitor();
    hers.sign_in(&email, lignaflow_testkit::PASSWORD).await;
    hers.get(&format!("/{TASKS}?view=mine")).await.is(200).shows("Sand").shows("1 shown");
    let listed = mia.get(&format!("{TASKS}?filter[assignees]=me")).await.is(200);
    assert_eq!(listed.column("title"), ["Sand"]);
    // The API has them too, in the words that a kept one has.
    let told = scene.org.get(&format!("views?collection={TASKS}")).await.is(200);
    let first = &told.json["declared"][0];
    assert_eq!((&first["name"], &first["title"]), (&json!("mine"), &json!("Mine")));
    let kept = json!({ "collection": TASKS, "name": "My own", "query": first["query"] });
    assert!(scene.org.post("views", kept).await.is(201).json["issues"].is_null());
}

/// Whoever sees all sees all of them; who may not read what one is of does not see it.
async fn every_view_that_is_shipped_fits_its_list(database: Database) {
    let names = ["projects", "estimates", "timesheets", "reporting"];
    let server = database.serve_with(Setup { plugins: names.map(shipped).into(), ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    let told = org.get("views").await.is(200);
    let found: Vec<String> = told.json["declared"]
        .as_array()
        .unwrap()
        .iter()
        .map(|view| format!("{} {}", view["collection"].as_str().unwrap(), view["name"].as_str().unwrap()))
        .collect();
    let snapshot = server.app.registry.current();
    let mut all = Vec::new();
    for schema in snapshot.catalog.schemas() {
        all.extend(schema.collection.views.iter().map(|view| format!("{} {}", schema.name, view.name)));
    }
    assert!(all.len() > 20, "{all:?}");
    assert_eq!(found, all);
    let visitor = server.signed_in(&org).await;
    for view in &all {
        let (collection, name) = view.split_once(' ').unwrap();
        let page = visitor.get(&format!("/{collection}?view={name}")).await.is(200);
        page.shows("aria-current=\"page\"").hides("role=\"alert\"");
    }
}
