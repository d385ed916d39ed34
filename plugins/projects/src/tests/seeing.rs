//! Who sees what: a project is for who works on it, money for whom it is meant.

use super::*;

/// Makes somebody else the caller, who holds nothing of the plugin's.
pub(super) fn act_as(host: &mut Host, person: Id) {
    host.caller.principal = lignaflow_sdk::context::Principal::Person(person);
    host.caller.permissions.retain(|held| !held.starts_with("projects."));
}

#[test]
fn projects_are_numbered_as_they_are_made_and_may_have_a_code_of_their_own() {
    let mut host = host();
    let (kitchen, porch) = (project(&mut host, "Kitchen"), project(&mut host, "Porch"));
    assert_eq!(host.record("projects", kitchen).unwrap()["number"], "P-0001");
    assert_eq!(host.record("projects", porch).unwrap()["number"], "P-0002");
    host.update("projects", kitchen, json!({ "code": "K-7" })).unwrap();
    let taken = host.update("projects", porch, json!({ "code": "K-7" })).unwrap_err();
    assert_eq!((taken.code, codes(&taken)), (ErrorCode::Conflict, vec![("/code", "duplicate")]));
    let own = host.update("projects", porch, json!({ "number": "P-7" })).unwrap_err();
    assert_eq!(codes(&own), [("/number", "read-only")]);
}

#[test]
fn a_project_is_seen_by_who_manages_it_works_on_it_or_sees_all() {
    let mut host = host();
    let (ana, ben, mia) = (host.add_person("Ana"), host.add_person("Ben"), host.add_person("Mia"));
    let kitchen = host.insert("projects", json!({ "name": "Kitchen", "manager": ana, "members": [ben] })).unwrap();
    let cut = host.insert("tasks", json!({ "title": "Cut", "project": kitchen, "assignees": [mia] })).unwrap();
    let glue = task(&mut host, kitchen, "Glue");
    let progress = format!("/projects/{kitchen}/progress");
    for worker in [ana, ben] {
        act_as(&mut host, worker);
        assert_eq!(host.get(&progress, &[]).unwrap().json()["tasks"]["total"], 2);
        host.update("tasks", glue, json!({ "notes": "Warm." })).unwrap();
    }
    assert_eq!(host.remove("projects", kitchen).unwrap_err().code, ErrorCode::Denied, "that is its manager's");

    act_as(&mut host, mia);
    assert_eq!(host.get(&progress, &[]).unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(host.update("projects", kitchen, json!({ "name": "Hers" })).unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(host.update("tasks", glue, json!({ "title": "Hers" })).unwrap_err().code, ErrorCode::NotFound);
    host.transition("tasks", cut, "start").expect("what she is assigned to is hers to do");
    let more = host.insert("tasks", json!({ "title": "More", "project": kitchen })).unwrap_err();
    assert_eq!(codes(&more), [("/project", "unknown-reference")]);
    host.caller.permissions.push("projects.see-all".to_owned());
    assert_eq!(host.get(&progress, &[]).unwrap().json()["tasks"]["total"], 2);
}

#[test]
fn work_begins_without_an_accepted_estimate_only_where_the_firm_lets_it() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    host.fill_in("estimate_required", true);
    let fault = host.transition("projects", kitchen, "activate").unwrap_err();
    assert_eq!(codes(&fault), [("/estimate", "required")]);
    let typed = host.update("projects", kitchen, json!({ "estimate": "Q-0001" })).unwrap_err();
    assert_eq!(codes(&typed), [("/estimate", "read-only")], "nobody says so by hand");
    let own = host.insert("projects", json!({ "name": "Workshop", "billing": "not-billable" })).unwrap();
    host.transition("projects", own, "activate").expect("nobody pays for it");
    host.fill_in("estimate_required", false);
    host.transition("projects", kitchen, "activate").unwrap();
}

#[test]
fn a_copy_carries_over_the_money_that_its_maker_does_not_see() {
    let mut host = host();
    let mia = host.add_person("Mia");
    let budget = json!({ "minor": 500_000, "currency": "AUD" });
    let kitchen = host.insert("projects", json!({ "name": "Kitchen", "members": [mia], "budget": budget })).unwrap();
    let cost = json!({ "minor": 900, "currency": "AUD" });
    host.insert("tasks", json!({ "title": "Cut", "project": kitchen, "planned_cost": cost })).unwrap();
    act_as(&mut host, mia);
    let copy = json!({ "name": "Bath", "start": "2027-02-01" });
    let answer = host.post(&format!("/projects/{kitchen}/copy"), &copy).unwrap();
    assert!(answer.json().get("budget").is_none() && answer.json()["name"] == "Bath", "{:?}", answer.json());
    let copied = answer.json()["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(host.record("projects", copied).unwrap()["budget"], budget);
    let page = host.find(select("tasks").columns(["planned_cost"]).filter(field("project").eq(copied))).unwrap();
    assert_eq!(page.rows[0][0].to_json(), cost);
    let typed = host.update("projects", kitchen, json!({ "budget": budget })).unwrap_err();
    assert_eq!(codes(&typed), [("/budget", "unknown-field")]);
}
