//! Files that become records: uploaded, mapped, tried, run, gone on with, and undone.

use crate::estimates::desk;
use crate::scene::{CLIENTS, PROJECTS, Scene, TASKS, opened, scene, scene_with};
use crate::timesheets::{ENTRIES, firm};
use lignaflow_testkit::{Answer, Client, Database, HeldClock, Method, Race, Role, Scope, Setup, on_both, on_one};
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::sync::Arc;

on_both!(
    a_file_becomes_records_and_is_taken_back,
    a_key_changes_what_stands_and_makes_the_rest,
    a_dry_run_tells_every_fault_by_row_and_column_and_writes_nothing,
    many_rows_go_by_parts_and_faulty_ones_can_be_left_out,
    a_bill_that_lies_in_two_parts_says_from_which_line_on_it_goes_on,
    what_changed_since_is_not_taken_back,
    another_host_goes_on_where_one_has_ended,
    an_import_is_its_organizations_alone,
    a_suppliers_list_becomes_the_catalogue_and_its_next_one_changes_what_it_costs,
    a_time_report_of_another_program_is_known_and_comes_in_whole,
);

on_one!(
    references_people_and_choices_are_known_by_name,
    what_an_export_writes_an_import_reads,
    a_mapping_that_does_not_fit_is_refused_at_once,
    a_file_that_cannot_be_read_is_refused_with_what_is_wrong,
    a_workbook_that_is_a_bomb_ends_its_reader_alone,
    a_caller_who_may_not_write_imports_nothing,
    the_wizard_leads_from_a_file_to_records_and_back,
);

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

async fn upload_as(api: &Client, collection: &str, kind: &str, bytes: impl Into<Vec<u8>>) -> Answer {
    let request = api.request(Method::POST, &format!("{collection}/imports?name=list.csv"));
    api.send(request.header("Content-Type", kind).body(bytes.into())).await
}

async fn upload(scene: &Scene, collection: &str, text: &str) -> Answer {
    upload_as(&scene.org, collection, "text/csv", text).await
}

fn path(answer: &Answer) -> String {
    format!("{}/imports/{}", answer.json["collection"].as_str().unwrap(), answer.id())
}

async fn map(scene: &Scene, path: &str, mapping: Json) -> Answer {
    scene.org.send(scene.org.request(Method::PATCH, path).json(&mapping)).await
}

/// Begins it, and waits for its end however long that takes.
async fn act(scene: &Scene, path: &str, verb: &str) -> Answer {
    let mut answer = scene.org.act(&format!("{path}/{verb}")).await;
    while answer.status == 202 || answer.json["state"].as_str().is_some_and(|state| state.ends_with("ing")) {
        answer = scene.org.get(&format!("{path}?wait=20")).await.is(200);
    }
    answer
}

fn progress(answer: &Answer) -> (u64, u64, u64, u64) {
    let of = |name: &str| answer.json["progress"][name].as_u64().unwrap();
    (of("created"), of("updated"), of("unchanged"), of("skipped"))
}

fn faults(answer: &Answer) -> Vec<(u64, &str, &str)> {
    let faults = answer.json["faults"].as_array().unwrap();
    faults
        .iter()
        .map(|fault| {
            (
                fault["row"].as_u64().unwrap(),
                fault["column"].as_str().unwrap_or_default(),
                fault["code"].as_str().unwrap(),
            )
        })
        .collect()
}

async fn names(scene: &Scene) -> Vec<String> {
    scene.org.get(&format!("{CLIENTS}?fields=name&limit=200&sort=created_at,id")).await.is(200).column("name")
}

