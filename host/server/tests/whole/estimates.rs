//! The plugin `estimates` on the whole server: what its contract rests on, with writers made to meet between plan and
//! commit.

use crate::jobs::until;
use crate::scene::{CLIENTS, PROJECTS, TASKS};
use lignaflow_testkit::plugins::shipped;
use lignaflow_testkit::{Database, Method, Org, Race, Role, Server, Setup, on_both};
use serde_json::{Value as Json, json};

on_both!(
    two_documents_issued_at_once_have_a_number_each_without_a_gap,
    two_revisions_issued_at_once_leave_one_open,
    a_document_holds_the_line_that_changed_while_it_was_issued,
    a_line_that_changes_while_its_document_is_issued_is_refused,
    totals_are_of_both_lines_that_were_added_at_once,
    an_estimate_is_accepted_once,
    what_was_accepted_is_a_project_once,
    nobody_sees_costs_without_the_permission,
);

pub(crate) const REVISIONS: &str = "estimates/revisions";
const LINES: &str = "estimates/lines";
const ESTIMATES: &str = "estimates/estimates";

/// A firm with an estimate in the making.
pub(crate) struct Desk {
    pub(crate) server: Server,
    pub(crate) org: Org,
    race: Race,
}

/// An estimate with its first revision and section.
pub(crate) struct Begun {
    pub(crate) estimate: String,
    pub(crate) revision: String,
    pub(crate) section: String,
}

