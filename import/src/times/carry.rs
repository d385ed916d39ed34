//! Time on its way through the API: people, clients, projects and tasks are found by name, and made where they are not there.

use super::{Entry, Times, When, Who};
use crate::ids::Ids;
use crate::report::{Report, Weight};
use anyhow::{Context, Result};
use lignaflow_client::Actor;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Entries of one request; each is a commit of its own, so that one at fault stops no other.
const AT_ONCE: usize = 200;

/// Where time goes.
#[derive(Debug, Clone)]
pub struct Organization {
    pub id: String,
    pub name: String,
    pub zone: String,
}

/// The organization of whoever asks.
pub async fn organization(actor: &Actor) -> Result<Organization> {
    let account = actor.get("account").await?;
    let text = |name: &str| {
        let found = account["organization"][name].as_str().map(str::to_owned);
        found.context("the account names its organization")
    };
    Ok(Organization { id: text("id")?, name: text("name")?, zone: text("time_zone")? })
}

/// What was done, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    pub made: usize,
    /// There before, by an import of the same rows.
    pub there: usize,
    pub refused: usize,
}

/// What there is by name.
struct Known {
    people_by_email: BTreeMap<String, String>,
    people_by_name: BTreeMap<String, Option<String>>,
    clients: BTreeMap<String, String>,
    /// By client and name.
    projects: BTreeMap<(String, String), String>,
    tasks: BTreeMap<(String, String), String>,
    activities: BTreeMap<String, String>,
}

