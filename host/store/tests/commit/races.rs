//! Many at once: no write is lost, none is half done, and what a guard forbids does not come about.

use crate::common::{Draft, Fixture, World, draft, fields, text};
use crate::{SHOP, count, version};
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::BoundPredicate;
use lignaflow_core::caller::Principal;
use lignaflow_core::commit::Refusal;
use lignaflow_core::query::{Operator, Predicate};
use lignaflow_core::{Id, Value};
use lignaflow_store::{Statement, Store, StoreError};
use tokio::task::JoinSet;

crate::on_both!(
    of_two_that_a_guard_keeps_apart_one_wins,
    a_guard_wants_something_too,
    sixteen_writers_of_one_record_lose_nothing,
    sixteen_writers_of_many_records_are_all_kept,
    an_archive_and_a_reference_to_it_never_both_happen,
    writers_of_the_same_records_do_not_wait_for_ever,
    a_failure_in_a_shared_commit_is_its_own,
    of_sixty_four_writers_one_fails_again_and_again_alone,
    guards_hold_between_hosts,
    a_caller_who_leaves_leaves_nothing_half_done,
);

/// Another order of this customer.
fn others(world: &World, customer: Id, but: Id) -> BoundPredicate {
    let schema = world.schema("shop/orders");
    let filter = Predicate::equal("customer", Value::Reference(customer)).and(Predicate::Compare {
        path: "id".into(),
        operator: Operator::NotEqual,
        value: Value::Reference(but),
    });
    Binder { catalog: &world.catalog, home: None }.predicate(&schema, &filter).unwrap().0
}

/// An order, if it is to be the only one of its customer.
fn only_order(world: &World, customer: Id, id: Id) -> Draft {
    let schema = world.schema("shop/orders");
    let by = Value::Reference(customer);
    let values = fields([("title", text("Table")), ("customer", by.clone())]);
    world.draft().insert(&schema, id, values).in_turn("customer", by.clone()).guard(
        &schema,
        others(world, customer, id),
        false,
        "customer",
        by,
    )
}

async fn of_two_that_a_guard_keeps_apart_one_wins(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    for round in 0..60 {
        let customer = world.insert("shop/customers", [("name", text(&format!("Customer {round}")))]).await;
        let mut racers = JoinSet::new();
        for _ in 0..3 {
            let (store, draft) = (world.store.clone(), only_order(&world, customer, Id::fresh()));
            racers.spawn(async move { store.commit(draft.0).await });
        }
        let outcomes = racers.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        for outcome in outcomes {
            assert!(matches!(outcome, Ok(_) | Err(Refusal::Guard { index: 0 })), "{outcome:?}");
        }
    }
    assert_eq!(count(&world, "shop__orders").await, 60);
}

async fn a_guard_wants_something_too(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let schema = world.schema("shop/orders");
    let customer = world.insert("shop/customers", [("name", text("Oak"))]).await;
    let by = Value::Reference(customer);
    let second = || {
        let (id, values) = (Id::fresh(), fields([("title", text("Chair")), ("customer", by.clone())]));
        let draft = world.draft().insert(&schema, id, values).in_turn("customer", by.clone());
        draft.guard(&schema, others(&world, customer, id), true, "customer", by.clone())
    };
    assert_eq!(world.commit(second()).await, Err(Refusal::Guard { index: 0 }));
    world.commit(only_order(&world, customer, Id::fresh())).await.unwrap();
    assert!(world.commit(second()).await.is_ok());
}

