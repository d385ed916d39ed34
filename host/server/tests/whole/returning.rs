//! Back to a version of a plugin that was kept: what that would do is told first, no request fails, names and values come
//! back as they were, and what would lose or misread something is refused with every reason.

use crate::plugins::Load;
use crate::scene::{PROJECTS, TASKS, scene, scene_with};
use lignaflow_testkit::plugins::{declared, fixture, redescribed, shipped};
use lignaflow_testkit::{Answer, Client, Database, Method, Role, Setup, on_both, on_one};
use serde_json::{Value as Json, json};

on_both!(
    a_version_is_gone_back_to_under_load_and_no_request_fails,
    what_going_back_does_is_told_first_and_what_was_there_is_there_again,
    a_way_back_that_would_lose_something_is_refused_with_its_reasons,
    records_that_were_carried_over_are_not_handed_to_the_version_before,
    a_version_that_was_gone_back_to_stays_at_the_next_start,
);

on_one!(
    only_administrators_of_the_instance_go_back,
    a_version_that_never_came_into_use_is_not_kept,
    a_right_that_was_taken_back_does_not_come_back_with_a_version,
    the_page_shows_what_going_back_changes_and_goes_back,
);

const DESCRIPTOR: &str = include_str!("../../../../plugins/projects/plugin.toml");
const SHOP: &str = include_str!("../../../../plugins/fixtures/shop/plugin.toml");
const MIGRATING: &str = "migrating/contacts";

/// A plugin that is a list of tools, at a version.
fn tools(version: &str, fields: &str) -> Vec<u8> {
    declared(&format!(
        "id = \"tools\"\nversion = \"{version}\"\ntitle = \"Tools\"\napi = \"0.1\"\n\n[[collections]]\nname = \"tools\"\n\
         title = {{ one = \"Tool\", many = \"Tools\" }}\ndisplay = \"name\"\n\n[collections.fields]\n\
         name = {{ type = \"text\", required = true, search = true }}\n{fields}\n"
    ))
}

/// A version of `projects` that differs in its number alone.
fn projects(version: &str) -> Vec<u8> {
    let next = DESCRIPTOR.replace("version = \"0.1.0\"", &format!("version = \"{version}\""));
    redescribed(&shipped("projects"), DESCRIPTOR, &next)
}

async fn install(api: &Client, bytes: Vec<u8>) -> Answer {
    let request = api.request(Method::POST, "plugins?grant=all").header("Content-Type", "application/wasm");
    api.send(request.body(bytes)).await
}

async fn version(api: &Client, id: &str) -> String {
    let listed = api.get("plugins").await.is(200);
    let found = listed.data().iter().find(|plugin| plugin["id"] == id).unwrap();
    found["version"].as_str().unwrap().to_owned()
}

async fn a_version_is_gone_back_to_under_load_and_no_request_fails(database: Database) {
    let scene = scene(&database).await;
    let org = &scene.org;
    let task = scene.task("Cut", json!({})).await;
    let _ = install(org, projects("0.1.1")).await.is(201);
    let progress = format!("{PROJECTS}/{}/progress", scene.project);
    let mut requests = Vec::new();
    for n in 0..3 {
        requests.push((org.api.clone(), Method::GET, TASKS.to_owned(), Json::Null));
        requests.push((org.api.clone(), Method::GET, progress.clone(), Json::Null));
        let body = json!({ "title": format!("Task {n}"), "project": scene.project, "depends_on": [task] });
        requests.push((org.api.clone(), Method::POST, TASKS.to_owned(), body));
    }
    let load = Load::of(requests);
    load.more(30).await;
    for (query, is) in [("", "0.1.0"), ("?to=0.1.1", "0.1.1"), ("", "0.1.0")] {
        let done = org.act(&format!("plugins/projects/rollback{query}")).await.is(200);
        assert_eq!(done.json["version"], is);
        assert_eq!(version(org, "projects").await, is);
        load.more(30).await;
    }
    for (what, statuses) in load.end().await {
        assert!(statuses.iter().all(|status| matches!(status, 200 | 201)), "{what}: {statuses:?}");
    }
}

