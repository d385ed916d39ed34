//! What clients answer, and the project that it becomes.

use super::*;

fn accepted(host: &mut Host, begun: &Begun) {
    with(host, begun.revision, "accept", &[("answered_by", "Alice Whitford".into_value())]).unwrap();
}

fn only(host: &Host, collection: &str) -> Fields {
    let page = host.find(select(collection).columns(["id"])).unwrap();
    assert_eq!(page.rows.len(), 1, "{collection}");
    let id = page.records().next().unwrap().reference("id").unwrap();
    host.fields(collection, id).unwrap()
}

#[test]
fn an_acceptance_binds_to_the_document_and_to_what_was_chosen() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "100", json!({}));
    let led = kitchen.priced(&mut host, "30", json!({ "mode": "optional" }));
    kitchen.issued(&mut host);
    let document =
        host.get(&format!("/revisions/{}/document", kitchen.revision), &[("chosen", &led.to_string())]).unwrap();
    assert_eq!(document.json()["totals"][2]["minor"], 14_300);
    let nobody = with(&mut host, kitchen.revision, "accept", &[]).unwrap_err();
    assert_eq!(codes(&nobody), [("/0/answered_by", "required")]);
    let taken = [
        ("answered_by", "Alice".into_value()),
        ("chosen", vec![led].into_value()),
        ("answered_how", "phone".into_value()),
    ];
    with(&mut host, kitchen.revision, "accept", &taken).unwrap();
    let kept = only(&host, "acceptances");
    assert_eq!(kept.text("hash"), document.json()["hash"].as_str());
    assert_eq!((kept.money("total").unwrap().minor, kept.text("how")), (14_300, Some("phone")));
    assert_eq!(kept.json("chosen"), Some(&json!([led])));
    let again = with(&mut host, kitchen.revision, "accept", &taken).unwrap_err();
    assert_eq!(again.code, ErrorCode::Conflict);
}

#[test]
fn what_is_no_choice_of_the_document_is_not_accepted() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let fixed = kitchen.priced(&mut host, "100", json!({}));
    kitchen.priced(&mut host, "40", json!({ "mode": "choice", "choice_group": "Benchtop" }));
    kitchen.issued(&mut host);
    let taken = [("answered_by", "Alice".into_value()), ("chosen", vec![fixed].into_value())];
    assert_eq!(
        codes(&with(&mut host, kitchen.revision, "accept", &taken).unwrap_err()),
        [("/0/chosen", "unknown-choice")]
    );
    assert_eq!(status(&host, kitchen.revision), "issued");
}

#[test]
fn a_refusal_says_why() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "100", json!({}));
    kitchen.issued(&mut host);
    assert_eq!(
        codes(&host.transition("revisions", kitchen.revision, "decline").unwrap_err()),
        [("/reason", "required")]
    );
    with(&mut host, kitchen.revision, "decline", &[("reason", "Too dear".into_value())]).unwrap();
    assert_eq!(host.fields("estimates", kitchen.estimate).unwrap().text("status"), Some("declined"));
}

#[test]
fn acceptances_are_written_by_accepting_alone() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "100", json!({}));
    kitchen.issued(&mut host);
    let money = json!({ "minor": 1, "currency": "AUD" });
    let forged = json!({ "name": "Alice", "revision": kitchen.revision, "hash": "0", "net": money, "total": money, "at": "2026-11-23T01:00:00Z", "day": "2026-11-23" });
    assert_eq!(host.insert("acceptances", forged).unwrap_err().code, ErrorCode::Locked);
}

