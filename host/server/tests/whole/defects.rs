//! What went wrong in the system that firms had before, and must not here: each by what it was.

use crate::scene::{CLIENTS, PROJECTS, TASKS, scene};
use lignaflow_store::layout;
use lignaflow_testkit::plugins::shipped;
use lignaflow_testkit::{Client, Database, HeldClock, Method, Org, Role, Server, Setup, Visitor, on_both};
use serde_json::{Value as Json, json};
use std::sync::Arc;

on_both!(
    revenue_keeps_its_day_whatever_is_edited_later,
    one_bad_record_takes_no_list_away,
    what_a_list_asks_of_the_database_does_not_grow_with_its_rows,
    what_the_lists_of_quotes_hours_and_reports_ask_does_not_grow_either,
    two_totals_in_one_answer_agree,
    time_that_comes_while_its_period_is_locked_is_before_the_lock_or_refused,
    an_approved_estimate_is_edited_by_no_role_through_no_door,
    a_worker_does_what_is_theirs_and_neither_plans_nor_closes,
);

const ESTIMATES: &str = "estimates/estimates";
const REVISIONS: &str = "estimates/revisions";
const LINES: &str = "estimates/lines";
const ENTRIES: &str = "timesheets/entries";
/// 2026-11-23T01:00:00Z, and a day.
const NOON: i64 = 1_795_395_600_000_000;
const DAY: i64 = 86_400;

async fn firm(database: &Database, setup: Setup) -> (Server, Org) {
    let plugins = ["projects", "estimates", "timesheets", "reporting"].map(shipped).to_vec();
    let server = database.serve_with(Setup { plugins, ..setup }).await;
    let org = server.organization("Halloran & Beck").await;
    let _ = org.make("estimates/tax-codes", json!({ "name": "GST", "rate": 1000, "standard": true })).await;
    (server, org)
}

fn aud(minor: i64) -> Json {
    json!({ "minor": minor, "currency": "AUD" })
}

/// An estimate with one line of 1,000.00, issued and accepted; its revision, its section and its line.
struct Accepted {
    estimate: String,
    revision: String,
    section: String,
    line: String,
}

async fn accepted(org: &Client) -> Accepted {
    let begun = org.post("estimates/begin", json!({ "title": "Kitchen" })).await.is(201);
    let revision = begun.id();
    let estimate = begun.json["estimate"].as_str().unwrap().to_owned();
    let section =
        org.get(&format!("estimates/sections?filter[revision]={revision}")).await.is(200).column("id").remove(0);
    let line = json!({ "revision": revision, "section": section, "description": "Cabinets", "pricing": "fixed", "unit_price": "1000" });
    let line = org.make(LINES, line).await;
    let _ = org.act(&format!("{REVISIONS}/{revision}/issue")).await.is(200);
    let said = json!({ "answered_by": "Alice Whitford", "answered_how": "paper" });
    let _ = org.post(&format!("{REVISIONS}/{revision}/accept"), said).await.is(200);
    Accepted { estimate, revision, section, line }
}

