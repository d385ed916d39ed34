//! Tables that routes of plugins work out, kept under a name: on first pages, in the mail and by a link, each time with
//! what whoever it is for may see.

use crate::scene::{PROJECTS, TASKS};
use lignaflow_testkit::plugins::shipped;
use lignaflow_testkit::{Client, Database, HeldClock, Method, Org, Role, Server, Setup, on_both};
use serde_json::{Value as Json, json};
use std::sync::Arc;

on_both!(
    a_table_is_kept_stands_on_a_first_page_and_is_mailed_as_it_stands,
    what_a_table_comes_to_is_mailed_once_each_time,
    what_a_table_is_asked_must_fit_its_page,
    a_table_is_shown_by_a_link_with_what_its_maker_may_see,
    a_table_is_kept_and_let_go_on_its_page,
);

/// Wednesday, 18 November 2026, 22:06:40 in Sydney.
const EVENING: i64 = 1_795_000_000_000_000;
const DAY: i64 = 86_400;
const PAGE: &str = "reporting/project";

struct Firm {
    server: Server,
    clock: HeldClock,
    org: Org,
    project: String,
}

/// A firm with one project that has cost $120.00 in its construction.
async fn firm(database: &Database) -> Firm {
    let clock = HeldClock::at(EVENING);
    let plugins = ["projects", "estimates", "timesheets", "reporting"].map(shipped).into();
    let server = database.serve_with(Setup { clock: Arc::new(clock.clone()), plugins, ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    let project = org.make(PROJECTS, json!({ "name": "Kitchen" })).await;
    let firm = Firm { server, clock, org, project };
    firm.costs("Oak", 12_000).await;
    firm
}

impl Firm {
    async fn costs(&self, title: &str, minor: i64) {
        let phases = format!("projects/phases?filter[project]={}&filter[name]=Construction", self.project);
        let phase = self.org.get(&phases).await.is(200).column("id").remove(0);
        let task = json!({ "title": title, "project": self.project, "phase": phase });
        let task = self.org.make(TASKS, task).await;
        let amount = json!({ "minor": minor, "currency": "AUD" });
        let cost = json!({ "title": title, "project": self.project, "task": task, "amount": amount });
        self.org.make("projects/costs", cost).await;
    }

    async fn keep(&self, client: &Client) -> String {
        let query = format!("id={}&by=phase", self.project);
        let view = json!({ "page": PAGE, "name": "The kitchen", "query": query, "shared": true });
        client.post("views", view).await.is(201).id()
    }
}

async fn put(client: &Client, view: &str, body: Json) -> lignaflow_testkit::Answer {
    client.send(client.request(Method::PUT, &format!("views/{view}/uses")).json(&body)).await
}

async fn a_table_is_kept_stands_on_a_first_page_and_is_mailed_as_it_stands(database: Database) {
    let firm = firm(&database).await;
    let Firm { server, clock, org, .. } = &firm;
    let view = firm.keep(org).await;
    let kept = org.get(&format!("views/{view}")).await.is(200);
    assert_eq!((&kept.json["page"], &kept.json["collection"]), (&json!(PAGE), &Json::Null));
    assert!(kept.json.get("issues").is_none(), "{}", kept.text);
    let visitor = server.signed_in(org).await;
    let page = visitor.get(&format!("/{}/-/project?view={view}", "reporting")).await.is(200);
    page.shows("The kitchen").shows("$120.00").shows("Follow").shows(&format!("views/{view}/links"));

    let wish = json!({ "home": true, "mailed": "daily", "form": "csv" });
    let _ = put(org, &view, wish).await.is(200);
    visitor.get("/").await.is(200).shows("The kitchen").shows("$120.00").shows(&format!("view={view}"));
    // Who may not see what it is of has nothing of it there.
    let (_, email, mia) = server.member(org, "Mia", Role::Member).await;
    let _ = put(&mia, &view, json!({ "home": true })).await.is(200);
    let hers = server.visitor();
    hers.sign_in(&email, lignaflow_testkit::PASSWORD).await;
    hers.get("/").await.is(200).hides("$120.00");

    firm.costs("Screws", 500).await;
    clock.advance_seconds(DAY);
    let due = async || server.app.store.due_view_uses(server.app.clock.now(), 1).await.unwrap();
    while !due().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let _ = server.mailbox().await;
    let all = lignaflow_store::mail::all(server.app.store.database(), 1_000).await.unwrap();
    let came: Vec<_> = all.into_iter().filter(|kept| kept.message.kind == "report").collect();
    assert_eq!(came.len(), 1);
    let file = org.get(&format!("media/{}/content", came[0].message.attachments[0])).await.is(200);
    assert!(file.text.contains("Construction") && file.text.contains("125.00"), "{}", file.text);
    let audit = org.get("audit?kind=records.exported").await.is(200);
    assert_eq!(
        (&audit.data()[0]["detail"]["collection"], &audit.data()[0]["detail"]["by"]),
        (&json!(PAGE), &json!("mail"))
    );
}

async fn what_a_table_comes_to_is_mailed_once_each_time(database: Database) {
    let firm = firm(&database).await;
    let Firm { server, clock, org, project } = &firm;
    let view = firm.keep(org).await;
    let alert = json!({ "home": true, "alert": { "above": 5 } });
    assert_eq!(put(org, &view, alert).await.is_problem(422, "invalid").issues(), [("/alert", "report")]);
    // Its first figure is what is planned of the project in all, which is typed in hours.
    let visitor = server.signed_in(org).await;
    let path = format!("/reporting/-/project/views/{view}/use");
    let fields = [("mailed", "daily"), ("form", "link"), ("than", "above"), ("figure", "1.5")];
    let page = visitor.post(&path, &fields).await.is(303);
    visitor.follow(&page).await.is(200).shows("value=\"1.5\"").shows("in hours");
    let uses = org.get(&format!("views/{view}/uses")).await.is(200);
    assert_eq!(uses.data()[0]["alert"], json!({ "above": 5_400 }));
    let letters = async || {
        let due = async || server.app.store.due_view_uses(server.app.clock.now(), 1).await.unwrap();
        while !due().await.is_empty() {
            tokio::task::yield_now().await;
        }
        server.mailbox().await.into_iter().filter(|letter| letter.kind == "report").collect::<Vec<_>>()
    };
    clock.advance_seconds(DAY);
    assert!(letters().await.is_empty(), "nothing is planned yet");
    let task = json!({ "title": "Fit", "project": project, "planned_minutes": 120 });
    org.make(TASKS, task).await;
    clock.advance_seconds(DAY);
    let told = letters().await;
    assert!(told.len() == 1 && told[0].text.contains("it is 2:00 now"), "{told:?}");
    clock.advance_seconds(DAY);
    assert_eq!(letters().await.len(), 1, "told once");
    // Who may not see what it is of has no figure that could be above anything.
    let (_, _, mia) = server.member(org, "Mia", Role::Member).await;
    let alert = json!({ "mailed": "daily", "alert": { "above": 5 } });
    assert_eq!(put(&mia, &view, alert).await.is_problem(422, "invalid").issues(), [("/alert", "report")]);
}

async fn what_a_table_is_asked_must_fit_its_page(database: Database) {
    let firm = firm(&database).await;
    let org = &firm.org;
    let ask = async |page: &str, query: &str| {
        let view = json!({ "page": page, "name": "x", "query": query });
        org.post("views", view).await.is_problem(422, "invalid")
    };
    assert_eq!(ask("reporting/nothing", "").await.issues(), [("/page", "unknown-page")]);
    assert_eq!(ask("reporting/hours", "").await.issues(), [("/page", "unknown-page")], "it has a report over records");
    assert_eq!(ask("nowhere", "").await.issues(), [("/page", "unknown-page")]);
    let wrong = ask(PAGE, &format!("id={}&colour=red", firm.project)).await;
    assert_eq!(wrong.issues(), [("/query/colour", "unknown-parameter")]);
    let missing = ask(PAGE, "by=phase").await;
    assert!(missing.issues().iter().all(|(path, _)| path.starts_with("/query")), "{}", missing.text);
    let both = json!({ "page": PAGE, "collection": TASKS, "name": "x" });
    assert_eq!(org.post("views", both).await.is_problem(422, "invalid").issues(), [("/collection", "required")]);
    let _ = org.post("views", json!({ "page": "reporting/attendance", "name": "x" })).await.is(201);
    let standard = json!({ "page": "reporting/attendance", "name": "y", "standard": true });
    assert_eq!(org.post("views", standard).await.is_problem(422, "invalid").issues(), [("/standard", "report")]);
}

async fn a_table_is_shown_by_a_link_with_what_its_maker_may_see(database: Database) {
    let firm = firm(&database).await;
    let Firm { server, org, .. } = &firm;
    let (ada_id, _, ada) = server.member(org, "Ada", Role::Admin).await;
    let view = firm.keep(&ada).await;
    let made = ada.post(&format!("views/{view}/links"), json!({ "files": true })).await.is(201);
    let url = made.json["url"].as_str().unwrap();
    let outside = server.visitor();
    let entered = outside.get(&url[url.find("/l/").unwrap()..]).await.is(303);
    let page = outside.follow(&entered).await.is(200);
    page.shows("The kitchen").shows("Construction").shows("$120.00").hides("href=\"/projects").hides(&firm.project);
    let csv = outside.get(&format!("{}?format=csv", entered.to())).await.is(200);
    assert!(csv.text.contains("120.00"), "{}", csv.text);
    let _ = org.patch(&format!("people/{ada_id}"), "*", json!({ "role": "member" })).await.is(204);
    outside.follow(&entered).await.is(403).shows("Nothing is shown here any more").hides("$120.00");
    let taken = org.get("audit?kind=records.exported").await.is(200);
    assert_eq!(taken.data()[0]["detail"]["collection"], PAGE);
}

async fn a_table_is_kept_and_let_go_on_its_page(database: Database) {
    let firm = firm(&database).await;
    let visitor = firm.server.signed_in(&firm.org).await;
    let at = "/reporting/-/project";
    let query = format!("id={}&by=phase", firm.project);
    visitor.get(&format!("{at}?{query}")).await.is(200).shows("Save report");
    let fields = [("name", "Kitchen, by phase"), ("query", query.as_str()), ("shared", "true")];
    let saved = visitor.post(&format!("{at}/views"), &fields).await.is(303);
    let page = visitor.follow(&saved).await.is(200);
    page.shows("Kitchen, by phase").shows("$120.00").shows("Edit report");
    let view = firm.org.get("views").await.is(200).data()[0]["id"].as_str().unwrap().to_owned();
    let followed = visitor.post(&format!("{at}/views/{view}/use"), &[("home", "true")]).await.is(303);
    visitor.follow(&followed).await.is(200).shows("Followed");
    let made = visitor.post(&format!("{at}/views/{view}/links"), &[("label", "Ana"), ("days", "7")]).await.is(303);
    visitor.follow(&made).await.is(200).shows("Ana").shows("/l/");
    let link = firm.org.get(&format!("views/{view}/links")).await.is(200).data()[0]["id"].as_str().unwrap().to_owned();
    let ended = visitor.post(&format!("{at}/views/{view}/links/{link}/withdraw"), &[]).await.is(303);
    visitor.follow(&ended).await.is(200).shows("Withdrawn");
    // Of a collection's views it is none, though a page may be called as one.
    let _ = visitor.post(&format!("/reporting/project/views/{view}/use"), &[]).await.is(404);
    let renamed =
        visitor.post(&format!("{at}/views/{view}"), &[("settings", "true"), ("name", "Kitchen")]).await.is(303);
    visitor.follow(&renamed).await.is(200).shows("Saved the report “Kitchen”");
    let gone = visitor.post(&format!("{at}/views/{view}/remove"), &[]).await.is(303);
    visitor.follow(&gone).await.is(200).shows("Deleted the report").hides("Edit report");
}