#[test]
fn lists_tell_what_was_taken_and_the_document_what_was_offered() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "100", json!({}));
    let led = kitchen.priced(&mut host, "30", json!({ "mode": "optional" }));
    kitchen.issued(&mut host);
    let total = |host: &Host| host.fields("estimates", kitchen.estimate).unwrap().money("total").unwrap().minor;
    assert_eq!(total(&host), 11_000);
    let taken = [("answered_by", "Alice".into_value()), ("chosen", vec![led].into_value())];
    with(&mut host, kitchen.revision, "accept", &taken).unwrap();
    assert_eq!(total(&host), 14_300);
    assert_eq!(minor(&host, kitchen.revision, "accepted_total"), 14_300);
    assert_eq!(minor(&host, kitchen.revision, "total"), 11_000, "the revision is what was issued");
    // What is drafted later changes nothing of that.
    let next = host.post(&format!("/revisions/{}/revise", kitchen.revision), &json!(null)).unwrap();
    let next = id(&next.json()["id"]);
    host.update("revisions", next, json!({ "discount_rate": 5_000 })).unwrap();
    assert_eq!((total(&host), minor(&host, next, "total")), (14_300, 5_500));
}

#[test]
fn what_was_accepted_becomes_a_project_once() {
    let mut host = host();
    let kitchen = begin(&mut host, "Cremorne kitchen");
    kitchen.line(&mut host, json!({ "unit_cost": "58", "pricing": "margin", "rate": 4000, "kind": "labour", "unit": "h", "quantity": "38" })).unwrap();
    kitchen.priced(&mut host, "2000", json!({ "unit_cost": "1500" }));
    kitchen.priced(&mut host, "500", json!({ "mode": "optional" }));
    kitchen.issued(&mut host);
    accepted(&mut host, &kitchen);
    assert_eq!(host.run_jobs().unwrap(), 3, "two papers, and the project");
    let project = only(&host, "projects/projects");
    assert_eq!((project.text("name"), project.text("billing")), (Some("Cremorne kitchen"), Some("fixed")));
    assert_eq!((project.integer("budget_minutes"), project.money("budget").unwrap().minor), (Some(38 * 60), 567_346));
    assert_eq!(host.count("projects/tasks", all([])).unwrap(), 2, "options that were not taken are no work");
    let baseline = only(&host, "projects/baselines");
    assert_eq!((baseline.integer("labour_minutes"), baseline.money("sell").unwrap().minor), (Some(38 * 60), 567_346));
    assert_eq!(
        (baseline.money("labour_cost").unwrap().minor, baseline.money("material_cost").unwrap().minor),
        (220_400, 150_000)
    );
    assert_eq!(only(&host, "projects/locations").text("name"), Some("General"));
    assert_eq!(
        project.reference("manager"),
        host.caller.person(),
        "whoever estimated it manages it until told otherwise"
    );
    let number = host.fields("estimates", kitchen.estimate).unwrap().text("number").map(str::to_owned);
    assert_eq!((project.text("estimate").map(str::to_owned), number.is_some()), (number, true));
    assert_eq!(host.count("projects/phases", all([])).unwrap(), 5);
    assert_eq!(status(&host, kitchen.revision), "converted");
    let payload = json!({ "revision": kitchen.revision });
    host.run_job("convert", &payload).unwrap();
    host.run_job("convert", &payload).unwrap();
    assert_eq!(host.count("projects/projects", all([])).unwrap(), 1);
}

