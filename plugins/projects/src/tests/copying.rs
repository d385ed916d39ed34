//! A project made from another.

use super::*;
use std::collections::BTreeMap;

fn sample(host: &mut Host) -> (Id, Vec<Id>) {
    let client = host.insert("clients", json!({ "name": "Smith" })).unwrap();
    let ana = host.add_person("Ana");
    let kitchen = host
        .insert(
            "projects",
            json!({
                "name": "Kitchen", "code": "K-1", "client": client, "address": "3 Elm St", "members": [ana],
                "billing": "fixed", "start": "2026-11-02", "due": "2026-12-18", "budget_minutes": 600,
                "budget": { "minor": 500_000, "currency": "AUD" }, "notes": "Oak."
            }),
        )
        .unwrap();
    let build = host
        .insert("tasks", json!({ "title": "Build", "project": kitchen, "start": "2026-11-02", "due": "2026-12-18" }))
        .unwrap();
    let cut = host
        .insert("tasks", json!({
            "title": "Cut", "project": kitchen, "parent": build, "due": "2026-11-10", "assignees": [ana],
            "priority": "high", "planned_minutes": 120, "planned_cost": { "minor": 900, "currency": "AUD" }, "billable": false
        }))
        .unwrap();
    let glue = host
        .insert(
            "tasks",
            json!({ "title": "Glue", "project": kitchen, "parent": build, "depends_on": [cut], "notes": "Warm." }),
        )
        .unwrap();
    host.transition("tasks", cut, "finish").unwrap();
    (kitchen, vec![build, cut, glue])
}

fn copied(host: &mut Host, from: Id, body: &serde_json::Value) -> Result<Id, Fault> {
    let answer = host.post(&format!("/projects/{from}/copy"), body)?;
    assert_eq!(answer.status, 201);
    Ok(answer.json()["id"].as_str().unwrap().parse().unwrap())
}

fn by_title(host: &Host, project: Id) -> BTreeMap<String, Id> {
    let page = host.find(select("tasks").columns(["id", "title"]).filter(field("project").eq(project))).unwrap();
    page.records().map(|row| (row.text("title").unwrap().to_owned(), row.reference("id").unwrap())).collect()
}

#[test]
fn a_copy_has_the_same_plan_at_another_time() {
    let mut host = host();
    let (kitchen, _) = sample(&mut host);
    let new = copied(&mut host, kitchen, &json!({ "name": "Bath", "code": "K-2", "start": "2027-02-01" })).unwrap();
    let (old, new_record) = (host.record("projects", kitchen).unwrap(), host.record("projects", new).unwrap());
    for field in ["client", "address", "members", "manager", "billing", "budget_minutes", "budget", "notes"] {
        assert_eq!(new_record[field], old[field], "{field}");
    }
    assert_eq!((&new_record["name"], &new_record["code"]), (&json!("Bath"), &json!("K-2")));
    assert_eq!((&new_record["status"], &new_record["start"]), (&json!("draft"), &json!("2027-02-01")));
    assert_eq!(new_record["due"], "2027-03-19", "46 days after the start, as before");

    let ids = by_title(&host, new);
    assert_eq!(ids.keys().map(String::as_str).collect::<Vec<_>>(), ["Build", "Cut", "Glue"]);
    let cut = host.record("tasks", ids["Cut"]).unwrap();
    assert_eq!(cut["parent"], ids["Build"].to_string());
    assert_eq!((&cut["status"], &cut["priority"], &cut["due"]), (&json!("todo"), &json!("high"), &json!("2027-02-09")));
    assert_eq!((&cut["planned_minutes"], &cut["billable"]), (&json!(120), &json!(false)));
    assert_eq!(cut["planned_cost"], json!({ "minor": 900, "currency": "AUD" }));
    assert_eq!(cut["assignees"], old["members"]);
    let glue = host.record("tasks", ids["Glue"]).unwrap();
    assert_eq!((&glue["depends_on"], &glue["notes"]), (&json!([ids["Cut"]]), &json!("Warm.")));
}

