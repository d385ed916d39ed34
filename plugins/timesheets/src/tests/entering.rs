//! Entries by hand.

use super::*;

fn entry(project: Id, from: &str, until: &str) -> Json {
    json!({ "project": project, "started_at": from, "ended_at": until })
}

#[test]
fn an_entry_has_a_day_a_length_and_a_sheet_whatever_door_it_came_by() {
    let mut host = host();
    let (project, _) = kitchen(&mut host);
    let id =
        host.insert("entries", json!({ "project": project, "duration": 5430, "local_date": "2026-11-20" })).unwrap();
    let record = host.record("entries", id).unwrap();
    assert_eq!((&record["duration"], &record["zone"]), (&json!(5460), &json!("Australia/Sydney")), "to the minute");
    assert_eq!(
        (&record["billable"], &record["origin"], &record["billable_duration"]),
        (&json!(true), &json!("manual"), &json!(5460))
    );
    let sheet = host.record("sheets", record["sheet"].as_str().unwrap().parse().unwrap()).unwrap();
    assert_eq!((&sheet["week"], &sheet["total"]), (&json!("2026-11-16"), &json!(5460)));
    assert_eq!(sheet["label"], "Alex Carpenter, 16 – 22 Nov 2026");
    let timed = host.insert("entries", json!({
        "project": project, "started_at": "2026-11-20T01:00:40Z", "ended_at": "2026-11-20T02:30:10Z", "break_time": 600,
    })).unwrap();
    assert_eq!(host.record("entries", timed).unwrap()["duration"], 80 * 60, "what the clocks showed, less the break");
    assert_eq!(host.count("sheets", all([])).unwrap(), 1);
}

#[test]
fn what_is_missing_or_wrong_is_told_at_its_place_all_at_once() {
    let mut host = host();
    let (project, task) = kitchen(&mut host);
    let porch = host.insert("projects/projects", json!({ "name": "Porch" })).unwrap();
    let ids: Vec<Id> = (0..5).map(|_| host.new_id()).collect();
    let fault = host
        .batch([
            insert("entries", ids[0]).set("project", project),
            insert("entries", ids[1]).set("duration", 3600),
            insert("entries", ids[2]).set("project", porch).set("task", task).set("duration", 3600),
            insert("entries", ids[3]).set("project", project).set("duration", 90_000),
            insert("entries", ids[4])
                .set("project", project)
                .set("started_at", at("2026-11-20T01:00:00Z"))
                .set("ended_at", at("2026-11-20T02:00:00Z"))
                .set("break_time", 7200),
        ])
        .unwrap_err();
    let expected = [
        ("/0/duration", "required"),
        ("/1/project", "required"),
        ("/2/task", "other-project"),
        ("/3/duration", "range"),
        ("/4/break_time", "too-large"),
    ];
    assert_eq!(codes(&fault), expected);
    let backwards = host.insert("entries", entry(project, "2026-11-20T02:00:00Z", "2026-11-20T01:00:00Z")).unwrap_err();
    assert_eq!(codes(&backwards), [("/ended_at", "check")]);
    let zone = json!({ "project": project, "started_at": "2026-11-20T02:00:00Z", "zone": "Sydney" });
    assert_eq!(codes(&host.insert("entries", zone).unwrap_err()), [("/zone", "zone")]);
}