#[test]
fn a_variation_changes_the_budget_of_its_project_and_may_be_negative() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "1000", json!({ "labour_minutes": 600 }));
    kitchen.issued(&mut host);
    accepted(&mut host, &kitchen);
    host.run_jobs().unwrap();
    let project = host.fields("estimates", kitchen.estimate).unwrap().reference("project").unwrap();
    let answer = host.post("/begin", &json!({ "title": "Without the tall unit", "project": project })).unwrap();
    let revision = id(&answer.json()["id"]);
    let section = host.find(select("sections").columns(["id"]).filter(field("revision").eq(revision))).unwrap();
    let section = section.records().next().unwrap().reference("id").unwrap();
    let less = Begun { estimate: id(&answer.json()["estimate"]), revision, section };
    less.priced(&mut host, "300", json!({ "quantity": "-1", "labour_minutes": 120 }));
    assert_eq!(minor(&host, revision, "total"), -33_000);
    less.issued(&mut host);
    accepted(&mut host, &less);
    host.run_jobs().unwrap();
    let project = only(&host, "projects/projects");
    assert_eq!((project.integer("budget_minutes"), project.money("budget").unwrap().minor), (Some(480), 70_000));
    let baselines =
        host.find(select("projects/baselines").columns(["kind", "sell", "labour_minutes"]).sort("kind")).unwrap();
    let less: Vec<_> =
        baselines.records().map(|row| (row.money("sell").unwrap().minor, row.integer("labour_minutes"))).collect();
    assert_eq!(less, [(100_000, Some(600)), (-30_000, Some(-120))]);
    assert_eq!(host.count("projects/locations", all([])).unwrap(), 1, "the room is there already");
    let nowhere = host.insert("estimates", json!({ "title": "More", "kind": "variation" })).unwrap_err();
    assert_eq!(codes(&nowhere), [("/project", "required")]);
}

#[test]
fn what_is_paid_in_stages_falls_due_with_milestones_that_come_to_the_price() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "1000.01", json!({}));
    for (title, share) in [("Frames up", 3_333), ("Fitted", 3_333)] {
        let payment = json!({ "revision": kitchen.revision, "title": title, "share": share });
        host.insert("payments", payment).unwrap();
    }
    kitchen.issued(&mut host);
    accepted(&mut host, &kitchen);
    host.run_jobs().unwrap();
    let page = host.find(select("projects/milestones").columns(["title", "amount"]).sort("id")).unwrap();
    let mut told: Vec<_> =
        page.records().map(|row| (row.text("title").unwrap().to_owned(), row.money("amount").unwrap().minor)).collect();
    assert_eq!(told.iter().map(|(_, minor)| minor).sum::<i64>(), 100_001);
    told.sort();
    let titles: Vec<&str> = told.iter().map(|(title, _)| title.as_str()).collect();
    assert_eq!(titles, ["Balance", "Deposit", "Fitted", "Frames up"]);
}

#[test]
fn what_was_accepted_and_what_became_work_is_edited_no_more_by_anybody() {
    let mut host = host();
    host.caller.permissions.push("organization.administer".to_owned());
    let kitchen = begin(&mut host, "Kitchen");
    let line = kitchen.priced(&mut host, "1000", json!({}));
    kitchen.issued(&mut host);
    accepted(&mut host, &kitchen);
    for state in ["accepted", "converted"] {
        assert_eq!(status(&host, kitchen.revision), state);
        let refused = [
            host.update("revisions", kitchen.revision, json!({ "terms": "Ours" })).unwrap_err(),
            host.update("lines", line, json!({ "quantity": "2" })).unwrap_err(),
            host.remove("lines", line).unwrap_err(),
            host.insert(
                "lines",
                json!({ "revision": kitchen.revision, "section": kitchen.section, "description": "x" }),
            )
            .unwrap_err(),
            host.insert("payments", json!({ "revision": kitchen.revision, "title": "x", "share": 1 })).unwrap_err(),
        ];
        assert!(refused.iter().all(|fault| fault.code == ErrorCode::Locked), "{state}: {refused:?}");
        let typed = host.update("revisions", kitchen.revision, json!({ "status": "draft" })).unwrap_err();
        assert!(matches!(typed.code, ErrorCode::Locked | ErrorCode::Invalid), "{typed:?}");
        host.run_jobs().unwrap();
    }
}

