//! Hours as a payroll takes them: each person's days with start, finish, break, ordinary time, overtime by band, leave,
//! holidays and allowances, also as amounts of the payroll's own pay items. It sorts hours and computes no wages.

use crate::capacity::{Capacity, Day, people_of};
use crate::span::Span;
use crate::sums::{all, where_there};
use lignaflow_sdk::Person;
use lignaflow_sdk::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// What overtime of the first band is by itself.
const FIRST_BAND: i64 = 7_200;
/// Allowances of one report.
const MOST: usize = 5_000;

/// Seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Figures {
    #[serde(rename = "break")]
    pause: i64,
    worked: i64,
    ordinary: i64,
    overtime: i64,
    further_overtime: i64,
    leave: i64,
    holiday: i64,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, more: Self) {
        self.pause += more.pause;
        self.worked += more.worked;
        self.ordinary += more.ordinary;
        self.overtime += more.overtime;
        self.further_overtime += more.further_overtime;
        self.leave += more.leave;
        self.holiday += more.holiday;
    }
}

/// What was worked on a day by its bands: ordinary up to what the pattern says, then the first band, then the rest. What
/// takes time back that was paid is less than nothing, and ordinary.
fn banded(worked: i64, day: Day, first_band: i64) -> Figures {
    let usual = if day.holiday > 0 { 0 } else { day.usual };
    let ordinary = worked.min(usual);
    let beyond = worked - ordinary;
    let overtime = beyond.min(first_band);
    Figures {
        worked,
        ordinary,
        overtime,
        further_overtime: beyond - overtime,
        leave: day.leave,
        holiday: day.holiday,
        pause: 0,
    }
}

#[derive(Debug, Default)]
struct Worked {
    seconds: i64,
    pause: i64,
    start: Option<Instant>,
    finish: Option<Instant>,
    zone: Option<String>,
}

/// People whose employment is looked at.
const MOST_PEOPLE: usize = 5_000;

#[derive(Debug, Serialize)]
struct Row {
    id: Id,
    /// By which the payroll knows them, where that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    payroll_id: Option<String>,
    title: String,
    day: Date,
    start: Option<String>,
    finish: Option<String>,
    #[serde(flatten)]
    figures: Figures,
    /// What is paid beside hours, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowances: Option<String>,
    #[serde(skip)]
    beside: Vec<Beside>,
    records: BTreeMap<&'static str, String>,
}

/// What is paid beside the hours of a day.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Beside {
    name: String,
    unit: String,
    pay_item: String,
    quantity: Decimal,
}

impl Beside {
    fn told(&self) -> String {
        format!("{} {} {}", self.name, self.quantity.normalize(), self.unit).trim_end().to_owned()
    }
}

/// One amount of one pay item.
#[derive(Debug, Serialize)]
struct ItemRow {
    id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    payroll_id: Option<String>,
    title: String,
    day: Date,
    item: String,
    /// Seconds; nothing of what is no time.
    hours: Option<i64>,
    units: Option<String>,
    unit: Option<String>,
    records: String,
}

#[derive(Debug, Default, Serialize)]
struct ItemTotal {
    hours: i64,
}

/// What the clocks of a zone show.
fn clock(at: Option<Instant>, zone: &str) -> Result<Option<String>, Fault> {
    let Some(at) = at else { return Ok(None) };
    let second = calendar::to_local(at, zone)?.second;
    Ok(Some(format!("{}:{:02}", second / 3_600, second / 60 % 60)))
}

fn worked(span: Span, approved: bool) -> Result<BTreeMap<(Id, Date), Worked>, Fault> {
    let mut asked = summarize("timesheets/entries")
        .filter(span.holds("local_date").and(field("duration").is_set()))
        .group("user")
        .group_by("local_date", Bucket::Day)
        .group("zone")
        .measure(sum("duration").named("seconds"))
        .measure(sum("break_time").named("pause"))
        .measure(minimum("started_at").named("start"))
        .measure(maximum("ended_at").named("finish"));
    // Somebody is paid for whole weeks, also where they are approved line by line.
    if approved {
        asked = asked.filter(field("sheet.status").within(["approved", "exported"]));
    }
    let mut days: BTreeMap<(Id, Date), Worked> = BTreeMap::new();
    for row in all(records::summarize(asked)?)?.records() {
        let (Some(user), Some(day)) = (row.reference("user"), row.date("local_date")) else { continue };
        let of = days.entry((user, day)).or_default();
        of.seconds += row.integer("seconds").unwrap_or(0);
        of.pause += row.integer("pause").unwrap_or(0);
        if let Some(start) = row.instant("start").filter(|at| of.start.is_none_or(|known| *at < known)) {
            of.start = Some(start);
            of.zone = row.text("zone").map(str::to_owned);
        }
        of.finish = of.finish.max(row.instant("finish"));
    }
    Ok(days)
}

