//! From a draft to a document, and what it does to others.

use super::*;
use crate::document::Document;

fn document(host: &Host, revision: Id) -> Fields {
    let page = host.find(select("documents").columns(["hash", "text"]).filter(field("revision").eq(revision))).unwrap();
    page.records().next().unwrap().to_fields()
}

#[test]
fn a_draft_is_found_by_its_working_number_and_a_document_gets_one_of_its_own() {
    let mut host = host();
    let (kitchen, bath) = (begin(&mut host, "Kitchen"), begin(&mut host, "Bath"));
    let number = |host: &Host, begun: &Begun, name| {
        host.fields("estimates", begun.estimate).unwrap().text(name).map(str::to_owned)
    };
    assert_eq!(number(&host, &bath, "working").as_deref(), Some("E-0002"));
    assert_eq!(number(&host, &bath, "number"), None);
    bath.priced(&mut host, "10", json!({}));
    bath.issued(&mut host);
    kitchen.priced(&mut host, "10", json!({}));
    kitchen.issued(&mut host);
    assert_eq!(number(&host, &bath, "number").as_deref(), Some("Q-0001"));
    assert_eq!(number(&host, &kitchen, "number").as_deref(), Some("Q-0002"));
}

#[test]
fn nobody_is_given_a_number_but_by_issuing() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let fault = host.transition("estimates", kitchen.estimate, "number").unwrap_err();
    assert_eq!(fault.code, ErrorCode::NotFound);
    // What cannot be issued uses no number up.
    assert_eq!(codes(&host.transition("revisions", kitchen.revision, "issue").unwrap_err()), [("/status", "empty")]);
    kitchen.priced(&mut host, "10", json!({}));
    kitchen.issued(&mut host);
    assert_eq!(host.fields("estimates", kitchen.estimate).unwrap().text("number"), Some("Q-0001"));
}

#[test]
fn only_a_draft_changes() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let line = kitchen.priced(&mut host, "10", json!({}));
    host.transition("revisions", kitchen.revision, "submit").unwrap();
    let locked = |host: &mut Host| {
        let fault = host.update("lines", line, json!({ "quantity": "2" })).unwrap_err();
        assert_eq!(fault.code, ErrorCode::Locked);
        assert_eq!(host.remove("lines", line).unwrap_err().code, ErrorCode::Locked);
        assert_eq!(kitchen.line(host, json!({})).unwrap_err().code, ErrorCode::Locked);
        let terms = host.update("revisions", kitchen.revision, json!({ "terms": "Ours" })).unwrap_err();
        assert_eq!(terms.code, ErrorCode::Locked);
        let section = host.update("sections", kitchen.section, json!({ "title": "Other" })).unwrap_err();
        assert_eq!(section.code, ErrorCode::Locked);
    };
    locked(&mut host);
    host.transition("revisions", kitchen.revision, "return").unwrap();
    host.update("lines", line, json!({ "quantity": "2" })).unwrap();
    kitchen.issued(&mut host);
    locked(&mut host);
    host.transition("revisions", kitchen.revision, "withdraw").unwrap();
    locked(&mut host);
}

#[test]
fn nobody_sets_a_state_by_hand() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "10", json!({}));
    let fault = host.update("revisions", kitchen.revision, json!({ "status": "accepted" })).unwrap_err();
    assert_eq!(codes(&fault), [("/status", "by-transition")]);
    let fault = host.update("estimates", kitchen.estimate, json!({ "status": "accepted" })).unwrap_err();
    assert_eq!(codes(&fault), [("/status", "read-only")]);
    kitchen.issued(&mut host);
    let refusals =
        [("supersede", ErrorCode::NotFound), ("convert", ErrorCode::NotFound), ("expire", ErrorCode::Conflict)];
    for (name, code) in refusals {
        assert_eq!(host.transition("revisions", kitchen.revision, name).unwrap_err().code, code, "{name}");
    }
}

#[test]
fn the_document_tells_no_cost_markup_or_margin_and_adds_up() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.line(&mut host, json!({ "unit_cost": "777.77", "pricing": "margin", "rate": 2323, "quantity": "1.5", "labour_minutes": 77 })).unwrap();
    let hidden =
        host.insert("sections", json!({ "revision": kitchen.revision, "title": "Site", "shows": "nothing" })).unwrap();
    kitchen.priced(&mut host, "88", json!({ "section": hidden, "description": "Our secret" }));
    kitchen.priced(&mut host, "12", json!({ "section": hidden, "description": "Extra light", "mode": "optional" }));
    kitchen.issued(&mut host);
    let kept = document(&host, kitchen.revision);
    let (text, hash) = (kept.text("text").unwrap(), kept.text("hash").unwrap());
    for telling in ["777", "2323", "cost", "margin", "markup", "labour", "Our secret"] {
        assert!(!text.contains(telling), "{telling} in {text}");
    }
    assert!(text.contains("Extra light"), "an option is seen, wherever it stands");
    let document = Document::opened(text, hash).unwrap();
    let totals = document.totals(None).unwrap();
    assert_eq!((totals.total, totals.total), (document.total, minor(&host, kitchen.revision, "total")));
    assert_eq!(totals.sections.iter().sum::<i64>(), totals.subtotal);
    assert!(Document::opened(&text.replace("Kitchen", "Kitchenette"), hash).is_err(), "its hash binds it");
    assert_eq!(host.fields("revisions", kitchen.revision).unwrap().text("hash"), Some(hash));
}