async fn a_file_becomes_records_and_is_taken_back(database: Database) {
    let scene = scene(&database).await;
    let text = "Name;E-mail;Notes\r\nÄrger & Söhne;a@x.example;\"two\r\nlines\"\r\nBolt Ltd;b@x.example;\r\n";
    let made = upload(&scene, CLIENTS, text).await.is(201);
    assert_eq!(made.location(), format!("/api/v1/{}", path(&made)));
    assert_eq!((made.json["state"].as_str(), made.json["rows"].as_u64()), (Some("uploaded"), Some(2)));
    assert_eq!(made.json["shape"], json!({ "format": "csv", "encoding": "UTF-8", "delimiter": ";" }));
    assert_eq!(made.json["sample"][0], json!({ "row": 2, "cells": ["Ärger & Söhne", "a@x.example", "two\r\nlines"] }));
    let columns = &made.json["mapping"]["columns"];
    assert_eq!((&columns[0]["field"], &columns[1]["field"]), (&json!("name"), &json!("email")), "{columns}");

    let path = path(&made);
    let tried = act(&scene, &path, "dry-run").await.is(200);
    assert_eq!((tried.json["state"].as_str(), progress(&tried)), (Some("checked"), (2, 0, 0, 0)), "{}", tried.text);
    assert_eq!(names(&scene).await, ["Marrickville Dental"], "nothing was written");

    let ran = act(&scene, &path, "run").await.is(200);
    assert_eq!((ran.json["state"].as_str(), progress(&ran)), (Some("done"), (2, 0, 0, 0)), "{}", ran.text);
    assert_eq!(names(&scene).await, ["Marrickville Dental", "Ärger & Söhne", "Bolt Ltd"]);
    let id = scene.org.get(&format!("{CLIENTS}?filter[name]=Bolt Ltd")).await.column("id").remove(0);
    let history = scene.org.get(&format!("{CLIENTS}/{id}/history")).await.is(200);
    assert_eq!((&history.data()[0]["origin"], &history.data()[0]["import"]), (&json!("import"), &json!(made.id())));
    let again = scene.org.act(&format!("{path}/run")).await;
    let _ = again.is_problem(409, "conflict");

    let undone = act(&scene, &path, "undo").await.is(200);
    assert_eq!(
        (undone.json["state"].as_str(), undone.json["progress"]["archived"].as_u64()),
        (Some("undone"), Some(2))
    );
    assert_eq!(names(&scene).await, ["Marrickville Dental"]);
    let history = scene.org.get(&format!("{CLIENTS}/{id}/history")).await.is(200);
    assert_eq!((&history.data()[0]["origin"], &history.data()[0]["kind"]), (&json!("undo"), &json!("remove")));
    let _ = scene.org.act(&format!("{path}/undo")).await.is_problem(409, "conflict");
}

async fn a_key_changes_what_stands_and_makes_the_rest(database: Database) {
    let scene = scene(&database).await;
    let text = "name,phone\nMarrickville Dental,02 1\nNew Client,02 2\n";
    let path = path(&upload(&scene, CLIENTS, text).await.is(201));
    let _ = map(&scene, &path, json!({ "key": ["name"] })).await.is(200);
    let ran = act(&scene, &path, "run").await.is(200);
    assert_eq!((ran.json["state"].as_str(), progress(&ran)), (Some("done"), (1, 1, 0, 0)), "{}", ran.text);
    let standing = scene.org.get(&format!("{CLIENTS}/{}", scene.client)).await.is(200);
    assert_eq!((&standing.json["phone"], &standing.json["version"]), (&json!("02 1"), &json!(2)));

    let path_again = self::path(&upload(&scene, CLIENTS, text).await.is(201));
    let _ = map(&scene, &path_again, json!({ "key": ["name"] })).await.is(200);
    let again = act(&scene, &path_again, "run").await.is(200);
    assert_eq!(progress(&again), (0, 0, 2, 0), "the same file again changes nothing");

    let doubles = "name\nTwice\nTwice\n";
    let double = self::path(&upload(&scene, CLIENTS, doubles).await.is(201));
    let _ = map(&scene, &double, json!({ "key": ["name"] })).await.is(200);
    let tried = act(&scene, &double, "dry-run").await.is(200);
    assert_eq!(faults(&tried), [(3, "name", "twice")]);

    let undone = act(&scene, &path, "undo").await.is(200);
    assert_eq!(undone.json["progress"]["set_back"], 1, "{}", undone.text);
    let standing = scene.org.get(&format!("{CLIENTS}/{}", scene.client)).await.is(200);
    assert_eq!(standing.json["phone"], json!(null));
    assert_eq!(names(&scene).await, ["Marrickville Dental"]);
}

async fn a_dry_run_tells_every_fault_by_row_and_column_and_writes_nothing(database: Database) {
    let scene = scene(&database).await;
    let text = "Title,Project,Due,Planned minutes,Priority\n\
                Cut,Reception fit-out,3/12/2026,90,high\n\
                ,Reception fit-out,31/11/2026,many,ajar\n\
                Sand,Nowhere,4/12/2026,-5,low\n";
    let path = path(&upload(&scene, TASKS, text).await.is(201));
    let tried = act(&scene, &path, "dry-run").await.is(200);
    let expected = [
        (3, "Title", "required"),
        (3, "Due", "malformed"),
        (3, "Planned minutes", "malformed"),
        (3, "Priority", "malformed"),
        (4, "Project", "unknown-reference"),
        (4, "Planned minutes", "too-small"),
    ];
    let mut found = faults(&tried);
    found.sort_by_key(|fault| expected.iter().position(|known| known == fault));
    assert_eq!(found, expected, "{}", tried.text);
    assert_eq!((tried.json["fault_count"].as_u64(), progress(&tried)), (Some(6), (1, 0, 0, 2)));
    assert_eq!(scene.org.get(TASKS).await.data().len(), 0);

    let ran = act(&scene, &path, "run").await.is(200);
    assert_eq!((ran.json["state"].as_str(), progress(&ran).0), (Some("stopped"), 0), "{}", ran.text);
    assert_eq!(ran.json["stopped"]["code"], "invalid");
    assert_eq!(scene.org.get(TASKS).await.data().len(), 0, "all or nothing");
    let _ = map(&scene, &path, json!({ "faulty": "skip" })).await.is(200);
    let ran = act(&scene, &path, "run").await.is(200);
    assert_eq!((ran.json["state"].as_str(), progress(&ran)), (Some("done"), (1, 0, 0, 2)), "{}", ran.text);
    assert_eq!(scene.org.get(TASKS).await.column("title"), ["Cut"]);
}

