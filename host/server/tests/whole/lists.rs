//! Lists and summaries: filters, order, pages, and how much of each record is shown.

use crate::scene::{CLIENTS, PROJECTS, Scene, TASKS, scene};
use lignaflow_core::clock::HeldClock;
use lignaflow_core::value::parse_instant;
use lignaflow_testkit::{Database, Setup, on_both};
use serde_json::json;
use std::sync::Arc;

on_both!(
    every_operator_finds_what_it_says,
    filters_follow_references,
    filters_are_all_to_hold,
    what_is_unknown_is_refused_and_the_nearest_named,
    a_value_of_a_wrong_type_is_refused_with_a_right_one,
    pages_follow_each_other_without_gaps_or_doubles,
    a_cursor_belongs_to_its_question,
    order_is_the_same_on_every_database,
    references_expand_to_the_records_they_lead_to,
    fields_are_those_that_were_asked_for,
    every_word_of_a_search_is_found,
    a_count_is_given_where_it_is_asked_for,
    a_summary_groups_and_measures,
    dates_are_summed_up_by_bucket,
    sums_of_money_are_by_currency,
    periods_are_the_callers_and_the_organizations,
);

/// Six tasks that differ in every kind of field.
async fn workshop(database: &Database) -> Scene {
    let scene = scene(database).await;
    let owner = scene.org.owner.to_string();
    let oak = scene.task("Oak bench", json!({ "planned_minutes": 30, "due": "2026-11-30", "priority": "high" })).await;
    let cost = json!({ "minor": 12_550, "currency": "AUD" });
    scene.task("oak shelf", json!({ "planned_minutes": 60, "due": "2026-12-04", "planned_cost": cost })).await;
    scene.task("Ölen", json!({ "planned_minutes": 60, "billable": false })).await;
    scene.task("Pine door", json!({ "planned_minutes": 120, "due": "2027-01-15", "assignees": [owner] })).await;
    scene.task("Sand 100%", json!({ "due": "2026-12-01", "depends_on": [oak] })).await;
    let last = scene.task("Zinc top", json!({ "planned_minutes": 480, "priority": "urgent" })).await;
    let _ = scene.org.act(&format!("{TASKS}/{last}/start")).await.is(200);
    scene
}

async fn titles(scene: &Scene, query: &str) -> Vec<String> {
    scene.org.get(&format!("{TASKS}?sort=title&{query}")).await.is(200).column("title")
}

async fn every_operator_finds_what_it_says(database: Database) {
    let scene = workshop(&database).await;
    let oak = scene.org.get(&format!("{TASKS}?filter[title]=Oak bench")).await.column("id").remove(0);
    let owner = scene.org.owner.to_string();
    let depends = format!("filter[depends_on]={oak}");
    let assigned = format!("filter[assignees]={owner}");
    let none_assigned = format!("filter[assignees][ne]={owner}");
    let cases: &[(&str, &[&str])] = &[
        ("filter[title]=Oak bench", &["Oak bench"]),
        ("filter[title]=oak bench", &[]),
        ("filter[planned_minutes]=60", &["oak shelf", "Ölen"]),
        ("filter[planned_minutes][ne]=60", &["Oak bench", "Pine door", "Zinc top"]),
        ("filter[planned_minutes][lt]=60", &["Oak bench"]),
        ("filter[planned_minutes][lte]=60", &["Oak bench", "oak shelf", "Ölen"]),
        ("filter[planned_minutes][gt]=60", &["Pine door", "Zinc top"]),
        ("filter[planned_minutes][gte]=60", &["oak shelf", "Ölen", "Pine door", "Zinc top"]),
        ("filter[planned_minutes][in]=30,480", &["Oak bench", "Zinc top"]),
        ("filter[planned_minutes][is_null]=true", &["Sand 100%"]),
        ("filter[title][contains]=OAK", &["Oak bench", "oak shelf"]),
        ("filter[title][contains]=0%25", &["Sand 100%"]),
        ("filter[title][contains]=_", &[]),
        ("filter[title][starts_with]=o", &["Oak bench", "oak shelf", "Ölen"]),
        ("filter[due][gte]=2026-12-01", &["oak shelf", "Pine door", "Sand 100%"]),
        ("filter[due][is_null]=true", &["Ölen", "Zinc top"]),
        ("filter[due][is_null]=false", &["Oak bench", "oak shelf", "Pine door", "Sand 100%"]),
        ("filter[status]=in-progress", &["Zinc top"]),
        ("filter[status][ne]=todo", &["Zinc top"]),
        ("filter[priority][in]=high,urgent", &["Oak bench", "Zinc top"]),
        ("filter[billable]=false", &["Ölen"]),
        ("filter[planned_cost]=12550 AUD", &["oak shelf"]),
        (&depends, &["Sand 100%"]),
        (&assigned, &["Pine door"]),
        (&none_assigned, &["Oak bench", "oak shelf", "Ölen", "Sand 100%", "Zinc top"]),
    ];
    for (query, expected) in cases {
        assert_eq!(titles(&scene, query).await, *expected, "{query}");
    }
    let since = scene.org.get(&format!("{TASKS}/{oak}")).await.json["created_at"].as_str().unwrap().replace('+', "%2B");
    assert_eq!(titles(&scene, &format!("filter[created_at][lte]={since}")).await, ["Oak bench"]);
    assert_eq!(titles(&scene, &format!("filter[id]={oak}")).await, ["Oak bench"]);
}

