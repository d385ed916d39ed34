//! Projects: those that estimates became and those of the years before, their tasks, costs, milestones and claims.

use crate::people::{People, Person};
use crate::quotes::{Client, Quotes};
use crate::words::{PERTH, SUPPLIERS, TASKS, WORKS};
use crate::{Firm, aud, id};
use anyhow::{Context, Result};
use jiff::civil::Date;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) start: Date,
    pub(crate) due: Date,
    /// Whether it began as an estimate here.
    pub(crate) quoted: bool,
    /// How well it went, in hundredths of what was planned.
    pub(crate) pace: i64,
    pub(crate) tasks: Vec<Task>,
    /// Who works on it, by place in the crew.
    pub(crate) crew: Vec<usize>,
    /// What it was sold for, in cents.
    sold: i64,
}

pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) planned: i64,
}

const BILLING: [&str; 3] = ["time-and-materials", "fixed", "milestones"];
const PROJECTS: usize = 60;
const TASKS_IN_ALL: usize = 400;

pub(crate) async fn open(firm: &mut Firm, people: &People, clients: &[Client], quotes: &Quotes) -> Result<Vec<Job>> {
    let mut jobs = Vec::with_capacity(PROJECTS);
    let mut changes = Vec::new();
    for (index, quote) in quotes.accepted.iter().enumerate() {
        let (job, mut fields) = plan(firm, people, index, &clients[quote.client]);
        let job = Job { id: quote.project.clone(), quoted: true, ..job };
        fields["site"] = json!(clients[quote.client].site);
        changes.push((job.id.clone(), fields));
        jobs.push(job);
    }
    firm.owner.change("projects/projects", changes).await?;
    take_over(firm, people, &mut jobs).await?;
    add(firm, people, clients, &mut jobs).await?;
    let ids: Vec<String> = jobs.iter().map(|job| job.id.clone()).collect();
    firm.owner.act("projects/projects", "activate", &ids, &json!({})).await?;
    Ok(jobs)
}

/// When a job is, how it goes and who does it; what its project has of that.
fn plan(firm: &mut Firm, people: &People, index: usize, client: &Client) -> (Job, Json) {
    // Over the year, with the last still under way.
    let start = firm.day(-360 + 355 * i64::try_from(index % 55).unwrap_or(0) / 55);
    let days = 20 + firm.rng.i64(0..60);
    let due = start.saturating_add(jiff::Span::new().days(days));
    let pace = [85, 95, 100, 105, 110, 125, 160][firm.rng.usize(..7)];
    let there = |place: &usize| (people.crew[*place].zone == PERTH) == (client.zone == PERTH);
    let mut crew: Vec<usize> = (0..people.crew.len()).filter(there).collect();
    firm.rng.shuffle(&mut crew);
    crew.truncate(3);
    let desk = [&people.owner, &people.manager].into_iter().chain(&people.estimators);
    let members: Vec<&str> =
        desk.map(|person| person.id.as_str()).chain(crew.iter().map(|place| people.crew[*place].id.as_str())).collect();
    let fields = json!({
        "manager": people.manager.id, "members": members, "start": start.to_string(), "due": due.to_string(),
    });
    (Job { id: id(), start, due, quoted: false, pace, tasks: Vec::new(), crew, sold: 0 }, fields)
}

/// Tasks that came with the estimates are given to people, in an order.
async fn take_over(firm: &mut Firm, people: &People, jobs: &mut [Job]) -> Result<()> {
    let places: BTreeMap<String, usize> = jobs.iter().enumerate().map(|(place, job)| (job.id.clone(), place)).collect();
    let tasks = firm.owner.list("projects/tasks?fields=project,planned_minutes").await?;
    let mut changes = Vec::new();
    for task in &tasks {
        let Some(job) = task["project"].as_str().and_then(|id| places.get(id)).map(|place| &mut jobs[*place]) else {
            continue;
        };
        let id = task["id"].as_str().context("a task has an id")?.to_owned();
        let planned = task["planned_minutes"].as_i64().unwrap_or(0);
        changes.push((id.clone(), given(firm, people, job)));
        job.tasks.push(Task { id, planned });
    }
    firm.owner.change("projects/tasks", changes).await?;
    for baseline in firm.owner.list("projects/baselines?fields=project,sell").await? {
        if let Some(place) = baseline["project"].as_str().and_then(|id| places.get(id)) {
            jobs[*place].sold += baseline["sell"]["minor"].as_i64().unwrap_or(0);
        }
    }
    Ok(())
}

