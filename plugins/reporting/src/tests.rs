//! The plugin as its users meet it, over the collections of the plugins that it reads.

mod burn;
mod earning;
mod quoting;
mod time;
mod working;

use crate::Reporting;
use lignaflow_sdk::prelude::*;
use lignaflow_sdk::testing::MemoryHost;
use serde_json::{Value as Json, json};

type Host = MemoryHost<Reporting>;

fn host() -> Host {
    // Only this plugin's code runs here: what that of timesheets keeps is written by the tests.
    let time = include_str!("../../timesheets/plugin.toml");
    let time = time.replace("read_only = true, even_locked = true", "read_only = false");
    let time = time.replace("read_only = true", "read_only = false").replace("create = \"false\"", "create = \"true\"");
    let estimates = include_str!("../../estimates/plugin.toml").replace("read_only = true", "read_only = false");
    let estimates = estimates.replace("by_code = true", "by_code = false");
    let others = [include_str!("../../projects/plugin.toml"), &estimates, &time];
    let mut host = Host::beside(include_str!("../plugin.toml"), &others);
    let held = ["see-all", "see-clients", "plan", "edit", "see-money", "see-labour-costs", "claim"];
    host.caller.permissions.extend(held.map(|name| format!("projects.{name}")));
    host.caller.permissions.extend(["estimates.see", "estimates.edit", "estimates.issue"].map(str::to_owned));
    host.caller.permissions.push("organization.administer".to_owned());
    host
}

fn aud(minor: i64) -> Json {
    json!({ "minor": minor, "currency": "AUD" })
}

struct Job {
    project: Id,
    phase: Id,
}

/// Sold for a price of 1,000.00; one task done under its plan, one under way over it, and screws on no task.
fn job(host: &mut Host) -> Job {
    let project = host.insert("projects/projects", json!({ "name": "Kitchen", "billing": "fixed" })).unwrap();
    let phase = host.insert("projects/phases", json!({ "name": "Build", "project": project })).unwrap();
    let task = |host: &mut Host, title: &str, minutes: i64, cost: i64| {
        let body = json!({
            "title": title, "project": project, "phase": phase, "planned_minutes": minutes, "planned_cost": aud(cost)
        });
        host.insert("projects/tasks", body).unwrap()
    };
    let cut = task(host, "Cut", 60, 10_000);
    let glue = task(host, "Glue", 120, 20_000);
    host.transition("projects/tasks", cut, "finish").unwrap();
    for (source, task, minutes, cost) in [("a", cut, 40, 4_000), ("b", glue, 150, 15_000)] {
        let body = json!({
            "source": source, "project": project, "task": task, "month": "2026-11-01", "minutes": minutes, "cost": aud(cost)
        });
        host.insert("projects/usage", body).unwrap();
    }
    for (title, amount, more) in [
        ("Oak", aud(9_000), json!({ "task": glue })),
        ("Screws", aud(500), json!({})),
        ("Brass", json!({ "minor": 77, "currency": "EUR" }), json!({})),
    ] {
        let mut body = json!({ "title": title, "project": project, "amount": amount });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        host.insert("projects/costs", body).unwrap();
    }
    let agreed = json!({
        "title": "As quoted", "project": project, "labour_minutes": 180, "labour_cost": aud(18_000),
        "material_cost": aud(12_000), "sell": aud(100_000)
    });
    host.insert("projects/baselines", agreed).unwrap();
    Job { project, phase }
}

fn report(host: &mut Host, path: &str, query: &[(&str, &str)]) -> Json {
    host.get(path, query).unwrap().json().clone()
}

const MEASURES: [&str; 8] = [
    "planned_minutes",
    "worked_minutes",
    "forecast_minutes",
    "planned_cost",
    "labour_cost",
    "other_cost",
    "actual_cost",
    "forecast_cost",
];

