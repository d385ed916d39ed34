//! A project's plan against what became of it, by phase, location or task, and what it will have taken at its end.
//!
//! Each task stands in one row with all that was planned and done in it; what was spent on no task stands in the row that
//! the cost itself names. The total adds up the rows that are shown. A task that is done takes no more than it took; one
//! that is not takes what was planned, or what it took already where that is more. What was bought for a phase and for no
//! task of it is what the goods that its open tasks still plan have become: it is in the forecast once.

use crate::sums::{LeftOut, Purse, all};
use lignaflow_sdk::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// Tasks of one project that are reported at once.
const MOST: usize = 5_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Phase,
    Location,
    Task,
}

impl By {
    const fn name(self) -> &'static str {
        match self {
            Self::Phase => "phase",
            Self::Location => "location",
            Self::Task => "task",
        }
    }
}

/// Minutes, and minor units of one currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Figures {
    planned_minutes: i64,
    worked_minutes: i64,
    forecast_minutes: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    planned_cost: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labour_cost: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_cost: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actual_cost: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forecast_cost: Option<i64>,
}

impl Figures {
    /// Without what tells of what work cost.
    const fn without_labour(mut self) -> Self {
        self.labour_cost = None;
        self.actual_cost = None;
        self.forecast_cost = None;
        self
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, more: Self) {
        let add = |one: &mut i64, other: i64| *one = one.saturating_add(other);
        add(&mut self.planned_minutes, more.planned_minutes);
        add(&mut self.worked_minutes, more.worked_minutes);
        add(&mut self.forecast_minutes, more.forecast_minutes);
        for (one, other) in [
            (&mut self.planned_cost, more.planned_cost),
            (&mut self.labour_cost, more.labour_cost),
            (&mut self.other_cost, more.other_cost),
            (&mut self.actual_cost, more.actual_cost),
            (&mut self.forecast_cost, more.forecast_cost),
        ] {
            if let Some(other) = other {
                *one = Some(one.unwrap_or(0).saturating_add(other));
            }
        }
    }
}

/// What is known of one task, or of what belongs to none.
#[derive(Debug, Clone, Copy, Default)]
struct Work {
    done: bool,
    planned_minutes: i64,
    planned_cost: i64,
    worked_minutes: i64,
    labour_cost: i64,
    other_cost: i64,
    /// What was spent on it and stands in another row, which counts it.
    elsewhere: i64,
}

impl Work {
    /// What of its plan is to be bought still: of a task that plans no time and is not done.
    fn to_procure(self) -> i64 {
        if self.done || self.planned_minutes != 0 {
            return 0;
        }
        let spent = self.labour_cost.saturating_add(self.other_cost).saturating_add(self.elsewhere);
        self.planned_cost.saturating_sub(spent).max(0)
    }

    fn figures(self, with_money: bool) -> Figures {
        let actual_cost = self.labour_cost.saturating_add(self.other_cost);
        // Of what is done nothing is to come, wherever its costs stand.
        let elsewhere = if self.done { 0 } else { self.elsewhere };
        let at_end = |planned: i64, actual: i64| if self.done { actual } else { planned.max(actual) };
        let money = |amount| Some(amount).filter(|_| with_money);
        Figures {
            planned_minutes: self.planned_minutes,
            worked_minutes: self.worked_minutes,
            forecast_minutes: at_end(self.planned_minutes, self.worked_minutes),
            planned_cost: money(self.planned_cost),
            labour_cost: money(self.labour_cost),
            other_cost: money(self.other_cost),
            actual_cost: money(actual_cost),
            forecast_cost: money(
                at_end(self.planned_cost, actual_cost.saturating_add(elsewhere)).saturating_sub(elsewhere),
            ),
        }
    }
}

#[derive(Debug, Serialize)]
struct Row {
    id: Option<Id>,
    title: String,
    #[serde(flatten)]
    figures: Figures,
    records: Records,
}

/// Where the records are that a row's figures come from. Costs that name no phase or location of their own are where
/// their task is, and stand at another address.
#[derive(Debug, Serialize)]
struct Records {
    tasks: String,
    costs: Vec<String>,
    work: String,
    /// The same by the columns that they are behind.
    planned_minutes: String,
    planned_cost: String,
    worked_minutes: String,
    labour_cost: String,
    other_cost: Vec<String>,
}

