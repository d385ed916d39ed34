//! What one call of a plugin may use: usual bounds for each class of call, what a plugin asks for and is granted, what an
//! administrator sets for it, and that all of it holds.

use lignaflow_testkit::plugins::hostile;
use lignaflow_testkit::{Answer, Client, Database, Method, Org, Role, Server, Setup, on_both, on_one};
use serde_json::{Value as Json, json};

on_both!(
    what_is_set_for_one_plugin_holds_from_the_next_call_on_and_after_a_start,
    a_job_and_a_subscriber_have_bounds_of_their_own,
);

on_one!(
    what_a_plugin_asks_for_is_consented_to_bound_by_bound,
    what_was_set_by_hand_goes_on_with_the_next_version,
    bounds_that_cannot_be_are_told_with_their_place,
    only_administrators_of_the_instance_set_them_and_they_are_told_on_the_page,
);

async fn serve(database: &Database) -> (Server, Org) {
    let plugins = vec![hostile("greedy")];
    let server = database.serve_with(Setup { plugins, ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    (server, org)
}

async fn install(api: &Client, bytes: Vec<u8>, grant: &str) -> Answer {
    let path = format!("plugins?grant={grant}");
    let request = api.request(Method::POST, &path).header("Content-Type", "application/wasm");
    api.send(request.body(bytes)).await
}

async fn put(api: &Client, path: &str, body: Json) -> Answer {
    api.send(api.request(Method::PUT, path).header("If-Match", "*").json(&body)).await
}

async fn set(api: &Client, bounds: Json) -> Answer {
    put(api, "plugins/greedy/bounds", bounds).await
}

/// What is told of one bound.
fn told<'a>(answer: &'a Answer, class: &str, bound: &str) -> &'a Json {
    let found = answer.data().iter().find(|row| row["class"] == class && row["bound"] == bound);
    found.unwrap_or_else(|| panic!("{class}.{bound}: {}", answer.text))
}

async fn what_is_set_for_one_plugin_holds_from_the_next_call_on_and_after_a_start(database: Database) {
    let (server, org) = serve(&database).await;
    let _ = org.post("greedy/now", json!("writes 20")).await.is(200);
    let answer = set(&org, json!({ "route": { "writes": 10, "cpu_ms": 300, "rows": 5 } })).await.is(200);
    assert_eq!(
        told(&answer, "route", "writes"),
        &json!({
            "class": "route", "bound": "writes", "usual": 5_000, "asked": null, "set": 10, "holds": 10,
        })
    );
    let _ = org.post("greedy/now", json!("writes 20")).await.is_problem(502, "plugin-exhausted");
    let _ = org.post("greedy/now", json!("rows 1")).await.is_problem(502, "plugin-exhausted");
    let _ = org.post("greedy/now", json!("cpu 60000")).await.is_problem(504, "plugin-cpu");
    let _ = org.post("greedy/now", json!("writes 3")).await.is(200);
    // A hook may as much as before.
    let _ = org.post("greedy/notes", json!({ "title": "writes 20" })).await.is(201);
    let token = org.token.clone();
    server.stop().await;

    let server = database.serve_with(Setup { plugins: Vec::new(), ..Setup::default() }).await;
    let org = server.client(Some(&token));
    let _ = org.post("greedy/now", json!("writes 20")).await.is_problem(502, "plugin-exhausted");
    let answer = set(&org, json!({})).await.is(200);
    assert_eq!((&answer.json["set"], &told(&answer, "route", "writes")["holds"]), (&json!({}), &json!(5_000)));
    let _ = org.post("greedy/now", json!("writes 20")).await.is(200);
}

async fn a_job_and_a_subscriber_have_bounds_of_their_own(database: Database) {
    let (_server, org) = serve(&database).await;
    let bounds = json!({ "job": { "writes": 5 }, "subscriber": { "writes": 5 }, "hook": { "host_calls": 5 } });
    let _ = set(&org, bounds).await.is(200);
    let things = async || org.get("greedy/things").await.is(200).data().len();
    let _ = org.post("greedy/later", json!("writes 9")).await.is(204);
    let failed = loop {
        let jobs = org.get("jobs?plugin=greedy").await.is(200);
        match jobs.data().iter().find(|job| job["state"] == "failed") {
            Some(job) => break job.clone(),
            None => tokio::task::yield_now().await,
        }
    };
    assert!(failed.to_string().contains("used up its writes"), "{failed}");
    let _ = org.post("greedy/notes", json!({ "title": "calls 9" })).await.is_problem(502, "plugin-exhausted");
    assert_eq!(things().await, 0);
    let _ = org.post("greedy/heard", json!({ "title": "writes 3" })).await.is(201);
    while things().await < 3 {
        tokio::task::yield_now().await;
    }
}

