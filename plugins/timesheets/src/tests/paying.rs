//! What a pay run takes beside hours, once.

use super::approving::{Firm, firm};
use super::*;

/// Kilometres, 42.5 of them on a day.
fn travel(firm: &mut Firm, day: &str) -> Id {
    let page = firm.as_boss().find(select("allowance-kinds").columns(["id"])).unwrap();
    let known = page.records().next().and_then(|row| row.reference("id"));
    let kind = known.unwrap_or_else(|| {
        let kind = json!({ "name": "Travel", "unit": "km", "pay_item": "Car, per km" });
        firm.as_boss().insert("allowance-kinds", kind).unwrap()
    });
    firm.as_mia().insert("allowances", json!({ "kind": kind, "local_date": day, "quantity": "42.50" })).unwrap()
}

fn leave(firm: &mut Firm, first: &str, last: &str) -> Id {
    let id = firm.as_mia().insert("leave", json!({ "first": first, "last": last })).unwrap();
    firm.as_boss().transition("leave", id, "approve").unwrap();
    id
}

fn pay(firm: &mut Firm, until: &str) -> Json {
    firm.as_boss().post("/runs/pay", &json!({ "until": until })).unwrap().json().clone()
}

#[test]
fn allowances_and_leave_are_paid_once_and_are_in_the_file() {
    let mut firm = firm();
    let mia = firm.mia;
    firm.hours("2026-11-16", 8);
    let km = travel(&mut firm, "2026-11-16");
    firm.as_boss().insert("employments", json!({ "user": mia, "payroll_id": " E-07 " })).unwrap();
    firm.as_boss().insert("holidays", json!({ "name": "Cup day", "day": "2026-11-20" })).unwrap();
    let away = leave(&mut firm, "2026-11-19", "2026-11-23");
    let sheet = firm.submit("2026-11-16");
    firm.approve(sheet);
    let run = pay(&mut firm, "2026-11-22");
    assert_eq!(
        (&run["entries"], &run["allowances"], &run["leave"], &run["duration"]),
        (&json!(1), &json!(1), &json!(1), &json!(28_800))
    );
    let file = firm.file("pay", &run);
    assert_eq!(
        file[1..],
        [
            format!("PAY-0001,Mia,E-07,{mia},time,2026-11-16,,,,,8.0000,,,,Kitchen,Cut,,,,"),
            format!("PAY-0001,Mia,E-07,{mia},allowance,2026-11-16,,,,,,\"Car, per km\",42.5,km,,,,,,"),
            // A Thursday and a Monday of 7:36, and a holiday and a weekend between them.
            format!("PAY-0001,Mia,E-07,{mia},leave,2026-11-19,2026-11-23,,,,15.2000,annual,,,,,,,,"),
        ]
    );
    assert!(file.iter().all(|line| line.matches(',').count() - line.matches(", ").count() == 19), "{file:?}");
    // What is paid stands, and is in no other run.
    let fault = firm.as_mia().transition("leave", away, "cancel").unwrap_err();
    assert_eq!(
        (fault.code, fault.message.as_str()),
        (ErrorCode::Locked, "What is of 19 Nov 2026 is paid: cancel its pay run first.")
    );
    assert_eq!(firm.as_mia().remove("allowances", km).unwrap_err().code, ErrorCode::Locked);
    let none = firm.as_boss().post("/runs/pay", &json!({ "until": "2026-11-29" })).unwrap_err();
    assert_eq!(none.code, ErrorCode::Conflict);
    // The file stays the same, whatever the holidays are by now.
    firm.as_boss().insert("holidays", json!({ "name": "Late day", "day": "2026-11-19" })).unwrap();
    assert_eq!(firm.file("pay", &run), file);

    let path = format!("/runs/pay/{}/cancel", run["id"].as_str().unwrap());
    firm.as_boss().post(&path, &json!({ "reason": "Wrong" })).unwrap();
    for (collection, id) in [("allowances", km), ("leave", away)] {
        assert_eq!(firm.host.record(collection, id).unwrap()["pay_run"], Json::Null, "{collection}");
    }
    assert_eq!(firm.host.record("leave", away).unwrap()["paid_time"], Json::Null);
    let next = pay(&mut firm, "2026-11-22");
    assert_eq!((&next["allowances"], &next["leave"], &next["late"]), (&json!(1), &json!(1), &json!(0)));
    let paid = firm.host.record("leave", away).unwrap();
    assert_eq!((&paid["paid_time"], &paid["pay_run"]), (&json!(27_360), &next["id"]));
}

