//! The plugin as its users meet it: through the host, by its descriptor, beside the projects that time is for.

use crate::Timesheets;
use lignaflow_sdk::prelude::*;
use lignaflow_sdk::testing::MemoryHost;
use serde_json::{Value as Json, json};

mod approving;
mod billing;
mod by_project;
mod clocking;
mod crews;
mod entering;
mod keeping;
mod paying;
mod reminding;
mod standing_in;
mod states;
mod telling;
mod weekdays;
mod zones;

pub(crate) type Host = MemoryHost<Timesheets>;

pub(crate) const DESCRIPTOR: &str = include_str!("../plugin.toml");

/// In Sydney, where it is noon on Monday 23 November 2026.
pub(crate) fn host() -> Host {
    host_of(DESCRIPTOR)
}

pub(crate) fn host_of(descriptor: &str) -> Host {
    let mut host = Host::beside(descriptor, &[include_str!("../../projects/plugin.toml")]);
    host.caller.permissions.extend(["projects.edit"].map(str::to_owned));
    host
}

/// Has somebody ask who may read and write, and nothing more.
pub(crate) fn ask_as(host: &mut Host, person: Id) {
    host.caller.principal = context::Principal::Person(person);
    host.caller.permissions = vec!["records.read".to_owned(), "records.write".to_owned()];
}

/// One who may do all.
pub(crate) fn boss(host: &mut Host) {
    let all = ["see-all", "enter-for-others", "approve", "see-rates", "see-costs", "set-up", "lock", "export"];
    host.caller.permissions.extend(all.map(|name| format!("timesheets.{name}")));
    let planner = ["see-all", "see-clients", "plan", "edit", "see-money"];
    host.caller.permissions.extend(planner.map(|name| format!("projects.{name}")));
}

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// A project that whoever asks sees, and a task of it.
pub(crate) fn kitchen(host: &mut Host) -> (Id, Id) {
    let project = host.insert("projects/projects", json!({ "name": "Kitchen" })).unwrap();
    let task = host.insert("projects/tasks", json!({ "title": "Cut", "project": project })).unwrap();
    (project, task)
}

pub(crate) fn codes(fault: &Fault) -> Vec<(&str, &str)> {
    fault.issues.iter().map(|issue| (issue.path.as_str(), issue.code.as_str())).collect()
}

pub(crate) fn start(host: &mut Host, body: &Json) -> Id {
    let answer = host.post("/timer/start", body).unwrap();
    answer.json()["started"]["id"].as_str().unwrap().parse().unwrap()
}

pub(crate) fn stop(host: &mut Host, body: &Json) -> Json {
    host.post("/timer/stop", body).unwrap().json().clone()
}
