//! What clients answer, and the project that it becomes.

use super::*;
use proptest::prelude::{Just, ProptestConfig, prop, prop_assert_eq, prop_oneof, proptest};

fn accepted(host: &mut Host, begun: &Begun) {
    with(host, begun.revision, "accept", &[("answered_by", "Alice Whitford".into_value())]).unwrap();
}

pub(super) fn only(host: &Host, collection: &str) -> Fields {
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

/// Titles, minutes and costs of the tasks that there are, by title.
fn planned(host: &Host) -> Vec<(String, i64, i64)> {
    let asked = select("projects/tasks").columns(["title", "planned_minutes", "planned_cost"]).sort("title");
    let page = host.find(asked).unwrap();
    let of = |task: lignaflow_sdk::values::Row<'_>| {
        let cost = task.money("planned_cost").unwrap().minor;
        (task.text("title").unwrap().to_owned(), task.integer("planned_minutes").unwrap(), cost)
    };
    page.records().map(of).collect()
}

fn milestones(host: &Host) -> Vec<(String, i64)> {
    let page = host.find(select("projects/milestones").columns(["title", "amount"]).sort("title")).unwrap();
    page.records().map(|row| (row.text("title").unwrap().to_owned(), row.money("amount").unwrap().minor)).collect()
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
fn labour_is_planned_where_it_is_done_and_goods_where_they_are_procured() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let item = |host: &mut Host, name: &str, kind: &str, cost: &str, minutes: i64| {
        let item = json!({ "name": name, "kind": kind, "cost": cost, "rate": 5000, "labour_minutes": minutes });
        host.insert("catalog-items", item).unwrap()
    };
    let (board, joiner) =
        (item(&mut host, "Board", "material", "30", 0), item(&mut host, "Joiner", "labour", "60", 60));
    let hinge = item(&mut host, "Hinge", "material", "4", 5);
    let door = host.insert("assemblies", json!({ "name": "Door", "labour_minutes": 10 })).unwrap();
    for (item, quantity) in [(board, "2"), (joiner, "0.5")] {
        let part = json!({ "name": "Part", "assembly": door, "item": item, "quantity": quantity });
        host.insert("assembly-items", part).unwrap();
    }
    let path = format!("/sections/{}/take", kitchen.section);
    host.post(&path, &json!({ "assembly": door, "quantity": "3" })).unwrap();
    host.post(&path, &json!({ "item": hinge, "quantity": "6" })).unwrap();
    kitchen.issued(&mut host);
    accepted(&mut host, &kitchen);
    host.run_jobs().unwrap();
    // A door is 60.00 of board and 30.00 of labour, in 40 minutes.
    let told = [
        ("Door".to_owned(), 120, 9_000),
        ("General: fit".to_owned(), 30, 0),
        ("General: procure".to_owned(), 0, 20_400),
    ];
    assert_eq!(planned(&host), told);
    let baseline = only(&host, "projects/baselines");
    let cost = |name: &str| baseline.money(name).unwrap().minor;
    assert_eq!(
        (baseline.integer("labour_minutes"), cost("labour_cost"), cost("material_cost")),
        (Some(150), 9_000, 20_400)
    );
}

#[test]
fn a_deposit_alone_is_a_milestone_and_so_is_the_rest_and_each_variation() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "1000.01", json!({}));
    host.update("revisions", kitchen.revision, json!({ "deposit": 3_333 })).unwrap();
    kitchen.issued(&mut host);
    accepted(&mut host, &kitchen);
    host.run_jobs().unwrap();
    assert_eq!(milestones(&host), [("Balance".to_owned(), 66_671), ("Deposit".to_owned(), 33_330)]);
    let project = host.fields("estimates", kitchen.estimate).unwrap().reference("project").unwrap();
    let more = begun_for(&mut host, "Oak benchtop", Some(project));
    more.priced(&mut host, "250", json!({}));
    more.issued(&mut host);
    accepted(&mut host, &more);
    host.run_jobs().unwrap();
    assert_eq!(milestones(&host)[2], ("Oak benchtop".to_owned(), 25_000));
    // What is claimed already stays; the rest is lowered.
    host.caller.permissions.push("projects.claim".to_owned());
    let page = host.find(select("projects/milestones").columns(["id", "title"]).sort("title")).unwrap();
    let balance = page.records().next().unwrap().reference("id").unwrap();
    let amount = json!({ "minor": 66_671, "currency": "AUD" });
    let claim = json!({ "project": project, "title": "Balance", "milestone": balance, "amount": amount });
    host.insert("projects/claims", claim).unwrap();
    let less = begun_for(&mut host, "Without the tall unit", Some(project));
    less.priced(&mut host, "300", json!({ "quantity": "-1" }));
    less.issued(&mut host);
    accepted(&mut host, &less);
    host.run_jobs().unwrap();
    let told = [("Balance", 66_671), ("Deposit", 3_330), ("Oak benchtop", 25_000)];
    assert_eq!(milestones(&host), told.map(|(title, minor)| (title.to_owned(), minor)));
}

