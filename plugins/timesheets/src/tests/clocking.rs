//! Timers and shifts.

use super::*;

#[test]
fn a_timer_that_starts_stops_the_other_and_tells_of_both() {
    let mut host = host();
    let (project, task) = kitchen(&mut host);
    let first = start(&mut host, &json!({ "task": task }));
    host.caller.now = at("2026-11-23T03:30:00Z");
    let answer = host.post("/timer/start", &json!({ "project": project, "note": "Measuring" })).unwrap();
    assert_eq!(answer.status, 201);
    let (started, stopped) = (&answer.json()["started"], &answer.json()["stopped"]);
    assert_eq!((stopped["id"].as_str(), &stopped["duration"]), (Some(first.to_string().as_str()), &json!(9000)));
    assert_eq!(started["started_at"], "2026-11-23T03:30:00Z");
    let record = host.record("entries", first).unwrap();
    assert_eq!((&record["duration"], &record["project"]), (&json!(9000), &json!(project)), "of its task");
    assert_eq!(record["label"], "Cut, 2:30");
    let running = field("ended_at").is_null();
    assert_eq!(host.count("entries", running).unwrap(), 1);
}

#[test]
fn tapped_twice_a_timer_is_started_once() {
    let mut host = host();
    let (_, task) = kitchen(&mut host);
    let first = start(&mut host, &json!({ "task": task }));
    host.caller.now = at("2026-11-23T01:00:02Z");
    assert_eq!(start(&mut host, &json!({ "task": task })), first);
    assert_eq!(host.count("entries", all([])).unwrap(), 1);
}

#[test]
fn two_timers_never_run() {
    let mut host = host();
    let (project, task) = kitchen(&mut host);
    start(&mut host, &json!({ "task": task }));
    let fault =
        host.insert("entries", json!({ "project": project, "started_at": "2026-11-23T01:00:00Z" })).unwrap_err();
    assert_eq!(fault.code, ErrorCode::Conflict);
    // A person's own, that is: others have theirs.
    boss(&mut host);
    let mia = host.add_person("Mia");
    host.insert("entries", json!({ "project": project, "user": mia, "started_at": "2026-11-23T01:00:00Z" })).unwrap();
}

#[test]
fn a_timer_started_at_seven_in_sydney_stops_in_the_afternoon_though_the_day_of_utc_has_turned() {
    let mut host = host();
    let (_, task) = kitchen(&mut host);
    host.caller.now = at("2026-11-22T20:00:00Z");
    let id = start(&mut host, &json!({ "task": task }));
    host.caller.now = at("2026-11-23T04:30:00Z");
    let stopped = stop(&mut host, &json!({}));
    assert_eq!((stopped["id"].as_str(), &stopped["duration"]), (Some(id.to_string().as_str()), &json!(30_600)));
    assert_eq!(stopped["local_date"], "2026-11-23", "the day in Sydney when it started");
    let sheet = stopped["sheet"].as_str().unwrap().parse().unwrap();
    assert_eq!(host.record("sheets", sheet).unwrap()["week"], "2026-11-23");
}

#[test]
fn a_timer_stops_after_midnight_and_on_the_next_day_and_over_both_switches_of_the_clocks() {
    for (from, until, hours, date) in [
        ("2026-11-23T11:00:00Z", "2026-11-23T14:00:00Z", 3, "2026-11-23"),
        ("2026-11-23T20:00:00Z", "2026-11-24T21:00:00Z", 25, "2026-11-24"),
        // 1:00 to 5:00 by the clock, on the nights when it is put on and back.
        ("2026-10-03T15:00:00Z", "2026-10-03T18:00:00Z", 3, "2026-10-04"),
        ("2026-04-04T14:00:00Z", "2026-04-04T19:00:00Z", 5, "2026-04-05"),
    ] {
        let mut host = host();
        let (_, task) = kitchen(&mut host);
        host.caller.now = at(from);
        start(&mut host, &json!({ "task": task }));
        host.caller.now = at(until);
        let stopped = stop(&mut host, &json!({}));
        assert_eq!((&stopped["duration"], &stopped["local_date"]), (&json!(hours * 3600), &json!(date)), "{from}");
    }
}

