//! Each guest that misbehaves gets the fault that names what it did, and the host goes on.

use crate::support::{FakeReads, assert_alive, assert_logged, call, id, json, load, load_within};
use lignaflow_core::allowance::Bounds;
use lignaflow_core::descriptor::ChangeKind;
use lignaflow_core::guest::{CallFault, Guest, HookChange};
use lignaflow_core::mutation::{Fields, Origin};
use lignaflow_core::value::Value;
use lignaflow_runtime::{Level, LoadedPlugin};
use std::sync::Arc;

fn insertion(title: &str) -> HookChange {
    HookChange {
        collection: "notes".to_owned(),
        kind: ChangeKind::Insert,
        id: id(9),
        transition: None,
        origin: Origin::Api,
        before: Fields::new(),
        after: Fields::from_iter([("title".to_owned(), Value::Text(title.to_owned()))]),
        related: Fields::new(),
    }
}

async fn save(plugin: &LoadedPlugin, title: &str) -> CallFault {
    plugin.before_save(Arc::new(FakeReads::default()), vec![insertion(title)]).await.unwrap_err()
}

async fn bad_answer(route: &str) -> String {
    match call(&load("bad-answer"), route).await {
        Err(CallFault::BadAnswer(what)) => what,
        other => panic!("{route}: {other:?}"),
    }
}

#[tokio::test]
async fn a_loop_runs_out_of_computing_time() {
    let plugin = load_within("loop", |bounds| bounds.cpu_ms = 50);
    assert_eq!(call(&plugin, "run").await, Err(CallFault::CpuExhausted));
    assert_eq!(save(&plugin, "a").await, CallFault::CpuExhausted);
    assert_logged(&plugin, "used up its computing time");
    assert_alive().await;
}

