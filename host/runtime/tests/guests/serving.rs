//! A guest that behaves: what reaches it, what it reads, and what comes of its answers.

use crate::support::{
    FakeReads, Gate, NOW, asked, assert_logged, call, engine, guest, id, json, load, load_allowed, load_within,
    request, roomy,
};
use lignaflow_core::ErrorCode;
use lignaflow_core::allowance::Allowance;
use lignaflow_core::descriptor::{Capability, ChangeKind, Grants};
use lignaflow_core::guest::{CallFault, Guest, HookChange, Payload, RouteRequest};
use lignaflow_core::mutation::{Fields, Mutation, Origin};
use lignaflow_core::query::{Authority, Operator, Predicate};
use lignaflow_core::value::Value;
use std::sync::Arc;

fn with(route: &str, name: &str, value: &str) -> RouteRequest {
    RouteRequest { parameters: vec![(name.to_owned(), value.to_owned())], ..request(route) }
}

fn change(kind: ChangeKind, title: &str) -> HookChange {
    let fields = Fields::from_iter([("title".to_owned(), Value::Text(title.to_owned()))]);
    HookChange {
        collection: "notes".to_owned(),
        kind,
        id: id(9),
        transition: None,
        origin: Origin::Page,
        before: if kind == ChangeKind::Insert { Fields::new() } else { fields.clone() },
        after: if kind == ChangeKind::Remove { Fields::new() } else { fields },
        related: Fields::new(),
    }
}

