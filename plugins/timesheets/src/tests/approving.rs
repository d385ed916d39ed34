//! Weeks on their way: typed, submitted, approved, returned, paid, billed, corrected.

use super::*;

/// The host's people as they hold permissions: whoever asks is somebody else each time.
pub(super) struct Firm {
    pub(super) host: Host,
    pub(super) mia: Id,
    boss: Id,
    pub(super) project: Id,
    pub(super) task: Id,
}

pub(super) fn firm() -> Firm {
    firm_on(host())
}

pub(super) fn firm_on(mut host: Host) -> Firm {
    let boss = host.caller.person().unwrap();
    let mia = host.add_person("Mia");
    let project = host.insert("projects/projects", json!({ "name": "Kitchen", "members": [mia] })).unwrap();
    let task = json!({ "title": "Cut", "project": project, "assignees": [mia] });
    let task = host.insert("projects/tasks", task).unwrap();
    Firm { host, mia, boss, project, task }
}

impl Firm {
    pub(super) fn as_mia(&mut self) -> &mut Host {
        ask_as(&mut self.host, self.mia);
        &mut self.host
    }

    pub(super) fn as_boss(&mut self) -> &mut Host {
        ask_as(&mut self.host, self.boss);
        boss(&mut self.host);
        &mut self.host
    }

    pub(super) fn hours(&mut self, day: &str, hours: i64) -> Id {
        let body = json!({ "task": self.task, "local_date": day, "duration": hours * 3600 });
        self.as_mia().insert("entries", body).unwrap()
    }

    pub(super) fn submit(&mut self, week: &str) -> Id {
        let body = json!({ "week": week, "attested": true });
        let sheet = self.as_mia().post("/week/submit", &body).unwrap();
        sheet.json()["id"].as_str().unwrap().parse().unwrap()
    }

    pub(super) fn approve(&mut self, sheet: Id) {
        self.as_boss().post("/team/approve", &json!({ "ids": [sheet] })).unwrap();
    }

