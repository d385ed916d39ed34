//! Utilisation, attendance and pay hours over time that was entered.

use super::{Host, host, report};
use lignaflow_sdk::prelude::*;
use serde_json::json;

const WEEK: [(&str, &str); 2] = [("from", "2026-11-16"), ("until", "2026-11-22")];

/// An entry of somebody, on a project or on nothing.
fn worked(host: &mut Host, user: Id, project: Option<Id>, day: &str, seconds: i64, billable: bool) {
    let sheet = json!({ "label": "Week", "user": user, "week": "2026-11-16" });
    let sheets = host.find(select("timesheets/sheets").columns(["id"]).filter(field("user").eq(user))).unwrap();
    let sheet = match sheets.records().next().and_then(|row| row.reference("id")) {
        Some(sheet) => sheet,
        None => host.insert("timesheets/sheets", sheet).unwrap(),
    };
    let entry = json!({
        "user": user, "sheet": sheet, "project": project, "local_date": day, "duration": seconds, "billable": billable,
        "billable_duration": if billable { seconds } else { 0 }, "zone": "Australia/Sydney"
    });
    host.insert("timesheets/entries", entry).unwrap();
}

/// Settles something of pay, as of all days.
fn settle(host: &mut Host, name: &str, value: impl Into<serde_json::Value>) {
    let known = host.find(select("timesheets/pay-rules").columns(["id"])).unwrap();
    let known = known.records().next().and_then(|row| row.reference("id"));
    let rule = known
        .unwrap_or_else(|| host.insert("timesheets/pay-rules", json!({ "effective_from": "2026-01-01" })).unwrap());
    host.update("timesheets/pay-rules", rule, json!({ name: value.into() })).unwrap();
}

struct Firm {
    host: Host,
    mia: Id,
    ben: Id,
}

fn firm() -> Firm {
    let mut host = host();
    host.caller
        .permissions
        .extend(["see-all", "set-up", "approve", "enter-for-others"].map(|held| format!("timesheets.{held}")));
    let (mia, ben) = (host.add_person("Mia"), host.add_person("Ben"));
    let project = host.insert("projects/projects", json!({ "name": "Kitchen" })).unwrap();
    // Mia works four days of eight hours; Ben as everybody does. The Tuesday is a holiday, and Ben has Wednesday off.
    let pattern = json!({
        "user": mia, "effective_from": "2026-01-01", "monday": 28_800, "tuesday": 28_800, "wednesday": 28_800,
        "thursday": 28_800, "friday": 0
    });
    host.insert("timesheets/work-patterns", pattern).unwrap();
    host.insert("timesheets/holidays", json!({ "name": "Show day", "day": "2026-11-17" })).unwrap();
    let leave = json!({ "user": ben, "first": "2026-11-18", "last": "2026-11-18", "label": "Ben" });
    let leave = host.insert("timesheets/leave", leave).unwrap();
    host.transition("timesheets/leave", leave, "approve").unwrap();
    worked(&mut host, mia, Some(project), "2026-11-16", 36_000, true);
    worked(&mut host, mia, None, "2026-11-18", 7_200, false);
    worked(&mut host, ben, Some(project), "2026-11-16", 27_360, true);
    let shift = json!({
        "user": mia, "label": "Shift", "started_at": "2026-11-15T20:00:00Z", "ended_at": "2026-11-16T07:00:00Z",
        "local_date": "2026-11-16", "duration": 39_600
    });
    host.insert("timesheets/shifts", shift).unwrap();
    Firm { host, mia, ben }
}

