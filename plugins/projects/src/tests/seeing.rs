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
        let changed = host.update("tasks", glue, json!({ "notes": "Warm." }));
        assert_eq!(changed.is_ok(), worker == ana, "work is planned by who manages it");
    }
    for name in ["activate", "cancel"] {
        assert_eq!(host.transition("projects", kitchen, name).unwrap_err().code, ErrorCode::Denied);
    }
    assert_eq!(host.remove("projects", kitchen).unwrap_err().code, ErrorCode::Denied, "that is its manager's");

    act_as(&mut host, mia);
    assert_eq!(host.get(&progress, &[]).unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(host.update("projects", kitchen, json!({ "name": "Hers" })).unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(host.update("tasks", glue, json!({ "title": "Hers" })).unwrap_err().code, ErrorCode::NotFound);
    host.transition("tasks", cut, "start").expect("what she is assigned to is hers to do");
    host.update("tasks", cut, json!({ "notes": "Oak ran out." })).unwrap();
    host.insert("checklist", json!({ "task": cut, "title": "Edges" })).unwrap();
    host.insert("comments", json!({ "task": cut, "text": "Done by noon." })).unwrap();
    for (field, value) in [
        ("title", json!("Saw")),
        ("planned_minutes", json!(9_000)),
        ("due", json!("2027-01-01")),
        ("priority", json!("low")),
        ("billable", json!(false)),
        ("assignees", json!([mia, ben])),
    ] {
        let planned = host.update("tasks", cut, json!({ field: value })).unwrap_err();
        assert_eq!(codes(&planned), [(format!("/{field}").as_str(), "denied")]);
    }
    assert_eq!(host.remove("tasks", cut).unwrap_err().code, ErrorCode::Denied);
    let more = host.insert("tasks", json!({ "title": "More", "project": kitchen })).unwrap_err();
    assert_eq!((more.code, host.count("tasks", all([]))), (ErrorCode::Invalid, Ok(2)), "{more:?}");
    host.caller.permissions.push("projects.see-all".to_owned());
    assert_eq!(host.get(&progress, &[]).unwrap().json()["tasks"]["total"], 2);
}

#[test]
fn clients_are_for_who_deals_with_them_and_a_worker_finds_the_way_on_the_project() {
    let mut host = host();
    let mia = host.add_person("Mia");
    let smith = host.insert("clients", json!({ "name": "Smith" })).unwrap();
    let site = json!({ "name": "House", "client": smith, "address": "12 Elm St", "access_notes": "Mind the dog." });
    let site = host.insert("sites", site).unwrap();
    let contact = host.insert("contacts", json!({ "name": "Ana", "client": smith })).unwrap();
    let kitchen = json!({ "name": "Kitchen", "client": smith, "site": site, "members": [mia] });
    let kitchen = host.insert("projects", kitchen).unwrap();
    act_as(&mut host, mia);
    for (collection, id) in [("clients", smith), ("sites", site), ("contacts", contact)] {
        assert_eq!(host.run(|| records::get_for_caller(collection, id, &["id"])).unwrap(), None, "{collection}");
        assert_eq!(host.update(collection, id, json!({ "name": "Hers" })).unwrap_err().code, ErrorCode::NotFound);
    }
    let seen = host.run(|| records::get_for_caller("projects", kitchen, &["address", "access_notes"]));
    let seen = seen.unwrap().unwrap();
    assert_eq!((seen.text("address"), seen.text("access_notes")), (Some("12 Elm St"), Some("Mind the dog.")));
    assert_eq!(host.insert("projects", json!({ "name": "Hers" })).unwrap_err().code, ErrorCode::Denied);
    assert_eq!(host.insert("clients", json!({ "name": "Hers" })).unwrap_err().code, ErrorCode::Denied);
}

#[test]
fn each_role_does_what_is_its_own() {
    // Who may: make a client, make a project, start it, plan a task and a milestone of it.
    for (role, client, project, plan) in [
        ("worker", false, false, false),
        ("supervisor", false, false, true),
        ("estimator", true, true, true),
        ("manager", true, true, true),
        ("bookkeeper", true, false, false),
    ] {
        let mut host = host();
        let kitchen = super::project(&mut host, "Kitchen");
        let mia = host.add_person("Mia");
        host.update("projects", kitchen, json!({ "members": [mia] })).unwrap();
        act_as(&mut host, mia);
        let held = host.role(role);
        host.caller.permissions.extend(held);
        assert_eq!(host.insert("clients", json!({ "name": "Smith" })).is_ok(), client, "{role} and clients");
        assert_eq!(host.insert("projects", json!({ "name": "Bath" })).is_ok(), project, "{role} and projects");
        let named = host.update("projects", kitchen, json!({ "name": "Kitchen and bath" }));
        assert_eq!(named.is_ok(), project, "{role} and what a project is called");
        for step in ["activate", "complete", "close", "reopen", "cancel", "reopen"] {
            assert_eq!(host.transition("projects", kitchen, step).is_ok(), project, "{role} and {step}");
        }
        for (collection, part) in [
            ("tasks", json!({ "title": "Cut", "project": kitchen })),
            ("milestones", json!({ "title": "Fitted", "project": kitchen })),
            ("phases", json!({ "name": "Snags", "project": kitchen })),
            ("locations", json!({ "name": "Pantry", "project": kitchen })),
        ] {
            assert_eq!(host.insert(collection, part).is_ok(), plan, "{role} and {collection}");
        }
    }
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
fn no_way_round_leads_to_work_without_an_accepted_estimate() {
    let mut host = host();
    let early = project(&mut host, "Early");
    host.transition("projects", early, "activate").unwrap();
    host.fill_in("estimate_required", true);
    let refused = |tried: Result<(), Fault>| assert_eq!(codes(&tried.unwrap_err()), [("/estimate", "required")]);
    let kitchen = project(&mut host, "Kitchen");
    host.transition("projects", kitchen, "cancel").unwrap();
    refused(host.transition("projects", kitchen, "reopen"));
    let own = host.insert("projects", json!({ "name": "Workshop", "billing": "not-billable" })).unwrap();
    for (step, refuses) in [
        (None, false),
        (Some("activate"), true),
        (Some("hold"), true),
        (Some("resume"), true),
        (Some("complete"), true),
    ] {
        if let Some(step) = step {
            host.transition("projects", own, step).unwrap();
        }
        for billing in ["fixed", "time-and-materials"] {
            if refuses {
                refused(host.update("projects", own, json!({ "billing": billing })));
            } else {
                host.update("projects", own, json!({ "billing": billing })).unwrap();
                refused(host.transition("projects", own, "activate"));
                host.update("projects", own, json!({ "billing": "not-billable" })).unwrap();
            }
        }
    }
    host.transition("projects", own, "reopen").unwrap();
    // What was begun before this was settled goes on.
    for step in ["hold", "resume", "complete", "reopen"] {
        host.transition("projects", early, step).unwrap();
    }
    host.update("projects", early, json!({ "billing": "fixed" })).unwrap();
    host.transition("projects", early, "cancel").unwrap();
    refused(host.transition("projects", early, "reopen"));
}

#[test]
fn what_is_said_of_costs_and_claims_is_for_who_sees_these() {
    let mut host = host();
    host.caller.permissions.push("projects.claim".to_owned());
    let mia = host.add_person("Mia");
    let ben = host.add_person("Ben");
    let kitchen = host.insert("projects", json!({ "name": "Kitchen", "members": [mia] })).unwrap();
    let cut = host.insert("tasks", json!({ "title": "Cut", "project": kitchen, "assignees": [ben] })).unwrap();
    let amount = json!({ "minor": 10_000, "currency": "AUD" });
    let oak = host.insert("costs", json!({ "title": "Oak", "project": kitchen, "amount": amount })).unwrap();
    let claim = host.insert("claims", json!({ "title": "Stage", "project": kitchen, "amount": amount })).unwrap();
    let say = |host: &mut Host, more: serde_json::Value| {
        let mut comment = json!({ "text": "A word." });
        comment.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        host.insert("comments", comment).unwrap()
    };
    let of_project = say(&mut host, json!({ "project": kitchen }));
    let of_task = say(&mut host, json!({ "task": cut }));
    let of_cost = say(&mut host, json!({ "cost": oak }));
    let of_both = say(&mut host, json!({ "task": cut, "cost": oak }));
    let of_claim = say(&mut host, json!({ "claim": claim }));
    let seen = |host: &mut Host| {
        let page = host.run(|| records::find(select("comments").columns(["id"]).sort("id"))).unwrap();
        page.records().map(|row| row.reference("id").unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(seen(&mut host), [of_project, of_task, of_cost, of_both, of_claim]);
    act_as(&mut host, ben);
    assert_eq!(seen(&mut host), [of_task]);
    act_as(&mut host, mia);
    assert_eq!(seen(&mut host), [of_project, of_task]);
    // Who brought a receipt hears what is said of it.
    let screws = host.insert("costs", json!({ "title": "Screws", "project": kitchen, "amount": amount })).unwrap();
    let of_screws = say(&mut host, json!({ "cost": screws }));
    assert_eq!(seen(&mut host), [of_project, of_task, of_screws]);
    host.caller.permissions.push("projects.see-money".to_owned());
    assert_eq!(seen(&mut host), [of_project, of_task, of_cost, of_both, of_claim, of_screws]);
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
    assert_eq!(host.post(&format!("/projects/{kitchen}/copy"), &copy).unwrap_err().code, ErrorCode::Denied);
    host.caller.permissions.push("projects.edit".to_owned());
    let answer = host.post(&format!("/projects/{kitchen}/copy"), &copy).unwrap();
    assert!(answer.json().get("budget").is_none() && answer.json()["name"] == "Bath", "{:?}", answer.json());
    let copied = answer.json()["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(host.record("projects", copied).unwrap()["budget"], budget);
    let page = host.find(select("tasks").columns(["planned_cost"]).filter(field("project").eq(copied))).unwrap();
    assert_eq!(page.rows[0][0].to_json(), cost);
    let typed = host.update("projects", kitchen, json!({ "budget": budget })).unwrap_err();
    assert_eq!(codes(&typed), [("/budget", "unknown-field")]);
}
