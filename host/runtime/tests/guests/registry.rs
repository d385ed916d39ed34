//! The registry: what may stand beside what, and swapping while calls run.

use crate::support::{FakeReads, Gate, asked, call, declared, engine, guest, id, json, request};
use lignaflow_core::allowance::Allowance;
use lignaflow_core::custom::{CustomField, CustomKind, Definition};
use lignaflow_core::guest::Guest;
use lignaflow_core::id::OrganizationId;
use lignaflow_core::name::PluginId;
use lignaflow_runtime::{Customs, LoadedPlugin, Registry, RegistryFault, Snapshot};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A plugin with one collection, `things`, that may refer to things of others.
fn plugin(name: &str, others: &[&str]) -> Arc<LoadedPlugin> {
    version(name, "0.1.0", "things", others)
}

fn version(name: &str, version: &str, collection: &str, others: &[&str]) -> Arc<LoadedPlugin> {
    let read: Vec<_> = others.iter().map(|other| format!("{other}/things")).collect();
    let references: Vec<_> =
        others.iter().map(|other| format!("{other} = {{ type = \"reference\", to = \"{other}/things\" }}")).collect();
    let references = references.join("\n");
    let bytes = declared(&format!(
        r#"
        id = "{name}"
        version = "{version}"
        title = "{name}"
        api = "0.1"
        [grants]
        read = {read:?}
        [[collections]]
        name = "{collection}"
        title = {{ one = "Thing", many = "Things" }}
        display = "name"
        [collections.fields]
        name = {{ type = "text", required = true }}
        {references}
        "#
    ));
    engine().load(&bytes, &asked(&bytes), &Allowance::default()).unwrap()
}

fn honest() -> Arc<LoadedPlugin> {
    let bytes = guest("honest");
    engine().load(&bytes, &asked(&bytes), &Allowance::default()).unwrap()
}

fn named(name: &str) -> PluginId {
    name.parse().unwrap()
}

fn firm() -> OrganizationId {
    OrganizationId(id(1))
}

fn two() -> Snapshot {
    Snapshot::default().with_plugin(plugin("base", &[])).unwrap().with_plugin(plugin("top", &["base"])).unwrap()
}

#[test]
fn a_plugin_brings_its_collections() {
    let snapshot = two();
    let names: Vec<_> = snapshot.catalog.schemas().map(|schema| schema.name.to_string()).collect();
    assert_eq!(names, ["base/things", "top/things"]);
    let base = snapshot.catalog.schema(&"base/things".parse().unwrap()).unwrap();
    assert_eq!(base.referrers.len(), 1);
    assert_eq!(snapshot.generation, 2);
}

#[test]
fn what_a_plugin_needs_of_others_is_named_at_once() {
    let Err(RegistryFault::Missing(missing)) = two().with_plugin(plugin("more", &["one", "base", "two"])) else {
        panic!()
    };
    assert_eq!(
        missing,
        [
            "one/things, which `more` asks for",
            "two/things, which `more` asks for",
            "more/things.one -> one/things",
            "more/things.two -> two/things",
        ]
    );
}

#[test]
fn plugins_that_need_each_other_come_together() {
    let snapshot = Snapshot::default().with_plugins([plugin("left", &["right"]), plugin("right", &["left"])]);
    assert_eq!(snapshot.unwrap().plugins.len(), 2);
}

#[test]
fn a_version_that_drops_what_others_refer_to_is_refused() {
    let Err(RegistryFault::Missing(missing)) = two().with_plugin(version("base", "0.2.0", "renamed", &[])) else {
        panic!()
    };
    assert_eq!(missing, ["base/things, which `top` asks for", "top/things.base -> base/things"]);
}

#[test]
fn what_others_need_is_not_taken_away() {
    let snapshot = two();
    assert!(matches!(snapshot.without_plugin(&named("base")), Err(RegistryFault::Missing(_))));
    let less = snapshot.without_plugin(&named("top")).unwrap().without_plugin(&named("base")).unwrap();
    assert!(less.plugins.is_empty() && less.catalog.schemas().next().is_none());
    assert_eq!(less.without_plugin(&named("base")).unwrap_err(), RegistryFault::Unknown(named("base")));
}

#[test]
fn plugins_are_switched_in_the_order_of_their_needs() {
    let (base, top) = (named("base"), named("top"));
    let off = two();
    let refused = off.with_enabled(firm(), &top, true).unwrap_err();
    assert_eq!(refused.to_string(), "`top` needs `base` switched on first");
    let on = off.with_enabled(firm(), &base, true).unwrap().with_enabled(firm(), &top, true).unwrap();
    assert!(on.is_enabled(firm(), &top) && !on.is_enabled(OrganizationId(id(2)), &top));
    let refused = on.with_enabled(firm(), &base, false).unwrap_err();
    assert_eq!(refused.to_string(), "`base` is needed by `top`, which must be switched off first");
    let enabled: Vec<_> = on.enabled_in(firm()).map(|plugin| plugin.id().to_string()).collect();
    assert_eq!(enabled, ["base", "top"]);
    let off = on.with_enabled(firm(), &top, false).unwrap().with_enabled(firm(), &base, false).unwrap();
    assert!(!off.is_enabled(firm(), &base));
    assert_eq!(off.with_enabled(firm(), &named("none"), true).unwrap_err(), RegistryFault::Unknown(named("none")));
}

