//! What hours come to in the plugin that keeps projects.

use super::approving::{Firm, aud, firm};
use super::*;

impl Firm {
    /// What projects is told, month by month: minutes and cost.
    fn told(&mut self) -> Vec<(String, i64, Option<i64>)> {
        self.host.run_jobs().unwrap();
        let usage = select("projects/usage").columns(["month", "minutes", "cost", "task"]).sort("month");
        let page = self.host.find(usage).unwrap();
        page.records()
            .map(|row| {
                assert_eq!(row.reference("task"), Some(self.task));
                let month = row.date("month").unwrap().to_string();
                (month, row.integer("minutes").unwrap(), row.money("cost").map(|cost| cost.minor))
            })
            .collect()
    }

    fn rate(&mut self, cost: i64) -> Id {
        let mia = self.mia;
        let rate = json!({ "user": mia, "cost": aud(cost), "sell": aud(9_000), "effective_from": "2026-01-01" });
        self.as_boss().insert("rates", rate).unwrap()
    }
}

#[test]
fn hours_reach_projects_and_follow_what_becomes_of_them() {
    let mut firm = firm();
    let november = |minutes, cost| vec![("2026-11-01".to_owned(), minutes, cost)];
    let first = firm.hours("2026-11-16", 8);
    assert_eq!(firm.told(), november(480, None), "what costs nothing yet takes its time all the same");
    let rate = firm.rate(4_000);
    assert_eq!(firm.told(), november(480, Some(32_000)), "what is not approved is reckoned at the rates as they stand");
    firm.as_mia().update("entries", first, json!({ "duration": 7 * 3600 })).unwrap();
    let second = firm.hours("2026-11-17", 2);
    assert_eq!(firm.told(), november(540, Some(36_000)));
    firm.as_mia().remove("entries", second).unwrap();
    assert_eq!(firm.told(), november(420, Some(28_000)));
    firm.as_mia().restore("entries", second).unwrap();
    assert_eq!(firm.told(), november(540, Some(36_000)));

    // Approved, it is frozen: another rate changes nothing, until it is approved again.
    let sheet = firm.submit("2026-11-16");
    firm.approve(sheet);
    firm.as_boss().update("rates", rate, json!({ "cost": aud(5_000) })).unwrap();
    assert_eq!(firm.told(), november(540, Some(36_000)));
    let reason = json!({ "id": sheet, "reason": "Tuesday is missing." });
    firm.as_boss().post("/team/return", &reason).unwrap();
    firm.as_mia().update("entries", second, json!({ "duration": 3600 })).unwrap();
    firm.submit("2026-11-16");
    firm.approve(sheet);
    assert_eq!(firm.told(), november(480, Some(40_000)));
    let again = firm.host.waiting().len();
    assert_eq!((again, firm.told()), (0, november(480, Some(40_000))));

    // Out and corrected a month later: November stands, December takes back.
    firm.as_boss().post("/runs/pay", &json!({ "until": "2026-11-22" })).unwrap();
    firm.host.caller.now = at("2026-12-07T01:00:00Z");
    let body = json!({ "reason": "Left at noon", "time": "4" });
    firm.as_mia().post(&format!("/entries/{first}/correct"), &body).unwrap();
    let told = firm.told();
    let december = ("2026-12-01".to_owned(), -180, Some(-15_000));
    assert_eq!(told, [november(480, Some(40_000)), vec![december]].concat());
}

#[test]
fn what_is_charged_for_hours_is_told_before_and_after_they_are_approved() {
    let mut firm = firm();
    let entry = firm.hours("2026-11-16", 8);
    let rate = firm.rate(4_000);
    let price = |firm: &mut Firm| {
        firm.host.run_jobs().unwrap();
        let page = firm.host.find(select("projects/usage").columns(["price"])).unwrap();
        page.records().next().and_then(|row| row.money("price")).map(|price| price.minor)
    };
    assert_eq!(price(&mut firm), Some(72_000));
    firm.as_mia().update("entries", entry, json!({ "billable": false })).unwrap();
    assert_eq!(price(&mut firm), None, "nobody pays for it");
    firm.as_mia().update("entries", entry, json!({ "billable": true })).unwrap();
    let sheet = firm.submit("2026-11-16");
    firm.approve(sheet);
    firm.as_boss().update("rates", rate, json!({ "sell": aud(9_900) })).unwrap();
    assert_eq!(price(&mut firm), Some(72_000), "frozen at approval");
}

#[test]
fn time_that_goes_to_another_project_leaves_nothing_behind() {
    let mut firm = firm();
    let entry = firm.hours("2026-11-16", 8);
    assert_eq!(firm.told().len(), 1);
    let mia = firm.mia;
    let porch = firm.as_boss().insert("projects/projects", json!({ "name": "Porch", "members": [mia] })).unwrap();
    firm.as_mia().update("entries", entry, json!({ "project": porch, "task": null })).unwrap();
    firm.host.run_jobs().unwrap();
    let page = firm.host.find(select("projects/usage").columns(["project", "minutes"])).unwrap();
    let rows: Vec<_> = page.records().map(|row| (row.reference("project").unwrap(), row.integer("minutes"))).collect();
    assert_eq!(rows, [(porch, Some(480))]);
}

#[test]
fn a_timer_that_runs_tells_nothing_until_it_is_stopped() {
    let mut firm = firm();
    let task = firm.task;
    start(firm.as_mia(), &json!({ "task": task }));
    assert!(firm.told().is_empty());
    firm.host.caller.now = at("2026-11-23T02:30:00Z");
    stop(firm.as_mia(), &json!({}));
    assert_eq!(firm.told(), [("2026-11-01".to_owned(), 90, None)]);
}
