//! What a pay run takes beside hours, once.

use super::approving::{Firm, firm, firm_on};
use super::*;
use lignaflow_plugin_worktime::bands::{Time, to_pay};
use proptest::prelude::{ProptestConfig, Strategy, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use std::collections::BTreeMap;

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
            format!("PAY-0001,Mia,E-07,{mia},band,2026-11-16,,,,,,Ordinary hours,7.6000,h,,,,,,"),
            format!("PAY-0001,Mia,E-07,{mia},band,2026-11-16,,,,,,Overtime,0.4000,h,,,,,,"),
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

/// What the bands of a run's file say: the day, the pay item, the quantity, and whether it is late.
fn banded(firm: &mut Firm, run: &Json) -> Vec<String> {
    let lines = firm.file("pay", run);
    let cells = lines.iter().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    cells
        .filter(|cells| cells[4] == "band")
        .map(|cells| [cells[5], cells[11], cells[12], cells[19]].join(" "))
        .collect()
}

#[test]
fn a_run_that_noted_no_bands_has_paid_its_time_all_the_same() {
    // Nobody removes bands; here they are removed so that it is as it was before runs noted any.
    let mut firm = firm_on(host_of(&DESCRIPTOR.replace("remove = \"false\"", "remove = \"true\"")));
    firm.hours("2026-11-16", 8);
    let sheet = firm.submit("2026-11-16");
    firm.approve(sheet);
    pay(&mut firm, "2026-11-16");
    let noted = firm.host.find(select("bands").columns(["id"])).unwrap();
    let noted: Vec<Id> = noted.records().filter_map(|row| row.reference("id")).collect();
    assert!(!noted.is_empty());
    for band in noted {
        firm.host.remove("bands", band).unwrap();
    }
    firm.hours("2026-11-23", 1);
    let sheet = firm.submit("2026-11-23");
    firm.approve(sheet);
    let late = pay(&mut firm, "2026-11-29");
    assert_eq!(banded(&mut firm, &late), ["2026-11-23 Ordinary hours 1.0000 "]);
    let entry = firm.as_boss().find(select("entries").columns(["id"]).filter(field("duration").eq(28_800))).unwrap();
    let entry = entry.records().next().unwrap().reference("id").unwrap();
    firm.host.caller.now = at("2026-11-30T01:00:00Z");
    firm.as_mia().post(&format!("/entries/{entry}/correct"), &json!({ "reason": "Longer", "time": "9" })).unwrap();
    let sheet = firm.submit("2026-11-30");
    firm.approve(sheet);
    let third = pay(&mut firm, "2026-12-06");
    assert_eq!(banded(&mut firm, &third), ["2026-11-16 Overtime 1.0000 yes"], "not the whole day again");
}

#[test]
fn what_a_run_pays_of_a_week_is_what_the_runs_before_left_of_it() {
    let mut firm = firm();
    let rule = json!({ "effective_from": "2026-01-01", "overtime_by": "week", "overtime_week": 72_000, "pay_item_overtime": "OT 1.5" });
    firm.as_boss().insert("pay-rules", rule).unwrap();
    let monday = firm.hours("2026-11-16", 10);
    firm.hours("2026-11-18", 11);
    let sheet = firm.submit("2026-11-16");
    firm.approve(sheet);
    // In the middle of the week: nothing is overtime yet.
    let first = pay(&mut firm, "2026-11-17");
    assert_eq!(banded(&mut firm, &first), ["2026-11-16 Ordinary hours 10.0000 "]);
    let second = pay(&mut firm, "2026-11-22");
    let told = ["2026-11-18 Ordinary hours 10.0000 ", "2026-11-18 OT 1.5 1.0000 "];
    assert_eq!(banded(&mut firm, &second), told);
    let of = firm.as_boss().run(|| {
        records::get_for_caller(
            "pay-runs",
            second["id"].as_str().unwrap().parse().unwrap(),
            &["ordinary", "overtime", "duration"],
        )
    });
    let of = of.unwrap().unwrap();
    assert_eq!(["ordinary", "overtime", "duration"].map(|name| of.integer(name)), [36_000, 3_600, 39_600].map(Some));

    // Four hours less of Monday: three are left of what is ordinary, so that the hour of Wednesday is no overtime.
    let path = format!("/entries/{monday}/correct");
    firm.as_mia().post(&path, &json!({ "reason": "Left early", "time": "6" })).unwrap();
    let sheet = firm.submit("2026-11-23");
    firm.approve(sheet);
    let third = pay(&mut firm, "2026-11-29");
    let told = [
        "2026-11-16 Ordinary hours -4.0000 yes",
        "2026-11-18 Ordinary hours 1.0000 yes",
        "2026-11-18 OT 1.5 -1.0000 yes",
    ];
    assert_eq!(banded(&mut firm, &third), told);
    // What stands in its place is corrected in turn, and is of the same day.
    let page = firm.as_boss().find(select("entries").columns(["id"]).filter(field("duration").eq(21_600))).unwrap();
    let instead = page.records().next().unwrap().reference("id").unwrap();
    let path = format!("/entries/{instead}/correct");
    let again = json!({ "reason": "Came back", "time": "10" });
    let refused = firm.as_mia().post(&path, &again).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Locked, "the week in which it would be kept is out");
    firm.host.caller.now = at("2026-11-30T01:00:00Z");
    firm.as_mia().post(&path, &again).unwrap();
    let sheet = firm.submit("2026-11-30");
    firm.approve(sheet);
    let fourth = pay(&mut firm, "2026-12-06");
    let told = [
        "2026-11-16 Ordinary hours 4.0000 yes",
        "2026-11-18 Ordinary hours -1.0000 yes",
        "2026-11-18 OT 1.5 1.0000 yes",
    ];
    assert_eq!(banded(&mut firm, &fourth), told);
    // A file stays the same, whatever is settled by now.
    let rule = json!({ "effective_from": "2026-01-02", "overtime_by": "day" });
    firm.as_boss().insert("pay-rules", rule).unwrap();
    assert!(banded(&mut firm, &first)[0].ends_with("10.0000 "));
}

