//! What a project is made of, and what of it goes together.

use super::*;

fn phases(host: &Host, project: Id) -> Vec<String> {
    let page = host.find(select("phases").columns(["name"]).filter(field("project").eq(project)).sort("position"));
    page.unwrap().records().map(|row| row.text("name").unwrap().to_owned()).collect()
}

#[test]
fn a_project_begins_with_five_phases_in_their_order() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    assert_eq!(phases(&host, kitchen), ["Planning", "Design", "Procurement", "Construction", "Handover"]);
    host.remove("projects", kitchen).unwrap();
    assert_eq!(phases(&host, kitchen).len(), 0, "they go with it");
    host.restore("projects", kitchen).unwrap();
    assert_eq!(phases(&host, kitchen).len(), 5);
}

#[test]
fn who_brings_phases_with_a_project_has_these_alone_and_gives_them_their_ids() {
    let mut host = host();
    let (kitchen, build, room, cut) = (host.new_id(), host.new_id(), host.new_id(), host.new_id());
    host.batch([
        insert("projects", kitchen).set("name", "Kitchen"),
        insert("phases", build).set("project", kitchen).set("name", "Build"),
        insert("locations", room).set("project", kitchen).set("name", "Kitchen"),
        insert("tasks", cut).set("project", kitchen).set("title", "Cut").set("phase", build).set("location", room),
    ])
    .unwrap();
    assert_eq!(phases(&host, kitchen), ["Build"]);
    assert_eq!(host.record("tasks", cut).unwrap()["location"], room.to_string());
}

#[test]
fn what_belongs_together_is_of_one_project() {
    let mut host = host();
    let (kitchen, porch) = (project(&mut host, "Kitchen"), project(&mut host, "Porch"));
    let room = host.insert("locations", json!({ "name": "Deck", "project": porch })).unwrap();
    let stage = host.insert("milestones", json!({ "title": "Deck laid", "project": porch })).unwrap();
    let cut = task(&mut host, porch, "Cut");
    let amount = json!({ "minor": 100, "currency": "AUD" });
    let fault = host.insert("tasks", json!({ "title": "Saw", "project": kitchen, "location": room })).unwrap_err();
    assert_eq!(codes(&fault), [("/location", "other-project")]);
    assert_eq!(fault.issues[0].message, "Deck belongs to another project: choose one of this.");
    let cost = json!({ "title": "Oak", "project": kitchen, "location": room, "task": cut, "amount": amount });
    assert_eq!(
        codes(&host.insert("costs", cost).unwrap_err()),
        [("/location", "other-project"), ("/task", "other-project")]
    );
    let claim = json!({ "title": "Stage", "project": kitchen, "milestone": stage, "amount": amount });
    assert_eq!(codes(&host.insert("claims", claim).unwrap_err()), [("/milestone", "other-project")]);
    let comment = json!({ "project": kitchen, "task": cut, "text": "Wet." });
    assert_eq!(codes(&host.insert("comments", comment).unwrap_err()), [("/task", "other-project")]);
    // Nor does a task move and leave its room behind.
    host.update("tasks", cut, json!({ "location": room })).unwrap();
    assert_eq!(
        codes(&host.update("tasks", cut, json!({ "project": kitchen })).unwrap_err()),
        [("/location", "other-project")]
    );
}

#[test]
fn a_closed_project_takes_no_cost_phase_location_milestone_baseline_or_checklist_item() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    let cut = task(&mut host, kitchen, "Cut");
    let room = host.insert("locations", json!({ "name": "Hall", "project": kitchen })).unwrap();
    close(&mut host, kitchen);
    let amount = json!({ "minor": 100, "currency": "AUD" });
    for (collection, body, what) in [
        ("costs", json!({ "title": "Oak", "project": kitchen, "amount": amount }), "costs"),
        ("phases", json!({ "name": "More", "project": kitchen }), "phases"),
        ("locations", json!({ "name": "Attic", "project": kitchen }), "locations"),
        ("milestones", json!({ "title": "Done", "project": kitchen }), "milestones"),
        ("baselines", json!({ "title": "Variation", "project": kitchen }), "baselines"),
        ("checklist", json!({ "title": "Sand", "task": cut }), "tasks"),
    ] {
        let fault = host.insert(collection, body).unwrap_err();
        assert_eq!(fault.code, ErrorCode::Locked, "{collection}");
        assert_eq!(fault.message, format!("Kitchen is closed: reopen it before its {what} change."));
    }
    assert_eq!(host.remove("locations", room).unwrap_err().code, ErrorCode::Locked);
    host.caller.permissions.push("projects.claim".to_owned());
    let last = json!({ "title": "Retention", "project": kitchen, "amount": amount });
    host.insert("claims", last).expect("what is owed is claimed when the work is over");
}

#[test]
fn a_baseline_is_added_and_never_changed() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    let of = |sell: i64, revision: &str| {
        json!({
            "title": "As quoted", "project": kitchen, "labour_minutes": -90, "source_revision": revision,
            "sell": { "minor": sell, "currency": "AUD" }
        })
    };
    let first = host.insert("baselines", of(125_000, "R1")).unwrap();
    let second = host.insert("baselines", of(-5_000, "R2")).unwrap();
    let numbers = [first, second].map(|id| host.record("baselines", id).unwrap()["number"].clone());
    assert_eq!(numbers, [json!("B1"), json!("B2")]);
    assert_eq!(host.update("baselines", first, json!({ "title": "Other" })).unwrap_err().code, ErrorCode::Locked);
    assert_eq!(host.remove("baselines", first).unwrap_err().code, ErrorCode::Locked);
    let again = host.insert("baselines", of(125_000, "R1")).unwrap_err();
    assert_eq!(codes(&again), [("/source_revision", "duplicate")]);
    let mixed = json!({
        "title": "Mixed", "project": kitchen, "labour_cost": { "minor": 1, "currency": "AUD" },
        "sell": { "minor": 1, "currency": "NZD" }
    });
    assert_eq!(codes(&host.insert("baselines", mixed).unwrap_err()), [("/sell", "currency")]);
}

