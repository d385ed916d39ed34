//! What becomes of estimates: how many are won, by number and by value, and how long it takes.

use crate::sums::{LeftOut, Purse, all, share};
use lignaflow_sdk::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

const WON: [&str; 2] = ["accepted", "converted"];
const LOST: [&str; 2] = ["declined", "expired"];
/// Revisions whose days are averaged.
const MOST: usize = 10_000;
const DAY: i64 = 86_400_000_000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Figures {
    count: i64,
    value: i64,
}

#[derive(Debug, Serialize)]
struct Row {
    status: String,
    /// The same as people read it.
    title: String,
    #[serde(flatten)]
    figures: Figures,
    records: String,
}

#[derive(Debug, Serialize)]
struct Answer {
    currency: String,
    rows: Vec<Row>,
    total: Figures,
    won: i64,
    lost: i64,
    win_rate: Option<i64>,
    win_rate_by_value: Option<i64>,
    days_to_accept: Option<i64>,
    /// The same in the order in which they are told.
    figures: Vec<Told>,
    left_out: Vec<LeftOut>,
}

/// One figure with what it is called.
#[derive(Debug, Serialize)]
struct Told {
    title: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimal: Option<String>,
}

impl Told {
    const fn new(title: &'static str) -> Self {
        Self { title, count: None, percent: None, decimal: None }
    }
}

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let caller = context::caller()?;
    let (mut span, mut address, mut issues) = (Vec::new(), Vec::new(), Vec::new());
    for (name, operator) in [("from", "gte"), ("until", "lte")] {
        let Some(text) = request.query_text(name) else { continue };
        let Ok(day) = text.parse::<Date>() else {
            issues.push(Issue::new(format!("/{name}"), "type", "Expected a date such as 2027-02-01."));
            continue;
        };
        // Days are those of the caller's clocks.
        let edge = if name == "from" { Some(day) } else { day.plus_days(1) };
        let Some(edge) = edge else { continue };
        let edge = calendar::to_instant(edge, 0, &caller.time_zone)?;
        span.push((name == "from", edge));
        address.push(format!("&filter[created_at][{operator}]={day}"));
    }
    if !issues.is_empty() {
        return Err(Fault::invalid(issues));
    }
    let within = |path: &str| {
        all_of(span.iter().map(
            |(from, edge)| {
                if *from { field(path).at_least(*edge) } else { field(path).less_than(*edge) }
            },
        ))
    };

    let mut purse = Purse::new(caller.currency);
    let mut states: BTreeMap<String, Figures> = BTreeMap::new();
    let counted = summarize("estimates/estimates").filter(within("created_at")).group("status");
    for row in all(records::summarize(counted.measure(count().named("n")))?)?.records() {
        let state = row.text("status").unwrap_or_default().to_owned();
        states.entry(state).or_default().count += row.integer("n").unwrap_or(0);
    }
    let valued = summarize("estimates/estimates").filter(within("created_at")).group("status");
    for row in all(records::summarize(valued.measure(sum("total").named("value")))?)?.records() {
        let state = row.text("status").unwrap_or_default().to_owned();
        let value = purse.take(row.money("value"));
        let figures = states.entry(state).or_default();
        figures.value = figures.value.saturating_add(value);
    }
    let of = |names: [&str; 2]| {
        names.iter().filter_map(|name| states.get(*name)).fold(Figures::default(), |sum, more| Figures {
            count: sum.count + more.count,
            value: sum.value.saturating_add(more.value),
        })
    };
    let (won, lost) = (of(WON), of(LOST));
    let mut total = Figures::default();
    let rows = states
        .iter()
        .map(|(status, figures)| {
            total.count += figures.count;
            total.value = total.value.saturating_add(figures.value);
            let records = format!("/api/v1/estimates/estimates?filter[status]={status}{}", address.concat());
            Row { status: status.clone(), title: spoken(status), figures: *figures, records }
        })
        .collect();
    let days_to_accept = days(within("estimate.created_at"))?;
    let currency = purse.currency.to_string();
    let win_rate = share(won.count, won.count + lost.count);
    let win_rate_by_value = share(won.value, won.value.saturating_add(lost.value));
    let figures = vec![
        Told { count: Some(won.count), ..Told::new("Won") },
        Told { count: Some(lost.count), ..Told::new("Lost") },
        Told { percent: win_rate, ..Told::new("Win rate") },
        Told { percent: win_rate_by_value, ..Told::new("Win rate by value") },
        Told {
            decimal: days_to_accept.map(|tenths| format!("{}.{}", tenths / 10, tenths % 10)),
            ..Told::new("Days to accept")
        },
    ];
    reply::json(&Answer {
        figures,
        currency,
        rows,
        total,
        won: won.count,
        lost: lost.count,
        win_rate,
        win_rate_by_value,
        days_to_accept,
        left_out: purse.left_out(),
    })
}

fn all_of(predicates: impl Iterator<Item = Predicate>) -> Predicate {
    Predicate::All(predicates.collect())
}

/// `in-review` as `In review`.
fn spoken(status: &str) -> String {
    let words = status.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Tenths of days from issue to acceptance, on average, rounded.
fn days(within: Predicate) -> Result<Option<i64>, Fault> {
    let accepted = select("estimates/revisions")
        .columns(["issued_at", "answered_at"])
        .filter(field("status").within(WON))
        .filter(within);
    let accepted = records::find_all(accepted, MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, "Too many answers: ask for a shorter time."))?;
    let taken: Vec<i64> = accepted
        .iter()
        .filter_map(|row| Some(row.instant("answered_at")?.micros() - row.instant("issued_at")?.micros()))
        .collect();
    let Ok(count) = i64::try_from(taken.len()) else { return Ok(None) };
    if count == 0 {
        return Ok(None);
    }
    let sum: i128 = taken.iter().map(|micros| i128::from(*micros)).sum();
    let tenth = i128::from(DAY / 10) * i128::from(count);
    Ok(i64::try_from((sum + tenth / 2).div_euclid(tenth)).ok())
}
