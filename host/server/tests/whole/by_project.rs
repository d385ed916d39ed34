//! Weeks that are approved by project, through the API and its pages: who sees and decides what, what happens when two
//! decide at once, and what runs and reports take of it.

use crate::timesheets::{ENTRIES, Firm, SHEETS, firm_with};
use lignaflow_testkit::driver::Browser;
use lignaflow_testkit::{Answer, Client, Database, Role, Scope, on_both, on_one};
use serde_json::{Value as Json, json};

on_both!(
    each_manager_approves_what_a_week_has_of_their_project_and_sees_no_other,
    two_managers_who_approve_the_last_two_lines_at_once_approve_the_week_once,
    a_line_is_approved_once_also_by_two_who_may_at_once,
    what_is_returned_opens_its_own_time_while_the_rest_stays_as_it_is,
    lines_have_pages_for_who_decides_and_for_who_worked,
    approved_lines_are_billed_and_reported_and_whole_weeks_are_paid,
);
on_one!(a_manager_returns_a_line_and_who_worked_it_types_into_it_alone);

const LINES: &str = "timesheets/lines";
const APPROVE: &str = "timesheets/project-lines/approve";
const RETURN: &str = "timesheets/project-lines/return";

/// Somebody who manages a project, and nothing else.
#[derive(Debug)]
struct Manager {
    api: Client,
    id: String,
    email: String,
    project: String,
}

/// The firm with weeks approved by project: Ana manages the kitchen, Zoe the bath, Ben approves timesheets.
async fn with_managers(database: &Database) -> (Firm, Manager, Manager) {
    let firm = firm_with(database, &["projects", "estimates", "timesheets", "reporting"]).await;
    let _ = firm.settle(json!({ "approval": "project" })).await.is(200);
    let (ana_id, ana_email, ana) = firm.server.member(&firm.org, "Ana", Role::Member).await;
    let (zoe_id, zoe_email, zoe) = firm.server.member(&firm.org, "Zoe", Role::Member).await;
    let kitchen = format!("projects/projects/{}", firm.project);
    let _ = firm.org.patch(&kitchen, "*", json!({ "manager": ana_id.to_string() })).await.is(200);
    let bath = json!({ "name": "Bath", "manager": zoe_id.to_string(), "members": [firm.mia_id] });
    let bath = firm.org.make("projects/projects", bath).await;
    let ana = Manager { api: ana, id: ana_id.to_string(), email: ana_email, project: firm.project.clone() };
    let zoe = Manager { api: zoe, id: zoe_id.to_string(), email: zoe_email, project: bath };
    (firm, ana, zoe)
}

impl Firm {
    /// Mia's time on somebody's project.
    async fn works(&self, of: &Manager, day: &str, hours: i64) -> Answer {
        let body = json!({ "project": of.project, "local_date": day, "duration": hours * 3600 });
        self.mia.post(ENTRIES, body).await
    }

    async fn submits(&self) -> Answer {
        self.mia.post("timesheets/week/submit", json!({ "week": "2026-11-16", "attested": true })).await
    }

    /// A day of each project, submitted.
    async fn both(&self, ana: &Manager, zoe: &Manager) -> String {
        let _ = self.works(ana, "2026-11-16", 8).await.is(201);
        let _ = self.works(zoe, "2026-11-17", 6).await.is(201);
        self.submits().await.is(200).id()
    }

    async fn line(&self, of: &Manager) -> Json {
        let found = self.org.get(&format!("{LINES}?filter[project]={}", of.project)).await.is(200);
        assert_eq!(found.data().len(), 1, "{}", found.text);
        found.data()[0].clone()
    }

    async fn week_is(&self, sheet: &str) -> String {
        self.org.get(&format!("{SHEETS}/{sheet}")).await.is(200).json["status"].as_str().unwrap().to_owned()
    }
}

fn id(record: &Json) -> &str {
    record["id"].as_str().unwrap()
}

