//! Kept lists and reports on people's first pages and in their mail: what each reader is shown and sent is what they may
//! see at that moment, once, and nothing any more once the view is not theirs.

use crate::timesheets::ENTRIES;
use lignaflow_store::mail::Kept;
use lignaflow_testkit::plugins::shipped;
use lignaflow_testkit::{
    Answer, Client, Database, HeldClock, Letter, Method, On, Org, Role, Server, Setup, on, on_both,
};
use serde_json::{Value as Json, json};
use std::sync::Arc;

on_both!(
    a_kept_report_stands_on_first_pages_and_is_mailed_with_what_its_reader_may_see,
    a_kept_list_is_followed_from_its_page_and_its_file_has_the_rows_of_the_list,
    what_is_withdrawn_is_neither_shown_nor_mailed,
    a_figure_that_comes_to_something_is_mailed_once_each_time,
);

/// Wednesday, 18 November 2026, 22:06:40 in Sydney.
const EVENING: i64 = 1_795_000_000_000_000;
const DAY: i64 = 86_400;

/// A firm whose owner has five hours of last week and three of this one, and Mia two of each.
struct Followed {
    server: Server,
    clock: HeldClock,
    org: Org,
    mia: Client,
    mia_id: String,
    mia_email: String,
}

async fn followed(database: &Database) -> Followed {
    let clock = HeldClock::at(EVENING);
    let plugins = ["projects", "timesheets"].map(shipped).into();
    let server = database.serve_with(Setup { clock: Arc::new(clock.clone()), plugins, ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    let (mia_id, mia_email, mia) = server.member(&org, "Mia", Role::Member).await;
    let mia_id = mia_id.to_string();
    let project = org.make("projects/projects", json!({ "name": "Kitchen", "members": [mia_id] })).await;
    for (who, day, hours) in [(&*org, "2026-11-11", 5), (&*org, "2026-11-16", 3), (&mia, "2026-11-11", 2)] {
        let body = json!({ "project": project, "local_date": day, "duration": hours * 3_600 });
        let _ = who.post(ENTRIES, body).await.is(201);
    }
    let body = json!({ "project": project, "local_date": "2026-11-16", "duration": 7_200 });
    let _ = mia.post(ENTRIES, body).await.is(201);
    Followed { server, clock, org, mia, mia_id, mia_email }
}

async fn keep(client: &Client, name: &str, query: &str) -> String {
    let view = json!({ "collection": ENTRIES, "name": name, "query": query, "shared": true });
    client.post("views", view).await.is(201).id()
}

pub(crate) async fn put(client: &Client, view: &str, body: Json) -> Answer {
    client.send(client.request(Method::PUT, &format!("views/{view}/uses")).json(&body)).await
}

/// The letters to somebody that views came in, once nothing is due any more.
pub(crate) async fn letters(server: &Server, to: &str) -> Vec<Kept> {
    let due = async || server.app.store.due_view_uses(server.app.clock.now(), 1).await.unwrap();
    while !due().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let _ = server.mailbox().await;
    let all = lignaflow_store::mail::all(server.app.store.database(), 1_000).await.unwrap();
    all.into_iter().filter(|kept| kept.message.kind == "report" && kept.message.to.address == to).collect()
}

/// The last of them as it is read. There are others, such as those of a morning.
pub(crate) async fn last(server: &Server, to: &str) -> Letter {
    let mut all = server.mailbox().await.into_iter();
    all.rfind(|letter| letter.kind == "report" && letter.to == to).unwrap()
}

/// The rows of the file that came with a letter, below their heads.
async fn attached(client: &Client, letter: &Kept) -> (Vec<String>, Vec<Vec<String>>) {
    let file = letter.message.attachments[0];
    let file = client.get(&format!("media/{file}/content")).await.is(200);
    let text = file.text.trim_start_matches('\u{feff}').as_bytes();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    let mut rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>());
    (rows.next().unwrap(), rows.collect())
}

fn column<'a>((heads, rows): &'a (Vec<String>, Vec<Vec<String>>), head: &str) -> Vec<&'a str> {
    let at = heads.iter().position(|it| it == head).unwrap_or_else(|| panic!("no {head} in {heads:?}"));
    rows.iter().map(|row| row[at].as_str()).collect()
}

