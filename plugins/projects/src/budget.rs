//! How much of a project's budgets is used: of time, of what it may cost, and of what may be charged for it.
//!
//! What is used is what `usage` tells, which whoever keeps time writes, and the costs. A job looks after each change,
//! see [`crate::alerts`].

use crate::findings::Findings;
use lignaflow_sdk::prelude::*;
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

const BUDGETS: [&str; 3] = ["budget_minutes", "budget", "budget_price"];
/// What budgets there are, of which time, and what is told of them.
pub(crate) const FIELDS: [&str; 8] =
    ["budget_minutes", "budget", "budget_price", "budget_period", "carry_over", "start", "alert_of", "alert_at"];

/// Whether what a budget is differs.
pub(crate) fn differs(before: &Fields, after: &Fields) -> bool {
    let any = |fields: &Fields| BUDGETS.iter().any(|name| !fields.is_null(name));
    let (set, had) = (any(after), any(before));
    (set && had || !before.is_empty() && (set || had))
        && FIELDS.iter().any(|name| before.value(name) != after.value(name))
}

/// Asks for a look at a project.
pub(crate) fn look(project: Id) -> Result<Mutation, Fault> {
    Ok(enqueue("budget").with(&project)?.once(project.to_string()).into())
}

/// Asks for one where the project of a change has a budget at all, as `hook.with` tells.
pub(crate) fn look_where_set(change: &HookChange, project: Id, findings: &mut Findings) -> Result<(), Fault> {
    let here = change.after.reference("project").or(change.before.reference("project")) == Some(project);
    let set = BUDGETS.iter().any(|name| !change.related.is_null(&format!("project.{name}")));
    let look = look(project)?;
    if (!here || set) && !findings.verdict.also.contains(&look) {
        findings.verdict.also.push(look);
    }
    Ok(())
}

/// What must hold of what another plugin tells of work done.
pub(crate) fn check_usage(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    crate::within::check(index, change, &[("task", "title")], findings);
    if let Some(month) = change.after.date("month")
        && !month.to_string().ends_with("-01")
    {
        findings.add(index, "month", "month", "A month is named by its first day.");
    }
    // It is called by what the work was on, not by who tells of it.
    let on = ["task.title", "project.name"].into_iter().find_map(|path| change.related.text(path));
    if let (Some(on), ChangeKind::Insert | ChangeKind::Update) = (on, change.kind) {
        let month = change.after.date("month").map(|month| month.to_string());
        let month = month.as_deref().and_then(|text| text.get(..7)).unwrap_or_default();
        findings.verdict.set_field(index, "label", format!("{on}, {month}"));
    }
    for project in [change.before.reference("project"), change.after.reference("project")].into_iter().flatten() {
        look_where_set(change, project, findings)?;
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Measure {
    Time,
    /// What the work costs.
    Money,
    /// What is charged for it.
    Price,
}

impl Measure {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Money => "money",
            Self::Price => "price",
        }
    }

    /// What is used of it, in words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Time => "its budget of time",
            Self::Money => "its budget of money",
            Self::Price => "what may be charged",
        }
    }
}

/// What was used, by the month in which it was: `2026-11`.
type ByMonth = BTreeMap<String, i64>;

/// A budget and what is used of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    budget: i64,
    monthly: bool,
    carries: bool,
    /// The month that it begins with.
    from: String,
    used: ByMonth,
}

impl Account {
    /// What there is to use and what is used, by period; of a budget for the whole, one of them.
    pub(crate) fn periods(&self) -> Vec<(String, i64, i64)> {
        if !self.monthly {
            return vec![("whole".to_owned(), self.budget, self.used.values().sum())];
        }
        let first = self.used.keys().next().map_or(self.from.as_str(), |used| used.as_str().min(self.from.as_str()));
        let mut before = 0;
        let mut periods = Vec::new();
        for (month, used) in &self.used {
            let there = if self.carries {
                self.budget.saturating_mul(months(first, month) + 1).saturating_sub(before)
            } else {
                self.budget
            };
            periods.push((month.clone(), there, *used));
            before += used;
        }
        periods
    }
}

