//! A project's budget over time: what of it each month used, in time, in money and of what may be charged, and what was left
//! after it.
//!
//! A budget for the whole is used up month by month. One of each month begins anew with it, with what was left over where
//! that is carried over; what is left is then told of that month.

use crate::sums::{LeftOut, Purse, all, share};
use lignaflow_sdk::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// Months of one project: ten years.
const MOST: usize = 120;

/// Months since the year 1, so that they can be counted.
fn month_of(day: Date) -> i32 {
    let (year, month, _) = day.civil();
    year * 12 + month - 1
}

fn first_day(month: i32) -> Option<Date> {
    Date::from_civil(month.div_euclid(12), month.rem_euclid(12) + 1, 1)
}

/// A budget and how it is to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Budget {
    amount: i64,
    monthly: bool,
    carries: bool,
}

impl Budget {
    /// What is left after each of the months that follow each other, by what each used.
    fn left(self, used: &[i64]) -> Vec<i64> {
        let mut there = 0_i64;
        let mut left = Vec::with_capacity(used.len());
        for (place, used) in used.iter().enumerate() {
            if place == 0 || (self.monthly && self.carries) {
                there = there.saturating_add(self.amount);
            } else if self.monthly {
                there = self.amount;
            }
            there = there.saturating_sub(*used);
            left.push(there);
        }
        left
    }

    /// What there is to use in so many months.
    fn whole(self, months: usize) -> i64 {
        let months = if self.monthly { i64::try_from(months).unwrap_or(i64::MAX) } else { 1 };
        self.amount.saturating_mul(months)
    }
}

/// Minutes, and minor units of one currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Month {
    used_minutes: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    used_cost: Option<i64>,
    /// What was charged for it, where there is so much that may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    charged: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Row {
    /// Its first day.
    month: Date,
    #[serde(flatten)]
    used: Month,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_minutes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_cost: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_price: Option<i64>,
    records: BTreeMap<&'static str, Vec<String>>,
}

#[derive(Debug, Serialize)]
struct Told {
    title: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    minor: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Answer {
    project: Id,
    currency: String,
    period: &'static str,
    budget_minutes: Option<i64>,
    budget: Option<i64>,
    budget_price: Option<i64>,
    rows: Vec<Row>,
    total: Month,
    figures: Vec<Told>,
    left_out: Vec<LeftOut>,
}

type ByMonth = BTreeMap<i32, i64>;

fn add(by: &mut ByMonth, month: i32, more: i64) {
    let sum = by.entry(month).or_default();
    *sum = sum.saturating_add(more);
}

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let project = request.id("id")?;
    let caller = context::caller()?;
    let with_money = caller.holds("projects.see-money");
    let mut columns = vec!["id", "start", "status", "budget_minutes", "budget_period", "carry_over"];
    columns.extend(with_money.then_some(["budget", "budget_price"]).into_iter().flatten());
    let record = records::get_for_caller("projects/projects", project, &columns)?;
    let record = record.ok_or_else(|| Fault::not_found("project"))?;
    let mut purse = Purse::new(caller.currency);
    let of_project = || field("project").eq(project);