async fn filters_follow_references(database: Database) {
    let scene = scene(&database).await;
    scene.task("Cut", json!({})).await;
    let inner = scene.org.make(PROJECTS, json!({ "name": "Own workshop" })).await;
    scene.task_of(&inner, "Sweep", json!({})).await;
    let of_client = format!("filter[project.client]={}", scene.client);
    assert_eq!(titles(&scene, &of_client).await, ["Cut"]);
    assert_eq!(titles(&scene, "filter[project.client.name][starts_with]=marr").await, ["Cut"]);
    assert_eq!(titles(&scene, "filter[project.client][is_null]=true").await, ["Sweep"]);
    assert_eq!(titles(&scene, "filter[project.name]=Own workshop").await, ["Sweep"]);
    let sorted = scene.org.get(&format!("{TASKS}?sort=-project.name")).await.is(200);
    assert_eq!(sorted.column("title"), ["Cut", "Sweep"]);
}

async fn filters_are_all_to_hold(database: Database) {
    let scene = workshop(&database).await;
    let both = "filter[planned_minutes][gte]=60&filter[planned_minutes][lte]=120&filter[billable]=true";
    assert_eq!(titles(&scene, both).await, ["oak shelf", "Pine door"]);
}

async fn what_is_unknown_is_refused_and_the_nearest_named(database: Database) {
    let scene = scene(&database).await;
    let cases = [
        ("filter[statsu]=todo", "/filter/statsu", "unknown-field", "`status`"),
        ("filter[project.nam]=x", "/filter/project.nam", "unknown-field", "`name`"),
        ("filter[title.name]=x", "/filter/title.name", "not-a-reference", "not a reference"),
        ("filter[due][since]=2026-11-23", "/filter/due", "filter", "`since`"),
        ("filter[billable][contains]=true", "/filter/billable", "operator", ""),
        ("sotr=title", "/sotr", "unknown-parameter", "`sort`"),
        ("status=todo", "/status", "unknown-parameter", "filter["),
        ("sort=-titel", "/sort", "unknown-field", "`title`"),
        ("sort=assignees", "/sort", "not-comparable", "`assignees`"),
        ("fields=titel", "/fields", "unknown-field", "`title`"),
        ("expand=projet", "/expand", "unknown-field", "`project`"),
        ("expand=title", "/expand", "not-a-reference", "`title`"),
        ("limit=0", "/limit", "limit", "1 to 200"),
        ("limit=201", "/limit", "limit", "1 to 200"),
        ("limit=ten", "/limit", "limit", "`ten`"),
        ("count=yes", "/count", "type", "true or false"),
        ("after=oak", "/after", "cursor", ""),
    ];
    for (query, path, code, near) in cases {
        let refused = scene.org.get(&format!("{TASKS}?{query}")).await.is_problem(422, "invalid");
        assert_eq!(refused.issues(), [(path, code)], "{query}: {}", refused.text);
        assert!(refused.message_at(path).contains(near), "{query}: {}", refused.message_at(path));
    }
    let all = scene.org.get(&format!("{TASKS}?limit=0&filter[due]=soon&colour=red")).await.is_problem(422, "invalid");
    assert_eq!(all.issues().len(), 3, "every fault at once: {}", all.text);
    let body = json!({ "title": "Cut", "project": scene.project, "pirority": "high", "colour": "red" });
    let refused = scene.org.post(TASKS, body).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/pirority", "unknown-field"), ("/colour", "unknown-field")]);
    assert!(refused.message_at("/pirority").contains("`priority`"));
    let one = scene.org.get(&format!("{CLIENTS}/{}?expnad=x", scene.client)).await.is_problem(422, "invalid");
    assert_eq!(one.issues(), [("/expnad", "unknown-parameter")]);
}