/// Whose a task is, how pressing, and when, within its job.
fn given(firm: &mut Firm, people: &People, job: &Job) -> Json {
    let who = job.crew.get(firm.rng.usize(..job.crew.len().max(1))).map(|place| people.crew[*place].id.clone());
    let days = (job.due - job.start).get_days().max(1);
    let start = job.start.saturating_add(jiff::Span::new().days(firm.rng.i32(0..days)));
    let due = start.saturating_add(jiff::Span::new().days(firm.rng.i32(1..10)));
    json!({
        "assignees": who.into_iter().collect::<Vec<_>>(), "start": start.to_string(), "due": due.to_string(),
        "priority": firm.one(&["low", "normal", "normal", "normal", "high", "urgent"]),
    })
}

/// Jobs that were never quoted here.
async fn add(firm: &mut Firm, people: &People, clients: &[Client], jobs: &mut Vec<Job>) -> Result<()> {
    let (mut projects, mut locations, mut tasks) = (Vec::new(), Vec::new(), Vec::new());
    let known: usize = jobs.iter().map(|job| job.tasks.len()).sum();
    let (left, begun) = (PROJECTS.saturating_sub(jobs.len()), jobs.len());
    // Each has some, however many came with the estimates.
    let mut still = TASKS_IN_ALL.saturating_sub(known).max(left * 3);
    for index in 0..left {
        let client = &clients[firm.rng.usize(..clients.len())];
        let (mut job, mut fields) = plan(firm, people, begun + index * 2, client);
        let (work, rooms) = *firm.one(&WORKS);
        job.sold = 900_000 + firm.rng.i64(0..3_500_000);
        fields["id"] = json!(job.id);
        fields["name"] = json!(format!("{work} for {}", client.name));
        fields["client"] = json!(client.id);
        fields["site"] = json!(client.site);
        fields["billing"] = json!(BILLING[index % BILLING.len()]);
        fields["budget"] = aud(job.sold);
        if fields["billing"] == "time-and-materials" {
            fields["budget_price"] = aud(job.sold);
        }
        let room = id();
        locations.push(json!({ "id": room, "project": job.id, "name": rooms[0], "position": 10 }));
        // So many to each that they come to what there is in all.
        let share = still.div_ceil(left - index).min(TASKS.len());
        still -= share;
        let mut minutes = 0;
        let mut before: Option<String> = None;
        for (title, phase, hours) in TASKS.iter().take(share) {
            let planned = hours * 60 * firm.rng.i64(70..140) / 100 / 30 * 30;
            let task = id();
            let mut fields = given(firm, people, &job);
            fields["id"] = json!(task);
            fields["title"] = json!(title);
            fields["project"] = json!(job.id);
            fields["phase"] = json!(phase);
            fields["location"] = json!(room);
            fields["planned_minutes"] = json!(planned);
            fields["depends_on"] = json!(before.iter().collect::<Vec<_>>());
            before = Some(task.clone());
            minutes += planned;
            tasks.push(fields);
            job.tasks.push(Task { id: task, planned });
        }
        fields["budget_minutes"] = json!(minutes);
        projects.push(fields);
        jobs.push(job);
    }
    firm.owner.create("projects/projects", projects).await?;
    // A project begins with its phases; tasks were told theirs by name.
    let mut phases = BTreeMap::new();
    for phase in firm.owner.list("projects/phases?fields=project,name").await? {
        phases.insert((phase["project"].to_string(), phase["name"].to_string()), phase["id"].clone());
    }
    for task in &mut tasks {
        let of = (task["project"].to_string(), task["phase"].to_string());
        task["phase"] = phases.get(&of).cloned().unwrap_or(Json::Null);
    }
    firm.owner.create("projects/locations", locations).await?;
    firm.owner.create("projects/tasks", tasks).await?;
    Ok(())
}

