//! Approved time on its way out: numbered batches for pay and for clients' bills, each entry in one of each at most. What
//! comes late, and what corrects what was out already, falls into the next.

use crate::claims;
use crate::typed;
use crate::weeks;
use lignaflow_sdk::Origin;
use lignaflow_sdk::prelude::*;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Entries of one run.
const MOST: usize = 3_000;
const EXPORT: &str = "timesheets.export";

/// For whom a run is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Pay,
    Billing,
}

impl Kind {
    const fn collection(self) -> &'static str {
        match self {
            Self::Pay => "pay-runs",
            Self::Billing => "billing-runs",
        }
    }

    /// The field of an entry that says in which run it is.
    const fn mark(self) -> &'static str {
        match self {
            Self::Pay => "pay_run",
            Self::Billing => "billing_run",
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

fn may() -> Result<context::Caller, Fault> {
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
    let columns =
        ["id", "sheet", "sheet.status", "local_date", "duration", "billable_duration", "amount", "project", "label"];
    let entries = select("entries").as_plugin().columns(columns).filter(all(wanted)).sort("local_date");
    let entries = records::find_all(entries, MOST)?.ok_or_else(|| {
        Fault::at("/until", "too-many", format!("A run has at most {MOST} entries: choose an earlier day."))
    })?;
    if entries.is_empty() {
        return Err(Fault::new(ErrorCode::Conflict, "There is no approved time that is not in a run already."));
    }
    let earlier = select(kind.collection())
        .as_plugin()
        .columns(["id", "until"])
        .filter(field("status").eq("made"))
        .sort_descending("until")
        .limit(1);
    let earlier = records::find(earlier)?.records().next().and_then(|row| row.date("until"));
    let late = entries.iter().filter(|entry| entry.date("local_date") <= earlier).count();
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
    let mut writes: Vec<Mutation> = vec![made.into()];
    writes.extend(
        entries.iter().filter_map(|entry| Some(update("entries", entry.reference("id")?).set(kind.mark(), run).into())),
    );
    if kind == Kind::Billing {
        writes.extend(claims::of_run(run, body.until, &entries)?);
    }
    if kind == Kind::Pay {
        // A week is out once all of it is.
        let approved: BTreeSet<Id> = entries
            .iter()
            .filter(|entry| entry.text("sheet.status") == Some("approved"))
            .filter_map(|entry| entry.reference("sheet"))
            .collect();
        for sheet in approved {
            let rest =
                all([field("sheet").eq(sheet), field("pay_run").is_null(), field("local_date").more_than(body.until)]);
            if records::find(select("entries").as_plugin().columns(["id"]).filter(rest).limit(1))?.rows.is_empty() {
                writes.push(transition("sheets", sheet, "export").into());
            }
        }
    }
    Ok(reply::saved(kind.collection(), run).with_status(201).with_writes(writes))
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
    writes.extend(
        entries
            .iter()
            .filter_map(|entry| Some(update("entries", entry.reference("id")?).set(kind.mark(), None::<Id>).into())),
    );
    if kind == Kind::Billing {
        writes.extend(claims::taken_back(run, &entries)?);
    }
    if kind == Kind::Pay {
        let exported = entries.iter().filter(|entry| entry.text("sheet.status") == Some("exported"));
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
    let entries = select("entries").as_plugin().columns(["id", "project", "billable_duration", "amount"]);
    let entries = records::find_all(entries.filter(field(kind.mark()).eq(run)), MOST)?.ok_or_else(Fault::internal)?;
    let (gone, kept): (Vec<Fields>, Vec<Fields>) = entries.into_iter().partition(goes);
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let mut writes: Vec<Mutation> = gone
        .iter()
        .filter_map(|entry| Some(update("entries", entry.reference("id")?).set(kind.mark(), None::<Id>).into()))
        .collect();
    let taken: i64 = kept.iter().filter_map(|entry| entry.integer("billable_duration")).sum();
    writes.push(if kept.is_empty() {
        transition(kind.collection(), run, "cancel").set("reason", reason).into()
    } else {
        let count = i64::try_from(kept.len()).unwrap_or(i64::MAX);
        update(kind.collection(), run)
            .set("entries", count)
            .set("duration", taken)
            .set("amount", total(&kept))
            .into()
    });
    Ok(writes)
}

/// The run as a file, the same each time: what is in it is locked.
pub(crate) fn file(kind: Kind, request: &RouteRequest) -> Result<RouteReply, Fault> {
    may()?;
    let run = request.id("id")?;
    let record = records::get_for_caller(kind.collection(), run, &["number", "status", "until"])?
        .ok_or_else(|| Fault::not_found("run"))?;
    if record.text("status") == Some("cancelled") {
        return Err(Fault::new(ErrorCode::Conflict, "This run was cancelled: what was in it is in a later one."));
    }
    let columns = [
        "id",
        "user",
        "local_date",
        "started_at",
        "ended_at",
        "zone",
        "break_time",
        "duration",
        "billable_duration",
        "project.number",
        "project.name",
        "project.client.name",
        "task.title",
        "activity.name",
        "note",
        "sell_rate",
        "amount",
        "corrects",
        "corrects.local_date",
    ];
    let entries = select("entries")
        .as_plugin()
        .columns(columns)
        .filter(field(kind.mark()).eq(run))
        .sort("user")
        .sort("local_date")
        .sort("started_at");
    let entries = records::find_all(entries, MOST)?.ok_or_else(Fault::internal)?;
    let mut names: BTreeMap<Id, String> = BTreeMap::new();
    for user in entries.iter().filter_map(|entry| entry.reference("user")) {
        if let std::collections::btree_map::Entry::Vacant(place) = names.entry(user) {
            place.insert(people::person(user)?.map(|person| person.name).unwrap_or_default());
        }
    }
    let number = record.text("number").unwrap_or_default();
    let mut text = match kind {
        Kind::Pay => "run,person,person_id,date,start,finish,break,hours,project,task,activity,note,corrects\r\n",
        Kind::Billing => {
            "run,client,project_number,project,person,date,task,activity,hours,rate,amount,currency,note,corrects\r\n"
        }
    }
    .to_owned();
    for entry in &entries {
        let user = entry.reference("user");
        let name = user.and_then(|user| names.get(&user)).map_or("", String::as_str);
        let told = |path: &str| entry.text(path).unwrap_or_default().to_owned();
        let day = entry.date("local_date").map(|day| day.to_string()).unwrap_or_default();
        let corrects = match (entry.is_null("corrects"), entry.date("corrects.local_date")) {
            (false, Some(day)) => day.to_string(),
            _ => String::new(),
        };
        let clock = |name: &str| -> Result<String, Fault> {
            let (Some(at), Some(zone)) = (entry.instant(name), entry.text("zone")) else { return Ok(String::new()) };
            Ok(typed::shown_clock(calendar::to_local(at, zone)?.second))
        };
        let cells = match kind {
            Kind::Pay => vec![
                number.to_owned(),
                name.to_owned(),
                user.map(|user| user.to_string()).unwrap_or_default(),
                day,
                clock("started_at")?,
                clock("ended_at")?,
                entry.integer("break_time").filter(|pause| *pause > 0).map(typed::shown).unwrap_or_default(),
                hours(entry.integer("duration").unwrap_or(0)),
                told("project.name"),
                told("task.title"),
                told("activity.name"),
                told("note"),
                corrects,
            ],
            Kind::Billing => {
                let rate = entry.money("sell_rate");
                let amount = entry.money("amount");
                vec![
                    number.to_owned(),
                    told("project.client.name"),
                    told("project.number"),
                    told("project.name"),
                    name.to_owned(),
                    day,
                    told("task.title"),
                    told("activity.name"),
                    hours(entry.integer("billable_duration").unwrap_or(0)),
                    rate.map(plain).unwrap_or_default(),
                    amount.map(plain).unwrap_or_default(),
                    amount.map(|amount| amount.currency.to_string()).unwrap_or_default(),
                    told("note"),
                    corrects,
                ]
            }
        };
        line(&mut text, &cells);
    }
    Ok(reply::bytes("text/csv; charset=utf-8", text.into_bytes()))
}

/// Hours with four digits after the point, so that a minute is told exactly enough to be one again.
fn hours(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let parts = (seconds.abs() * 10_000 + 1_800) / 3_600;
    format!("{sign}{}.{:04}", parts / 10_000, parts % 10_000)
}

/// An amount as a number with the digits of its currency after the point.
fn plain(amount: Money) -> String {
    let sign = if amount.minor < 0 { "-" } else { "" };
    let digits = usize::try_from(amount.currency.minor_digits()).unwrap_or(0);
    let padded = format!("{:0>width$}", amount.minor.unsigned_abs(), width = digits + 1);
    let (whole, rest) = padded.split_at(padded.len() - digits);
    if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

/// One line of a CSV file (RFC 4180). What a spreadsheet would take for a formula is a text.
fn line(text: &mut String, cells: &[String]) {
    for (at, cell) in cells.iter().enumerate() {
        let formula = cell.starts_with(['=', '+', '@', '\t'])
            || (cell.starts_with('-') && !cell[1..].bytes().all(|b| b.is_ascii_digit() || b == b'.'));
        let cell = if formula { format!("'{cell}") } else { cell.clone() };
        let lead = if at > 0 { "," } else { "" };
        if cell.contains([',', '"', '\r', '\n']) {
            let _ = write!(text, "{lead}\"{}\"", cell.replace('"', "\"\""));
        } else {
            let _ = write!(text, "{lead}{cell}");
        }
    }
    text.push_str("\r\n");
}

pub(crate) fn check(change: &HookChange) -> Result<(), Fault> {
    if change.transition.is_some() && !matches!(change.origin, Origin::Route | Origin::Subscriber) {
        return Err(Fault::new(ErrorCode::Conflict, "A run is cancelled with a reason, by its own route."));
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
struct Correcting {
    reason: String,
    time: Option<String>,
}

/// Takes time back that is out already, by an entry of as much less today, and tells what it should have been by another.
/// Both have the rate of what they correct. The other is corrected in turn once it is out itself, so that each takes back
/// the one before it.
pub(crate) fn correct(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Correcting = request.json()?;
    let caller = context::caller()?;
    let id = request.id("id")?;
    let columns = [
        "user",
        "project",
        "task",
        "activity",
        "duration",
        "billable",
        "sell_rate",
        "sell_source",
        "cost_rate",
        "cost_source",
        "own_rate",
        "sheet.status",
        "pay_run",
        "billing_run",
        "corrects",
        "zone",
        "label",
        "local_date",
    ];
    records::get_for_caller("entries", id, &["id"])?.ok_or_else(|| Fault::not_found("time entry"))?;
    let entry = records::get("entries", id, &columns)?.ok_or_else(|| Fault::not_found("time entry"))?;
    let own = caller.person().is_some() && entry.reference("user") == caller.person();
    if !own && !caller.holds("timesheets.enter-for-others") {
        return Err(Fault::denied("You may not correct the time of others."));
    }
    let out =
        entry.text("sheet.status") == Some("exported") || !entry.is_null("pay_run") || !entry.is_null("billing_run");
    if !out {
        return Err(Fault::new(
            ErrorCode::Conflict,
            "This time is in no run yet: have its timesheet returned and change it.",
        ));
    }
    let taken = entry.integer("duration").unwrap_or(0);
    if !entry.is_null("corrects") && taken <= 0 {
        let message = "This takes back other time: correct what stands in its place.";
        return Err(Fault::new(ErrorCode::Conflict, message));
    }
    let again = select("entries").as_plugin().columns(["id", "duration"]).filter(field("corrects").eq(id)).limit(2);
    let again = records::find(again)?;
    if !again.rows.is_empty() {
        let replaced = again.records().any(|row| row.integer("duration").is_some_and(|seconds| seconds > 0));
        let message = if replaced {
            "This time was corrected already: correct what stands in its place."
        } else {
            "This time was taken back already: enter what is right as new time."
        };
        return Err(Fault::new(ErrorCode::Conflict, message));
    }
    if body.reason.trim().is_empty() {
        return Err(Fault::at("/reason", "required", "Say what was wrong with it."));
    }
    let right = match body.time.as_deref().map(typed::read) {
        None => 0,
        Some(Ok(typed::Typed::Taken(seconds))) => seconds,
        Some(Ok(typed::Typed::Between(..))) => {
            return Err(Fault::at("/time", "time", "Say how long it took, as 2, 2.5, 2h, 1:30 or 90m."));
        }
        Some(Err(message)) => return Err(Fault::at("/time", "time", message)),
    };
    let day = entry.date("local_date").map(weeks::shown).unwrap_or_default();
    let today = caller.today()?;
    let back = context::new_id()?;
    let mut writes: Vec<Mutation> = Vec::new();
    let write = |id: Id, seconds: i64, note: String| {
        let mut write = insert("entries", id)
            .set("local_date", today)
            .set("duration", seconds)
            .set("corrects", request.id("id")?)
            .set("origin", "correction")
            .set("note", note);
        for name in [
            "user",
            "project",
            "task",
            "activity",
            "billable",
            "sell_rate",
            "sell_source",
            "cost_rate",
            "cost_source",
            "own_rate",
            "zone",
        ] {
            write = write.set(name, entry.value(name).unwrap_or(&Value::Null));
        }
        Ok::<_, Fault>(Mutation::from(write))
    };
    let reason = body.reason.trim();
    writes.push(write(back, -taken, format!("Takes back {} of {day}: {reason}", typed::shown(taken)))?);
    if right > 0 {
        writes.push(write(
            context::new_id()?,
            right,
            format!("In place of {} of {day}: {reason}", typed::shown(taken)),
        )?);
    }
    // Two who correct the same at once find that only one of them may.
    let fault = Fault::new(ErrorCode::Conflict, "This time was corrected meanwhile.");
    let ours: Vec<Predicate> = std::iter::once(back).map(|id| field("id").ne(id)).collect();
    let user = entry.reference("user");
    if let Some(user) = user {
        let others = all([field("user").eq(user), field("corrects").eq(id), field("duration").at_most(0)]
            .into_iter()
            .chain(ours));
        writes.push(ensure_none("entries", others, fault));
    }
    Ok(reply::saved("entries", back).with_status(201).with_writes(writes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_keeps_what_is_in_its_cells() {
        let mut text = String::new();
        line(&mut text, &["a,b", "say \"oak\"", "=1+1", "-2.5", "", "-x"].map(str::to_owned));
        assert_eq!(text, "\"a,b\",\"say \"\"oak\"\"\",'=1+1,-2.5,,'-x\r\n");
    }

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        let of = |minor, currency: &str| plain(Money { minor, currency: currency.parse().unwrap() });
        let told =
            [of(5, "AUD"), of(-123_456, "AUD"), of(1_234, "JPY"), of(0, "JPY"), of(1, "KWD"), of(i64::MIN, "AUD")];
        assert_eq!(told, ["0.05", "-1234.56", "1234", "0", "0.001", "-92233720368547758.08"]);
    }

    proptest! {
        #[test]
        fn hours_of_a_file_are_minutes_again(minutes in -6_000_i64..6_000) {
            let text = hours(minutes * 60);
            let (whole, part) = text.trim_start_matches('-').split_once('.').unwrap();
            let parts: i64 = whole.parse::<i64>().unwrap() * 10_000 + part.parse::<i64>().unwrap();
            prop_assert_eq!((parts * 60 + 5_000) / 10_000, minutes.abs());
            prop_assert_eq!(text.starts_with('-'), minutes < 0);
        }
    }
}
