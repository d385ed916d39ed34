//! Hosts keep no state of their own: two of them on one PostgreSQL are one LignaFlow.

use crate::scene::{CLIENTS, TASKS};
use lignaflow_testkit::{Database, Method, On, on};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_host_does_the_other_knows() {
    on(On::Postgres, |database: Database| async move {
        let (one, other) = (database.serve().await, database.serve().await);
        let org = one.organization("Halloran").await;
        let there = other.client(Some(&org.token));
        until(async || there.get(TASKS).await.status == 200).await;

        let made = org.post(CLIENTS, json!({ "name": "Marrickville Dental" })).await.is(201);
        let path = format!("{CLIENTS}/{}", made.id());
        assert_eq!(there.get(&path).await.is(200).json, made.json);
        let _ = there.patch(&path, "\"1\"", json!({ "contact": "Ana" })).await.is(200);
        let _ = org.patch(&path, "\"1\"", json!({ "contact": "Ben" })).await.is_problem(412, "stale");

        let visitor = one.signed_in(&org).await;
        let cookie = visitor.cookie("__Host-lignaflow").unwrap();
        let moved = other.visitor();
        let request =
            moved.request(Method::GET, "/projects/clients").header("Cookie", format!("__Host-lignaflow={cookie}"));
        moved.send(request).await.is(200).shows("Marrickville Dental");

        let _ = there.act("plugins/projects/disable").await.is(204);
        until(async || org.get(TASKS).await.status == 404).await;
        let _ = org.act("plugins/projects/enable").await.is(204);
        until(async || there.get(TASKS).await.status == 200).await;
    })
    .await;
}

/// Asks until it is so: hosts follow each other within a second.
async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::task::yield_now().await;
    }
}