#[test]
fn time_does_not_overlap_and_may_touch() {
    let mut host = host();
    let (project, task) = kitchen(&mut host);
    host.insert("entries", entry(project, "2026-11-20T01:00:00Z", "2026-11-20T03:00:00Z")).unwrap();
    let fault = host.insert("entries", entry(project, "2026-11-20T02:00:00Z", "2026-11-20T04:00:00Z")).unwrap_err();
    assert_eq!((fault.code, codes(&fault)), (ErrorCode::Conflict, vec![("/started_at", "overlap")]));
    assert_eq!(fault.message, "It overlaps Kitchen, 2:00.");
    let next = host.insert("entries", entry(project, "2026-11-20T03:00:00Z", "2026-11-20T04:00:00Z")).unwrap();
    let fault = host.update("entries", next, json!({ "started_at": "2026-11-20T02:59:59Z" })).unwrap_err();
    assert_eq!(fault.code, ErrorCode::Conflict);
    // What nobody knows the time of overlaps nothing, and neither does the time of others.
    host.insert("entries", json!({ "project": project, "duration": 7200, "local_date": "2026-11-20" })).unwrap();
    boss(&mut host);
    let mia = host.add_person("Mia");
    let mut hers = entry(project, "2026-11-20T01:00:00Z", "2026-11-20T03:00:00Z");
    hers["user"] = json!(mia);
    host.insert("entries", hers).unwrap();
    // A timer that runs counts from its start on.
    start(&mut host, &json!({ "task": task }));
    let fault = host.insert("entries", entry(project, "2026-11-23T00:30:00Z", "2026-11-23T01:30:00Z")).unwrap_err();
    assert_eq!(fault.message, "It overlaps Cut, which still runs.");
    host.insert("entries", entry(project, "2026-11-23T00:30:00Z", "2026-11-23T01:00:00Z")).unwrap();
}

#[test]
fn nothing_overlaps_within_a_batch_and_two_may_change_places() {
    let mut host = host();
    let (project, _) = kitchen(&mut host);
    let (a, b) = (host.new_id(), host.new_id());
    let write = |id, from, until| {
        insert("entries", id).set("project", project).set("started_at", at(from)).set("ended_at", at(until))
    };
    let fault = host
        .batch([
            write(a, "2026-11-20T01:00:00Z", "2026-11-20T03:00:00Z"),
            write(b, "2026-11-20T02:00:00Z", "2026-11-20T04:00:00Z"),
        ])
        .unwrap_err();
    assert_eq!((fault.code, codes(&fault)), (ErrorCode::Conflict, vec![("/1/started_at", "overlap")]));
    host.batch([
        write(a, "2026-11-20T01:00:00Z", "2026-11-20T02:00:00Z"),
        write(b, "2026-11-20T02:00:00Z", "2026-11-20T03:00:00Z"),
    ])
    .unwrap();
    let moved = |id, from, until| update("entries", id).set("started_at", at(from)).set("ended_at", at(until));
    host.batch([
        moved(b, "2026-11-20T01:00:00Z", "2026-11-20T02:00:00Z"),
        moved(a, "2026-11-20T02:00:00Z", "2026-11-20T03:00:00Z"),
    ])
    .unwrap();
}

#[test]
fn the_organization_may_let_time_overlap() {
    let mut host = host();
    boss(&mut host);
    let (project, _) = kitchen(&mut host);
    host.fill_in("overlap", "allow");
    for _ in 0..2 {
        host.insert("entries", entry(project, "2026-11-20T01:00:00Z", "2026-11-20T03:00:00Z")).unwrap();
    }
}

#[test]
fn a_closed_project_takes_no_time() {
    let mut host = host();
    let (project, task) = kitchen(&mut host);
    let kept = host.insert("entries", json!({ "project": project, "duration": 3600 })).unwrap();
    for verb in ["activate", "complete", "close"] {
        host.transition("projects/projects", project, verb).unwrap();
    }
    let fault = host.insert("entries", json!({ "project": project, "duration": 3600 })).unwrap_err();
    assert_eq!((fault.code, codes(&fault)), (ErrorCode::Locked, vec![("/project", "locked")]));
    assert_eq!(fault.message, "Kitchen is closed, which takes no time any more.");
    assert_eq!(host.post("/timer/start", &json!({ "task": task })).unwrap_err().code, ErrorCode::Locked);
    assert_eq!(host.update("entries", kept, json!({ "duration": 7200 })).unwrap_err().code, ErrorCode::Locked);
}

