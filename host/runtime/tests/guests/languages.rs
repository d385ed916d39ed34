//! The contract is the same in every language: what a guest in Rust answers, one in JavaScript does, which was made by
//! another tool and carries an interpreter.

use crate::support::{
    FakeReads, asked, assert_logged, call, engine, id, load_allowed, packed, request, roomy, with_section,
};
use lignaflow_core::ErrorCode;
use lignaflow_core::descriptor::ChangeKind;
use lignaflow_core::guest::{CallFault, Event, EventKind, Guest, HookChange, JobCall, RouteReply, RouteRequest};
use lignaflow_core::mutation::{Fields, Mutation, Origin};
use lignaflow_core::value::Value;
use lignaflow_runtime::LoadedPlugin;
use std::path::Path;
use std::sync::Arc;

/// `honest` in both languages.
fn both() -> [Arc<LoadedPlugin>; 2] {
    in_both("hostile", "honest")
}

/// The guest of a folder of `plugins/` in both languages.
fn in_both(kind: &str, name: &str) -> [Arc<LoadedPlugin>; 2] {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rust = packed(kind, name);
    let code = std::fs::read(folder.join(format!("tests/javascript/{name}.wasm"))).unwrap();
    let descriptor = std::fs::read(folder.join(format!("../../plugins/{kind}/{name}/plugin.toml"))).unwrap();
    let javascript = with_section(&code, "lignaflow:descriptor", &descriptor);
    [rust.clone(), javascript].map(|bytes| {
        engine().load(&bytes, &asked(&rust), &roomy()).unwrap_or_else(|fault| {
            panic!("after a change of the contract tests/javascript/build.sh makes {name} anew: {fault}")
        })
    })
}

fn asking(route: &str, name: &str, value: &str) -> RouteRequest {
    RouteRequest { parameters: vec![(name.to_owned(), value.to_owned())], ..request(route) }
}

fn written(writes: &[Mutation]) -> String {
    anonymous(format!("{writes:?}"), writes)
}

/// The text with the identifiers that are new at each call as one that is not.
fn anonymous(mut text: String, writes: &[Mutation]) -> String {
    for write in writes {
        if let Mutation::Insert { id, fields, .. } = write {
            // Files that the call has made among them.
            let held = fields.values().filter_map(Value::as_reference);
            for id in held.chain([*id]) {
                text = text.replace(&format!("{id:?}"), "fresh").replace(&id.to_string(), "fresh");
            }
        }
    }
    text
}

/// A reply with the identifiers that are new at each call as one that is not, and JSON without its spaces.
fn told(reply: &Result<RouteReply, CallFault>) -> String {
    let writes = reply.as_ref().map_or(&[][..], |reply| &reply.writes);
    anonymous(format!("{reply:?}"), writes).replace(", ", ",")
}

