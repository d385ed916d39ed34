//! Each class of call has bounds of its own, and each of them holds: what is beyond ends the call with its fault, and what
//! is within does not; what another class may is no matter.

use crate::support::{FakeReads, asked, engine, guest, id, load_allowed, request, roomy};
use lignaflow_core::allowance::{Allowance, Bound, Class, PluginBounds};
use lignaflow_core::descriptor::{ChangeKind, Grants};
use lignaflow_core::guest::{
    CallFault, Event, EventKind, FormerRecord, Guest, HookChange, JobCall, Portion, RouteRequest,
};
use lignaflow_core::mutation::{Fields, Origin};
use lignaflow_core::value::Value;
use lignaflow_runtime::LoadedPlugin;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A bound, what it is set to, what is beyond it and what is within, and the fault.
const CASES: [(Bound, u64, &str, &str, CallFault); 8] = [
    (Bound::CpuMs, 200, "cpu 60000", "cpu 0", CallFault::CpuExhausted),
    (Bound::WallMs, 1_000, "wall 60000", "wall 0", CallFault::TimedOut),
    (Bound::MemoryBytes, 8 << 20, "memory 16", "memory 1", CallFault::OutOfMemory),
    (Bound::HostCalls, 20, "calls 40", "calls 5", CallFault::Exhausted("host calls")),
    (Bound::Rows, 10, "rows 20", "rows 2", CallFault::Exhausted("rows")),
    (Bound::BytesIn, 1_024, "rows 400", "rows 2", CallFault::Exhausted("bytes")),
    (Bound::BytesOut, 16 << 10, "out 64", "out 1", CallFault::Exhausted("bytes")),
    (Bound::Writes, 10, "writes 20", "writes 3", CallFault::Exhausted("writes")),
];

fn greedy(allowance: &Allowance) -> Arc<LoadedPlugin> {
    let bytes = guest("greedy");
    let granted = Grants { bounds: PluginBounds::default(), ..asked(&bytes) };
    engine().load(&bytes, &granted, allowance).unwrap()
}

fn alone(class: Class, bound: Bound, value: u64) -> PluginBounds {
    let mut bounds = PluginBounds::default();
    bounds.set(Some((class, bound)), Some(value));
    bounds
}

fn title(what: &str) -> Fields {
    [("title".to_owned(), Value::Text(what.to_owned()))].into_iter().collect()
}

fn route(what: &str) -> RouteRequest {
    RouteRequest { body: serde_json::to_vec(what).unwrap(), ..request("now") }
}

/// Has the plugin do something in a call of a class.
async fn take(plugin: &Arc<LoadedPlugin>, class: Class, what: &str) -> Result<(), CallFault> {
    take_for(plugin, class, what, 1).await
}

/// The same for somebody of an organization.
async fn take_for(plugin: &Arc<LoadedPlugin>, class: Class, what: &str, organization: u8) -> Result<(), CallFault> {
    let reads = Arc::new(FakeReads::default().of(organization));
    match class {
        Class::Hook => {
            let change = HookChange {
                collection: "notes".to_owned(),
                kind: ChangeKind::Insert,
                id: id(5),
                transition: None,
                origin: Origin::Api,
                before: Fields::new(),
                after: title(what),
                related: Fields::new(),
            };
            plugin.before_save(reads, vec![change]).await.map(|_| ())
        }
        Class::Route => plugin.handle(reads, route(what)).await.map(|_| ()),
        Class::Job => {
            let payload = serde_json::to_string(what).unwrap();
            plugin.run(reads, JobCall { job: "take".to_owned(), payload, cursor: None, attempt: 1 }).await.map(|_| ())
        }
        Class::Subscriber => {
            let event = Event {
                sequence: 1,
                at: 0,
                collection: "heard".to_owned(),
                id: id(5),
                version: 1,
                kind: EventKind::Insert,
                transition: None,
                person: None,
                before: Fields::new(),
                after: title(what),
            };
            plugin.receive(reads, vec![event]).await.map(|_| ())
        }
        Class::Service => {
            let caller = load_allowed("leaning", &roomy());
            let reads = Arc::new(FakeReads::served_by(plugin.clone()).of(organization));
            let asked = RouteRequest { route: "ask".to_owned(), ..route(what) };
            let outcome = caller.handle(reads.clone(), asked).await.map(|_| ());
            // What the service failed with, rather than what its caller made of it.
            let failed = reads.failed.lock().unwrap().take();
            failed.map_or(outcome, Err)
        }
        Class::Migration => {
            let record = FormerRecord { id: id(5), version: 1, archived: false, fields: title(what) };
            let portion = Portion {
                from_version: "0.1.0".to_owned(),
                to_version: "0.2.0".to_owned(),
                collection: "heard".to_owned(),
                records: vec![record],
            };
            plugin.migrate(reads, portion).await.map(|_| ())
        }
    }
}

