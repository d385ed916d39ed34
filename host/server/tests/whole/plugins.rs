//! Plugins come, go and are replaced while the server runs: nobody else notices, and what is wrong with a file is told.

use crate::document::operations;
use crate::scene::{CLIENTS, PROJECTS, Scene, TASKS, installed, scene, scene_with};
use lignaflow_testkit::plugins::{declared, hostile, redescribed, shipped};
use lignaflow_testkit::{Answer, Client, Database, Method, Role, Setup, on_both, on_one};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::task::JoinHandle;

on_both!(
    a_plugin_is_switched_off_and_on_with_its_data_while_others_work_on,
    a_plugin_is_replaced_under_load_and_no_request_fails,
    a_plugin_without_code_has_records_of_its_own,
    an_upgrade_keeps_what_was_recorded,
    an_upgrade_that_does_not_fit_the_records_is_refused,
);

on_one!(
    only_administrators_of_the_instance_install,
    a_file_that_is_no_plugin_is_told_what_it_is,
    a_descriptors_faults_are_told_by_line_and_key,
    a_plugin_is_given_no_more_than_it_was_granted,
    a_revoked_grant_acts_at_the_next_call,
    a_guest_that_misbehaves_fails_alone,
    an_answer_that_no_plugin_may_give_reaches_nobody,
    what_others_refer_to_must_be_there,
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

async fn install(api: &Client, query: &str, bytes: impl Into<Vec<u8>>) -> Answer {
    let request = api.request(Method::POST, &format!("plugins{query}")).header("Content-Type", "application/wasm");
    api.send(request.body(bytes.into())).await
}

/// Clients that ask again and again until they are told to stop, and what they were answered.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<(String, BTreeSet<u16>)>>,
}

impl Load {
    pub(crate) fn of(requests: Vec<(Client, Method, String, Json)>) -> Self {
        let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let clients = requests
            .into_iter()
            .map(|(api, method, path, body)| {
                let (stop, rounds) = (stop.clone(), rounds.clone());
                tokio::spawn(async move {
                    let mut statuses = BTreeSet::new();
                    while !stop.load(Ordering::SeqCst) {
                        let request = api.request(method.clone(), &path);
                        let request = if body.is_null() { request } else { request.json(&body) };
                        statuses.insert(api.send(request).await.status);
                        rounds.fetch_add(1, Ordering::SeqCst);
                    }
                    (format!("{method} {path}"), statuses)
                })
            })
            .collect();
        Self { stop, rounds, clients }
    }

