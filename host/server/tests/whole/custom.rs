//! Fields that an organization adds: declared by administrators, held by records, at every door, and nobody else's.

use crate::scene::{CLIENTS, PROJECTS, Scene, TASKS, opened, scene};
use crate::webhooks::held;
use lignaflow_testkit::{Answer, Client, Database, Method, On, Role, on, on_both, on_one};
use serde_json::{Value as Json, json};

on_both!(
    a_field_is_added_and_records_hold_it,
    every_fault_is_told_where_it_stands,
    a_change_merges_and_null_clears,
    lists_are_filtered_sorted_paged_and_summed_by_them,
    another_organization_has_fields_of_its_own,
    an_archived_field_keeps_its_values_until_it_is_purged,
    a_choice_is_renamed_without_touching_records_and_left_out_when_unused,
    history_revert_and_the_feed_carry_them,
    batches_imports_and_files_carry_them,
    a_webhook_tells_of_them,
);

on_one!(
    only_administrators_change_fields,
    fields_are_bounded_and_keep_their_order,
    the_document_shows_them_to_their_organization_alone,
    plugins_write_records_without_them,
    a_reference_leads_on_and_people_are_of_the_organization,
    a_form_the_record_and_the_list_show_them,
    an_administrator_manages_fields_without_script,
);

async fn add(scene: &Scene, collection: &str, body: Json) -> Answer {
    scene.org.post(&format!("{collection}/fields"), body).await.is(201)
}

/// A field of each kind on tasks.
async fn all_kinds(scene: &Scene) {
    for body in [
        json!({ "name": "cost_centre", "type": "text", "title": "Cost centre", "max": 20 }),
        json!({ "name": "benches", "type": "integer" }),
        json!({ "name": "thickness", "type": "decimal", "scale": 3 }),
        json!({ "name": "deposit", "type": "money" }),
        json!({ "name": "urgent", "type": "boolean" }),
        json!({ "name": "inspected", "type": "date" }),
        json!({ "name": "region", "type": "choice", "options": [
            { "value": "north", "title": "Far north" }, { "value": "south", "title": "South" }, "west",
        ] }),
        json!({ "name": "foreman", "type": "person" }),
    ] {
        let made = add(scene, TASKS, body).await;
        assert_eq!(made.etag(), "\"1\"", "{}", made.text);
    }
}

fn everything(scene: &Scene) -> Json {
    json!({
        "cost_centre": "Ärger 1", "benches": 9_007_199_254_740_993_i64, "thickness": "18.125",
        "deposit": { "minor": 12_550, "currency": "AUD" }, "urgent": true, "inspected": "2026-11-30",
        "region": "north", "foreman": scene.org.owner.to_string(),
    })
}

async fn a_field_is_added_and_records_hold_it(database: Database) {
    let scene = scene(&database).await;
    let before = scene.task("Before", json!({})).await;
    assert!(scene.org.get(&format!("{TASKS}/{before}")).await.json.get("custom").is_none(), "nobody added a field");
    let body = json!({ "name": "cost_centre", "type": "text", "help": "As accounting has it." });
    let made = add(&scene, TASKS, body).await;
    assert_eq!(made.location(), format!("/api/v1/{TASKS}/fields/cost_centre"));
    assert_eq!(
        (&made.json["title"], &made.json["place"], &made.json["archived_at"]),
        (&json!("Cost centre"), &json!(1), &Json::Null)
    );
    assert_eq!(scene.org.get(&format!("{TASKS}/fields/cost_centre")).await.is(200).json, made.json);
    all_but_the_first(&scene).await;

    let id = scene.task("Cut", json!({ "custom": everything(&scene) })).await;
    let stands = scene.org.get(&format!("{TASKS}/{id}")).await.is(200);
    assert_eq!(stands.json["custom"], everything(&scene), "exact, to the last digit");
    let old = scene.org.get(&format!("{TASKS}/{before}")).await.is(200);
    assert_eq!((&old.json["custom"]["cost_centre"], old.etag()), (&Json::Null, "\"1\"".to_owned()));
    let chosen = scene.org.get(&format!("{TASKS}?fields=title,custom.benches&sort=title")).await.is(200);
    assert_eq!(chosen.data()[1]["custom"], json!({ "benches": 9_007_199_254_740_993_i64 }));
    let whole = scene.org.get(&format!("{TASKS}/{id}?fields=custom")).await.is(200);
    assert_eq!((&whole.json["custom"], whole.json.get("title")), (&everything(&scene), None));
    let names = scene.org.get(&format!("{TASKS}/fields")).await.is(200).column("name");
    assert_eq!(names.len(), 8, "{names:?}");
}

async fn all_but_the_first(scene: &Scene) {
    let first = scene.org.delete(&format!("{TASKS}/fields/cost_centre"), "*").await.is(200);
    let purge = format!("{TASKS}/fields/cost_centre?purge=true");
    assert_eq!(scene.org.delete(&purge, &first.etag()).await.is(200).json, json!({ "records": 0 }));
    all_kinds(scene).await;
}

