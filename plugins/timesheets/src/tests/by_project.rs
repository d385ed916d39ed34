//! Weeks that are approved by project: each line by the manager of its project, the week with the last of them.

use super::approving::{aud, firm as one_firm};
use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const WEEK: &str = "2026-11-16";

/// Mia works on the kitchen, which Ana manages, on the bath, which Ben manages, and drives. Alex approves timesheets.
struct Firm {
    host: Host,
    mia: Id,
    ana: Id,
    ben: Id,
    alex: Id,
    kitchen: Id,
    bath: Id,
    travel: Id,
}

fn firm() -> Firm {
    let mut host = host();
    boss(&mut host);
    let alex = host.caller.person().unwrap();
    let [mia, ana, ben] = ["Mia", "Ana", "Ben"].map(|name| host.add_person(name));
    let mut project = |name: &str, manager: Id| {
        host.insert("projects/projects", json!({ "name": name, "manager": manager, "members": [mia] })).unwrap()
    };
    let (kitchen, bath) = (project("Kitchen", ana), project("Bath", ben));
    let travel = host.insert("activities", json!({ "name": "Travel" })).unwrap();
    host.insert("rates", json!({ "sell": aud(9_000), "effective_from": "2026-01-01" })).unwrap();
    host.give(alex, &["timesheets.approve", "timesheets.see-all"]);
    host.fill_in("approval", "project");
    Firm { host, mia, ana, ben, alex, kitchen, bath, travel }
}

impl Firm {
    fn as_person(&mut self, person: Id) -> &mut Host {
        ask_as(&mut self.host, person);
        if person == self.alex {
            boss(&mut self.host);
        }
        &mut self.host
    }

    /// Mia's time on a project, or on the road.
    fn hours(&mut self, project: Option<Id>, day: &str, hours: i64) -> Result<Id, Fault> {
        let (mia, travel) = (self.mia, self.travel);
        let mut body = json!({ "local_date": day, "duration": hours * 3600 });
        match project {
            Some(project) => body["project"] = json!(project),
            None => body["activity"] = json!(travel),
        }
        self.as_person(mia).insert("entries", body)
    }

    fn submit(&mut self) -> Result<Id, Fault> {
        let mia = self.mia;
        let answer = self.as_person(mia).post("/week/submit", &json!({ "week": WEEK, "attested": true }))?;
        Ok(answer.json()["id"].as_str().unwrap().parse().unwrap())
    }

    /// A day of each, submitted.
    fn submitted(&mut self) -> Id {
        let (kitchen, bath) = (self.kitchen, self.bath);
        self.hours(Some(kitchen), "2026-11-16", 8).unwrap();
        self.hours(Some(bath), "2026-11-17", 6).unwrap();
        self.hours(None, "2026-11-18", 1).unwrap();
        self.submit().unwrap()
    }

    /// The lines of the week by project: id and state.
    fn lines(&self) -> BTreeMap<Option<Id>, (Id, String)> {
        let asked = select("lines").columns(["id", "project", "status"]).sort("id");
        let page = self.host.find(asked).unwrap();
        page.records()
            .map(|row| {
                let status = row.text("status").unwrap().to_owned();
                (row.reference("project"), (row.reference("id").unwrap(), status))
            })
            .collect()
    }

    fn line(&self, of: Option<Id>) -> Id {
        self.lines()[&of].0
    }

    fn states(&self) -> [Option<String>; 3] {
        let lines = self.lines();
        [Some(self.kitchen), Some(self.bath), None].map(|of| lines.get(&of).map(|(_, status)| status.clone()))
    }

    fn approve(&mut self, by: Id, of: Option<Id>) -> Result<(), Fault> {
        let line = self.line(of);
        self.as_person(by).post("/project-lines/approve", &json!({ "ids": [line] })).map(|_| ())
    }

    fn give_back(&mut self, by: Id, of: Option<Id>, reason: &str) -> Result<(), Fault> {
        let line = self.line(of);
        self.as_person(by).post("/project-lines/return", &json!({ "id": line, "reason": reason })).map(|_| ())
    }

    fn sheet(&self, sheet: Id) -> Json {
        self.host.record("sheets", sheet).unwrap()
    }

    fn told(&self, person: Id) -> Vec<(String, String)> {
        let notices = self.host.notices().into_iter().filter(|notice| notice.people.contains(&person));
        notices.map(|notice| (notice.title, notice.text)).collect()
    }
}

