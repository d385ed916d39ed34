//! Tasks laid out over work days.

use super::*;

fn phase(host: &Host, project: Id, name: &str) -> Id {
    let of = field("project").eq(project).and(field("name").eq(name));
    host.find(select("phases").columns(["id"]).filter(of)).unwrap().records().next().unwrap().reference("id").unwrap()
}

fn dates(host: &Host, collection: &str, id: Id) -> (String, String) {
    let record = host.record(collection, id).unwrap();
    let of = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    (of("start"), of("due"))
}

fn days(start: &str, due: &str) -> (String, String) {
    (start.to_owned(), due.to_owned())
}

#[test]
fn what_has_no_dates_follows_its_phases_and_what_has_some_stays() {
    let mut host = host();
    let kitchen = host.insert("projects", json!({ "name": "Kitchen", "start": "2026-12-07" })).unwrap();
    let [buying, building, handing] =
        ["Procurement", "Construction", "Handover"].map(|name| phase(&host, kitchen, name));
    let mut add = |title: &str, more: serde_json::Value| {
        let mut body = json!({ "title": title, "project": kitchen });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        host.insert("tasks", body).unwrap()
    };
    let clean = add("Clean", json!({ "phase": handing, "planned_minutes": 60 }));
    let fit = add("Fit", json!({ "phase": building, "planned_minutes": 1200 }));
    let order = add("Order", json!({ "phase": buying, "planned_minutes": 0 }));
    let measure = add("Measure", json!({ "phase": building, "due": "2026-12-01" }));
    let sign = add("Sign off", json!({ "planned_minutes": 30, "depends_on": [fit] }));
    let answer = host.post(&format!("/projects/{kitchen}/schedule"), &json!({})).unwrap();
    assert_eq!(answer.json(), &json!({ "tasks": 4, "start": "2026-12-07", "due": "2026-12-10" }));
    assert_eq!(dates(&host, "tasks", order), days("2026-12-07", "2026-12-07"));
    assert_eq!(dates(&host, "tasks", fit), days("2026-12-07", "2026-12-09"), "twenty hours of eight a day");
    assert_eq!(dates(&host, "tasks", clean), days("2026-12-09", "2026-12-09"));
    assert_eq!(dates(&host, "tasks", sign), days("2026-12-10", "2026-12-10"), "not on the day that the other ends");
    assert_eq!(dates(&host, "tasks", measure), days("", "2026-12-01"));
    assert_eq!(dates(&host, "phases", building), days("2026-12-01", "2026-12-09"));
    assert_eq!(dates(&host, "phases", phase(&host, kitchen, "Design")), days("", ""), "nothing is done in it");
    let again = host.post(&format!("/projects/{kitchen}/schedule"), &json!({})).unwrap_err();
    assert_eq!(again.code, ErrorCode::Conflict);
    assert!(again.message.contains("has a date already"), "{}", again.message);
}

#[test]
fn two_people_on_six_days_are_done_sooner() {
    let mut host = host();
    let porch = project(&mut host, "Porch");
    let deck = json!({ "title": "Deck", "project": porch, "planned_minutes": 1920 });
    let deck = host.insert("tasks", deck).unwrap();
    let body = json!({ "from": "2026-12-11", "a_day": 960, "days_a_week": 6 });
    host.post(&format!("/projects/{porch}/schedule"), &body).unwrap();
    assert_eq!(dates(&host, "tasks", deck), days("2026-12-11", "2026-12-12"), "Friday and Saturday");
}

#[test]
fn who_does_not_plan_lays_nothing_out_and_a_closed_project_stays() {
    let mut host = host();
    let kitchen = project(&mut host, "Kitchen");
    task(&mut host, kitchen, "Cut");
    host.caller.permissions.retain(|held| held != "projects.plan");
    assert_eq!(host.post(&format!("/projects/{kitchen}/schedule"), &json!({})).unwrap_err().code, ErrorCode::Denied);
    host.caller.permissions.extend(["projects.plan".to_owned()]);
    close(&mut host, kitchen);
    assert_eq!(host.post(&format!("/projects/{kitchen}/schedule"), &json!({})).unwrap_err().code, ErrorCode::Locked);
}
