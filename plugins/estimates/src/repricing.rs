//! Costs across the catalogue, made dearer or cheaper together.

use crate::pricing::{Fine, with_waste};
use lignaflow_sdk::prelude::*;
use serde::{Deserialize, Serialize};

/// Items that are changed in one transaction.
const MOST: usize = 2_000;

#[derive(Debug, Deserialize)]
struct Reprice {
    change: i64,
    kind: Option<String>,
    supplier: Option<String>,
    #[serde(default)]
    preview: bool,
}

#[derive(Debug, Serialize)]
struct Changed {
    id: Id,
    name: String,
    before: String,
    after: String,
}

#[derive(Debug, Serialize)]
struct Answer {
    items: Vec<Changed>,
}

pub(crate) fn reprice(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Reprice = request.json()?;
    let caller = context::caller()?;
    if !caller.holds("estimates.see-costs") {
        return Err(Fault::denied("Costs are changed by those who see them."));
    }
    let mut asked =
        select("catalog-items").as_plugin().columns(["id", "name", "cost"]).filter(field("cost").is_set()).sort("name");
    if let Some(kind) = &body.kind {
        asked = asked.filter(field("kind").eq(kind.as_str()));
    }
    if let Some(supplier) = &body.supplier {
        asked = asked.filter(field("supplier").eq(supplier.as_str()));
    }
    let items = records::find_all(asked, MOST)?.ok_or_else(|| {
        Fault::new(
            ErrorCode::Quota,
            format!("More than {MOST} items are not changed at once: narrow it by kind or supplier."),
        )
    })?;
    let today = caller.today()?;
    let (mut changed, mut writes) = (Vec::new(), Vec::new());
    for item in items {
        let (Some(id), Some(before)) = (item.reference("id"), item.decimal("cost")) else { continue };
        let after = with_waste(Fine::of_decimal(before)?, body.change)?;
        if after == Fine::of_decimal(before)? {
            continue;
        }
        writes.push(update("catalog-items", id).set("cost", after.decimal()).set("valid_from", today));
        let name = item.text("name").unwrap_or_default().to_owned();
        changed.push(Changed { id, name, before: before.to_string(), after: after.decimal().to_string() });
    }
    let answer = reply::json(&Answer { items: changed })?;
    Ok(if body.preview { answer } else { answer.with_writes(writes) })
}