/// Asks until it is so: what the background does comes when it comes.
async fn until(api: &Client, path: &str, is_so: impl Fn(&Json) -> bool) -> Json {
    let waited = async {
        loop {
            let answer = api.get(path).await.is(200).json;
            if is_so(&answer) {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), waited).await.expect("in time")
}

async fn revenue_keeps_its_day_whatever_is_edited_later(database: Database) {
    let clock = HeldClock::at(NOON);
    let (_server, org) = firm(&database, Setup { clock: Arc::new(clock.clone()), ..Setup::default() }).await;
    let Accepted { estimate, .. } = accepted(&org).await;
    let path = format!("{ESTIMATES}/{estimate}");
    let project = until(&org, &path, |estimate| estimate["status"] == "converted").await["project"].clone();
    let claim =
        json!({ "project": project, "title": "Deposit", "kind": "deposit", "amount": aud(10_000), "invoice": "S-1" });
    let claim = org.make("projects/claims", claim).await;
    let _ = org.act(&format!("projects/claims/{claim}/bill")).await.is(200);
    let entry = json!({ "project": project, "local_date": "2026-11-23", "duration": 3_600, "billable": true });
    let entry = org.make(ENTRIES, entry).await;
    let told = async || {
        let mut all = Vec::new();
        for path in [
            "estimates/acceptances/summary?group=day:month&sum=total",
            "projects/claims/summary?group=date:month&sum=amount",
            "projects/claims/summary?group=billed_on:month&sum=amount",
            "projects/baselines/summary?group=agreed_on:month&sum=sell",
            "timesheets/entries/summary?group=local_date:month&sum=duration",
            "projects/invoices?from=2026-11-01&until=2026-11-30",
            "reporting/quotes?from=2026-11-01&until=2026-11-30",
        ] {
            all.push(org.get(path).await.is(200).json);
        }
        all
    };
    let before = told().await;
    // Two months on, everything that may still be edited is.
    clock.advance_seconds(60 * DAY);
    let _ = org.patch(&path, "*", json!({ "notes": "Call her in spring." })).await.is(200);
    let project = format!("{PROJECTS}/{}", project.as_str().unwrap());
    let _ = org.patch(&project, "*", json!({ "notes": "Oak." })).await.is(200);
    let _ = org.patch(&format!("{ENTRIES}/{entry}"), "*", json!({ "note": "Measured." })).await.is(200);
    let baseline = org.get("projects/baselines").await.is(200).column("id").remove(0);
    let _ = org
        .patch(&format!("projects/baselines/{baseline}"), "*", json!({ "title": "x" }))
        .await
        .is_problem(423, "locked");
    let _ =
        org.patch(&format!("projects/claims/{claim}"), "*", json!({ "notes": "x" })).await.is_problem(423, "locked");
    for (was, is) in before.iter().zip(told().await) {
        assert_eq!(*was, is);
    }
    let acceptances = &before[0]["data"];
    assert_eq!(acceptances.as_array().unwrap().len(), 1, "{acceptances}");
    assert_eq!(acceptances[0]["sum_total"]["minor"], 110_000, "{acceptances}");
}

async fn one_bad_record_takes_no_list_away(database: Database) {
    let scene = scene(&database).await;
    let org = &scene.org;
    for title in ["Cut", "Glue", "Oil"] {
        let _ = scene.task(title, json!({ "due": "2026-12-01", "planned_cost": aud(500) })).await;
    }
    let bad = org.get(&format!("{TASKS}?filter[title]=Glue")).await.is(200).column("id").remove(0);
    let table = layout::table(&TASKS.parse().unwrap());
    let (due, currency) = ("due", layout::currency_column("planned_cost"));
    // A day that no calendar has, and three letters that are no currency's.
    let sql = format!("update {table} set {due} = 2147483000, {currency} = '12!' where title = 'Glue'");
    assert_eq!(database.behind_the_back(sql).await, 1);
    // What was kept of before is kept until something is written.
    let _ = scene.task("Fit", json!({})).await;
    let list = org.get(&format!("{TASKS}?sort=title")).await.is(200);
    assert_eq!(list.column("title"), ["Cut", "Fit", "Glue", "Oil"]);
    let (cut, glue) = (&list.data()[0], &list.data()[2]);
    assert_eq!((&cut["due"], &cut["planned_cost"]["minor"]), (&json!("2026-12-01"), &json!(500)));
    assert_eq!((&glue["due"], &glue["planned_cost"]), (&Json::Null, &Json::Null), "what cannot be read is nothing");
    let _ = org.get(&format!("{TASKS}/{bad}")).await.is(200);
    let _ = org.get(&format!("{TASKS}/summary?group=status&sum=planned_minutes")).await.is(200);
    let expanded = org.get("projects/checklist?expand=task").await.is(200);
    assert_eq!(expanded.data().len(), 0);
    for format in ["text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"] {
        let file = org.request(Method::GET, TASKS).header("Accept", format);
        let _ = org.send(file).await.is(200);
    }
    let visitor = scene.server.signed_in(org).await;
    for path in
        ["/projects/tasks".to_owned(), format!("/projects/tasks/{bad}"), format!("/projects/-/board/{}", scene.project)]
    {
        visitor.get(&path).await.is(200).shows("Glue").hides("could not");
    }
    // What stands by its day is left out there, and nothing else.
    for path in [format!("/projects/-/timeline/{}", scene.project), "/projects/-/overview".to_owned()] {
        visitor.get(&path).await.is(200).hides("could not");
    }
    // And it is mended by whoever writes it anew.
    let _ = org.patch(&format!("{TASKS}/{bad}"), "*", json!({ "due": "2026-12-02" })).await.is(200);
    assert_eq!(org.get(&format!("{TASKS}/{bad}")).await.is(200).json["due"], "2026-12-02");
}

async fn what_a_list_asks_of_the_database_does_not_grow_with_its_rows(database: Database) {
    let scene = scene(&database).await;
    let org = &scene.org;
    let visitor = scene.server.signed_in(org).await;
    let fill = async |from: usize, many: usize| {
        let task = |n: usize| {
            let assignees = [org.owner.to_string()];
            json!({ "create": { "title": format!("Task {n}"), "project": scene.project, "due": "2026-12-01", "start": "2026-11-20", "assignees": assignees } })
        };
        let operations: Vec<Json> = (from..from + many).map(task).collect();
        let _ = org.post(&format!("{TASKS}/batch"), json!({ "operations": operations })).await.is(200);
        let project = |n: usize| json!({ "create": { "name": format!("Project {n}"), "client": scene.client, "start": "2026-11-20" } });
        let operations: Vec<Json> = (from..from + many).map(project).collect();
        let _ = org.post(&format!("{PROJECTS}/batch"), json!({ "operations": operations })).await.is(200);
    };
    let api = [
        format!("{TASKS}?limit=200&expand=project.client,assignees,created_by&count=true"),
        format!("{PROJECTS}?limit=200&expand=client,manager"),
        format!("{TASKS}/summary?group=project,status&sum=planned_minutes"),
        "changes?limit=200".to_owned(),
        "search?q=task&limit=50".to_owned(),
        format!("projects/projects/{}/progress", scene.project),
    ];
    let pages = [
        "/".to_owned(),
        "/projects/tasks?limit=100".to_owned(),
        "/projects/projects?limit=100".to_owned(),
        "/projects/-/overview".to_owned(),
        format!("/projects/-/board/{}", scene.project),
        format!("/projects/-/timeline/{}", scene.project),
        format!("/projects/-/calendar/{}?month=2026-12", scene.project),
        format!("/projects/projects/{}", scene.project),
        "/projects/tasks/report?group=project".to_owned(),
    ];
    let paths: Vec<String> = api.into_iter().chain(pages).collect();
    let touched = format!("{PROJECTS}/{}", scene.project);
    fill(0, 10).await;
    ask_alike(&scene.server, org, &visitor, (&touched, &paths), fill(10, 80)).await;
}

async fn what_the_lists_of_quotes_hours_and_reports_ask_does_not_grow_either(database: Database) {
    let (server, org) = firm(&database, Setup::default()).await;
    let visitor = server.signed_in(&org).await;
    let project = org.make(PROJECTS, json!({ "name": "Kitchen", "start": "2026-11-02" })).await;
    let begun = org.post("estimates/begin", json!({ "title": "Kitchen" })).await.is(201);
    let revision = begun.id();
    let section =
        org.get(&format!("estimates/sections?filter[revision]={revision}")).await.is(200).column("id").remove(0);
    let fill = async |from: usize, many: usize| {
        let batch = async |collection: &str, each: &dyn Fn(usize) -> Json| {
            let operations: Vec<Json> = (from..from + many).map(|n| json!({ "create": each(n) })).collect();
            let _ = org.post(&format!("{collection}/batch"), json!({ "operations": operations })).await.is(200);
        };
        batch(LINES, &|n| json!({ "revision": revision, "section": section, "description": format!("Line {n}"), "pricing": "fixed", "unit_price": "10" })).await;
        batch(ENTRIES, &|n| json!({ "project": project, "local_date": format!("2026-11-{:02}", 2 + n % 20), "duration": 600, "billable": true })).await;
        batch("projects/costs", &|n| json!({ "project": project, "date": "2026-11-10", "title": format!("Cost {n}"), "amount": aud(1_000), "billable": true })).await;
        for n in from..from + many / 4 {
            let _ = org.post("estimates/begin", json!({ "title": format!("Quote {n}") })).await.is(201);
        }
    };
    let month = "from=2026-11-01&to=2026-11-30";
    let paths = [
        format!("{LINES}?limit=200&expand=section,revision&filter[revision]={revision}"),
        format!("{ESTIMATES}?limit=200&expand=client,created_by"),
        format!("{ENTRIES}?limit=200&expand=project,user,task"),
        format!("{ENTRIES}/summary?group=project,user&sum=duration"),
        "projects/costs?limit=200&expand=project".to_owned(),
        "/estimates/estimates?limit=100".to_owned(),
        "/estimates/-/overview".to_owned(),
        format!("/estimates/-/editor/{revision}"),
        "/timesheets/entries?limit=100".to_owned(),
        "/timesheets/-/my-week?week=2026-11-16".to_owned(),
        "/timesheets/-/team?week=2026-11-16".to_owned(),
        format!("/reporting/-/hours?{month}"),
        format!("/reporting/-/unbilled?{month}"),
        format!("/reporting/-/utilisation?{month}"),
        format!("reporting/projects/{project}/result"),
        format!("/reporting/-/profit?{month}"),
        format!("/reporting/-/quotes?{month}"),
    ];
    fill(0, 8).await;
    ask_alike(&server, &org, &visitor, (&format!("{PROJECTS}/{project}"), &paths), fill(8, 64)).await;
}

/// What each path asks of the database is the same after there is more to answer, but for what the background asks.
async fn ask_alike(
    server: &Server,
    org: &Client,
    visitor: &Visitor,
    (touched, paths): (&str, &[String]),
    more: impl Future<Output = ()>,
) {
    let store = &server.app.store;
    // The least of three tries: whoever works in the background asks now and then. What was kept is not asked again, so
    // that something is written before each.
    let least = async |path: &str| {
        let mut least = u64::MAX;
        for n in 0..3 {
            let notes = json!({ "notes": format!("Looked at {path} {n} {}", store.asked()) });
            let _ = org.patch(touched, "*", notes).await.is(200);
            let before = store.asked();
            if path.starts_with('/') {
                let _ = visitor.get(path).await.is(200);
            } else {
                let _ = org.get(path).await.is(200);
            }
            least = least.min(store.asked() - before);
        }
        least
    };
    let mut few = Vec::new();
    for path in paths {
        few.push((path, least(path).await));
    }
    more.await;
    for (path, few) in &few {
        // Whoever works in the background asks now and then; what a path itself asks, it asks every time.
        let mut many = least(path).await;
        for _ in 0..10 {
            if many <= few + 4 {
                break;
            }
            many = many.min(least(path).await);
        }
        assert!(many <= few + 4, "{path}: {few} questions for few rows, {many} for nine times as many");
    }
    assert!(few.iter().any(|(_, asked)| *asked > 0), "{few:?}");
}

/// In an answer with rows and a total, that of each column is what its rows come to.
fn foots(path: &str, answer: &Json) -> usize {
    let (Some(rows), Some(total)) = (answer["rows"].as_array(), answer["total"].as_object()) else { return 0 };
    let mut looked_at = 0;
    for (name, sum) in total {
        let shares = [
            "margin",
            "by_tasks",
            "by_effort",
            "utilisation",
            "win_rate",
            "time_used",
            "money_used",
            "share",
            "percent",
            "rate",
        ];
        let Some(sum) = sum.as_i64().filter(|_| !shares.iter().any(|share| name.contains(share))) else { continue };
        let of_rows: i64 = rows.iter().filter_map(|row| row[name].as_i64()).sum();
        assert_eq!(of_rows, sum, "{path}: {name} of {answer}");
        looked_at += 1;
    }
    looked_at
}

async fn two_totals_in_one_answer_agree(database: Database) {
    let (_server, org) = firm(&database, Setup::default()).await;
    let mut first = None;
    for n in 0..3 {
        let Accepted { estimate, revision, .. } = accepted(&org).await;
        let estimate = until(&org, &format!("{ESTIMATES}/{estimate}"), |it| it["status"] == "converted").await;
        let project = estimate["project"].as_str().unwrap().to_owned();
        for (title, amount) in [("Oak", 12_345 + n), ("Screws", 55)] {
            let cost = json!({ "project": project, "title": title, "amount": aud(amount), "tax": aud(amount / 10) });
            let _ = org.make("projects/costs", cost).await;
        }
        let claim = json!({ "project": project, "title": "Deposit", "amount": aud(10_001 + n), "tax": aud(1_000) });
        let _ = org.make("projects/claims", claim).await;
        let entry =
            json!({ "project": project, "local_date": "2026-11-23", "duration": 3_600 + 60 * n, "billable": n > 0 });
        let _ = org.make(ENTRIES, entry).await;
        first.get_or_insert((project, revision));
    }
    let (project, revision) = first.unwrap();
    let mut looked_at = 0;
    for path in [
        format!("projects/projects/{project}/progress"),
        "projects/invoices".to_owned(),
        "reporting/profitability".to_owned(),
        "reporting/quotes".to_owned(),
        "reporting/utilisation?from=2026-11-01&until=2026-12-31".to_owned(),
        "reporting/attendance?from=2026-11-01&until=2026-12-31".to_owned(),
        format!("reporting/projects/{project}/actuals"),
        format!("reporting/projects/{project}/result"),
        format!("reporting/projects/{project}/burn-down"),
        "reporting/pay-hours?from=2026-11-01&until=2026-11-30&time=all".to_owned(),
        "reporting/pay-items?from=2026-11-01&until=2026-11-30&time=all".to_owned(),
    ] {
        looked_at += foots(&path, &org.get(&path).await.is(200).json);
    }
    assert!(looked_at > 10, "{looked_at} totals");
    // A list and its summary, the whole and its groups, the document and its parts.
    let listed = org.get("projects/costs?limit=200&count=true").await.is(200);
    let sum: i64 = listed.data().iter().map(|cost| cost["amount"]["minor"].as_i64().unwrap()).sum();
    let whole = org.get("projects/costs/summary?sum=amount&count=id").await.is(200);
    assert_eq!(whole.data()[0]["sum_amount"]["minor"], sum);
    assert_eq!(whole.data()[0]["count"], listed.json["count"]);
    let grouped = org.get("projects/costs/summary?group=project&sum=amount").await.is(200);
    let of_groups: i64 = grouped.data().iter().map(|row| row["sum_amount"]["minor"].as_i64().unwrap()).sum();
    assert_eq!(of_groups, sum);
    let totals = org.get(&format!("{REVISIONS}/{revision}/totals")).await.is(200).json;
    let sections: i64 = totals["sections"].as_object().unwrap().values().map(|it| it.as_i64().unwrap()).sum();
    let named = |name: &str| -> i64 {
        let rows = totals["totals"].as_array().unwrap().iter().filter(|row| row["name"] == name);
        rows.map(|row| row["minor"].as_i64().unwrap()).sum()
    };
    assert_eq!((sections, named("net") + named("tax")), (named("net"), named("total")), "{totals}");
    let payments: i64 = totals["payments"].as_array().unwrap().iter().map(|it| it["minor"].as_i64().unwrap()).sum();
    assert_eq!(payments, named("total"), "{totals}");
}

async fn time_that_comes_while_its_period_is_locked_is_before_the_lock_or_refused(database: Database) {
    let firm = crate::timesheets::firm(&database).await;
    let lock = |until: &str| firm.org.post("timesheets/periods", json!({ "locked_until": until }));
    // The first lock that there is, and one after it: where there is none, nothing can be read of it.
    for (day, until, later) in [("2026-11-02", "2026-11-08", "2026-11-09"), ("2026-11-10", "2026-11-15", "2026-11-16")]
    {
        let held = firm.race.hold();
        let (late, locked) = tokio::join!(firm.hours(day, 7), held.meanwhile(lock(until)));
        let _ = locked.is(201);
        assert!(matches!(late.status, 409 | 423), "{day}: {}", late.text);
        let _ = firm.hours(day, 7).await.is_problem(423, "locked");
        let _ = firm.hours(later, 7).await.is(201);
    }
    // Time that is there already stays, and the lock that waited for it holds from then on.
    let held = firm.race.hold();
    let (locked, early) = tokio::join!(lock("2026-11-20"), held.meanwhile(firm.hours("2026-11-18", 6)));
    let entry = early.is(201).id();
    let _ = locked.is(201);
    let path = format!("{ENTRIES}/{entry}");
    let _ = firm.mia.patch(&path, "*", json!({ "note": "x" })).await.is_problem(423, "locked");
    let _ = firm.mia.delete(&path, "*").await.is_problem(423, "locked");
    let moved = json!({ "local_date": "2026-11-25" });
    let _ = firm.mia.patch(&path, "*", moved).await.is_problem(423, "locked");
    let entries = firm.org.get(&format!("{ENTRIES}?filter[local_date][lte]=2026-11-20")).await.is(200);
    assert_eq!(entries.data().len(), 3, "{}", entries.text);
}

async fn an_approved_estimate_is_edited_by_no_role_through_no_door(database: Database) {
    let (server, org) = firm(&database, Setup::default()).await;
    let Accepted { estimate, revision, section, line } = accepted(&org).await;
    let _ = until(&org, &format!("{ESTIMATES}/{estimate}"), |it| it["status"] == "converted").await;
    let (_, _, admin) = server.member(&org, "Ada", Role::Admin).await;
    let (priya, _, estimator) = server.member(&org, "Priya", Role::Member).await;
    org.give_roles(priya, &["projects.manager", "estimates.estimator"]).await;
    let (sam, _, sales) = server.member(&org, "Sam", Role::Member).await;
    org.give_roles(sam, &["projects.estimator", "estimates.sales"]).await;
    let watched = [
        format!("{REVISIONS}/{revision}"),
        format!("{LINES}/{line}"),
        format!("estimates/sections/{section}"),
        format!("{LINES}?filter[revision]={revision}"),
        format!("estimates/payments?filter[revision]={revision}"),
        format!("estimates/documents?filter[revision]={revision}&fields=hash,text"),
        format!("estimates/acceptances?filter[revision]={revision}&fields=net,total,chosen,hash"),
    ];
    let now = async || {
        let mut all = Vec::new();
        for path in &watched {
            all.push(org.get(path).await.is(200).json);
        }
        all
    };
    let before = now().await;
    let (document, acceptance) = (before[5]["data"][0]["id"].clone(), before[6]["data"][0]["id"].clone());
    let part = json!({ "revision": revision, "section": section, "description": "More", "unit_price": "1" });
    let doors: Vec<(Method, String, Json)> = vec![
        (Method::PATCH, format!("{REVISIONS}/{revision}"), json!({ "terms": "Ours" })),
        (Method::PATCH, format!("{REVISIONS}/{revision}"), json!({ "status": "draft" })),
        (Method::PATCH, format!("{REVISIONS}/{revision}"), json!({ "total": aud(1) })),
        (Method::DELETE, format!("{REVISIONS}/{revision}"), Json::Null),
        (Method::PATCH, format!("{LINES}/{line}"), json!({ "quantity": "2" })),
        (Method::DELETE, format!("{LINES}/{line}"), Json::Null),
        (Method::POST, LINES.to_owned(), part.clone()),
        (Method::POST, format!("{LINES}/batch"), json!({ "operations": [{ "create": part }] })),
        (Method::POST, format!("{LINES}/{line}/revert"), json!({ "version": 1 })),
        (Method::PATCH, format!("estimates/sections/{section}"), json!({ "title": "Other" })),
        (Method::DELETE, format!("estimates/sections/{section}"), Json::Null),
        (Method::POST, "estimates/sections".to_owned(), json!({ "revision": revision, "title": "More" })),
        (
            Method::POST,
            "estimates/payments".to_owned(),
            json!({ "revision": revision, "title": "Later", "share": 100 }),
        ),
        (Method::POST, format!("{REVISIONS}/{revision}/return"), json!({})),
        (Method::POST, format!("{REVISIONS}/{revision}/submit"), json!({})),
        (Method::POST, format!("{REVISIONS}/{revision}/issue"), json!({})),
        (Method::POST, format!("{REVISIONS}/{revision}/withdraw"), json!({})),
        (Method::POST, format!("{REVISIONS}/{revision}/decline"), json!({ "reason": "No" })),
        (Method::POST, format!("{REVISIONS}/{revision}/accept"), json!({ "answered_by": "Me" })),
        (
            Method::POST,
            format!("{REVISIONS}/{revision}/record-acceptance"),
            json!({ "answered_by": "Me", "answered_how": "phone" }),
        ),
        (Method::POST, format!("{REVISIONS}/{revision}/client/accept"), json!({ "name": "Somebody" })),
        (Method::POST, format!("{REVISIONS}/{revision}/client/decline"), json!({ "reason": "No" })),
        (Method::POST, format!("{REVISIONS}/{revision}/set-total"), json!({ "total": 1 })),
        (
            Method::POST,
            format!("{REVISIONS}/{revision}/as-it-was"),
            json!({ "status": "declined", "at": "2026-01-01T00:00:00Z" }),
        ),
        (Method::POST, format!("{LINES}/{line}/copy"), json!({})),
        (Method::POST, format!("estimates/sections/{section}/copy"), json!({})),
        (Method::PATCH, format!("estimates/documents/{}", document.as_str().unwrap()), json!({ "text": "x" })),
        (Method::DELETE, format!("estimates/documents/{}", document.as_str().unwrap()), Json::Null),
        (Method::PATCH, format!("estimates/acceptances/{}", acceptance.as_str().unwrap()), json!({ "total": aud(1) })),
        (Method::DELETE, format!("estimates/acceptances/{}", acceptance.as_str().unwrap()), Json::Null),
        (Method::DELETE, format!("{ESTIMATES}/{estimate}"), Json::Null),
    ];
    for (who, api) in
        [("the owner", &org.api), ("an administrator", &admin), ("an estimator", &estimator), ("sales", &sales)]
    {
        for (method, path, body) in &doors {
            let request = api.request(method.clone(), path).header("If-Match", "*");
            let answer = if body.is_null() { api.send(request).await } else { api.send(request.json(body)).await };
            let refused = matches!(answer.status, 400 | 403 | 404 | 409 | 422 | 423);
            assert!(refused, "{method} {path} {body} by {who}: {} {}", answer.status, answer.text);
        }
    }
    // Through a file, and through the pages.
    let file = format!("id,description\n{line},Other\n");
    let import = org.request(Method::POST, &format!("{LINES}/imports")).header("Content-Type", "text/csv").body(file);
    let import = org.send(import).await;
    if import.status == 201 {
        let _ = org.act(&format!("{LINES}/imports/{}/run", import.id())).await;
    }
    let visitor = server.signed_in(&org).await;
    let typed = [("description", "Other"), ("~version", "*")];
    let saved = visitor.post(&format!("/{LINES}/{line}"), &typed).await;
    assert!(!matches!(saved.status, 303), "{}", saved.text);
    assert_eq!(now().await, before, "nothing of it is other than it was");
}

async fn a_worker_does_what_is_theirs_and_neither_plans_nor_closes(database: Database) {
    let scene = scene(&database).await;
    let (mia, email, api) = scene.server.member(&scene.org, "Mia", Role::Member).await;
    scene.org.give_roles(mia, &["projects.worker"]).await;
    let project = format!("{PROJECTS}/{}", scene.project);
    let site =
        json!({ "client": scene.client, "name": "Shop", "address": "9 Elm St", "access_notes": "Key at the bar." });
    let site = scene.org.make("projects/sites", site).await;
    let put = json!({ "members": [mia.to_string()], "site": site });
    let _ = scene.org.patch(&project, "*", put).await.is(200);
    let own = format!("{TASKS}/{}", scene.task("Cut", json!({ "assignees": [mia.to_string()] })).await);
    let other = format!("{TASKS}/{}", scene.task("Glue", json!({})).await);

    // What is theirs.
    for verb in ["start", "block", "unblock", "finish", "reopen"] {
        let _ = api.act(&format!("{own}/{verb}")).await.is(200);
    }
    let _ = api.patch(&own, "*", json!({ "notes": "Oak ran out." })).await.is(200);
    let task = own.rsplit('/').next().unwrap();
    let check = api.make("projects/checklist", json!({ "task": task, "title": "Edges" })).await;
    let _ = api.patch(&format!("projects/checklist/{check}"), "*", json!({ "done": true })).await.is(200);
    let _ = api.make("projects/comments", json!({ "task": task, "text": "By noon." })).await;
    let seen = api.get(&project).await.is(200).json;
    assert_eq!((&seen["address"], &seen["access_notes"]), (&json!("9 Elm St"), &json!("Key at the bar.")));
    assert!(seen.get("budget").is_none(), "no money: {seen}");

    // What is not.
    for (path, body) in [
        (&own, json!({ "title": "Saw" })),
        (&own, json!({ "due": "2027-01-01" })),
        (&own, json!({ "planned_minutes": 1 })),
        (&own, json!({ "assignees": [] })),
        (&other, json!({ "notes": "x" })),
        (&project, json!({ "name": "Mine" })),
        (&project, json!({ "members": [] })),
    ] {
        let refused = api.patch(path, "*", body.clone()).await;
        assert!(matches!(refused.status, 403 | 422), "{path} {body}: {} {}", refused.status, refused.text);
    }
    for verb in ["activate", "cancel"] {
        let _ = api.act(&format!("{project}/{verb}")).await.is_problem(403, "denied");
    }
    let _ = scene.org.act(&format!("{project}/activate")).await.is(200);
    for verb in ["hold", "complete"] {
        let _ = api.act(&format!("{project}/{verb}")).await.is_problem(403, "denied");
    }
    let _ = api.delete(&own, "*").await.is_problem(403, "denied");
    let _ = api.delete(&project, "*").await.is_problem(403, "denied");
    for (collection, body) in [
        (PROJECTS, json!({ "name": "Mine" })),
        (TASKS, json!({ "title": "More", "project": scene.project })),
        ("projects/phases", json!({ "name": "More", "project": scene.project })),
        ("projects/locations", json!({ "name": "More", "project": scene.project })),
        ("projects/milestones", json!({ "title": "More", "project": scene.project })),
        (CLIENTS, json!({ "name": "Mine" })),
    ] {
        let refused = api.post(collection, body).await;
        assert!(matches!(refused.status, 403 | 422), "{collection}: {} {}", refused.status, refused.text);
        let there = scene.org.get(&format!("{collection}?filter[created_by]={mia}")).await.is(200);
        assert!(there.data().is_empty(), "{collection}: {}", there.text);
    }
    for collection in [CLIENTS, "projects/sites", "projects/contacts", "projects/claims", "projects/costs"] {
        assert!(api.get(collection).await.is(200).data().is_empty(), "{collection}");
    }
    let _ = api
        .patch(&format!("{CLIENTS}/{}", scene.client), "*", json!({ "name": "x" }))
        .await
        .is_problem(404, "not-found");
    // The pages offer what they may, and no more.
    let visitor = scene.server.visitor();
    visitor.sign_in(&email, lignaflow_testkit::PASSWORD).await;
    let page = visitor.get(&format!("/{own}")).await.is(200);
    page.shows("/to/start\"").shows("/edit\"");
    let page = visitor.get(&format!("/{project}")).await.is(200);
    page.shows("9 Elm St").hides("/to/complete\"").hides("/edit\"").hides("/-/copy/").hides("/-/money/");
    visitor.get(&format!("/{own}/edit")).await.is(200).shows("Oak ran out.");
}
