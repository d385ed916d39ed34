//! A project made from another: the same phases, locations, milestones and tasks with their parents, dependencies and
//! checklists, every date moved to a new start.

use crate::dates::Shift;
use lignaflow_sdk::prelude::*;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Tasks, or other parts of one kind, beyond which a project is not copied in one transaction.
const MOST: usize = 1_000;

/// Fields that a copy takes over as they are. States begin anew, names and dates are told by the caller.
const PROJECT: [&str; 11] = [
    "address",
    "members",
    "billing",
    "budget_minutes",
    "budget",
    "budget_price",
    "budget_period",
    "carry_over",
    "alert_of",
    "alert_at",
    "notes",
];
const TASK: [&str; 7] = ["title", "priority", "planned_minutes", "planned_cost", "billable", "extra", "notes"];
const PHASE: [&str; 2] = ["name", "position"];
const LOCATION: [&str; 3] = ["name", "position", "notes"];
const MILESTONE: [&str; 2] = ["title", "amount"];
const CHECK: [&str; 2] = ["title", "position"];

/// The body, as `plugin.toml` declares it.
#[derive(Debug, Deserialize)]
struct Body {
    name: String,
    code: Option<String>,
    client: Option<String>,
    start: String,
}

/// What the caller wants.
#[derive(Debug)]
struct Wish {
    name: String,
    code: Option<String>,
    client: Option<Id>,
    start: Date,
}

impl TryFrom<Body> for Wish {
    type Error = Fault;
    fn try_from(body: Body) -> Result<Self, Fault> {
        let start = body.start.parse();
        let client = body.client.as_deref().map(str::parse).transpose();
        let mut issues = Vec::new();
        if body.name.trim().is_empty() {
            issues.push(Issue::new("/name", "required", "Name is required."));
        }
        if client.is_err() {
            issues.push(Issue::new("/client", "type", "Expected the id of a client, a UUID."));
        }
        if start.is_err() {
            issues.push(Issue::new("/start", "type", "Expected a date such as \"2027-02-01\"."));
        }
        match (start, client) {
            (Ok(start), Ok(client)) if issues.is_empty() => {
                Ok(Self { name: body.name, code: body.code, client, start })
            }
            _ => Err(Fault::invalid(issues)),
        }
    }
}

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let wish = Wish::try_from(request.json::<Body>()?)?;
    let id = request.id("id")?;
    let mut columns = vec!["client", "site", "manager", "start", "due"];
    columns.extend(PROJECT);
    // Whoever sees a project copies all of it, also what they may not see: the plan would be another one without.
    let gone = || Fault::not_found("project");
    records::get_for_caller("projects", id, &["id"])?.ok_or_else(gone)?;
    let project = records::get("projects", id, &columns)?.ok_or_else(gone)?;
    let tasks = parts(
        "tasks",
        "project",
        id,
        &["parent", "depends_on", "phase", "location", "assignees", "start", "due"],
        &TASK,
    )?;
    let phases = parts("phases", "project", id, &["start", "due"], &PHASE)?;
    let locations = parts("locations", "project", id, &[], &LOCATION)?;
    let milestones = parts("milestones", "project", id, &["phase", "due"], &MILESTONE)?;
    let checklist = parts("checklist", "task.project", id, &["task"], &CHECK)?;

    let client = wish.client.or(project.reference("client"));
    check_code(wish.code.as_deref())?;
    check_client(wish.client)?;
    let staff = staff(&project, &tasks)?;
    let source = Source { project, phases, locations, milestones, tasks, checklist, client, staff };
    let new = context::new_id()?;
    let writes = source.copied(new, &wish, context::new_id)?;
    Ok(reply::saved("projects", new).with_status(201).with_writes(writes))
}

/// What belongs to a project, with the fields that are mapped and those that are taken over.
fn parts(collection: &str, via: &str, project: Id, mapped: &[&str], taken: &[&str]) -> Result<Vec<Fields>, Fault> {
    let columns = ["id"].iter().chain(mapped).chain(taken).copied();
    let all = select(collection).as_plugin().columns(columns).filter(field(via).eq(project)).sort("id");
    records::find_all(all, MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, format!("More than {MOST} {collection} are not copied at once.")))
}

/// Told here, where the fault has its place in the body; a race is left to the unique rule.
fn check_code(code: Option<&str>) -> Result<(), Fault> {
    let Some(code) = code else { return Ok(()) };
    let taken = select("projects").as_plugin().columns(["id"]).filter(field("code").eq(code)).limit(1);
    if records::find(taken)?.rows.is_empty() {
        return Ok(());
    }
    let message = format!("Another project has the code {code} already.");
    Err(Fault { code: ErrorCode::Conflict, ..Fault::at("/code", "duplicate", message) })
}

/// Another client is one that the caller sees; the original's comes along.
fn check_client(named: Option<Id>) -> Result<(), Fault> {
    match named {
        Some(client) if records::get_for_caller("clients", client, &["id"])?.is_none() => {
            Err(Fault::at("/client", "unknown-reference", "This client is archived or not there: name another."))
        }
        _ => Ok(()),
    }
}