#[test]
fn what_was_issued_stays_whatever_becomes_of_names_and_taxes() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "100", json!({}));
    kitchen.issued(&mut host);
    let path = format!("/revisions/{}/document", kitchen.revision);
    let before = host.get(&path, &[]).unwrap().json().clone();
    host.update("estimates", kitchen.estimate, json!({ "title": "Bathroom" })).unwrap();
    let code =
        host.find(select("tax-codes").columns(["id"])).unwrap().records().next().unwrap().reference("id").unwrap();
    host.update("tax-codes", code, json!({ "rate": 2000 })).unwrap();
    assert_eq!(host.get(&path, &[]).unwrap().json(), &before);
    assert_eq!(before["totals"][2], json!({ "name": "total", "title": "Total", "minor": 11_000 }));
    let kept =
        host.find(select("documents").columns(["id"])).unwrap().records().next().unwrap().reference("id").unwrap();
    assert_eq!(host.update("documents", kept, json!({ "text": "Other" })).unwrap_err().code, ErrorCode::Locked);
    assert_eq!(host.remove("documents", kept).unwrap_err().code, ErrorCode::Locked);
}

#[test]
fn issuing_a_revision_supersedes_the_open_one() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "100", json!({}));
    kitchen.issued(&mut host);
    let answer = host.post(&format!("/revisions/{}/revise", kitchen.revision), &json!(null)).unwrap();
    let next = id(&answer.json()["id"]);
    assert_eq!((&answer.json()["letter"], &answer.json()["name"]), (&json!("B"), &json!("Kitchen · B")));
    assert_eq!(host.fields("revisions", kitchen.revision).unwrap().text("name"), Some("Kitchen · A"));
    assert_eq!(minor(&host, next, "total"), 11_000);
    host.transition("revisions", next, "issue").unwrap();
    assert_eq!((status(&host, kitchen.revision), status(&host, next)), ("superseded".to_owned(), "issued".to_owned()));
    let estimate = host.fields("estimates", kitchen.estimate).unwrap();
    assert_eq!((estimate.reference("open"), estimate.text("number")), (Some(next), Some("Q-0001")));
    // What is superseded is answered no more.
    let answered = with(&mut host, kitchen.revision, "accept", &[("answered_by", "Alice".into_value())]);
    assert_eq!(answered.unwrap_err().code, ErrorCode::Conflict);
}

#[test]
fn an_offer_expires_on_its_day_and_not_before() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "100", json!({}));
    host.update("revisions", kitchen.revision, json!({ "valid_until": "2026-11-22" })).unwrap();
    assert_eq!(
        codes(&host.transition("revisions", kitchen.revision, "issue").unwrap_err()),
        [("/valid_until", "past")]
    );
    host.update("revisions", kitchen.revision, json!({ "valid_until": "2026-11-23" })).unwrap();
    kitchen.issued(&mut host);
    host.run_job("expire", &json!({})).unwrap();
    assert_eq!(status(&host, kitchen.revision), "issued");
    host.caller.now = Instant::from_micros(host.caller.now.micros() + 86_400_000_000);
    let late = with(&mut host, kitchen.revision, "accept", &[("answered_by", "Alice".into_value())]).unwrap_err();
    assert_eq!(late.code, ErrorCode::Conflict);
    host.run_job("expire", &json!({})).unwrap();
    assert_eq!(status(&host, kitchen.revision), "expired");
    assert_eq!(host.fields("estimates", kitchen.estimate).unwrap().text("status"), Some("expired"));
}

