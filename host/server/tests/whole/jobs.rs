//! What plugins do without a caller: jobs in slices, tried again, paused, cancelled, gone on with after a host that died;
//! times that come again; and what plugins are told of, in order and once in effect.

use crate::durability::furnished;
use crate::scene::PROJECTS;
use lignaflow_core::clock::Clock as _;
use lignaflow_core::mutation::Origin;
use lignaflow_core::value::instant_text;
use lignaflow_core::{Id, RequestId};
use lignaflow_records::background::Tried;
use lignaflow_store::jobs::Busy;
use lignaflow_testkit::plugins::{self, hostile, shipped};
use lignaflow_testkit::program::Program;
use lignaflow_testkit::{Client, Database, HeldClock, On, Org, Race, Role, Server, Setup, on, on_both};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::time::Duration;

on_both!(
    a_job_is_done_slice_by_slice_each_once,
    what_is_refused_leaves_no_job,
    a_job_under_a_key_waits_once_and_one_that_is_being_done_is_done_once_more,
    what_fails_is_tried_later_and_later_until_it_has_failed,
    a_plugin_that_is_off_pauses_its_jobs,
    a_job_of_a_host_that_died_is_gone_on_with_by_another,
    of_a_job_that_is_cancelled_nothing_under_way_is_kept,
    a_scheduled_job_comes_at_its_time_with_no_caller,
    times_that_were_missed_are_made_up_for_once,
    a_plugin_is_told_of_changes_in_their_order,
    a_plugin_is_not_told_of_its_own_answers,
    what_fails_stands_in_the_way_until_it_is_resumed_by_hand,
    another_organization_neither_sees_jobs_nor_is_told,
    what_one_plugin_has_done_leaves_a_place_to_the_others,
    only_administrators_see_jobs,
    what_is_asked_of_jobs_is_read_strictly,
    jobs_are_seen_and_acted_upon_in_their_page,
);

pub(crate) const TICKS: &str = "clockwork/ticks";
/// Wednesday, 18 November 2026, 22:06:40 in Sydney.
const NOW: i64 = 1_795_000_000_000_000;
/// The Friday after it, 16:00 in Sydney.
const FRIDAY: &str = "2026-11-20T05:00:00Z";
const DAY: i64 = 86_400;
/// Whoever waits longer waits in vain.
const PATIENCE: Duration = Duration::from_mins(1);

/// The plugin with what it needs.
pub(crate) fn clockwork() -> Vec<Vec<u8>> {
    vec![shipped("projects"), hostile("other"), hostile("clockwork")]
}

struct Site {
    server: Server,
    org: Org,
    clock: HeldClock,
    race: Race,
}

async fn serve(database: &Database, clock: &HeldClock, race: &Race) -> Server {
    let setup = Setup {
        clock: std::sync::Arc::new(clock.clone()),
        race: Some(race.clone()),
        plugins: clockwork(),
        ..Setup::default()
    };
    database.serve_with(setup).await
}

async fn site(database: &Database) -> Site {
    let (clock, race) = (HeldClock::at(NOW), Race::default());
    let server = serve(database, &clock, &race).await;
    let org = server.organization("Halloran & Beck").await;
    Site { server, org, clock, race }
}