async fn a_kept_report_stands_on_first_pages_and_is_mailed_with_what_its_reader_may_see(database: Database) {
    let Followed { server, clock, org, mia, mia_id, mia_email } = followed(&database).await;
    let view = keep(&org, "Hours", "group=user&sum=duration&filter[local_date]=last-week").await;

    // On the owner's first page, with that week alone, and on nobody else's.
    assert_eq!(put(&org, &view, json!({ "home": true })).await.is(200).json["home"], true);
    let visitor = server.signed_in(&org).await;
    let page = visitor.get("/").await.is(200);
    page.shows(">5:00</a>").shows(">2:00</a>").shows(">7:00</a>").hides(">8:00</a>").shows(&format!("view={view}"));
    let hers = server.visitor();
    hers.sign_in(&mia_email, lignaflow_testkit::PASSWORD).await;
    hers.get("/").await.is(200).hides(&format!("view={view}"));

    let wrong = put(&org, &view, json!({ "mailed": "hourly", "form": "pdf" })).await.is_problem(422, "invalid");
    assert_eq!(wrong.issues(), [("/mailed", "choice"), ("/form", "choice")]);
    let theirs = json!({ "home": true, "person": org.owner.to_string() });
    let _ = put(&mia, &view, theirs).await.is_problem(403, "denied");
    let nobody = json!({ "home": true, "person": lignaflow_testkit::fresh_id() });
    assert_eq!(put(&org, &view, nobody).await.is_problem(422, "invalid").issues(), [("/person", "unknown-person")]);
    let wish = json!({ "mailed": "weekly", "form": "csv", "person": mia_id });
    let set = put(&org, &view, wish).await.is(200);
    assert_eq!(set.json["next_at"], "2026-11-22T20:00:00Z", "Monday at seven in Sydney");
    let path = format!("views/{view}/uses");
    assert_eq!(org.get(&path).await.is(200).data().len(), 2);
    assert_eq!(mia.get(&path).await.is(200).data().len(), 1, "of the others she is told nothing");
    assert!(letters(&server, &mia_email).await.is_empty());

    clock.advance_seconds(5 * DAY);
    let came = letters(&server, &mia_email).await;
    assert_eq!(came.len(), 1, "once");
    let letter = last(&server, &mia_email).await;
    assert_eq!(letter.path("/timesheets"), format!("/{ENTRIES}/report?view={view}"));
    let table = attached(&mia, &came[0]).await;
    // It is Monday now: last week is the one of the 16th, and her own time is all that she sees.
    assert_eq!(column(&table, "user"), ["Mia"]);
    assert_eq!(column(&table, "sum_duration"), ["7200"]);
    let audit = org.get("audit?kind=records.exported").await.is(200);
    assert!(audit.data().iter().any(|line| line["detail"]["by"] == "mail"), "{}", audit.text);
}

async fn a_kept_list_is_followed_from_its_page_and_its_file_has_the_rows_of_the_list(database: Database) {
    let Followed { server, clock, org, .. } = followed(&database).await;
    let view = keep(&org, "Long days", "filter[duration][gte]=10800&sort=local_date&fields=user,duration").await;
    let visitor = server.signed_in(&org).await;
    visitor.get(&format!("/{ENTRIES}?view={view}")).await.is(200).shows("Mailed at 7 in the morning");
    let fields = [("home", "true"), ("mailed", "daily"), ("form", "csv")];
    let page = visitor.post(&format!("/{ENTRIES}/views/{view}/use"), &fields).await.is(303);
    visitor.follow(&page).await.is(200).shows("<option value=\"daily\" selected>").shows("Followed");
    visitor.get("/").await.is(200).shows("Long days").shows(">5:00<").hides(">2:00<");

    clock.advance_seconds(DAY);
    let came = letters(&server, &org.email).await;
    assert_eq!(came.len(), 1);
    let table = attached(&org, &came[0]).await;
    assert_eq!(column(&table, "duration"), ["18000", "10800"]);
    assert_eq!(table.0[0], "label", "what records are called by stands first: {:?}", table.0);
    // As a link it has no file; every morning there is one.
    let fields = [("mailed", "daily"), ("form", "link")];
    let _ = visitor.post(&format!("/{ENTRIES}/views/{view}/use"), &fields).await.is(303);
    visitor.get("/").await.is(200).hides("Long days");
    clock.advance_seconds(DAY);
    let came = letters(&server, &org.email).await;
    assert_eq!(came.iter().map(|letter| letter.message.attachments.len()).collect::<Vec<_>>(), [1, 0]);
}

