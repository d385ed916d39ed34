//! Assemblies: items and other assemblies with quantities, of which no one holds itself.

use crate::findings::Findings;
use crate::prices;
use crate::pricing::{self, Fine, TooLarge};
use lignaflow_sdk::prelude::*;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// How deep assemblies stand within each other, and how many parts one has in all.
const MOST_DEEP: usize = 8;
const MOST_PARTS: usize = 1000;

pub(crate) fn check(
    index: usize,
    change: &HookChange,
    changes: &[HookChange],
    findings: &mut Findings,
) -> Result<(), Fault> {
    let (item, nested) = (change.after.reference("item"), change.after.reference("nested"));
    if item.is_some() == nested.is_some() {
        findings.add(index, "item", "either", "Name an item or another assembly, one of them.");
        return Ok(());
    }
    let (Some(assembly), Some(nested)) = (change.after.reference("assembly"), nested) else { return Ok(()) };
    // Within this batch and what is stored, does what it is to hold lead back to it?
    let mut open = vec![nested];
    let mut seen = BTreeSet::new();
    while let Some(at) = open.pop() {
        if at == assembly {
            findings.add(
                index,
                "nested",
                "cycle",
                "An assembly would hold itself: take it out of what is within it first.",
            );
            return Ok(());
        }
        if !seen.insert(at) {
            continue;
        }
        if seen.len() > MOST_PARTS {
            findings.add(index, "nested", "too-large", format!("More than {MOST_PARTS} assemblies within each other."));
            return Ok(());
        }
        // Its version is read, so that a change of it meanwhile has this looked at again.
        let _ = records::get("assemblies", at, &["name"])?;
        let asked = select("assembly-items")
            .as_plugin()
            .columns(["nested"])
            .filter(field("assembly").eq(at).and(field("nested").is_set()));
        open.extend(records::find(asked)?.records().filter_map(|row| row.reference("nested")));
        let here = changes
            .iter()
            .filter(|other| other.collection == "assembly-items" && other.after.reference("assembly") == Some(at));
        open.extend(here.filter_map(|other| other.after.reference("nested")));
    }
    Ok(())
}

/// One item of an assembly, with how many of it one assembly takes.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) item: Fields,
    pub(crate) quantity: Fine,
}

/// Everything that one assembly takes, and the minutes of putting it and those within it together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Whole {
    pub(crate) items: Vec<Taken>,
    pub(crate) minutes: i64,
}

pub(crate) const ITEM: [&str; 13] = [
    "id",
    "name",
    "kind",
    "allowance",
    "unit",
    "cost",
    "waste",
    "pricing",
    "rate",
    "price",
    "tax_code",
    "labour_minutes",
    "valid_from",
];

pub(crate) fn whole(assembly: Id) -> Result<Whole, Fault> {
    let mut whole = Whole::default();
    let mut items = BTreeMap::new();
    within(assembly, Fine::ONE, MOST_DEEP, &mut items, &mut whole)?;
    let mut items: Vec<Fields> = items.into_values().collect();
    prices::on(context::caller()?.today()?, &mut items)?;
    let items: BTreeMap<Id, Fields> =
        items.into_iter().filter_map(|item| Some((item.reference("id")?, item))).collect();
    for taken in &mut whole.items {
        if let Some(item) = taken.item.reference("id").and_then(|id| items.get(&id)) {
            taken.item.clone_from(item);
        }
    }
    Ok(whole)
}

fn times(one: Fine, other: Fine) -> Result<Fine, TooLarge> {
    let product = i128::from(one.get()) * i128::from(other.get());
    let figure = pricing::rounded(product, i128::from(Fine::ONE.get())).and_then(|it| i64::try_from(it).ok());
    figure.map(Fine::of).ok_or(TooLarge)
}

fn within(
    id: Id,
    quantity: Fine,
    deep: usize,
    items: &mut BTreeMap<Id, Fields>,
    whole: &mut Whole,
) -> Result<(), Fault> {
    if deep == 0 {
        return Err(Fault::new(
            ErrorCode::Quota,
            format!("Assemblies stand at most {MOST_DEEP} deep within each other."),
        ));
    }
    let own = records::get("assemblies", id, &["labour_minutes"])?.ok_or_else(|| Fault::not_found("assembly"))?;
    let minutes = i128::from(own.integer("labour_minutes").unwrap_or(0)) * i128::from(quantity.get());
    let minutes = pricing::rounded(minutes, i128::from(Fine::ONE.get())).and_then(|it| i64::try_from(it).ok());
    whole.minutes = minutes.and_then(|minutes| whole.minutes.checked_add(minutes)).ok_or(TooLarge)?;
    let asked = select("assembly-items")
        .as_plugin()
        .columns(["item", "nested", "quantity"])
        .filter(field("assembly").eq(id))
        .sort("id");
    for part in records::find_all(asked, MOST_PARTS)?.unwrap_or_default() {
        let each = part.decimal("quantity").map_or(Ok(Fine::ONE), Fine::of_decimal)?;
        let quantity = times(quantity, each)?;
        if let Some(nested) = part.reference("nested") {
            within(nested, quantity, deep - 1, items, whole)?;
        } else if let Some(item) = part.reference("item") {
            let fields = match items.entry(item) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let fields = records::get("catalog-items", item, &ITEM)?;
                    unknown.insert(fields.ok_or_else(|| Fault::not_found("catalogue item"))?)
                }
            };
            whole.items.push(Taken { item: fields.clone(), quantity });
        }
        if whole.items.len() > MOST_PARTS {
            return Err(Fault::new(ErrorCode::Quota, format!("An assembly has at most {MOST_PARTS} parts.")));
        }
    }
    Ok(())
}
