//! The pages of `timesheets`: each reads and posts without script; in a browser with it, on a phone and at a desk, in
//! both colours.

use crate::timesheets::{ENTRIES, Firm, SHEETS, firm};
use lignaflow_testkit::driver::Browser;
use lignaflow_testkit::{Database, Visitor, on_both, on_one};
use serde_json::json;

on_both!(
    a_timer_is_started_changed_and_stopped_without_script,
    a_week_is_typed_into_and_what_is_wrong_is_told_at_its_cell,
    a_week_is_copied_and_submitted_once_it_is_said_to_be_true,
    a_team_is_approved_at_once_and_one_is_returned_with_a_reason,
    a_crew_runs_and_corrections_have_forms,
);
on_one!(a_worker_on_a_phone_records_a_day_and_submits_a_week, a_supervisor_approves_a_week_for_the_whole_team);

const NOW: &str = "/timesheets/-/now";
const WEEK: &str = "/timesheets/-/my-week";
const TEAM: &str = "/timesheets/-/team";

impl Firm {
    async fn opens(&self, email: &str) -> Visitor {
        let visitor = self.server.visitor();
        visitor.sign_in(email, &self.org.password).await;
        visitor
    }

    /// The task as a row of a week is of it.
    fn row(&self) -> String {
        json!({ "activity": null, "project": self.project, "task": self.task }).to_string()
    }
}

async fn a_timer_is_started_changed_and_stopped_without_script(database: Database) {
    let firm = firm(&database).await;
    let mia = firm.opens(&firm.mia_email).await;
    mia.get(NOW).await.is(200).shows("Nothing runs.").shows("Cut").shows("Kitchen");
    let start = async |body: serde_json::Value| {
        mia.post(&format!("{NOW}/0/start"), &[("body", &body.to_string())]).await.is(303)
    };
    let started = start(json!({ "task": firm.task })).await;
    assert_eq!(started.to(), NOW);
    mia.follow(&started).await.is(200).shows("Started.").shows("Stop").shows("I forgot to stop").hides("Nothing runs.");
    let _ = start(json!({ "project": firm.project })).await;
    let entries = firm.mia.get(ENTRIES).await.is(200);
    assert_eq!(entries.data().iter().filter(|entry| entry["ended_at"].is_null()).count(), 1, "{}", entries.text);
    let stopped = mia.post(&format!("{NOW}/0/stop"), &[]).await.is(303);
    mia.follow(&stopped).await.is(200).shows("Stopped.").shows("Nothing runs.");
    let again = mia.post(&format!("{NOW}/0/stop"), &[]).await.is(409);
    again.shows("No timer of yours runs.").shows("Cut");
    let _ = mia.post(&format!("{NOW}/0/start"), &[("body", "{")]).await.is(422);
    let _ = mia.post(&format!("{NOW}/0/dance"), &[]).await.is(404);
    let _ = mia.post(&format!("{NOW}/7/stop"), &[]).await.is(404);
}

async fn a_week_is_typed_into_and_what_is_wrong_is_told_at_its_cell(database: Database) {
    let firm = firm(&database).await;
    let mia = firm.opens(&firm.mia_email).await;
    let week = ("week", "2026-11-16");
    let page = format!("{WEEK}?week=2026-11-16");
    mia.get(&page).await.is(200).shows("16 – 22 Nov 2026").shows("Cut, Kitchen");
    let save = format!("{WEEK}/0/save");
    let row = firm.row();
    let typed = [week, ("nkey", row.as_str()), ("nd0", "7:30"), ("nd1", "7-11:30"), ("nd2", "90m")];
    let saved = mia.post(&save, &typed).await.is(303);
    assert_eq!(saved.to(), page);
    mia.follow(&saved).await.is(200).shows("Saved.").shows("13:30").shows("4:30");

    let was = "27000 16200 5400 0 0 0 0";
    let wrong =
        [week, ("k0", row.as_str()), ("w0", was), ("r0d0", "eight"), ("r0d1", "4"), ("r0d2", "2"), ("r0d3", "8")];
    let refused = mia.post(&save, &wrong).await.is(422);
    refused.shows("“eight” is not a time.").shows("4:30 of it has a start and an end");
    assert_eq!(
        (refused.value("r0d0"), refused.value("r0d3")),
        ("eight".to_owned(), "8".to_owned()),
        "what was typed is kept"
    );
    mia.get(&page).await.is(200).shows("13:30");
    let better =
        [week, ("k0", row.as_str()), ("w0", was), ("r0d0", ""), ("r0d1", "4:30"), ("r0d2", "1:30"), ("r0d3", "8")];
    let _ = mia.post(&save, &better).await.is(303);
    mia.get(&page).await.is(200).shows("14:00");
    assert_eq!(firm.sheet("2026-11-16").await["total"], 14 * 3600);
}

