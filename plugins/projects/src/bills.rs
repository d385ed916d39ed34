//! Bills of suppliers: each is entered once, in as many lines as it has. Lines that say no number are numbered in the order
//! in which they come, so that a file of bills needs none, and one that comes twice makes nothing twice.

use crate::findings::Findings;
use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Bills that are looked for at once.
const AT_ONCE: usize = 500;
/// Lines that are there of as many bills.
const MOST: usize = 20_000;
/// The last line that a bill may have, as `plugin.toml` declares it.
const LAST: i64 = 10_000;
const KEY: [&str; 3] = ["supplier", "reference", "line"];

/// Which bill: whose, where that is told, and its number, without regard to case.
type Bill = (Option<String>, String);

fn bill(cost: &impl ReadFields) -> Option<Bill> {
    let plain = |text: &str| text.trim().to_lowercase();
    Some((cost.text("supplier").map(plain), cost.text("reference").map(plain)?))
}

/// Numbers the lines of a batch that say no number, and tells each that is there already.
pub(crate) fn check(changes: &[HookChange], findings: &mut Findings) -> Result<(), Fault> {
    let entered = |change: &HookChange| match change.kind {
        ChangeKind::Insert => true,
        ChangeKind::Update => KEY.iter().any(|name| change.before.value(name) != change.after.value(name)),
        ChangeKind::Remove => false,
    };
    let mut bills: BTreeMap<Bill, Vec<(usize, &HookChange)>> = BTreeMap::new();
    for (index, change) in changes.iter().enumerate().filter(|(_, it)| it.collection == "costs" && entered(it)) {
        if let Some(bill) = bill(&change.after) {
            bills.entry(bill).or_default().push((index, change));
        }
    }
    if bills.is_empty() {
        return Ok(());
    }
    let there = there(changes, &bills)?;
    let mut told = Told::new();
    for (bill, lines) in bills {
        number(&lines, there.get(&bill), &mut told, findings);
    }
    // In the order of the batch, whichever bills they are of.
    for (index, (field, message)) in told {
        findings.clash(index, field, message);
    }
    Ok(())
}

/// The lines that are there of these bills, beside those that the batch itself changes.
fn there(
    changes: &[HookChange],
    bills: &BTreeMap<Bill, Vec<(usize, &HookChange)>>,
) -> Result<BTreeMap<Bill, BTreeSet<i64>>, Fault> {
    let ours: BTreeSet<Id> = changes.iter().map(|change| change.id).collect();
    let references: BTreeSet<&str> =
        bills.values().flatten().filter_map(|(_, change)| change.after.text("reference")).collect();
    let mut there: BTreeMap<Bill, BTreeSet<i64>> = BTreeMap::new();
    for some in references.into_iter().collect::<Vec<_>>().chunks(AT_ONCE) {
        let asked = select("costs").as_plugin().columns(["id", "supplier", "reference", "line"]);
        let asked = asked.filter(field("reference").within(some.iter().copied()));
        let found = records::find_all(asked, MOST)?.ok_or_else(|| {
            let message = format!("More than {MOST} costs have these bill numbers: enter them in several batches.");
            Fault::new(ErrorCode::Quota, message)
        })?;
        for cost in found.iter().filter(|cost| cost.reference("id").is_some_and(|id| !ours.contains(&id))) {
            if let Some(bill) = bill(cost) {
                there.entry(bill).or_default().insert(cost.integer("line").unwrap_or(1));
            }
        }
    }
    Ok(there)
}

/// What is there already, by the position of the change: its field, and what is said.
type Told = BTreeMap<usize, (&'static str, String)>;

fn number(lines: &[(usize, &HookChange)], there: Option<&BTreeSet<i64>>, told: &mut Told, findings: &mut Findings) {
    let mut named: BTreeSet<i64> = BTreeSet::new();
    for (index, change) in lines {
        let Some(line) = change.after.integer("line") else { continue };
        if there.is_some_and(|there| there.contains(&line)) {
            told.insert(*index, ("line", format!("Line {line} of {} is entered already.", called(change))));
        } else if !named.insert(line) {
            told.insert(*index, ("line", format!("Line {line} of {} is here twice.", called(change))));
        }
    }
    let mut free = (1..=LAST).filter(|line| !named.contains(line));
    for (index, change) in lines.iter().filter(|(_, change)| change.after.is_null("line")) {
        if let Some(last) = there.and_then(BTreeSet::last) {
            let message = format!(
                "{} is entered already. Where this is a further line of it, give it a number from {} on.",
                capitalized(&called(change)),
                last + 1
            );
            told.insert(*index, ("reference", message));
        } else if let Some(line) = free.next() {
            findings.verdict.set_field(*index, "line", line);
        } else {
            findings.add(*index, "line", "range", format!("A bill has at most {LAST} lines."));
        }
    }
}

/// `bill T-77 of Timber Co`.
fn called(change: &HookChange) -> String {
    let reference = change.after.text("reference").unwrap_or_default();
    match change.after.text("supplier") {
        Some(supplier) => format!("bill {reference} of {supplier}"),
        None => format!("bill {reference}, which names no supplier,"),
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