#[test]
fn time_is_charged_as_its_task_or_activity_is_unless_somebody_says_otherwise() {
    let mut host = host();
    boss(&mut host);
    let (project, _) = kitchen(&mut host);
    let free =
        host.insert("projects/tasks", json!({ "title": "Defects", "project": project, "billable": false })).unwrap();
    let own = host.insert("projects/projects", json!({ "name": "Workshop", "billing": "not-billable" })).unwrap();
    let machines = host.insert("activities", json!({ "name": "Machines", "billable": false })).unwrap();
    let travel = host.insert("activities", json!({ "name": "Travel" })).unwrap();
    for (body, billable) in [
        (json!({ "project": project }), true),
        (json!({ "task": free }), false),
        (json!({ "task": free, "billable": true }), true),
        (json!({ "project": own }), false),
        (json!({ "activity": machines }), false),
        (json!({ "activity": travel, "project": project }), true),
    ] {
        let mut body = body;
        body["duration"] = json!(3600);
        let id = host.insert("entries", body.clone()).unwrap();
        let record = host.record("entries", id).unwrap();
        assert_eq!(
            (&record["billable"], &record["billable_duration"]),
            (&json!(billable), &json!(if billable { 3600 } else { 0 })),
            "{body}"
        );
    }
}

#[test]
fn people_write_their_own_time_and_who_enters_for_all_everybodys() {
    let mut host = host();
    let (project, _) = kitchen(&mut host);
    let mine = host.insert("entries", json!({ "project": project, "duration": 3600 })).unwrap();
    let mia = host.add_person("Mia");
    let fault = host.insert("entries", json!({ "project": project, "duration": 3600, "user": mia })).unwrap_err();
    assert_eq!(fault.code, ErrorCode::Denied);
    host.caller.principal = context::Principal::Person(mia);
    assert_eq!(host.update("entries", mine, json!({ "duration": 60 })).unwrap_err().code, ErrorCode::NotFound);
    host.caller.permissions.extend(["timesheets.see-all", "timesheets.enter-for-others"].map(str::to_owned));
    host.update("entries", mine, json!({ "duration": 7200 })).unwrap();
    let rate = json!({ "own_rate": { "minor": 100, "currency": "AUD" } });
    assert!(host.update("entries", mine, rate).is_err(), "rates are for those who see them");
}

#[test]
fn what_lies_in_a_locked_period_stays_and_nothing_comes_to_it() {
    let mut host = host();
    boss(&mut host);
    let (project, _) = kitchen(&mut host);
    let old =
        host.insert("entries", json!({ "project": project, "duration": 3600, "local_date": "2026-10-30" })).unwrap();
    let period = host.insert("periods", json!({ "locked_until": "2026-10-31" })).unwrap();
    assert_eq!(host.record("periods", period).unwrap()["label"], "Up to 31 Oct 2026");
    let late = json!({ "project": project, "duration": 3600, "local_date": "2026-10-31" });
    let fault = host.insert("entries", late).unwrap_err();
    assert_eq!((fault.code, codes(&fault)), (ErrorCode::Locked, vec![("/local_date", "locked")]));
    assert_eq!(host.update("entries", old, json!({ "note": "x" })).unwrap_err().code, ErrorCode::Locked);
    assert_eq!(host.update("entries", old, json!({ "local_date": "2026-11-02" })).unwrap_err().code, ErrorCode::Locked);
    assert_eq!(host.remove("entries", old).unwrap_err().code, ErrorCode::Locked);
    host.insert("entries", json!({ "project": project, "duration": 3600, "local_date": "2026-11-01" })).unwrap();
}

#[test]
fn booked_hours_stay_when_a_person_leaves_and_hold_their_project_fast() {
    let mut host = host();
    boss(&mut host);
    let (project, task) = kitchen(&mut host);
    let mia = host.add_person("Mia");
    let entry = host.insert("entries", json!({ "task": task, "duration": 3600, "user": mia })).unwrap();
    host.leave(mia);
    for (collection, id) in [("projects/tasks", task), ("projects/projects", project)] {
        assert_eq!(host.remove(collection, id).unwrap_err().code, ErrorCode::Conflict, "{collection}");
    }
    let record = host.record("entries", entry).unwrap();
    assert_eq!(
        (&record["user"], &record["duration"], &record["archived_at"]),
        (&json!(mia), &json!(3600), &Json::Null)
    );
    // What was done can still be put right, and nothing new is booked on who is gone.
    host.update("entries", entry, json!({ "note": "Left in November" })).unwrap();
    let fault = host.insert("entries", json!({ "task": task, "duration": 3600, "user": mia })).unwrap_err();
    assert_eq!(codes(&fault), [("/user", "unknown-reference")]);
}