impl Records {
    fn of(tasks: String, costs: Vec<String>, work: String) -> Self {
        Self {
            planned_minutes: tasks.clone(),
            planned_cost: tasks.clone(),
            worked_minutes: work.clone(),
            labour_cost: work.clone(),
            other_cost: costs.clone(),
            tasks,
            costs,
            work,
        }
    }
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Baseline {
    pub(crate) labour_minutes: i64,
    labour_cost: Option<i64>,
    material_cost: Option<i64>,
    pub(crate) sell: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Answer {
    project: Id,
    by: &'static str,
    currency: String,
    baseline: Option<Baseline>,
    rows: Vec<Row>,
    total: Figures,
    left_out: Vec<LeftOut>,
}

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let project = request.id("id")?;
    let by = match request.query_text("by") {
        Some("location") => By::Location,
        Some("task") => By::Task,
        _ => By::Phase,
    };
    records::get_for_caller("projects/projects", project, &["id"])?.ok_or_else(|| Fault::not_found("project"))?;
    let caller = context::caller()?;
    let with_money = caller.holds("projects.see-money");
    let mut purse = Purse::new(caller.currency);
    let of_project = || field("project").eq(project);

    let mut columns = vec!["id", "title", "status", "phase", "location", "planned_minutes"];
    columns.extend(with_money.then_some("planned_cost"));
    let tasks = select("projects/tasks").columns(columns).filter(of_project()).sort("id");
    let tasks = records::find_all(tasks, MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, format!("More than {MOST} tasks are too many for one report.")))?;
    // Where each task stands, of which phase it is, and what is known of it.
    let mut rows: BTreeMap<Option<Id>, Figures> = BTreeMap::new();
    let mut places: BTreeMap<Id, Place> = BTreeMap::new();
    for task in &tasks {
        let Some(id) = task.reference("id") else { continue };
        let place = if by == By::Task { Some(id) } else { task.reference(by.name()) };
        let work = Work {
            done: task.text("status") == Some("done"),
            planned_minutes: task.integer("planned_minutes").unwrap_or(0),
            planned_cost: purse.take(task.money("planned_cost")),
            ..Work::default()
        };
        places.insert(id, Place { row: place, phase: task.reference("phase"), work });
    }
    let mut loose: BTreeMap<Option<Id>, Work> = BTreeMap::new();

    // Of one person's task it tells what their hour costs: by task it is for fewer than for a phase or a location.
    let by_task = by != By::Task || caller.holds("projects.see-labour-costs");
    let mut worked = summarize("projects/usage").as_plugin().filter(of_project()).group("task");
    worked = worked.measure(sum("minutes").named("minutes"));
    if with_money {
        worked = worked.measure(sum("cost").named("cost"));
    }
    for row in all(records::summarize(worked)?)?.records() {
        let work = match row.reference("task").and_then(|task| places.get_mut(&task)) {
            Some(place) => &mut place.work,
            None => loose.entry(None).or_default(),
        };
        work.worked_minutes = work.worked_minutes.saturating_add(row.integer("minutes").unwrap_or(0));
        work.labour_cost = work.labour_cost.saturating_add(purse.take(row.money("cost")));
    }
    let mut costs = summarize("projects/costs").filter(of_project()).group("task").group("phase");
    if by == By::Location {
        costs = costs.group("location");
    }
    // What was bought for a phase, and for no task of it.
    let mut bought: BTreeMap<Id, i64> = BTreeMap::new();
    for row in all(records::summarize(costs.measure(sum("amount").named("amount")))?)?.records() {
        let amount = purse.take(row.money("amount"));
        let own = if by == By::Task { None } else { row.reference(by.name()) };
        let add = |figure: &mut i64| *figure = figure.saturating_add(amount);
        match row.reference("task").and_then(|task| places.get_mut(&task)) {
            Some(place) if own.is_none() || own == place.row => add(&mut place.work.other_cost),
            // What a cost says of itself comes before what its task says.
            of_task => {
                match (of_task, row.reference("task"), row.reference("phase")) {
                    (Some(place), ..) => add(&mut place.work.elsewhere),
                    (None, None, Some(phase)) => add(bought.entry(phase).or_default()),
                    _ => {}
                }
                add(&mut loose.entry(own).or_default().other_cost);
            }
        }
    }
    set_off(&mut places, bought);
    let placed = places.into_values().map(|place| (place.row, place.work));
    let told = |work: Work| {
        let figures = work.figures(with_money);
        if by_task { figures } else { figures.without_labour() }
    };
    for (place, work) in placed.chain(loose) {
        *rows.entry(place).or_default() += told(work);
    }