#[test]
fn a_new_revision_begins_as_the_organization_has_settled_it() {
    let mut host = host();
    for (setting, value) in [
        ("tax_mode", json!("line")),
        ("deposit", json!(2_500)),
        ("terms", json!("14 days.")),
        ("valid_days", json!(14)),
        ("review", json!(true)),
    ] {
        host.fill_in(setting, value);
    }
    let kitchen = begin(&mut host, "Kitchen");
    let fields = host.fields("revisions", kitchen.revision).unwrap();
    assert_eq!(
        (fields.text("tax_mode"), fields.integer("deposit"), fields.text("terms")),
        (Some("line"), Some(2_500), Some("14 days."))
    );
    kitchen.priced(&mut host, "100", json!({}));
    let early = host.transition("revisions", kitchen.revision, "issue").unwrap_err();
    assert_eq!(
        (early.code, early.message.as_str()),
        (ErrorCode::Conflict, "Have it reviewed first: quotes are issued after that.")
    );
    host.transition("revisions", kitchen.revision, "submit").unwrap();
    kitchen.issued(&mut host);
    let until = host.fields("revisions", kitchen.revision).unwrap().date("valid_until");
    assert_eq!(until.map(|until| until.to_string()), Some("2026-12-07".to_owned()));
    // What is settled later changes nothing of what is there, and one's own word counts.
    host.fill_in("deposit", 0);
    assert_eq!(host.fields("revisions", kitchen.revision).unwrap().integer("deposit"), Some(2_500));
}

#[test]
fn the_paper_has_the_firm_at_its_head() {
    let mut host = host();
    host.fill_in("address", "8 Carrington Road\nMarrickville NSW 2204");
    host.fill_in("phone", "02 5550 1234");
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "100", json!({}));
    kitchen.issued(&mut host);
    host.run_jobs().unwrap();
    let paper: Json = serde_json::from_str(&host.documents().last().unwrap().data).unwrap();
    assert_eq!(paper["letterhead"], json!(["8 Carrington Road", "Marrickville NSW 2204", "02 5550 1234"]));
}

#[test]
fn a_discount_is_a_share_or_an_amount_and_never_more_than_what_it_is_taken_off() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "100", json!({}));
    for (price, ticked) in [("30", true), ("20", false)] {
        let choice = json!({ "mode": "choice", "choice_group": "Benchtop", "ticked": ticked });
        kitchen.priced(&mut host, price, choice);
    }
    kitchen.priced(&mut host, "500", json!({ "mode": "optional", "ticked": true }));
    let aud = |minor: i64| json!({ "minor": minor, "currency": "AUD" });
    let revision = kitchen.revision;
    host.update("revisions", revision, json!({ "discount": aud(12_001) })).unwrap();
    let both = host.update("revisions", revision, json!({ "discount_rate": 500 })).unwrap_err();
    assert_eq!(codes(&both), [("/discount_rate", "either")]);
    // Whatever the client ticks, 100.00 and the cheaper benchtop are left.
    let beyond =
        "The discount of $120.01 is more than the lines come to at the least, $120.00: make it less, or a share.";
    let told = host.get(&format!("/revisions/{revision}/totals"), &[]).unwrap().json()["notes"].clone();
    assert_eq!(told, json!([beyond]));
    let fault = host.transition("revisions", revision, "issue").unwrap_err();
    assert_eq!((codes(&fault), fault.message.as_str()), (vec![("/discount", "too-much")], beyond));
    host.update("revisions", revision, json!({ "discount": aud(12_000) })).unwrap();
    host.update("revisions", revision, json!({ "discount": aud(0), "discount_rate": 500 })).unwrap();
    kitchen.issued(&mut host);
}

#[test]
fn whom_a_document_was_given_to_and_what_it_is_about_stays_while_it_stands() {
    let mut host = host();
    let clients = ["Smith", "Nguyen"].map(|name| host.insert("projects/clients", json!({ "name": name })).unwrap());
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "100", json!({}));
    let estimate = kitchen.estimate;
    host.update("estimates", estimate, json!({ "client": clients[0] })).unwrap();
    kitchen.issued(&mut host);
    let other = json!({ "client": clients[1], "title": "Kitchen and scullery" });
    let fault = host.update("estimates", estimate, other.clone()).unwrap_err();
    assert_eq!(codes(&fault), [("/client", "locked")]);
    assert!(fault.message.ends_with("withdraw the revision that is open first."), "{}", fault.message);
    host.transition("revisions", kitchen.revision, "withdraw").unwrap();
    host.update("estimates", estimate, other).unwrap();
    let next = host.post(&format!("/revisions/{}/revise", kitchen.revision), &json!(null)).unwrap();
    let next = id(&next.json()["id"]);
    host.transition("revisions", next, "issue").unwrap();
    with(&mut host, next, "accept", &[("answered_by", "Alice".into_value())]).unwrap();
    host.run_jobs().unwrap();
    assert!(
        host.fields("estimates", estimate).unwrap().reference("project").is_some(),
        "its own work says what it became"
    );
    for change in [json!({ "client": clients[0] }), json!({ "project": null }), json!({ "client": null })] {
        let fault = host.update("estimates", estimate, change).unwrap_err();
        assert!(fault.message.starts_with("This stays as it was accepted"), "{}", fault.message);
    }
    host.update("estimates", estimate, json!({ "title": "Scullery", "notes": "Measured twice" })).unwrap();
}
