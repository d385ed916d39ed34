//! The handle on a database: what it takes, what it refuses, and how it comes back.

use crate::common::{Fixture, World, fields, on_postgres, on_sqlite, text};
use crate::{SHOP, count};
use lignaflow_core::Id;
use lignaflow_core::commit::Refusal;
use lignaflow_store::identity::audit::{self, Event};
use lignaflow_store::{DatabaseUrl, OpenFault, Statement, Store, StoreError, StoreOptions};
use std::time::Duration;
use tokio::task::JoinSet;

crate::on_both!(
    a_work_that_fails_is_undone,
    a_work_that_hides_a_failed_statement_is_undone_too,
    a_work_that_panics_harms_no_other,
    a_database_of_a_later_program_is_told_by_number,
    migrating_again_changes_nothing,
    a_closed_store_says_so,
    a_question_ends_with_who_asked_it,
    no_statement_takes_a_line_of_the_audit_away_or_changes_it,
);

fn insert(key: &'static str) -> Statement {
    Statement::new("insert into collections (name, shape) values ($1, '{}')", vec![key.into()])
}

async fn empty(fixture: &Fixture) -> Store {
    let store = fixture.open().await;
    store.migrate().await.unwrap();
    store
}

async fn rows(store: &Store) -> i64 {
    let sql = "select count(*) from collections";
    store.database().fetch_one(Statement::new(sql, Vec::new())).await.unwrap().i64(0).unwrap()
}

/// What would take minutes, asked on the only connection that there is.
async fn a_question_ends_with_who_asked_it(fixture: Fixture) {
    let options = StoreOptions { max_connections: 1, ..fixture.options.clone() };
    let store = empty(&fixture).await;
    let one = Store::open(&options).await.unwrap();
    let (endless, at_work) = if fixture.is_postgres() {
        let at_work = "select count(*) from pg_stat_activity where datname = current_database() \
                       and state = 'active' and query like '%generate_series(1, 100000000000)%' \
                       and pid <> pg_backend_pid()";
        ("select count(*) from generate_series(1, 100000000000)", at_work)
    } else {
        let endless = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 100000000000) \
                       select count(*) from n";
        (endless, "select 0")
    };
    let asked = one.database().fetch_one(Statement::new(endless, Vec::new()));
    assert!(tokio::time::timeout(Duration::from_millis(300), asked).await.is_err(), "it takes longer");
    let rows = tokio::time::timeout(Duration::from_secs(4), rows(&one)).await;
    assert!(rows.is_ok(), "the connection is free for others");
    let ended = async {
        while store.database().fetch_one(Statement::new(at_work, Vec::new())).await.unwrap().i64(0).unwrap() > 0 {}
    };
    assert!(tokio::time::timeout(Duration::from_secs(4), ended).await.is_ok(), "the server goes on with it");
}

/// Beneath whatever the program does.
async fn no_statement_takes_a_line_of_the_audit_away_or_changes_it(fixture: Fixture) {
    let store = empty(&fixture).await;
    let event = Event {
        organization: None,
        at: 1,
        person: None,
        kind: "session.failed".to_owned(),
        address: "192.0.2.1".to_owned(),
        token: None,
        detail: serde_json::json!({ "email": "ann@example.com" }),
    };
    let line = event.clone();
    let () = store.database().write(move |tx| Box::pin(async move { audit::append(tx, &line).await })).await.unwrap();
    let run = async |sql: &'static str| {
        let done: Result<u64, StoreError> = store
            .database()
            .write(move |tx| Box::pin(async move { tx.execute(Statement::new(sql, Vec::new())).await }))
            .await;
        done
    };
    for sql in [
        "delete from audit",
        "update audit set kind = 'session.opened'",
        "update audit set at = 2",
        "update audit set person = id",
        "update audit set organization = id",
        "update audit set token = id",
        "update audit set address = '192.0.2.2'",
        "update audit set detail = '{\"email\":\"ben@example.com\"}'",
    ] {
        assert!(matches!(run(sql).await, Err(StoreError::Broken(_))), "{sql}");
        assert_eq!(audit::latest(store.database(), None, 9).await.unwrap(), std::slice::from_ref(&event), "{sql}");
    }
    // What erasing a person takes out of it.
    assert_eq!(run("update audit set address = '', detail = '{}'").await, Ok(1));
}

