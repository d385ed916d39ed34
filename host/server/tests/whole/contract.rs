//! That the contract carries the work: what plugins do with it, with writers made to meet between plan and commit. What a
//! descriptor alone carries is proved beside it: numbers without gaps (`kept`), parts and their wholes (`family`).

use crate::jobs::{clockwork, until};
use crate::scene::{PROJECTS, TASKS};
use lignaflow_core::mutation::Origin;
use lignaflow_testkit::plugins::declared;
use lignaflow_testkit::{Client, Database, HeldClock, Org, Race, Role, Server, Setup, on_both};
use serde_json::{Value as Json, json};

on_both!(
    an_order_becomes_a_project_once_however_often_it_is_sent,
    an_order_becomes_a_project_once_though_two_make_it_at_the_same_time,
    a_budget_alerts_once_each_time_it_is_crossed,
    a_budget_that_two_find_crossed_at_the_same_time_alerts_once,
    a_timer_that_starts_stops_the_other_also_when_two_start_at_once,
    bookings_do_not_overlap_within_a_batch_nor_between_two_at_once,
    a_document_is_issued_with_the_line_that_changed_meanwhile,
    a_line_of_a_document_that_is_issued_meanwhile_stays_as_it_was,
    a_rate_is_looked_up_among_scopes_that_the_caller_may_not_read,
    a_report_counts_what_three_plugins_hold,
);

