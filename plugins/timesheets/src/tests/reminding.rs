//! What people are reminded of.

use super::*;
use crate::remind;

fn told(reminders: &[remind::Reminder]) -> Vec<(&[Id], &str)> {
    reminders.iter().map(|reminder| (reminder.people.as_slice(), reminder.title.as_str())).collect()
}

#[test]
fn a_timer_that_runs_long_is_told_to_whoever_started_it() {
    let mut host = host();
    let (_, task) = kitchen(&mut host);
    let me = host.caller.person().unwrap();
    let id = start(&mut host, &json!({ "task": task }));
    let due = |host: &mut Host, now: &str| host.run(|| remind::long_timers(at(now))).unwrap();
    assert_eq!(due(&mut host, "2026-11-23T10:59:00Z"), []);
    let reminders = due(&mut host, "2026-11-23T11:30:00Z");
    assert_eq!(told(&reminders), [(&[me][..], "Your timer has been running for 10:00")]);
    assert_eq!((reminders[0].about, reminders[0].key.clone()), (Some(("entries", id)), format!("timer:{id}")));
    host.caller.now = at("2026-11-23T11:40:00Z");
    stop(&mut host, &json!({ "at_time": "15:30" }));
    assert_eq!(due(&mut host, "2026-11-23T23:00:00Z"), []);
}

#[test]
fn weeks_that_wait_are_told_to_those_whom_they_wait_for() {
    let mut host = host();
    boss(&mut host);
    let (project, _) = kitchen(&mut host);
    let (me, mia) = (host.caller.person().unwrap(), host.add_person("Mia"));
    let sheet = |host: &mut Host, user: Id, day: &str| -> Id {
        let entry = json!({ "project": project, "user": user, "duration": 3600, "local_date": day });
        let entry = host.insert("entries", entry).unwrap();
        host.record("entries", entry).unwrap()["sheet"].as_str().unwrap().parse().unwrap()
    };
    let hers = sheet(&mut host, mia, "2026-11-17");
    sheet(&mut host, mia, "2026-11-23");
    let waiting = |host: &mut Host| host.run(|| remind::waiting(day("2026-11-23"))).unwrap();
    assert_eq!(waiting(&mut host), [], "who has not submitted is told with what is missing");
    host.caller.principal = context::Principal::Person(mia);
    host.transition("sheets", hers, "submit").unwrap_err();
    host.post("/week/submit", &json!({ "week": "2026-11-17", "attested": true })).unwrap();
    host.caller.principal = context::Principal::Person(me);
    assert_eq!(told(&waiting(&mut host)), [(&[me][..], "1 timesheet waits for approval")]);
    host.post("/team/approve", &json!({ "ids": [hers] })).unwrap();
    assert_eq!(waiting(&mut host), []);
}

#[test]
fn missing_time_is_told_once_a_week_to_those_who_enter_time() {
    let mut host = host();
    boss(&mut host);
    let (project, _) = kitchen(&mut host);
    let (mia, ben) = (host.add_person("Mia"), host.add_person("Ben"));
    let mut hours = |user: Id, day: &str, hours: i64| {
        let entry = json!({ "project": project, "user": user, "duration": hours * 3600, "local_date": day });
        host.insert("entries", entry).unwrap();
    };
    hours(ben, "2026-11-16", 8);
    for day in ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27"] {
        hours(mia, day, 7);
    }
    hours(ben, "2026-11-23", 8);
    let (reminders, more) = host.run(|| remind::missing(day("2026-11-27"), 0)).unwrap();
    let expected = [(&[mia][..], "3:00 of this week is missing"), (&[ben][..], "30:00 of this week is missing")];
    assert_eq!((told(&reminders), more), (expected.to_vec(), None), "and nobody who enters none");
    host.leave(ben);
    let (reminders, _) = host.run(|| remind::missing(day("2026-11-27"), 0)).unwrap();
    assert_eq!(told(&reminders), expected[..1]);
}

#[test]
fn a_worker_is_reminded_once_a_week_of_what_is_missing_and_not_submitted() {
    let mut host = host();
    boss(&mut host);
    let (project, _) = kitchen(&mut host);
    let (me, mia, ben) = (host.caller.person().unwrap(), host.add_person("Mia"), host.add_person("Ben"));
    let hours = |host: &mut Host, user: Id, day: &str, hours: i64| -> Id {
        let entry = json!({ "project": project, "user": user, "duration": hours * 3600, "local_date": day });
        let entry = host.insert("entries", entry).unwrap();
        host.record("entries", entry).unwrap()["sheet"].as_str().unwrap().parse().unwrap()
    };
    let hers = hours(&mut host, mia, "2026-11-17", 8);
    for day in ["2026-11-10", "2026-11-18"] {
        hours(&mut host, ben, day, 8);
    }
    for day in ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27"] {
        for user in [mia, me] {
            hours(&mut host, user, day, 8);
        }
    }
    hours(&mut host, ben, "2026-11-23", 8);
    let (reminders, _) = host.run(|| remind::missing(day("2026-11-27"), 0)).unwrap();
    assert_eq!(
        told(&reminders),
        [(&[mia][..], "Your week of 16 – 22 Nov 2026 is not submitted"), (&[ben][..], "30:00 of this week is missing")]
    );
    assert_eq!(reminders[0].about, Some(("sheets", hers)));
    assert_eq!(reminders[1].text, "8:00 of 38:00 are recorded. 2 weeks of yours from 9 Nov 2026 on are not submitted.");
    // However often the jobs of the week run, each has one.
    for now in ["2026-11-27T04:00:00Z", "2026-11-28T21:00:00Z", "2026-11-29T21:00:00Z"] {
        host.caller.now = at(now);
        host.run_job("remind-of-weeks", &Json::Null).unwrap();
    }
    assert_eq!(host.notices().len(), 0);
    host.caller.now = at("2026-11-27T04:00:00Z");
    host.run_job("remind-of-time", &Json::Null).unwrap();
    let notices = host.notices();
    let whom: Vec<_> = notices.iter().map(|notice| (notice.people.clone(), notice.key.as_deref())).collect();
    assert_eq!(whom, [(vec![mia], Some("week:2026-11-23")), (vec![ben], Some("week:2026-11-23"))]);
}

#[test]
fn the_jobs_tell_whom_it_concerns() {
    let mut host = host();
    let (_, task) = kitchen(&mut host);
    let me = host.caller.person().unwrap();
    start(&mut host, &json!({ "task": task }));
    host.caller.now = at("2026-11-24T01:00:00Z");
    host.run_job("remind-of-timers", &Json::Null).unwrap();
    host.run_job("remind-of-weeks", &Json::Null).unwrap();
    host.run_job("remind-of-time", &Json::Null).unwrap();
    let notices = host.notices();
    let told: Vec<_> = notices.iter().map(|notice| (notice.people.clone(), notice.title.as_str())).collect();
    assert_eq!(told, [(vec![me], "Your timer has been running for 24:00")]);
}
