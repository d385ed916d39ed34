//! What projects are sold for: by time and materials, and at a price with extras on top of it.

use super::{Host, aud, host, report};
use lignaflow_sdk::prelude::*;
use serde_json::{Value as Json, json};

/// An hour that is charged at 90.00 and costs nothing, on this project.
fn hour(host: &mut Host, project: Id, more: &Json) -> Id {
    let user = host.caller.person().unwrap();
    let sheet = json!({ "label": "Week", "user": user, "week": "2026-11-16" });
    let found = host.find(select("timesheets/sheets").columns(["id"])).unwrap();
    let sheet = match found.records().next().and_then(|row| row.reference("id")) {
        Some(sheet) => sheet,
        None => host.insert("timesheets/sheets", sheet).unwrap(),
    };
    let mut entry = json!({
        "user": user, "sheet": sheet, "project": project, "local_date": "2026-11-16", "duration": 3_600,
        "billable": true, "billable_duration": 3_600, "approved": true, "sell_rate": aud(9_000)
    });
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    host.insert("timesheets/entries", entry).unwrap()
}

fn cost(host: &mut Host, project: Id, minor: i64, more: &Json) -> Id {
    let mut cost = json!({ "title": "Oak", "project": project, "amount": aud(minor) });
    cost.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    host.insert("projects/costs", cost).unwrap()
}

fn claim(host: &mut Host, project: Id, kind: &str, minor: i64) -> Id {
    let claim = json!({ "title": kind, "project": project, "kind": kind, "amount": aud(minor) });
    host.insert("projects/claims", claim).unwrap()
}

/// Who sees time and what it is charged at.
fn firm() -> Host {
    let mut host = host();
    let held = ["see-all", "see-rates", "enter-for-others", "export"];
    host.caller.permissions.extend(held.map(|name| format!("timesheets.{name}")));
    host
}

fn amounts(answer: &Json) -> Vec<(String, i64)> {
    let rows = answer["rows"].as_array().unwrap().iter();
    rows.filter_map(|row| Some((row["title"].as_str()?.to_owned(), row["amount"].as_i64()?))).collect()
}

#[test]
fn time_and_materials_earn_what_was_billed_and_what_is_not_billed_yet_each_amount_once() {
    let mut host = firm();
    let shed = host.insert("projects/projects", json!({ "name": "Shed" })).unwrap();
    let path = format!("/projects/{shed}/result");
    let sold = |host: &mut Host| {
        let answer = report(host, &path, &[]);
        let profit = report(host, "/profitability", &[]);
        assert_eq!(profit["total"]["sold"], answer["sold"], "wherever it is told");
        assert_eq!(profit["total"]["profit"], answer["profit"]);
        answer["sold"].as_i64().unwrap()
    };
    assert_eq!(sold(&mut host), 0);
    let first = hour(&mut host, shed, &json!({}));
    hour(&mut host, shed, &json!({}));
    hour(&mut host, shed, &json!({ "billable": false, "billable_duration": 0 }));
    hour(&mut host, shed, &json!({ "approved": false, "sell_rate": null }));
    let oak = cost(&mut host, shed, 5_000, &json!({}));
    cost(&mut host, shed, 700, &json!({ "billable": false }));
    assert_eq!(sold(&mut host), 2 * 9_000 + 5_000);
    // What a claim bills is in it, and counts no longer by itself.
    let run = json!({ "label": "Run", "until": "2026-11-22" });
    let run = host.insert("timesheets/billing-runs", run).unwrap();
    host.update("timesheets/entries", first, json!({ "billing_run": run })).unwrap();
    let time = claim(&mut host, shed, "time", 9_000);
    let costs = claim(&mut host, shed, "costs", 5_000);
    host.update("projects/costs", oak, json!({ "claim": costs })).unwrap();
    assert_eq!(sold(&mut host), 23_000);
    host.update("projects/claims", time, json!({ "invoice": "INV-1" })).unwrap();
    host.transition("projects/claims", time, "bill").unwrap();
    assert_eq!(sold(&mut host), 23_000);
    // A deposit is paid ahead for what is not billed yet, and is earned by itself beyond it.
    let deposit = claim(&mut host, shed, "deposit", 4_000);
    assert_eq!(sold(&mut host), 23_000);
    let answer = report(&mut host, &path, &[]);
    assert_eq!(
        amounts(&answer)[..5],
        [
            ("Billed", 18_000),
            ("Time to bill", 9_000),
            ("Costs to bill", 0),
            ("Paid ahead for it by deposits", -4_000),
            ("Earned", 23_000)
        ]
        .map(|(title, amount)| (title.to_owned(), amount))
    );
    assert!(answer["rows"].as_array().unwrap().iter().any(|row| row["title"] == "Time that is not approved yet"
        && row["minutes"] == 60
        && row["amount"] == json!(null)));
    assert_eq!((&answer["profit"], &answer["margin"]), (&json!(17_300), &json!(7_522)), "5,700 were spent");
    host.transition("projects/claims", deposit, "cancel").unwrap();
    let large = claim(&mut host, shed, "deposit", 100_000);
    assert_eq!(sold(&mut host), 14_000 + 100_000);
    host.transition("projects/claims", large, "cancel").unwrap();
    assert_eq!(sold(&mut host), 23_000);
}

