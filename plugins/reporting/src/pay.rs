//! Hours as a payroll takes them: each person's days with start, finish, break, ordinary time, overtime by band, leave and
//! holidays. It sorts hours and computes no wages.

use crate::capacity::{Capacity, Day, people_of};
use crate::span::Span;
use crate::sums::all;
use lignaflow_sdk::Person;
use lignaflow_sdk::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// What overtime of the first band is by itself.
const FIRST_BAND: i64 = 7_200;

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

#[derive(Debug, Serialize)]
struct Row {
    id: Id,
    title: String,
    day: Date,
    start: Option<String>,
    finish: Option<String>,
    #[serde(flatten)]
    figures: Figures,
    records: BTreeMap<&'static str, String>,
}

#[derive(Debug, Serialize)]
struct Answer {
    from: Date,
    until: Date,
    rows: Vec<Row>,
    total: Figures,
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

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let caller = context::caller()?;
    let span = Span::asked(request, &caller)?;
    let approved = request.query_text("time") != Some("all");
    let first_band = settings::all(["overtime_first"])?.integer("overtime_first").unwrap_or(FIRST_BAND);
    let capacity = Capacity::read(span)?;
    let mut worked = worked(span, approved)?;
    let mut total = Figures::default();
    let mut rows = Vec::new();
    let mut everybody = people_of(&caller)?;
    for (user, _) in worked.keys() {
        if everybody.iter().all(|person| person.id != *user) {
            everybody.extend(people::person(*user)?);
        }
    }
    for person in everybody {
        for day in span.days() {
            let of = worked.remove(&(person.id, day));
            let known = if person.active { capacity.of(&person, day) } else { Day::default() };
            if of.is_none() && known.leave == 0 && known.holiday == 0 {
                continue;
            }
            let row = row(&person, day, &of.unwrap_or_default(), known, first_band)?;
            total += row.figures;
            rows.push(row);
        }
    }
    reply::json(&Answer { from: span.first, until: span.last, rows, total })
}

fn row(person: &Person, day: Date, of: &Worked, known: Day, first_band: i64) -> Result<Row, Fault> {
    let zone = of.zone.as_deref().unwrap_or(&person.time_zone);
    let figures = Figures { pause: of.pause, ..banded(of.seconds, known, first_band) };
    let days = Span { first: day, last: day };
    let entries = format!("/api/v1/timesheets/entries?filter[user]={}{}", person.id, days.address("local_date"));
    let leave =
        format!("/api/v1/timesheets/leave?filter[user]={}&filter[first][lte]={day}&filter[last][gte]={day}", person.id);
    let mut records =
        BTreeMap::from([("leave", leave), ("holiday", format!("/api/v1/timesheets/holidays?filter[day]={day}"))]);
    records.extend(["break", "worked", "ordinary", "overtime", "further_overtime"].map(|name| (name, entries.clone())));
    Ok(Row {
        id: person.id,
        title: person.name.clone(),
        day,
        start: clock(of.start, zone)?,
        finish: clock(of.finish, zone)?,
        figures,
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