#[tokio::test]
async fn each_bound_holds_for_each_class_of_call() {
    for class in Class::ALL {
        for (bound, value, beyond, within, fault) in CASES {
            let plugin = greedy(&roomy().with(&alone(class, bound, value)));
            assert_eq!(take(&plugin, class, beyond).await, Err(fault), "{class:?} {bound:?}");
            assert_eq!(take(&plugin, class, within).await, Ok(()), "{class:?} {bound:?}");
        }
    }
}

#[tokio::test]
async fn tables_are_as_large_as_the_class_of_call_may_have_them() {
    let bytes = guest("tables");
    let tables =
        |bounds: &PluginBounds| engine().load(&bytes, &asked(&bytes), &Allowance::default().with(bounds)).unwrap();
    let usual = tables(&PluginBounds::default());
    assert_eq!(
        usual.handle(Arc::new(FakeReads::default()), request("run")).await.map(|_| ()),
        Err(CallFault::OutOfMemory)
    );
    let larger = tables(&alone(Class::Route, Bound::TableElements, 40_000));
    assert_eq!(larger.handle(Arc::new(FakeReads::default()), request("run")).await.map(|_| ()), Ok(()));
    let elsewhere = tables(&alone(Class::Job, Bound::TableElements, 40_000));
    let told = elsewhere.handle(Arc::new(FakeReads::default()), request("run")).await.map(|_| ());
    assert_eq!(told, Err(CallFault::OutOfMemory));
}

