//! Tasks that have no dates yet are laid out over work days: by phase and room, what depends on other tasks after these.

use lignaflow_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tasks of a project beyond which they are not laid out in one transaction.
const MOST: usize = 1_000;

/// The body, as `plugin.toml` declares it.
#[derive(Debug, Deserialize)]
struct Body {
    from: Option<String>,
    /// Minutes of work a day, of everybody together.
    a_day: Option<i64>,
    /// From Monday on.
    days_a_week: Option<u8>,
}

/// The answer, as `plugin.toml` declares it.
#[derive(Debug, Serialize)]
struct Answer {
    tasks: usize,
    start: Date,
    due: Date,
}

/// When work is done, and how much of it a day.
#[derive(Debug, Clone, Copy)]
struct Pace {
    from: Date,
    minutes: i64,
    days: u8,
}

/// A task as it stands, in the order in which work is done.
#[derive(Debug, Clone, Default)]
struct Task {
    /// Nothing where nobody has planned it: a day, then.
    minutes: Option<i64>,
    dates: Option<(Date, Date)>,
    done: bool,
    /// The place of its phase among the phases.
    phase: usize,
    /// Places of the tasks that come before, and of those that it is made of.
    after: Vec<usize>,
    parts: Vec<usize>,
}

impl Task {
    /// Whether it is given dates: what is made of others spans these.
    fn is_open(&self) -> bool {
        self.dates.is_none() && !self.done && self.parts.is_empty()
    }
}

/// A day, with the minutes of it that are taken.
#[derive(Debug, Clone, Copy)]
struct Cursor {
    day: Date,
    taken: i64,
}

fn too_late() -> Fault {
    Fault::at("/from", "range", "The last of it would be after the year 9999.")
}

impl Pace {
    fn later(day: Date, days: i64) -> Result<Date, Fault> {
        i32::try_from(days).ok().and_then(|days| day.plus_days(days)).ok_or_else(too_late)
    }

    /// The first work day from that day on.
    fn on(self, day: Date) -> Result<Date, Fault> {
        let beyond = i64::from(day.weekday()) - 1;
        if beyond < i64::from(self.days) { Ok(day) } else { Self::later(day, 7 - beyond) }
    }

    fn after(self, day: Date) -> Result<Date, Fault> {
        self.on(Self::later(day, 1)?)
    }

    /// The work day that comes so many work days after one.
    fn on_from(self, day: Date, more: i64) -> Result<Date, Fault> {
        let week = i64::from(self.days);
        let place = i64::from(day.weekday()) - 1 + more % week;
        let weekend = if place >= week { 7 - week } else { 0 };
        Self::later(day, (more / week).saturating_mul(7).saturating_add(more % week + weekend))
    }

    /// Takes what a task needs: its first and last day.
    fn take(self, cursor: &mut Cursor, minutes: i64) -> Result<(Date, Date), Fault> {
        let first = cursor.day;
        let taken = cursor.taken.saturating_add(minutes);
        let last = self.on_from(first, (taken - 1).max(0) / self.minutes)?;
        cursor.day = self.on_from(first, taken / self.minutes)?;
        cursor.taken = taken % self.minutes;
        Ok((first, last))
    }