async fn what_is_withdrawn_is_neither_shown_nor_mailed(database: Database) {
    let Followed { server, clock, org, mia, mia_id, mia_email } = followed(&database).await;
    let [shared, gone] = [keep(&org, "Shared", "sum=duration").await, keep(&org, "Gone", "sum=duration").await];
    for view in [&shared, &gone] {
        for person in [&mia_id, &org.owner.to_string()] {
            let wish = json!({ "home": true, "mailed": "daily", "person": person });
            let _ = put(&org, view, wish).await.is(200);
        }
    }
    clock.advance_seconds(DAY);
    assert_eq!(letters(&server, &mia_email).await.len(), 2);

    // No longer shared it stays its owner's alone; taken away it is nobody's.
    let _ = org.patch(&format!("views/{shared}"), "*", json!({ "shared": false })).await.is(200);
    let _ = org.delete(&format!("views/{gone}"), "*").await.is(204);
    assert_eq!(org.get(&format!("views/{shared}/uses")).await.is(200).column("person"), [org.owner.to_string()]);
    let _ = mia.get(&format!("views/{shared}/uses")).await.is(404);
    clock.advance_seconds(DAY);
    assert_eq!(letters(&server, &mia_email).await.len(), 2);
    assert_eq!(letters(&server, &org.email).await.len(), 3);

    // What is off is not mailed meanwhile, and comes back with it.
    let _ = org.act("plugins/timesheets/disable").await.is(204);
    clock.advance_seconds(DAY);
    assert_eq!(letters(&server, &org.email).await.len(), 3);
    let _ = org.act("plugins/timesheets/enable").await.is(204);
    clock.advance_seconds(DAY);
    assert_eq!(letters(&server, &org.email).await.len(), 4);

    // Who has left is sent nothing.
    let again = keep(&org, "Again", "sum=duration").await;
    let _ = put(&org, &again, json!({ "mailed": "daily", "person": mia_id })).await.is(200);
    let _ = org.patch(&format!("people/{mia_id}"), "*", json!({ "active": false })).await.is(204);
    clock.advance_seconds(DAY);
    assert_eq!(letters(&server, &mia_email).await.len(), 2);
    assert!(org.get(&format!("views/{again}/uses")).await.is(200).data().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hosts_mail_a_view_once() {
    on(On::Postgres, |database: Database| async move {
        let Followed { server, clock, org, .. } = followed(&database).await;
        let plugins = ["projects", "timesheets"].map(shipped).into();
        let other = database.serve_with(Setup { clock: Arc::new(clock.clone()), plugins, ..Setup::default() }).await;
        for name in ["One", "Two", "Three"] {
            let view = keep(&org, name, "sum=duration").await;
            let _ = put(&org, &view, json!({ "mailed": "daily" })).await.is(200);
        }
        for day in 1..=3 {
            clock.advance_seconds(DAY);
            assert_eq!(letters(&server, &org.email).await.len(), 3 * day);
            assert_eq!(letters(&other, &org.email).await.len(), 3 * day);
        }
    })
    .await;
}

async fn a_figure_that_comes_to_something_is_mailed_once_each_time(database: Database) {
    let Followed { server, clock, org, .. } = followed(&database).await;
    let view = keep(&org, "Hours", "group=user&sum=duration").await;
    let wrong = put(&org, &view, json!({ "home": true, "alert": { "above": 1 } })).await.is_problem(422, "invalid");
    assert_eq!(wrong.issues(), [("/alert", "report")]);
    let wrong = put(&org, &view, json!({ "mailed": "daily", "alert": {} })).await.is_problem(422, "invalid");
    assert_eq!(wrong.issues(), [("/alert", "choice")]);
    // Twelve hours are there; more than thirteen is worth a letter. On its page it is typed in hours.
    let visitor = server.signed_in(&org).await;
    let path = format!("/{ENTRIES}/views/{view}/use");
    let fields = [("mailed", "daily"), ("form", "link"), ("than", "above"), ("figure", "13.5")];
    let page = visitor.post(&path, &fields).await.is(303);
    visitor.follow(&page).await.is(200).shows("value=\"13.5\"").shows("in hours");
    let uses = org.get(&format!("views/{view}/uses")).await.is(200);
    assert_eq!(uses.data()[0]["alert"], json!({ "above": 48_600 }));
    clock.advance_seconds(DAY);
    assert!(letters(&server, &org.email).await.is_empty());

    let project = org.get("projects/projects").await.is(200).column("id").remove(0);
    let more = json!({ "project": project, "local_date": "2026-11-17", "duration": 7_200 });
    let more = org.make(ENTRIES, more).await;
    clock.advance_seconds(DAY);
    assert_eq!(letters(&server, &org.email).await.len(), 1);
    let told = last(&server, &org.email).await.text;
    assert!(told.contains("it is 14:00 now"), "{told}");
    clock.advance_seconds(DAY);
    assert_eq!(letters(&server, &org.email).await.len(), 1, "told once");
    let _ = org.delete(&format!("{ENTRIES}/{more}"), "*").await.is(200);
    clock.advance_seconds(DAY);
    let _ = letters(&server, &org.email).await;
    let _ = org.act(&format!("{ENTRIES}/{more}/restore")).await.is(200);
    clock.advance_seconds(DAY);
    assert_eq!(letters(&server, &org.email).await.len(), 2, "and again once it was not so meanwhile");
}