#[tokio::test]
async fn services_are_called_as_deep_as_the_class_of_call_may() {
    for (depth, allowed) in [(0, false), (1, true)] {
        let caller = load_allowed("leaning", &roomy().with(&alone(Class::Route, Bound::ServiceDepth, depth)));
        let reads = Arc::new(FakeReads::served_by(greedy(&roomy())));
        let asked = RouteRequest { route: "ask".to_owned(), ..route("rows 2") };
        let outcome = caller.handle(reads, asked).await;
        assert_eq!(outcome.is_ok(), allowed, "{depth}: {outcome:?}");
        if let Err(fault) = outcome {
            assert!(
                matches!(&fault, CallFault::Refused(fault) if fault.message.contains("`service_depth`")),
                "{fault:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_one_class_may_is_no_matter_to_another() {
    let (limited, other) = (Class::Job, Class::Route);
    for (bound, value, beyond, _, _) in CASES {
        // By the clock it would take as long as it takes.
        if !matches!(bound, Bound::CpuMs | Bound::WallMs) {
            let plugin = greedy(&roomy().with(&alone(limited, bound, value)));
            assert_eq!(take(&plugin, other, beyond).await, Ok(()), "{bound:?}");
        }
    }
}

#[tokio::test]
async fn lines_beyond_what_may_be_logged_are_dropped() {
    // `line 0` and its like have six bytes and more; what was dropped is told in one more line.
    for (bound, value, most) in [(Bound::LogLines, 10, 11), (Bound::LogBytes, 80, 14)] {
        let plugin = greedy(&roomy().with(&alone(Class::Route, bound, value)));
        assert_eq!(take(&plugin, Class::Route, "log 50").await, Ok(()));
        let lines = plugin.log().len();
        assert!((2..=most).contains(&lines), "{bound:?}: {lines}");
        assert_eq!(take(&plugin, Class::Job, "log 50").await, Ok(()));
        assert_eq!(plugin.log().len(), lines + 50, "{bound:?}");
    }
}

#[tokio::test]
async fn what_keeps_failing_for_several_organizations_is_set_aside_alone_in_each_class() {
    for class in Class::ALL {
        let plugin = greedy(&roomy().with(&alone(class, Bound::Writes, 10)));
        for organization in [1, 2, 3, 1, 2, 3, 1, 2, 3, 1] {
            let failed = take_for(&plugin, class, "writes 20", organization).await;
            assert_eq!(failed, Err(CallFault::Exhausted("writes")), "{class:?}");
        }
        // A migration is begun by hand, and ends by itself.
        let then = if class == Class::Migration { Ok(()) } else { Err(CallFault::SetAside) };
        assert_eq!(take_for(&plugin, class, "writes 3", 4).await, then, "{class:?}");
        let aside = plugin.set_aside();
        assert_eq!(aside.len(), usize::from(class != Class::Migration), "{class:?}: {aside:?}");
        for other in Class::ALL {
            if other != class {
                assert_eq!(take_for(&plugin, other, "writes 3", 4).await, Ok(()), "{other:?} beside {class:?}");
            }
        }
        plugin.keep_aside(BTreeMap::new());
        let _ = plugin.take_trips();
        plugin.keep_aside(BTreeMap::new());
        assert_eq!(take_for(&plugin, class, "writes 3", 4).await, Ok(()), "{class:?} once it is called again");
    }
}

#[tokio::test]
async fn what_is_granted_holds_from_the_next_call_on() {
    let bytes = guest("greedy");
    let plugin = greedy(&roomy());
    let grant = |bounds: PluginBounds| plugin.set_grants(Grants { bounds, ..asked(&bytes) });
    assert_eq!(take(&plugin, Class::Route, "rows 20").await, Ok(()));
    grant(alone(Class::Route, Bound::Rows, 10));
    assert_eq!(take(&plugin, Class::Route, "rows 20").await, Err(CallFault::Exhausted("rows")));
    grant(alone(Class::Route, Bound::Rows, 100));
    assert_eq!(take(&plugin, Class::Route, "rows 20").await, Ok(()));
    assert_eq!(plugin.allowance().route.rows, 100);
}

#[tokio::test]
async fn a_service_may_not_use_more_than_is_left_of_its_caller() {
    let provider = greedy(&roomy());
    let caller = load_allowed("leaning", &roomy().with(&alone(Class::Route, Bound::Rows, 10)));
    let reads = Arc::new(FakeReads::served_by(provider));
    let asked = RouteRequest { route: "ask".to_owned(), ..route("rows 20") };
    let _ = caller.handle(reads.clone(), asked).await;
    assert_eq!(reads.failed.lock().unwrap().take(), Some(CallFault::Exhausted("rows")));
}

#[tokio::test]
async fn instances_of_a_plugin_are_as_many_as_are_granted() {
    let plugin = greedy(&Allowance { queue_ms: 0, ..roomy() });
    let bytes = guest("greedy");
    plugin
        .set_grants(Grants { bounds: PluginBounds { instances: Some(1), ..PluginBounds::default() }, ..asked(&bytes) });
    let gate = crate::support::Gate::closed();
    let held = tokio::spawn({
        let (plugin, reads) = (plugin.clone(), Arc::new(FakeReads::behind(&gate)));
        async move { plugin.handle(reads, route("rows 1")).await }
    });
    gate.reached().await;
    assert_eq!(take(&plugin, Class::Job, "calls 1").await, Err(CallFault::Busy));
    plugin.set_grants(asked(&bytes));
    assert_eq!(take(&plugin, Class::Job, "calls 1").await, Ok(()), "it asks for eight");
    gate.open.add_permits(1);
    assert!(held.await.unwrap().is_ok());
}
