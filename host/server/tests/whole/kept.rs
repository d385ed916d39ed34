//! Values that the host keeps or watches: numbers without gaps, calculated fields, unique rules with a condition, checks.
//! All of it is declared; no plugin code is involved.

use lignaflow_testkit::plugins::declared;
use lignaflow_testkit::{Answer, Database, Org, Race, Server, Setup, on_both};
use serde_json::{Value as Json, json};

on_both!(
    a_number_is_given_once_at_the_transition_and_stays,
    numbers_have_no_gaps_however_many_ask_at_once_and_are_refused,
    numbers_are_counted_apart_for_each_organization_and_value,
    numbers_sort_by_what_they_count_and_are_found_as_they_stand,
    an_amount_follows_from_its_fields_in_every_door,
    a_total_is_kept_in_the_commit_of_its_parts,
    totals_of_parts_written_at_once_are_right,
    a_total_of_two_currencies_is_refused_where_it_would_come_about,
    a_calculated_field_is_filtered_sorted_and_summed_like_any_other,
    a_unique_rule_holds_where_its_condition_does,
    a_check_is_told_with_all_other_faults,
    fields_that_come_later_are_filled,
    pages_show_what_is_kept_and_have_no_control_for_it,
);

const BILLING: &str = r#"
id = "billing"
version = "0.1.0"
title = "Billing"
api = "0.1"

[[collections]]
name = "invoices"
title = { one = "Invoice", many = "Invoices" }
display = "title"
list = ["number", "title", "net", "status"]
checks = [
    { rule = "due >= issued_on", field = "due", message = "An invoice is not due before it is issued." },
    { rule = "not (status = issued and due is null)", message = "An issued invoice is due some day." },
]
[collections.fields]
title = { type = "text", required = true }
number = { type = "text", search = true, sequence = { format = "INV-{n:4}", on = "issue", start = 998 } }
ticket = { type = "text", sequence = { format = "T{n}", per = ["desk"] } }
desk = { type = "choice", of = ["front", "back"], default = "front" }
issued_on = { type = "date" }
due = { type = "date" }
discount = { type = "money" }
tax = { type = "percent", default = 1000 }
net = { type = "money", derived = "sum(lines.amount) - coalesce(discount, 0)" }
gross = { type = "money", derived = "net * (1 + tax)" }
lines_count = { type = "integer", derived = "count(lines)" }
last_day = { type = "date", derived = "max(lines.day)" }
status = { type = "choice", of = ["draft", "issued"], default = "draft" }
[[collections.transitions]]
name = "issue"
from = ["draft"]
to = "issued"
locks = true
[[collections.transitions]]
name = "reopen"
from = ["issued"]
to = "draft"

[[collections]]
name = "lines"
title = { one = "Line", many = "Lines" }
display = "title"
part_of = "invoice"
[collections.fields]
title = { type = "text", required = true }
invoice = { type = "reference", to = "invoices", required = true }
quantity = { type = "decimal", scale = 2, required = true }
price = { type = "money", required = true }
amount = { type = "money", derived = "quantity * price" }
label = { type = "text", max = 300, derived = 'join(" / ", title, unit)' }
unit = { type = "choice", of = ["h", "pcs"] }
day = { type = "date" }

[[collections]]
name = "timers"
title = { one = "Timer", many = "Timers" }
display = "note"
unique = [{ fields = ["person"], where = "ended_at is null", message = "One timer runs already." }]
[collections.fields]
note = { type = "text", required = true }
person = { type = "person", default = "caller" }
ended_at = { type = "instant" }
"#;

const INVOICES: &str = "billing/invoices";
const LINES: &str = "billing/lines";
const TIMERS: &str = "billing/timers";

async fn scene(database: &Database) -> (Server, Org, Race) {
    database.declaring(BILLING).await
}

fn aud(minor: i64) -> Json {
    json!({ "minor": minor, "currency": "AUD" })
}

async fn invoice(org: &Org, title: &str) -> String {
    org.make(INVOICES, json!({ "title": title, "due": "2026-12-24" })).await
}

fn line(invoice: &str, quantity: &str, price: i64) -> Json {
    json!({ "title": "Oak", "invoice": invoice, "quantity": quantity, "price": aud(price) })
}

