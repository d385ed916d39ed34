//! Weeks that begin as the organization's do, time that overlaps with a warning, who stands in for whom, files of runs, and
//! what each role has on its first page.

use crate::timesheets::{ENTRIES, Firm, SHEETS, firm};
use lignaflow_testkit::{Answer, Database, Method, PASSWORD, Role, Visitor, on_both};
use serde_json::{Value as Json, json};

on_both!(
    weeks_begin_as_the_organizations_do,
    what_overlaps_is_let_through_with_a_warning_where_that_is_wanted,
    who_stands_in_for_somebody_approves_on_their_first_page,
    a_run_is_taken_as_a_file_from_its_page,
    two_devices_that_start_a_timer_at_once_leave_one_that_runs,
    each_role_has_its_own_on_the_first_page,
);

impl Firm {
    pub(crate) async fn settle(&self, values: Json) -> Answer {
        let put = self.org.request(Method::PUT, "plugins/timesheets/settings").header("If-Match", "*");
        self.org.send(put.json(&json!({ "values": values }))).await
    }

    pub(crate) async fn visitor(&self, email: &str) -> Visitor {
        let visitor = self.server.visitor();
        visitor.sign_in(email, PASSWORD).await;
        visitor
    }

    /// Mia's week of the 16th with eight hours on its Monday, submitted.
    async fn week(&self) -> String {
        let _ = self.hours("2026-11-16", 8).await.is(201);
        let body = json!({ "week": "2026-11-16", "attested": true });
        self.mia.post("timesheets/week/submit", body).await.is(200).id()
    }
}

async fn weeks_begin_as_the_organizations_do(database: Database) {
    let firm = firm(&database).await;
    let _ = firm.org.patch("organization", "*", json!({ "week_starts": 7 })).await.is(200);
    let _ = firm.hours("2026-11-18", 6).await.is(201);
    assert_eq!(firm.sheet("2026-11-15").await["total"], 6 * 3600);
    let week = firm.mia.get("timesheets/week?week=2026-11-21").await.is(200).json;
    assert_eq!((&week["week"], &week["title"]), (&json!("2026-11-15"), &json!("15 – 21 Nov 2026")));
    let visitor = firm.visitor(&firm.mia_email).await;
    visitor.get("/timesheets/-/my-week?week=2026-11-18").await.is(200).shows("15 – 21 Nov 2026").shows("6:00");
    // The sheets that are there keep their days when it is changed again.
    let _ = firm.org.patch("organization", "*", json!({ "week_starts": 1 })).await.is(200);
    let _ = firm.hours("2026-11-19", 1).await.is(201);
    assert_eq!(firm.sheet("2026-11-15").await["total"], 7 * 3600);
    let _ = firm.hours("2026-11-22", 2).await.is(201);
    assert_eq!(firm.sheet("2026-11-16").await["total"], 2 * 3600, "of which that sheet holds no day but the last");
}

async fn what_overlaps_is_let_through_with_a_warning_where_that_is_wanted(database: Database) {
    let firm = firm(&database).await;
    let time = |from: &str, until: &str| {
        let at = |time: &str| format!("2026-11-17T{time}:00Z");
        json!({ "task": firm.task, "started_at": at(from), "ended_at": at(until) })
    };
    let _ = firm.mia.post(ENTRIES, time("01:00", "03:00")).await.is(201);
    let _ = firm.mia.post(ENTRIES, time("02:00", "04:00")).await.is_problem(409, "conflict");
    let _ = firm.settle(json!({ "overlap": "warn" })).await.is(200);
    let _ = firm.mia.post(ENTRIES, time("02:00", "04:00")).await.is(201);
    let visitor = firm.visitor(&firm.mia_email).await;
    visitor.get("/timesheets/-/my-week?week=2026-11-17").await.is(200).shows("overlaps other time of yours");
    let body = json!({ "week": "2026-11-16", "attested": true });
    let sheet = firm.mia.post("timesheets/week/submit", body).await.is(200);
    assert_eq!(sheet.json["overlaps"], 2);
    let ben = firm.visitor(&firm.ben_email).await;
    ben.get("/timesheets/-/team?week=2026-11-17").await.is(200).shows("2 entries overlap others.");
}

async fn who_stands_in_for_somebody_approves_on_their_first_page(database: Database) {
    let firm = firm(&database).await;
    let (zoe_id, zoe_email, zoe) = firm.server.member(&firm.org, "Zoe", Role::Member).await;
    let sheet = firm.week().await;
    let body = json!({ "ids": [sheet] });
    let _ = zoe.post("timesheets/stand-in/approve", body.clone()).await.is_problem(422, "invalid");
    assert_eq!(zoe.get("timesheets/stand-in").await.is(200).json, Json::Null);
    let page = firm.visitor(&zoe_email).await;
    page.get("/").await.is(200).hides("You stand in for somebody");

    // Ben is away, and says who approves meanwhile. Only who approves says so.
    let named = json!({ "stand_in": zoe_id.to_string(), "first": "2026-01-01", "last": "2027-12-31" });
    let _ = firm.mia.post("timesheets/stand-ins", named.clone()).await.is_problem(403, "denied");
    let _ = firm.ben.post("timesheets/stand-ins", named).await.is(201);
    let week = zoe.get("timesheets/stand-in?week=2026-11-16").await.is(200).json;
    assert_eq!((&week["rows"][0]["title"], &week["rows"][0]["total"]), (&json!("Mia"), &json!(28_800)));
    // She sees what the sums are of, though she may open none of it.
    assert_eq!(week["rows"][0]["entries"][0]["title"], "Kitchen");
    assert!(zoe.get(ENTRIES).await.is(200).data().is_empty());
    page.get("/").await.is(200).shows("You stand in for somebody");
    page.get("/timesheets/-/stand-in?week=2026-11-16").await.is(200).shows("1 entry").shows("Mon 16");
    // Of the door of those who hold the permission she knows nothing.
    let _ = zoe.post("timesheets/team/approve", body).await.is_problem(403, "denied");
    let approved = page.post("/timesheets/-/stand-in/0/approve", &[("id", sheet.as_str())]).await.is(303);
    page.follow(&approved).await.is(200).shows("Approved 1.");
    let told = firm.org.get(&format!("{SHEETS}/{sheet}")).await.is(200).json;
    assert_eq!((&told["status"], &told["approver"]), (&json!("approved"), &json!(zoe_id.to_string())));
    assert!(told["in_place_of"].is_string(), "{told}");
}

