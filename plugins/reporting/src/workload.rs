//! Who has how much to do, week by week: the planned minutes of tasks that are not done, against what people are there for.
//!
//! What is planned of a task is spread over the days that are left of it, from its start or today to the day when it is
//! due, Monday to Friday alone where there are any; what is overdue is to be done now. Several who are on a task share it
//! alike. Minutes are whole: what a division leaves is in the last week, and with the last of the people.

use crate::capacity::Capacity;
use crate::seen::Seen;
use crate::span::Span;
use crate::sums::{share, where_there};
use lignaflow_sdk::Person;
use lignaflow_sdk::calendar::Conventions;
use lignaflow_sdk::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// Tasks that are looked at.
const MOST: usize = 5_000;
/// Weeks where nothing is said, this one among them.
const USUAL: i32 = 8;
/// Tasks that one address names, beyond which it opens all of that person.
const NAMED: usize = 100;

/// Minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Figures {
    planned: i64,
    /// What somebody is there for; nothing where the caller does not see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<i64>,
    /// Of that, what nothing is planned for; less than nothing where it is too much.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<i64>,
    /// What is planned of what there is, in basis points; of nothing there is no share.
    #[serde(skip_serializing_if = "Option::is_none")]
    load: Option<i64>,
}

impl Figures {
    fn of(planned: i64, capacity: Option<i64>) -> Self {
        let left = capacity.map(|there| there.saturating_sub(planned));
        Self { planned, capacity, left, load: capacity.and_then(|there| share(planned, there)) }
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, more: Self) {
        self.planned = self.planned.saturating_add(more.planned);
        for (sum, part) in [(&mut self.capacity, more.capacity), (&mut self.left, more.left)] {
            if let Some(part) = part {
                *sum = Some(sum.unwrap_or(0).saturating_add(part));
            }
        }
        // Of weeks whose capacity is told.
        let planned = self.capacity.zip(self.left).map_or(0, |(there, left)| there.saturating_sub(left));
        self.load = self.capacity.and_then(|there| share(planned, there));
    }
}

#[derive(Debug, Serialize)]
struct Row {
    id: Option<Id>,
    title: String,
    /// Its first day; nothing of what has no date.
    week: Option<Date>,
    #[serde(flatten)]
    figures: Figures,
    records: BTreeMap<&'static str, String>,
}

/// What is planned in one week, and the tasks that it is of.
#[derive(Debug, Default)]
struct Load {
    minutes: i64,
    tasks: Vec<Id>,
}

/// By person, nobody among them, and week; what has no date is in none.
type Loads = BTreeMap<(Option<Id>, Option<Date>), Load>;

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let caller = context::caller()?;
    let weeks = request.query_text("weeks").and_then(|text| text.parse().ok()).unwrap_or(USUAL);
    let today = caller.today()?;
    let conventions = calendar::of_organization()?;
    let first = conventions.week_of(today);
    let last = first.plus_days(weeks * 7 - 1).unwrap_or(first);
    let loads = loads(conventions, today, last)?;
    // What is gone of this week is there for nobody any more.
    let seen = Seen::read(&caller, Span { first: today, last })?;
    let capacity = where_there(Capacity::read(Span { first: today, last }, &seen))?;

    let shown: Vec<Id> = seen.people().iter().map(|person| person.id).collect();
    let mut people: Vec<Person> = seen.people().iter().filter(|person| person.active).cloned().collect();
    for id in loads.keys().filter_map(|(person, _)| *person) {
        if people.iter().all(|person| person.id != id) {
            people.extend(people::person(id)?);
        }
    }
    people.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));

    let mut rows = Vec::new();
    for person in &people {
        for week in (0..weeks).filter_map(|at| first.plus_days(at * 7)) {
            let there = capacity.as_ref().filter(|_| person.active && shown.contains(&person.id));
            let there = there.map(|capacity| {
                let days = (0..7).filter_map(|day| week.plus_days(day));
                let days = days.filter(|day| *day >= today && seen.covers(person.id, *day));
                days.map(|day| capacity.of(person, day).expected()).sum::<i64>() / 60
            });
            rows.extend(row(Some(person), Some(week), there, &loads));
        }
        rows.extend(row(Some(person), None, None, &loads));
    }
    let weeks_and_none = (0..weeks).filter_map(|at| first.plus_days(at * 7)).map(Some).chain([None]);
    rows.extend(weeks_and_none.filter_map(|week| row(None, week, None, &loads)));
    let mut total = Figures::default();
    for row in &rows {
        total += row.figures;
    }
    reply::json(&Span { first, last }.answer(rows, total))
}

/// What there is to tell of somebody, or of what nobody is on yet, in a week.
fn row(person: Option<&Person>, week: Option<Date>, capacity: Option<i64>, loads: &Loads) -> Option<Row> {
    let id = person.map(|person| person.id);
    let load = loads.get(&(id, week));
    if load.is_none() && capacity.unwrap_or(0) == 0 {
        return None;
    }
    let mut records = BTreeMap::new();
    if let Some(load) = load {
        records.insert("planned", address(id, &load.tasks));
    }
    if let (Some(id), Some(_)) = (id, capacity) {
        records.insert("capacity", format!("/api/v1/timesheets/work-patterns?filter[user]={id}"));
    }
    let title = person.map_or_else(|| "Nobody yet".to_owned(), |person| person.name.clone());
    let figures = Figures::of(load.map_or(0, |load| load.minutes), capacity);
    Some(Row { id, title, week, figures, records })
}

