//! Plugins, their versions and switches, and the number that goes up with each change to them.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

mod common;

use common::{Fixture, make_organization};
use lignaflow_core::OrganizationId;
use lignaflow_core::allowance::PluginBounds;
use lignaflow_core::descriptor::{Capability, Grants};
use lignaflow_core::name::PluginId;
use lignaflow_store::identity::audit;
use lignaflow_store::plugins::{By, Change, Consented, Figure, Granted, Joined, NewVersion, Noted, Switched};
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
    what_is_granted_is_changed_by_who_saw_it_alone,
    what_is_granted_while_a_version_waits_holds_for_it_too,
    figures_of_hosts_are_added_up_and_forgotten,
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
        is_consented: true,
        enabled_by_default: false,
        brought: false,
    }
}

async fn migrated(fixture: &Fixture) -> Store {
    let store = fixture.open().await;
    store.migrate().await.unwrap();
    store
}

/// Grants what it is granted, as whoever has just looked.
async fn grant(store: &Store, grants: Grants, by: By) -> Granted {
    let seen = store.plugin(&sawmill()).await.unwrap().unwrap().granted_version;
    store.grant_plugin(sawmill(), grants, seen, by).await.unwrap()
}

/// Back to a version, as whoever has just looked.
async fn back_to(store: &Store, number: u8, granted: Grants) -> Change {
    let seen = store.plugin(&sawmill()).await.unwrap().map(|it| it.granted_version).unwrap_or_default();
    Change::Version { hash: [number; 32], granted: Box::new(granted), seen }
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
    assert_eq!(grant(&store, Grants::default(), by(2)).await, Granted::Done);
    store.change_plugin(sawmill(), Change::EnabledByDefault(true), by(3)).await.unwrap();
    store.install_plugin(version(2), by(4)).await.unwrap();
    let installed = store.plugin(&sawmill()).await.unwrap().unwrap();
    assert_eq!((installed.version.as_str(), installed.enabled_by_default), ("0.2.0", true));
    assert_eq!(installed.granted.interfaces, [Capability::Records]);

    let versions = store.plugin_versions(&sawmill()).await.unwrap();
    let told: Vec<_> = versions.iter().map(|v| (v.version.as_str(), v.in_use, v.granted.interfaces.len())).collect();
    assert_eq!(told, [("0.2.0", true, 1), ("0.1.0", false, 0)]);
    let back = back_to(&store, 1, versions[1].granted.clone()).await;
    assert!(store.change_plugin(sawmill(), back, by(5)).await.unwrap());
    let installed = store.plugin(&sawmill()).await.unwrap().unwrap();
    assert_eq!((installed.version.as_str(), installed.granted), ("0.1.0", Grants::default()));
    let all =
        ["plugin.installed", "plugin.granted", "plugin.default-changed", "plugin.installed", "plugin.version-changed"];
    assert_eq!(kinds(&store).await, all);
}

async fn what_is_granted_is_changed_by_who_saw_it_alone(fixture: Fixture) {
    let store = migrated(&fixture).await;
    assert_eq!(store.grant_plugin(sawmill(), Grants::default(), 1, by(1)).await.unwrap(), Granted::Unknown);
    store.install_plugin(version(1), by(1)).await.unwrap();
    let seen = store.plugin(&sawmill()).await.unwrap().unwrap().granted_version;
    let of = |mail, links| Grants { mail, links, ..version(1).granted };
    let other = fixture.open().await;
    let (one, two) = tokio::join!(
        store.grant_plugin(sawmill(), of(true, false), seen, by(2)),
        other.grant_plugin(sawmill(), of(false, true), seen, by(2)),
    );
    let mut ends = [one.unwrap(), two.unwrap()];
    let standing = store.plugin(&sawmill()).await.unwrap().unwrap();
    assert_eq!(standing.granted, if ends[0] == Granted::Done { of(true, false) } else { of(false, true) });
    ends.sort_by_key(|end| *end == Granted::Changed);
    assert_eq!(ends, [Granted::Done, Granted::Changed]);
    assert_ne!(standing.granted_version, seen);

    // Another version is another thing to grant to, and so is the same after it was uninstalled.
    store.install_plugin(version(2), by(3)).await.unwrap();
    let stale = store.grant_plugin(sawmill(), of(true, true), standing.granted_version, by(4)).await.unwrap();
    assert_eq!(stale, Granted::Changed);
    let seen = store.plugin(&sawmill()).await.unwrap().unwrap().granted_version;
    assert!(store.uninstall_plugin(sawmill(), by(5)).await.unwrap());
    store.install_plugin(version(2), by(6)).await.unwrap();
    assert_eq!(store.grant_plugin(sawmill(), of(true, true), seen, by(7)).await.unwrap(), Granted::Changed);

    // Nor does who goes back overwrite what was changed since they looked, or who installs what was set meanwhile.
    store.install_plugin(version(1), by(8)).await.unwrap();
    let back = back_to(&store, 2, version(2).granted).await;
    let bounds = serde_json::from_str("{\"instances\":3}").unwrap();
    assert_eq!(grant(&store, Grants { bounds, ..version(1).granted }, by(9)).await, Granted::Done);
    assert!(!store.change_plugin(sawmill(), back, by(10)).await.unwrap());
    store.install_plugin(version(3), by(11)).await.unwrap();
    assert_eq!(store.plugin(&sawmill()).await.unwrap().unwrap().granted.bounds.instances, Some(3));
}