#[tokio::test]
async fn a_loop_lets_others_have_their_turn() {
    // One thread for all: without yielding, nobody else would be heard until the loop's time is up.
    let looping = load_within("loop", |bounds| bounds.cpu_ms = 600_000);
    let honest = load("honest");
    tokio::select! {
        outcome = call(&looping, "run") => panic!("{outcome:?}"),
        reply = call(&honest, "titles") => assert_eq!(json(reply), r#"["second", "first"]"#),
    }
    assert_alive().await;
}

#[tokio::test]
async fn sleeping_takes_too_long_and_no_computing_time() {
    let plugin = load_within("sleep", |bounds| bounds.wall_ms = 100);
    assert_eq!(call(&plugin, "run").await, Err(CallFault::TimedOut));
    assert_logged(&plugin, "took too long");
    assert_alive().await;
}

#[tokio::test]
async fn memory_has_an_end() {
    let plugin = load("memory");
    assert_eq!(call(&plugin, "run").await, Err(CallFault::OutOfMemory));
    assert_logged(&plugin, "used up its memory");
    assert_alive().await;
}

#[tokio::test]
async fn a_guest_may_live_with_being_refused_memory() {
    assert_eq!(json(call(&load("memory"), "once").await), "\"refused\"");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_comes_back() {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
    };
    let plugin = load("memory");
    assert_eq!(call(&plugin, "run").await, Err(CallFault::OutOfMemory));
    let before = resident();
    for _ in 0..40 {
        assert_eq!(call(&plugin, "run").await, Err(CallFault::OutOfMemory));
    }
    let after = resident();
    // They took 2.5 GiB; what the pool keeps warm is bounded, and other tests run beside this one.
    assert!(after.saturating_sub(before) < 512 << 20, "{before} {after}");
}

#[tokio::test]
async fn recursion_has_an_end() {
    let plugin = load("recursion");
    assert_eq!(call(&plugin, "run").await, Err(CallFault::Trapped));
    assert_alive().await;
}

#[tokio::test]
async fn a_panic_is_told_to_its_author_and_not_to_the_caller() {
    let plugin = load("panic");
    let fault = call(&plugin, "run").await.unwrap_err();
    assert_eq!(fault, CallFault::Trapped);
    assert_eq!(fault.to_string(), "the plugin failed");
    assert_logged(&plugin, "the sky is falling");
    assert_eq!(save(&plugin, "a").await, CallFault::Trapped);
    assert_logged(&plugin, "the sky is falling on a save");
    let line = plugin.log().into_iter().find(|line| line.text.contains("the sky")).unwrap();
    assert_eq!((line.level, &*line.call, line.request.0), (Level::Error, "route run", id(3)));
    assert_alive().await;
}

#[tokio::test]
async fn ending_the_process_ends_the_guest_alone() {
    let plugin = load("panic");
    assert_eq!(call(&plugin, "exit").await, Err(CallFault::Trapped));
    assert_alive().await;
}

#[tokio::test]
async fn a_giant_string_is_not_taken() {
    let plugin = load("giant-string");
    assert_eq!(call(&plugin, "argument").await, Err(CallFault::Exhausted("bytes")));
    assert_eq!(call(&plugin, "answer").await, Err(CallFault::Exhausted("bytes")));
    assert_alive().await;
}

#[tokio::test]
async fn host_calls_are_counted() {
    assert_eq!(call(&load("host-call-flood"), "run").await, Err(CallFault::Exhausted("host calls")));
    assert_alive().await;
}

#[tokio::test]
async fn rows_are_counted() {
    let plugin = load_within("honest", |bounds| bounds.rows = 5_000);
    assert_eq!(call(&plugin, "all-of-them").await, Err(CallFault::Exhausted("rows")));
    let plugin = load_within("honest", |bounds| bounds.bytes_in = 1 << 20);
    assert_eq!(call(&plugin, "all-of-them").await, Err(CallFault::Exhausted("bytes")));
}

#[tokio::test]
async fn a_flood_of_lines_is_cut_and_does_no_harm() {
    let plugin = load("log-flood");
    assert_eq!(json(call(&plugin, "run").await), "\"said\"");
    let lines = plugin.log();
    let bytes: usize = lines.iter().map(|line| line.text.len()).sum();
    assert!(lines.len() <= 201 && bytes <= 70_000, "{} lines, {bytes} bytes", lines.len());
    assert!(lines.last().unwrap().text.ends_with("more lines of this call were dropped"));
    assert_alive().await;
}

#[tokio::test]
async fn answers_that_the_contract_does_not_allow_are_told_with_their_place() {
    for (route, place) in [
        ("bad-id", "/writes/0/id: `../../etc/passwd` is not an id"),
        ("not-a-tree", "/writes/0/where/0: its child 0 does not stand after it"),
        ("doubled", "/writes/0/where/0: its child 1 has another parent"),
        ("bad-decimal", "/writes/0/fields/title: `12,5` is not a decimal that can be held exactly"),
        ("bad-currency", "/writes/0/fields/title: `dollars` is not a currency"),
        ("bad-date", "/writes/0/fields/title: day -2147483648 lies outside the years 1 to 9999"),
        ("twice", "/writes/0/fields/title: is given twice"),
        ("bad-status", "/status: 999 does not tell success"),
        ("forged-header", "/payload: \"text/plain\\r\\nSet-Cookie: admin=1\" is not a media type"),
        ("page", "/payload: text/html is what a browser runs"),
        ("not-json", "/payload: not JSON"),
        ("bad-collection", "`notes; drop table notes` is not a name"),
        ("get-that-writes", "a GET changes nothing"),
    ] {
        let what = bad_answer(route).await;
        assert!(what.starts_with(place), "{route}: {what}");
    }
    assert_alive().await;
}

#[tokio::test]
async fn a_bad_answer_is_in_the_log() {
    let plugin = load("bad-answer");
    call(&plugin, "bad-id").await.unwrap_err();
    assert_logged(&plugin, "the plugin's answer is not valid: /writes/0/id");
}

#[tokio::test]
async fn what_was_not_granted_is_not_written_read_or_answered_with() {
    let plugin = load("bad-answer");
    for (route, what) in [
        ("foreign-write", "write projects/tasks"),
        ("foreign-guard", "read projects/tasks"),
        ("foreign-answer", "read projects/tasks"),
    ] {
        assert_eq!(call(&plugin, route).await, Err(CallFault::NotGranted(what.to_owned())), "{route}");
    }
    assert_eq!(call(&plugin, "too-many-writes").await, Err(CallFault::Exhausted("writes")));
}

#[tokio::test]
async fn a_verdict_speaks_of_the_changes_and_of_its_own_records() {
    let plugin = load("bad-answer");
    let fault = save(&plugin, "anything").await;
    assert_eq!(fault, CallFault::BadAnswer("/set/4294967295: there are 1 changes".to_owned()));
    let fault = save(&plugin, "foreign").await;
    assert_eq!(fault, CallFault::BadAnswer("it changes its own plugin's records, not projects/tasks".to_owned()));
}

#[tokio::test]
async fn a_storm_of_all_of_them_leaves_the_host_alive() {
    let tight = |bounds: &mut Bounds| (bounds.cpu_ms, bounds.wall_ms, bounds.memory_bytes) = (20, 500, 8 << 20);
    let plugins: Vec<_> = ["loop", "sleep", "memory", "recursion", "panic", "host-call-flood"]
        .iter()
        .map(|id| load_within(id, tight))
        .collect();
    let calls: Vec<_> = (0..48)
        .map(|number| {
            let plugin = plugins[number % plugins.len()].clone();
            tokio::spawn(async move { call(&plugin, "run").await.unwrap_err() })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert_alive().await;
}