/// What a list holds once it is so.
pub(crate) async fn until(api: &Client, path: &str, is_so: impl Fn(&[Json]) -> bool) -> Vec<Json> {
    let waited = async {
        loop {
            let found = api.get(path).await.is(200).data().to_vec();
            if is_so(&found) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    if let Ok(found) = tokio::time::timeout(PATIENCE, waited).await {
        return found;
    }
    panic!("{path} is never so: {}", api.get(path).await.text)
}

fn all_are(state: &str) -> impl Fn(&[Json]) -> bool {
    move |jobs| !jobs.is_empty() && jobs.iter().all(|job| job["state"] == state)
}

async fn numbers(api: &Client, title: &str) -> Vec<i64> {
    let page = api.get(&format!("{TICKS}?filter[title]={title}&sort=number&limit=200")).await.is(200);
    page.data().iter().map(|row| row["number"].as_i64().unwrap()).collect()
}

async fn a_job_is_done_slice_by_slice_each_once(database: Database) {
    let Site { server: _server, org, .. } = site(&database).await;
    let _ = org.post("clockwork/count", json!({ "upto": 25 })).await.is(204);
    let done = until(&org, "jobs", all_are("done")).await;
    assert_eq!((done.len(), &done[0]["slices"], &done[0]["name"]), (1, &json!(3), &json!("count")));
    assert_eq!(done[0]["payload"]["upto"], 25);
    assert_eq!(numbers(&org, "tick").await, (0..25).collect::<Vec<_>>());

    let tick = org.get(TICKS).await.is(200).data()[0]["id"].as_str().unwrap().to_owned();
    let history = org.get(&format!("{TICKS}/{tick}/history")).await.is(200);
    let made = &history.data()[0];
    assert_eq!(
        (&made["by"]["kind"], &made["by"]["id"], &made["origin"]),
        (&json!("plugin"), &json!("clockwork"), &json!("job"))
    );
    assert_eq!(made["through"]["plugin"], "clockwork");
}

async fn what_is_refused_leaves_no_job(database: Database) {
    let Site { server: _server, org, .. } = site(&database).await;
    let _ = org.post("clockwork/count", json!({ "upto": 5, "refused": true })).await.is_problem(409, "conflict");
    assert!(org.get("jobs").await.is(200).data().is_empty());
}

async fn a_job_under_a_key_waits_once_and_one_that_is_being_done_is_done_once_more(database: Database) {
    let Site { server: _server, org, clock, race } = site(&database).await;
    let ask = |upto: u32, delay: u32| json!({ "upto": upto, "key": "oak", "delay": delay });
    for upto in 1..=3 {
        let _ = org.post("clockwork/count", ask(upto, 60)).await.is(204);
    }
    let waiting = org.get("jobs").await.is(200);
    assert_eq!(waiting.column("state"), ["waiting"], "one of three");
    assert_eq!(waiting.data()[0]["payload"]["upto"], 1, "the first that was asked for");

    let held = race.hold_own(Origin::Job);
    clock.advance_seconds(61);
    held.meanwhile(async {
        let running = org.get("jobs?state=running").await.is(200);
        assert_eq!(running.column("deduplicate"), ["oak"]);
        let _ = org.post("clockwork/count", ask(2, 0)).await.is(204);
        let _ = org.post("clockwork/count", ask(3, 0)).await.is(204);
    })
    .await;
    let done = until(&org, "jobs", all_are("done")).await;
    assert_eq!((done.len(), &done[0]["slices"]), (1, &json!(2)), "once, and once more for all that came meanwhile");
    assert_eq!(numbers(&org, "oak").await, [0, 0, 1, 2], "with what was asked for last");
}

async fn what_fails_is_tried_later_and_later_until_it_has_failed(database: Database) {
    let Site { server, org, clock, .. } = site(&database).await;
    let _ = org.act("clockwork/break").await.is(204);
    let tried = until(&org, "jobs", |jobs| jobs[0]["attempts"] == 1 && jobs[0]["state"] == "waiting").await;
    assert_eq!(tried[0]["error"], "It broke at try 1.");
    assert!(tried[0]["run_after"].as_str().unwrap() > "2026-11-18T11:06:40Z", "not at once: {tried:?}");
    clock.advance_seconds(DAY);
    until(&org, "jobs", |jobs| jobs[0]["attempts"] == 2 && jobs[0]["state"] == "waiting").await;
    clock.advance_seconds(DAY);
    let failed = until(&org, "jobs", all_are("failed")).await;
    assert_eq!((&failed[0]["attempts"], &failed[0]["error"]), (&json!(3), &json!("It broke at try 3.")));
    let job = failed[0]["id"].as_str().unwrap();
    let _ = org.act(&format!("jobs/{job}/cancel")).await.is_problem(409, "conflict");

    org.make(TICKS, json!({ "title": "mended" })).await;
    let again = org.act(&format!("jobs/{job}/retry")).await.is(200);
    assert_eq!(again.json["attempts"], 0);
    until(&org, "jobs", all_are("done")).await;
    assert_eq!(org.get(&format!("{TICKS}?filter[title]=whole")).await.is(200).data().len(), 1);
    let _ = org.act(&format!("jobs/{job}/retry")).await.is_problem(409, "conflict");
    let metrics = server.client(None).get("/metrics").await.is(200);
    assert!(metrics.text.contains("lignaflow_job_slices_total"), "{}", metrics.text);
}

async fn a_plugin_that_is_off_pauses_its_jobs(database: Database) {
    let Site { server, org, clock, .. } = site(&database).await;
    let _ = org.post("clockwork/count", json!({ "upto": 5, "delay": 60 })).await.is(204);
    let _ = org.act("plugins/clockwork/disable").await.is(204);
    clock.advance_seconds(61);
    let now = clock.now();
    let claimed = server.app.store.claim_job(Id::fresh(), now, now + 1, &Busy::default()).await.unwrap();
    assert_eq!(claimed, None, "nobody may do it now");
    assert_eq!(org.get("jobs").await.is(200).column("state"), ["waiting"]);
    let _ = org.act("plugins/clockwork/enable").await.is(204);
    until(&org, "jobs", all_are("done")).await;
    assert_eq!(numbers(&org, "tick").await.len(), 5);
}

async fn a_job_of_a_host_that_died_is_gone_on_with_by_another(database: Database) {
    let Site { server, org, clock, .. } = site(&database).await;
    let _ = org.post("clockwork/count", json!({ "upto": 5, "delay": 60 })).await.is(204);
    // A host takes it over as soon as it is due, and is not heard of any more.
    let (dead, due) = (Id::fresh(), clock.now() + 61_000_000);
    let job =
        server.app.store.claim_job(dead, due, due + 30_000_000, &Busy::default()).await.unwrap().expect("the job");
    clock.advance_seconds(61);
    assert_eq!(org.get("jobs").await.is(200).column("state"), ["running"]);
    clock.advance_seconds(31);
    until(&org, "jobs", all_are("done")).await;
    assert_eq!(numbers(&org, "tick").await, [0, 1, 2, 3, 4]);

    // It was not dead, only slow: what it comes with is refused.
    let plugin = "clockwork".parse().unwrap();
    let caller = server.app.identity.of_plugin(org.id, &plugin, RequestId(Id::fresh())).await.unwrap().unwrap();
    assert_eq!(server.app.records.run_job(&caller, &job, dead).await.unwrap(), Tried::Overtaken);
    assert_eq!(numbers(&org, "tick").await, [0, 1, 2, 3, 4], "nothing twice");
}

async fn of_a_job_that_is_cancelled_nothing_under_way_is_kept(database: Database) {
    let Site { server: _server, org, clock, race } = site(&database).await;
    let _ = org.post("clockwork/count", json!({ "upto": 5, "delay": 60 })).await.is(204);
    let job = org.get("jobs").await.is(200).data()[0]["id"].as_str().unwrap().to_owned();
    let held = race.hold_own(Origin::Job);
    clock.advance_seconds(61);
    held.meanwhile(async {
        let cancelled = org.act(&format!("jobs/{job}/cancel")).await.is(200);
        assert_eq!(cancelled.json["state"], "cancelled");
    })
    .await;
    // Another job after it shows that the worker has gone on.
    let _ = org.post("clockwork/count", json!({ "upto": 1, "key": "after" })).await.is(204);
    until(&org, "jobs?state=done", all_are("done")).await;
    assert!(numbers(&org, "tick").await.is_empty());
    assert_eq!(org.get(&format!("jobs/{job}")).await.is(200).json["state"], "cancelled");
    let _ = org.act(&format!("jobs/{job}/retry")).await.is(200);
    until(&org, "jobs", all_are("done")).await;
    assert_eq!(numbers(&org, "tick").await.len(), 5);
}

async fn reminders(api: &Client, count: usize) -> Vec<String> {
    let found =
        until(api, &format!("{TICKS}?filter[title][starts_with]=remind&sort=title"), |all| all.len() >= count).await;
    found.iter().map(|tick| tick["title"].as_str().unwrap().to_owned()).collect()
}

async fn a_scheduled_job_comes_at_its_time_with_no_caller(database: Database) {
    let Site { server: _server, org, clock, .. } = site(&database).await;
    let times = until(&org, "jobs/schedules", |all| all.len() == 1).await;
    let time = &times[0];
    assert_eq!((&time["name"], &time["time_zone"]), (&json!("remind"), &json!("Australia/Sydney")));
    assert_eq!((&time["next_at"], &time["last_at"]), (&json!(FRIDAY), &Json::Null));
    clock.advance_seconds(2 * DAY);
    assert_eq!(reminders(&org, 1).await, [format!("remind {FRIDAY}")]);
    let times = until(&org, "jobs/schedules", |all| !all[0]["last_at"].is_null()).await;
    assert_eq!(times[0]["next_at"], "2026-11-27T05:00:00Z");
    clock.advance_seconds(7 * DAY);
    assert_eq!(reminders(&org, 2).await.len(), 2, "once a week");

    let _ = org.act("plugins/clockwork/disable").await.is(204);
    until(&org, "jobs/schedules", <[Json]>::is_empty).await;
}

async fn times_that_were_missed_are_made_up_for_once(database: Database) {
    let Site { server, org, clock, race } = site(&database).await;
    until(&org, "jobs/schedules", |all| all.len() == 1).await;
    let token = org.token.clone();
    server.stop().await;
    clock.advance_seconds(30 * DAY);
    let server = serve(&database, &clock, &race).await;
    let api = server.client(Some(&token));
    assert_eq!(reminders(&api, 1).await, [format!("remind {FRIDAY}")]);
    let times = until(&api, "jobs/schedules", |all| !all[0]["last_at"].is_null()).await;
    assert_eq!(times[0]["next_at"], "2026-12-25T05:00:00Z");
    assert_eq!(api.get("jobs").await.is(200).data().len(), 1, "one for four Fridays");
}

async fn a_plugin_is_told_of_changes_in_their_order(database: Database) {
    let Site { server: _server, org, .. } = site(&database).await;
    let mut made = Vec::new();
    for name in ["Kitchen", "Stairs", "Shed"] {
        made.push(org.make(PROJECTS, json!({ "name": name })).await);
    }
    for verb in ["activate", "complete", "close"] {
        let _ = org.act(&format!("{PROJECTS}/{}/{verb}", made[1])).await.is(200);
    }
    let seen = until(&org, "clockwork/seen?sort=sequence", |all| all.len() >= 4).await;
    let told: Vec<_> =
        seen.iter().map(|row| (row["kind"].as_str().unwrap(), row["record"].as_str().unwrap())).collect();
    let expected = [("insert", &made[0]), ("insert", &made[1]), ("insert", &made[2]), ("close", &made[1])];
    assert_eq!(told, expected.map(|(kind, id)| (kind, id.as_str())));
    assert_eq!((&seen[0]["title"], &seen[0]["after"]), (&json!("projects/projects"), &json!("Kitchen")));
    assert_eq!((&seen[3]["before"], &seen[3]["after"]), (&json!("completed"), &json!("closed")));
    let sighting = seen[0]["id"].as_str().unwrap();
    let history = org.get(&format!("clockwork/seen/{sighting}/history")).await.is(200);
    assert_eq!(
        (&history.data()[0]["by"]["id"], &history.data()[0]["origin"]),
        (&json!("clockwork"), &json!("subscriber"))
    );
    let told = until(&org, "jobs/subscribers", |all| all.len() == 1).await;
    assert_eq!((&told[0]["plugin"], &told[0]["state"]), (&json!("clockwork"), &json!("active")));
}

async fn a_plugin_is_not_told_of_its_own_answers(database: Database) {
    let Site { server: _server, org, .. } = site(&database).await;
    org.make("clockwork/echoes", json!({ "title": "call", "number": 7 })).await;
    until(&org, "clockwork/echoes", |all| all.len() == 2).await;
    // What comes after it in the log is told, so everything before it was.
    org.make(PROJECTS, json!({ "name": "Kitchen" })).await;
    until(&org, "clockwork/seen", |all| all.len() == 1).await;
    let echoes = org.get("clockwork/echoes?sort=number").await.is(200);
    assert_eq!(echoes.column("number"), ["7", "8"], "and none of the echo");
}

async fn what_fails_stands_in_the_way_until_it_is_resumed_by_hand(database: Database) {
    let Site { server: _server, org, clock, .. } = site(&database).await;
    org.make("clockwork/echoes", json!({ "title": "call", "number": -1 })).await;
    org.make(PROJECTS, json!({ "name": "Kitchen" })).await;
    let failing = until(&org, "jobs/subscribers", |all| all.len() == 1 && all[0]["state"] == "failing").await;
    assert_eq!((&failing[0]["failures"], &failing[0]["error"]), (&json!(1), &json!("It does not echo -1.")));
    let _ = org.act("jobs/subscribers/clockwork/resume").await.is_problem(409, "conflict");
    for failures in 2..=8 {
        clock.advance_seconds(DAY);
        // The try has come to its end once it is noted at this very instant.
        let now = instant_text(clock.now());
        until(&org, "jobs/subscribers", |all| all[0]["failures"] == failures && all[0]["changed_at"] == now).await;
    }
    let parked = until(&org, "jobs/subscribers", |all| all[0]["state"] == "parked").await;
    assert!(!parked[0]["parked_at"].is_null());
    assert!(org.get("clockwork/seen").await.is(200).data().is_empty(), "what comes after it waits");

    org.make(TICKS, json!({ "title": "mended" })).await;
    let resumed = org.act("jobs/subscribers/clockwork/resume").await.is(200);
    assert_eq!((&resumed.json["state"], &resumed.json["error"]), (&json!("active"), &Json::Null));
    until(&org, "clockwork/seen", |all| all.len() == 1).await;
    assert_eq!(org.get("clockwork/echoes?sort=number").await.is(200).column("number"), ["-1", "0"]);
}

async fn another_organization_neither_sees_jobs_nor_is_told(database: Database) {
    let Site { server, org, .. } = site(&database).await;
    let other = server.organization("Other").await;
    let _ = org.post("clockwork/count", json!({ "upto": 1 })).await.is(204);
    org.make(PROJECTS, json!({ "name": "Kitchen" })).await;
    let job = until(&org, "jobs", all_are("done")).await[0]["id"].as_str().unwrap().to_owned();
    until(&org, "clockwork/seen", |all| all.len() == 1).await;
    for (path, act) in [("", false), ("/retry", true), ("/cancel", true)] {
        let path = format!("jobs/{job}{path}");
        let answer = if act { other.act(&path).await } else { other.get(&path).await };
        let _ = answer.is_problem(404, "not-found");
    }
    assert!(other.get("jobs").await.is(200).data().is_empty());
    // Its own project is told to it, and nothing else.
    let own = other.make(PROJECTS, json!({ "name": "Own" })).await;
    let seen = until(&other, "clockwork/seen", |all| !all.is_empty()).await;
    assert_eq!(seen.iter().map(|row| row["record"].as_str().unwrap()).collect::<Vec<_>>(), [own.as_str()]);
    assert!(other.get(TICKS).await.is(200).data().is_empty());
}

async fn only_administrators_see_jobs(database: Database) {
    let Site { server, org, .. } = site(&database).await;
    let (.., member) = server.member(&org, "Mia", Role::Member).await;
    for path in ["jobs", "jobs/schedules", "jobs/subscribers"] {
        let _ = member.get(path).await.is_problem(403, "denied");
    }
    let _ = member.act("jobs/subscribers/clockwork/resume").await.is_problem(403, "denied");
    // Whoever may write can have jobs done by routes all the same.
    let _ = member.post("clockwork/count", json!({ "upto": 1 })).await.is(204);
    until(&org, "jobs", all_are("done")).await;
}

async fn what_is_asked_of_jobs_is_read_strictly(database: Database) {
    let Site { server: _server, org, .. } = site(&database).await;
    for number in 0..3 {
        let _ = org.post("clockwork/count", json!({ "upto": 1, "delay": 60, "key": number.to_string() })).await.is(204);
    }
    let first = org.get("jobs?plugin=clockwork&state=waiting&limit=2").await.is(200);
    assert_eq!(first.data().len(), 2);
    let rest = org.get(first.json["next"].as_str().unwrap()).await.is(200);
    assert_eq!((rest.data().len(), &rest.json["next"]), (1, &Json::Null));
    let all: BTreeSet<_> = first.column("id").into_iter().chain(rest.column("id")).collect();
    assert_eq!(all.len(), 3);
    assert!(org.get("jobs?state=failed").await.is(200).data().is_empty());
    assert!(org.get("jobs?plugin=projects").await.is(200).data().is_empty());
    let wrong = org.get("jobs?state=lost&limit=0&after=x&colour=red&plugin=%20").await.is_problem(422, "invalid");
    let paths: Vec<_> = wrong.issues().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["/state", "/limit", "/after", "/colour", "/plugin"]);
    let _ = org.get("jobs/nothing").await.is_problem(404, "not-found");
    let _ = org.act("jobs/subscribers/nothing/resume").await.is_problem(404, "not-found");
}

async fn jobs_are_seen_and_acted_upon_in_their_page(database: Database) {
    let Site { server, org, clock, .. } = site(&database).await;
    let visitor = server.signed_in(&org).await;
    visitor.get("/admin/jobs").await.is(200).shows("No job waits");
    let _ = org.post("clockwork/count", json!({ "upto": 1, "delay": 60 })).await.is(204);
    let job = org.get("jobs").await.is(200).data()[0]["id"].as_str().unwrap().to_owned();
    until(&org, "jobs/schedules", |all| all.len() == 1).await;
    let page = visitor.get("/admin/jobs").await.is(200);
    page.shows("Count");
    page.shows("Waiting");
    page.shows("0 16 * * 5");
    let _ = visitor.post(&format!("/admin/jobs/{job}/cancel"), &[]).await.is(303);
    visitor.get("/admin/jobs").await.is(200).shows("Cancelled");
    let _ = visitor.post(&format!("/admin/jobs/{job}/retry"), &[]).await.is(303);
    until(&org, "jobs", all_are("done")).await;
    visitor.get("/admin/jobs?state=done").await.is(200).shows("Done");
    drop(clock);
}

async fn what_one_plugin_has_done_leaves_a_place_to_the_others(database: Database) {
    let plugins = [clockwork(), vec![hostile("greedy")]].concat();
    let config = |config: &mut lignaflow_server::config::Config| config.jobs.at_once = 2;
    let server = database.serve_with(Setup { plugins, config, ..Setup::default() }).await;
    let orgs = [server.organization("Halloran").await, server.organization("Beck").await];
    for _ in 0..2 {
        for org in &orgs {
            let _ = org.post("greedy/later", json!("wall 3000")).await.is(204);
        }
    }
    let _ = orgs[0].post("clockwork/count", json!({ "upto": 5 })).await.is(204);
    until(&orgs[0], "jobs?plugin=clockwork", all_are("done")).await;
    let mut left = 0;
    for org in &orgs {
        let jobs = org.get("jobs?plugin=greedy").await.is(200);
        left += jobs.column("state").iter().filter(|state| **state != "done").count();
    }
    assert!(left > 0, "the others waited for all of them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hosts_share_the_work_and_do_nothing_twice() {
    on(On::Postgres, |database: Database| async move {
        let setup = || Setup { plugins: clockwork(), ..Setup::default() };
        let (one, other) = (database.serve_with(setup()).await, database.serve_with(setup()).await);
        let org = one.organization("Halloran").await;
        for job in 0..12 {
            let key = format!("key {job}");
            let _ = org.post("clockwork/count", json!({ "upto": 20, "slice": 5, "key": key })).await.is(204);
        }
        until(&org, "jobs", |jobs| jobs.len() == 12 && all_are("done")(jobs)).await;
        let counted = org.get(&format!("{TICKS}?count=true&limit=1")).await.is(200);
        assert_eq!(counted.json["count"], 12 * 20);
        for job in 0..12 {
            assert_eq!(numbers(&org, &format!("key%20{job}")).await, (0..20).collect::<Vec<_>>());
        }
        drop((one, other));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_of_a_job_loses_nothing_and_doubles_nothing() {
    const UPTO: u32 = 1_000;
    let folder = tempfile::tempdir().unwrap();
    let (program, token) = furnished(Program::new(env!("CARGO_BIN_EXE_lignaflow"), folder.path())).await;
    for id in ["other", "clockwork"] {
        let file = plugins::path(&format!("hostile/{id}"));
        let _ = program.run(&["plugin", "install", file.to_str().unwrap()]).await.done();
        let _ = program.run(&["plugin", "enable", id, "--organization", "Halloran"]).await.done();
    }
    let count = async |api: &Client| {
        let page = api.get(&format!("{TICKS}?count=true&limit=1")).await.is(200);
        page.json["count"].as_u64().unwrap()
    };
    let mut server = program.serve().await;
    let api = server.client(Some(&token));
    let _ = api.post("clockwork/count", json!({ "upto": UPTO, "slice": 5 })).await.is(204);
    while count(&api).await < 50 {
        tokio::task::yield_now().await;
    }
    server.kill().await;

    let server = program.serve().await;
    let api = server.client(Some(&token));
    let done = until(&api, "jobs", all_are("done")).await;
    assert_eq!(done[0]["slices"], UPTO / 5);
    assert_eq!(count(&api).await, u64::from(UPTO));
    let mut found = BTreeSet::new();
    let mut next = Some(format!("/api/v1/{TICKS}?limit=200&sort=id"));
    while let Some(address) = next {
        let page = api.get(&address).await.is(200);
        found.extend(page.column("number"));
        next = page.json["next"].as_str().map(str::to_owned);
    }
    assert_eq!(found.len(), usize::try_from(UPTO).unwrap(), "each number once");
}
