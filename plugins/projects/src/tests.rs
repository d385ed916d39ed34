//! The plugin as its users meet it: through the host, by its descriptor.

use crate::Projects;
use lignaflow_sdk::prelude::*;
use lignaflow_sdk::testing::MemoryHost;
use proptest::prelude::{ProptestConfig, prop, prop_assert, prop_assert_eq, proptest};
use serde_json::json;

mod billing;
mod bills;
mod budgeting;
mod claiming;
mod copying;
mod linking;
mod making;
mod progressing;
mod scheduling;
mod seeing;
mod states;
mod telling;

type Host = MemoryHost<Projects>;

/// Whoever asks sees all of it.
fn host() -> Host {
    let mut host = Host::new(include_str!("../plugin.toml"));
    let held = ["see-all", "see-clients", "plan", "edit", "see-money"];
    host.caller.permissions.extend(held.map(|name| format!("projects.{name}")));
    host
}

fn project(host: &mut Host, name: &str) -> Id {
    host.insert("projects", json!({ "name": name })).unwrap()
}

fn task(host: &mut Host, project: Id, title: &str) -> Id {
    host.insert("tasks", json!({ "title": title, "project": project })).unwrap()
}

fn close(host: &mut Host, project: Id) {
    for name in ["activate", "complete", "close"] {
        host.transition("projects", project, name).unwrap();
    }
}

fn codes(fault: &Fault) -> Vec<(&str, &str)> {
    fault.issues.iter().map(|issue| (issue.path.as_str(), issue.code.as_str())).collect()
}

#[test]
fn a_client_is_kept_with_its_currency_in_capitals() {
    let mut host = host();
    let client = host.insert("clients", json!({ "name": "Smith", "currency": "nzd", "email": "a@b.nz" })).unwrap();
    assert_eq!(host.record("clients", client).unwrap()["currency"], "NZD");
    let fault = host.update("clients", client, json!({ "currency": "N2D", "email": "nobody" })).unwrap_err();
    assert_eq!(codes(&fault), [("/currency", "currency"), ("/email", "email")]);
    let fault = host.insert("clients", json!({ "name": "Smith" })).unwrap_err();
    assert_eq!((fault.code, codes(&fault)), (ErrorCode::Conflict, vec![("/name", "duplicate")]));
}

#[test]
fn a_client_with_projects_stays() {
    let mut host = host();
    let client = host.insert("clients", json!({ "name": "Smith" })).unwrap();
    host.insert("projects", json!({ "name": "Kitchen", "client": client })).unwrap();
    assert_eq!(host.remove("clients", client).unwrap_err().code, ErrorCode::Conflict);
}

#[test]
fn a_project_begins_as_a_draft_of_whoever_makes_it() {
    let mut host = host();
    let id = project(&mut host, "Kitchen");
    let record = host.record("projects", id).unwrap();
    assert_eq!((&record["status"], &record["billing"]), (&json!("draft"), &json!("time-and-materials")));
    assert_eq!(record["manager"], host.caller.person().unwrap().to_string());
}

#[test]
fn nothing_is_due_before_it_starts() {
    let mut host = host();
    let early = json!({ "name": "Kitchen", "start": "2026-12-01", "due": "2026-11-30" });
    let fault = host.insert("projects", early).unwrap_err();
    assert_eq!(codes(&fault), [("/due", "order")]);
    assert_eq!(fault.message, "It is due on 2026-11-30, before it starts on 2026-12-01.");
    let id = host.insert("projects", json!({ "name": "Kitchen", "start": "2026-12-01", "due": "2026-12-01" })).unwrap();
    assert_eq!(codes(&host.update("projects", id, json!({ "start": "2026-12-02" })).unwrap_err()), [("/due", "order")]);

    let (first, second) = (host.new_id(), host.new_id());
    let day = |text: &str| text.parse::<Date>().unwrap();
    let task = |task, title: &str| insert("tasks", task).set("title", title).set("project", id);
    let fault = host
        .batch([
            task(first, "Cut").set("start", day("2026-12-02")).set("due", day("2026-12-01")),
            task(second, "Glue").set("start", day("2026-12-04")).set("due", day("2026-12-03")).set("parent", second),
        ])
        .unwrap_err();
    assert_eq!(codes(&fault), [("/0/due", "order"), ("/1/due", "order"), ("/1/parent", "cycle")]);
}