    let titles = titles(by, project, &tasks)?;
    let mut total = told(Work::default());
    let mut shown = Vec::with_capacity(rows.len());
    let mut take = |id: Option<Id>, title: &str, rows: &mut BTreeMap<Option<Id>, Figures>| {
        if let Some(figures) = rows.remove(&id) {
            total += figures;
            let records = records_of(project, by, id);
            shown.push(Row { id, title: title.to_owned(), figures, records });
        }
    };
    for (id, title) in &titles {
        take(Some(*id), title, &mut rows);
    }
    // What names something that the caller does not see stands with the rest.
    let rest = rows.into_values().reduce(|mut rest, more| {
        rest += more;
        rest
    });
    let mut rows: BTreeMap<Option<Id>, Figures> = rest.map(|rest| (None, rest)).into_iter().collect();
    take(None, "Anything else", &mut rows);

    let baseline = baseline(project, with_money, &mut purse)?;
    let currency = purse.currency.to_string();
    let left_out = purse.left_out();
    reply::json(&Answer { project, by: by.name(), currency, baseline, rows: shown, total, left_out })
}

/// One task, with the row that it stands in.
#[derive(Debug)]
struct Place {
    row: Option<Id>,
    phase: Option<Id>,
    work: Work,
}

/// Sets what was bought for phases against what their tasks have still to procure, task by task as they were made.
fn set_off(places: &mut BTreeMap<Id, Place>, mut bought: BTreeMap<Id, i64>) {
    for place in places.values_mut() {
        let Some(left) = place.phase.and_then(|phase| bought.get_mut(&phase)) else { continue };
        let share = place.work.to_procure().min(*left).max(0);
        place.work.elsewhere = place.work.elsewhere.saturating_add(share);
        *left -= share;
    }
}

/// What the rows are called, in their order.
fn titles(by: By, project: Id, tasks: &[Fields]) -> Result<Vec<(Id, String)>, Fault> {
    let titled =
        |fields: &Fields, name: &str| Some((fields.reference("id")?, fields.text(name).unwrap_or_default().to_owned()));
    if by == By::Task {
        return Ok(tasks.iter().filter_map(|task| titled(task, "title")).collect());
    }
    let collection = if by == By::Phase { "projects/phases" } else { "projects/locations" };
    let places = select(collection).columns(["id", "name"]).filter(field("project").eq(project)).sort("position");
    let places = records::find_all(places, MOST)?.unwrap_or_default();
    Ok(places.iter().filter_map(|place| titled(place, "name")).collect())
}

fn records_of(project: Id, by: By, id: Option<Id>) -> Records {
    let of =
        |collection: &str, filters: &str| format!("/api/v1/projects/{collection}?filter[project]={project}{filters}");
    let is = |path: &str| match id {
        Some(id) => format!("&filter[{path}]={id}"),
        None => format!("&filter[{path}][is_null]=true"),
    };
    let name = by.name();
    if by == By::Task {
        return Records::of(of("tasks", &is("id")), vec![of("costs", &is("task"))], of("usage", &is("task")));
    }
    let of_task = is(&format!("task.{name}"));
    let through = of("costs", &format!("&filter[{name}][is_null]=true{of_task}"));
    let mut costs = vec![through];
    if id.is_some() {
        costs.insert(0, of("costs", &is(name)));
    }
    Records::of(of("tasks", &is(name)), costs, of("usage", &of_task))
}

