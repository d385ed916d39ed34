//! A collection under its next name: what people keep of it follows, and the files that its records hold. What is purged
//! lets its files go.

use crate::media::{PDF, bring};
use crate::scene::{Scene, scene_with};
use lignaflow_core::caller::Access;
use lignaflow_core::media::State;
use lignaflow_testkit::plugins::{declared, shipped};
use lignaflow_testkit::{Answer, Client, Database, Method, Setup, on_both};
use serde_json::json;

on_both!(what_is_kept_of_a_collection_follows_its_name, what_is_purged_lets_its_files_go);

const FIRST: &str = "photo = { type = \"media\" }\nstate = { type = \"choice\", of = [\"new\", \"worn\"] }";
const SECOND: &str = "picture = { type = \"media\", renamed_from = \"photo\" }\n\
    wear = { type = \"choice\", of = [\"new\", \"used\"], renamed_from = \"state\", renamed = { worn = \"used\" } }";

/// Tools, in a collection of this name with these fields.
fn tools(version: &str, name: &str, fields: &str) -> Vec<u8> {
    declared(&format!(
        "id = \"tools\"\nversion = \"{version}\"\ntitle = \"Tools\"\napi = \"0.1\"\n\n[[collections]]\n{name}\n\
         title = {{ one = \"Tool\", many = \"Tools\" }}\ndisplay = \"label\"\n\n[collections.fields]\n\
         label = {{ type = \"text\", required = true }}\n{fields}\n"
    ))
}

/// The pairs of a query string.
fn url(query: &serde_json::Value) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(query.as_str().unwrap().as_bytes()).into_owned()
}

async fn install(api: &Client, bytes: Vec<u8>) {
    let request = api.request(Method::POST, "plugins").header("Content-Type", "application/wasm");
    let _ = api.send(request.body(bytes)).await.is(201);
}

async fn with_tools(database: &Database) -> Scene {
    let first = tools("0.1.0", "name = \"tools\"", FIRST);
    scene_with(database, Setup { plugins: vec![shipped("projects"), first], ..Setup::default() }).await
}

/// Begins it, and waits for its end however long that takes.
async fn act(api: &Client, path: &str, verb: &str) -> Answer {
    let mut answer = api.act(&format!("{path}/{verb}")).await;
    while answer.status == 202 || answer.json["state"].as_str().is_some_and(|state| state.ends_with("ing")) {
        answer = api.get(&format!("{path}?wait=20")).await.is(200);
    }
    answer
}

async fn what_is_kept_of_a_collection_follows_its_name(database: Database) {
    let scene = with_tools(&database).await;
    let org = &scene.org;
    let file = bring(org, "plane.pdf", "application/pdf", PDF).await.is(201).id();
    let plane = org.make("tools/tools", json!({ "label": "Plane", "photo": file })).await;
    let query = "filter[label]=Plane&filter[state][in]=new,worn&sort=-state,label&fields=label,state";
    let view = json!({ "collection": "tools/tools", "name": "Planes", "query": query });
    let view = org.post("views", view).await.is(201).id();
    let webhook = json!({ "url": "https://a.invalid/", "collections": ["projects/tasks", "tools/tools"] });
    let webhook = org.post("webhooks", webhook).await.is(201).id();
    let csv = org.request(Method::POST, "tools/tools/imports?name=list.csv").header("Content-Type", "text/csv");
    let import = org.send(csv.body("Label\r\nSaw\r\nAxe\r\n")).await.is(201).id();
    let ran = act(org, &format!("tools/tools/imports/{import}"), "run").await.is(200);
    assert_eq!(ran.json["state"], "done", "{}", ran.text);

    let renamed = "name = \"gear\"\nrenamed_from = \"tools\"";
    install(org, tools("0.2.0", renamed, SECOND)).await;

    assert_eq!(org.get("views?collection=tools/gear").await.is(200).column("id"), [view.as_str()]);
    let followed = org.get(&format!("views/{view}")).await.is(200);
    let asked: Vec<_> = url(&followed.json["query"]).collect();
    let now = [
        ("filter[label]", "Plane"),
        ("filter[wear][in]", "new,used"),
        ("sort", "-wear,label"),
        ("fields", "label,wear"),
    ];
    assert_eq!(asked, now.map(|(name, text)| (name.to_owned(), text.to_owned())));
    assert_eq!(followed.json.get("issues"), None, "it fits its list");
    let told = org.get(&format!("webhooks/{webhook}")).await.is(200);
    assert_eq!(told.json["collections"], json!(["projects/tasks", "tools/gear"]));
    assert_eq!(org.get("tools/gear/imports").await.is(200).column("id"), std::slice::from_ref(&import));
    let undone = act(org, &format!("tools/gear/imports/{import}"), "undo").await.is(200);
    assert_eq!((&undone.json["state"], &undone.json["progress"]["archived"]), (&json!("undone"), &json!(2)));
    assert_eq!(org.get("tools/gear").await.is(200).column("id"), std::slice::from_ref(&plane));

    let known = org.get(&format!("media/{file}")).await.is(200);
    let place = json!({ "collection": "tools/gear", "record": plane, "field": "picture" });
    assert_eq!((&known.json["state"], &known.json["attached_to"]), (&json!("attached"), &place));
    let _ = org.patch(&format!("tools/gear/{plane}"), "*", json!({ "picture": null })).await.is(200);
    assert_eq!(org.get(&format!("media/{file}")).await.is(200).json["state"], "waiting", "it can be let go");
}

async fn what_is_purged_lets_its_files_go(database: Database) {
    let scene = with_tools(&database).await;
    let org = &scene.org;
    let mut files = Vec::new();
    for name in ["plane", "saw"] {
        files.push(bring(org, name, "application/pdf", PDF).await.is(201).id());
    }
    let _ = org.make("tools/tools", json!({ "label": "Plane", "photo": files[0] })).await;
    let state = async |file: &str| {
        let found = scene.server.app.store.media(Access::of_plugin(org.id), &[file.parse().unwrap()]).await.unwrap();
        found[0].state
    };
    install(org, tools("0.2.0", "name = \"tools\"", "plan = { type = \"media\" }")).await;
    let _ = org.make("tools/tools", json!({ "label": "Saw", "plan": files[1] })).await;
    assert_eq!(state(&files[0]).await, State::Attached, "what is kept keeps its files");
    let purge = |name: &str| json!({ "name": name, "confirm": name });
    let _ = org.post("plugins/tools/purge", purge("tools.tools.photo")).await.is(200);
    assert_eq!((state(&files[0]).await, state(&files[1]).await), (State::Waiting, State::Attached));
    let _ = org.delete("plugins/tools", "*").await.is(204);
    let keep = org.request(Method::PUT, "organization/retention").json(&json!({ "years": 0 }));
    let _ = org.send(keep).await;
    let _ = org.post("plugins/tools/purge", purge("tools.tools")).await.is(200);
    assert_eq!(state(&files[1]).await, State::Waiting);
}
