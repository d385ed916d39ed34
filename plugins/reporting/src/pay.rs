//! Hours as a payroll takes them: each person's days with start, finish, break, ordinary time, overtime by band, leave,
//! holidays and allowances, also as amounts of the payroll's own pay items. It sorts hours and computes no wages.

use crate::capacity::Capacity;
use crate::seen::Seen;
use crate::span::Span;
use crate::sums::{all, where_there};
use lignaflow_plugin_worktime::bands::{Bands, Time, Week};
use lignaflow_plugin_worktime::rules::{self, HolidaysOf, Item, Rulebook};
use lignaflow_sdk::Person;
use lignaflow_sdk::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// Allowances of one report.
const MOST: usize = 5_000;

/// Seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Figures {
    #[serde(rename = "break")]
    pause: i64,
    worked: i64,
    #[serde(flatten)]
    bands: Bands,
    leave: i64,
    holiday: i64,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, more: Self) {
        self.pause += more.pause;
        self.worked += more.worked;
        self.bands += more.bands;
        self.leave += more.leave;
        self.holiday += more.holiday;
    }
}

#[derive(Debug, Default)]
struct Worked {
    seconds: i64,
    /// Of it, what corrections of other time come to.
    corrected: i64,
    /// The rest of it, by where it was worked.
    by_zone: BTreeMap<Option<String>, i64>,
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
        .measure(sum("duration").named("corrected").filter(field("corrects").is_set()))
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
        let (seconds, corrected) = (row.integer("seconds").unwrap_or(0), row.integer("corrected").unwrap_or(0));
        of.seconds += seconds;
        of.corrected += corrected;
        if seconds != corrected {
            *of.by_zone.entry(row.text("zone").map(str::to_owned)).or_default() += seconds - corrected;
        }
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
    let book = rulebook()?;
    let conventions = calendar::of_organization()?;
    // A week that begins before counts from its first day on.
    let counted = if book.counts_weeks() { Span { first: conventions.week_of(span.first), ..span } } else { span };
    let seen = Seen::read(caller, counted)?;
    let capacity = Capacity::read(counted, &seen)?;
    let mut worked = worked(counted, approved)?;
    let mut beside = allowances(span, approved)?;
    let mut rows = Vec::new();
    let known_as = payroll_ids()?;
    let mut everybody = seen.people().to_vec();
    for (user, _) in worked.keys().chain(beside.keys()) {
        if everybody.iter().all(|person| person.id != *user) {
            everybody.extend(people::person(*user)?);
        }
    }
    for person in everybody {
        let mut week = Week::default();
        for day in counted.days() {
            let of = worked.remove(&(person.id, day));
            let rules = book.rules(day);
            let is_there = of.is_some();
            let of = of.unwrap_or_default();
            let mut time = Time { corrected: of.corrected, ..Time::default() };
            for (zone, seconds) in &of.by_zone {
                let zone = rules.zone_of(zone.as_deref(), &person.time_zone);
                time.add(*seconds, capacity.is_holiday(day, zone));
            }
            // Where holidays are those of the place, who worked elsewhere had none at home.
            let mut known = if rules.holidays_of == HolidaysOf::Work && !of.by_zone.is_empty() {
                capacity.of_day(&person, day, time.on_holiday != 0)
            } else {
                capacity.of(&person, day)
            };
            if !person.active || !seen.covers(person.id, day) {
                // Who has left is paid what they worked, and away from nothing any more; who is of another crew by then, in
                // what is told of that.
                (known.holiday, known.leave) = (0, 0);
            }
            let bands = rules.sorted(time, day, known.usual, (conventions.week_of(day), &mut week));
            let paid = beside.remove(&(person.id, day)).unwrap_or_default();
            let is_empty = !is_there && known.leave == 0 && known.holiday == 0 && paid.is_empty();
            if day < span.first || is_empty {
                continue;
            }
            let figures =
                Figures { pause: of.pause, worked: of.seconds, bands, leave: known.leave, holiday: known.holiday };
            let payroll_id = known_as.get(&person.id).cloned();
            rows.push(Row { payroll_id, ..row(&person, day, &of, figures, paid)? });
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

/// What is settled of pay, and what the payroll calls what hours are sorted into.
fn rulebook() -> Result<Rulebook, Fault> {
    let asked = select("timesheets/pay-rules").columns(rules::columns()).sort("effective_from");
    let found = records::find_all(asked, MOST)?.ok_or_else(Fault::internal)?;
    Ok(Rulebook::of(found.into_iter()))
}

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
    let book = rulebook()?;
    let (mut rows, mut total) = (Vec::new(), ItemTotal::default());
    for Row { id, payroll_id, title, day, figures, beside, records, .. } in days {
        let away = [(Item::Leave, figures.leave), (Item::Holiday, figures.holiday)];
        for (item, seconds) in figures.bands.items().into_iter().chain(away).filter(|(_, seconds)| *seconds != 0) {
            let records = records.get(item.figure()).cloned().unwrap_or_default();
            let item = book.called(item, day).to_owned();
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

fn row(person: &Person, day: Date, of: &Worked, figures: Figures, beside: Vec<Beside>) -> Result<Row, Fault> {
    let zone = of.zone.as_deref().unwrap_or(&person.time_zone);
    let days = Span { first: day, last: day };
    let entries = format!("/api/v1/timesheets/entries?filter[user]={}{}", person.id, days.address("local_date"));
    let leave =
        format!("/api/v1/timesheets/leave?filter[user]={}&filter[first][lte]={day}&filter[last][gte]={day}", person.id);
    let mut records =
        BTreeMap::from([("leave", leave), ("holiday", format!("/api/v1/timesheets/holidays?filter[day]={day}"))]);
    let allowances = format!("/api/v1/timesheets/allowances?filter[user]={}{}", person.id, days.address("local_date"));
    records.insert("allowances", allowances);
    let of_time = ["break", "worked", "ordinary", "overtime", "further_overtime", "saturday", "sunday", "on_holiday"];
    records.extend(of_time.map(|name| (name, entries.clone())));
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
