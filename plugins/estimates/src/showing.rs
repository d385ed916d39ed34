//! What a revision comes to, for the editor; the issued document, for whoever shows it.

use crate::answering::sealed;
use crate::document::{TaxCode, figures, payment_rows, percent};
use crate::editing;
use crate::pricing::margin_of;
use crate::sheet::Sheet;
use lignaflow_sdk::prelude::*;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn totals(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let sheet = editing::sheet(request.id("id")?)?;
    let totals = sheet.totals(None)?;
    let sections: Map<String, Json> =
        sheet.sections.iter().zip(&totals.sections).map(|((id, _), amount)| (id.to_string(), json!(amount))).collect();
    let counted: Vec<Id> =
        sheet.lines.iter().zip(&totals.counted).filter(|(_, counts)| **counts).map(|((id, _), _)| *id).collect();
    let taxes: Vec<TaxCode> = (0..totals.taxes.len())
        .filter_map(|at| sheet.taxes.code(at))
        .map(|(name, rate)| TaxCode { name: name.to_owned(), rate })
        .collect();
    let panel = if context::caller()?.holds("estimates.see-costs") {
        let mut kinds: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for ((line, (_, fields)), counts) in sheet.priced()?.iter().zip(&sheet.lines).zip(&totals.counted) {
            if *counts {
                let (cost, sell) = kinds.entry(fields.text("kind").unwrap_or("material")).or_default();
                *cost = cost.saturating_add(line.cost);
                *sell = sell.saturating_add(line.amount);
            }
        }
        let share = |sell, cost| json!({ "percent": margin_of(sell, cost) });
        let rows: Vec<Json> = kinds
            .into_iter()
            .map(|(kind, (cost, sell))| {
                json!({ "title": titled(kind), "cells": [{ "minor": cost }, { "minor": sell }, share(sell, cost)] })
            })
            .collect();
        json!({
            "title": "Margin",
            "figures": [
                { "title": "Margin of the price", "percent": margin_of(totals.net, totals.cost) },
                { "title": "Margin", "minor": totals.net.saturating_sub(totals.cost) },
                { "title": "Cost", "minor": totals.cost },
                { "title": "Labour", "minutes": sheet.labour(&totals.counted) },
            ],
            "head": ["Kind", "Cost", "Sell", "%"],
            "rows": rows,
        })
    } else {
        Json::Null
    };
    reply::json(&json!({
        "currency": sheet.currency.as_str(),
        "sections": sections,
        "counted": counted,
        "totals": figures(&totals, &taxes),
        "payments": payment_rows(sheet.payments(totals.total)?),
        "notes": warnings(&sheet, totals.total)?,
        "panel": panel,
    }))
}

/// What is easily forgotten, or lawful in few places, is said before it is issued.
fn warnings(sheet: &Sheet, total: i64) -> Result<Vec<String>, Fault> {
    let mut warnings = Vec::new();
    let lines = sheet.priced()?;
    if !lines.is_empty() && lines.iter().all(|line| line.tax.is_none()) {
        let message = "No line carries a tax code, so the quote asks for no tax. Add the tax that you charge under Tax \
                       codes as the standard one; if you charge none, one of 0 % says so.";
        warnings.push(message.to_owned());
    }
    warnings.extend(sheet.discount_beyond()?.filter(|_| !lines.is_empty()));
    let nothing = sheet.lines.iter().zip(&lines).filter(|(_, line)| line.amount == 0);
    let names: Vec<&str> = nothing.filter_map(|((_, fields), _)| fields.text("description")).collect();
    if let [first, more @ ..] = names.as_slice() {
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        warnings.push(format!("“{first}”{more} comes to nothing: see that its price and quantity are meant so."));
    }
    let most = settings::all(["deposit_warning"])?.integer("deposit_warning").unwrap_or(10_000);
    let asked = sheet.revision.integer("deposit").filter(|asked| *asked > most);
    if let Some(asked) = asked.filter(|_| total > 0) {
        let (asked, most) = (percent(asked), percent(most));
        warnings.push(format!(
            "The deposit is {asked} %, more than {most} %: see that the law of the place lets you ask for it."
        ));
    }
    Ok(warnings)
}

fn titled(kind: &str) -> String {
    let mut text = kind.to_owned();
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text
}

pub(crate) fn document(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let id = request.id("id")?;
    records::get_for_caller("revisions", id, &["id"])?.ok_or_else(|| Fault::not_found("revision"))?;
    let issued = sealed(id)?;
    let chosen = request.query_text("chosen").map(chosen).transpose()?;
    let totals = issued.document.totals(chosen.as_ref())?;
    reply::json(&json!({
        "hash": issued.hash,
        "document": issued.document,
        "totals": figures(&totals, &issued.document.taxes),
        "payments": payment_rows(issued.document.payments(totals.total)?),
    }))
}

fn chosen(text: &str) -> Result<BTreeSet<Id>, Fault> {
    let ids = text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(str::parse);
    ids.collect::<Result<_, _>>().map_err(|_| Fault::at("/chosen", "type", "Expected ids with commas between."))
}