async fn what_is_granted_while_a_version_waits_holds_for_it_too(fixture: Fixture) {
    let store = migrated(&fixture).await;
    let bounds = |text: &str| serde_json::from_str::<PluginBounds>(text).unwrap();
    let of = |mail, text: &str| Grants { mail, bounds: bounds(text), ..version(1).granted };
    store.install_plugin(NewVersion { granted: of(true, "{\"instances\":3}"), ..version(1) }, by(1)).await.unwrap();
    let next = Grants { links: true, ..of(true, "{\"job\":{\"rows\":9}}") };
    let from = ([1; 32], "0.1.0".to_owned());
    store.begin_migration(NewVersion { granted: next, ..version(2) }, from, 5, by(2)).await.unwrap();
    let waiting = async || store.data_migrations().await.unwrap().remove(0).granted;
    let begun = waiting().await;
    assert_eq!(begun.bounds, bounds("{\"instances\":3,\"job\":{\"rows\":9}}"), "what was set goes on");
    // Mail is taken back, and calls are bounded otherwise, of the version that serves meanwhile.
    assert_eq!(grant(&store, of(false, "{\"route\":{\"rows\":7}}"), by(3)).await, Granted::Done);
    let follows = waiting().await;
    assert_eq!((follows.mail, follows.links, &follows.interfaces), (false, true, &version(1).granted.interfaces));
    assert_eq!(follows.bounds, bounds("{\"job\":{\"rows\":9},\"route\":{\"rows\":7}}"));
    let kept = store.plugin_versions(&sawmill()).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|it| (it.version.as_str(), it.granted == follows)).collect();
    assert!(kept.contains(&("0.2.0", true)), "{kept:?}");
}

/// A version and an hour, with its numbers by name.
type Told = (String, i64, Vec<(String, u64)>);

async fn figures_of_hosts_are_added_up_and_forgotten(fixture: Fixture) {
    let (store, other) = (migrated(&fixture).await, fixture.open().await);
    let noted = |version: &str, since, numbers: &[(&str, u64, Joined)]| Noted {
        plugin: sawmill(),
        version: version.to_owned(),
        since,
        figures: numbers
            .iter()
            .map(|(name, value, joined)| Figure { name: (*name).to_owned(), value: *value, joined: *joined })
            .collect(),
    };
    let (sum, most) = (Joined::Added, Joined::Largest);
    let told = async |plugin: Option<&PluginId>, since| -> Vec<Told> {
        let hours = store.figures(plugin, since).await.unwrap().into_iter();
        let figures = |of: Vec<Figure>| of.into_iter().map(|it| (it.name, it.value)).collect();
        hours.map(|hour| (hour.version, hour.since, figures(hour.figures))).collect()
    };
    let (one, two) = tokio::join!(
        store.note_figures(vec![
            noted("1", 10, &[("rows", 5, sum), ("memory", 7, most)]),
            noted("2", 10, &[("rows", 1, sum)])
        ]),
        other.note_figures(vec![noted("1", 10, &[("rows", 3, sum), ("memory", 4, most)])]),
    );
    one.unwrap();
    two.unwrap();
    store.note_figures(vec![noted("2", 20, &[("memory", 9, most)])]).await.unwrap();
    let hour = |version: &str, since, numbers: &[(&str, u64)]| {
        (
            version.to_owned(),
            since,
            numbers.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect::<Vec<_>>(),
        )
    };
    let all =
        [hour("1", 10, &[("memory", 7), ("rows", 8)]), hour("2", 10, &[("rows", 1)]), hour("2", 20, &[("memory", 9)])];
    assert_eq!(told(Some(&sawmill()), 0).await, all);
    assert_eq!(told(None, 11).await, all[2..]);
    assert_eq!(told(Some(&"other".parse().unwrap()), 0).await, []);
    store.forget_figures(20).await.unwrap();
    assert_eq!(told(None, 0).await, all[2..]);
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
        assert_eq!(grant(&store, granted, by(5)).await, Granted::Done);
        assert_eq!(on().await, [true, false]);
    }
    // Who has it without having chosen is asked, too.
    assert!(store.change_plugin(sawmill(), Change::EnabledByDefault(true), by(6)).await.unwrap());
    assert_eq!(on().await, [true, true]);
    let more = Grants { links: true, ..wider(2).granted };
    assert_eq!(grant(&store, more.clone(), by(7)).await, Granted::Done);
    assert_eq!((on().await, waiting(elm).await), ([false, false], vec![sawmill()]));
    assert_eq!(consent(elm, more).await, Consented::Done);
    assert_eq!(on().await, [false, true]);
    // The version before asks for no more than was consented to.
    let back = back_to(&store, 1, version(1).granted).await;
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
    let unknown = back_to(&store, 9, Grants::default()).await;
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