async fn every_fault_is_told_where_it_stands(database: Database) {
    let scene = scene(&database).await;
    all_kinds(&scene).await;
    let custom = json!({
        "cost_centre": "x".repeat(21), "benches": "many", "thickness": "1.23456", "deposit": { "minor": 1 },
        "urgent": "yes", "inspected": "2026-02-30", "region": "east", "foreman": "nobody", "cost_center": "A1",
    });
    let body = json!({ "title": "Cut", "project": scene.project, "priority": "none", "custom": custom });
    let refused = scene.org.post(TASKS, body).await.is_problem(422, "invalid");
    let mut issues = refused.issues();
    issues.sort_unstable();
    assert_eq!(
        issues,
        [
            ("/custom/benches", "type"),
            ("/custom/cost_center", "unknown-field"),
            ("/custom/cost_centre", "too-long"),
            ("/custom/deposit", "type"),
            ("/custom/foreman", "type"),
            ("/custom/inspected", "type"),
            ("/custom/region", "choice"),
            ("/custom/thickness", "digits"),
            ("/custom/urgent", "type"),
            ("/priority", "choice"),
        ]
    );
    assert!(refused.message_at("/custom/cost_center").contains("`custom.cost_centre`"), "{}", refused.text);

    // What a field is declared to be is told as fully.
    let body = json!({ "name": "Cost Centre", "type": "texts", "title": 7, "scale": 12, "colour": "red" });
    let refused = scene.org.post(&format!("{TASKS}/fields"), body).await.is_problem(422, "invalid");
    let paths: Vec<&str> = refused.issues().into_iter().map(|(path, _)| path).collect();
    for path in ["/name", "/type", "/title", "/colour"] {
        assert!(paths.contains(&path), "{path} of {paths:?}");
    }
    let taken = scene.org.post(&format!("{TASKS}/fields"), json!({ "name": "region", "type": "text" })).await;
    assert_eq!(taken.is_problem(409, "conflict").issues(), [("/name", "duplicate")]);
    let fixed = json!({ "type": "integer", "name": "other" });
    let refused = scene.org.patch(&format!("{TASKS}/fields/region"), "*", fixed).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/name", "fixed"), ("/type", "fixed")]);
    let stale = scene.org.patch(&format!("{TASKS}/fields/region"), "\"7\"", json!({ "title": "Area" })).await;
    let _ = stale.is_problem(412, "stale");
    let unsaid = scene.org.request(Method::PATCH, &format!("{TASKS}/fields/region")).json(&json!({}));
    assert_eq!(scene.org.send(unsaid).await.status, 428);
    let near = scene.org.get(&format!("{TASKS}/fields/regio")).await.is_problem(404, "not-found");
    assert!(near.text.contains("`region`"), "{}", near.text);

    for (query, path) in [
        ("filter[custom.colour]=red", "/filter/custom.colour"),
        ("filter[custom.benches]=many", "/filter/custom.benches"),
        ("filter[custom.urgent][lt]=true", "/filter/custom.urgent"),
        ("sort=custom.colour", "/sort"),
        ("fields=custom.colour", "/fields"),
    ] {
        let refused = scene.org.get(&format!("{TASKS}?{query}")).await.is_problem(422, "invalid");
        assert_eq!(refused.issues()[0].0, path, "{query}");
    }
}

async fn a_change_merges_and_null_clears(database: Database) {
    let scene = scene(&database).await;
    all_kinds(&scene).await;
    let id = scene.task("Cut", json!({ "custom": { "cost_centre": "A1", "benches": 2 } })).await;
    let path = format!("{TASKS}/{id}");
    let changed = json!({ "title": "Saw", "custom": { "benches": 3, "region": "west" } });
    let changed = scene.org.patch(&path, "\"1\"", changed).await.is(200);
    let custom = &changed.json["custom"];
    assert_eq!(
        (&custom["cost_centre"], &custom["benches"], &custom["region"]),
        (&json!("A1"), &json!(3), &json!("west"))
    );
    let cleared = scene.org.patch(&path, "\"2\"", json!({ "custom": { "cost_centre": null } })).await.is(200);
    assert_eq!(cleared.json["custom"]["cost_centre"], Json::Null);
    assert_eq!(scene.org.get(&format!("{TASKS}?filter[custom.cost_centre][is_null]=true")).await.column("id"), [id]);
    let same = scene.org.patch(&path, "\"3\"", json!({ "custom": { "benches": 3 } })).await.is(200);
    assert_eq!(same.etag(), "\"3\"", "what changes nothing makes no version");
    let stale = scene.org.patch(&path, "\"1\"", json!({ "custom": { "benches": 4 } })).await;
    let _ = stale.is_problem(412, "stale");

    // One that must be given is, by whoever writes records through a door of people.
    let _ = scene.org.patch(&format!("{TASKS}/fields/region"), "*", json!({ "required": true })).await.is(200);
    let without = json!({ "title": "Cut", "project": scene.project });
    let refused = scene.org.post(TASKS, without).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/custom/region", "required")]);
    let _ = scene.org.patch(&path, "\"3\"", json!({ "title": "Sand" })).await.is(200);
    let emptied = scene.org.patch(&path, "\"4\"", json!({ "custom": { "region": null } })).await;
    assert_eq!(emptied.is_problem(422, "invalid").issues(), [("/custom/region", "required")]);
}