async fn a_work_that_fails_is_undone(fixture: Fixture) {
    let store = empty(&fixture).await;
    let done: Result<(), StoreError> = store
        .database()
        .write(|tx| {
            Box::pin(async move {
                tx.execute(insert("a")).await?;
                Err(StoreError::Broken("changed its mind".to_owned()))
            })
        })
        .await;
    assert_eq!(done, Err(StoreError::Broken("changed its mind".to_owned())));
    assert_eq!(rows(&store).await, 0);
}

async fn a_work_that_hides_a_failed_statement_is_undone_too(fixture: Fixture) {
    let store = empty(&fixture).await;
    let done: Result<(), StoreError> = store
        .database()
        .write(|tx| {
            Box::pin(async move {
                tx.execute(insert("a")).await?;
                let twice = tx.execute(insert("a")).await;
                assert!(matches!(twice, Err(StoreError::Unique(_))));
                assert_eq!(tx.execute(insert("b")).await, twice);
                Ok(())
            })
        })
        .await;
    assert!(matches!(done, Err(StoreError::Unique(_))), "{done:?}");
    assert_eq!(rows(&store).await, 0);
}

async fn a_work_that_panics_harms_no_other(fixture: Fixture) {
    let store = empty(&fixture).await;
    let mut works = JoinSet::new();
    for number in 0..20 {
        let database = store.database().clone();
        works.spawn(async move {
            let done: Result<(), StoreError> = database
                .write(move |tx| {
                    Box::pin(async move {
                        let key: &'static str = number.to_string().leak();
                        tx.execute(insert(key)).await?;
                        assert!(number != 7, "on purpose");
                        Ok(())
                    })
                })
                .await;
            assert_eq!(done.is_ok(), number != 7);
        });
    }
    works.join_all().await;
    assert_eq!(rows(&store).await, 19);
}

async fn a_database_of_a_later_program_is_told_by_number(fixture: Fixture) {
    let store = fixture.open().await;
    assert_eq!(store.check_migrated().await, Err(OpenFault::Behind { missing: 1 }.into()));
    store.migrate().await.unwrap();
    assert_eq!(store.check_migrated().await, Ok(()));
    let sql = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
               values (9999, 'later', true, $1, 0)";
    let later = Statement::new(sql, vec![vec![0_u8].into()]);
    let done: Result<u64, StoreError> =
        store.database().write(move |tx| Box::pin(async move { tx.execute(later).await })).await;
    done.unwrap();
    for outcome in [store.migrate().await, store.check_migrated().await] {
        let Err(StoreError::Open(fault @ OpenFault::Newer { found: 9999, .. })) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(fault.to_string().contains("newer than this program"), "{fault}");
    }
}

async fn migrating_again_changes_nothing(fixture: Fixture) {
    let store = empty(&fixture).await;
    let second = fixture.open().await;
    let (one, other) = tokio::join!(store.migrate(), second.migrate());
    assert_eq!((one, other), (Ok(()), Ok(())));
}

