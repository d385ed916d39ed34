//! Plugins, their versions and switches, and the number that goes up with each change to them.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

mod common;

use common::{Fixture, make_organization};
use lignaflow_core::OrganizationId;
use lignaflow_core::descriptor::{Capability, Grants};
use lignaflow_core::name::PluginId;
use lignaflow_store::identity::audit;
use lignaflow_store::plugins::{By, Change, Consented, NewVersion, Switched};
use lignaflow_store::{Store, StoreError};

on_both!(
    a_plugin_is_installed_with_its_bytes,
    an_upgrade_keeps_what_was_there_to_return_to,
    the_versions_kept_are_bounded,
    an_organization_switches_for_itself_alone,
    every_change_moves_the_version_that_hosts_watch,
    a_switch_decided_on_what_is_no_more_changes_nothing,
    what_is_not_there_is_told,
    two_hosts_install_at_once,
    what_is_newly_granted_waits_for_each_organizations_consent,
    nobody_is_asked_where_there_is_one_organization_or_the_program_brings_it,
);

const SAWMILL: &str = "sawmill";

fn sawmill() -> PluginId {
    SAWMILL.parse().unwrap()
}

fn by(at: i64) -> By {
    By { person: None, address: String::new(), token: None, at }
}

fn version(number: u8) -> NewVersion {
    NewVersion {
        plugin: sawmill(),
        version: format!("0.{number}.0"),
        title: "Sawmill".to_owned(),
        hash: [number; 32],
        descriptor: format!("id = \"sawmill\"\nversion = \"0.{number}.0\"\n"),
        bytes: vec![number; 100_000],
        granted: Grants { interfaces: vec![Capability::Records], ..Grants::default() },
        enabled_by_default: false,
        brought: false,
    }
}

async fn migrated(fixture: &Fixture) -> Store {
    let store = fixture.open().await;
    store.migrate().await.unwrap();
    store
}

async fn kinds(store: &Store) -> Vec<String> {
    let mut events = audit::latest(store.database(), None, 100).await.unwrap();
    events.reverse();
    events.into_iter().map(|event| event.kind).collect()
}

async fn a_plugin_is_installed_with_its_bytes(fixture: Fixture) {
    let store = migrated(&fixture).await;
    assert_eq!(store.plugins().await.unwrap(), []);
    store.install_plugin(version(1), by(7)).await.unwrap();
    let installed = store.plugin(&sawmill()).await.unwrap().unwrap();
    assert_eq!((installed.version.as_str(), installed.title.as_str(), installed.hash), ("0.1.0", "Sawmill", [1; 32]));
    assert_eq!(installed.granted.interfaces, [Capability::Records]);
    assert!(installed.active && !installed.enabled_by_default);
    assert_eq!((installed.installed_at, installed.installed_by), (7, None));
    assert_eq!(store.plugins().await.unwrap(), [installed]);
    assert_eq!(store.plugin_bytes(&sawmill(), &[1; 32]).await.unwrap(), Some(vec![1; 100_000]));
    assert_eq!(kinds(&store).await, ["plugin.installed"]);
}

async fn an_upgrade_keeps_what_was_there_to_return_to(fixture: Fixture) {
    let store = migrated(&fixture).await;
    store.install_plugin(version(1), by(1)).await.unwrap();
    store.change_plugin(sawmill(), Change::Granted(Grants::default()), by(2)).await.unwrap();
    store.change_plugin(sawmill(), Change::EnabledByDefault(true), by(3)).await.unwrap();
    store.install_plugin(version(2), by(4)).await.unwrap();
    let installed = store.plugin(&sawmill()).await.unwrap().unwrap();
    assert_eq!((installed.version.as_str(), installed.enabled_by_default), ("0.2.0", true));
    assert_eq!(installed.granted.interfaces, [Capability::Records]);

    let versions = store.plugin_versions(&sawmill()).await.unwrap();
    let told: Vec<_> = versions.iter().map(|v| (v.version.as_str(), v.in_use, v.granted.interfaces.len())).collect();
    assert_eq!(told, [("0.2.0", true, 1), ("0.1.0", false, 0)]);
    let back = Change::Version([1; 32], versions[1].granted.clone());
    assert!(store.change_plugin(sawmill(), back, by(5)).await.unwrap());
    let installed = store.plugin(&sawmill()).await.unwrap().unwrap();
    assert_eq!((installed.version.as_str(), installed.granted), ("0.1.0", Grants::default()));
    let all =
        ["plugin.installed", "plugin.granted", "plugin.default-changed", "plugin.installed", "plugin.version-changed"];
    assert_eq!(kinds(&store).await, all);
}

fn wider(number: u8) -> NewVersion {
    let granted = Grants { mail: true, ..version(number).granted };
    NewVersion { granted, ..version(number) }
}