async fn what_going_back_does_is_told_first_and_what_was_there_is_there_again(database: Database) {
    let first = tools(
        "0.1.0",
        "shelf = { type = \"integer\" }\nnote = { type = \"text\" }\nstate = { type = \"choice\", of = [\"good\", \"worn\"], \
         default = \"good\" }\nlabel = { type = \"text\", derived = 'join(\" \", name, note)' }",
    );
    let second = tools(
        "0.2.0",
        "place = { type = \"integer\", renamed_from = \"shelf\" }\nstate = { type = \"choice\", of = [\"good\", \"used\"], \
         default = \"good\", renamed = { worn = \"used\" } }\nowner = { type = \"text\", default = \"us\" }",
    );
    let plugins = vec![shipped("projects"), first];
    let scene = scene_with(&database, Setup { plugins, ..Setup::default() }).await;
    let org = &scene.org;
    let plane = json!({ "name": "Plane", "shelf": 7, "note": "blunt", "state": "worn" });
    let plane = format!("tools/tools/{}", org.make("tools/tools", plane).await);
    assert_eq!(org.get(&plane).await.json["label"], "Plane blunt");
    let _ = install(org, second).await.is(201);
    let _ = org.patch(&plane, "*", json!({ "name": "Block plane" })).await.is(200);
    let saw = org.make("tools/tools", json!({ "name": "Saw", "place": 3, "state": "used", "owner": "them" })).await;
    let saw = format!("tools/tools/{saw}");

    let plan = org.act("plugins/tools/rollback?dry_run=true").await.is(200).json;
    let expected = (&json!("0.2.0"), &json!("0.1.0"), &json!(true));
    assert_eq!((&plan["installed"], &plan["version"], &plan["fits"]), expected);
    let steps = plan["steps"].to_string();
    for told in ["rename", "`shelf`", "`note`", "keep the field `owner`"] {
        assert!(steps.contains(told), "{told}: {steps}");
    }
    assert_eq!(version(org, "tools").await, "0.2.0", "nothing was done");

    let done = org.act("plugins/tools/rollback").await.is(200).json;
    assert_eq!((&done["version"], &done["steps"]), (&json!("0.1.0"), &plan["steps"]));
    let record = org.get(&plane).await.is(200).json;
    assert_eq!((&record["shelf"], &record["note"], &record["state"]), (&json!(7), &json!("blunt"), &json!("worn")));
    assert_eq!(record["label"], "Block plane blunt", "what was kept is calculated of what is there now");
    assert!(record.get("owner").is_none() && record.get("place").is_none());
    let record = org.get(&saw).await.is(200).json;
    assert_eq!((&record["shelf"], &record["state"], &record["label"]), (&json!(3), &json!("worn"), &json!("Saw")));
    let _ = org.patch(&saw, "*", json!({ "note": "sharp" })).await.is(200);

    // Before it there is none, itself is in use, and forth again is a way as well.
    let _ = org.act("plugins/tools/rollback").await.is_problem(409, "conflict");
    let _ = org.act("plugins/tools/rollback?to=0.1.0").await.is_problem(409, "conflict");
    let kept = org.get("plugins/tools/versions").await.is(200);
    assert_eq!(
        (kept.column("version"), &kept.data()[1]["in_use"]),
        (vec!["0.2.0".into(), "0.1.0".into()], &json!(true))
    );
    let digest = &kept.data()[0]["digest"].as_str().unwrap()[..12];
    let _ = org.act(&format!("plugins/tools/rollback?to={digest}")).await.is(200);
    let record = org.get(&saw).await.is(200).json;
    assert_eq!((&record["place"], &record["owner"], &record["state"]), (&json!(3), &json!("them"), &json!("used")));
    let page = scene.server.signed_in(org).await.get("/admin/plugins").await.is(200);
    page.shows("changed Tools from 0.2.0 to 0.1.0").shows("changed Tools from 0.1.0 to 0.2.0");
}

