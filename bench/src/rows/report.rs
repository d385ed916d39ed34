//! Hours of a year of a firm of 200 people, summarised by project, person and month, as a report asks for them.

use anyhow::Result;

use super::Stage;
use crate::compare::Call;
use crate::fill::fill_entries;
use crate::postgres::Postgres;
use crate::report::{Comparison, Line, Report};

const HOURS: &str = "/api/v1/timesheets/entries/summary?group=project,user,local_date:month&count=id&sum=duration\
     &sort=project,user,local_date&limit=10000";
/// As many a second as a statement that takes 1.2 times as long.
const BAR: f64 = 0.83;

pub(super) async fn report(stage: &Stage<'_>, postgres: &Postgres, entries: u32, report: &mut Report) -> Result<()> {
    eprintln!("      {entries} time entries are filled in");
    fill_entries(stage.host, stage.arena.token, postgres, entries).await?;
    stage.same(HOURS, "/entries/summary", |answer| &answer["data"]).await?;
    // The database is busy enough with two at a time.
    let sides = [stage.host(Call::get(HOURS).over(2)), stage.limit("limit", Call::get("/entries/summary").over(2))];
    let figures = stage.arena.run("report", &sides).await?;
    let what = format!("summary of {entries} time entries by project, person and month");
    report.lines.push(Line::ratio(what.clone(), figures[0].of(&figures[1]), BAR));
    report.comparisons.push(Comparison { what, figures });
    Ok(())
}
