//! Files as plugins read and make them: those that may be seen, by parts and as tables by slices; and what a call makes,
//! kept with the record that holds it or gone.

use crate::durability::furnished;
use crate::media::{PDF, bring};
use crate::scene::{CLIENTS, PROJECTS};
use lignaflow_testkit::plugins::{self, fixture, shipped};
use lignaflow_testkit::program::Program;
use lignaflow_testkit::{Client, Database, On, Org, Role, Server, Setup, on_both};
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::time::Duration;

on_both!(
    a_hundred_thousand_rows_come_in_by_slices_each_once_also_after_a_kill,
    a_plugin_sees_the_files_that_it_and_the_caller_may_see_and_no_others,
    what_a_call_makes_is_kept_with_the_record_that_holds_it_or_gone,
    a_workbook_is_read_by_its_sheet_and_what_is_no_table_is_told,
);

const UPLOADS: &str = "stock/uploads";
const PARTS: &str = "stock/parts";
const ROWS: u64 = 100_000;
/// Whoever waits longer waits in vain.
const PATIENCE: Duration = Duration::from_mins(1);
/// Rows of a slice: each asks the host for an id, and a call may ask it a thousand times.
const SLICE: u64 = 800;

struct Site {
    server: Server,
    org: Org,
}

async fn site(database: &Database) -> Site {
    let plugins = vec![shipped("projects"), fixture("stock")];
    let server = database.serve_with(Setup { plugins, ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    Site { server, org }
}

async fn count(api: &Client) -> u64 {
    api.get(&format!("{PARTS}?count=true&limit=1")).await.is(200).json["count"].as_u64().unwrap()
}

/// The one job there is, once it has come to an end.
async fn ended(api: &Client) -> Json {
    let waited = async {
        loop {
            let jobs = api.get("jobs").await.is(200).data().to_vec();
            if let Some(job) = jobs.first().filter(|job| job["state"] == "done" || job["state"] == "failed") {
                return job.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.expect("the job ends")
}

/// Sees changes of parts come until there were so many. The last one's id.
async fn see(api: &Client, last: Option<&str>, seen: &mut u64, until: u64) -> String {
    let mut events = api.events(&format!("changes?collection={PARTS}"), last).await;
    while *seen < until {
        let event = events.next().await.expect("a change");
        assert_eq!(event.kind, "change", "{}", event.data);
        *seen += 1;
    }
    events.last
}

async fn a_hundred_thousand_rows_come_in_by_slices_each_once_also_after_a_kill(database: Database) {
    let program = Program::new(env!("CARGO_BIN_EXE_lignaflow"), database.folder());
    let program = match database.kind() {
        On::Sqlite => program,
        On::Postgres => program.with("LIGNAFLOW_DATABASE_URL", database.url()),
    };
    let (program, token) = furnished(program).await;
    let file = plugins::path("fixtures/stock");
    let _ = program.run(&["plugin", "install", file.to_str().unwrap()]).await.done();
    let _ = program.run(&["plugin", "enable", "stock", "--organization", "Halloran"]).await.done();
    let mut table = String::from("Number,Name\n");
    for number in 1..=ROWS {
        writeln!(table, "{number},\"Screw {number}, stainless\"").unwrap();
    }

    let mut server = program.serve().await;
    let api = server.client(Some(&token));
    let file = bring(&api, "parts.csv", "text/csv", table.as_bytes()).await.is(201).id();
    let upload = api.make(UPLOADS, json!({ "title": "Parts", "file": file })).await;
    let begun = see(&api, None, &mut 0, 0).await;
    let _ = api.post(&format!("stock/bring/{upload}"), json!({ "slice": SLICE })).await.is(204);
    let mut seen = 0;
    let last = see(&api, Some(&begun), &mut seen, ROWS / 10).await;
    server.kill().await;

    let server = program.serve().await;
    let api = server.client(Some(&token));
    let before = count(&api).await;
    assert!(before < ROWS, "it was in the middle: {before}");
    let _ = see(&api, Some(&last), &mut seen, ROWS).await;
    let job = ended(&api).await;
    assert_eq!((&job["state"], &job["slices"]), (&json!("done"), &json!(ROWS / SLICE)), "{job}");
    assert_eq!(count(&api).await, ROWS);
    // Each number once: so many different ones, and their sum.
    let sums = api.get(&format!("{PARTS}/summary?sum=number&sum=line&count=id")).await.is(200);
    let told = &sums.data()[0];
    assert_eq!(told["sum_number"].as_u64(), Some(ROWS * (ROWS + 1) / 2), "{}", sums.text);
    assert_eq!(
        told["sum_line"].as_u64(),
        Some(ROWS * (ROWS + 1) / 2 + ROWS),
        "rows are numbered as a spreadsheet does"
    );
    let last = api.get(&format!("{PARTS}?filter[number]={ROWS}")).await.is(200);
    assert_eq!(last.column("name"), [format!("Screw {ROWS}, stainless")]);
    // The last slice wrote a report beside the file.
    let upload = api.get(&format!("{UPLOADS}/{upload}")).await.is(200).json;
    let report = api.get(&format!("media/{}/content", upload["report"].as_str().unwrap())).await.is(200);
    assert_eq!(report.text, format!("what,count\nrows,{ROWS}\n"));
    drop(server);
}

async fn a_plugin_sees_the_files_that_it_and_the_caller_may_see_and_no_others(database: Database) {
    let Site { server, org } = site(&database).await;
    let (_, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let other = server.organization("Novak").await;
    let look = async |api: &Client, file: &str, query: &str| api.get(&format!("stock/look/{file}{query}")).await;

    let text = "A list of oak boards, and of ash.";
    let file = bring(&org, "boards.txt", "text/plain", text.as_bytes()).await.is(201).id();
    // Whoever brought it sees it while it waits, and so does the code that they call.
    let seen = look(&org, &file, "").await.is(200).json;
    let expected = json!({ "name": "boards.txt", "type": "text/plain", "size": text.len(), "text": &text[..20] });
    assert_eq!(seen, expected);
    assert_eq!(look(&org, &file, "?from=30").await.is(200).json["text"], &text[30..]);
    assert_eq!(look(&org, &file, "?from=33").await.is(200).json["text"], "");
    assert_eq!(look(&org, &file, "?from=18446744073709551615").await.is(200).json["text"], "");
    let _ = look(&mia, &file, "").await.is_problem(404, "not-found");
    let _ = look(&mia, &file, "?on=plugin").await.is_problem(404, "not-found");

    // On a record of the plugin's own everybody sees it who sees the record.
    let upload = org.make(UPLOADS, json!({ "title": "Boards", "file": file })).await;
    let _ = look(&mia, &file, "").await.is(200);
    let _ = look(&mia, &file, "?on=plugin").await.is(200);
    for query in ["", "?on=plugin"] {
        let _ = look(&other, &file, query).await.is_problem(404, "not-found");
    }
    let _ = org.delete(&format!("{UPLOADS}/{upload}"), "*").await.is(200);
    let _ = look(&org, &file, "?on=plugin").await.is_problem(404, "not-found");

    // One that a record of another plugin holds is nothing to it, also where the caller sees it.
    let client = org.make(CLIENTS, json!({ "name": "Ana Ruiz" })).await;
    let project = org.make(PROJECTS, json!({ "name": "Kitchen", "client": client })).await;
    let plan = bring(&org, "plan.pdf", "application/pdf", PDF).await.is(201).id();
    let _ = org.patch(&format!("{PROJECTS}/{project}"), "*", json!({ "documents": [plan] })).await.is(200);
    let _ = org.get(&format!("media/{plan}/content")).await.is(200);
    for query in ["", "?on=plugin"] {
        let _ = look(&org, &plan, query).await.is_problem(404, "not-found");
    }
    let _ = look(&org, &lignaflow_testkit::fresh_id(), "").await.is_problem(404, "not-found");
    let _ = look(&org, "boards", "").await.is_problem(404, "not-found");
}

async fn what_a_call_makes_is_kept_with_the_record_that_holds_it_or_gone(database: Database) {
    let Site { server, org } = site(&database).await;
    let used = async || server.app.store.media_used(org.id).await.unwrap();
    let write = async |name: &str, held: bool, spoil: bool| {
        // More than may be added at once.
        let text = "oak,ash\n".repeat(25_000);
        let body = json!({ "title": "List", "name": name, "text": text, "times": 12, "held": held, "spoil": spoil });
        org.post("stock/write", body).await
    };
    let made = write("list.csv", true, false).await.is(201).json;
    let report = made["report"].as_str().unwrap();
    let kept = org.get(&format!("media/{report}")).await.is(200).json;
    assert_eq!((&kept["name"], &kept["content_type"]), (&json!("list.csv"), &json!("text/csv")));
    assert_eq!((&kept["size"], &kept["state"]), (&json!(8 * 25_000 * 12), &json!("attached")));
    assert_eq!(kept["attached_to"]["record"], made["id"]);
    let whole = org.get(&format!("media/{report}/content")).await.is(200);
    assert_eq!(whole.text, "oak,ash\n".repeat(25_000 * 12));
    let standing = used().await;
    assert_eq!(standing.1, 1);

    // Nothing holds it: the record is made, and the file is gone.
    let _ = write("list.csv", false, false).await.is(201);
    assert_eq!(used().await, standing);
    // The record is refused, or the field takes no such file: neither is there.
    let fault = write("list.csv", true, true).await.is_problem(422, "invalid");
    assert!(fault.text.contains("/title"), "{}", fault.text);
    let fault = write("list.txt", true, false).await.is_problem(422, "invalid");
    assert!(fault.text.contains("file-type"), "{}", fault.text);
    assert_eq!(used().await, standing);
    assert_eq!(org.get(UPLOADS).await.is(200).data().len(), 2);
    // Where nothing is kept, nothing is made.
    let _ = org.get("stock/make").await.is_problem(403, "denied");
}

async fn a_workbook_is_read_by_its_sheet_and_what_is_no_table_is_told(database: Database) {
    const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let Site { server: _server, org } = site(&database).await;
    let mut book = rust_xlsxwriter::Workbook::new();
    let _ = book.add_worksheet().set_name("Empty").unwrap();
    let sheet = book.add_worksheet().set_name("Parts").unwrap();
    for (row, (number, name)) in [(0, ("number", "name")), (2, ("7", "Ash")), (3, ("8", "Oak"))] {
        let _ = sheet.write_string(row, 0, number).unwrap().write_string(row, 1, name).unwrap();
    }
    let bytes = book.save_to_buffer().unwrap();
    let file = bring(&org, "parts.xlsx", XLSX, &bytes).await.is(201).id();
    let upload = org.make(UPLOADS, json!({ "title": "Parts", "file": file })).await;
    let _ = org.post(&format!("stock/bring/{upload}"), json!({ "sheet": "Parts", "slice": 1 })).await.is(204);
    let job = ended(&org).await;
    assert_eq!((&job["state"], &job["slices"]), (&json!("done"), &json!(2)), "{job}");
    let parts = org.get(&format!("{PARTS}?sort=number&fields=name,line")).await.is(200);
    let rows: Vec<_> = parts.data().iter().map(|part| (part["name"].clone(), part["line"].clone())).collect();
    assert_eq!(rows, [(json!("Ash"), json!(3)), (json!("Oak"), json!(4))]);

    let file = bring(&org, "plan.pdf", "application/pdf", PDF).await.is(201).id();
    let upload = org.make(UPLOADS, json!({ "title": "Plan", "file": file })).await;
    let _ = org.post(&format!("stock/bring/{upload}"), json!({})).await.is(204);
    let waited = async {
        loop {
            let jobs = org.get("jobs").await.is(200).data().to_vec();
            if let Some(told) = jobs.iter().find_map(|job| job["error"].as_str()) {
                return told.to_owned();
            }
            tokio::task::yield_now().await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, waited).await.expect("a fault");
    assert!(told.contains("column") || told.contains("CSV"), "{told}");
    assert_eq!(count(&org).await, 2);
}
