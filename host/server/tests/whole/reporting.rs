//! Figures over the records of three other plugins, on the whole server.

use crate::scene::{PROJECTS, TASKS};
use lignaflow_core::caller::Role;
use lignaflow_testkit::plugins::shipped;
use lignaflow_testkit::{Database, Setup, on_both};
use serde_json::json;

on_both!(a_report_over_the_records_of_other_plugins_adds_up_and_opens_what_it_is_of);

async fn a_report_over_the_records_of_other_plugins_adds_up_and_opens_what_it_is_of(database: Database) {
    let plugins = ["projects", "estimates", "timesheets", "reporting"].map(shipped).into();
    let server = database.serve_with(Setup { plugins, ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    let project = org.make(PROJECTS, json!({ "name": "Kitchen" })).await;
    let phases = org.get(&format!("projects/phases?filter[project]={project}&filter[name]=Construction")).await;
    let phase = phases.column("id").remove(0);
    let plan = json!({
        "title": "Cut", "project": project, "phase": phase, "planned_minutes": 60,
        "planned_cost": { "minor": 10_000, "currency": "AUD" }
    });
    let task = org.make(TASKS, plan).await;
    for (title, minor, task) in [("Oak", 12_000, Some(&task)), ("Screws", 500, None)] {
        let amount = json!({ "minor": minor, "currency": "AUD" });
        let cost = json!({ "title": title, "project": project, "task": task, "amount": amount });
        org.make("projects/costs", cost).await;
    }
    let done = json!({
        "source": "timesheets", "project": project, "task": task, "month": "2026-11-01", "minutes": 45,
        "cost": { "minor": 3_000, "currency": "AUD" }
    });
    org.make("projects/usage", done).await;
    let _ = org.post("estimates/begin", json!({ "title": "Bath" })).await.is(201);

    let report = org.get(&format!("reporting/projects/{project}/actuals?by=phase")).await.is(200);
    let rows = report.json["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["title"], &rows[0]["actual_cost"]), (&json!("Construction"), &json!(15_000)));
    assert_eq!(report.json["total"]["actual_cost"], 15_500);
    assert_eq!(report.json["total"]["forecast_cost"], 15_500);
    // Each figure opens the records behind it.
    for (row, costs, tasks) in [(&rows[0], "Oak", 1), (&rows[1], "Screws", 0)] {
        let open = |path: &serde_json::Value| path.as_str().unwrap().strip_prefix("/api/v1/").unwrap().to_owned();
        let mut found = Vec::new();
        for path in row["records"]["costs"].as_array().unwrap() {
            found.extend(org.get(&open(path)).await.is(200).column("title"));
        }
        assert_eq!(found, [costs]);
        assert_eq!(org.get(&open(&row["records"]["tasks"])).await.is(200).data().len(), tasks);
        assert_eq!(org.get(&open(&row["records"]["work"])).await.is(200).data().len(), tasks);
    }
    let profit = org.get("reporting/profitability").await.is(200);
    // By time and materials what was bought is billed at its cost; what the time costs is not covered yet.
    assert_eq!((&profit.json["total"]["sold"], &profit.json["total"]["profit"]), (&json!(12_500), &json!(-3_000)));
    assert_eq!(profit.json["total"]["margin"], -2_400);
    let quotes = org.get("reporting/quotes").await.is(200);
    assert_eq!((&quotes.json["total"]["count"], &quotes.json["win_rate"]), (&json!(1), &json!(null)));
    let _ = org.get("reporting/quotes?from=soon").await.is(422);

    let (_, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let _ = mia.get(&format!("reporting/projects/{project}/actuals")).await.is(404);
    let _ = mia.get("reporting/profitability").await.is(403);
    let visitor = server.signed_in(&org).await;
    visitor.get("/reporting/-/jobs").await.is(200).shows("Costs by project").shows("Kitchen");
    visitor.get("/reporting/-/quotes").await.is(200).shows("Draft");
}
