//! Weeks that begin as the organization's do, also where that was changed in between.

use super::approving::firm;
use super::*;
use crate::weeks::Weeks;
use proptest::prelude::*;

fn weeks_of_sheets(host: &Host) -> Vec<String> {
    let sheets = host.find(select("sheets").columns(["week"]).sort("week")).unwrap();
    sheets.records().filter_map(|row| row.date("week")).map(|week| week.to_string()).collect()
}

#[test]
fn a_sheet_begins_on_the_day_that_the_organizations_weeks_do() {
    for (starts, week) in [(1, "2026-11-16"), (7, "2026-11-15"), (6, "2026-11-14")] {
        let mut firm = firm();
        firm.host.weeks_start(starts);
        firm.hours("2026-11-18", 7);
        let shown = firm.as_mia().get("/week", &[("week", "2026-11-18")]).unwrap().json().clone();
        assert_eq!((&shown["week"], shown["days"].as_array().map(Vec::len)), (&json!(week), Some(7)));
        assert_eq!(weeks_of_sheets(&firm.host), [week]);
        // What a day is expected to be goes by its weekday, wherever the week begins.
        let days: Vec<Date> = shown["days"].as_array().unwrap().iter().map(|it| day(it.as_str().unwrap())).collect();
        for (of, expected) in days.iter().zip(shown["expected"].as_array().unwrap()) {
            assert_eq!(expected, &json!(if of.weekday() > 5 { 0 } else { 27_360 }), "{of}");
        }
        let team = firm.as_boss().get("/team", &[("week", "2026-11-20")]).unwrap().json().clone();
        assert_eq!((&team["week"], &team["rows"][0]["total"]), (&json!(week), &json!(25_200)));
    }
}