fn key(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn text(json: &Json, name: &str) -> String {
    json[name].as_str().unwrap_or_default().to_owned()
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

impl Known {
    async fn of(actor: &Actor) -> Result<Self> {
        let (mut by_email, mut by_name) = (BTreeMap::new(), BTreeMap::new());
        let people = actor.get("people").await?;
        for person in people["data"].as_array().into_iter().flatten() {
            let id = text(person, "id");
            by_email.insert(text(person, "email").to_lowercase(), id.clone());
            // Two of one name are nobody in particular.
            by_name.entry(key(&text(person, "name"))).and_modify(|of| *of = None).or_insert(Some(id));
        }
        by_email.remove("");
        let named = |records: Vec<Json>, name: &str| -> BTreeMap<String, String> {
            records.iter().map(|record| (key(&text(record, name)), text(record, "id"))).collect()
        };
        let clients = named(actor.list("projects/clients?fields=name").await?, "name");
        let mut projects = BTreeMap::new();
        for project in actor.list("projects/projects?fields=name,client&sort=-start").await? {
            let name = key(&text(&project, "name"));
            projects.insert((text(&project, "client"), name.clone()), text(&project, "id"));
            projects.entry((String::new(), name)).or_insert_with(|| text(&project, "id"));
        }
        let mut tasks = BTreeMap::new();
        for task in actor.list("projects/tasks?fields=title,project").await? {
            tasks.insert((text(&task, "project"), key(&text(&task, "title"))), text(&task, "id"));
        }
        let activities = named(actor.list("timesheets/activities?fields=name").await?, "name");
        Ok(Self { people_by_email: by_email, people_by_name: by_name, clients, projects, tasks, activities })
    }

    fn person(&self, who: &Who) -> Option<String> {
        let by_name = || self.people_by_name.get(&key(&who.name)).cloned().flatten();
        self.people_by_email.get(&who.email).cloned().or_else(by_name)
    }

    fn project(&self, client: &str, name: &str) -> Option<String> {
        self.projects.get(&(client.to_owned(), key(name))).cloned()
    }
}

/// What is to be made before time can be.
#[derive(Default)]
struct Made {
    clients: Vec<Json>,
    projects: Vec<Json>,
    tasks: Vec<Json>,
    activities: Vec<Json>,
    /// Who worked on projects that are made.
    members: BTreeMap<String, BTreeSet<String>>,
}

/// Brings time in, or with `dry` tells what would come of it and writes nothing.
///
/// `told` hears of each batch how many rows it had.
pub async fn bring(
    times: &Times,
    organization: &Organization,
    actor: &Actor,
    dry: bool,
    told: &(dyn Fn(usize) + Send + Sync),
) -> Result<(Report, Outcome)> {
    let mut report = times.report.clone();
    let ids = Ids::of_organization(&organization.id);
    let mut known = Known::of(actor).await?;
    let whose: BTreeSet<&Who> = times.entries.iter().map(|entry| &entry.who).collect();
    let mut people: BTreeMap<&Who, String> = BTreeMap::new();
    let mut new = 0;
    for who in &whose {
        let id = if let Some(id) = known.person(who) {
            id
        } else {
            new += 1;
            let what = format!("{} is not there: they come along by name, without a way to sign in", who.name);
            report.find(Weight::Note, "person", &who.name, "", what);
            if dry {
                format!("new {}", key(&who.name))
            } else {
                let added = actor.post("people/placeholders", &json!({ "name": cut(&who.name, 200) })).await?;
                text(&added, "id")
            }
        };
        known.people_by_name.entry(key(&who.name)).or_insert_with(|| Some(id.clone()));
        people.insert(who, id);
    }
    report.count("new people", 0, new);
    let mut made = Made::default();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut records = Vec::with_capacity(times.entries.len());
    for entry in &times.entries {
        let user = people.get(&entry.who).cloned().unwrap_or_default();
        records.push((entry.row, record(times, entry, &user, &ids, &mut known, &mut made, &mut seen)));
    }
    for (what, new) in [
        ("new clients", made.clients.len()),
        ("new projects", made.projects.len()),
        ("new tasks", made.tasks.len()),
        ("new activities", made.activities.len()),
    ] {
        report.count(what, 0, new);
    }
    let all: Vec<String> = records.iter().map(|(_, record)| text(record, "id")).collect();
    let there = actor.standing("timesheets/entries", &all).await?;
    let mut outcome = Outcome { there: there.len(), ..Outcome::default() };
    records.retain(|(_, record)| !record["id"].as_str().is_some_and(|id| there.contains(id)));
    if dry {
        outcome.made = records.len();
        return Ok((report, outcome));
    }
    for project in &mut made.projects {
        let members = made.members.remove(&text(project, "id")).unwrap_or_default();
        project["members"] = json!(members);
    }
    let begun: Vec<String> = made.projects.iter().map(|project| text(project, "id")).collect();
    actor.create("projects/clients", made.clients).await?;
    actor.create("projects/projects", made.projects).await?;
    actor.create("projects/tasks", made.tasks).await?;
    actor.create("timesheets/activities", made.activities).await?;
    for part in records.chunks(AT_ONCE) {
        let operations: Vec<Json> = part.iter().map(|(_, record)| json!({ "create": record })).collect();
        let answer = actor.post("timesheets/entries/batch?partial=true", &json!({ "operations": operations })).await?;
        told(part.len());
        for ((row, _), result) in part.iter().zip(answer["results"].as_array().into_iter().flatten()) {
            let problem = &result["problem"];
            if problem.is_null() {
                outcome.made += 1;
                continue;
            }
            outcome.refused += 1;
            let issue = problem["issues"][0]["message"].as_str().or_else(|| problem["detail"].as_str());
            report.find(Weight::Left, super::TABLE, row, "", issue.unwrap_or("it was refused"));
        }
    }
    actor.act("projects/projects", "activate", &begun, &json!({})).await?;
    Ok((report, outcome))
}

fn record(
    times: &Times,
    entry: &Entry,
    user: &str,
    ids: &Ids,
    known: &mut Known,
    made: &mut Made,
    seen: &mut BTreeMap<String, usize>,
) -> Json {
    let at = match entry.when {
        When::Timed { start, .. } => Some(start),
        When::Untimed { day, .. } => {
            day.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).ok().map(|day| day.timestamp())
        }
    };
    // Rows that say the same are as many entries.
    let Entry { who, client, project, task, activity, note, billable, when, .. } = entry;
    let said = format!("{who:?} {client} {project} {task} {activity} {note} {billable:?} {when:?}");
    let count = seen.entry(said.clone()).and_modify(|count| *count += 1).or_insert(1);
    let id = ids.of(times.preset.name(), &format!("{said} {count}"), at);
    let client = (!client.is_empty()).then(|| {
        known.clients.entry(key(client)).or_insert_with(|| {
            let id = ids.of("times/clients", &key(client), None);
            made.clients.push(json!({ "id": id, "name": cut(client, 200) }));
            id
        })
    });
    let client = client.cloned().unwrap_or_default();
    let mut record = json!({
        "id": id, "user": user, "zone": times.zone_name, "origin": "import", "billable": billable,
        "note": (!note.is_empty()).then(|| cut(note, 2_000)),
    });
    if !project.is_empty() {
        let found = known.project(&client, project).unwrap_or_else(|| {
            let id = ids.of("times/projects", &format!("{client}/{}", key(project)), None);
            made.projects.push(json!({
                "id": id, "name": cut(project, 200), "client": (!client.is_empty()).then_some(&client),
            }));
            made.members.entry(id.clone()).or_default();
            known.projects.insert((client.clone(), key(project)), id.clone());
            id
        });
        if let Some(members) = made.members.get_mut(&found) {
            members.insert(user.to_owned());
        }
        if !task.is_empty() {
            let of = known.tasks.entry((found.clone(), key(task))).or_insert_with(|| {
                let id = ids.of("times/tasks", &format!("{found}/{}", key(task)), None);
                made.tasks.push(json!({ "id": id, "title": cut(task, 200), "project": found }));
                id
            });
            record["task"] = json!(of);
        }
        record["project"] = json!(found);
    }
    if !activity.is_empty() {
        let of = known.activities.entry(key(activity)).or_insert_with(|| {
            let id = ids.of("times/activities", &key(activity), None);
            made.activities.push(json!({ "id": id, "name": cut(activity, 100) }));
            id
        });
        record["activity"] = json!(of);
    }
    match when {
        When::Timed { start, end, .. } => {
            record["started_at"] = json!(start.to_string());
            record["ended_at"] = json!(end.to_string());
        }
        When::Untimed { day, seconds } => {
            record["local_date"] = json!(day.to_string());
            record["duration"] = json!(seconds);
        }
    }
    record
}
