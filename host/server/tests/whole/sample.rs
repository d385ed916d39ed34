//! The firm of `lignaflow sample`, made through the API of a server with the four plugins.

use lignaflow_identity::NewMember;
use lignaflow_sample::api::Site;
use lignaflow_sample::{Newcomer, Plan, fill, newcomers};
use lignaflow_testkit::plugins::shipped;
use lignaflow_testkit::{Database, Org, Role, Server, Setup, on_one};
use serde_json::Value as Json;

on_one!(two_sample_firms_of_one_day_are_equal_and_whole,);

/// Days of time: enough for weeks that are approved and for one that is not.
const DAYS: i64 = 24;
/// Of twelve people in two weeks, some of whom were away.
const APPROVED: u64 = 16;

/// What its people sign in with.
pub(crate) const PASSWORD: &str = "spirit level on the shelf";

async fn firm(server: &Server, name: &str) -> Org {
    peopled(server, name).await.0
}

/// The firm, with its people beside the owner.
pub(crate) async fn peopled(server: &Server, name: &str) -> (Org, Vec<Newcomer>) {
    let org = server.organization(name).await;
    let (staff, password) = (newcomers(), PASSWORD.to_owned());
    for newcomer in &staff {
        let (email, name) = (newcomer.email.clone(), newcomer.name.to_owned());
        let new = NewMember { email, name, password: password.clone(), role: Role::Member };
        server.app.identity.enlist(org.id, new).await.unwrap().unwrap();
    }
    let authority = std::fs::read(server.app.config.certs_dir.join("ca.pem")).unwrap();
    let plan = Plan {
        site: Site::new(&server.root, Some(&authority)).unwrap(),
        token: org.token.clone(),
        staff: staff.clone(),
        password,
        today: "2026-11-26".parse().unwrap(),
        days: DAYS,
    };
    let mut told = Vec::new();
    fill(plan, |part| told.push(part.what)).await.unwrap();
    assert_eq!(told.len(), 7, "{told:?}");
    (org, staff)
}

async fn all(org: &Org, path: &str, fields: &[&str]) -> Vec<Vec<Json>> {
    let mut rows = Vec::new();
    let mut next = format!("{path}&limit=200");
    loop {
        let page = org.get(&next).await.is(200);
        rows.extend(page.data().iter().map(|row| fields.iter().map(|field| row[*field].clone()).collect::<Vec<_>>()));
        match page.json["next"].as_str().and_then(|next| next.strip_prefix("/api/v1/")) {
            Some(address) => address.clone_into(&mut next),
            None => return rows,
        }
    }
}

async fn two_sample_firms_of_one_day_are_equal_and_whole(database: Database) {
    let plugins = ["projects", "estimates", "timesheets", "reporting"].map(shipped).to_vec();
    let server = database.serve_with(Setup { plugins, ..Setup::default() }).await;
    let (one, other) = (firm(&server, "Halloran Joinery").await, firm(&server, "Beck Joinery").await);
    let lists: [(&str, &[&str], usize); 8] = [
        ("projects/clients?sort=name", &["name", "address"], 40),
        ("projects/projects?sort=name,start", &["name", "start", "due", "status"], 60),
        ("estimates/estimates?sort=working", &["working", "title", "status", "total"], 85),
        ("estimates/catalog-items?sort=code", &["code", "name", "cost"], 300),
        ("estimates/assemblies?sort=code", &["code", "name", "labour_minutes"], 40),
        ("projects/tasks?sort=title", &["title"], 0),
        ("projects/costs?sort=reference", &["reference", "amount", "date"], 0),
        ("timesheets/sheets?sort=week,total", &["week", "status", "total"], 0),
    ];
    for (path, fields, count) in lists {
        let (mine, yours) = (all(&one, path, fields).await, all(&other, path, fields).await);
        assert!(!mine.is_empty() && (count == 0 || mine.len() == count), "{path}: {}", mine.len());
        assert_eq!(mine, yours, "{path}");
    }
    let tasks = one.get("projects/tasks?count=true&limit=1").await.is(200);
    assert!(tasks.json["count"].as_u64().unwrap() >= 400, "{}", tasks.text);
    // Quotes in every state that one can be in.
    for state in
        ["draft", "in-review", "issued", "viewed", "declined", "expired", "superseded", "withdrawn", "converted"]
    {
        let found = one.get(&format!("estimates/revisions?filter[status]={state}&limit=1")).await.is(200);
        assert_eq!(found.data().len(), 1, "{state}");
    }
    // Two crews, and what is in them was approved by who leads them.
    let crews = one.get("timesheets/crews?sort=name").await.is(200);
    assert_eq!(crews.column("name"), ["Perth", "Sydney"]);
    for crew in crews.data() {
        let leaders = crew["leaders"].as_array().unwrap();
        let approved =
            format!("timesheets/sheets?filter[status]=approved&filter[crew]={}", crew["id"].as_str().unwrap());
        let approved = one.get(&approved).await.is(200);
        let by_leaders = approved.data().iter().filter(|sheet| leaders.contains(&sheet["approver"])).count();
        assert!(leaders.len() == 1 && by_leaders > 0, "{}", approved.text);
        assert!(approved.data().iter().all(|sheet| sheet["approver"] != sheet["user"]), "{}", approved.text);
    }
    let open = one.get("timesheets/sheets?filter[status]=approved&count=true").await.is(200);
    assert!(open.json["count"].as_u64().unwrap() >= APPROVED, "{}", open.text);
}
