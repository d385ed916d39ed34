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
    host.caller.permissions.extend(["organization.administer", "projects.see-labour-costs"].map(str::to_owned));
    host.batch([write
        .set("source", source)
        .set("project", project)
        .set("month", month.parse::<Date>().unwrap())
        .set("minutes", minutes)
        .set("cost", Money { minor: cost, currency: Currency::AUD })
        .set("price", Money { minor: cost * 2, currency: Currency::AUD })])
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

#[test]
fn a_project_says_of_which_budgets_alerts_are_and_at_what() {
    let mut host = host();
    let aud = |minor: i64| json!({ "minor": minor, "currency": "AUD" });
    let more = json!({ "budget_price": aud(100_000), "alert_of": "price", "alert_at": "90 %; 12.5,60" });
    let kitchen = with_budget(&mut host, &more);
    assert_eq!(host.record("projects", kitchen).unwrap()["alert_at"], "12.5, 60, 90");
    // Hours are charged at 600.00, and of the costs those that are billed on.
    worked(&mut host, kitchen, "2026-10-01", 600, 30_000);
    assert_eq!(alerts(&host), [alert("price", "whole", 12), alert("price", "whole", 60)]);
    let title = host.find(select("alerts").columns(["title"]).sort("threshold")).unwrap();
    let title = title.records().next().unwrap().text("title").unwrap().to_owned();
    assert_eq!(title, "Kitchen has used 12.5 % of what may be charged");
    for (billable, minor) in [(true, 30_000), (false, 9_000)] {
        let cost = json!({ "title": "Oak", "project": kitchen, "amount": aud(minor), "billable": billable });
        host.insert("costs", cost).unwrap();
    }
    host.run_jobs().unwrap();
    assert_eq!(alerts(&host).last(), Some(&alert("price", "whole", 90)));
    let told = host.get(&format!("/projects/{kitchen}/budget"), &[]).unwrap().json().clone();
    assert_eq!(told["price"], json!({ "budget": aud(100_000), "charged": aud(90_000), "used": 9_000 }));
    assert_eq!(told["money"], json!({ "budget": aud(100_000), "spent": aud(69_000), "used": 6_900 }));
    assert_eq!((&told["rows"][0]["charged"], &told["rows"][0]["spent"]), (&json!(90_000), &json!(69_000)));

    // Another choice takes back what was said of the others, and says what is reached of these.
    host.update("projects", kitchen, json!({ "alert_of": "time", "alert_at": "100" })).unwrap();
    host.run_jobs().unwrap();
    assert_eq!(alerts(&host), [alert("time", "whole", 100)]);
    host.update("projects", kitchen, json!({ "alert_of": "none" })).unwrap();
    host.run_jobs().unwrap();
    assert_eq!(alerts(&host), []);
    // Where it says none, those of the organization count; where these are none, the usual ones.
    for (settled, at) in [("70", vec![]), ("69", vec![69]), ("soon", vec![50])] {
        host.fill_in("alert_at", settled);
        host.update("projects", kitchen, json!({ "alert_of": "none" })).unwrap();
        host.run_jobs().unwrap();
        host.update("projects", kitchen, json!({ "alert_of": "money", "alert_at": null })).unwrap();
        host.run_jobs().unwrap();
        let all: Vec<_> = at.into_iter().map(|at| alert("money", "whole", at)).collect();
        assert_eq!(alerts(&host), all, "{settled}");
    }
    for nonsense in ["half", "0", "50 80"] {
        let fault = host.update("projects", kitchen, json!({ "alert_at": nonsense })).unwrap_err();
        assert_eq!(codes(&fault), [("/alert_at", "percentages")]);
    }
}

/// What happens to a project between two looks.
#[derive(Debug, Clone)]
enum Step {
    /// So many minutes are booked by now.
    Worked(i64),
    /// The budget is so many minutes.
    Budget(i64),
    Look,
}

fn step() -> impl proptest::strategy::Strategy<Value = Step> {
    use proptest::prelude::*;
    prop_oneof![3 => (0..1_500_i64).prop_map(Step::Worked), 2 => (1..1_500_i64).prop_map(Step::Budget), 1 => Just(Step::Look)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever is booked, taken back, raised and lowered: each threshold is told once when it is reached, and again only
    /// after it was not reached meanwhile.
    #[test]
    fn each_threshold_is_told_once_a_crossing(
        steps in prop::collection::vec(step(), 1..16), at in prop::collection::btree_set(1..15_000_i64, 1..5),
    ) {
        let mut host = host();
        let ana = host.add_person("Ana");
        let named: Vec<String> = at.iter().map(|points| format!("{}.{:02}", points / 100, points % 100)).collect();
        let kitchen = host.insert("projects", json!({
            "name": "Kitchen", "manager": ana, "budget_minutes": 1_000, "alert_at": named.join(", "),
        })).unwrap();
        let (mut used, mut budget, mut crossings) = (0, 1_000, 0);
        let mut standing = std::collections::BTreeSet::new();
        for step in steps {
            match step {
                Step::Worked(minutes) => {
                    used = minutes;
                    worked(&mut host, kitchen, "2026-11-01", minutes, 0);
                }
                Step::Budget(minutes) => {
                    budget = minutes;
                    host.update("projects", kitchen, json!({ "budget_minutes": minutes })).unwrap();
                }
                Step::Look => host.run_job("budget", &json!(kitchen)).unwrap(),
            }
            host.run_jobs().unwrap();
            let reached: std::collections::BTreeSet<i64> =
                at.iter().copied().filter(|points| used * 10_000 >= points * budget).collect();
            crossings += reached.difference(&standing).count();
            // Of several that are crossed at once, the highest is told.
            let highest = reached.last().filter(|points| !standing.contains(*points));
            let before = host.count("alerts", all([])).unwrap();
            prop_assert_eq!(before, crossings as u64);
            let now = host.find(select("alerts").columns(["threshold"]).filter(field("over").eq(false)).sort("threshold")).unwrap();
            let now: Vec<i64> = now.records().map(|row| row.integer("threshold").unwrap()).collect();
            prop_assert_eq!(now, reached.iter().copied().collect::<Vec<_>>());
            if let Some(points) = highest {
                let percent = format!("{}.{:02}", points / 100, points % 100);
                let percent = percent.trim_end_matches('0').trim_end_matches('.');
                let share = format!("has used {percent} % of its budget of time");
                prop_assert!(telling::told(&host, ana).iter().any(|line| line.ends_with(&share)), "{share}");
            }
            standing = reached;
        }
    }
}
