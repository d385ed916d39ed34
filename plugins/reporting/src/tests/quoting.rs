//! What becomes of quotes: the rates, how long it takes, and why some are declined.

use super::{Host, aud, host, report};
use lignaflow_sdk::prelude::*;
use serde_json::{Value as Json, json};

/// An estimate with one document in that state, which is what became of it.
fn quote(host: &mut Host, title: &str, status: &str, minor: i64, more: &Json) -> Id {
    let estimate = json!({ "title": title, "status": status, "total": aud(minor) });
    let estimate = host.insert("estimates/estimates", estimate).unwrap();
    document(host, estimate, status, more);
    estimate
}

fn document(host: &mut Host, estimate: Id, status: &str, more: &Json) {
    let mut revision = json!({ "estimate": estimate, "letter": "A" });
    revision.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let revision = host.insert("estimates/revisions", revision).unwrap();
    let steps: &[&str] = match status {
        "converted" => &["issue", "accept", "convert"],
        "accepted" => &["issue", "accept"],
        "declined" => &["issue", "decline"],
        "expired" => &["issue", "expire"],
        _ => &["issue"],
    };
    for step in steps {
        host.transition("estimates/revisions", revision, step).unwrap();
    }
}

/// Two won, four lost, one open, and a template.
fn funnel() -> Host {
    let mut host = host();
    let days = |from: &str, to: &str| json!({ "issued_at": from, "answered_at": to });
    // Eight and a half days, and one.
    quote(&mut host, "Kitchen", "converted", 100_000, &days("2026-11-01T00:00:00Z", "2026-11-09T12:00:00Z"));
    quote(&mut host, "Bath", "accepted", 50_000, &days("2026-11-10T00:00:00Z", "2026-11-11T00:00:00Z"));
    let porch = quote(&mut host, "Porch", "declined", 30_000, &json!({ "reason": "Wrong colour" }));
    // Declined once more: what was said last counts.
    document(&mut host, porch, "declined", &json!({ "letter": "B", "reason": "Too dear" }));
    quote(&mut host, "Shed", "declined", 20_000, &json!({ "reason": " too dear " }));
    quote(&mut host, "Fence", "declined", 10_000, &json!({}));
    quote(&mut host, "Gate", "expired", 40_000, &json!({}));
    quote(&mut host, "Stair", "issued", 70_000, &json!({ "issued_at": "2026-11-12T00:00:00Z" }));
    let template = json!({ "title": "Standard kitchen", "template": true, "total": aud(999) });
    host.insert("estimates/estimates", template).unwrap();
    host
}

#[test]
fn rates_are_of_what_is_decided_by_number_and_by_value() {
    let mut host = funnel();
    let answer = report(&mut host, "/quotes", &[]);
    assert_eq!(answer["total"], json!({ "count": 7, "value": 320_000 }), "a template is no quote");
    assert_eq!((&answer["won"], &answer["lost"]), (&json!(2), &json!(4)));
    assert_eq!((&answer["win_rate"], &answer["win_rate_by_value"]), (&json!(3_333), &json!(6_000)));
    assert_eq!(answer["days_to_accept"], 48, "4.75 days, to the tenth");
    assert_eq!(answer["figures"][4], json!({ "title": "Days to accept", "decimal": "4.8" }));
    let rows = answer["rows"].as_array().unwrap();
    let of = |status: &str| rows.iter().find(|row| row["status"] == status).cloned().unwrap();
    assert_eq!((&of("declined")["count"], &of("declined")["value"]), (&json!(3), &json!(60_000)));
    assert_eq!(of("declined")["records"], "/api/v1/estimates/estimates?filter[status]=declined&filter[template]=false");
    assert!(rows.iter().all(|row| row["status"] != "draft"), "{rows:?}");
    let later = report(&mut host, "/quotes", &[("from", "2026-12-01")]);
    assert_eq!((&later["win_rate"], &later["days_to_accept"]), (&json!(null), &json!(null)));
}

#[test]
fn reasons_of_quotes_that_were_declined_come_to_what_the_funnel_says_of_these() {
    let mut host = funnel();
    let answer = report(&mut host, "/quotes/declines", &[("from", "2026-11-01"), ("until", "2026-11-30")]);
    let told: Vec<_> = answer["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["title"].as_str().unwrap(), row["count"].as_i64().unwrap(), row["value"].as_i64().unwrap()))
        .collect();
    assert_eq!(told, [("Too dear", 2, 50_000), ("No reason given", 1, 10_000)]);
    assert_eq!(answer["total"], json!({ "count": 3, "value": 60_000 }));
    let behind = answer["rows"][0]["records"].as_str().unwrap();
    assert!(behind.starts_with("/api/v1/estimates/estimates?filter[status]=declined&filter[id][in]="), "{behind}");
    assert_eq!(report(&mut host, "/quotes/declines", &[("until", "2026-10-31")])["rows"], json!([]));
    assert_eq!(host.get("/quotes/declines", &[("from", "soon")]).unwrap_err().issues.len(), 1);
    host.caller.permissions.retain(|held| held != "estimates.see");
    assert_eq!(host.get("/quotes/declines", &[]).unwrap_err().code, ErrorCode::Denied);
}
