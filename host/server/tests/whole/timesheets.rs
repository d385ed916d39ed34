//! The plugin `timesheets` on the real host, with writers made to meet between plan and commit.

use lignaflow_testkit::plugins::shipped;
use lignaflow_testkit::{Answer, Client, Database, Method, Org, Race, Role, Server, Setup, on_both};
use serde_json::{Value as Json, json};

on_both!(
    a_timer_started_twice_at_once_runs_once,
    time_does_not_overlap_what_is_entered_at_the_same_moment,
    time_that_comes_while_its_week_is_submitted_is_in_it_or_refused,
    two_first_entries_of_a_week_make_one_sheet,
    a_rate_is_frozen_by_who_may_not_see_it,
    what_is_approved_is_paid_and_billed_once_also_when_two_runs_are_made_at_once,
    a_week_is_paid_by_bands_over_runs_and_corrections_and_each_second_once,
    what_is_billed_in_part_and_cancelled_by_either_side_is_billed_once,
    nobody_approves_their_own_while_somebody_else_could,
    each_sees_and_writes_what_is_theirs,
);

pub(crate) const ENTRIES: &str = "timesheets/entries";
pub(crate) const SHEETS: &str = "timesheets/sheets";

/// A firm with a project that Mia works on, and a crew of Mia and Ben that Ben leads.
#[derive(Debug)]
pub(crate) struct Firm {
    pub(crate) server: Server,
    pub(crate) org: Org,
    pub(crate) race: Race,
    pub(crate) mia: Client,
    pub(crate) mia_id: String,
    pub(crate) mia_email: String,
    pub(crate) ben: Client,
    pub(crate) ben_id: String,
    pub(crate) ben_email: String,
    pub(crate) crew: String,
    pub(crate) project: String,
    pub(crate) task: String,
}

pub(crate) async fn firm(database: &Database) -> Firm {
    firm_with(database, &["projects", "timesheets"]).await
}