/// How many months lie between two, `2026-11` and later.
fn months(from: &str, to: &str) -> i64 {
    let of = |text: &str| {
        let (year, month) = text.split_once('-')?;
        Some(year.parse::<i64>().ok()? * 12 + month.parse::<i64>().ok()?)
    };
    of(to).zip(of(from)).map_or(0, |(to, from)| (to - from).max(0))
}

/// In basis points, rounded down: what is not quite there is not crossed. Where there is nothing to use, all of it is.
pub(crate) fn share(used: i64, there: i64) -> i64 {
    if there <= 0 {
        return if used > 0 { 10_000 } else { 0 };
    }
    i64::try_from(i128::from(used.max(0)) * 10_000 / i128::from(there)).unwrap_or(i64::MAX)
}

fn month_of(date: Date) -> String {
    date.to_string().get(..7).unwrap_or_default().to_owned()
}

/// The accounts of a project that has budgets, by what they measure.
pub(crate) fn accounts(project: Id, record: &Fields) -> Result<BTreeMap<Measure, Account>, Fault> {
    let mut accounts = BTreeMap::new();
    let from = match record.date("start") {
        Some(start) => month_of(start),
        None => "9999-12".to_owned(),
    };
    let account = |budget: i64| Account {
        budget,
        monthly: record.text("budget_period") == Some("month"),
        carries: record.boolean("carry_over") == Some(true),
        from: from.clone(),
        used: ByMonth::new(),
    };
    if let Some(minutes) = record.integer("budget_minutes").filter(|minutes| *minutes > 0) {
        let mut time = account(minutes);
        let worked = summarize("usage").as_plugin().filter(field("project").eq(project));
        let worked = worked.group_by("month", Bucket::Month).measure(sum("minutes").named("used"));
        add(&mut time.used, &records::summarize(worked)?, "month", |row| row.integer("used"));
        accounts.insert(Measure::Time, time);
    }
    if let Some(budget) = record.money("budget").filter(|budget| budget.minor > 0) {
        let costs = summarize("costs").as_plugin().filter(field("project").eq(project));
        accounts
            .insert(Measure::Money, Account { used: outlay(project, budget, "cost", costs)?, ..account(budget.minor) });
    }
    if let Some(budget) = record.money("budget_price").filter(|budget| budget.minor > 0) {
        let billable = field("project").eq(project).and(field("billable").eq(true));
        let costs = summarize("costs").as_plugin().filter(billable);
        accounts.insert(
            Measure::Price,
            Account { used: outlay(project, budget, "price", costs)?, ..account(budget.minor) },
        );
    }
    Ok(accounts)
}

/// What work comes to by one of its figures, and what was bought, as far as it is in the currency of the budget.
fn outlay(project: Id, budget: Money, figure: &str, costs: lignaflow_sdk::select::Summarize) -> Result<ByMonth, Fault> {
    let mut used = ByMonth::new();
    let own = |row: &lignaflow_sdk::values::Row<'_>| {
        row.money("used").filter(|used| used.currency == budget.currency).map(|used| used.minor)
    };
    let worked = summarize("usage").as_plugin().filter(field("project").eq(project));
    let worked = worked.group_by("month", Bucket::Month).measure(sum(figure).named("used"));
    add(&mut used, &records::summarize(worked)?, "month", own);
    let costs = costs.group_by("date", Bucket::Month).measure(sum("amount").named("used"));
    add(&mut used, &records::summarize(costs)?, "date", own);
    Ok(used)
}