async fn read(org: &Org, collection: &str, id: &str) -> Json {
    org.get(&format!("{collection}/{id}")).await.is(200).json
}

async fn issue(org: &Org, id: &str) -> Answer {
    org.act(&format!("{INVOICES}/{id}/issue")).await
}

async fn a_number_is_given_once_at_the_transition_and_stays(database: Database) {
    let (_server, org, _) = scene(&database).await;
    let id = invoice(&org, "Stair").await;
    assert_eq!(read(&org, INVOICES, &id).await["number"], Json::Null);
    let issued = issue(&org, &id).await.is(200);
    assert_eq!((&issued.json["number"], &issued.json["ticket"]), (&json!("INV-0998"), &json!("T1")));
    assert_eq!(read(&org, INVOICES, &id).await, issued.json, "the answer is what stands");
    let history = org.get(&format!("{INVOICES}/{id}/history")).await;
    assert_eq!(history.data()[0]["after"]["number"], "INV-0998", "it is in the log");
    let _ = org.act(&format!("{INVOICES}/{id}/reopen")).await.is(200);
    assert_eq!(issue(&org, &id).await.is(200).json["number"], "INV-0998", "it is not given again");
    let second = invoice(&org, "Door").await;
    assert_eq!(issue(&org, &second).await.is(200).json["number"], "INV-0999");
    let body = json!({ "title": "Own", "number": "INV-1", "ticket": "T9" });
    let own = org.post(INVOICES, body).await.is_problem(422, "invalid");
    assert_eq!(own.issues(), [("/number", "read-only"), ("/ticket", "read-only")]);
}

async fn numbers_have_no_gaps_however_many_ask_at_once_and_are_refused(database: Database) {
    let (_server, org, race) = scene(&database).await;
    let mut ids = Vec::new();
    for number in 0..8 {
        ids.push(invoice(&org, &format!("{number}")).await);
    }
    let endless = org.make(INVOICES, json!({ "title": "Endless" })).await;
    let _ = issue(&org, &endless).await.is_problem(422, "invalid");
    race.meet(8);
    let answers = futures_util::future::join_all(ids.iter().map(|id| issue(&org, id))).await;
    race.end();
    let mut numbers: Vec<String> = answers.iter().map(|a| a.json["number"].as_str().unwrap().to_owned()).collect();
    numbers.sort();
    let expected: Vec<String> = (998..1006).map(|number| format!("INV-{number:04}")).collect();
    assert_eq!(numbers, expected, "each once, none left out");

    // Two at once on one record: one is issued, and the other uses no number up.
    let twice = invoice(&org, "Twice").await;
    race.meet(2);
    let (one, other) = tokio::join!(issue(&org, &twice), issue(&org, &twice));
    race.end();
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    // One whose id is taken takes a ticket inside a commit that comes to nothing.
    let next = org.post(INVOICES, json!({ "id": twice, "title": "Copy" })).await;
    assert!(next.status == 409 || next.status == 200, "{}", next.text);
    let last = invoice(&org, "Last").await;
    assert_eq!(issue(&org, &last).await.is(200).json["number"], "INV-1007");
    assert_eq!(read(&org, INVOICES, &last).await["ticket"], "T11");
}

async fn numbers_are_counted_apart_for_each_organization_and_value(database: Database) {
    let (server, org, _) = scene(&database).await;
    let other = server.organization("Beck").await;
    for (org, desk, ticket) in
        [(&org, "front", "T1"), (&org, "back", "T1"), (&org, "front", "T2"), (&other, "front", "T1")]
    {
        let made = org.post(INVOICES, json!({ "title": "Stair", "desk": desk })).await.is(201);
        assert_eq!(made.json["ticket"], ticket);
    }
}

