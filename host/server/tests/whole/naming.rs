//! Answers that a client can show as they are: people by name, lists of references as records, tags that change when
//! what is shown does, and a document that says all of it.

use crate::scene::{CLIENTS, PROJECTS, TASKS, scene};
use lignaflow_testkit::{Client, Database, Method, Role, on_both};
use serde_json::{Value as Json, json};

on_both!(
    people_are_named_and_lists_are_records_where_they_are_expanded,
    what_may_not_be_read_is_not_expanded,
    a_tag_changes_with_what_is_expanded,
    the_document_says_what_answers_hold,
    a_rule_that_speaks_of_today_begins_a_feed_anew_also_where_it_is_inherited,
);

async fn people_are_named_and_lists_are_records_where_they_are_expanded(database: Database) {
    let scene = scene(&database).await;
    let (mia, _, api) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    let (mia, boss) = (mia.to_string(), scene.org.owner.to_string());
    let change = json!({ "members": [mia, boss], "manager": mia });
    let _ = scene.org.patch(&format!("{PROJECTS}/{}", scene.project), "*", change).await.is(200);
    let oak = scene.task("Oak", json!({})).await;
    let sand = scene.task("Sand", json!({ "assignees": [mia], "depends_on": [oak] })).await;
    let owner = scene.org.get(&format!("{TASKS}/{sand}?expand=created_by")).await.is(200).json["created_by"].clone();
    assert_eq!(owner["id"], boss);

    let query = "expand=created_by,assignees,depends_on,project.manager&sort=title";
    for api in [&scene.org.api, &api] {
        let list = api.get(&format!("{TASKS}?{query}")).await.is(200);
        let row = &list.data()[1];
        assert_eq!(row["created_by"], owner, "{}", list.text);
        assert_eq!(row["assignees"], json!([{ "id": mia, "name": "Mia" }]));
        assert_eq!(row["project"]["manager"]["name"], "Mia");
        assert_eq!(row["depends_on"], json!([api.get(&format!("{TASKS}/{oak}")).await.is(200).json]));
        assert_eq!(list.data()[0]["depends_on"], json!([]));
        let one = api.get(&format!("{TASKS}/{sand}?{}", &query[..query.len() - 11])).await.is(200);
        assert_eq!(&one.json, row, "one alone is as it is in a list");
    }
    let listed = scene.org.get(&format!("{PROJECTS}?expand=members&fields=members")).await.is(200);
    let members = listed.data()[0]["members"].as_array().unwrap();
    assert_eq!((members.len(), &members[1]), (2, &owner));
    let refused = scene.org.get(&format!("{TASKS}?expand=assignees.name")).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/expand", "not-a-reference")]);
}