async fn a_way_back_that_would_lose_something_is_refused_with_its_reasons(database: Database) {
    let vans = "\n[[collections]]\nname = \"vans\"\ntitle = { one = \"Van\", many = \"Vans\" }\ndisplay = \"plate\"\n\n\
                [collections.fields]\nplate = { type = \"text\", required = true }\n";
    let plugins = vec![shipped("projects"), tools("0.1.0", "shelf = { type = \"integer\" }")];
    let scene = scene_with(&database, Setup { plugins, ..Setup::default() }).await;
    let org = &scene.org;
    let next = tools("0.2.0", &format!("shelf = {{ type = \"decimal\", scale = 2 }}\n{vans}"));
    let _ = install(org, next).await.is(201);
    let plane = org.make("tools/tools", json!({ "name": "Plane", "shelf": "7.50" })).await;
    let saw = org.make("tools/tools", json!({ "name": "Saw", "shelf": "0.25" })).await;
    let plan = org.act("plugins/tools/rollback?dry_run=true").await.is(200).json;
    assert_eq!(plan["fits"], false);
    let refused = org.act("plugins/tools/rollback").await.is_problem(409, "conflict");
    assert!(refused.issues().iter().all(|issue| *issue == ("/tools/tools/shelf", "would-lose")), "{}", refused.text);
    assert!(refused.text.contains(&plane) && refused.text.contains(&saw), "{}", refused.text);
    for (id, shelf) in [(&plane, "7"), (&saw, "8")] {
        let _ = org.patch(&format!("tools/tools/{id}"), "*", json!({ "shelf": shelf })).await.is(200);
    }
    // Others have come to need what it does not have.
    let rental = declared(
        "id = \"rental\"\nversion = \"0.1.0\"\ntitle = \"Rental\"\napi = \"0.1\"\n\n[grants]\nread = [\"tools/vans\"]\n\n\
         [[collections]]\nname = \"loans\"\ntitle = { one = \"Loan\", many = \"Loans\" }\ndisplay = \"who\"\n\n\
         [collections.fields]\nwho = { type = \"text\", required = true }\nvan = { type = \"reference\", to = \"tools/vans\" }\n",
    );
    let _ = install(org, rental).await.is(201);
    let refused = org.act("plugins/tools/rollback").await.is_problem(409, "conflict");
    assert!(refused.text.contains("rental/loans.van"), "{}", refused.text);
    assert_eq!(version(org, "tools").await, "0.2.0");
    let _ = org.delete("plugins/rental", "*").await.is(204);
    let _ = org.act("plugins/tools/rollback").await.is(200);
    assert_eq!(org.get(&format!("tools/tools/{plane}")).await.is(200).json["shelf"], 7);
    let _ = org.get("tools/vans").await.is_problem(404, "not-found");
}

/// Contacts with one name.
fn contacts(version: &str) -> Vec<u8> {
    declared(&format!(
        "id = \"migrating\"\nversion = \"{version}\"\ntitle = \"Contacts\"\napi = \"0.1\"\n\n[[collections]]\n\
         name = \"contacts\"\ntitle = {{ one = \"Contact\", many = \"Contacts\" }}\ndisplay = \"full_name\"\n\
         [collections.fields]\nfull_name = {{ type = \"text\", required = true }}\n\
         status = {{ type = \"choice\", of = [\"open\", \"closed\"], default = \"open\" }}\n\
         [[collections.transitions]]\nname = \"close\"\nfrom = [\"open\"]\nto = \"closed\"\nlocks = true\n"
    ))
}

/// Asks until a migration has ended so.
async fn until(api: &Client, phase: &str) {
    while api.get("plugins/migrating/migration").await.is(200).json["phase"] != phase {
        tokio::task::yield_now().await;
    }
}

