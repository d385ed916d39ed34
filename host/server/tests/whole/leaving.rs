//! What a write leaves behind that does not end as it began: a client that goes in the middle, a disk that is full.

use crate::scene::{CLIENTS, scene};
use lignaflow_store::{Statement, StoreError};
use lignaflow_testkit::{Database, Method, On, Server, on_both, on_one};
use serde_json::json;
use tokio::task::JoinSet;

on_both!(clients_that_leave_in_the_middle_leave_no_transaction_open,);

on_one!(a_full_disk_refuses_what_is_new_and_recovers_by_itself,);

/// Clients that leave, each after another number of turns.
const LEAVERS: usize = 400;

async fn number(server: &Server, sql: &'static str) -> i64 {
    let statement = Statement::new(sql, Vec::new());
    server.app.store.database().fetch_one(statement).await.unwrap().i64(0).unwrap()
}

async fn clients_that_leave_in_the_middle_leave_no_transaction_open(database: Database) {
    let scene = scene(&database).await;
    let mut leavers = JoinSet::new();
    for leaver in 0..LEAVERS {
        let api = scene.org.api.clone();
        leavers.spawn(async move {
            let body = json!({ "name": format!("Client {leaver}") });
            let call = async {
                // A connection that another has left may break off for this one too: it leaves as well.
                let answer = api.request(Method::POST, CLIENTS).json(&body).send().await.ok()?;
                let status = answer.status().as_u16();
                answer.bytes().await.ok().map(|_| status)
            };
            // Some go before the request is out, some while it is written, some with the answer on its way.
            tokio::select! {
                biased;
                answered = call => answered,
                () = turns(leaver * 7 % 500) => None,
            }
        });
    }
    let answered = leavers.join_all().await;
    let left = answered.iter().filter(|answer| answer.is_none()).count();
    assert!(left > 0 && answered.iter().flatten().all(|status| *status == 201), "{left}: {answered:?}");
    if database.kind() == On::Postgres {
        let open = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() \
                    and xact_start is not null";
        while number(&scene.server, open).await > 0 {
            tokio::task::yield_now().await;
        }
    }
    // What was begun ended whole or not at all. It is one look, since what the last of them sent may still be begun.
    let apart = "select (select count(*) from projects__clients) - (select count(*) from changes \
                 where collection = 'projects/clients' and kind = 'insert')";
    assert_eq!(number(&scene.server, apart).await, 0);
    let clients = number(&scene.server, "select count(*) from projects__clients").await;
    let kept = i64::try_from(answered.iter().flatten().count()).unwrap();
    assert!(clients > kept, "what was acknowledged is there, beside the one of the scene: {clients} of {kept}");
    scene.org.make(CLIENTS, json!({ "name": "Whoever comes next" })).await;
}

async fn turns(of: usize) {
    for _ in 0..of {
        tokio::task::yield_now().await;
    }
}

/// Bounds the file as a disk or a quota would; it acts on the connection that writes.
async fn bound(server: &Server, pages: i64) {
    let pragma = Statement::new(format!("pragma max_page_count = {pages}").leak(), Vec::new());
    let done: Result<u64, StoreError> =
        server.app.store.database().write(move |tx| Box::pin(async move { tx.execute(pragma).await })).await;
    done.unwrap();
}

async fn a_full_disk_refuses_what_is_new_and_recovers_by_itself(database: Database) {
    let scene = scene(&database).await;
    let pages = number(&scene.server, "select page_count from pragma_page_count").await;
    bound(&scene.server, pages + 2).await;
    let note = "n".repeat(900);
    let mut kept = vec![scene.client.clone()];
    let refused = loop {
        let body = json!({ "name": format!("Client {}", kept.len()), "notes": note });
        let answer = scene.org.post(CLIENTS, body).await;
        if answer.status != 201 {
            break answer;
        }
        kept.push(answer.id());
        assert!(kept.len() < 10_000, "it never fills");
    };
    let refused = refused.is_problem(507, "quota");
    assert!(refused.text.contains("no room left"), "{}", refused.text);
    // Writers at once are refused alike, and nobody is left waiting.
    let mut writers = JoinSet::new();
    for writer in 0..16 {
        let (api, note) = (scene.org.api.clone(), note.clone());
        writers.spawn(async move {
            let body = json!({ "name": format!("Writer {writer}"), "notes": note });
            api.post(CLIENTS, body).await.status
        });
    }
    assert!(writers.join_all().await.iter().all(|status| *status == 507));
    // Reads go on, and all that was acknowledged is there.
    for id in [&kept[0], &kept[kept.len() - 1]] {
        let _ = scene.org.get(&format!("{CLIENTS}/{id}")).await.is(200);
    }
    let counted = scene.org.get(&format!("{CLIENTS}?count=true&limit=1")).await.is(200);
    assert_eq!(counted.json["count"], kept.len());
    let _ = scene.org.get("/health/ready").await.is(200);
    bound(&scene.server, 1_000_000).await;
    scene.org.make(CLIENTS, json!({ "name": "Room again", "notes": note })).await;
}