async fn a_week_is_copied_and_submitted_once_it_is_said_to_be_true(database: Database) {
    let firm = firm(&database).await;
    let mia = firm.opens(&firm.mia_email).await;
    let _ = firm.hours("2026-11-09", 8).await.is(201);
    let week = ("week", "2026-11-16");
    let copied = mia.post(&format!("{WEEK}/0/copy"), &[week]).await.is(303);
    mia.follow(&copied).await.is(200).shows("Copied last week.").shows("8:00");
    let submit = format!("{WEEK}/0/submit");
    let row = firm.row();
    let unsaid = [week, ("k0", row.as_str()), ("w0", "28800 0 0 0 0 0 0"), ("r0d0", "8:00"), ("r0d1", "7")];
    mia.post(&submit, &unsaid).await.is(422).shows("Confirm that this is complete and true.");
    let said = [week, ("attested", "yes")];
    let submitted = mia.post(&submit, &said).await.is(303);
    mia.follow(&submitted).await.is(200).shows("Submitted.").hides("Submit week").shows("15:00");
    let late = [week, ("k0", row.as_str()), ("w0", "28800 25200 0 0 0 0 0"), ("r0d2", "7")];
    mia.post(&format!("{WEEK}/0/save"), &late).await.is(423).shows("submitted");
}

async fn a_team_is_approved_at_once_and_one_is_returned_with_a_reason(database: Database) {
    let firm = firm(&database).await;
    let _ = firm.hours("2026-11-16", 8).await.is(201);
    let submit = json!({ "week": "2026-11-16", "attested": true });
    let sheet = firm.mia.post("timesheets/week/submit", submit.clone()).await.is(200).id();
    let (ben, mia) = (firm.opens(&firm.ben_email).await, firm.opens(&firm.mia_email).await);
    let _ = mia.get(TEAM).await.is(403);
    let _ = mia.post(&format!("{TEAM}/0/approve"), &[("id", &sheet)]).await.is(403);
    let page = format!("{TEAM}?week=2026-11-16");
    ben.get(&page).await.is(200).shows("Mia").shows("8:00").shows("1 of 1 wait for you").shows("Nothing yet of");
    let week = ("week", "2026-11-16");
    ben.post(&format!("{TEAM}/0/approve"), &[week]).await.is(422).shows("Tick what is to be approved.");
    let back = [week, ("id", sheet.as_str()), ("reason", "Tuesday is missing.")];
    let returned = ben.post(&format!("{TEAM}/0/give_back"), &back).await.is(303);
    ben.follow(&returned).await.is(200).shows("Returned: Tuesday is missing.");
    mia.get(&format!("{WEEK}?week=2026-11-16")).await.is(200).shows("Tuesday is missing.");
    let _ = firm.mia.post("timesheets/week/submit", submit).await.is(200);
    let approved = ben.post(&format!("{TEAM}/0/approve"), &[week, ("id", sheet.as_str())]).await.is(303);
    assert_eq!(approved.to(), page);
    ben.follow(&approved).await.is(200).shows("Approved 1.");
    assert_eq!(firm.org.get(&format!("{SHEETS}/{sheet}")).await.is(200).json["status"], "approved");
}

async fn signed_in(firm: &Firm, email: &str) -> Option<Browser> {
    let browser = Browser::open().await?;
    browser.sign_in(&firm.server.root, email, &firm.org.password).await;
    Some(browser)
}