async fn lists_are_filtered_sorted_paged_and_summed_by_them(database: Database) {
    let scene = scene(&database).await;
    all_kinds(&scene).await;
    let aud = |minor: i64| json!({ "minor": minor, "currency": "AUD" });
    for (title, custom) in [
        (
            "a",
            json!({ "cost_centre": "ärger", "benches": 2, "thickness": "0.1", "region": "south", "deposit": aud(5) }),
        ),
        (
            "b",
            json!({ "cost_centre": "Arger", "benches": 10, "thickness": "0.2", "region": "north", "deposit": aud(7) }),
        ),
        ("c", json!({ "cost_centre": "zebra", "benches": -1, "region": "north", "urgent": true })),
        ("d", json!({ "inspected": "2026-11-30", "foreman": scene.org.owner.to_string() })),
        ("e", json!({})),
    ] {
        scene.task(title, json!({ "custom": custom })).await;
    }
    let titles = async |query: &str| scene.org.get(&format!("{TASKS}?{query}")).await.is(200).column("title");
    for (query, wanted) in [
        ("filter[custom.cost_centre]=Arger", vec!["b"]),
        ("filter[custom.cost_centre][contains]=RGE&sort=title", vec!["a", "b"]),
        ("filter[custom.cost_centre][starts_with]=arg&sort=title", vec!["a", "b"]),
        ("filter[custom.benches][gte]=2&sort=-custom.benches", vec!["b", "a"]),
        ("filter[custom.benches][in]=2,-1&sort=custom.benches", vec!["c", "a"]),
        ("filter[custom.thickness][lt]=0.2", vec!["a"]),
        ("filter[custom.deposit][gt]=5 AUD", vec!["b"]),
        ("filter[custom.deposit][gt]=5 USD", vec![]),
        ("filter[custom.urgent]=true", vec!["c"]),
        ("filter[custom.inspected][gte]=2026-11-01", vec!["d"]),
        ("filter[custom.region][ne]=north&sort=title", vec!["a"]),
        ("filter[custom.region][gt]=north", vec!["a"]),
        ("sort=custom.region,title", vec!["b", "c", "a", "d", "e"]),
        ("sort=-custom.cost_centre,title", vec!["c", "a", "b", "d", "e"]),
    ] {
        assert_eq!(titles(query).await, wanted, "{query}");
    }
    let foreman = format!("filter[custom.foreman]={}", scene.org.owner);
    assert_eq!(titles(&foreman).await, ["d"]);

    let mut paged = Vec::new();
    let mut next = format!("{TASKS}?sort=-custom.benches,custom.region&limit=2&fields=title");
    loop {
        let page = scene.org.get(&next).await.is(200);
        paged.extend(page.column("title"));
        let Some(more) = page.json["next"].as_str() else { break };
        more.clone_into(&mut next);
    }
    assert_eq!((&paged[..3], paged.len()), (&["b", "a", "c"].map(str::to_owned)[..], 5));

    let summary = async |query: &str| scene.org.get(&format!("{TASKS}/summary?{query}")).await.is(200);
    let by_region = summary("group=custom.region&sum=custom.benches,custom.thickness,custom.deposit&count=id").await;
    let rows = by_region.data();
    let north = rows.iter().find(|row| row["custom.region"] == "north" && row["sum_custom_benches"] == 10);
    assert_eq!(north.unwrap()["sum_custom_thickness"], "0.200", "{}", by_region.text);
    let south = rows.iter().find(|row| row["custom.region"] == "south").unwrap();
    assert_eq!(
        (&south["sum_custom_thickness"], &south["sum_custom_deposit"], &south["count"]),
        (&json!("0.100"), &aud(5), &json!(1))
    );
    let centres = summary("group=custom.cost_centre&count=id").await;
    assert_eq!(centres.data().len(), 4, "{}", centres.text);
    let foremen = summary("group=custom.foreman&count=id&average=custom.thickness").await;
    assert_eq!(foremen.data().len(), 2, "{}", foremen.text);
}

