//! What must be impossible, each with a test of its name.
//!
//! | what | where |
//! |---|---|
//! | reading or changing another organization's record by any id in any field of any operation | `isolation` |
//! | any operation done by whom its permission does not name | `permissions` |
//! | parts, files, imports and streams of what somebody may not see | `hidden` |
//! | an invitation that serves twice, late, or gives more than who asked has | `joining` |
//! | a session that outlives a reset; a reset that serves twice, late, elsewhere, or at an address that was left | `resets` |
//! | everything else of the list | here |

use crate::document::operations;
use crate::media::{PDF, bring};
use crate::scene::{CLIENTS, PROJECTS, TASKS, scene, scene_with};
use crate::webhooks::Receiver;
use lignaflow_testkit::plugins::{fixture, shipped};
use lignaflow_testkit::{Database, Method, On, Role, Scope, Server, Setup, Visitor, on, on_both, on_one};
use serde_json::{Value as Json, json};
use std::io;
use std::sync::{Arc, Mutex};
use tracing_subscriber::EnvFilter;

on_both!(
    nobody_joins_a_firm_by_typing_its_name,
    nobody_acts_who_was_invited_deactivated_or_demoted_a_moment_ago,
    nobody_raises_their_own_role,
    no_token_outlives_its_owner_nor_has_more_than_they,
    no_session_survives_a_change_of_password,
    no_file_is_fetched_without_its_right,
    no_forwarded_header_is_believed_from_an_unknown_proxy,
);

on_one!(
    nobody_learns_who_has_an_account_by_answer_or_by_work,
    nobody_learns_who_has_an_account_by_adding_or_inviting_them,
    no_operation_is_done_from_another_sites_page,
    nobody_is_sent_elsewhere_by_any_parameter,
    no_secret_is_in_a_log_a_problem_an_export_or_a_webhook,
);

const COOKIE: &str = "__Host-lignaflow";

fn last(url: &Json) -> String {
    url.as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

async fn nobody_joins_a_firm_by_typing_its_name(database: Database) {
    let server = database.serve().await;
    let (oak, elm) = (server.organization("Oak").await, server.organization("Elm").await);
    let visitor = server.signed_in(&elm).await;
    for typed in [oak.id.to_string(), "Oak".to_owned(), String::new()] {
        let there = visitor.post("/organization", &[("organization", &typed)]).await;
        assert_eq!(there.status, 404, "{typed}");
        let join = json!({ "secret": typed, "name": "Eve", "email": "eve@example.com", "password": oak.password });
        let _ = server.client(None).post("auth/join", join).await.is_problem(404, "not-found");
        let accept =
            visitor.request(Method::POST, "/api/v1/account/memberships").header("Sec-Fetch-Site", "same-origin");
        assert_eq!(visitor.send(accept.json(&json!({ "secret": typed }))).await.status, 404, "{typed}");
    }
    let setup = [("organization", "Oak"), ("name", "Eve"), ("email", "eve@example.com"), ("password", "spirit level")];
    let _ = server.visitor().post("/setup", &setup).await.is(403);
    let renamed = elm.patch("organization", "*", json!({ "name": "oak" })).await;
    let _ = renamed.is_problem(409, "conflict");
    assert_eq!(oak.get("people").await.data().len(), 1);
    assert_eq!(elm.get("account").await.json["organizations"].as_array().unwrap().len(), 1);
}

/// Asks until it is so: hosts hear of each other at once, and within a second in any case.
async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::task::yield_now().await;
    }
}