    /// The dates of every task that is open, by its place, and then of what is made of them. What can be done comes in the
    /// order of the tasks; what waits for something leaves its place to what does not, of its own phase.
    fn lay(self, tasks: &[Task]) -> Result<BTreeMap<usize, (Date, Date)>, Fault> {
        let mut laid: BTreeMap<usize, (Date, Date)> = BTreeMap::new();
        let waits: Vec<Vec<usize>> = (0..tasks.len()).map(|at| needs(tasks, at)).collect();
        let mut open: Vec<usize> = (0..tasks.len()).filter(|at| tasks[*at].is_open()).collect();
        let mut cursor = Cursor { day: self.on(self.from)?, taken: 0 };
        while !open.is_empty() {
            // When each can be begun, where all that it waits for has its days.
            let mut next: Option<(Date, usize)> = None;
            for (place, at) in open.iter().enumerate() {
                // What is handed over is not handed over first, though nothing stands in its way.
                if next.is_some_and(|(_, found)| tasks[open[found]].phase < tasks[*at].phase) {
                    break;
                }
                let mut begins = cursor.day;
                let mut ready = true;
                for before in &waits[*at] {
                    match laid.get(before).copied().or(tasks[*before].dates) {
                        Some((_, due)) if !tasks[*before].done => begins = begins.max(self.after(due)?),
                        None if tasks[*before].is_open() => ready = false,
                        _ => {}
                    }
                }
                if ready && next.is_none_or(|(day, _)| begins < day) {
                    next = Some((begins, place));
                    if begins == cursor.day {
                        break;
                    }
                }
            }
            // Nothing waits in a circle; were it so, the first would be as good as any.
            let (begins, place) = next.unwrap_or((cursor.day, 0));
            if begins > cursor.day {
                cursor = Cursor { day: begins, taken: 0 };
            }
            let at = open.remove(place);
            let days = self.take(&mut cursor, tasks[at].minutes.unwrap_or(self.minutes))?;
            laid.insert(at, days);
        }
        for at in 0..tasks.len() {
            if tasks[at].dates.is_none() && !tasks[at].done && !tasks[at].parts.is_empty() {
                let parts = leaves(tasks, at);
                let parts = parts.iter().filter_map(|part| laid.get(part).copied().or(tasks[*part].dates));
                let span = parts.reduce(|(start, due), (from, until)| (start.min(from), due.max(until)));
                laid.extend(span.map(|span| (at, span)));
            }
        }
        Ok(laid)
    }
}

/// A task itself, or what it is made of in the end.
fn leaves(tasks: &[Task], of: usize) -> Vec<usize> {
    let (mut found, mut open, mut seen) = (Vec::new(), vec![of], vec![false; tasks.len()]);
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        if tasks[at].parts.is_empty() { found.push(at) } else { open.extend(&tasks[at].parts) }
    }
    found
}

/// What a task waits for: what it depends on itself and what that is a part of does, down to what is done in the end.
fn needs(tasks: &[Task], of: usize) -> Vec<usize> {
    let (mut whole, mut around) = (vec![of], vec![of]);
    while let Some(at) = around.pop() {
        let wholes = tasks.iter().enumerate().filter(|(_, task)| task.parts.contains(&at)).map(|(at, _)| at);
        for at in wholes.filter(|at| !whole.contains(at)).collect::<Vec<_>>() {
            whole.push(at);
            around.push(at);
        }
    }
    let before = whole.iter().flat_map(|at| tasks[*at].after.iter().copied());
    let mut needs: Vec<usize> = before.flat_map(|at| leaves(tasks, at)).filter(|at| *at != of).collect();
    needs.sort_unstable();
    needs.dedup();
    needs
}

impl Body {
    fn pace(&self, start: Option<Date>) -> Result<Pace, Fault> {
        let Ok(from) = self.from.as_deref().map(str::parse).transpose() else {
            return Err(Fault::at("/from", "type", "Expected a date such as \"2027-02-01\"."));
        };
        Ok(Pace {
            from: match from.or(start) {
                Some(from) => from,
                None => context::caller()?.today()?,
            },
            minutes: self.a_day.unwrap_or(480).max(1),
            days: self.days_a_week.unwrap_or(5).clamp(1, 7),
        })
    }
}

fn of_project(collection: &str, project: Id, columns: &[&str], sort: &str) -> Result<Vec<Fields>, Fault> {
    let asked = select(collection).as_plugin().columns(columns.iter().copied());
    records::find_all(asked.filter(field("project").eq(project)).sort(sort), MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, format!("More than {MOST} {collection} are not laid out at once.")))
}