/// What is paid beside hours, by person and day. Where the plugin that keeps it knows of none, there is none.
fn allowances(span: Span, approved: bool) -> Result<BTreeMap<(Id, Date), Vec<Beside>>, Fault> {
    let mut filter = span.holds("local_date");
    if approved {
        filter = filter.and(field("sheet.status").within(["approved", "exported"]));
    }
    let asked = select("timesheets/allowances")
        .columns(["id", "user", "local_date", "quantity", "kind.name", "kind.unit", "kind.pay_item"])
        .filter(filter)
        .sort("local_date")
        .sort("kind.name");
    let found = records::find_all(asked, MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, "Too many allowances for one report: ask for fewer days."))?;
    let mut days: BTreeMap<(Id, Date), Vec<Beside>> = BTreeMap::new();
    for row in &found {
        let (Some(user), Some(day), Some(quantity)) =
            (row.reference("user"), row.date("local_date"), row.decimal("quantity"))
        else {
            continue;
        };
        let text = |path: &str| row.text(path).unwrap_or_default().to_owned();
        let name = text("kind.name");
        let pay_item = Some(text("kind.pay_item")).filter(|item| !item.is_empty()).unwrap_or_else(|| name.clone());
        let of = days.entry((user, day)).or_default();
        match of.iter_mut().find(|known| known.name == name && known.pay_item == pay_item) {
            Some(known) => known.quantity += quantity,
            None => of.push(Beside { name, unit: text("kind.unit"), pay_item, quantity }),
        }
    }
    Ok(days)
}

/// Everybody's days with anything to pay, person by person.
fn days(span: Span, approved: bool, caller: &context::Caller) -> Result<Vec<Row>, Fault> {
    let first_band = settings::all(["overtime_first"])?.integer("overtime_first").unwrap_or(FIRST_BAND);
    let capacity = Capacity::read(span)?;
    let mut worked = worked(span, approved)?;
    let mut beside = allowances(span, approved)?;
    let mut rows = Vec::new();
    let known_as = payroll_ids()?;
    let mut everybody = people_of(caller)?;
    for (user, _) in worked.keys().chain(beside.keys()) {
        if everybody.iter().all(|person| person.id != *user) {
            everybody.extend(people::person(*user)?);
        }
    }
    for person in everybody {
        for day in span.days() {
            let of = worked.remove(&(person.id, day));
            let paid = beside.remove(&(person.id, day)).unwrap_or_default();
            let known = if person.active { capacity.of(&person, day) } else { Day::default() };
            if of.is_none() && known.leave == 0 && known.holiday == 0 && paid.is_empty() {
                continue;
            }
            let payroll_id = known_as.get(&person.id).cloned();
            rows.push(Row { payroll_id, ..row(&person, day, &of.unwrap_or_default(), known, first_band, paid)? });
        }
    }
    Ok(rows)
}

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let caller = context::caller()?;
    let span = Span::asked(request, &caller)?;
    let rows = days(span, request.query_text("time") != Some("all"), &caller)?;
    let mut total = Figures::default();
    for row in &rows {
        total += row.figures;
    }
    reply::json(&span.answer(rows, total))
}

/// What the payroll calls what hours are sorted into.
const ITEMS: [(&str, &str, &str); 5] = [
    ("ordinary", "pay_item_ordinary", "Ordinary hours"),
    ("overtime", "pay_item_overtime", "Overtime"),
    ("further_overtime", "pay_item_further", "Further overtime"),
    ("leave", "pay_item_leave", "Leave"),
    ("holiday", "pay_item_holiday", "Public holiday"),
];

