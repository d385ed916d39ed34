//! Money that foots: whatever a document is made of, its records, its routes, the client's page and the PDF tell the same
//! figures, and what is shown adds up to what is shown. Lists and files of records (CSV, XLSX) tell what the records hold.

use super::*;
use crate::answering::sealed;
use crate::offer::Offer;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

/// The minor units of an amount as people read it, whose digits are always all there.
fn minor_of(text: &Json) -> i64 {
    let text = text.as_str().unwrap();
    let size: i64 = text.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap();
    if text.starts_with('−') { -size } else { size }
}

/// Ten-thousandths of a decimal as people read it.
fn fine_of(text: &Json) -> i128 {
    let text = text.as_str().unwrap().replace(',', "");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{part:0<4}").parse().unwrap()
}

pub(super) fn named(rows: &Json, name: &str) -> i64 {
    rows.as_array().unwrap().iter().filter(|row| row["name"] == name).map(|row| row["minor"].as_i64().unwrap()).sum()
}

#[derive(Debug, Clone)]
pub(super) struct Row {
    quantity: i64,
    price: i64,
    /// Markup or margin, in basis points; a fixed price where there is none.
    pub(super) rate: Option<(bool, i64)>,
    pub(super) taxed: bool,
    pub(super) optional: Option<bool>,
    pub(super) allowance: bool,
    section: usize,
}

pub(super) fn row() -> impl Strategy<Value = Row> {
    let rate = prop::option::of((any::<bool>(), 0_i64..9_000));
    let figures = (1_i64..200_000, 0_i64..50_000_000, rate);
    let kinds = (any::<bool>(), prop::option::of(any::<bool>()), any::<bool>(), 0..3_usize);
    (figures, kinds).prop_map(|((quantity, price, rate), (taxed, optional, allowance, section))| Row {
        quantity,
        price,
        rate,
        taxed,
        optional,
        allowance,
        section,
    })
}

fn decimal(fine: i64) -> String {
    format!("{}.{:04}", fine / 10_000, fine % 10_000)
}

impl Row {
    fn body(&self, free: Id) -> Json {
        let mut body = json!({
            "quantity": decimal(self.quantity),
            "allowance": if self.allowance { "prime-cost" } else { "none" },
            "mode": if self.optional.is_some() { "optional" } else { "included" },
            "ticked": self.optional.unwrap_or(false),
        });
        if let Some((margin, rate)) = self.rate {
            body["unit_cost"] = json!(decimal(self.price));
            body["pricing"] = json!(if margin { "margin" } else { "markup" });
            body["rate"] = json!(rate);
        } else {
            body["pricing"] = json!("fixed");
            body["unit_price"] = json!(decimal(self.price));
        }
        if !self.taxed {
            body["tax_code"] = json!(free);
        }
        body
    }
}