async fn another_organization_has_fields_of_its_own(database: Database) {
    let scene = scene(&database).await;
    let other = scene.server.organization("Other").await;
    let _ = add(&scene, TASKS, json!({ "name": "batch", "type": "text" })).await;
    scene.task("Ours", json!({ "custom": { "batch": "seven" } })).await;
    assert!(other.get(&format!("{TASKS}/fields")).await.is(200).data().is_empty());
    let _ = other.get(&format!("{TASKS}/fields/batch")).await.is_problem(404, "not-found");
    let _ = other.delete(&format!("{TASKS}/fields/batch"), "*").await.is_problem(404, "not-found");
    let refused = other.get(&format!("{TASKS}?filter[custom.batch]=seven")).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/filter/custom.batch", "unknown-field")]);

    // The same name is a number there, and neither is in the way of the other.
    let number = json!({ "name": "batch", "type": "integer" });
    let _ = other.post(&format!("{TASKS}/fields"), number).await.is(201);
    let client = other.make(CLIENTS, json!({ "name": "Theirs" })).await;
    let project = other.make(PROJECTS, json!({ "name": "Theirs", "client": client })).await;
    let theirs = json!({ "title": "Theirs", "project": project, "custom": { "batch": 7 } });
    let _ = other.make(TASKS, theirs).await;
    assert_eq!(other.get(&format!("{TASKS}?filter[custom.batch][gt]=6")).await.is(200).column("title"), ["Theirs"]);
    assert_eq!(other.get(&format!("{TASKS}/summary?sum=custom.batch")).await.is(200).data()[0]["sum_custom_batch"], 7);
    let ours = scene.org.get(&format!("{TASKS}?filter[custom.batch][starts_with]=SEV")).await.is(200);
    assert_eq!(ours.column("title"), ["Ours"]);
    let refused = scene.org.get(&format!("{TASKS}/summary?sum=custom.batch")).await;
    let _ = refused.is_problem(422, "invalid");
}

async fn an_archived_field_keeps_its_values_until_it_is_purged(database: Database) {
    let scene = scene(&database).await;
    let _ = add(&scene, TASKS, json!({ "name": "batch", "type": "text" })).await;
    let _ = add(&scene, TASKS, json!({ "name": "kept", "type": "integer" })).await;
    let id = scene.task("Cut", json!({ "custom": { "batch": "seven", "kept": 1 } })).await;
    let (path, field) = (format!("{TASKS}/{id}"), format!("{TASKS}/fields/batch"));
    let early = scene.org.delete(&format!("{field}?purge=true"), "*").await;
    let _ = early.is_problem(409, "conflict");
    let archived = scene.org.delete(&field, "\"1\"").await.is(200);
    assert!(archived.json["archived_at"].is_string());
    assert_eq!(scene.org.get(&path).await.json["custom"], json!({ "kept": 1 }));
    let refused = scene.org.get(&format!("{TASKS}?filter[custom.batch]=seven")).await.is_problem(422, "invalid");
    assert_eq!(refused.issues()[0].1, "unknown-field");
    let history = scene.org.get(&format!("{path}/history")).await.is(200);
    assert_eq!(history.data()[0]["after"]["custom"], json!({ "kept": 1 }), "hidden there, too");
    let _ = scene.org.patch(&path, "\"1\"", json!({ "custom": { "kept": 2 } })).await.is(200);
    assert_eq!(scene.org.get(&format!("{TASKS}/fields?archived=true")).await.column("name"), ["batch"]);
    let locked = scene.org.patch(&field, "*", json!({ "title": "Other" })).await;
    let _ = locked.is_problem(423, "locked");

    let restored = scene.org.act(&format!("{field}/restore")).await.is(200);
    assert_eq!(restored.json["archived_at"], Json::Null);
    assert_eq!(scene.org.get(&path).await.json["custom"], json!({ "batch": "seven", "kept": 2 }), "it was kept");
    let _ = scene.org.act(&format!("{field}/restore")).await.is_problem(409, "conflict");

    let _ = scene.org.delete(&field, "*").await.is(200);
    let purged = scene.org.delete(&format!("{field}?purge=true"), "*").await.is(200);
    assert_eq!(purged.json, json!({ "records": 1 }));
    let _ = scene.org.get(&field).await.is_problem(404, "not-found");
    let database = scene.server.app.store.database();
    let told = lignaflow_store::identity::audit::latest(database, Some(scene.org.id), 50).await.unwrap();
    let mut kinds: Vec<&str> =
        told.iter().map(|event| event.kind.as_str()).filter(|k| k.starts_with("field.")).collect();
    kinds.sort_unstable();
    let wanted = ["field.added", "field.added", "field.archived", "field.archived", "field.purged", "field.restored"];
    assert_eq!(kinds, wanted);
    let purge = told.iter().find(|event| event.kind == "field.purged").unwrap();
    assert_eq!((&purge.detail["name"], &purge.detail["records"]), (&json!("batch"), &json!(1)));
    assert_eq!(purge.person, Some(scene.org.owner));
    // The name is free again, for another type, and nothing of the one before shows.
    let _ = add(&scene, TASKS, json!({ "name": "batch", "type": "integer" })).await;
    assert_eq!(scene.org.get(&path).await.json["custom"], json!({ "batch": null, "kept": 2 }));
    let history = scene.org.get(&format!("{path}/history")).await.is(200);
    let told: Vec<&Json> = history.data().iter().map(|entry| &entry["after"]["custom"]).collect();
    assert_eq!(told, [&json!({ "kept": 2 }), &json!({ "kept": 1 })]);
    let back = scene.org.post(&format!("{path}/revert"), json!({ "version": 1 })).await.is(200);
    assert_eq!(back.json["custom"], json!({ "batch": null, "kept": 1 }));
}