async fn what_is_newly_granted_waits_for_each_organizations_consent(fixture: Fixture) {
    let store = migrated(&fixture).await;
    let (oak, elm) = (make_organization(&store, "Oak").await, make_organization(&store, "Elm").await);
    let on = async || {
        let registered = store.registered().await.unwrap();
        [oak, elm].map(|organization| registered.is_enabled(organization, &sawmill()))
    };
    let waiting = async |organization| store.waiting(organization).await.unwrap().into_keys().collect::<Vec<_>>();
    store.install_plugin(version(1), by(1)).await.unwrap();
    assert_eq!(switch(&store, oak, true, by(2)).await, Switched::Done);
    store.install_plugin(wider(2), by(3)).await.unwrap();
    assert_eq!((on().await, waiting(oak).await, waiting(elm).await), ([false, false], vec![sawmill()], vec![]));
    let consent = async |organization, seen: Grants| store.consent(organization, sawmill(), seen, by(4)).await.unwrap();
    assert_eq!(consent(elm, wider(2).granted).await, Consented::NotAsked);
    assert_eq!(consent(oak, version(1).granted).await, Consented::Changed);
    assert_eq!((on().await, waiting(oak).await), ([false, false], vec![sawmill()]));
    assert_eq!(consent(oak, wider(2).granted).await, Consented::Done);
    assert_eq!((on().await, waiting(oak).await), ([true, false], vec![]));
    let told = audit::latest(store.database(), Some(oak), 2).await.unwrap();
    assert_eq!(
        told.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(),
        ["plugin.consented", "plugin.consent-asked"]
    );

    // What is taken back and given again was consented to.
    for granted in [Grants::default(), wider(2).granted] {
        assert!(store.change_plugin(sawmill(), Change::Granted(granted), by(5)).await.unwrap());
        assert_eq!(on().await, [true, false]);
    }
    // Who has it without having chosen is asked, too.
    assert!(store.change_plugin(sawmill(), Change::EnabledByDefault(true), by(6)).await.unwrap());
    assert_eq!(on().await, [true, true]);
    let more = Grants { links: true, ..wider(2).granted };
    assert!(store.change_plugin(sawmill(), Change::Granted(more.clone()), by(7)).await.unwrap());
    assert_eq!((on().await, waiting(elm).await), ([false, false], vec![sawmill()]));
    assert_eq!(consent(elm, more).await, Consented::Done);
    assert_eq!(on().await, [false, true]);
    // The version before asks for no more than was consented to.
    let back = Change::Version([1; 32], version(1).granted);
    assert!(store.change_plugin(sawmill(), back, by(8)).await.unwrap());
    assert_eq!(on().await, [true, true]);
}

async fn nobody_is_asked_where_there_is_one_organization_or_the_program_brings_it(fixture: Fixture) {
    let store = migrated(&fixture).await;
    let oak = make_organization(&store, "Oak").await;
    let on = async |organization| store.registered().await.unwrap().is_enabled(organization, &sawmill());
    store.install_plugin(version(1), by(1)).await.unwrap();
    assert_eq!(switch(&store, oak, true, by(2)).await, Switched::Done);
    store.install_plugin(wider(2), by(3)).await.unwrap();
    assert!(on(oak).await, "an operator is its owner");
    let elm = make_organization(&store, "Elm").await;
    assert!(store.change_plugin(sawmill(), Change::EnabledByDefault(true), by(4)).await.unwrap());
    let granted = Grants { links: true, ..wider(3).granted };
    store.install_plugin(NewVersion { granted, brought: true, ..version(3) }, by(5)).await.unwrap();
    assert!(on(oak).await && on(elm).await);
    assert!(store.waiting(oak).await.unwrap().is_empty());
}

async fn the_versions_kept_are_bounded(fixture: Fixture) {
    let store = migrated(&fixture).await;
    for number in 1..=10 {
        store.install_plugin(version(number), by(i64::from(number))).await.unwrap();
    }
    let versions = store.plugin_versions(&sawmill()).await.unwrap();
    assert_eq!(versions.iter().map(|v| v.hash[0]).collect::<Vec<_>>(), [10, 9, 8, 7, 6, 5, 4, 3]);
    assert_eq!(store.plugin_bytes(&sawmill(), &[1; 32]).await.unwrap(), None);
}