async fn many_rows_go_by_parts_and_faulty_ones_can_be_left_out(database: Database) {
    let scene = scene(&database).await;
    let mut text = String::from("name,email\n");
    for n in 0..5_100 {
        let name = if n == 2_000 { String::new() } else { format!("Client {n}") };
        writeln!(text, "{name},c{n}@x.example").unwrap();
    }
    let made = upload(&scene, CLIENTS, &text).await.is(201);
    let path = path(&made);
    let stopped = act(&scene, &path, "run").await;
    assert_eq!(stopped.json["state"], "stopped", "{}", stopped.text);
    assert_eq!(faults(&stopped), [(2_002, "name", "required")]);
    assert_eq!(progress(&stopped).0, 2_000, "parts before it are there");
    let undone = act(&scene, &path, "undo").await;
    assert_eq!(
        (undone.json["state"].as_str(), undone.json["progress"]["archived"].as_u64()),
        (Some("undone"), Some(2_000))
    );

    let path = self::path(&upload(&scene, CLIENTS, &text).await.is(201));
    let _ = map(&scene, &path, json!({ "faulty": "skip" })).await.is(200);
    let ran = act(&scene, &path, "run").await;
    assert_eq!((ran.json["state"].as_str(), progress(&ran)), (Some("done"), (5_099, 0, 0, 1)), "{}", ran.text);
    let counted = scene.org.get(&format!("{CLIENTS}?count=true&limit=1")).await.is(200);
    assert_eq!(counted.json["count"], 5_100);
}

async fn a_bill_that_lies_in_two_parts_says_from_which_line_on_it_goes_on(database: Database) {
    const COSTS: &str = "projects/costs";
    let scene = scene(&database).await;
    let mut text = String::from("project,title,supplier,reference,amount\n");
    // A part is of 500 rows: the last bill of the first begins there, and ends in the second.
    for n in 0..501 {
        writeln!(text, "Reception fit-out,Oak,Timber Co,T-{},10.00", n.min(499)).unwrap();
    }
    let path = path(&upload(&scene, COSTS, &text).await.is(201));
    let _ = map(&scene, &path, json!({ "faulty": "skip" })).await.is(200);
    let ran = act(&scene, &path, "run").await;
    assert_eq!((ran.json["state"].as_str(), progress(&ran)), (Some("done"), (500, 0, 0, 1)), "{}", ran.text);
    assert_eq!(faults(&ran), [(502, "reference", "duplicate")]);
    assert!(ran.text.contains("give it a number from 2 on"), "{}", ran.text);
    // What it says to do is what brings the line in.
    let further = "project,title,supplier,reference,line,amount\nReception fit-out,Oak,Timber Co,T-499,2,10.00\n";
    let path = self::path(&upload(&scene, COSTS, further).await.is(201));
    let ran = act(&scene, &path, "run").await;
    assert_eq!((ran.json["state"].as_str(), progress(&ran)), (Some("done"), (1, 0, 0, 0)), "{}", ran.text);
    let lines = scene.org.get(&format!("{COSTS}?filter[reference]=T-499&sort=line&fields=line")).await.is(200);
    assert_eq!(lines.data().iter().map(|cost| cost["line"].clone()).collect::<Vec<_>>(), [1, 2]);
    // In one commit it needs no number at all.
    let text = text.replace("Timber Co", "Other Timber");
    let path = self::path(&upload(&scene, COSTS, &text).await.is(201));
    let ran = act(&scene, &path, "run").await;
    assert_eq!((ran.json["state"].as_str(), progress(&ran)), (Some("done"), (501, 0, 0, 0)), "{}", ran.text);
}

async fn what_changed_since_is_not_taken_back(database: Database) {
    let scene = scene(&database).await;
    let path = path(&upload(&scene, CLIENTS, "name\nFirst\nSecond\n").await.is(201));
    let _ = act(&scene, &path, "run").await.is(200);
    let first = scene.org.get(&format!("{CLIENTS}?filter[name]=First")).await.column("id").remove(0);
    let _ = scene.org.patch(&format!("{CLIENTS}/{first}"), "*", json!({ "phone": "02" })).await.is(200);
    let refused = scene.org.act(&format!("{path}/undo")).await.is_problem(409, "conflict");
    assert_eq!(refused.issues(), [(format!("/records/{first}").as_str(), "changed-since")]);
    assert!(refused.message_at(&format!("/records/{first}")).contains("“First”"), "{}", refused.text);
    assert_eq!(names(&scene).await.len(), 3, "nothing was taken back");
    assert_eq!(scene.org.get(&path).await.json["state"], "done");
}