async fn a_choice_is_renamed_without_touching_records_and_left_out_when_unused(database: Database) {
    let scene = scene(&database).await;
    let options = json!(["north", "south"]);
    let _ = add(&scene, TASKS, json!({ "name": "region", "type": "choice", "options": options })).await;
    let id = scene.task("Cut", json!({ "custom": { "region": "north" } })).await;
    let field = format!("{TASKS}/fields/region");
    let renamed = json!({ "options": [
        { "value": "west", "title": "West" }, { "value": "north", "title": "Far north" }, { "value": "south", "title": "South" },
    ] });
    let changed = scene.org.patch(&field, "\"1\"", renamed).await.is(200);
    assert_eq!(changed.json["options"][1], json!({ "value": "north", "title": "Far north" }));
    let record = scene.org.get(&format!("{TASKS}/{id}")).await.is(200);
    assert_eq!((&record.json["custom"]["region"], record.etag()), (&json!("north"), "\"1\"".to_owned()));
    let used = scene.org.patch(&field, "*", json!({ "options": ["west", "south"] })).await.is_problem(422, "invalid");
    assert_eq!(used.issues(), [("/options", "in-use")]);
    let _ = scene.org.patch(&field, "*", json!({ "options": ["west", "north"] })).await.is(200);
    let gone = scene.org.patch(&format!("{TASKS}/{id}"), "*", json!({ "custom": { "region": "south" } })).await;
    assert_eq!(gone.is_problem(422, "invalid").issues(), [("/custom/region", "choice")]);
}

async fn history_revert_and_the_feed_carry_them(database: Database) {
    let scene = scene(&database).await;
    all_kinds(&scene).await;
    let id = scene.task("Cut", json!({ "custom": { "benches": 2, "region": "north" } })).await;
    let path = format!("{TASKS}/{id}");
    let changed = json!({ "title": "Saw", "custom": { "benches": 3, "cost_centre": "A1" } });
    let _ = scene.org.patch(&path, "\"1\"", changed).await.is(200);
    let history = scene.org.get(&format!("{path}/history")).await.is(200);
    assert_eq!(history.data()[0]["before"], json!({ "title": "Cut", "custom": { "benches": 2, "cost_centre": null } }));
    assert_eq!(history.data()[0]["after"], json!({ "title": "Saw", "custom": { "benches": 3, "cost_centre": "A1" } }));
    let follow = format!("changes?collection={TASKS}");
    // On PostgreSQL what was done just now may wait for older transactions.
    until(async || scene.org.get(&follow).await.data().len() == 2).await;
    let feed = scene.org.get(&follow).await.is(200);
    let last = feed.data().last().unwrap();
    assert_eq!(last["record"]["custom"]["benches"], 3, "{}", feed.text);
    let mut told: Vec<&str> = last["changed"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    told.sort_unstable();
    assert_eq!(told, ["custom.benches", "custom.cost_centre", "title"]);
    let back = scene.org.post(&format!("{path}/revert"), json!({ "version": 1 })).await.is(200);
    assert_eq!((&back.json["title"], &back.json["custom"]["benches"]), (&json!("Cut"), &json!(2)));
    assert_eq!(back.json["custom"]["cost_centre"], Json::Null);
}

async fn batches_imports_and_files_carry_them(database: Database) {
    let scene = scene(&database).await;
    all_kinds(&scene).await;
    let of = |custom: Json| json!({ "create": { "title": "Batch", "project": scene.project, "custom": custom } });
    let path = format!("{TASKS}/batch");
    let faulty = json!({ "operations": [of(json!({})), of(json!({ "benches": "x", "region": "east" }))] });
    let refused = scene.org.post(&path, faulty).await.is_problem(422, "invalid");
    let mut issues = refused.issues();
    issues.sort_unstable();
    assert_eq!(
        issues,
        [("/operations/1/create/custom/benches", "type"), ("/operations/1/create/custom/region", "choice")]
    );
    let good = json!({ "operations": [of(json!({ "benches": 1 })), of(json!({ "region": "west" })), of(json!({}))] });
    let done = scene.org.post(&path, good).await.is(200);
    assert_eq!(done.json["results"][1]["record"]["custom"]["region"], "west");
    // Each changes another set of fields, in one commit.
    let ids: Vec<&str> = (0..3).map(|at| done.json["results"][at]["record"]["id"].as_str().unwrap()).collect();
    let change = |id: &str, custom: Json| json!({ "update": { "id": id, "version": 1, "custom": custom } });
    let changes = json!({ "operations": [
        change(ids[0], json!({ "benches": 2 })), change(ids[1], json!({ "benches": 3 })),
        change(ids[2], json!({ "region": "north", "cost_centre": "B" })),
    ] });
    let _ = scene.org.post(&path, changes).await.is(200);
    let stand = scene.org.get(&format!("{TASKS}?filter[title]=Batch&sort=id")).await.is(200);
    let customs: Vec<(&Json, &Json)> =
        stand.data().iter().map(|task| (&task["custom"]["benches"], &task["custom"]["region"])).collect();
    let (two, three, none) = (json!(2), json!(3), Json::Null);
    let (west, north) = (json!("west"), json!("north"));
    assert_eq!(customs, [(&two, &none), (&three, &west), (&none, &north)]);
    let csv = "Title,Project,Cost centre,custom.benches,custom.deposit,custom.deposit.currency,Region,Foreman\n\
               Cut,Reception fit-out,A1,2,12.50,AUD,Far north,Halloran & Beck's owner\n";
    let request = scene.org.request(Method::POST, &format!("{TASKS}/imports?name=list.csv"));
    let made = scene.org.send(request.header("Content-Type", "text/csv").body(csv)).await.is(201);
    let fields: Vec<&str> = made.json["mapping"]["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["field"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(
        fields[2..],
        [
            "custom.cost_centre",
            "custom.benches",
            "custom.deposit",
            "custom.deposit.currency",
            "custom.region",
            "custom.foreman"
        ]
    );
    let path = format!("{TASKS}/imports/{}", made.id());
    let mut ran = scene.org.act(&format!("{path}/run")).await;
    while ran.status == 202 {
        ran = scene.org.get(&format!("{path}?wait=20")).await;
    }
    assert_eq!(ran.json["state"], "done", "{}", ran.text);
    let task = scene.org.get(&format!("{TASKS}?filter[title]=Cut")).await.data()[0].clone();
    let custom = &task["custom"];
    assert_eq!(
        (&custom["cost_centre"], &custom["benches"], &custom["region"]),
        (&json!("A1"), &json!(2), &json!("north"))
    );
    assert_eq!(custom["deposit"], json!({ "minor": 1250, "currency": "AUD" }));
    assert_eq!(custom["foreman"], scene.org.owner.to_string());

    let request =
        scene.org.request(Method::GET, &format!("{TASKS}?fields=title,custom.benches,custom.deposit&sort=-title"));
    let file = scene.org.send(request.header("Accept", "text/csv")).await.is(200);
    let lines: Vec<&str> = file.text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines[..2], ["title,custom.benches,custom.deposit,custom.deposit.currency", "Cut,2,12.50,AUD"]);

    let undone = scene.org.act(&format!("{path}/undo")).await;
    assert!(undone.status < 300, "{}", undone.text);
}

