//! What projects were sold for and what they cost, each amount in one bucket once.

use crate::sold::{self, Billing};
use crate::sums::{LeftOut, Purse, all, share};
use lignaflow_sdk::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// Projects of one report.
const MOST: usize = 1_000;
/// What work cost, by task and month.
const WORK: &str = "projects/usage";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Figures {
    sold: i64,
    labour_cost: i64,
    other_cost: i64,
    profit: i64,
    /// Of what it was sold for, in basis points.
    margin: Option<i64>,
    claimed: i64,
    /// Of what it is sold for, what clients are still to be billed for by the hour and by the cost.
    unbilled_time: i64,
    unclaimed_costs: i64,
}

impl Figures {
    fn settled(mut self) -> Self {
        self.profit = self.sold.saturating_sub(self.labour_cost).saturating_sub(self.other_cost);
        self.margin = share(self.profit, self.sold);
        self
    }

    fn add(&mut self, more: &Self) {
        for (one, other) in [
            (&mut self.sold, more.sold),
            (&mut self.labour_cost, more.labour_cost),
            (&mut self.other_cost, more.other_cost),
            (&mut self.claimed, more.claimed),
            (&mut self.unbilled_time, more.unbilled_time),
            (&mut self.unclaimed_costs, more.unclaimed_costs),
        ] {
            *one = one.saturating_add(other);
        }
    }
}

#[derive(Debug, Serialize)]
struct Row {
    id: Id,
    number: String,
    title: String,
    status: String,
    #[serde(flatten)]
    figures: Figures,
    records: Records,
}

#[derive(Debug, Serialize)]
struct Records {
    title: String,
    sold: Vec<String>,
    labour_cost: String,
    other_cost: String,
    claimed: String,
    unbilled_time: Vec<String>,
    unclaimed_costs: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Answer {
    currency: String,
    rows: Vec<Row>,
    total: Figures,
    left_out: Vec<LeftOut>,
}

/// A collection of costs, its amount, and the figure that they add to.
type Bucket = (&'static str, &'static str, fn(&mut Figures) -> &mut i64);

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let caller = context::caller()?;
    let mut projects =
        select("projects/projects").columns(["id", "number", "name", "status", "billing"]).sort("number");
    let mut within = Predicate::always();
    if let Some(status) = request.query_text("status") {
        projects = projects.filter(field("status").eq(status));
        within = field("project.status").eq(status);
    }
    let projects = records::find_all(projects, MOST)?.ok_or_else(|| {
        Fault::new(ErrorCode::Quota, format!("More than {MOST} projects: ask for those in one state."))
    })?;
    let billing: BTreeMap<Id, Billing> =
        projects.iter().filter_map(|project| Some((project.reference("id")?, Billing::of(project)))).collect();

    let mut purse = Purse::new(caller.currency);
    let sales = sold::read(&billing, &within, &mut purse)?;
    let mut figures: BTreeMap<Id, Figures> = BTreeMap::new();
    for (project, sale) in &sales {
        let one = Figures {
            sold: sale.comes_to(),
            claimed: sale.claimed,
            unbilled_time: sale.time_to_bill,
            unclaimed_costs: sale.costs_to_bill,
            ..Figures::default()
        };
        figures.insert(*project, one);
    }
    let costs: [Bucket; 2] = [
        (WORK, "cost", |figures| &mut figures.labour_cost),
        ("projects/costs", "amount", |figures| &mut figures.other_cost),
    ];
    for (collection, amount, place) in costs {
        let mut asked = summarize(collection).group("project").measure(sum(amount).named("sum")).filter(within.clone());
        // What work cost is for whoever sees the money of the project, and by task for fewer.
        if collection == WORK {
            asked = asked.as_plugin();
        }
        for row in all(records::summarize(asked)?)?.records() {
            if let Some(project) = row.reference("project").filter(|project| billing.contains_key(project)) {
                let figure = place(figures.entry(project).or_default());
                *figure = figure.saturating_add(purse.take(row.money("sum")));
            }
        }
    }

    let mut total = Figures::default();
    let mut rows: Vec<Row> = projects
        .iter()
        .filter_map(|project| {
            let id = project.reference("id")?;
            let figures = figures.get(&id)?.settled();
            total.add(&figures);
            let text = |name: &str| project.text(name).unwrap_or_default().to_owned();
            let of = |collection: &str| format!("/api/v1/projects/{collection}?filter[project]={id}");
            let billing = Billing::of(project);
            let records = Records {
                title: format!("/api/v1/projects/projects/{id}"),
                sold: sales.get(&id).map(|sale| sale.records(id)).unwrap_or_default(),
                labour_cost: of("usage"),
                other_cost: of("costs"),
                claimed: sold::claims(id),
                unbilled_time: sold::time_to_bill(id),
                unclaimed_costs: sold::costs_to_bill(billing, id),
            };
            Some(Row { id, number: text("number"), title: text("name"), status: text("status"), figures, records })
        })
        .collect();
    rows.sort_by_key(|row| row.figures.profit);
    let currency = purse.currency.to_string();
    reply::json(&Answer { currency, rows, total: total.settled(), left_out: purse.left_out() })
}
