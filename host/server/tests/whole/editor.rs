//! The block in which lines are written, on the estimates that it was made for: as plain forms, and in a browser.

use crate::estimates::{Begun, Desk, REVISIONS, desk};
use lignaflow_testkit::driver::Browser;
use lignaflow_testkit::{Database, Page, Visitor, on_both, on_one};
use serde_json::json;

on_both!(lines_are_written_row_by_row_without_script, what_is_locked_or_not_allowed_has_no_form);
on_one!(an_estimator_writes_an_estimate_in_a_browser);

const LINES: &str = "estimates/lines";

fn page_of(begun: &Begun) -> String {
    format!("/estimates/-/editor/{}", begun.revision)
}

/// Posts what a form of the editor posts, and opens what it leads to.
async fn sent(visitor: &Visitor, begun: &Begun, fields: &[(&str, &str)]) -> Page {
    let answer = visitor.post(&page_of(begun), fields).await.is(303);
    visitor.follow(&answer).await.is(200)
}

async fn described(desk: &Desk) -> Vec<String> {
    desk.org.get(&format!("{LINES}?sort=position")).await.is(200).column("description")
}

async fn lines_are_written_row_by_row_without_script(database: Database) {
    let desk = desk(&database).await;
    let visitor = desk.server.signed_in(&desk.org).await;
    let kitchen = desk.begin("Kitchen").await;
    let section = kitchen.section.as_str();
    visitor.get(&page_of(&kitchen)).await.is(200).shows("Kitchen · A").shows("General").hides("is-out");

    // A new line, with a sum for its quantity.
    let add = [("~section", section), ("~do", "add"), ("description", "Doors"), ("quantity", "2.4*3")];
    sent(&visitor, &kitchen, &add).await.shows("value=\"7.2\"");
    let doors = desk.org.get(LINES).await.data()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.org.get(LINES).await.data()[0]["quantity"], "7.2000");

    // Only what differs from what was shown is written.
    let was = json!({ "description": "Doors", "unit_cost": "", "rate": "", "pricing": "markup" }).to_string();
    let save = [
        ("~line", doors.as_str()),
        ("~do", "save"),
        ("~was", was.as_str()),
        ("description", "Doors"),
        ("unit_cost", "100"),
        ("pricing", "margin"),
        ("rate", "20"),
    ];
    sent(&visitor, &kitchen, &save).await.shows("$990.00").shows("125");
    let wrong = [("~line", doors.as_str()), ("~do", "save"), ("~was", "{}"), ("quantity", "2**3"), ("rate", "100")];
    visitor.post(&page_of(&kitchen), &wrong).await.is(422).shows("value=\"2**3\"").shows("is not a sum");

    // Rows of a spreadsheet, with its head.
    let rows = "Description\tQty\tUnit\tCost\nHinges\t12\tea\t3.50\nRunners\t4\tpair\t22\n";
    let paste = [("~section", section), ("~do", "paste"), ("~rows", rows)];
    sent(&visitor, &kitchen, &paste).await.shows("Hinges").shows("Runners");
    assert_eq!(described(&desk).await, ["Doors", "Hinges", "Runners"]);
    let bad = [("~section", section), ("~do", "paste"), ("~rows", "Hinges\t12\nRunners\tfour")];
    visitor.post(&page_of(&kitchen), &bad).await.is(422).shows("Row 2:");

    // Moved, copied, removed, and sections likewise.
    sent(&visitor, &kitchen, &[("~line", &doors), ("~do", "down")]).await;
    assert_eq!(described(&desk).await, ["Hinges", "Doors", "Runners"]);
    sent(&visitor, &kitchen, &[("~line", &doors), ("~do", "copy")]).await;
    assert_eq!(described(&desk).await, ["Hinges", "Doors", "Doors", "Runners"]);
    sent(&visitor, &kitchen, &[("~line", &doors), ("~do", "remove")]).await;
    assert_eq!(described(&desk).await, ["Hinges", "Doors", "Runners"]);
    sent(&visitor, &kitchen, &[("title", "Bathroom"), ("~do", "section-add")]).await.shows("Bathroom");
    let sections = desk.org.get("estimates/sections?sort=position").await.is(200);
    assert_eq!(sections.column("title"), ["General", "Bathroom"]);
    let bathroom = sections.data()[1]["id"].as_str().unwrap();
    sent(&visitor, &kitchen, &[("~section", bathroom), ("~do", "section-up")]).await;
    let sections = desk.org.get("estimates/sections?sort=position").await.is(200);
    assert_eq!(sections.column("title"), ["Bathroom", "General"]);
    sent(&visitor, &kitchen, &[("~section", section), ("~do", "section-copy")]).await.shows("General (copy)");

    // Of the catalogue, and the total set.
    let item =
        desk.org.make("estimates/catalog-items", json!({ "name": "Legrabox", "cost": "96.40", "rate": 2500 })).await;
    let take = [("~section", bathroom), ("~do", "take"), ("~takeitem", item.as_str())];
    sent(&visitor, &kitchen, &take).await.shows("Legrabox").shows("120.5");
    sent(&visitor, &kitchen, &[("~do", "set-total"), ("~total", "5,000")]).await.shows("$5,000.00");
    let total = desk.org.get(&format!("{REVISIONS}/{}", kitchen.revision)).await.json["total"]["minor"].clone();
    assert_eq!(total, 500_000);
    let _ = visitor.post(&page_of(&kitchen), &[("~do", "nonsense")]).await.is(404);
}

