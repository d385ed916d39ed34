//! Approved time on its way out: numbered batches for pay and for clients' bills, each entry in one of each at most. What
//! comes late, and what corrects what was out already, falls into the next.

use crate::bands;
use crate::beside::Beside;
use crate::claims;
use crate::weeks;
use lignaflow_sdk::Origin;
use lignaflow_sdk::prelude::*;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Entries of one run.
pub(crate) const MOST: usize = 3_000;
const EXPORT: &str = "timesheets.export";

/// For whom a run is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Pay,
    Billing,
}

impl Kind {
    pub(crate) const fn collection(self) -> &'static str {
        match self {
            Self::Pay => "pay-runs",
            Self::Billing => "billing-runs",
        }
    }

    /// The field of an entry that says in which run it is.
    pub(crate) const fn mark(self) -> &'static str {
        match self {
            Self::Pay => "pay_run",
            Self::Billing => "billing_run",
        }
    }

    /// The field that says that it is of a day which an earlier run was about.
    pub(crate) const fn late(self) -> &'static str {
        match self {
            Self::Pay => "paid_late",
            Self::Billing => "billed_late",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Pay => "Pay",
            Self::Billing => "Billing",
        }
    }
}

#[derive(Debug, Deserialize)]
struct Making {
    until: Date,
    client: Option<String>,
    project: Option<String>,
}

pub(crate) fn may() -> Result<context::Caller, Fault> {
    let caller = context::caller()?;
    if caller.holds(EXPORT) { Ok(caller) } else { Err(Fault::denied("You may not make or cancel runs.")) }
}

fn id(text: Option<&str>, path: &str) -> Result<Option<Id>, Fault> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|_| Fault::at(path, "type", "Expected the id of a record, a UUID.")))
        .transpose()
}

/// Takes in all approved time up to a day that is in no such run yet.
pub(crate) fn make(kind: Kind, request: &RouteRequest) -> Result<RouteReply, Fault> {
    may()?;
    let body: Making = request.json()?;
    let (client, project) = (id(body.client.as_deref(), "/client")?, id(body.project.as_deref(), "/project")?);
    let mut wanted = vec![field(kind.mark()).is_null(), field("local_date").at_most(body.until)];
    if kind == Kind::Pay {
        // Somebody is paid for a week as a whole, also where it is approved line by line.
        wanted.push(field("sheet.status").within(["approved", "exported"]));
    } else {
        // A client is billed for what is approved of their project, whatever the rest of the week waits for.
        wanted.push(field("approved").eq(true));
        // What takes back is in it also where it is of time that is not billable by now.
        wanted.push(any([field("billable").eq(true), field("corrects").is_set()]));
        wanted.push(field("billable_duration").ne(0));
        // Without a project there is nobody to bill.
        wanted.push(field("project").is_set());
        wanted.extend(client.map(|client| field("project.client").eq(client)));
        wanted.extend(project.map(|project| field("project").eq(project)));
    }
    let columns = [
        "id",
        "user",
        "sheet",
        "sheet.status",
        "local_date",
        "stands_for",
        "zone",
        "duration",
        "billable_duration",
        "amount",
        "project",
        "label",
    ];
    let entries = select("entries").as_plugin().columns(columns).filter(all(wanted)).sort("local_date");
    let entries = records::find_all(entries, MOST)?.ok_or_else(|| {
        Fault::at("/until", "too-many", format!("A run has at most {MOST} entries: choose an earlier day."))
    })?;
    let beside = match kind {
        Kind::Pay => Some(Beside::due(body.until)?).filter(|beside| !beside.is_empty()),
        Kind::Billing => None,
    };
    if entries.is_empty() && beside.is_none() {
        return Err(Fault::new(ErrorCode::Conflict, "There is no approved time that is not in a run already."));
    }
    let earlier = select(kind.collection())
        .as_plugin()
        .columns(["id", "until"])
        .filter(field("status").eq("made"))
        .sort_descending("until")
        .limit(1);
    let earlier = records::find(earlier)?.records().next().and_then(|row| row.date("until"));
    let is_late = |entry: &Fields| earlier.is_some() && entry.date("local_date") <= earlier;
    let late = entries.iter().filter(|entry| is_late(entry)).count()
        + beside.as_ref().map_or(0, |beside| beside.late(earlier));
    let length = match kind {
        Kind::Pay => "duration",
        Kind::Billing => "billable_duration",
    };
    let taken: i64 = entries.iter().filter_map(|entry| entry.integer(length)).sum();
    let run = context::new_id()?;
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let mut made = insert(kind.collection(), run)
        .set("label", format!("{} up to {}", kind.title(), weeks::shown(body.until)))
        .set("until", body.until)
        .set("entries", count(entries.len()))
        .set("late", count(late))
        .set("duration", taken);
    if kind == Kind::Billing {
        made = made.set("client", client).set("project", project).set("amount", total(&entries));
    }
    if let Some(beside) = &beside {
        made = made.set("allowances", count(beside.allowances.len())).set("leave", count(beside.leave.len()));
    }
    let (paid, noted) = match kind {
        Kind::Pay => {
            let others = beside.as_ref().map_or(0, |beside| beside.allowances.len() + beside.leave.len());
            bands::noted(run, &entries, earlier, entries.len() + others)?
        }
        Kind::Billing => Default::default(),
    };
    if kind == Kind::Pay {
        for (item, seconds) in paid.items() {
            made = made.set(item.figure(), seconds);
        }
    }
    let mut writes: Vec<Mutation> = vec![made.into()];
    writes.extend(noted);
    if let Some(beside) = &beside {
        writes.extend(beside.marked(run, earlier)?);
    }
    writes.extend(entries.iter().filter_map(|entry| {
        let marked = update("entries", entry.reference("id")?).set(kind.mark(), run);
        Some(marked.set(kind.late(), Some(true).filter(|_| is_late(entry))).into())
    }));
    if kind == Kind::Billing {
        writes.extend(claims::of_run(run, body.until, &entries)?);
    }
    if kind == Kind::Pay {
        // A week is out once all of it is.
        let paid = entries.iter().chain(beside.iter().flat_map(|beside| &beside.allowances));
        let approved = paid.filter(|row| row.text("sheet.status") == Some("approved"));
        let approved: BTreeSet<Id> = approved.filter_map(|row| row.reference("sheet")).collect();
        for sheet in approved {
            if !is_more(sheet, body.until)? {
                writes.push(transition("sheets", sheet, "export").into());
            }
        }
    }
    Ok(reply::saved(kind.collection(), run).with_status(201).with_writes(writes))
}

