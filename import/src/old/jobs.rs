//! Projects with their rooms, phases and tasks.

use super::Desk;
use super::people::mark;
use super::quotes::{End, Quote};
use super::tables::{PROJECTS, Project, TASKS, Task};
use crate::number::{money, rounded};
use crate::report::Weight;
use jiff::civil::Date;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Something that has states, and the acts that lead to the one it had.
#[derive(Debug, Clone)]
pub(crate) struct Staged {
    pub(crate) record: Json,
    /// Each act with the state that it leads to.
    pub(crate) acts: &'static [(&'static str, &'static str)],
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Jobs {
    pub(crate) projects: Vec<Staged>,
    pub(crate) phases: Vec<Json>,
    pub(crate) locations: Vec<Json>,
    pub(crate) tasks: Vec<Staged>,
}

/// Stands for a phase that a project begins with.
pub(crate) fn phase_mark(project: &str, name: &str) -> String {
    format!("\u{3}{project}/{name}")
}

/// The phases that a project begins with.
const PHASES: [&str; 5] = ["Planning", "Design", "Procurement", "Construction", "Handover"];

fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}

fn project_acts(status: &str) -> Option<&'static [(&'static str, &'static str)]> {
    Some(match word(status).as_str() {
        "" | "draft" | "pending" | "new" | "notstarted" | "planning" | "planned" => &[],
        "inprogress" | "active" | "ongoing" | "started" => &[("activate", "active")],
        "onhold" | "paused" | "hold" => &[("activate", "active"), ("hold", "on-hold")],
        "completed" | "complete" | "done" | "finished" => &[("activate", "active"), ("complete", "completed")],
        "closed" => &[("activate", "active"), ("complete", "completed"), ("close", "closed")],
        "cancelled" | "canceled" | "rejected" => &[("cancel", "cancelled")],
        _ => return None,
    })
}

fn task_acts(status: &str) -> Option<&'static [(&'static str, &'static str)]> {
    Some(match word(status).as_str() {
        "" | "todo" | "pending" | "new" | "notstarted" | "open" => &[],
        "inprogress" | "active" | "started" | "ongoing" => &[("start", "in-progress")],
        "blocked" | "onhold" | "paused" | "waiting" => &[("block", "blocked")],
        "done" | "completed" | "complete" | "finished" | "closed" => &[("finish", "done")],
        _ => return None,
    })
}

fn priority(text: &str) -> Option<&'static str> {
    Some(match word(text).as_str() {
        "low" | "minor" => "low",
        "" | "medium" | "med" | "normal" | "moderate" => "normal",
        "high" | "major" | "important" => "high",
        "urgent" | "critical" | "highest" | "emergency" => "urgent",
        _ => return None,
    })
}

pub(crate) fn plan(desk: &mut Desk<'_>, quotes: &mut [Quote]) -> Jobs {
    let (old, firm) = (desk.old, desk.firm);
    let mut jobs = Jobs::default();
    let mut rooms: BTreeMap<(i64, String), String> = BTreeMap::new();
    let own: Vec<&Project> =
        old.projects.iter().filter(|it| desk.belongs.projects.get(&it.id) == Some(&firm)).collect();
    let mut members: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for timer in &old.timers {
        let project = timer.task.and_then(|id| old.task(id)).and_then(|task| task.project);
        if let (Some(project), Some(user)) = (project, timer.employee)
            && desk.belongs.user(Some(user)) == Some(firm)
        {
            members.entry(project).or_default().insert(desk.people.known(user).unwrap_or_else(|| mark(user)));
        }
    }
    let tasks: Vec<&Task> = old.tasks.iter().filter(|it| desk.belongs.tasks.get(&it.id) == Some(&firm)).collect();
    let mut by_project: BTreeMap<i64, Vec<&Task>> = BTreeMap::new();
    for task in &tasks {
        by_project.entry(task.project.unwrap_or_default()).or_default().push(task);
    }
    let (mut before, mut after) = (0, 0);
    for project in &own {
        let id = desk.ids.of("projects", &project.id.to_string(), project.at);
        for room in &project.rooms {
            location(desk, &mut jobs, &mut rooms, project, room);
        }
        let total = project.total.map_or(0, |total| total.minor(desk.options.digits));
        before += total;
        let net = agreed(desk, project, &id, quotes, total);
        after += net;
        let members = members.remove(&project.id).unwrap_or_default();
        let tasks = by_project.get(&project.id).map_or(&[][..], Vec::as_slice);
        jobs.projects.push(of_project(desk, project, &id, net, members, tasks));
    }
    for task in &tasks {
        let Some(project) = task.project.and_then(|id| old.project(id)) else { continue };
        let room = task.room.as_deref().and_then(|room| location(desk, &mut jobs, &mut rooms, project, room));
        let staged = of_task(desk, task, project, room.as_deref(), &mut jobs.phases);
        jobs.tasks.push(staged);
    }
    desk.report.count("projects", own.len(), jobs.projects.len());
    desk.report.count("tasks", tasks.len(), jobs.tasks.len());
    desk.report.count("rooms of projects", rooms.len(), jobs.locations.len());
    desk.money_total("projects: total, budget before tax", before, after, "the tax of their estimates");
    jobs
}