fn add(
    months: &mut ByMonth,
    figures: &Page,
    date: &str,
    used: impl Fn(&lignaflow_sdk::values::Row<'_>) -> Option<i64>,
) {
    for row in figures.records() {
        if let (Some(month), Some(used)) = (row.date(date), used(&row)) {
            let sum = months.entry(month_of(month)).or_default();
            *sum = sum.saturating_add(used);
        }
    }
}

/// The answer, as `plugin.toml` declares it.
#[derive(Debug, Serialize)]
struct Answer {
    project: Id,
    period: String,
    time: Option<Time>,
    money: Option<Outlay>,
    price: Option<Fees>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    rows: Vec<Json>,
}

#[derive(Debug, Serialize)]
struct Time {
    budget_minutes: i64,
    used_minutes: i64,
    used: i64,
}

#[derive(Debug, Serialize)]
struct Outlay {
    budget: Amount,
    spent: Amount,
    used: i64,
}

#[derive(Debug, Serialize)]
struct Fees {
    budget: Amount,
    charged: Amount,
    used: i64,
}

#[derive(Debug, Serialize)]
struct Amount {
    minor: i64,
    currency: String,
}

/// What is used of a project's budget: of the whole, or in the month that it is where the caller is.
pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let project = request.id("id")?;
    let gone = || Fault::not_found("project");
    records::get_for_caller("projects", project, &["id"])?.ok_or_else(gone)?;
    let record = records::get("projects", project, &FIELDS)?.ok_or_else(gone)?;
    let caller = context::caller()?;
    let monthly = record.text("budget_period") == Some("month");
    let period = if monthly { month_of(caller.today()?) } else { "whole".to_owned() };
    let sees = caller.holds("projects.see-money");
    let mut accounts = accounts(project, &record)?;
    if !sees {
        accounts.retain(|measure, _| *measure == Measure::Time);
    }
    if monthly {
        for account in accounts.values_mut() {
            account.used.entry(period.clone()).or_default();
        }
    }
    let now = |measure| accounts.get(&measure)?.periods().into_iter().find(|(of, ..)| *of == period);
    let time = now(Measure::Time).map(|(_, there, used)| Time {
        budget_minutes: there,
        used_minutes: used,
        used: share(used, there),
    });
    let of = |name: &str| record.money(name).filter(|_| sees).map(|budget| budget.currency);
    let (of_money, of_price) = (of("budget"), of("budget_price"));
    let amount = |minor, currency: Currency| Amount { minor, currency: currency.to_string() };
    let money = now(Measure::Money).zip(of_money).map(|((_, there, used), currency)| Outlay {
        budget: amount(there, currency),
        spent: amount(used, currency),
        used: share(used, there),
    });
    let price = now(Measure::Price).zip(of_price).map(|((_, there, used), currency)| Fees {
        budget: amount(there, currency),
        charged: amount(used, currency),
        used: share(used, there),
    });
    // Amounts of a table are in one currency: of two, what is charged is told beside it.
    let told = of_money.or(of_price);
    accounts.retain(|measure, _| *measure != Measure::Price || of_price == told);
    let currency = told.map(|currency| currency.to_string());
    let rows = rows(project, &accounts);
    reply::json(&Answer { project, period, time, money, price, currency, rows })
}

/// Period by period what there was to use and what was used of it, each with the records behind it.
fn rows(project: Id, accounts: &BTreeMap<Measure, Account>) -> Vec<Json> {
    let mut periods: BTreeMap<String, Json> = BTreeMap::new();
    for (measure, account) in accounts {
        let (has, used, of) = match measure {
            Measure::Time => ("budget_minutes", "used_minutes", "time_used"),
            Measure::Money => ("budget", "spent", "money_used"),
            Measure::Price => ("budget_price", "charged", "price_used"),
        };
        for (period, there, taken) in account.periods() {
            let row = periods.entry(period.clone()).or_insert_with(|| {
                let title = if period == "whole" { "Whole" } else { period.as_str() };
                json!({ "period": title, "records": {} })
            });
            row[has] = json!(there);
            row[used] = json!(taken);
            row[of] = json!(share(taken, there));
            row["records"][used] = behind(*measure, project, &period);
        }
    }
    periods.into_values().collect()
}

/// What the API has of what was used in a period.
fn behind(measure: Measure, project: Id, period: &str) -> Json {
    let list = |collection: &str, of: &str| format!("/api/v1/projects/{collection}?filter[project]={project}{of}");
    let (month, days) = match first_and_last(period) {
        Some((first, last)) => {
            (format!("&filter[month]={first}"), format!("&filter[date][gte]={first}&filter[date][lte]={last}"))
        }
        None => Default::default(),
    };
    let usage = list("usage", &month);
    match measure {
        Measure::Time => json!(usage),
        Measure::Money => json!([list("costs", &days), usage]),
        Measure::Price => json!([list("costs", &format!("&filter[billable]=true{days}")), usage]),
    }
}