async fn nobody_acts_who_was_invited_deactivated_or_demoted_a_moment_ago(database: Database) {
    let server = database.serve().await;
    let (oak, elm) = (server.organization("Oak").await, server.organization("Elm").await);
    let (_, email, mia) = server.member(&elm, "Mia", Role::Member).await;
    let made = oak.post("invitations", json!({ "email": email, "role": "admin" })).await.is(201);
    let secret = last(&made.json["link"]);
    assert_eq!(mia.get("account").await.json["organizations"].as_array().unwrap().len(), 1);
    for token in [secret.clone(), format!("lf_{secret}")] {
        let _ = server.client(Some(&token)).get(TASKS).await.is_problem(401, "unauthenticated");
    }
    let by_cookie = server.client(None).with_cookie(&format!("{COOKIE}={secret}"));
    let _ = by_cookie.get(TASKS).await.is_problem(401, "unauthenticated");
    let visitor = server.visitor();
    visitor.sign_in(&email, &elm.password).await;
    assert_eq!(visitor.post("/organization", &[("organization", &oak.id.to_string())]).await.status, 404);

    let (ada_id, ada_email, ada) = server.member(&oak, "Ada", Role::Admin).await;
    let pages = server.visitor();
    pages.sign_in(&ada_email, &oak.password).await;
    let _ = ada.get("people").await.is(200);
    let _ = pages.get("/admin/people").await.is(200);
    let path = format!("people/{ada_id}");
    let _ = oak.patch(&path, "*", json!({ "role": "member" })).await.is(204);
    let _ = ada.get("people").await.is_problem(403, "denied");
    let _ = ada.post("invitations", json!({})).await.is_problem(403, "denied");
    let _ = pages.get("/admin/people").await.is(403);
    let _ = ada.get(TASKS).await.is(200);
    let _ = oak.patch(&path, "*", json!({ "active": false })).await.is(204);
    let _ = ada.get(TASKS).await.is_problem(401, "unauthenticated");
    assert_eq!(pages.get("/").await.status, 303, "at the door");
    let fields = [("email", ada_email.as_str()), ("password", oak.password.as_str())];
    let _ = pages.post("/sign-in", &fields).await.is(403);
    let _ = oak.patch(&path, "*", json!({ "active": true })).await.is(204);
    assert_eq!(pages.get("/").await.status, 303, "the session has ended, it did not pause");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_acts_on_another_host_who_was_deactivated_or_demoted() {
    on(On::Postgres, |database: Database| async move {
        let (one, other) = (database.serve().await, database.serve().await);
        let oak = one.organization("Oak").await;
        let (id, email, ada) = one.member(&oak, "Ada", Role::Admin).await;
        let token = one.token(&email, "Oak", Scope::All).await;
        let there = other.client(Some(&token));
        until(async || there.get("people").await.status == 200).await;
        let path = format!("people/{id}");
        let _ = oak.patch(&path, "*", json!({ "role": "member" })).await.is(204);
        let _ = ada.get("people").await.is_problem(403, "denied");
        until(async || there.get("people").await.status == 403).await;
        let raised = there.patch(&path, "*", json!({ "role": "admin" })).await;
        let _ = raised.is_problem(403, "denied");
        let _ = oak.patch(&path, "*", json!({ "active": false })).await.is(204);
        until(async || there.get("account").await.status == 401).await;
        let _ = there.get(TASKS).await.is_problem(401, "unauthenticated");
    })
    .await;
}

async fn nobody_raises_their_own_role(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Oak").await;
    let (mia_id, _, mia) = server.member(&org, "Mia", Role::Member).await;
    let (ada_id, _, ada) = server.member(&org, "Ada", Role::Admin).await;
    for role in ["admin", "owner"] {
        let raised = mia.patch(&format!("people/{mia_id}"), "*", json!({ "role": role })).await;
        let _ = raised.is_problem(403, "denied");
        let body = json!({ "email": "mias-other@self.example", "name": "Mia", "password": org.password, "role": role });
        let _ = mia.post("people", body).await.is_problem(403, "denied");
        let _ = mia.post("invitations", json!({ "role": role })).await.is_problem(403, "denied");
    }
    let raised = ada.patch(&format!("people/{ada_id}"), "*", json!({ "role": "owner" })).await;
    assert_eq!(raised.is_problem(403, "denied").issues(), [("/role", "denied")]);
    let friend = json!({ "email": "friend@self.example", "name": "F", "password": org.password, "role": "owner" });
    let _ = ada.post("people", friend).await.is_problem(403, "denied");
    let lowered = ada.patch(&format!("people/{}", org.owner), "*", json!({ "role": "member" })).await;
    let _ = lowered.is_problem(403, "denied");
    let shut = ada.patch(&format!("people/{}", org.owner), "*", json!({ "active": false })).await;
    let _ = shut.is_problem(403, "denied");
    let roles = json!({ "roles": ["projects.manager"] });
    let put = mia.request(Method::PUT, &format!("people/{mia_id}/roles")).json(&roles);
    let _ = mia.send(put).await.is_problem(403, "denied");
    let _ = mia.post("roles", json!({ "name": "x", "title": "X", "permissions": [] })).await.is_problem(403, "denied");
    // What one says of oneself says nothing of what one may.
    let visitor = server.visitor();
    visitor.sign_in(&format!("mia@{}", org.email.rsplit('@').next().unwrap()), &org.password).await;
    for field in ["role", "instance_admin", "active", "organization"] {
        let body = json!({ "name": "Mia", field: "owner" });
        let change = visitor.request(Method::PATCH, "/api/v1/account").header("Sec-Fetch-Site", "same-origin");
        assert_eq!(visitor.send(change.json(&body)).await.status, 422, "{field}");
        let posted = visitor.post("/account/profile", &[("full_name", "Mia"), (field, "owner")]).await;
        assert!(matches!(posted.status, 303 | 422), "{}", posted.text);
    }
    let people = org.get("people").await.is(200);
    let role = |id: String| people.data().iter().find(|row| row["id"] == id).unwrap()["role"].clone();
    assert_eq!((role(mia_id.to_string()), role(ada_id.to_string())), (json!("member"), json!("admin")));
}

async fn no_token_outlives_its_owner_nor_has_more_than_they(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Oak").await;
    let (id, email, ada) = server.member(&org, "Ada", Role::Admin).await;
    let _ = ada.get("people").await.is(200);
    let path = format!("people/{id}");
    let _ = org.patch(&path, "*", json!({ "role": "member" })).await.is(204);
    let _ = ada.get("people").await.is_problem(403, "denied");
    let _ = ada.get(TASKS).await.is(200);
    let _ = org.patch(&path, "*", json!({ "active": false })).await.is(204);
    let _ = ada.get(TASKS).await.is_problem(401, "unauthenticated");
    let _ = org.patch(&path, "*", json!({ "active": true })).await.is(204);
    let _ = ada.get(TASKS).await.is(200);
    server.app.identity.set_person_active(&email, false).await.unwrap();
    for path in [TASKS, "account", "tokens"] {
        let _ = ada.get(path).await.is_problem(401, "unauthenticated");
    }
}

const ANOTHER: &str = "a plane for the edges";

async fn no_session_survives_a_change_of_password(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Oak").await;
    let (here, elsewhere) = (server.signed_in(&org).await, server.signed_in(&org).await);
    let before = here.cookie(COOKIE).unwrap();
    let body = json!({ "current_password": org.password, "new_password": ANOTHER });
    let change = here.request(Method::PUT, "/api/v1/account/password").header("Sec-Fetch-Site", "same-origin");
    let _ = here.send(change.json(&body)).await.is(204);
    assert_eq!(elsewhere.get("/").await.status, 303, "at the door");
    let stolen = server.client(None).with_cookie(&format!("{COOKIE}={before}"));
    let _ = stolen.get("account").await.is_problem(401, "unauthenticated");
    let _ = here.get("/").await.is(200);
    assert_ne!(here.cookie(COOKIE).unwrap(), before, "who asked goes on under a new secret");
    // An operator's word ends them all.
    server.app.identity.reset_password(&org.email, "a chisel for the corners").await.unwrap();
    assert_eq!(here.get("/").await.status, 303, "at the door");
    let old = [("email", org.email.as_str()), ("password", ANOTHER)];
    let _ = here.post("/sign-in", &old).await.is(403);
}

async fn nobody_learns_who_has_an_account_by_answer_or_by_work(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Oak").await;
    let (_, shut, _) = server.member(&org, "Shut", Role::Member).await;
    server.app.identity.set_person_active(&shut, false).await.unwrap();
    let ron = org.post("people/placeholders", json!({ "name": "Ron" })).await.is(201).id();
    let browser = server.visitor();
    let mut told = Vec::new();
    let no_address = format!("#{ron}");
    for email in [org.email.as_str(), "nobody@example.com", shut.as_str(), no_address.as_str()] {
        let before = server.app.identity.hashes_computed();
        let page = browser.post("/sign-in", &[("email", email), ("password", "oak and ash")]).await.is(403);
        let api = server.client(None).post("auth/session", json!({ "email": email, "password": "oak and ash" })).await;
        let work = server.app.identity.hashes_computed() - before;
        assert_eq!(work, 2, "one for each attempt of {email}");
        let (page, api) = (page.text.replace(email, ""), api.text.replace(api.header("x-request-id"), ""));
        told.push((email.to_owned(), page, api));
    }
    let (_, page, api) = &told[0];
    for (email, other_page, other_api) in &told[1..] {
        let place = page.bytes().zip(other_page.bytes()).position(|(one, other)| one != other);
        let differs = place.map(|at| (&page[at.saturating_sub(40)..], &other_page[at.saturating_sub(40)..]));
        let differs = differs.map(|(one, other)| (&one[..one.len().min(120)], &other[..other.len().min(120)]));
        assert_eq!((differs, page.len()), (None, other_page.len()), "{email}");
        assert_eq!(api, other_api, "{email}");
    }
}

/// Who owns an organization, but not the instance, is told the same of an address whether another organization knows it.
async fn nobody_learns_who_has_an_account_by_adding_or_inviting_them(database: Database) {
    let server = database.serve().await;
    let (_, elm) = (server.organization("Oak").await, server.organization("Elm").await);
    let ash = server.organization("Ash").await;
    let owner = server.signed_in(&elm).await;
    let addresses = [ash.email.as_str(), "nobody@example.com"];
    let mut told = Vec::new();
    for email in addresses {
        let before = server.app.identity.hashes_computed();
        let body = json!({ "email": email, "name": "Some", "password": ANOTHER, "role": "member" });
        let added = elm.post("people", body).await.is_problem(409, "conflict");
        assert_eq!(added.issues(), [("/email", "ask-them")]);
        let added = added.text.replace(added.header("x-request-id"), "");
        let tried = server.client(None).post("auth/session", json!({ "email": email, "password": ANOTHER })).await;
        let _ = tried.is_problem(403, "denied");
        let before = server.app.identity.hashes_computed() - before;
        assert_eq!(before, 1, "the attempt to sign in alone");
        let before = server.app.identity.hashes_computed();
        let invited = elm.post("invitations", json!({ "email": email })).await.is(201);
        assert_eq!(invited.json.get("link"), None, "it goes to the address alone: {}", invited.text);
        let page = owner.post("/admin/people/invitations", &[("email", email), ("role", "member")]).await.is(200);
        page.shows("Its link goes there alone").hides("/join/");
        assert_eq!(server.app.identity.hashes_computed(), before);
        let mut shown = invited.json.clone();
        for name in ["id", "email", "created_at", "expires_at", "letter"] {
            shown.as_object_mut().unwrap().remove(name);
        }
        told.push((added, shown));
    }
    assert_eq!(told[0], told[1]);
    // Whose it is has the link by letter.
    let path = server.last_letter(&ash.email).await.path("/join/");
    let visitor = server.signed_in(&ash).await;
    assert_eq!(visitor.post(&path, &[]).await.status, 303);
}

async fn no_operation_is_done_from_another_sites_page(database: Database) {
    let scene = scene(&database).await;
    let visitor = scene.server.signed_in(&scene.org).await;
    let cookie = format!("{COOKIE}={}", visitor.cookie(COOKIE).unwrap());
    let document = scene.org.get("/api/openapi.json").await.is(200).json;
    let anonymous = scene.server.client(None);
    let mut asked = 0;
    for operation in operations(&document).iter().filter(|operation| operation.method != Method::GET) {
        let path = operation.path.replace("{id}", &scene.project);
        for (name, value) in
            [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("Origin", "https://evil.example")]
        {
            let request = anonymous.request(operation.method.clone(), &path).header("Cookie", &cookie);
            let request = request.header(name, value).header("Content-Type", "text/plain").body("{}");
            let answer = anonymous.send(request).await.is_problem(403, "cross-origin");
            assert!(answer.header("set-cookie").is_empty());
            asked += 1;
        }
    }
    assert!(asked > 100, "{asked} were asked");
    let _ = visitor.get("/account").await.is(200);
}

async fn nobody_is_sent_elsewhere_by_any_parameter(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Oak").await;
    let elsewhere = "//evil.example/";
    let encoded: String = form_urlencoded::byte_serialize(elsewhere.as_bytes()).collect();
    let goes_nowhere = |page: &lignaflow_testkit::Page, what: &str| {
        let to = page.to().strip_prefix(server.root.as_str()).unwrap_or(page.to());
        assert!(to.is_empty() || (to.starts_with('/') && !to[1..].starts_with(['/', '\\'])), "{what} goes to {to}");
    };
    for name in ["next", "back", "to", "url", "return", "redirect", "return_to"] {
        for path in [
            "/",
            "/sign-in",
            "/setup",
            "/account",
            "/projects/tasks",
            "/swagger",
            "/api",
            "//evil.example/",
            "/\\evil.example",
        ] {
            for visitor in [server.visitor(), server.signed_in(&org).await] {
                let path = format!("{path}?{name}={encoded}");
                goes_nowhere(&visitor.get(&path).await, &path);
            }
        }
        let fields = [("email", org.email.as_str()), ("password", org.password.as_str()), (name, elsewhere)];
        let visitor = server.visitor();
        goes_nowhere(&visitor.post("/sign-in", &fields).await, name);
        for path in ["/theme", "/account/profile", "/organization", "/sign-out"] {
            let organization = org.id.to_string();
            let fields = [("full_name", "Jo"), ("organization", organization.as_str()), (name, elsewhere)];
            goes_nowhere(&visitor.post(path, &fields).await, path);
        }
    }
}

async fn no_forwarded_header_is_believed_from_an_unknown_proxy(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Oak").await;
    let api = server.client(None);
    let body = json!({ "email": org.email, "password": org.password });
    for header in ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP", "CF-Connecting-IP", "True-Client-IP"] {
        let value = if header == "Forwarded" { "for=203.0.113.7;proto=http;host=evil.example" } else { "203.0.113.7" };
        let request = api.request(Method::POST, "auth/session").header(header, value);
        let request = request.header("X-Forwarded-Host", "evil.example").header("X-Forwarded-Proto", "http");
        let _ = api.send(request.json(&body)).await.is(201);
        let opened = org.get("audit?kind=session.opened&limit=1").await.is(200);
        assert_eq!(opened.data()[0]["address"], "127.0.0.1", "{header}");
    }
    let made = org.request(Method::POST, "invitations").header("X-Forwarded-Host", "evil.example");
    let made = org.send(made.header("Forwarded", "host=evil.example").json(&json!({}))).await.is(201);
    assert!(made.json["link"].as_str().unwrap().starts_with(&server.root), "{}", made.text);
    let door = server.visitor();
    let door = door.send(door.request(Method::GET, "/").header("X-Forwarded-Host", "evil.example")).await;
    assert_eq!(door.to(), "/sign-in");
}