async fn another_host_goes_on_where_one_has_ended(database: Database) {
    let clock = HeldClock::at(1_795_000_000_000_000);
    let race = Race::default();
    let setup = Setup { clock: Arc::new(clock.clone()), race: Some(race.clone()), ..Setup::default() };
    let scene = scene_with(&database, setup).await;
    let mut text = String::from("name\n");
    (0..5_600).for_each(|n| writeln!(text, "Client {n}").unwrap());
    let path = path(&upload(&scene, CLIENTS, &text).await.is(201));
    let held = race.hold();
    let begun = scene.org.request(Method::POST, &format!("{path}/run"));
    let asked = tokio::spawn({
        let client = scene.org.api.clone();
        async move { client.send(begun).await.status }
    });
    // The first host is held up in the middle of a part, and looks as if it were gone: its lease has run out.
    let ran = held
        .meanwhile(Box::pin(async {
            clock.advance_seconds(120);
            let other = database.serve_with(Setup { clock: Arc::new(clock.clone()), ..Setup::default() }).await;
            let client = other.client(Some(&scene.org.token));
            loop {
                let answer = client.get(&format!("{path}?wait=20")).await.is(200);
                if answer.json["state"] != "running" {
                    other.stop().await;
                    break answer;
                }
            }
        }))
        .await;
    assert_eq!((ran.json["state"].as_str(), progress(&ran).0), (Some("done"), 5_600), "{}", ran.text);
    let _ = asked.await.unwrap();
    let counted = scene.org.get(&format!("{CLIENTS}?count=true&limit=1")).await.is(200);
    assert_eq!(counted.json["count"], 5_601, "no row made a record twice");
}

async fn an_import_is_its_organizations_alone(database: Database) {
    let scene = scene(&database).await;
    let made = upload(&scene, CLIENTS, "name\nMine\n").await.is(201);
    let path = path(&made);
    let other = scene.server.organization("Elsewhere").await;
    let _ = other.get(&path).await.is_problem(404, "not-found");
    for verb in ["dry-run", "run", "undo"] {
        let _ = other.act(&format!("{path}/{verb}")).await.is_problem(404, "not-found");
    }
    let _ = other.send(other.request(Method::PATCH, &path).json(&json!({}))).await.is_problem(404, "not-found");
    let _ = other.send(other.request(Method::DELETE, &path)).await.is_problem(404, "not-found");
    let (_, _, colleague) = scene.server.member(&scene.org, "Ana", Role::Member).await;
    let _ = colleague.get(&path).await.is_problem(404, "not-found");
    assert_eq!(colleague.get(&format!("{CLIENTS}/imports")).await.is(200).data().len(), 0);
    let wrong = format!("{PROJECTS}/imports/{}", made.id());
    let _ = scene.org.get(&wrong).await.is_problem(404, "not-found");
    assert_eq!(scene.org.get(&format!("{CLIENTS}/imports")).await.is(200).column("id"), [made.id()]);
    let _ = scene.org.send(scene.org.request(Method::DELETE, &path)).await.is(204);
    let _ = scene.org.get(&path).await.is_problem(404, "not-found");
}

async fn references_people_and_choices_are_known_by_name(database: Database) {
    let scene = scene(&database).await;
    let text = "title|project|assignees|priority|planned_cost|due|billable\n\
                Cut|Reception fit-out|halloran & beck's OWNER|High|$1.250,50|3.12.2026|yes\n";
    let made = upload(&scene, TASKS, text).await.is(201);
    assert_eq!((&made.json["mapping"]["dates"], &made.json["mapping"]["decimal"]), (&json!("dmy"), &json!("comma")));
    let path = path(&made);
    let ran = act(&scene, &path, "run").await.is(200);
    assert_eq!(ran.json["state"], "done", "{}", ran.text);
    let task = scene.org.get(TASKS).await.data()[0].clone();
    assert_eq!((&task["project"], &task["assignees"]), (&json!(scene.project), &json!([scene.org.owner.to_string()])));
    assert_eq!(
        (&task["priority"], &task["due"], &task["billable"]),
        (&json!("high"), &json!("2026-12-03"), &json!(true))
    );
    assert_eq!(task["planned_cost"], json!({ "minor": 125_050, "currency": "AUD" }));

    scene.org.make(PROJECTS, json!({ "name": "Reception fit-out" })).await;
    let text = format!("title,project,assignees\nA,Reception fit-out,\nB,,nobody@x.example\nC,,{}\n", scene.org.email);
    let path = self::path(&upload(&scene, TASKS, &text).await.is(201));
    let mapping = json!({
        "columns": [{ "field": "title" }, null, { "field": "assignees", "by": "email" }],
        "constants": [{ "field": "project", "by": "id", "value": scene.project }],
    });
    let _ = map(&scene, &path, mapping).await.is(200);
    let tried = act(&scene, &path, "dry-run").await.is(200);
    assert_eq!(faults(&tried), [(3, "assignees", "unknown-reference")], "{}", tried.text);
    let _ =
        map(&scene, &path, json!({ "columns": [{ "field": "title" }, { "field": "project" }, null], "constants": [] }))
            .await
            .is(200);
    let tried = act(&scene, &path, "dry-run").await.is(200);
    assert_eq!(faults(&tried)[0], (2, "project", "ambiguous"), "{}", tried.text);
}