/// The days of `2026-11`.
fn first_and_last(month: &str) -> Option<(Date, Date)> {
    let first: Date = format!("{month}-01").parse().ok()?;
    // The 32nd day from its first is of the next one.
    let next: Date = format!("{}-01", month_of(first.plus_days(31)?)).parse().ok()?;
    Some((first, next.plus_days(-1)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn account(budget: i64, carries: bool, from: &str, used: &[(&str, i64)]) -> Account {
        let used = used.iter().map(|(month, used)| ((*month).to_owned(), *used)).collect();
        Account { budget, monthly: true, carries, from: from.to_owned(), used }
    }

    #[test]
    fn a_month_has_its_own_budget_and_with_carry_over_what_those_before_left() {
        let used = [("2026-11", 40), ("2027-01", 120)];
        let alone = account(100, false, "2026-11", &used).periods();
        assert_eq!(alone.iter().map(|(_, there, _)| *there).collect::<Vec<_>>(), [100, 100]);
        let carried = account(100, true, "2026-11", &used).periods();
        assert_eq!(carried.iter().map(|(_, there, _)| *there).collect::<Vec<_>>(), [100, 260]);
        assert_eq!(share(120, 260), 4_615);
    }

    #[test]
    fn a_month_has_its_first_and_its_last_day() {
        let days = |month: &str| first_and_last(month).map(|(first, last)| (first.to_string(), last.to_string()));
        assert_eq!(days("2028-02"), Some(("2028-02-01".to_owned(), "2028-02-29".to_owned())));
        assert_eq!(days("2026-12"), Some(("2026-12-01".to_owned(), "2026-12-31".to_owned())));
        assert_eq!(days("whole"), None);
    }

    #[test]
    fn rows_tell_each_month_of_both_measures_and_what_is_behind_it() {
        let project = Id::fresh();
        let accounts = BTreeMap::from([
            (Measure::Time, account(100, false, "2026-11", &[("2026-11", 40)])),
            (Measure::Money, account(500, true, "2026-11", &[("2026-12", 900)])),
        ]);
        let rows = rows(project, &accounts);
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (&rows[0]["period"], &rows[0]["used_minutes"], &rows[0]["time_used"]),
            (&json!("2026-11"), &json!(40), &json!(4_000))
        );
        assert_eq!(
            (&rows[1]["budget"], &rows[1]["spent"], &rows[1]["money_used"]),
            (&json!(1_000), &json!(900), &json!(9_000))
        );
        assert!(rows[0].get("budget").is_none(), "nothing was spent in that month, and nothing is told of it");
        let costs = rows[1]["records"]["spent"][0].as_str().unwrap();
        assert!(costs.ends_with("&filter[date][gte]=2026-12-01&filter[date][lte]=2026-12-31"), "{costs}");
    }

    #[test]
    fn of_no_budget_anything_is_all_of_it() {
        assert_eq!((share(1, 0), share(0, 0), share(-5, 10), share(999, 1000)), (10_000, 0, 0, 9_990));
    }

    proptest! {
        /// What is carried over is neither made nor lost: at the end, what is left is all that there was but for what was used.
        #[test]
        fn carrying_over_neither_makes_nor_loses(budget in 1..10_000_i64, used in prop::collection::vec(0..20_000_i64, 1..24)) {
            let months: Vec<(String, i64)> = used.iter().enumerate()
                .map(|(at, used)| (format!("{}-{:02}", 2026 + at / 12, at % 12 + 1), *used)).collect();
            let named: Vec<(&str, i64)> = months.iter().map(|(month, used)| (month.as_str(), *used)).collect();
            let periods = account(budget, true, "2026-01", &named).periods();
            let (_, there, last) = periods.last().unwrap();
            prop_assert_eq!(there - last, budget * i64::try_from(used.len()).unwrap() - used.iter().sum::<i64>());
        }
    }
}
