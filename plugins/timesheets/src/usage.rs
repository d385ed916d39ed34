//! What hours come to, told to the plugin that keeps projects: minutes, what they cost and what is charged for them, by task
//! and month.
//!
//! Whatever changes time asks for a look at the project and month that it lies in, in the same commit. The look sums up
//! anew what is there and writes what it comes to, so that it is right however often it is made, and whatever was
//! corrected, taken away or approved again meanwhile. Approved time costs what was frozen then; until then it is
//! reckoned at the rates as they stand, so that a budget is seen to run out before the week is approved.

use crate::findings::Findings;
use crate::rates::{self, Facts};
use lignaflow_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const USAGE: &str = "projects/usage";
/// What the records of this plugin begin with in `projects/usage`.
const SOURCE: &str = "timesheets/entries";
/// Entries of a project and month whose cost is not frozen yet.
const MOST: usize = 20_000;
/// Tasks of one project and month, which a summary holds.
const MOST_TASKS: usize = 10_000;
/// Records of one project and month.
const MOST_RECORDS: usize = 2_000;

/// What is looked at at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Portion {
    project: Id,
    /// Its first day.
    month: Date,
}

impl Portion {
    pub(crate) fn of(project: Option<Id>, day: Option<Date>) -> Option<Self> {
        let (year, month, _) = day?.civil();
        Some(Self { project: project?, month: Date::from_civil(year, month, 1)? })
    }

    fn next_month(self) -> Date {
        let (year, month, _) = self.month.civil();
        let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        Date::from_civil(next.0, next.1, 1).unwrap_or(self.month)
    }

    /// The look, asked for once however many changes ask for it.
    pub(crate) fn look(self) -> Result<Mutation, Fault> {
        Ok(enqueue("usage").with(&self)?.once(format!("{} {}", self.project, self.month)).into())
    }

    fn entries(self) -> Predicate {
        all([
            field("project").eq(self.project),
            field("local_date").at_least(self.month),
            field("local_date").less_than(self.next_month()),
            field("duration").is_set(),
        ])
    }
}

/// Where time is and where it was, as far as that changes what it comes to.
pub(crate) fn changed(change: &HookChange, project: Option<Id>, day: Option<Date>, findings: &mut Findings) {
    let was = Portion::of(change.before.reference("project"), change.before.date("local_date"));
    findings.looks.extend(was.filter(|_| !change.before.is_null("duration")));
    findings.looks.extend(Portion::of(project, day));
}

/// By task.
type Sums = BTreeMap<Option<Id>, Sum>;

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Sum {
    seconds: i64,
    /// By currency.
    amounts: BTreeMap<String, Amounts>,
}

/// What work costs and what is charged for it, in one currency.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Amounts {
    cost: Option<Money>,
    price: Option<Money>,
}

impl Amounts {
    fn is_nothing(&self) -> bool {
        [self.cost, self.price].into_iter().flatten().all(|amount| amount.minor == 0)
    }
}

fn add(sum: &mut Option<Money>, more: Money) {
    let minor = sum.map_or(0, |sum| sum.minor).saturating_add(more.minor);
    *sum = Some(Money { minor, currency: more.currency });
}

impl Sum {
    fn cost(&mut self, more: Option<Money>) {
        if let Some(more) = more {
            add(&mut self.amounts.entry(more.currency.to_string()).or_default().cost, more);
        }
    }

    fn charge(&mut self, more: Option<Money>) {
        if let Some(more) = more {
            add(&mut self.amounts.entry(more.currency.to_string()).or_default().price, more);
        }
    }
}

/// What an hour's rate comes to for so many seconds, rounded half away from zero as the host rounds what it calculates.
fn reckoned(seconds: i64, rate: Money) -> Money {
    let exact = i128::from(seconds) * i128::from(rate.minor);
    let half = if exact < 0 { -1_800 } else { 1_800 };
    Money { minor: i64::try_from((exact + half) / 3_600).unwrap_or(i64::MAX), currency: rate.currency }
}

