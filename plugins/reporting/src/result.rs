//! Whether a project paid: what was accepted, what was agreed, the hours and costs on it, and what is left of it. It reads
//! three plugins' records side by side, so that the figures of each can be held against those of the others.

use crate::actuals::{Baseline, baseline};
use crate::sold::{self, Billing, Sale};
use crate::sums::{LeftOut, Purse, all, share, where_there};
use lignaflow_sdk::prelude::*;
use lignaflow_sdk::select::Summarize;
use serde::Serialize;
use std::collections::BTreeMap;

/// Revisions that became work on one project.
const MOST: usize = 500;

#[derive(Debug, Serialize)]
struct Quoted {
    count: i64,
    net: i64,
}

#[derive(Debug, Default, Serialize)]
struct Hours {
    minutes: i64,
    approved_minutes: i64,
    billable_minutes: i64,
    /// What approved time costs; nothing for whom it is not meant.
    cost: Option<i64>,
    /// What it is charged at.
    charged: Option<i64>,
}

#[derive(Debug, Default, Serialize)]
struct Costs {
    material: i64,
    subcontract: i64,
    plant: i64,
    other: i64,
    total: i64,
}

/// Where the records are that the figures come from.
#[derive(Debug, Serialize)]
struct Records {
    acceptances: Option<String>,
    baselines: String,
    entries: String,
    work: String,
    costs: String,
    claims: String,
}

#[derive(Debug, Serialize)]
struct Answer {
    project: Id,
    currency: String,
    quoted: Option<Quoted>,
    baseline: Option<Baseline>,
    hours: Option<Hours>,
    costs: Costs,
    labour_cost: i64,
    actual_cost: i64,
    sold: i64,
    time_to_bill: i64,
    costs_to_bill: i64,
    profit: i64,
    margin: Option<i64>,
    claimed: i64,
    records: Records,
    /// The same, line by line.
    rows: Vec<Line>,
    figures: Vec<Told>,
    left_out: Vec<LeftOut>,
}

/// One line of the reckoning.
#[derive(Debug, Serialize)]
struct Line {
    title: &'static str,
    minutes: Option<i64>,
    amount: Option<i64>,
    records: Behind,
}

/// Where the records are of one line's figures.
#[derive(Debug, Default, Serialize)]
struct Behind {
    minutes: Vec<String>,
    amount: Vec<String>,
}

impl Behind {
    /// Records of both.
    fn both(addresses: impl IntoIterator<Item = String>) -> Self {
        let amount: Vec<String> = addresses.into_iter().collect();
        Self { minutes: amount.clone(), amount }
    }
}

/// What it comes to.
#[derive(Debug, Serialize)]
struct Told {
    title: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    minor: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<i64>,
}

fn total(asked: Summarize, amount: &str, purse: &mut Purse) -> Result<i64, Fault> {
    let page = records::summarize(asked.measure(sum(amount).named("sum")))?;
    Ok(page.records().map(|row| purse.take(row.money("sum"))).fold(0, i64::saturating_add))
}

fn hours(project: Id, caller: &context::Caller, purse: &mut Purse) -> Result<Option<Hours>, Fault> {
    let of_project = || summarize("timesheets/entries").filter(field("project").eq(project));
    let minutes = |filter: Predicate, seconds: &str| -> Result<Option<i64>, Fault> {
        let asked = of_project().filter(filter).measure(sum(seconds).named("seconds"));
        let page = where_there(records::summarize(asked))?;
        Ok(page.map(|page| page.records().filter_map(|row| row.integer("seconds")).sum::<i64>() / 60))
    };
    let is_set = || field("duration").is_set();
    let Some(whole) = minutes(is_set(), "duration")? else { return Ok(None) };
    // A line of a week may be approved before all of it is.
    let approved = field("approved").eq(true);
    let mut hours = Hours {
        minutes: whole,
        approved_minutes: minutes(approved, "duration")?.unwrap_or(0),
        billable_minutes: minutes(is_set(), "billable_duration")?.unwrap_or(0),
        ..Hours::default()
    };
    for (permission, amount, figure) in
        [("timesheets.see-costs", "cost", &mut hours.cost), ("timesheets.see-rates", "amount", &mut hours.charged)]
    {
        if caller.holds(permission) {
            *figure = Some(total(of_project(), amount, purse)?);
        }
    }
    Ok(Some(hours))
}

