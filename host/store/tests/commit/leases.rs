//! A lease has one holder at a time, however many hosts want it.

use crate::common::Fixture;
use lignaflow_core::Id;
use lignaflow_store::{Lease, Store, StoreError};

crate::on_both!(
    a_lease_has_one_holder_until_it_ends,
    a_lease_that_is_given_back_is_free_at_once,
    of_many_hosts_one_gets_a_lease,
    who_has_lost_a_lease_writes_nothing_under_it,
);

async fn holds(store: &Store, lease: &Lease) -> bool {
    let lease = lease.clone();
    let held: Result<bool, StoreError> =
        store.database().write(move |tx| Box::pin(async move { lease.holds(tx).await })).await;
    held.unwrap()
}

async fn a_lease_has_one_holder_until_it_ends(fixture: Fixture) {
    let store = fixture.world(&[]).await.store;
    let (one, other) = (Id::fresh(), Id::fresh());
    let first = store.acquire_lease("sweep", one, 0, 10).await.unwrap().unwrap();
    assert_eq!((first.turn, first.expires_at), (1, 10));
    assert_eq!(store.acquire_lease("sweep", other, 9, 20).await.unwrap(), None);
    assert!(store.acquire_lease("mail", other, 9, 20).await.unwrap().is_some(), "another name is another lease");
    // Its holder keeps it, by either word.
    let again = store.acquire_lease("sweep", one, 9, 19).await.unwrap().unwrap();
    assert_eq!((again.turn, again.expires_at), (1, 19));
    let renewed = store.renew_lease(&first, 25).await.unwrap().unwrap();
    assert_eq!((renewed.turn, renewed.expires_at), (1, 25));
    assert_eq!(store.acquire_lease("sweep", other, 24, 40).await.unwrap(), None);
    let second = store.acquire_lease("sweep", other, 25, 40).await.unwrap().unwrap();
    assert_eq!(second.turn, 2);
    assert_eq!(store.renew_lease(&renewed, 50).await.unwrap(), None);
    // What the first one gives back is not the second one's.
    store.release_lease(&renewed).await.unwrap();
    assert_eq!(store.acquire_lease("sweep", one, 30, 50).await.unwrap(), None);
}

async fn a_lease_that_is_given_back_is_free_at_once(fixture: Fixture) {
    let store = fixture.world(&[]).await.store;
    let lease = store.acquire_lease("sweep", Id::fresh(), 0, 10).await.unwrap().unwrap();
    store.release_lease(&lease).await.unwrap();
    let next = store.acquire_lease("sweep", Id::fresh(), 1, 11).await.unwrap().unwrap();
    assert_eq!((next.turn, holds(&store, &next).await, holds(&store, &lease).await), (2, true, false));
}

async fn of_many_hosts_one_gets_a_lease(fixture: Fixture) {
    let store = fixture.world(&[]).await.store;
    let hosts = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.acquire_lease("sweep", Id::fresh(), 0, 10).await.unwrap() })
    });
    let mut held = 0;
    for host in hosts.collect::<Vec<_>>() {
        held += usize::from(host.await.unwrap().is_some());
    }
    assert_eq!(held, 1);
}

async fn who_has_lost_a_lease_writes_nothing_under_it(fixture: Fixture) {
    let store = fixture.world(&[]).await.store;
    let lost = store.acquire_lease("sweep", Id::fresh(), 0, 10).await.unwrap().unwrap();
    assert!(holds(&store, &lost).await);
    let held = store.acquire_lease("sweep", Id::fresh(), 10, 20).await.unwrap().unwrap();
    assert!(!holds(&store, &lost).await);
    assert!(holds(&store, &held).await);
}