async fn no_file_is_fetched_without_its_right(database: Database) {
    let scene = scene(&database).await;
    let (server, org) = (&scene.server, &scene.org);
    let plan = bring(org, "plan.pdf", "application/pdf", PDF).await.is(201).id();
    let body = json!({ "documents": [plan] });
    let _ = org.patch(&format!("{PROJECTS}/{}", scene.project), "*", body).await.is(200);
    let _ = org.get(&format!("media/{plan}/content")).await.is(200);
    let other = server.organization("Elm").await;
    // A member who is on no project sees none of their files.
    let (id, email, mia) = server.member(org, "Mia", Role::Member).await;
    for path in [format!("media/{plan}"), format!("media/{plan}/content")] {
        let _ = other.get(&path).await.is_problem(404, "not-found");
        let _ = mia.get(&path).await.is_problem(404, "not-found");
        let _ = server.client(None).get(&path).await.is_problem(401, "unauthenticated");
    }
    let stranger = server.signed_in(&other).await;
    let hers = server.visitor();
    hers.sign_in(&email, &org.password).await;
    for path in [format!("/media/{plan}"), format!("/media/{plan}?width=96"), format!("/media/{plan}/small")] {
        assert_eq!(stranger.get(&path).await.status, 404, "{path}");
        assert_eq!(hers.get(&path).await.status, 404, "{path}");
        assert!(matches!(server.visitor().get(&path).await.status, 303 | 401 | 404), "{path}");
    }
    let members = json!({ "members": [id.to_string()] });
    let _ = org.patch(&format!("{PROJECTS}/{}", scene.project), "*", members).await.is(200);
    let _ = mia.get(&format!("media/{plan}/content")).await.is(200);
    let _ = org.patch(&format!("{PROJECTS}/{}", scene.project), "*", json!({ "members": [] })).await.is(200);
    let _ = mia.get(&format!("media/{plan}/content")).await.is_problem(404, "not-found");
}

