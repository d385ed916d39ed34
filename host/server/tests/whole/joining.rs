//! How people come to belong to an organization: asked by a link that serves once; and those who never sign in.

use crate::scene::{TASKS, scene};
use lignaflow_testkit::{Client, Database, HeldClock, Method, Org, Role, Server, Setup, on_both, on_one};
use serde_json::{Value as Json, json};
use std::sync::Arc;

on_both!(
    somebody_new_joins_by_a_link_with_the_roles_that_were_chosen,
    whoever_has_an_account_joins_as_themselves,
    an_open_link_leads_to_a_letter_where_there_are_several_organizations,
    who_was_without_sign_in_stands_aside_for_an_account_that_they_had,
    an_invitation_serves_once_and_until_it_ends,
    an_invitation_gives_no_more_than_who_asked_may_give,
    somebody_without_sign_in_is_made_somebodys,
    an_invitation_for_an_address_is_its_owners,
    a_person_and_an_organization_say_how_they_are_called,
    who_was_given_a_password_is_told_to_choose_another,
);

on_one!(an_invitation_is_made_and_opened_in_pages);

fn secret(made: &Json) -> String {
    made["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

async fn invite(org: &Client, body: Json) -> String {
    secret(&org.post("invitations", body).await.is(201).json)
}

async fn join(server: &Server, secret: &str, name: &str, email: &str, org: &Org) -> lignaflow_testkit::Answer {
    let body = json!({ "secret": secret, "name": name, "email": email, "password": org.password });
    server.client(None).post("auth/join", body).await
}

async fn somebody_new_joins_by_a_link_with_the_roles_that_were_chosen(database: Database) {
    let scene = scene(&database).await;
    let (server, org) = (&scene.server, &scene.org);
    let body = json!({ "role": "member", "roles": ["projects.worker"] });
    let made = org.post("invitations", body).await.is(201);
    assert_eq!((&made.json["state"], &made.json["email"]), (&json!("open"), &json!("")));
    let secret = secret(&made.json);
    let listed = org.get("invitations").await.is(200);
    assert!(!listed.text.contains(&secret), "shown once");

    let weak = json!({ "secret": secret, "name": "", "email": "sam", "password": "short" });
    let refused = server.client(None).post("auth/join", weak).await.is_problem(422, "invalid");
    assert_eq!(refused.issues(), [("/email", "format"), ("/name", "required"), ("/password", "too-short")]);
    let joined = join(server, &secret, "Sam", "sam@example.com", org).await.is(201);
    assert!(joined.header("set-cookie").starts_with("__Host-lignaflow="));
    let people = org.get("people").await.is(200);
    let sam = people.data().iter().find(|row| row["name"] == "Sam").unwrap();
    assert_eq!((&sam["role"], &sam["roles"]), (&json!("member"), &json!(["projects.worker"])));
    let visitor = server.visitor();
    visitor.sign_in("sam@example.com", &org.password).await;
    let _ = visitor.get("/projects/tasks").await.is(200);
    assert_eq!(org.get("invitations").await.data()[0]["state"], "accepted");
    let unknown = org.post("invitations", json!({ "roles": ["projects.workr"] })).await.is_problem(422, "invalid");
    assert!(unknown.message_at("/roles/0").contains("`projects.worker`"), "{}", unknown.text);
}

async fn whoever_has_an_account_joins_as_themselves(database: Database) {
    let server = database.serve().await;
    let (oak, elm) = (server.organization("Oak").await, server.organization("Elm").await);
    let (_, email, _) = server.member(&elm, "Mia", Role::Member).await;
    let secret = invite(&oak, json!({})).await;
    let visitor = server.visitor();
    visitor.sign_in(&email, &elm.password).await;
    visitor.get(&format!("/join/{secret}")).await.is(200).shows("Join as Mia").hides("name=\"password\"");
    let done = visitor.post(&format!("/join/{secret}"), &[]).await;
    assert_eq!((done.status, done.to()), (303, "/"), "{}", done.text);
    let here = visitor.get("/api/v1/account").await.is(200);
    assert_eq!(here.json["organization"]["name"], "Oak");
    assert_eq!(here.json["organizations"].as_array().unwrap().len(), 2);
    visitor.get("/").await.is(200).shows("action=\"/organization\"");
    let again = invite(&oak, json!({})).await;
    let _ = visitor.post(&format!("/join/{again}"), &[]).await.is(409);
}

async fn an_open_link_leads_to_a_letter_where_there_are_several_organizations(database: Database) {
    let clock = HeldClock::at(1_795_000_000_000_000);
    let server = database.serve_with(Setup { clock: Arc::new(clock.clone()), ..Setup::default() }).await;
    let (oak, elm) = (server.organization("Oak").await, server.organization("Elm").await);
    let (_, mia, _) = server.member(&elm, "Mia", Role::Member).await;
    let secret = invite(&oak, json!({ "roles": ["projects.worker"] })).await;
    let path = format!("/join/{secret}");
    // Of an address that has an account and of one that has none the same is told, with the same work.
    let mut told = Vec::new();
    for email in [mia.as_str(), "sam@example.com"] {
        let before = server.app.identity.hashes_computed();
        let api = join(&server, &secret, "Sam", email, &oak).await.is(202);
        assert_eq!((api.header("set-cookie"), &api.json["written_to"]), ("", &json!(email)));
        let page = server.visitor().post(&path, &[("email", email)]).await.is(200);
        page.shows("A letter is on its way").hides("name=\"password\"");
        assert_eq!(server.app.identity.hashes_computed(), before);
        told.push((page.text.replace(email, ""), api.text.replace(email, "")));
    }
    assert_eq!(told[0], told[1]);
    let wrong = server.visitor().post(&path, &[("email", "sam")]).await.is(422);
    wrong.shows("href=\"#f-email\"").shows("value=\"sam\"");
    let (to_mia, to_sam) = (server.last_letter(&mia).await, server.last_letter("sam@example.com").await);
    assert_eq!((&to_mia.subject, &to_mia.sender), (&to_sam.subject, &to_sam.sender));
    // Its link is for the address that it went to.
    let (hers, his) = (to_mia.path("/join/"), to_sam.path("/join/"));
    server.visitor().get(&hers).await.is(200).shows("There is an account of").hides("name=\"password\"");
    let stranger = server.signed_in(&elm).await;
    let _ = stranger.post(&his, &[]).await.is(403);
    server.visitor().get(&his).await.is(200).shows("sam@example.com").hides("name=\"email\"");
    let sam = server.visitor();
    let typed = [("name", "Sam"), ("email", mia.as_str()), ("password", oak.password.as_str())];
    assert_eq!(sam.post(&his, &typed).await.to(), "/");
    let people = oak.get("people").await.is(200);
    let row = people.data().iter().find(|row| row["name"] == "Sam").unwrap();
    assert_eq!((&row["email"], &row["roles"]), (&json!("sam@example.com"), &json!(["projects.worker"])));
    // The invitation was used up by it, whoever else was written to.
    let visitor = server.visitor();
    visitor.sign_in(&mia, &elm.password).await;
    let _ = visitor.post(&hers, &[]).await.is(409);
    for spent in [&hers, &his, &path] {
        server.visitor().get(spent).await.is(409).shows("accepted already");
    }
    // A letter serves for a day.
    let secret = invite(&oak, json!({})).await;
    let _ = join(&server, &secret, "", "tim@example.com", &oak).await.is(202);
    let late = server.last_letter("tim@example.com").await.path("/join/");
    server.visitor().get(&late).await.is(200).shows("tim@example.com");
    clock.advance_seconds(86_400);
    let _ = server.visitor().get(&late).await.is(404);
    server.visitor().get(&format!("/join/{secret}")).await.is(200).shows("Send the letter");
}

async fn who_was_without_sign_in_stands_aside_for_an_account_that_they_had(database: Database) {
    let server = database.serve().await;
    let (oak, elm) = (server.organization("Oak").await, server.organization("Elm").await);
    let (_, mia, _) = server.member(&elm, "Mia", Role::Member).await;
    let former = oak.post("people/placeholders", json!({ "name": "Mia, of before" })).await.is(201).id();
    let project = oak.make("projects/projects", json!({ "name": "Kitchen", "members": [former] })).await;
    let asked = json!({ "email": mia, "person": former, "roles": ["projects.worker"] });
    let _ = oak.post("invitations", asked).await.is(201);
    let path = server.last_letter(&mia).await.path("/join/");
    let visitor = server.visitor();
    visitor.sign_in(&mia, &elm.password).await;
    assert_eq!(visitor.post(&path, &[]).await.to(), "/");
    let people = oak.get("people").await.is(200);
    let row = |name: &str| people.data().iter().find(|row| row["name"] == name).cloned().unwrap();
    assert_eq!((&row("Mia")["email"], &row("Mia")["roles"]), (&json!(mia), &json!(["projects.worker"])));
    let before = row("Mia, of before");
    assert_eq!((&before["id"], &before["active"]), (&json!(former), &json!(false)));
    let kept = oak.get(&format!("projects/projects/{project}")).await.is(200);
    assert_eq!(kept.json["members"], json!([former]), "what was theirs stays under their name");
    let accepted = oak.get("audit?kind=invitation.accepted&limit=1").await.is(200);
    assert_eq!(accepted.data()[0]["detail"]["formerly"], json!(former));
}

async fn an_invitation_serves_once_and_until_it_ends(database: Database) {
    let clock = HeldClock::at(1_795_000_000_000_000);
    let server = database.serve_with(Setup { clock: Arc::new(clock.clone()), ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    let once = invite(&org, json!({})).await;
    let (one, other) = tokio::join!(
        join(&server, &once, "Sam", "sam@example.com", &org),
        join(&server, &once, "Tim", "tim@example.com", &org)
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let _ = join(&server, &once, "Uma", "uma@example.com", &org).await.is_problem(409, "conflict");
    server.visitor().get(&format!("/join/{once}")).await.is(409).shows("accepted already");

    let late = invite(&org, json!({})).await;
    clock.advance_seconds(7 * 86_400);
    let _ = join(&server, &late, "Uma", "uma@example.com", &org).await.is_problem(409, "conflict");
    server.visitor().get(&format!("/join/{late}")).await.is(409).shows("has run out");

    let made = org.post("invitations", json!({})).await.is(201);
    let _ = org.delete(&format!("invitations/{}", made.id()), "*").await.is(204);
    let _ = org.delete(&format!("invitations/{}", made.id()), "*").await.is_problem(404, "not-found");
    let _ = join(&server, &secret(&made.json), "Uma", "uma@example.com", &org).await.is_problem(409, "conflict");

    // A new one for the same address takes the place of the one before.
    let first = invite(&org, json!({ "email": "uma@example.com" })).await;
    let second = invite(&org, json!({ "email": "Uma@Example.com" })).await;
    let _ = join(&server, &first, "Uma", "", &org).await.is_problem(409, "conflict");
    let _ = join(&server, &second, "Uma", "", &org).await.is(201);
    for nothing in ["", "x", "0000000000000000000000000000000000000000000"] {
        let _ = join(&server, nothing, "Uma", "u@example.com", &org).await.is_problem(404, "not-found");
    }
    let wrong = org.post("invitations", json!({ "expires_at": "2020-01-01T00:00:00Z" })).await;
    assert_eq!(wrong.is_problem(422, "invalid").issues(), [("/expires_at", "past")]);
}

async fn an_invitation_gives_no_more_than_who_asked_may_give(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let (ada_id, _, ada) = server.member(&org, "Ada", Role::Admin).await;
    let (_, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let higher = ada.post("invitations", json!({ "role": "owner" })).await.is_problem(403, "denied");
    assert_eq!(higher.issues(), [("/role", "denied")]);
    let _ = mia.post("invitations", json!({})).await.is_problem(403, "denied");
    let _ = mia.get("invitations").await.is_problem(403, "denied");
    let secret = invite(&ada, json!({ "role": "admin" })).await;
    let _ = org.patch(&format!("people/{ada_id}"), "*", json!({ "role": "member" })).await.is(204);
    let demoted = join(&server, &secret, "Sam", "sam@example.com", &org).await.is_problem(409, "conflict");
    assert!(demoted.text.contains("may not do so any more"), "{}", demoted.text);
    assert!(org.get("people").await.column("name").iter().all(|name| name != "Sam"), "nothing is left of it");
}

async fn somebody_without_sign_in_is_made_somebodys(database: Database) {
    let scene = scene(&database).await;
    let (server, org) = (&scene.server, &scene.org);
    let ron = org.post("people/placeholders", json!({ "name": "Ron, until 2019" })).await.is(201).id();
    let task = scene.task("Cut", json!({ "assignees": [ron] })).await;
    let row = |people: &lignaflow_testkit::Answer, id: &str| {
        people.data().iter().find(|row| row["id"] == id).cloned().unwrap()
    };
    assert_eq!(row(&org.get("people").await, &ron)["email"], "");
    let sign_in = json!({ "email": format!("#{ron}"), "password": org.password });
    let _ = server.client(None).post("auth/session", sign_in).await.is_problem(403, "denied");
    let secret = invite(org, json!({ "person": ron, "email": "ron@example.com" })).await;
    let _ = join(server, &secret, "Ron", "", org).await.is(201);
    let now = row(&org.get("people").await, &ron);
    assert_eq!((&now["name"], &now["email"]), (&json!("Ron"), &json!("ron@example.com")));
    assert_eq!(org.get(&format!("{TASKS}/{task}")).await.json["assignees"], json!([ron]), "the history stays theirs");
    let twice = org.post("invitations", json!({ "person": ron })).await.is_problem(409, "conflict");
    assert_eq!(twice.issues(), [("/person", "signs-in")]);
    let other = server.organization("Elm").await;
    let _ = other.post("invitations", json!({ "person": ron })).await.is_problem(404, "not-found");
}

async fn an_invitation_for_an_address_is_its_owners(database: Database) {
    let server = database.serve().await;
    let (oak, elm) = (server.organization("Oak").await, server.organization("Elm").await);
    let (_, mia, _) = server.member(&elm, "Mia", Role::Member).await;
    let secret = invite(&oak, json!({ "email": mia })).await;
    let path = format!("/join/{secret}");
    server.visitor().get(&path).await.is(200).shows("There is an account of").hides("name=\"password\"");
    let other = server.signed_in(&elm).await;
    let _ = other.post(&path, &[]).await.is(403);
    let visitor = server.visitor();
    visitor.sign_in(&mia, &elm.password).await;
    assert_eq!(visitor.post(&path, &[]).await.status, 303);
    let member = oak.post("invitations", json!({ "email": mia })).await.is_problem(409, "conflict");
    assert_eq!(member.issues(), [("/email", "member")]);
}

async fn a_person_and_an_organization_say_how_they_are_called(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let (_, email, mia) = server.member(&org, "Mia", Role::Member).await;
    let visitor = server.visitor();
    visitor.sign_in(&email, &org.password).await;
    let mine = [("full_name", "Mia May"), ("locale", "de-at"), ("time_zone", "Europe/Vienna")];
    assert_eq!(visitor.post("/account/profile", &mine).await.status, 303);
    let me = visitor.get("/api/v1/account").await.is(200);
    assert_eq!(
        (&me.json["person"]["name"], &me.json["locale"], &me.json["time_zone"]),
        (&json!("Mia May"), &json!("de-AT"), &json!("Europe/Vienna"))
    );
    let wrong = visitor.post("/account/profile", &[("full_name", " "), ("time_zone", "Mars/Base")]).await.is(422);
    wrong.shows("href=\"#f-full_name\"").shows("not a time zone");
    let token = mia.patch("account", "*", json!({ "name": "By a token" })).await;
    let _ = token.is_problem(403, "denied");

    let set = json!({ "name": "Halloran & Sons", "week_starts": 7, "fiscal_year_starts": 1, "tax_number": "12 345" });
    let changed = org.patch("organization", "*", set).await.is(200);
    assert_eq!((&changed.json["name"], &changed.json["week_starts"]), (&json!("Halloran & Sons"), &json!(7)));
    assert_eq!(org.get("organization").await.json, changed.json);
    let wrong = json!({ "name": "", "country": "XX", "currency": "dollars", "week_starts": 9, "time_zone": "Mars" });
    let refused = org.patch("organization", "*", wrong).await.is_problem(422, "invalid");
    let paths: Vec<&str> = refused.issues().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["/name", "/country", "/currency", "/time_zone", "/week_starts"]);
    let elm = server.organization("Elm").await;
    let taken = elm.patch("organization", "*", json!({ "name": "halloran & sons" })).await;
    assert_eq!(taken.is_problem(409, "conflict").issues(), [("/name", "taken")]);
    let _ = mia.patch("organization", "*", json!({ "name": "Mine" })).await.is_problem(403, "denied");
    let owner = server.signed_in(&org).await;
    owner.get("/admin/organization").await.is(200).shows("value=\"12 345\"");
    let saved = owner.post("/admin/organization", &[("time_zone", "Australia/Perth"), ("week_starts", "1")]).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    assert_eq!(org.get("organization").await.json["time_zone"], "Australia/Perth");
    let _ = visitor.get("/admin/organization").await.is(403);
}

async fn who_was_given_a_password_is_told_to_choose_another(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let body = json!({ "email": "sam@example.com", "name": "Sam", "password": org.password, "role": "member" });
    let _ = org.post("people", body).await.is(201);
    let sam = server.visitor();
    sam.sign_in("sam@example.com", &org.password).await;
    for path in ["/", "/account"] {
        sam.get(path).await.is(200).shows("Somebody else chose your password");
    }
    let chosen = [("current", org.password.as_str()), ("password", "a plane for the edges")];
    assert_eq!(sam.post("/account/password", &chosen).await.status, 303);
    for path in ["/", "/account"] {
        sam.get(path).await.is(200).hides("Somebody else chose your password");
    }
    server.signed_in(&org).await.get("/").await.is(200).hides("Somebody else chose your password");
}

async fn an_invitation_is_made_and_opened_in_pages(database: Database) {
    let scene = scene(&database).await;
    let owner = scene.server.signed_in(&scene.org).await;
    let wrong = owner.post("/admin/people/invitations", &[("email", "sam"), ("role", "member")]).await.is(422);
    wrong.shows("href=\"#f-email\"").shows("value=\"sam\"");
    let fields = [("email", ""), ("name", "Sam"), ("role", "member"), ("further", "projects.worker")];
    let made = owner.post("/admin/people/invitations", &fields).await.is(200);
    made.shows("<svg class=\"qr\"").shows("It is shown now and never again.");
    let link = made.text.split("data-text=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let path = link.strip_prefix(&scene.server.root).unwrap();
    owner.get("/admin/people").await.is(200).hides(path).shows("Withdraw");
    let sam = scene.server.visitor();
    sam.get(path).await.is(200).shows("Join Halloran &amp; Beck").shows("asks you to join as a member");
    let short = sam.post(path, &[("name", "Sam"), ("email", "sam@example.com"), ("password", "oak")]).await.is(422);
    short.shows("value=\"sam@example.com\"").hides("value=\"oak\"");
    let fields = [("name", "Sam"), ("email", "sam@example.com"), ("password", scene.org.password.as_str())];
    let done = sam.post(path, &fields).await;
    assert_eq!((done.status, done.to()), (303, "/"), "{}", done.text);
    sam.get("/").await.is(200).shows("sam@example.com");
    let _ = sam.get("/admin/people").await.is(403);

    let people = scene.org.get("people").await;
    let id = people.data().iter().find(|row| row["name"] == "Sam").unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(owner.post(&format!("/admin/people/{id}"), &[("active", "false")]).await.status, 303);
    assert_eq!(sam.get("/").await.status, 303, "at the door");
    owner.get("/admin/people").await.is(200).shows("no longer active").shows("Reactivate Sam");
    assert_eq!(owner.post(&format!("/admin/people/{id}"), &[("active", "true")]).await.status, 303);
    assert_eq!(owner.post(&format!("/admin/people/{id}"), &[("role", "admin")]).await.status, 303);
    let _ = owner.post(&format!("/admin/people/{id}"), &[("role", "king")]).await.is(422);
    assert_eq!(owner.post("/admin/people/placeholders", &[("placeholder", "Ron")]).await.status, 303);
    owner.get("/admin/people").await.is(200).shows("does not sign in").shows("Invite Ron");
    let refused = scene.server.visitor();
    let posted = refused.request(Method::POST, path).header("Sec-Fetch-Site", "cross-site").body("name=x");
    assert_eq!(refused.send(posted).await.status, 403);
}
