//! Organizations that people make by themselves, where the instance lets them.

use lignaflow_testkit::{Database, HeldClock, Server, Setup, on_both};
use serde_json::json;
use std::sync::Arc;

on_both!(
    somebody_new_makes_an_organization_once_their_address_is_verified,
    nobody_comes_into_an_organization_by_sign_up,
    an_instance_lets_nobody_sign_up_unless_it_says_so,
);

async fn open(database: &Database) -> (Server, HeldClock) {
    let clock = HeldClock::at(1_795_000_000_000_000);
    let config: fn(&mut lignaflow_server::config::Config) = |config| config.identity.sign_up = true;
    let setup = Setup { clock: Arc::new(clock.clone()), config, ..Setup::default() };
    (database.serve_with(setup).await, clock)
}

/// Asks for a letter and answers the path of its link.
async fn ask(server: &Server, email: &str) -> String {
    let browser = server.visitor();
    browser.get("/sign-in").await.is(200).shows("href=\"/sign-up\"");
    browser.post("/sign-up", &[("email", email)]).await.is(200).shows("A letter is on its way");
    server.app.identity.settle().await;
    server.last_letter(email).await.path("/sign-up/")
}

async fn somebody_new_makes_an_organization_once_their_address_is_verified(database: Database) {
    let (server, clock) = open(&database).await;
    let oak = server.organization("Oak").await;
    let browser = server.visitor();
    browser.post("/sign-up", &[("email", "eve")]).await.is(422).shows("id=\"error-email\"");
    let path = ask(&server, "Eve@Example.com").await;
    browser.get(&path).await.is(200).shows("Eve@Example.com").hides("name=\"email\"");
    let weak = [("organization", ""), ("country", "NZ"), ("name", ""), ("password", "short")];
    let refused = browser.post(&path, &weak).await.is(422);
    refused.shows("href=\"#f-organization\"").shows("href=\"#f-name\"").shows("href=\"#f-password\"");
    let fields = [
        ("organization", "Elm"),
        ("country", "NZ"),
        ("name", "Eve"),
        ("email", oak.email.as_str()),
        ("password", "a plane for the edges"),
    ];
    let made = browser.post(&path, &fields).await;
    assert_eq!((made.status, made.to()), (303, "/"), "{}", made.text);
    let me = browser.get("/api/v1/account").await.is(200);
    assert_eq!(me.json["person"]["email"], "Eve@Example.com", "the one that was verified, whatever was posted");
    assert_eq!(me.json["organization"]["name"], "Elm");
    assert_eq!(me.json["person"]["instance_admin"], false);
    let organization = browser.get("/api/v1/organization").await.is(200);
    assert_eq!(organization.json["time_zone"], "Pacific/Auckland");
    assert_eq!(oak.get("people").await.data().len(), 1);
    let _ = browser.get("/api/v1/plugins").await.is(200);
    // It serves once, and for a day.
    let _ = browser.post(&path, &fields).await.is(409);
    let late = ask(&server, "sam@example.com").await;
    clock.advance_seconds(24 * 60 * 60);
    let _ = browser.get(&late).await.is(409);
    // By the API.
    let secret = ask(&server, "ida@example.com").await.rsplit('/').next().unwrap().to_owned();
    let api = server.client(None);
    let body = json!({ "secret": secret, "organization": "Ash", "name": "Ida", "password": "a plane for the edges" });
    let founded = api.post("auth/organizations", body.clone()).await.is(201);
    assert!(founded.header("set-cookie").starts_with("__Host-lignaflow="));
    let _ = api.post("auth/organizations", body).await.is_problem(409, "conflict");
}

async fn nobody_comes_into_an_organization_by_sign_up(database: Database) {
    let (server, _) = open(&database).await;
    let oak = server.organization("Oak").await;
    let path = ask(&server, "eve@example.com").await;
    let fields = [("organization", "  öak "), ("name", "Eve"), ("password", "a plane for the edges")];
    let browser = server.visitor();
    browser.post(&path, &fields).await.is(409).shows("There is an organization named");
    assert_eq!(oak.get("people").await.data().len(), 1);
    // Who has an account is told so by letter, and nobody else is.
    let known = browser.post("/sign-up", &[("email", &oak.email)]).await.is(200);
    let unknown = browser.post("/sign-up", &[("email", "new@example.com")]).await.is(200);
    assert_eq!(known.text, unknown.text);
    server.app.identity.settle().await;
    let letter = server.last_letter(&oak.email).await;
    assert_eq!(letter.subject, "You have an account already");
    assert!(!letter.text.contains("/sign-up/"));
    // Who was given an account meanwhile makes none by the link of before.
    let late = ask(&server, "mia@example.com").await;
    let body = json!({ "email": "mia@example.com", "name": "Mia", "password": oak.password, "role": "member" });
    let _ = oak.post("people", body).await.is(201);
    let fields = [("organization", "Beech"), ("name", "Mia"), ("password", "a plane for the edges")];
    let _ = browser.post(&late, &fields).await.is(409);
}

async fn an_instance_lets_nobody_sign_up_unless_it_says_so(database: Database) {
    let server = database.serve().await;
    server.organization("Oak").await;
    let browser = server.visitor();
    browser.get("/sign-in").await.is(200).hides("/sign-up");
    let _ = browser.get("/sign-up").await.is(404);
    let _ = browser.post("/sign-up", &[("email", "eve@example.com")]).await.is(404);
    let api = server.client(None);
    let _ = api.post("auth/sign-up", json!({ "email": "eve@example.com" })).await.is_problem(404, "not-found");
    server.app.identity.settle().await;
    assert!(server.mailbox().await.is_empty());
}