#[tokio::test]
async fn a_route_reads_records_and_answers() {
    let reads = Arc::new(FakeReads::default());
    let reply = load("honest").handle(reads.clone(), request("titles")).await;
    assert_eq!(json(reply), r#"["second", "first"]"#);
    // The flat tree of the guest has reached the host as a tree.
    let not_null = Predicate::Not(Box::new(Predicate::IsNull("title".into())));
    let not_secret =
        Predicate::Compare { path: "title".into(), operator: Operator::NotEqual, value: Value::Text("secret".into()) };
    let expected = format!("filter: {:?}", Predicate::All(vec![not_null, not_secret]));
    let question = reads.asked.lock().unwrap().remove(0);
    assert!(question.contains(&expected) && question.contains("authority: Plugin"), "{question}");
}

#[tokio::test]
async fn one_record_is_read_by_its_id_and_nonsense_is_told() {
    let plugin = load("honest");
    let one = |value: String| {
        let plugin = plugin.clone();
        async move { plugin.handle(Arc::new(FakeReads::default()), with("one", "id", &value)).await }
    };
    assert_eq!(json(one(id(9).to_string()).await), "\"nine\"");
    assert_eq!(json(one(id(8).to_string()).await), "null");
    let Err(CallFault::Refused(fault)) = one("nine".to_owned()).await else { panic!() };
    assert_eq!((fault.code, fault.issues[0].path.as_str()), (ErrorCode::Invalid, "/id"));
}

#[tokio::test]
async fn records_are_summarized() {
    assert_eq!(json(call(&load("honest"), "count").await), "2");
}

#[tokio::test]
async fn facts_about_the_caller_and_time_are_the_requests_own() {
    let reply = json(call(&load("honest"), "facts").await);
    assert_eq!(reply, format!(r#"["person", "en-AU", "AUD", ["honest.read"], {NOW}, true]"#));
}

#[tokio::test]
async fn people_are_found_and_nobody_is_nobody() {
    assert_eq!(json(call(&load("honest"), "folk").await), r#"[1, "Mia Chen", true]"#);
}

#[tokio::test]
async fn the_calendar_is_the_hosts() {
    let plugin = load("honest");
    let clock = |zone: &'static str| {
        let plugin = plugin.clone();
        async move { json(plugin.handle(Arc::new(FakeReads::default()), with("clock", "zone", zone)).await) }
    };
    assert_eq!(clock("Australia/Sydney").await, "[20787, 43200, 39600, 1796000400000000]");
    assert_eq!(clock("Mars/Base").await, "\"there is no time zone `Mars/Base`\"");
}

#[tokio::test]
async fn a_route_returns_what_it_wants_written() {
    let body = "Küche".as_bytes().to_vec();
    let reply = load("honest").handle(Arc::new(FakeReads::default()), RouteRequest { body, ..request("copy") }).await;
    let reply = reply.unwrap();
    assert_eq!(reply.status, 201);
    let Payload::Saved(collection, saved) = reply.payload else { panic!() };
    assert_eq!(collection, "notes");
    assert!(saved.is_v7());
    let [Mutation::Insert { id, fields, .. }, Mutation::EnsureSome { fault, .. }] = &reply.writes[..] else { panic!() };
    assert_eq!(*id, saved);
    assert_eq!(fields["title"], Value::Text("Küche".to_owned()));
    assert_eq!((fault.code, fault.message.as_str()), (ErrorCode::Conflict, "It is there already."));
}

#[tokio::test]
async fn a_route_may_leave_the_answer_to_the_host() {
    let reply = call(&load("honest"), "notes-as-they-are").await.unwrap();
    let Payload::Found(selection) = reply.payload else { panic!() };
    assert_eq!((selection.collection.as_str(), selection.limit, selection.authority), ("notes", 50, Authority::Plugin));
}

#[tokio::test]
async fn a_refusal_reaches_the_caller_in_the_guests_words() {
    let plugin = load("honest");
    let Err(CallFault::Refused(fault)) = call(&plugin, "refuse").await else { panic!() };
    assert_eq!((fault.code, fault.message.as_str()), (ErrorCode::Locked, "Not today."));
    assert_eq!(fault.issues[0].path, "/title");
    assert_eq!(plugin.log(), []);
}

#[tokio::test]
async fn a_route_that_is_not_declared_has_no_code() {
    assert_eq!(call(&load("honest"), "backdoor").await, Err(CallFault::NoCode));
}

#[tokio::test]
async fn a_hook_looks_at_all_changes_at_once() {
    let plugin = load("honest");
    let changes =
        vec![change(ChangeKind::Insert, " a "), change(ChangeKind::Remove, "b"), change(ChangeKind::Update, "c")];
    let verdict = plugin.before_save(Arc::new(FakeReads::default()), changes).await.unwrap();
    let set: Vec<_> = verdict.set.iter().map(|(index, fields)| (*index, fields["title"].clone())).collect();
    assert_eq!(set, [(0, Value::Text("a".to_owned())), (2, Value::Text("c".to_owned()))]);
    assert_logged(&plugin, "looked at changes count=3");
    assert_eq!(&*plugin.log()[0].call, "before-save");
}

#[tokio::test]
async fn a_hooks_refusal_names_the_change() {
    let changes = vec![change(ChangeKind::Insert, "a"), change(ChangeKind::Insert, "forbidden")];
    let refused = load("honest").before_save(Arc::new(FakeReads::default()), changes).await;
    let Err(CallFault::Refused(fault)) = refused else { panic!() };
    assert_eq!((fault.code, fault.issues[0].path.as_str()), (ErrorCode::Invalid, "/1/title"));
}

#[tokio::test]
async fn another_plugins_records_take_a_grant_at_each_call() {
    let plugin = load("honest");
    assert_eq!(json(call(&plugin, "foreign").await), r#"["second", "first"]"#);
    plugin.set_grants(Grants { read: Vec::new(), ..(*plugin.grants()).clone() });
    let Err(CallFault::Refused(fault)) = call(&plugin, "foreign").await else { panic!() };
    assert_eq!(
        (fault.code, fault.message.as_str()),
        (ErrorCode::Denied, "The plugin honest may not read other/things.")
    );
    assert_eq!(json(call(&plugin, "titles").await), r#"["second", "first"]"#);
}

#[tokio::test]
async fn a_grant_that_is_revoked_while_a_call_runs_ends_it() {
    let plugin = load("honest");
    let gate = Gate::closed();
    let reads = Arc::new(FakeReads::behind(&gate));
    let running = tokio::spawn({
        let plugin = plugin.clone();
        async move { plugin.handle(reads, request("folk")).await }
    });
    gate.reached().await;
    plugin.set_grants(Grants { interfaces: vec![Capability::Records], ..(*plugin.grants()).clone() });
    gate.open.add_permits(100);
    assert_eq!(running.await.unwrap(), Err(CallFault::NotGranted("interface people".to_owned())));
}

#[tokio::test]
async fn more_calls_than_instances_are_told_to_come_back() {
    let plugin = load_allowed("honest", &Allowance { instances: 1, queue_ms: 0, ..roomy() });
    let gate = Gate::closed();
    let reads = Arc::new(FakeReads::behind(&gate));
    let running = tokio::spawn({
        let plugin = plugin.clone();
        async move { plugin.handle(reads, request("titles")).await }
    });
    gate.reached().await;
    assert_eq!(call(&plugin, "hello").await, Err(CallFault::Busy));
    gate.open.add_permits(1);
    running.await.unwrap().unwrap();
    assert_eq!(json(call(&plugin, "hello").await), "\"hello\"");
}

#[tokio::test]
async fn a_call_that_waits_for_its_turn_gets_it() {
    let plugin = load_allowed("honest", &Allowance { instances: 1, queue_ms: 60_000, ..roomy() });
    let gate = Gate::closed();
    let reads = Arc::new(FakeReads::behind(&gate));
    let first = plugin.handle(reads, request("titles"));
    let second = async {
        gate.reached().await;
        tokio::join!(call(&plugin, "hello"), async { gate.open.add_permits(1) }).0
    };
    let (first, second) = tokio::join!(first, second);
    first.unwrap();
    assert_eq!(json(second), "\"hello\"");
}

#[tokio::test]
async fn a_slow_database_is_not_the_guests_computing_time() {
    let plugin = load_within("honest", |bounds| bounds.cpu_ms = 200);
    let gate = Gate::closed();
    let reads = Arc::new(FakeReads::behind(&gate));
    let slow = async {
        gate.reached().await;
        // Another guest computes for longer than the waiting one may.
        let looping = load_within("loop", |bounds| bounds.cpu_ms = 400);
        assert_eq!(call(&looping, "run").await, Err(CallFault::CpuExhausted));
        gate.open.add_permits(1);
    };
    let (reply, ()) = tokio::join!(plugin.handle(reads, request("titles")), slow);
    assert_eq!(json(reply), r#"["second", "first"]"#);
}

#[tokio::test]
async fn a_caller_who_leaves_takes_the_instance_along() {
    let plugin = load_allowed("honest", &Allowance { instances: 1, queue_ms: 0, ..roomy() });
    let gate = Gate::closed();
    let running = tokio::spawn({
        let (plugin, reads) = (plugin.clone(), Arc::new(FakeReads::behind(&gate)));
        async move { plugin.handle(reads, request("titles")).await }
    });
    gate.reached().await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert_eq!(json(call(&plugin, "hello").await), "\"hello\"");
}

#[tokio::test]
async fn a_thousand_calls_at_once_are_all_answered() {
    let bytes = guest("honest");
    let plugin = engine().load(&bytes, &asked(&bytes), &Allowance { queue_ms: 60_000, ..roomy() });
    let plugin = plugin.unwrap();
    let calls: Vec<_> = (0..1000)
        .map(|_| {
            let plugin = plugin.clone();
            tokio::spawn(async move { json(call(&plugin, "titles").await) })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), r#"["second", "first"]"#);
    }
}
