//! What projects were sold for and what they cost, each amount in one bucket once.

use crate::sums::{LeftOut, Purse, all, share};
use lignaflow_sdk::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// Projects of one report.
const MOST: usize = 1_000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Figures {
    sold: i64,
    labour_cost: i64,
    other_cost: i64,
    profit: i64,
    /// Of what it was sold for, in basis points.
    margin: Option<i64>,
    claimed: i64,
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
    sold: String,
    labour_cost: String,
    other_cost: String,
    claimed: String,
    unclaimed_costs: String,
}

#[derive(Debug, Serialize)]
struct Answer {
    currency: String,
    rows: Vec<Row>,
    total: Figures,
    left_out: Vec<LeftOut>,
}

/// A collection, its amount, which of its records, and the figure that they add to.
type Bucket = (&'static str, &'static str, Option<Predicate>, fn(&mut Figures) -> &mut i64);

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let caller = context::caller()?;
    let mut projects = select("projects/projects").columns(["id", "number", "name", "status"]).sort("number");
    if let Some(status) = request.query_text("status") {
        projects = projects.filter(field("status").eq(status));
    }
    let projects = records::find_all(projects, MOST)?.ok_or_else(|| {
        Fault::new(ErrorCode::Quota, format!("More than {MOST} projects: ask for those in one state."))
    })?;

    let mut purse = Purse::new(caller.currency);
    let mut figures: BTreeMap<Id, Figures> = BTreeMap::new();
    let status = request.query_text("status");
    let sums: [Bucket; 5] = [
        ("projects/baselines", "sell", None, |figures| &mut figures.sold),
        ("projects/usage", "cost", None, |figures| &mut figures.labour_cost),
        ("projects/costs", "amount", None, |figures| &mut figures.other_cost),
        ("projects/claims", "amount", Some(field("status").ne("cancelled")), |figures| &mut figures.claimed),
        ("projects/costs", "amount", Some(field("billable").eq(true).and(field("claim").is_null())), |figures| {
            &mut figures.unclaimed_costs
        }),
    ];
    for (at, (collection, amount, filter, place)) in sums.into_iter().enumerate() {
        let mut asked = summarize(collection).group("project").measure(sum(amount).named("sum"));
        if let Some(filter) = filter {
            asked = asked.filter(filter);
        }
        if let Some(status) = status {
            asked = asked.filter(field("project.status").eq(status));
        }
        // Costs that are not claimed are among the costs: what of them is in another currency is told once.
        let mut again = Purse::new(caller.currency);
        let purse = if at == 4 { &mut again } else { &mut purse };
        for row in all(records::summarize(asked)?)?.records() {
            if let Some(project) = row.reference("project") {
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
            let records = Records {
                title: format!("/api/v1/projects/projects/{id}"),
                sold: of("baselines"),
                labour_cost: of("usage"),
                other_cost: of("costs"),
                claimed: format!("{}&filter[status][ne]=cancelled", of("claims")),
                unclaimed_costs: format!("{}&filter[billable]=true&filter[claim][is_null]=true", of("costs")),
            };
            Some(Row { id, number: text("number"), title: text("name"), status: text("status"), figures, records })
        })
        .collect();
    rows.sort_by_key(|row| row.figures.profit);
    let currency = purse.currency.to_string();
    reply::json(&Answer { currency, rows, total: total.settled(), left_out: purse.left_out() })
}