async fn what_may_not_be_read_is_not_expanded(database: Database) {
    const NOTES: &str = r#"
id = "notes"
version = "0.1.0"
title = "Notes"
api = "0.1"

[[collections]]
name = "notes"
title = { one = "Note", many = "Notes" }
display = "title"
access = { read = "open or owner = caller" }
[collections.fields]
title = { type = "text", required = true }
open = { type = "boolean", default = false }
owner = { type = "person" }
beside = { type = "references", to = "notes" }
"#;
    let (server, org, _) = database.declaring(NOTES).await;
    let (_, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let owner = org.owner.to_string();
    let closed = org.make("notes/notes", json!({ "title": "Closed", "owner": owner })).await;
    let open = org.make("notes/notes", json!({ "title": "Open", "open": true })).await;
    let both = json!({ "title": "Both", "open": true, "owner": owner, "beside": [closed, open] });
    let both = org.make("notes/notes", both).await;
    let titles = async |api: &Client| -> Vec<Json> {
        let read = api.get(&format!("notes/notes/{both}?expand=beside,owner")).await.is(200);
        assert!(read.json["owner"]["name"].is_string(), "{}", read.text);
        read.json["beside"].as_array().unwrap().iter().map(|note| note["title"].clone()).collect()
    };
    assert_eq!(titles(&org).await, ["Closed", "Open"]);
    assert_eq!(titles(&mia).await, ["Open"]);
}

async fn a_tag_changes_with_what_is_expanded(database: Database) {
    let scene = scene(&database).await;
    let task = scene.task("Cut", json!({})).await;
    let path = format!("{TASKS}/{task}");
    let again = async |query: &str, tag: &str| {
        let request = scene.org.request(Method::GET, &format!("{path}{query}")).header("If-None-Match", tag);
        scene.org.send(request).await
    };
    let narrow = scene.org.get(&format!("{path}?fields=title")).await.is(200);
    assert_eq!(narrow.etag(), "\"1\"");
    let _ = again("?fields=title", "\"1\"").await.is(304);
    let wide = scene.org.get(&format!("{path}?expand=project")).await.is(200);
    let tag = wide.etag();
    assert_eq!(again("?expand=project", &tag).await.is(304).etag(), tag);
    // The record has not changed, and what stands in it has.
    let name = json!({ "name": "Reception" });
    let _ = scene.org.patch(&format!("{PROJECTS}/{}", scene.project), "*", name).await.is(200);
    let other = again("?expand=project", &tag).await.is(200);
    assert_eq!(other.json["project"]["name"], "Reception");
    assert_ne!(other.etag(), tag);
    // To change the record it is as good as the version.
    let changed = scene.org.patch(&path, &other.etag(), json!({ "title": "Cut panels" })).await.is(200);
    assert_eq!(changed.etag(), "\"2\"");
    let _ = scene.org.patch(&path, &other.etag(), json!({ "title": "Cut" })).await.is_problem(412, "stale");
}

async fn the_document_says_what_answers_hold(database: Database) {
    let scene = scene(&database).await;
    let document = scene.org.get("/api/openapi.json").await.is(200).json;
    let answer = |path: &str, method: &str, status: &str| {
        document["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"].clone()
    };
    let task = json!({ "$ref": "#/components/schemas/projects.tasks" });
    assert_eq!(answer("/api/v1/projects/tasks", "post", "201"), task);
    assert_eq!(answer("/api/v1/projects/tasks", "post", "200"), task, "of a create that comes again");
    let summary = answer("/api/v1/projects/tasks/summary", "get", "200");
    assert_eq!(summary["required"], json!(["data", "next"]));
    assert_eq!(summary["properties"]["data"]["items"]["$ref"], "#/components/schemas/projects.tasks.row");
    let schemas = &document["components"]["schemas"];
    let row = &schemas["projects.tasks.row"]["properties"];
    assert_eq!(row["sum_planned_minutes"]["type"], "integer");
    assert_eq!(row["status"]["enum"].as_array().unwrap().last(), Some(&Json::Null));
    let fields = &schemas["projects.tasks"]["properties"];
    let project = json!({ "$ref": "#/components/schemas/projects.projects" });
    assert!(fields["project"]["anyOf"].as_array().unwrap().contains(&project));
    assert!(fields["depends_on"]["items"]["anyOf"].as_array().unwrap().contains(&task));
    let person = json!({ "$ref": "#/components/schemas/NamedPerson" });
    assert!(fields["created_by"]["anyOf"].as_array().unwrap().contains(&person));
    let example = &schemas["projects.tasks"]["examples"][0];
    assert_eq!(example["version"], 1, "{example}");
    // What is answered is as it says.
    let validator = jsonschema::validator_for(&json!({
        "$ref": "#/components/schemas/projects.tasks", "components": { "schemas": schemas },
    }));
    let validator = validator.unwrap();
    let id = scene.task("Cut", json!({ "assignees": [scene.org.owner.to_string()] })).await;
    for query in ["", "?expand=project.client,assignees,created_by", "?fields=title"] {
        let read = scene.org.get(&format!("{TASKS}/{id}{query}")).await.is(200);
        let faults: Vec<String> = validator.iter_errors(&read.json).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{query}: {faults:?}");
    }
    assert!(validator.is_valid(example), "{example}");
    let _ = scene.org.get(CLIENTS).await.is(200);
}

async fn a_rule_that_speaks_of_today_begins_a_feed_anew_also_where_it_is_inherited(database: Database) {
    use lignaflow_testkit::{HeldClock, Setup, plugins::declared};
    const SHIFTS: &str = r#"
id = "shifts"
version = "0.1.0"
title = "Shifts"
api = "0.1"

[[collections]]
name = "shifts"
title = { one = "Shift", many = "Shifts" }
display = "title"
access = { read = "day <= today" }
[collections.fields]
title = { type = "text", required = true }
day = { type = "date", required = true }

[[collections]]
name = "breaks"
title = { one = "Break", many = "Breaks" }
display = "title"
part_of = "shift"
[collections.fields]
title = { type = "text", required = true }
shift = { type = "reference", to = "shifts", required = true }

[[collections]]
name = "plans"
title = { one = "Plan", many = "Plans" }
display = "title"
[collections.fields]
title = { type = "text", required = true }
day = { type = "date" }
note = { type = "text", read = "day <= today" }

[[collections]]
name = "signs"
title = { one = "Sign", many = "Signs" }
display = "title"
[collections.fields]
title = { type = "text", required = true }
"#;
    let clock = HeldClock::at(1_795_000_000_000_000);
    let setup =
        Setup { clock: std::sync::Arc::new(clock.clone()), plugins: vec![declared(SHIFTS)], ..Setup::default() };
    let server = database.serve_with(setup).await;
    let org = server.organization("Halloran").await;
    let (_, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let now = async |collection: &str| {
        let path = format!("changes?collection=shifts/{collection}&after=now");
        mia.get(&path).await.is(200).json["next"].as_str().unwrap().to_owned()
    };
    let collections = ["shifts", "breaks", "plans", "signs"];
    let mut cursors = Vec::new();
    for collection in collections {
        cursors.push(now(collection).await);
    }
    clock.advance_seconds(86_400);
    let mut resets = Vec::new();
    for (collection, after) in collections.iter().zip(&cursors) {
        let path = format!("changes?collection=shifts/{collection}&after={after}");
        resets.push(mia.get(&path).await.is(200).json["reset"].clone());
    }
    assert_eq!(resets, [json!("view"), json!("view"), json!("view"), Json::Null]);
}
