//! Prices that hold from a day on: what an item costs on a day is what it was last given for that day or one before it.

use crate::findings::Findings;
use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Prices that are looked through for the items of one call.
const MOST: usize = 5_000;
/// Items that one slice of the job writes.
const PORTION: u16 = 200;
/// Slices of one night; what is left then is for the next.
const ROUNDS: u32 = 500;

/// A price is called as its item is, and says something.
pub(crate) fn check(index: usize, change: &HookChange, findings: &mut Findings) {
    let name = change.related.text("item.name").unwrap_or("Item");
    if let Some(from) = change.after.date("valid_from") {
        findings.verdict.set_field(index, "name", format!("{name}, from {from}"));
    }
    if let (Some(from), Some(since)) = (change.after.date("valid_from"), change.related.date("item.valid_from"))
        && from <= since
    {
        let message = format!("{name} says what it costs from {since} on: change it there, or name a later day.");
        findings.add(index, "valid_from", "order", message);
    }
    if change.after.is_null("cost") && change.after.is_null("price") {
        findings.add(index, "cost", "required", "Say what it costs from then on, or what it is sold for.");
    }
}

/// Of prices: those that have come by a day, and are not taken over by their items yet.
fn due(day: Date) -> Predicate {
    let newer = field("valid_from").compare(Operator::Greater, "item.valid_from");
    field("valid_from").at_most(day).and(any([field("item.valid_from").is_null(), newer]))
}

/// These items as they are on a day. Whoever reads them has asked for `id`, `cost`, `price` and `valid_from`.
pub(crate) fn on(day: Date, items: &mut [Fields]) -> Result<(), Fault> {
    let ids: Vec<Id> = items.iter().filter_map(|item| item.reference("id")).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let asked = select("catalog-prices")
        .as_plugin()
        .columns(["item", "valid_from", "cost", "price"])
        .filter(field("item").within(&ids).and(due(day)))
        .sort("valid_from");
    let found = records::find_all(asked, MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, format!("These items have more than {MOST} prices of before.")))?;
    let mut later: BTreeMap<Id, Vec<&Fields>> = BTreeMap::new();
    for price in &found {
        if let Some(item) = price.reference("item") {
            later.entry(item).or_default().push(price);
        }
    }
    for item in items {
        let Some(prices) = item.reference("id").and_then(|id| later.get(&id)) else { continue };
        for price in prices {
            take_over(item, price);
        }
    }
    Ok(())
}

/// What a price says is so.
fn take_over(item: &mut Fields, price: &Fields) {
    for name in ["cost", "price", "valid_from"] {
        if let Some(value) = price.value(name).filter(|value| !value.is_null()) {
            item.insert(name.to_owned(), value.clone());
        }
    }
}

/// Takes prices over whose day has come, so that lists and searches show them.
pub(crate) fn run(call: &JobCall) -> Result<Slice, Fault> {
    let today = context::caller()?.today()?;
    let round: u32 = call.resumed()?.unwrap_or_default();
    let asked = select("catalog-prices").columns(["id", "item"]).filter(due(today)).sort("id").limit(PORTION);
    let page = records::find(asked)?;
    let ids: BTreeSet<Id> = page.records().filter_map(|price| price.reference("item")).collect();
    let columns = ["id", "cost", "price", "valid_from"];
    let asked = select("catalog-items").columns(columns).filter(field("id").within(&ids));
    let mut items = records::find_all(asked, usize::from(PORTION))?.unwrap_or_default();
    let before = items.clone();
    on(today, &mut items)?;
    let changed = items.iter().zip(&before).filter(|(is, was)| is != was);
    let writes = changed.filter_map(|(item, _)| {
        let mut write = update("catalog-items", item.reference("id")?);
        for name in ["cost", "price", "valid_from"] {
            write = write.set(name, item.value(name));
        }
        Some(Mutation::from(write))
    });
    let slice = Slice::default().with_writes(writes);
    // What is taken over is not found again.
    if page.next.is_some() && round < ROUNDS { slice.resuming(&(round + 1)) } else { Ok(slice) }
}