#[test]
fn extras_come_on_top_of_a_price_and_what_of_it_was_claimed_does_not() {
    let mut host = firm();
    let shed = host.insert("projects/projects", json!({ "name": "Shed", "billing": "milestones" })).unwrap();
    host.insert("projects/baselines", json!({ "title": "Quote", "project": shed, "sell": aud(100_000) })).unwrap();
    let skylight = json!({ "title": "Skylight", "project": shed, "extra": true });
    let skylight = host.insert("projects/tasks", skylight).unwrap();
    claim(&mut host, shed, "deposit", 10_000);
    claim(&mut host, shed, "stage", 50_000);
    claim(&mut host, shed, "time", 4_500);
    hour(&mut host, shed, &json!({ "task": skylight }));
    cost(&mut host, shed, 5_000, &json!({ "extra": true }));
    cost(&mut host, shed, 600, &json!({ "task": skylight }));
    cost(&mut host, shed, 70, &json!({}));
    let answer = report(&mut host, &format!("/projects/{shed}/result"), &[]);
    assert_eq!(answer["sold"], 100_000 + 4_500 + 9_000 + 5_600);
    assert_eq!((&answer["time_to_bill"], &answer["costs_to_bill"]), (&json!(9_000), &json!(5_600)));
    assert_eq!(answer["claimed"], 64_500);
    let row = &report(&mut host, "/profitability", &[])["rows"][0];
    assert_eq!(
        (&row["sold"], &row["unbilled_time"], &row["unclaimed_costs"]),
        (&json!(119_100), &json!(9_000), &json!(5_600))
    );
    let paid_by_nobody = host.insert("projects/projects", json!({ "name": "Own", "billing": "not-billable" })).unwrap();
    hour(&mut host, paid_by_nobody, &json!({}));
    assert_eq!(report(&mut host, &format!("/projects/{paid_by_nobody}/result"), &[])["sold"], 0);
}

#[test]
fn who_sees_a_jobs_money_is_told_what_its_time_comes_to_and_nothing_of_jobs_that_they_do_not_see() {
    let mut host = host();
    let mia = host.add_person("Mia");
    let shed = host.insert("projects/projects", json!({ "name": "Shed", "members": [mia] })).unwrap();
    let hidden = host.insert("projects/projects", json!({ "name": "Hidden" })).unwrap();
    host.caller.permissions.push("timesheets.enter-for-others".to_owned());
    host.caller.permissions.push("timesheets.see-rates".to_owned());
    hour(&mut host, shed, &json!({}));
    hour(&mut host, hidden, &json!({ "sell_rate": { "minor": 1, "currency": "EUR" } }));
    host.caller.principal = lignaflow_sdk::context::Principal::Person(mia);
    host.caller.permissions = ["records.read", "projects.see-money"].map(str::to_owned).into();
    let answer = report(&mut host, "/profitability", &[]);
    assert_eq!((&answer["total"]["sold"], answer["rows"].as_array().unwrap().len()), (&json!(9_000), 1));
    assert_eq!(answer["left_out"], json!([]));
    assert_eq!(report(&mut host, &format!("/projects/{shed}/result"), &[])["sold"], 9_000);
}
