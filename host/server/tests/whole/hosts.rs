//! Hosts keep no state of their own: two of them on one PostgreSQL are one LignaFlow.

use crate::media::{PDF, bring};
use crate::scene::{CLIENTS, PROJECTS, TASKS};
use lignaflow_server::config::Config;
use lignaflow_testkit::plugins::shipped;
use lignaflow_testkit::{Database, Method, On, Setup, on};
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_is_decided_on_what_another_host_did_a_moment_ago() {
    on(On::Postgres, |database: Database| async move {
        let host = || {
            database.serve_with(Setup { plugins: ["projects", "estimates"].map(shipped).into(), ..Setup::default() })
        };
        let (one, other) = (host().await, host().await);
        let org = one.organization("Halloran").await;
        let there = other.client(Some(&org.token));
        for _ in 0..5 {
            let refused = there.act("plugins/projects/disable").await.is_problem(409, "conflict");
            assert!(refused.text.contains("`estimates`"), "{}", refused.text);
            let _ = org.act("plugins/estimates/disable").await.is(204);
            let _ = there.act("plugins/projects/disable").await.is(204);
            let refused = org.act("plugins/estimates/enable").await.is_problem(409, "conflict");
            assert!(refused.text.contains("`projects`"), "{}", refused.text);
            let _ = org.act("plugins/projects/enable").await.is(204);
            let _ = there.act("plugins/estimates/enable").await.is(204);
        }
    })
    .await;
}

/// Asks until it is so: hosts follow each other within a second.
async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_one_host_took_in_the_other_hands_out() {
    on(On::Postgres, |database: Database| async move {
        // A folder beside the two that are the hosts' own.
        let config = |config: &mut Config| config.media.url = config.data_dir.join("../../files").display().to_string();
        let host = || database.serve_with(Setup { config, ..Setup::default() });
        let (one, other) = (host().await, host().await);
        let org = one.organization("Halloran").await;
        let there = other.client(Some(&org.token));
        until(async || there.get(TASKS).await.status == 200).await;

        let id = bring(&org, "plan.pdf", "application/pdf", PDF).await.is(201).id();
        assert_eq!(there.get(&format!("media/{id}/content")).await.is(200).text.as_bytes(), PDF);
        let project = there.make(PROJECTS, json!({ "name": "Fit-out", "documents": [id] })).await;
        let range = org.request(Method::GET, &format!("media/{id}/content")).header("Range", "bytes=0-4");
        assert_eq!(org.send(range).await.is(206).text, "%PDF-");
        let _ = org.patch(&format!("{PROJECTS}/{project}"), "*", json!({ "documents": [] })).await.is(200);
        let again = bring(&there, "copy.pdf", "application/pdf", PDF).await.is(201).id();
        assert_eq!(org.get(&format!("media/{again}/content")).await.is(200).text.as_bytes(), PDF);
        // Both look at once; nothing is waiting long enough, and nothing is lost.
        let (left, right) = tokio::join!(one.app.media.sweep(), other.app.media.sweep());
        assert_eq!((left.unwrap(), right.unwrap()), (0, 0));
        assert_eq!(there.get(&format!("media/{again}/content")).await.is(200).text.as_bytes(), PDF);
    })
    .await;
}
