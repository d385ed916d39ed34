//! Claims as rows, and as a file of sales invoices for the system that keeps the books.

use crate::money::plain;
use lignaflow_sdk::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Claims of one file.
const MOST: usize = 10_000;
const HEAD: &str = "Claim,InvoiceNumber,ContactName,ContactNumber,Project,Description,InvoiceDate,DueDate,Amount,Tax,Total,Currency,Status";
const COLUMNS: [&str; 13] = [
    "number",
    "invoice",
    "project.client.name",
    "project.client.number",
    "project.number",
    "title",
    "date",
    "due",
    "amount",
    "tax",
    "status",
    "project.name",
    "id",
];

/// Claims by what the query asks for, those that are cancelled left out.
fn asked(request: &RouteRequest) -> Result<Vec<Fields>, Fault> {
    let mut claims = select("claims").columns(COLUMNS).sort("date").sort("id");
    claims = claims.filter(field("status").ne("cancelled"));
    let mut issues = Vec::new();
    for name in ["from", "until"] {
        let Some(text) = request.query_text(name) else { continue };
        match text.parse::<Date>() {
            Ok(date) if name == "from" => claims = claims.filter(field("date").at_least(date)),
            Ok(date) => claims = claims.filter(field("date").at_most(date)),
            Err(_) => issues.push(Issue::new(format!("/{name}"), "type", "Expected a date such as 2027-02-01.")),
        }
    }
    if !issues.is_empty() {
        return Err(Fault::invalid(issues));
    }
    if let Some(status) = request.query_text("status") {
        claims = claims.filter(field("status").eq(status));
    }
    records::find_all(claims, MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, format!("More than {MOST} claims: ask for a shorter time.")))
}

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let claims = asked(request)?;
    let mut text = format!("{HEAD}\r\n");
    for claim in &claims {
        line(claim, &mut text)?;
    }
    Ok(reply::bytes("text/csv; charset=utf-8", text.into_bytes()))
}

/// The same claims as rows: those in the organization's currency, and what the others come to.
pub(crate) fn table(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let home = context::caller()?.currency;
    let mut sums = [0_i64; 3];
    let mut elsewhere: BTreeMap<String, i64> = BTreeMap::new();
    let mut rows = Vec::new();
    for claim in asked(request)? {
        let (amount, tax, total) = amounts(&claim)?;
        if amount.currency != home {
            let sum = elsewhere.entry(amount.currency.to_string()).or_default();
            *sum = sum.checked_add(total).ok_or_else(too_much)?;
            continue;
        }
        for (sum, part) in sums.iter_mut().zip([amount.minor, tax.minor, total]) {
            *sum = sum.checked_add(part).ok_or_else(too_much)?;
        }
        let day = |name: &str| claim.date(name).map(|date| date.to_string());
        let record = claim.reference("id").map(|id| format!("/api/v1/projects/claims/{id}"));
        rows.push(json!({
            "number": claim.text("number"), "invoice": claim.text("invoice"),
            "client": claim.text("project.client.name"), "project": claim.text("project.name"),
            "title": claim.text("title"), "date": day("date"), "due": day("due"), "amount": amount.minor,
            "tax": tax.minor, "total": total, "status": claim.text("status"),
            "records": { "number": &record, "total": &record },
        }));
    }
    let left_out = elsewhere.iter().map(|(currency, minor)| json!({ "minor": minor, "currency": currency }));
    reply::json(&json!({
        "currency": home.as_str(), "rows": rows, "left_out": left_out.collect::<Vec<_>>(),
        "total": { "amount": sums[0], "tax": sums[1], "total": sums[2] },
    }))
}

fn too_much() -> Fault {
    Fault::new(ErrorCode::Invalid, "Amounts and their tax are more than can be added up.")
}

/// The amount of a claim, its tax, and both together.
fn amounts(claim: &Fields) -> Result<(Money, Money, i64), Fault> {
    let amount = claim.money("amount").ok_or_else(|| Fault::new(ErrorCode::Internal, "A claim without an amount."))?;
    let tax = claim.money("tax").unwrap_or(Money { minor: 0, ..amount });
    let total = amount.minor.checked_add(tax.minor).ok_or_else(too_much)?;
    Ok((amount, tax, total))
}

fn line(claim: &Fields, text: &mut String) -> Result<(), Fault> {
    let (amount, tax, total) = amounts(claim)?;
    let day = |name: &str| claim.date(name).map(|date| date.to_string()).unwrap_or_default();
    let said = |name: &str| cell(claim.text(name).unwrap_or_default());
    let sum = |minor: i64| plain(minor, amount.currency.minor_digits());
    let cells = [
        said("number"),
        said("invoice"),
        said("project.client.name"),
        said("project.client.number"),
        said("project.number"),
        said("title"),
        day("date"),
        day("due"),
        sum(amount.minor),
        sum(tax.minor),
        sum(total),
        amount.currency.to_string(),
        said("status"),
    ];
    write!(text, "{}\r\n", cells.join(",")).map_err(|_| Fault::internal())
}

/// As RFC 4180 has it, and never a formula for a spreadsheet.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'']) { "'" } else { "" };
    if text.contains(['"', ',', '\r', '\n']) || !guard.is_empty() {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_text_and_never_a_formula() {
        assert_eq!(
            [cell("Oak, 20 mm"), cell("a \"b\""), cell("=1+1")],
            ["\"Oak, 20 mm\"", "\"a \"\"b\"\"\"", "\"'=1+1\""]
        );
    }
}
