//! How far a project has come: by tasks, by planned effort and by its own word; what is late; and the same phase by phase.

use lignaflow_sdk::prelude::*;
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Phases with tasks in a state, of one project.
const MOST: u16 = 1_000;
const TOO_MANY: &str = "This project has more phases than progress can be told of.";

/// The answer, as `plugin.toml` declares it.
#[derive(Debug, PartialEq, Serialize)]
struct Progress {
    project: Id,
    tasks: Tasks,
    planned_minutes: Minutes,
    overdue: i64,
    by_tasks: Option<i64>,
    by_effort: Option<i64>,
    by_hand: Option<i64>,
    figures: Vec<Json>,
    rows: Vec<Json>,
    total: Json,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Tasks {
    total: i64,
    todo: i64,
    in_progress: i64,
    blocked: i64,
    done: i64,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Minutes {
    total: i64,
    done: i64,
}

/// What there is to do of something, and what is done of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Work {
    tasks: Tasks,
    planned: Minutes,
    overdue: i64,
}

impl Work {
    /// With one row of the figures: the tasks of one state.
    fn add(&mut self, row: &lignaflow_sdk::values::Row<'_>) {
        let number = |name| row.integer(name).unwrap_or(0);
        let (count, minutes) = (number("tasks"), number("minutes"));
        self.tasks.total += count;
        self.planned.total += minutes;
        self.overdue += number("overdue");
        match row.text("status") {
            Some("in-progress") => self.tasks.in_progress += count,
            Some("blocked") => self.tasks.blocked += count,
            Some("done") => {
                self.tasks.done += count;
                self.planned.done += minutes;
            }
            // What has no status yet is still to do.
            _ => self.tasks.todo += count,
        }
    }

    fn by_tasks(&self) -> Option<i64> {
        share(self.tasks.done, self.tasks.total)
    }

    fn by_effort(&self) -> Option<i64> {
        share(self.planned.done, self.planned.total)
    }

    fn row(&self, title: &str) -> Json {
        json!({
            "title": title, "tasks_total": self.tasks.total, "tasks_done": self.tasks.done, "overdue": self.overdue,
            "planned": self.planned.total, "planned_done": self.planned.done, "by_tasks": self.by_tasks(),
            "by_effort": self.by_effort(),
        })
    }
}

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let project = request.id("id")?;
    let record = records::get_for_caller("projects", project, &["completion"])?;
    let record = record.ok_or_else(|| Fault::not_found("project"))?;
    let today = context::caller()?.today()?;
    let late = field("due").less_than(today).and(field("status").ne("done"));
    let figures = records::summarize(
        summarize("tasks")
            .filter(field("project").eq(project))
            .group("phase")
            .group("status")
            .measure(count().named("tasks"))
            .measure(sum("planned_minutes").named("minutes"))
            .measure(count().named("overdue").filter(late))
            .limit(MOST),
    )?;
    if figures.next.is_some() {
        return Err(Fault::new(ErrorCode::Quota, TOO_MANY));
    }
    let phases = select("phases").columns(["id", "name"]).filter(field("project").eq(project)).sort("position");
    let phases = records::find_all(phases, usize::from(MOST))?;
    let phases = phases.ok_or_else(|| Fault::new(ErrorCode::Quota, TOO_MANY))?;
    let names = phases.iter().filter_map(|phase| Some((phase.reference("id")?, phase.text("name")?.to_owned())));
    reply::json(&of(project, &figures, &names.collect::<Vec<_>>(), record.integer("completion")))
}