#[test]
fn time_without_a_project_is_billed_to_nobody_until_it_is_of_one() {
    let mut host = host();
    boss(&mut host);
    let (project, task) = kitchen(&mut host);
    let travel = host.insert("activities", json!({ "name": "Travel" })).unwrap();
    let body = json!({ "activity": travel, "duration": 3600, "billable": true });
    let entry = host.insert("entries", body).unwrap();
    let told = |host: &Host| {
        let entry = host.record("entries", entry).unwrap();
        (entry["billable"].clone(), entry["billable_duration"].clone())
    };
    assert_eq!(told(&host), (json!(false), json!(0)), "whatever is said");
    host.update("entries", entry, json!({ "billable": true })).unwrap();
    assert_eq!(told(&host), (json!(false), json!(0)));
    host.update("entries", entry, json!({ "project": project })).unwrap();
    assert_eq!(told(&host), (json!(true), json!(3600)), "as the activity is");
    host.update("entries", entry, json!({ "project": null })).unwrap();
    assert_eq!(told(&host), (json!(false), json!(0)));
    host.update("entries", entry, json!({ "task": task, "billable": false })).unwrap();
    assert_eq!(told(&host), (json!(true), json!(3600)), "what was said of it when it was of no project is over");
    host.update("entries", entry, json!({ "billable": false })).unwrap();
    host.update("entries", entry, json!({ "note": "Free" })).unwrap();
    assert_eq!(told(&host), (json!(false), json!(0)), "what is said of time on a project stands");
}

/// What each entry is charged, in minutes.
fn charged(host: &Host, entries: &[Id]) -> Vec<i64> {
    let of = |id: &Id| host.record("entries", *id).unwrap()["billable_duration"].as_i64().unwrap() / 60;
    entries.iter().map(of).collect()
}

#[test]
fn what_is_rounded_by_the_day_is_the_same_before_and_after_approval() {
    for approval in ["person", "project"] {
        let mut host = host();
        boss(&mut host);
        let (kitchen, _) = kitchen(&mut host);
        let porch = host.insert("projects/projects", json!({ "name": "Porch" })).unwrap();
        host.take_preset("consulting");
        host.fill_in("approval", approval);
        let add = |host: &mut Host, project: Id, minutes: i64| {
            host.insert("entries", json!({ "project": project, "duration": minutes * 60 })).unwrap()
        };
        let four: Vec<Id> = (0..4).map(|_| add(&mut host, kitchen, 4)).collect();
        assert_eq!(charged(&host, &four), [0, 15, 0, 0], "16 minutes are a quarter of an hour");
        host.remove("entries", four[0]).unwrap();
        assert_eq!(charged(&host, &four[1..]), [0, 15, 0]);
        host.update("entries", four[3], json!({ "billable": false })).unwrap();
        assert_eq!(charged(&host, &four[1..]), [0, 15, 0]);
        host.update("entries", four[2], json!({ "duration": 180 })).unwrap();
        assert_eq!(charged(&host, &four[1..]), [0, 0, 0], "7 minutes are none");
        let other = add(&mut host, porch, 5);
        let entries = [four[1], four[2], four[3], other];
        // A day of 12 minutes, or a day of 7 of the one project and one of 5 of the other.
        let last = if approval == "person" { 15 } else { 0 };
        assert_eq!(charged(&host, &entries), [0, 0, 0, last], "{approval}");
        host.update("entries", four[2], json!({ "duration": 300, "local_date": "2026-11-24" })).unwrap();
        assert_eq!(charged(&host, &entries), [0, 0, 0, last], "{approval}: a day is left and another begun");
        let moved = add(&mut host, kitchen, 3);
        host.update("entries", moved, json!({ "local_date": "2026-11-24" })).unwrap();
        let sheet = host.post("/week/submit", &json!({ "week": "2026-11-23", "attested": true })).unwrap();
        let before = charged(&host, &[four[1], four[2], moved, other]);
        if approval == "person" {
            host.post("/team/approve", &json!({ "ids": [sheet.json()["id"]] })).unwrap();
        } else {
            let lines = host.find(select("lines").columns(["id"])).unwrap();
            let ids: Vec<Id> = lines.records().filter_map(|row| row.reference("id")).collect();
            host.post("/project-lines/approve", &json!({ "ids": ids })).unwrap();
        }
        assert_eq!(charged(&host, &[four[1], four[2], moved, other]), before, "{approval}");
        assert_eq!(before, [0, 0, 15, last], "{approval}");
    }
}