#[test]
fn the_day_is_that_of_where_it_was_worked() {
    let mut host = host();
    let (_, task) = kitchen(&mut host);
    host.caller.now = at("2026-11-23T15:00:00Z");
    start(&mut host, &json!({ "task": task, "zone": "Australia/Perth" }));
    host.caller.now = at("2026-11-23T18:00:00Z");
    let stopped = stop(&mut host, &json!({}));
    assert_eq!((&stopped["local_date"], &stopped["zone"]), (&json!("2026-11-23"), &json!("Australia/Perth")));
    let fault = host.post("/timer/start", &json!({ "task": task, "zone": "Mars/Base" })).unwrap_err();
    assert_eq!(codes(&fault), [("/zone", "zone")]);
}

#[test]
fn who_forgot_to_stop_says_when_it_was() {
    let mut host = host();
    let (_, task) = kitchen(&mut host);
    start(&mut host, &json!({ "task": task }));
    host.caller.now = at("2026-11-23T09:10:00Z");
    let early = host.post("/timer/stop", &json!({ "at": "2026-11-23T00:59:00Z" })).unwrap_err();
    assert_eq!(codes(&early), [("/at", "order")]);
    let late = host.post("/timer/stop", &json!({ "at": "2026-11-23T09:11:00Z" })).unwrap_err();
    assert_eq!(codes(&late), [("/at", "future")]);
    let offered = host.get("/timer", &[]).unwrap().json()["running"]["forgotten"].clone();
    assert_eq!(offered, json!(["19:30", "20:00"]));
    let stopped = stop(&mut host, &json!({ "at_time": "15:30", "break_time": 1800, "note": "Doors hung" }));
    assert_eq!(stopped["ended_at"], "2026-11-23T04:30:00Z");
    assert_eq!((&stopped["duration"], &stopped["note"]), (&json!(10_800), &json!("Doors hung")));
    assert_eq!(host.post("/timer/stop", &json!({})).unwrap_err().code, ErrorCode::Conflict);
}

/// Times that are offered to whoever forgot to stop, with the timer started and looked at by the clock of a zone.
fn offered(host: &mut Host, started: &str, now: &str) -> Json {
    let (_, task) = kitchen(host);
    host.caller.now = at(started);
    start(host, &json!({ "task": task }));
    host.caller.now = at(now);
    host.get("/timer", &[]).unwrap().json()["running"]["forgotten"].clone()
}

#[test]
fn who_forgot_to_stop_is_offered_the_end_of_the_day_on_which_they_started() {
    // From 7:00, a day of 7:36 and half an hour of lunch end at about 15:00; looked at on the next morning.
    let mut host = host();
    assert_eq!(offered(&mut host, "2026-11-22T20:00:00Z", "2026-11-23T20:05:00Z"), json!(["14:30", "15:00", "15:30"]));
    let fault = host.post("/timer/stop", &json!({ "at_time": "6:00" })).map(|reply| reply.json().clone());
    assert_eq!(fault.unwrap()["duration"], 23 * 3600, "it was 6:00 once since then");
    // Never what is still to come.
    let mut early = super::host();
    assert_eq!(offered(&mut early, "2026-11-22T20:00:00Z", "2026-11-23T02:10:00Z"), json!(["12:30", "13:00"]));
    let fault = early.post("/timer/stop", &json!({ "at_time": "15:30" })).unwrap_err();
    assert_eq!(codes(&fault), [("/at_time", "order")]);
    assert_eq!(fault.issues[0].message, "It was not 15:30 yet since the timer was started, at 7:00.");
    let mut soon = super::host();
    assert_eq!(offered(&mut soon, "2026-11-22T20:00:00Z", "2026-11-22T20:10:00Z"), json!([]));
}

#[test]
fn a_day_is_taken_to_end_when_the_days_before_it_did() {
    let mut host = host();
    let (project, _) = kitchen(&mut host);
    let mut worked = |from: &str, until: &str| {
        let body = json!({ "project": project, "started_at": from, "ended_at": until });
        host.insert("entries", body).unwrap();
    };
    worked("2026-11-17T20:00:00Z", "2026-11-18T05:32:00Z");
    worked("2026-11-18T20:00:00Z", "2026-11-19T05:28:00Z");
    worked("2026-11-19T20:00:00Z", "2026-11-19T23:00:00Z");
    worked("2026-11-19T23:00:00Z", "2026-11-20T05:30:00Z");
    // Once it was late.
    worked("2026-11-21T20:00:00Z", "2026-11-22T11:00:00Z");
    assert_eq!(offered(&mut host, "2026-11-22T20:00:00Z", "2026-11-23T20:05:00Z"), json!(["16:00", "16:30", "17:00"]));
    let stopped = stop(&mut host, &json!({ "at_time": "16:30" }));
    assert_eq!((&stopped["duration"], &stopped["ended_at"]), (&json!(34_200), &json!("2026-11-23T05:30:00Z")));
    // Of what is started after that, it is about an hour, or what the day was to be beside it.
    assert_eq!(offered(&mut host, "2026-11-23T08:00:00Z", "2026-11-23T21:00:00Z"), json!(["19:30", "20:00", "20:30"]));
}