fn quoted(revisions: &[Id], purse: &mut Purse) -> Result<Option<Quoted>, Fault> {
    if revisions.is_empty() {
        return Ok(None);
    }
    let of = field("revision").within(revisions.iter().copied());
    let asked = summarize("estimates/acceptances").filter(of).measure(count().named("n"));
    let Some(page) = where_there(records::summarize(asked.measure(sum("net").named("net"))))? else { return Ok(None) };
    let mut quoted = Quoted { count: 0, net: 0 };
    for row in page.records() {
        quoted.count += row.integer("n").unwrap_or(0);
        quoted.net = quoted.net.saturating_add(purse.take(row.money("net")));
    }
    Ok(Some(quoted).filter(|quoted| quoted.count > 0))
}

/// What a project is sold for, in one word.
const fn called(billing: Billing) -> &'static str {
    match billing {
        Billing::TimeAndMaterials => "Earned",
        Billing::Fixed | Billing::Nobody => "Agreed",
    }
}

const fn left(billing: Billing) -> &'static str {
    match billing {
        Billing::TimeAndMaterials => "Left of what was earned",
        Billing::Fixed | Billing::Nobody => "Left of what was agreed",
    }
}

/// What it is sold for, part by part, and what these come to where they are several.
fn earned(project: Id, sale: &Sale, baseline: Option<&Baseline>, hours: Option<&Hours>) -> Vec<Line> {
    let line = |title, amount: i64, records: Vec<String>| Line {
        title,
        minutes: None,
        amount: Some(amount),
        records: Behind { amount: records, ..Behind::default() },
    };
    let to_bill = |time: &'static str, costs: &'static str| {
        vec![
            line(time, sale.time_to_bill, sold::time_to_bill(project)),
            line(costs, sale.costs_to_bill, sold::costs_to_bill(sale.billing, project)),
        ]
    };
    if sale.billing == Billing::TimeAndMaterials {
        let mut lines = vec![line("Billed", sale.claimed, vec![sold::claims(project)])];
        lines.extend(to_bill("Time to bill", "Costs to bill"));
        // Until it is approved, time is charged at nothing yet; what it costs is counted.
        let waits = hours.map_or(0, |hours| hours.minutes.saturating_sub(hours.approved_minutes));
        if waits != 0 {
            let open = format!("/api/v1/timesheets/entries?filter[project]={project}&filter[approved]=false");
            let records = Behind { minutes: vec![open], ..Behind::default() };
            lines.push(Line { title: "Time that is not approved yet", minutes: Some(waits), amount: None, records });
        }
        if sale.paid_ahead() != 0 {
            let deposits = format!("{}&filter[kind]=deposit", sold::claims(project));
            lines.push(line("Paid ahead for it by deposits", -sale.paid_ahead(), vec![deposits]));
        }
        lines.push(line("Earned", sale.comes_to(), sale.records(project)));
        return lines;
    }
    let agreed = line("Agreed", sale.price(), vec![sale.priced_by(project)]);
    let minutes = baseline.map(|it| it.labour_minutes);
    let mut lines = vec![Line { minutes, records: Behind::both([sale.priced_by(project)]), ..agreed }];
    if sale.comes_to() != sale.price() {
        lines.push(line("Extras billed", sale.work_claimed, vec![sold::work_claimed(project)]));
        lines.extend(to_bill("Extras: time to bill", "Extras: costs to bill"));
        lines.push(line("Agreed, with extras", sale.comes_to(), sale.records(project)));
    }
    lines
}

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let project = request.id("id")?;
    let record = records::get_for_caller("projects/projects", project, &["id", "billing"])?
        .ok_or_else(|| Fault::not_found("project"))?;
    let caller = context::caller()?;
    let of_project = || field("project").eq(project);
    let mut purse = Purse::new(caller.currency);
    // Costs of time stand in `usage` and again with its entries: what of them is in another currency is told once.
    let mut again = Purse::new(caller.currency);

    let sources = select("projects/baselines").columns(["source_revision"]).filter(of_project()).sort("id");
    let sources = records::find_all(sources, MOST)?.unwrap_or_default();
    let revisions: Vec<Id> = sources.iter().filter_map(|row| row.text("source_revision")?.parse().ok()).collect();
    let baseline = baseline(project, true, &mut again)?;
    let quoted = quoted(&revisions, &mut again)?;
    let hours = hours(project, &caller, &mut again)?;

    let mut costs = Costs::default();
    let by_kind = summarize("projects/costs").filter(of_project()).group("kind").measure(sum("amount").named("sum"));
    for row in all(records::summarize(by_kind)?)?.records() {
        let amount = purse.take(row.money("sum"));
        let figure = match row.text("kind") {
            Some("material") => &mut costs.material,
            Some("subcontract") => &mut costs.subcontract,
            Some("plant") => &mut costs.plant,
            _ => &mut costs.other,
        };
        *figure = figure.saturating_add(amount);
        costs.total = costs.total.saturating_add(amount);
    }
    // For the project as a whole: task by task it would tell what an hour of one person costs.
    let labour_cost = total(summarize("projects/usage").as_plugin().filter(of_project()), "cost", &mut purse)?;
    let billing = Billing::of(&record);
    let sales = sold::read(&BTreeMap::from([(project, billing)]), &of_project(), &mut purse)?;
    let sale = sales.get(&project).copied().unwrap_or_else(|| Sale::of(billing));
    let actual_cost = labour_cost.saturating_add(costs.total);
    let sold = sale.comes_to();
    let profit = sold.saturating_sub(actual_cost);

    let of = |collection: &str| format!("/api/v1/{collection}?filter[project]={project}");
    let by_kind = |kind: &str| format!("{}&filter[kind]={kind}", of("projects/costs"));
    let minutes = hours.as_ref().map(|hours| hours.minutes);
    // Hours open their entries, where there are any; what was noted of them by the month stands in for these.
    let work = of(if hours.is_some() { "timesheets/entries" } else { "projects/usage" });
    let line = |title, minutes, amount: i64, records| Line { title, minutes, amount: Some(amount), records };
    let mut rows = earned(project, &sale, baseline.as_ref(), hours.as_ref());
    let all_costs = [work.clone(), of("projects/costs")];
    let whole = sale.records(project).into_iter().chain(all_costs.clone());
    rows.extend([
        line("Labour", minutes, labour_cost, Behind::both([work])),
        line("Materials", None, costs.material, Behind::both([by_kind("material")])),
        line("Subcontractors", None, costs.subcontract, Behind::both([by_kind("subcontract")])),
        line("Plant", None, costs.plant, Behind::both([by_kind("plant")])),
        line("Other costs", None, costs.other, Behind::both([by_kind("other")])),
        line(
            "Costs in all",
            minutes,
            actual_cost,
            Behind { minutes: vec![all_costs[0].clone()], amount: all_costs.into() },
        ),
        line(left(billing), None, profit, Behind::both(whole)),
        line("Claimed", None, sale.claimed, Behind::both([sold::claims(project)])),
    ]);
    let figures = vec![
        Told { title: called(billing), minor: Some(sold), percent: None },
        Told { title: "Cost", minor: Some(actual_cost), percent: None },
        Told { title: "Profit", minor: Some(profit), percent: None },
        Told { title: "Margin", minor: None, percent: share(profit, sold) },
    ];
    let ids: Vec<String> = revisions.iter().map(ToString::to_string).collect();
    let records = Records {
        acceptances: quoted
            .is_some()
            .then(|| format!("/api/v1/estimates/acceptances?filter[revision][in]={}", ids.join(","))),
        baselines: sold::baselines(project),
        entries: of("timesheets/entries"),
        work: of("projects/usage"),
        costs: of("projects/costs"),
        claims: sold::claims(project),
    };
    reply::json(&Answer {
        rows,
        figures,
        project,
        currency: purse.currency.to_string(),
        quoted,
        baseline,
        hours,
        costs,
        labour_cost,
        actual_cost,
        sold,
        time_to_bill: sale.time_to_bill,
        costs_to_bill: sale.costs_to_bill,
        profit,
        margin: share(profit, sold),
        claimed: sale.claimed,
        records,
        left_out: purse.left_out(),
    })
}