/// Whether a week has anything to pay after a day.
fn is_more(sheet: Id, until: Date) -> Result<bool, Fault> {
    for collection in ["entries", "allowances"] {
        let rest = all([field("sheet").eq(sheet), field("pay_run").is_null(), field("local_date").more_than(until)]);
        if !records::find(select(collection).as_plugin().columns(["id"]).filter(rest).limit(1))?.rows.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What it comes to, where all of it is of one currency and has a rate.
fn total(entries: &[Fields]) -> Option<Money> {
    let amounts: Option<Vec<Money>> = entries.iter().map(|entry| entry.money("amount")).collect();
    let amounts = amounts?;
    let currency = amounts.first()?.currency;
    if amounts.iter().any(|amount| amount.currency != currency) {
        return None;
    }
    let minor = amounts.iter().try_fold(0_i64, |sum, amount| sum.checked_add(amount.minor))?;
    Some(Money { minor, currency })
}

/// What is in no run of its kind any more.
fn freed(kind: Kind, entry: Id) -> Mutation {
    update("entries", entry).set(kind.mark(), None::<Id>).set(kind.late(), None::<bool>).into()
}

#[derive(Debug, Deserialize)]
struct Cancelling {
    reason: String,
}

/// Takes a run back. What was in it falls into the next.
pub(crate) fn cancel(kind: Kind, request: &RouteRequest) -> Result<RouteReply, Fault> {
    may()?;
    let body: Cancelling = request.json()?;
    if body.reason.trim().is_empty() {
        return Err(Fault::at("/reason", "required", "Say why it is cancelled."));
    }
    let run = request.id("id")?;
    records::get_for_caller(kind.collection(), run, &["id"])?.ok_or_else(|| Fault::not_found("run"))?;
    let entries = select("entries").as_plugin().columns(["id", "sheet", "sheet.status", "project", "amount"]);
    let entries = entries.filter(field(kind.mark()).eq(run));
    let entries = records::find_all(entries, MOST)?.ok_or_else(Fault::internal)?;
    let mut writes: Vec<Mutation> =
        vec![transition(kind.collection(), run, "cancel").set("reason", body.reason.trim()).into()];
    writes.extend(entries.iter().filter_map(|entry| Some(freed(kind, entry.reference("id")?))));
    if kind == Kind::Billing {
        writes.extend(claims::taken_back(run, &entries)?);
    }
    if kind == Kind::Pay {
        let beside = Beside::of_run(run)?;
        writes.extend(beside.freed());
        let paid = entries.iter().chain(&beside.allowances);
        let exported = paid.filter(|row| row.text("sheet.status") == Some("exported"));
        let sheets: BTreeSet<Id> = exported.filter_map(|entry| entry.reference("sheet")).collect();
        writes.extend(sheets.into_iter().map(|sheet| transition("sheets", sheet, "unexport").into()));
    }
    Ok(reply::saved(kind.collection(), run).with_writes(writes))
}

/// Lets some of the time of a billing run go, which falls into the next; a run that has none left is cancelled.
pub(crate) fn let_go(run: Id, goes: impl Fn(&Fields) -> bool, reason: &str) -> Result<Vec<Mutation>, Fault> {
    let kind = Kind::Billing;
    let record = records::get(kind.collection(), run, &["status"])?;
    if record.as_ref().and_then(|record| record.text("status")) != Some("made") {
        return Ok(Vec::new());
    }
    let columns = ["id", "project", "billable_duration", "amount", kind.late()];
    let entries = select("entries").as_plugin().columns(columns);
    let entries = records::find_all(entries.filter(field(kind.mark()).eq(run)), MOST)?.ok_or_else(Fault::internal)?;
    let (gone, kept): (Vec<Fields>, Vec<Fields>) = entries.into_iter().partition(goes);
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let mut writes: Vec<Mutation> = gone.iter().filter_map(|entry| Some(freed(kind, entry.reference("id")?))).collect();
    let taken: i64 = kept.iter().filter_map(|entry| entry.integer("billable_duration")).sum();
    writes.push(if kept.is_empty() {
        transition(kind.collection(), run, "cancel").set("reason", reason).into()
    } else {
        let count = i64::try_from(kept.len()).unwrap_or(i64::MAX);
        update(kind.collection(), run).set("entries", count).set("duration", taken).set("amount", total(&kept)).into()
    });
    Ok(writes)
}

pub(crate) fn check(change: &HookChange) -> Result<(), Fault> {
    if change.transition.is_some() && !matches!(change.origin, Origin::Route | Origin::Subscriber) {
        return Err(Fault::new(ErrorCode::Conflict, "A run is cancelled with a reason, by its own route."));
    }
    Ok(())
}