#[test]
fn a_project_has_the_days_and_the_people_that_the_estimate_tells() {
    let mut host = host();
    let (mia, gone) = (host.add_person("Mia"), host.add_person("Ron"));
    let kitchen = begin(&mut host, "Kitchen");
    host.update("revisions", kitchen.revision, json!({ "start": "2027-02-01", "finish": "2027-03-12" })).unwrap();
    let wrong = host.update("revisions", kitchen.revision, json!({ "finish": "2027-01-12" })).unwrap_err();
    assert_eq!(wrong.issues[0].path, "/finish");
    let plan = json!({ "start": "2027-02-15", "due": "2027-02-19", "assignees": [mia, gone] });
    host.update("sections", kitchen.section, plan).unwrap();
    kitchen.priced(&mut host, "500", json!({ "kind": "labour", "unit": "h", "quantity": "5", "description": "Fit" }));
    kitchen.priced(&mut host, "90", json!({ "description": "Oak" }));
    let next = host.post(&format!("/revisions/{}/revise", kitchen.revision), &json!(null)).unwrap();
    let next = Begun { revision: id(&next.json()["id"]), ..kitchen };
    next.issued(&mut host);
    accepted(&mut host, &next);
    host.leave(gone);
    host.run_jobs().unwrap();
    let project = only(&host, "projects/projects");
    let day = |fields: &Fields, name: &str| fields.date(name).map(|date| date.to_string());
    assert_eq!((day(&project, "start"), day(&project, "due")), (Some("2027-02-01".into()), Some("2027-03-12".into())));
    assert_eq!(project.references("members"), [mia], "who has left is put on nothing");
    let tasks = select("projects/tasks").columns(["title", "start", "due", "assignees"]).sort("title");
    let tasks = host.find(tasks).unwrap();
    let told: Vec<_> = tasks
        .records()
        .map(|task| {
            let task = task.to_fields();
            (
                task.text("title").unwrap().to_owned(),
                day(&task, "start"),
                day(&task, "due"),
                task.references("assignees").to_vec(),
            )
        })
        .collect();
    let fit = ("Fit".to_owned(), Some("2027-02-15".to_owned()), Some("2027-02-19".to_owned()), vec![mia]);
    let procure = ("General: procure".to_owned(), None, Some("2027-02-15".to_owned()), vec![]);
    assert_eq!(told, [fit, procure]);
}

#[test]
fn staff_record_what_the_client_chose_and_what_is_not_ticked_is_not_taken() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "100", json!({}));
    kitchen.priced(&mut host, "30", json!({ "mode": "optional", "ticked": true }));
    let lamp = kitchen.priced(&mut host, "50", json!({ "mode": "optional" }));
    kitchen.issued(&mut host);
    let sheet = host.get(&format!("/revisions/{}/client", kitchen.revision), &[]).unwrap();
    assert_eq!(sheet.json()["choices"][0]["route"], "record-acceptance");
    let path = format!("/revisions/{}/record-acceptance", kitchen.revision);
    let taken = json!({ "answered_by": "Alice", "answered_how": "phone", "options": [lamp] });
    host.post(&path, &taken).unwrap();
    let kept = only(&host, "acceptances");
    assert_eq!((kept.money("net").unwrap().minor, kept.text("how")), (15_000, Some("phone")));
    assert_eq!(kept.json("chosen"), Some(&json!([lamp])));
    assert_eq!(host.post(&path, &taken).unwrap_err().code, ErrorCode::Conflict);
    let sheet = host.get(&format!("/revisions/{}/client", kitchen.revision), &[]).unwrap();
    assert_eq!(sheet.json()["choices"], json!([]), "there is nothing to be answered any more");
}

#[test]
fn none_of_the_options_is_recorded_as_none() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "100", json!({}));
    kitchen.priced(&mut host, "30", json!({ "mode": "optional", "ticked": true }));
    kitchen.issued(&mut host);
    let path = format!("/revisions/{}/record-acceptance", kitchen.revision);
    host.post(&path, &json!({ "answered_by": "Alice", "answered_how": "paper", "options": [] })).unwrap();
    assert_eq!(only(&host, "acceptances").money("net").unwrap().minor, 10_000);
}