async fn numbers_sort_by_what_they_count_and_are_found_as_they_stand(database: Database) {
    let (_server, org, _) = scene(&database).await;
    for number in 0..4 {
        let id = invoice(&org, &format!("{number}")).await;
        let _ = issue(&org, &id).await.is(200);
    }
    for number in 0..9 {
        let _ = invoice(&org, &format!("more {number}")).await;
    }
    let sorted = org.get(&format!("{INVOICES}?sort=ticket")).await;
    let wanted: Vec<String> = (1..=13).map(|number| format!("T{number}")).collect();
    assert_eq!(sorted.column("ticket"), wanted);
    let mut paged = Vec::new();
    let mut next = Some(format!("/api/v1/{INVOICES}?sort=-ticket&limit=5"));
    while let Some(address) = next {
        let page = org.get(&address).await.is(200);
        paged.extend(page.column("ticket"));
        next = page.json["next"].as_str().map(str::to_owned);
    }
    paged.reverse();
    assert_eq!(paged, wanted, "pages go on where they ended");
    let found = async |query: &str| org.get(&format!("{INVOICES}?sort=number&{query}")).await.is(200).column("number");
    assert_eq!(found("filter[number][gt]=INV-0999").await, ["INV-1000", "INV-1001"]);
    assert_eq!(found("filter[number]=INV-0999").await, ["INV-0999"]);
    assert_eq!(found("filter[number][starts_with]=inv-1").await, ["INV-1000", "INV-1001"]);
    assert_eq!(found("filter[number][contains]=99").await, ["INV-0998", "INV-0999"]);
    assert_eq!(found("q=inv-1001").await, ["INV-1001"]);
}

async fn an_amount_follows_from_its_fields_in_every_door(database: Database) {
    let (_server, org, _) = scene(&database).await;
    let invoice = invoice(&org, "Stair").await;
    let made = org.post(LINES, line(&invoice, "2.50", 1001)).await.is(201);
    assert_eq!((&made.json["amount"], &made.json["label"]), (&aud(2503), &json!("Oak")));
    let path = format!("{LINES}/{}", made.id());
    let changed = org.patch(&path, "*", json!({ "quantity": "-2.5", "unit": "h" })).await.is(200);
    assert_eq!((&changed.json["amount"], &changed.json["label"]), (&aud(-2503), &json!("Oak / h")));
    let history = org.get(&format!("{path}/history")).await;
    assert_eq!(history.data()[0]["after"]["amount"], aud(-2503));
    let own = org.patch(&path, "*", json!({ "amount": aud(1) })).await.is_problem(422, "invalid");
    assert_eq!(own.issues(), [("/amount", "read-only")]);
    assert!(own.message_at("/amount").contains("quantity * price"), "{}", own.text);
    let _ = org.patch(&path, "*", json!({ "amount": aud(-2503), "quantity": "1" })).await.is(200);
    let huge = org.patch(&path, "*", json!({ "quantity": "1000000", "price": aud(i64::MAX) })).await;
    assert_eq!(huge.is_problem(422, "invalid").issues(), [("/amount", "derived")]);
}

async fn a_total_is_kept_in_the_commit_of_its_parts(database: Database) {
    let (_server, org, _) = scene(&database).await;
    let id = invoice(&org, "Stair").await;
    let figures = async || {
        let invoice = read(&org, INVOICES, &id).await;
        ["net", "gross", "lines_count", "last_day"].map(|name| invoice[name].clone())
    };
    assert_eq!(figures().await, [Json::Null, Json::Null, json!(0), Json::Null]);
    let mut first = line(&id, "2", 1000);
    first["day"] = json!("2026-11-23");
    let first = org.make(LINES, first).await;
    let second = org.make(LINES, line(&id, "1", 505)).await;
    assert_eq!(figures().await, [aud(2505), aud(2756), json!(2), json!("2026-11-23")]);
    let discount = org.patch(&format!("{INVOICES}/{id}"), "*", json!({ "discount": aud(5) })).await.is(200);
    assert_eq!((&discount.json["net"], &discount.json["gross"]), (&aud(2500), &aud(2750)));
    let history = org.get(&format!("{INVOICES}/{id}/history")).await;
    assert_eq!(history.data()[0]["before"]["net"], aud(2505), "one entry tells of both");
    assert_eq!(history.data()[0]["after"], json!({ "discount": aud(5), "net": aud(2500), "gross": aud(2750) }));
    let _ = org.patch(&format!("{LINES}/{second}"), "*", json!({ "quantity": "3" })).await.is(200);
    assert_eq!(figures().await[0], aud(3510));
    let _ = org.delete(&format!("{LINES}/{first}"), "*").await.is(200);
    assert_eq!(figures().await, [aud(1510), aud(1661), json!(1), Json::Null]);
    let other = invoice(&org, "Door").await;
    let _ = org.patch(&format!("{LINES}/{second}"), "*", json!({ "invoice": other })).await.is(200);
    assert_eq!(figures().await[2], 0);
    assert_eq!(read(&org, INVOICES, &other).await["net"], aud(1515));
    let _ = org.delete(&format!("{INVOICES}/{other}"), "*").await.is(200);
    assert_eq!(read(&org, INVOICES, &other).await["net"], aud(1515), "an archived one keeps what it had");
    let _ = org.act(&format!("{INVOICES}/{other}/restore")).await.is(200);
    assert_eq!(read(&org, INVOICES, &other).await["lines_count"], 1);
}