fn sums(portion: Portion) -> Result<Sums, Fault> {
    let mut sums = Sums::new();
    let asked = || summarize("entries").as_plugin().filter(portion.entries()).group("task");
    let worked = asked().measure(sum("duration").named("seconds")).measure(sum("cost").named("cost"));
    let charged = asked().measure(sum("amount").named("price"));
    let (worked, charged) = (records::summarize(worked)?, records::summarize(charged)?);
    if worked.rows.len() >= MOST_TASKS {
        return Err(Fault::new(ErrorCode::Quota, "Too many tasks have time in one month of one project."));
    }
    for row in worked.records() {
        let sum = sums.entry(row.reference("task")).or_default();
        sum.seconds = sum.seconds.saturating_add(row.integer("seconds").unwrap_or(0));
        sum.cost(row.money("cost"));
    }
    for row in charged.records() {
        sums.entry(row.reference("task")).or_default().charge(row.money("price"));
    }
    let columns = [
        "task",
        "project",
        "activity",
        "project.client",
        "user",
        "local_date",
        "duration",
        "billable",
        "billable_duration",
        "own_rate",
        "cost_rate",
        "sell_rate",
    ];
    let unfrozen = any([field("cost_rate").is_null(), field("sell_rate").is_null()]);
    let open = portion.entries().and(unfrozen).and(field("approved").eq(false));
    let open = select("entries").as_plugin().columns(columns).filter(open).sort("id");
    let open = records::find_all(open, MOST)?.ok_or_else(|| {
        Fault::new(ErrorCode::Quota, format!("More than {MOST} entries of one project and month wait for approval."))
    })?;
    let rates = if open.is_empty() { Vec::new() } else { rates::stored()? };
    for entry in &open {
        let work = Facts {
            task: entry.reference("task"),
            project: entry.reference("project"),
            activity: entry.reference("activity"),
            client: entry.reference("project.client"),
            user: entry.reference("user"),
        };
        let Some(day) = entry.date("local_date") else { continue };
        let sum = sums.entry(work.task).or_default();
        let seconds = entry.integer("duration").unwrap_or(0);
        if entry.is_null("cost_rate") {
            let rate = rates::resolve(&rates, &work, day, |rate| rate.cost);
            sum.cost(rate.map(|(rate, _)| reckoned(seconds, rate)));
        }
        if entry.is_null("sell_rate") && entry.boolean("billable") == Some(true) {
            let own = entry.money("own_rate");
            let rate = own.or_else(|| rates::resolve(&rates, &work, day, |rate| rate.sell).map(|(rate, _)| rate));
            let seconds = entry.integer("billable_duration").unwrap_or(seconds);
            sum.charge(rate.map(|rate| reckoned(seconds, rate)));
        }
    }
    Ok(sums)
}

/// What there is to be of records: of each task one with its minutes and what they come to, and one more for each further
/// currency.
fn wanted(sums: Sums) -> BTreeMap<String, (Option<Id>, i64, Amounts)> {
    let mut records = BTreeMap::new();
    for (task, sum) in sums {
        let source = task.map_or_else(|| SOURCE.to_owned(), |task| format!("{SOURCE} {task}"));
        let minutes = sum.seconds / 60;
        let mut amounts = sum.amounts.into_iter();
        let first = amounts.next().map(|(_, amounts)| amounts).unwrap_or_default();
        if minutes != 0 || !first.is_nothing() {
            records.insert(source.clone(), (task, minutes, first));
        }
        for (currency, amounts) in amounts.filter(|(_, amounts)| !amounts.is_nothing()) {
            records.insert(format!("{source} {currency}"), (task, 0, amounts));
        }
    }
    records
}