async fn what_a_plugin_asks_for_is_consented_to_bound_by_bound(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let request = org.request(Method::POST, "plugins/inspect").header("Content-Type", "application/wasm");
    let plan = org.send(request.body(hostile("greedy"))).await.is(200);
    let asks = plan.json["asks"].as_array().unwrap();
    let asked = asks.iter().find(|ask| ask["key"] == "bound job.cpu_ms 20000").unwrap();
    assert_eq!(asked["sentence"], "One slice of a job may compute for 20 s.");

    // What is not granted is as usual: it is no reason not to run.
    let grant = "interface%20records,bound%20route.log_lines%2020,bound%20job.cpu_ms%2090000";
    let _ = install(&org, hostile("greedy"), grant).await.is(201);
    let bounds = org.get("plugins/greedy/bounds").await.is(200);
    let (job, route) = (told(&bounds, "job", "cpu_ms"), told(&bounds, "route", "log_lines"));
    assert_eq!((&job["asked"], &job["set"], &job["holds"]), (&json!(20_000), &Json::Null, &job["usual"]));
    assert_eq!((&route["set"], &route["holds"], &route["usual"]), (&json!(20), &json!(20), &json!(200)));
    assert_eq!(bounds.data()[0]["bound"], "instances");

    let _ = install(&org, hostile("greedy"), "all").await.is(201);
    let bounds = org.get("plugins/greedy/bounds").await.is(200);
    assert_eq!(told(&bounds, "job", "cpu_ms")["holds"], 20_000);
}

async fn what_was_set_by_hand_goes_on_with_the_next_version(database: Database) {
    let (_server, org) = serve(&database).await;
    let _ = set(&org, json!({ "service": { "rows": 7 }, "job": { "cpu_ms": 9 } })).await.is(200);
    let _ = install(&org, hostile("greedy"), "all").await.is(201);
    let bounds = org.get("plugins/greedy/bounds").await.is(200);
    assert_eq!(told(&bounds, "service", "rows")["holds"], 7);
    assert_eq!(told(&bounds, "job", "cpu_ms")["holds"], 20_000, "to this somebody has just consented");
}

async fn bounds_that_cannot_be_are_told_with_their_place(database: Database) {
    let (server, org) = serve(&database).await;
    let wrong = json!({ "instances": 0, "hook": { "memory_bytes": 5 }, "job": { "cpu_ms": 900, "wall_ms": 10 } });
    let fault = set(&org, wrong).await.is_problem(422, "invalid");
    for path in ["/instances", "/hook/memory_bytes", "/job/cpu_ms"] {
        assert!(fault.json["issues"].as_array().unwrap().iter().any(|issue| issue["path"] == path), "{}", fault.text);
    }
    for body in [json!([]), json!({ "hook": 5 }), json!({ "cron": {} }), json!({ "job": { "cpu": 5 } })] {
        let _ = set(&org, body).await.is_problem(422, "invalid");
    }
    let _ = put(&org, "plugins/none/bounds", json!({})).await.is_problem(404, "not-found");
    let _ = org.get("plugins/none/bounds").await.is_problem(404, "not-found");
    let visitor = server.signed_in(&org).await;
    let page = visitor.post("/admin/plugins/greedy/bounds", &[("job.cpu_ms", "soon"), ("hook.rows", "5")]).await;
    assert_eq!(page.status, 422);
    page.shows("A whole number, or nothing.").shows("value=\"soon\"").shows("value=\"5\"");
    let page = visitor.post("/admin/plugins/greedy/bounds", &[("job.memory_bytes", "5")]).await;
    assert_eq!(page.status, 422);
    page.shows("It is to be between");
}

async fn only_administrators_of_the_instance_set_them_and_they_are_told_on_the_page(database: Database) {
    let (server, org) = serve(&database).await;
    let (_, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let _ = set(&mia, json!({})).await.is_problem(403, "denied");
    let _ = mia.get("plugins/greedy/bounds").await.is_problem(403, "denied");
    let visitor = server.signed_in(&org).await;
    visitor.get("/admin/plugins/greedy").await.is(200).shows("What one call may use").shows("compute for 20 s");
    visitor.get("/admin/plugins/greedy/bounds").await.is(200).shows("It asks for 20000.").shows("value=\"20000\"");
    let page = visitor
        .post(
            "/admin/plugins/greedy/bounds",
            &[("instances", "3"), ("route.memory_bytes", "33,554,432"), ("job.rows", "")],
        )
        .await;
    assert_eq!(page.status, 303, "{}", page.text);
    visitor
        .get("/admin/plugins/greedy")
        .await
        .is(200)
        .shows("It may have 3 instances at a time.")
        .shows("A route may have 32 MiB of memory.");
    visitor.get("/admin/plugins").await.is(200).shows("changed what Greedy may do");
    // Rights that are given or taken leave them alone.
    let page = visitor.post("/admin/plugins/greedy/grants", &[("grant", "interface records")]).await;
    assert_eq!(page.status, 303, "{}", page.text);
    assert_eq!(org.get("plugins/greedy/bounds").await.is(200).json["set"]["instances"], 3);
}
