//! The change log: who changed what, and a reader that misses nothing.

use crate::SHOP;
use crate::common::{Fixture, fields, make_organization, on_postgres, text};
use futures_util::FutureExt as _;
use lignaflow_core::caller::{Access, Principal};
use lignaflow_core::{Id, OrganizationId, Value};
use lignaflow_store::{LogKind, LogPosition, Statement, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

crate::on_both!(
    a_history_says_who_changed_what,
    the_log_is_read_in_slices_and_to_its_end,
    nobody_reads_another_organizations_log,
    a_reader_among_many_writers_misses_nothing_and_reads_nothing_twice,
    collections_that_are_not_asked_for_are_passed_over,
    what_was_changed_last_comes_first_and_once,
);

async fn a_history_says_who_changed_what(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let schema = world.schema("shop/customers");
    let id = Id::fresh();
    let mut insert = world.draft().at(5).insert(&schema, id, fields([("name", text("Oak"))]));
    insert.0.author.through = Some(("shop".parse().unwrap(), "0.1.0".to_owned()));
    let request = insert.0.author.request;
    world.commit(insert).await.unwrap();
    let mut update = world.draft().at(6).update(
        &schema,
        id,
        1,
        fields([("name", text("Oak")), ("number", Value::Null)]),
        fields([("number", Value::Integer(4))]),
    );
    update.0.author.principal = Principal::Plugin("shop".parse().unwrap());
    world.commit(update.transition("count")).await.unwrap();
    world.commit(world.draft().at(7).archive(&schema, id, 2)).await.unwrap();
    world.commit(world.draft().at(8).restore(&schema, id, 3)).await.unwrap();
    let history = world.store.history(world.access, &schema, id, 10).await.unwrap();
    let kinds: Vec<_> = history.iter().map(|entry| (entry.kind, entry.version, entry.at)).collect();
    assert_eq!(
        kinds,
        [(LogKind::Restore, 4, 8), (LogKind::Remove, 3, 7), (LogKind::Update, 2, 6), (LogKind::Insert, 1, 5)]
    );
    let [restore, remove, update, insert] = &history[..] else { panic!("four") };
    assert_eq!(insert.principal, Principal::Person(world.person));
    assert_eq!(insert.through, Some(("shop".parse().unwrap(), "0.1.0".to_owned())));
    assert_eq!((insert.request, insert.origin.as_str()), (request, "api"));
    assert_eq!((insert.before.len(), &insert.after["name"], &insert.after["number"]), (0, &"Oak".into(), &().into()));
    assert_eq!(update.principal, Principal::Plugin("shop".parse().unwrap()));
    assert_eq!((update.through.as_ref(), update.transition.as_deref()), (None, Some("count")));
    assert_eq!(serde_json::to_string(&update.before).unwrap(), r#"{"number":null}"#);
    assert_eq!(serde_json::to_string(&update.after).unwrap(), r#"{"number":4}"#);
    assert_eq!(remove.after["archived_at"], "1970-01-01T00:00:00.000007Z");
    assert!(restore.after["archived_at"].is_null());
    let limited = world.store.history(world.access, &schema, id, 1).await.unwrap();
    assert_eq!(limited, history[..1]);
}

async fn the_log_is_read_in_slices_and_to_its_end(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let mut ids = Vec::new();
    for number in 0..25 {
        ids.push(world.insert("shop/customers", [("name", text(&format!("Customer {number}")))]).await);
    }
    let mut position = LogPosition::START;
    let mut read = Vec::new();
    let limit = Instant::now() + Duration::from_mins(1);
    // Transactions of other databases of the server, as tests beside this one have, hold it up for a while.
    while read.len() < ids.len() && Instant::now() < limit {
        let slice = world.store.changes_after(world.access, position, 10).await.unwrap();
        let Some(last) = slice.last() else { continue };
        assert!(slice.len() <= 10);
        position = last.position.to_string().parse().unwrap();
        read.extend(slice.iter().map(|entry| entry.record));
    }
    assert_eq!(read, ids);
    assert_eq!(world.store.changes_after(world.access, position, 10).await.unwrap(), []);
}

async fn nobody_reads_another_organizations_log(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let id = world.insert("shop/customers", [("name", text("Oak"))]).await;
    let other = Access::of_plugin(make_organization(&world.store, "Two").await);
    let schema = world.schema("shop/customers");
    assert_eq!(world.store.history(other, &schema, id, 10).await.unwrap(), []);
    assert_eq!(world.store.changes_after(other, LogPosition::START, 10).await.unwrap(), []);
}

async fn a_reader_among_many_writers_misses_nothing_and_reads_nothing_twice(fixture: Fixture) {
    const WRITERS: usize = 6;
    const EACH: usize = 25;
    let world = Arc::new(fixture.world(&[SHOP]).await);
    let open = Arc::new(AtomicUsize::new(WRITERS));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (world, open) = (world.clone(), open.clone());
            tokio::spawn(async move {
                let mut ids = Vec::new();
                for number in 0..EACH {
                    let name = format!("Customer {writer}-{number}");
                    ids.push(world.insert("shop/customers", [("name", text(&name))]).await);
                }
                open.fetch_sub(1, Ordering::SeqCst);
                ids
            })
        })
        .collect();
    // Another transaction takes its number early and ends late, again and again: what is written in between must wait.
    let slow = {
        let (world, open) = (world.clone(), open.clone());
        tokio::spawn(async move {
            let mut ids = Vec::new();
            while open.load(Ordering::SeqCst) > 0 {
                let id = Id::fresh();
                let organization = world.access.organization().0.uuid();
                let done: Result<(), StoreError> = world
                    .store
                    .database()
                    .write(move |tx| {
                        Box::pin(async move {
                            let values = vec![organization.into(), id.uuid().into()];
                            tx.execute(Statement::new(LATE, values)).await?;
                            for _ in 0..20 {
                                tx.fetch_one(Statement::new("select 1", Vec::new())).await?;
                            }
                            Ok(())
                        })
                    })
                    .await;
                done.unwrap();
                ids.push(id);
            }
            ids
        })
    };
    let mut expected: Vec<Id> = Vec::new();
    let mut read = Vec::new();
    let mut position = LogPosition::START;
    let mut writers = Some((writers, slow));
    while expected.is_empty() || read.len() < expected.len() {
        let horizon = world.store.log_horizon(world.access).await.unwrap();
        let slice = world.store.changes_between(world.access, position, horizon.position, None, 7).await.unwrap();
        for entry in &slice {
            assert!(entry.position > position, "in order, and none twice");
            position = entry.position;
            read.push(entry.record);
        }
        if slice.len() < 7 {
            // Nothing may ever appear before what was said to be the end.
            position = horizon.position;
        }
        if open.load(Ordering::SeqCst) == 0
            && let Some((writers, slow)) = writers.take()
        {
            for writer in writers {
                expected.extend(writer.await.unwrap());
            }
            expected.extend(slow.await.unwrap());
        }
    }
    expected.sort_unstable();
    read.sort_unstable();
    assert_eq!(read, expected);
}

async fn collections_that_are_not_asked_for_are_passed_over(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    world.insert("shop/customers", [("name", text("Oak"))]).await;
    let order = world.insert("shop/orders", [("title", text("Chairs"))]).await;
    let mut told = Vec::new();
    let limit = Instant::now() + Duration::from_mins(1);
    while told.is_empty() && Instant::now() < limit {
        let horizon = world.store.log_horizon(world.access).await.unwrap();
        let only = ["shop/orders".parse().unwrap()];
        let slice = world.store.changes_between(world.access, LogPosition::START, horizon.position, Some(&only), 9);
        told = slice.await.unwrap();
    }
    assert_eq!(told.iter().map(|entry| entry.record).collect::<Vec<_>>(), [order]);
    let none = world.store.changes_between(world.access, LogPosition::START, told[0].position, Some(&[]), 9);
    assert_eq!(none.await.unwrap(), []);
}

/// An entry by hand, as a transaction that does more.
const LATE: &str = "insert into changes (organization, at, principal_kind, request, origin, collection, record, kind, \
                    version, before, after) \
                    values ($1, 0, 'anonymous', $2, 'api', 'shop/customers', $2, 'insert', 1, '{}', '{}')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_one_host_wakes_who_waits_at_another() {
    on_postgres(|fixture| async move {
        let world = fixture.world(&[SHOP]).await;
        let other = fixture.open().await;
        let mut here = world.store.signal().subscribe(world.access.organization());
        let mut there = other.signal().subscribe(world.access.organization());
        let mut elsewhere = other.signal().subscribe(OrganizationId(Id::fresh()));
        let relays = [world.store.clone(), other.clone()]
            .map(|store| tokio::spawn(async move { store.relay(std::future::pending()).await }));
        // A connection that begins to listen wakes everybody, since it cannot know what was told before.
        there.wait().await;
        elsewhere.wait().await;
        world.insert("shop/customers", [("name", text("Oak"))]).await;
        here.wait().await;
        tokio::time::timeout(Duration::from_mins(1), there.wait()).await.unwrap();
        assert!(elsewhere.wait().now_or_never().is_none());
        for relay in relays {
            relay.abort();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_comes_from_another_server_is_read_before_what_is_new() {
    on_postgres(|fixture| async move {
        let world = fixture.world(&[SHOP]).await;
        let mut ids = vec![world.insert("shop/customers", [("name", text("Old"))]).await];
        ids.push(world.insert("shop/customers", [("name", text("Older"))]).await);
        let done: Result<u64, StoreError> = world
            .store
            .database()
            .write(|tx| {
                let sql = "update changes set xid = (xid::text::bigint + 1000000000)::text::xid8";
                Box::pin(async move { tx.execute(Statement::new(sql, Vec::new())).await })
            })
            .await;
        assert_eq!(done.unwrap(), 2);
        world.store.migrate().await.unwrap();
        ids.push(world.insert("shop/customers", [("name", text("New"))]).await);
        let limit = Instant::now() + Duration::from_mins(1);
        let mut read = Vec::new();
        while read.len() < 3 && Instant::now() < limit {
            let all = world.store.changes_after(world.access, LogPosition::START, 10).await.unwrap();
            read = all.iter().map(|entry| entry.record).collect();
        }
        assert_eq!(read, ids);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_ends_late_is_not_missed() {
    on_postgres(|fixture| async move {
        let world = fixture.world(&[SHOP]).await;
        let late = Id::fresh();
        let (written, is_written) = oneshot::channel();
        let (go, may_go) = oneshot::channel::<()>();
        let organization = world.access.organization().0.uuid();
        let store = world.store.clone();
        let slow = tokio::spawn(async move {
            let done: Result<(), StoreError> = store
                .database()
                .write(move |tx| {
                    Box::pin(async move {
                        let values = vec![organization.into(), late.uuid().into()];
                        tx.execute(Statement::new(LATE, values)).await?;
                        written.send(()).unwrap();
                        may_go.await.unwrap();
                        Ok(())
                    })
                })
                .await;
            done
        });
        is_written.await.unwrap();
        let second = world.insert("shop/customers", [("name", text("Second"))]).await;
        // It was committed, and is not told as long as an earlier one may yet come.
        let now = world.store.changes_after(world.access, LogPosition::START, 10).await.unwrap();
        assert_eq!(now, []);
        go.send(()).unwrap();
        slow.await.unwrap().unwrap();
        let limit = Instant::now() + Duration::from_mins(1);
        let mut records = Vec::new();
        while records.is_empty() && Instant::now() < limit {
            let now = world.store.changes_after(world.access, LogPosition::START, 10).await.unwrap();
            records = now.iter().map(|entry| entry.record).collect();
        }
        assert_eq!(records[0], late);
        assert!(records.len() == 1 || records[1] == second);
    })
    .await;
}

async fn what_was_changed_last_comes_first_and_once(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let customer = world.insert("shop/customers", [("name", text("Ruth"))]).await;
    let order = world.insert("shop/orders", [("title", text("Oak"))]).await;
    let other = world.insert("shop/orders", [("title", text("Ash"))]).await;
    let (before, set) = (fields([("title", text("Oak"))]), fields([("title", text("Oaks"))]));
    let draft = world.draft().update(&world.schema("shop/orders"), order, 1, before, set);
    world.commit(draft).await.unwrap();
    let changed = async |access, most| {
        let changed = world.store.changed_last(access, most).await.unwrap();
        changed.into_iter().map(|(name, id)| (name.to_string(), id)).collect::<Vec<_>>()
    };
    let orders = |id| ("shop/orders".to_owned(), id);
    let all = [orders(order), orders(other), ("shop/customers".to_owned(), customer)];
    assert_eq!(changed(world.access, 200).await, all);
    assert_eq!(changed(world.access, 2).await, all[..2]);
    let elsewhere = Access::of_plugin(make_organization(&world.store, "Two").await);
    assert_eq!(changed(elsewhere, 200).await, []);
}