#[test]
fn utilisation_is_of_what_patterns_leave_after_holidays_and_leave() {
    let Firm { mut host, mia, ben } = firm();
    let answer = report(&mut host, "/utilisation", &WEEK);
    let of = |user: Id| {
        let rows = answer["rows"].as_array().unwrap();
        rows.iter().find(|row| row["id"] == json!(user)).unwrap_or_else(|| panic!("{answer}")).clone()
    };
    // Three days of eight hours are left of her week, three of 7:36 of his.
    assert_eq!(
        (&of(mia)["capacity"], &of(mia)["worked"], &of(mia)["billable"]),
        (&json!(86_400), &json!(43_200), &json!(36_000))
    );
    assert_eq!(of(mia)["utilisation"], 4_167);
    assert_eq!((&of(ben)["capacity"], &of(ben)["utilisation"]), (&json!(82_080), &json!(3_333)));
    for measure in ["capacity", "worked", "billable"] {
        let sum: i64 = answer["rows"].as_array().unwrap().iter().map(|row| row[measure].as_i64().unwrap()).sum();
        assert_eq!(answer["total"][measure], sum, "{measure}");
    }
    let weekend = [("from", "2026-11-21"), ("until", "2026-11-22")];
    assert_eq!(
        report(&mut host, "/utilisation", &weekend)["total"]["utilisation"],
        json!(null),
        "of nothing there is none"
    );
}

#[test]
fn time_that_is_of_no_project_is_billable_to_nobody() {
    let Firm { mut host, mia, .. } = firm();
    let before = report(&mut host, "/utilisation", &WEEK)["total"].clone();
    worked(&mut host, mia, None, "2026-11-19", 3_600, true);
    let after = report(&mut host, "/utilisation", &WEEK)["total"].clone();
    assert_eq!(after["worked"].as_i64().unwrap(), before["worked"].as_i64().unwrap() + 3_600);
    assert_eq!((&after["billable"], &after["utilisation"]), (&before["billable"], &before["utilisation"]));
}

#[test]
fn a_worker_is_told_of_themselves_alone() {
    let Firm { mut host, mia, .. } = firm();
    host.caller.principal = lignaflow_sdk::context::Principal::Person(mia);
    host.caller.permissions = vec!["records.read".to_owned()];
    for path in ["/utilisation", "/attendance", "/pay-hours"] {
        let query = if path == "/pay-hours" { [&WEEK[..], &[("time", "all")]].concat() } else { WEEK.to_vec() };
        let answer = report(&mut host, path, &query);
        let rows = answer["rows"].as_array().unwrap();
        assert!(!rows.is_empty() && rows.iter().all(|row| row["id"] == json!(mia)), "{path}: {answer}");
    }
}

