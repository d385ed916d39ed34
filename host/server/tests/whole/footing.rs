//! One document, looked at through every door: API, editor, lists as CSV and XLSX, the client's page, and the text of its
//! PDF tell the same figures, in currencies of no, two and three digits. That whatever a document is made of foots is held
//! by the plugin's own property test; here it is that what people are given is what was worked out.

use crate::estimates::desk;
use crate::reports::{csv_rows, place, sheet_rows};
use calamine::Data;
use lignaflow_testkit::{Client, Database, Method, on_one, pdf};
use serde_json::{Value as Json, json};

// What is told does not lie in the database, and documents take their time.
on_one!(every_door_tells_the_same_figures_in_currencies_of_no_two_and_three_digits);

const LINES: &str = "estimates/lines";
const REVISIONS: &str = "estimates/revisions";

async fn bytes(client: &Client, path: &str, accept: &str) -> Vec<u8> {
    let answered = async {
        loop {
            let response = client.request(Method::GET, path).header("Accept", accept).send().await.unwrap();
            if response.status() != 503 {
                assert_eq!(response.status(), 200, "{path}");
                return response.bytes().await.unwrap().to_vec();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), answered).await.unwrap()
}

/// An amount as people read it, without what tells its currency apart.
fn spelled(minor: i64, digits: u32) -> String {
    let unit = 10_i64.pow(digits);
    let whole = (minor.abs() / unit).to_string();
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let width = usize::try_from(digits).unwrap();
    let rest = if digits == 0 { String::new() } else { format!(".{:0width$}", minor.abs() % unit) };
    format!("{grouped}{rest}")
}

/// The minor units of a figure in a file.
fn minor_of(text: &str, digits: u32) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let width = usize::try_from(digits).unwrap();
    assert!(part.len() <= width, "{text}");
    format!("{whole}{part:0<width$}").parse().unwrap()
}

async fn every_door_tells_the_same_figures_in_currencies_of_no_two_and_three_digits(database: Database) {
    let desk = desk(&database).await;
    let org = &desk.org;
    for (currency, digits, by_line) in [("JPY", 0, false), ("AUD", 2, true), ("KWD", 3, true)] {
        let client = json!({ "name": format!("Client in {currency}"), "currency": currency });
        let client = org.make("projects/clients", client).await;
        let begun =
            org.post("estimates/begin", json!({ "title": format!("In {currency}"), "client": client })).await.is(201);
        let revision = begun.id();
        let section =
            org.get(&format!("estimates/sections?filter[revision]={revision}")).await.is(200).column("id").remove(0);
        for (name, more) in [
            ("Markup", json!({ "unit_cost": "1234.5678", "pricing": "markup", "rate": 3_333, "quantity": "7" })),
            (
                "Margin",
                json!({ "unit_cost": "58", "pricing": "margin", "rate": 4_000, "quantity": "38.25", "kind": "labour" }),
            ),
            ("Fixed", json!({ "pricing": "fixed", "unit_price": "99.9", "quantity": "3" })),
            ("Allowed", json!({ "pricing": "fixed", "unit_price": "450", "allowance": "provisional-sum" })),
            ("Lamp", json!({ "pricing": "fixed", "unit_price": "19.5", "mode": "optional", "ticked": true })),
            ("Shelf", json!({ "pricing": "fixed", "unit_price": "77", "mode": "optional" })),
            (
                "Oak",
                json!({ "pricing": "fixed", "unit_price": "210", "mode": "choice", "choice_group": "Top", "ticked": true }),
            ),
            ("Stone", json!({ "pricing": "fixed", "unit_price": "400", "mode": "choice", "choice_group": "Top" })),
        ] {
            let mut line = json!({ "revision": revision, "section": section, "description": name });
            line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let _ = org.make(LINES, line).await;
        }
        let settled =
            json!({ "tax_mode": if by_line { "line" } else { "document" }, "discount_rate": 250, "deposit": 1_000 });
        let path = format!("{REVISIONS}/{revision}");
        let _ = org.patch(&path, "*", settled).await.is(200);
        let editor = org.get(&format!("{path}/totals")).await.is(200).json;
        let _ = org.act(&format!("{path}/issue")).await.is(200);

        // The record, and the editor before it was issued.
        let record = org.get(&path).await.is(200).json;
        let of = |name: &str| record[name]["minor"].as_i64().unwrap();
        let (net, tax, total) = (of("net"), of("tax"), of("total"));
        let named = |told: &Json, name: &str| -> i64 {
            let rows = told.as_array().unwrap().iter().filter(|row| row["name"] == name);
            rows.map(|row| row["minor"].as_i64().unwrap()).sum()
        };
        let document = org.get(&format!("{path}/document")).await.is(200).json;
        for told in [&editor, &document] {
            let figures = ["net", "tax", "total"].map(|name| named(&told["totals"], name));
            assert_eq!(figures, [net, tax, total], "{currency}: {told}");
        }

        // Lists as files.
        let query = format!("{REVISIONS}?filter[id]={revision}&fields=net,tax,total");
        let rows = csv_rows(&bytes(org, &query, "text/csv").await);
        let cells =
            sheet_rows(bytes(org, &query, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet").await);
        for (name, minor) in [("net", net), ("tax", tax), ("total", total)] {
            let at = place(&rows[0], name);
            assert_eq!(minor_of(&rows[1][at], digits), minor, "{currency}: {name} of {:?}", rows[1]);
            let Data::Float(number) = &cells[1][at] else { panic!("{:?}", cells[1]) };
            let shown = format!("{number:.*}", usize::try_from(digits).unwrap());
            assert_eq!(minor_of(&shown, digits), minor, "{currency}: {name} of {:?}", cells[1]);
        }

        // The client's page as staff see it, and the paper, as words.
        let sheet = org.get(&format!("{path}/client")).await.is(200).json;
        let page = sheet.to_string();
        let documents = format!("estimates/documents?filter[revision]={revision}");
        let made = |all: &[Json]| all.iter().all(|it| !it["pdf"].is_null());
        let kept = crate::jobs::until(org, &documents, made).await;
        let file = kept[0]["pdf"].as_str().unwrap().to_owned();
        let paper = pdf::text(&bytes(org, &format!("media/{file}/content"), "*/*").await);
        let lines = org.get(&format!("{LINES}?filter[revision]={revision}&sort=position")).await.is(200);
        let counted = |line: &&Json| line["mode"] == "included" || line["ticked"] == true;
        let amounts = lines.data().iter().filter(counted).map(|line| line["amount"]["minor"].as_i64().unwrap());
        let payments = document["payments"].as_array().unwrap().iter().map(|it| it["minor"].as_i64().unwrap());
        let figures: Vec<i64> = amounts.chain(payments).chain([net, tax, total]).collect();
        assert_eq!(figures.iter().take(figures.len() - 5).sum::<i64>(), of("subtotal"), "{currency}: {}", lines.text);
        for minor in figures {
            let text = spelled(minor, digits);
            assert!(page.contains(&text), "{currency}: {text} on the page: {page}");
            assert!(paper.contains(&text), "{currency}: {text} on the paper: {paper}");
        }
        assert!(paper.contains("Total including GST") && paper.contains("provisional sum"), "{paper}");
    }
}
