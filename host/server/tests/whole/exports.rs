//! Lists and summaries as CSV and XLSX, read back by what reads such files.

use crate::scene::{CLIENTS, PROJECTS, Scene, TASKS, opened, scene};
use calamine::{Data, Reader as _, Xlsx};
use lignaflow_testkit::{Answer, Database, Method, on_both, on_one};
use serde_json::json;
use std::io::Cursor;

on_both!(
    a_list_comes_as_csv_with_names_beside_ids,
    a_file_has_every_row_in_the_order_of_the_list,
    a_workbook_has_typed_cells_and_no_formula,
    a_summary_comes_as_a_file,
    a_file_holds_what_its_reader_may_see,
);

on_one!(
    text_that_looks_like_a_formula_is_made_inert,
    what_nobody_offers_is_not_acceptable,
    what_a_file_cannot_be_asked_for_is_refused,
    a_list_page_links_to_files_of_what_it_shows,
    a_reader_who_leaves_ends_the_reading,
);

const CSV: &str = "text/csv";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

async fn file(scene: &Scene, path: &str, accept: &str) -> Answer {
    let request = scene.org.request(Method::GET, path).header("Accept", accept);
    scene.org.send(request).await
}

fn table(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// A column by its head.
fn column(table: &[Vec<String>], head: &str) -> Vec<String> {
    let at = table[0].iter().position(|cell| cell == head).unwrap_or_else(|| panic!("no {head} in {:?}", table[0]));
    table[1..].iter().map(|row| row[at].clone()).collect()
}

async fn workbook(scene: &Scene, path: &str) -> Vec<Vec<Data>> {
    let response = scene.org.request(Method::GET, path).header("Accept", XLSX).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], XLSX);
    let bytes = response.bytes().await.unwrap().to_vec();
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let (_, range) = book.worksheets().remove(0);
    let formulas = book.worksheet_formula(&book.sheet_names()[0]).unwrap();
    assert!(formulas.rows().flatten().all(String::is_empty), "no cell is a formula");
    range.rows().map(<[Data]>::to_vec).collect()
}

