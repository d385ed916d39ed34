//! Runs as files, for the payroll and for the accounts.

use crate::runs::{Kind, MOST, may};
use crate::typed;
use lignaflow_sdk::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;

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
    let mut names: BTreeMap<Id, String> = BTreeMap::new();
    for user in entries.iter().filter_map(|entry| entry.reference("user")) {
        if let std::collections::btree_map::Entry::Vacant(place) = names.entry(user) {
            place.insert(people::person(user)?.map(|person| person.name).unwrap_or_default());
        }
    }
    let number = record.text("number").unwrap_or_default();
    let mut text = match kind {
        Kind::Pay => "run,person,person_id,date,start,finish,break,hours,project,task,activity,note,corrects,late\r\n",
        Kind::Billing => {
            "run,client,project_number,project,person,date,task,activity,hours,rate,amount,currency,note,corrects,late\r\n"
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
        let late = if entry.boolean(kind.late()) == Some(true) { "yes" } else { "" }.to_owned();
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
                late,
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
                    late,
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