async fn site(database: &Database) -> (Server, Org, Race) {
    let race = Race::default();
    let server =
        database.serve_with(Setup { race: Some(race.clone()), plugins: clockwork(), ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    (server, org, race)
}

async fn count(api: &Client, path: &str) -> u64 {
    let separator = if path.contains('?') { '&' } else { '?' };
    api.get(&format!("{path}{separator}count=true&limit=1")).await.is(200).json["count"].as_u64().unwrap()
}

async fn an_order_becomes_a_project_once_however_often_it_is_sent(database: Database) {
    let (_server, org, _) = site(&database).await;
    let order = org.make("clockwork/orders", json!({ "title": "Kitchen" })).await;
    let path = format!("clockwork/convert/{order}");
    let sent = (0..5).map(|_| org.act(&path));
    for answer in futures_util::future::join_all(sent).await {
        let _ = answer.is(204);
    }
    let ended = |jobs: &[Json]| !jobs.is_empty() && jobs.iter().all(|job| job["state"] == "done");
    until(&org, "jobs", ended).await;
    let _ = org.act(&path).await.is(204);
    until(&org, "jobs", ended).await;

    let projects = org.get(PROJECTS).await.is(200);
    assert_eq!(projects.column("name"), ["Kitchen"]);
    assert_eq!(count(&org, TASKS).await, 2);
    let converted = org.get(&format!("clockwork/orders/{order}")).await.is(200);
    assert_eq!(converted.json["project"], projects.data()[0]["id"]);
    let id = projects.data()[0]["id"].as_str().unwrap();
    let made = org.get(&format!("{PROJECTS}/{id}/history")).await.is(200);
    assert_eq!(made.data()[0]["by"], json!({ "kind": "plugin", "id": "clockwork" }), "on the plugin's own account");
}

/// The same, with the time in the test's hands.
async fn slow_site(database: &Database) -> (Server, Org, Race, HeldClock) {
    let (race, clock) = (Race::default(), HeldClock::at(1_795_000_000_000_000));
    let (held, writers) = (std::sync::Arc::new(clock.clone()), Some(race.clone()));
    let setup = Setup { clock: held, race: writers, plugins: clockwork(), ..Setup::default() };
    let server = database.serve_with(setup).await;
    let org = server.organization("Halloran & Beck").await;
    (server, org, race, clock)
}

/// Long enough for what is being done to be another's.
const OVERTAKEN: i64 = 61;

async fn an_order_becomes_a_project_once_though_two_make_it_at_the_same_time(database: Database) {
    let (_server, org, race, clock) = slow_site(&database).await;
    let order = org.make("clockwork/orders", json!({ "title": "Kitchen" })).await;
    let path = format!("clockwork/convert/{order}");
    // The first to plan is the request; whoever comes after it is the job that it leads to.
    let request = race.hold();
    let (sent, job) = tokio::join!(org.act(&path), request.meanwhile(async { race.hold_own(Origin::Job) }));
    let _ = sent.is(204);
    let ended = |jobs: &[Json]| !jobs.is_empty() && jobs.iter().all(|job| job["state"] == "done");
    // Its project is planned, and nothing of it written, when another takes the job over and makes the project.
    job.meanwhile(async {
        assert_eq!(count(&org, PROJECTS).await, 0);
        clock.advance_seconds(OVERTAKEN);
        until(&org, "jobs", ended).await;
        assert_eq!(count(&org, PROJECTS).await, 1);
    })
    .await;
    let _ = org.act(&path).await.is(204);
    until(&org, "jobs", ended).await;
    assert_eq!(org.get(PROJECTS).await.is(200).column("name"), ["Kitchen"]);
    assert_eq!(count(&org, TASKS).await, 2);
}

async fn a_budget_that_two_find_crossed_at_the_same_time_alerts_once(database: Database) {
    let (_server, org, race, clock) = slow_site(&database).await;
    let budget = org.make("clockwork/budgets", json!({ "title": "Kitchen", "minutes": 100 })).await;
    let spend = |minutes: i64| json!({ "title": "cut", "budget": budget, "minutes": minutes });
    let request = race.hold();
    let spent = org.post("clockwork/spends", spend(120));
    let (spent, told) = tokio::join!(spent, request.meanwhile(async { race.hold_own(Origin::Subscriber) }));
    let first = spent.is(201).id();
    // Who is told of it has the alert ready when another is told of the same and alerts.
    told.meanwhile(async {
        assert_eq!(count(&org, "clockwork/alerts").await, 0);
        clock.advance_seconds(OVERTAKEN);
        until(&org, "clockwork/budgets", |all| all[0]["over"] == true).await;
        assert_eq!(count(&org, "clockwork/alerts").await, 1);
    })
    .await;
    let _ = org.post("clockwork/spends", spend(10)).await.is(201);
    let _ = org.delete(&format!("clockwork/spends/{first}"), "*").await.is(200);
    until(&org, "clockwork/budgets", |all| all[0]["over"] == false).await;
    assert_eq!(count(&org, "clockwork/alerts").await, 1, "one crossing is one alert");
    let _ = org.post("clockwork/spends", spend(95)).await.is(201);
    until(&org, "clockwork/budgets", |all| all[0]["over"] == true).await;
    assert_eq!(count(&org, "clockwork/alerts").await, 2);
}

async fn a_budget_alerts_once_each_time_it_is_crossed(database: Database) {
    let (_server, org, _) = site(&database).await;
    let budget = org.make("clockwork/budgets", json!({ "title": "Kitchen", "minutes": 100 })).await;
    let spend = |minutes: i64| json!({ "title": "cut", "budget": budget, "minutes": minutes });
    let over = async |is: bool| {
        until(&org, "clockwork/budgets", |all| all[0]["over"] == is).await;
    };
    // Neither of the two crosses it alone.
    let (left, right) = tokio::join!(org.post("clockwork/spends", spend(60)), org.post("clockwork/spends", spend(60)));
    let first = left.is(201).id();
    let _ = right.is(201);
    over(true).await;
    assert_eq!(count(&org, "clockwork/alerts").await, 1);
    for _ in 0..3 {
        let _ = org.post("clockwork/spends", spend(10)).await.is(201);
    }
    let _ = org.delete(&format!("clockwork/spends/{first}"), "*").await.is(200);
    over(false).await;
    assert_eq!(count(&org, "clockwork/alerts").await, 1, "what stays above it alerts nobody");
    let _ = org.post("clockwork/spends", spend(50)).await.is(201);
    over(true).await;
    assert_eq!(count(&org, "clockwork/alerts").await, 2);
}

async fn a_timer_that_starts_stops_the_other_also_when_two_start_at_once(database: Database) {
    let (_server, org, race) = site(&database).await;
    let _ = org.post("clockwork/start", json!({ "title": "Sawing" })).await.is(201);
    race.meet(2);
    let (left, right) = tokio::join!(
        org.post("clockwork/start", json!({ "title": "Planing" })),
        org.post("clockwork/start", json!({ "title": "Gluing" }))
    );
    race.end();
    for (answer, title) in [(left.is(201), "Planing"), (right.is(201), "Gluing")] {
        assert_eq!(answer.json["title"], title, "each is answered with its own");
    }
    let timers = org.get("clockwork/timers").await.is(200);
    assert_eq!(timers.data().len(), 3);
    let running: Vec<_> = timers.data().iter().filter(|timer| timer["ended_at"].is_null()).collect();
    assert_eq!(running.len(), 1, "{}", timers.text);
    assert_ne!(running[0]["title"], "Sawing");
}

async fn bookings_do_not_overlap_within_a_batch_nor_between_two_at_once(database: Database) {
    const BOOKINGS: &str = "clockwork/bookings";
    let (_server, org, race) = site(&database).await;
    let booking = |from: i64, until: i64| json!({ "title": "Fitting", "room": "Bench", "from": from, "until": until });
    let batch = async |all: &[Json]| {
        let operations: Vec<_> = all.iter().map(|body| json!({ "create": body })).collect();
        org.post(&format!("{BOOKINGS}/batch"), json!({ "operations": operations })).await
    };
    let refused = batch(&[booking(8, 10), booking(10, 12), booking(11, 13)]).await.is_problem(422, "invalid");
    assert_eq!(refused.issues().len(), 1);
    assert_eq!(refused.issues()[0].1, "overlap");
    assert_eq!(count(&org, BOOKINGS).await, 0, "all or nothing");
    let _ = batch(&[booking(8, 10), booking(10, 12)]).await.is(200);

    race.meet(2);
    let (left, right) = tokio::join!(org.post(BOOKINGS, booking(14, 16)), org.post(BOOKINGS, booking(15, 17)));
    race.end();
    let mut statuses = [left.status, right.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{} {}", left.text, right.text);
    assert_eq!(count(&org, BOOKINGS).await, 3);
    let _ = org.post(BOOKINGS, booking(16, 18)).await;
    let _ = org.post(BOOKINGS, booking(9, 11)).await.is_problem(409, "conflict");
}

const PAPERS: &str = r#"
id = "papers"
version = "0.1.0"
title = "Papers"
api = "0.1"

[[collections]]
name = "documents"
title = { one = "Document", many = "Documents" }
display = "title"
[collections.fields]
title = { type = "text", required = true }
number = { type = "text", sequence = { format = "D-{n}", on = "issue" } }
status = { type = "choice", of = ["draft", "issued"], default = "draft" }
total = { type = "integer", derived = "sum(lines.amount)" }
[[collections.transitions]]
name = "issue"
from = ["draft"]
to = "issued"
locks = true

[[collections]]
name = "lines"
title = { one = "Line", many = "Lines" }
display = "title"
part_of = "document"
[collections.fields]
title = { type = "text", required = true }
document = { type = "reference", to = "documents", required = true }
amount = { type = "integer", required = true }
"#;

/// A document with one line of 10, and both their addresses.
async fn paper(database: &Database) -> (Server, Org, Race, String, String) {
    let race = Race::default();
    let setup = Setup { race: Some(race.clone()), plugins: vec![declared(PAPERS)], ..Setup::default() };
    let server = database.serve_with(setup).await;
    let org = server.organization("Halloran & Beck").await;
    let document = org.make("papers/documents", json!({ "title": "Kitchen" })).await;
    let line = org.make("papers/lines", json!({ "title": "Oak", "document": document, "amount": 10 })).await;
    (server, org, race, format!("papers/documents/{document}"), format!("papers/lines/{line}"))
}

async fn a_document_is_issued_with_the_line_that_changed_meanwhile(database: Database) {
    let (_server, org, race, document, line) = paper(&database).await;
    let held = race.hold();
    let issue = format!("{document}/issue");
    let (issued, changed) =
        tokio::join!(org.act(&issue), held.meanwhile(org.patch(&line, "*", json!({ "amount": 25 }))));
    let _ = changed.is(200);
    let issued = issued.is(200);
    assert_eq!((&issued.json["number"], &issued.json["total"]), (&json!("D-1"), &json!(25)), "{}", issued.text);
    let _ = org.patch(&line, "*", json!({ "amount": 30 })).await.is_problem(423, "locked");
}

async fn a_line_of_a_document_that_is_issued_meanwhile_stays_as_it_was(database: Database) {
    let (_server, org, race, document, line) = paper(&database).await;
    let held = race.hold();
    let issue = format!("{document}/issue");
    let (changed, issued) =
        tokio::join!(org.patch(&line, "*", json!({ "amount": 25 })), held.meanwhile(org.act(&issue)));
    let issued = issued.is(200);
    assert_eq!((&issued.json["number"], &issued.json["total"]), (&json!("D-1"), &json!(10)));
    let _ = changed.is_problem(423, "locked");
    assert_eq!(org.get(&line).await.is(200).json["amount"], 10);
    assert_eq!(org.get(&document).await.is(200).json["total"], 10);
}

async fn a_rate_is_looked_up_among_scopes_that_the_caller_may_not_read(database: Database) {
    let (server, org, _) = site(&database).await;
    let scopes: Vec<String> = (0..8).map(|number| format!("scope {number}")).collect();
    for (scope, cents) in [(&scopes[7], 9_000), (&scopes[4], 12_000)] {
        let rate = json!({ "minor": cents, "currency": "AUD" });
        org.make("clockwork/rates", json!({ "scope": scope, "rate": rate })).await;
    }
    let (.., mia) = server.member(&org, "Mia", Role::Member).await;
    assert!(mia.get("clockwork/rates").await.is(200).data().is_empty(), "she sees no rate");
    let quote = mia.post("clockwork/quote", json!({ "scopes": scopes })).await.is(200);
    assert_eq!(quote.json["rate"], json!({ "scope": "scope 4", "minor": 12_000 }), "the first that there is");
    let own = mia.post("clockwork/quote", json!({ "scopes": scopes, "caller": true })).await.is(200);
    assert_eq!(own.json["rate"], Json::Null, "and on her own account there is none");
}

async fn a_report_counts_what_three_plugins_hold(database: Database) {
    let (server, org, _) = site(&database).await;
    let budget = org.make("clockwork/budgets", json!({ "title": "Kitchen", "minutes": 1_000 })).await;
    for minutes in [30, 45] {
        org.make("clockwork/spends", json!({ "title": "cut", "budget": budget, "minutes": minutes })).await;
    }
    org.make("clockwork/orders", json!({ "title": "Kitchen" })).await;
    for name in ["Kitchen", "Stairs"] {
        org.make(PROJECTS, json!({ "name": name })).await;
    }
    org.make("other/things", json!({ "title": "Glue" })).await;
    let report = org.get("clockwork/report").await.is(200);
    assert_eq!(report.json, json!({ "orders": 1, "projects": 2, "things": 1, "minutes": 75 }));
    let other = server.organization("Other").await;
    let report = other.get("clockwork/report").await.is(200);
    assert_eq!(report.json, json!({ "orders": 0, "projects": 0, "things": 0, "minutes": 0 }));
}
