//! A forgotten password: the letter, its code that serves once, in the browser that asked, and what it tells nobody.

use crate::scene::{TASKS, scene};
use lignaflow_testkit::{Database, HeldClock, Method, Page, Role, Server, Setup, Visitor, on_both};
use serde_json::json;
use std::sync::Arc;

on_both!(
    no_session_survives_a_reset,
    no_reset_goes_to_an_address_that_the_account_has_left,
    no_reset_serves_twice_late_or_in_another_browser,
    nobody_learns_who_has_an_account_by_asking_for_a_reset,
    no_secret_is_read_back,
);

/// Asks for a letter and answers the path of its link.
async fn ask(server: &Server, browser: &Visitor, email: &str) -> String {
    browser.post("/forgotten", &[("email", email)]).await.is(200).shows("If the address is that of an account");
    server.app.identity.settle().await;
    server.last_letter(email).await.path("/reset/")
}

const NEW: &str = "a plane for the edges";

async fn no_session_survives_a_reset(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Oak").await;
    let elsewhere = server.signed_in(&org).await;
    let browser = server.visitor();
    let path = ask(&server, &browser, &org.email).await;
    browser.get(&path).await.is(200).shows("Choose a new password");
    browser.post(&path, &[("password", "short")]).await.is(422).shows("at least 8 characters");
    assert_eq!(browser.post(&path, &[("password", NEW)]).await.to(), "/sign-in");
    assert_eq!(elsewhere.get("/").await.status, 303, "at the door");
    let before = [("email", org.email.as_str()), ("password", org.password.as_str())];
    let _ = browser.post("/sign-in", &before).await.is(403);
    browser.sign_in(&org.email, NEW).await;
    let audit = org.get("audit?kind=password").await.is(200);
    assert_eq!(audit.column("kind"), ["password.reset", "password.reset-asked"]);
}

async fn no_reset_goes_to_an_address_that_the_account_has_left(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Oak").await;
    let visitor = server.signed_in(&org).await;
    let thief = server.visitor();
    let reset = ask(&server, &thief, &org.email).await;
    let wrong = visitor.post("/account/address", &[("proof", "guessed"), ("email", "new@oak.example")]).await.is(422);
    wrong.shows("not your password");
    let fields = [("proof", org.password.as_str()), ("email", "New@Oak.example")];
    assert_eq!(visitor.post("/account/address", &fields).await.status, 303);
    assert_eq!(org.get("account").await.json["person"]["email"], org.email, "not before it is opened");
    let confirm = server.last_letter("new@oak.example").await.path("/account/address/");
    let stranger = server.organization("Elm").await;
    let _ = server.signed_in(&stranger).await.get(&confirm).await.is(409);
    assert_eq!(visitor.get(&confirm).await.status, 303);
    let _ = visitor.get(&confirm).await.is(409);
    assert_eq!(org.get("account").await.json["person"]["email"], "New@Oak.example");
    let told = server.last_letter(&org.email).await;
    assert_eq!(told.kind, "address-changed");
    let _ = thief.get(&reset).await.is(409);
    let _ = thief.post(&reset, &[("password", NEW)]).await.is(409);
    let sent = server.mailbox().await.len();
    thief.post("/forgotten", &[("email", &org.email)]).await.is(200).shows("If the address is that of an account");
    server.app.identity.settle().await;
    assert_eq!(server.mailbox().await.len(), sent, "nobody has that address any more");
    // An address that another account has is not told to be one, and not taken.
    let fields = [("proof", stranger.password.as_str()), ("email", "new@oak.example")];
    assert_eq!(server.signed_in(&stranger).await.post("/account/address", &fields).await.status, 303);
    assert_eq!(server.mailbox().await.len(), sent);
}