pub(crate) async fn desk(database: &Database) -> Desk {
    let race = Race::default();
    let plugins = vec![shipped("projects"), shipped("estimates")];
    let server = database.serve_with(Setup { race: Some(race.clone()), plugins, ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    let _ = org.make("estimates/tax-codes", json!({ "name": "GST", "rate": 1000, "standard": true })).await;
    Desk { server, org, race }
}

impl Desk {
    pub(crate) async fn begin(&self, title: &str) -> Begun {
        let client = self.org.make(CLIENTS, json!({ "name": format!("Client of {title}") })).await;
        let made = self.org.post("estimates/begin", json!({ "title": title, "client": client })).await.is(201);
        let revision = made.id();
        let sections = self.org.get(&format!("estimates/sections?filter[revision]={revision}")).await.is(200);
        let text = |json: &Json| json.as_str().unwrap().to_owned();
        Begun { estimate: text(&made.json["estimate"]), section: text(&sections.data()[0]["id"]), revision }
    }

    /// One with a line of 100.00.
    async fn priced(&self, title: &str) -> (Begun, String) {
        let begun = self.begin(title).await;
        let line = self.org.make(LINES, begun.line("100")).await;
        (begun, line)
    }

    async fn field(&self, path: &str, name: &str) -> Json {
        self.org.get(path).await.is(200).json[name].clone()
    }
}

impl Begun {
    pub(crate) fn line(&self, price: &str) -> Json {
        json!({ "revision": self.revision, "section": self.section, "description": "Cabinet", "pricing": "fixed", "unit_price": price })
    }

    fn act(&self, verb: &str) -> String {
        format!("{REVISIONS}/{}/{verb}", self.revision)
    }

    fn path(&self) -> String {
        format!("{REVISIONS}/{}", self.revision)
    }
}

async fn two_documents_issued_at_once_have_a_number_each_without_a_gap(database: Database) {
    let desk = desk(&database).await;
    let ((kitchen, _), (bath, _)) = (desk.priced("Kitchen").await, desk.priced("Bath").await);
    // What cannot be issued uses no number up.
    let empty = desk.begin("Empty").await;
    let refused = desk.org.act(&empty.act("issue")).await.is_problem(422, "invalid");
    assert_eq!(refused.issues()[0].1, "empty");
    desk.race.meet(2);
    let (left, right) = (kitchen.act("issue"), bath.act("issue"));
    let (left, right) = tokio::join!(desk.org.act(&left), desk.org.act(&right));
    desk.race.end();
    let _ = (left.is(200), right.is(200));
    let list = desk.org.get(&format!("{ESTIMATES}?filter[numbering]=given&sort=number")).await.is(200);
    assert_eq!(list.column("number"), ["Q-0001", "Q-0002"]);
}

async fn two_revisions_issued_at_once_leave_one_open(database: Database) {
    let desk = desk(&database).await;
    let (kitchen, _) = desk.priced("Kitchen").await;
    let next = desk.org.act(&kitchen.act("revise")).await.is(201).id();
    desk.race.meet(2);
    let (first, second) = (kitchen.act("issue"), format!("{REVISIONS}/{next}/issue"));
    let (left, right) = tokio::join!(desk.org.act(&first), desk.org.act(&second));
    desk.race.end();
    let _ = (left.is(200), right.is(200));
    let list = desk.org.get(&format!("{REVISIONS}?sort=status")).await.is(200);
    let mut states = list.column("status");
    states.sort();
    assert_eq!(states, ["issued", "superseded"]);
    let open = desk.field(&format!("{ESTIMATES}/{}", kitchen.estimate), "open").await;
    let issued = list.data().iter().find(|revision| revision["status"] == "issued").unwrap();
    assert_eq!(open, issued["id"]);
}

async fn a_document_holds_the_line_that_changed_while_it_was_issued(database: Database) {
    let desk = desk(&database).await;
    let (kitchen, line) = desk.priced("Kitchen").await;
    let held = desk.race.hold();
    let issue = kitchen.act("issue");
    let change = async {
        let _ = desk.org.patch(&format!("{LINES}/{line}"), "*", json!({ "unit_price": "150" })).await.is(200);
    };
    let (issued, ()) = tokio::join!(desk.org.act(&issue), held.meanwhile(change));
    let issued = issued.is(200);
    assert_eq!(issued.json["total"]["minor"], 16_500);
    let document = desk.org.get(&kitchen.act("document")).await.is(200);
    assert_eq!(document.json["document"]["total"], 16_500);
    assert_eq!(document.json["document"]["sections"][0]["lines"][0]["amount"], 15_000);
    assert_eq!(document.json["hash"], issued.json["hash"]);
}

async fn a_line_that_changes_while_its_document_is_issued_is_refused(database: Database) {
    let desk = desk(&database).await;
    let (kitchen, line) = desk.priced("Kitchen").await;
    let held = desk.race.hold();
    let (line, issue) = (format!("{LINES}/{line}"), kitchen.act("issue"));
    let issuing = async {
        let _ = desk.org.act(&issue).await.is(200);
    };
    let change = desk.org.patch(&line, "*", json!({ "unit_price": "150" }));
    let (changed, ()) = tokio::join!(change, held.meanwhile(issuing));
    let _ = changed.is_problem(423, "locked");
    assert_eq!(desk.field(&kitchen.path(), "total").await["minor"], 11_000);
    let document = desk.org.get(&kitchen.act("document")).await.is(200);
    assert_eq!(document.json["document"]["total"], 11_000);
}

async fn totals_are_of_both_lines_that_were_added_at_once(database: Database) {
    let desk = desk(&database).await;
    let (kitchen, _) = desk.priced("Kitchen").await;
    desk.race.meet(2);
    let (left, right) =
        tokio::join!(desk.org.post(LINES, kitchen.line("20")), desk.org.post(LINES, kitchen.line("30")));
    desk.race.end();
    let _ = (left.is(201), right.is(201));
    assert_eq!(desk.field(&kitchen.path(), "net").await["minor"], 15_000);
}

async fn an_estimate_is_accepted_once(database: Database) {
    let desk = desk(&database).await;
    let (kitchen, _) = desk.priced("Kitchen").await;
    let _ = desk.org.act(&kitchen.act("issue")).await.is(200);
    desk.race.meet(2);
    let accept = kitchen.act("accept");
    let (left, right) = tokio::join!(
        desk.org.post(&accept, json!({ "answered_by": "Alice Whitford" })),
        desk.org.post(&accept, json!({ "answered_by": "James Whitford" }))
    );
    desk.race.end();
    let mut statuses = [left.status, right.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", left.text, right.text);
    let kept = desk.org.get("estimates/acceptances").await.is(200);
    assert_eq!(kept.data().len(), 1);
    assert_eq!(kept.data()[0]["hash"], desk.field(&kitchen.path(), "hash").await);
    // Another revision of it is accepted no more, and none is issued.
    let next = desk.org.act(&kitchen.act("revise")).await.is(201).id();
    let refused = desk.org.act(&format!("{REVISIONS}/{next}/issue")).await.is_problem(422, "invalid");
    assert_eq!(refused.issues()[0].1, "accepted");
}

async fn what_was_accepted_is_a_project_once(database: Database) {
    let desk = desk(&database).await;
    let (kitchen, _) = desk.priced("Cremorne kitchen").await;
    let hours = json!({ "revision": kitchen.revision, "section": kitchen.section, "description": "Fitting", "kind": "labour", "unit": "h", "quantity": "8", "unit_cost": "60", "pricing": "margin", "rate": 4000 });
    let _ = desk.org.make(LINES, hours).await;
    let site = json!({ "site": "12 Spofforth Street, Cremorne" });
    let _ = desk.org.patch(&format!("{ESTIMATES}/{}", kitchen.estimate), "*", site).await.is(200);
    let _ = desk.org.act(&kitchen.act("issue")).await.is(200);
    let _ = desk.org.post(&kitchen.act("accept"), json!({ "answered_by": "Alice Whitford" })).await.is(200);
    let converted = |all: &[Json]| all.iter().all(|revision| revision["status"] == "converted");
    until(&desk.org, REVISIONS, converted).await;
    let projects = desk.org.get(PROJECTS).await.is(200);
    assert_eq!(projects.column("name"), ["Cremorne kitchen"]);
    let project = &projects.data()[0];
    assert_eq!((&project["budget"]["minor"], &project["budget_minutes"]), (&json!(48_000), &json!(480)));
    assert_eq!(project["address"], "12 Spofforth Street, Cremorne");
    assert_eq!(desk.org.get(TASKS).await.is(200).data().len(), 2);
    assert_eq!(desk.field(&format!("{ESTIMATES}/{}", kitchen.estimate), "project").await, project["id"]);
    let made = desk.org.get(&format!("{PROJECTS}/{}/history", project["id"].as_str().unwrap())).await.is(200);
    assert_eq!(made.data()[0]["by"], json!({ "kind": "plugin", "id": "estimates" }), "on the plugin's own account");
    // By hand it is not done again.
    let _ = desk.org.act(&kitchen.act("convert")).await.is_problem(404, "not-found");
    assert_eq!(desk.org.get(PROJECTS).await.is(200).data().len(), 1);
}

async fn nobody_sees_costs_without_the_permission(database: Database) {
    let desk = desk(&database).await;
    let (kitchen, line) = desk.priced("Kitchen").await;
    let (person, _, seller) = desk.server.member(&desk.org, "Mia", Role::Member).await;
    let roles =
        desk.org.request(Method::PUT, &format!("people/{person}/roles")).json(&json!({ "roles": ["estimates.sales"] }));
    let _ = desk.org.send(roles).await.is(204);
    let shown = seller.get(&format!("{LINES}/{line}")).await.is(200);
    assert_eq!((shown.json.get("unit_cost"), shown.json.get("cost")), (None, None));
    assert_eq!(shown.json["amount"]["minor"], 10_000);
    let totals = seller.get(&kitchen.act("totals")).await.is(200);
    assert_eq!(totals.json["panel"], Json::Null);
    let _ = seller.get(&format!("{LINES}?sort=unit_cost")).await.is_problem(422, "invalid");
    let _ = seller.act(&kitchen.act("issue")).await.is_problem(403, "denied");
}