#[test]
fn a_forgotten_timer_is_stopped_where_it_was_started_over_midnight_and_both_switches_of_the_clocks() {
    for (zone, started, now, time, ended) in [
        // The next afternoon, after the time that is meant: not a day more.
        ("Australia/Sydney", "2026-11-22T20:00:00Z", "2026-11-24T05:00:00Z", "15:30", "2026-11-23T04:30:00Z"),
        ("Australia/Perth", "2026-11-22T23:00:00Z", "2026-11-24T08:00:00Z", "15:30", "2026-11-23T07:30:00Z"),
        // Over midnight there.
        ("Australia/Sydney", "2026-11-23T11:00:00Z", "2026-11-23T23:00:00Z", "1:30", "2026-11-23T14:30:00Z"),
        ("Australia/Sydney", "2026-11-23T11:00:00Z", "2026-11-23T23:00:00Z", "00:00", "2026-11-23T13:00:00Z"),
        // From 22:00 to 5:00, on the nights when the clock is put on and back.
        ("Australia/Sydney", "2026-10-03T12:00:00Z", "2026-10-03T22:00:00Z", "5:00", "2026-10-03T18:00:00Z"),
        ("Australia/Sydney", "2026-04-04T11:00:00Z", "2026-04-04T22:00:00Z", "5:00", "2026-04-04T19:00:00Z"),
        // Of an hour that comes twice, the one that comes next.
        ("Australia/Sydney", "2026-04-04T15:45:00Z", "2026-04-04T22:00:00Z", "2:30", "2026-04-04T16:30:00Z"),
        ("Europe/London", "2026-10-24T22:00:00Z", "2026-10-25T08:00:00Z", "1:30", "2026-10-25T00:30:00Z"),
    ] {
        let mut host = host();
        host.caller.time_zone = zone.to_owned();
        let (_, task) = kitchen(&mut host);
        host.caller.now = at(started);
        start(&mut host, &json!({ "task": task }));
        host.caller.now = at(now);
        let stopped = stop(&mut host, &json!({ "at_time": time }));
        assert_eq!(stopped["ended_at"], ended, "{zone}, {time}");
    }
}

#[test]
fn the_end_that_is_offered_is_by_the_clock_where_the_person_is() {
    for (zone, started, now) in [
        ("Australia/Perth", "2026-11-22T23:00:00Z", "2026-11-23T23:05:00Z"),
        // The night before it the clock was put on, in the one, and back in the other.
        ("Australia/Sydney", "2026-10-03T20:00:00Z", "2026-10-04T20:05:00Z"),
        ("Australia/Sydney", "2026-04-04T21:00:00Z", "2026-04-05T21:05:00Z"),
        ("Asia/Kathmandu", "2026-11-23T01:15:00Z", "2026-11-24T01:20:00Z"),
    ] {
        let mut host = host();
        boss(&mut host);
        host.caller.time_zone = zone.to_owned();
        let pattern = json!({ "saturday": 27_360, "sunday": 27_360, "effective_from": "2026-01-01" });
        host.insert("work-patterns", pattern).unwrap();
        assert_eq!(offered(&mut host, started, now), json!(["14:30", "15:00", "15:30"]), "{zone}");
    }
}

#[test]
fn the_first_timer_of_a_day_opens_the_shift_and_the_last_stop_closes_it() {
    let mut host = host();
    let (project, task) = kitchen(&mut host);
    host.caller.now = at("2026-11-22T20:00:00Z");
    start(&mut host, &json!({ "task": task }));
    host.caller.now = at("2026-11-22T22:00:00Z");
    start(&mut host, &json!({ "project": project }));
    host.caller.now = at("2026-11-23T01:00:00Z");
    stop(&mut host, &json!({}));
    host.caller.now = at("2026-11-23T01:30:00Z");
    start(&mut host, &json!({ "task": task }));
    host.caller.now = at("2026-11-23T04:30:00Z");
    stop(&mut host, &json!({}));
    let shifts = host.find(select("shifts").columns(["started_at", "ended_at", "duration", "local_date"])).unwrap();
    let shifts: Vec<_> = shifts
        .records()
        .map(|row| (row.instant("ended_at"), row.integer("duration"), row.date("local_date")))
        .collect();
    assert_eq!(
        shifts,
        [(Some(at("2026-11-23T04:30:00Z")), Some(30_600), Some(day("2026-11-23")))],
        "nobody clocks twice"
    );
}