    let (mut minutes, mut cost) = (ByMonth::new(), ByMonth::new());
    // Of one person's work it would tell their rate, so that what it cost is read for the project as a whole, as what is
    // charged for it is, by whoever sees its money.
    let mut worked = summarize("projects/usage").as_plugin().filter(of_project()).group_by("month", Bucket::Month);
    worked = worked.measure(sum("minutes").named("minutes"));
    if with_money {
        worked = worked.measure(sum("cost").named("cost"));
    }
    for row in all(records::summarize(worked)?)?.records() {
        let Some(month) = row.date("month").map(month_of) else { continue };
        // Amounts of other currencies stand in rows of their own, with the minutes that belong to them.
        add(&mut minutes, month, row.integer("minutes").unwrap_or(0));
        add(&mut cost, month, purse.take(row.money("cost")));
    }
    if with_money {
        let bought = summarize("projects/costs").filter(of_project()).group_by("date", Bucket::Month);
        for row in all(records::summarize(bought.measure(sum("amount").named("amount")))?)?.records() {
            let Some(month) = row.date("date").map(month_of) else { continue };
            add(&mut cost, month, purse.take(row.money("amount")));
        }
    }
    let rule = |amount: i64| Budget {
        amount,
        monthly: record.text("budget_period") == Some("month"),
        carries: record.boolean("carry_over") == Some(true),
    };
    let of_time = record.integer("budget_minutes").filter(|minutes| *minutes > 0).map(rule);
    // One of another currency is no budget of what is told here, and nothing that was spent.
    let of_money = record.money("budget").filter(|budget| budget.currency == purse.currency && budget.minor > 0);
    let of_money = of_money.map(|budget| rule(budget.minor));
    let of_price = record.money("budget_price").filter(|budget| budget.currency == purse.currency && budget.minor > 0);
    let of_price = of_price.map(|budget| rule(budget.minor));
    let price = if of_price.is_some() { charged(project, purse.currency)? } else { ByMonth::new() };

    let began = minutes.keys().chain(cost.keys()).chain(price.keys()).copied();
    let months = months(&record, began, caller.today()?)?;
    let used = |by: &ByMonth| months.iter().map(|month| by.get(month).copied().unwrap_or(0)).collect::<Vec<i64>>();
    let (minutes, cost, price) = (used(&minutes), used(&cost), used(&price));
    let left_minutes = of_time.map(|budget| budget.left(&minutes));
    let left_cost = of_money.map(|budget| budget.left(&cost));
    let left_price = of_price.map(|budget| budget.left(&price));
    let mut rows = Vec::with_capacity(months.len());
    for (place, month) in months.iter().enumerate() {
        let (Some(first), Some(next)) = (first_day(*month), first_day(month + 1)) else { continue };
        rows.push(Row {
            month: first,
            used: Month {
                used_minutes: minutes[place],
                used_cost: with_money.then_some(cost[place]),
                charged: of_price.map(|_| price[place]),
            },
            left_minutes: left_minutes.as_ref().map(|left| left[place]),
            left_cost: left_cost.as_ref().map(|left| left[place]),
            left_price: left_price.as_ref().map(|left| left[place]),
            records: behind(project, first, next.plus_days(-1).unwrap_or(first)),
        });
    }
    let sum = |used: &[i64]| used.iter().copied().fold(0, i64::saturating_add);
    let total = Month {
        used_minutes: sum(&minutes),
        used_cost: with_money.then(|| sum(&cost)),
        charged: of_price.map(|_| sum(&price)),
    };
    let mut figures = Vec::new();
    let none = Told { title: "", minor: None, minutes: None, percent: None };
    if let Some(there) = of_time.map(|budget| budget.whole(months.len())) {
        figures.push(Told { title: "Budget of time", minutes: Some(there), ..none });
        figures.push(Told { title: "Time used", percent: share(total.used_minutes, there), ..none });
    }
    if let Some(there) = of_money.map(|budget| budget.whole(months.len())) {
        figures.push(Told { title: "Budget", minor: Some(there), ..none });
        figures.push(Told { title: "Money used", percent: share(sum(&cost), there), ..none });
    }
    if let Some(there) = of_price.map(|budget| budget.whole(months.len())) {
        figures.push(Told { title: "May be charged", minor: Some(there), ..none });
        figures.push(Told { title: "Charged of it", percent: share(sum(&price), there), ..none });
    }
    reply::json(&Answer {
        project,
        currency: purse.currency.to_string(),
        period: if record.text("budget_period") == Some("month") { "month" } else { "whole" },
        budget_minutes: of_time.map(|budget| budget.amount),
        budget: of_money.map(|budget| budget.amount),
        budget_price: of_price.map(|budget| budget.amount),
        rows,
        total,
        figures,
        left_out: purse.left_out(),
    })
}

