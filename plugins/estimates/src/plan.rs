//! The tasks that a project is given by what was agreed: those that are added, and those of which something is taken.
//!
//! Minutes and costs of a task are never less than nothing. What a line takes away is taken off the task that is most like
//! it, then off the next, so that the whole plan falls as what was agreed does, for as long as there is something to take.

use lignaflow_sdk::prelude::*;

/// Tasks of one project that are looked through for what is taken away.
const MOST: usize = 5_000;

/// A task with what is planned for it: minutes, and costs in minor units.
#[derive(Debug, Clone, Default)]
pub(crate) struct Planned {
    pub(crate) id: Option<Id>,
    /// The line that it is made of, where it is of one.
    pub(crate) line: Option<Id>,
    pub(crate) title: String,
    pub(crate) phase: Option<Id>,
    pub(crate) location: Option<Id>,
    pub(crate) start: Option<Date>,
    pub(crate) due: Option<Date>,
    pub(crate) assignees: Vec<Id>,
    pub(crate) minutes: i64,
    pub(crate) cost: i64,
    pub(crate) notes: Vec<String>,
    /// Of a task that the project has already, its minutes and costs there, and whether it is done.
    pub(crate) before: Option<(i64, i64)>,
    pub(crate) done: bool,
    /// Whether something was taken off it.
    pub(crate) lowered: bool,
}

impl Planned {
    /// How unlike a task is to what is taken away, the likest first: what is done already is taken from last.
    fn unlike(&self, less: &Self) -> [bool; 4] {
        let phase = self.phase == less.phase;
        let location = self.location == less.location;
        [self.done, !(location && self.title == less.title), !phase, !location]
    }

    /// What it has beyond nothing is taken off, as much as there is.
    fn lower(&mut self, less: &mut Self) {
        let (minutes, cost) = (self.minutes.min(-less.minutes).max(0), self.cost.min(-less.cost).max(0));
        self.minutes -= minutes;
        self.cost -= cost;
        less.minutes += minutes;
        less.cost += cost;
        self.lowered = true;
        self.notes.extend(less.notes.iter().cloned());
    }

    const fn is_nothing(&self) -> bool {
        self.minutes == 0 && self.cost == 0
    }
}

#[derive(Debug, Default)]
pub(crate) struct Plan {
    tasks: Vec<Planned>,
    /// Of no minutes and costs, or of less than none.
    less: Vec<Planned>,
}

impl Plan {
    /// Minutes and costs of a line as a part of a task, or of what is taken away.
    pub(crate) fn part(&mut self, task: &mut Planned, (minutes, cost): (i64, i64), note: &str, less: bool) {
        let notes = vec![note.to_owned()];
        if less && minutes <= 0 && cost <= 0 {
            self.less.push(Planned { minutes, cost, notes, ..task.clone() });
            return;
        }
        task.minutes = task.minutes.saturating_add(minutes);
        task.cost = task.cost.saturating_add(cost);
        task.notes.extend(notes);
    }

    /// A task that something is a part of. What it would have less than nothing is taken off others.
    pub(crate) fn add(&mut self, task: Planned) {
        if task.notes.is_empty() {
            return;
        }
        let less = Planned { minutes: task.minutes.min(0), cost: task.cost.min(0), notes: Vec::new(), ..task.clone() };
        if !less.is_nothing() {
            self.less.push(less);
        }
        self.tasks.push(Planned { minutes: task.minutes.max(0), cost: task.cost.max(0), ..task });
    }

    pub(crate) fn writes(mut self, project: Id, new: bool, currency: Currency) -> Result<Vec<Mutation>, Fault> {
        if !self.less.is_empty() && !new {
            self.tasks.extend(known(project, currency)?);
        }
        for mut less in self.less {
            if self.tasks.is_empty() {
                // Whoever does the work reads it somewhere.
                self.tasks.push(Planned { minutes: 0, cost: 0, ..less });
                continue;
            }
            self.tasks.sort_by_key(|task| task.unlike(&less));
            for (place, task) in self.tasks.iter_mut().enumerate() {
                let there = task.minutes > 0 && less.minutes < 0 || task.cost > 0 && less.cost < 0;
                // The likest one tells of it even where there is nothing to take.
                if place == 0 || there {
                    task.lower(&mut less);
                }
                if less.is_nothing() {
                    break;
                }
            }
        }
        let money = |minor| Money { minor, currency };
        let mut writes = Vec::new();
        for task in self.tasks.into_iter().filter(|task| task.before.is_none() || task.lowered) {
            let Some(id) = task.id else { continue };
            let write = if task.before.is_some() {
                update("projects/tasks", id)
            } else {
                insert("projects/tasks", id)
                    .set("title", task.title)
                    .set("project", project)
                    .set("phase", task.phase)
                    .set("location", task.location)
                    .set("start", task.start)
                    .set("due", task.due)
                    .set("assignees", task.assignees)
                    .set("source_line", task.line.map(|line| line.to_string()))
            };
            let (minutes, cost) = task.before.map_or((None, None), |(minutes, cost)| (Some(minutes), Some(cost)));
            let write = if minutes == Some(task.minutes) { write } else { write.set("planned_minutes", task.minutes) };
            let write = if cost == Some(task.cost) { write } else { write.set("planned_cost", money(task.cost)) };
            writes.push(write.set("notes", shortened(&task.notes.join("\n"), 10_000)).into());
        }
        Ok(writes)
    }
}

/// The tasks that a project has, but for those whose costs are in another currency: what is not of one kind is not
/// subtracted.
fn known(project: Id, currency: Currency) -> Result<Vec<Planned>, Fault> {
    let asked = select("projects/tasks")
        .as_plugin()
        .columns(["id", "title", "phase", "location", "status", "planned_minutes", "planned_cost", "notes"])
        .filter(field("project").eq(project))
        .sort("id");
    let found = records::find_all(asked, MOST)?.ok_or_else(|| {
        Fault::new(ErrorCode::Quota, format!("More than {MOST} tasks: too many to take something off them."))
    })?;
    let of = |task: &Fields| {
        let cost = task.money("planned_cost").unwrap_or(Money { minor: 0, currency });
        (cost.currency == currency).then(|| Planned {
            id: task.reference("id"),
            title: task.text("title").unwrap_or_default().to_owned(),
            phase: task.reference("phase"),
            location: task.reference("location"),
            minutes: task.integer("planned_minutes").unwrap_or(0),
            cost: cost.minor,
            notes: task.text("notes").map(str::to_owned).into_iter().collect(),
            before: Some((task.integer("planned_minutes").unwrap_or(0), cost.minor)),
            done: task.text("status") == Some("done"),
            ..Planned::default()
        })
    };
    Ok(found.iter().filter_map(of).collect())
}

pub(crate) fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
