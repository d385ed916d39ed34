//! Items, assemblies, and taking them.

use super::*;

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
    assert_eq!(parts.json()["data"].as_array().unwrap().len(), 3);
    assert_eq!(minor(&host, kitchen.revision, "net"), 44_100);
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
