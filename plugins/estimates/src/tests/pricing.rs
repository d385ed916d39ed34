//! Lines and what a revision comes to.

use super::*;

#[test]
fn margin_is_not_markup() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let margin = kitchen.line(&mut host, json!({ "unit_cost": "1000.00", "pricing": "margin", "rate": 2000 })).unwrap();
    let markup = kitchen.line(&mut host, json!({ "unit_cost": "1000.00", "pricing": "markup", "rate": 2000 })).unwrap();
    let price = |host: &Host, line| host.fields("lines", line).unwrap().money("amount").unwrap().minor;
    assert_eq!((price(&host, margin), price(&host, markup)), (125_000, 120_000));
    assert_eq!((minor(&host, kitchen.revision, "net"), minor(&host, kitchen.revision, "tax")), (245_000, 24_500));
    assert_eq!(minor(&host, kitchen.revision, "cost"), 200_000);
    assert_eq!(host.fields("revisions", kitchen.revision).unwrap().integer("margin"), Some(1837));
    assert_eq!(host.fields("estimates", kitchen.estimate).unwrap().money("total").unwrap().minor, 269_500);
}

#[test]
fn quantities_are_exact_and_not_only_whole() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let line = kitchen.priced(&mut host, "330.40", json!({ "quantity": "11.4", "unit": "m²" }));
    assert_eq!(host.fields("lines", line).unwrap().money("amount").unwrap().minor, 376_656);
    let fine = kitchen.priced(&mut host, "0.0450", json!({ "quantity": "0.3333" }));
    assert_eq!(host.fields("lines", fine).unwrap().money("amount").unwrap().minor, 1);
}

#[test]
fn totals_follow_every_change_of_a_line() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let cut = kitchen.priced(&mut host, "100", json!({ "quantity": "2" }));
    kitchen.priced(&mut host, "50", json!({}));
    assert_eq!(minor(&host, kitchen.revision, "net"), 25_000);
    host.update("lines", cut, json!({ "quantity": "3" })).unwrap();
    assert_eq!(minor(&host, kitchen.revision, "net"), 35_000);
    host.remove("lines", cut).unwrap();
    assert_eq!(minor(&host, kitchen.revision, "net"), 5_000);
    host.restore("lines", cut).unwrap();
    assert_eq!(minor(&host, kitchen.revision, "net"), 35_000);
    host.update(
        "revisions",
        kitchen.revision,
        json!({ "discount_rate": 1000, "round_to": { "minor": 1000, "currency": "AUD" } }),
    )
    .unwrap();
    assert_eq!((minor(&host, kitchen.revision, "net"), minor(&host, kitchen.revision, "total")), (31_500, 35_000));
}

#[test]
fn several_lines_at_once_and_a_change_of_their_revision_are_one_sheet() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let (one, two) = (host.new_id(), host.new_id());
    let line = |id, price: &str| {
        let price: Decimal = price.parse().unwrap();
        insert("lines", id)
            .set("revision", kitchen.revision)
            .set("section", kitchen.section)
            .set("description", "Door")
            .set("pricing", "fixed")
            .set("unit_price", price)
    };
    host.batch([
        line(one, "10.00"),
        line(two, "20.00"),
        update("revisions", kitchen.revision).set("discount_rate", 5000),
    ])
    .unwrap();
    assert_eq!(minor(&host, kitchen.revision, "net"), 1_500);
    let place = |id| host.fields("lines", id).unwrap().integer("position").unwrap();
    assert_eq!((place(one), place(two)), (10, 20));
}

#[test]
fn an_option_counts_where_it_is_ticked_and_of_a_choice_one() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "100", json!({}));
    kitchen.priced(&mut host, "7", json!({ "mode": "optional" }));
    kitchen.priced(&mut host, "5", json!({ "mode": "optional", "ticked": true }));
    kitchen.priced(&mut host, "40", json!({ "mode": "choice", "choice_group": "Benchtop" }));
    kitchen.priced(&mut host, "30", json!({ "mode": "choice", "choice_group": "Benchtop" }));
    assert_eq!(minor(&host, kitchen.revision, "net"), 14_500);
    let fault = kitchen.line(&mut host, json!({ "mode": "choice" })).unwrap_err();
    assert_eq!(codes(&fault), [("/choice_group", "required")]);
}

#[test]
fn every_fault_of_a_line_is_told_at_its_field() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let other = begin(&mut host, "Bath");
    let fault = kitchen
        .line(&mut host, json!({ "section": other.section, "pricing": "margin", "rate": 10_000, "unit_cost": "1" }))
        .unwrap_err();
    assert_eq!(codes(&fault), [("/section", "foreign"), ("/rate", "margin")]);
}

#[test]
fn a_total_is_set_and_kept() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let cut = kitchen.priced(&mut host, "100", json!({ "quantity": "10" }));
    let sink = kitchen.priced(&mut host, "500", json!({ "kind": "allowance", "allowance": "prime-cost" }));
    host.post(&format!("/revisions/{}/set-total", kitchen.revision), &json!({ "total": 175_000 })).unwrap();
    assert_eq!(minor(&host, kitchen.revision, "total"), 175_000);
    let price = |host: &Host, line| host.fields("lines", line).unwrap().decimal("unit_price").unwrap().to_string();
    assert_eq!((price(&host, cut), price(&host, sink)), ("109.0900".to_owned(), "500.0000".to_owned()));
    host.post(&format!("/revisions/{}/set-total", kitchen.revision), &json!({ "total": 170_000, "spread": false }))
        .unwrap();
    assert_eq!(minor(&host, kitchen.revision, "total"), 170_000);
    assert_eq!(price(&host, cut), "109.0900");
}

