//! Guests that misbehave, from outside: each gets its status, its problem code, its line in the log and its counter, and
//! everybody else goes on. What keeps failing for several people is set aside, alone, until somebody has it called again.

use lignaflow_testkit::plugins::{declared, hostile, shipped};
use lignaflow_testkit::{Answer, Client, Database, Method, Org, Role, Server, Setup, on_both};
use serde_json::{Value as Json, json};

on_both!(
    each_fault_has_its_status_its_code_its_line_and_its_counter,
    questions_that_nobody_could_answer_are_refused_before_they_are_asked,
    a_flood_of_lines_is_cut_and_told,
    a_plugin_whose_instances_are_all_at_work_says_so,
    records_and_files_of_another_organization_are_nothing_to_a_guest,
    a_file_that_is_cut_or_has_flipped_bits_is_refused_or_runs_and_harms_nobody,
    a_component_that_wants_giant_tables_or_memories_is_refused_or_fails_alone,
    a_descriptor_made_to_overwhelm_is_refused_quickly,
    a_plugin_too_large_to_compile_here_is_refused_with_what_it_needs,
    what_keeps_failing_for_several_people_is_set_aside_alone_and_comes_back_by_hand,
    a_hook_that_keeps_failing_is_set_aside_and_loses_nothing_that_is_typed,
    one_person_alone_sets_nothing_aside,
    a_hook_that_fails_refuses_the_write_and_keeps_what_was_typed,
    administrators_see_what_a_plugin_used_and_filter_its_log,
);

const TIGHT: fn(&mut lignaflow_server::config::Config) = |config| {
    config.plugins.each(|bounds| (bounds.cpu_ms, bounds.wall_ms, bounds.host_calls) = (2_000, 4_000, 10_000));
};

