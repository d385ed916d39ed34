//! What plugins used: counted as it was, by version and hour, kept over starts, and told by the API, on the page and to
//! operators alike.

use lignaflow_testkit::plugins::{hostile, redescribed};
use lignaflow_testkit::{Answer, Client, Database, Method, Org, Role, Server, Setup, on_both, on_one};
use serde_json::{Value as Json, json};

on_both!(what_a_plugin_used_is_counted_kept_over_a_start_and_told_by_version);
on_one!(only_administrators_of_the_instance_see_what_was_used, what_two_hosts_count_is_one);

const GREEDY: &str = include_str!("../../../../plugins/hostile/greedy/plugin.toml");

async fn serve(database: &Database) -> (Server, Org) {
    let server = database.serve_with(Setup { plugins: vec![hostile("greedy")], ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    (server, org)
}

async fn figures(api: &Client, query: &str) -> Answer {
    api.get(&format!("plugins/greedy/figures{query}")).await.is(200)
}

/// The sum of a number over all hours.
fn sum(figures: &Answer, name: &str) -> u64 {
    figures.data().iter().map(|hour| hour[name].as_u64().unwrap()).sum()
}

fn outcome(figures: &Answer, name: &str) -> u64 {
    figures.data().iter().filter_map(|hour| hour["outcomes"][name].as_u64()).sum()
}

async fn put(api: &Client, path: &str, body: Json) {
    let _ = api.send(api.request(Method::PUT, path).header("If-Match", "*").json(&body)).await.is(200);
}

/// The number behind the one line of `/metrics` that begins and goes on so.
async fn metric(server: &Server, name: &str, labels: &[&str]) -> u64 {
    let text = server.client(None).get("/metrics").await.is(200).text;
    let is_it = |line: &&str| line.starts_with(name) && labels.iter().all(|label| line.contains(label));
    let lines: Vec<&str> = text.lines().filter(is_it).collect();
    assert_eq!(lines.len(), 1, "{name} {labels:?}: {lines:?}");
    lines[0].rsplit(' ').next().unwrap().parse().unwrap()
}

async fn what_a_plugin_used_is_counted_kept_over_a_start_and_told_by_version(database: Database) {
    let (server, org) = serve(&database).await;
    assert_eq!(figures(&org, "").await.data(), &[] as &[Json]);
    // Things have no hook: nothing of the plugin is called.
    for title in ["thing 1", "thing 2", "thing 3"] {
        let _ = org.post("greedy/things", json!({ "title": title })).await.is(201);
    }
    let now = async |what: &str| org.post("greedy/now", json!(what)).await.status;
    // Three rows twice, and once more.
    assert_eq!([now("rows 2").await, now("rows 1").await], [200, 200]);
    let read = figures(&org, "").await;
    assert_eq!((sum(&read, "calls"), sum(&read, "rows"), sum(&read, "instances")), (2, 9, 1));
    // What it is asked is handed to it as well, as JSON.
    let asked = |all: &[&str]| -> u64 { all.iter().map(|what| json!(what).to_string().len() as u64).sum() };
    let bytes = sum(&read, "bytes");
    let titles = bytes - asked(&["rows 2", "rows 1"]);
    assert!(titles >= 9 * 7 && titles.is_multiple_of(9), "nine titles of seven letters, each of as many: {bytes}");
    assert!(sum(&read, "memory_bytes") < 20 << 20, "{}", read.text);

    assert_eq!([now("cpu 60").await, now("memory 20").await, now("wall 30").await], [200, 200, 200]);
    let used = figures(&org, "").await;
    let bytes = bytes + asked(&["cpu 60", "memory 20", "wall 30"]);
    assert_eq!((sum(&used, "rows"), sum(&used, "bytes"), sum(&used, "denied")), (9, bytes, 0));
    // By the thread's own clock: however busy the machine, some of the 60 ms were the guest's.
    assert!((1..10_000).contains(&sum(&used, "cpu_ms")), "{}", used.text);
    assert!((20 << 20..40 << 20).contains(&sum(&used, "memory_bytes")), "{}", used.text);
    let hour = &used.data()[used.data().len() - 1];
    let [half, most, nearly] = ["p50_ms", "p95_ms", "p99_ms"].map(|name| hour[name].as_f64().unwrap());
    assert!(half <= most && most <= nearly && nearly >= 60.0, "{}", used.text);

    // Denied once.
    put(&org, "plugins/greedy/grants", json!({ "grant": [] })).await;
    assert_eq!(now("rows 1").await, 403);
    put(
        &org,
        "plugins/greedy/grants",
        json!({ "grant": ["interface records"], "bounds": { "route": { "writes": 5 } } }),
    )
    .await;
    assert_eq!(now("writes 9").await, 502);
    let told = figures(&org, "").await;
    let ends = ["answered", "not-granted", "exhausted"].map(|name| outcome(&told, name));
    assert_eq!((ends, sum(&told, "calls"), sum(&told, "faults")), ([5, 1, 1], 7, 1));
    assert_eq!((sum(&told, "denied"), sum(&told, "rows")), (1, 9));
    assert!(told.data().iter().all(|hour| hour["version"] == "0.2.0"), "{}", told.text);

    let of = ["plugin=\"greedy\"", "version=\"0.2.0\""];
    assert_eq!(metric(&server, "lignaflow_plugin_rows_total", &of).await, 9);
    assert_eq!(metric(&server, "lignaflow_plugin_bytes_total", &of).await, bytes + asked(&["rows 1", "writes 9"]));
    assert_eq!(metric(&server, "lignaflow_plugin_denied_total", &of).await, 1);
    let answered = [of[0], of[1], "outcome=\"answered\""];
    assert_eq!(metric(&server, "lignaflow_plugin_calls_total", &answered).await, 5);
    assert_eq!(metric(&server, "lignaflow_plugin_call_duration_seconds_count", &of).await, 7);
    assert_eq!(metric(&server, "lignaflow_plugin_instances{", &of).await, 0);

    let token = org.token.clone();
    server.stop().await;
    let server = database.serve_with(Setup { plugins: Vec::new(), ..Setup::default() }).await;
    let org = server.client(Some(&token));
    assert_eq!(figures(&org, "").await.json, told.json, "the same after a start");

    // Another version has figures of its own, beside those.
    let next = redescribed(&hostile("greedy"), GREEDY, &GREEDY.replace("version = \"0.2.0\"", "version = \"0.3.0\""));
    let request = org.request(Method::POST, "plugins?grant=all").header("Content-Type", "application/wasm").body(next);
    let _ = org.send(request).await.is(201);
    let _ = org.post("greedy/now", json!("rows 1")).await.is(200);
    let next = figures(&org, "?version=0.3.0").await;
    assert_eq!((sum(&next, "calls"), sum(&next, "rows"), sum(&next, "denied")), (1, 3, 0));
    assert_eq!(figures(&org, "?version=0.2.0&days=31").await.json, told.json);
    assert_eq!(sum(&figures(&org, "").await, "rows"), 12);

    let visitor = server.visitor();
    visitor.sign_in("owner@halloran.example", lignaflow_testkit::PASSWORD).await;
    let page = visitor.get("/admin/plugins/greedy").await.is(200);
    for told in [
        "Calls: 8, 6 answered, 1 failed, 1 not let in",
        "Rows handed to it: 12",
        "Denied: 1 time",
        "Instances at a time: at most 1",
        "5 answered, 1 out of what they may use, 1 not granted",
    ] {
        page.shows(told);
    }
    let page = visitor.get("/admin/plugins/greedy?version=0.3.0").await.is(200);
    page.shows("Calls: 1, 1 answered").shows("Rows handed to it: 3").shows("Denied: 0 times");
    visitor.get("/admin/plugins").await.is(200).shows("8 calls, 1 fault");
}

async fn only_administrators_of_the_instance_see_what_was_used(database: Database) {
    let (server, org) = serve(&database).await;
    let other = server.organization("Beck").await;
    let (_, _, ada) = server.member(&org, "Ada", Role::Admin).await;
    for api in [&other.api, &ada] {
        let _ = api.get("plugins/greedy/figures").await.is_problem(403, "denied");
    }
    for query in ["?days=0", "?days=32"] {
        let told = org.get(&format!("plugins/greedy/figures{query}")).await.is_problem(422, "invalid");
        assert!(told.text.contains("1 to 31 days"), "{}", told.text);
    }
    let _ = org.get("plugins/none/figures").await.is_problem(404, "not-found");
    let visitor = server.visitor();
    visitor.sign_in(&other.email, &other.password).await;
    visitor.get("/admin/plugins/greedy").await.is(200).hides("What it used");
}

async fn what_two_hosts_count_is_one(database: Database) {
    let (server, org) = serve(&database).await;
    let second = database.serve_with(Setup { plugins: Vec::new(), ..Setup::default() }).await;
    let there = second.client(Some(&org.token));
    let _ = org.post("greedy/things", json!({ "title": "thing" })).await.is(201);
    for _ in 0..2 {
        let _ = org.post("greedy/now", json!("rows 1")).await.is(200);
    }
    let _ = there.post("greedy/now", json!("rows 5")).await.is(200);
    // Each keeps its own when it is asked, and tells of all that is kept.
    assert_eq!(sum(&figures(&there, "").await, "rows"), 5);
    let all = figures(&org, "").await;
    assert_eq!((sum(&all, "calls"), sum(&all, "rows")), (3, 7));
    server.stop().await;
    assert_eq!(sum(&figures(&there, "").await, "calls"), 3);
}