#[test]
fn an_allowance_that_is_approved_late_is_in_the_next_run_and_marked() {
    let mut firm = firm();
    firm.hours("2026-11-16", 8);
    let sheet = firm.submit("2026-11-16");
    firm.approve(sheet);
    pay(&mut firm, "2026-11-22");
    // A week of nothing but an allowance, entered late, and leave that was asked for late.
    let km = travel(&mut firm, "2026-11-10");
    let sick = leave(&mut firm, "2026-11-17", "2026-11-17");
    let none = firm.as_boss().post("/runs/pay", &json!({ "until": "2026-11-15" })).unwrap_err();
    assert_eq!(none.code, ErrorCode::Conflict, "neither approved nor begun");
    let sheet = firm.submit("2026-11-09");
    firm.approve(sheet);
    let next = pay(&mut firm, "2026-11-29");
    assert_eq!(
        (&next["entries"], &next["allowances"], &next["leave"], &next["late"]),
        (&json!(0), &json!(1), &json!(1), &json!(2))
    );
    for (collection, id) in [("allowances", km), ("leave", sick)] {
        let record = firm.host.record(collection, id).unwrap();
        assert_eq!((&record["pay_run"], &record["paid_late"]), (&next["id"], &json!(true)), "{collection}");
    }
    assert!(firm.file("pay", &next)[1..].iter().all(|line| line.ends_with(",yes")));
    assert_eq!(firm.host.record("sheets", sheet).unwrap()["status"], "exported");
    let fault = firm.as_boss().post("/team/return", &json!({ "id": sheet, "reason": "Wrong" })).unwrap_err();
    assert_eq!(fault.code, ErrorCode::Conflict);
}

#[test]
fn a_week_of_which_an_allowance_is_paid_is_not_returned() {
    let mut firm = firm();
    firm.hours("2026-11-18", 8);
    travel(&mut firm, "2026-11-16");
    let sheet = firm.submit("2026-11-16");
    firm.approve(sheet);
    // In the middle of the week, so that the rest of it is not out yet.
    pay(&mut firm, "2026-11-17");
    assert_eq!(firm.host.record("sheets", sheet).unwrap()["status"], "approved");
    let fault = firm.as_boss().post("/team/return", &json!({ "id": sheet, "reason": "Wrong" })).unwrap_err();
    assert_eq!(fault.code, ErrorCode::Locked);
    pay(&mut firm, "2026-11-22");
    assert_eq!(firm.host.record("sheets", sheet).unwrap()["status"], "exported");
}

#[test]
fn the_payroll_knows_each_person_by_one_id_that_workers_do_not_see() {
    let mut firm = firm();
    let (mia, ben) = (firm.mia, firm.host.add_person("Ben"));
    let employment = |user: Id, id: &str| json!({ "user": user, "payroll_id": id });
    let hers = firm.as_boss().insert("employments", employment(mia, "E-07")).unwrap();
    assert_eq!(firm.host.record("employments", hers).unwrap()["label"], "Mia");
    for body in [employment(ben, "E-07 "), employment(mia, "E-08")] {
        assert_eq!(firm.as_boss().insert("employments", body).unwrap_err().code, ErrorCode::Conflict);
    }
    let nothing = firm.as_boss().insert("employments", employment(ben, " ")).unwrap_err();
    assert_eq!(codes(&nothing), [("/payroll_id", "required")]);
    let seen = |host: &mut Host| host.run(|| records::get_for_caller("employments", hers, &["payroll_id"])).unwrap();
    assert!(seen(firm.as_boss()).is_some());
    assert!(seen(firm.as_mia()).is_none());
    assert!(firm.as_mia().insert("employments", employment(ben, "E-08")).is_err());
    firm.as_mia().caller.permissions.push("timesheets.set-up".to_owned());
    assert!(firm.host.insert("employments", employment(ben, "E-08")).is_err(), "who sets up, but sees no pay");
}