/// By what the payroll knows people, as far as the caller sees it.
fn payroll_ids() -> Result<BTreeMap<Id, String>, Fault> {
    let asked = select("timesheets/employments").columns(["user", "payroll_id"]);
    let found = where_there(records::find_all(asked, MOST_PEOPLE))?.flatten().unwrap_or_default();
    Ok(found.iter().filter_map(|of| Some((of.reference("user")?, of.text("payroll_id")?.to_owned()))).collect())
}

/// The same as a payroll imports it: a row for each amount of each of its pay items.
pub(crate) fn items(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let caller = context::caller()?;
    let span = Span::asked(request, &caller)?;
    let days = days(span, request.query_text("time") != Some("all"), &caller)?;
    let called = settings::all(ITEMS.map(|(_, setting, _)| setting))?;
    let (mut rows, mut total) = (Vec::new(), ItemTotal::default());
    for Row { id, payroll_id, title, day, figures, beside, records, .. } in days {
        let amounts = [figures.ordinary, figures.overtime, figures.further_overtime, figures.leave, figures.holiday];
        for ((figure, setting, usual), seconds) in ITEMS.into_iter().zip(amounts).filter(|(_, seconds)| *seconds != 0) {
            let item = called.text(setting).filter(|item| !item.trim().is_empty()).unwrap_or(usual).to_owned();
            let records = records.get(figure).cloned().unwrap_or_default();
            total.hours += seconds;
            let (title, payroll_id) = (title.clone(), payroll_id.clone());
            rows.push(ItemRow {
                id,
                payroll_id,
                title,
                day,
                item,
                hours: Some(seconds),
                units: None,
                unit: None,
                records,
            });
        }
        for paid in beside {
            let records = records.get("allowances").cloned().unwrap_or_default();
            let units = Some(paid.quantity.normalize().to_string());
            let unit = Some(paid.unit).filter(|unit| !unit.is_empty());
            let (title, payroll_id) = (title.clone(), payroll_id.clone());
            rows.push(ItemRow { id, payroll_id, title, day, item: paid.pay_item, hours: None, units, unit, records });
        }
    }
    reply::json(&span.answer(rows, total))
}

fn row(
    person: &Person,
    day: Date,
    of: &Worked,
    known: Day,
    first_band: i64,
    beside: Vec<Beside>,
) -> Result<Row, Fault> {
    let zone = of.zone.as_deref().unwrap_or(&person.time_zone);
    let figures = Figures { pause: of.pause, ..banded(of.seconds, known, first_band) };
    let days = Span { first: day, last: day };
    let entries = format!("/api/v1/timesheets/entries?filter[user]={}{}", person.id, days.address("local_date"));
    let leave =
        format!("/api/v1/timesheets/leave?filter[user]={}&filter[first][lte]={day}&filter[last][gte]={day}", person.id);
    let mut records =
        BTreeMap::from([("leave", leave), ("holiday", format!("/api/v1/timesheets/holidays?filter[day]={day}"))]);
    let allowances = format!("/api/v1/timesheets/allowances?filter[user]={}{}", person.id, days.address("local_date"));
    records.insert("allowances", allowances);
    records.extend(["break", "worked", "ordinary", "overtime", "further_overtime"].map(|name| (name, entries.clone())));
    Ok(Row {
        id: person.id,
        payroll_id: None,
        title: person.name.clone(),
        day,
        start: clock(of.start, zone)?,
        finish: clock(of.finish, zone)?,
        figures,
        allowances: (!beside.is_empty()).then(|| beside.iter().map(Beside::told).collect::<Vec<_>>().join(", ")),
        beside,
        records,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bands_add_up_to_what_was_worked(worked in -50_000..90_000_i64, usual in 0..40_000_i64, band in 0..20_000_i64, holiday in prop::bool::ANY) {
            let day = Day { usual, holiday: if holiday { usual } else { 0 }, leave: 0 };
            let figures = banded(worked, day, band);
            prop_assert_eq!(figures.ordinary + figures.overtime + figures.further_overtime, worked);
            prop_assert!(figures.overtime <= band && figures.overtime >= 0 && figures.further_overtime >= 0);
            prop_assert!(figures.ordinary <= usual);
        }
    }
}
