//! Versions of plugins come and go: what an installation would do is told first, what was renamed follows its name, what
//! is no longer declared is kept until it is purged, and what an operator brings is not taken away.

use crate::scene::{CLIENTS, Scene, TASKS, installed, scene, scene_with};
use lignaflow_testkit::plugins::{declared, path, redescribed, shipped};
use lignaflow_testkit::{Answer, Client, Database, Method, Role, Setup, on_both, on_one};
use serde_json::{Value as Json, json};

on_both!(
    a_plan_is_told_before_it_is_done,
    whole_numbers_that_become_minutes_stay_as_they_are,
    a_renamed_field_keeps_its_values_and_its_history,
    what_is_kept_is_listed_and_purged_by_name,
    an_uninstalled_plugin_leaves_its_records_behind,
    what_was_installed_by_hand_stays_at_the_next_start,
    a_file_waits_for_consent_at_every_host,
);

on_one!(
    only_administrators_of_the_instance_see_plans_and_purge,
    a_folder_of_plugins_is_installed_at_the_start_and_when_it_changes,
    the_page_of_consent_tells_the_plan,
    the_page_of_what_is_kept_purges_what_is_typed,
    what_is_kept_is_its_owners_alone,
);

const DESCRIPTOR: &str = include_str!("../../../../plugins/projects/plugin.toml");

/// A plugin that is a list of tools, at a version.
fn tools(version: &str, fields: &str) -> Vec<u8> {
    declared(&format!(
        "id = \"tools\"\nversion = \"{version}\"\ntitle = \"Tools\"\napi = \"0.1\"\n\n[[collections]]\nname = \"tools\"\n\
         title = {{ one = \"Tool\", many = \"Tools\" }}\ndisplay = \"name\"\n\n[collections.fields]\n\
         name = {{ type = \"text\", required = true, search = true }}\n{fields}\n"
    ))
}

async fn send(api: &Client, path: &str, bytes: impl Into<Vec<u8>>) -> Answer {
    let request = api.request(Method::POST, path).header("Content-Type", "application/wasm");
    api.send(request.body(bytes.into())).await
}

async fn with_tools(database: &Database, fields: &str) -> Scene {
    let plugins = vec![shipped("projects"), tools("0.1.0", fields)];
    scene_with(database, Setup { plugins, ..Setup::default() }).await
}

async fn a_plan_is_told_before_it_is_done(database: Database) {
    let scene = with_tools(&database, "shelf = { type = \"integer\" }\nnote = { type = \"text\" }").await;
    let org = &scene.org;
    let plane = org.make("tools/tools", json!({ "name": "Plane", "shelf": 7, "note": "blunt" })).await;
    org.make("tools/tools", json!({ "name": "Saw" })).await;
    let next =
        tools("0.2.0", "shelf = { type = \"decimal\", scale = 2 }\nowner = { type = \"text\", default = \"us\" }");
    for plan in [
        send(org, "plugins/inspect", next.clone()).await.is(200),
        send(org, "plugins?dry_run=true", next.clone()).await.is(200),
    ] {
        assert_eq!((&plan.json["installed"], &plan.json["version"]), (&json!("0.1.0"), &json!("0.2.0")));
        assert_eq!((&plan.json["fits"], &plan.json["conflicts"]), (&json!(true), &json!([])));
        let steps: Vec<_> = plan.json["steps"].as_array().unwrap().iter().map(|step| &step["sentence"]).collect();
        assert_eq!(
            steps,
            [
                "convert the field `shelf` from integer to decimal of 2 digits after the point in 1 record, without loss",
                "add the field `owner`, with its default in 2 records",
                "keep the field `note`, which is no longer declared and 1 record holds a value in",
            ]
        );
        assert_eq!(plan.json["steps"][1]["action"], "add-field");
        assert_eq!(plan.json["steps"][1]["records"], 2);
    }
    assert_eq!(version(&org.get("plugins").await, "tools"), "0.1.0", "nothing was done");
    let narrow = tools("0.2.0", "shelf = { type = \"integer\", max = 5 }");
    let plan = send(org, "plugins/inspect", narrow.clone()).await.is(200);
    assert_eq!(plan.json["fits"], false);
    let conflict = &plan.json["conflicts"][0];
    assert_eq!((&conflict["field"], &conflict["records"]), (&json!("shelf"), &json!(1)));
    assert_eq!(conflict["examples"], json!([plane]));
    let refused = send(org, "plugins", narrow).await.is_problem(409, "conflict");
    assert_eq!(refused.issues(), [("/tools/tools/shelf", "would-lose")]);
    assert!(refused.text.contains(&plane), "{}", refused.text);
    let _ = send(org, "plugins", next).await.is(201);
    let record = org.get(&format!("tools/tools/{plane}")).await.is(200);
    assert_eq!((&record.json["shelf"], &record.json["owner"]), (&json!("7.00"), &json!("us")));
    let elsewhere = declared(
        "id = \"rental\"\nversion = \"0.1.0\"\ntitle = \"Rental\"\napi = \"0.1\"\n\n[grants]\nread = [\"fleet/vans\"]\n\n\
         [[collections]]\nname = \"loans\"\ntitle = { one = \"Loan\", many = \"Loans\" }\ndisplay = \"who\"\n\n\
         [collections.fields]\nwho = { type = \"text\", required = true }\nvan = { type = \"reference\", to = \"fleet/vans\" }\n",
    );
    let plan = send(org, "plugins/inspect", elsewhere).await.is(200);
    assert_eq!((&plan.json["installed"], &plan.json["fits"]), (&Json::Null, &json!(false)));
    assert_eq!(plan.json["missing"], json!(["fleet/vans, which `rental` asks for", "rental/loans.van -> fleet/vans"]));
    assert_eq!(plan.json["asks"][0]["key"], "read fleet/vans");
}

