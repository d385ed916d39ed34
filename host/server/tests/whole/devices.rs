//! Enrolled devices, and members who sign in on them by a name and a PIN.

use crate::scene::TASKS;
use lignaflow_testkit::{Database, HeldClock, Method, Org, Role, Server, Setup, Visitor, on_both, on_one};
use serde_json::json;
use std::sync::Arc;

on_both!(
    a_member_without_an_address_signs_in_by_pin_on_an_enrolled_device_alone,
    a_device_that_is_revoked_signs_out_who_was_on_it,
    wrong_pins_wait_ever_longer_and_a_right_one_is_heard_again,
    a_name_that_nobody_has_is_answered_like_one_that_somebody_has,
    a_pin_is_for_members_of_one_organization_and_makes_no_more_of_them,
    a_session_on_a_device_lasts_ninety_days_used_or_not,
    a_member_chooses_another_pin,
);

on_one!(devices_are_enrolled_and_pins_are_given_in_pages);

const START: i64 = 1_795_000_000_000_000;
const DEVICE: &str = "__Host-lignaflow-device";

async fn serve(database: &Database) -> (Server, Org, HeldClock) {
    let clock = HeldClock::at(START);
    let server = database.serve_with(Setup { clock: Arc::new(clock.clone()), ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    (server, org, clock)
}

/// A browser that is enrolled, and the id of the device.
async fn enrolled(server: &Server, org: &Org) -> (Visitor, String) {
    let made = org.post("devices", json!({ "name": "Workshop tablet" })).await.is(201);
    let path = made.json["link"].as_str().unwrap().strip_prefix(server.root.as_str()).unwrap().to_owned();
    let browser = server.visitor();
    browser.get(&path).await.is(200).shows("Workshop tablet");
    assert_eq!(browser.post(&path, &[]).await.to(), "/sign-in/pin");
    (browser, made.id())
}

/// Somebody who has no address, and what they sign in with.
async fn worker(org: &Org, name: &str) -> (String, String) {
    let person = org.post("people/placeholders", json!({ "name": name })).await.is(201).id();
    let set = org.request(Method::PUT, &format!("people/{person}/pin")).json(&json!({ "username": name }));
    let set = org.send(set).await.is(200);
    (person, set.json["pin"].as_str().unwrap().to_owned())
}

async fn sign_in(browser: &Visitor, username: &str, pin: &str) -> u16 {
    browser.post("/sign-in/pin", &[("username", username), ("pin", pin)]).await.status
}

async fn a_member_without_an_address_signs_in_by_pin_on_an_enrolled_device_alone(database: Database) {
    let (server, org, _) = serve(&database).await;
    let (ron, pin) = worker(&org, "Ron").await;
    assert!(pin.len() == 6 && pin.bytes().all(|byte| byte.is_ascii_digit()), "{pin}");
    let plain = server.visitor();
    let _ = plain.get("/sign-in/pin").await.is(404);
    assert_eq!(sign_in(&plain, "ron", &pin).await, 404);
    let nowhere = server.client(None).post("auth/pin", json!({ "username": "ron", "pin": pin })).await;
    let _ = nowhere.is_problem(404, "not-found");
    let (browser, device) = enrolled(&server, &org).await;
    assert_eq!(browser.get("/sign-in?next=/projects/tasks").await.to(), "/sign-in/pin?next=%2Fprojects%2Ftasks");
    browser.get("/sign-in?by=password").await.is(200).shows("Password");
    assert_eq!(sign_in(&browser, "ron", "918273").await, 403);
    assert_eq!(sign_in(&browser, "nobody", &pin).await, 403);
    assert_eq!(sign_in(&browser, "  RON ", &pin).await, 303, "however it is typed");
    let me = browser.get("/api/v1/account").await.is(200);
    assert_eq!(me.json["person"]["id"], ron.as_str());
    let _ = browser.get("/projects/tasks").await.is(200);
    // Another organization's device is another's.
    let elm = server.organization("Elm").await;
    let (theirs, _) = enrolled(&server, &elm).await;
    assert_eq!(sign_in(&theirs, "ron", &pin).await, 403);
    // A link serves once.
    let made = org.post("devices", json!({ "name": "Van" })).await.is(201);
    let secret = made.json["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let api = server.client(None);
    let enrolled = api.post("auth/device", json!({ "secret": secret })).await.is(201);
    assert!(enrolled.header("set-cookie").starts_with(DEVICE));
    let _ = api.post("auth/device", json!({ "secret": secret })).await.is_problem(404, "not-found");
    // The cookie is neither the link nor anything that a list tells.
    let cookie = browser.cookie(DEVICE).unwrap();
    let listed = org.get("devices").await.is(200);
    assert!(!listed.text.contains(&cookie) && !listed.text.contains(&secret) && !listed.text.contains(&pin));
    assert_eq!(listed.column("state"), ["enrolled", "enrolled"]);
    assert!(listed.data().iter().any(|row| row["id"] == device.as_str() && !row["last_used_at"].is_null()));
    let kinds = org.get("audit?kind=device").await.is(200).column("kind");
    assert_eq!(kinds, ["device.enrolled", "device.made", "device.enrolled", "device.made"]);
    assert_eq!(org.get("audit?kind=pin").await.is(200).column("kind"), ["pin.set"]);
    let failed = org.get("audit?kind=session.failed").await.is(200).data().len()
        + org.get("audit?q=failed").await.is(200).data().len();
    assert!(failed > 0, "failures are written down where the device is");
}

async fn a_device_that_is_revoked_signs_out_who_was_on_it(database: Database) {
    let (server, org, _) = serve(&database).await;
    let (_, pin) = worker(&org, "Ron").await;
    let (browser, device) = enrolled(&server, &org).await;
    let (other, _) = enrolled(&server, &org).await;
    assert_eq!((sign_in(&browser, "Ron", &pin).await, sign_in(&other, "Ron", &pin).await), (303, 303));
    let elm = server.organization("Elm").await;
    let _ = elm.delete(&format!("devices/{device}"), "*").await.is_problem(404, "not-found");
    let _ = org.delete(&format!("devices/{device}"), "*").await.is(204);
    let _ = org.delete(&format!("devices/{device}"), "*").await.is_problem(404, "not-found");
    let _ = browser.get("/api/v1/account").await.is(401);
    assert_eq!(sign_in(&browser, "Ron", &pin).await, 404, "it is enrolled no more");
    let _ = other.get("/api/v1/account").await.is(200);
    // Nor does a link that was revoked before it was opened.
    let made = org.post("devices", json!({ "name": "Van" })).await.is(201);
    let _ = org.delete(&format!("devices/{}", made.id()), "*").await.is(204);
    let path = made.json["link"].as_str().unwrap().strip_prefix(server.root.as_str()).unwrap();
    let _ = server.visitor().post(path, &[]).await.is(409);
}

async fn wrong_pins_wait_ever_longer_and_a_right_one_is_heard_again(database: Database) {
    let (server, org, clock) = serve(&database).await;
    let (_, pin) = worker(&org, "Ron").await;
    let (browser, _) = enrolled(&server, &org).await;
    for _ in 0..5 {
        assert_eq!(sign_in(&browser, "Ron", "918273").await, 403);
        clock.advance_seconds(20);
    }
    assert_eq!(sign_in(&browser, "Ron", &pin).await, 429, "also the right one waits");
    clock.advance_seconds(11);
    assert_eq!(sign_in(&browser, "Ron", "918273").await, 403);
    clock.advance_seconds(31);
    assert_eq!(sign_in(&browser, "Ron", &pin).await, 429, "twice as long");
    clock.advance_seconds(30);
    assert_eq!(sign_in(&browser, "Ron", &pin).await, 303, "and never for good");
    assert_eq!(sign_in(&browser, "Ron", "918273").await, 403);
    clock.advance_seconds(1);
    assert_eq!(sign_in(&browser, "Ron", &pin).await, 303, "counted from the beginning");
}

async fn a_name_that_nobody_has_is_answered_like_one_that_somebody_has(database: Database) {
    let (server, org, clock) = serve(&database).await;
    let _ = worker(&org, "Ron").await;
    let (browser, _) = enrolled(&server, &org).await;
    let mut told = Vec::new();
    for name in ["Ron", "Nobody"] {
        let mut answers = Vec::new();
        for _ in 0..12 {
            let before = server.app.identity.hashes_computed();
            let fields = [("username", name), ("pin", "918273")];
            let page = browser.post("/sign-in/pin", &fields).await;
            answers.push((page.status, page.text.replace(name, ""), server.app.identity.hashes_computed() - before));
            clock.advance_seconds(16);
        }
        assert!(answers.iter().any(|(status, ..)| *status == 403) && answers.iter().any(|(status, ..)| *status == 429));
        told.push(answers);
    }
    assert_eq!(told[0], told[1]);
}

async fn a_pin_is_for_members_of_one_organization_and_makes_no_more_of_them(database: Database) {
    let (server, org, _) = serve(&database).await;
    let put = async |person: &str, body: serde_json::Value| {
        org.send(org.request(Method::PUT, &format!("people/{person}/pin")).json(&body)).await
    };
    let (mia, email, _) = server.member(&org, "Mia", Role::Member).await;
    let (ada, _, _) = server.member(&org, "Ada", Role::Admin).await;
    let mia = mia.to_string();
    let refused = put(&ada.to_string(), json!({ "username": "ada" })).await.is_problem(409, "conflict");
    assert_eq!(refused.issues(), [("/person", "role")]);
    let weak = put(&mia, json!({ "username": "", "pin": "123456" })).await.is_problem(422, "invalid");
    assert_eq!(weak.issues(), [("/username", "format"), ("/pin", "weak")]);
    let _ = put(&mia, json!({ "username": "Mia", "pin": "273941" })).await.is(200);
    let (ron, _) = worker(&org, "Ron").await;
    let taken = put(&ron, json!({ "username": "mía" })).await.is_problem(409, "conflict");
    assert_eq!(taken.issues(), [("/username", "taken")]);

    let (browser, _) = enrolled(&server, &org).await;
    assert_eq!(sign_in(&browser, "mia", "273941").await, 303);
    // It opens no other organization of theirs, and nothing that outlives it.
    let elm = server.organization("Elm").await;
    let asked = elm.post("invitations", json!({})).await.is(201);
    let secret = asked.json["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let own = server.visitor();
    own.sign_in(&email, &org.password).await;
    assert_eq!(own.post(&format!("/join/{secret}"), &[]).await.status, 303);
    let here = browser.get("/api/v1/account").await.is(200);
    assert_eq!(here.json["organizations"].as_array().unwrap().len(), 1);
    assert_eq!(browser.post("/organization", &[("organization", &elm.id.to_string())]).await.status, 403);
    let api = async |path: &str, body: serde_json::Value| {
        let request = browser.request(Method::POST, path).header("Origin", server.root.as_str()).json(&body);
        browser.send(request).await.status
    };
    assert_eq!(api("/api/v1/tokens", json!({ "name": "For ever" })).await, 403);
    assert_eq!(api("/api/v1/account/second-factor", json!({})).await, 403);
    assert_eq!(api("/api/v1/auth/session/proof", json!({ "password": org.password })).await, 403);
    let address = json!({ "current_password": org.password, "email": "x@example.com" });
    assert_eq!(api("/api/v1/account/address", address).await, 403);
    browser.get("/account").await.is(200).shows("Change PIN").hides("Change password").hides("/account/tokens\"");
    // An administrator is none by PIN, from the moment that they are one.
    let _ = org.patch(&format!("people/{mia}"), "*", json!({ "role": "admin" })).await.is(204);
    let _ = browser.get("/api/v1/account").await.is(401);
    assert_eq!(sign_in(&browser, "mia", "273941").await, 403);
    let _ = org.patch(&format!("people/{mia}"), "*", json!({ "role": "member" })).await.is(204);
    assert_eq!(sign_in(&browser, "mia", "273941").await, 303);
    let _ = org.delete(&format!("people/{mia}/pin"), "*").await.is(204);
    let _ = org.delete(&format!("people/{mia}/pin"), "*").await.is_problem(404, "not-found");
    let _ = browser.get("/api/v1/account").await.is(401);
    let _ = own.get("/api/v1/account").await.is(200);
    // Nobody who is not active.
    let _ = org.patch(&format!("people/{ron}"), "*", json!({ "active": false })).await.is(204);
    let (sam, pin) = worker(&org, "Sam").await;
    assert_eq!(sign_in(&browser, "Sam", &pin).await, 303);
    let _ = org.patch(&format!("people/{sam}"), "*", json!({ "active": false })).await.is(204);
    let _ = browser.get("/api/v1/account").await.is(401);
    assert_eq!(sign_in(&browser, "Sam", &pin).await, 403);
}

async fn a_session_on_a_device_lasts_ninety_days_used_or_not(database: Database) {
    const DAY: i64 = 24 * 60 * 60;
    let (server, org, clock) = serve(&database).await;
    let (_, pin) = worker(&org, "Ron").await;
    let (browser, _) = enrolled(&server, &org).await;
    let elsewhere = server.signed_in(&org).await;
    assert_eq!(sign_in(&browser, "Ron", &pin).await, 303);
    clock.advance_seconds(15 * DAY);
    server.app.identity.sweep().await.unwrap();
    assert_eq!(elsewhere.get("/").await.status, 303, "a browser like others ends unused");
    let _ = browser.get("/").await.is(200);
    clock.advance_seconds(74 * DAY);
    let _ = browser.get("/").await.is(200);
    clock.advance_seconds(DAY + 1);
    assert_eq!(browser.get("/").await.status, 303, "ninety days and no more, however much it is used");
}

async fn a_member_chooses_another_pin(database: Database) {
    let (server, org, _) = serve(&database).await;
    let (_, pin) = worker(&org, "Ron").await;
    let ((browser, _), (other, _)) = (enrolled(&server, &org).await, enrolled(&server, &org).await);
    assert_eq!((sign_in(&browser, "Ron", &pin).await, sign_in(&other, "Ron", &pin).await), (303, 303));
    let wrong = browser.post("/account/pin", &[("pin_now", "918273"), ("pin", "222222")]).await.is(422);
    wrong.shows("That is not your PIN").shows("guessed first");
    assert_eq!(browser.post("/account/pin", &[("pin_now", &pin), ("pin", "540718")]).await.status, 303);
    let _ = browser.get(&format!("/api/v1/{TASKS}")).await.is(200);
    let _ = other.get("/api/v1/account").await.is(401);
    assert_eq!(sign_in(&other, "Ron", &pin).await, 403);
    assert_eq!(sign_in(&other, "Ron", "540718").await, 303);
}

async fn devices_are_enrolled_and_pins_are_given_in_pages(database: Database) {
    let (server, org, _) = serve(&database).await;
    let owner = server.signed_in(&org).await;
    let person = org.post("people/placeholders", json!({ "name": "Ron" })).await.is(201).id();
    owner.get("/admin/devices").await.is(200).shows("No device yet");
    owner.post("/admin/devices", &[("name", "")]).await.is(422).shows("href=\"#f-name\"");
    let made = owner.post("/admin/devices", &[("name", "Van <1>")]).await.is(200);
    made.shows("<svg class=\"qr\"").shows("Van &lt;1&gt;");
    let link = made.text.split(&server.root).nth(1).unwrap().split(['<', '"']).next().unwrap().to_owned();
    let van = server.visitor();
    let enrolled = van.post(&link, &[]).await;
    van.follow(&enrolled).await.is(200).shows("Van &lt;1&gt;");
    let set = owner.post(&format!("/admin/people/{person}/pin"), &[("username", "ron")]).await.is(200);
    let pin = set.text.split("data-text=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    owner.get("/admin/people").await.is(200).shows("signs in as ron by PIN").hides(&pin);
    let wrong = van.post("/sign-in/pin", &[("username", "ron"), ("pin", "918273")]).await.is(403);
    wrong.shows("do not belong together on this device").shows("value=\"ron\"").hides("918273");
    assert_eq!(sign_in(&van, "ron", &pin).await, 303);
    let removed = owner.post(&format!("/admin/people/{person}/pin"), &[("remove", "yes"), ("username", "ron")]).await;
    assert_eq!(removed.to(), "/admin/people");
    let id = org.get("devices").await.data()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(owner.post(&format!("/admin/devices/{id}/revoke"), &[]).await.to(), "/admin/devices");
    owner.get("/admin/devices").await.is(200).shows("Revoked");
    let (_, email, _) = server.member(&org, "Mia", Role::Member).await;
    let member = server.visitor();
    member.sign_in(&email, &org.password).await;
    let _ = member.get("/admin/devices").await.is(403);
}
