//! How far a project has come: by tasks, by planned effort, and what is late.

use lignaflow_sdk::prelude::*;
use serde::Serialize;

/// The answer, as `plugin.toml` declares it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Progress {
    project: Id,
    tasks: Tasks,
    planned_minutes: Minutes,
    overdue: i64,
    by_tasks: Option<i64>,
    by_effort: Option<i64>,
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

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let project = request.id("id")?;
    if records::get_for_caller("projects", project, &["id"])?.is_none() {
        return Err(Fault::not_found("project"));
    }
    let today = context::caller()?.today()?;
    let figures = records::summarize(
        summarize("tasks")
            .filter(field("project").eq(project))
            .group("status")
            .measure(count().named("tasks"))
            .measure(sum("planned_minutes").named("minutes"))
            .measure(count().named("overdue").filter(field("due").less_than(today).and(field("status").ne("done")))),
    )?;
    reply::json(&of(project, &figures))
}

/// From one row for each status.
fn of(project: Id, figures: &Page) -> Progress {
    let (mut tasks, mut planned, mut overdue) = (Tasks::default(), Minutes::default(), 0);
    for row in figures.records() {
        let number = |name| row.integer(name).unwrap_or(0);
        let count = number("tasks");
        tasks.total += count;
        planned.total += number("minutes");
        overdue += number("overdue");
        match row.text("status") {
            Some("in-progress") => tasks.in_progress += count,
            Some("blocked") => tasks.blocked += count,
            Some("done") => {
                tasks.done += count;
                planned.done += number("minutes");
            }
            // What has no status yet is still to do.
            _ => tasks.todo += count,
        }
    }
    Progress {
        project,
        by_tasks: share(tasks.done, tasks.total),
        by_effort: share(planned.done, planned.total),
        tasks,
        planned_minutes: planned,
        overdue,
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

    fn page(rows: &[(&str, i64, Option<i64>, i64)]) -> Page {
        Page {
            columns: ["status", "tasks", "minutes", "overdue"].map(str::to_owned).into(),
            rows: rows
                .iter()
                .map(|(status, tasks, minutes, overdue)| {
                    vec![status.into_value(), tasks.into_value(), minutes.into_value(), overdue.into_value()]
                })
                .collect(),
            next: None,
        }
    }

    #[test]
    fn figures_are_added_up_over_the_statuses() {
        let project = Id::fresh();
        let progress =
            of(project, &page(&[("todo", 2, None, 1), ("in-progress", 1, Some(30), 0), ("done", 1, Some(60), 0)]));
        assert_eq!(progress.tasks, Tasks { total: 4, todo: 2, in_progress: 1, blocked: 0, done: 1 });
        assert_eq!(progress.planned_minutes, Minutes { total: 90, done: 60 });
        assert_eq!((progress.overdue, progress.by_tasks, progress.by_effort), (1, Some(2500), Some(6666)));
    }

    #[test]
    fn of_nothing_there_is_no_share() {
        let progress = of(Id::fresh(), &page(&[]));
        assert_eq!((progress.by_tasks, progress.by_effort), (None, None));
        let progress = of(Id::fresh(), &page(&[("done", 1, None, 0)]));
        assert_eq!((progress.by_tasks, progress.by_effort), (Some(10_000), None));
    }
}