async fn what_an_export_writes_an_import_reads(database: Database) {
    let scene = scene(&database).await;
    let cost = json!({ "minor": 5, "currency": "NZD" });
    let more = json!({
        "due": "2026-12-01", "planned_minutes": 90, "planned_cost": cost, "assignees": [scene.org.owner.to_string()],
        "notes": "=1+1\nand more",
    });
    let id = scene.task("-5 mm off", more).await;
    for accept in ["text/csv", XLSX] {
        let request = scene.org.request(Method::GET, TASKS).header("Accept", accept);
        let bytes = request.send().await.unwrap().bytes().await.unwrap();
        let made = upload_as(&scene.org, TASKS, accept, bytes.to_vec()).await.is(201);
        let ran = act(&scene, &path(&made), "run").await.is(200);
        assert_eq!(
            (ran.json["state"].as_str(), progress(&ran)),
            (Some("done"), (0, 0, 1, 0)),
            "{accept}: {}",
            ran.text
        );
    }
    assert_eq!(scene.org.get(&format!("{TASKS}/{id}")).await.json["version"], 1);
}

async fn a_mapping_that_does_not_fit_is_refused_at_once(database: Database) {
    let scene = scene(&database).await;
    let path = path(&upload(&scene, TASKS, "a,b\n1,2\n").await.is(201));
    let mapping = json!({
        "columns": [{ "field": "titel" }, { "field": "status" }, null],
        "constants": [{ "field": "project", "by": "colour", "value": "x" }],
        "key": ["due"],
    });
    let refused = map(&scene, &path, mapping).await.is_problem(422, "invalid");
    let expected = [
        ("/columns", "too-many"),
        ("/columns/0/field", "unknown-field"),
        ("/columns/1/field", "read-only"),
        ("/constants/0/by", "by"),
        ("/key/0", "not-mapped"),
    ];
    assert_eq!(refused.issues(), expected, "{}", refused.text);
    let refused = map(&scene, &path, json!({ "colums": [], "dates": "ymd" })).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/colums", "unknown-field"), ("/dates", "type")]);
    let twice = json!({ "columns": [{ "field": "title" }, { "field": "title" }] });
    let refused = map(&scene, &path, twice).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/columns/1/field", "twice")]);
    let _ = scene.org.act(&format!("{path}/undo")).await.is_problem(409, "conflict");
    let _ = scene.org.act(&format!("{path}/redo")).await.is_problem(404, "not-found");
    let _ = scene.org.get(&format!("{path}?wait=999")).await.is_problem(422, "invalid");
}

async fn a_file_that_cannot_be_read_is_refused_with_what_is_wrong(database: Database) {
    let setup = Setup {
        config: |config| {
            config.imports.rows = 3;
            config.imports.columns = 3;
            config.imports.cell_characters = 10;
        },
        ..Setup::default()
    };
    let scene = scene_with(&database, setup).await;
    for (text, code) in [
        ("", "empty"),
        ("name\n", "empty"),
        ("name\na\nb\nc\nd\n", "too-many-rows"),
        ("a,b,c,d\n1,2,3,4\n", "too-many-columns"),
        ("name\n12345678901\n", "too-long"),
        ("name\na,b\n", "cells-without-head"),
        ("a\0b\n", "unreadable"),
        ("PK\u{3}\u{4} no workbook at all", "unreadable"),
    ] {
        let refused = upload(&scene, CLIENTS, text).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [("/file", code)], "{text:?}: {}", refused.text);
    }
    let _ = upload_as(&scene.org, CLIENTS, "image/png", "x").await.is_problem(415, "unsupported-media-type");
    let unknown =
        scene.org.request(Method::POST, &format!("{CLIENTS}/imports?sheets=1")).header("Content-Type", "text/csv");
    let _ = scene.org.send(unknown.body("name\na")).await.is_problem(422, "invalid");
    let named = async |query: &str| {
        let request = scene.org.request(Method::POST, &format!("{CLIENTS}/imports?{query}"));
        scene.org.send(request.header("Content-Type", "text/csv").body("name\na")).await
    };
    for sheet in ["a%00b".to_owned(), "s".repeat(5_000)] {
        let refused = named(&format!("sheet={sheet}")).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [("/file", "no-sheet")], "{}", refused.text);
    }
    let left = scene.org.get(&format!("{CLIENTS}/imports")).await.is(200);
    assert_eq!(left.data().len(), 0, "nothing is left of what could not be read: {}", left.text);
    // A name with what no text holds is kept without it.
    assert_eq!(named("name=a%00b.csv").await.is(201).json["file"], "ab.csv");
}

