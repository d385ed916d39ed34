//! Items, assemblies, and taking them.

use super::*;
use proptest::prelude::{ProptestConfig, prop, prop_assert, prop_assert_eq, proptest};

fn item(host: &mut Host, name: &str, fields: Json) -> Id {
    let mut item = json!({ "name": name, "rate": 5000 });
    item.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    host.insert("catalog-items", item).unwrap()
}

fn assembly(host: &mut Host, name: &str, minutes: i64) -> Id {
    host.insert("assemblies", json!({ "name": name, "labour_minutes": minutes })).unwrap()
}

fn holds(host: &mut Host, assembly: Id, what: &str, of: Id, quantity: &str) -> Result<Id, Fault> {
    host.insert("assembly-items", json!({ "name": "Part", "assembly": assembly, what: of, "quantity": quantity }))
}

#[test]
fn an_item_is_taken_with_its_waste_price_and_labour() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let board =
        item(&mut host, "Oak board", json!({ "cost": "100", "waste": 1000, "unit": "m²", "labour_minutes": 30 }));
    let answer = host
        .post(&format!("/sections/{}/take", kitchen.section), &json!({ "item": board, "quantity": "2.5" }))
        .unwrap();
    let line = &answer.json()["data"][0];
    assert_eq!((&line["description"], &line["unit_price"]), (&json!("Oak board"), &json!("165.0000")));
    assert_eq!((minor(&host, kitchen.revision, "net"), minor(&host, kitchen.revision, "cost")), (41_250, 27_500));
    assert_eq!(host.fields("revisions", kitchen.revision).unwrap().integer("labour_minutes"), Some(75));
}

#[test]
fn an_assembly_is_taken_whole_or_in_parts_with_those_within_it() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let board = item(&mut host, "Board", json!({ "cost": "10" }));
    let hinge = item(&mut host, "Hinge", json!({ "cost": "3" }));
    let door = assembly(&mut host, "Door", 20);
    holds(&mut host, door, "item", board, "2").unwrap();
    holds(&mut host, door, "item", hinge, "3").unwrap();
    let cabinet = assembly(&mut host, "Cabinet", 60);
    holds(&mut host, cabinet, "nested", door, "2").unwrap();
    holds(&mut host, cabinet, "item", board, "4").unwrap();
    let path = format!("/sections/{}/take", kitchen.section);
    let whole = host.post(&path, &json!({ "assembly": cabinet, "quantity": "2" })).unwrap();
    assert_eq!(whole.json()["data"].as_array().unwrap().len(), 1);
    // Eight boards and six hinges are 98 of cost, sold for 147; with two doors it takes 100 minutes.
    assert_eq!((minor(&host, kitchen.revision, "net"), minor(&host, kitchen.revision, "cost")), (29_400, 19_600));
    assert_eq!(host.fields("revisions", kitchen.revision).unwrap().integer("labour_minutes"), Some(200));
    let parts = host.post(&path, &json!({ "assembly": cabinet, "parts": true })).unwrap();
    assert_eq!(parts.json()["data"].as_array().unwrap().len(), 4, "three items, and the labour of putting it together");
    assert_eq!(minor(&host, kitchen.revision, "net"), 44_100);
    assert_eq!(host.fields("revisions", kitchen.revision).unwrap().integer("labour_minutes"), Some(300));
}

#[test]
fn an_item_says_how_it_is_priced_or_not_at_all() {
    let mut host = host();
    let dear = json!({ "name": "Tap", "cost": "10", "pricing": "margin", "rate": 10_000 });
    assert_eq!(codes(&host.insert("catalog-items", dear).unwrap_err()), [("/rate", "check")]);
    let fixed = json!({ "name": "Tap", "cost": "10", "pricing": "fixed" });
    assert_eq!(codes(&host.insert("catalog-items", fixed).unwrap_err()), [("/price", "check")]);
    let tap = item(&mut host, "Tap", json!({ "cost": "10", "pricing": "margin", "rate": 9_999 }));
    host.update("catalog-items", tap, json!({ "pricing": "markup", "rate": 20_000 })).unwrap();
    host.update("catalog-items", tap, json!({ "pricing": "fixed", "price": "14" })).unwrap();
}