async fn a_value_of_a_wrong_type_is_refused_with_a_right_one(database: Database) {
    let scene = scene(&database).await;
    for (query, right) in [
        ("filter[planned_minutes]=many", "whole minutes"),
        ("filter[due][lt]=someday", "2026-11-23"),
        ("filter[due]=this-wek", "did you mean `this-week`?"),
        ("filter[due]=last-0-days", "a period such as this-week"),
        ("filter[planned_minutes]=today", "whole minutes"),
        ("filter[billable]=perhaps", "true or false"),
        ("filter[project]=Reception", "an id"),
        ("filter[assignees]=Ana", "ids"),
        ("filter[planned_cost]=125.50", "12550 AUD"),
        ("filter[created_at][gt]=now", "2026-11-23T07:00:00Z"),
        ("filter[due][is_null]=maybe", "true or false"),
    ] {
        let refused = scene.org.get(&format!("{TASKS}?{query}")).await.is_problem(422, "invalid");
        assert!(refused.json["detail"].as_str().unwrap().contains(right), "{query}: {}", refused.text);
    }
}

async fn pages_follow_each_other_without_gaps_or_doubles(database: Database) {
    let scene = scene(&database).await;
    for n in 0..23 {
        let minutes = if n % 5 == 0 { json!(null) } else { json!((n % 4) * 30) };
        scene.task(&format!("Task {n}"), json!({ "planned_minutes": minutes })).await;
    }
    let whole = scene.org.get(&format!("{TASKS}?sort=-planned_minutes,title&limit=200")).await.column("title");
    assert_eq!(whole.len(), 23);
    for sort in ["-planned_minutes,title", "planned_minutes,-title", "priority,id", "-created_at"] {
        let whole = scene.org.get(&format!("{TASKS}?sort={sort}&limit=200")).await.is(200).column("title");
        let mut seen = Vec::new();
        let mut next = Some(format!("/api/v1/{TASKS}?sort={sort}&limit=4&fields=title&filter[status]=todo"));
        while let Some(address) = next {
            let page = scene.org.get(&address).await.is(200);
            assert!((1..=4).contains(&page.data().len()));
            seen.extend(page.column("title"));
            next = page.json["next"].as_str().map(str::to_owned);
        }
        assert_eq!(seen, whole, "{sort}");
    }
}

async fn a_cursor_belongs_to_its_question(database: Database) {
    let scene = workshop(&database).await;
    let first = scene.org.get(&format!("{TASKS}?sort=title&limit=2")).await.is(200);
    let next = first.json["next"].as_str().unwrap();
    let other = next.replace("sort=title", "sort=due");
    assert_eq!(scene.org.get(&other).await.is_problem(422, "invalid").issues(), [("/after", "cursor")]);
    let last = scene.org.get(&format!("{TASKS}?sort=title&limit=6")).await.is(200);
    assert_eq!(last.json["next"], json!(null));
}

async fn order_is_the_same_on_every_database(database: Database) {
    let scene = workshop(&database).await;
    assert_eq!(titles(&scene, "").await, ["Oak bench", "oak shelf", "Ölen", "Pine door", "Sand 100%", "Zinc top"]);
    let by = async |sort: &str| scene.org.get(&format!("{TASKS}?sort={sort}")).await.is(200).column("title");
    assert_eq!(
        by("due,title").await,
        ["Oak bench", "Sand 100%", "oak shelf", "Pine door", "Ölen", "Zinc top"],
        "nothing comes last"
    );
    assert_eq!(by("-due,title").await, ["Pine door", "oak shelf", "Sand 100%", "Oak bench", "Ölen", "Zinc top"]);
    assert_eq!(by("-priority,title").await[..2], ["Zinc top", "Oak bench"], "choices go as they are declared");
}