async fn whole_numbers_that_become_minutes_stay_as_they_are(database: Database) {
    let scene = with_tools(&database, "service = { type = \"integer\" }").await;
    let org = &scene.org;
    let plane = org.make("tools/tools", json!({ "name": "Plane", "service": 150 })).await;
    let next = tools("0.2.0", "service = { type = \"minutes\" }");
    let plan = send(org, "plugins/inspect", next.clone()).await.is(200);
    let steps: Vec<_> = plan.json["steps"].as_array().unwrap().iter().map(|step| &step["action"]).collect();
    assert_eq!((&plan.json["fits"], steps), (&json!(true), vec![&json!("adjust-field")]), "nothing is converted");
    let _ = send(org, "plugins", next).await.is(201);
    let of_plane = format!("tools/tools/{plane}");
    assert_eq!(org.get(&of_plane).await.is(200).json["service"], 150);
    let visitor = scene.server.signed_in(org).await;
    visitor.get(&format!("/{of_plane}")).await.is(200).shows("2:30");
    let form = visitor.get(&format!("/{of_plane}/edit")).await.is(200);
    assert_eq!(form.value("service"), "2:30");
    let (version, base) = (form.value("~version"), form.value("~base"));
    let fields = [("name", "Plane"), ("service", "1h 15m"), ("~version", &version), ("~base", &base)];
    let typed = visitor.post(&format!("/{of_plane}"), &fields).await;
    assert_eq!(typed.status, 303, "{}", typed.text);
    assert_eq!(org.get(&of_plane).await.is(200).json["service"], 75);
    let _ = org.patch(&of_plane, "*", json!({ "service": 1.5 })).await.is_problem(422, "invalid");
}

async fn a_renamed_field_keeps_its_values_and_its_history(database: Database) {
    let scene = with_tools(&database, "shelf = { type = \"integer\" }").await;
    let org = &scene.org;
    let plane = org.make("tools/tools", json!({ "name": "Plane", "shelf": 7 })).await;
    let next = tools("0.2.0", "place = { type = \"integer\", renamed_from = \"shelf\" }");
    let _ = send(org, "plugins", next).await.is(201);
    let at = format!("tools/tools/{plane}");
    let record = org.get(&at).await.is(200);
    assert_eq!((&record.json["place"], record.json.get("shelf")), (&json!(7), None));
    assert_eq!(org.get("tools/tools?filter[place]=7").await.is(200).column("id"), [plane]);
    let _ = org.patch(&at, "*", json!({ "place": 8 })).await.is(200);
    let history = org.get(&format!("{at}/history")).await.is(200);
    assert_eq!((&history.data()[0]["before"]["place"], &history.data()[1]["after"]["place"]), (&json!(7), &json!(7)));
    let both = tools("0.3.0", "shelf = { type = \"text\" }\nplace = { type = \"integer\", renamed_from = \"shelf\" }");
    let refused = send(org, "plugins", both).await.is_problem(422, "invalid");
    assert!(refused.text.contains("both names stand"), "{}", refused.text);
}

