//! Billable time that is rounded by the day: what each entry is given of its day, also before it is approved, so that
//! approval changes no figure.

use crate::findings::Findings;
use crate::policy::{self, Approval};
use crate::rounding::Rounding;
use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Entries of one person on the days of a batch.
const MOST: usize = 5_000;
/// Days that are asked for at once.
const AT_ONCE: usize = 100;

/// Where an entry stands among those of its day: what has a start comes first, in the order of the clock.
pub(crate) fn order(id: Option<Id>, started: Option<Instant>) -> impl Ord {
    (started.is_none(), started, id)
}

/// An entry that has a share of its day.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    id: Id,
    /// Which change of the batch it is.
    index: Option<usize>,
    project: Option<Id>,
    started: Option<Instant>,
    seconds: i64,
    /// What it has so far.
    charged: Option<i64>,
}

impl Part {
    pub(crate) fn of(index: usize, change: &HookChange, project: Option<Id>, seconds: i64) -> Self {
        let started = change.after.instant("started_at");
        Self { id: change.id, index: Some(index), project, started, seconds, charged: None }
    }

    fn stored(row: &Fields) -> Option<Self> {
        Some(Self {
            id: row.reference("id")?,
            index: None,
            project: row.reference("project"),
            started: row.instant("started_at"),
            seconds: row.integer("duration")?,
            charged: row.integer("billable_duration"),
        })
    }
}

#[derive(Debug, Default)]
struct Day {
    parts: Vec<Part>,
    /// Whether its week is approved by project, where it is a day of each project by itself.
    by_line: bool,
}

/// The days that a batch changes, by person, with what it makes of them.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    days: BTreeMap<Id, BTreeMap<Date, Day>>,
}

impl Touched {
    fn day(&mut self, user: Id, day: Date) -> &mut Day {
        self.days.entry(user).or_default().entry(day).or_default()
    }

    /// Where an entry was until now.
    pub(crate) fn was(&mut self, change: &HookChange) {
        if let (Some(user), Some(day)) = (change.before.reference("user"), change.before.date("local_date")) {
            self.day(user, day).by_line |= change.related.boolean("sheet.by_line") == Some(true);
        }
    }

    /// Where an entry is to be, and its part of that day where it is charged.
    pub(crate) fn is(&mut self, user: Id, day: Date, by_line: bool, part: Option<Part>) {
        let day = self.day(user, day);
        day.by_line |= by_line;
        day.parts.extend(part);
    }

    /// Gives every entry of these days its share of the rounded day. What is approved keeps what it was given.
    pub(crate) fn share(
        self,
        changes: &[HookChange],
        rounding: Rounding,
        findings: &mut Findings,
    ) -> Result<(), Fault> {
        if !rounding.shares() || self.days.is_empty() {
            return Ok(());
        }
        let by_project = policy::approval()? == Approval::Project;
        let changed: BTreeSet<Id> = changes.iter().map(|change| change.id).collect();
        for (user, mut days) in self.days {
            stored(user, &mut days, &changed)?;
            for day in days.into_values() {
                let apart = by_project || day.by_line;
                let mut wholes: BTreeMap<Option<Id>, Vec<Part>> = BTreeMap::new();
                for part in day.parts {
                    wholes.entry(part.project.filter(|_| apart)).or_default().push(part);
                }
                for mut parts in wholes.into_values() {
                    parts.sort_by_key(|part| order(Some(part.id), part.started));
                    let taken: Vec<i64> = parts.iter().map(|part| part.seconds).collect();
                    for (part, share) in parts.iter().zip(rounding.day(&taken)) {
                        match part.index {
                            Some(index) => findings.set(index, &changes[index], "billable_duration", share),
                            None if part.charged != Some(share) => {
                                let write = update("entries", part.id).set("billable_duration", share);
                                findings.verdict.also.push(write.into());
                            }
                            None => {}
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// What else is charged on these days.
fn stored(user: Id, days: &mut BTreeMap<Date, Day>, changed: &BTreeSet<Id>) -> Result<(), Fault> {
    let all_days: Vec<Date> = days.keys().copied().collect();
    for some in all_days.chunks(AT_ONCE) {
        let columns = ["id", "local_date", "project", "started_at", "duration", "billable_duration"];
        let wanted = [
            field("user").eq(user),
            field("local_date").within(some.iter().copied()),
            field("billable").eq(true),
            field("approved").eq(false),
            field("corrects").is_null(),
            field("duration").is_set(),
        ];
        let entries = select("entries").as_plugin().columns(columns).filter(all(wanted)).sort("id");
        let entries = records::find_all(entries, MOST)?.ok_or_else(|| {
            Fault::new(ErrorCode::Quota, format!("More than {MOST} entries of one person are not changed at once."))
        })?;
        for row in &entries {
            let day = row.date("local_date").and_then(|day| days.get_mut(&day));
            if let (Some(day), Some(part)) = (day, Part::stored(row).filter(|part| !changed.contains(&part.id))) {
                day.parts.push(part);
            }
        }
    }
    Ok(())
}