async fn references_expand_to_the_records_they_lead_to(database: Database) {
    let scene = scene(&database).await;
    let id = scene.task("Cut", json!({})).await;
    let deep = scene.org.get(&format!("{TASKS}?expand=project.client")).await.is(200);
    let row = &deep.data()[0];
    assert_eq!(row["project"]["name"], "Reception fit-out");
    assert_eq!(row["project"]["client"]["name"], "Marrickville Dental");
    assert_eq!(row["project"]["client"]["id"], scene.client);
    assert_eq!(row["parent"], json!(null));
    let flat = scene.org.get(&format!("{TASKS}?expand=project")).await.is(200);
    assert_eq!(flat.data()[0]["project"]["client"], scene.client);
    let one = scene.org.get(&format!("{TASKS}/{id}?expand=project&fields=title")).await.is(200);
    assert_eq!(one.json["project"]["id"], scene.project);
    assert!(one.etag().starts_with("\"1-"), "{}", one.etag());
    let _ = scene.org.get(&format!("{TASKS}?expand=parent.parent.parent.parent")).await.is_problem(422, "invalid");
}

async fn fields_are_those_that_were_asked_for(database: Database) {
    let scene = scene(&database).await;
    let id = scene.task("Cut", json!({})).await;
    let listed = scene.org.get(&format!("{TASKS}?fields=title,due,version")).await.is(200);
    let expected = json!({ "id": id, "version": 1, "title": "Cut", "due": null });
    assert_eq!(listed.data(), [expected]);
}

async fn every_word_of_a_search_is_found(database: Database) {
    let scene = workshop(&database).await;
    assert_eq!(titles(&scene, "q=OAK").await, ["Oak bench", "oak shelf"]);
    assert_eq!(titles(&scene, "q=shelf oak").await, ["oak shelf"]);
    assert_eq!(titles(&scene, "q=she").await, ["oak shelf"], "by its beginning");
    assert_eq!(titles(&scene, "q=elf").await, [""; 0]);
    assert_eq!(titles(&scene, "q=olen").await, ["Ölen"], "without its marks");
    assert_eq!(titles(&scene, "q=oak pine").await, [""; 0]);
    assert_eq!(titles(&scene, "q=100%25").await, ["Sand 100%"]);
}

async fn a_count_is_given_where_it_is_asked_for(database: Database) {
    let scene = workshop(&database).await;
    let counted = scene.org.get(&format!("{TASKS}?count=true&limit=1&filter[billable]=true")).await.is(200);
    assert_eq!((counted.json["count"].as_u64(), counted.data().len()), (Some(5), 1));
    assert!(scene.org.get(TASKS).await.json.get("count").is_none());
}

async fn a_summary_groups_and_measures(database: Database) {
    let scene = workshop(&database).await;
    let other = scene.org.make(PROJECTS, json!({ "name": "Kitchen" })).await;
    scene.task_of(&other, "Hang doors", json!({ "planned_minutes": 45 })).await;
    let query =
        "group=project&sum=planned_minutes&count=id&average=planned_minutes&min=planned_minutes&max=planned_minutes";
    let summary = scene.org.get(&format!("{TASKS}/summary?{query}&sort=-sum_planned_minutes")).await.is(200);
    let row = &summary.data()[0];
    assert_eq!(row["project"], scene.project);
    assert_eq!((&row["count"], &row["sum_planned_minutes"]), (&json!(6), &json!(750)), "{}", summary.text);
    assert_eq!((&row["min_planned_minutes"], &row["max_planned_minutes"]), (&json!(30), &json!(480)));
    assert_eq!(
        row["average_planned_minutes"].as_str().map(|text| text.trim_end_matches('0').trim_end_matches('.')),
        Some("150")
    );
    assert_eq!(summary.data()[1]["sum_planned_minutes"], 45);

    let filtered = scene.org.get(&format!("{TASKS}/summary?group=status&filter[planned_minutes][gt]=60")).await.is(200);
    let expected = json!([{ "status": "todo", "count": 1 }, { "status": "in-progress", "count": 1 }]);
    assert_eq!(filtered.json["data"], expected);
    let distinct = scene.org.get(&format!("{TASKS}/summary?distinct=priority")).await.is(200);
    assert_eq!(distinct.data()[0]["distinct_priority"], 3);
    let _ = scene.org.get(&format!("{TASKS}/summary?group=projet")).await.is_problem(422, "invalid");
    let _ = scene.org.get(&format!("{TASKS}/summary?group=due:fortnight")).await.is_problem(422, "invalid");
    let _ = scene.org.get(&format!("{TASKS}/summary?sum=title")).await.is_problem(422, "invalid");
}

