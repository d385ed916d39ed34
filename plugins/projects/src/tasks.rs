//! What must hold of a task among the others: one project, no circles, and nothing new where a project is closed.

use crate::findings::Findings;
use crate::graph::{Graph, Node, Relation};
use crate::{closed, dates, within};
use lignaflow_sdk::prelude::*;
use lignaflow_sdk::values::Row;
use std::collections::BTreeSet;

/// Tasks loaded by one question.
const PAGE: usize = 500;
/// Links followed one by one before a project's tasks are read at once: a longer chain is rare, and questions cost.
const STEPS: usize = 16;
/// Tasks of the projects in hand beyond which they are not read at once.
const MOST: usize = 5_000;

/// A change of a task, with its place in the batch.
#[derive(Debug, Clone, Copy)]
struct Changed<'a> {
    index: usize,
    change: &'a HookChange,
}

pub(crate) fn check(changes: &[HookChange], findings: &mut Findings) -> Result<(), Fault> {
    let tasks: Vec<Changed<'_>> = changes
        .iter()
        .enumerate()
        .filter(|(_, change)| change.collection == "tasks")
        .map(|(index, change)| Changed { index, change })
        .collect();
    for task in &tasks {
        dates::check(task.index, task.change, findings);
        closed::check(task.index, task.change, "tasks", findings)?;
        if task.change.kind != ChangeKind::Remove {
            within::check(task.index, task.change, &[("phase", "name"), ("location", "name")], findings);
        }
        task.guard_move(findings);
    }
    check_links(&tasks, findings)
}

impl Changed<'_> {
    /// What stays behind must not point at a task that leaves. Checked inside the transaction, with what moves along
    /// in place, and with what others may have added meanwhile.
    fn guard_move(&self, findings: &mut Findings) {
        let Some(left) = closed::left(self.change) else { return };
        let id = self.change.id;
        let behind = field("project").eq(left).and(any([field("parent").eq(id), field("depends_on").includes(id)]));
        let title = self.change.after.text("title").unwrap_or("the task");
        let fault = Fault::new(
            ErrorCode::Conflict,
            format!(
                "Tasks that stay in the old project are part of {title} or depend on it: move or unlink them first."
            ),
        );
        findings.verdict.also.push(ensure_none("tasks", behind, fault));
    }

    /// The links that have to be looked at: those that are new, and all of them where the task comes to other
    /// neighbours, by a move or out of the archive.
    fn new_links(&self, relation: Relation) -> Vec<Id> {
        let HookChange { kind, before, after, .. } = self.change;
        let is = links(after, relation);
        match kind {
            ChangeKind::Remove => Vec::new(),
            ChangeKind::Insert => is,
            ChangeKind::Update if closed::left(self.change).is_some() || before == after => is,
            ChangeKind::Update => {
                let was = links(before, relation);
                is.into_iter().filter(|id| !was.contains(id)).collect()
            }
        }
    }
}

fn links(fields: &Fields, relation: Relation) -> Vec<Id> {
    match relation {
        Relation::Parent => fields.reference("parent").into_iter().collect(),
        Relation::DependsOn => fields.references("depends_on").to_vec(),
    }
}

fn node(fields: &impl ReadFields) -> Node {
    Node {
        title: fields.text("title").unwrap_or_default().to_owned(),
        project: fields.reference("project"),
        parent: fields.reference("parent"),
        depends_on: fields.references("depends_on").to_vec(),
    }
}