/// A workbook whose shared strings are far larger inside than outside, and than what its reader is given.
fn bomb() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "name").unwrap();
    for row in 1..=5_000 {
        // Each text is another, so that none is shared.
        sheet.write_string(row, 0, format!("{row}{}", "x".repeat(32_000))).unwrap();
    }
    book.save_to_buffer().unwrap()
}

async fn a_workbook_that_is_a_bomb_ends_its_reader_alone(database: Database) {
    let setup = Setup { config: |config| config.imports.memory_bytes = 128 << 20, ..Setup::default() };
    let scene = scene_with(&database, setup).await;
    let bytes = bomb();
    assert!(bytes.len() < 8 << 20, "it is small outside: {}", bytes.len());
    let refused = upload_as(&scene.org, CLIENTS, XLSX, bytes).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/file", "too-large-inside")], "{}", refused.text);
    let fine = upload(&scene, CLIENTS, "name\nAlive\n").await.is(201);
    assert_eq!(fine.json["rows"], 1);
}

async fn a_caller_who_may_not_write_imports_nothing(database: Database) {
    let scene = scene(&database).await;
    let path = path(&upload(&scene, CLIENTS, "name\nMine\n").await.is(201));
    let nobody = scene.org.api.with_token(None);
    let _ = upload_as(&nobody, CLIENTS, "text/csv", "name\nx\n").await.is_problem(401, "unauthenticated");
    let reader = scene.server.token(&scene.org.email, &scene.org.name, Scope::Read).await;
    let reader = scene.org.api.with_token(Some(&reader));
    let _ = upload_as(&reader, CLIENTS, "text/csv", "name\nx\n").await.is_problem(403, "denied");
    for verb in ["dry-run", "run", "undo"] {
        let _ = reader.act(&format!("{path}/{verb}")).await.is_problem(403, "denied");
    }
    let _ = reader.get(&path).await.is_problem(403, "denied");
}

async fn the_wizard_leads_from_a_file_to_records_and_back(database: Database) {
    let (scene, visitor) = opened(&database).await;
    let list = visitor.get("/projects/clients").await.is(200);
    list.shows("href=\"/projects/clients/imports\"");
    visitor.get("/projects/clients/imports").await.is(200).shows("type=\"file\"");
    let text = b"Client name,Ignored,Phone\nBolt Ltd,x,02 1\n,y,02 2\n";
    let sent = visitor.upload("/projects/clients/imports", "file", "clients.csv", text).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let mapping = visitor.follow(&sent).await.is(200);
    mapping.shows("clients.csv").shows("Bolt Ltd").shows("name=\"column-0\"");
    let address = sent.to().to_owned();
    let post = async |fields: &[(&str, &str)]| {
        let answer = visitor.post(&address, fields).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let mut page = visitor.get(&address).await.is(200);
        while !page.header("refresh").is_empty() {
            page = visitor.get(&address).await.is(200);
        }
        page
    };
    let fields = [
        ("column-0", "name"),
        ("column-1", ""),
        ("column-2", "phone"),
        ("dates", "iso"),
        ("decimal", "point"),
        ("empty", "keep"),
        ("faulty", "stop"),
        ("key", ""),
    ];
    let tried = post(&[&fields[..], &[("act", "dry-run")]].concat()).await;
    tried.shows("Client name").shows("Name is required.").shows("1 row at fault");
    let ran = post(&[&fields[..6], &[("faulty", "skip"), ("key", ""), ("act", "run")]].concat()).await;
    ran.shows("<b>1</b> created").shows("<b>1</b> left out").shows("value=\"undo\"");
    assert_eq!(names(&scene).await, ["Marrickville Dental", "Bolt Ltd"]);
    post(&[("act", "undo")]).await.shows("<b>1</b> archived");
    assert_eq!(names(&scene).await, ["Marrickville Dental"]);
}