async fn totals_of_parts_written_at_once_are_right(database: Database) {
    let (_server, org, race) = scene(&database).await;
    let id = invoice(&org, "Stair").await;
    race.meet(8);
    let writers = (1..=8).map(|number| org.post(LINES, line(&id, &number.to_string(), 100)));
    let answers = futures_util::future::join_all(writers).await;
    race.end();
    assert!(answers.iter().all(|answer| answer.status == 201));
    let invoice = read(&org, INVOICES, &id).await;
    assert_eq!((&invoice["net"], &invoice["lines_count"], &invoice["version"]), (&aud(3600), &json!(8), &json!(9)));
}

async fn a_total_of_two_currencies_is_refused_where_it_would_come_about(database: Database) {
    let (_server, org, _) = scene(&database).await;
    let id = invoice(&org, "Stair").await;
    let _ = org.make(LINES, line(&id, "1", 100)).await;
    let mut foreign = line(&id, "1", 100);
    foreign["price"] = json!({ "minor": 100, "currency": "NZD" });
    let refused = org.post(LINES, foreign).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/invoice", "derived")]);
    assert!(refused.message_at("/invoice").contains("AUD and NZD"), "{}", refused.text);
    assert_eq!(read(&org, INVOICES, &id).await["lines_count"], 1);
}

async fn a_calculated_field_is_filtered_sorted_and_summed_like_any_other(database: Database) {
    let (_server, org, _) = scene(&database).await;
    for (title, price) in [("Door", 300), ("Stair", 100), ("Table", 200)] {
        let id = invoice(&org, title).await;
        let _ = org.make(LINES, line(&id, "1", price)).await;
    }
    let sorted = org.get(&format!("{INVOICES}?sort=-net")).await.is(200);
    assert_eq!(sorted.column("title"), ["Door", "Table", "Stair"]);
    let summed = org.get(&format!("{INVOICES}/summary?sum=net&count=id")).await.is(200);
    assert!(summed.text.contains("600"), "{}", summed.text);
    let counted = org.get(&format!("{LINES}?filter[invoice.lines_count]=1&count=true")).await.is(200);
    assert_eq!(counted.json["count"], 3);
}

async fn a_unique_rule_holds_where_its_condition_does(database: Database) {
    let (_server, org, race) = scene(&database).await;
    race.meet(2);
    let start = |note: &str| org.post(TIMERS, json!({ "note": note }));
    let (one, other) = tokio::join!(start("Cut"), start("Fit"));
    race.end();
    let (won, lost) = if one.status == 201 { (one, other) } else { (other, one) };
    let lost = lost.is_problem(409, "conflict");
    assert_eq!(
        (lost.issues(), lost.message_at("/person")),
        (vec![("/person", "duplicate")], "One timer runs already.")
    );
    let path = format!("{TIMERS}/{}", won.is(201).id());
    let _ = org.patch(&path, "*", json!({ "ended_at": "2026-11-23T10:00:00Z" })).await.is(200);
    let _ = org.post(TIMERS, json!({ "note": "Fit" })).await.is(201);
    let again = org.patch(&path, "*", json!({ "ended_at": null })).await;
    let _ = again.is_problem(409, "conflict");
}

