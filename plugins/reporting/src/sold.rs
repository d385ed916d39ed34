//! What projects are sold for. Of a fixed price that is what was agreed, and what is charged on top of it; of time and
//! materials, what was billed and what is not billed yet. Each amount is in one part of it, once: what a claim bills is in
//! that claim, and no longer among what is to be billed.

use crate::sums::{Purse, all, where_there};
use lignaflow_sdk::prelude::*;
use lignaflow_sdk::select::Summarize;
use lignaflow_sdk::values::Row;
use std::collections::BTreeMap;

/// How clients pay for a project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Billing {
    #[default]
    TimeAndMaterials,
    /// At a price that was agreed, at once or by its stages.
    Fixed,
    Nobody,
}

impl Billing {
    pub(crate) fn of(project: &Fields) -> Self {
        match project.text("billing") {
            Some("fixed" | "milestones") => Self::Fixed,
            Some("not-billable") => Self::Nobody,
            _ => Self::TimeAndMaterials,
        }
    }
}

/// Minor units of one currency, without tax.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sale {
    pub(crate) billing: Billing,
    /// By baselines, variations counted in.
    pub(crate) agreed: i64,
    /// By milestones, which say the price of a job that no estimate led to.
    stages: i64,
    /// By claims that stand, cancelled ones left out.
    pub(crate) claimed: i64,
    /// Of that, what deposits are, and what hours and costs are.
    deposits: i64,
    pub(crate) work_claimed: i64,
    /// Approved time that clients pay for by the hour, and that is in no billing run.
    pub(crate) time_to_bill: i64,
    /// Costs that clients pay for by themselves, and that are in no claim.
    pub(crate) costs_to_bill: i64,
}

impl Sale {
    /// Of a project of which nothing was agreed, claimed or done.
    pub(crate) fn of(billing: Billing) -> Self {
        Self { billing, ..Self::default() }
    }

    /// What of deposits was paid ahead for what is not billed yet: it is in both, and counts once.
    pub(crate) fn paid_ahead(&self) -> i64 {
        let to_bill = self.time_to_bill.saturating_add(self.costs_to_bill);
        self.deposits.min(to_bill).max(0)
    }

    /// The price that was agreed: by baselines; where there is none by milestones, or by what was billed of it where that
    /// is more.
    pub(crate) fn price(&self) -> i64 {
        match self.agreed {
            0 if self.billing == Billing::Fixed => self.stages.max(self.claimed.saturating_sub(self.work_claimed)),
            agreed => agreed,
        }
    }

    /// What the API has of that price.
    pub(crate) fn priced_by(&self, project: Id) -> String {
        if self.agreed != 0 || self.price() == 0 {
            baselines(project)
        } else if self.price() == self.stages {
            list("projects/milestones", project, "")
        } else {
            list("projects/claims", project, "&filter[status][ne]=cancelled&filter[kind][in]=deposit,stage")
        }
    }

    pub(crate) fn comes_to(&self) -> i64 {
        let to_bill = self.time_to_bill.saturating_add(self.costs_to_bill);
        match self.billing {
            Billing::TimeAndMaterials => self.claimed.saturating_add(to_bill).saturating_sub(self.paid_ahead()),
            // Hours and costs are claimed of extras alone; the price itself is claimed by deposits and stages.
            Billing::Fixed => self.price().saturating_add(self.work_claimed).saturating_add(to_bill),
            Billing::Nobody => self.agreed,
        }
    }

    /// What the API has of it.
    pub(crate) fn records(&self, project: Id) -> Vec<String> {
        let (time, costs) = (time_to_bill(project), costs_to_bill(self.billing, project));
        let (first, claims) = match self.billing {
            Billing::TimeAndMaterials => (None, Some(claims(project))),
            Billing::Fixed => (Some(self.priced_by(project)), Some(work_claimed(project))),
            Billing::Nobody => (Some(baselines(project)), None),
        };
        let claims = claims.filter(|_| self.billing == Billing::TimeAndMaterials || self.work_claimed != 0);
        let time = time.into_iter().filter(|_| self.time_to_bill != 0);
        let costs = costs.into_iter().filter(|_| self.costs_to_bill != 0);
        first.into_iter().chain(claims).chain(time).chain(costs).collect()
    }
}

fn list(collection: &str, project: Id, more: &str) -> String {
    format!("/api/v1/{collection}?filter[project]={project}{more}")
}

pub(crate) fn baselines(project: Id) -> String {
    list("projects/baselines", project, "")
}

pub(crate) fn claims(project: Id) -> String {
    list("projects/claims", project, "&filter[status][ne]=cancelled")
}

pub(crate) fn work_claimed(project: Id) -> String {
    list("projects/claims", project, "&filter[status][ne]=cancelled&filter[kind][in]=time,costs")
}

pub(crate) fn time_to_bill(project: Id) -> Vec<String> {
    let open = "&filter[approved]=true&filter[billing_run][is_null]=true";
    vec![
        list("timesheets/entries", project, &format!("{open}&filter[billable]=true")),
        list("timesheets/entries", project, &format!("{open}&filter[billable]=false&filter[corrects][is_null]=false")),
    ]
}

