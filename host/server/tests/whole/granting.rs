//! What administrators of the instance do with plugins that are installed, by the API and on the page alike: change what
//! they may do, have them run or not, read what a version changes, and install what is part of the program.

use lignaflow_testkit::plugins::{hostile, redescribed, shipped};
use lignaflow_testkit::{Answer, Client, Database, Method, Org, Role, Server, Setup, on_both, on_one};
use serde_json::{Value as Json, json};

on_both!(
    rights_and_bounds_are_changed_by_who_saw_them_alone,
    two_administrators_at_once_lose_nothing,
    a_plugin_is_stopped_for_everybody_and_runs_again,
    what_is_part_of_the_program_is_installed_again,
);

on_one!(
    a_right_that_was_taken_back_stays_so_over_a_start,
    a_form_that_is_older_than_what_stands_changes_nothing,
    a_plan_tells_all_that_a_version_changes,
    only_administrators_of_the_instance_do_any_of_it,
);

const PROJECTS: &str = include_str!("../../../../plugins/projects/plugin.toml");

async fn serve(database: &Database) -> (Server, Org) {
    let server = database.serve_with(Setup { plugins: vec![hostile("greedy")], ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    (server, org)
}

async fn put(api: &Client, path: &str, etag: &str, body: &Json) -> Answer {
    api.send(api.request(Method::PUT, &format!("plugins/{path}")).header("If-Match", etag).json(body)).await
}

async fn rights_and_bounds_are_changed_by_who_saw_them_alone(database: Database) {
    let (server, org) = serve(&database).await;
    let read = org.get("plugins/greedy/grants").await.is(200);

    assert_eq!(read.data()[0]["key"], "interface records");
    assert_eq!(read.data()[0]["granted"], true);
    let before = read.etag();
    assert_eq!(org.get("plugins/greedy/bounds").await.is(200).etag(), before, "one version for both");

    let body = json!({ "grant": [], "bounds": { "route": { "writes": 7 } } });
    let unsaid = org.send(org.request(Method::PUT, "plugins/greedy/grants").json(&body)).await;
    let _ = unsaid.is_problem(428, "precondition-required");
    let changed = put(&org, "greedy/grants", &before, &body).await.is(200);
    assert_eq!(changed.data()[0]["granted"], false);
    assert_eq!(changed.json["bounds"], json!({ "route": { "writes": 7 } }));
    assert_ne!(changed.etag(), before);
    let _ = org.post("greedy/now", json!("rows 1")).await.is_problem(403, "denied");

    // Who saw what was before changes nothing, neither rights nor bounds.
    let _ =
        put(&org, "greedy/grants", &before, &json!({ "grant": ["interface records"] })).await.is_problem(412, "stale");
    let _ = put(&org, "greedy/bounds", &before, &json!({})).await.is_problem(412, "stale");
    assert_eq!(org.get("plugins/greedy/grants").await.is(200).etag(), changed.etag());

    // What is left out stays; `*` is any version.
    let again = put(&org, "greedy/grants", "*", &json!({ "grant": ["interface records"] })).await.is(200);
    assert_eq!(again.json["bounds"], json!({ "route": { "writes": 7 } }));
    let _ = org.post("greedy/now", json!("rows 1")).await.is(200);
    let _ = put(&org, "greedy/bounds", &again.etag(), &json!({})).await.is(200);
    assert_eq!(org.get("plugins/greedy/grants").await.is(200).json["bounds"], json!({}));

    let wrong = put(&org, "greedy/grants", "*", &json!({ "grant": ["interface records", "mail"] })).await;
    let wrong = wrong.is_problem(422, "invalid");
    assert_eq!(wrong.issues(), [("/grant/1", "not-asked")]);
    assert!(wrong.text.contains("It asks for interface records."), "{}", wrong.text);
    let bounds = json!({ "grant": [], "bounds": { "hook": { "memory_bytes": 5 } } });
    let wrong = put(&org, "greedy/grants", "*", &bounds).await.is_problem(422, "invalid");
    assert_eq!(wrong.json["issues"][0]["path"], "/bounds/hook/memory_bytes");
    let _ = put(&org, "none/grants", "*", &json!({ "grant": [] })).await.is_problem(404, "not-found");
    let audit = org.get("audit?kind=plugin.granted").await.is(200);
    drop((server, audit));
}

async fn two_administrators_at_once_lose_nothing(database: Database) {
    let (_server, org) = serve(&database).await;
    for round in 1..=10_u64 {
        // One sets bounds while the other takes a right back, or gives it again, both without saying what they saw.
        let rights = if round % 2 == 0 { json!({ "grant": ["interface records"] }) } else { json!({ "grant": [] }) };
        let bounds = json!({ "instances": round });
        let (first, second) =
            tokio::join!(put(&org, "greedy/grants", "*", &rights), put(&org, "greedy/bounds", "*", &bounds));
        let (_, _) = (first.is(200), second.is(200));
        let stands = org.get("plugins/greedy/grants").await.is(200);
        assert_eq!(stands.json["bounds"]["instances"], round, "{}", stands.text);
        assert_eq!(stands.data()[0]["granted"], round % 2 == 0, "{}", stands.text);
        // Both of what they saw: one of them is told, and what the other did stands.
        let (seen, other) = (stands.etag(), json!({ "instances": round + 20 }));
        let (first, second) =
            tokio::join!(put(&org, "greedy/bounds", &seen, &bounds), put(&org, "greedy/bounds", &seen, &other));
        let mut statuses = [first.status, second.status];
        let expected = if first.status == 200 { round } else { round + 20 };
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
        assert_eq!(org.get("plugins/greedy/grants").await.is(200).json["bounds"]["instances"], expected);
    }
}

async fn a_right_that_was_taken_back_stays_so_over_a_start(database: Database) {
    let (server, org) = serve(&database).await;
    let _ = org.post("greedy/things", json!({ "title": "thing" })).await.is(201);
    let _ = put(&org, "greedy/grants", "*", &json!({ "grant": [] })).await.is(200);
    let second = database.serve_with(Setup { plugins: Vec::new(), ..Setup::default() }).await;
    let token = org.token.clone();
    server.stop().await;
    let org = second.client(Some(&token));
    let listed = org.get("plugins").await.is(200);
    assert!(listed.data()[0]["fault"].is_null(), "{}", listed.text);
    assert_eq!(org.get("greedy/things").await.is(200).data().len(), 1, "its records are there");
    let refused = org.post("greedy/now", json!("rows 1")).await.is_problem(403, "denied");
    assert!(refused.text.contains("was not granted"), "{}", refused.text);
    let _ = put(&org, "greedy/grants", "*", &json!({ "grant": ["interface records"] })).await.is(200);
    let _ = org.post("greedy/now", json!("rows 1")).await.is(200);
}

/// The value of the field of a page's form by which it says what it was made of.
fn seen(page: &str) -> String {
    let from = page.find("name=\"seen\" value=\"").unwrap() + "name=\"seen\" value=\"".len();
    page[from..].split('"').next().unwrap().to_owned()
}

async fn a_form_that_is_older_than_what_stands_changes_nothing(database: Database) {
    let (server, org) = serve(&database).await;
    let visitor = server.signed_in(&org).await;
    let old = seen(&visitor.get("/admin/plugins/greedy").await.is(200).text);
    assert_eq!(seen(&visitor.get("/admin/plugins/greedy/bounds").await.is(200).text), old);
    let _ = put(&org, "greedy/bounds", "*", &json!({ "instances": 5 })).await.is(200);
    let page = visitor.post("/admin/plugins/greedy/grants", &[("seen", &old)]).await;
    assert_eq!(page.status, 412);
    page.shows("changed by somebody else");
    let page = visitor.post("/admin/plugins/greedy/bounds", &[("seen", &old), ("job.rows", "77")]).await;
    assert_eq!(page.status, 412);
    page.shows("changed by somebody else").shows("value=\"77\"");
    let stands = org.get("plugins/greedy/grants").await.is(200);
    assert_eq!((&stands.json["bounds"], &stands.data()[0]["granted"]), (&json!({ "instances": 5 }), &json!(true)));
    // The form that came back is of what stands by now.
    let page = visitor.post("/admin/plugins/greedy/bounds", &[("seen", &seen(&page.text)), ("job.rows", "77")]).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let new = seen(&visitor.get("/admin/plugins/greedy").await.is(200).text);
    assert_eq!(visitor.post("/admin/plugins/greedy/grants", &[("seen", &new)]).await.status, 303);
    let stands = org.get("plugins/greedy/grants").await.is(200);
    assert_eq!(
        (&stands.json["bounds"], &stands.data()[0]["granted"]),
        (&json!({ "job": { "rows": 77 } }), &json!(false))
    );
}

async fn a_plugin_is_stopped_for_everybody_and_runs_again(database: Database) {
    let setup = Setup { plugins: vec![shipped("projects"), shipped("estimates")], ..Setup::default() };
    let server = database.serve_with(setup).await;
    let org = server.organization("Halloran").await;
    let other = server.organization("Beck").await;
    let client = org.make("projects/clients", json!({ "name": "Marrickville Dental" })).await;
    let told = org.act("plugins/projects/deactivate").await.is_problem(409, "conflict");
    assert!(told.text.contains("estimates"), "{}", told.text);
    let _ = other.get("projects/clients").await.is(200);

    let _ = org.act("plugins/estimates/deactivate").await.is(204);
    let _ = org.act("plugins/projects/deactivate").await.is(204);
    let _ = other.get("projects/clients").await.is_problem(404, "not-found");
    let listed = org.get("plugins").await.is(200);
    assert!(
        listed.data().iter().all(|plugin| plugin["active"] == false && plugin["fault"].is_null()),
        "{}",
        listed.text
    );
    let visitor = server.signed_in(&org).await;
    visitor.get("/admin/plugins").await.is(200).shows("Stopped for everybody");
    visitor.get("/admin/plugins/projects").await.is(200).shows("Let it run");
    let told = org.act("plugins/estimates/activate").await.is_problem(409, "conflict");
    assert!(told.text.contains("projects"), "{}", told.text);

    let page = visitor.post("/admin/plugins/projects/activate", &[]).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let _ = org.act("plugins/estimates/activate").await.is(204);
    assert_eq!(org.get("projects/clients").await.is(200).column("id"), [client]);
    let _ = other.get("projects/clients").await.is(200);
    let listed = org.get("plugins").await.is(200);
    assert!(listed.data().iter().all(|plugin| plugin["active"] == true), "{}", listed.text);
    let _ = org.act("plugins/none/activate").await.is_problem(404, "not-found");
    visitor.get("/admin/plugins").await.is(200).shows("let Projects run");
    let page = visitor.post("/admin/plugins/projects/deactivate", &[]).await;
    assert_eq!(page.status, 409);
    page.shows("Other plugins need it");
}

async fn a_plan_tells_all_that_a_version_changes(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let next = PROJECTS.replace("version = \"0.1.0\"", "version = \"0.2.0\"");
    let next = next.replacen("[grants]\n", "[grants]\nmail = true\n", 1);
    let (head, tail) = next.split_once("[[routes]]").unwrap();
    let next = format!(
        "{head}[[routes]]\nname = \"outlook\"\ntitle = \"Outlook\"\nmethod = \"GET\"\npath = \"/outlook\"\n\n[[routes]]{tail}"
    );
    let file = redescribed(&shipped("projects"), PROJECTS, &next);
    let request = org.request(Method::POST, "plugins?dry_run=true").header("Content-Type", "application/wasm");
    let plan = org.send(request.body(file)).await.is(200);
    let asks = plan.json["asks"].as_array().unwrap();
    let mail = asks.iter().find(|ask| ask["key"] == "mail").unwrap();
    assert_eq!(
        (&mail["granted"], &mail["sentence"]),
        (&json!(false), &json!("Sends mail in the organization's name."))
    );
    let changes = &plan.json["changes"];
    let route = json!({ "part": "routes", "action": "add", "sentence": "Adds the route GET /outlook." });
    assert_eq!(changes, &json!([route]), "{}", plan.text);
    assert_eq!(plan.json["no_longer_asks"], json!([]));

    // Of a plugin that is new all of it is told.
    let request = org.request(Method::POST, "plugins/inspect").header("Content-Type", "application/wasm");
    let plan = org.send(request.body(hostile("greedy"))).await.is(200);
    let told: Vec<&str> =
        plan.json["changes"].as_array().unwrap().iter().map(|it| it["sentence"].as_str().unwrap()).collect();
    for sentence in [
        "Adds the collection greedy/notes (1 field: title).",
        "Adds the route POST /now.",
        "Adds the job take.",
        "Adds being told of heard.",
    ] {
        assert!(told.contains(&sentence), "{sentence}: {told:?}");
    }
    let _ = org.act("plugins/projects/install?dry_run=true").await.is(200);
}

async fn what_is_part_of_the_program_is_installed_again(database: Database) {
    let setup = Setup { plugins: vec![shipped("projects"), shipped("estimates")], ..Setup::default() };
    let server = database.serve_with(setup).await;
    let org = server.organization("Halloran").await;
    let client = org.make("projects/clients", json!({ "name": "Marrickville Dental" })).await;
    let listed = org.get("plugins/shipped").await.is(200);
    assert_eq!(listed.column("id"), ["estimates", "projects"]);
    assert!(listed.data().iter().all(|it| it["in_use"] == true), "{}", listed.text);
    assert_eq!(org.act("plugins/shipped").await.is(200).json, json!({ "data": [] }), "all of it is in use");

    for plugin in ["estimates", "projects"] {
        let _ = org.delete(&format!("plugins/{plugin}"), "*").await.is(204);
    }
    let listed = org.get("plugins/shipped").await.is(200);
    assert!(listed.data().iter().all(|it| it["in_use"] == false && it["installed"].is_null()), "{}", listed.text);
    // What it needs is not there: nothing is installed.
    let told = org.act("plugins/estimates/install").await.is_problem(409, "conflict");
    assert!(told.text.contains("projects"), "{}", told.text);
    assert_eq!(org.get("plugins").await.is(200).data(), &[] as &[Json]);
    let plan = org.act("plugins/projects/install?dry_run=true").await.is(200);
    assert_eq!((&plan.json["fits"], &plan.json["installed"]), (&json!(true), &Json::Null));
    assert_eq!(org.get("plugins").await.is(200).data(), &[] as &[Json]);

    let installed = org.act("plugins/estimates/install?with_needs=true&enable=true").await.is(201);
    assert_eq!(installed.column("id"), ["projects", "estimates"], "what is needed first");
    assert_eq!(org.get("projects/clients").await.is(200).column("id"), [client.as_str()], "its records waited");
    let _ = org.get("estimates/estimates").await.is(200);
    let told = org.act("plugins/nothing/install").await.is_problem(404, "not-found");
    assert!(told.text.contains("It brings estimates, projects."), "{}", told.text);

    // On the page: one after reading what it asks for, and all at once.
    let visitor = server.signed_in(&org).await;
    visitor.get("/admin/plugins").await.is(200).hides("Part of the program");
    for plugin in ["estimates", "projects"] {
        let _ = org.delete(&format!("plugins/{plugin}"), "*").await.is(204);
    }
    visitor.get("/admin/plugins").await.is(200).shows("Part of the program").shows("/admin/plugins/projects/install");
    let page = visitor.post("/admin/plugins/projects/install", &[]).await.is(200);
    page.shows("Install Projects").shows("interface records");
    let page = visitor.post("/admin/plugins/shipped", &[]).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let listed = org.get("plugins").await.is(200);
    assert_eq!(listed.column("id"), ["estimates", "projects"]);
    visitor.get("/admin/plugins").await.is(200).hides("Part of the program");
}

async fn only_administrators_of_the_instance_do_any_of_it(database: Database) {
    let (server, org) = serve(&database).await;
    let other = server.organization("Beck").await;
    let (_, _, ada) = server.member(&org, "Ada", Role::Admin).await;
    let (_, _, mia) = server.member(&org, "Mia", Role::Member).await;
    for api in [&other.api, &ada, &mia] {
        let _ = put(api, "greedy/grants", "*", &json!({ "grant": [] })).await.is_problem(403, "denied");
        for act in ["greedy/activate", "greedy/deactivate", "shipped", "greedy/install"] {
            let _ = api.act(&format!("plugins/{act}")).await.is_problem(403, "denied");
        }
        let _ = api.get("plugins/shipped").await.is_problem(403, "denied");
    }
    // Who switches plugins sees what they may do.
    let _ = ada.get("plugins/greedy/grants").await.is(200);
    let _ = mia.get("plugins/greedy/grants").await.is_problem(403, "denied");
    let visitor = server.visitor();
    visitor.sign_in(&other.email, &other.password).await;
    for path in ["shipped", "greedy/install", "greedy/activate", "greedy/deactivate", "greedy/grants"] {
        assert_eq!(visitor.post(&format!("/admin/plugins/{path}"), &[]).await.status, 403, "{path}");
    }
    assert_eq!(org.get("plugins/greedy/grants").await.is(200).data()[0]["granted"], true);
}
