//! One job from its quote to what is left of it, over all four plugins: each figure is the same wherever it stands.

use crate::jobs::until;
use lignaflow_testkit::plugins::shipped;
use lignaflow_testkit::{Answer, Client, Database, Method, Org, Role, Server, Setup, on_both};
use serde_json::{Value as Json, json};

on_both!(a_job_is_followed_from_its_quote_to_what_is_left_of_it_to_the_cent, hours_reach_budgets_and_their_alerts_once,);

struct Firm {
    server: Server,
    org: Org,
    mia: Client,
    mia_id: String,
    ben: Client,
}

async fn firm(database: &Database) -> Firm {
    let plugins = ["projects", "estimates", "timesheets", "reporting"].map(shipped).into();
    let server = database.serve_with(Setup { plugins, ..Setup::default() }).await;
    let org = server.organization("Halloran & Beck").await;
    let (mia_id, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let (ben_id, _, ben) = server.member(&org, "Ben", Role::Member).await;
    let supervisor = json!({ "roles": ["timesheets.supervisor", "projects.supervisor"] });
    let put = org.request(Method::PUT, &format!("people/{ben_id}/roles")).json(&supervisor);
    let _ = org.send(put).await.is(204);
    let crew = json!({ "name": "Site", "leaders": [ben_id.to_string()], "members": [mia_id.to_string()] });
    let _ = org.make("timesheets/crews", crew).await;
    let _ = org.make("estimates/tax-codes", json!({ "name": "GST", "rate": 1000, "standard": true })).await;
    Firm { server, org, mia, mia_id: mia_id.to_string(), ben }
}

fn aud(minor: i64) -> Json {
    json!({ "minor": minor, "currency": "AUD" })
}

impl Firm {
    /// Mia's week of these days and seconds on a task, approved by Ben.
    async fn week(&self, task: &str, days: &[(&str, i64)]) -> String {
        for (day, seconds) in days {
            let body = json!({ "task": task, "local_date": day, "duration": seconds });
            let _ = self.mia.post("timesheets/entries", body).await.is(201);
        }
        let submit = json!({ "week": days[0].0, "attested": true });
        let sheet = self.mia.post("timesheets/week/submit", submit).await.is(200).id();
        let _ = self.ben.post("timesheets/team/approve", json!({ "ids": [sheet] })).await.is(200);
        sheet
    }

    /// What projects is told of work, once it comes to so much.
    async fn worked(&self, minutes: i64, cost: i64) -> Vec<Json> {
        let comes_to = |rows: &[Json]| {
            let sum = |figure: fn(&Json) -> i64| rows.iter().map(figure).sum::<i64>();
            let told = sum(|row| row["minutes"].as_i64().unwrap_or(0));
            (told, sum(|row| row["cost"]["minor"].as_i64().unwrap_or(0))) == (minutes, cost)
        };
        until(&self.org, "projects/usage", comes_to).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.org.get(path).await.is(200)
    }
}

async fn a_job_is_followed_from_its_quote_to_what_is_left_of_it_to_the_cent(database: Database) {
    let firm = firm(&database).await;
    let org = &firm.org;
    let client = org.make("projects/clients", json!({ "name": "Alice Whitford" })).await;
    let begun = org.post("estimates/begin", json!({ "title": "Cremorne kitchen", "client": client })).await.is(201);
    let revision = begun.id();
    let section = firm.get(&format!("estimates/sections?filter[revision]={revision}")).await.column("id").remove(0);
    let line = |more: Json| {
        let mut line = json!({ "revision": revision, "section": section });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    // 38 h at 58.00 and 40 % margin of the price; material at 1,234.56 marked up by a third; an option.
    let _ = org.make("estimates/lines", line(json!({ "description": "Fit", "kind": "labour", "unit": "h", "quantity": "38", "unit_cost": "58", "pricing": "margin", "rate": 4000 }))).await;
    let _ = org
        .make(
            "estimates/lines",
            line(json!({ "description": "Oak", "unit_cost": "1234.56", "pricing": "markup", "rate": 3333 })),
        )
        .await;
    let lamp = org
        .make(
            "estimates/lines",
            line(json!({ "description": "Lamp", "pricing": "fixed", "unit_price": "99.95", "mode": "optional" })),
        )
        .await;
    let _ = org.act(&format!("estimates/revisions/{revision}/issue")).await.is(200);
    let sent = json!({ "name": "Alice Whitford", "email": "alice@client.example" });
    let url = org.post(&format!("estimates/revisions/{revision}/send"), sent).await.is(201).json["url"].clone();
    let url = url.as_str().unwrap();
    let visitor = firm.server.visitor();
    let entered = visitor.get(&url[url.find("/l/").unwrap()..]).await.is(303);
    let accept = [("name", "Alice Whitford"), ("options", lamp.as_str())];
    let _ = visitor.post(&format!("{}/client-accept", entered.to()), &accept).await.is(303);

    let converted = |all: &[Json]| all.iter().all(|revision| revision["status"] == "converted");
    until(org, "estimates/revisions", converted).await;
    let acceptance = firm.get("estimates/acceptances").await.data()[0].clone();
    let net = acceptance["net"]["minor"].as_i64().unwrap();
    assert_eq!(net, 38 * 9_667 + 164_604 + 9_995, "38 × 96.67 + 1,646.04 + 99.95");
    let projects = firm.get("projects/projects").await;
    let project = projects.data()[0]["id"].as_str().unwrap().to_owned();
    // 38 × 58.00 and 1,234.56: costs are held against what it is planned to cost.
    assert_eq!(projects.data()[0]["budget"], aud(220_400 + 123_456));
    let baseline = firm.get("projects/baselines").await.data()[0].clone();
    assert_eq!((&baseline["sell"], &baseline["labour_cost"]), (&aud(net), &aud(220_400)));
    assert_eq!(baseline["source_revision"], json!(revision));
    let task = firm.get("projects/tasks?filter[title]=Fit").await.column("id").remove(0);
    let _ = org.patch(&format!("projects/tasks/{task}"), "*", json!({ "assignees": [firm.mia_id] })).await.is(200);
    let path = format!("projects/projects/{project}");
    let _ = org.patch(&path, "*", json!({ "members": [firm.mia_id] })).await.is(200);
    let _ = org.act(&format!("{path}/activate")).await.is(200);

    // Hours at 61.37, of 7:50 and 8:10 a day, in two months; and what was bought.
    let rate = json!({ "user": firm.mia_id, "cost": aud(6_137), "sell": aud(9_500), "effective_from": "2026-01-01" });
    let _ = org.make("timesheets/rates", rate).await;
    let days = [("2026-11-23", 28_200), ("2026-11-24", 29_400), ("2026-12-01", 28_200)];
    firm.week(&task, &days[..2]).await;
    firm.week(&task, &days[2..]).await;
    let cost = |seconds: i64| (seconds * 6_137 + 1_800) / 3_600;
    let labour: i64 = days.iter().map(|(_, seconds)| cost(*seconds)).sum();
    let rows = firm.worked(1_430, labour).await;
    assert_eq!(rows.len(), 2, "one for each month");
    for (title, minor, kind) in [("Oak boards", 123_456, "material"), ("Crane", 20_005, "plant")] {
        let bought = json!({ "title": title, "project": project, "task": task, "kind": kind, "amount": aud(minor) });
        let _ = org.make("projects/costs", bought).await;
    }

    let result = firm.get(&format!("reporting/projects/{project}/result")).await.json;
    assert_eq!(result["quoted"], json!({ "count": 1, "net": net }));
    assert_eq!(result["baseline"]["sell"], net);
    assert_eq!(result["hours"]["cost"], labour, "entries and what projects is told of them are one sum");
    assert_eq!((&result["hours"]["minutes"], &result["labour_cost"]), (&json!(1_430), &json!(labour)));
    assert_eq!((&result["hours"]["approved_minutes"], &result["costs"]["plant"]), (&json!(1_430), &json!(20_005)));
    let left = net - labour - 143_461;
    assert_eq!((&result["actual_cost"], &result["profit"]), (&json!(labour + 143_461), &json!(left)));
    let actuals = firm.get(&format!("reporting/projects/{project}/actuals?by=task")).await.json;
    assert_eq!(actuals["total"]["actual_cost"], labour + 143_461);
    assert_eq!(actuals["total"]["worked_minutes"], 1_430);
    let profit = firm.get("reporting/profitability").await.json;
    assert_eq!((&profit["total"]["profit"], &profit["total"]["sold"]), (&json!(left), &json!(net)));
    // Every figure opens the records behind it.
    for (name, count) in [("acceptances", 1), ("baselines", 1), ("entries", 3), ("work", 2), ("costs", 2)] {
        let behind = result["records"][name].as_str().unwrap().strip_prefix("/api/v1/").unwrap();
        assert_eq!(firm.get(behind).await.data().len(), count, "{name}");
    }
    let _ = firm.mia.get(&format!("reporting/projects/{project}/result")).await.is(403);
}

async fn hours_reach_budgets_and_their_alerts_once(database: Database) {
    let firm = firm(&database).await;
    let org = &firm.org;
    let porch = json!({ "name": "Porch", "members": [firm.mia_id], "budget_minutes": 960, "budget": aud(100_000) });
    let project = org.make("projects/projects", porch).await;
    let task = json!({ "title": "Frame", "project": project, "assignees": [firm.mia_id] });
    let task = org.make("projects/tasks", task).await;
    let rate = json!({ "user": firm.mia_id, "cost": aud(6_000), "effective_from": "2026-01-01" });
    let _ = org.make("timesheets/rates", rate).await;
    let alerts = |count: usize| move |rows: &[Json]| rows.len() == count;
    let entry = json!({ "task": task, "local_date": "2026-11-16", "duration": 28_800 });
    let entry = firm.mia.post("timesheets/entries", entry).await.is(201).id();
    firm.worked(480, 48_000).await;
    let found = until(org, "projects/alerts", alerts(1)).await;
    assert_eq!((&found[0]["measure"], &found[0]["threshold"]), (&json!("time"), &json!(5_000)));
    // Once more of the same, and it is not said again; taken away, it is over.
    let path = format!("timesheets/entries/{entry}");
    let _ = firm.mia.patch(&path, "*", json!({ "duration": 32_400 })).await.is(200);
    firm.worked(540, 54_000).await;
    let found = until(org, "projects/alerts", alerts(2)).await;
    assert!(found.iter().any(|alert| alert["measure"] == "money"), "{found:?}");
    let _ = firm.mia.delete(&path, "*").await.is(200);
    firm.worked(0, 0).await;
    until(org, "projects/alerts?filter[over]=true", alerts(2)).await;
    let budget = org.get(&format!("projects/projects/{project}/budget")).await.is(200);
    assert_eq!((&budget.json["time"]["used_minutes"], &budget.json["money"]["used"]), (&json!(0), &json!(0)));
}