#[test]
fn a_plan_stands_against_what_became_of_it_and_the_rows_add_up() {
    let mut host = host();
    let Job { project, phase } = job(&mut host);
    let path = format!("/projects/{project}/actuals");
    let mut totals = Vec::new();
    for by in ["phase", "location", "task"] {
        let answer = report(&mut host, &path, &[("by", by)]);
        let rows = answer["rows"].as_array().unwrap();
        for measure in MEASURES {
            let sum: i64 = rows.iter().map(|row| row[measure].as_i64().unwrap()).sum();
            assert_eq!(answer["total"][measure], sum, "{measure} by {by}");
        }
        totals.push(answer["total"].clone());
    }
    assert_eq!(totals[0], totals[1], "however it is cut, it is the same job");
    assert_eq!(totals[0], totals[2]);

    let answer = report(&mut host, &path, &[]);
    let rows = answer["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["title"], &rows[0]["id"]), (&json!("Build"), &json!(phase)));
    // Cut took 40.00 in all; glue has taken 240.00 already, more than was planned.
    assert_eq!((&rows[0]["planned_cost"], &rows[0]["actual_cost"]), (&json!(30_000), &json!(28_000)));
    assert_eq!((&rows[0]["forecast_cost"], &rows[0]["forecast_minutes"]), (&json!(28_000), &json!(190)));
    assert_eq!((&rows[1]["title"], &rows[1]["other_cost"]), (&json!("Anything else"), &json!(500)));
    assert_eq!(
        answer["baseline"],
        json!({ "labour_minutes": 180, "labour_cost": 18_000, "material_cost": 12_000, "sell": 100_000 })
    );
    assert_eq!(answer["left_out"], json!([{ "minor": 77, "currency": "EUR" }]));
    let behind = rows[0]["records"]["tasks"].as_str().unwrap();
    assert_eq!(behind, format!("/api/v1/projects/tasks?filter[project]={project}&filter[phase]={phase}"));
}

#[test]
fn rights_come_before_the_sum() {
    let mut host = host();
    let Job { project, .. } = job(&mut host);
    let mia = host.add_person("Mia");
    host.update("projects/projects", project, json!({ "members": [mia] })).unwrap();
    let before = host.caller.clone();
    host.caller.principal = lignaflow_sdk::context::Principal::Person(mia);
    host.caller.permissions = ["records.read", "records.write"].map(str::to_owned).into();
    let answer = report(&mut host, &format!("/projects/{project}/actuals"), &[]);
    assert_eq!((&answer["total"]["worked_minutes"], answer["total"].get("actual_cost")), (&json!(190), None));
    assert_eq!(answer["baseline"]["sell"], json!(null));
    assert_eq!(host.get("/profitability", &[]).unwrap_err().code, ErrorCode::Denied);
    host.caller = before;
    let hidden =
        host.insert("projects/projects", json!({ "name": "Porch", "manager": host.caller.person().unwrap() })).unwrap();
    host.caller.principal = lignaflow_sdk::context::Principal::Person(mia);
    host.caller.permissions = vec!["records.read".to_owned()];
    let fault = host.get(&format!("/projects/{hidden}/actuals"), &[]).unwrap_err();
    assert_eq!(fault.code, ErrorCode::NotFound);
}

/// Who manages jobs is told what the work of each came to, in every report as those who see everything are, and of no task
/// what it cost: of one person's task that would be what their hour costs.
#[test]
fn a_manager_is_told_what_work_cost_by_project_and_phase_and_never_by_task() {
    let mut host = host();
    let Job { project, .. } = job(&mut host);
    let of_project = |what: &str| format!("/projects/{project}/{what}");
    let paths = [of_project("actuals"), of_project("burn-down"), of_project("result"), "/profitability".to_owned()];
    let all = |host: &mut Host| paths.iter().map(|path| report(host, path, &[])).collect::<Vec<_>>();
    let (whole, by_task) = (all(&mut host), report(&mut host, &paths[0], &[("by", "task")]));
    let manager = ["see-all", "see-clients", "plan", "edit", "see-money", "claim"];
    host.caller.permissions = ["records.read", "records.write"].map(str::to_owned).into();
    host.caller.permissions.extend(manager.map(|name| format!("projects.{name}")));
    assert_eq!(all(&mut host), whole);
    assert_eq!(whole[0]["total"]["labour_cost"], 19_000);
    let told = report(&mut host, &paths[0], &[("by", "task")]);
    for figures in told["rows"].as_array().unwrap().iter().chain([&told["total"]]) {
        for hidden in ["labour_cost", "actual_cost", "forecast_cost"] {
            assert!(figures.get(hidden).is_none(), "{hidden} in {figures}");
        }
    }
    for (row, before) in told["rows"].as_array().unwrap().iter().zip(by_task["rows"].as_array().unwrap()) {
        for seen in ["title", "worked_minutes", "planned_cost", "other_cost"] {
            assert_eq!(row[seen], before[seen], "{seen}");
        }
    }
    // Nor from the records behind the figures, in a list or in a sum.
    let listed = host.run(|| records::find(select("projects/usage").columns(["cost"]))).unwrap_err();
    assert_eq!(listed.issues[0].code, "unknown-field");
    let summed = summarize("projects/usage").group("task").measure(sum("cost").named("cost"));
    assert_eq!(host.run(|| records::summarize(summed)).unwrap_err().issues[0].code, "unknown-field");
}

#[test]
fn what_was_bought_for_a_phase_is_what_its_open_plan_of_goods_has_become() {
    let mut host = host();
    let project = host.insert("projects/projects", json!({ "name": "Kitchen", "billing": "fixed" })).unwrap();
    let mut phase = |name: &str| host.insert("projects/phases", json!({ "name": name, "project": project })).unwrap();
    let (procurement, build) = (phase("Buy"), phase("Build"));
    let room = host.insert("projects/locations", json!({ "name": "Pantry", "project": project })).unwrap();
    let mut task = |title: &str, phase: Id, minutes: i64, cost: i64| {
        let body = json!({
            "title": title, "project": project, "phase": phase, "location": room, "planned_minutes": minutes,
            "planned_cost": aud(cost)
        });
        host.insert("projects/tasks", body).unwrap()
    };
    let (oak, brass) = (task("Oak: procure", procurement, 0, 10_000), task("Brass: procure", procurement, 0, 5_000));
    task("Fit", build, 600, 40_000);
    let forecast = |host: &mut Host| {
        let mut told = Vec::new();
        for by in ["phase", "location", "task"] {
            let answer = report(host, &format!("/projects/{project}/actuals"), &[("by", by)]);
            let rows = answer["rows"].as_array().unwrap().iter();
            for measure in ["forecast_cost", "actual_cost"] {
                let sum: i64 = rows.clone().map(|row| row[measure].as_i64().unwrap()).sum();
                assert_eq!(answer["total"][measure], sum, "{measure} by {by}");
            }
            told.push(answer["total"]["forecast_cost"].as_i64().unwrap());
        }
        assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
        told[0]
    };
    assert_eq!(forecast(&mut host), 55_000);
    let cost = |host: &mut Host, minor: i64, more: Json| {
        let mut body = json!({ "title": "Bill", "project": project, "amount": aud(minor) });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        host.insert("projects/costs", body).unwrap();
    };
    cost(&mut host, 8_000, json!({ "phase": procurement }));
    assert_eq!(forecast(&mut host), 55_000, "bought of what is planned");
    cost(&mut host, 5_000, json!({ "phase": procurement, "location": room }));
    assert_eq!(forecast(&mut host), 55_000);
    cost(&mut host, 3_000, json!({ "phase": procurement }));
    assert_eq!(forecast(&mut host), 56_000, "beyond the plan it is more");
    // Work that is planned is not what a bill for the same phase was for.
    cost(&mut host, 700, json!({ "phase": build }));
    assert_eq!(forecast(&mut host), 56_700);
    // A cost of a task counts against its plan, in whatever phase it stands itself.
    cost(&mut host, 200, json!({ "phase": build, "task": brass }));
    assert_eq!(forecast(&mut host), 56_900, "the plan of goods is used up");
    for task in [oak, brass] {
        host.transition("projects/tasks", task, "finish").unwrap();
    }
    assert_eq!(forecast(&mut host), 16_000 + 700 + 200 + 40_000);
}

#[test]
fn each_amount_of_profit_is_in_one_bucket_once() {
    let mut host = host();
    let Job { project, .. } = job(&mut host);
    let porch = host.insert("projects/projects", json!({ "name": "Porch" })).unwrap();
    let pine = json!({ "title": "Pine", "project": porch, "amount": aud(700), "billable": false });
    host.insert("projects/costs", pine).unwrap();
    host.insert("projects/claims", json!({ "title": "Deposit", "project": project, "amount": aud(10_000) })).unwrap();
    let answer = report(&mut host, "/profitability", &[]);
    let rows = answer["rows"].as_array().unwrap();
    assert_eq!((&rows[0]["title"], &rows[0]["profit"]), (&json!("Porch"), &json!(-700)), "the worst comes first");
    assert_eq!(rows[0]["margin"], json!(null), "of nothing there is no margin");
    let kitchen = &rows[1];
    assert_eq!((&kitchen["labour_cost"], &kitchen["other_cost"]), (&json!(19_000), &json!(9_500)));
    assert_eq!((&kitchen["profit"], &kitchen["margin"]), (&json!(71_500), &json!(7_150)));
    assert_eq!(
        (&kitchen["claimed"], &kitchen["unclaimed_costs"]),
        (&json!(10_000), &json!(0)),
        "its price pays for them"
    );
    assert_eq!((&answer["total"]["profit"], &answer["total"]["margin"]), (&json!(70_800), &json!(7_080)));
    assert_eq!(answer["left_out"], json!([{ "minor": 77, "currency": "EUR" }]));
    let active = report(&mut host, "/profitability", &[("status", "active")]);
    assert_eq!((active["rows"].as_array().unwrap().len(), &active["total"]["margin"]), (0, &json!(null)));
}

#[test]
fn a_result_is_of_what_was_agreed_less_what_its_time_and_costs_took() {
    let mut host = host();
    let Job { project, .. } = job(&mut host);
    let answer = report(&mut host, &format!("/projects/{project}/result"), &[]);
    assert_eq!((&answer["labour_cost"], &answer["costs"]["total"]), (&json!(19_000), &json!(9_500)));
    assert_eq!((&answer["profit"], &answer["margin"]), (&json!(71_500), &json!(7_150)));
    assert_eq!((&answer["quoted"], &answer["hours"]["minutes"]), (&json!(null), &json!(0)));
    assert_eq!(answer["hours"]["cost"], json!(null), "what time costs is not for everybody");
    assert_eq!(answer["left_out"], json!([{ "minor": 77, "currency": "EUR" }]));
    host.caller.permissions.retain(|held| held != "projects.see-money");
    assert_eq!(host.get(&format!("/projects/{project}/result"), &[]).unwrap_err().code, ErrorCode::Denied);
}

#[test]
fn without_the_plugin_that_keeps_time_there_are_no_hours() {
    let others = [include_str!("../../projects/plugin.toml"), include_str!("../../estimates/plugin.toml")];
    let mut host = Host::beside(include_str!("../plugin.toml"), &others);
    host.caller.permissions.extend(["projects.see-all", "projects.edit", "projects.see-money"].map(str::to_owned));
    let project = host.insert("projects/projects", json!({ "name": "Kitchen" })).unwrap();
    let answer = report(&mut host, &format!("/projects/{project}/result"), &[]);
    assert_eq!((&answer["hours"], &answer["profit"]), (&json!(null), &json!(0)));
}

#[test]
fn quotes_are_counted_by_what_became_of_them() {
    let mut host = host();
    let empty = report(&mut host, "/quotes", &[]);
    assert_eq!((&empty["win_rate"], &empty["days_to_accept"]), (&json!(null), &json!(null)));
    for title in ["Kitchen", "Bath", "Porch"] {
        host.insert("estimates/estimates", json!({ "title": title })).unwrap();
    }
    let answer = report(&mut host, "/quotes", &[("from", "2026-11-01"), ("until", "2026-11-30")]);
    assert_eq!(answer["total"], json!({ "count": 3, "value": 0 }));
    assert_eq!(answer["rows"][0]["status"], "draft");
    assert_eq!(report(&mut host, "/quotes", &[("from", "2026-12-01")])["total"]["count"], 0);
    let fault = host.get("/quotes", &[("from", "soon"), ("until", "then")]).unwrap_err();
    assert_eq!(fault.issues.len(), 2);
}
