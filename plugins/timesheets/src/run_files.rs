//! Runs as files, for the payroll and for the accounts.

use crate::bands;
use crate::employments;
use crate::runs::{Kind, MOST, may};
use crate::typed;
use lignaflow_sdk::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const PAY: &str = "run,person,payroll_id,person_id,kind,date,until,start,finish,break,hours,item,quantity,unit,project,task,\
                   activity,note,corrects,late\r\n";
const BILLING: &str = "run,client,project_number,project,person,date,task,activity,hours,rate,amount,currency,note,\
                       corrects,late\r\n";

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
        kind.late(),
    ];
    let entries = select("entries")
        .as_plugin()
        .columns(columns)
        .filter(field(kind.mark()).eq(run))
        .sort("user")
        .sort("local_date")
        .sort("started_at");
    let entries = records::find_all(entries, MOST)?.ok_or_else(Fault::internal)?;
    let number = record.text("number").unwrap_or_default();
    let mut people = People::default();
    let (head, lines) = match kind {
        Kind::Pay => (PAY, paid(run, number, &entries, &mut people)?),
        Kind::Billing => {
            let lines = entries.iter().map(|entry| billed(number, entry, &mut people));
            (BILLING, lines.collect::<Result<_, _>>()?)
        }
    };
    let mut text = head.to_owned();
    for cells in &lines {
        line(&mut text, cells);
    }
    Ok(reply::bytes("text/csv; charset=utf-8", text.into_bytes()))
}

/// Those whom a file is of, each looked up once.
#[derive(Debug, Default)]
struct People {
    names: BTreeMap<Id, String>,
}

impl People {
    fn name(&mut self, user: Option<Id>) -> Result<String, Fault> {
        let Some(user) = user else { return Ok(String::new()) };
        if let Some(name) = self.names.get(&user) {
            return Ok(name.clone());
        }
        let name = people::person(user)?.map(|person| person.name).unwrap_or_default();
        self.names.insert(user, name.clone());
        Ok(name)
    }
}

fn told(row: &Fields, path: &str) -> String {
    row.text(path).unwrap_or_default().to_owned()
}

fn shown_day(row: &Fields, path: &str) -> String {
    row.date(path).map(|day| day.to_string()).unwrap_or_default()
}

fn late(row: &Fields, kind: Kind) -> String {
    if row.boolean(kind.late()) == Some(true) { "yes" } else { "" }.to_owned()
}

/// The day of the entry that another corrects.
fn corrected(entry: &Fields) -> String {
    if entry.is_null("corrects") { String::new() } else { shown_day(entry, "corrects.local_date") }
}

/// What the clock showed where it was worked.
fn clock(entry: &Fields, name: &str) -> Result<String, Fault> {
    let (Some(at), Some(zone)) = (entry.instant(name), entry.text("zone")) else { return Ok(String::new()) };
    Ok(typed::shown_clock(calendar::to_local(at, zone)?.second))
}

/// A line of a pay run: whom and which day it is of, and its cells.
type Line = ((Option<Id>, Option<Date>), Vec<String>);