async fn a_closed_store_says_so(fixture: Fixture) {
    let store = empty(&fixture).await;
    let clone = store.clone();
    store.close().await;
    let done: Result<u64, StoreError> =
        clone.database().write(|tx| Box::pin(async move { tx.execute(insert("a")).await })).await;
    assert!(matches!(done, Err(StoreError::Unavailable(_))), "{done:?}");
    assert!(matches!(clone.ping().await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named_without_a_password() {
    let open = |url: &str| {
        let url: DatabaseUrl = url.parse().unwrap();
        async move {
            Store::open(&StoreOptions { url, max_connections: 2, acquire: StoreOptions::ACQUIRE, create: false })
                .await
                .unwrap_err()
                .to_string()
        }
    };
    let told = open("sqlite:/nowhere/at-all.db").await;
    assert!(told.contains("/nowhere/at-all.db"), "{told}");
    let told = open("postgres://someone:hush@127.0.0.1:9/things").await;
    assert!(told.contains("127.0.0.1:9") && told.contains("things"), "{told}");
    assert!(!told.contains("hush") && !told.contains("someone"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_on_the_disk() {
    on_sqlite(|fixture| async move {
        let world = fixture.world(&[SHOP]).await;
        let schema = world.schema("shop/customers");
        let mut writers = JoinSet::new();
        for number in 0..100 {
            let id = Id::fresh();
            let draft = world.draft().insert(&schema, id, fields([("name", text(&format!("Customer {number}")))]));
            let store = world.store.clone();
            writers.spawn(async move { store.commit(draft.0).await.map(|_| id) });
        }
        let ids: Vec<Id> = writers.join_all().await.into_iter().map(Result::unwrap).collect();
        // As a machine would find the files that lost its power now: nothing was closed or copied back.
        let DatabaseUrl::Sqlite(path) = &fixture.options.url else { panic!("not SQLite") };
        let after = tempfile::tempdir().unwrap();
        for suffix in ["", "-wal"] {
            let from = format!("{}{suffix}", path.display());
            std::fs::copy(from, after.path().join(format!("after.db{suffix}"))).unwrap();
        }
        let url = DatabaseUrl::Sqlite(after.path().join("after.db"));
        let found =
            Store::open(&StoreOptions { url, max_connections: 1, acquire: StoreOptions::ACQUIRE, create: false })
                .await
                .unwrap();
        assert_eq!(found.live(world.access, &schema, &ids).await.unwrap().len(), 100);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_and_recovers() {
    on_sqlite(|fixture| async move {
        let world = fixture.world(&[SHOP]).await;
        let before = count(&world, "shop__customers").await;
        limit_pages(&world, "pragma max_page_count = 1").await;
        let mut refused = 0;
        for number in 0..200 {
            let name = format!("Customer {number} {}", "x".repeat(150));
            let draft =
                world.draft().insert(&world.schema("shop/customers"), Id::fresh(), fields([("name", text(&name))]));
            match world.commit(draft).await {
                Ok(_) => {}
                Err(Refusal::Full) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(refused > 100, "{refused} of 200 were refused");
        let kept = count(&world, "shop__customers").await;
        assert_eq!(kept, before + 200 - refused);
        assert_eq!(count(&world, "changes").await, kept);
        limit_pages(&world, "pragma max_page_count = 1000000").await;
        world.insert("shop/customers", [("name", text("After"))]).await;
    })
    .await;
}

/// The most pages that the writer may make of its file; at least those that it has.
async fn limit_pages(world: &World, sql: &'static str) {
    let done: Result<u64, StoreError> = world
        .store
        .database()
        .write(move |tx| Box::pin(async move { tx.execute(Statement::new(sql, Vec::new())).await }))
        .await;
    done.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_ended_are_made_anew() {
    on_postgres(|fixture| async move {
        let world = fixture.world(&[SHOP]).await;
        let other = fixture.open().await;
        for round in 0..5 {
            let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                       where datname = current_database() and pid <> pg_backend_pid()";
            other.database().fetch_one(Statement::new(sql, Vec::new())).await.unwrap();
            world.insert("shop/customers", [("name", text(&format!("Customer {round}")))]).await;
            other.database().fetch_one(Statement::new(sql, Vec::new())).await.unwrap();
            assert_eq!(count(&world, "shop__customers").await, round + 1);
        }
        assert_eq!(count(&world, "shop__customers").await, 5);
    })
    .await;
}