/// What a project was sold for before tax, and its estimate told that it is that project.
fn agreed(desk: &mut Desk<'_>, project: &Project, id: &str, quotes: &mut [Quote], total: i128) -> i128 {
    let Some(estimate) = project.estimate else { return total };
    let row = project.id;
    let Some(quote) = quotes.iter_mut().find(|quote| quote.row == estimate) else {
        let what = format!("its estimate {estimate} does not come with it");
        desk.report.find(Weight::Left, PROJECTS, row, "estimate_id", what);
        return total;
    };
    let rate = desk.old.estimate(estimate).map_or(0, |it| it.tax.clamp(0, 10_000));
    let net = rounded(total * 10_000, i128::from(10_000 + rate));
    if quote.end != End::Accepted {
        let what = "its estimate was not approved: nothing is agreed for it";
        desk.report.find(Weight::Note, PROJECTS, row, "estimate_id", what);
        return net;
    }
    if quote.steps.iter().any(|step| step["status"] == "converted") {
        let what = format!("estimate {estimate} is another project already: this one comes without it");
        desk.report.find(Weight::Changed, PROJECTS, row, "estimate_id", what);
        return net;
    }
    quote.steps.push(json!({ "status": "converted", "project": id }));
    if total == 0 { quote.net } else { net }
}

fn of_project(
    desk: &mut Desk<'_>,
    project: &Project,
    id: &str,
    net: i128,
    mut members: BTreeSet<String>,
    tasks: &[&Task],
) -> Staged {
    let row = project.id;
    let at = |column| (PROJECTS, row, column);
    let by = desk.person(project.by, at("created_by_id"));
    let manager = desk.person(project.manager, at("assigned_to_id")).or_else(|| by.clone());
    members.extend([&by, &manager].into_iter().flatten().cloned());
    for task in tasks {
        members.extend(desk.person(task.assignee, (TASKS, task.id, "assigned_employee_id")));
    }
    let name = if project.name.is_empty() { "Project" } else { &project.name };
    let (start, due) = desk.in_order(project.start, project.end, (PROJECTS, row));
    let mut notes: Vec<String> = project.description.clone().into_iter().collect();
    if let Some(cost) = project.cost.filter(|cost| cost.0 != 0) {
        let digits = desk.options.digits;
        notes.push(format!("Estimated cost in the old system: {}.", money(cost.minor(digits), digits)));
    }
    let acts = project_acts(&project.status).unwrap_or_else(|| {
        let what = format!("`{}` is no state that is known: it comes as a draft", project.status);
        desk.report.find(Weight::Changed, PROJECTS, row, "status", what);
        &[]
    });
    let budget = (net > 0).then(|| json!({ "minor": i64::try_from(net).ok(), "currency": desk.options.currency }));
    let record = json!({
        "id": id, "name": desk.cut(name, 200, at("project_name")),
        "client": desk.client(&project.client, at("client_name")), "manager": manager,
        "members": members.into_iter().collect::<Vec<_>>(), "start": start, "due": due, "budget": budget,
        "billing": if budget.is_some() { "fixed" } else { "time-and-materials" },
        "notes": (!notes.is_empty()).then(|| desk.cut(&notes.join("\n\n"), 10_000, at("description"))),
    });
    Staged { record, acts }
}