async fn a_list_comes_as_csv_with_names_beside_ids(database: Database) {
    let scene = scene(&database).await;
    let owner = scene.org.owner.to_string();
    let cost = json!({ "minor": 12_550, "currency": "AUD" });
    let more = json!({ "due": "2026-12-01", "planned_minutes": 90, "planned_cost": cost, "assignees": [owner], "billable": true });
    let id = scene.task("Cut, \"oak\"", more).await;
    let answer = file(&scene, TASKS, CSV).await.is(200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    let named = answer.header("content-disposition");
    assert!(named.starts_with("attachment; filename=\"halloran-beck-tasks-2") && named.ends_with(".csv\""), "{named}");
    assert!(answer.header("vary").contains("accept"));
    let rows = table(&answer.text);
    let one = |head: &str| column(&rows, head).remove(0);
    assert_eq!((one("id"), one("title")), (id, "Cut, \"oak\"".to_owned()));
    assert_eq!((one("project"), one("project.id")), ("Reception fit-out".to_owned(), scene.project.clone()));
    assert_eq!((one("assignees"), one("assignees.id")), ("Halloran & Beck's owner".to_owned(), owner));
    assert_eq!((one("planned_cost"), one("planned_cost.currency")), ("125.50".to_owned(), "AUD".to_owned()));
    assert_eq!(
        (one("due"), one("planned_minutes"), one("billable")),
        ("2026-12-01".to_owned(), "90".to_owned(), "true".to_owned())
    );
    assert_eq!(one("created_by"), "Halloran & Beck's owner");

    let chosen = file(&scene, &format!("{TASKS}?fields=title,project.client.name,project.client"), CSV).await.is(200);
    assert_eq!(
        chosen.text,
        format!(
            "title,project.client.name,project.client,project.client.id\r\n\"Cut, \"\"oak\"\"\",Marrickville Dental,Marrickville Dental,{}\r\n",
            scene.client
        )
    );
    let empty = file(&scene, &format!("{TASKS}?filter[title]=nothing&fields=title"), CSV).await.is(200);
    assert_eq!(empty.text, "title\r\n", "a file of nothing has its heads");
}

/// Makes many clients behind the API's back, in commits of a thousand each.
async fn fill(scene: &Scene, count: usize) {
    use lignaflow_core::mutation::{Fields, Mutation, Origin};
    let caller = crate::scene::caller(scene).await;
    let numbers: Vec<usize> = (0..count).collect();
    for chunk in numbers.chunks(1000) {
        let mutations = chunk
            .iter()
            .map(|n| Mutation::Insert {
                collection: CLIENTS.into(),
                id: lignaflow_core::Id::fresh(),
                fields: Fields::from_iter([("name".to_owned(), lignaflow_core::Value::Text(format!("Client {n:06}")))]),
            })
            .collect();
        scene.server.app.records.write(&caller, Origin::Batch, mutations).await.unwrap();
    }
}

async fn a_file_has_every_row_in_the_order_of_the_list(database: Database) {
    let scene = scene(&database).await;
    fill(&scene, 20_500).await;
    let path = format!("{CLIENTS}?fields=name,id&sort=-name&filter[name][starts_with]=client");
    let answer = file(&scene, &path, CSV).await.is(200);
    let rows = table(&answer.text);
    assert_eq!(rows.len(), 20_501);
    let names = column(&rows, "name");
    assert!(names.is_sorted_by(|a, b| a > b), "each once, downwards");
    let sheet = workbook(&scene, &path).await;
    assert_eq!(sheet.len(), 20_501);
    assert_eq!(sheet[1][0], Data::String("Client 020499".into()));
    assert_eq!(sheet[20_500][0], Data::String("Client 000000".into()));
}

async fn a_workbook_has_typed_cells_and_no_formula(database: Database) {
    let scene = scene(&database).await;
    let cost = json!({ "minor": 12_550, "currency": "AUD" });
    scene
        .task("=1+1", json!({ "due": "2026-12-01", "planned_minutes": 90, "planned_cost": cost, "billable": false }))
        .await;
    let sheet =
        workbook(&scene, &format!("{TASKS}?fields=title,due,planned_minutes,planned_cost,billable,project,created_at"))
            .await;
    let heads: Vec<String> = sheet[0].iter().map(ToString::to_string).collect();
    let expected = [
        "title",
        "due",
        "planned_minutes",
        "planned_cost",
        "planned_cost.currency",
        "billable",
        "project",
        "project.id",
        "created_at",
    ];
    assert_eq!(heads, expected);
    let row = &sheet[1];
    assert_eq!(row[0], Data::String("=1+1".into()), "text as it is, in a cell of text");
    assert_eq!(row[1].to_string(), "46357", "days since 1899-12-30");
    assert!(matches!(row[1], Data::DateTime(_)), "{:?}", row[1]);
    let Data::DateTime(planned) = &row[2] else { panic!("{:?}", row[2]) };
    assert!(planned.is_duration() && (planned.as_f64() * 24.0 - 1.5).abs() < 1e-9, "{planned:?}");
    assert_eq!((&row[3], &row[4]), (&Data::Float(125.5), &Data::String("AUD".into())));
    assert_eq!((&row[5], &row[6]), (&Data::Bool(false), &Data::String("Reception fit-out".into())));
    assert!(matches!(row[8], Data::DateTime(_)), "{:?}", row[8]);
}

async fn a_summary_comes_as_a_file(database: Database) {
    let scene = scene(&database).await;
    for (title, minor) in [("A", 1_000), ("B", 250)] {
        let cost = json!({ "minor": minor, "currency": "AUD" });
        scene.task(title, json!({ "planned_cost": cost, "due": "2026-12-03" })).await;
    }
    let path = format!("{TASKS}/summary?group=project,due:month&sum=planned_cost&count=id");
    let answer = file(&scene, &path, CSV).await.is(200);
    let expected = format!(
        "project,project.id,due,currency,sum_planned_cost,count\r\nReception fit-out,{},2026-12-01,AUD,12.50,2\r\n",
        scene.project
    );
    assert_eq!(answer.text, expected);
    let sheet = workbook(&scene, &path).await;
    assert_eq!((&sheet[1][4], &sheet[1][5]), (&Data::Float(12.5), &Data::Float(2.0)));
}

async fn a_file_holds_what_its_reader_may_see(database: Database) {
    let scene = scene(&database).await;
    let other = scene.server.organization("Elsewhere").await;
    other.make(CLIENTS, json!({ "name": "Theirs" })).await;
    let answer = file(&scene, &format!("{CLIENTS}?fields=name"), CSV).await.is(200);
    assert_eq!(answer.text, "name\r\nMarrickville Dental\r\n");
    let nobody = scene.org.api.with_token(None);
    let _ = nobody
        .send(nobody.request(Method::GET, CLIENTS).header("Accept", CSV))
        .await
        .is_problem(401, "unauthenticated");
}

async fn text_that_looks_like_a_formula_is_made_inert(database: Database) {
    let scene = scene(&database).await;
    for name in ["=HYPERLINK(\"http://x\")", "+61 2 9000", "-", "@SUM(A1)", "'=x", "plain"] {
        scene.org.make(CLIENTS, json!({ "name": name })).await;
    }
    let answer =
        file(&scene, &format!("{CLIENTS}?fields=name&filter[name][ne]=Marrickville Dental"), CSV).await.is(200);
    let mut names = column(&table(&answer.text), "name");
    names.sort();
    assert_eq!(names, ["''=x", "'+61 2 9000", "'-", "'=HYPERLINK(\"http://x\")", "'@SUM(A1)", "plain"]);
    // What a reference is called is text too.
    let evil = scene.org.get(&format!("{CLIENTS}?filter[name]=@SUM(A1)")).await.column("id").remove(0);
    scene.org.make(PROJECTS, json!({ "name": "Kitchen", "client": evil })).await;
    let answer = file(&scene, &format!("{PROJECTS}?fields=client&filter[name]=Kitchen"), CSV).await.is(200);
    assert_eq!(column(&table(&answer.text), "client"), ["'@SUM(A1)"]);
}

async fn what_nobody_offers_is_not_acceptable(database: Database) {
    let scene = scene(&database).await;
    for path in [TASKS.to_owned(), format!("{TASKS}/summary")] {
        let refused = file(&scene, &path, "text/html, application/pdf;q=0.5").await.is_problem(406, "not-acceptable");
        assert!(refused.json["detail"].as_str().unwrap().contains("text/csv"));
        let _ = file(&scene, &path, "text/csv;q=0").await.is_problem(406, "not-acceptable");
        let json = file(&scene, &path, "text/html;q=0.9, */*;q=0.1").await.is(200);
        assert_eq!(json.header("content-type"), "application/json");
        assert!(json.header("vary").contains("accept"));
        let weighed = file(&scene, &path, "application/json;q=0.3, text/csv;q=0.8").await.is(200);
        assert!(weighed.header("content-type").starts_with("text/csv"));
    }
}

async fn what_a_file_cannot_be_asked_for_is_refused(database: Database) {
    let scene = scene(&database).await;
    let query = "limit=10&after=x&count=true&expand=project&fields=titel,project.nam&filter[statsu]=todo";
    let refused = file(&scene, &format!("{TASKS}?{query}"), CSV).await.is_problem(422, "invalid");
    let expected = [
        ("/limit", "not-in-a-file"),
        ("/after", "not-in-a-file"),
        ("/count", "not-in-a-file"),
        ("/expand", "not-in-a-file"),
        ("/filter/statsu", "unknown-field"),
        ("/fields", "unknown-field"),
        ("/fields", "unknown-field"),
    ];
    assert_eq!(refused.issues(), expected, "every fault at once: {}", refused.text);
    let none = file(&scene, &format!("{TASKS}?fields="), XLSX).await.is_problem(422, "invalid");
    assert_eq!(none.issues(), [("/fields", "required")]);
}

async fn a_list_page_links_to_files_of_what_it_shows(database: Database) {
    let (scene, visitor) = opened(&database).await;
    scene.task("Cut", json!({})).await;
    scene.task("Sand", json!({})).await;
    let page = visitor.get("/projects/tasks?filter[title]=Cut&sort=-title").await.is(200);
    page.shows("/projects/tasks?filter%5Btitle%5D=Cut&amp;sort=-title&amp;format=csv").shows("format=xlsx");
    let csv = visitor.get("/projects/tasks?filter%5Btitle%5D=Cut&sort=-title&format=csv").await.is(200);
    assert!(csv.text.starts_with('\u{feff}'), "a mark by which spreadsheet programs know UTF-8");
    assert_eq!(column(&table(csv.text.trim_start_matches('\u{feff}')), "title"), ["Cut"]);
    let _ = visitor.get("/projects/tasks?format=pdf").await.is(422);
}

async fn a_reader_who_leaves_ends_the_reading(database: Database) {
    let scene = scene(&database).await;
    fill(&scene, 5_000).await;
    for accept in [CSV, XLSX] {
        for _ in 0..20 {
            let request = scene.org.request(Method::GET, CLIENTS).header("Accept", accept);
            let mut response = request.send().await.unwrap();
            if accept == CSV {
                assert!(response.chunk().await.unwrap().is_some());
            }
            drop(response);
        }
    }
    // Places of workbooks that nobody waits for are given back: a workbook is written though more were left than there are places.
    let path = format!("{CLIENTS}?fields=name");
    while file(&scene, &path, XLSX).await.status == 503 {}
    let sheet = workbook(&scene, &path).await;
    assert_eq!(sheet.len(), 5_002);
}