async fn records_that_were_carried_over_are_not_handed_to_the_version_before(database: Database) {
    let plugins = vec![shipped("projects"), contacts("0.1.0")];
    let scene = scene_with(&database, Setup { plugins, ..Setup::default() }).await;
    let org = &scene.org;
    // Where there is nothing yet, nothing was carried over.
    let _ = install(org, fixture("migrating")).await.is(202);
    let waits = org.act("plugins/migrating/rollback").await;
    assert!([200, 409].contains(&waits.status), "{}", waits.text);
    until(org, "done").await;
    if version(org, "migrating").await == "0.2.0" {
        let _ = org.act("plugins/migrating/rollback").await.is(200);
    }
    assert_eq!(version(org, "migrating").await, "0.1.0");
    let ana = org.make(MIGRATING, json!({ "full_name": "Ana Sousa" })).await;
    let again = org.act("plugins/migrating/rollback?to=0.2.0").await.is_problem(409, "conflict");
    assert!(again.text.contains("carries the records of 0.1.0 over"), "{}", again.text);
    let _ = install(org, fixture("migrating")).await.is(202);
    until(org, "done").await;
    let refused = org.act("plugins/migrating/rollback").await.is_problem(409, "conflict");
    assert_eq!(refused.issues(), [("/migrating/contacts", "would-lose")]);
    assert!(refused.text.contains("0.2.0 has carried its records over, 1 by now"), "{}", refused.text);
    assert_eq!(org.get(&format!("{MIGRATING}/{ana}")).await.is(200).json["family"], "Sousa");
}

async fn a_version_that_was_gone_back_to_stays_at_the_next_start(database: Database) {
    let scene = scene(&database).await;
    let org = &scene.org;
    let _ = install(org, projects("0.1.1")).await.is(201);
    let _ = install(org, projects("0.1.2")).await.is(201);
    let _ = org.act("plugins/projects/rollback").await.is(200);
    let token = org.token.clone();
    scene.server.stop().await;
    let server = database.serve_with(Setup { plugins: Vec::new(), ..Setup::default() }).await;
    let api = server.client(Some(&token));
    assert_eq!(version(&api, "projects").await, "0.1.1");
    let kept = api.get("plugins/projects/versions").await.is(200);
    assert_eq!(kept.column("version"), ["0.1.2", "0.1.1", "0.1.0"]);
}

async fn only_administrators_of_the_instance_go_back(database: Database) {
    let plugins = vec![shipped("projects"), tools("0.1.0", "")];
    let scene = scene_with(&database, Setup { plugins, ..Setup::default() }).await;
    let org = &scene.org;
    let _ = install(org, tools("0.2.0", "")).await.is(201);
    let other = scene.server.organization("Other").await;
    let (_, _, admin) = scene.server.member(org, "Ada", Role::Admin).await;
    let (_, _, mia) = scene.server.member(org, "Mia", Role::Member).await;
    for api in [&other.api, &admin, &mia] {
        let _ = api.act("plugins/tools/rollback").await.is_problem(403, "denied");
        let _ = api.act("plugins/tools/rollback?dry_run=true").await.is_problem(403, "denied");
        let _ = api.get("plugins/tools/versions").await.is_problem(403, "denied");
    }
    let visitor = scene.server.signed_in(&other).await;
    assert_eq!(visitor.get("/admin/plugins/tools/rollback").await.status, 403);
    assert_eq!(visitor.post("/admin/plugins/tools/rollback", &[("to", "0.1.0")]).await.status, 403);
    visitor.get("/admin/plugins/tools").await.is(200).hides("/rollback");
    assert_eq!(version(org, "tools").await, "0.2.0");

    let unknown = org.act("plugins/tools/rollback?to=0.9.0").await.is_problem(422, "invalid");
    assert_eq!(unknown.issues(), [("/to", "unknown-version")]);
    let _ = org.act("plugins/tools/rollback?at=0.1.0").await.is(400);
    let _ = org.act("plugins/none/rollback").await.is_problem(404, "not-found");
    let _ = org.get("plugins/none/versions").await.is_problem(404, "not-found");
}

async fn a_version_that_never_came_into_use_is_not_kept(database: Database) {
    let plugins = vec![shipped("projects"), contacts("0.1.0")];
    let scene = scene_with(&database, Setup { plugins, ..Setup::default() }).await;
    let org = &scene.org;
    let _ = org.make(MIGRATING, json!({ "full_name": "Nobody" })).await;
    let _ = install(org, fixture("migrating")).await.is(202);
    until(org, "failed").await;
    let _ = install(org, contacts("0.1.1")).await.is(201);
    let kept = org.get("plugins/migrating/versions").await.is(200);
    assert_eq!(kept.column("version"), ["0.1.1", "0.1.0"]);
    assert_eq!(org.act("plugins/migrating/rollback").await.is(200).json["version"], "0.1.0");
}