/// What was bought, and what clients were asked for. Some bought more than they sold.
pub(crate) async fn spend_and_claim(firm: &mut Firm, people: &People, jobs: &[Job]) -> Result<usize> {
    // GST, on whatever is claimed.
    firm.owner.put("plugins/projects/settings", &json!({ "values": { "claim_tax": 1000 } })).await?;
    let (mut costs, mut milestones, mut claims) = (Vec::new(), Vec::new(), Vec::new());
    // What became of an estimate has its milestones already: the deposit, and the rest.
    let mut agreed = BTreeMap::new();
    for milestone in firm.owner.list("projects/milestones?fields=project,title,amount").await? {
        let of = (milestone["project"].as_str().unwrap_or_default().to_owned(), milestone["title"].to_string());
        agreed.insert(of, (milestone["id"].clone(), milestone["amount"]["minor"].as_i64().unwrap_or(0)));
    }
    let mut bill = 20_000;
    for job in jobs {
        let goods = job.sold * 38 / 100 * job.pace / 100;
        let parts = firm.rng.i64(3..8);
        for _ in 0..parts {
            let supplier = *firm.one(&SUPPLIERS);
            let amount = (goods / parts * firm.rng.i64(60..140) / 100).max(1_500);
            let day = within(firm, job);
            bill += 1;
            costs.push(json!({
                "project": job.id, "title": format!("Goods from {supplier}"), "supplier": supplier,
                "reference": format!("INV-{bill}"), "date": day.to_string(), "amount": aud(amount),
                "tax": aud(amount / 10), "kind": if supplier == "Hume Hire" { "plant" } else { "material" },
                "task": job.tasks.first().map(|task| &task.id),
            }));
        }
        if job.sold == 0 {
            continue;
        }
        let mut known = |title: &str| agreed.remove(&(job.id.clone(), json!(title).to_string()));
        let (deposit, rest) = if job.quoted {
            (known("Deposit"), known("Balance"))
        } else {
            let milestone = id();
            milestones.push(json!({ "id": milestone, "project": job.id, "title": "Installed", "due": job.due.to_string(), "amount": aud(job.sold / 2) }));
            (None, Some((json!(milestone), job.sold / 2)))
        };
        let (milestone, amount) = deposit.unwrap_or((Json::Null, job.sold / 10));
        claims.push((job, json!({ "project": job.id, "title": "Deposit", "kind": "deposit", "milestone": milestone, "amount": aud(amount), "date": job.start.to_string() })));
        if let Some((milestone, amount)) = rest.filter(|_| job.due < firm.today) {
            claims.push((job, json!({ "project": job.id, "title": "Installed", "kind": "stage", "milestone": milestone, "amount": aud(amount), "date": job.due.to_string() })));
        }
    }
    let count = costs.len();
    people.manager.actor.create("projects/costs", costs).await?;
    firm.owner.create("projects/milestones", milestones).await?;
    claim(firm, &people.bookkeeper, claims).await?;
    Ok(count)
}

/// A day of the job that has been.
fn within(firm: &mut Firm, job: &Job) -> Date {
    let days = (job.due.min(firm.day(-1)) - job.start).get_days().max(1);
    job.start.saturating_add(jiff::Span::new().days(firm.rng.i32(0..days)))
}

/// Old claims are paid, those of this month billed, the latest open.
async fn claim(firm: &Firm, bookkeeper: &Person, claims: Vec<(&Job, Json)>) -> Result<()> {
    let mut sent = Vec::new();
    let (mut billed, mut paid) = (Vec::new(), Vec::new());
    for (index, (job, mut claim)) in claims.into_iter().enumerate() {
        let claim_id = id();
        claim["id"] = json!(claim_id);
        claim["invoice"] = json!(format!("S-{}", 4_000 + index));
        let old = job.start < firm.day(-30);
        if old || index % 2 == 0 {
            billed.push(claim_id.clone());
        }
        if job.due < firm.day(-30) {
            paid.push(claim_id);
        }
        sent.push(claim);
    }
    bookkeeper.actor.create("projects/claims", sent).await?;
    bookkeeper.actor.act("projects/claims", "bill", &billed, &json!({})).await?;
    let billed_and_paid: Vec<String> = paid.into_iter().filter(|claim| billed.contains(claim)).collect();
    bookkeeper.actor.act("projects/claims", "pay", &billed_and_paid, &json!({})).await
}

/// What is over is finished: most of what was due a while ago, not all of it.
pub(crate) async fn finish(firm: &mut Firm, jobs: &[Job]) -> Result<()> {
    let (mut done, mut begun, mut completed, mut closed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, job) in jobs.iter().enumerate() {
        // Every ninth is late and still under way.
        let over = job.due < firm.day(-7) && index % 9 != 0;
        if over {
            done.extend(job.tasks.iter().map(|task| task.id.clone()));
            completed.push(job.id.clone());
            if job.due < firm.day(-90) {
                closed.push(job.id.clone());
            }
        } else if job.start < firm.today {
            let half = job.tasks.len() / 2;
            done.extend(job.tasks.iter().take(half).map(|task| task.id.clone()));
            begun.extend(job.tasks.iter().skip(half).take(2).map(|task| task.id.clone()));
        }
    }
    firm.owner.act("projects/tasks", "finish", &done, &json!({})).await?;
    firm.owner.act("projects/tasks", "start", &begun, &json!({})).await?;
    firm.owner.act("projects/projects", "complete", &completed, &json!({})).await?;
    firm.owner.act("projects/projects", "close", &closed, &json!({})).await
}
