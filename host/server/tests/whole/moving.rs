//! Leaving another system: `lignaflow import`, as an operator types it, into a running server.

use crate::media::PDF;
use lignaflow_testkit::program::{Program, Serving};
use lignaflow_testkit::{Client, Database, Foreign, On, PASSWORD, on_both, on_one};
use serde_json::{Value as Json, json};
use std::path::PathBuf;

on_both!(firms_leave_the_old_system_whole_and_once,);

mod of_times {
    use super::*;

    on_one!(
        hours_of_other_programs_come_by_their_own_reports,
        what_is_no_report_of_that_program_is_refused_with_what_it_lacks,
    );
}

const LIGNA: &str = "Ligna Joinery";
const BECK: &str = "Beck Fitout";

/// A server, and the program as who runs it types commands.
async fn running(database: &Database) -> (Serving, Program) {
    let program = Program::new(env!("CARGO_BIN_EXE_lignaflow"), database.folder())
        .with("LIGNAFLOW_LIMITS__SIGNED_IN_PER_MINUTE", "0");
    let program = match database.kind() {
        On::Sqlite => program,
        On::Postgres => program.with("LIGNAFLOW_DATABASE_URL", database.url()),
    };
    let server = program.serve().await;
    let program = program
        .with("LIGNAFLOW_SERVER__HTTPS", server.https.to_string())
        .with("LIGNAFLOW_SERVER__PUBLIC_URL", &server.root);
    (server, program)
}

async fn token(program: &Program, email: &str, organization: &str) -> String {
    let words = ["token", "create", "--email", email, "--organization", organization];
    program.run(&words).await.done().out.trim().to_owned()
}

/// The records of a list by the value of one of their fields.
async fn by(api: &Client, path: &str, name: &str, value: &str) -> Json {
    let joint = if path.contains('?') { '&' } else { '?' };
    let found = api.get(&format!("{path}{joint}limit=200")).await.is(200);
    let record = found.data().iter().find(|record| record[name] == value).cloned();
    record.unwrap_or_else(|| panic!("no {path} whose {name} is {value}: {}", found.text))
}

/// Whether all of these were said; columns are as wide as they like.
fn has(told: &str, lines: &[&str]) {
    let told =
        told.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n");
    for line in lines {
        assert!(told.contains(line), "`{line}` is not told:\n{told}");
    }
}

async fn count(api: &Client, path: &str) -> u64 {
    api.get(&format!("{path}?count=true&limit=1")).await.is(200).json["count"].as_u64().unwrap()
}