/// Everything that is logged in this process.
#[derive(Debug, Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Logged {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

const KEY: &str = "the key of this instance, which is nobody else's";
const OF_A_PLUGIN: &str = "tk_live_a3f81c77";
const GUESSED: &str = "guessed, and wrong";

fn with_key(config: &mut lignaflow_server::config::Config) {
    config.webhooks.private = true;
    config.secret_key = lignaflow_server::config::Secret::new(KEY);
}

/// What stands for somebody is shown once, where it is made; then it is found in nothing that is written, sent or told.
async fn no_secret_is_in_a_log_a_problem_an_export_or_a_webhook(database: Database) {
    let logged = Logged::default();
    let writer = logged.clone();
    // As loud as the program can be made. The client that asks it runs in this process too, and is left out.
    let loud = EnvFilter::new("info,lignaflow=trace,sqlx=trace,axum=trace,tower=trace,tower_http=trace");
    let lines = tracing_subscriber::fmt().with_env_filter(loud).with_ansi(false);
    lines.with_writer(move || writer.clone()).try_init().expect("a process of its own");
    let plugins = vec![shipped("projects"), fixture("offers"), fixture("ledger"), fixture("shop")];
    let scene = scene_with(&database, Setup { plugins, config: with_key, ..Setup::default() }).await;
    let (server, org) = (&scene.server, &scene.org);
    let mut receiver = Receiver::open().await;
    let visitor = server.signed_in(org).await;

    let invited = org.post("invitations", json!({ "email": "sam@example.com" })).await.is(201);
    let webhook = org.post("webhooks", json!({ "url": receiver.url, "collections": [CLIENTS] })).await.is(201);
    let offer = org.make("offers/offers", json!({ "number": "Q-1", "client": "Ana" })).await;
    let sent =
        org.post(&format!("offers/offers/{offer}/send"), json!({ "address": "ana@client.example" })).await.is(201);
    let put = org.request(Method::PUT, "plugins/shop/settings").header("If-Match", "*");
    let _ = org.send(put.json(&json!({ "secrets": { "key": OF_A_PLUGIN } }))).await.is(200);
    let client = server.visitor();
    let entered = client.get(&format!("/l/{}", last(&sent.json["url"]))).await.is(303);
    let _ = client.follow(&entered).await.is(200);
    let by_link = entered.sets("__Secure-lignaflow-link").unwrap();
    let body = json!({ "name": "nightly", "scope": "read" });
    let made = visitor.request(Method::POST, "/api/v1/tokens").header("Sec-Fetch-Site", "same-origin").json(&body);
    let made = visitor.send(made).await.is(201);
    let secrets = [
        ("a password", org.password.clone()),
        ("a password that was typed wrongly", GUESSED.to_owned()),
        ("a password that was chosen", ANOTHER.to_owned()),
        ("a session", visitor.cookie(COOKIE).unwrap()),
        ("a token", org.token.clone()),
        ("a token that was made", made.json["secret"].as_str().unwrap().to_owned()),
        ("an invitation", last(&invited.json["link"])),
        ("a webhook's secret", webhook.json["secret"].as_str().unwrap().to_owned()),
        ("a link", last(&sent.json["url"])),
        ("a link's cookie", by_link.split(['=', ';']).nth(1).unwrap().to_owned()),
        ("a secret of a plugin", OF_A_PLUGIN.to_owned()),
        ("the instance's key", KEY.to_owned()),
    ];

    let mut seen: Vec<(String, String)> = Vec::new();
    problems(server, &secrets, &mut seen).await;
    let _ = visitor.post("/sign-in", &[("email", &org.email), ("password", GUESSED)]).await;
    let fields = [("current", GUESSED), ("password", ANOTHER)];
    seen.push(("a form".to_owned(), visitor.post("/account/password", &fields).await.is(422).text.clone()));
    // What the organization tells, exports and shows of itself.
    org.make(CLIENTS, json!({ "name": "Newtown Dental" })).await;
    seen.push(("a webhook".to_owned(), receiver.next().await.json().to_string()));
    let deliveries = format!("webhooks/{}/deliveries", webhook.id());
    told(server, org, &visitor, &deliveries, &mut seen).await;
    let fields = [("current", org.password.as_str()), ("password", ANOTHER)];
    assert_eq!(visitor.post("/account/password", &fields).await.status, 303);

    let log = logged.text();
    assert!(log.contains("answered"), "requests are logged");
    seen.push(("the log".to_owned(), log));
    for (place, text) in &seen {
        for (what, secret) in &secrets {
            let at = text.find(secret.as_str());
            let around = at
                .map(|at| text[..at].chars().rev().take(300).collect::<Vec<_>>().into_iter().rev().collect::<String>());
            assert!(at.is_none(), "{place} holds {what}, after: {}", around.unwrap_or_default());
        }
    }
}

