//! A second factor at the door, and proving once more who one is before what would do harm.

use lignaflow_testkit::{Database, HeldClock, Method, Org, Role, Server, Setup, Visitor, on_both};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use totp_rs::{Builder, Secret};

on_both!(
    a_second_factor_is_asked_for_once_it_is_confirmed,
    a_code_serves_once_and_those_on_paper_stand_in_for_it,
    what_would_do_harm_takes_a_proof_of_the_last_ten_minutes,
    an_organization_asks_a_second_factor_of_whom_it_says,
);

const START: i64 = 1_795_000_000_000_000;

async fn serve(database: &Database) -> (Server, Org, HeldClock) {
    let clock = HeldClock::at(START);
    let server = database.serve_with(Setup { clock: Arc::new(clock.clone()), ..Setup::default() }).await;
    let org = server.organization("Halloran").await;
    (server, org, clock)
}

/// What an authenticator shows.
pub(crate) fn code(secret: &str, server: &Server) -> String {
    let totp = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build_noncompliant();
    totp.generate(u64::try_from(server.app.clock.now() / 1_000_000).unwrap()).to_string()
}

pub(crate) async fn send(
    server: &Server,
    visitor: &Visitor,
    method: Method,
    path: &str,
    body: Json,
) -> lignaflow_testkit::Page {
    let request = visitor.request(method, path).header("Origin", server.root.as_str()).json(&body);
    visitor.send(request).await
}