#[test]
fn where_weeks_begin_with_another_day_since_a_sheet_keeps_its_days() {
    let mut firm = firm();
    firm.hours("2026-11-18", 7);
    let sheet = firm.submit("2026-11-16");
    firm.host.weeks_start(7);
    // Which of two sheets was there first is told by when they were made.
    firm.host.caller.now = at("2026-11-23T02:00:00Z");
    // Of the week that was submitted each day is refused, also the one that would be the first of a new one.
    for locked in ["2026-11-16", "2026-11-22"] {
        let body = json!({ "task": firm.task, "local_date": locked, "duration": 3600 });
        assert_eq!(firm.as_mia().insert("entries", body).unwrap_err().code, ErrorCode::Locked, "{locked}");
    }
    firm.hours("2026-11-23", 3);
    firm.hours("2026-11-15", 2);
    assert_eq!(weeks_of_sheets(&firm.host), ["2026-11-15", "2026-11-16", "2026-11-22"]);
    assert_eq!(firm.host.record("sheets", sheet).unwrap()["total"], 7 * 3600);
    let shown = firm.as_mia().get("/week", &[("week", "2026-11-19")]).unwrap().json().clone();
    assert_eq!((&shown["week"], &shown["status"]), (&json!("2026-11-16"), &json!("submitted")));
    assert_eq!((&shown["previous"], &shown["next"]), (&json!("2026-11-15"), &json!("2026-11-23")));
    // Who approves finds it in the week that it begins in.
    let team = firm.as_boss().get("/team", &[("week", "2026-11-17")]).unwrap().json().clone();
    let rows = team["rows"].as_array().unwrap();
    let old = rows.iter().find(|row| row["id"] == json!(sheet)).unwrap();
    assert_eq!((&old["total"], &old["ready"]), (&json!(7 * 3600), &json!(true)));
    assert_eq!(old["notes"], json!(["Of 16 – 22 Nov 2026, as weeks began then."]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_day_lies_in_the_week_that_begins_on_it_or_up_to_six_days_before(starts in 1_u8..=7, days in 0_i32..60_000) {
        let mut host = host();
        host.weeks_start(starts);
        let of = Date::from_days(days).unwrap();
        let week = host.run(|| Weeks::read().unwrap().week_of(of));
        prop_assert!((0..7).contains(&of.days_since(week)));
        prop_assert_eq!(week.weekday(), starts);
        prop_assert!(crate::weeks::days_of(week).contains(&of));
    }

    /// However often it changes, and whatever is entered: each day's time is in one sheet, which holds that day.
    #[test]
    fn a_day_of_somebody_is_in_one_sheet_however_often_weeks_change(
        entered in prop::collection::vec((1_u8..=7, 20_770_i32..20_800), 1..12),
    ) {
        let mut host = host();
        let (project, _) = kitchen(&mut host);
        for (starts, days) in entered {
            host.weeks_start(starts);
            host.caller.now = crate::place::later(host.caller.now, 1);
            let body = json!({ "project": project, "duration": 3600, "local_date": Date::from_days(days).unwrap() });
            host.insert("entries", body).unwrap();
        }
        let entries = host.find(select("entries").columns(["local_date", "sheet", "sheet.week"]).limit(100)).unwrap();
        let mut of_day = std::collections::BTreeMap::new();
        for row in entries.records() {
            let (of, week) = (row.date("local_date").unwrap(), row.date("sheet.week").unwrap());
            prop_assert!((0..7).contains(&of.days_since(week)), "{} in {}", of, week);
            let sheet = row.reference("sheet").unwrap();
            prop_assert_eq!(*of_day.entry(of).or_insert(sheet), sheet, "{}", of);
        }
    }
}

#[test]
fn what_is_paid_beside_hours_is_in_the_sheet_of_its_week_and_shut_with_it() {
    let mut firm = firm();
    let kind = json!({ "name": "Travel", "unit": "km" });
    let kind = firm.as_boss().insert("allowance-kinds", kind).unwrap();
    let travel = |day: &str, km: &str| json!({ "kind": kind, "local_date": day, "quantity": km });
    // Of a week of which nothing else is known, together with the first hours of it.
    let (task, mia) = (firm.task, firm.mia);
    let (hours, way) = (firm.host.new_id(), firm.host.new_id());
    firm.as_mia()
        .batch([
            insert("entries", hours).set("task", task).set("duration", 3600).set("local_date", day("2026-11-17")),
            insert("allowances", way).set("kind", kind).set("local_date", day("2026-11-18")),
        ])
        .unwrap();
    let record = firm.host.record("allowances", way).unwrap();
    assert_eq!((&record["label"], &record["user"]), (&json!("Travel, 1 km"), &json!(mia)));
    assert_eq!(record["sheet"], firm.host.record("entries", hours).unwrap()["sheet"]);
    assert_eq!(weeks_of_sheets(&firm.host), ["2026-11-16"]);
    let fault = firm.as_mia().insert("allowances", travel("2026-11-18", "0")).unwrap_err();
    assert_eq!(codes(&fault), [("/quantity", "range")]);

    let sheet = firm.submit("2026-11-16");
    assert_eq!(firm.as_mia().insert("allowances", travel("2026-11-19", "4")).unwrap_err().code, ErrorCode::Locked);
    assert_eq!(
        firm.as_mia().update("allowances", way, json!({ "quantity": "9" })).unwrap_err().code,
        ErrorCode::Locked
    );
    assert_eq!(firm.as_mia().remove("allowances", way).unwrap_err().code, ErrorCode::Locked);
    firm.as_boss().post("/team/return", &json!({ "id": sheet, "reason": "Say where" })).unwrap();
    firm.as_mia().update("allowances", way, json!({ "quantity": "9.5" })).unwrap();
    assert_eq!(firm.host.record("allowances", way).unwrap()["label"], "Travel, 9.5 km");
    firm.as_boss().insert("periods", json!({ "locked_until": "2026-11-18" })).unwrap();
    let fault = firm.as_mia().update("allowances", way, json!({ "local_date": "2026-11-20" })).unwrap_err();
    assert_eq!(fault.code, ErrorCode::Locked);
}
