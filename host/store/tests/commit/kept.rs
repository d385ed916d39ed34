//! Kept results: served where nothing has changed, and never an old one, whoever writes and however the writes meet.

use crate::common::{Fixture, World, fields, text};
use crate::{SHOP, on_both};
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::{BoundSelection, BoundSummary};
use lignaflow_core::caller::Access;
use lignaflow_core::catalog::Catalog;
use lignaflow_core::query::{
    Authority, GroupKey, Metric, MetricKind, Operator, Predicate, Selection, SortKey, Summary,
};
use lignaflow_core::reckoning::Reckoning;
use lignaflow_core::{Id, Value};
use lignaflow_store::{CacheOptions, Statement, Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

on_both!(
    a_repeat_is_answered_from_what_is_kept,
    a_relevant_write_is_seen_at_once_and_another_costs_nothing,
    what_a_statement_reads_on_the_way_is_relevant_too,
    two_questions_in_one_statement_are_told_apart,
    a_result_of_another_organization_is_another_result,
    tables_that_change_let_everything_go,
    a_kept_result_is_never_older_than_what_was_committed,
    a_transaction_that_began_before_and_commits_after_is_seen,
    memory_stays_in_its_bounds,
);

/// Everything is worth keeping.
fn keeping(store: Store, bytes: usize) -> Store {
    store.caching(CacheOptions { bytes, least: Duration::ZERO })
}

async fn world(fixture: &Fixture) -> World {
    let world = fixture.world(&[SHOP]).await;
    World { store: keeping(world.store, 1 << 20), ..world }
}

fn selection(catalog: &Catalog, filter: Predicate, columns: &[&str]) -> BoundSelection {
    let selection = Selection {
        collection: "shop/orders".into(),
        authority: Authority::Plugin,
        filter,
        sort: vec![SortKey { path: "title".into(), descending: false }],
        select: columns.iter().map(|path| (*path).to_owned()).collect(),
        limit: 1000,
        after: None,
    };
    Binder { catalog, home: None }.selection(&selection).unwrap()
}

fn counting(catalog: &Catalog, collection: &str, group: &str) -> BoundSummary {
    let metric =
        Metric { kind: MetricKind::Count, path: "id".into(), filter: Predicate::always(), label: "count".into() };
    let group_by = vec![GroupKey { path: group.into(), bucket: lignaflow_core::query::Bucket::None }];
    let summary = Summary {
        collection: collection.into(),
        authority: Authority::Plugin,
        filter: Predicate::always(),
        group_by: if group.is_empty() { Vec::new() } else { group_by },
        metrics: vec![metric],
        sort: Vec::new(),
        limit: 1000,
        after: None,
    };
    Binder { catalog, home: None }.summary(&summary, &Reckoning::default()).unwrap()
}

/// The number of orders, as a summary.
async fn orders(store: &Store, access: Access<'_>, catalog: &Catalog) -> i64 {
    let page = store.summarize(access, &counting(catalog, "shop/orders", "")).await.unwrap();
    page.rows[0][0].as_integer().unwrap()
}

async fn a_repeat_is_answered_from_what_is_kept(fixture: Fixture) {
    let world = world(&fixture).await;
    world.insert("shop/orders", [("title", text("Oak"))]).await;
    let list = selection(&world.catalog, Predicate::always(), &["title"]);
    for _ in 0..10 {
        assert_eq!(orders(&world.store, world.access, &world.catalog).await, 1);
        assert_eq!(world.store.count(world.access, &list).await.unwrap(), 1);
        assert_eq!(world.store.find(world.access, &list).await.unwrap().rows, [[text("Oak")]]);
    }
    let counts = world.store.cache_counts();
    // On PostgreSQL a first read finds out that it is worth it, and a second is kept.
    let reads = if fixture.is_postgres() { 2 } else { 1 };
    assert_eq!((counts.hits, counts.misses), (3 * (10 - reads), 3), "{counts:?}");
    let without = fixture.open().await;
    assert_eq!(orders(&without, world.access, &world.catalog).await, 1);
    assert_eq!(without.cache_counts(), lignaflow_store::CacheCounts::default());
}

/// Asks until the answer is kept.
async fn warm(world: &World) -> i64 {
    for _ in 0..3 {
        orders(&world.store, world.access, &world.catalog).await;
    }
    orders(&world.store, world.access, &world.catalog).await
}

async fn a_relevant_write_is_seen_at_once_and_another_costs_nothing(fixture: Fixture) {
    let world = world(&fixture).await;
    let id = world.insert("shop/orders", [("title", text("Oak"))]).await;
    assert_eq!(warm(&world).await, 1);
    world.insert("shop/orders", [("title", text("Ash"))]).await;
    assert_eq!(orders(&world.store, world.access, &world.catalog).await, 2);
    warm(&world).await;
    let hits = world.store.cache_counts().hits;
    for number in 0..5 {
        world.insert("shop/customers", [("name", text(&format!("Customer {number}")))]).await;
        assert_eq!(orders(&world.store, world.access, &world.catalog).await, 2);
    }
    assert_eq!(world.store.cache_counts().hits, hits + 5);
    let draft = world.draft().archive(&world.schema("shop/orders"), id, 1);
    world.commit(draft).await.unwrap();
    assert_eq!(orders(&world.store, world.access, &world.catalog).await, 1);
}

async fn what_a_statement_reads_on_the_way_is_relevant_too(fixture: Fixture) {
    let world = world(&fixture).await;
    let customer = world.insert("shop/customers", [("name", text("Ruth"))]).await;
    world.insert("shop/orders", [("title", text("Oak")), ("customer", Value::Reference(customer))]).await;
    let shown = selection(&world.catalog, Predicate::always(), &["customer.name"]);
    let of_ruth = Predicate::Compare { path: "customer.name".into(), operator: Operator::Equal, value: text("Ruth") };
    let filtered = selection(&world.catalog, of_ruth, &["title"]);
    let find = async |bound: &BoundSelection| world.store.find(world.access, bound).await.unwrap().rows;
    for _ in 0..3 {
        assert_eq!(find(&shown).await, [[text("Ruth")]]);
        assert_eq!(find(&filtered).await.len(), 1);
    }
    let (before, set) = (fields([("name", text("Ruth"))]), fields([("name", text("Rosa"))]));
    let draft = world.draft().update(&world.schema("shop/customers"), customer, 1, before, set);
    world.commit(draft).await.unwrap();
    assert_eq!(find(&shown).await, [[text("Rosa")]]);
    assert_eq!(find(&filtered).await.len(), 0);

    let exists = Predicate::Exists { collection: "shop/labels".into(), via: "customers".into(), child: None };
    let selection = Selection {
        collection: "shop/customers".into(),
        authority: Authority::Plugin,
        filter: exists,
        sort: Vec::new(),
        select: vec!["name".into()],
        limit: 10,
        after: None,
    };
    let labelled = Binder { catalog: &world.catalog, home: None }.selection(&selection).unwrap();
    for _ in 0..3 {
        assert_eq!(find(&labelled).await.len(), 0);
    }
    world.insert("shop/labels", [("name", text("VIP")), ("customers", Value::References(vec![customer]))]).await;
    assert_eq!(find(&labelled).await.len(), 1);
}

async fn two_questions_in_one_statement_are_told_apart(fixture: Fixture) {
    let world = world(&fixture).await;
    world.insert("shop/orders", [("title", text("Oak"))]).await;
    let once = selection(&world.catalog, Predicate::always(), &["title"]);
    let twice = selection(&world.catalog, Predicate::always(), &["title", "title"]);
    for _ in 0..3 {
        assert_eq!(world.store.find(world.access, &once).await.unwrap().columns, ["title"]);
        assert_eq!(world.store.find(world.access, &twice).await.unwrap().columns, ["title", "title"]);
    }
}

async fn a_result_of_another_organization_is_another_result(fixture: Fixture) {
    let world = world(&fixture).await;
    let other = Access::of_plugin(crate::common::make_organization(&world.store, "Two").await);
    world.insert("shop/orders", [("title", text("Oak"))]).await;
    assert_eq!(warm(&world).await, 1);
    assert_eq!(orders(&world.store, other, &world.catalog).await, 0);
    assert_eq!(orders(&world.store, world.access, &world.catalog).await, 1);
}

async fn tables_that_change_let_everything_go(fixture: Fixture) {
    let mut world = world(&fixture).await;
    world.insert("shop/orders", [("title", text("Oak"))]).await;
    // On PostgreSQL another host changes them.
    let changer = if fixture.is_postgres() { fixture.open().await } else { world.store.clone() };
    let summary = |catalog: &Catalog| counting(catalog, "shop/orders", "rebate");
    for _ in 0..3 {
        world.store.summarize(world.access, &summary(&world.catalog)).await.unwrap();
    }
    let next = SHOP
        .replace("rebate = { type = \"percent\" }", "rebate = { type = \"percent\", required = true, default = 5 }");
    world.catalog = crate::common::catalog(&[&next]);
    changer.apply_schema(&world.catalog).await.unwrap();
    let page = world.store.summarize(world.access, &summary(&world.catalog)).await.unwrap();
    assert_eq!(page.rows, [[Value::Integer(5), Value::Integer(1)]], "a default was filled in");
}

/// Orders are only ever added here. So a count that was read between two others lies between them, and one that does
/// not is an old one.
async fn a_kept_result_is_never_older_than_what_was_committed(fixture: Fixture) {
    let world = Arc::new(world(&fixture).await);
    // Two hosts, where there can be two.
    let second = if fixture.is_postgres() { keeping(fixture.open().await, 1 << 20) } else { world.store.clone() };
    let direct = fixture.open().await;
    let done = Arc::new(AtomicBool::new(false));
    let mut readers = tokio::task::JoinSet::new();
    for store in [world.store.clone(), second.clone(), world.store.clone(), second.clone()] {
        let (world, direct, done) = (Arc::clone(&world), direct.clone(), Arc::clone(&done));
        readers.spawn(async move {
            let mut rounds = 0_u32;
            while !done.load(Ordering::SeqCst) || rounds < 50 {
                let before = orders(&direct, world.access, &world.catalog).await;
                let kept = orders(&store, world.access, &world.catalog).await;
                let after = orders(&direct, world.access, &world.catalog).await;
                assert!((before..=after).contains(&kept), "{kept} was answered between {before} and {after}");
                rounds += 1;
            }
        });
    }
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let (world, store) = (Arc::clone(&world), if writer % 2 == 0 { second.clone() } else { world.store.clone() });
        writers.spawn(async move {
            for number in 0..60 {
                let mut draft = world.draft();
                // One statement by the short way, or several rows and rows of another collection.
                for row in 0..=(number % 3) {
                    let values = fields([("title", text(&format!("{writer} {number} {row}")))]);
                    draft = draft.insert(&world.schema("shop/orders"), Id::fresh(), values);
                }
                let before = orders(&store, world.access, &world.catalog).await;
                let added = i64::try_from(draft.0.changes.len()).unwrap();
                store.commit(draft.0).await.unwrap();
                let after = orders(&store, world.access, &world.catalog).await;
                assert!(after >= before + added, "one's own write is seen: {before} + {added} > {after}");
                if number % 4 == 0 {
                    // Quiet enough for a result to serve.
                    let name = text(&format!("{writer} {number}"));
                    world.insert("shop/customers", [("name", name)]).await;
                }
            }
        });
    }
    while let Some(writer) = writers.join_next().await {
        writer.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
    let hits = world.store.cache_counts().hits + second.cache_counts().hits;
    assert!(hits > 0, "nothing was ever kept, so nothing was tested");
    assert_eq!(orders(&world.store, world.access, &world.catalog).await, 4 * 120);
}

/// What a commit of an order writes, held open until it is let go.
async fn a_transaction_that_began_before_and_commits_after_is_seen(fixture: Fixture) {
    if !fixture.is_postgres() {
        // One writer, whose transactions all end before their marks do: there is no such transaction.
        return;
    }
    let world = world(&fixture).await;
    let (held, hold) = (oneshot::channel::<()>(), oneshot::channel::<()>());
    let organization = world.access.organization().0.uuid();
    let writer = fixture.open().await;
    let early = tokio::spawn(async move {
        let work: Result<(), StoreError> = writer
            .database()
            .write(move |tx| {
                Box::pin(async move {
                    let sql = "insert into shop__orders (organization, id, version, created_at, updated_at, title) \
                               values ($1, $2, 1, 0, 0, 'early')";
                    let id = Id::fresh().uuid();
                    tx.execute(Statement::new(sql, vec![organization.into(), id.into()])).await?;
                    let sql = "insert into changes (organization, at, principal_kind, request, origin, collection, \
                               record, kind, version, before, after) \
                               values ($1, 0, 'anonymous', $2, 'api', 'shop/orders', $2, 'insert', 1, '{}', '{}')";
                    tx.execute(Statement::new(sql, vec![organization.into(), id.into()])).await?;
                    held.0.send(()).unwrap();
                    hold.1.await.unwrap();
                    Ok(())
                })
            })
            .await;
        work.unwrap();
    });
    held.1.await.unwrap();
    // Later transactions commit while it is open, so its number lies below what every later snapshot has seen.
    world.insert("shop/orders", [("title", text("late"))]).await;
    assert_eq!(warm(&world).await, 1);
    world.insert("shop/customers", [("name", text("Ruth"))]).await;
    let hits = world.store.cache_counts().hits;
    assert_eq!(orders(&world.store, world.access, &world.catalog).await, 1);
    assert_eq!(world.store.cache_counts().hits, hits + 1, "it is open still, and nothing relevant came");
    hold.0.send(()).unwrap();
    early.await.unwrap();
    assert_eq!(orders(&world.store, world.access, &world.catalog).await, 2);
}

async fn memory_stays_in_its_bounds(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let store = keeping(world.store.clone(), 64 << 10);
    let mut draft = world.draft();
    for number in 0..50 {
        let values = fields([("title", text(&format!("{number} {}", "x".repeat(150))))]);
        draft = draft.insert(&world.schema("shop/orders"), Id::fresh(), values);
    }
    world.commit(draft).await.unwrap();
    let title = |number: i32| Predicate::Compare {
        path: "title".into(),
        operator: Operator::StartsWith,
        value: text(&format!("{number} ")),
    };
    for _ in 0..4 {
        for number in 0..50 {
            let bound = selection(&world.catalog, title(number), &["title"]);
            let rows = store.find(world.access, &bound).await.unwrap().rows;
            assert_eq!(rows.len(), 1, "{number}");
        }
    }
    let all = selection(&world.catalog, Predicate::always(), &["title"]);
    let misses = store.cache_counts().misses;
    for _ in 0..4 {
        assert_eq!(store.find(world.access, &all).await.unwrap().rows.len(), 50);
    }
    assert!(store.cache_counts().misses > misses, "one result that is too large is not kept");
}