async fn a_suppliers_list_becomes_the_catalogue_and_its_next_one_changes_what_it_costs(database: Database) {
    const ITEMS: &str = "estimates/catalog-items";
    let desk = desk(&database).await;
    let visitor = desk.server.signed_in(&desk.org).await;
    visitor.get("/estimates/catalog-items").await.is(200).shows("href=\"/estimates/catalog-items/imports\"");
    let head = "Code;Name;Kind;Unit;Cost;Rate;Tax code;Labour\n";
    let first = "OAK-20;Oak, 20 mm;Material;m²;84,5055;20;GST;12\nFIX-1;Fixings;material;ea;0,1250;;GST;\n";
    let post = async |address: &str, fields: &[(&str, &str)]| {
        let answer = visitor.post(address, fields).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let mut page = visitor.get(address).await.is(200);
        while !page.header("refresh").is_empty() {
            page = visitor.get(address).await.is(200);
        }
        page
    };
    let columns = [
        ("column-0", "code"),
        ("column-1", "name"),
        ("column-2", "kind"),
        ("column-3", "unit"),
        ("column-4", "cost"),
        ("column-5", "rate"),
        ("column-6", "tax_code"),
        ("column-7", "labour_minutes"),
        ("dates", "iso"),
        ("decimal", "comma"),
        ("empty", "keep"),
        ("faulty", "stop"),
        ("key", "code"),
    ];
    let bring = async |text: &str, act: &str| {
        let file = format!("{head}{text}");
        let sent = visitor.upload("/estimates/catalog-items/imports", "file", "prices.csv", file.as_bytes()).await;
        assert_eq!(sent.status, 303, "{}", sent.text);
        let address = sent.to().to_owned();
        let page = visitor.get(&address).await.is(200);
        for (column, field) in &columns[..8] {
            page.shows(&format!("name=\"{column}\"")).shows(&format!("value=\"{field}\" selected"));
        }
        post(&address, &[&columns[..], &[("act", act)]].concat()).await
    };
    let items = async || {
        let list = desk.org.get(&format!("{ITEMS}?sort=code&expand=tax_code")).await.is(200);
        let said = |item: &Json| {
            ["code", "name", "kind", "unit", "cost", "rate"]
                .map(|field| item[field].to_string().replace('"', ""))
                .join("|")
        };
        list.data().iter().map(said).collect::<Vec<_>>()
    };

    bring(first, "dry-run").await.shows("<b>2</b> to be created");
    assert!(items().await.is_empty(), "a dry run writes nothing");
    bring(first, "run").await.shows("<b>2</b> created");
    let before = ["FIX-1|Fixings|material|ea|0.1250|null", "OAK-20|Oak, 20 mm|material|m²|84.5055|2000"];
    assert_eq!(items().await, before);

    let next = "OAK-20;Oak, 20 mm;Material;m²;91,00;20;GST;12\nFIX-1;Fixings;Material;ea;0,1250;;GST;\nASH-20;Ash;Material;m²;70;20;GST;\n";
    bring(next, "dry-run")
        .await
        .shows("<b>1</b> to be created")
        .shows("<b>1</b> to be changed")
        .shows("<b>1</b> unchanged");
    assert_eq!(items().await, before);
    bring(next, "run").await.shows("<b>1</b> changed");
    assert_eq!(
        items().await,
        [
            "ASH-20|Ash|material|m²|70.0000|2000",
            "FIX-1|Fixings|material|ea|0.1250|null",
            "OAK-20|Oak, 20 mm|material|m²|91.0000|2000"
        ]
    );
    bring("OAK-21;Oak;Material;m²;-1;20;GST;\n;Nameless;thing;m²;a;20;PST;\n", "dry-run")
        .await
        .shows("A cost is not less than nothing.")
        .shows("2 rows at fault");
}