/// A kitchen of 1,000.00 that is accepted, and a project by now.
fn accepted_without_a_deposit(host: &mut Host) -> Begun {
    let kitchen = begin(host, "Kitchen");
    kitchen.priced(host, "1000", json!({}));
    host.update("revisions", kitchen.revision, json!({ "deposit": 0 })).unwrap();
    kitchen.issued(host);
    accepted(host, &kitchen);
    host.run_jobs().unwrap();
    kitchen
}

#[test]
fn a_variation_with_stages_of_its_own_is_claimed_by_them() {
    let mut host = host();
    let kitchen = accepted_without_a_deposit(&mut host);
    let project = host.fields("estimates", kitchen.estimate).unwrap().reference("project").unwrap();
    let more = begun_for(&mut host, "Study", Some(project));
    more.priced(&mut host, "300", json!({}));
    host.update("revisions", more.revision, json!({ "deposit": 0 })).unwrap();
    let half = json!({ "revision": more.revision, "title": "Frames up", "share": 5_000 });
    host.insert("payments", half).unwrap();
    more.issued(&mut host);
    accepted(&mut host, &more);
    host.run_jobs().unwrap();
    let told = [("On completion", 100_000), ("Study: Balance", 15_000), ("Study: Frames up", 15_000)];
    assert_eq!(milestones(&host), told.map(|(title, minor)| (title.to_owned(), minor)));
}

#[test]
fn a_quote_without_a_deposit_is_claimed_on_completion() {
    let mut host = host();
    let _ = accepted_without_a_deposit(&mut host);
    assert_eq!(milestones(&host), [("On completion".to_owned(), 100_000)]);
    let project = only(&host, "projects/projects");
    assert!(project.is_null("budget"), "no line says what it costs");
}