fn address(person: Option<Id>, tasks: &[Id]) -> String {
    let which = match person {
        Some(person) if tasks.len() > NAMED => format!("filter[assignees]={person}&filter[status][ne]=done"),
        None if tasks.len() > NAMED => "filter[status][ne]=done".to_owned(),
        _ => format!("filter[id][in]={}", tasks.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
    };
    format!("/api/v1/projects/tasks?{which}")
}

/// What the tasks that the caller sees come to, up to a last day.
fn loads(conventions: Conventions, today: Date, last: Date) -> Result<Loads, Fault> {
    let tasks = select("projects/tasks")
        .columns(["id", "assignees", "start", "due", "planned_minutes", "project.status"])
        .filter(field("status").ne("done"))
        .filter(field("planned_minutes").more_than(0))
        .sort("id");
    let tasks = records::find_all(tasks, MOST)?.ok_or_else(|| {
        Fault::new(ErrorCode::Quota, format!("More than {MOST} open tasks are too many for one report."))
    })?;
    let mut loads = Loads::new();
    // Who is on a task need not see its project.
    let over = |task: &&Fields| matches!(task.text("project.status"), Some("completed" | "closed" | "cancelled"));
    for task in tasks.iter().filter(|task| !over(task)) {
        let (Some(id), Some(minutes)) = (task.reference("id"), task.integer("planned_minutes")) else { continue };
        let (start, due) = (task.date("start"), task.date("due"));
        let on: Vec<Option<Id>> = match task.references("assignees") {
            [] => vec![None],
            people => people.iter().copied().map(Some).collect(),
        };
        for (person, minutes) in on.iter().zip(shared(minutes, on.len())) {
            let weeks = match due.or(start) {
                None => vec![(None, minutes)],
                Some(end) => {
                    let begin = start.unwrap_or(end).max(today);
                    let weeks = spread(minutes, begin, end.max(begin), conventions);
                    weeks.into_iter().filter(|(week, _)| *week <= last).map(|(week, part)| (Some(week), part)).collect()
                }
            };
            for (week, part) in weeks.into_iter().filter(|(_, part)| *part != 0) {
                let load = loads.entry((*person, week)).or_default();
                load.minutes = load.minutes.saturating_add(part);
                load.tasks.push(id);
            }
        }
    }
    Ok(loads)
}

/// Alike among so many, and to the last of them what that leaves.
fn shared(minutes: i64, among: usize) -> Vec<i64> {
    let each = minutes / i64::try_from(among.max(1)).unwrap_or(1);
    let mut parts = vec![each; among];
    if let Some(last) = parts.last_mut() {
        *last = minutes - each * i64::try_from(among - 1).unwrap_or(0);
    }
    parts
}

/// By the week, from a first day to a last, each as many of its days as are worked on: Monday to Friday, or every day where
/// none of them is one of these. What the division leaves is in the last week.
fn spread(minutes: i64, begin: Date, end: Date, conventions: Conventions) -> Vec<(Date, i64)> {
    let days_of = |worked: fn(Date) -> bool| {
        let mut weeks = Vec::new();
        let mut next = Some(conventions.week_of(begin));
        while let Some(week) = next.filter(|week| *week <= end) {
            let days = (0..7).filter_map(|day| week.plus_days(day)).filter(|day| (begin..=end).contains(day));
            let days = i64::try_from(days.filter(|day| worked(*day)).count()).unwrap_or(0);
            if days > 0 {
                weeks.push((week, days));
            }
            next = week.plus_days(7);
        }
        weeks
    };
    let mut weeks = days_of(|day| day.weekday() <= 5);
    if weeks.is_empty() {
        weeks = days_of(|_| true);
    }
    let whole: i64 = weeks.iter().map(|(_, days)| days).sum();
    let mut left = minutes;
    let count = weeks.len();
    for (at, (_, part)) in weeks.iter_mut().enumerate() {
        let exact = i128::from(minutes) * i128::from(*part) / i128::from(whole.max(1));
        *part = if at + 1 == count { left } else { i64::try_from(exact).unwrap_or(left) };
        left -= *part;
    }
    weeks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MONDAYS: Conventions = Conventions { week_starts: 1, fiscal_year_starts: 7 };

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_task_is_spread_over_its_weekdays_and_the_last_week_has_what_is_left() {
        let told = |minutes, begin: &str, end: &str| {
            let weeks = spread(minutes, day(begin), day(end), MONDAYS);
            weeks.into_iter().map(|(week, part)| (week.to_string(), part)).collect::<Vec<_>>()
        };
        // A Friday, a weekend, and a Monday and Tuesday.
        assert_eq!(told(100, "2026-11-20", "2026-11-24"), [("2026-11-16".into(), 33), ("2026-11-23".into(), 67)]);
        assert_eq!(told(60, "2026-11-21", "2026-11-22"), [("2026-11-16".into(), 60)], "a weekend of work");
        assert_eq!(told(7, "2026-11-20", "2026-11-20"), [("2026-11-16".into(), 7)]);
    }

    proptest! {
        #[test]
        fn no_minute_is_lost_however_it_is_spread(
            minutes in 0..100_000_i64, begin in 20_000..20_400_i32, days in 0..500_i32, starts in 1..=7_u8, among in 1..9_usize
        ) {
            let conventions = Conventions { week_starts: starts, fiscal_year_starts: 7 };
            let (begin, end) = (Date::from_days(begin).unwrap(), Date::from_days(begin + days).unwrap());
            let weeks = spread(minutes, begin, end, conventions);
            prop_assert_eq!(weeks.iter().map(|(_, part)| part).sum::<i64>(), minutes);
            prop_assert!(weeks.iter().all(|(week, part)| *part >= 0 && *week <= end && week.plus_days(7).unwrap() > begin));
            prop_assert_eq!(shared(minutes, among).iter().sum::<i64>(), minutes);
        }
    }
}
