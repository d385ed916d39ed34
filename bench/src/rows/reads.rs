//! The list of 50 of all tasks with the projects that they belong to, and the summary by project.

use anyhow::Result;

use super::Stage;
use crate::compare::Call;
use crate::report::{Comparison, Line, Report, shown};

/// In the order of a field that the host indexes: its own sort is measured beside it.
pub(super) const LIST: &str = "/api/v1/projects/tasks?limit=50&sort=title&fields=title,project,status,priority,due,planned_minutes\
     &expand=project";
/// As a client asks that names nothing: the collection's own sort, all fields.
const BARE: &str = "/api/v1/projects/tasks?expand=project";
pub(super) const SUMMARY: &str =
    "/api/v1/projects/tasks/summary?group=project&count=id&sum=planned_minutes&sort=project";

pub(super) async fn list(stage: &Stage<'_>, report: &mut Report) -> Result<()> {
    stage.same(LIST, "/tasks", |answer| &answer["data"]).await?;
    let sides = [
        stage.host(Call::get(LIST)),
        stage.limit("limit", Call::get("/tasks")),
        stage.limit("limit, token apart", Call::get("/plain/tasks")),
    ];
    let what = format!("list of 50 of {} tasks with their projects", stage.filled.tasks);
    let figures = stage.arena.run("list", &sides).await?;
    report.lines.push(Line::ratio(what.clone(), figures[0].of(&figures[1]), 0.8));
    report.lines.push(Line::shown(
        "the same where the limit, too, asks for the token in a statement of its own",
        shown(figures[0].of(&figures[2])),
    ));
    report.comparisons.push(Comparison { what, figures });

    let figures = stage.arena.run("list as it comes", &[stage.host(Call::get(BARE))]).await?;
    let what = "list in the collection's own order, all fields".to_owned();
    report.comparisons.push(Comparison { what, figures });
    Ok(())
}

pub(super) async fn summary(stage: &Stage<'_>, report: &mut Report) -> Result<()> {
    stage.same(SUMMARY, "/tasks/summary", |answer| &answer["data"]).await?;
    // The database is busy enough with four at a time.
    let sides = [stage.host(Call::get(SUMMARY).over(4)), stage.limit("limit", Call::get("/tasks/summary").over(4))];
    let figures = stage.arena.run("summary", &sides).await?;
    let what = format!("summary of {} tasks by project", stage.filled.tasks);
    report.lines.push(Line::ratio(what.clone(), figures[0].of(&figures[1]), 1.0));
    report.comparisons.push(Comparison { what, figures });
    Ok(())
}