async fn each_manager_approves_what_a_week_has_of_their_project_and_sees_no_other(database: Database) {
    let (firm, ana, zoe) = with_managers(&database).await;
    let sheet = firm.both(&ana, &zoe).await;
    let (kitchen, bath) = (firm.line(&ana).await, firm.line(&zoe).await);
    assert_eq!((&kitchen["status"], &kitchen["duration"]), (&json!("waiting"), &json!(28_800)));
    // Each is told, sees their own line, and neither the sheet, the other's line, nor entries but through the review.
    let told = ana.api.get("notices").await.is(200);
    assert!(told.text.contains("Time of Mia of 16 – 22 Nov 2026 waits for you"), "{}", told.text);
    let seen = ana.api.get(LINES).await.is(200);
    assert_eq!(seen.column("id"), [id(&kitchen)]);
    let _ = ana.api.get(&format!("{LINES}/{}", id(&bath))).await.is_problem(404, "not-found");
    let _ = ana.api.get(&format!("{SHEETS}/{sheet}")).await.is_problem(404, "not-found");
    assert!(ana.api.get(ENTRIES).await.is(200).data().is_empty());
    let review = ana.api.get("timesheets/project-lines").await.is(200).json;
    assert_eq!(review["rows"].as_array().unwrap().len(), 1, "{review}");
    assert_eq!((&review["rows"][0]["detail"], &review["rows"][0]["total"]), (&json!("Kitchen"), &json!(28_800)));
    assert_eq!(review["rows"][0]["entries"].as_array().unwrap().len(), 1);

    // Nobody else decides: neither who worked it, who approves timesheets, the owner, another manager, nor who comes from
    // elsewhere or with a token that reads.
    let approve = format!("{LINES}/{}/approve", id(&kitchen));
    let (one, back) = (json!({ "ids": [kitchen["id"]] }), json!({ "id": kitchen["id"], "reason": "no" }));
    let elsewhere = firm.server.organization("Elsewhere").await;
    for other in [&firm.mia, &firm.ben, &firm.org.api, &zoe.api, &elsewhere.api] {
        let _ = other.post(APPROVE, one.clone()).await.is_problem(422, "invalid");
        let _ = other.post(RETURN, back.clone()).await.is_problem(422, "invalid");
    }
    for (other, status, code) in [
        (&firm.mia, 403, "denied"),
        (&firm.ben, 403, "denied"),
        (&firm.org.api, 403, "denied"),
        (&zoe.api, 404, "not-found"),
        (&elsewhere.api, 404, "not-found"),
    ] {
        let _ = other.act(&approve).await.is_problem(status, code);
    }
    let reads = firm.server.client(Some(&firm.server.token(&ana.email, &firm.org.name, Scope::Read).await));
    let _ = reads.get("timesheets/project-lines").await.is(200);
    for (path, body) in [(APPROVE, &one), (RETURN, &back)] {
        let _ = reads.post(path, body.clone()).await.is_problem(403, "denied");
        let _ = firm.server.client(None).post(path, body.clone()).await.is_problem(401, "unauthenticated");
    }
    let _ = ana.api.post(APPROVE, json!({ "ids": [] })).await.is_problem(422, "invalid");
    let _ = ana.api.post(RETURN, json!({ "id": kitchen["id"], "reason": " " })).await.is_problem(422, "invalid");
    let _ = ana.api.get("timesheets/project-lines?week=never").await.is_problem(422, "invalid");
    let _ = firm.ben.post("timesheets/team/approve", json!({ "ids": [sheet] })).await.is_problem(409, "conflict");
    // Lines come and go with their week alone.
    let made = json!({ "label": "x", "sheet": sheet, "project": zoe.project });
    let _ = firm.org.post(LINES, made).await.is_problem(403, "denied");
    let _ = firm.org.delete(&format!("{LINES}/{}", id(&kitchen)), "*").await.is_problem(403, "denied");

    assert_eq!(ana.api.post(APPROVE, one).await.is(200).json, json!({ "approved": 1 }));
    assert_eq!(firm.week_is(&sheet).await, "submitted");
    // The other by the verb of the record.
    let _ = zoe.api.act(&format!("{LINES}/{}/approve", id(&bath))).await.is(200);
    let week = firm.org.get(&format!("{SHEETS}/{sheet}")).await.is(200).json;
    assert_eq!((&week["status"], &week["approver"]), (&json!("approved"), &json!(zoe.id)));
    let _ = ana.api.get("timesheets/project-lines").await.is(200);
}

