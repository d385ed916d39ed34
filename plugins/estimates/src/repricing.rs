//! Costs across the catalogue, made dearer or cheaper together: at once, or from a day on.

use crate::prices;
use crate::pricing::{Fine, with_waste};
use lignaflow_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// Items that are changed in one transaction.
const MOST: usize = 2_000;
/// Prices that one call gives ids, each of which it asks the host for.
const MOST_NEW: usize = 900;

#[derive(Debug, Deserialize)]
struct Reprice {
    change: i64,
    kind: Option<String>,
    supplier: Option<String>,
    from: Option<Date>,
    #[serde(default)]
    preview: bool,
}

/// An item with its cost, before and after.
#[derive(Debug)]
struct Changed {
    id: Id,
    name: String,
    kind: String,
    supplier: Option<String>,
    before: Decimal,
    after: Fine,
    /// What it is sold for, where that is fixed.
    price: Option<Decimal>,
}

#[derive(Debug, Serialize)]
struct Told<'a> {
    id: Id,
    name: &'a str,
    before: String,
    after: String,
}

impl Reprice {
    /// The day from which it holds: a later one, or this one.
    fn day(&self, today: Date) -> Date {
        self.from.map_or(today, |from| from.max(today))
    }

    /// The items whose cost changes, from what it is on that day.
    fn changed(&self, day: Date) -> Result<Vec<Changed>, Fault> {
        let mut asked = select("catalog-items")
            .as_plugin()
            .columns(["id", "name", "kind", "supplier", "cost", "price", "valid_from"])
            .filter(field("cost").is_set())
            .sort("name");
        if let Some(kind) = &self.kind {
            asked = asked.filter(field("kind").eq(kind.as_str()));
        }
        if let Some(supplier) = &self.supplier {
            asked = asked.filter(field("supplier").eq(supplier.as_str()));
        }
        let mut items = records::find_all(asked, MOST)?.ok_or_else(|| {
            Fault::new(
                ErrorCode::Quota,
                format!("More than {MOST} items are not changed at once: narrow it by kind or supplier."),
            )
        })?;
        for some in items.chunks_mut(500) {
            prices::on(day, some)?;
        }
        let mut changed = Vec::new();
        for item in items {
            let (Some(id), Some(before)) = (item.reference("id"), item.decimal("cost")) else { continue };
            let after = with_waste(Fine::of_decimal(before)?, self.change)?;
            if after == Fine::of_decimal(before)? {
                continue;
            }
            let text = |name: &str| item.text(name).map(str::to_owned);
            changed.push(Changed {
                id,
                name: text("name").unwrap_or_default(),
                kind: text("kind").unwrap_or_default(),
                supplier: text("supplier"),
                before,
                after,
                price: item.decimal("price"),
            });
        }
        Ok(changed)
    }
}

pub(crate) fn reprice(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Reprice = request.json()?;
    let caller = context::caller()?;
    if !caller.holds("estimates.see-costs") {
        return Err(Fault::denied("Costs are changed by those who see them."));
    }
    let today = caller.today()?;
    let day = body.day(today);
    let changed = body.changed(day)?;
    let items: Vec<Told<'_>> = changed
        .iter()
        .map(|it| Told {
            id: it.id,
            name: &it.name,
            before: it.before.to_string(),
            after: it.after.decimal().to_string(),
        })
        .collect();
    let answer = reply::json(&json!({ "items": items }))?;
    if body.preview {
        return Ok(answer);
    }
    if day > today {
        return Ok(answer.with_writes(from_then_on(day, &changed)?));
    }
    // What it is sold for by now goes along: a price of before that day is not taken over any more.
    let now = |it: &Changed| {
        update("catalog-items", it.id).set("cost", it.after.decimal()).set("price", it.price).set("valid_from", today)
    };
    Ok(answer.with_writes(changed.iter().map(now)))
}

/// Prices from that day on; where an item has one of that day, it is changed.
fn from_then_on(from: Date, changed: &[Changed]) -> Result<Vec<Mutation>, Fault> {
    let mut there: BTreeMap<Id, Id> = BTreeMap::new();
    for some in changed.chunks(500) {
        let ids: Vec<Id> = some.iter().map(|it| it.id).collect();
        let asked = select("catalog-prices")
            .as_plugin()
            .columns(["id", "item"])
            .filter(field("valid_from").eq(from).and(field("item").within(&ids)));
        // An item has one of a day.
        let found = records::find_all(asked, some.len())?.unwrap_or_default();
        there.extend(found.iter().filter_map(|price| Some((price.reference("item")?, price.reference("id")?))));
    }
    let new = changed.iter().filter(|it| !there.contains_key(&it.id)).count();
    if new > MOST_NEW {
        let message =
            format!("{new} items would have a price of that day: narrow it to {MOST_NEW} by kind or supplier.");
        return Err(Fault::new(ErrorCode::Quota, message));
    }
    changed
        .iter()
        .map(|it| match there.get(&it.id) {
            Some(price) => Ok(update("catalog-prices", *price).set("cost", it.after.decimal()).into()),
            None => Ok(insert("catalog-prices", context::new_id()?)
                .set("item", it.id)
                .set("valid_from", from)
                .set("cost", it.after.decimal())
                .into()),
        })
        .collect()
}

/// What a change would come to, for whoever is about to make it.
pub(crate) fn repriced(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let change = request.query_text("change").unwrap_or("0").parse();
    let from = request.query_text("from").map(str::parse::<Date>).transpose();
    let asked = Reprice {
        change: change.map_err(|_| Fault::at("/change", "type", "Expected basis points such as 350."))?,
        kind: request.query_text("kind").map(str::to_owned),
        supplier: request.query_text("supplier").map(str::to_owned),
        from: from.map_err(|_| Fault::at("/from", "type", "Expected a date such as \"2027-02-28\"."))?,
        preview: true,
    };
    let rows = asked.changed(asked.day(context::caller()?.today()?))?;
    let rows = rows.iter().map(|it| {
        json!({
            "name": it.name, "kind": it.kind, "supplier": it.supplier, "before": it.before.to_string(),
            "after": it.after.decimal().to_string(),
            "records": { "name": format!("/api/v1/estimates/catalog-items/{}", it.id) },
        })
    });
    reply::json(&json!({ "rows": rows.collect::<Vec<_>>() }))
}