fn check_links(tasks: &[Changed<'_>], findings: &mut Findings) -> Result<(), Fault> {
    let mut graph = Graph::default();
    for task in tasks {
        let stays = task.change.kind != ChangeKind::Remove;
        graph.put(task.change.id, stays.then(|| node(&task.change.after)));
    }
    let new: Vec<(Changed<'_>, Relation, Vec<Id>)> = tasks
        .iter()
        .flat_map(|task| Relation::BOTH.map(|relation| (*task, relation, task.new_links(relation))))
        .filter(|(_, _, links)| !links.is_empty())
        .collect();

    let targets = graph.unknown(new.iter().flat_map(|(_, _, links)| links.iter().copied()));
    load(&mut graph, &targets)?;
    for (task, relation, links) in &new {
        check_targets(*task, *relation, links, &graph, findings);
    }

    // Nothing that is stored points at a task that is only now inserted: a circle through stored tasks takes a new link
    // from one of them.
    if new.iter().any(|(task, ..)| task.change.kind == ChangeKind::Update) {
        explore(&mut graph, &new.iter().map(|(task, ..)| task.change.id).collect::<Vec<_>>())?;
    }
    for (task, relation, links) in &new {
        if !links.contains(&task.change.id)
            && let Some(circle) = graph.circle(task.change.id, *relation)
        {
            findings.add(task.index, relation.field(), "cycle", circle_message(&circle, *relation, &graph));
        }
    }
    Ok(())
}

fn check_targets(task: Changed<'_>, relation: Relation, links: &[Id], graph: &Graph, findings: &mut Findings) {
    let project = task.change.after.reference("project");
    for link in links {
        let message = match graph.get(*link) {
            _ if *link == task.change.id => {
                let what = match relation {
                    Relation::Parent => "A task cannot be part of itself.",
                    Relation::DependsOn => "A task cannot depend on itself.",
                };
                findings.add(task.index, relation.field(), "cycle", what);
                continue;
            }
            Some(other) if other.project == project => continue,
            Some(other) => format!("{} belongs to another project: choose a task of this.", other.title),
            None => "There is no such task in this project.".to_owned(),
        };
        findings.add(task.index, relation.field(), "other-project", message);
    }
}

/// "Order timber → Cut → Order timber", the middle of a long one left out.
fn circle_message(circle: &[Id], relation: Relation, graph: &Graph) -> String {
    let mut titles: Vec<_> = circle.iter().map(|id| graph.get(*id).map_or("?", |node| node.title.as_str())).collect();
    if titles.len() > 8 {
        titles.splice(4..titles.len() - 3, ["…"]);
    }
    let way = titles.join(" → ");
    match relation {
        Relation::Parent => format!("A task would be part of itself: {way}."),
        Relation::DependsOn => format!("Tasks would wait for each other: {way}."),
    }
}

/// Loads what the links lead to from here, until nothing on the way is unknown.
fn explore(graph: &mut Graph, starts: &[Id]) -> Result<(), Fault> {
    for _ in 0..STEPS {
        let frontier = graph.frontier(starts);
        if frontier.is_empty() {
            return Ok(());
        }
        load(graph, &frontier)?;
    }
    let projects: BTreeSet<Id> = starts.iter().filter_map(|id| graph.get(*id)?.project).collect();
    let selection = stored().filter(field("project").within(projects));
    let all = records::find_all(selection, MOST)?.ok_or_else(|| {
        Fault::new(ErrorCode::Quota, format!("More than {MOST} tasks: too many to follow what depends on what."))
    })?;
    let frontier = graph.frontier(starts);
    let found: Vec<_> = all.iter().filter_map(|fields| Some((fields.reference("id")?, node(fields)))).collect();
    graph.learn(&frontier, found);
    Ok(())
}

fn load(graph: &mut Graph, ids: &BTreeSet<Id>) -> Result<(), Fault> {
    let ids_in_order: Vec<Id> = ids.iter().copied().collect();
    for some in ids_in_order.chunks(PAGE) {
        let page = records::find(stored().filter(field("id").within(some)))?;
        let found: Vec<_> =
            page.records().filter_map(|row: Row<'_>| Some((row.reference("id")?, node(&row)))).collect();
        graph.learn(&some.iter().copied().collect(), found);
    }
    Ok(())
}

fn stored() -> lignaflow_sdk::select::Select {
    select("tasks").as_plugin().columns(["id", "title", "project", "parent", "depends_on"])
}