fn dates(of: &Fields) -> Option<(Date, Date)> {
    let (start, due) = (of.date("start"), of.date("due"));
    Some((start.or(due)?, due.or(start)?))
}

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let project = request.id("id")?;
    let record = records::get_for_caller("projects", project, &["start"])?;
    let record = record.ok_or_else(|| Fault::not_found("project"))?;
    let pace = request.json::<Body>()?.pace(record.date("start"))?;
    let phases = of_project("phases", project, &["id", "start", "due"], "position")?;
    let locations = of_project("locations", project, &["id"], "position")?;
    let columns = ["id", "phase", "location", "parent", "depends_on", "status", "start", "due", "planned_minutes"];
    let mut rows = of_project("tasks", project, &columns, "id")?;
    // What is in no phase, or no room, comes last; else as they were made.
    let place = |of: &[Fields], id: Option<Id>| of.iter().position(|it| it.reference("id") == id).unwrap_or(of.len());
    rows.sort_by_cached_key(|row| {
        (place(&phases, row.reference("phase")), place(&locations, row.reference("location")))
    });
    let at: BTreeMap<Id, usize> =
        rows.iter().enumerate().filter_map(|(at, row)| Some((row.reference("id")?, at))).collect();
    let mut tasks: Vec<Task> = rows
        .iter()
        .map(|row| Task {
            minutes: row.integer("planned_minutes"),
            dates: dates(row),
            done: row.text("status") == Some("done"),
            phase: place(&phases, row.reference("phase")),
            after: row.references("depends_on").iter().filter_map(|id| at.get(id).copied()).collect(),
            parts: Vec::new(),
        })
        .collect();
    for (part, row) in rows.iter().enumerate() {
        if let Some(whole) = row.reference("parent").and_then(|id| at.get(&id)) {
            tasks[*whole].parts.push(part);
        }
    }
    let laid = pace.lay(&tasks)?;
    let span = laid.values().copied().reduce(|(start, due), (from, until)| (start.min(from), due.max(until)));
    let Some((start, due)) = span else {
        let message = "Every task that is to be done has a date already: there is nothing to lay out.";
        return Err(Fault::new(ErrorCode::Conflict, message));
    };
    let id = |at: &usize| rows[*at].reference("id");
    let mut writes: Vec<Mutation> = laid
        .iter()
        .filter_map(|(at, (start, due))| Some(update("tasks", id(at)?).set("start", *start).set("due", *due).into()))
        .collect();
    // A phase without dates of its own lasts as long as what is to be done in it.
    for phase in phases.iter().filter(|phase| dates(phase).is_none()) {
        let Some(phase) = phase.reference("id") else { continue };
        let mine = rows.iter().enumerate().filter(|(_, row)| row.reference("phase") == Some(phase));
        let spans = mine.filter_map(|(at, row)| laid.get(&at).copied().or_else(|| dates(row)));
        if let Some((start, due)) = spans.reduce(|(start, due), (from, until)| (start.min(from), due.max(until))) {
            writes.push(update("phases", phase).set("start", start).set("due", due).into());
        }
    }
    Ok(reply::json(&Answer { tasks: laid.len(), start, due })?.with_writes(writes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn task(minutes: i64, after: &[usize]) -> Task {
        Task { minutes: Some(minutes), after: after.to_vec(), ..Task::default() }
    }

    /// Monday 7 December 2026, eight hours, Monday to Friday.
    fn pace() -> Pace {
        Pace { from: day("2026-12-07"), minutes: 480, days: 5 }
    }

    fn shown(laid: &BTreeMap<usize, (Date, Date)>) -> Vec<String> {
        let of = |(start, due): &(Date, Date)| format!("{}-{}", &start.to_string()[8..], &due.to_string()[8..]);
        laid.values().map(of).collect()
    }

    #[test]
    fn tasks_follow_each_other_over_work_days() {
        let tasks = [task(240, &[]), task(480, &[]), task(0, &[]), task(240, &[]), task(1440, &[]), task(60, &[])];
        assert_eq!(shown(&pace().lay(&tasks).unwrap()), ["07-07", "07-08", "08-08", "08-08", "09-11", "14-14"]);
        let unplanned = [Task::default(), task(30, &[])];
        assert_eq!(shown(&pace().lay(&unplanned).unwrap()), ["07-07", "08-08"], "a day where nobody has planned it");
        let saturday = Pace { from: day("2026-12-12"), ..pace() };
        assert_eq!(shown(&saturday.lay(&[task(60, &[])]).unwrap()), ["14-14"]);
        let six = Pace { from: day("2026-12-12"), days: 6, ..pace() };
        assert_eq!(shown(&six.lay(&[task(960, &[])]).unwrap()), ["12-14"]);
    }

    #[test]
    fn what_waits_leaves_its_place_to_what_does_not() {
        let fixed = Task { dates: Some((day("2026-12-09"), day("2026-12-09"))), ..Task::default() };
        let tasks = [task(60, &[1]), fixed, task(60, &[]), task(60, &[2])];
        let laid = pace().lay(&tasks).unwrap();
        assert_eq!(shown(&laid), ["10-10", "07-07", "08-08"], "after Wednesday, at once, and the day after that");
        let handed = [task(60, &[1]), tasks[1].clone(), Task { phase: 1, ..task(60, &[]) }];
        assert_eq!(shown(&pace().lay(&handed).unwrap()), ["10-10", "10-10"], "a later phase waits as well");
        let done = Task { done: true, ..Task::default() };
        assert_eq!(shown(&pace().lay(&[task(60, &[1]), done]).unwrap()), ["07-07"]);
    }

    #[test]
    fn what_is_made_of_others_spans_them_and_what_depends_on_it_comes_after() {
        let whole = Task { parts: vec![1, 2], after: vec![4], ..Task::default() };
        let tasks = [whole, task(480, &[]), task(480, &[]), task(60, &[0]), task(480, &[])];
        let laid = pace().lay(&tasks).unwrap();
        assert_eq!(shown(&laid), ["08-09", "08-08", "09-09", "10-10", "07-07"]);
    }

    proptest! {
        #[test]
        fn everything_open_lies_on_work_days_after_what_it_waits_for(
            from in 20_000_i32..25_000,
            minutes in 1_i64..2_000,
            days in 1_u8..=7,
            made in prop::collection::vec(
                (prop::option::of(0_i64..5_000), prop::bool::weighted(0.2), 0_i32..60, prop::collection::vec(0_usize..40, 0..3)),
                1..40,
            ),
        ) {
            let pace = Pace { from: Date::from_days(from).unwrap(), minutes, days };
            let tasks: Vec<Task> = made.iter().enumerate().map(|(at, (minutes, dated, offset, after))| Task {
                minutes: *minutes,
                dates: dated.then(|| { let day = pace.from.plus_days(*offset).unwrap(); (day, day) }),
                // Only on earlier ones, so that there is no circle.
                after: after.iter().copied().filter(|before| *before < at).collect(),
                ..Task::default()
            }).collect();
            let laid = pace.lay(&tasks).unwrap();
            let mut sum = 0;
            for (at, task) in tasks.iter().enumerate() {
                prop_assert_eq!(laid.contains_key(&at), task.dates.is_none());
                let Some((start, due)) = laid.get(&at).copied() else { continue };
                prop_assert!(pace.from <= start && start <= due);
                prop_assert!(start.weekday() <= days && due.weekday() <= days);
                for before in &task.after {
                    let (_, earlier) = laid.get(before).copied().or(tasks[*before].dates).unwrap();
                    prop_assert!(start > earlier, "{at} begins {start}, {before} ends {earlier}");
                }
                sum += task.minutes.unwrap_or(minutes);
            }
            // No more is done than there is time for.
            if let Some(last) = laid.values().map(|(_, due)| *due).max() {
                let room = (0..=last.days_since(pace.from)).filter(|more| {
                    pace.from.plus_days(*more).unwrap().weekday() <= days
                });
                prop_assert!(sum <= i64::try_from(room.count()).unwrap() * minutes);
            }
        }

        #[test]
        fn work_days_are_counted_as_one_walks_them(from in 20_000_i32..20_100, days in 1_u8..=7, more in 0_i64..60) {
            let pace = Pace { from: Date::from_days(from).unwrap(), minutes: 1, days };
            let first = pace.on(pace.from).unwrap();
            let mut walked = first;
            for _ in 0..more {
                walked = pace.after(walked).unwrap();
            }
            prop_assert_eq!(pace.on_from(first, more).unwrap(), walked);
        }
    }
}