#[test]
fn no_assembly_holds_itself() {
    let mut host = host();
    let (one, two) = (assembly(&mut host, "One", 0), assembly(&mut host, "Two", 0));
    assert_eq!(codes(&holds(&mut host, one, "nested", one, "1").unwrap_err()), [("/nested", "cycle")]);
    holds(&mut host, one, "nested", two, "1").unwrap();
    assert_eq!(codes(&holds(&mut host, two, "nested", one, "1").unwrap_err()), [("/nested", "cycle")]);
    let both = host.insert("assembly-items", json!({ "name": "Part", "assembly": one, "quantity": "1" })).unwrap_err();
    assert_eq!(codes(&both), [("/item", "either")]);
}

#[test]
fn costs_change_across_the_catalogue_after_a_look_at_what_would_change() {
    let mut host = host();
    let board = item(&mut host, "Board", json!({ "cost": "96.40", "supplier": "Wilbur" }));
    let hinge = item(&mut host, "Hinge", json!({ "cost": "3.00", "supplier": "Blum" }));
    let cost = |host: &Host, id| host.fields("catalog-items", id).unwrap().decimal("cost").unwrap().to_string();
    let looked =
        host.post("/catalog/reprice", &json!({ "change": 350, "supplier": "Wilbur", "preview": true })).unwrap();
    assert_eq!(looked.json()["items"][0]["after"], "99.7740");
    assert_eq!(cost(&host, board), "96.4000");
    host.post("/catalog/reprice", &json!({ "change": 350, "supplier": "Wilbur" })).unwrap();
    assert_eq!((cost(&host, board), cost(&host, hinge)), ("99.7740".to_owned(), "3.0000".to_owned()));
}

fn taken(host: &mut Host, section: Id, body: &Json) -> String {
    let answer = host.post(&format!("/sections/{section}/take"), body).unwrap();
    let line = id(&answer.json()["data"][0]["id"]);
    host.fields("lines", line).unwrap().decimal("unit_cost").unwrap().to_string()
}

#[test]
fn a_price_holds_from_its_day_on() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let board = item(&mut host, "Board", json!({ "cost": "100" }));
    let door = assembly(&mut host, "Door", 0);
    holds(&mut host, door, "item", board, "2").unwrap();
    for (from, cost) in [("2026-12-01", "120"), ("2027-01-01", "90")] {
        host.insert("catalog-prices", json!({ "item": board, "valid_from": from, "cost": cost })).unwrap();
    }
    let twice = json!({ "item": board, "valid_from": "2026-12-01", "cost": "1" });
    assert_eq!(host.insert("catalog-prices", twice).unwrap_err().code, ErrorCode::Conflict);
    let before = json!({ "item": board, "valid_from": "2026-11-23", "cost": "1" });
    assert_eq!(codes(&host.insert("catalog-prices", before).unwrap_err()), [("/valid_from", "order")]);
    let nothing = json!({ "item": board, "valid_from": "2028-01-01" });
    assert_eq!(codes(&host.insert("catalog-prices", nothing).unwrap_err()), [("/cost", "required")]);
    let (item, whole) = (json!({ "item": board }), json!({ "assembly": door }));
    let on = |host: &mut Host, day: &str| {
        host.caller.now = format!("{day}T01:00:00Z").parse().unwrap();
        (taken(host, kitchen.section, &item), taken(host, kitchen.section, &whole))
    };
    let told = |each: &str, both: &str| (each.to_owned(), both.to_owned());
    assert_eq!(on(&mut host, "2026-11-30"), told("100.0000", "200.0000"));
    assert_eq!(on(&mut host, "2026-12-01"), told("120.0000", "240.0000"));
    // The item itself says so once the night has been.
    assert_eq!(host.fields("catalog-items", board).unwrap().decimal("cost").unwrap().to_string(), "100.0000");
    host.run_job("prices", &json!({ "due": "2026-12-01T00:05:00Z" })).unwrap();
    let known = host.fields("catalog-items", board).unwrap();
    assert_eq!(known.decimal("cost").unwrap().to_string(), "120.0000");
    assert_eq!(known.date("valid_from").unwrap().to_string(), "2026-12-01");
    // What is typed later counts from its own day.
    host.update("catalog-items", board, json!({ "cost": "130", "valid_from": "2026-12-15" })).unwrap();
    assert_eq!(on(&mut host, "2026-12-31"), told("130.0000", "260.0000"));
    assert_eq!(on(&mut host, "2027-01-02"), told("90.0000", "180.0000"));
}

