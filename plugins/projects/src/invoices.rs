//! Claims as a file of sales invoices, for the system that keeps the books.

use lignaflow_sdk::prelude::*;
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

pub(crate) fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
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
    let claims = records::find_all(claims, MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, format!("More than {MOST} claims: ask for a shorter time.")))?;
    let mut text = format!("{HEAD}\r\n");
    for claim in &claims {
        line(claim, &mut text)?;
    }
    Ok(reply::bytes("text/csv; charset=utf-8", text.into_bytes()))
}

fn line(claim: &Fields, text: &mut String) -> Result<(), Fault> {
    let amount = claim.money("amount").ok_or_else(|| Fault::new(ErrorCode::Internal, "A claim without an amount."))?;
    let tax = claim.money("tax").unwrap_or(Money { minor: 0, ..amount });
    let total = amount
        .minor
        .checked_add(tax.minor)
        .ok_or_else(|| Fault::new(ErrorCode::Invalid, "An amount and its tax are more than can be added up."))?;
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

/// Minor units with the digits of their currency after the point.
fn plain(minor: i64, digits: u32) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let size = minor.unsigned_abs().to_string();
    let digits = usize::try_from(digits).unwrap_or(0);
    if digits == 0 {
        return format!("{sign}{size}");
    }
    let padded = format!("{size:0>width$}", width = digits + 1);
    let (whole, rest) = padded.split_at(padded.len() - digits);
    format!("{sign}{whole}.{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        assert_eq!([plain(5, 2), plain(-1234, 2), plain(1234, 0), plain(1, 3)], ["0.05", "-12.34", "1234", "0.001"]);
    }

    #[test]
    fn a_cell_is_text_and_never_a_formula() {
        assert_eq!(
            [cell("Oak, 20 mm"), cell("a \"b\""), cell("=1+1")],
            ["\"Oak, 20 mm\"", "\"a \"\"b\"\"\"", "\"'=1+1\""]
        );
    }
}
