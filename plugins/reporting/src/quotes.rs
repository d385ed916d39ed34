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

/// Which estimates are asked for: those that were begun on some days, without those that are kept as templates.
struct Asked {
    /// Whether it is the first moment, or the one after the last.
    edges: Vec<(bool, Instant)>,
    /// The same in an address.
    address: String,
}

impl Asked {
    fn of(request: &RouteRequest, caller: &context::Caller) -> Result<Self, Fault> {
        let (mut edges, mut issues) = (Vec::new(), Vec::new());
        let mut address = "&filter[template]=false".to_owned();
        for (name, operator) in [("from", "gte"), ("until", "lte")] {
            let Some(text) = request.query_text(name) else { continue };
            let Ok(day) = text.parse::<Date>() else {
                issues.push(Issue::new(format!("/{name}"), "type", "Expected a date such as 2027-02-01."));
                continue;
            };
            // Days are those of the caller's clocks.
            let edge = if name == "from" { Some(day) } else { day.plus_days(1) };
            let Some(edge) = edge else { continue };
            edges.push((name == "from", calendar::to_instant(edge, 0, &caller.time_zone)?));
            address = format!("{address}&filter[created_at][{operator}]={day}");
        }
        if issues.is_empty() { Ok(Self { edges, address }) } else { Err(Fault::invalid(issues)) }
    }

    /// That it is one of them, whose fields stand at `prefix`.
    fn holds(&self, prefix: &str) -> Predicate {
        let begun = |(from, edge): &(bool, Instant)| {
            let begun = field(format!("{prefix}created_at"));
            if *from { begun.at_least(*edge) } else { begun.less_than(*edge) }
        };
        let template = field(format!("{prefix}template")).eq(true);
        Predicate::All(self.edges.iter().map(begun).chain([not(template)]).collect())
    }
}

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let caller = context::caller()?;
    let asked = Asked::of(request, &caller)?;
    let mut purse = Purse::new(caller.currency);
    let mut states: BTreeMap<String, Figures> = BTreeMap::new();
    let counted = summarize("estimates/estimates").filter(asked.holds("")).group("status");
    for row in all(records::summarize(counted.measure(count().named("n")))?)?.records() {
        let state = row.text("status").unwrap_or_default().to_owned();
        states.entry(state).or_default().count += row.integer("n").unwrap_or(0);
    }
    let valued = summarize("estimates/estimates").filter(asked.holds("")).group("status");
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
            let records = format!("/api/v1/estimates/estimates?filter[status]={status}{}", asked.address);
            Row { status: status.clone(), title: spoken(status), figures: *figures, records }
        })
        .collect();
    let days_to_accept = days(asked.holds("estimate."))?;
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

/// Why quotes were declined.
#[derive(Debug, Serialize)]
struct Reason {
    title: String,
    #[serde(flatten)]
    figures: Figures,
    records: String,
}

#[derive(Debug, Serialize)]
struct Reasons {
    currency: String,
    rows: Vec<Reason>,
    total: Figures,
    left_out: Vec<LeftOut>,
}

const NO_REASON: &str = "No reason given";
/// Ids of one address, beyond which it opens all that were declined.
const NAMED: usize = 100;

/// The estimates that are declined, by the reason that was given for the last of their documents. Together they are those
/// that the funnel counts as declined.
pub(crate) fn reasons(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let caller = context::caller()?;
    let asked = Asked::of(request, &caller)?;
    let many = || Fault::new(ErrorCode::Quota, "Too many answers: ask for a shorter time.");
    let estimates = select("estimates/estimates").columns(["id", "total"]).filter(asked.holds("")).sort("id");
    let estimates = records::find_all(estimates.filter(field("status").eq("declined")), MOST)?.ok_or_else(many)?;
    let answers = select("estimates/revisions")
        .columns(["estimate", "reason"])
        .filter(field("status").eq("declined").and(field("estimate.status").eq("declined")))
        .filter(asked.holds("estimate."))
        .sort("id");
    let answers = records::find_all(answers, MOST)?.ok_or_else(many)?;
    // A later document's answer is the one that counts.
    let of =
        |row: &Fields| Some((row.reference("estimate")?, row.text("reason").unwrap_or_default().trim().to_owned()));
    let given: BTreeMap<Id, String> = answers.iter().filter_map(of).collect();

    let mut purse = Purse::new(caller.currency);
    let mut total = Figures::default();
    // However it is written: the same words are one reason.
    let mut by_reason: BTreeMap<String, (String, Figures, Vec<String>)> = BTreeMap::new();
    for estimate in &estimates {
        let Some(id) = estimate.reference("id") else { continue };
        let reason = given.get(&id).map(String::as_str).filter(|reason| !reason.is_empty()).unwrap_or(NO_REASON);
        let fresh = || (reason.to_owned(), Figures::default(), Vec::new());
        let (_, figures, ids) = by_reason.entry(reason.to_lowercase()).or_insert_with(fresh);
        let value = purse.take(estimate.money("total"));
        for sum in [figures, &mut total] {
            sum.count += 1;
            sum.value = sum.value.saturating_add(value);
        }
        ids.push(id.to_string());
    }
    let mut rows: Vec<Reason> = by_reason
        .into_values()
        .map(|(title, figures, ids)| {
            let which =
                if ids.len() > NAMED { asked.address.clone() } else { format!("&filter[id][in]={}", ids.join(",")) };
            let records = format!("/api/v1/estimates/estimates?filter[status]=declined{which}");
            Reason { title, figures, records }
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.figures.count, row.figures.value)));
    let currency = purse.currency.to_string();
    reply::json(&Reasons { currency, rows, total, left_out: purse.left_out() })
}