/// The job: looks at a project and month, and writes what it comes to where that differs.
pub(crate) fn tell(call: &JobCall) -> Result<Slice, Fault> {
    let portion: Portion = call.json()?;
    if records::get("projects/projects", portion.project, &["id"])?.is_none() {
        // Its project went away with everything that was told of it.
        return Ok(Slice::default());
    }
    let mut wanted = wanted(sums(portion)?);
    let known = all([field("project").eq(portion.project), field("month").eq(portion.month)]);
    let known = select(USAGE)
        .as_plugin()
        .columns(["id", "source", "task", "minutes", "cost", "price"])
        .filter(known)
        .sort("id");
    let known = records::find_all(known, MOST_RECORDS)?.ok_or_else(|| {
        Fault::new(ErrorCode::Quota, format!("More than {MOST_RECORDS} records tell of one project and month."))
    })?;
    let mut writes: Vec<Mutation> = Vec::new();
    for record in known.iter().filter(|record| record.text("source").is_some_and(|text| text.starts_with(SOURCE))) {
        let (Some(id), Some(source)) = (record.reference("id"), record.text("source")) else { continue };
        match wanted.remove(source) {
            None => writes.push(remove(USAGE, id)),
            Some((_, minutes, Amounts { cost, price }))
                if record.integer("minutes") != Some(minutes)
                    || record.money("cost") != cost
                    || record.money("price") != price =>
            {
                writes.push(update(USAGE, id).set("minutes", minutes).set("cost", cost).set("price", price).into());
            }
            Some(_) => {}
        }
    }
    for (source, (task, minutes, Amounts { cost, price })) in wanted {
        let record = insert(USAGE, context::new_id()?)
            .set("source", source)
            .set("project", portion.project)
            .set("task", task)
            .set("month", portion.month)
            .set("minutes", minutes)
            .set("cost", cost)
            .set("price", price);
        writes.push(record.into());
    }
    Ok(Slice::default().with_writes(writes))
}

/// Another rate: what is not approved yet is reckoned anew.
pub(crate) fn reckon() -> Result<Slice, Fault> {
    let open = [field("project").is_set(), field("cost_rate").is_null(), field("approved").eq(false)];
    let open = summarize("entries").as_plugin().filter(all(open)).group("project");
    let open = open.group_by("local_date", Bucket::Month).measure(count().named("n")).limit(1_000);
    let page = records::summarize(open)?;
    let portions: BTreeSet<Portion> =
        page.records().filter_map(|row| Portion::of(row.reference("project"), row.date("local_date"))).collect();
    let looks: Vec<Mutation> = portions.into_iter().map(Portion::look).collect::<Result<_, _>>()?;
    Ok(Slice::default().with_writes(looks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_ends_where_the_next_begins() {
        let of = |text: &str| Portion::of(Some(Id::fresh()), Some(day(text))).unwrap();
        assert_eq!((of("2026-11-30").month, of("2026-11-30").next_month()), (day("2026-11-01"), day("2026-12-01")));
        assert_eq!(of("2026-12-01").next_month(), day("2027-01-01"));
    }

    #[test]
    fn each_currency_has_a_record_and_minutes_are_told_once() {
        let task = Some(Id::fresh());
        let aud = |minor| Some(Money { minor, currency: Currency::AUD });
        let nzd = Money { minor: 700, currency: "NZD".parse().unwrap() };
        let mut both = Sum { seconds: 3_660, ..Sum::default() };
        both.cost(aud(300));
        both.cost(aud(200));
        both.cost(Some(nzd));
        both.charge(aud(900));
        let records: Vec<_> = wanted([(task, both), (None, Sum::default())].into()).into_values().collect();
        let home = Amounts { cost: aud(500), price: aud(900) };
        assert_eq!(records, [(task, 61, home), (task, 0, Amounts { cost: Some(nzd), price: None })]);
    }

    proptest! {
        #[test]
        fn what_is_reckoned_is_the_nearest_there_is(minutes in -6_000_i64..6_000, minor in 0_i64..50_000) {
            let cost = reckoned(minutes * 60, Money { minor, currency: Currency::AUD });
            prop_assert!((i128::from(cost.minor) * 60 - i128::from(minutes) * i128::from(minor)).abs() <= 30);
        }
    }
}
