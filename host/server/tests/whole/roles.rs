//! Roles that plugins declare: members are given them, and hold what they bring from the next request on.

use lignaflow_testkit::plugins::declared;
use lignaflow_testkit::site::{ENTRIES, HOURS};
use lignaflow_testkit::{Client, Database, Method, Role, Setup, on_both};
use serde_json::{Value as Json, json};

on_both!(a_role_brings_its_permissions_from_the_next_request_on, a_role_that_cannot_be_given_is_told);

const ROLES: &str = "[roles]\nsupervisor = { title = \"Supervisor\", permissions = [\"see-all\"] }\n\
                     bookkeeper = { title = \"Bookkeeper\", permissions = [\"see-rates\"] }\n\n[[collections]]";

fn setup() -> Setup {
    Setup { plugins: vec![declared(&HOURS.replacen("[[collections]]", ROLES, 1))], ..Setup::default() }
}

async fn put(api: &Client, person: &str, roles: Json) -> lignaflow_testkit::Answer {
    api.send(api.request(Method::PUT, &format!("people/{person}/roles")).json(&json!({ "roles": roles }))).await
}

async fn a_role_brings_its_permissions_from_the_next_request_on(database: Database) {
    let server = database.serve_with(setup()).await;
    let org = server.organization("Halloran").await;
    let (person, email, mia) = server.member(&org, "Mia", Role::Member).await;
    let person = person.to_string();
    let rate = json!({ "minor": 9500, "currency": "AUD" });
    let _ = org.post(ENTRIES, json!({ "note": "Slate", "rate": rate })).await.is(201);
    let visitor = server.visitor();
    visitor.sign_in(&email, &org.password).await;
    assert!(mia.get(ENTRIES).await.data().is_empty());
    visitor.get("/hours/entries").await.is(200).hides("Slate");

    let _ = put(&org, &person, json!(["hours.supervisor"])).await.is(204);
    let list = mia.get(ENTRIES).await.is(200);
    assert!(list.column("note") == ["Slate"] && list.data()[0].get("rate").is_none(), "{}", list.text);
    visitor.get("/hours/entries").await.is(200).shows("Slate").hides("95.00");

    let _ = put(&org, &person, json!(["hours.bookkeeper", "hours.supervisor"])).await.is(204);
    assert_eq!(mia.get(ENTRIES).await.data()[0]["rate"]["minor"], 9500);
    let people = org.get("people").await.is(200);
    let member = people.data().iter().find(|row| row["id"] == person.as_str()).unwrap();
    assert_eq!(
        (&member["role"], &member["roles"]),
        (&json!("member"), &json!(["hours.bookkeeper", "hours.supervisor"]))
    );

    let owner = server.signed_in(&org).await;
    owner.get("/admin/people").await.is(200).shows("Bookkeeper").shows("Mia").shows("Holds every permission.");
    let roles = format!("/admin/people/{person}/roles");
    let saved = owner.post(&roles, &[("role", "hours.supervisor")]).await;
    assert_eq!(saved.to(), "/admin/people");
    assert!(mia.get(ENTRIES).await.data()[0].get("rate").is_none());
    let _ = owner.post(&roles, &[("role", "hours.king")]).await.is(422);
    let _ = visitor.get("/admin/people").await.is(403);
    let _ = visitor.post(&roles, &[("role", "hours.bookkeeper")]).await.is(403);

    let _ = put(&org, &person, json!([])).await.is(204);
    assert!(mia.get(ENTRIES).await.data().is_empty());
}

async fn a_role_that_cannot_be_given_is_told(database: Database) {
    let server = database.serve_with(setup()).await;
    let org = server.organization("Halloran").await;
    let (person, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let person = person.to_string();
    let roles = org.get("roles").await.is(200);
    assert_eq!(
        roles.column("role").into_iter().filter(|role| role.starts_with("hours.")).collect::<Vec<_>>(),
        ["hours.bookkeeper", "hours.supervisor"]
    );
    let supervisor = roles.data().iter().find(|role| role["role"] == "hours.supervisor").unwrap();
    assert_eq!(supervisor["permissions"], json!(["hours.see-all"]));

    let refused = put(&org, &person, json!(["hours.supervisr", "owner"])).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/roles/0", "unknown-role"), ("/roles/1", "unknown-role")]);
    assert!(refused.message_at("/roles/0").contains("`hours.supervisor`"), "{}", refused.text);
    let _ = put(&mia, &person, json!(["hours.supervisor"])).await.is_problem(403, "denied");
    let nobody = "01932c1e-7b1c-7c55-9d3f-0a1b2c3d4e5f";
    let _ = put(&org, nobody, json!(["hours.supervisor"])).await.is_problem(404, "not-found");
    let other = server.organization("Elm").await;
    let _ = put(&other, &person, json!(["hours.supervisor"])).await.is_problem(404, "not-found");
    assert!(mia.get(ENTRIES).await.data().is_empty());
}