async fn what_is_locked_or_not_allowed_has_no_form(database: Database) {
    let desk = desk(&database).await;
    let visitor = desk.server.signed_in(&desk.org).await;
    let kitchen = desk.begin("Kitchen").await;
    let line = desk.org.make(LINES, kitchen.line("100")).await;
    let revision = format!("/{REVISIONS}/{}", kitchen.revision);
    visitor.get(&revision).await.is(200).shows(&page_of(&kitchen));
    visitor.get(&page_of(&kitchen)).await.is(200).shows("New line").shows("/to/issue");
    let _ = desk.org.act(&format!("{REVISIONS}/{}/issue", kitchen.revision)).await.is(200);
    visitor.get(&page_of(&kitchen)).await.is(200).hides("New line").shows("$110.00");
    let late = [("~line", line.as_str()), ("~do", "save"), ("~was", "{}"), ("quantity", "2")];
    visitor.post(&page_of(&kitchen), &late).await.is(423).shows("refuses changes");
    // Another organization's is not there, nor is a page without its record.
    let other = desk.server.organization("Elsewhere").await;
    let stranger = desk.server.signed_in(&other).await;
    let _ = stranger.get(&page_of(&kitchen)).await.is(404);
    let _ = stranger.post(&page_of(&kitchen), &late).await.is(404);
    let _ = visitor.get("/estimates/-/editor").await.is(404);
}

async fn an_estimator_writes_an_estimate_in_a_browser(database: Database) {
    let desk = desk(&database).await;
    let Some(browser) = Browser::open().await else { return };
    let kitchen = desk.begin("Cremorne kitchen, laundry and study").await;
    for (name, kind, unit, cost, rate) in [
        ("Legrabox drawer set, 500 mm", "material", "set", "96.40", 2500),
        ("Base cabinet, 18 mm HMR white carcass", "material", "ea", "214.00", 3500),
        ("Porcelain slab 12 mm, mitred, fitted", "subcontract", "m²", "890.00", 1800),
        ("Cut, edge and assemble", "labour", "h", "58.00", 4000),
    ] {
        let item = json!({ "name": name, "kind": kind, "unit": unit, "cost": cost, "rate": rate });
        desk.org.make("estimates/catalog-items", item).await;
    }
    let root = desk.server.root.clone();
    browser.sign_in(&root, &desk.org.email, &desk.org.password).await;
    browser.resize(1280, 900).await;
    browser.goto(&format!("{root}{}", page_of(&kitchen))).await;

    // Typed, and found in the catalogue while typing.
    let new_line = format!("#new-{}", kitchen.section);
    for (text, key) in
        [("legra", "\u{e015}\u{e007}"), ("base cab", "\u{e015}\u{e007}"), ("porcelain", "\u{e015}\u{e007}")]
    {
        let field = browser.find(&new_line).await;
        field.send_keys(text).await.unwrap();
        browser.find(".combo-list:not([hidden]) [role=option]").await;
        field.send_keys(key).await.unwrap();
        let shown = text.split(' ').next().unwrap().to_owned();
        let found = format!("tr[data-line] input[name=description][value^='{}' i]", &shown[..4]);
        browser.find(&found).await;
    }
    let field = browser.find(&new_line).await;
    field.send_keys("Install on site\u{e007}").await.unwrap();
    let installing = browser.find("input[name=description][value='Install on site']").await;
    let row = installing.attr("id").await.unwrap().unwrap().replace("description-", "");
    // A sum in the quantity: the total follows, as the plugin tells it.
    let before = browser.text("dd.grand").await;
    browser.fill(&format!("#unit_cost-{row}"), "62\t").await;
    browser.find(&format!("#unit_cost-{row}[value='62']")).await;
    browser.fill(&format!("#quantity-{row}"), "2*12\t").await;
    browser.find(&format!("#quantity-{row}[value='24']")).await;
    assert_ne!(browser.text("dd.grand").await, before);
    browser.pictures("estimate").await;
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}