async fn two_managers_who_approve_the_last_two_lines_at_once_approve_the_week_once(database: Database) {
    let (firm, ana, zoe) = with_managers(&database).await;
    let sheet = firm.both(&ana, &zoe).await;
    let of = async |manager: &Manager| json!({ "ids": [firm.line(manager).await["id"]] });
    let (kitchen, bath) = (of(&ana).await, of(&zoe).await);
    firm.race.meet(2);
    let (one, other) = tokio::join!(ana.api.post(APPROVE, kitchen), zoe.api.post(APPROVE, bath));
    firm.race.end();
    let _ = (one.is(200), other.is(200));
    assert_eq!(firm.week_is(&sheet).await, "approved", "neither thought that the other was still to come");
    let history = firm.org.get(&format!("{SHEETS}/{sheet}/history")).await.is(200);
    let approvals = history.data().iter().filter(|change| change["transition"] == "approve").count();
    assert_eq!(approvals, 1, "{}", history.text);
}

async fn a_line_is_approved_once_also_by_two_who_may_at_once(database: Database) {
    let (firm, ana, zoe) = with_managers(&database).await;
    let away = json!({ "stand_in": zoe.id, "first": "2026-01-01", "last": "2027-12-31" });
    let _ = ana.api.post("timesheets/stand-ins", away).await.is(201);
    let sheet = firm.both(&ana, &zoe).await;
    let kitchen = firm.line(&ana).await;
    let body = json!({ "ids": [kitchen["id"]] });
    firm.race.meet(2);
    let (one, other) = tokio::join!(ana.api.post(APPROVE, body.clone()), zoe.api.post(APPROVE, body.clone()));
    firm.race.end();
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", one.text, other.text);
    // Approved and returned at the same moment it is returned in the end, whoever was first, and the week with it.
    let bath = firm.line(&zoe).await;
    let back = json!({ "id": bath["id"], "reason": "Look again" });
    firm.race.meet(2);
    let (one, other) = tokio::join!(zoe.api.post(APPROVE, json!({ "ids": [bath["id"]] })), zoe.api.post(RETURN, back));
    firm.race.end();
    assert!(matches!(one.status, 200 | 409), "{}", one.text);
    let _ = other.is(200);
    assert_eq!(firm.line(&zoe).await["status"], "returned");
    assert_eq!(
        (firm.week_is(&sheet).await, firm.line(&ana).await["status"].clone()),
        ("returned".to_owned(), json!("approved"))
    );
}

async fn what_is_returned_opens_its_own_time_while_the_rest_stays_as_it_is(database: Database) {
    let (firm, ana, zoe) = with_managers(&database).await;
    let sheet = firm.both(&ana, &zoe).await;
    let entries = firm.mia.get(&format!("{ENTRIES}?sort=local_date")).await.is(200);
    let of = |at: usize| format!("{ENTRIES}/{}", entries.data()[at]["id"].as_str().unwrap());
    let (of_kitchen, of_bath) = (of(0), of(1));
    let back = json!({ "id": firm.line(&ana).await["id"], "reason": "Was it eight?" });
    let _ = ana.api.post(RETURN, back).await.is(200);
    assert_eq!(firm.week_is(&sheet).await, "returned");
    let refused = firm.mia.patch(&of_bath, "*", json!({ "duration": 3600 })).await.is_problem(423, "locked");
    assert_eq!(refused.issues(), [("/project", "locked")]);
    let _ = firm.mia.delete(&of_bath, "*").await.is_problem(423, "locked");
    let _ = firm.works(&zoe, "2026-11-18", 1).await.is_problem(423, "locked");
    let _ = firm.org.patch(&of_bath, "*", json!({ "note": "x" })).await.is_problem(423, "locked");
    let _ = firm
        .mia
        .patch(&of_kitchen, "*", json!({ "project": zoe.project, "task": null }))
        .await
        .is_problem(423, "locked");
    let batch =
        json!({ "operations": [{ "create": { "project": zoe.project, "local_date": "2026-11-19", "duration": 60 } }] });
    let _ = firm.mia.post(&format!("{ENTRIES}/batch"), batch).await.is_problem(423, "locked");
    let _ = firm.mia.patch(&of_kitchen, "*", json!({ "duration": 7 * 3600 })).await.is(200);

    // Time that comes while the week is submitted once more is in it or refused.
    let held = firm.race.hold();
    let (added, submitted) = tokio::join!(firm.works(&ana, "2026-11-18", 2), held.meanwhile(firm.submits()));
    let _ = submitted.is(200);
    let _ = added.is_problem(423, "locked");
    assert_eq!(firm.line(&ana).await["duration"], 7 * 3600);

    // What was approved and comes back has to be approved once more, and its time says so.
    let _ = zoe.api.post(APPROVE, json!({ "ids": [firm.line(&zoe).await["id"]] })).await.is(200);
    assert_eq!(firm.mia.get(&of_bath).await.is(200).json["approved"], true);
    let back = json!({ "id": firm.line(&zoe).await["id"], "reason": "Once more" });
    let _ = zoe.api.post(RETURN, back).await.is(200);
    assert_eq!(firm.mia.get(&of_bath).await.is(200).json["approved"], false);
    let told = firm.mia.get("notices").await.is(200);
    assert!(told.text.contains("Bath of 16 – 22 Nov 2026 was returned"), "{}", told.text);
    // A line of which there is no time any more does not come back by itself.
    let _ = firm.mia.delete(&of_bath, "*").await.is(200);
    let bath = firm.line(&zoe).await;
    let _ = firm.submits().await.is(200);
    assert!(firm.org.get(&format!("{LINES}?filter[project]={}", zoe.project)).await.is(200).data().is_empty());
    let _ = zoe.api.act(&format!("{LINES}/{}/restore", id(&bath))).await.is_problem(409, "conflict");
}