async fn what_is_kept_is_listed_and_purged_by_name(database: Database) {
    let scene = with_tools(&database, "shelf = { type = \"integer\" }").await;
    let org = &scene.org;
    org.make("tools/tools", json!({ "name": "Plane", "shelf": 7 })).await;
    assert!(org.get("plugins/tools/kept").await.is(200).data().is_empty());
    let purge = |name: &str| json!({ "name": name, "confirm": name });
    let refused = org.post("plugins/tools/purge", purge("tools.tools.shelf")).await;
    assert!(refused.is_problem(409, "conflict").text.contains("in use"));
    let _ = send(org, "plugins", tools("0.2.0", "")).await.is(201);
    let kept = org.get("plugins/tools/kept").await.is(200);
    assert_eq!(
        kept.data()[0],
        json!({ "name": "tools.tools.shelf", "collection": "tools/tools", "field": "shelf", "type": "integer", "records": 1 })
    );
    let unconfirmed = json!({ "name": "tools.tools.shelf", "confirm": "tools.tools.shelve" });
    assert_eq!(
        org.post("plugins/tools/purge", unconfirmed).await.is_problem(422, "invalid").issues(),
        [("/confirm", "unconfirmed")]
    );
    let _ = org.post("plugins/tools/purge", purge("tools")).await.is_problem(422, "invalid");
    let _ = org.post("plugins/tools/purge", purge("projects.tasks.title")).await.is_problem(404, "not-found");
    let _ = org.post("plugins/tools/purge", purge("tools.tools.nothing")).await.is_problem(404, "not-found");
    let purged = org.post("plugins/tools/purge", purge("tools.tools.shelf")).await.is(200);
    assert_eq!(purged.json, json!({ "name": "tools.tools.shelf", "records": 1 }));
    assert!(org.get("plugins/tools/kept").await.is(200).data().is_empty());
    let _ = send(org, "plugins", tools("0.3.0", "shelf = { type = \"integer\" }")).await.is(201);
    assert_eq!(org.get("tools/tools").await.data()[0]["shelf"], Json::Null, "declared again it is new");
}

async fn an_uninstalled_plugin_leaves_its_records_behind(database: Database) {
    let scene = with_tools(&database, "").await;
    let org = &scene.org;
    let plane = org.make("tools/tools", json!({ "name": "Plane" })).await;
    let _ = org.delete("plugins/nothing", "*").await.is_problem(404, "not-found");
    let _ = org.delete("plugins/tools", "*").await.is(204);
    let _ = org.get("tools/tools").await.is_problem(404, "not-found");
    assert_eq!(installed(&org.get("plugins").await), ["projects"]);
    let kept = org.get("plugins/tools/kept").await.is(200);
    assert_eq!((&kept.data()[0]["name"], &kept.data()[0]["records"]), (&json!("tools.tools"), &json!(1)));
    let _ = send(org, "plugins", tools("0.1.0", "")).await.is(201);
    let _ = org.act("plugins/tools/enable").await.is(204);
    assert_eq!(org.get("tools/tools").await.is(200).column("id"), [plane]);
    let referring = declared(
        "id = \"rental\"\nversion = \"0.1.0\"\ntitle = \"Rental\"\napi = \"0.1\"\n\n[grants]\nread = [\"tools/tools\"]\n\n\
         [[collections]]\nname = \"loans\"\ntitle = { one = \"Loan\", many = \"Loans\" }\ndisplay = \"who\"\n\n\
         [collections.fields]\nwho = { type = \"text\", required = true }\ntool = { type = \"reference\", to = \"tools/tools\" }\n",
    );
    let _ = send(org, "plugins?grant=all", referring).await.is(201);
    let refused = org.delete("plugins/tools", "*").await.is_problem(409, "conflict");
    assert!(refused.text.contains("rental/loans.tool"), "{}", refused.text);
    let _ = org.delete("plugins/rental", "*").await.is(204);
    let _ = org.delete("plugins/tools", "*").await.is(204);
    // Records are kept for seven years, or as long as their organization says.
    let purge = json!({ "name": "tools.tools", "confirm": "tools.tools" });
    let early = org.post("plugins/tools/purge", purge.clone()).await.is_problem(409, "conflict");
    let changed = org.get("account").await.is(200).header("date").to_owned();
    let year: i32 = changed.split(' ').nth(3).and_then(|year| year.parse().ok()).unwrap();
    assert!(early.text.contains(&format!("kept until {}-", year + 7)), "{changed}: {}", early.text);
    let keep = org.request(Method::PUT, "organization/retention").json(&json!({ "years": 0 }));
    let _ = org.send(keep).await;
    let _ = org.post("plugins/tools/purge", purge).await.is(200);
    let _ = org.get("plugins/tools/kept").await.is_problem(404, "not-found");
}