#[test]
fn the_states_of_a_project_lead_from_one_to_the_next() {
    let mut host = host();
    let id = project(&mut host, "Kitchen");
    for (name, status) in [
        ("activate", "active"),
        ("hold", "on-hold"),
        ("resume", "active"),
        ("complete", "completed"),
        ("close", "closed"),
        ("reopen", "active"),
        ("cancel", "cancelled"),
        ("reopen", "active"),
    ] {
        host.transition("projects", id, name).unwrap();
        assert_eq!(host.record("projects", id).unwrap()["status"], status);
    }
    assert_eq!(host.transition("projects", id, "close").unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(
        codes(&host.update("projects", id, json!({ "status": "closed" })).unwrap_err()),
        [("/status", "by-transition")]
    );
}

#[test]
fn the_states_of_a_task_lead_from_one_to_the_next() {
    let mut host = host();
    let project = project(&mut host, "Kitchen");
    let id = task(&mut host, project, "Cut");
    for name in ["start", "block", "unblock", "finish", "reopen", "finish"] {
        host.transition("tasks", id, name).unwrap();
    }
    assert_eq!(host.record("tasks", id).unwrap()["status"], "done");
    assert_eq!(host.transition("tasks", id, "start").unwrap_err().code, ErrorCode::Conflict);
}

#[test]
fn a_closed_project_refuses_changes_to_itself_and_its_tasks() {
    let mut host = host();
    let (kitchen, porch) = (project(&mut host, "Kitchen"), project(&mut host, "Porch"));
    let cut = task(&mut host, kitchen, "Cut");
    close(&mut host, kitchen);
    host.transition("projects", porch, "cancel").unwrap();

    assert_eq!(host.update("projects", kitchen, json!({ "name": "Bath" })).unwrap_err().code, ErrorCode::Locked);
    let fault = host.insert("tasks", json!({ "title": "Glue", "project": kitchen })).unwrap_err();
    assert_eq!((fault.code, codes(&fault)), (ErrorCode::Locked, vec![("/project", "locked")]));
    assert_eq!(fault.message, "Kitchen is closed: reopen it before its tasks change.");
    assert_eq!(host.update("tasks", cut, json!({ "title": "Saw" })).unwrap_err().code, ErrorCode::Locked);
    assert_eq!(host.transition("tasks", cut, "start").unwrap_err().code, ErrorCode::Locked);
    assert_eq!(host.remove("tasks", cut).unwrap_err().code, ErrorCode::Locked);
    // Nor can a task be carried out of it.
    let open = project(&mut host, "Shed");
    assert_eq!(host.update("tasks", cut, json!({ "project": open })).unwrap_err().code, ErrorCode::Locked);

    let late = "2026-12-02".parse::<Date>().unwrap();
    let (a, b) = (host.new_id(), host.new_id());
    let fault = host
        .batch([
            insert("tasks", a).set("title", "Roof").set("project", porch),
            insert("tasks", b)
                .set("title", "Glue")
                .set("project", kitchen)
                .set("start", late)
                .set("due", late.plus_days(-1)),
        ])
        .unwrap_err();
    assert_eq!(fault.message, "Porch is cancelled: reopen it before its tasks change.");
    assert_eq!(codes(&fault), [("/0/project", "locked"), ("/1/due", "order"), ("/1/project", "locked")]);

    host.transition("projects", kitchen, "reopen").unwrap();
    host.transition("tasks", cut, "start").unwrap();
}

#[test]
fn a_task_starts_with_a_normal_priority_and_priorities_sort_in_their_order() {
    let mut host = host();
    let id = project(&mut host, "Kitchen");
    for priority in ["urgent", "low", "high"] {
        host.insert("tasks", json!({ "title": priority, "project": id, "priority": priority })).unwrap();
    }
    task(&mut host, id, "normal");
    let page = host.find(select("tasks").columns(["priority"]).sort_descending("priority")).unwrap();
    let order: Vec<_> = page.records().map(|row| row.text("priority").unwrap().to_owned()).collect();
    assert_eq!(order, ["urgent", "high", "normal", "low"]);
}
