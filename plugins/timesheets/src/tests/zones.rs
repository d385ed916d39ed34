//! Timers and days wherever people stand: over midnight there, over that of UTC, over both switches of the clocks.

use super::*;
use proptest::prelude::*;

const ZONES: [&str; 6] = [
    "Australia/Sydney",
    "Australia/Perth",
    "Australia/Lord_Howe",
    "Europe/London",
    "America/New_York",
    "Asia/Kathmandu",
];
/// Nights in which clocks of these zones are put on or back, and one of which nothing is special.
const NIGHTS: [&str; 9] = [
    "2026-04-05",
    "2026-10-04", // Sydney, Lord Howe
    "2026-03-29",
    "2026-10-25", // London
    "2026-03-08",
    "2026-11-01", // New York
    "2026-01-01",
    "2026-06-30",
    "2026-07-01",
];

/// What a clock there shows, to the minute, as minutes since 1970 without any zone.
fn face(instant: Instant, zone: &str) -> i64 {
    let local = calendar::to_local(instant, zone).unwrap();
    i64::from(local.date.days()) * 1440 + i64::from(local.second / 60)
}

fn offset(instant: Instant, zone: &str) -> i64 {
    i64::from(calendar::to_local(instant, zone).unwrap().offset_seconds) / 60
}