/// The version of a plugin in a list of them.
fn version(listed: &Answer, id: &str) -> String {
    let found = listed.data().iter().find(|plugin| plugin["id"] == id);
    found.and_then(|plugin| plugin["version"].as_str()).unwrap_or_default().to_owned()
}

async fn what_was_installed_by_hand_stays_at_the_next_start(database: Database) {
    let scene = scene(&database).await;
    let task = scene.task("Cut", json!({})).await;
    let next = DESCRIPTOR.replace("version = \"0.1.0\"", "version = \"0.1.7\"");
    // As the command line does: by nobody that the program knows.
    scene.server.install(redescribed(&shipped("projects"), DESCRIPTOR, &next)).await;
    assert_eq!(version(&scene.org.get("plugins").await, "projects"), "0.1.7");
    let token = scene.org.token.clone();
    scene.server.stop().await;
    let server = database.serve_with(Setup { plugins: Vec::new(), brings_all: true, ..Setup::default() }).await;
    let api = server.client(Some(&token));
    let listed = api.get("plugins").await;
    assert_eq!(version(&listed, "projects"), "0.1.7", "the shipped one did not take its place");
    assert_eq!(api.get(TASKS).await.is(200).column("id"), [task]);
    for plugin in ["reporting", "timesheets", "estimates", "projects"] {
        let _ = api.delete(&format!("plugins/{plugin}"), "*").await.is(204);
    }
    server.stop().await;
    let server = database.serve_with(Setup { plugins: Vec::new(), ..Setup::default() }).await;
    let api = server.client(Some(&token));
    assert!(api.get("plugins").await.data().is_empty(), "what was uninstalled does not come back by itself");
    let kept = api.get("plugins/projects/kept").await.is(200);
    assert!(kept.column("name").contains(&"projects.tasks".to_owned()), "{}", kept.text);
    server.install(std::fs::read(path("projects")).unwrap()).await;
    let _ = api.act("plugins/projects/enable").await.is(204);
    assert_eq!(api.get(CLIENTS).await.is(200).data().len(), 1);
}

async fn a_file_waits_for_consent_at_every_host(database: Database) {
    let scene = scene(&database).await;
    let visitor = scene.server.signed_in(&scene.org).await;
    let page = visitor.upload("/admin/plugins/install", "file", "tools.wasm", &tools("0.1.0", "")).await.is(200);
    let digest = page.value("digest");
    let token = scene.org.token.clone();
    scene.server.stop().await;
    let other = database.serve().await;
    let visitor = other.signed_in(&scene.org).await;
    let done = visitor.post("/admin/plugins/consent", &[("digest", &digest)]).await;
    assert_eq!((done.status, done.to()), (303, "/admin/plugins/tools"), "{}", done.text);
    assert_eq!(installed(&other.client(Some(&token)).get("plugins").await), ["projects", "tools"]);
    let again = visitor.post("/admin/plugins/consent", &[("digest", &digest)]).await;
    assert!(again.text.contains("no longer here"), "it is taken once");
}

async fn only_administrators_of_the_instance_see_plans_and_purge(database: Database) {
    let scene = with_tools(&database, "").await;
    let other = scene.server.organization("Other").await;
    let (_, _, admin) = scene.server.member(&scene.org, "Ada", Role::Admin).await;
    for api in [&other.api, &admin] {
        let _ = send(api, "plugins/inspect", tools("0.2.0", "")).await.is_problem(403, "denied");
        let _ = api.get("plugins/tools/kept").await.is_problem(403, "denied");
        let purge = json!({ "name": "tools.tools", "confirm": "tools.tools" });
        let _ = api.post("plugins/tools/purge", purge).await.is_problem(403, "denied");
        let _ = api.delete("plugins/tools", "*").await.is_problem(403, "denied");
    }
    let visitor = scene.server.signed_in(&other).await;
    assert_eq!(visitor.get("/admin/plugins/tools/kept").await.status, 403);
    assert_eq!(visitor.post("/admin/plugins/tools/purge", &[("name", "tools.tools")]).await.status, 403);
    assert_eq!(visitor.post("/admin/plugins/tools/uninstall", &[]).await.status, 403);
    let _ = send(&scene.org, "plugins/inspect", "no plugin").await.is_problem(422, "invalid");
    let wrong = scene.org.request(Method::POST, "plugins/inspect").header("Content-Type", "text/plain").body("x");
    let _ = scene.org.send(wrong).await.is_problem(415, "unsupported-media-type");
}