/// Those of the people concerned who are still with the organization.
fn staff(project: &Fields, tasks: &[Fields]) -> Result<BTreeSet<Id>, Fault> {
    let concerned: BTreeSet<Id> = project
        .reference("manager")
        .into_iter()
        .chain(project.references("members").iter().copied())
        .chain(tasks.iter().flat_map(|task| task.references("assignees").iter().copied()))
        .collect();
    let mut staff = BTreeSet::new();
    for id in concerned {
        if people::person(id)?.is_some_and(|person| person.active) {
            staff.insert(id);
        }
    }
    Ok(staff)
}

/// What a copy is made from.
#[derive(Debug)]
struct Source {
    project: Fields,
    phases: Vec<Fields>,
    locations: Vec<Fields>,
    milestones: Vec<Fields>,
    tasks: Vec<Fields>,
    checklist: Vec<Fields>,
    client: Option<Id>,
    staff: BTreeSet<Id>,
}

impl Source {
    fn copied(
        &self,
        new: Id,
        wish: &Wish,
        mut new_id: impl FnMut() -> Result<Id, Fault>,
    ) -> Result<Vec<Mutation>, Fault> {
        let shift = self.start().map_or(Shift::none(), |start| Shift::between(start, wish.start));
        // A site is one of the client's.
        let site = self.project.reference("site").filter(|_| self.client == self.project.reference("client"));
        let project = insert("projects", new)
            .set("name", wish.name.as_str())
            .set("code", wish.code.as_deref())
            .set("client", self.client)
            .set("site", site)
            .set("manager", self.project.reference("manager").filter(|id| self.staff.contains(id)))
            .set("members", self.still_here(self.project.references("members")))
            .set("start", wish.start)
            .set("due", shift.apply(self.project.date("due"))?);
        let mut writes = vec![with(project, &self.project, &PROJECT, &["members"]).into()];

        let mut ids = BTreeMap::new();
        for part in
            [&self.phases, &self.locations, &self.milestones, &self.tasks, &self.checklist].into_iter().flatten()
        {
            if let Some(old) = part.reference("id") {
                ids.insert(old, new_id()?);
            }
        }
        let mapped = |old: &Id| ids.get(old).copied();
        let of = |part: &Fields, name: &str| part.reference(name).as_ref().and_then(mapped);
        for phase in &self.phases {
            let Some(id) = of(phase, "id") else { continue };
            let copy = insert("phases", id)
                .set("project", new)
                .set("start", shift.apply(phase.date("start"))?)
                .set("due", shift.apply(phase.date("due"))?);
            writes.push(with(copy, phase, &PHASE, &[]).into());
        }
        for location in &self.locations {
            let Some(id) = of(location, "id") else { continue };
            writes.push(with(insert("locations", id).set("project", new), location, &LOCATION, &[]).into());
        }
        for milestone in &self.milestones {
            let Some(id) = of(milestone, "id") else { continue };
            let copy = insert("milestones", id)
                .set("project", new)
                .set("phase", of(milestone, "phase"))
                .set("due", shift.apply(milestone.date("due"))?);
            writes.push(with(copy, milestone, &MILESTONE, &[]).into());
        }
        for task in &self.tasks {
            let Some(id) = of(task, "id") else { continue };
            let depends_on: Vec<Id> = task.references("depends_on").iter().filter_map(mapped).collect();
            let copy = insert("tasks", id)
                .set("project", new)
                .set("parent", of(task, "parent"))
                .set("phase", of(task, "phase"))
                .set("location", of(task, "location"))
                .set("depends_on", depends_on)
                .set("assignees", self.still_here(task.references("assignees")))
                .set("start", shift.apply(task.date("start"))?)
                .set("due", shift.apply(task.date("due"))?);
            writes.push(with(copy, task, &TASK, &[]).into());
        }
        for check in &self.checklist {
            let (Some(id), Some(task)) = (of(check, "id"), of(check, "task")) else { continue };
            writes.push(with(insert("checklist", id).set("task", task), check, &CHECK, &[]).into());
        }
        Ok(writes)
    }

    /// The day that moves to the new start: the project's own start, or else the first day that it speaks of.
    fn start(&self) -> Option<Date> {
        self.project.date("start").or_else(|| {
            let of = |part: &Fields| [part.date("start"), part.date("due")];
            let parts = [&self.phases, &self.milestones, &self.tasks].into_iter().flatten().flat_map(of);
            parts.chain([self.project.date("due")]).flatten().min()
        })
    }

    fn still_here(&self, people: &[Id]) -> Vec<Id> {
        people.iter().copied().filter(|id| self.staff.contains(id)).collect()
    }
}

/// Takes the named fields over, but for those that were set apart.
fn with(
    mut write: lignaflow_sdk::writes::Write,
    from: &Fields,
    names: &[&str],
    apart: &[&str],
) -> lignaflow_sdk::writes::Write {
    for name in names.iter().filter(|name| !apart.contains(name)) {
        if let Some(value) = from.value(name) {
            write = write.set(*name, value);
        }
    }
    write
}