#[test]
fn a_version_that_needs_more_waits_until_organizations_have_it_on() {
    let apart = two().with_plugin(plugin("extra", &[])).unwrap();
    let apart = apart.with_enabled(firm(), &named("base"), true).unwrap();
    let refused = apart.with_plugin(version("base", "0.2.0", "things", &["extra"])).unwrap_err();
    assert_eq!(refused.to_string(), "`base` now needs `extra`, which 1 of its organizations do not have on");
    let ready = apart.with_enabled(firm(), &named("extra"), true).unwrap();
    assert!(ready.with_plugin(version("base", "0.2.0", "things", &["extra"])).is_ok());
}

#[test]
fn a_plugin_that_is_taken_away_is_off_everywhere() {
    let snapshot = two().with_enabled(firm(), &named("base"), true).unwrap();
    let snapshot = snapshot.with_enabled(firm(), &named("top"), true).unwrap();
    let snapshot = snapshot.without_plugin(&named("top")).unwrap();
    assert!(!snapshot.is_enabled(firm(), &named("top")) && snapshot.is_enabled(firm(), &named("base")));
}

#[tokio::test]
async fn a_call_under_way_finishes_on_the_version_that_it_began_with() {
    let registry = Registry::new(with_honest(&Snapshot::default()));
    let (gate, old) = (Gate::closed(), registry.current().plugin(&named("honest")).unwrap().clone());
    let running = tokio::spawn({
        let (plugin, reads) = (old.clone(), Arc::new(FakeReads::behind(&gate)));
        async move { plugin.handle(reads, request("titles")).await }
    });
    gate.reached().await;
    registry.swap(with_honest(&registry.current()));
    let new = registry.current().plugin(&named("honest")).unwrap().clone();
    assert!(!Arc::ptr_eq(&old, &new));
    drop(old);
    assert_eq!(json(call(&new, "titles").await), r#"["second", "first"]"#);
    gate.open.add_permits(1);
    assert_eq!(json(running.await.unwrap()), r#"["second", "first"]"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replacing_a_plugin_under_load_drops_no_call() {
    let registry = Arc::new(Registry::new(with_honest(&Snapshot::default())));
    let done = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..16)
        .map(|_| {
            let (registry, done) = (registry.clone(), done.clone());
            tokio::spawn(async move {
                let mut calls = 0_u32;
                while !done.load(Ordering::Relaxed) {
                    let plugin = registry.current().plugin(&named("honest")).unwrap().clone();
                    assert_eq!(json(call(&plugin, "titles").await), r#"["second", "first"]"#);
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    for _ in 0..30 {
        let next = with_honest(&registry.current());
        registry.swap(next);
        // Somebody has been served by this one before the next comes.
        let plugin = registry.current().plugin(&named("honest")).unwrap().clone();
        assert_eq!(json(call(&plugin, "hello").await), "\"hello\"");
    }
    done.store(true, Ordering::Relaxed);
    for caller in callers {
        assert!(caller.await.unwrap() > 0);
    }
}

fn with_honest(snapshot: &Snapshot) -> Snapshot {
    snapshot.with_plugins([plugin("other", &[]), honest()]).unwrap()
}

fn own_field(name: &str) -> CustomField {
    CustomField {
        id: id(9),
        collection: "base/things".parse().unwrap(),
        name: name.parse().unwrap(),
        title: name.to_owned(),
        help: String::new(),
        kind: CustomKind::Text,
        definition: Definition::default(),
        required: false,
        place: 1,
        version: 1,
        since: 0,
        created_at: 0,
        updated_at: 0,
        archived_at: None,
    }
}

#[test]
fn an_organization_with_fields_of_its_own_has_a_snapshot_of_its_own() {
    let registry = Registry::new(two());
    let (firm, other) = (firm(), OrganizationId(id(2)));
    assert!(Arc::ptr_eq(&registry.current_of(firm), &registry.current()), "nobody added a field");
    registry.swap_customs(Customs::from([(firm, vec![own_field("note")].into())]));
    let things = "base/things".parse().unwrap();
    let has = |snapshot: &Snapshot, name: &str| snapshot.catalog.schema(&things).unwrap().field(name).is_some();
    let own = registry.current_of(firm);
    assert!(has(&own, "custom.note") && Arc::ptr_eq(&own, &registry.current_of(firm)), "it is made once");
    assert!(Arc::ptr_eq(&registry.current_of(other), &registry.current()) && !has(&registry.current(), "custom.note"));
    // It follows the plugins, and the fields.
    let next = registry.current().with_enabled(firm, &named("base"), true).unwrap();
    registry.swap(next);
    let followed = registry.current_of(firm);
    assert!(
        has(&followed, "custom.note")
            && followed.is_enabled(firm, &named("base"))
            && !own.is_enabled(firm, &named("base"))
    );
    registry.swap_customs(Customs::from([(firm, vec![own_field("other")].into())]));
    let changed = registry.current_of(firm);
    assert!(has(&changed, "custom.other") && !has(&changed, "custom.note"));
    registry.swap_customs(Customs::new());
    assert!(Arc::ptr_eq(&registry.current_of(firm), &registry.current()));
}