#[test]
fn what_is_paid_on_a_holiday_is_of_where_somebody_is_based_or_of_where_it_was_worked() {
    for (of, told) in [
        ("person", ["2026-11-16 Ordinary hours 4.0000 ", "2026-11-17 Worked on a public holiday 4.0000 "]),
        ("work", ["2026-11-16 Worked on a public holiday 4.0000 ", "2026-11-17 Ordinary hours 4.0000 "]),
    ] {
        let mut firm = firm();
        let rule = json!({ "effective_from": "2026-01-01", "holiday_apart": true, "holidays_of": of });
        firm.as_boss().insert("pay-rules", rule).unwrap();
        for (day, zone) in [("2026-11-16", "Australia/Perth"), ("2026-11-17", "Australia/Sydney")] {
            firm.as_boss().insert("holidays", json!({ "name": zone, "day": day, "zone": zone })).unwrap();
            let task = firm.task;
            let body = json!({ "task": task, "local_date": day, "duration": 14_400, "zone": "Australia/Perth" });
            firm.as_mia().insert("entries", body).unwrap();
        }
        let sheet = firm.submit("2026-11-16");
        firm.approve(sheet);
        let run = pay(&mut firm, "2026-11-22");
        assert_eq!(banded(&mut firm, &run), told, "{of}");
    }
}

#[test]
fn what_time_is_paid_as_is_seen_by_its_person_and_who_makes_runs_and_nobody_writes_it() {
    let mut firm = firm();
    firm.hours("2026-11-16", 8);
    let sheet = firm.submit("2026-11-16");
    firm.approve(sheet);
    let run = pay(&mut firm, "2026-11-22");
    let seen = |host: &mut Host| host.run(|| records::find(select("bands").columns(["id"]))).unwrap();
    assert_eq!(seen(firm.as_mia()).rows.len(), 1, "it is of her own time");
    let ben = firm.host.add_person("Ben");
    firm.as_mia().caller.principal = context::Principal::Person(ben);
    assert_eq!(seen(&mut firm.host).rows.len(), 0);
    let known = seen(firm.as_boss()).records().next().unwrap().reference("id").unwrap();
    let body = json!({ "run": run["id"], "user": firm.mia, "local_date": "2026-11-16", "ordinary": 3_600 });
    let refused = [
        firm.as_boss().insert("bands", body).map(|_| ()),
        firm.as_boss().update("bands", known, json!({ "ordinary": 3_600 })),
        firm.as_boss().remove("bands", known),
    ];
    let codes = refused.map(|outcome| outcome.unwrap_err().code);
    assert_eq!(codes, [ErrorCode::Invalid, ErrorCode::Denied, ErrorCode::Denied], "each field is the code's to write");
}