/// Turns it on, and answers the secret and the codes on paper.
pub(crate) async fn turn_on(server: &Server, visitor: &Visitor) -> (String, Vec<String>) {
    let begun = send(server, visitor, Method::POST, "/api/v1/account/second-factor", json!({})).await.is(200);
    let secret = begun.json["secret"].as_str().unwrap().to_owned();
    let first = json!({ "code": code(&secret, server) });
    let on = send(server, visitor, Method::PUT, "/api/v1/account/second-factor", first).await.is(200);
    let codes = on.json["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    (secret, codes)
}

async fn a_second_factor_is_asked_for_once_it_is_confirmed(database: Database) {
    let (server, org, clock) = serve(&database).await;
    let (visitor, elsewhere) = (server.signed_in(&org).await, server.signed_in(&org).await);
    let page = visitor.get("/account/second-factor").await.is(200);
    page.shows("<svg class=\"qr\"");
    let wrong = visitor.post("/account/second-factor", &[("code", "12345")]).await.is(422);
    wrong.shows("href=\"#f-code\"");
    visitor.sign_in(&org.email, &org.password).await;
    let (secret, codes) = turn_on(&server, &visitor).await;
    assert_eq!(codes.len(), 10);
    assert_eq!(elsewhere.get("/").await.status, 303, "other sessions have ended");
    let _ = visitor.get("/").await.is(200);

    clock.advance_seconds(30);
    let api = server.client(None);
    let body = json!({ "email": org.email, "password": org.password });
    let asked = api.post("auth/session", body.clone()).await.is_problem(403, "denied");
    assert_eq!(asked.issues(), [("/code", "second-factor")]);
    assert!(asked.header("set-cookie").is_empty());
    let mut with = body.clone();
    with["code"] = json!(code(&secret, &server));
    let _ = api.post("auth/session", with).await.is(201);
    let mut wrong = body;
    wrong["password"] = json!("guessed wrongly");
    wrong["code"] = json!(code(&secret, &server));
    assert!(api.post("auth/session", wrong).await.is_problem(403, "denied").issues().is_empty());

    clock.advance_seconds(30);
    let door = server.visitor();
    let fields = [("email", org.email.as_str()), ("password", org.password.as_str()), ("next", "/account")];
    let step = door.post("/sign-in", &fields).await.is(200);
    step.shows("Code of your authenticator");
    let pending = step.value("pending");
    let wrong = door.post("/sign-in/code", &[("pending", &pending), ("code", "000000"), ("next", "/account")]).await;
    assert_eq!(wrong.status, 422);
    let right = code(&secret, &server);
    let done = door.post("/sign-in/code", &[("pending", &pending), ("code", &right), ("next", "/account")]).await;
    assert_eq!((done.status, done.to()), (303, "/account"), "{}", done.text);
    let again = door.post("/sign-in/code", &[("pending", &pending), ("code", &codes[0])]).await;
    assert_eq!(again.status, 403, "a step is gone through once");
}

async fn a_code_serves_once_and_those_on_paper_stand_in_for_it(database: Database) {
    let (server, org, clock) = serve(&database).await;
    let visitor = server.signed_in(&org).await;
    let (secret, codes) = turn_on(&server, &visitor).await;
    let api = server.client(None);
    let sign_in = async |code: &str| {
        api.post("auth/session", json!({ "email": org.email, "password": org.password, "code": code })).await.status
    };
    let used = code(&secret, &server);
    assert_eq!(sign_in(&used).await, 422, "it was used to turn it on");
    clock.advance_seconds(30);
    let next = code(&secret, &server);
    let (one, other) = tokio::join!(sign_in(&next), sign_in(&next));
    assert!((one, other) == (201, 422) || (one, other) == (422, 201), "{one} {other}");
    assert_eq!(sign_in(&codes[0].to_uppercase().replace('-', " ")).await, 201, "however it is typed");
    assert_eq!(sign_in(&codes[0]).await, 422);
    clock.advance_seconds(600);
    let step = server.visitor().post("/sign-in", &[("email", &org.email), ("password", &org.password)]).await.is(200);
    let pending = step.value("pending");
    let guess = server.visitor();
    for _ in 0..5 {
        assert_eq!(guess.post("/sign-in/code", &[("pending", &pending), ("code", "000000")]).await.status, 422);
        clock.advance_seconds(20);
    }
    let late = guess.post("/sign-in/code", &[("pending", &pending), ("code", &codes[1])]).await;
    assert_eq!(late.status, 403, "five tries, and the password is asked for again");
    visitor.sign_in_with(&org, &codes[2]).await;
    let made = visitor.post("/account/second-factor/codes", &[]).await.is(200);
    made.hides(&codes[3]).shows("never again");
    assert_eq!(sign_in(&codes[3]).await, 422, "those before serve no more");
    assert_eq!(visitor.post("/account/second-factor/off", &[]).await.status, 303);
    assert_eq!(sign_in("").await, 201);
}

async fn what_would_do_harm_takes_a_proof_of_the_last_ten_minutes(database: Database) {
    let (server, org, clock) = serve(&database).await;
    let (mia, _, _) = server.member(&org, "Mia", Role::Member).await;
    let visitor = server.signed_in(&org).await;
    let before = visitor.cookie("__Host-lignaflow").unwrap();
    let token = [("name", "Payroll"), ("scope", "read"), ("expires", "30")];
    visitor.post("/account/tokens", &token).await.is(200).shows("lf_");
    clock.advance_seconds(601);
    let role = format!("/admin/people/{mia}");
    for (path, fields) in [
        ("/account/tokens", token.as_slice()),
        (role.as_str(), &[("role", "admin")]),
        (role.as_str(), &[("active", "false")]),
        (format!("{role}/roles").as_str(), &[("role", "projects.worker")]),
        (format!("{role}/pin").as_str(), &[("username", "mia")]),
        ("/admin/people/invitations", &[("email", ""), ("role", "admin")]),
        ("/admin/roles", &[("name", "foreman"), ("title", "Foreman")]),
        ("/admin/roles/projects.worker", &[("permission", "projects.approve")]),
        ("/admin/devices", &[("name", "Van")]),
        ("/admin/plugins/projects/uninstall", &[]),
        ("/admin/plugins/projects/purge", &[("name", "projects.tasks.old")]),
        ("/admin/organization", &[("name", "Elm")]),
        ("/account/second-factor/codes", &[]),
    ] {
        let asked = visitor.post(path, fields).await;
        // What was typed comes with the question; where nothing was, the question stands alone.
        let alone = asked.status == 303 && asked.to().starts_with("/account/prove?next=");
        let asks = asked.status == 403 && asked.text.contains("Is it you?");
        assert!(if fields.is_empty() { alone } else { asks }, "{path}: {}", asked.text);
    }
    // Who asks somebody to be no more than a member does no harm by it.
    visitor.post("/admin/people/invitations", &[("email", ""), ("role", "member")]).await.is(200).shows("/join/");
    assert!(visitor.get("/account/second-factor").await.to().starts_with("/account/prove?next=%2Faccount"));
    let body = json!({ "name": "By the API" });
    let refused = send(&server, &visitor, Method::POST, "/api/v1/tokens", body).await.is(403);
    assert_eq!(refused.issues(), [("/session", "prove-again")]);
    visitor.get("/account/prove?next=/account").await.is(200).shows("Is it you?");
    visitor
        .post("/account/prove", &[("password", "guessed"), ("next", "/account")])
        .await
        .is(422)
        .shows("not your password");
    let evil = [("password", org.password.as_str()), ("next", "//evil.example")];
    assert_eq!(visitor.post("/account/prove", &evil).await.to(), "/");
    let proved = visitor.post("/account/prove", &[("password", &org.password), ("next", "/account")]).await;
    assert_eq!((proved.status, proved.to()), (303, "/account"), "{}", proved.text);
    assert_ne!(visitor.cookie("__Host-lignaflow").unwrap(), before, "under a new secret");
    let stale =
        server.client(None).request(Method::GET, "account").header("Cookie", format!("__Host-lignaflow={before}"));
    assert_eq!(server.client(None).send(stale).await.status, 401);
    visitor.post("/account/tokens", &token).await.is(200).shows("lf_");
    assert_eq!(visitor.post(&role, &[("role", "admin")]).await.to(), "/admin/people");
}

async fn an_organization_asks_a_second_factor_of_whom_it_says(database: Database) {
    let (server, org, clock) = serve(&database).await;
    let (_, email, mia) = server.member(&org, "Mia", Role::Member).await;
    let (_, ada_email, ada) = server.member(&org, "Ada", Role::Admin).await;
    let visitor = server.signed_in(&org).await;
    let demand = |who: &str| json!({ "second_factor": who });
    let own = send(&server, &visitor, Method::PATCH, "/api/v1/organization", demand("administrators")).await.is(422);
    assert_eq!(own.issues(), [("/second_factor", "own-first")]);
    turn_on(&server, &visitor).await;
    let _ = send(&server, &visitor, Method::PATCH, "/api/v1/organization", demand("administrators")).await.is(200);
    let _ = mia.get("projects/tasks").await.is(200);
    let _ = ada.get("projects/tasks").await.is_problem(403, "denied");
    let _ = org.get("projects/tasks").await.is(200);
    let ada_opens = server.visitor();
    ada_opens.sign_in(&ada_email, &org.password).await;
    assert_eq!(ada_opens.get("/projects/tasks").await.to(), "/account/second-factor");
    ada_opens.get("/account/second-factor").await.is(200).shows("asks for a second factor");
    turn_on(&server, &ada_opens).await;
    let _ = ada_opens.get("/projects/tasks").await.is(200);
    let _ = ada.get("projects/tasks").await.is(200);
    assert_eq!(ada_opens.post("/account/second-factor/off", &[]).await.status, 403, "it stays on");
    clock.advance_seconds(1);
    let _ = send(&server, &visitor, Method::PATCH, "/api/v1/organization", demand("everybody")).await.is(200);
    let _ = mia.get("projects/tasks").await.is_problem(403, "denied");
    server.app.identity.reset_second_factor(&ada_email).await.unwrap();
    let _ = ada.get("projects/tasks").await.is_problem(403, "denied");
    assert!(!email.is_empty());
}