async fn a_webhook_tells_of_them(database: Database) {
    let (scene, _, mut receiver) = held(&database).await;
    all_kinds(&scene).await;
    let _ = scene.org.post("webhooks", json!({ "url": receiver.url, "collections": [TASKS] })).await.is(201);
    let id = scene.task("Cut", json!({ "custom": { "benches": 2 } })).await;
    let letter = receiver.next().await.json();
    assert_eq!(letter["after"]["custom"]["benches"], 2, "{letter}");
    let _ = scene.org.patch(&format!("{TASKS}/{id}"), "*", json!({ "custom": { "benches": 3 } })).await.is(200);
    let letter = receiver.next().await.json();
    assert_eq!((&letter["before"]["custom"]["benches"], &letter["after"]["custom"]["benches"]), (&json!(2), &json!(3)));
    assert_eq!(letter["changed"], json!(["custom.benches"]));
}

async fn only_administrators_change_fields(database: Database) {
    let scene = scene(&database).await;
    let (mia, _, member) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    let (_, _, admin) = scene.server.member(&scene.org, "Ada", Role::Admin).await;
    let body = json!({ "name": "batch", "type": "text" });
    let path = format!("{TASKS}/fields");
    let _ = member.post(&path, body.clone()).await.is_problem(403, "denied");
    let _ = admin.post(&path, body).await.is(201);
    assert_eq!(member.get(&path).await.is(200).column("name"), ["batch"]);
    let batch = format!("{path}/batch");
    let _ = member.patch(&batch, "*", json!({ "title": "x" })).await.is_problem(403, "denied");
    let _ = member.delete(&batch, "*").await.is_problem(403, "denied");
    let _ = member.act(&format!("{batch}/restore")).await.is_problem(403, "denied");
    // They fill it in where they plan.
    scene.org.give_roles(mia, &["projects.manager"]).await;
    let project = member.make(PROJECTS, json!({ "name": "Own" })).await;
    let task = json!({ "title": "Cut", "project": project, "custom": { "batch": "7" } });
    let _ = member.post(TASKS, task).await.is(201);
}

