//! Budgets over time.

use super::*;

fn used(host: &mut Host, project: Id, month: &str, minutes: i64, cost: i64) {
    let body = json!({
        "source": month, "project": project, "month": month, "minutes": minutes, "cost": aud(cost)
    });
    host.insert("projects/usage", body).unwrap();
}

fn column(answer: &Json, name: &str) -> Vec<Option<i64>> {
    answer["rows"].as_array().unwrap().iter().map(|row| row[name].as_i64()).collect()
}

#[test]
fn a_budget_is_used_up_month_by_month_in_time_and_in_money() {
    let mut host = host();
    let body = json!({ "name": "Kitchen", "start": "2026-08-15", "budget_minutes": 600, "budget": aud(100_000) });
    let project = host.insert("projects/projects", body).unwrap();
    used(&mut host, project, "2026-09-01", 120, 20_000);
    used(&mut host, project, "2026-11-01", 540, 90_000);
    let oak = json!({ "title": "Oak", "project": project, "date": "2026-09-20", "amount": aud(5_000) });
    host.insert("projects/costs", oak).unwrap();
    let brass = json!({ "title": "Brass", "project": project, "amount": { "minor": 77, "currency": "EUR" } });
    host.insert("projects/costs", brass).unwrap();

    let path = format!("/projects/{project}/burn-down");
    let answer = report(&mut host, &path, &[]);
    let months: Vec<&str> = answer["rows"].as_array().unwrap().iter().filter_map(|row| row["month"].as_str()).collect();
    assert_eq!(months, ["2026-08-01", "2026-09-01", "2026-10-01", "2026-11-01"], "from its start up to today");
    assert_eq!(column(&answer, "left_minutes"), [600, 480, 480, -60].map(Some));
    assert_eq!(column(&answer, "left_cost"), [100_000, 75_000, 75_000, -15_000].map(Some));
    assert_eq!(answer["total"], json!({ "used_minutes": 660, "used_cost": 115_000 }));
    assert_eq!(answer["left_out"], json!([{ "minor": 77, "currency": "EUR" }]));
    let behind = answer["rows"][1]["records"]["used_cost"].as_array().unwrap();
    assert!(behind[1].as_str().unwrap().ends_with("filter[date][gte]=2026-09-01&filter[date][lte]=2026-09-30"));

    // Who sees no money sees the time.
    host.caller.permissions.retain(|held| held != "projects.see-money");
    let answer = report(&mut host, &path, &[]);
    assert_eq!((&answer["budget"], answer["rows"][0].get("left_cost")), (&Json::Null, None));
    assert_eq!(column(&answer, "left_minutes"), [600, 480, 480, -60].map(Some));
    assert!(!answer.to_string().contains("115"), "{answer}");
}

#[test]
fn what_may_still_be_charged_is_told_to_who_sees_money_and_by_nobodys_rate() {
    let mut host = host();
    let body = json!({ "name": "Kitchen", "start": "2026-10-01", "budget_price": aud(100_000) });
    let project = host.insert("projects/projects", body).unwrap();
    for (month, price) in [("2026-10-01", 30_000), ("2026-11-01", 50_000)] {
        let body = json!({ "source": month, "project": project, "month": month, "minutes": 60, "price": aud(price) });
        host.insert("projects/usage", body).unwrap();
    }
    for (title, billable) in [("Oak", true), ("Coffee", false)] {
        let cost = json!({ "title": title, "project": project, "date": "2026-11-10", "amount": aud(30_000), "billable": billable });
        host.insert("projects/costs", cost).unwrap();
    }
    let path = format!("/projects/{project}/burn-down");
    let answer = report(&mut host, &path, &[]);
    assert_eq!(answer["budget_price"], 100_000);
    assert_eq!(column(&answer, "charged"), [30_000, 80_000].map(Some));
    assert_eq!(column(&answer, "left_price"), [70_000, -10_000].map(Some));
    assert_eq!(answer["total"]["charged"], 110_000);
    let told = [
        json!({ "title": "May be charged", "minor": 100_000 }),
        json!({ "title": "Charged of it", "percent": 11_000 }),
    ];
    assert_eq!(answer["figures"], json!(told));
    let behind = answer["rows"][1]["records"]["charged"].as_array().unwrap();
    assert!(behind[1].as_str().unwrap().ends_with("&filter[billable]=true"), "what is in the figure is behind it");

    host.caller.permissions.retain(|held| held != "projects.see-money");
    let answer = report(&mut host, &path, &[]);
    assert_eq!((&answer["budget_price"], answer["rows"][0].get("charged")), (&Json::Null, None));
    assert!(answer["rows"][0].get("left_price").is_none() && answer["total"].get("charged").is_none(), "{answer}");
}

#[test]
fn a_budget_of_each_month_begins_anew_or_with_what_was_left() {
    for (carries, left) in [(false, [40, -20]), (true, [40, 20])] {
        let mut host = host();
        let body = json!({
            "name": "Care", "budget_minutes": 100, "budget_period": "month", "carry_over": carries,
        });
        let project = host.insert("projects/projects", body).unwrap();
        used(&mut host, project, "2026-10-01", 60, 0);
        used(&mut host, project, "2026-11-01", 120, 0);
        let answer = report(&mut host, &format!("/projects/{project}/burn-down"), &[]);
        assert_eq!(column(&answer, "left_minutes"), left.map(Some));
        assert_eq!((&answer["figures"][0]["minutes"], &answer["period"]), (&json!(200), &json!("month")));
    }
}

#[test]
fn without_a_budget_what_is_used_is_told_and_without_anything_nothing() {
    let mut host = host();
    let project = host.insert("projects/projects", json!({ "name": "Porch" })).unwrap();
    let path = format!("/projects/{project}/burn-down");
    assert_eq!(report(&mut host, &path, &[])["rows"], json!([]));
    used(&mut host, project, "2026-11-01", 30, 100);
    let answer = report(&mut host, &path, &[]);
    assert_eq!((column(&answer, "used_minutes"), answer["rows"][0].get("left_minutes")), (vec![Some(30)], None));
    assert_eq!(answer["figures"], json!([]));
}