async fn no_reset_serves_twice_late_or_in_another_browser(database: Database) {
    let clock = HeldClock::at(1_795_000_000_000_000);
    let server = database.serve_with(Setup { clock: Arc::new(clock.clone()), ..Setup::default() }).await;
    let org = server.organization("Oak").await;
    let (browser, other) = (server.visitor(), server.visitor());
    let first = ask(&server, &browser, &org.email).await;
    clock.advance_seconds(1);
    let path = ask(&server, &browser, &org.email).await;
    assert_ne!(first, path);
    let _ = browser.post(&first, &[("password", NEW)]).await.is(409);
    let _ = other.get(&path).await.is(409);
    let _ = other.post(&path, &[("password", NEW)]).await.is(409);
    let mut guess = path.clone();
    let last = if guess.pop() == Some('a') { 'b' } else { 'a' };
    guess.push(last);
    let _ = browser.post(&guess, &[("password", NEW)]).await.is(409);
    assert_eq!(browser.post(&path, &[("password", NEW)]).await.status, 303);
    let _ = browser.post(&path, &[("password", "another one altogether")]).await.is(409);
    clock.advance_seconds(60);
    let late = ask(&server, &browser, &org.email).await;
    clock.advance_seconds(60 * 60);
    let _ = browser.post(&late, &[("password", "another one altogether")]).await.is(409);
    browser.sign_in(&org.email, NEW).await;
}

async fn nobody_learns_who_has_an_account_by_asking_for_a_reset(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Oak").await;
    let (_, shut, _) = server.member(&org, "Shut", Role::Member).await;
    server.app.identity.set_person_active(&shut, false).await.unwrap();
    let told = |page: &Page, email: &str| page.text.replace(email, "");
    let (browser, mut answers) = (server.visitor(), Vec::new());
    for email in [org.email.as_str(), "nobody@example.com", shut.as_str()] {
        let forgotten = browser.post("/forgotten", &[("email", email)]).await.is(200);
        assert!(forgotten.sets("__Host-lignaflow-reset").is_some(), "also where there is nothing to reset");
        let signed = browser.post("/sign-in", &[("email", email), ("password", "oak and ash")]).await.is(403);
        answers.push((told(&forgotten, email), told(&signed, email)));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    server.app.identity.settle().await;
    let letters = server.mailbox().await;
    assert_eq!(letters.len(), 1, "{letters:?}");
}

/// What stands for somebody is shown once, where it is made, and is found nowhere afterwards.
async fn no_secret_is_read_back(database: Database) {
    let scene = scene(&database).await;
    let (server, org) = (&scene.server, &scene.org);
    let browser = server.visitor();
    let reset = ask(server, &browser, &org.email).await;
    let made = org.post("invitations", json!({ "email": "sam@example.com" })).await.is(201);
    let webhook = org.post("webhooks", json!({ "url": "https://nowhere.invalid/" })).await.is(201);
    let last = |text: &str| text.rsplit('/').next().unwrap().to_owned();
    let secrets = [
        last(&reset),
        last(made.json["link"].as_str().unwrap()),
        webhook.json["secret"].as_str().unwrap().to_owned(),
        org.token.clone(),
        org.password.clone(),
    ];
    let export = org.request(Method::GET, "audit").header("Accept", "text/csv");
    let export = org.send(export).await.is(200).text;
    let visitor = server.signed_in(org).await;
    let mut seen = vec![("the audit as a file", export)];
    for path in ["account", "people", "invitations", "tokens", "webhooks", "audit?limit=200", "changes?after=0", TASKS]
    {
        seen.push((path, org.get(path).await.text));
    }
    for path in ["/account", "/admin/people", "/admin/audit", "/admin/webhooks", "/"] {
        seen.push((path, visitor.get(path).await.text.clone()));
    }
    let broken = json!({ "email": org.email, "password": org.password, "more": org.token });
    seen.push(("a problem", server.client(None).post("auth/session", broken).await.is(422).text));
    for (place, text) in &seen {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{place} holds a secret");
        }
    }
}
