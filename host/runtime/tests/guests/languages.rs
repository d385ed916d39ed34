//! The contract is the same in every language: what a guest in Rust answers, one in JavaScript does, which was made by
//! another tool and carries an interpreter.

use crate::support::{FakeReads, asked, assert_logged, call, engine, guest, id, load, request, roomy, with_section};
use lignaflow_core::descriptor::ChangeKind;
use lignaflow_core::guest::{CallFault, Guest, HookChange, RouteReply, RouteRequest};
use lignaflow_core::mutation::{Fields, Mutation, Origin};
use lignaflow_core::value::Value;
use lignaflow_runtime::LoadedPlugin;
use std::path::Path;
use std::sync::Arc;

/// `honest` in both languages.
fn both() -> [Arc<LoadedPlugin>; 2] {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let code = std::fs::read(folder.join("tests/javascript/honest.wasm")).unwrap();
    let descriptor = std::fs::read(folder.join("../../plugins/hostile/honest/plugin.toml")).unwrap();
    let bytes = with_section(&code, "lignaflow:descriptor", &descriptor);
    let loaded = engine().load(&bytes, &asked(&guest("honest")), &roomy());
    let javascript = loaded.unwrap_or_else(|fault| {
        panic!("after a change of the contract tests/javascript/build.sh makes it anew: {fault}")
    });
    [load("honest"), javascript]
}

fn asking(route: &str, name: &str, value: &str) -> RouteRequest {
    RouteRequest { parameters: vec![(name.to_owned(), value.to_owned())], ..request(route) }
}

/// A reply with the identifiers that are new at each call as one that is not, and JSON without its spaces.
fn told(reply: &Result<RouteReply, CallFault>) -> String {
    let mut text = format!("{reply:?}");
    if let Ok(reply) = reply {
        for write in &reply.writes {
            if let Mutation::Insert { id, .. } = write {
                text = text.replace(&format!("{id:?}"), "fresh").replace(&id.to_string(), "fresh");
            }
        }
    }
    text.replace(", ", ",")
}

#[tokio::test]
async fn routes_answer_alike_in_every_language() {
    let [rust, javascript] = both();
    let requests = [
        request("hello"),
        request("titles"),
        request("count"),
        asking("one", "id", &id(9).to_string()),
        asking("one", "id", &id(8).to_string()),
        asking("one", "id", "nine"),
        request("facts"),
        request("folk"),
        asking("clock", "zone", "Australia/Sydney"),
        asking("clock", "zone", "Mars/Base"),
        request("foreign"),
        RouteRequest { body: "Küche".as_bytes().to_vec(), ..request("copy") },
        request("notes-as-they-are"),
        request("refuse"),
    ];
    for request in requests {
        let answer = async |plugin: &LoadedPlugin| {
            let reads = Arc::new(FakeReads::default());
            let reply = told(&plugin.handle(reads.clone(), request.clone()).await);
            let asked = reads.asked.lock().unwrap().clone();
            (reply, asked)
        };
        assert_eq!(answer(&javascript).await, answer(&rust).await, "{}", request.route);
    }
}

#[tokio::test]
async fn hooks_change_and_refuse_alike_in_every_language() {
    for plugin in both() {
        let saved = async |titles: &[&str]| {
            let change = |title: &&str| HookChange {
                collection: "notes".to_owned(),
                kind: ChangeKind::Insert,
                id: id(9),
                transition: None,
                origin: Origin::Page,
                before: Fields::new(),
                after: Fields::from_iter([("title".to_owned(), Value::Text((*title).to_owned()))]),
                related: Fields::new(),
            };
            plugin.before_save(Arc::new(FakeReads::default()), titles.iter().map(change).collect()).await
        };
        let verdict = saved(&[" Küche ", "Stairs"]).await.unwrap();
        assert_eq!((verdict.set.len(), verdict.set[0].0, verdict.also.len()), (2, 0, 0));
        assert_eq!(verdict.set[0].1["title"], Value::Text("Küche".to_owned()));
        assert_logged(&plugin, "looked at changes count=2");
        let Err(CallFault::Refused(fault)) = saved(&["fine", "forbidden"]).await else { panic!() };
        assert_eq!(fault.issues[0].path, "/1/title");
    }
}

#[tokio::test]
async fn bounds_hold_in_every_language() {
    for plugin in both() {
        let endless = call(&plugin, "all-of-them").await;
        assert!(matches!(endless, Err(CallFault::Exhausted("rows") | CallFault::CpuExhausted)), "{endless:?}");
        assert_eq!(told(&call(&plugin, "hello").await).matches("hello").count(), 1);
    }
}