/// An estimate of these rows, with a choice of two where that is asked for.
pub(super) fn estimate(currency: &str, rows: &[Row], choice: bool) -> (Host, Begun) {
    let mut host = host();
    let free = host.insert("tax-codes", json!({ "name": "Free", "rate": 0 })).unwrap();
    let client = host.insert("projects/clients", json!({ "name": "Smith", "currency": currency })).unwrap();
    let answer = host.post("/begin", &json!({ "title": "Kitchen", "client": client })).unwrap();
    let revision = id(&answer.json()["id"]);
    let page = host.find(select("sections").columns(["id"]).filter(field("revision").eq(revision))).unwrap();
    let section = page.records().next().unwrap().reference("id").unwrap();
    let mut sections = vec![section];
    for shows in ["total", "nothing"] {
        sections
            .push(host.insert("sections", json!({ "revision": revision, "title": shows, "shows": shows })).unwrap());
    }
    let begun = Begun { estimate: id(&answer.json()["estimate"]), revision, section };
    for row in rows {
        let mut body = row.body(free);
        body["section"] = json!(sections[row.section]);
        begun.line(&mut host, body).unwrap();
    }
    // Something is always there.
    begun.priced(&mut host, "12.34", json!({}));
    if choice {
        for (name, ticked) in [("Oak", true), ("Stone", false)] {
            let more = json!({ "mode": "choice", "choice_group": "Benchtop", "description": name, "ticked": ticked });
            begun.priced(&mut host, "99.99", more);
        }
    }
    (host, begun)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn records_routes_the_page_and_the_paper_tell_the_same_figures_and_they_add_up(
        (currency, digits) in prop_oneof![Just(("JPY", 0)), Just(("AUD", 2)), Just(("KWD", 3))],
        rows in prop::collection::vec(row(), 0..7),
        choice in any::<bool>(),
        by_line in any::<bool>(),
        (discount, step) in (0_i64..3_000, prop_oneof![Just(0_i64), Just(5), Just(1_000)]),
        (deposit, stages) in (0_i64..4_000, prop::collection::vec(1_i64..3_000, 0..3)),
    ) {
        let (mut host, begun) = estimate(currency, &rows, choice);
        let settle = json!({
            "tax_mode": if by_line { "line" } else { "document" }, "discount_rate": discount, "deposit": deposit,
            "round_to": { "minor": step, "currency": currency },
        });
        host.update("revisions", begun.revision, settle).unwrap();
        for (at, share) in stages.iter().enumerate() {
            let stage = json!({ "revision": begun.revision, "title": format!("Stage {at}"), "share": share });
            host.insert("payments", stage).unwrap();
        }
        let editor = host.get(&format!("/revisions/{}/totals", begun.revision), &[]).unwrap().json().clone();
        begun.issued(&mut host);
        host.run_jobs().unwrap();

        // The record, which lists and files tell.
        let record = |name: &str| minor(&host, begun.revision, name);
        let (subtotal, net, tax, total) = (record("subtotal"), record("net"), record("tax"), record("total"));
        prop_assert_eq!(host.fields("estimates", begun.estimate).unwrap().money("total").unwrap().minor, total);
        if step > 0 {
            prop_assert_eq!(total % step, 0);
        }

        // The editor before, and the document after.
        let document = host.get(&format!("/revisions/{}/document", begun.revision), &[]).unwrap().json().clone();
        for told in [&editor, &document] {
            prop_assert_eq!(named(&told["totals"], "net"), net);
            prop_assert_eq!(named(&told["totals"], "tax"), tax);
            prop_assert_eq!(named(&told["totals"], "total"), total);
            prop_assert_eq!(net + tax + named(&told["totals"], "rounding"), total, "{}", told);
            if told["payments"] != json!([]) {
                prop_assert_eq!(named(&told["payments"], "payment"), total);
            }
        }

        // The paper, and the page, whose figures are texts.
        let paper: Json = serde_json::from_str(&host.documents().last().unwrap().data).unwrap();
        let home = host.caller.currency;
        let revision = begun.revision;
        let page = host.run(|| Ok::<_, Fault>(Offer::of(&sealed(revision)?, "Q-0001", None, home)?.sheet(&[], None, &[]))).unwrap();
        prop_assert_eq!(minor_of(&paper["total"]["amount"]), total);
        prop_assert_eq!(minor_of(&page["totals"][0]["value"]), total);
        let below: Vec<(&Json, &Json)> =
            paper["totals"].as_array().unwrap().iter().map(|it| (&it["title"], &it["amount"])).collect();
        let shown: Vec<(&Json, &Json)> =
            page["totals"].as_array().unwrap().iter().skip(1).map(|it| (&it["name"], &it["value"])).collect();
        prop_assert_eq!(below, shown);
        let mut sections = 0;
        for section in paper["sections"].as_array().unwrap() {
            sections += minor_of(&section["total"]);
            let rows = section["rows"].as_array().unwrap();
            for row in rows {
                let exact = fine_of(&row["quantity"]) * fine_of(&row["price"]);
                let unit = 10_i128.pow(8 - digits);
                prop_assert_eq!((exact + unit / 2) / unit, i128::from(minor_of(&row["amount"])), "{}", row);
            }
            if !rows.is_empty() {
                let sum: i64 = rows.iter().map(|row| minor_of(&row["amount"])).sum();
                prop_assert_eq!(sum, minor_of(&section["total"]));
            }
        }
        prop_assert_eq!(sections, subtotal);
        let due: Vec<i64> = paper["payments"].as_array().unwrap().iter().map(|it| minor_of(&it["amount"])).collect();
        prop_assert!(due.is_empty() || due.iter().sum::<i64>() == total);
    }
}