/// What work is charged at month by month, and the costs that are billed on.
fn charged(project: Id, currency: Currency) -> Result<ByMonth, Fault> {
    let of_project = || field("project").eq(project);
    let worked = summarize("projects/usage").as_plugin().filter(of_project()).group_by("month", Bucket::Month);
    let worked = all(records::summarize(worked.measure(sum("price").named("charged")))?)?;
    let costs = summarize("projects/costs").filter(of_project().and(field("billable").eq(true)));
    let costs = costs.group_by("date", Bucket::Month).measure(sum("amount").named("charged"));
    let costs = all(records::summarize(costs)?)?;
    let mut by = ByMonth::new();
    for (page, date) in [(worked, "month"), (costs, "date")] {
        for row in page.records() {
            let amount = row.money("charged").filter(|amount| amount.currency == currency);
            if let (Some(day), Some(amount)) = (row.date(date), amount) {
                add(&mut by, month_of(day), amount.minor);
            }
        }
    }
    Ok(by)
}

/// Every month from the first in which something began to the last in which something was used, up to today's while work
/// goes on.
fn months(record: &Fields, used: impl Iterator<Item = i32>, today: Date) -> Result<Vec<i32>, Fault> {
    let mut known: Vec<i32> = used.collect();
    let goes_on = !matches!(record.text("status"), Some("completed" | "closed" | "cancelled"));
    let start = record.date("start").map(month_of);
    if !known.is_empty() || start.is_some_and(|start| start <= month_of(today)) {
        known.extend(start);
        known.extend(goes_on.then_some(month_of(today)));
    }
    let (Some(first), Some(last)) = (known.iter().min().copied(), known.iter().max().copied()) else {
        return Ok(Vec::new());
    };
    let months: Vec<i32> = (first..=last).collect();
    if months.len() > MOST {
        return Err(Fault::new(ErrorCode::Quota, format!("More than {MOST} months are too many for one report.")));
    }
    Ok(months)
}

fn behind(project: Id, first: Date, last: Date) -> BTreeMap<&'static str, Vec<String>> {
    let of = |collection: &str, date: &str| {
        format!(
            "/api/v1/projects/{collection}?filter[project]={project}&filter[{date}][gte]={first}&filter[{date}][lte]={last}"
        )
    };
    BTreeMap::from([
        ("used_minutes", vec![of("usage", "month")]),
        ("used_cost", vec![of("usage", "month"), of("costs", "date")]),
        ("charged", vec![of("usage", "month"), format!("{}&filter[billable]=true", of("costs", "date"))]),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_month_of_its_own_begins_anew_and_carries_over_where_it_may() {
        let budget = |monthly, carries| Budget { amount: 100, monthly, carries };
        let used = [30, 120, 10];
        assert_eq!(budget(false, false).left(&used), [70, -50, -60]);
        assert_eq!(budget(true, false).left(&used), [70, -20, 90]);
        assert_eq!(budget(true, true).left(&used), [70, 50, 140]);
        assert_eq!([budget(false, false).whole(3), budget(true, true).whole(3)], [100, 300]);
    }

    proptest! {
        #[test]
        fn what_is_left_at_the_end_is_what_there_was_less_what_was_used(
            amount in 0_i64..1_000_000,
            used in prop::collection::vec(-1_000_i64..1_000_000, 1..60),
            carries in prop::bool::ANY,
        ) {
            // Nothing is lost between months, of a budget for the whole and of one that is carried over.
            let budget = Budget { amount, monthly: carries, carries };
            let left = budget.left(&used);
            prop_assert_eq!(left[used.len() - 1], budget.whole(used.len()) - used.iter().sum::<i64>());
            let each = Budget { amount, monthly: true, carries: false };
            let apart = each.left(&used).iter().zip(&used).all(|(left, used)| left + used == amount);
            prop_assert!(apart);
        }

        #[test]
        fn months_are_counted_there_and_back(days in -700_000_i32..2_900_000) {
            let day = Date::from_days(days).unwrap();
            let first = first_day(month_of(day)).unwrap();
            let (year, month, _) = day.civil();
            prop_assert_eq!(first.civil(), (year, month, 1));
        }
    }
}