async fn a_check_is_told_with_all_other_faults(database: Database) {
    let (_server, org, _) = scene(&database).await;
    let body = json!({ "title": "", "issued_on": "2026-12-02", "due": "2026-12-01", "desk": "side" });
    let refused = org.post(INVOICES, body).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/title", "required"), ("/desk", "choice"), ("/due", "check")]);
    assert_eq!(refused.message_at("/due"), "An invoice is not due before it is issued.");
    let id = org.make(INVOICES, json!({ "title": "Stair", "issued_on": "2026-12-02" })).await;
    let late = org.patch(&format!("{INVOICES}/{id}"), "*", json!({ "due": "2026-12-01" })).await;
    assert_eq!(late.is_problem(422, "invalid").issues(), [("/due", "check")], "also against what stands");
    assert_eq!(issue(&org, &id).await.is_problem(422, "invalid").issues(), [("", "check")]);
}

async fn fields_that_come_later_are_filled(database: Database) {
    let before = BILLING
        .lines()
        .filter(|line| {
            !["amount =", "net =", "gross =", "lines_count =", "last_day ="].iter().any(|it| line.starts_with(it))
        })
        .map(|line| line.replace("\"net\", ", ""))
        .collect::<Vec<_>>()
        .join("\n");
    let setup = Setup { plugins: vec![declared(&before)], ..Setup::default() };
    let server = database.serve_with(setup).await;
    let (org, other) = (server.organization("Halloran").await, server.organization("Beck").await);
    let mut ids = Vec::new();
    for (org, price) in [(&org, 100), (&other, 200)] {
        let id = invoice(org, "Stair").await;
        let _ = org.make(LINES, line(&id, "2", price)).await;
        let _ = org.make(LINES, line(&id, "1", price)).await;
        ids.push(id);
    }
    let next = BILLING.replacen("version = \"0.1.0\"", "version = \"0.2.0\"", 1);
    server.install(declared(&next)).await;
    for (org, id, net) in [(&org, &ids[0], 300), (&other, &ids[1], 600)] {
        let invoice = read(org, INVOICES, id).await;
        assert_eq!((&invoice["net"], &invoice["lines_count"], &invoice["version"]), (&aud(net), &json!(2), &json!(3)));
        let _ = org.make(LINES, line(id, "1", 1)).await;
        assert_eq!(read(org, INVOICES, id).await["net"], aud(net + 1));
    }
    let otherwise = next.replacen("quantity * price", "quantity * price * 2", 1).replacen("0.2.0", "0.3.0", 1);
    server.install(declared(&otherwise)).await;
    assert_eq!(read(&org, INVOICES, &ids[0]).await["net"], aud(602), "also where it is calculated otherwise");
}

async fn pages_show_what_is_kept_and_have_no_control_for_it(database: Database) {
    let (server, org, _) = scene(&database).await;
    let id = invoice(&org, "Stair").await;
    let _ = org.make(LINES, line(&id, "2", 1000)).await;
    let visitor = server.signed_in(&org).await;
    let add = format!("/billing/lines/new?invoice={id}");
    let _ = visitor.get(&format!("/billing/invoices/{id}")).await.is(200).shows(&add);
    let _ = issue(&org, &id).await.is(200);
    let _ = visitor.get(&format!("/billing/invoices/{id}")).await.is(200).hides(&add);
    let list = visitor.get("/billing/invoices").await.is(200);
    let _ = list.shows("INV-0998").shows("20.00");
    let _ = visitor.get(&format!("/billing/invoices/{id}")).await.is(200).shows("INV-0998");
    let form = visitor.get("/billing/invoices/new").await.is(200);
    let _ = form.shows("name=\"title\"").hides("name=\"number\"").hides("name=\"net\"");
    let document = org.get("/api/openapi.json").await.is(200);
    let new = &document.json["components"]["schemas"]["billing.invoices.new"]["properties"];
    assert!(new["title"].is_object() && new["number"].is_null() && new["net"].is_null(), "{new}");
    let read = &document.json["components"]["schemas"]["billing.invoices"]["properties"]["net"]["description"];
    assert!(read.as_str().unwrap().contains("sum(lines.amount)"), "{read}");
}