async fn a_run_is_taken_as_a_file_from_its_page(database: Database) {
    let firm = firm(&database).await;
    let sheet = firm.week().await;
    let _ = firm.ben.post("timesheets/team/approve", json!({ "ids": [sheet] })).await.is(200);
    let run = firm.org.post("timesheets/runs/pay", json!({ "until": "2026-11-22" })).await.is(201).id();
    let visitor = firm.server.signed_in(&firm.org).await;
    let path = format!("/timesheets/-/pay-run-file/{run}");
    visitor.get(&path).await.is(200).shows("Download CSV").shows("?file=0");
    let file = visitor.get(&format!("{path}?file=0")).await.is(200);
    assert_eq!(file.text, firm.org.get(&format!("timesheets/runs/pay/{run}/file")).await.is(200).text);
    assert!(file.text.starts_with("run,person,") && file.text.contains(",Mia,"), "{}", file.text);
    let _ = visitor.get(&format!("{path}?file=1")).await.is(404);
    // It is for who makes runs, and of a run that stands.
    let mia = firm.visitor(&firm.mia_email).await;
    let _ = mia.get(&format!("{path}?file=0")).await.is(403);
    let cancel = format!("timesheets/runs/pay/{run}/cancel");
    let _ = firm.org.post(&cancel, json!({ "reason": "Wrong week" })).await.is(200);
    visitor.get(&path).await.is(200).hides("Download CSV");
    let _ = visitor.get(&format!("{path}?file=0")).await.is(409);
}

async fn two_devices_that_start_a_timer_at_once_leave_one_that_runs(database: Database) {
    let firm = firm(&database).await;
    let glue = json!({ "title": "Glue", "project": firm.project, "assignees": [firm.mia_id] });
    let glue = firm.org.make("projects/tasks", glue).await;
    // Her phone and her tablet have a token each.
    let token = firm.server.token(&firm.mia_email, &firm.org.name, lignaflow_testkit::Scope::All).await;
    let tablet = firm.server.client(Some(&token));
    for _ in 0..3 {
        firm.race.meet(2);
        let (one, other) = tokio::join!(
            firm.mia.post("timesheets/timer/start", json!({ "task": firm.task })),
            tablet.post("timesheets/timer/start", json!({ "task": glue })),
        );
        firm.race.end();
        for answer in [one, other] {
            assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
        }
        let running = firm.mia.get(&format!("{ENTRIES}?filter[ended_at][is_null]=true")).await.is(200);
        assert_eq!(running.data().len(), 1, "{}", running.text);
        // What one of them stopped ends where the other begins.
        let all = firm.mia.get(&format!("{ENTRIES}?sort=started_at,created_at&limit=200")).await.is(200);
        for pair in all.data().windows(2) {
            assert!(pair[0]["ended_at"].as_str() <= pair[1]["started_at"].as_str(), "{pair:?}");
        }
        let _ = tablet.post("timesheets/timer/stop", json!({})).await.is(200);
    }
}

async fn each_role_has_its_own_on_the_first_page(database: Database) {
    let firm = firm(&database).await;
    let _ = firm.week().await;
    let rate = json!({ "sell": { "minor": 9_000, "currency": "AUD" }, "effective_from": "2026-01-01" });
    let _ = firm.org.make("timesheets/rates", rate).await;
    // A worker: the timer, what is to be done, and nothing of what others approve or bill.
    let mia = firm.visitor(&firm.mia_email).await;
    let page = mia.get("/").await.is(200);
    page.shows("Timer").shows("Tasks due next").hides("Weeks to approve").hides("not billed").hides("role=\"alert\"");
    // A supervisor: what waits for them.
    let ben = firm.visitor(&firm.ben_email).await;
    ben.get("/").await.is(200).shows("Weeks to approve").shows("Leave that is asked for").hides("not billed");
    // The owner: that, and what is to be billed once there is any.
    let owner = firm.server.signed_in(&firm.org).await;
    owner.get("/").await.is(200).shows("Weeks to approve").shows("Billable time by week").hides("Approved, not billed");
    let sheets = firm.org.get(&format!("{SHEETS}?filter[status]=submitted")).await.is(200);
    let _ = firm.ben.post("timesheets/team/approve", json!({ "ids": [sheets.data()[0]["id"]] })).await.is(200);
    owner.get("/").await.is(200).shows("Approved, not billed").shows("$720.00");
}