/// What was agreed, variations counted in.
pub(crate) fn baseline(project: Id, with_money: bool, purse: &mut Purse) -> Result<Option<Baseline>, Fault> {
    let mut agreed = summarize("projects/baselines").filter(field("project").eq(project));
    agreed = agreed.measure(count().named("n")).measure(sum("labour_minutes").named("minutes"));
    let page = records::summarize(agreed)?;
    let Some(row) = page.records().next().filter(|row| row.integer("n").unwrap_or(0) > 0) else { return Ok(None) };
    let mut baseline = Baseline { labour_minutes: row.integer("minutes").unwrap_or(0), ..Baseline::default() };
    if with_money {
        for (name, figure) in [
            ("labour_cost", &mut baseline.labour_cost),
            ("material_cost", &mut baseline.material_cost),
            ("sell", &mut baseline.sell),
        ] {
            let sums = summarize("projects/baselines").filter(field("project").eq(project));
            let page = records::summarize(sums.measure(sum(name).named("sum")))?;
            *figure = Some(page.records().map(|row| purse.take(row.money("sum"))).fold(0, i64::saturating_add));
        }
    }
    Ok(Some(baseline))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_done_takes_no_more_and_what_is_not_takes_at_least_what_was_planned() {
        let task =
            |done, planned_minutes, worked_minutes| Work { done, planned_minutes, worked_minutes, ..Work::default() };
        let forecast = |work: Work| work.figures(true).forecast_minutes;
        assert_eq!(
            [forecast(task(true, 60, 40)), forecast(task(false, 60, 40)), forecast(task(false, 60, 90))],
            [40, 60, 90]
        );
    }

    proptest! {
        #[test]
        fn a_forecast_is_never_less_than_what_it_took_and_of_what_is_done_no_more(
            done in prop::bool::ANY,
            planned in (0..10_000_i64, 0..10_000_i64),
            taken in (0..10_000_i64, 0..10_000_i64, 0..10_000_i64, 0..10_000_i64),
            more in 0..5_000_i64,
        ) {
            let ((planned_minutes, planned_cost), (worked_minutes, labour_cost, other_cost, elsewhere)) =
                (planned, taken);
            let task =
                Work { done, planned_minutes, planned_cost, worked_minutes, labour_cost, other_cost, elsewhere };
            let Figures { forecast_minutes, forecast_cost, actual_cost, .. } = task.figures(true);
            let (forecast_cost, actual_cost) = (forecast_cost.unwrap(), actual_cost.unwrap());
            if done {
                prop_assert_eq!((forecast_minutes, forecast_cost), (worked_minutes, actual_cost));
            } else {
                prop_assert_eq!(forecast_minutes, planned_minutes.max(worked_minutes));
                prop_assert!(forecast_cost >= actual_cost && forecast_cost + elsewhere >= planned_cost);
                // What is over both is made up by nothing.
                prop_assert!(forecast_cost == actual_cost || forecast_cost + elsewhere == planned_cost);
            }
            let worked = Work { worked_minutes: worked_minutes + more, labour_cost: labour_cost + more, ..task };
            let worked = worked.figures(true);
            prop_assert!(worked.forecast_minutes >= forecast_minutes && worked.forecast_cost >= Some(forecast_cost));
            prop_assert_eq!(task.figures(false).forecast_cost, None);
        }

        /// However tasks are put into rows, the rows come to the same.
        #[test]
        fn rows_come_to_the_same_however_they_are_made(
            tasks in prop::collection::vec((prop::bool::ANY, 0..10_000_i64, 0..10_000_i64, 0..10_000_i64, 0..4_usize), 0..30)
        ) {
            let work = |&(done, planned_cost, labour_cost, other_cost, _): &(bool, i64, i64, i64, usize)| {
                Work { done, planned_cost, labour_cost, other_cost, ..Work::default() }.figures(true)
            };
            let mut rows = [Figures::default(); 4];
            let mut whole = Figures::default();
            for task in &tasks {
                rows[task.4] += work(task);
                whole += work(task);
            }
            let mut total = Figures::default();
            for row in rows {
                total += row;
            }
            prop_assert_eq!(total, whole);
        }
    }
}