#[test]
fn phases_locations_milestones_and_checklists_come_along() {
    let mut host = host();
    let (kitchen, of) = sample(&mut host);
    let phases =
        host.find(select("phases").columns(["id"]).filter(field("project").eq(kitchen)).sort("position")).unwrap();
    let first = phases.records().next().unwrap().reference("id").unwrap();
    host.update("phases", first, json!({ "name": "Measure", "due": "2026-11-04" })).unwrap();
    let room = host.insert("locations", json!({ "name": "Pantry", "project": kitchen })).unwrap();
    host.update("tasks", of[1], json!({ "phase": first, "location": room })).unwrap();
    let check = host.insert("checklist", json!({ "title": "Sharpen", "task": of[1] })).unwrap();
    host.update("checklist", check, json!({ "done": true })).unwrap();
    let stage = json!({ "title": "Fitted", "project": kitchen, "phase": first, "due": "2026-12-18" });
    host.insert("milestones", stage).unwrap();

    let new = copied(&mut host, kitchen, &json!({ "name": "Bath", "start": "2027-02-01" })).unwrap();
    let phases = select("phases").columns(["id", "name", "due"]).filter(field("project").eq(new)).sort("position");
    let phases = host.find(phases).unwrap();
    let (phase, due) = {
        let row = phases.records().next().unwrap();
        (row.reference("id").unwrap(), row.date("due").unwrap().to_string())
    };
    assert_eq!((phases.rows.len(), due.as_str()), (5, "2027-02-03"));
    let cut = host.record("tasks", by_title(&host, new)["Cut"]).unwrap();
    assert_eq!(cut["phase"], phase.to_string());
    let room: Id = cut["location"].as_str().unwrap().parse().unwrap();
    assert_eq!(host.record("locations", room).unwrap()["project"], new.to_string());
    let checks = select("checklist").columns(["title", "done"]).filter(field("task.project").eq(new));
    let checks = host.find(checks).unwrap();
    let check = checks.records().next().unwrap();
    assert_eq!((check.text("title"), check.boolean("done")), (Some("Sharpen"), Some(false)), "to be done anew");
    let stages = host.find(select("milestones").columns(["phase", "due"]).filter(field("project").eq(new))).unwrap();
    let stage = stages.records().next().unwrap();
    assert_eq!(stage.reference("phase"), Some(phase));
    assert_eq!(stage.date("due").unwrap().to_string(), "2027-03-19");
}

#[test]
fn a_closed_project_serves_as_a_template_and_stays_as_it_is() {
    let mut host = host();
    let (kitchen, _) = sample(&mut host);
    close(&mut host, kitchen);
    let before = host.record("projects", kitchen);
    let other = host.insert("clients", json!({ "name": "Jones" })).unwrap();
    let new = copied(&mut host, kitchen, &json!({ "name": "Bath", "start": "2027-02-01", "client": other })).unwrap();
    assert_eq!(host.record("projects", new).unwrap()["client"], other.to_string());
    assert_eq!(host.record("projects", kitchen), before);
}

#[test]
fn who_has_left_is_not_assigned_again() {
    let mut host = host();
    let (kitchen, of) = sample(&mut host);
    let ana = host.fields("tasks", of[1]).unwrap().references("assignees")[0];
    host.leave(ana);
    host.leave(host.caller.person().unwrap());
    let new = copied(&mut host, kitchen, &json!({ "name": "Bath", "start": "2027-02-01" })).unwrap();
    let record = host.record("projects", new).unwrap();
    assert_eq!((&record["members"], &record["manager"]), (&json!([]), &json!(null)));
}

#[test]
fn without_a_start_the_first_date_moves_to_the_new_one() {
    let mut host = host();
    let shed = project(&mut host, "Shed");
    let cut = task(&mut host, shed, "Cut");
    let undated = copied(&mut host, shed, &json!({ "name": "A", "start": "2027-02-01" })).unwrap();
    assert_eq!(host.record("projects", undated).unwrap()["due"], json!(null));
    host.update("tasks", cut, json!({ "due": "2026-11-10" })).unwrap();
    host.update("projects", shed, json!({ "due": "2026-11-20" })).unwrap();
    let new = copied(&mut host, shed, &json!({ "name": "B", "start": "2027-02-01" })).unwrap();
    assert_eq!(host.record("projects", new).unwrap()["due"], "2027-02-11");
    let cut = by_title(&host, new)["Cut"];
    assert_eq!(host.record("tasks", cut).unwrap()["due"], "2027-02-01");
}