#[test]
fn what_is_left_over_of_attendance_is_on_nothing_yet() {
    let Firm { mut host, mia, .. } = firm();
    let query = [&WEEK[..], &[("by", "day")]].concat();
    let answer = report(&mut host, "/attendance", &query);
    let monday = answer["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["id"] == json!(mia) && row["day"] == "2026-11-16")
        .unwrap();
    assert_eq!(
        (&monday["on_site"], &monday["on_jobs"], &monday["left_over"]),
        (&json!(39_600), &json!(36_000), &json!(3_600))
    );
    let by_person = report(&mut host, "/attendance", &WEEK);
    assert_eq!(by_person["total"], answer["total"], "however it is cut");
    assert_eq!(by_person["total"]["on_other"], 7_200);
}

#[test]
fn pay_hours_go_into_bands_and_show_who_was_away() {
    let Firm { mut host, mia, ben } = firm();
    let query = [&WEEK[..], &[("time", "all")]].concat();
    let answer = report(&mut host, "/pay-hours", &query);
    let of = |user: Id, day: &str| {
        let rows = answer["rows"].as_array().unwrap();
        rows.iter()
            .find(|row| row["id"] == json!(user) && row["day"] == day)
            .unwrap_or_else(|| panic!("{day}: {answer}"))
            .clone()
    };
    let monday = of(mia, "2026-11-16");
    assert_eq!(
        (&monday["ordinary"], &monday["overtime"], &monday["further_overtime"]),
        (&json!(28_800), &json!(7_200), &json!(0))
    );
    assert_eq!(of(ben, "2026-11-17")["holiday"], 27_360);
    assert_eq!(of(ben, "2026-11-18")["leave"], 27_360);
    let rows = answer["rows"].as_array().unwrap();
    for measure in ["worked", "ordinary", "overtime", "further_overtime", "leave", "holiday", "break"] {
        let sum: i64 = rows.iter().map(|row| row[measure].as_i64().unwrap()).sum();
        assert_eq!(answer["total"][measure], sum, "{measure}");
    }
    let approved = report(&mut host, "/pay-hours", &WEEK);
    assert_eq!(approved["total"]["worked"], 0, "nothing is approved yet");
    for (from, until) in [("soon", "2026-11-22"), ("2026-11-22", "2026-11-16"), ("2020-01-01", "2026-11-16")] {
        let fault = host.get("/pay-hours", &[("from", from), ("until", until)]).unwrap_err();
        assert_eq!(fault.code, ErrorCode::Invalid, "{from} {until}");
    }
}

#[test]
fn what_is_paid_beside_hours_stands_with_them_and_as_the_pay_items_of_the_payroll() {
    let Firm { mut host, mia, .. } = firm();
    let kind = json!({ "name": "Travel", "unit": "km", "pay_item": "TRAVEL-KM" });
    let travel = host.insert("timesheets/allowance-kinds", kind).unwrap();
    let meal = host.insert("timesheets/allowance-kinds", json!({ "name": "Meal" })).unwrap();
    let sheets = host.find(select("timesheets/sheets").columns(["id"]).filter(field("user").eq(mia))).unwrap();
    let sheet = sheets.records().next().unwrap().reference("id").unwrap();
    for (kind, day, quantity) in
        [(travel, "2026-11-16", "12.5"), (travel, "2026-11-16", "7.5"), (meal, "2026-11-20", "1")]
    {
        let body = json!({ "user": mia, "sheet": sheet, "kind": kind, "local_date": day, "quantity": quantity });
        host.insert("timesheets/allowances", body).unwrap();
    }
    let all = [&WEEK[..], &[("time", "all")]].concat();
    let answer = report(&mut host, "/pay-hours", &all);
    let of = |day: &str| {
        let rows = answer["rows"].as_array().unwrap();
        rows.iter().find(|row| row["id"] == json!(mia) && row["day"] == day).unwrap().clone()
    };
    assert_eq!(of("2026-11-16")["allowances"], "Travel 20 km");
    // A day with nothing else is a row of its own.
    assert_eq!((&of("2026-11-20")["allowances"], &of("2026-11-20")["worked"]), (&json!("Meal 1"), &json!(0)));

    settle(&mut host, "pay_item_ordinary", "ORD");
    let items = report(&mut host, "/pay-items", &all);
    let rows: Vec<_> = items["rows"].as_array().unwrap().iter().filter(|row| row["id"] == json!(mia)).collect();
    let told = |row: &serde_json::Value| {
        (row["day"].as_str().unwrap().to_owned(), row["item"].as_str().unwrap().to_owned(), row["units"].clone())
    };
    let travels = rows.iter().find(|row| row["item"] == "TRAVEL-KM").unwrap();
    assert_eq!(told(travels), ("2026-11-16".into(), "TRAVEL-KM".into(), json!("20")));
    assert!(rows.iter().any(|row| row["item"] == "ORD" && row["hours"] == 28_800), "{items}");
    // Hours are sorted, and none is lost or doubled.
    let hours: i64 = items["rows"].as_array().unwrap().iter().filter_map(|row| row["hours"].as_i64()).sum();
    let sorted = ["ordinary", "overtime", "further_overtime", "leave", "holiday"];
    let sorted: i64 = sorted.iter().map(|name| answer["total"][name].as_i64().unwrap()).sum();
    assert_eq!((hours, &items["total"]["hours"]), (sorted, &json!(sorted)));
    // Nothing that is not approved is paid, unless it is asked for.
    let approved = report(&mut host, "/pay-items", &WEEK);
    assert!(approved["rows"].as_array().unwrap().iter().all(|row| row["item"] != "TRAVEL-KM"), "{approved}");
}

fn row_of(answer: &serde_json::Value, user: Id, day: &str) -> serde_json::Value {
    let rows = answer["rows"].as_array().unwrap();
    let found = rows.iter().find(|row| row["id"] == json!(user) && row["day"] == day);
    found.unwrap_or_else(|| panic!("{day}: {answer}")).clone()
}

#[test]
fn a_week_that_begins_in_the_period_before_counts_its_hours_there() {
    let Firm { mut host, mia, .. } = firm();
    // Two hours on Wednesday and ten on Monday, of which the holiday is none.
    worked(&mut host, mia, None, "2026-11-19", 28_800, false);
    let second = [("from", "2026-11-19"), ("until", "2026-11-25"), ("time", "all")];
    assert_eq!(row_of(&report(&mut host, "/pay-hours", &second), mia, "2026-11-19")["overtime"], 0);
    settle(&mut host, "overtime_by", "week");
    settle(&mut host, "overtime_week", 54_000);
    let answer = report(&mut host, "/pay-hours", &second);
    let thursday = row_of(&answer, mia, "2026-11-19");
    assert_eq!(
        (&thursday["ordinary"], &thursday["overtime"]),
        (&json!(10_800), &json!(7_200)),
        "15 hours, 12 are gone"
    );
    assert_eq!(thursday["further_overtime"], 10_800);
    assert_eq!(answer["rows"].as_array().unwrap().len(), 1, "no day before the period is in it: {answer}");
    // By the day and the week, what was overtime of Monday is not counted again.
    settle(&mut host, "overtime_by", "both");
    let thursday = row_of(&report(&mut host, "/pay-hours", &second), mia, "2026-11-19");
    assert_eq!((&thursday["ordinary"], &thursday["overtime"]), (&json!(18_000), &json!(7_200)));
    // A week that begins on that day begins to count on it.
    host.weeks_start(4);
    let thursday = row_of(&report(&mut host, "/pay-hours", &second), mia, "2026-11-19");
    assert_eq!((&thursday["ordinary"], &thursday["overtime"]), (&json!(28_800), &json!(0)));
}

#[test]
fn days_that_are_apart_are_bands_and_pay_items_of_their_own() {
    let Firm { mut host, mia, .. } = firm();
    for day in ["2026-11-17", "2026-11-21", "2026-11-22"] {
        worked(&mut host, mia, None, day, 14_400, false);
    }
    let all = [&WEEK[..], &[("time", "all")]].concat();
    let before = report(&mut host, "/pay-hours", &all);
    assert_eq!((&before["total"]["saturday"], &before["total"]["overtime"]), (&json!(0), &json!(28_800)));
    for name in ["saturday_apart", "sunday_apart", "holiday_apart"] {
        settle(&mut host, name, true);
    }
    let after = report(&mut host, "/pay-hours", &all);
    for (day, band) in [("2026-11-17", "on_holiday"), ("2026-11-21", "saturday"), ("2026-11-22", "sunday")] {
        let row = row_of(&after, mia, day);
        assert_eq!((&row[band], &row["overtime"], &row["ordinary"]), (&json!(14_400), &json!(0), &json!(0)), "{row}");
    }
    assert_eq!(before["total"]["worked"], after["total"]["worked"]);
    let items = report(&mut host, "/pay-items", &all);
    for item in ["Worked on a public holiday", "Saturday", "Sunday"] {
        let rows = items["rows"].as_array().unwrap();
        assert!(rows.iter().any(|row| row["item"] == item && row["hours"] == 14_400), "{item}: {items}");
    }
}

#[test]
fn a_correction_is_of_no_band_of_the_day_that_it_was_made_on() {
    let Firm { mut host, mia, .. } = firm();
    settle(&mut host, "saturday_apart", true);
    let wrong = host.find(select("timesheets/entries").columns(["id"]).filter(field("user").eq(mia)).limit(1)).unwrap();
    let wrong = wrong.records().next().unwrap().reference("id").unwrap();
    worked(&mut host, mia, None, "2026-11-21", 3_600, false);
    let sheets = host.find(select("timesheets/sheets").columns(["id"]).filter(field("user").eq(mia))).unwrap();
    let sheet = sheets.records().next().unwrap().reference("id").unwrap();
    for seconds in [-36_000, 32_400] {
        let body = json!({
            "user": mia, "sheet": sheet, "local_date": "2026-11-21", "duration": seconds, "corrects": wrong,
            "origin": "correction", "zone": "Australia/Sydney"
        });
        host.insert("timesheets/entries", body).unwrap();
    }
    let all = [&WEEK[..], &[("time", "all")]].concat();
    let row = row_of(&report(&mut host, "/pay-hours", &all), mia, "2026-11-21");
    assert_eq!((&row["saturday"], &row["ordinary"], &row["worked"]), (&json!(3_600), &json!(-3_600), &json!(0)));
}

#[test]
fn who_has_left_is_paid_ordinary_time_as_long_as_they_were_there() {
    let Firm { mut host, ben, .. } = firm();
    host.leave(ben);
    let all = [&WEEK[..], &[("time", "all")]].concat();
    let answer = report(&mut host, "/pay-hours", &all);
    let monday = row_of(&answer, ben, "2026-11-16");
    assert_eq!((&monday["ordinary"], &monday["overtime"]), (&json!(27_360), &json!(0)));
}

#[test]
fn holidays_are_those_of_where_somebody_is_based_or_of_where_it_was_worked_as_it_is_settled() {
    let Firm { mut host, mia, .. } = firm();
    // Cup day in Melbourne, which is none in Sydney, where she is based; and one of Sydney, when she works in Melbourne.
    for (name, day, zone) in
        [("Cup day", "2026-11-18", "Australia/Melbourne"), ("Show", "2026-11-19", "Australia/Sydney")]
    {
        host.insert("timesheets/holidays", json!({ "name": name, "day": day, "zone": zone })).unwrap();
    }
    let sheets = host.find(select("timesheets/sheets").columns(["id"]).filter(field("user").eq(mia))).unwrap();
    let sheet = sheets.records().next().unwrap().reference("id").unwrap();
    for day in ["2026-11-18", "2026-11-19"] {
        let body = json!({
            "user": mia, "sheet": sheet, "local_date": day, "duration": 14_400, "zone": "Australia/Melbourne"
        });
        host.insert("timesheets/entries", body).unwrap();
    }
    settle(&mut host, "holiday_apart", true);
    let all = [&WEEK[..], &[("time", "all")]].concat();
    let told = |host: &mut Host, day: &str| {
        let row = row_of(&report(host, "/pay-hours", &all), mia, day);
        ["on_holiday", "ordinary", "holiday"].map(|name| row[name].as_i64().unwrap())
    };
    // Of the Wednesday, she was in Sydney for two hours.
    assert_eq!(told(&mut host, "2026-11-18"), [0, 21_600, 0]);
    assert_eq!(told(&mut host, "2026-11-19"), [14_400, 0, 28_800]);
    settle(&mut host, "holidays_of", "work");
    assert_eq!(told(&mut host, "2026-11-18"), [14_400, 7_200, 28_800]);
    assert_eq!(told(&mut host, "2026-11-19"), [0, 14_400, 0]);
    // Who did not work has the holidays of where they are based.
    assert_eq!(told(&mut host, "2026-11-17"), [0, 0, 28_800]);
}

#[test]
fn a_rule_of_pay_holds_from_its_day_on() {
    let Firm { mut host, mia, .. } = firm();
    settle(&mut host, "pay_item_overtime", "OT 1.5");
    let later = json!({ "effective_from": "2026-11-18", "overtime_first": 3_600, "pay_item_overtime": "OT 1.75" });
    host.insert("timesheets/pay-rules", later).unwrap();
    worked(&mut host, mia, None, "2026-11-18", 36_000, false);
    let all = [&WEEK[..], &[("time", "all")]].concat();
    let answer = report(&mut host, "/pay-hours", &all);
    let told = |day: &str| {
        let row = row_of(&answer, mia, day);
        ["ordinary", "overtime", "further_overtime"].map(|name| row[name].as_i64().unwrap())
    };
    assert_eq!(told("2026-11-16"), [28_800, 7_200, 0]);
    assert_eq!(told("2026-11-18"), [28_800, 3_600, 10_800]);
    let items = report(&mut host, "/pay-items", &all);
    let named = |item: &str, day: &str| {
        items["rows"].as_array().unwrap().iter().any(|row| row["item"] == item && row["day"] == day)
    };
    assert!(named("OT 1.5", "2026-11-16") && named("OT 1.75", "2026-11-18"), "{items}");
}

#[test]
fn a_leader_is_told_of_their_crew_on_the_days_whose_weeks_were_its() {
    let Firm { mut host, mia, ben } = firm();
    let [ana, zoe] = ["Ana", "Zoe"].map(|name| host.add_person(name));
    let crew = |host: &mut Host, name: &str, leader: Id, members: &[Id]| {
        host.insert("timesheets/crews", json!({ "name": name, "leaders": [leader], "members": members })).unwrap()
    };
    // Mia's week was of Ana's crew, and she is in Zoe's by now, as Ben is, whose week was of none.
    let (was, is) = (crew(&mut host, "Sydney", ana, &[]), crew(&mut host, "Perth", zoe, &[mia, ben]));
    let sheets = host.find(select("timesheets/sheets").columns(["id"]).filter(field("user").eq(mia))).unwrap();
    let sheet = sheets.records().next().and_then(|row| row.reference("id")).unwrap();
    host.update("timesheets/sheets", sheet, json!({ "crew": was })).unwrap();
    let pattern = host.find(select("timesheets/work-patterns").columns(["id"])).unwrap();
    let pattern = pattern.records().next().and_then(|row| row.reference("id")).unwrap();
    host.update("timesheets/work-patterns", pattern, json!({ "crew": is })).unwrap();
    let told = |host: &mut Host, by: Id, held: &[&str], query: &[(&str, &str)]| {
        host.caller.principal = lignaflow_sdk::context::Principal::Person(by);
        host.caller.permissions =
            std::iter::once("records.read").chain(held.iter().copied()).map(str::to_owned).collect();
        let answer = report(host, "/utilisation", query);
        let figures = |row: &serde_json::Value| {
            (row["id"].as_str().unwrap().parse::<Id>().unwrap(), row["capacity"].as_i64(), row["worked"].as_i64())
        };
        let mut rows: Vec<_> = answer["rows"].as_array().unwrap().iter().map(figures).collect();
        rows.retain(|(id, ..)| ![ana, zoe].contains(id));
        rows.sort();
        rows
    };
    let (approve, week) = (["timesheets.approve"], &WEEK);
    let of_mia = (mia, Some(86_400), Some(43_200));
    assert_eq!(told(&mut host, ana, &approve, week), [of_mia]);
    assert_eq!(told(&mut host, zoe, &approve, week), []);
    assert_eq!(told(&mut host, ana, &[], week), [], "who may do nothing with it leads nobody");
    // Without a sheet, a week is of who is in the crew: Mia works Monday to Thursday, and Ben as everybody does.
    let next = [("from", "2026-11-30"), ("until", "2026-12-06")];
    let mut expected = [(mia, Some(115_200), Some(0)), (ben, Some(136_800), Some(0))];
    expected.sort();
    assert_eq!(told(&mut host, zoe, &approve, &next), expected);
    assert_eq!(told(&mut host, ana, &approve, &next), []);
}