async fn serve(database: &Database, guests: &[&str]) -> (Server, Org) {
    let plugins = guests.iter().map(|id| hostile(id)).collect();
    let server = database.serve_with(Setup { plugins, config: TIGHT, ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    (server, org)
}

async fn install(api: &Client, bytes: Vec<u8>) -> Answer {
    let request = api.request(Method::POST, "plugins?grant=all").header("Content-Type", "application/wasm");
    api.send(request.body(bytes)).await
}

async fn each_fault_has_its_status_its_code_its_line_and_its_counter(database: Database) {
    let cases = [
        ("loop", "run", 504, "plugin-cpu", "used up its computing time", "cpu"),
        ("sleep", "run", 504, "plugin-timeout", "took too long", "timed-out"),
        // What the host computes on its behalf counts as its own: which of the two ends it depends on the machine.
        ("slow-host-calls", "run", 504, "plugin-", "the plugin", ""),
        ("memory", "run", 507, "plugin-out-of-memory", "used up its memory", "out-of-memory"),
        ("tables", "run", 507, "plugin-out-of-memory", "used up its memory", "out-of-memory"),
        ("recursion", "run", 502, "plugin-failed", "the plugin failed", "trapped"),
        ("panic", "run", 502, "plugin-failed", "the sky is falling", "trapped"),
        ("host-call-flood", "run", 502, "plugin-exhausted", "used up its", "exhausted"),
        ("giant-string", "argument", 502, "plugin-exhausted", "used up its bytes", "exhausted"),
        ("giant-string", "answer", 502, "plugin-exhausted", "used up its bytes", "exhausted"),
        ("bad-answer", "deep-json", 502, "plugin-bad-answer", "not JSON", "bad-answer"),
        ("bad-answer", "outside-schema", 502, "plugin-bad-answer", "is not of type", "bad-answer"),
        ("bad-answer", "doubled", 502, "plugin-bad-answer", "not valid", "bad-answer"),
        ("bad-answer", "forged-header", 502, "plugin-bad-answer", "media type", "bad-answer"),
        ("bad-answer", "no-template", 502, "plugin-bad-answer", "no template", "bad-answer"),
    ];
    let mut guests: Vec<&str> = cases.iter().map(|(guest, ..)| *guest).collect();
    guests.dedup();
    let (server, org) = serve(&database, &guests).await;
    // Its time ends before its calls do, on whatever machine.
    let short = json!({ "route": { "cpu_ms": 200, "wall_ms": 1_000, "host_calls": 1_000_000 } });
    let _ = org
        .send(org.request(Method::PUT, "plugins/slow-host-calls/bounds").header("If-Match", "*").json(&short))
        .await
        .is(200);
    for (guest, route, status, code, line, outcome) in cases {
        let told = org.act(&format!("{guest}/{route}")).await.is(status);
        assert!(told.json["code"].as_str().unwrap().starts_with(code), "{guest}: {}", told.text);
        let log = org.get(&format!("plugins/{guest}/log?level=error")).await.is(200);
        let said = log.data().iter().any(|it| it["text"].as_str().unwrap().contains(line));
        assert!(said, "{guest}: {}", log.text);
        let metrics = server.client(None).get("/metrics").await.is(200).text;
        let counted = metrics.lines().any(|counter| {
            counter.starts_with("lignaflow_plugin_calls_total")
                && counter.contains(&format!("plugin=\"{guest}\""))
                && counter.contains(&format!("outcome=\"{outcome}"))
        });
        assert!(counted, "{guest}: {outcome}");
        let _ = org.get("/health").await.is(200);
    }
    let outside = org.act("bad-answer/outside-schema").await.is_problem(502, "plugin-bad-answer");
    assert!(!outside.text.contains("a word where"), "what is not promised reaches nobody");
}

async fn questions_that_nobody_could_answer_are_refused_before_they_are_asked(database: Database) {
    let (_server, org) = serve(&database, &["predicate-bomb"]).await;
    let _ = org.make("predicate-bomb/notes", json!({ "title": "title 7" })).await;
    for route in ["doubled", "deep", "wide", "circle", "far", "words"] {
        let _ = org.act(&format!("predicate-bomb/{route}")).await.is_problem(422, "invalid");
        let _ = org.get("/health").await.is(200);
    }
    // It is the plugin's right to ask, and the answer is no fault of its code.
    let figures = org.get("plugins/predicate-bomb/figures").await.is(200);
    assert!(figures.data().iter().all(|span| span["faults"] == 0), "{}", figures.text);
}

async fn a_flood_of_lines_is_cut_and_told(database: Database) {
    let (_server, org) = serve(&database, &["log-flood"]).await;
    let bounds = json!({ "route": { "host_calls": 1_000, "log_lines": 50, "log_bytes": 100_000 } });
    let _ = org
        .send(org.request(Method::PUT, "plugins/log-flood/bounds").header("If-Match", "*").json(&bounds))
        .await
        .is(200);
    let _ = org.act("log-flood/run").await.is_problem(502, "plugin-exhausted");
    let log = org.get("plugins/log-flood/log").await.is(200);
    let texts: Vec<&str> = log.data().iter().map(|line| line["text"].as_str().unwrap()).collect();
    assert!(texts.len() < 60, "{} lines", texts.len());
    for told in ["used up its host calls", "more"] {
        assert!(texts.iter().any(|text| text.contains(told)), "{told}: {texts:?}");
    }
}

async fn a_plugin_whose_instances_are_all_at_work_says_so(database: Database) {
    let plugins = vec![hostile("sleep")];
    let config = |config: &mut lignaflow_server::config::Config| {
        config.plugins.queue_ms = 0;
        config.plugins.instances_of_one = 1;
        config.plugins.each(|bounds| bounds.wall_ms = 3_000);
        config.plugins.each(|bounds| bounds.cpu_ms = 1_000);
    };
    let server = database.serve_with(Setup { plugins, config, ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    let (first, second) = tokio::join!(org.act("sleep/run"), org.act("sleep/run"));
    let (busy, slow) = if first.status == 503 { (first, second) } else { (second, first) };
    assert_eq!(busy.is_problem(503, "plugin-busy").header("retry-after"), "1");
    let _ = slow.is_problem(504, "plugin-timeout");
    let metrics = server.client(None).get("/metrics").await.is(200).text;
    assert!(metrics.contains("outcome=\"busy\""));
    // Being busy is no fault of its code.
    let figures = org.get("plugins/sleep/figures").await.is(200);
    assert_eq!(figures.data().iter().map(|span| span["faults"].as_u64().unwrap()).sum::<u64>(), 1);
}

async fn records_and_files_of_another_organization_are_nothing_to_a_guest(database: Database) {
    let (server, org) = serve(&database, &["prying"]).await;
    let other = server.organization("Beck").await;
    let theirs = other.make("prying/notes", json!({ "title": "secret" })).await;
    let request = other.request(Method::POST, "media?name=secret.txt").header("Content-Type", "text/plain");
    let file = other.send(request.body("secret")).await.is(201).id();
    let own = org.make("prying/notes", json!({ "title": "own" })).await;
    assert!(org.act(&format!("prying/get/{own}")).await.is(200).text.contains("own"));
    assert_eq!(org.act(&format!("prying/get/{theirs}")).await.is(200).json, json!([]));
    for route in ["saved", "rewrite", "remove"] {
        let _ = org.act(&format!("prying/{route}/{theirs}")).await.is_problem(404, "not-found");
    }
    let _ = org.act(&format!("prying/hold/{file}")).await.is_problem(422, "invalid");
    let sent_on = org.act(&format!("prying/media/{file}")).await.is(303);
    let _ = org.get(sent_on.location()).await.is_problem(404, "not-found");
    assert_eq!(other.get(&format!("prying/notes/{theirs}")).await.is(200).json["title"], "secret");
    assert_eq!(org.get("prying/notes").await.is(200).data().len(), 1);
}

async fn a_file_that_is_cut_or_has_flipped_bits_is_refused_or_runs_and_harms_nobody(database: Database) {
    let (server, org) = serve(&database, &["panic"]).await;
    let whole = hostile("memory");
    for end in [0, 7, 8, 9, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
        let told = install(&org, whole[..end].to_vec()).await;
        assert!(matches!(told.status, 400 | 422), "{end}: {} {}", told.status, told.text);
    }
    for flip in 0..12 {
        let mut bytes = whole.clone();
        let at = 8 + flip * (whole.len() - 9) / 12;
        bytes[at] ^= 1 << (flip % 8);
        let told = install(&org, bytes).await;
        // What is flipped in data or a name may still be a valid component.
        assert!(matches!(told.status, 201 | 409 | 422), "byte {at}: {} {}", told.status, told.text);
        let _ = server.client(None).get("/health").await.is(200);
    }
}

/// The component with one more core module, of one section, which it instantiates.
fn with_module(component: &[u8], section_id: u8, content: &[u32]) -> Vec<u8> {
    fn leb(out: &mut Vec<u8>, mut value: u64) {
        loop {
            let low = u8::try_from(value & 0x7f).unwrap();
            value >>= 7;
            out.push(if value == 0 { low } else { low | 0x80 });
            if value == 0 {
                return;
            }
        }
    }
    fn section(out: &mut Vec<u8>, id: u8, body: &[u8]) {
        out.push(id);
        leb(out, body.len() as u64);
        out.extend_from_slice(body);
    }
    // Core modules stand in sections of the id 1, one each.
    let mut modules = 0;
    let mut at = 8;
    while at < component.len() {
        let id = component[at];
        let (mut size, mut shift) = (0_usize, 0);
        loop {
            at += 1;
            size |= usize::from(component[at] & 0x7f) << shift;
            shift += 7;
            if component[at] & 0x80 == 0 {
                break;
            }
        }
        modules += u64::from(id == 1);
        at += 1 + size;
    }
    let mut body = Vec::new();
    for number in content {
        leb(&mut body, (*number).into());
    }
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    section(&mut module, section_id, &body);
    let mut out = component.to_vec();
    section(&mut out, 1, &module);
    let mut instance = vec![1, 0];
    leb(&mut instance, modules);
    instance.push(0);
    section(&mut out, 2, &instance);
    out
}

/// A table of so many elements.
fn with_table(component: &[u8], elements: u32) -> Vec<u8> {
    with_module(component, 4, &[1, 0x70, 0, elements])
}

/// A memory of so many MiB.
fn with_memory(component: &[u8], megabytes: u32) -> Vec<u8> {
    with_module(component, 5, &[1, 0, megabytes * 16])
}

async fn a_component_that_wants_giant_tables_or_memories_is_refused_or_fails_alone(database: Database) {
    const NOTHING: &str = "prying/get/01890a5d-ac96-774b-bcce-b302099a8057";
    let (_server, org) = serve(&database, &["panic"]).await;
    let guest = hostile("prying");
    let two = with_memory(&with_memory(&guest, 1), 1);
    for (what, file) in [
        ("a table beyond all that may be granted", with_table(&guest, 200_000)),
        ("a table that nobody could have", with_table(&guest, 900_000_000)),
        ("a memory beyond all that may be granted", with_memory(&guest, 600)),
        ("three memories", two),
    ] {
        let told = install(&org, file).await;
        assert_eq!(told.status, 422, "{what}: {}", told.text);
        let _ = org.get("/health").await.is(200);
    }
    // More than is usual, and no more than may be granted: it fails until it is. Memories count together.
    for (bound, file, enough) in
        [("table_elements", with_table(&guest, 30_000), 40_000), ("memory_bytes", with_memory(&guest, 63), 80 << 20)]
    {
        let _ = install(&org, file).await.is(201);
        let _ = org.act("plugins/prying/enable").await;
        let _ = org.act(NOTHING).await.is_problem(507, "plugin-out-of-memory");
        let put = org.request(Method::PUT, "plugins/prying/bounds").header("If-Match", "*");
        let _ = org.send(put.json(&json!({ "route": { bound: enough } }))).await.is(200);
        let _ = org.act(NOTHING).await.is(200);
        let put = org.request(Method::PUT, "plugins/prying/bounds").header("If-Match", "*");
        let _ = org.send(put.json(&json!({}))).await.is(200);
    }
}

async fn a_descriptor_made_to_overwhelm_is_refused_quickly(database: Database) {
    let (_server, org) = serve(&database, &["panic"]).await;
    let head = "id = \"bomb\"\nversion = \"0.1.0\"\ntitle = \"Bomb\"\napi = \"0.1\"\n";
    let collection = |number: usize| {
        format!(
            "[[collections]]\nname = \"c{number}\"\ntitle = {{ one = \"C\", many = \"Cs\" }}\ndisplay = \"t\"\n\
             [collections.fields]\nt = {{ type = \"text\" }}\n"
        )
    };
    let rule = |depth: usize| {
        let rule = format!("{}t is null{}", "(".repeat(depth), ")".repeat(depth));
        format!(
            "{head}{}checks = [{{ rule = \"{rule}\", message = \"m\" }}]\n",
            collection(0).replace("[collections.fields]", "#")
        )
    };
    let bombs = [
        format!("{head}deep = {}{}\n", "[".repeat(20_000), "]".repeat(20_000)),
        format!("{head}{}\n", "a.".repeat(20_000) + "a = 1"),
        format!("{head}{}", (0..2_000).map(collection).collect::<String>()),
        format!("{head}title_again = \"{}\"\n", "x".repeat(2_000_000)),
        format!("{head}{}", "[".repeat(50_000)),
        rule(10_000),
        "\u{0}".repeat(10_000),
    ];
    for (number, bomb) in bombs.iter().enumerate() {
        let told = install(&org, declared(bomb)).await;
        assert_eq!(told.status, 422, "bomb {number}: {}", &told.text[..told.text.len().min(300)]);
        assert!(told.text.len() < 100_000, "bomb {number} is answered with {} bytes", told.text.len());
        let _ = org.get("/health").await.is(200);
    }
}

async fn a_plugin_too_large_to_compile_here_is_refused_with_what_it_needs(database: Database) {
    let config: fn(&mut lignaflow_server::config::Config) = |config| config.plugins.compile_memory_bytes = 64 << 20;
    let server = database.serve_with(Setup { plugins: Vec::new(), config, ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    // Another file than the one that was compiled before: a section more, of 60,005 bytes, which means nothing.
    let mut large = shipped("projects");
    large.extend(b"\0\xe5\xd4\x03\x04more");
    large.resize(large.len() + 60_000, 0);
    let needs = 32 + (large.len() * 40).div_ceil(1 << 20);
    assert!(needs > 64, "{} bytes", large.len());
    let told = install(&org, large).await.is_problem(422, "invalid");
    let numbers = format!("{needs} MiB");
    assert!(told.text.contains(&numbers) && told.text.contains("64 MiB"), "{numbers}: {}", told.text);
    let _ = org.get("/health").await.is(200);
}

async fn fail(clients: &[&Client], path: &str, times: usize) {
    for _ in 0..times {
        for client in clients {
            let _ = client.act(path).await.is(502);
        }
    }
}

/// The part of a plugin that is set aside, once it is kept so.
async fn set_aside(org: &Org, plugin: &str) -> Json {
    loop {
        let plugins = org.get("plugins").await.is(200);
        let known = plugins.data().iter().find(|known| known["id"] == plugin).unwrap();
        if let Some(part) = known["set_aside"].as_array().unwrap().first() {
            return part.clone();
        }
        tokio::task::yield_now().await;
    }
}

async fn what_keeps_failing_for_several_people_is_set_aside_alone_and_comes_back_by_hand(database: Database) {
    let (server, org) = serve(&database, &["panic"]).await;
    let (_, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let (_, _, ben) = server.member(&org, "Ben", Role::Member).await;
    fail(&[&org.api, &mia, &ben], "panic/run", 3).await;
    fail(&[&org.api], "panic/run", 1).await;
    let told = mia.act("panic/run").await.is_problem(503, "plugin-set-aside");
    assert!(told.json["detail"].as_str().unwrap().contains("set aside"), "{}", told.text);
    // It alone: another route of the same plugin, and its hook, are called as before.
    let _ = mia.act("panic/exit").await.is_problem(502, "plugin-failed");
    let _ = org.post("panic/notes", json!({ "title": "a" })).await.is_problem(502, "plugin-failed");
    let part = set_aside(&org, "panic").await;
    assert_eq!(
        (&part["kind"], &part["name"], &part["fault"]),
        (&json!("route"), &json!("run"), &json!("the plugin failed"))
    );
    assert_eq!(part["everywhere"], false);
    let plugins = org.get("plugins").await.is(200);
    assert!(plugins.data().iter().any(|plugin| plugin["id"] == "panic" && plugin["enabled"] == true), "it stays on");
    // Those who did not meet it are called for, and do not hear of it, until several of them do.
    let others = server.organization("Tran").await;
    let _ = others.act("panic/run").await.is_problem(502, "plugin-failed");
    let heard = others.get("plugins").await.is(200);
    assert!(heard.data().iter().all(|it| it["set_aside"].as_array().unwrap().is_empty()), "{}", heard.text);

    let visitor = server.signed_in(&org).await;
    visitor.get("/admin/plugins/panic").await.is(200).shows("Its route `run`").shows("call-again");
    let notices = org.get("notices").await.is(200);
    assert!(notices.text.contains("Panic: route run is set aside"), "{}", notices.text);
    let _ =
        mia.post("plugins/panic/call-again", json!({ "kind": "route", "name": "run" })).await.is_problem(403, "denied");
    let _ = org
        .post("plugins/panic/call-again", json!({ "kind": "route", "name": "none" }))
        .await
        .is_problem(409, "conflict");
    let page = visitor.post("/admin/plugins/panic/call-again", &[("kind", "route"), ("name", "run")]).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let _ = mia.act("panic/run").await.is_problem(502, "plugin-failed");
    visitor.get("/admin/plugins").await.is(200).shows("set run of Panic aside").shows("had run of Panic called again");
}

async fn a_hook_that_keeps_failing_is_set_aside_and_loses_nothing_that_is_typed(database: Database) {
    let (server, org) = serve(&database, &["panic"]).await;
    let (_, _, mia) = server.member(&org, "Mia", Role::Admin).await;
    let (_, _, ben) = server.member(&org, "Ben", Role::Admin).await;
    for client in [&org.api, &mia, &ben, &org.api, &mia, &ben, &org.api, &mia, &ben, &org.api] {
        let _ = client.post("panic/notes", json!({ "title": "a" })).await.is_problem(502, "plugin-failed");
    }
    let _ = mia.post("panic/notes", json!({ "title": "a" })).await.is_problem(503, "plugin-set-aside");
    let typed = "Measured twice, and not to be typed again";
    let visitor = server.signed_in(&org).await;
    let page = visitor.post("/panic/notes", &[("title", typed)]).await;
    assert_eq!(page.status, 503);
    page.shows(typed);
    assert!(org.get("panic/notes").await.is(200).data().is_empty(), "nothing is kept that was not looked at");
    let _ = org.act("panic/run").await.is_problem(502, "plugin-failed");
    assert_eq!(set_aside(&org, "panic").await["name"], "before-save");
    let again = json!({ "kind": "before-save", "name": "before-save" });
    let _ = org.post("plugins/panic/call-again", again).await.is(204);
    let _ = mia.post("panic/notes", json!({ "title": "a" })).await.is_problem(502, "plugin-failed");
}

async fn one_person_alone_sets_nothing_aside(database: Database) {
    let (_server, org) = serve(&database, &["panic"]).await;
    fail(&[&org.api], "panic/run", 30).await;
}

async fn a_hook_that_fails_refuses_the_write_and_keeps_what_was_typed(database: Database) {
    let (server, org) = serve(&database, &["panic"]).await;
    let visitor = server.signed_in(&org).await;
    let typed = "Measured twice, and not to be typed again";
    let page = visitor.post("/panic/notes", &[("title", typed)]).await;
    assert_eq!(page.status, 502);
    page.shows(typed);
    assert!(org.get("panic/notes").await.is(200).data().is_empty());
}

async fn administrators_see_what_a_plugin_used_and_filter_its_log(database: Database) {
    let plugins = vec![hostile("panic"), hostile("log-flood"), shipped("projects")];
    let server = database.serve_with(Setup { plugins, config: TIGHT, ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    for _ in 0..3 {
        let _ = org.act("panic/run").await.is(502);
    }
    let figures = org.get("plugins/panic/figures").await.is(200);
    let sum = |name: &str| figures.data().iter().map(|span| span[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("calls"), sum("faults")), (3, 3));
    assert!(
        figures.data().iter().any(|span| span["p99_ms"].as_f64().is_some() && span["memory_bytes"].as_u64() > Some(0))
    );
    let lines = async |query: &str| org.get(&format!("plugins/panic/log{query}")).await.is(200).data().len();
    let all = lines("").await;
    assert!(lines("?level=error").await <= all && lines("?q=sky").await < all);
    assert_eq!((lines("?call=before-save").await, lines("?q=nothing%20like%20that").await), (0, 0));
    let _ = org.get("plugins/panic/log?level=loud").await.is_problem(422, "invalid");
    let visitor = server.signed_in(&org).await;
    visitor
        .get("/admin/plugins/panic?level=error&q=sky")
        .await
        .is(200)
        .shows("3 calls, 3 faults")
        .shows("the sky is falling");
    visitor.get("/admin/plugins/panic?q=elsewhere").await.is(200).shows("It has logged nothing like that here.");
    let metrics = server.client(None).get("/metrics").await.is(200).text;
    for name in ["lignaflow_plugin_cpu_seconds", "lignaflow_plugin_memory_bytes", "lignaflow_plugin_rows_total"] {
        assert!(metrics.contains(name), "{name}");
    }
    // Time is told finer than a millisecond, and memory in bytes.
    for bucket in ["lignaflow_plugin_call_duration_seconds_bucket", "lignaflow_plugin_memory_bytes_bucket"] {
        let of_panic = |line: &&str| line.starts_with(bucket) && line.contains("plugin=\"panic\"");
        let edges: Vec<&str> = metrics.lines().filter(of_panic).filter_map(|line| line.split("le=\"").nth(1)).collect();
        let finest = if bucket.contains("memory") { "1048576" } else { "0.00001" };
        assert!(edges.iter().any(|edge| edge.starts_with(finest)), "{bucket}: {edges:?}");
    }
    let _: Json = figures.json;
}