fn three(states: [&str; 3]) -> [Option<String>; 3] {
    states.map(|state| Some(state.to_owned()).filter(|state| !state.is_empty()))
}

#[test]
fn a_week_is_approved_once_each_manager_has_approved_what_it_has_of_their_project() {
    let mut firm = firm();
    let (mia, ana, ben, alex, kitchen, bath) = (firm.mia, firm.ana, firm.ben, firm.alex, firm.kitchen, firm.bath);
    let sheet = firm.submitted();
    assert_eq!((&firm.sheet(sheet)["status"], &firm.sheet(sheet)["by_line"]), (&json!("submitted"), &json!(true)));
    assert_eq!(firm.states(), three(["waiting", "waiting", "waiting"]));
    let title = "Time of Mia of 16 – 22 Nov 2026 waits for you".to_owned();
    assert_eq!(firm.told(ana), [(title.clone(), "Kitchen, 8:00".to_owned())]);
    assert_eq!(firm.told(ben), [(title.clone(), "Bath, 6:00".to_owned())]);
    assert_eq!(firm.told(alex), [(title, "Time without a project, 1:00".to_owned())]);
    assert_eq!(firm.told(mia), []);

    // Each sees what is theirs, with the time that it is of, and decides about nothing else.
    let seen = firm.as_person(ana).get("/project-lines", &[]).unwrap().json().clone();
    let rows = seen["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{seen}");
    assert_eq!(
        (&rows[0]["title"], &rows[0]["detail"], &rows[0]["ready"]),
        (&json!("Mia"), &json!("Kitchen"), &json!(true))
    );
    assert_eq!((&rows[0]["cells"][0], &rows[0]["entries"][0]["seconds"]), (&json!(28_800), &json!(28_800)));
    assert_eq!(firm.as_person(mia).get("/project-lines", &[]).unwrap().json(), &Json::Null);
    assert_eq!(codes(&firm.approve(ana, Some(bath)).unwrap_err()), [("/ids/0", "unknown-reference")]);
    assert_eq!(codes(&firm.give_back(mia, Some(kitchen), "no").unwrap_err()), [("/id", "unknown-reference")]);
    let line = firm.line(Some(bath));
    assert_eq!(firm.as_person(ana).transition("lines", line, "approve").unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(firm.as_person(alex).transition("lines", line, "approve").unwrap_err().code, ErrorCode::Denied);
    let line = firm.line(Some(kitchen));
    assert_eq!(firm.as_person(mia).transition("lines", line, "approve").unwrap_err().code, ErrorCode::Denied);
    for path in ["/team/approve", "/team/return"] {
        let body = json!({ "ids": [sheet], "id": sheet, "reason": "no" });
        let whole = firm.as_person(alex).post(path, &body).unwrap_err();
        assert_eq!(whole.code, ErrorCode::Conflict, "{whole:?}");
    }
    let team = firm.as_person(alex).get("/team", &[("week", WEEK)]).unwrap().json().clone();
    let hers = team["rows"].as_array().unwrap().iter().find(|row| row["title"] == "Mia").unwrap();
    assert_eq!(hers["ready"], false);
    assert!(hers["notes"][0].as_str().unwrap().contains("Kitchen waits for Ana"), "{hers}");

    // What is approved of one project can be billed; paid is the whole week or nothing.
    firm.approve(ana, Some(kitchen)).unwrap();
    assert_eq!(
        (firm.states(), &firm.sheet(sheet)["status"]),
        (three(["approved", "waiting", "waiting"]), &json!("submitted"))
    );
    let until = json!({ "until": "2026-11-22" });
    let bill = firm.as_person(alex).post("/runs/billing", &until).unwrap();
    assert_eq!((&bill.json()["entries"], &bill.json()["amount"]), (&json!(1), &aud(72_000)));
    assert_eq!(firm.as_person(alex).post("/runs/pay", &until).unwrap_err().code, ErrorCode::Conflict);

    firm.approve(alex, None).unwrap();
    assert_eq!(firm.approve(alex, None).unwrap_err().code, ErrorCode::Conflict, "once");
    // The verb of the record does the same as the page.
    let line = firm.line(Some(bath));
    firm.as_person(ben).transition("lines", line, "approve").unwrap();
    let record = firm.sheet(sheet);
    assert_eq!((&record["status"], &record["approver"]), (&json!("approved"), &json!(ben)));
    let pay = firm.as_person(alex).post("/runs/pay", &until).unwrap();
    assert_eq!((&pay.json()["entries"], &pay.json()["duration"]), (&json!(3), &json!(15 * 3600)));
    assert_eq!(firm.sheet(sheet)["status"], "exported");
    let fault = firm.give_back(ben, Some(bath), "too late").unwrap_err();
    assert_eq!(fault.code, ErrorCode::Locked);
}

#[test]
fn what_is_returned_opens_its_own_time_alone_and_waits_anew() {
    let mut firm = firm();
    let (mia, ana, ben, alex, kitchen, bath) = (firm.mia, firm.ana, firm.ben, firm.alex, firm.kitchen, firm.bath);
    let of_bath = firm.hours(Some(bath), "2026-11-19", 2).unwrap();
    let of_kitchen = firm.hours(Some(kitchen), "2026-11-19", 2).unwrap();
    let sheet = firm.submitted();
    firm.approve(ben, Some(bath)).unwrap();
    assert_eq!(firm.host.record("entries", of_bath).unwrap()["approved"], true);
    let silent = firm.as_person(ana);
    let line: Id =
        silent.get("/project-lines", &[]).unwrap().json()["rows"][0]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(codes(&silent.transition("lines", line, "return").unwrap_err()), [("/reason", "required")]);
    firm.give_back(ana, Some(kitchen), "Thursday was on the bath.").unwrap();
    let record = firm.sheet(sheet);
    assert_eq!((&record["status"], &record["attested"]), (&json!("returned"), &json!(false)));
    assert_eq!(record["reason"], "Kitchen: Thursday was on the bath.");
    assert_eq!(firm.states(), three(["returned", "approved", "waiting"]));
    assert!(
        firm.told(mia)
            .contains(&("Kitchen of 16 – 22 Nov 2026 was returned".to_owned(), "Thursday was on the bath.".to_owned()))
    );

    // She sees which line is what, and can type into the one that came back.
    let week = firm.as_person(mia).get("/week", &[("week", WEEK)]).unwrap().json().clone();
    assert_eq!(week["open"], true);
    let row = |title: &str| week["rows"].as_array().unwrap().iter().find(|row| row["title"] == title).unwrap().clone();
    assert_eq!((&row("Kitchen")["status"], &row("Kitchen")["shut"]), (&json!("returned"), &json!(false)));
    assert_eq!(row("Kitchen")["note"], "Thursday was on the bath.");
    assert_eq!((&row("Bath")["note"], &row("Bath")["shut"]), (&json!("By Ben"), &json!(true)));
    assert_eq!(row("Travel")["status"], "waiting");
    assert!(week["more"].as_array().unwrap().iter().all(|more| more["title"] != "Bath"), "{week}");

    // Time of what waits or is approved neither comes, changes, moves nor goes.
    let locked = |result: Result<(), Fault>| assert_eq!(result.unwrap_err().code, ErrorCode::Locked);
    locked(firm.hours(Some(bath), "2026-11-20", 1).map(|_| ()));
    locked(firm.hours(None, "2026-11-20", 1).map(|_| ()));
    locked(firm.as_person(mia).update("entries", of_bath, json!({ "note": "x" })));
    locked(firm.as_person(alex).update("entries", of_bath, json!({ "duration": 60 })));
    locked(firm.as_person(mia).update("entries", of_bath, json!({ "local_date": "2026-11-09" })));
    locked(firm.as_person(mia).update("entries", of_bath, json!({ "project": kitchen })));
    locked(firm.as_person(mia).update("entries", of_kitchen, json!({ "project": bath })));
    locked(firm.as_person(mia).remove("entries", of_bath));
    let cell = |project: Id| json!({ "week": WEEK, "cells": [{ "key": { "project": project }, "day": "2026-11-20", "value": "3" }] });
    locked(firm.as_person(mia).post("/week", &cell(bath)).map(|_| ()));
    let kind = firm.as_person(alex).insert("allowance-kinds", json!({ "name": "Travel" })).unwrap();
    locked(firm.as_person(mia).insert("allowances", json!({ "kind": kind, "local_date": "2026-11-17" })).map(|_| ()));

    // What is of no line yet gets one.
    firm.as_person(mia).remove("entries", of_kitchen).unwrap();
    let porch = json!({ "name": "Porch", "manager": ana, "members": [mia] });
    let porch = firm.as_person(alex).insert("projects/projects", porch).unwrap();
    firm.hours(Some(porch), "2026-11-20", 3).unwrap();
    firm.submit().unwrap();
    assert_eq!(firm.states(), three(["waiting", "approved", "waiting"]), "what was approved stays so");
    assert_eq!(firm.host.record("lines", firm.line(Some(kitchen))).unwrap()["duration"], 8 * 3600);
    assert_eq!(firm.lines()[&Some(porch)].1, "waiting");
    for (who, of) in [(ana, Some(kitchen)), (ana, Some(porch)), (alex, None)] {
        firm.approve(who, of).unwrap();
    }
    assert_eq!(firm.sheet(sheet)["status"], "approved");

    // What was approved by mistake and comes back loses its approval, and the week with it.
    firm.give_back(ben, Some(bath), "Look again").unwrap();
    assert_eq!(firm.sheet(sheet)["status"], "returned");
    assert_eq!(firm.host.record("entries", of_bath).unwrap()["approved"], false);
    firm.as_person(mia).remove("entries", of_bath).unwrap();
    let other = firm.find_entry(bath);
    firm.as_person(mia).remove("entries", other).unwrap();
    firm.submit().unwrap();
    assert_eq!(firm.sheet(sheet)["status"], "approved", "nobody is waited for any more");
    assert_eq!(firm.states(), three(["approved", "", "approved"]));
}

impl Firm {
    fn find_entry(&self, project: Id) -> Id {
        let page = self.host.find(select("entries").columns(["id"]).filter(field("project").eq(project))).unwrap();
        page.records().next().unwrap().reference("id").unwrap()
    }
}

#[test]
fn what_is_billed_of_a_project_holds_its_line_fast_and_no_other() {
    let mut firm = firm();
    let (ana, ben, alex, kitchen, bath) = (firm.ana, firm.ben, firm.alex, firm.kitchen, firm.bath);
    let sheet = firm.submitted();
    firm.approve(ana, Some(kitchen)).unwrap();
    firm.approve(ben, Some(bath)).unwrap();
    let only = json!({ "until": "2026-11-22", "project": kitchen });
    let run = firm.as_person(alex).post("/runs/billing", &only).unwrap().json()["id"].as_str().unwrap().to_owned();
    assert_eq!(firm.give_back(ana, Some(kitchen), "no").unwrap_err().code, ErrorCode::Locked);
    firm.give_back(ben, Some(bath), "Look again").unwrap();
    assert_eq!(
        (firm.states(), &firm.sheet(sheet)["status"]),
        (three(["approved", "returned", "waiting"]), &json!("returned"))
    );
    let cancel = format!("/runs/billing/{run}/cancel");
    firm.as_person(alex).post(&cancel, &json!({ "reason": "Wrong client" })).unwrap();
    firm.give_back(ana, Some(kitchen), "Both").unwrap();
    assert_eq!(firm.sheet(sheet)["reason"], "Bath: Look again; Kitchen: Both");
}

#[test]
fn a_week_is_taken_back_as_far_as_nobody_decided() {
    let mut firm = firm();
    let (mia, ana, ben, kitchen, bath) = (firm.mia, firm.ana, firm.ben, firm.kitchen, firm.bath);
    let sheet = firm.submitted();
    firm.approve(ana, Some(kitchen)).unwrap();
    firm.as_person(mia).transition("sheets", sheet, "recall").unwrap();
    assert_eq!((firm.states(), &firm.sheet(sheet)["status"]), (three(["approved", "open", "open"]), &json!("open")));
    assert_eq!(firm.hours(Some(kitchen), "2026-11-20", 1).unwrap_err().code, ErrorCode::Locked);
    firm.hours(Some(bath), "2026-11-20", 1).unwrap();
    assert_eq!(firm.approve(ben, Some(bath)).unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(firm.submit().unwrap(), sheet);
    assert_eq!(firm.states(), three(["approved", "waiting", "waiting"]));
}

#[test]
fn who_is_away_has_somebody_in_their_place_and_who_manages_their_own_time_has_another() {
    let mut firm = firm();
    let (mia, ana, ben, alex, kitchen, bath) = (firm.mia, firm.ana, firm.ben, firm.alex, firm.kitchen, firm.bath);
    // Ana manages, and names who decides meanwhile; who neither manages nor approves names nobody.
    let away = json!({ "stand_in": ben, "first": "2026-11-23", "last": "2026-11-27" });
    assert_eq!(firm.as_person(mia).insert("stand-ins", away.clone()).unwrap_err().code, ErrorCode::Denied);
    firm.as_person(ana).insert("stand-ins", away).unwrap();
    firm.submitted();
    assert!(firm.told(ben).iter().any(|(_, text)| text.contains("Kitchen, 8:00")), "{:?}", firm.told(ben));
    let seen = firm.as_person(ben).get("/project-lines", &[]).unwrap().json().clone();
    let told: Vec<_> =
        seen["rows"].as_array().unwrap().iter().map(|row| (row["detail"].clone(), row["notes"].clone())).collect();
    assert_eq!(told, [(json!("Bath"), json!([])), (json!("Kitchen"), json!(["In the place of Ana."]))]);
    firm.approve(ben, Some(kitchen)).unwrap();
    let line = firm.host.record("lines", firm.line(Some(kitchen))).unwrap();
    assert_eq!((&line["approver"], &line["in_place_of"]), (&json!(ben), &json!(ana)));

    // Once she has left, who approves timesheets decides in her stead; the same of what a manager worked themselves.
    firm.give_back(ana, Some(kitchen), "Look again").unwrap();
    firm.submit().unwrap();
    firm.host.leave(ana);
    firm.approve(alex, Some(kitchen)).unwrap();
    let own = json!({ "project": bath, "local_date": "2026-11-16", "duration": 3600 });
    firm.as_person(ben).insert("entries", own).unwrap();
    firm.as_person(ben).post("/week/submit", &json!({ "week": WEEK, "attested": true })).unwrap();
    let his = select("lines").columns(["id"]).filter(field("user").eq(ben));
    let his = firm.host.find(his).unwrap().records().next().unwrap().reference("id").unwrap();
    let own = firm.as_person(ben).transition("lines", his, "approve").unwrap_err();
    assert_eq!(own.code, ErrorCode::Denied);
    firm.as_person(alex).transition("lines", his, "approve").unwrap();
}

#[test]
fn time_that_comes_in_the_same_batch_as_its_week_is_submitted_is_of_a_line_or_refused() {
    let mut firm = firm();
    let (mia, kitchen, bath) = (firm.mia, firm.kitchen, firm.bath);
    firm.hours(Some(kitchen), "2026-11-16", 8).unwrap();
    let sheet: Id =
        firm.host.record("entries", firm.find_entry(kitchen)).unwrap()["sheet"].as_str().unwrap().parse().unwrap();
    let both = |of: Id| {
        [
            insert("entries", Id::fresh())
                .set("user", mia)
                .set("project", of)
                .set("local_date", day("2026-11-17"))
                .set("duration", 3_600_i64),
            transition("sheets", sheet, "submit").set("attested", true),
        ]
    };
    assert_eq!(firm.as_person(mia).batch(both(bath)).unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(firm.sheet(sheet)["status"], "open");
    firm.as_person(mia).batch(both(kitchen)).unwrap();
    assert_eq!(firm.states(), three(["waiting", "", ""]));
}

#[test]
fn a_week_goes_the_way_that_it_was_submitted_by_also_where_the_organization_changes_its_mind() {
    let mut firm = firm();
    let (ana, ben, alex, kitchen, bath) = (firm.ana, firm.ben, firm.alex, firm.kitchen, firm.bath);
    let sheet = firm.submitted();
    firm.host.fill_in("approval", "person");
    firm.approve(ana, Some(kitchen)).unwrap();
    firm.give_back(ben, Some(bath), "Look again").unwrap();
    // Somebody approved of it already, which stands.
    firm.submit().unwrap();
    assert_eq!(firm.states(), three(["approved", "waiting", "waiting"]));
    firm.give_back(ana, Some(kitchen), "Both").unwrap();
    firm.submit().unwrap();
    assert_eq!((firm.states(), &firm.sheet(sheet)["by_line"]), (three(["", "", ""]), &json!(false)));
    firm.as_person(alex).post("/team/approve", &json!({ "ids": [sheet] })).unwrap();
    assert_eq!(firm.host.record("entries", firm.find_entry(bath)).unwrap()["approved"], true);
    // And the other way round: what waits as a whole is approved as a whole.
    firm.as_person(alex).post("/team/return", &json!({ "id": sheet, "reason": "Once more" })).unwrap();
    assert_eq!(firm.host.record("entries", firm.find_entry(bath)).unwrap()["approved"], false);
    firm.submit().unwrap();
    firm.host.fill_in("approval", "project");
    firm.as_person(alex).post("/team/approve", &json!({ "ids": [sheet] })).unwrap();
    assert_eq!(firm.sheet(sheet)["status"], "approved");
}

#[test]
fn lines_that_wait_are_told_to_those_whom_they_wait_for_and_the_week_to_nobody_else() {
    let mut firm = firm();
    let (ana, ben, alex, kitchen) = (firm.ana, firm.ben, firm.alex, firm.kitchen);
    firm.submitted();
    firm.approve(ana, Some(kitchen)).unwrap();
    firm.as_person(alex);
    let reminders = firm.host.run(|| crate::remind::waiting(day("2026-11-23"))).unwrap();
    let mut told: Vec<_> = reminders.iter().map(|it| (it.people.clone(), it.title.as_str())).collect();
    let title = "1 line of a timesheet waits for approval";
    let mut expected = vec![(vec![ben], title), (vec![alex], title)];
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
}

#[test]
fn a_day_of_each_project_is_rounded_by_itself_so_that_no_line_changes_another() {
    let mut firm = firm();
    for (key, value) in [("rounding", "nearest"), ("rounding_by", "day")] {
        firm.host.fill_in(key, value);
    }
    firm.host.fill_in("rounding_minutes", 15);
    let (mia, ana, ben, kitchen, bath) = (firm.mia, firm.ana, firm.ben, firm.kitchen, firm.bath);
    let mut minutes = |project: Id, minutes: i64| {
        let body = json!({ "project": project, "local_date": "2026-11-16", "duration": minutes * 60 });
        firm.as_person(mia).insert("entries", body).unwrap()
    };
    let of = [minutes(kitchen, 8), minutes(bath, 4), minutes(bath, 5)];
    firm.submit().unwrap();
    firm.approve(ana, Some(kitchen)).unwrap();
    firm.approve(ben, Some(bath)).unwrap();
    let charged =
        of.map(|entry| firm.host.record("entries", entry).unwrap()["billable_duration"].as_i64().unwrap() / 60);
    assert_eq!((charged[0], charged[1] + charged[2]), (15, 15));
}

#[test]
fn who_stands_in_for_who_approves_sees_what_the_sums_are_of() {
    let mut firm = one_firm();
    let entry = firm.hours("2026-11-17", 7);
    firm.as_mia().update("entries", entry, json!({ "note": "Oak" })).unwrap();
    firm.submit(WEEK);
    let alex = firm.as_boss().caller.person().unwrap();
    firm.host.give(alex, &["timesheets.approve", "timesheets.see-all"]);
    let ben = firm.host.add_person("Ben");
    let away = json!({ "stand_in": ben, "first": "2026-11-23", "last": "2026-11-27" });
    firm.as_boss().insert("stand-ins", away).unwrap();
    firm.as_mia();
    firm.host.caller.principal = context::Principal::Person(ben);
    let theirs = firm.host.run(|| records::find(select("entries").columns(["id"]))).unwrap();
    assert!(theirs.rows.is_empty(), "they open none");
    let shown = firm.host.get("/stand-in", &[("week", WEEK)]).unwrap().json().clone();
    let entries = shown["rows"][0]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{shown}");
    assert_eq!(
        (&entries[0]["title"], &entries[0]["note"], &entries[0]["seconds"]),
        (&json!("Cut"), &json!("Oak"), &json!(25_200))
    );
    let team = firm.as_boss().get("/team", &[("week", WEEK)]).unwrap().json().clone();
    assert_eq!(team["rows"][0]["entries"], json!([]), "who may open records does that");
}

// --- By any sequence of deeds ------------------------------------------------------------------------------------------

#[derive(Debug, Clone, Copy)]
enum Deed {
    Enter(usize),
    Change(usize),
    Submit,
    Recall,
    Approve(usize),
    Return(usize),
    Bill,
    Pay,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let of = 0_usize..3;
    let deed = prop_oneof![
        3 => of.clone().prop_map(Deed::Enter),
        2 => of.clone().prop_map(Deed::Change),
        4 => Just(Deed::Submit),
        1 => Just(Deed::Recall),
        6 => of.clone().prop_map(Deed::Approve),
        2 => of.prop_map(Deed::Return),
        1 => Just(Deed::Bill),
        1 => Just(Deed::Pay),
    ];
    prop::collection::vec(deed, 1..40)
}

/// The time of the week as its entries have it: by project, entry and seconds.
fn time(firm: &Firm) -> Vec<(Option<Id>, Id, i64, bool)> {
    let page = firm.host.find(select("entries").columns(["id", "project", "duration", "approved"]).sort("id")).unwrap();
    let of = |row: lignaflow_sdk::values::Row<'_>| {
        (
            row.reference("project"),
            row.reference("id").unwrap(),
            row.integer("duration").unwrap(),
            row.boolean("approved") == Some(true),
        )
    };
    page.records().map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_sheet_is_approved_if_and_only_if_all_its_lines_are_and_what_is_shut_stays_as_it_is(deeds in deeds()) {
        let mut firm = firm();
        let all = [Some(firm.kitchen), Some(firm.bath), None];
        let deciders = [firm.ana, firm.ben, firm.alex];
        let (mia, alex) = (firm.mia, firm.alex);
        let first = firm.hours(all[0], "2026-11-16", 1).unwrap();
        let sheet: Id = firm.host.record("entries", first).unwrap()["sheet"].as_str().unwrap().parse().unwrap();
        for deed in deeds {
            let was = firm.sheet(sheet)["status"].clone();
            let (before, shut) = (time(&firm), firm.lines());
            let is_shut = |of: &Option<Id>| {
                shut.get(of).is_some_and(|(_, status)| matches!(status.as_str(), "waiting" | "approved"))
            };
            let done = match deed {
                Deed::Enter(at) => firm.hours(all[at], "2026-11-18", 1).map(|_| ()),
                Deed::Change(at) => match before.iter().find(|(of, ..)| *of == all[at]) {
                    Some((_, id, seconds, _)) => {
                        let body = json!({ "duration": seconds % 7_200 + 60 });
                        firm.as_person(mia).update("entries", *id, body)
                    }
                    None => Ok(()),
                },
                Deed::Submit => firm.submit().map(|_| ()),
                Deed::Recall => firm.as_person(mia).transition("sheets", sheet, "recall"),
                Deed::Approve(at) if shut.contains_key(&all[at]) => firm.approve(deciders[at], all[at]),
                Deed::Return(at) if shut.contains_key(&all[at]) => firm.give_back(deciders[at], all[at], "Look again"),
                Deed::Approve(_) | Deed::Return(_) => Ok(()),
                Deed::Bill => firm.as_person(alex).post("/runs/billing", &json!({ "until": "2026-11-22" })).map(|_| ()),
                Deed::Pay => firm.as_person(alex).post("/runs/pay", &json!({ "until": "2026-11-22" })).map(|_| ()),
            };
            if let Err(fault) = &done {
                let known = matches!(fault.code, ErrorCode::Conflict | ErrorCode::Locked);
                prop_assert!(known, "{:?}: {:?}", deed, fault);
                let open = was == "open" || was == "returned";
                prop_assert!(!(open && matches!(deed, Deed::Submit)), "what is open is submitted: {:?}", fault);
            }
            let (after, lines, record) = (time(&firm), firm.lines(), firm.sheet(sheet));
            let status = record["status"].as_str().unwrap();
            let every = !lines.is_empty() && lines.values().all(|(_, status)| status == "approved");
            prop_assert_eq!(matches!(status, "approved" | "exported"), every, "{:?}: {} {:?}", deed, status, lines);
            let hours: i64 = after.iter().map(|(_, _, seconds, _)| seconds).sum();
            prop_assert_eq!(&record["total"], &json!(hours));
            for (of, id, seconds, _) in &before {
                if is_shut(of) {
                    let now = after.iter().find(|(_, other, ..)| other == id);
                    prop_assert_eq!(now.map(|it| it.2), Some(*seconds), "{:?} changes what is shut", deed);
                }
            }
            for (of, _, _, approved) in &after {
                let line = lines.get(of).is_some_and(|(_, status)| status == "approved");
                prop_assert_eq!(*approved, line, "time says what its line does: {:?}", deed);
            }
        }
    }
}