async fn fields_are_bounded_and_keep_their_order(database: Database) {
    let scene = scene(&database).await;
    let path = format!("{TASKS}/fields");
    // Sent twice under one key it is added once.
    let once = json!({ "name": "f1", "type": "integer" });
    let twice = async || {
        let request = scene.org.request(Method::POST, &path).header("Idempotency-Key", "a-field");
        scene.org.send(request.json(&once)).await.is(201)
    };
    assert_eq!(twice().await.text, twice().await.text);
    for n in 2..=50 {
        let _ = scene.org.post(&path, json!({ "name": format!("f{n}"), "type": "integer" })).await.is(201);
    }
    let full = scene.org.post(&path, json!({ "name": "one_more", "type": "integer" })).await;
    assert!(full.is_problem(409, "conflict").text.contains("50"));
    let _ = scene.org.post(&format!("{CLIENTS}/fields"), json!({ "name": "f1", "type": "text" })).await.is(201);
    let moved = scene.org.patch(&format!("{path}/f50"), "*", json!({ "place": 2 })).await.is(200);
    assert_eq!(moved.json["place"], 2);
    let names = scene.org.get(&path).await.column("name");
    assert_eq!(names[..4], ["f1", "f50", "f2", "f3"]);
    let all: Json = (1..=50).map(|n| (format!("f{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into();
    let id = scene.task("Cut", json!({ "custom": all })).await;
    assert_eq!(scene.org.get(&format!("{TASKS}/{id}")).await.json["custom"], all);
}

async fn the_document_shows_them_to_their_organization_alone(database: Database) {
    let scene = scene(&database).await;
    all_kinds(&scene).await;
    let _ = scene.org.patch(&format!("{TASKS}/fields/region"), "*", json!({ "required": true })).await.is(200);
    let other = scene.server.organization("Other").await;
    let schemas = |answer: Answer| answer.is(200).json["components"]["schemas"].clone();
    let own = schemas(scene.org.get("/api/openapi.json").await);
    let custom = &own["projects.tasks"]["properties"]["custom"]["properties"];
    assert_eq!(custom["region"]["enum"], json!(["north", "south", "west", null]), "{custom}");
    assert_eq!(custom["cost_centre"]["title"], "Cost centre");
    let new = &own["projects.tasks.new"];
    assert_eq!(new["properties"]["custom"]["required"], json!(["region"]));
    assert!(new["required"].as_array().unwrap().contains(&json!("custom")), "{new}");
    assert!(own["projects.tasks.change"]["properties"]["custom"].get("required").is_none());
    let theirs = schemas(other.get("/api/openapi.json").await);
    assert!(theirs["projects.tasks"]["properties"].get("custom").is_none());
}

async fn plugins_write_records_without_them(database: Database) {
    let scene = scene(&database).await;
    let body = json!({ "name": "region", "type": "choice", "options": ["north"], "required": true });
    let _ = add(&scene, TASKS, body).await;
    let custom = json!({ "region": "north" });
    scene.task("Cut", json!({ "due": "2026-11-30", "custom": custom })).await;
    // The plugin's route copies a project with its tasks, and knows nothing of what was added.
    let copied = scene
        .org
        .post(&format!("projects/projects/{}/copy", scene.project), json!({ "name": "Again", "start": "2026-12-01" }))
        .await;
    assert!(copied.status < 300, "{}", copied.text);
    let copies = scene.org.get(&format!("{TASKS}?filter[custom.region][is_null]=true")).await.is(200);
    assert_eq!(copies.column("title"), ["Cut"]);
}

async fn a_reference_leads_on_and_people_are_of_the_organization(database: Database) {
    let scene = scene(&database).await;
    let _ = add(&scene, TASKS, json!({ "name": "supplier", "type": "reference", "to": CLIENTS })).await;
    let _ = add(&scene, TASKS, json!({ "name": "foreman", "type": "person" })).await;
    let _ = add(&scene, CLIENTS, json!({ "name": "tier", "type": "integer" })).await;
    let nowhere = json!({ "name": "lost", "type": "reference", "to": "projects/beds" });
    let refused = scene.org.post(&format!("{TASKS}/fields"), nowhere).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/to", "unknown-collection")]);
    let supplier = scene.org.make(CLIENTS, json!({ "name": "Bolt", "custom": { "tier": 3 } })).await;
    scene.task("Cut", json!({ "custom": { "supplier": supplier } })).await;
    let found =
        scene.org.get(&format!("{TASKS}?filter[custom.supplier.custom.tier]=3&sort=custom.supplier.name")).await;
    assert_eq!(found.is(200).column("title"), ["Cut"]);
    let expanded = scene.org.get(&format!("{TASKS}?expand=custom.supplier")).await.is(200);
    assert_eq!(expanded.data()[0]["custom"]["supplier"]["custom"]["tier"], 3, "{}", expanded.text);

    let other = scene.server.organization("Other").await;
    let stranger = json!({ "foreman": other.owner.to_string(), "supplier": lignaflow_core::Id::fresh().to_string() });
    let body = json!({ "title": "Cut", "project": scene.project, "custom": stranger });
    let refused = scene.org.post(TASKS, body).await.is_problem(422, "invalid");
    assert_eq!(refused.issues()[0].1, "unknown-reference", "{}", refused.text);
    assert!(refused.issues()[0].0.starts_with("/custom/"), "{}", refused.text);
}

async fn a_form_the_record_and_the_list_show_them(database: Database) {
    let (scene, visitor) = opened(&database).await;
    all_kinds(&scene).await;
    let form = visitor.get("/projects/tasks/new").await.is(200);
    form.shows("name=\"custom.cost_centre\"").shows("Cost centre").shows("Far north");
    let fields = [
        ("title", "Cut"),
        ("project", scene.project.as_str()),
        ("custom.cost_centre", "A1"),
        ("custom.benches", "many"),
        ("custom.region", "north"),
        ("custom.deposit", "12.50"),
    ];
    let back = visitor.post("/projects/tasks", &fields).await.is(422);
    back.shows("href=\"#f-custom.benches\"").shows("value=\"A1\"").shows("value=\"many\"");
    let mut fields = fields;
    fields[3].1 = "1,200";
    let saved = visitor.post("/projects/tasks", &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    visitor
        .follow(&saved)
        .await
        .is(200)
        .shows("Cost centre")
        .shows("A1")
        .shows("1,200")
        .shows("Far north")
        .shows("$12.50");
    let record = scene.org.get(&format!("{TASKS}?filter[title]=Cut")).await.data()[0].clone();
    assert_eq!((&record["custom"]["benches"], &record["custom"]["region"]), (&json!(1_200), &json!("north")));
    let list =
        visitor.get("/projects/tasks?fields=title&fields=custom.region&filter[custom.region]=north").await.is(200);
    list.shows("Far north").shows("Cut").shows("Region");
    visitor.get("/projects/tasks?filter[custom.region]=south").await.is(200).hides("/edit\"");
}

async fn an_administrator_manages_fields_without_script(database: Database) {
    let (scene, visitor) = opened(&database).await;
    visitor.get("/admin/fields").await.is(200).shows("Tasks").shows("href=\"/admin/fields/projects/tasks\"");
    let page = "/admin/fields/projects/tasks";
    visitor.get(page).await.is(200).shows("Add a field");
    let empty = visitor.post(page, &[("name", ""), ("title", ""), ("type", "text")]).await.is(422);
    empty.shows("href=\"#f-title\"");
    let region = [("title", "Region"), ("type", "choice"), ("options", "north = Far north\r\nsouth")];
    let made = visitor.post(page, &region).await;
    assert_eq!(made.status, 303, "{}", made.text);
    let _ = visitor.post(page, &[("title", "Cost centre"), ("type", "text"), ("required", "true")]).await.is(303);
    let fields = scene.org.get(&format!("{TASKS}/fields")).await.is(200);
    assert_eq!(fields.column("name"), ["region", "cost_centre"], "names follow from titles");
    assert_eq!(fields.data()[0]["options"][0], json!({ "value": "north", "title": "Far north" }));
    visitor.get(page).await.is(200).shows("Cost centre").shows("Region");

    let _ = visitor.post(&format!("{page}/cost_centre/place"), &[("place", "1")]).await.is(303);
    assert_eq!(scene.org.get(&format!("{TASKS}/fields")).await.column("name"), ["cost_centre", "region"]);
    let edit = visitor.get(&format!("{page}/region")).await.is(200);
    edit.shows("north = Far north");
    let version = edit.value("~version");
    let change = [
        ("~version", version.as_str()),
        ("title", "Area"),
        ("help", "Where it goes."),
        ("options", "north = North\r\nsouth"),
    ];
    let _ = visitor.post(&format!("{page}/region"), &change).await.is(303);
    let field = scene.org.get(&format!("{TASKS}/fields/region")).await;
    assert_eq!((&field.json["title"], &field.json["help"]), (&json!("Area"), &json!("Where it goes.")));
    let again = visitor.post(&format!("{page}/region"), &change).await.is(412);
    again.shows("changed since");

    let _ = visitor.post(&format!("{page}/region/archive"), &[]).await.is(303);
    visitor.get("/projects/tasks/new").await.is(200).hides("custom.region").shows("custom.cost_centre");
    let _ = visitor.post(&format!("{page}/region/restore"), &[]).await.is(303);
    let _ = visitor.post(&format!("{page}/region/archive"), &[]).await.is(303);
    let unsure = visitor.post(&format!("{page}/region/purge"), &[("confirm", "regio")]).await.is(422);
    unsure.shows("region");
    let _ = visitor.post(&format!("{page}/region/purge"), &[("confirm", "region")]).await.is(303);
    let _ = scene.org.get(&format!("{TASKS}/fields/region")).await.is_problem(404, "not-found");

    let (_, email, _) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    let member = scene.server.visitor();
    member.sign_in(&email, &scene.org.password).await;
    assert_eq!(member.get(page).await.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_one_host_adds_the_other_knows() {
    on(On::Postgres, |database: Database| async move {
        let (one, other) = (database.serve().await, database.serve().await);
        let org = one.organization("Halloran").await;
        let there: Client = other.client(Some(&org.token));
        until(async || there.get(TASKS).await.status == 200).await;
        let _ = org.post(&format!("{CLIENTS}/fields"), json!({ "name": "tier", "type": "integer" })).await.is(201);
        until(async || there.get(&format!("{CLIENTS}?sort=custom.tier")).await.status == 200).await;
        let made = there.post(CLIENTS, json!({ "name": "Ana", "custom": { "tier": 3 } })).await.is(201);
        assert_eq!(org.get(&format!("{CLIENTS}/{}", made.id())).await.json["custom"], json!({ "tier": 3 }));
        let _ = there.delete(&format!("{CLIENTS}/fields/tier"), "*").await.is(200);
        until(async || org.get(&format!("{CLIENTS}?sort=custom.tier")).await.status == 422).await;
    })
    .await;
}

/// Asks until it is so: hosts follow each other within a second.
async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::task::yield_now().await;
    }
}