/// From one row for each phase and status; phases in their order.
fn of(project: Id, figures: &Page, phases: &[(Id, String)], by_hand: Option<i64>) -> Progress {
    let mut all = Work::default();
    let mut each: BTreeMap<Option<Id>, Work> = BTreeMap::new();
    for row in figures.records() {
        all.add(&row);
        // One that is archived is none of the project's any more.
        let phase = row.reference("phase").filter(|phase| phases.iter().any(|(id, _)| id == phase));
        each.entry(phase).or_default().add(&row);
    }
    let tasks_of = |phase: Option<Id>| {
        let phase = phase.map_or_else(|| "[is_null]=true".to_owned(), |phase| format!("={phase}"));
        format!("/api/v1/projects/tasks?filter[project]={project}&filter[phase]{phase}")
    };
    let named = phases.iter().map(|(id, name)| (Some(*id), name.as_str())).chain([(None, "In no phase")]);
    let rows = named.filter_map(|(phase, name)| {
        let mut row = each.get(&phase)?.row(name);
        row["records"] = json!(tasks_of(phase));
        Some(row)
    });
    let (by_tasks, by_effort) = (all.by_tasks(), all.by_effort());
    let told = [("By tasks", by_tasks), ("By effort", by_effort), ("By hand", by_hand)];
    Progress {
        project,
        by_tasks,
        by_effort,
        by_hand,
        figures: told.map(|(title, percent)| json!({ "title": title, "percent": percent })).to_vec(),
        rows: rows.collect(),
        total: all.row("All"),
        tasks: all.tasks,
        planned_minutes: all.planned,
        overdue: all.overdue,
    }
}

/// In basis points, rounded down so that only all of it is 10000; of nothing there is no share.
fn share(part: i64, whole: i64) -> Option<i64> {
    let points = i128::from(part) * 10_000 / (whole > 0).then(|| i128::from(whole))?;
    i64::try_from(points).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row<'a> = (Option<Id>, &'a str, i64, Option<i64>, i64);

    fn page(rows: &[Row<'_>]) -> Page {
        Page {
            columns: ["phase", "status", "tasks", "minutes", "overdue"].map(str::to_owned).into(),
            rows: rows
                .iter()
                .map(|(phase, status, tasks, minutes, overdue)| {
                    let phase = phase.into_value();
                    let figures = [tasks.into_value(), minutes.into_value(), overdue.into_value()];
                    [phase, status.into_value()].into_iter().chain(figures).collect()
                })
                .collect(),
            next: None,
        }
    }

    #[test]
    fn figures_are_added_up_over_phases_and_statuses() {
        let (project, build) = (Id::fresh(), Id::fresh());
        let rows = [
            (Some(build), "todo", 2, None, 1),
            (None, "in-progress", 1, Some(30), 0),
            (Some(build), "done", 1, Some(60), 0),
        ];
        let progress = of(project, &page(&rows), &[(build, "Build".to_owned())], Some(7_000));
        assert_eq!(progress.tasks, Tasks { total: 4, todo: 2, in_progress: 1, blocked: 0, done: 1 });
        assert_eq!(progress.planned_minutes, Minutes { total: 90, done: 60 });
        assert_eq!((progress.overdue, progress.by_tasks, progress.by_effort), (1, Some(2500), Some(6666)));
        let told = |name: &str| progress.rows.iter().map(|row| row[name].clone()).collect::<Vec<_>>();
        assert_eq!(told("title"), [json!("Build"), json!("In no phase")]);
        assert_eq!(told("by_tasks"), [json!(3333), json!(0)]);
        for name in ["tasks_total", "tasks_done", "overdue", "planned", "planned_done"] {
            let sum: i64 = told(name).iter().map(|figure| figure.as_i64().unwrap()).sum();
            assert_eq!(progress.total[name], sum, "{name}");
        }
        assert_eq!(progress.figures[2], json!({ "title": "By hand", "percent": 7_000 }));
    }

    #[test]
    fn of_nothing_there_is_no_share() {
        let progress = of(Id::fresh(), &page(&[]), &[], None);
        assert_eq!((progress.by_tasks, progress.by_effort, progress.rows.len()), (None, None, 0));
        let progress = of(Id::fresh(), &page(&[(None, "done", 1, None, 0)]), &[], None);
        assert_eq!((progress.by_tasks, progress.by_effort), (Some(10_000), None));
    }
}