async fn a_time_report_of_another_program_is_known_and_comes_in_whole(database: Database) {
    const REPORT: &str = "\
        User,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration\n\
        Mia,,Marrickville Dental,Kitchen,Cut,Counter,Yes,2026-03-02,07:00:00,2026-03-02,09:30:00,02:30:00\n\
        Zoe Park,,Bolt Ltd,Foyer,,Panels,No,2026-03-02,07:00:00,2026-03-02,08:00:00,01:00:00\n\
        Zoe Park,,Bolt Ltd,Foyer,,Late,No,2026-03-02,late,2026-03-02,08:00:00,01:00:00\n";
    let firm = firm(&database).await;
    let entries = || async {
        let list = firm.org.get(&format!("{ENTRIES}?expand=user,project&sort=note")).await.is(200);
        let said = |entry: &Json| {
            (entry["note"].to_string(), entry["project"]["name"].to_string(), entry["duration"].as_i64())
        };
        list.data().iter().map(said).collect::<Vec<_>>()
    };
    let visitor = firm.server.signed_in(&firm.org).await;
    let bring = async |name: &str| {
        let sent = visitor.upload("/timesheets/entries/imports", "file", name, REPORT.as_bytes()).await;
        assert_eq!(sent.status, 303, "{}", sent.text);
        sent.to().to_owned()
    };
    let address = bring("toggl.csv").await;
    let page = visitor.get(&address).await.is(200);
    page.shows("detailed time report of Toggl Track").shows("name=\"zone\"").hides("name=\"column-0\"");
    visitor.get(&format!("{address}?as=columns")).await.is(200).shows("name=\"column-0\"").shows("Bring it in as one");
    let post = async |address: &str, zone: &str, act: &str| {
        let fields = [("program", "toggl"), ("zone", zone), ("dates", "iso"), ("act", act)];
        let answer = visitor.post(address, &fields).await;
        if answer.status != 303 {
            return answer;
        }
        let mut page = visitor.get(address).await.is(200);
        while !page.header("refresh").is_empty() {
            page = visitor.get(address).await.is(200);
        }
        page
    };
    post(&address, "Mars/Olympus", "dry-run").await.is(422).shows("There is no time zone `Mars/Olympus`");
    let tried = post(&address, "", "dry-run").await;
    tried.shows("<b>2</b> to be created").shows("<b>1</b> at fault").shows("Left out: `late` is not a time of day.");
    tried.shows("New projects: 2.").shows("New people: 1.").shows("Zoe Park is not there").shows("1 row to look at");
    assert_eq!(entries().await, []);
    let ran = post(&address, "", "run").await;
    ran.shows("<b>2</b> created").shows("<b>1</b> left out").hides("value=\"undo\"");
    let expected = [("Counter", "Kitchen", 9_000), ("Panels", "Foyer", 3_600)];
    let expected =
        expected.map(|(note, project, seconds)| (json!(note).to_string(), json!(project).to_string(), Some(seconds)));
    assert_eq!(entries().await, expected);
    // Seven in Sydney, in summer.
    let began = firm.org.get(&format!("{ENTRIES}?sort=note")).await.is(200).data()[0]["started_at"].clone();
    assert_eq!(began, "2026-03-01T20:00:00Z");
    // The same file again makes nothing twice, and the token it went by is gone.
    let again = bring("toggl.csv").await;
    post(&again, "", "run").await.shows("<b>2</b> unchanged");
    assert_eq!(entries().await, expected);
    let tokens = firm.org.get("tokens").await.is(200);
    let open: Vec<&Json> =
        tokens.data().iter().filter(|token| token["name"] == "Import" && token["revoked_at"].is_null()).collect();
    assert_eq!(open, Vec::<&Json>::new());
    // A workbook, whose days and times are numbers.
    let sent = visitor.upload("/timesheets/entries/imports", "file", "clockify.xlsx", &clockify()).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let workbook = sent.to().to_owned();
    visitor.get(&workbook).await.is(200).shows("detailed time report of Clockify");
    let fields = [("program", "clockify"), ("zone", "Australia/Perth"), ("dates", "iso"), ("act", "run")];
    assert_eq!(visitor.post(&workbook, &fields).await.status, 303);
    let mut page = visitor.get(&workbook).await.is(200);
    while !page.header("refresh").is_empty() {
        page = visitor.get(&workbook).await.is(200);
    }
    page.shows("<b>1</b> created");
    let shelves = firm.org.get(&format!("{ENTRIES}?filter[note]=Shelves")).await.is(200);
    let shelves = &shelves.data()[0];
    assert_eq!((&shelves["started_at"], &shelves["duration"]), (&json!("2026-03-03T23:15:00Z"), &json!(5_400)));
    // Whoever brings no people along is not asked to, and is refused where they try.
    let sent = upload_as(&firm.mia, ENTRIES, "text/csv", REPORT).await.is(201);
    assert_eq!(sent.json["mapping"]["program"], Json::Null);
    let whole = firm.mia.request(Method::PATCH, &path(&sent)).json(&json!({ "program": "toggl" }));
    let _ = firm.mia.send(whole).await.is_problem(403, "denied");
    let unknown = upload_as(&firm.org, "projects/clients", "text/csv", REPORT).await.is(201);
    let whole = firm.org.request(Method::PATCH, &path(&unknown)).json(&json!({ "program": "toggl" }));
    let refused = firm.org.send(whole).await.is(422);
    assert_eq!(refused.issues()[0].0, "/program");
}

/// A detailed report as Clockify's workbook has it: one entry of an hour and a half from 7:15 on the 4th of March.
fn clockify() -> Vec<u8> {
    use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let heads = [
        "Project",
        "Client",
        "Description",
        "User",
        "Email",
        "Billable",
        "Start Date",
        "Start Time",
        "End Date",
        "End Time",
        "Duration (h)",
    ];
    for (column, head) in (0..).zip(heads) {
        sheet.write_string(0, column, head).unwrap();
    }
    for (column, text) in (0..).zip(["Library", "Bolt Ltd", "Shelves", "Zoe Park", "", "Yes"]) {
        sheet.write_string(1, column, text).unwrap();
    }
    let (day, time) = (Format::new().set_num_format("dd/mm/yyyy"), Format::new().set_num_format("hh:mm:ss"));
    let date = ExcelDateTime::from_ymd(2026, 3, 4).unwrap();
    for (column, clock) in [(7, (7, 15)), (9, (8, 45)), (10, (1, 30))] {
        let clock = ExcelDateTime::from_hms(clock.0, clock.1, 0).unwrap();
        sheet.write_datetime_with_format(1, column, &clock, &time).unwrap();
    }
    for column in [6, 8] {
        sheet.write_datetime_with_format(1, column, &date, &day).unwrap();
    }
    book.save_to_buffer().unwrap()
}