#[test]
fn what_a_variation_takes_away_is_taken_off_the_next_task_where_the_likest_has_too_little() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    for (title, hours) in [("Fit doors", "2"), ("Fit drawers", "10")] {
        let line = json!({ "description": title, "kind": "labour", "unit": "h", "quantity": hours, "unit_cost": "50" });
        kitchen.line(&mut host, line).unwrap();
    }
    kitchen.issued(&mut host);
    accepted(&mut host, &kitchen);
    host.run_jobs().unwrap();
    let project = host.fields("estimates", kitchen.estimate).unwrap().reference("project").unwrap();
    let less = begun_for(&mut host, "Fewer doors", Some(project));
    let line =
        json!({ "description": "Fit doors", "kind": "labour", "unit": "h", "quantity": "-3", "unit_cost": "50" });
    less.line(&mut host, line).unwrap();
    less.issued(&mut host);
    accepted(&mut host, &less);
    host.run_jobs().unwrap();
    assert_eq!(planned(&host), [("Fit doors".to_owned(), 0, 0), ("Fit drawers".to_owned(), 540, 45_000)]);
    let page = host.find(select("projects/tasks").columns(["title", "notes"]).sort("title")).unwrap();
    let notes = page.records().next().unwrap().text("notes").unwrap().to_owned();
    assert_eq!(notes, "2 h Fit doors\n-3 h Fit doors", "whoever does it reads what was taken away");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Tasks, baseline, budget and milestones come to what the lines come to, whatever these are made of; none of them is
    /// less than nothing but the baseline, which is what was agreed.
    #[test]
    fn what_a_project_is_given_comes_to_what_was_agreed(
        lines in prop::collection::vec(
            (
                prop_oneof![Just("material"), Just("labour"), Just("subcontract"), Just("plant")],
                -30_000_i64..100_000, 0_i64..5_000_000, 0_i64..6_000_000, 0_i64..600, 0_i64..5_000,
            ),
            1..8,
        ),
        deposit in 0_i64..10_000,
    ) {
        let mut host = host();
        let kitchen = begin(&mut host, "Kitchen");
        let fine = |fine: i64| Decimal::new(fine, 4).to_string();
        for (kind, quantity, cost, labour, minutes, rate) in lines {
            let line = json!({
                "kind": kind, "quantity": fine(quantity), "unit_cost": fine(cost), "labour_cost": fine(labour),
                "labour_minutes": minutes, "rate": rate,
            });
            kitchen.line(&mut host, line).unwrap();
        }
        host.update("revisions", kitchen.revision, json!({ "deposit": deposit })).unwrap();
        kitchen.issued(&mut host);
        accepted(&mut host, &kitchen);
        host.run_jobs().unwrap();
        let agreed = |name: &str| minor(&host, kitchen.revision, name);
        let (cost, net) = (agreed("cost"), agreed("net"));
        let minutes = host.fields("revisions", kitchen.revision).unwrap().integer("labour_minutes").unwrap();
        let tasks = planned(&host);
        prop_assert_eq!(tasks.iter().map(|(_, minutes, _)| minutes).sum::<i64>(), minutes.max(0));
        prop_assert_eq!(tasks.iter().map(|(.., cost)| cost).sum::<i64>(), cost.max(0));
        let procure = tasks.iter().filter(|(title, ..)| title.ends_with(": procure"));
        prop_assert_eq!(procure.map(|(_, minutes, _)| minutes).sum::<i64>(), 0, "nobody works in procurement");
        let baseline = only(&host, "projects/baselines");
        let of = |name: &str| baseline.money(name).unwrap().minor;
        prop_assert_eq!(baseline.integer("labour_minutes"), Some(minutes));
        prop_assert_eq!((of("labour_cost") + of("material_cost"), of("sell")), (cost, net));
        let project = only(&host, "projects/projects");
        prop_assert_eq!(project.integer("budget_minutes"), Some(minutes.max(0)));
        prop_assert_eq!(project.money("budget").map_or(0, |budget| budget.minor), cost.max(0));
        prop_assert_eq!(milestones(&host).iter().map(|(_, minor)| minor).sum::<i64>(), net.max(0));
    }
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
    assert_eq!(
        (project.integer("budget_minutes"), project.money("budget").unwrap().minor),
        (Some(38 * 60), 370_400),
        "what it is planned to cost: costs are held against it"
    );
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
    let tall = json!({ "labour_minutes": 600, "unit_cost": "700", "labour_cost": "400", "description": "Tall unit" });
    kitchen.priced(&mut host, "1000", tall);
    kitchen.issued(&mut host);
    accepted(&mut host, &kitchen);
    host.run_jobs().unwrap();
    let project = host.fields("estimates", kitchen.estimate).unwrap().reference("project").unwrap();
    assert_eq!(planned(&host), [("General: procure".into(), 0, 30_000), ("Tall unit".into(), 600, 40_000)]);
    let less = begun_for(&mut host, "Without the tall unit", Some(project));
    let revision = less.revision;
    let fewer = json!({ "quantity": "-1", "labour_minutes": 120, "unit_cost": "200", "labour_cost": "80" });
    less.priced(&mut host, "300", fewer);
    assert_eq!(minor(&host, revision, "total"), -33_000);
    less.issued(&mut host);
    accepted(&mut host, &less);
    host.run_jobs().unwrap();
    let project = only(&host, "projects/projects");
    assert_eq!((project.integer("budget_minutes"), project.money("budget").unwrap().minor), (Some(480), 50_000));
    // The plan falls as what was agreed does, and so does what is still to be claimed.
    assert_eq!(planned(&host), [("General: procure".into(), 0, 18_000), ("Tall unit".into(), 480, 32_000)]);
    let milestones = host.find(select("projects/milestones").columns(["amount"])).unwrap();
    assert_eq!(milestones.records().map(|row| row.money("amount").unwrap().minor).sum::<i64>(), 70_000);
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