#[test]
fn a_checklist_is_part_of_its_task() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    let cut = task(&mut host, kitchen, "Cut");
    let sand = host.insert("checklist", json!({ "title": "Sand", "task": cut })).unwrap();
    host.update("checklist", sand, json!({ "done": true })).unwrap();
    assert_eq!(host.record("tasks", cut).unwrap()["checks"], 1);
    host.remove("tasks", cut).unwrap();
    assert_eq!(host.count("checklist", all([])), Ok(0));
}

#[test]
fn a_client_in_the_archive_orders_nothing_new_and_keeps_what_it_has() {
    let mut host = host();
    let smith = host.insert("clients", json!({ "name": "Smith" })).unwrap();
    let kitchen = host.insert("projects", json!({ "name": "Kitchen", "client": smith })).unwrap();
    host.transition("clients", smith, "archive").unwrap();
    let fault = host.insert("projects", json!({ "name": "Bath", "client": smith })).unwrap_err();
    assert_eq!(codes(&fault), [("/client", "archived")]);
    assert_eq!(fault.message, "Smith is in the archive: take it out of there first.");
    host.update("projects", kitchen, json!({ "notes": "Oak." })).expect("what is there goes on");
    host.transition("clients", smith, "reinstate").unwrap();
    host.insert("projects", json!({ "name": "Bath", "client": smith })).unwrap();
}

#[test]
fn a_site_is_one_of_the_client_and_tells_where_the_work_is() {
    let mut host = host();
    let (smith, jones) = (
        host.insert("clients", json!({ "name": "Smith" })).unwrap(),
        host.insert("clients", json!({ "name": "Jones" })).unwrap(),
    );
    let wrong = json!({ "name": "Home", "client": smith, "time_zone": "Australia/Nowhere" });
    assert_eq!(codes(&host.insert("sites", wrong).unwrap_err()), [("/time_zone", "time-zone")]);
    let home = json!({ "name": "Home", "client": smith, "address": "3 Elm St", "time_zone": "Australia/Perth" });
    let home = host.insert("sites", home).unwrap();
    let fault = host.insert("projects", json!({ "name": "Bath", "client": jones, "site": home })).unwrap_err();
    assert_eq!(codes(&fault), [("/site", "other-client")]);
    let bath = host.insert("projects", json!({ "name": "Bath", "client": smith, "site": home })).unwrap();
    assert_eq!(host.record("projects", bath).unwrap()["address"], "3 Elm St");
}

#[test]
fn a_client_has_one_main_contact() {
    let mut host = host();
    let smith = host.insert("clients", json!({ "name": "Smith" })).unwrap();
    let of = |name: &str, main: bool| json!({ "name": name, "client": smith, "main": main });
    host.insert("contacts", of("Ann", true)).unwrap();
    host.insert("contacts", of("Bob", false)).unwrap();
    assert_eq!(host.insert("contacts", of("Cy", true)).unwrap_err().code, ErrorCode::Conflict);
    let fault = host.insert("contacts", json!({ "name": "Di", "client": smith, "email": "di" })).unwrap_err();
    assert_eq!(codes(&fault), [("/email", "email")]);
}

#[test]
fn who_is_on_a_task_alone_comments_on_it_and_nobody_speaks_for_another() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    let mia = host.add_person("Mia");
    let cut = host.insert("tasks", json!({ "title": "Cut", "project": kitchen, "assignees": [mia] })).unwrap();
    assert_eq!(codes(&host.insert("comments", json!({ "text": "Hm." })).unwrap_err()), [("/project", "required")]);
    let alex = host.insert("comments", json!({ "text": "By Friday.", "task": cut })).unwrap();
    seeing::act_as(&mut host, mia);
    let hers = host.insert("comments", json!({ "text": "The oak is wet.", "task": cut })).unwrap();
    let record = host.record("comments", hers).unwrap();
    assert_eq!((&record["project"], &record["author"]), (&json!(kitchen), &json!(mia)));
    host.update("comments", hers, json!({ "text": "The oak was wet." })).unwrap();
    assert_eq!(host.update("comments", alex, json!({ "text": "No hurry." })).unwrap_err().code, ErrorCode::Denied);
    let forged = host.insert("comments", json!({ "text": "Mine", "task": cut, "author": alex })).unwrap_err();
    assert_eq!(codes(&forged), [("/author", "read-only")]);
}

#[test]
fn a_milestone_tells_when_it_was_reached() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    let stage = host.insert("milestones", json!({ "title": "Fitted", "project": kitchen })).unwrap();
    host.transition("milestones", stage, "reach").unwrap();
    assert_eq!(host.record("milestones", stage).unwrap()["reached_on"], "2026-11-23");
    host.transition("milestones", stage, "reopen").unwrap();
    assert_eq!(host.record("milestones", stage).unwrap()["reached_on"], json!(null));
}