async fn lines_have_pages_for_who_decides_and_for_who_worked(database: Database) {
    let (firm, ana, zoe) = with_managers(&database).await;
    let page = firm.visitor(&ana.email).await;
    page.get("/").await.is(200).hides("Time that waits for your approval");
    let _ = firm.both(&ana, &zoe).await;
    let home = page.get("/").await.is(200);
    home.shows("Time that waits for your approval")
        .shows("Kitchen")
        .shows("1 entry")
        .hides("Bath")
        .hides("role=\"alert\"");
    let mia = firm.visitor(&firm.mia_email).await;
    mia.get("/").await.is(200).hides("Time that waits for your approval");
    let week = "/timesheets/-/my-week?week=2026-11-16";
    mia.get(week).await.is(200).shows("Waits for Ana").shows("Waits for Zoe");

    let block = "/timesheets/-/project-lines/0";
    let (kitchen, bath) = (firm.line(&ana).await, firm.line(&zoe).await);
    let stranger = page.post(&format!("{block}/approve"), &[("id", id(&bath))]).await.is(422);
    stranger.shows("There is no such line that waits for you.");
    let back = [("week", "2026-11-16"), ("id", id(&kitchen)), ("reason", "Was it eight?")];
    let returned = page.post(&format!("{block}/give_back"), &back).await.is(303);
    page.follow(&returned).await.is(200).shows("Returned: Was it eight?");
    // She types into the line that came back, and the other is shut.
    let sheet = mia.get(week).await.is(200);
    sheet.shows(">Was it eight?<").shows("Kitchen: Was it eight?").shows("name=\"r1d0\"").hides("name=\"r0d0\"");
    let row = json!({ "activity": null, "project": firm.project, "task": null }).to_string();
    let was = "28800 0 0 0 0 0 0";
    let typed =
        [("week", "2026-11-16"), ("k1", row.as_str()), ("w1", was), ("r1d0", "7"), ("k0", "{}"), ("attested", "yes")];
    let submitted = mia.post("/timesheets/-/my-week/0/submit", &typed).await.is(303);
    mia.follow(&submitted).await.is(200).shows("Submitted.").shows("7:00");
    let approved =
        page.post(&format!("{block}/approve"), &[("week", "2026-11-16"), ("id", id(&kitchen))]).await.is(303);
    page.follow(&approved).await.is(200).shows("Approved 1.");
    mia.get(week).await.is(200).shows("By Ana").shows("Waits for Zoe");
    // The record has its verbs, and who approves timesheets sees whom the week waits for.
    let path = format!("/{LINES}/{}", id(&bath));
    firm.visitor(&zoe.email).await.get(&path).await.is(200).shows("Approve").shows("Return");
    mia.get(&path).await.is(200).hides("/to/approve");
    let ben = firm.visitor(&firm.ben_email).await;
    ben.get("/timesheets/-/team?week=2026-11-16")
        .await
        .is(200)
        .shows("Bath waits for Zoe")
        .shows("Kitchen is approved by Ana");
    ben.get("/").await.is(200).shows("Weeks to approve").hides("Time that waits for your approval");
}

