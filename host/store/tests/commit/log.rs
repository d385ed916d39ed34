//! The change log: who changed what, and a reader that misses nothing.

use crate::SHOP;
use crate::common::{Fixture, fields, make_organization, on_postgres, text};
use lignaflow_core::caller::{Access, Principal};
use lignaflow_core::{Id, Value};
use lignaflow_store::{LogKind, LogPosition, Statement, StoreError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

crate::on_both!(
    a_history_says_who_changed_what,
    the_log_is_read_in_slices_and_to_its_end,
    nobody_reads_another_organizations_log,
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
                        let sql = "insert into changes (organization, at, principal_kind, request, origin, collection, \
                                   record, kind, version, before, after) \
                                   values ($1, 0, 'anonymous', $2, 'api', 'shop/customers', $2, 'insert', 1, '{}', '{}')";
                        let values = vec![organization.into(), late.uuid().into()];
                        tx.execute(Statement::new(sql, values)).await?;
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