/// A room of a project, once however it is spelled.
fn location(
    desk: &Desk<'_>,
    jobs: &mut Jobs,
    rooms: &mut BTreeMap<(i64, String), String>,
    project: &Project,
    room: &str,
) -> Option<String> {
    let name: String = room.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
    if name.is_empty() {
        return None;
    }
    let key = (project.id, name.to_lowercase());
    if let Some(id) = rooms.get(&key) {
        return Some(id.clone());
    }
    let id = desk.ids.of("locations", &format!("{}/{}", key.0, key.1), project.at);
    let place = 10 * (1 + rooms.keys().filter(|(of, _)| *of == project.id).count());
    jobs.locations.push(json!({
        "id": id, "project": desk.ids.of("projects", &project.id.to_string(), project.at), "name": name,
        "position": place.min(10_000),
    }));
    rooms.insert(key, id.clone());
    Some(id)
}

fn of_task(desk: &mut Desk<'_>, task: &Task, project: &Project, room: Option<&str>, phases: &mut Vec<Json>) -> Staged {
    let row = task.id;
    let at = |column| (TASKS, row, column);
    let project_id = desk.ids.of("projects", &project.id.to_string(), project.at);
    let phase = task.phase.as_deref().map(|phase| {
        if let Some(known) = PHASES.iter().find(|known| word(known) == word(phase)) {
            return phase_mark(&project_id, known);
        }
        let name: String = phase.split_whitespace().collect::<Vec<_>>().join(" ");
        let id = desk.ids.of("phases", &format!("{}/{}", project.id, word(&name)), project.at);
        if !phases.iter().any(|phase| phase["id"] == id.as_str()) {
            phases.push(json!({ "id": id, "project": project_id, "name": name, "position": 100 }));
        }
        id
    });
    let priority = priority(&task.priority).unwrap_or_else(|| {
        let what = format!("`{}` is no priority that is known: it comes as normal", task.priority);
        desk.report.find(Weight::Changed, TASKS, row, "priority", what);
        "normal"
    });
    let acts = task_acts(&task.status).unwrap_or_else(|| {
        let what = format!("`{}` is no state that is known: it comes as to do", task.status);
        desk.report.find(Weight::Changed, TASKS, row, "status", what);
        &[]
    });
    let (start, due) = desk.in_order(task.start, task.due, (TASKS, row));
    let assignee = desk.person(task.assignee, at("assigned_employee_id"));
    let title = if task.name.is_empty() { "Task" } else { &task.name };
    let record = json!({
        "id": desk.ids.of("tasks", &row.to_string(), task.at), "title": desk.cut(title, 200, at("task_name")),
        "project": project_id, "phase": phase, "location": room, "priority": priority, "start": start, "due": due,
        "assignees": assignee.into_iter().collect::<Vec<_>>(),
        "notes": task.description.as_deref().map(|notes| desk.cut(notes, 10_000, at("description"))),
    });
    Staged { record, acts }
}

impl Desk<'_> {
    /// A start and an end; where the end comes before, the start is not known.
    fn in_order(
        &mut self,
        start: Option<Date>,
        end: Option<Date>,
        at: (&'static str, i64),
    ) -> (Option<String>, Option<String>) {
        let wrong = matches!((start, end), (Some(start), Some(end)) if end < start);
        if wrong && let (Some(start), Some(end)) = (start, end) {
            let what = format!("it ends on {end}, before it starts on {start}: the start is left out");
            self.report.find(Weight::Changed, at.0, at.1, "start_date", what);
        }
        let text = |date: Date| date.to_string();
        (start.filter(|_| !wrong).map(text), end.map(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_priorities_are_known_however_they_are_spelled() {
        for (text, known) in
            [("HIGH", Some("high")), ("Medium", Some("normal")), ("critical", Some("urgent")), ("asap", None)]
        {
            assert_eq!(priority(text), known, "{text}");
        }
        let last =
            |acts: Option<&'static [(&str, &'static str)]>| acts.map(|acts| acts.last().map(|(_, state)| *state));
        assert_eq!(last(project_acts("In Progress")), Some(Some("active")));
        assert_eq!(last(project_acts("not_started")), Some(None));
        assert_eq!(last(task_acts("completed")), Some(Some("done")));
        assert_eq!(last(task_acts("halfway")), None);
    }
}