async fn dates_are_summed_up_by_bucket(database: Database) {
    let scene = workshop(&database).await;
    let by = async |bucket: &str| {
        let path = format!("{TASKS}/summary?group=due:{bucket}&count=id&filter[due][is_null]=false&sort=due");
        let summary = scene.org.get(&path).await.is(200);
        summary.column("due").into_iter().zip(summary.column("count")).collect::<Vec<_>>()
    };
    let pairs =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
    assert_eq!(by("month").await, pairs(&[("2026-11-01", "1"), ("2026-12-01", "2"), ("2027-01-01", "1")]));
    assert_eq!(by("week").await, pairs(&[("2026-11-30", "3"), ("2027-01-11", "1")]));
    assert_eq!(by("quarter").await, pairs(&[("2026-10-01", "3"), ("2027-01-01", "1")]));
    assert_eq!(by("year").await, pairs(&[("2026-01-01", "3"), ("2027-01-01", "1")]));
    assert_eq!(by("fiscal-year").await, pairs(&[("2026-07-01", "4")]), "an Australian year begins in July");
}

async fn sums_of_money_are_by_currency(database: Database) {
    let scene = scene(&database).await;
    for (title, minor, currency) in [("A", 1_000, "AUD"), ("B", 250, "AUD"), ("C", 700, "NZD")] {
        scene.task(title, json!({ "planned_cost": { "minor": minor, "currency": currency } })).await;
    }
    scene.task("D", json!({})).await;
    let summary = scene.org.get(&format!("{TASKS}/summary?sum=planned_cost")).await.is(200);
    let mut sums: Vec<_> =
        summary.data().iter().map(|row| row["sum_planned_cost"].clone()).filter(|sum| !sum.is_null()).collect();
    sums.sort_by_key(|sum| sum["currency"].as_str().map(str::to_owned));
    assert_eq!(sums, [json!({ "minor": 1_250, "currency": "AUD" }), json!({ "minor": 700, "currency": "NZD" })]);
}

async fn periods_are_the_callers_and_the_organizations(database: Database) {
    // Still Wednesday in Greenwich, and Thursday where the organization is.
    let clock = HeldClock::at(parse_instant("2026-11-25T14:00:00Z").unwrap());
    let server = database.serve_with(Setup { clock: Arc::new(clock.clone()), ..Setup::default() }).await;
    let org = server.organization("Dated").await;
    let project = org.make(PROJECTS, json!({ "name": "Stairs" })).await;
    for (title, due) in [
        ("A year ago", json!("2025-07-01")),
        ("Last Sunday", json!("2026-11-22")),
        ("Monday", json!("2026-11-23")),
        ("Thursday", json!("2026-11-26")),
        ("Sunday", json!("2026-11-29")),
        ("Next Monday", json!("2026-11-30")),
        ("Undated", json!(null)),
    ] {
        org.make(TASKS, json!({ "title": title, "project": project, "due": due })).await;
    }
    let found = async |query: &str| org.get(&format!("{TASKS}?sort=due&{query}")).await.is(200).column("title");
    let cases: &[(&str, &[&str])] = &[
        ("filter[due]=today", &["Thursday"]),
        ("filter[due]=this-week", &["Monday", "Thursday", "Sunday"]),
        ("filter[due][ne]=this-week", &["A year ago", "Last Sunday", "Next Monday"]),
        ("filter[due][lt]=today", &["A year ago", "Last Sunday", "Monday"]),
        ("filter[due][lte]=today", &["A year ago", "Last Sunday", "Monday", "Thursday"]),
        ("filter[due][gt]=this-week", &["Next Monday"]),
        ("filter[due][gte]=next-week", &["Next Monday"]),
        ("filter[due][in]=last-week,next-week,2026-11-29", &["Last Sunday", "Sunday", "Next Monday"]),
        ("filter[due]=last-fiscal-year", &["A year ago"]),
        ("filter[due]=last-4-days", &["Monday", "Thursday"]),
        ("filter[created_at]=tomorrow", &[]),
        ("filter[created_at][lt]=today", &[]),
    ];
    for (query, expected) in cases {
        assert_eq!(found(query).await, *expected, "{query}");
    }
    assert_eq!(found("filter[created_at]=today").await.len(), 7, "a day of instants is the caller's day");
    let summed = org.get(&format!("{TASKS}/summary?filter[due]=this-week")).await.is(200);
    assert_eq!(summed.data()[0]["count"], 3);
    clock.advance_seconds(3 * 86_400);
    assert_eq!(found("filter[due]=today").await, ["Sunday"]);
}