#[test]
fn a_day_has_many_shifts_and_one_crosses_midnight() {
    let mut host = host();
    let (_, task) = kitchen(&mut host);
    for (from, until) in [
        ("2026-11-22T20:00:00Z", "2026-11-22T22:00:00Z"),
        ("2026-11-23T09:00:00Z", "2026-11-23T14:30:00Z"),
        ("2026-11-23T20:00:00Z", "2026-11-23T21:00:00Z"),
    ] {
        host.caller.now = at(from);
        start(&mut host, &json!({ "task": task }));
        host.caller.now = at(until);
        stop(&mut host, &json!({}));
    }
    let shifts = host.find(select("shifts").columns(["duration", "local_date"]).sort("started_at")).unwrap();
    let shifts: Vec<_> = shifts
        .records()
        .filter_map(|row| Some((row.date("local_date")?.to_string(), row.integer("duration")? / 60)))
        .collect();
    let expected = [("2026-11-23", 120), ("2026-11-23", 330), ("2026-11-24", 60)];
    assert_eq!(shifts, expected.map(|(date, minutes)| (date.to_owned(), minutes)));
}

#[test]
fn what_can_be_started_is_what_was_worked_on_and_what_is_assigned() {
    let mut host = host();
    let (project, task) = kitchen(&mut host);
    let me = host.caller.person().unwrap();
    host.insert("projects/tasks", json!({ "title": "Glue", "project": project, "assignees": [me] })).unwrap();
    host.insert("projects/tasks", json!({ "title": "Oil", "project": project })).unwrap();
    start(&mut host, &json!({ "task": task }));
    host.caller.now = at("2026-11-23T02:00:00Z");
    stop(&mut host, &json!({}));
    let state = host.get("/timer", &[]).unwrap();
    let titles: Vec<_> = state.json()["starts"].as_array().unwrap().iter().map(|it| it["title"].clone()).collect();
    assert_eq!(titles, [json!("Cut"), json!("Glue")]);
    assert_eq!((&state.json()["today"], &state.json()["running"]), (&json!(3600), &Json::Null));
    // What is offered is what starts it.
    let body = state.json()["starts"][1]["body"].clone();
    start(&mut host, &body);
    assert_eq!(host.get("/timer", &[]).unwrap().json()["running"]["title"], "Glue");
}

#[test]
fn a_break_is_proposed_after_five_hours_and_never_taken_silently() {
    let mut host = host();
    let (_, task) = kitchen(&mut host);
    start(&mut host, &json!({ "task": task }));
    let pause = |host: &mut Host| host.get("/timer", &[]).unwrap().json()["running"]["pause"].clone();
    host.caller.now = at("2026-11-23T05:59:00Z");
    assert_eq!(pause(&mut host), Json::Null);
    host.caller.now = at("2026-11-23T06:00:00Z");
    assert_eq!(pause(&mut host), 1800);
    assert_eq!(stop(&mut host, &json!({}))["duration"], 18_000);
}

#[test]
fn nobody_starts_what_they_do_not_see() {
    let mut host = host();
    let (project, task) = kitchen(&mut host);
    host.caller.principal = context::Principal::Person(host.add_person("Mia"));
    for body in [json!({ "task": task }), json!({ "project": project })] {
        assert_eq!(host.post("/timer/start", &body).unwrap_err().issues[0].code, "unknown-reference");
    }
    assert_eq!(host.post("/timer/start", &json!({})).unwrap_err().issues[0].code, "required");
}

#[test]
fn a_timer_is_changed_in_the_second_in_which_it_was_started() {
    let mut host = host();
    let (project, task) = kitchen(&mut host);
    let first = start(&mut host, &json!({ "task": task }));
    let second = start(&mut host, &json!({ "project": project }));
    let (first, second) = (host.record("entries", first).unwrap(), host.record("entries", second).unwrap());
    assert_eq!((&first["duration"], &first["ended_at"]), (&json!(0), &second["started_at"]));
    assert_eq!(second["ended_at"], Json::Null);
}