/// Every secret in every place of a request where it does not belong, with what is told of it. The address is left out:
/// whoever asked has put it there.
async fn problems(server: &Server, secrets: &[(&str, String)], seen: &mut Vec<(String, String)>) {
    let api = server.client(None);
    for (number, (what, secret)) in secrets.iter().enumerate() {
        let wrong = json!({ "email": "nobody@example.com", "password": secret, "more": true });
        seen.push((format!("a problem of {what}"), api.post("auth/session", wrong).await.is(422).text));
        let wrong = json!({ "email": format!("nobody{number}@example.com"), "password": secret });
        seen.push((format!("a refusal of {what}"), api.post("auth/session", wrong).await.is(403).text));
        let join = json!({ "secret": format!("{secret}x"), "name": "", "password": secret });
        seen.push((format!("joining by {what}"), api.post("auth/join", join).await.text));
        for other in [api.with_token(Some(&format!("{secret}x"))), api.with_cookie(&format!("{COOKIE}={secret}x"))] {
            seen.push((format!("{what} as a credential"), other.get(TASKS).await.is(401).text));
        }
    }
}

/// What an organization is told of itself, as JSON, as a file and as pages.
async fn told(
    server: &Server,
    org: &lignaflow_testkit::Org,
    visitor: &Visitor,
    deliveries: &str,
    seen: &mut Vec<(String, String)>,
) {
    for path in [
        "account",
        "people",
        "invitations",
        "tokens",
        "webhooks",
        deliveries,
        "audit?limit=200",
        "changes?limit=200",
        "links",
        "mail",
        "jobs",
        "organization",
        "plugins",
        "plugins/shop/settings",
        "/api/openapi.json",
        TASKS,
        "offers/offers",
    ] {
        seen.push((path.to_owned(), org.get(path).await.is(200).text));
    }
    for (path, kind) in [("audit", "text/csv"), (CLIENTS, "text/csv"), ("offers/offers", "text/csv")] {
        let file = org.request(Method::GET, path).header("Accept", kind);
        seen.push((format!("{path} as {kind}"), org.send(file).await.is(200).text));
    }
    for path in [
        "/",
        "/account",
        "/admin/people",
        "/admin/audit",
        "/admin/webhooks",
        "/admin/links",
        "/admin/plugins/shop/settings",
        "/offers/offers",
    ] {
        seen.push((path.to_owned(), visitor.get(path).await.is(200).text.clone()));
    }
    let metrics = server.client(None).get("/metrics").await;
    seen.push(("/metrics".to_owned(), metrics.text));
}
