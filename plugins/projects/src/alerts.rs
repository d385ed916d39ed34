//! Alerts of budgets: each threshold is told once when it is reached, and again only after it was no longer so, such as when
//! the budget was raised meanwhile.
//!
//! One job looks at a project at a time, so each crossing is seen once.

use crate::budget::{self, FIELDS, Measure};
use crate::findings::Findings;
use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Where neither the project nor the organization says which, in basis points.
const USUAL: [i64; 3] = [5_000, 8_000, 10_000];
/// Thresholds that one project has.
const MOST_THRESHOLDS: usize = 10;
/// In basis points: ten times what there is.
const HIGHEST: i64 = 100_000;
/// Alerts that one project has standing: three measures, ten thresholds, and ten years of months.
const MOST: usize = 3_600;

/// What an alert is of: measure, period and threshold.
type Key = (Measure, String, i64);

/// Percentages such as `50, 80, 100` in basis points, each once and in their order. Nothing where they are none.
fn thresholds(text: &str) -> Option<BTreeSet<i64>> {
    let parts = text.split([',', ';']).map(|part| part.trim().trim_end_matches('%').trim_end());
    let points = |part: &str| {
        let percent: Decimal = part.parse().ok()?;
        let points = percent.checked_mul(Decimal::from(100))?;
        let whole = points.normalize().to_string().parse::<i64>().ok()?;
        (1..=HIGHEST).contains(&whole).then_some(whole)
    };
    let all: BTreeSet<i64> = parts.map(points).collect::<Option<_>>()?;
    (all.len() <= MOST_THRESHOLDS).then_some(all)
}

fn percent(points: i64) -> String {
    let text = format!("{}.{:02}", points / 100, points % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Thresholds of a project are percentages, and stand in their order.
pub(crate) fn check(index: usize, change: &HookChange, findings: &mut Findings) {
    let Some(text) = change.after.text("alert_at") else { return };
    let Some(all) = thresholds(text) else {
        let message = format!(
            "Expected up to {MOST_THRESHOLDS} percentages above 0 and up to {}, with commas between, such as 50, 80, 100.",
            HIGHEST / 100
        );
        findings.add(index, "alert_at", "percentages", message);
        return;
    };
    let plain = all.into_iter().map(percent).collect::<Vec<_>>().join(", ");
    if plain != text {
        findings.verdict.set_field(index, "alert_at", plain);
    }
}

/// The project's own thresholds, those of the organization, or the usual ones.
fn thresholds_of(project: &Fields) -> Result<BTreeSet<i64>, Fault> {
    if let Some(own) = project.text("alert_at").and_then(thresholds) {
        return Ok(own);
    }
    let settled = settings::all(["alert_at"])?;
    Ok(settled.text("alert_at").and_then(thresholds).unwrap_or_else(|| USUAL.into()))
}

/// What is reached of these accounts, with how much of it is used.
fn reached(
    accounts: &BTreeMap<Measure, budget::Account>,
    thresholds: &BTreeSet<i64>,
    of: Option<&str>,
) -> BTreeMap<Key, i64> {
    let wanted = |measure: Measure| of.is_none_or(|of| of == "all" || of == measure.name());
    let mut reached = BTreeMap::new();
    for (measure, account) in accounts.iter().filter(|(measure, _)| wanted(**measure)) {
        for (period, there, used) in account.periods() {
            let share = budget::share(used, there);
            let crossed = thresholds.iter().filter(|threshold| **threshold <= share);
            reached.extend(crossed.map(|threshold| ((*measure, period.clone(), *threshold), share)));
        }
    }
    reached
}

/// Looks at a project: says what was crossed since the last look, and takes back what was and is no longer.
pub(crate) fn run(call: &JobCall) -> Result<Slice, Fault> {
    let project: Id = call.json()?;
    let mut columns = FIELDS.to_vec();
    columns.extend(["name", "manager"]);
    let Some(record) = records::get("projects", project, &columns)? else { return Ok(Slice::default()) };
    let standing = select("alerts").columns(["id", "measure", "period", "threshold"]);
    let standing = standing.filter(field("project").eq(project)).filter(field("over").eq(false));
    let standing = records::find_all(standing, MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, format!("More than {MOST} alerts of one project stand.")))?;
    let standing: BTreeMap<(&str, &str, i64), Id> = standing
        .iter()
        .filter_map(|alert| {
            let key = (alert.text("measure")?, alert.text("period")?, alert.integer("threshold")?);
            Some((key, alert.reference("id")?))
        })
        .collect();
    let reached = reached(&budget::accounts(project, &record)?, &thresholds_of(&record)?, record.text("alert_of"));
    let mut writes: Vec<Mutation> = Vec::new();
    for (key @ (measure, period, threshold), share) in &reached {
        if standing.contains_key(&named(key)) {
            continue;
        }
        let name = record.text("name").unwrap_or("The project");
        let when = if period == "whole" { String::new() } else { format!(" in {period}") };
        let title = format!("{name} has used {} % of {}{when}", percent(*threshold), measure.words());
        // Of two that are crossed at once, the higher says it; each later one is told of anew.
        let higher = (*measure, period.clone(), threshold + 1)..=(*measure, period.clone(), i64::MAX);
        if let Some(manager) = record.reference("manager").filter(|_| reached.range(higher).next().is_none()) {
            let once = format!("budget:{project}:{}:{period}:{threshold}", measure.name());
            writes.push(notify([manager], title.clone()).about("projects", project).once(once).into());
        }
        let alert = insert("alerts", context::new_id()?)
            .set("project", project)
            .set("title", title)
            .set("measure", measure.name())
            .set("period", period.as_str())
            .set("threshold", *threshold)
            .set("used", *share);
        writes.push(alert.into());
    }
    let still: BTreeSet<(&str, &str, i64)> = reached.keys().map(named).collect();
    let over = standing.iter().filter(|(key, _)| !still.contains(*key));
    writes.extend(over.map(|(_, id)| Mutation::from(update("alerts", *id).set("over", true))));
    Ok(Slice::default().with_writes(writes))
}

fn named((measure, period, threshold): &Key) -> (&'static str, &str, i64) {
    (measure.name(), period, *threshold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn thresholds_are_percentages_with_commas_between() {
        let of = |text: &str| thresholds(text).map(|all| all.into_iter().collect::<Vec<_>>());
        assert_eq!(of("50, 80, 100"), Some(vec![5_000, 8_000, 10_000]));
        assert_eq!(of("100 %;12.5, 80,80"), Some(vec![1_250, 8_000, 10_000]));
        for none in ["", "half", "0", "-5", "1001", "50,", "12.345", "1,2,3,4,5,6,7,8,9,10,11"] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn what_thresholds_are_shown_as_reads_back(all in prop::collection::btree_set(1..=HIGHEST, 1..=MOST_THRESHOLDS)) {
            let text = all.iter().copied().map(percent).collect::<Vec<_>>().join(", ");
            prop_assert_eq!(thresholds(&text), Some(all));
        }
    }
}