async fn an_organization_switches_for_itself_alone(fixture: Fixture) {
    let store = migrated(&fixture).await;
    let (oak, elm) = (make_organization(&store, "Oak").await, make_organization(&store, "Elm").await);
    store.install_plugin(version(1), by(1)).await.unwrap();
    let on = async || {
        let registered = store.registered().await.unwrap();
        [oak, elm].map(|organization| registered.is_enabled(organization, &sawmill()))
    };
    assert_eq!(on().await, [false, false]);
    assert_eq!(switch(&store, oak, true, by(2)).await, Switched::Done);
    assert_eq!(on().await, [true, false]);
    assert!(store.change_plugin(sawmill(), Change::EnabledByDefault(true), by(3)).await.unwrap());
    assert_eq!(switch(&store, oak, false, by(4)).await, Switched::Done);
    assert_eq!(on().await, [false, true]);
    assert_eq!(store.switches_of(oak).await.unwrap().into_iter().collect::<Vec<_>>(), [(sawmill(), false)]);
    assert!(store.switches_of(elm).await.unwrap().is_empty());
    assert!(store.change_plugin(sawmill(), Change::Active(false), by(5)).await.unwrap());
    assert_eq!(on().await, [false, false]);
    // An upgrade changes no switch.
    store.install_plugin(version(2), by(6)).await.unwrap();
    assert_eq!(on().await, [false, false]);
    assert!(store.change_plugin(sawmill(), Change::Active(true), by(7)).await.unwrap());
    assert_eq!(on().await, [false, true]);
    let switched = audit::latest(store.database(), Some(oak), 10).await.unwrap();
    assert_eq!(
        switched.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(),
        ["plugin.switched-off", "plugin.switched-on"]
    );
}

async fn switch(store: &Store, organization: OrganizationId, on: bool, by: By) -> Switched {
    let now = store.registry_version().await.unwrap();
    store.switch_plugins(organization, vec![sawmill()], on, now, by).await.unwrap()
}

async fn a_switch_decided_on_what_is_no_more_changes_nothing(fixture: Fixture) {
    let store = migrated(&fixture).await;
    let oak = make_organization(&store, "Oak").await;
    store.install_plugin(version(1), by(1)).await.unwrap();
    let before = store.registry_version().await.unwrap();
    // Another host takes it out of use meanwhile.
    assert!(fixture.open().await.change_plugin(sawmill(), Change::Active(false), by(2)).await.unwrap());
    let late = store.switch_plugins(oak, vec![sawmill()], true, before, by(3)).await.unwrap();
    assert_eq!(late, Switched::Changed);
    assert!(store.switches_of(oak).await.unwrap().is_empty());
    assert_eq!(store.registry_version().await.unwrap(), before + 1);
}

async fn every_change_moves_the_version_that_hosts_watch(fixture: Fixture) {
    let store = migrated(&fixture).await;
    let oak = make_organization(&store, "Oak").await;
    let other_host = fixture.open().await;
    let mut last = other_host.registry_version().await.unwrap();
    let mut moved = async || {
        let version = other_host.registry_version().await.unwrap();
        assert!(version > last);
        last = version;
    };
    store.install_plugin(version(1), by(1)).await.unwrap();
    moved().await;
    assert_eq!(switch(&store, oak, true, by(2)).await, Switched::Done);
    moved().await;
    store.change_plugin(sawmill(), Change::Active(false), by(3)).await.unwrap();
    moved().await;
    let registered = other_host.registered().await.unwrap();
    assert_eq!((registered.version, registered.plugins.len(), registered.switches.len()), (last, 1, 1));
}

async fn what_is_not_there_is_told(fixture: Fixture) {
    let store = migrated(&fixture).await;
    let oak = make_organization(&store, "Oak").await;
    assert_eq!(switch(&store, oak, true, by(1)).await, Switched::Unknown);
    assert!(!store.change_plugin(sawmill(), Change::Active(true), by(1)).await.unwrap());
    assert_eq!(store.plugin(&sawmill()).await.unwrap(), None);
    store.install_plugin(version(1), by(1)).await.unwrap();
    let unknown = Change::Version([9; 32], Grants::default());
    assert!(!store.change_plugin(sawmill(), unknown, by(2)).await.unwrap());
    let installed = store.plugin(&sawmill()).await.unwrap().unwrap();
    assert_eq!((installed.hash, installed.granted.interfaces), ([1; 32], vec![Capability::Records]));
    assert_eq!(kinds(&store).await, ["plugin.installed"]);
}

async fn two_hosts_install_at_once(fixture: Fixture) {
    let store = migrated(&fixture).await;
    // Two processes never write one SQLite file; there, two callers of one host stand for them.
    let other = if fixture.is_postgres() { fixture.open().await } else { store.clone() };
    let before = store.registry_version().await.unwrap();
    let (one, two): (Result<(), StoreError>, _) =
        tokio::join!(store.install_plugin(version(1), by(1)), other.install_plugin(version(2), by(2)));
    one.unwrap();
    two.unwrap();
    assert_eq!(store.registry_version().await.unwrap(), before + 2);
    assert_eq!(store.plugin_versions(&sawmill()).await.unwrap().len(), 2);
}