/// What is paid, person by person and day by day: time, then allowances, then leave, then what time is paid as. Hours are
/// told once, with the time; bands tell theirs as a quantity of their pay item, as allowances do.
fn paid(run: Id, number: &str, entries: &[Fields], people: &mut People) -> Result<Vec<Vec<String>>, Fault> {
    let of_run = || field(Kind::Pay.mark()).eq(run);
    let columns = [
        "id",
        "user",
        "local_date",
        "quantity",
        "kind.name",
        "kind.unit",
        "kind.pay_item",
        "project.name",
        "note",
        "paid_late",
    ];
    let allowances = select("allowances").as_plugin().columns(columns).filter(of_run()).sort("id");
    let allowances = records::find_all(allowances, MOST)?.ok_or_else(Fault::internal)?;
    let columns = ["id", "user", "kind", "first", "last", "paid_time", "paid_late", "note"];
    let leave = select("leave").as_plugin().columns(columns).filter(of_run()).sort("first");
    let leave = records::find_all(leave, MOST)?.ok_or_else(Fault::internal)?;
    let payroll_ids = employments::payroll_ids()?;
    let mut lines: Vec<Line> = Vec::new();
    let mut head = |row: &Fields, kind: &str| -> Result<Vec<String>, Fault> {
        let user = row.reference("user");
        let person = user.map(|user| user.to_string()).unwrap_or_default();
        let payroll_id = user.and_then(|user| payroll_ids.get(&user)).cloned().unwrap_or_default();
        Ok(vec![number.to_owned(), people.name(user)?, payroll_id, person, kind.to_owned()])
    };
    for entry in entries {
        let mut cells = head(entry, "time")?;
        cells.extend([
            shown_day(entry, "local_date"),
            String::new(),
            clock(entry, "started_at")?,
            clock(entry, "ended_at")?,
            entry.integer("break_time").filter(|pause| *pause > 0).map(typed::shown).unwrap_or_default(),
            hours(entry.integer("duration").unwrap_or(0)),
            String::new(),
            String::new(),
            String::new(),
            told(entry, "project.name"),
            told(entry, "task.title"),
            told(entry, "activity.name"),
            told(entry, "note"),
            corrected(entry),
            late(entry, Kind::Pay),
        ]);
        lines.push(((entry.reference("user"), entry.date("local_date")), cells));
    }
    for row in &allowances {
        let mut cells = head(row, "allowance")?;
        let item = row.text("kind.pay_item").filter(|item| !item.trim().is_empty());
        cells.push(shown_day(row, "local_date"));
        cells.extend(std::iter::repeat_n(String::new(), 5));
        cells.extend([
            item.map_or_else(|| told(row, "kind.name"), str::to_owned),
            row.decimal("quantity").map(|quantity| quantity.normalize().to_string()).unwrap_or_default(),
            told(row, "kind.unit"),
            told(row, "project.name"),
            String::new(),
            String::new(),
            told(row, "note"),
            String::new(),
            late(row, Kind::Pay),
        ]);
        lines.push(((row.reference("user"), row.date("local_date")), cells));
    }
    for row in &leave {
        let mut cells = head(row, "leave")?;
        cells.extend([shown_day(row, "first"), shown_day(row, "last")]);
        cells.extend(std::iter::repeat_n(String::new(), 3));
        cells.extend([hours(row.integer("paid_time").unwrap_or(0)), told(row, "kind")]);
        cells.extend(std::iter::repeat_n(String::new(), 5));
        cells.extend([told(row, "note"), String::new(), late(row, Kind::Pay)]);
        lines.push(((row.reference("user"), row.date("first")), cells));
    }
    for bands::Line { record, item, seconds } in bands::lines(run)? {
        let mut cells = head(&record, "band")?;
        cells.push(shown_day(&record, "local_date"));
        cells.extend(std::iter::repeat_n(String::new(), 5));
        cells.extend([item, hours(seconds), "h".to_owned()]);
        cells.extend(std::iter::repeat_n(String::new(), 5));
        cells.push(if record.boolean("late") == Some(true) { "yes" } else { "" }.to_owned());
        lines.push(((record.reference("user"), record.date("local_date")), cells));
    }
    lines.sort_by_key(|(of, _)| *of);
    Ok(lines.into_iter().map(|(_, cells)| cells).collect())
}

fn billed(number: &str, entry: &Fields, people: &mut People) -> Result<Vec<String>, Fault> {
    let (rate, amount) = (entry.money("sell_rate"), entry.money("amount"));
    Ok(vec![
        number.to_owned(),
        told(entry, "project.client.name"),
        told(entry, "project.number"),
        told(entry, "project.name"),
        people.name(entry.reference("user"))?,
        shown_day(entry, "local_date"),
        told(entry, "task.title"),
        told(entry, "activity.name"),
        hours(entry.integer("billable_duration").unwrap_or(0)),
        rate.map(plain).unwrap_or_default(),
        amount.map(plain).unwrap_or_default(),
        amount.map(|amount| amount.currency.to_string()).unwrap_or_default(),
        told(entry, "note"),
        corrected(entry),
        late(entry, Kind::Billing),
    ])
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