/// The same firm with other plugins beside these two.
pub(crate) async fn firm_with(database: &Database, plugins: &[&str]) -> Firm {
    let race = Race::default();
    let plugins = plugins.iter().map(|name| shipped(name)).collect();
    let server = database.serve_with(Setup { race: Some(race.clone()), plugins, ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    let (mia_id, mia_email, mia) = server.member(&org, "Mia", Role::Member).await;
    let (ben_id, ben_email, ben) = server.member(&org, "Ben", Role::Member).await;
    let (mia_id, ben_id) = (mia_id.to_string(), ben_id.to_string());
    let supervisor = json!({ "roles": ["timesheets.supervisor", "projects.supervisor"] });
    let put = org.request(Method::PUT, &format!("people/{ben_id}/roles")).json(&supervisor);
    let _ = org.send(put).await.is(204);
    let crew = json!({ "name": "Site", "leaders": [ben_id], "members": [mia_id, ben_id] });
    let crew = org.make("timesheets/crews", crew).await;
    let project = org.make("projects/projects", json!({ "name": "Kitchen", "members": [mia_id, ben_id] })).await;
    let task = json!({ "title": "Cut", "project": project, "assignees": [mia_id] });
    let task = org.make("projects/tasks", task).await;
    Firm { server, org, race, mia, mia_id, mia_email, ben, ben_id, ben_email, crew, project, task }
}

impl Firm {
    /// Mia's time, of so many hours on a day.
    pub(crate) async fn hours(&self, day: &str, hours: i64) -> Answer {
        let body = json!({ "project": self.project, "local_date": day, "duration": hours * 3600 });
        self.mia.post(ENTRIES, body).await
    }

    /// Her sheet of the week that a day lies in.
    pub(crate) async fn sheet(&self, week: &str) -> Json {
        let path = format!("{SHEETS}?filter[user]={}&filter[week]={week}", self.mia_id);
        let found = self.org.get(&path).await.is(200);
        assert_eq!(found.data().len(), 1, "{}", found.text);
        found.data()[0].clone()
    }
}

fn running(answer: &Answer) -> usize {
    answer.data().iter().filter(|entry| entry["ended_at"].is_null()).count()
}

async fn a_timer_started_twice_at_once_runs_once(database: Database) {
    let firm = firm(&database).await;
    // First nothing runs, and there is no sheet of the week yet: neither finds anything of the other's.
    for round in 1..=2 {
        // A task that runs already is not started twice, so each round has its own.
        let one = firm.org.make("projects/tasks", json!({ "title": "Cut", "project": firm.project })).await;
        let other = firm.org.make("projects/tasks", json!({ "title": "Glue", "project": firm.project })).await;
        firm.race.meet(2);
        let (left, right) = tokio::join!(
            firm.mia.post("timesheets/timer/start", json!({ "task": one })),
            firm.mia.post("timesheets/timer/start", json!({ "task": other }))
        );
        firm.race.end();
        let (left, right) = (left.is(201), right.is(201));
        let stopped = [&left, &right].map(|answer| answer.json["stopped"]["id"].clone());
        assert_ne!(stopped[0], stopped[1], "they do not stop the same timer: round {round}");
        let entries = firm.mia.get(ENTRIES).await.is(200);
        assert_eq!((entries.data().len(), running(&entries)), (round * 2, 1), "{}", entries.text);
    }
    let shifts = firm.mia.get("timesheets/shifts").await.is(200);
    assert_eq!(shifts.data().len(), 1, "she is on site once");

    let _ = firm.mia.post("timesheets/timer/stop", json!({})).await.is(200);
    let _ = firm.mia.post("timesheets/timer/stop", json!({})).await.is_problem(409, "conflict");
    let shifts = firm.mia.get("timesheets/shifts").await.is(200);
    assert!(!shifts.data()[0]["ended_at"].is_null(), "the last stop is when she left");
}

async fn time_does_not_overlap_what_is_entered_at_the_same_moment(database: Database) {
    let firm = firm(&database).await;
    let time = |from: &str, until: &str| {
        let at = |clock: &str| format!("2026-11-20T{clock}:00+11:00");
        json!({ "project": firm.project, "started_at": at(from), "ended_at": at(until) })
    };
    firm.race.meet(2);
    let (left, right) =
        tokio::join!(firm.mia.post(ENTRIES, time("07:00", "09:00")), firm.mia.post(ENTRIES, time("08:00", "10:00")));
    firm.race.end();
    let mut statuses = [left.status, right.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{} {}", left.text, right.text);
    // What touches is no overlap, and neither is the time of somebody else.
    let _ = firm.mia.post(ENTRIES, time("10:00", "12:00")).await.is(201);
    let _ = firm.ben.post(ENTRIES, time("07:00", "12:00")).await.is(201);
    let operations = [json!({ "create": time("13:00", "15:00") }), json!({ "create": time("14:00", "16:00") })];
    let batch = firm.mia.post(&format!("{ENTRIES}/batch"), json!({ "operations": operations })).await;
    assert_eq!(batch.is_problem(409, "conflict").issues(), [("/operations/1/create/started_at", "overlap")]);
}

async fn time_that_comes_while_its_week_is_submitted_is_in_it_or_refused(database: Database) {
    let firm = firm(&database).await;
    let _ = firm.hours("2026-11-16", 8).await.is(201);
    let sheet = firm.sheet("2026-11-16").await;
    assert_eq!((&sheet["status"], &sheet["total"]), (&json!("open"), &json!(28_800)));
    let submit = format!("{SHEETS}/{}/submit", sheet["id"].as_str().unwrap());
    let attested = json!({ "attested": true });

    // The entry is committed while the submission waits: it is among what she says is true.
    let held = firm.race.hold();
    let (submitted, added) =
        tokio::join!(firm.mia.post(&submit, attested.clone()), held.meanwhile(firm.hours("2026-11-17", 7)));
    let _ = added.is(201);
    assert_eq!(submitted.is(200).json["total"], 54_000);

    let _ = firm.mia.act(&submit.replace("/submit", "/recall")).await.is(200);
    // The other way round it comes too late.
    let held = firm.race.hold();
    let (added, submitted) =
        tokio::join!(firm.hours("2026-11-18", 6), held.meanwhile(firm.mia.post(&submit, attested.clone())));
    let _ = submitted.is(200);
    let _ = added.is_problem(423, "locked");
    assert_eq!(firm.sheet("2026-11-16").await["total"], 54_000);
    // Edits and what is archived are refused like what is new.
    let entries = firm.mia.get(ENTRIES).await.is(200);
    let entry = format!("{ENTRIES}/{}", entries.data()[0]["id"].as_str().unwrap());
    let _ = firm.mia.patch(&entry, "*", json!({ "note": "x" })).await.is_problem(423, "locked");
    let _ = firm.mia.delete(&entry, "*").await.is_problem(423, "locked");
}

async fn two_first_entries_of_a_week_make_one_sheet(database: Database) {
    let firm = firm(&database).await;
    firm.race.meet(2);
    let (left, right) = tokio::join!(firm.hours("2026-11-16", 3), firm.hours("2026-11-17", 4));
    firm.race.end();
    let (left, right) = (left.is(201), right.is(201));
    assert_eq!(left.json["sheet"], right.json["sheet"]);
    assert_eq!(firm.sheet("2026-11-16").await["total"], 7 * 3600);
    let team = firm.ben.get("timesheets/team?week=2026-11-18").await.is(200);
    assert_eq!((&team.json["rows"][0]["title"], &team.json["rows"][0]["total"]), (&json!("Mia"), &json!(25_200)));
}

fn aud(minor: i64) -> Json {
    json!({ "minor": minor, "currency": "AUD" })
}

impl Firm {
    /// Mia's week with eight hours on its Monday, submitted.
    async fn submitted(&self, week: &str) -> String {
        let _ = self.hours(week, 8).await.is(201);
        let body = json!({ "week": week, "attested": true });
        self.mia.post("timesheets/week/submit", body).await.is(200).id()
    }

    async fn approved(&self, week: &str) -> String {
        let sheet = self.submitted(week).await;
        let approved = self.ben.post("timesheets/team/approve", json!({ "ids": [sheet] })).await.is(200);
        assert_eq!(approved.json, json!({ "approved": 1 }));
        sheet
    }
}

async fn a_rate_is_frozen_by_who_may_not_see_it(database: Database) {
    let firm = firm(&database).await;
    let (project, task, mia) = (&firm.project, &firm.task, &firm.mia_id);
    let client = firm.org.make("projects/clients", json!({ "name": "Marrickville Dental" })).await;
    let of = format!("projects/projects/{project}");
    let _ = firm.org.patch(&of, "*", json!({ "client": client })).await.is(200);
    let travel = firm.org.make("timesheets/activities", json!({ "name": "Travel" })).await;
    // From the farthest scope to the nearest: each that is added is the one that counts from then on.
    let scopes = [
        ("organization", json!({})),
        ("user", json!({ "user": mia })),
        ("client", json!({ "client": client })),
        ("project", json!({ "project": project })),
        ("project-activity", json!({ "project": project, "activity": travel })),
        ("project-user", json!({ "project": project, "user": mia })),
        ("task", json!({ "task": task })),
        ("entry", Json::Null),
    ];
    let mut week = 16;
    for (at, (scope, of)) in (1_i64..).zip(scopes) {
        if let Json::Object(of) = of {
            let mut rate = json!({ "sell": aud(at * 1_000), "cost": aud(at * 100), "effective_from": "2026-01-01" });
            rate.as_object_mut().unwrap().extend(of);
            firm.org.make("timesheets/rates", rate).await;
        }
        let day = format!("2026-11-{week}");
        let body = json!({ "project": project, "task": task, "activity": travel, "local_date": day, "duration": 7200 });
        let entry = format!("{ENTRIES}/{}", firm.mia.post(ENTRIES, body).await.is(201).id());
        if scope == "entry" {
            let _ = firm.org.patch(&entry, "*", json!({ "own_rate": aud(8_000) })).await.is(200);
        }
        let submitted = firm.mia.post("timesheets/week/submit", json!({ "week": day, "attested": true })).await.is(200);
        let ids = json!({ "ids": [submitted.id()] });
        let _ = firm.ben.post("timesheets/team/approve", ids).await.is(200);
        let owners = firm.org.get(&entry).await.is(200);
        assert_eq!((&owners.json["sell_rate"], &owners.json["sell_source"]), (&aud(at * 1_000), &json!(scope)));
        assert_eq!(owners.json["amount"], aud(at * 2_000));
        for reader in [&firm.ben, &firm.mia] {
            let seen = reader.get(&entry).await.is(200);
            let told = ["sell_rate", "cost_rate", "amount", "cost", "own_rate"];
            assert!(told.iter().all(|field| seen.json.get(*field).is_none()), "{}", seen.text);
        }
        // The next in another week.
        week = if week == 16 { 23 } else { week };
        let _ = firm
            .org
            .send(
                firm.org
                    .request(Method::POST, &format!("{SHEETS}/{}/return", submitted.id()))
                    .json(&json!({ "reason": "next" })),
            )
            .await
            .is(200);
        let _ = firm.org.delete(&entry, "*").await.is(200);
    }
    assert!(firm.ben.get("timesheets/rates").await.is(200).data().is_empty());
}

async fn what_is_approved_is_paid_and_billed_once_also_when_two_runs_are_made_at_once(database: Database) {
    let firm = firm(&database).await;
    let rate = json!({ "sell": { "minor": 9_000, "currency": "AUD" }, "effective_from": "2026-01-01" });
    firm.org.make("timesheets/rates", rate).await;
    let sheet = firm.approved("2026-11-16").await;
    for run in ["pay", "billing"] {
        let path = format!("timesheets/runs/{run}");
        let make = || firm.org.post(&path, json!({ "until": "2026-11-22" }));
        firm.race.meet(2);
        let (left, right) = tokio::join!(make(), make());
        firm.race.end();
        let mut statuses = [left.status, right.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", left.text, right.text);
    }
    let runs = firm.org.get("timesheets/pay-runs").await.is(200);
    assert_eq!(runs.column("number"), ["PAY-0001"]);
    // What it pays is written by the run, and offered to nobody to add by hand.
    let page = format!("/timesheets/pay-runs/{}", runs.column("id")[0]);
    let visitor = firm.server.signed_in(&firm.org).await;
    visitor.get(&page).await.is(200).shows("Time entries").hides("new?pay_run=");
    assert_eq!(firm.org.get(&format!("{SHEETS}/{sheet}")).await.is(200).json["status"], "exported");
    // What was billed is claimed of the client, once, and goes out to whoever keeps the books.
    let billed = firm.org.get("timesheets/billing-runs").await.is(200).data()[0].clone();
    let claims = firm.org.get("projects/claims").await.is(200);
    assert_eq!((claims.data().len(), &claims.data()[0]["amount"]), (1, &billed["amount"]), "{}", claims.text);
    let invoices = firm.org.get("projects/sales-invoices").await.is(200);
    assert!(invoices.text.contains("Time up to 22 Nov 2026"), "{}", invoices.text);
    let run = billed["id"].as_str().unwrap();
    let file = firm.org.get(&format!("timesheets/runs/billing/{run}/file")).await.is(200);
    assert!(file.header("content-type").starts_with("text/csv") && file.text.contains("BILL-0001"), "{}", file.text);
    // It is locked for who worked it, and corrected by another entry.
    let entry = firm.mia.get(ENTRIES).await.is(200).data()[0]["id"].as_str().unwrap().to_owned();
    let _ = firm.mia.patch(&format!("{ENTRIES}/{entry}"), "*", json!({ "note": "x" })).await.is_problem(423, "locked");
    let correct = |time: &str| json!({ "reason": "Left at three", "time": time });
    let path = format!("timesheets/entries/{entry}/correct");
    let (left, right) = tokio::join!(firm.mia.post(&path, correct("6")), firm.mia.post(&path, correct("7")));
    let mut statuses = [left.status, right.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{} {}", left.text, right.text);
    // Cancelled, nothing is claimed any more.
    let cancel = format!("timesheets/runs/billing/{run}/cancel");
    let _ = firm.org.post(&cancel, json!({ "reason": "Wrong rate" })).await.is(200);
    assert_eq!(firm.org.get("projects/claims").await.is(200).column("status"), ["cancelled"]);
}

/// What a run pays by band: day, ordinary time, overtime, and whether it is late.
async fn paid(firm: &Firm, run: &str) -> Vec<(String, i64, i64, bool)> {
    let bands = firm.org.get(&format!("timesheets/bands?filter[run]={run}&sort=local_date")).await.is(200);
    let of = |row: &Json| {
        let seconds = |name: &str| row[name].as_i64().unwrap();
        let day = row["local_date"].as_str().unwrap().to_owned();
        (day, seconds("ordinary"), seconds("overtime"), row["late"] == true)
    };
    bands.data().iter().map(of).collect()
}

async fn a_week_is_paid_by_bands_over_runs_and_corrections_and_each_second_once(database: Database) {
    const HOUR: i64 = 3_600;
    let firm = firm(&database).await;
    let rule = json!({ "effective_from": "2026-01-01", "overtime_by": "week", "overtime_week": 18 * HOUR });
    let _ = firm.org.make("timesheets/pay-rules", rule).await;
    let wednesday = firm.hours("2026-11-18", 12).await.is(201).id();
    firm.approved("2026-11-16").await;
    let pay = async |until: &str| firm.org.post("timesheets/runs/pay", json!({ "until": until })).await.is(201).json;
    let id = |run: &Json| run["id"].as_str().unwrap().to_owned();
    let first = pay("2026-11-17").await;
    assert_eq!(paid(&firm, &id(&first)).await, [("2026-11-16".to_owned(), 8 * HOUR, 0, false)]);
    let second = pay("2026-11-22").await;
    assert_eq!(paid(&firm, &id(&second)).await, [("2026-11-18".to_owned(), 10 * HOUR, 2 * HOUR, false)]);
    let told = firm.org.get(&format!("timesheets/pay-runs/{}", id(&second))).await.is(200).json;
    assert_eq!((&told["ordinary"], &told["overtime"]), (&json!(10 * HOUR), &json!(2 * HOUR)), "{told}");
    // It was five hours less: what was overtime of the week is none.
    let path = format!("timesheets/entries/{wednesday}/correct");
    let back = firm.mia.post(&path, json!({ "reason": "Left at noon", "time": "7" })).await.is(201).json;
    let today = back["local_date"].as_str().unwrap();
    let submit = json!({ "week": today, "attested": true });
    let sheet = firm.mia.post("timesheets/week/submit", submit).await.is(200).id();
    let _ = firm.ben.post("timesheets/team/approve", json!({ "ids": [sheet] })).await.is(200);
    let third = pay(today).await;
    assert_eq!(paid(&firm, &id(&third)).await, [("2026-11-18".to_owned(), -3 * HOUR, -2 * HOUR, true)]);
    let file = firm.org.get(&format!("timesheets/runs/pay/{}/file", id(&third))).await.is(200);
    assert!(
        file.text.contains(",Ordinary hours,-3.0000,h,") && file.text.contains(",Overtime,-2.0000,h,"),
        "{}",
        file.text
    );
    // Cancelled, the first run pays nothing, and the next what is left of the week.
    let cancel = format!("timesheets/runs/pay/{}/cancel", id(&first));
    let _ = firm.org.post(&cancel, json!({ "reason": "Wrong bank" })).await.is(200);
    let fourth = pay("2026-11-22").await;
    assert_eq!(paid(&firm, &id(&fourth)).await, [("2026-11-16".to_owned(), 8 * HOUR, 0, true)]);
    let whole = "timesheets/bands/summary?filter[run.status]=made&sum=ordinary";
    let whole = firm.org.get(whole).await.is(200);
    assert!(whole.text.contains(&(15 * HOUR).to_string()), "{}", whole.text);
    // She sees what her own time is paid as, and Ben, who supervises, does not.
    assert_eq!(firm.mia.get("timesheets/bands").await.is(200).data().len(), 4);
    assert_eq!(firm.ben.get("timesheets/bands").await.is(200).data().len(), 0);
}

async fn what_is_billed_in_part_and_cancelled_by_either_side_is_billed_once(database: Database) {
    let firm = firm(&database).await;
    let rate = json!({ "sell": aud(9_000), "effective_from": "2026-01-01" });
    firm.org.make("timesheets/rates", rate).await;
    let porch = firm.org.make("projects/projects", json!({ "name": "Porch", "members": [firm.mia_id] })).await;
    let body = json!({ "project": porch, "local_date": "2026-11-17", "duration": 7_200 });
    let _ = firm.mia.post(ENTRIES, body).await.is(201);
    firm.approved("2026-11-16").await;
    let bill = async |body: Json| firm.org.post("timesheets/runs/billing", body).await.is(201).id();
    let open = "projects/claims?filter[status]=open&sort=amount";
    let unbilled = format!("{ENTRIES}?filter[billing_run][is_null]=true");
    // One project alone; its claim is cancelled where claims are kept, which lets its time go.
    let first = bill(json!({ "until": "2026-11-22", "project": porch })).await;
    let claim = firm.org.get(open).await.is(200).column("id").remove(0);
    let _ = firm.org.act(&format!("projects/claims/{claim}/cancel")).await.is(200);
    let run = format!("timesheets/billing-runs?filter[id]={first}");
    let _ = crate::jobs::until(&firm.org, &run, |runs| runs[0]["status"] == "cancelled").await;
    assert_eq!(firm.org.get(&unbilled).await.is(200).data().len(), 2);
    // All of it, taken back as a run, and billed again in two parts at once.
    let second = bill(json!({ "until": "2026-11-22" })).await;
    assert_eq!(firm.org.get(open).await.is(200).data().len(), 2);
    let cancel = format!("timesheets/runs/billing/{second}/cancel");
    let _ = firm.org.post(&cancel, json!({ "reason": "Wrong rate" })).await.is(200);
    assert_eq!(firm.org.get(open).await.is(200).data().len(), 0);
    let part =
        |project: &str| firm.org.post("timesheets/runs/billing", json!({ "until": "2026-11-22", "project": project }));
    firm.race.meet(2);
    let (left, right) = tokio::join!(part(&firm.project), part(&porch));
    firm.race.end();
    let _ = (left.is(201), right.is(201));
    assert_eq!(firm.org.get(&unbilled).await.is(200).data().len(), 0);
    let claims = firm.org.get(open).await.is(200);
    let amounts: Vec<_> = claims.data().iter().map(|claim| claim["amount"].clone()).collect();
    assert_eq!(amounts, [aud(18_000), aud(72_000)]);
    let none = firm.org.post("timesheets/runs/billing", json!({ "until": "2026-12-31" })).await;
    let _ = none.is_problem(409, "conflict");
}

async fn nobody_approves_their_own_while_somebody_else_could(database: Database) {
    let firm = firm(&database).await;
    let body = json!({ "project": firm.project, "local_date": "2026-11-16", "duration": 3600 });
    let _ = firm.ben.post(ENTRIES, body).await.is(201);
    let submit = json!({ "week": "2026-11-16", "attested": true });
    let sheet = firm.ben.post("timesheets/week/submit", submit).await.is(200).id();
    let refused = firm.ben.post("timesheets/team/approve", json!({ "ids": [sheet] })).await.is_problem(403, "denied");
    assert!(refused.text.contains("Somebody else approves your own timesheet."), "{}", refused.text);
    let verb = format!("{SHEETS}/{sheet}/approve");
    let _ = firm.ben.act(&verb).await.is_problem(403, "denied");
    let _ = firm.mia.act(&verb).await.is_problem(404, "not-found");
    let _ = firm.org.act(&verb).await.is(200);
}

async fn each_sees_and_writes_what_is_theirs(database: Database) {
    let firm = firm(&database).await;
    let (.., zoe) = firm.server.member(&firm.org, "Zoe", Role::Member).await;
    let entry = firm.hours("2026-11-16", 8).await.is(201).id();
    let path = format!("{ENTRIES}/{entry}");
    let _ = zoe.get(&path).await.is_problem(404, "not-found");
    assert!(zoe.get(ENTRIES).await.is(200).data().is_empty());
    assert!(zoe.get(SHEETS).await.is(200).data().is_empty());
    let _ = zoe.patch(&path, "*", json!({ "note": "x" })).await.is_problem(404, "not-found");
    let hers = json!({ "project": firm.project, "user": firm.mia_id, "local_date": "2026-11-17", "duration": 3600 });
    let _ = zoe.post(ENTRIES, hers.clone()).await;
    assert_eq!(firm.mia.get(ENTRIES).await.is(200).data().len(), 1, "nobody enters time for her who may not");
    let _ = firm.ben.post(ENTRIES, hers).await.is(201);
    for verb in ["timesheets/team", "timesheets/runs/pay/0190aaaa-0000-7000-8000-000000000000/file"] {
        let _ = zoe.get(verb).await.is_problem(403, "denied");
    }
    // The sheet is made by what is entered, and by nothing else.
    let own = json!({ "week": "2026-11-16" });
    let _ = zoe.post(SHEETS, own).await;
    assert!(zoe.get(SHEETS).await.is(200).data().is_empty());
    let other = firm.server.organization("Elm").await;
    let _ = other.get(&path).await.is_problem(404, "not-found");
}