fn moment() -> impl Strategy<Value = Instant> {
    // Up to a day and a half around one of the nights.
    (prop::sample::select(&NIGHTS), -2_160_i64..2_160, 0_i64..60).prop_map(|(night, minutes, seconds)| {
        let midnight = i64::from(day(night).days()) * 86_400;
        Instant::from_micros((midnight + minutes * 60 + seconds) * 1_000_000)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_timer_counts_what_was_worked_and_lies_on_the_day_when_it_started_there(
        zone in prop::sample::select(&ZONES),
        began in moment(),
        minutes in 1_i64..1_500,
    ) {
        let mut host = host();
        let (_, task) = kitchen(&mut host);
        host.caller.time_zone = zone.to_owned();
        host.caller.now = began;
        let id = start(&mut host, &json!({ "task": task }));
        host.caller.now = crate::place::later(began, minutes * 60);
        let stopped = stop(&mut host, &json!({}));
        prop_assert_eq!(stopped["duration"].as_i64(), Some(minutes * 60));
        let ended = host.caller.now;
        let (there, shown) = host.run(|| {
            let shown = face(ended, zone) - face(began, zone) - (offset(ended, zone) - offset(began, zone));
            (calendar::to_local(began, zone).unwrap().date, shown)
        });
        // What the clocks on the wall showed, less what they were put on by.
        prop_assert_eq!(shown, minutes);
        prop_assert_eq!(&stopped["local_date"], &json!(there));
        let sheet = host.record("entries", id).unwrap()["sheet"].as_str().unwrap().parse().unwrap();
        let week = day(host.record("sheets", sheet).unwrap()["week"].as_str().unwrap());
        prop_assert!((0..7).contains(&there.days_since(week)));
        // The shift is as long, and nobody clocked twice.
        let shifts = host.find(select("shifts").columns(["duration", "local_date"])).unwrap();
        let shifts: Vec<_> = shifts.records().map(|row| (row.integer("duration"), row.date("local_date"))).collect();
        prop_assert_eq!(shifts, vec![(Some(minutes * 60), Some(there))]);
    }

    #[test]
    fn one_timer_after_the_other_leaves_no_gap_and_never_two_that_run(
        zone in prop::sample::select(&ZONES),
        began in moment(),
        steps in prop::collection::vec((0_usize..3, 0_i64..400), 1..8),
    ) {
        let mut host = host();
        let (project, task) = kitchen(&mut host);
        let other = host.insert("projects/tasks", json!({ "title": "Glue", "project": project })).unwrap();
        host.caller.time_zone = zone.to_owned();
        host.caller.now = began;
        let bodies = [json!({ "task": task }), json!({ "task": other }), json!({ "project": project })];
        for (which, minutes) in &steps {
            start(&mut host, &bodies[*which]);
            prop_assert_eq!(host.count("entries", field("ended_at").is_null()).unwrap(), 1);
            host.caller.now = crate::place::later(host.caller.now, minutes * 60 + 7);
        }
        stop(&mut host, &json!({}));
        let ended = host.caller.now;
        let entries = host.find(select("entries").columns(["started_at", "ended_at", "duration"]).sort("started_at").limit(100)).unwrap();
        let times: Vec<_> = entries.records().map(|row| (row.instant("started_at").unwrap(), row.instant("ended_at").unwrap(), row.integer("duration").unwrap())).collect();
        let whole = |instant: Instant| crate::place::whole_second(instant);
        prop_assert_eq!((times[0].0, times[times.len() - 1].1), (whole(began), whole(ended)));
        prop_assert!(times.windows(2).all(|pair| pair[0].1 == pair[1].0), "{:?}", times);
        // What is shown of each adds up to what is shown of all.
        let sum: i64 = times.iter().map(|(_, _, taken)| taken).sum();
        prop_assert_eq!(sum, crate::place::taken(whole(began), whole(ended)));
    }

    /// A timer that runs has no end yet: whatever is entered after its start overlaps it, whatever ends by then does not.
    #[test]
    fn what_overlaps_a_timer_that_runs_is_refused_and_what_touches_it_is_not(
        zone in prop::sample::select(&ZONES),
        began in moment(),
        before in -600_i64..600,
        minutes in 1_i64..600,
    ) {
        let mut host = host();
        let (project, task) = kitchen(&mut host);
        host.caller.time_zone = zone.to_owned();
        host.caller.now = crate::place::whole_second(began);
        let began = host.caller.now;
        start(&mut host, &json!({ "task": task }));
        host.caller.now = crate::place::later(began, 24 * 3600);
        let from = crate::place::later(began, before * 60);
        let until = crate::place::later(from, minutes * 60);
        let body = json!({ "project": project, "started_at": from, "ended_at": until });
        match host.insert("entries", body) {
            Ok(_) => prop_assert!(until <= began),
            Err(fault) => {
                prop_assert!(until > began, "{:?}", fault);
                prop_assert_eq!(codes(&fault), vec![("/started_at", "overlap")]);
            }
        }
    }
}

#[test]
fn time_on_a_site_with_a_zone_of_its_own_lies_on_the_day_there() {
    let mut host = host();
    host.caller.permissions.push("projects.see-clients".to_owned());
    let client = host.insert("projects/clients", json!({ "name": "Fremantle Port" })).unwrap();
    let site = json!({ "name": "Shed 4", "client": client, "time_zone": "Australia/Perth" });
    let site = host.insert("projects/sites", site).unwrap();
    let project = json!({ "name": "Fit-out", "client": client, "site": site });
    let project = host.insert("projects/projects", project).unwrap();
    let task = host.insert("projects/tasks", json!({ "title": "Benches", "project": project })).unwrap();
    // 02:00 on the 24th in Sydney, 23:00 on the 23rd in Perth.
    host.caller.now = at("2026-11-23T15:00:00Z");
    let id = start(&mut host, &json!({ "task": task }));
    host.caller.now = at("2026-11-23T18:00:00Z");
    let stopped = stop(&mut host, &json!({}));
    assert_eq!((&stopped["local_date"], &stopped["zone"]), (&json!("2026-11-23"), &json!("Australia/Perth")));
    assert_eq!(stopped["id"], json!(id));
    let typed = json!({ "week": "2026-11-16", "cells": [{ "key": { "task": task }, "day": "2026-11-18", "value": "7-15:30" }] });
    host.post("/week", &typed).unwrap();
    let by_hand = json!({ "task": task, "started_at": "2026-11-19T16:30:00Z", "ended_at": "2026-11-19T17:00:00Z" });
    let by_hand = host.insert("entries", by_hand).unwrap();
    assert_eq!(host.record("entries", by_hand).unwrap()["local_date"], "2026-11-20", "half past midnight there");
    let seven = host.count("entries", field("started_at").eq(at("2026-11-17T23:00:00Z"))).unwrap();
    assert_eq!(seven, 1, "seven by the clock of the site");
    // Who says where they stand is believed.
    let body = json!({ "task": task, "zone": "Australia/Sydney", "started_at": "2026-11-20T15:00:00Z", "ended_at": "2026-11-20T16:00:00Z" });
    let elsewhere = host.insert("entries", body).unwrap();
    assert_eq!(host.record("entries", elsewhere).unwrap()["local_date"], "2026-11-21");
}

#[test]
fn where_overlaps_are_let_through_they_are_told_on_the_week_and_to_who_approves() {
    let mut firm = super::approving::firm();
    firm.host.fill_in("overlap", "warn");
    let task = firm.task;
    for (from, until) in [("01:00", "03:00"), ("02:00", "04:00"), ("04:00", "05:00")] {
        let at = |time: &str| format!("2026-11-17T{time}:00Z");
        let body = json!({ "task": task, "started_at": at(from), "ended_at": at(until) });
        firm.as_mia().insert("entries", body).unwrap();
    }
    let shown = firm.as_mia().get("/week", &[("week", "2026-11-17")]).unwrap().json().clone();
    let notes: Vec<&str> = shown["notes"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    assert_eq!(notes.len(), 2, "what touches is no overlap: {notes:?}");
    assert!(notes[0].contains("17 Nov 2026 overlaps other time"), "{notes:?}");
    let sheet = firm.submit("2026-11-16");
    assert_eq!(firm.host.record("sheets", sheet).unwrap()["overlaps"], 2);
    let team = firm.as_boss().get("/team", &[("week", "2026-11-17")]).unwrap().json().clone();
    assert_eq!(team["rows"][0]["notes"], json!(["2 entries overlap others."]));
    // Where nothing is said of it, nothing is told.
    firm.as_boss().post("/team/return", &json!({ "id": sheet, "reason": "Look again" })).unwrap();
    assert_eq!(firm.host.record("sheets", sheet).unwrap()["overlaps"], Json::Null);
    firm.host.fill_in("overlap", "allow");
    let shown = firm.as_mia().get("/week", &[("week", "2026-11-17")]).unwrap().json().clone();
    assert_eq!(shown["notes"], json!([]));
}