async fn a_worker_on_a_phone_records_a_day_and_submits_a_week(database: Database) {
    let firm = firm(&database).await;
    let defects = json!({ "title": "Defects from walk-through", "project": firm.project, "assignees": [firm.mia_id] });
    firm.org.make("projects/tasks", defects).await;
    let Some(browser) = signed_in(&firm, &firm.mia_email).await else { return };
    let root = &firm.server.root;
    browser.resize(390, 844).await;
    browser.goto(&format!("{root}{NOW}")).await;
    browser.pictures("timer-idle").await;
    browser.resize(390, 844).await;
    let target = "return Math.min(...[...document.querySelectorAll('.start, .btn-site')].filter(e => e.offsetHeight).map(e => e.offsetHeight))";
    let least = async || browser.client.execute(target, Vec::new()).await.unwrap().as_u64().unwrap();
    assert!(least().await >= 56);
    browser.press(".starts .start").await;
    assert!(browser.text(".now .task").await.contains("Cut"));
    browser.press(".starts .start").await;
    assert!(browser.text(".now .task").await.contains("Defects"), "it was changed to");
    browser.find(".forgot summary").await.click().await.unwrap();
    assert!(least().await >= 56);
    browser.pictures("timer-running").await;
    browser.resize(390, 844).await;
    // The key that starts and stops.
    let before = browser.find("html").await;
    browser.client.execute("document.querySelector('[data-key=t]').click()", Vec::new()).await.unwrap();
    while before.tag_name().await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(browser.text("main").await.contains("Nothing runs."));

    browser.goto(&format!("{root}{WEEK}?week=2026-11-16")).await;
    browser.resize(1280, 900).await;
    browser.find("select[name=nkey] option:nth-child(2)").await.click().await.unwrap();
    browser.fill("input[name=nd0]", "7:30").await;
    browser.fill("input[name=nd1]", "7-15:30").await;
    assert_eq!(browser.text("[data-total]").await, "16:00", "totals follow what is typed");
    browser.press("#week .submit .btn:not(.btn-primary)").await;
    let _ = firm.hours("2026-11-18", 6).await.is(201);
    browser.goto(&format!("{root}{WEEK}?week=2026-11-16")).await;
    browser.pictures("week").await;
    browser.resize(390, 844).await;
    browser.press(".day-strip a:nth-child(4)").await;
    browser.fill("input[name=r0d3]", "5").await;
    browser.press("#week .submit .btn:not(.btn-primary)").await;
    assert!(browser.path().await.ends_with("day=2026-11-19"), "still on that day");
    assert!(browser.text(".day-strip [aria-current]").await.contains("5:00"));
    browser.picture("week-day-390").await;
    browser.find("input[name=attested]").await.click().await.unwrap();
    browser.press("#week .btn-primary").await;
    assert!(browser.text("main").await.contains("Submitted"));
    browser.pictures("week-submitted").await;
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

async fn a_supervisor_approves_a_week_for_the_whole_team(database: Database) {
    let firm = firm(&database).await;
    let submit = json!({ "week": "2026-11-16", "attested": true });
    // Gus is of no crew, so that nothing of him is there.
    let mut members = vec![firm.mia_id.clone(), firm.ben_id.clone()];
    for name in ["Zoe", "Tom", "Ana", "Kim", "Gus"] {
        let (id, _, worker) = firm.server.member(&firm.org, name, lignaflow_testkit::Role::Member).await;
        if name != "Gus" {
            members.push(id.to_string());
            let crew = format!("timesheets/crews/{}", firm.crew);
            let _ = firm.org.patch(&crew, "*", json!({ "members": members })).await.is(200);
        }
        for (day, hours) in [("2026-11-16", 8), ("2026-11-17", 7), ("2026-11-19", 9)] {
            let body =
                json!({ "project": firm.project, "user": id.to_string(), "local_date": day, "duration": hours * 3600 });
            let _ = firm.org.post(ENTRIES, body).await.is(201);
        }
        if name != "Kim" {
            let _ = worker.post("timesheets/week/submit", submit.clone()).await.is(200);
        }
    }
    let Some(browser) = signed_in(&firm, &firm.ben_email).await else { return };
    let root = &firm.server.root;
    browser.goto(&format!("{root}{TEAM}?week=2026-11-16")).await;
    let page = browser.text("main").await;
    assert!(page.contains("3 of 4 wait for you") && page.contains("Zoe") && !page.contains("Gus"), "{page}");
    browser.pictures("team").await;
    browser.resize(390, 844).await;
    browser.find(".review-return summary").await.click().await.unwrap();
    browser.fill(".review-return[open] input[name=reason]", "Wednesday is missing.").await;
    browser.press(".review-return[open] button").await;
    assert!(browser.text("main").await.contains("Wednesday is missing."));
    browser.press(".review-acts .btn-primary").await;
    browser.pictures("team-approved").await;
    let approved = firm.org.get(&format!("{SHEETS}?filter[status]=approved&count=true")).await.is(200);
    assert_eq!(approved.json["count"], 2);
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

async fn a_crew_runs_and_corrections_have_forms(database: Database) {
    let firm = firm(&database).await;
    let owner = firm.server.signed_in(&firm.org).await;
    let crew = "/timesheets/-/crew";
    owner.get(crew).await.is(200).shows("The same time for many").shows("Mia").shows("Cut");
    let typed =
        [("people", firm.mia_id.as_str()), ("task", firm.task.as_str()), ("day", "16/11/2026"), ("time", "soon")];
    let wrong = owner.post(&format!("{crew}/0/send"), &typed).await.is(422);
    wrong.shows("error-time").shows("value=\"soon\"");
    let nobody = owner.post(&format!("{crew}/0/send"), &[("day", "never"), ("time", "8")]).await.is(422);
    nobody.shows("error-day");
    let typed = [("people", firm.mia_id.as_str()), ("task", firm.task.as_str()), ("day", "16/11/2026"), ("time", "8")];
    let entered = owner.post(&format!("{crew}/0/send"), &typed).await.is(303);
    owner.follow(&entered).await.is(200).shows("Entered.");
    let entry = firm.mia.get(ENTRIES).await.is(200).data()[0].clone();
    assert_eq!((&entry["duration"], &entry["local_date"]), (&json!(28_800), &json!("2026-11-16")));
    let mia = firm.opens(&firm.mia_email).await;
    let _ = mia.get(crew).await.is(403);
    let _ = mia.post(&format!("{crew}/0/send"), &typed).await.is(403);
    // Who worked it disputes it on its page, and says when it is settled.
    let id = entry["id"].as_str().unwrap();
    let dispute = format!("/timesheets/-/dispute/{id}");
    let _ = mia.post(&format!("{dispute}/form/1"), &[("reason", "I left at three.")]).await.is(303);
    mia.get(&dispute).await.is(200).shows("I left at three.");
    let _ = mia.post(&format!("{dispute}/form/1"), &[("reason", "")]).await.is(303);
    mia.get(&dispute).await.is(200).hides("I left at three.");

    // The week is submitted and returned in forms that ask for what they need.
    let sheet = entry["sheet"].as_str().unwrap();
    let to = |verb: &str| format!("/{SHEETS}/{sheet}/to/{verb}");
    mia.get(&format!("/{SHEETS}/{sheet}")).await.is(200).shows(&format!("href=\"{}\"", to("submit")));
    mia.get(&to("submit")).await.is(200).shows("Complete and true");
    mia.post(&to("submit"), &[]).await.is(422).shows("Confirm that this is complete and true.");
    let _ = mia.post(&to("submit"), &[("attested", "true")]).await.is(303);
    owner.post(&to("return"), &[("reason", "")]).await.is(422).shows("Say why it is returned.");
    let _ = owner.post(&to("return"), &[("reason", "Tuesday?")]).await.is(303);
    let _ = mia.post(&to("submit"), &[("attested", "true")]).await.is(303);
    let _ = owner.post(&to("approve"), &[]).await.is(303);

    // A run is made in a form, leads to itself, and is cancelled with a reason; what is out is corrected.
    let pay = "/timesheets/-/pay";
    let made = owner.post(&format!("{pay}/0/send"), &[("until", "22/11/2026")]).await.is(303);
    assert!(made.to().starts_with("/timesheets/pay-runs/"), "{}", made.to());
    owner.follow(&made).await.is(200).shows("PAY-0001");
    owner.post(&format!("{pay}/0/send"), &[("until", "22/11/2026")]).await.is(409).shows("There is no approved time");
    let correct = format!("/timesheets/-/correct/{id}");
    owner.get(&correct).await.is(200).shows("PAY-0001");
    let _ = mia.post(&format!("{correct}/form/1"), &[("time", "6")]).await.is(422);
    let corrected = mia.post(&format!("{correct}/form/1"), &[("time", "6"), ("reason", "Left at two")]).await.is(303);
    mia.follow(&corrected).await.is(200).shows("Takes back 8:00");
    let run = made.to().rsplit('/').next().unwrap();
    let cancel = format!("/timesheets/-/cancel-pay/{run}");
    owner.get(&cancel).await.is(200).shows("What is in it").shows("Mia");
    let _ = owner.post(&format!("{cancel}/form/0"), &[("reason", "")]).await.is(422);
    let _ = owner.post(&format!("{cancel}/form/0"), &[("reason", "Wrong week")]).await.is(303);
    owner.get(&cancel).await.is(200).hides("Cancel this run");
    let _ = mia.get(&cancel).await.is(403);
}