async fn sixteen_writers_of_one_record_lose_nothing(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let schema = world.schema("shop/customers");
    let id = world.insert("shop/customers", [("name", text("Oak"))]).await;
    let mut writers = JoinSet::new();
    for writer in 0..16 {
        let (store, schema, world_draft) = (world.store.clone(), schema.clone(), world.draft());
        let access = world.access;
        writers.spawn(async move {
            for round in 0..5 {
                loop {
                    let now = store.get(access, &schema, id).await.unwrap().unwrap();
                    let set = fields([("name", text(&format!("{writer}/{round}")))]);
                    let draft = world_draft.clone().update(&schema, id, now.version, fields([]), set);
                    match store.commit(draft.0).await {
                        Ok(committed) => {
                            assert_eq!(committed.versions, [now.version + 1]);
                            break;
                        }
                        Err(Refusal::Changed) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            }
        });
    }
    writers.join_all().await;
    assert_eq!(version(&world, "shop/customers", id).await, Some(81));
    assert_eq!(count(&world, "changes").await, 81);
}

async fn sixteen_writers_of_many_records_are_all_kept(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let schema = world.schema("shop/customers");
    let mut writers = JoinSet::new();
    for writer in 0..16 {
        let (store, schema, world_draft) = (world.store.clone(), schema.clone(), world.draft());
        let access = world.access;
        writers.spawn(async move {
            for round in 0..20 {
                let id = Id::fresh();
                let values = fields([("name", text(&format!("{writer}/{round}")))]);
                store.commit(world_draft.clone().insert(&schema, id, values).0).await.unwrap();
                assert!(store.get(access, &schema, id).await.unwrap().is_some(), "answered before it could be read");
            }
        });
    }
    writers.join_all().await;
    assert_eq!(count(&world, "shop__customers").await, 320);
    assert_eq!(count(&world, "changes").await, 320);
}

async fn an_archive_and_a_reference_to_it_never_both_happen(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let [customers, orders] = [world.schema("shop/customers"), world.schema("shop/orders")];
    let mut referred = 0;
    for round in 0..60 {
        let customer = world.insert("shop/customers", [("name", text(&format!("Customer {round}")))]).await;
        let values = fields([("title", text("Table")), ("customer", Value::Reference(customer))]);
        let insert = world.draft().insert(&orders, Id::fresh(), values);
        let archive = world.draft().archive(&customers, customer, 1);
        let (one, other) = (world.store.clone(), world.store.clone());
        let insert = tokio::spawn(async move { one.commit(insert.0).await });
        let archive = tokio::spawn(async move { other.commit(archive.0).await });
        match (insert.await.unwrap(), archive.await.unwrap()) {
            (Ok(_), Err(Refusal::Referred { .. })) => referred += 1,
            (Err(Refusal::Dangling { .. }), Ok(_)) => {}
            both => panic!("{both:?}"),
        }
    }
    assert_eq!(count(&world, "shop__orders").await, referred);
}

async fn writers_of_the_same_records_do_not_wait_for_ever(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let schema = world.schema("shop/customers");
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(world.insert("shop/customers", [("name", text(&format!("Customer {number}")))]).await);
    }
    let mut writers = JoinSet::new();
    for writer in 0..8_usize {
        let (store, schema, world_draft, mut ids) = (world.store.clone(), schema.clone(), world.draft(), ids.clone());
        let access = world.access;
        ids.rotate_left(writer);
        if writer % 2 == 0 {
            ids.reverse();
        }
        writers.spawn(async move {
            let mut done = 0;
            while done < 5 {
                let mut draft = world_draft.clone();
                let records = store.records(access, &schema, &ids).await.unwrap();
                for id in &ids {
                    let now = records.iter().find(|record| record.id == *id).unwrap();
                    let set = fields([("number", Value::Null)]);
                    draft = draft.update(&schema, *id, now.version, fields([]), set);
                }
                match store.commit(draft.0).await {
                    Ok(_) => done += 1,
                    Err(Refusal::Changed) => {}
                    Err(other) => panic!("{other}"),
                }
            }
        });
    }
    writers.join_all().await;
    for id in ids {
        assert_eq!(version(&world, "shop/customers", id).await, Some(41));
    }
}

async fn a_failure_in_a_shared_commit_is_its_own(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let schema = world.schema("shop/customers");
    world.insert("shop/customers", [("name", text("Taken"))]).await;
    let mut writers = JoinSet::new();
    for number in 0..100 {
        let name = if number % 2 == 0 { "taken".to_owned() } else { format!("Customer {number}") };
        let draft = world.draft().insert(&schema, Id::fresh(), fields([("name", text(&name))]));
        let store = world.store.clone();
        writers.spawn(async move { (number, store.commit(draft.0).await) });
    }
    for (number, outcome) in writers.join_all().await {
        if number % 2 == 0 {
            assert_eq!(outcome, Err(Refusal::Duplicate { index: 0, rule: 0 }));
        } else {
            assert!(outcome.is_ok(), "{outcome:?}");
        }
    }
    assert_eq!(count(&world, "shop__customers").await, 51);
    assert_eq!(count(&world, "changes").await, 51);
}

/// Rounds of writers that share commits, one of whom breaks a rule, one panics, and one is refused by a guard.
async fn of_sixty_four_writers_one_fails_again_and_again_alone(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let schema = world.schema("shop/customers");
    world.insert("shop/customers", [("name", text("Taken"))]).await;
    for round in 0..5 {
        let mut writers = JoinSet::new();
        for number in 0..64 {
            let store = world.store.clone();
            let name = if number == 31 { "taken".to_owned() } else { format!("Customer {round}.{number}") };
            let draft = world.draft().insert(&schema, Id::fresh(), fields([("name", text(&name))]));
            writers.spawn(async move {
                if number == 7 {
                    let panics: Result<(), StoreError> =
                        store.database().write(|_| Box::pin(async { panic!("on purpose") })).await;
                    assert!(matches!(panics, Err(StoreError::Broken(_))), "{panics:?}");
                    return (number, Err(Refusal::Broken));
                }
                (number, store.commit(draft.0).await.map(|_| ()))
            });
        }
        for (number, outcome) in writers.join_all().await {
            let expected = match number {
                7 => Err(Refusal::Broken),
                31 => Err(Refusal::Duplicate { index: 0, rule: 0 }),
                _ => Ok(()),
            };
            assert_eq!(outcome, expected, "{number}");
        }
        assert_eq!(count(&world, "shop__customers").await, 1 + 62 * (round + 1));
        assert_eq!(count(&world, "changes").await, 1 + 62 * (round + 1));
    }
}

/// As [`of_two_that_a_guard_keeps_apart_one_wins`], at two hosts of one database.
async fn guards_hold_between_hosts(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    if !fixture.is_postgres() {
        // A SQLite file has one host.
        return;
    }
    let other = fixture.open().await;
    for round in 0..40 {
        let customer = world.insert("shop/customers", [("name", text(&format!("Customer {round}")))]).await;
        let mut racers = JoinSet::new();
        for store in [world.store.clone(), other.clone(), world.store.clone(), other.clone()] {
            let draft = only_order(&world, customer, Id::fresh());
            racers.spawn(async move { store.commit(draft.0).await });
        }
        let outcomes = racers.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    }
    let open = "select count(*) from pg_locks where locktype = 'advisory' and database = \
                (select oid from pg_database where datname = current_database())";
    let locks = other.database().fetch_one(Statement::new(open, Vec::new())).await.unwrap();
    assert_eq!(locks.i64(0).unwrap(), 0, "every turn ended with its transaction");
}

async fn a_caller_who_leaves_leaves_nothing_half_done(fixture: Fixture) {
    let world = fixture.world(&[SHOP]).await;
    let [customers, orders] = [world.schema("shop/customers"), world.schema("shop/orders")];
    let mut callers = JoinSet::new();
    for number in 0..200_usize {
        let store = world.store.clone();
        let customer = Id::fresh();
        let values = fields([("title", text("Table")), ("customer", Value::Reference(customer))]);
        let mut draft = draft(world.access, Principal::Person(world.person)).insert(
            &customers,
            customer,
            fields([("name", text(&format!("Customer {number}")))]),
        );
        if number % 2 == 0 {
            draft = draft.insert(&orders, Id::fresh(), values);
        }
        callers.spawn(async move {
            // Leaves after as many turns of the executor.
            tokio::select! {
                biased;
                outcome = store.commit(draft.0) => drop(outcome),
                () = leave_after(number % 40) => {}
            }
        });
    }
    callers.join_all().await;
    settled(&world.store, fixture.is_postgres()).await;
    let kept = count(&world, "shop__customers").await + count(&world, "shop__orders").await;
    assert_eq!(count(&world, "changes").await, kept);
    let sql = "select count(*) from shop__orders where customer not in (select id from shop__customers)";
    let alone = world.store.database().fetch_one(Statement::new(sql, Vec::new())).await.unwrap();
    assert_eq!(alone.i64(0).unwrap(), 0);
    world.insert("shop/customers", [("name", text("After"))]).await;
}

async fn leave_after(turns: usize) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

/// Waits until no connection but the one that asks is inside a transaction. One that was left open would stay so, and
/// have the test run into its end.
async fn settled(store: &Store, postgres: bool) {
    let sql = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() \
               and (state like 'idle in transaction%' or state = 'active')";
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let mut quiet = 0;
    while postgres && quiet < 50 {
        let open = store.database().fetch_one(Statement::new(sql, Vec::new())).await.unwrap().i64(0).unwrap();
        quiet = if open == 0 { quiet + 1 } else { 0 };
        assert!(std::time::Instant::now() < limit, "{open} connections are inside a transaction");
    }
    // The one writer of SQLite takes this last.
    let done: Result<(), lignaflow_store::StoreError> = store.database().write(|_| Box::pin(async { Ok(()) })).await;
    done.unwrap();
}