async fn approved_lines_are_billed_and_reported_and_whole_weeks_are_paid(database: Database) {
    let (firm, ana, zoe) = with_managers(&database).await;
    let rate = json!({ "sell": { "minor": 9_000, "currency": "AUD" }, "effective_from": "2026-01-01" });
    firm.org.make("timesheets/rates", rate).await;
    let sheet = firm.both(&ana, &zoe).await;
    let _ = ana.api.post(APPROVE, json!({ "ids": [firm.line(&ana).await["id"]] })).await.is(200);
    let span = "from=2026-11-16&until=2026-11-22";
    let worked = async || {
        let hours = firm.org.get(&format!("reporting/pay-hours?{span}")).await.is(200).json;
        hours["total"]["worked"].as_i64().unwrap()
    };
    let approved = async |project: &str| {
        let result = firm.org.get(&format!("reporting/projects/{project}/result")).await.is(200).json;
        result["hours"]["approved_minutes"].as_i64().unwrap()
    };
    assert_eq!(worked().await, 0, "nobody is paid for part of a week");
    assert_eq!((approved(&ana.project).await, approved(&zoe.project).await), (480, 0));
    let used = firm.org.get(&format!("reporting/utilisation?{span}")).await.is(200).json;
    assert_eq!(used["total"]["worked"], 14 * 3600, "what was worked counts, whoever has approved of it");
    let until = json!({ "until": "2026-11-22" });
    let _ = firm.org.post("timesheets/runs/pay", until.clone()).await.is_problem(409, "conflict");
    let bill = firm.org.post("timesheets/runs/billing", until.clone()).await.is(201).json;
    assert_eq!((&bill["entries"], &bill["amount"]["minor"]), (&json!(1), &json!(72_000)));
    // What is billed of it holds its line fast.
    let back = json!({ "id": firm.line(&ana).await["id"], "reason": "no" });
    let _ = ana.api.post(RETURN, back).await.is_problem(423, "locked");
    let _ = zoe.api.post(APPROVE, json!({ "ids": [firm.line(&zoe).await["id"]] })).await.is(200);
    assert_eq!((firm.week_is(&sheet).await.as_str(), worked().await), ("approved", 14 * 3600));
    let pay = firm.org.post("timesheets/runs/pay", until.clone()).await.is(201).json;
    assert_eq!((&pay["entries"], &pay["duration"]), (&json!(2), &json!(14 * 3600)));
    assert_eq!(firm.week_is(&sheet).await, "exported");
    let rest = firm.org.post("timesheets/runs/billing", until).await.is(201).json;
    assert_eq!(rest["amount"]["minor"], 54_000);
}

async fn a_manager_returns_a_line_and_who_worked_it_types_into_it_alone(database: Database) {
    let (firm, ana, zoe) = with_managers(&database).await;
    let _ = firm.both(&ana, &zoe).await;
    let _ = zoe.api.post(APPROVE, json!({ "ids": [firm.line(&zoe).await["id"]] })).await.is(200);
    let Some(browser) = Browser::open().await else { return };
    let root = &firm.server.root;
    browser.sign_in(root, &ana.email, &firm.org.password).await;
    browser.pictures("home-of-a-manager").await;
    browser.goto(&format!("{root}/timesheets/-/project-lines?week=2026-11-16")).await;
    browser.resize(1280, 900).await;
    browser.find(".review-entries summary").await.click().await.unwrap();
    browser.pictures("project-lines").await;
    browser.resize(390, 844).await;
    browser.find(".review-return summary").await.click().await.unwrap();
    browser.fill(".review-return[open] input[name=reason]", "Was it eight?").await;
    browser.press(".review-return[open] button").await;
    assert!(browser.text("main").await.contains("Was it eight?"));
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;

    let Some(browser) = Browser::open().await else { return };
    browser.sign_in(root, &firm.mia_email, &firm.org.password).await;
    browser.goto(&format!("{root}/timesheets/-/my-week?week=2026-11-16")).await;
    browser.resize(1280, 900).await;
    browser.fill("input[name=r1d0]", "7").await;
    assert_eq!(browser.text("[data-total]").await, "13:00", "what is shut counts");
    browser.pictures("week-by-project").await;
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}
