//! What must be impossible, each with a test of its name.
//!
//! | what | where |
//! |---|---|
//! | reading or changing another organization's record by any id in any field of any operation | `isolation` |
//! | every operation open to nobody but whom its permission says | `permissions` |
//! | open redirects; cross-site posts; a session that outlives a change of password | `doors` |
//! | a file fetched without its right | `media`, and here |
//! | everything else of the list | here |

use crate::scene::{PROJECTS, TASKS, scene};
use lignaflow_testkit::{Database, HeldClock, Method, Page, Role, Server, Setup, on_both};
use serde_json::json;
use std::sync::Arc;

on_both!(
    nobody_joins_a_firm_by_typing_its_name,
    nobody_acts_who_was_invited_deactivated_or_demoted_a_moment_ago,
    nobody_raises_their_own_role,
    no_token_outlives_its_owner,
    no_session_survives_a_reset,
    no_reset_goes_to_an_address_that_the_account_has_left,
    no_reset_serves_twice_late_or_in_another_browser,
    nobody_learns_who_has_an_account,
    no_forwarded_header_is_believed_from_an_unknown_proxy,
    no_file_is_fetched_without_its_right,
    no_secret_is_read_back,
);

async fn nobody_joins_a_firm_by_typing_its_name(database: Database) {
    let server = database.serve().await;
    let (oak, elm) = (server.organization("Oak").await, server.organization("Elm").await);
    let visitor = server.signed_in(&elm).await;
    for typed in [oak.id.to_string(), "Oak".to_owned(), String::new()] {
        let there = visitor.post("/organization", &[("organization", &typed)]).await;
        assert_eq!(there.status, 404, "{typed}");
        let secret = json!({ "secret": typed, "name": "Eve", "email": "eve@example.com", "password": oak.password });
        let _ = server.client(None).post("auth/join", secret).await.is_problem(404, "not-found");
    }
    let setup = [("organization", "Oak"), ("name", "Eve"), ("email", "eve@example.com"), ("password", "spirit level")];
    let _ = server.visitor().post("/setup", &setup).await.is(403);
    let renamed = elm.patch("organization", "*", json!({ "name": "oak" })).await;
    let _ = renamed.is_problem(409, "conflict");
    assert_eq!(oak.get("people").await.data().len(), 1);
}

async fn nobody_acts_who_was_invited_deactivated_or_demoted_a_moment_ago(database: Database) {
    let server = database.serve().await;
    let (oak, elm) = (server.organization("Oak").await, server.organization("Elm").await);
    let (_, email, mia) = server.member(&elm, "Mia", Role::Member).await;
    let made = oak.post("invitations", json!({ "email": email, "role": "admin" })).await.is(201);
    let secret = made.json["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert_eq!(mia.get("account").await.json["organizations"].as_array().unwrap().len(), 1);
    let _ = server.client(Some(&secret)).get(TASKS).await.is_problem(401, "unauthenticated");
    let _ = server.client(Some(&format!("lf_{secret}"))).get(TASKS).await.is_problem(401, "unauthenticated");
    let visitor = server.visitor();
    visitor.sign_in(&email, &elm.password).await;
    assert_eq!(visitor.post("/organization", &[("organization", &oak.id.to_string())]).await.status, 404);

    let (ada_id, ada_email, ada) = server.member(&oak, "Ada", Role::Admin).await;
    let pages = server.visitor();
    pages.sign_in(&ada_email, &oak.password).await;
    let _ = ada.get("people").await.is(200);
    let path = format!("people/{ada_id}");
    let _ = oak.patch(&path, "*", json!({ "role": "member" })).await.is(204);
    let _ = ada.get("people").await.is_problem(403, "denied");
    let _ = ada.post("invitations", json!({})).await.is_problem(403, "denied");
    let _ = pages.get("/admin/people").await.is(403);
    let _ = oak.patch(&path, "*", json!({ "active": false })).await.is(204);
    let _ = ada.get(TASKS).await.is_problem(401, "unauthenticated");
    assert_eq!(pages.get("/").await.status, 303, "at the door");
    let fields = [("email", ada_email.as_str()), ("password", oak.password.as_str())];
    let _ = pages.post("/sign-in", &fields).await.is(403);
}

async fn nobody_raises_their_own_role(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Oak").await;
    let (mia_id, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let (ada_id, _, ada) = server.member(&org, "Ada", Role::Admin).await;
    for role in ["admin", "owner"] {
        let raised = mia.patch(&format!("people/{mia_id}"), "*", json!({ "role": role })).await;
        let _ = raised.is_problem(403, "denied");
    }
    let raised = ada.patch(&format!("people/{ada_id}"), "*", json!({ "role": "owner" })).await;
    assert_eq!(raised.is_problem(403, "denied").issues(), [("/role", "denied")]);
    let lowered = ada.patch(&format!("people/{}", org.owner), "*", json!({ "role": "member" })).await;
    let _ = lowered.is_problem(403, "denied");
    let put =
        mia.request(Method::PUT, &format!("people/{mia_id}/roles")).json(&json!({ "roles": ["projects.manager"] }));
    let _ = mia.send(put).await.is_problem(403, "denied");
    let _ = mia.post("roles", json!({ "name": "x", "title": "X", "permissions": [] })).await.is_problem(403, "denied");
    let _ = mia.post("invitations", json!({ "role": "owner" })).await.is_problem(403, "denied");
}

async fn no_token_outlives_its_owner(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Oak").await;
    let (_, email, mia) = server.member(&org, "Mia", Role::Member).await;
    let _ = mia.get(TASKS).await.is(200);
    server.app.identity.set_person_active(&email, false).await.unwrap();
    let _ = mia.get(TASKS).await.is_problem(401, "unauthenticated");
    let _ = mia.get("account").await.is_problem(401, "unauthenticated");
}

/// Asks for a letter and answers the path of its link.
async fn ask(server: &Server, browser: &lignaflow_testkit::Visitor, email: &str) -> String {
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

async fn nobody_learns_who_has_an_account(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Oak").await;
    let (shut, _, _) = (server.member(&org, "Shut", Role::Member).await.1, 0, 0);
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

async fn no_forwarded_header_is_believed_from_an_unknown_proxy(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Oak").await;
    let api = server.client(None);
    let body = json!({ "email": org.email, "password": org.password });
    let request = api.request(Method::POST, "auth/session").header("X-Forwarded-For", "203.0.113.7");
    let _ = api.send(request.header("Forwarded", "for=203.0.113.7").json(&body)).await.is(201);
    let opened = org.get("audit?kind=session.opened&limit=1").await.is(200);
    assert_eq!(opened.data()[0]["address"], "127.0.0.1");
}

async fn no_file_is_fetched_without_its_right(database: Database) {
    let scene = scene(&database).await;
    let plan = crate::media::bring(&scene.org, "plan.pdf", "application/pdf", crate::media::PDF).await.is(201).id();
    let body = json!({ "documents": [plan] });
    let _ = scene.org.patch(&format!("{PROJECTS}/{}", scene.project), "*", body).await.is(200);
    let _ = scene.org.get(&format!("media/{plan}/content")).await.is(200);
    let other = scene.server.organization("Elm").await;
    for path in [format!("media/{plan}"), format!("media/{plan}/content")] {
        let _ = other.get(&path).await.is_problem(404, "not-found");
        let _ = scene.server.client(None).get(&path).await.is_problem(401, "unauthenticated");
    }
    let visitor = scene.server.signed_in(&other).await;
    let _ = visitor.get(&format!("/media/{plan}")).await.is(404);
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