/// What happens to two weeks on their way to the payroll.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Approve(usize),
    Pay(u32),
    Cancel(usize),
    Correct(usize),
}

const BANDS: [&str; 6] = ["ordinary", "overtime", "further_overtime", "saturday", "sunday", "on_holiday"];

const PAID_WEEKS: [&str; 3] = ["2026-11-09", "2026-11-16", "2026-11-23"];

fn paying() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        (0..2_usize).prop_map(Deed::Approve),
        (8..30_u32).prop_map(Deed::Pay),
        (0..4_usize).prop_map(Deed::Cancel),
        (0..4_usize).prop_map(Deed::Correct),
    ];
    prop::collection::vec(deed, 1..10)
}

/// What is in each run, as the records say: how many, and seconds of time.
fn marked(firm: &mut Firm, collection: &str) -> BTreeMap<Option<Id>, (i64, i64)> {
    let length = match collection {
        "entries" => "duration",
        "leave" => "paid_time",
        _ => "id",
    };
    let page = firm.as_boss().find(select(collection).columns(["pay_run", length])).unwrap();
    let mut runs: BTreeMap<Option<Id>, (i64, i64)> = BTreeMap::new();
    for row in page.records() {
        let of = runs.entry(row.reference("pay_run")).or_default();
        of.0 += 1;
        of.1 += row.integer(length).unwrap_or(0);
    }
    runs
}