    /// The lines of a run's file.
    pub(super) fn file(&mut self, what: &str, run: &Json) -> Vec<String> {
        let path = format!("/runs/{what}/{}/file", run["id"].as_str().unwrap());
        let file = self.as_boss().get(&path, &[]).unwrap().body;
        let lignaflow_sdk::testing::Body::Bytes { bytes, .. } = file else { panic!("a file") };
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    fn status(&self, sheet: Id) -> Json {
        self.host.record("sheets", sheet).unwrap()["status"].clone()
    }

    fn entry(&self, id: Id) -> Json {
        self.host.record("entries", id).unwrap()
    }
}

pub(super) fn aud(minor: i64) -> Json {
    json!({ "minor": minor, "currency": "AUD" })
}

#[test]
fn a_week_is_submitted_by_who_worked_it_and_by_nobody_else() {
    let mut firm = firm();
    let entry = firm.hours("2026-11-16", 8);
    let sheet: Id = firm.entry(entry)["sheet"].as_str().unwrap().parse().unwrap();
    let fault = firm.as_mia().transition("sheets", sheet, "submit").unwrap_err();
    assert_eq!(codes(&fault), [("/attested", "required")]);
    firm.as_boss().update("sheets", sheet, json!({ "attested": true })).unwrap_err();
    assert_eq!(firm.as_boss().transition("sheets", sheet, "submit").unwrap_err().code, ErrorCode::Denied);
    let unsaid = firm.as_mia().post("/week/submit", &json!({ "week": "2026-11-18", "attested": false })).unwrap_err();
    assert_eq!(codes(&unsaid), [("/attested", "required")]);
    let empty = firm.as_mia().post("/week/submit", &json!({ "week": "2026-11-09", "attested": true })).unwrap_err();
    assert_eq!(empty.code, ErrorCode::Conflict);
    assert_eq!(firm.submit("2026-11-18"), sheet);
    assert_eq!(firm.status(sheet), "submitted");
    // Taken back, it is open, and what was said of it is not said any more.
    firm.as_mia().transition("sheets", sheet, "recall").unwrap();
    assert_eq!(firm.host.record("sheets", sheet).unwrap()["attested"], false);
}

#[test]
fn a_week_with_a_timer_that_runs_is_not_submitted() {
    let mut firm = firm();
    let task = firm.task;
    start(firm.as_mia(), &json!({ "task": task }));
    let fault = firm.as_mia().post("/week/submit", &json!({ "week": "2026-11-23", "attested": true })).unwrap_err();
    assert_eq!(
        (fault.code, fault.message.as_str()),
        (ErrorCode::Conflict, "A timer of this week still runs: stop it first.")
    );
}

#[test]
fn what_is_submitted_approved_or_out_refuses_what_is_new_what_is_changed_and_what_is_archived() {
    let mut firm = firm();
    let entry = firm.hours("2026-11-16", 8);
    let sheet = firm.submit("2026-11-16");
    let (project, task) = (firm.project, firm.task);
    let refuses = |firm: &mut Firm| {
        let body = json!({ "task": task, "local_date": "2026-11-17", "duration": 3600 });
        assert_eq!(firm.as_mia().insert("entries", body).unwrap_err().code, ErrorCode::Locked);
        assert_eq!(firm.as_mia().update("entries", entry, json!({ "note": "x" })).unwrap_err().code, ErrorCode::Locked);
        assert_eq!(
            firm.as_boss().update("entries", entry, json!({ "duration": 60 })).unwrap_err().code,
            ErrorCode::Locked
        );
        assert_eq!(firm.as_mia().remove("entries", entry).unwrap_err().code, ErrorCode::Locked);
        // Nor does anything come to it out of another week.
        let body = json!({ "project": project, "local_date": "2026-11-10", "duration": 3600 });
        let other = firm.as_mia().insert("entries", body).unwrap();
        assert_eq!(
            firm.as_mia().update("entries", other, json!({ "local_date": "2026-11-18" })).unwrap_err().code,
            ErrorCode::Locked
        );
        firm.as_mia().remove("entries", other).unwrap();
    };
    refuses(&mut firm);
    firm.approve(sheet);
    refuses(&mut firm);
    firm.as_boss().post("/runs/pay", &json!({ "until": "2026-11-22" })).unwrap();
    assert_eq!(firm.status(sheet), "exported");
    refuses(&mut firm);
}

#[test]
fn rates_are_frozen_when_a_week_is_approved_and_a_later_one_changes_nothing() {
    let mut firm = firm();
    let (project, task, mia) = (firm.project, firm.task, firm.mia);
    for (more, sell, cost) in [
        (json!({}), 8_000, Some(5_000)),
        (json!({ "user": mia }), 9_000, Some(4_200)),
        (json!({ "project": project }), 11_000, None),
        (json!({ "project": project, "effective_from": "2026-11-17" }), 12_000, None),
    ] {
        let mut body = json!({ "sell": aud(sell), "cost": cost.map(aud), "effective_from": "2026-01-01" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        firm.as_boss().insert("rates", body).unwrap();
    }
    let (monday, tuesday) = (firm.hours("2026-11-16", 2), firm.hours("2026-11-17", 3));
    let own = firm.hours("2026-11-18", 1);
    firm.as_boss().update("entries", own, json!({ "own_rate": aud(15_000) })).unwrap();
    let sheet = firm.submit("2026-11-16");
    firm.approve(sheet);
    for (entry, rate, source, amount) in
        [(monday, 11_000, "project", 22_000), (tuesday, 12_000, "project", 36_000), (own, 15_000, "entry", 15_000)]
    {
        let entry = firm.entry(entry);
        assert_eq!((&entry["sell_rate"], &entry["sell_source"]), (&aud(rate), &json!(source)));
        assert_eq!((&entry["cost_rate"], &entry["amount"]), (&aud(4_200), &aud(amount)));
    }
    firm.as_boss().insert("rates", json!({ "task": task, "sell": aud(1), "effective_from": "2026-01-01" })).unwrap();
    assert_eq!(firm.entry(monday)["sell_rate"], aud(11_000));
    assert_eq!(firm.host.record("sheets", sheet).unwrap()["billable_total"], 6 * 3600);
}

#[test]
fn a_rate_says_what_it_is_of() {
    let mut firm = firm();
    let (project, task, mia) = (firm.project, firm.task, firm.mia);
    let host = firm.as_boss();
    let label = |host: &mut Host, body: Json| {
        let id = host.insert("rates", body).unwrap();
        let record = host.record("rates", id).unwrap();
        (record["scope"].as_str().unwrap().to_owned(), record["label"].as_str().unwrap().to_owned())
    };
    let told = |scope: &str, of: &str| (scope.to_owned(), of.to_owned());
    assert_eq!(label(host, json!({ "sell": aud(1) })), told("organization", "Everything"));
    assert_eq!(label(host, json!({ "sell": aud(1), "task": task })), told("task", "Cut"));
    assert_eq!(
        label(host, json!({ "cost": aud(1), "project": project, "user": mia })),
        told("project-user", "Kitchen, Mia")
    );
    let fault = host.insert("rates", json!({ "sell": aud(1), "task": task, "user": mia })).unwrap_err();
    assert_eq!(codes(&fault), [("/project", "scope")]);
    assert_eq!(codes(&host.insert("rates", json!({ "user": mia })).unwrap_err()), [("/sell", "required")]);
}

#[test]
fn billable_time_is_rounded_as_the_organization_has_it_and_raw_time_never() {
    for (by, expected) in [("entry", [900, 900, 0]), ("day", [900, 0, 0])] {
        let mut firm = firm();
        firm.host.fill_in("rounding", "nearest");
        firm.host.fill_in("rounding_minutes", 15);
        firm.host.fill_in("rounding_by", by);
        let mut minutes = |minutes: i64, billable: bool| {
            let body = json!({ "task": firm.task, "local_date": "2026-11-16", "duration": minutes * 60, "billable": billable });
            firm.as_mia().insert("entries", body).unwrap()
        };
        let entries = [minutes(8, true), minutes(9, true), minutes(30, false)];
        let sheet = firm.submit("2026-11-16");
        firm.approve(sheet);
        let charged = entries.map(|entry| firm.entry(entry)["billable_duration"].as_i64().unwrap());
        assert_eq!(charged, expected, "by {by}");
        assert_eq!(entries.map(|entry| firm.entry(entry)["duration"].as_i64().unwrap() / 60), [8, 9, 30]);
    }
}

#[test]
fn a_returned_week_has_a_reason_and_goes_the_way_again() {
    let mut firm = firm();
    firm.hours("2026-11-16", 8);
    let sheet = firm.submit("2026-11-16");
    let silent = firm.as_boss().post("/team/return", &json!({ "id": sheet, "reason": "  " })).unwrap_err();
    assert_eq!(codes(&silent), [("/reason", "required")]);
    assert_eq!(codes(&firm.as_boss().transition("sheets", sheet, "return").unwrap_err()), [("/reason", "required")]);
    firm.as_boss().post("/team/return", &json!({ "id": sheet, "reason": "Tuesday is missing." })).unwrap();
    let week = firm.as_mia().get("/week", &[("week", "2026-11-18")]).unwrap();
    assert_eq!((&week.json()["message"], &week.json()["open"]), (&json!("Tuesday is missing."), &json!(true)));
    firm.hours("2026-11-17", 8);
    assert_eq!(firm.submit("2026-11-16"), sheet);
    assert_eq!(firm.host.record("sheets", sheet).unwrap()["reason"], Json::Null);
    firm.approve(sheet);
    // Approved by mistake, it can be returned, as long as nothing of it is out.
    firm.as_boss().post("/team/return", &json!({ "id": sheet, "reason": "Wrong job." })).unwrap();
    firm.as_boss().insert("rates", json!({ "sell": aud(10_000), "effective_from": "2026-01-01" })).unwrap();
    firm.submit("2026-11-16");
    firm.approve(sheet);
    firm.as_boss().post("/runs/billing", &json!({ "until": "2026-11-22" })).unwrap();
    let fault = firm.as_boss().post("/team/return", &json!({ "id": sheet, "reason": "Wrong job." })).unwrap_err();
    assert_eq!(fault.code, ErrorCode::Locked);
}

#[test]
fn a_team_is_approved_at_once_or_not_at_all() {
    let mut firm = firm();
    firm.hours("2026-11-16", 8);
    let sheet = firm.submit("2026-11-16");
    let ben = firm.host.add_person("Ben");
    let (task, project, mia) = (firm.task, firm.project, firm.mia);
    firm.as_boss().update("projects/projects", project, json!({ "members": [mia, ben] })).unwrap();
    let his = firm
        .as_boss()
        .insert("entries", json!({ "task": task, "local_date": "2026-11-16", "duration": 3600, "user": ben }))
        .unwrap();
    let open: Id = firm.entry(his)["sheet"].as_str().unwrap().parse().unwrap();
    let fault = firm.as_boss().post("/team/approve", &json!({ "ids": [sheet, open] })).unwrap_err();
    assert_eq!((fault.code, firm.status(sheet)), (ErrorCode::Conflict, json!("submitted")));
    let team = firm.as_boss().get("/team", &[("week", "2026-11-16")]).unwrap();
    let rows: Vec<_> = team.json()["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["title"].clone(), row["total"].clone(), row["ready"].clone()))
        .collect();
    assert_eq!(rows, [(json!("Ben"), json!(3600), json!(false)), (json!("Mia"), json!(28_800), json!(true))]);
    assert_eq!(team.json()["missing"], json!(["Alex Carpenter"]));
    firm.approve(sheet);
    assert_eq!(firm.status(sheet), "approved");
    assert_eq!(firm.host.record("sheets", sheet).unwrap()["approver"], json!(firm.boss));
}

#[test]
fn who_is_alone_approves_their_own() {
    let mut host = host();
    boss(&mut host);
    let (project, _) = kitchen(&mut host);
    host.insert("entries", json!({ "project": project, "duration": 3600 })).unwrap();
    let sheet = host.post("/week/submit", &json!({ "week": "2026-11-23", "attested": true })).unwrap();
    let team = host.get("/team", &[("week", "2026-11-23")]).unwrap();
    assert_eq!(team.json()["rows"][0]["ready"], true, "the page offers it too");
    host.post("/team/approve", &json!({ "ids": [sheet.json()["id"]] })).unwrap();
}

#[test]
fn a_cell_comes_to_the_time_that_is_typed_into_it() {
    let mut firm = firm();
    let (project, task) = (firm.project, firm.task);
    let key = json!({ "project": project, "task": task });
    let type_in = |firm: &mut Firm, day: &str, value: &str| {
        let cells = json!([{ "key": key, "day": day, "value": value }]);
        firm.as_mia().post("/week", &json!({ "week": "2026-11-16", "cells": cells })).map(|_| ())
    };
    let shown = |firm: &mut Firm| {
        let week = firm.as_mia().get("/week", &[("week", "2026-11-16")]).unwrap();
        let cells = week.json()["rows"][0]["cells"].clone();
        cells
            .as_array()
            .map(|cells| cells.iter().map(|cell| cell["seconds"].as_i64().unwrap() / 60).collect::<Vec<_>>())
    };
    type_in(&mut firm, "2026-11-16", "7:30").unwrap();
    type_in(&mut firm, "2026-11-17", "7-11:30").unwrap();
    assert_eq!(shown(&mut firm), Some(vec![450, 270, 0, 0, 0, 0, 0]));
    type_in(&mut firm, "2026-11-16", "8").unwrap();
    type_in(&mut firm, "2026-11-17", "5h").unwrap();
    assert_eq!(shown(&mut firm), Some(vec![480, 300, 0, 0, 0, 0, 0]));
    let fault = type_in(&mut firm, "2026-11-17", "4").unwrap_err();
    assert_eq!(codes(&fault), [("/cells/0/value", "timed")]);
    assert!(fault.issues[0].message.starts_with("4:30 of it"), "{}", fault.issues[0].message);
    type_in(&mut firm, "2026-11-17", "4:30").unwrap();
    type_in(&mut firm, "2026-11-16", "").unwrap();
    assert_eq!(shown(&mut firm), Some(vec![0, 270, 0, 0, 0, 0, 0]));
    assert_eq!(codes(&type_in(&mut firm, "2026-11-16", "eight").unwrap_err()), [("/cells/0/value", "time")]);
    assert_eq!(codes(&type_in(&mut firm, "2026-11-23", "8").unwrap_err()), [("/cells/0/day", "range")]);
    firm.submit("2026-11-16");
    assert_eq!(type_in(&mut firm, "2026-11-18", "8").unwrap_err().code, ErrorCode::Locked);
}

#[test]
fn a_week_is_copied_where_there_is_nothing_yet() {
    let mut firm = firm();
    firm.hours("2026-11-09", 7);
    firm.hours("2026-11-10", 8);
    firm.hours("2026-11-17", 2);
    firm.as_mia().post("/week/copy", &json!({ "week": "2026-11-16" })).unwrap();
    let week = firm.as_mia().get("/week", &[("week", "2026-11-16")]).unwrap();
    let cells: Vec<_> = week.json()["rows"][0]["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| cell["seconds"].as_i64().unwrap() / 3600)
        .collect();
    assert_eq!(cells, [7, 2, 0, 0, 0, 0, 0]);
    let again = firm.as_mia().post("/week/copy", &json!({ "week": "2026-11-16" })).unwrap_err();
    assert_eq!(again.code, ErrorCode::Conflict);
}

#[test]
fn a_crew_is_entered_at_once_and_each_may_dispute_it_before_saying_that_it_is_true() {
    let mut firm = firm();
    let ben = firm.host.add_person("Ben");
    let (task, mia) = (firm.task, firm.mia);
    let body =
        json!({ "people": [mia, ben, mia], "task": task, "day": "2026-11-17", "time": "7-15:30", "break_time": 1800 });
    assert_eq!(firm.as_mia().post("/crew", &body).unwrap_err().code, ErrorCode::Denied);
    let made = firm.as_boss().post("/crew", &body).unwrap();
    let ids: Vec<Id> =
        made.json()["entries"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    let hers = firm.entry(ids[0]);
    assert_eq!(
        (&hers["user"], &hers["duration"], &hers["entered_by"]),
        (&json!(mia), &json!(28_800), &json!(firm.boss))
    );
    let overlapping = firm.as_boss().post("/crew", &body).unwrap_err();
    assert_eq!(overlapping.code, ErrorCode::Conflict);

    let path = format!("/entries/{}/dispute", ids[0]);
    assert_eq!(firm.as_boss().post(&path, &json!({ "reason": "no" })).unwrap_err().code, ErrorCode::Denied);
    let boss = firm.boss;
    let told = |firm: &Firm, person: Id| {
        let notices = firm.host.notices().into_iter().filter(|notice| notice.people.contains(&person));
        notices.map(|notice| notice.title).collect::<Vec<_>>()
    };
    assert_eq!(told(&firm, mia), ["Time was entered for you, on 17 Nov 2026"]);
    firm.as_mia().post(&path, &json!({ "reason": "I left at three." })).unwrap();
    assert_eq!(told(&firm, boss), ["Cut, 8:00 is disputed"]);
    let fault = firm.as_mia().post("/week/submit", &json!({ "week": "2026-11-17", "attested": true })).unwrap_err();
    assert_eq!(fault.message, "Cut, 8:00 is disputed: settle that first.");
    firm.as_mia().post(&path, &json!({ "reason": "" })).unwrap();
    firm.submit("2026-11-17");
    let nobody = json!({ "people": [firm.project], "task": task, "day": "2026-11-17", "time": "8" });
    assert_eq!(codes(&firm.as_boss().post("/crew", &nobody).unwrap_err()), [("/people/0", "unknown-reference")]);
}

#[test]
fn pay_and_billing_are_marked_apart_and_each_entry_is_in_one_run_of_each() {
    let mut firm = firm();
    firm.as_boss().insert("rates", json!({ "sell": aud(10_000) })).unwrap();
    firm.as_boss().insert("rates", json!({ "sell": aud(10_000), "effective_from": "2026-01-01" })).unwrap();
    let early = firm.hours("2026-11-10", 4);
    let entry = firm.hours("2026-11-16", 8);
    let sheet = firm.submit("2026-11-16");
    firm.approve(sheet);
    let run = firm.as_boss().post("/runs/billing", &json!({ "until": "2026-11-22" })).unwrap();
    assert_eq!((run.status, &run.json()["number"], &run.json()["amount"]), (201, &json!("BILL-0001"), &aud(80_000)));
    assert_eq!(firm.status(sheet), "approved", "billed is not paid");
    let none = firm.as_boss().post("/runs/billing", &json!({ "until": "2026-11-22" })).unwrap_err();
    assert_eq!(none.code, ErrorCode::Conflict);
    let pay = firm.as_boss().post("/runs/pay", &json!({ "until": "2026-11-22" })).unwrap();
    assert_eq!(
        (&pay.json()["number"], &pay.json()["entries"], &pay.json()["late"]),
        (&json!("PAY-0001"), &json!(1), &json!(0))
    );
    assert_eq!(
        (firm.status(sheet), firm.entry(entry)["pay_run"].clone()),
        (json!("exported"), pay.json()["id"].clone())
    );
    assert_eq!(firm.as_mia().post("/runs/pay", &json!({ "until": "2026-11-22" })).unwrap_err().code, ErrorCode::Denied);

    // What is late falls into the next, and is told.
    let sheet = firm.submit("2026-11-09");
    firm.approve(sheet);
    let next = firm.as_boss().post("/runs/pay", &json!({ "until": "2026-11-22" })).unwrap();
    assert_eq!((&next.json()["number"], &next.json()["late"]), (&json!("PAY-0002"), &json!(1)));
    assert_eq!(firm.entry(early)["pay_run"], next.json()["id"]);
    assert_eq!((&firm.entry(early)["paid_late"], &firm.entry(entry)["paid_late"]), (&json!(true), &Json::Null));
    let file = firm.file("pay", next.json());
    assert!(file[0].ends_with(",corrects,late") && file[1].ends_with(",Cut,,,,yes"), "{file:?}");
    let bill = firm.as_boss().post("/runs/billing", &json!({ "until": "2026-11-22" })).unwrap();
    assert_eq!(bill.json()["late"], 1);
    let file = firm.file("billing", bill.json());
    assert!(file[0].ends_with(",corrects,late") && file[1].ends_with(",yes"), "{file:?}");
    // Taken back, it is not late any more, until it is again.
    let path = format!("/runs/pay/{}/cancel", next.json()["id"].as_str().unwrap());
    firm.as_boss().post(&path, &json!({ "reason": "Wrong" })).unwrap();
    assert_eq!((&firm.entry(early)["paid_late"], &firm.entry(early)["billed_late"]), (&Json::Null, &json!(true)));
}

#[test]
fn a_run_is_downloaded_again_the_same_and_cancelled_with_a_reason() {
    let mut firm = firm();
    let entry = firm.hours("2026-11-16", 8);
    let sheet = firm.submit("2026-11-16");
    firm.approve(sheet);
    let run = firm.as_boss().post("/runs/pay", &json!({ "until": "2026-11-22" })).unwrap();
    let run = run.json()["id"].as_str().unwrap().to_owned();
    let file = format!("/runs/pay/{run}/file");
    let first = firm.as_boss().get(&file, &[]).unwrap();
    assert_eq!(firm.as_boss().get(&file, &[]).unwrap(), first);
    let lignaflow_sdk::testing::Body::Bytes { bytes, .. } = first.body else { panic!("a file") };
    let text = String::from_utf8(bytes).unwrap();
    let line = format!("PAY-0001,Mia,,{},time,2026-11-16,,,,,8.0000,,,,Kitchen,Cut,,,,\r\n", firm.mia);
    assert_eq!(text.split_inclusive("\r\n").nth(1), Some(line.as_str()), "{text}");

    let id: Id = run.parse().unwrap();
    assert_eq!(firm.as_boss().transition("pay-runs", id, "cancel").unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(firm.as_boss().transition("sheets", sheet, "unexport").unwrap_err().code, ErrorCode::NotFound);
    let cancel = format!("/runs/pay/{run}/cancel");
    assert_eq!(codes(&firm.as_boss().post(&cancel, &json!({ "reason": " " })).unwrap_err()), [("/reason", "required")]);
    firm.as_boss().post(&cancel, &json!({ "reason": "Wrong week" })).unwrap();
    assert_eq!((firm.status(sheet), firm.entry(entry)["pay_run"].clone()), (json!("approved"), Json::Null));
    assert_eq!(firm.as_boss().get(&file, &[]).unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(firm.as_boss().post(&cancel, &json!({ "reason": "Again" })).unwrap_err().code, ErrorCode::Conflict);
    let next = firm.as_boss().post("/runs/pay", &json!({ "until": "2026-11-22" })).unwrap();
    assert_eq!(next.json()["number"], "PAY-0002", "a number is given once");
}

#[test]
fn what_is_out_is_corrected_by_an_entry_that_takes_it_back_at_the_same_rate() {
    let mut firm = firm();
    firm.as_boss().insert("rates", json!({ "sell": aud(10_000), "effective_from": "2026-01-01" })).unwrap();
    let entry = firm.hours("2026-11-16", 8);
    let path = format!("/entries/{entry}/correct");
    let body = json!({ "reason": "Left at three", "time": "6:30" });
    assert_eq!(firm.as_boss().post(&path, &body).unwrap_err().code, ErrorCode::Conflict, "it is in no run yet");
    let sheet = firm.submit("2026-11-16");
    firm.approve(sheet);
    for run in ["/runs/pay", "/runs/billing"] {
        firm.as_boss().post(run, &json!({ "until": "2026-11-22" })).unwrap();
    }
    firm.as_boss().insert("rates", json!({ "sell": aud(20_000), "effective_from": "2026-11-01" })).unwrap();
    let back = firm.as_boss().post(&path, &body).unwrap();
    assert_eq!(
        (back.status, &back.json()["duration"], &back.json()["local_date"]),
        (201, &json!(-28_800), &json!("2026-11-23"))
    );
    assert_eq!(firm.as_boss().post(&path, &body).unwrap_err().code, ErrorCode::Conflict, "once");
    assert_eq!(firm.entry(entry)["duration"], 28_800, "the past stands");

    let sheet = firm.submit("2026-11-23");
    assert_eq!(firm.host.record("sheets", sheet).unwrap()["total"], -5_400);
    firm.approve(sheet);
    let bill = firm.as_boss().post("/runs/billing", &json!({ "until": "2026-11-29" })).unwrap();
    assert_eq!(
        (&bill.json()["amount"], &bill.json()["entries"]),
        (&aud(-15_000), &json!(2)),
        "an hour and a half less, as it was charged"
    );
    let pay = firm.as_boss().post("/runs/pay", &json!({ "until": "2026-11-29" })).unwrap();
    assert_eq!(pay.json()["duration"], -5_400);
}

#[test]
fn a_correction_that_was_wrong_is_corrected_in_turn_and_each_takes_back_the_one_before() {
    let mut firm = firm();
    firm.as_boss().insert("rates", json!({ "sell": aud(10_000), "effective_from": "2026-01-01" })).unwrap();
    let first = firm.hours("2026-11-16", 8);
    let (mut paid, mut billed) = (0, 0);
    let mut out = |firm: &mut Firm, week: &str, until: &str| {
        let sheet = firm.submit(week);
        firm.approve(sheet);
        for (run, sum) in [("/runs/pay", &mut paid), ("/runs/billing", &mut billed)] {
            let run = firm.as_boss().post(run, &json!({ "until": until })).unwrap();
            *sum += run.json()["duration"].as_i64().unwrap();
        }
        (paid, billed)
    };
    let correct = |firm: &mut Firm, entry: Id, time: &str| {
        firm.as_boss().post(&format!("/entries/{entry}/correct"), &json!({ "reason": "Wrong", "time": time }))
    };
    let replacing = |firm: &mut Firm, entry: Id| -> (Id, Id) {
        let of = select("entries").columns(["id"]).filter(field("corrects").eq(entry)).sort("duration");
        let ids: Vec<Id> = firm.as_boss().find(of).unwrap().records().filter_map(|row| row.reference("id")).collect();
        (ids[0], ids[1])
    };
    assert_eq!(out(&mut firm, "2026-11-16", "2026-11-22"), (28_800, 28_800));
    let mut wrong = first;
    for (week, until, now, time, seconds) in [
        ("2026-11-23", "2026-11-29", "2026-11-24T01:00:00Z", "6:30", 23_400),
        ("2026-11-30", "2026-12-06", "2026-12-01T01:00:00Z", "7:30", 27_000),
        ("2026-12-07", "2026-12-13", "2026-12-08T01:00:00Z", "7", 25_200),
    ] {
        firm.host.caller.now = at(now);
        correct(&mut firm, wrong, time).unwrap();
        let fault = correct(&mut firm, wrong, time).unwrap_err();
        assert_eq!(fault.message, "This time was corrected already: correct what stands in its place.");
        let (back, next) = replacing(&mut firm, wrong);
        let fault = correct(&mut firm, next, time).unwrap_err();
        assert_eq!(fault.message, "This time is in no run yet: have its timesheet returned and change it.");
        assert_eq!(out(&mut firm, week, until), (seconds, seconds), "{time}");
        let fault = correct(&mut firm, back, time).unwrap_err();
        assert_eq!(fault.message, "This takes back other time: correct what stands in its place.");
        assert_eq!(firm.entry(next)["sell_rate"], aud(10_000));
        wrong = next;
    }
    let claims = firm.as_boss().find(select("projects/claims").columns(["amount"])).unwrap();
    let claimed: i64 = claims.records().filter_map(|row| Some(row.money("amount")?.minor)).sum();
    assert_eq!(claimed, 70_000);
    // Taken back as a whole, there is nothing to correct.
    firm.host.caller.now = at("2026-12-15T01:00:00Z");
    correct(&mut firm, wrong, "0").unwrap();
    assert_eq!(out(&mut firm, "2026-12-14", "2026-12-20"), (0, 0));
    let fault = correct(&mut firm, wrong, "7").unwrap_err();
    assert_eq!(fault.message, "This time was taken back already: enter what is right as new time.");
}

#[test]
fn leave_is_asked_for_and_approved_by_somebody_else() {
    let mut firm = firm();
    let leave = json!({ "first": "2026-12-21", "last": "2027-01-08" });
    let id = firm.as_mia().insert("leave", leave.clone()).unwrap();
    assert_eq!(firm.host.record("leave", id).unwrap()["label"], "Mia, 21 Dec 2026 – 8 Jan 2027");
    assert_eq!(
        firm.as_mia().insert("leave", json!({ "first": "2027-01-08", "last": "2027-01-08" })).unwrap_err().code,
        ErrorCode::Conflict
    );
    assert_eq!(
        codes(&firm.as_mia().insert("leave", json!({ "first": "2027-02-08", "last": "2027-02-07" })).unwrap_err()),
        [("/last", "check")]
    );
    assert_eq!(firm.as_mia().transition("leave", id, "approve").unwrap_err().code, ErrorCode::Denied);
    firm.as_boss().transition("leave", id, "approve").unwrap();
    let last = firm.host.notices().pop().unwrap();
    assert_eq!(
        (last.people, last.title.as_str()),
        (vec![firm.mia], "Your leave of 21 Dec 2026 – 8 Jan 2027 is approved")
    );
    assert_eq!(firm.as_mia().update("leave", id, json!({ "note": "x" })).unwrap_err().code, ErrorCode::Locked);
    firm.as_mia().transition("leave", id, "cancel").unwrap();
    firm.as_mia().insert("leave", leave).unwrap();
}

#[test]
fn a_day_is_expected_to_be_as_the_work_pattern_of_the_person_has_it() {
    let mut firm = firm();
    let mia = firm.mia;
    let expected = |firm: &mut Firm, week: &str| {
        let week = firm.as_mia().get("/week", &[("week", week)]).unwrap();
        week.json()["expected"].as_array().unwrap().iter().map(|day| day.as_i64().unwrap() / 60).collect::<Vec<_>>()
    };
    assert_eq!(expected(&mut firm, "2026-11-16"), [456, 456, 456, 456, 456, 0, 0]);
    firm.as_boss().insert("work-patterns", json!({ "friday": 14_400, "effective_from": "2026-01-01" })).unwrap();
    firm.as_boss()
        .insert("work-patterns", json!({ "user": mia, "monday": 0, "effective_from": "2026-11-18" }))
        .unwrap();
    assert_eq!(expected(&mut firm, "2026-11-16"), [456, 456, 456, 456, 456, 0, 0]);
    assert_eq!(expected(&mut firm, "2026-11-23"), [0, 456, 456, 456, 456, 0, 0]);
    assert_eq!(expected(&mut firm, "2026-11-09"), [456, 456, 456, 456, 240, 0, 0]);

    // Nothing is expected on a holiday where it is one, nor on leave; of part of a day, the rest.
    for (name, zone) in [("Cup day", Json::Null), ("Perth's own", json!("Australia/Perth"))] {
        let day = if zone.is_null() { "2026-11-10" } else { "2026-11-11" };
        firm.as_boss().insert("holidays", json!({ "name": name, "day": day, "zone": zone })).unwrap();
    }
    for (day, part) in [("2026-11-12", json!(7_200)), ("2026-11-13", Json::Null)] {
        let leave = json!({ "first": day, "last": day, "per_day": part });
        let leave = firm.as_mia().insert("leave", leave).unwrap();
        assert_eq!(expected(&mut firm, "2026-11-09")[3..5], if part.is_null() { [336, 240] } else { [456, 240] });
        firm.as_boss().transition("leave", leave, "approve").unwrap();
    }
    assert_eq!(expected(&mut firm, "2026-11-09"), [456, 0, 456, 336, 0, 0, 0]);
}