#[test]
fn costs_are_changed_from_a_day_on_and_shown_before() {
    let mut host = host();
    let board = item(&mut host, "Board", json!({ "cost": "100", "supplier": "Wilbur" }));
    item(&mut host, "Hinge", json!({ "cost": "3", "supplier": "Blum" }));
    let shown = host.get("/catalog/repriced", &[("change", "350"), ("supplier", "Wilbur")]).unwrap();
    let rows = shown.json()["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["name"], &rows[0]["after"]), (1, &json!("Board"), &json!("103.5000")));
    let later = json!({ "change": 350, "supplier": "Wilbur", "from": "2027-01-01" });
    host.post("/catalog/reprice", &later).unwrap();
    let cost = |host: &Host| host.fields("catalog-items", board).unwrap().decimal("cost").unwrap().to_string();
    assert_eq!((cost(&host), host.count("catalog-prices", all([]))), ("100.0000".to_owned(), Ok(1)));
    // Asked for again, it is changed from what it is to be on that day.
    host.post("/catalog/reprice", &later).unwrap();
    let price = host.find(select("catalog-prices").columns(["cost", "name"])).unwrap();
    let price = price.records().next().unwrap().to_fields();
    assert_eq!(price.decimal("cost").unwrap().to_string(), "107.1225");
    assert_eq!(price.text("name"), Some("Board, from 2027-01-01"));
    host.caller.permissions.retain(|held| held != "estimates.see-costs");
    assert_eq!(host.post("/catalog/reprice", &later).unwrap_err().code, ErrorCode::Denied);
    assert_eq!(host.get("/catalog/repriced", &[("change", "350")]).unwrap_err().code, ErrorCode::Denied);
}

#[test]
fn what_would_change_is_reckoned_by_the_prices_of_the_day_that_is_asked_for() {
    let mut host = host();
    let board = item(&mut host, "Board", json!({ "cost": "100", "valid_from": "2026-11-01" }));
    for (from, cost) in [("2026-12-01", "120"), ("2027-01-01", "90")] {
        host.insert("catalog-prices", json!({ "item": board, "valid_from": from, "cost": cost })).unwrap();
    }
    let days =
        [("2026-11-01", "100.0000"), ("2026-11-30", "100.0000"), ("2026-12-01", "120.0000"), ("2027-02-01", "90.0000")];
    for (from, before) in days {
        let after =
            crate::pricing::with_waste(crate::pricing::Fine::of_decimal(before.parse().unwrap()).unwrap(), 1_000);
        let after = after.unwrap().decimal().to_string();
        let shown = host.get("/catalog/repriced", &[("change", "1000"), ("from", from)]).unwrap().json().clone();
        let row = &shown["rows"][0];
        assert_eq!((&row["before"], &row["after"]), (&json!(before), &json!(after)), "from {from}");
        // What is shown is what comes of it.
        let made = host.post("/catalog/reprice", &json!({ "change": 1000, "from": from, "preview": true })).unwrap();
        let made = &made.json()["items"][0];
        assert_eq!((&made["before"], &made["after"]), (&row["before"], &row["after"]), "from {from}");
    }
    let fault = host.get("/catalog/repriced", &[("change", "1000"), ("from", "soon")]).unwrap_err();
    assert_eq!(codes(&fault), [("/from", "type")]);
}

#[test]
fn an_allowance_of_the_catalogue_says_which_and_so_does_the_option_that_it_becomes() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let path = format!("/sections/{}/take", kitchen.section);
    let take = |host: &mut Host, name: &str, more: Json| {
        let item = item(host, name, more);
        let line = id(&host.post(&path, &json!({ "item": item })).unwrap().json()["data"][0]["id"]);
        host.update("lines", line, json!({ "mode": "optional" })).unwrap();
        host.fields("lines", line).unwrap().text("allowance").unwrap().to_owned()
    };
    let taps = json!({ "cost": "400", "kind": "allowance" });
    let ground = json!({ "cost": "900", "kind": "allowance", "allowance": "provisional-sum" });
    assert_eq!(take(&mut host, "Taps", taps), "prime-cost");
    assert_eq!(take(&mut host, "Excavation", ground), "provisional-sum");
    assert_eq!(take(&mut host, "Board", json!({ "cost": "10" })), "none");
    kitchen.issued(&mut host);
    let sheet = host.get(&format!("/revisions/{}/client", kitchen.revision), &[]).unwrap();
    let titles: Vec<&str> =
        sheet.json()["choices"].as_array().unwrap().iter().map(|it| it["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Taps (prime cost allowance)", "Excavation (provisional sum)", "Board"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// What an item costs on a day is what it was last given for that day or one before, whatever the order in which prices
    /// were typed, and whether the night has taken them over or not.
    #[test]
    fn an_item_costs_what_it_was_last_given_by_that_day(
        prices in prop::collection::btree_map(1..60_i32, 1..100_000_i64, 0..6), days in prop::collection::vec(0..70_i32, 1..5),
        backwards in proptest::prelude::any::<bool>(), night in 0..70_i32,
    ) {
        let mut host = host();
        let begun = begin(&mut host, "Kitchen");
        let first: Date = "2026-11-23".parse().unwrap();
        let board = item(&mut host, "Board", json!({ "cost": "1", "valid_from": first.to_string() }));
        let mut typed: Vec<(i32, i64)> = prices.iter().map(|(day, cost)| (*day, *cost)).collect();
        if backwards {
            typed.reverse();
        }
        for (day, cost) in typed {
            let price = json!({
                "item": board, "valid_from": first.plus_days(day).unwrap().to_string(), "cost": Decimal::new(cost, 4).to_string(),
            });
            host.insert("catalog-prices", price).unwrap();
        }
        let mut days = days;
        days.sort_unstable();
        for day in days {
            host.caller.now = format!("{}T01:00:00Z", first.plus_days(day).unwrap()).parse().unwrap();
            if night <= day {
                host.run_job("prices", &json!({ "due": "2026-12-01T00:05:00Z" })).unwrap();
            }
            let expected = prices.range(..=day).next_back().map_or(Decimal::ONE, |(_, cost)| Decimal::new(*cost, 4));
            let cost: Decimal = taken(&mut host, begun.section, &json!({ "item": board })).parse().unwrap();
            prop_assert_eq!(cost, expected);
        }
    }

    /// An assembly is put into another exactly where that does not lead back to it.
    #[test]
    fn assemblies_are_nested_exactly_where_none_would_hold_itself(
        pairs in prop::collection::vec((0..6_usize, 0..6_usize), 1..20),
    ) {
        let mut host = host();
        let all: Vec<Id> = (0..6).map(|number| assembly(&mut host, &format!("A{number}"), 0)).collect();
        let mut within = [[false; 6]; 6];
        for (outer, inner) in pairs {
            let done = holds(&mut host, all[outer], "nested", all[inner], "1");
            let circle = outer == inner || within[inner][outer];
            prop_assert_eq!(done.is_err(), circle, "{} in {}: {:?}", inner, outer, done);
            if let Err(fault) = done {
                prop_assert!(codes(&fault).iter().all(|(path, code)| (*path, *code) == ("/nested", "cycle")));
                continue;
            }
            // Whatever holds the outer one holds what the inner one holds.
            let holding: Vec<usize> = (0..6).filter(|it| *it == outer || within[*it][outer]).collect();
            let held: Vec<usize> = (0..6).filter(|it| *it == inner || within[inner][*it]).collect();
            for (above, below) in holding.iter().flat_map(|above| held.iter().map(move |below| (*above, *below))) {
                within[above][below] = true;
            }
        }
    }
}
