//! How much of a budget is used, and what is said of it.

use super::*;

fn with_budget(host: &mut Host, more: &serde_json::Value) -> Id {
    let mut body = json!({
        "name": "Kitchen", "start": "2026-10-05", "budget_minutes": 600, "budget": { "minor": 100_000, "currency": "AUD" }
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    host.insert("projects", body).unwrap()
}

/// What whoever keeps time tells.
fn worked(host: &mut Host, project: Id, month: &str, minutes: i64, cost: i64) {
    let source = format!("timesheets {month}");
    let found = host.find(select("usage").columns(["id"]).filter(field("source").eq(source.as_str()))).unwrap();
    let known = found.records().next().and_then(|row| row.reference("id"));
    let id = known.unwrap_or_else(|| host.new_id());
    let write = if known.is_some() { update("usage", id) } else { insert("usage", id) };
    host.caller.permissions.push("organization.administer".to_owned());
    host.batch([write
        .set("source", source)
        .set("project", project)
        .set("month", month.parse::<Date>().unwrap())
        .set("minutes", minutes)
        .set("cost", Money { minor: cost, currency: Currency::AUD })])
        .unwrap();
    host.run_jobs().unwrap();
}

/// The alerts that stand, as measure, period and per cent.
fn alerts(host: &Host) -> Vec<(String, String, i64)> {
    let standing = select("alerts").columns(["measure", "period", "threshold"]).filter(field("over").eq(false));
    let page = host.find(standing.sort("measure").sort("period").sort("threshold")).unwrap();
    let of = |row: lignaflow_sdk::values::Row<'_>| {
        (
            row.text("measure").unwrap().into(),
            row.text("period").unwrap().into(),
            row.integer("threshold").unwrap() / 100,
        )
    };
    page.records().map(of).collect()
}

fn alert(measure: &str, period: &str, threshold: i64) -> (String, String, i64) {
    (measure.to_owned(), period.to_owned(), threshold)
}

#[test]
fn each_crossing_is_said_once() {
    let mut host = host();
    let kitchen = with_budget(&mut host, &json!({}));
    worked(&mut host, kitchen, "2026-10-01", 299, 10_000);
    assert_eq!(alerts(&host), []);
    worked(&mut host, kitchen, "2026-10-01", 300, 10_000);
    worked(&mut host, kitchen, "2026-11-01", 100, 10_000);
    assert_eq!(alerts(&host), [alert("time", "whole", 50)], "once, though it was looked at again");
    worked(&mut host, kitchen, "2026-11-01", 400, 10_000);
    let all_of_it = [50, 80, 100].map(|threshold| alert("time", "whole", threshold));
    assert_eq!(alerts(&host), all_of_it);

    // What was booked by mistake is taken back, and crossed again later.
    worked(&mut host, kitchen, "2026-11-01", 200, 10_000);
    assert_eq!(alerts(&host), all_of_it[..2]);
    worked(&mut host, kitchen, "2026-11-01", 300, 10_000);
    assert_eq!(alerts(&host), all_of_it);
    assert_eq!(host.count("alerts", all([])), Ok(4));
}

#[test]
fn costs_and_work_use_the_money_together() {
    let mut host = host();
    let kitchen = with_budget(&mut host, &json!({}));
    worked(&mut host, kitchen, "2026-10-01", 1, 30_000);
    let amount = json!({ "minor": 20_000, "currency": "AUD" });
    let oak = host.insert("costs", json!({ "title": "Oak", "project": kitchen, "amount": amount })).unwrap();
    host.run_jobs().unwrap();
    assert_eq!(alerts(&host), [alert("money", "whole", 50)]);
    let answer = host.get(&format!("/projects/{kitchen}/budget"), &[]).unwrap();
    let told = answer.json();
    assert_eq!(told["time"], json!({ "budget_minutes": 600, "used_minutes": 1, "used": 16 }));
    let (budget, spent) =
        (json!({ "minor": 100_000, "currency": "AUD" }), json!({ "minor": 50_000, "currency": "AUD" }));
    assert_eq!(told["money"], json!({ "budget": budget, "spent": spent, "used": 5_000 }));
    let row = &told["rows"][0];
    assert_eq!((&told["period"], &row["period"], &told["currency"]), (&json!("whole"), &json!("Whole"), &json!("AUD")));
    let figures = ["budget_minutes", "used_minutes", "time_used", "budget", "spent", "money_used"];
    assert_eq!(figures.map(|name| row[name].as_i64().unwrap()), [600, 1, 16, 100_000, 50_000, 5_000]);
    host.remove("costs", oak).unwrap();
    host.run_jobs().unwrap();
    assert_eq!(alerts(&host), []);
    // A smaller budget is crossed by what is there.
    host.update("projects", kitchen, json!({ "budget": { "minor": 37_500, "currency": "AUD" } })).unwrap();
    host.run_jobs().unwrap();
    assert_eq!(alerts(&host), [alert("money", "whole", 50), alert("money", "whole", 80)]);
}

#[test]
fn a_budget_for_each_month_begins_anew_or_carries_over() {
    let mut host = host();
    let kitchen = with_budget(&mut host, &json!({ "budget_period": "month", "budget": null }));
    worked(&mut host, kitchen, "2026-10-01", 60, 0);
    worked(&mut host, kitchen, "2026-11-01", 500, 0);
    assert_eq!(alerts(&host), [alert("time", "2026-11", 50), alert("time", "2026-11", 80)]);
    host.update("projects", kitchen, json!({ "carry_over": true })).unwrap();
    host.run_jobs().unwrap();
    assert_eq!(alerts(&host), [], "500 of the 1,140 that are there");
    let answer = host.get(&format!("/projects/{kitchen}/budget"), &[]).unwrap();
    assert_eq!(answer.json()["time"], json!({ "budget_minutes": 1_140, "used_minutes": 500, "used": 4_385 }));
    assert_eq!((&answer.json()["period"], &answer.json()["money"]), (&json!("2026-11"), &json!(null)));
}

#[test]
fn a_project_without_a_budget_is_not_looked_at() {
    let mut host = host();
    let shed = project(&mut host, "Shed");
    let amount = json!({ "minor": 20_000, "currency": "AUD" });
    host.insert("costs", json!({ "title": "Oak", "project": shed, "amount": amount })).unwrap();
    assert_eq!(host.waiting().len(), 0);
    let mia = host.add_person("Mia");
    host.update("projects", shed, json!({ "members": [mia], "budget": amount, "budget_minutes": 60 })).unwrap();
    assert_eq!(host.waiting().len(), 1);
    seeing::act_as(&mut host, mia);
    let answer = host.get(&format!("/projects/{shed}/budget"), &[]).unwrap();
    assert_eq!(answer.json()["time"]["budget_minutes"], 60);
    assert_eq!(answer.json()["money"], json!(null), "money is for whom it is meant");
}