    /// Waits until so many more requests were answered.
    pub(crate) async fn more(&self, requests: usize) {
        let goal = self.rounds.load(Ordering::SeqCst) + requests;
        while self.rounds.load(Ordering::SeqCst) < goal {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn end(self) -> Vec<(String, BTreeSet<u16>)> {
        self.stop.store(true, Ordering::SeqCst);
        let mut ended = Vec::new();
        for client in self.clients {
            ended.push(client.await.unwrap());
        }
        ended
    }
}

async fn a_plugin_is_switched_off_and_on_with_its_data_while_others_work_on(database: Database) {
    let scene = scene(&database).await;
    let task = scene.task("Cut", json!({})).await;
    scene.server.install(tools("0.1.0", "")).await;
    let other = scene.server.organization("Other").await;
    let _ = scene.org.act("plugins/tools/enable").await.is(204);
    let nobody = scene.server.client(None);
    let signing = json!({ "email": other.email, "password": other.password });
    let load = Load::of(vec![
        (scene.org.api.clone(), Method::GET, format!("{TASKS}/{task}"), Json::Null),
        (scene.org.api.clone(), Method::GET, format!("{PROJECTS}/{}/progress", scene.project), Json::Null),
        (scene.org.api.clone(), Method::GET, "tools/tools".to_owned(), Json::Null),
        (scene.org.api.clone(), Method::POST, "tools/tools".to_owned(), json!({ "name": "Plane" })),
        (other.api.clone(), Method::GET, TASKS.to_owned(), Json::Null),
        (nobody.clone(), Method::GET, "/health".to_owned(), Json::Null),
        (nobody.clone(), Method::GET, "/sign-in".to_owned(), Json::Null),
        (nobody, Method::POST, "auth/session".to_owned(), signing),
    ]);
    load.more(16).await;
    for _ in 0..3 {
        let _ = scene.org.act("plugins/projects/disable").await.is(204);
        let _ = scene.org.get(TASKS).await.is_problem(404, "not-found");
        let _ = scene.org.get(&format!("{TASKS}/{task}")).await.is_problem(404, "not-found");
        let _ = scene.org.post(CLIENTS, json!({ "name": "x" })).await.is_problem(404, "not-found");
        let document = scene.org.get("/api/openapi.json").await.is(200);
        assert!(!document.text.contains("projects_list_tasks") && document.text.contains("tools_list_tools"));
        let tags: Vec<_> =
            document.json["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
        assert_eq!(tags, ["host", "tools"]);
        load.more(24).await;
        let _ = scene.org.act("plugins/projects/enable").await.is(204);
        assert_eq!(scene.org.get(TASKS).await.is(200).column("id"), [task.as_str()], "its records waited");
        load.more(24).await;
    }
    for (what, statuses) in load.end().await {
        let allowed: &[u16] =
            if what.contains("projects/") && !what.ends_with(TASKS) { &[200, 404] } else { &[200, 201] };
        assert!(statuses.iter().all(|status| allowed.contains(status)), "{what}: {statuses:?}");
    }
}

async fn a_plugin_is_replaced_under_load_and_no_request_fails(database: Database) {
    let scene = scene(&database).await;
    let task = scene.task("Cut", json!({})).await;
    let mut requests = Vec::new();
    for n in 0..3 {
        requests.push((scene.org.api.clone(), Method::GET, TASKS.to_owned(), Json::Null));
        requests.push((
            scene.org.api.clone(),
            Method::GET,
            format!("{PROJECTS}/{}/progress", scene.project),
            Json::Null,
        ));
        let body = json!({ "title": format!("Task {n}"), "project": scene.project, "depends_on": [task] });
        requests.push((scene.org.api.clone(), Method::POST, TASKS.to_owned(), body));
    }
    let load = Load::of(requests);
    load.more(30).await;
    for version in ["0.1.1", "0.1.2"] {
        let next = DESCRIPTOR.replace("version = \"0.1.0\"", &format!("version = \"{version}\""));
        let next = redescribed(&shipped("projects"), DESCRIPTOR, &next);
        let installed = install(&scene.org, "?grant=all", next).await.is(201);
        assert_eq!(installed.json["version"], version);
        let listed = scene.org.get("plugins").await.is(200);
        let projects = listed.data().iter().find(|plugin| plugin["id"] == "projects").unwrap();
        assert_eq!((&projects["version"], &projects["enabled"]), (&json!(version), &json!(true)));
        load.more(30).await;
    }
    for (what, statuses) in load.end().await {
        assert!(statuses.iter().all(|status| matches!(status, 200 | 201)), "{what}: {statuses:?}");
    }
}

async fn a_plugin_without_code_has_records_of_its_own(database: Database) {
    let scene = scene(&database).await;
    let installed = install(&scene.org, "", tools("0.1.0", "")).await.is(201);
    assert_eq!((&installed.json["id"], &installed.json["version"]), (&json!("tools"), &json!("0.1.0")));
    let _ = scene.org.get("tools/tools").await.is_problem(404, "not-found");
    let _ = scene.org.act("plugins/tools/enable").await.is(204);
    let plane = scene.org.make("tools/tools", json!({ "name": "Plane" })).await;
    assert_eq!(scene.org.get("tools/tools?q=plane").await.column("id"), [plane]);
    assert!(scene.org.get("/api/openapi.json").await.text.contains("tools_create_tools"));
}

async fn an_upgrade_keeps_what_was_recorded(database: Database) {
    let scene =
        scene_with(&database, Setup { plugins: vec![shipped("projects"), tools("0.1.0", "")], ..Setup::default() })
            .await;
    let plane = scene.org.make("tools/tools", json!({ "name": "Plane" })).await;
    let _ = install(
        &scene.org,
        "",
        tools("0.2.0", "price = { type = \"money\" }\nshelf = { type = \"integer\", default = 7 }"),
    )
    .await
    .is(201);
    let record = scene.org.get(&format!("tools/tools/{plane}")).await.is(200);
    assert_eq!((&record.json["name"], &record.json["price"]), (&json!("Plane"), &json!(null)));
    let made = scene
        .org
        .post("tools/tools", json!({ "name": "Saw", "price": { "minor": 9_900, "currency": "AUD" } }))
        .await
        .is(201);
    assert_eq!(made.json["shelf"], 7);
}

async fn an_upgrade_that_does_not_fit_the_records_is_refused(database: Database) {
    let setup = Setup {
        plugins: vec![shipped("projects"), tools("0.1.0", "shelf = { type = \"integer\" }")],
        ..Setup::default()
    };
    let scene = scene_with(&database, setup).await;
    let plane = scene.org.make("tools/tools", json!({ "name": "Plane", "shelf": 7 })).await;
    let refused =
        install(&scene.org, "", tools("0.2.0", "shelf = { type = \"text\" }")).await.is_problem(409, "conflict");
    assert!(refused.text.contains("shelf"), "{}", refused.text);
    assert_eq!(scene.org.get("plugins").await.column("version")[1], "0.1.0", "the version of before runs on");
    assert_eq!(scene.org.get(&format!("tools/tools/{plane}")).await.is(200).json["shelf"], 7);
}

async fn only_administrators_of_the_instance_install(database: Database) {
    let scene = scene(&database).await;
    let other = scene.server.organization("Other").await;
    let (_, _, admin) = scene.server.member(&scene.org, "Ada", Role::Admin).await;
    let (_, _, member) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    for api in [&other.api, &admin, &member] {
        let _ = install(api, "", tools("0.1.0", "")).await.is_problem(403, "denied");
        let _ = install(api, "", "no plugin").await.is_problem(403, "denied");
    }
    let _ = member.act("plugins/projects/disable").await.is_problem(403, "denied");
    let _ = member.get("plugins").await.is_problem(403, "denied");
    let _ = admin.act("plugins/projects/disable").await.is(204);
    assert_eq!(other.get(TASKS).await.status, 200, "for one's own organization alone");
    let _ = install(&scene.org, "", tools("0.1.0", "")).await.is(201);
    let wrong = scene.org.request(Method::POST, "plugins").header("Content-Type", "text/plain").body("x");
    let _ = scene.org.send(wrong).await.is_problem(415, "unsupported-media-type");
}

/// Installs what is to be refused, and looks that nothing of it stayed.
async fn refused(scene: &Scene, query: &str, bytes: Vec<u8>, tells: &[&str]) -> Answer {
    let refused = install(&scene.org, query, bytes).await.is_problem(422, "invalid");
    for text in tells {
        assert!(refused.text.contains(text), "{text}: {}", refused.text);
    }
    assert_eq!(installed(&scene.org.get("plugins").await.is(200)), ["projects"]);
    let _ = scene.org.get(&format!("{PROJECTS}/{}/progress", scene.project)).await.is(200);
    refused
}

async fn a_file_that_is_no_plugin_is_told_what_it_is(database: Database) {
    let small = |config: &mut lignaflow_server::config::Config| config.plugins.file_bytes = 4_000_000;
    let scene = scene_with(&database, Setup { config: small, ..Setup::default() }).await;
    let whole = shipped("projects");
    refused(&scene, "?grant=all", b"no plugin".to_vec(), &["not WebAssembly"]).await;
    refused(&scene, "?grant=all", Vec::new(), &["not WebAssembly"]).await;
    refused(&scene, "?grant=all", b"\0asm\x01\0\0\0".to_vec(), &["core module", "wasm32-wasip2"]).await;
    refused(&scene, "?grant=all", b"\0asm\x0d\0\x01\0".to_vec(), &["lignaflow:descriptor"]).await;
    refused(&scene, "?grant=all", whole[..whole.len() / 2].to_vec(), &["not a valid component"]).await;
    refused(&scene, "?grant=all", whole[..whole.len() - 100].to_vec(), &["not a valid component"]).await;
    let mut flipped = whole.clone();
    for at in (whole.len() / 4..whole.len() / 2).step_by(997) {
        flipped[at] ^= 0x55;
    }
    refused(&scene, "?grant=all", flipped, &["component"]).await;
    refused(&scene, "?grant=all", hostile("wrong-version"), &["0.2"]).await;
    let large = install(&scene.org, "?grant=all", vec![0; 5_000_000]).await.is_problem(413, "too-large");
    assert!(large.text.contains("bytes"));
}

async fn a_descriptors_faults_are_told_by_line_and_key(database: Database) {
    let scene = scene(&database).await;
    let text = "id = \"tools\"\nversion = \"0.1.0\"\ntitle = \"Tools\"\napi = \"0.1\"\n\n[[collections]]\nname = \"tools\"\n\
                title = { one = \"Tool\", many = \"Tools\" }\ndisplay = \"nmae\"\n\n[collections.fields]\n\
                name = { typ = \"text\" }\ncolour = { type = \"text\", requierd = true }\n";
    let told = refused(&scene, "", declared(text), &["line 12", "`typ`", "`type`", "line 13", "`required`"]).await;
    assert_eq!(told.issues(), [("/plugin.toml", "descriptor"), ("/plugin.toml", "descriptor")]);
    let text = text.replace("typ ", "type ").replace("requierd", "required");
    refused(&scene, "", declared(&text), &["line 9", "nmae"]).await;
    refused(&scene, "", declared("id = \"tools\"\nversion = "), &["line 2"]).await;
    refused(&scene, "", declared("id = \"Tools!\"\nversion = \"1\"\ntitle = \"T\"\napi = \"0.1\"\n"), &["line 1"])
        .await;
}

async fn a_plugin_is_given_no_more_than_it_was_granted(database: Database) {
    let scene = scene(&database).await;
    let next = DESCRIPTOR.replace("version = \"0.1.0\"", "version = \"0.2.0\"");
    let next = redescribed(&shipped("projects"), DESCRIPTOR, &next);
    let told = refused(&scene, "", next.clone(), &["records", "people"]).await;
    assert_eq!(told.issues(), [("/grants", "not-granted"), ("/grants", "not-granted")], "all of it at once");
    let told = refused(&scene, "?grant=interface records", next, &["people"]).await;
    assert_eq!(told.issues(), [("/grants", "not-granted")]);
    refused(&scene, "?grant=all", hostile("ungranted-import"), &["interface people", "grants.interfaces"]).await;
}

async fn a_revoked_grant_acts_at_the_next_call(database: Database) {
    let scene = scene(&database).await;
    let visitor = scene.server.signed_in(&scene.org).await;
    let page = visitor.post("/admin/plugins/projects/grants", &[("grant", "interface people")]).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let refused = scene.org.get(&format!("{PROJECTS}/{}/progress", scene.project)).await.is_problem(403, "denied");
    assert!(refused.text.contains("was not granted"), "{}", refused.text);
    let _ = scene.org.get(TASKS).await.is(200);
    let all = [("grant", "interface people"), ("grant", "interface records")];
    assert_eq!(visitor.post("/admin/plugins/projects/grants", &all).await.status, 303);
    let _ = scene.org.get(&format!("{PROJECTS}/{}/progress", scene.project)).await.is(200);
}

async fn a_guest_that_misbehaves_fails_alone(database: Database) {
    let tight = |config: &mut lignaflow_server::config::Config| {
        config.plugins.each(|bounds| (bounds.cpu_ms, bounds.wall_ms) = (300, 10_000));
    };
    let cases = [
        ("panic", 502, "plugin-failed"),
        ("recursion", 502, "plugin-failed"),
        ("loop", 504, "plugin-cpu"),
        ("memory", 507, "plugin-out-of-memory"),
        ("host-call-flood", 502, "plugin-exhausted"),
    ];
    let mut plugins: Vec<_> = cases.iter().map(|(id, ..)| hostile(id)).collect();
    plugins.push(tools("0.1.0", ""));
    let server = database.serve_with(Setup { plugins, config: tight, ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    for (id, status, code) in cases {
        let refused = org.act(&format!("{id}/run")).await.is_problem(status, code);
        assert!(refused.json["detail"].as_str().unwrap().contains(id), "{}", refused.text);
        let _ = org.post("tools/tools", json!({ "name": id })).await.is(201);
        let _ = org.get("/health").await.is(200);
    }
}

async fn an_answer_that_no_plugin_may_give_reaches_nobody(database: Database) {
    let setup = Setup { plugins: vec![shipped("projects"), hostile("bad-answer")], ..Setup::default() };
    let scene = scene_with(&database, setup).await;
    let document = scene.org.get("/api/openapi.json").await.is(200);
    let routes: Vec<_> =
        operations(&document.json).into_iter().filter(|op| op.id.starts_with("bad_answer_route")).collect();
    assert!(routes.len() > 10);
    for route in routes {
        let answer = scene.org.send(scene.org.request(route.method, &route.path)).await;
        assert!(answer.header("set-cookie").is_empty(), "{}: {:?}", route.path, answer.headers);
        assert!(matches!(answer.status, 403 | 502), "{}: {} {}", route.path, answer.status, answer.text);
    }
    let hooked =
        scene.org.post("bad-answer/notes", json!({ "title": "any" })).await.is_problem(502, "plugin-bad-answer");
    assert!(hooked.json["detail"].as_str().unwrap().contains("Nothing was changed"));
    let _ =
        scene.org.post("bad-answer/notes", json!({ "title": "foreign" })).await.is_problem(502, "plugin-bad-answer");
    assert!(scene.org.get("bad-answer/notes").await.data().is_empty());
    assert!(scene.org.get(TASKS).await.data().is_empty(), "nor was anything of another plugin's");
}

async fn what_others_refer_to_must_be_there(database: Database) {
    let scene = scene(&database).await;
    let text = "id = \"rental\"\nversion = \"0.1.0\"\ntitle = \"Rental\"\napi = \"0.1\"\n\n[grants]\nread = [\"tools/tools\"]\n\n\
                [[collections]]\nname = \"loans\"\ntitle = { one = \"Loan\", many = \"Loans\" }\ndisplay = \"who\"\n\n\
                [collections.fields]\nwho = { type = \"text\", required = true }\n\
                tool = { type = \"reference\", to = \"tools/tools\" }\n";
    let refused = install(&scene.org, "?grant=all", declared(text)).await.is_problem(409, "conflict");
    assert!(refused.text.contains("tools/tools"), "{}", refused.text);
    let _ = install(&scene.org, "", tools("0.1.0", "")).await.is(201);
    let _ = install(&scene.org, "?grant=all", declared(text)).await.is(201);
    let refused = scene.org.act("plugins/rental/enable").await.is_problem(409, "conflict");
    assert!(refused.text.contains("tools"), "{}", refused.text);
    let _ = scene.org.act("plugins/tools/enable").await.is(204);
    let _ = scene.org.act("plugins/rental/enable").await.is(204);
    let refused = scene.org.act("plugins/tools/disable").await.is_problem(409, "conflict");
    assert!(refused.text.contains("rental"), "{}", refused.text);
    let tool = scene.org.make("tools/tools", json!({ "name": "Plane" })).await;
    let loan = json!({ "who": "Ana", "tool": tool });
    let made = scene.org.make("rental/loans", loan).await;
    let shown = scene.org.get(&format!("rental/loans/{made}?expand=tool")).await.is(200);
    assert_eq!(shown.json["tool"]["name"], "Plane");
    let _ = scene.org.delete(&format!("tools/tools/{tool}"), "*").await.is_problem(409, "conflict");
}
