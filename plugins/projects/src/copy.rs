//! A project made from another: the same tasks, parents and dependencies, every date moved to a new start.

use crate::dates::Shift;
use lignaflow_sdk::prelude::*;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Tasks beyond which a project is not copied in one transaction.
const MOST: usize = 2_000;

/// Fields that a copy takes over as they are. States begin anew, names and dates are told by the caller.
const PROJECT: [&str; 6] = ["site", "members", "billing", "budget_minutes", "budget", "notes"];
const TASK: [&str; 6] = ["title", "priority", "planned_minutes", "planned_cost", "billable", "notes"];

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
    let mut columns = vec!["client", "manager", "start", "due"];
    columns.extend(PROJECT);
    // Whoever sees a project copies all of it, also what they may not see: the plan would be another one without.
    let gone = || Fault::not_found("project");
    records::get_for_caller("projects", id, &["id"])?.ok_or_else(gone)?;
    let project = records::get("projects", id, &columns)?.ok_or_else(gone)?;
    let mut columns = vec!["id", "parent", "depends_on", "assignees", "start", "due"];
    columns.extend(TASK);
    let tasks = select("tasks").as_plugin().columns(columns).filter(field("project").eq(id)).sort("id");
    let tasks = records::find_all(tasks, MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, format!("More than {MOST} tasks are not copied at once.")))?;

    let client = wish.client.or(project.reference("client"));
    check_code(wish.code.as_deref())?;
    check_client(client)?;
    let source = Source { client, staff: staff(&project, &tasks)?, project, tasks };
    let new = context::new_id()?;
    let writes = source.copied(new, &wish, context::new_id)?;
    Ok(reply::saved("projects", new).with_status(201).with_writes(writes))
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

fn check_client(client: Option<Id>) -> Result<(), Fault> {
    match client {
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
    tasks: Vec<Fields>,
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
        let project = insert("projects", new)
            .set("name", wish.name.as_str())
            .set("code", wish.code.as_deref())
            .set("client", self.client)
            .set("manager", self.project.reference("manager").filter(|id| self.staff.contains(id)))
            .set("members", self.still_here(self.project.references("members")))
            .set("start", wish.start)
            .set("due", shift.apply(self.project.date("due"))?);
        let mut writes = vec![with(project, &self.project, &PROJECT, &["members"]).into()];

        let mut ids = BTreeMap::new();
        for task in &self.tasks {
            if let Some(old) = task.reference("id") {
                ids.insert(old, new_id()?);
            }
        }
        let mapped = |old: &Id| ids.get(old).copied();
        for task in &self.tasks {
            let Some(id) = task.reference("id").as_ref().and_then(mapped) else { continue };
            let depends_on: Vec<Id> = task.references("depends_on").iter().filter_map(mapped).collect();
            let copy = insert("tasks", id)
                .set("project", new)
                .set("parent", task.reference("parent").as_ref().and_then(mapped))
                .set("depends_on", depends_on)
                .set("assignees", self.still_here(task.references("assignees")))
                .set("start", shift.apply(task.date("start"))?)
                .set("due", shift.apply(task.date("due"))?);
            writes.push(with(copy, task, &TASK, &[]).into());
        }
        Ok(writes)
    }

    /// The day that moves to the new start: the project's own start, or else the first day that it speaks of.
    fn start(&self) -> Option<Date> {
        self.project.date("start").or_else(|| {
            let tasks = self.tasks.iter().flat_map(|task| [task.date("start"), task.date("due")]);
            tasks.chain([self.project.date("due")]).flatten().min()
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
