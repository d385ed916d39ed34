//! Copies of lines, sections and estimates.

use super::*;

#[test]
fn a_line_a_section_and_an_estimate_are_copied() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let line = kitchen.line(&mut host, json!({ "unit_cost": "10", "rate": 5000, "quantity": "2" })).unwrap();
    host.post(&format!("/lines/{line}/copy"), &json!(null)).unwrap();
    assert_eq!(minor(&host, kitchen.revision, "net"), 6_000);
    let section = host.post(&format!("/sections/{}/copy", kitchen.section), &json!(null)).unwrap();
    assert_eq!(section.json()["title"], "General (copy)");
    assert_eq!(minor(&host, kitchen.revision, "net"), 12_000);
    let copy =
        host.post(&format!("/revisions/{}/copy", kitchen.revision), &json!({ "title": "For the Nguyens" })).unwrap();
    let copy = id(&copy.json()["id"]);
    assert_eq!((minor(&host, copy, "net"), status(&host, copy).as_str()), (12_000, "draft"));
    host.remove("lines", line).unwrap();
    assert_eq!((minor(&host, kitchen.revision, "net"), minor(&host, copy, "net")), (9_000, 12_000));
}

#[test]
fn of_what_somebody_may_not_see_nothing_is_copied() {
    let mut host = host();
    let kitchen = begin(&mut host, "Kitchen");
    let line = kitchen.priced(&mut host, "10", json!({}));
    host.caller.permissions.retain(|held| held != "estimates.see");
    for path in [
        format!("/lines/{line}/copy"),
        format!("/sections/{}/copy", kitchen.section),
        format!("/revisions/{}/revise", kitchen.revision),
    ] {
        assert_eq!(host.post(&path, &json!(null)).unwrap_err().code, ErrorCode::NotFound, "{path}");
    }
    assert_eq!(
        host.get(&format!("/revisions/{}/totals", kitchen.revision), &[]).unwrap_err().code,
        ErrorCode::NotFound
    );
}

#[test]
fn an_estimate_begins_as_in_a_template_and_a_template_is_not_issued() {
    let mut host = host();
    let kitchen = begin(&mut host, "Standard kitchen");
    kitchen.priced(&mut host, "1000", json!({}));
    host.update("revisions", kitchen.revision, json!({ "terms": "Ours", "start": "2026-12-01" })).unwrap();
    let as_in = json!({ "title": "For the Nguyens", "template": kitchen.estimate });
    let refused = host.post("/begin", &as_in).unwrap_err();
    assert_eq!(codes(&refused), [("/template", "unknown-reference")], "it is none yet");
    host.update("estimates", kitchen.estimate, json!({ "template": true })).unwrap();
    let made = host.post("/begin", &as_in).unwrap();
    let made = id(&made.json()["id"]);
    let revision = host.fields("revisions", made).unwrap();
    assert_eq!((minor(&host, made, "net"), revision.text("terms")), (100_000, Some("Ours")));
    assert_eq!(revision.date("start"), None, "another has days of its own");
    assert_eq!(host.count("sections", field("revision").eq(made)), Ok(1));
    // Amounts of a template are of its currency, whoever it is for.
    let client = host.insert("projects/clients", json!({ "name": "Smith", "currency": "NZD" })).unwrap();
    let abroad = json!({ "title": "For the Smiths", "template": kitchen.estimate, "client": client });
    let abroad = id(&host.post("/begin", &abroad).unwrap().json()["id"]);
    let net = |of: Id| host.fields("revisions", of).unwrap().money("net").unwrap();
    assert_eq!(net(abroad), net(made));
    let issued = host.transition("revisions", kitchen.revision, "issue").unwrap_err();
    assert_eq!(codes(&issued), [("/status", "template")]);
    host.transition("revisions", made, "issue").unwrap();
}

#[test]
fn a_variation_begins_for_the_client_and_the_place_of_its_project() {
    let mut host = host();
    let mut client = |name: &str| host.insert("projects/clients", json!({ "name": name, "currency": "NZD" })).unwrap();
    let (smith, nguyen) = (client("Smith"), client("Nguyen"));
    let project = json!({ "name": "Kitchen", "client": smith, "address": "1 Wharf Road" });
    let project = host.insert("projects/projects", project).unwrap();
    let begin = |host: &mut Host, more: Json| {
        let mut body = json!({ "title": "Oak benchtop", "project": project });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = host.post("/begin", &body)?;
        Ok::<_, Fault>(host.fields("estimates", id(&answer.json()["estimate"])).unwrap())
    };
    let made = begin(&mut host, json!({})).unwrap();
    assert_eq!((made.reference("client"), made.text("site")), (Some(smith), Some("1 Wharf Road")));
    assert_eq!((made.text("kind"), made.text("currency")), (Some("variation"), Some("NZD")));
    let made = begin(&mut host, json!({ "client": smith, "site": "Shed" })).unwrap();
    assert_eq!((made.reference("client"), made.text("site")), (Some(smith), Some("Shed")));
    assert_eq!(codes(&begin(&mut host, json!({ "client": nguyen })).unwrap_err()), [("/client", "other-client")]);
    let nowhere = json!({ "project": host.new_id() });
    assert_eq!(codes(&begin(&mut host, nowhere).unwrap_err()), [("/project", "unknown-reference")]);
}