fn runs(firm: &mut Firm, status: &str) -> Vec<(Id, Fields)> {
    let columns = ["id", "entries", "allowances", "leave", "duration"].into_iter().chain(BANDS);
    let page = firm.as_boss().find(select("pay-runs").columns(columns).filter(field("status").eq(status))).unwrap();
    page.records().map(|row| (row.reference("id").unwrap(), row.to_fields())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_approved_paid_cancelled_and_corrected_is_paid_exactly_once(
        deeds in paying(), by in prop::sample::select(&["day", "week", "both"][..]),
    ) {
        let mut firm = firm();
        let entries: Vec<Id> = [("2026-11-09", 8), ("2026-11-12", 10), ("2026-11-16", 6), ("2026-11-18", 9)]
            .map(|(day, hours)| firm.hours(day, hours))
            .into();
        for day in ["2026-11-10", "2026-11-16"] {
            travel(&mut firm, day);
        }
        leave(&mut firm, "2026-11-19", "2026-11-20");
        let rule = json!({ "effective_from": "2026-01-01", "overtime_by": by, "overtime_week": 45_000 });
        firm.as_boss().insert("pay-rules", rule).unwrap();
        let mut approved = [false; 2];
        for deed in deeds.into_iter().chain([Deed::Approve(0), Deed::Approve(1)]) {
            match deed {
                Deed::Approve(week) => {
                    if !std::mem::replace(&mut approved[week], true) {
                        let sheet = firm.submit(PAID_WEEKS[week]);
                        firm.approve(sheet);
                    }
                }
                Deed::Pay(day) => {
                    // There may be nothing to pay.
                    let _ = firm.as_boss().post("/runs/pay", &json!({ "until": format!("2026-11-{day:02}") }));
                }
                Deed::Cancel(nth) => {
                    if let Some((run, _)) = runs(&mut firm, "made").get(nth) {
                        let path = format!("/runs/pay/{run}/cancel");
                        firm.as_boss().post(&path, &json!({ "reason": "Wrong" })).unwrap();
                    }
                }
                Deed::Correct(nth) => {
                    // What is in no run is changed, and not corrected; and each is corrected once.
                    let path = format!("/entries/{}/correct", entries[nth]);
                    let _ = firm.as_boss().post(&path, &json!({ "reason": "Wrong", "time": "7" }));
                }
            }
            // Nothing is in a run that was cancelled, and each that stands tells what is in it.
            let made = runs(&mut firm, "made");
            for (collection, count) in [("entries", "entries"), ("allowances", "allowances"), ("leave", "leave")] {
                let marked = marked(&mut firm, collection);
                prop_assert!(marked.keys().flatten().all(|run| made.iter().any(|(known, _)| known == run)));
                for (run, told) in &made {
                    let (number, seconds) = marked.get(&Some(*run)).copied().unwrap_or_default();
                    prop_assert_eq!(told.integer(count).unwrap_or(0), number, "{}", collection);
                    if collection == "entries" {
                        prop_assert_eq!(told.integer("duration"), Some(seconds));
                        // It is paid as much as it took, each second once.
                        let banded: i64 = BANDS.iter().map(|name| told.integer(name).unwrap_or(0)).sum();
                        prop_assert_eq!(banded, seconds);
                    }
                }
            }
        }
        // What was corrected waits in the week in which it was.
        let late = firm.as_boss().count("entries", field("corrects").is_set()).unwrap();
        if late > 0 {
            let sheet = firm.submit(PAID_WEEKS[2]);
            firm.approve(sheet);
        }
        let _ = firm.as_boss().post("/runs/pay", &json!({ "until": "2026-12-31" }));
        for collection in ["entries", "allowances", "leave"] {
            prop_assert!(!marked(&mut firm, collection).contains_key(&None), "some of {collection} is not paid");
        }
        let (mut lines, mut parts) = (BTreeMap::<String, usize>::new(), 0_i64);
        for (run, _) in runs(&mut firm, "made") {
            for line in firm.file("pay", &json!({ "id": run })).into_iter().skip(1) {
                let cells: Vec<&str> = line.split(',').collect();
                *lines.entry(cells[4].to_owned()).or_default() += 1;
                if cells[4] == "time" {
                    parts += cells[10].replace('.', "").parse::<i64>().unwrap();
                }
            }
        }
        let corrected = usize::try_from(late / 2).unwrap();
        prop_assert_eq!(lines.get("time").copied(), Some(4 + 2 * corrected));
        prop_assert_eq!((lines.get("allowance").copied(), lines.get("leave").copied()), (Some(2), Some(1)));
        // Of what was corrected, seven hours stand in the end, whatever they were before.
        let page = firm.as_boss().find(select("entries").columns(["duration"])).unwrap();
        let seconds: i64 = page.records().map(|row| row.integer("duration").unwrap()).sum();
        prop_assert_eq!(parts * 3_600, seconds * 10_000);
        // However runs were made and cancelled, together they pay each day as all that stands of its week comes to.
        let columns = ["local_date", "stands_for", "duration"];
        let page = firm.as_boss().find(select("entries").columns(columns)).unwrap();
        let mut worked: BTreeMap<Date, Time> = BTreeMap::new();
        for row in page.records() {
            let day = row.date("stands_for").or(row.date("local_date")).unwrap();
            worked.entry(day).or_default().add(row.integer("duration").unwrap(), false);
        }
        let (book, weeks) = firm.as_boss().run(|| (crate::bands::rulebook().unwrap(), calendar::of_organization().unwrap()));
        let whole = to_pay(&book, weeks, |_| 27_360, &worked, &BTreeMap::new());
        let columns = ["local_date"].into_iter().chain(BANDS);
        let page = firm.as_boss().find(select("bands").columns(columns).filter(field("run.status").eq("made"))).unwrap();
        let mut paid: BTreeMap<Date, [i64; 6]> = BTreeMap::new();
        for row in page.records() {
            let of = paid.entry(row.date("local_date").unwrap()).or_default();
            for (sum, name) in of.iter_mut().zip(BANDS) {
                *sum += row.integer(name).unwrap();
            }
        }
        paid.retain(|_, bands| *bands != [0; 6]);
        let whole: BTreeMap<Date, [i64; 6]> =
            whole.into_iter().map(|(day, bands)| (day, bands.items().map(|(_, seconds)| seconds))).collect();
        prop_assert_eq!(paid, whole);
    }
}
