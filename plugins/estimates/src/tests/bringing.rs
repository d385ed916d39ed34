//! Estimates of before, with the states that they had and the moments when they had them.

use super::*;

fn was(host: &mut Host, revision: Id, body: Json) -> Result<(), Fault> {
    host.post(&format!("/revisions/{revision}/as-it-was"), &body).map(|_| ())
}

fn before() -> (Host, Begun) {
    let mut host = host();
    host.caller.permissions.push("estimates.import".to_owned());
    let kitchen = begin(&mut host, "Kitchen");
    kitchen.priced(&mut host, "100", json!({}));
    (host, kitchen)
}

const ISSUED: &str = "2025-03-03T01:00:00Z";
const ANSWERED: &str = "2025-03-09T13:30:00Z";

fn issued() -> Json {
    json!({ "status": "issued", "at": ISSUED, "valid_until": "2025-04-02" })
}

fn accepted() -> Json {
    json!({ "status": "accepted", "at": ANSWERED, "answered_by": "Alice Whitford" })
}

fn first(host: &Host, collection: &str) -> Fields {
    let page = host.find(select(collection).columns(["id"])).unwrap();
    assert_eq!(page.rows.len(), 1, "{collection}");
    host.fields(collection, page.records().next().unwrap().reference("id").unwrap()).unwrap()
}

#[test]
fn what_was_accepted_is_of_the_day_that_it_was_and_tells_nobody() {
    let (mut host, kitchen) = before();
    was(&mut host, kitchen.revision, issued()).unwrap();
    was(&mut host, kitchen.revision, accepted()).unwrap();
    assert_eq!(status(&host, kitchen.revision), "accepted");
    let revision = host.fields("revisions", kitchen.revision).unwrap();
    assert_eq!(revision.instant("issued_at"), Some(ISSUED.parse().unwrap()));
    assert_eq!(revision.date("valid_until"), Some("2025-04-02".parse().unwrap()));
    let acceptance = first(&host, "acceptances");
    // Half past midnight in Sydney.
    assert_eq!(acceptance.date("day"), Some("2025-03-10".parse().unwrap()));
    assert_eq!(acceptance.money("total").unwrap().minor, 11_000);
    assert_eq!(host.run_jobs(), Ok(0), "neither a paper nor a project");
}

#[test]
fn a_project_that_is_there_is_what_an_estimate_of_before_has_become() {
    let (mut host, kitchen) = before();
    let project = host.insert("projects/projects", json!({ "name": "Kitchen" })).unwrap();
    let converted = json!({ "status": "converted", "project": project });
    let early = was(&mut host, kitchen.revision, converted.clone()).unwrap_err();
    assert_eq!(early.code, ErrorCode::Conflict);
    was(&mut host, kitchen.revision, issued()).unwrap();
    was(&mut host, kitchen.revision, accepted()).unwrap();
    was(&mut host, kitchen.revision, converted).unwrap();
    assert_eq!(status(&host, kitchen.revision), "converted");
    assert_eq!(host.fields("estimates", kitchen.estimate).unwrap().reference("project"), Some(project));
    let baseline = first(&host, "projects/baselines");
    assert_eq!((baseline.reference("project"), baseline.money("sell").unwrap().minor), (Some(project), 10_000));
    assert_eq!(baseline.date("agreed_on"), Some("2025-03-10".parse().unwrap()));
    assert!(host.find(select("projects/tasks").columns(["id"])).unwrap().rows.is_empty(), "its tasks are its own");
}

#[test]
fn what_expired_did_so_then_and_what_is_to_come_was_not() {
    let (mut host, kitchen) = before();
    was(&mut host, kitchen.revision, issued()).unwrap();
    was(&mut host, kitchen.revision, json!({ "status": "expired" })).unwrap();
    assert_eq!(status(&host, kitchen.revision), "expired");
    let other = begin(&mut host, "Bath");
    other.priced(&mut host, "50", json!({}));
    let to_come =
        was(&mut host, other.revision, json!({ "status": "issued", "at": "2999-01-01T00:00:00Z" })).unwrap_err();
    assert_eq!(codes(&to_come), [("/at", "future")]);
    let never = was(&mut host, other.revision, json!({ "status": "issued" })).unwrap_err();
    assert_eq!(codes(&never), [("/at", "required")]);
}