#[test]
fn the_first_date_may_be_that_of_a_phase_or_a_milestone() {
    let mut host = host();
    let shed = project(&mut host, "Shed");
    let phase = json!({ "name": "Frame", "project": shed, "start": "2026-11-09", "due": "2026-11-13" });
    host.insert("phases", phase).unwrap();
    host.insert("milestones", json!({ "title": "Deposit", "project": shed, "due": "2026-11-02" })).unwrap();
    let new = copied(&mut host, shed, &json!({ "name": "A", "start": "2027-02-01" })).unwrap();
    let of = |host: &Host, collection: &str, column: &str| {
        let found =
            select(collection).columns([column]).filter(field("project").eq(new)).filter(field(column).is_set());
        let page = host.find(found).unwrap();
        page.records().map(|row| row.date(column).unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(of(&host, "milestones", "due"), ["2027-02-01"]);
    assert_eq!(
        (of(&host, "phases", "start"), of(&host, "phases", "due")),
        (vec!["2027-02-08".into()], vec!["2027-02-12".into()])
    );
}

#[test]
fn what_stands_in_the_way_is_told_by_its_place_in_the_body() {
    let mut host = host();
    let (kitchen, _) = sample(&mut host);
    let fault =
        copied(&mut host, kitchen, &json!({ "name": "Bath", "code": "K-1", "start": "2027-02-01" })).unwrap_err();
    assert_eq!((fault.code, codes(&fault)), (ErrorCode::Conflict, vec![("/code", "duplicate")]));
    let nonsense = json!({ "name": " ", "client": "Smith", "start": "tomorrow" });
    let fault = copied(&mut host, kitchen, &nonsense).unwrap_err();
    assert_eq!(codes(&fault), [("/name", "required"), ("/client", "type"), ("/start", "type")]);
    let nobody = host.new_id();
    let fault =
        copied(&mut host, kitchen, &json!({ "name": "Bath", "client": nobody, "start": "2027-02-01" })).unwrap_err();
    assert_eq!(codes(&fault), [("/client", "unknown-reference")]);
    let fault = copied(&mut host, kitchen, &json!({ "name": "Bath", "start": "9999-12-01" })).unwrap_err();
    assert_eq!(codes(&fault), [("/start", "range")]);
    assert_eq!(
        copied(&mut host, nobody, &json!({ "name": "Bath", "start": "2027-02-01" })).unwrap_err().code,
        ErrorCode::NotFound
    );
    host.caller.permissions.clear();
    let fault = copied(&mut host, kitchen, &json!({ "name": "Bath", "start": "2027-02-01" })).unwrap_err();
    assert_eq!(fault.code, ErrorCode::Denied);
    assert_eq!(host.count("projects", all([])), Ok(1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the links, the copy has the same between its own tasks.
    #[test]
    fn links_are_the_same_among_the_copies(links in prop::collection::vec((0..12_usize, 0..12_usize), 0..20), days in -800..800_i32) {
        let mut host = host();
        let shed = host.insert("projects", json!({ "name": "Shed", "start": "2026-06-01" })).unwrap();
        let start: Date = "2026-06-01".parse().unwrap();
        let of: Vec<Id> = (0..12).map(|_| host.new_id()).collect();
        let writes = of.iter().enumerate().map(|(at, id)| {
            // Only towards earlier ones, so that there is no circle.
            let on: Vec<Id> = links.iter().filter(|(from, to)| *from == at && to < from).map(|(_, to)| of[*to]).collect();
            let due = start.plus_days(i32::try_from(at).unwrap() * 3);
            insert("tasks", *id).set("title", format!("T{at:02}")).set("project", shed).set("due", due)
                .set("parent", on.first().copied()).set("depends_on", on)
        });
        host.batch(writes.collect::<Vec<_>>()).unwrap();
        let moved = start.plus_days(days).unwrap();
        let new = copied(&mut host, shed, &json!({ "name": "New", "start": moved })).unwrap();
        let ids = by_title(&host, new);
        let mapped = |old: &Id| ids[&format!("T{:02}", of.iter().position(|id| id == old).unwrap())];
        for (at, old) in of.iter().enumerate() {
            let (was, is) = (host.fields("tasks", *old).unwrap(), host.fields("tasks", ids[&format!("T{at:02}")]).unwrap());
            prop_assert_eq!(is.reference("parent"), was.reference("parent").as_ref().map(mapped));
            let expected: Vec<Id> = was.references("depends_on").iter().map(mapped).collect();
            prop_assert_eq!(is.references("depends_on"), &expected[..]);
            prop_assert_eq!(is.date("due").unwrap().days_since(was.date("due").unwrap()), days);
        }
    }
}