/// What a route answers, and what it asked for.
async fn answer(plugin: &LoadedPlugin, request: &RouteRequest) -> (String, Vec<String>) {
    let reads = Arc::new(FakeReads::default());
    let reply = told(&plugin.handle(reads.clone(), request.clone()).await);
    let asked = reads.asked.lock().unwrap().clone();
    (reply, asked)
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
        assert_eq!(answer(&javascript, &request).await, answer(&rust, &request).await, "{}", request.route);
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
async fn jobs_go_on_where_they_stood_in_every_language() {
    for plugin in both() {
        let run = async |payload: &str, cursor: Option<&str>, attempt| {
            let (job, payload) = ("count".to_owned(), payload.to_owned());
            plugin
                .run(
                    Arc::new(FakeReads::default()),
                    JobCall { job, payload, cursor: cursor.map(str::to_owned), attempt },
                )
                .await
        };
        let first = run("\"Küche\"", None, 1).await.unwrap();
        assert!(written(&first.writes).contains("count \\\"Küche\\\" 0 1"), "{}", written(&first.writes));
        let next = first.next.unwrap();
        assert_eq!((next.cursor.as_str(), next.delay_seconds), ("1", 0));
        let second = run("2", Some("1"), 3).await.unwrap();
        assert!(written(&second.writes).contains("count 2 1 3"), "{}", written(&second.writes));
        assert_eq!(second.next.unwrap().delay_seconds, 5);
        assert!(run("2", Some("2"), 1).await.unwrap().next.is_none());
        let Err(CallFault::Refused(fault)) = run("\"break\"", None, 1).await else { panic!() };
        assert_eq!((fault.code, fault.message.as_str()), (ErrorCode::Unavailable, "Not yet."));
    }
}

#[tokio::test]
async fn changes_are_heard_alike_in_every_language() {
    for plugin in both() {
        let event = |sequence, kind, title: &str| Event {
            sequence,
            at: 0,
            collection: "other/things".to_owned(),
            id: id(5),
            version: 7,
            kind,
            transition: None,
            person: None,
            before: Fields::new(),
            after: Fields::from_iter([("title".to_owned(), Value::Text(title.to_owned()))]),
        };
        let events = vec![event(1 << 40, EventKind::Insert, "Küche"), event(2, EventKind::Restore, "Stairs")];
        let writes = plugin.receive(Arc::new(FakeReads::default()), events).await.unwrap();
        assert_eq!(writes.len(), 2);
        let text = written(&writes);
        for told in ["1099511627776 other/things insert 7 Küche", "2 other/things restore 7 Stairs"] {
            assert!(text.contains(told), "{told}: {text}");
        }
    }
}

#[tokio::test]
async fn services_serve_alike_in_every_language() {
    for plugin in both() {
        let caller = load_allowed("leaning", &roomy());
        let asked = RouteRequest { body: b"\"Mia\"".to_vec(), ..request("ask") };
        let reads = Arc::new(FakeReads::served_by(plugin.clone()).serving_as("greet", "say"));
        let reply = caller.handle(reads.clone(), asked.clone()).await;
        assert!(told(&reply).contains("greet: Mia"), "{reply:?}");
        let joined = written(&reads.joined.lock().unwrap());
        assert!(joined.contains("say \\\"Mia\\\""), "{joined}");
        let reads = Arc::new(FakeReads::served_by(plugin.clone()).serving_as("greet", "refuse"));
        let _ = caller.handle(reads.clone(), asked).await;
        let failed = reads.failed.lock().unwrap().take();
        assert!(matches!(&failed, Some(CallFault::Refused(fault)) if fault.message == "Not to you."), "{failed:?}");
    }
}

#[tokio::test]
async fn what_others_keep_is_asked_for_alike_in_every_language() {
    let [rust, javascript] = in_both("fixtures", "envoy");
    let of_file = |route: &str, file: &str| asking(route, "id", file);
    let requests = [
        (asking("tone", "key", "tone"), "warm"),
        (asking("tone", "key", "key"), "null"),
        (of_file("file", &id(9).to_string()), r#"["prices.csv","text/csv",11,[105,99,101]]"#),
        (of_file("file", &id(8).to_string()), "NotFound"),
        (of_file("rows", &id(9).to_string()), r#"[["what","price"],7,[[3,["doors","12.50"]],[4,["Küche",""]]]]"#),
        (of_file("rows", &id(8).to_string()), "NotFound"),
        (request("make"), "Tally"),
    ];
    for (request, part) in requests {
        let answered = answer(&rust, &request).await;
        assert!(answered.0.replace('\\', "").contains(part), "{}: {}", request.route, answered.0);
        assert_eq!(answer(&javascript, &request).await, answered, "{}", request.route);
    }
}

#[tokio::test]
async fn other_hosts_are_sent_to_alike_in_every_language() {
    for plugin in in_both("fixtures", "envoy") {
        let sent = async |url: &str| {
            let reads = Arc::new(FakeReads::default());
            let payload = format!("\"{url}\"");
            let call = JobCall { job: "send".to_owned(), payload, cursor: None, attempt: 1 };
            let slice = plugin.run(reads.clone(), call).await;
            let asked = reads.asked.lock().unwrap().clone();
            (slice.map(|slice| written(&slice.writes)), asked)
        };
        let (told, asked) = sent("https://books.example/orders").await;
        assert!(told.unwrap().contains("202 x-order=41 8"));
        let [sending] = &asked[..] else { panic!("{asked:?}") };
        for part in [
            "\"PUT\"",
            "(\"x-trade\", \"joinery\"), (\"Content-Type\", \"text/plain\")",
            "setting: \"key\", header: \"authorization\", prefix: \"Bearer \"",
            "[102, 111, 117, 114, 32, 100, 111, 111, 114, 115]",
            "2000",
        ] {
            assert!(sending.contains(part), "{part}: {sending}");
        }
        let (refused, _) = sent("https://elsewhere.example/").await;
        let Err(CallFault::Refused(fault)) = refused else { panic!("{refused:?}") };
        assert_eq!(fault.code, ErrorCode::Denied);
    }
}

/// Each asks the one in the other language, too.
#[tokio::test]
async fn services_of_others_are_called_alike_in_every_language() {
    for caller in in_both("fixtures", "envoy") {
        for provider in both() {
            let reads = Arc::new(FakeReads::served_by(provider.clone()));
            let asked = |name: &str| RouteRequest { body: format!("\"{name}\"").into_bytes(), ..request("ask") };
            let reply = told(&caller.handle(reads.clone(), asked("Mia")).await);
            assert!(reply.contains("greet: Mia"), "{reply}");
            let joined = written(&reads.joined.lock().unwrap());
            assert!(joined.contains("say \\\"Mia\\\""), "{joined}");
            // Of what the service refuses nothing is written.
            let reads = Arc::new(FakeReads::served_by(provider).serving_as("greet", "refuse"));
            let refused = caller.handle(reads.clone(), asked("Mia")).await;
            assert!(matches!(&refused, Err(CallFault::Refused(_))), "{refused:?}");
            assert_eq!(*reads.joined.lock().unwrap(), []);
        }
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
