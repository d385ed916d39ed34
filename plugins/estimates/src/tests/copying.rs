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