async fn a_right_that_was_taken_back_does_not_come_back_with_a_version(database: Database) {
    let plugins = vec![fixture("ledger"), fixture("shop")];
    let server = database.serve_with(Setup { plugins, ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    let next = SHOP.replace("version = \"0.1.0\"", "version = \"0.2.0\"");
    let _ = install(&org, redescribed(&fixture("shop"), SHOP, &next)).await.is(201);
    let bounds = org.request(Method::PUT, "plugins/shop/bounds").header("If-Match", "*");
    let _ = org.send(bounds.json(&json!({ "route": { "rows": 77 } }))).await.is(200);
    let visitor = server.signed_in(&org).await;
    let _ = visitor.post("/admin/plugins/shop/grants", &[("grant", "interface records")]).await.is(303);
    let refused = org.act("plugins/shop/rollback").await.is_problem(422, "invalid");
    assert!(refused.text.contains("service ledger.book"), "{}", refused.text);
    assert_eq!(version(&org, "shop").await, "0.2.0");
    let _ = org.act("plugins/shop/rollback?grant=all").await.is(200);
    assert_eq!(org.get("shop/total").await.is(200).json, json!({ "total": 0 }));
    let bounds = org.get("plugins/shop/bounds").await.is(200);
    assert_eq!(bounds.json["set"], json!({ "route": { "rows": 77 } }), "what its calls may use goes on");
}

async fn the_page_shows_what_going_back_changes_and_goes_back(database: Database) {
    let first = tools("0.1.0", "shelf = { type = \"integer\" }");
    let plugins = vec![shipped("projects"), first];
    let scene = scene_with(&database, Setup { plugins, ..Setup::default() }).await;
    let org = &scene.org;
    let visitor = scene.server.signed_in(org).await;
    visitor.get("/admin/plugins/tools").await.is(200).hides("Versions that are kept");
    let page = "\n[[pages]]\nname = \"all\"\ntitle = \"All tools\"\n[[pages.blocks]]\n\
                figure = { title = \"Tools\", collection = \"tools\" }\n";
    let next = format!("shelf = {{ type = \"decimal\", scale = 1 }}\nowner = {{ type = \"text\" }}\n{page}");
    let _ = install(org, tools("0.2.0", &next)).await.is(201);
    let plane = org.make("tools/tools", json!({ "name": "Plane", "shelf": "7.5" })).await;

    let kept = org.get("plugins/tools/versions").await.is(200);
    let digest = kept.data()[1]["digest"].as_str().unwrap().to_owned();
    let way = format!("/admin/plugins/tools/rollback?to={digest}");
    visitor.get("/admin/plugins/tools").await.is(200).shows("Versions that are kept").shows(&way);
    let page = visitor.get(&way).await.is(200);
    page.shows("Go back to Tools 0.1.0").shows("What stands in the way").shows(&plane).shows("All tools");
    let refused = visitor.post("/admin/plugins/tools/rollback", &[("to", &digest)]).await;
    assert_eq!(refused.status, 409);
    refused.shows("What stands in the way").shows("Nothing was changed");
    let _ = org.patch(&format!("tools/tools/{plane}"), "*", json!({ "shelf": "7" })).await.is(200);
    visitor.get(&way).await.is(200).shows("What is done to the tables").shows("hidden, its values are kept");
    let done = visitor.post("/admin/plugins/tools/rollback", &[("to", &digest)]).await;
    assert_eq!((done.status, done.to()), (303, "/admin/plugins/tools"), "{}", done.text);
    visitor.follow(&done).await.is(200).shows("Tools is back at 0.1.0.");
    assert_eq!(version(org, "tools").await, "0.1.0");
    let again = visitor.post("/admin/plugins/tools/rollback", &[("to", &digest)]).await;
    assert_eq!(again.status, 409, "twice is once");
    visitor.get("/admin/plugins/tools/rollback?to=nothing").await.shows("among the versions that are kept");
}
