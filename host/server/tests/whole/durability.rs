//! What was acknowledged is there, whatever happens to the process.

use lignaflow_testkit::program::Program;
use lignaflow_testkit::{PASSWORD, plugins};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const CLIENTS: &str = "projects/clients";

/// Writers at once, and records that are acknowledged before the process is killed.
const WRITERS: usize = 8;
const ENOUGH: usize = 200;

/// A program with an organization that has the plugin on, and the owner's token.
pub(crate) async fn furnished(program: Program) -> (Program, String) {
    let _ = program.run(&["migrate"]).await.done();
    let create = ["organization", "create", "Halloran", "--owner", "jo@example.com", "--password-stdin"];
    let _ = program.run_with(&create, PASSWORD).await.done();
    let file = plugins::path("projects");
    let _ = program.run(&["plugin", "install", file.to_str().unwrap()]).await.done();
    let _ = program.run(&["plugin", "enable", "projects", "--organization", "Halloran"]).await.done();
    let words = ["token", "create", "--email", "jo@example.com", "--organization", "Halloran"];
    let token = program.run(&words).await.done().out.trim().to_owned();
    (program, token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_of_creates_loses_no_acknowledged_record() {
    let folder = tempfile::tempdir().unwrap();
    let (program, token) = furnished(Program::new(env!("CARGO_BIN_EXE_lignaflow"), folder.path())).await;
    let mut server = program.serve().await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let (enough, reached) = tokio::sync::oneshot::channel();
    let enough = Arc::new(std::sync::Mutex::new(Some(enough)));
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let (api, acknowledged, enough) = (server.client(Some(&token)), acknowledged.clone(), enough.clone());
        writers.push(tokio::spawn(async move {
            let mut kept = Vec::new();
            for n in 0.. {
                let body = json!({ "name": format!("Client {writer}.{n}") });
                let Ok(answer) = api.request(reqwest::Method::POST, CLIENTS).json(&body).send().await else { break };
                if answer.status() != 201 {
                    break;
                }
                // Read to its end: what breaks off was not acknowledged.
                let Ok(record) = answer.json::<serde_json::Value>().await else { break };
                kept.push(record["id"].as_str().unwrap().to_owned());
                if acknowledged.fetch_add(1, Ordering::SeqCst) + 1 == ENOUGH
                    && let Some(enough) = enough.lock().unwrap().take()
                {
                    enough.send(()).unwrap();
                }
            }
            kept
        }));
    }
    reached.await.unwrap();
    server.kill().await;
    let mut kept = BTreeSet::new();
    for writer in writers {
        kept.extend(writer.await.unwrap());
    }
    assert!(kept.len() >= ENOUGH);

    let server = program.serve().await;
    let api = server.client(Some(&token));
    let mut found = BTreeSet::new();
    let mut next = Some(format!("/api/v1/{CLIENTS}?limit=200&sort=id"));
    while let Some(address) = next {
        let page = api.get(&address).await.is(200);
        found.extend(page.column("id"));
        next = page.json["next"].as_str().map(str::to_owned);
    }
    let lost: Vec<_> = kept.difference(&found).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged records are gone: {lost:?}", lost.len(), kept.len());
    let one = kept.first().unwrap();
    let history = api.get(&format!("{CLIENTS}/{one}/history")).await.is(200);
    assert_eq!(history.column("kind"), ["insert"], "with their place in the log");
}