async fn firms_leave_the_old_system_whole_and_once(database: Database) {
    let Some(old) = Foreign::of(include_str!("../../../../import/fixtures/old-system.sql")).await else { return };
    let (server, program) = running(&database).await;
    let media = database.folder().join("old-media");
    std::fs::create_dir_all(media.join("documents")).unwrap();
    std::fs::write(media.join("documents/plan.pdf"), PDF).unwrap();
    std::fs::write(media.join("documents/setup.exe"), b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff").unwrap();
    let folder = media.display().to_string();
    let without = program.run(&["import", "old-system", "--from", &old.url, "--dry-run"]).await.done().out;
    has(&without, &["left out: Project_manager_projectdocument, file: 3 files of projects are not in the database"]);
    let command = ["import", "old-system", "--from", &old.url, "--media", &folder];

    let dry = program.run(&[&command[..], &["--dry-run"]].concat()).await.done().out;
    has(
        &dry,
        &[
            "Nothing was written",
            "left out: emopye_tasktimer 3, end_time: it was never stopped",
            "left out: Project_manager_task 4",
            "left out: estimator_estimate 1, image_2: the picture `estimates/hall.jpg` stays behind",
            "left out: authentication_user 2, profile_image: the portrait `faces/ed.jpg` stays behind",
            "left out: Project_manager_projectdocument 2, file: `documents/lost.pdf` cannot be read",
            "left out: Project_manager_projectdocument 3, file: `../../etc/hostname` is no path",
            "left out: Project_manager_projectdocument 5, project_id",
            "left out: admindashboard_material 4, created_by_id",
            "left out: admindashboard_componentmaterialquantity 3, material_id: there is none with the id 99",
            "left out: timesheet_timeentry 4, exit_time: it has no end",
            "left out: estimator_estimate 3, items: item 3",
            "changed: estimator_estimate 6, status: `halfway`",
            "changed: estimator_estimate 7, items: it has no items: its total comes as one line",
            "changed: Project_manager_task 2, priority: `asap`",
            "changed: Project_manager_project 1, start_date",
            "changed: emopye_tasktimer 2, start_time: it runs beside another timer",
            "changed: authentication_user 6, role: `foreman`",
            "note: estimator_estimate 2, items: its lines come to 67.19 here: its total stays 67.20, with 0.01 as an adjustment",
            "note: estimator_estimate 2, client_name: `marrickville dental` is taken for Marrickville Dental",
            "note: timesheet_timeentry 2, exit_time: it ends at 06:00:00 of the next day",
            "note: authentication_user 2, company_name",
            "time of tasks 7:00 -> 7:00",
            "totals of those approved 480.23 -> 480.23",
        ],
    );
    let _ = program.run(&["token", "create", "--email", "ann@ligna.example", "--organization", LIGNA]).await.failed(1);

    let first = program.run(&command).await.done().out;
    has(
        &first,
        &[
            "time of tasks: 7:00, as planned",
            "1 of 2 files of projects sent",
            &format!("left out: the file {folder}/documents/setup.exe: 415"),
            "pat@both.example has an account with another organization here: ask them to join, as Pat Both",
            "Ligna Joinery is there. ann@ligna.example owns it",
        ],
    );
    let ligna = server.client(Some(&token(&program, "ann@ligna.example", LIGNA).await));
    let beck = server.client(Some(&token(&program, "bea@beck.example", BECK).await));
    people(&ligna, &beck).await;
    catalogue(&ligna).await;
    quotes(&ligna, &beck).await;
    jobs(&ligna, &beck).await;
    worked(&ligna).await;
    assert!(ligna.get("mail").await.is(200).data().is_empty(), "nobody is written to");

    let lists = [
        "projects/clients",
        "projects/projects",
        "projects/tasks",
        "projects/locations",
        "projects/phases",
        "estimates/catalog-items",
        "estimates/assembly-items",
        "estimates/estimates",
        "estimates/lines",
        "estimates/tax-codes",
        "timesheets/entries",
        "timesheets/shifts",
    ];
    let mut before = Vec::new();
    for path in lists {
        before.push((path, count(&ligna, path).await));
    }
    let people_before = ligna.get("people").await.is(200).data().len();
    // What somebody changed since stays theirs.
    let measure = by(&ligna, "projects/tasks", "title", "Measure").await;
    let path = format!("projects/tasks/{}/reopen", measure["id"].as_str().unwrap());
    let _ = ligna.post(&path, json!({})).await.is(200);
    let again = program.run(&command).await.done().out;
    has(&again, &["0 of timesheets/entries made, 4 were there", "0 of people made"]);
    for (path, count_before) in before {
        assert_eq!(count(&ligna, path).await, count_before, "{path}");
    }
    assert_eq!(ligna.get("people").await.is(200).data().len(), people_before);
    assert_eq!(by(&ligna, "projects/tasks", "title", "Measure").await["status"], "todo");
    drop(server);
    old.forget().await;
}

async fn people(ligna: &Client, beck: &Client) {
    let wim = by(ligna, "people", "email", "wim@ligna.example").await;
    assert_eq!((&wim["name"], &wim["active"], &wim["role"]), (&json!("Wim Worth"), &json!(true), &json!("member")));
    assert_eq!(wim["roles"], json!(["projects.worker", "timesheets.worker"]));
    assert_eq!(by(ligna, "people", "email", "gus@ligna.example").await["active"], false);
    assert_eq!(by(beck, "people", "email", "pat@both.example").await["name"], "Pat Both");
    let noor = by(ligna, "people", "name", "Noor Nowhere").await;
    assert_eq!((&noor["email"], &noor["active"]), (&json!(""), &json!(false)));
    assert_eq!(by(ligna, "people", "name", "Pat Both").await["email"], "", "an address is one account's");
}

async fn catalogue(ligna: &Client) {
    let board = by(ligna, "estimates/catalog-items", "name", "Oak board").await;
    assert_eq!((&board["cost"], &board["custom"]["category"]), (&json!("96.4000"), &json!("Boards")));
    assert_eq!(count(ligna, "estimates/catalog-items").await, 4);
    assert_eq!(count(ligna, "estimates/assembly-items").await, 4);
    let kitchen = by(ligna, "estimates/assemblies", "name", "Kitchen").await;
    let parts =
        ligna.get(&format!("estimates/assembly-items?filter[assembly]={}", kitchen["id"].as_str().unwrap())).await;
    let nested = by(ligna, "estimates/assemblies", "name", "Base cabinet").await;
    assert_eq!((&parts.data()[0]["nested"], &parts.data()[0]["quantity"]), (&nested["id"], &json!("3.0000")));
}

async fn quotes(ligna: &Client, beck: &Client) {
    for (title, status) in [
        ("Reception", "converted"),
        ("Kitchen", "accepted"),
        ("Study", "draft"),
        ("Shelves", "declined"),
        ("Stair", "expired"),
        ("Attic", "draft"),
    ] {
        assert_eq!(by(ligna, "estimates/estimates", "title", title).await["status"], status, "{title}");
    }
    let reception = by(ligna, "estimates/estimates", "title", "Reception").await;
    assert!(reception["notes"].as_str().unwrap().contains("EST-1, S-1"), "{reception}");
    let accepted = by(ligna, "estimates/acceptances", "name", "Marrickville Dental").await;
    assert_eq!(accepted["total"], json!({ "minor": 41_303, "currency": "AUD" }));
    assert_eq!(accepted["day"], "2025-03-10", "when its project was made, and not when it was last changed");
    // A cent that floats had more stays in the total, and is seen where it comes from.
    let kitchen = by(ligna, "estimates/estimates", "title", "Kitchen").await;
    let revision = by(ligna, "estimates/revisions", "estimate", kitchen["id"].as_str().unwrap()).await;
    assert_eq!((&revision["total"]["minor"], &revision["net"]["minor"]), (&json!(6_720), &json!(6_109)));
    assert_eq!(revision["adjustment"]["minor"], 1);
    let shop = by(beck, "estimates/acceptances", "name", "Shop on King").await;
    assert_eq!((&shop["net"]["minor"], &shop["total"]["minor"]), (&json!(100_000), &json!(110_000)));
    assert_eq!(by(beck, "projects/baselines", "kind", "original").await["sell"]["minor"], 100_000);
    let lines = ligna.get("estimates/lines?filter[description][contains]=corner").await.is(200);
    assert_eq!((&lines.data()[0]["quantity"], &lines.data()[0]["unit_cost"]), (&json!("2.0000"), &json!("10.5000")));
}

async fn jobs(ligna: &Client, beck: &Client) {
    let reception = by(ligna, "projects/projects?expand=client", "name", "Reception").await;
    assert_eq!((&reception["status"], &reception["client"]["name"]), (&json!("active"), &json!("Marrickville Dental")));
    assert_eq!((&reception["start"], &reception["due"]), (&Json::Null, &json!("2025-03-01")));
    assert_eq!(reception["budget"]["minor"], 37_548, "before tax");
    let files = reception["documents"].as_array().unwrap();
    assert_eq!(files.len(), 1, "{files:?}");
    let file = ligna.get(&format!("media/{}", files[0].as_str().unwrap())).await.is(200);
    assert_eq!(
        (&file.json["name"], &file.json["content_type"]),
        (&json!("Ground floor.pdf"), &json!("application/pdf"))
    );
    assert_eq!(by(ligna, "projects/projects", "name", "Study").await["status"], "on-hold");
    assert_eq!(by(beck, "projects/projects", "name", "Shop").await["status"], "completed");
    let measure = by(ligna, "projects/tasks?expand=phase,location", "title", "Measure").await;
    assert_eq!((&measure["status"], &measure["priority"]), (&json!("done"), &json!("high")));
    assert_eq!((&measure["phase"]["name"], &measure["location"]["name"]), (&json!("Planning"), &json!("Reception")));
    let install = by(ligna, "projects/tasks?expand=phase,location", "title", "Install").await;
    assert_eq!((&install["status"], &install["priority"]), (&json!("in-progress"), &json!("normal")));
    assert_eq!((&install["phase"]["name"], &install["location"]["name"]), (&json!("Snagging"), &json!("Hall")));
    assert_eq!(count(beck, "projects/tasks").await, 1);
}

async fn worked(ligna: &Client) {
    let entries = ligna.get("timesheets/entries?sort=local_date,started_at&limit=200").await.is(200);
    let said: Vec<(&str, i64, bool)> = entries
        .data()
        .iter()
        .map(|entry| {
            let day = entry["local_date"].as_str().unwrap();
            (day, entry["duration"].as_i64().unwrap(), entry["started_at"].is_null())
        })
        .collect();
    assert_eq!(said.iter().map(|(_, seconds, _)| seconds).sum::<i64>(), 25_200);
    // The old day is that of UTC, a day too early.
    assert!(said.contains(&("2025-03-12", 16_200, false)), "{said:?}");
    assert!(said.contains(&("2025-03-12", 3_600, true)), "what ran beside another keeps its length: {said:?}");
    let shifts = ligna.get("timesheets/shifts?sort=started_at").await.is(200);
    let ends: Vec<&str> = shifts.data().iter().map(|shift| shift["ended_at"].as_str().unwrap()).collect();
    assert_eq!(ends, ["2025-03-12T04:30:00Z", "2025-03-13T19:00:00Z"]);
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../import/fixtures").join(name)
}

async fn firm(program: &Program) -> String {
    let create = ["organization", "create", "Halloran", "--owner", "jo@example.com", "--password-stdin"];
    let _ = program.run_with(&create, PASSWORD).await.done();
    token(program, "jo@example.com", "Halloran").await
}

async fn hours_of_other_programs_come_by_their_own_reports(database: Database) {
    let (server, program) = running(&database).await;
    let token = firm(&program).await;
    let api = server.client(Some(&token));
    let program = program.with("LIGNAFLOW_TOKEN", &token);
    let import = async |preset: &str, more: &[&str]| {
        let file = fixture(&format!("{preset}.csv"));
        program.run(&[&["import", preset, file.to_str().unwrap()][..], more].concat()).await.done().out
    };
    let dry = import("toggl", &["--dry-run"]).await;
    has(
        &dry,
        &[
            "4 entries would be made, 0 are there. Nothing was written.",
            "left out: row 6, start: `late` is not a time of day",
            "changed: row 3: it overlaps other time of the same person",
            "note: person Sam Okafor: Sam Okafor is not there",
        ],
    );
    assert_eq!(count(&api, "timesheets/entries").await + count(&api, "projects/projects").await, 0);
    has(&import("toggl", &[]).await, &["4 entries made in Halloran, 0 were there."]);
    has(&import("toggl", &[]).await, &["0 entries made in Halloran, 4 were there."]);
    has(&import("clockify", &[]).await, &["2 entries made"]);
    has(&import("harvest", &[]).await, &["2 entries made", "left out: row 4, duration: 25:00 are more than a day"]);
    has(&import("kimai", &[]).await, &["1 entries made"]);

    let entries = api.get("timesheets/entries?expand=project,task,activity&sort=local_date,note&limit=200").await;
    let said: Vec<Json> = entries
        .is(200)
        .data()
        .iter()
        .map(|entry| {
            let name = |field: &str, of: &str| entry[field][of].clone();
            json!([
                entry["local_date"],
                name("project", "name"),
                name("task", "title"),
                name("activity", "name"),
                entry["duration"],
                entry["billable"],
                entry["started_at"],
                entry["note"]
            ])
        })
        .collect();
    let expected = json!([
        [
            "2026-03-02",
            "Reception fit-out",
            "Joinery",
            null,
            9_000,
            true,
            "2026-03-01T20:00:00Z",
            "Measure the counter [site]"
        ],
        ["2026-03-02", "Reception fit-out", "Joinery", null, 3_600, true, null, "Scribe, twice"],
        [
            "2026-03-03",
            "Reception fit-out",
            null,
            null,
            14_400,
            false,
            "2026-03-03T11:00:00Z",
            "Night shift [night, site]"
        ],
        ["2026-03-04", null, null, "Without a project", 900, false, "2026-03-03T21:00:00Z", "Toolbox talk"],
        ["2026-03-16", "Library", "Assembly", null, 9_000, true, "2026-03-16T02:00:00Z", "Shelves"],
        ["2026-04-03", "Library", "Assembly", null, 2_700, true, "2026-04-02T22:00:00Z", "Shelves"],
        ["2026-05-04", "Library", "Drafting", null, 4_500, true, null, "Plans"],
        ["2026-05-04", "Library", "Drafting", null, 4_500, true, null, "Plans"],
        ["2026-06-01", "Library", null, "Installation", 14_760, true, "2026-05-31T22:00:00Z", "First bay [site]"],
    ]);
    assert_eq!(json!(said), expected);
    // Jo has an account by that address; the others are known by name, each once.
    let mut people = api.get("people").await.is(200).column("name");
    people.sort();
    assert_eq!(people, ["Ana Souza", "Sam Okafor", "jo"]);
    assert_eq!(count(&api, "projects/projects").await, 2);
    assert_eq!(count(&api, "projects/clients").await, 2);
}

async fn what_is_no_report_of_that_program_is_refused_with_what_it_lacks(database: Database) {
    let (_server, program) = running(&database).await;
    let token = firm(&program).await;
    let program = program.with("LIGNAFLOW_TOKEN", token);
    let file = fixture("harvest.csv");
    let told = program.run(&["import", "toggl", file.to_str().unwrap()]).await.failed(1);
    has(&told, &["no detailed time report of Toggl Track: it has no column user or email, start date"]);
    let old = ["import", "old-system", "--from", "sqlite:old.db", "--dry-run"];
    has(&program.run(&old).await.failed(1), &["PostgreSQL database"]);
}