#[test]
fn what_is_planned_for_a_week_is_offered_first() {
    let mut host = host();
    boss(&mut host);
    let (project, _) = kitchen(&mut host);
    let me = host.caller.person().unwrap();
    for (title, start, due) in [
        ("Anchor", None, None),
        ("Before", Some("2026-11-16"), Some("2026-11-22")),
        ("Due", None, Some("2026-11-23")),
        ("Long", Some("2026-11-02"), Some("2026-12-18")),
        ("Next", Some("2026-11-30"), None),
        ("Start", Some("2026-11-29"), None),
    ] {
        let task = json!({ "title": title, "project": project, "assignees": [me], "start": start, "due": due });
        host.insert("projects/tasks", task).unwrap();
    }
    let other = json!({ "title": "Ben's", "project": project, "start": "2026-11-24", "due": "2026-11-25" });
    host.insert("projects/tasks", other).unwrap();
    let offered = |host: &mut Host| {
        let week = host.get("/week", &[("week", "2026-11-23")]).unwrap();
        let more = week.json()["more"].as_array().unwrap().clone();
        let told = more.iter().map(|row| (row["title"].as_str().unwrap().to_owned(), row["planned"] == true));
        told.collect::<Vec<_>>()
    };
    let titles: Vec<_> = offered(&mut host).into_iter().collect();
    let expected = [
        ("Planned: Due, Kitchen", true),
        ("Planned: Long, Kitchen", true),
        ("Planned: Start, Kitchen", true),
        ("Anchor, Kitchen", false),
        ("Before, Kitchen", false),
        ("Next, Kitchen", false),
        ("Kitchen", false),
    ];
    assert_eq!(titles, expected.map(|(title, planned)| (title.to_owned(), planned)));
    // What has time already is a row, and not offered again.
    let due = host.find(select("projects/tasks").columns(["id"]).filter(field("title").eq("Due"))).unwrap();
    let due = due.records().next().and_then(|row| row.reference("id"));
    host.insert("entries", json!({ "task": due, "duration": 3600 })).unwrap();
    assert_eq!(offered(&mut host)[0].0, "Planned: Long, Kitchen");
}

#[test]
fn a_week_is_filled_up_to_today_with_what_is_planned() {
    let mut host = host();
    boss(&mut host);
    let (project, _) = kitchen(&mut host);
    let me = host.caller.person().unwrap();
    // A Wednesday.
    host.caller.now = at("2026-11-25T01:00:00Z");
    for (title, start, due) in [
        ("Drawings", Some("2026-11-23"), Some("2026-11-24")),
        ("Cutting", Some("2026-11-24"), Some("2026-11-27")),
        ("Next", Some("2026-11-30"), None),
        ("Some day", None, None),
    ] {
        let task = json!({ "title": title, "project": project, "assignees": [me], "start": start, "due": due });
        host.insert("projects/tasks", task).unwrap();
    }
    host.insert("entries", json!({ "project": project, "local_date": "2026-11-23", "duration": 7200 })).unwrap();
    host.post("/week/fill", &json!({ "week": "2026-11-23" })).unwrap();
    let told = host.get("/week", &[("week", "2026-11-23")]).unwrap();
    let rows = told.json()["rows"].as_array().unwrap().clone();
    let minutes = |title: &str| -> Vec<i64> {
        let row = rows.iter().find(|row| row["title"] == title).unwrap();
        row["cells"].as_array().unwrap().iter().map(|cell| cell["seconds"].as_i64().unwrap() / 60).collect()
    };
    // Of 7.6 hours two are there on Monday; on Tuesday two share them; Thursday is not yet.
    assert_eq!(minutes("Drawings"), [336, 225, 0, 0, 0, 0, 0]);
    assert_eq!(minutes("Cutting"), [0, 231, 456, 0, 0, 0, 0]);
    assert_eq!(rows.len(), 3, "{rows:?}");
    let again = host.post("/week/fill", &json!({ "week": "2026-11-23" })).unwrap_err();
    assert_eq!(again.code, ErrorCode::Conflict);
}