#[test]
fn the_panel_is_for_those_who_see_costs() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen
        .line(&mut host, json!({ "unit_cost": "60", "pricing": "margin", "rate": 4000, "kind": "labour", "unit": "h" }))
        .unwrap();
    let path = format!("/revisions/{}/totals", kitchen.revision);
    let seen = host.get(&path, &[]).unwrap().json().clone();
    assert_eq!(seen["panel"]["figures"][0]["percent"], 4000);
    assert_eq!(seen["panel"]["figures"][3]["minutes"], 60, "an hour is sixty minutes, whoever forgets to say so");
    assert_eq!(seen["panel"]["rows"][0]["title"], "Labour");
    assert_eq!(seen["totals"][0], json!({ "name": "net", "title": "Before tax", "minor": 10_000 }));
    assert_eq!(seen["totals"][1], json!({ "name": "tax", "title": "GST 10 %", "minor": 1_000 }));
    assert_eq!(seen["payments"][0], json!({ "name": "payment", "title": "Deposit", "minor": 1_100 }));
    host.caller.permissions.retain(|held| held != "estimates.see-costs");
    assert_eq!(host.get(&path, &[]).unwrap().json()["panel"], Json::Null);
}

#[test]
fn a_currency_without_cents_and_one_with_mills_add_up() {
    for (currency, amount, total) in [("JPY", 97, 107), ("KWD", 96_667, 106_334)] {
        let mut host = host();
        let kitchen = begin(&mut host, "Kitchen");
        host.remove("revisions", kitchen.revision).unwrap();
        let estimate =
            host.insert("estimates", json!({ "title": "Stall", "currency": currency.to_lowercase() })).unwrap();
        let revision = host.insert("revisions", json!({ "estimate": estimate })).unwrap();
        let section = host.insert("sections", json!({ "revision": revision, "title": "All" })).unwrap();
        let line = json!({ "revision": revision, "section": section, "description": "Shelf", "unit_cost": "58", "pricing": "margin", "rate": 4000 });
        let line = host.insert("lines", line).unwrap();
        let kept = host.fields("lines", line).unwrap().money("amount").unwrap();
        assert_eq!((kept.minor, kept.currency.as_str()), (amount, currency));
        assert_eq!(minor(&host, revision, "total"), total);
    }
}

#[test]
fn a_price_that_is_typed_over_is_fixed_from_then_on() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let line = kitchen.line(&mut host, json!({ "unit_cost": "100", "rate": 2000 })).unwrap();
    host.update("lines", line, json!({ "unit_price": "130" })).unwrap();
    host.update("lines", line, json!({ "unit_cost": "90" })).unwrap();
    let kept = host.fields("lines", line).unwrap();
    assert_eq!((kept.text("pricing"), kept.money("amount").unwrap().minor), (Some("fixed"), 13_000));
    host.update("lines", line, json!({ "pricing": "markup" })).unwrap();
    assert_eq!(minor(&host, kitchen.revision, "net"), 10_800);
}

#[test]
fn a_deposit_above_what_the_law_of_many_places_allows_is_warned_of_and_stands() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "100", json!({}));
    let notes = |host: &mut Host| {
        let told = host.get(&format!("/revisions/{}/totals", kitchen.revision), &[]).unwrap();
        told.json()["notes"].as_array().unwrap().len()
    };
    assert_eq!(notes(&mut host), 0, "10 % is what is settled");
    host.update("revisions", kitchen.revision, json!({ "deposit": 1_001 })).unwrap();
    assert_eq!(notes(&mut host), 1);
    host.fill_in("deposit_warning", 2_500);
    assert_eq!(notes(&mut host), 0);
    kitchen.issued(&mut host);
}

#[test]
fn a_quote_that_asks_for_no_tax_says_so_before_it_is_issued() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let notes = |host: &mut Host| {
        let path = format!("/revisions/{}/totals", kitchen.revision);
        host.get(&path, &[]).unwrap().json()["notes"].as_array().unwrap().len()
    };
    assert_eq!(notes(&mut host), 0, "there is nothing to be taxed yet");
    kitchen.priced(&mut host, "1000", json!({}));
    assert_eq!(notes(&mut host), 0, "GST is the standard one");
    let page = host.find(select("tax-codes").columns(["id"])).unwrap();
    let gst = page.records().next().unwrap().reference("id").unwrap();
    host.update("tax-codes", gst, json!({ "standard": false })).unwrap();
    assert_eq!(notes(&mut host), 1);
    host.insert("tax-codes", json!({ "name": "No tax", "rate": 0, "standard": true })).unwrap();
    assert_eq!(notes(&mut host), 0, "that none is charged was said");
}

#[test]
fn what_comes_to_nothing_is_said_and_what_is_paid_back_asks_for_no_deposit() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.line(&mut host, json!({ "description": "Handles", "unit_cost": "0" })).unwrap();
    let path = format!("/revisions/{}/totals", kitchen.revision);
    let notes = |host: &mut Host| host.get(&path, &[]).unwrap().json()["notes"].clone();
    let nothing = "“Handles” comes to nothing: see that its price and quantity are meant so.";
    assert_eq!(notes(&mut host), json!([nothing]));
    kitchen.priced(&mut host, "-50", json!({}));
    host.update("revisions", kitchen.revision, json!({ "deposit": 5_000 })).unwrap();
    assert_eq!(host.get(&path, &[]).unwrap().json()["payments"], json!([]));
    assert_eq!(notes(&mut host), json!([nothing]), "no deposit is asked for");
    kitchen.priced(&mut host, "100", json!({}));
    assert_eq!(host.get(&path, &[]).unwrap().json()["payments"][0]["minor"], 2_750);
}
