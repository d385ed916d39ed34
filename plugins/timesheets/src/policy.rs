//! What the organization has settled of its time: overlaps, rounding, how weeks are approved, and up to when it is locked.

use crate::findings::Findings;
use crate::rounding::{Rounding, Way};
use crate::weeks;
use lignaflow_sdk::prelude::*;

/// What becomes of time that overlaps other time of the same person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Overlap {
    #[default]
    Refuse,
    /// It is let through, and told where the week is looked at and where it is approved.
    Warn,
    Allow,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Policy {
    pub(crate) overlap: Overlap,
    pub(crate) rounding: Rounding,
}

impl Policy {
    /// As the organization has it.
    pub(crate) fn read() -> Result<Self, Fault> {
        let row = settings::all(["overlap", "rounding", "rounding_minutes", "rounding_by"])?;
        let way = match row.text("rounding") {
            Some("nearest") => Way::Nearest,
            Some("up") => Way::Up,
            Some("down") => Way::Down,
            _ => Way::None,
        };
        Ok(Self {
            overlap: match row.text("overlap") {
                Some("warn") => Overlap::Warn,
                Some("allow") => Overlap::Allow,
                _ => Overlap::Refuse,
            },
            rounding: Rounding {
                way,
                unit: row.integer("rounding_minutes").unwrap_or(1) * 60,
                by_day: row.text("rounding_by") == Some("day"),
            },
        })
    }
}

/// How weeks are approved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Approval {
    #[default]
    Person,
    /// Line by line, each by the manager of its project.
    Project,
}

/// As the organization has it now. A week that is submitted already keeps to what it was then.
pub(crate) fn approval() -> Result<Approval, Fault> {
    let settled = settings::all(["approval"])?;
    Ok(if settled.text("approval") == Some("project") { Approval::Project } else { Approval::Person })
}

/// The last day that is locked, and what holds the answer: that nobody locks another period meanwhile. What was read is
/// looked at again by the commit, and what was not there yet is not among it.
pub(crate) fn locked_until() -> Result<(Option<Date>, Option<Mutation>), Fault> {
    let last = select("periods").as_plugin().columns(["id", "locked_until"]).sort_descending("locked_until").limit(1);
    let page = records::find(last)?;
    let until = page.records().next().and_then(|row| row.date("locked_until"));
    let later = field("scope").eq("everyone");
    let later = match until {
        Some(until) => later.and(field("locked_until").more_than(until)),
        None => later,
    };
    let fault = Fault::new(ErrorCode::Conflict, "A period was locked meanwhile. Try once more.");
    let guard = Some(ensure_none("periods", later, fault));
    Ok((until, guard))
}

/// Time of a day that is locked neither comes nor goes.
pub(crate) fn refuse_locked(until: Option<Date>, index: usize, day: Date, findings: &mut Findings) {
    if let Some(until) = until.filter(|until| day <= *until) {
        let (until, day) = (weeks::shown(until), weeks::shown(day));
        findings.lock(index, "local_date", format!("Time is locked up to {until}: {day} is before that."));
    }
}

/// What a period is called, and that there is one after the other: moving the lock back is a change of the last one.
pub(crate) fn check_period(index: usize, change: &HookChange, findings: &mut Findings) {
    if let Some(until) = change.after.date("locked_until") {
        findings.name(index, change, format!("Up to {}", weeks::shown(until)));
    }
}
