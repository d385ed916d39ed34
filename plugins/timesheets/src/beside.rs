//! What a pay run takes beside hours: allowances of weeks that are approved, and leave, each once.

use crate::runs::{Kind, MOST};
use crate::{absence, weeks};
use lignaflow_sdk::prelude::*;

const KIND: Kind = Kind::Pay;
/// What code notes of an allowance or of leave that is locked already.
const NOTES: [&str; 3] = ["pay_run", "paid_late", "paid_time"];

/// Whether a change is only of what a run notes.
pub(crate) fn only_notes(change: &HookChange) -> bool {
    let differs = |name: &str| change.before.value(name) != change.after.value(name);
    let mut changed = change.after.keys().filter(|name| differs(name)).peekable();
    change.kind == ChangeKind::Update && changed.peek().is_some() && changed.all(|name| NOTES.contains(&name.as_str()))
}

/// What is in no pay run yet.
#[derive(Debug)]
pub(crate) struct Beside {
    pub(crate) allowances: Vec<Fields>,
    pub(crate) leave: Vec<Fields>,
}

impl Beside {
    /// Up to a day. Leave is in the run that its first day falls into, as a whole: it is asked for and approved as one.
    pub(crate) fn due(until: Date) -> Result<Self, Fault> {
        let wanted = [
            field(KIND.mark()).is_null(),
            field("local_date").at_most(until),
            field("sheet.status").within(["approved", "exported"]),
        ];
        let columns = ["id", "sheet", "sheet.status", "local_date"];
        let allowances = select("allowances").as_plugin().columns(columns).filter(all(wanted)).sort("local_date");
        let wanted = [field(KIND.mark()).is_null(), field("first").at_most(until), field("status").eq("approved")];
        let columns = ["id", "user", "first", "last", "per_day"];
        let leave = select("leave").as_plugin().columns(columns).filter(all(wanted)).sort("first");
        Ok(Self { allowances: found(allowances)?, leave: found(leave)? })
    }

    pub(crate) fn of_run(run: Id) -> Result<Self, Fault> {
        let of = || field(KIND.mark()).eq(run);
        let columns = ["id", "sheet", "sheet.status"];
        let allowances = select("allowances").as_plugin().columns(columns).filter(of()).sort("id");
        let leave = select("leave").as_plugin().columns(["id"]).filter(of()).sort("id");
        Ok(Self { allowances: found(allowances)?, leave: found(leave)? })
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.allowances.is_empty() && self.leave.is_empty()
    }

    pub(crate) fn late(&self, earlier: Option<Date>) -> usize {
        let of = |rows: &[Fields], day: &str| rows.iter().filter(|row| is_late(row, day, earlier)).count();
        of(&self.allowances, "local_date") + of(&self.leave, "first")
    }

    /// Puts all of it into a run. What leave comes to is noted with it, so that the run's file stays the same.
    pub(crate) fn marked(&self, run: Id, earlier: Option<Date>) -> Result<Vec<Mutation>, Fault> {
        let mut writes: Vec<Mutation> = Vec::new();
        for (collection, rows, day) in [("allowances", &self.allowances, "local_date"), ("leave", &self.leave, "first")]
        {
            for row in rows {
                let Some(id) = row.reference("id") else { continue };
                let late = Some(true).filter(|_| is_late(row, day, earlier));
                let mut write = update(collection, id).set(KIND.mark(), run).set(KIND.late(), late);
                if collection == "leave" {
                    write = write.set("paid_time", absence::time_of(row)?);
                }
                writes.push(write.into());
            }
        }
        Ok(writes)
    }

    /// Takes all of it out of its run.
    pub(crate) fn freed(&self) -> Vec<Mutation> {
        let mut writes: Vec<Mutation> = Vec::new();
        for (collection, rows) in [("allowances", &self.allowances), ("leave", &self.leave)] {
            for id in rows.iter().filter_map(|row| row.reference("id")) {
                let mut write = update(collection, id).set(KIND.mark(), None::<Id>).set(KIND.late(), None::<bool>);
                if collection == "leave" {
                    write = write.set("paid_time", None::<i64>);
                }
                writes.push(write.into());
            }
        }
        writes
    }
}

fn is_late(row: &Fields, day: &str, earlier: Option<Date>) -> bool {
    earlier.is_some() && row.date(day) <= earlier
}

fn found(asked: impl Into<Selection>) -> Result<Vec<Fields>, Fault> {
    records::find_all(asked, MOST)?.ok_or_else(|| {
        let message = format!("A run has at most {MOST} allowances, and as much leave: choose an earlier day.");
        Fault::at("/until", "too-many", message)
    })
}

/// What was paid stays as it is.
pub(crate) fn paid(change: &HookChange) -> Option<String> {
    let day = change.before.date("local_date").or(change.before.date("first")).map(weeks::shown).unwrap_or_default();
    (!change.before.is_null(KIND.mark())).then(|| format!("What is of {day} is paid: cancel its pay run first."))
}