async fn a_folder_of_plugins_is_installed_at_the_start_and_when_it_changes(database: Database) {
    let folder = database.folder().join("host-0/plugins");
    let next = database.folder().join("host-1/plugins");
    for folder in [&folder, &next] {
        std::fs::create_dir_all(folder).unwrap();
    }
    std::fs::write(next.join("tools.wasm"), tools("0.2.0", "")).unwrap();
    std::fs::write(folder.join("tools.wasm"), tools("0.1.0", "")).unwrap();
    std::fs::write(folder.join("broken.wasm"), "no plugin").unwrap();
    let scene = scene(&database).await;
    assert_eq!(installed(&scene.org.get("plugins").await), ["projects", "tools"]);
    std::fs::write(folder.join("tools.wasm"), tools("0.2.0", "shelf = { type = \"integer\" }")).unwrap();
    // It is looked at twice before it is taken, so that no half of it is.
    while scene.org.post("tools/tools", json!({ "name": "Plane", "shelf": 1 })).await.status != 201 {
        tokio::task::yield_now().await;
    }
    assert_eq!(version(&scene.org.get("plugins").await, "tools"), "0.2.0");
    // What somebody installs by hand is theirs.
    let _ = send(&scene.org, "plugins", tools("0.9.0", "shelf = { type = \"integer\" }")).await.is(201);
    let token = scene.org.token.clone();
    scene.server.stop().await;
    let server = database.serve_with(Setup { plugins: Vec::new(), ..Setup::default() }).await;
    assert_eq!(version(&server.client(Some(&token)).get("plugins").await, "tools"), "0.9.0");
}

async fn the_page_of_consent_tells_the_plan(database: Database) {
    let scene = with_tools(&database, "shelf = { type = \"integer\" }").await;
    let plane = scene.org.make("tools/tools", json!({ "name": "Plane", "shelf": 7 })).await;
    let visitor = scene.server.signed_in(&scene.org).await;
    let next = tools("0.2.0", "shelf = { type = \"decimal\" }");
    visitor
        .upload("/admin/plugins/install", "file", "tools.wasm", &next)
        .await
        .is(200)
        .shows("What is done to the tables")
        .shows("convert the field `shelf` from integer to decimal of 4 digits after the point in 1 record");
    let narrow = tools("0.2.0", "shelf = { type = \"integer\", max = 5 }");
    visitor
        .upload("/admin/plugins/install", "file", "tools.wasm", &narrow)
        .await
        .is(200)
        .shows("What stands in the way")
        .shows("at most 5 is to be kept, and 1 record holds more")
        .shows(&plane);
}

async fn the_page_of_what_is_kept_purges_what_is_typed(database: Database) {
    let scene = with_tools(&database, "shelf = { type = \"integer\" }").await;
    scene.org.make("tools/tools", json!({ "name": "Plane", "shelf": 7 })).await;
    let _ = send(&scene.org, "plugins", tools("0.2.0", "")).await.is(201);
    let visitor = scene.server.signed_in(&scene.org).await;
    let kept = "/admin/plugins/tools/kept";
    visitor.get("/admin/plugins/tools").await.is(200).shows(kept).shows("Uninstall");
    visitor.get(kept).await.is(200).shows("tools.tools.shelf");
    let purge = "/admin/plugins/tools/purge";
    let wrong = visitor.post(purge, &[("name", "tools.tools.shelve")]).await;
    assert_eq!(wrong.status, 404);
    wrong.shows("tools.tools.shelve").shows("tools.tools.shelf");
    let done = visitor.post(purge, &[("name", "tools.tools.shelf")]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    visitor.get(kept).await.is(200).shows("Nothing is kept");
    let gone = visitor.post("/admin/plugins/tools/uninstall", &[]).await;
    assert_eq!((gone.status, gone.to()), (303, "/admin/plugins"));
    visitor.get("/admin/plugins").await.is(200).shows("Kept of plugins that were uninstalled").shows("tools");
    visitor.get(kept).await.is(200).shows("is not installed").shows("tools.tools");
}

#[cfg(unix)]
async fn what_is_kept_is_its_owners_alone(database: Database) {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = scene(&database).await;
    scene.task("Cut", json!({})).await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(scene.server.data_dir()), 0o700);
    if let Some(file) = database.url().strip_prefix("sqlite:") {
        for name in [file.to_owned(), format!("{file}-wal"), format!("{file}-shm")] {
            assert_eq!(mode(std::path::Path::new(&name)), 0o600, "{name}");
        }
    }
}

#[cfg(not(unix))]
async fn what_is_kept_is_its_owners_alone(_: Database) {}