pub(crate) fn costs_to_bill(billing: Billing, project: Id) -> Vec<String> {
    let open = "&filter[billable]=true&filter[claim][is_null]=true";
    let of = |more: &str| list("projects/costs", project, &format!("{open}{more}"));
    match billing {
        Billing::TimeAndMaterials => vec![of("")],
        Billing::Fixed => vec![of("&filter[extra]=true"), of("&filter[extra]=false&filter[task.extra]=true")],
        Billing::Nobody => Vec::new(),
    }
}

/// What projects are sold for. `within` narrows records of any collection by their `project`; what is of none of these
/// projects is left out.
pub(crate) fn read(
    projects: &BTreeMap<Id, Billing>,
    within: &Predicate,
    purse: &mut Purse,
) -> Result<BTreeMap<Id, Sale>, Fault> {
    let mut sales: BTreeMap<Id, Sale> = BTreeMap::new();
    let mut add = |asked: Summarize, purse: &mut Purse, place: fn(&mut Sale, &Row<'_>, i64)| -> Result<(), Fault> {
        let Some(page) = where_there(records::summarize(asked.filter(within.clone())))? else { return Ok(()) };
        for row in all(page)?.records() {
            let Some((project, billing)) = row.reference("project").and_then(|id| projects.get_key_value(&id)) else {
                continue;
            };
            let amount = purse.take(row.money("sum"));
            place(sales.entry(*project).or_insert_with(|| Sale::of(*billing)), &row, amount);
        }
        Ok(())
    };
    let by_project =
        |collection: &str, amount: &str| summarize(collection).group("project").measure(sum(amount).named("sum"));

    add(by_project("projects/baselines", "sell"), purse, |sale, _, amount| {
        sale.agreed = sale.agreed.saturating_add(amount);
    })?;
    add(by_project("projects/milestones", "amount"), purse, |sale, _, amount| {
        sale.stages = sale.stages.saturating_add(amount);
    })?;
    let standing = by_project("projects/claims", "amount").group("kind").filter(field("status").ne("cancelled"));
    add(standing, purse, |sale, row, amount| {
        sale.claimed = sale.claimed.saturating_add(amount);
        match row.text("kind") {
            Some("deposit") => sale.deposits = sale.deposits.saturating_add(amount),
            Some("time" | "costs") => sale.work_claimed = sale.work_claimed.saturating_add(amount),
            _ => {}
        }
    })?;
    // As billing runs choose it. What a job's time comes to is for whoever sees the money of the job, as what it costs is
    // in `usage`; what a person's hour is charged at is in no figure.
    let time = by_project("timesheets/entries", "amount").as_plugin().filter(field("approved").eq(true));
    let time = time.filter(field("billing_run").is_null());
    let time = time.filter(any([field("billable").eq(true), field("corrects").is_set()]));
    add(time, purse, |sale, _, amount| {
        if sale.billing != Billing::Nobody {
            sale.time_to_bill = sale.time_to_bill.saturating_add(amount);
        }
    })?;
    let costs = by_project("projects/costs", "amount").group("extra").group("task.extra");
    let costs = costs.filter(field("billable").eq(true)).filter(field("claim").is_null());
    // They are among the costs: what of them is in another currency is told there.
    let mut again = Purse::new(purse.currency);
    add(costs, &mut again, |sale, row, amount| {
        let extra = row.boolean("extra") == Some(true) || row.boolean("task.extra") == Some(true);
        if sale.billing == Billing::TimeAndMaterials || sale.billing == Billing::Fixed && extra {
            sale.costs_to_bill = sale.costs_to_bill.saturating_add(amount);
        }
    })?;
    Ok(sales)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sale(billing: Billing, deposits: i64, time_to_bill: i64) -> Sale {
        Sale { billing, deposits, claimed: deposits, time_to_bill, ..Sale::default() }
    }

    #[test]
    fn a_deposit_and_the_work_that_it_was_paid_for_count_once() {
        let of = |deposits, to_bill| sale(Billing::TimeAndMaterials, deposits, to_bill).comes_to();
        assert_eq!([of(500, 0), of(500, 300), of(500, 1_000)], [500, 500, 1_000]);
        // What is taken back takes back, whatever was paid ahead.
        assert_eq!([of(500, -100), of(-500, 1_000), of(0, -100)], [400, 500, -100]);
    }

    #[test]
    fn a_fixed_price_is_what_was_agreed_whatever_of_it_was_claimed() {
        let fixed = Sale { agreed: 10_000, claimed: 4_700, work_claimed: 700, ..sale(Billing::Fixed, 4_000, 50) };
        assert_eq!(fixed.comes_to(), 10_750);
        assert_eq!(Sale { agreed: 9, ..sale(Billing::Nobody, 5, 5) }.comes_to(), 9);
    }

    #[test]
    fn a_fixed_price_without_an_estimate_is_what_its_milestones_say_or_what_was_billed_of_it() {
        let by_hand = Sale { stages: 10_000, claimed: 4_000, ..sale(Billing::Fixed, 4_000, 0) };
        assert_eq!((by_hand.price(), by_hand.comes_to()), (10_000, 10_000));
        let billed = Sale { stages: 0, claimed: 4_700, work_claimed: 700, ..sale(Billing::Fixed, 4_000, 0) };
        assert_eq!((billed.price(), billed.comes_to()), (4_000, 4_700));
    }
}
