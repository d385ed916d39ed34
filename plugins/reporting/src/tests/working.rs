//! Who has how much to do.

use super::{Host, host, report};
use lignaflow_sdk::prelude::*;
use serde_json::{Value as Json, json};

fn task(host: &mut Host, project: Id, minutes: i64, more: &Json) -> Id {
    let mut task = json!({ "title": "Cut", "project": project, "planned_minutes": minutes });
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    host.insert("projects/tasks", task).unwrap()
}

fn of<'a>(answer: &'a Json, person: &str, week: &Json) -> Option<&'a Json> {
    answer["rows"].as_array().unwrap().iter().find(|row| row["title"] == person && row["week"] == *week)
}

/// Today is Monday, 23 November 2026.
#[test]
fn what_is_planned_stands_in_its_weeks_against_what_people_are_there_for() {
    let mut host = host();
    host.caller.permissions.extend(["see-all", "set-up", "approve"].map(|held| format!("timesheets.{held}")));
    let (mia, ben) = (host.add_person("Mia"), host.add_person("Ben"));
    let shed = host.insert("projects/projects", json!({ "name": "Shed" })).unwrap();
    host.insert("timesheets/holidays", json!({ "name": "Show day", "day": "2026-11-24" })).unwrap();
    // From Thursday to the Friday of the week after: two days, and five.
    let frame = json!({ "assignees": [mia], "start": "2026-11-26", "due": "2026-12-04" });
    let frame = task(&mut host, shed, 700, &frame);
    // Overdue, and so for now; two share it.
    let oak = task(&mut host, shed, 101, &json!({ "assignees": [mia, ben], "due": "2026-11-02" }));
    let loose = task(&mut host, shed, 60, &json!({ "assignees": [ben] }));
    let nobodys = task(&mut host, shed, 30, &json!({ "due": "2026-12-01" }));
    let done = task(&mut host, shed, 999, &json!({ "assignees": [ben] }));
    host.transition("projects/tasks", done, "finish").unwrap();
    let old = host.insert("projects/projects", json!({ "name": "Old" })).unwrap();
    task(&mut host, old, 999, &json!({ "assignees": [ben] }));
    host.transition("projects/projects", old, "cancel").unwrap();

    let answer = report(&mut host, "/workload", &[]);
    assert_eq!((&answer["from"], &answer["until"]), (&json!("2026-11-23"), &json!("2027-01-17")));
    let first = of(&answer, "Mia", &json!("2026-11-23")).unwrap();
    assert_eq!((&first["planned"], &first["capacity"]), (&json!(200 + 50), &json!(4 * 456)));
    assert_eq!((&first["left"], &first["load"]), (&json!(4 * 456 - 250), &json!(1_371)));
    assert_eq!(first["records"]["planned"], format!("/api/v1/projects/tasks?filter[id][in]={frame},{oak}"));
    assert_eq!(of(&answer, "Mia", &json!("2026-11-30")).unwrap()["planned"], 500);
    assert_eq!(of(&answer, "Ben", &json!("2026-11-23")).unwrap()["planned"], 51);
    let free = of(&answer, "Ben", &json!("2026-12-07")).unwrap();
    assert_eq!((&free["planned"], &free["load"], free["records"].get("planned")), (&json!(0), &json!(0), None));
    let undated = of(&answer, "Ben", &json!(null)).unwrap();
    assert_eq!((&undated["planned"], undated.get("capacity")), (&json!(60), None));
    assert_eq!(undated["records"]["planned"], format!("/api/v1/projects/tasks?filter[id][in]={loose}"));
    let open = of(&answer, "Nobody yet", &json!("2026-11-30")).unwrap();
    assert_eq!((&open["planned"], &open["id"]), (&json!(30), &json!(null)));
    assert!(open["records"]["planned"].as_str().unwrap().ends_with(&nobodys.to_string()));
    assert_eq!(answer["total"]["planned"], 700 + 101 + 60 + 30);
    for measure in ["planned", "capacity", "left"] {
        let sum: i64 = answer["rows"].as_array().unwrap().iter().filter_map(|row| row[measure].as_i64()).sum();
        assert_eq!(answer["total"][measure], sum, "{measure}");
    }
    let short = report(&mut host, "/workload", &[("weeks", "4")]);
    assert_eq!(short["until"], "2026-12-20");
}

#[test]
fn a_worker_sees_their_own_time_and_the_work_that_they_see_of_others() {
    let mut host = host();
    let (mia, ben) = (host.add_person("Mia"), host.add_person("Ben"));
    let shed = host.insert("projects/projects", json!({ "name": "Shed" })).unwrap();
    let both = json!({ "assignees": [mia, ben], "due": "2026-11-25" });
    task(&mut host, shed, 100, &both);
    task(&mut host, shed, 7, &json!({ "assignees": [ben], "due": "2026-11-25" }));
    host.caller.principal = lignaflow_sdk::context::Principal::Person(mia);
    host.caller.permissions = vec!["records.read".to_owned()];
    let answer = report(&mut host, "/workload", &[]);
    let week = json!("2026-11-23");
    assert_eq!(of(&answer, "Mia", &week).unwrap()["capacity"], 5 * 456);
    let bens = of(&answer, "Ben", &week).unwrap();
    assert_eq!((&bens["planned"], bens.get("capacity")), (&json!(50), None), "what she is on herself");
}

#[test]
fn without_the_plugin_that_keeps_time_what_is_planned_is_told_alone() {
    let others = [include_str!("../../../projects/plugin.toml"), include_str!("../../../estimates/plugin.toml")];
    let mut host = Host::beside(include_str!("../../plugin.toml"), &others);
    host.caller.permissions.extend(["projects.see-all", "projects.plan", "projects.edit"].map(str::to_owned));
    let shed = host.insert("projects/projects", json!({ "name": "Shed" })).unwrap();
    let me = host.caller.person().unwrap();
    task(&mut host, shed, 100, &json!({ "assignees": [me], "due": "2026-11-25" }));
    let answer = report(&mut host, "/workload", &[]);
    assert_eq!((answer["rows"].as_array().unwrap().len(), &answer["total"]), (1, &json!({ "planned": 100 })));
}
